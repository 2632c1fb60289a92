"""Angular momentum operators: commutators, Casimir, D as their exponential, SymPy's matrices, coupling."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
from hypothesis import given
from scalars import HALVES, NEGATIVES, UNREADABLE, named
from scipy.linalg import expm
from strategies import two_triples
from sympy.physics.quantum.constants import hbar
from sympy.physics.quantum.represent import represent
from sympy.physics.quantum.spin import Jminus, Jplus, Jx, Jy, Jz

from reptheory.conventions import COMPLEX, REAL, Basis
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.euler_angles import wigner_d_euler
from reptheory.exact.generators import generators
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.surd import Surd

SPINS: list[tuple[Basis, int]] = [
    *(("complex", two_j) for two_j in range(7)),
    *(("real", two_j) for two_j in (0, 2, 4, 6, 8)),
]


def summed(*arrays: SurdArray) -> dict[tuple[int, ...], Surd]:
    total: dict[tuple[int, ...], Surd] = {}
    for array in arrays:
        for index, value in array.items():
            total[index] = total.get(index, Surd.rational(0)) + value
    return {index: value for index, value in total.items() if value}


def commutator(a: SurdArray, b: SurdArray) -> dict[tuple[int, ...], Surd]:
    return summed(a.contract(b, 1), -b.contract(a, 1))


@pytest.mark.parametrize(("basis", "two_j"), SPINS)
def test_algebra(basis: Basis, two_j: int) -> None:
    j = Fraction(two_j, 2)
    ours, turn = generators(j, basis), Surd.sqrt(-1)
    for first, second, third in (
        (ours.x, ours.y, ours.z),
        (ours.y, ours.z, ours.x),
        (ours.z, ours.x, ours.y),
    ):
        assert commutator(first, second) == dict((third * turn).items())
    assert commutator(ours.plus, ours.minus) == dict((ours.z * 2).items())
    assert dict(ours.plus.items()) == summed(ours.x, ours.y * turn)
    assert dict(ours.minus.items()) == summed(ours.x, ours.y * -turn)
    casimir = summed(*(part.contract(part, 1) for part in (ours.x, ours.y, ours.z)))
    assert casimir == {(k, k): Surd.rational(j * (j + 1)) for k in range(two_j + 1) if two_j}
    for part in (ours.x, ours.y, ours.z):
        assert part.conjugate().transpose() == part
        assert part.convention is (COMPLEX if basis == "complex" else REAL)
        if basis == "real":
            assert dict(part.transpose().items()) == dict((-part).items())


@pytest.mark.parametrize("two_j", range(1, 5))
def test_are_sympys(two_j: int) -> None:
    ours, spin = generators(Fraction(two_j, 2)), sympy.Rational(two_j, 2)
    pairs = {Jx: ours.x, Jy: ours.y, Jz: ours.z, Jplus: ours.plus, Jminus: ours.minus}
    for theirs, array in pairs.items():
        expected = represent(theirs, basis=Jz, j=spin).subs(hbar, 1)
        for row, column in product(range(two_j + 1), repeat=2):  # SymPy's m descends
            entry = expected[two_j - row, two_j - column]
            assert sympy.simplify(entry - array[row, column].to_sympy()) == 0


@pytest.mark.parametrize("two_j", range(6))
def test_rotations_are_their_exponentials(two_j: int) -> None:
    ours, angles = generators(Fraction(two_j, 2)), (0.4, 1.3, -0.8)
    z, y = ours.z.to_numpy("complex128"), ours.y.to_numpy("complex128")
    expected = expm(-1j * angles[0] * z) @ expm(-1j * angles[1] * y) @ expm(-1j * angles[2] * z)
    assert np.abs(expected - wigner_d_euler(Fraction(two_j, 2))(*angles)).max() < 1e-14


def test_real_vectors_are_turned_about_the_axes() -> None:
    ours = generators(1, "real")
    order = [1, 2, 0]  # (x, y, z) to (y, z, x)
    for axis, operator in enumerate((ours.x, ours.y, ours.z)):
        unit = np.eye(3)[axis]
        cross = np.cross(np.eye(3), -unit).T  # columns unit x e_k
        assert np.array_equal((-1j * operator.to_numpy("complex128")), cross[np.ix_(order, order)])


@given(two_triples(6))
def test_coupling_intertwines(triple: tuple[int, int, int]) -> None:
    # <(J1 + J2) on both spins> = <J3 on the coupled one>, for J+, J- and Jz
    j1, j2, j3 = (Fraction(two_j, 2) for two_j in triple)
    coupling = clebsch_gordan_array(j1, j2, j3)
    one, two, three = generators(j1), generators(j2), generators(j3)
    for name in ("plus", "minus", "z", "x", "y"):
        first = getattr(one, name).contract(coupling, ([1], [0]))
        second = getattr(two, name).contract(coupling, ([1], [1])).transpose((1, 0, 2))
        assert summed(first, second) == dict(coupling.contract(getattr(three, name), 1).items())


def test_the_real_operators_are_the_complex_ones_turned() -> None:
    for degree in range(4):
        change = real_from_complex(degree)
        for name in ("x", "y", "z", "plus", "minus"):
            back = change.transpose().contract(getattr(generators(degree, "real"), name), 1)
            again = back.contract(change.conjugate(), 1)
            assert dict(again.items()) == dict(getattr(generators(degree), name).items())


@pytest.mark.parametrize("bad", named([*UNREADABLE, *NEGATIVES]))
def test_impossible_spins(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        generators(bad)
    with pytest.raises(LabelError, match=r"^j: "):
        generators(bad, "real")


def test_impossible_bases_and_sizes() -> None:
    for bad in HALVES:
        with pytest.raises(LabelError, match=r"^j: "):
            generators(bad, "real")
    with pytest.raises(LabelError, match=r"^basis: "):
        generators(1, "cubic")  # type: ignore[arg-type]
    with pytest.raises(TooLarge, match="limit is 100000"):
        generators(10**6)
