"""Surd among other people's numbers: comparison, hashes, sums, copies, NumPy, SymPy, logarithms, text."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracle import precise_root
from strategies import POSITIVE, RATIONALS, surds

import reptheory as rt
from reptheory.errors import IncommensurableSurds, NotReal
from reptheory.exact.surd import Surd

I = Surd.sqrt(-1)  # noqa: E741
COEFFICIENTS = [
    rt.wigner_3j(1, 1, 2, 0, 0, 0),
    rt.wigner_3j(100, 90, 80, 3, 4, -7),
    rt.clebsch_gordan(0.5, 0.5, 1, 0.5, -0.5, 0),
    rt.gaunt(2, 2, 2, 1, 0, -1),
    rt.wigner_6j(60, 60, 60, 60, 60, 61),
    rt.wigner_9j(1, 1, 2, 1, 1, 1, 1, 1, 1),
    rt.real_gaunt(3, 3, 3, 0, 0, 0),
]
"""Held as the integers that they were computed from, and one zero."""


def fresh(surd: Surd) -> Surd:
    """Return the same number from its fields."""
    return Surd(surd.sign, surd.radicand, surd.pi_power, surd.i_power)


@pytest.mark.parametrize("operation", [repr, hash, bool, float, complex, Surd.log_abs, abs, Surd.to_sympy])
def test_a_coefficient_is_the_number_of_its_fields(operation) -> None:  # type: ignore[no-untyped-def]
    for labels in [(7, 8, 9, 1, 2, -3), (99, 98, 97, 1, 2, -3), (300, 310, 320, 5, -9, 4)]:
        assert operation(rt.wigner_3j(*labels)) == operation(fresh(rt.wigner_3j(*labels)))
        assert operation(-rt.wigner_3j(*labels)) == operation(-fresh(rt.wigner_3j(*labels)))


@pytest.mark.parametrize("value", COEFFICIENTS)
def test_copies_are_equal(value: Surd) -> None:
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)), fresh(value)):
        assert twin == value
        assert hash(twin) == hash(value)
        assert repr(twin) == repr(value)
    match value:
        case Surd(sign, radicand):
            assert (sign, radicand) == (value.sign, value.radicand)


@given(RATIONALS)
def test_equal_numbers_of_other_types_hash_equally(q: Fraction) -> None:
    value, near, single = Surd.rational(q), float(q), np.float32(float(q))
    others: list[tuple[object, Fraction]] = [
        (q, q),
        (int(q), Fraction(int(q))),
        (np.int64(int(q)), Fraction(int(q))),
    ]
    others += [(kind(near), Fraction(near)) for kind in (float, complex, np.float64, np.longdouble)]
    for other, exact in [*others, (single, Fraction(float(single)))]:
        assert (value == other) == (other == value) == (exact == q), type(other)
        assert value != other or hash(value) == hash(other), type(other)
    # a Rational of SymPy's equals Python's Fraction and hashes otherwise
    assert value == sympy.Rational(q.numerator, q.denominator) == value


@given(RATIONALS, RATIONALS)
def test_imaginary_numbers_equal_and_hash_as_complex(q: Fraction, p: Fraction) -> None:
    value, other = I * q, complex(0, float(p))
    assert (value == other) == (Fraction(float(p)) == q)
    assert value != other or hash(value) == hash(other)
    assert value != complex(1, float(q))


@given(surds(real=True), st.floats())
def test_order_among_floats_is_exact(a: Surd, x: float) -> None:
    if math.isfinite(x):
        right = Surd.rational(Fraction(x))
        assert [a < x, a <= x, a > x, a >= x] == [a < right, a <= right, a > right, a >= right]
        assert [x > a, x >= a, x < a, x <= a] == [a < right, a <= right, a > right, a >= right]
    else:
        below, above = x == math.inf, x == -math.inf  # neither for a NaN
        assert [a < x, a <= x, a > x, a >= x] == [below, below, above, above]


def test_order_refuses_what_has_none() -> None:
    for other in (1j, "1", None, Decimal(1)):
        with pytest.raises(TypeError):
            _ = Surd.sqrt(2) < other  # type: ignore[operator]
    with pytest.raises((NotReal, TypeError)):
        _ = I < 0.5


def test_sympy_numbers_compare_and_add() -> None:
    value = Surd.sqrt(2)
    assert value == sympy.sqrt(2)
    assert sympy.sqrt(2) == value
    assert value < sympy.sqrt(3)
    assert value + sympy.sqrt(3) == sympy.sqrt(3) + value == sympy.sqrt(2) + sympy.sqrt(3)
    assert sympy.sympify(I * 3) == 3 * sympy.I


def test_sums() -> None:
    assert sum([Surd.sqrt(2), Surd.sqrt(8)]) == Surd.sqrt(18)
    assert sum([rt.wigner_3j(1, 1, 2, 0, 0, 0) ** 2] * 15) == 2
    with pytest.raises(IncommensurableSurds, match=r"to_sympy\(\) or float\(\)"):
        sum([Surd.sqrt(2), Surd.sqrt(3)])
    assert math.fsum([Surd.sqrt(2), Surd.sqrt(3)]) == math.fsum([math.sqrt(2), math.sqrt(3)])


def test_numpy_takes_them_as_objects_and_as_floats() -> None:
    values = [Surd.sqrt(2), Surd.rational(Fraction(1, 2))]
    assert np.asarray(values[0])[()] is values[0]
    assert (np.array(values) * 2).tolist() == [Surd.sqrt(8), 1]
    assert np.array(values, dtype=float).tolist() == [math.sqrt(2), 0.5]
    assert np.array([I * 2]).astype(complex).tolist() == [2j]
    assert np.float64(0.5) == values[1]
    assert values[0].to_float32() == np.float32(math.sqrt(2))


@given(RATIONALS.filter(bool), POSITIVE, st.integers(-2, 2), st.integers(-3000, 3000))
def test_logarithms_are_the_nearest_floats(q: Fraction, r: Fraction, pi_power: int, power: int) -> None:
    value = Surd.scaled(q * Fraction(2) ** power, r, pi_power)
    with mpmath.workdps(60):
        square = mpmath.mpf(value.radicand.numerator) / value.radicand.denominator
        expected = float((mpmath.log(square) + pi_power * mpmath.log(mpmath.pi)) / 2)
    assert value.log_abs() == (-value).log_abs() == (value * I).log_abs() == expected


def test_values_beyond_the_floats_keep_their_form() -> None:
    tiny = rt.wigner_3j(2000, 2000, 4000, 2000, 2000, -4000) * rt.wigner_3j(2000, 2000, 2000, 1999, 1, -2000)
    small = rt.clebsch_gordan(1500, 1500, 3000, -1500, 1500, 0)
    assert float(small) == 0
    assert small > 0
    assert small**2 / small == small
    assert small.log_abs() < -1000
    assert mpmath.log(small.to_mpmath(50)) == pytest.approx(small.log_abs(), rel=1e-15)
    assert tiny.sign == fresh(tiny).sign
    assert Surd.rational(0).log_abs() == -math.inf
    assert Surd.rational(-1).log_abs() == 0


@given(surds(real=True))
def test_floats_of_both_kinds_of_square(a: Surd) -> None:
    assert float(a) == float(a.sign * precise_root(a.radicand, a.pi_power))


def test_format_is_that_of_floats() -> None:
    assert f"{Surd.sqrt(2):.3f} {Surd.sqrt(2)}" == "1.414 √2"
    with pytest.raises(NotReal):
        f"{I:.3f}"
