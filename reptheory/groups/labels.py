"""Labels: whatever a caller writes for j, l or m becomes a plain Python int, exactly, or a LabelError.

Spins and projections travel doubled inside the library (`two_j = 2j`), so that half-integers are ints and
nothing overflows. Exact halves are taken from every number type that states its value exactly: int, float,
Decimal, `numbers.Rational` (Fraction, SymPy's Rational), numpy scalars and zero-dimensional arrays; and a
`Spin` counts as the number j.
Refused: bool, text (it is never evaluated), None, complex, NaN, infinities, masked values, and floats of 2^53
or more, where neighbouring labels have become one float.

Labels have no upper bound here; a layer whose cost grows with the label states its own limit by `degree`.
"""

from __future__ import annotations

import math
import numbers
import operator
import re
from collections.abc import Iterable, Mapping, Set
from fractions import Fraction
from typing import Any, Final

from reptheory.errors import LabelError, shown

__all__ = [
    "count",
    "degree",
    "doubled",
    "feature_degree",
    "listed",
    "projection",
    "rational",
    "read_half",
    "real",
    "shown",
    "spelled",
    "two_label",
    "two_spin",
    "whole",
]

_LARGEST_FLOAT: Final = 2**53
_MOST_DEGREE: Final = 10**5
_HALVES: Final = "it must be an exact multiple of 1/2; pass an int, Fraction(n, 2), or a float such as 0.5"
_WHOLE: Final = "it must be a whole number; pass an int (half-integers label SU(2) only)"
_COUNT: Final = "it must be 0, 1, 2, ...; pass a non-negative int"
_DOUBLED: Final = "it must be the whole number 2j; pass 1 for the spin j = 1/2"
_RATIONAL: Final = "it must be an exact rational; pass an int or a Fraction (floats are seldom what is meant)"
_REAL: Final = "it must be a finite real number; pass a float, an int or a Fraction"
_HALF_TEXT: Final = re.compile(r"[+-]?[0-9]+(?:/[12]|\.[05]0*)?")


def two_label(value: object, name: str) -> int:
    """Return 2 * value as an int, for a j or m of either sign.

    value   an exact multiple of 1/2, as any type the module docstring lists
    name    the argument's name, for the message
    raises  LabelError: not a number, not finite, or not an exact multiple of 1/2

    >>> two_label(1.5, "m"), two_label(-2, "m")
    (3, -4)
    """
    if type(value) is int:
        return 2 * value
    numerator, denominator = _ratio(value, name, _HALVES)
    twice, rest = divmod(2 * numerator, denominator)
    if rest:
        raise LabelError(f"{name}: got {shown(value)}; {_HALVES}")
    return twice


def two_spin(value: object, name: str) -> int:
    """Return 2j >= 0 for a spin j = 0, 1/2, 1, ...; raise LabelError for anything else."""
    two_j = two_label(value, name)
    if two_j < 0:
        raise LabelError(
            f"{name}: got {shown(value)}; a spin is 0, 1/2, 1, ...; "
            "pass a non-negative value (only projections m may be negative)"
        )
    return two_j


def whole(value: object, name: str, *, signed: bool = False) -> int:
    """Return an integer label as an int: a degree l >= 0, or with `signed` an order m of either sign.

    raises  LabelError: not a number, not whole, or negative without `signed`

    >>> whole(2.0, "l"), whole(-1, "m", signed=True)
    (2, -1)
    """
    label = _integer(value, name, _WHOLE)
    if label < 0 and not signed:
        raise LabelError(f"{name}: got {shown(value)}; it must be 0, 1, 2, ...; pass a non-negative int")
    return label


def count(value: object, name: str) -> int:
    """Return a number of times, for example the order of a derivative, as an int, or raise LabelError."""
    number = _integer(value, name, _COUNT)
    if number < 0:
        raise LabelError(f"{name}: got {shown(value)}; {_COUNT}")
    return number


def degree(value: object, name: str, most: int | None = None, remedy: str = "choose a smaller value") -> int:
    """Return a degree 0 <= l <= most as an int.

    most    largest degree that the caller can serve; None for no limit
    remedy  the way on, for the message when l > most
    raises  LabelError: not a degree, or beyond `most`
    """
    label = whole(value, name)
    if most is not None and label > most:
        raise LabelError(f"{name}: got {shown(value)}; it must be at most {shown(most)} here; {remedy}")
    return label


def feature_degree(value: object, name: str) -> int:
    """Return the highest degree of a feature of all degrees, an int up to 10^5, or raise LabelError."""
    return degree(value, name, _MOST_DEGREE, "a feature of all degrees to it has more than 10^10 numbers")


def doubled(value: object, name: str) -> int:
    """Return a label that is doubled already, two_j = 0, 1, 2, ..., as an int; else raise LabelError."""
    two_j = _integer(value, name, _DOUBLED)
    if two_j < 0:
        raise LabelError(f"{name}: got {shown(value)}; it must be 2j = 0, 1, 2, ...; pass a non-negative int")
    return two_j


def projection(two_j: int, two_m: int, name_j: str, name_m: str) -> None:
    """Raise LabelError unless m is one of -j, -j+1, ..., j. Both labels come doubled and checked."""
    if abs(two_m) > two_j:
        raise LabelError(
            f"{name_m}: got {spelled(two_m)} with {name_j} = {spelled(two_j)}; |{name_m}| must not exceed "
            f"{name_j}; choose {name_m} from -{name_j}..{name_j} (projections come after all spins)"
        )
    if (two_j - two_m) % 2:
        raise LabelError(
            f"{name_m}: got {spelled(two_m)} with {name_j} = {spelled(two_j)}; {name_j} - {name_m} must be "
            f"whole; make both whole or both half-integer"
        )


def rational(value: object, name: str) -> Fraction:
    """Return a rational number, for example a coordinate or a part of a quaternion, as a Fraction.

    value   an int, Fraction or other exact rational of any library; a float is refused, even a whole one
    name    the argument's name, for the message
    raises  LabelError: anything else, truth values and text included

    >>> rational(Fraction(3, 5), "x")
    Fraction(3, 5)
    """
    if type(value) is int or type(value) is Fraction:
        return Fraction(value)
    plain = _unboxed(value, name, _RATIONAL)
    if not (isinstance(plain, numbers.Rational) or hasattr(plain, "__index__")):
        raise LabelError(f"{name}: got {shown(value)} of type {type(value).__name__}; {_RATIONAL}")
    return Fraction(*_ratio(plain, name, _RATIONAL))


def real(value: object, name: str) -> Fraction:
    """Return a finite real number, for example an angle, as the exact Fraction of its value.

    value   an int, float, Fraction, Decimal or another number that states its value exactly
    name    the argument's name, for the message
    raises  LabelError: not a real number, or not finite

    >>> real(0.75, "beta")
    Fraction(3, 4)
    """
    if type(value) is int or type(value) is Fraction or (type(value) is float and math.isfinite(value)):
        return Fraction(value)
    plain: Any = _unboxed(value, name, _REAL)
    if isinstance(plain, numbers.Rational) or hasattr(plain, "__index__"):
        return Fraction(*_ratio(plain, name, _REAL))
    try:
        if not isinstance(plain, type) and abs(plain) < math.inf:
            return Fraction(*map(int, plain.as_integer_ratio()))
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        pass
    raise LabelError(f"{name}: got {shown(value)} of type {type(value).__name__}; {_REAL}")


def listed(values: object, name: str) -> list[object]:
    """Return the elements of a list, tuple, array or other ordered collection of labels or numbers.

    raises  LabelError: a single value, text, or a collection without order (a set, a dict)

    >>> listed((1, 2), "ls")
    [1, 2]
    """
    try:
        if not isinstance(values, str | bytes | Set | Mapping) and isinstance(values, Iterable):
            return list(values)
    except TypeError:  # a zero-dimensional array calls itself iterable
        pass
    raise LabelError(f"{name}: got {shown(values)}; pass a list or tuple, its elements in order")


def read_half(text: str, name: str) -> int:
    """Return the doubled label that a person typed: "2", "-1/2", "1.5"; the inverse of `spelled`.

    raises  LabelError: other text, or more digits than Python converts (4,300)

    >>> read_half("3/2", "j1"), read_half("-0.5", "m1")
    (3, -1)
    """
    if isinstance(text, str) and _HALF_TEXT.fullmatch(text.strip()):
        try:
            return int(2 * Fraction(text))
        except ValueError as error:
            raise LabelError(f"{name}: got {shown(text)}; it has too many digits; write fewer") from error
    raise LabelError(f'{name}: got {shown(text)}; it must be a multiple of 1/2; write "2", "3/2" or "1.5"')


def spelled(two_label: int) -> str:
    """Write a doubled label as people do.

    >>> spelled(3), spelled(-1), spelled(4)
    ('3/2', '-1/2', '2')
    """
    return f"{shown(two_label)}/2" if two_label % 2 else shown(two_label // 2)


def _integer(value: object, name: str, rule: str) -> int:
    """Return a whole number as an int, or raise LabelError naming the argument and the rule."""
    if type(value) is int:
        return value
    numerator, denominator = _ratio(value, name, rule)
    label, rest = divmod(numerator, denominator)
    if rest:
        raise LabelError(f"{name}: got {shown(value)}; {rule}")
    return label


def _ratio(value: object, name: str, rule: str) -> tuple[int, int]:
    """Return the exact value as (numerator, denominator > 0), or raise LabelError naming the argument."""
    plain = _unboxed(value, name, rule)
    if isinstance(plain, bool) or str(getattr(plain, "dtype", "")) == "bool":
        raise LabelError(f"{name}: got {shown(value)}; a truth value is no number; {rule}")
    if isinstance(plain, str | bytes):
        raise LabelError(f"{name}: got the text {shown(value)}, which is never evaluated; {rule}")
    try:
        if isinstance(plain, numbers.Integral) or hasattr(plain, "__index__"):
            return operator.index(plain), 1
        if isinstance(plain, numbers.Rational):
            return int(plain.numerator), int(plain.denominator)
        if isinstance(plain, numbers.Real) or hasattr(plain, "as_integer_ratio"):
            return _ratio_of_real(plain, name, rule)
        if type(two_j := getattr(plain, "two_j", None)) is int:  # a `Spin`
            return two_j, 2
    except LabelError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise LabelError(f"{name}: got {shown(value)}; {rule}") from error
    raise LabelError(f"{name}: got {shown(value)} of type {type(value).__name__}; {rule}")


def _ratio_of_real(value: Any, name: str, rule: str) -> tuple[int, int]:
    """Return the exact ratio of a float-like value, once it is finite and small enough to be exact."""
    if not abs(value) < math.inf:  # NaN too; math.isfinite would round a huge Decimal to infinity
        raise LabelError(f"{name}: got {shown(value)}, which is not finite; {rule}")
    if abs(value) >= _LARGEST_FLOAT:
        raise LabelError(
            f"{name}: got {shown(value)}; from 2^53 on a float no longer tells labels apart; pass an int"
        )
    if not hasattr(value, "as_integer_ratio"):
        near = float(value)
        if near != value:
            raise LabelError(f"{name}: got {shown(value)}; {rule}")
        value = near
    numerator, denominator = value.as_integer_ratio()
    return int(numerator), int(denominator)


def _unboxed(value: Any, name: str, rule: str) -> object:
    """Return what a numpy-like scalar or zero-dimensional array holds; other values pass unchanged."""
    dtype = None if isinstance(value, type) else getattr(value, "dtype", None)
    if dtype is None:
        return value
    if getattr(value, "shape", ()) != ():
        raise LabelError(
            f"{name}: got an array of shape {tuple(value.shape)}; it must be one number; "
            "pass one element (loop over arrays)"
        )
    if getattr(value, "mask", False):
        raise LabelError(f"{name}: got {shown(value)}; a masked value is no number; fill or drop it first")
    if getattr(dtype, "kind", "i") not in "biufO":  # dates and durations would otherwise pass as ints
        raise LabelError(f"{name}: got {shown(value)} of dtype {dtype}; {rule}")
    held: object = value.item()
    return held
