"""Weighted products: sparse trilinear maps z = C(x, y, w) of every connection mode, tile by tile of samples.

    z[n, o(u, v, k)] += w[n or -, weight(u, v)] sum_ij C[i, j, k] x[n, a(u, i)] y[n, b(v, j)]

and, where one more copy index of z is left over ("mixed" paths, uvw), the sum over (u, v) for each of its
values. All places are affine in the copies and in the orders, so one program serves every mode, both layouts,
and both gradients; `weighted_gradient` is the gradient with respect to the weights. Lanes are samples.

Sums over the samples of a batch (shared weights) are taken in blocks whose size depends on the batch alone,
whatever the threads. Proof of the bound: docs/proofs/weighted.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.simd import VECTOR_BYTES, gather, multiply_4, multiply_add_4, scatter, sparse_4
from reptheory.kernels.simd_channels import mix_2

__all__ = [
    "BARE",
    "GROUP",
    "MIXED",
    "PAIRED",
    "PATH",
    "PREMIXED",
    "WeightedPlan",
    "weighted_gradient",
    "weighted_product",
    "weighted_scratch",
]

WIDTH = 4

BARE, PAIRED, MIXED, PREMIXED = 0, 1, 2, 3
"""Kinds of path: without weights; one weight a pair of copies; weights that mix pairs into other copies; and
weights that mix copies v of y into copies u, each for copy u of x (if they are shared: else PAIRED)."""


class WeightedPlan(NamedTuple):
    """A weighted product as flat arrays, the form that compiled code takes.

    values    (terms,) float32 or float64   coefficients, in the order of the rows
    places    (terms,) int32                i * n2 + j within the outer product of two irreps
    groups    (G, 15) int64                 what is coupled, see `GROUP`
    paths     (P, 14) int64                 and where it goes, see `PATH`
    rows      (R, 2) int64                  first term, last term + 1, of each order k of each path
    columns   (most of the dims,) int32     0, 1, 2, ...
    dims      (dim1, dim2, dim_out, weights)
    largest   (outer, pairs, orders, mixed) rows of scratch for an outer product, for pairs kept for mixing,
                                            for one path; and the most copies that a mixed path makes
    """

    values: NDArray[Any]
    places: NDArray[np.int32]
    groups: NDArray[np.int64]
    paths: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int32]
    dims: tuple[int, int, int, int]
    largest: tuple[int, int, int, int]


GROUP = ("U", "V", "chunk", "a0", "au", "av", "am", "n1", "b0", "bu", "bv", "bm", "n2", "first", "last")
"""Columns of `groups`: copies u < U, v < V, `chunk` of the u at a time; x at a0 + u au + v av + i am, i < n1,
y likewise; paths first <= p < last."""
PATH = ("kind", "row", "n3", "o0", "ou", "ov", "om", "w0", "wu", "wv", "W", "ow", "ww", "pairs")
"""Columns of `paths`: z at o0 + u ou + v ov + w ow + k om, k < n3, w < W; weight at w0 + u wu + v wv + w ww;
`pairs`: rows of scratch, per u of the chunk, before those where a mixed path keeps its pairs."""


def padded(copies: int, lanes: int) -> int:
    """Return the copies of a mixed path, rounded up to whole pairs of vectors."""
    return -(-copies // (2 * lanes)) * 2 * lanes


def weighted_scratch(plan: WeightedPlan, *, gradient: bool) -> int:
    """Return how many numbers of scratch one thread needs for `weighted_product`, or for its gradient."""
    lanes = VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, dim_out, _ = plan.dims
    outer, pairs, orders, mixed = plan.largest
    rows = dim1 + dim2 + dim_out + outer + pairs + orders + 1
    if gradient and mixed:
        rows += orders * padded(mixed, lanes)
        return WIDTH * lanes * rows + pairs * padded(mixed, lanes)
    return WIDTH * lanes * rows


@part
def _weight_row(
    weights: NDArray[Any],
    start: int,
    count: int,
    step: int,
    place: int,
    work: NDArray[Any],
    row: int,
    span: int,
) -> None:
    """Write one weight of every sample to a row of the tile; step 0: the same weight for all."""
    if step == 0:
        for lane in range(span):
            work[row + lane] = weights[place]
        return
    for lane in range(count):
        work[row + lane] = weights[(start + lane) * step + place]
    for lane in range(count, span):
        work[row + lane] = 0


@inlined
def _outer_product(
    plan: WeightedPlan, group: int, u: int, v: int, work: NDArray[Any], y0: int, p0: int, span: int
) -> None:
    """Multiply all orders of copy (u, v) of x with all orders of copy (u, v) of y."""
    _, _, _, a0, au, av, am, n1, b0, bu, bv, bm, n2, _, _ = plan.groups[group]
    left = a0 + u * au + v * av
    right = y0 + (b0 + u * bu + v * bv) * span
    for i in range(n1):
        for j in range(n2):
            multiply_4(work, (left + i * am) * span, right + j * bm * span, p0 + (i * n2 + j) * span)


@part
def _couple_pairs(
    plan: WeightedPlan, path: int, work: NDArray[Any], outer: NDArray[Any], span: int, target: int, step: int,
    fresh: int,
) -> None:  # fmt: skip
    """Write (or add) the orders of one path, coupled from the outer product, to rows `step` apart."""
    row, n3 = plan.paths[path, 1], plan.paths[path, 2]
    for k in range(n3):
        first_term, last_term = plan.rows[row + k]
        place = target + k * step
        sparse_4(plan.values, plan.places, first_term, last_term, outer, span, work, place, fresh)


@inlined
def _premix(
    weights: NDArray[Any], plan: WeightedPlan, group: int, path: int, work: NDArray[Any], outer: NDArray[Any],
    y0: int, p0: int, h0: int, z0: int, span: int,
) -> None:  # fmt: skip
    """Mix the copies of y by the weights of a path, couple them with those of x, and add to the results."""
    U, V, _, a0, au, _, am, n1, b0, _, bv, bm, n2, _, _ = plan.groups[group]
    o0, ou, om = plan.paths[path, 3], plan.paths[path, 4], plan.paths[path, 6]
    w0, wu, wv = plan.paths[path, 7], plan.paths[path, 8], plan.paths[path, 9]
    for j in range(n2):
        source, target = y0 + (b0 + j * bm) * span, h0 + j * span
        mix_2(weights, w0, wu, wv, U, V, work, source, bv * span, work, target, n2 * span, 1, span)
    for u in range(U):
        for i in range(n1):
            for j in range(n2):
                left, right = (a0 + u * au + i * am) * span, h0 + (u * n2 + j) * span
                multiply_4(work, left, right, p0 + (i * n2 + j) * span)
        _couple_pairs(plan, path, work, outer, span, z0 + (o0 + u * ou) * span, om * span, 0)


@inlined
def _mix(
    weights: NDArray[Any], start: int, count: int, step: int, plan: WeightedPlan, path: int, u0: int,
    some: int, V: int, work: NDArray[Any], pairs: int, target: int, weight_row: int, span: int,
) -> None:  # fmt: skip
    """Add the pairs of a mixed path, times their weights, to its copies in the tile of results."""
    _, _, n3, o0, _, _, om, w0, wu, wv, W, ow, ww, _ = plan.paths[path]
    first = w0 + u0 * wu
    if step == 0:
        together = V == 1 or wu == V * wv  # then the pairs (u, v) are one axis of the matrix of weights
        loops, columns, column = (1, some * V, wu // V) if together else (V, some, wu)
        for v in range(loops):
            for k in range(n3):
                source, to = pairs + (v * n3 + k) * span, target + (o0 + k * om) * span
                mix_2(
                    weights, first + v * wv, ww, column, W, columns, work, source, loops * n3 * span, work,
                    to, ow * span, 0, span,
                )  # fmt: skip
        return
    for u in range(some):
        for v in range(V):
            for w in range(W):
                _weight_row(
                    weights, start, count, step, first + u * wu + v * wv + w * ww, work, weight_row, span
                )
                for k in range(n3):
                    pair = pairs + ((u * V + v) * n3 + k) * span
                    multiply_add_4(work, weight_row, pair, target + (o0 + w * ow + k * om) * span)


@compiled
def weighted_product(  # noqa: PLR0912 # the loops of the plan
    x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any], z: NDArray[Any], first: int, last: int,
    plan: WeightedPlan, step: int, work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last] = C(x, y, weights)[first:last]; flat arrays, aligned scratch.

    step   0: one set of weights for all samples; else the number of weights of a sample
    """
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, dim_out, _ = plan.dims
    largest_outer, largest_pairs, largest_orders, _ = plan.largest
    y0 = dim1 * span
    z0 = y0 + dim2 * span
    p0 = z0 + dim_out * span
    t0 = p0 + largest_outer * span
    k0 = t0 + largest_pairs * span
    weight_row = k0 + largest_orders * span
    outer = work[p0:t0]
    for start in range(first, last, span):
        count = span if start + span <= last else last - start
        gather(x, start, count, dim1, plan.columns, work[:y0], WIDTH)
        gather(y, start, count, dim2, plan.columns, work[y0:z0], WIDTH)
        work[z0:p0] = 0
        for group in range(plan.groups.shape[0]):
            U, V, chunk = plan.groups[group, 0], plan.groups[group, 1], plan.groups[group, 2]
            first_path, last_path = plan.groups[group, 13], plan.groups[group, 14]
            if plan.paths[first_path, 0] == PREMIXED and step == 0:
                for path in range(first_path, last_path):
                    _premix(weights, plan, group, path, work, outer, y0, p0, t0, z0, span)
                continue
            for u0 in range(0, U, chunk):
                some = chunk if u0 + chunk <= U else U - u0
                for u in range(u0, u0 + some):
                    for v in range(V):
                        _outer_product(plan, group, u, v, work, y0, p0, span)
                        for path in range(first_path, last_path):
                            kind, _, n3, o0, ou, ov, om, w0, wu, wv, _, _, _, pairs = plan.paths[path]
                            to = z0 + (o0 + u * ou + v * ov) * span
                            if kind == BARE:
                                _couple_pairs(plan, path, work, outer, span, to, om * span, 0)
                            elif kind == MIXED:
                                pair = t0 + (pairs * chunk + ((u - u0) * V + v) * n3) * span
                                _couple_pairs(plan, path, work, outer, span, pair, span, 1)
                            else:
                                _couple_pairs(plan, path, work, outer, span, k0, span, 1)
                                place = w0 + u * wu + v * wv
                                _weight_row(weights, start, count, step, place, work, weight_row, span)
                                for k in range(n3):
                                    multiply_add_4(work, weight_row, k0 + k * span, to + k * om * span)
                for path in range(first_path, last_path):
                    if plan.paths[path, 0] == MIXED:
                        pairs = t0 + plan.paths[path, 13] * chunk * span
                        _mix(
                            weights, start, count, step, plan, path, u0, some, V, work, pairs, z0, weight_row,
                            span,
                        )  # fmt: skip
        scatter(work[z0:p0], plan.columns, z, start, count, dim_out, 0, dim_out, WIDTH)


@part
def _add_gradient(
    gradient: NDArray[Any], start: int, count: int, step: int, place: int, work: NDArray[Any], row: int
) -> None:
    """Put a row of the tile where the gradient of one weight stands: per sample, or summed over samples."""
    if step == 0:
        total = work[row]
        for lane in range(1, count):
            total += work[row + lane]
        gradient[place] += total
        return
    for lane in range(count):
        gradient[(start + lane) * step + place] = work[row + lane]


@inlined
def _mixed_gradient(
    gradient: NDArray[Any], start: int, count: int, step: int, g0: int, plan: WeightedPlan, path: int,
    u0: int, some: int, V: int, work: NDArray[Any], pairs: int, source: int, row: int, samples: int,
    span: int,
) -> None:  # fmt: skip
    """Add pairs times the gradient of the result to the gradient of the weights of a mixed path.

    Shared weights: with the gradient of the result turned to (order, sample, copy), copies contiguous, this
    is a matrix product over orders and samples.
    """
    _, _, n3, o0, _, _, om, w0, wu, wv, W, ow, ww, _ = plan.paths[path]
    first = g0 + w0 + u0 * wu
    if step != 0:
        for u in range(some):
            for v in range(V):
                for w in range(W):
                    work[row : row + span] = 0
                    for k in range(n3):
                        pair = pairs + ((u * V + v) * n3 + k) * span
                        multiply_add_4(work, pair, source + (o0 + w * ow + k * om) * span, row)
                    _add_gradient(gradient, start, count, step, first + u * wu + v * wv + w * ww, work, row)
        return
    half = span // 2
    width = -(-W // half) * half
    total = samples + n3 * span * width
    positions = np.empty(W, dtype=np.int32)
    for k in range(n3):
        for w in range(W):
            positions[w] = o0 + w * ow + k * om
        turned = work[samples + k * span * width : samples + (k + 1) * span * width]
        scatter(work[source:], positions, turned, 0, span, width, 0, W, WIDTH)
    mix_2(
        work, pairs, n3 * span, 1, some * V, n3 * span, work, samples, width, work, total, width, 1, width
    )  # fmt: skip
    for u in range(some):
        for v in range(V):
            for w in range(W):
                gradient[first + u * wu + v * wv + w * ww] += work[total + (u * V + v) * width + w]


@compiled
def weighted_gradient(
    x: NDArray[Any], y: NDArray[Any], g: NDArray[Any], gradient: NDArray[Any], first: int, last: int,
    plan: WeightedPlan, step: int, g0: int, work: NDArray[Any],
) -> None:  # fmt: skip
    """Write the gradient of the weights for samples first:last, or, shared (step 0), add it up at g0.

    g    the gradient of z, flat
    """
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, dim_out, _ = plan.dims
    largest_outer, largest_pairs, largest_orders, _ = plan.largest
    y0 = dim1 * span
    z0 = y0 + dim2 * span
    p0 = z0 + dim_out * span
    t0 = p0 + largest_outer * span
    k0 = t0 + largest_pairs * span
    row = k0 + largest_orders * span
    samples = row + span
    work[samples:] = 0
    outer = work[p0:t0]
    for start in range(first, last, span):
        count = span if start + span <= last else last - start
        gather(x, start, count, dim1, plan.columns, work[:y0], WIDTH)
        gather(y, start, count, dim2, plan.columns, work[y0:z0], WIDTH)
        gather(g, start, count, dim_out, plan.columns, work[z0:p0], WIDTH)
        for group in range(plan.groups.shape[0]):
            U, V, chunk = plan.groups[group, 0], plan.groups[group, 1], plan.groups[group, 2]
            first_path, last_path = plan.groups[group, 13], plan.groups[group, 14]
            for u0 in range(0, U, chunk):
                some = chunk if u0 + chunk <= U else U - u0
                for u in range(u0, u0 + some):
                    for v in range(V):
                        _outer_product(plan, group, u, v, work, y0, p0, span)
                        for path in range(first_path, last_path):
                            kind, _, n3, o0, ou, ov, om, w0, wu, wv, _, _, _, pairs = plan.paths[path]
                            if kind == MIXED:
                                pair = t0 + (pairs * chunk + ((u - u0) * V + v) * n3) * span
                                _couple_pairs(plan, path, work, outer, span, pair, span, 1)
                            elif kind == PAIRED:
                                _couple_pairs(plan, path, work, outer, span, k0, span, 1)
                                work[row : row + span] = 0
                                source = z0 + (o0 + u * ou + v * ov) * span
                                for k in range(n3):
                                    multiply_add_4(work, k0 + k * span, source + k * om * span, row)
                                place = g0 + w0 + u * wu + v * wv
                                _add_gradient(gradient, start, count, step, place, work, row)
                for path in range(first_path, last_path):
                    if plan.paths[path, 0] == MIXED:
                        pairs = t0 + plan.paths[path, 13] * chunk * span
                        _mixed_gradient(
                            gradient, start, count, step, g0, plan, path, u0, some, V, work, pairs, z0, row,
                            samples, span,
                        )  # fmt: skip
