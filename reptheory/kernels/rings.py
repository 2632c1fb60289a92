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

from reptheory.kernels.jit import compiled, inlined
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
    """A ring product: two operands, the result, pairs of rings and points a quadrant."""

    left: Side
    right: Side
    out: Side
    ring_pairs: int
    quadrant: int


def ring_scratch(plan: RingPlan) -> int:
    """Return how many numbers of scratch one thread needs for `ring_product`."""
    span = WIDTH * VECTOR_BYTES // plan.left.matrices.itemsize
    sides = sum(side.heights[0] + side.heights[1] for side in (plan.left, plan.right, plan.out))
    classes = sum(4 * (side.lmax + 2) for side in (plan.left, plan.right, plan.out))
    return span * (sides + classes + 3 * 8 * plan.quadrant)


@inlined
def _run(
    program: NDArray[np.int64], matrices: NDArray[Any], work: NDArray[Any], base: int, span: int
) -> None:
    """Run a program; its rows count from `base`, the operand's tile, with its buffer right behind."""
    for step in range(program.shape[0]):
        rows, cols, matrix = program[step, 0], program[step, 1], program[step, 2]
        s0, s_step = base + program[step, 3] * span, program[step, 4] * span
        t0, t_step = base + program[step, 5] * span, program[step, 6] * span
        if program[step, 7] == 2:
            dense_2(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)
        else:
            dense_1(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)


@inlined
def _class_size(lmax: int, kind: int) -> int:
    """Return how many m class 0..3 has: cosine even, cosine odd, sine even, sine odd."""
    if kind == 0:
        return lmax // 2 + 1
    if kind == 2:
        return lmax // 2
    return (lmax + 1) // 2


@inlined
def _to_points(
    lmax: int, trig: NDArray[Any], slots: NDArray[np.int32], work: NDArray[Any], ring: int, target: int,
    folded: int, quadrant: int, sign: float, span: int,
) -> None:  # fmt: skip
    """Ring pair -> the four classes on a quadrant, both rings side by side: (4, q, 2 span) at `target`."""
    odd = 2 * (lmax + 1) * span
    for row in range(2 * (lmax + 1)):
        source = ring + row * span
        place = folded + 2 * slots[row] * span
        sum_difference_1(work, source, source + odd, place, place + span, sign)
    start = 0
    for kind in range(4):
        count = _class_size(lmax, kind)
        points = target + kind * quadrant * 2 * span
        source = folded + 2 * start * span
        dense_2(trig, start * quadrant, quadrant, count, work, source, 2 * span, work, points, 2 * span)
        start += count


@inlined
def _from_points(
    lmax: int, trig: NDArray[Any], slots: NDArray[np.int32], work: NDArray[Any], ring: int, source: int,
    folded: int, quadrant: int, sign: float, span: int,
) -> None:  # fmt: skip
    """Take the four classes on a quadrant back to the even and odd part of a ring pair."""
    start = 0
    for kind in range(4):
        count = _class_size(lmax, kind)
        points = source + kind * quadrant * 2 * span
        target = folded + 2 * start * span
        dense_2(trig, start * quadrant, count, quadrant, work, points, 2 * span, work, target, 2 * span)
        start += count
    odd = 2 * (lmax + 1) * span
    for row in range(2 * (lmax + 1)):
        place = folded + 2 * slots[row] * span
        target = ring + row * span
        sum_difference_1(work, place, place + span, target, target + odd, sign)


@compiled
def ring_product(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: RingPlan,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last], the pointwise product of x and y; flat (batch, dim) arrays, aligned scratch."""
    # Arrays leave their tuples here, once: taking them out in a loop counts references every time.
    left, right, out, ring_pairs, quadrant = plan
    matrices1, program1, position1, heights1, rings1, lmax1, trig1, slots1 = left
    matrices2, program2, position2, heights2, rings2, lmax2, trig2, slots2 = right
    matrices3, program3, position3, heights3, rings3, lmax3, trig3, slots3 = out
    dim1, dim2, dim3 = len(position1), len(position2), len(position3)
    span = WIDTH * VECTOR_BYTES // work.itemsize
    y0 = (heights1[0] + heights1[1]) * span
    z0 = y0 + (heights2[0] + heights2[1]) * span
    folded = z0 + (heights3[0] + heights3[1]) * span
    points_x = folded + 4 * (max(lmax1, lmax2, lmax3) + 2) * span
    step = 2 * quadrant * span
    points_y = points_x + 4 * step
    points_z = points_y + 4 * step
    tile_y, tile_z = work[y0:], work[z0:]
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim1, position1, work, WIDTH)
        gather(y, start, count, dim2, position2, tile_y, WIDTH)
        _run(program1, matrices1, work, 0, span)
        _run(program2, matrices2, work, y0, span)
        for i in range(ring_pairs):
            ring_x = (rings1 + 4 * i * (lmax1 + 1)) * span
            ring_y = y0 + (rings2 + 4 * i * (lmax2 + 1)) * span
            ring_z = z0 + (rings3 + 4 * i * (lmax3 + 1)) * span
            _to_points(lmax1, trig1, slots1, work, ring_x, points_x, folded, quadrant, -1.0, span)
            _to_points(lmax2, trig2, slots2, work, ring_y, points_y, folded, quadrant, -1.0, span)
            for k in range(quadrant):
                at = 2 * k * span
                ring_points_2(work, points_x + at, points_y + at, points_z + at, step)
            _from_points(lmax3, trig3, slots3, work, ring_z, points_z, folded, quadrant, -1.0, span)
        _run(program3, matrices3, work, z0, span)
        scatter(tile_z, position3, z, start, count, dim3, 0, dim3, WIDTH)
