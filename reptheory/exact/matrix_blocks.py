"""Blocks: matrices from spin j2 to spin j1 as irreps, and the exact ratios by which their products couple.

    T^j_m = sum (-1)^(j2 - m2) <j1 m1 j2 -m2 | j m> |j1 m1><j2 m2|         complex basis
    T^l_m = sum C_real[l1 m1, l2 m2, l m] |l1 m1><l2 m2|                   real basis

are orthonormal under tr(A^+ B), and turn as Y_jm and S_lm do [Varshalovich, Moskalev, Khersonskii, Quantum
Theory of Angular Momentum, 1988, section 2.4, for j1 = j2]. A block (a, b) times a block (b, c) is

    T^l1_m1 T^l2_m2 = sum_l3 ratio <l1 m1 l2 m2 | l3 m3> T^l3_m3
    ratio = sign sqrt((2 l1 + 1)(2 l2 + 1)) {l1 l2 l3; c a b}

with the sign (-1)^(a+c+l3) in the complex basis. In the real one it is (-1)^(b + n/2), n the number of the
four triads (l1 l2 l3), (a b l1), (b c l2), (a c l3) with an odd sum: real couplings of odd sum carry a phase
-i, and four 3j symbols contracted over real indices differ by (-1)^(sum of all labels) from the 6j symbol.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from reptheory.conventions import COMPLEX, Basis, convention_of
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import doubled_6j
from reptheory.groups.labels import two_spin, whole

__all__ = ["block_basis", "matrix_path_ratio"]


def block_basis(j1: object, j2: object, basis: Basis = "complex") -> SurdArray:
    """Return all T^j_m of blocks (j1, j2): [m1 + j1, m2 + j2, k], k counting j = |j1-j2|, .., j1+j2, then m.

    j1, j2   spins of the rows and of the columns; whole in the real basis
    returns  shape (2j1+1, 2j2+1, (2j1+1)(2j2+1)), orthogonal as a square matrix
    raises   LabelError: a label or the basis is impossible; TooLarge

    >>> block_basis(0.5, 0.5)[0, 0, 2], block_basis(1, 1, "real")[0, 0, 0]  # J_z sqrt(2); -identity/sqrt(3)
    (-√(1/2), -√(1/3))
    """
    two_j1, two_j2 = _two(j1, "j1", basis), _two(j2, "j2", basis)
    entries: dict[tuple[int, ...], Surd] = {}
    start = 0
    for two_j in range(abs(two_j1 - two_j2), two_j1 + two_j2 + 1, 2):
        first, second, third = (Fraction(two, 2) for two in (two_j1, two_j2, two_j))
        dual = convention_of(basis) is COMPLEX
        for (p, q, k), value in clebsch_gordan_array(first, second, third, basis).items():
            column = two_j2 - q if dual else q
            entries[p, column, start + k] = -value if dual and q % 2 else value
        start += two_j + 1
    return SurdArray.from_entries((two_j1 + 1, two_j2 + 1, start), entries, convention_of(basis))


def matrix_path_ratio(
    l1: object, l2: object, l3: object, a: object, b: object, c: object, basis: Basis = "complex"
) -> Surd:
    """Return what multiplies the path (l1, l2, l3) in a block (a, b) times a block (b, c) (formula: module).

    l1..l3   degrees within the blocks (a, b), (b, c) and (a, c)
    a, b, c  spins; whole in the real basis
    returns  Surd; 0 where a triangle rule is broken
    raises   LabelError: a label or the basis is impossible; TooLarge

    >>> matrix_path_ratio(1, 1, 1, 0.5, 0.5, 0.5)  # of Pauli matrices: sigma_x sigma_y = i sigma_z
    -1
    """
    names = (("l1", l1), ("l2", l2), ("l3", l3), ("a", a), ("b", b), ("c", c))
    two_l1, two_l2, two_l3, two_a, two_b, two_c = (_two(label, name, basis) for name, label in names)
    symbol = doubled_6j(two_l1, two_l2, two_l3, two_c, two_a, two_b)
    if not symbol:
        return symbol
    if convention_of(basis) is COMPLEX:
        negative = (two_a + two_c + two_l3) % 4 == 2
    else:
        triads = np.array(
            [[two_l1, two_l2, two_l3], [two_a, two_b, two_l1], [two_b, two_c, two_l2], [two_a, two_c, two_l3]]
        )
        negative = bool((two_b // 2 + int((triads.sum(axis=1) % 4 == 2).sum()) // 2) % 2)
    size = Surd.sqrt((two_l1 + 1) * (two_l2 + 1)) * symbol
    return -size if negative else size


def _two(label: object, name: str, basis: Basis) -> int:
    """Return twice a checked spin; whole in the real basis."""
    return two_spin(label, name) if convention_of(basis) is COMPLEX else 2 * whole(label, name)
