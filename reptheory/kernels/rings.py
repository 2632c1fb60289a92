"""Rings: the pointwise product of two functions on the sphere, through a grid of rings of latitude.

    x, y  --programs-->  rings of coefficients (m)  --trig-->  points  --multiply-->  rings  --program-->  z

A program is a list of small dense matrices times tiles. On the sphere grid one matrix a (m, parity) takes
coefficients to the Gauss-Legendre rings; in the 2D Fourier basis one takes harmonics to Fourier coefficients
in theta and a second one, a real DFT, takes those to equispaced rings. The rest is shared.

Folds. Rings come in pairs theta and pi - theta: coefficients with l - m even add equally to both, those with
l - m odd with opposite sign, so a program fills the even and the odd part and E + O, E - O are the two rings.
Points phi = (k + 1/2) 2 pi / (4 q) come in fours, phi, -phi, pi - phi, pi + phi: the classes cosine and sine,
m even and m odd, are each computed for the first quadrant and added with four patterns of sign.

Every step is a sum of products: `ring_errors.py` runs the same steps on bounds of what they round. Proof, in
any order of summation: docs/proofs/rings.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, repeated
from reptheory.kernels.simd.pointers import address, at, itemsize
from reptheory.kernels.simd.tiles import (
    VECTOR_BYTES,
    dense_1,
    dense_2,
    gather,
    ring_points_2,
    scatter,
    sum_difference_1,
)

__all__ = ["RingPlan", "ring_product", "ring_scratch"]

WIDTH = 1
SIDE = 10
"""Columns of `RingPlan.sides`."""


class Side(NamedTuple):
    """One operand (or the result) of a ring product.

    matrices   flat float32 or float64     all matrices, row-major one after the other
    program    (S, 8) int64                rows, cols, matrix offset, source row, source step, target row,
                                           target step, width (1 or 2 vectors); rows count tile rows
    position   (dim,) int32                tile row of coefficient l*l + l + m
    heights    (tile, buffer)              rows of the operand's tile and of the program's buffer
    rings      first row of the rings in the buffer; ring i, parity p, row r stands at
               rings + (2 i + p) 2 (lmax + 1) + r, r = 2 m for the cosine and 2 m + 1 for the sine
    lmax       degree
    trig       flat                        the four classes' matrices: q by m's (operand), m's by q (result)
    slots      (2 lmax + 2,) int32         place of each row of a ring in the order of the classes; the row of
                                           sin 0 goes behind the last one
    """

    matrices: NDArray[Any]
    program: NDArray[np.int64]
    position: NDArray[np.int32]
    heights: tuple[int, int]
    rings: int
    lmax: int
    trig: NDArray[Any]
    slots: NDArray[np.int32]


class RingPlan(NamedTuple):
    """The sides of a sum of products, as `Side`, one behind the other: functions, then results.

    matrices, trig    flat float32 or float64
    program           (S, 8) int64, rows counted from the side's own tile
    position, slots   flat int32
    sides             (functions + results, 10) int64: first and last step of the program, first position,
                      dim, first row of the tile, first row of the rings, lmax, start and stop in `trig`,
                      start in `slots`
    terms             (T, 3 + n) int64: result, sign, factors, and which functions they are; ordered by
                      result, each beginning with a term of sign +1; two factors or more
    functions         how many there are
    rows              of all tiles and buffers; of the widest ring pair, folded
    ring_pairs        pairs of rings
    quadrant          points a quadrant
    """

    matrices: NDArray[Any]
    program: NDArray[np.int64]
    position: NDArray[np.int32]
    slots: NDArray[np.int32]
    trig: NDArray[Any]
    sides: NDArray[np.int64]
    terms: NDArray[np.int64]
    functions: int
    rows: tuple[int, int]
    ring_pairs: int
    quadrant: int


def ring_scratch(plan: RingPlan) -> int:
    """Return how many numbers of scratch one thread needs for `ring_product` or `ring_terms`."""
    span = WIDTH * VECTOR_BYTES // plan.matrices.itemsize
    return span * (sum(plan.rows) + 8 * plan.quadrant * (len(plan.sides) + 1))


@repeated
def row_length(work: Any) -> int:
    """Return how many numbers a row of a tile has."""
    return WIDTH * VECTOR_BYTES // itemsize(work)


@repeated
def run_program(sides: Any, side: int, program: Any, matrices: Any, work: Any) -> None:
    """Run the program of a side; its rows count from the side's tile, with the buffer right behind."""
    span = row_length(work)
    base = at(sides, SIDE * side + 4) * span
    for step in range(8 * at(sides, SIDE * side), 8 * at(sides, SIDE * side + 1), 8):
        rows, cols, matrix = at(program, step), at(program, step + 1), at(program, step + 2)
        s0, s_step = base + at(program, step + 3) * span, at(program, step + 4) * span
        t0, t_step = base + at(program, step + 5) * span, at(program, step + 6) * span
        if at(program, step + 7) == 2:
            dense_2(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)
        else:
            dense_1(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)


@repeated
def class_size(lmax: int, kind: int) -> int:
    """Return how many m class 0..3 has: cosine even, cosine odd, sine even, sine odd."""
    if kind == 0:
        return lmax // 2 + 1
    if kind == 2:
        return lmax // 2
    return (lmax + 1) // 2


@repeated
def first_ring(sides: Any, side: int, pair: int, work: Any) -> tuple[int, int, int]:
    """Return where a ring pair of a side begins, its odd part behind it, and the side's degree."""
    lmax, span = at(sides, SIDE * side + 6), row_length(work)
    odd = 2 * (lmax + 1) * span
    return (at(sides, SIDE * side + 4) + at(sides, SIDE * side + 5)) * span + 2 * pair * odd, odd, lmax


@repeated
def to_points(
    sides: Any, side: int, pair: int, trig: Any, slots: Any, work: Any, folded: int, target: int,
    quadrant: int, sign: float,
) -> None:  # fmt: skip
    """Ring pair -> the four classes on a quadrant, both rings side by side: (4, q, 2 span) at `target`."""
    span = row_length(work)
    ring, odd, lmax = first_ring(sides, side, pair, work)
    matrix, slot, source = at(sides, SIDE * side + 7), at(sides, SIDE * side + 9), folded
    for row in range(2 * (lmax + 1)):
        even, place = ring + row * span, folded + 2 * at(slots, slot + row) * span
        sum_difference_1(work, even, even + odd, place, place + span, sign)
    for kind in range(4):
        count = class_size(lmax, kind)
        dense_2(trig, matrix, quadrant, count, work, source, 2 * span, work, target, 2 * span)
        source += 2 * count * span
        target += 2 * quadrant * span
        matrix += count * quadrant


@repeated
def from_points(
    sides: Any, side: int, pair: int, trig: Any, slots: Any, work: Any, folded: int, source: int,
    quadrant: int, sign: float,
) -> None:  # fmt: skip
    """Take the four classes on a quadrant back to the even and odd part of a ring pair."""
    span = row_length(work)
    ring, odd, lmax = first_ring(sides, side, pair, work)
    matrix, slot, target = at(sides, SIDE * side + 7), at(sides, SIDE * side + 9), folded
    for kind in range(4):
        count = class_size(lmax, kind)
        dense_2(trig, matrix, count, quadrant, work, source, 2 * span, work, target, 2 * span)
        target += 2 * count * span
        source += 2 * quadrant * span
        matrix += count * quadrant
    for row in range(2 * (lmax + 1)):
        even, place = ring + row * span, folded + 2 * at(slots, slot + row) * span
        sum_difference_1(work, place, place + span, even, even + odd, sign)


@compiled
def ring_product(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: RingPlan,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last], the product of two functions; flat (batch, dim) arrays, aligned scratch.

    plan   of one term: two functions, one result
    """
    # Arrays leave their tuple here, once: taking them out in a loop counts references every time.
    matrices, program, position, slots, trig, table, _, _, heights, ring_pairs, quadrant = plan
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, span = address(table), row_length(w)
    dim1, dim2, dim3 = table[0, 3], table[1, 3], table[2, 3]
    position2, position3 = position[table[1, 2] :], position[table[2, 2] :]
    tile2, tile3 = work[table[1, 4] * span :], work[table[2, 4] * span :]
    folded, step = heights[0] * span, 2 * quadrant * span
    points_x = folded + heights[1] * span
    points_y, points_z = points_x + 4 * step, points_x + 8 * step
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim1, position, work, WIDTH)
        gather(y, start, count, dim2, position2, tile2, WIDTH)
        run_program(sides, 0, steps, m, w)
        run_program(sides, 1, steps, m, w)
        for pair in range(ring_pairs):
            to_points(sides, 0, pair, t, s, w, folded, points_x, quadrant, -1.0)
            to_points(sides, 1, pair, t, s, w, folded, points_y, quadrant, -1.0)
            for k in range(0, step, 2 * span):
                ring_points_2(w, points_x + k, points_y + k, points_z + k, step)
            from_points(sides, 2, pair, t, s, w, folded, points_z, quadrant, -1.0)
        run_program(sides, 2, steps, m, w)
        scatter(tile3, position3, z, start, count, dim3, 0, dim3, WIDTH)
