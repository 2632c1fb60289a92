"""Ring products against quadrature with SciPy's harmonics, and the proof that no smaller grid would do."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.special import sph_harm_y

from reptheory.build.ring_matrices import circle_matrices, fourier_stages, legendre_stages
from reptheory.kernels.pool import scratch
from reptheory.kernels.rings import RingPlan, ring_product, ring_scratch
from reptheory.operations.ring_plan import ring_side
from reptheory.operations.term_plan import Term, joined, term_plan

Array = Any

PRODUCT = [Term((0, 1))]

DEGREES = [
    (0, 0, 0),
    (1, 0, 0),
    (1, 0, 1),
    (0, 1, 1),
    (1, 1, 0),
    (1, 1, 2),
    (2, 1, 2),
    (0, 5, 5),
    (5, 0, 3),
    (2, 4, 3),
    (3, 3, 6),
    (3, 3, 1),
    (4, 4, 4),
    (5, 3, 7),
    (6, 6, 6),
    (7, 2, 9),
    (8, 8, 16),
    (12, 11, 5),
]


def harmonics(lmax: int, theta: Array, phi: Array) -> Array:
    """Evaluate the real harmonics, (points, (lmax + 1)^2), from SciPy's complex ones."""
    columns = []
    for degree in range(lmax + 1):
        for m in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(m), theta, phi)
            part = value.real if m >= 0 else value.imag
            columns.append((-1) ** m * np.sqrt(2 - (m == 0)) * part)
    return np.stack(columns, axis=1)


@cache
def sphere(degree: int) -> tuple[Array, Array, Array]:
    """Return theta, phi and weight of a product rule that is exact for `degree`, none of our code in it."""
    nodes, weights = np.polynomial.legendre.leggauss(degree // 2 + 2)
    count = degree + 3
    theta, phi = np.meshgrid(np.arccos(nodes), 2 * np.pi * np.arange(count) / count, indexing="ij")
    weight = np.repeat(weights, count) * 2 * np.pi / count
    return theta.ravel(), phi.ravel(), weight


def ring_plan(*degrees: int, dtype: str = "float64", fourier: bool) -> RingPlan:
    """Plan the product of two functions."""
    return term_plan(degrees[:2], degrees[2], PRODUCT, dtype, fourier=fourier)


def quadrature(degrees: tuple[int, int, int], x: Array, y: Array) -> Array:
    """Multiply two functions pointwise and project."""
    theta, phi, weight = sphere(sum(degrees))
    f, g = x @ harmonics(degrees[0], theta, phi).T, y @ harmonics(degrees[1], theta, phi).T
    return (f * g * weight) @ harmonics(degrees[2], theta, phi)


def apply(plan: RingPlan, x: Array, y: Array) -> Array:
    """Run the kernel; scratch starts as NaN, so nothing may be read before it is written."""
    z = np.full((len(x), int(plan.sides[2, 3])), np.nan, dtype=x.dtype)
    work = scratch(ring_scratch(plan), plan.matrices.dtype)
    work[:] = np.nan
    with np.errstate(invalid="ignore"):  # twins
        ring_product(x.reshape(-1), y.reshape(-1), z.reshape(-1), 0, len(x), plan, work)
    return z


def operands(degrees: tuple[int, int, int], batch: int = 9, dtype: str = "float64") -> tuple[Array, Array]:
    rng = np.random.default_rng(sum(degrees))
    x, y = (rng.standard_normal((batch, (degree + 1) ** 2)).astype(dtype) for degree in degrees[:2])
    return x, y


@pytest.mark.parametrize("fourier", [False, True])
@pytest.mark.parametrize("degrees", DEGREES)
def test_equals_quadrature(degrees: tuple[int, int, int], fourier: bool) -> None:
    x, y = operands(degrees)
    z = apply(ring_plan(*degrees, fourier=fourier), x, y)
    size = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    assert np.abs(z - quadrature(degrees, x, y)).max() < 2e-14 * size.max()


@pytest.mark.parametrize("fourier", [False, True])
@pytest.mark.parametrize("degrees", DEGREES[::3])
def test_float32(degrees: tuple[int, int, int], fourier: bool) -> None:
    x, y = operands(degrees, 33, "float32")
    z = apply(ring_plan(*degrees, dtype="float32", fourier=fourier), x, y)
    size = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    assert z.dtype == np.float32
    assert np.abs(z - quadrature(degrees, x.astype(float), y.astype(float))).max() < 1e-5 * size.max()


def plan_on(degrees: tuple[int, int, int], pairs: int, quadrant: int, *, fourier: bool) -> RingPlan:
    """Lay out the product on a grid of any size."""
    sides = []
    for lmax in degrees[:2]:
        stages = (
            fourier_stages(lmax, pairs, "float64") if fourier else legendre_stages(lmax, pairs, "float64")
        )
        trig = circle_matrices(lmax, quadrant, "float64")
        sides.append(ring_side(lmax, stages, trig, pairs, analysis=False))
    last, points = degrees[2], 4 * quadrant
    if fourier:
        stages = fourier_stages(last, pairs, "float64", points, degrees[0] + degrees[1])
    else:
        stages = legendre_stages(last, pairs, "float64", points)
    trig = circle_matrices(last, quadrant, "float64", inverse=True)
    sides.append(ring_side(last, stages, trig, pairs, analysis=True))
    return joined(sides, PRODUCT, pairs, quadrant)


@pytest.mark.parametrize("fourier", [False, True])
@pytest.mark.parametrize("degrees", [(2, 2, 4), (3, 3, 6), (3, 2, 4), (4, 4, 4), (5, 4, 7), (4, 4, 8)])
def test_no_smaller_grid_is_exact(degrees: tuple[int, int, int], fourier: bool) -> None:
    """The grid in use is exact, so is a larger one; one pair of rings or one point a quadrant less is not."""
    x, y = operands(degrees)
    expected = quadrature(degrees, x, y)
    plan = ring_plan(*degrees, fourier=fourier)
    pairs, quadrant = plan.ring_pairs, plan.quadrant

    def error(pairs: int, quadrant: int) -> float:
        return float(np.abs(apply(plan_on(degrees, pairs, quadrant, fourier=fourier), x, y) - expected).max())

    assert error(pairs, quadrant) < 1e-13
    assert error(pairs + 1, quadrant + 2) < 1e-13
    assert error(pairs - 1, quadrant) > 1e-6
    assert error(pairs, quadrant - 1) > 1e-6


@pytest.mark.parametrize("fourier", [False, True])
def test_degree_above_the_number_of_rings(fourier: bool) -> None:
    """Where 2 * pairs rings are the zeros of a Legendre polynomial among the harmonics, entries vanish."""
    degrees = (4, 0, 3)
    x, y = operands(degrees)
    plan = ring_plan(*degrees, fourier=fourier)
    assert fourier or plan.ring_pairs == 2
    assert np.abs(apply(plan, x, y) - quadrature(degrees, x, y)).max() < 1e-13


@pytest.mark.parametrize("fourier", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [0, 1, 7, 8, 9, 15, 16, 17, 33])
def test_a_sample_does_not_depend_on_its_neighbours(batch: int, dtype: str, fourier: bool) -> None:
    degrees = (3, 2, 4)
    x, y = operands(degrees, batch, dtype)
    plan = ring_plan(*degrees, dtype=dtype, fourier=fourier)
    z = apply(plan, x, y)
    for n in {0, batch // 2, batch - 1} & set(range(batch)):
        assert np.array_equal(apply(plan, x[n : n + 1], y[n : n + 1])[0], z[n])
    spoiled = y.copy()
    spoiled[::3] = np.inf
    kept = np.arange(batch) % 3 != 0
    assert np.array_equal(apply(plan, x, spoiled)[kept], z[kept])


@pytest.mark.parametrize("fourier", [False, True])
def test_float32_outside_float64_inside(fourier: bool) -> None:
    degrees = (3, 2, 4)
    x, y = operands(degrees, 21)
    plan = ring_plan(*degrees, fourier=fourier)
    z = np.empty((21, 25), dtype=np.float32)
    work = scratch(ring_scratch(plan), "float64")
    ring_product(x.reshape(-1), y.reshape(-1), z.reshape(-1), 0, 21, plan, work)
    assert np.array_equal(z, apply(plan, x, y).astype(np.float32))


@pytest.mark.parametrize("fourier", [False, True])
def test_a_constant_times_a_function(fourier: bool) -> None:
    """Y_00 = 1 / sqrt(4 pi) is a constant: the product is the other factor, scaled."""
    degrees = (0, 6, 6)
    _, y = operands(degrees)
    z = apply(ring_plan(*degrees, fourier=fourier), np.ones((len(y), 1)), y)
    assert np.abs(z - y / np.sqrt(4 * np.pi)).max() < 1e-14
