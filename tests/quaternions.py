"""Rational quaternions for tests of rotations: drawn by Hypothesis, multiplied, acting on points."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

Quaternion = tuple[Fraction, Fraction, Fraction, Fraction]
_PARTS = st.fractions(min_value=-9, max_value=9, max_denominator=5)


def quaternions() -> st.SearchStrategy[Quaternion]:
    """Nonzero rational quaternions, those with zeros (half turns, turns about axes) among them."""
    part = st.one_of(st.just(Fraction(0)), _PARTS)
    return st.tuples(part, part, part, part).filter(any)


def rational_points() -> st.SearchStrategy[tuple[Fraction, Fraction, Fraction]]:
    """Points with rational coordinates."""
    return st.tuples(_PARTS, _PARTS, _PARTS)


def hamilton(left: Quaternion, right: Quaternion) -> Quaternion:
    """Return the product of two quaternions: first `right`, then `left`."""
    a, b, c, d = left
    e, f, g, h = right
    return (
        a * e - b * f - c * g - d * h,
        a * f + b * e + c * h - d * g,
        a * g - b * h + c * e + d * f,
        a * h + b * g - c * f + d * e,
    )


def turned(quaternion: Quaternion, point: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """Rotate a point: q v conj(q) / |q|^2."""
    a, b, c, d = quaternion
    size = sum(part * part for part in quaternion)
    vector = (Fraction(0), *point)
    rotated = hamilton(hamilton(quaternion, vector), (a, -b, -c, -d))
    return tuple(part / size for part in rotated[1:])
