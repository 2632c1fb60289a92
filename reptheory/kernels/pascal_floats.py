"""Floats of a table of 3j symbols, compiled: double-double products, rounded once, each with a proof.

A value is an integer of the table times seven square roots of factorials (of its block) and three inverse
roots of binomials (of its orders). `docs/proofs/pascal.md` bounds the relative error of the product; where
both ends of that enclosure round to the same float, that float is the nearest. Elsewhere the place is noted,
for a caller that knows the exact value. The layout is that of `pascal_plain`, whose NumPy twin serves
without the JIT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.double_double import normal, times
from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.pascal_plain import (
    CLASSES,
    SMALLEST_SINGLE,
    Floats,
    Ints,
    PascalPlan,
    Words,
    inverse_roots_plain,
    round_plain,
)

__all__ = ["inverse_roots", "round_double", "round_single", "round_table"]


@compiled
def _inverse_roots(roots: Floats, most: int) -> Floats:
    scales = np.zeros((2, most + 1, most + 1))
    for n in range(most + 1):
        for k in range(n + 1):
            high, low = times(roots[0, k], roots[1, k], roots[0, n - k], roots[1, n - k])
            high, low = normal(high, low)
            high, low = times(high, low, roots[2, n], roots[3, n])
            scales[0, n, k], scales[1, n, k] = normal(high, low)
    return scales


@part
def _block_scale(roots: Floats, t1: int, t2: int, t3: int) -> tuple[float, float]:
    """Return sqrt(t1! t2! t3! / (a! b! c! (a+b+c+1)!)) as a pair."""
    a, b, c = (t1 + t2 - t3) >> 1, (t2 + t3 - t1) >> 1, (t1 + t3 - t2) >> 1
    high, low = roots[2, a + b + c + 1], roots[3, a + b + c + 1]
    for n in (t1, t2, t3):
        high, low = times(high, low, roots[0, n], roots[1, n])
        high, low = normal(high, low)
    for n in (a, b, c):
        high, low = times(high, low, roots[2, n], roots[3, n])
        high, low = normal(high, low)
    return high, low


@inlined
def _split_narrow(whole: Ints, top: Floats, rest: Floats) -> None:
    for k in range(whole.shape[0]):
        value = np.float64(whole[k])
        top[k] = value
        rest[k] = np.float64(whole[k] - np.int64(value))


@inlined
def _split_wide(low: Words, high: Ints, top: Floats, rest: Floats) -> None:
    """Split two words into a pair: two sums that keep their rounding errors."""
    for k in range(low.shape[0]):
        value = np.float64(high[k])
        left = np.float64(high[k] - np.int64(value)) * 2.0**64
        a = value * 2.0**64
        b = np.float64(np.int64(low[k] >> np.uint64(32))) * 2.0**32
        c = np.float64(np.int64(low[k] & np.uint64(0xFFFFFFFF)))
        first = a + b
        back = first - a
        lost = (a - (first - back)) + (b - back)
        total = first + c
        back = total - first
        more = (first - (total - back)) + (c - back)
        top[k] = total
        rest[k] = (lost + more) + left


@inlined
def _weigh(
    top: Floats, rest: Floats, high: float, low: float, x: Floats, x_low: Floats, y: Floats, y_low: Floats
) -> None:
    """Multiply a row of pairs by a pair and by the pairs of its orders, in place."""
    for k in range(top.shape[0]):
        one, one_low = times(high, low, x[k], x_low[k])
        two, two_low = times(one, one_low, y[k], y_low[k])
        top[k], rest[k] = times(two, two_low, top[k], rest[k])


@inlined
def round_double(top: Floats, rest: Floats, slack: float, out: Floats, unsure: NDArray[np.bool_]) -> int:
    """Write the rounded sums; tell where, and at how many places, the ends of the enclosure differ."""
    count = 0
    for k in range(top.shape[0]):
        margin = abs(top[k]) * slack
        above, below = top[k] + (rest[k] + margin), top[k] + (rest[k] - margin)
        out[k] = above
        unsure[k] = above != below
        count += unsure[k]
    return count


@part
def _is_middle(value: Any) -> Any:
    """Whether a double lies in the middle of two neighbouring float32."""
    single = np.float64(np.float32(value))
    beyond = single + 2.0 * (value - single)
    return (value != single) & (np.float64(np.float32(beyond)) == beyond)


@inlined
def round_single(
    top: Floats, rest: Floats, slack: float, out: NDArray[np.float32], unsure: NDArray[np.bool_]
) -> int:
    """As `round_double`; a double in the middle of two float32 is doubtful too, as are subnormal ones."""
    count = 0
    for k in range(top.shape[0]):
        margin = abs(top[k]) * slack
        above, below = top[k] + (rest[k] + margin), top[k] + (rest[k] - margin)
        one, other = np.float32(above), np.float32(below)
        out[k] = one
        small = (abs(above) < SMALLEST_SINGLE) & (top[k] != 0.0)
        unsure[k] = (one != other) | small | _is_middle(above) | _is_middle(below)
        count += unsure[k]
    return count


@compiled
def _round_table(
    plan: PascalPlan, first: int, last: int, low: Words, high: Words, roots: Floats, scales: Floats,
    slack: float, doubles: Floats, singles: NDArray[np.float32], doubtful: Ints,
) -> int:  # fmt: skip
    """Round the blocks of some classes to doubles, or to singles if there is no room in doubles.

    Returns how many places are doubtful, and notes as many as `doubtful` has room for.
    """
    most = 0
    for triple in range(plan.two_js.shape[0]):
        most = max(most, plan.starts[triple + 1] - plan.starts[triple])
    top, rest, unsure = np.empty(most), np.empty(most), np.empty(most, np.bool_)
    count = 0
    for triple in range(plan.two_js.shape[0]):
        t1, t2, t3 = plan.two_js[triple]
        if not first <= (t3 >> 1) % CLASSES < last:
            continue
        begin, end = plan.starts[triple], plan.starts[triple + 1]
        size = end - begin
        if high.shape[0]:
            _split_wide(low[begin:end], high[begin:end].view(np.int64), top[:size], rest[:size])
        else:
            _split_narrow(low[begin:end].view(np.int64), top[:size], rest[:size])
        a, b, c = (t1 + t2 - t3) >> 1, (t2 + t3 - t1) >> 1, (t1 + t3 - t2) >> 1
        block, block_low = _block_scale(roots, t1, t2, t3)
        at = 0
        for s in range(t3, -1, -1):
            one, one_low = times(block, block_low, scales[0, t3, s], scales[1, t3, s])
            one, one_low = normal(one, one_low)
            p = max(0, s - b)
            q = p - s + b
            n = a + 1 + min(c, s) - p
            _weigh(
                top[at : at + n], rest[at : at + n], one, one_low, scales[0, t1, p : p + n],
                scales[1, t1, p : p + n], scales[0, t2, q : q + n], scales[1, t2, q : q + n],
            )  # fmt: skip
            at += n
        if doubles.shape[0]:
            some = round_double(top[:size], rest[:size], slack, doubles[begin:end], unsure[:size])
        else:
            some = round_single(top[:size], rest[:size], slack, singles[begin:end], unsure[:size])
        if some:
            for k in range(size):
                if unsure[k]:
                    if count < doubtful.shape[0]:
                        doubtful[count] = begin + k
                    count += 1
    return count


def inverse_roots(roots: Floats, most: int) -> Floats:
    """Return 1 / sqrt(C(n, k)) for k <= n <= most as pairs; see `inverse_roots_plain`."""
    scales: Floats = (inverse_roots_plain if config.DISABLE_JIT else _inverse_roots)(roots, most)
    return scales


def round_table(
    plan: PascalPlan, first: int, last: int, words: tuple[Words, Words], roots: Floats, scales: Floats,
    slack: float, out: NDArray[np.floating[Any]],
) -> Ints:  # fmt: skip
    """Round the blocks of the classes `first` to `last` - 1; see `round_plain`.

    scales   `inverse_roots` up to the largest doubled spin
    returns  the places whose rounding is not proven, ascending
    """
    if config.DISABLE_JIT:
        return round_plain(plan, first, last, words, roots, scales, slack, out)
    nothing = np.empty(0, np.float64), np.empty(0, np.float32)
    doubles: Any = out if out.dtype == np.float64 else nothing[0]
    singles: Any = out if out.dtype == np.float32 else nothing[1]
    room = 1024
    while True:
        doubtful = np.empty(room, np.int64)
        count = _round_table(plan, first, last, *words, roots, scales, slack, doubles, singles, doubtful)
        if count <= room:
            return doubtful[:count]
        room = count
