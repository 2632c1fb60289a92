"""Wigner 12j symbols of the first and of the second kind, as rings of four pairs (`wigner9j`).

Labels are j1..j4, l1..l4, k1..k4, triads (j_i j_i+1 l_i) and (k_i k_i+1 l_i). The first kind closes as a
Moebius strip, j5 = k1 and k5 = j1; the second kind as a prism, j5 = j1 and k5 = k1.

    first   sum_x (-1)^(R-x) (2x+1) prod_i {j_i k_i x; k_i+1 j_i+1 l_i},   R = the sum of all twelve spins
    second  (-1)^(l1-l2+l3-l4) sum_x (2x+1) prod_i {j_i k_i x; k_i+1 j_i+1 l_i}

[Yutsis, Levinson, Vanagas 1962, chapter 4; Varshalovich 1988, 10.13]. The second kind is their symmetrised
symbol (19.3), whose rows are (j1 j3 k1 k3), (l1 l4 l2 l3), (j2 k2 j4 k4). With these phases the value is the
same under every symmetry of the graph of triads: 16 of the Moebius strip, 48 of the cube. Other books have
other signs for the second kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from reptheory.exact.surd import Surd
from reptheory.exact.three_spins import admissible
from reptheory.exact.wigner6j import triad_weight
from reptheory.exact.wigner9j import Pair, ring_range, ring_sum
from reptheory.groups.labels import two_spin

__all__ = ["wigner_12j_first", "wigner_12j_second"]


def wigner_12j_first(
    j1: object,
    j2: object,
    j3: object,
    j4: object,
    l1: object,
    l2: object,
    l3: object,
    l4: object,
    k1: object,
    k2: object,
    k3: object,
    k4: object,
) -> Surd:
    """Return the 12j symbol of the first kind (the Moebius strip) exactly.

    j1..k4   spins, three rows of four: ints or exact halves, >= 0
    returns  Surd; 0 unless all (j_i j_i+1 l_i), (k_i k_i+1 l_i) are triangles of whole sum (j5 = k1, k5 = j1)
    raises   LabelError: a label is impossible; TooLarge: allowed, and spins beyond about 1000

    >>> wigner_12j_first(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2)
    -1/216
    """
    js, ls, ks = _rows((j1, j2, j3, j4), (l1, l2, l3, l4), (k1, k2, k3, k4))
    pairs = list(zip([*js, ks[0]], [*ks, js[0]], strict=True))
    return _ring("wigner_12j_first", pairs, ls, sum(js) + sum(ls) + sum(ks), alternating=True)


def wigner_12j_second(
    j1: object,
    j2: object,
    j3: object,
    j4: object,
    l1: object,
    l2: object,
    l3: object,
    l4: object,
    k1: object,
    k2: object,
    k3: object,
    k4: object,
) -> Surd:
    """Return the 12j symbol of the second kind (the cube) exactly.

    j1..k4   spins, three rows of four: ints or exact halves, >= 0
    returns  Surd; 0 unless all (j_i j_i+1 l_i), (k_i k_i+1 l_i) are triangles of whole sum (j5 = j1, k5 = k1)
    raises   LabelError: a label is impossible; TooLarge: allowed, and spins beyond about 1000

    >>> wigner_12j_second(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2)
    1/108
    """
    js, ls, ks = _rows((j1, j2, j3, j4), (l1, l2, l3, l4), (k1, k2, k3, k4))
    pairs = list(zip([*js, js[0]], [*ks, ks[0]], strict=True))
    return _ring("wigner_12j_second", pairs, ls, ls[0] - ls[1] + ls[2] - ls[3], alternating=False)


def _rows(*rows: tuple[object, ...]) -> list[list[int]]:
    """Return the rows j, l, k with every spin doubled; raise LabelError for an impossible one."""
    return [
        [two_spin(label, f"{row}{place}") for place, label in enumerate(labels, start=1)]
        for row, labels in zip("jlk", rows, strict=True)
    ]


def _ring(
    what: str, pairs: Sequence[Pair], links: Sequence[int], two_phase: int, *, alternating: bool
) -> Surd:
    """Return (-1)^phase sum_x (2x+1) prod 6j; with `alternating` each term has (-1)^(phase-x)."""
    triads = [(pairs[n][side], pairs[n + 1][side], link) for n, link in enumerate(links) for side in (0, 1)]
    if not all(admissible(*triad) for triad in triads):
        return Surd(0, Fraction(0))
    two_xs = ring_range(pairs)
    total = ring_sum(what, two_xs, pairs, links, alternating=alternating)
    if total == 0:
        return Surd(0, Fraction(0))
    if alternating:
        two_phase -= two_xs.start
    negative = (total < 0) != (two_phase // 2 % 2 == 1)
    bottom = prod(triad_weight(*triad) for triad in triads)
    return Surd(-1 if negative else 1, Fraction(total * total, bottom))
