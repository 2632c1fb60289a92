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

from typing import TYPE_CHECKING

from reptheory.exact.surd import ZERO, Surd
from reptheory.exact.three_spins import GAUNT, REAL_GAUNT, coupled
from reptheory.groups.labels import projection, whole

if TYPE_CHECKING:
    from reptheory.conventions import Basis
    from reptheory.exact.arrays import SurdArray

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
    if phase is None and normalization == "orthonormal":
        return value
    return _scaled(value, labels, "complex", normalization, phase)


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
    if phase is None and normalization == "orthonormal":
        return value
    return _scaled(value, labels, "real", normalization, phase)


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
    from reptheory.exact.coupling import coupling_block  # noqa: PLC0415  (NumPy loads with the first array)

    block = coupling_block("gaunt", l1, l2, l3, basis)
    if phase is None and normalization == "orthonormal":
        return block
    from reptheory.conventions import harmonic_convention  # noqa: PLC0415
    from reptheory.exact.normalization import factors_of_degree, scaled_axes  # noqa: PLC0415

    convention = harmonic_convention(basis, normalization, phase)
    factors = {axis: factors_of_degree(length // 2, convention) for axis, length in enumerate(block.shape)}
    return scaled_axes(block, factors, convention)


def _gaunt(l1: int, l2: int, l3: int, m1: int, m2: int, m3: int) -> Surd:
    """Return one complex Gaunt coefficient of possible labels (unchecked).

    The sign of 3j(l1 l2 l3; 0 0 0) is (-1)^g with 2g = l1+l2+l3; the other symbol brings (-1)^(l3+m3).
    """
    a, b, c = l1 + l2 - l3, l2 + l3 - l1, l1 + l3 - l2
    if m1 + m2 + m3 or a % 2 or a < 0 or b < 0 or c < 0:
        return ZERO
    return coupled(GAUNT, a, b, c, l1 + m1, l2 - m2, l3 + m3 + (a + b + c) // 2, -1)


def _real_gaunt(l1: int, l2: int, l3: int, m1: int, m2: int, m3: int) -> Surd:
    """Return one real Gaunt coefficient of possible labels (unchecked).

    Two of its terms, at m' and -m', are equal, the others vanish; all m' are 0, or one, or none (`coupling`).
    """
    first, second, third = abs(m1), abs(m2), abs(m3)
    if first + second != third:
        if abs(first - second) != third:
            return ZERO
        second = -second
    odd = (m1 < 0) + (m2 < 0) + (m3 < 0)
    a, b, c = l1 + l2 - l3, l2 + l3 - l1, l1 + l3 - l2
    if odd % 2 or a % 2 or a < 0 or b < 0 or c < 0:
        return ZERO
    # The terms of `real_row` at m' > 0 have the factor (-1)^m', and -1 if m < 0; i^2 = -1 for two m < 0.
    exponent = odd // 2
    for m, other in ((m1, first), (m2, second), (m3, -first - second)):
        if other > 0:
            exponent += other + (m < 0)
    exponent += l3 - first - second + (a + b + c) // 2
    kind = REAL_GAUNT if m1 and m2 and m3 else GAUNT
    return coupled(kind, a, b, c, l1 + first, l2 - second, exponent, -1)


def _scaled(
    value: Surd, labels: tuple[int, ...], basis: Basis, normalization: str, phase: str | None
) -> Surd:
    """Return a coefficient of orthonormal harmonics as one of the named family."""
    from reptheory.conventions import harmonic_convention  # noqa: PLC0415
    from reptheory.exact.normalization import unchecked_factor  # noqa: PLC0415  (it loads NumPy)

    convention = harmonic_convention(basis, normalization, phase)
    for degree, order in zip(labels[:3], labels[3:], strict=True):
        value *= unchecked_factor(degree, order, convention)
    return value


def _checked(
    l1: object, l2: object, l3: object, m1: object, m2: object, m3: object
) -> tuple[int, int, int, int, int, int]:
    """Return the six labels as ints; raise LabelError for an impossible one."""
    if (
        type(l1) is int
        and type(l2) is int
        and type(l3) is int
        and type(m1) is int
        and type(m2) is int
        and type(m3) is int
        and -l1 <= m1 <= l1
        and -l2 <= m2 <= l2
        and -l3 <= m3 <= l3
    ):
        return l1, l2, l3, m1, m2, m3
    degrees = whole(l1, "l1"), whole(l2, "l2"), whole(l3, "l3")
    orders = whole(m1, "m1", signed=True), whole(m2, "m2", signed=True), whole(m3, "m3", signed=True)
    for number, (degree, order) in enumerate(zip(degrees, orders, strict=True), start=1):
        projection(2 * degree, 2 * order, f"l{number}", f"m{number}")
    return *degrees, *orders
