"""Gaunt coefficients from 3j integers: which integer, with which sign, stands at each place of a block.

Degrees l1, l2, l3 with an even sum; a = l1+l2-l3, b = l2+l3-l1, c = l1+l3-l2; B[p, q] as in `pascal_plain`,
and u = |m1|, v = |m2|. A block lists (m1, m2, m3) in lexicographic order.

Complex harmonics: m3 = -m1-m2, the integer is g (-1)^(l3+m3) B[l1+m1, l2-m2], g = (-1)^((l1+l2+l3)/2).

Real harmonics: an even number of the m is negative (0 counts as positive), |m3| = u+v or |u-v|. The integer
is g (-1)^l3 times

    |m3| = u+v:            B[l1+u, l2-v],   negated if m1, m2 < 0
    |m3| = |u-v|, u, v > 0: (-1)^min(u,v) B[l1+u, l2+v],   negated if m1 < 0 < m2, v > u or m2 < 0 < m1, v < u

and the square of the coefficient is halved if no m is 0. It follows from `exact/coupling.py`. With the real
basis at most two m3 belong to m1, m2; where u = v and m1 m2 < 0 the second would be m3 = 0, and vanishes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.double_plain import normal_plain, times_plain
from reptheory.kernels.pascal_plain import rounded_plain, split_plain

__all__ = [
    "GauntPlan",
    "Places",
    "block_scale_plain",
    "block_size",
    "fill_gaunt_plain",
    "lay_out_plain",
    "places",
    "round_gaunt_plain",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class GauntPlan(NamedTuple):
    """The blocks of a table of Gaunt coefficients, in its order.

    ls       (T, 3) degrees with even sums that couple
    starts   (T + 1,) where each block begins
    numbers  (lmax + 1, lmax + 1, lmax_out + 1) the number of a triple; -1 for none
    real     whether the harmonics are the real ones
    """

    ls: Ints
    starts: Ints
    numbers: Ints
    real: bool


def block_size(l1: Any, l2: Any, l3: Any, real: bool) -> Any:
    """Return the number of entries of a block, or of blocks."""
    a = l1 + l2 - l3
    size = (2 * l1 + 1) * (2 * l2 + 1) - a * (a + 1)
    if not real:
        return size
    return 2 * (size - np.minimum(l1, l3) - np.minimum(l2, l3) - np.minimum(l1, l2)) - 1


def lay_out_plain(top: int, out: int, real: bool) -> tuple[Ints, Ints, Ints]:
    """Return `ls`, `starts` and `numbers` of a plan."""
    degrees = np.arange(max(top, out) + 1)
    l1, l2, l3 = degrees[: top + 1, None, None], degrees[: top + 1, None], degrees[: out + 1]
    inside = (abs(l1 - l2) <= l3) & (l3 <= l1 + l2) & ((l1 + l2 + l3) & 1 == 0)
    ls = np.array(inside.nonzero())
    numbers = np.full(inside.shape, -1)
    numbers[inside] = np.arange(ls.shape[1])
    starts = np.zeros(ls.shape[1] + 1, np.int64)
    block_size(ls[0], ls[1], ls[2], real).cumsum(out=starts[1:])
    return np.ascontiguousarray(ls.T), starts, numbers


class Places(NamedTuple):
    """The entries of one block in order: orders, place of the integer in B[p, q], its sign, halved or not."""

    m1: Ints
    m2: Ints
    m3: Ints
    p: Ints
    q: Ints
    sign: Ints
    halved: NDArray[np.bool_]


def places(l1: int, l2: int, l3: int, real: bool) -> Places:
    """Return the entries of one block."""
    g = 1 - (l1 + l2 + l3) % 4
    m1, m2 = (grid.ravel() for grid in np.mgrid[-l1 : l1 + 1, -l2 : l2 + 1])
    if not real:
        kept = np.abs(m1 + m2) <= l3
        m1, m2 = m1[kept], m2[kept]
        sign = g * (1 - 2 * ((l3 + m1 + m2) % 2))
        return Places(m1, m2, -m1 - m2, l1 + m1, l2 - m2, sign, np.zeros(len(m1), np.bool_))
    m1, m2 = np.repeat(m1, 2), np.repeat(m2, 2)
    u, v, second = np.abs(m1), np.abs(m2), np.arange(len(m1)) % 2 == 1
    odd = (m1 < 0) != (m2 < 0)
    sum_of = second != odd  # m3 ascends: |u-v|, u+v or -(u+v), -|u-v|
    size = np.where(sum_of, u + v, np.abs(u - v))
    kept = (size <= l3) & (sum_of | ((u > 0) & (v > 0))) & ~(odd & (size == 0))
    less = np.minimum(u, v) % 2 == 1
    turned = ((m1 < 0) & (m2 > 0) & (v > u)) | ((m1 > 0) & (m2 < 0) & (v < u))
    negative = np.where(sum_of, (m1 < 0) & (m2 < 0), less != turned)
    sign = g * (1 - 2 * (l3 % 2)) * np.where(negative, -1, 1)
    q = np.where(sum_of, l2 - v, l2 + v)
    entry = Places(m1, m2, np.where(odd, -size, size), l1 + u, q, sign, (u > 0) & (v > 0) & (size > 0))
    return Places(*(column[kept] for column in entry))


def _polynomial(l1: int, l2: int, l3: int, binomials: Ints) -> Ints:
    """Return B[p, q] of one triple."""
    a, b, c = l1 + l2 - l3, l2 + l3 - l1, l1 + l3 - l2
    table = np.zeros((2 * l1 + 1, 2 * l2 + 1), dtype=np.int64)
    table[: c + 1, : b + 1] = binomials[c, : c + 1, None] * binomials[b, : b + 1]
    for step in range(1, a + 1):
        table[1 : c + step + 1, 1 : b + step + 1] -= table[: c + step, : b + step]
    return table


def fill_gaunt_plain(plan: GauntPlan, binomials: Ints, out: Ints) -> None:
    """Write the integers of all blocks."""
    for (l1, l2, l3), start, stop in zip(plan.ls.tolist(), plan.starts, plan.starts[1:], strict=False):
        entry = places(l1, l2, l3, plan.real)
        out[start:stop] = entry.sign * _polynomial(l1, l2, l3, binomials)[entry.p, entry.q]


def block_scale_plain(roots: Floats, unit: Floats, l1: int, l2: int, l3: int) -> Any:
    """Return unit g! / ((g-l1)! (g-l2)! (g-l3)! (2g+1)!) sqrt((2 l1+1)! (2 l2+1)! (2 l3+1)!), a pair."""
    g = (l1 + l2 + l3) // 2
    high, low = unit
    for n in (2 * g + 1, 2 * g + 1, g - l1, g - l1, g - l2, g - l2, g - l3, g - l3):
        high, low = normal_plain(*times_plain(high, low, *roots[2:, n]))
    for n in (2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1, g, g):
        high, low = normal_plain(*times_plain(high, low, *roots[:2, n]))
    return high, low


def round_gaunt_plain(
    plan: GauntPlan, integers: Ints, roots: Floats, scales: Floats, units: Floats, slack: float,
    out: NDArray[np.floating[Any]],
) -> list[int]:  # fmt: skip
    """Round all blocks; return the numbers of those with an entry whose rounding is not proven.

    roots    square roots of factorials, see `inverse_roots_plain`; scales that function's result
    units    (2, 2): 1 / sqrt(4 pi) and 1 / sqrt(8 pi), each a pair
    slack    proven relative error of the double-double value
    """
    doubtful = []
    for number, (l1, l2, l3) in enumerate(plan.ls.tolist()):
        entry, part = places(l1, l2, l3, plan.real), slice(plan.starts[number], plan.starts[number + 1])
        both = [np.array(block_scale_plain(roots, unit, l1, l2, l3)) for unit in units]
        high, low = np.where(entry.halved, both[1][:, None], both[0][:, None])
        s = entry.p - entry.q + l2 + l3 - l1
        for n, k in ((2 * l3, s), (2 * l1, entry.p), (2 * l2, entry.q)):
            high, low = times_plain(high, low, *scales[:, n, k])
        value = times_plain(high, low, *split_plain(integers[part].view(np.uint64)))
        out[part], unsure = rounded_plain(*value, slack, out.dtype)
        if unsure.any():
            doubtful.append(number)
    return doubtful
