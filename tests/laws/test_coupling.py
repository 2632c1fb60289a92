"""Laws of the coupling coefficients, exactly, in both bases: isometry, intertwining, symmetry, products."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given
from strategies import degrees, two_coupled

from reptheory.conventions import Basis, convention_of
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan, clebsch_gordan_array
from reptheory.exact.fourier import fourier_from_harmonics, harmonics_from_fourier
from reptheory.exact.gaunt import gaunt, gaunt_array, real_gaunt
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import doubled_3j
from reptheory.exact.wigner_d import wigner_d_pi_half

BASES: tuple[Basis, ...] = ("complex", "real")
ONE, ZERO = Surd.rational(1), Surd.rational(0)
SPINS = {"complex": list(product(range(6), repeat=2)), "real": list(product(range(0, 8, 2), repeat=2))}
PAIRS = [(basis, *pair) for basis in BASES for pair in SPINS[basis]]
TRIPLES = [
    (basis, *triple)
    for basis in BASES
    for triple in product(range(0, 7, 2 if basis == "real" else 1), repeat=3)
    if abs(triple[0] - triple[1]) <= triple[2] <= triple[0] + triple[1] and sum(triple) % 2 == 0
]


def coupling(basis: Basis, two_j1: int, two_j2: int, two_j3: int) -> SurdArray:
    return clebsch_gordan_array(Fraction(two_j1, 2), Fraction(two_j2, 2), Fraction(two_j3, 2), basis)


def identity(basis: Basis, size: int) -> SurdArray:
    entries: dict[tuple[int, ...], Surd] = {(m, m): ONE for m in range(size)}
    return SurdArray.from_entries((size, size), entries, convention_of(basis))


def in_basis(basis: Basis, matrix: SurdArray) -> SurdArray:
    """Take an operator on complex coefficients to the basis: conj(U) A U^T."""
    if basis == "complex":
        return matrix
    change = real_from_complex(matrix.shape[0] // 2)
    return change.conjugate().contract(matrix, 1, change.convention).contract(change, ([1], [1]))


def quarter_turn(basis: Basis, two_j: int) -> SurdArray:
    """The rotation by pi/2 about y."""
    return in_basis(basis, wigner_d_pi_half(Fraction(two_j, 2)))


def turning(basis: Basis, two_j: int) -> SurdArray:
    """The generator J_z of the rotations about z."""
    entries: dict[tuple[int, ...], Surd] = {
        (place, place): Surd.rational(Fraction(2 * place - two_j, 2)) for place in range(two_j + 1)
    }
    shape = (two_j + 1, two_j + 1)
    return in_basis(basis, SurdArray.from_entries(shape, entries, convention_of("complex")))


def added(left: SurdArray, right: SurdArray) -> SurdArray:
    entries = dict(left.items())
    for index, value in right.items():
        entries[index] = entries.get(index, ZERO) + value
    return SurdArray.from_entries(left.shape, entries, left.convention)


@pytest.mark.parametrize(("basis", "two_j1", "two_j2"), PAIRS)
def test_coupled_states_are_orthonormal(basis: Basis, two_j1: int, two_j2: int) -> None:
    totals = range(abs(two_j1 - two_j2), two_j1 + two_j2 + 1, 2)
    for two_j3, other in product(totals, repeat=2):
        overlap = coupling(basis, two_j1, two_j2, two_j3).contract(
            coupling(basis, two_j1, two_j2, other), ([0, 1], [0, 1])
        )
        if two_j3 == other:
            assert overlap == identity(basis, two_j3 + 1)
        else:
            assert overlap.nnz == 0


@pytest.mark.parametrize(("basis", "two_j1", "two_j2"), PAIRS)
def test_coupled_states_are_complete(basis: Basis, two_j1: int, two_j2: int) -> None:
    total: dict[tuple[int, ...], Surd] = defaultdict(lambda: ZERO)
    for two_j3 in range(abs(two_j1 - two_j2), two_j1 + two_j2 + 1, 2):
        array = coupling(basis, two_j1, two_j2, two_j3)
        for index, value in array.contract(array, ([2], [2])).items():
            total[index] += value
    states = product(range(two_j1 + 1), range(two_j2 + 1))
    assert {index: value for index, value in total.items() if value} == {
        state + state: ONE for state in states
    }


@pytest.mark.parametrize(("basis", "two_j1", "two_j2", "two_j3"), TRIPLES)
def test_coupling_intertwines_rotations(basis: Basis, two_j1: int, two_j2: int, two_j3: int) -> None:
    """Quarter turns about y and all turns about z generate every rotation."""
    array = coupling(basis, two_j1, two_j2, two_j3)
    turn1, turn2, turn3 = (quarter_turn(basis, two_j) for two_j in (two_j1, two_j2, two_j3))
    # axes: (m1, m2, m3) -> (m2, m3, n1) -> (m3, n1, n2) -> (n1, n2, m3)
    before = array.contract(turn1, ([0], [0])).contract(turn2, ([0], [0])).transpose((1, 2, 0))
    assert before == array.contract(turn3, ([2], [1]))
    first = array.contract(turning(basis, two_j1), ([0], [0])).transpose((2, 0, 1))
    second = array.contract(turning(basis, two_j2), ([1], [0])).transpose((0, 2, 1))
    assert added(first, second) == array.contract(turning(basis, two_j3), ([2], [1]))


@given(two_coupled(40))
def test_3j_symbols_under_permutations_and_reflection(label: tuple[int, ...]) -> None:
    spins, orders = label[:3], label[3:]
    value, sign = doubled_3j(*label), -1 if sum(spins) // 2 % 2 else 1
    assert doubled_3j(*spins, *(-order for order in orders)) == value * sign
    for order in permutations(range(3)):
        odd = sum(order[i] > order[j] for i in range(3) for j in range(i + 1, 3)) % 2
        turned = doubled_3j(*(spins[k] for k in order), *(orders[k] for k in order))
        assert turned == (value * sign if odd else value)


@given(two_coupled(40))
def test_regge_symmetry(label: tuple[int, ...]) -> None:
    # (j1, (j2+j3-m1)/2, (j2+j3+m1)/2; j3-j2, ...) [DLMF 34.3(ii)]; everything doubled
    a, b, c, x, y, z = label
    value = doubled_3j(*label)
    two_j2, two_j3 = (b + c - x) // 2, (b + c + x) // 2
    two_m2, two_m3 = (b - c + y - z) // 2, (b - c - y + z) // 2
    assert doubled_3j(a, two_j2, two_j3, c - b, two_m2, two_m3) == value


@given(two_coupled(24))
def test_clebsch_gordan_exchange(label: tuple[int, ...]) -> None:
    a, b, c, x, y, z = (Fraction(value, 2) for value in label)
    sign = -1 if (a + b - c) % 2 else 1
    assert clebsch_gordan(b, a, c, y, x, -z) == clebsch_gordan(a, b, c, x, y, -z) * sign
    assert clebsch_gordan(a, b, c, -x, -y, z) == clebsch_gordan(a, b, c, x, y, -z) * sign


@pytest.mark.parametrize("basis", BASES)
@given(l1=degrees(5), l2=degrees(5), l3=degrees(5))
def test_gaunt_is_symmetric_in_its_harmonics(basis: Basis, l1: int, l2: int, l3: int) -> None:
    array, labels = gaunt_array(l1, l2, l3, basis), (l1, l2, l3)
    for order in permutations(range(3)):
        assert gaunt_array(*(labels[k] for k in order), basis=basis) == array.transpose(order)


@pytest.mark.parametrize("degree", range(7))
def test_the_real_basis_is_unitary(degree: int) -> None:
    change = real_from_complex(degree)
    adjoint = change.conjugate().transpose()
    assert change.contract(adjoint, 1) == adjoint.contract(change, 1) == identity("real", 2 * degree + 1)


def harmonics(lmax: int) -> list[tuple[int, int]]:
    return [(degree, m) for degree in range(lmax + 1) for m in range(-degree, degree + 1)]


@pytest.mark.parametrize("basis", BASES)
def test_fourier_product_and_projection_is_gaunt(basis: Basis) -> None:
    lmax = 2
    there, back = fourier_from_harmonics(lmax, basis), harmonics_from_fourier(2 * lmax, basis=basis)
    functions = [dict(there[row].items()) for row in range((lmax + 1) ** 2)]
    projections = [dict(back[row].items()) for row in range((2 * lmax + 1) ** 2)]
    for (a, (l1, m1)), (b, (l2, m2)) in product(enumerate(harmonics(lmax)), repeat=2):
        # indices start at u = -lmax, so the sum of two indices is the index in the doubled band
        convolved: dict[tuple[int, ...], Surd] = defaultdict(lambda: ZERO)
        for ((u1, v1), left), ((u2, v2), right) in product(functions[a].items(), functions[b].items()):
            convolved[u1 + u2, v1 + v2] += left * right
        for (l3, m3), weights in zip(harmonics(2 * lmax), projections, strict=True):
            terms = (weight * convolved[wave] for wave, weight in weights.items() if wave in convolved)
            value = sum(terms, start=ZERO)
            if basis == "real":
                assert value == real_gaunt(l1, l2, l3, m1, m2, m3)
            else:
                assert value == gaunt(l1, l2, l3, m1, m2, -m3) * (-1 if m3 % 2 else 1)
