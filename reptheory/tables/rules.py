"""Rules: what the columns of an index are, and which rows a kind of table may hold.

A kind is data: its columns with their bounds, the triples of columns that must form triangles, and at most
one rule of its own. Everything else (ranges, checks, axes of dense blocks) follows from these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reptheory.errors import TableCorrupt, TooLarge

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bound", "Column", "Kind", "Parameters", "Rule", "check_index"]

Parameters = Mapping[str, int | str]
Bound = str | int | Callable[[Parameters], int]
"""A parameter by name, a number, or a function of the parameters."""
Rule = Callable[["list[NDArray[np.int64]]"], "NDArray[np.bool_]"]
"""Says which rows are possible, given the columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """One label of a row.

    name    as in the manifest; "two_..." holds doubled labels, so that halves are integers
    bound   the largest label, before doubling
    signed  whether labels run from -bound, instead of 0, to bound
    of      place of the column with the degree whose order this is: |order| <= degree, and of its parity
            where both are doubled
    """

    name: str
    bound: Bound = "lmax"
    signed: bool = False
    of: int | None = None

    @property
    def doubled(self) -> bool:
        """Whether the column holds doubled labels."""
        return self.name.startswith("two_")

    @property
    def label(self) -> str:
        """Name of the label itself, without "two_"."""
        return self.name.removeprefix("two_")

    def limits(self, parameters: Parameters) -> tuple[int, int]:
        """Return the closed range of the column in a table with these parameters."""
        if callable(self.bound):
            top = self.bound(parameters)
        else:
            top = self.bound if isinstance(self.bound, int) else int(parameters[self.bound])
        top *= 2 if self.doubled else 1
        return (-top if self.signed else 0), top


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of table.

    name        its name, as `load_table` and the command line take it
    columns     of the index; rows are sorted by them in this order
    bases       the bases it exists in, the default first
    parameters  what a table of this kind is named by, beside its basis
    leading     how many labels name a block: the least that `reptheory show` and `Table.dense` take
    pi_power    value = sign * i^i_power * sqrt(numerator / denominator * pi^pi_power)
    summary     one line for people
    triads      triples of columns that form triangles (of whole sum, if doubled)
    rule        what else ties the columns together
    harmonics   pairs (place of an order, 1 or -1) of the columns whose values scale as the harmonics of that
                degree and order do, or as coefficients of them; their normalisation and phase can be chosen
    """

    name: str
    columns: tuple[Column, ...]
    bases: tuple[str, ...]
    parameters: tuple[str, ...]
    leading: int
    pi_power: int
    summary: str
    triads: tuple[tuple[int, int, int], ...] = ()
    rule: Rule | None = None
    harmonics: tuple[tuple[int, int], ...] = ()

    @property
    def index_names(self) -> tuple[str, ...]:
        """Names of the index columns."""
        return tuple(column.name for column in self.columns)

    @property
    def doubled(self) -> bool:
        """Whether the first label is doubled, so that the table covers half-integers."""
        return self.columns[0].doubled

    def limits(self, parameters: Parameters) -> tuple[tuple[int, int], ...]:
        """Return the closed range of each index column for the parameters of a table."""
        return tuple(column.limits(parameters) for column in self.columns)

    def dense_axes(self, parameters: Parameters, prefix: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
        """Return (lowest label, step, length) of each axis of the block of rows that begin with a prefix.

        Orders of a given degree stand at m + l, other labels from the lowest that the table covers.
        raises   TooLarge: 4 GiB or more
        """
        axes = []
        for column in self.columns[len(prefix) :]:
            first, last, step = *column.limits(parameters), 1
            if column.of is not None and column.of < len(prefix):
                last = prefix[column.of]
                first, step = (-last if column.signed else 0), 1 + column.doubled
            axes.append((first, step, (last - first) // step + 1))
        shape = tuple(length for *_, length in axes)
        if 16 * math.prod(shape) >= 1 << 32:
            raise TooLarge(f"labels: a block of shape {shape} exceeds 4 GiB; give more labels")
        return tuple(axes)

    def allowed(self, index: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Say which rows of `index` (rows, columns) obey the rules that tie their columns together."""
        values = [index[:, place].astype(np.int64) for place in range(index.shape[1])]
        good = np.ones(len(index), dtype=bool)
        for column, value in zip(self.columns, values, strict=True):
            if column.of is not None:
                degree = values[column.of]
                good &= abs(value) <= degree
                if column.doubled:  # never the order of a degree that is not
                    good &= (degree + value) % 2 == 0
        for triad in self.triads:
            first, second, third = (values[place] for place in triad)
            good &= (abs(first - second) <= third) & (third <= first + second)
            if self.columns[triad[0]].doubled:
                good &= (first + second + third) % 2 == 0
        return good if self.rule is None else good & self.rule(values)


def check_index(
    kind: Kind,
    parameters: Parameters,
    index: NDArray[np.int32],
    before: NDArray[np.int32] | None = None,
    start: int = 0,
) -> None:
    """Raise TableCorrupt unless every row of `index` is possible and rows ascend strictly.

    index   (rows, columns) int32; kernels trust these rows as offsets, so that nothing unchecked may pass
    before  the row that stands before them, where a table is read in pieces
    start   the number of the first of them, for the message
    """
    if not index.size:
        return
    lows, highs = index.min(axis=0), index.max(axis=0)
    for name, low, high, (least, most) in zip(
        kind.index_names, lows, highs, kind.limits(parameters), strict=True
    ):
        if low < least or high > most:
            worst = int(low) if low < least else int(high)
            raise TableCorrupt(
                f"index column {name} holds {worst}, outside {least}..{most}; rebuild the table"
            )
    good = kind.allowed(index)
    if not good.all():
        row = int(np.argmin(good))
        raise TableCorrupt(
            f"index row {start + row} {index[row].tolist()} breaks the selection rules; rebuild the table"
        )
    joined = before is None or tuple(before.tolist()) < tuple(index[0].tolist())
    if not (joined and _ascends(index)):
        raise TableCorrupt("index rows are not in ascending order without repetition; rebuild the table")


def _ascends(index: NDArray[np.int32]) -> bool:
    """Say whether the rows ascend strictly in lexicographic order."""
    later = np.zeros(len(index) - 1, dtype=bool)
    tied = np.ones(len(index) - 1, dtype=bool)
    for column in range(index.shape[1]):
        before, after = index[:-1, column], index[1:, column]
        later |= tied & (after > before)
        tied &= after == before
    return bool(later.all())
