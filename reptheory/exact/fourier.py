"""Spherical harmonics on the torus: their exact 2D Fourier coefficients, and the exact projection back.

With Condon-Shortley harmonics (SciPy's `sph_harm_y`), A integers and K from `wigner_d.krawtchouk(2l)`:

    Y_lm(theta, phi) = sum_u y_u e^{i u theta} e^{i m phi},     u = l, l-2, ..., -l
    y_u  = i^m sqrt( (2l+1) C(2l,l) / (4 pi 16^l C(2l,l-m)) ) A_u,   A_u = K[l, l-u] K[l-u, l-m]
    y_-u = (-1)^m y_u,     y_u of (l,-m) = (-1)^m y_u of (l,m)

This is y_u = (-i)^m sqrt((2l+1)/(4 pi)) d^l_{u0}(pi/2) d^l_{um}(pi/2) (Risbo, J. Geodesy 70 (1996) 383), its
binomials cancelled by C(2l,n) K[n,k] = C(2l,k) K[k,n].

Back, for a function f = sum f_uv e^{i u theta} e^{i v phi} on the sphere:

    x_lm = int conj(Y_lm) f dOmega = sum_u z_u f_um,
    z_u  = 2 pi sum_u' conj(y_u') I(u - u'),
    I(k) = int_0^pi cos(k theta) sin(theta) dtheta = 2 / (1 - k^2),     k even

The derivatives d^p/dtheta^p d^q/dphi^q multiply the coefficients by (i u)^p (i v)^q.

Only u with the parity of l are kept: the other parity holds the harmonics of the other parity, whose
contribution is 0 for every function on the sphere (not for every function on the torus).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import comb, gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import COMPLEX, Basis, Convention, convention_of, harmonic_convention
from reptheory.errors import LabelError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.normalization import factors_of_degree, scaled_axes
from reptheory.exact.surd import Surd
from reptheory.exact.wigner_d import krawtchouk
from reptheory.groups.labels import count, listed, shown, whole

__all__ = ["fourier_from_harmonics", "harmonics_from_fourier", "theta_fourier", "theta_projection"]


@dataclass(frozen=True, slots=True)
class _Wave:
    """The coefficients of one harmonic, m >= 0, at u = first, first + 2, ...: unit * sqrt(scale) * rational.

    rationals   (numerator, denominator) per u, denominator > 0
    """

    degree: int
    order: int
    first: int
    scale: Fraction
    rationals: list[tuple[int, int]]


def fourier_from_harmonics(
    lmax: object,
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
    derivative: tuple[object, object] = (0, 0),
) -> SurdArray:
    """Return the Fourier coefficients of every harmonic up to lmax, or of a derivative of it.

    [l*l + l + m, u + lmax, v + lmax] is the coefficient of e^{i u theta} e^{i v phi} in Y_lm, or in the real
    harmonic (l, m) of `real_basis`; shape ((lmax+1)^2, 2 lmax + 1, 2 lmax + 1), pi_power -1.
    In the complex basis only v = m occurs, in the real basis v = m and v = -m.

    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    derivative     how often by theta and how often by phi, for example (1, 0)
    raises         LabelError: lmax, a word or an order of the derivative is impossible; TooLarge

    >>> fourier_from_harmonics(1)[2, 2, 1]  # Y_10 = sqrt(3 / (4 pi)) cos(theta)
    √(3/(16π))
    >>> fourier_from_harmonics(1, derivative=(1, 0))[2, 2, 1]
    i·√(3/(16π))
    """
    top = whole(lmax, "lmax")
    convention = harmonic_convention(basis, normalization, phase)
    orders = _derivative_orders(derivative)
    waves = _on_torus(_fourier_waves(top), (top, top), convention_of(basis), pi_power=-1)
    scaled = scaled_axes(waves, {0: _factors(top, convention)}, convention)
    return scaled if orders == (0, 0) else _differentiated(scaled, top, orders)


def harmonics_from_fourier(
    lmax: object,
    band_limit: object = None,
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> SurdArray:
    """Return z with x_lm = sum_uv z[lm, u, v] f[u, v]: projection onto harmonics up to lmax.

    f              Fourier coefficients, u, v = -band_limit..band_limit, of a function on the sphere: a sum of
                   harmonics (or of products of harmonics) of degree at most band_limit
    band_limit     B >= 0; lmax if None
    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    returns        shape ((lmax+1)^2, 2B+1, 2B+1), [l*l + l + m, u + B, v + B]; empty for |m| > B
    raises         LabelError: an impossible lmax, band_limit or word; TooLarge

    >>> harmonics_from_fourier(0)[0, 0, 0]  # the mean of f times sqrt(4 pi)
    √(4π)
    """
    top = whole(lmax, "lmax")
    band = top if band_limit is None else whole(band_limit, "band_limit")
    convention = harmonic_convention(basis, normalization, phase)
    waves = _on_torus(_projection_waves(top, band), (top, band), convention_of(basis), pi_power=1)
    return scaled_axes(waves, {0: [1 / factor for factor in _factors(top, convention)]}, convention)


def theta_fourier(lmax: object) -> SurdArray:
    """Return the real Fourier coefficients in theta of Theta_lm, where Y_lm = Theta_lm(theta) e^{i m phi}.

    Theta_lm = sum_u a[l*l + l + m, u] cos(u theta) for m even, sin(u theta) for m odd; m >= 0, u >= 0.
    The real harmonics are sqrt(2) (-1)^m Theta_l|m| times cos(m phi) or sin(|m| phi), and Theta_l0.

    returns  shape ((lmax+1)^2, lmax+1), rows with m < 0 empty, pi_power -1, complex convention
    raises   LabelError: lmax is impossible; TooLarge

    >>> theta_fourier(1)[3, 1]  # Theta_11 = -sqrt(3 / (8 pi)) sin(theta)
    -√(3/(8π))
    """
    top = whole(lmax, "lmax")
    return _on_meridian(_fourier_waves(top), (top, top), doubled=True, pi_power=-1)


def theta_projection(lmax: object, band_limit: object = None) -> SurdArray:
    """Return the inverse of `theta_fourier` for products: x_lm = sum_u t[l*l + l + m, u] f_u, m >= 0.

    f_u         coefficient of cos(u theta) (m even) or sin(u theta) (m odd) beside e^{i m phi} in a
                function on the sphere of degree at most band_limit
    band_limit  B >= 0; lmax if None
    returns     shape ((lmax+1)^2, B+1), rows with m < 0 empty, pi_power 1, complex convention
    raises      LabelError: an impossible lmax or band_limit; TooLarge
    """
    top = whole(lmax, "lmax")
    band = top if band_limit is None else whole(band_limit, "band_limit")
    return _on_meridian(_projection_waves(top, band), (top, band), doubled=False, pi_power=1)


def _factors(lmax: int, convention: Convention) -> list[Surd]:
    """Return the factors of every harmonic up to lmax, (l, m) at l*l + l + m."""
    return [factor for degree in range(lmax + 1) for factor in factors_of_degree(degree, convention)]


def _derivative_orders(derivative: object) -> tuple[int, int]:
    """Return the checked numbers of derivatives by theta and by phi."""
    given = listed(derivative, "derivative")
    if len(given) != 2:
        raise LabelError(f"derivative: got {shown(derivative)}; give two numbers, by theta and by phi")
    return count(given[0], "derivative[0]"), count(given[1], "derivative[1]")


def _differentiated(waves: SurdArray, band: int, orders: tuple[int, int]) -> SurdArray:
    """Return the coefficients times (i u)^orders[0] (i v)^orders[1]."""
    turn = Surd.sqrt(-1) ** sum(orders)
    powers = [[(wave - band) ** order for wave in range(2 * band + 1)] for order in orders]
    entries: dict[tuple[int, ...], Surd] = {
        (row, u, v): value * turn * (powers[0][u] * powers[1][v]) for (row, u, v), value in waves.items()
    }
    return SurdArray.from_entries(waves.shape, entries, waves.convention)


def _harmonic_integers(degree: int) -> tuple[int, NDArray[Any], list[Fraction]]:
    """Return the lowest u, A[u, m] for u >= 0 of the parity of l and 0 <= m <= l, and the scale of each m.

    y_u = i^m sqrt(scale[m] / pi) A[u, m]
    """
    table = krawtchouk(2 * degree).astype(object)
    first = degree % 2
    waves = np.arange(first, degree + 1, 2)
    integers = table[degree, degree - waves][:, None] * table[degree - waves][:, degree::-1]
    top = (2 * degree + 1) * comb(2 * degree, degree)
    scales = [Fraction(top, comb(2 * degree, degree - m) << (4 * degree + 2)) for m in range(degree + 1)]
    return first, integers, scales


def one_degree(name: str, degree: int, band: int, basis: Basis) -> SurdArray:
    """Return the entries of one degree of one of the four arrays above, where lmax is that degree.

    name    "fourier_from_harmonics", "theta_fourier" (whose band is the degree), or one of the two ways back
    Labels are trusted.
    """
    convention, forward = convention_of(basis), name in {"fourier_from_harmonics", "theta_fourier"}
    waves = _fourier_waves(degree, degree) if forward else _projection_waves(degree, band, degree)
    pi_power, sizes = (-1 if forward else 1), (degree, degree if forward else band)
    if name.startswith("theta"):
        return _on_meridian(waves, sizes, doubled=forward, pi_power=pi_power)
    return _on_torus(waves, sizes, convention, pi_power)


def _fourier_waves(lmax: int, least: int = 0) -> Iterator[_Wave]:
    """Yield the coefficients y_u, u >= 0, of each harmonic with m >= 0 and least <= l <= lmax."""
    _require_waves(lmax, lmax)
    for degree in range(least, lmax + 1):
        first, integers, scales = _harmonic_integers(degree)
        for m, scale in enumerate(scales):
            yield _Wave(degree, m, first, scale, [(value, 1) for value in integers[:, m].tolist()])


def _projection_waves(lmax: int, band: int, least: int = 0) -> Iterator[_Wave]:
    """Yield the z_u, 0 <= u <= band, of each harmonic with 0 <= m <= band and least <= l <= lmax."""
    _require_waves(lmax, band)
    shared = lcm(*(k * k - 1 for k in range(2, lmax + band + 1, 2)))
    # I(k) shared, doubled: z_u = 2 pi sum ... and the pi goes under the root
    integrals = [4 * shared // (1 - k * k) for k in range(0, lmax + band + 1, 2)]
    for degree in range(least, lmax + 1):
        first, integers, scales = _harmonic_integers(degree)
        even, odd = _folded_integrals(integrals, degree, band)
        sums = even @ integers[:, 0::2], odd @ integers[:, 1::2]
        for m in range(min(degree, band) + 1):
            column = sums[m % 2][:, m // 2].tolist()
            yield _Wave(degree, m, first, scales[m], [_ratio(value, shared) for value in column])


def _folded_integrals(integrals: list[int], degree: int, band: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return I(u-u') + I(u+u') and I(u-u') - I(u+u') for 0 <= u <= band, 0 <= u' <= degree, both as l mod 2.

    The column u' = 0 stands for one term, not two, so there the sum is I(u) alone (and the difference 0).
    """
    first = degree % 2
    targets, sources = range(first, band + 1, 2), range(first, degree + 1, 2)
    shape = (len(targets), len(sources))
    even, odd = np.zeros(shape, dtype=object), np.zeros(shape, dtype=object)
    for row, u in enumerate(targets):
        for column, source in enumerate(sources):
            near, far = integrals[abs(u - source) // 2], integrals[(u + source) // 2]
            even[row, column] = near + far if source else near
            odd[row, column] = near - far
    return even, odd


def _ratio(numerator: int, denominator: int) -> tuple[int, int]:
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common


def _require_waves(lmax: int, band: int) -> None:
    """Raise TooLarge if the coefficients would not fit in memory."""
    what = f"lmax: {shown(lmax)} with band limit {shown(band)}"
    require_room((lmax + 1) ** 2 * (band + 1), 8 * lmax + 4 * band, what)


class _Entries:
    """Collects entries unit * sqrt(square), unit a power of i, and makes the array."""

    def __init__(self) -> None:
        self.indices: list[tuple[int, ...]] = []
        self.numerators: list[int] = []
        self.denominators: list[int] = []
        self.i_powers: list[int] = []

    def add(self, index: tuple[int, ...], turns: int, sign: int, square: tuple[int, int]) -> None:
        """Add i^turns * sign * sqrt(square)."""
        self.indices.append(index)
        self.numerators.append(-sign * square[0] if turns & 2 else sign * square[0])
        self.denominators.append(square[1])
        self.i_powers.append(turns & 1)

    def array(self, shape: tuple[int, ...], convention: Convention, pi_power: int) -> SurdArray:
        """Return the collected entries as a SurdArray."""
        return SurdArray(
            shape,
            np.array(self.indices, dtype=np.int64).reshape(-1, len(shape)),
            self.numerators,
            self.denominators,
            convention=convention,
            i_powers=np.array(self.i_powers, dtype=np.uint8),
            pi_power=pi_power,
        )


def _squares(wave: _Wave, factor: int = 1) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Yield u, sign and factor * square, as a fraction in lowest terms, of each nonzero coefficient."""
    top, bottom = factor * wave.scale.numerator, wave.scale.denominator
    for place, (value, divisor) in enumerate(wave.rationals):
        if value:
            square = _ratio(value * value * top, divisor * divisor * bottom)
            yield wave.first + 2 * place, 1 if value > 0 else -1, square


def _on_torus(
    waves: Iterator[_Wave], sizes: tuple[int, int], convention: Convention, pi_power: int
) -> SurdArray:
    """Spread the coefficients of m >= 0, u >= 0 over all m, u and v, by the module's symmetries.

    The way back is the complex conjugate of the way there: its power of i is the negative (pi_power 1).
    """
    lmax, band = sizes
    entries = _Entries()
    for wave in waves:
        base = wave.degree * wave.degree + wave.degree
        targets = _orders(wave.order, convention)
        half = convention.basis == "real" and wave.order > 0
        for u, sign, (top, bottom) in _squares(wave):
            square = (top, 2 * bottom) if half else (top, bottom)
            for m, v, turns in targets:
                entries.add((base + m, band + u, band + v), -pi_power * turns, sign, square)
                if u:
                    mirrored = turns + 2 * wave.order
                    entries.add((base + m, band - u, band + v), -pi_power * mirrored, sign, square)
    return entries.array(((lmax + 1) ** 2, 2 * band + 1, 2 * band + 1), convention, pi_power)


def _orders(m: int, convention: Convention) -> list[tuple[int, int, int]]:
    """List (row m, v, power of i) of the entries that y_u of (l, m), m >= 0, feeds; real ones are halved."""
    if m == 0:
        return [(0, 0, 0)]
    if convention is COMPLEX:
        return [(m, m, m), (-m, -m, 3 * m)]
    return [(m, m, 3 * m), (m, -m, 3 * m), (-m, -m, 3 * m + 1), (-m, m, 3 * m + 3)]


def _on_meridian(
    waves: Iterator[_Wave], sizes: tuple[int, int], *, doubled: bool, pi_power: int
) -> SurdArray:
    """Write the coefficients as those of cosines (m even) and sines (m odd).

    doubled   y_u and y_-u add up to one cosine or sine, so all but u = 0 count twice
    """
    lmax, band = sizes
    entries = _Entries()
    for wave in waves:
        row = wave.degree * wave.degree + wave.degree + wave.order
        turns = 2 * ((wave.order + 1) // 2)
        for u, sign, (top, bottom) in _squares(wave):
            square = (4 * top, bottom) if doubled and u else (top, bottom)
            entries.add((row, u), turns, sign, square)
    return entries.array(((lmax + 1) ** 2, band + 1), COMPLEX, pi_power)
