"""Square roots of factorials as pairs of doubles: every scale of a table of 3j symbols is a product of them.

The radicands of 3j symbols are products and quotients of factorials, so that 2 n numbers, each from one
integer square root, give the scales of all symbols with j1 + j2 + j3 < n.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reptheory.immutable import immutable

__all__ = ["LARGEST_TOTAL", "factorial_roots"]

LARGEST_TOTAL: Final = 168
"""Largest n: sqrt(n!) and what Dekker's product makes of it stay within the doubles."""
_BITS: Final = 128


@cache
def factorial_roots() -> NDArray[np.float64]:
    """Return (4, LARGEST_TOTAL + 1): sqrt(n!) high and low, 1 / sqrt(n!) high and low.

    Each pair is normal (|low| <= 2^-53 |high|) and within 2^-106 of its value, relatively: high is the
    nearest double, and low that of the remainder.
    """
    pairs: list[tuple[float, float, float, float]] = []
    for n in range(LARGEST_TOTAL + 1):
        factorial = math.factorial(n)
        pairs.append((*_root(factorial, 1), *_root(1, factorial)))
    return immutable(np.array(pairs).T)


def _root(numerator: int, denominator: int) -> tuple[float, float]:
    """Return sqrt(numerator / denominator) as a pair."""
    shift = _BITS - (numerator.bit_length() - denominator.bit_length()) // 2
    root = math.isqrt((numerator << 2 * shift) // denominator if shift >= 0 else numerator >> -2 * shift)
    high = float(root)
    return math.ldexp(high, -shift), math.ldexp(float(root - int(high)), -shift)
