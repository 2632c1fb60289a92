"""Vector, spinor and tensor harmonics: definition, orthonormality, covariance, vector calculus."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import product

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from quaternions import Quaternion, quaternions, rational_points, turned
from scalars import HALVES, UNREADABLE, named
from strategies import degrees

from reptheory.conventions import Basis
from reptheory.errors import LabelError
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.polynomials import SurdPolynomial
from reptheory.exact.rotation_matrices import real_rotation_matrix
from reptheory.exact.solid_harmonics import solid_harmonic
from reptheory.exact.surd import Surd
from reptheory.exact.tensor_harmonics import (
    forms_from_vector_harmonics,
    solid_gradient,
    tensor_harmonic,
    tensor_harmonic_array,
    vector_harmonic,
    vector_harmonic_form,
)
from reptheory.exact.vector_polynomials import POSITION, VectorPolynomial

BASES: tuple[Basis, ...] = ("complex", "real")
FORMS = ("radial", "gradient", "curl")
HALF = Fraction(1, 2)
ZERO = SurdPolynomial(())
RADIUS = POSITION.dot(POSITION)


def families(most: int) -> list[tuple[int, int]]:
    """List (j, l) of all vector harmonics with j <= most."""
    return [(j, l) for j in range(most + 1) for l in range(abs(j - 1), j + 2)]  # noqa: E741


@pytest.mark.parametrize("basis", BASES)
def test_vector_harmonics_are_orthonormal(basis: Basis) -> None:
    labels = [(j, l, m) for j, l in families(2) for m in range(-j, j + 1)]  # noqa: E741
    fields = {label: vector_harmonic(*label, basis) for label in labels}
    for (left, first), (right, second) in product(fields.items(), repeat=2):
        if sum(left[:2]) % 2 == sum(right[:2]) % 2:  # otherwise the parities differ
            assert first.inner(second) == (left == right)


@pytest.mark.parametrize(("l", "two_s"), [(0, 1), (1, 1), (2, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)])
def test_tensor_harmonics_are_orthonormal(l: int, two_s: int) -> None:  # noqa: E741
    s = Fraction(two_s, 2)
    states = []
    for two_j in range(abs(2 * l - two_s), 2 * l + two_s + 1, 2):
        j = Fraction(two_j, 2)
        states += [(j, j - k, tensor_harmonic(j, l, s, j - k)) for k in range(min(two_j + 1, 3))]
    for (j, m, left), (k, n, right) in product(states, repeat=2):
        if m == n:
            inner = (
                (a.conjugate() * b).sphere_integral() for a, b in zip(left, right, strict=True) if a and b
            )
            assert sum(inner, ComplexSurd.of(0)) == (j == k)


@given(st.integers(0, 5), degrees(4), st.integers(0, 4), st.data())
@settings(max_examples=60)
def test_components_are_the_definition(two_j: int, l: int, two_s: int, data: st.DataObject) -> None:  # noqa: E741
    j, s = Fraction(two_j, 2), Fraction(two_s, 2)
    m = data.draw(st.integers(0, two_j)) - j
    components = tensor_harmonic(j, l, s, m)
    array = tensor_harmonic_array(j, l, s)
    assert array.shape == (two_j + 1, 2 * l + 1, two_s + 1)
    assert len(components) == two_s + 1
    for place, component in enumerate(components):
        sigma = place - s
        order = m - sigma
        if (two_j + two_s) % 2 or abs(order) > l:
            assert not component
            continue
        value = clebsch_gordan(l, s, j, order, sigma, m)
        assert component == solid_harmonic(l, order) * value
        assert array[int(m + j), int(order) + l, place] == value


def test_spinors_have_their_printed_form() -> None:
    # Edmonds; Bjorken and Drell (A.9): j = l +- 1/2
    for l in range(4):  # noqa: E741
        for j in (l + HALF, l - HALF):
            for step in range(int(2 * j) + 1 if j > 0 else 0):
                m = step - j
                low, high = tensor_harmonic(j, l, HALF, m)
                below, above = (l - m + HALF) / (2 * l + 1), (l + m + HALF) / (2 * l + 1)
                up, down = (above, below) if j > l else (below, above)
                sign = 1 if j > l else -1
                for component, order, square, by in (
                    (high, m - HALF, up, sign),
                    (low, m + HALF, down, 1),
                ):
                    if abs(order) <= l:
                        assert component == solid_harmonic(l, order) * Surd.sqrt(square, by)
                    else:
                        assert not component


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize(("j", "l"), families(3))
def test_real_and_complex_components_agree(basis: Basis, j: int, l: int) -> None:  # noqa: E741
    for m in range(-j, j + 1):
        x, y, z = vector_harmonic(j, l, m, basis)
        parts = tensor_harmonic(j, l, 1, m, basis)
        if basis == "real":
            assert parts == (y, z, x)
            continue
        low, middle, high = parts  # e_+-1 = -+(x +- i y) / sqrt(2)
        half, turn = Surd.sqrt(HALF), Surd.sqrt(-1)
        assert (x, y, z) == ((low - high) * half, (low + high) * -(half * turn), middle)


@given(quaternions(), rational_points(), st.sampled_from(families(2)), st.data())
@settings(max_examples=40)
def test_turned_fields(
    g: Quaternion, point: tuple[Fraction, ...], family: tuple[int, int], data: st.DataObject
) -> None:
    # R F_m(R^-1 r) = sum_m' D[m', m] F_m'(r), at r = R p
    j, l = family  # noqa: E741
    m = data.draw(st.integers(-j, j))
    values = vector_harmonic(j, l, m, "real").at(*point)
    moved = turned(g, point)
    matrix = real_rotation_matrix(j, g)
    frame = [turned(g, axis) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    for axis in range(3):
        total = ComplexSurd.of(0)
        for other in range(-j, j + 1):
            total += vector_harmonic(j, l, other, "real").at(*moved)[axis] * matrix[other + j, m + j]
        expected = ComplexSurd.of(0)
        for value, direction in zip(values, frame, strict=True):
            expected += value * direction[axis]
        assert total == expected


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("degree", range(5))
def test_forms_are_the_vector_harmonics(basis: Basis, degree: int) -> None:
    matrix = forms_from_vector_harmonics(degree, basis)
    for m in range(-degree, degree + 1):
        columns = [
            vector_harmonic(degree, degree + step, m, basis) if degree + step >= 0 else None
            for step in (-1, 0, 1)
        ]
        for row, kind in enumerate(FORMS):
            total = VectorPolynomial(ZERO, ZERO, ZERO)
            for column, field in enumerate(columns):
                weight = matrix[row, column]
                if weight and field is not None:  # r^2 makes all of one degree
                    total += field * weight * (RADIUS if column == 0 else SurdPolynomial.of({(0, 0, 0): 1}))
            form = vector_harmonic_form(kind, degree, m, basis)  # type: ignore[arg-type]
            assert form == total
            norm = form.inner(form)
            assert norm == (1 if kind == "radial" else degree * (degree + 1))


@pytest.mark.parametrize("basis", BASES)
def test_forms_are_tangent_or_radial(basis: Basis) -> None:
    for degree in range(1, 4):
        for m in range(-degree, degree + 1):
            radial, gradient, curl = (vector_harmonic_form(kind, degree, m, basis) for kind in FORMS)  # type: ignore[arg-type]
            assert not radial.cross(POSITION)
            assert not POSITION.dot(gradient)
            assert not POSITION.dot(curl)
            assert not curl.divergence()
            assert POSITION.cross(gradient) == curl * RADIUS
            for one, other in ((radial, gradient), (radial, curl), (gradient, curl)):
                assert one.inner(other) == 0


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("degree", range(6))
def test_gradients_of_solid_harmonics(basis: Basis, degree: int) -> None:
    array = solid_gradient(degree, basis)
    assert array.shape == (2 * degree + 1, 3, max(2 * degree - 1, 0))
    for m in range(-degree, degree + 1):
        gradient = solid_harmonic(degree, m, basis).gradient()
        assert not gradient.curl()
        assert not gradient.divergence()
        for axis, part in enumerate(gradient):
            total = ZERO
            for (place,), value in array[m + degree, axis].items():
                total += solid_harmonic(degree - 1, place - degree + 1, basis) * value
            assert part == total
        if degree:
            scale = Surd.sqrt(degree * (2 * degree + 1))
            assert gradient == vector_harmonic(degree, degree - 1, m, basis) * scale


def test_vector_harmonics_are_harmonic() -> None:
    for (j, l), basis in product(families(3), BASES):  # noqa: E741
        for m in range(-j, j + 1):
            field = vector_harmonic(j, l, m, basis)
            assert not field.laplacian()
            if l == j:
                assert not field.divergence()
            if l == j - 1:
                assert not field.divergence()
                assert not field.curl()


def test_vector_calculus() -> None:
    x, y, z = POSITION
    field = VectorPolynomial(y * z, x * x, z * z * z)
    assert not field.curl().divergence()
    assert field.divergence() == z * z * 3
    assert field - field == VectorPolynomial(ZERO, ZERO, ZERO)
    assert not field - field
    assert field * 2 == 2 * field == field + field
    assert field.at(1, 2, 3) == (6, 1, 27)
    assert field.cross(POSITION).dot(field) == ZERO
    assert (x * y).gradient() == VectorPolynomial(y, x, ZERO)
    assert field.to_sympy()[0] == sympy.Symbol("y", real=True) * sympy.Symbol("z", real=True)
    assert pickle.loads(pickle.dumps(field)) == field
    assert hash(field) == hash(VectorPolynomial(y * z, x * x, z * z * z))
    assert repr(POSITION) == "(x, y, z)"
    for bad in (1, x, "x", None):
        with pytest.raises(TypeError):
            field + bad  # type: ignore[operator]
    with pytest.raises(TypeError):
        field * field  # type: ignore[operator]


def test_no_triangle_is_zero() -> None:
    assert not vector_harmonic(0, 0, 0)
    assert not vector_harmonic(3, 1, 0)
    assert tensor_harmonic(1, 1, HALF, 0) == (ZERO, ZERO)
    assert tensor_harmonic_array(3, 1, 1, "real").nnz == 0


@pytest.mark.parametrize("bad", named(UNREADABLE))
def test_impossible_labels(bad: object) -> None:
    for name, call in (
        ("j", lambda: tensor_harmonic(bad, 1, 1, 0)),
        ("l", lambda: tensor_harmonic(1, bad, 1, 0)),
        ("s", lambda: tensor_harmonic(1, 1, bad, 0)),
        ("m", lambda: tensor_harmonic(1, 1, 1, bad)),
        ("j", lambda: vector_harmonic(bad, 1, 0)),
        ("l", lambda: vector_harmonic(1, bad, 0)),
        ("m", lambda: vector_harmonic(1, 1, bad, "real")),
        ("l", lambda: vector_harmonic_form("curl", bad, 0)),
        ("m", lambda: vector_harmonic_form("curl", 1, bad)),
        ("l", lambda: forms_from_vector_harmonics(bad)),
        ("l", lambda: solid_gradient(bad)),
        ("s", lambda: tensor_harmonic_array(1, 1, bad)),
        ("l", lambda: tensor_harmonic_array(1, bad, 1)),
        ("j", lambda: tensor_harmonic_array(bad, 1, 1)),
        ("kind", lambda: vector_harmonic_form(bad, 1, 0)),  # type: ignore[arg-type]
    ):
        with pytest.raises(LabelError, match=rf"^{name}: "):
            call()


def test_labels_of_the_wrong_kind() -> None:
    for bad in HALVES:
        with pytest.raises(LabelError, match=r"^l: "):
            tensor_harmonic(HALF, bad, 1, HALF)
        with pytest.raises(LabelError, match=r"^j: "):
            vector_harmonic(bad, 1, HALF)
        with pytest.raises(LabelError, match=r"^s: "):
            tensor_harmonic(1, 1, bad, 0, "real")
    with pytest.raises(LabelError, match=r"^m: "):
        tensor_harmonic(1, 1, 1, 2)
    with pytest.raises(LabelError, match=r"^basis: "):
        vector_harmonic(1, 1, 0, "cubic")  # type: ignore[arg-type]
