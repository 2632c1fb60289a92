"""Explicit vectors for weighted products: small matrices times rows of a tile, with every stride free.

    mix_W      target[r] = (fresh ? 0 : target[r]) + sum_c matrix[r, c] source[c]
    weigh_W    the same, with the sum multiplied by the row `factors` before it is added
    dots       target[a, b] = sum over vectors c of left[a, c] right[b, c]        (lane by lane)
    matrices   out[lane, r] = sum of row r of a sparse table over the rows of a tile, lane by lane
    sum_lanes  the sum of the lanes of one vector, in halves
    clear      zeros, a whole number of vectors

matrix[r, c] stands at m0 + r m_row + c m_col, source[c] at s0 + c s_step, target[r] at t0 + r t_step of their
flat arrays; a row is `count` numbers, taken W vectors at a time. What the lanes are is the caller's choice:
samples, or copies of an irrep. Sums stay in registers, some rows at a time. Twins in NumPy: `plain`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, data_of, outlined
from reptheory.kernels.simd.plain import (
    clear_plain,
    dots_plain,
    matrices_plain,
    mix_plain,
    sum_lanes_plain,
    weigh_plain,
)

__all__ = ["clear", "dots", "matrices", "mix_2", "sum_lanes", "weigh_2"]

Builder = Any

BLOCKS = (9, 7, 5, 3, 1)
"""Rows whose sums stay in registers: irreps up to degree 4; 9 rows of 2 vectors are 18 of 32."""
DOT_BLOCKS = (3, 2, 1)
"""Rows that `dots` multiplies with up to 9 others at a time: 27 sums in registers."""

_NAMES = (
    "matrix", "m0", "m_row", "m_col", "rows", "cols", "source", "s0", "s_step", "target", "t0", "t_step",
    "fresh", "count",
)  # fmt: skip


def in_blocks(
    builder: Builder, count: Any, blocks: tuple[int, ...], emit: Callable[[Any, int], None]
) -> None:
    """Emit `emit(first, size)` until `count` rows are done, in blocks of the largest size that is left."""
    done = constant(0)
    for size in blocks:
        repeats = builder.udiv(builder.sub(count, done), constant(size))
        with cgutils.for_range(builder, repeats) as loop:
            emit(builder.add(done, builder.mul(loop.index, constant(size))), size)
        done = builder.add(done, builder.mul(repeats, constant(size)))


def _emit_rows(builder: Builder, v: Vectors, a: dict[str, Any], row: Any, rows: int, width: int) -> None:
    """Emit `rows` rows from row number `row` on, `width` vectors at a time."""
    span = constant(width * v.lanes)
    starts = [
        builder.add(a["m0"], builder.mul(builder.add(row, constant(r)), a["m_row"])) for r in range(rows)
    ]
    places = [
        builder.add(a["t0"], builder.mul(builder.add(row, constant(r)), a["t_step"])) for r in range(rows)
    ]
    is_fresh = builder.icmp_unsigned("!=", a["fresh"], constant(0))
    sums = [[cgutils.alloca_once(builder, v.vector) for _ in range(width)] for _ in range(rows)]
    with cgutils.for_range(builder, builder.udiv(a["count"], span)) as across:
        shift = builder.mul(across.index, span)
        for slot in (slot for line in sums for slot in line):
            builder.store(v.zero(), slot)
        first = builder.add(a["s0"], shift)
        with cgutils.for_range(builder, a["cols"]) as loop:
            base = builder.add(first, builder.mul(loop.index, a["s_step"]))
            source = [
                v.load(v.pointer(a["source"], builder.add(base, constant(k * v.lanes)))) for k in range(width)
            ]
            column = builder.mul(loop.index, a["m_col"])
            for line, start in zip(sums, starts, strict=True):
                entry = v.splat(builder.load(v.pointer(a["matrix"], builder.add(start, column))))
                for slot, vector in zip(line, source, strict=True):
                    builder.store(v.fma(entry, vector, builder.load(slot)), slot)
        for k in range(width):
            along = builder.add(shift, constant(k * v.lanes))
            factor = None
            if "factors" in a:
                factor = v.load(v.pointer(a["factors"], builder.add(a["f0"], along)))
            for line, place in zip(sums, places, strict=True):
                pointer = v.pointer(a["target"], builder.add(place, along))
                before = builder.select(is_fresh, v.zero(), v.load(pointer))
                total = builder.load(line[k])
                v.store(
                    builder.fadd(before, total) if factor is None else v.fma(factor, total, before), pointer
                )


def _codegen(name: str, width: int, names: tuple[str, ...]) -> Callable[..., Any]:
    def body(builder: Builder, v: Vectors, args: list[Any]) -> None:
        a = dict(zip(names, args, strict=True))
        in_blocks(builder, a["rows"], BLOCKS, lambda row, rows: _emit_rows(builder, v, a, row, rows, width))

    return outlined(f"{name}_{width}", body)


def mix_intrinsic(width: int) -> Any:
    """Return `mix_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, matrix: Any, m0: Any, m_row: Any, m_col: Any, rows: Any, cols: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any, fresh: Any, count: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        kinds = types.void(matrix, i, i, i, i, i, source, i, i, target, i, i, i, i)
        return kinds, _codegen("mix", width, _NAMES)

    return emit


def weigh_intrinsic(width: int) -> Any:
    """Return `weigh_W` for W = width; the factors stand at factors + f0."""

    @intrinsic
    def emit(typingctx: Any, matrix: Any, m0: Any, m_row: Any, m_col: Any, rows: Any, cols: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any, fresh: Any, count: Any, factors: Any, f0: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        kinds = types.void(matrix, i, i, i, i, i, source, i, i, target, i, i, i, i, factors, i)
        return kinds, _codegen("weigh", width, (*_NAMES, "factors", "f0"))

    return emit


def _emit_dots(
    builder: Builder, v: Vectors, a: dict[str, Any], at: tuple[Any, Any], rows: int, cols: int
) -> None:
    """Emit the products of `rows` rows of the left with `cols` rows of the right, from rows `at` on."""
    sums = [[cgutils.alloca_once(builder, v.vector) for _ in range(cols)] for _ in range(rows)]
    for slot in (slot for line in sums for slot in line):
        builder.store(v.zero(), slot)
    starts = [
        [builder.add(a[start], builder.mul(builder.add(first, constant(k)), a["step"])) for k in range(count)]
        for start, first, count in (("left", at[0], rows), ("right", at[1], cols))
    ]
    with cgutils.for_range(builder, a["vectors"]) as loop:
        shift = builder.mul(loop.index, constant(v.lanes))
        left, right = ([v.load(v.pointer(a["work"], builder.add(s, shift))) for s in side] for side in starts)
        for line, one in zip(sums, left, strict=True):
            for slot, other in zip(line, right, strict=True):
                builder.store(v.fma(one, other, builder.load(slot)), slot)
    for r, line in enumerate(sums):
        for c, slot in enumerate(line):
            row = builder.mul(builder.add(at[0], constant(r)), a["row_step"])
            place = builder.add(builder.add(at[1], constant(c)), row)
            target = builder.add(a["target"], builder.mul(place, constant(v.lanes)))
            v.store(builder.load(slot), v.pointer(a["work"], target))


@intrinsic
def _emit_dots_call(typingctx: Any, work: Any, left: Any, rows: Any, right: Any, cols: Any, step: Any, vectors: Any, target: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    names = ("work", "left", "rows", "right", "cols", "step", "vectors", "target")

    def body(builder: Builder, v: Vectors, args: list[Any]) -> None:
        a = dict(zip(names, args, strict=True))
        a["row_step"] = a["cols"]

        def column(first: Any, cols: int) -> None:
            def row(top: Any, rows: int) -> None:
                _emit_dots(builder, v, a, (top, first), rows, cols)

            in_blocks(builder, a["rows"], DOT_BLOCKS, row)

        in_blocks(builder, a["cols"], BLOCKS, column)

    i = types.int64
    return types.void(work, i, i, i, i, i, i, i), outlined("dots", body)


@intrinsic
def _emit_matrices(typingctx: Any, values: Any, index: Any, rows: Any, count: Any, work: Any, t0: Any, m0: Any, step: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def body(builder: Builder, v: Vectors, args: list[Any]) -> None:
        values, index, rows, count, work, t0, m0, step = args
        part = v.lanes // 4
        slots = [cgutils.alloca_once(builder, v.vector) for _ in range(part)]
        with cgutils.for_range(builder, builder.udiv(count, constant(part))) as blocks:
            first_row = builder.mul(blocks.index, constant(part))
            for k, slot in enumerate(slots):
                builder.store(v.zero(), slot)
                twice = builder.mul(builder.add(first_row, constant(k)), constant(2))
                start, stop = (
                    builder.load(v.pointer(rows, builder.add(twice, constant(end)))) for end in (0, 1)
                )
                with cgutils.for_range(builder, builder.sub(stop, start)) as loop:
                    term = builder.add(start, loop.index)
                    place = builder.sext(builder.load(v.pointer(index, term)), start.type)
                    source = builder.add(t0, builder.mul(place, constant(v.lanes)))
                    factor = v.splat(builder.load(v.pointer(values, term)))
                    total = v.fma(factor, v.load(v.pointer(work, source)), builder.load(slot))
                    builder.store(total, slot)
            columns = v.within_parts([builder.load(slot) for slot in slots])
            target = builder.add(m0, first_row)
            for lane in range(v.lanes):
                place = builder.add(target, builder.mul(constant(lane), step))
                v.store(v.cut(columns[lane % part], lane // part), v.pointer(work, place))

    i = types.int64
    return types.void(values, index, rows, i, work, i, i, i), outlined("matrices", body)


@intrinsic
def _emit_clear(typingctx: Any, work: Any, start: Any, count: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        work = data_of(context, builder, signature.args[0], args[0])
        v = Vectors(builder, signature.args[0].dtype)
        with cgutils.for_range(builder, builder.udiv(args[2], constant(v.lanes))) as loop:
            place = builder.add(args[1], builder.mul(loop.index, constant(v.lanes)))
            v.store(v.zero(), v.pointer(work, place))
        return context.get_dummy_value()

    return types.void(work, types.int64, types.int64), codegen


@intrinsic
def _emit_sum_lanes(typingctx: Any, work: Any, source: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        work = data_of(context, builder, signature.args[0], args[0])
        v = Vectors(builder, signature.args[0].dtype)
        total = v.load(v.pointer(work, args[1]))
        half = v.lanes // 2
        while half:
            lanes = [(lane + half) % v.lanes for lane in range(v.lanes)]
            total = builder.fadd(total, v.shuffle(total, total, lanes))
            half //= 2
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return work.dtype(work, types.int64), codegen


def _choose(plain: Callable[..., None], emit: Callable[[int], Any], width: int) -> Any:
    """Return the intrinsic, or the plain twin bound to its width where the JIT is off."""
    return partial(plain, width=width) if config.DISABLE_JIT else emit(width)


mix_2 = _choose(mix_plain, mix_intrinsic, 2)
weigh_2 = _choose(weigh_plain, weigh_intrinsic, 2)
clear = clear_plain if config.DISABLE_JIT else _emit_clear
dots = dots_plain if config.DISABLE_JIT else _emit_dots_call
matrices = matrices_plain if config.DISABLE_JIT else _emit_matrices
sum_lanes = sum_lanes_plain if config.DISABLE_JIT else _emit_sum_lanes
