"""Rows of coupling tables: labels and integers of whole blocks, in lexicographic order.

The formulas are those of `exact/coupling.py`, in doubled spins: B[p, q] by the recursion of
`exact/square_grid.py`, modulo 2^128, so that only the result has to fit; the real orders that a complex one
leads to; the signs. Every row names what its square is a product of, for `squares.reduce_squares`.
Nothing is checked here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.two_words import add_product

__all__ = ["CLEBSCH_GORDAN", "GAUNT", "WIGNER_3J", "coupling_rows"]

WIGNER_3J, CLEBSCH_GORDAN, GAUNT = 0, 1, 2

Words = NDArray[np.uint64]
Pair = tuple[Words, Words]
"""Low and high words."""
Ints = NDArray[np.int64]
Signs = NDArray[np.int8]
Rows = NDArray[np.int32]


@part
def _polynomial(a: int, b: int, c: int, pascal: Pair, grid: Pair) -> None:
    """Write B[p, q], p <= a + c and q <= a + b, modulo 2^128."""
    zero, (low, high) = np.uint64(0), grid
    for p in range(a + c + 1):
        for q in range(a + b + 1):
            low[p, q] = high[p, q] = zero
            if p <= c and q <= b:
                words = pascal[0][c, p], pascal[1][c, p], pascal[0][b, q], pascal[1][b, q]
                low[p, q], high[p, q] = add_product(zero, zero, *words)
    for step in range(1, a + 1):
        for p in range(c + step, 0, -1):
            for q in range(b + step, 0, -1):
                less = np.uint64(low[p, q] < low[p - 1, q - 1])
                low[p, q] -= low[p - 1, q - 1]
                high[p, q] -= high[p - 1, q - 1] + less


@part
def _unit(m: int, complex_m: int) -> int:
    """Return the power of i of an entry of the change of basis; see `exact/coupling.py`."""
    if m > 0:
        return 2 * m if complex_m > 0 else 0
    if m < 0:
        return 1 - 2 * m if complex_m > 0 else 3
    return 0


@part
def _real_sign(m1: int, m2: int, m3: int, first: int, second: int, parity: int, l3: int) -> bool:
    """Whether a real entry has the other sign than B; parity is that of l1 + l2 + l3."""
    third = -(first + second)
    exponent = _unit(m1, first) + _unit(m2, second) + _unit(m3, third) + 3 * parity + 2 * ((l3 + third) & 1)
    return exponent & 3 == 2


@part
def _write(
    row: int, orders: tuple[int, int, int], spins: tuple[int, int, int], step: int, grid: Pair, p: int,
    q: int, b: int, shared: int, negative: bool, index: Rows, integers: Pair, signs: Signs, factors: Rows,
) -> int:  # fmt: skip
    """Write one row, unless it is zero; return the number of rows by now. Orders are doubled."""
    zero, low, high = np.uint64(0), grid[0][p, q], grid[1][p, q]
    if low == zero and high == zero:
        return row
    below = high >> np.uint64(63) != zero
    if below:
        low, high = ~low + np.uint64(1), ~high + np.uint64(low == zero)
    integers[0][row], integers[1][row] = low, high
    signs[row] = -1 if below != negative else 1
    factors[row, 0] = shared
    for axis, k in ((0, p), (1, q), (2, p - q + b)):
        index[row, axis], index[row, axis + 3] = spins[axis] // step, orders[axis] // step
        factors[row, axis + 1] = spins[axis] * (spins[axis] + 1) // 2 + k
    return row + 1


@compiled
def coupling_rows(
    two_js: Ints, kind: int, real: bool, step: int, pascal: Pair, shared: int, index: Rows, integers: Pair,
    signs: Signs, factors: Rows,
) -> int:  # fmt: skip
    """Write the nonzero entries of all blocks; return how many there are.

    two_js   (T, 3) doubled, each with entries
    step     what doubled labels are divided by in the index
    pascal   binomials C(n, k) modulo 2^128, n and k to the largest doubled spin
    shared   the number of the first block's own factor; others follow in twos, the second one halved
    factors  (rows, 4): block, C(2j1, p), C(2j2, q), C(2j3, s), where C(n, k) has the number n (n+1)/2 + k
    """
    most = two_js.max() + 1
    grid, row = (np.empty((most, most), np.uint64), np.empty((most, most), np.uint64)), 0
    for block in range(two_js.shape[0]):
        t1, t2, t3 = two_js[block]
        a, b, c = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2
        _polynomial(a, b, c, pascal, grid)
        half_sum, own = (a + b + c) // 2, shared + 2 * block
        if not real:
            for p in range(t1 + 1):
                for q in range(t2, -1, -1):
                    s = p - q + b
                    if 0 <= s <= t3:
                        third = s if kind == CLEBSCH_GORDAN else t3 - s
                        odd = a if kind == CLEBSCH_GORDAN else third + t1 + (half_sum if kind == GAUNT else 0)
                        orders = 2 * p - t1, t2 - 2 * q, 2 * third - t3
                        row = _write(
                            row, orders, (t1, t2, t3), step, grid, p, q, b, own, odd & 1 == 1, index,
                            integers, signs, factors,
                        )  # fmt: skip
            continue
        l1, l2, l3, parity = t1 // 2, t2 // 2, t3 // 2, (a + b + c) & 1
        turned = (kind == CLEBSCH_GORDAN and (l1 - l2) & 1 == 1) or (kind == GAUNT and half_sum & 1 == 1)
        for m1 in range(-l1, l1 + 1):
            for m2 in range(-l2, l2 + 1):
                odd = (parity + (m1 < 0) + (m2 < 0)) & 1 == 1
                first, second = abs(m1), abs(m2) if odd else -abs(m2)  # m3 ascends
                for _ in range(2 if m1 != 0 and m2 != 0 else 1):
                    size = abs(first + second)
                    m3 = -size if odd else size
                    if size <= l3 and not (odd and size == 0):
                        negative = _real_sign(m1, m2, m3, first, second, parity, l3) != turned
                        half = 1 if m1 != 0 and m2 != 0 and m3 != 0 else 0
                        row = _write(
                            row, (2 * m1, 2 * m2, 2 * m3), (t1, t2, t3), step, grid, l1 + first, l2 - second,
                            b, own + half, negative, index, integers, signs, factors,
                        )  # fmt: skip
                    second = -second
    return row
