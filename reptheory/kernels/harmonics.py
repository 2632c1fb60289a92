"""Harmonics: real harmonics of directions from cosines and sines, and the terms of their gradients.

    evaluate   Y_lm = (sum_u T[u, l] c_u(theta)) cos m phi or sin |m| phi,  c_u = cos or sin u theta
    contract   t[a] = sum over l, m, m' of g_lm D[lm, a, m'] Y_(l-1) m'

Samples are taken 64 at a time, one a place of a row, so that every loop is long. All in float64, flat
C-contiguous arrays; nothing is checked here. The twins in NumPy serve where the JIT is off.
Proof of the bounds: docs/proofs/vector_harmonics.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled

__all__ = ["TOGETHER", "GradientPlan", "SeriesPlan", "contract", "evaluate", "series_scratch"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

TOGETHER = 64


class SeriesPlan(NamedTuple):
    """The series of all harmonics to one degree.

    lmax      highest degree
    series    (S, 6) int64   |m|, first frequency, frequencies (in steps of 2), degree, place of the first
                             coefficient, and 1 where c_u is the sine; one row a (l, |m|)
    factors   (terms,)       T, frequencies ascending
    """

    lmax: int
    series: Ints
    factors: Float


class GradientPlan(NamedTuple):
    """The terms of the gradients of solid harmonics.

    starts    (lmax + 2,) int64   first term of each degree
    terms     (terms, 3) int64    l*l + l + m, axis, and the place of (l - 1, m')
    factors   (terms,)            D
    """

    starts: Ints
    terms: Ints
    factors: Float


def series_scratch(lmax: int) -> int:
    """Return how many numbers of scratch `evaluate` needs."""
    return TOGETHER * (4 * (lmax + 1) + 1)


def _evaluate(
    theta: Float, phi: Float, plan: SeriesPlan, values: Float, first: int, last: int, work: Float
) -> None:
    """Write samples first..last - 1 of the flat values (samples, (lmax + 1)^2).

    theta, phi   flat (samples, 2): cosine and sine
    """
    lmax, series, factors = plan
    dim, rows, span = (lmax + 1) ** 2, lmax + 1, np.uint64(TOGETHER)
    sums = np.uint64(4 * rows * TOGETHER)
    for start in range(first, last, TOGETHER):
        count = np.uint64(min(TOGETHER, last - start))
        for angle in range(2):
            given = phi if angle else theta
            re0 = np.uint64(2 * angle * rows * TOGETHER)
            im0 = re0 + np.uint64(rows * TOGETHER)
            for n in range(count):
                work[re0 + n], work[im0 + n] = 1.0, 0.0
            for k in range(np.uint64(lmax)):
                r, i = re0 + k * span, im0 + k * span
                for n in range(count):
                    place = np.uint64(2) * (np.uint64(start) + n)
                    a, b = given[place], given[place + np.uint64(1)]
                    work[r + span + n] = work[r + n] * a - work[i + n] * b
                    work[i + span + n] = work[r + n] * b + work[i + n] * a
        cosines = np.uint64(2 * rows * TOGETHER)
        for s in range(series.shape[0]):
            m, low, terms, degree, begin, sine = series[s]
            waves = np.uint64((sine * rows + low) * TOGETHER)
            for n in range(count):
                work[sums + n] = 0.0
            for u in range(np.uint64(terms)):
                factor, wave = factors[np.uint64(begin) + u], waves + u * (span + span)
                for n in range(count):
                    work[sums + n] += factor * work[wave + n]
            centre = np.uint64(start * dim + degree * degree + degree)
            even = cosines + np.uint64(m) * span
            odd = even + np.uint64(rows) * span
            for n in range(count):
                place = centre + n * np.uint64(dim)
                if m:
                    values[place - np.uint64(m)] = work[sums + n] * work[odd + n]
                values[place + np.uint64(m)] = work[sums + n] * work[even + n]


def _contract(g: Float, values: Float, dim: int, plan: GradientPlan, first: int, last: int, t: Float) -> None:
    """Write samples first..last - 1 of the flat t (samples, 3) from flat g and values (samples, dim).

    The terms of a degree are added first, then the degrees.
    """
    starts, terms, factors = plan
    for n in range(first, last):
        base = n * dim
        t0 = t1 = t2 = 0.0
        for degree in range(1, len(starts) - 1):
            s0 = s1 = s2 = 0.0
            for k in range(starts[degree], starts[degree + 1]):
                value = g[base + terms[k, 0]] * factors[k] * values[base + terms[k, 2]]
                axis = terms[k, 1]
                if axis == 0:
                    s0 += value
                elif axis == 1:
                    s1 += value
                else:
                    s2 += value
            t0, t1, t2 = t0 + s0, t1 + s1, t2 + s2
        t[3 * n], t[3 * n + 1], t[3 * n + 2] = t0, t1, t2


def _evaluate_plain(
    theta: Float, phi: Float, plan: SeriesPlan, values: Float, first: int, last: int, _work: Float
) -> None:
    """Twin of `evaluate` in NumPy."""
    waves = [_powers(angle.reshape(-1, 2)[first:last], plan.lmax) for angle in (theta, phi)]
    out = values.reshape(-1, (plan.lmax + 1) ** 2)[first:last]
    for m, low, terms, degree, begin, sine in plan.series.tolist():
        own = waves[0][sine][low : low + 2 * terms : 2]
        sums = np.zeros(last - first)
        for factor, wave in zip(plan.factors[begin : begin + terms].tolist(), own, strict=True):
            sums += factor * wave
        centre = degree * degree + degree
        out[:, centre - m] = sums * waves[1][1][m]
        out[:, centre + m] = sums * waves[1][0][m]


def _powers(unit: Float, count: int) -> tuple[Float, Float]:
    """Return cosines and sines of multiples 0 .. count of angles, (count + 1, samples)."""
    cosines, sines = np.ones((count + 1, len(unit))), np.zeros((count + 1, len(unit)))
    for k in range(count):
        cosines[k + 1] = cosines[k] * unit[:, 0] - sines[k] * unit[:, 1]
        sines[k + 1] = cosines[k] * unit[:, 1] + sines[k] * unit[:, 0]
    return cosines, sines


def _contract_plain(
    g: Float, values: Float, dim: int, plan: GradientPlan, first: int, last: int, t: Float
) -> None:
    """Twin of `contract` in NumPy."""
    left, right = (array.reshape(-1, dim)[first:last] for array in (g, values))
    out = t.reshape(-1, 3)[first:last]
    out[:] = 0
    for degree in range(1, len(plan.starts) - 1):
        sums = np.zeros_like(out)
        for k in range(plan.starts[degree], plan.starts[degree + 1]):
            row, axis, column = plan.terms[k].tolist()
            sums[:, axis] += left[:, row] * plan.factors[k] * right[:, column]
        out += sums


evaluate: Any = _evaluate_plain if config.DISABLE_JIT else compiled(_evaluate)
contract: Any = _contract_plain if config.DISABLE_JIT else compiled(_contract)
