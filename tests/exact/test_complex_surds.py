"""Complex exact values: arithmetic as Python's complex numbers, equality and hash, arrays as NumPy's."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from reptheory.conventions import COMPLEX, REAL
from reptheory.errors import IncommensurableSurds, LabelError, OperandError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurd, ComplexSurdArray
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.rotation_matrices import rotation_matrix
from reptheory.exact.surd import Surd

PARTS = st.fractions(min_value=-5, max_value=5, max_denominator=6)


@st.composite
def values(draw: st.DrawFn) -> ComplexSurd:
    """(p + i q) sqrt(2)^n."""
    root = Surd.sqrt(draw(st.sampled_from([1, 2])))
    return ComplexSurd(root * draw(PARTS), root * draw(PARTS))


@given(values(), values())
def test_arithmetic(left: ComplexSurd, right: ComplexSurd) -> None:
    a, b = complex(left), complex(right)
    assert complex(left * right) == pytest.approx(a * b)
    assert complex(left.conjugate()) == a.conjugate()
    assert float(left.abs_square) == pytest.approx(abs(a) ** 2)
    assert left * right == right * left
    assert left - left == 0
    assert not left - left
    if right:
        assert left / right * right == left
        assert complex(left / right) == pytest.approx(a / b)
    try:
        assert complex(left + right) == pytest.approx(a + b)
    except IncommensurableSurds:
        assert left
        assert right


@given(values())
def test_equality_and_hash_are_those_of_the_number(value: ComplexSurd) -> None:
    if not value.imag:
        assert value == value.real
        assert hash(value) == hash(value.real)
        assert value.real - value == 0
    if not value.real:
        surd = value.imag * Surd.sqrt(-1)
        assert value == surd
        assert hash(value) == hash(surd)
    assert ComplexSurd.of(value) == value
    assert complex(sympy.N(value.to_sympy())) == pytest.approx(complex(value))
    ball = value.to_arb(80)
    assert ball.real.contains(flint.arb(0)) == (not value.real)
    assert abs(complex(ball) - complex(value)) < 1e-13


def test_forms() -> None:
    one, root = Surd.rational(1), Surd.sqrt(2)
    texts = {
        "0": ComplexSurd(Surd.rational(0)),
        "1 + i·√2": ComplexSurd(one, root),
        "√2 - i": ComplexSurd(root, -one),
        "-i·√2": ComplexSurd.of(Surd.sqrt(-2, sign=-1)),
    }
    assert [repr(value) for value in texts.values()] == list(texts)
    assert ComplexSurd(one, one) == 1 + 1j
    assert ComplexSurd(one, one) != 1
    assert ComplexSurd(Surd.rational(Fraction(1, 2))) == 0.5
    assert 2 - ComplexSurd(one, one) == ComplexSurd(one, -one)
    assert ComplexSurd(one) != "1"
    with pytest.raises(TypeError):
        ComplexSurd(one) + "1"
    with pytest.raises(TypeError):
        ComplexSurd(one) * 0.5
    with pytest.raises(ZeroDivisionError):
        ComplexSurd(one, one) / 0
    with pytest.raises(LabelError, match="real"):
        ComplexSurd(Surd.sqrt(-1))


def test_arrays() -> None:
    matrix = rotation_matrix(1.5, (1, 2, -3, 1))
    dense = matrix.to_numpy()
    assert matrix.shape == dense.shape == (4, 4)
    assert matrix.convention is COMPLEX
    assert np.array_equal(matrix.conjugate().to_numpy(), dense.conj())
    assert np.array_equal(matrix.transpose().to_numpy(), dense.T)
    assert np.allclose((matrix @ matrix).to_numpy(), dense @ dense)
    assert matrix.to_sympy()[1, 2] == matrix[1, 2].to_sympy()
    assert complex(matrix[3, 0]) == dense[3, 0]
    with pytest.raises(LabelError, match="one int per axis"):
        matrix[1]  # type: ignore[index]
    change = real_from_complex(2)
    both = ComplexSurdArray.of(change)
    assert np.array_equal(both.to_numpy(), change.to_numpy())
    assert ComplexSurdArray.of(both) == both
    with pytest.raises(LabelError, match="shape"):
        ComplexSurdArray(matrix.real, SurdArray.from_entries((1,), {}, COMPLEX))
    with pytest.raises(LabelError, match="real"):
        ComplexSurdArray(change, change)


def test_numpy_takes_the_rounded_values() -> None:
    part = SurdArray.from_entries((2,), {(1,): Surd.sqrt(2)}, REAL)
    array = ComplexSurdArray(part, part * 3)
    for dtype in (None, np.complex128):
        assert np.asarray(array, dtype=dtype).dtype == np.complex128
        assert np.array_equal(np.asarray(array, dtype=dtype), array.to_numpy())
    for other in (float, object, np.complex64):
        with pytest.raises(OperandError, match=r"^dtype: got '(float64|object|complex64)'"):
            np.asarray(array, dtype=other)
    with pytest.raises(ValueError, match=r"^copy: got False"):
        np.array(array, copy=False)
