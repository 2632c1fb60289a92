"""Vectors for channelwise paths against twins and formulas: any orders, copies, paths and samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, njit

from reptheory.kernels.pool import scratch
from reptheory.kernels.simd import paths
from reptheory.kernels.simd import plain as twins
from reptheory.kernels.simd.pointers import address
from reptheory.kernels.simd.tiles import lanes_of

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any


@njit
def add_run(
    work: Array, m0: int, m_step: int, source: Array, factors: Array, ends: Array, begin: int, end: int,
    outs: Array, first: int, last: int, table: Array, t0: int, width: int, fresh: int,
) -> None:  # fmt: skip
    paths.add_run(
        address(work), m0, m_step, address(source), address(factors), address(ends), begin, end,
        address(outs), first, last, address(table), t0, width, fresh,
    )  # fmt: skip


@njit
def pull_path(
    work: Array, m0: int, x: Array, x0: int, d1: int, gx: int, g0: int, d3: int, padded: int, factors: Array,
    f0: int, total: int, target: int,
) -> None:  # fmt: skip
    paths.pull_path(work, m0, x, x0, d1, gx, g0, d3, padded, factors, f0, total, target)


def integers(rng: np.random.Generator, count: int, dtype: str) -> Array:
    """Draw small integers into aligned scratch: sums are exact, so twins must agree bit by bit."""
    work = scratch(count, dtype)
    work[:] = rng.integers(-3, 4, count)
    return work


ORDERS = st.integers(1, 12)
"""Orders of x and z: more than stay in registers, and even ones."""


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["float32", "float64"]),
    st.lists(st.tuples(ORDERS, st.integers(1, 5), st.lists(ORDERS, max_size=3)), min_size=1, max_size=4),
    st.integers(0, 4), st.integers(0, 3), st.booleans(), st.integers(0, 2**32),
)  # fmt: skip
def test_add_run_equals_its_twin(
    dtype: str, layout: list[tuple[int, int, list[int]]], begin: int, samples: int, fresh: bool, seed: int
) -> None:
    """Outputs of several widths, without, with one and with more paths; rows around them survive."""
    rng = np.random.default_rng(seed)
    block = 2 * lanes_of(dtype)
    outs, table, size, place, row = [], [], 0, 0, 0
    for d3, blocks, firsts in layout:
        outs.append((0, 0, d3, size, blocks * block, len(table), len(table) + len(firsts)))
        size += d3 * blocks * block
        for d1 in firsts:
            table.append((row, d1, place, row, 0, 0, 0, 0))
            row, place = row + d1 * blocks * block, place + d1 * d3
    widest = max(blocks for _, blocks, _ in layout) * block
    end, t0 = begin + samples, (begin + samples) * place + 5
    fast, source, weights = (integers(rng, n, dtype) for n in (t0 + size + block, 2 * row + 1, 2 * row + 1))
    ends = np.stack([*rng.integers(0, row + 1, (2, end + 1)), np.full(end + 1, 2**40)], axis=1).reshape(-1)
    first = int(rng.integers(0, len(outs)))
    plain = fast.copy()
    tables = np.array(outs, np.int64).reshape(-1), np.array(table, np.int64).reshape(-1)
    given = source, weights, ends, begin, end, tables[0], first, len(outs), tables[1], t0, widest, int(fresh)
    add_run(fast, 5, place, *given)
    twins.add_run_plain(plain, 5, place, *given)
    assert np.array_equal(fast, plain)


def test_add_run_follows_its_formula() -> None:
    """One path, two samples: the sum written out."""
    rng = np.random.default_rng(1)
    work, source, weights = (integers(rng, n, "float32") for n in (30 + 5 * 64, 3 * 64 + 16, 128))
    ends = np.array([0, 7, 0, 16, 32, 0])
    before = work.copy()
    outs, table = np.array([0, 0, 5, 0, 64, 0, 1]), np.array([0, 3, 0, 16, 0, 0, 0, 0])
    add_run(work, 0, 15, source, weights, ends, 0, 2, outs, 0, 1, table, 30, 64, 0)
    expected = before[30:].reshape(5, 64).copy()
    for sample, (x0, w0) in enumerate([(0, 7), (16, 32)]):
        matrix = before[15 * sample :][:15].reshape(3, 5)
        expected += weights[w0 + 16 :][:64] * (matrix.T @ source[x0:][: 3 * 64].reshape(3, 64))
    assert np.array_equal(work[30:].reshape(5, 64), expected)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["float32", "float64"]), ORDERS, ORDERS, st.integers(1, 3), st.booleans(),
    st.integers(0, 2**32),
)  # fmt: skip
def test_pull_path_equals_its_twin_and_formula(
    dtype: str, d1: int, d3: int, vectors: int, wanted: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    lanes = lanes_of(dtype)
    padded = vectors * lanes
    m0 = d1 * d3 * lanes + 3
    g0 = m0 + d1 * d3 + 2
    gx = g0 + d3 * padded
    total = gx + d1 * padded
    fast, x, weights = (integers(rng, n, dtype) for n in (total + padded + 4, d1 * padded + 9, padded + 5))
    before, plain = fast.copy(), fast.copy()
    places = m0, x, 9, d1, gx if wanted else -1, g0, d3, padded, weights, 5, total, 0
    pull_path(fast, *places)
    twins.pull_path_plain(plain, *places)
    assert np.array_equal(fast, plain)
    matrix, g = before[m0:][: d1 * d3].reshape(d1, d3), before[g0:][: d3 * padded].reshape(d3, padded)
    given, weight, h = x[9:].reshape(d1, padded), weights[5:], matrix @ g
    assert np.array_equal(fast[total : total + padded], (given * h).sum(axis=0))
    pulled = before[gx:total].reshape(d1, padded) + (weight * h if wanted else 0)
    assert np.array_equal(fast[gx:total].reshape(d1, padded), pulled)
    sums = fast[: d1 * d3 * lanes].reshape(d1, d3, lanes).sum(axis=2)
    assert np.array_equal(sums, (weight * given) @ g.T)
