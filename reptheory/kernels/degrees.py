"""Degrees: one weight for each degree of a feature, applied and differentiated.

    scale_degrees    z[n, k] = x[row(n), k] w[row'(n), k]
    dot_degrees      s[n, l] = sum over k of degree l of x[row(n), k] g[n, k]

Samples may share rows: sample n has row (n // inner) * outer_step + (n % inner) * step. Flat C-contiguous
arrays; nothing is checked here. The twins in NumPy serve where the JIT is off.
Proof of the bounds: docs/proofs/interaction.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled

__all__ = ["dot_degrees", "scale_degrees"]

Array = NDArray[Any]
Steps = tuple[int, int, int]


def _scale(
    x: Array, x_steps: Steps, x_first: int, weight: Array, w_steps: Steps, w_first: int, dim: int, count: int,
    z: Array,
) -> None:  # fmt: skip
    """Write `count` rows of z from samples x_first.. of x and w_first.. of the weights."""
    x_inner, x_outer, x_step = x_steps
    w_inner, w_outer, w_step = w_steps
    x_row, x_place = x_first // x_inner * x_outer * dim, x_first % x_inner
    w_row, w_place = w_first // w_inner * w_outer * dim, w_first % w_inner
    for n in range(count):  # counting rows costs less than a division a sample
        x0, w0 = np.uint64(x_row + x_place * x_step * dim), np.uint64(w_row + w_place * w_step * dim)
        z0 = np.uint64(n * dim)
        for k in range(np.uint64(dim)):  # an index without a sign lets LLVM make vectors of the loop
            z[z0 + k] = x[x0 + k] * weight[w0 + k]
        x_place, w_place = x_place + 1, w_place + 1
        if x_place == x_inner:
            x_row, x_place = x_row + x_outer * dim, 0
        if w_place == w_inner:
            w_row, w_place = w_row + w_outer * dim, 0


def _dot(
    x: Array, x_steps: Steps, g: Array, degree: Array, first: int, last: int, sums: Array
) -> None:  # fmt: skip
    """Write sums[first:last], flat (samples, lmax + 1); g is flat (samples, dim)."""
    dim, one = len(degree), np.uint64(1)
    count = np.uint64(degree[dim - 1] + 1)
    inner, outer, step = x_steps
    row, place = first // inner * outer * dim, first % inner
    for n in range(first, last):
        x0, g0 = np.uint64(row + place * step * dim), np.uint64(n * dim)
        for l in range(count):  # noqa: E741
            total = x[x0 + l * l] * g[g0 + l * l]
            for k in range(l * l + one, (l + one) * (l + one)):
                total += x[x0 + k] * g[g0 + k]
            sums[np.uint64(n) * count + l] = total
        place += 1
        if place == inner:
            row, place = row + outer * dim, 0


def _rows_plain(array: Array, steps: Steps, width: int, first: int, last: int) -> Array:
    sample = np.arange(first, last)
    rows: Array = array.reshape(-1, width)[sample // steps[0] * steps[1] + sample % steps[0] * steps[2]]
    return rows


def _scale_plain(
    x: Array, x_steps: Steps, x_first: int, weight: Array, w_steps: Steps, w_first: int, dim: int, count: int,
    z: Array,
) -> None:  # fmt: skip
    """Twin of `scale_degrees` in NumPy."""
    factor = _rows_plain(weight, w_steps, dim, w_first, w_first + count)
    z[: count * dim] = (_rows_plain(x, x_steps, dim, x_first, x_first + count) * factor).reshape(-1)


def _dot_plain(
    x: Array, x_steps: Steps, g: Array, degree: Array, first: int, last: int, sums: Array
) -> None:  # fmt: skip
    """Twin of `dot_degrees` in NumPy."""
    dim, count = len(degree), int(degree[-1]) + 1
    terms = _rows_plain(x, x_steps, dim, first, last) * g.reshape(-1, dim)[first:last]
    sums.reshape(-1, count)[first:last] = np.add.reduceat(terms, np.arange(count) ** 2, axis=1)


scale_degrees = _scale_plain if config.DISABLE_JIT else compiled(_scale)
dot_degrees = _dot_plain if config.DISABLE_JIT else compiled(_dot)
