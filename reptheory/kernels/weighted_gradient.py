"""The gradient of a weighted product with respect to its weights, tile by tile of samples.

    grad w[n or -, weight(u, v, w)] += sum_k t_k(u, v) g[n, o(u, v, w, k)]

with t the coupled pairs of copies of `weighted.py`, whose plan and steps these are. Sums over the samples of
a batch (shared weights) are taken in blocks whose size depends on the batch alone, whatever the threads.
Proof of the bound: docs/proofs/weighted.md.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES, gather, multiply_add_4, scatter
from reptheory.kernels.weighted import (
    GROUP,
    MIXED,
    PAIRED,
    PATH,
    WIDTH,
    WeightedPlan,
    couple_pairs,
    mix_rows,
    mixed_path,
    outer_product,
    padded,
    tile_places,
)

__all__ = ["weighted_gradient"]

G, P = len(GROUP), len(PATH)


@part
def _add_gradient(gradient: Any, start: int, count: int, step: int, place: int, work: Any, row: int) -> None:
    """Put a row of the tile where the gradient of one weight stands: per sample, or summed over samples."""
    if step == 0:
        total = at(work, row)
        for lane in range(1, count):
            total += at(work, row + lane)
        put(gradient, place, at(gradient, place) + total)
        return
    for lane in range(count):
        put(gradient, (start + lane) * step + place, at(work, row + lane))


@part
def _pull_weight(
    gradient: Any, start: int, count: int, step: int, place: int, work: Any, left: int, right: int,
    right_step: int, orders: int, row: int, span: int,
) -> None:  # fmt: skip
    """Add the products of rows, summed over orders, to the gradient of one weight."""
    clear(work, row, span)
    for k in range(orders):
        multiply_add_4(work, left + k * span, right + k * right_step, row)
    _add_gradient(gradient, start, count, step, place, work, row)


@part
def _mixed_gradient(
    gradient: Any, start: int, count: int, step: int, first: int, paths: Any, p: int, some: int, V: int,
    work: Any, pairs: int, source: int, row: int, span: int,
) -> None:  # fmt: skip
    """Write pairs times the gradient of the result to the gradient of the weights of a mixed path."""
    n3, o0, om, wu, wv, W, ow, ww = mixed_path(paths, p)
    for u in range(some):
        for v in range(V):
            pair = pairs + (u * V + v) * n3 * span
            for w in range(W):
                place, right = first + u * wu + v * wv + w * ww, source + (o0 + w * ow) * span
                _pull_weight(
                    gradient, start, count, step, place, work, pair, right, om * span, n3, row, span
                )  # fmt: skip


@part
def _shared_gradient(
    gradient: Any, first: int, paths: Any, p: int, some: int, V: int, work: Any, pairs: int, turned: int,
    span: int,
) -> None:  # fmt: skip
    """Add the same of shared weights, with the gradient of the result turned to (order, sample, copy).

    Copies are contiguous there, so this is a matrix product over orders and samples.
    """
    n3, _, _, wu, wv, W, _, ww = mixed_path(paths, p)
    width = padded(W, span)
    total = turned + n3 * span * width
    mix_rows(work, pairs, n3 * span, 1, some * V, n3 * span, work, turned, width, total, width, 1, width)
    for u in range(some):
        for v in range(V):
            for w in range(W):
                place, found = first + u * wu + v * wv + w * ww, total + (u * V + v) * width + w
                put(gradient, place, at(gradient, place) + at(work, found))


@part
def _pull_pairs(
    gradient: Any, start: int, count: int, step: int, g0: int, terms: Any, groups: Any, group: int,
    paths: Any, u0: int, some: int, work: Any, places: Any, span: int,
) -> None:  # fmt: skip
    """Couple some copies of x of a group with all of y: mixed paths keep the pairs, others pull weights."""
    x0, y0, z0, t0, k0, row = places
    V, chunk = at(groups, group + 1), at(groups, group + 2)
    first_path, last_path = at(groups, group + 13) * P, at(groups, group + 14) * P
    for u in range(u0, u0 + some):
        for v in range(V):
            outer_product(groups, group, u, v, work, x0, y0, span)
            for p in range(first_path, last_path, P):
                n3 = at(paths, p + 2)
                if at(paths, p) == MIXED:
                    pair = t0 + (at(paths, p + 13) * chunk + ((u - u0) * V + v) * n3) * span
                    couple_pairs(terms, paths, p, work, span, pair, span, 1)
                elif at(paths, p) == PAIRED:
                    couple_pairs(terms, paths, p, work, span, k0, span, 1)
                    right = z0 + (at(paths, p + 3) + u * at(paths, p + 4) + v * at(paths, p + 5)) * span
                    place = g0 + at(paths, p + 7) + u * at(paths, p + 8) + v * at(paths, p + 9)
                    om = at(paths, p + 6) * span
                    _pull_weight(gradient, start, count, step, place, work, k0, right, om, n3, row, span)


@compiled
def weighted_gradient(
    x: NDArray[Any], y: NDArray[Any], g: NDArray[Any], gradient: NDArray[Any], first: int, last: int,
    plan: WeightedPlan, step: int, g0: int, scratch: NDArray[Any],
) -> None:  # fmt: skip
    """Write the gradient of the weights for samples first:last, or, shared (step 0), add it up at g0.

    g    the gradient of z, flat
    """
    plan = WeightedPlan(*plan)
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, dim_out, _ = plan.dims
    places = tile_places(plan.dims, plan.largest, span)
    x0, y0, z0, t0, _, row = places
    turned = row + span
    x_tile, y_tile, z_tile, turned_tile = scratch[x0:y0], scratch[y0:z0], scratch[z0:t0], scratch[turned:]
    work, total = address(scratch), address(gradient)
    groups, paths = address(plan.groups), address(plan.paths)
    terms = address(plan.values), address(plan.places), address(plan.rows)
    clear(work, turned, len(turned_tile))
    for start in range(first, last, span):
        count = span if start + span <= last else last - start
        gather(x, start, count, dim1, plan.columns, x_tile, WIDTH)
        gather(y, start, count, dim2, plan.columns, y_tile, WIDTH)
        gather(g, start, count, dim_out, plan.columns, z_tile, WIDTH)
        for group in range(0, plan.groups.size, G):
            U, V, chunk = at(groups, group), at(groups, group + 1), at(groups, group + 2)
            for u0 in range(0, U, chunk):
                some = chunk if u0 + chunk <= U else U - u0
                _pull_pairs(
                    total, start, count, step, g0, terms, groups, group, paths, u0, some, work, places, span
                )  # fmt: skip
                for p in range(at(groups, group + 13) * P, at(groups, group + 14) * P, P):
                    if at(paths, p) != MIXED:
                        continue
                    pairs = t0 + at(paths, p + 13) * chunk * span
                    place = g0 + at(paths, p + 7) + u0 * at(paths, p + 8)
                    if step:
                        _mixed_gradient(
                            total, start, count, step, place, paths, p, some, V, work, pairs, z0, row, span
                        )
                        continue
                    n3, W, turn = at(paths, p + 2), at(paths, p + 10), at(paths, p + 14)
                    for k in range(n3):
                        copies = plan.turns[turn + k * W : turn + (k + 1) * W]
                        scatter(z_tile, copies, turned_tile, k * span, span, padded(W, span), 0, W, WIDTH)
                    _shared_gradient(total, place, paths, p, some, V, work, pairs, turned, span)
