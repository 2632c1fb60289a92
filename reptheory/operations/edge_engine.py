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
from reptheory.kernels.pool import over_samples, scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.channel_engine import BLOCKS, ChannelEngine, Roundings, limit, most
from reptheory.operations.channel_plan import channel_plan
from reptheory.operations.engines import COPYING, float_name, read_only
from reptheory.operations.operands import Weighted
from reptheory.operations.weighted_plan import WeightedSpec

__all__ = ["EdgeEngine", "EdgeOrder"]

Array = NDArray[Any]


class EdgeOrder(NamedTuple):
    """Edges by the node at one of their ends, and the node at the other end of each.

    order    (edges,)        those at node n are order[starts[n] : starts[n + 1]], as they were given
    starts   (nodes + 1,)
    others   (edges,)        by number of the edge
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    others: NDArray[np.int64]

    @property
    def degrees(self) -> NDArray[np.int64]:
        """How many edges each node has."""
        return np.diff(self.starts)


class EdgeEngine:
    """Sums of channelwise products over the edges into each node."""

    def __init__(self, spec: WeightedSpec) -> None:
        self._spec = spec
        self._channels = ChannelEngine(spec)
        self._transposed: dict[str, ChannelPlan] = {}

    def _plan(self, name: str, *, transposed: bool = False) -> ChannelPlan:
        """Return the plan of the product, or of its gradient in x, for a dtype or its bound."""
        if not transposed:
            return self._channels.plan(name)
        plan = self._transposed.get(name)
        if plan is None:
            dtype = name.removeprefix("absolute ")
            absolute = None if name == dtype else dtype
            made = channel_plan(
                self._spec, dtype if name == dtype else "float64", (2, 1, 0), absolute=absolute
            )
            plan = self._transposed.setdefault(name, made)
        return plan

    def _over_edges(
        self, work: Callable[[int, int], None], edges: EdgeOrder, nodes: int, threads: int | None
    ) -> None:
        """Run `work` on ranges of nodes with about as many edges each."""

        def node(edge: int) -> int:
            if edge == len(edges.order):
                return nodes
            return int(np.searchsorted(edges.starts, edge)) if edge else 0

        def task(first: int, last: int) -> None:
            work(node(first), node(last))

        cost = self._channels.cost + COPYING * self._spec.weight_starts[-1]
        if len(edges.order):
            over_samples(task, len(edges.order), 1, cost, threads)
        else:
            work(0, nodes)

    def _rows(self, x: Array, plan: ChannelPlan, threads: int | None) -> Array:
        """Return the nodes laid out as rows of copies."""
        rows = scratch(len(x) * plan.sizes[1], plan.values.dtype)
        given = read_only(x.reshape(-1))

        def task(first: int, last: int) -> None:
            rows_of_nodes(given, rows, first, last, plan)

        over_samples(task, len(x), 1, COPYING * x.shape[1], threads)
        return rows

    def _sum(
        self,
        x: Array,
        y: Array,
        weights: Array,
        z: Array,
        edges: EdgeOrder,
        plan: ChannelPlan,
        threads: int | None,
    ) -> None:
        """Write the sums over the edges at each node."""
        rows = self._rows(x, plan, threads)
        given, factors, flat = read_only(y.reshape(-1)), read_only(weights.reshape(-1)), z.reshape(-1)
        step = 0 if weights.ndim == 1 else weights.shape[1]
        need = edge_scratch(plan)

        def work(first: int, last: int) -> None:
            tiles = scratch(need, plan.values.dtype)
            ends = np.empty(lanes_of(plan.values.dtype) * ENDS, np.int64)
            edge_product(rows, given, factors, flat, first, last, plan, step, *edges, tiles, ends)

        self._over_edges(work, edges, len(z), threads)

    def run(self, given: Weighted, z: Array, edges: EdgeOrder, threads: int | None, name: str = "") -> None:
        """Write the product summed over the edges into each node; `edges` are sorted by receiver."""
        self._sum(
            given.x, given.y, given.weight, z, edges, self._plan(name or float_name(given.x.dtype)), threads
        )

    def gradients(
        self,
        given: Weighted,
        grad: Array,
        by: tuple[EdgeOrder, EdgeOrder],
        threads: int | None,
        name: str = "",
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of x, y and the weights.

        by   the edges sorted by receiver, and by sender
        """
        name = name or float_name(given.x.dtype)
        to_x = empty(given.x.shape, given.x.dtype)
        transposed = self._plan(name, transposed=True)
        self._sum(grad, given.y, given.weight, to_x, by[1], transposed, threads)
        to_y, to_weights = self._edge_gradients(given, grad, by[0], self._plan(name), threads)
        return to_x, to_y, to_weights

    def _edge_gradients(
        self, given: Weighted, grad: Array, edges: EdgeOrder, plan: ChannelPlan, threads: int | None
    ) -> tuple[Array, Array]:
        """Return the gradients of y and of the weights."""
        rows = self._rows(given.x, plan, threads)
        y, factors, incoming = (read_only(array.reshape(-1)) for array in (given.y, given.weight, grad))
        shared, count = given.weight.ndim == 1, given.weight.shape[-1]
        nodes = len(grad)
        block = max(1, -(-nodes // BLOCKS)) if shared else max(1, nodes)
        partial = -(-nodes // block) if shared else len(given.y)
        to_y = np.empty_like(given.y)
        to_weights = (np.zeros if shared else empty)((partial, count), given.x.dtype)
        flat_y, flat_weights = to_y.reshape(-1), to_weights.reshape(-1)
        need = edge_scratch(plan, gradient=True)

        def work(first: int, last: int) -> None:
            tiles = scratch(need, plan.values.dtype)
            for start in range(first, last, block):
                end = min(start + block, last)
                edge_gradient(
                    rows, y, factors, incoming, flat_y, flat_weights, start, end, plan, 0 if shared else
                    count, start // block * count, *edges, tiles,
                )  # fmt: skip

        if shared:
            over_samples(work, nodes, block, 3 * self._channels.cost, threads)
        else:
            self._over_edges(work, edges, nodes, threads)
        return to_y, to_weights.sum(axis=0) if shared else to_weights

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


def _absolute(given: Weighted) -> Weighted:
    """Return the absolute values of operands, in float64."""
    x, y, weight = (np.abs(array.astype(np.float64)) for array in given[:3])
    return Weighted(x, y, weight, given.shape)


def _over(counts: Roundings, degrees: NDArray[np.int64]) -> Roundings:
    """Return the counts of a sum over so many edges: every term passes through as many additions more."""
    edges = degrees[:, None]
    return Roundings(counts.most + edges * counts.paths, counts.paths, counts.terms * edges)
