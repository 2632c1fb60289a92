"""Chains of couplings ((l1 l2) l3) ... in the real basis, as integers times one square root.

With E(l, m) = (l + m)! (l - m)! (2 - [m = 0]) a real Clebsch-Gordan coefficient is D sqrt(E1 E2 / E3) times a
rational number, D the same for all orders of a path: so it is for complex ones [van der Waerden's form of the
3j symbol], and a real one is at most one of them times a root of 2. In a product of coefficients summed over
the orders of intermediates their E cancel, so that sums of integers are all there is to do.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import factorial, gcd, isqrt, lcm
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.coupling import coupling_block

__all__ = ["Chain", "coupling_chain", "weights_of"]

Array = NDArray[Any]


class Chain(NamedTuple):
    """Coupled irreps as sqrt(square) sqrt(E1 E2 ... / E) times integers: int64, or objects if too large."""

    values: Array
    square: Fraction


@lru_cache(maxsize=1024)
def weights_of(l: int) -> tuple[int, ...]:  # noqa: E741
    """Return E(l, m) for m = -l, ..., l."""
    return tuple(factorial(l + m) * factorial(l - m) * (2 if m else 1) for m in range(-l, l + 1))


@lru_cache(maxsize=1024)
def _integers(l1: int, l2: int, l3: int) -> Chain:
    """Return the integers of one block: roots of squares of rational numbers, over their common factor."""
    block = coupling_block("clebsch_gordan", l1, l2, l3)
    first, second, third = weights_of(l1), weights_of(l2), weights_of(l3)
    squares = [
        Fraction(abs(top) * third[k], bottom * first[i] * second[j])
        for (i, j, k), top, bottom in zip(
            block.indices.tolist(), block.numerators, block.denominators, strict=True
        )
    ]
    ratios = [square / squares[0] for square in squares]
    roots = [Fraction(isqrt(ratio.numerator), isqrt(ratio.denominator)) for ratio in ratios]
    if any(root * root != ratio for root, ratio in zip(roots, ratios, strict=True)):
        raise ArithmeticError(f"coupling_chain: the block ({l1}, {l2}, {l3}) has no common root")
    scale = lcm(*(root.denominator for root in roots))
    whole_roots = [int(root * scale) for root in roots]
    shared = gcd(*whole_roots)
    values = np.zeros(block.shape, dtype=object)
    for (i, j, k), root, top in zip(block.indices.tolist(), whole_roots, block.numerators, strict=True):
        values[i, j, k] = root // shared if top > 0 else -root // shared
    small = max(map(abs, values.flat)) < 2**31
    return Chain(values.astype(np.int64) if small else values, squares[0] * Fraction(shared, scale) ** 2)


@lru_cache(maxsize=64)
def coupling_chain(ls: tuple[int, ...], reached: tuple[int, ...]) -> Chain:
    """Couple irreps one after another: axes m1, ..., mn, and that of the result.

    ls, reached   degrees of the irreps, and of what each step reaches
    """
    if len(ls) == 1:
        return Chain(np.eye(2 * ls[0] + 1, dtype=np.int64), Fraction(1))
    before, step = coupling_chain(ls[:-1], reached[:-1]), _integers(reached[-2], ls[-1], reached[-1])
    left, right = before.values, step.values
    if _largest(left) * _largest(right) * len(right) >= 2**53:
        left, right = left.astype(object), right.astype(object)
    return Chain(np.tensordot(left, right, axes=(-1, 0)), before.square * step.square)


def _largest(values: Array) -> int:
    return int(np.abs(values).max(initial=0))
