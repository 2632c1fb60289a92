"""Copy plans: lay out uuu instructions, and their gradients, for `kernels.copywise`."""

from __future__ import annotations

from math import gcd, lcm
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.copies import ENTRY
from reptheory.kernels.copywise import GROUP, PATH, ROW, WIDTH, CopyPlan
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.weighted_plan import WeightedSpec, table_rows, tile_entries

__all__ = ["copy_plan", "suits_copies"]

Array = NDArray[Any]

FEWEST_COPIES = 8
"""Copies from which on they fill vectors better than samples do."""


def suits_copies(spec: WeightedSpec) -> bool:
    """Tell whether every instruction is uuu with many copies."""
    return bool(spec.instructions) and all(
        one.connection_mode == "uuu" and spec.irreps[0][one.i_in1].mul >= FEWEST_COPIES
        for one in spec.instructions
    )


def copy_plan(spec: WeightedSpec, dtype: DTypeLike, *, absolute: DTypeLike | None = None) -> CopyPlan:
    """Return the plan of a product and of its gradients.

    absolute   for the bound of that dtype: absolute values, none below its smallest normal number
    """
    return _Builder(spec, np.dtype(dtype), None if absolute is None else np.dtype(absolute)).build()


class _Block(NamedTuple):
    """Orders of x, y and z, and the coefficient, of each term of an instruction."""

    i: Array
    j: Array
    k: Array
    values: Array


class _Builder:
    """Collects tables, groups and paths."""

    def __init__(self, spec: WeightedSpec, dtype: np.dtype[Any], absolute: np.dtype[Any] | None) -> None:
        self.spec, self.dtype, self.absolute = spec, dtype, absolute
        self.lanes = lanes_of(dtype)
        vectors = {-(-mul // self.lanes) for irreps in spec.irreps for mul, _ in irreps if mul}
        self.samples = lcm(*(WIDTH // gcd(WIDTH, count) for count in vectors))
        self.values: list[NDArray[Any]] = []
        self.index: list[NDArray[Any]] = []
        self.rows: list[tuple[int, ...]] = []
        self.terms = 0

    def build(self) -> CopyPlan:
        """Lay out the pairs of entries, and the paths of each pair."""
        sides = [tile_entries(irreps, self.lanes, self.samples) for irreps in self.spec.irreps]
        x, y, z = (rows for rows, _ in sides)
        pairs: dict[tuple[int, int], list[int]] = {}
        for place, one in enumerate(self.spec.instructions):
            if x[one.i_in1][1]:
                pairs.setdefault((one.i_in1, one.i_in2), []).append(place)
        groups: list[tuple[int, ...]] = []
        paths: list[tuple[int, ...]] = []
        width = self.samples * max((row[4] for row in (*x, *y, *z)), default=0)
        longest = 0
        for (i, j), members in pairs.items():
            stride, n2, above = self.samples * x[i][4], y[j][2], 0
            coupled, spread = [], []
            for place in members:
                one, block = self.spec.instructions[place], self._block(place)
                for k in range(z[one.i_out][2]):
                    row = z[one.i_out][3] + k * stride, len(paths) * width, above + k
                    kept = block.k == k
                    coupled.append((block.i[kept] * n2 + block.j[kept], block.values[kept], row))
                spread.append((block.i * n2 + block.j, above + block.k, block.values))
                weights = (self.spec.weight_starts[place], 1) if one.has_weight else (0, 0)
                paths.append((*weights, len(x) + len(y) + one.i_out))
                above += z[one.i_out][2]
            first = len(self.rows)
            for row_terms in sorted(coupled, key=lambda terms: len(terms[0])):  # equal loops side by side
                self._row(*row_terms)
            last = len(self.rows)
            by_pair, places, values = (np.concatenate(column) for column in zip(*spread, strict=True))
            for pair in range(x[i][2] * n2):
                kept = by_pair == pair
                self._row(places[kept], values[kept], (0, 0, 0))
            groups.append((x[i][3], y[j][3], x[i][2], n2, stride, first, last, last))
            longest = max(longest, above)
        dims = self.spec.dims
        outer = max((group[2] * group[3] for group in groups), default=0)
        return CopyPlan(
            np.concatenate([np.zeros(0, self.dtype), *self.values]),
            np.concatenate([np.zeros(0, np.int32), *self.index]).astype(np.int32),
            table_rows(self.rows, ROW),
            table_rows([*x, *y, *z], ENTRY),
            table_rows(groups, GROUP),
            table_rows(paths, PATH),
            (dims[0], dims[1], dims[2], self.spec.weight_starts[-1]),
            (self.samples, sides[0][1], sides[1][1], sides[2][1], outer, longest, width),
            (len(x), len(y), len(z)),
            int(self.spec.layout == "mul_ir"),
            int(self._direct()),
        )

    def _direct(self) -> bool:
        """Tell whether every row of copies is a whole number of blocks, as it stands in the arrays."""
        muls = {mul for irreps in self.spec.irreps for mul, _ in irreps}
        return self.spec.layout == "ir_mul" and all(mul % (WIDTH * self.lanes) == 0 for mul in muls)

    def _block(self, place: int) -> _Block:
        """Return the orders and the coefficients of an instruction."""
        block = self.spec.block(self.spec.instructions[place])
        values = block.values(self.dtype)
        if self.absolute is not None:
            values = np.maximum(np.abs(values), np.finfo(self.absolute).smallest_normal)
        i, j, k = block.index.T
        return _Block(i, j, k, values.astype(self.dtype))

    def _row(self, places: Array, values: Array, row: tuple[int, int, int]) -> None:
        """Add a row of terms."""
        self.rows.append((self.terms, self.terms + len(values), *row))
        self.index.append(places)
        self.values.append(values)
        self.terms += len(values)
