"""One coefficient of three coupled spins: its integer, and its radicand in each of the kinds.

With a = j1+j2-j3, b = j2+j3-j1, c = j1+j3-j2, J = a+b+c, p = j1+m1, q = j2-m2, s = j3-m3 (so s = p-q+b):

    3j = (-1)^(2 j1 + j3 + m3) B sqrt( C(2j1,c) C(2j2,b) / ((J+1) C(J,a) C(2j1,p) C(2j2,q) C(2j3,s)) )
    B  = [x^p y^q] (1 - x y)^a (1 + x)^c (1 + y)^b = sum_k (-1)^k C(a,k) C(c,p-k) C(b,q-k)

The sum is Racah's [DLMF 34.2.4] with its factorials paired into binomials; the polynomial is its
generating function (Schwinger 1952, Regge 1958). |B| <= 2^J. Small binomials are entries of tables; beyond,
B is its first term times a hypergeometric sum T / D (`term_sums`), and the surd multiplies them out only when
its radicand is asked for: 1 us at j = 20, 0.15 ms at 2000.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from reptheory.errors import TooLarge
from reptheory.exact.factorial_products import nearest_root
from reptheory.exact.surd import ZERO, Surd, root_of
from reptheory.exact.term_sums import (
    BINOMIALS,
    MOST,
    SIGNED_BINOMIALS,
    binomial,
    binomials,
    hypergeometric_sum,
)
from reptheory.groups.labels import shown

__all__ = [
    "CLEBSCH_GORDAN",
    "GAUNT",
    "REAL_GAUNT",
    "THREE_J",
    "Kind",
    "admissible",
    "coupled",
    "pair_degrees",
    "parity_3j",
]

_LARGEST_TOTAL: Final = 10**6


class Kind(NamedTuple):
    """What the square of a coefficient is: the square of the 3j symbol times numerator / denominator.

    factor  a, b, c -> (numerator, denominator), besides a power of pi
    parity  whether the square of 3j(0 0 0) is another factor
    square  B, a, b, c, p, q -> both factors times the square of the symbol, as (numerator, denominator)
    """

    factor: Callable[[int, int, int], tuple[int, int]]
    parity: bool
    square: Callable[[Any, int, int, int, int, int], tuple[Any, Any]]


def admissible(two_j1: int, two_j2: int, two_j3: int) -> bool:
    """Whether three doubled spins satisfy the triangle rule with a whole sum."""
    return abs(two_j1 - two_j2) <= two_j3 <= two_j1 + two_j2 and (two_j1 + two_j2 + two_j3) % 2 == 0


def pair_degrees(two_j1: int, two_j2: int, two_j3: int) -> tuple[int, int, int]:
    """Return a = j1+j2-j3, b = j2+j3-j1, c = j1+j3-j2."""
    return (two_j1 + two_j2 - two_j3) // 2, (two_j2 + two_j3 - two_j1) // 2, (two_j1 + two_j3 - two_j2) // 2


def coupled(kind: Kind, a: int, b: int, c: int, p: int, q: int, odd: int, pi_power: int = 0) -> Surd:
    """Return (-1)^odd sign(B) sqrt(square * pi^pi_power) of a kind; the orders add up to 0 (unchecked).

    returns  ZERO too where the triangle rule or a bound |m| <= j is broken: there is no such k just then
    raises   TooLarge: J > 10^6
    """
    first = p - c if p > c else 0  # as max() and min() would do, without their calls
    first = q - b if q - b > first else first
    last = a if a < p else p
    last = q if q < last else last
    if first > last:
        return ZERO
    if a > MOST or b > MOST or c > MOST:
        return _large(kind, a, b, c, p, q, first, last - first, odd, pi_power)
    left, middle, right = SIGNED_BINOMIALS[a], BINOMIALS[c], BINOMIALS[b]
    total = left[first] * middle[p - first] * right[q - first]
    while first < last:
        first += 1
        total += left[first] * middle[p - first] * right[q - first]
    if total == 0:
        return ZERO
    return root_of(-1 if (total < 0) != odd % 2 else 1, kind.square, (total, a, b, c, p, q), pi_power)


def _large(
    kind: Kind, a: int, b: int, c: int, p: int, q: int, first: int, steps: int, odd: int, pi_power: int
) -> Surd:
    """Return `coupled` by the sum from k = first over `steps` ratios of neighbouring terms."""
    if a + b + c > _LARGEST_TOTAL:
        raise TooLarge(
            f"j1+j2+j3 = {shown(a + b + c)} needs integers of about as many bits; "
            f"the limit is {_LARGEST_TOTAL}; choose smaller spins"
        )
    tops = first - a, first - p, first - q
    total, divisor = hypergeometric_sum(steps, tops, (first + 1, first + c - p + 1, first + b - q + 1))
    if total == 0:
        return ZERO
    sign = -1 if (total < 0) != (odd + first) % 2 else 1
    return root_of(sign, _LARGE, (kind, total, divisor, first, a, b, c, p, q), pi_power)


class _LargeSquare:
    """The square of a coefficient whose B, up to its sign, is its first term times total / divisor."""

    def __call__(
        self, kind: Kind, total: Any, divisor: Any, first: int, a: int, b: int, c: int, p: int, q: int
    ) -> tuple[int, int]:
        """Return (numerator, denominator)."""
        term = binomial(a, first) * binomial(c, p - first) * binomial(b, q - first)
        top, bottom = kind.square(term * total // divisor, a, b, c, p, q)
        return int(top), int(bottom)

    def nearest(
        self,
        pi_power: int,
        kind: Kind,
        total: Any,
        divisor: Any,
        first: int,
        a: int,
        b: int,
        c: int,
        p: int,
        q: int,
    ) -> float | None:
        """Return the double nearest to the root, from factorials; None where their leading bits do not tell.

        3j^2 = B^2 p! (2j1-p)! q! (2j2-q)! s! (2j3-s)! / (a! b! c! (J+1)!), the binomials written out.
        """
        s, total_spin = p - q + b, a + b + c
        above: tuple[int, ...] = (p, a + c - p, q, a + b - q, s, b + c - s, a, b, c)
        below: tuple[int, ...] = (total_spin + 1,)
        squares_above: tuple[int, ...] = ()
        squares_below: tuple[int, ...] = (
            first,
            a - first,
            p - first,
            c - p + first,
            q - first,
            b - q + first,
        )
        if kind.parity:
            above, below = (*above, a, b, c), (*below, total_spin + 1)
            squares_above = (total_spin // 2,)
            squares_below = (*squares_below, a // 2, b // 2, c // 2)
        factorials, squares = (above, below), (squares_above, squares_below)
        return nearest_root((total, divisor), kind.factor(a, b, c), factorials, squares, pi_power)


_LARGE: Final = _LargeSquare()


def _square_of_3j(coefficient: Any, a: int, b: int, c: int, p: int, q: int) -> tuple[Any, Any]:
    """Return the square of a 3j symbol, (numerator, denominator)."""
    total = a + b + c
    rows = binomials(total)
    first, second, third = rows[a + c], rows[a + b], rows[b + c]
    bottom = (total + 1) * rows[total][a] * first[p] * second[q] * third[p - q + b]
    return first[c] * second[b] * coefficient * coefficient, bottom


def _square_of_clebsch_gordan(coefficient: Any, a: int, b: int, c: int, p: int, q: int) -> tuple[Any, Any]:
    """Return (2 j3 + 1) times the square of the 3j symbol."""
    top, bottom = _square_of_3j(coefficient, a, b, c, p, q)
    return (b + c + 1) * top, bottom


def _square_of_gaunt(coefficient: Any, a: int, b: int, c: int, p: int, q: int) -> tuple[Any, Any]:
    """Return pi times the square of a Gaunt coefficient: see `gaunt`."""
    top, bottom = _square_of_3j(coefficient, a, b, c, p, q)
    _, above, below = parity_3j((a + c) // 2, (a + b) // 2, (b + c) // 2)
    return top * above * ((a + c + 1) * (a + b + 1) * (b + c + 1)), 4 * bottom * below


def _square_of_real_gaunt(coefficient: Any, a: int, b: int, c: int, p: int, q: int) -> tuple[Any, Any]:
    """Return half of `_square_of_gaunt`."""
    top, bottom = _square_of_gaunt(coefficient, a, b, c, p, q)
    return top, 2 * bottom


def parity_3j(l1: int, l2: int, l3: int) -> tuple[int, Any, Any]:
    """Return (sign, numerator, denominator) of 3j(l1 l2 l3; 0 0 0) and its square; sign 0 if the sum is odd.

    With g = (l1+l2+l3)/2 and (n; a, b, c) a multinomial coefficient, the symbol is
    (-1)^g (g; g-l1, g-l2, g-l3) / sqrt((2g+1) (2g; 2g-2l1, 2g-2l2, 2g-2l3))
    [Edmonds, Angular Momentum in Quantum Mechanics, 1957, eq. 3.7.17].
    """
    g, odd = divmod(l1 + l2 + l3, 2)
    if odd:
        return 0, 0, 1
    small = binomial(g, l1) * binomial(l1, g - l2)
    large = binomial(2 * g, 2 * l1) * binomial(2 * l1, 2 * (g - l2))
    return (-1) ** g, small * small, (2 * g + 1) * large


def _one(_a: int, _b: int, _c: int) -> tuple[int, int]:
    return 1, 1


def _dimension(_a: int, b: int, c: int) -> tuple[int, int]:
    """Return 2 j3 + 1."""
    return b + c + 1, 1


def _dimensions(a: int, b: int, c: int) -> tuple[int, int]:
    """Return (2 l1 + 1)(2 l2 + 1)(2 l3 + 1) / 4."""
    return (a + c + 1) * (a + b + 1) * (b + c + 1), 4


def _half_dimensions(a: int, b: int, c: int) -> tuple[int, int]:
    return (a + c + 1) * (a + b + 1) * (b + c + 1), 8


THREE_J: Final = Kind(_one, False, _square_of_3j)
CLEBSCH_GORDAN: Final = Kind(_dimension, False, _square_of_clebsch_gordan)
GAUNT: Final = Kind(_dimensions, True, _square_of_gaunt)
REAL_GAUNT: Final = Kind(_half_dimensions, True, _square_of_real_gaunt)
"""Of three real harmonics with m != 0."""
