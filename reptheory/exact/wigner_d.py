"""Wigner's small d matrix at pi/2, exactly: one integer polynomial coefficient an entry.

    d^j_{m'm}(pi/2) = (-1)^(j-m) 2^(-j) sqrt( C(2j, j-m) / C(2j, j-m') ) K[j-m, j-m']
    K[n, k]         = [x^k] (1 + x)^(2j-n) (1 - x)^n                       (Krawtchouk polynomials)

in the convention of SymPy's `Rotation.d`: <j m'| exp(-i beta J_y) |j m> with rows m' (Wigner's sum at
beta = pi/2, its terms paired into binomials). Only d(pi/2) is needed for any angle, because exp(-i beta J_y)
is a rotation about z between d(pi/2) and its transpose:

    d^j_{m'm}(beta) = i^(m-m') sum_mu d^j_{m'mu}(pi/2) d^j_{m mu}(pi/2) e^{-i mu beta}

and the derivative by beta multiplies each term by -i mu.

In the real basis d is conj(U) d U^T with U = `real_from_complex`, the matrix of the same rotation about y:
its entries join d[m', m] and d[m', -m], which agree up to sign at pi/2 and wave by wave.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import COMPLEX, REAL, Basis, convention_of
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.real_basis import operator_in_real_basis
from reptheory.exact.surd import Surd
from reptheory.groups.labels import count, shown, two_spin, whole

__all__ = ["krawtchouk", "wigner_d_fourier", "wigner_d_pi_half"]

_LARGEST_INT64_DEGREE = 61


def krawtchouk(two_j: int) -> NDArray[Any]:
    """Return K[n, k] = [x^k] (1 + x)^(two_j - n) (1 - x)^n for 0 <= n, k <= two_j.

    returns  (two_j + 1, two_j + 1), int64 where every step surely fits (two_j <= 61), otherwise Python ints

    >>> krawtchouk(2).tolist()
    [[1, 2, 1], [1, 0, -1], [1, -2, 1]]
    """
    kind: Any = np.int64 if two_j <= _LARGEST_INT64_DEGREE else object
    table = np.zeros((two_j + 1, two_j + 1), dtype=kind)
    table[:, 0] = 1
    table[0] = [comb(two_j, k) for k in range(two_j + 1)]
    # (1 + x) row[n] = (1 - x) row[n-1], read off at x^k for all n at once
    for k in range(1, two_j + 1):
        steps = -table[:-1, k - 1] - table[1:, k - 1]
        table[1:, k] = table[0, k] + np.add.accumulate(steps)
    return table


def wigner_d_pi_half(j: object, basis: Basis = "complex") -> SurdArray:
    """Return d^j(pi/2): shape (2j+1, 2j+1), indices m'+j, m+j. Real and orthogonal.

    j       spin; whole in the real basis
    basis   "complex" or "real"
    raises  LabelError: j is not 0, 1/2, 1, ..., or the basis is impossible; TooLarge

    >>> wigner_d_pi_half(0.5)[0, 1], wigner_d_pi_half(1)[1, 2]
    (√(1/2), √(1/2))
    >>> [str(entry) for entry in wigner_d_pi_half(1, "real")[2]]  # of y, z, x: x' = z
    ['0', '1', '0']
    """
    if convention_of(basis) is REAL:
        return operator_in_real_basis(wigner_d_pi_half(whole(j, "j")))
    two_j = two_spin(j, "j")
    require_room((two_j + 1) ** 2, 2 * two_j, f"wigner_d_pi_half: 2j = {shown(two_j)}")
    table = krawtchouk(two_j)
    n, k = np.nonzero(table)
    binomials = [comb(two_j, i) for i in range(two_j + 1)]
    rows: list[list[int]] = table.tolist()
    pairs = list(zip(n.tolist(), k.tolist(), strict=True))
    numerators = []
    for column, row in pairs:
        value = rows[column][row]
        sign = 1 if (value > 0) == (column % 2 == 0) else -1
        numerators.append(sign * value * value * binomials[column])
    return SurdArray(
        (two_j + 1, two_j + 1),
        np.stack([two_j - k, two_j - n], axis=1),
        numerators,
        [binomials[row] << two_j for _, row in pairs],
        convention=COMPLEX,
    )


def wigner_d_fourier(j: object, derivative: object = 0, basis: Basis = "complex") -> SurdArray:
    """Return the Fourier series of d^j(beta): [m'+j, m+j, mu+j] is the coefficient of e^{-i mu beta}.

    Real for m - m' even, imaginary for m - m' odd (complex basis); shape (2j+1, 2j+1, 2j+1).

    j           spin; whole in the real basis
    derivative  how often by beta: its coefficients have the factor (-i mu)^derivative
    basis       "complex" or "real"
    raises      LabelError: j is not 0, 1/2, 1, ..., derivative not 0, 1, ..., or the basis is impossible;
                TooLarge

    >>> wigner_d_fourier(0.5)[1, 1].to_numpy().tolist()  # cos(beta / 2)
    [0.5, 0.5]
    """
    if convention_of(basis) is REAL:
        return operator_in_real_basis(wigner_d_fourier(whole(j, "j"), derivative))
    two_j, order = two_spin(j, "j"), count(derivative, "derivative")
    require_room((two_j + 1) ** 3, 4 * two_j, f"wigner_d_fourier: 2j = {shown(two_j)}")
    table = krawtchouk(two_j).astype(object)
    binomials = [comb(two_j, i) for i in range(two_j + 1)]
    indices, numerators, denominators, turns = list[tuple[int, ...]](), list[int](), list[int](), list[int]()
    for n in range(
        two_j + 1
    ):  # n = j - mu: both factors are columns mu of d(pi/2), their signs (-1)^n cancel
        column = table[n].tolist()
        for (p, left), (q, right) in product(enumerate(column), repeat=2):
            value = left * right
            if value:
                turn = (p - q) % 4  # p = j - m', q = j - m
                indices.append((two_j - p, two_j - q, two_j - n))
                numerators.append((-1 if turn & 2 else 1) * value * abs(value) * binomials[n] ** 2)
                denominators.append(binomials[p] * binomials[q] << 2 * two_j)
                turns.append(turn & 1)
    series = SurdArray(
        (two_j + 1, two_j + 1, two_j + 1),
        np.array(indices, dtype=np.int64),
        numerators,
        denominators,
        convention=COMPLEX,
        i_powers=np.array(turns, dtype=np.uint8),
    )
    if not order:
        return series
    waves = [Surd.scaled(Fraction(2 * k - two_j, 2) ** order, 1, i_power=-order) for k in range(two_j + 1)]
    entries = {index: value * waves[index[2]] for index, value in series.items()}
    return SurdArray.from_entries(series.shape, entries, COMPLEX)
