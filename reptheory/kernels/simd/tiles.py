"""Explicit vectors: the loops over batch tiles that every product spends its time in.

A tile holds one block of samples with the batch innermost: row r of a tile is `width` vectors of one
coefficient, one sample a lane. Vectors are 64 bytes (16 float32 or 8 float64); LLVM splits them where the
machine's are narrower. Multiply-adds are fused (`llvm.fma`), so the roundings are the same on every
machine that has FMA, and no `fastmath` is needed.

    dense_W    target[r] = sum_c matrix[r, c] source[c]              (small matrix times tile)
    sparse_W   target = (fresh ? 0 : target) + sum_t value[t] source[index[t]]   (one row of a sparse matrix)
    gather     tile[position[d], lane] = x[lane, d]                  (samples to a tile, transposed)
    scatter    z[lane, column + d] = tile[position[d], lane]         (and back)
    multiply_W, _add_W, _subtract_W, sum_difference_W, turn_W, ring_points_W   (elementwise, on rows)

W is the width of the tile in vectors. `emit` writes them as LLVM IR; `plain` has a twin of each in
NumPy, which serves where Numba's JIT is switched off (NUMBA_DISABLE_JIT=1). Offsets and steps count elements
of flat, C-contiguous arrays; nothing is checked here: callers own the bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import config
from numpy.typing import NDArray

from reptheory.kernels.jit import part
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.columns import columns_in, columns_out, strided
from reptheory.kernels.simd.emit import dense_intrinsic, sparse_intrinsic
from reptheory.kernels.simd.plain import (
    VECTOR_BYTES,
    dense_plain,
    gather_plain,
    lanes_of,
    multiply_add_plain,
    multiply_plain,
    multiply_subtract_plain,
    ring_points_plain,
    scatter_plain,
    sparse_plain,
    sum_difference_plain,
    turn_plain,
)
from reptheory.kernels.simd.pointwise import (
    multiply_intrinsic,
    ring_points_intrinsic,
    sum_difference_intrinsic,
    turn_intrinsic,
)

__all__ = [
    "VECTOR_BYTES",
    "dense_1",
    "dense_2",
    "gather",
    "lanes_of",
    "multiply_1",
    "multiply_4",
    "multiply_add_1",
    "multiply_add_4",
    "multiply_subtract_4",
    "ring_points_2",
    "scatter",
    "sparse_1",
    "sparse_4",
    "sum_difference_1",
    "turn_2",
]

Array = NDArray[Any]


def _choose(plain: Callable[..., None], emit: Callable[[], Any], width: int) -> Any:
    """Return the intrinsic, or the plain twin bound to its width where the JIT is off."""
    return partial(plain, width=width) if config.DISABLE_JIT else emit()


dense_1 = _choose(dense_plain, lambda: dense_intrinsic(1), 1)
dense_2 = _choose(dense_plain, lambda: dense_intrinsic(2), 2)
sparse_1 = _choose(sparse_plain, lambda: sparse_intrinsic(1), 1)
sparse_4 = _choose(sparse_plain, lambda: sparse_intrinsic(4), 4)
multiply_1 = _choose(multiply_plain, lambda: multiply_intrinsic(1), 1)
multiply_4 = _choose(multiply_plain, lambda: multiply_intrinsic(4), 4)
multiply_add_1 = _choose(multiply_add_plain, lambda: multiply_intrinsic(1, "multiply_add"), 1)
multiply_add_4 = _choose(multiply_add_plain, lambda: multiply_intrinsic(4, "multiply_add"), 4)
multiply_subtract_4 = _choose(multiply_subtract_plain, lambda: multiply_intrinsic(4, "multiply_subtract"), 4)
sum_difference_1 = _choose(sum_difference_plain, lambda: sum_difference_intrinsic(1), 1)
turn_2 = _choose(turn_plain, lambda: turn_intrinsic(2), 2)
ring_points_2 = _choose(ring_points_plain, lambda: ring_points_intrinsic(2), 2)


def _gather(x: Array, first: int, count: int, dim: int, position: Array, tile: Array, width: int) -> None:
    """Copy samples x[first : first + count] into a tile, coefficient d to row position[d]; pad with 0."""
    lanes = VECTOR_BYTES // tile.itemsize
    span, quarter = width * lanes, lanes // 4
    whole = count // lanes * lanes if dim >= quarter else 0
    for group in range(0, whole, lanes):
        for d0 in range(0, dim, quarter):  # the last columns once more where it does not divide them
            d = min(d0, dim - quarter)
            columns_in(x, (first + group) * dim + d, dim, position, tile, group, span, d)
    if whole < span:
        for d in range(dim):
            t0 = position[d] * span + whole
            clear(tile, t0, span - whole)
            strided(x, (first + whole) * dim + d, dim, tile, t0, 1, count - whole)


def _scatter(
    tile: Array, position: Array, z: Array, first: int, count: int, dim: int, column: int, length: int,
    width: int,
) -> None:  # fmt: skip
    """Copy rows position[d] of a tile to coefficients column + d < column + length of z[first : +count]."""
    lanes = VECTOR_BYTES // tile.itemsize
    span, quarter = width * lanes, lanes // 4
    whole = count // lanes * lanes if length >= quarter else 0
    for group in range(0, whole, lanes):
        for d0 in range(0, length, quarter):
            d = min(d0, length - quarter)
            columns_out(z, (first + group) * dim + column + d, dim, position, tile, group, span, d)
    if whole < count:
        for d in range(length):
            t0, z0 = position[d] * span + whole, (first + whole) * dim + column + d
            strided(tile, t0, 1, z, z0, dim, count - whole)


gather = gather_plain if config.DISABLE_JIT else part(_gather)
scatter = scatter_plain if config.DISABLE_JIT else part(_scatter)
