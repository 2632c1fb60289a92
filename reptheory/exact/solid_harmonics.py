"""Solid harmonics r^l Y_lm as exact polynomials in x, y, z, and the exact change between them and monomials.

For m >= 0, with K[k, b] = [t^b] (1+t)^(m+k) (1-t)^k, integers, and M(l; ...) the multinomial coefficient:

    r^l Y_lm = scale sum_{k, b} (-1)^(m+k) M(l; k, m+k, c) 2^c i^b K[k, b] x^(m+2k-b) y^b z^c,   c = l-m-2k
    scale    = sqrt( (2l+1) C(2l, l) / (4 pi 4^l C(2l, l-m)) )

the classical sqrt((2l+1)/(4 pi) (l+m)! (l-m)!) sum_k (-(x+iy)/2)^(k+m) ((x-iy)/2)^k z^(l-m-2k) / ((k+m)! k!
(l-m-2k)!) (Varshalovich, Moskalev, Khersonskii, Quantum Theory of Angular Momentum, 1988, section 5.1) with
its factorials paired into integers. Y_l,-m = (-1)^m conj(Y_lm). The real harmonics are
S_lm = sqrt(2) (-1)^m Re Y_lm (b even) and S_l,-m = sqrt(2) (-1)^m Im Y_lm (b odd).

A monomial of degree l is a sum of r^(l-n) r^n Y_nm with n = l, l-2, ...: on the unit sphere of Y_nm alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb

from reptheory.conventions import Basis, Convention, convention_of, harmonic_convention
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.normalization import (
    factors_of_degree,
    scaled_axes,
    unchecked_factor,
)
from reptheory.exact.polynomials import Powers, SurdPolynomial, sphere_moment
from reptheory.exact.surd import Surd
from reptheory.groups.labels import projection, shown, whole

__all__ = ["harmonics_from_monomials", "monomials", "monomials_from_harmonics", "solid_harmonic"]


@dataclass(frozen=True, slots=True)
class _Solid:
    """One solid harmonic: unit * sum of number * i^b * x^a y^b z^c, without i^b in the real basis.

    unit    Surd > 0 that holds pi
    terms   powers (a, b, c) -> number
    """

    unit: Surd
    terms: dict[Powers, int]


def solid_harmonic(
    l: object,  # noqa: E741  (the degree is called l everywhere)
    m: object,
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> SurdPolynomial:
    """Return r^l Y_lm, or r^l S_lm for basis "real", as a polynomial in x, y, z.

    l, m           degree and order, |m| <= l
    normalization  of the harmonic, and its phase: words of `harmonic_factor`
    raises         LabelError: a label or a word is impossible; TooLarge

    >>> solid_harmonic(1, -1, "real"), solid_harmonic(1, 1)
    (√(3/(4π))·y, -i·√(3/(8π))·y + -√(3/(8π))·x)
    """
    degree, order = whole(l, "l"), whole(m, "m", signed=True)
    convention = harmonic_convention(basis, normalization, phase)
    projection(2 * degree, 2 * order, "l", "m")
    entries = (degree - abs(order) + 2) ** 2 * (degree + 1) // 4
    require_room(entries, 4 * degree, f"solid_harmonic: l = {shown(degree)}")
    solid, turning = _solid(degree, order, convention), convention.basis == "complex"
    unit = solid.unit * unchecked_factor(degree, order, convention)
    return SurdPolynomial.of(
        {
            powers: unit * Surd.scaled(number, 1, i_power=powers[1] * turning)
            for powers, number in solid.terms.items()
        }
    )


def monomials(l: object) -> tuple[Powers, ...]:  # noqa: E741
    """List the powers (a, b, c) of x^a y^b z^c with a + b + c = l, a then b descending: x, y, z for l = 1.

    >>> monomials(2)
    ((2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 2, 0), (0, 1, 1), (0, 0, 2))
    """
    degree = whole(l, "l")
    require_room((degree + 1) * (degree + 2) // 2, 0, f"monomials: l = {shown(degree)}")
    return tuple((a, b, degree - a - b) for a in range(degree, -1, -1) for b in range(degree - a, -1, -1))


def harmonics_from_monomials(
    l: object,  # noqa: E741
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> SurdArray:
    """Return P with r^l Y_nm = sum P[nm, k] x^a y^b z^c, (a, b, c) = monomials(l)[k], for n = l, l-2, ...

    Rows are the harmonics of degree n = l mod 2, ..., l - 2, l, m ascending in each; both axes have length
    (l+1)(l+2)/2, and the matrix of `monomials_from_harmonics` is the inverse. Y_nm is taken at r / |r|.

    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    raises         LabelError: l or a word is impossible; TooLarge

    >>> harmonics_from_monomials(1, "real")[2, 0]  # r S_11 = sqrt(3 / (4 pi)) x
    √(3/(4π))
    """
    convention = harmonic_convention(basis, normalization, phase)
    degree = _room(l, "harmonics_from_monomials")
    columns = {powers: place for place, powers in enumerate(monomials(degree))}
    turning = convention.basis == "complex"
    entries: dict[tuple[int, ...], Surd] = {}
    for row, (n, solid) in enumerate(_family(degree, convention)):
        numbers: dict[Powers, int] = {}
        for (a, b, c), number in solid.terms.items():
            for (p, q, s), count in _radius_powers((degree - n) // 2):
                powers = a + p, b + q, c + s
                turned = -count if turning and q % 4 else count  # i^b = (-1)^(q/2) i^(b+q)
                numbers[powers] = numbers.get(powers, 0) + turned * number
        for powers, number in numbers.items():
            entries[row, columns[powers]] = solid.unit * Surd.scaled(number, 1, i_power=powers[1] * turning)
    matrix = SurdArray.from_entries((len(columns), len(columns)), entries, convention_of(basis))
    return scaled_axes(matrix, {0: _factors(degree, convention)}, convention)


def monomials_from_harmonics(
    l: object,  # noqa: E741
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> SurdArray:
    """Return H with x^a y^b z^c = r^l sum H[k, nm] Y_nm, (a, b, c) = monomials(l)[k]: the inverse of P.

    For orthonormal Y, H[k, nm] is the integral of x^a y^b z^c conj(Y_nm) over the unit sphere. Order and
    errors as for `harmonics_from_monomials`.

    >>> monomials_from_harmonics(2, "real")[0, 0]  # the mean of x^2 is 1/3
    √(4π/9)
    """
    convention = harmonic_convention(basis, normalization, phase)
    degree = _room(l, "monomials_from_harmonics")
    rows = monomials(degree)
    turning = convention.basis == "complex"
    entries: dict[tuple[int, ...], Surd] = {}
    for column, (_, solid) in enumerate(_family(degree, convention)):
        for row, (a, b, c) in enumerate(rows):
            total = Fraction(0)
            for (p, q, s), number in solid.terms.items():
                if (a + p) % 2 == (b + q) % 2 == (c + s) % 2 == 0:
                    # conj(i^q) = (-1)^(q // 2) (-i)^(q mod 2), and q mod 2 = b mod 2
                    signed = -number if turning and q % 4 > 1 else number
                    total += signed * _moment((a + p, b + q, c + s))
            unit = Surd.scaled(total, 1, pi_power=2, i_power=-(b % 2) * turning)
            entries[row, column] = solid.unit * unit
    matrix = SurdArray.from_entries((len(rows), len(rows)), entries, convention_of(basis))
    return scaled_axes(matrix, {1: [1 / f for f in _factors(degree, convention)]}, convention)


def _factors(degree: int, convention: Convention) -> list[Surd]:
    """Return the factors of the harmonics of degree n = degree mod 2, ..., degree and m ascending."""
    return [f for n in range(degree % 2, degree + 1, 2) for f in factors_of_degree(n, convention)]


def _room(l: object, name: str) -> int:  # noqa: E741
    """Return the checked degree; raise TooLarge if the matrix would not fit."""
    degree = whole(l, "l")
    size = (degree + 1) * (degree + 2) // 2
    require_room(size * size // 4, 8 * degree, f"{name}: l = {shown(degree)}")
    return degree


def _family(degree: int, convention: Convention) -> Iterator[tuple[int, _Solid]]:
    """Yield (n, harmonic) for n = degree mod 2, ..., degree and m ascending."""
    for n in range(degree % 2, degree + 1, 2):
        for m in range(-n, n + 1):
            yield n, _solid(n, m, convention)


def _solid(degree: int, order: int, convention: Convention) -> _Solid:
    """Return one solid harmonic of possible labels (unchecked)."""
    m, real = abs(order), convention.basis == "real"
    square = Fraction(
        (2 * degree + 1) * comb(2 * degree, degree), comb(2 * degree, degree - m) << (2 * degree + 2)
    )
    if real and m:
        square *= 2
    terms: dict[Powers, int] = {}
    for k in range((degree - m) // 2 + 1):
        c = degree - m - 2 * k
        weight = comb(degree, c) * comb(m + 2 * k, k) << c
        for b, number in enumerate(_paired(m, k)):
            powers = m + 2 * k - b, b, c
            if not number or (real and b % 2 != (order < 0)):
                continue
            sign = _sign(k, b, order, real=real)
            terms[powers] = sign * weight * number
    return _Solid(Surd.sqrt(square, pi_power=-1), terms)


def _sign(k: int, b: int, order: int, *, real: bool) -> int:
    """Return the sign beside i^b (complex) or alone (real) of the term k, b of one harmonic."""
    if real:
        return -1 if (k + b // 2) % 2 else 1
    # Y_l,-m = (-1)^m conj(Y_lm), and conj(i^b) = (-1)^b i^b
    return -1 if (k + (order if order > 0 else b)) % 2 else 1


def _paired(m: int, k: int) -> list[int]:
    """Return the coefficients of (1+t)^(m+k) (1-t)^k = (1+t)^m (1-t^2)^k, powers ascending."""
    result = [0] * (m + 2 * k + 1)
    for i in range(k + 1):
        factor = (-1) ** i * comb(k, i)
        for b in range(m + 1):
            result[2 * i + b] += factor * comb(m, b)
    return result


@lru_cache(maxsize=4096)
def _moment(powers: Powers) -> Fraction:
    return sphere_moment(powers)


def _radius_powers(half: int) -> Iterator[tuple[Powers, int]]:
    """Yield the terms of (x^2 + y^2 + z^2)^half."""
    for i in range(half + 1):
        for j in range(half - i + 1):
            yield (2 * i, 2 * j, 2 * (half - i - j)), comb(half, i) * comb(half - i, j)
