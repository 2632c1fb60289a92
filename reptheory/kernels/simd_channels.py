"""Explicit vectors for weighted products: small matrices times rows of a tile, with every stride free.

    mix_W      target[r] = (fresh ? 0 : target[r]) + sum_c matrix[r, c] source[c]
    weigh_W    the same, with the sum multiplied by the row `factor` before it is added

matrix[r, c] stands at m0 + r m_row + c m_col, source[c] at s0 + c s_step, target[r] at t0 + r t_step of their
flat arrays; a row is W vectors. What the lanes are is the caller's choice: samples, or copies of an irrep.
Sums stay in registers, some rows at a time. Twins in NumPy: `simd_plain`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd_emit import Vectors, constant, data_of
from reptheory.kernels.simd_plain import mix_plain, weigh_plain

__all__ = ["mix_2", "weigh_2"]

Builder = Any

MIX_BLOCKS = (8, 4, 2, 1)
"""Rows whose sums stay in registers: at most 8 rows of 2 vectors, 16 of 32."""
WEIGH_BLOCKS = (9, 7, 5, 3, 1)
"""The dimensions of irreps up to degree 4: 9 rows of 2 vectors are 18 registers of 32."""

_NAMES = (
    "matrix", "m0", "m_row", "m_col", "rows", "cols", "source", "s0", "s_step", "target", "t0", "t_step",
    "fresh",
)  # fmt: skip


def _emit_rows(builder: Builder, v: Vectors, a: dict[str, Any], row: Any, rows: int, width: int) -> None:
    """Emit `rows` rows from row number `row` on."""
    sums = [[cgutils.alloca_once(builder, v.vector) for _ in range(width)] for _ in range(rows)]
    for slot in (slot for line in sums for slot in line):
        builder.store(v.zero(), slot)
    starts = [
        builder.add(a["m0"], builder.mul(builder.add(row, constant(r)), a["m_row"])) for r in range(rows)
    ]
    with cgutils.for_range(builder, a["cols"]) as loop:
        base = builder.add(a["s0"], builder.mul(loop.index, a["s_step"]))
        source = [
            v.load(v.pointer(a["source"], builder.add(base, constant(k * v.lanes)))) for k in range(width)
        ]
        column = builder.mul(loop.index, a["m_col"])
        for line, start in zip(sums, starts, strict=True):
            entry = v.splat(builder.load(v.pointer(a["matrix"], builder.add(start, column))))
            for slot, vector in zip(line, source, strict=True):
                builder.store(v.fma(entry, vector, builder.load(slot)), slot)
    is_fresh = builder.icmp_unsigned("!=", a["fresh"], constant(0))
    for k in range(width):
        factor = (
            v.load(v.pointer(a["target"], builder.add(a["f0"], constant(k * v.lanes)))) if "f0" in a else None
        )
        for r, line in enumerate(sums):
            place = builder.add(a["t0"], builder.mul(builder.add(row, constant(r)), a["t_step"]))
            pointer = v.pointer(a["target"], builder.add(place, constant(k * v.lanes)))
            before = builder.select(is_fresh, v.zero(), v.load(pointer))
            total = builder.load(line[k])
            v.store(builder.fadd(before, total) if factor is None else v.fma(factor, total, before), pointer)


def _codegen(width: int, names: tuple[str, ...], blocks: tuple[int, ...]) -> Callable[..., Any]:
    """Emit all rows, in blocks of the largest size that is left."""

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        a = dict(zip(names, args, strict=True))
        for name, kind in zip(names, signature.args, strict=True):
            if isinstance(kind, types.Array):
                a[name] = data_of(context, builder, kind, a[name])
        v = Vectors(builder, signature.args[0].dtype)
        done = constant(0)
        for block in blocks:
            count = builder.udiv(builder.sub(a["rows"], done), constant(block))
            with cgutils.for_range(builder, count) as loop:
                row = builder.add(done, builder.mul(loop.index, constant(block)))
                _emit_rows(builder, v, a, row, block, width)
            done = builder.add(done, builder.mul(count, constant(block)))
        return context.get_dummy_value()

    return codegen


def mix_intrinsic(width: int) -> Any:
    """Return `mix_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, matrix: Any, m0: Any, m_row: Any, m_col: Any, rows: Any, cols: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any, fresh: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(matrix, i, i, i, i, i, source, i, i, target, i, i, i), _codegen(
            width, _NAMES, MIX_BLOCKS
        )

    return emit


def weigh_intrinsic(width: int) -> Any:
    """Return `weigh_W` for W = width; the factor stands in the target's array, at f0."""

    @intrinsic
    def emit(typingctx: Any, matrix: Any, m0: Any, m_row: Any, m_col: Any, rows: Any, cols: Any, source: Any, s0: Any, s_step: Any, target: Any, t0: Any, t_step: Any, fresh: Any, f0: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        kinds = types.void(matrix, i, i, i, i, i, source, i, i, target, i, i, i, i)
        return kinds, _codegen(width, (*_NAMES, "f0"), WEIGH_BLOCKS)

    return emit


def _choose(plain: Callable[..., None], emit: Callable[[int], Any], width: int) -> Any:
    """Return the intrinsic, or the plain twin bound to its width where the JIT is off."""
    return partial(plain, width=width) if config.DISABLE_JIT else emit(width)


mix_2 = _choose(mix_plain, mix_intrinsic, 2)
weigh_2 = _choose(weigh_plain, weigh_intrinsic, 2)
