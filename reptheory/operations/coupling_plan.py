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

__all__ = ["CHUNK_ROWS", "Pair", "PathTerms", "coupling_plan", "term_places"]

CHUNK_ROWS = 4096
"""Output coefficients kept in one tile: 1 MiB of scratch a thread, within a core's second-level cache."""


@dataclass(frozen=True, slots=True)
class PathTerms:
    """The nonzero coefficients of every path of labels (a, b, c), row by row; a path may have variants.

    order    (terms,) int64          rows of the table in the order of the terms
    index    (terms,) int32          i dim(b) + j, for components i of a and j of b, counted from 0
    starts   (a, b, c, variant) -> (dim(c) + 1,)   term range of each component of c, ascending
    dims     dimension of each label
    """

    order: NDArray[np.int64]
    index: NDArray[np.int32]
    starts: dict[tuple[int, int, int, int], NDArray[np.int64]]
    dims: dict[int, int]

    @classmethod
    def of(
        cls,
        columns: NDArray[Any],
        variants: NDArray[Any] | None = None,
        dims: NDArray[Any] | None = None,
    ) -> PathTerms:
        """Sort the index columns of a coupling table by path, then by components of c, a, b.

        columns    (terms, 6) labels a, b, c and components i, j, k; degrees and orders m where `dims` is None
        variants   (terms,) which variant of its path a row belongs to; None: all of them to 0
        dims       (terms, 3) dimensions of a, b, c; None: 2l + 1
        """
        a, b, c, i, j, k = (columns[:, place].astype(np.int64) for place in range(6))
        if dims is None:
            i, j, k = i + a, j + b, k + c
            dims = 2 * columns[:, :3].astype(np.int64) + 1
        variant = np.zeros(len(columns), dtype=np.int64) if variants is None else variants
        order = np.lexsort((j, i, k, variant, c, b, a))
        index = (i * dims[:, 1] + j)[order].astype(np.int32)
        paths, first = np.unique(np.stack([a, b, c, variant], 1)[order], axis=0, return_index=True)
        ends = np.append(first, len(order))[1:]
        starts: dict[tuple[int, int, int, int], NDArray[np.int64]] = {}
        sizes: dict[int, int] = {}
        for path, begin, end in zip(paths.tolist(), first.tolist(), ends.tolist(), strict=True):
            own = dims[order[begin]].tolist()
            sizes.update(zip(path[:3], own, strict=True))
            starts[tuple(path)] = begin + np.searchsorted(k[order[begin:end]], np.arange(own[2] + 1))
        return cls(order, index, starts, sizes)


@dataclass(frozen=True, slots=True)
class Pair:
    """One irrep of x with one of y, and where each of its products goes.

    i0, a, j0, b   offset and label in x, offset and label in y; a label of O(3) is its degree
    targets        (c, first output column) of each path
    variant        which coefficients of these paths
    """

    i0: int
    a: int
    j0: int
    b: int
    targets: tuple[tuple[int, int], ...]
    variant: int = 0


def _chunks(pairs: Iterable[Pair], dims: dict[int, int], limit: int) -> Iterator[list[Pair]]:
    """Group pairs in order, so that the output columns of a group stay within `limit`."""
    group: list[Pair] = []
    columns: set[int] = set()
    height = 0
    for pair in pairs:
        new = {column: dims[label] for label, column in pair.targets if column not in columns}
        if group and height + sum(new.values()) > limit:
            yield group
            group, columns, height = [], set(), 0
            new = {column: dims[label] for label, column in pair.targets}
        group.append(pair)
        columns.update(new)
        height += sum(new.values())
    if group:
        yield group


def _runs(group: list[Pair], dims: dict[int, int]) -> tuple[dict[int, int], list[list[int]], int]:
    """Place the outputs of a group in its tile: column -> tile row, the contiguous runs, the height."""
    lengths = sorted({(column, dims[label]) for pair in group for label, column in pair.targets})
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
    for group in _chunks(pairs, terms.dims, limit):
        place, group_runs, height = _runs(group, terms.dims)
        first_block = len(blocks)
        written: set[int] = set()
        for pair in group:
            first_row = len(rows)
            for label, column in pair.targets:
                edges = terms.starts[pair.a, pair.b, label, pair.variant].tolist()
                at = place[column]
                fresh = int(column not in written)
                written.add(column)
                rows.extend((at + k, edges[k], edges[k + 1], fresh) for k in range(len(edges) - 1))
            n1, n2 = terms.dims[pair.a], terms.dims[pair.b]
            blocks.append((pair.i0, n1, pair.j0, n2, first_row, len(rows)))
            outer = max(outer, n1 * n2)
        chunks.append((first_block, len(blocks), height, len(runs), len(runs) + len(group_runs)))
        runs.extend(group_runs)
        tile = max(tile, height)

    def array(items: list[Any], width: int) -> NDArray[np.int64]:
        return np.array(items, dtype=np.int64).reshape(-1, width)

    return CouplingPlan(
        np.ascontiguousarray(values), terms.index, array(blocks, 6), array(rows, 4), array(chunks, 5),
        array(runs, 3), dims, (outer, tile), np.arange(max(*dims, tile), dtype=np.int32),
    )  # fmt: skip


def term_places(pairs: Iterable[Pair], terms: PathTerms) -> NDArray[np.int64]:
    """List every term of `pairs`: columns of x, y and z, and its place among the coefficients of `terms`.

    returns   (terms, 4), ordered by the first three
    """
    found: list[NDArray[np.int64]] = []
    for pair in pairs:
        for label, column in pair.targets:
            edges = terms.starts[pair.a, pair.b, label, pair.variant]
            term = np.arange(edges[0], edges[-1])
            i, j = np.divmod(terms.index[term], terms.dims[pair.b])
            k = np.searchsorted(edges, term, side="right") - 1
            found.append(np.stack([pair.i0 + i, pair.j0 + j, column + k, term], axis=1))
    places = np.concatenate([np.zeros((0, 4), dtype=np.int64), *found])
    return places[np.lexsort((places[:, 2], places[:, 1], places[:, 0]))]
