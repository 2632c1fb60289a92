"""Ring plans: lay out the matrices of the sphere grid or of the Fourier basis as programs for the kernel.

An operand's tile holds, for each (m, parity of l - m), the coefficients l = m + parity, m + parity + 2, ...;
for m > 0 the cosine and the sine of one l stand side by side, so that one matrix serves both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.build.ring_matrices import Stages, circle_matrices, fourier_stages, legendre_stages
from reptheory.kernels.rings import RingPlan, Side

__all__ = ["multiplications", "ring_plan"]


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


def _slots(lmax: int) -> NDArray[np.int32]:
    """Return the place of each row 2 m (cosine) and 2 m + 1 (sine) of a ring in the order of the classes."""
    starts = ((0, 0), (1, 0), (2, 1), (1, 1))  # first m, sine
    order = [2 * m + sine for first, sine in starts for m in range(first, lmax + 1, 2)]
    slots = np.full(2 * (lmax + 1), len(order), dtype=np.int32)
    slots[order] = np.arange(len(order))
    return slots


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
        pair = 2 if m else 1
        tile = (start[m, parity], pair)
        rings = (height + parity * ring_row + 2 * m, 2 * ring_row)
        places = [rings, tile] if analysis else [tile, rings]
        if len(chain) > 1:
            places.insert(1, (spare, pair))
        for matrix, source, target in zip(chain, places, places[1:], strict=False):
            program.append((*matrix.shape, offset, *source, *target, pair))
            matrices.append(matrix.ravel())
            offset += matrix.size
    return Side(
        matrices=np.concatenate(matrices),
        program=np.array(program, dtype=np.int64).reshape(-1, 8),
        position=position,
        heights=(height, 2 * pairs * ring_row + tallest),
        rings=height,
        lmax=lmax,
        slots=_slots(lmax),
        trig=trig.copy(),  # one type for the compiler, whatever the cache holds
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


@dataclass(frozen=True, slots=True)
class _Step:
    """The worst of one step over all (m, parity): terms of a sum, sum of absolute entries of a row."""

    terms: int
    norm: float


def _steps(side: Side) -> list[_Step]:
    """Summarise the one or two matrix steps of a side's program, in order."""
    stages = len(side.program) // (2 * (side.lmax + 1))
    worst = [_Step(0, 0.0)] * stages
    for k, (rows, cols, start, *_) in enumerate(side.program.tolist()):
        block = np.abs(side.matrices[start : start + rows * cols].astype(np.float64)).reshape(rows, cols)
        norm = float(block.sum(axis=1).max(initial=0.0))
        old = worst[k % stages]
        worst[k % stages] = _Step(max(old.terms, cols), max(old.norm, norm))
    return worst


def multiplications(plan: RingPlan) -> int:
    """Return the multiplications a sample of the dense steps and the pointwise product."""
    count = 0
    for side in (plan.left, plan.right, plan.out):
        rows, cols, width = side.program[:, 0], side.program[:, 1], side.program[:, 7]
        count += int((rows * cols * width).sum()) + 2 * plan.ring_pairs * side.trig.size
    return count + 8 * plan.ring_pairs * plan.quadrant
