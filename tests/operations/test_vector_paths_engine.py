"""Clebsch-Gordan paths from products of vector fields: within bounds of the exact product and the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exact_bilinear import reference_of

from reptheory.errors import LabelError
from reptheory.operations.full_tensor_product import FullTensorProduct

SHAPES = [("0e+1o", "1o"), ("2x0e+1x1o+1x2e", "1x0o+2x1o"), ("0e+1o+2e+3o", "0e+1o+2e+3o"), ("", "1o")]
PRECISIONS = (("float32", None), ("float64", None), ("float32", "float64"))


def draw(product: FullTensorProduct, batch: int, dtype: str, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((batch, dim)).astype(dtype) for dim in (product.dim1, product.dim2))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "accumulate"), PRECISIONS)
@pytest.mark.parametrize("options", [{}, {"irrep_normalization": "norm", "layout": "ir_mul"}], ids=str)
def test_equals_the_full_product_within_its_bound(
    shape: tuple[str, str], dtype: str, accumulate: Any, options: Any
) -> None:
    product = FullTensorProduct(*shape, method="vector", accumulate=accumulate, **options)
    x, y = draw(product, 2, dtype)
    z, bound = product(x, y, with_bound=True)
    reference = reference_of(product)
    assert np.isfinite(bound).all()
    assert not reference.violations(x, y, z, bound)
    assert not reference.violations(x, y, z, product.certificate(x, y, z))
    if z.size:
        assert bound.max() <= 300 * reference.errors(x, y, z).max()
        assert reference.violations(x, y, z + np.float32(0.01), bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_agrees_with_the_table_on_odd_and_even_paths(dtype: str) -> None:
    irreps = "0e+1o+2e+3o+4e"
    one, other = FullTensorProduct(irreps, irreps, method="vector"), FullTensorProduct(irreps, irreps)
    assert sum((p.ir1.l + p.ir2.l + p.ir_out.l) % 2 for p in one.instructions) == 30
    x, y = draw(one, 3, dtype, 1)
    (z1, b1), (z2, b2) = one(x, y, with_bound=True), other(x, y, with_bound=True)
    assert (np.abs(z1.astype(float) - z2) <= b1 + b2).all()
    assert (np.abs(z1).max(axis=0) > 0).all()


def test_chosen_paths_alone() -> None:
    product = FullTensorProduct("1o+2e", "1o+2e", filter_ir_out=["1e"], method="vector")
    x, y = draw(product, 600, "float64")  # more than one block of samples
    table = FullTensorProduct("1o+2e", "1o+2e", filter_ir_out=["1e"])
    assert np.allclose(product(x, y), table(x, y), atol=1e-14)


@pytest.mark.parametrize("scale", [1e-155, 1e-162])
def test_bounds_hold_where_products_underflow(scale: float) -> None:
    product = FullTensorProduct("0e+1o", "1o", method="vector")
    x, y = draw(product, 2, "float64")
    z, bound = product(scale * x, scale * y, with_bound=True)
    assert not reference_of(product).violations(scale * x, scale * y, z, bound)
    assert (bound < 1e-300).all()


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(LabelError, match=r"^method: got 'grid'"):
        FullTensorProduct("1o", "1o", method="grid")  # type: ignore[arg-type]
