"""Pascal recursions for tables of 3j symbols, compiled: integers of one or two words, few additions each.

The layout and the recursions are those of `pascal_plain`, whose NumPy twins serve where the JIT is switched
off. Rows are contiguous in the source and in the target, so that the loops become vector instructions.
Nothing overflows: `docs/proofs/pascal.md` bounds every integer by exact arithmetic, and in two words carries
are added.

Blocks are independent but for their sources, which keep t3: a caller may fill classes of t3 side by side.
"""

from __future__ import annotations

import numpy as np
from numba import config

from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.pascal_plain import CLASSES, Ints, PascalPlan, Words, fill_plain

__all__ = ["fill_table"]


@inlined
def _first_narrow(row: Ints, x: Ints, y: Ints, p: int, q: int, a: int, odd: int) -> None:
    """Write the coefficients of (1 - x y)^a (1 + x)^c (1 + y)^b for a = 0 or 1, negated where `odd`."""
    before = np.int64(0)
    for k in range(row.shape[0] - a):
        value = x[p + k] * y[q + k]
        if odd:
            value = -value
        row[k] = value - before
        before = value * a
    if a == 1:
        row[-1] = -before


@inlined
def _one_narrow(row: Ints, old: Ints) -> None:
    n = old.shape[0]
    row[0] = -old[0]
    for k in range(1, n):
        row[k] = old[k - 1] - old[k]
    row[n] = old[n - 1]


@inlined
def _two_narrow(row: Ints, old: Ints) -> None:
    n = old.shape[0]
    row[0] = old[0]
    row[1] = -2 * old[0]
    if n > 1:
        row[1] = old[1] - 2 * old[0]
        for k in range(2, n):
            row[k] = old[k] - 2 * old[k - 1] + old[k - 2]
        row[n] = old[n - 2] - 2 * old[n - 1]
    row[n + 1] = old[n - 1]


@compiled
def _fill_narrow(plan: PascalPlan, first: int, last: int, old: Ints, new: Ints, binomials: Ints) -> None:
    """Write the blocks of some classes in one word."""
    for triple in range(plan.two_js.shape[0]):
        t1, t2, t3 = plan.two_js[triple]
        if not first <= (t3 >> 1) % CLASSES < last:
            continue
        a, b, c = (t1 + t2 - t3) >> 1, (t2 + t3 - t1) >> 1, (t1 + t3 - t2) >> 1
        at, source = plan.starts[triple], plan.sources[triple]
        for s in range(t3, -1, -1):
            start = max(0, s - b)
            length = a + 1 + min(c, s) - start
            row = new[at : at + length]
            if source < 0:
                _first_narrow(row, binomials[c], binomials[b], start, start - s + b, a, (t1 + t3 - s) & 1)
            elif plan.step == 1:
                _one_narrow(row, old[source : source + length - 1])
                source += length - 1
            else:
                _two_narrow(row, old[source : source + length - 2])
                source += length - 2
            at += length


@part
def _negated(low: np.uint64, high: np.uint64) -> tuple[np.uint64, np.uint64]:
    turned = ~low + np.uint64(1)
    return turned, ~high + np.uint64(turned == 0)


@part
def _product_high(x: np.uint64, y: np.uint64) -> np.uint64:
    """Return the high word of a product of two words."""
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    x0, x1, y0, y1 = x & mask, x >> half, y & mask, y >> half
    middle = x1 * y0 + (x0 * y0 >> half)
    other = x0 * y1 + (middle & mask)
    return x1 * y1 + (middle >> half) + (other >> half)


@inlined
def _first_wide(
    low: Words, high: Words, x: tuple[Words, Words], y: tuple[Words, Words], p: int, q: int, a: int, odd: int
) -> None:
    """Write the coefficients of (1 - x y)^a (1 + x)^c (1 + y)^b for a = 0 or 1, negated where `odd`."""
    before, before_high = np.uint64(0), np.uint64(0)
    for k in range(low.shape[0]):
        value, value_high = np.uint64(0), np.uint64(0)
        if k < low.shape[0] - a:
            value = x[0][p + k] * y[0][q + k]
            value_high = _product_high(x[0][p + k], y[0][q + k])
            value_high += x[0][p + k] * y[1][q + k] + x[1][p + k] * y[0][q + k]
            if odd:
                value, value_high = _negated(value, value_high)
        low[k] = value - before
        high[k] = value_high - before_high - np.uint64(value < before)
        if a == 1:
            before, before_high = value, value_high


@inlined
def _one_wide(low: Words, high: Words, old: Words, old_high: Words) -> None:
    n = old.shape[0]
    low[0], high[0] = _negated(old[0], old_high[0])
    for k in range(1, n):
        low[k] = old[k - 1] - old[k]
        high[k] = old_high[k - 1] - old_high[k] - np.uint64(old[k - 1] < old[k])
    low[n], high[n] = old[n - 1], old_high[n - 1]


@part
def _second_difference(
    x: np.uint64, x_high: np.uint64, y: np.uint64, y_high: np.uint64, z: np.uint64, z_high: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """Return x - 2 y + z."""
    one, top = np.uint64(1), np.uint64(63)
    outer = x + z
    outer_high = x_high + z_high + np.uint64(outer < x)
    inner, inner_high = y << one, (y_high << one) | (y >> top)
    return outer - inner, outer_high - inner_high - np.uint64(outer < inner)


@inlined
def _two_wide(low: Words, high: Words, old: Words, old_high: Words) -> None:
    n, zero = old.shape[0], np.uint64(0)
    low[0], high[0] = old[0], old_high[0]
    low[n + 1], high[n + 1] = old[n - 1], old_high[n - 1]
    if n == 1:
        low[1], high[1] = _second_difference(zero, zero, old[0], old_high[0], zero, zero)
        return
    low[1], high[1] = _second_difference(old[1], old_high[1], old[0], old_high[0], zero, zero)
    for k in range(2, n):
        low[k], high[k] = _second_difference(
            old[k], old_high[k], old[k - 1], old_high[k - 1], old[k - 2], old_high[k - 2]
        )
    low[n], high[n] = _second_difference(zero, zero, old[n - 1], old_high[n - 1], old[n - 2], old_high[n - 2])


@compiled
def _fill_wide(
    plan: PascalPlan, first: int, last: int, old: Words, old_high: Words, new: Words, new_high: Words,
    binomials: Words, binomials_high: Words,
) -> None:  # fmt: skip
    """Write the blocks of some classes in two words."""
    for triple in range(plan.two_js.shape[0]):
        t1, t2, t3 = plan.two_js[triple]
        if not first <= (t3 >> 1) % CLASSES < last:
            continue
        a, b, c = (t1 + t2 - t3) >> 1, (t2 + t3 - t1) >> 1, (t1 + t3 - t2) >> 1
        at, source = plan.starts[triple], plan.sources[triple]
        for s in range(t3, -1, -1):
            start = max(0, s - b)
            length = a + 1 + min(c, s) - start
            low, high = new[at : at + length], new_high[at : at + length]
            if source < 0:
                odd = (t1 + t3 - s) & 1
                x, y = (binomials[c], binomials_high[c]), (binomials[b], binomials_high[b])
                _first_wide(low, high, x, y, start, start - s + b, a, odd)
            else:
                n = length - plan.step
                below, below_high = old[source : source + n], old_high[source : source + n]
                if plan.step == 1:
                    _one_wide(low, high, below, below_high)
                else:
                    _two_wide(low, high, below, below_high)
                source += n
            at += length


def fill_table(
    plan: PascalPlan, first: int, last: int, old: tuple[Words, Words], new: tuple[Words, Words],
    binomials: tuple[Words, Words],
) -> None:  # fmt: skip
    """Write the blocks of the classes `first` to `last` - 1; arguments as for `fill_plain`."""
    if config.DISABLE_JIT:
        fill_plain(plan, first, last, old, new, binomials)
    elif len(new[1]):
        _fill_wide(plan, first, last, *old, *new, *binomials)
    else:
        signed = (words.view(np.int64) for words in (old[0], new[0], binomials[0]))
        _fill_narrow(plan, first, last, *signed)
