"""Fields of functions: what their values are at points, how they turn, exact constants, and the transpose."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from quarter_turn import quarter_turn

import reptheory as rt
from reptheory.errors import LabelError, OperandError

Array = Any
KINDS = ("radial", "gradient", "curl")
LMAX = 3


def polynomial_values(part: Any, points: Array) -> Array:
    """Evaluate a polynomial with exact coefficients."""
    terms = [float(value) * np.prod(points ** np.array(powers), axis=-1) for powers, value in part.terms]
    return sum(terms, np.zeros(len(points)))


def point_values(field: Array, lmax: int, points: Array) -> Array:
    """Return the vectors (points, xyz) of a field in vector harmonics of l <= lmax, by their polynomials."""
    total, place = np.zeros(points.shape), 0
    for degree in range(lmax + 1):
        for j in range(abs(degree - 1), degree + 2):
            for m in range(-j, j + 1):
                parts = [polynomial_values(part, points) for part in rt.vector_harmonic(j, degree, m, "real")]
                total += field[place] * np.stack(parts, axis=-1)
                place += 1
    assert place == len(field)
    return total


def function_values(x: Array, points: Array) -> Array:
    """Return f = sum x_lm S_lm, of degree 0 in r, at points anywhere."""
    return rt.SphericalHarmonics(LMAX)(points) @ x


def on_sphere(count: int, seed: int = 0) -> Array:
    points = np.random.default_rng(seed).standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_those_of_the_function(kind: Any) -> None:
    """f is constant along r, so that its gradient in space is that on the sphere: by differences."""
    points, x = on_sphere(20), np.random.default_rng(1).standard_normal((LMAX + 1) ** 2)
    step = 1e-5
    gradient = np.stack(
        [
            (function_values(x, points + step * axis) - function_values(x, points - step * axis)) / (2 * step)
            for axis in np.eye(3)
        ],
        axis=-1,
    )
    expected = {
        "radial": points * function_values(x, points)[:, np.newaxis],
        "gradient": gradient,
        "curl": np.cross(points, gradient),
    }
    found = point_values(rt.field_from_function(x, kind), LMAX + 1, points)
    assert np.allclose(found, expected[kind], rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constants_are_exact_ones_rounded_once(kind: Any, dtype: Any) -> None:
    for lmax in range(5):
        units = np.eye((lmax + 1) ** 2, dtype=dtype)
        fields, bounds = rt.field_from_function(units, kind, with_bound=True)
        for j in range(lmax + 1):
            exact = rt.forms_from_vector_harmonics(j, "real").to_numpy(dtype)[KINDS.index(kind)]
            norm = {"radial": 1, "gradient": j * (j + 1), "curl": j * (j + 1)}[kind]
            row, limit = fields[j * j], bounds[j * j]
            assert sorted(row[row != 0].tolist()) == sorted(exact[exact != 0].tolist())
            square = sum((Fraction(float(one)) ** 2 for one in row), Fraction(0))
            assert abs(square - norm) <= 2 * Fraction(float(limit.max())) * (norm + 1) * 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_way_back_is_the_transpose(kind: Any) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((7, (LMAX + 1) ** 2)), rng.standard_normal((7, 3 * (LMAX + 2) ** 2))
    there, back = rt.field_from_function(x, kind), rt.function_from_field(y, kind)
    assert np.allclose((there * y).sum(-1), (x * back).sum(-1), rtol=1e-13, atol=1e-13)
    if kind == "radial":
        assert np.allclose(rt.function_from_field(there, kind), x, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-42, 1e-37, 5e37])
def test_bounds_hold_in_float32(back: bool, scale: float) -> None:
    """Against float64, for numbers that under- and overflow as well."""
    change = rt.function_from_field if back else rt.field_from_function
    rng = np.random.default_rng(3)
    x = (scale * rng.standard_normal((50, 108 if back else 25))).astype("float32")
    for kind in KINDS:
        z, bound = change(x, kind, with_bound=True)  # type: ignore[operator]
        exact = change(x.astype(float), kind)  # type: ignore[operator]
        with np.errstate(invalid="ignore"):
            assert ((np.abs(z - exact) <= bound) | np.isinf(bound)).all()
        assert np.isinf(bound[~np.isfinite(z)]).all()
        if scale == 1:
            assert (bound <= 1e-5).all()
            assert not (np.abs(z * np.float32(1.00001) - exact) <= bound).all()


@pytest.mark.parametrize("kind", KINDS)
def test_fields_turn_with_their_functions(kind: Any) -> None:
    x = np.random.default_rng(4).standard_normal((5, (LMAX + 1) ** 2))
    fields = rt.VectorSphericalProduct("dot", LMAX + 1)
    into = [ir.l for _, ir in fields.irreps_in1]
    turned = rt.field_from_function(quarter_turn(x, list(range(LMAX + 1))), kind)
    assert np.array_equal(turned, quarter_turn(rt.field_from_function(x, kind), into))


@pytest.mark.parametrize("kind", KINDS)
def test_inversion_makes_a_curl_axial(kind: Any) -> None:
    """f(-r) has (-1)^l x_lm: its field is that of f by the parities of irreps."""
    parity = (-1.0) ** np.repeat(np.arange(LMAX + 1), 2 * np.arange(LMAX + 1) + 1)
    axial = kind == "curl", False
    irreps = rt.VectorSphericalProduct("dot", LMAX + 1, axial=axial).irreps_in1
    signs = np.repeat([ir.p for _, ir in irreps], [ir.dim for _, ir in irreps])
    x = np.random.default_rng(5).standard_normal(len(parity))
    assert np.array_equal(rt.field_from_function(parity * x, kind), signs * rt.field_from_function(x, kind))


def test_products_of_fields_are_those_of_functions() -> None:
    """r^ f . r^ g = f g; the gradient of f g is f grad g + g grad f."""
    f, g = np.random.default_rng(6).standard_normal((2, 4, 9))
    radial = [rt.field_from_function(one, "radial") for one in (f, g)]
    whole = rt.GauntTensorProduct(2)(f, g)
    assert np.allclose(rt.VectorSphericalProduct("dot", 3, 3, 4)(*radial), whole, rtol=1e-13, atol=1e-13)
    scale = rt.VectorSphericalProduct("scale", 2, 3, 5)
    sums = scale(f, rt.field_from_function(g, "gradient")) + scale(g, rt.field_from_function(f, "gradient"))
    assert np.allclose(sums, rt.field_from_function(whole, "gradient"), rtol=1e-12, atol=1e-12)


def test_impossible_operands_are_refused() -> None:
    with pytest.raises(LabelError, match=r"^kind: got 'div'; it must be one of radial, gradient, curl"):
        rt.field_from_function([1.0], "div")  # type: ignore[call-overload]
    with pytest.raises(
        OperandError, match=r"^features: got shape \[5\]; the last axis must be \(lmax \+ 1\)\^2"
    ):
        rt.field_from_function(np.zeros(5), "radial")
    for dim in (3, 13):
        with pytest.raises(OperandError, match=r"^field: got shape .* must be 3 \(lmax \+ 2\)\^2"):
            rt.function_from_field(np.zeros(dim), "radial")
