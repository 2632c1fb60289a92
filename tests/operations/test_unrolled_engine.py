"""Unrolled Gaunt products: the table's terms as machine code, equal to the table within both bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.errors import LabelError
from reptheory.exact.gaunt import real_gaunt
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct

DEGREES = [(1, 1, 1), (2, 2, 2), (2, 1, 3), (0, 1, 1), (1, 1, 0), (1, 1, 2)]


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize(
    ("dtype", "accumulate"), [("float32", None), ("float64", None), ("float32", "float64")]
)
@pytest.mark.parametrize("samples", [0, 1, 16, 37])
def test_it_equals_the_table(degrees: Any, dtype: str, accumulate: Any, samples: int) -> None:
    """Products, bounds, gradients and their bounds, for whole vectors of samples and parts of them."""
    rng = np.random.default_rng(samples)
    ours, table = (
        GauntTensorProduct(*degrees, method, accumulate=accumulate) for method in ("unrolled", "table")
    )
    dims = ours.dim1, ours.dim2, ours.dim_out
    x, y, grad = (rng.standard_normal((samples, dim)).astype(dtype) for dim in dims)
    found = [ours(x, y, with_bound=True), *zip(*ours.backward(x, y, grad, with_bound=True), strict=True)]
    expected = [table(x, y, with_bound=True), *zip(*table.backward(x, y, grad, with_bound=True), strict=True)]
    for (z, bound), (other, other_bound) in zip(found, expected, strict=True):
        assert z.dtype == dtype
        assert (np.abs(z.astype(float) - other.astype(float)) <= bound + other_bound).all()
        assert (bound <= 3 * other_bound).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_of_too_many_terms_go_by_the_table(weighted: bool) -> None:
    """A symmetric product takes half its terms, its gradients all of theirs."""
    rng = np.random.default_rng(5)
    kind: Any = GauntInteraction if weighted else GauntTensorProduct
    ours, table = kind(3, 3, 6, "unrolled"), kind(3, 3, 6, "table")
    operands = [rng.standard_normal((20, dim)) for dim in (ours.dim1, ours.dim2)]
    operands += [rng.standard_normal(ours.weight_numel)] if weighted else []
    grad = rng.standard_normal((20, ours.dim_out))
    pair = ours.backward(*operands, grad), table.backward(*operands, grad)
    for one, other in zip(*pair, strict=True):
        assert one == pytest.approx(other, abs=1e-11)


def test_unit_vectors_return_the_coefficients() -> None:
    product = GauntTensorProduct(2, 2, 2)
    assert product.method == "unrolled"
    z = product(np.repeat(np.eye(9), 9, axis=0), np.tile(np.eye(9), (9, 1))).reshape(9, 9, 9)
    labels = [(degree, m) for degree in range(3) for m in range(-degree, degree + 1)]
    for i, (l1, m1) in enumerate(labels):
        for j, (l2, m2) in enumerate(labels):
            for k, (l3, m3) in enumerate(labels):
                assert z[i, j, k] == float(real_gaunt(l1, l2, l3, m1, m2, m3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sample_does_not_depend_on_its_neighbours_or_threads(dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((40_003, 9)).astype(dtype) for _ in "xy")
    z = GauntTensorProduct(2, 2, 2, threads=1)(x, y)
    assert np.array_equal(GauntTensorProduct(2, 2, 2, threads=3)(x, y), z)
    for some in (slice(0, 1), slice(5, 12), slice(7, 40), slice(40_000, None)):
        assert np.array_equal(GauntTensorProduct(2, 2, 2)(x[some], y[some]), z[some])


def test_samples_outside_are_not_read() -> None:
    """Rows of NaN before and behind the batch, in the same memory, do not reach a result."""
    x, y, z = (np.full((60, 4), np.nan) for _ in "xyz")
    x[20:37], y[20:37] = 1.0, 2.0
    out = GauntTensorProduct(1, 1, 1)(x[20:37], y[20:37], out=z[20:37])
    assert np.isfinite(out).all()
    assert np.isnan(z[:20]).all()
    assert np.isnan(z[37:]).all()


def test_many_terms_are_refused() -> None:
    with pytest.raises(LabelError, match="method"):
        GauntTensorProduct(5, 5, 5, "unrolled")
    with pytest.raises(LabelError, match="method"):
        GauntTensorProduct(500, 500, 500, "unrolled")
