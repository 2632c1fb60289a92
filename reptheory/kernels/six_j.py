"""Whole tables of 6j symbols: each row over j6 is a correlation of two short integer vectors.

With the letters of `exact/wigner6j.py` and t = k + (lead + 2 j6)/2, lead = max(2 j1 + 2 j5, 2 j2 + 2 j4),

    S(j6) = sum_k U[k] V[t],   V[t] = (-1)^t C(t+1, a1+1) C(j1+j2-j3, t-a4)
    U[k]  = C(j2+j3-j1, k + max(0, -d)) C(j1+j3-j2, k + max(0, d)),   d = j1+j5-j2-j4:

j6 occurs in t alone, V depends on j4 + j5 beside the triad (j1 j2 j3), and U on d. Both are made once a
triad, and one multiply-add a term is left. Arithmetic is modulo 2^64, or 2^128 in two words, so only the
result has to fit; which labels that admits is shown in docs/proofs/six_j.md.

Labels are doubled. The order of the entries is lexicographic in (j1, ..., j6). Nothing is checked here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled
from reptheory.kernels.simd.six_j import LANES, correlate, round_lanes, round_one
from reptheory.kernels.two_words import add_product, double_word, double_word_product

__all__ = ["LANES", "SLACK", "count_6j", "fill_6j", "fill_6j_wide", "label_6j", "round_6j", "round_6j_wide"]

SLACK = 2.0**-100
"""Relative error of a value before its rounding, at most: docs/proofs/six_j.md."""

Words = NDArray[np.uint64]
Doubles = NDArray[np.float64]
Triads = NDArray[np.int64]


@compiled
def count_6j(triads: Triads, top: int, step: int, counts: Triads) -> None:
    """Write counts[block, k], the number of entries with the triad (2 j1, 2 j2, 2 j3) and 2 j4 = k step.

    top    the largest label; step 1: all labels up to it, 2: even ones (whole spins) only
    """
    for block in range(triads.shape[0]):
        a, b, c = triads[block]
        for k in range(top // step + 1):
            d, total = k * step, 0
            for e in range(abs(d - c), min(d + c, top) + 1, 2):
                low, high = max(abs(a - e), abs(b - d)), min(a + e, b + d, top)
                if high >= low:
                    total += (high - low) // 2 + 1
            counts[block, k] = total


@compiled
def label_6j(
    triads: Triads, top: int, numbers: NDArray[np.int32], index: NDArray[np.int32],
    factors: NDArray[np.int32],
) -> None:  # fmt: skip
    """Write the doubled labels of every entry, and the numbers of its four triads.

    numbers  (top + 1,) * 3: of a triad in any order
    factors  (n, 4): of (j1 j2 j3), (j1 j5 j6), (j4 j2 j6), (j4 j5 j3)
    """
    place = 0
    for block in range(triads.shape[0]):
        a, b, c = triads[block]
        for d in range(top + 1):
            for e in range(abs(d - c), min(d + c, top) + 1, 2):
                for f in range(max(abs(a - e), abs(b - d)), min(a + e, b + d, top) + 1, 2):
                    row, four = index[place], factors[place]
                    row[0], row[1], row[2], row[3], row[4], row[5] = a, b, c, d, e, f
                    four[0], four[1] = numbers[a, b, c], numbers[a, e, f]
                    four[2], four[3] = numbers[d, b, f], numbers[d, e, c]
                    place += 1


@compiled
def _fill_v(a: int, b: int, c: int, top: int, pascal: Words, v: Words) -> None:
    """Write V of the module docstring for all j4 + j5: row r = j4 + j5 - j3, column t = 0..2 top."""
    width = 2 * top + 1
    v[: (top + 1) * width] = np.uint64(0)
    alpha, first = (a + b - c) // 2, (a + b + c) // 2
    for r in range((2 * top - c) // 2 + 1):
        fourth = r + c
        for t in range(max(first, fourth), fourth + alpha + 1):
            term = pascal[t + 1, first + 1] * pascal[alpha, t - fourth]
            v[r * width + t] = np.uint64(0) - term if t & 1 else term


@compiled
def _fill_u(a: int, b: int, c: int, stride: int, pascal: Words, u: Words) -> None:
    """Write U for all d from -beta to gamma: row d + beta."""
    beta, gamma = (b + c - a) // 2, (a + c - b) // 2
    for d in range(-beta, gamma + 1):
        below, above = max(0, -d), max(0, d)
        for k in range(min(beta - below, gamma - above) + 1):
            u[(d + beta) * stride + k] = pascal[beta, k + below] * pascal[gamma, k + above]


@compiled
def _row(
    a: int, b: int, c: int, d: int, e: int, top: int
) -> tuple[int, int, int, int, int]:  # fmt: skip
    """Return length, row of U, place in V, first k and number of k of the row (j1, ..., j5)."""
    low, high = max(abs(a - e), abs(b - d)), min(a + e, b + d, top)
    if high < low:
        return 0, 0, 0, 0, 0
    length = (high - low) // 2 + 1
    alpha, beta, gamma = (a + b - c) // 2, (b + c - a) // 2, (a + c - b) // 2
    shift = (a + e - b - d) // 2
    r, fourth = (d + e - c) // 2, (d + e + c) // 2
    base = (max(a + e, b + d) + low) // 2
    first = max(0, max((a + b + c) // 2, fourth) - base - (length - 1))
    last = min(beta - max(0, -shift), gamma - max(0, shift), fourth + alpha - base)
    return length, shift + beta, r * (2 * top + 1) + base, first, last - first + 1


@compiled
def fill_6j(
    triads: Triads, starts: Triads, top: int, step: int, pascal: Words, out: Words
) -> None:  # fmt: skip
    """Write S of every entry, modulo 2^64.

    triads   (blocks, 3) doubled; starts (blocks + 1,) where each begins in out
    pascal   (2 top + 2, 2 top + 2) binomials C(n, k), modulo 2^64
    """
    width, stride = 2 * top + 1, top + 1
    v = np.zeros((top + 1) * width + top + LANES, np.uint64)
    u = np.zeros((top + 1) * stride, np.uint64)
    last = np.empty(LANES, np.uint64)
    for block in range(triads.shape[0]):
        a, b, c = triads[block]
        _fill_v(a, b, c, top, pascal, v)
        _fill_u(a, b, c, stride, pascal, u)
        place = starts[block]
        for d in range(0, top + 1, step):
            for e in range(abs(d - c), min(d + c, top) + 1, 2):
                length, u_row, v0, k0, terms = _row(a, b, c, d, e, top)
                u0 = u_row * stride + k0
                for lane in range(0, length, LANES):  # what exceeds the row, the next one overwrites
                    at = place + lane
                    if at + LANES <= out.size:
                        correlate(u, u0, terms, v, v0 + k0 + lane, out, at)
                    else:
                        correlate(u, u0, terms, v, v0 + k0 + lane, last, 0)
                        out[at : place + length] = last[: place + length - at]
                place += length


@compiled
def _times(p: NDArray[np.uint64], q: NDArray[np.uint64], negative: bool) -> tuple[np.uint64, np.uint64]:
    """Return the words of +-p q modulo 2^128, p and q as (low, high)."""
    zero = np.uint64(0)
    low, high = add_product(zero, zero, p[0], p[1], q[0], q[1])
    if negative:
        ones = ~zero
        low, high = add_product(zero, zero, low, high, ones, ones)
    return low, high


@compiled
def _fill_v_wide(a: int, b: int, c: int, top: int, pascal: Words, v: Words) -> None:
    """Write V as `_fill_v` does, in two words: v[place, 0] low, v[place, 1] high."""
    width = 2 * top + 1
    v[: (top + 1) * width] = np.uint64(0)
    alpha, first = (a + b - c) // 2, (a + b + c) // 2
    for r in range((2 * top - c) // 2 + 1):
        fourth = r + c
        for t in range(max(first, fourth), fourth + alpha + 1):
            words = _times(pascal[t + 1, first + 1], pascal[alpha, t - fourth], t & 1 == 1)
            v[r * width + t, 0], v[r * width + t, 1] = words


@compiled
def _fill_u_wide(a: int, b: int, c: int, stride: int, pascal: Words, u: Words) -> None:
    """Write U as `_fill_u` does, in two words."""
    beta, gamma = (b + c - a) // 2, (a + c - b) // 2
    for d in range(-beta, gamma + 1):
        below, above = max(0, -d), max(0, d)
        for k in range(min(beta - below, gamma - above) + 1):
            words = _times(pascal[beta, k + below], pascal[gamma, k + above], False)
            u[(d + beta) * stride + k, 0], u[(d + beta) * stride + k, 1] = words


@compiled
def fill_6j_wide(
    triads: Triads, starts: Triads, top: int, step: int, pascal: Words, low: Words, high: Words
) -> None:  # fmt: skip
    """Write S of every entry, modulo 2^128, in two words.

    pascal   (2 top + 2, 2 top + 2, 2) binomials in two words; the other arguments as for `fill_6j`
    """
    width, stride = 2 * top + 1, top + 1
    v = np.zeros(((top + 1) * width, 2), np.uint64)
    u = np.zeros(((top + 1) * stride, 2), np.uint64)
    for block in range(triads.shape[0]):
        a, b, c = triads[block]
        _fill_v_wide(a, b, c, top, pascal, v)
        _fill_u_wide(a, b, c, stride, pascal, u)
        place = starts[block]
        for d in range(0, top + 1, step):
            for e in range(abs(d - c), min(d + c, top) + 1, 2):
                length, u_row, v0, k0, terms = _row(a, b, c, d, e, top)
                u0 = u_row * stride + k0
                for entry in range(length):
                    lower, upper = np.uint64(0), np.uint64(0)
                    for k in range(terms):
                        x, y = u0 + k, v0 + k0 + entry + k
                        lower, upper = add_product(lower, upper, u[x, 0], u[x, 1], v[y, 0], v[y, 1])
                    low[place], high[place] = lower, upper
                    place += 1


@compiled
def _place(x: int, y: int, z: int, top: int) -> int:
    """Return where a triad stands among the factors 1/sqrt(T): contiguous in z."""
    return (x * (top + 1) + y) * (top // 2 + 1) + (z - abs(x - y)) // 2


@compiled
def _note(marks: int, place: int, doubtful: NDArray[np.int64], found: int) -> int:
    """Write down the places of the marked lanes while there is room; return how many there are by now."""
    for lane in range(LANES):
        if marks >> lane & 1:
            if found < doubtful.size:
                doubtful[found] = place + lane
            found += 1
    return found


@compiled
def round_6j(
    triads: Triads, starts: Triads, top: int, step: int, integers: NDArray[np.int64], roots: Doubles,
    inverse: Doubles, slack: float, out: Doubles, doubtful: NDArray[np.int64],
) -> int:  # fmt: skip
    """Write S sqrt(T1 / (T2 T3 T4)), rounded once; return how many may not be the nearest float.

    integers  S of every entry in one word
    roots     (2, blocks) sqrt(T) of each triad as double-doubles
    inverse   (2, places) 1/sqrt(T) where `_place` says, padded by `LANES`
    slack     `SLACK`, or more
    doubtful  their places, as many as there is room for
    """
    found = 0
    head, tail = inverse[0], inverse[1]
    last, rounded = np.zeros(LANES, np.int64), np.empty(LANES)
    for block in range(triads.shape[0]):
        a, b, c = triads[block]
        place = starts[block]
        for d in range(0, top + 1, step):
            for e in range(abs(d - c), min(d + c, top) + 1, 2):
                low, high = max(abs(a - e), abs(b - d)), min(a + e, b + d, top)
                if high < low:
                    continue
                length = (high - low) // 2 + 1
                fourth = _place(d, e, c, top)
                r, rest = double_word_product(roots[0, block], roots[1, block], head[fourth], tail[fourth])
                second, third = _place(a, e, low, top), _place(b, d, low, top)
                for lane in range(0, length, LANES):
                    x, y, at = second + lane, third + lane, place + lane
                    some = min(LANES, length - lane)
                    if at + LANES <= out.size:
                        marks = round_lanes(integers, at, r, rest, head, tail, x, y, slack, out)
                    else:
                        last[:some] = integers[at : at + some]
                        marks = round_lanes(last, 0, r, rest, head, tail, x, y, slack, rounded)
                        out[at : at + some] = rounded[:some]
                    marks &= (1 << some) - 1
                    if marks:
                        found = _note(marks, at, doubtful, found)
                place += length
    return found


@compiled
def round_6j_wide(
    triads: Triads, starts: Triads, top: int, step: int, low_words: Words, high_words: Words, roots: Doubles,
    inverse: Doubles, slack: float, out: Doubles, doubtful: NDArray[np.int64],
) -> int:  # fmt: skip
    """Write the same as `round_6j` from integers of two words."""
    found = 0
    head, tail = inverse[0], inverse[1]
    for block in range(triads.shape[0]):
        a, b, c = triads[block]
        place = starts[block]
        for d in range(0, top + 1, step):
            for e in range(abs(d - c), min(d + c, top) + 1, 2):
                low, high = max(abs(a - e), abs(b - d)), min(a + e, b + d, top)
                fourth = _place(d, e, c, top)
                r, rest = double_word_product(roots[0, block], roots[1, block], head[fourth], tail[fourth])
                for f in range(low, high + 1, 2):
                    x, y = _place(a, e, f, top), _place(b, d, f, top)
                    h, h_low, negative = double_word(low_words[place], high_words[place])
                    value, sure = round_one(h, h_low, r, rest, head[x], tail[x], head[y], tail[y], slack)
                    out[place] = -value if negative else value
                    if not sure:
                        found = _note(1, place, doubtful, found)
                    place += 1
    return found
