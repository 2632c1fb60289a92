"""d(beta) as polynomial and as Fourier series: SymPy's functions, equal to each other, floats the nearest."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scalars import HALVES, NEGATIVES, UNREADABLE, named
from strategies import two_projections
from sympy.physics.quantum.spin import Rotation

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.half_angles import HalfAnglePolynomial, wigner_d_polynomial
from reptheory.exact.surd import Surd
from reptheory.exact.wigner_d import wigner_d_fourier, wigner_d_pi_half

BETA = sympy.Symbol("beta", real=True)
ANGLES = sympy.symbols("alpha beta gamma", real=True)


def polynomial(two_j: int, two_m1: int, two_m2: int) -> HalfAnglePolynomial:
    return wigner_d_polynomial(Fraction(two_j, 2), Fraction(two_m1, 2), Fraction(two_m2, 2))


def labels(two_j: int) -> list[tuple[int, int]]:
    return list(product(range(-two_j, two_j + 1, 2), repeat=2))


def expanded(expression: sympy.Expr) -> sympy.Expr:
    return sympy.expand(sympy.expand(expression.rewrite(sympy.exp)), power_exp=True)


@pytest.mark.parametrize("two_j", range(5))
def test_is_sympys_function(two_j: int) -> None:
    for two_m1, two_m2 in labels(two_j):
        names = [sympy.Rational(label, 2) for label in (two_j, two_m1, two_m2)]
        ours = polynomial(two_j, two_m1, two_m2)
        assert expanded(ours.to_sympy(BETA) - Rotation.d(*names, BETA).doit()) == 0
        if two_j < 4:
            assert expanded(ours.with_euler_angles() - Rotation.D(*names, *ANGLES).doit()) == 0


@pytest.mark.parametrize("two_j", range(7))
def test_the_fourier_series_is_the_same_function(two_j: int) -> None:
    series = wigner_d_fourier(Fraction(two_j, 2))
    wave = sympy.Symbol("w")  # e^{i beta / 2}
    c, s = (wave + 1 / wave) / 2, (wave - 1 / wave) / (2 * sympy.I)
    for two_m1, two_m2 in labels(two_j):
        row, column = (two_m1 + two_j) // 2, (two_m2 + two_j) // 2
        ours = polynomial(two_j, two_m1, two_m2)
        powers = sympy.Add(*(number * c**p * s**q for number, p, q in ours.terms))
        waves = sympy.Add(
            *(
                (series[row, column, k] / ours.scale).to_sympy() * wave ** (two_j - 2 * k)
                for k in range(two_j + 1)
            )
        )
        assert sympy.expand(powers - waves) == 0


@pytest.mark.parametrize("two_j", [*range(8), 12])
def test_the_derivative_is_the_generator(two_j: int) -> None:
    # d'(beta) = -i J_y d(beta): mu c[m', m, mu] = sum_k J_y[m', k] c[k, m, mu], J_y = (J+ - J-) / 2i
    series = wigner_d_fourier(Fraction(two_j, 2))
    for row, column, k in product(range(two_j + 1), repeat=3):
        total = Surd.rational(0)
        if row > 0:
            total += Surd.sqrt(Fraction(-row * (two_j + 1 - row), 4), sign=-1) * series[row - 1, column, k]
        if row < two_j:
            total += Surd.sqrt(Fraction(-(row + 1) * (two_j - row), 4)) * series[row + 1, column, k]
        assert total == series[row, column, k] * Fraction(2 * k - two_j, 2)


@given(st.integers(0, 12), st.data(), st.integers(-9, 9), st.integers(1, 9))
def test_symmetries_at_rational_points(two_j: int, data: st.DataObject, p: int, q: int) -> None:
    size = p * p + q * q
    c, s = Fraction(q * q - p * p, size), Fraction(2 * p * q, size)
    m1, m2 = data.draw(two_projections(two_j)), data.draw(two_projections(two_j))
    sign = (-1) ** (abs(m1 - m2) // 2)
    value = polynomial(two_j, m1, m2).at(c, s)
    assert polynomial(two_j, m2, m1).at(c, s) == sign * value
    assert polynomial(two_j, -m2, -m1).at(c, s) == value
    assert polynomial(two_j, m2, m1).at(c, -s) == value
    assert polynomial(two_j, m1, -m2).at(s, c) == (-1) ** ((two_j + m1) // 2) * value


@pytest.mark.parametrize("two_j", [*range(6), 11])
def test_a_quarter_turn(two_j: int) -> None:
    quarter = wigner_d_pi_half(Fraction(two_j, 2))
    units = wigner_d_fourier(Fraction(two_j, 2)).to_numpy("complex128")
    phases = np.exp(-1j * np.pi / 4 * np.arange(-two_j, two_j + 1, 2))
    assert np.abs(units @ phases - quarter.to_numpy()).max() < 1e-14
    for two_m1, two_m2 in labels(two_j):
        index = (two_m1 + two_j) // 2, (two_m2 + two_j) // 2
        numbers = polynomial(two_j, two_m1, two_m2)
        total = sum(number for number, _, _ in numbers.terms)
        assert numbers.scale**2 * Fraction(total**2, 2**two_j) == quarter[index] ** 2


@given(
    st.integers(0, 40),
    st.data(),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30),
)
def test_floats_are_the_nearest(two_j: int, data: st.DataObject, beta: float) -> None:
    m1, m2 = data.draw(two_projections(two_j)), data.draw(two_projections(two_j))
    ours = polynomial(two_j, m1, m2)
    with mpmath.workdps(420 if abs(beta) > 1e-12 else 13000):
        half = mpmath.mpf(beta) / 2
        c, s = mpmath.cos(half), mpmath.sin(half)
        total = mpmath.fsum(number * c**p * s**q for number, p, q in ours.terms)
        scale = mpmath.sqrt(mpmath.mpf(ours.scale.radicand.numerator) / ours.scale.radicand.denominator)
        expected = float(total * scale)
    assert ours(beta) == expected


def test_values_at_the_edges() -> None:
    tiny = 5e-324
    assert wigner_d_polynomial(0.5, 0.5, 0.5)(tiny) == 1.0
    assert wigner_d_polynomial(0.5, -0.5, 0.5)(2 * tiny) == tiny  # sin(beta / 2) lies just below
    assert wigner_d_polynomial(0.5, -0.5, 0.5)(tiny) == 0.0  # just below half of the smallest float
    assert wigner_d_polynomial(3, 2, 2)(0) == 1.0
    assert wigner_d_polynomial(3, 2, 1)(0.0) == 0.0
    assert wigner_d_polynomial(0, 0, 0)(1.3) == 1.0
    with mpmath.workdps(700):  # the angle has 1024 bits before its point
        cosine = mpmath.cos(mpmath.mpf(1e308))
        assert wigner_d_polynomial(1, 0, 0)(1e308) == float(cosine)
        # the terms of degree 200 cancel to 2^-200 of their size
        assert wigner_d_polynomial(200, 0, 0)(1e308) == float(mpmath.legendre(200, cosine))
        assert wigner_d_polynomial(2, 0, 0)(1e308) == float((3 * cosine**2 - 1) / 2)
    ball = wigner_d_polynomial(2, 1, 0).to_arb(Fraction(1, 3), 200)
    assert ball.rad() < 1e-50
    assert wigner_d_polynomial(2, 1, 0).to_arb(ball, 100).rad() < 1e-20


@pytest.mark.parametrize("bad", named([*UNREADABLE, *NEGATIVES]))
def test_impossible_spins(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        wigner_d_polynomial(bad, 0, 0)
    with pytest.raises(LabelError, match=r"^j: "):
        wigner_d_fourier(bad)


@pytest.mark.parametrize("bad", named([*UNREADABLE, *HALVES, 3, -3, 2**64]))
def test_impossible_projections(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^m1: "):
        wigner_d_polynomial(2, bad, 0)
    with pytest.raises(LabelError, match=r"^m2: "):
        wigner_d_polynomial(2, 0, bad)


NO_NUMBERS = [
    float("nan"),
    float("inf"),
    "1",
    b"1",
    None,
    True,
    np.True_,
    1j,
    [1.0],
    np.array([1.0]),
    sympy.pi,
    int,
]


@pytest.mark.parametrize("bad", named(NO_NUMBERS))
def test_impossible_angles(bad: object) -> None:
    function = wigner_d_polynomial(1, 0, 1)
    with pytest.raises(LabelError, match=r"^beta: "):
        function(bad)
    with pytest.raises(LabelError, match=r"^beta: "):
        function.to_arb(bad)
    with pytest.raises(LabelError, match=r"^cosine: "):
        function.at(bad, 0)


def test_text_is_never_evaluated() -> None:
    function = wigner_d_polynomial(1, 0, 1)
    with pytest.raises(LabelError, match=r"^beta: "):
        function.to_sympy("__import__('os').abort()")
    with pytest.raises(LabelError, match=r"^alpha: "):
        function.with_euler_angles("x")
    with pytest.raises(LabelError, match="add up to 1"):
        function.at(1, 1)


def test_too_large() -> None:
    with pytest.raises(TooLarge, match="GiB"):
        wigner_d_polynomial(10**9, 0, 0)
    with pytest.raises(TooLarge, match="GiB"):
        wigner_d_fourier(10**4)
