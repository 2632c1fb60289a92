"""Recoupling coefficients: equal to contractions of Clebsch-Gordan coefficients, and known ones."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from spin_networks import contracted, parity, random_9j, random_pair, spin

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.recoupling import recoupling
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j

A, B, C, D = ("a", 1), ("b", 0.5), ("c", Fraction(3, 2)), ("d", 2)


@pytest.mark.parametrize("seed", range(60))
def test_is_the_contraction_of_clebsch_gordan_coefficients(seed: int) -> None:
    draw = random.Random(seed)
    first, second = random_pair(draw, count=2 + seed % 4, most=3)
    total = spin(first)
    value = recoupling(first, second)
    for m in {total, -total, total - 1 if total >= 1 else total}:  # overlaps do not depend on m
        assert contracted(first, second, m) == value


@pytest.mark.parametrize("seed", range(20))
def test_six_and_seven_leaves(seed: int) -> None:
    first, second = random_pair(random.Random(100 + seed), count=6 + seed % 2, most=2)
    assert contracted(first, second, spin(first)) == recoupling(first, second) == recoupling(second, first)


def test_exchange_of_two_spins_is_a_sign() -> None:
    for j in (Fraction(1, 2), Fraction(3, 2)):
        assert recoupling((A, B, j), (B, A, j)) == parity(int(2 * (Fraction(3, 2) - j)))
    assert recoupling(A, A) == 1
    assert recoupling((A, B, 0.5), (A, B, 1.5)) == 0


def test_three_spins_are_a_6j_symbol() -> None:
    for a, b, e, c, d, f in [(2, 1, 3, 3, 4, 2), (4, 4, 4, 4, 4, 6), (60, 50, 40, 31, 71, 51)]:
        x, y, z = (("x", Fraction(a, 2)), ("y", Fraction(b, 2)), ("z", Fraction(c, 2)))
        first = ((x, y, Fraction(e, 2)), z, Fraction(d, 2))
        second = (x, (y, z, Fraction(f, 2)), Fraction(d, 2))
        scale = Surd.sqrt((e + 1) * (f + 1), parity(a + b + c + d))
        assert recoupling(first, second) == doubled_6j(a, b, e, c, d, f) * scale


def test_four_spins_are_a_9j_symbol() -> None:
    for label in random_9j(40, 12, seed=14):
        a, b, c, d, e, f, g, h, i = (Fraction(value, 2) for value in label)
        p, q, r, s = ("p", a), ("q", b), ("r", d), ("s", e)
        value = recoupling(((p, q, c), (r, s, f), i), ((p, r, g), (q, s, h), i))
        scale = Surd.sqrt((2 * c + 1) * (2 * f + 1) * (2 * g + 1) * (2 * h + 1))
        assert value == doubled_9j(label) * scale


def test_a_long_chain() -> None:
    leaves = [(f"s{n}", 0.5) for n in range(16)]

    def chain(order: list[tuple[str, float]]) -> Any:
        tree: Any = order[0]
        for n, leaf in enumerate(order[1:], start=1):
            tree = (tree, leaf, 0.5 if n % 2 == 0 else 0)
        return tree

    assert recoupling(chain(leaves), chain(leaves)) == 1
    turned = leaves[1:] + leaves[:1]  # singlets (s0 s1) (s2 s3) ... against (s1 s2) ... (s15 s0)
    value = recoupling(chain(leaves), chain(turned))
    assert abs(value) == Fraction(1, 2**7)  # one loop of eight against eight: 2 / 2^8


def test_no_state_is_an_overlap_of_zero() -> None:
    good, bad = ((A, B, 1.5), C, 1), ((A, B, 5), C, 4)
    assert recoupling(good, bad) == recoupling(bad, bad) == 0
    assert recoupling((A, B, 1), (A, B, 1)) == 0  # 1 + 1/2 + 1 is not whole


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ((A, C, 1.5), r"^tree2: got other leaves than tree1: 'c'"),
        (A, r"^tree2: got other leaves than tree1: 'b'"),
        ((A, ("b", 1.5), 1.5), r"^tree2: got the spin 3/2 for the leaf 'b', which is 1/2 in tree1"),
        ((A, B, "1"), r"^tree2\[2\]: got the text '1'"),
        ((A, ("b", -1), 1), r"^tree2\[1\]\[1\]: got -1; a spin is"),
        ((A, A, 1), r"^tree2\[1\]: got the leaf 'a' twice"),
        ([A, B, 1.5], r"^tree2: got \[.*; a tree is a leaf"),
        (None, r"^tree2: got None; a tree is a leaf"),
        (((1, 2), B, 1.5), r"^tree2\[0\]: got \(1, 2\); a tree is a leaf"),
    ],
)
def test_what_is_no_tree_is_named(second: object, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        recoupling((A, B, 1.5), second)


def test_sizes_beyond_any_patience_are_refused() -> None:
    deep: Any = ("s0", 1)
    for n in range(1, 3000):
        deep = (deep, (f"s{n}", 1), 1)
    with pytest.raises(TooLarge, match="deeper"):
        recoupling(deep, deep)
    big = [(name, 2**64) for name in "abcd"]
    with pytest.raises(TooLarge, match="limit"):
        recoupling(((big[0], big[1], 0), big[2], 2**64), (big[0], (big[1], big[2], 0), 2**64))
    large = [(name, 10**4) for name in "abcd"]
    first = ((large[0], large[1], 10**4), (large[2], large[3], 10**4), 10**4)
    second = ((large[0], large[2], 10**4), (large[1], large[3], 10**4), 10**4)
    with pytest.raises(TooLarge, match="choose smaller spins"):
        recoupling(first, second)
