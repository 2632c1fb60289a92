"""Term sums: sums of products of the rows of a tile, on both sides of sums of products on rings, or alone.

    operands  --rows-->  functions  --ring_terms-->  results  --rows-->  outputs

Weights of degrees, features that are added as they are and sums over the orders of a degree are all such
rows: target = sum of a b, where a and b are coefficients of operands, functions or results, or 1.
Proof of the bounds: docs/proofs/many_body.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, inlined, part
from reptheory.kernels.ring_terms import sums_on_rings
from reptheory.kernels.rings import WIDTH, RingPlan, row_length
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import gather, multiply_1, multiply_add_1, scatter

__all__ = ["WIDE", "SumPlan", "ring_sums", "row_sums"]

WIDE = 4
"""Vectors of a row of `row_sums`."""


class SumPlan(NamedTuple):
    """Rows that are sums of products of two others.

    arrays     (operands + outputs, 3) int64: dim, first row of the tile, and where its rows from there on
               stand in `position`
    position   flat int32
    rows       (k, 4) int64: target, a, b, and 1 where the product is the first of its sum
    operands   how many there are
    before     how many of the rows come before the rings
    ones       the row that is 1
    outputs    first row of all outputs, and how many they have
    """

    arrays: NDArray[np.int64]
    position: NDArray[np.int32]
    rows: NDArray[np.int64]
    operands: int
    before: int
    ones: int
    outputs: tuple[int, int]


@part
def _add_rows(rows: Any, first: int, last: int, work: Any, span: int) -> None:
    """Write the rows first..last - 1, of `span` numbers each."""
    step = row_length(work)
    for row in range(4 * first, 4 * last, 4):
        target, a, b = at(rows, row) * span, at(rows, row + 1) * span, at(rows, row + 2) * span
        fresh = at(rows, row + 3)
        for k in range(0, span, step):
            if fresh:
                multiply_1(work, a + k, b + k, target + k)
            else:
                multiply_add_1(work, a + k, b + k, target + k)


@inlined
def _begin(work: Any, ones: int, outputs: tuple[int, int], span: int) -> None:
    """Write the row of ones, and 0 to outputs: no row may reach them."""
    clear(work, outputs[0] * span, outputs[1] * span)
    for k in range(ones * span, (ones + 1) * span):
        put(address(work), k, 1.0)


@inlined
def _take(
    x: Any, samples: int, start: int, count: int, arrays: Any, last: int, position: Any, work: Any,
    width: int, span: int,
) -> None:  # fmt: skip
    """Bring samples of the operands to their rows."""
    column = 0
    for k in range(last):
        dim, tile = arrays[k, 0], work[arrays[k, 1] * span :]
        gather(x[samples * column :], start, count, dim, position[arrays[k, 2] :], tile, width)
        column += dim


@inlined
def _give(
    z: Any, samples: int, start: int, count: int, arrays: Any, first: int, position: Any, work: Any,
    width: int, span: int,
) -> None:  # fmt: skip
    """Take samples of the outputs from their rows."""
    column = 0
    for k in range(first, len(arrays)):
        dim, tile = arrays[k, 0], work[arrays[k, 1] * span :]
        out = z[samples * column :]
        scatter(tile, position[arrays[k, 2] :], out, start, count, dim, 0, dim, width)
        column += dim


@compiled
def row_sums(
    x: NDArray[Any], samples: int, z: NDArray[Any], first: int, last: int, plan: SumPlan, work: NDArray[Any]
) -> None:
    """Write samples first..last - 1 of every output.

    x, z   the operands, and the outputs, one behind the other, each flat (samples, dim)
    """
    arrays, position, rows, operands, _, ones, outputs = plan
    listed, w, count_rows = address(rows), address(work), rows.shape[0]
    span = WIDE * row_length(w)
    _begin(work, ones, outputs, span)
    for start in range(first, last, span):
        count = min(span, last - start)
        _take(x, samples, start, count, arrays, operands, position, work, WIDE, span)
        _add_rows(listed, 0, count_rows, w, span)
        _give(z, samples, start, count, arrays, operands, position, work, WIDE, span)


@compiled
def ring_sums(
    x: NDArray[Any], samples: int, z: NDArray[Any], first: int, last: int, plan: tuple[RingPlan, SumPlan],
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write samples first..last - 1 of every output, as `row_sums`; results of rings before the last rows.

    plan   tiles of sides, and the row of the folded ring pair, stand behind the rows of operands and outputs
    """
    # Arrays leave their tuples here, once: taking them out in a loop counts references every time.
    rings, (arrays, position, rows, operands, before, ones, outputs) = plan
    matrices, program, _, slots, trig, table, terms, functions, heights, ring_pairs, quadrant = rings
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, of_terms, listed, count_rows = address(table), address(terms), address(rows), rows.shape[0]
    span = row_length(w)
    folded = heights[0] * span
    points = folded + heights[1] * span
    _begin(work, ones, outputs, span)
    for start in range(first, last, span):
        count = min(span, last - start)
        _take(x, samples, start, count, arrays, operands, position, work, WIDTH, span)
        _add_rows(listed, 0, before, w, span)
        sums_on_rings(
            sides, 0, functions, len(table), steps, m, t, s, w, of_terms, terms.shape[1], 0, terms.shape[0],
            folded, points, ring_pairs, quadrant,
        )  # fmt: skip
        _add_rows(listed, before, count_rows, w, span)
        _give(z, samples, start, count, arrays, operands, position, work, WIDTH, span)
