"""Spool: a table written piece by piece, for tables that do not fit in memory.

The manifest stands first in a file and holds the number of rows, the width of the longest integer and a hash
of each array, so columns go to temporary files until all rows are there. Then they are hashed, copied and put
together: the same bytes as `Table.save` writes, for twice the disk space and the memory of one piece.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

import numpy as np

from reptheory.tables.archive import write_members
from reptheory.tables.format import Header, specs_for

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import TracebackType

    from numpy.typing import NDArray

    from reptheory.tables.archive import ArraySpec
    from reptheory.tables.kinds import TableKey

__all__ = ["Spool"]

_COLUMNS: Final = {
    "index": "<i4", "float64": "<f8", "float32": "<f4", "sign": "|i1", "numerator": "<u8",
    "denominator": "<u8", "i_power": "|u1",
}  # fmt: skip
_BYTES: Final = 1 << 22
"""Bytes of a column copied at once."""


@dataclass
class _Column:
    """One column in a temporary file.

    pieces   (rows, width) of every piece written; width 1 for columns of one axis
    largest  the largest entry, where it matters (i_power)
    """

    stream: BinaryIO
    dtype: str
    pieces: list[tuple[int, int]] = field(default_factory=list)
    largest: int = 0

    def append(self, array: NDArray[Any]) -> None:
        """Write the rows of one piece."""
        stored = np.ascontiguousarray(array, dtype=self.dtype)
        self.pieces.append((len(stored), stored.shape[1] if stored.ndim == 2 else 1))
        if self.dtype == "|u1" and stored.size:
            self.largest = max(self.largest, int(stored.max()))
        self.stream.write(stored.tobytes())

    @property
    def width(self) -> int:
        """Entries of a row in the widest piece."""
        return max((width for _, width in self.pieces), default=1)

    def contents(self) -> Iterator[bytes]:
        """Yield the column's bytes, narrow rows filled up with zeros."""
        self.stream.seek(0)
        size = np.dtype(self.dtype).itemsize
        for rows, width in self.pieces:
            step = max(1, _BYTES // (size * self.width))
            for start in range(0, rows, step):
                count = min(step, rows - start)
                raw = self.stream.read(count * width * size)
                if width == self.width:
                    yield raw
                    continue
                wide = np.zeros((count, self.width), dtype=self.dtype)
                wide[:, :width] = np.frombuffer(raw, dtype=self.dtype).reshape(count, width)
                yield wide.tobytes()


class Spool:
    """The columns of a table in the making; a context manager, whose end removes its temporary files.

    folder   where the temporary files go; they have no name there and vanish with the process
    """

    def __init__(self, key: TableKey, folder: str | os.PathLike[str]) -> None:
        self.key = key
        self.rows = 0
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in _COLUMNS]
            self._stack = stack.pop_all()
        self._columns = {
            name: _Column(stream, dtype)
            for (name, dtype), stream in zip(_COLUMNS.items(), streams, strict=True)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def append(self, *arrays: NDArray[Any]) -> None:
        """Add rows: index, float64, float32, sign, numerator, denominator, i_power, as `Table` has them.

        Integers may have fewer limbs than those of other pieces; i_power is always given.
        raises   OSError: the disk is full
        """
        for column, array in zip(self._columns.values(), arrays, strict=True):
            column.append(array)
        self.rows += len(arrays[0])

    def header(self, columns: int, generator: int) -> Header:
        """Return the header of the table, which takes one pass over all columns.

        columns   number of index columns
        """
        wide = self._columns
        limbs = (wide["numerator"].width, wide["denominator"].width)
        specs = specs_for(columns, self.rows, limbs, imaginary=wide["i_power"].largest > 0)
        return Header(self.key, self.rows, specs, tuple(map(self._digest, specs)), generator)

    def _digest(self, spec: ArraySpec) -> str:
        digest = hashlib.sha256()
        for piece in self._columns[spec.name].contents():
            digest.update(piece)
        return digest.hexdigest()

    def write(self, stream: BinaryIO, header: Header) -> None:
        """Write the table's file."""
        members = [(spec, self._columns[spec.name].contents) for spec in header.specs]
        write_members(stream, header.encoded, members)
