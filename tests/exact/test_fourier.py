"""Fourier changes of basis: SciPy's harmonics, products of rotations, the exact way back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.special import sph_harm_y

from reptheory.conventions import COMPLEX, REAL, Basis
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.fourier import (
    fourier_from_harmonics,
    harmonics_from_fourier,
    theta_fourier,
    theta_projection,
)
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.surd import Surd
from reptheory.exact.wigner_d import wigner_d_pi_half

BASES: tuple[Basis, ...] = ("complex", "real")


def harmonics(lmax: int) -> list[tuple[int, int]]:
    return [(degree, m) for degree in range(lmax + 1) for m in range(-degree, degree + 1)]


def waves(array: SurdArray, row: int) -> dict[tuple[int, int], Surd]:
    """The nonzero coefficients of one harmonic by (u, v)."""
    middle = array.shape[1] // 2
    return {(u - middle, v - middle): value for (u, v), value in array[row].items()}


def sampled(lmax: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    theta, phi = np.random.default_rng(4).uniform(0, [[np.pi], [2 * np.pi]], (2, 60))
    values = np.array([sph_harm_y(degree, m, theta, phi) for degree, m in harmonics(lmax)])
    return theta, phi, values


@pytest.mark.parametrize("basis", BASES)
def test_the_fourier_form_is_scipys_harmonic_up_to_degree_20(basis: Basis) -> None:
    lmax = 20
    theta, phi, expected = sampled(lmax)
    if basis == "real":
        for degree in range(lmax + 1):
            rows = slice(degree * degree, (degree + 1) ** 2)
            expected[rows] = real_from_complex(degree).to_numpy(np.complex128) @ expected[rows]
    orders = np.arange(-lmax, lmax + 1)
    coefficients = fourier_from_harmonics(lmax, basis).to_numpy(np.complex128)
    values = np.einsum(
        "kuv,un,vn->kn",
        coefficients,
        np.exp(1j * np.outer(orders, theta)),
        np.exp(1j * np.outer(orders, phi)),
        optimize=True,
    )
    assert abs(values - expected).max() < 1e-13


def test_the_coefficients_are_products_of_rotations() -> None:
    # y_u = (-i)^m sqrt((2l+1)/(4 pi)) d^l_{u0}(pi/2) d^l_{um}(pi/2), exactly
    lmax = 5
    array = fourier_from_harmonics(lmax)
    for degree, m in harmonics(lmax):
        rotation = wigner_d_pi_half(degree)
        scale = Surd.scaled(1, Fraction(2 * degree + 1, 4), pi_power=-1, i_power=-m)
        expected = {
            (u, m): scale * rotation[u + degree, degree] * rotation[u + degree, m + degree]
            for u in range(-degree, degree + 1)
        }
        row = waves(array, degree * degree + degree + m)
        assert row == {place: value for place, value in expected.items() if value}


def test_accidental_zeros_are_left_out() -> None:
    array = fourier_from_harmonics(8)
    row = waves(array, 8 * 8 + 8 + 6)
    assert sorted(u for u, _ in row) == [-8, -6, -4, 0, 4, 6, 8]
    assert array.nnz == np.count_nonzero(array.to_numpy(np.complex128))


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize(("lmax", "band"), [(0, 0), (3, 3), (4, 6), (3, 2), (0, 5)])
def test_projection_undoes_expansion_exactly(basis: Basis, lmax: int, band: int) -> None:
    there, back = fourier_from_harmonics(band, basis), harmonics_from_fourier(lmax, band, basis)
    assert back.shape == ((lmax + 1) ** 2, 2 * band + 1, 2 * band + 1)
    shared = min(lmax, band)
    for place, (degree, _) in enumerate(harmonics(band)):
        function = waves(there, place)
        for row in range((shared + 1) ** 2):
            # only equal parities of u meet, so each sum is a multiple of one surd
            total = sum(
                (value * function[wave] for wave, value in waves(back, row).items() if wave in function),
                start=Surd.rational(0),
            )
            assert total == (1 if row == place and degree <= shared else 0)


def test_theta_functions_are_scipys() -> None:
    lmax = 20
    theta = np.linspace(0, np.pi, 41)
    array = theta_fourier(lmax)
    assert array.is_real
    assert array.convention is COMPLEX
    table, orders = array.to_numpy(), np.arange(lmax + 1)
    cosines, sines = np.cos(np.outer(orders, theta)), np.sin(np.outer(orders, theta))
    for degree, m in harmonics(lmax):
        values = table[degree * degree + degree + m] @ (sines if m % 2 else cosines)
        expected = sph_harm_y(degree, m, theta, 0).real if m >= 0 else 0
        assert abs(values - expected).max() < 1e-13


@pytest.mark.parametrize(("lmax", "band"), [(0, 0), (5, 5), (4, 7), (5, 3)])
def test_theta_projection_is_the_inverse_of_theta_fourier(lmax: int, band: int) -> None:
    there, back = theta_fourier(band), theta_projection(lmax, band)
    assert back.shape == ((lmax + 1) ** 2, band + 1)
    shared = min(lmax, band)
    for m in range(shared + 1):
        rows = [degree * degree + degree + m for degree in range(m, shared + 1)]
        for row in rows:
            for other in rows:
                pairs = zip(range(band + 1), range(band + 1), strict=True)
                terms = [back[row, u] * there[other, v] for u, v in pairs]
                assert sum(terms, start=Surd.rational(0)) == (1 if row == other else 0)
    assert all(row >= int(row**0.5) ** 2 + int(row**0.5) for (row, _), _ in back.items())


def test_theta_and_torus_agree() -> None:
    torus, theta = harmonics_from_fourier(4, 6), theta_projection(4, 6)
    minus_i = Surd.sqrt(-1, sign=-1)
    for (row, u), value in theta.items():
        degree = int(row**0.5)
        m = row - degree * degree - degree
        wave = torus[row, 6 + u, 6 + m]
        # u = 0 apart, cos and sin meet the waves u and -u alike
        assert value == (wave * minus_i if m % 2 else wave)


@pytest.mark.parametrize("basis", BASES)
def test_arrays_say_what_they_are(basis: Basis) -> None:
    there, back = fourier_from_harmonics(3, basis), harmonics_from_fourier(3, 5, basis)
    assert there.convention is back.convention is (REAL if basis == "real" else COMPLEX)
    assert (there.pi_power, back.pi_power) == (-1, 1)
    assert (there.shape, back.shape) == ((16, 7, 7), (16, 11, 11))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((-1,), "lmax"), ((2.5,), "lmax"), ((2, -1), "band_limit"), ((2, "3"), "band_limit")],
)
def test_impossible_arguments_are_named(arguments: tuple[object, ...], name: str) -> None:
    for function in (harmonics_from_fourier, theta_projection):
        with pytest.raises(LabelError, match=rf"^{name}: "):
            function(*arguments)
    with pytest.raises(LabelError, match=r"^basis: "):
        fourier_from_harmonics(1, "cartesian")  # type: ignore[arg-type]


def test_sizes_beyond_any_memory_are_refused_at_once() -> None:
    for function in (fourier_from_harmonics, harmonics_from_fourier, theta_fourier, theta_projection):
        with pytest.raises(TooLarge, match="GiB"):
            function(2000)
