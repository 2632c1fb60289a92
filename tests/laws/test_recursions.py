"""Three-term recursions of 3j and 6j symbols in a spin and in a projection, exactly.

From Schulten and Gordon, J. Math. Phys. 16 (1975) 1961.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from spin_networks import random_6j
from strategies import two_coupled

from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j

Label = tuple[Fraction, ...]
LARGE = [(120, 131, 93, 14, -33, 19), (401, 500, 299, 101, 0, -101), (1000, 1000, 1000, 2, -4, 2)]


def halves(label: tuple[int, ...]) -> Label:
    return tuple(Fraction(value, 2) for value in label)


def root(square: Fraction) -> Surd:
    """Return the square root; 0 also beyond the end of a recursion, where the symbol beside it is 0."""
    return Surd.sqrt(square) if square > 0 else Surd.rational(0)


def symbol_3j(*label: Fraction) -> Surd:
    """Return a 3j symbol; 0 for projections that leave the range of their spin."""
    fits = all(abs(m) <= j for j, m in zip(label[:3], label[3:], strict=True)) and min(label[:3]) >= 0
    return wigner_3j(*label) if fits else Surd.rational(0)


def in_a_spin(label: Label) -> Surd:
    # j A(j+1) f(j+1) + B(j) f(j) + (j+1) A(j) f(j-1), f(j) = (j j2 j3; m1 m2 m3)
    j, j2, j3, m1, m2, m3 = label

    def above(x: Fraction) -> Surd:
        return root((x * x - (j2 - j3) ** 2) * ((j2 + j3 + 1) ** 2 - x * x) * (x * x - m1 * m1))

    middle = -(2 * j + 1) * (j2 * (j2 + 1) * m1 - j3 * (j3 + 1) * m1 - j * (j + 1) * (m3 - m2))
    terms = (
        above(j + 1) * j * symbol_3j(j + 1, *label[1:]),
        symbol_3j(*label) * middle,
        above(j) * (j + 1) * symbol_3j(j - 1, *label[1:]),
    )
    return terms[0] + terms[1] + terms[2]


def in_a_projection(label: Label) -> Surd:
    # C(m+1) f(m+1) + D(m) f(m) + C(m) f(m-1), f(m) = (j1 j2 j3; m1 m -m1-m)
    j1, j2, j3, m1, m2, m3 = label

    def beside(m: Fraction) -> Surd:
        n = -m1 - m
        return root((j2 - m + 1) * (j2 + m) * (j3 + n + 1) * (j3 - n))

    middle = j2 * (j2 + 1) + j3 * (j3 + 1) - j1 * (j1 + 1) + 2 * m2 * m3
    terms = (
        beside(m2 + 1) * symbol_3j(j1, j2, j3, m1, m2 + 1, m3 - 1),
        symbol_3j(*label) * middle,
        beside(m2) * symbol_3j(j1, j2, j3, m1, m2 - 1, m3 + 1),
    )
    return terms[0] + terms[1] + terms[2]


def by_ladders(label: Label, step: int) -> Surd:
    # J+- of all three annihilate the state: sum_k sqrt((j_k -+ m_k)(j_k +- m_k + 1)) f(.., m_k +- 1, ..)
    spins, orders = label[:3], list(label[3:])
    orders[2] -= step
    total = Surd.rational(0)
    for place in range(3):
        j, m = spins[place], orders[place]
        moved = [*orders]
        moved[place] += step
        total += root((j - step * m) * (j + step * m + 1)) * symbol_3j(*spins, *moved)
    return total


@given(two_coupled(30))
@settings(max_examples=150)
def test_3j_symbols(label: tuple[int, ...]) -> None:
    spins = halves(label)
    assert in_a_spin(spins) == 0
    assert in_a_projection(spins) == 0
    for step in (1, -1):
        if abs(spins[5] - step) <= spins[2]:
            assert by_ladders(spins, step) == 0


@pytest.mark.parametrize("label", LARGE)
def test_large_3j_symbols(label: tuple[int, ...]) -> None:
    spins = halves(label)
    assert wigner_3j(*spins) != 0
    assert in_a_spin(spins) == in_a_projection(spins) == by_ladders(spins, 1) == 0


def of_6j(label: Label) -> Surd:
    # j1 E(j1+1) h(j1+1) + F(j1) h(j1) + (j1+1) E(j1) h(j1-1), h(j1) = {j1 j2 j3; l1 l2 l3}
    j1, j2, j3, _, l2, l3 = label

    def beside(x: Fraction) -> Surd:
        first = (x * x - (j2 - j3) ** 2) * ((j2 + j3 + 1) ** 2 - x * x)
        return root(first * (x * x - (l2 - l3) ** 2) * ((l2 + l3 + 1) ** 2 - x * x))

    one, two, three, four, five, six = (x * (x + 1) for x in label)
    middle = (2 * j1 + 1) * (
        one * (two + three - one) + five * (one + two - three) + six * (one - two + three) - 2 * one * four
    )
    rest = label[1:]
    before = wigner_6j(j1 - 1, *rest) if j1 >= 1 else Surd.rational(0)
    terms = (
        beside(j1 + 1) * j1 * wigner_6j(j1 + 1, *rest),
        wigner_6j(*label) * middle,
        beside(j1) * (j1 + 1) * before,
    )
    return terms[0] + terms[1] + terms[2]


@pytest.mark.parametrize("label", [*random_6j(60, 24, seed=33), *random_6j(4, 300, seed=34)], ids=str)
def test_6j_symbols(label: tuple[int, ...]) -> None:
    assert of_6j(halves(label)) == 0
