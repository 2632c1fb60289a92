"""Weighted maps: a product with instructions as two exact maps, copies coupled, then mixed by weights.

c = couple(x, y)      copies (u, v), or u, of each instruction coupled, times its exact factor
z = mix(c, w)         added up, times their weights; behind the weights stands the number 1
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.operations.exact_maps import ExactMap, Pairs, constant, joined
from reptheory.operations.instructions import Instruction
from reptheory.operations.weighted_plan import WeightedSpec, letter_strides

__all__ = ["WeightedMaps"]

Array = NDArray[Any]


class WeightedMaps:
    """The exact maps of a product with instructions."""

    def __init__(self, spec: WeightedSpec) -> None:
        numel = spec.weight_starts[-1]
        coupled: list[Array] = [np.zeros((5, 0))]
        mixed: list[Array] = [np.zeros((3, 0), np.int64)]
        dim = 0
        for one, start in zip(spec.instructions, spec.weight_starts, strict=False):
            made = _Copies(spec, one, dim)
            coupled.append(made.coupled())
            mixed.append(made.mixed(start if one.has_weight else None, numel))
            dim += made.dim
        *places, high, low = np.concatenate(coupled, axis=1)
        self.couple = ExactMap((*spec.dims[:2], dim), places, high, low)
        self.mix = ExactMap((dim, numel + 1, spec.dims[2]), np.concatenate(mixed, axis=1))

    def __call__(self, x: Pairs, y: Pairs, weight: Pairs) -> Pairs:
        """Return the product."""
        return self.mix(self.couple(x, y), joined([weight, constant(x)]))

    @property
    def terms(self) -> int:
        """How many terms a sample has."""
        return self.couple.terms + self.mix.terms


class _Copies:
    """The coupled copies of one instruction, from row `first` on: copies outside, orders inside."""

    def __init__(self, spec: WeightedSpec, one: Instruction, first: int) -> None:
        self._sides = [spec.side(one, operand) for operand in range(3)]
        self._sizes, self._block, self._letters = spec.sizes(one), spec.block(one), one.letters
        self._pair = "".join(dict.fromkeys(one.letters.in1 + one.letters.in2))
        self._first, self._orders = first, self._sides[2].dim
        self.dim = prod(self._sizes[letter] for letter in self._pair) * self._orders

    def _over(self, letters: str) -> dict[str, Array]:
        """Return the value of each letter at every choice of copies, (choices, 1)."""
        grid = np.indices([self._sizes[letter] for letter in letters])
        return dict(zip(letters, grid.reshape(len(letters), -1, 1), strict=True))

    def _place(self, copies: dict[str, Array], strides: dict[str, int]) -> Array:
        return np.asarray(sum(copies[letter] * stride for letter, stride in strides.items()))

    def coupled(self) -> Array:
        """Return the terms of all coupled copies: places in x, y and here, and both words, (5, terms)."""
        copies, block = self._over(self._pair), self._block
        own = letter_strides(self._pair, self._sizes, self._orders)
        places = [
            side.start + self._place(copies, side.strides) + side.order * orders
            for side, orders in zip(self._sides[:2], block.index.T, strict=False)
        ]
        places.append(self._first + self._place(copies, own) + block.index[:, 2])
        rows = np.broadcast_arrays(*places, block.float64, block.remainders())
        return np.array([row.ravel() for row in rows], dtype=np.float64)

    def mixed(self, start: int | None, numel: int) -> Array:
        """Return the terms of the result: places here, among the weights and in z, (3, terms).

        start   of its weights; None: it has none, and the number 1 at `numel` stands for them
        """
        copies = self._over("".join(dict.fromkeys(self._pair + self._letters.out)))
        own, orders = letter_strides(self._pair, self._sizes, self._orders), np.arange(self._orders)
        side, weight = self._sides[2], letter_strides(self._letters.weight, self._sizes)
        here = self._first + self._place(copies, own) + orders
        factor = numel if start is None else start + self._place(copies, weight)
        out = side.start + self._place(copies, side.strides) + side.order * orders
        rows = np.broadcast_arrays(here, factor, out)
        return np.array([row.ravel() for row in rows], dtype=np.int64)
