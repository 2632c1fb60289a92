"""Gaunt coefficients: integrals of three spherical harmonics over the unit sphere.

    gaunt      = int Y_{l1 m1} Y_{l2 m2} Y_{l3 m3} dOmega
               = sqrt((2 l1 + 1)(2 l2 + 1)(2 l3 + 1) / (4 pi)) 3j(l1 l2 l3; 0 0 0) 3j(l1 l2 l3; m1 m2 m3)
    real_gaunt = the same integral of the real harmonics of `real_basis`

All three factors enter alike (none is conjugated), as in SymPy. The coefficient of Y_{l3 m3} in the product
Y_{l1 m1} Y_{l2 m2} has the third one conjugated: it is (-1)^m3 gaunt(l1, l2, l3, m1, m2, -m3) for the
complex harmonics, and real_gaunt itself for the real ones. In another normalisation or phase
(`normalization`) each harmonic brings its factor.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from reptheory.conventions import Basis
from reptheory.exact.arrays import SurdArray
from reptheory.exact.coupling import coupling_block, parity_3j
from reptheory.exact.normalization import (
    factors_of_degree,
    harmonic_convention,
    plain,
    scaled_axes,
    unchecked_factor,
)
from reptheory.exact.real_basis import real_row
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import admissible, doubled_3j
from reptheory.groups.labels import projection, whole

__all__ = ["gaunt", "gaunt_array", "real_gaunt"]


def gaunt(
    l1: object,
    l2: object,
    l3: object,
    m1: object,
    m2: object,
    m3: object,
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> Surd:
    """Return the integral of Y_{l1 m1} Y_{l2 m2} Y_{l3 m3} (complex harmonics), as SymPy's `gaunt`.

    l1, l2, l3     degrees >= 0
    m1, m2, m3     orders, |m| <= l
    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    returns        Surd; 0 where a selection rule forbids the coefficient
    raises         LabelError: a label or a word is impossible; TooLarge: allowed, and l1+l2+l3 > 10^6

    >>> gaunt(1, 1, 2, 0, 0, 0), gaunt(1, 1, 2, 0, 0, 0, normalization="schmidt")  # 8 pi / 15
    (√(1/(5π)), √(64π^2/225))
    """
    labels = _checked(l1, l2, l3, m1, m2, m3)
    value = _gaunt(*labels)
    return value if plain(normalization, phase) else _scaled(value, labels, "complex", normalization, phase)


def real_gaunt(
    l1: object,
    l2: object,
    l3: object,
    m1: object,
    m2: object,
    m3: object,
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> Surd:
    """Return the integral of three real harmonics, as SymPy's `real_gaunt`. Arguments as for `gaunt`.

    >>> real_gaunt(1, 1, 2, -1, 1, -2)
    √(3/(20π))
    """
    labels = _checked(l1, l2, l3, m1, m2, m3)
    value = _real_gaunt(*labels)
    return value if plain(normalization, phase) else _scaled(value, labels, "real", normalization, phase)


def _real_gaunt(a1: int, a2: int, a3: int, b1: int, b2: int, b3: int) -> Surd:
    """Return one real Gaunt coefficient of possible labels (unchecked)."""
    total = Surd.rational(0)
    for (n1, u1), (n2, u2), (n3, u3) in product(real_row(b1), real_row(b2), real_row(b3)):
        if n1 + n2 + n3 == 0:
            total += u1 * u2 * u3 * _gaunt(a1, a2, a3, n1, n2, n3)
    return total


def gaunt_array(
    l1: object,
    l2: object,
    l3: object,
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> SurdArray:
    """Return one block: shape (2 l1 + 1, 2 l2 + 1, 2 l3 + 1), indices m1+l1, m2+l2, m3+l3.

    basis          "complex" (entries of `gaunt`) or "real" (of `real_gaunt`)
    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    raises         LabelError: a label or a word is impossible; TooLarge

    >>> gaunt_array(1, 1, 0, basis="real")[2, 2, 0]
    √(1/(4π))
    >>> gaunt_array(1, 1, 0, basis="real", normalization="schmidt")[2, 2, 0]  # 4 pi / 3
    √(16π^2/9)
    """
    block = coupling_block("gaunt", l1, l2, l3, basis)
    if plain(normalization, phase):
        return block
    convention = harmonic_convention(basis, normalization, phase)
    factors = {axis: factors_of_degree(length // 2, convention) for axis, length in enumerate(block.shape)}
    return scaled_axes(block, factors, convention)


def _gaunt(l1: int, l2: int, l3: int, m1: int, m2: int, m3: int) -> Surd:
    """Return one complex Gaunt coefficient of possible labels (unchecked)."""
    if m1 + m2 + m3 or (l1 + l2 + l3) % 2 or not admissible(2 * l1, 2 * l2, 2 * l3):
        return Surd.rational(0)
    symbol = doubled_3j(2 * l1, 2 * l2, 2 * l3, 2 * m1, 2 * m2, 2 * m3)
    sign, square = parity_3j(l1, l2, l3)
    weight = square * Fraction((2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1), 4)
    return symbol * Surd.sqrt(weight, sign, pi_power=-1)


def _scaled(
    value: Surd, labels: tuple[int, ...], basis: Basis, normalization: str, phase: str | None
) -> Surd:
    """Return a coefficient of orthonormal harmonics as one of the named family."""
    convention = harmonic_convention(basis, normalization, phase)
    for degree, order in zip(labels[:3], labels[3:], strict=True):
        value *= unchecked_factor(degree, order, convention)
    return value


def _checked(
    l1: object, l2: object, l3: object, m1: object, m2: object, m3: object
) -> tuple[int, int, int, int, int, int]:
    """Return the six labels as ints; raise LabelError for an impossible one."""
    degrees = whole(l1, "l1"), whole(l2, "l2"), whole(l3, "l3")
    orders = whole(m1, "m1", signed=True), whole(m2, "m2", signed=True), whole(m3, "m3", signed=True)
    for number, (degree, order) in enumerate(zip(degrees, orders, strict=True), start=1):
        projection(2 * degree, 2 * order, f"l{number}", f"m{number}")
    return *degrees, *orders
