"""The vector code of `six_j`: rows of integers by correlation, and rows of floats in double-double.

Rows are short (five entries on average where labels go up to 10), so that a loop which LLVM vectorises by
itself would spend its time in the remainder. Here `LANES` entries are computed at once, and what exceeds the
row is overwritten by the next one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, intrinsic
from reptheory.kernels.two_words import double_word_product

__all__ = ["LANES", "correlate", "round_lanes", "round_one"]

LANES = 8
"""Entries of a row that are computed side by side."""

Words = NDArray[np.uint64]
Doubles = NDArray[np.float64]

_VECTOR = ir.VectorType(ir.IntType(64), LANES)
_REALS = ir.VectorType(ir.DoubleType(), LANES)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, offset: Any, vector: Any) -> Any:
    """Emit a pointer to `vector` at an element of an array."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())


def _splat(builder: Any, scalar: Any, vector: Any) -> Any:
    """Emit a vector of one number."""
    empty, word = ir.Constant(vector, ir.Undefined), ir.IntType(32)
    one = builder.insert_element(empty, scalar, ir.Constant(word, 0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(word, LANES), [0] * LANES))


@intrinsic
def _emit_correlate(
    typingctx: Any, u: Any, u0: Any, count: Any, v: Any, v0: Any, out: Any, place: Any  # noqa: ARG001
) -> Any:  # fmt: skip
    """Emit `correlate` of `LANES` entries at once."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        total = cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, [0] * LANES))
        with cgutils.for_range(builder, args[2]) as loop:
            at = builder.add(args[1], loop.index)
            factor = builder.load(_pointer(context, builder, kinds[0], args[0], at, ir.IntType(64)))
            place = builder.add(args[4], loop.index)
            row = builder.load(_pointer(context, builder, kinds[3], args[3], place, _VECTOR), align=8)
            term = builder.mul(_splat(builder, factor, _VECTOR), row)
            builder.store(builder.add(builder.load(total), term), total)
        target = _pointer(context, builder, kinds[5], args[5], args[6], _VECTOR)
        builder.store(builder.load(total), target, align=8)
        return context.get_dummy_value()

    i = types.int64
    return types.void(u, i, i, v, i, out, i), codegen


def _plain_correlate(u: Words, u0: int, count: int, v: Words, v0: int, out: Words, place: int) -> None:
    """Twin of `correlate` in NumPy."""
    total = np.zeros(LANES, np.uint64)
    for k in range(count):
        total += u[u0 + k] * v[v0 + k : v0 + k + LANES]
    out[place : place + LANES] = total


correlate = _plain_correlate if config.DISABLE_JIT else _emit_correlate


class _Pairs:
    """Arithmetic of vectors of double-doubles in one IR builder."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        kind = ir.FunctionType(_REALS, [_REALS] * 3)
        self._fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64")

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return self.builder.call(self._fma, [a, b, c])

    def product(self, a: Any, a_low: Any, b: Any, b_low: Any) -> tuple[Any, Any]:
        """Emit `double_word_product`."""
        build = self.builder
        p = build.fmul(a, b)
        e = build.fadd(self.fma(a, b, build.fneg(p)), self.fma(a, b_low, build.fmul(a_low, b)))
        h = build.fadd(p, e)
        return h, build.fsub(e, build.fsub(h, p))

    def undecided(self, h: Any, low: Any, slack: Any) -> Any:
        """Emit the lanes, as bits, where h may not be the nearest float of what (h, low) stands for."""
        build = self.builder
        reach = build.fmul(h, _splat(build, slack, _REALS))
        ends = [build.fadd(h, build.fadd(low, reach)), build.fadd(h, build.fsub(low, reach))]
        bits = [build.fcmp_unordered("!=", end, h) for end in ends]
        lanes = build.bitcast(build.or_(*bits), ir.IntType(LANES))
        return build.zext(lanes, ir.IntType(64))


@intrinsic
def _emit_round(
    typingctx: Any, integers: Any, place: Any, r: Any, rest: Any, head: Any, tail: Any, x: Any,  # noqa: ARG001
    y: Any, slack: Any, out: Any,  # noqa: ARG001
) -> Any:  # fmt: skip
    """Emit `round_lanes`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def load(array: int, place: int, vector: Any) -> Any:
            pointer = _pointer(context, builder, signature.args[array], args[array], args[place], vector)
            return builder.load(pointer, align=8)

        pairs = _Pairs(builder)
        whole = load(0, 1, _VECTOR)
        h = builder.sitofp(whole, _REALS)
        low = builder.sitofp(builder.sub(whole, builder.fptosi(h, _VECTOR)), _REALS)
        second, third = ((load(4, k, _REALS), load(5, k, _REALS)) for k in (6, 7))
        row = _splat(builder, args[2], _REALS), _splat(builder, args[3], _REALS)
        factor = pairs.product(*second, *third)
        value, rest = pairs.product(h, low, *pairs.product(*row, *factor))
        target = _pointer(context, builder, signature.args[9], args[9], args[1], _REALS)
        builder.store(value, target, align=8)
        return pairs.undecided(value, rest, args[8])

    i, f = types.int64, types.float64
    return types.int64(integers, i, f, f, head, tail, i, i, f, out), codegen


@compiled
def round_one(
    h: float, h_low: float, c: float, c_low: float, x: float, x_low: float, y: float, y_low: float,
    slack: float,
) -> tuple[float, bool]:  # fmt: skip
    """Return the product of four double-doubles rounded once, and whether it is proven the nearest float."""
    f, f_low = double_word_product(x, x_low, y, y_low)
    f, f_low = double_word_product(c, c_low, f, f_low)
    value, rest = double_word_product(h, h_low, f, f_low)
    reach = value * slack
    return value, value + (rest + reach) == value and value + (rest - reach) == value


def _round_plain(
    integers: NDArray[np.int64], place: int, r: float, rest: float, head: Doubles, tail: Doubles, x: int,
    y: int, slack: float, out: Doubles,
) -> int:  # fmt: skip
    """Twin of `round_lanes`, lane by lane."""
    marks = 0
    for lane in range(LANES):
        h, h_low = (
            float(integers[place + lane]),
            float(int(integers[place + lane]) - int(float(integers[place + lane]))),
        )
        pairs = head[x + lane], tail[x + lane], head[y + lane], tail[y + lane]
        out[place + lane], sure = round_one(h, h_low, r, rest, *pairs, slack)
        marks |= (not sure) << lane
    return marks


round_lanes = _round_plain if config.DISABLE_JIT else _emit_round
