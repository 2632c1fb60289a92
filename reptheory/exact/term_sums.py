"""Alternating sums of products of binomials, by rows of Pascal's triangle or by exact ratios of terms.

Where the binomials are small their rows are tables (made once, never changed), and a term is a product of
entries. Beyond, a sum whose terms have rational ratios is split in blocks:

    sum_{k=0}^{n} prod_{i<k} N_i / D_i = T / D,    N_i = prod_u (u + i),  D_i = prod_v (v + i),

a terminating hypergeometric series at 1. A block of steps has P = prod N_i, D = prod D_i and T, and two
neighbours join as (P1 P2, D1 D2, T1 D2 + P1 T2): multiplications stay balanced and nothing is divided
(binary splitting: Brent, J. ACM 23 (1976) 242). Long sums are joined in FLINT's integers.
"""

from __future__ import annotations

from math import comb, prod
from typing import Any, Final

__all__ = [
    "BINOMIALS",
    "MOST",
    "SIGNED_BINOMIALS",
    "SIGNED_DIAGONALS",
    "binomial",
    "binomials",
    "hypergeometric_sum",
]

MOST: Final = 81
"""The last row of the tables: it serves every 3j and 6j symbol with labels up to 20."""

BINOMIALS: Final = tuple(tuple(comb(n, k) for k in range(n + 1)) for n in range(MOST + 1))
"""C(n, k) for n <= MOST."""

SIGNED_BINOMIALS: Final = tuple(tuple(-c if k % 2 else c for k, c in enumerate(row)) for row in BINOMIALS)
"""(-1)^k C(n, k) for n <= MOST."""

SIGNED_DIAGONALS: Final = tuple(
    tuple(-comb(t + 1, k + 1) if t % 2 else comb(t + 1, k + 1) for t in range(k, MOST)) for k in range(MOST)
)
"""(-1)^t C(t + 1, k + 1) for k <= t < MOST, by k."""

_BLOCK: Final = 32
_LONG: Final = 100
_LARGE: Final = 400


def hypergeometric_sum(steps: int, tops: tuple[int, ...], bottoms: tuple[int, ...]) -> tuple[Any, Any]:
    """Return (T, D) of the module docstring: n = steps, u in tops, v in bottoms (no D_i is 0).

    returns  ints, or `flint.fmpz` for long sums; D has the sign of prod D_i

    >>> hypergeometric_sum(2, (-2,), (1,))  # 1 - 2 + 1
    (0, 2)
    """
    if steps == 0:
        return 1, 1
    numerators, denominators = _products(steps, tops), _products(steps, bottoms)
    kind = _integers(steps)
    blocks = []
    for start in range(0, steps, _BLOCK):
        some, others = numerators[start : start + _BLOCK], denominators[start : start + _BLOCK]
        last = start + _BLOCK >= steps
        total, product = int(last), 1  # the term after the last step ends the sum
        for numerator, denominator in zip(reversed(some), reversed(others), strict=True):
            product *= denominator
            total = product + numerator * total
        blocks.append((None if last else kind(prod(some)), kind(product), kind(total)))
    while len(blocks) > 1:
        blocks = _joined(blocks)
    _, product, total = blocks[0]
    return total, product


def _integers(steps: int) -> Any:
    """Return the type of integers that a sum is joined in."""
    if steps <= _LONG:
        return int
    import flint  # noqa: PLC0415  (an extension module: only long sums load it)

    return flint.fmpz


def _products(steps: int, starts: tuple[int, ...]) -> list[int]:
    """Return prod_u (u + i) for i = 0, ..., steps - 1, with u in starts."""
    products = list(range(starts[0], starts[0] + steps))
    for start in starts[1:]:
        factors = range(start, start + steps)
        products = [product * factor for product, factor in zip(products, factors, strict=True)]
    return products


def _joined(blocks: list[tuple[Any, Any, Any]]) -> list[tuple[Any, Any, Any]]:
    """Join neighbours (P, D, T); the last block of all has no P, and the odd one stays as it is."""
    pairs = zip(blocks[::2], blocks[1::2], strict=False)
    joined = [
        (None if p2 is None else p1 * p2, d1 * d2, t1 * d2 + p1 * t2) for (p1, d1, t1), (p2, d2, t2) in pairs
    ]
    if len(blocks) % 2:
        joined.append(blocks[-1])
    return joined


def binomial(n: int, k: int) -> Any:
    """Return C(n, k), 0 <= k <= n: an int, or a `flint.fmpz` where that is much faster."""
    if n <= MOST:
        return BINOMIALS[n][k]
    if n < _LARGE:
        return comb(n, k)
    from flint import fmpz  # noqa: PLC0415

    return fmpz.bin_uiui(n, k)


def binomials(most: int) -> Any:
    """Return rows with rows[n][k] = C(n, k), n <= most: the tables, or what counts each when it is asked for.

    >>> binomials(4)[4][2] + binomials(100)[4][2]
    12
    """
    return BINOMIALS if most <= MOST else _ROWS


class _Row:
    """One row of Pascal's triangle, as a table of it would be read."""

    __slots__ = ("_n",)

    def __init__(self, n: int) -> None:
        self._n = n

    def __getitem__(self, k: int) -> Any:
        return binomial(self._n, k)


class _Rows:
    """Pascal's triangle without an end."""

    __slots__ = ()

    def __getitem__(self, n: int) -> _Row:
        return _Row(n)


_ROWS: Final = _Rows()
