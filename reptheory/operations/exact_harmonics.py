"""Exact harmonics: real orthonormal Y_lm(v / |v|) as pairs of floats with a bound, and with gradients.

Y_l is Y_(l-1) coupled with Y_1 and scaled, a chain of exact maps from n = v / |v|. The length comes from one
step of Newton's method in pairs. The zero vector has Y_00 alone, with gradient 0.

Proof: docs/proofs/certificate.md.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from reptheory.build.paths import remainders
from reptheory.build.scaled_paths import scaled_paths
from reptheory.exact.rounding import nearest_pair
from reptheory.exact.surd import Surd
from reptheory.operations.exact_maps import ExactMap, Pairs, constant, joined

__all__ = ["exact_harmonics"]

_TINY = 2.0**-1074


def _map(dims: tuple[int, int, int], places: list[tuple[int, int, int]], *factors: float) -> ExactMap:
    """Return a map of few terms (i, j, k) whose factors are floats, 1 if none are given."""
    return ExactMap(dims, np.array(places).T, np.array(factors) if factors else None)


_SQUARE = _map((3, 3, 1), [(0, 0, 0), (1, 1, 0), (2, 2, 0)])
_SCALE = _map((3, 1, 3), [(0, 0, 0), (1, 0, 1), (2, 0, 2)])
_TIMES = _map((1, 1, 1), [(0, 0, 0)])
_MINUS = _map((3, 1, 3), [(0, 0, 0), (1, 0, 1), (2, 0, 2)], -1.0, -1.0, -1.0)
_LEFT = _map((2, 1, 1), [(0, 0, 0), (1, 0, 0)], 1.0, -1.0)
_STEP = _map((2, 1, 1), [(0, 0, 0), (1, 0, 0)], 1.0, 0.5)


@lru_cache(maxsize=64)
def _first() -> ExactMap:
    """Return n and the number 1 to Y_1, whose components are those of n in the order y, z, x."""
    high, low = nearest_pair(Surd.sqrt(Fraction(3, 4), pi_power=-1))
    places = np.array([(1, 0, 0), (2, 0, 1), (0, 0, 2)]).T
    return ExactMap((3, 1, 3), places, np.full(3, high), np.full(3, low))


@lru_cache(maxsize=64)
def _next(degree: int) -> ExactMap:
    """Return Y_(l-1), Y_1 -> Y_l: <l-1 m 1 m' | l m''> sqrt(4 pi (2 l + 1) / (3 l))."""
    scale = Surd.sqrt(Fraction(4 * (2 * degree + 1), 3 * degree), pi_power=1)
    table = scaled_paths({(degree - 1, 1, degree, 0): scale}, "harmonics")
    places = (table.index[:, 3:] + [degree - 1, 1, degree]).T
    return ExactMap((2 * degree - 1, 3, 2 * degree + 1), places, table.float64, remainders(table))


def exact_harmonics(vectors: Pairs, lmax: int) -> Pairs:
    """Return Y_lm, ((lmax + 1)^2, samples), of vectors (3, samples) that are floats."""
    given = _scaled(vectors)
    normal = _SCALE(given, _inverse_length(given))
    one = constant(vectors)
    high, low = nearest_pair(Surd.sqrt(Fraction(1, 4), pi_power=-1))
    shells = [ExactMap((1, 1, 1), np.zeros((3, 1), int), np.array([high]), np.array([low]))(one, one)]
    if lmax:
        shells.append(_first()(normal, one))
    for degree in range(2, lmax + 1):
        shells.append(_next(degree)(shells[-1], shells[1]))
    return joined(shells)


def _scaled(vectors: Pairs) -> Pairs:
    """Return vectors times a power of two, so that the largest component is near 1."""
    high = vectors.values[0]
    exponent = np.frexp(np.abs(high).max(axis=0))[1]

    def back(g: Pairs) -> list[Pairs]:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = np.ldexp(g.values, -exponent)
            values[2] += 2 * _TINY
        return [Pairs(values)]

    with np.errstate(under="ignore", invalid="ignore"):
        small = np.ldexp(high, -exponent)
        error = np.where(np.ldexp(small, exponent) == high, 0.0, _TINY)
    return Pairs(np.stack([small, np.zeros_like(small), error]), ((vectors,), back))


def _inverse_length(vectors: Pairs) -> Pairs:
    """Return 1 / |v|, and 0 for v = 0, whose gradient is -v / |v|^3."""
    square = _SQUARE(vectors, vectors)
    zero = square.values[0] == 0
    guess = Pairs(np.zeros((3, 1, zero.shape[1])))
    with np.errstate(divide="ignore", invalid="ignore"):
        guess.values[0] = np.where(zero, 0.0, 1 / np.sqrt(square.values[0]))
    one = constant(vectors)
    off = _LEFT(joined([one, _TIMES(square, _TIMES(guess, guess))]), one)
    found = _STEP(joined([one, off]), guess).values
    most = np.abs(off.values).sum(axis=0)
    found[2] = np.where(zero, 0.0, found[2] + guess.values[0] * most**2)
    found[:2] = np.where(zero, 0.0, found[:2])

    def back(g: Pairs) -> list[Pairs]:
        cube = _TIMES(inverse, _TIMES(inverse, inverse))
        return [_MINUS(vectors, _TIMES(g, cube))]

    inverse = Pairs(found, ((vectors,), back))
    return inverse
