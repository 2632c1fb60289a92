"""`reptheory build`: a table from exact values."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Unpack

import click

from reptheory.cli.options import EPILOG, KIND, OUTPUT, named_table
from reptheory.cli.progress import bar
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from reptheory.build.naming import TableOptions

__all__ = ["build"]

_WORTH_SAYING: Final = 2.0
"""Seconds of work from which a build says beforehand what it will take."""


@click.command(epilog=EPILOG)
@click.argument("kind", type=KIND, metavar="KIND")
@click.option("--lmax", type=int, help="Highest degree l (or spin j) of the inputs.")
@click.option("--lmax-out", type=int, help="Couplings: highest l3. Default: 2 lmax.")
@click.option("--band-limit", type=int, help="Inverse changes of basis: highest |u|. Default: lmax.")
@named_table
@click.option("--output", "-o", type=OUTPUT, help="Default: a name that says what it is, in this folder.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes. Default: as the size deserves.")
@click.option("--scheduler", metavar="ADDRESS", help="Build on a Dask cluster; `local` starts one here.")
@click.option("--stream", is_flag=True, help="Straight to the file. Default: where memory is too small.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say what it would take, and build nothing.")
def build(
    *,
    kind: str,
    lmax: int | None,
    output: Path | None,
    workers: int | None,
    scheduler: str | None,
    stream: bool,
    only_estimate: bool,
    **options: Unpack[TableOptions],
) -> None:
    """Build a table from exact values and write it to a file.

    The same command writes the same bytes on every machine, with any number of workers. Every float in the
    file has been proven to be the one nearest to its exact value. A large build says beforehand how much
    time, memory and disk it will take; interrupted, it goes on from its proven pieces when it is run again.
    A table that does not fit in memory is written piece by piece.
    """
    from reptheory.build.estimate import estimate  # noqa: PLC0415
    from reptheory.build.library import write_key  # noqa: PLC0415
    from reptheory.build.naming import named_key  # noqa: PLC0415
    from reptheory.build.pieces import cut  # noqa: PLC0415
    from reptheory.build.resume import KeptPieces  # noqa: PLC0415
    from reptheory.build.streaming import fits_in_memory, stream_key  # noqa: PLC0415

    needed = kind_of(kind).parameters[0]
    if {"lmax": lmax, "formula": options["formula"]}[needed] is None:
        raise click.UsageError(f"Missing option '--{needed}'.")
    key = named_key(kind, lmax, **options)
    stream = stream or not fits_in_memory(key)
    guess = estimate(key, streamed=stream)
    if only_estimate:
        click.echo(f"{key}: {guess}")
        return
    if guess.seconds > _WORTH_SAYING:
        kept = KeptPieces(key).count(cut(key))
        click.echo(f"{key}: {guess}" + f"; {kept} pieces are there already" * bool(kept), err=True)
    with _executor(scheduler, workers) as executor, bar(f"Building {key}") as progress:
        chosen = (key, output or key.file_name, progress, executor, workers)
        if stream:
            path, header = stream_key(*chosen)
        else:
            path, table = write_key(*chosen)
            header = table.header
    rows = header.rows
    click.echo(f"{path}: {key}, {rows} rows, {path.stat().st_size} bytes, {2 * rows} floats proven")


@contextlib.contextmanager
def _executor(scheduler: str | None, workers: int | None) -> Iterator[Executor | None]:
    """Yield the executor of a Dask cluster, or None where none is asked for."""
    if scheduler is None:
        yield None
        return
    from reptheory.interop.dask_cluster import dask_executor  # noqa: PLC0415

    with dask_executor(scheduler, workers) as executor:
        yield executor
