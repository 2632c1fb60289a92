"""Coupling plans: lay out a coefficient table as the flat arrays that `kernels.coupling` runs on.

A plan is made once a (product, dtype). Terms are shared: every pair of blocks with the same degrees points
to the same coefficients, however many copies of an irrep there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.coupling import CouplingPlan
from reptheory.operations.layouts import Places, in_order, tile_rows

__all__ = ["CHUNK_ROWS", "PRODUCT", "PathTerms", "coupling_plan", "product_rows", "term_places"]

Ints = NDArray[np.int64]

CHUNK_ROWS = 4096
"""Output coefficients kept in one tile: 1 MiB of scratch a thread, within a core's second-level cache."""

PRODUCT: Final = ("i0", "a", "j0", "b", "column", "c", "variant")
"""Columns of a list of products, (products, 7) int64: an irrep of x at i0 with one of y at j0, to one of z at
`column`; their labels (a degree for O(3)), and which coefficients of the path (a, b, c). Products of one pair
stand together: they share its outer product."""


def product_rows(rows: Iterable[Sequence[int]]) -> Ints:
    """Return a list of products as an array, even if there are none."""
    return np.array(list(rows), dtype=np.int64).reshape(-1, len(PRODUCT))


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

    def rows(self, products: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return (product, component of c, first term, last term + 1) of every row."""
        ranges = list(self.starts.values())
        lengths = np.array([len(edges) - 1 for edges in ranges], dtype=np.int64)
        edges = np.concatenate([np.zeros(0, np.int64), *ranges])
        begins = np.cumsum(lengths + 1) - lengths - 1  # of each path among the edges
        path = self._paths_of(products)
        product = np.repeat(np.arange(len(products)), lengths[path])
        k = _counted(lengths[path])
        place = begins[path[product]] + k
        return product, k, edges[place], edges[place + 1]

    def _paths_of(self, products: Ints) -> Ints:
        """Return which path, of those that `starts` lists in ascending order, each product takes."""
        known = np.array(list(self.starts), dtype=np.int64).reshape(-1, 4)
        wanted = products[:, [1, 3, 5, 6]]
        sizes = np.max(np.concatenate([known, wanted, np.zeros((1, 4), np.int64)]), axis=0) + 1
        keys, asked = (np.ravel_multi_index(tuple(labels.T), tuple(sizes)) for labels in (known, wanted))
        found: Ints = np.searchsorted(keys, asked)
        if not np.array_equal(np.append(keys, -1)[found], asked):
            raise KeyError("a product of a path that the table does not have")
        return found

    def dimensions(self, labels: Ints) -> Ints:
        """Return the dimension of each label."""
        sizes = np.zeros(max(self.dims, default=0) + 1, dtype=np.int64)
        sizes[list(self.dims)] = list(self.dims.values())
        found: Ints = sizes[labels]
        return found


def _counted(lengths: Ints) -> Ints:
    """Return 0, 1, ... below each length, one after the other."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _chunks(heights: Ints, limit: int) -> list[tuple[int, int]]:
    """Cut blocks in order, so that the output columns of a chunk stay within `limit`, or it has one block."""
    ends = np.cumsum(heights)
    chunks, first = [], 0
    while first < len(heights):
        done = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + limit, side="right")))
        chunks.append((first, last))
        first = last
    return chunks


def _tile_rows(length: Ints, chunk: Ints) -> Ints:
    """Return the first tile row of every output, one after the other in each chunk, which ascend."""
    begins = np.cumsum(length) - length
    rows: Ints = begins - begins[np.searchsorted(chunk, chunk)]
    return rows


def _runs(column: Ints, chunk: Ints) -> tuple[Ints, Ints, Ints]:
    """Return contiguous runs of columns: the order in which they come, (first, column, length), the chunk.

    column, chunk   of each column that is written
    """
    order = np.lexsort((column, chunk))
    column, chunk = column[order], chunk[order]
    apart = (np.diff(column) != 1) | (np.diff(chunk) != 0)
    starts = np.flatnonzero(np.append(True, apart)[: len(column)])
    sizes = np.diff(np.append(starts, len(column)))
    return order, np.stack([starts, column[starts], sizes], axis=1), chunk[starts]


def coupling_plan(
    products: Ints,
    terms: PathTerms,
    values: NDArray[Any],
    dims: tuple[int, int, int],
    limit: int = CHUNK_ROWS,
    places: Places | None = None,
) -> CouplingPlan:
    """Lay out products for the kernel.

    products   (products, 7), see `PRODUCT`
    values     (terms,)   coefficients in the order of `terms`
    dims       lengths of the last axes of x, y and z
    limit      most output columns in a tile; a product whose outputs are summed must fit in one
    places     where the columns of x, y and z that `products` counts stand; None: in order
    """
    pair, column = products[:, [0, 1, 2, 3, 6]], products[:, 4]
    product, k, first, last = terms.rows(products)
    length = np.bincount(product, minlength=len(products))
    fresh = np.zeros(len(products), dtype=bool)
    fresh[np.unique(column, return_index=True)[1]] = True

    starts = np.flatnonzero(np.append(True, (pair[1:] != pair[:-1]).any(axis=1))[: len(pair)])
    heights = np.add.reduceat(np.where(fresh, length, 0), starts) if len(starts) else starts
    chunks = np.array(_chunks(heights, limit), dtype=np.int64).reshape(-1, 2)
    chunk = np.repeat(np.arange(len(chunks)), np.diff(np.append(starts[chunks[:, 0]], len(pair))))

    order = np.flatnonzero(fresh)
    order = order[np.lexsort((column[order], chunk[order]))]
    at = _tile_rows(length[order], chunk[order])
    tile = np.zeros(dims[2], dtype=np.int64)
    tile[column[order]] = at
    component = _counted(length[order])
    written = np.repeat(column[order], length[order]) + component
    of_x, of_y, of_z = in_order(dims) if places is None else places
    by_column, runs, of_chunk = _runs(of_z[written], np.repeat(chunk[order], length[order]))
    written_rows = (np.repeat(at, length[order]) + component)[by_column].astype(np.int32)
    rows = np.stack([tile[column][product] + k, first, last, fresh[product]], axis=1)

    edges = np.searchsorted(product, np.append(starts, len(pair)))
    n1, n2 = (terms.dimensions(pair[starts, side]) for side in (1, 3))
    blocks = np.stack([pair[starts, 0], n1, pair[starts, 2], n2, edges[:-1], edges[1:]], axis=1)
    bounds = np.searchsorted(of_chunk, np.arange(len(chunks) + 1))
    tiles = np.bincount(chunk, np.where(fresh, length, 0), len(chunks)).astype(np.int64)
    return CouplingPlan(
        np.ascontiguousarray(values), terms.index, blocks, rows,
        np.column_stack([chunks, tiles, bounds[:-1], bounds[1:]]), runs, dims,
        (int((n1 * n2).max(initial=1)), int(tiles.max(initial=1))),
        (tile_rows(of_x), tile_rows(of_y), written_rows),
    )  # fmt: skip


def term_places(products: Ints, terms: PathTerms) -> Ints:
    """List every term of products: columns of x, y and z, and its place among the coefficients of `terms`.

    returns   (terms, 4), ordered by the first three
    """
    product, k, first, last = terms.rows(products)
    count = last - first
    term = np.repeat(first, count) + _counted(count)
    product, k = np.repeat(product, count), np.repeat(k, count)
    i0, _, j0, b, column, _, _ = products[product].T
    i, j = np.divmod(terms.index[term], terms.dimensions(b))
    places = np.stack([i0 + i, j0 + j, column + k, term], axis=1)
    return places[np.lexsort((places[:, 2], places[:, 1], places[:, 0]))]
