"""Message passing: channelwise products on the edges of a graph, gathered from nodes and summed into nodes.

    z[r, u, k] = sum over edges e into r and over paths of w[e, u] sum_i M[e, i, k] x[sender(e), u, i]

Nothing is written an edge: a node's result stays in a tile until its last edge. Edges of a node are taken in
the order that is handed in, whatever the threads, so results do not depend on them. `rows_of_nodes` lays the
nodes out once, copies as lanes. The gradient in x is the same sum with the ends of the edges exchanged, and
M transposed; `edge_gradient` gives those in y and in the weights.

Proof of the bound: docs/proofs/channelwise.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.channelwise import (
    ENTRY,
    OUT,
    PATH,
    ChannelPlan,
    add_path,
    matrix_rows,
    pull_path,
    pull_y,
)
from reptheory.kernels.copies import from_rows, put_weights, to_rows
from reptheory.kernels.jit import compiled, part
from reptheory.kernels.simd import VECTOR_BYTES, scatter
from reptheory.kernels.simd_channels import clear, sum_lanes
from reptheory.kernels.simd_irreps import split
from reptheory.kernels.simd_pointers import address, at, put

__all__ = ["edge_gradient", "edge_product", "edge_scratch", "rows_of_nodes"]

Array = NDArray[Any]
Places = NDArray[np.int64]


def edge_scratch(plan: ChannelPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `edge_product`, or for `edge_gradient`."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    places, tile, _, copies, matrix = plan.sizes
    results = int((plan.outs[:, 2] * plan.outs[:, 3]).sum())
    need = lanes * (plan.dims[1] + 2 * places) + results + copies
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


@part
def _edge_lanes(y: Any, dim2: int, order: Any, first: int, count: int, tile: Any, lanes: int) -> None:
    """Bring y of some edges to a tile, edges as lanes; pad with 0."""
    for j in range(dim2):
        for lane in range(count):
            put(tile, j * lanes + lane, at(y, at(order, first + lane) * dim2 + j))
        for lane in range(count, lanes):
            put(tile, j * lanes + lane, 0)


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
    entries, outs, paths = address(plan.entries), address(plan.outs), address(plan.paths)
    values, inputs, terms = address(plan.values), address(plan.inputs), address(plan.rows)
    _, dim2, dim_out, _ = plan.dims
    places, x_tile, _, copies_most, _ = plan.sizes
    m0 = dim2 * lanes
    to = m0 + places * lanes
    row = to + places * lanes
    t0 = row + copies_most
    tile, turned, matrix_of = scratch[:m0], scratch[m0:to], scratch[to:row]
    identity = np.arange(places).astype(np.int32)
    nodes, given, factors, result, work = (
        address(rows),
        address(y),
        address(weights),
        address(z),
        address(scratch),
    )
    edges, source_of = address(order), address(senders)
    for node in range(first, last):
        clear(work, t0, scratch.size - t0)
        for start in range(starts[node], starts[node + 1], lanes):
            count = min(lanes, starts[node + 1] - start)
            _edge_lanes(given, dim2, edges, start, count, address(tile), lanes)
            matrix_rows(values, inputs, terms, places, address(tile), address(turned), lanes)
            scatter(turned, identity, matrix_of, 0, lanes, places, 0, places, 1)
            target = t0
            for out in range(0, plan.outs.size, OUT):
                copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                for lane in range(count):
                    edge = at(edges, start + lane)
                    x0, matrix = at(source_of, edge) * x_tile, to + lane * places
                    for path in range(at(outs, out + 4), at(outs, out + 5)):
                        source = x0 + at(entries, at(paths, path * PATH) * ENTRY + 3)
                        add_path(
                            paths, path, factors, edge * step, nodes, source, work, matrix, copies, orders,
                            target, padded, row, 0, lanes,
                        )  # fmt: skip
                target += orders * padded
        target = t0
        for out in range(0, plan.outs.size, OUT):
            copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
            place = node * dim_out + at(outs, out)
            from_rows(work, target, padded, result, place, copies, orders, plan.inner, 0, lanes)
            target += orders * padded


@compiled
def edge_gradient(
    rows: Array, y: Array, weights: Array, g: Array, grad_y: Array, grad_w: Array, first: int, last: int,
    plan: ChannelPlan, step: int, g0: int, order: Places, starts: Places, senders: Places, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of y and of the weights of all edges into the nodes first:last.

    g    the gradient of z, flat; shared weights (step 0) are added up at g0
    """
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, outs, paths = address(plan.entries), address(plan.outs), address(plan.paths)
    values, inputs, terms = address(plan.values), address(plan.inputs), address(plan.rows)
    pulled, pulled_places, pulls = address(plan.pulled), address(plan.places), address(plan.pulls)
    _, dim2, dim_out, _ = plan.dims
    places, x_tile, _, copies_most, largest = plan.sizes
    m0 = dim2 * lanes
    to = m0 + places * lanes
    row = to + places * lanes
    total = row + copies_most
    x0 = total + copies_most
    h = x0 + x_tile
    gy = h + x_tile
    square = gy + dim2 * lanes
    t0 = square + largest * lanes
    tile, turned, matrix_of, squares = scratch[:m0], scratch[m0:to], scratch[to:row], scratch[square:t0]
    identity = np.arange(places).astype(np.int32)
    nodes, given, factors, incoming, work = (
        address(rows),
        address(y),
        address(weights),
        address(g),
        address(scratch),
    )
    to_y, to_w, edges, source_of = address(grad_y), address(grad_w), address(order), address(senders)
    for node in range(first, last):
        target = t0
        for out in range(0, plan.outs.size, OUT):
            copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
            place = node * dim_out + at(outs, out)
            to_rows(incoming, place, copies, orders, plan.inner, work, target, padded, padded, lanes)
            target += orders * padded
        for start in range(starts[node], starts[node + 1], lanes):
            count = min(lanes, starts[node + 1] - start)
            _edge_lanes(given, dim2, edges, start, count, address(tile), lanes)
            matrix_rows(values, inputs, terms, places, address(tile), address(turned), lanes)
            scatter(turned, identity, matrix_of, 0, lanes, places, 0, places, 1)
            for lane in range(count):
                edge = at(edges, start + lane)
                split(nodes, at(source_of, edge) * x_tile, work, x0, x_tile, 1, x_tile)
                clear(work, gy, dim2 * lanes)
                matrix, target = to + lane * places, t0
                for out in range(0, plan.outs.size, OUT):
                    copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                    for path in range(at(outs, out + 4), at(outs, out + 5)):
                        to_tile = x0 + at(entries, at(paths, path * PATH) * ENTRY + 3)
                        pull_path(
                            paths, path, factors, edge * step, work, matrix, copies, orders, to_tile, target,
                            -1, h, padded, row, total, square, lanes,
                        )  # fmt: skip
                        pull_y(paths, path, pulls, pulled, pulled_places, work, address(squares), gy, lanes)
                        w_step = at(paths, path * PATH + 5)
                        if w_step > 0:
                            w = (edge * step if step else g0) + at(paths, path * PATH + 4)
                            put_weights(to_w, w, w_step, copies, work, total, 0 if step else 1, lanes)
                    target += orders * padded
                for j in range(dim2):
                    put(to_y, edge * dim2 + j, sum_lanes(work, gy + j * lanes))
