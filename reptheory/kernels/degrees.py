"""Degrees: one weight for each degree of a feature, applied and differentiated.

    scale_degrees    z[n, k] = x[row(n), k] w[row'(n), start + degree of k]    weights that samples share
    scale_each       the same with weights of every sample's own
    dot_degrees      s[n, start + l] = sum over k of degree l of x[row(n), k] g[n, k]

Samples may share rows of x and w: sample n has row (n // inner) * outer_step + (n % inner) * step, `steps`
of EACH, ALL, (inner, 1, 0) or (inner, 0, 1) as in operations/rows.py. Flat C-contiguous arrays; nothing is
checked here. Loops run over many samples at once: one over the few coefficients of one is mostly overhead.
The twins in NumPy serve where the JIT is off.
Proof of the bounds: docs/proofs/interaction.md.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.immutable import immutable
from reptheory.kernels.jit import compiled

__all__ = ["TOGETHER", "dot_degrees", "scale_degrees", "scale_each", "weight_places"]

Array = NDArray[Any]
Steps = tuple[int, int, int]

TOGETHER = 64
"""Samples that one loop takes."""
LOOP = 128
"""Numbers that a loop runs over, at least, where one row of weights is laid out again and again."""


@lru_cache(maxsize=64)
def weight_places(dim: int, numel: int, start: int) -> NDArray[np.int32]:
    """Return where the weight of each coefficient of `TOGETHER` samples stands, from that of the first."""
    degree = np.sqrt(np.arange(dim)).astype(np.int64)
    places = np.arange(TOGETHER)[:, None] * numel + start + degree
    return immutable(places.astype(np.int32).reshape(-1))


def _scale_each(
    x: Array, x_steps: Steps, x_first: int, weight: Array, _w_steps: Steps, w_first: int, places: Array,
    numel: int, dim: int, count: int, z: Array,
) -> None:  # fmt: skip
    """As `scale_degrees`, where every sample has weights of its own."""
    inner, outer, step = x_steps
    row, place = x_first // inner * outer, x_first % inner
    n = 0
    while n < count:
        run = min(count - n, inner - place, TOGETHER) if step == 1 else 1
        x0, w0 = np.uint64((row + place * step) * dim), np.uint64((w_first + n) * numel)
        z0 = np.uint64(n * dim)
        for k in range(np.uint64(run * dim)):
            z[z0 + k] = x[x0 + k] * weight[w0 + np.uint64(places[k])]
        n, place = n + run, place + run
        if place == inner:
            row, place = row + outer, 0


def _scale(
    x: Array, x_steps: Steps, x_first: int, weight: Array, w_steps: Steps, w_first: int, places: Array,
    numel: int, dim: int, count: int, z: Array,
) -> None:  # fmt: skip
    """Write `count` rows of z from samples x_first.. of x and w_first.. of the weights, (rows, numel).

    places   `weight_places`
    Weights are laid out first, one a coefficient: taking them from their places, as where every sample has
    its own, takes four times as long as the product.
    """
    x_inner, x_outer, x_step = x_steps
    w_inner, w_outer, w_step = w_steps
    x_row, x_place = x_first // x_inner * x_outer, x_first % x_inner
    w_row, w_place = w_first // w_inner * w_outer, w_first % w_inner
    most = TOGETHER if w_step else min(TOGETHER, 1 + LOOP // dim)
    rows = w_inner if w_step else min(count, w_inner, most)
    factors, laid, n = np.empty(rows * dim, z.dtype), -1, 0
    while n < count:
        if w_row != laid:
            laid = w_row
            for k in range(rows):
                for i in range(dim):
                    factors[k * dim + i] = weight[(w_row + k * w_step) * numel + places[i]]
        run = min(count - n, most, x_inner - x_place, w_inner - w_place)
        together = run if x_step == 1 else 1  # rows that follow one another
        for k in range(0, run, together):
            x0 = np.uint64((x_row + (x_place + k) * x_step) * dim)  # no sign: LLVM makes vectors
            w0, z0 = np.uint64((w_place + k) * w_step * dim), np.uint64((n + k) * dim)
            for i in range(np.uint64(together * dim)):
                z[z0 + i] = x[x0 + i] * factors[w0 + i]
        n, x_place, w_place = n + run, x_place + run, w_place + run
        if x_place == x_inner:
            x_row, x_place = x_row + x_outer, 0
        if w_place == w_inner:
            w_row, w_place = w_row + w_outer, 0


def _dot(
    x: Array, x_steps: Steps, x_first: int, g: Array, places: Array, numel: int, dim: int, count: int,
    sums: Array,
) -> None:  # fmt: skip
    """Write `count` sums to their columns of the flat (samples, numel) sums, from samples x_first.. of x.

    g        flat (samples, dim)
    places   `weight_places`
    Four samples at a time: a sum waits for its last term, four do not wait for each other.
    """
    one, start = np.uint64(1), places[0]
    degrees = np.uint64(places[dim - 1] - start + 1)
    inner, outer, step = x_steps
    row, place = x_first // inner * outer, x_first % inner
    n = 0
    while n < count:
        together = 4 if min(count - n, inner - place) >= 4 else 1
        x0, g0, z0 = np.uint64((row + place * step) * dim), np.uint64(n * dim), np.uint64(n * numel + start)
        xd, gd, zd = np.uint64(step * dim), np.uint64(dim), np.uint64(numel)
        for l in range(degrees):  # noqa: E741
            k = l * l
            s0 = x[x0 + k] * g[g0 + k]
            if together == 1:
                for k in range(l * l + one, (l + one) * (l + one)):
                    s0 += x[x0 + k] * g[g0 + k]
                sums[z0 + l] = s0
                continue
            x1, x2, x3 = x0 + xd, x0 + xd + xd, x0 + xd + xd + xd
            g1, g2, g3 = g0 + gd, g0 + gd + gd, g0 + gd + gd + gd
            s1, s2, s3 = x[x1 + k] * g[g1 + k], x[x2 + k] * g[g2 + k], x[x3 + k] * g[g3 + k]
            for k in range(l * l + one, (l + one) * (l + one)):
                s0 += x[x0 + k] * g[g0 + k]
                s1 += x[x1 + k] * g[g1 + k]
                s2 += x[x2 + k] * g[g2 + k]
                s3 += x[x3 + k] * g[g3 + k]
            sums[z0 + l], sums[z0 + zd + l] = s0, s1
            sums[z0 + zd + zd + l], sums[z0 + zd + zd + zd + l] = s2, s3
        n, place = n + together, place + together
        if place == inner:
            row, place = row + outer, 0


def _rows_plain(array: Array, steps: Steps, width: int, first: int, last: int) -> Array:
    sample = np.arange(first, last)
    rows: Array = array.reshape(-1, width)[sample // steps[0] * steps[1] + sample % steps[0] * steps[2]]
    return rows


def _scale_plain(
    x: Array, x_steps: Steps, x_first: int, weight: Array, w_steps: Steps, w_first: int, places: Array,
    numel: int, dim: int, count: int, z: Array,
) -> None:  # fmt: skip
    """Twin of `scale_degrees` in NumPy."""
    factor = _rows_plain(weight, w_steps, numel, w_first, w_first + count)[:, places[:dim]]
    z[: count * dim] = (_rows_plain(x, x_steps, dim, x_first, x_first + count) * factor).reshape(-1)


def _dot_plain(
    x: Array, x_steps: Steps, x_first: int, g: Array, places: Array, numel: int, dim: int, count: int,
    sums: Array,
) -> None:  # fmt: skip
    """Twin of `dot_degrees` in NumPy."""
    start, stop = int(places[0]), int(places[dim - 1]) + 1
    terms = _rows_plain(x, x_steps, dim, x_first, x_first + count) * g[: count * dim].reshape(-1, dim)
    found = np.add.reduceat(terms, np.arange(stop - start) ** 2, axis=1)
    sums[: count * numel].reshape(count, numel)[:, start:stop] = found


scale_degrees: Any = _scale_plain if config.DISABLE_JIT else compiled(_scale)
dot_degrees: Any = _dot_plain if config.DISABLE_JIT else compiled(_dot)
scale_each: Any = _scale_plain if config.DISABLE_JIT else compiled(_scale_each)
