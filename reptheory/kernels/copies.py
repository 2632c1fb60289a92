"""Copies as lanes: the copies of an entry of an array to rows of a tile, one an order, and back.

Rows hold `padded` copies, a whole number of vectors, and stand `stride` apart. Both layouts: inner 1, copies
outside and orders inside (mul_ir); inner 0, the reverse (ir_mul).
"""

from __future__ import annotations

from typing import Any

from reptheory.kernels.jit import part
from reptheory.kernels.simd.irreps import LARGEST, join, split
from reptheory.kernels.simd.pointers import at, put

__all__ = ["from_rows", "put_weights", "to_rows", "weight_row"]


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
    if whole == padded:
        return
    step, jump = (orders, 1) if inner else (1, copies)
    for m in range(orders):
        for c in range(whole, copies):
            put(work, t0 + m * stride + c, at(x, x0 + c * step + m * jump))
        for c in range(copies, padded):
            put(work, t0 + m * stride + c, 0)


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
    if whole == copies:
        return
    step, jump = (orders, 1) if inner else (1, copies)
    for m in range(orders):
        for c in range(whole, copies):
            put(z, z0 + c * step + m * jump, at(work, t0 + m * stride + c))


@part
def weight_row(
    weights: Any, w0: int, step: int, copies: int, work: Any, row: int, padded: int, lanes: int
) -> None:
    """Bring the weights of the copies of a path to a row of the tile; step 0: 1 for every copy."""
    whole = copies - copies % lanes if step == 1 else 0
    split(weights, w0, work, row, padded, 1, whole)
    if whole == padded:
        return
    for c in range(whole, copies):
        if step:
            put(work, row + c, at(weights, w0 + c * step))
        else:
            put(work, row + c, 1)
    for c in range(copies, padded):
        put(work, row + c, 0)


@part
def put_weights(
    gradient: Any, w: int, step: int, copies: int, work: Any, total: int, add: int, lanes: int
) -> None:
    """Write, or add, the gradient of the weights of one path."""
    whole = copies - copies % lanes if step == 1 and add == 0 else 0
    join(work, total, lanes, gradient, w, 0, 1, whole)
    for c in range(whole, copies):
        place = w + c * step
        before = at(gradient, place) if add else 0
        put(gradient, place, before + at(work, total + c))
