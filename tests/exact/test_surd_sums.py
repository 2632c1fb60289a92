"""Sums of surds: arithmetic against SymPy, one form for one value, floats correctly rounded."""

import pickle
from dataclasses import FrozenInstanceError
from fractions import Fraction
from math import nextafter

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from reptheory import ComplexSurd, Surd, SurdSum
from reptheory.errors import LabelError, NotReal

ROOTS = st.builds(
    lambda top, bottom, square, pi, turns: Surd.scaled(Fraction(top, bottom), square, pi, turns),
    st.integers(-6, 6), st.integers(1, 6), st.integers(1, 12), st.integers(-1, 1), st.integers(0, 1),
)  # fmt: skip
SUMS = st.lists(ROOTS, max_size=4).map(lambda roots: SurdSum(*roots))


def same(value, expression):
    return sympy.expand(value.to_sympy() - expression) == 0


@given(SUMS, SUMS)
def test_arithmetic_is_sympys(left, right):
    assert same(left + right, left.to_sympy() + right.to_sympy())
    assert same(left - right, left.to_sympy() - right.to_sympy())
    assert same(left * right, left.to_sympy() * right.to_sympy())
    assert (left == right) == same(left, right.to_sympy())
    assert left + right == right + left
    assert left * right == right * left
    assert (left - right) + right == left
    assert not left - left
    assert hash(left + right) == hash(right + left)
    assert left.conjugate().conjugate() == left
    assert same(left.conjugate(), sympy.conjugate(left.to_sympy()))


@given(SUMS, ROOTS)
def test_division_by_a_surd_undoes_a_product(total, root):
    if root:
        assert (total * root) / root == total
    else:
        with pytest.raises(ZeroDivisionError):
            total / root


@given(st.lists(ROOTS.filter(lambda root: root.is_real), min_size=1, max_size=5))
def test_floats_are_the_nearest(roots):
    total = SurdSum(*roots)
    found, value = float(total), total.to_sympy()
    assert abs(sympy.N(value - sympy.Rational(found), 60, maxn=500)) <= min(
        abs(sympy.N(value - sympy.Rational(nextafter(found, end)), 60, maxn=500)) for end in (-1e300, 1e300)
    )
    assert complex(total * Surd.sqrt(-1)) == complex(0, found)


def test_cancellation_costs_precision_not_correctness():
    near = SurdSum.of(Surd.sqrt(10**40 + 1)) - 10**20  # 1 / (2 10^20) to 40 digits
    assert float(near) == 5e-21
    assert float(SurdSum()) == 0.0
    assert SurdSum().plain == SurdSum.of(0).plain == 0


def test_what_is_one_surd_says_so():
    total = SurdSum.of(Surd.sqrt(2)) + Surd.sqrt(3)
    assert total.plain is total
    assert (total - Surd.sqrt(3)).plain == Surd.sqrt(2)
    assert SurdSum.of(Surd.sqrt(2)) == Surd.sqrt(2)
    assert SurdSum.of(Fraction(1, 3)) == Fraction(1, 3)
    assert SurdSum.of(ComplexSurd(Surd.rational(1), Surd.sqrt(2))) == 1 + SurdSum.of(Surd.sqrt(-2))
    assert hash(SurdSum.of(3)) == hash(3)
    assert total != "text"
    assert repr(total) == "√2 + √3"


def test_sums_are_values():
    total = SurdSum.of(Surd.sqrt(2)) + 1
    assert pickle.loads(pickle.dumps(total)) == total
    with pytest.raises(FrozenInstanceError):
        total.terms = ()
    with pytest.raises(NotReal):
        float(total + Surd.sqrt(-1))
    with pytest.raises(TypeError):
        total + "text"
    with pytest.raises(LabelError):
        total.to_arb(0)
