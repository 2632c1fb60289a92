"""Values that others have published: the Particle Data Group's table and closed forms of DLMF chapter 34."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import factorial

import pytest
import sympy
from spin_networks import random_6j, random_9j

from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.solid_harmonics import solid_harmonic
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j
from reptheory.exact.wigner9j import wigner_9j

Half = Fraction

# Particle Data Group, Review of Particle Physics, "Clebsch-Gordan coefficients, spherical harmonics, and d
# functions". A row is m1, m2: the entries for J = j1 + j2, j1 + j2 - 1, .. that M allows. As there, an entry
# stands under a square root, its sign outside: -8/15 is -sqrt(8/15).
PARTICLE_DATA_GROUP = {
    "1/2 1/2": """
        1/2 1/2: 1
        1/2 -1/2: 1/2 1/2          -1/2 1/2: 1/2 -1/2
        -1/2 -1/2: 1
    """,
    "1 1/2": """
        1 1/2: 1
        1 -1/2: 1/3 2/3            0 1/2: 2/3 -1/3
        0 -1/2: 2/3 1/3            -1 1/2: 1/3 -2/3
        -1 -1/2: 1
    """,
    "3/2 1/2": """
        3/2 1/2: 1
        3/2 -1/2: 1/4 3/4          1/2 1/2: 3/4 -1/4
        1/2 -1/2: 1/2 1/2          -1/2 1/2: 1/2 -1/2
        -1/2 -1/2: 3/4 1/4         -3/2 1/2: 1/4 -3/4
        -3/2 -1/2: 1
    """,
    "2 1/2": """
        2 1/2: 1
        2 -1/2: 1/5 4/5            1 1/2: 4/5 -1/5
        1 -1/2: 2/5 3/5            0 1/2: 3/5 -2/5
        0 -1/2: 3/5 2/5            -1 1/2: 2/5 -3/5
        -1 -1/2: 4/5 1/5           -2 1/2: 1/5 -4/5
        -2 -1/2: 1
    """,
    "1 1": """
        1 1: 1
        1 0: 1/2 1/2               0 1: 1/2 -1/2
        1 -1: 1/6 1/2 1/3          0 0: 2/3 0 -1/3            -1 1: 1/6 -1/2 1/3
        0 -1: 1/2 1/2              -1 0: 1/2 -1/2
        -1 -1: 1
    """,
    "3/2 1": """
        3/2 1: 1
        3/2 0: 2/5 3/5             1/2 1: 3/5 -2/5
        3/2 -1: 1/10 2/5 1/2       1/2 0: 3/5 1/15 -1/3       -1/2 1: 3/10 -8/15 1/6
        1/2 -1: 3/10 8/15 1/6      -1/2 0: 3/5 -1/15 -1/3     -3/2 1: 1/10 -2/5 1/2
        -1/2 -1: 3/5 2/5           -3/2 0: 2/5 -3/5
        -3/2 -1: 1
    """,
    "2 1": """
        2 1: 1
        2 0: 1/3 2/3               1 1: 2/3 -1/3
        2 -1: 1/15 1/3 3/5         1 0: 8/15 1/6 -3/10        0 1: 2/5 -1/2 1/10
        1 -1: 1/5 1/2 3/10         0 0: 3/5 0 -2/5            -1 1: 1/5 -1/2 3/10
        0 -1: 2/5 1/2 1/10         -1 0: 8/15 -1/6 -3/10      -2 1: 1/15 -1/3 3/5
        -1 -1: 2/3 1/3             -2 0: 1/3 -2/3
        -2 -1: 1
    """,
    "3/2 3/2": """
        3/2 3/2: 1
        3/2 1/2: 1/2 1/2           1/2 3/2: 1/2 -1/2
        3/2 -1/2: 1/5 1/2 3/10     1/2 1/2: 3/5 0 -2/5        -1/2 3/2: 1/5 -1/2 3/10
        3/2 -3/2: 1/20 1/4 9/20 1/4                           1/2 -1/2: 9/20 1/4 -1/20 -1/4
        -1/2 1/2: 9/20 -1/4 -1/20 1/4                         -3/2 3/2: 1/20 -1/4 9/20 -1/4
        1/2 -3/2: 1/5 1/2 3/10     -1/2 -1/2: 3/5 0 -2/5      -3/2 1/2: 1/5 -1/2 3/10
        -1/2 -3/2: 1/2 1/2         -3/2 -1/2: 1/2 -1/2
        -3/2 -3/2: 1
    """,
    "2 3/2": """
        2 3/2: 1
        2 1/2: 3/7 4/7             1 3/2: 4/7 -3/7
        2 -1/2: 1/7 16/35 2/5      1 1/2: 4/7 1/35 -2/5       0 3/2: 2/7 -18/35 1/5
        2 -3/2: 1/35 6/35 2/5 2/5                             1 -1/2: 12/35 5/14 0 -3/10
        0 1/2: 18/35 -3/35 -1/5 1/5                           -1 3/2: 4/35 -27/70 2/5 -1/10
        1 -3/2: 4/35 27/70 2/5 1/10                           0 -1/2: 18/35 3/35 -1/5 -1/5
        -1 1/2: 12/35 -5/14 0 3/10                            -2 3/2: 1/35 -6/35 2/5 -2/5
        0 -3/2: 2/7 18/35 1/5      -1 -1/2: 4/7 -1/35 -2/5    -2 1/2: 1/7 -16/35 2/5
        -1 -3/2: 4/7 3/7           -2 -1/2: 3/7 -4/7
        -2 -3/2: 1
    """,
    "2 2": """
        2 2: 1
        2 1: 1/2 1/2               1 2: 1/2 -1/2
        2 0: 3/14 1/2 2/7          1 1: 4/7 0 -3/7            0 2: 3/14 -1/2 2/7
        2 -1: 1/14 3/10 3/7 1/5                               1 0: 3/7 1/5 -1/14 -3/10
        0 1: 3/7 -1/5 -1/14 3/10                              -1 2: 1/14 -3/10 3/7 -1/5
        2 -2: 1/70 1/10 2/7 2/5 1/5                           1 -1: 8/35 2/5 1/14 -1/10 -1/5
        0 0: 18/35 0 -2/7 0 1/5                               -1 1: 8/35 -2/5 1/14 1/10 -1/5
        -2 2: 1/70 -1/10 2/7 -2/5 1/5
        1 -2: 1/14 3/10 3/7 1/5                               0 -1: 3/7 1/5 -1/14 -3/10
        -1 0: 3/7 -1/5 -1/14 3/10                             -2 1: 1/14 -3/10 3/7 -1/5
        0 -2: 3/14 1/2 2/7         -1 -1: 4/7 0 -3/7          -2 0: 3/14 -1/2 2/7
        -1 -2: 1/2 1/2             -2 -1: 1/2 -1/2
        -2 -2: 1
    """,
}
SPINS = [Half(two_j, 2) for two_j in range(9)]
TRIPLES = [
    (a, b, c)
    for a, b, c in product(SPINS, repeat=3)
    if abs(a - b) <= c <= a + b and (a + b + c).denominator == 1
]


def rows(block: str) -> dict[tuple[Fraction, Fraction], list[Fraction]]:
    """Read a block: (m1, m2) to its signed squares, J descending."""
    parts = [part.split() for part in block.replace("\n", "   ").split(":")]
    found = {}
    for place in range(1, len(parts)):
        last = place == len(parts) - 1
        values = parts[place] if last else parts[place][:-2]
        m1, m2 = map(Fraction, parts[place - 1][-2:])
        found[m1, m2] = [Fraction(value) for value in values]
    return found


def projections(j: Fraction) -> list[Fraction]:
    return [m - j for m in range(int(2 * j) + 1)]


@pytest.mark.parametrize("spins", PARTICLE_DATA_GROUP)
def test_the_particle_data_groups_clebsch_gordan_coefficients(spins: str) -> None:
    j1, j2 = map(Fraction, spins.split())
    table = rows(PARTICLE_DATA_GROUP[spins])
    assert set(table) == set(product(projections(j1), projections(j2)))  # complete
    for (m1, m2), squares in table.items():
        totals = [j1 + j2 - k for k in range(int(2 * min(j1, j2)) + 1) if j1 + j2 - k >= abs(m1 + m2)]
        values = [clebsch_gordan(j1, j2, total, m1, m2, m1 + m2) for total in totals]
        assert [value.sign * value.square for value in values] == squares, (m1, m2)


THETA, PHI = sympy.symbols("theta phi", real=True)
COS, SIN = sympy.cos(THETA), sympy.sin(THETA)
COS_HALF, SIN_HALF = sympy.cos(THETA / 2), sympy.sin(THETA / 2)

# The same page of the Particle Data Group: spherical harmonics, without e^{i m phi}, m >= 0, and d^j_{m', m}
# by (j, m', m). The others follow: Y_l,-m = (-1)^m conj(Y_lm), d^j_{m', m} = (-1)^(m-m') d^j_{m, m'} =
# d^j_{-m, -m'}; and d^l_{m, 0} is sqrt(4 pi / (2l+1)) Y_lm e^{-i m phi}.
HARMONICS = {
    (1, 0): sympy.sqrt(3 / (4 * sympy.pi)) * COS,
    (1, 1): -sympy.sqrt(3 / (8 * sympy.pi)) * SIN,
    (2, 0): sympy.sqrt(5 / (4 * sympy.pi)) * (3 * COS**2 - 1) / 2,
    (2, 1): -sympy.sqrt(15 / (8 * sympy.pi)) * SIN * COS,
    (2, 2): sympy.sqrt(15 / (2 * sympy.pi)) * SIN**2 / 4,
}
D_FUNCTIONS = {
    ("1/2", "1/2", "1/2"): COS_HALF,
    ("1/2", "1/2", "-1/2"): -SIN_HALF,
    ("1", "1", "1"): (1 + COS) / 2,
    ("1", "1", "0"): -SIN / sympy.sqrt(2),
    ("1", "1", "-1"): (1 - COS) / 2,
    ("1", "0", "0"): COS,
    ("3/2", "3/2", "3/2"): (1 + COS) / 2 * COS_HALF,
    ("3/2", "3/2", "1/2"): -sympy.sqrt(3) * (1 + COS) / 2 * SIN_HALF,
    ("3/2", "3/2", "-1/2"): sympy.sqrt(3) * (1 - COS) / 2 * COS_HALF,
    ("3/2", "3/2", "-3/2"): -(1 - COS) / 2 * SIN_HALF,
    ("3/2", "1/2", "1/2"): (3 * COS - 1) / 2 * COS_HALF,
    ("3/2", "1/2", "-1/2"): -(3 * COS + 1) / 2 * SIN_HALF,
    ("2", "2", "2"): ((1 + COS) / 2) ** 2,
    ("2", "2", "1"): -(1 + COS) / 2 * SIN,
    ("2", "2", "0"): sympy.sqrt(6) / 4 * SIN**2,
    ("2", "2", "-1"): -(1 - COS) / 2 * SIN,
    ("2", "2", "-2"): ((1 - COS) / 2) ** 2,
    ("2", "1", "1"): (1 + COS) / 2 * (2 * COS - 1),
    ("2", "1", "0"): -sympy.sqrt(sympy.Rational(3, 2)) * SIN * COS,
    ("2", "1", "-1"): (1 - COS) / 2 * (2 * COS + 1),
    ("2", "0", "0"): (3 * COS**2 - 1) / 2,
}


def vanishes(expression: sympy.Expr) -> bool:
    waves = sympy.expand(expression.rewrite(sympy.exp))
    return sympy.expand(waves, power_exp=True) == 0


@pytest.mark.parametrize("label", HARMONICS, ids=str)
def test_the_particle_data_groups_harmonics(label: tuple[int, int]) -> None:
    degree, m = label
    direction = (SIN * sympy.cos(PHI), SIN * sympy.sin(PHI), COS)
    expected = HARMONICS[label] * sympy.exp(sympy.I * m * PHI)
    assert vanishes(solid_harmonic(degree, m).to_sympy(direction) - expected)
    mirrored = (-1) ** m * HARMONICS[label] * sympy.exp(-sympy.I * m * PHI)
    assert vanishes(solid_harmonic(degree, -m).to_sympy(direction) - mirrored)
    scale = sympy.sqrt(4 * sympy.pi / (2 * degree + 1))
    assert vanishes(wigner_d_polynomial(degree, m, 0).to_sympy(THETA) - scale * HARMONICS[label])


@pytest.mark.parametrize("label", D_FUNCTIONS, ids=str)
def test_the_particle_data_groups_d_functions(label: tuple[str, str, str]) -> None:
    j, m1, m2 = map(Fraction, label)
    printed, odd = D_FUNCTIONS[label], sign(m1 - m2)
    assert vanishes(wigner_d_polynomial(j, m1, m2).to_sympy(THETA) - printed)
    assert vanishes(wigner_d_polynomial(j, -m2, -m1).to_sympy(THETA) - printed)
    assert vanishes(wigner_d_polynomial(j, m2, m1).to_sympy(THETA) - odd * printed)


def test_the_d_functions_are_complete() -> None:
    for j in (Half(1, 2), Half(1), Half(3, 2), Half(2)):
        printed = [tuple(map(Fraction, label[1:])) for label in D_FUNCTIONS if Fraction(label[0]) == j]
        related = {pair for a, b in printed for pair in ((a, b), (b, a), (-a, -b), (-b, -a))}
        assert related == set(product(projections(j), repeat=2))


def sign(exponent: Fraction) -> int:
    """Return (-1)^exponent for a whole exponent."""
    assert exponent.denominator == 1
    return -1 if exponent % 2 else 1


def fact(value: Fraction) -> int:
    assert value.denominator == 1
    return factorial(int(value))


def test_dlmf_34_3_1_to_34_3_3_one_spin_is_0_or_1() -> None:
    for j in SPINS:
        for m in projections(j):
            assert wigner_3j(j, j, 0, m, -m, 0) == Surd.sqrt(1 / (2 * j + 1), sign(j - m))  # 34.3.1
            if j >= Half(1, 2):
                cube = 2 * j * (2 * j + 1) * (2 * j + 2)
                assert wigner_3j(j, j, 1, m, -m, 0) == Surd.scaled(sign(j - m) * 2 * m, 1 / cube)  # 34.3.2
                if m < j:  # 34.3.3
                    square = 2 * (j - m) * (j + m + 1) / cube
                    assert wigner_3j(j, j, 1, m, -m - 1, 1) == Surd.sqrt(square, sign(j - m))


@pytest.mark.parametrize("odd", [True, False])
def test_dlmf_34_3_5_all_projections_are_0(odd: bool) -> None:
    for a, b, c in product(range(7), repeat=3):
        total = a + b + c
        if total % 2 != odd or not abs(a - b) <= c <= a + b:
            continue
        value = wigner_3j(a, b, c, 0, 0, 0)
        if odd:
            assert value == 0
            continue
        half = total // 2
        top = factorial(total - 2 * a) * factorial(total - 2 * b) * factorial(total - 2 * c)
        ratio = Fraction(factorial(half), factorial(half - a) * factorial(half - b) * factorial(half - c))
        assert value == Surd.scaled((-1) ** half * ratio, Fraction(top, factorial(total + 1)))


def test_dlmf_34_3_6_the_largest_third_spin() -> None:
    for a, b in product(SPINS[:6], repeat=2):
        for x, y in product(projections(a), projections(b)):
            top = fact(2 * a) * fact(2 * b) * fact(a + b + x + y) * fact(a + b - x - y)
            bottom = fact(2 * a + 2 * b + 1) * fact(a + x) * fact(a - x) * fact(b + y) * fact(b - y)
            expected = Surd.sqrt(Fraction(top, bottom), sign(a - b + x + y))
            assert wigner_3j(a, b, a + b, x, y, -x - y) == expected


def test_dlmf_34_3_7_the_largest_first_projection() -> None:
    for a, b, c in TRIPLES:
        for z in projections(c):
            if abs(a + z) <= b:
                top = fact(2 * a) * fact(b + c - a) * fact(a + b + z) * fact(c - z)
                bottom = fact(a + b + c + 1) * fact(a - b + c) * fact(a + b - c) * fact(b - a - z)
                expected = Surd.sqrt(Fraction(top, bottom * fact(c + z)), sign(a - b - z))
                assert wigner_3j(a, b, c, a, -a - z, z) == expected


def test_dlmf_34_3_19_products_of_legendre_polynomials() -> None:
    x = sympy.Symbol("x")
    for a, b in product(range(5), repeat=2):
        squares = [(degree, wigner_3j(a, b, degree, 0, 0, 0).square) for degree in range(a + b + 1)]
        total = sum(
            (2 * degree + 1)
            * sympy.Rational(square.numerator, square.denominator)
            * sympy.legendre(degree, x)
            for degree, square in squares
        )
        assert sympy.expand(sympy.legendre(a, x) * sympy.legendre(b, x) - total) == 0


def test_dlmf_34_3_22_integrals_of_three_harmonics() -> None:
    for a, b, c in product(range(4), repeat=3):
        scale = Surd.sqrt(Fraction((2 * a + 1) * (2 * b + 1) * (2 * c + 1), 4), pi_power=-1)
        for x, y in product(range(-a, a + 1), range(-b, b + 1)):
            if abs(x + y) <= c:
                symbols = wigner_3j(a, b, c, 0, 0, 0) * wigner_3j(a, b, c, x, y, -x - y)
                assert gaunt(a, b, c, x, y, -x - y) == scale * symbols


@pytest.mark.parametrize("spins", TRIPLES, ids=str)
def test_dlmf_34_5_1_to_34_5_7_a_6j_with_0_or_a_half_or_1(spins: tuple[Fraction, Fraction, Fraction]) -> None:
    a, b, c = spins
    total, half = a + b + c, Half(1, 2)
    even = sign(total)

    def run(first: int, two_j: Fraction) -> Fraction:
        """Return three factors 2j + first, .., which the denominators hold for b and for c."""
        return (two_j + first) * (two_j + first + 1) * (two_j + first + 2)

    assert wigner_6j(a, b, c, 0, c, b) == Surd.sqrt(1 / ((2 * b + 1) * (2 * c + 1)), even)  # 34.5.1
    if c >= half:
        square = (a + c - b) * (a + b - c + 1) / ((2 * b + 1) * (2 * b + 2) * 2 * c * (2 * c + 1))
        assert wigner_6j(a, b, c, half, c - half, b + half) == Surd.sqrt(square, even)  # 34.5.2
    if b >= half and c >= half:
        square = (b + c - a) * (total + 1) / (2 * b * (2 * b + 1) * 2 * c * (2 * c + 1))
        assert wigner_6j(a, b, c, half, c - half, b - half) == Surd.sqrt(square, even)  # 34.5.3
        slope = -even * 2 * (b * (b + 1) + c * (c + 1) - a * (a + 1))
        assert wigner_6j(a, b, c, 1, c, b) == Surd.scaled(
            slope, 1 / (run(0, 2 * b) * run(0, 2 * c))
        )  # 34.5.7
    if b >= 1 and c >= 1:
        square = total * (total + 1) * (total - 2 * a - 1) * (total - 2 * a)
        square /= run(-1, 2 * b) * run(-1, 2 * c)
        assert wigner_6j(a, b, c, 1, c - 1, b - 1) == Surd.sqrt(square, even)  # 34.5.4
    if b >= half and c >= 1:
        square = 2 * (total + 1) * (total - 2 * a) * (total - 2 * b) * (total - 2 * c + 1)
        square /= run(0, 2 * b) * run(-1, 2 * c)
        assert wigner_6j(a, b, c, 1, c - 1, b) == Surd.sqrt(square, even)  # 34.5.5
    if c >= 1:
        square = (total - 2 * b - 1) * (total - 2 * b) * (total - 2 * c + 1) * (total - 2 * c + 2)
        square /= run(1, 2 * b) * run(-1, 2 * c)
        assert wigner_6j(a, b, c, 1, c - 1, b + 1) == Surd.sqrt(square, even)  # 34.5.6


def test_dlmf_34_4_1_the_6j_as_a_sum_of_3j_symbols() -> None:
    small = [Half(two_j, 2) for two_j in range(4)]
    checked = 0
    for label in product(small, repeat=6):
        a, b, c, d, e, f = label
        if {(a, b, c), (a, e, f), (d, b, f), (d, e, c)} - {*TRIPLES} or sum(label) > 6:
            continue
        total = Surd.rational(0)
        for x, y, u in product(projections(a), projections(b), projections(d)):
            z, w, v = -x - y, u - y, u - y - x
            if abs(z) > c or abs(w) > f or abs(v) > e:
                continue
            term = wigner_3j(a, b, c, x, y, z) * wigner_3j(a, e, f, x, v, -w)
            term *= wigner_3j(d, b, f, -u, y, w) * wigner_3j(d, e, c, u, -v, z)
            total += term * sign(d + u + e + v + f + w)
        assert total == wigner_6j(*label)
        checked += 1
    assert checked > 100


def test_dlmf_34_6_1_the_9j_as_a_sum_of_3j_symbols() -> None:
    for label in random_9j(25, 3, seed=51):
        rows = [[Half(two_j, 2) for two_j in label[3 * k : 3 * k + 3]] for k in range(3)]
        total = Surd.rational(0)
        for a, b, c, d in product(*(projections(rows[i][k]) for i in range(2) for k in range(2))):
            ms = [[a, b, -a - b], [c, d, -c - d], [-a - c, -b - d, a + b + c + d]]
            if any(abs(ms[i][k]) > rows[i][k] for i in range(3) for k in range(3)):
                continue
            term = Surd.rational(1)
            for i in range(3):
                term *= wigner_3j(*rows[i], *ms[i])
                term *= wigner_3j(*(rows[k][i] for k in range(3)), *(ms[k][i] for k in range(3)))
            total += term
        assert total == wigner_9j(*(spin for row in rows for spin in row))


def test_dlmf_34_5_23_a_sum_over_three_projections() -> None:
    # (j1 j2 j3; m1 m2 m3) {j1 j2 j3; l1 l2 l3} = sum (-1)^(l1+l2+l3+m1'+m2'+m3')
    #   (j1 l2 l3; m1 m2' -m3') (l1 j2 l3; -m1' m2 m3') (l1 l2 j3; m1' -m2' m3)
    for label in random_6j(30, 4, seed=52):
        a, b, c, d, e, f = (Half(value, 2) for value in label)
        for x, y in product(projections(a), projections(b)):
            if abs(x + y) > c:
                continue
            total = Surd.rational(0)
            for u in projections(d):
                w, v = u - y, u - y - x
                if abs(w) <= f and abs(v) <= e:
                    term = wigner_3j(a, e, f, x, v, -w) * wigner_3j(d, b, f, -u, y, w)
                    total += term * wigner_3j(d, e, c, u, -v, -x - y) * sign(d + e + f + u + v + w)
            assert total == wigner_3j(a, b, c, x, y, -x - y) * wigner_6j(a, b, c, d, e, f)


def test_dlmf_34_7_1_a_9j_with_0() -> None:
    small = [spins for spins in TRIPLES if max(spins) <= Half(3, 2)]
    for (a, b, c), (d, e, f) in product(small, repeat=2):
        if f != c:
            continue
        for g in SPINS[:4]:
            if abs(a - d) <= g <= a + d and (a + d + g).denominator == 1 and abs(b - e) <= g <= b + e:
                scale = Surd.sqrt(1 / ((2 * c + 1) * (2 * g + 1)), sign(b + d + c + g))
                assert wigner_9j(a, b, c, d, e, c, g, g, 0) == scale * wigner_6j(a, b, c, e, d, g)
