"""Vector fields whose Cartesian components are exact polynomials in x, y, z, with their derivatives."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reptheory.exact.polynomials import SurdPolynomial
from reptheory.exact.surd import Surd

if TYPE_CHECKING:
    from reptheory.exact.complex_surds import ComplexSurd

__all__ = ["POSITION", "VectorPolynomial"]


@dataclass(frozen=True, slots=True)
class VectorPolynomial:
    """An immutable vector field: one `SurdPolynomial` per Cartesian component. It unpacks into x, y, z.

    Sums exist where those of the components do (see `SurdPolynomial`).
    """

    x: SurdPolynomial
    y: SurdPolynomial
    z: SurdPolynomial

    def __iter__(self) -> Iterator[SurdPolynomial]:
        return iter((self.x, self.y, self.z))

    def conjugate(self) -> VectorPolynomial:
        """Return the field with conjugated coefficients."""
        return VectorPolynomial(*(part.conjugate() for part in self))

    def dot(self, other: VectorPolynomial) -> SurdPolynomial:
        """Return the scalar product; nothing is conjugated."""
        return self.x * other.x + self.y * other.y + self.z * other.z

    def cross(self, other: VectorPolynomial) -> VectorPolynomial:
        """Return the vector product."""
        return VectorPolynomial(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    def divergence(self) -> SurdPolynomial:
        """Return d_x x + d_y y + d_z z."""
        return self.x.derivative("x") + self.y.derivative("y") + self.z.derivative("z")

    def curl(self) -> VectorPolynomial:
        """Return the rotation of the field.

        >>> POSITION.curl(), POSITION.divergence()
        ((0, 0, 0), 3)
        """
        return VectorPolynomial(
            self.z.derivative("y") - self.y.derivative("z"),
            self.x.derivative("z") - self.z.derivative("x"),
            self.y.derivative("x") - self.x.derivative("y"),
        )

    def laplacian(self) -> VectorPolynomial:
        """Return the Laplacian of each component."""
        return VectorPolynomial(*(part.laplacian() for part in self))

    def inner(self, other: VectorPolynomial) -> ComplexSurd:
        """Return the integral over the unit sphere of conj(self) . other."""
        x, y, z = ((a.conjugate() * b).sphere_integral() for a, b in zip(self, other, strict=True))
        return x + y + z

    def at(self, x: object, y: object, z: object) -> tuple[ComplexSurd, ComplexSurd, ComplexSurd]:
        """Return the exact components at a point with rational coordinates; errors as `SurdPolynomial.at`."""
        return self.x.at(x, y, z), self.y.at(x, y, z), self.z.at(x, y, z)

    def to_sympy(self, variables: Sequence[Any] | None = None) -> tuple[Any, Any, Any]:
        """Return the components as SymPy expressions in three variables, by default real x, y, z."""
        return self.x.to_sympy(variables), self.y.to_sympy(variables), self.z.to_sympy(variables)

    def __add__(self, other: object) -> VectorPolynomial:
        if not isinstance(other, VectorPolynomial):
            return NotImplemented
        return VectorPolynomial(self.x + other.x, self.y + other.y, self.z + other.z)

    def __neg__(self) -> VectorPolynomial:
        return VectorPolynomial(-self.x, -self.y, -self.z)

    def __sub__(self, other: object) -> VectorPolynomial:
        return self + -other if isinstance(other, VectorPolynomial) else NotImplemented

    def __mul__(self, other: object) -> VectorPolynomial:
        """Return the field times a polynomial, Surd, int or Fraction."""
        if not isinstance(other, SurdPolynomial | Surd | numbers.Rational):
            return NotImplemented
        return VectorPolynomial(self.x * other, self.y * other, self.z * other)

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return bool(self.x) or bool(self.y) or bool(self.z)

    def __repr__(self) -> str:
        return f"({self.x!r}, {self.y!r}, {self.z!r})"


POSITION = VectorPolynomial(
    SurdPolynomial.of({(1, 0, 0): 1}), SurdPolynomial.of({(0, 1, 0): 1}), SurdPolynomial.of({(0, 0, 1): 1})
)
"""The field (x, y, z)."""
