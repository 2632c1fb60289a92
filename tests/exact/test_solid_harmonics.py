"""Solid harmonics: harmonic, orthonormal over the sphere, SciPy's and SymPy's, inverses, n-fold integrals."""

from __future__ import annotations

import pickle
from fractions import Fraction
from functools import reduce
from itertools import product

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from quaternions import rational_points
from scalars import HALVES, NEGATIVES, UNREADABLE, named
from scipy.special import sph_harm_y
from strategies import degrees

from reptheory.conventions import Basis
from reptheory.errors import IncommensurableSurds, LabelError, TooLarge
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.gaunt import gaunt, gaunt_array, real_gaunt
from reptheory.exact.gaunt_n import gaunt_n, gaunt_n_array
from reptheory.exact.polynomials import SurdPolynomial, sphere_moment
from reptheory.exact.solid_harmonics import (
    harmonics_from_monomials,
    monomials,
    monomials_from_harmonics,
    solid_harmonic,
)
from reptheory.exact.surd import Surd

BASES: tuple[Basis, ...] = ("complex", "real")
ONE, ZERO = Surd.rational(1), Surd.rational(0)
Point = tuple[Fraction, Fraction, Fraction]


def harmonics(most: int) -> list[tuple[int, int]]:
    return [(degree, m) for degree in range(most + 1) for m in range(-degree, degree + 1)]


@pytest.mark.parametrize("basis", BASES)
def test_are_harmonic_and_homogeneous(basis: Basis) -> None:
    for degree, m in harmonics(8):
        harmonic = solid_harmonic(degree, m, basis)
        assert not harmonic.laplacian()
        assert {sum(powers) for powers, _ in harmonic.terms} == {degree}
        assert harmonic.degree == degree


@pytest.mark.parametrize("basis", BASES)
def test_are_orthonormal_over_the_sphere(basis: Basis) -> None:
    family = {label: solid_harmonic(*label, basis) for label in harmonics(4)}
    for (left, first), (right, second) in product(family.items(), repeat=2):
        assert (first.conjugate() * second).sphere_integral() == (left == right)


@given(degrees(7), st.data(), rational_points())
@settings(max_examples=60)
def test_are_scipys(degree: int, data: st.DataObject, point: Point) -> None:
    m = data.draw(st.integers(-degree, degree))
    x, y, z = map(float, point)
    r = float(np.sqrt(x * x + y * y + z * z))
    theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    expected = r**degree * complex(sph_harm_y(degree, m, theta, phi))
    tolerance = 1e-12 * max(r, 1) ** degree
    assert abs(complex(solid_harmonic(degree, m).at(*point)) - expected) < tolerance
    # S_lm = sqrt(2) (-1)^m Re Y_l|m|, or Im for m < 0
    value = r**degree * complex(sph_harm_y(degree, abs(m), theta, phi))
    real = (value.imag if m < 0 else value.real) * (np.sqrt(2) * (-1) ** m if m else 1)
    assert abs(complex(solid_harmonic(degree, m, "real").at(*point)) - real) < tolerance


@given(degrees(5), rational_points(), rational_points())
@settings(max_examples=40)
def test_addition_theorem(degree: int, left: Point, right: Point) -> None:
    dot = sum(a * b for a, b in zip(left, right, strict=True))
    sizes = sum(a * a for a in left) * sum(b * b for b in right)
    legendre = [Fraction(1), dot]  # |r|^l |r'|^l P_l(cos)
    for l in range(1, degree):  # noqa: E741
        legendre.append(((2 * l + 1) * dot * legendre[l] - l * sizes * legendre[l - 1]) / (l + 1))
    expected = Surd.scaled(legendre[degree] * Fraction(2 * degree + 1, 4), 1, pi_power=-2)
    for basis in BASES:
        total = ComplexSurd(ZERO)
        for m in range(-degree, degree + 1):
            harmonic = solid_harmonic(degree, m, basis)
            total += harmonic.at(*left) * harmonic.at(*right).conjugate()
        assert total == expected


@given(degrees(6), st.data(), rational_points())
def test_parity_and_conjugation(degree: int, data: st.DataObject, point: Point) -> None:
    m = data.draw(st.integers(-degree, degree))
    x, y, z = point
    for basis in BASES:
        harmonic = solid_harmonic(degree, m, basis)
        assert harmonic.at(-x, -y, -z) == harmonic.at(*point) * (-1) ** degree
    assert solid_harmonic(degree, -m) == solid_harmonic(degree, m).conjugate() * (-1 if m % 2 else 1)
    assert all(value.is_real for _, value in solid_harmonic(degree, m, "real").terms)


def test_derivatives_are_ladders() -> None:
    # d/dz lowers the degree: d/dz r^l Y_lm = sqrt((2l+1)(l^2-m^2)/(2l-1)) r^(l-1) Y_(l-1)m
    for degree, m in harmonics(6):
        derived = solid_harmonic(degree, m).derivative("z")
        if degree == abs(m):
            assert not derived
            continue
        factor = Surd.sqrt(Fraction((2 * degree + 1) * (degree**2 - m**2), 2 * degree - 1))
        assert derived == solid_harmonic(degree - 1, m) * factor


def test_sympy_forms() -> None:
    theta, phi = sympy.symbols("theta phi", real=True)
    direction = [sympy.sin(theta) * sympy.cos(phi), sympy.sin(theta) * sympy.sin(phi), sympy.cos(theta)]
    for degree, m in harmonics(2):
        ours = solid_harmonic(degree, m).to_sympy(direction)
        expected = sympy.Ynm(degree, m, theta, phi).expand(func=True)
        difference = (
            ours - expected
        )  # SymPy writes sqrt(1 - cos^2) for sin: numerically, where it is positive
        assert (
            abs(
                complex(
                    difference.subs({theta: sympy.Rational(7, 10), phi: sympy.Rational(21, 10)}).evalf(30)
                )
            )
            < 1e-25
        )
    x, y, z = sympy.symbols("x y z", real=True)
    assert sympy.expand(solid_harmonic(2, -2, "real").to_sympy() - sympy.sqrt(15 / sympy.pi) / 2 * x * y) == 0
    assert solid_harmonic(1, 0).to_sympy((1, 2, z)) == sympy.sqrt(3) * z / (2 * sympy.sqrt(sympy.pi))


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("degree", range(6))
def test_changes_of_basis_are_inverse(degree: int, basis: Basis) -> None:
    forward, back = harmonics_from_monomials(degree, basis), monomials_from_harmonics(degree, basis)
    one = {(place, place): ONE for place in range(len(monomials(degree)))}
    assert dict(forward.contract(back, 1).items()) == one
    assert dict(back.contract(forward, 1).items()) == one


@pytest.mark.parametrize("basis", BASES)
def test_rows_of_the_change_are_the_harmonics(basis: Basis) -> None:
    squares = SurdPolynomial.of({(2, 0, 0): 1, (0, 2, 0): 1, (0, 0, 2): 1})
    powers = monomials(4)
    matrix = harmonics_from_monomials(4, basis)
    for row, (n, m) in enumerate((n, m) for n, m in harmonics(4) if n % 2 == 0):
        expected = reduce(
            lambda left, right: left * right, [squares] * ((4 - n) // 2), solid_harmonic(n, m, basis)
        )
        assert SurdPolynomial.of({powers[k]: matrix[row, k] for k in range(15)}) == expected


@given(st.tuples(*[st.integers(0, 6)] * 3))
def test_moments_are_integrals(powers: tuple[int, int, int]) -> None:
    a, b, c = powers
    # Beta functions: int x^a y^b z^c = 2 Gamma((a+1)/2) Gamma((b+1)/2) Gamma((c+1)/2) / Gamma((a+b+c+3)/2)
    gammas = [sympy.gamma(sympy.Rational(power + 1, 2)) for power in powers]
    expected = 2 * sympy.prod(gammas) / sympy.gamma(sympy.Rational(a + b + c + 3, 2))
    even = not any(power % 2 for power in powers)
    assert sympy.simplify(sympy.Rational(str(sphere_moment(powers))) * sympy.pi - expected * int(even)) == 0


@pytest.mark.parametrize("basis", BASES)
@given(st.lists(st.sampled_from(harmonics(3)), min_size=1, max_size=5), st.data())
@settings(max_examples=60)
def test_integrals_of_n_harmonics(basis: Basis, labels: list[tuple[int, int]], data: st.DataObject) -> None:
    if basis == "complex":  # close the sum of orders, so that most integrals differ from 0
        rest = -sum(m for _, m in labels)
        labels = [*labels, (data.draw(st.integers(abs(rest), abs(rest) + 2)), rest)]
    elif data.draw(st.booleans()):  # the integral of a square is positive
        labels = [*labels[:3], *labels[:3]]
    factors = [solid_harmonic(*label, basis) for label in labels]
    expected = reduce(lambda left, right: left * right, factors).sphere_integral()
    ls, ms = zip(*labels, strict=True)
    assert gaunt_n(ls, ms, basis) == expected


@given(st.tuples(*[st.sampled_from(harmonics(5))] * 3))
def test_three_harmonics_are_gaunt_coefficients(labels: tuple[tuple[int, int], ...]) -> None:
    ls, ms = zip(*labels, strict=True)
    assert gaunt_n(ls, ms) == gaunt(*ls, *ms)
    assert gaunt_n(ls, ms, "real") == real_gaunt(*ls, *ms)
    assert gaunt_n(ls[:1], ms[:1]) == (Surd.sqrt(4, pi_power=1) if ls[0] == 0 else 0)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize(
    "ls", [[0], [2], [1, 1], [2, 1], [2, 1, 1], [1, 2, 0, 1], [1, 1, 1, 1], [1, 1, 2, 1, 1]]
)
def test_arrays_of_integrals_of_n_harmonics(basis: Basis, ls: list[int]) -> None:
    array = gaunt_n_array(ls, basis)
    assert array.shape == tuple(2 * degree + 1 for degree in ls)
    for index in product(*(range(length) for length in array.shape)):
        ms = [place - degree for place, degree in zip(index, ls, strict=True)]
        assert array[index] == gaunt_n(ls, ms, basis)
    scaled = gaunt_n_array(ls, basis, normalization="4pi", phase="none")
    for index, value in scaled.items():
        ms = [place - degree for place, degree in zip(index, ls, strict=True)]
        assert value == gaunt_n(ls, ms, basis, normalization="4pi", phase="none")
    if len(ls) == 3:
        assert array == gaunt_array(*ls, basis=basis)


def test_work_beyond_any_patience_is_refused_at_once() -> None:
    assert gaunt_n([500, 500, 500], [1, 2, -3]) == gaunt(500, 500, 500, 1, 2, -3)
    for ls in ([10**5] * 4, [2**64] * 3, [300] * 10):
        with pytest.raises(TooLarge, match=r"limit"):
            gaunt_n(ls, [0] * len(ls))
    with pytest.raises(TooLarge, match=r"limit"):
        gaunt_n_array([10] * 6, "real")
    with pytest.raises(TooLarge, match="GiB"):
        gaunt_n_array([2**64] * 3)
    for bad in (None, 3, "11", ()):
        with pytest.raises(LabelError, match=r"^ls: "):
            gaunt_n_array(bad)
    with pytest.raises(LabelError, match=r"^ls\[1\]: "):
        gaunt_n_array([1, -1])


def test_polynomials() -> None:
    x, y = SurdPolynomial.of({(1, 0, 0): 1}), SurdPolynomial.of({(0, 1, 0): Surd.sqrt(2)})
    assert (x + y) - y == x
    assert (x * y).coefficient(1, 1, 0) == Surd.sqrt(2)
    assert not x - x
    assert (x - x).degree == -1
    assert repr(x - x) == "0"
    assert pickle.loads(pickle.dumps(x * y)) == x * y
    assert hash(x * 2) == hash(2 * x)
    with pytest.raises(IncommensurableSurds):
        x + x * Surd.sqrt(2)
    for bad in ("w", "", "xy", 0, None):
        with pytest.raises(LabelError, match=r"^variable: "):
            x.derivative(bad)  # type: ignore[arg-type]
    for powers in ((1, 0), (-1, 0, 0), (0.5, 0, 0)):
        with pytest.raises(LabelError, match=r"^powers: "):
            SurdPolynomial.of({powers: 1})  # type: ignore[dict-item]
    for bad in (0.5, "1", True, None, float("nan")):
        with pytest.raises(LabelError, match=r"^y: "):
            x.at(0, bad, 0)
    with pytest.raises(LabelError, match=r"^x: "):
        x.to_sympy(("x", "y", "z"))
    with pytest.raises(TypeError):
        x + 1  # type: ignore[operator]


@pytest.mark.parametrize("bad", named([*UNREADABLE, *HALVES, *NEGATIVES]))
def test_impossible_degrees(bad: object) -> None:
    for function in (harmonics_from_monomials, monomials_from_harmonics, monomials):
        with pytest.raises(LabelError, match=r"^l: "):
            function(bad)
    with pytest.raises(LabelError, match=r"^l: "):
        solid_harmonic(bad, 0)
    with pytest.raises(LabelError, match=r"^ls\[1\]: "):
        gaunt_n([1, bad, 1], [0, 0, 0])


@pytest.mark.parametrize("bad", named([*UNREADABLE, *HALVES, 3, -(2**64)]))
def test_impossible_orders(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^m: "):
        solid_harmonic(2, bad)
    with pytest.raises(LabelError, match=r"^ms\[0\]: "):
        gaunt_n([2, 1, 1], [bad, 0, 0], "real")


@pytest.mark.parametrize("bad", [None, 1, "123", np.array(3), (), {0}, {1: 1}])
def test_impossible_lists(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^m?l?s: "):
        gaunt_n(bad, [0])
    with pytest.raises(LabelError, match=r"^ms: "):
        gaunt_n([1, 1], bad)


def test_impossible_bases_and_sizes() -> None:
    for call in (
        lambda: solid_harmonic(1, 0, "cubic"),  # type: ignore[arg-type]
        lambda: harmonics_from_monomials(1, "cubic"),  # type: ignore[arg-type]
        lambda: monomials_from_harmonics(1, "cubic"),  # type: ignore[arg-type]
        lambda: gaunt_n([1], [0], "cubic"),  # type: ignore[arg-type]
    ):
        with pytest.raises(LabelError, match=r"^basis: "):
            call()
    for function in (harmonics_from_monomials, monomials_from_harmonics, monomials):
        with pytest.raises(TooLarge, match="GiB"):
            function(10**5)
    with pytest.raises(TooLarge, match="GiB"):
        solid_harmonic(10**5, 0)
