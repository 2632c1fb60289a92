"""Wigner 9j symbols, and the sums over one spin x of products of 6j symbols in a ring that 9j and 12j are.

    9j {j1 j2 j3; j4 j5 j6; j7 j8 j9}
      = sum_x (-1)^(2x) (2x+1) {j1 j9 x; j8 j4 j7} {j4 j8 x; j2 j6 j5} {j6 j2 x; j1 j9 j3}    [DLMF 34.6.2]

A ring joins pairs (p1, q1), (p2, q2), ..., the last of which is the first one or its exchange, by links
l1, l2, ...: its i-th factor is {p_i q_i x; q_i+1 p_i+1 l_i}. With (p_i q_i x) as its first triad (`wigner6j`)
it is S_i sqrt(T(p_i q_i x) / T(p_i+1 q_i+1 x)) over roots free of x. Round the ring the roots with x cancel:

    sum = sum_x +-(2x+1) S_1(x) S_2(x) ... S_n(x) / sqrt( prod_i T(p_i p_i+1 l_i) T(q_i q_i+1 l_i) ),

a sum of plain integers and one square root. A 9j symbol is turned until its smallest spin is j1, so that the
ring has few x, at most 2 j1 + 1. Values equal SymPy's `wigner_9j`, which raises for a triad whose sum is not
whole; here that is a selection rule, and the value is 0. 10 us at j = 4, 30 us at 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from operator import itemgetter
from typing import Any, Final

from reptheory.errors import TooLarge
from reptheory.exact.surd import ZERO, Surd, root_of
from reptheory.exact.term_sums import MOST
from reptheory.exact.three_spins import admissible
from reptheory.exact.wigner6j import limits, require_small, small_sum, sum_of_limits, triad_weight
from reptheory.groups.labels import two_spin

__all__ = ["Pair", "doubled_9j", "ring_range", "ring_sum", "wigner_9j"]

Pair = tuple[int, int]
Square = tuple[int, int, int, int, int, int, int, int, int]

_LARGEST_WORK: Final = 10**7
_NAMES: Final = tuple(f"j{place}" for place in range(1, 10))
_TURNS: Final = tuple(
    itemgetter(*(3 * ((row + i) % 3) + (column + j) % 3 for i in range(3) for j in range(3)))
    for row in range(3)
    for column in range(3)
)
"""Turns of rows and columns, which change nothing, that bring each place to the corner."""


def wigner_9j(
    j1: object,
    j2: object,
    j3: object,
    j4: object,
    j5: object,
    j6: object,
    j7: object,
    j8: object,
    j9: object,
) -> Surd:
    """Return the Wigner 9j symbol {j1 j2 j3; j4 j5 j6; j7 j8 j9} exactly.

    j1..j9   spins, row by row: ints or exact halves, >= 0
    returns  Surd; 0 unless every row and every column is a triangle with a whole sum
    raises   LabelError: a label is impossible; TooLarge: allowed, and spins beyond about 1000

    >>> wigner_9j(1, 1, 2, 1, 1, 1, 1, 1, 1), wigner_9j(0.5, 0.5, 1, 0.5, 0.5, 1, 1, 1, 2)
    (1/18, 1/9)
    """
    labels = (j1, j2, j3, j4, j5, j6, j7, j8, j9)
    a, b, c, d, e, f, g, h, i = map(two_spin, labels, _NAMES)
    return doubled_9j((a, b, c, d, e, f, g, h, i))


def doubled_9j(square: Square) -> Surd:
    """Return one 9j symbol of doubled labels that are possible (unchecked)."""
    a, b, c, d, e, f, g, h, i = square
    triads = ((a, b, c), (d, e, f), (g, h, i), (a, d, g), (b, e, h), (c, f, i))
    for triad in triads:
        if not admissible(*triad):
            return ZERO
    a, b, c, d, e, f, g, h, i = _TURNS[square.index(min(square))](square)
    pairs = (a, i), (d, h), (f, b), (i, a)
    two_xs = ring_range(pairs)
    total = ring_sum("wigner_9j", two_xs, pairs, (g, e, c))
    if total == 0:
        return ZERO
    negative = (total < 0) != (two_xs.start % 2 == 1)
    return root_of(-1 if negative else 1, _ring_square, (total, triads))


def _ring_square(total: int, triads: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """Return the square of a ring, as (numerator, denominator)."""
    return total * total, prod([triad_weight(*triad) for triad in triads])


def ring_range(pairs: Sequence[Pair]) -> range:
    """Return the doubled x that form a triangle with every pair of doubled spins.

    >>> list(ring_range([(2, 2), (1, 3)]))
    [2, 4]
    """
    lows, highs = [abs(p - q) for p, q in pairs], [p + q for p, q in pairs]
    return range(max(lows), min(highs) + 1, 2)


def ring_sum(
    what: str, two_xs: range, pairs: Sequence[Pair], links: Sequence[int], *, alternating: bool = False
) -> int:
    """Return sum_x (2x+1) S_1(x) ... S_n(x), the integer of the module docstring. Labels are trusted.

    two_xs       `ring_range` of the pairs
    pairs        n + 1 pairs of doubled spins, the last one the first again or its exchange
    links        n doubled spins
    alternating  every other term is subtracted, the first one added
    raises       TooLarge: naming the function `what`
    """
    bits = max([p + q for p, q in pairs]) + max(links)
    summed: Callable[..., Any] = small_sum
    if bits >= MOST:
        summed = sum_of_limits
        _require_work(what, two_xs, bits)
    factors = []
    for (p1, q1), (p2, q2), link in zip(pairs[:-1], pairs[1:], links, strict=True):
        factors.append(limits(p1, q1, two_xs.start, q2, p2, link))
    total, sign = 0, 1
    for step, two_x in enumerate(two_xs):
        term = sign * (two_x + 1)
        for a1, a2, a3, a4, b1, b2, b3 in factors:
            term *= summed(a1 + step, a2, a3, a4 + step, b1, b2 + step, b3 + step)
        total += term
        if alternating:
            sign = -sign
    return total


def _require_work(what: str, two_xs: range, bits: int) -> None:
    """Raise TooLarge if a sum has too many terms, or terms of too many bits."""
    require_small(what, bits)
    if (two_xs.stop - two_xs.start) * bits > _LARGEST_WORK:
        raise TooLarge(
            f"{what}: the sum needs {len(two_xs)} terms of about {bits} bits; the limit is "
            f"{_LARGEST_WORK} bits in all; choose smaller spins"
        )
