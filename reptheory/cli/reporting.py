"""`reptheory report`: every product on real molecules, run and verified."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reptheory.cli.options import OUTPUT
from reptheory.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["report"]


@click.command()
@click.argument("molecules", nargs=-1, metavar="[MOLECULE]...")
@click.option("--lmax", type=click.IntRange(1, 16), default=6, show_default=True, help="Highest degree.")
@click.option("--all", "every", is_flag=True, help="Every shipped molecule.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random rotations.")
@click.option(
    "--html",
    type=OUTPUT,
    default=Path("reptheory-report.html"),
    show_default=True,
    help="Self-contained page with plots.",
)
@click.option("--no-html", is_flag=True, help="Write no page.")
@click.option("--json", "json_path", type=OUTPUT, help="Write the results for a program.")
def report(
    *,
    molecules: Sequence[str],
    lmax: int,
    every: bool,
    seed: int,
    html: Path,
    no_html: bool,
    json_path: Path | None,
) -> None:
    """Run every product on real molecules, verify each result, write a page with plots.

    MOLECULE is the name of a shipped structure (water, ammonia, methane, benzene, hydrogen-peroxide, alanine)
    or a file of atoms (xyz; any format that ASE reads with the extra reptheory[ase]); without one, alanine.
    Exit status 0 only if every check holds.
    """
    from rich.console import Console  # noqa: PLC0415

    from reptheory.tables.files import require_writable  # noqa: PLC0415
    from reptheory.verify import render  # noqa: PLC0415
    from reptheory.verify.report import run  # noqa: PLC0415

    if every and molecules:
        raise click.UsageError("--all: takes every shipped molecule; leave out the names, or --all")
    for path in (None if no_html else html, json_path):
        if path is not None:
            require_writable(path)
    with bar("Report") as progress:
        result = run(None if every else list(molecules), lmax, seed, progress)
    render.print_table(result, Console())
    if not no_html:
        render.write_html(result, html)
        click.echo(f"page with plots: {html}")
    if json_path is not None:
        render.write_json(result, json_path)
    if not result.holds:
        sys.exit(1)
