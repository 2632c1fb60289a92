"""Rows: the exact contents of a table, block by block, before anything is rounded.

A block is one call into `exact`: one triple of degrees for a coupling, one spin for a rotation, one degree
for a change of basis; `recipes` says which for every kind. Blocks come in the order of their leading labels,
each sorted in itself, so that their concatenation is in the lexicographic order that tables promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reptheory.build.recipes import RECIPES, coupling_of
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reptheory.build.recipes import Block
    from reptheory.conventions import Basis
    from reptheory.exact.coupling import CouplingKind
    from reptheory.tables.kinds import TableKey

__all__ = ["Progress", "Rows", "coupling_rows", "exact_blocks", "exact_rows"]

Progress = Callable[[int, int], object]
"""Called with the work done and the work there is, in blocks."""


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

    def joined(self, columns: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Return the index, with that many columns, and the powers of i of all rows."""
        empty = np.empty((0, columns), dtype=np.int32)
        index = np.ascontiguousarray(np.concatenate([empty, *self.index]))
        return index, np.concatenate([np.empty(0, np.uint8), *self.i_powers])


def exact_blocks(key: TableKey, progress: Progress | None = None) -> Iterator[Block]:
    """Yield the exact blocks of a table in its order, each computed when it is asked for."""
    recipe = RECIPES[key.kind]
    labels = recipe.blocks(key)
    for done, block in enumerate(labels):
        yield recipe.compute(key, block)
        if progress is not None:
            progress(done + 1, len(labels))


def exact_rows(key: TableKey, progress: Progress | None = None) -> Rows:
    """Compute every nonzero value of a table exactly, in the table's order."""
    rows = Rows()
    for block in exact_blocks(key, progress):
        rows.append(block)
    return rows


def coupling_rows(kind: CouplingKind, basis: Basis, triples: Sequence[tuple[int, int, int]]) -> Rows:
    """Collect the coupling blocks of some degrees.

    triples   (l1, l2, l3), doubled for kinds with doubled labels, in ascending order
    A row's labels are its triple, then the block's indices less those degrees.
    """
    rows, doubled = Rows(), kind_of(kind).doubled
    for triple in triples:
        rows.append(coupling_of(kind, basis, triple, doubled=doubled))
    return rows
