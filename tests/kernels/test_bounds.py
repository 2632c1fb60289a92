"""The constants of the bounds, against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from reptheory.kernels.bounds import gamma, norm, smallest, times, unit_roundoff, upward

DTYPES = [("float32", 24, -149), ("float64", 53, -1074)]


@pytest.mark.parametrize(("dtype", "bits", "least"), DTYPES)
def test_formats(dtype: str, bits: int, least: int) -> None:
    assert unit_roundoff(dtype) == 2.0**-bits
    assert smallest(dtype) == 2.0**least


@pytest.mark.parametrize(("dtype", "bits", "least"), DTYPES)
def test_gamma_is_rounded_upward_and_tight(dtype: str, bits: int, least: int) -> None:
    counts = np.array([0, 1, 2, 3, 10, 137, 5000, 10**6], dtype=np.int64)
    for count, value in zip(counts.tolist(), gamma(counts, dtype).tolist(), strict=True):
        product = count * Fraction(1, 2**bits)
        exact = product / (1 - product)
        assert exact <= Fraction(value) <= exact * (1 + Fraction(1, 2**46))
        assert value == gamma(count, dtype)


@pytest.mark.parametrize(("dtype", "bits", "least"), DTYPES)
def test_gamma_refuses_what_it_does_not_bound(dtype: str, bits: int, least: int) -> None:
    assert np.isfinite(gamma(2 ** (bits - 1) - 1, dtype))
    with pytest.raises(OverflowError, match="roundings"):
        gamma(2 ** (bits - 1), dtype)


def test_upward_undoes_the_worst_evaluation() -> None:
    """A sum that lost gamma_n is raised to at least the exact one."""
    rng = np.random.default_rng(0)
    for count in (1, 7, 1000):
        for exact in rng.uniform(1e-300, 1e300, 50).tolist():
            product = count * Fraction(1, 2**53)
            lost = Fraction(exact) * (1 - product / (1 - product))
            evaluated = float(lost)
            if Fraction(evaluated) < lost:
                evaluated = np.nextafter(evaluated, np.inf)
            assert Fraction(exact) <= Fraction(float(upward(np.array(evaluated), count)))


def test_upward_is_never_below_and_keeps_zero() -> None:
    sizes = np.array([0.0, 1.0, 1e-300, 1e300])
    raised = upward(sizes, np.array([0, 1, 5, 9]))
    assert raised[0] == 0
    assert (raised[1:] > sizes[1:]).all()


@pytest.mark.parametrize("exponent", [-1074, -1070, -600, 0, 600, 1020])
def test_norms_and_products_of_any_size_are_upper_bounds(exponent: int) -> None:
    """Against exact squares, in numbers whose squares are no floats."""
    rng = np.random.default_rng(abs(exponent))
    arrays = np.ldexp(rng.standard_normal((50, 9)), exponent)
    arrays[0] = 0
    found = norm(arrays)
    assert found[0] == 0
    for array, size in zip(arrays, found, strict=True):
        square = sum((Fraction(float(one)) ** 2 for one in array), Fraction(0))
        assert Fraction(float(size)) ** 2 >= square
        least = Fraction(float(size)) * (1 - Fraction(1, 2**38)) - 9 * Fraction(5e-324)
        assert least <= 0 or least**2 <= square
    products = times(found[:, None], np.array([0.0, 3e-300, 0.1, 7.0]))
    assert not products[0].any()
    assert not products[:, 0].any()
    for one, row in zip(found, np.minimum(products, np.finfo(float).max), strict=True):
        for other, product in zip([0.0, 3e-300, 0.1, 7.0], row, strict=True):
            exact = Fraction(float(one)) * Fraction(other)
            assert exact <= Fraction(float(product)) or product == np.finfo(float).max
    assert not np.isfinite(norm(np.array([1.0, np.inf]))).any()
    assert not np.isfinite(norm(np.array([1.0, np.nan]))).any()
