"""Coupling plans: lay out a coefficient table as the flat arrays that `kernels.coupling` runs on.

A plan is made once a (product, dtype). Terms are shared: every pair of blocks with the same degrees points
to the same coefficients, however many copies of an irrep there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.coupling import CouplingPlan

__all__ = ["CHUNK_ROWS", "Pair", "PathTerms", "coupling_plan"]

CHUNK_ROWS = 4096
"""Output coefficients kept in one tile: 1 MiB of scratch a thread, within a core's second-level cache."""


@dataclass(frozen=True, slots=True)
class PathTerms:
    """The nonzero coefficients of every path (l1, l2, l3), row by row; a path may come in several variants.

    order    (terms,) int64          rows of the table in the order of the terms
    index    (terms,) int32          (m1 + l1) (2 l2 + 1) + m2 + l2
    starts   (l1, l2, l3, variant) -> (2 l3 + 2,)   term range of each m3, ascending
    """

    order: NDArray[np.int64]
    index: NDArray[np.int32]
    starts: dict[tuple[int, int, int, int], NDArray[np.int64]]

    @classmethod
    def of(cls, columns: NDArray[Any], variants: NDArray[Any] | None = None) -> PathTerms:
        """Sort the index columns (l1, l2, l3, m1, m2, m3) of a coupling table by path, m3, m1, m2.

        variants   (terms,) which variant of its path a row belongs to; None: all of them to 0
        """
        l1, l2, l3, m1, m2, m3 = (columns[:, k].astype(np.int64) for k in range(6))
        variant = np.zeros(len(columns), dtype=np.int64) if variants is None else variants
        order = np.lexsort((m2, m1, m3, variant, l3, l2, l1))
        index = ((m1 + l1) * (2 * l2 + 1) + m2 + l2)[order].astype(np.int32)
        paths, first = np.unique(np.stack([l1, l2, l3, variant], 1)[order], axis=0, return_index=True)
        ends = np.append(first[1:], len(order))
        starts = {}
        for path, begin, end in zip(paths.tolist(), first.tolist(), ends.tolist(), strict=True):
            degree = path[2]
            edges = np.arange(-degree, degree + 2)
            starts[tuple(path)] = begin + np.searchsorted(m3[order[begin:end]], edges)
        return cls(order, index, starts)

    def longest_row(self) -> int:
        """Return the most terms that any output of one path sums."""
        return max((int(np.diff(edges).max()) for edges in self.starts.values()), default=0)


@dataclass(frozen=True, slots=True)
class Pair:
    """One irrep of x with one of y, and where each of its products goes.

    i0, l1, j0, l2   offset and degree in x, offset and degree in y
    targets          (l3, first output column) of each path
    variant          which coefficients of these paths
    """

    i0: int
    l1: int
    j0: int
    l2: int
    targets: tuple[tuple[int, int], ...]
    variant: int = 0


def _chunks(pairs: Iterable[Pair], limit: int) -> Iterator[list[Pair]]:
    """Group pairs in order, so that the output columns of a group stay within `limit`."""
    group: list[Pair] = []
    columns: set[int] = set()
    height = 0
    for pair in pairs:
        new = {column: 2 * degree + 1 for degree, column in pair.targets if column not in columns}
        if group and height + sum(new.values()) > limit:
            yield group
            group, columns, height = [], set(), 0
            new = {column: 2 * degree + 1 for degree, column in pair.targets}
        group.append(pair)
        columns.update(new)
        height += sum(new.values())
    if group:
        yield group


def _runs(group: list[Pair]) -> tuple[dict[int, int], list[list[int]], int]:
    """Place the outputs of a group in its tile: column -> tile row, the contiguous runs, the height."""
    lengths = sorted({(column, 2 * degree + 1) for pair in group for degree, column in pair.targets})
    place: dict[int, int] = {}
    runs: list[list[int]] = []
    height = 0
    for column, length in lengths:
        place[column] = height
        if runs and runs[-1][1] + runs[-1][2] == column:
            runs[-1][2] += length
        else:
            runs.append([height, column, length])
        height += length
    return place, runs, height


def coupling_plan(
    pairs: Iterable[Pair],
    terms: PathTerms,
    values: NDArray[Any],
    dims: tuple[int, int, int],
    limit: int = CHUNK_ROWS,
) -> CouplingPlan:
    """Lay out `pairs` for the kernel.

    values   (terms,)   coefficients in the order of `terms`
    dims     lengths of the last axes of x, y and z
    limit    most output columns in a tile; a product whose outputs are summed must fit in one
    """
    blocks: list[tuple[int, ...]] = []
    rows: list[tuple[int, int, int, int]] = []
    chunks: list[tuple[int, ...]] = []
    runs: list[list[int]] = []
    outer = tile = 1
    for group in _chunks(pairs, limit):
        place, group_runs, height = _runs(group)
        first_block = len(blocks)
        written: set[int] = set()
        for pair in group:
            first_row = len(rows)
            for degree, column in pair.targets:
                edges = terms.starts[pair.l1, pair.l2, degree, pair.variant].tolist()
                at = place[column]
                fresh = int(column not in written)
                written.add(column)
                rows.extend((at + k, edges[k], edges[k + 1], fresh) for k in range(2 * degree + 1))
            n1, n2 = 2 * pair.l1 + 1, 2 * pair.l2 + 1
            blocks.append((pair.i0, n1, pair.j0, n2, first_row, len(rows)))
            outer = max(outer, n1 * n2)
        chunks.append((first_block, len(blocks), height, len(runs), len(runs) + len(group_runs)))
        runs.extend(group_runs)
        tile = max(tile, height)

    def array(items: list[Any], width: int) -> NDArray[np.int64]:
        return np.array(items, dtype=np.int64).reshape(-1, width)

    return CouplingPlan(
        np.ascontiguousarray(values), terms.index, array(blocks, 6), array(rows, 4), array(chunks, 5),
        array(runs, 3), dims, (outer, tile),
    )  # fmt: skip
