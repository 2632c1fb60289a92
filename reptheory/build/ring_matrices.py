"""Ring matrices: the small dense matrices of the sphere grid and of the 2D Fourier basis, correctly rounded.

Every entry is an exact number (a surd, or a product of one with cosines, Gauss-Legendre nodes and weights)
rounded once to the dtype: enclosed in an Arb ball that is narrowed until it holds one float.

    synthesis   coefficients (l = m + parity, m + parity + 2, ...) -> rings i < pairs
    analysis    rings -> coefficients, quadrature weight and normalisation included

keyed by (m, parity of l - m), each a tuple of the matrices to apply in order: one on the sphere grid, two in
the Fourier basis (harmonics -> Fourier coefficients in theta -> rings, and back).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reptheory.build.size import available_memory
from reptheory.errors import TooLarge
from reptheory.exact.arb import working_precision
from reptheory.exact.arrays import SurdArray
from reptheory.exact.fourier import theta_fourier, theta_projection
from reptheory.exact.ring_functions import circle_functions, equiangular, gauss_legendre, theta_functions
from reptheory.exact.rounding import BinaryFormat, float_format, round_dyadic
from reptheory.exact.surd import Surd
from reptheory.immutable import immutable

__all__ = [
    "Nodes",
    "Stages",
    "circle_matrices",
    "fourier_stages",
    "grid_places",
    "grid_words",
    "legendre_stages",
    "theta_series",
]

Array = NDArray[Any]
Stages = dict[tuple[int, int], tuple[Array, ...]]
Nodes = Literal["gauss", "equiangular"]

_RINGS = {"gauss": gauss_legendre, "equiangular": equiangular}

_START_BITS = 160
_WORD_BITS = 400
"""Precision at which second words are read off: two words, and what cancels before them."""
_ENTRY_BYTES = 800
"""Memory that one entry takes while it is enclosed and rounded."""


def _nearest(end: tuple[Any, Any], form: BinaryFormat) -> float:
    """Round an end of a ball, mantissa 2^exponent, to nearest even."""
    mantissa, exponent = int(end[0]), int(end[1])
    size = round_dyadic(abs(mantissa), exponent, form)
    return size if mantissa >= 0 else -size


def _round_all(make: Callable[[], list[Any]], dtype: str) -> Array:
    """Evaluate the balls at growing precision until each holds one float of the dtype."""
    form = float_format(dtype)
    precision = _START_BITS
    while True:
        with working_precision(precision):
            balls = make()
            ends = [(ball.lower().man_exp(), ball.upper().man_exp()) for ball in balls]
        low, high = ([_nearest(pair[k], form) for pair in ends] for k in (0, 1))
        if low == high:
            return immutable(np.array(low, dtype=dtype))
        precision *= 2


def _require_room(lmax: int, pairs: int) -> None:
    """Raise TooLarge, naming the size, unless there is memory to make the matrices of one side."""
    needed, free = _ENTRY_BYTES * pairs * (lmax + 1) * (lmax + 2) // 2, available_memory()
    if needed > free:
        raise TooLarge(
            f"lmax: matrices of degree {lmax} on {2 * pairs} rings need {needed / 2**30:.3g} GiB to make, "
            f"but {free / 2**30:.3g} GiB are free; choose smaller degrees"
        )


def _degrees(lmax: int, m: int, parity: int) -> range:
    return range(m + parity, lmax + 1, 2)


def _classes(lmax: int) -> list[tuple[int, int]]:
    """List (m, parity of l - m)."""
    return [(m, parity) for m in range(lmax + 1) for parity in (0, 1)]


def _split(flat: Array, shapes: list[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([rows * cols for rows, cols in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]


@lru_cache(maxsize=16)
def legendre_stages(
    lmax: int, pairs: int, dtype: str, points: int | None = None, nodes: Nodes = "gauss"
) -> Stages:
    """Return the matrices of the sphere grid: synthesis, or analysis on rings of `points` points.

    nodes   Gauss-Legendre rings, or equiangular ones with the weights of Fejer's first rule

    The analysis entry is weight * Theta_lm * (2 pi / points); `circle_matrices` does the sum over points.
    """
    _require_room(lmax, pairs)
    classes = _classes(lmax)

    def make() -> list[Any]:
        from flint import arb  # noqa: PLC0415 (loaded when the first matrix is made)

        rings = _RINGS[nodes](pairs)
        values = [theta_functions(lmax, cosine) for cosine, _ in rings]
        if points is None:
            return [
                values[i][degree, m]
                for m, parity in classes
                for i in range(pairs)
                for degree in _degrees(lmax, m, parity)
            ]
        weights = [weight * 2 * arb.pi() / points for _, weight in rings]
        return [
            values[i][degree, m] * weights[i]
            for m, parity in classes
            for degree in _degrees(lmax, m, parity)
            for i in range(pairs)
        ]

    lengths = [len(_degrees(lmax, m, parity)) for m, parity in classes]
    shapes = [(pairs, n) if points is None else (n, pairs) for n in lengths]
    parts = _split(_round_all(make, dtype), shapes)
    return {key: (part,) for key, part in zip(classes, parts, strict=True)}


@lru_cache(maxsize=4)
def grid_words(lmax: int, pairs: int, quadrant: int, nodes: Nodes) -> tuple[Array, Array, Array]:
    """Return the factors of all harmonics on a grid as two words each, the first axis: high and low.

    high + low is within 2^-105 of the exact number, relatively.

    returns   Theta_lm of the northern rings, (2, pairs, degrees l, orders m >= 0); cos m phi and, for m < 0,
              sin |m| phi, (2, orders -lmax..lmax, points); the weight of a point, (2, pairs)
    """
    _require_room(lmax, pairs)
    points = 4 * quadrant

    def make() -> list[Any]:
        from flint import arb  # noqa: PLC0415

        rings = _RINGS[nodes](pairs)
        values = [theta_functions(lmax, cosine) for cosine, _ in rings]
        degrees = range(lmax + 1)
        theta = [own.get((degree, m), arb(0)) for own in values for degree in degrees for m in degrees]
        waves = [circle_functions(points, m, points) for m in degrees]
        circle = [waves[abs(m)][k][m < 0] for m in range(-lmax, lmax + 1) for k in range(points)]
        return [*theta, *circle, *(weight * 2 * arb.pi() / points for _, weight in rings)]

    high = _round_all(make, "float64")
    with working_precision(_WORD_BITS):
        low = np.array([float((ball - one).mid()) for ball, one in zip(make(), high.tolist(), strict=True)])
    words = np.stack([high, np.where(high == 0, 0.0, low)])
    shapes = (pairs, lmax + 1, lmax + 1), (2 * lmax + 1, points), (pairs,)
    parts = np.split(words, np.cumsum([prod(shape) for shape in shapes])[:-1], axis=1)
    theta, circle, weights = (
        immutable(part.reshape(2, *shape)) for part, shape in zip(parts, shapes, strict=True)
    )
    return theta, circle, weights


@lru_cache(maxsize=16)
def grid_places(pairs: int, quadrant: int, nodes: Nodes) -> tuple[Array, Array, Array, Array]:
    """Return cos theta, sin theta and the weight of a point for each of the 2 * pairs rings, then the circle.

    All correctly rounded to float64; the last array is (cos phi, sin phi), (2, 4 * quadrant). Theta and phi
    ascend.
    """

    def rings() -> list[Any]:
        from flint import arb  # noqa: PLC0415

        north = _RINGS[nodes](pairs)
        south = [(-cosine, weight) for cosine, weight in reversed(north)]
        both = [(cosine, weight * arb.pi() / (2 * quadrant)) for cosine, weight in [*north, *south]]
        return [
            *(cosine for cosine, _ in both),
            *((1 - cosine * cosine).sqrt() for cosine, _ in both),
            *(weight for _, weight in both),
        ]

    def circle() -> list[Any]:
        points = circle_functions(4 * quadrant, 1, 4 * quadrant)
        return [pair[part] for part in (0, 1) for pair in points]

    cosines, sines, weights = _round_all(rings, "float64").reshape(3, -1)
    return cosines, sines, weights, _round_all(circle, "float64").reshape(2, -1)


@lru_cache(maxsize=16)
def circle_matrices(lmax: int, quadrant: int, dtype: str, inverse: bool = False) -> Array:
    """Return cos m phi and sin m phi on a quadrant of 4 * quadrant points, class by class, flat.

    Classes: cosine m even and odd, sine m even and odd; each (quadrant, m's), inverse (m's, quadrant).
    """
    even, odd = range(0, lmax + 1, 2), range(1, lmax + 1, 2)
    classes = [(even, 0), (odd, 0), (even[1:], 1), (odd, 1)]

    def make() -> list[Any]:
        values = [circle_functions(quadrant, m, 4 * quadrant) for m in range(lmax + 1)]
        if inverse:
            return [values[m][k][kind] for orders, kind in classes for m in orders for k in range(quadrant)]
        return [values[m][k][kind] for orders, kind in classes for k in range(quadrant) for m in orders]

    return _round_all(make, dtype)


def _block(table: SurdArray, m: int, rows: range, frequencies: range, factor: Surd, dtype: str) -> Array:
    """Round factor * table[l*l + l + m, u] for l in rows, u in frequencies."""
    convert = (lambda value: value.to_float32()) if dtype == "float32" else float
    entries = [
        [convert(factor * table[degree * degree + degree + m, u]) for u in frequencies] for degree in rows
    ]
    return np.array(entries, dtype=dtype).reshape(len(rows), len(frequencies))


def _theta_matrix(m: int, frequencies: range, pairs: int, dtype: str, scale: int | None) -> Array:
    """Return cos(u theta_i) (m even) or sin(u theta_i) (m odd) at theta_i = (i + 1/2) pi / (2 pairs).

    scale   None: (pairs, u). Points in a ring: (u, pairs), times the weights of both inverse transforms.
    """

    def make() -> list[Any]:
        values = {u: [pair[m % 2] for pair in circle_functions(pairs, u, 4 * pairs)] for u in frequencies}
        if scale is None:
            return [values[u][i] for i in range(pairs) for u in frequencies]
        around = 1 if m == 0 else 2
        return [
            values[u][i] * ((1 if u == 0 else 2) * around) / (2 * pairs * scale)
            for u in frequencies
            for i in range(pairs)
        ]

    shape = (pairs, len(frequencies)) if scale is None else (len(frequencies), pairs)
    return _round_all(make, dtype).reshape(shape)


def _frequencies(m: int, parity: int, limit: int) -> range:
    """List u <= limit with u = m + parity mod 2; u = 0 has no sine."""
    first = (m + parity) % 2
    return range(2 if first == 0 and m % 2 else first, limit + 1, 2)


@lru_cache(maxsize=16)
def theta_series(lmax: int) -> dict[tuple[int, int], tuple[range, range, Array]]:
    """Return (m, parity) -> frequencies u, degrees l and T with Theta_lm(theta) = sum_u T[u, l] c_u(theta).

    c_u is cos u theta for even m, sin u theta for odd m; entries are the floats nearest to the exact numbers.
    """
    table = theta_fourier(lmax)
    series = {}
    for m, parity in _classes(lmax):
        rows, frequencies = _degrees(lmax, m, parity), _frequencies(m, parity, lmax)
        factor = Surd.sqrt(2 if m else 1, sign=-1 if m % 2 else 1)
        block = _block(table, m, rows, frequencies, factor, "float64").T
        series[m, parity] = frequencies, rows, immutable(np.ascontiguousarray(block))
    return series


@lru_cache(maxsize=16)
def fourier_stages(
    lmax: int, pairs: int, dtype: str, points: int | None = None, band_limit: int | None = None
) -> Stages:
    """Return the 2D Fourier matrices: synthesis, or analysis of a function of `band_limit`.

    Synthesis is (y, DFT in theta), analysis (inverse DFT in theta, z), y and z of docs/conventions.md in the
    real basis: cos m phi and sin |m| phi share them. The factors 1/points of the DFT in phi stand in the
    inverse DFT in theta.
    """
    _require_room(lmax, pairs)
    limit = lmax if band_limit is None else band_limit
    table = theta_fourier(lmax) if points is None else theta_projection(lmax, limit)
    stages: Stages = {}
    for m, parity in _classes(lmax):
        rows, frequencies = _degrees(lmax, m, parity), _frequencies(m, parity, limit)
        sign = -1 if m % 2 else 1
        if points is None:
            factor = Surd.sqrt(2 if m else 1, sign=sign)
            first = _block(table, m, rows, frequencies, factor, dtype).T
            stages[m, parity] = (
                np.ascontiguousarray(first),
                _theta_matrix(m, frequencies, pairs, dtype, None),
            )
        else:
            factor = Surd.sqrt(Fraction(1, 2) if m else 1, sign=sign)
            last = _block(table, m, rows, frequencies, factor, dtype)
            stages[m, parity] = (_theta_matrix(m, frequencies, pairs, dtype, points), last)
    return stages
