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

from reptheory.kernels.jit import compiled, inlined
from reptheory.kernels.rings import WIDTH, Side, _from_points, _run, _to_points
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.tiles import VECTOR_BYTES, gather, scatter, turn_2

__all__ = ["SpherePlan", "analysis", "sphere_scratch", "synthesis"]


class SpherePlan(NamedTuple):
    """A transform: one side of a ring product, pairs of rings, points a quadrant, and where points stand.

    places   (rings * points,) int32   row of the tile of each point: pair, pattern, place, ring of the pair
    """

    side: Side
    ring_pairs: int
    quadrant: int
    places: NDArray[np.int32]


def sphere_scratch(plan: SpherePlan) -> int:
    """Return how many numbers of scratch one thread needs."""
    span = WIDTH * VECTOR_BYTES // plan.side.matrices.itemsize
    rows = sum(plan.side.heights) + 4 * (plan.side.lmax + 2) + 8 * plan.ring_pairs * plan.quadrant
    return span * rows


@inlined
def _butterfly(work: NDArray[Any], start: int, quadrant: int, sign: float, span: int) -> None:
    """Take the four classes of a ring pair to the four points of each place of the quadrant, or back."""
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
    side, ring_pairs, quadrant, places = plan
    matrices, program, position, heights, rings, lmax, trig, slots = side
    dim, points = len(position), len(places)
    span = WIDTH * VECTOR_BYTES // work.itemsize
    folded = (heights[0] + heights[1]) * span
    grid = folded + 4 * (lmax + 2) * span
    tile = work[grid:]
    for part in range(2 * ring_pairs):
        clear(work, (rings + 2 * part * (lmax + 1) + 1) * span, span)  # sin 0: no matrix writes it
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim, position, work, WIDTH)
        _run(program, matrices, work, 0, span)
        for i in range(ring_pairs):
            ring = (rings + 4 * i * (lmax + 1)) * span
            target = grid + 8 * i * quadrant * span
            _to_points(lmax, trig, slots, work, ring, target, folded, quadrant, sign, span)
            _butterfly(work, target, quadrant, sign, span)
        scatter(tile, places, z, start, count, points, 0, points, WIDTH)


@compiled
def analysis(
    x: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: SpherePlan, sign: float,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last], the coefficients of the values x at the points; otherwise as `synthesis`."""
    side, ring_pairs, quadrant, places = plan
    matrices, program, position, heights, rings, lmax, trig, slots = side
    dim, points = len(position), len(places)
    span = WIDTH * VECTOR_BYTES // work.itemsize
    folded = (heights[0] + heights[1]) * span
    grid = folded + 4 * (lmax + 2) * span
    tile = work[grid:]
    clear(work, folded + 2 * slots[1] * span, 2 * span)  # sin 0: no matrix writes it
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, points, places, tile, WIDTH)
        for i in range(ring_pairs):
            ring = (rings + 4 * i * (lmax + 1)) * span
            source = grid + 8 * i * quadrant * span
            _butterfly(work, source, quadrant, sign, span)
            _from_points(lmax, trig, slots, work, ring, source, folded, quadrant, sign, span)
        _run(program, matrices, work, 0, span)
        scatter(work, position, z, start, count, dim, 0, dim, WIDTH)
