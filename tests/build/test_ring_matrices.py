"""Ring matrices: every entry the nearest float to its exact value, by mpmath at 60 digits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from reptheory.build import ring_matrices
from reptheory.build.ring_matrices import circle_matrices, fourier_stages, legendre_stages
from reptheory.errors import TooLarge
from reptheory.exact.rounding import FORMATS

DIGITS = 60
DTYPES = ("float32", "float64")


@pytest.fixture(autouse=True)
def digits() -> Iterator[None]:
    with mpmath.workdps(DIGITS):
        yield


def nearest(value: Any, dtype: str) -> float:
    """Round to nearest even once; none of the values here is subnormal."""
    if abs(value) < mpf(10) ** -40:
        return 0.0
    with mpmath.workprec(24 if dtype == "float32" else 53):
        return float(+mpf(value))


@cache
def nodes(pairs: int) -> tuple[tuple[Any, Any], ...]:
    """Return the positive Gauss-Legendre nodes, largest first, and their weights."""
    with mpmath.workdps(DIGITS + 10):
        count, found = 2 * pairs, []
        for guess in sorted(np.polynomial.legendre.leggauss(count)[0])[: pairs - 1 : -1]:
            node = mp.findroot(lambda t: mp.legendre(count, t), mpf(float(guess)))
            slope = count * mp.legendre(count - 1, node) / (1 - node * node)
            found.append((node, 2 / ((1 - node * node) * slope**2)))
        return tuple(found)


@cache
def theta_function(degree: int, m: int, theta: Any) -> Any:
    """Theta_lm of the real harmonics, without the Condon-Shortley phase: sqrt(2) for m > 0."""
    with mpmath.workdps(DIGITS):
        value = mp.spherharm(degree, m, theta, 0).real
        return (-1) ** m * value * (mp.sqrt(2) if m else 1)


def classes(lmax: int) -> list[tuple[int, int]]:
    return [(m, parity) for m in range(lmax + 1) for parity in (0, 1)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("lmax", "pairs"), [(0, 1), (3, 2), (4, 2), (5, 4)])
def test_legendre_entries(lmax: int, pairs: int, dtype: str) -> None:
    """Also (4, 2), where P_4 vanishes on the four rings, and exact zeros must come out as zeros."""
    synthesis, analysis = legendre_stages(lmax, pairs, dtype), legendre_stages(lmax, pairs, dtype, 12)
    assert list(synthesis) == list(analysis) == classes(lmax)
    for (m, parity), (matrix,) in synthesis.items():
        (back,) = analysis[m, parity]
        degrees = range(m + parity, lmax + 1, 2)
        assert matrix.dtype == back.dtype == dtype
        assert matrix.shape == back.T.shape == (pairs, len(degrees))
        for i, (node, weight) in enumerate(nodes(pairs)):
            for k, degree in enumerate(degrees):
                exact = theta_function(degree, m, mp.acos(node))
                assert matrix[i, k] == nearest(exact, dtype)
                assert back[k, i] == nearest(exact * weight * 2 * mp.pi / 12, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("lmax", "quadrant"), [(0, 1), (1, 3), (4, 4), (5, 2)])
def test_circle_entries(lmax: int, quadrant: int, dtype: str) -> None:
    """Order: the comprehension that would generate it."""
    orders = [(m, 0) for m in (0, 1)], [(m, 1) for m in (2, 1)]
    kinds = [(range(first, lmax + 1, 2), sine) for group in orders for first, sine in group]
    angle = [(2 * k + 1) * mp.pi / (4 * quadrant) for k in range(quadrant)]

    def value(m: int, sine: int, k: int) -> Any:
        return mp.sin(m * angle[k]) if sine else mp.cos(m * angle[k])

    there = [value(m, sine, k) for ms, sine in kinds for k in range(quadrant) for m in ms]
    back = [value(m, sine, k) for ms, sine in kinds for m in ms for k in range(quadrant)]
    assert circle_matrices(lmax, quadrant, dtype).tolist() == [nearest(entry, dtype) for entry in there]
    assert circle_matrices(lmax, quadrant, dtype, inverse=True).tolist() == [nearest(e, dtype) for e in back]


def wave(m: int, u: int, theta: Any) -> Any:
    return mp.sin(u * theta) if m % 2 else mp.cos(u * theta)


def waves(m: int, parity: int, limit: int) -> list[int]:
    """The frequencies of a class: u = l mod 2, no sine at 0."""
    return [u for u in range(limit + 1) if (u - m - parity) % 2 == 0 and (u or m % 2 == 0)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_fourier_synthesis_entries(dtype: str) -> None:
    """Harmonic to waves by a discrete transform at 60 digits, waves to rings by definition."""
    lmax, pairs = 4, 3
    rings = [(2 * i + 1) * mp.pi / (4 * pairs) for i in range(pairs)]
    dense = [(2 * i + 1) * mp.pi / 24 for i in range(24)]
    for (m, parity), (first, second) in fourier_stages(lmax, pairs, dtype).items():
        frequencies, degrees = waves(m, parity, lmax), range(m + parity, lmax + 1, 2)
        assert first.shape == (len(frequencies), len(degrees))
        assert second.shape == (pairs, len(frequencies))
        for row, u in enumerate(frequencies):
            assert second[:, row].tolist() == [nearest(wave(m, u, theta), dtype) for theta in rings]
            for column, degree in enumerate(degrees):
                # over the whole circle Theta continues with the parity of its wave
                total = sum(wave(m, u, theta) * theta_function(degree, m, theta) for theta in dense[:12])
                coefficient = total * (2 if u else 1) / 12
                assert first[row, column] == nearest(coefficient, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_fourier_analysis_entries(dtype: str) -> None:
    """Waves to harmonics by integrals over the sphere, rings to waves with the factors of both transforms."""
    lmax, pairs, points, band = 3, 3, 12, 5
    rings = [(2 * i + 1) * mp.pi / (4 * pairs) for i in range(pairs)]
    for (m, parity), (first, last) in fourier_stages(lmax, pairs, dtype, points, band).items():
        frequencies, degrees = waves(m, parity, band), range(m + parity, lmax + 1, 2)
        assert first.shape == (len(frequencies), pairs)
        assert last.shape == (len(degrees), len(frequencies))
        for column, u in enumerate(frequencies):
            scale = mpf((2 if u else 1) * (2 if m else 1)) / (2 * pairs * points)
            assert first[column].tolist() == [nearest(wave(m, u, t) * scale, dtype) for t in rings]
            for row, degree in enumerate(degrees):
                around = mp.pi * (1 if m else 2)
                integral = mp.quad(
                    lambda t: wave(m, u, t) * mp.sin(t) * theta_function(degree, m, t),  # noqa: B023
                    [0, mp.pi],
                )
                assert last[row, column] == nearest(around * integral, dtype)


def test_rounding_of_dyadic_numbers() -> None:
    """Ties, subnormals and both formats, against NumPy's own conversion of exact doubles."""
    rng = np.random.default_rng(0)
    mantissas = [*rng.integers(-(2**53), 2**53, 300).tolist(), 3, -3, 2**24 + 1, 2**24 + 3, 2**25 - 1, 1, 0]
    for mantissa in mantissas:
        for exponent in (-200, -170, -152, -150, -149, -126, -30, 0, 40):
            value = np.ldexp(float(mantissa), exponent)
            rounded = ring_matrices._nearest((mantissa, exponent), FORMATS["float32"])
            assert rounded == float(np.float32(value))
            assert ring_matrices._nearest((mantissa, exponent), FORMATS["float64"]) == value
    assert ring_matrices._nearest((3, -1075), FORMATS["float64"]) == 2 * 5e-324
    assert ring_matrices._nearest((1, -1075), FORMATS["float64"]) == 0


def test_precision_grows_until_one_float_is_left() -> None:
    """A value 2^-300 above a tie needs more than the first precision; its neighbour rounds the other way."""
    from flint import arb, fmpq  # noqa: PLC0415

    tie, sliver = fmpq(2**53 + 1, 2**53), fmpq(1, 2**300)
    above, below = (
        ring_matrices._round_all(lambda move=move: [arb(tie) + arb(move) / 3], "float64")[0]
        for move in (sliver, -sliver)
    )
    assert (above, below) == (1 + 2.0**-52, 1.0)


def test_small_float32_entries_near_the_poles() -> None:
    """sin(theta)^m falls below float32's normal range: entries are subnormal or zero, never wrong."""
    lmax, pairs = 40, 40
    narrow, wide = legendre_stages(lmax, pairs, "float32"), legendre_stages(lmax, pairs, "float64")
    tiny = 0
    for key, (matrix,) in narrow.items():
        assert np.array_equal(matrix, wide[key][0].astype(np.float32)) or (
            np.abs(matrix - wide[key][0]).max() <= 2.0**-24 * np.abs(matrix).max()
        )
        tiny += int(((np.abs(wide[key][0]) < 2.0**-126) & (wide[key][0] != 0)).sum())
    assert tiny > 0


def test_too_large_is_refused_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring_matrices, "available_memory", lambda: 1000)
    for make in (
        lambda: legendre_stages(7, 3, "float64"),
        lambda: fourier_stages(7, 3, "float64"),
    ):
        with pytest.raises(TooLarge, match=r"degree 7 on 6 rings need .* GiB to make, .*; choose"):
            make()
