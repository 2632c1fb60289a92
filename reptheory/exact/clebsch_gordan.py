"""Clebsch-Gordan coefficients, Condon-Shortley phases, and their real form.

    <j1 m1 j2 m2 | j3 m3> = (-1)^(j1 - j2 + m3) sqrt(2 j3 + 1) 3j(j1 j2 j3; m1 m2 -m3)

In the real basis (degrees l only), C_real = phase sum conj(U1) conj(U2) U3 C with U = `real_from_complex`:
phase = 1 if l1+l2+l3 is even and -i if it is odd, so that 1 x 1 -> 1 in the order (y, z, x) is the cross
product / sqrt(2). Each block of C_real is an isometry, as each block of C is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reptheory.exact.surd import ZERO, Surd
from reptheory.exact.three_spins import CLEBSCH_GORDAN, admissible, coupled, pair_degrees
from reptheory.exact.wigner3j import checked_labels

if TYPE_CHECKING:
    from reptheory.conventions import Basis
    from reptheory.exact.arrays import SurdArray

__all__ = ["clebsch_gordan", "clebsch_gordan_array"]


def clebsch_gordan(j1: object, j2: object, j3: object, m1: object, m2: object, m3: object) -> Surd:
    """Return <j1 m1 j2 m2 | j3 m3> exactly, in the argument order of SymPy's `clebsch_gordan`.

    j1, j2, j3  spins: ints or exact halves, >= 0
    m1, m2, m3  projections: |m| <= j, j - m whole
    returns     Surd; 0 where a selection rule forbids the coefficient
    raises      LabelError: a label is impossible; TooLarge: allowed, and j1+j2+j3 > 10^6

    >>> clebsch_gordan(0.5, 0.5, 1, 0.5, -0.5, 0)
    √(1/2)
    """
    if (
        type(j1) is int
        and type(j2) is int
        and type(j3) is int
        and type(m1) is int
        and type(m2) is int
        and type(m3) is int
    ):
        symbol, a = ZERO, j1 + j2 - j3
        if m1 + m2 == m3:
            symbol = coupled(CLEBSCH_GORDAN, a, j2 + j3 - j1, j1 + j3 - j2, j1 + m1, j2 - m2, a)
        if symbol is not ZERO or (-j1 <= m1 <= j1 and -j2 <= m2 <= j2 and -j3 <= m3 <= j3):
            return symbol
    return _doubled(*checked_labels(j1, j2, j3, m1, m2, m3))


def _doubled(two_j1: int, two_j2: int, two_j3: int, two_m1: int, two_m2: int, two_m3: int) -> Surd:
    """Return one coefficient of doubled labels that are possible (unchecked).

    The signs (-1)^(j1 - j2 + m3) and (-1)^(2 j1 + j3 - m3) make (-1)^(j1 + j2 - j3).
    """
    if two_m1 + two_m2 != two_m3 or not admissible(two_j1, two_j2, two_j3):
        return ZERO
    a, b, c = pair_degrees(two_j1, two_j2, two_j3)
    return coupled(CLEBSCH_GORDAN, a, b, c, (two_j1 + two_m1) // 2, (two_j2 - two_m2) // 2, a)


def clebsch_gordan_array(j1: object, j2: object, j3: object, basis: Basis = "complex") -> SurdArray:
    """Return one block: shape (2 j1 + 1, 2 j2 + 1, 2 j3 + 1), indices m1+j1, m2+j2, m3+j3.

    basis   "complex", or "real" for whole spins
    raises  LabelError: a label or the basis is impossible; TooLarge

    >>> clebsch_gordan_array(1, 1, 1, basis="real")[0, 1, 2]  # y x z -> x
    √(1/2)
    """
    from reptheory.exact.coupling import coupling_block  # noqa: PLC0415  (NumPy loads with the first array)

    return coupling_block("clebsch_gordan", j1, j2, j3, basis)
