"""Pascal recursions for tables of 3j symbols: their layout, and NumPy twins of the loops of `pascal`.

Spins are doubled: t1, t2, t3. With a = j1+j2-j3, b = j2+j3-j1, c = j1+j3-j2, p = j1+m1, q = j2-m2, s = j3-m3,
the block of a triple holds

    (-1)^(t1+t3-s) B[p, q],   B[p, q] = [x^p y^q] (1 - x y)^a (1 + x)^c (1 + y)^b,   p - q = s - b,

for s in range(t3, -1, -1) for p in range(max(0, s-b), max(0, s-b) + n(s)), n(s) = a + 1 + min(c, s) - max(0,
s-b). For given b, c a block follows from the block with smaller a, row by row (1 - x y keeps p - q):

    a from a - 2:   new[k] = old[k] - 2 old[k-1] + old[k-2]  (whole spins, from (j1-1, j2-1, j3))
    a from a - 1:   new[k] = old[k-1] - old[k]               (halves, from (j1-1/2, j2-1/2, j3); signs turn)

and a = 0 is C(c,p) C(b,q). All of it is exact modulo 2^64, or 2^128 in two words. Nothing here needs Numba:
these twins serve small tables in a process that has not loaded it, and NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.double_plain import normal_plain, times_plain

__all__ = [
    "CLASSES",
    "SMALLEST_SINGLE",
    "BlockRows",
    "PascalPlan",
    "block_rows",
    "fill_plain",
    "inverse_roots_plain",
    "pascal_triangle",
    "round_plain",
    "rounded_plain",
    "split_plain",
    "within",
]

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

CLASSES = 16
"""Classes of blocks that may be done side by side: (t3 // 2) % CLASSES. A block and its source share one."""
SMALLEST_SINGLE = 2.0**-125
"""Below twice the smallest normal float32 roundings differ: those few entries are not proven here."""


class PascalPlan(NamedTuple):
    """The blocks of a table, or of a part of one, in its order.

    two_js   (T, 3) doubled spins
    starts   (T + 1,) where each block begins in the arrays that are filled
    sources  (T,) where the block that it follows from begins in the arrays it is read from; -1 for none
    step     what a grows by from there: 2 for whole spins, 1 with halves
    """

    two_js: Ints
    starts: Ints
    sources: Ints
    step: int


def pascal_triangle(most: int) -> tuple[Words, Words]:
    """Return (low, high): C(n, k) = low + 2^64 high modulo 2^128 for n, k <= most, zeros beyond."""
    low = np.zeros((most + 1, most + 1), dtype=np.uint64)
    high = np.zeros_like(low)
    low[:, 0] = 1
    for n in range(1, most + 1):
        np.add(low[n - 1, 1:], low[n - 1, :-1], out=low[n, 1:])
        carry = low[n, 1:] < low[n - 1, 1:]
        high[n, 1:] = high[n - 1, 1:] + high[n - 1, :-1] + carry
    return low, high


def _class_of(t3: Ints) -> Ints:
    return (t3 >> 1) % CLASSES


class BlockRows(NamedTuple):
    """One entry a row of the blocks: its triple, s, first p, length and where it begins."""

    triple: Ints
    a: Ints
    b: Ints
    c: Ints
    s: Ints
    first: Ints
    length: Ints
    start: Ints
    source: Ints


def block_rows(plan: PascalPlan, triples: Ints) -> BlockRows:
    """Return the rows of some blocks."""
    t1, t2, t3 = plan.two_js[triples].T
    counts = t3 + 1
    triple = np.repeat(triples, counts)
    t1, t2, t3 = plan.two_js[triple].T
    a, b, c = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2
    s = t3 - within(counts)
    first = np.maximum(0, s - b)
    length = a + 1 + np.minimum(c, s) - first
    ends = np.cumsum(length)
    heads = np.cumsum(counts) - counts
    before = ends - length
    offset = before - np.repeat(before[heads], counts)
    shorter = plan.step * (t3 - s)
    return BlockRows(
        triple,
        a,
        b,
        c,
        s,
        first,
        length,
        plan.starts[triple] + offset,
        plan.sources[triple] + offset - shorter,
    )


def within(counts: Ints) -> Ints:
    """Return 0 .. counts[0]-1, 0 .. counts[1]-1, ... in one array."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - counts, counts)


def fill_plain(
    plan: PascalPlan, first: int, last: int, old: tuple[Words, Words], new: tuple[Words, Words],
    binomials: tuple[Words, Words],
) -> None:  # fmt: skip
    """Write the blocks of the classes `first` to `last` - 1; those with a source follow from `old`.

    old, new    low and high words, the high ones of length 0 where one word serves; `old` may be `new`
    binomials   `pascal_triangle` up to the largest doubled spin
    """
    t1, t2, t3 = plan.two_js.T
    levels = np.where(plan.sources >= 0, (t1 + t2 - t3) // 2, 0)
    inside = (first <= _class_of(t3)) & (_class_of(t3) < last)
    for level in np.unique(levels[inside]).tolist():
        rows = block_rows(plan, np.flatnonzero(inside & (levels == level)))
        (_first_rows if level == 0 else _next_rows)(plan, rows, old, new, binomials)


def _first_rows(
    plan: PascalPlan, rows: BlockRows, _: object, new: tuple[Words, Words], binomials: tuple[Words, Words]
) -> None:
    """Write the blocks that follow from no other: a = 0, and a = 1 with whole spins."""
    length = rows.length - rows.a
    k = within(length)
    p = k + np.repeat(rows.first, length)
    q = p - np.repeat(rows.s - rows.b, length)
    c, b = np.repeat(rows.c, length), np.repeat(rows.b, length)
    value = _product(tuple(word[c, p] for word in binomials), tuple(word[b, q] for word in binomials))
    t1, _, t3 = plan.two_js[rows.triple].T
    odd = np.repeat((t1 + t3 - rows.s) % 2 == 1, length)
    value = _signed(value, odd)
    at = k + np.repeat(rows.start, length)
    _clear(new, rows)
    _add(new, at, value)
    ones = np.repeat(rows.a == 1, length)
    _add(new, at[ones] + 1, _signed((value[0][ones], value[1][ones]), True))


def _next_rows(
    plan: PascalPlan, rows: BlockRows, old: tuple[Words, Words], new: tuple[Words, Words], _: object
) -> None:
    """Write blocks from those with a smaller by the step."""
    length = rows.length - plan.step
    k = within(length)
    source = k + np.repeat(rows.source, length)
    value = old[0][source], old[1][source] if len(old[1]) else np.zeros(len(source), np.uint64)
    at = k + np.repeat(rows.start, length)
    _clear(new, rows)
    minus = _signed(value, True)
    if plan.step == 1:
        _add(new, at, minus)
        _add(new, at + 1, value)
        return
    _add(new, at, value)
    _add(new, at + 1, minus)
    _add(new, at + 1, minus)
    _add(new, at + 2, value)


def _clear(new: tuple[Words, Words], rows: BlockRows) -> None:
    at = within(rows.length) + np.repeat(rows.start, rows.length)
    for words in new:
        if len(words):
            words[at] = 0


def _add(new: tuple[Words, Words], at: Ints, value: tuple[Words, Words]) -> None:
    """Add values modulo 2^128 (2^64 where there is no high word) at places that are all different."""
    total = new[0][at] + value[0]
    if len(new[1]):
        new[1][at] += value[1] + (total < value[0])
    new[0][at] = total


def _signed(value: tuple[Words, Words], negative: Any) -> tuple[Words, Words]:
    """Return the values modulo 2^128, negated where told."""
    low, high = value
    turned = ~low + np.uint64(1)
    return np.where(negative, turned, low), np.where(negative, ~high + (turned == 0), high)


def _product(x: Any, y: Any) -> tuple[Words, Words]:
    """Return x y modulo 2^128, each a low and a high word."""
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    x0, x1, y0, y1 = x[0] & mask, x[0] >> half, y[0] & mask, y[0] >> half
    middle = x1 * y0 + (x0 * y0 >> half)
    other = x0 * y1 + (middle & mask)
    top = x1 * y1 + (middle >> half) + (other >> half)
    return x[0] * y[0], top + x[0] * y[1] + x[1] * y[0]


def inverse_roots_plain(roots: Floats, most: int) -> Floats:
    """Return (2, most + 1, most + 1): 1 / sqrt(C(n, k)) at [:, n, k], a pair; without meaning for k > n.

    roots   (4, count): sqrt(n!) high and low, 1 / sqrt(n!) high and low, each pair within 2^-106 of its value
    """
    n, k = np.mgrid[: most + 1, : most + 1]
    root, inverse = roots[:2], roots[2:]
    high, low = times_plain(*root[:, k], *root[:, np.abs(n - k)])
    return np.stack(normal_plain(*times_plain(*normal_plain(high, low), *inverse[:, n])))


_CHUNK = 1 << 19
"""Entries that are rounded at a time, so that the temporaries stay small."""


def round_plain(
    plan: PascalPlan, first: int, last: int, words: tuple[Words, Words], roots: Floats, scales: Floats,
    slack: float, out: NDArray[np.floating[Any]],
) -> Ints:  # fmt: skip
    """Round the values of the classes `first` to `last` - 1; return the places where that is not proven.

    words   the integers, low and high words (the high one of length 0 where one word serves)
    roots   as for `inverse_roots_plain`, for n up to the largest j1 + j2 + j3 + 1
    scales  `inverse_roots_plain` up to the largest doubled spin
    slack   proven relative error of the double-double value
    """
    classes = _class_of(plan.two_js[:, 2])
    kept = np.flatnonzero((first <= classes) & (classes < last))
    sizes = np.cumsum(np.diff(plan.starts)[kept])
    parts = np.split(kept, np.flatnonzero(np.diff(sizes // _CHUNK)) + 1)
    doubtful = [_round_blocks(plan, part, words, roots, scales, slack, out) for part in parts if len(part)]
    return np.concatenate([np.zeros(0, np.int64), *doubtful])


def _round_blocks(
    plan: PascalPlan, triples: Ints, words: tuple[Words, Words], roots: Floats, scales: Floats,
    slack: float, out: NDArray[np.floating[Any]],
) -> Ints:  # fmt: skip
    """Round the blocks of some triples."""
    rows = block_rows(plan, triples)
    t1, t2, t3 = plan.two_js[rows.triple].T
    pair = roots[2:, rows.a + rows.b + rows.c + 1]
    for half, n in ((0, t1), (0, t2), (0, t3), (2, rows.a), (2, rows.b), (2, rows.c)):
        pair = np.stack(normal_plain(*times_plain(*pair, *roots[half : half + 2, n])))
    pair = np.stack(normal_plain(*times_plain(*pair, *scales[:, t3, rows.s])))
    p = within(rows.length) + np.repeat(rows.first, rows.length)
    q = p - np.repeat(rows.s - rows.b, rows.length)
    spread = pair[:, np.repeat(np.arange(len(rows.s)), rows.length)]
    value = times_plain(*spread, *scales[:, np.repeat(t1, rows.length), p])
    value = times_plain(*value, *scales[:, np.repeat(t2, rows.length), q])
    at = within(rows.length) + np.repeat(rows.start, rows.length)
    integers = _split_wide(words[0][at], words[1][at]) if len(words[1]) else split_plain(words[0][at])
    out[at], unsure = rounded_plain(*times_plain(*value, *integers), slack, out.dtype)
    return at[unsure]


def split_plain(low: Words) -> tuple[Floats, Floats]:
    """Return signed 64-bit integers below 2^62 as pairs, exactly."""
    whole = low.view(np.int64)
    top = whole.astype(np.float64)
    return top, (whole - top.astype(np.int64)).astype(np.float64)


def _split_wide(low: Words, high: Words) -> tuple[Floats, Floats]:
    """Return signed 128-bit integers below 2^126 as pairs, but for 2^-104 of their size."""
    top, rest = split_plain(high)
    scale = 2.0**64
    middle = (low >> np.uint64(32)).astype(np.float64) * 2.0**32
    bottom = (low & np.uint64(0xFFFFFFFF)).astype(np.float64)
    first, lost = _two_sum(top * scale, middle)
    total, more = _two_sum(first, bottom)
    return total, (lost + more) + rest * scale


def _two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def rounded_plain(
    high: Floats, low: Floats, slack: float, form: Any
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the sums of pairs, rounded once, and where the ends of their enclosures do not agree."""
    margin = np.abs(high) * slack
    above, below = high + (low + margin), high + (low - margin)
    if form == np.float64:
        return above, above != below
    nearest = above.astype(np.float32)
    unsure = (nearest != below.astype(np.float32)) | ((np.abs(above) < SMALLEST_SINGLE) & (high != 0.0))
    for end in (above, below):
        single = end.astype(np.float32).astype(np.float64)
        beyond = single + 2.0 * (end - single)
        unsure |= (end != single) & (beyond.astype(np.float32) == beyond)
    return nearest, unsure
