"""Ring terms: sums of products of any number of functions on the sphere, point by point on one grid.

    f_1, .., f_n  --programs, trig, butterfly-->  points  --sums of products-->  butterfly, trig, program

The steps are those of `rings.py` and `sphere.py`. Each function comes to the points once, however often it
occurs, and each result goes back once: n functions and r results cost n + r transforms, a power costs 2.
`ring_errors.py` bounds what this rounds. Proof: docs/proofs/rings.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, inlined
from reptheory.kernels.rings import WIDTH, _from_points, _run, _to_points
from reptheory.kernels.simd.tiles import (
    VECTOR_BYTES,
    gather,
    multiply_4,
    multiply_add_4,
    multiply_subtract_4,
    scatter,
)
from reptheory.kernels.sphere import _butterfly

__all__ = ["TermPlan", "ring_terms", "term_scratch"]


class TermPlan(NamedTuple):
    """The sides of a product, as `rings.Side`, one behind the other: functions, then results.

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


def term_scratch(plan: TermPlan) -> int:
    """Return how many numbers of scratch one thread needs for `ring_terms`."""
    span = WIDTH * VECTOR_BYTES // plan.matrices.itemsize
    return span * (sum(plan.rows) + 8 * plan.quadrant * (len(plan.sides) + 1))


@inlined
def _multiply(work: NDArray[Any], a: int, b: int, target: int, size: int, step: int, sign: int) -> None:
    """Write (sign 0), add or subtract the product of `size` numbers from a and from b, `step` at a time."""
    for at in range(0, size, step):
        if sign == 0:
            multiply_4(work, a + at, b + at, target + at)
        elif sign > 0:
            multiply_add_4(work, a + at, b + at, target + at)
        else:
            multiply_subtract_4(work, a + at, b + at, target + at)


@compiled
def ring_terms(
    x: NDArray[Any], samples: int, z: NDArray[Any], first: int, last: int, plan: TermPlan, work: NDArray[Any]
) -> None:
    """Write samples first..last - 1 of every result.

    x, z   the functions, and the results, one behind the other, each flat (samples, dim)
    """
    # Arrays leave their tuple here, once: taking them out in a loop counts references every time.
    matrices, program, position, slots, trig, sides, terms, functions, heights, ring_pairs, quadrant = plan
    span = WIDTH * VECTOR_BYTES // work.itemsize
    folded = heights[0] * span
    size = 8 * quadrant * span
    points = folded + heights[1] * span
    spare = points + len(sides) * size
    for start in range(first, last, span):
        count = min(span, last - start)
        column = 0
        for side in range(functions):
            dim, tile = sides[side, 3], sides[side, 4] * span
            positions = position[sides[side, 2] : sides[side, 2] + dim]
            gather(x[samples * column :], start, count, dim, positions, work[tile:], WIDTH)
            _run(program[sides[side, 0] : sides[side, 1]], matrices, work, tile, span)
            column += dim
        for i in range(ring_pairs):
            for side in range(functions):
                lmax, target = sides[side, 6], points + side * size
                ring = (sides[side, 4] + sides[side, 5] + 4 * i * (lmax + 1)) * span
                own_trig, own_slots = trig[sides[side, 7] : sides[side, 8]], slots[sides[side, 9] :]
                _to_points(lmax, own_trig, own_slots, work, ring, target, folded, quadrant, -1.0, span)
                _butterfly(work, target, quadrant, -1.0, span)
            latest = -1
            for term in range(terms.shape[0]):
                result, sign, factors = terms[term, 0], terms[term, 1], terms[term, 2]
                source = points + terms[term, 3] * size
                for k in range(4, 2 + factors):
                    _multiply(work, source, points + terms[term, k] * size, spare, size, 4 * span, 0)
                    source = spare
                other, target = points + terms[term, 2 + factors] * size, points + (functions + result) * size
                _multiply(work, source, other, target, size, 4 * span, sign if result == latest else 0)
                latest = result
            for side in range(functions, len(sides)):
                lmax, source = sides[side, 6], points + side * size
                ring = (sides[side, 4] + sides[side, 5] + 4 * i * (lmax + 1)) * span
                own_trig, own_slots = trig[sides[side, 7] : sides[side, 8]], slots[sides[side, 9] :]
                _butterfly(work, source, quadrant, -1.0, span)
                _from_points(lmax, own_trig, own_slots, work, ring, source, folded, quadrant, -1.0, span)
        column = 0
        for side in range(functions, len(sides)):
            dim, tile = sides[side, 3], sides[side, 4] * span
            positions = position[sides[side, 2] : sides[side, 2] + dim]
            _run(program[sides[side, 0] : sides[side, 1]], matrices, work, tile, span)
            scatter(work[tile:], positions, z[samples * column :], start, count, dim, 0, dim, WIDTH)
            column += dim
