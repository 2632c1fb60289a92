"""Explicit vectors for products copy by copy: orders of x and y by sparse tables, 4 vectors at a time.

A program of groups and rows (`copywise.CopyPlan`) runs on the tiles of some samples. In each group, with p
the products of all orders of its x and y, and t = sum_e value[e] p[index[e]] for each row of its paths,

    couple_4   z += w t
    pull_4     total += t g,  h = w g;  then, with q the sum of row (i, j) over h,
               gx[i] += q y[j],  gy[j] += q x[i]                                 (gradients)

Orders of x and y stand `stride` apart in their arrays, those of p and h side by side in `work`. Twins:
`plain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, outlined, table_row
from reptheory.kernels.simd.plain import COPY_GROUP, COPY_ROW, copy_pull_plain, couple_plain

__all__ = ["WIDTH", "couple_4", "pull_4"]

Builder = Any

WIDTH = 4
"""Vectors of copies that are computed together."""


def _row(builder: Builder, v: Vectors, data: Any, start: Any) -> list[Any]:
    """Point to the vectors of one row of a tile."""
    return [v.pointer(data, builder.add(start, constant(k * v.lanes))) for k in range(WIDTH)]


def _along(builder: Builder, start: Any, number: Any, stride: Any) -> Any:
    return builder.add(start, builder.mul(number, stride))


def _slots(builder: Builder, v: Vectors) -> list[Any]:
    return [cgutils.alloca_once(builder, v.vector) for _ in range(WIDTH)]


def _emit_sum(builder: Builder, v: Vectors, a: dict[str, Any], row: list[Any], source: Any) -> None:
    """Emit the sum of a row of the table over rows of `source`."""
    for slot in a["sums"]:
        builder.store(v.zero(), slot)
    with cgutils.for_range(builder, builder.sub(row[1], row[0])) as loop:
        term = builder.add(row[0], loop.index)
        factor = v.splat(builder.load(v.pointer(a["values"], term)))
        index = builder.sext(builder.load(v.pointer(a["index"], term)), source.type)
        place = _along(builder, source, index, constant(WIDTH * v.lanes))
        for slot, pointer in zip(a["sums"], _row(builder, v, a["work"], place), strict=True):
            builder.store(v.fma(factor, v.load(pointer), builder.load(slot)), slot)


def _emit_outer(builder: Builder, v: Vectors, a: dict[str, Any], x: Any, y: Any, group: list[Any]) -> None:
    """Emit the products of all orders of x and y."""
    _, _, n1, n2, stride, *_ = group
    with cgutils.for_range(builder, n1) as rows:
        left = [v.load(one) for one in _row(builder, v, a["x"], _along(builder, x, rows.index, stride))]
        with cgutils.for_range(builder, n2) as columns:
            right = _row(builder, v, a["y"], _along(builder, y, columns.index, stride))
            place = _along(builder, columns.index, rows.index, n2)
            start = _along(builder, a["p"], place, constant(WIDTH * v.lanes))
            for one, other, target in zip(left, right, _row(builder, v, a["work"], start), strict=True):
                v.store(builder.fmul(one, v.load(other)), target)


@contextmanager
def _each_group(builder: Builder, v: Vectors, a: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, list[Any]]]:
    """Emit what stands in the `with` for each block of each group: (lanes before, x, y, columns)."""
    span = constant(WIDTH * v.lanes)
    with cgutils.for_range(builder, a["count"]) as groups:
        group = table_row(builder, a["groups"], groups.index, COPY_GROUP)
        with cgutils.for_range(builder, builder.udiv(group[4], span)) as blocks:
            shift = builder.mul(blocks.index, span)
            x = builder.add(builder.add(a["x0"], group[0]), shift)
            y = builder.add(builder.add(a["y0"], group[1]), shift)
            _emit_outer(builder, v, a, x, y, group)
            yield shift, x, y, group


@contextmanager
def _each_row(
    builder: Builder, v: Vectors, a: dict[str, Any], group: list[Any], shift: Any
) -> Iterator[tuple[list[Any], list[Any], list[Any]]]:
    """Emit what stands in the `with` for each row of a group, summed: (z, weights, columns)."""
    with cgutils.for_range(builder, builder.sub(group[6], group[5])) as loop:
        row = table_row(builder, a["rows"], builder.add(group[5], loop.index), COPY_ROW)
        _emit_sum(builder, v, a, row, a["p"])
        z = _row(builder, v, a["z"], builder.add(builder.add(a["z0"], row[2]), shift))
        weights = _row(builder, v, a["work"], builder.add(builder.add(a["f0"], row[3]), shift))
        yield z, weights, row


def _emit_couple(builder: Builder, v: Vectors, a: dict[str, Any]) -> None:
    a["sums"] = _slots(builder, v)
    with (
        _each_group(builder, v, a) as (shift, _, _, group),
        _each_row(builder, v, a, group, shift) as (z, weights, _),
    ):
        for factor, slot, place in zip(weights, a["sums"], z, strict=True):
            v.store(v.fma(v.load(factor), builder.load(slot), v.load(place)), place)


def _emit_meet(builder: Builder, v: Vectors, a: dict[str, Any], group: list[Any], shift: Any) -> None:
    """Emit what the rows of a group give to the gradients of the weights, and to h."""
    with _each_row(builder, v, a, group, shift) as (g, weights, row):
        totals = _row(builder, v, a["work"], builder.add(builder.add(a["t0"], row[3]), shift))
        start = _along(builder, a["h0"], row[4], constant(WIDTH * v.lanes))
        h = _row(builder, v, a["work"], start)
        for k in range(WIDTH):
            incoming = v.load(g[k])
            v.store(v.fma(builder.load(a["sums"][k]), incoming, v.load(totals[k])), totals[k])
            v.store(builder.fmul(v.load(weights[k]), incoming), h[k])


def _emit_spread(builder: Builder, v: Vectors, a: dict[str, Any], x: Any, y: Any, group: list[Any]) -> None:
    """Emit what the rows of h give to the gradients of x and y."""
    _, _, n1, n2, stride, _, _, first = group
    to_x = builder.sub(builder.add(a["gx0"], x), a["x0"])
    to_y = builder.sub(builder.add(a["gy0"], y), a["y0"])
    with cgutils.for_range(builder, n1) as rows:
        left = [v.load(one) for one in _row(builder, v, a["x"], _along(builder, x, rows.index, stride))]
        into = _row(builder, v, a["gx"], _along(builder, to_x, rows.index, stride))
        for slot, place in zip(a["totals"], into, strict=True):
            builder.store(v.load(place), slot)
        with cgutils.for_range(builder, n2) as columns:
            pair = builder.add(first, _along(builder, columns.index, rows.index, n2))
            _emit_sum(builder, v, a, table_row(builder, a["rows"], pair, COPY_ROW), a["h0"])
            right = _row(builder, v, a["y"], _along(builder, y, columns.index, stride))
            target = _row(builder, v, a["gy"], _along(builder, to_y, columns.index, stride))
            for k in range(WIDTH):
                total, slot = builder.load(a["sums"][k]), a["totals"][k]
                builder.store(v.fma(total, v.load(right[k]), builder.load(slot)), slot)
                v.store(v.fma(total, left[k], v.load(target[k])), target[k])
        for slot, place in zip(a["totals"], into, strict=True):
            v.store(builder.load(slot), place)


def _emit_pull(builder: Builder, v: Vectors, a: dict[str, Any]) -> None:
    a["sums"], a["totals"] = _slots(builder, v), _slots(builder, v)
    with _each_group(builder, v, a) as (shift, x, y, group):
        _emit_meet(builder, v, a, group, shift)
        _emit_spread(builder, v, a, x, y, group)


_PROGRAM = ("work", "values", "index", "rows", "groups", "count", "x", "x0", "y", "y0", "z", "z0", "p", "f0")


@intrinsic
def _couple(typingctx: Any, work: Any, values: Any, index: Any, rows: Any, groups: Any, count: Any, x: Any, x0: Any, y: Any, y0: Any, z: Any, z0: Any, p: Any, f0: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i = types.int64
    kinds = types.void(work, values, index, rows, groups, i, x, i, y, i, z, i, i, i)
    return kinds, _codegen("couple", _PROGRAM, _emit_couple)


@intrinsic
def _pull(typingctx: Any, work: Any, values: Any, index: Any, rows: Any, groups: Any, count: Any, x: Any, x0: Any, y: Any, y0: Any, z: Any, z0: Any, p: Any, f0: Any, gx: Any, gx0: Any, gy: Any, gy0: Any, h0: Any, t0: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i = types.int64
    kinds = types.void(work, values, index, rows, groups, i, x, i, y, i, z, i, i, i, gx, i, gy, i, i, i)
    return kinds, _codegen("copy_pull", (*_PROGRAM, "gx", "gx0", "gy", "gy0", "h0", "t0"), _emit_pull)


def _codegen(name: str, names: tuple[str, ...], emit: Callable[..., None]) -> Callable[..., Any]:
    return outlined(name, lambda builder, v, args: emit(builder, v, dict(zip(names, args, strict=True))))


couple_4 = partial(couple_plain, vectors=WIDTH) if config.DISABLE_JIT else _couple
pull_4 = partial(copy_pull_plain, vectors=WIDTH) if config.DISABLE_JIT else _pull
