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
    series_scratch,
)
from reptheory.kernels.pool import over_samples
from reptheory.operations.engines import final_rounding, flat_read_only

__all__ = ["Directions", "directions", "harmonics", "harmonics_bound", "narrowed", "vector_gradient"]

Array = NDArray[Any]
Float = NDArray[np.float64]

_SLACK = 1 + 2.0**-40


class Directions(NamedTuple):
    """Vectors as e^{i theta}, e^{i phi} (samples,), length mantissa * 2^exponent, and which are zero."""

    theta: NDArray[np.complex128]
    phi: NDArray[np.complex128]
    mantissa: Float
    exponent: NDArray[np.int64]
    zero: NDArray[np.bool_]


def _hypotenuse(a: Float, b: Float) -> tuple[Float, Float, Float, NDArray[np.int64]]:
    """Return a/r, b/r and r = sqrt(a^2 + b^2) as mantissa and exponent; 1, 0, 0 where both are 0."""
    exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))[1].astype(np.int64)
    a, b = np.ldexp(a, -exponent), np.ldexp(b, -exponent)
    length = np.sqrt(a * a + b * b)
    safe = np.where(length == 0, 1.0, length)
    return np.where(length == 0, 1.0, a / safe), b / safe, length, exponent


def directions(vectors: Float) -> Directions:
    """Turn (samples, 3) float64 vectors into directions; components that are not finite give NaN."""
    with np.errstate(invalid="ignore", under="ignore"):
        x, y, z = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, np.nan).T
        cosine, sine, flat, flat_exponent = _hypotenuse(x, y)
        # A common exponent for z and the length in the plane, which need not be a float by itself.
        z_mantissa, z_exponent = np.frexp(z)
        common = np.maximum(
            np.where(flat == 0, -5000, flat_exponent), np.where(z == 0, -5000, z_exponent)
        ).astype(np.int64)
        up = np.ldexp(z_mantissa, np.where(z == 0, 0, z_exponent - common))
        out = np.ldexp(flat, np.where(flat == 0, 0, flat_exponent - common))
        height, width, length, exponent = _hypotenuse(up, out)
    return Directions(
        height + 1j * width, cosine + 1j * sine, length, exponent + common, (flat == 0) & (z == 0)
    )


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


def harmonics(at: Directions, lmax: int) -> Float:
    """Return Y_lm, (samples, (lmax + 1)^2); zero vectors have Y_00 alone."""
    plan, samples = _series(lmax), len(at.zero)
    values = np.empty((samples, (lmax + 1) ** 2))
    angles = [flat_read_only(angle.view(np.float64)) for angle in (at.theta, at.phi)]

    def task(first: int, last: int) -> None:
        work = np.empty(series_scratch(lmax))
        evaluate(*angles, plan, values.reshape(-1), first, last, work)

    over_samples(task, samples, TOGETHER, 2 * len(plan.factors) + 8 * values.shape[1], None)
    values[at.zero, 1:] = 0
    values[np.isnan(at.mantissa)] = np.nan
    return values


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
        contract(*flat, g.shape[1], plan, first, last, total.reshape(-1))

    over_samples(task, len(g), 1, 4 * len(plan.factors), None)
    return total


def vector_gradient(
    at: Directions, values: Float, g: Float, limit: Float | None, lmax: int
) -> tuple[Float, Float | None]:
    """Return the gradient of a loss in the vectors, from its gradient g in the harmonics, with a bound.

    at, values   directions of the vectors and their harmonics
    g, limit     (samples, (lmax + 1)^2), and a bound on its error or None
    returns      (samples, 3), 0 for zero vectors
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore", under="ignore"):
        full = _contract(g, values, lmax, absolute=False)
        width = at.theta.imag
        normal = np.stack([width * at.phi.real, width * at.phi.imag, at.theta.real], axis=1)
        along = (normal * full).sum(axis=1, keepdims=True)
        inverse = np.ldexp(1.0 / np.where(at.zero, 1.0, at.mantissa), np.where(at.zero, 0, -at.exponent))
        result = np.where(at.zero[:, None], 0.0, (full - normal * along) * inverse[:, None])
        if limit is None:
            return result, None
        size = np.abs(values) + harmonics_bound(lmax)
        spread = _contract(np.abs(g), np.broadcast_to(harmonics_bound(lmax), g.shape), lmax, absolute=True)
        error = _contract(limit, size, lmax, absolute=True) + spread
        error += gamma(5 * lmax + 5, np.float64) * _contract(np.abs(g), size, lmax, absolute=True)
        total = error + error.sum(axis=1, keepdims=True)
        total += gamma(60, np.float64) * (np.abs(full).sum(axis=1, keepdims=True) + total)
        bound = np.where(at.zero[:, None], 0.0, total * inverse[:, None] * _SLACK)
        tiny = np.finfo(np.float64).smallest_normal
        return result, np.where(at.zero[:, None], 0.0, bound + tiny * (1 + inverse[:, None]))


def narrowed(value: Array, bound: Float) -> Float:
    """Add the rounding of a float64 result to the dtype of `value`; inf where either is not finite."""
    if value.dtype != np.float64:
        bound = (bound + final_rounding(value)) * _SLACK
    return np.where(np.isfinite(value) & np.isfinite(bound), bound, np.inf)
