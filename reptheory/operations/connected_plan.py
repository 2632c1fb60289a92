"""Connected plans: lay out uvw instructions, and their gradients, for `kernels.connected`."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.connected import ENTRY, PULL, STEP, VECTORS, ConnectedPlan
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.connected_ways import Sizes, Way, cost_of, ways
from reptheory.operations.instructions import Instruction
from reptheory.operations.weighted_plan import WeightedSpec, table_rows, tile_entries

__all__ = ["Laid", "Packing", "Step", "connected_plan", "suits_connected"]

Array = NDArray[Any]

FEWEST_WEIGHTS = 2048
"""Weights an instruction from which on copies fill vectors better than samples: docs/performance.md."""
PAIR_BYTES = 2**14
"""Memory of the pairs of copies of one sample and order that are kept at a time, unless one block is more."""


class Packing(NamedTuple):
    """Where the weights of an instruction, or their gradient, stand for a step.

    first    of the weights as the user has them
    shape    (u, v, w)
    axes     the order of these in the packed array
    place    where they begin there
    padded   their numbers there
    """

    first: int
    shape: tuple[int, int, int]
    axes: tuple[int, int, int]
    place: int
    padded: tuple[int, int, int]

    @property
    def natural(self) -> bool:
        """Tell whether they stand there as the user has them."""
        return (self.first, self.shape, self.axes) == (self.place, self.padded, (0, 1, 2))


class Step(NamedTuple):
    """A step of a plan: of which instruction, which way, of what sizes, `some` copies of q at a time."""

    one: Instruction
    way: Way
    sizes: Sizes
    some: int


class Laid(NamedTuple):
    """A plan, its steps, and how it packs the weights that it is given and their gradient."""

    plan: ConnectedPlan
    steps: list[Step]
    given: list[Packing]
    found: list[Packing]

    @property
    def cost(self) -> int:
        """Multiplications of one sample."""
        return sum(cost_of(step.way, step.sizes) for step in self.steps)


def suits_connected(spec: WeightedSpec) -> bool:
    """Tell whether every instruction is uvw, with many weights."""
    modes = {one.connection_mode for one in spec.instructions}
    return modes == {"uvw"} and spec.weight_starts[-1] >= FEWEST_WEIGHTS * len(spec.instructions)


def connected_plan(
    spec: WeightedSpec, dtype: DTypeLike, *, gradient: bool, absolute: DTypeLike | None = None
) -> Laid:
    """Return the plan of a product, or of its gradients.

    absolute   for the bound of that dtype: absolute values, none below its smallest normal number
    """
    limit = None if absolute is None else np.dtype(absolute)
    return _Builder(spec, np.dtype(dtype), limit, gradient).build()


class _Builder:
    """Collects coefficients, steps and packings."""

    def __init__(
        self, spec: WeightedSpec, dtype: np.dtype[Any], absolute: np.dtype[Any] | None, gradient: bool
    ) -> None:
        self.spec, self.dtype, self.absolute, self.gradient = spec, dtype, absolute, gradient
        self.block = VECTORS * lanes_of(dtype)
        self.values: list[NDArray[Any]] = []
        self.steps: list[tuple[int, ...]] = []
        self.kept: list[Step] = []
        self.given: list[Packing] = []
        self.found: list[Packing] = []
        self.entries: list[tuple[int, ...]] = []
        self.read: dict[tuple[int, int], int] = {}
        self.written: dict[tuple[int, int], int] = {}
        self.largest = [0, 0, 0]

    def build(self) -> Laid:
        """Lay out the record of a sample, and every instruction."""
        read, written = ((0, 1, 2), (0, 1)) if self.gradient else ((0, 1), (2,))
        self.read, filled = self._rows(read, 0)
        given = len(self.entries)
        self.written, record = self._rows(written, filled)
        for place, one in enumerate(self.spec.instructions):
            sizes = self._sizes(one)
            if all(sizes.copies):
                for way in ways(sizes, gradient=self.gradient, constant=self.spec.constant):
                    self._step(place, one, way, sizes)
        dims = [self.spec.dims[k] for k in read], [self.spec.dims[k] for k in written]
        plan = ConnectedPlan(
            np.concatenate([np.zeros(0, self.dtype), *self.values]),
            table_rows(self.entries, len(ENTRY)),
            table_rows(self.steps, len(STEP)),
            given,
            tuple([*dims[0], 0, 0][:3] + [*dims[1], 0][:2]),  # type: ignore[arg-type]
            (record, *self.largest),  # type: ignore[arg-type]
            filled,
            int(self.spec.layout == "mul_ir"),
        )
        return Laid(plan, self.kept, self.given, self.found)

    def _rows(self, features: tuple[int, ...], row: int) -> tuple[dict[tuple[int, int], int], int]:
        """Lay out features in a record from `row` on; return the first row of each entry, and the next."""
        places = {}
        for number, feature in enumerate(features):
            rows, size = tile_entries(self.spec.irreps[feature], self.block)
            for entry, (start, copies, orders, own, padded) in enumerate(rows):
                places[feature, entry] = row + own
                self.entries.append((number, start, copies, orders, row + own, padded))
            row += size
        return places, row

    def _sizes(self, one: Instruction) -> Sizes:
        """Return the sizes of an instruction, copies padded to whole blocks."""
        entries = [irreps[place] for irreps, place in zip(self.spec.irreps, one.entries, strict=True)]
        padded = tuple(-(-mul // self.block) * self.block for mul, _ in entries)
        return Sizes(tuple(mul for mul, _ in entries), tuple(ir.dim for _, ir in entries), padded)

    def _step(self, place: int, one: Instruction, way: Way, sizes: Sizes) -> None:
        """Add a step of an instruction."""
        p, q, r = way.roles
        of_p, of_q, of_r = (
            (self.read.get((k, one.entries[k]), -1), sizes.padded[k], sizes.orders[k], sizes.copies[k])
            for k in way.roles
        )
        blocks = PAIR_BYTES // (sizes.padded[r] * self.dtype.itemsize * self.block)
        some = min(max(1, blocks) * self.block, sizes.copies[q])
        target, folded = (
            -1 if feature < 0 else self.written[feature, one.entries[feature]]
            for feature in (way.target, way.folded)
        )
        given = found = -1
        if way.kind == PULL:
            given = self._packing(self.given, place, way.roles, sizes, 1)
        elif way.result:
            given = self._packing(self.given, place, (q, r, p), sizes, 2)
        if way.weights:
            found = self._packing(self.found, place, way.roles, sizes, 1)
        self.kept.append(Step(one, way, sizes, some))
        coefficients = sum(map(len, self.values))
        self.values.append(self._coefficients(one, way, sizes))
        orders, padded = sizes.orders[r] * sizes.orders[p], -(-some // self.block) * self.block
        wide = -(-sizes.orders[r] // self.block) * self.block
        dotted = way.fold * wide * (sizes.copies[r] + sizes.orders[p] * some)
        needed = orders * padded, sizes.orders[p] * some * sizes.padded[r], dotted
        self.largest = [max(pair) for pair in zip(self.largest, needed, strict=True)]
        self.steps.append((way.kind, *of_p, *of_q, some, *of_r, coefficients, given, target, found, folded))

    def _packing(
        self, packings: list[Packing], place: int, axes: tuple[int, int, int], sizes: Sizes, padded: int
    ) -> int:
        """Return where an instruction's weights begin, the last `padded` axes whole blocks."""
        start = packings[-1].place + prod(packings[-1].padded) if packings else 0
        numbers = [sizes.padded[k] if 3 - n <= padded else sizes.copies[k] for n, k in enumerate(axes)]
        packings.append(
            Packing(self.spec.weight_starts[place], sizes.copies, axes, start, tuple(numbers))  # type: ignore[arg-type]
        )
        return start

    def _coefficients(self, one: Instruction, way: Way, sizes: Sizes) -> NDArray[Any]:
        """Return the coefficients of an instruction, dense, [m_r, m_p, m_q]."""
        block = self.spec.block(one)
        values = block.values(self.dtype)
        if self.absolute is not None:
            values = np.maximum(np.abs(values), np.finfo(self.absolute).smallest_normal)
        p, q, r = way.roles
        dense = np.zeros([sizes.orders[k] for k in (r, p, q)], self.dtype)
        dense[tuple(block.index[:, k] for k in (r, p, q))] = values
        return dense.reshape(-1)
