"""Matrices: the product of two operands that are read as small matrices, sample by sample.

    A = left(x)     rows x inner        B = right(y)     inner x columns        z = out(A B)

left, right and out are sparse linear maps (a change of basis, with a transposition where a gradient needs
one), given row by row. A tile holds one block of samples with the batch innermost, as in `kernels.coupling`.

Proof of the bound: docs/proofs/matrices.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, inlined
from reptheory.kernels.simd.matrix import dot_4
from reptheory.kernels.simd.tiles import VECTOR_BYTES, gather, scatter, sparse_4

__all__ = ["WIDTH", "LinearMap", "MatrixPlan", "change_basis", "matrix_product", "matrix_scratch"]

WIDTH = 4


class LinearMap(NamedTuple):
    """A sparse matrix by rows.

    values    (terms,) float32 or float64
    places    (terms,) int32            column of each term
    starts    (rows + 1,) int64         where the terms of each row begin
    """

    values: NDArray[Any]
    places: NDArray[np.int32]
    starts: NDArray[np.int64]


class MatrixPlan(NamedTuple):
    """A matrix product as flat arrays.

    left, right    entries of A and of B, row-major, from the operands
    out            result from the entries of A B, row-major
    sizes          rows of A, columns of A, columns of B
    dims           lengths of the last axes of x, y, z
    order          0, 1, .. up to the longest of them
    """

    left: LinearMap
    right: LinearMap
    out: LinearMap
    sizes: tuple[int, int, int]
    dims: tuple[int, int, int]
    order: NDArray[np.int32]


def matrix_scratch(plan: MatrixPlan) -> int:
    """Return how many numbers of scratch one thread needs for `matrix_product`."""
    span = WIDTH * VECTOR_BYTES // plan.left.values.itemsize
    rows, inner, columns = plan.sizes
    return span * (max(plan.dims) + rows * inner + inner * columns + rows * columns)


@inlined
def _map(
    values: NDArray[Any], places: NDArray[np.int32], starts: NDArray[np.int64], source: NDArray[Any],
    target: NDArray[Any], span: int,
) -> None:  # fmt: skip
    """Apply a linear map to the rows of a tile."""
    for row in range(len(starts) - 1):
        sparse_4(values, places, starts[row], starts[row + 1], source, span, target, row * span, 1)


@compiled
def change_basis(
    x: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: tuple[LinearMap, NDArray[np.int32]],
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last] = the map of x[first:last]; flat (batch, dim) arrays, scratch.

    plan   the map, and 0, 1, .. dim - 1
    """
    (values, places, starts), order = plan
    dim = len(order)
    span = WIDTH * VECTOR_BYTES // work.itemsize
    source, target = work[: dim * span], work[dim * span :]
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim, order, source, WIDTH)
        _map(values, places, starts, source, target, span)
        scatter(target, order, z, start, count, dim, 0, dim, WIDTH)


@compiled
def matrix_product(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: MatrixPlan,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last] = out(left(x) right(y))[first:last]; flat (batch, dim) arrays, aligned scratch."""
    # Arrays leave their tuples here, once: taking them out in a loop counts references every time.
    left, right, out, (rows, inner, columns), (dim1, dim2, dim3), order = plan
    values1, places1, starts1 = left
    values2, places2, starts2 = right
    values3, places3, starts3 = out
    span = WIDTH * VECTOR_BYTES // work.itemsize
    b0 = rows * inner * span
    c0 = b0 + inner * columns * span
    tile0 = c0 + rows * columns * span
    entries_a, entries_b, entries_c, tile = work[:b0], work[b0:c0], work[c0:tile0], work[tile0:]
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim1, order, tile, WIDTH)
        _map(values1, places1, starts1, tile, entries_a, span)
        gather(y, start, count, dim2, order, tile, WIDTH)
        _map(values2, places2, starts2, tile, entries_b, span)
        for i in range(rows):
            for k in range(columns):
                a, b = i * inner * span, b0 + k * span
                dot_4(work, a, span, b, columns * span, inner, c0 + (i * columns + k) * span)
        _map(values3, places3, starts3, entries_c, tile, span)
        scatter(tile, order, z, start, count, dim3, 0, dim3, WIDTH)
