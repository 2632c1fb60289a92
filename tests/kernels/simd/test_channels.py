"""Vectors for products with weights against their plain twins: any stride, any number of rows and copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, njit

from reptheory.kernels.pool import scratch
from reptheory.kernels.simd import channels, irreps, pointers
from reptheory.kernels.simd import plain as twins
from reptheory.kernels.simd.tiles import lanes_of

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any
DTYPES = ("float32", "float64")
SEEDS = st.integers(0, 2**32)


@njit
def mix_2(
    matrix: Array, m0: int, m_row: int, m_col: int, rows: int, cols: int, work: Array, s0: int, s_step: int,
    t0: int, t_step: int, fresh: int, count: int,
) -> None:  # fmt: skip
    channels.mix_2(matrix, m0, m_row, m_col, rows, cols, work, s0, s_step, work, t0, t_step, fresh, count)


@njit
def weigh_2(
    matrix: Array, m0: int, m_row: int, m_col: int, rows: int, cols: int, work: Array, s0: int, s_step: int,
    t0: int, t_step: int, fresh: int, count: int, f0: int,
) -> None:  # fmt: skip
    channels.weigh_2(
        matrix, m0, m_row, m_col, rows, cols, work, s0, s_step, work, t0, t_step, fresh, count, work, f0
    )


@njit
def dots(
    work: Array, left: int, rows: int, right: int, cols: int, step: int, vectors: int, target: int
) -> None:
    channels.dots(work, left, rows, right, cols, step, vectors, target)


@njit
def clear(work: Array, start: int, count: int) -> None:
    channels.clear(work, start, count)


@njit
def sum_lanes(work: Array, source: int) -> float:
    return channels.sum_lanes(work, source)


@njit
def split(x: Array, x0: int, tile: Array, t0: int, t_step: int, dim: int, count: int) -> None:
    irreps.split(x, x0, tile, t0, t_step, dim, count)


@njit
def join(tile: Array, t0: int, t_step: int, z: Array, z0: int, stream: int, dim: int, count: int) -> None:
    irreps.join(tile, t0, t_step, z, z0, stream, dim, count)


@njit
def swapped(array: Array, first: int, second: int) -> float:
    pointer = pointers.address(array)
    before = pointers.at(pointer, first)
    pointers.put(pointer, first, pointers.at(pointer, second))
    pointers.put(pointer, second, before)
    return before


def integers(rng: np.random.Generator, count: int, dtype: str) -> Array:
    """Draw small integers into aligned scratch: sums are exact, so twins must agree bit by bit."""
    work = scratch(count, dtype)
    work[:] = rng.integers(-9, 10, count)
    return work


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(DTYPES), st.integers(0, 21), st.integers(0, 12), st.integers(0, 3), st.booleans(),
    st.booleans(), SEEDS,
)  # fmt: skip
def test_mix_and_weigh_equal_their_twins(
    dtype: str, rows: int, cols: int, spans: int, fresh: bool, transposed: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    count = spans * 2 * lanes_of(dtype)
    m_row, m_col = (1, rows + 1) if transposed else (cols + 2, 1)
    matrix = integers(rng, 3 + (rows + 1) * (cols + 2), dtype)
    s_step, t_step, s0 = (count + 16 * int(rng.integers(0, 3)) for _ in range(3))
    t0 = s0 + (cols + 1) * s_step
    fast = integers(rng, t0 + (rows + 1) * t_step + 1, dtype)
    plain = fast.copy()
    mix_2(matrix, 3, m_row, m_col, rows, cols, fast, s0, s_step, t0, t_step, int(fresh), count)
    given_plain = (
        matrix,
        3,
        m_row,
        m_col,
        rows,
        cols,
        plain,
        s0,
        s_step,
        plain,
        t0,
        t_step,
        int(fresh),
        count,
    )
    twins.mix_plain(*given_plain, 2)
    assert np.array_equal(fast, plain)
    weigh_2(matrix, 3, m_row, m_col, rows, cols, fast, s0, s_step, t0, t_step, int(fresh), count, 0)
    twins.weigh_plain(*given_plain, plain, 0, 2)
    assert np.array_equal(fast, plain)
    if rows and fresh and count:
        entries = matrix[3 + m_row * np.arange(rows)[:, None] + m_col * np.arange(cols)]
        source = fast[s0 + s_step * np.arange(cols)[:, None] + np.arange(count)]
        assert np.array_equal(fast[t0 : t0 + count], fast[:count] * (entries @ source)[0])


@njit
def matrices(
    values: Array, index: Array, rows: Array, count: int, work: Array, t0: int, m0: int, step: int
) -> None:
    channels.matrices(values, index, rows, count, work, t0, m0, step)


@pytest.mark.parametrize("dtype", DTYPES)
def test_matrices_equal_their_twin(dtype: str) -> None:
    """Rows of none, one and several terms, turned so that each sample has its own."""
    rng = np.random.default_rng(2)
    lanes = lanes_of(dtype)
    lengths = rng.integers(0, 4, 3 * lanes // 4)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.stack([edges[:-1], edges[1:]], axis=1).reshape(-1)
    values = rng.integers(-3, 4, edges[-1]).astype(dtype)
    index = rng.integers(0, 5, edges[-1]).astype(np.int32)
    step = len(lengths) + 2
    fast = integers(rng, 3 + 5 * lanes + lanes * step, dtype)
    plain = fast.copy()
    given = values, index, rows, len(lengths)
    matrices(*given, fast, 3, 3 + 5 * lanes, step)
    twins.matrices_plain(*given, plain, 3, 3 + 5 * lanes, step)
    assert np.array_equal(fast, plain)
    dense = np.zeros((len(lengths), 5))
    for row, (start, stop) in enumerate(rows.reshape(-1, 2)):
        np.add.at(dense[row], index[start:stop], values[start:stop])
    found = fast[3 + 5 * lanes :].reshape(lanes, step)[:, : len(lengths)]
    assert np.array_equal(found.T, dense @ fast[3 : 3 + 5 * lanes].reshape(5, lanes))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(DTYPES), st.integers(0, 11), st.integers(0, 11), st.integers(0, 4), SEEDS)
def test_dots_equal_their_twin(dtype: str, rows: int, cols: int, vectors: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lanes = lanes_of(dtype)
    step = lanes * (vectors + 1)
    right = rows * step
    target = right + cols * step
    fast = integers(rng, target + (rows * cols + 1) * lanes, dtype)
    plain = fast.copy()
    dots(fast, 0, rows, right, cols, step, vectors, target)
    twins.dots_plain(plain, 0, rows, right, cols, step, vectors, target)
    assert np.array_equal(fast, plain)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clear_and_sum_of_lanes(dtype: str) -> None:
    rng = np.random.default_rng(2)
    lanes = lanes_of(dtype)
    work = integers(rng, 6 * lanes, dtype)
    assert sum_lanes(work, lanes) == work[lanes : 2 * lanes].sum() == twins.sum_lanes_plain(work, lanes)
    before = work.copy()
    clear(work, 2 * lanes, 3 * lanes)
    before[2 * lanes : 5 * lanes] = 0
    assert np.array_equal(work, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dim", irreps.DIMENSIONS)
@pytest.mark.parametrize("stream", [0, 1])
def test_split_and_join_transpose(dtype: str, dim: int, stream: int) -> None:
    """Bit by bit the transposition; sentinels around survive; streamed stores arrive."""
    rng = np.random.default_rng(dim)
    lanes = lanes_of(dtype)
    for count in (0, lanes, 3 * lanes):
        x = rng.standard_normal(count * dim + 7).astype(dtype)
        step = count + lanes
        tile = scratch((dim + 1) * step, dtype)
        tile[:] = 7
        plain = tile.copy()
        split(x, 3, tile, lanes, step, dim, count)
        twins.split_plain(x, 3, plain, lanes, step, dim, count)
        assert np.array_equal(tile, plain)
        z = scratch(count * dim + 2 * lanes, dtype)
        z[:] = 5
        join(tile, lanes, step, z, lanes, stream, dim, count)
        assert np.array_equal(z[lanes : lanes + count * dim], x[3 : 3 + count * dim])
        assert (z[:lanes] == 5).all()
        assert (z[lanes + count * dim :] == 5).all()
        other = z.copy()
        twins.join_plain(tile, lanes, step, other, lanes, stream, dim, count)
        assert np.array_equal(other, z)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_pointers_read_and_write(dtype: str) -> None:
    array = np.arange(12).reshape(3, 4).astype(dtype)
    assert swapped(array, 1, 10) == 1
    assert array[0, 1] == 10
    assert array[2, 2] == 1
    plain = np.arange(12).reshape(3, 4)
    pointer = pointers._plain_address(plain)
    pointers._plain_put(pointer, 5, 99)
    assert pointers._plain_at(pointer, 5) == plain[1, 1] == 99
