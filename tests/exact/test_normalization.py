"""Other normalisations and phases: definitions, SciPy's Legendre functions, arrays that know them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import assoc_legendre_p, lpmv, sph_harm_y
from strategies import degrees

from reptheory.conventions import COMPLEX, REAL, Basis, harmonic_convention
from reptheory.errors import ConventionMismatch, LabelError, TooLarge
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.fourier import fourier_from_harmonics, harmonics_from_fourier
from reptheory.exact.gaunt import gaunt, gaunt_array, real_gaunt
from reptheory.exact.gaunt_n import gaunt_n
from reptheory.exact.normalization import harmonic_factor
from reptheory.exact.polynomials import SurdPolynomial
from reptheory.exact.solid_harmonics import (
    harmonics_from_monomials,
    monomials_from_harmonics,
    solid_harmonic,
)
from reptheory.exact.surd import Surd

BASES: tuple[Basis, ...] = ("complex", "real")
WORDS = ("orthonormal", "4pi", "schmidt", "unnormalized")
PHASES = ("condon-shortley", "none")
FAMILIES = list(product(BASES, WORDS, PHASES))
FOUR_PI = Surd.scaled(4, 1, pi_power=2)


def harmonics(most: int) -> list[tuple[int, int]]:
    return [(degree, m) for degree in range(most + 1) for m in range(-degree, degree + 1)]


@pytest.mark.parametrize(("basis", "word", "phase"), FAMILIES)
def test_norms_are_the_definitions(basis: Basis, word: str, phase: str) -> None:
    for degree, m in harmonics(5):
        size = abs(m)
        expected = {
            "orthonormal": Surd.rational(1),
            "4pi": FOUR_PI,
            "schmidt": FOUR_PI / (2 * degree + 1),
            "unnormalized": FOUR_PI * Fraction(factorial(degree + size), factorial(degree - size))
            / ((2 * degree + 1) * (2 if size and basis == "real" else 1)),
        }[word]  # fmt: skip
        harmonic = solid_harmonic(degree, m, basis, normalization=word, phase=phase)
        assert (harmonic * harmonic.conjugate()).sphere_integral() == expected
        mirrored = solid_harmonic(degree, -m, basis, normalization=word, phase=phase)
        if basis == "complex":
            assert mirrored == harmonic.conjugate() * (-1) ** size


@pytest.mark.parametrize(("basis", "word", "phase"), FAMILIES)
def test_are_legendre_functions_times_waves(basis: Basis, word: str, phase: str) -> None:
    theta, phi = 1.1, 0.7
    point = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)
    for degree, m in harmonics(4):
        size = abs(m)
        legendre = lpmv(size, degree, np.cos(theta))  # SciPy's holds (-1)^m
        assert np.isclose(legendre, assoc_legendre_p(degree, size, np.cos(theta))[0])
        legendre *= (-1) ** size if phase == "none" else 1
        over = factorial(degree - size) / factorial(degree + size)
        norm = {
            "orthonormal": np.sqrt((2 * degree + 1) * over / (4 * np.pi)),
            "4pi": np.sqrt((2 * degree + 1) * over),
            "schmidt": np.sqrt(over),
            "unnormalized": 1.0,
        }[word]
        if basis == "complex":
            wave = np.exp(1j * size * phi)
            expected = norm * legendre * (wave if m >= 0 else (-1) ** size * wave.conjugate())
        else:
            twice = np.sqrt(2) if size and word != "unnormalized" else 1.0
            expected = norm * twice * legendre * (np.cos(m * phi) if m >= 0 else np.sin(size * phi))
        polynomial = solid_harmonic(degree, m, basis, normalization=word, phase=phase)
        powers = (
            complex(value) * point[0] ** a * point[1] ** b * point[2] ** c
            for (a, b, c), value in polynomial.terms
        )
        assert np.isclose(sum(powers), expected, rtol=1e-12, atol=1e-13)


def test_are_pyshtools() -> None:
    expand = pytest.importorskip("pyshtools").expand
    for family in FAMILIES:
        compare(expand, *family)


def compare(expand: Any, basis: Basis, word: str, phase: str) -> None:
    words = {"orthonormal": "ortho", "unnormalized": "unnorm"}
    sign = -1 if phase == "condon-shortley" else 1
    theirs = expand.spharm(
        5, 0.7, 1.1, kind=basis, normalization=words.get(word, word), csphase=sign, degrees=False
    )
    for degree, m in harmonics(5):
        ours = sph_harm_y(degree, abs(m), 0.7, 1.1)
        if basis == "complex":
            ours = ours if m >= 0 else (-1) ** m * ours.conjugate()
        else:
            ours = (ours.imag if m < 0 else ours.real) * (np.sqrt(2) * (-1) ** m if m else 1)
        factor = complex(harmonic_factor(degree, m, basis, word, phase))
        assert np.isclose(theirs[int(m < 0), degree, abs(m)], factor * ours, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("basis", "word", "phase"), FAMILIES)
@given(st.tuples(*[st.sampled_from(harmonics(4))] * 3))
@settings(max_examples=15)
def test_gaunt_coefficients_are_integrals(
    basis: Basis, word: str, phase: str, labels: tuple[tuple[int, int], ...]
) -> None:
    ls, ms = zip(*labels, strict=True)
    if basis == "complex":
        ms = (ms[0], ms[1], max(-ls[2], min(ls[2], -ms[0] - ms[1])))
    one, two, three = (
        solid_harmonic(degree, m, basis, normalization=word, phase=phase)
        for degree, m in zip(ls, ms, strict=True)
    )
    expected = (one * two * three).sphere_integral()
    scalar = gaunt if basis == "complex" else real_gaunt
    assert scalar(*ls, *ms, normalization=word, phase=phase) == expected
    assert gaunt_n(ls, ms, basis, normalization=word, phase=phase) == expected
    array = gaunt_array(*ls, basis, normalization=word, phase=phase)
    assert array[tuple(degree + m for degree, m in zip(ls, ms, strict=True))] == expected


@pytest.mark.parametrize(("basis", "word", "phase"), FAMILIES)
def test_changes_of_basis_stay_inverse(basis: Basis, word: str, phase: str) -> None:
    words = {"normalization": word, "phase": phase}
    forward = harmonics_from_monomials(4, basis, **words)
    back = monomials_from_harmonics(4, basis, **words)
    assert dict(forward.contract(back, 1).items()) == {(k, k): Surd.rational(1) for k in range(15)}
    family = harmonic_convention(basis, word, phase)
    assert forward.convention == back.convention == family
    there = fourier_from_harmonics(2, basis, **words)
    again = harmonics_from_fourier(2, basis=basis, **words)
    assert there.convention == again.convention == family
    identity = again.contract(there, ([1, 2], [1, 2]))  # z y^T
    assert dict(identity.items()) == {(k, k): Surd.rational(1) for k in range(9)}
    squares = {(2, 0, 0): 1, (0, 2, 0): 1, (0, 0, 2): 1}
    first = solid_harmonic(0, 0, basis, **words) * SurdPolynomial.of(squares)
    assert harmonics_from_monomials(2, basis, **words)[0, 0] == first.coefficient(2, 0, 0)


@given(degrees(4), st.data())
@settings(max_examples=40)
def test_derivatives_on_the_torus(lmax: int, data: st.DataObject) -> None:
    p, q = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    basis = data.draw(st.sampled_from(BASES))
    plain, derived = (fourier_from_harmonics(lmax, basis, derivative=orders) for orders in ((0, 0), (p, q)))
    for (row, u, v), value in plain.items():
        factor = (Surd.sqrt(-1) * (u - lmax)) ** p * (Surd.sqrt(-1) * (v - lmax)) ** q
        assert derived[row, u, v] == value * factor
    assert derived.nnz <= plain.nnz


def test_derivatives_on_the_torus_are_scipys() -> None:
    theta, phi, lmax = 0.9, -2.1, 4
    waves = (np.exp(1j * np.arange(-lmax, lmax + 1) * angle) for angle in (theta, phi))
    slope = fourier_from_harmonics(lmax, derivative=(1, 0)).to_numpy("complex128")
    ours = np.einsum("kuv,u,v", slope, *waves)
    for degree, m in harmonics(lmax):
        _, jacobian = sph_harm_y(degree, m, theta, phi, diff_n=1)
        assert np.isclose(ours[degree * degree + degree + m], jacobian[0], atol=1e-13)


def test_the_words_of_others() -> None:
    for theirs, word in {
        "integral": "orthonormal",
        "component": "4pi",
        "norm": "schmidt",
        "racah": "schmidt",
        "ortho": "orthonormal",
        "unnorm": "unnormalized",
    }.items():
        assert harmonic_factor(3, -2, "real", theirs) == harmonic_factor(3, -2, "real", word)
    assert harmonic_convention("complex") is COMPLEX
    assert harmonic_convention("complex", "integral", "condon-shortley") is COMPLEX
    assert harmonic_convention("real", phase="none") is REAL
    prints = {harmonic_convention(*family).fingerprint for family in FAMILIES}
    assert len(prints) == len(FAMILIES)


def test_different_families_are_not_combined() -> None:
    one, other = gaunt_array(1, 1, 2), gaunt_array(1, 1, 2, normalization="4pi")
    with pytest.raises(ConventionMismatch, match="normalization"):
        one.contract(other, ([0, 1, 2], [0, 1, 2]))
    assert isinstance(ComplexSurd.of(gaunt(1, 1, 2, 0, 0, 0, phase="none")), ComplexSurd)


@pytest.mark.parametrize("bad", ["", "Norm", "4 pi", None, 1, True, b"4pi", ["4pi"], "__import__('os')"])
def test_impossible_words(bad: object) -> None:
    for call in (
        lambda **word: gaunt(0, 0, 0, 0, 0, 0, **word),
        lambda **word: real_gaunt(0, 0, 0, 0, 0, 0, **word),
        lambda **word: gaunt_array(0, 0, 0, **word),
        lambda **word: gaunt_n([0], [0], **word),
        lambda **word: solid_harmonic(0, 0, **word),
        lambda **word: harmonics_from_monomials(0, **word),
        lambda **word: monomials_from_harmonics(0, **word),
        lambda **word: fourier_from_harmonics(0, **word),
        lambda **word: harmonics_from_fourier(0, **word),
        lambda **word: harmonic_factor(0, 0, **word),
    ):
        with pytest.raises(LabelError, match=r"^normalization: .*4pi"):
            call(normalization=bad)
        if bad is not None:
            with pytest.raises(LabelError, match=r"^phase: .*condon-shortley"):
                call(phase=bad)


def test_factors_of_large_labels() -> None:
    assert harmonic_factor(2**64, 2**64, normalization="4pi") == FOUR_PI / harmonic_factor(
        0, 0, "real", "4pi"
    )
    assert harmonic_factor(2**64, 5, phase="none") == -1
    assert harmonic_factor(10**4, 10**4, normalization="unnormalized").sign == 1
    with pytest.raises(TooLarge, match="limit"):
        harmonic_factor(10**7, 10**7, normalization="unnormalized")
    with pytest.raises(TooLarge, match="limit"):
        gaunt(2**64, 2**64, 0, 2**64, -(2**64), 0, normalization="unnormalized")


@pytest.mark.parametrize("bad", [1, None, "11", (1,), (1, 2, 3), {1, 2}])
def test_impossible_derivatives(bad: object) -> None:
    with pytest.raises(LabelError, match=r"^derivative: "):
        fourier_from_harmonics(1, derivative=bad)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match=r"^derivative\[1\]: "):
        fourier_from_harmonics(1, derivative=(0, -1))
