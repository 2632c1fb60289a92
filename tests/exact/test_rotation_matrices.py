"""D at rational quaternions: a unitary homomorphism, intertwined by coupling, SymPy's D, vectors at l = 1."""

from __future__ import annotations

from fractions import Fraction
from math import acos, atan2

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from quaternions import Quaternion, hamilton, quaternions, rational_points, turned
from scalars import HALVES, NEGATIVES, UNREADABLE, named
from strategies import two_triples
from sympy.physics.quantum.spin import Rotation

from reptheory.conventions import REAL
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.complex_surds import ComplexSurd, ComplexSurdArray
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.rotation_matrices import real_rotation_matrix, rotation_matrix
from reptheory.exact.solid_harmonics import solid_harmonic
from reptheory.exact.surd import Surd
from reptheory.exact.wigner_d import wigner_d_pi_half

ONE = Surd.rational(1)
PYTHAGOREAN = [(3, 4, 5), (5, 12, 13), (8, 15, 17), (-7, 24, 25)]


def spin(two_j: int) -> Fraction:
    return Fraction(two_j, 2)


@given(st.integers(0, 7), quaternions(), quaternions())
@settings(max_examples=60)
def test_products_of_quaternions_are_products_of_matrices(two_j: int, g: Quaternion, h: Quaternion) -> None:
    matrix = rotation_matrix(spin(two_j), hamilton(g, h))
    assert rotation_matrix(spin(two_j), g) @ rotation_matrix(spin(two_j), h) == matrix


@given(st.integers(0, 8), quaternions())
@settings(max_examples=60)
def test_is_unitary(two_j: int, g: Quaternion) -> None:
    matrix = rotation_matrix(spin(two_j), g)
    product = matrix @ matrix.conjugate().transpose()
    assert dict(product.real.items()) == {(m, m): ONE for m in range(two_j + 1)}
    assert product.imag.nnz == 0


@given(two_triples(5), quaternions())
@settings(max_examples=40)
def test_coupling_intertwines(labels: tuple[int, int, int], g: Quaternion) -> None:
    j1, j2, j3 = map(spin, labels)
    coupling = ComplexSurdArray.of(clebsch_gordan_array(j1, j2, j3))
    first = rotation_matrix(j1, g).contract(coupling, 1)  # m1', m2, m3
    both = rotation_matrix(j2, g).contract(first, ([1], [1])).transpose([1, 0, 2])
    assert both == coupling @ rotation_matrix(j3, g)


@given(st.integers(0, 5), quaternions(), quaternions())
@settings(max_examples=40)
def test_real_matrices_are_an_orthogonal_homomorphism(degree: int, g: Quaternion, h: Quaternion) -> None:
    left, right = real_rotation_matrix(degree, g), real_rotation_matrix(degree, h)
    assert left.contract(right, 1) == real_rotation_matrix(degree, hamilton(g, h))
    assert dict(left.contract(left, ([1], [1])).items()) == {(m, m): ONE for m in range(2 * degree + 1)}
    assert left.convention is REAL
    assert left.is_real


@given(quaternions(), rational_points())
def test_degree_1_turns_vectors(g: Quaternion, point: tuple[Fraction, ...]) -> None:
    matrix = real_rotation_matrix(1, g)
    x, y, z = point
    expected = turned(g, point)
    rows = [
        sum((matrix[i, k] * value for k, value in enumerate((y, z, x))), Surd.rational(0)) for i in range(3)
    ]
    assert rows == [expected[1], expected[2], expected[0]]


@given(st.integers(0, 4), quaternions(), rational_points())
@settings(max_examples=30)
def test_harmonics_of_a_turned_point(degree: int, g: Quaternion, point: tuple[Fraction, ...]) -> None:
    # Y(R r) = conj(D) Y(r), S(R r) = D S(r)
    orders = range(-degree, degree + 1)
    complex_matrix, real_matrix = rotation_matrix(degree, g), real_rotation_matrix(degree, g)
    there = turned(g, point)
    for row, m in enumerate(orders):
        total = ComplexSurd(Surd.rational(0))
        real_total = ComplexSurd(Surd.rational(0))
        for column, n in enumerate(orders):
            total += complex_matrix[row, column].conjugate() * solid_harmonic(degree, n).at(*point)
            real_total += solid_harmonic(degree, n, "real").at(*point) * real_matrix[row, column]
        assert solid_harmonic(degree, m).at(*there) == total
        assert solid_harmonic(degree, m, "real").at(*there) == real_total


@pytest.mark.parametrize("two_j", range(7))
def test_turns_about_y_are_the_small_d(two_j: int) -> None:
    for c, s, r in PYTHAGOREAN:
        matrix = rotation_matrix(spin(two_j), (c, 0, s, 0))
        assert matrix.imag.nnz == 0
        for row in range(two_j + 1):
            for column in range(two_j + 1):
                labels = spin(two_j), spin(2 * row - two_j), spin(2 * column - two_j)
                expected = wigner_d_polynomial(*labels).at(Fraction(c, r), Fraction(s, r))
                assert matrix.real[row, column] == expected
    assert rotation_matrix(spin(two_j), (0, 0, 1, 0)).real == wigner_d_pi_half(spin(two_j)).contract(
        wigner_d_pi_half(spin(two_j)), 1
    )


@pytest.mark.parametrize("two_j", range(5))
def test_euler_angles_are_sympys(two_j: int) -> None:
    # Z(alpha) Y(beta) Z(gamma) with half angles of rational cosine and sine
    (a, b, c) = PYTHAGOREAN[:3]
    z1, y, z2 = (a[0], 0, 0, a[1]), (b[0], 0, b[1], 0), (c[0], 0, 0, c[1])
    matrix = rotation_matrix(spin(two_j), hamilton(hamilton(z1, y), z2)).to_numpy()
    angles = [2 * atan2(turn[1], turn[0]) for turn in (a, b, c)]
    assert angles[0] == pytest.approx(2 * acos(3 / 5))
    for row in range(two_j + 1):
        for column in range(two_j + 1):
            ms = sympy.Rational(2 * row - two_j, 2), sympy.Rational(2 * column - two_j, 2)
            expected = complex(Rotation.D(sympy.Rational(two_j, 2), *ms, *angles).doit())
            assert abs(matrix[row, column] - expected) < 1e-14


@given(st.integers(0, 6), quaternions(), st.fractions(min_value=Fraction(1, 9), max_value=9))
def test_only_the_direction_counts(two_j: int, g: Quaternion, factor: Fraction) -> None:
    matrix = rotation_matrix(spin(two_j), g)
    assert rotation_matrix(spin(two_j), [factor * part for part in g]) == matrix
    opposite = rotation_matrix(spin(two_j), [-part for part in g])
    sign = (-1) ** two_j
    assert opposite == ComplexSurdArray(matrix.real * sign, matrix.imag * sign)
    inverse = (g[0], -g[1], -g[2], -g[3])
    assert rotation_matrix(spin(two_j), inverse) == matrix.conjugate().transpose()


def test_large_spins() -> None:
    matrix = rotation_matrix(Fraction(81, 2), (3, -1, 2, 5)).to_numpy()
    assert np.abs(matrix @ matrix.conj().T - np.eye(82)).max() < 1e-13
    turned_back = rotation_matrix(
        Fraction(81, 2), (0, 1, 2, 0)
    ).to_numpy()  # the half turn has one entry a row
    assert np.count_nonzero(turned_back) == 82
    with pytest.raises(TooLarge, match="GiB"):
        rotation_matrix(10**6, (1, 0, 0, 0))


@pytest.mark.parametrize("bad", named([*UNREADABLE, *NEGATIVES]))
def test_impossible_spins(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        rotation_matrix(bad, (1, 0, 0, 0))
    with pytest.raises(LabelError, match=r"^l: "):
        real_rotation_matrix(bad, (1, 0, 0, 0))


@pytest.mark.parametrize("bad", named(HALVES))
def test_the_real_basis_has_whole_degrees(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^l: "):
        real_rotation_matrix(bad, (1, 0, 0, 0))


@pytest.mark.parametrize("bad", named([value for value in UNREADABLE if not isinstance(value, Fraction)]))
def test_impossible_components(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^quaternion\[2\]: "):
        rotation_matrix(1, (1, 0, bad, 0))


@pytest.mark.parametrize(
    "bad",
    [
        (0, 0, 0, 0),
        (1, 0, 0),
        (1, 0, 0, 0, 0),
        "1000",
        5,
        None,
        0.5,
        (1, 0.5, 0, 0),
        {1, 2, 3, 4},
        np.array(3),
        {},
    ],
)
def test_impossible_quaternions(bad: object) -> None:
    for function in (rotation_matrix, real_rotation_matrix):
        with pytest.raises(LabelError, match=r"^quaternion"):
            function(1, bad)


@pytest.mark.parametrize("component", [np.int8(-128), sympy.Rational(1, 3), np.array(3), sympy.Integer(2)])
def test_exact_numbers_of_other_libraries(component: object) -> None:
    number = sympy.Rational(component.item() if isinstance(component, np.ndarray) else component)
    ours = Fraction(int(number.p), int(number.q))
    assert rotation_matrix(1, (1, component, 0, 2)) == rotation_matrix(1, (1, ours, 0, 2))
