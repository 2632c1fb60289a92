"""Gaunt coefficients: every complex and real one with l <= 4 is SymPy's, random ones beyond; two 3j."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from oracle import random_labels, same
from strategies import degrees
from sympy.physics.wigner import gaunt as sympy_gaunt
from sympy.physics.wigner import real_gaunt as sympy_real_gaunt

from reptheory.errors import LabelError
from reptheory.exact.gaunt import gaunt, gaunt_array, real_gaunt
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j

HARMONICS = [(degree, m) for degree in range(5) for m in range(-degree, degree + 1)]


def even_labels(count: int, most: int, seed: int) -> list[tuple[int, ...]]:
    """Draw integer labels of symbols with l1 + l2 + l3 even, every l at most `most`."""
    labels: list[tuple[int, ...]] = []
    for label in random_labels(40 * count, 2 * most, seed):
        whole = tuple(value // 2 for value in label)
        if not any(value % 2 for value in label) and sum(whole[:3]) % 2 == 0:
            labels.append(whole)
    assert len(labels) >= count
    return labels[:count]


def test_every_complex_coefficient_with_l_up_to_4_is_sympys() -> None:
    nonzero = 0
    for (l1, m1), (l2, m2), (l3, m3) in product(HARMONICS, repeat=3):
        value = gaunt(l1, l2, l3, m1, m2, m3)
        nonzero += bool(value)
        assert same(value, sympy_gaunt(l1, l2, l3, m1, m2, m3)), (l1, l2, l3, m1, m2, m3)
    assert nonzero > 700


def test_every_real_coefficient_with_l_up_to_4_is_sympys() -> None:
    # SymPy is asked once for each unordered triple of harmonics; its value does not depend on their order.
    for first, second, third in product(range(len(HARMONICS)), repeat=3):
        (l1, m1), (l2, m2), (l3, m3) = (HARMONICS[place] for place in (first, second, third))
        value = real_gaunt(l1, l2, l3, m1, m2, m3)
        if first <= second <= third:
            assert same(value, sympy_real_gaunt(l1, l2, l3, m1, m2, m3)), (l1, l2, l3, m1, m2, m3)
        (k1, n1), (k2, n2), (k3, n3) = (HARMONICS[place] for place in sorted((first, second, third)))
        assert value == real_gaunt(k1, k2, k3, n1, n2, n3)


def test_random_complex_coefficients_up_to_60_are_sympys() -> None:
    for label in even_labels(600, 60, seed=7):
        assert same(gaunt(*label), sympy_gaunt(*label)), label


@pytest.mark.parametrize(
    ("count", "most"),
    [(100, 12), pytest.param(100, 60, marks=pytest.mark.slow)],  # SymPy: 1.5 s each at 60
)
def test_random_real_coefficients_are_sympys(count: int, most: int) -> None:
    draw = random.Random(11)
    for l1, l2, l3, m1, m2, _ in even_labels(count, most, seed=9):
        m3 = draw.choice([1, -1]) * (m1 + m2)
        assert same(real_gaunt(l1, l2, l3, m1, m2, m3), sympy_real_gaunt(l1, l2, l3, m1, m2, m3))


@given(degrees(5), degrees(5), degrees(5))
def test_arrays_hold_every_coefficient(l1: int, l2: int, l3: int) -> None:
    real, complex_ = gaunt_array(l1, l2, l3, basis="real"), gaunt_array(l1, l2, l3)
    for index in product(range(2 * l1 + 1), range(2 * l2 + 1), range(2 * l3 + 1)):
        ms = index[0] - l1, index[1] - l2, index[2] - l3
        assert real[index] == real_gaunt(l1, l2, l3, *ms)
        assert complex_[index] == gaunt(l1, l2, l3, *ms)


@given(degrees(6), degrees(6), degrees(12))
def test_is_the_product_of_two_3j_symbols(l1: int, l2: int, l3: int) -> None:
    weight = Surd.sqrt(Fraction((2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1), 4), pi_power=-1)
    parity = wigner_3j(l1, l2, l3, 0, 0, 0)
    for m1, m2 in product(range(-l1, l1 + 1), range(-l2, l2 + 1)):
        if abs(m1 + m2) <= l3:
            expected = weight * parity * wigner_3j(l1, l2, l3, m1, m2, -m1 - m2)
            assert gaunt(l1, l2, l3, m1, m2, -m1 - m2) == expected


def test_real_coefficients_are_integrals_of_cartesian_harmonics() -> None:
    # S_1 = sqrt(3/4pi) (y, z, x), S_2 = sqrt(15/4pi) (xy, yz, .., xz, (x^2 - y^2)/2): y * x -> xy etc.
    value = Surd.sqrt(Fraction(3, 20), pi_power=-1)
    assert real_gaunt(1, 1, 2, -1, 1, -2) == value
    assert real_gaunt(1, 1, 2, -1, 0, -1) == value
    assert real_gaunt(1, 1, 2, 0, 1, 1) == value
    assert real_gaunt(1, 1, 2, 1, 1, 2) == value
    assert real_gaunt(1, 1, 2, -1, -1, 2) == -value


def test_a_float_array_is_ready_for_use() -> None:
    array = gaunt_array(1, 2, 3, "real").to_numpy(np.float32)
    assert (array.dtype, array.shape) == (np.float32, (3, 5, 7))


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ((0.5, 1, 1, 0, 0, 0), "l1"),
        ((1, 1, -2, 0, 0, 0), "l3"),
        ((1, 1, 2, 0, 2, 0), "m2"),
        ((1, 1, 0, 0, 0, 1), "m3"),
    ],
)
def test_an_impossible_label_is_named(labels: tuple[object, ...], name: str) -> None:
    for function in (gaunt, real_gaunt):
        with pytest.raises(LabelError, match=rf"^{name}: "):
            function(*labels)
