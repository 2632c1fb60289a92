"""Polynomials in x, y, z with exact coefficients: what solid harmonics are made of.

A polynomial keeps each coefficient as a Surd (real or imaginary). Sums and products exist where the
coefficients of one monomial add up to one surd, as they do for harmonics of one degree and order, their
derivatives and products; other sums raise `IncommensurableSurds`. Integrals over the unit sphere use

    int x^a y^b z^c dOmega = 4 pi (a-1)!! (b-1)!! (c-1)!! / (a+b+c+1)!!,     a, b, c even; otherwise 0

(Folland, Amer. Math. Monthly 108 (2001) 446).
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from reptheory.errors import LabelError
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.surd import Surd
from reptheory.groups.labels import rational, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reptheory.exact.vector_polynomials import VectorPolynomial

__all__ = ["Powers", "SurdPolynomial", "sphere_moment"]

Powers = tuple[int, int, int]


def sphere_moment(powers: Powers) -> Fraction:
    """Return the integral of x^a y^b z^c over the unit sphere, divided by pi.

    >>> sphere_moment((2, 0, 0)), sphere_moment((1, 0, 1))
    (Fraction(4, 3), Fraction(0, 1))
    """
    if any(power % 2 for power in powers):
        return Fraction(0)
    top = math.prod(_odd_factorial(power - 1) for power in powers)
    return Fraction(4 * top, _odd_factorial(sum(powers) + 1))


def _odd_factorial(number: int) -> int:
    """Return 1 * 3 * ... * number for an odd number >= -1."""
    half = (number + 1) // 2
    return math.factorial(2 * half) // (math.factorial(half) << half)


@dataclass(frozen=True, slots=True)
class SurdPolynomial:
    """An immutable polynomial in x, y, z; build one with `SurdPolynomial.of`.

    terms   ((a, b, c), coefficient): x^a y^b z^c, nonzero coefficients, powers ascending

    >>> x = SurdPolynomial.of({(1, 0, 0): 1})
    >>> (x * x + x * Fraction(1, 2)).derivative("x")
    1/2 + 2·x
    """

    terms: tuple[tuple[Powers, Surd], ...]

    @classmethod
    def of(cls, coefficients: Mapping[Powers, Any]) -> SurdPolynomial:
        """Return the polynomial of a mapping (a, b, c) -> Surd, int or Fraction; zeros are dropped."""
        kept: dict[Powers, Surd] = {}
        for powers, value in coefficients.items():
            good = len(powers) == 3 and all(type(power) is int and power >= 0 for power in powers)
            if not good:
                raise LabelError(f"powers: got {shown(powers)}; give three ints >= 0, those of x, y and z")
            kept[powers] = value if isinstance(value, Surd) else Surd.rational(value)
        return cls(tuple(sorted((item for item in kept.items() if item[1]), key=lambda item: item[0])))

    @property
    def degree(self) -> int:
        """The largest total power; -1 for the polynomial 0."""
        return max((sum(powers) for powers, _ in self.terms), default=-1)

    def coefficient(self, a: int, b: int, c: int) -> Surd:
        """Return the coefficient of x^a y^b z^c."""
        return dict(self.terms).get((a, b, c), Surd.rational(0))

    def conjugate(self) -> SurdPolynomial:
        """Return the polynomial with conjugated coefficients (x, y, z are real)."""
        return SurdPolynomial(tuple((powers, value.conjugate()) for powers, value in self.terms))

    def derivative(self, variable: str) -> SurdPolynomial:
        """Return the partial derivative by "x", "y" or "z"."""
        if not isinstance(variable, str) or variable not in ("x", "y", "z"):
            raise LabelError(f'variable: got {shown(variable)}; it must be "x", "y" or "z"')
        axis = "xyz".index(variable)
        lowered = {
            _lowered(powers, axis): value * powers[axis] for powers, value in self.terms if powers[axis]
        }
        return SurdPolynomial.of(lowered)

    def gradient(self) -> VectorPolynomial:
        """Return the three partial derivatives, a `VectorPolynomial`."""
        from reptheory.exact.vector_polynomials import VectorPolynomial  # noqa: PLC0415  (it imports this module)

        return VectorPolynomial(self.derivative("x"), self.derivative("y"), self.derivative("z"))

    def laplacian(self) -> SurdPolynomial:
        """Return the sum of the three second derivatives: 0 for a solid harmonic."""
        x, y, z = (self.derivative(variable).derivative(variable) for variable in "xyz")
        return x + y + z

    def __add__(self, other: object) -> SurdPolynomial:
        if not isinstance(other, SurdPolynomial):
            return NotImplemented
        return _collected([*self.terms, *other.terms])

    def __neg__(self) -> SurdPolynomial:
        return SurdPolynomial(tuple((powers, -value) for powers, value in self.terms))

    def __sub__(self, other: object) -> SurdPolynomial:
        return self + -other if isinstance(other, SurdPolynomial) else NotImplemented

    def __mul__(self, other: object) -> SurdPolynomial:
        """Return the product with a polynomial, Surd, int or Fraction."""
        if isinstance(other, Surd | numbers.Rational):
            return SurdPolynomial.of({powers: value * other for powers, value in self.terms})
        if not isinstance(other, SurdPolynomial):
            return NotImplemented
        return _collected(
            [
                ((left[0] + right[0], left[1] + right[1], left[2] + right[2]), value * factor)
                for left, value in self.terms
                for right, factor in other.terms
            ]
        )

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return bool(self.terms)

    def at(self, x: object, y: object, z: object) -> ComplexSurd:
        """Return the exact value at a point with rational coordinates.

        raises  LabelError: a coordinate is not rational; IncommensurableSurds: the value is no pair of surds
        """
        point = rational(x, "x"), rational(y, "y"), rational(z, "z")
        total = ComplexSurd(Surd.rational(0))
        for powers, value in self.terms:
            factor = math.prod(
                (base**power for base, power in zip(point, powers, strict=True)), start=Fraction(1)
            )
            total += ComplexSurd.of(value * factor)
        return total

    def sphere_integral(self) -> ComplexSurd:
        """Return the integral over the unit sphere.

        >>> SurdPolynomial.of({(0, 0, 2): 1}).sphere_integral()  # 4 pi / 3
        √(16π^2/9)
        """
        total = ComplexSurd(Surd.rational(0))
        for powers, value in self.terms:
            moment = sphere_moment(powers)
            if moment:
                total += ComplexSurd.of(value * Surd.scaled(moment, 1, pi_power=2))
        return total

    def to_sympy(self, variables: Sequence[Any] | None = None) -> Any:
        """Return a SymPy expression in three variables, by default the real symbols x, y, z."""
        from reptheory.exact import output  # noqa: PLC0415  (SymPy loads only when asked for)

        return output.polynomial_to_sympy(self, variables)

    def __repr__(self) -> str:
        return " + ".join(_text(powers, value) for powers, value in self.terms) or "0"


def _lowered(powers: Powers, axis: int) -> Powers:
    a, b, c = powers
    return (a - (axis == 0), b - (axis == 1), c - (axis == 2))


def _collected(terms: list[tuple[Powers, Surd]]) -> SurdPolynomial:
    """Return the polynomial with the given terms added up."""
    sums: dict[Powers, Surd] = {}
    for powers, value in terms:
        sums[powers] = sums[powers] + value if powers in sums else value
    return SurdPolynomial.of(sums)


def _text(powers: Powers, value: Surd) -> str:
    """Write one term: √(3/(4π))·x·z^2."""
    factors = [
        name if power == 1 else f"{name}^{power}" for name, power in zip("xyz", powers, strict=True) if power
    ]
    if not factors or value != 1:
        factors = [repr(value), *factors]
    return "·".join(factors)
