"""Laws of 6j and 9j symbols and recoupling coefficients: sums over one spin, orthogonality, composition."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from spin_networks import labelled, parity, random_9j, random_tree, spin

from reptheory.exact.recoupling import recoupling
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j

ZERO = Surd.rational(0)
FOURS = [*product(range(4), repeat=4), (8, 7, 9, 6), (12, 12, 11, 9), (15, 10, 14, 9)]


def between(*pairs: tuple[int, int]) -> range:
    """Return the doubled x with |a - b| <= x <= a + b for every pair; sums may come out not whole."""
    return range(max(abs(a - b) for a, b in pairs), min(a + b for a, b in pairs) + 1)


@pytest.mark.parametrize(("a", "b", "c", "d"), FOURS)
def test_6j_symbols_are_orthogonal(a: int, b: int, c: int, d: int) -> None:
    # sum_x (2x+1)(2e+1) {a b x; c d e} {a b x; c d f} = delta_ef for every e that can be  [DLMF 34.5]
    couplings = [e for e in between((a, d), (c, b)) if (a + d + e) % 2 == 0 and (c + b + e) % 2 == 0]
    for e, f in product(couplings, repeat=2):
        total = ZERO
        for x in between((a, b), (c, d)):
            total += doubled_6j(a, b, x, c, d, e) * doubled_6j(a, b, x, c, d, f) * ((x + 1) * (e + 1))
        assert total == (e == f)


@pytest.mark.parametrize(("a", "b", "c", "d"), FOURS)
def test_racahs_sum(a: int, b: int, c: int, d: int) -> None:
    # sum_x (-1)^(e+f+x) (2x+1) {a b x; c d e} {c d x; b a f} = {c a f; d b e}  [DLMF 34.5]
    for e, f in product(between((a, d), (c, b)), between((a, c), (b, d))):
        total = ZERO
        for x in between((a, b), (c, d)):
            term = doubled_6j(a, b, x, c, d, e) * doubled_6j(c, d, x, b, a, f)
            total += term * ((x + 1) * parity(e + f + x))
        assert total == doubled_6j(c, a, f, d, b, e)


def test_sums_of_one_6j_symbol() -> None:
    # sum_x (-1)^(2x) (2x+1) {a b x; a b f} = 1,
    # sum_x (-1)^(a+b+x) (2x+1) {a b x; b a f} = delta_f0 sqrt((2a+1)(2b+1))  [DLMF 34.5]
    for a, b in product(range(7), repeat=2):
        coupled = range(abs(a - b), a + b + 1, 2)
        for f in coupled:
            terms = (doubled_6j(a, b, x, a, b, f) * ((x + 1) * parity(2 * x)) for x in coupled)
            assert sum(terms, ZERO) == 1
        for f in range(0, 2 * min(a, b) + 1, 2):
            terms = (doubled_6j(a, b, x, b, a, f) * ((x + 1) * parity(a + b + x)) for x in coupled)
            assert sum(terms, ZERO) == (ZERO if f else Surd.sqrt((a + 1) * (b + 1)))


@pytest.mark.parametrize("seed", range(25))
def test_biedenharn_and_elliott(seed: int) -> None:
    # sum_x (-1)^(S+x) (2x+1) {a b x; c d p} {c d x; e f q} {e f x; b a r} = {p q r; e a d} {p q r; f b c},
    # S the sum of the nine other spins  [DLMF 34.5]
    draw = random.Random(seed)
    nonzero = 0
    while nonzero < 10:
        a, b, c, d, e, f = (draw.randint(0, 8) for _ in range(6))
        choices = between((a, d), (c, b)), between((c, f), (e, d)), between((e, a), (b, f))
        if not all(choices):
            continue
        p, q, r = (draw.choice(choice) for choice in choices)
        total = ZERO
        for x in between((a, b), (c, d), (e, f)):
            term = doubled_6j(a, b, x, c, d, p) * doubled_6j(c, d, x, e, f, q) * doubled_6j(e, f, x, b, a, r)
            total += term * ((x + 1) * parity(a + b + c + d + e + f + p + q + r + x))
        assert total == doubled_6j(p, q, r, e, a, d) * doubled_6j(p, q, r, f, b, c)
        nonzero += bool(total)


@pytest.mark.parametrize("label", random_9j(15, 4, seed=15), ids=str)
def test_9j_symbols_are_orthogonal(label: tuple[int, ...]) -> None:
    # sum_cf (2c+1)(2f+1)(2g+1)(2h+1) {a b c; d e f; g h i} {a b c; d e f; g' h' i} = delta_gg' delta_hh'
    a, b, _, d, e, _, g, h, i = label
    for other_g, other_h in product(between((a, d)), between((b, e))):
        total = ZERO
        for c, f in product(between((a, b)), between((d, e))):
            pair = doubled_9j((a, b, c, d, e, f, g, h, i)) * doubled_9j(
                (a, b, c, d, e, f, other_g, other_h, i)
            )
            total += pair * ((c + 1) * (f + 1) * (g + 1) * (h + 1))
        assert total == ((g, h) == (other_g, other_h))


def leaves(*two_spins: int) -> list[tuple[str, Fraction]]:
    return [(f"s{n}", Fraction(two_j, 2)) for n, two_j in enumerate(two_spins)]


def shapes(*two_spins: int) -> list[Any]:
    """Return three shapes over four spins, nested lists of leaves."""
    a, b, c, d = leaves(*two_spins)
    return [[[[a, b], c], d], [[d, b], [a, c]], [c, [[b, d], a]]]


@pytest.mark.parametrize("two_spins", [(1, 1, 1, 1), (2, 1, 2, 1), (2, 2, 2, 2), (3, 1, 2, 4)])
def test_recoupling_is_orthogonal_and_composes(two_spins: tuple[int, ...]) -> None:
    for total in (Fraction(sum(two_spins) % 2, 2), Fraction(sum(two_spins), 2) - 1):
        first, second, third = (labelled(shape, total) for shape in shapes(*two_spins))
        assert len(first) == len(second) == len(third) > 0
        for one, other in product(first, repeat=2):
            overlap = sum((recoupling(one, tree) * recoupling(tree, other) for tree in second), ZERO)
            assert overlap == (one == other) == recoupling(one, other)
        for one, other in product(first, third):
            composed = sum((recoupling(one, tree) * recoupling(tree, other) for tree in second), ZERO)
            assert composed == recoupling(one, other)


@pytest.mark.parametrize("seed", range(10))
def test_recoupling_is_symmetric_and_bounded(seed: int) -> None:
    draw = random.Random(seed)
    spins = leaves(*(draw.randint(0, 6) for _ in range(6)))
    first = random_tree(draw, spins)
    for _ in range(20):
        second = random_tree(draw, spins)
        value = recoupling(first, second)
        assert value == recoupling(second, first)
        assert abs(value) <= 1
        assert spin(first) == spin(second) or value == 0
