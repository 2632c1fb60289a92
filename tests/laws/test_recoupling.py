"""Laws of 6j to 12j symbols and recoupling coefficients: sums over one spin, orthogonality, composition."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import permutations, product
from math import prod
from typing import Any

import pytest
from spin_networks import (
    couples,
    labelled,
    parity,
    random_9j,
    random_12j,
    random_tree,
    spin,
    triads_12j,
)

from reptheory.exact.recoupling import recoupling
from reptheory.exact.recoupling_arrays import recoupling_matrix
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j
from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second

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


@pytest.mark.parametrize("label", random_9j(12, 5, seed=41), ids=str)
def test_a_sum_of_two_9j_symbols_is_a_third(label: tuple[int, ...]) -> None:
    # sum_xy (-1)^(2b+y+h-f) (2x+1)(2y+1) {a b c; d e f; x y j} {a d x; e b y; g h j} = {a b c; e d f; g h j}
    # [DLMF 34.7.3]
    a, b, c, d, e, f, _, _, j = label
    for g, h in product(between((a, e)), between((b, d))):
        total = ZERO
        for x, y in product(between((a, d)), between((b, e))):
            pair = doubled_9j((a, b, c, d, e, f, x, y, j)) * doubled_9j((a, d, x, e, b, y, g, h, j))
            if pair:
                total += pair * (parity(2 * b + y + h - f) * (x + 1) * (y + 1))
        assert total == doubled_9j((a, b, c, e, d, f, g, h, j))


def twelve(kind: str, label: tuple[int, ...]) -> Surd:
    function = wigner_12j_first if kind == "first" else wigner_12j_second
    return function(*(Fraction(two_j, 2) for two_j in label))


@pytest.mark.parametrize("kind", ["first", "second"])
def test_a_sum_over_one_spin_of_a_12j_symbol(kind: str) -> None:
    # the 6j symbols {j1 k1 x; k2 j2 l1} are orthogonal in x and l1: times another of them, the sum over l1 of
    # 12j symbols leaves the other three at its x
    nonzero = 0
    for label in random_12j(12, 6, seed=42, kind=kind):
        js, ls, ks = label[:4], label[4:8], label[8:]
        upper = [*js, ks[0] if kind == "first" else js[0]]
        lower = [*ks, js[0] if kind == "first" else ks[0]]
        for x in range(abs(js[0] - ks[0]), js[0] + ks[0] + 1, 2):
            total, expected = ZERO, Surd.rational(1)
            for l1 in range(abs(js[0] - js[1]), js[0] + js[1] + 1, 2):
                moved = (*js, l1, *ls[1:], *ks)
                two_phase = sum(moved) - x if kind == "first" else l1 - ls[1] + ls[2] - ls[3]
                weight = doubled_6j(upper[0], lower[0], x, lower[1], upper[1], l1)
                if weight:
                    total += twelve(kind, moved) * weight * (parity(two_phase) * (l1 + 1))
            for n in range(1, 4):
                expected *= doubled_6j(upper[n], lower[n], x, lower[n + 1], upper[n + 1], ls[n])
            if all((js[n] + ks[n] + x) % 2 == 0 for n in range(4)) and not couples(js[1], ks[1], x):
                expected = ZERO  # then x is not among the spins over which the 12j symbol sums
            assert total == expected
            nonzero += bool(total)
    assert nonzero > 12


def graph_of(first: Any, second: Any) -> list[tuple[str, str, str]]:
    """Return the triads of two trees over the same leaves, each spin by a name; both roots are one spin."""

    def nodes(tree: Any, prefix: str) -> tuple[str, list[tuple[str, str, str]]]:
        if isinstance(tree, tuple):
            return tree[0], []
        (left, above), (right, below) = nodes(tree[0], f"{prefix}l"), nodes(tree[1], f"{prefix}r")
        return prefix, [*above, *below, (left, right, prefix)]

    triads = [*nodes(first, "1")[1], *nodes(second, "2")[1]]
    return [tuple("root" if name in {"1", "2"} else name for name in triad) for triad in triads]  # type: ignore[misc]


def twelve_names(triads: list[tuple[str, str, str]], kind: str) -> list[str] | None:
    """Return the names of the twelve spins in the order of a 12j symbol whose triads these are, or None."""
    meet: dict[str, frozenset[int]] = {}
    for vertex, triad in enumerate(triads):
        for name in triad:
            meet[name] = meet.get(name, frozenset()) | {vertex}
    edges = {ends: name for name, ends in meet.items()}
    wanted: dict[int, list[int]] = {}
    for vertex, row in enumerate(triads_12j(tuple(range(12)), kind)):
        for edge in row:
            wanted.setdefault(edge, []).append(vertex)
    for order in permutations(range(8)):
        names = [edges.get(frozenset(order[end] for end in wanted[edge])) for edge in range(12)]
        if None not in names:
            return [name for name in names if name is not None]
    return None


SHAPES = {
    # two ways of coupling five spins whose common graph is the Moebius ladder or the cube
    "first": ([[[["a", "b"], "c"], "d"], "e"], [[["e", "a"], ["b", "d"]], "c"]),
    "second": ([[["a", "b"], ["c", "d"]], "e"], [[["b", "c"], ["d", "e"]], "a"]),
}


def spins_of(tree: Any, prefix: str) -> dict[str, Fraction]:
    if len(tree) == 2:
        return {tree[0]: Fraction(tree[1])}
    name = "root" if prefix in {"1", "2"} else prefix
    return {
        **spins_of(tree[0], f"{prefix}l"),
        **spins_of(tree[1], f"{prefix}r"),
        name: Fraction(tree[2]),
    }


def filled(shape: Any, found: dict[str, tuple[str, Fraction]]) -> Any:
    return found[shape] if isinstance(shape, str) else [filled(part, found) for part in shape]


def named_graph(shape: Any) -> Any:
    return (shape, 0) if isinstance(shape, str) else [named_graph(part) for part in shape]


@pytest.mark.parametrize("kind", ["first", "second"])
@pytest.mark.parametrize("two_spins", [(1, 1, 1, 1, 1), (2, 1, 2, 1, 2), (2, 2, 2, 2, 2), (1, 2, 3, 2, 2)])
def test_12j_symbols_recouple_five_spins(kind: str, two_spins: tuple[int, ...]) -> None:
    # <tree1|tree2>^2 = product of (2j+1) of the six inner spins times 12j^2; for each tree1 they add up to 1
    names = twelve_names(graph_of(*(named_graph(shape) for shape in SHAPES[kind])), kind)
    assert names is not None
    found = {name: (name, Fraction(two_j, 2)) for name, two_j in zip("abcde", two_spins, strict=True)}
    first, second = (filled(shape, found) for shape in SHAPES[kind])
    total = Fraction(sum(two_spins) % 2, 2) + (0 if sum(two_spins) % 2 else 1)
    matrix = recoupling_matrix(first, second, total)
    for row in range(0, len(matrix.rows), 3):
        one = Fraction(0)
        for column, tree in enumerate(matrix.columns):
            spins = spins_of(matrix.rows[row], "1") | spins_of(tree, "2")
            symbol = twelve(kind, tuple(int(2 * spins[name]) for name in names))
            inner = prod(2 * spins[name] + 1 for name in spins if name[0] in "12")
            assert matrix.matrix[row, column].square == symbol.square * inner
            one += symbol.square * inner
        assert one == 1


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
