"""Ring terms: sums of products of any number of functions on the sphere, point by point on one grid.

    f_1, .., f_n  --programs, trig, butterfly-->  points  --sums of products-->  butterfly, trig, program

The steps are those of `rings.py` and `sphere.py`. Each function comes to the points once, however often it
occurs, and each result goes back once: n functions and r results cost n + r transforms, a power costs 2.
`ring_errors.py` bounds what this rounds. Proof: docs/proofs/rings.md.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part, repeated
from reptheory.kernels.rings import WIDTH, RingPlan, from_points, row_length, run_program, to_points
from reptheory.kernels.simd.pointers import address, at
from reptheory.kernels.simd.tiles import (
    gather,
    multiply_4,
    multiply_add_4,
    multiply_subtract_4,
    scatter,
)
from reptheory.kernels.sphere import butterfly

__all__ = ["ring_terms", "sums_on_rings"]


@part
def _multiply(work: Any, a: int, b: int, target: int, size: int, step: int, sign: int) -> None:
    """Write (sign 0), add or subtract the product of `size` numbers from a and from b, `step` at a time."""
    for k in range(0, size, step):
        if sign == 0:
            multiply_4(work, a + k, b + k, target + k)
        elif sign > 0:
            multiply_add_4(work, a + k, b + k, target + k)
        else:
            multiply_subtract_4(work, a + k, b + k, target + k)


@repeated
def sums_on_rings(
    sides: Any, first: int, middle: int, last: int, steps: Any, matrices: Any, trig: Any, slots: Any,
    work: Any, terms: Any, columns: int, term: int, end: int, folded: int, points: int, pairs: int,
    quadrant: int,
) -> None:  # fmt: skip
    """Take the tiles of functions to those of results: sides first..middle - 1 to middle..last - 1.

    terms     term..end - 1, of so many columns
    folded    where a ring pair is folded; points: where those of the functions and results begin
    """
    size, step = 8 * quadrant * row_length(work), 4 * row_length(work)
    spare = points + (last - first) * size
    for side in range(first, middle):
        run_program(sides, side, steps, matrices, work)
    for pair in range(pairs):
        for side in range(first, middle):
            target = points + (side - first) * size
            to_points(sides, side, pair, trig, slots, work, folded, target, quadrant, -1.0)
            butterfly(work, target, quadrant, -1.0)
        latest = -1
        for row in range(term * columns, end * columns, columns):
            result, sign, factors = at(terms, row), at(terms, row + 1), at(terms, row + 2)
            source = points + at(terms, row + 3) * size
            for k in range(4, 2 + factors):
                _multiply(work, source, points + at(terms, row + k) * size, spare, size, step, 0)
                source = spare
            other = points + at(terms, row + 2 + factors) * size
            target = points + (middle - first + result) * size
            _multiply(work, source, other, target, size, step, sign if result == latest else 0)
            latest = result
        for side in range(middle, last):
            source = points + (side - first) * size
            butterfly(work, source, quadrant, -1.0)
            from_points(sides, side, pair, trig, slots, work, folded, source, quadrant, -1.0)
    for side in range(middle, last):
        run_program(sides, side, steps, matrices, work)


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
    sides, span, listed = address(table), row_length(w), address(terms)
    folded = heights[0] * span
    points = folded + heights[1] * span
    for start in range(first, last, span):
        count = min(span, last - start)
        column = 0
        for side in range(functions):
            dim, tile = table[side, 3], work[table[side, 4] * span :]
            gather(x[samples * column :], start, count, dim, position[table[side, 2] :], tile, WIDTH)
            column += dim
        sums_on_rings(
            sides, 0, functions, len(table), steps, m, t, s, w, listed, terms.shape[1], 0, terms.shape[0],
            folded, points, ring_pairs, quadrant,
        )  # fmt: skip
        column = 0
        for side in range(functions, len(table)):
            dim, tile = table[side, 3], work[table[side, 4] * span :]
            out = z[samples * column :]
            scatter(tile, position[table[side, 2] :], out, start, count, dim, 0, dim, WIDTH)
            column += dim
