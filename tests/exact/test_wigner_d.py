"""d(pi/2): SymPy's values, orthogonality, its square is a reflection, large spins."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.physics.quantum.spin import Rotation

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.surd import Surd
from reptheory.exact.wigner_d import krawtchouk, wigner_d_pi_half


@pytest.mark.parametrize("two_j", range(6))
def test_is_sympys(two_j: int) -> None:
    j = sympy.Rational(two_j, 2)
    array = wigner_d_pi_half(Fraction(two_j, 2))
    for row in range(two_j + 1):
        for column in range(two_j + 1):
            expected = Rotation.d(j, row - j, column - j, sympy.pi / 2).doit()
            assert sympy.simplify(array[row, column].to_sympy() - expected) == 0


@pytest.mark.parametrize("two_j", [*range(9), 15])
def test_is_orthogonal_and_turns_twice_into_a_reflection(two_j: int) -> None:
    array = wigner_d_pi_half(Fraction(two_j, 2))
    one = Surd.rational(1)
    assert dict(array.contract(array, ([1], [1])).items()) == {(m, m): one for m in range(two_j + 1)}
    # d(pi)[m', m] = (-1)^(j-m) delta(m', -m)
    turned = {(two_j - m, m): one * (-1) ** (two_j - m) for m in range(two_j + 1)}
    assert dict(array.contract(array, 1).items()) == turned


@given(st.integers(0, 80), st.data())
def test_the_polynomials_are_their_definition(two_j: int, data: st.DataObject) -> None:
    n, k = data.draw(st.integers(0, two_j)), data.draw(st.integers(0, two_j))
    expected = sum((-1) ** i * comb(n, i) * comb(two_j - n, k - i) for i in range(min(n, k) + 1))
    assert krawtchouk(two_j)[n, k] == expected


@pytest.mark.parametrize("two_j", [61, 62, 120])
def test_machine_integers_hold_just_where_they_must(two_j: int) -> None:
    table = krawtchouk(two_j)
    assert (table.dtype == object) == (two_j > 61)
    assert sum(table[two_j].tolist()) == 0
    matrix = wigner_d_pi_half(Fraction(two_j, 2)).to_numpy()
    assert np.allclose(matrix @ matrix.T, np.eye(two_j + 1), atol=1e-13)


def test_impossible_spins() -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        wigner_d_pi_half(0.3)
    with pytest.raises(TooLarge, match="GiB"):
        wigner_d_pi_half(10**6)
