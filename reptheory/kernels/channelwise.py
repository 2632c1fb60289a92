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

from reptheory.kernels.copies import ENTRY, empty_rows, fill_rows, from_rows, put_weights, weight_row
from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.simd.channels import clear, matrices, sum_lanes, weigh_2
from reptheory.kernels.simd.paths import pull_path
from reptheory.kernels.simd.plain import CHANNEL_OUT, CHANNEL_PATH
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES, sparse_1

__all__ = [
    "OUT",
    "PATH",
    "ChannelPlan",
    "channel_gradient",
    "channel_product",
    "channel_scratch",
    "fill_matrices",
    "pull_paths",
    "weight_rows",
]

Array = NDArray[Any]

VECTORS = 2
"""Vectors of copies that are computed together; copies are padded to whole blocks of them."""
OUT, PATH = CHANNEL_OUT, CHANNEL_PATH
"""Columns of `outs` and `paths`."""


class ChannelPlan(NamedTuple):
    """A channelwise product as flat arrays, the form that compiled code takes.

    values, inputs  (terms,)             coefficients, and the entry of y that each multiplies
    rows            (places, 2) int64    first term, last term + 1 of each entry of the matrices M, and empty
                                         ones to a multiple of a quarter of the lanes
    pulled, places  (terms,)             coefficients, and the entry of the path's matrix each multiplies
    pulls           (Q, 3) int64         first term, last term + 1, entry of y that they add to
    entries         (I, 5) int64         x0, copies, orders, row of the tile, padded copies
    outs            (O, 7) int64         z0, copies, orders, row of the tile, padded copies, first path, last
                                         path + 1
    paths           (P, 8) int64         row of x in its tile, d1, first place, weights where they are read,
                                         w0, step of w, first pull, last pull + 1; w0 = -1 without weights
    dims            (dim1, dim2, dim_out, weights)
    sizes           (places, tile of x, tile of z, most padded copies, largest matrix, rows of weights)
    inner           1: copies outside, orders inside (mul_ir); 0: the reverse
    direct          1: weights are rows of whole vectors, and read where they stand
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
    sizes: tuple[int, int, int, int, int, int]
    inner: int
    direct: int


def channel_scratch(plan: ChannelPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `channel_product`, or for its gradient."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    places, tile, results, copies, matrix, weights = plan.sizes
    need = lanes * (plan.dims[1] + places) + tile + results + weights
    return need + lanes * (plan.dims[1] + matrix) + tile + copies if gradient else need


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


@part
def weight_rows(
    outs: Any, size: int, paths: Any, weights: Any, w: int, work: Any, row: int, lanes: int
) -> None:
    """Bring the weights of all paths of a sample to rows of whole vectors, where `plan.paths` places them."""
    for out in range(0, size, OUT):
        copies, padded = at(outs, out + 1), at(outs, out + 4)
        for p in range(at(outs, out + 5) * PATH, at(outs, out + 6) * PATH, PATH):
            place, step = w + at(paths, p + 4), at(paths, p + 5)
            weight_row(weights, place, step, copies, work, row + at(paths, p + 3), padded, lanes)


@inlined
def pull_paths(
    plan: ChannelPlan, weights: Any, w: int, work: Any, matrix: int, x: Any, x0: int, gx: int, g: int,
    places: Any, gradient: Any, to_w: int, add: int, to_y: Any, y0: int, lanes: int,
) -> None:  # fmt: skip
    """Add what all paths of one sample give to the gradients; write that of y.

    w, x0, gx  weights and rows of x of the sample, and rows of the gradient of x, or gx = -1: not wanted
    g          rows of the gradient of all outputs
    places     of scratch: for the gradient of the weights of a path, for the gradient of y lane by lane; at
               its start stands sum_u w x_i g_k lane by lane
    to_w       where the weights of the sample begin in `gradient`; add: they are shared
    """
    total, gy = places
    outs, paths, pulls = address(plan.outs), address(plan.paths), address(plan.pulls)
    values, index = address(plan.pulled), address(plan.places)
    clear(work, gy, plan.dims[1] * lanes)
    for out in range(0, plan.outs.size, OUT):
        copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 4)
        for p in range(at(outs, out + 5) * PATH, at(outs, out + 6) * PATH, PATH):
            row, from_w = at(paths, p), w + at(paths, p + 3)
            pull_path(
                work, matrix + at(paths, p + 2), x, x0 + row, at(paths, p + 1), gx if gx < 0 else gx + row,
                g + at(outs, out + 3), orders, padded, weights, from_w, total, 0,
            )  # fmt: skip
            for q in range(at(paths, p + 6) * 3, at(paths, p + 7) * 3, 3):
                target = gy + at(pulls, q + 2) * lanes
                sparse_1(values, index, at(pulls, q), at(pulls, q + 1), work, lanes, work, target, 0)
            if at(paths, p + 5) > 0:
                put_weights(
                    gradient, to_w + at(paths, p + 4), at(paths, p + 5), copies, work, total, add, lanes
                )
    for j in range(plan.dims[1]):
        put(to_y, y0 + j, sum_lanes(work, gy + j * lanes))


@compiled
def channel_product(
    x: Array, y: Array, weights: Array, z: Array, first: int, last: int, plan: ChannelPlan, step: int,
    stream: int, scratch: Array,
) -> None:  # fmt: skip
    """Write z[first:last]; flat arrays, aligned scratch.

    step     0: one set of weights for all samples; else the number of weights of a sample
    stream   1: z stands on a vector boundary and is too large for the caches
    """
    plan = ChannelPlan(*plan)
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, outs, paths, inner = address(plan.entries), address(plan.outs), address(plan.paths), plan.inner
    dim1, dim2, dim_out, _ = plan.dims
    places, x_tile, results, _, _, _ = plan.sizes
    m0 = dim2 * lanes
    x0 = m0 + places * lanes
    t0 = x0 + x_tile
    row = t0 + results
    work, given, other, result = address(scratch), address(x), address(y), address(z)
    factors, count_x = address(weights) if plan.direct else work, plan.entries.size // ENTRY
    if step == 0 and not plan.direct:
        weight_rows(outs, plan.outs.size, paths, address(weights), 0, work, row, lanes)
    for start in range(first, last, lanes):
        count = lanes if start + lanes <= last else last - start
        fill_matrices(plan, other, entries, 0, start, count, work, 0, lanes)
        for sample in range(start, start + count):
            if step and not plan.direct:
                weight_rows(outs, plan.outs.size, paths, address(weights), sample * step, work, row, lanes)
            fill_rows(given, sample * dim1, entries, 0, count_x, ENTRY, inner, work, x0, 0, 1, lanes)
            matrix, w = m0 + (sample - start) * places, sample * step if plan.direct else row
            for out in range(0, plan.outs.size, OUT):
                copies, orders, padded = at(outs, out + 1), at(outs, out + 2), at(outs, out + 4)
                if at(outs, out + 5) == at(outs, out + 6):
                    clear(work, t0, orders * padded)
                begin = at(outs, out + 5) * PATH
                for p in range(begin, at(outs, out + 6) * PATH, PATH):
                    weigh_2(
                        work, matrix + at(paths, p + 2), 1, orders, orders, at(paths, p + 1), work,
                        x0 + at(paths, p), padded, work, t0, padded, 1 if p == begin else 0, padded,
                        factors, w + at(paths, p + 3),
                    )  # fmt: skip
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
    plan = ChannelPlan(*plan)
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, outs, paths, inner = address(plan.entries), address(plan.outs), address(plan.paths), plan.inner
    dim1, dim2, dim_out, _ = plan.dims
    places, x_tile, results, copies_most, largest, rows = plan.sizes
    y0 = largest * lanes
    m0 = y0 + dim2 * lanes
    x0 = m0 + places * lanes
    t0 = x0 + x_tile
    row = t0 + results
    total = row + rows
    gx = total + copies_most
    gy = gx + x_tile
    work, given, other, incoming = address(scratch), address(x), address(y), address(g)
    count_x, count_z, to_x = plan.entries.size // ENTRY, plan.outs.size // OUT, address(grad_x)
    factors = address(weights) if plan.direct else work
    if step == 0 and not plan.direct:
        weight_rows(outs, plan.outs.size, paths, address(weights), 0, work, row, lanes)
    for start in range(first, last, lanes):
        count = lanes if start + lanes <= last else last - start
        fill_matrices(plan, other, entries, 0, start, count, work, y0, lanes)
        for sample in range(start, start + count):
            if step and not plan.direct:
                weight_rows(outs, plan.outs.size, paths, address(weights), sample * step, work, row, lanes)
            fill_rows(given, sample * dim1, entries, 0, count_x, ENTRY, inner, work, x0, 0, 1, lanes)
            fill_rows(incoming, sample * dim_out, outs, 0, count_z, OUT, inner, work, t0, 0, 1, lanes)
            clear(work, gx, x_tile)
            pull_paths(
                plan, factors, sample * step if plan.direct else row, work, m0 + (sample - start) * places,
                work, x0, gx, t0, (total, gy), address(grad_w), sample * step if step else g0,
                0 if step else 1, address(grad_y), sample * dim2, lanes,
            )  # fmt: skip
            empty_rows(work, gx, 0, 1, entries, 0, count_x, ENTRY, to_x, sample * dim1, inner, 0, lanes)
