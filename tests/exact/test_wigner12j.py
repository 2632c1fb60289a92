"""12j symbols of both kinds: the sum over 6j symbols, all symmetries of their graphs, one spin zero."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from spin_networks import couples, parity, random_12j, symmetries_12j, triads_12j

from reptheory.errors import TooLarge
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j
from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second

Row = tuple[int, ...]
FUNCTIONS: dict[str, Callable[..., Surd]] = {"first": wigner_12j_first, "second": wigner_12j_second}
KINDS = list(FUNCTIONS)


def symbol(kind: str, label: Row) -> Surd:
    return FUNCTIONS[kind](*(Fraction(value, 2) for value in label))


@pytest.mark.parametrize("kind", KINDS)
def test_is_the_sum_over_6j_symbols(kind: str) -> None:
    nonzero = 0
    for label in random_12j(40, 10, seed=9, kind=kind):
        js, ls, ks = label[:4], label[4:8], label[8:]
        upper = [*js, ks[0] if kind == "first" else js[0]]
        lower = [*ks, js[0] if kind == "first" else ks[0]]
        total = Surd.rational(0)
        for x in range(abs(js[0] - ks[0]), js[0] + ks[0] + 1, 2):
            two_phase = sum(label) - x if kind == "first" else ls[0] - ls[1] + ls[2] - ls[3]
            term = Surd.rational(parity(two_phase) * (x + 1))
            for n in range(4):
                term *= doubled_6j(upper[n], lower[n], x, lower[n + 1], upper[n + 1], ls[n])
            total += term
        assert symbol(kind, label) == total
        nonzero += bool(total)
    assert nonzero > 30


@pytest.mark.parametrize(("kind", "count"), [("first", 16), ("second", 48)])
def test_every_symmetry_of_the_graph(kind: str, count: int) -> None:
    symmetries = symmetries_12j(kind)
    assert len(symmetries) == count
    for label in random_12j(15, 6, seed=10, kind=kind):
        values = {symbol(kind, tuple(label[place] for place in moved)) for moved in symmetries}
        assert len(values) == 1


def test_the_first_kind_with_a_zero_is_a_9j_symbol() -> None:
    checked = 0
    for j1, j2, j3, _, l1, l2, _, _, k1, k2, k3, _ in random_12j(400, 5, seed=11, kind="first"):
        for l3 in range(max(abs(j3 - k1), abs(k3 - j1)), min(j3 + k1, k3 + j1) + 1, 2):
            label = (j1, j2, j3, k1, l1, l2, l3, 0, k1, k2, k3, j1)
            if not all(couples(*triad) for triad in triads_12j(label, "first")):
                continue
            sign = parity(sum(label) + 3 * (j1 + k1))
            scale = Surd.sqrt(Fraction(1, (j1 + 1) * (k1 + 1)), sign)
            assert symbol("first", label) == doubled_9j((j1, k3, l3, j2, l2, j3, l1, k2, k1)) * scale
            checked += 1
    assert checked > 50


def test_the_second_kind_with_a_zero_is_two_6j_symbols() -> None:
    checked = 0
    for j1, j2, j3, _, l1, l2, _, _, k1, k2, k3, _ in random_12j(400, 5, seed=12, kind="second"):
        for l3 in range(max(abs(j3 - j1), abs(k3 - k1)), min(j3 + j1, k3 + k1) + 1, 2):
            label = (j1, j2, j3, j1, l1, l2, l3, 0, k1, k2, k3, k1)
            if not all(couples(*triad) for triad in triads_12j(label, "second")):
                continue
            two_sum = j1 + j2 + j3 + k1 + k2 + k3 + l1 + l2 + l3
            sign = parity(l1 - l2 + l3 + j1 + k1 - two_sum)
            pair = doubled_6j(l1, l2, l3, j3, j1, j2) * doubled_6j(l1, l2, l3, k3, k1, k2)
            assert symbol("second", label) == pair * Surd.sqrt(Fraction(1, (j1 + 1) * (k1 + 1)), sign)
            checked += 1
    assert checked > 50


def test_forbidden_symbols_are_zero() -> None:
    for kind in KINDS:
        for label in random_12j(40, 6, seed=13, kind=kind):
            for place in range(12):
                moved = (*label[:place], label[place] + 1, *label[place + 1 :])  # two sums are not whole
                assert symbol(kind, moved) == 0


def test_a_larger_one_keeps_its_symmetry() -> None:
    label = (20, 21, 19, 22, 20, 18, 21, 20, 19, 20, 21, 18)
    moved = symmetries_12j("second")[7]
    values = [wigner_12j_second(*label), wigner_12j_second(*(label[place] for place in moved))]
    assert values[0] == values[1] != 0


@pytest.mark.parametrize("function", list(FUNCTIONS.values()))
def test_sizes_beyond_any_patience_are_refused_at_once(function: Callable[..., Surd]) -> None:
    assert function(2**64, *[1] * 11) == 0
    for j in (10**4, 2**64):
        with pytest.raises(TooLarge, match="limit"):
            function(*[j] * 12)
