"""9j symbols: all of SymPy's with j <= 1, random ones beyond, the sum over 6j symbols, all 72 symmetries."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import pytest
from oracle import half, same
from spin_networks import all_9j, couples, parity, random_9j, triads_9j
from sympy.physics.wigner import wigner_9j as sympy_9j

from reptheory.errors import TooLarge
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j, wigner_9j

Row = tuple[int, ...]


def even(order: tuple[int, ...]) -> bool:
    return order in {(0, 1, 2), (1, 2, 0), (2, 0, 1)}


def test_every_allowed_symbol_with_j_up_to_1_is_sympys() -> None:
    labels = all_9j(2)
    assert len(labels) == 215
    for label in labels:
        assert same(doubled_9j(label), sympy_9j(*map(half, label))), label


def test_random_symbols_up_to_8_are_sympys() -> None:
    for label in random_9j(60, 8, seed=5):
        assert same(doubled_9j(label), sympy_9j(*map(half, label))), label


def test_every_forbidden_symbol_with_j_up_to_half_is_zero() -> None:
    for label in product(range(2), repeat=9):
        if not all(couples(*triad) for triad in triads_9j(label)):
            assert doubled_9j(label) == 0


def test_one_spin_out_of_place_gives_zero() -> None:
    forbidden = 0
    for label in random_9j(30, 8, seed=16):
        for place, two_j in product(range(9), range(24)):
            moved = (*label[:place], two_j, *label[place + 1 :])
            if not all(couples(*triad) for triad in triads_9j(moved)):
                forbidden += 1
                assert doubled_9j(moved) == 0
    assert forbidden > 5000


@pytest.mark.parametrize("label", random_9j(40, 16, seed=6), ids=str)
def test_is_the_sum_over_6j_symbols(label: Row) -> None:
    a, b, c, d, e, f, g, h, i = label
    total = Surd.rational(0)
    for x in range(max(a + i, d + h, b + f) + 1):
        symbols = doubled_6j(a, d, g, h, i, x) * doubled_6j(b, e, h, d, x, f) * doubled_6j(c, f, i, x, a, b)
        total += symbols * (-1) ** x * (x + 1)
    assert doubled_9j(label) == total


@pytest.mark.parametrize("label", random_9j(12, 14, seed=7), ids=str)
def test_all_72_symmetries(label: Row) -> None:
    value, sign = doubled_9j(label), parity(sum(label))
    orders = list(permutations(range(3)))
    for rows, columns in product(orders, orders):
        moved = tuple(label[3 * row + column] for row in rows for column in columns)
        expected = value if even(rows) == even(columns) else value * sign
        assert doubled_9j(moved) == expected
        assert doubled_9j(moved[0::3] + moved[1::3] + moved[2::3]) == expected


def test_two_equal_rows_and_an_odd_sum_give_zero() -> None:
    for label in all_9j(3):
        if label[:3] == label[3:6] and sum(label) // 2 % 2:
            assert doubled_9j(label) == 0


def test_one_spin_zero_is_a_6j_symbol() -> None:
    for a, b, c, d, e, f, g, h, i in random_9j(3000, 6, seed=8):
        if i == 0:
            assert (f, h) == (c, g)
            sign = parity(b + c + d + g)
            expected = doubled_6j(a, b, c, e, d, g) * Surd.sqrt(Fraction(1, (c + 1) * (g + 1)), sign)
            assert doubled_9j((a, b, c, d, e, f, g, h, i)) == expected


def test_large_spins() -> None:
    value = wigner_9j(40, 41, 39, 42, 38, 40, 41, 40, 39.0)
    assert value == wigner_9j(42, 38, 40, 41, 40, 39, 40, 41, 39)
    assert value.sign
    stretched = wigner_9j(500, 500, 1000, 500, 500, 1000, 1000, 1000, 2000)
    assert stretched == Fraction(1, 2001**2)  # the overlap of stretched states is 1


def test_sizes_beyond_any_patience_are_refused_at_once() -> None:
    assert wigner_9j(2**64, 1, 1, 0, 0, 0, 0, 0, 0) == 0
    for j in (10**4, 2**64):
        with pytest.raises(TooLarge, match="limit"):
            wigner_9j(j, j, j, j, j, j, j, j, j)
