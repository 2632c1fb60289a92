"""Labels to 2,000: floats and logarithms against Racah's formulas in Arb, which share no code with ours."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import flint
import pytest

from reptheory.exact.arb import working_precision
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j

BITS = 20_000
"""Alternating terms cancel up to 2^-9000 at these labels."""


@cache
def factorials() -> list[Any]:
    """Return n! for n < 8100 as balls."""
    balls = [flint.arb(1)]
    for n in range(1, 8100):
        balls.append(balls[-1] * n)
    return balls


def triangle(a: int, b: int, c: int) -> Any:
    """Return the square of the triangle coefficient [DLMF 34.2.5]."""
    f = factorials()
    return f[a + b - c] * f[a - b + c] * f[b + c - a] / f[a + b + c + 1]


def racah_3j(j1: int, j2: int, j3: int, m1: int, m2: int, m3: int) -> Any:
    """Return a 3j symbol as a ball [DLMF 34.2.4]."""
    f = factorials()
    root = triangle(j1, j2, j3) * f[j1 + m1] * f[j1 - m1] * f[j2 + m2] * f[j2 - m2] * f[j3 + m3] * f[j3 - m3]
    total = flint.arb(0)
    for s in range(max(0, j2 - j3 - m1, j1 - j3 + m2), min(j1 + j2 - j3, j1 - m1, j2 + m2) + 1):
        below = f[s] * f[j1 + j2 - j3 - s] * f[j1 - m1 - s]
        below *= f[j2 + m2 - s] * f[j3 - j2 + m1 + s] * f[j3 - j1 - m2 + s]
        total += (-1) ** s / below
    return (-1) ** (j1 - j2 - m3) * root.sqrt() * total


def racah_6j(a: int, b: int, c: int, d: int, e: int, f: int) -> Any:
    """Return a 6j symbol as a ball [DLMF 34.4.2, 34.4.3]."""
    fac, triads = factorials(), ((a, b, c), (a, e, f), (d, b, f), (d, e, c))
    root = flint.arb(1)
    for triad in triads:
        root *= triangle(*triad)
    ends = a + b + d + e, b + c + e + f, c + a + f + d
    total = flint.arb(0)
    for s in range(max(map(sum, triads)), min(ends) + 1):
        below = flint.arb(1)
        for triad in triads:
            below *= fac[s - sum(triad)]
        for end in ends:
            below *= fac[end - s]
        total += (-1) ** s * fac[s + 1] / below
    return root.sqrt() * total


def agrees(surd: Surd, ball: Any) -> bool:
    """Compare the float with the ball, or the logarithm if it is beyond the floats; a zero must be one."""
    if not surd:
        return bool(ball.contains(0))
    if ball.rel_accuracy_bits() < 80:
        raise AssertionError("the oracle is not precise enough")
    if surd.log_abs() < -700:
        return surd.log_abs() == float(abs(ball).log()) and (surd.sign > 0) == bool(ball > 0)
    return float(surd) == float(ball)


def triples(draw: random.Random, most: int) -> tuple[int, int, int]:
    """Draw three degrees that couple."""
    j1, j2 = draw.randint(0, most), draw.randint(0, most)
    return j1, j2, draw.randint(abs(j1 - j2), min(j1 + j2, most))


@pytest.mark.parametrize("most", [30, 200, 2000])
def test_symbols_with_orders(most: int) -> None:
    draw = random.Random(most)
    checked = 0
    while checked < 40:
        j1, j2, j3 = triples(draw, most)
        m1, m2 = draw.randint(-j1, j1), draw.randint(-j2, j2)
        m3 = -m1 - m2
        if abs(m3) > j3:
            continue
        checked += 1
        with working_precision(BITS):
            symbol, even = racah_3j(j1, j2, j3, m1, m2, m3), (j1 + j2 + j3) % 2 == 0
            plain = racah_3j(j1, j2, j3, 0, 0, 0) if even else flint.arb(0)
            coefficient = (-1) ** (j1 - j2 - m3) * flint.arb(2 * j3 + 1).sqrt() * symbol
            size = flint.arb((2 * j1 + 1) * (2 * j2 + 1) * (2 * j3 + 1)) / (4 * flint.arb.pi())
            integral = size.sqrt() * symbol * plain
            assert agrees(wigner_3j(j1, j2, j3, m1, m2, m3), symbol)
            assert agrees(clebsch_gordan(j1, j2, j3, m1, m2, -m3), coefficient)
            assert agrees(gaunt(j1, j2, j3, m1, m2, m3), integral)
            if (
                m1 > 0 and m2 > 0
            ):  # S = ((-1)^m Y_m + Y_-m) / sqrt(2), and the product keeps the two equal terms
                assert agrees(
                    real_gaunt(j1, j2, j3, m1, m2, -m3), (-1) ** m3 * integral / flint.arb(2).sqrt()
                )


@pytest.mark.parametrize("most", [30, 200, 2000])
def test_symbols_without_orders(most: int) -> None:
    draw = random.Random(most)
    checked = 0
    while checked < 30:
        a, b, c = triples(draw, most)
        d, e, f = (draw.randint(0, most) for _ in range(3))
        if all(abs(x - y) <= z <= x + y for x, y, z in ((a, e, f), (d, b, f), (d, e, c))):
            checked += 1
            with working_precision(BITS):
                assert agrees(wigner_6j(a, b, c, d, e, f), racah_6j(a, b, c, d, e, f))
