"""The vector code of `gaunt`: second differences in place, and numbers picked from a square with signs.

Rows are short (eleven entries on average where degrees go up to 8), so that a loop which LLVM vectorises by
itself would spend its time in the remainder. Here `LANES` numbers are moved at once; what exceeds a row is
overwritten by the next one, and callers leave that much room. Arrays are flat: integers, float64 or float32.

    difference(square, at, shift)                  square[at + k] += square[at + k - 2 shift]
                                                                     - 2 square[at + k - shift]
    pick(source, center, steps, place, minus, out, at)
        out[at + k] = +-source[center + (steps[place + k] >> 1)], negative if the last bit of the step
        differs from that of `minus`, which is 0 or -1; a zero of a float comes out as 0.0

for k < LANES.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import data_of

__all__ = ["LANES", "difference", "pick"]

LANES = 8
"""Numbers that are moved side by side."""

_LONG, _BYTE, _WORD = ir.IntType(64), ir.IntType(8), ir.IntType(32)


def _vector(kind: Any) -> Any:
    return ir.VectorType(kind, LANES)


def _constant(number: Any, kind: Any = _LONG) -> Any:
    """Return a vector of one number."""
    return ir.Constant(_vector(kind), [number] * LANES)


def _splat(builder: Any, scalar: Any) -> Any:
    """Emit a vector of one number."""
    empty = ir.Constant(_vector(scalar.type), ir.Undefined)
    one = builder.insert_element(empty, scalar, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(one, empty, _constant(0, _WORD))


def _place(builder: Any, data: Any, at: Any, kind: Any) -> Any:
    """Emit a pointer to the vector that begins at an element."""
    return builder.bitcast(builder.gep(data, [at]), _vector(kind).as_pointer())


@intrinsic
def difference(typingctx: Any, square: Any, at: Any, shift: Any) -> Any:  # noqa: ARG001
    """Emit the recursion of `LANES` integers; shift >= LANES."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data, one = data_of(context, builder, signature.args[0], args[0]), builder.sub(args[1], args[2])
        places = [_place(builder, data, at, _LONG) for at in (args[1], one, builder.sub(one, args[2]))]
        value, once, twice = (builder.load(place, align=8) for place in places)
        total = builder.sub(builder.add(value, twice), builder.shl(once, _constant(1)))
        builder.store(total, places[0], align=8)
        return context.get_dummy_value()

    i = types.int64
    return types.void(square, i, i), codegen


def _gathered(builder: Any, data: Any, offsets: Any, scalar: Any, size: int) -> Any:
    """Emit the elements at some offsets from a pointer."""
    start = _splat(builder, builder.ptrtoint(data, _LONG))
    addresses = builder.add(start, builder.mul(offsets, _constant(size)))
    places = builder.inttoptr(addresses, _vector(scalar.as_pointer()))
    vector, bits = _vector(scalar), _vector(ir.IntType(1))
    kind = ir.FunctionType(vector, [places.type, _WORD, bits, vector])
    letter = "i" if isinstance(scalar, ir.IntType) else "f"
    name = f"llvm.masked.gather.v{LANES}{letter}{8 * size}.v{LANES}p0"
    gather = cgutils.get_or_insert_function(builder.module, kind, name)
    everywhere = ir.Constant(bits, [1] * LANES)
    nothing = ir.Constant(vector, ir.Undefined)
    return builder.call(gather, [places, ir.Constant(_WORD, size), everywhere, nothing])


def _signed(builder: Any, value: Any, masks: Any, scalar: Any, size: int) -> Any:
    """Emit values, negated where a mask is -1."""
    if isinstance(scalar, ir.IntType):
        return builder.sub(builder.xor(value, masks), masks)
    whole = ir.IntType(8 * size)
    masks = builder.trunc(masks, _vector(whole)) if size < 8 else masks
    sign = builder.and_(masks, _constant(1 << (8 * size - 1), whole))
    turned = builder.bitcast(builder.xor(builder.bitcast(value, _vector(whole)), sign), _vector(scalar))
    return builder.fadd(turned, _constant(0.0, scalar))


@intrinsic
def pick(
    typingctx: Any, source: Any, center: Any, steps: Any, place: Any, minus: Any, out: Any, at: Any  # noqa: ARG001
) -> Any:  # fmt: skip
    """Emit `LANES` numbers."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds, size = signature.args, signature.args[0].dtype.bitwidth // 8
        scalar = context.get_value_type(kinds[0].dtype)
        data, pattern, target = (data_of(context, builder, kinds[k], args[k]) for k in (0, 2, 5))
        step = builder.sext(builder.load(_place(builder, pattern, args[3], _BYTE), align=1), _vector(_LONG))
        middle = builder.gep(data, [args[1]])
        value = _gathered(builder, middle, builder.ashr(step, _constant(1)), scalar, size)
        masks = builder.sub(_constant(0), builder.and_(step, _constant(1)))
        masks = builder.xor(masks, _splat(builder, args[4]))
        value = _signed(builder, value, masks, scalar, size)
        builder.store(value, _place(builder, target, args[6], scalar), align=size)
        return context.get_dummy_value()

    i = types.int64
    return types.void(source, i, steps, i, i, out, i), codegen
