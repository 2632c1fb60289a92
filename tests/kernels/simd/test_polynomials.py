"""Vectors for polynomials against their plain twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config, njit

from reptheory.kernels.pool import scratch
from reptheory.kernels.simd import polynomials, polynomials_plain
from reptheory.kernels.simd.tiles import lanes_of

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any
ROWS = 12
TERMS = 9


@njit
def multiply(work: Array, a: int, b: int, target: int) -> None:
    polynomials.multiply(work, a, b, target)


@njit
def multiply_pull(work: Array, t: int, a: int, b: int, to_a: int, to_b: int) -> None:
    polynomials.multiply_pull(work, t, a, b, to_a, to_b)


@njit
def fold(work: Array, index: Array, table: Array, first: int, last: int, c: int, t: int, target: int) -> None:
    polynomials.fold(work, index, table, first, last, c, t, target)


@njit
def fold_pull(
    work: Array, index: Array, begin: int, end: int, c: int, t: int, right: int, g: int, to_right: int, h: int
) -> None:
    polynomials.fold_pull(work, index, begin, end, c, t, right, g, to_right, h)


@njit
def left_pull(
    work: Array, index: Array, numbers: Array, first: int, last: int, c: int, m: int, h: int, left: int,
    target: int,
) -> None:  # fmt: skip
    polynomials.left_pull(work, index, numbers, first, last, c, m, h, left, target)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["float32", "float64"]),
    st.integers(0, TERMS),
    st.integers(0, TERMS),
    st.integers(0, 2**32),
)
def test_vectors_equal_their_twins(dtype: str, first: int, last: int, seed: int) -> None:
    """Small integers, whose sums are exact: bit by bit. Rows, then coefficients, then their gradients."""
    rng = np.random.default_rng(seed)
    lanes = lanes_of(dtype)
    span = polynomials_plain.SAMPLES * lanes
    first, last = min(first, last), max(first, last)
    c, m = ROWS * span, ROWS * span + TERMS * lanes
    fast = scratch(m + TERMS * lanes, dtype)
    fast[:] = rng.integers(-9, 10, fast.size)
    plain = fast.copy()
    rows, numbers = (rng.integers(0, 6, TERMS).astype(np.int32) for _ in range(2))
    edges = np.sort(rng.integers(0, TERMS + 1, (TERMS, 2)), axis=1)
    table = np.ascontiguousarray(np.column_stack([edges, rng.integers(0, 6, TERMS)]).reshape(-1))
    a, b, g = (int(row) * span for row in rng.integers(0, 6, 3))
    target, other = (int(row) * span for row in rng.integers(6, ROWS, 2))
    calls = {
        "multiply": (a, b, target),
        "multiply_pull": (a, b, g, target, other),
        "fold": (rows, table, first, last, c, 0, target),
        "fold_pull": (rows, first, last, c, 0, a, g, 6 * span, 7 * span),
        "left_pull": (rows, numbers, first, last, c, m, 0, 8 * span, 9 * span),
    }
    for name, arguments in calls.items():
        globals()[name](fast, *arguments)
        getattr(polynomials_plain, f"{name}_plain")(plain, *arguments)
        assert np.array_equal(fast, plain), name
        fast[: ROWS * span] %= 8
        plain[: ROWS * span] %= 8
        fast[m:], plain[m:] = 1, 1
