"""Tables of Gaunt coefficients, compiled: 3j integers of a block, spread over the orders of real harmonics.

Blocks with equal b and c follow from one another in a small square B[p, q] that stays in cache, flat, with
zeros between its rows and around it. Up to four entries of the real basis share one integer; `gaunt_plain`
says which, and holds the NumPy twins. Where the entries of a row stand in the square depends on two numbers
only, so that a line of steps, made once a table, serves all such rows: `pick` moves eight of them at once.
Floats are computed once in the square, as in `pascal_floats`, and spread the same way. Integers have one
word: the caller knows that they fit (docs/proofs/pascal.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.double_double import normal, times
from reptheory.kernels.gaunt_plain import GauntPlan, block_size, fill_gaunt_plain, round_gaunt_plain
from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.pascal_floats import round_double, round_single
from reptheory.kernels.simd.gaunt import (
    LANES,
    difference,
    pick,
)

__all__ = ["fill_gaunt", "lay_out", "round_gaunt"]

ROOM = 4 * LANES
"""Numbers around a square, and behind a block, that moves of `LANES` may touch."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@inlined
def _start_square(
    square: Ints, origin: int, stride: int, x: Ints, y: Ints, b: int, c: int, rows: int
) -> None:
    """Write C(c, p) C(b, q), and zeros around it."""
    for k in range(origin + rows * stride + ROOM):
        square[k] = 0
    for p in range(c + 1):
        at, factor = origin + p * stride, x[p]
        for q in range(b + 1):
            square[at + q] = factor * y[q]


@inlined
def _next_square(square: Ints, origin: int, stride: int, l1: int, l2: int, real: bool) -> None:
    """Multiply by (1 - x y)^2, in place, from the last row to the first; what lies around stays zero.

    l1, l2  degrees of the result. Real harmonics need the rows from l1 on; the one row more that those follow
            from is the mirror image of another, B[2 l1 - p, 2 l2 - q] = B[p, q] for even l1+l2-l3
    """
    lowest = origin
    if real:
        lowest += l1 * stride
        image = lowest - 2 * stride + 2 * (l2 - 1)
        for q in range(2 * l2 - 1):
            square[image - q] = square[lowest + q]
    steps = ((2 * l1 + 1) * stride - lowest + origin + LANES - 1) // LANES
    for k in range(steps - 1, -1, -1):
        difference(square, lowest + k * LANES, stride + 1)


@inlined
def _write_line(line: Any, middle: int, m1: int, both: int, most: int, side: int) -> None:
    """Write the half of a line with m2 = side v, outwards; side is -1 or 1."""
    u, odd = abs(m1), (m1 < 0) != (side < 0)
    at = middle + side
    for v in range(1, most + 1):
        for turn in range(2):
            if (m1 > 0) == (turn == 1):  # |m3| = u + v, which comes last where m1 > 0
                if v <= both or m1 == 0:
                    line[at] = -2 * v + (m1 < 0 and side < 0)
                    at += side
            elif m1 != 0 and not (odd and v == u):  # |m3| = |u - v|
                turned = odd and ((v > u) if m1 < 0 else (v < u))
                line[at] = 2 * v + ((min(u, v) & 1 == 1) != turned)
                at += side


@part
def _steps(most: int, real: bool) -> tuple[NDArray[np.int8], int]:
    """Return for each entry of a row where it stands in a row of the square, and how long such a line is.

    A step is twice the distance from the middle, plus 1 where the sign changes; see `gaunt_plain`. With real
    harmonics there is a line for each (m1, both): orders m2 = -+v with v up to `both` have two m3, the others
    one; m2 = 0 stands in the middle of the line. With complex harmonics there is one line.
    """
    middle = 2 * most + LANES
    width = 2 * middle
    if not real:
        line = np.zeros(width, np.int8)
        for m2 in range(-most, most + 1):
            line[middle + m2] = -2 * m2 + (m2 & 1)
        return line, width
    lines = np.zeros((2 * most + 1) * (most + 1) * width, np.int8)
    start = 0
    for m1 in range(-most, most + 1):
        for both in range(most + 1):
            line = lines[start : start + width]
            line[middle] = 0
            _write_line(line, middle, m1, both, most, -1)
            _write_line(line, middle, m1, both, most, 1)
            start += width
    return lines, width


@inlined
def _run(source: Any, center: int, steps: Any, place: int, count: int, minus: int, out: Any, at: int) -> int:
    """Write `count` numbers, and some more; return where they end."""
    for k in range(0, count, LANES):
        pick(source, center, steps, place + k, minus, out, at + k)
    return at + count


@inlined
def _spread(
    real: bool, square: Any, center: int, stride: int, l1: int, l2: int, l3: int, steps: Any, width: int,
    most: int, out: Any, start: int, stop: int, spare: Any,
) -> None:  # fmt: skip
    """Write a block; what stands behind it stays, though rows are written with more than they hold.

    A row of real harmonics with |m1| > l3 has two parts, since |m2| begins at |m1| - l3.
    """
    last = stop + ROOM > out.shape[0]
    target, begin = (spare, ROOM) if last else (out, start)
    at, end = begin, begin + stop - start
    for k in range(ROOM):
        spare[k] = target[end + k]
    minus = -((l3 + ((l1 + l2 + l3) >> 1)) & 1)
    for m1 in range(-l1, l1 + 1):
        row, middle, second, right = center + m1 * stride, width >> 1, 0, 0
        if real:
            u = abs(m1)
            row = center + u * stride
            both, high = max(0, min(l2, l3 - u)), min(l2, u + l3)
            middle += ((m1 + most) * (most + 1) + both) * width
            rest = max(1, u - l3)
            count = both if m1 == 0 else both + high + 1 - rest
            left, right = count - (m1 > 0 and u <= high), count - (m1 < 0 and u <= high)
            first, second = middle - rest - left + 1, middle + rest
            if u <= l3:
                left, right = left + 1 + right, 0
        else:
            low, high = max(-l2, -l3 - m1), min(l2, l3 - m1)
            first, left = middle + low, high - low + 1
        turned = minus if real else minus ^ -(m1 & 1)
        at = _run(square, row, steps, first, left, turned, target, at)
        at = _run(square, row, steps, second, right, turned, target, at)
    for k in range(ROOM):
        target[end + k] = spare[k]
    if last:
        for k in range(stop - start):
            out[start + k] = spare[ROOM + k]


@inlined
def _layout(last: int, b: int) -> tuple[int, int]:
    """Return where B[0, 0] stands in a flat square, and how far apart its rows do."""
    stride = max(last + b + 1, LANES)
    return ROOM + 2 * stride, stride


_block_size = inlined(block_size)


@compiled
def lay_out(top: int, out: int, real: bool) -> tuple[Ints, Ints, Ints]:
    """Return `ls`, `starts` and `numbers` of a plan, as `lay_out_plain` does."""
    count = 0
    for l1 in range(top + 1):
        for l2 in range(top + 1):
            count += len(range(abs(l1 - l2), min(l1 + l2, out) + 1, 2))
    ls, starts = np.empty((count, 3), np.int64), np.zeros(count + 1, np.int64)
    numbers = np.full((top + 1, top + 1, out + 1), -1)
    number = 0
    for l1 in range(top + 1):
        for l2 in range(top + 1):
            for l3 in range(abs(l1 - l2), min(l1 + l2, out) + 1, 2):
                ls[number, 0], ls[number, 1], ls[number, 2] = l1, l2, l3
                starts[number + 1] = starts[number] + _block_size(l1, l2, l3, real)
                numbers[l1, l2, l3] = number
                number += 1
    return ls, starts, numbers


@compiled
def _fill_gaunt(plan: GauntPlan, binomials: Ints, out: Ints) -> None:
    """Write the integers of all blocks."""
    most, most_out = plan.numbers.shape[0] - 1, plan.numbers.shape[2] - 1
    widest = 2 * most + 1 + LANES
    square = np.empty(2 * ROOM + (widest + 2) * widest, np.int64)
    steps, width = _steps(most, plan.real)
    spare = np.empty(2 * widest * widest + 3 * ROOM, np.int64)
    for b in range(0, 2 * most_out + 1, 2):
        for c in range(0, 2 * most_out - b + 1, 2):
            last = 2 * most - max(b, c)
            if last < 0:
                continue
            origin, stride = _layout(last, b)
            _start_square(square, origin, stride, binomials[c], binomials[b], b, c, last + c + 1)
            for a in range(0, last + 1, 2):
                l1, l2, l3 = (a + c) >> 1, (a + b) >> 1, (b + c) >> 1
                if a > 0:
                    _next_square(square, origin, stride, l1, l2, plan.real)
                number = plan.numbers[l1, l2, l3]
                start, stop = plan.starts[number], plan.starts[number + 1]
                center = origin + l1 * stride + l2
                _spread(
                    plan.real, square, center, stride, l1, l2, l3, steps, width, most, out, start, stop, spare
                )


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
    size, widest = 2 * most + 1, 2 * most + 1 + LANES
    square = np.empty(2 * ROOM + (widest + 2) * widest, np.int64)
    top, rest = np.zeros((size, size)), np.zeros((size, size))
    rounded, single = np.zeros(square.shape[0]), np.zeros(square.shape[0], np.float32)
    steps, width = _steps(most, plan.real)
    spare, spare_single = (
        np.empty(2 * widest * widest + 3 * ROOM),
        np.empty(2 * widest * widest + 3 * ROOM, np.float32),
    )
    unsure = np.empty(size, np.bool_)
    for b in range(0, 2 * most_out + 1, 2):
        for c in range(0, 2 * most_out - b + 1, 2):
            last = 2 * most - max(b, c)
            if last < 0:
                continue
            origin, stride = _layout(last, b)
            _start_square(square, origin, stride, binomials[c], binomials[b], b, c, last + c + 1)
            for a in range(0, last + 1, 2):
                l1, l2, l3 = (a + c) >> 1, (a + b) >> 1, (b + c) >> 1
                if a > 0:
                    _next_square(square, origin, stride, l1, l2, plan.real)
                whole = square[origin : origin + size * stride].reshape(size, stride)
                _weigh_square(whole, l1, l2, l3, plan.real, roots, scales, units, top, rest)
                number = plan.numbers[l1, l2, l3]
                count = 0
                for p in range(l1 if plan.real else 0, 2 * l1 + 1):
                    low, high = max(0, p - c), min(2 * l2, p + b) + 1
                    at = origin + p * stride
                    if doubles.shape[0]:
                        count += round_double(
                            top[p, low:high],
                            rest[p, low:high],
                            slack,
                            rounded[at + low : at + high],
                            unsure[low:high],
                        )
                    else:
                        count += round_single(
                            top[p, low:high],
                            rest[p, low:high],
                            slack,
                            single[at + low : at + high],
                            unsure[low:high],
                        )
                doubtful[number] = count > 0
                start, stop = plan.starts[number], plan.starts[number + 1]
                center = origin + l1 * stride + l2
                if doubles.shape[0]:
                    _spread(
                        plan.real, rounded, center, stride, l1, l2, l3, steps, width, most, doubles, start,
                        stop, spare,
                    )  # fmt: skip
                else:
                    _spread(
                        plan.real, single, center, stride, l1, l2, l3, steps, width, most, singles, start,
                        stop, spare_single,
                    )  # fmt: skip


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
