"""Channel plans: lay out uvu instructions, or their gradient in x, for `kernels.channelwise`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.channelwise import OUT, PATH, VECTORS, ChannelPlan
from reptheory.kernels.copies import ENTRY
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.instructions import Instruction
from reptheory.operations.weighted_plan import (
    FORWARD,
    Roles,
    WeightedSpec,
    letter_strides,
    table_rows,
    tile_entries,
)

__all__ = ["channel_plan", "suits_channels"]

FEWEST_COPIES = 8
"""Copies from which on they fill a vector better than samples do, and most copies of y."""
MOST_COPIES_OF_Y = 8


def suits_channels(spec: WeightedSpec) -> bool:
    """Tell whether every instruction is uvu with many copies of x and few of y."""
    return bool(spec.instructions) and all(
        one.connection_mode == "uvu"
        and spec.irreps[0][one.i_in1].mul >= FEWEST_COPIES
        and spec.irreps[1][one.i_in2].mul <= MOST_COPIES_OF_Y
        for one in spec.instructions
    )


def channel_plan(
    spec: WeightedSpec, dtype: DTypeLike, roles: Roles = FORWARD, *, absolute: DTypeLike | None = None
) -> ChannelPlan:
    """Return the plan of the product of the operands roles[0] and y to roles[2].

    roles      (0, 1, 2), or (2, 1, 0) for the gradient in x
    absolute   for the bound of that dtype: absolute values, none below its smallest normal number
    """
    return _Builder(spec, np.dtype(dtype), roles, None if absolute is None else np.dtype(absolute)).build()


class _Builder:
    """Collects matrices, paths and entries."""

    def __init__(
        self, spec: WeightedSpec, dtype: np.dtype[Any], roles: Roles, absolute: np.dtype[Any] | None
    ) -> None:
        self.spec, self.dtype, self.roles, self.absolute = spec, dtype, roles, absolute
        self.block = VECTORS * lanes_of(dtype)
        self.values: list[NDArray[Any]] = []
        self.index: list[NDArray[Any]] = []
        self.rows: list[NDArray[Any]] = []
        self.pulled: list[NDArray[Any]] = []
        self.places: list[NDArray[Any]] = []
        self.pulls: list[tuple[int, int, int]] = []
        self.terms = self.place = self.largest = 0

    def build(self) -> ChannelPlan:
        """Lay out every instruction and every copy of y in it, output after output."""
        entries, tile = tile_entries(self.spec.irreps[self.roles[0]], self.block)
        targets, results = tile_entries(self.spec.irreps[self.roles[2]], self.block)
        outs: list[tuple[int, ...]] = []
        paths: list[tuple[int, ...]] = []
        padded = max((row[4] for row in (*entries, *targets)), default=0)
        direct = self._direct()
        for number, target in enumerate(targets):
            first = len(paths)
            for which, one in enumerate(self.spec.instructions):
                if one.entries[self.roles[2]] == number and target[1]:
                    for row in self._paths(which, one, entries):
                        paths.append((*row[:3], row[3] if direct else len(paths) * padded, *row[3:]))
            outs.append((*target, first, len(paths)))
        dims = [self.spec.dims[role] for role in self.roles]
        unused = np.zeros((-self.place % (lanes_of(self.dtype) // 4), 2), np.int64)
        return ChannelPlan(
            np.concatenate([np.zeros(0, self.dtype), *self.values]),
            np.concatenate([np.zeros(0, np.int32), *self.index]).astype(np.int32),
            table_rows(np.concatenate([np.zeros((0, 2), np.int64), *self.rows, unused]), 2),
            np.concatenate([np.zeros(0, self.dtype), *self.pulled]),
            np.concatenate([np.zeros(0, np.int32), *self.places]).astype(np.int32),
            table_rows(self.pulls, 3),
            table_rows(entries, ENTRY),
            table_rows(outs, OUT),
            table_rows(paths, PATH),
            (dims[0], dims[1], dims[2], self.spec.weight_starts[-1]),
            (
                self.place + len(unused),
                tile,
                results,
                padded,
                self.largest,
                0 if direct else len(paths) * padded,
            ),
            int(self.spec.layout == "mul_ir"),
            int(direct),
        )

    def _direct(self) -> bool:
        """Tell whether the weights of every path are a row of whole blocks as they stand."""
        return all(
            one.has_weight
            and self.spec.irreps[0][one.i_in1].mul % self.block == 0
            and self.spec.irreps[1][one.i_in2].mul == 1
            for one in self.spec.instructions
        )

    def _paths(self, which: int, one: Instruction, entries: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Add the matrix of an instruction for each copy of y, and return its rows of `paths`."""
        block = self.spec.block(one)
        i, j, k = (block.index[:, role] for role in self.roles)
        d1, d2, d3 = (self.spec.irreps[role][one.entries[role]].ir.dim for role in self.roles)
        values = block.values(self.dtype)
        if self.absolute is not None:
            values = np.maximum(np.abs(values), np.finfo(self.absolute).smallest_normal)
        y, sizes = self.spec.side(one, 1), self.spec.sizes(one)
        weights = letter_strides(one.letters.weight, sizes)
        by_place, by_j = np.lexsort((j, i * d3 + k)), np.lexsort((i * d3 + k, j))
        first_pull = len(self.pulls)
        start = sum(map(len, self.pulled))
        ends = start + np.searchsorted(j[by_j], np.arange(d2 + 1))
        self.pulled.append(values[by_j].astype(self.dtype))
        self.places.append((i * d3 + k)[by_j])
        self.largest = max(self.largest, d1 * d3)
        paths: list[tuple[int, ...]] = []
        for v in range(sizes["v"]):
            edges = self.terms + np.searchsorted((i * d3 + k)[by_place], np.arange(d1 * d3 + 1))
            self.rows.append(np.stack([edges[:-1], edges[1:]], axis=1))
            self.values.append(values[by_place].astype(self.dtype))
            copy = y.start + v * y.strides["v"]
            self.index.append(copy + j[by_place] * y.order)
            self.terms += len(values)
            self.pulls.extend(
                (int(ends[m]), int(ends[m + 1]), copy + m * y.order)
                for m in range(d2)
                if ends[m] < ends[m + 1]
            )
            weight = (self.spec.weight_starts[which] + v, weights["u"]) if one.has_weight else (-1, 0)
            pulls = first_pull, len(self.pulls)
            first_pull = len(self.pulls)
            paths.append((entries[one.entries[self.roles[0]]][3], d1, self.place, *weight, *pulls))
            self.place += d1 * d3
        return paths
