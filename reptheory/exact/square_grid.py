"""Whole blocks of Wigner 3j symbols: the polynomial of `three_spins` by a Pascal recursion, on arrays.

With the notation there, a block (2j1+1, 2j2+1, 2j3+1) is one array of integers B[p, q], |B| <= 2^J, and three
rows of binomials that divide the radicands.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb, gcd, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import COMPLEX
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.three_spins import admissible, pair_degrees
from reptheory.groups.labels import shown, two_spin

__all__ = [
    "SquareGrid",
    "block_of_grid",
    "fits_word",
    "polynomial",
    "require_block",
    "square_grid",
    "wigner_3j_array",
]

_WORD = (1 << 64) - 1


def wigner_3j_array(j1: object, j2: object, j3: object) -> SurdArray:
    """Return all symbols of three spins: shape (2j1+1, 2j2+1, 2j3+1), indices m1+j1, m2+j2, m3+j3.

    raises  LabelError: a spin is impossible; TooLarge

    >>> wigner_3j_array(1, 1, 1)[0, 1, 2]
    √(1/6)
    """
    two_js = two_spin(j1, "j1"), two_spin(j2, "j2"), two_spin(j3, "j3")
    if not admissible(*two_js):
        shape = tuple(two_j + 1 for two_j in two_js)
        return SurdArray(shape, np.zeros((0, 3), np.int64), (), (), convention=COMPLEX)
    return block_of_grid(square_grid(*two_js))


def block_of_grid(grid: SquareGrid) -> SurdArray:
    """Return the symbols of one triple of spins from their parts."""
    two_j1, two_j2, two_j3 = (len(binomials) - 1 for binomials in grid.binomials)
    p, q = np.nonzero(grid.coefficients)
    third = two_j3 - (p - q + grid.b)
    negative = (third + two_j1) % 2 != (grid.coefficients[p, q] < 0)
    signs = np.where(negative, -1, 1).tolist()
    squares = grid.squares(p.tolist(), q.tolist())
    return SurdArray(
        (two_j1 + 1, two_j2 + 1, two_j3 + 1),
        np.stack([p, two_j2 - q, third], axis=1),
        [sign * top for sign, (top, _) in zip(signs, squares, strict=True)],
        [bottom for _, bottom in squares],
        convention=COMPLEX,
    )


def require_block(two_j1: int, two_j2: int, two_j3: int) -> None:
    """Raise TooLarge if a block of three doubled spins that couple would not fit in memory."""
    spins = ", ".join(shown(two_j) for two_j in (two_j1, two_j2, two_j3))
    require_room((two_j1 + 1) * (two_j2 + 1), 2 * (two_j1 + two_j2 + two_j3), f"coupling 2j = {spins}")


def polynomial(two_j1: int, two_j2: int, two_j3: int) -> NDArray[Any]:
    """Return B[p, q] of `three_spins` for an admissible triple of doubled spins.

    returns  (2j1+1, 2j2+1), int64 where B is proven to fit, otherwise Python ints (object)
    raises   TooLarge

    >>> polynomial(2, 2, 2).tolist()
    [[1, 1, 0], [1, 0, -1], [0, -1, -1]]
    """
    require_block(two_j1, two_j2, two_j3)
    a, b, c = pair_degrees(two_j1, two_j2, two_j3)
    kind: Any = (
        np.uint64 if fits_word(two_j1, two_j2, two_j3) else object
    )  # words wrap on the way, the result does not
    mask = _WORD if kind is np.uint64 else -1
    table = np.zeros((a + c + 1, a + b + 1), dtype=kind)
    rows = np.array([comb(c, p) & mask for p in range(c + 1)], dtype=kind)
    columns = np.array([comb(b, q) & mask for q in range(b + 1)], dtype=kind)
    table[: c + 1, : b + 1] = rows[:, None] * columns[None, :]
    for step in range(1, a + 1):
        table[1 : c + step + 1, 1 : b + step + 1] -= table[: c + step, : b + step]
    return table.view(np.int64) if kind is np.uint64 else table


def fits_word(two_j1: int, two_j2: int, two_j3: int, bits: int = 63) -> bool:
    """Whether |B| < 2^bits for an admissible triple, by the bounds 1 and 3 of docs/proofs/pascal.md."""
    a, b, c = pair_degrees(two_j1, two_j2, two_j3)
    total = a + b + c
    if total < bits:
        return True
    middles = (comb(two_j, two_j // 2) for two_j in (two_j1, two_j2, two_j3))
    above = (total + 1) * comb(total, a) * prod(middles)
    return above < (max(two_j1, two_j2, two_j3) + 1) * comb(two_j1, c) * comb(two_j2, b) << 2 * bits


@dataclass(frozen=True, slots=True)
class SquareGrid:
    """The parts of all 3j symbols of one triple of spins, times sqrt(factor): B and the separable radicand.

    coefficients  B[p, q], see `polynomial`
    b             s = p - q + b
    top, bottom   the part of the radicand that is the same for every entry
    binomials     C(2j1, .), C(2j2, .), C(2j3, .), which divide the radicand
    """

    coefficients: NDArray[Any]
    b: int
    top: int
    bottom: int
    binomials: tuple[list[int], list[int], list[int]]

    def squares(self, p: list[int], q: list[int]) -> list[tuple[int, int]]:
        """Return (numerator, denominator) of the squared entries at B[p, q], in lowest terms."""
        first, second, third = self.binomials
        rows: list[list[int]] = self.coefficients.tolist()
        squares: list[tuple[int, int]] = []
        for row, column in zip(p, q, strict=True):
            top = rows[row][column] ** 2 * self.top
            bottom = self.bottom * first[row] * second[column] * third[row - column + self.b]
            common = gcd(top, bottom)
            squares.append((top // common, bottom // common))
        return squares


def square_grid(
    two_j1: int,
    two_j2: int,
    two_j3: int,
    factor: Fraction = Fraction(1),
    coefficients: NDArray[Any] | None = None,
) -> SquareGrid:
    """Return the parts of every symbol of an admissible triple, its square multiplied by factor > 0.

    coefficients  B[p, q] where the caller has it; None: `polynomial`
    """
    if coefficients is None:
        coefficients = polynomial(two_j1, two_j2, two_j3)
    a, b, c = pair_degrees(two_j1, two_j2, two_j3)
    total = a + b + c
    common = factor * Fraction(comb(two_j1, c) * comb(two_j2, b), (total + 1) * comb(total, a))
    return SquareGrid(
        coefficients,
        b,
        common.numerator,
        common.denominator,
        (_binomials(two_j1), _binomials(two_j2), _binomials(two_j3)),
    )


def _binomials(n: int) -> list[int]:
    return [comb(n, k) for k in range(n + 1)]
