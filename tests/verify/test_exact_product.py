"""The exact products against quadrature-free laws, SymPy, and integers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reptheory.exact.gaunt import real_gaunt
from reptheory.verify.enclosure import Enclosure, added_up, rounded_up
from reptheory.verify.exact_product import Coupling, exact_products, gaunt_ratio, paths_to
from reptheory.verify.features import real_harmonics


def test_gaunt_is_the_pointwise_product() -> None:
    generator = np.random.default_rng(5)
    x, y = generator.normal(size=(4, 25)), generator.normal(size=(4, 25))
    z = exact_products(x, y, Coupling.to(4)).gaunt
    points = generator.normal(size=(50, 3))
    few, many = real_harmonics(points, 4), real_harmonics(points, 8)
    assert np.allclose(z[4].high @ many.T, (x @ few.T) * (y @ few.T), atol=1e-12)
    for degree in range(4):  # the product of operands that are cut at a lower degree
        size, out = (degree + 1) ** 2, (2 * degree + 1) ** 2
        cut = (x[:, :size] @ few[:, :size].T) * (y[:, :size] @ few[:, :size].T)
        assert np.allclose(z[degree].high @ many[:, :out].T, cut, atol=1e-12)


def test_full_product_keeps_norms_and_holds_the_cross_product() -> None:
    generator = np.random.default_rng(6)
    x, y = generator.normal(size=(5, 16)), generator.normal(size=(5, 16))
    w = exact_products(x, y, Coupling.to(3)).full.high
    norms = (x**2).sum(axis=1) * (y**2).sum(axis=1)
    assert np.allclose((w**2).sum(axis=1), norms, rtol=1e-13)
    path = next(path for path in paths_to(3) if (path.l1, path.l2, path.l3) == (1, 1, 1))
    order = [2, 0, 1]  # (y, z, x) to (x, y, z)
    cross = np.cross(x[:, 1:4][:, order], y[:, 1:4][:, order]) / np.sqrt(2)
    assert np.allclose(w[:, path.outputs][:, order], cross, atol=1e-14)


def test_one_coefficient_at_a_time_is_the_exact_one() -> None:
    unit = np.eye(9)
    pairs = [(i, j) for i in range(9) for j in range(9)]
    z = exact_products(unit[[i for i, _ in pairs]], unit[[j for _, j in pairs]], Coupling.to(2)).gaunt[2]
    labels = [(degree, m) for degree in range(5) for m in range(-degree, degree + 1)]
    for row, (i, j) in enumerate(pairs):
        for column, (l3, m3) in enumerate(labels):
            (l1, m1), (l2, m2) = labels[i], labels[j]
            exact = real_gaunt(l1, l2, l3, m1, m2, m3)
            assert abs(z.high[row, column] - float(exact)) < 1e-16
            assert bool(exact) == (z.high[row, column] != 0)


def test_ratio_vanishes_for_odd_paths_only() -> None:
    for path in paths_to(6):
        assert (gaunt_ratio(path.l1, path.l2, path.l3).sign == 0) == path.odd


def test_spread_bounds_the_product_of_magnitudes() -> None:
    coupling = Coupling.to(3)
    generator = np.random.default_rng(7)
    x, y = generator.uniform(size=(3, 16)), generator.uniform(size=(3, 16))
    exact = exact_products(x, y, coupling)
    signs = generator.choice([-1.0, 1.0], size=(3, 16))
    for gaunt in (False, True):
        spread = coupling.spread(x, y, gaunt=gaunt)
        for left in (x, signs * x):
            got = exact_products(left, y, coupling)
            assert (abs((got.gaunt[3] if gaunt else got.full).high) <= spread).all()
    flat = coupling.spread(x, y, gaunt=False)
    single = [path.outputs for path in coupling.paths if path.l1 == 0]
    for outputs in single:  # one coefficient, 1: the bound is the product itself
        assert np.allclose(flat[:, outputs], abs(exact.full.high[:, outputs]), rtol=1e-14)


def test_columns_pick_the_lower_product() -> None:
    generator = np.random.default_rng(8)
    x, y = generator.normal(size=(2, 16)), generator.normal(size=(2, 16))
    coupling = Coupling.to(3)
    low = exact_products(x[:, :4], y[:, :4], Coupling.to(1)).full
    assert np.array_equal(exact_products(x, y, coupling).full[:, coupling.columns(1)].high, low.high)


REALS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(REALS, REALS, REALS, st.floats(0, 1e300))
def test_error_is_never_too_small(z: float, high: float, low: float, radius: float) -> None:
    low = low if abs(low) <= abs(high) else 0.0
    enclosed = Enclosure(np.array([high]), np.array([low]), np.array([radius]))
    got = float(enclosed.error(np.array([z]))[0])
    true = abs(Fraction(z) - Fraction(high) - Fraction(low)) + Fraction(radius)
    assert Fraction(got) >= true
    assert Fraction(got) <= true * Fraction(1 + 1e-14) + Fraction(1e-320)


@given(st.lists(st.floats(0, 1e100), min_size=1, max_size=6))
def test_sums_are_never_too_small(terms: list[float]) -> None:
    total = added_up(*(np.array([term]) for term in terms))
    assert Fraction(float(total[0])) >= sum(map(Fraction, terms))
    running = np.array([0.0])
    for term in terms:
        running = running + term * 0.1
    up = rounded_up(running, len(terms) + 1)
    assert Fraction(float(up[0])) >= sum(Fraction(term) * Fraction(0.1) for term in terms)


def test_progress_reaches_its_end() -> None:
    seen: list[tuple[int, int]] = []
    coupling = Coupling.to(1, lambda done, total: seen.append((done, total)))
    exact_products(np.ones((1, 4)), np.ones((1, 4)), coupling, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == [*range(1, 7), *range(1, 7)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiny_outputs_stay_resolved(dtype: str) -> None:
    """Features that symmetry makes 1e-17 are multiplied beside ones of order 1 without losing digits."""
    x = np.full((1, 9), 1e-17, dtype=dtype)
    x[0, 0] = 1.0
    coupling = Coupling.to(2)
    z = exact_products(x, x, coupling)
    terms = coupling.spread(abs(x).astype("float64"), abs(x).astype("float64"), gaunt=False)
    assert (z.full.radius <= 2.0**-100 * terms).all()
