"""Squares of exact values: lowest terms from prime factors, and their roots as floats proven by integers.

A value is sign * sqrt(top / bottom * pi^k). Integers are rows of 64-bit limbs, the least significant first.

`reduce_squares`  S^2 times a product of small primes, in lowest terms, S of one or two words. S is divided by
                  those primes alone that the product divides by: no greatest common divisor is taken.
`prove_roots`     a candidate from double-doubles, about which nothing is claimed; then the test of
                  `exact/rounding.py` on integers: a double is the nearest one if the root lies strictly
                  between the midpoints to its neighbours. What fails (a midpoint itself, a root that pi's
                  bounds cannot tell from one, a tiny value) is left to the caller.

Nothing is checked here. On words that wrap see `kernels/two_words.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.double_double import normal, times
from reptheory.kernels.jit import compiled, part
from reptheory.kernels.two_words import add_product

__all__ = ["prove_roots", "reduce_squares"]

Words = NDArray[np.uint64]
Doubles = NDArray[np.float64]

_SMALLEST, _LARGEST = 2.0**-900, 2.0**900
"""Values beyond are not proven here: no neighbour of others is subnormal or infinite."""


@part
def _times_word(row: Words, length: int, word: np.uint64) -> int:
    """Multiply an integer of `length` limbs by a word in place; return its new length, -1 if out of room."""
    zero, carry = np.uint64(0), np.uint64(0)
    for place in range(length):
        row[place], carry = add_product(carry, zero, row[place], zero, word, zero)
    if carry == zero:
        return length
    if length == row.size:
        return -1
    row[length] = carry
    return length + 1


@part
def _times_power(row: Words, length: int, prime: int, power: int) -> int:
    """Multiply by prime^power, a word at a time."""
    factor = np.uint64(1)
    for _ in range(power):
        if factor >= np.uint64(1) << np.uint64(48):
            length = _times_word(row, length, factor)
            if length < 0:
                return length
            factor = np.uint64(1)
        factor *= np.uint64(prime)
    return _times_word(row, length, factor)


@part
def _divided(low: np.uint64, high: np.uint64, prime: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return the words of a quotient by a prime below 2^16, and the rest: 32 bits at a time."""
    if high == np.uint64(0):
        return low // prime, high, low % prime
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    upper = (high % prime) << half | low >> half
    lower = (upper % prime) << half | low & mask
    return (upper // prime) << half | lower // prime, high // prime, lower % prime


@compiled
def reduce_squares(
    integers: tuple[Words, Words],
    factors: NDArray[np.int32],
    exponents: NDArray[np.int16],
    primes: NDArray[np.int64],
    tops: Words,
    bottoms: Words,
) -> tuple[int, int]:
    """Write integers^2 * prod primes^exponents as tops / bottoms in lowest terms.

    integers   absolute values: (n,) low and high words, none zero
    factors    (n, k) rows of `exponents` whose sum is that of a value
    exponents  (rows, P) of the primes, which are below 2^16
    tops, bottoms   (n, limbs), zeros when called
    returns    the limbs of the longest top and bottom; (-1, -1) if there are too few
    """
    wide_top, wide_bottom, zero = 1, 1, np.uint64(0)
    powers = np.empty(primes.size, np.int64)
    for row in range(factors.shape[0]):
        low, high = integers[0][row], integers[1][row]
        for place in range(primes.size):
            power = 0
            for factor in range(factors.shape[1]):
                power += exponents[factors[row, factor], place]
            while power < 0:
                next_low, next_high, rest = _divided(low, high, np.uint64(primes[place]))
                if rest != zero:
                    break
                low, high = next_low, next_high
                power += 2
            powers[place] = power
        top, bottom = tops[row], bottoms[row]
        top[0], bottom[0] = np.uint64(1), np.uint64(1)
        long_top, long_bottom = _times_square(top, low, high), 1
        for place in range(primes.size):
            if powers[place] > 0 and long_top > 0:
                long_top = _times_power(top, long_top, primes[place], powers[place])
            elif powers[place] < 0 and long_bottom > 0:
                long_bottom = _times_power(bottom, long_bottom, primes[place], -powers[place])
        if long_top < 0 or long_bottom < 0:
            return -1, -1
        wide_top, wide_bottom = max(wide_top, long_top), max(wide_bottom, long_bottom)
    return wide_top, wide_bottom


@part
def _times_square(one: Words, low: np.uint64, high: np.uint64) -> int:
    """Write (low + 2^64 high)^2 in place of 1; return its length, -1 if out of room."""
    zero = np.uint64(0)
    if high == zero:
        return _times_word(one, _times_word(one, 1, low), low)
    if one.size < 4:
        return -1
    one[0], carry = add_product(zero, zero, low, zero, low, zero)
    middle, over = add_product(zero, zero, low, zero, high, zero)
    one[1], first = add_product(carry, zero, middle, zero, np.uint64(2), zero)
    one[2], second = add_product(first, zero, over, zero, np.uint64(2), zero)
    one[2], third = add_product(one[2], zero, high, zero, high, zero)
    one[3] = second + third
    return 4 if one[3] != zero else 3


@part
def _shifted(words: Words, shift: int, out: Words) -> bool:
    """Write words * 2^shift, shift >= 0; whether it fits without the last limb, which keeps the sign."""
    skip, bits = shift >> 6, np.uint64(shift & 63)
    zero, fits = np.uint64(0), True
    out[:] = zero
    for place in range(words.size):
        word, at = words[place], place + skip
        low = word << bits
        high = word >> (np.uint64(64) - bits) if bits != zero else zero
        fits &= (low == zero or at < out.size - 1) and (high == zero or at < out.size - 2)
        if at < out.size - 1:
            out[at] |= low
            out[at + 1] = high
    return fits


@part
def _subtract(out: Words, bottoms: Words, row: int, low: np.uint64, high: np.uint64) -> None:
    """Take bottom (low + 2^64 high) away from out, modulo 2^(64 limbs)."""
    zero = np.uint64(0)
    for word, first in ((low, 0), (high, 1)):
        carry = zero
        for place in range(first, out.size):
            limb = bottoms[row, place - first] if place - first < bottoms.shape[1] else zero
            product, carry = add_product(carry, zero, limb, zero, word, zero)
            carry += np.uint64(out[place] < product)  # a product of two words leaves room for one more
            out[place] -= product


@part
def _negate(out: Words) -> None:
    carry = np.uint64(1)
    for place in range(out.size):
        out[place] = ~out[place] + carry
        carry = np.uint64(carry == np.uint64(1) and out[place] == np.uint64(0))


@part
def _near(value: float, top: Words, bottoms: Words, row: int, unit: int, out: Words) -> bool:
    """Whether value = m 2^e > 0 is proven the nearest double to the root of x = top / bottom 2^-unit.

    It is if (2m - 1)^2 < 4 x 4^-e < (2m + 1)^2, hence if |top 2^s - (4 m^2 + 1) bottom| < 4 m bottom with
    s = 2 - 2 e - unit. Below a power of two doubles are twice as dense: there 2 m bottom is enough.
    """
    fraction, exponent = math.frexp(value)
    m = np.uint64(math.ldexp(fraction, 53))
    shift = 2 - 2 * (exponent - 53) - unit
    if shift < 0 or not _shifted(top, shift, out):
        return False
    zero, two = np.uint64(0), np.uint64(2)
    low, high = add_product(zero, zero, m, zero, m, zero)
    _subtract(out, bottoms, row, low << two | np.uint64(1), high << two | low >> np.uint64(62))
    if out[out.size - 1] >> np.uint64(63) != zero:
        _negate(out)
    _subtract(out, bottoms, row, m << (np.uint64(1) if fraction == 0.5 else two), zero)
    return bool(out[out.size - 1] >> np.uint64(63) != zero)


@part
def _pair(words: Words, row: int) -> tuple[float, float, int]:
    """Return about the integer of a row as (high + low) 2^(64 k)."""
    last = words.shape[1] - 1
    while last > 0 and words[row, last] == np.uint64(0):
        last -= 1
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    high, low, scale = 0.0, 0.0, 1.0
    for place in range(last, max(last - 3, -1), -1):
        word = words[row, place]
        for term in (float(word >> half) * 4294967296.0 * scale, float(word & mask) * scale):
            total = high + term
            low += term - (total - high)
            high = total
        scale *= 2.0**-64
    high, low = normal(high, low)
    return high, low, last


@part
def _root(tops: Words, bottoms: Words, row: int, scale: Doubles) -> float:
    """Return about sqrt(top / bottom) times the pair `scale`, rounded from a pair."""
    x, x_low, x_unit = _pair(tops, row)
    y, y_low, y_unit = _pair(bottoms, row)
    ratio = x / y
    back, back_low = times(ratio, 0.0, y, y_low)
    ratio, ratio_low = normal(ratio, ((x - back) + (x_low - back_low)) / y)
    root = math.sqrt(ratio)
    back, back_low = times(root, 0.0, root, 0.0)
    root_low = ((ratio - back) + (ratio_low - back_low)) / (2.0 * root)
    high, low = times(root, root_low, scale[0], scale[1])
    return float((high + low) * 4294967296.0 ** (x_unit - y_unit))


@compiled
def prove_roots(
    signs: NDArray[np.int8],
    tops: Words,
    bottoms: Words,
    pi: Words,
    unit: int,
    scale: Doubles,
    doubles: Doubles,
    failed: NDArray[np.bool_],
) -> None:
    """Write the doubles nearest to signs * sqrt(tops / bottoms * pi^k), and mark the rows without a proof.

    tops, bottoms  (n, limbs), none zero
    pi, unit       (1 or 2,): pi[0] <= pi^k 2^unit <= pi[-1], one if they are equal
    scale          (2,) sqrt(pi^k) as a pair, about
    """
    top = np.empty(tops.shape[1] + 1, np.uint64)
    out = np.empty(max(tops.shape[1] + 1, bottoms.shape[1] + 2) + 1, np.uint64)
    zero = np.uint64(0)
    for row in range(signs.size):
        value = _root(tops, bottoms, row, scale)
        doubles[row] = signs[row] * value
        good = _SMALLEST < value < _LARGEST
        for bound in range(pi.size):
            carry = zero
            for place in range(tops.shape[1]):
                top[place], carry = add_product(carry, zero, tops[row, place], zero, pi[bound], zero)
            top[tops.shape[1]] = carry
            good = good and _near(value, top, bottoms, row, unit, out)
        failed[row] = not good
