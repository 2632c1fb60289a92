"""`reptheory verify` and `export`: what can be done with the file of a table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reptheory.cli.app import complain
from reptheory.cli.options import FILE, OUTPUT
from reptheory.cli.progress import bar
from reptheory.errors import ReptheoryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["export", "verify"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
def verify(files: Sequence[Path]) -> None:
    """Prove table files: hashes, convention, every float, every exact value.

    Floats are proven the nearest by integers alone; the integers are compared with a fresh exact computation.
    Exit status 1, with the reason, if anything is wrong with any file.
    """
    from reptheory.build.certify import certify_table  # noqa: PLC0415
    from reptheory.tables.table import read_table  # noqa: PLC0415

    failed = False
    for path in files:
        try:
            table = read_table(path)
            with bar(f"Verifying {path.name}") as progress:
                certificate = certify_table(table, progress)
        except ReptheoryError as error:
            complain(error)
            failed = True
            continue
        if certificate.holds:
            proven = f"{len(table)} rows recomputed, {certificate.floats} floats proven"
            click.echo(f"{path}: holds: {table.key}, {proven}")
        else:
            complain(f"{path}: {certificate.failure}")
            failed = True
    if failed:
        sys.exit(1)


@click.command()
@click.argument("file", type=FILE)
@click.option("--to", "form", type=click.Choice(["npz", "json"]), required=True, help="Format to write.")
@click.option("--output", "-o", type=OUTPUT, help="Default: the name of FILE with the new ending.")
def export(file: Path, form: str, output: Path | None) -> None:
    """Write the table in FILE in another format; exact integers stay exact."""
    from reptheory.build.export import export_table  # noqa: PLC0415
    from reptheory.tables.table import read_table  # noqa: PLC0415

    target = output or file.with_suffix(f".{form}")
    table = read_table(file)
    click.echo(f"{export_table(table, target, form)}: {table.key}, {len(table)} rows")
