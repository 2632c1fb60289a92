"""Kernels of the 6j table: two words against one, the widths, and the plain twins of the vector code."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from math import lgamma, log, log2
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reptheory.exact.wigner6j_compiled import ONE_WORD, TWO_WORDS, _pascal
from reptheory.exact.wigner6j_table import wigner_6j_table
from reptheory.kernels import six_j, two_words
from reptheory.kernels.simd import six_j as vectors

WORDS = st.integers(0, 2**128 - 1)
needs_compiler = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="sweeps need compiled loops")


def parts(number: int) -> tuple[np.uint64, np.uint64]:
    return np.uint64(number & (2**64 - 1)), np.uint64(number >> 64 & (2**64 - 1))


def wide(jmax: int, halves: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the integers of a table in two words."""
    table = wigner_6j_table(jmax, halves=halves)
    top, step = 2 * jmax, 1 if halves else 2
    low, high = np.empty((2, len(table)), np.uint64)
    six_j.fill_6j_wide(table.two_js, table.starts, top, step, _pascal(2 * top + 2), low, high)
    return low, high.view(np.int64)


@given(WORDS, WORDS, WORDS)
def test_sums_of_products_in_two_words(total: int, a: int, b: int) -> None:
    expected = (total + a * b) % 2**128
    for add_product in (two_words.add_product, two_words._plain_add_product):
        low, high = add_product(*parts(total), *parts(a), *parts(b))
        assert int(low) | int(high) << 64 == expected


@given(st.integers(-(2**127) + 1, 2**127 - 1))
def test_two_words_as_two_doubles(number: int) -> None:
    with np.errstate(over="ignore"):
        high, low, negative = two_words.double_word(*parts(number))
    assert bool(negative) == (number < 0)
    assert abs(abs(number) - int(high) - int(low)) <= 4 * 2**-106 * abs(number)
    assert high + low == high


@given(*[st.floats(2.0**-300, 2.0**300)] * 2, *[st.floats(-1, 1)] * 2)
def test_products_of_double_doubles(a: float, b: float, x: float, y: float) -> None:
    pair, other = (a, a * x * 2.0**-53), (b, b * y * 2.0**-53)
    high, low = two_words.double_word_product(*pair, *other)
    exact = (Fraction(pair[0]) + Fraction(pair[1])) * (Fraction(other[0]) + Fraction(other[1]))
    assert abs(Fraction(high) + Fraction(low) - exact) <= Fraction(10, 2**106) * exact


def test_two_words_agree_with_one() -> None:
    for jmax, halves in [(5, True), (7, False)]:
        low, high = wide(jmax, halves)
        one = wigner_6j_table(jmax, halves=halves).integers
        assert (low.view(np.int64) == one).all()
        assert (high == one >> 63).all()


@needs_compiler
def test_one_word_would_be_wrong_at_15() -> None:
    assert ONE_WORD == 28
    table = wigner_6j_table(15)
    assert table.high is not None
    wrong = table.high != table.integers.view(np.int64) >> 63
    place = table.position(0, 15, 15, 15, 15, 15)
    assert wrong[place]
    assert abs(table._integer(place)).bit_length() == 67


@numba.njit
def _largest(top: int, step: int, factorial: Any, size: Any) -> float:
    """Return the largest log2 of sqrt(T2 T3 T4 / (T1 (2x+1)(2y+1))) of all labels up to top."""

    def weight(a: int, b: int, c: int) -> float:
        above, below = (a + b + c) // 2 + 1, ((a + b - c) // 2, (a + c - b) // 2, (b + c - a) // 2)
        return factorial[above] - factorial[below[0]] - factorial[below[1]] - factorial[below[2]]

    best = 0.0
    for a in range(0, top + 1, step):
        for b in range(0, top + 1, step):
            for c in range(abs(a - b), min(a + b, top) + 1, 2):
                for d in range(0, top + 1, step):
                    for e in range(abs(d - c), min(d + c, top) + 1, 2):
                        rest = weight(d, e, c) - weight(a, b, c)
                        for f in range(max(abs(a - e), abs(b - d)), min(a + e, b + d, top) + 1, 2):
                            pair = max(size[a] + size[d], size[b] + size[e], size[c] + size[f])
                            best = max(best, (rest + weight(a, e, f) + weight(d, b, f) - pair) / 2)
    return best


def _bound(top: int, step: int) -> float:
    factorial = np.array([lgamma(n + 1) / log(2) for n in range(2 * top)])
    return float(_largest(top, step, factorial, np.array([log2(n + 1) for n in range(top + 1)])))


@needs_compiler
def test_width() -> None:
    assert abs(_bound(ONE_WORD, 1) - 61.447) < 0.001
    assert _bound(ONE_WORD + 1, 1) > 63
    assert _bound(TWO_WORDS - 1, 2) < 123


@pytest.mark.slow
@needs_compiler
def test_width_of_two_words() -> None:
    assert _bound(TWO_WORDS, 1) < 125
    assert _bound(TWO_WORDS + 1, 2) > 127


def test_the_largest_integers_are_what_the_bound_says() -> None:
    for jmax in (3, 5):
        integers = wigner_6j_table(jmax, halves=True).integers
        assert abs(log2(np.abs(integers).max()) - _bound(2 * jmax, 1)) < 1e-9


@needs_compiler
def test_the_twins_of_the_vector_code() -> None:
    draw = np.random.default_rng(1)
    u, v = draw.integers(0, 2**64, (2, 40), dtype=np.uint64)
    fast, plain = np.zeros((2, 16), np.uint64)

    @numba.njit
    def call(u: Any, v: Any, out: Any) -> None:
        vectors.correlate(u, 3, 11, v, 5, out, 2)

    call(u, v, fast)
    vectors._plain_correlate(u, 3, 11, v, 5, plain, 2)
    assert (fast == plain).all()


@pytest.mark.parametrize(
    ("before", "switched_off"),
    [("sys", "0"), ("numba", "0"), ("reptheory.kernels.six_j", "1")],
    ids=["without Numba", "with the Numba of others", "without the JIT"],
)
def test_without_compilation_the_same_table(before: str, switched_off: str) -> None:
    code = (
        f"import hashlib, sys, {before}; from reptheory.exact.wigner6j_table import wigner_6j_table\n"
        "a, b = wigner_6j_table(2, halves=True), wigner_6j_table(2)\n"
        "arrays = [x for t in (a, b) for x in (t.integers, t.values(), t.labels(), t.starts)]\n"
        "loops = [name for name in sys.modules if name in ('numba', 'reptheory.kernels.six_j')]\n"
        "print(hashlib.sha256(b''.join(x.tobytes() for x in arrays)).hexdigest(), *loops)"
    )
    env = os.environ | {"NUMBA_DISABLE_JIT": switched_off}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    tables = [wigner_6j_table(2, halves=True), wigner_6j_table(2)]
    arrays = [x for t in tables for x in (t.integers, t.values(), t.labels(), t.starts)]
    digest = hashlib.sha256(b"".join(x.tobytes() for x in arrays)).hexdigest()
    found, *loops = run.stdout.split()
    assert found == digest
    assert ("numba" in loops) == (before != "sys")
    assert ("reptheory.kernels.six_j" in loops) == (switched_off == "1")
