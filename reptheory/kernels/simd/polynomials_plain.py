"""Plain twins of the explicit vectors of `polynomials`, in NumPy, one for one.

Tests hold the two against each other, and these serve where Numba's JIT is switched off. Sums may be taken in
another order here, so results agree within the order-free bounds, not bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.simd.plain import lanes_of

__all__ = [
    "SAMPLES",
    "fold_plain",
    "fold_pull_plain",
    "left_pull_plain",
    "multiply_plain",
    "multiply_pull_plain",
]

SAMPLES = 4
"""Samples that polynomials are computed for side by side: their monomials stay in the first cache."""

Array = NDArray[Any]


def _row(work: Array, offset: int) -> Array:
    """Return a row of SAMPLES vectors, a view."""
    return work[offset : offset + SAMPLES * lanes_of(work.dtype)].reshape(SAMPLES, -1)


def _vector(work: Array, offset: int) -> Array:
    """Return one vector, a view."""
    return work[offset : offset + lanes_of(work.dtype)]


def multiply_plain(work: Array, a: int, b: int, target: int) -> None:
    """Twin of `multiply` in NumPy."""
    _row(work, target)[:] = _row(work, a) * _row(work, b)


def multiply_pull_plain(work: Array, t: int, a: int, b: int, to_a: int, to_b: int) -> None:
    """Twin of `multiply_pull` in NumPy."""
    _row(work, to_a)[:] += _row(work, t) * _row(work, b)
    _row(work, to_b)[:] += _row(work, t) * _row(work, a)


def _terms_plain(work: Array, index: Array, begin: int, end: int, c: int, monomials: int) -> Array:
    """Return the sum of coefficients times rows."""
    lanes = lanes_of(work.dtype)
    total = np.zeros((SAMPLES, lanes), work.dtype)
    for term in range(begin, end):
        left = _row(work, monomials + int(index[term]) * SAMPLES * lanes)
        total += _vector(work, c + term * lanes) * left
    return total


def fold_plain(
    work: Array, index: Array, table: Array, first: int, last: int, c: int, monomials: int, target: int
) -> None:
    """Twin of `fold` in NumPy."""
    total = np.zeros_like(_row(work, target))
    for begin, end, right in table[3 * first : 3 * last].reshape(-1, 3).tolist():
        factor = _row(work, monomials + right * total.size)
        total += _terms_plain(work, index, begin, end, c, monomials) * factor
    _row(work, target)[:] = total


def fold_pull_plain(
    work: Array, index: Array, begin: int, end: int, c: int, monomials: int, right: int, g: int,
    to_right: int, h: int,
) -> None:  # fmt: skip
    """Twin of `fold_pull` in NumPy."""
    _row(work, to_right)[:] += _row(work, g) * _terms_plain(work, index, begin, end, c, monomials)
    _row(work, h)[:] = _row(work, g) * _row(work, right)


def left_pull_plain(
    work: Array, index: Array, coefficients: Array, first: int, last: int, c: int, m: int, h: int, left: int,
    target: int,
) -> None:  # fmt: skip
    """Twin of `left_pull` in NumPy."""
    lanes = lanes_of(work.dtype)
    for row, number in zip(index[first:last].tolist(), coefficients[first:last].tolist(), strict=True):
        value = _row(work, h + row * SAMPLES * lanes)
        _row(work, target)[:] += _vector(work, c + number * lanes) * value
        _vector(work, m + number * lanes)[:] += (value * _row(work, left)).sum(axis=0)
