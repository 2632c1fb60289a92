"""Products copy by copy, mode uuu: copy u of x with copy u of y, summed over paths, copies as lanes.

    z[n, u, k] = sum over paths of w[n, u] sum_ij C[i, j, k] x[n, u, i] y[n, u, j]

All paths from the same y to the same z are taken together: with h = w x, and q_jk the sum of C[i, j, k] h_i
over them and i, z_k += sum_j q_jk y_j. Orders m and -m go as complex numbers (`simd.copies`): one coefficient
couples |m| of x, y and z. Where copies fill less than 4 vectors, several samples lie side by side.
`copy_gradient` gives all three gradients in one pass: with p_jk = y_j g_k, and t_i the sum of C[i, j, k] p_jk
over j and k for a path,

    grad y_j += sum_k q_jk g_k,    grad w = sum_i t_i x_i,    grad x_i += w t_i.

Proof of the bound: docs/proofs/channelwise.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.copies import ENTRY, empty_rows, fill_rows, put_weights, weight_row
from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.columns import copy_1
from reptheory.kernels.simd.copies import WIDTH, couple_4, pull_4
from reptheory.kernels.simd.copies_plain import COPY_EXIT, COPY_GROUP, COPY_NODE, COPY_PATH
from reptheory.kernels.simd.pointers import address, at
from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = [
    "EXIT",
    "GROUP",
    "NODE",
    "PATH",
    "WIDTH",
    "CopyPlan",
    "copy_gradient",
    "copy_product",
    "copy_scratch",
]

Array = NDArray[Any]

GROUP, PATH, EXIT, NODE = COPY_GROUP, COPY_PATH, COPY_EXIT, COPY_NODE
"""Columns of `groups`, `paths`, `exits` and `nodes`."""


class CopyPlan(NamedTuple):
    """A product copy by copy as flat arrays, the form that compiled code takes.

    values, places  (terms,)         coefficients; which row of h, or of p in `pulls`, each multiplies
    groups          (G, 8) int64     lanes of a row, first path, last + 1, first exit, last + 1, rows of y and
                                     of z of order 0, first term
    paths           (P, 10) int64    w0, step of w (0: no weights), entry of z, row of weights; row of x of
                                     order 0, step from there to the first of the pair of order 1, l1, 1 where
                                     the second of a pair is negative, first row of h, row of `pulls`
    exits           (E, 4) int64     rows of z of an order m and -m (or 0 twice), first node, last + 1
    nodes           (N, 6) int64     pattern, first term, last + 1, rows of y of an order m and -m, row of p
    pulls           (R, 2) int64     first term, last + 1 of each order m >= 0 of x in a path
    entries         (I + J + K, 5)   of x, y and z: start, copies, orders, row of the tile, padded copies
    dims            (dim1, dim2, dim_out, weights)
    sizes           (samples side by side, tiles of x, y and z, rows of h, rows of p, longest row)
    counts          (I, J, K)
    inner           1: copies outside, orders inside (mul_ir); 0: the reverse
    direct          1: a sample has the form of a tile as it stands in the arrays
    """

    values: Array
    places: NDArray[np.int32]
    groups: NDArray[np.int64]
    paths: NDArray[np.int64]
    exits: NDArray[np.int64]
    nodes: NDArray[np.int64]
    pulls: NDArray[np.int64]
    entries: NDArray[np.int64]
    dims: tuple[int, int, int, int]
    sizes: tuple[int, int, int, int, int, int, int]
    counts: tuple[int, int, int]
    inner: int
    direct: int


def copy_scratch(plan: CopyPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `copy_product`, or for its gradient."""
    _, x, y, z, weighted, paired, width = plan.sizes
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    need = x + y + z + len(plan.paths) * width + weighted * span
    return need + x + y + len(plan.paths) * width + paired * span if gradient else need


@part
def _copy(x: Any, x0: int, z: Any, z0: int, size: int, lanes: int) -> None:
    """Copy whole vectors."""
    for c in range(0, size, lanes):
        copy_1(x, x0 + c, z, z0 + c)


@inlined
def _fill(
    x: Any, dim: int, entries: Any, first: int, last: int, start: int, count: int, samples: int, inner: int,
    direct: int, work: Any, t0: int, size: int, lanes: int,
) -> None:  # fmt: skip
    """Bring some samples to a tile, side by side; clear the places of those that are not there."""
    if direct:
        _copy(x, start * dim, work, t0, dim, lanes)
    else:
        if count < samples:
            clear(work, t0, size)
        for s in range(count):
            fill_rows(x, (start + s) * dim, entries, first, last, ENTRY, inner, work, t0, s, samples, lanes)


@inlined
def _empty(
    work: Any, t0: int, count: int, samples: int, entries: Any, first: int, last: int, z: Any, dim: int,
    start: int, inner: int, direct: int, stream: int, lanes: int,
) -> None:  # fmt: skip
    """Write some samples from a tile; the reverse of `_fill`."""
    if direct:
        _copy(work, t0, z, start * dim, dim, lanes)
    else:
        for s in range(count):
            empty_rows(
                work, t0, s, samples, entries, first, last, ENTRY, z, (start + s) * dim, inner, stream, lanes
            )


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


@lru_cache(maxsize=64)
def copy_product(direct: bool, code: str = "") -> Callable[..., None]:
    """Return the kernel of products by plans that are `direct`, or not.

    It writes z[first:last] from flat arrays and aligned scratch. A kernel without what the other kind needs
    compiles in two thirds of the time.

    code     what `simd.copy_code` wrote for the plan; none: by its tables
    step     0: one set of weights for all samples; else the number of weights of a sample
    stream   1: z stands on a vector boundary and is too large for the caches
    """

    @compiled
    def product(
        x: Array, y: Array, weights: Array, z: Array, first: int, last: int, plan: CopyPlan, step: int,
        stream: int, scratch: Array,
    ) -> None:  # fmt: skip
        plan = CopyPlan(*plan)
        lanes = VECTOR_BYTES // plan.values.itemsize
        entries, groups, paths = address(plan.entries), address(plan.groups), address(plan.paths)
        values, index = address(plan.values), address(plan.places)
        exits, nodes = address(plan.exits), address(plan.nodes)
        given, other, factors, result = address(x), address(y), address(weights), address(z)
        work, inner, size = address(scratch), plan.inner, plan.paths.size
        dim1, dim2, dim_out, _ = plan.dims
        samples, x_tile, y_tile, z_tile, _, _, width = plan.sizes
        from_y = plan.counts[0]
        from_z = from_y + plan.counts[1]
        z0 = x_tile + y_tile
        f0 = z0 + z_tile
        h0 = f0 + size // PATH * width
        if step == 0:
            _factors(factors, 0, 0, paths, size, entries, samples, work, f0, width, lanes)
        for start in range(first, last, samples):
            count = samples if start + samples <= last else last - start
            if step:
                _factors(factors, start * step, step, paths, size, entries, count, work, f0, width, lanes)
            _fill(
                given, dim1, entries, 0, from_y, start, count, samples, inner, direct, work, 0, x_tile, lanes
            )
            _fill(
                other, dim2, entries, from_y, from_z, start, count, samples, inner, direct, work, x_tile,
                y_tile, lanes,
            )  # fmt: skip
            clear(work, z0, z_tile)
            couple_4(
                work, values, index, paths, nodes, exits, groups, plan.groups.size // GROUP, 0, x_tile, z0,
                h0, f0, code,
            )  # fmt: skip
            _empty(
                work, z0, count, samples, entries, from_z, from_z + plan.counts[2], result, dim_out, start,
                inner, direct, stream, lanes,
            )  # fmt: skip

    kernel: Callable[..., None] = product
    return kernel


@lru_cache(maxsize=2)
def copy_gradient(direct: bool) -> Callable[..., None]:
    """Return the kernel of gradients by plans that are `direct`, or not.

    It writes the gradients of x and y of samples first:last, and of the weights, or adds those up at g0.

    step   0: shared weights; else the number of weights of a sample
    """

    @compiled
    def gradient(
        x: Array, y: Array, weights: Array, g: Array, grad_x: Array, grad_y: Array, grad_w: Array, first: int,
        last: int, plan: CopyPlan, step: int, g0: int, scratch: Array,
    ) -> None:  # fmt: skip
        plan = CopyPlan(*plan)
        lanes = VECTOR_BYTES // plan.values.itemsize
        entries, groups, paths = address(plan.entries), address(plan.groups), address(plan.paths)
        values, index = address(plan.values), address(plan.places)
        exits, nodes = address(plan.exits), address(plan.nodes)
        pulls = address(plan.pulls)
        given, other, factors, incoming = address(x), address(y), address(weights), address(g)
        to_x, to_y, to_w = address(grad_x), address(grad_y), address(grad_w)
        work, inner, size = address(scratch), plan.inner, plan.paths.size
        dim1, dim2, dim_out, _ = plan.dims
        samples, x_tile, y_tile, z_tile, weighted, _, width = plan.sizes
        from_y = plan.counts[0]
        from_z = from_y + plan.counts[1]
        z0 = x_tile + y_tile
        f0 = z0 + z_tile
        t0 = f0 + size // PATH * width
        gx = t0 + size // PATH * width
        gy = gx + x_tile
        h0 = gy + y_tile
        p0 = h0 + weighted * WIDTH * lanes
        if step == 0:
            _factors(factors, 0, 0, paths, size, entries, samples, work, f0, width, lanes)
            clear(work, t0, gx - t0)
        for start in range(first, last, samples):
            count = samples if start + samples <= last else last - start
            if step:
                _factors(factors, start * step, step, paths, size, entries, count, work, f0, width, lanes)
                clear(work, t0, gx - t0)
            _fill(
                given, dim1, entries, 0, from_y, start, count, samples, inner, direct, work, 0, x_tile, lanes
            )
            _fill(
                other, dim2, entries, from_y, from_z, start, count, samples, inner, direct, work, x_tile,
                y_tile, lanes,
            )  # fmt: skip
            _fill(
                incoming, dim_out, entries, from_z, from_z + plan.counts[2], start, count, samples, inner,
                direct, work, z0, z_tile, lanes,
            )  # fmt: skip
            clear(work, gx, x_tile + y_tile)
            pull_4(
                work, values, index, paths, nodes, exits, groups, plan.groups.size // GROUP, 0, x_tile, z0,
                h0, f0, gx, gy, p0, t0, pulls,
            )  # fmt: skip
            _empty(work, gx, count, samples, entries, 0, from_y, to_x, dim1, start, inner, direct, 0, lanes)
            _empty(
                work, gy, count, samples, entries, from_y, from_z, to_y, dim2, start, inner, direct, 0, lanes
            )
            if step:
                _put_totals(paths, size, entries, work, t0, width, count, to_w, start * step, step, lanes)
        if step == 0:
            _put_totals(paths, size, entries, work, t0, width, samples, to_w, g0, 0, lanes)

    kernel: Callable[..., None] = gradient
    return kernel
