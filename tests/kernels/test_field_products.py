"""Products of fields in one kernel: nothing is read before it is written, groups and samples do not mix."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from reptheory.kernels.field_products import field_products
from reptheory.kernels.pool import scratch
from reptheory.operations.engines import flat_read_only
from reptheory.operations.full_tensor_product import FullTensorProduct

Array = Any
X, Y = "2x0e+1x1o+1x2e", "1x0o+2x1o"


class Products:
    """The kernel of a product through vector fields, with operands."""

    def __init__(self, dtype: str) -> None:
        rng = np.random.default_rng(1)
        product = FullTensorProduct(X, Y, method="vector")
        self.x, self.y = (
            rng.standard_normal((37, dim)).astype(dtype) for dim in (product.dim1, product.dim2)
        )
        self.z = product(self.x, self.y)
        kernel = product._engine._kernels[dtype]  # type: ignore[attr-defined]
        _, self.plan, self.need, *_ = kernel._ready

    def run(self, plan: Any, work: Array, *edges: int) -> Array:
        """Return the product, in ranges of samples, one after the other."""
        z = np.full_like(self.z, np.nan)
        for first, last in pairwise(edges):
            flat = flat_read_only(self.x), flat_read_only(self.y), z.reshape(-1)
            field_products(*flat, first, last, plan, work)
        return z


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scratch_is_written_before_it_is_read(dtype: str) -> None:
    """Also behind its end nothing is written."""
    products = Products(dtype)
    work = scratch(products.need + 64, dtype)
    work[: products.need], work[products.need :] = np.nan, 7
    assert np.array_equal(products.run(products.plan, work, 0, 5, 37), products.z)
    assert (work[products.need :] == 7).all()


def test_groups_write_columns_of_their_own() -> None:
    """What no group reaches is 0."""
    products = Products("float64")
    *before, groups, dims, order, rows = products.plan
    total = np.zeros_like(products.z)
    for k in range(len(groups)):
        work = scratch(products.need, "float64")
        z = products.run((*before, groups[k : k + 1].copy(), dims, order, rows), work, 0, 37)
        assert not (total.any(axis=0) & z.any(axis=0)).any()
        total += z
    assert np.array_equal(total, products.z)
