"""SymPy and high-precision decimals as oracles for exact values; nothing here uses the code under test."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Any

import sympy

from reptheory.exact.surd import Surd

PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808"
    "6513282306647093844609550582231725359408128481117450284102701938521105559644622948954930381964428810975665933"
    "44612847564823378678316527120190914564856692346034861045432664821339360726024914127372458700660631558817488"
)
"""320 digits, from the OEIS entry A000796."""


def half(two_label: int) -> sympy.Rational:
    """Return a doubled label as SymPy writes it."""
    return sympy.Rational(two_label, 2)


def same(surd: Surd, expected: Any) -> bool:
    """Compare a surd with a real SymPy value exactly: equal squares (pi divided out) and equal signs."""
    square = sympy.expand(expected**2) * sympy.pi ** (-surd.pi_power)
    signs_agree = bool(expected > 0) == (surd.sign > 0) and bool(expected < 0) == (surd.sign < 0)
    return signs_agree and square == sympy.Rational(surd.radicand.numerator, surd.radicand.denominator)


def precise_root(square: Fraction, pi_power: int = 0, digits: int = 300) -> Fraction:
    """Return sqrt(square * pi^pi_power) to about `digits` significant digits."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = digits, -(10**9), 10**9
        return Fraction((Decimal(square.numerator) / Decimal(square.denominator) * PI**pi_power).sqrt())


def coupled(most: int) -> list[tuple[int, int, int, int, int, int]]:
    """List every doubled 3j label with 2j <= most that no selection rule forbids."""
    return [
        (a, b, c, x, y, -x - y)
        for a, b, c in product(range(most + 1), repeat=3)
        if abs(a - b) <= c <= a + b and (a + b + c) % 2 == 0
        for x in range(-a, a + 1, 2)
        for y in range(-b, b + 1, 2)
        if abs(x + y) <= c
    ]


def random_labels(count: int, most: int, seed: int) -> list[tuple[int, ...]]:
    """Draw doubled labels of allowed symbols, every spin at most most / 2, large ones favoured."""
    draw = random.Random(seed)
    labels: list[tuple[int, ...]] = []
    while len(labels) < count:
        a, b = draw.randint(0, most), draw.randint(0, most)
        c = draw.randrange(abs(a - b), min(a + b, most) + 1, 2)
        x, y = draw.randrange(-a, a + 1, 2), draw.randrange(-b, b + 1, 2)
        if abs(x + y) <= c:
            labels.append((a, b, c, x, y, -x - y))
    return labels
