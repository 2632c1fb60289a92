"""Message passing: a tensor product on every edge of a graph, summed into the nodes in one pass.

    z[r] = sum over edges e into r of tp(x[sender(e)], y[e], weight[e])

Where all instructions are uvu, as in the convolutions of MACE and NequIP, gather, product and sum are one
kernel; for other instructions the messages of some edges at a time are written and summed. The edges of
a node are added in one order, whatever the threads: results are the same bits every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.groups.labels import whole
from reptheory.immutable import immutable
from reptheory.operations.certified import Chain, Into, inputs
from reptheory.operations.edge_engine import EdgeEngine, EdgeOrder
from reptheory.operations.message_engine import MessageEngine
from reptheory.operations.operands import Weighted, edge_operands
from reptheory.operations.tensor_product import TensorProduct
from reptheory.operations.weighted_product import Bound, Bounded, WeightedProduct, bounded

__all__ = ["Edges", "MessagePassing"]

Array = NDArray[Any]


class Edges:
    """The edges of a graph, from senders to receivers; immutable.

    senders         (edges,) integers, 0 <= sender < num_nodes
    receivers       (edges,) integers, 0 <= receiver < num_receivers
    num_nodes       how many nodes send, or are there at all
    num_receivers   how many nodes receive, where they are others (a bipartite graph) or only the first of all
                    (the own nodes of a process, before copies of its neighbours'); None: num_nodes
    raises          OperandError, LabelError

    >>> Edges([0, 2, 1], [1, 1, 0], 3).by_receiver.starts.tolist()
    [0, 1, 3, 3]
    >>> Edges([0, 2, 1], [1, 1, 0], 3, num_receivers=2)
    Edges(3 edges, 3 nodes to 2)
    """

    def __init__(
        self, senders: ArrayLike, receivers: ArrayLike, num_nodes: int, num_receivers: int | None = None
    ) -> None:
        self.num_nodes = whole(num_nodes, "num_nodes")
        given = self.num_nodes if num_receivers is None else num_receivers
        self.num_receivers = whole(given, "num_receivers")
        self.senders = _node_indices(senders, "senders", self.num_nodes)
        self.receivers = _node_indices(receivers, "receivers", self.num_receivers)
        if len(self.senders) != len(self.receivers):
            raise OperandError(
                f"receivers: got {len(self.receivers)} for {len(self.senders)} senders; "
                "give one of each an edge"
            )

    def __len__(self) -> int:
        return len(self.senders)

    @cached_property
    def by_receiver(self) -> EdgeOrder:
        """The edges sorted by receiver, with their senders."""
        return _ordered(self.receivers, self.senders, self.num_receivers)

    @cached_property
    def by_sender(self) -> EdgeOrder:
        """The edges sorted by sender, with their receivers."""
        return _ordered(self.senders, self.receivers, self.num_nodes)

    def __repr__(self) -> str:
        to = "" if self.num_receivers == self.num_nodes else f" to {self.num_receivers}"
        return f"Edges({len(self)} edges, {self.num_nodes} nodes{to})"


def _node_indices(values: ArrayLike, name: str, num_nodes: int) -> NDArray[np.int64]:
    """Check node numbers."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        got = f"{array.dtype}{list(array.shape)}"
        raise OperandError(f"{name}: got {got}; give one integer an edge, the number of a node")
    if array.size and not (int(array.min()) >= 0 and int(array.max()) < num_nodes):
        wrong = int(array.min()) if int(array.min()) < 0 else int(array.max())
        raise OperandError(f"{name}: got node {wrong}; there are {num_nodes} nodes; count from 0")
    return immutable(array.astype(np.int64))


def _ordered(ends: NDArray[np.int64], others: NDArray[np.int64], num_nodes: int) -> EdgeOrder:
    starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=num_nodes))]).astype(np.int64)
    return EdgeOrder(immutable(np.argsort(ends, kind="stable")), immutable(starts), others, ends)


class MessagePassing(WeightedProduct[Weighted]):
    """A tensor product over the edges of a graph.

    product   a `TensorProduct`, with shared weights or one set an edge
    edges     `Edges`
    raises    OperandError

    Called with x (num_nodes, dim1), y (edges, dim2) and weight (weight_numel,), or (edges, weight_numel) if
    not shared; the result is (num_receivers, dim_out), the sum over the edges into each node. Beyond these a
    call holds the features of all nodes in whole vectors of copies; for instructions other than uvu the
    messages of some edges, 16 MiB of them, and their operands.

    >>> from reptheory import TensorProduct
    >>> tp = TensorProduct("1x0e", "1x1o", "1x1o", [(0, 0, 0, "uvu", False)])
    >>> message = MessagePassing(tp, Edges([0, 1], [1, 1], 2))
    >>> message([[1.0], [10.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 10.0]]
    """

    def __init__(self, product: TensorProduct, edges: Edges) -> None:
        if not isinstance(product, TensorProduct):
            raise OperandError(f"product: got {type(product).__name__}; pass a TensorProduct")
        if not isinstance(edges, Edges):
            raise OperandError(
                f"edges: got {type(edges).__name__}; make them with Edges(senders, receivers, n)"
            )
        super().__init__(product.accumulate)
        self.product, self.edges = product, edges
        self.dim1, self.dim2, self.dim_out = product.dim1, product.dim2, product.dim_out
        self.irreps_in1, self.irreps_in2 = product.irreps_in1, product.irreps_in2
        self.irreps_out, self.weight_numel = product.irreps_out, product.weight_numel

    @cached_property
    def _engine(self) -> EdgeEngine | MessageEngine:
        modes = {one.connection_mode for one in self.product.instructions}
        return EdgeEngine(self.product._spec) if modes == {"uvu"} else MessageEngine(self.product._engine)

    def _operands(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> Weighted:
        """Check nodes, edges and weights."""
        return edge_operands(
            (x, y, self._given_weight(weight)),
            (self.dim1, self.dim2, self.weight_numel),
            self.product._meanings,
            (self.edges.num_nodes, len(self.edges), self.edges.num_receivers),
            shared=self.product.shared_weights or weight is None,
        )

    def _product(self, given: Weighted, z: Array, *, with_bound: bool) -> Bound | None:
        edges = self.edges.by_receiver
        self._engine.run(given, z, edges, self.product.threads)
        if not with_bound:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return self._engine.bound(given, z, edges)

    def _pulled(self, given: Weighted, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        edges = self.edges.by_receiver, self.edges.by_sender
        found = self._engine.gradients(given, grad, edges, self.product.threads)
        if not with_bound:
            return bounded(found)
        with np.errstate(over="ignore", invalid="ignore"):
            return bounded(found, self._engine.gradient_bounds(given, grad, edges))

    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        """Return the messages of all edges as exact maps, and where they go."""
        maps, edges = self.product._maps, len(self.edges)
        x, y, weight = inputs(operands[:1], (self.edges.num_nodes,)) + inputs(operands[1:], (edges,))
        given = x._replace(places=self.edges.senders), y, weight
        into = Into(self.edges.receivers, shape[0])
        return Chain(maps, given, self.dim_out, maps.terms, into, self.product.threads)

    def __repr__(self) -> str:
        return f"MessagePassing({self.product!r}, {self.edges!r})"
