"""Gaunt convolutions: harmonics of vectors against balls, exact results within bounds, gradients, faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from array_layouts import LAYOUTS
from exact_bilinear import gaunt_reference
from exact_harmonics import BITS, exact_harmonics
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn

from reptheory.errors import OperandError
from reptheory.operations.gaunt_convolution import GauntConvolution
from reptheory.operations.vector_harmonics import harmonics, harmonics_bound

Array = Any
METHODS = ("table", "grid", "fourier")


def hard_vectors() -> Array:
    rng = np.random.default_rng(0)
    fixed = [
        [0, 0, 1],
        [0, 0, -3],
        [1, 0, 0],
        [0, -2, 0],
        [0, 0, 0],
        [-0.0, 0.0, -0.0],
        [1e-300, 2e-300, 1],
        [5e-324, 1e-323, -5e-324],
        [1.7e308, -1.7e308, 1.7e308],
        [1e-9, 2e-8, -1],
        [1, 1, 1e-200],
        [1e-12, 0, 1.7e308],
        [0, 1.7e308, -5e-324],
    ]
    wide = rng.standard_normal((6, 3)) * 10.0 ** rng.uniform(-100, 100, (6, 3))
    return np.concatenate([np.array(fixed, dtype=float), wide, rng.standard_normal((6, 3))])


@pytest.mark.parametrize("lmax", [0, 1, 5])
def test_harmonics_are_exact_within_their_bound(lmax: int) -> None:
    vectors = hard_vectors()
    values, bound = harmonics(vectors, lmax).values, harmonics_bound(lmax)
    assert bound.max() < 3e-14
    with ctx.workprec(BITS):
        for vector, row in zip(vectors, values, strict=True):
            for value, ball, limit in zip(row, exact_harmonics(vector, lmax), bound, strict=True):
                assert abs(arb(float(value)) - ball) <= arb(float(limit)) + arb(1e-307), vector


def test_harmonics_do_not_depend_on_the_length() -> None:
    vectors = np.random.default_rng(1).standard_normal((9, 3))
    values = harmonics(vectors, 4).values
    for factor in (2.0**-1000, 2.0**900, 0.5):
        assert np.array_equal(harmonics(factor * vectors, 4).values, values)
    assert np.allclose((values**2).sum(axis=1), 25 / (4 * np.pi), rtol=1e-13)


def draw(convolution: GauntConvolution, shapes: Any, dtype: str = "float64", seed: int = 0) -> list[Array]:
    """Draw x, vectors, weight and a gradient."""
    rng = np.random.default_rng(seed)
    dims = (convolution.dim_in, 3, convolution.weight_numel, convolution.dim_out)
    leading = (*shapes, np.broadcast_shapes(*shapes))
    return [
        rng.standard_normal((*shape, dim)).astype(dtype) for shape, dim in zip(leading, dims, strict=True)
    ]


@settings(max_examples=25)
@given(
    st.sampled_from(METHODS), st.booleans(), st.sampled_from(["float32", "float64"]), st.integers(0, 2**32)
)
def test_results_are_exact_within_their_bounds(method: Any, radial: bool, dtype: str, seed: int) -> None:
    convolution = GauntConvolution(2, 3, 4, method, radial=radial)
    x, vectors, weight, _ = draw(convolution, ((2,), (2,), (2,)), dtype, seed)
    z, bound = convolution(x, vectors, weight if radial else None, with_bound=True)
    tight = convolution.certificate(x, vectors, weight if radial else None, z)
    assert z.dtype == np.dtype(dtype)
    assert bound.max() < (2e-3 if dtype == "float32" else 1e-11)
    reference = gaunt_reference(2, 3, 4)
    with ctx.workprec(400):
        for n in range(2):
            filters = exact_harmonics(vectors[n], 3)
            if radial:
                degrees = np.sqrt(np.arange(16)).astype(int)
                filters = [arb(float(weight[n, k])) * f for k, f in zip(degrees, filters, strict=True)]
            for k, terms in enumerate(reference.terms):
                exact = sum((c * (arb(float(x[n, i])) * filters[j]) for i, j, c in terms), arb(0))
                error = abs(arb(float(z[n, k])) - exact)
                assert error <= arb(float(bound[n, k]))
                assert error <= arb(float(tight[n, k]))
                assert tight[n, k] <= float(error.mid()) * (1 + 1e-9) + (
                    1e-12 if dtype == "float32" else 1e-27
                )


@pytest.mark.parametrize(
    "shapes", [((3, 4), (3, 1), (3, 4)), ((4,), (3, 1), (3, 1)), ((), (), ()), ((3, 1), (2,), (2,))]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_equal_finite_differences(shapes: Any, dtype: str) -> None:
    convolution = GauntConvolution(2, 2, 3)
    *operands, g = draw(convolution, shapes, dtype, 2)
    values, bounds = convolution.backward(*operands, g, with_bound=True)
    tights = convolution.backward_certificate(*operands, g, values)
    wide = [a.astype(np.float64) for a in operands]
    exact = convolution.backward(*wide, g.astype(np.float64), with_bound=True)
    for place, (value, bound, operand) in enumerate(zip(values, bounds, operands, strict=True)):
        assert value is not None
        assert bound is not None
        assert value.shape == bound.shape == operand.shape
        assert value.dtype == np.dtype(dtype)
        assert np.isfinite(bound).all()
        assert bound.max() < (2e-2 if dtype == "float32" else 1e-10)
        assert (tights[place] <= bound).all()
        gap = np.abs(value - exact[0][place])
        assert (gap <= bound + exact[1][place]).all()
        step = 1e-5
        for index in np.ndindex(operand.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in wide]
                moved[place][index] += sign * step
                ends.append((convolution(*moved) * g).sum())
            slope = (ends[0] - ends[1]) / (2 * step)
            assert abs(slope - exact[0][place][index]) < 1e-6 * (1 + abs(slope))
    again = convolution.backward(*operands, g)
    for one, other in zip(again, values, strict=True):
        assert np.array_equal(one, other)


def test_gradients_at_the_poles_and_of_zero_vectors() -> None:
    convolution = GauntConvolution(1, 3, 3, radial=False)
    vectors = np.array([[0, 0, 2.0], [0, 0, -0.5], [0, 0, 0]])
    rng = np.random.default_rng(5)
    x, g = rng.standard_normal((3, 4)), rng.standard_normal((3, 16))
    values, _ = convolution.backward(x, vectors, None, g, with_bound=True)
    assert values.weight is None
    assert not values.vectors[2].any()
    assert np.array_equal(values.vectors[:, 2], [0, 0, 0])  # along the vector nothing changes
    for axis in range(2):
        moved = 1e-5 * np.eye(3)[axis]
        slope = ((convolution(x, vectors + moved) - convolution(x, vectors - moved)) * g).sum(axis=1) / 2e-5
        assert np.allclose(slope[:2], values.vectors[:2, axis], rtol=1e-6, atol=1e-8)
    z = convolution(x[2], vectors[2])
    assert np.array_equal(z[4:], np.zeros(12))
    assert np.allclose(z[:4], x[2] / (4 * np.pi), rtol=1e-14)


def test_turning_feature_and_vector_turns_the_result() -> None:
    convolution = GauntConvolution(2, 2, 4)
    x, vectors, weight, g = draw(convolution, ((5,), (5,), ()))
    turned = np.stack([-vectors[:, 1], vectors[:, 0], vectors[:, 2]], axis=1)
    z, bound = convolution(x, vectors, weight, with_bound=True)
    other, limit = convolution(quarter_turn(x, range(3)), turned, weight, with_bound=True)
    assert (np.abs(other - quarter_turn(z, range(5))) <= limit + np.abs(quarter_turn(bound, range(5)))).all()
    back = convolution.backward(x, vectors, weight, g)
    again = convolution.backward(quarter_turn(x, range(3)), turned, weight, quarter_turn(g, range(5)))
    assert np.allclose(again.vectors, np.stack([-back.vectors[:, 1], *back.vectors[:, [0, 2]].T], axis=1))
    assert np.allclose((back.vectors * vectors).sum(axis=1), 0, atol=1e-12)
    inverted = convolution(x * (-1.0) ** np.sqrt(np.arange(9)).astype(int), -vectors, weight)
    assert np.allclose(inverted, z * (-1.0) ** np.sqrt(np.arange(25)).astype(int), atol=1e-13)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_arrays_of_every_kind() -> None:
    convolution = GauntConvolution(1, 2, 2)
    arrays = [np.round(8 * a) / 8 for a in draw(convolution, ((6,), (6,), (6,)))]
    expected = (convolution(*arrays[:3]), *convolution.backward(*arrays))
    for change in LAYOUTS.values():
        given_arrays = [change(a) for a in arrays]
        found = (convolution(*given_arrays[:3]), *convolution.backward(*given_arrays))
        for ours, theirs in zip(found, expected, strict=True):
            assert type(ours) is np.ndarray
            assert np.array_equal(ours, theirs)
    out = np.zeros((6, 9))
    assert convolution(*arrays[:3], out=out) is out
    assert np.array_equal(out, expected[0])


def test_vectors_that_are_not_finite_touch_no_other() -> None:
    convolution = GauntConvolution(1, 2, 2)
    x, vectors, weight, g = draw(convolution, ((4,), (4,), (4,)), "float32")
    clean = convolution(x, vectors, weight)
    vectors[1, 0], vectors[2, 2] = np.nan, np.inf
    z, bound = convolution(x, vectors, weight, with_bound=True)
    assert np.array_equal(z[[0, 3]], clean[[0, 3]])
    assert np.isnan(z[1:3]).all()
    assert np.isinf(bound[1:3]).all()
    _, limits = convolution.backward(x, vectors, weight, g, with_bound=True)
    assert not any(np.isnan(limit).any() for limit in limits)
    empty = [a[:0] for a in (x, vectors, weight, g)]
    assert convolution(*empty[:3]).shape == (0, 9)
    assert [a.shape for a in convolution.backward(*empty)] == [(0, 4), (0, 3), (0, 3)]


def test_wrong_operands_are_refused_by_name() -> None:
    convolution = GauntConvolution(1, 2, 2)
    x, vectors, weight, g = draw(convolution, ((2,), (2,), (2,)))
    for name, operands in {
        "x": (x[:, 1:], vectors, weight),
        "vectors: got last axis 2": (x, vectors[:, 1:], weight),
        "vectors: got dtype": (x, vectors.astype(complex), weight),
        "weight": (x, vectors, None),
        "leading axes": (x, np.ones((3, 3)), weight),
    }.items():
        with pytest.raises(OperandError, match=name):
            convolution(*operands)
    with pytest.raises(OperandError, match="grad"):
        convolution.backward(x, vectors, weight, g[:, 1:])
