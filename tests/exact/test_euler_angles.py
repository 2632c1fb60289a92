"""D of symbolic Euler angles: SymPy's, that of quaternions at rational points, floats, derivatives."""

from __future__ import annotations

import cmath
import pickle
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from quaternions import hamilton
from scalars import NEGATIVES, UNREADABLE, named
from sympy.physics.quantum.spin import Rotation
from sympy.physics.wigner import wigner_d as sympy_wigner_d

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.euler_angles import wigner_d_euler
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.rotation_matrices import rotation_matrix
from reptheory.exact.surd import Surd
from reptheory.exact.wigner_d import wigner_d_fourier

ANGLES = sympy.symbols("alpha beta gamma", real=True)
POINTS = [(1, 0), (0, 1), (Fraction(3, 5), Fraction(4, 5)), (Fraction(-5, 13), Fraction(12, 13))]
Point = tuple[Fraction, Fraction]


@st.composite
def points(draw: st.DrawFn) -> Point:
    """Rational points of the circle."""
    p, q = draw(st.integers(-9, 9)), draw(st.integers(1, 9))
    size = p * p + q * q
    return Fraction(q * q - p * p, size), Fraction(2 * p * q, size)


def angles() -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), st.sampled_from([1.0, -2.5, 1e-300]), st.floats(-10, 10))


@pytest.mark.parametrize("two_j", range(4))
def test_is_sympys_rotation(two_j: int) -> None:
    j = Fraction(two_j, 2)
    matrix = wigner_d_euler(j).to_sympy(*ANGLES)
    names = [sympy.Rational(label, 2) for label in range(-two_j, two_j + 1, 2)]
    for (row, m1), (column, m2) in product(enumerate(names), repeat=2):
        theirs = Rotation.D(sympy.Rational(two_j, 2), m1, m2, *ANGLES).doit()
        difference = (matrix[row, column] - theirs).rewrite(sympy.exp)
        assert sympy.expand(sympy.expand(difference), power_exp=True) == 0
    other = sympy_wigner_d(sympy.Rational(two_j, 2), *(-angle for angle in ANGLES))[::-1, ::-1]
    assert sympy.simplify((matrix - other).rewrite(sympy.exp).expand(power_exp=True)).is_zero_matrix


@given(st.integers(0, 6), points(), points(), points())
@settings(max_examples=40)
def test_at_rational_points_it_is_d_of_the_quaternion(two_j: int, a: Point, b: Point, c: Point) -> None:
    j = Fraction(two_j, 2)
    zero = Fraction(0)
    first, middle, last = (a[0], zero, zero, a[1]), (b[0], zero, b[1], zero), (c[0], zero, zero, c[1])
    expected = rotation_matrix(j, hamilton(hamilton(first, middle), last))
    matrix = wigner_d_euler(j)
    assert matrix.at(a, b, c) == expected
    for row, column in product(range(two_j + 1), repeat=2):
        assert matrix[row, column].at(a, b, c) == expected[row, column]


@given(st.integers(0, 5), st.data(), angles(), angles(), angles(), st.integers(0, 3))
@settings(max_examples=60)
def test_numbers_are_the_nearest(
    two_j: int, data: st.DataObject, alpha: float, beta: float, gamma: float, derived: int
) -> None:
    row, column = data.draw(st.integers(0, two_j)), data.draw(st.integers(0, two_j))
    element = wigner_d_euler(Fraction(two_j, 2))[row, column]
    for name in ("alpha", "beta", "gamma")[:derived]:
        element = element.derivative(name)
    m1, m2 = Fraction(2 * row - two_j, 2), Fraction(2 * column - two_j, 2)
    with mpmath.workdps(700):
        half = mpmath.mpf(beta) / 2
        c, s = mpmath.cos(half), mpmath.sin(half)
        powers = mpmath.fsum(number * c**p * s**q for number, p, q in element.polynomial.terms)
        scale = element.polynomial.scale.radicand * element.factor.radicand
        sign = element.factor.sign * (1j if element.factor.i_power else 1)
        turn = (m1.numerator * mpmath.mpf(alpha) / m1.denominator) + (
            m2.numerator * mpmath.mpf(gamma) / m2.denominator
        )
        size = sign * powers * mpmath.sqrt(mpmath.mpf(scale.numerator) / scale.denominator)
        expected = size * (mpmath.cos(turn) - 1j * mpmath.sin(turn))
        nearest = complex(expected)
    assert element(alpha, beta, gamma) == nearest
    ball = element.to_arb(alpha, beta, gamma, 200)
    assert abs(complex(ball.mid()) - nearest) < 1e-15 * max(1, abs(nearest))
    number = element.to_mpmath(alpha, beta, gamma, 40)
    with mpmath.workdps(60):
        assert abs(number - expected) <= mpmath.mpf(10) ** -39 * max(abs(expected), 0)


def test_the_numeric_matrix_is_unitary_and_a_homomorphism() -> None:
    first, second = (wigner_d_euler(2)(0.3, beta, -1.1) for beta in (0.7, -0.7))
    assert np.abs(first @ first.conj().T - np.eye(5)).max() < 1e-15
    inverse = wigner_d_euler(2)(1.1, -0.7, -0.3)
    assert np.abs(first @ inverse - np.eye(5)).max() < 1e-15
    assert np.abs(second - first).max() > 0.1
    assert wigner_d_euler(1)(0, 0, 0).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("two_j", range(6))
def test_derivatives_are_generators(two_j: int) -> None:
    # dD/dalpha = -i J_z D, dD/dgamma = -i D J_z, exactly at rational points
    j = Fraction(two_j, 2)
    matrix = wigner_d_euler(j)
    unit = Surd.sqrt(-1)
    for row, column in product(range(two_j + 1), repeat=2):
        element = matrix[row, column]
        at = element.at(*POINTS[1:])
        assert element.derivative("alpha").at(*POINTS[1:]) == at * (-unit * (row - j))
        assert element.derivative("gamma").at(*POINTS[1:]) == at * (-unit * (column - j))
        second = element.derivative("beta").derivative("alpha").derivative("beta").at(*POINTS[1:])
        twice = ComplexSurd.of(element.polynomial.derivative().derivative().at(*POINTS[2]))
        flat = element.polynomial.at(*POINTS[2])
        if flat:
            assert second == at / ComplexSurd.of(flat) * twice * (-unit * (row - j))


@pytest.mark.parametrize("two_j", range(6))
def test_derivatives_by_beta(two_j: int) -> None:
    beta = ANGLES[1]
    j = Fraction(two_j, 2)
    series = [wigner_d_fourier(j, order) for order in range(4)]
    for row, column in product(range(two_j + 1), repeat=2):
        polynomial = wigner_d_polynomial(j, row - j, column - j)
        for order in range(1, 4):
            before = polynomial.to_sympy(beta)
            polynomial = polynomial.derivative()
            assert sympy.expand(sympy.diff(before, beta) - polynomial.to_sympy(beta)) == 0
            assert polynomial.order == order
            values = (
                complex(series[order][row, column, k]) * cmath.exp(-0.7j * (k - two_j / 2))
                for k in range(two_j + 1)
            )
            assert abs(sum(values) - polynomial(0.7)) < 1e-12
            for k in range(two_j + 1):
                wave = Surd.sqrt(-1) * Fraction(two_j - 2 * k, 2)
                assert series[order][row, column, k] == series[order - 1][row, column, k] * wave
    assert repr(wigner_d_polynomial(0, 0, 0).derivative()) == "0"
    assert wigner_d_polynomial(0, 0, 0).derivative()(1.3) == 0.0


def test_large_matrices_are_refused_and_large_entries_are_not() -> None:
    matrix = wigner_d_euler(10**4)
    with pytest.raises(TooLarge, match="limit"):
        matrix(0.1, 0.2, 0.3)
    with pytest.raises(TooLarge, match="GiB"):
        matrix.to_sympy()
    with mpmath.workdps(3100):  # the terms of degree 600 cancel
        expected = mpmath.legendre(300, mpmath.cos(mpmath.mpf(1.1)))
    assert wigner_d_euler(300)[300, 300](2.0, 1.1, -3.0) == float(expected)
    assert matrix[10**4, 0](0, 0, 0) == 0
    assert wigner_d_euler(10**9).shape == (2 * 10**9 + 1,) * 2


def test_is_a_value() -> None:
    matrix = wigner_d_euler(1.5)
    assert matrix == wigner_d_euler(Fraction(3, 2))
    assert hash(matrix[0, 1]) == hash(pickle.loads(pickle.dumps(matrix))[0, 1])
    assert matrix.shape == (4, 4)
    assert repr(wigner_d_euler(1)[0, 2]) == "e^(i·α)·s^2·e^(-i·γ)"
    assert repr(matrix[3, 3].derivative("alpha")).startswith("-i·3/2·e^(-i·3α/2)")


@pytest.mark.parametrize("bad", named([*UNREADABLE, *NEGATIVES]))
def test_impossible_spins(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        wigner_d_euler(bad)


@pytest.mark.parametrize("bad", [0, (0,), (0, 3), (-4, 0), (0.0, 1), "01", None, (0, 1, 2), slice(2)])
def test_impossible_places(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^index: "):
        wigner_d_euler(1)[bad]  # type: ignore[index]


@pytest.mark.parametrize("bad", ["1", None, True, float("nan"), float("inf"), 1j, [1.0], sympy.pi])
def test_impossible_angles(bad: object) -> None:
    element = wigner_d_euler(1)[0, 1]
    for place, name in enumerate(("alpha", "beta", "gamma")):
        given_ones: list[object] = [0, 0, 0]
        given_ones[place] = bad
        for call in (element, element.to_arb, element.to_mpmath, wigner_d_euler(1)):
            with pytest.raises(LabelError, match=rf"^{name}: "):
                call(*given_ones)
    for point in (bad, (1, 1), (1,), (1, 0, 0), (0.6, 0.8), {1, 0}):
        with pytest.raises(LabelError, match=r"^beta"):
            element.at((1, 0), point, (1, 0))
        with pytest.raises(LabelError, match=r"^gamma"):
            wigner_d_euler(1).at((1, 0), (1, 0), point)
    for word in ("delta", "", None, 0):
        with pytest.raises(LabelError, match=r"^angle: "):
            element.derivative(word)  # type: ignore[arg-type]
    for dps in (0, True, 1.5, None):
        with pytest.raises(LabelError, match=r"^dps: "):
            element.to_mpmath(0, 1, 0, dps)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match=r"^derivative: "):
        wigner_d_fourier(1, -1)
