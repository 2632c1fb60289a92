"""Clebsch-Gordan coefficients, Condon-Shortley phases, and their real form.

    <j1 m1 j2 m2 | j3 m3> = (-1)^(j1 - j2 + m3) sqrt(2 j3 + 1) 3j(j1 j2 j3; m1 m2 -m3)

In the real basis (degrees l only), C_real = phase sum conj(U1) conj(U2) U3 C with U = `real_from_complex`:
phase = 1 if l1+l2+l3 is even and -i if it is odd, so that 1 x 1 -> 1 in the order (y, z, x) is the cross
product / sqrt(2). Each block of C_real is an isometry, as each block of C is.
"""

from __future__ import annotations

from reptheory.conventions import Basis
from reptheory.exact.arrays import SurdArray
from reptheory.exact.coupling import coupling_block
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import checked_labels, doubled_3j

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
    two_j1, two_j2, two_j3, two_m1, two_m2, two_m3 = checked_labels(j1, j2, j3, m1, m2, m3)
    symbol = doubled_3j(two_j1, two_j2, two_j3, two_m1, two_m2, -two_m3)
    sign = -1 if (two_j1 - two_j2 + two_m3) % 4 else 1
    return symbol * Surd.sqrt(two_j3 + 1, sign)


def clebsch_gordan_array(j1: object, j2: object, j3: object, basis: Basis = "complex") -> SurdArray:
    """Return one block: shape (2 j1 + 1, 2 j2 + 1, 2 j3 + 1), indices m1+j1, m2+j2, m3+j3.

    basis   "complex", or "real" for whole spins
    raises  LabelError: a label or the basis is impossible; TooLarge

    >>> clebsch_gordan_array(1, 1, 1, basis="real")[0, 1, 2]  # y x z -> x
    √(1/2)
    """
    return coupling_block("clebsch_gordan", j1, j2, j3, basis)
