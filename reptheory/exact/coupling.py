"""Whole blocks of coupling coefficients (l1, l2, l3), in the complex and in the real basis.

Every kind is the 3j symbol times a square root and a sign:

    wigner_3j       1
    clebsch_gordan  (-1)^(j1 - j2 + m3) sqrt(2 j3 + 1), with m3 -> -m3; in the real basis
                    (-1)^(l1 - l2) sqrt(2 l3 + 1), with m3 as it is
    gaunt           sqrt((2 l1 + 1)(2 l2 + 1)(2 l3 + 1) / (4 pi)) 3j(0 0 0)

In the real basis, with U = `real_from_complex` and summed over m1' + m2' + m3' = 0,

    3j_real[m1, m2, m3] = phase sum conj(U1[m1, m1'] U2[m2, m2'] U3[m3, m3']) 3j(m1', m2', m3'),

phase = 1 if l1+l2+l3 is even and -i if it is odd, which makes every coefficient real and the coupling
1 x 1 -> 1 the cross product / sqrt(2). A real entry has at most two terms, equal to one another because
3j(-m) = (-1)^(l1+l2+l3) 3j(m); it vanishes unless |m3| is |m1| + |m2| or ||m1| - |m2|| and the number of
negative m has the parity of l1+l2+l3. So each entry is one 3j symbol, divided by sqrt(2) if no m is 0.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import COMPLEX, Basis, convention_of
from reptheory.errors import LabelError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.square_grid import SquareGrid, require_block, square_grid, wigner_3j_array
from reptheory.exact.three_spins import admissible, parity_3j
from reptheory.groups.labels import two_spin, whole

__all__ = ["CouplingKind", "coupling_block"]

CouplingKind = Literal["wigner_3j", "clebsch_gordan", "gaunt"]
Columns = NDArray[np.int64]


def coupling_block(
    kind: CouplingKind, l1: object, l2: object, l3: object, basis: Basis = "real"
) -> SurdArray:
    """Return all coefficients of one kind for three labels: shape (2l1+1, 2l2+1, 2l3+1), index m+l.

    kind     "wigner_3j", "clebsch_gordan" or "gaunt"
    l1..l3   degrees; halves are allowed in the complex basis, except for "gaunt"
    basis    "real" or "complex"
    returns  SurdArray; empty where a selection rule forbids the block
    raises   LabelError: an impossible label, kind or basis; TooLarge
    """
    if kind not in get_args(CouplingKind):
        raise LabelError(f"kind: got {kind!r}; it must be one of {', '.join(get_args(CouplingKind))}")
    labels = (("l1", l1), ("l2", l2), ("l3", l3))
    if convention_of(basis) is COMPLEX and kind != "gaunt":
        two_js = tuple(two_spin(value, name.replace("l", "j")) for name, value in labels)
    else:
        two_js = tuple(2 * whole(value, name) for name, value in labels)
    return _block(kind, two_js[0], two_js[1], two_js[2], basis)


@lru_cache(maxsize=128)
def _block(kind: CouplingKind, two_j1: int, two_j2: int, two_j3: int, basis: Basis) -> SurdArray:
    if not admissible(two_j1, two_j2, two_j3) or (kind == "gaunt" and (two_j1 + two_j2 + two_j3) % 4):
        shape = (two_j1 + 1, two_j2 + 1, two_j3 + 1)
        empty = np.zeros((0, 3), np.int64)
        return SurdArray(shape, empty, (), (), convention=convention_of(basis))
    require_block(two_j1, two_j2, two_j3)
    if basis == "real":
        return _real_block(kind, two_j1 // 2, two_j2 // 2, two_j3 // 2)
    if kind == "wigner_3j":
        return wigner_3j_array(Fraction(two_j1, 2), Fraction(two_j2, 2), Fraction(two_j3, 2))
    return _complex_block(kind, two_j1, two_j2, two_j3)


def _scale(kind: CouplingKind, two_j1: int, two_j2: int, two_j3: int) -> tuple[int, Fraction, int]:
    """Return (sign, square / pi^k, k) of the factor between a kind and the 3j symbol, without (-1)^m3."""
    if kind == "wigner_3j":
        return 1, Fraction(1), 0
    if kind == "clebsch_gordan":
        return (-1 if (two_j1 - two_j2) % 4 else 1), Fraction(two_j3 + 1), 0
    sign, top, bottom = parity_3j(two_j1 // 2, two_j2 // 2, two_j3 // 2)
    return sign, Fraction(int(top * (two_j1 + 1) * (two_j2 + 1) * (two_j3 + 1)), int(4 * bottom)), -1


def _complex_block(kind: CouplingKind, two_j1: int, two_j2: int, two_j3: int) -> SurdArray:
    """Return a Clebsch-Gordan or Gaunt block in the complex basis, in the order of B[p, q]."""
    _, square, pi_power = _scale(kind, two_j1, two_j2, two_j3)
    grid = square_grid(two_j1, two_j2, two_j3, square)
    p, q = np.nonzero(grid.coefficients)
    s = p - q + grid.b
    if kind == "clebsch_gordan":
        # (-1)^(j1-j2+m3) times (-1)^(2j1 + j3 - m3) of the 3j symbol is (-1)^(j1-j2+j3) (-1)^(2j1) = (-1)^a
        third, odd = s, (two_j1 + two_j2 - two_j3) // 2 + np.zeros_like(s)
    else:
        sign, _, _ = parity_3j(two_j1 // 2, two_j2 // 2, two_j3 // 2)
        third = two_j3 - s
        odd = third + (0 if sign > 0 else 1)
    negative = (odd % 2 == 1) != (grid.coefficients[p, q] < 0)
    indices = np.stack([p, two_j2 - q, third], axis=1)
    return _assembled(grid, p, q, indices, negative, np.zeros(len(p), np.int64), COMPLEX.basis, pi_power)


def _real_block(kind: CouplingKind, l1: int, l2: int, l3: int) -> SurdArray:
    """Return a block in the real basis from the 3j symbols with m1' >= 0."""
    sign, square, pi_power = _scale(kind, 2 * l1, 2 * l2, 2 * l3)
    grid = square_grid(2 * l1, 2 * l2, 2 * l3, square)
    columns = [_real_branch(l1, l2, l3, branch) for branch in (1, -1)]
    m1, m2, m3, p, q, exponent = (np.concatenate(pair) for pair in zip(*columns, strict=True))
    coefficients = grid.coefficients[p, q]
    kept = coefficients != 0
    m1, m2, m3, p, q, exponent = (column[kept] for column in (m1, m2, m3, p, q, exponent))
    negative = (exponent % 4 == 2) != ((coefficients[kept] < 0) != (sign < 0))
    halvings = ((m1 != 0) & (m2 != 0) & (m3 != 0)).astype(np.int64)
    indices = np.stack([m1 + l1, m2 + l2, m3 + l3], axis=1)
    return _assembled(grid, p, q, indices, negative.astype(bool), halvings, "real", pi_power)


def _real_branch(l1: int, l2: int, l3: int, branch: int) -> tuple[Columns, ...]:
    """Return m1, m2, m3, p, q and the power of i of the entries with m1' = |m1|, m2' = branch |m2|.

    The branch -1 leaves out m1 = 0 and m2 = 0, where it repeats the branch +1.
    """
    m1, m2 = (grid.ravel() for grid in np.mgrid[-l1 : l1 + 1, -l2 : l2 + 1])
    first, second = np.abs(m1), branch * np.abs(m2)
    size = np.abs(first + second)
    odd = (l1 + l2 + l3 + (m1 < 0) + (m2 < 0)) % 2 == 1
    kept = (size <= l3) & ~(odd & (size == 0))
    if branch < 0:
        kept &= (m1 != 0) & (m2 != 0)
    m1, m2, first, second, size, odd = (column[kept] for column in (m1, m2, first, second, size, odd))
    m3, third = np.where(odd, -size, size), -(first + second)
    exponent = _unit(m1, first) + _unit(m2, second) + _unit(m3, third) + 3 * ((l1 + l2 + l3) % 2)
    exponent += 2 * ((l3 + third) % 2)  # the sign (-1)^(2 l1 + l3 + m3') of the 3j symbol
    return m1, m2, m3, l1 + first, l2 - second, exponent


def _unit(m: Columns, complex_m: Columns) -> Columns:
    """Return e with conj(U[m, m']) = i^e / sqrt(2) (or 1 for m = 0); see `real_row`."""
    upper = 2 * np.abs(m) * (complex_m > 0)
    return np.where(m > 0, upper, np.where(m < 0, np.where(complex_m > 0, 1 + upper, 3), 0))


def _assembled(
    grid: SquareGrid,
    p: Columns,
    q: Columns,
    indices: Columns,
    negative: NDArray[np.bool_],
    halvings: Columns,
    basis: Basis,
    pi_power: int,
) -> SurdArray:
    """Return the block whose entries are the squares at B[p, q], halved where told, with their signs."""
    _, width = grid.coefficients.shape
    places, back = np.unique(p * width + q, return_inverse=True)
    squares = grid.squares((places // width).tolist(), (places % width).tolist())
    signs = np.where(negative, -1, 1).tolist()
    chosen = back.tolist()
    return SurdArray(
        tuple(len(binomials) for binomials in grid.binomials),
        indices,
        [sign * squares[place][0] for sign, place in zip(signs, chosen, strict=True)],
        [squares[place][1] << half for half, place in zip(halvings.tolist(), chosen, strict=True)],
        convention=convention_of(basis),
        pi_power=pi_power,
    )
