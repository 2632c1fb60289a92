"""Correct rounding of sqrt(n / d * pi^k) to binary floats, and an independent integer proof of it.

Rounding takes an integer square root with guard bits and a sticky bit. The proof never takes a root: x is the
nearest float of s if and only if s lies between the midpoints to the neighbours of x, and
sqrt(n/d) < k 2^t if and only if n < k^2 d 4^t. At a power of two the lower neighbour is half as far, and a
midpoint itself belongs to the even significand; both are part of the test.

With pi no value is a midpoint (pi is transcendental), so the enclosure of pi (from Arb) is narrowed until
both of its ends agree. Everything is IEEE 754 round-to-nearest, ties-to-even, subnormals included; float32 is
rounded from the exact value, never through float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from reptheory.errors import OperandError
from reptheory.exact.arb import pi_power_bounds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reptheory.exact.surd import Surd

__all__ = [
    "FORMATS",
    "BinaryFormat",
    "FloatName",
    "all_nearest",
    "float_format",
    "is_nearest",
    "narrowed",
    "nearest_pair",
    "nearest_sqrt",
    "round_all",
    "round_dyadic",
]

FloatName = Literal["float64", "float32"]
_GUARD_BITS: Final = 3
_SMALL: Final = 2.0**-53
_TWO_106: Final = 2.0**106
_LESS: Final = (1 - 2.0**-40) * 2.0**-107
_MORE: Final = (1 + 2.0**-40) * 2.0**-107
_FIRST_PI_BITS: Final = 128


class BinaryFormat(NamedTuple):
    """An IEEE 754 binary format: finite values m 2^e with m < 2^precision, e >= smallest, value < 2^top."""

    name: FloatName
    precision: int
    smallest: int
    top: int


FORMATS: Final = {
    "float64": BinaryFormat("float64", 53, -1074, 1024),
    "float32": BinaryFormat("float32", 24, -149, 128),
}


def float_format(name: object) -> BinaryFormat:
    """Return the format called `name` ("float64", "float32", or a NumPy dtype of these)."""
    import numpy as np  # noqa: PLC0415  (a single value is rounded without arrays)

    try:
        return FORMATS[np.dtype(name).name]  # type: ignore[call-overload]
    except (KeyError, TypeError) as error:
        raise OperandError(
            f'dtype: got {name!r}; exact values are rounded to "float64" or "float32"; pass one of these'
        ) from error


def nearest_sqrt(numerator: int, denominator: int, form: FloatName = "float64", pi_power: int = 0) -> float:
    """Return the float nearest to sqrt(numerator / denominator * pi^pi_power), ties to even.

    numerator, denominator   ints, >= 0 and > 0; lowest terms are not needed
    form                     "float64", or "float32" (whose values are returned as Python floats)
    raises                   OverflowError: the result exceeds the largest finite float

    >>> nearest_sqrt(2, 1), nearest_sqrt(1, 4, pi_power=-1)
    (1.4142135623730951, 0.28209479177387814)
    """
    if pi_power == 0 and form == "float64":
        return _nearest_double(numerator, denominator)
    target = FORMATS[form]
    if pi_power == 0 or numerator == 0:
        return _nearest(numerator, denominator, target)
    bits = _FIRST_PI_BITS
    while True:
        (low, low_scale), (high, high_scale) = pi_power_bounds(pi_power, bits)
        below = _nearest(numerator * low, denominator * low_scale, target)
        if below == _nearest(numerator * high, denominator * high_scale, target):
            return below
        bits *= 2


def _nearest_double(numerator: int, denominator: int) -> float:
    """Round sqrt(numerator / denominator) once.

    Python rounds the ratio to nearest, so its root r is right to an ulp, and integers give the exact rest in
    root = r + rest / (2 r denominator) up to 2^-52 of that step. Where a little less and a little more than
    the step round to one double, it is the nearest. Ties and roots at the ends of the range: `_nearest`.
    """
    try:
        root = math.sqrt(numerator / denominator)
    except OverflowError:
        root = 0.0
    if root > _SMALL:  # so that root * 2^106 is whole
        scaled = int(root * _TWO_106)
        product = scaled * denominator
        step = ((numerator << 212) - scaled * product) / product
        nearest = root + step * _LESS
        if nearest == root + step * _MORE:
            return nearest
    return _nearest(numerator, denominator, FORMATS["float64"])


def _nearest(numerator: int, denominator: int, target: BinaryFormat) -> float:
    """Round sqrt(numerator / denominator) once."""
    half_length = (numerator.bit_length() - denominator.bit_length()) >> 1
    mantissa, exponent = _sticky_root(numerator, denominator, target.precision + _GUARD_BITS - half_length)
    return round_dyadic(mantissa, exponent, target)


def _sticky_root(numerator: int, denominator: int, shift: int) -> tuple[int, int]:
    """Return (m, e) with m 2^e = sqrt(numerator / denominator) if m is even, and m-1 < ... < m+1 if odd.

    shift   the root is kept to 2^-shift, below which the last bit of m records "there is more"
    """
    if shift >= 0:
        quotient, rest = divmod(numerator << 2 * shift, denominator)
    else:
        quotient, rest = divmod(numerator, denominator << -2 * shift)
    root = math.isqrt(quotient)
    more = rest != 0 or root * root != quotient
    return root << 1 | more, -shift - 1


def round_dyadic(mantissa: int, exponent: int, target: BinaryFormat) -> float:
    """Round mantissa 2^exponent, mantissa >= 0, to nearest, ties to even.

    raises  OverflowError: beyond the largest finite float
    Where the mantissa's last bit only says "there is more", at least two bits must be surplus.
    """
    length = mantissa.bit_length()
    drop = max(length - target.precision, target.smallest - exponent)
    kept = mantissa
    if drop > 0:
        kept = mantissa >> drop
        rest, half = mantissa - (kept << drop), 1 << (drop - 1)
        if rest > half or (rest == half and kept & 1):
            kept += 1
        exponent += drop
    if kept.bit_length() + exponent > target.top:
        raise OverflowError(f"the value is too large for {target.name}; take its square, or to_mpmath")
    return math.ldexp(kept, exponent)


def nearest_pair(surd: Surd) -> tuple[float, float]:
    """Return (high, low) of a real surd: the nearest double, and the nearest double to what it leaves.

    |surd - high - low| is at most 2^-106 |surd| (half an ulp of low).

    raises  NotReal: the surd is imaginary; OverflowError

    >>> from reptheory.exact.surd import Surd
    >>> nearest_pair(Surd.sqrt(2))
    (1.4142135623730951, -9.667293313452913e-17)
    """
    high = float(surd)
    magnitude, sign = abs(high), surd.sign
    if sign == 0:
        return 0.0, 0.0
    numerator, denominator = surd.radicand.numerator, surd.radicand.denominator
    if surd.pi_power == 0:
        low = _remainder(numerator, denominator, magnitude)
        return high, sign * low
    bits = 2 * _FIRST_PI_BITS
    while True:
        (below, below_scale), (above, above_scale) = pi_power_bounds(surd.pi_power, bits)
        low = _remainder(numerator * below, denominator * below_scale, magnitude)
        if low == _remainder(numerator * above, denominator * above_scale, magnitude):
            return high, sign * low
        bits *= 2


def _remainder(numerator: int, denominator: int, high: float) -> float:
    """Round sqrt(numerator / denominator) - high once to float64."""
    target = FORMATS["float64"]
    ratio, scale = high.as_integer_ratio()
    half_length = (numerator.bit_length() - denominator.bit_length()) >> 1
    shift = 2 * target.precision + 16 - half_length
    while True:
        depth = max(shift, scale.bit_length() - 1)
        mantissa, exponent = _sticky_root(numerator, denominator, depth)
        # `mantissa` is odd when bits are missing, also after an even number is taken away.
        difference = mantissa - ((ratio << depth + 1) // scale)
        if difference % 2 == 0 or abs(difference).bit_length() > target.precision + 2:
            magnitude = round_dyadic(abs(difference), exponent, target)
            return magnitude if difference >= 0 else -magnitude
        shift *= 2


def is_nearest(value: float, surd: Surd, form: FloatName = "float64") -> bool:
    """Tell whether `value` is the correctly rounded float of a real surd, by integers alone.

    For an imaginary surd the test is of its imaginary part. With pi the integers come from an enclosure
    of pi that Arb proved. Nothing here calls the rounding functions of this module.

    >>> import math; from reptheory.exact.surd import Surd
    >>> third = Surd.sqrt(3)
    >>> is_nearest(math.sqrt(3), third), is_nearest(math.nextafter(math.sqrt(3), 2), third)
    (True, False)
    """
    radicand = surd.radicand
    signed = surd.sign * radicand.numerator
    return _is_nearest(float(value), signed, radicand.denominator, surd.pi_power, FORMATS[form])


def _is_nearest(value: float, signed: int, denominator: int, pi_power: int, target: BinaryFormat) -> bool:
    """Test one float against sign(signed) sqrt(|signed| / denominator * pi^pi_power)."""
    if not math.isfinite(value) or (value < 0 < signed) or (value > 0 > signed):
        return False
    parts = _significand(abs(value), target)
    if parts is None:
        return False
    m, e = parts
    numerator = abs(signed)
    odd = m & 1
    upper = _compare(numerator, denominator, pi_power, 2 * m + 1, e - 1)
    if upper > 0 or (upper == 0 and odd):
        return False
    if m == 0:
        return True
    if m == 1 << (target.precision - 1) and e > target.smallest:
        return _compare(numerator, denominator, pi_power, 4 * m - 1, e - 2) >= 0
    lower = _compare(numerator, denominator, pi_power, 2 * m - 1, e - 1)
    return lower > 0 or (lower == 0 and not odd)


def _significand(magnitude: float, target: BinaryFormat) -> tuple[int, int] | None:
    """Write a float as m 2^e, m as long as the format allows; None if it is not a value of the format."""
    fraction, exponent = math.frexp(magnitude)
    e = max(exponent - target.precision, target.smallest) if magnitude else target.smallest
    scaled = math.ldexp(fraction, exponent - e)
    return (int(scaled), e) if scaled.is_integer() and exponent <= target.top else None


def _compare(numerator: int, denominator: int, pi_power: int, k: int, t: int) -> int:
    """Return the sign of sqrt(numerator / denominator * pi^pi_power) - k 2^t, for k > 0."""
    left, right = numerator, k * k * denominator
    if t >= 0:
        right <<= 2 * t
    else:
        left <<= -2 * t
    if pi_power == 0 or left == 0:
        return (left > right) - (left < right)
    bits = _FIRST_PI_BITS
    while True:
        (low, low_scale), (high, high_scale) = pi_power_bounds(pi_power, bits)
        if left * low > right * low_scale:
            return 1
        if left * high < right * high_scale:
            return -1
        bits *= 2


def round_all(
    numerators: Sequence[int], denominators: Sequence[int], form: FloatName = "float64", pi_power: int = 0
) -> NDArray[np.floating[Any]]:
    """Round sign(n) sqrt(|n| / d * pi^pi_power) for whole sequences; equal entries are rounded once.

    numerators, denominators   (nnz,) ints; the sign of a numerator is the sign of its value
    returns                    (nnz,) of the dtype `form`, correctly rounded
    """
    import numpy as np  # noqa: PLC0415

    known: dict[tuple[int, int], float] = {}
    rounded: list[float] = []
    for numerator, denominator in zip(numerators, denominators, strict=True):
        key = (abs(numerator), denominator)
        magnitude = known.get(key)
        if magnitude is None:
            magnitude = known[key] = nearest_sqrt(key[0], denominator, form, pi_power)
        rounded.append(magnitude if numerator >= 0 else -magnitude)
    return np.array(rounded, dtype=form)


def narrowed(values: NDArray[np.float64], nearest: Callable[[int], float]) -> NDArray[np.float32]:
    """Return correctly rounded float32 of exact values whose correctly rounded float64 are given.

    values    (n,) float64, each the nearest to its exact value, none beyond the largest float32
    nearest   called with a place where that is not enough; returns the float32 rounded from the exact value
    A second rounding errs only where the first one ended in the middle between two float32: the middle is a
    float64 itself, so that any other float64 lies on the side of it on which the exact value lies.

    >>> import numpy as np
    >>> narrowed(np.array([1.0, 1 + 2.0**-24]), lambda place: 7.0).tolist()
    [1.0, 7.0]
    """
    import numpy as np  # noqa: PLC0415

    rounded = values.astype(np.float32)
    near = rounded.astype(np.float64)
    beyond = near + 2 * (values - near)
    with np.errstate(over="ignore"):  # next to the largest float32
        middle = (near != values) & (beyond.astype(np.float32) == beyond)
    for place in np.flatnonzero(middle).tolist():
        rounded[place] = nearest(place)
    return rounded


def all_nearest(
    values: NDArray[np.floating[Any]],
    numerators: Sequence[int],
    denominators: Sequence[int],
    pi_power: int = 0,
) -> NDArray[np.bool_]:
    """Test every float of an array as `is_nearest` does; the format is the array's dtype.

    values    (nnz,) float64 or float32
    returns   (nnz,) bool: True where the float is proven to be the nearest one
    """
    import numpy as np  # noqa: PLC0415

    target = float_format(values.dtype)
    known: dict[tuple[float, int, int], bool] = {}
    proven: list[bool] = []
    for value, numerator, denominator in zip(values.tolist(), numerators, denominators, strict=True):
        key = (value, numerator, denominator)
        verdict = known.get(key)
        if verdict is None:
            verdict = known[key] = _is_nearest(value, numerator, denominator, pi_power, target)
        proven.append(verdict)
    return np.array(proven, dtype=np.bool_)
