"""Sums of products of rows around sums of products on rings: kernels against NumPy, and their scratch."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from reptheory.kernels.pool import scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.kernels.term_sums import WIDE, SumPlan, ring_sums, row_sums
from reptheory.operations.gaunt_many_body import GauntManyBody
from reptheory.operations.term_plan import one_behind_the_other

Array = Any
ROWS = 10
"""Of the tile of `PLAN`: operands of 2 and 3 columns, the second backward, 1, then outputs of 3 and 1."""
PLAN = SumPlan(
    np.array([[2, 0, 0], [3, 2, 3], [3, 6, 0], [1, 9, 0]]),
    np.array([0, 1, 2, 2, 1, 0], np.int32),
    np.array([[6, 0, 4, 1], [8, 1, 5, 1], [6, 3, 3, 0], [6, 2, 5, 0]]),
    operands=2,
    before=0,
    ones=5,
    outputs=(6, 4),
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("samples", [0, 1, 37])
def test_sums_of_products_of_rows(samples: int, dtype: str) -> None:
    """x_0 y_0 + y_1^2 + y_2, nothing, x_1; and nothing."""
    rng = np.random.default_rng(samples)
    x, y = (rng.integers(-9, 10, (samples, dim)).astype(dtype) for dim in (2, 3))
    span = WIDE * lanes_of(x.dtype)
    work = scratch((ROWS + 1) * span, dtype)
    work[: ROWS * span], work[ROWS * span :] = np.nan, 7
    z = np.full(4 * samples, np.nan, dtype)
    row_sums(one_behind_the_other([x, y]), samples, z, 0, samples, tuple(PLAN), work)
    first = x[:, 0] * y[:, 0] + y[:, 1] ** 2 + y[:, 2]
    expected = np.stack([first, 0 * first, x[:, 1]], axis=1)
    assert np.array_equal(z, [*expected.reshape(-1), *np.zeros(samples)])
    assert (work[ROWS * span :] == 7).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scratch_is_written_before_it_is_read(dtype: str) -> None:
    """Of the gradients of a product with weights; behind the end of scratch nothing is written."""
    product = GauntManyBody([2, 1], 2, [(0,), (0, 1), (0, 0, 1)], "grid", weighted=True)
    rng = np.random.default_rng(0)
    dims = *product.dims, product.weight_numel, product.dim_out
    operands = [rng.standard_normal((37, dim)).astype(dtype) for dim in dims]
    expected = product.backward(*operands)
    kernel = product._back_sums_engine._kernels[dtype]  # type: ignore[attr-defined]
    _, plan, need, *_ = kernel._ready
    work = scratch(need + 64, dtype)
    work[:need], work[need:] = np.nan, 7
    z = np.full(37 * sum(dims[:-1]), np.nan, dtype)
    for first, last in pairwise((0, 5, 37)):
        ring_sums(one_behind_the_other(operands), 37, z, first, last, plan, work)
    assert np.array_equal(z, np.concatenate([one.reshape(-1) for one in expected]))
    assert (work[need:] == 7).all()
