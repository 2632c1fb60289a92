"""The real basis (unitary: tests/laws): real-valued functions, the signs of x, y and z."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import sph_harm_y

from reptheory.conventions import REAL
from reptheory.errors import LabelError
from reptheory.exact.real_basis import real_from_complex, real_row


def test_carries_the_real_convention() -> None:
    assert real_from_complex(2).convention is REAL


@pytest.mark.parametrize("degree", range(5))
def test_makes_real_functions_without_the_condon_shortley_sign(degree: int) -> None:
    theta, phi = np.random.default_rng(1).uniform(0.1, 3.0, (2, 20))
    complex_harmonics = np.array([sph_harm_y(degree, m, theta, phi) for m in range(-degree, degree + 1)])
    harmonics = real_from_complex(degree).to_numpy(np.complex128) @ complex_harmonics
    assert abs(harmonics.imag).max() < 1e-15
    for m in range(1, degree + 1):
        amplitude = np.sqrt(2) * (-1) ** m * sph_harm_y(degree, m, theta, 0).real
        assert np.allclose(harmonics[degree + m], amplitude * np.cos(m * phi), atol=1e-14)
        assert np.allclose(harmonics[degree - m], amplitude * np.sin(m * phi), atol=1e-14)


def test_degree_one_is_y_z_x() -> None:
    theta, phi = 0.7, 1.9
    y, z, x = np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)
    complex_harmonics = np.array([sph_harm_y(1, m, theta, phi) for m in (-1, 0, 1)])
    harmonics = real_from_complex(1).to_numpy(np.complex128) @ complex_harmonics
    assert np.allclose(harmonics, np.sqrt(3 / (4 * np.pi)) * np.array([y, z, x]), atol=1e-15)


def test_rows_name_their_complex_orders_ascending() -> None:
    for m in range(-4, 5):
        orders = [order for order, _ in real_row(m)]
        assert orders == sorted({-abs(m), abs(m)})


@pytest.mark.parametrize("bad", [0.5, -1, "1", True])
def test_an_impossible_degree_is_named(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^l: "):
        real_from_complex(bad)
