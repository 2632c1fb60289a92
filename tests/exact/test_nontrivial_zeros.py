"""Zeros that no selection rule or symmetry forces: exactly 0 here, as SymPy finds, as a closed rule predicts.

K. Srinivasa Rao and V. Rajeswari, Quantum Theory of Angular Momentum, 1993, list such zeros; DLMF 34.10.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import pytest
from oracle import half
from spin_networks import all_6j, triads_6j
from sympy.physics.wigner import wigner_3j as sympy_3j
from sympy.physics.wigner import wigner_6j as sympy_6j

from reptheory.exact.gaunt import gaunt
from reptheory.exact.square_grid import wigner_3j_array
from reptheory.exact.wigner3j import doubled_3j, wigner_3j
from reptheory.exact.wigner6j import doubled_6j, wigner_6j

Row = tuple[int, ...]
Square = tuple[Row, ...]
ORDERS = list(permutations(range(3)))

ZEROS_3J = [  # one for each set of 72 images with every spin at most 7, all spins and projections doubled
    (6, 6, 4, -4, 4, 0),
    (9, 8, 5, -7, 6, 1),
    (10, 10, 8, -8, 6, 2),
    (10, 10, 8, -6, 2, 4),
    (12, 10, 6, -10, 8, 2),
    (12, 12, 6, -10, 10, 0),
    (13, 12, 9, -9, 10, -1),
    (14, 14, 12, -12, 8, 4),
]
ZEROS_6J = [  # one for each set of 144 images with every spin at most 5
    (3, 3, 4, 4, 4, 3),
    (2, 4, 4, 6, 4, 4),
    (2, 3, 3, 7, 6, 6),
    (3, 5, 6, 7, 7, 6),
    (3, 4, 5, 9, 10, 9),
    (4, 6, 8, 8, 10, 8),
    (3, 7, 8, 10, 10, 9),
    (6, 6, 10, 9, 9, 7),
]


def square(label: Row) -> Square:
    """Return Regge's square of a 3j symbol."""
    total, pairs = sum(label[:3]), list(zip(label[:3], label[3:], strict=True))
    return (
        tuple((total - 2 * two_j) // 2 for two_j, _ in pairs),
        tuple((two_j - two_m) // 2 for two_j, two_m in pairs),
        tuple((two_j + two_m) // 2 for two_j, two_m in pairs),
    )


def images(rows: Square) -> set[Square]:
    moved = {tuple(tuple(rows[i][k] for k in other) for i in order) for order in ORDERS for other in ORDERS}
    return moved | {tuple(zip(*image, strict=True)) for image in moved}


def forced(rows: Square) -> bool:
    """Whether the symmetry of two equal lines makes an odd symbol 0."""
    alike = len({*rows}) < 3 or len({*zip(*rows, strict=True)}) < 3
    return alike and sum(rows[0]) % 2 == 1


def test_the_3j_zeros_up_to_7_are_these() -> None:
    wanted = {image for label in ZEROS_3J for image in images(square(label))}
    found = set()
    for a, b in product(range(15), repeat=2):
        for c in range(abs(a - b), min(a + b, a, b) + 1, 2):
            for x, y in product(range(-a, a + 1, 2), range(-b, b + 1, 2)):
                if abs(x + y) <= c and doubled_3j(a, b, c, x, y, -x - y) == 0:
                    rows = square((a, b, c, x, y, -x - y))
                    if not forced(rows):
                        found.add(rows)
    assert found
    assert found <= wanted
    assert all(images(square(label)) & found for label in ZEROS_3J)


@pytest.mark.parametrize("label", ZEROS_3J, ids=str)
def test_3j_zeros_are_sympys(label: Row) -> None:
    assert doubled_3j(*label) == 0
    assert sympy_3j(*map(half, label)) == 0
    places = [(two_m + two_j) // 2 for two_j, two_m in zip(label[:3], label[3:], strict=True)]
    block = wigner_3j_array(*(Fraction(two_j, 2) for two_j in label[:3]))
    assert block[tuple(places)] == block.to_numpy()[tuple(places)] == 0
    assert places not in block.indices.tolist()  # a zero is no entry


def test_zeros_with_a_smallest_entry_of_one() -> None:
    # two terms cancel if and only if the minor beside the entry 1 of Regge's square vanishes
    zeros = 0
    for total in range(2, 22):
        for b, d in product(range(total), repeat=2):
            for e in range(max(0, total - 1 - b - d), total - max(b, d) + 1):
                f, h, i = total - d - e, total - b - e, b + d + e + 1 - total
                middle, lower = (d, e, f), (total - 1 - d, h, i)
                spins = [low + high for low, high in zip(middle, lower, strict=True)]
                orders = [high - low for low, high in zip(middle, lower, strict=True)]
                assert square((*spins, *orders))[0][:2] == (1, b)
                vanishes = doubled_3j(*spins, *orders) == 0
                assert vanishes == (e * i == f * h)
                zeros += vanishes and not forced(square((*spins, *orders)))
    assert zeros > 50


def test_the_6j_zeros_up_to_5_are_these() -> None:
    def sums(label: Row) -> tuple[Row, Row]:
        a, b, c, d, e, f = label
        triads = sorted(sum(triad) for triad in triads_6j(label))
        return tuple(triads), tuple(sorted((a + b + d + e, b + c + e + f, a + c + d + f)))

    found = {sums(label) for label in all_6j(10) if doubled_6j(*label) == 0}
    assert found == {sums(label) for label in ZEROS_6J}  # the sums name a set of 144 images


@pytest.mark.parametrize("label", ZEROS_6J, ids=str)
def test_6j_zeros_are_sympys(label: Row) -> None:
    assert doubled_6j(*label) == 0
    assert sympy_6j(*map(half, label)) == 0


def test_zeros_with_a_reason() -> None:
    # The 14 operators of ranks 1 and 5 on the orbital l = 3 close to the Lie algebra of G2: [5, 5] has no
    # rank 3 (Racah, Phys. Rev. 76 (1949) 1352).
    assert wigner_6j(5, 5, 3, 3, 3, 3) == 0 != wigner_6j(5, 5, 1, 3, 3, 3)
    # The five operators of rank 2 on j = 3/2 are Dirac's matrices of SO(5): anticommutators are scalars.
    assert wigner_6j(2, 2, 2, 1.5, 1.5, 1.5) == 0 != wigner_6j(2, 2, 0, 1.5, 1.5, 1.5)
    # no Gaunt coefficient for a zero of either 3j symbol
    assert wigner_3j(3, 3, 2, -2, 2, 0) == 0 == gaunt(3, 3, 2, -2, 2, 0)
