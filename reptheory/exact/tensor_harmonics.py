"""Vector, spinor and tensor spherical harmonics, by coupling; gradients of solid harmonics.

    Y^{(l s) j}_m = sum_{m' sigma} <l m' s sigma | j m> Y_lm' e_sigma

e_sigma are the states of spin s; for s = 1 the unit vectors e_+1 = -(x + i y)/sqrt(2), e_0 = z,
e_-1 = (x - i y)/sqrt(2) (Edmonds, Angular Momentum in Quantum Mechanics, 1957, section 5.9). In the real
basis Y, e and the coefficients are the real ones: S_lm, (y, z, x) for s = 1, and C_real of
`clebsch_gordan_array`. Over the sphere they are orthonormal.

For s = 1 each degree l has three families, of degrees l-1, l and l+1, and three forms on the unit sphere,

    radial    r^ Y_lm          = sqrt(l/(2l+1)) Y^{(l-1 1) l} - sqrt((l+1)/(2l+1)) Y^{(l+1 1) l}
    gradient  r grad Y_lm      = (l+1) sqrt(l/(2l+1)) Y^{(l-1 1) l} + l sqrt((l+1)/(2l+1)) Y^{(l+1 1) l}
    curl      r^ x r grad Y_lm = i sqrt(l(l+1)) Y^{(l 1) l}                              (real basis: -sqrt)

[Edmonds, eqs. 5.9.17-5.9.19; Barrera, Estevez, Giraldo, Eur. J. Phys. 6 (1985) 287, whose Y, Psi and Phi they
are]. So grad(f(r) Y_lm) is f' times the radial form and f/r times the gradient form, and for f = r^l

    grad(r^l Y_lm) = sqrt(l(2l+1)) r^(l-1) Y^{(l-1 1) l}_m.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal, get_args

from reptheory.conventions import COMPLEX, Basis, convention_of
from reptheory.errors import LabelError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.entries import require_room
from reptheory.exact.polynomials import SurdPolynomial
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.solid_harmonics import solid_harmonic
from reptheory.exact.surd import Surd
from reptheory.exact.vector_polynomials import POSITION, VectorPolynomial
from reptheory.groups.labels import projection, shown, two_label, two_spin, whole

__all__ = [
    "VectorForm",
    "forms_from_vector_harmonics",
    "solid_gradient",
    "tensor_harmonic",
    "tensor_harmonic_array",
    "vector_harmonic",
    "vector_harmonic_form",
]

VectorForm = Literal["radial", "gradient", "curl"]

_AXES = (2, 0, 1)
"""Where x, y, z stand in the real basis (y, z, x) of degree 1."""


def tensor_harmonic_array(j: object, l: object, s: object, basis: Basis = "complex") -> SurdArray:  # noqa: E741
    """Return the coefficients of Y^{(l s) j}_m: [m + j, m' + l, sigma + s] is that of Y_lm' e_sigma.

    j, s     spins; whole in the real basis
    l        degree
    returns  shape (2j+1, 2l+1, 2s+1); empty where (l s j) is no triangle
    raises   LabelError: a label or the basis is impossible; TooLarge

    >>> tensor_harmonic_array(0.5, 1, 0.5)[1, 1, 1]  # -sqrt(1/3) Y_10 up in the spinor (1 1/2) 1/2, m = 1/2
    -√(1/3)
    """
    total, degree, spin = _spin(j, "j", basis), whole(l, "l"), _spin(s, "s", basis)
    return clebsch_gordan_array(degree, spin, total, basis).transpose((2, 0, 1))


def tensor_harmonic(
    j: object,
    l: object,  # noqa: E741
    s: object,
    m: object,
    basis: Basis = "complex",
) -> tuple[SurdPolynomial, ...]:
    """Return r^l Y^{(l s) j}_m as polynomials in x, y, z, one for each sigma = -s, ..., s.

    j, s, m  spins and a projection, |m| <= j
    l        degree
    returns  2s + 1 polynomials, all 0 where (l s j) is no triangle
    raises   LabelError: a label or the basis is impossible; TooLarge

    >>> tensor_harmonic(0.5, 0, 0.5, 0.5)  # spin up
    (0, √(1/(4π)))
    """
    degree, row, two_s = whole(l, "l"), _row(j, m, basis), two_spin(s, "s")
    require_room(2 * degree + two_s + 2, 4 * degree, f"tensor_harmonic: l = {shown(degree)}, s = {shown(s)}")
    block = tensor_harmonic_array(j, degree, s, basis)[row]
    return tuple(_combined(degree, block[:, sigma], basis) for sigma in range(block.shape[1]))


def vector_harmonic(j: object, l: object, m: object, basis: Basis = "complex") -> VectorPolynomial:  # noqa: E741
    """Return r^l Y^{(l 1) j}_m by its Cartesian components x, y, z.

    j, l, m  degrees, and an order |m| <= j; the three families are l = j-1, j, j+1
    returns  VectorPolynomial; 0 where (l 1 j) is no triangle
    raises   LabelError: a label or the basis is impossible; TooLarge

    >>> vector_harmonic(1, 0, 0), vector_harmonic(1, 1, 0, "real")  # along z; about z
    ((0, 0, √(1/(4π))), (-√(3/(8π))·y, √(3/(8π))·x, 0))
    """
    degree, row = whole(l, "l"), _row(whole(j, "j"), m, basis)
    require_room(2 * degree + 1, 4 * degree, f"vector_harmonic: l = {shown(degree)}")
    block = tensor_harmonic_array(j, degree, 1, basis)[row]
    parts = block.contract(_unit_vectors(basis), ([1], [0]))
    return VectorPolynomial(*(_combined(degree, parts[:, axis], basis) for axis in range(3)))


def vector_harmonic_form(
    kind: VectorForm,
    l: object,  # noqa: E741
    m: object,
    basis: Basis = "complex",
) -> VectorPolynomial:
    """Return one of the three vector fields made of Y_lm, as homogeneous polynomials by components x, y, z.

    kind     "radial": r^(l+1) r^ Y_lm; "gradient": r^(l+1) (r grad Y_lm); "curl": r^l (r^ x r grad Y_lm)
    l, m     degree and order, |m| <= l
    raises   LabelError: a label, the kind or the basis is impossible; TooLarge

    >>> vector_harmonic_form("curl", 1, 0, "real")
    (√(3/(4π))·y, -√(3/(4π))·x, 0)
    """
    if not isinstance(kind, str) or kind not in get_args(VectorForm):
        raise LabelError(f"kind: got {shown(kind)}; it must be one of {', '.join(get_args(VectorForm))}")
    degree, solid = whole(l, "l"), solid_harmonic(l, m, basis)
    if kind == "radial":
        return POSITION * solid
    if kind == "curl":
        return POSITION.cross(solid.gradient())
    return solid.gradient() * POSITION.dot(POSITION) - POSITION * solid * degree


def forms_from_vector_harmonics(l: object, basis: Basis = "complex") -> SurdArray:  # noqa: E741
    """Return F, where the forms of Y_lm are sum_k F[form, k] Y^{(l-1+k 1) l}_m on the unit sphere.

    l        degree
    returns  shape (3, 3); rows radial, gradient, curl
    raises   LabelError: l or the basis is impossible

    >>> forms_from_vector_harmonics(1)[2, 1], forms_from_vector_harmonics(1, "real")[2, 1]
    (i·√2, -√2)
    """
    degree, convention = whole(l, "l"), convention_of(basis)
    inner = Surd.sqrt(Fraction(degree, 2 * degree + 1))
    outer = Surd.sqrt(Fraction(degree + 1, 2 * degree + 1))
    turn = Surd.sqrt(-1) if convention is COMPLEX else Surd.rational(-1)
    entries: dict[tuple[int, ...], Surd] = {
        (0, 0): inner,
        (0, 2): -outer,
        (1, 0): inner * (degree + 1),
        (1, 2): outer * degree,
        (2, 1): Surd.sqrt(degree * (degree + 1)) * turn,
    }
    return SurdArray.from_entries((3, 3), entries, convention)


def solid_gradient(l: object, basis: Basis = "complex") -> SurdArray:  # noqa: E741
    """Return G with d/dx_a (r^l Y_lm) = sum_m' G[m + l, a, m' + l - 1] r^(l-1) Y_l-1,m'.

    l        degree
    a        0, 1, 2 for x, y, z
    returns  shape (2l+1, 3, 2l-1), or (1, 3, 0) for l = 0
    raises   LabelError: l or the basis is impossible; TooLarge

    >>> solid_gradient(1, "real")[2, 0, 0]  # d/dx of r S_11 = sqrt(3) S_00 x
    √3
    """
    degree, convention = whole(l, "l"), convention_of(basis)
    if degree == 0:
        return SurdArray.from_entries((1, 3, 0), {}, convention)
    block = tensor_harmonic_array(degree, degree - 1, 1, basis) * Surd.sqrt(degree * (2 * degree + 1))
    return block.contract(_unit_vectors(basis), ([2], [0])).transpose((0, 2, 1))


def _spin(j: object, name: str, basis: Basis) -> Fraction:
    """Return a checked spin; whole in the real basis."""
    return Fraction(two_spin(j, name), 2) if convention_of(basis) is COMPLEX else Fraction(whole(j, name))


def _row(j: object, m: object, basis: Basis) -> int:
    """Return m + j for a projection of a spin, checked; both whole in the real basis."""
    two_j, two_m = int(2 * _spin(j, "j", basis)), two_label(m, "m")
    projection(two_j, two_m, "j", "m")
    return (two_j + two_m) // 2


def _unit_vectors(basis: Basis) -> SurdArray:
    """Return E with e_sigma = sum_a E[sigma + 1, a] e_a, a = x, y, z, in either basis."""
    convention = convention_of(basis)
    change = real_from_complex(1)
    entries: dict[tuple[int, ...], Surd] = {}
    for axis, place in enumerate(_AXES):
        if convention is COMPLEX:  # real vectors are U times complex ones
            entries |= {(sigma, axis): change[place, sigma].conjugate() for sigma in range(3)}
        else:
            entries[place, axis] = Surd.rational(1)
    return SurdArray.from_entries((3, 3), entries, convention)


def _combined(degree: int, coefficients: Any, basis: Basis) -> SurdPolynomial:
    """Return sum_m c[m + l] r^l Y_lm."""
    total = SurdPolynomial(())
    for (place,), value in coefficients.items():
        total += solid_harmonic(degree, place - degree, basis) * value
    return total
