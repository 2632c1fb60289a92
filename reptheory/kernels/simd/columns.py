"""Explicit vectors for columns: between (sample, coefficient) in an array and one coefficient a vector.

Four samples stand side by side in a vector, one in each 128-bit part, so that reading and writing them does
part of the transposition; the rest happens within the parts. Converts between float32 outside and float64
inside where the two differ.

    columns_in    tile[t0 + position[d] t_step + k] = x[x0 + k x_step + d - d0],  lanes / 4 rows d from d0
    columns_out   the way back

A number in place of positions: rows stand in order.

`strided` moves what does not fill vectors, one number after the other,
`copy_1` one vector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, data_of, outlined
from reptheory.kernels.simd.plain import columns_in_plain, columns_out_plain, copy_plain, strided_plain

__all__ = ["columns_in", "columns_out", "copy_1", "read_columns", "strided", "write_columns"]

Builder = Any
Place = Callable[[int], Any]


def _kinds(v: Vectors, outer: types.Float) -> tuple[Any, Any, int]:
    """Return a quarter vector as it stands in the array, the same in registers, and the array's alignment."""
    part = v.lanes // 4
    outside = ir.VectorType(ir.FloatType() if outer.bitwidth == 32 else ir.DoubleType(), part)
    return outside, ir.VectorType(v.scalar, part), outer.bitwidth // 8


def read_columns(v: Vectors, outer: types.Float, sample: Place) -> list[Any]:
    """Emit the reading of `lanes // 4` coefficients of `lanes` samples, sample k from sample(k)."""
    outside, inside, align = _kinds(v, outer)
    part = v.lanes // 4

    def read(k: int) -> Any:
        typed = v.builder.bitcast(sample(k), outside.as_pointer())
        value = v.builder.load(typed, align=align)
        return value if outside == inside else v.builder.fpext(value, inside)

    return v.within_parts([v.join([read(k + p * part) for p in range(4)]) for k in range(part)])


def write_columns(v: Vectors, outer: types.Float, columns: list[Any], sample: Place) -> None:
    """Emit the writing of `lanes // 4` coefficients of `lanes` samples, sample k to sample(k)."""
    outside, inside, align = _kinds(v, outer)
    part = v.lanes // 4
    rows = v.within_parts(columns)
    for k, p in ((k, p) for p in range(4) for k in range(part)):
        value = v.cut(rows[k], p)
        value = value if outside == inside else v.builder.fptrunc(value, outside)
        typed = v.builder.bitcast(sample(k + p * part), outside.as_pointer())
        v.builder.store(value, typed, align=align)


def _columns_codegen(into_tile: bool) -> Callable[..., Any]:
    """Move `lanes // 4` coefficients of `lanes` samples between an array and a tile."""

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        outer, tile_kind = signature.args[0].dtype, signature.args[4]
        array, tile = (data_of(context, builder, signature.args[k], args[k]) for k in (0, 4))
        in_order = isinstance(signature.args[3], types.Integer)
        position = args[3] if in_order else data_of(context, builder, signature.args[3], args[3])
        o0, o_step, t0, t_step, d0 = args[1], args[2], args[5], args[6], args[7]
        v = Vectors(builder, tile_kind.dtype)

        def sample(k: int) -> Any:
            return v.pointer(array, builder.add(o0, builder.mul(constant(k), o_step)))

        def row(c: int) -> Any:
            place = builder.add(d0, constant(c))
            if not in_order:
                place = builder.sext(builder.load(v.pointer(position, place)), ir.IntType(64))
            return v.pointer(tile, builder.add(t0, builder.mul(place, t_step)))

        if into_tile:
            for c, value in enumerate(read_columns(v, outer, sample)):
                v.store(value, row(c))
        else:
            write_columns(v, outer, [v.load(row(c)) for c in range(v.lanes // 4)], sample)
        return context.get_dummy_value()

    return codegen


def _columns(into_tile: bool) -> Any:
    """Return the transposition of a few columns, the step of `tiles.gather` and `tiles.scatter`."""

    @intrinsic
    def emit(typingctx: Any, outer: Any, o0: Any, o_step: Any, position: Any, tile: Any, t0: Any, t_step: Any, d0: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(outer, i, i, types.unliteral(position), tile, i, i, i), _columns_codegen(into_tile)

    return emit


def _emit_strided(builder: Builder, v: Vectors, args: list[Any]) -> None:
    """Emit target[t0 + k t_step] = source[s0 + k s_step] for k < count."""
    source, s0, s_step, target, t0, t_step, count = args
    inner = target.type.pointee
    with cgutils.for_range(builder, count) as loop:
        read = v.pointer(source, builder.add(s0, builder.mul(loop.index, s_step)))
        write = v.pointer(target, builder.add(t0, builder.mul(loop.index, t_step)))
        value = builder.load(read)
        if value.type != inner:
            convert = builder.fpext if isinstance(inner, ir.DoubleType) else builder.fptrunc
            value = convert(value, inner)
        builder.store(value, write)


@intrinsic
def _strided(typingctx: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any, count: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i = types.int64
    return types.void(source, i, i, target, i, i, i), outlined("strided", _emit_strided, in_registers=True)


@intrinsic
def _copy_1(typingctx: Any, source: Any, s0: Any, target: Any, t0: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        source, target = (data_of(context, builder, signature.args[k], args[k]) for k in (0, 2))
        v = Vectors(builder, signature.args[0].dtype)
        v.store(v.load(v.pointer(source, args[1])), v.pointer(target, args[3]))
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64), codegen


columns_in = columns_in_plain if config.DISABLE_JIT else _columns(into_tile=True)
columns_out = columns_out_plain if config.DISABLE_JIT else _columns(into_tile=False)
copy_1 = copy_plain if config.DISABLE_JIT else _copy_1
strided = strided_plain if config.DISABLE_JIT else _strided
