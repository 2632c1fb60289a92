"""Gradients of products: exact derivatives within a proven bound, whatever the method and the broadcasting.

A bilinear product is its own derivative, so the exact gradient is the table transposed (`exact_bilinear.py`);
no finite difference is needed, but one is taken: for a bilinear map it is exact up to rounding.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from exact_bilinear import transposed_reference
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.errors import OperandError
from reptheory.exact.vector_paths import SPINS
from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.matrix_product import MatrixProduct
from reptheory.operations.vector_spherical_product import VectorSphericalProduct

PRODUCTS: list[tuple[str, BilinearProduct]] = [
    *((method, GauntTensorProduct(3, 2, 4, method)) for method in ("table", "grid", "fourier")),
    ("grid, degrees of x that the result does not see", GauntTensorProduct(5, 1, 2, "grid")),
    ("grid, degrees of y that the result does not see", GauntTensorProduct(1, 5, 2, "grid")),
    ("auto", GauntTensorProduct(2)),
    ("float32 in float64", GauntTensorProduct(3, accumulate="float64", method="grid")),
    ("full", FullTensorProduct("2x0e+1x1o+1x2e", "1x1o+2x1e")),
    ("full, an irrep that no path uses", FullTensorProduct("1x0o+2x1o", "1x1o", filter_ir_out=["1e"])),
    *((kind, VectorSphericalProduct(kind, 1, 2, 2, "grid")) for kind in SPINS),
    (
        "full, norm, ir_mul",
        FullTensorProduct("2x0e+3x1o", "3x1o+2x1e", irrep_normalization="norm", layout="ir_mul"),
    ),
    ("full by vectors", FullTensorProduct("1x0e+1x1o", "1x1o", method="vector")),
    ("cross by table", VectorSphericalProduct("cross", 1, 1, 1, "table")),
    ("dot, degrees of x that the result does not see", VectorSphericalProduct("dot", 2, 0, 1, "grid")),
    ("matrix", MatrixProduct("1x0e+1x1o", "2x1e", "1x2o")),
    ("matrix by table", MatrixProduct("1x0e+1x1o", "2x1e", "1x2o", "table")),
]
CASES = [pytest.param(product, id=name) for name, product in PRODUCTS]
DTYPES = ("float32", "float64")


def draw(product: BilinearProduct, shape: tuple[int, ...], dtype: str, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    dims = (product.dim1, product.dim2, product.dim_out)
    x, y, g = (rng.standard_normal((*shape, dim)).astype(dtype) for dim in dims)
    return x, y, g


@pytest.mark.parametrize("product", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_are_exact_derivatives_within_their_bounds(product: BilinearProduct, dtype: str) -> None:
    x, y, g = draw(product, (3,), dtype)
    (grad_x, grad_y), (bound_x, bound_y) = product.backward(x, y, g, with_bound=True)
    assert grad_x.dtype == grad_y.dtype == np.dtype(dtype)
    first, second = transposed_reference(product, 1), transposed_reference(product, 2)
    assert np.isfinite(bound_x).all()
    assert np.isfinite(bound_y).all()
    assert not first.violations(g, y, grad_x, bound_x)
    assert not second.violations(x, g, grad_y, bound_y)
    spoilt = grad_x + (2 * bound_x.max() + np.abs(grad_x).max() * 1e-6).astype(dtype)
    assert first.violations(g, y, spoilt, bound_x), "a wrong gradient must be noticed"
    cases = ((first, (g, y), grad_x), (second, (x, g), grad_y))
    for axis, close in enumerate(product.backward_certificate(x, y, g, (grad_x, grad_y))):
        reference, operands, value = cases[axis]
        assert not reference.violations(*operands, value, close)
        assert (close <= (bound_x, bound_y)[axis] * (1 + 1e-9) + 1e-300).all()
    for gradient, (reference, operands, value) in zip(product.gradients, cases, strict=True):
        certificate = gradient.certificate(*operands, value)
        assert not reference.violations(*operands, value, certificate)


@pytest.mark.parametrize("product", CASES)
def test_gradients_equal_finite_differences(product: BilinearProduct) -> None:
    x, y, g = draw(product, (), "float64", seed=1)
    grad_x, grad_y = product.backward(x, y, g)
    for i in range(product.dim1):
        step = np.eye(product.dim1)[i]
        assert np.isclose((product(x + step, y) - product(x - step, y)) @ g / 2, grad_x[i], atol=1e-12)
    for j in range(product.dim2):
        step = np.eye(product.dim2)[j]
        assert np.isclose((product(x, y + step) - product(x, y - step)) @ g / 2, grad_y[j], atol=1e-12)


@pytest.mark.parametrize("product", CASES)
def test_gradient_of_a_gradient(product: BilinearProduct) -> None:
    """The gradient of <h, gradient of x> with respect to g is the product of h and y."""
    h, y, g = draw(product, (2,), "float64", seed=2)
    second, _ = product.gradients[0].backward(g, y, h)
    assert np.allclose(second, product(h, y), atol=1e-12)


@settings(max_examples=30)
@given(
    st.sampled_from([(), (1,), (2, 1), (1, 3), (2, 3), (1, 1, 3)]),
    st.sampled_from([(), (3,), (2, 3), (2, 1), (1, 1)]),
    st.sampled_from(DTYPES),
    st.integers(0, 2**32),
)
def test_broadcast_operands_get_the_sum(
    left: tuple[int, ...], right: tuple[int, ...], dtype: str, seed: int
) -> None:
    product = GauntTensorProduct(1, 1, 2)
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((*left, 4)).astype(dtype), rng.standard_normal((*right, 4)).astype(dtype)
    z = product(x, y)
    g = rng.standard_normal(z.shape).astype(dtype)
    (grad_x, grad_y), (bound_x, bound_y) = product.backward(x, y, g, with_bound=True)
    assert grad_x.shape == bound_x.shape == x.shape
    assert grad_y.shape == bound_y.shape == y.shape
    wide = [np.broadcast_to(a, (*z.shape[:-1], 4)).astype(np.float64) for a in (x, y)]
    exact_x, exact_y = product.backward(wide[0], wide[1], g.astype(np.float64))
    for value, bound, full, shape in ((grad_x, bound_x, exact_x, left), (grad_y, bound_y, exact_y, right)):
        extra = full.ndim - 1 - len(shape)
        axes = tuple(a for a in range(full.ndim - 1) if a < extra or shape[a - extra] == 1)
        total = full.sum(axis=axes).reshape(*shape, 4)
        assert (np.abs(value - total) <= bound + 1e-13).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bound_of_a_sum_holds_exactly(dtype: str) -> None:
    rng = np.random.default_rng(4)
    values = (rng.standard_normal((50, 3)) * 10.0 ** rng.uniform(-20, 20, (50, 3))).astype(dtype)
    given_bound = np.abs(values.astype(np.float64)) * 1e-9
    total, bound = reduce_broadcast(values, given_bound, (3,))
    assert bound is not None
    assert total.dtype == np.dtype(dtype)
    for column in range(3):
        exact = sum((Fraction(float(v)) for v in values[:, column]), Fraction(0))
        inherited = sum((Fraction(float(v)) for v in given_bound[:, column]), Fraction(0))
        assert abs(Fraction(float(total[column])) - exact) + inherited <= Fraction(float(bound[column]))


def test_rows_that_are_not_finite_touch_no_other() -> None:
    product = FullTensorProduct("1x0e+1x1o", "1x1o")
    x, y, g = draw(product, (5,), "float32")
    clean = product.backward(x, y, g)
    g[2] = np.nan
    spoilt = product.backward(x, y, g)
    for before, after in zip(clean, spoilt, strict=True):
        assert np.isnan(after[2]).all()
        assert np.array_equal(np.delete(before, 2, 0), np.delete(after, 2, 0))


@pytest.mark.parametrize("product", CASES)
def test_empty_batches_and_copies(product: BilinearProduct) -> None:
    x, y, g = draw(product, (0,), "float32")
    grad_x, grad_y = product.backward(x, y, g)
    assert (grad_x.shape, grad_y.shape) == (x.shape, y.shape)
    x, y, g = draw(product, (2,), "float32")
    twin = copy.deepcopy(product)
    for ours, theirs in zip(product.backward(x, y, g), twin.backward(x, y, g), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_wrong_gradient_is_refused() -> None:
    product = GauntTensorProduct(1)
    x, y, g = draw(product, (2,), "float64")
    for bad in (g[0], g[:, :-1], np.ma.masked_array(g), g.astype(complex), "g", None):
        with pytest.raises(OperandError, match="grad"):
            product.backward(x, y, bad)
