"""Products copy by copy, mode uuu: copy u of x with copy u of y, summed over paths, copies as lanes.

    z[n, u, k] = sum over paths of w[n, u] sum_ij C[i, j, k] x[n, u, i] y[n, u, j]

The products of all orders of a pair of irreps are taken once for all paths from that pair. Where copies fill
less than 4 vectors, several samples lie side by side. `copy_gradient` gives all three gradients in one pass:
with t_k the inner sum, h_k = w g_k and q_ij = sum over the paths of a pair and k of C[i, j, k] h_k,

    grad w = sum_k t_k g_k,    grad x_i += sum_j q_ij y_j,    grad y_j += sum_i q_ij x_i.

Proof of the bound: docs/proofs/channelwise.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.copies import ENTRY, empty_rows, fill_rows, put_weights, weight_row
from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.copies import WIDTH, couple_4, pull_4
from reptheory.kernels.simd.plain import COPY_GROUP, COPY_ROW
from reptheory.kernels.simd.pointers import address, at
from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = [
    "GROUP",
    "PATH",
    "ROW",
    "WIDTH",
    "CopyPlan",
    "copy_gradient",
    "copy_product",
    "copy_scratch",
]

Array = NDArray[Any]

GROUP, PATH, ROW = COPY_GROUP, 3, COPY_ROW
"""Columns of `groups`, `paths` and `rows`."""


class CopyPlan(NamedTuple):
    """A product copy by copy as flat arrays, the form that compiled code takes.

    values, places  (terms,)         coefficients; which pair i n2 + j, or row of h, each multiplies
    rows            (R, 5) int64     first term, last term + 1; of the orders of paths also the row of z,
                                     that of the weights, that of h; of pairs (i, j) nothing more
    entries         (I + J + K, 5)   of x, y and z: start, copies, orders, row of the tile, padded copies
    groups          (G, 8) int64     rows of x and y in their tiles, n1, n2, lanes of a row, first row,
                                     last row + 1, first row of its pairs
    paths           (P, 3) int64     w0, step of w (0: no weights), entry of z
    dims            (dim1, dim2, dim_out, weights)
    sizes           (samples side by side, tiles of x, y and z, rows of an outer product, rows of h, longest
                    row)
    counts          (I, J, K)
    inner           1: copies outside, orders inside (mul_ir); 0: the reverse
    direct          1: the arrays have the form of tiles, and serve as they are
    """

    values: Array
    places: NDArray[np.int32]
    rows: NDArray[np.int64]
    entries: NDArray[np.int64]
    groups: NDArray[np.int64]
    paths: NDArray[np.int64]
    dims: tuple[int, int, int, int]
    sizes: tuple[int, int, int, int, int, int, int]
    counts: tuple[int, int, int]
    inner: int
    direct: int


def copy_scratch(plan: CopyPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `copy_product`, or for its gradient."""
    _, x, y, z, outer, pulled, width = plan.sizes
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    need = x + y + z + len(plan.paths) * width + outer * span
    return need + x + y + len(plan.paths) * width + pulled * span if gradient else need


@inlined
def _fill(
    x: Any, dim: int, entries: Any, first: int, last: int, start: int, count: int, samples: int, inner: int,
    work: Any, t0: int, size: int, lanes: int,
) -> None:  # fmt: skip
    """Bring some samples to a tile, side by side; clear the places of those that are not there."""
    if count < samples:
        clear(work, t0, size)
    for s in range(count):
        fill_rows(x, (start + s) * dim, entries, first, last, ENTRY, inner, work, t0, s, samples, lanes)


@inlined
def _factors(
    weights: Any, w: int, step: int, paths: Any, size: int, entries: Any, count: int, work: Any, f0: int,
    width: int, lanes: int,
) -> None:  # fmt: skip
    """Bring the weights of each path to a row, for samples side by side."""
    for path in range(0, size, PATH):
        e = at(paths, path + 2) * ENTRY
        copies, padded = at(entries, e + 1), at(entries, e + 4)
        for s in range(count):
            place, row = w + s * step + at(paths, path), f0 + path // PATH * width + s * padded
            weight_row(weights, place, at(paths, path + 1), copies, work, row, padded, lanes)


@part
def _put_totals(
    paths: Any, size: int, entries: Any, work: Any, t0: int, width: int, count: int, gradient: Any, w: int,
    step: int, lanes: int,
) -> None:  # fmt: skip
    """Write the gradients of the weights of some samples, or, shared, add those of all samples up."""
    for path in range(0, size, PATH):
        w_step, e = at(paths, path + 1), at(paths, path + 2) * ENTRY
        if w_step:
            for s in range(count):
                source = t0 + path // PATH * width + s * at(entries, e + 4)
                place = w + s * step + at(paths, path)
                copies, add = at(entries, e + 1), 0 if step else 1
                put_weights(gradient, place, w_step, copies, work, source, add, lanes)


@compiled
def copy_product(
    x: Array, y: Array, weights: Array, z: Array, first: int, last: int, plan: CopyPlan, step: int,
    stream: int, scratch: Array,
) -> None:  # fmt: skip
    """Write z[first:last]; flat arrays, aligned scratch.

    step     0: one set of weights for all samples; else the number of weights of a sample
    stream   1: z stands on a vector boundary and is too large for the caches
    """
    plan = CopyPlan(*plan)
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, groups, paths = address(plan.entries), address(plan.groups), address(plan.paths)
    values, index, rows = address(plan.values), address(plan.places), address(plan.rows)
    given, other, factors, result = address(x), address(y), address(weights), address(z)
    work, inner, size = address(scratch), plan.inner, plan.paths.size
    dim1, dim2, dim_out, _ = plan.dims
    samples, x_tile, y_tile, z_tile, _, _, width = plan.sizes
    from_y = plan.counts[0]
    from_z = from_y + plan.counts[1]
    z0 = x_tile + y_tile
    f0 = z0 + z_tile
    p0 = f0 + size // PATH * width
    if step == 0:
        _factors(factors, 0, 0, paths, size, entries, samples, work, f0, width, lanes)
    for start in range(first, last, samples):
        count = samples if start + samples <= last else last - start
        left, right, target = (given, other, result) if plan.direct else (work, work, work)
        a, b, c = (start * dim1, start * dim2, start * dim_out) if plan.direct else (0, x_tile, z0)
        if step:
            _factors(factors, start * step, step, paths, size, entries, count, work, f0, width, lanes)
        if not plan.direct:
            _fill(given, dim1, entries, 0, from_y, start, count, samples, inner, work, a, x_tile, lanes)
            _fill(other, dim2, entries, from_y, from_z, start, count, samples, inner, work, b, y_tile, lanes)
        clear(target, c, z_tile)
        couple_4(
            work, values, index, rows, groups, plan.groups.size // GROUP, left, a, right, b, target, c, p0, f0
        )
        if not plan.direct:
            for s in range(count):
                empty_rows(
                    work, c, s, samples, entries, from_z, from_z + plan.counts[2], ENTRY, result,
                    (start + s) * dim_out, inner, stream, lanes,
                )  # fmt: skip


@compiled
def copy_gradient(
    x: Array, y: Array, weights: Array, g: Array, grad_x: Array, grad_y: Array, grad_w: Array, first: int,
    last: int, plan: CopyPlan, step: int, g0: int, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of x and y of samples first:last, and of the weights, or add those up at g0.

    step   0: shared weights; else the number of weights of a sample
    """
    plan = CopyPlan(*plan)
    lanes = VECTOR_BYTES // plan.values.itemsize
    entries, groups, paths = address(plan.entries), address(plan.groups), address(plan.paths)
    values, index, rows = address(plan.values), address(plan.places), address(plan.rows)
    given, other, factors, incoming = address(x), address(y), address(weights), address(g)
    to_x, to_y, to_w = address(grad_x), address(grad_y), address(grad_w)
    work, inner, size = address(scratch), plan.inner, plan.paths.size
    dim1, dim2, dim_out, _ = plan.dims
    samples, x_tile, y_tile, z_tile, outer, _, width = plan.sizes
    from_y = plan.counts[0]
    from_z = from_y + plan.counts[1]
    z0 = x_tile + y_tile
    f0 = z0 + z_tile
    t0 = f0 + size // PATH * width
    gx = t0 + size // PATH * width
    gy = gx + x_tile
    p0 = gy + y_tile
    h0 = p0 + outer * WIDTH * lanes
    if step == 0:
        _factors(factors, 0, 0, paths, size, entries, samples, work, f0, width, lanes)
        clear(work, t0, gx - t0)
    for start in range(first, last, samples):
        count = samples if start + samples <= last else last - start
        left, right, source = (given, other, incoming) if plan.direct else (work, work, work)
        a, b, c = (start * dim1, start * dim2, start * dim_out) if plan.direct else (0, x_tile, z0)
        pulled_x, pulled_y = (to_x, to_y) if plan.direct else (work, work)
        to_a, to_b = (a, b) if plan.direct else (gx, gy)
        if step:
            _factors(factors, start * step, step, paths, size, entries, count, work, f0, width, lanes)
            clear(work, t0, gx - t0)
        if not plan.direct:
            _fill(given, dim1, entries, 0, from_y, start, count, samples, inner, work, a, x_tile, lanes)
            _fill(other, dim2, entries, from_y, from_z, start, count, samples, inner, work, b, y_tile, lanes)
            _fill(
                incoming, dim_out, entries, from_z, from_z + plan.counts[2], start, count, samples, inner,
                work, c, z_tile, lanes,
            )  # fmt: skip
        clear(pulled_x, to_a, x_tile)
        clear(pulled_y, to_b, y_tile)
        pull_4(
            work, values, index, rows, groups, plan.groups.size // GROUP, left, a, right, b, source, c, p0,
            f0, pulled_x, to_a, pulled_y, to_b, h0, t0,
        )  # fmt: skip
        if not plan.direct:
            for s in range(start, start + count):
                k = s - start
                empty_rows(work, gx, k, samples, entries, 0, from_y, ENTRY, to_x, s * dim1, inner, 0, lanes)
                empty_rows(
                    work, gy, k, samples, entries, from_y, from_z, ENTRY, to_y, s * dim2, inner, 0, lanes
                )
        if step:
            _put_totals(paths, size, entries, work, t0, width, count, to_w, start * step, step, lanes)
    if step == 0:
        _put_totals(paths, size, entries, work, t0, width, samples, to_w, g0, 0, lanes)
