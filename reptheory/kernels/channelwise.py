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
from reptheory.kernels.jit import compiled, inlined
from reptheory.kernels.simd.channels import clear, dots, matrices, mix_2, pull, sum_lanes, weigh_2
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES, sparse_1

__all__ = [
    "ENTRY",
    "OUT",
    "PATH",
    "ChannelPlan",
    "add_paths",
    "channel_gradient",
    "channel_product",
    "channel_scratch",
    "fill_matrices",
    "pull_paths",
]

Array = NDArray[Any]

VECTORS = 2
"""Vectors of copies that are computed together; copies are padded to whole blocks of them."""
ENTRY, OUT, PATH = 5, 6, 8
"""Columns of `entries`, `outs` and `paths`."""


class ChannelPlan(NamedTuple):
    """A channelwise product as flat arrays, the form that compiled code takes.

    values, inputs  (terms,)             coefficients, and the entry of y that each multiplies
    rows            (places, 2) int64    first term, last term + 1 of each entry of the matrices M, and empty
                                         ones to a multiple of a quarter of the lanes
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
    need = lanes * (plan.dims[1] + places) + tile + out + copies
    if gradient:
        need += lanes * (plan.dims[1] + matrix) + tile + 2 * tile + copies
    return need


@inlined
def fill_matrices(
    plan: ChannelPlan, y: Any, order: Any, ordered: int, first: int, count: int, work: Any, t0: int,
    lanes: int,
) -> None:  # fmt: skip
    """Write a tile of y of some samples at t0, and their matrices M behind it.

    Samples are first, first + 1, ... or, ordered, those that stand there in `order`.
    """
    dim2, places = plan.dims[1], plan.sizes[0]
    for j in range(dim2):
        for lane in range(count):
            sample = at(order, first + lane) if ordered else first + lane
            put(work, t0 + j * lanes + lane, at(y, sample * dim2 + j))
        for lane in range(count, lanes):
            put(work, t0 + j * lanes + lane, 0)
    matrices(
        address(plan.values),
        address(plan.inputs),
        address(plan.rows),
        places,
        work,
        t0,
        t0 + dim2 * lanes,
        places,
    )


@inlined
def add_paths(
    plan: ChannelPlan, out: int, weights: Any, w: int, source: Any, x0: int, work: Any, matrix: int,
    target: int, row: int, fresh: int, lanes: int,
) -> None:  # fmt: skip
    """Add (or, fresh, write) all paths of one sample to the tile of one output.

    w        where the weights of the sample begin; row: scratch for those of a path
    source   where the rows of x stand, from x0 on
    matrix   where the matrices of the sample begin in work
    """
    outs, paths, entries = address(plan.outs), address(plan.paths), address(plan.entries)
    copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
    first, last = at(outs, out + 4) * PATH, at(outs, out + 5) * PATH
    for p in range(first, last, PATH):
        factors, f0 = weights, w + at(paths, p + 4)
        if at(paths, p + 5) != 1 or copies != padded:
            weight_row(weights, f0, at(paths, p + 5), copies, work, row, padded, lanes)
            factors, f0 = work, row
        rows = x0 + at(entries, at(paths, p) * ENTRY + 3)
        weigh_2(
            work, matrix + at(paths, p + 3), 1, orders, orders, at(paths, p + 1), source, rows, padded, work,
            target, padded, 1 if fresh and p == first else 0, padded, factors, f0,
        )  # fmt: skip


@inlined
def pull_paths(
    plan: ChannelPlan, out: int, weights: Any, w: int, work: Any, matrix: int, x0: int, gx: int, g: int,
    places: Any, gradient: Any, to_w: int, add: int, lanes: int,
) -> None:  # fmt: skip
    """Add what all paths of one sample to one output give to the gradients.

    x0, gx     rows of x, and of its gradient, or gx = -1: not wanted
    g          rows of the gradient of the output
    places     of scratch: for the weights of a path, for their gradient, for the rows of H, for the gradient
               of y lane by lane; at its start stands sum_u w x_i g_k lane by lane
    to_w       where the weights of the sample begin in `gradient`; add: they are shared
    """
    row, total, h, gy = places
    outs, paths, entries = address(plan.outs), address(plan.paths), address(plan.entries)
    pulls, values, index = address(plan.pulls), address(plan.pulled), address(plan.places)
    copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
    for p in range(at(outs, out + 4) * PATH, at(outs, out + 5) * PATH, PATH):
        d1, place, tile = at(paths, p + 1), matrix + at(paths, p + 3), at(entries, at(paths, p) * ENTRY + 3)
        factors, f0 = weights, w + at(paths, p + 4)
        if at(paths, p + 5) != 1 or copies != padded:
            weight_row(weights, f0, at(paths, p + 5), copies, work, row, padded, lanes)
            factors, f0 = work, row
        mix_2(work, place, orders, 1, d1, orders, work, g, padded, work, h, padded, 1, padded)
        pull(work, h, x0 + tile, gx if gx < 0 else gx + tile, d1, padded, factors, f0, total, padded)
        dots(work, h, d1, g, orders, padded, padded // lanes, 0)
        for q in range(at(paths, p + 6) * 3, at(paths, p + 7) * 3, 3):
            target = gy + at(pulls, q + 2) * lanes
            sparse_1(values, index, at(pulls, q), at(pulls, q + 1), work, lanes, work, target, 0)
        if at(paths, p + 5) > 0:
            put_weights(gradient, to_w + at(paths, p + 4), at(paths, p + 5), copies, work, total, add, lanes)


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
    entries, outs, inner = address(plan.entries), address(plan.outs), plan.inner
    dim1, dim2, dim_out, _ = plan.dims
    places, x_tile, out_tile, _, _ = plan.sizes
    m0 = dim2 * lanes
    x0 = m0 + places * lanes
    t0 = x0 + x_tile
    row = t0 + out_tile
    work, given, other, factors, result = (
        address(scratch), address(x), address(y), address(weights), address(z),
    )  # fmt: skip
    for start in range(first, last, lanes):
        count = lanes if start + lanes <= last else last - start
        fill_matrices(plan, other, entries, 0, start, count, work, 0, lanes)
        for sample in range(start, start + count):
            for e in range(0, plan.entries.size, ENTRY):
                place, tile, padded = (
                    sample * dim1 + at(entries, e),
                    x0 + at(entries, e + 3),
                    at(entries, e + 4),
                )
                copies, orders = at(entries, e + 1), at(entries, e + 2)
                to_rows(given, place, copies, orders, inner, work, tile, padded, padded, lanes)
            matrix = m0 + (sample - start) * places
            for out in range(0, plan.outs.size, OUT):
                copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                if at(outs, out + 4) == at(outs, out + 5):
                    clear(work, t0, orders * padded)
                add_paths(plan, out, factors, sample * step, work, x0, work, matrix, t0, row, 1, lanes)
                to_z = sample * dim_out + at(outs, out)
                from_rows(work, t0, padded, result, to_z, copies, orders, inner, stream, lanes)


@compiled
def channel_gradient(
    x: Array, y: Array, weights: Array, g: Array, grad_x: Array, grad_y: Array, grad_w: Array, first: int,
    last: int, plan: ChannelPlan, step: int, g0: int, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of x and y of samples first:last, and of the weights, or add those up at g0.

    step   0: shared weights; else the number of weights of a sample
    """
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, outs, inner = address(plan.entries), address(plan.outs), plan.inner
    dim1, dim2, dim_out, _ = plan.dims
    places, x_tile, out_tile, copies_most, largest = plan.sizes
    y0 = largest * lanes
    m0 = y0 + dim2 * lanes
    x0 = m0 + places * lanes
    t0 = x0 + x_tile
    row = t0 + out_tile
    total = row + copies_most
    gx = total + copies_most
    h = gx + x_tile
    gy = h + x_tile
    work, given, other, factors, incoming = (
        address(scratch), address(x), address(y), address(weights), address(g),
    )  # fmt: skip
    to_x, to_y, to_w = address(grad_x), address(grad_y), address(grad_w)
    for start in range(first, last, lanes):
        count = lanes if start + lanes <= last else last - start
        fill_matrices(plan, other, entries, 0, start, count, work, y0, lanes)
        for sample in range(start, start + count):
            for e in range(0, plan.entries.size, ENTRY):
                place, tile, padded = (
                    sample * dim1 + at(entries, e),
                    x0 + at(entries, e + 3),
                    at(entries, e + 4),
                )
                copies, orders = at(entries, e + 1), at(entries, e + 2)
                to_rows(given, place, copies, orders, inner, work, tile, padded, padded, lanes)
            clear(work, gx, x_tile)
            clear(work, gy, dim2 * lanes)
            matrix, w = m0 + (sample - start) * places, sample * step if step else g0
            for out in range(0, plan.outs.size, OUT):
                copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 3)
                from_g = sample * dim_out + at(outs, out)
                to_rows(incoming, from_g, copies, orders, inner, work, t0, padded, padded, lanes)
                pull_paths(
                    plan, out, factors, sample * step, work, matrix, x0, gx, t0, (row, total, h, gy),
                    to_w, w, 0 if step else 1, lanes,
                )  # fmt: skip
            for e in range(0, plan.entries.size, ENTRY):
                copies, orders, padded = at(entries, e + 1), at(entries, e + 2), at(entries, e + 4)
                place = sample * dim1 + at(entries, e)
                from_rows(work, gx + at(entries, e + 3), padded, to_x, place, copies, orders, inner, 0, lanes)
            for j in range(dim2):
                put(to_y, sample * dim2 + j, sum_lanes(work, gy + j * lanes))
