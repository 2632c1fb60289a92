"""Explicit vectors against their plain twins in NumPy: every intrinsic, both dtypes, any shape and offset.

Operands are small integers, so that every sum is exact and the two must agree bit by bit in any order of
summation; around every target stand sentinels that must survive. One test uses ordinary floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, njit

from reptheory.kernels.pool import scratch
from reptheory.kernels.simd import columns, tiles
from reptheory.kernels.simd.plain import copy_plain, strided_plain
from reptheory.kernels.simd.pointers import address

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any
DTYPES = ("float32", "float64")
SEEDS = st.integers(0, 2**32)
WIDTHS = st.sampled_from([1, 4])


@njit
def dense_1(
    matrix: Array, m0: int, rows: int, cols: int, work: Array, s0: int, s_step: int, t0: int, t_step: int
) -> None:
    tiles.dense_1(matrix, m0, rows, cols, work, s0, s_step, work, t0, t_step)


@njit
def dense_2(
    matrix: Array, m0: int, rows: int, cols: int, work: Array, s0: int, s_step: int, t0: int, t_step: int
) -> None:
    tiles.dense_2(matrix, m0, rows, cols, work, s0, s_step, work, t0, t_step)


@njit
def sparse_4(
    values: Array, index: Array, start: int, stop: int, source: Array, s_step: int, target: Array, t0: int,
    fresh: int,
) -> None:  # fmt: skip
    tiles.sparse_4(values, index, start, stop, source, s_step, target, t0, fresh)


@njit
def gather(x: Array, first: int, count: int, dim: int, position: Array, tile: Array, width: int) -> None:
    tiles.gather(x, first, count, dim, position, tile, width)


@njit
def scatter(
    tile: Array, position: Array, z: Array, first: int, count: int, dim: int, column: int, length: int,
    width: int,
) -> None:  # fmt: skip
    tiles.scatter(tile, position, z, first, count, dim, column, length, width)


@njit
def multiply_4(work: Array, a: int, b: int, target: int) -> None:
    tiles.multiply_4(work, a, b, target)


@njit
def multiply_subtract_4(work: Array, a: int, b: int, target: int) -> None:
    tiles.multiply_subtract_4(work, a, b, target)


@njit
def sum_difference_1(work: Array, a: int, b: int, total: int, rest: int, sign: float) -> None:
    tiles.sum_difference_1(work, a, b, total, rest, sign)


@njit
def turn_2(work: Array, start: int, step: int, sign: float) -> None:
    tiles.turn_2(work, start, step, sign)


@njit
def ring_points_2(work: Array, a: int, b: int, target: int, step: int) -> None:
    tiles.ring_points_2(work, a, b, target, step)


def integers(rng: np.random.Generator, count: int, dtype: str, most: int = 9) -> Array:
    """Draw small integers into aligned scratch."""
    work = scratch(count, dtype)
    work[:] = rng.integers(-most, most + 1, count)
    return work


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("width", "kernel"), [(1, dense_1), (2, dense_2)])
@pytest.mark.parametrize("cols", [0, 1, 2, 5, 12])
def test_dense_equals_its_twin(dtype: str, width: int, kernel: Any, cols: int) -> None:
    """Every number of rows around the register block, with strides and offsets."""
    rng = np.random.default_rng(cols)
    span = width * tiles.lanes_of(dtype)
    for rows in range(21):
        m0, s_step, t_step = rows % 4, span * (1 + rows % 3), span * (1 + cols % 2)
        matrix = integers(rng, m0 + rows * cols + 3, dtype)
        s0, t0 = span * 2, span * 2 + cols * s_step + span
        fast = integers(rng, t0 + rows * t_step + span, dtype)
        plain = fast.copy()
        kernel(matrix, m0, rows, cols, fast, s0, s_step, t0, t_step)
        tiles.dense_plain(matrix, m0, rows, cols, plain, s0, s_step, plain, t0, t_step, width)
        assert np.array_equal(fast, plain)
        touched = np.zeros(len(fast), dtype=bool)
        for row in range(rows):
            touched[t0 + row * t_step : t0 + row * t_step + span] = True
        columns = np.stack(
            [fast[s0 + c * s_step : s0 + c * s_step + span] for c in range(cols)] or [fast[:0]]
        )
        if cols:
            expected = matrix[m0 : m0 + rows * cols].reshape(rows, cols) @ columns
            assert np.array_equal(fast[touched], expected.ravel())
        else:
            assert not fast[touched].any()


@settings(max_examples=60)
@given(st.sampled_from(DTYPES), st.integers(0, 12), st.integers(0, 40), SEEDS)
def test_sparse_equals_its_twin(dtype: str, rows: int, terms: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    span = 4 * tiles.lanes_of(dtype)
    values = integers(rng, terms + 5, dtype)
    index = rng.integers(0, rows + 1, terms + 5).astype(np.int32)
    source, fast = integers(rng, (rows + 1) * span, dtype), integers(rng, 3 * span, dtype)
    plain = fast.copy()
    sparse_4(values, index, 2, 2 + terms, source, span, fast, span, 0)
    tiles.sparse_plain(values, index, 2, 2 + terms, source, span, plain, span, 0, 4)
    assert np.array_equal(fast, plain)
    fast[span : 2 * span] = plain[span : 2 * span] = np.nan
    sparse_4(values, index, 2, 2 + terms, source, span, fast, span, 1)
    tiles.sparse_plain(values, index, 2, 2 + terms, source, span, plain, span, 1, 4)
    expected = values[2 : 2 + terms] @ source.reshape(-1, span)[index[2 : 2 + terms]]
    assert np.array_equal(fast[span : 2 * span], expected), "a fresh row does not see what stood there"
    assert np.array_equal(fast, plain)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_elementwise_steps_equal_their_twins(dtype: str, sign: float) -> None:
    rng = np.random.default_rng(3)
    lanes = tiles.lanes_of(dtype)
    for _ in range(5):
        fast = integers(rng, 12 * 4 * lanes, dtype)
        plain = fast.copy()
        multiply_4(fast, 4 * lanes, 8 * lanes, 0)
        tiles.multiply_plain(plain, 4 * lanes, 8 * lanes, 0, 4)
        assert np.array_equal(fast, plain)
        multiply_subtract_4(fast, 4 * lanes, 8 * lanes, 0)
        tiles.multiply_subtract_plain(plain, 4 * lanes, 8 * lanes, 0, 4)
        assert np.array_equal(fast, plain)
        sum_difference_1(fast, lanes, 3 * lanes, 5 * lanes, 6 * lanes, sign)
        tiles.sum_difference_plain(plain, lanes, 3 * lanes, 5 * lanes, 6 * lanes, sign, 1)
        assert np.array_equal(fast, plain)
        step = 2 * lanes
        turn_2(fast, lanes, step, sign)
        tiles.turn_plain(plain, lanes, step, sign, 2)
        assert np.array_equal(fast, plain)
        ring_points_2(fast, 0, 4 * step, 8 * step, step)
        tiles.ring_points_plain(plain, 0, 4 * step, 8 * step, step, 2)
        assert np.array_equal(fast, plain)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sum_difference_may_write_over_its_operands(dtype: str) -> None:
    rng = np.random.default_rng(4)
    lanes = tiles.lanes_of(dtype)
    fast = integers(rng, 2 * lanes, dtype)
    a, b = fast[:lanes].copy(), fast[lanes:].copy()
    sum_difference_1(fast, 0, lanes, lanes, 0, -1.0)
    assert np.array_equal(fast[lanes:], a + b)
    assert np.array_equal(fast[:lanes], a - b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_ring_points_multiply_functions(dtype: str) -> None:
    """Four classes are a function at phi, -phi, pi - phi, pi + phi; classes of the product come back."""
    lanes = tiles.lanes_of(dtype)
    rng = np.random.default_rng(5)
    step = 2 * lanes
    work = integers(rng, 12 * step, dtype)
    even_c, odd_c, even_s, odd_s = (work[k * step : (k + 1) * step] for k in range(4))
    signs = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [1, -1, 1, -1]])

    def points(block: Array) -> Array:
        return signs @ block.reshape(4, step)

    x, y = points(work[: 4 * step].copy()), points(work[4 * step : 8 * step].copy())
    assert np.array_equal(x[0], even_c + odd_c + even_s + odd_s)
    ring_points_2(work, 0, 4 * step, 8 * step, step)
    assert np.array_equal(work[8 * step :].reshape(4, step), signs.T @ (x * y))


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_on_ordinary_floats_within_its_bound(dtype: str) -> None:
    """Sums of ordinary floats agree with the twin within gamma_n of the absolute sum."""
    rng = np.random.default_rng(6)
    lanes = tiles.lanes_of(dtype)
    rows, cols = 11, 12
    matrix = rng.standard_normal(rows * cols).astype(dtype)
    fast = scratch((rows + cols) * lanes, dtype)
    fast[:] = rng.standard_normal(len(fast))
    plain = fast.copy()
    dense_1(matrix, 0, rows, cols, fast, 0, lanes, cols * lanes, lanes)
    tiles.dense_plain(matrix, 0, rows, cols, plain, 0, lanes, plain, cols * lanes, lanes, 1)
    size = np.abs(matrix.reshape(rows, cols)) @ np.abs(plain[: cols * lanes].reshape(cols, lanes))
    gap = np.abs(fast - plain)[cols * lanes :].reshape(rows, lanes)
    assert (gap <= 2 * 13 * np.finfo(dtype).eps / 2 * size).all()
    assert not np.array_equal(fast, np.zeros_like(fast))


OUTER_AND_TILE = [("float32", "float32"), ("float64", "float64"), ("float32", "float64")]


@settings(max_examples=120)
@given(
    st.sampled_from(OUTER_AND_TILE), st.sampled_from([1, 4]), st.integers(1, 40), st.integers(0, 70), SEEDS
)
def test_gather_equals_its_twin(dtypes: tuple[str, str], width: int, dim: int, count: int, seed: int) -> None:
    """Whole and partial tiles, few and many coefficients, any order of rows, a first sample in the middle."""
    outer, inner = dtypes
    rng = np.random.default_rng(seed)
    span = width * tiles.lanes_of(inner)
    count = min(count, span)
    first = int(rng.integers(0, 4))
    x = rng.standard_normal((first + count + int(rng.integers(0, 3))) * dim).astype(outer)
    x[: first * dim] = x[(first + count) * dim :] = np.nan  # neighbours that must not get in
    position = rng.permutation(dim + 2)[:dim].astype(np.int32)
    fast = integers(rng, (dim + 2) * span, inner)
    plain = fast.copy()
    gather(x, first, count, dim, position, fast, width)
    tiles.gather_plain(x, first, count, dim, position, plain, width)
    assert np.array_equal(fast, plain)


@settings(max_examples=120)
@given(
    st.sampled_from(OUTER_AND_TILE), st.sampled_from([1, 4]), st.integers(0, 40), st.integers(0, 70), SEEDS
)
def test_scatter_equals_its_twin(
    dtypes: tuple[str, str], width: int, length: int, count: int, seed: int
) -> None:
    """Also into the middle of wider samples: columns and samples beside the target keep their numbers."""
    outer, inner = dtypes
    rng = np.random.default_rng(seed)
    span = width * tiles.lanes_of(inner)
    count = min(count, span)
    first, column = int(rng.integers(0, 4)), int(rng.integers(0, 4))
    dim = column + length + int(rng.integers(0, 4))
    tile = scratch((length + 2) * span, inner)
    tile[:] = rng.standard_normal(len(tile))
    position = rng.permutation(length + 2)[: max(length, 1)].astype(np.int32)
    fast = rng.standard_normal((first + count + int(rng.integers(0, 3))) * dim).astype(outer)
    plain = fast.copy()
    scatter(tile, position, fast, first, count, dim, column, length, width)
    tiles.scatter_plain(tile, position, plain, first, count, dim, column, length, width)
    assert np.array_equal(fast, plain)


@njit
def strided(source: Array, s0: int, s_step: int, target: Array, t0: int, t_step: int, count: int) -> None:
    columns.strided(address(source), s0, s_step, target, t0, t_step, count)


@njit
def copy_1(source: Array, s0: int, target: Array, t0: int) -> None:
    columns.copy_1(source, s0, address(target), t0)


@settings(max_examples=60)
@given(st.sampled_from([*OUTER_AND_TILE, ("float64", "float32")]), st.integers(0, 20), SEEDS)
def test_what_moves_numbers_equals_its_twin(dtypes: tuple[str, str], count: int, seed: int) -> None:
    """Any steps and conversions; nothing beside what is moved changes."""
    rng = np.random.default_rng(seed)
    s0, s_step, t0, t_step = (int(k) for k in rng.integers(1, 5, 4))
    source = rng.standard_normal(s0 + 20 * s_step).astype(dtypes[0])
    fast = rng.standard_normal(t0 + 20 * t_step).astype(dtypes[1])
    plain = fast.copy()
    strided(source, s0, s_step, fast, t0, t_step, count)
    strided_plain(source, s0, s_step, plain, t0, t_step, count)
    assert np.array_equal(fast, plain)
    if dtypes[0] == dtypes[1]:
        copy_1(source, s0, fast, t0)
        copy_plain(source, s0, plain, t0)
        assert np.array_equal(fast, plain)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16])
def test_padding_is_zero(count: int) -> None:
    """Lanes without a sample hold 0, so that leftovers of other tiles cannot overflow or be NaN."""
    tile = scratch(5 * 16, "float32")
    tile[:] = np.nan
    gather(np.ones(count * 5, np.float32), 0, count, 5, np.arange(5, dtype=np.int32), tile, 1)
    lanes = tile.reshape(5, 16)
    assert (lanes[:, :count] == 1).all()
    assert (lanes[:, count:] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_scratch_starts_on_a_vector(dtype: str) -> None:
    for count in (1, 17, 1000):
        work = scratch(count, dtype)
        assert len(work) == count
        assert work.ctypes.data % tiles.VECTOR_BYTES == 0
