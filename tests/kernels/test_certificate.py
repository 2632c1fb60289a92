"""The double-double evaluation: exact products, and a bound that holds and is tight, against fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.kernels.certificate import certify_coupling
from reptheory.kernels.double_double import product_error
from reptheory.kernels.double_plain import exact_fused
from reptheory.operations.coupling_plan import Pair, PathTerms, coupling_plan

Array = Any
FLOATS = st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100)


@settings(max_examples=200)
@given(FLOATS, FLOATS)
def test_product_error_is_exact(a: float, b: float) -> None:
    """Both the fused form and its twin for NUMBA_DISABLE_JIT."""
    exact = Fraction(a) * Fraction(b)
    for form in (product_error, exact_fused):
        assert Fraction(a * b) + Fraction(form(a, b, -(a * b))) == exact


def run(values: Array, low: Array, x: Array, y: Array, z: Array) -> Array:
    """Certify an inner product: output 0 is the sum of values[t] x[0] y[t], the others have no terms."""
    terms = len(values)
    degree = (terms - 1) // 2
    columns = np.array([[0, degree, degree, 0, m, -degree] for m in range(-degree, degree + 1)])
    plan = coupling_plan(
        [Pair(0, 0, 0, degree, ((degree, 0),))],
        PathTerms.of(columns),
        values,
        (1, terms, terms),
    )
    bound = np.full(z.shape, np.nan)
    certify_coupling(x, y, z, 0, len(z), plan, low, bound)
    return bound


@settings(max_examples=100)
@given(st.integers(0, 8), st.integers(0, 2**32), st.sampled_from([0, 1, 30, 140]))
def test_bound_holds_under_cancellation(degree: int, seed: int, spread: int) -> None:
    """Coefficients high + low are taken as exact; terms of every size, and pairs that cancel to nothing."""
    rng = np.random.default_rng(seed)
    terms = 2 * degree + 1
    values = rng.standard_normal(terms)
    low = values * rng.uniform(-1, 1, terms) * 2.0**-54
    x = rng.standard_normal((3, 1)) * 10.0 ** rng.uniform(-spread, spread, (3, 1))
    y = rng.standard_normal((3, terms)) * 10.0 ** rng.uniform(-spread, spread, (3, terms))
    if degree:
        y[1, -1] = -y[1, 0] * values[0] / values[-1]
    z = np.zeros((3, terms))
    z[:, 0] = (x * y) @ values
    bound = run(values, low, x, y, z)
    coefficients = [Fraction(c) + Fraction(r) for c, r in zip(values.tolist(), low.tolist(), strict=True)]
    for n in range(3):
        pairs = zip(coefficients, y[n].tolist(), strict=True)
        products = [c * Fraction(float(x[n, 0])) * Fraction(b) for c, b in pairs]
        error = abs(Fraction(float(z[n, 0])) - sum(products))
        size = sum(map(abs, products))
        unit = Fraction(1, 2**53)
        assert error <= Fraction(float(bound[n, 0]))
        allowed = error * (1 + 8 * unit) + 2 * (2 * terms**2 + 6 * terms + 20) * unit**2 * size
        assert Fraction(float(bound[n, 0])) <= allowed + 32 * terms * Fraction(5e-324)
        assert (bound[n, 1:] == 0).all(), "outputs without terms are exactly 0"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_is_not_bounded(value: float) -> None:
    x, y = np.array([[value], [1.0]]), np.full((2, 3), 1e200)
    z = np.zeros((2, 3))
    z[1, 0] = 3e200
    bound = run(np.ones(3), np.zeros(3), x, y, z)
    assert np.isinf(bound[0, 0])
    assert np.isfinite(bound[1, 0])
    z[1, 0] = np.nan
    assert np.isinf(run(np.ones(3), np.zeros(3), x, y, z)[1, 0])
