"""Explicit vectors: the loops over batch tiles that every product spends its time in.

A tile holds one block of samples with the batch innermost: row r of a tile is `width` vectors of one
coefficient, one sample a lane. Vectors are 64 bytes (16 float32 or 8 float64); LLVM splits them where the
machine's are narrower. Multiply-adds are fused (`llvm.fma`), so the roundings are the same on every
machine that has FMA, and no `fastmath` is needed.

    dense_W    target[r] = sum_c matrix[r, c] source[c]              (small matrix times tile)
    sparse_W   target = (fresh ? 0 : target) + sum_t value[t] source[index[t]]   (one row of a sparse matrix)
    gather     tile[position[d], lane] = x[lane, d]                  (samples to a tile, transposed)
    scatter    z[lane, column + d] = tile[position[d], lane]         (and back)
    multiply_W, sum_difference_W, ring_points_W                      (elementwise steps on rows of a tile)

W is the width of the tile in vectors. Each has a plain twin in NumPy with the suffix `_plain`: tests hold the
two against each other, and the twin serves where Numba's JIT is switched off (NUMBA_DISABLE_JIT=1). Offsets
and steps count elements of flat, C-contiguous arrays; nothing is checked here: callers own the bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.jit import compiled, intrinsic

__all__ = [
    "VECTOR_BYTES",
    "dense_1",
    "dense_2",
    "gather",
    "lanes_of",
    "multiply_4",
    "ring_points_2",
    "scatter",
    "sparse_4",
    "sum_difference_1",
]

VECTOR_BYTES = 64
ROW_BLOCK = 8
"""Rows whose sums `dense` keeps in registers at a time: 8 rows of 2 vectors are 16 of 32 registers."""

Array = NDArray[Any]
Builder = Any


def lanes_of(dtype: DTypeLike) -> int:
    """Return how many numbers of `dtype` one vector holds: 16 for float32, 8 for float64."""
    return VECTOR_BYTES // np.dtype(dtype).itemsize


# ---- plain twins -----------------------------------------------------------------------------------------


def dense_plain(
    matrix: Array, m0: int, rows: int, cols: int,
    source: Array, s0: int, s_step: int, target: Array, t0: int, t_step: int, width: int,
) -> None:  # fmt: skip
    """Twin of `dense` in NumPy: any order of summation, so equal within the order-free bound."""
    span = width * lanes_of(target.dtype)
    block = matrix[m0 : m0 + rows * cols].reshape(rows, cols)
    columns = np.lib.stride_tricks.as_strided(
        source[s0:], (cols, span), (s_step * source.itemsize, source.itemsize)
    )
    for row, values in enumerate(block @ columns):
        target[t0 + row * t_step : t0 + row * t_step + span] = values


def sparse_plain(
    values: Array, index: Array, start: int, stop: int,
    source: Array, s_step: int, target: Array, t0: int, fresh: int, width: int,
) -> None:  # fmt: skip
    """Twin of `sparse` in NumPy."""
    span = width * lanes_of(target.dtype)
    total = np.zeros(span, dtype=target.dtype)
    for term in range(start, stop):
        s0 = int(index[term]) * s_step
        total += values[term] * source[s0 : s0 + span]
    target[t0 : t0 + span] = total if fresh else target[t0 : t0 + span] + total


def gather_plain(
    x: Array, first: int, count: int, dim: int, position: Array, tile: Array, width: int
) -> None:
    """Twin of `gather` in NumPy."""
    span = width * lanes_of(tile.dtype)
    rows = x[first * dim : (first + count) * dim].reshape(count, dim)
    for d in range(dim):
        t0 = int(position[d]) * span
        tile[t0 : t0 + count] = rows[:, d]
        tile[t0 + count : t0 + span] = 0


def scatter_plain(
    tile: Array, position: Array, z: Array, first: int, count: int, dim: int, column: int, length: int,
    width: int,
) -> None:  # fmt: skip
    """Twin of `scatter` in NumPy."""
    span = width * lanes_of(tile.dtype)
    rows = z[first * dim : (first + count) * dim].reshape(count, dim)
    for d in range(length):
        t0 = int(position[d]) * span
        rows[:, column + d] = tile[t0 : t0 + count]


def multiply_plain(work: Array, a: int, b: int, target: int, width: int) -> None:
    """Twin of `multiply` in NumPy."""
    span = width * lanes_of(work.dtype)
    work[target : target + span] = work[a : a + span] * work[b : b + span]


def sum_difference_plain(work: Array, a: int, b: int, total: int, rest: int, sign: float, width: int) -> None:
    """Twin of `sum_difference` in NumPy."""
    span = width * lanes_of(work.dtype)
    left, right = work[a : a + span].copy(), work[b : b + span].copy()
    work[total : total + span] = left + right
    work[rest : rest + span] = left + work.dtype.type(sign) * right


def ring_points_plain(work: Array, a: int, b: int, target: int, step: int, sign: float, width: int) -> None:
    """Twin of `ring_points` in NumPy."""
    span, minus = width * lanes_of(work.dtype), work.dtype.type(sign)

    def butterfly(p: Array, q: Array, r: Array, s: Array) -> tuple[Array, Array, Array, Array]:
        low, high, left, right = p + q, p + minus * q, r + s, r + minus * s
        return low + left, low + minus * left, high + right, high + minus * right

    def classes(start: int) -> list[Array]:
        return [work[start + k * step : start + k * step + span] for k in range(4)]

    even_c, odd_c, even_s, odd_s = classes(a)
    x = butterfly(even_c, odd_c, odd_s, even_s)
    even_c, odd_c, even_s, odd_s = classes(b)
    y = butterfly(even_c, odd_c, odd_s, even_s)
    f, g, h, k = (p * q for p, q in zip(x, y, strict=True))
    low, left, high, right = f + g, f + minus * g, h + k, h + minus * k
    out = (low + high, low + minus * high, left + minus * right, left + right)
    for place, values in enumerate(out):
        work[target + place * step : target + place * step + span] = values


# ---- LLVM IR ---------------------------------------------------------------------------------------------


class _Vectors:
    """Loads, stores and multiply-adds of 64-byte vectors of one scalar type, into one IR builder."""

    def __init__(self, builder: Builder, scalar: types.Float) -> None:
        self.builder = builder
        self.scalar = ir.FloatType() if scalar.bitwidth == 32 else ir.DoubleType()
        self.lanes = VECTOR_BYTES * 8 // scalar.bitwidth
        self.bytes = scalar.bitwidth // 8
        self.vector = ir.VectorType(self.scalar, self.lanes)
        name = f"llvm.fma.v{self.lanes}f{scalar.bitwidth}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self._fma = cgutils.get_or_insert_function(builder.module, kind, name)

    def pointer(self, data: Any, offset: Any) -> Any:
        return self.builder.gep(data, [offset])

    def load(self, pointer: Any) -> Any:
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(typed, align=self.bytes)

    def store(self, value: Any, pointer: Any) -> None:
        typed = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, typed, align=self.bytes)

    def splat(self, scalar: Any) -> Any:
        empty = ir.Constant(self.vector, ir.Undefined)
        one = self.builder.insert_element(empty, scalar, ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, empty, lanes)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return self.builder.call(self._fma, [a, b, c])

    def zero(self) -> Any:
        return ir.Constant(self.vector, [0.0] * self.lanes)

    def transpose(self, rows: list[Any]) -> list[Any]:
        """Transpose a square of `lanes` vectors: log2(lanes) rounds of swapping blocks in pairs of rows."""
        builder, lanes = self.builder, self.lanes
        span = 1
        while span < lanes:
            low = [k if not k & span else lanes + k - span for k in range(lanes)]
            high = [k + span if not k & span else lanes + k for k in range(lanes)]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), lanes), mask) for mask in (low, high)]
            for first in (k for k in range(lanes) if not k & span):
                a, b = rows[first], rows[first + span]
                rows[first] = builder.shuffle_vector(a, b, masks[0])
                rows[first + span] = builder.shuffle_vector(a, b, masks[1])
            span *= 2
        return rows


def _const(number: int) -> Any:
    return ir.Constant(ir.IntType(64), number)


def _data(context: Any, builder: Builder, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def _emit_dense_rows(
    builder: Builder, v: _Vectors, a: dict[str, Any], row: Any, rows: int, width: int
) -> None:
    """Emit target[row : row + rows] = matrix[row : row + rows] @ source, accumulators in registers."""
    accumulators = [[cgutils.alloca_once(builder, v.vector) for _ in range(width)] for _ in range(rows)]
    for slot in (slot for line in accumulators for slot in line):
        builder.store(v.zero(), slot)
    starts = [builder.add(a["m0"], builder.mul(builder.add(row, _const(r)), a["cols"])) for r in range(rows)]
    with cgutils.for_range(builder, a["cols"]) as loop:
        base = builder.add(a["s0"], builder.mul(loop.index, a["s_step"]))
        source = [
            v.load(v.pointer(a["source"], builder.add(base, _const(k * v.lanes)))) for k in range(width)
        ]
        for line, start in zip(accumulators, starts, strict=True):
            factor = v.splat(builder.load(v.pointer(a["matrix"], builder.add(start, loop.index))))
            for slot, vector in zip(line, source, strict=True):
                builder.store(v.fma(factor, vector, builder.load(slot)), slot)
    for r, line in enumerate(accumulators):
        base = builder.add(a["t0"], builder.mul(builder.add(row, _const(r)), a["t_step"]))
        for k, slot in enumerate(line):
            v.store(builder.load(slot), v.pointer(a["target"], builder.add(base, _const(k * v.lanes))))


def _dense_codegen(width: int) -> Callable[..., Any]:
    names = ("matrix", "m0", "rows", "cols", "source", "s0", "s_step", "target", "t0", "t_step")

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        a = dict(zip(names, args, strict=True))
        for name, kind in zip(names, signature.args, strict=True):
            if isinstance(kind, types.Array):
                a[name] = _data(context, builder, kind, a[name])
        v = _Vectors(builder, signature.args[0].dtype)
        blocks = builder.udiv(a["rows"], _const(ROW_BLOCK))
        with cgutils.for_range(builder, blocks) as loop:
            _emit_dense_rows(builder, v, a, builder.mul(loop.index, _const(ROW_BLOCK)), ROW_BLOCK, width)
        done = builder.mul(blocks, _const(ROW_BLOCK))
        rest = builder.sub(a["rows"], done)
        for left in range(1, ROW_BLOCK):
            with builder.if_then(builder.icmp_unsigned("==", rest, _const(left))):
                _emit_dense_rows(builder, v, a, done, left, width)
        return context.get_dummy_value()

    return codegen


def _dense_intrinsic(width: int) -> Any:
    @intrinsic
    def emit(typingctx: Any, matrix: Any, m0: Any, rows: Any, cols: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(matrix, i, i, i, source, i, i, target, i, i), _dense_codegen(width)

    return emit


def _sparse_codegen(width: int) -> Callable[..., Any]:
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        kinds = signature.args
        values, index, source, target = (_data(context, builder, kinds[k], args[k]) for k in (0, 1, 4, 6))
        start, stop, s_step, t0, fresh = args[2], args[3], args[5], args[7], args[8]
        v = _Vectors(builder, kinds[0].dtype)
        slots = [cgutils.alloca_once(builder, v.vector) for _ in range(width)]
        places = [v.pointer(target, builder.add(t0, _const(k * v.lanes))) for k in range(width)]
        for slot in slots:
            builder.store(v.zero(), slot)
        with cgutils.for_range(builder, builder.sub(stop, start)) as loop:
            term = builder.add(start, loop.index)
            row = builder.sext(builder.load(v.pointer(index, term)), ir.IntType(64))
            base = builder.mul(row, s_step)
            factor = v.splat(builder.load(v.pointer(values, term)))
            for k, slot in enumerate(slots):
                vector = v.load(v.pointer(source, builder.add(base, _const(k * v.lanes))))
                builder.store(v.fma(factor, vector, builder.load(slot)), slot)
        is_fresh = builder.icmp_unsigned("!=", fresh, _const(0))
        for slot, place in zip(slots, places, strict=True):
            before = builder.select(is_fresh, v.zero(), v.load(place))
            v.store(builder.fadd(before, builder.load(slot)), place)
        return context.get_dummy_value()

    return codegen


def _sparse_intrinsic(width: int) -> Any:
    @intrinsic
    def emit(typingctx: Any, values: Any, index: Any, start: Any, stop: Any, source: Any, s_step: Any, target: Any, t0: Any, fresh: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(values, index, i, i, source, i, target, i, i), _sparse_codegen(width)

    return emit


def _square_codegen(into_tile: bool) -> Callable[..., Any]:
    """Transpose one square of `lanes` samples by `lanes` coefficients between an array and a tile.

    Converts between float32 outside and float64 inside where the two differ.
    """

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        outer_kind, tile_kind = signature.args[0], signature.args[4]
        outer, position, tile = (_data(context, builder, signature.args[k], args[k]) for k in (0, 3, 4))
        o0, o_step, t0, t_step, d0 = args[1], args[2], args[5], args[6], args[7]
        v = _Vectors(builder, tile_kind.dtype)
        outside = ir.FloatType() if outer_kind.dtype.bitwidth == 32 else ir.DoubleType()
        outside_vector = ir.VectorType(outside, v.lanes)
        lanes = range(v.lanes)
        outer_at = [
            builder.bitcast(
                v.pointer(outer, builder.add(o0, builder.mul(_const(k), o_step))), outside_vector.as_pointer()
            )
            for k in lanes
        ]

        def tile_at(k: int) -> Any:
            place = builder.load(v.pointer(position, builder.add(d0, _const(k))))
            row = builder.mul(builder.sext(place, ir.IntType(64)), t_step)
            return v.pointer(tile, builder.add(t0, row))

        align = outer_kind.dtype.bitwidth // 8
        if into_tile:
            rows = [builder.load(pointer, align=align) for pointer in outer_at]
            if outside != v.scalar:
                rows = [builder.fpext(row, v.vector) for row in rows]
            for k, row in enumerate(v.transpose(rows)):
                v.store(row, tile_at(k))
        else:
            rows = v.transpose([v.load(tile_at(k)) for k in lanes])
            if outside != v.scalar:
                rows = [builder.fptrunc(row, outside_vector) for row in rows]
            for row, pointer in zip(rows, outer_at, strict=True):
                builder.store(row, pointer, align=align)
        return context.get_dummy_value()

    return codegen


def _square_intrinsic(into_tile: bool) -> Any:
    @intrinsic
    def emit(typingctx: Any, outer: Any, o0: Any, o_step: Any, position: Any, tile: Any, t0: Any, t_step: Any, d0: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(outer, i, i, position, tile, i, i, i), _square_codegen(into_tile)

    return emit


def _emit_sum_difference(v: _Vectors, a: Any, b: Any, sign: Any) -> tuple[Any, Any]:
    """Emit (a + b, a + sign b); sign is -1, or +1 where a bound adds absolute values."""
    return v.builder.fadd(a, b), v.fma(sign, b, a)


def _emit_ring_points(v: _Vectors, x: list[Any], y: list[Any], sign: Any) -> list[Any]:
    """Emit one point of a quadrant: four classes to four points for x and y, their products, and back."""

    def points(even_c: Any, odd_c: Any, even_s: Any, odd_s: Any) -> list[Any]:
        low, high = _emit_sum_difference(v, even_c, odd_c, sign)
        left, right = _emit_sum_difference(v, odd_s, even_s, sign)
        return [*_emit_sum_difference(v, low, left, sign), *_emit_sum_difference(v, high, right, sign)]

    f, g, h, k = (v.builder.fmul(p, q) for p, q in zip(points(*x), points(*y), strict=True))
    low, left = _emit_sum_difference(v, f, g, sign)
    high, right = _emit_sum_difference(v, h, k, sign)
    even_c, odd_c = _emit_sum_difference(v, low, high, sign)
    odd_s, even_s = _emit_sum_difference(v, left, right, sign)
    return [even_c, odd_c, even_s, odd_s]


def _pointwise_codegen(width: int, formula: str) -> Callable[..., Any]:
    """Emit one of the elementwise steps on `width` vectors of the flat array `work`."""

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        work, offsets = _data(context, builder, kind, args[0]), args[1:]
        v = _Vectors(builder, kind.dtype)

        def at(offset: Any, k: int) -> Any:
            return v.pointer(work, builder.add(offset, _const(k * v.lanes)))

        for k in range(width):
            if formula == "multiply":
                a, b, target = offsets
                v.store(builder.fmul(v.load(at(a, k)), v.load(at(b, k))), at(target, k))
                continue
            sign = offsets[-1]
            if v.bytes == 4:
                sign = builder.fptrunc(sign, v.scalar)
            sign = v.splat(sign)
            if formula == "sum_difference":
                a, b, total, rest = offsets[:-1]
                plus, minus = _emit_sum_difference(v, v.load(at(a, k)), v.load(at(b, k)), sign)
                v.store(plus, at(total, k))
                v.store(minus, at(rest, k))
                continue
            a, b, target, step = offsets[:-1]

            def classes(start: Any, step: Any = step) -> list[Any]:
                return [builder.add(start, builder.mul(_const(place), step)) for place in range(4)]

            x = [v.load(at(offset, k)) for offset in classes(a)]
            y = [v.load(at(offset, k)) for offset in classes(b)]
            out = _emit_ring_points(v, x, y, sign)
            for offset, value in zip(classes(target), out, strict=True):
                v.store(value, at(offset, k))
        return context.get_dummy_value()

    return codegen


def _multiply_intrinsic(width: int) -> Any:
    @intrinsic
    def emit(typingctx: Any, work: Any, a: Any, b: Any, target: Any) -> Any:  # noqa: ARG001
        i = types.int64
        return types.void(work, i, i, i), _pointwise_codegen(width, "multiply")

    return emit


def _butterfly_intrinsic(width: int, formula: str) -> Any:
    @intrinsic
    def emit(typingctx: Any, work: Any, a: Any, b: Any, c: Any, d: Any, sign: Any) -> Any:  # noqa: ARG001
        i = types.int64
        return types.void(work, i, i, i, i, types.float64), _pointwise_codegen(width, formula)

    return emit


def _choose(plain: Callable[..., None], emit: Callable[[], Any], width: int) -> Any:
    """Return the intrinsic, or the plain twin bound to its width where the JIT is off."""
    return partial(plain, width=width) if config.DISABLE_JIT else emit()


dense_1 = _choose(dense_plain, lambda: _dense_intrinsic(1), 1)
dense_2 = _choose(dense_plain, lambda: _dense_intrinsic(2), 2)
sparse_4 = _choose(sparse_plain, lambda: _sparse_intrinsic(4), 4)
multiply_4 = _choose(multiply_plain, lambda: _multiply_intrinsic(4), 4)
sum_difference_1 = _choose(sum_difference_plain, lambda: _butterfly_intrinsic(1, "sum_difference"), 1)
ring_points_2 = _choose(ring_points_plain, lambda: _butterfly_intrinsic(2, "ring_points"), 2)
_square_in, _square_out = _square_intrinsic(into_tile=True), _square_intrinsic(into_tile=False)


def _gather(x: Array, first: int, count: int, dim: int, position: Array, tile: Array, width: int) -> None:
    """Copy samples x[first : first + count] into a tile, coefficient d to row position[d]; pad with 0."""
    lanes = VECTOR_BYTES // tile.itemsize
    span = width * lanes
    whole = count // lanes if dim >= lanes else 0
    for group in range(whole):
        start = (first + group * lanes) * dim
        for d0 in range(0, dim - lanes + 1, lanes):
            _square_in(x, start + d0, dim, position, tile, group * lanes, span, d0)
        if dim % lanes:
            _square_in(x, start + dim - lanes, dim, position, tile, group * lanes, span, dim - lanes)
    for d in range(dim):
        t0 = np.int64(position[d]) * span
        for lane in range(whole * lanes, count):
            tile[t0 + lane] = x[(first + lane) * dim + d]
        for lane in range(count, span):
            tile[t0 + lane] = 0


def _scatter(
    tile: Array, position: Array, z: Array, first: int, count: int, dim: int, column: int, length: int,
    width: int,
) -> None:  # fmt: skip
    """Copy rows position[d] of a tile to coefficients column + d < column + length of z[first : +count]."""
    lanes = VECTOR_BYTES // tile.itemsize
    span = width * lanes
    whole = count // lanes if length >= lanes else 0
    for group in range(whole):
        start = (first + group * lanes) * dim + column
        for d0 in range(0, length - lanes + 1, lanes):
            _square_out(z, start + d0, dim, position, tile, group * lanes, span, d0)
        if length % lanes:
            last = length - lanes
            _square_out(z, start + last, dim, position, tile, group * lanes, span, last)
    for d in range(length):
        t0 = np.int64(position[d]) * span
        for lane in range(whole * lanes, count):
            z[(first + lane) * dim + column + d] = tile[t0 + lane]


gather = gather_plain if config.DISABLE_JIT else compiled(_gather)
scatter = scatter_plain if config.DISABLE_JIT else compiled(_scatter)
