"""Edge engine: channelwise products on the edges of a graph, with their gradients and bounds.

Bounds are those of docs/proofs/channelwise.md with one more sum, over the edges of a node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.buffers import empty
from reptheory.kernels.channelwise import ChannelPlan
from reptheory.kernels.edges import ENDS, edge_gradient, edge_product, edge_scratch, rows_of_nodes
from reptheory.kernels.pool import Prepared, over_samples, scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.channel_engine import ChannelEngine, Roundings, limit, most, summed_gradient
from reptheory.operations.channel_plan import channel_plan
from reptheory.operations.engines import COPYING, flat_read_only, float_name
from reptheory.operations.operands import Weighted
from reptheory.operations.weighted_plan import WeightedSpec

__all__ = ["EdgeEngine", "EdgeOrder"]

Array = NDArray[Any]


class EdgeOrder(NamedTuple):
    """Edges by the node at one of their ends, and the node at the other end of each.

    order          (edges,)      those at node n are order[starts[n] : starts[n + 1]], as they were given
    starts         (nodes + 1,)
    others, ends   (edges,)      by number of the edge: the node at the other end, and at this one
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    others: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def degrees(self) -> NDArray[np.int64]:
        """How many edges each node has."""
        return np.diff(self.starts)


class EdgeEngine:
    """Sums of channelwise products over the edges into each node."""

    def __init__(self, spec: WeightedSpec) -> None:
        self._spec = spec
        self._channels = ChannelEngine(spec)
        self._prepared: dict[tuple[str, str], Prepared] = {}

    def _kernel(self, name: str, what: str = "product") -> Prepared:
        """Return the kernel of the product, its "transposed" (the gradient in x) or its "gradient" in y and
        the weights, for a dtype or its bound; two threads may both make it, one is kept."""
        made = self._prepared.get((name, what))
        if made is None:
            plan = self._transposed(name) if what == "transposed" else self._channels.plan(name)
            gradient, dtype = what == "gradient", plan.values.dtype
            kernel, need = edge_gradient if gradient else edge_product, edge_scratch(plan, gradient=gradient)
            work = self._channels.cost + COPYING * self._spec.weight_starts[-1]
            made = Prepared(kernel, plan, need, dtype, 1, 3 * work if gradient else work)
            self._prepared[name, what] = made
        return made

    def _transposed(self, name: str) -> ChannelPlan:
        """Return the plan of the gradient in x for a dtype, or for its bound."""
        dtype = name.removeprefix("absolute ")
        if name == dtype:
            return channel_plan(self._spec, dtype, (2, 1, 0))
        return channel_plan(self._spec, "float64", (2, 1, 0), absolute=dtype)

    def _rows(self, x: Array, plan: ChannelPlan, threads: int | None) -> Array:
        """Return the nodes laid out as rows of copies."""
        form = plan.entries, plan.dims[0], plan.sizes[1], plan.inner
        rows, given = scratch(len(x) * plan.sizes[1], plan.values.dtype), flat_read_only(x)

        def task(first: int, last: int) -> None:
            rows_of_nodes(given, rows, first, last, *form)

        over_samples(task, len(x), 1, COPYING * x.shape[1], threads)
        return rows

    def _sum(
        self, kernel: Prepared, operands: tuple[Array, Array, Array], z: Array, edges: EdgeOrder,
        threads: int | None,
    ) -> None:  # fmt: skip
        """Write the sums over the edges at each node."""
        x, y, weights = operands
        rows = self._rows(x, kernel.plan, threads)
        arrays = rows, flat_read_only(y), flat_read_only(weights), z.reshape(-1)
        step, ends = 0 if weights.ndim == 1 else weights.shape[1], ENDS * lanes_of(x.dtype)

        def work(first: int, last: int) -> None:
            kernel.call(arrays, first, last, *edges[:3], step, np.empty(ends, np.int64))

        _over_edges(work, edges, kernel.cost, threads)

    def run(self, given: Weighted, z: Array, edges: EdgeOrder, threads: int | None, name: str = "") -> None:
        """Write the product summed over the edges into each node; `edges` are sorted by receiver."""
        kernel = self._kernel(name or float_name(given.x.dtype))
        self._sum(kernel, given.arrays, z, edges, threads)

    def gradients(
        self, given: Weighted, grad: Array, by: tuple[EdgeOrder, EdgeOrder], threads: int | None,
        name: str = "",
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        """Return the gradients of x, y and the weights.

        by   the edges sorted by receiver, and by sender
        """
        name = name or float_name(given.x.dtype)
        to_x = empty(given.x.shape, given.x.dtype)
        self._sum(self._kernel(name, "transposed"), (grad, given.y, given.weight), to_x, by[1], threads)
        return to_x, *self._edge_gradients(given, grad, by[0], self._kernel(name, "gradient"), threads)

    def _edge_gradients(
        self, given: Weighted, grad: Array, edges: EdgeOrder, kernel: Prepared, threads: int | None
    ) -> tuple[Array, Array]:
        """Return the gradients of y and of the weights."""
        x, y, weights = given.arrays
        rows, to_y = self._rows(x, kernel.plan, threads), np.empty_like(y)
        read = flat_read_only(y), flat_read_only(weights), flat_read_only(grad)
        arrays = rows, *read, to_y.reshape(-1)
        if weights.ndim == 1:
            return to_y, summed_gradient(kernel, arrays, len(weights), len(grad), threads, *edges[:3], 0)
        to_weights = empty(weights.shape, weights.dtype)
        written = *arrays, to_weights.reshape(-1)

        def work(first: int, last: int) -> None:
            kernel.call(written, first, last, *edges[:3], weights.shape[1], 0)

        _over_edges(work, edges, kernel.cost, threads)
        return to_y, to_weights

    def bound(self, given: Weighted, z: Array, edges: EdgeOrder) -> NDArray[np.float64]:
        """Bound the error of `run`, which wrote z."""
        absolute = _absolute(given)
        size = np.empty(z.shape)
        self.run(absolute, size, edges, None, f"absolute {z.dtype.name}")
        counts = _over(self._channels.counts(2), edges.degrees)
        scale = most(absolute.x.reshape(1, -1)) * most(absolute.weight.reshape(1, -1))
        return limit(size, counts, self._spec.largest(), scale, z.dtype)

    def gradient_bounds(
        self, given: Weighted, grad: Array, by: tuple[EdgeOrder, EdgeOrder]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Bound the errors of `gradients`."""
        dtype, largest = given.x.dtype, self._spec.largest()
        absolute, incoming = _absolute(given), np.abs(grad.astype(np.float64))
        sizes = self.gradients(absolute, incoming, by, None, f"absolute {dtype.name}")
        x, w, g = (most(array.reshape(1, -1)) for array in (absolute.x, absolute.weight, incoming))
        repeats = len(given.y) if given.weight.ndim == 1 else 1
        to_w = limit(sizes[2], self._channels.weight_counts(repeats), largest, (x * g).reshape(1), dtype)
        return (
            limit(sizes[0], _over(self._channels.counts(0), by[1].degrees), largest, g * w, dtype),
            limit(sizes[1], self._channels.counts(1), largest, x * g * w, dtype),
            to_w,
        )


def _over_edges(work: Callable[[int, int], None], edges: EdgeOrder, cost: int, threads: int | None) -> None:
    """Run `work` on ranges of nodes with about as many edges each; `cost` of an edge."""
    count, nodes = len(edges.order), len(edges.starts) - 1

    def node(edge: int) -> int:
        if not edge:
            return 0
        return int(np.searchsorted(edges.starts, edge)) if edge < count else nodes

    def task(first: int, last: int) -> None:
        work(node(first), node(last))

    over_samples(task, max(count, 1), 1, cost, threads)


def _absolute(given: Weighted) -> Weighted:
    """Return the absolute values of operands, in float64."""
    x, y, weight = (np.abs(array.astype(np.float64)) for array in given[:3])
    return Weighted(x, y, weight, given.shape)


def _over(counts: Roundings, degrees: NDArray[np.int64]) -> Roundings:
    """Return the counts of a sum over so many edges: every term passes through as many additions more."""
    edges = degrees[:, None]
    return Roundings(counts.most + edges * counts.paths, counts.paths, counts.terms * edges)
