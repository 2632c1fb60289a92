"""Roots of products of factorials: the same doubles as from the multiplied-out integers, or no answer."""

from __future__ import annotations

import random
from fractions import Fraction
from math import factorial, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import precise_root

from reptheory.exact.factorial_products import nearest_root
from reptheory.exact.three_spins import CLEBSCH_GORDAN, GAUNT, REAL_GAUNT, THREE_J, Kind, coupled

NUMBERS = st.lists(st.integers(0, 25), max_size=5).map(tuple)


@given(
    st.integers(1, 10**30),
    st.integers(1, 10**30),
    st.tuples(NUMBERS, NUMBERS),
    st.tuples(NUMBERS, NUMBERS),
    st.integers(-2, 2),
)
def test_the_nearest_double_or_none(
    top: int,
    bottom: int,
    factorials: tuple[tuple[int, ...], tuple[int, ...]],
    squares: tuple[tuple[int, ...], tuple[int, ...]],
    pi_power: int,
) -> None:
    above, below, squared_above, squared_below = (prod(map(factorial, ns)) for ns in (*factorials, *squares))
    square = Fraction(top * squared_above, bottom * squared_below) ** 2 * Fraction(3 * above, 5 * below)
    value = nearest_root((top, bottom), (3, 5), factorials, squares, pi_power)
    expected = float(precise_root(square, pi_power))
    assert value == expected or (value is None and Fraction(expected) ** 2 == square)


def test_ties_and_exact_values_are_left_to_the_caller() -> None:
    assert nearest_root((1, 2), (1, 1), ((), ()), ((), ())) is None
    assert nearest_root((2**53 + 1, 1), (1, 1), ((), ()), ((), ())) is None
    assert nearest_root((1, 1), (1, 1), ((2**15,), ()), ((), ())) is None


@pytest.mark.parametrize("kind", [THREE_J, CLEBSCH_GORDAN, GAUNT, REAL_GAUNT])
def test_every_kind_is_rounded_as_its_integers_are(kind: Kind) -> None:
    draw = random.Random(8)
    pi_power = -1 if kind.parity else 0
    for _ in range(40):
        a, b, c = (2 * draw.randint(41, 200) for _ in range(3))
        p, q = draw.randint(0, a + c), draw.randint(0, a + b)
        if 0 <= p - q + b <= b + c:
            surd = coupled(kind, a, b, c, p, q, 0, pi_power)
            if surd:
                quick = surd._state[3].nearest(pi_power, *surd._state[4])  # type: ignore[union-attr]
                assert quick == abs(surd.sign * float(precise_root(surd.radicand, pi_power)))
                assert abs(float(surd)) == quick
