"""Rationals: exact fractions from what callers pass, their roots, and how Python hashes them."""

from __future__ import annotations

import math
import numbers
import sys
from fractions import Fraction
from typing import Any

from reptheory.errors import LabelError

__all__ = ["exact_fraction", "imaginary_hash", "rational_root"]


def exact_fraction(value: Any) -> Fraction:
    """Return an exact rational as a Fraction; refuse floats, whose squares people seldom mean."""
    if isinstance(value, Fraction):
        return value
    if not isinstance(value, bool) and isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    raise LabelError(f"Surd: got {value!r} of type {type(value).__name__}; pass an int or a Fraction")


def rational_root(square: Fraction) -> Fraction | None:
    """Return the rational square root of a Fraction >= 0, or None."""
    numerator, denominator = math.isqrt(square.numerator), math.isqrt(square.denominator)
    if numerator * numerator != square.numerator or denominator * denominator != square.denominator:
        return None
    return Fraction(numerator, denominator)


def imaginary_hash(part: Fraction) -> int:
    """Return the hash of the complex number i * part, as Python defines it for every numeric type."""
    full = 1 << sys.hash_info.width
    value = sys.hash_info.imag * hash(part) % full
    value -= full if 2 * value >= full else 0
    return -2 if value == -1 else value
