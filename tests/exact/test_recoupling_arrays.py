"""Arrays of 6j and 9j symbols and recoupling matrices: every entry, orthogonality, and how they compose."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scalars import NEGATIVES, UNREADABLE, named
from spin_networks import labelled

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.recoupling import recoupling
from reptheory.exact.recoupling_arrays import recoupling_matrix, wigner_6j_array, wigner_9j_array
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import racah, wigner_6j
from reptheory.exact.wigner9j import wigner_9j

SPINS = st.integers(0, 5).map(lambda two_j: Fraction(two_j, 2))
HALF = Fraction(1, 2)


def between(*pairs: tuple[Fraction, Fraction]) -> list[Fraction]:
    """List the spins that couple with every pair."""
    if len({(a + b) % 1 for a, b in pairs}) > 1:
        return []
    low, high = max(abs(a - b) for a, b in pairs), min(a + b for a, b in pairs)
    return [low + step for step in range(int(high - low) + 1)] if low <= high else []


def is_orthogonal(matrix: SurdArray) -> bool:
    size = matrix.shape[0]
    one = {(k, k): Surd.rational(1) for k in range(size)}
    rows, columns = matrix.contract(matrix, ([1], [1])), matrix.contract(matrix, ([0], [0]))
    return matrix.shape == (size, size) and dict(rows.items()) == dict(columns.items()) == one


@given(SPINS, SPINS, SPINS, SPINS)
@settings(max_examples=60)
def test_6j_arrays(a: Fraction, b: Fraction, d: Fraction, e: Fraction) -> None:
    array = wigner_6j_array(a, b, d, e)
    thirds, sixths = between((a, b), (d, e)), between((a, e), (b, d))
    assert array.shape == (len(thirds), len(sixths))
    assert len(thirds) == len(sixths)
    for (row, c), (column, f) in product(enumerate(thirds), enumerate(sixths)):
        assert array[row, column] == wigner_6j(a, b, c, d, e, f)
    entries = {
        (row, column): value * Surd.sqrt((2 * thirds[row] + 1) * (2 * sixths[column] + 1))
        for (row, column), value in array.items()
    }
    assert is_orthogonal(SurdArray.from_entries(array.shape, entries, array.convention))


@given(SPINS, SPINS, SPINS, SPINS, st.integers(0, 6))
@settings(max_examples=30)
def test_9j_arrays(a: Fraction, b: Fraction, d: Fraction, e: Fraction, two_i: int) -> None:
    i = Fraction(two_i, 2)
    array = wigner_9j_array(a, b, d, e, i)
    axes = [between(pair) for pair in ((a, b), (d, e), (a, d), (b, e))]
    assert array.shape == tuple(map(len, axes))
    for index in list(product(*(range(len(axis)) for axis in axes)))[::7]:
        c, f, g, h = (axis[place] for axis, place in zip(axes, index, strict=True))
        assert array[index] == wigner_9j(a, b, c, d, e, f, g, h, i)
    rows, columns = (
        [
            (p, q)
            for (p, one), (q, other) in product(enumerate(left), enumerate(right))
            if i in between((one, other))
        ]
        for left, right in (axes[:2], axes[2:])
    )
    entries = {}
    for (row, (p, q)), (column, (r, s)) in product(enumerate(rows), enumerate(columns)):
        sizes = (2 * axes[0][p] + 1) * (2 * axes[1][q] + 1) * (2 * axes[2][r] + 1) * (2 * axes[3][s] + 1)
        entries[row, column] = array[p, q, r, s] * Surd.sqrt(sizes)
    matrix = SurdArray.from_entries((len(rows), len(columns)), entries, array.convention)
    assert is_orthogonal(matrix)


def leaves(*spins: object) -> list[Any]:
    return [(name, spin) for name, spin in zip("abcdef", spins, strict=False)]


@given(SPINS, SPINS, SPINS)
@settings(max_examples=30)
def test_three_spins_are_racahs(a: Fraction, b: Fraction, c: Fraction) -> None:
    first, second, third = leaves(a, b, c)
    for total in between((a + b, c)):
        found = recoupling_matrix([[first, second], third], [first, [second, third]], total)
        assert is_orthogonal(found.matrix)
        for (row, left), (column, right) in product(enumerate(found.rows), enumerate(found.columns)):
            e, f = left[0][2], right[1][2]
            expected = racah(a, b, total, c, e, f) * Surd.sqrt((2 * e + 1) * (2 * f + 1))
            assert found.matrix[row, column] == expected == recoupling(left, right)


def test_ls_and_jj_coupling() -> None:
    l1, s1, l2, s2 = (("l1", 1), ("s1", HALF), ("l2", 2), ("s2", HALF))
    found = recoupling_matrix([[l1, l2], [s1, s2]], [[l1, s1], [l2, s2]], 2)
    assert is_orthogonal(found.matrix)
    assert len(found.rows) == 4
    for (row, left), (column, right) in product(enumerate(found.rows), enumerate(found.columns)):
        (big_l, big_s), (j1, j2) = (left[0][2], left[1][2]), (right[0][2], right[1][2])
        sizes = (2 * big_l + 1) * (2 * big_s + 1) * (2 * j1 + 1) * (2 * j2 + 1)
        ninth = wigner_9j(1, 2, big_l, HALF, HALF, big_s, j1, j2, 2)
        assert found.matrix[row, column] == ninth * Surd.sqrt(sizes)


def test_matrices_compose_and_their_trees_are_all() -> None:
    a, b, c, d = leaves(1, HALF, 1, HALF)
    shapes: list[Any] = [[[[a, b], c], d], [[d, b], [a, c]], [c, [[b, d], a]]]
    for total in (0, 1, 2):
        one = recoupling_matrix(shapes[0], shapes[1], total)
        two = recoupling_matrix(shapes[1], shapes[2], total)
        both = recoupling_matrix(shapes[0], shapes[2], total)
        assert one.columns == two.rows
        assert one.matrix.contract(two.matrix, 1) == both.matrix
        for shape, trees in zip(shapes, (one.rows, two.rows, two.columns), strict=True):
            assert sorted(map(repr, trees)) == sorted(map(repr, labelled(shape, Fraction(total))))
    alone = recoupling_matrix(a, a, 1)
    assert (alone.rows, alone.matrix[0, 0]) == ((a,), 1)
    assert recoupling_matrix([a, b], [b, a], 3).matrix.shape == (0, 0)


@pytest.mark.parametrize("bad", named([*UNREADABLE, *NEGATIVES]))
def test_impossible_spins(bad: object) -> None:
    calls: list[tuple[Callable[..., object], list[str]]] = [
        (wigner_6j_array, ["j1", "j2", "j4", "j5"]),
        (wigner_9j_array, ["j1", "j2", "j4", "j5", "j9"]),
    ]
    for function, names in calls:
        for place, name in enumerate(names):
            labels: list[object] = [1] * len(names)
            labels[place] = bad
            with pytest.raises(LabelError, match=rf"^{name}: "):
                function(*labels)
    with pytest.raises(LabelError, match=r"^j: "):
        recoupling_matrix(("a", 1), ("a", 1), bad)
    with pytest.raises(LabelError, match=r"^shape2\[0\]\[1\]: "):
        recoupling_matrix([("a", 1), ("b", 1)], [("a", bad), ("b", 1)], 1)


@pytest.mark.parametrize("bad", [None, 1, "a", [], [("a", 1)], ("a",), (1, 1), [("a", 1)] * 2, {}, ["a", 1]])
def test_impossible_shapes(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^shape1"):
        recoupling_matrix(bad, ("a", 1), 1)
    for other in (("b", 1), ("a", 2), [("a", 1), ("b", 1)]):
        with pytest.raises(LabelError, match=r"^shape2: got other leaves"):
            recoupling_matrix(("a", 1), other, 1)


def test_sizes() -> None:
    with pytest.raises(TooLarge, match="GiB"):
        wigner_6j_array(10**5, 10**5, 10**5, 10**5)
    with pytest.raises(TooLarge, match="GiB"):
        wigner_9j_array(*[2**64] * 5)
    pair = [("a", 2**64), ("b", 2**64)]
    with pytest.raises(TooLarge, match="states"):
        recoupling_matrix(pair, pair, 1)
    deep: Any = ("a0", 0)
    for place in range(1, 130):
        deep = [deep, (f"a{place}", 0)]
    with pytest.raises(TooLarge, match="deeper"):
        recoupling_matrix(deep, deep, 0)
