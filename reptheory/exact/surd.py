"""Surd: the one number type of the library, sign * i^a * sqrt(radicand * pi^k) with a rational radicand.

Every coupling coefficient, every d(pi/2) and both Fourier changes of basis are of this form, so products and
quotients stay exact in plain integers. A sum is a surd only if its terms are rational multiples of one
square root; any other sum raises `IncommensurableSurds`.

A Surd is canonical (lowest terms; one zero), so equal values have equal fields and equal hashes. A rational
Surd equals, and hashes as, the Fraction of its value. A coefficient keeps the integers that it was computed
from, and multiplies and reduces them when its radicand is first asked for: many are only rounded or tested
for zero, and a common divisor costs more than a short sum.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Self

from reptheory.errors import IncommensurableSurds, LabelError, NotRational, NotReal
from reptheory.exact.arb import log_of_root, order_with_pi, precision, sqrt_ball, working_precision
from reptheory.exact.rationals import exact_fraction, imaginary_hash, rational_root
from reptheory.exact.rounding import nearest_sqrt
from reptheory.exact.surd_text import surd_text

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ZERO", "Surd", "root_of"]

_State = tuple[int, int, int, Callable[..., tuple[int, int]] | None, Any]
"""sign, pi_power, i_power, and None, radicand; or function, ints with (top, bottom) = function(*ints)."""


class Surd:
    """The exact number sign * i^i_power * sqrt(radicand * pi^pi_power).

    sign       -1, 0 or 1
    radicand   Fraction >= 0; 0 only for the number 0, whose other fields are 0 too
    pi_power   int, the power of pi under the root
    i_power    0 (real) or 1 (imaginary)

    >>> Surd.sqrt(Fraction(2, 15)) * Surd.sqrt(30), Surd.sqrt(8) + Surd.sqrt(2)
    (2, √18)
    """

    __slots__ = ("_state",)
    __match_args__ = ("sign", "radicand", "pi_power", "i_power")
    _state: _State  # set by `_put` alone

    def __init__(self, sign: int, radicand: Fraction, pi_power: int = 0, i_power: int = 0) -> None:
        if radicand < 0 or sign not in (-1, 0, 1) or (sign == 0) != (radicand == 0):
            raise LabelError(
                f"Surd: got sign {sign!r} with radicand {radicand}; the radicand must be positive "
                "and the sign -1 or 1 (both 0 for zero); build it with Surd.scaled(coefficient, radicand)"
            )
        if i_power not in (0, 1) or (sign == 0 and (pi_power or i_power)):
            raise LabelError(
                f"Surd: got i_power {i_power!r} and pi_power {pi_power!r}; i_power must be 0 or 1, "
                "and zero has none; build it with Surd.scaled, which reduces powers of i"
            )
        _put(self, (sign, pi_power, i_power, None, exact_fraction(radicand)))

    @property
    def sign(self) -> int:
        """The sign: -1, 0 or 1."""
        return self._state[0]

    @property
    def radicand(self) -> Fraction:
        """What is under the root besides pi, in lowest terms."""
        sign, pi_power, i_power, square, held = self._state
        radicand: Fraction
        if square is None:
            radicand = held
            return radicand
        radicand = Fraction(*square(*held))
        _put(self, (sign, pi_power, i_power, None, radicand))
        return radicand

    @property
    def pi_power(self) -> int:
        """The power of pi under the root."""
        return self._state[1]

    @property
    def i_power(self) -> int:
        """The power of i: 0 for a real value, 1 for an imaginary one."""
        return self._state[2]

    def __setattr__(self, name: str, value: object) -> None:
        from dataclasses import FrozenInstanceError  # noqa: PLC0415  (its import is slow, and rarely needed)

        raise FrozenInstanceError(f"Surd: {name} cannot be set; a Surd never changes, build another one")

    __delattr__ = __setattr__  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[Surd], tuple[int, Fraction, int, int]]:
        return type(self), _fields(self)

    @classmethod
    def rational(cls, value: Any) -> Self:
        """Return an int, Fraction or other exact rational as a Surd."""
        return cls.scaled(value, 1)

    @classmethod
    def sqrt(cls, radicand: Any, sign: int = 1, pi_power: int = 0, i_power: int = 0) -> Self:
        """Return sign * i^i_power * sqrt(radicand * pi^pi_power); a negative radicand gives one more i."""
        return cls.scaled(sign, radicand, pi_power, i_power)

    @classmethod
    def scaled(cls, coefficient: Any, radicand: Any, pi_power: int = 0, i_power: int = 0) -> Self:
        """Return coefficient * sqrt(radicand * pi^pi_power) * i^i_power, for rationals and any int powers.

        >>> Surd.scaled(Fraction(1, 2), 5, pi_power=-1, i_power=1)
        i·√(5/(4π))
        """
        factor, square = exact_fraction(coefficient), exact_fraction(radicand)
        if square < 0:
            square, i_power = -square, i_power + 1
        if not factor or not square:
            return cls(0, Fraction(0))
        sign = (1 if factor > 0 else -1) * (-1 if i_power & 2 else 1)
        return cls(sign, square if abs(factor) == 1 else square * factor * factor, pi_power, i_power & 1)

    @property
    def is_real(self) -> bool:
        """Whether the value has no factor i (zero is real)."""
        return self.i_power == 0

    @property
    def is_rational(self) -> bool:
        """Whether the value is a rational number."""
        return self.i_power == 0 and self.pi_power == 0 and rational_root(self.radicand) is not None

    @property
    def square(self) -> Fraction:
        """The square, negative for an imaginary value; raise NotRational if it holds pi."""
        if self.pi_power:
            raise NotRational(
                f"square: the square of {self!r} is {self.radicand} * pi^{self.pi_power}, which is no "
                "fraction; read .radicand and .pi_power"
            )
        return -self.radicand if self.i_power else self.radicand

    def as_fraction(self) -> Fraction:
        """Return the value as a Fraction; raise NotRational if it is not one."""
        root = rational_root(self.radicand) if self.i_power == 0 and self.pi_power == 0 else None
        if root is None:
            raise NotRational(f"as_fraction: {self!r} is not rational; use .square, float() or to_sympy()")
        return self.sign * root

    def conjugate(self) -> Surd:
        """Return the complex conjugate."""
        return -self if self.i_power else self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Surd):
            return self._state[:3] == other._state[:3] and self.radicand == other.radicand
        if isinstance(other, numbers.Rational | float):
            return self.is_rational and self.as_fraction() == other
        if isinstance(other, complex):
            part, rest = (other.imag, other.real) if self.i_power else (other.real, other.imag)
            return rest == 0 and abs(self) * self.sign == part
        right = _operand_with_floats(other)
        return NotImplemented if right is None else self == right

    def __hash__(self) -> int:
        root = rational_root(self.radicand) if self.pi_power == 0 else None
        if root is None:
            return hash(_fields(self))
        return imaginary_hash(self.sign * root) if self.i_power else hash(self.sign * root)

    def __bool__(self) -> bool:
        return self.sign != 0

    def __neg__(self) -> Surd:
        sign, *rest = self._state
        return _built((-sign, *rest))

    def __pos__(self) -> Surd:
        return self

    def __abs__(self) -> Surd:
        sign, pi_power, _, square, held = self._state
        return _built((abs(sign), pi_power, 0, square, held))

    def __mul__(self, other: object) -> Surd:
        right = _operand(other)
        if right is None:
            return NotImplemented
        powers = self.pi_power + right.pi_power, self.i_power + right.i_power
        return Surd.scaled(self.sign * right.sign, self.radicand * right.radicand, *powers)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Surd:
        right = _operand(other)
        if right is None:
            return NotImplemented
        if right.sign == 0:
            raise ZeroDivisionError(f"{self!r} / 0")
        powers = self.pi_power - right.pi_power, self.i_power - right.i_power
        return Surd.scaled(self.sign * right.sign, self.radicand / right.radicand, *powers)

    def __rtruediv__(self, other: object) -> Surd:
        left = _operand(other)
        return NotImplemented if left is None else left / self

    def __pow__(self, exponent: int) -> Surd:
        if not isinstance(exponent, int):
            return NotImplemented
        if exponent < 0 and self.sign == 0:
            raise ZeroDivisionError(f"0 ** {exponent}")
        if exponent == 0:
            return Surd(1, Fraction(1))
        sign = self.sign if exponent & 1 else abs(self.sign)
        return Surd.scaled(sign, self.radicand**exponent, self.pi_power * exponent, self.i_power * exponent)

    def __add__(self, other: object) -> Surd:
        right = _operand(other)
        if right is None:
            return NotImplemented
        if right.sign == 0 or self.sign == 0:
            return right if self.sign == 0 else self
        ratio = None
        if (self.pi_power, self.i_power) == (right.pi_power, right.i_power):
            ratio = rational_root(self.radicand / right.radicand)
        if ratio is None:
            raise IncommensurableSurds(
                f"+: {self!r} and {right!r} have an irrational ratio, so their sum is not one surd; "
                "add them as SurdSum, to_sympy() or float()"
            )
        return Surd.scaled(self.sign * ratio + right.sign, right.radicand, right.pi_power, right.i_power)

    __radd__ = __add__

    def __sub__(self, other: object) -> Surd:
        right = _operand(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: object) -> Surd:
        left = _operand(other)
        return NotImplemented if left is None else left + -self

    def __lt__(self, other: object) -> bool:
        order = _order(self, other)
        return NotImplemented if order is None else order < 0

    def __le__(self, other: object) -> bool:
        order = _order(self, other)
        return NotImplemented if order is None else order <= 0

    def __gt__(self, other: object) -> bool:
        order = _order(self, other)
        return NotImplemented if order is None else order > 0

    def __ge__(self, other: object) -> bool:
        order = _order(self, other)
        return NotImplemented if order is None else order >= 0

    def __float__(self) -> float:
        return self._rounded("float64")

    def __complex__(self) -> complex:
        magnitude = abs(self)._rounded("float64") * self.sign
        return complex(0.0, magnitude) if self.i_power else complex(magnitude, 0.0)

    def to_float32(self) -> np.float32:
        """Return the nearest float32, rounded once from the exact value."""
        import numpy as np  # noqa: PLC0415  (Surd arithmetic needs no arrays)

        return np.float32(self._rounded("float32"))

    def to_sympy(self) -> Any:
        """Return the exact value as a SymPy expression."""
        from reptheory.exact import output  # noqa: PLC0415  (SymPy loads only when asked for)

        return output.to_sympy(self)

    _sympy_ = to_sympy

    def to_mpmath(self, dps: int = 50) -> Any:
        """Return an mpmath `mpf` (`mpc` if imaginary), correctly rounded to about `dps` decimal digits."""
        from reptheory.exact import output  # noqa: PLC0415

        return output.to_mpmath(self, dps)

    def to_arb(self, prec: int = 53) -> Any:
        """Return a python-flint ball that holds the value: `arb`, or `acb` if imaginary.

        prec    working precision in bits, up to 10^7; the radius is a few units of 2^-prec relative
        raises  LabelError: prec is not such an int
        """
        import flint  # noqa: PLC0415

        precision(prec)
        with working_precision(prec):  # flint rounds a product, even with 1, to the precision of the moment
            ball = self.sign * sqrt_ball(*_ratio(self), self.pi_power, prec)
            return flint.acb(0, ball) if self.i_power else ball

    def log_abs(self) -> float:
        """Return the natural logarithm of the absolute value, correctly rounded; -inf for zero.

        It neither underflows nor overflows: it serves coefficients beyond the range of floats.

        >>> (Surd.sqrt(Fraction(1, 2)) ** 10000).log_abs()
        -3465.735902799727
        """
        if self.sign == 0:
            return -math.inf
        return log_of_root(*_ratio(self), self.pi_power)

    def _rounded(self, form: Any) -> float:
        sign, pi_power, i_power, square, held = self._state
        if i_power:
            raise NotReal(f"float: {self!r} is imaginary; use complex(), or divide by i first")
        if form == "float64" and (nearest := getattr(square, "nearest", None)) is not None:
            magnitude: float | None = nearest(pi_power, *held)
            if magnitude is not None:
                return sign * magnitude
        return sign * nearest_sqrt(*_ratio(self), form, pi_power)

    def __repr__(self) -> str:
        return surd_text(*_fields(self))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else repr(self)

    def _repr_latex_(self) -> str:
        from reptheory.exact import output  # noqa: PLC0415

        text: str = output.latex(self)
        return text


_put: Final[Callable[[Surd, _State], None]] = Surd.__dict__["_state"].__set__
_new: Final = object.__new__


def root_of(
    sign: int, square: Callable[..., tuple[int, int]], held: tuple[Any, ...], pi_power: int = 0
) -> Surd:
    """Return sign * sqrt(top / bottom * pi^pi_power), with top, bottom = square(*held) when they are needed.

    square  may have a method `nearest(pi_power, *held)`: the float of the root, or None if it cannot tell
    Nothing is checked: sign is 1 or -1, top and bottom are positive ints.
    """
    surd: Surd = _new(Surd)
    _put(surd, (sign, pi_power, 0, square, held))
    return surd


def _built(state: _State) -> Surd:
    surd: Surd = _new(Surd)
    _put(surd, state)
    return surd


def _ratio(surd: Surd) -> tuple[int, int]:
    """Return (numerator, denominator) of the radicand, not always in lowest terms."""
    _, _, _, square, held = surd._state
    return held.as_integer_ratio() if square is None else square(*held)


def _fields(surd: Surd) -> tuple[int, Fraction, int, int]:
    return surd.sign, surd.radicand, surd.pi_power, surd.i_power


def _operand(value: object) -> Surd | None:
    """Return a Surd or exact rational as a Surd; None for a type that Surd does not know."""
    if isinstance(value, Surd):
        return value
    if isinstance(value, numbers.Rational):
        return Surd.rational(+value)  # in arithmetic True is 1, as for Python's numbers
    return None


def _operand_with_floats(value: object) -> Surd | None:
    """Return a Surd, or a finite number of any real type as the Surd of its exact value; None for others."""
    if isinstance(value, numbers.Real) and hasattr(value, "as_integer_ratio") and math.isfinite(value):
        return Surd.rational(Fraction(*map(int, value.as_integer_ratio())))
    return _operand(value)


def _order(left: Surd, other: object) -> float | None:
    """Return a number with the sign of left - other, NaN for a NaN; None for a type without order here."""
    right = _operand_with_floats(other)
    if right is None:
        if not isinstance(other, float) or left.i_power:
            return None
        return -other
    if left.i_power or right.i_power:
        raise NotReal(f"<: {left!r} and {right!r} are not both real and have no order; compare abs() of them")
    if left.sign != right.sign or left.sign == 0:
        return left.sign - right.sign
    ratio = left.radicand / right.radicand
    return left.sign * order_with_pi(*ratio.as_integer_ratio(), left.pi_power - right.pi_power)


ZERO: Final = Surd(0, Fraction(0))
