"""Weighted products: sparse trilinear maps z = C(x, y, w) of every connection mode, tile by tile of samples.

    z[n, o(u, v, k)] += w[n or -, weight(u, v)] sum_ij C[i, j, k] x[n, a(u, i)] y[n, b(v, j)]

and, where one more copy index of z is left over ("mixed" paths, uvw), the sum over (u, v) for each of its
values. All places are affine in the copies and in the orders, so one program serves every mode, both layouts,
and both gradients; `weighted_gradient.py` has the gradient with respect to the weights. Lanes are samples.

Proof of the bound: docs/proofs/weighted.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.simd.channels import clear, mix_2
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES, gather, multiply_4, multiply_add_4, scatter, sparse_4

__all__ = [
    "BARE",
    "GROUP",
    "MIXED",
    "PAIRED",
    "PATH",
    "PREMIXED",
    "WIDTH",
    "WeightedPlan",
    "couple_pairs",
    "mix_rows",
    "mixed_path",
    "outer_product",
    "padded",
    "tile_places",
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
    turns     (places,) int32               places in z of each mixed path, copies inside orders
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
    turns: NDArray[np.int32]
    dims: tuple[int, int, int, int]
    largest: tuple[int, int, int, int]


GROUP = ("U", "V", "chunk", "a0", "au", "av", "am", "n1", "b0", "bu", "bv", "bm", "n2", "first", "last")
"""Columns of `groups`: copies u < U, v < V, `chunk` of the u at a time; x at a0 + u au + v av + i am, i < n1,
y likewise; paths first <= p < last."""
PATH = ("kind", "row", "n3", "o0", "ou", "ov", "om", "w0", "wu", "wv", "W", "ow", "ww", "pairs", "turn")
"""Columns of `paths`: z at o0 + u ou + v ov + w ow + k om, k < n3, w < W; weight at w0 + u wu + v wv + w ww;
`pairs`: rows of scratch, per u of the chunk, before those where a mixed path keeps its pairs; `turn`: its
first place in `turns`."""


G, P = len(GROUP), len(PATH)


@part
def padded(copies: int, span: int) -> int:
    """Return the copies of a mixed path, rounded up to whole pairs of vectors, half of a row."""
    half = span // 2
    return -(-copies // half) * half


def weighted_scratch(plan: WeightedPlan, *, gradient: bool) -> int:
    """Return how many numbers of scratch one thread needs for `weighted_product`, or for its gradient."""
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, dim_out, _ = plan.dims
    outer, pairs, orders, mixed = plan.largest
    rows = dim1 + dim2 + dim_out + outer + pairs + orders + 1
    if gradient and mixed:
        width = -(-mixed // (span // 2)) * (span // 2)
        return span * (rows + orders * width) + pairs * width
    return span * rows


@inlined
def tile_places(dims: Any, largest: Any, span: int) -> tuple[int, int, int, int, int, int]:
    """Return where x, y, z, kept pairs, the orders of a path and one row more stand in scratch."""
    x0 = largest[0] * span
    y0 = x0 + dims[0] * span
    z0 = y0 + dims[1] * span
    t0 = z0 + dims[2] * span
    k0 = t0 + largest[1] * span
    return x0, y0, z0, t0, k0, k0 + largest[2] * span


@inlined
def mixed_path(paths: Any, p: int) -> tuple[int, int, int, int, int, int, int, int]:
    """Return the columns n3, o0, om, wu, wv, W, ow and ww of a mixed path."""
    n3, o0, om, wu = at(paths, p + 2), at(paths, p + 3), at(paths, p + 6), at(paths, p + 8)
    return n3, o0, om, wu, at(paths, p + 9), at(paths, p + 10), at(paths, p + 11), at(paths, p + 12)


@part
def _weight_row(
    weights: Any, start: int, count: int, step: int, place: int, work: Any, row: int, span: int
) -> None:
    """Write one weight of every sample to a row of the tile; step 0: the same weight for all."""
    if step == 0:
        one = at(weights, place)
        for lane in range(span):
            put(work, row + lane, one)
        return
    for lane in range(count):
        put(work, row + lane, at(weights, (start + lane) * step + place))
    for lane in range(count, span):
        put(work, row + lane, 0)


@part
def outer_product(groups: Any, g: int, u: int, v: int, work: Any, x0: int, y0: int, span: int) -> None:
    """Multiply all orders of copy (u, v) of x with all orders of copy (u, v) of y, to the start of `work`."""
    left = x0 + (at(groups, g + 3) + u * at(groups, g + 4) + v * at(groups, g + 5)) * span
    right = y0 + (at(groups, g + 8) + u * at(groups, g + 9) + v * at(groups, g + 10)) * span
    am, n1, bm, n2 = at(groups, g + 6), at(groups, g + 7), at(groups, g + 11), at(groups, g + 12)
    for i in range(n1):
        for j in range(n2):
            multiply_4(work, left + i * am * span, right + j * bm * span, (i * n2 + j) * span)


@part
def couple_pairs(
    terms: Any, paths: Any, p: int, work: Any, span: int, target: int, step: int, fresh: int
) -> None:
    """Write (or add) the orders of one path, coupled from the outer product, to rows `step` apart."""
    values, places, rows = terms
    row = 2 * at(paths, p + 1)
    for k in range(at(paths, p + 2)):
        first, last = at(rows, row + 2 * k), at(rows, row + 2 * k + 1)
        sparse_4(values, places, first, last, work, span, work, target + k * step, fresh)


@part
def mix_rows(
    matrix: Any, m0: int, m_row: int, m_col: int, rows: int, cols: int, work: Any, source: int, s_step: int,
    target: int, t_step: int, fresh: int, count: int,
) -> None:  # fmt: skip
    """Multiply rows of a tile by a matrix: `mix_2`, compiled once for all that call it."""
    mix_2(matrix, m0, m_row, m_col, rows, cols, work, source, s_step, work, target, t_step, fresh, count)


@inlined
def _premix(
    weights: Any, terms: Any, groups: Any, g: int, paths: Any, p: int, work: Any, x0: int, y0: int, h0: int,
    z0: int, span: int,
) -> None:  # fmt: skip
    """Mix the copies of y by the weights of a path, couple them with those of x, and add to the results."""
    U, V, n1, n2 = at(groups, g), at(groups, g + 1), at(groups, g + 7), at(groups, g + 12)
    a0, au, am = at(groups, g + 3), at(groups, g + 4), at(groups, g + 6)
    b0, bv, bm = at(groups, g + 8), at(groups, g + 10), at(groups, g + 11)
    o0, ou, om = at(paths, p + 3), at(paths, p + 4), at(paths, p + 6)
    w0, wu, wv = at(paths, p + 7), at(paths, p + 8), at(paths, p + 9)
    for j in range(n2):
        source, target = y0 + (b0 + j * bm) * span, h0 + j * span
        mix_rows(weights, w0, wu, wv, U, V, work, source, bv * span, target, n2 * span, 1, span)
    for u in range(U):
        for i in range(n1):
            for j in range(n2):
                left, right = x0 + (a0 + u * au + i * am) * span, h0 + (u * n2 + j) * span
                multiply_4(work, left, right, (i * n2 + j) * span)
        couple_pairs(terms, paths, p, work, span, z0 + (o0 + u * ou) * span, om * span, 0)


@part
def _spread(
    weights: Any, start: int, count: int, step: int, terms: Any, paths: Any, p: int, u: int, v: int,
    work: Any, pair: int, z0: int, k0: int, weight_row: int, span: int,
) -> None:  # fmt: skip
    """Couple the outer product of copies (u, v) by one path: to the results, or, mixed, to rows at `pair`."""
    kind, om = at(paths, p), at(paths, p + 6)
    to = z0 + (at(paths, p + 3) + u * at(paths, p + 4) + v * at(paths, p + 5)) * span
    if kind == BARE:
        couple_pairs(terms, paths, p, work, span, to, om * span, 0)
        return
    if kind == MIXED:
        couple_pairs(terms, paths, p, work, span, pair, span, 1)
        return
    couple_pairs(terms, paths, p, work, span, k0, span, 1)
    place = at(paths, p + 7) + u * at(paths, p + 8) + v * at(paths, p + 9)
    _weight_row(weights, start, count, step, place, work, weight_row, span)
    for k in range(at(paths, p + 2)):
        multiply_add_4(work, weight_row, k0 + k * span, to + k * om * span)


@part
def _mix(
    weights: Any, start: int, count: int, step: int, paths: Any, p: int, u0: int, some: int, V: int,
    work: Any, pairs: int, target: int, weight_row: int, span: int,
) -> None:  # fmt: skip
    """Add the pairs of a mixed path, times their weights, to its copies in the tile of results."""
    n3, o0, om, wu, wv, W, ow, ww = mixed_path(paths, p)
    first = at(paths, p + 7) + u0 * wu
    if step == 0:
        together = V == 1 or wu == V * wv  # then the pairs (u, v) are one axis of the matrix of weights
        loops, columns, column = (1, some * V, wu // V) if together else (V, some, wu)
        for v in range(loops):
            for k in range(n3):
                source, to = pairs + (v * n3 + k) * span, target + (o0 + k * om) * span
                mix_rows(
                    weights, first + v * wv, ww, column, W, columns, work, source, loops * n3 * span, to,
                    ow * span, 0, span,
                )  # fmt: skip
        return
    for u in range(some):
        for v in range(V):
            for w in range(W):
                place = first + u * wu + v * wv + w * ww
                _weight_row(weights, start, count, step, place, work, weight_row, span)
                for k in range(n3):
                    pair = pairs + ((u * V + v) * n3 + k) * span
                    multiply_add_4(work, weight_row, pair, target + (o0 + w * ow + k * om) * span)


@compiled
def weighted_product(
    x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any], z: NDArray[Any], first: int, last: int,
    plan: WeightedPlan, step: int, scratch: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last] = C(x, y, weights)[first:last]; flat arrays, aligned scratch.

    step   0: one set of weights for all samples; else the number of weights of a sample
    """
    plan = WeightedPlan(*plan)
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, dim_out, _ = plan.dims
    x0, y0, z0, t0, k0, weight_row = tile_places(plan.dims, plan.largest, span)
    x_tile, y_tile, z_tile = scratch[x0:y0], scratch[y0:z0], scratch[z0:t0]
    work, factors = address(scratch), address(weights)
    groups, paths = address(plan.groups), address(plan.paths)
    terms = address(plan.values), address(plan.places), address(plan.rows)
    for start in range(first, last, span):
        count = span if start + span <= last else last - start
        gather(x, start, count, dim1, plan.columns, x_tile, WIDTH)
        gather(y, start, count, dim2, plan.columns, y_tile, WIDTH)
        clear(work, z0, dim_out * span)
        for g in range(0, plan.groups.size, G):
            U, V, chunk = at(groups, g), at(groups, g + 1), at(groups, g + 2)
            first_path, last_path = at(groups, g + 13) * P, at(groups, g + 14) * P
            if at(paths, first_path) == PREMIXED and step == 0:
                _premix(factors, terms, groups, g, paths, first_path, work, x0, y0, t0, z0, span)
                continue
            for u0 in range(0, U, chunk):
                some = chunk if u0 + chunk <= U else U - u0
                for u in range(u0, u0 + some):
                    for v in range(V):
                        outer_product(groups, g, u, v, work, x0, y0, span)
                        for p in range(first_path, last_path, P):
                            row = at(paths, p + 13) * chunk + ((u - u0) * V + v) * at(paths, p + 2)
                            _spread(
                                factors, start, count, step, terms, paths, p, u, v, work, t0 + row * span, z0,
                                k0, weight_row, span,
                            )  # fmt: skip
                for p in range(first_path, last_path, P):
                    if at(paths, p) == MIXED:
                        pairs = t0 + at(paths, p + 13) * chunk * span
                        _mix(
                            factors, start, count, step, paths, p, u0, some, V, work, pairs, z0, weight_row,
                            span,
                        )  # fmt: skip
        scatter(z_tile, plan.columns, z, start, count, dim_out, 0, dim_out, WIDTH)
