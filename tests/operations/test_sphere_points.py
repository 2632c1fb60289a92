"""Points on the sphere as functions: transposes of the grid, gradients, bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exact_harmonics import BITS, exact_harmonics
from flint import arb, ctx
from quarter_turn import quarter_turn

from reptheory.errors import OperandError
from reptheory.exact.tensor_harmonics import solid_gradient
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.sphere_points import PointExpansion
from reptheory.operations.sphere_transforms import FromGrid, ToGrid
from reptheory.operations.vector_harmonics import harmonics, harmonics_bound

Array = Any


def drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("lmax", [0, 1, 4, 8])
def test_points_of_a_grid_are_its_transpose(lmax: int) -> None:
    grid = SphereGrid(2 * lmax)
    weights = drawn(lmax, *grid.shape)
    found = PointExpansion(lmax)(5 * grid.directions.reshape(-1, 3), weights.ravel())
    assert found == pytest.approx(ToGrid(lmax, grid).backward(weights), abs=1e-11)
    smooth = FromGrid(lmax, grid)(weights)
    dense = PointExpansion(lmax)(grid.directions.reshape(-1, 3), (grid.weights * weights).ravel())
    assert dense == pytest.approx(smooth, abs=1e-12)


def test_points_turn_and_invert_with_their_expansion() -> None:
    vectors, weights = drawn(1, 7, 3), drawn(2, 7)
    expansion = PointExpansion(3)
    x, y, z = vectors.T
    turned = expansion(np.stack([-y, x, z], axis=1), weights)
    plain = expansion(vectors, weights)
    back = quarter_turn(quarter_turn(quarter_turn(plain, range(4)), range(4)), range(4))
    assert min(np.abs(turned - one).max() for one in (quarter_turn(plain, range(4)), back)) < 1e-14
    parity = np.concatenate([np.full(2 * degree + 1, (-1) ** degree) for degree in range(4)])
    assert expansion(-vectors, weights) == pytest.approx(parity * plain, abs=1e-14)


def test_channels_share_vectors_and_gradients_are_differences() -> None:
    expansion = PointExpansion(3)
    vectors, weights, grad = drawn(3, 5, 1, 6, 3), drawn(4, 4, 6), drawn(5, 5, 4, 16)
    assert expansion(vectors, weights).shape == (5, 4, 16)
    to_vectors, to_weights = expansion.backward(vectors, weights, grad)
    assert (to_vectors.shape, to_weights.shape) == (vectors.shape, weights.shape)
    step = 1e-6
    for array, gradient, other in ((vectors, to_vectors, "v"), (weights, to_weights, "w")):
        direction = drawn(6, *array.shape)
        both = []
        for sign in (1, -1):
            moved = array + sign * step * direction
            operands = (moved, weights) if other == "v" else (vectors, moved)
            both.append((expansion(*operands) * grad).sum())
        assert (both[0] - both[1]) / (2 * step) == pytest.approx((gradient * direction).sum(), rel=1e-7)


def test_bounds_hold_in_float32_against_float64() -> None:
    expansion = PointExpansion(5)
    vectors, weights = drawn(7, 40, 9, 3).astype(np.float32), drawn(8, 40, 9).astype(np.float32)
    z, bound = expansion(vectors, weights, with_bound=True)
    wide, small = expansion(vectors.astype(np.float64), weights.astype(np.float64), with_bound=True)
    assert z.dtype == np.float32
    assert (np.abs(z - wide) <= bound + small).all()
    assert bound.max() < 1e-5
    order = np.random.default_rng(9).permutation(9)
    other = expansion(vectors[:, order].astype(np.float64), weights[:, order].astype(np.float64))
    assert (np.abs(other - wide) <= 2 * small).all()
    assert small.max() < 1e-12


def test_no_points_a_zero_vector_and_bad_shapes() -> None:
    expansion = PointExpansion(2)
    assert (expansion(np.zeros((3, 0, 3)), np.zeros((3, 0))) == np.zeros((3, 9))).all()
    zero = expansion([[0.0, 0.0, 0.0]], [2.0])
    assert zero[0] == pytest.approx(2 / np.sqrt(4 * np.pi))
    assert not zero[1:].any()
    assert not expansion.backward([[0.0, 0.0, 0.0]], [2.0], np.ones(9))[0].any()
    for vectors, weights in (
        (np.zeros((2, 3)), np.zeros(3)),
        (np.zeros(3), np.zeros(1)),
        (np.zeros((2, 2)), np.zeros(2)),
    ):
        with pytest.raises(OperandError, match="vectors"):
            expansion(vectors, weights)
    with pytest.raises(OperandError, match="do not broadcast"):
        expansion(np.zeros((2, 4, 3)), np.zeros((3, 4)))
    with pytest.raises(OperandError, match="grad"):
        expansion.backward(np.zeros((4, 3)), np.zeros(4), np.zeros(8))


@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e20])
def test_bounds_of_gradients_hold(scale: float) -> None:
    """float32 against float64, operands shared; and float64 against another order of summation."""
    expansion = PointExpansion(4)
    vectors, weights = drawn(10, 20, 1, 5, 3) * scale, drawn(11, 3, 5)
    narrow = [one.astype(np.float32) for one in (vectors, weights, drawn(12, 20, 3, 25))]
    wide = [one.astype(np.float64) for one in narrow]
    found = expansion.backward(*narrow, with_bound=True)
    exact, exact_bounds = expansion.backward(*wide, with_bound=True)
    plain = expansion.backward(*narrow)
    for value, bound, true, small, same in zip(*found, exact, exact_bounds, plain, strict=True):
        assert value.dtype == np.float32
        assert np.array_equal(value, same)
        assert bound.shape == value.shape == true.shape
        assert (np.abs(value - true) <= bound + small).all()
        assert (small <= 1e-11 * (1 + np.abs(true).max())).all()
        assert (bound <= 1e-5 * (1 + np.abs(true).max())).all()
    order = np.random.default_rng(13).permutation(5)
    other = expansion.backward(wide[0][..., order, :], wide[1][:, order], wide[2])
    assert (np.abs(other[0] - exact[0][..., order, :]) <= 2 * exact_bounds[0][..., order, :]).all()
    assert (np.abs(other[1] - exact[1][:, order]) <= 2 * exact_bounds[1][:, order]).all()


def test_bounds_of_gradients_are_those_of_the_proof() -> None:
    """docs/proofs/vector_harmonics.md and claim 5 of sphere.md, part by part, from the exact coefficients."""
    lmax, u = 3, 2.0**-53
    vectors, weights, grad = drawn(17, 1, 3) * 1e-9, drawn(18, 1), drawn(19, 16)
    _, (slope, own) = PointExpansion(lmax).backward(vectors, weights, grad, with_bound=True)
    values, h = np.abs(harmonics(vectors, lmax).values[0]), harmonics_bound(lmax)
    g = np.abs(weights[0] * grad)
    rounded, inherited, spread, full = (np.zeros(3) for _ in range(4))
    for degree in range(1, lmax + 1):
        block = solid_gradient(degree, "real").to_numpy()
        here, below = (slice(k * k, (k + 1) ** 2) for k in (degree, degree - 1))
        size = np.abs(block) @ (values + h)[below]
        inherited += (u * g[here] + 5e-324) @ size
        rounded += (5 * lmax + 5) * u * g[here] @ size
        spread += g[here] @ (np.abs(block) @ h[below])
        signed = block @ harmonics(vectors, lmax).values[0][below]
        full += (weights[0] * grad)[here] @ signed
    error = inherited + rounded + spread
    total = error + error.sum()
    total += 60 * u * (np.abs(full).sum() + total)
    assert slope[0] == pytest.approx(total / np.linalg.norm(vectors), rel=1e-7)
    weight = 34 * u * np.abs(grad) @ (values + h) + np.abs(grad) @ h
    assert own[0] == pytest.approx(weight, rel=1e-7)


@pytest.mark.parametrize("scale", [1.0, 2.0**-60, 2.0**60])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_and_gradients_are_exact_within_bounds_and_certificates(dtype: str, scale: float) -> None:
    """Gradients are central differences of balls of 2,400 bits, with steps of 2^-600 of a unit."""
    expansion, step = PointExpansion(3), arb(2) ** -600 * arb(scale)
    vectors, weights, grad = (
        drawn(k, *shape).astype(dtype) for k, shape in ((14, (4, 3)), (15, (4,)), (16, (16,)))
    )
    vectors[0] = (0, 0, -2)
    vectors *= scale
    z, bound = expansion(vectors, weights, with_bound=True)
    (slope, own), limits = expansion.backward(vectors, weights, grad, with_bound=True)
    tight = expansion.certificate(vectors, weights, z)
    tights = expansion.backward_certificate(vectors, weights, grad, (slope, own))
    slack = 1e-12 if dtype == "float32" else 1e-27

    def judge(value: float, exact: Any, limit: float, close: float, unit: float = 1.0) -> None:
        error = abs(arb(float(value)) - exact)
        assert error <= arb(float(limit))
        assert error <= arb(float(close))
        assert close <= float(error.mid()) * (1 + 1e-9) + slack * unit
        assert limit < (1e-4 if dtype == "float32" else 1e-11) * unit

    with ctx.workprec(BITS):
        g = [arb(float(v)) for v in grad]
        rows = [exact_harmonics(v, 3) for v in vectors]
        for k in range(16):
            total = sum((y[k] * arb(float(w)) for y, w in zip(rows, weights, strict=True)), arb(0))
            judge(z[k], total, bound[k], tight[k])
        for p, (vector, weight) in enumerate(zip(vectors, weights, strict=True)):
            here = sum((a * b for a, b in zip(g, rows[p], strict=True)), arb(0))
            judge(own[p], here, limits[1][p], tights[1][p])
            for axis in range(3):
                ends = []
                for sign in (1, -1):
                    moved = [arb(float(c)) for c in vector]
                    moved[axis] += sign * step
                    values = exact_harmonics(moved, 3)
                    ends.append(sum((a * b for a, b in zip(g, values, strict=True)), arb(0)))
                difference = arb(float(weight)) * (ends[0] - ends[1]) / (2 * step)
                judge(slope[p, axis], difference, limits[0][p, axis], tights[0][p, axis], 1 / scale)


def test_bounds_of_gradients_are_infinite_where_nothing_is_known() -> None:
    expansion = PointExpansion(2)
    (slope, own), (bound, own_bound) = expansion.backward(
        [[1.0, 2.0, 3.0], [0.0, np.nan, 1.0]], [1.0, 1.0], np.ones(9), with_bound=True
    )
    assert np.isfinite(bound[0]).all()
    assert np.isinf(bound[1]).all()
    assert np.isfinite(own_bound).tolist() == [True, False]
    assert np.isfinite(slope[0]).all()
    assert np.isfinite(own[0])
