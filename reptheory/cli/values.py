"""`reptheory show`: exact values for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Unpack

import click

from reptheory.cli.options import EPILOG, KIND, named_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reptheory.build.naming import TableOptions
    from reptheory.build.show import Listing

__all__ = ["show"]


@click.command(epilog=EPILOG, context_settings={"ignore_unknown_options": True})
@click.argument("kind", type=KIND, metavar="KIND")
@click.argument("labels", nargs=-1, metavar="LABELS...")
@named_table
@click.option(
    "--limit", type=click.IntRange(min=0), default=200, show_default=True, help="Most rows; 0 for all."
)
def show(kind: str, labels: Sequence[str], limit: int, **options: Unpack[TableOptions]) -> None:
    """Show exact values and the floats nearest to them.

    LABELS are three degrees (one block), or three degrees and three orders (one value); the spins of a 6j, 9j
    or 12j symbol; l or l m for a change of basis, j for a rotation. Halves are written 1/2, 3/2, ...

    \b
    reptheory show gaunt 2 1 3
    reptheory show wigner_3j 1/2 1/2 1
    reptheory show clebsch_gordan --basis complex 1 1 2 -1 1 0
    """
    from reptheory.build.show import block_rows  # noqa: PLC0415

    _print_listing(block_rows(kind, labels, **options), limit)


def _print_listing(listing: Listing, limit: int) -> None:
    """Print values as a grid; one that does not fit on a line is folded, never cut."""
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table as Grid  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)
    console.print(listing.title)
    if not listing.lines:
        console.print("Every value is zero: a selection rule forbids these labels.")
        return
    grid = Grid(box=box.SIMPLE_HEAD)
    for name in (*listing.names, "float64", "float32"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("exact", overflow="fold")
    shown = listing.lines if limit == 0 else listing.lines[:limit]
    for line in shown:
        grid.add_row(*line)
    console.print(grid)
    if len(shown) < len(listing.lines):
        console.print(f"{len(listing.lines) - len(shown)} more rows; --limit 0 shows all")
