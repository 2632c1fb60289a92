"""Copies as lanes: the entries of one sample to rows of a tile, one an order, and back; rows of weights.

A table of entries says for each where it begins, its copies, orders, row of the tile and padded copies, a
whole number of vectors. Rows of some samples may stand side by side. Both layouts: inner 1, copies outside
and orders inside (mul_ir); inner 0, the reverse (ir_mul).
"""

from __future__ import annotations

from typing import Any

from reptheory.kernels.jit import part
from reptheory.kernels.simd.columns import copy_1, strided
from reptheory.kernels.simd.irreps import LARGEST, join, split
from reptheory.kernels.simd.pointers import at, put

__all__ = ["ENTRY", "empty_rows", "fill_rows", "from_rows", "put_weights", "to_rows", "weight_row"]

ENTRY = 5
"""Columns that a table of entries begins with."""


@part
def _pad(work: Any, row: int, copies: int, padded: int) -> None:
    """Clear the copies of a row that are not there."""
    for c in range(copies, padded):
        put(work, row + c, 0)


@part
def to_rows(
    x: Any, x0: int, copies: int, orders: int, inner: int, work: Any, t0: int, padded: int, stride: int,
    lanes: int,
) -> None:  # fmt: skip
    """Bring the copies of an entry of x to rows of a tile, one an order; pad with 0."""
    whole = copies - copies % lanes if inner == 0 or orders <= LARGEST else 0
    blocks, together = (1, orders) if inner else (orders, 1)
    for m in range(blocks):
        split(x, x0 + m * copies, work, t0 + m * stride, stride, together, whole)
    if whole < padded:
        step, jump = (orders, 1) if inner else (1, copies)
        for m in range(orders):
            row = t0 + m * stride
            strided(x, x0 + whole * step + m * jump, step, work, row + whole, 1, copies - whole)
            _pad(work, row, copies, padded)


@part
def from_rows(
    work: Any, t0: int, stride: int, z: Any, z0: int, copies: int, orders: int, inner: int, stream: int,
    lanes: int,
) -> None:  # fmt: skip
    """Write the rows of a tile to the copies of an entry of z; stream: around the caches if z0 allows it."""
    whole = copies - copies % lanes if inner == 0 or orders <= LARGEST else 0
    blocks, together = (1, orders) if inner else (orders, 1)
    for m in range(blocks):
        place = z0 + m * copies
        around = stream if place % lanes == 0 else 0
        join(work, t0 + m * stride, stride, z, place, around, together, whole)
    if whole < copies:
        step, jump = (orders, 1) if inner else (1, copies)
        for m in range(orders):
            strided(work, t0 + m * stride + whole, 1, z, z0 + whole * step + m * jump, step, copies - whole)


@part
def fill_rows(
    x: Any, x0: int, entries: Any, first: int, last: int, columns: int, inner: int, work: Any, t0: int,
    beside: int, samples: int, lanes: int,
) -> None:  # fmt: skip
    """Bring the entries of one sample to a tile, as number `beside` of `samples` that stand side by side.

    entries   rows of `columns` integers, of which the first `ENTRY` say where an entry stands
    """
    for e in range(first * columns, last * columns, columns):
        copies, orders, padded = at(entries, e + 1), at(entries, e + 2), at(entries, e + 4)
        place, tile = x0 + at(entries, e), t0 + at(entries, e + 3) + beside * padded
        to_rows(x, place, copies, orders, inner, work, tile, padded, samples * padded, lanes)


@part
def empty_rows(
    work: Any, t0: int, beside: int, samples: int, entries: Any, first: int, last: int, columns: int, z: Any,
    z0: int, inner: int, stream: int, lanes: int,
) -> None:  # fmt: skip
    """Write the entries of one sample from a tile; the reverse of `fill_rows`."""
    for e in range(first * columns, last * columns, columns):
        copies, orders, padded = at(entries, e + 1), at(entries, e + 2), at(entries, e + 4)
        place, tile = z0 + at(entries, e), t0 + at(entries, e + 3) + beside * padded
        from_rows(work, tile, samples * padded, z, place, copies, orders, inner, stream, lanes)


@part
def weight_row(
    weights: Any, w0: int, step: int, copies: int, work: Any, row: int, padded: int, lanes: int
) -> None:
    """Bring the weights of the copies of a path to a row of the tile; step 0: 1 for every copy."""
    whole = copies - copies % lanes if step == 1 else 0
    for c in range(0, whole, lanes):
        copy_1(weights, w0 + c, work, row + c)
    if step:
        strided(weights, w0 + whole * step, step, work, row + whole, 1, copies - whole)
    else:
        for c in range(copies):
            put(work, row + c, 1)
    _pad(work, row, copies, padded)


@part
def put_weights(
    gradient: Any, w: int, step: int, copies: int, work: Any, total: int, add: int, lanes: int
) -> None:
    """Write, or add, the gradient of the weights of one path."""
    if add:
        for c in range(copies):
            put(gradient, w + c * step, at(gradient, w + c * step) + at(work, total + c))
        return
    whole = copies - copies % lanes if step == 1 else 0
    for c in range(0, whole, lanes):
        copy_1(work, total + c, gradient, w + c)
    strided(work, total + whole, 1, gradient, w + whole * step, step, copies - whole)
