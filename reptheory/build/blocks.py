"""Blocks: exact rows in lexicographic order, and what a recipe for them is.

A recipe is a pair of functions: `blocks(key)` lists the labels of the blocks in order, `compute(key, labels)`
returns one. The labels of a block are the first labels of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.surd import Surd
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reptheory.exact.arrays import SurdArray
    from reptheory.tables.kinds import TableKey

__all__ = ["Block", "Labels", "Recipe", "singly", "top_label"]

Labels = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows in lexicographic order.

    index         (rows, columns) int32
    numerators    sign times numerator of the squared value (without its power of pi), per row
    denominators  of the squared value, positive, in lowest terms, per row
    i_powers      (rows,) uint8, 0 or 1
    """

    index: NDArray[np.int32]
    numerators: Sequence[int]
    denominators: Sequence[int]
    i_powers: NDArray[np.uint8]

    @classmethod
    def of_array(cls, labels: NDArray[Any], array: SurdArray) -> Block:
        """Take the entries of an array, whose order the labels (rows, columns) keep."""
        return cls(labels.astype(np.int32), array.numerators, array.denominators, array.i_powers)

    @classmethod
    def of_values(cls, columns: int, values: Mapping[Labels, Surd]) -> Block:
        """Take values by their labels; zeros are left out."""
        rows = sorted((labels, value) for labels, value in values.items() if value.sign)
        squares = [value.radicand for _, value in rows]
        return cls(
            np.array([labels for labels, _ in rows], dtype=np.int32).reshape(-1, columns),
            [value.sign * square.numerator for (_, value), square in zip(rows, squares, strict=True)],
            [square.denominator for square in squares],
            np.array([value.i_power for _, value in rows], dtype=np.uint8),
        )

    def values(self, pi_power: int) -> Iterator[tuple[Labels, Surd]]:
        """Yield labels and exact value of every row."""
        columns = self.index.tolist(), self.numerators, self.denominators, self.i_powers.tolist()
        for row, top, bottom, turns in zip(*columns, strict=True):
            square = Fraction(abs(top), bottom)
            yield tuple(row), Surd.sqrt(square, 1 if top > 0 else -1, pi_power, turns)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the rows of one kind are computed.

    blocks   key -> the labels of its blocks, in ascending order
    compute  key, labels of a block -> its rows
    value    key, labels of an admissible row -> its value, for symbols without orders; None for other kinds
    """

    blocks: Callable[[TableKey], Sequence[Labels]]
    compute: Callable[[TableKey, Labels], Block]
    value: Callable[[TableKey, Labels], Surd] | None = None


def top_label(key: TableKey) -> int:
    """Return lmax, or the rank of a formula, doubled where the first label is."""
    (_, top), *_ = kind_of(key.kind).limits(dict(key.parameters))
    return top


def singly(key: TableKey) -> list[Labels]:
    """One block a degree or spin."""
    return [(label,) for label in range(top_label(key) + 1)]
