"""Rows: the exact contents of a table, block by block, before anything is rounded, and packed in columns.

A block is one call into `exact`: one triple of degrees for a coupling, one spin for a rotation, one degree
for a change of basis; `recipes` says which for every kind. Blocks come in the order of their leading labels,
each sorted in itself, so that their concatenation is in the lexicographic order that tables promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reptheory.build.recipes import coupling_of
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reptheory.build.recipes import Block
    from reptheory.conventions import Basis
    from reptheory.exact.coupling import CouplingKind

__all__ = ["Progress", "Rows", "Squares", "coupling_rows", "limbs"]

Progress = Callable[[int, int], object]
"""Called with the work done and the work there is, in blocks."""


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """The exact columns of some rows, named and shaped as in `Table`; i_power is always there."""

    index: NDArray[np.int32]
    sign: NDArray[np.int8]
    numerator: NDArray[np.uint64]
    denominator: NDArray[np.uint64]
    i_power: NDArray[np.uint8]


@dataclass
class Rows:
    """The exact rows of a table.

    index         blocks of (rows, columns) int32
    numerators    sign times numerator of the squared value, per row
    denominators  of the squared value, positive, in lowest terms, per row
    i_powers      blocks of 0 or 1, per row
    """

    index: list[NDArray[np.int32]] = field(default_factory=list)
    numerators: list[int] = field(default_factory=list)
    denominators: list[int] = field(default_factory=list)
    i_powers: list[NDArray[np.uint8]] = field(default_factory=list)

    def append(self, block: Block) -> None:
        """Add a block."""
        self.index.append(block.index)
        self.numerators.extend(block.numerators)
        self.denominators.extend(block.denominators)
        self.i_powers.append(block.i_powers)

    def packed(self, columns: int) -> Squares:
        """Return the rows as columns, with that many columns of labels."""
        empty = np.empty((0, columns), dtype=np.int32)
        return Squares(
            index=np.ascontiguousarray(np.concatenate([empty, *self.index])),
            sign=np.array([1 if value > 0 else -1 for value in self.numerators], dtype=np.int8),
            numerator=limbs([abs(value) for value in self.numerators]),
            denominator=limbs(self.denominators),
            i_power=np.concatenate([np.empty(0, np.uint8), *self.i_powers]),
        )


def limbs(values: Sequence[int]) -> NDArray[np.uint64]:
    """Pack integers >= 0 into rows of 64-bit limbs, least significant first; as few limbs as all need."""
    count = max(1, -(-max(values, default=0).bit_length() // 64))
    if count == 1:
        return np.array(values, dtype=np.uint64).reshape(-1, 1)
    packed = b"".join(value.to_bytes(8 * count, "little") for value in values)
    return np.frombuffer(packed, dtype="<u8").astype(np.uint64).reshape(-1, count)


def coupling_rows(kind: CouplingKind, basis: Basis, triples: Sequence[tuple[int, int, int]]) -> Rows:
    """Collect the coupling blocks of some degrees.

    triples   (l1, l2, l3), doubled for kinds with doubled labels, in ascending order
    A row's labels are its triple, then the block's indices less those degrees.
    """
    rows, doubled = Rows(), kind_of(kind).doubled
    for triple in triples:
        rows.append(coupling_of(kind, basis, triple, doubled=doubled))
    return rows
