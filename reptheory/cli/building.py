"""`reptheory build`: a table from exact values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reptheory.cli.options import BASIS, EPILOG, KIND, OUTPUT
from reptheory.cli.progress import bar
from reptheory.tables.kinds import kind_of, table_key

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["build"]


@click.command(epilog=EPILOG)
@click.argument("kind", type=KIND, metavar="KIND")
@click.option("--lmax", type=int, help="Highest degree l (or spin j) of the inputs.")
@click.option("--basis", type=BASIS, help="Default: the first basis that the kind has.")
@click.option("--lmax-out", type=int, help="Couplings: highest l3. Default: 2 lmax.")
@click.option("--band-limit", type=int, help="Inverse changes of basis: highest |u|. Default: lmax.")
@click.option("--formula", help="Cartesian tensors, instead of --lmax: index symmetry, such as ij=ji.")
@click.option("--output", "-o", type=OUTPUT, help="Default: a name that says what it is, in this folder.")
def build(
    *,
    kind: str,
    lmax: int | None,
    basis: str | None,
    lmax_out: int | None,
    band_limit: int | None,
    formula: str | None,
    output: Path | None,
) -> None:
    """Build a table from exact values and write it to a file.

    The same command writes the same bytes on every machine. Every float in the file has been proven to be the
    one nearest to its exact value.
    """
    from reptheory.build.library import build_key  # noqa: PLC0415

    needed = kind_of(kind).parameters[0]
    if {"lmax": lmax, "formula": formula}[needed] is None:
        raise click.UsageError(f"Missing option '--{needed}'.")
    key = table_key(kind, lmax, basis=basis, lmax_out=lmax_out, band_limit=band_limit, formula=formula)
    with bar(f"Building {key}") as progress:
        table = build_key(key, progress)
    path = table.save(output or key.file_name)
    click.echo(
        f"{path}: {key}, {len(table)} rows, {path.stat().st_size} bytes, {2 * len(table)} floats proven"
    )
