"""The kernel of matrix products against dense linear algebra, on integers: exact, so equal bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.kernels.matrices import LinearMap, MatrixPlan, matrix_product, matrix_scratch
from reptheory.kernels.pool import scratch
from reptheory.kernels.simd.matrix import dot_4, dot_plain
from reptheory.kernels.simd.tiles import lanes_of

Array = Any


def sparse(matrix: Array) -> LinearMap:
    """Lay a dense matrix out by rows."""
    rows, columns = np.nonzero(matrix)
    starts = np.searchsorted(rows, np.arange(len(matrix) + 1))
    return LinearMap(matrix[rows, columns], columns.astype(np.int32), starts.astype(np.int64))


@settings(max_examples=40)
@given(
    st.sampled_from(["float32", "float64"]),
    st.tuples(*3 * [st.integers(1, 4)]),
    st.tuples(*3 * [st.integers(1, 12)]),
    st.sampled_from([0, 1, 15, 32, 33, 65, 130]),
    st.integers(0, 2**32),
)
def test_equals_dense_algebra(
    dtype: str, sizes: tuple[int, int, int], dims: tuple[int, int, int], batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows, inner, columns = sizes
    shapes = [(rows * inner, dims[0]), (inner * columns, dims[1]), (dims[2], rows * columns)]
    maps = [rng.integers(-2, 3, shape).astype(dtype) for shape in shapes]
    order = np.arange(max(dims), dtype=np.int32)
    plan = MatrixPlan(sparse(maps[0]), sparse(maps[1]), sparse(maps[2]), sizes, dims, order)
    x, y = (rng.integers(-3, 4, (batch, dim)).astype(dtype) for dim in dims[:2])
    z = np.full((batch, dims[2]), np.nan, dtype=dtype)
    work = scratch(matrix_scratch(plan), dtype)
    work[:] = np.nan
    matrix_product(x.reshape(-1), y.reshape(-1), z.reshape(-1), 0, batch, plan, work)
    left = (x @ maps[0].T).reshape(batch, rows, inner)
    right = (y @ maps[1].T).reshape(batch, inner, columns)
    assert np.array_equal(z, (left @ right).reshape(batch, rows * columns) @ maps[2].T)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_rows_equal_their_twin(dtype: str) -> None:
    span = 4 * lanes_of(dtype)
    rng = np.random.default_rng(0)
    for count in (0, 1, 2, 5):
        work = scratch(20 * span, dtype)
        work[:] = rng.integers(-5, 6, len(work))
        twin = work.copy()
        dot_plain(twin, 0, span, 7 * span, 2 * span, count, 19 * span, 4)
        matrices = _dot(work, span, count)
        assert np.array_equal(matrices, twin)


def _dot(work: Array, span: int, count: int) -> Array:
    """Run the intrinsic from compiled code."""
    from reptheory.kernels.jit import compiled  # noqa: PLC0415

    @compiled
    def run(work: Array, span: int, count: int) -> None:
        dot_4(work, 0, span, 7 * span, 2 * span, count, 19 * span)

    run(work, span, count)
    return work
