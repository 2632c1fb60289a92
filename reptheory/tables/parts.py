"""Parts: the rows of a table a few at a time, from memory or from a file, for who writes them elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reptheory.tables.format import Header

__all__ = ["PART_ROWS", "Entry", "Part", "RowSource", "integers"]

PART_ROWS: Final = 1 << 14
"""Rows of a part, unless asked otherwise: a megabyte or two."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: sign * i^i_power * sqrt(numerator / denominator * pi^pi_power), with its two roundings.

    float64, float32   the correctly rounded value without its factor i^i_power
    """

    sign: int
    numerator: int
    denominator: int
    i_power: int
    pi_power: int
    float64: float
    float32: float


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Consecutive rows of a table; the arrays are those of `Table`.

    start      number of the first row
    pi_power   power of pi under every square root
    """

    start: int
    pi_power: int
    index: NDArray[np.int32]
    float64: NDArray[np.float64]
    float32: NDArray[np.float32]
    sign: NDArray[np.int8]
    numerator: NDArray[np.uint64]
    denominator: NDArray[np.uint64]
    i_power: NDArray[np.uint8] | None

    def __len__(self) -> int:
        return len(self.index)

    def column(self, name: str) -> NDArray[Any]:
        """Return one array by its name; i_power where no value has a factor i too."""
        array: NDArray[Any] | None = getattr(self, name)
        return np.zeros(len(self), np.uint8) if array is None else array

    def chosen(self, rows: slice | NDArray[np.intp]) -> Part:
        """Return some of the rows; `start` counts on from a slice only."""
        first = rows.start or 0 if isinstance(rows, slice) else 0
        names = [field.name for field in fields(self) if field.name not in {"start", "pi_power"}]
        columns = ((name, getattr(self, name)) for name in names)
        arrays: dict[str, Any] = {name: None if column is None else column[rows] for name, column in columns}
        return replace(self, start=self.start + first, **arrays)

    def rows(self) -> Iterator[tuple[list[int], Entry]]:
        """Yield the labels and the value of each row."""
        turned = self.column("i_power").tolist()
        columns = (
            self.index.tolist(), self.sign.tolist(), integers(self.numerator), integers(self.denominator),
            turned, self.float64.tolist(), self.float32.tolist(),
        )  # fmt: skip
        for labels, sign, top, bottom, turn, double, single in zip(*columns, strict=True):
            yield labels, Entry(sign, top, bottom, turn, self.pi_power, double, single)


class RowSource(Protocol):
    """What an exporter needs: a table in memory (`Table`) or in a file (`TableFile`)."""

    @property
    def header(self) -> Header:
        """What the manifest states."""

    def __len__(self) -> int:
        """Number of rows."""

    def part(self, start: int, count: int) -> Part:
        """Return `count` rows from number `start`, which exist."""

    def parts(self, rows: int = PART_ROWS) -> Iterator[Part]:
        """Yield all rows in order, at most `rows` at a time."""

    def column(self, name: str, rows: int = PART_ROWS) -> Iterator[NDArray[Any]]:
        """Yield one array of the file ("index", "float64", ...), at most `rows` rows at a time."""

    def write(self, stream: BinaryIO) -> None:
        """Write the table's own file."""


def integers(limbs: NDArray[np.uint64]) -> list[int]:
    """Put the integers of a column (rows, limbs) together, least significant limb first."""
    if limbs.shape[1] == 1:
        return [int(value) for value in limbs[:, 0].tolist()]
    raw, width = limbs.astype("<u8").tobytes(), 8 * limbs.shape[1]
    return [int.from_bytes(raw[start : start + width], "little") for start in range(0, len(raw), width)]
