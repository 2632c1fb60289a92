"""3j symbols: all of SymPy's with j <= 4, random ones to j = 60, and the ways a label can be impossible."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from oracle import coupled, half, random_labels, same
from strategies import two_coupled, two_triples
from sympy.physics.wigner import wigner_3j as sympy_3j

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.square_grid import polynomial, wigner_3j_array
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import doubled_3j, wigner_3j

SMALL = 8
"""2j of the complete comparison: j <= 4."""


def test_every_allowed_symbol_with_j_up_to_4_is_sympys() -> None:
    labels = coupled(SMALL)
    assert len(labels) == 4451
    for label in labels:
        assert same(doubled_3j(*label), sympy_3j(*map(half, label))), label


def test_every_forbidden_symbol_with_j_up_to_4_is_zero() -> None:
    allowed, forbidden = set(coupled(SMALL)), 0
    states = [(j, m) for j in range(SMALL + 1) for m in range(-j, j + 1, 2)]
    for (a, x), (b, y), (c, z) in product(states, repeat=3):
        if (a, b, c, x, y, z) not in allowed:
            assert doubled_3j(a, b, c, x, y, z) == 0
            forbidden += 1
    assert forbidden == 45**3 - 4451


def test_random_symbols_up_to_60_are_sympys() -> None:
    for label in random_labels(1000, 120, seed=3):
        assert same(doubled_3j(*label), sympy_3j(*map(half, label))), label


@given(two_triples(14))
def test_the_array_holds_every_symbol(triple: tuple[int, int, int]) -> None:
    array = wigner_3j_array(*(Fraction(two_j, 2) for two_j in triple))
    assert array.shape == tuple(two_j + 1 for two_j in triple)
    for index in product(*(range(two_j + 1) for two_j in triple)):
        two_ms = [2 * place - two_j for place, two_j in zip(index, triple, strict=True)]
        assert array[index] == doubled_3j(*triple, *two_ms)


def test_a_forbidden_triple_has_an_empty_array() -> None:
    for spins in [(1, 1, 3), (1, 1, 0.5), (0, 0, 1)]:
        assert wigner_3j_array(*spins).nnz == 0


@given(two_triples(40))
def test_the_polynomial_is_its_definition(triple: tuple[int, int, int]) -> None:
    a, b, c = (sum(triple) // 2 - triple[2], sum(triple) // 2 - triple[0], sum(triple) // 2 - triple[1])
    table = polynomial(*triple)
    for p, q in {(0, 0), (triple[0], triple[1]), (a, a), (triple[0] // 2, triple[1] // 2), (c, b)}:
        terms = range(max(0, p - c, q - b), min(a, p, q) + 1)
        expected = sum((-1) ** k * math.comb(a, k) * math.comb(c, p - k) * math.comb(b, q - k) for k in terms)
        assert table[p, q] == expected
    assert abs(table).max() <= 2 ** (a + b + c)


def test_machine_integers_hold_just_where_they_must() -> None:
    last, beyond = polynomial(54, 54, 54), polynomial(56, 56, 56)
    assert (last.dtype, beyond.dtype) == (np.int64, object)
    assert 2**57 < abs(last).max() < 2**62
    assert polynomial(32, 32, 64).dtype == np.int64
    for two_j in (42, 44, 54, 56):
        j = two_j // 2
        assert wigner_3j_array(j, j, j)[j + 3, j - 5, j + 2] == wigner_3j(j, j, j, 3, -5, 2)


def test_large_spins() -> None:
    # 3j(l l 0; m -m 0) = (-1)^(l-m) / sqrt(2l+1), a closed form at any size
    assert wigner_3j(2000, 2000, 0, 7, -7, 0) == Surd.sqrt(Fraction(1, 4001), sign=-1)
    assert wigner_3j(10**5, 10**5, 0, 5, -5, 0) == Surd.sqrt(Fraction(1, 200001), sign=-1)
    # a sum of 2,001 terms of 6,000 bits against its parity
    assert wigner_3j(2000, 2000, 2001, 0, 0, 0) == 0
    value = wigner_3j(2000, 1999, 2001, 5, -7, 2)
    assert value == wigner_3j(1999, 2001, 2000, -7, 2, 5)
    assert 3e-4 < float(value) < 3.1e-4


@given(two_coupled(60))
def test_labels_are_taken_as_people_write_them(label: tuple[int, ...]) -> None:
    written = [Fraction(value, 2) for value in label]
    assert wigner_3j(*written) == wigner_3j(*map(float, written)) == wigner_3j(*map(half, label))
    assert wigner_3j(*written) == doubled_3j(*label)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ((1.3, 1, 1, 0, 0, 0), "j1"),
        ((1, -1, 1, 0, 0, 0), "j2"),
        ((1, 1, "1", 0, 0, 0), "j3"),
        ((1, 1, 1, 2, 0, 0), "m1"),
        ((1, 1, 1, 0, 0.5, 0), "m2"),
        ((1, 1, 1, 0, 0, None), "m3"),
        ((0.5, 1, 0.5, 0, 0, 0), "m1"),
        ((True, 1, 1, 0, 0, 0), "j1"),
        ((math.nan, 1, 1, 0, 0, 0), "j1"),
    ],
)
def test_an_impossible_label_is_named(labels: tuple[object, ...], name: str) -> None:
    with pytest.raises(LabelError, match=rf"^{name}: "):
        wigner_3j(*labels)


def test_sizes_beyond_any_memory_are_refused_at_once() -> None:
    assert wigner_3j(2**64, 1, 1, 0, 0, 0) == 0
    with pytest.raises(TooLarge, match="limit"):
        wigner_3j(2**64, 2**64, 0, 0, 0, 0)
    with pytest.raises(TooLarge, match="GiB"):
        wigner_3j_array(10**5, 10**5, 10**5)
