"""Surd text: how a surd is written on one line."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from reptheory.exact.rationals import rational_root

__all__ = ["surd_text"]

_LONGEST_BITS: Final = 4096


def surd_text(sign: int, radicand: Fraction, pi_power: int, i_power: int) -> str:
    """Write sign * i^i_power * sqrt(radicand * pi^pi_power) on one line: -1/2, √(2/15), i·√(5/(4π))."""
    minus, unit = "-" if sign < 0 else "", "i·" if i_power else ""
    root = rational_root(radicand) if pi_power == 0 else None
    if root is not None:
        top, bottom = _digits(root.numerator), _digits(root.denominator)
        whole = top if bottom == "1" else f"{top}/{bottom}"
        body = "i" if i_power and root == 1 else f"{unit}{whole}"
        return minus + body
    top = _with_pi(radicand.numerator, max(pi_power, 0))
    bottom = _with_pi(radicand.denominator, max(-pi_power, 0))
    if bottom == "1":
        return f"{minus}{unit}√{top}" if top.isdigit() or top == "π" else f"{minus}{unit}√({top})"
    over = f"({bottom})" if "π" in bottom and bottom != "π" else bottom
    return f"{minus}{unit}√({top}/{over})"


def _with_pi(number: int, power: int) -> str:
    """Write number * pi^power."""
    factor = {0: "", 1: "π"}.get(power, f"π^{power}")
    return factor if factor and number == 1 else f"{_digits(number)}{factor}"


def _digits(number: int) -> str:
    """Write an integer; one beyond what Python writes (and anyone reads) by its length."""
    bits = number.bit_length()
    return str(number) if bits <= _LONGEST_BITS else f"<{bits}-bit integer>"
