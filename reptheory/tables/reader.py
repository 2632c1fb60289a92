"""Reader: a table's file as a source of rows, for tables that need not or cannot be held in memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from reptheory.errors import TableCorrupt, TableMismatch
from reptheory.tables.archive import locate_arrays, read_manifest
from reptheory.tables.files import open_regular, shown
from reptheory.tables.format import Header, header_of
from reptheory.tables.kinds import kind_of
from reptheory.tables.parts import PART_ROWS, Part
from reptheory.tables.rules import check_index
from reptheory.tables.table import check_values

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from io import BufferedReader

    from numpy.typing import NDArray

    from reptheory.tables.archive import ArraySpec

__all__ = ["TableFile", "open_table"]

_SHORTER: Final = "the file has become shorter while it was read; copy it again"


class TableFile:
    """An open table file, see `open_table`.

    header   what the manifest states; every byte of the file agreed with it when it was opened
    """

    def __init__(
        self, stream: BufferedReader, size: int, header: Header, places: list[int], path: str
    ) -> None:
        self.header = header
        self._stream = stream
        self._size = size
        self._path = path
        self._places = {spec.name: (spec, place) for spec, place in zip(header.specs, places, strict=True)}

    def __len__(self) -> int:
        return self.header.rows

    def __repr__(self) -> str:
        return f"<TableFile {self.header.key}: {len(self)} rows>"

    def parts(self, rows: int = PART_ROWS) -> Iterator[Part]:
        """Yield all rows in order, at most `rows` at a time, as fresh arrays.

        raises   TableCorrupt: rows that no table can hold, as `read_table`
        """
        before: NDArray[np.int32] | None = None
        for start in range(0, len(self), rows):
            part = self.part(start, min(rows, len(self) - start), before)
            before = part.index[-1]
            yield part

    def part(self, start: int, count: int, before: NDArray[np.int32] | None = None) -> Part:
        """Return `count` rows from number `start`; `before` is the row above them, where that was read.

        raises   TableCorrupt: rows that no table can hold, as `read_table`
        """
        kind = kind_of(self.header.key.kind)
        arrays: dict[str, Any] = {"i_power": None}
        for name, (spec, place) in self._places.items():
            arrays[name] = self._rows(spec, place, start, count)
        with _naming(self._path):
            check_index(kind, dict(self.header.key.parameters), arrays["index"], before, start)
            check_values(arrays, start)
        return Part(start=start, pi_power=self.header.key.pi_power, **arrays)

    def column(self, name: str, rows: int = PART_ROWS) -> Iterator[NDArray[Any]]:
        """Yield one array of the file ("index", "float64", ...), at most `rows` rows at a time."""
        spec, place = self._places[name]
        for start in range(0, len(self), rows):
            yield self._rows(spec, place, start, min(rows, len(self) - start))

    def write(self, stream: BinaryIO) -> None:
        """Copy the file."""
        self._stream.seek(0)
        left = self._size
        while left:
            piece = self._stream.read(min(left, 1 << 20))
            if not piece:
                raise TableCorrupt(f"{self._path}: {_SHORTER}")
            stream.write(piece)
            left -= len(piece)

    def _rows(self, spec: ArraySpec, place: int, start: int, count: int) -> NDArray[Any]:
        """Read some rows of one array."""
        dtype = np.dtype(spec.dtype)
        width = spec.shape[1] if len(spec.shape) == 2 else 1
        self._stream.seek(place + start * width * dtype.itemsize)
        raw = self._stream.read(count * width * dtype.itemsize)
        if len(raw) != count * width * dtype.itemsize:
            raise TableCorrupt(f"{self._path}: {spec.member}: {_SHORTER}")
        shape = (count, *spec.shape[1:])
        return np.frombuffer(raw, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


@contextlib.contextmanager
def open_table(path: str | os.PathLike[str]) -> Iterator[TableFile]:
    """Open a table file and yield it as a source of rows; nothing but the rows asked for is held in memory.

    Every byte is compared with the manifest first, in one pass; labels and values are checked as they are
    read. Whoever can change the file in between is not guarded against: `read_table` holds what it checked.
    raises   StoreError: cannot be opened or read; TableCorrupt, TableMismatch: as `read_table`

    >>> import tempfile, reptheory as rt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = rt.build_table("gaunt", 2).save(f"{folder}/gaunt.npz")
    ...     with open_table(path) as file:
    ...         print(file, [len(part) for part in file.parts(rows=50)])
    <TableFile gaunt(basis=real, lmax=2, lmax_out=4): 162 rows> [50, 50, 50, 12]
    """
    with open_regular(path) as (stream, size):
        with _naming(shown(path)):
            encoded = read_manifest(stream, size)
            header = header_of(encoded)
            places = locate_arrays(stream, size, encoded, header.specs, header.digests)
        yield TableFile(stream, size, header, places, shown(path))


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """Put the name of a file before what is wrong with it."""
    try:
        yield
    except (TableCorrupt, TableMismatch) as error:
        raise type(error)(f"{path}: {error}") from None
