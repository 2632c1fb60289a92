"""Single 3j, 6j and 9j symbols by the million: integers in two words, roots in double-double, one rounding.

Every symbol is an integer times a square root of factorials. The integer is a sum taken modulo 2^128 (modulo
2^64 where a bound on the result allows it), so that only the result has to fit; the root is a product of
pairs of doubles. Where the rounding is not proven to give the nearest float, and where the labels are beyond
the tables here, the place is marked and the caller rounds exact integers. Proof: docs/proofs/symbols.md.

Labels are doubled and possible; forbidden symbols give 0. Nothing is checked here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled
from reptheory.kernels.two_words import add_product, double_word, double_word_product

__all__ = ["PRODUCT_3J", "SLACK", "SymbolTables", "fill_3j_values", "fill_6j_values", "fill_9j_values"]

SLACK = 2.0**-97
"""Relative error of a value before its rounding, at most."""
PLAIN_3J, CLEBSCH_GORDAN, GAUNT = 0, 1, 2
PRODUCT_3J = {"wigner_3j": PLAIN_3J, "clebsch_gordan": CLEBSCH_GORDAN, "gaunt": GAUNT}
_ONE_WORD_J = 62
_TWO_WORDS_J = 126
_ONE_WORD_BITS, _TWO_WORDS_BITS = 62.9, 126.9

Labels = NDArray[np.int64]
Words = NDArray[np.uint64]
Doubles = NDArray[np.float64]
Marks = NDArray[np.bool_]
Pair = tuple[float, float]


class SymbolTables(NamedTuple):
    """What the sums and roots are made of, for n below `rows`.

    low, high   (rows, rows) words of the binomials C(n, k), modulo 2^128
    roots       (4, rows): sqrt(n!) high and low, 1/sqrt(n!) high and low
    bits        (rows,) log2(n!)
    pi_scale    1/sqrt(4 pi) high and low
    """

    low: Words
    high: Words
    roots: Doubles
    bits: Doubles
    pi_scale: tuple[float, float]


@compiled
def _times(h: float, low: float, n: int, power: int, roots: Doubles) -> Pair:
    """Return (h, low) times sqrt(n!)^power, power = 1 or -1."""
    row = 0 if power > 0 else 2
    return double_word_product(h, low, roots[row, n], roots[row + 1, n])


@compiled
def _rounded(h: float, low: float, slack: float) -> tuple[float, bool]:
    """Return the float of a double-double, and whether it may not be the nearest to what that stands for."""
    reach = h * slack
    return h, not (h + (low + reach) == h and h + (low - reach) == h)


@compiled
def _coupled(a: int, b: int, c: int) -> bool:
    return abs(a - b) <= c <= a + b and (a + b + c) & 1 == 0


@compiled
def _sum_3j(a: int, b: int, c: int, p: int, q: int, tables: SymbolTables) -> tuple[float, float, bool]:
    """Return sum_k (-1)^k C(a, k) C(c, p-k) C(b, q-k) as |.| in double-double, and whether it is negative."""
    first, last = max(0, p - c, q - b), min(a, p, q)
    low, high, zero = tables.low, tables.high, np.uint64(0)
    if a + b + c <= _ONE_WORD_J:
        total = zero
        for k in range(first, last + 1):
            term = low[a, k] * low[c, p - k] * low[b, q - k]
            total += zero - term if k & 1 else term
        return double_word(total, zero - (total >> np.uint64(63)))
    even, even_high, odd, odd_high = zero, zero, zero, zero
    for k in range(first, last + 1):
        x, x_high = add_product(zero, zero, low[a, k], high[a, k], low[c, p - k], high[c, p - k])
        if k & 1:
            odd, odd_high = add_product(odd, odd_high, x, x_high, low[b, q - k], high[b, q - k])
        else:
            even, even_high = add_product(even, even_high, x, x_high, low[b, q - k], high[b, q - k])
    ones = ~zero
    total, total_high = add_product(even, even_high, odd, odd_high, ones, ones)
    return double_word(total, total_high)


@compiled
def _factor_3j(t1: int, t2: int, t3: int, roots: Doubles) -> Pair:
    """Return 1 / sqrt(a! b! c! (J+1)!)."""
    h, low = roots[2, (t1 + t2 + t3) // 2 + 1], roots[3, (t1 + t2 + t3) // 2 + 1]
    h, low = _times(h, low, (t1 + t2 - t3) // 2, -1, roots)
    h, low = _times(h, low, (t2 + t3 - t1) // 2, -1, roots)
    return _times(h, low, (t1 + t3 - t2) // 2, -1, roots)


@compiled
def _factor_gaunt(t1: int, t2: int, t3: int, tables: SymbolTables) -> Pair:
    """Return sqrt((2 l1+1)(2 l2+1)(2 l3+1)/(4 pi)) |3j(l1 l2 l3; 0 0 0)| of l1 + l2 + l3 even."""
    g, roots = (t1 + t2 + t3) // 4, tables.roots
    h, low = double_word_product(
        tables.pi_scale[0], tables.pi_scale[1], roots[2, 2 * g + 1], roots[3, 2 * g + 1]
    )
    h, low = _times(h, low, g, 1, roots)
    h, low = _times(h, low, g, 1, roots)
    for t in (t1, t2, t3):
        h, low = _times(h, low, 2 * g - t, 1, roots)
        h, low = _times(h, low, g - t // 2, -1, roots)
        h, low = _times(h, low, g - t // 2, -1, roots)
        h, low = _times(h, low, t + 1, 1, roots)
        h, low = _times(h, low, t, -1, roots)
    return h, low


@compiled
def fill_3j_values(
    labels: Labels, negative: Marks, halved: Marks, kind: int, tables: SymbolTables, slack: float,
    out: Doubles, doubtful: Marks,
) -> None:  # fmt: skip
    """Write 3j symbols, Clebsch-Gordan or Gaunt coefficients of (n, 6) labels 2j1, 2j2, 2j3, 2m1, 2m2, 2m3.

    negative   entries to be negated; halved: to be divided by sqrt(2)
    kind       a value of `PRODUCT_3J`: the 3j symbol times 1, times sqrt(2 j3 + 1), or the Gaunt coefficient
    doubtful   (n,) set where out is not proven to be the nearest float
    """
    roots = tables.roots
    for n in range(labels.shape[0]):
        t1, t2, t3, u1, u2, u3 = labels[n]
        out[n], doubtful[n] = 0.0, False
        if u1 + u2 + u3 or not _coupled(t1, t2, t3) or (kind == GAUNT and (t1 + t2 + t3) & 2):
            continue
        a, b, c = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2
        if a + b + c > _TWO_WORDS_J:
            doubtful[n] = True
            continue
        p, q, s = (t1 + u1) // 2, (t2 - u2) // 2, (t3 - u3) // 2
        whole, rest, minus = _sum_3j(a, b, c, p, q, tables)
        if whole == 0.0:
            continue
        minus ^= (t1 + t3 - s) & 1 == 1  # (-1)^(2 j1 + j3 + m3)
        h, low = _factor_3j(t1, t2, t3, roots)
        for x, y in ((p, t1 - p), (q, t2 - q), (s, t3 - s)):
            h, low = _times(h, low, x, 1, roots)
            h, low = _times(h, low, y, 1, roots)
        h, low = double_word_product(h, low, whole, rest)
        if kind == CLEBSCH_GORDAN:
            h, low = _times(h, low, t3 + 1, 1, roots)
            h, low = _times(h, low, t3, -1, roots)
        elif kind == GAUNT:
            factor, factor_low = _factor_gaunt(t1, t2, t3, tables)
            h, low = double_word_product(h, low, factor, factor_low)
            minus ^= (t1 + t2 + t3) & 4 != 0  # (-1)^g of 3j(0 0 0)
        if halved[n]:
            h, low = _times(h, low, 2, -1, roots)
        value, doubtful[n] = _rounded(h, low, slack)
        out[n] = -value if minus ^ negative[n] else value


@compiled
def _bits(a: int, b: int, c: int, bits: Doubles) -> float:
    """Return log2 T of a triad."""
    below = bits[(a + b - c) // 2] + bits[(a + c - b) // 2] + bits[(b + c - a) // 2]
    return float(bits[(a + b + c) // 2 + 1] - below)


@compiled
def _sum_6j(
    a: int, b: int, c: int, d: int, e: int, f: int, wide: bool, tables: SymbolTables
) -> tuple[np.uint64, np.uint64]:
    """Return S of `exact/wigner6j.py` modulo 2^128, or without `wide` 2^64, in two words."""
    a1, a2, a3, a4 = (a + b + c) // 2, (a + e + f) // 2, (d + b + f) // 2, (d + e + c) // 2
    first, last = max(a1, a2, a3, a4), min(a + b + d + e, b + c + e + f, a + c + d + f) // 2
    x, y, z = a1 - c, a1 - a, a1 - b
    low, high, zero, one = tables.low, tables.high, np.uint64(0), np.uint64(1)
    if not wide:
        total = zero
        for t in range(first, last + 1):
            term = low[t + 1, a1 + 1] * low[x, t - a4] * low[y, t - a2] * low[z, t - a3]
            total += zero - term if t & 1 else term
        return total, zero - (total >> np.uint64(63))
    total, total_high = zero, zero
    for t in range(first, last + 1):
        k = t - a4
        p, p_high = add_product(zero, zero, low[t + 1, a1 + 1], high[t + 1, a1 + 1], low[x, k], high[x, k])
        k = t - a2
        r, r_high = add_product(zero, zero, low[y, k], high[y, k], low[z, t - a3], high[z, t - a3])
        if t & 1:  # -x = ~x + 1
            total, total_high = add_product(total, total_high, p, p_high, one, zero)
            total, total_high = add_product(total, total_high, p, p_high, ~r, ~r_high)
        else:
            total, total_high = add_product(total, total_high, p, p_high, r, r_high)
    return total, total_high


@compiled
def _weigh(h: float, low: float, a: int, b: int, c: int, power: int, roots: Doubles) -> Pair:
    """Return (h, low) times sqrt(T)^power of a triad, power = 1 or -1."""
    row, total = 0 if power > 0 else 2, (a + b + c) // 2 + 1
    f, f_low = roots[row, total], roots[row + 1, total]
    f, f_low = _times(f, f_low, (a + b - c) // 2, -power, roots)
    f, f_low = _times(f, f_low, (a + c - b) // 2, -power, roots)
    f, f_low = _times(f, f_low, (b + c - a) // 2, -power, roots)
    h, low = double_word_product(h, low, f, f_low)
    return h, low


@compiled
def _turned(
    a: int, b: int, c: int, d: int, e: int, f: int, bits: Doubles
) -> tuple[int, int, int, int, int, int, float]:
    """Return the same symbol with its heaviest triad first, and the bound on log2 |S|."""
    weights = (_bits(a, b, c, bits), _bits(a, e, f, bits), _bits(d, b, f, bits), _bits(d, e, c, bits))
    most, total = max(weights), weights[0] + weights[1] + weights[2] + weights[3]
    pair = max((a + 1) * (d + 1), (b + 1) * (e + 1), (c + 1) * (f + 1))
    bound = (total - 2 * most - np.log2(np.float64(pair))) / 2
    if weights[1] == most:
        b, c, e, f = e, f, b, c
    elif weights[2] == most:
        a, c, d, f = d, f, a, c
    elif weights[3] == most:
        a, b, d, e = d, e, a, b
    return a, b, c, d, e, f, bound


@compiled
def fill_6j_values(
    labels: Labels, negative: Marks, tables: SymbolTables, slack: float, out: Doubles, doubtful: Marks
) -> None:
    """Write 6j symbols of (n, 6) labels; arguments as for `fill_3j_values`."""
    roots, rows = tables.roots, tables.bits.shape[0]
    for n in range(labels.shape[0]):
        a, b, c, d, e, f = labels[n]
        out[n], doubtful[n] = 0.0, False
        if not (_coupled(a, b, c) and _coupled(a, e, f) and _coupled(d, b, f) and _coupled(d, e, c)):
            continue
        last = min(a + b + d + e, b + c + e + f, a + c + d + f) // 2
        if last + 1 >= rows:
            doubtful[n] = True
            continue
        a, b, c, d, e, f, bound = _turned(a, b, c, d, e, f, tables.bits)
        if bound > _TWO_WORDS_BITS:
            doubtful[n] = True
            continue
        low, high = _sum_6j(a, b, c, d, e, f, bound > _ONE_WORD_BITS, tables)
        whole, rest, minus = double_word(low, high)
        if whole == 0.0:
            continue
        h, low_part = _weigh(whole, rest, a, e, f, -1, roots)
        h, low_part = _weigh(h, low_part, d, b, f, -1, roots)
        h, low_part = _weigh(h, low_part, a, b, c, 1, roots)
        h, low_part = _weigh(h, low_part, d, e, c, -1, roots)
        value, doubtful[n] = _rounded(h, low_part, slack)
        out[n] = -value if minus ^ negative[n] else value


@compiled
def _ring(p: Labels, q: Labels, links: Labels, tables: SymbolTables) -> tuple[np.uint64, np.uint64]:
    """Return sum_x (2x+1) S_1 S_2 S_3 of `exact/wigner9j.py` modulo 2^128, of pairs (p, q)."""
    first = max(abs(p[0] - q[0]), abs(p[1] - q[1]), abs(p[2] - q[2]))
    last = min(p[0] + q[0], p[1] + q[1], p[2] + q[2])
    zero = np.uint64(0)
    total, total_high = zero, zero
    for x in range(first, last + 1, 2):
        term, term_high = np.uint64(x + 1), zero
        for k in range(2):
            s, s_high = _sum_6j(p[k], q[k], x, q[k + 1], p[k + 1], links[k], True, tables)
            term, term_high = add_product(zero, zero, term, term_high, s, s_high)
        s, s_high = _sum_6j(p[2], q[2], x, q[3], p[3], links[2], True, tables)
        total, total_high = add_product(total, total_high, term, term_high, s, s_high)
    if first & 1:
        ones = ~zero
        total, total_high = add_product(zero, zero, total, total_high, ones, ones)
    return total, total_high


@compiled
def _narrowest(row: Labels, p: Labels, q: Labels, links: Labels) -> None:
    """Write the ring with the fewest x of the three turns of the rows, as `exact/wigner9j.py` lists them."""
    fewest = -1
    for turn in range(3):
        a, b, c = row[3 * turn], row[3 * turn + 1], row[3 * turn + 2]
        second, third = (turn + 1) % 3, (turn + 2) % 3
        d, e, f = row[3 * second], row[3 * second + 1], row[3 * second + 2]
        g, h, i = row[3 * third], row[3 * third + 1], row[3 * third + 2]
        width = min(a + i, d + h, f + b) - max(abs(a - i), abs(d - h), abs(f - b))
        if fewest < 0 or width < fewest:
            fewest = width
            p[0], p[1], p[2], p[3] = a, d, f, i
            q[0], q[1], q[2], q[3] = i, h, b, a
            links[0], links[1], links[2] = g, e, c


@compiled
def fill_9j_values(
    labels: Labels, negative: Marks, tables: SymbolTables, slack: float, out: Doubles, doubtful: Marks
) -> None:
    """Write 9j symbols of (n, 9) labels, row by row; arguments as for `fill_3j_values`."""
    roots, rows, bits = tables.roots, tables.bits.shape[0], tables.bits
    p, q, links = np.empty(4, np.int64), np.empty(4, np.int64), np.empty(3, np.int64)
    for n in range(labels.shape[0]):
        row = labels[n]
        out[n], doubtful[n] = 0.0, False
        allowed = True
        for k in range(3):
            allowed &= _coupled(row[3 * k], row[3 * k + 1], row[3 * k + 2])
            allowed &= _coupled(row[k], row[k + 3], row[k + 6])
        if not allowed:
            continue
        if row.max() >= rows // 2 - 1:  # then no sum of four spins exceeds the tables
            doubtful[n] = True
            continue
        bound = -np.log2(np.float64((row[2] + 1) * (row[5] + 1) * (row[6] + 1) * (row[7] + 1)))
        for k in range(3):
            bound += _bits(row[3 * k], row[3 * k + 1], row[3 * k + 2], bits)
            bound += _bits(row[k], row[k + 3], row[k + 6], bits)
        if bound / 2 > _TWO_WORDS_BITS:
            doubtful[n] = True
            continue
        _narrowest(row, p, q, links)
        low, high = _ring(p, q, links, tables)
        whole, rest, minus = double_word(low, high)
        if whole == 0.0:
            continue
        for k in range(3):
            whole, rest = _weigh(whole, rest, row[3 * k], row[3 * k + 1], row[3 * k + 2], -1, roots)
            whole, rest = _weigh(whole, rest, row[k], row[k + 3], row[k + 6], -1, roots)
        value, doubtful[n] = _rounded(whole, rest, slack)
        out[n] = -value if minus ^ negative[n] else value
