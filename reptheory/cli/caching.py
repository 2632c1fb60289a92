"""`reptheory cache`: where built tables are kept, what is there, how large it is, and how to empty it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reptheory.tables.cleaning import CacheEntry

__all__ = ["cache"]

_NOTES: Final = {
    "table": "",
    "pieces": "  ({} pieces of an unfinished build)",
    "temporary": "  (left by a killed writer)",
}


@click.group(invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """Show or empty the folder of built tables; alone: its path and size.

    The folder is $REPTHEORY_CACHE, or the user's cache folder of the platform. It may be moved, copied, or
    shared read-only; nothing in it is needed, everything is built again when it is asked for.
    """
    if context.invoked_subcommand is None:
        click.echo(_path())
        click.echo(_total())


@cache.command()
def path() -> None:
    """Print the folder, whether or not it exists yet."""
    click.echo(_path())


@cache.command()
def size() -> None:
    """Print how many files and bytes are in it."""
    click.echo(_total())


@cache.command("list")
def listing() -> None:
    """List tables, and what unfinished builds have left."""
    from reptheory.tables.cleaning import cache_entries  # noqa: PLC0415

    entries = [entry for entry in cache_entries() if entry.sort != "lock"]
    for entry in entries:
        click.echo(f"{entry.nbytes:>14,}  {entry.path.name}{_NOTES[entry.sort].format(entry.files)}")
    click.echo(_sum(entries))


@cache.command()
@click.option("--unfinished", is_flag=True, help="Only what unfinished builds left; keep the tables.")
def clear(*, unfinished: bool) -> None:
    """Remove what is in it; files of others stay."""
    from reptheory.tables.cleaning import clear_cache  # noqa: PLC0415

    files, nbytes = clear_cache(unfinished=unfinished)
    click.echo(f"{_amount(files, nbytes)} removed")


def _path() -> str:
    """Return the path of the cache, or say that there is none."""
    from reptheory.tables.store import cache_folder  # noqa: PLC0415

    folder = cache_folder()
    return str(folder) if folder is not None else "no cache; set REPTHEORY_CACHE to a folder you can write to"


def _total() -> str:
    """Return how much is in the cache."""
    from reptheory.tables.cleaning import cache_entries  # noqa: PLC0415

    return _sum(cache_entries())


def _sum(entries: Sequence[CacheEntry]) -> str:
    """Add up entries."""
    return _amount(sum(entry.files for entry in entries), sum(entry.nbytes for entry in entries))


def _amount(files: int, nbytes: int) -> str:
    """Write a number of files and their size."""
    return f"{files} file{'' if files == 1 else 's'}, {nbytes:,} bytes"
