"""Surd: the arithmetic of numbers, canonical equality, order, output; what is not one surd raises."""

from __future__ import annotations

import math
import pickle
from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracle import precise_root
from strategies import RATIONALS, surds

from reptheory.errors import IncommensurableSurds, LabelError, NotRational, NotReal
from reptheory.exact.surd import Surd


def close(left: complex, right: complex) -> bool:
    return abs(left - right) <= 1e-12 * max(abs(left), abs(right), 1e-300)


@given(surds(), surds())
def test_product_and_quotient_are_those_of_complex_numbers(a: Surd, b: Surd) -> None:
    assert close(complex(a * b), complex(a) * complex(b))
    assert a * b == b * a
    if b:
        assert close(complex(a / b), complex(a) / complex(b))
        assert a / b * b == a


@given(surds(), surds(), surds())
def test_product_is_associative(a: Surd, b: Surd, c: Surd) -> None:
    assert (a * b) * c == a * (b * c)


@given(surds(), RATIONALS, RATIONALS)
def test_multiples_of_one_surd_add_as_rationals_do(a: Surd, p: Fraction, q: Fraction) -> None:
    assert a * p + a * q == a * (p + q)
    assert a * p - a * q == a * (p - q)
    assert (a - a) == 0
    assert a + 0 == 0 + a == a


@given(surds(zero=False), st.integers(-4, 4))
def test_powers_repeat_the_product(a: Surd, n: int) -> None:
    expected = Surd.rational(1)
    for _ in range(abs(n)):
        expected = expected * a if n > 0 else expected / a
    assert a**n == expected


@given(surds())
def test_conjugate_negation_and_absolute_value(a: Surd) -> None:
    assert close(complex(a.conjugate()), complex(a).conjugate())
    opposite = -a
    assert -opposite == +a == a
    assert complex(-a) == -complex(a)
    assert close(complex(abs(a)), abs(complex(a)))
    product = a * a.conjugate()
    assert product.is_real
    assert product == abs(a) ** 2


@given(RATIONALS)
def test_a_rational_surd_is_equal_to_and_hashes_as_its_fraction(q: Fraction) -> None:
    surd = Surd.rational(q)
    assert surd == q
    assert q == surd
    assert hash(surd) == hash(q)
    assert surd.is_rational
    assert surd.as_fraction() == q
    assert {q: "found"}[surd] == "found"


@given(surds(), surds())
def test_equal_values_hash_equally(a: Surd, b: Surd) -> None:
    if a == b:
        assert hash(a) == hash(b)
    twin = a * 6 / 2 / 3
    assert twin == a
    assert hash(twin) == hash(a)


@given(surds(real=True), surds(real=True))
def test_order_is_the_order_of_the_numbers(a: Surd, b: Surd) -> None:
    left, right = (value.sign * precise_root(value.radicand, value.pi_power) for value in (a, b))
    if a == b:
        assert a <= b
        assert a >= b
        assert not a < b
    else:
        assert (a < b) == (left < right)
        assert (a > b) == (left > right)
        assert (a <= b) == (left < right)
        assert (a >= b) == (left > right)


def test_order_separates_neighbours_that_floats_confuse() -> None:
    # 355/113 exceeds pi by 2.7e-7; the second fraction by less than 1e-30.
    near = Fraction(math.ceil(Fraction("3.14159265358979323846264338327950288") * 10**32), 10**32)
    pi = Surd.sqrt(1, pi_power=2)
    assert 3 < pi < Fraction(355, 113)
    assert pi < near
    assert Surd.rational(near) > pi


def test_powers_of_i_reduce() -> None:
    i = Surd.sqrt(-1)
    assert [i**n for n in range(5)] == [1, i, -1, -i, 1]
    assert Surd.sqrt(-2) * Surd.sqrt(-2) == -2
    assert Surd.sqrt(2, i_power=3) == -Surd.sqrt(2) * i
    assert Surd.scaled(3, 2, i_power=-1) == Surd.scaled(-3, 2, i_power=1)
    assert 1 / i == -i


def test_there_is_one_zero() -> None:
    zero = Surd.rational(0)
    for other in (Surd.sqrt(0, pi_power=3), Surd.scaled(0, 5, i_power=1), Surd.sqrt(2) * 0, -zero):
        assert other == zero
        assert hash(other) == hash(0)
        assert not other
        assert (other.sign, other.radicand, other.pi_power, other.i_power) == (0, 0, 0, 0)


def test_square() -> None:
    assert Surd.sqrt(Fraction(2, 15)).square == Fraction(2, 15)
    assert Surd.sqrt(-3).square == -3
    with pytest.raises(NotRational, match=r"1/4 \* pi\^-1"):
        _ = Surd.sqrt(Fraction(1, 4), pi_power=-1).square


def test_irrational_sums_raise() -> None:
    for a, b in [
        (Surd.sqrt(2), Surd.sqrt(3)),
        (Surd.rational(1), Surd.sqrt(-1)),
        (Surd.sqrt(2), Surd.sqrt(2, pi_power=2)),
    ]:
        with pytest.raises(IncommensurableSurds, match="irrational ratio"):
            _ = a + b
    assert sum([Surd.sqrt(2), Surd.sqrt(8), -Surd.sqrt(18)]) == 0


def test_irrational_or_imaginary_values_are_not_silently_converted() -> None:
    with pytest.raises(NotRational, match="not rational"):
        Surd.sqrt(2).as_fraction()
    with pytest.raises(NotReal, match="imaginary"):
        float(Surd.sqrt(-2))
    with pytest.raises(NotReal, match="no order"):
        _ = Surd.sqrt(-2) < 1
    with pytest.raises(ZeroDivisionError):
        _ = Surd.sqrt(2) / 0
    with pytest.raises(ZeroDivisionError):
        _ = Surd.rational(0) ** -1


@pytest.mark.parametrize("bad", [0.5, "2", None, 1j, sympy.sqrt(2)])
def test_inexact_operands_are_refused(bad: object) -> None:
    with pytest.raises(LabelError, match="Surd: got"):
        Surd.rational(bad)
    if not isinstance(bad, sympy.Basic):  # SymPy takes over there, exactly
        with pytest.raises(TypeError):
            _ = Surd.sqrt(2) * bad  # type: ignore[operator]
        with pytest.raises(TypeError):
            _ = Surd.sqrt(2) + bad  # type: ignore[operator]


@pytest.mark.parametrize(
    "fields",
    [(2, Fraction(1)), (1, Fraction(-1)), (0, Fraction(1)), (1, Fraction(0)), (1, Fraction(1), 0, 2)],
)
def test_impossible_fields_are_refused(fields: tuple[int, ...]) -> None:
    with pytest.raises(LabelError, match=r"Surd\.scaled"):
        Surd(*fields)  # type: ignore[arg-type]


def test_comparison_with_floats_is_exact() -> None:
    assert Surd.rational(Fraction(1, 2)) == 0.5
    assert Surd.rational(Fraction(1, 10)) != 0.1
    assert Surd.sqrt(2) != math.sqrt(2)
    assert not any(Surd.rational(0) == wrong for wrong in (math.nan, math.inf))
    assert Surd.sqrt(2) != "√2"


@pytest.mark.parametrize(
    ("surd", "text"),
    [
        (Surd.sqrt(Fraction(2, 15)), "√(2/15)"),
        (Surd.rational(Fraction(-1, 2)), "-1/2"),
        (Surd.rational(0), "0"),
        (Surd.sqrt(Fraction(5, 4), pi_power=-1), "√(5/(4π))"),
        (Surd.sqrt(Fraction(1, 2), i_power=1), "i·√(1/2)"),
        (Surd.sqrt(5, pi_power=-1), "√(5/π)"),
        (Surd.sqrt(1, pi_power=1), "√π"),
        (Surd.sqrt(Fraction(3, 4), pi_power=1), "√(3π/4)"),
        (Surd.sqrt(4, pi_power=2), "√(4π^2)"),
        (Surd.sqrt(1, pi_power=-2, sign=-1), "-√(1/(π^2))"),
        (Surd.sqrt(2), "√2"),
        (Surd.sqrt(-1), "i"),
        (Surd.scaled(-3, 1, i_power=1), "-i·3"),
        (Surd.sqrt(-2), "i·√2"),
    ],
)
def test_repr(surd: Surd, text: str) -> None:
    assert repr(surd) == str(surd) == text


@given(surds())
def test_survives_pickling(a: Surd) -> None:
    assert pickle.loads(pickle.dumps(a)) == a


def test_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        Surd.sqrt(2).sign = -1  # type: ignore[misc]


@given(surds(real=True))
def test_float_is_the_nearest_double(a: Surd) -> None:
    assert float(a) == float(a.sign * precise_root(a.radicand, a.pi_power))
    assert isinstance(a.to_float32(), np.float32)
    assert complex(a * Surd.sqrt(-1)) == complex(0.0, float(a))


def test_integers_too_long_to_print_are_shown_by_their_length() -> None:
    value = Surd.sqrt(3) * 10**5000
    assert "-bit integer>" in repr(value)
    assert "-bit integer>" in repr(Surd.rational(10**5000))
    with pytest.raises(IncommensurableSurds, match="bit integer"):
        value + Surd.sqrt(2)


def test_truth_values_are_no_radicands() -> None:
    for build in (Surd.sqrt, Surd.rational, lambda flag: Surd.scaled(2, flag)):
        for flag in (True, False):
            with pytest.raises(LabelError, match=r"got (True|False) of type bool"):
                build(flag)
    assert Surd.sqrt(2) * True == Surd.sqrt(2)  # arithmetic is Python's
