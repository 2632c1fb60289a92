"""Copy engine: products whose instructions are all uuu, copies as lanes, and their gradients.

Bounds are those of docs/proofs/channelwise.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from reptheory.kernels.copywise import CopyPlan, copy_gradient, copy_product, copy_scratch
from reptheory.operations.channel_engine import LanesEngine, Roundings
from reptheory.operations.copy_plan import copy_plan
from reptheory.operations.instructions import Instruction

__all__ = ["CopyEngine"]


class CopyEngine(LanesEngine[CopyPlan]):
    """Products whose instructions are all uuu."""

    @property
    def _kernels(self) -> tuple[Callable[..., None], Callable[..., None], Callable[..., int]]:
        return copy_product, copy_gradient, copy_scratch

    def _made(self, dtype: str, absolute: str | None) -> CopyPlan:
        return copy_plan(self._spec, dtype, absolute=absolute)

    @cached_property
    def cost(self) -> int:
        """Multiplications of one sample."""
        pairs = {one.entries[:2]: one for one in self._spec.instructions}
        outer = sum(self._copies(one) * self._dim(one, 0) * self._dim(one, 1) for one in pairs.values())
        return outer + sum(
            self._copies(one) * (len(self._spec.block(one).index) + self._dim(one, 2))
            for one in self._spec.instructions
        )

    def _copies(self, one: Instruction) -> int:
        return self._spec.irreps[0][one.i_in1].mul

    def _dim(self, one: Instruction, operand: int) -> int:
        return self._spec.irreps[operand][one.entries[operand]].ir.dim

    def _longest(self, one: Instruction) -> tuple[int, int]:
        """Return the most terms of an order of z, and of a pair of orders of x and y."""
        index = self._spec.block(one).index
        pairs = index[:, 0] * self._dim(one, 1) + index[:, 1]
        return int(np.bincount(index[:, 2], minlength=1).max()), int(np.bincount(pairs, minlength=1).max())

    def counts(self, operand: int) -> Roundings:
        """Count for z (2) or the gradient of x (0) or y (1)."""
        longest, paths, terms = (np.zeros(self._spec.dims[operand], dtype=np.int64) for _ in range(3))
        of_pairs: dict[tuple[int, int], int] = {}
        for one in self._spec.instructions:
            entry = self._spec.irreps[operand].slices()[one.entries[operand]]
            of_order, of_pair = self._longest(one)
            pair = (one.i_in1, one.i_in2)
            if operand == 2:
                longest[entry] = np.maximum(longest[entry], of_order)
                paths[entry] += 1
            else:
                paths[entry] += 0 if pair in of_pairs else self._dim(one, 1 - operand)
                of_pairs[pair] = of_pairs.get(pair, 0) + of_pair
                longest[entry] = np.maximum(longest[entry], of_pairs[pair])
            terms[entry] += len(self._spec.block(one).index)
        return Roundings(np.where(paths > 0, longest + paths + 4, 0), paths, terms)

    def weight_counts(self, repeats: int) -> Roundings:
        """Count for the gradient of weights that `repeats` samples share."""
        roundings, terms = (np.zeros(self._spec.weight_starts[-1], dtype=np.int64) for _ in range(2))
        for one, start in zip(self._spec.instructions, self._spec.weight_starts, strict=False):
            place = slice(start, start + one.weight_numel)
            roundings[place] = self._longest(one)[0] + self._dim(one, 2) + repeats + 4
            terms[place] = len(self._spec.block(one).index) * repeats
        return Roundings(roundings, np.ones_like(terms), terms)
