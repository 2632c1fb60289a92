"""6j symbols and Racah's W: all of SymPy's with j <= 3, random ones beyond, symmetries, and large labels."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import pytest
from oracle import half, same
from spin_networks import all_6j, couples, parity, random_6j, triads_6j
from sympy.physics.wigner import racah as sympy_racah
from sympy.physics.wigner import wigner_6j as sympy_6j

from reptheory.errors import TooLarge
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j, racah, triad_sum, triad_weight, wigner_6j


def test_every_allowed_symbol_with_j_up_to_3_is_sympys() -> None:
    labels = all_6j(6)
    assert len(labels) == 3418
    for label in labels:
        assert same(doubled_6j(*label), sympy_6j(*map(half, label))), label


def test_every_forbidden_symbol_with_j_up_to_two_is_zero() -> None:
    forbidden = 0
    for label in product(range(5), repeat=6):
        if not all(couples(*triad) for triad in triads_6j(label)):
            forbidden += 1
            assert doubled_6j(*label) == 0
    assert forbidden == 5**6 - len(all_6j(4))


def test_one_spin_out_of_place_gives_zero() -> None:
    for label in random_6j(50, 12, seed=16):
        for place, two_j in product(range(6), range(40)):
            moved = (*label[:place], two_j, *label[place + 1 :])
            if not all(couples(*triad) for triad in triads_6j(moved)):
                assert doubled_6j(*moved) == 0


def test_random_symbols_up_to_30_are_sympys() -> None:
    for label in random_6j(200, 60, seed=1):
        assert same(doubled_6j(*label), sympy_6j(*map(half, label))), label


def test_racahs_coefficients_are_sympys() -> None:
    for a, b, e, d, c, f in [*all_6j(3), *random_6j(100, 30, seed=2)]:
        label = [half(value) for value in (a, b, c, d, e, f)]
        assert same(racah(*label), sympy_racah(*label)), label


@pytest.mark.parametrize("label", random_6j(60, 40, seed=3), ids=str)
def test_tetrahedral_and_regge_symmetries(label: tuple[int, ...]) -> None:
    value = doubled_6j(*label)
    columns = list(zip(label[:3], label[3:], strict=True))
    for order in permutations(columns):
        for flips in [(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1)]:
            turned = [pair[::-1] if flip else pair for pair, flip in zip(order, flips, strict=True)]
            assert doubled_6j(*(top for top, _ in turned), *(low for _, low in turned)) == value
    a, b, c, d, e, f = label
    s = (b + c + e + f) // 2  # Regge: one column stays, the others become their differences from s
    assert doubled_6j(a, s - b, s - c, d, s - e, s - f) == value


def test_one_spin_zero_has_a_closed_form() -> None:
    for a, b in [(3, 5), (40, 41), (2000, 1000), (10**5, 10**5)]:
        for c in (abs(a - b), abs(a - b) + 2, a + b):
            sign = parity(a + b + c)  # {a b c; 0 c b} = (-1)^(a+b+c) / sqrt((2b+1)(2c+1))
            expected = Surd.sqrt(Fraction(1, (b + 1) * (c + 1)), sign=sign)
            assert doubled_6j(a, b, c, 0, c, b) == expected


def test_an_accidental_zero_is_zero() -> None:
    assert wigner_6j(2, 2, 2, 1.5, 1.5, 1.5) == 0  # allowed; Dirac's matrices of SO(5) forbid it


def test_large_spins() -> None:
    value = wigner_6j(1000, 1000, 1000, 1000, 1000, 1000)
    assert value == wigner_6j(Fraction(1000), 1000.0, 1000, 1000, 1000, 1000)
    # Ponzano and Regge 1968: cos(sum (j+1/2) theta + pi/4) / sqrt(12 pi V), edges j+1/2
    assert abs(float(value)) < 1.01 / (12 * 3.14159265 * 1000.5**3 / (6 * 2**0.5)) ** 0.5
    assert value != 0


def test_the_parts_are_integers_of_the_stated_formula() -> None:
    for label in random_6j(50, 30, seed=4):
        a, b, c, d = (triad_weight(*triad) for triad in triads_6j(label))
        total = triad_sum(*label)
        assert type(total) is int
        assert doubled_6j(*label) == Surd.scaled(total, Fraction(a, b * c * d))


def test_sizes_beyond_any_memory_are_refused_at_once() -> None:
    assert wigner_6j(2**64, 1, 1, 0, 0, 0) == 0
    for function, label in [(wigner_6j, (2**64, 2**64, 0) * 2), (racah, (2**64,) * 4 + (0, 0))]:
        with pytest.raises(TooLarge, match="limit"):
            function(*label)
