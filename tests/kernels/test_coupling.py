"""The sparse coupling kernel against a dense einsum, on integers: exact, so equal bit by bit.

Plans come from `coupling_plan`, with random blocks and random coefficients in place of a table's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.kernels.coupling import WIDTH, CouplingPlan, couple, couple_scratch
from reptheory.kernels.pool import WORTH_A_THREAD, over_samples, scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.coupling_plan import PathTerms, coupling_plan, product_rows

Array = Any
BATCHES = [0, 1, 15, 16, 17, 64, 65, 200]


def random_terms(rng: np.random.Generator, lmax: int, density: float) -> tuple[PathTerms, Array]:
    """Draw the nonzero places of a table: the terms of every path, the rows (l1, l2, l3, m1, m2, m3)."""
    rows = [
        (l1, l2, l3, m1, m2, m3)
        for l1 in range(lmax + 1)
        for l2 in range(lmax + 1)
        for l3 in range(abs(l1 - l2), l1 + l2 + 1)
        for m1 in range(-l1, l1 + 1)
        for m2 in range(-l2, l2 + 1)
        for m3 in range(-l3, l3 + 1)
        if rng.random() < density or (m1, m2, m3) == (-l1, -l2, -l3)
    ]
    return PathTerms.of(np.array(rows, dtype=np.int32)), np.array(rows)


def dense(products: Array, columns: Array, values: Array, dims: tuple[int, int, int]) -> Array:
    """Lay the same bilinear map out as a dense (dim1, dim2, dim_out) array."""
    tensor = np.zeros(dims)
    for i0, a, j0, b, column, c, _ in products.tolist():
        path = (columns[:, :3] == (a, b, c)).all(axis=1)
        for (_, _, _, m1, m2, m3), value in zip(columns[path], values[path], strict=True):
            tensor[i0 + a + m1, j0 + b + m2, column + c + m3] += value
    return tensor


def apply(plan: CouplingPlan, x: Array, y: Array, threads: int = 1, outside: str | None = None) -> Array:
    """Run the kernel on a batch."""
    dtype = plan.values.dtype
    z = np.full((len(x), plan.dims[2]), np.nan, dtype=outside or dtype)
    flat = x.reshape(-1), y.reshape(-1), z.reshape(-1)

    def task(first: int, last: int) -> None:
        work = scratch(couple_scratch(plan), dtype)
        work[:] = np.nan
        couple(*flat, first, last, plan, work)

    over_samples(task, len(x), WIDTH * lanes_of(dtype), WORTH_A_THREAD, threads)
    return z


def separate(lmax: int, copies: int) -> tuple[Array, tuple[int, int, int]]:
    """Every path of `copies` copies of each degree to its own output, as in a full product."""
    offsets, at = [], 0
    for degree in range(lmax + 1):
        for _ in range(copies):
            offsets.append((at, degree))
            at += 2 * degree + 1
    products, column = [], 0
    for i0, l1 in offsets:
        for j0, l2 in offsets:
            for degree in range(abs(l1 - l2), l1 + l2 + 1):
                products.append((i0, l1, j0, l2, column, degree, 0))
                column += 2 * degree + 1
    return product_rows(products), (at, at, column)


def summed(lmax: int) -> tuple[Array, tuple[int, int, int]]:
    """Every path added into one output a degree, as in a Gaunt product."""
    degrees = range(lmax + 1)
    products = [
        (l1 * l1, l1, l2 * l2, l2, l3 * l3, l3, 0)
        for l1 in degrees
        for l2 in degrees
        for l3 in range(abs(l1 - l2), l1 + l2 + 1)
    ]
    return product_rows(products), ((lmax + 1) ** 2, (lmax + 1) ** 2, (2 * lmax + 1) ** 2)


@settings(max_examples=40)
@given(
    st.sampled_from(["float32", "float64"]),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(BATCHES),
    st.integers(0, 2**32),
)
def test_equals_the_dense_product(dtype: str, lmax: int, copies: int, batch: int, seed: int) -> None:
    """copies = 0 stands for the summed layout."""
    rng = np.random.default_rng(seed)
    products, dims = separate(lmax, copies) if copies else summed(lmax)
    terms, columns = random_terms(rng, lmax, 0.3)
    values = rng.integers(-3, 4, len(columns)).astype(dtype)
    plan = coupling_plan(products, terms, values[terms.order], dims, limit=max(dims[2], 1))
    x, y = (rng.integers(-4, 5, (batch, dim)).astype(dtype) for dim in dims[:2])
    tensor = dense(products, columns, values, dims)
    assert np.array_equal(apply(plan, x, y), np.einsum("ijk,ni,nj->nk", tensor, x, y))


@pytest.fixture(scope="module")
def case() -> tuple[PathTerms, Array, Array, tuple[int, int, int]]:
    """A full product of ordinary floats."""
    rng = np.random.default_rng(1)
    terms, columns = random_terms(rng, 2, 0.4)
    products, dims = separate(2, 3)
    return terms, rng.standard_normal(len(columns)), products, dims


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_chunks_and_threads_do_not_change_a_bit(case: Any, dtype: str) -> None:
    terms, values, products, dims = case
    rng = np.random.default_rng(2)
    x, y = (rng.standard_normal((200, dim)).astype(dtype) for dim in dims[:2])
    values = values.astype(dtype)
    whole = coupling_plan(products, terms, values, dims, limit=1 << 30)
    expected = apply(whole, x, y)
    assert len(whole.chunks) == 1
    for limit in (1, 9, 50, 400):
        plan = coupling_plan(products, terms, values, dims, limit)
        assert 1 < len(plan.chunks) <= min(len(plan.blocks), 2 * dims[2] // limit + 1)
        assert plan.largest[1] <= max(limit, 9 * 9)
        assert np.array_equal(apply(plan, x, y), expected)
    for threads in (2, 3):
        assert np.array_equal(apply(whole, x, y, threads), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", BATCHES)
def test_a_sample_does_not_depend_on_its_neighbours(case: Any, dtype: str, batch: int) -> None:
    terms, values, products, dims = case
    rng = np.random.default_rng(batch)
    plan = coupling_plan(products, terms, values.astype(dtype), dims)
    x, y = (rng.standard_normal((batch, dim)).astype(dtype) for dim in dims[:2])
    z = apply(plan, x, y)
    for n in {0, batch // 2, batch - 1} & set(range(batch)):
        assert np.array_equal(apply(plan, x[n : n + 1], y[n : n + 1])[0], z[n])
    spoiled = x.copy()
    spoiled[::3] = np.nan
    kept = np.arange(batch) % 3 != 0
    assert np.array_equal(apply(plan, spoiled, y)[kept], z[kept])


def test_float32_outside_float64_inside(case: Any) -> None:
    """A float64 plan may write float32: each number is rounded once."""
    terms, values, products, dims = case
    rng = np.random.default_rng(3)
    plan = coupling_plan(products, terms, values, dims)
    x, y = (rng.standard_normal((37, dim)) for dim in dims[:2])
    assert np.array_equal(apply(plan, x, y, outside="float32"), apply(plan, x, y).astype(np.float32))


def test_terms_are_shared_between_copies() -> None:
    """A hundred copies cost rows, not terms."""
    rng = np.random.default_rng(4)
    terms, columns = random_terms(rng, 1, 0.5)
    products, dims = separate(1, 20)
    plan = coupling_plan(products, terms, rng.standard_normal(len(columns)), dims)
    assert len(plan.values) == len(plan.places) == len(columns)
    assert len(plan.rows) == dims[2]


def test_no_blocks_no_outputs() -> None:
    terms, columns = random_terms(np.random.default_rng(5), 1, 0.5)
    plan = coupling_plan(product_rows([]), terms, np.ones(len(columns)), (0, 0, 0))
    assert apply(plan, np.empty((5, 0)), np.empty((5, 0))).shape == (5, 0)


def test_an_unknown_path_is_refused() -> None:
    """Rather than multiplied with the coefficients of its neighbour in the table."""
    terms, columns = random_terms(np.random.default_rng(6), 1, 0.5)
    for path in ((1, 1, 3, 0), (1, 1, 2, 1), (2, 2, 2, 0)):
        a, b, c, variant = path
        with pytest.raises(KeyError, match="the table does not have"):
            coupling_plan(product_rows([(0, a, 0, b, 0, c, variant)]), terms, columns[:, 0], (9, 9, 9))
