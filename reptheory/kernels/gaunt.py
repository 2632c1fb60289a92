"""Tables of Gaunt coefficients, compiled: 3j integers of a block, spread over the orders of real harmonics.

Blocks with equal b and c follow from one another in a small square B[p, q] that stays in cache. Up to four
entries of the real basis share one integer; `gaunt_plain` says which, and holds the NumPy twins. Floats are
computed once in the square, as in `pascal_floats`, and spread the same way. Integers have one word: the
caller knows that they fit (docs/proofs/pascal.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.double_double import normal, times
from reptheory.kernels.gaunt_plain import GauntPlan, fill_gaunt_plain, round_gaunt_plain
from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.pascal_floats import round_double, round_single

__all__ = ["fill_gaunt", "round_gaunt"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@inlined
def _first_square(square: Ints, x: Ints, y: Ints, b: int, c: int, rows: int, columns: int) -> None:
    """Write C(c, p) C(b, q), and zeros around it."""
    for p in range(rows):
        for q in range(columns):
            square[p, q] = x[p] * y[q] if p <= c and q <= b else 0


@inlined
def _next_square(square: Ints, rows: int, columns: int) -> None:
    """Multiply by (1 - x y)^2, in place."""
    for p in range(rows - 1, 1, -1):
        row, one, two = square[p], square[p - 1], square[p - 2]
        for q in range(2, columns):
            row[q] += two[q - 2] - 2 * one[q - 1]
        row[1] -= 2 * one[0]
    for q in range(1, columns):
        square[1, q] -= 2 * square[0, q - 1]


@part
def _spread_complex(square: Any, l1: int, l2: int, l3: int, zero: Any, out: Any, at: int) -> None:
    """Write a block in the order of complex harmonics."""
    base = 1 - ((l1 + l2 + l3) & 2)
    for m1 in range(-l1, l1 + 1):
        row = square[l1 + m1]
        for m2 in range(max(-l2, -l3 - m1), min(l2, l3 - m1) + 1):
            sign = -base if (l3 + m1 + m2) & 1 else base
            out[at] = sign * row[l2 - m2] + zero
            at += 1


@part
def _spread_real(square: Any, l1: int, l2: int, l3: int, zero: Any, out: Any, start: int) -> None:
    """Write a block in the order of real harmonics; `zero` turns -0.0 into 0.0."""
    base = 1 - ((l1 + l2 + l3) & 2)
    if l3 & 1:
        base = -base
    at = np.uintp(start)
    one = np.uintp(1)
    for m1 in range(-l1, l1 + 1):
        u = abs(m1)
        row = square[l1 + u]
        for side in range(2):  # m2 = -l2 .. -1, then m2 = 0 .. l2
            odd = (m1 < 0) != (side == 0)
            outer = -base if m1 < 0 and side == 0 else base
            far = -base if u & 1 else base
            far = -far if m1 < 0 and side == 1 else far
            near = -base if m1 > 0 and side == 0 else base
            for k in range(l2 + side):
                v = k if side == 1 else l2 - k
                difference = abs(u - v)
                has_sum = u + v <= l3
                has_difference = (u > 0) & (v > 0) & (difference <= l3) & ((not odd) | (difference > 0))
                first = outer * row[np.uintp(l2 - v)] + zero
                turn = far if v >= u else (-near if v & 1 else near)
                second = turn * row[np.uintp(l2 + v)] + zero
                if has_sum & has_difference:
                    out[at] = first if odd else second
                    out[at + one] = second if odd else first
                    at += one + one
                elif has_sum | has_difference:
                    out[at] = first if has_sum else second
                    at += one


@part
def _spread(real: bool, square: Any, l1: int, l2: int, l3: int, zero: Any, out: Any, start: int) -> None:
    if real:
        _spread_real(square, l1, l2, l3, zero, out, start)
    else:
        _spread_complex(square, l1, l2, l3, zero, out, start)


@compiled
def _fill_gaunt(plan: GauntPlan, binomials: Ints, out: Ints) -> None:
    """Write the integers of all blocks."""
    most, most_out = plan.numbers.shape[0] - 1, plan.numbers.shape[2] - 1
    square = np.zeros((2 * most + 1, 2 * most + 1), np.int64)
    for b in range(0, 2 * most_out + 1, 2):
        for c in range(0, 2 * most_out - b + 1, 2):
            last = 2 * most - max(b, c)
            if last < 0:
                continue
            _first_square(square, binomials[c], binomials[b], b, c, last + c + 1, last + b + 1)
            for a in range(0, last + 1, 2):
                if a > 0:
                    _next_square(square, a + c + 1, a + b + 1)
                l1, l2, l3 = (a + c) >> 1, (a + b) >> 1, (b + c) >> 1
                start = plan.starts[plan.numbers[l1, l2, l3]]
                _spread(plan.real, square, l1, l2, l3, np.int64(0), out, start)


@part
def _block_scale(roots: Floats, unit: Floats, l1: int, l2: int, l3: int) -> tuple[float, float]:
    """Return the factor that all entries of a block share; see `block_scale_plain`."""
    g = (l1 + l2 + l3) >> 1
    high, low = unit[0], unit[1]
    for n in (2 * g + 1, 2 * g + 1, g - l1, g - l1, g - l2, g - l2, g - l3, g - l3):
        high, low = times(high, low, roots[2, n], roots[3, n])
        high, low = normal(high, low)
    for n in (2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1, g, g):
        high, low = times(high, low, roots[0, n], roots[1, n])
        high, low = normal(high, low)
    return high, low


@inlined
def _weigh_row(
    whole: Ints, high: float, low: float, x: Floats, x_low: Floats, y: Floats, y_low: Floats, top: Floats,
    rest: Floats,
) -> None:  # fmt: skip
    """Write integers times a pair and the pairs of two orders, as pairs."""
    for k in range(whole.shape[0]):
        value = np.float64(whole[k])
        left = np.float64(whole[k] - np.int64(value))
        one, one_low = times(high, low, y[k], y_low[k])
        two, two_low = times(one, one_low, x[k], x_low[k])
        top[k], rest[k] = times(two, two_low, value, left)


@part
def _weigh_square(
    square: Ints, l1: int, l2: int, l3: int, real: bool, roots: Floats, scales: Floats, units: Floats,
    top: Floats, rest: Floats,
) -> None:  # fmt: skip
    """Write the double-double values of the rows that a block needs; elsewhere nothing."""
    b, c = l2 + l3 - l1, l1 + l3 - l2
    full, full_low = _block_scale(roots, units[0], l1, l2, l3)
    half, half_low = _block_scale(roots, units[1], l1, l2, l3)
    for p in range(l1 if real else 0, 2 * l1 + 1):
        first, last = max(0, p - c), min(2 * l2, p + b) + 1
        high, low = (half, half_low) if real and p > l1 else (full, full_low)
        high, low = times(high, low, scales[0, 2 * l1, p], scales[1, 2 * l1, p])
        high, low = normal(high, low)
        t = c - p + first
        n = last - first
        _weigh_row(
            square[p, first:last], high, low, scales[0, 2 * l2, first:last], scales[1, 2 * l2, first:last],
            scales[0, 2 * l3, t : t + n], scales[1, 2 * l3, t : t + n], top[p, first:last], rest[p,
            first:last],
        )  # fmt: skip
        if not (real and p > l1):
            continue
        high, low = times(full, full_low, scales[0, 2 * l1, p], scales[1, 2 * l1, p])
        high, low = normal(high, low)
        for q in (l2, p + b - l3):  # m2 = 0, m3 = 0: not halved
            if first <= q < last:
                t = c - p + q
                _weigh_row(
                    square[p, q : q + 1], high, low, scales[0, 2 * l2, q : q + 1],
                    scales[1, 2 * l2, q : q + 1], scales[0, 2 * l3, t : t + 1],
                    scales[1, 2 * l3, t : t + 1], top[p, q : q + 1], rest[p, q : q + 1],
                )  # fmt: skip


@compiled
def _round_gaunt(
    plan: GauntPlan, binomials: Ints, roots: Floats, scales: Floats, units: Floats, slack: float,
    doubles: Floats, singles: NDArray[np.float32], doubtful: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Round all blocks to doubles, or to singles if there is no room in doubles; mark the doubtful ones."""
    most, most_out = plan.numbers.shape[0] - 1, plan.numbers.shape[2] - 1
    size = 2 * most + 1
    square = np.zeros((size, size), np.int64)
    top, rest = np.zeros((size, size)), np.zeros((size, size))
    rounded, single = np.zeros((size, size)), np.zeros((size, size), np.float32)
    unsure = np.empty(size, np.bool_)
    for b in range(0, 2 * most_out + 1, 2):
        for c in range(0, 2 * most_out - b + 1, 2):
            last = 2 * most - max(b, c)
            if last < 0:
                continue
            _first_square(square, binomials[c], binomials[b], b, c, last + c + 1, last + b + 1)
            for a in range(0, last + 1, 2):
                if a > 0:
                    _next_square(square, a + c + 1, a + b + 1)
                l1, l2, l3 = (a + c) >> 1, (a + b) >> 1, (b + c) >> 1
                _weigh_square(square, l1, l2, l3, plan.real, roots, scales, units, top, rest)
                number = plan.numbers[l1, l2, l3]
                count = 0
                for p in range(l1 if plan.real else 0, 2 * l1 + 1):
                    low, high = max(0, p - c), min(2 * l2, p + b) + 1
                    if doubles.shape[0]:
                        count += round_double(
                            top[p, low:high], rest[p, low:high], slack, rounded[p, low:high], unsure[low:high]
                        )
                    else:
                        count += round_single(
                            top[p, low:high], rest[p, low:high], slack, single[p, low:high], unsure[low:high]
                        )
                doubtful[number] = count > 0
                start = plan.starts[number]
                if doubles.shape[0]:
                    _spread(plan.real, rounded, l1, l2, l3, 0.0, doubles, start)
                else:
                    _spread(plan.real, single, l1, l2, l3, np.float32(0), singles, start)


def fill_gaunt(plan: GauntPlan, binomials: Ints, out: Ints) -> None:
    """Write the integers of all blocks.

    binomials   C(n, k) for n, k up to twice the largest degree
    """
    (fill_gaunt_plain if config.DISABLE_JIT else _fill_gaunt)(plan, binomials, out)


def round_gaunt(
    plan: GauntPlan, integers: Ints, binomials: Ints, roots: Floats, scales: Floats, units: Floats,
    slack: float, out: NDArray[np.floating[Any]],
) -> list[int]:  # fmt: skip
    """Round all blocks; return the numbers of the doubtful ones. Arguments as for `round_gaunt_plain`."""
    if config.DISABLE_JIT:
        return round_gaunt_plain(plan, integers, roots, scales, units, slack, out)
    nothing = np.empty(0, np.float64), np.empty(0, np.float32)
    doubles: Any = out if out.dtype == np.float64 else nothing[0]
    singles: Any = out if out.dtype == np.float32 else nothing[1]
    doubtful = np.zeros(len(plan.ls), np.bool_)
    _round_gaunt(plan, binomials, roots, scales, units, slack, doubles, singles, doubtful)
    return [int(number) for number in np.flatnonzero(doubtful)]
