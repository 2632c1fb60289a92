"""Channelwise products, mode uvu: each copy of an irrep of x with a few irreps of y, copies as lanes.

    z[n, u, k] = sum over paths of w[n, u] sum_i M[n, i, k] x[n, u, i],  M[n, i, k] = sum_j C[i, j, k] y[n, j]

y is the same for all copies, so its part of the coupling is taken once a sample: the small matrices M,
computed for a vector of samples at a time. What is left are products of small matrices with rows of copies,
sums in registers. An output entry is complete in a tile before it is written, once, in the layout that is
asked for.

`channel_gradient` gives all three gradients in one pass: with H = M g (orders of x),

    grad x += w H,      grad w = sum_i x H,      grad y_j = sum_ik C[i, j, k] sum_u w x_i g_k.

Proof of the bound: docs/proofs/channelwise.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.copies import from_rows, put_weights, to_rows, weight_row
from reptheory.kernels.jit import compiled, part
from reptheory.kernels.simd import VECTOR_BYTES, gather, scatter, sparse_1
from reptheory.kernels.simd_channels import clear, dots, mix_2, pull, sum_lanes, weigh_2
from reptheory.kernels.simd_pointers import address, at, put

__all__ = [
    "ENTRY",
    "OUT",
    "PATH",
    "ChannelPlan",
    "add_path",
    "channel_gradient",
    "channel_product",
    "channel_scratch",
    "matrix_rows",
    "pull_path",
    "pull_y",
]

Array = NDArray[Any]

VECTORS = 2
"""Vectors of copies that are computed together; copies are padded to whole blocks of them."""
ENTRY, OUT, PATH = 5, 6, 8
"""Columns of `entries`, `outs` and `paths`."""


class ChannelPlan(NamedTuple):
    """A channelwise product as flat arrays, the form that compiled code takes.

    values, inputs  (terms,)             coefficients, and the entry of y that each multiplies
    rows            (places, 2) int64    first term, last term + 1 of each entry of the matrices M
    pulled, places  (terms,)             coefficients, and the entry of the path's matrix each multiplies
    pulls           (Q, 3) int64         first term, last term + 1, entry of y that they add to
    entries         (I, 5) int64         x0, copies, orders, row of the tile, padded copies
    outs            (O, 6) int64         z0, copies, orders, padded copies, first path, last path + 1
    paths           (P, 8) int64         entry, d1, d3, first place, w0, step of w, first pull, last pull + 1;
                                         w0 = -1 without weights
    dims            (dim1, dim2, dim_out, weights)
    sizes           (places, tile of x, largest tile of an output, most padded copies, largest matrix)
    inner           1: copies outside, orders inside (mul_ir); 0: the reverse
    """

    values: Array
    inputs: NDArray[np.int32]
    rows: NDArray[np.int64]
    pulled: Array
    places: NDArray[np.int32]
    pulls: NDArray[np.int64]
    entries: NDArray[np.int64]
    outs: NDArray[np.int64]
    paths: NDArray[np.int64]
    dims: tuple[int, int, int, int]
    sizes: tuple[int, int, int, int, int]
    inner: int


def channel_scratch(plan: ChannelPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `channel_product`, or for its gradient."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    places, tile, out, copies, matrix = plan.sizes
    need = lanes * (plan.dims[1] + 2 * places) + tile + out + copies
    if gradient:
        need += lanes * (plan.dims[1] + matrix) + tile + 2 * tile + copies
    return need


@part
def matrix_rows(values: Any, index: Any, rows: Any, places: int, tile: Any, turned: Any, lanes: int) -> None:
    """Write the entries of the matrices M, samples as lanes, from the tile of y."""
    for row in range(places):
        sparse_1(values, index, at(rows, 2 * row), at(rows, 2 * row + 1), tile, lanes, turned, row * lanes, 1)


@part
def add_path(
    paths: Any, path: int, weights: Any, w: int, source: Any, x0: int, work: Any, matrix: int, copies: int,
    orders: int, target: int, padded: int, row: int, fresh: int, lanes: int,
) -> None:  # fmt: skip
    """Add (or, fresh, write) one path of one sample to the tile of its output.

    w        where the weights of the sample begin; row: scratch for those of the path
    source   where the rows of x stand, from x0 on
    matrix   where the matrices of the sample begin in work
    """
    p = path * PATH
    factors, f0 = weights, w + at(paths, p + 4)
    if at(paths, p + 5) != 1 or copies != padded:
        weight_row(weights, f0, at(paths, p + 5), copies, work, row, padded, lanes)
        factors, f0 = work, row
    weigh_2(
        work, matrix + at(paths, p + 3), 1, orders, orders, at(paths, p + 1), source, x0, padded, work,
        target, padded, fresh, padded, factors, f0,
    )  # fmt: skip


@compiled
def channel_product(
    x: Array, y: Array, weights: Array, z: Array, first: int, last: int, plan: ChannelPlan, step: int,
    stream: int, scratch: Array,
) -> None:  # fmt: skip
    """Write z[first:last]; flat arrays, aligned scratch.

    step     0: one set of weights for all samples; else the number of weights of a sample
    stream   1: z stands on a vector boundary and is too large for the caches
    """
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, outs, paths = address(plan.entries), address(plan.outs), address(plan.paths)
    values, index, rows, inner = address(plan.values), address(plan.inputs), address(plan.rows), plan.inner
    dim1, dim2, dim_out, _ = plan.dims
    places, x_tile, out_tile, _, _ = plan.sizes
    m0 = dim2 * lanes
    to = m0 + places * lanes
    x0 = to + places * lanes
    t0 = x0 + x_tile
    row = t0 + out_tile
    identity = np.arange(max(dim2, places)).astype(np.int32)
    tile, turned, matrix_of = scratch[:m0], scratch[m0:to], scratch[to:x0]
    work, given, factors, result = address(scratch), address(x), address(weights), address(z)
    for start in range(first, last, lanes):
        count = min(lanes, last - start)
        gather(y, start, count, dim2, identity, tile, 1)
        matrix_rows(values, index, rows, places, address(tile), address(turned), lanes)
        scatter(turned, identity, matrix_of, 0, lanes, places, 0, places, 1)
        for sample in range(start, start + count):
            for e in range(0, plan.entries.size, ENTRY):
                from_x, to_tile = sample * dim1 + at(entries, e), x0 + at(entries, e + 3)
                to_rows(
                    given, from_x, at(entries, e + 1), at(entries, e + 2), inner, work, to_tile,
                    at(entries, e + 4), at(entries, e + 4), lanes,
                )  # fmt: skip
            matrix = to + (sample - start) * places
            for out in range(0, plan.outs.size, OUT):
                copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                first_path, last_path = at(outs, out + 4), at(outs, out + 5)
                if first_path == last_path:
                    clear(work, t0, orders * padded)
                for path in range(first_path, last_path):
                    source = x0 + at(entries, at(paths, path * PATH) * ENTRY + 3)
                    fresh = 1 if path == first_path else 0
                    add_path(
                        paths, path, factors, sample * step, work, source, work, matrix, copies, orders, t0,
                        padded, row, fresh, lanes,
                    )  # fmt: skip
                to_z = sample * dim_out + at(outs, out)
                from_rows(work, t0, padded, result, to_z, copies, orders, inner, stream, lanes)


@part
def pull_path(
    paths: Any, path: int, weights: Any, w: int, work: Any, matrix: int, copies: int, orders: int, x0: int,
    g: int, gx: int, h: int, padded: int, row: int, total: int, square: int, lanes: int,
) -> None:  # fmt: skip
    """Write the gradient of the weights of one path of one sample, and the products x g of all orders.

    g, x0, gx   rows of the gradient of its output, of x, and of the gradient of x, or gx = -1: not wanted
    h, row      scratch for the rows of H, and for the weights
    total       where the gradient of the weights goes, copy by copy
    square      where sum_u w x_i g_k goes, lane by lane
    """
    p = path * PATH
    d1 = at(paths, p + 1)
    factors, f0 = weights, w + at(paths, p + 4)
    if at(paths, p + 5) != 1 or copies != padded:
        weight_row(weights, f0, at(paths, p + 5), copies, work, row, padded, lanes)
        factors, f0 = work, row
    place = matrix + at(paths, p + 3)
    mix_2(work, place, orders, 1, d1, orders, work, g, padded, work, h, padded, 1, padded)
    pull(work, h, x0, gx, d1, padded, factors, f0, total, padded)
    dots(work, h, d1, g, orders, padded, padded // lanes, square)


@part
def pull_y(
    paths: Any, path: int, pulls: Any, values: Any, index: Any, work: Any, squares: Any, gy: int, lanes: int
) -> None:
    """Add one path to the gradient of y, lane by lane."""
    for pull_row in range(at(paths, path * PATH + 6), at(paths, path * PATH + 7)):
        q = pull_row * 3
        target = gy + at(pulls, q + 2) * lanes
        sparse_1(values, index, at(pulls, q), at(pulls, q + 1), squares, lanes, work, target, 0)


@compiled
def channel_gradient(
    x: Array, y: Array, weights: Array, g: Array, grad_x: Array, grad_y: Array, grad_w: Array, first: int,
    last: int, plan: ChannelPlan, step: int, g0: int, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of x and y of samples first:last, and of the weights, or add those up at g0.

    step   0: shared weights; else the number of weights of a sample
    """
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, outs, paths = address(plan.entries), address(plan.outs), address(plan.paths)
    values, index, rows, inner = address(plan.values), address(plan.inputs), address(plan.rows), plan.inner
    pulled, pulled_places, pulls = address(plan.pulled), address(plan.places), address(plan.pulls)
    dim1, dim2, dim_out, _ = plan.dims
    places, x_tile, out_tile, copies_most, _ = plan.sizes
    m0 = dim2 * lanes
    to = m0 + places * lanes
    x0 = to + places * lanes
    t0 = x0 + x_tile
    row = t0 + out_tile
    total = row + copies_most
    gx = total + copies_most
    h = gx + x_tile
    gy = h + x_tile
    square = gy + dim2 * lanes
    identity = np.arange(max(dim2, places)).astype(np.int32)
    tile, turned, matrix_of, squares = scratch[:m0], scratch[m0:to], scratch[to:x0], scratch[square:]
    work, given, factors, incoming = address(scratch), address(x), address(weights), address(g)
    to_x, to_y, to_w = address(grad_x), address(grad_y), address(grad_w)
    for start in range(first, last, lanes):
        count = min(lanes, last - start)
        gather(y, start, count, dim2, identity, tile, 1)
        matrix_rows(values, index, rows, places, address(tile), address(turned), lanes)
        scatter(turned, identity, matrix_of, 0, lanes, places, 0, places, 1)
        for sample in range(start, start + count):
            for e in range(0, plan.entries.size, ENTRY):
                from_x, to_tile = sample * dim1 + at(entries, e), x0 + at(entries, e + 3)
                to_rows(
                    given, from_x, at(entries, e + 1), at(entries, e + 2), inner, work, to_tile,
                    at(entries, e + 4), at(entries, e + 4), lanes,
                )  # fmt: skip
            clear(work, gx, x_tile)
            clear(work, gy, dim2 * lanes)
            matrix = to + (sample - start) * places
            for out in range(0, plan.outs.size, OUT):
                copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                from_g = sample * dim_out + at(outs, out)
                to_rows(incoming, from_g, copies, orders, inner, work, t0, padded, padded, lanes)
                for path in range(at(outs, out + 4), at(outs, out + 5)):
                    to_tile = at(entries, at(paths, path * PATH) * ENTRY + 3)
                    pull_path(
                        paths, path, factors, sample * step, work, matrix, copies, orders, x0 + to_tile, t0,
                        gx + to_tile, h, padded, row, total, square, lanes,
                    )  # fmt: skip
                    pull_y(paths, path, pulls, pulled, pulled_places, work, address(squares), gy, lanes)
                    w_step = at(paths, path * PATH + 5)
                    if w_step > 0:
                        w = (sample * step if step else g0) + at(paths, path * PATH + 4)
                        put_weights(to_w, w, w_step, copies, work, total, 0 if step else 1, lanes)
            for e in range(0, plan.entries.size, ENTRY):
                copies, orders, padded = at(entries, e + 1), at(entries, e + 2), at(entries, e + 4)
                place = sample * dim1 + at(entries, e)
                from_rows(work, gx + at(entries, e + 3), padded, to_x, place, copies, orders, inner, 0, lanes)
            for j in range(dim2):
                put(to_y, sample * dim2 + j, sum_lanes(work, gy + j * lanes))
