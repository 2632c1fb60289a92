"""Exact harmonics of vectors, as balls."""

from __future__ import annotations

from typing import Any

from flint import arb

from reptheory.exact.ring_functions import theta_functions

BITS = 2400
"""Holds the square of every float64 exactly."""


def exact_harmonics(vector: Any, lmax: int) -> list[Any]:
    """Enclose Y_lm of a vector; Y_00 alone for the zero vector."""
    x, y, z = (c if isinstance(c, arb) else arb(float(c)) for c in vector)
    if not any(c != 0 for c in vector):
        return [1 / (4 * arb.pi()).sqrt()] + [arb(0)] * ((lmax + 1) ** 2 - 1)
    flat = (x * x + y * y).sqrt()
    length = (x * x + y * y + z * z).sqrt()
    theta = theta_functions(lmax, z / length if flat > 0 else arb(1 if z > 0 else -1))
    c, s = (x / flat, y / flat) if flat > 0 else (arb(1), arb(0))
    values = [arb(0)] * (lmax + 1) ** 2
    cosine, sine = arb(1), arb(0)
    for m in range(lmax + 1):
        for degree in range(m, lmax + 1):
            centre = degree * degree + degree
            values[centre + m] = theta[degree, m] * cosine
            if m:
                values[centre - m] = theta[degree, m] * sine
        cosine, sine = cosine * c - sine * s, cosine * s + sine * c
    return values
