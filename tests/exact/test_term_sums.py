"""Sums of terms: tables of binomials, hypergeometric sums of every length, binomials of every size."""

from __future__ import annotations

from fractions import Fraction
from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reptheory.exact.term_sums import (
    BINOMIALS,
    MOST,
    SIGNED_BINOMIALS,
    SIGNED_DIAGONALS,
    binomial,
    hypergeometric_sum,
)


def test_tables_are_binomials() -> None:
    for n in range(MOST + 1):
        assert BINOMIALS[n] == tuple(comb(n, k) for k in range(n + 1))
        assert SIGNED_BINOMIALS[n] == tuple((-1) ** k * comb(n, k) for k in range(n + 1))
    for k in range(MOST):
        assert SIGNED_DIAGONALS[k] == tuple((-1) ** t * comb(t + 1, k + 1) for t in range(k, MOST))


@pytest.mark.parametrize("n", [0, 1, MOST, MOST + 1, 399, 400, 401, 5000])
def test_binomials_of_every_size(n: int) -> None:
    for k in (0, n // 3, n // 2, n):
        assert int(binomial(n, k)) == comb(n, k)


@given(
    st.integers(0, 150),
    st.lists(st.integers(-200, 200), min_size=1, max_size=4),
    st.lists(st.integers(1, 200), min_size=1, max_size=4),
)
def test_sum_is_the_sum_of_its_terms(steps: int, tops: list[int], bottoms: list[int]) -> None:
    total, divisor = hypergeometric_sum(steps, tuple(tops), tuple(bottoms))
    term = expected = Fraction(1)
    for i in range(steps):
        term *= Fraction(prod(top + i for top in tops), prod(bottom + i for bottom in bottoms))
        expected += term
    assert Fraction(int(total), int(divisor)) == expected


@pytest.mark.parametrize("steps", [31, 32, 33, 64, 96, 97, 100, 101, 128, 129, 500])
def test_sums_across_blocks_and_kinds_of_integers(steps: int) -> None:
    # Vandermonde: sum_k C(n, k) C(m, k) = C(n + m, n), a hypergeometric sum of -n and -m over 1
    total, divisor = hypergeometric_sum(steps, (-steps, -700), (1, 1))
    assert int(total) == comb(steps + 700, steps) * int(divisor)
