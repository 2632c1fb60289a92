"""Wigner's D for Euler angles that stay symbols: exact functions of alpha, beta and gamma.

    D^j_{m'm}(alpha, beta, gamma) = <j m'| e^{-i alpha J_z} e^{-i beta J_y} e^{-i gamma J_z} |j m>
                                  = e^{-i m' alpha} d^j_{m'm}(beta) e^{-i m gamma}

with d^j from `half_angles`; the active rotation Z(alpha) Y(beta) Z(gamma), in the convention of SymPy's
`Rotation.D`. SymPy's `wigner_d` is the D of the three negative angles, its orders descending.

Exact values exist where the cosines and sines of the half angles are rational: with the quaternion
(cos(alpha/2), 0, 0, sin(alpha/2)) and the like, D is `rotation_matrix` of the product of the three. At other
rational angles every part is transcendental or known (Lindemann and Weierstrass: it is a polynomial in
e^{i t}, t != 0 rational, and constant only where both factors are), so that balls of growing precision end.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arb import fraction_ball, nearest_float, precision, working_precision
from reptheory.exact.complex_surds import ComplexSurd, ComplexSurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.half_angles import HalfAnglePolynomial, wigner_d_polynomial
from reptheory.exact.rotation_matrices import rotation_matrix
from reptheory.exact.surd import Surd
from reptheory.groups.labels import listed, rational, real, shown, two_spin

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EulerElement", "EulerMatrix", "wigner_d_euler"]

Angles = tuple[Fraction, Fraction, Fraction]
_NAMES = ("alpha", "beta", "gamma")
_I = Surd.sqrt(-1)
_ONE = Surd.rational(1)
_MOST_ROWS = 301


@dataclass(frozen=True, slots=True)
class EulerElement:
    """The function factor * e^{-i m1 alpha} * polynomial(beta) * e^{-i m2 gamma}: one D^j_{m1 m2}.

    polynomial  d^j_{m1 m2}, or a derivative of it
    factor      Surd, 1 for D itself

    Called with three angles (numbers, taken exactly, radians) it returns the complex number whose parts are
    the nearest floats.

    >>> wigner_d_euler(0.5)[1, 0]
    e^(-i·α/2)·(-s)·e^(i·γ/2)
    """

    polynomial: HalfAnglePolynomial
    factor: Surd = _ONE

    def derivative(self, angle: str) -> EulerElement:
        """Return the partial derivative by "alpha", "beta" or "gamma".

        raises  LabelError: another word
        """
        if not isinstance(angle, str) or angle not in _NAMES:
            raise LabelError(f'angle: got {shown(angle)}; it must be "alpha", "beta" or "gamma"')
        if angle == "beta":
            return EulerElement(self.polynomial.derivative(), self.factor)
        order = self.polynomial.m1 if angle == "alpha" else self.polynomial.m2
        return EulerElement(self.polynomial, self.factor * _I * -order)

    def at(self, alpha: object, beta: object, gamma: object) -> ComplexSurd:
        """Return the exact value at rational points of the circle.

        alpha, beta, gamma  each the pair (cosine, sine) of HALF the angle: rational, squares adding up to 1
        raises              LabelError: no such pair

        >>> wigner_d_euler(0.5)[1, 1].at((1, 0), (Fraction(3, 5), Fraction(4, 5)), (0, 1))
        -i·3/5
        """
        first, middle, last = (
            _half_point(point, name) for point, name in zip((alpha, beta, gamma), _NAMES, strict=True)
        )
        polynomial = self.polynomial
        turned = _times(_wave(first, int(-2 * polynomial.m1)), _wave(last, int(-2 * polynomial.m2)))
        size = ComplexSurd.of(self.factor * polynomial.at(*middle))
        return size * ComplexSurd(Surd.rational(turned[0]), Surd.rational(turned[1]))

    def __call__(self, alpha: object, beta: object, gamma: object) -> complex:
        """Return the value with both parts correctly rounded, at exact numbers alpha, beta, gamma.

        raises  LabelError: an angle is not a finite real number
        """
        angles = _exact_angles(alpha, beta, gamma)
        if self._flat(angles) and not self._turn(angles):
            return complex(self.factor * self.polynomial.at(1, 0))
        return complex(*(nearest_float(self._balls(part, angles)) for part in (0, 1)))

    def to_arb(self, alpha: object, beta: object, gamma: object, prec: int = 53) -> Any:
        """Return a python-flint ball `acb` that holds the value, from a working precision of `prec` bits."""
        import flint  # noqa: PLC0415  (an extension module: loaded when the first ball is needed)

        angles, bits = _exact_angles(alpha, beta, gamma), precision(prec)
        return flint.acb(*(self._ball(part, angles, bits) for part in (0, 1)))

    def to_mpmath(self, alpha: object, beta: object, gamma: object, dps: int = 50) -> Any:
        """Return an mpmath `mpc`, each part within one unit of its last of `dps` decimal digits."""
        import mpmath  # noqa: PLC0415

        from reptheory.exact import output  # noqa: PLC0415

        angles, places = _exact_angles(alpha, beta, gamma), output.digits(dps)
        parts = (output.ball_to_mpmath(self._balls(part, angles), places) for part in (0, 1))
        with mpmath.workdps(places):
            return mpmath.mpc(*parts)

    def to_sympy(self, alpha: Any = None, beta: Any = None, gamma: Any = None) -> Any:
        """Return the SymPy expression in three angles, by default the real symbols alpha, beta, gamma."""
        from reptheory.exact import output  # noqa: PLC0415  (SymPy loads only when asked for)

        return output.to_sympy(self.factor) * output.euler_to_sympy(self.polynomial, alpha, beta, gamma)

    def _flat(self, angles: Angles) -> bool:
        """Return whether d(beta) is algebraic, hence that of beta = 0."""
        return not angles[1] or not self.polynomial.j

    def _turn(self, angles: Angles) -> Fraction:
        """Return m1 alpha + m2 gamma."""
        return self.polynomial.m1 * angles[0] + self.polynomial.m2 * angles[2]

    def _balls(self, part: int, angles: Angles) -> Any:
        return lambda bits: self._ball(part, angles, bits)

    def _ball(self, part: int, angles: Angles, bits: int) -> Any:
        """Return a ball of the real (0) or imaginary (1) part, exactly 0 where that is: at sin 0 or beta = 0.

        f (cos - i sin) d has the parts f cos d, -f sin d for f real, and (f/i) sin d, (f/i) cos d otherwise.
        """
        by_sine = self.factor.i_power != part
        size = self.factor / _I if self.factor.i_power else self.factor
        with working_precision(bits):
            turn = fraction_ball(self._turn(angles))
            wave = turn.sin() if by_sine else turn.cos()
            ball = self.polynomial.to_arb(angles[1], bits) * wave * size.to_arb(bits)
            return -ball if part and by_sine else ball

    def __repr__(self) -> str:
        body = repr(self.polynomial)
        factors = [
            "" if self.factor == 1 else repr(self.factor),
            _exponential(self.polynomial.m1, "α"),
            f"({body})" if " " in body or body.startswith("-") else body,
            _exponential(self.polynomial.m2, "γ"),
        ]
        return "·".join(factor for factor in factors if factor)


@dataclass(frozen=True, slots=True)
class EulerMatrix:
    """The matrix D^j(alpha, beta, gamma) of functions: `matrix[m'+j, m+j]` is an `EulerElement`.

    j   the spin, a Fraction
    """

    j: Fraction

    @property
    def shape(self) -> tuple[int, int]:
        """(2j+1, 2j+1)."""
        size = int(2 * self.j) + 1
        return size, size

    def __getitem__(self, index: tuple[int, int]) -> EulerElement:
        row, column = _checked_index(index, self.shape[0])
        return EulerElement(wigner_d_polynomial(self.j, row - self.j, column - self.j))

    def at(self, alpha: object, beta: object, gamma: object) -> ComplexSurdArray:
        """Return the exact matrix at rational points of the circle, given as for `EulerElement.at`.

        >>> wigner_d_euler(1).at((1, 0), (Fraction(3, 5), Fraction(4, 5)), (1, 0))[1, 1]
        -7/25
        """
        points = zip((alpha, beta, gamma), _NAMES, strict=True)
        (ca, sa), (cb, sb), (cc, sc) = (_half_point(point, name) for point, name in points)
        # (ca + sa k)(cb + sb j)(cc + sc k)
        scalar, along = ca * cc - sa * sc, sa * cc + ca * sc
        cross, up = ca * sc - sa * cc, ca * cc + sa * sc
        return rotation_matrix(self.j, (cb * scalar, sb * cross, sb * up, cb * along))

    def __call__(self, alpha: object, beta: object, gamma: object) -> NDArray[np.complex128]:
        """Return the matrix with both parts of every entry correctly rounded.

        raises  LabelError: an angle is not a finite real number; TooLarge
        """
        size = self.shape[0]
        if size > _MOST_ROWS:
            raise TooLarge(
                f"wigner_d_euler: a matrix of {shown(size)} rows, each entry rounded by itself; the limit is "
                f"{_MOST_ROWS}, some minutes; choose single entries, or sum wigner_d_fourier in floats"
            )
        dense = np.empty(self.shape, dtype=np.complex128)
        for row in range(size):
            for column in range(size):
                dense[row, column] = self[row, column](alpha, beta, gamma)
        return dense

    def to_sympy(self, alpha: Any = None, beta: Any = None, gamma: Any = None) -> Any:
        """Return a SymPy `ImmutableDenseMatrix`, m' and m ascending; angles as for one element."""
        from reptheory.exact import output  # noqa: PLC0415

        require_room(self.shape[0] ** 3, 0, f"to_sympy: a matrix of {self.shape[0]} rows")
        return output.matrix_to_sympy(
            self.shape[0], lambda row, column: self[int(row), int(column)].to_sympy(alpha, beta, gamma)
        )


def wigner_d_euler(j: object) -> EulerMatrix:
    """Return D^j(alpha, beta, gamma) as a matrix of exact functions of the three Euler angles.

    j       spin, 0, 1/2, 1, ...
    raises  LabelError: j is impossible

    >>> matrix = wigner_d_euler(1)
    >>> matrix[2, 1], matrix[2, 1].to_sympy()
    (e^(-i·α)·(-√2·c·s), -sqrt(2)*exp(-I*alpha)*sin(beta/2)*cos(beta/2))
    >>> matrix[1, 1](0, 1.0, 0)  # cos(1)
    (0.5403023058681398+0j)
    """
    return EulerMatrix(Fraction(two_spin(j, "j"), 2))


def _checked_index(index: Any, size: int) -> tuple[int, int]:
    """Return two places in range; raise LabelError for another index."""
    if isinstance(index, tuple) and len(index) == 2 and all(hasattr(part, "__index__") for part in index):
        row, column = (part.__index__() for part in index)
        if -size <= row < size and -size <= column < size:
            return row % size, column % size
    raise LabelError(f"index: got {shown(index)}; give two ints, m' + j and m + j, each below {size}")


def _half_point(point: object, name: str) -> tuple[Fraction, Fraction]:
    """Return the checked (cosine, sine) of half an angle."""
    given = listed(point, name)
    if len(given) == 2:
        cosine, sine = rational(given[0], f"{name}[0]"), rational(given[1], f"{name}[1]")
        if cosine * cosine + sine * sine == 1:
            return cosine, sine
    raise LabelError(
        f"{name}: got {shown(point)}; give the cosine and the sine of half the angle, rational numbers whose "
        "squares add up to 1, such as (Fraction(3, 5), Fraction(4, 5))"
    )


def _wave(point: tuple[Fraction, Fraction], power: int) -> tuple[Fraction, Fraction]:
    """Return (cosine + i sine)^power as a pair."""
    cosine, sine = point
    base, result = (cosine, sine if power >= 0 else -sine), (Fraction(1), Fraction(0))
    for _ in range(abs(power)):
        result = _times(result, base)
    return result


def _times(left: tuple[Fraction, Fraction], right: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    return left[0] * right[0] - left[1] * right[1], left[0] * right[1] + left[1] * right[0]


def _exact_angles(alpha: object, beta: object, gamma: object) -> Angles:
    return real(alpha, "alpha"), real(beta, "beta"), real(gamma, "gamma")


def _exponential(order: Fraction, angle: str) -> str:
    """Write e^{-i order angle}."""
    if not order:
        return ""
    size = abs(order)
    number = "" if size.numerator == 1 else f"{size.numerator}"
    over = "" if size.denominator == 1 else f"/{size.denominator}"
    return f"e^({'-' if order > 0 else ''}i·{number}{angle}{over})"
