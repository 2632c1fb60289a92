"""Clebsch-Gordan coefficients against SymPy, and the real basis against its definition."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from oracle import coupled, half, random_labels, same
from strategies import two_triples
from sympy.physics.wigner import clebsch_gordan as sympy_cg

from reptheory.conventions import COMPLEX, REAL
from reptheory.errors import LabelError
from reptheory.exact.clebsch_gordan import clebsch_gordan, clebsch_gordan_array
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.surd import Surd


def halves(label: tuple[int, ...]) -> list[Fraction]:
    return [Fraction(value, 2) for value in label]


def test_every_coefficient_with_j_up_to_2_is_sympys() -> None:
    for *spins, x, y, z in coupled(4):
        label = (*spins, x, y, -z)
        assert same(clebsch_gordan(*halves(label)), sympy_cg(*map(half, label))), label


def test_random_coefficients_up_to_60_are_sympys() -> None:
    for *spins, x, y, z in random_labels(400, 120, seed=5):
        label = (*spins, x, y, -z)
        assert same(clebsch_gordan(*halves(label)), sympy_cg(*map(half, label))), label


@given(two_triples(12))
def test_the_complex_array_holds_every_coefficient(triple: tuple[int, int, int]) -> None:
    array = clebsch_gordan_array(*halves(triple))
    assert array.convention is COMPLEX
    for index in product(*(range(two_j + 1) for two_j in triple)):
        two_ms = [2 * place - two_j for place, two_j in zip(index, triple, strict=True)]
        assert array[index] == clebsch_gordan(*halves(triple), *halves(tuple(two_ms)))


@pytest.mark.parametrize("degrees", [d for d in product(range(4), repeat=3) if d[2] <= d[0] + d[1]])
def test_the_real_array_is_the_complex_one_transformed(degrees: tuple[int, int, int]) -> None:
    u1, u2, u3 = (real_from_complex(degree) for degree in degrees)
    array = clebsch_gordan_array(*degrees)
    # axes after each step: (m1, m2, r3) -> (m1, r3, r2) -> (r3, r2, r1)
    array = array.contract(u3, ([2], [1]), REAL)
    array = array.contract(u2.conjugate(), ([1], [1])).contract(u1.conjugate(), ([0], [1]))
    phase = Surd.sqrt(-1, sign=-1) if sum(degrees) % 2 else Surd.rational(1)
    assert array.transpose() * phase == clebsch_gordan_array(*degrees, basis="real")


def test_one_with_one_to_one_is_the_cross_product() -> None:
    array = clebsch_gordan_array(1, 1, 1, basis="real").to_numpy() * np.sqrt(2)
    first, second = np.array([0.3, -1.2, 0.7]), np.array([2.0, 0.4, -0.1])  # in the order y, z, x
    coupled_vector = np.einsum("ijk,i,j->k", array, first, second)
    xyz = [2, 0, 1]
    assert np.allclose(coupled_vector[xyz], np.cross(first[xyz], second[xyz]), rtol=1e-14)


def test_one_with_one_to_zero_is_the_scalar_product() -> None:
    array = clebsch_gordan_array(1, 1, 0, basis="real")
    third = Surd.sqrt(Fraction(1, 3), sign=-1)
    assert dict(array.items()) == {(m, m, 0): third for m in range(3)}


def test_halves_have_no_real_basis() -> None:
    with pytest.raises(LabelError, match=r"^l1: "):
        clebsch_gordan_array(0.5, 0.5, 1, basis="real")
    with pytest.raises(LabelError, match=r"^basis: "):
        clebsch_gordan_array(1, 1, 1, basis="imaginary")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match=r"^j2: "):
        clebsch_gordan_array(1, -1, 1)
