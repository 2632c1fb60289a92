"""The angular momentum operators J_x, J_y, J_z and the ladder operators, as exact matrices.

    J_z |j m> = m |j m>,     J_+- |j m> = sqrt((j -+ m)(j +- m + 1)) |j m+-1>,     J_+- = J_x +- i J_y

so that D^j(alpha, beta, gamma) = e^{-i alpha J_z} e^{-i beta J_y} e^{-i gamma J_z}. In the real basis each is
conj(U) J U^T with U = `real_from_complex`, as a rotation matrix is: J_x, J_y and J_z are then imaginary and
antisymmetric, and -i J generates real rotations; for l = 1 these turn (y, z, x).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reptheory.conventions import COMPLEX, Basis, convention_of
from reptheory.errors import TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.real_basis import operator_in_real_basis
from reptheory.exact.surd import Surd
from reptheory.groups.labels import shown, two_spin, whole

__all__ = ["Generators", "generators"]

_MOST_ROWS = 10**5

Entries = dict[tuple[int, ...], Surd]


@dataclass(frozen=True, slots=True)
class Generators:
    """J_x, J_y, J_z, J_+ and J_- of one spin: each a `SurdArray` of shape (2j+1, 2j+1), index m + j.

    x, y, z      Hermitian
    plus, minus  x + i y and x - i y, which raise and lower m in the complex basis
    """

    x: SurdArray
    y: SurdArray
    z: SurdArray
    plus: SurdArray
    minus: SurdArray


def generators(j: object, basis: Basis = "complex") -> Generators:
    """Return the angular momentum operators of spin j.

    j       spin, 0, 1/2, 1, ...; whole in the real basis
    basis   "complex" or "real"
    raises  LabelError: j or the basis is impossible; TooLarge

    >>> generators(1).plus[2, 1], generators(0.5).y[1, 0]  # <1|J+|0>, <1/2|J_y|-1/2>
    (√2, -i·1/2)
    """
    convention = convention_of(basis)
    two_j = two_spin(j, "j") if convention is COMPLEX else 2 * whole(j, "j")
    if two_j >= _MOST_ROWS:
        raise TooLarge(
            f"generators: matrices of {shown(two_j + 1)} rows; the limit is {_MOST_ROWS}, some minutes in "
            "the real basis; choose a smaller spin, or the formulas of J_z and J_+- for single entries"
        )
    half, turn = Surd.rational(Fraction(1, 2)), Surd.sqrt(-1)
    up: Entries = {(k + 1, k): Surd.sqrt((two_j - k) * (k + 1)) for k in range(two_j)}
    down: Entries = {(k, k + 1): value for (_, k), value in up.items()}
    z: Entries = {(k, k): Surd.rational(Fraction(2 * k - two_j, 2)) for k in range(two_j + 1)}
    x = {place: value * half for place, value in (up | down).items()}
    y = {place: value * half / (turn if place in up else -turn) for place, value in (up | down).items()}
    shape = (two_j + 1, two_j + 1)
    arrays = (SurdArray.from_entries(shape, entries, COMPLEX) for entries in (x, y, z, up, down))
    return Generators(
        *(array if convention is COMPLEX else operator_in_real_basis(array) for array in arrays)
    )
