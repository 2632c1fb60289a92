"""Coupling: sparse bilinear maps z = C(x, y) from a list of blocks, tile by tile.

z[n, k] = sum_ij C[i, j, k] x[n, i] y[n, j]; n runs over samples, x, y, z are (batch, dim), C-contiguous.
C is given block by block: a block couples x[i0 : i0 + n1] with y[j0 : j0 + n2] through the outer product
P[a * n2 + b] = x[i0 + a] y[j0 + b], and each of its rows adds sum_t value[t] P[places[t]] to one output.
The Clebsch-Gordan product has one row per output; the Gaunt product adds several blocks into each output.

Proof of the bound: docs/proofs/coupling.md. Exact twin: verify/exact_product.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled
from reptheory.kernels.simd.tiles import VECTOR_BYTES, gather, multiply_4, scatter, sparse_4

__all__ = ["CouplingPlan", "couple", "couple_scratch"]

WIDTH = 4


class CouplingPlan(NamedTuple):
    """A sparse bilinear map as flat arrays, the form that compiled code takes.

    values    (terms,) float32 or float64   coefficients, in the order of the rows
    places    (terms,) int32                a * n2 + b within the block's outer product
    blocks    (B, 6) int64                  i0, n1, j0, n2, first row, last row + 1; ordered by chunk
    rows      (R, 4) int64                  tile row of the output, first term, last term + 1, 1 where the
                                            row is the first to write its output in the chunk
    chunks    (C, 5) int64                  first block, last + 1, tile rows used, first run, last run + 1
    runs      (U, 3) int64                  first of its rows in orders[2], first output column, length
    dims      (dim1, dim2, dim_out)         lengths of the last axes of x, y, z
    largest   (outer, tile)                 rows of the largest outer product and of the largest chunk
    orders    (dim1,), (dim2,), (columns,)  int32: tile rows of the columns of x, of y, and of the outputs
                                            that are written, run by run
    """

    values: NDArray[Any]
    places: NDArray[np.int32]
    blocks: NDArray[np.int64]
    rows: NDArray[np.int64]
    chunks: NDArray[np.int64]
    runs: NDArray[np.int64]
    dims: tuple[int, int, int]
    largest: tuple[int, int]
    orders: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def couple_scratch(plan: CouplingPlan) -> int:
    """Return how many numbers of scratch one thread needs for `couple`."""
    span = WIDTH * VECTOR_BYTES // plan.values.itemsize
    dim1, dim2, _ = plan.dims
    return span * (dim1 + dim2 + sum(plan.largest))


@compiled
def couple(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: CouplingPlan,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last] = C(x, y)[first:last]; x, y, z are the flat arrays, work is aligned scratch."""
    # Arrays leave their tuple here, once: taking them out in a loop counts references every time.
    values, places, blocks, rows, chunks, runs, (dim1, dim2, dim_out), (largest_outer, _), orders = plan
    order_x, order_y, order_z = orders
    span = WIDTH * VECTOR_BYTES // values.itemsize
    y0 = dim1 * span
    p0 = y0 + dim2 * span
    z0 = p0 + largest_outer * span
    tile_y, outer, tile = work[y0:p0], work[p0:z0], work[z0:]
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim1, order_x, work, WIDTH)
        gather(y, start, count, dim2, order_y, tile_y, WIDTH)
        for chunk in range(chunks.shape[0]):
            for block in range(chunks[chunk, 0], chunks[chunk, 1]):
                x0, n1, n2 = blocks[block, 0] * span, blocks[block, 1], blocks[block, 3]
                b0 = y0 + blocks[block, 2] * span
                for a in range(n1):
                    for b in range(n2):
                        multiply_4(work, x0 + a * span, b0 + b * span, p0 + (a * n2 + b) * span)
                for row in range(blocks[block, 4], blocks[block, 5]):
                    target = rows[row, 0] * span
                    sparse_4(
                        values, places, rows[row, 1], rows[row, 2], outer, span, tile, target, rows[row, 3]
                    )
            for run in range(chunks[chunk, 3], chunks[chunk, 4]):
                column, length = runs[run, 1], runs[run, 2]
                scatter(tile, order_z[runs[run, 0] :], z, start, count, dim_out, column, length, WIDTH)
