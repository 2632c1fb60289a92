"""Labels of 6j, 9j and 12j symbols, all or at random, and coupling trees with their states.

Nothing here uses the code under test, only `Surd` and Clebsch-Gordan coefficients.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations, product
from typing import Any

from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.surd import Surd

Row = tuple[int, ...]


def couples(two_a: int, two_b: int, two_c: int) -> bool:
    return abs(two_a - two_b) <= two_c <= two_a + two_b and (two_a + two_b + two_c) % 2 == 0


def parity(two_n: int) -> int:
    """Return (-1)^n."""
    return 1 - (two_n & 2)


def triads_6j(label: Row) -> list[Row]:
    a, b, c, d, e, f = label
    return [(a, b, c), (a, e, f), (d, b, f), (d, e, c)]


def triads_9j(label: Row) -> list[Row]:
    return [label[0:3], label[3:6], label[6:9], label[0::3], label[1::3], label[2::3]]


def triads_12j(label: tuple[Any, ...], kind: str) -> list[tuple[Any, ...]]:
    js, ls, ks = list(label[:4]), label[4:8], list(label[8:])
    ends = (ks[0], js[0]) if kind == "first" else (js[0], ks[0])
    js, ks = [*js, ends[0]], [*ks, ends[1]]
    return [(row[n], row[n + 1], ls[n]) for row in (js, ks) for n in range(4)]


def all_6j(most: int) -> list[Row]:
    """List every doubled 6j label with 2j <= most that no selection rule forbids."""
    triads = [triad for triad in product(range(most + 1), repeat=3) if couples(*triad)]
    rows = product(triads, product(range(most + 1), repeat=3))
    return [first + second for first, second in rows if all(couples(*t) for t in triads_6j(first + second))]


def all_9j(most: int) -> list[Row]:
    """List every doubled 9j label with 2j <= most that no selection rule forbids."""
    triads = [triad for triad in product(range(most + 1), repeat=3) if couples(*triad)]
    squares = (a + b + c for a, b, c in product(triads, repeat=3))
    return [square for square in squares if all(couples(*t) for t in triads_9j(square))]


def _coupled(draw: random.Random, *pairs: tuple[int, int]) -> int | None:
    """Draw a doubled spin that couples with every pair, or None if there is none."""
    low, high = max(abs(a - b) for a, b in pairs), min(a + b for a, b in pairs)
    fits = len({(a + b) % 2 for a, b in pairs}) == 1 and low <= high
    return draw.randrange(low, high + 1, 2) if fits else None


def random_6j(count: int, most: int, seed: int) -> list[Row]:
    """Draw allowed doubled labels; j3 and j6 may exceed `most`."""
    draw = random.Random(seed)
    labels: list[Row] = []
    while len(labels) < count:
        a, b, d, e = (draw.randint(0, most) for _ in range(4))
        c, f = _coupled(draw, (a, b), (d, e)), _coupled(draw, (a, e), (d, b))
        if c is not None and f is not None:
            labels.append((a, b, c, d, e, f))
    return labels


def random_9j(count: int, most: int, seed: int) -> list[Row]:
    draw = random.Random(seed)
    labels: list[Row] = []
    while len(labels) < count:
        a, b, d, e = (draw.randint(0, most) for _ in range(4))
        c, f, g, h = (draw.randrange(abs(x - y), x + y + 1, 2) for x, y in ((a, b), (d, e), (a, d), (b, e)))
        i = _coupled(draw, (c, f), (g, h))
        if i is not None:
            labels.append((a, b, c, d, e, f, g, h, i))
    return labels


def random_12j(count: int, most: int, seed: int, kind: str) -> list[Row]:
    draw = random.Random(seed)
    labels: list[Row] = []
    while len(labels) < count:
        js, ks = ([draw.randint(0, most) for _ in range(4)] for _ in range(2))
        upper = [*js, ks[0] if kind == "first" else js[0]]
        lower = [*ks, js[0] if kind == "first" else ks[0]]
        ls = [_coupled(draw, (upper[n], upper[n + 1]), (lower[n], lower[n + 1])) for n in range(4)]
        if None not in ls:
            labels.append((*js, *(two_l for two_l in ls if two_l is not None), *ks))
    return labels


def symmetries_12j(kind: str) -> list[Row]:
    """List the permutations of the twelve labels that keep the graph of triads."""
    meet: dict[int, set[int]] = {}
    for vertex, triad in enumerate(triads_12j(tuple(range(12)), kind)):
        for edge in triad:
            meet.setdefault(edge, set()).add(vertex)
    edges = {frozenset(ends): edge for edge, ends in meet.items()}
    found = []
    for moved in permutations(range(8)):
        images = [edges.get(frozenset(moved[end] for end in meet[edge])) for edge in range(12)]
        if None not in images:
            found.append(tuple(edge for edge in images if edge is not None))
    return found


def spin(tree: Any) -> Fraction:
    """Return the spin of a leaf (name, spin) or a node (left, right, spin)."""
    return Fraction(tree[-1])


def state(tree: Any, m: Fraction) -> Iterator[tuple[dict[str, Fraction], Surd]]:
    """Yield the components of a coupled state: projections of the leaves and a product of coefficients."""
    if len(tree) == 2:
        yield {tree[0]: m}, Surd.rational(1)
        return
    left, right, j = tree[0], tree[1], spin(tree)
    for step in range(int(2 * spin(left)) + 1):
        m1 = step - spin(left)
        if abs(m - m1) > spin(right):
            continue
        value = clebsch_gordan(spin(left), spin(right), j, m1, m - m1, m)
        if value:
            for (ms1, u1), (ms2, u2) in product(state(left, m1), state(right, m - m1)):
                yield ms1 | ms2, value * u1 * u2


def contracted(tree1: Any, tree2: Any, m: Fraction) -> Surd:
    """Return the overlap of two trees at one projection by summing over those of all leaves."""
    first = {tuple(sorted(ms.items())): value for ms, value in state(tree1, m)}
    total = Surd.rational(0)
    for ms, value in state(tree2, m):
        total += value * first.get(tuple(sorted(ms.items())), Surd.rational(0))
    return total


def random_tree(draw: random.Random, leaves: list[tuple[str, Fraction]]) -> Any:
    """Couple the leaves in a random order to random spins."""
    parts: list[Any] = list(leaves)
    while len(parts) > 1:
        left = parts.pop(draw.randrange(len(parts)))
        right = parts.pop(draw.randrange(len(parts)))
        low, high = abs(spin(left) - spin(right)), spin(left) + spin(right)
        parts.append((left, right, low + draw.randint(0, int(high - low))))
    return parts[0]


def random_pair(draw: random.Random, count: int, most: int) -> tuple[Any, Any]:
    """Draw two trees over `count` leaves of spins up to most/2, to one total."""
    leaves = [(f"s{n}", Fraction(draw.randint(0, most), 2)) for n in range(count)]
    first = random_tree(draw, leaves)
    while spin(second := random_tree(draw, leaves)) != spin(first):
        pass
    return first, second


def labelled(shape: Any, total: Fraction) -> list[Any]:
    """List every tree of a shape, nested pairs of leaves (name, spin) in lists, that couples to `total`."""

    def trees(part: Any) -> list[Any]:
        if isinstance(part, tuple):
            return [part]
        return [
            (left, right, abs(spin(left) - spin(right)) + step)
            for left, right in product(trees(part[0]), trees(part[1]))
            for step in range(int(2 * min(spin(left), spin(right))) + 1)
        ]

    return [tree for tree in trees(shape) if spin(tree) == total]
