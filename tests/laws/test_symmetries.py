"""All symmetries of 3j symbols (72, as Regge squares) and of 6j symbols (144, as arrays of differences)."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from spin_networks import random_6j, triads_6j
from strategies import two_coupled

from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import doubled_3j
from reptheory.exact.wigner6j import doubled_6j

Row = tuple[int, ...]
Square = tuple[Row, Row, Row]
ORDERS = list(permutations(range(3)))


def odd(order: Row) -> bool:
    return sum(order[i] > order[j] for i in range(3) for j in range(i + 1, 3)) % 2 == 1


def square(label: Row) -> Square:
    """Return Regge's square: j2+j3-j1, .. above j1-m1, .. above j1+m1, ..; each line adds up to J."""
    spins, orders = label[:3], label[3:]
    total = sum(spins)
    return (
        tuple((total - 2 * two_j) // 2 for two_j in spins),
        tuple((two_j - two_m) // 2 for two_j, two_m in zip(spins, orders, strict=True)),
        tuple((two_j + two_m) // 2 for two_j, two_m in zip(spins, orders, strict=True)),
    )


def symbol(rows: Square) -> Surd:
    """Return the 3j symbol of a Regge square."""
    spins = [low + high for low, high in zip(rows[1], rows[2], strict=True)]
    orders = [high - low for low, high in zip(rows[1], rows[2], strict=True)]
    assert square((*spins, *orders)) == rows
    return doubled_3j(*spins, *orders)


@given(two_coupled(40))
@settings(max_examples=60)
def test_all_72_symmetries_of_3j_symbols(label: Row) -> None:
    rows, value = square(label), doubled_3j(*label)
    sign = -1 if sum(label[:3]) // 2 % 2 else 1
    images = set()
    for order, other in product(ORDERS, ORDERS):
        moved: Square = tuple(tuple(rows[i][k] for k in other) for i in order)  # type: ignore[assignment]
        turned: Square = tuple(zip(*moved, strict=True))  # type: ignore[assignment]
        expected = value if odd(order) == odd(other) else value * sign
        assert symbol(moved) == symbol(turned) == expected
        images |= {moved, turned}
    assert 72 % len(images) == 0


def test_a_symbol_without_equal_entries_has_72_images() -> None:
    label = (26, 31, 43, 4, -11, 7)
    rows = square(label)
    assert len({entry for row in rows for entry in row}) == 9
    images = {
        tuple(tuple(rows[i][k] for k in other) for i in order) for order, other in product(ORDERS, ORDERS)
    }
    images |= {tuple(zip(*image, strict=True)) for image in images}
    assert len(images) == 72
    assert {abs(symbol(image)) for image in images} == {abs(doubled_3j(*label))}  # type: ignore[arg-type]


@given(two_coupled(40))
@settings(max_examples=40)
def test_symmetries_of_clebsch_gordan_coefficients(label: Row) -> None:
    # <j1 m1 j2 m2|j m> = (-1)^(j1-m1) sqrt((2j+1)/(2j2+1)) <j1 m1 j -m|j2 -m2>  [Edmonds 1957, eq. 3.5.16]
    a, b, c, x, y, z = (Fraction(value, 2) for value in label)
    sign = -1 if (a - x) % 2 else 1
    scale = Surd.sqrt((2 * c + 1) / (2 * b + 1), sign)
    assert clebsch_gordan(a, b, c, x, y, -z) == clebsch_gordan(a, c, b, x, z, -y) * scale


def bargmann(label: Row) -> tuple[Row, Row]:
    """Return the doubled sums of the four triads and of the three pairs of columns."""
    a, b, c, d, e, f = label
    return tuple(sum(triad) for triad in triads_6j(label)), (a + b + d + e, b + c + e + f, a + c + d + f)


def from_bargmann(triads: Row, pairs: Row) -> Row:
    """Return the six doubled spins of four triads and three sums of columns, each in its order."""
    one, two, three, four = triads
    # a+b+c = one, a+e+f = two, d+b+f = three, d+e+c = four; a+d and the like from the sums of two columns
    total = sum(pairs) // 2
    ad, be, cf = total - pairs[1], total - pairs[2], total - pairs[0]
    a, b, c = (one + two - be - cf) // 2, (one + three - ad - cf) // 2, (one + four - ad - be) // 2
    return a, b, c, ad - a, be - b, cf - c


@pytest.mark.parametrize("label", random_6j(12, 40, seed=31), ids=str)
def test_all_144_symmetries_of_6j_symbols(label: Row) -> None:
    triads, pairs = bargmann(label)
    assert from_bargmann(triads, pairs) == label
    value, images = doubled_6j(*label), set()
    for order, other in product(permutations(triads), permutations(pairs)):
        moved = from_bargmann(order, other)
        images.add(moved)
        assert doubled_6j(*moved) == value
    assert 144 % len(images) == 0
    if len({*triads}) == 4 and len({*pairs}) == 3:
        assert len(images) == 144


def test_symmetries_of_large_symbols() -> None:
    draw = random.Random(5)
    for label in random_6j(3, 600, seed=32):
        triads, pairs = bargmann(label)
        for _ in range(4):
            moved = from_bargmann(tuple(draw.sample(triads, 4)), tuple(draw.sample(pairs, 3)))
            assert doubled_6j(*moved) == doubled_6j(*label)
    rows = square((900, 1000, 1100, 34, -76, 42))
    for order, other in draw.sample(list(product(ORDERS, ORDERS)), 6):
        moved_rows: Square = tuple(tuple(rows[i][k] for k in other) for i in order)  # type: ignore[assignment]
        assert symbol(moved_rows) == symbol(rows)  # J = 1500 is even
