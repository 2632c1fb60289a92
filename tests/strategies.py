"""Hypothesis strategies for labels: `two_*` are doubled ints, the others what a caller may write."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import sympy
from hypothesis import strategies as st

from reptheory.exact.surd import Surd
from reptheory.groups.o3 import Irrep, Irreps


def two_spins(most: int = 12) -> st.SearchStrategy[int]:
    """Doubled spins 0 <= two_j <= most."""
    return st.integers(0, most)


def two_projections(two_j: int) -> st.SearchStrategy[int]:
    """Doubled projections -j, -j+1, ..., j of one spin."""
    return st.integers(0, two_j).map(lambda steps: 2 * steps - two_j)


@st.composite
def two_triples(draw: st.DrawFn, most: int = 12) -> tuple[int, int, int]:
    """Doubled spins that couple: (two_j1, two_j2, two_j3) satisfying the triangle, each <= most."""
    two_j1, two_j2 = draw(two_spins(most)), draw(two_spins(most))
    low, high = abs(two_j1 - two_j2), min(two_j1 + two_j2, most)
    steps = draw(st.integers(0, (high - low) // 2))
    return two_j1, two_j2, low + 2 * steps


@st.composite
def two_coupled(draw: st.DrawFn, most: int = 12) -> tuple[int, int, int, int, int, int]:
    """Doubled labels (j1, j2, j3, m1, m2, m3) of a 3j symbol: triangle, |m| <= j, and m1 + m2 + m3 = 0.

    Written so that every draw is valid: m3 = -(m1 + m2) bounds m2 to where |m3| <= j3.
    """
    two_j1, two_j2, two_j3 = draw(two_triples(most))
    low1, high1 = max(-two_j1, -two_j2 - two_j3), min(two_j1, two_j2 + two_j3)
    two_m1 = low1 + 2 * draw(st.integers(0, (high1 - low1) // 2))
    low2, high2 = max(-two_j2, -two_j3 - two_m1), min(two_j2, two_j3 - two_m1)
    two_m2 = low2 + 2 * draw(st.integers(0, (high2 - low2) // 2))
    return two_j1, two_j2, two_j3, two_m1, two_m2, -two_m1 - two_m2


def degrees(most: int = 8) -> st.SearchStrategy[int]:
    """Degrees 0 <= l <= most."""
    return st.integers(0, most)


def written(two_label: int) -> st.SearchStrategy[object]:
    """Every way a caller may write the label two_label / 2."""
    half = Fraction(two_label, 2)
    forms: list[object] = [half, float(half), Decimal(two_label) / 2, sympy.Rational(two_label, 2)]
    forms += [
        np.float64(half),
        np.array(float(half)),
        np.longdouble(float(half)),
        np.array(half, dtype=object),
    ]
    if abs(two_label) < 1024:
        forms.append(np.float16(float(half)))
    if abs(two_label) < 2**24:
        forms.append(np.float32(float(half)))
    if two_label % 2 == 0:
        whole = two_label // 2
        forms += [whole, sympy.Integer(whole), np.int64(whole), np.array(whole).astype(">i8")]
    return st.sampled_from(forms)


def irreps_of_o3(most: int = 6) -> st.SearchStrategy[Irrep]:
    """Single irreps of O(3) with l <= most."""
    return st.builds(Irrep, degrees(most), st.sampled_from([-1, 1]))


def direct_sums(most: int = 4, longest: int = 6, copies: int = 4) -> st.SearchStrategy[Irreps]:
    """`Irreps` of up to `longest` entries, empty sums and empty entries among them."""
    entry = st.tuples(st.integers(0, copies), irreps_of_o3(most))
    return st.lists(entry, max_size=longest).map(Irreps)


RATIONALS = st.fractions(max_denominator=60).filter(lambda q: abs(q) < 10**4)
POSITIVE = st.fractions(min_value=Fraction(1, 50), max_value=50, max_denominator=50)


@st.composite
def surds(draw: st.DrawFn, *, real: bool = False, zero: bool = True) -> Surd:
    """Surds with small rationals and powers of pi, real or imaginary."""
    coefficient = draw(RATIONALS) if zero else draw(RATIONALS.filter(bool))
    i_power = 0 if real else draw(st.integers(0, 3))
    return Surd.scaled(coefficient, draw(POSITIVE), draw(st.integers(-2, 2)), i_power)
