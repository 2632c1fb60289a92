"""Message engine: products of any instructions on the edges of a graph, edge by edge, summed into nodes.

The product of every edge is computed by an engine of its own, some edges at a time in the order of their
receivers, and added up in that order: results are the same bits whatever the threads. Bounds are those of the
products, summed, with gamma_e of the sizes for e edges [Higham 2002, (3.5)].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.edges import add_rows
from reptheory.operations.channel_engine import summed_limit
from reptheory.operations.edge_engine import EdgeOrder
from reptheory.operations.engines import flat_read_only
from reptheory.operations.operands import Weighted
from reptheory.operations.weighted_engine import ProductEngine

__all__ = ["MessageEngine"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

BLOCK_BYTES = 2**24
"""Memory of the messages that are kept at a time."""


class MessageEngine:
    """Sums of products over the edges into each node; `engine` computes the product of each."""

    def __init__(self, engine: ProductEngine) -> None:
        self._engine = engine

    def run(self, given: Weighted, z: Array, edges: EdgeOrder, threads: int | None) -> None:
        """Write the sums over the edges into each node."""
        z.fill(0)
        for block in _blocks(edges, z):
            messages = np.empty((len(block), z.shape[1]), z.dtype)
            self._engine.run(*_gathered(given, block, edges), messages, threads)
            _add(z, edges.ends.take(block), messages)

    def bound(self, given: Weighted, z: Array, edges: EdgeOrder) -> Bound:
        """Bound the error of `run`, which wrote z."""
        size, slack = np.zeros(z.shape), np.zeros(z.shape)
        for block in _blocks(edges, z):
            operands, receivers = _gathered(given, block, edges), edges.ends.take(block)
            messages = np.empty((len(block), z.shape[1]), z.dtype)
            self._engine.run(*operands, messages, None)
            _add(size, receivers, np.abs(messages.astype(np.float64)))
            _add(slack, receivers, self._engine.bound(*operands, z.dtype))
        return summed_limit(size, slack, edges.degrees[:, None], z.dtype)

    def gradients(
        self, given: Weighted, grad: Array, by: tuple[EdgeOrder, EdgeOrder], threads: int | None
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of nodes, edges and weights.

        by   the edges by receiver, and by sender
        """
        (x, y, weight), edges = given.arrays, by[0]
        shared = weight.ndim == 1
        to_x, to_y, to_w = np.zeros(x.shape, x.dtype), np.empty(y.shape, y.dtype), np.zeros_like(weight)
        for block in _blocks(edges, grad):
            operands = *_gathered(given, block, edges), grad.take(edges.ends.take(block), 0)
            of_x, of_y, of_w = self._engine.gradients(*operands, threads)
            _add(to_x, edges.others.take(block), of_x)
            to_y[block] = of_y
            to_w[... if shared else block] += of_w
        return to_x, to_y, to_w

    def gradient_bounds(
        self, given: Weighted, grad: Array, by: tuple[EdgeOrder, EdgeOrder]
    ) -> tuple[Bound, Bound, Bound]:
        """Bound the errors of `gradients`."""
        dtype, shared, edges = given.x.dtype, given.weight.ndim == 1, by[0]
        sizes = [np.zeros(array.shape) for array in given.arrays]
        slacks = [np.zeros(array.shape) for array in given.arrays]
        count = 0
        for block in _blocks(edges, grad):
            operands = *_gathered(given, block, edges), grad.take(edges.ends.take(block), 0)
            values = self._engine.gradients(*operands, None)
            limits = self._engine.gradient_bounds(*operands, dtype)
            for totals, parts in ((sizes, [np.abs(v.astype(np.float64)) for v in values]), (slacks, limits)):
                _add(totals[0], edges.others.take(block), parts[0])
                totals[1][block] = parts[1]
                totals[2][... if shared else block] += parts[2]
            count += 1
        terms = by[1].degrees[:, None], np.zeros(1, np.int64), np.full(1, count if shared else 0)
        to_x, to_y, to_w = (summed_limit(*one, dtype) for one in zip(sizes, slacks, terms, strict=True))
        return to_x, to_y, to_w


def _blocks(edges: EdgeOrder, rows: Array) -> Iterator[Array]:
    """Yield the edges of each block, in order of their nodes."""
    step = max(1, BLOCK_BYTES // max(rows.itemsize * rows.shape[1], 1))
    for first in range(0, len(edges.order), step):
        yield edges.order[first : first + step]


def _gathered(given: Weighted, block: Array, edges: EdgeOrder) -> tuple[Array, Array, Array]:
    """Return the operands of the products of some edges."""
    x, y, weight = given.arrays
    return (
        x.take(edges.others.take(block), 0),
        y.take(block, 0),
        weight if weight.ndim == 1 else weight.take(block, 0),
    )


def _add(total: Array, nodes: Array, rows: Array) -> None:
    """Add rows to those of their nodes, each node's in their order."""
    add_rows(flat_read_only(rows), flat_read_only(nodes), total.shape[1], total.reshape(-1))
