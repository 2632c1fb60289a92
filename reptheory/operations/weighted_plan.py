"""Weighted plans: lay out the instructions of a product, or of one of its gradients, for `kernels.weighted`.

A gradient with respect to an operand is the same sum with the roles of the operands exchanged: (z, y, w) -> x
and (x, z, w) -> y. Each operand knows where copy (u, v) or (w) and order m of an entry stand, so a plan is
read off from any two operands and the third.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.build.folded import FoldedBlock, folded_block
from reptheory.groups.o3 import Irreps
from reptheory.kernels.weighted import BARE, GROUP, MIXED, PAIRED, PATH, PREMIXED, WeightedPlan
from reptheory.operations.instructions import Instruction
from reptheory.operations.layouts import Layout

__all__ = [
    "FORWARD",
    "TO_Y",
    "Roles",
    "WeightedSpec",
    "letter_strides",
    "table_rows",
    "tile_entries",
]

Roles = tuple[int, int, int]
FORWARD: Roles = (0, 1, 2)
TO_Y: Roles = (0, 2, 1)

PAIR_ROWS = 512
"""Rows of a tile that hold pairs of copies until they are mixed: 128 KiB of scratch a thread."""


def letter_strides(letters: str, sizes: dict[str, int], unit: int = 1) -> dict[str, int]:
    """Return the stride of each letter of a row-major index, times `unit`."""
    strides, stride = {}, unit
    for letter in reversed(letters):
        strides[letter] = stride
        stride *= sizes[letter]
    return strides


def tile_entries(irreps: Irreps, block: int, samples: int = 1) -> tuple[list[tuple[int, ...]], int]:
    """Return (offset, copies, orders, place in a tile, padded copies) of each entry, and the tile's size.

    Copies are lanes of a tile, padded to whole blocks; rows of `samples` samples lie side by side.
    """
    entries: list[tuple[int, ...]] = []
    row = 0
    for (mul, ir), place in zip(irreps, irreps.slices(), strict=True):
        padded = -(-mul // block) * block
        entries.append((place.start, mul, ir.dim, row, padded))
        row += ir.dim * padded * samples
    return entries, row


def table_rows(rows: Any, width: int) -> NDArray[np.int64]:
    """Return rows of integers as an array, even if there are none."""
    return np.array(rows, dtype=np.int64).reshape(-1, width)


@dataclass(frozen=True, slots=True)
class _Side:
    """Where one operand keeps an entry: offset, stride of each copy letter, stride and number of orders."""

    start: int
    strides: dict[str, int]
    order: int
    dim: int


@dataclass(frozen=True, eq=False)
class WeightedSpec:
    """What a weighted product computes: the irreps and the instructions, independent of a dtype.

    irreps         of the first and second operand and of the result
    instructions   checked and normalised
    layout         "mul_ir": copies outside, orders inside; "ir_mul": orders outside, copies inside
    constant       y is a constant that nobody differentiates: its gradient comes out as 0
    """

    irreps: tuple[Irreps, Irreps, Irreps]
    instructions: tuple[Instruction, ...]
    layout: Layout
    constant: bool = False

    @cached_property
    def weight_starts(self) -> tuple[int, ...]:
        """Where the weights of each instruction begin, and their number."""
        return tuple(accumulate((one.weight_numel for one in self.instructions), initial=0))

    @cached_property
    def dims(self) -> tuple[int, int, int]:
        """Dimensions of the operands and of the result."""
        first, second, out = (irreps.dim for irreps in self.irreps)
        return first, second, out

    def sizes(self, one: Instruction) -> dict[str, int]:
        """Return how many copies each letter of an instruction counts."""
        letters, muls = one.letters, [self.irreps[k][one.entries[k]].mul for k in range(3)]
        sizes = {letters.in1: muls[0], letters.in2: muls[1]}
        return sizes if "w" not in letters.out else {**sizes, "w": muls[2]}

    def side(self, one: Instruction, operand: int) -> _Side:
        """Return where an operand of an instruction stands."""
        mul, ir = self.irreps[operand][one.entries[operand]]
        start = self._slices[operand][one.entries[operand]].start
        inner = self.layout == "mul_ir"
        strides = letter_strides(one.letters[operand], self.sizes(one), ir.dim if inner else 1)
        return _Side(start, strides, 1 if inner else mul, ir.dim)

    @cached_property
    def _slices(self) -> list[list[slice]]:
        return [irreps.slices() for irreps in self.irreps]

    def block(self, one: Instruction) -> FoldedBlock:
        """Return the coefficients of an instruction."""
        l1, l2, l3 = (self.irreps[k][one.entries[k]].ir.l for k in range(3))
        return folded_block(l1, l2, l3, one.square)

    def largest(self) -> float:
        """Return the largest coefficient."""
        return max(
            (float(np.abs(self.block(one).float64).max(initial=0)) for one in self.instructions), default=0.0
        )

    def plan(self, roles: Roles, dtype: DTypeLike, *, absolute: DTypeLike | None = None) -> WeightedPlan:
        """Return the plan of the product of the operands roles[0], roles[1] to roles[2].

        absolute   for the bound of that dtype: absolute values, none below its smallest normal number
        """
        return _Builder(
            self, roles, np.dtype(dtype), None if absolute is None else np.dtype(absolute)
        ).build()


class _Builder:
    """Collects terms, rows, groups and paths."""

    def __init__(
        self, spec: WeightedSpec, roles: Roles, dtype: np.dtype[Any], absolute: np.dtype[Any] | None
    ) -> None:
        self.spec, self.roles, self.dtype, self.absolute = spec, roles, dtype, absolute
        self.values: list[NDArray[Any]] = []
        self.places: list[NDArray[Any]] = []
        self.rows: list[tuple[int, int]] = []
        self.known: dict[Any, int] = {}
        self.terms = 0
        self.outer = self.orders = self.mixed = 1
        self.pairs = 0

    def build(self) -> WeightedPlan:
        """Lay out every instruction; neighbours that couple the same pairs form a group."""
        groups: list[list[int]] = []
        paths: list[list[int]] = []
        turns = [np.zeros(0, dtype=np.int32)]
        for head, tail in self._instructions():
            alone = tail[0] == PREMIXED
            if not groups or groups[-1][:-3] != head or alone or paths[-1][0] == PREMIXED:
                groups.append([*head, 1, len(paths), len(paths)])
                kept = 0
            per_u = head[1] * tail[2] if tail[0] == MIXED else 0
            self.pairs = max(self.pairs, head[0] * head[11] if alone else 0)
            paths.append([*tail, kept, sum(map(len, turns))])
            if tail[0] == MIXED:
                turns.append(_turned(tail))
            kept += per_u
            groups[-1][-3] = max(1, min(head[0], PAIR_ROWS // max(kept, 1)))
            groups[-1][-1] = len(paths)
            self.pairs = max(self.pairs, kept * groups[-1][-3])
        ordered = [[*group[:2], group[-3], *group[2:-3], *group[-2:]] for group in groups]
        dims = [self.spec.dims[role] for role in self.roles]
        return WeightedPlan(
            np.concatenate([np.zeros(0, self.dtype), *self.values]),
            np.concatenate([np.zeros(0, np.int32), *self.places]).astype(np.int32),
            table_rows(ordered, len(GROUP)),
            table_rows(paths, len(PATH)),
            table_rows(self.rows, 2),
            np.arange(max(dims), dtype=np.int32),
            np.concatenate(turns),
            (dims[0], dims[1], dims[2], self.spec.weight_starts[-1]),
            (self.outer, self.pairs, self.orders, self.mixed),
        )

    def _instructions(self) -> Iterator[tuple[list[int], list[int]]]:
        """Yield the columns of the group and of the path of each instruction, without chunk and pairs."""
        for place, one in enumerate(self.spec.instructions):
            a, b, out = (self.spec.side(one, role) for role in self.roles)
            sizes = self.spec.sizes(one)
            pair = list(dict.fromkeys((*a.strides, *b.strides)))
            rest = [letter for letter in out.strides if letter not in pair]
            if not one.has_weight:
                pair, rest = pair + rest, []  # the same sum for every copy
            weight = letter_strides(one.letters.weight, sizes) if one.has_weight else {}
            kind = BARE if not one.has_weight else MIXED if rest and sizes[rest[0]] > 1 else PAIRED
            if kind == MIXED and len(pair) == 2 and weight[pair[1]] > weight[pair[0]]:
                pair.reverse()
            if kind == PAIRED and self.roles == TO_Y and one.connection_mode == "uvw":
                kind = PREMIXED
            u, v, w = pair[0], pair[1] if len(pair) > 1 else "", rest[0] if rest else ""
            loops = [sizes[u], sizes.get(v, 1)]
            left = [a.start, a.strides.get(u, 0), a.strides.get(v, 0), a.order, a.dim]
            right = [b.start, b.strides.get(u, 0), b.strides.get(v, 0), b.order, b.dim]
            to = [out.start, out.strides.get(u, 0), out.strides.get(v, 0), out.order]
            weights = [self.spec.weight_starts[place], weight.get(u, 0), weight.get(v, 0)]
            mixing = [sizes.get(w, 1), out.strides.get(w, 0), weight.get(w, 0)]
            if not (prod(loops) and mixing[0]):
                continue
            self.outer, self.orders = max(self.outer, a.dim * b.dim), max(self.orders, out.dim)
            if kind == MIXED:
                self.mixed = max(self.mixed, mixing[0])
            yield [*loops, *left, *right], [kind, self._row(one), out.dim, *to, *weights, *mixing]

    def _row(self, one: Instruction) -> int:
        """Return the first row of an instruction; instructions with the same coefficients share theirs."""
        labels = tuple(self.spec.irreps[k][one.entries[k]].ir.l for k in range(3))
        key = (labels, one.square)
        if key not in self.known:
            self.known[key] = len(self.rows)
            block = self.spec.block(one)
            a, b, k = (block.index[:, role] for role in self.roles)
            order = np.lexsort((b, a, k))
            dims = [2 * labels[role] + 1 for role in self.roles]
            edges = self.terms + np.searchsorted(k[order], np.arange(dims[2] + 1))
            self.rows.extend(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
            self.places.append((a * dims[1] + b)[order])
            values = block.values(self.dtype)[order]
            if self.absolute is not None:
                values = np.maximum(np.abs(values), np.finfo(self.absolute).smallest_normal)
            self.values.append(values.astype(self.dtype))
            self.terms += len(order)
        return self.known[key]


def _turned(path: list[int]) -> NDArray[np.int32]:
    """Return where a mixed path adds to z, copies inside orders."""
    _, _, n3, o0, _, _, om, _, _, _, copies, ow, *_ = path
    places = o0 + np.arange(n3)[:, np.newaxis] * om + np.arange(copies) * ow
    return places.astype(np.int32).reshape(-1)
