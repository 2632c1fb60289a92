"""Copy engine: products whose instructions are all uuu, copies as lanes, and their gradients.

Bounds are those of docs/proofs/channelwise.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from reptheory.kernels.copywise import CopyPlan, copy_gradient, copy_product, copy_scratch
from reptheory.kernels.simd.copies_plain import COPY_PATTERNS, rows_of
from reptheory.kernels.simd.copy_code import copy_code, operations
from reptheory.operations.channel_engine import LanesEngine, Roundings
from reptheory.operations.copy_plan import copy_plan
from reptheory.operations.instructions import Instruction

__all__ = ["CopyEngine"]

MOST_OPERATIONS = {True: 2600, False: 1500}
"""Operations up to which a product, direct or not, has code of its own: 0.3 milliseconds each to compile."""


class CopyEngine(LanesEngine[CopyPlan]):
    """Products whose instructions are all uuu."""

    def _kernels(self, name: str) -> tuple[Callable[..., None], Callable[..., None], Callable[..., int]]:
        direct = bool(self.plan(name).direct)
        code, count = self._code
        few = count <= MOST_OPERATIONS[direct] and not name.startswith("absolute")
        return copy_product(direct, code if few else ""), copy_gradient(direct), copy_scratch

    @cached_property
    def _code(self) -> tuple[str, int]:
        """The code of the product, the same for every dtype, and its operations."""
        plan = self.plan("float32")
        code = copy_code(plan.groups, plan.paths, plan.exits, plan.nodes, plan.places)
        return code, operations(code)

    def _made(self, dtype: str, absolute: str | None) -> CopyPlan:
        return copy_plan(self._spec, dtype, absolute=absolute)

    @cached_property
    def cost(self) -> int:
        """Multiplications of one sample."""
        plan = self.plan("float32")
        patterns, first, last = plan.nodes[:, :3].T
        sums, uses = np.array([(rows_of(k), len(uses)) for k, uses in enumerate(COPY_PATTERNS)]).T
        of_nodes = np.append(0, np.cumsum((last - first) * sums[patterns] + uses[patterns]))
        of_paths = np.append(0, np.cumsum(2 * plan.paths[:, 6] + 1))
        total = 0
        for lanes, a, b, c, d, *_ in plan.groups.tolist():
            nodes = plan.exits[c, 2], plan.exits[d - 1, 3]
            rows = of_paths[b] - of_paths[a] + of_nodes[nodes[1]] - of_nodes[nodes[0]]
            total += lanes // plan.sizes[0] * int(rows)
        return total

    def _longest(self, one: Instruction, operand: int) -> int:
        """Return the most terms of an order of x (0), or of a pair of orders of y and z (1, 2)."""
        index = self._spec.block(one).index
        d3 = self._spec.irreps[2][one.i_out].ir.dim
        rows = index[:, 1] * d3 + index[:, 2] if operand else index[:, 0]
        return int(np.bincount(rows, minlength=1).max())

    def _dim(self, one: Instruction, operand: int) -> int:
        return self._spec.irreps[operand][one.entries[operand]].ir.dim

    def counts(self, operand: int) -> Roundings:
        """Count for z (2) or the gradient of x (0) or y (1)."""
        longest, paths, terms = (np.zeros(self._spec.dims[operand], dtype=np.int64) for _ in range(3))
        of_pairs: dict[tuple[int, int], int] = {}
        for one in self._spec.instructions:
            entry = self._spec.irreps[operand].slices()[one.entries[operand]]
            pair = one.entries[1:]
            if operand == 0:
                summed, added = self._longest(one, 0), 1
            else:
                summed = of_pairs.get(pair, 0) + self._longest(one, 1)
                added = 0 if pair in of_pairs else 2 * self._dim(one, 3 - operand)
                of_pairs[pair] = summed
            longest[entry] = np.maximum(longest[entry], summed)
            paths[entry] += added
            terms[entry] += len(self._spec.block(one).index)
        return Roundings(np.where(paths > 0, longest + paths + 6, 0), paths, terms)

    def weight_counts(self, repeats: int) -> Roundings:
        """Count for the gradient of weights that `repeats` samples share."""
        roundings, terms = (np.zeros(self._spec.weight_starts[-1], dtype=np.int64) for _ in range(2))
        for one, start in zip(self._spec.instructions, self._spec.weight_starts, strict=False):
            place = slice(start, start + one.weight_numel)
            roundings[place] = self._longest(one, 0) + self._dim(one, 0) + repeats + 6
            terms[place] = len(self._spec.block(one).index) * repeats
        return Roundings(roundings, np.ones_like(terms), terms)
