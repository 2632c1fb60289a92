"""Harmonics of vectors: real orthonormal Y_lm(v / |v|), with a bound, and back to gradients of v.

Y_lm = Theta_lm(theta) cos m phi or sin |m| phi, and Theta_lm is a short sum of cos u theta or sin u theta
with exact coefficients [docs/conventions.md, Fourier]. Powers of e^{i theta} and e^{i phi}, both straight
from the components of v, give these without an angle, and nothing grows on the way, so that the bound is a
constant of (l, m) alone. The gradient goes through the solid harmonics, grad (r^l Y_lm) = sum_m' G r^(l-1)
Y_l-1,m', and has no pole.

All in float64; the loops stand in kernels/harmonics.py. The zero vector has no direction: it counts as the
mean over all, Y_00 alone, with gradient 0.
Proof of the bounds: docs/proofs/vector_harmonics.md.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.build.ring_matrices import theta_series
from reptheory.exact.tensor_harmonics import solid_gradient
from reptheory.immutable import immutable
from reptheory.kernels.bounds import gamma
from reptheory.kernels.harmonics import (
    TOGETHER,
    GradientPlan,
    SeriesPlan,
    contract,
    evaluate,
    pull,
    series_scratch,
)
from reptheory.kernels.pool import Prepared, over_samples
from reptheory.operations.engines import final_rounding, flat_read_only

__all__ = ["Directions", "harmonics", "harmonics_bound", "narrowed", "vector_gradient"]

Array = NDArray[Any]
Float = NDArray[np.float64]

_SLACK = 1 + 2.0**-40


class Directions(NamedTuple):
    """Vectors as `kernels.harmonics` writes them.

    at         (samples, 5): cos theta, sin theta, cos phi, sin phi, mantissa of the length
    exponent   (samples,)    of the length
    values     (samples, (lmax + 1)^2): Y_lm
    """

    at: Float
    exponent: NDArray[np.int64]
    values: Float

    @property
    def zero(self) -> NDArray[np.bool_]:
        """Which vectors are zero."""
        return np.asarray(self.at[:, 4] == 0)


@lru_cache(maxsize=16)
def _series(lmax: int) -> SeriesPlan:
    """Lay out the series of Theta_lm for the kernel."""
    rows, factors = [], [np.zeros(0)]
    begin = 0
    for (m, _), (frequencies, degrees, matrix) in theta_series(lmax).items():
        low = frequencies.start if len(frequencies) else 0
        for degree, column in zip(degrees, matrix.T, strict=True):
            rows.append((m, low, len(frequencies), degree, begin, m % 2))
            factors.append(column)
            begin += len(column)
    return SeriesPlan(lmax, immutable(np.array(rows, dtype=np.int64)), immutable(np.concatenate(factors)))


@lru_cache(maxsize=16)
def _evaluation(lmax: int) -> Prepared:
    """Return the kernel that evaluates harmonics."""
    plan = _series(lmax)
    cost = 2 * len(plan.factors) + 8 * (lmax + 1) ** 2
    return Prepared(evaluate, plan, series_scratch(lmax), np.dtype(np.float64), TOGETHER, cost)


def harmonics(vectors: Float, lmax: int, threads: int | None = None) -> Directions:
    """Return Y_lm of vectors (samples, 3); NaN where one is not finite, Y_00 alone for the zero vector."""
    samples = len(vectors)
    values, at = np.empty((samples, (lmax + 1) ** 2)), np.empty((samples, 5))
    exponent = np.empty(samples, np.int64)
    arrays = flat_read_only(vectors), at.ravel(), exponent, values.ravel()
    _evaluation(lmax).run(arrays, samples, threads)
    return Directions(at, exponent, values)


@lru_cache(maxsize=16)
def harmonics_bound(lmax: int) -> Float:
    """Return a bound on the error of each Y_lm, ((lmax + 1)^2,), the same for every vector."""
    bound = np.zeros((lmax + 1) ** 2)
    for (m, _), (_, degrees, matrix) in theta_series(lmax).items():
        size = np.abs(matrix).sum(axis=0)
        for degree, total in zip(degrees, size.tolist(), strict=True):
            roundings = 12 * degree + 12 * m + degree // 2 + 4
            at = degree * degree + degree
            bound[[at + m, at - m]] = total * gamma(roundings, np.float64) * _SLACK
    return immutable(bound)


@lru_cache(maxsize=16)
def _gradient_terms(lmax: int, *, absolute: bool) -> GradientPlan:
    """Lay out solid_gradient of every degree for the kernel, or its absolute values."""
    starts, terms, factors = [0, 0], [np.zeros((0, 3), np.int64)], [np.zeros(0)]
    for degree in range(1, lmax + 1):
        block = solid_gradient(degree, "real")
        terms.append(block.indices + np.array([degree * degree, 0, (degree - 1) ** 2]))
        factors.append(np.asarray(block.to_numpy(), dtype=np.float64)[tuple(block.indices.T)])
        starts.append(starts[-1] + len(block.indices))
    values = np.concatenate(factors)
    return GradientPlan(
        immutable(np.array(starts, dtype=np.int64)),
        immutable(np.concatenate(terms)),
        immutable(np.abs(values) if absolute else values),
    )


def _contract(g: Float, values: Float, lmax: int, *, absolute: bool) -> Float:
    """Return sum over (l, m), m' of g_lm G[m, a, m'] Y_l-1,m', (samples, 3); or with |G|."""
    total, plan = np.empty((len(g), 3)), _gradient_terms(lmax, absolute=absolute)
    flat = [flat_read_only(np.ascontiguousarray(array, dtype=np.float64)) for array in (g, values)]

    def task(first: int, last: int) -> None:
        contract(*flat, g.shape[1], plan, first, last, total.ravel())

    over_samples(task, len(g), 1, 4 * len(plan.factors), None)
    return total


def vector_gradient(
    at: Directions, g: Float, limit: Float | None, lmax: int, threads: int | None = None
) -> tuple[Float, Float | None]:
    """Return the gradient of a loss in the vectors, from its gradient g in the harmonics, with a bound.

    g, limit     (samples, (lmax + 1)^2), and a bound on its error or None
    returns      (samples, 3), 0 for zero vectors
    """
    result, plan = np.empty((len(g), 3)), _gradient_terms(lmax, absolute=False)
    given = flat_read_only(g), flat_read_only(at.values), g.shape[1], plan
    units = flat_read_only(at.at), flat_read_only(at.exponent)

    def task(first: int, last: int) -> None:
        pull(*given, *units, first, last, result.ravel())

    over_samples(task, len(g), 1, 4 * len(plan.factors), threads)
    return result, None if limit is None else _gradient_bound(at, g, limit, lmax)


def _gradient_bound(at: Directions, g: Float, limit: Float, lmax: int) -> Float:
    """Bound the error of `vector_gradient`."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore", under="ignore"):
        size = np.abs(at.values) + harmonics_bound(lmax)
        spread = _contract(np.abs(g), np.broadcast_to(harmonics_bound(lmax), g.shape), lmax, absolute=True)
        error = _contract(limit, size, lmax, absolute=True) + spread
        error += gamma(5 * lmax + 5, np.float64) * _contract(np.abs(g), size, lmax, absolute=True)
        total = error + error.sum(axis=1, keepdims=True)
        full = np.abs(_contract(g, at.values, lmax, absolute=False)).sum(axis=1, keepdims=True)
        total += gamma(60, np.float64) * (full + total)
        zero, mantissa = at.zero[:, None], at.at[:, 4:]
        inverse = np.ldexp(1.0 / np.where(zero, 1.0, mantissa), np.where(zero, 0, -at.exponent[:, None]))
        tiny = np.finfo(np.float64).smallest_normal
        return np.where(zero, 0.0, total * inverse * _SLACK + tiny * (1 + inverse))


def narrowed(value: Array, bound: Float) -> Float:
    """Add the rounding of a float64 result to the dtype of `value`; inf where either is not finite."""
    if value.dtype != np.float64:
        bound = (bound + final_rounding(value)) * _SLACK
    return np.where(np.isfinite(value) & np.isfinite(bound), bound, np.inf)
