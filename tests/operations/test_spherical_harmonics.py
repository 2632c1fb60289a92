"""Harmonics of vectors as features: exact values, e3nn's, gradients, bounds."""

from __future__ import annotations

from fractions import Fraction
from math import pi
from typing import Any

import numpy as np
import pytest

from reptheory.build import size
from reptheory.build.convert import convert
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact.solid_harmonics import solid_harmonic
from reptheory.operations.sphere_points import PointExpansion
from reptheory.operations.spherical_harmonics import Normalization, SphericalHarmonics

Array = Any
SQUARES: dict[Normalization, tuple[float, int]] = {
    "integral": (1.0, 0),
    "component": (4 * pi, 0),
    "norm": (4 * pi, 1),
}
"""a, b of the squares a / (1 + 2 b l) of the factors."""
E3NN = [1.0, -0.6764814252025458, 0.22549380840084862, 1.5784566588059403, -1.3785194961077245,
        -0.1969313565868178, -1.061184802881256, 0.4595064987025748, 1.3128757105787854,
        -1.910782927723839, -0.4748275692030911, 0.579164122744582, -0.5020759905859049,
        -1.3513829530706911, 0.45221673257437256, 0.7107743257716697]  # fmt: skip
"""o3.spherical_harmonics of e3nn 0.6 in float64, l = 0..3, of (-0.3, 0.1, 0.7), "component"."""


def drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("normalization", SQUARES)
@pytest.mark.parametrize("point", [(2, 1, 2, 3), (-4, 0, 3, 5), (0, 0, -1, 1), (6, -2, 3, 7)])
def test_exact_values_of_rational_directions(normalization: Normalization, point: tuple[int, ...]) -> None:
    """Solid harmonics at the point of the unit sphere; vectors of whole numbers have exact directions."""
    *vector, length = point
    z, bound = SphericalHarmonics(6, normalization)(vector, with_bound=True)
    top, slope = SQUARES[normalization]
    for degree in range(7):
        scale = np.sqrt(top / (1 + 2 * slope * degree))
        for m in range(-degree, degree + 1):
            at = solid_harmonic(degree, m, "real").at(*(Fraction(one, length) for one in vector))
            place, expected = degree * degree + degree + m, scale * complex(at).real
            assert abs(z[place] - expected) <= bound[place] + 2.0**-51 * abs(expected)
            assert bound[place] <= 1e-13 * scale


@pytest.mark.parametrize("normalization", SQUARES)
def test_the_bound_is_a_constant_of_degree_and_order(normalization: Normalization) -> None:
    """That of orthonormal harmonics, scaled; whatever the vector."""
    plain = SphericalHarmonics(5)(drawn(0, 3), with_bound=True)[1]
    vectors = drawn(1, 20, 3) * 10.0 ** drawn(2, 20, 1)
    bounds = SphericalHarmonics(5, normalization)(vectors, with_bound=True)[1]
    assert (bounds == bounds[0]).all()
    top, slope = SQUARES[normalization]
    degrees = np.repeat(np.arange(6), 2 * np.arange(6) + 1)
    first, second = SQUARES["integral"]
    ratio = np.sqrt(top / (1 + 2 * slope * degrees) / (first / (1 + 2 * second * degrees)))
    assert bounds[0] == pytest.approx(plain * ratio, rel=1e-12)


def test_numbers_of_e3nn() -> None:
    z = SphericalHarmonics(3, "component")([-0.3, 0.1, 0.7])
    assert convert(z, "real", "e3nn@0.6") == pytest.approx(E3NN, abs=1e-14)


@pytest.mark.parametrize("normalization", SQUARES)
def test_gradients_are_differences_along_the_sphere(normalization: Normalization) -> None:
    harmonics = SphericalHarmonics(4, normalization)
    vectors, grad = drawn(1, 5, 2, 3), drawn(2, 5, 2, 25)
    found, bound = harmonics.backward(vectors, grad, with_bound=True)
    assert found.shape == bound.shape == vectors.shape
    assert np.abs((found * vectors).sum(axis=-1)).max() < 1e-13
    direction, step = drawn(3, 5, 2, 3), 1e-6
    up, down = ((harmonics(vectors + sign * step * direction) * grad).sum() for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx((found * direction).sum(), rel=1e-7)


@pytest.mark.parametrize("normalization", SQUARES)
def test_bounds_of_float32_against_float64(normalization: Normalization) -> None:
    harmonics = SphericalHarmonics(5, normalization)
    narrow = drawn(4, 200, 3).astype(np.float32), drawn(5, 200, 36).astype(np.float32)
    wide = [one.astype(np.float64) for one in narrow]
    pairs = (
        (harmonics(narrow[0], with_bound=True), harmonics(wide[0], with_bound=True)),
        (harmonics.backward(*narrow, with_bound=True), harmonics.backward(*wide, with_bound=True)),
    )
    for (value, bound), (true, small) in pairs:
        assert value.dtype == np.float32
        assert (np.abs(value - true) <= bound + small).all()
        assert (small <= 1e-11 * (1 + np.abs(true).max())).all()
        assert bound.max() <= 1e-6 * (1 + np.abs(true).max())
        assert (bound >= 2.0**-26 * np.abs(true)).all()


def test_one_point_of_weight_one() -> None:
    vectors = drawn(6, 4, 3)
    expanded = PointExpansion(3)(vectors[:, None], np.ones((4, 1)))
    assert np.array_equal(SphericalHarmonics(3)(vectors), expanded)


def test_zero_vectors_and_bad_arguments() -> None:
    harmonics = SphericalHarmonics(2, "norm")
    assert harmonics(np.zeros((2, 3))).tolist() == [[1.0] + [0.0] * 8] * 2
    assert not harmonics.backward(np.zeros(3), np.ones(9)).any()
    z, bound = harmonics([np.inf, 0.0, 0.0], with_bound=True)
    assert np.isnan(z).all()
    assert np.isinf(bound).all()
    for vectors in (np.zeros(4), np.zeros((3, 2)), 1.0):
        with pytest.raises(OperandError, match="vectors"):
            harmonics(vectors)
    with pytest.raises(OperandError, match="grad"):
        harmonics.backward(np.zeros(3), np.zeros(8))
    with pytest.raises(LabelError, match="normalization: got '4pi'"):
        SphericalHarmonics(2, "4pi")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="lmax"):
        SphericalHarmonics(-1)


def test_harmonics_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "available_memory", lambda: 1 << 20)
    with pytest.raises(
        TooLarge, match=r"^lmax: harmonics up to 400 may need 1.29 MB of memory, but .*; choose"
    ):
        SphericalHarmonics(400)
