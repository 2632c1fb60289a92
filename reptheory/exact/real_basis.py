"""The unitary change from complex (Condon-Shortley) to real spherical harmonics.

For m > 0, with Y the complex harmonics:

    S_{l, m}  = ( Y_{l,-m} + (-1)^m Y_{l,m} ) / sqrt(2)       ~  cos(m phi)
    S_{l, 0}  = Y_{l,0}
    S_{l,-m}  = i ( Y_{l,-m} - (-1)^m Y_{l,m} ) / sqrt(2)     ~  sin(m phi)

so S_1 is (y, z, x) times +sqrt(3 / (4 pi)): no Condon-Shortley sign remains. This is the basis of SymPy's
`real_gaunt` (Homeier and Steinborn, J. Mol. Struct. THEOCHEM 368 (1996) 31), not of its `Znm`.
"""

from __future__ import annotations

from fractions import Fraction

from reptheory.conventions import REAL
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.surd import Surd
from reptheory.groups.labels import shown, whole

__all__ = ["operator_in_real_basis", "real_from_complex", "real_row"]

_HALF = Fraction(1, 2)


def real_row(m: int) -> tuple[tuple[int, Surd], ...]:
    """Return the pairs (m', coefficient) that make the real harmonic m from complex ones, m' ascending.

    >>> real_row(-1)
    ((-1, i·√(1/2)), (1, i·√(1/2)))
    """
    if m == 0:
        return ((0, Surd.rational(1)),)
    sign = -1 if m % 2 else 1
    if m > 0:
        return (-m, Surd.sqrt(_HALF)), (m, Surd.sqrt(_HALF, sign))
    return (m, Surd.sqrt(_HALF, i_power=1)), (-m, Surd.sqrt(_HALF, -sign, i_power=1))


def real_from_complex(l: object) -> SurdArray:  # noqa: E741  (the degree is called l everywhere)
    """Return the unitary matrix U with S_{lm} = sum_m' U[m+l, m'+l] Y_{lm'}: shape (2l+1, 2l+1).

    Rows follow the real convention, columns the complex one; the array carries the real one.
    A vector of real coefficients x (f = sum x_m S_m) has complex coefficients c = U^T x.

    raises  LabelError: l is not 0, 1, 2, ...; TooLarge
    """
    degree = whole(l, "l")
    require_room(4 * degree + 1, 2, f"l: {shown(l)}")
    entries: dict[tuple[int, ...], Surd] = {
        (m + degree, other + degree): value
        for m in range(-degree, degree + 1)
        for other, value in real_row(m)
    }
    return SurdArray.from_entries((2 * degree + 1, 2 * degree + 1), entries, REAL)


def operator_in_real_basis(operator: SurdArray) -> SurdArray:
    """Return conj(U) A U^T, the real-basis form of what maps complex coefficients to complex coefficients.

    operator   shape (2l+1, 2l+1, ...): rows m', columns m, and axes that stay as they are
    raises     IncommensurableSurds: a sum is not one surd; never for rotations about y and generators, whose
               entries d[m', m] and d[m', -m] are rational multiples of one root
    """
    change = real_from_complex(operator.shape[0] // 2)
    rows = change.conjugate().contract(operator, 1, REAL)
    rest = range(2, operator.ndim)
    return rows.contract(change, ([1], [1])).transpose((0, operator.ndim - 1, *(axis - 1 for axis in rest)))
