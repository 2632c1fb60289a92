"""Ring plans: lay out the matrices of the sphere grid or of the Fourier basis as programs for the kernel.

An operand's tile holds, for each (m, parity of l - m), the coefficients l = m + parity, m + parity + 2, ...;
for m > 0 the cosine and the sine of one l stand side by side, so that one matrix serves both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.build.ring_matrices import Stages
from reptheory.kernels.rings import Side

__all__ = ["ring_side"]


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


def ring_side(lmax: int, stages: Stages, trig: NDArray[Any], pairs: int, *, analysis: bool) -> Side:
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
