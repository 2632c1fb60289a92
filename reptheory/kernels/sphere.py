"""Sphere: coefficients of harmonics to the points of a grid of rings, and back; the two halves of `rings.py`.

    synthesis   x (batch, (lmax + 1)^2)  --program-->  rings  --trig, butterfly-->  z (batch, rings * points)
    analysis    the same steps backward

Matrices of either orientation serve both: with synthesis matrices transposed, the analysis kernel is the
transpose of the synthesis, with analysis matrices transposed the synthesis kernel that of the analysis. The
butterfly takes the classes (cosine even, cosine odd, sine even, sine odd) to phi, pi + phi, -phi, pi - phi
by a symmetric matrix of signs, so that it is its own transpose. Proof of the bounds: docs/proofs/sphere.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.rings import (
    WIDTH,
    RingPlan,
    first_ring,
    from_points,
    row_length,
    run_program,
    to_points,
)
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.pointers import address
from reptheory.kernels.simd.tiles import VECTOR_BYTES, gather, scatter, turn_2

__all__ = ["SpherePlan", "analysis", "sphere_scratch", "synthesis"]


class SpherePlan(NamedTuple):
    """A transform: one side without terms, and where points stand.

    places   (rings * points,) int32   row of the tile of each point: pair, pattern, place, ring of the pair
    """

    rings: RingPlan
    places: NDArray[np.int32]


def sphere_scratch(plan: SpherePlan) -> int:
    """Return how many numbers of scratch one thread needs."""
    rings = plan.rings
    span = WIDTH * VECTOR_BYTES // rings.matrices.itemsize
    return span * (sum(rings.rows) + 8 * rings.ring_pairs * rings.quadrant)


@part
def butterfly(work: Any, start: int, quadrant: int, sign: float) -> None:
    """Take the four classes of a ring pair to the four points of each place of the quadrant, or back."""
    span = row_length(work)
    for place in range(quadrant):
        turn_2(work, start + 2 * place * span, 2 * quadrant * span, sign)


@compiled
def synthesis(
    x: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: SpherePlan, sign: float,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last], the values at the points; flat (batch, dim) arrays, aligned scratch.

    sign   -1; +1, with absolute values in the plan and in x, for the bound
    """
    (matrices, program, position, slots, trig, table, _, _, heights, ring_pairs, quadrant), places = plan
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, span = address(table), row_length(w)
    folded, size = heights[0] * span, 8 * quadrant * span
    grid = folded + heights[1] * span
    dim, points, tile = len(position), len(places), work[grid:]
    for pair in range(ring_pairs):
        ring, odd, _ = first_ring(sides, 0, pair, w)
        clear(work, ring + span, span)  # sin 0: no matrix writes it
        clear(work, ring + odd + span, span)
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim, position, work, WIDTH)
        run_program(sides, 0, steps, m, w)
        for pair in range(ring_pairs):
            target = grid + pair * size
            to_points(sides, 0, pair, t, s, w, folded, target, quadrant, sign)
            butterfly(w, target, quadrant, sign)
        scatter(tile, places, z, start, count, points, 0, points, WIDTH)


@compiled
def analysis(
    x: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: SpherePlan, sign: float,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last], the coefficients of the values x at the points; otherwise as `synthesis`."""
    (matrices, program, position, slots, trig, table, _, _, heights, ring_pairs, quadrant), places = plan
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, span = address(table), row_length(w)
    folded, size = heights[0] * span, 8 * quadrant * span
    grid = folded + heights[1] * span
    dim, points, tile = len(position), len(places), work[grid:]
    clear(work, folded + 2 * slots[1] * span, 2 * span)  # sin 0: no matrix writes it
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, points, places, tile, WIDTH)
        for pair in range(ring_pairs):
            source = grid + pair * size
            butterfly(w, source, quadrant, sign)
            from_points(sides, 0, pair, t, s, w, folded, source, quadrant, sign)
        run_program(sides, 0, steps, m, w)
        scatter(work, position, z, start, count, dim, 0, dim, WIDTH)
