"""Field plans: lay out products of vector fields, each on a grid of its own, for one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.field_products import FieldPlan, field_products
from reptheory.kernels.matrices import LinearMap
from reptheory.kernels.pool import Prepared
from reptheory.kernels.rings import WIDTH, RingPlan
from reptheory.kernels.simd.tiles import VECTOR_BYTES, lanes_of
from reptheory.operations.engines import COPYING
from reptheory.operations.layouts import Places, tile_rows
from reptheory.operations.term_plan import stacked

if TYPE_CHECKING:
    from reptheory.operations.vector_engine import VectorEngine

__all__ = ["Placed", "prepared_fields"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Placed:
    """A product of fields of which some columns are those of operands, and where its results go.

    first, second   columns of the irreps in x and in y, copies outside
    left, right     where one copy stands in its field, which is 0 elsewhere
    outputs         (columns of z, copies outside; where one copy stands in the product; factor)
    """

    engine: VectorEngine
    first: slice
    second: slice
    left: slice
    right: slice
    outputs: tuple[tuple[slice, slice, float], ...]

    @classmethod
    def whole(cls, engine: VectorEngine) -> Placed:
        """Return the product of x and y themselves."""
        x, y, z = (slice(0, field.dim) for field in engine.fields)
        return cls(engine, x, y, x, y, ((z, z, 1.0),))

    @property
    def copies(self) -> tuple[int, int]:
        """How many copies the irreps of x and of y have."""
        return _length(self.first) // _length(self.left), _length(self.second) // _length(self.right)

    @property
    def cost(self) -> int:
        """Multiplications a sample."""
        return self.copies[0] * self.copies[1] * self.engine.cost


def _length(part: slice) -> int:
    return int(part.stop - part.start)


class _Changes:
    """Rows of changes of basis, as they are added."""

    def __init__(self) -> None:
        self._values: list[Array] = []
        self._places: list[Array] = []
        self._rows: list[Array] = []
        self._terms = self.count = 0

    def add(self, values: Array, places: Array, lengths: Array, targets: Array, step: int = 0) -> None:
        """Add rows with so many terms each, the next copy `step` rows of the tile farther."""
        ends = self._terms + np.cumsum(lengths)
        self._rows.append(np.stack([ends - lengths, ends, targets, np.full_like(ends, step)], axis=1))
        self._values.append(values)
        self._places.append(places)
        self._terms += len(values)
        self.count += len(targets)

    def joined(self) -> tuple[Array, NDArray[np.int32], NDArray[np.int64]]:
        """Return the values and places of all terms, and the rows."""
        values, places, rows = (np.concatenate(one) for one in (self._values, self._places, self._rows))
        return values, places.astype(np.int32), rows.astype(np.int64)


def _from_operand(changes: _Changes, change: LinearMap, rows: Array, field: slice, columns: slice) -> None:
    """Add the change of an operand of which only the columns `field` of the field are not 0."""
    inside = (change.places >= field.start) & (change.places < field.stop)
    before = np.concatenate([[0], np.cumsum(inside)])
    lengths = np.diff(before[change.starts])
    changes.add(change.values[inside], change.places[inside] - field.start + columns.start, lengths, rows)


def _to_result(
    changes: _Changes, change: LinearMap, rows: Array, output: tuple[slice, slice, float], first: int
) -> None:
    """Add the change that takes the components of a product to columns of z, which begin at row `first`."""
    columns, field, factor = output
    terms = slice(*change.starts[[field.start, field.stop]])
    values = change.values[terms] * change.values.dtype.type(factor)
    lengths = np.diff(change.starts[field.start : field.stop + 1])
    targets = first + columns.start + np.arange(_length(field))
    changes.add(values, rows[change.places[terms]], lengths, targets, _length(field))


def _component_rows(plan: RingPlan, first: int) -> list[Array]:
    """Return the rows of the tile where the coefficients of each side stand, its tiles begin at `first`."""
    return [
        first + tile + plan.position[place : place + dim]
        for _, _, place, dim, tile, *_ in plan.sides.tolist()
    ]


def _field_plan(products: Sequence[Placed], places: Places, name: str) -> FieldPlan:
    """Plan products of fields that together are the product of x and y, for "float32" or "float64"."""
    plans = [one.engine.plan(name) for one in products]
    dims = len(places[0]), len(places[1]), len(places[2])
    changes, base = _Changes(), sum(dims)
    groups, side, term, height = [], 0, 0, 0
    for one, plan in zip(products, plans, strict=True):
        rows, engine, functions = _component_rows(plan, base), one.engine, plan.functions
        left = engine.fields[0].components
        starts = [changes.count]
        _from_operand(changes, engine.change(0, name), np.concatenate(rows[:left]), one.left, one.first)
        starts.append(changes.count)
        second = np.concatenate(rows[left:functions])
        _from_operand(changes, engine.change(1, name), second, one.right, one.second)
        starts.append(changes.count)
        for output in one.outputs:
            result = np.concatenate(rows[functions:])
            _to_result(changes, engine.change(2, name), result, output, dims[0] + dims[1])
        folded = base + plan.rows[0]
        points, end = folded + plan.rows[1], side + len(plan.sides)
        groups.append((
            side, side + functions, end, term, term + len(plan.terms), plan.ring_pairs, plan.quadrant,
            folded, points, *starts, changes.count, *one.copies, _length(one.left), _length(one.right),
        ))  # fmt: skip
        side, term = end, term + len(plan.terms)
        height = max(height, points + 8 * plan.quadrant * (len(plan.sides) + 1))
    rings = stacked(plans, base)
    return FieldPlan(
        rings.matrices, rings.program, rings.slots, rings.trig, rings.sides, rings.terms,
        *changes.joined(), np.array(groups), dims,
        (tile_rows(places[0]), tile_rows(places[1]), tile_rows(places[2])), height,
    )  # fmt: skip


def prepared_fields(products: Sequence[Placed], places: Places, name: str) -> Prepared:
    """Return the kernel of products of fields that together are the product of x and y."""
    plan = _field_plan(products, places, name)
    dtype = plan.matrices.dtype
    need = plan.rows * WIDTH * VECTOR_BYTES // dtype.itemsize
    cost = sum(one.cost for one in products) + COPYING * sum(plan.dims)
    return Prepared(field_products, plan, need, dtype, WIDTH * lanes_of(dtype), cost)
