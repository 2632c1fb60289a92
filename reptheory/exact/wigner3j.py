"""Wigner 3j symbols: integers, one square root at the end.

The formula is in `three_spins`, whole blocks in `square_grid`. Phases are Condon and Shortley's; values equal
SymPy's `wigner_3j`.
"""

from __future__ import annotations

from reptheory.exact.surd import ZERO, Surd
from reptheory.exact.three_spins import THREE_J, admissible, coupled, pair_degrees
from reptheory.groups.labels import projection, two_label, two_spin

__all__ = ["checked_labels", "doubled_3j", "wigner_3j"]


def wigner_3j(j1: object, j2: object, j3: object, m1: object, m2: object, m3: object) -> Surd:
    """Return the Wigner 3j symbol (j1 j2 j3; m1 m2 m3) exactly.

    j1, j2, j3  spins: ints or exact halves, >= 0
    m1, m2, m3  projections: |m| <= j, j - m whole
    returns     Surd; 0 where a selection rule forbids the symbol
    raises      LabelError: a label is impossible; TooLarge: allowed, and j1+j2+j3 > 10^6

    >>> wigner_3j(1, 1, 2, 0, 0, 0)
    √(2/15)
    """
    if (
        type(j1) is int
        and type(j2) is int
        and type(j3) is int
        and type(m1) is int
        and type(m2) is int
        and type(m3) is int
    ):
        symbol = ZERO
        if m1 + m2 + m3 == 0:
            symbol = coupled(THREE_J, j1 + j2 - j3, j2 + j3 - j1, j1 + j3 - j2, j1 + m1, j2 - m2, j3 + m3)
        if symbol is not ZERO or (-j1 <= m1 <= j1 and -j2 <= m2 <= j2 and -j3 <= m3 <= j3):
            return symbol
    return doubled_3j(*checked_labels(j1, j2, j3, m1, m2, m3))


def checked_labels(
    j1: object, j2: object, j3: object, m1: object, m2: object, m3: object
) -> tuple[int, int, int, int, int, int]:
    """Return the six labels doubled; raise LabelError for an impossible one."""
    two_j1, two_j2, two_j3 = two_spin(j1, "j1"), two_spin(j2, "j2"), two_spin(j3, "j3")
    two_m1, two_m2, two_m3 = two_label(m1, "m1"), two_label(m2, "m2"), two_label(m3, "m3")
    projection(two_j1, two_m1, "j1", "m1")
    projection(two_j2, two_m2, "j2", "m2")
    projection(two_j3, two_m3, "j3", "m3")
    return two_j1, two_j2, two_j3, two_m1, two_m2, two_m3


def doubled_3j(two_j1: int, two_j2: int, two_j3: int, two_m1: int, two_m2: int, two_m3: int) -> Surd:
    """Return one 3j symbol of doubled labels that are possible (unchecked)."""
    if two_m1 + two_m2 + two_m3 or not admissible(two_j1, two_j2, two_j3):
        return ZERO
    odd = two_j1 + (two_j3 + two_m3) // 2
    degrees = pair_degrees(two_j1, two_j2, two_j3)
    return coupled(THREE_J, *degrees, (two_j1 + two_m1) // 2, (two_j2 - two_m2) // 2, odd)
