"""LLVM IR of the explicit vectors of `simd` that take rows of a tile element by element.

`tiles` says what each does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, data_of

__all__ = ["multiply_intrinsic", "ring_points_intrinsic", "sum_difference_intrinsic", "turn_intrinsic"]

Builder = Any

Row = Callable[[Any], Any]
"""Points to one vector of the rows that begin at an offset."""


def _pointwise(width: int, body: Callable[[Vectors, Row, Any], None]) -> Callable[..., Any]:
    """Return a code generator for `width` vectors of rows of `work`, each of which `body` emits."""

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        work, v = data_of(context, builder, kind, args[0]), Vectors(builder, kind.dtype)
        for k in range(width):
            own = builder.gep(work, [constant(k * v.lanes)])
            body(v, partial(v.pointer, own), args[1:])
        return context.get_dummy_value()

    return codegen


def _emit_multiply(v: Vectors, row: Row, offsets: Any, *, formula: str) -> None:
    """Emit target = a b, target + a b or target - a b."""
    a, b, target = map(row, offsets)
    left, right = v.load(a), v.load(b)
    if formula == "multiply":
        v.store(v.builder.fmul(left, right), target)
        return
    if formula == "multiply_subtract":
        left = v.builder.fneg(left)
    v.store(v.fma(left, right, v.load(target)), target)


def multiply_intrinsic(width: int, formula: str = "multiply") -> Any:
    """Return `simd.multiply_W`, `multiply_add_W` or `multiply_subtract_W`, by name, for W = width."""

    @intrinsic
    def emit(typingctx: Any, work: Any, a: Any, b: Any, target: Any) -> Any:  # noqa: ARG001
        i = types.int64
        return types.void(work, i, i, i), _pointwise(width, partial(_emit_multiply, formula=formula))

    return emit


def _sign(v: Vectors, sign: Any) -> Any:
    """Put a float64 sign in every lane."""
    return v.splat(v.builder.fptrunc(sign, v.scalar) if v.bytes == 4 else sign)


def _sum_difference(v: Vectors, a: Any, b: Any, sign: Any) -> tuple[Any, Any]:
    """Emit (a + b, a + sign b); sign is -1, or +1 where a bound adds absolute values."""
    return v.builder.fadd(a, b), v.fma(sign, b, a)


def _emit_sum_difference(v: Vectors, row: Row, args: Any) -> None:
    """Emit total = a + b, rest = a + sign b."""
    a, b, total, rest = map(row, args[:-1])
    plus, minus = _sum_difference(v, v.load(a), v.load(b), _sign(v, args[-1]))
    v.store(plus, total)
    v.store(minus, rest)


def sum_difference_intrinsic(width: int) -> Any:
    """Return `simd.sum_difference_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, work: Any, a: Any, b: Any, total: Any, rest: Any, sign: Any) -> Any:  # noqa: ARG001
        i = types.int64
        return types.void(work, i, i, i, i, types.float64), _pointwise(width, _emit_sum_difference)

    return emit


def _classes(v: Vectors, row: Row, start: Any, step: Any) -> list[Any]:
    """Point to the four rows from `start` on, `step` apart."""
    return [row(v.builder.add(start, v.builder.mul(constant(k), step))) for k in range(4)]


def _emit_turn(v: Vectors, row: Row, args: Any) -> None:
    """Emit four classes to four points in place, or back."""
    start, step = args[:-1]
    sign = _sign(v, args[-1])
    places = _classes(v, row, start, step)
    a, b, c, d = map(v.load, places)
    low, high = _sum_difference(v, a, b, sign), _sum_difference(v, c, d, sign)
    first, third = _sum_difference(v, low[0], high[0], sign)
    second, fourth = _sum_difference(v, low[1], high[1], sign)
    for value, place in zip((first, second, third, fourth), places, strict=True):
        v.store(value, place)


def turn_intrinsic(width: int) -> Any:
    """Return `simd.turn_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, work: Any, start: Any, step: Any, sign: Any) -> Any:  # noqa: ARG001
        i = types.int64
        return types.void(work, i, i, types.float64), _pointwise(width, _emit_turn)

    return emit


def _emit_ring_points(v: Vectors, row: Row, args: Any) -> None:
    """Emit one point of a quadrant: four classes to four points for x and y, their products, and back."""
    a, b, target, step = args
    pair = partial(_sum_difference, v, sign=v.splat(ir.Constant(v.scalar, -1.0)))

    def points(start: Any) -> list[Any]:
        even_c, odd_c, even_s, odd_s = map(v.load, _classes(v, row, start, step))
        low, high = pair(even_c, odd_c)
        left, right = pair(odd_s, even_s)
        return [*pair(low, left), *pair(high, right)]

    f, g, h, k = (v.builder.fmul(p, q) for p, q in zip(points(a), points(b), strict=True))
    low, left = pair(f, g)
    high, right = pair(h, k)
    even_c, odd_c = pair(low, high)
    odd_s, even_s = pair(left, right)
    for value, place in zip((even_c, odd_c, even_s, odd_s), _classes(v, row, target, step), strict=True):
        v.store(value, place)


def ring_points_intrinsic(width: int) -> Any:
    """Return `simd.ring_points_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, work: Any, a: Any, b: Any, target: Any, step: Any) -> Any:  # noqa: ARG001
        i = types.int64
        return types.void(work, i, i, i, i), _pointwise(width, _emit_ring_points)

    return emit
