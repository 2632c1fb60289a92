"""Resume: the proven pieces of a build that has not ended, kept so that a killed one goes on where it was.

A folder `pieces/<table>` of the cache holds one file for each piece. Every write is atomic, and a piece is
used again only after each of its bytes agrees with its hashes and it is the piece asked for; what is broken
or of another version is as good as absent. A folder that cannot be used costs the time to build.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from reptheory.build.pieces import decode
from reptheory.errors import StoreError, TableCorrupt, TableMismatch
from reptheory.tables.files import open_regular, replace_file
from reptheory.tables.store import make_folder, pieces_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reptheory.build.pieces import Columns, Piece
    from reptheory.tables.kinds import TableKey

__all__ = ["KeptPieces"]


class KeptPieces:
    """The kept pieces of one table; with `keep` False, or without a cache, nothing is read or written."""

    def __init__(self, key: TableKey, keep: bool = True) -> None:
        self._folder: Path | None = pieces_folder(key) if keep else None

    def read(self, piece: Piece) -> Columns | None:
        """Return a piece that an earlier build proved, or None."""
        if self._folder is None or not self.has(piece):
            return None
        with contextlib.suppress(StoreError, TableCorrupt, TableMismatch, MemoryError):
            with open_regular(self._folder / piece.file_name) as (stream, size):
                data = stream.read(size + 1)
            return decode(piece, data)
        return None

    def has(self, piece: Piece) -> bool:
        """Say whether a file of the piece is there; `read` says whether it is sound."""
        return self._folder is not None and os.path.lexists(self._folder / piece.file_name)

    def count(self, pieces: Iterable[Piece]) -> int:
        """Return how many of some pieces are there."""
        return sum(map(self.has, pieces))

    def keep(self, piece: Piece, data: bytes) -> None:
        """Keep the file of a piece; where it cannot be written, this build keeps no more."""
        if self._folder is None:
            return
        try:
            make_folder(self._folder)
            replace_file(self._folder / piece.file_name, lambda stream: stream.write(data))
        except StoreError:
            self._folder = None

    @property
    def useful(self) -> bool:
        """Whether pieces are kept at all."""
        return self._folder is not None

    def forget(self) -> None:
        """Remove the pieces: the table is safe elsewhere."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                self._folder.parent.rmdir()  # the last table's
