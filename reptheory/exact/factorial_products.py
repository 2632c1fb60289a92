"""Correctly rounded square roots of products of factorials, without multiplying the factorials out.

The square of a coupling coefficient is (T / D)^2 times factorials. Of each of these, and of T and D, the
leading 192 bits make an enclosure of the value that is 2^-150 wide, relatively; where both of its ends have
one nearest double, that is the result. Otherwise (near ties, exact values such as 1/2) the caller multiplies
out.

Error: an entry of the table of n! is a product of n floors, hence at most n 2^-190 too small; a product of
leading parts loses at most a bit of length with each of its factors, and 2^-165 each time it is cut. With
n < 2^15 and 25 factors everything is within 2^-159, and the enclosure takes 2^-150.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from reptheory.exact.arb import pi_power_bounds
from reptheory.exact.rounding import FORMATS, round_dyadic

__all__ = ["nearest_root"]

_BITS: Final = 192
_MARGIN: Final = 150
_LARGEST: Final = 15
"""Bits of the largest n: beyond, everything is multiplied out."""

Leading = tuple[int, int]
"""(m, e) for m 2^e, m of about 192 bits."""


def nearest_root(
    ratio: tuple[Any, Any],
    scale: tuple[int, int],
    factorials: tuple[tuple[int, ...], tuple[int, ...]],
    squares: tuple[tuple[int, ...], tuple[int, ...]],
    pi_power: int = 0,
) -> float | None:
    """Return the double nearest to |T / D| sqrt(top / bottom * F * S^2 * pi^k).

    F and S are quotients of products of factorials.

    ratio                T, D, not 0: ints or `flint.fmpz`
    scale                top, bottom > 0
    factorials, squares  the n above and below the line
    returns              None where the leading bits do not tell, or an n is 2^15 or more

    >>> nearest_root((3, 2), (2, 1), ((3,), (4,)), ((2,), (1,)))  # 3/2 * sqrt(2 * 6/24 * 4)
    2.1213203435596424
    """
    largest = max(max(ns, default=0) for pair in (factorials, squares) for ns in pair)
    if largest >> _LARGEST:
        return None
    table = _leading_factorials(max(largest.bit_length(), 8))
    above, below = _squared(ratio[0], squares[0], table), _squared(ratio[1], squares[1], table)
    top, up = _product(above, factorials[0], table)
    bottom, down = _product(below, factorials[1], table)
    top, bottom = top * scale[0], bottom * scale[1]
    if pi_power:
        numerator, denominator = pi_power_bounds(pi_power, _BITS)[0]
        top, bottom = top * numerator, bottom * denominator
    return _rounded_root(top, bottom, up - down)


def _rounded_root(top: int, bottom: int, exponent: int) -> float | None:
    """Round sqrt(top / bottom * 2^exponent), known to 2^-150; None if that does not tell."""
    shift = max(2 * _MARGIN - 80 + bottom.bit_length() - top.bit_length(), 0)
    shift += (exponent - shift) % 2
    quotient = (top << shift) // bottom
    width = (quotient >> _MARGIN) + 1
    root = math.isqrt(quotient - width)
    if root != math.isqrt(quotient + width):
        return None
    return round_dyadic(root << 1 | 1, (exponent - shift) // 2 - 1, FORMATS["float64"])


def _squared(number: Any, ns: tuple[int, ...], table: tuple[Leading, ...]) -> Leading:
    """Return the leading bits of (number * prod n!)^2."""
    mantissa, exponent = _product(_cut(abs(int(number)), 0), ns, table)
    return _cut(mantissa * mantissa, 2 * exponent)


def _product(start: Leading, ns: Iterable[int], table: tuple[Leading, ...]) -> Leading:
    """Return the leading bits of start * prod n!."""
    mantissa, exponent = start
    for n in ns:
        factor, power = table[n]
        mantissa = mantissa * factor >> _BITS
        exponent += power
    return mantissa, exponent


def _cut(mantissa: int, exponent: int) -> Leading:
    """Return mantissa 2^exponent with a mantissa of 192 bits, rounded down."""
    surplus = mantissa.bit_length() - _BITS
    return (mantissa >> surplus if surplus > 0 else mantissa << -surplus), exponent + surplus


@lru_cache(maxsize=_LARGEST)
def _leading_factorials(bits: int) -> tuple[Leading, ...]:
    """Return (m, e + 192) for n < 2^bits, with m 2^e <= n! < (1 + n 2^-190) m 2^e: 2 ms for 2^13."""
    mantissa, exponent = _cut(1, 0)
    table = [(mantissa, exponent + _BITS)]
    for n in range(1, 1 << bits):
        mantissa, exponent = _cut(mantissa * n, exponent)
        table.append((mantissa, exponent + _BITS))
    return tuple(table)
