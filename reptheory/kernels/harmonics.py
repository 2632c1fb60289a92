"""Harmonics: real harmonics of the directions of vectors, and their gradients.

    evaluate   Y_lm = (sum_u T[u, l] c_u(theta)) cos m phi or sin |m| phi,  c_u = cos or sin u theta
    contract   t[a] = sum over l, m, m' of g_lm D[lm, a, m'] Y_(l-1) m'
    pull       (t - n (n . t)) / |v|, n = v / |v|

Samples are taken 64 at a time, one a place of a row, so that every loop is long. All in float64, flat
C-contiguous arrays; nothing is checked here. The twins in NumPy serve where the JIT is off.
Proof of the bounds: docs/proofs/vector_harmonics.md.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part

__all__ = ["TOGETHER", "GradientPlan", "SeriesPlan", "contract", "evaluate", "pull", "series_scratch"]

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

TOGETHER = 64
_ldexp: Any = np.ldexp if config.DISABLE_JIT else math.ldexp
"""Python's own raises where the result overflows."""


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


@part
def _hypotenuse(a: float, b: float) -> tuple[float, float, float, int]:
    """Return a/r, b/r and r = sqrt(a^2 + b^2) as mantissa and exponent; 1, 0, 0 where both are 0."""
    exponent = math.frexp(max(abs(a), abs(b)))[1]
    a, b = _ldexp(a, -exponent), _ldexp(b, -exponent)
    length = math.sqrt(a * a + b * b)
    if length == 0.0:
        return 1.0, b, 0.0, exponent
    return a / length, b / length, length, exponent


@part
def _direct(vectors: Float, at: Float, exponents: Ints, sample: int) -> None:
    """Write the direction and the length of one vector."""
    x, y, z = vectors[3 * sample], vectors[3 * sample + 1], vectors[3 * sample + 2]
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        at[5 * sample : 5 * sample + 5] = np.nan
        exponents[sample] = 0
        return
    cosine, sine, flat, flat_exponent = _hypotenuse(x, y)
    # A common exponent for z and the length in the plane, which need not be a float by itself.
    up, up_exponent = math.frexp(z)
    common = max(flat_exponent if flat else -5000, up_exponent if up else -5000)
    if up:
        up = _ldexp(up, up_exponent - common)
    if flat:
        flat = _ldexp(flat, flat_exponent - common)
    height, width, length, exponent = _hypotenuse(up, flat)
    place = 5 * sample
    at[place], at[place + 1], at[place + 2], at[place + 3] = height, width, cosine, sine
    at[place + 4] = length
    exponents[sample] = exponent + common


@part
def _without_direction(at: Float, values: Float, dim: int, first: int, last: int) -> None:
    """Write the harmonics of zero vectors and of those that are not finite."""
    for sample in range(first, last):
        length = at[5 * sample + 4]
        if length == 0.0:
            values[sample * dim + 1 : (sample + 1) * dim] = 0.0
        elif math.isnan(length):
            values[sample * dim : (sample + 1) * dim] = np.nan


def _evaluate(
    vectors: Float, at: Float, exponents: Ints, values: Float, first: int, last: int, plan: SeriesPlan,
    work: Float,
) -> None:  # fmt: skip
    """Write the directions of samples first..last - 1 and their harmonics, (samples, (lmax + 1)^2).

    vectors         flat (samples, 3)
    at, exponents   directions: (samples, 5) cos theta, sin theta, cos phi, sin phi, mantissa of the length,
                    and its exponent. Mantissa 0: the zero vector, whose harmonics are Y_00 alone; NaN: a
                    component is not finite, no harmonic is
    """
    lmax, series, factors = plan
    dim, rows, span = (lmax + 1) ** 2, lmax + 1, np.uint64(TOGETHER)
    sums = np.uint64(4 * rows * TOGETHER)
    for start in range(first, last, TOGETHER):
        end = min(start + TOGETHER, last)
        count = np.uint64(end - start)
        for sample in range(start, end):
            _direct(vectors, at, exponents, sample)
        for angle in range(2):
            re0 = np.uint64(2 * angle * rows * TOGETHER)
            im0 = re0 + np.uint64(rows * TOGETHER)
            for n in range(count):
                work[re0 + n], work[im0 + n] = 1.0, 0.0
            for k in range(np.uint64(lmax)):
                r, i = re0 + k * span, im0 + k * span
                for n in range(count):
                    place = np.uint64(5) * (np.uint64(start) + n) + np.uint64(2 * angle)
                    a, b = at[place], at[place + np.uint64(1)]
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
        _without_direction(at, values, dim, start, end)


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


def _pull(
    g: Float, values: Float, dim: int, plan: GradientPlan, at: Float, exponents: Ints, first: int, last: int,
    t: Float,
) -> None:  # fmt: skip
    """Write the gradients in the vectors first..last - 1, flat (samples, 3), from those in their harmonics.

    at, exponents   directions, as `evaluate` writes them
    """
    contract(g, values, dim, plan, first, last, t)
    for n in range(first, last):
        height, width, cosine, sine = at[5 * n], at[5 * n + 1], at[5 * n + 2], at[5 * n + 3]
        length, normal = at[5 * n + 4], (width * cosine, width * sine, height)
        along, inverse = 0.0, _ldexp(1.0 / length, -exponents[n]) if length else 0.0
        for axis in range(3):
            along += normal[axis] * t[3 * n + axis]
        for axis in range(3):
            t[3 * n + axis] = (t[3 * n + axis] - normal[axis] * along) * inverse if length else 0.0


def _evaluate_plain(
    vectors: Float, at: Float, exponents: Ints, values: Float, first: int, last: int, plan: SeriesPlan,
    _work: Float,
) -> None:  # fmt: skip
    """Twin of `evaluate` in NumPy."""
    lmax, series, factors = plan
    rows = at.reshape(-1, 5)[first:last]
    exponents[first:last] = _directions_plain(vectors.reshape(-1, 3)[first:last], rows)
    waves = [_powers(rows[:, place : place + 2], lmax) for place in (0, 2)]
    out = values.reshape(-1, (lmax + 1) ** 2)[first:last]
    for m, low, terms, degree, begin, sine in series.tolist():
        own = waves[0][sine][low : low + 2 * terms : 2]
        sums = np.zeros(last - first)
        for factor, wave in zip(factors[begin : begin + terms].tolist(), own, strict=True):
            sums += factor * wave
        centre = degree * degree + degree
        out[:, centre - m] = sums * waves[1][1][m]
        out[:, centre + m] = sums * waves[1][0][m]
    out[rows[:, 4] == 0, 1:] = 0
    out[np.isnan(rows[:, 4])] = np.nan


def _directions_plain(vectors: Float, at: Float) -> Ints:
    """Write directions and the mantissas of lengths to the rows of `at`, and return the exponents."""
    finite = np.asarray(np.isfinite(vectors).all(axis=1))
    with np.errstate(invalid="ignore", under="ignore"):
        x, y, z = np.where(finite[:, None], vectors, np.nan).T
        cosine, sine, flat, flat_exponent = _hypotenuse_plain(x, y)
        mantissa, exponent = np.frexp(z)
        common = np.maximum(np.where(flat == 0, -5000, flat_exponent), np.where(z == 0, -5000, exponent))
        up = np.ldexp(mantissa, np.where(z == 0, 0, exponent - common))
        out = np.ldexp(flat, np.where(flat == 0, 0, flat_exponent - common))
        height, width, length, last = _hypotenuse_plain(up, out)
        at[:] = np.stack([height, width, cosine, sine, length], axis=1)
        at[~finite] = np.nan
    return np.where(finite, last + common, 0)


def _hypotenuse_plain(a: Float, b: Float) -> tuple[Float, Float, Float, Ints]:
    """Twin of `_hypotenuse`."""
    exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))[1].astype(np.int64)
    a, b = np.ldexp(a, -exponent), np.ldexp(b, -exponent)
    length = np.sqrt(a * a + b * b)
    safe = np.where(length == 0, 1.0, length)
    return np.where(length == 0, 1.0, a / safe), b / safe, length, exponent


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
pull: Any = compiled(_pull)
