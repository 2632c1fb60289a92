"""Message passing: channelwise products on the edges of a graph, gathered from nodes and summed into nodes.

    z[r, u, k] = sum over edges e into r and over paths of w[e, u] sum_i M[e, i, k] x[sender(e), u, i]

Nothing is written an edge: a node's result stays in a tile until its last edge, while the small matrices M
are computed for a vector of edges at a time, whatever their nodes, and the weights of the next ones are asked
for. Edges of a node are taken in the order in which they are handed in, whatever the threads and the other
nodes, so results do not depend on them. `rows_of_nodes` lays the nodes out once, copies as lanes. The
gradient in x is the same sum with the ends of the edges exchanged, and M transposed; `edge_gradient` gives
those in y and in the weights.

Proof of the bound: docs/proofs/channelwise.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.channelwise import OUT, ChannelPlan, fill_matrices, pull_paths, weight_rows
from reptheory.kernels.copies import ENTRY, empty_rows, fill_rows
from reptheory.kernels.jit import compiled
from reptheory.kernels.simd.paths import add_run
from reptheory.kernels.simd.plain import CHANNEL_ENDS
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = ["ENDS", "add_rows", "edge_gradient", "edge_product", "edge_scratch", "rows_of_nodes"]

Array = NDArray[Any]
Places = NDArray[np.int64]

ENDS = CHANNEL_ENDS
"""Numbers of scratch for each edge of a vector: row of its sender, its weights, those to bring nearer."""


def edge_scratch(plan: ChannelPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `edge_product`, or for `edge_gradient`."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    places, _, results, copies, matrix, rows = plan.sizes
    need = lanes * (plan.dims[1] + places) + results
    return need + lanes * (plan.dims[1] + matrix) + copies + rows if gradient else need + lanes * rows


@compiled
def rows_of_nodes(
    x: Array, rows: Array, first: int, last: int, entries: Places, dim: int, tile: int, inner: int
) -> None:
    """Bring the nodes first:last to rows, one an order of an entry; all else is of a `ChannelPlan`."""
    lanes = VECTOR_BYTES // x.itemsize
    places, given, result, count = address(entries), address(x), address(rows), entries.size // ENTRY
    for node in range(first, last):
        fill_rows(given, node * dim, places, 0, count, ENTRY, inner, result, node * tile, 0, 1, lanes)


@compiled
def add_rows(values: Array, nodes: Places, dim: int, total: Array) -> None:
    """Add rows of `dim` numbers, one after the other, to those of their nodes; flat arrays."""
    given, result, to = address(values), address(total), address(nodes)
    for row in range(nodes.size):
        for k in range(dim):
            place = at(to, row) * dim + k
            put(result, place, at(result, place) + at(given, row * dim + k))


@compiled
def edge_product(
    rows: Array, y: Array, weights: Array, z: Array, first: int, last: int, plan: ChannelPlan, order: Places,
    starts: Places, senders: Places, step: int, ends: Places, scratch: Array,
) -> None:  # fmt: skip
    """Write the results of the nodes first:last.

    rows      the nodes as `rows_of_nodes` lays them out
    order     edges by node: those into node r are order[starts[r] : starts[r + 1]]
    senders   the node that each edge comes from
    step      0: one set of weights for all edges; else the number of weights of an edge
    ends      ENDS numbers of scratch for each lane
    """
    plan = ChannelPlan(*plan)
    lanes = VECTOR_BYTES // plan.values.itemsize
    outs, paths, edges, bounds = address(plan.outs), address(plan.paths), address(order), address(starts)
    nodes, given, result, work = address(rows), address(y), address(z), address(scratch)
    source_of, table = address(senders), address(ends)
    factors = address(weights) if plan.direct else work
    _, dim2, dim_out, _ = plan.dims
    places, x_tile, results, copies_most, _, weight_tile = plan.sizes
    m0 = dim2 * lanes
    t0 = m0 + places * lanes
    row = t0 + results
    node, end, count = first, at(bounds, last), plan.outs.size // OUT
    if step == 0 and not plan.direct:
        weight_rows(outs, plan.outs.size, paths, address(weights), 0, work, row, lanes)
    for start in range(at(bounds, first), end, lanes):
        stop = start + lanes if start + lanes <= end else end
        fill_matrices(plan, given, edges, 1, start, stop - start, work, 0, lanes)
        for place in range(start, stop):
            edge, to = at(edges, place), (place - start) * ENDS
            put(table, to, at(source_of, edge) * x_tile)
            if plan.direct:
                put(table, to + 1, edge * step)
                put(table, to + 2, at(edges, place + lanes if place + lanes < end else place) * step)
            else:
                own = row + (place - start) * weight_tile if step else row
                put(table, to + 1, own)
                put(table, to + 2, own)
                if step:
                    weight_rows(outs, plan.outs.size, paths, address(weights), edge * step, work, own, lanes)
        place = start
        while place < stop:
            while at(bounds, node + 1) <= place:
                node += 1
            done = at(bounds, node + 1) if at(bounds, node + 1) < stop else stop
            add_run(
                work, m0, places, nodes, factors, table, place - start, done - start, outs, 0, count, paths,
                t0, copies_most, 1 if place == at(bounds, node) else 0,
            )  # fmt: skip
            if done == at(bounds, node + 1):
                empty_rows(work, t0, 0, 1, outs, 0, count, OUT, result, node * dim_out, plan.inner, 0, lanes)
            place = done
    for node in range(first, last):
        if at(bounds, node) == at(bounds, node + 1):
            for k in range(dim_out):
                put(result, node * dim_out + k, 0)


@compiled
def edge_gradient(
    rows: Array, y: Array, weights: Array, g: Array, grad_y: Array, grad_w: Array, first: int, last: int,
    plan: ChannelPlan, order: Places, starts: Places, senders: Places, step: int, g0: int, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of y and of the weights of all edges into the nodes first:last.

    g    the gradient of z, flat; shared weights (step 0) are added up at g0
    """
    plan = ChannelPlan(*plan)
    lanes = VECTOR_BYTES // plan.values.itemsize
    outs, paths, edges, bounds = address(plan.outs), address(plan.paths), address(order), address(starts)
    nodes, given, incoming, work = address(rows), address(y), address(g), address(scratch)
    source_of, factors = address(senders), address(weights) if plan.direct else work
    _, dim2, dim_out, _ = plan.dims
    places, x_tile, results, copies_most, largest, _ = plan.sizes
    y0 = largest * lanes
    m0 = y0 + dim2 * lanes
    total = m0 + places * lanes
    gy = total + copies_most
    t0 = gy + dim2 * lanes
    row = t0 + results
    node, loaded, end, count = first, -1, at(bounds, last), plan.outs.size // OUT
    if step == 0 and not plan.direct:
        weight_rows(outs, plan.outs.size, paths, address(weights), 0, work, row, lanes)
    for start in range(at(bounds, first), end, lanes):
        stop = start + lanes if start + lanes <= end else end
        fill_matrices(plan, given, edges, 1, start, stop - start, work, y0, lanes)
        for place in range(start, stop):
            while at(bounds, node + 1) <= place:
                node += 1
            if node != loaded:
                loaded = node
                from_g = node * dim_out
                fill_rows(incoming, from_g, outs, 0, count, OUT, plan.inner, work, t0, 0, 1, lanes)
            edge = at(edges, place)
            if step and not plan.direct:
                weight_rows(outs, plan.outs.size, paths, address(weights), edge * step, work, row, lanes)
            pull_paths(
                plan, factors, edge * step if plan.direct else row, work, m0 + (place - start) * places,
                nodes, at(source_of, edge) * x_tile, -1, t0, (total, gy), address(grad_w),
                edge * step if step else g0, 0 if step else 1, address(grad_y), edge * dim2, lanes,
            )  # fmt: skip
