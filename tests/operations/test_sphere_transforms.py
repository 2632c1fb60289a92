"""Grids of the sphere and transforms to and from them: quadrature, round trips, transposes, bounds."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn
from scipy.special import sph_harm_y

from reptheory.errors import LabelError, OperandError
from reptheory.exact.arb import working_precision
from reptheory.exact.ring_functions import circle_functions, equiangular, gauss_legendre, theta_functions
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.sphere_transforms import FromGrid, SphereTransform, ToGrid

Array = Any

NODES = ("gauss", "equiangular")
RANGES = {
    "float32": ((0, 0), (-30, 30), (-45, -38), (30, 38.5)),
    "float64": ((0, 0), (-30, 30), (-323, -308), (290, 308.2)),
}
"""Decimal exponents of operands: ordinary, wide, subnormal, near overflow."""


def harmonics(lmax: int, grid: SphereGrid) -> Array:
    """Evaluate the real harmonics at the points with SciPy, (rings, points, (lmax + 1)^2)."""
    x, y, z = np.moveaxis(grid.directions, -1, 0)
    theta, phi = np.arccos(z), np.arctan2(y, x)
    columns = []
    for degree in range(lmax + 1):
        for m in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(m), theta, phi)
            part = value.real if m >= 0 else value.imag
            columns.append((-1) ** m * np.sqrt(2 - (m == 0)) * part)
    return np.stack(columns, axis=-1)


def exact_matrix(transform: SphereTransform) -> list[list[Any]]:
    """Return the matrix of a transform as Arb balls, from ring functions alone: rows are results."""
    grid, lmax = transform.grid, transform.lmax
    north = {"gauss": gauss_legendre, "equiangular": equiangular}[grid.nodes](grid.rings // 2)
    rings = [*north, *((-cosine, weight) for cosine, weight in reversed(north))]
    circle = [circle_functions(grid.points, m, grid.points) for m in range(lmax + 1)]
    values = []
    for cosine, weight in rings:
        theta = theta_functions(lmax, cosine)
        scale = weight * 2 * arb.pi() / grid.points if isinstance(transform, FromGrid) else arb(1)
        for k in range(grid.points):
            row = [
                theta[degree, abs(m)] * circle[abs(m)][k][m < 0] * scale
                for degree in range(lmax + 1)
                for m in range(-degree, degree + 1)
            ]
            values.append(row)
    return (
        [list(column) for column in zip(*values, strict=True)] if isinstance(transform, FromGrid) else values
    )


def true_error(matrix: list[list[Any]], x: Array, z: Array) -> Array:
    """Return |z - matrix x| for one sample, less the radius of the balls: an entry may be exactly 0."""
    exact = [sum((a * arb(float(b)) for a, b in zip(row, x, strict=True)), arb(0)) for row in matrix]
    return np.array(
        [float(abs(value - arb(float(got))).lower()) for value, got in zip(exact, z, strict=True)]
    )


@pytest.mark.parametrize("nodes", NODES)
@pytest.mark.parametrize("degree", [0, 1, 3, 4, 6, 11])
def test_quadrature_is_exact_to_its_degree_and_no_further(degree: int, nodes: Any) -> None:
    grid = SphereGrid(degree, nodes)
    assert grid.degree >= degree
    integrals = grid.integral(np.moveaxis(harmonics(grid.degree, grid), -1, 0))
    assert integrals[0] == pytest.approx(np.sqrt(4 * np.pi), rel=1e-14)
    assert np.abs(integrals[1:]).max() < 1e-13
    above = grid.integral(np.moveaxis(harmonics(grid.degree + 1, grid), -1, 0))
    assert np.abs(above[(grid.degree + 1) ** 2 :]).max() > 1e-3


@pytest.mark.parametrize("nodes", NODES)
def test_directions_and_weights_of_a_grid(nodes: Any) -> None:
    grid = SphereGrid.of_shape(8, 12, nodes)
    assert grid.directions.shape == (8, 12, 3)
    assert np.linalg.norm(grid.directions, axis=-1) == pytest.approx(1, abs=1e-15)
    assert (np.diff(grid.directions[:, 0, 2]) < 0).all()
    assert (grid.weights > 0).all()
    assert grid.weights.sum() * grid.points == pytest.approx(4 * np.pi, rel=1e-15)
    if nodes == "equiangular":
        assert np.arccos(grid.directions[:, 0, 2]) == pytest.approx(
            (np.arange(8) + 0.5) * np.pi / 8, abs=1e-15
        )


@pytest.mark.parametrize("nodes", NODES)
@pytest.mark.parametrize(("lmax", "degree"), [(0, 0), (1, 2), (2, 9), (5, 10), (8, 17)])
def test_values_are_those_of_the_harmonics(lmax: int, degree: int, nodes: Any) -> None:
    grid = SphereGrid(degree, nodes)
    x = np.random.default_rng(lmax).normal(size=(3, (lmax + 1) ** 2))
    values = ToGrid(lmax, grid)(x)
    assert values == pytest.approx(np.einsum("bc,ijc->bij", x, harmonics(lmax, grid)), abs=1e-12)


@pytest.mark.parametrize("nodes", NODES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lmax", [0, 1, 4, 7])
def test_there_and_back_within_the_bounds(lmax: int, dtype: str, nodes: Any) -> None:
    grid = SphereGrid(2 * lmax, nodes)
    to, back = ToGrid(lmax, grid), FromGrid(lmax, grid)
    x = np.random.default_rng(1).normal(size=(17, (lmax + 1) ** 2)).astype(dtype)
    values, first = to(x, with_bound=True)
    found, second = back(values, with_bound=True)
    assert found.dtype == dtype
    assert (np.abs(found - x.astype(np.float64)) <= second + back.sizes(first)).all()
    assert second.max() < (1e-4 if dtype == "float32" else 1e-12)


def test_a_grid_one_degree_short_does_not_bring_features_back() -> None:
    x = np.random.default_rng(2).normal(size=25)
    for grid in (
        SphereGrid.of_shape(4, 12),
        SphereGrid.of_shape(6, 8),
        SphereGrid.of_shape(8, 12, "equiangular"),
    ):
        assert grid.degree < 8
        assert np.abs(FromGrid(4, grid)(ToGrid(4, grid)(x)) - x).max() > 1e-3


def test_integrals_within_their_bounds() -> None:
    """Of polynomials whose integrals are known, in both dtypes; inf where they are not finite."""
    grid = SphereGrid(8)
    z = grid.directions[..., 2]
    for power, expected in ((4, 4 * np.pi / 5), (3, 0.0)):
        value, bound = grid.integral(1e8 * z**power, with_bound=True)
        assert abs(value - 1e8 * expected) <= bound + 1e8 * 4e-16 * 4 * np.pi
        assert bound < 1e-6
    narrow = (z**5).astype(np.float32)
    value, bound = grid.integral(narrow, with_bound=True)
    assert value == grid.integral(narrow) == grid.integral(narrow.astype(float))
    exact = sum(Fraction(float(v)) * Fraction(float(w)) for v, w in np.broadcast(narrow, grid.weights))
    assert abs(Fraction(float(value)) - exact) <= Fraction(float(bound))
    several, bounds = grid.integral(np.stack([z, np.full(grid.shape, np.inf)]), with_bound=True)
    assert several.shape == bounds.shape == (2,)
    assert np.isinf(bounds).tolist() == [False, True]
    assert np.isinf(grid.integral(np.full(grid.shape, np.nan), with_bound=True)[1])


@pytest.mark.parametrize("nodes", NODES)
def test_parseval(nodes: Any) -> None:
    grid = SphereGrid(10, nodes)
    x, y = np.random.default_rng(3).normal(size=(2, 36))
    to = ToGrid(5, grid)
    assert grid.integral(to(x) * to(y)) == pytest.approx(x @ y, abs=1e-12)


@pytest.mark.parametrize("transform", [ToGrid(3), FromGrid(3), FromGrid(2, SphereGrid(7, "equiangular"))])
def test_backward_is_the_transpose(transform: SphereTransform) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(5, *transform.shape_in))
    grad = rng.normal(size=(5, *transform.shape_out))
    left = (transform(x) * grad).reshape(5, -1).sum(axis=1)
    right = (x * transform.backward(grad)).reshape(5, -1).sum(axis=1)
    assert left == pytest.approx(right, rel=1e-13)


def test_quarter_turns_about_z_permute_the_points() -> None:
    grid = SphereGrid(8)
    x = np.random.default_rng(5).normal(size=25)
    turned = ToGrid(4, grid)(quarter_turn(x, range(5)))
    plain = ToGrid(4, grid)(x)
    quarter = grid.points // 4
    either = [np.roll(plain, shift, axis=1) for shift in (quarter, -quarter)]
    assert min(np.abs(turned - one).max() for one in either) < 1e-13


@settings(max_examples=40)
@given(
    st.integers(0, 4), st.integers(0, 6), st.sampled_from(NODES), st.sampled_from(["float32", "float64"]),
    st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_bounds_hold(
    lmax: int, more: int, nodes: Any, dtype: str, analysis: bool, gradient: bool, style: int, seed: int
) -> None:
    transform = (FromGrid if analysis else ToGrid)(lmax, SphereGrid(lmax + more, nodes))
    apply, shape = (
        (transform.backward, transform.shape_out) if gradient else (transform.__call__, transform.shape_in)
    )
    rng = np.random.default_rng(seed)
    low, high = RANGES[dtype][style]
    with np.errstate(over="ignore"):
        numbers = rng.standard_normal(shape) * 10.0 ** rng.uniform(low, high, shape)
        x = numbers.astype(dtype)
    x[~np.isfinite(x)] = 1
    with np.errstate(all="ignore"):
        z, bound = apply(x, with_bound=True)
        tight = (transform.backward_certificate if gradient else transform.certificate)(x, z)
    with working_precision(300):
        matrix = exact_matrix(transform)
        if gradient:
            matrix = [list(column) for column in zip(*matrix, strict=True)]
        finite = np.isfinite(z.ravel())
        error = true_error(matrix, x.ravel(), np.where(finite, z.ravel(), 0))
    assert (error[finite] <= bound.ravel()[finite]).all()
    assert (error[finite] <= tight.ravel()[finite]).all()
    if style == 0 and dtype == "float64":
        assert (tight.ravel() <= error * (1 + 1e-9) + 1e-28 * np.abs(x).max()).all()
    assert np.isinf(bound.ravel()[~finite]).all()


@pytest.mark.parametrize("transform", [ToGrid(2), FromGrid(2)])
def test_arrays_of_every_kind(transform: SphereTransform) -> None:
    x = np.arange(6 * np.prod(transform.shape_in)).reshape(2, 3, *transform.shape_in)
    expected = transform(x.astype(np.float64))
    swapped = np.asfortranarray(x.astype(">f8"))
    strided = np.repeat(x.astype(np.float64), 2, axis=1)[:, ::2]
    for given_x in (x, x.tolist(), swapped, strided, np.broadcast_to(x, (2, *x.shape))[0]):
        assert (transform(given_x) == expected).all()
    assert transform(x.astype(np.float16)).dtype == np.float32
    assert (transform(x[0, 0]) == expected[0, 0]).all()
    assert transform(x[:0]).shape == (0, 3, *transform.shape_out)
    out = np.empty((2, 3, *transform.shape_out))
    assert transform(x, out=out) is out
    assert (out == expected).all()
    frozen = x.astype(np.float64)
    frozen.setflags(write=False)
    assert (transform(frozen) == expected).all()
    many = np.tile(x.astype(np.float64), (200,) + (1,) * (x.ndim - 1))
    threaded = type(transform)(transform.lmax, transform.grid, threads=2)
    assert (threaded(many)[:2] == expected).all()
    assert (pickle.loads(pickle.dumps(transform))(x) == expected).all()


def test_out_may_overlap_the_input() -> None:
    to = ToGrid(1, SphereGrid.of_shape(2, 4))
    memory = np.zeros(20)
    memory[:8] = np.arange(8)
    expected = to(memory[:8].reshape(2, 4).copy())
    assert (to(memory[:8].reshape(2, 4), out=memory[4:].reshape(2, 2, 4)) == expected).all()


def test_bad_arguments_are_named() -> None:
    with pytest.raises(LabelError, match="nodes: got 'fibonacci'"):
        SphereGrid(3, "fibonacci")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="degree"):
        SphereGrid(-1)
    for rings, points, name in ((3, 4, "rings"), (0, 4, "rings"), (2, 6, "points")):
        with pytest.raises(LabelError, match=name):
            SphereGrid.of_shape(rings, points)
    with pytest.raises(LabelError, match="grid: got 7"):
        ToGrid(1, 7)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="need a grid of degree 9"):
        FromGrid(9, SphereGrid(4))
    for array in (np.zeros(5), np.zeros((2, 9), dtype=complex), np.ma.masked_array(np.zeros(9)), True):
        with pytest.raises(OperandError, match="x"):
            ToGrid(2)(array)
    with pytest.raises(OperandError, match="grad"):
        ToGrid(2).backward(np.zeros(9))
    with pytest.raises(OperandError, match="rings and points"):
        SphereGrid(2).integral(np.zeros((3, 3)))
