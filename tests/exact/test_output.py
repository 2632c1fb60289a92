"""Output: SymPy, mpmath and LaTeX say the same number; the exact layer runs without loading them."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from oracle import precise_root

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.fourier import fourier_from_harmonics
from reptheory.exact.surd import Surd

SURDS = st.builds(
    Surd.scaled,
    st.fractions(max_denominator=30).filter(lambda q: abs(q) < 100),
    st.integers(1, 200),
    st.integers(-2, 2),
    st.integers(0, 3),
)


@given(SURDS)
def test_sympy_has_the_same_square_sign_and_value(surd: Surd) -> None:
    value = surd.to_sympy()
    square = sympy.expand(value**2)
    expected = surd.sign**2 * surd.radicand.numerator * (-1 if surd.i_power else 1)
    assert square == sympy.Rational(expected, surd.radicand.denominator) * sympy.pi**surd.pi_power
    assert complex(value) == pytest.approx(complex(surd), rel=1e-14)
    assert sympy.sympify(surd) == value


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6, max_denominator=10**6), st.integers(-2, 2))
def test_roots_are_written_as_sympy_writes_them(square: Fraction, pi_power: int) -> None:
    for sign in (1, -1):
        value = Surd.sqrt(square, sign, pi_power).to_sympy()
        ratio = sympy.Rational(square.numerator, square.denominator)
        expected = sign * sympy.sqrt(ratio) * sympy.pi ** sympy.Rational(pi_power, 2)
        assert value == expected
        assert value.args == expected.args
        assert not value.args or value.func(*value.args) == value


def test_sympy_forms() -> None:
    assert Surd.sqrt(Fraction(2, 15)).to_sympy() == sympy.sqrt(30) / 15
    assert Surd.rational(Fraction(-1, 2)).to_sympy() == sympy.Rational(-1, 2)
    assert Surd.sqrt(Fraction(5, 4), pi_power=-1).to_sympy() == sympy.sqrt(5 / sympy.pi) / 2
    assert Surd.sqrt(Fraction(1, 2), i_power=1).to_sympy() == sympy.I * sympy.sqrt(2) / 2
    assert Surd.sqrt(2) + sympy.sqrt(3) == sympy.sqrt(2) + sympy.sqrt(3)


@given(SURDS, st.integers(1, 200))
def test_mpmath_is_rounded_to_the_digits_asked_for(surd: Surd, dps: int) -> None:
    value = surd.to_mpmath(dps)
    part = value.imag if surd.i_power else value
    with mpmath.workdps(300):
        exact = surd.sign * precise_root(surd.radicand, surd.pi_power)
        reference = mpmath.mpf(exact.numerator) / exact.denominator
    with mpmath.workdps(dps):
        assert part == +reference
    if surd.i_power:
        assert value.real == 0


@pytest.mark.parametrize("bad", [0, -1, 2.5, "10", None])
def test_impossible_digits_are_refused(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^dps: "):
        Surd.sqrt(2).to_mpmath(bad)  # type: ignore[arg-type]


def test_latex() -> None:
    assert Surd.sqrt(Fraction(2, 15))._repr_latex_() == r"$\frac{\sqrt{30}}{15}$"
    assert Surd.sqrt(Fraction(1, 4), pi_power=-1)._repr_latex_() == r"$\frac{1}{2 \sqrt{\pi}}$"


def test_arrays_become_sympy_arrays() -> None:
    array = clebsch_gordan_array(1, 1, 2)
    symbolic = array.to_sympy()
    assert symbolic.shape == array.shape
    for index in np.ndindex(*array.shape):
        assert symbolic[index] == array[index].to_sympy()
    # Y_11 = -sqrt(3/(8 pi)) sin(theta) e^{i phi}: e^{-i theta} has -i/2 of sin(theta)'s -1
    symbol = -sympy.I * sympy.sqrt(6) / (8 * sympy.sqrt(sympy.pi))
    assert fourier_from_harmonics(1).to_sympy()[3, 0, 2] == symbol


def test_a_huge_array_is_not_handed_to_sympy() -> None:
    huge = SurdArray.from_entries((10**4, 10**4), {}, clebsch_gordan_array(0, 0, 0).convention)
    with pytest.raises(TooLarge, match="100000000 entries"):
        huge.to_sympy()


def test_the_exact_layer_does_not_load_sympy_or_mpmath() -> None:
    script = (
        "import sys\n"
        "from reptheory.exact import arrays, clebsch_gordan, fourier, gaunt, output, wigner_d\n"
        "float(gaunt.gaunt(2, 2, 2, 0, 0, 0)); fourier.fourier_from_harmonics(2).to_numpy()\n"
        "print([name for name in ('sympy', 'mpmath', 'numba', 'scipy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
