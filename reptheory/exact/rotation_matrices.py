"""Wigner's D matrices of rational rotations, exactly: Gaussian integers times one surd an entry.

The quaternion a + b i + c j + d k, norm N = a^2 + b^2 + c^2 + d^2, turns by the angle w about the axis n for
(a, b, c, d) proportional to (cos(w/2), sin(w/2) n). It acts on spinors by U / sqrt(N),

    U = ( a - i d   -c - i b )        D^j[m', m] = sqrt( C(2j, j+m) / (C(2j, j+m') N^(2j)) ) F[j+m, j+m']
        ( c - i b    a + i d ),       F[n, p]    = [t^p] (U11 t + U21)^n (U12 t + U22)^(2j-n)

(rotated monomials of two bosons: Schwinger, On Angular Momentum, 1952). F[n] follows from F[n-1] by
(U12 t + U22) F[n] = (U11 t + U21) F[n-1], an exact division. Rotations are active, (R f)(r) = f(R^-1 r),
coefficients change by c' = D c, products of Hamilton's quaternions give products of matrices, and
Z(alpha) Y(beta) Z(gamma) has the D of SymPy's `Rotation.D`. -q turns as q does and has (-1)^(2j) D.

In the real basis D_real = conj(U) D U^T with U = `real_from_complex`; it is real, and for l = 1 it is the
rotation of the vector (y, z, x).
"""

from __future__ import annotations

from math import comb, gcd, lcm

import numpy as np

from reptheory.conventions import COMPLEX, REAL
from reptheory.errors import LabelError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.real_basis import real_from_complex
from reptheory.groups.labels import listed, rational, shown, two_spin, whole

__all__ = ["real_rotation_matrix", "rotation_matrix"]

Gaussian = tuple[int, int]
Quaternion = tuple[int, int, int, int]


def rotation_matrix(j: object, quaternion: object) -> ComplexSurdArray:
    """Return D^j of a rational quaternion: shape (2j+1, 2j+1), indices m'+j, m+j. Exactly unitary.

    j           spin, 0, 1/2, 1, ..., a number or a `Spin`
    quaternion  (a, b, c, d): four ints or Fractions, not all 0; only its direction counts
    raises      LabelError: an impossible j or quaternion; TooLarge

    >>> rotation_matrix(0.5, (1, 0, 1, 0)).real[0, 1], rotation_matrix(1, (2, 1, 0, 0))[2, 1]
    (√(1/2), -i·√(8/25))
    """
    two_j = two_spin(j, "j")
    whole_ones = _integers(quaternion)
    norm = sum(part * part for part in whole_ones)
    bits = two_j * norm.bit_length() + 2 * two_j
    require_room(2 * (two_j + 1) ** 2, 2 * bits, f"rotation_matrix: 2j = {shown(two_j)}")
    columns = _polynomials(two_j, whole_ones)
    return ComplexSurdArray(_part(columns, 0, norm), _part(columns, 1, norm))


def real_rotation_matrix(l: object, quaternion: object) -> SurdArray:  # noqa: E741
    """Return D of degree l in the real basis: real, orthogonal, shape (2l+1, 2l+1), indices m'+l, m+l.

    l           degree, 0, 1, 2, ...
    quaternion  as for `rotation_matrix`
    raises      LabelError: an impossible l or quaternion; TooLarge

    >>> [str(entry) for entry in real_rotation_matrix(1, (1, 0, 0, 1))[0]]  # a quarter turn about z: y' = x
    ['0', '0', '1']
    """
    degree = whole(l, "l")
    matrix = rotation_matrix(degree, quaternion)
    change = ComplexSurdArray.of(real_from_complex(degree))
    return change.conjugate().contract(matrix, 1, REAL).contract(change.transpose(), 1).real


def _integers(quaternion: object) -> Quaternion:
    """Return the primitive integers along a rational quaternion."""
    given = listed(quaternion, "quaternion")
    if len(given) != 4:
        raise LabelError(f"quaternion: got {len(given)} components; it has four, (a, b, c, d)")
    parts = [rational(value, f"quaternion[{place}]") for place, value in enumerate(given)]
    if not any(parts):
        raise LabelError("quaternion: got (0, 0, 0, 0), which is no rotation; one component must not be 0")
    shared = lcm(*(part.denominator for part in parts))
    numbers = [part.numerator * (shared // part.denominator) for part in parts]
    common = gcd(*numbers)
    a, b, c, d = (number // common for number in numbers)
    return a, b, c, d


def _polynomials(two_j: int, quaternion: Quaternion) -> list[list[Gaussian]]:
    """Return F[n][p] of the module docstring, as pairs (real, imaginary)."""
    a, b, c, d = quaternion
    u11, u12, u21, u22 = (a, -d), (-c, -b), (c, -b), (a, d)
    if u22 == (0, 0):  # a half turn about an axis in the plane of x and y: each F[n] is one monomial
        zero = [[(0, 0)] * (two_j + 1) for _ in range(two_j + 1)]
        left, right = _powers(u21, two_j), _powers(u12, two_j)
        for n in range(two_j + 1):
            zero[n][two_j - n] = _times(left[n], right[two_j - n])
        return zero
    size = a * a + d * d
    left, right = _powers(u22, two_j), _powers(u12, two_j)
    first = [_times(right[p], left[two_j - p]) for p in range(two_j + 1)]
    columns = [[(comb(two_j, p) * x, comb(two_j, p) * y) for p, (x, y) in enumerate(first)]]
    for _ in range(two_j):
        before, row, last = (0, 0), list[Gaussian](), (0, 0)
        for value in columns[-1]:
            terms = _times(u11, before), _times(u21, value), _times(u12, last)
            real = terms[0][0] + terms[1][0] - terms[2][0]
            imag = terms[0][1] + terms[1][1] - terms[2][1]
            last = (real * a + imag * d) // size, (imag * a - real * d) // size  # times conj(U22), exact
            row.append(last)
            before = value
        columns.append(row)
    return columns


def _times(left: Gaussian, right: Gaussian) -> Gaussian:
    return left[0] * right[0] - left[1] * right[1], left[0] * right[1] + left[1] * right[0]


def _powers(base: Gaussian, most: int) -> list[Gaussian]:
    powers = [(1, 0)]
    for _ in range(most):
        powers.append(_times(powers[-1], base))
    return powers


def _part(columns: list[list[Gaussian]], part: int, norm: int) -> SurdArray:
    """Return the real (0) or imaginary (1) part of the matrix."""
    two_j = len(columns) - 1
    binomials = [comb(two_j, n) for n in range(two_j + 1)]
    scale = norm**two_j
    places, numerators, denominators = list[tuple[int, int]](), list[int](), list[int]()
    for n, column in enumerate(columns):
        for p, pair in enumerate(column):
            value = pair[part]
            if value:
                places.append((p, n))
                numerators.append(value * abs(value) * binomials[n])
                denominators.append(binomials[p] * scale)
    indices = np.array(places, dtype=np.int64).reshape(-1, 2)
    shape = (two_j + 1, two_j + 1)
    return SurdArray(shape, indices, numerators, denominators, convention=COMPLEX)
