"""Ring terms: sums of products of any number of functions on the sphere, point by point on one grid.

    f_1, .., f_n  --programs, trig, butterfly-->  points  --sums of products-->  butterfly, trig, program

The steps are those of `rings.py` and `sphere.py`. Each function comes to the points once, however often it
occurs, and each result goes back once: n functions and r results cost n + r transforms, a power costs 2.
`ring_errors.py` bounds what this rounds. Proof: docs/proofs/rings.md.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.rings import WIDTH, RingPlan, from_points, row_length, run_program, to_points
from reptheory.kernels.simd.pointers import address
from reptheory.kernels.simd.tiles import (
    gather,
    multiply_4,
    multiply_add_4,
    multiply_subtract_4,
    scatter,
)
from reptheory.kernels.sphere import butterfly

__all__ = ["ring_terms"]


@part
def _multiply(work: Any, a: int, b: int, target: int, size: int, step: int, sign: int) -> None:
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
    x: NDArray[Any], samples: int, z: NDArray[Any], first: int, last: int, plan: RingPlan, work: NDArray[Any]
) -> None:
    """Write samples first..last - 1 of every result.

    x, z   the functions, and the results, one behind the other, each flat (samples, dim)
    """
    # Arrays leave their tuple here, once: taking them out in a loop counts references every time.
    matrices, program, position, slots, trig, table, terms, functions, heights, ring_pairs, quadrant = plan
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, span = address(table), row_length(w)
    folded = heights[0] * span
    size = 8 * quadrant * span
    points = folded + heights[1] * span
    spare = points + len(table) * size
    for start in range(first, last, span):
        count = min(span, last - start)
        column = 0
        for side in range(functions):
            dim, tile = table[side, 3], work[table[side, 4] * span :]
            gather(x[samples * column :], start, count, dim, position[table[side, 2] :], tile, WIDTH)
            run_program(sides, side, steps, m, w)
            column += dim
        for pair in range(ring_pairs):
            for side in range(functions):
                target = points + side * size
                to_points(sides, side, pair, t, s, w, folded, target, quadrant, -1.0)
                butterfly(w, target, quadrant, -1.0)
            latest = -1
            for term in range(terms.shape[0]):
                result, sign, factors = terms[term, 0], terms[term, 1], terms[term, 2]
                source = points + terms[term, 3] * size
                for k in range(4, 2 + factors):
                    _multiply(w, source, points + terms[term, k] * size, spare, size, 4 * span, 0)
                    source = spare
                other, target = points + terms[term, 2 + factors] * size, points + (functions + result) * size
                _multiply(w, source, other, target, size, 4 * span, sign if result == latest else 0)
                latest = result
            for side in range(functions, len(table)):
                source = points + side * size
                butterfly(w, source, quadrant, -1.0)
                from_points(sides, side, pair, t, s, w, folded, source, quadrant, -1.0)
        column = 0
        for side in range(functions, len(table)):
            dim, tile = table[side, 3], work[table[side, 4] * span :]
            run_program(sides, side, steps, m, w)
            out = z[samples * column :]
            scatter(tile, position[table[side, 2] :], out, start, count, dim, 0, dim, WIDTH)
            column += dim
