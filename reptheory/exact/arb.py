"""Arb at a chosen precision, and rational enclosures of powers of pi that Arb proves.

python-flint keeps one precision for the whole process. Everything here that needs another one takes it under
one lock and puts the old one back. The enclosures stay rigorous whatever another thread does to the
precision in between, because each comes from a ball: a disturbed one is wider, never wrong.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from reptheory.errors import LabelError
from reptheory.groups.labels import shown

__all__ = [
    "exact_arb",
    "fraction_ball",
    "log_of_root",
    "nearest_float",
    "order_with_pi",
    "pi_enclosure",
    "pi_power_bounds",
    "precision",
    "sqrt_ball",
    "working_precision",
]

_FIRST_PI_BITS: Final = 64


class _State:
    """The lock on python-flint's precision, renewed in a forked child, whose other threads are gone."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.outside: int | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Start with a free lock, and at the precision that the thread left behind had found."""
        self.lock = threading.RLock()
        if self.outside is not None:
            import flint  # noqa: PLC0415

            flint.ctx.prec, self.outside = self.outside, None


_STATE: Final = _State()
_GUARD_BITS: Final = 16
_FIRST_BITS: Final = 128
_MOST_BITS: Final = 10**7


def precision(prec: object) -> int:
    """Return a working precision in bits; raise LabelError unless it is an int from 1 to 10^7 (a second)."""
    if not isinstance(prec, int) or isinstance(prec, bool) or not 1 <= prec <= _MOST_BITS:
        raise LabelError(f"prec: got {shown(prec)}; it must be a number of bits from 1 to {_MOST_BITS}")
    return prec


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Run a block with python-flint's working precision at `bits`, alone among the callers of this module."""
    import flint  # noqa: PLC0415  (an extension module: loaded when the first ball is needed)

    with _STATE.lock:
        before = flint.ctx.prec
        outermost = _STATE.outside is None
        if outermost:
            _STATE.outside = before
        flint.ctx.prec = bits
        try:
            yield
        finally:
            flint.ctx.prec = before
            if outermost:
                _STATE.outside = None


def fraction_ball(value: Fraction) -> Any:
    """Return an Arb ball that holds a Fraction, at the precision of the moment."""
    import flint  # noqa: PLC0415

    return flint.arb(flint.fmpq(*value.as_integer_ratio()))


def exact_arb(number: Any) -> Fraction:
    """Return an exact `arb`, for example the end of a ball, as a Fraction."""
    mantissa, exponent = (int(part) for part in number.man_exp())
    return Fraction(mantissa << exponent) if exponent >= 0 else Fraction(mantissa, 1 << -exponent)


def nearest_float(ball_at: Callable[[int], Any]) -> float:
    """Return the float nearest to the number that balls of any precision enclose.

    ball_at  bits -> an `arb` from that working precision; the number must be neither a float nor the middle
             of two, as no transcendental number is, or this would not end
    """
    bits = _FIRST_BITS
    while True:
        ball = ball_at(bits)
        with working_precision(bits):  # the ends of a ball are rounded outward to the precision
            low, high = (float(exact_arb(end)) for end in (ball.lower(), ball.upper()))
        if low == high:
            return low
        bits *= 2


@lru_cache(maxsize=16)
def pi_enclosure(bits: int) -> tuple[int, int]:
    """Return integers (low, high) with low < pi * 2^bits < high, one or two units apart.

    >>> pi_enclosure(4)
    (50, 51)
    """
    import flint  # noqa: PLC0415

    with working_precision(bits + _GUARD_BITS):
        ball = flint.arb.pi()
        (low, low_exponent), (high, high_exponent) = ball.lower().man_exp(), ball.upper().man_exp()
    return _floor_shift(int(low), int(low_exponent) + bits), -_floor_shift(
        -int(high), int(high_exponent) + bits
    )


def _floor_shift(value: int, exponent: int) -> int:
    """Return floor(value * 2^exponent)."""
    return value << exponent if exponent >= 0 else value >> -exponent


@lru_cache(maxsize=64)
def pi_power_bounds(power: int, bits: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return two positive fractions, each (numerator, denominator), that enclose pi^power.

    power   any int
    bits    the enclosure of pi is 2^-bits wide; that of the power is a small multiple of it
    """
    low, high = pi_enclosure(bits)
    scale = 1 << bits * abs(power)
    if power >= 0:
        return (low**power, scale), (high**power, scale)
    return (scale, high**-power), (scale, low**-power)


def order_with_pi(numerator: int, denominator: int, power: int) -> int:
    """Return the sign of numerator / denominator * pi^power - 1, for positive ints; a tie has power 0."""
    if power == 0:
        return (numerator > denominator) - (numerator < denominator)
    bits = _FIRST_PI_BITS
    while True:
        (low, low_scale), (high, high_scale) = pi_power_bounds(power, bits)
        if numerator * low > denominator * low_scale:
            return 1
        if numerator * high < denominator * high_scale:
            return -1
        bits *= 2


def sqrt_ball(numerator: int, denominator: int, pi_power: int, bits: int) -> Any:
    """Return an Arb ball (`flint.arb`) that holds sqrt(numerator / denominator * pi^pi_power).

    bits    working precision; the relative radius is a few units of 2^-bits
    """
    import flint  # noqa: PLC0415

    with working_precision(bits):
        ball = flint.arb(flint.fmpq(numerator, denominator))
        return (ball * flint.arb.pi() ** pi_power).sqrt()


def log_of_root(numerator: int, denominator: int, pi_power: int) -> float:
    """Return log(sqrt(numerator / denominator * pi^pi_power)), correctly rounded, for positive ints.

    The logarithm of an algebraic number other than 1 is transcendental (Lindemann), so a ball that is
    narrowed holds one double in the end; with pi no tie is known, and it would be a wonder.
    """
    import flint  # noqa: PLC0415

    if numerator == denominator and pi_power == 0:
        return 0.0

    def ball_at(bits: int) -> Any:
        with working_precision(bits):
            ball = flint.arb(flint.fmpq(numerator, denominator))
            return (ball.log() + pi_power * flint.arb.pi().log()) / 2

    return nearest_float(ball_at)
