"""Cleaning: what is in the cache, how large it is, and how to empty it; nothing of anyone else's is touched.

Only what this package writes there counts: tables, the pieces of unfinished builds, temporaries of writers
that were killed, and locks. A file is known by its name; whatever else lies in the folder stays.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from reptheory.errors import StoreError
from reptheory.tables.files import is_temporary
from reptheory.tables.kinds import KINDS
from reptheory.tables.store import PIECES, cache_folder, drop_lock, is_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CacheEntry", "cache_entries", "clear_cache"]

Sort = Literal["table", "pieces", "temporary", "lock"]
_STEM: Final = rf"(?:{'|'.join(KINDS)})-[a-z0-9._=-]+"
_TABLE: Final = re.compile(rf"{_STEM}\.npz")
_PIECES: Final = re.compile(_STEM)
_PIECE: Final = re.compile(r"[0-9]+-of-[0-9]+\.npz")


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """Something that the package keeps in the cache.

    sort     "table", "pieces" of an unfinished build, "temporary" of a killed writer, "lock"
    path     of the file, or of the folder of pieces
    nbytes   of the file, or of all pieces together
    files    how many files it is
    """

    sort: Sort
    path: Path
    nbytes: int
    files: int


def cache_entries(folder: Path | None = None) -> tuple[CacheEntry, ...]:
    """Return what is in the cache, by name; nothing where there is no cache.

    folder   the cache; None is the user's own
    raises   StoreError: it is there but cannot be read
    """
    place = cache_folder() if folder is None else folder
    if place is None or not os.path.lexists(place):
        return ()
    try:
        return tuple(sorted(_entries(place), key=lambda entry: (entry.sort != "table", entry.path.name)))
    except OSError as error:
        raise StoreError(f"{place}: cannot be listed ({error.strerror}); check REPTHEORY_CACHE") from None


def _entries(place: Path) -> Iterator[CacheEntry]:
    """Yield the entries of the cache at `place`, unsorted."""
    for item in os.scandir(place):
        sort = _sort(item.name)
        if sort is not None and item.is_file(follow_symlinks=False):
            yield CacheEntry(sort, Path(item.path), item.stat(follow_symlinks=False).st_size, 1)
    if os.path.isdir(place / PIECES):
        for item in os.scandir(place / PIECES):
            if item.is_dir(follow_symlinks=False) and _PIECES.fullmatch(item.name):
                sizes = [file.stat().st_size for file in _piece_files(Path(item.path))]
                yield CacheEntry("pieces", Path(item.path), sum(sizes), len(sizes))


def _sort(name: str) -> Sort | None:
    """Say what a file of this name is; None for a stranger's."""
    if _TABLE.fullmatch(name):
        return "table"
    if is_temporary(name):
        return "temporary"
    return "lock" if is_lock(name) else None


def _piece_files(folder: Path) -> list[Path]:
    """Return the files of one unfinished build: pieces, and temporaries of writers that were killed."""
    names = sorted(item.name for item in os.scandir(folder) if item.is_file(follow_symlinks=False))
    return [folder / name for name in names if _PIECE.fullmatch(name) or is_temporary(name)]


def clear_cache(folder: Path | None = None, *, unfinished: bool = False) -> tuple[int, int]:
    """Remove what is in the cache, and the folder too if nothing else is in it.

    folder       the cache; None is the user's own
    unfinished   remove only what unfinished builds left: pieces and temporaries
    returns      how many files are gone, and their bytes
    raises       StoreError: it cannot be listed, or a file cannot be removed

    Processes that read a table go on reading it; a running build keeps its lock and writes what it builds.
    """
    files = nbytes = 0
    for entry in cache_entries(folder):
        if entry.sort == "lock":
            drop_lock(entry.path)
        elif not unfinished or entry.sort != "table":
            _remove(entry)
            files, nbytes = files + entry.files, nbytes + entry.nbytes
    place = cache_folder() if folder is None else folder
    if place is not None:
        for empty in (place / PIECES, place):
            with contextlib.suppress(OSError):
                empty.rmdir()
    return files, nbytes


def _remove(entry: CacheEntry) -> None:
    """Remove one entry; one that has gone meanwhile is no error."""
    try:
        with contextlib.suppress(FileNotFoundError):
            for path in _piece_files(entry.path) if entry.sort == "pieces" else [entry.path]:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
            if entry.sort == "pieces":
                entry.path.rmdir()
    except OSError as error:
        raise StoreError(f"{entry.path}: cannot be removed ({error.strerror}); remove it by hand") from None
