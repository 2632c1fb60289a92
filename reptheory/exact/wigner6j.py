"""Wigner 6j symbols and Racah's W: one alternating sum of products of binomials, one square root at the end.

With the triads 1 = (j1 j2 j3), 2 = (j1 j5 j6), 3 = (j4 j2 j6), 4 = (j4 j5 j3), their sums a1, ..., a4, and
b1 = j1+j2+j4+j5, b2 = j2+j3+j5+j6, b3 = j1+j3+j4+j6,

    6j = S sqrt( T1 / (T2 T3 T4) ),    T(a b c) = (J+1) C(J, a+b-c) C(2c, c+a-b),   J = a+b+c
    S  = sum_t (-1)^t C(t+1, a1+1) C(b1-a4, t-a4) C(b2-a2, t-a2) C(b3-a3, t-a3)

over max(a) <= t <= min(b): the twelve b - a are the differences of the triads (b1-a4 = j1+j2-j3), so there is
no such t just where a triangle rule is broken. This is Racah's sum [DLMF 34.4.2], its factorials paired into
binomials; 1/T is the square of the triangle coefficient Delta. Small binomials are entries of tables, large
sums hypergeometric (`term_sums`). In sums of products of 6j symbols (`wigner9j`, `wigner12j`, `recoupling`)
the triad 1 is chosen so that the roots with summed labels cancel.

Values equal SymPy's `wigner_6j` and `racah`. SymPy raises for a triad whose sum is not whole; here that is a
selection rule like any other, as for 3j symbols, and the value is 0.
"""

from __future__ import annotations

from typing import Any, Final

from reptheory.errors import TooLarge
from reptheory.exact.factorial_products import nearest_root
from reptheory.exact.surd import ZERO, Surd, root_of
from reptheory.exact.term_sums import (
    BINOMIALS,
    MOST,
    SIGNED_DIAGONALS,
    binomial,
    binomials,
    hypergeometric_sum,
)
from reptheory.groups.labels import shown, two_spin

__all__ = [
    "Limits",
    "doubled_6j",
    "limits",
    "racah",
    "require_small",
    "small_sum",
    "sum_of_limits",
    "triad_sum",
    "triad_weight",
    "wigner_6j",
]

_LARGEST_TOTAL: Final = 10**6
Limits = tuple[int, int, int, int, int, int, int]
"""a1, a2, a3, a4, b1, b2, b3."""


def wigner_6j(j1: object, j2: object, j3: object, j4: object, j5: object, j6: object) -> Surd:
    """Return the Wigner 6j symbol {j1 j2 j3; j4 j5 j6} exactly.

    j1..j6   spins: ints or exact halves, >= 0
    returns  Surd; 0 unless (j1 j2 j3), (j1 j5 j6), (j4 j2 j6), (j4 j5 j3) are triangles with whole sums
    raises   LabelError: a label is impossible; TooLarge: allowed, and a triad adds up to more than 10^6

    >>> wigner_6j(1, 1, 1, 1, 1, 2), wigner_6j(0.5, 0.5, 1, 1, 1, 0.5)
    (1/6, -1/3)
    """
    if (
        type(j1) is int
        and type(j2) is int
        and type(j3) is int
        and type(j4) is int
        and type(j5) is int
        and type(j6) is int
    ):
        b1, b2, b3 = j1 + j2 + j4 + j5, j2 + j3 + j5 + j6, j1 + j3 + j4 + j6
        symbol = _symbol(j1 + j2 + j3, j1 + j5 + j6, j4 + j2 + j6, j4 + j5 + j3, b1, b2, b3)
        if symbol is not ZERO or min(j1, j2, j3, j4, j5, j6) >= 0:
            return symbol
    return doubled_6j(
        two_spin(j1, "j1"),
        two_spin(j2, "j2"),
        two_spin(j3, "j3"),
        two_spin(j4, "j4"),
        two_spin(j5, "j5"),
        two_spin(j6, "j6"),
    )


def racah(aa: object, bb: object, cc: object, dd: object, ee: object, ff: object) -> Surd:
    """Return Racah's W(aa bb cc dd; ee ff) = (-1)^(aa+bb+cc+dd) {aa bb ee; dd cc ff}, as SymPy's `racah`.

    It recouples (aa bb)ee dd -> aa (bb dd)ff to the total cc; arguments and errors as for `wigner_6j`.

    >>> racah(1, 1, 1, 1, 1, 2), racah(0.5, 0.5, 1, 1, 1, 0.5)
    (1/6, 1/3)
    """
    two_a, two_b, two_c = two_spin(aa, "aa"), two_spin(bb, "bb"), two_spin(cc, "cc")
    two_d, two_e, two_f = two_spin(dd, "dd"), two_spin(ee, "ee"), two_spin(ff, "ff")
    symbol = doubled_6j(two_a, two_b, two_e, two_d, two_c, two_f)
    return -symbol if (two_a + two_b + two_c + two_d) & 2 else symbol


def doubled_6j(two_j1: int, two_j2: int, two_j3: int, two_j4: int, two_j5: int, two_j6: int) -> Surd:
    """Return one 6j symbol of doubled labels that are possible (unchecked)."""
    if (two_j1 + two_j2 + two_j3) % 2 or (two_j1 + two_j5 + two_j6) % 2 or (two_j4 + two_j2 + two_j6) % 2:
        return ZERO  # the fourth sum is whole where these are
    return _symbol(*limits(two_j1, two_j2, two_j3, two_j4, two_j5, two_j6))


def limits(two_j1: int, two_j2: int, two_j3: int, two_j4: int, two_j5: int, two_j6: int) -> Limits:
    """Return a1, ..., b3 of the module docstring for doubled labels whose triads have whole sums.

    >>> limits(2, 2, 2, 2, 2, 4)
    (3, 4, 4, 3, 4, 5, 5)
    """
    left, middle, right = two_j1 + two_j4, two_j2 + two_j5, two_j3 + two_j6
    return (
        (two_j1 + two_j2 + two_j3) // 2,
        (two_j1 + two_j5 + two_j6) // 2,
        (two_j4 + two_j2 + two_j6) // 2,
        (two_j4 + two_j5 + two_j3) // 2,
        (left + middle) // 2,
        (middle + right) // 2,
        (left + right) // 2,
    )


def _symbol(a1: int, a2: int, a3: int, a4: int, b1: int, b2: int, b3: int) -> Surd:
    """Return one 6j symbol; 0 where a triangle rule forbids it."""
    total = small_sum(a1, a2, a3, a4, b1, b2, b3)
    if total:
        return root_of(1 if total > 0 else -1, _square, (total, a1, a2, a3, a4, b1, b2, b3))
    return ZERO if total == 0 else _large_symbol((a1, a2, a3, a4, b1, b2, b3))


def _large_symbol(sums: Limits) -> Surd:
    """Return one 6j symbol beyond the tables."""
    first, last = max(sums[:4]), min(sums[4:])
    require_small("wigner_6j", first)
    total, divisor = _large_sum(sums, first, last)
    if total == 0:
        return ZERO
    sign = 1 if (total > 0) != first % 2 else -1
    return root_of(sign, _LARGE, (total, divisor, first, sums))


def small_sum(a1: int, a2: int, a3: int, a4: int, b1: int, b2: int, b3: int) -> int | None:
    """Return S by tables of binomials: 0 where a triangle rule is broken, None beyond the tables."""
    first = a1 if a1 > a2 else a2  # as max() and min() would do, without their calls
    first = a3 if a3 > first else first
    first = a4 if a4 > first else first
    last = b1 if b1 < b2 else b2
    last = b3 if b3 < last else last
    if first > last:
        return 0
    if last >= MOST:
        return None
    w, x, y, z = SIGNED_DIAGONALS[a1], BINOMIALS[b1 - a4], BINOMIALS[b2 - a2], BINOMIALS[b3 - a3]
    total = w[first - a1] * x[first - a4] * y[first - a2] * z[first - a3]
    while first < last:
        first += 1
        total += w[first - a1] * x[first - a4] * y[first - a2] * z[first - a3]
    return total


def _large_sum(sums: Limits, first: int, last: int) -> tuple[Any, Any]:
    """Return (T, D): S is its term t = first times T / D."""
    a1, a2, a3, a4, b1, b2, b3 = (first - limit for limit in sums)
    return hypergeometric_sum(last - first, (first + 2, b1, b2, b3), (a1 + 1, a2 + 1, a3 + 1, a4 + 1))


def _first_term(sums: Limits, first: int) -> Any:
    """Return the absolute value of the term t = first."""
    a1, a2, a3, a4, b1, b2, b3 = sums
    term = binomial(first + 1, a1 + 1) * binomial(b1 - a4, first - a4)
    return term * binomial(b2 - a2, first - a2) * binomial(b3 - a3, first - a3)


def _square(total: Any, a1: int, a2: int, a3: int, a4: int, b1: int, b2: int, b3: int) -> tuple[Any, Any]:
    """Return the square of a 6j symbol, (numerator, denominator), of S and its sums."""
    rows = binomials(b3)  # where a triangle is not broken, every b is at least every a
    top = total * total * _weight(rows, a1, b1 - a4, b2 - a2)
    bottom = _weight(rows, a2, b1 - a3, b2 - a1) * _weight(rows, a3, b1 - a2, b2 - a4)
    return top, bottom * _weight(rows, a4, b1 - a1, b2 - a3)


class _LargeSquare:
    """The square of a symbol whose S, up to its sign, is its first term times total / divisor."""

    def __call__(self, total: Any, divisor: Any, first: int, sums: Limits) -> tuple[int, int]:
        """Return (numerator, denominator)."""
        top, bottom = _square(_first_term(sums, first) * total // divisor, *sums)
        return int(top), int(bottom)

    def nearest(self, pi_power: int, total: Any, divisor: Any, first: int, sums: Limits) -> float | None:
        """Return the double nearest to the root, from factorials; None where their leading bits do not tell.

        Written out, 6j^2 = (sum_t (-1)^t (t+1)! / (prod (t-a)! prod (b-t)!))^2 prod (b-a)! / prod (a+1)!.
        """
        least, most = sums[:4], sums[4:]
        factorials = tuple(b - a for b in most for a in least), tuple(a + 1 for a in least)
        below = (*(first - a for a in least), *(b - first for b in most))
        return nearest_root((total, divisor), (1, 1), factorials, ((first + 1,), below), pi_power)


_LARGE: Final = _LargeSquare()


def _weight(rows: Any, total: int, x: int, y: int) -> Any:
    """Return (total + 1)! / (x! y! (total - x - y)!) by rows of binomials."""
    return (total + 1) * rows[total][x] * rows[total - x][y]


def triad_weight(two_a: int, two_b: int, two_c: int) -> int:
    """Return T = (a+b+c+1)! / ((a+b-c)! (a-b+c)! (b+c-a)!) of an admissible triad (unchecked).

    >>> triad_weight(2, 2, 2)
    24
    """
    total = (two_a + two_b + two_c) // 2
    return int(_weight(binomials(total), total, total - two_a, total - two_b))


def triad_sum(two_j1: int, two_j2: int, two_j3: int, two_j4: int, two_j5: int, two_j6: int) -> int:
    """Return S of the module docstring for four admissible triads (unchecked), the first one (j1 j2 j3).

    >>> triad_sum(2, 2, 2, 2, 2, 4)
    5
    """
    return sum_of_limits(*limits(two_j1, two_j2, two_j3, two_j4, two_j5, two_j6))


def sum_of_limits(a1: int, a2: int, a3: int, a4: int, b1: int, b2: int, b3: int) -> int:
    """Return S of the module docstring of `limits` (unchecked); 0 where a triangle rule is broken."""
    total = small_sum(a1, a2, a3, a4, b1, b2, b3)
    return _long_sum((a1, a2, a3, a4, b1, b2, b3)) if total is None else total


def _long_sum(sums: Limits) -> int:
    """Return S beyond the tables."""
    first, last = max(sums[:4]), min(sums[4:])
    total, divisor = _large_sum(sums, first, last)
    total = int(_first_term(sums, first) * total // divisor)
    return -total if first % 2 else total


def require_small(what: str, total: int) -> None:
    """Raise TooLarge if spins that add up to `total` have integers of too many bits."""
    if total > _LARGEST_TOTAL:
        raise TooLarge(
            f"{what}: spins that add up to {shown(total)} need integers of about as many bits; "
            f"the limit is {_LARGEST_TOTAL}; choose smaller spins"
        )
