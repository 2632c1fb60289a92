"""Folded coefficients: Clebsch-Gordan blocks times a square root of a rational number, rounded once, proven.

A normalised product multiplies every coefficient of a path by sqrt(square). The product of the two is again
a signed square root of a rational number, so it is rounded from its exact value, never from two rounded
factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.build.paths import second_words
from reptheory.build.proof import proven_floats
from reptheory.exact.coupling import coupling_block
from reptheory.exact.rounding import FloatName
from reptheory.immutable import immutable

__all__ = ["FoldedBlock", "folded_block"]


@dataclass(frozen=True, slots=True, eq=False)
class FoldedBlock:
    """The nonzero coefficients sqrt(square) <l1 m1 l2 m2 | l3 m3> of one path, in the real basis.

    index              (terms, 3) int64   m1 + l1, m2 + l2, m3 + l3
    float64, float32   (terms,)           correctly rounded, read-only
    numerators, denominators              of the squares, the numerator with the sign of the value
    """

    index: NDArray[np.int64]
    float64: NDArray[np.float64]
    float32: NDArray[np.float32]
    numerators: tuple[int, ...]
    denominators: tuple[int, ...]

    def remainders(self) -> NDArray[np.float64]:
        """Return the exact value of each coefficient minus its float64, rounded to nearest."""
        return second_words(self.numerators, self.denominators, 0)

    def values(self, dtype: DTypeLike) -> NDArray[Any]:
        """Return the coefficients of that dtype, float64 or float32."""
        return self.float32 if np.dtype(dtype) == np.float32 else self.float64


@lru_cache(maxsize=4096)
def folded_block(l1: int, l2: int, l3: int, square: Fraction) -> FoldedBlock:
    """Return the coefficients of a path times sqrt(square); none for square = 0.

    >>> folded_block(0, 0, 0, Fraction(1, 2)).float64
    array([0.70710678])
    """
    block = coupling_block("clebsch_gordan", l1, l2, l3)
    if not square:
        return FoldedBlock(block.indices[:0], np.zeros(0), np.zeros(0, np.float32), (), ())
    numerators = [number * square.numerator for number in block.numerators]
    denominators = [number * square.denominator for number in block.denominators]

    def rounded(form: FloatName) -> NDArray[Any]:
        distinct = sorted(set(zip(numerators, denominators, strict=True)))
        floats = proven_floats([n for n, _ in distinct], [d for _, d in distinct], 0, form)
        known = dict(zip(distinct, floats.tolist(), strict=True))
        values = [known[exact] for exact in zip(numerators, denominators, strict=True)]
        return immutable(np.array(values, dtype=form))

    exact = tuple(numerators), tuple(denominators)
    return FoldedBlock(block.indices, rounded("float64"), rounded("float32"), *exact)
