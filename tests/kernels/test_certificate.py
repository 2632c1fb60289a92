"""Exact maps in double-double: products are exact, errors hold and are tight, against fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.kernels.double_double import product_error
from reptheory.kernels.double_plain import exact_fused
from reptheory.operations.exact_maps import ExactMap, Pairs, adding, constant, exact, joined, pulled

Array = Any
FLOATS = st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100)


@settings(max_examples=200)
@given(FLOATS, FLOATS)
def test_product_error_is_exact(a: float, b: float) -> None:
    """Both the fused form and its twin for NUMBA_DISABLE_JIT."""
    exact = Fraction(a) * Fraction(b)
    for form in (product_error, exact_fused):
        assert Fraction(a * b) + Fraction(form(a, b, -(a * b))) == exact


def run(values: Array, low: Array, x: Array, y: Array) -> Array:
    """Multiply in pairs: output 0 is the sum of values[t] x[0] y[t], output 1 has no terms."""
    terms = len(values)
    places = np.zeros(terms, int), np.arange(terms), np.zeros(terms, int)
    return ExactMap((1, terms, 2), places, values, low)(Pairs(x), Pairs(y)).values


def fractions(pairs: Array) -> list[list[tuple[Fraction, Fraction]]]:
    """Return what stands for each number, (dim, samples), and its error."""
    high, low, error = (part.tolist() for part in pairs)
    return [
        [(Fraction(a) + Fraction(b), Fraction(c)) for a, b, c in zip(*row, strict=True)]
        for row in zip(high, low, error, strict=True)
    ]


def pairs(rng: Any, dim: int, spread: int, known: bool) -> Array:
    """Draw (3, dim, 3 samples) of every size, each within half an ulp of its high word."""
    values = np.zeros((3, dim, 3))
    values[0] = rng.standard_normal((dim, 3)) * 10.0 ** rng.uniform(-spread, spread, (dim, 3))
    values[1] = np.abs(values[0]) * rng.uniform(-1, 1, (dim, 3)) * 2.0**-54
    if not known:
        values[2] = np.abs(values[0]) * 2.0 ** rng.uniform(-110, -20, (dim, 3))
    return values


@settings(max_examples=100)
@given(st.integers(1, 17), st.integers(0, 2**32), st.sampled_from([0, 1, 30, 140]), st.booleans())
def test_error_holds_under_cancellation(terms: int, seed: int, spread: int, known: bool) -> None:
    """Coefficients high + low are taken as exact; terms of every size, and pairs that cancel to nothing.

    Operands are anywhere within their errors: at both ends of them the result is within its own.
    """
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(terms)
    low = values * rng.uniform(-1, 1, terms) * 2.0**-54
    x, y = pairs(rng, 1, spread, known), pairs(rng, terms, spread, known)
    if terms > 1:
        y[:2, -1, 1] = -y[:2, 0, 1] * values[0] / values[-1]
    z = run(values, low, x, y)
    assert (z[:, 1] == 0).all(), "outputs without terms are exactly 0"
    coefficients = [Fraction(c) + Fraction(r) for c, r in zip(values.tolist(), low.tolist(), strict=True)]
    left, right, found = fractions(x), fractions(y), fractions(z)
    unit = Fraction(1, 2**53)
    for n in range(3):
        claim, error = found[0][n]
        assert abs(Fraction(float(z[1, 0, n]))) <= unit * abs(Fraction(float(z[0, 0, n])))
        for side in (-1, 0, 1):
            a = left[0][n][0] + side * left[0][n][1]
            rows = [right[t][n][0] + side * right[t][n][1] for t in range(terms)]
            exact = sum(c * a * b for c, b in zip(coefficients, rows, strict=True))
            assert abs(claim - exact) <= error
        size = sum(abs(c * left[0][n][0] * row[n][0]) for c, row in zip(coefficients, right, strict=True))
        carried = sum(
            abs(c) * (abs(left[0][n][0]) * row[n][1] + left[0][n][1] * (abs(row[n][0]) + row[n][1]))
            for c, row in zip(coefficients, right, strict=True)
        )
        lost = (2 * terms**2 + 10 * terms + 33) * unit**2 * size + 128 * terms * Fraction(5e-324)
        assert error <= (carried + lost) * (1 + 16 * (terms + 9) * unit)


def test_differences_are_bounded_and_close() -> None:
    """|z - exact| is at most the bound, which exceeds it by next to nothing."""
    rng = np.random.default_rng(5)
    values, low = rng.standard_normal(9), np.zeros(9)
    x, y = pairs(rng, 1, 0, True), pairs(rng, 9, 0, True)
    found = Pairs(run(values, low, x, y)[:, :1])
    z = (x[0] * y[0] * values[:, None]).sum(axis=0)[:, None]
    bound = found.off(z)
    for n in range(3):
        error = abs(Fraction(float(z[n, 0])) - fractions(found.values)[0][n][0])
        assert error <= Fraction(float(bound[n, 0])) <= error * (1 + Fraction(1, 2**40)) + Fraction(1e-28)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_is_not_bounded(value: float) -> None:
    x, y = exact(np.array([[value], [1.0]])), exact(np.full((2, 3), 1e200))
    product = ExactMap((1, 3, 1), (np.zeros(3), np.arange(3), np.zeros(3)))(x, y)
    assert np.isinf(product.off(np.zeros((2, 1)))).tolist() == [[True], [False]]
    assert np.isinf(product.off(np.full((2, 1), np.nan))).all()


def test_coefficients_whose_second_word_may_be_lost_certify_nothing() -> None:
    one = exact(np.ones((1, 1)))
    tiny = ExactMap((1, 1, 1), np.zeros((3, 1), int), np.array([1e-280]), np.zeros(1))
    assert np.isinf(tiny(one, one).off(np.zeros((1, 1)))).all()


def test_gradients_of_a_chain_are_those_of_its_polynomial() -> None:
    """(a b + a) a b: a number that is used several times gets the sum of its gradients."""
    a, b = exact(np.array([[3.0]])), exact(np.array([[5.0]]))
    times = ExactMap((1, 1, 1), np.zeros((3, 1), int))
    product = times(a, b)
    total = adding(2, 1)(joined([product, a]), constant(a))
    to_a, to_b = pulled(times(total, product), exact(np.array([[1.0]])), [a, b])
    assert to_a[0, 0, 0] == 2 * 3 * 25 + 2 * 3 * 5
    assert to_b[0, 0, 0] == 2 * 9 * 5 + 9
    assert 0 < to_a[2, 0, 0] < 1e-26
