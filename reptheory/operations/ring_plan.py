"""Ring plans: lay out the matrices of the sphere grid or of the Fourier basis as programs for the kernel.

An operand's tile holds, for each (m, parity of l - m), the coefficients l = m + parity, m + parity + 2, ...;
for m > 0 the cosine and the sine of one l stand side by side, so that one matrix serves both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.build.ring_matrices import Stages, circle_matrices, fourier_stages, legendre_stages
from reptheory.kernels.rings import RingPlan, Side

__all__ = ["absolute", "depth", "multiplications", "ring_plan"]


def _positions(lmax: int) -> tuple[NDArray[np.int32], dict[tuple[int, int], int]]:
    """Return the tile row of each coefficient, and the first row of each (m, parity)."""
    position = np.zeros((lmax + 1) ** 2, dtype=np.int32)
    start: dict[tuple[int, int], int] = {}
    row = 0
    for m in range(lmax + 1):
        for parity in (0, 1):
            start[m, parity] = row
            for degree in range(m + parity, lmax + 1, 2):
                centre = degree * degree + degree
                position[centre + m] = row
                row += 1
                if m:
                    position[centre - m] = row
                    row += 1
    return position, start


def _side(lmax: int, stages: Stages, trig: NDArray[Any], pairs: int, *, analysis: bool) -> Side:
    """Lay out one operand's program (synthesis), or the result's (analysis)."""
    position, start = _positions(lmax)
    height = len(position)
    ring_row = 2 * (lmax + 1)
    spare = height + 2 * pairs * ring_row
    tallest = max((2 * stage[0].shape[0] for stage in stages.values() if len(stage) > 1), default=0)
    program: list[tuple[int, ...]] = []
    matrices: list[NDArray[Any]] = []
    offset = 0
    for (m, parity), chain in stages.items():
        pair, width = (2, 4) if m else (1, 2)
        tile = (start[m, parity], pair)
        rings = (height + parity * ring_row + 2 * m, 2 * ring_row)
        places = [rings, tile] if analysis else [tile, rings]
        if len(chain) > 1:
            places.insert(1, (spare, pair))
        for matrix, source, target in zip(chain, places, places[1:], strict=False):
            program.append((*matrix.shape, offset, *source, *target, width))
            matrices.append(matrix.ravel())
            offset += matrix.size
    return Side(
        matrices=np.concatenate(matrices),
        program=np.array(program, dtype=np.int64).reshape(-1, 8),
        position=position,
        heights=(height, 2 * pairs * ring_row + tallest),
        rings=height,
        lmax=lmax,
        trig=trig,
    )


def ring_plan(lmax1: int, lmax2: int, lmax_out: int, dtype: str, *, fourier: bool) -> RingPlan:
    """Plan the pointwise product of degrees lmax1 and lmax2, projected on degrees <= lmax_out.

    Exactness: with S = lmax1 + lmax2 + lmax_out the integrand has degree S, so 2 * pairs Gauss-Legendre rings
    with 4 pairs - 1 >= S and 4 q > S points a ring lose nothing. In the Fourier basis the theta frequencies
    of the product reach B = lmax1 + lmax2, so 2 * pairs > B equispaced rings carry them.
    """
    total = lmax1 + lmax2 + lmax_out
    band = lmax1 + lmax2
    quadrant = total // 4 + 1
    pairs = band // 2 + 1 if fourier else (total + 1 + 3) // 4

    def operand(lmax: int) -> Side:
        stages = fourier_stages(lmax, pairs, dtype) if fourier else legendre_stages(lmax, pairs, dtype)
        return _side(lmax, stages, circle_matrices(lmax, quadrant, dtype), pairs, analysis=False)

    points = 4 * quadrant
    if fourier:
        stages = fourier_stages(lmax_out, pairs, dtype, points, band)
    else:
        stages = legendre_stages(lmax_out, pairs, dtype, points)
    trig = circle_matrices(lmax_out, quadrant, dtype, inverse=True)
    out = _side(lmax_out, stages, trig, pairs, analysis=True)
    return RingPlan(operand(lmax1), operand(lmax2), out, pairs, quadrant)


def absolute(plan: RingPlan) -> RingPlan:
    """Return the plan with the absolute value of every matrix, for the bound."""

    def side(of: Side) -> Side:
        return of._replace(matrices=np.abs(of.matrices), trig=np.abs(of.trig))

    left, right, out, pairs, quadrant = plan
    return RingPlan(side(left), side(right), side(out), pairs, quadrant)


def _chain(side: Side, stages: int) -> int:
    """Return the most roundings of one coefficient's way through a program (entries count twice)."""
    longest = side.program[:, 1]
    return sum(int(longest[k::stages].max(initial=0)) + 2 for k in range(stages))


def depth(plan: RingPlan) -> int:
    """Return the D of gamma_D: the most roundings on any way from an input to an output.

    A sum of n products in any order rounds at most n times on a way and its rounded entries count twice
    (docs/proofs/rings.md); the folds add 1 + 2 a side, the pointwise product 1.
    """
    left, right, out, pairs, quadrant = plan
    stages = len(out.program) // (2 * (out.lmax + 1))
    forward = [_chain(side, stages) + 1 + (side.lmax // 2 + 1) + 2 + 2 for side in (left, right)]
    return sum(forward) + 1 + 2 + (quadrant + 2) + 1 + _chain(out, stages)


def multiplications(plan: RingPlan) -> int:
    """Return the multiplications a sample of the dense steps and the pointwise product."""
    count = 0
    for side in (plan.left, plan.right, plan.out):
        rows, cols, width = side.program[:, 0], side.program[:, 1], side.program[:, 7]
        count += int((rows * cols * width // 2).sum()) + 2 * plan.ring_pairs * side.trig.size
    return count + 8 * plan.ring_pairs * plan.quadrant
