"""Message passing: channelwise products on the edges of a graph, gathered from nodes and summed into nodes.

    z[r, u, k] = sum over edges e into r and over paths of w[e, u] sum_i M[e, i, k] x[sender(e), u, i]

Nothing is written an edge: a node's result stays in a tile until its last edge, while the small matrices M
are computed for a vector of edges at a time, whatever their nodes. Edges of a node are taken in the order in
which they are handed in, whatever the threads, so results do not depend on them. `rows_of_nodes` lays the
nodes out once, copies as lanes. The gradient in x is the same sum with the ends of the edges exchanged, and M
transposed; `edge_gradient` gives those in y and in the weights.

Proof of the bound: docs/proofs/channelwise.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.channelwise import ENTRY, OUT, ChannelPlan, add_paths, fill_matrices, pull_paths
from reptheory.kernels.copies import from_rows, to_rows
from reptheory.kernels.jit import compiled
from reptheory.kernels.simd.channels import clear, sum_lanes
from reptheory.kernels.simd.irreps import split
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = ["edge_gradient", "edge_product", "edge_scratch", "rows_of_nodes"]

Array = NDArray[Any]
Places = NDArray[np.int64]


def edge_scratch(plan: ChannelPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `edge_product`, or for `edge_gradient`."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    places, tile, _, copies, matrix = plan.sizes
    results = int((plan.outs[:, 2] * plan.outs[:, 3]).sum())
    need = lanes * (plan.dims[1] + places) + results + copies
    if gradient:
        need += lanes * (plan.dims[1] + matrix) + 2 * tile + copies
    return need


@compiled
def rows_of_nodes(x: Array, rows: Array, first: int, last: int, plan: ChannelPlan) -> None:
    """Bring the nodes first:last to rows, one an order of an entry, as `plan.entries` places them."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, given, result = address(plan.entries), address(x), address(rows)
    dim1, tile = plan.dims[0], plan.sizes[1]
    for node in range(first, last):
        for e in range(0, plan.entries.size, ENTRY):
            place, to = node * dim1 + at(entries, e), node * tile + at(entries, e + 3)
            copies, orders, padded = at(entries, e + 1), at(entries, e + 2), at(entries, e + 4)
            to_rows(given, place, copies, orders, plan.inner, result, to, padded, padded, lanes)


@compiled
def edge_product(
    rows: Array, y: Array, weights: Array, z: Array, first: int, last: int, plan: ChannelPlan, step: int,
    order: Places, starts: Places, senders: Places, scratch: Array,
) -> None:  # fmt: skip
    """Write the results of the nodes first:last.

    rows      the nodes as `rows_of_nodes` lays them out
    step      0: one set of weights for all edges; else the number of weights of an edge
    order     edges by node: those into node r are order[starts[r] : starts[r + 1]]
    senders   the node that each edge comes from
    """
    lanes = VECTOR_BYTES // plan.values.itemsize
    outs, edges, bounds, source_of = address(plan.outs), address(order), address(starts), address(senders)
    nodes, given, factors, result, work = (
        address(rows), address(y), address(weights), address(z), address(scratch),
    )  # fmt: skip
    _, dim2, dim_out, _ = plan.dims
    places, x_tile, _, copies_most, _ = plan.sizes
    m0 = dim2 * lanes
    row = m0 + places * lanes
    t0 = row + copies_most
    begun = first
    for start in range(at(bounds, first), at(bounds, last), lanes):
        end = start + lanes if start + lanes <= at(bounds, last) else at(bounds, last)
        fill_matrices(plan, given, edges, 1, start, end - start, work, 0, lanes)
        target, node = t0, begun
        for out in range(0, plan.outs.size, OUT):
            copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
            node = begun
            for place in range(start, end):
                while at(bounds, node + 1) <= place:
                    node += 1
                if place == at(bounds, node):
                    clear(work, target, orders * padded)
                edge = at(edges, place)
                x0, matrix = at(source_of, edge) * x_tile, m0 + (place - start) * places
                add_paths(plan, out, factors, edge * step, nodes, x0, work, matrix, target, row, 0, lanes)
                if place + 1 == at(bounds, node + 1):
                    to_z = node * dim_out + at(outs, out)
                    from_rows(work, target, padded, result, to_z, copies, orders, plan.inner, 0, lanes)
            target += orders * padded
        begun = node
    for node in range(first, last):
        if at(bounds, node) == at(bounds, node + 1):
            for k in range(dim_out):
                put(result, node * dim_out + k, 0)


@compiled
def edge_gradient(
    rows: Array, y: Array, weights: Array, g: Array, grad_y: Array, grad_w: Array, first: int, last: int,
    plan: ChannelPlan, step: int, g0: int, order: Places, starts: Places, senders: Places, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of y and of the weights of all edges into the nodes first:last.

    g    the gradient of z, flat; shared weights (step 0) are added up at g0
    """
    lanes = VECTOR_BYTES // plan.values.itemsize
    outs, edges, bounds, source_of = address(plan.outs), address(order), address(starts), address(senders)
    nodes, given, factors, incoming, work = (
        address(rows), address(y), address(weights), address(g), address(scratch),
    )  # fmt: skip
    to_y, to_w = address(grad_y), address(grad_w)
    _, dim2, dim_out, _ = plan.dims
    places, x_tile, _, copies_most, largest = plan.sizes
    y0 = largest * lanes
    m0 = y0 + dim2 * lanes
    row = m0 + places * lanes
    total = row + copies_most
    x0 = total + copies_most
    h = x0 + x_tile
    gy = h + x_tile
    t0 = gy + dim2 * lanes
    node, loaded = first, -1
    for start in range(at(bounds, first), at(bounds, last), lanes):
        end = start + lanes if start + lanes <= at(bounds, last) else at(bounds, last)
        fill_matrices(plan, given, edges, 1, start, end - start, work, y0, lanes)
        for place in range(start, end):
            while at(bounds, node + 1) <= place:
                node += 1
            if node != loaded:
                target, loaded = t0, node
                for out in range(0, plan.outs.size, OUT):
                    copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                    from_g = node * dim_out + at(outs, out)
                    to_rows(incoming, from_g, copies, orders, plan.inner, work, target, padded, padded, lanes)
                    target += orders * padded
            edge = at(edges, place)
            split(nodes, at(source_of, edge) * x_tile, work, x0, x_tile, 1, x_tile)
            clear(work, gy, dim2 * lanes)
            matrix, w, target = m0 + (place - start) * places, edge * step if step else g0, t0
            for out in range(0, plan.outs.size, OUT):
                pull_paths(
                    plan, out, factors, edge * step, work, matrix, x0, -1, target, (row, total, h, gy), to_w,
                    w, 0 if step else 1, lanes,
                )  # fmt: skip
                target += at(outs, out + 2) * at(outs, out + 3)
            for j in range(dim2):
                put(to_y, edge * dim2 + j, sum_lanes(work, gy + j * lanes))
