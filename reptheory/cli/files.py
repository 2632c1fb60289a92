"""`reptheory verify`, `export`, `info` and `diff`: what can be done with the file of a table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reptheory.build.exporters.formats import FORMATS
from reptheory.cli.app import complain
from reptheory.cli.options import FILE, OUTPUT, not_itself
from reptheory.cli.progress import bar
from reptheory.errors import ReptheoryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FORMAT_LINES = (f"  {name:<14}{known.ending:<14}{known.summary}" for name, known in FORMATS.items())
_FORMATS = "\n".join(["\b", "Formats:", *_FORMAT_LINES])

__all__ = ["diff", "export", "info", "verify"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
def verify(files: Sequence[Path]) -> None:
    """Prove table files: hashes, convention, every float, every exact value.

    Floats are proven the nearest by integers alone; the integers are compared with a fresh exact computation.
    Exit status 1, with the reason, if anything is wrong with any file.
    """
    from reptheory.build.certify import certify_table  # noqa: PLC0415
    from reptheory.tables.reader import open_table  # noqa: PLC0415

    failed = False
    for path in files:
        try:
            with open_table(path) as table, bar(f"Verifying {path.name}") as progress:
                certificate = certify_table(table, progress)
        except ReptheoryError as error:
            complain(error)
            failed = True
            continue
        if certificate.holds:
            proven = f"{certificate.rows} rows recomputed, {certificate.floats} floats proven"
            click.echo(f"{path}: holds: {certificate.key}, {proven}")
        else:
            complain(f"{path}: {certificate.failure}")
            failed = True
    if failed:
        sys.exit(1)


@click.command(epilog=_FORMATS)
@click.argument("file", type=FILE)
@click.option(
    "--to", "form", type=click.Choice(list(FORMATS)), required=True, metavar="FORMAT", help="Format to write."
)
@click.option("--columns", help="Some of float64,float32,exact beside the labels. Default: all.")
@click.option(
    "--dense", type=click.Choice(["float64", "float32"]), help="Blocks instead of rows: npz or safetensors."
)
@click.option("--output", "-o", type=OUTPUT, help="Default: the name of FILE with the new ending.")
def export(file: Path, form: str, columns: str | None, dense: str | None, output: Path | None) -> None:
    """Write the table in FILE in another format; exact integers stay exact, floats the same to the last bit.

    Every file says which command builds the table, in which convention it is, and what its hash is.
    """
    from reptheory.build.export import export_table  # noqa: PLC0415
    from reptheory.tables.reader import open_table  # noqa: PLC0415

    target = output or file.with_suffix(f"{'.dense' if dense else ''}{FORMATS[form].ending}")
    not_itself(file, target)
    wanted = None if columns is None else [name.strip() for name in columns.split(",")]
    with open_table(file) as table:
        path = export_table(table, target, form, wanted, dense=dense)
        click.echo(f"{path}: {table.header.key}, {len(table)} rows")


@click.command()
@click.argument("file", type=FILE)
def info(file: Path) -> None:
    """Say where the numbers in FILE come from: a table, or any file that `export` or `convert` wrote."""
    from reptheory.build.info import file_info  # noqa: PLC0415

    for line in file_info(file):
        click.echo(line)


@click.command()
@click.argument("left", type=FILE, metavar="A")
@click.argument("right", type=FILE, metavar="B")
def diff(left: Path, right: Path) -> None:
    """Say what differs between the tables in A and B: name, convention, rows, exact values, floats in ulp.

    Exit status 0 if nothing does, 1 otherwise.
    """
    from reptheory.build.compare import compare_tables  # noqa: PLC0415
    from reptheory.tables.reader import open_table  # noqa: PLC0415

    with open_table(left) as ours, open_table(right) as theirs:
        found = compare_tables(ours, theirs)
    if found.same:
        click.echo(f"{left} and {right} hold the same table, byte for byte")
        return
    for line in found.lines:
        click.echo(line)
    sys.exit(1)
