"""Rows of a tile times rows of a tile, summed: the inner loop of products of matrices, one sample a lane.

    dot_W      target = sum_k work[a + k a_step] work[b + k b_step]        (W vectors of samples at once)

As in `simd`: LLVM IR with a twin in NumPy, fused multiply-adds, offsets unchecked.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numba import config, types
from numba.core import cgutils
from numpy.typing import NDArray

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, data_of
from reptheory.kernels.simd.plain import lanes_of

__all__ = ["dot_4"]

Array = NDArray[Any]


def dot_plain(
    work: Array, a: int, a_step: int, b: int, b_step: int, count: int, target: int, width: int
) -> None:
    """Twin of `dot` in NumPy."""
    span = width * lanes_of(work.dtype)
    total = np.zeros(span, dtype=work.dtype)
    for k in range(count):
        total += work[a + k * a_step : a + k * a_step + span] * work[b + k * b_step : b + k * b_step + span]
    work[target : target + span] = total


def _dot_codegen(width: int) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        work = data_of(context, builder, signature.args[0], args[0])
        a, a_step, b, b_step, count, target = args[1:]
        v = Vectors(builder, signature.args[0].dtype)
        slots = [cgutils.alloca_once(builder, v.vector) for _ in range(width)]
        for slot in slots:
            builder.store(v.zero(), slot)
        with cgutils.for_range(builder, count) as loop:
            left = builder.add(a, builder.mul(loop.index, a_step))
            right = builder.add(b, builder.mul(loop.index, b_step))
            for k, slot in enumerate(slots):
                shift = constant(k * v.lanes)
                one, other = (v.load(v.pointer(work, builder.add(at, shift))) for at in (left, right))
                builder.store(v.fma(one, other, builder.load(slot)), slot)
        for k, slot in enumerate(slots):
            place = builder.add(target, constant(k * v.lanes))
            v.store(builder.load(slot), v.pointer(work, place))
        return context.get_dummy_value()

    return codegen


def dot_intrinsic(width: int) -> Any:
    """Return `dot_W` for W = width."""

    @intrinsic
    def emit(typingctx: Any, work: Any, a: Any, a_step: Any, b: Any, b_step: Any, count: Any, target: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
        i = types.int64
        return types.void(work, i, i, i, i, i, i), _dot_codegen(width)

    return emit


dot_4 = partial(dot_plain, width=4) if config.DISABLE_JIT else dot_intrinsic(4)
