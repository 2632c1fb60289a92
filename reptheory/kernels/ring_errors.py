"""Ring errors: bounds on the rounding errors of products on rings, carried along with the values.

Runs the steps of `rings.py` and `ring_terms.py` in float64 on pairs (v, e), |computed - exact| <= e. A linear
step A with r roundings on a way takes v to A v and e to |A| (e + gamma_r |v|): the rounding of a step is
judged by the values that it meets, not by those that it would meet if nothing cancelled. Values stand in
the first half of the scratch, errors at the same places of the second half.

Proof, in any order of summation: docs/proofs/rings.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.rings import SIDE, WIDTH, RingPlan, class_size, first_ring, ring_scratch, row_length
from reptheory.kernels.simd.errors import add, charge, times
from reptheory.kernels.simd.pointers import address, at
from reptheory.kernels.simd.tiles import dense_1, dense_2, gather, scatter, sum_difference_1
from reptheory.kernels.sphere import butterfly

__all__ = ["error_scratch", "ring_errors"]

Array = NDArray[Any]


def error_scratch(plan: RingPlan) -> int:
    """Return how many numbers of scratch one thread needs for `ring_errors`."""
    return 2 * ring_scratch(plan)


@part
def _gamma(n: int, u: float) -> float:
    """Return gamma_n, as `bounds.gamma` does."""
    return n * u / (1.0 - n * u) * (1.0 + 2.0**-48)


@part
def _run(
    sides: Any, side: int, program: Any, matrices: Any, sizes: Any, work: Any, half: int, u: float,
    eta: float,
) -> None:  # fmt: skip
    """Run the program of a side on values and errors: each source row is charged, then multiplied."""
    span = row_length(work)
    base = at(sides, SIDE * side + 4) * span
    for step in range(8 * at(sides, SIDE * side), 8 * at(sides, SIDE * side + 1), 8):
        rows, cols, matrix = at(program, step), at(program, step + 1), at(program, step + 2)
        s0, s_step = base + at(program, step + 3) * span, at(program, step + 4) * span
        t0, t_step = base + at(program, step + 5) * span, at(program, step + 6) * span
        size = at(program, step + 7) * span
        rate = _gamma(cols + 1, u)
        for col in range(cols):
            charge(work, half, size, s0 + col * s_step, rate, eta)
        if size == 2 * span:
            dense_2(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)
            dense_2(sizes, matrix, rows, cols, work, half + s0, s_step, work, half + t0, t_step)
        else:
            dense_1(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)
            dense_1(sizes, matrix, rows, cols, work, half + s0, s_step, work, half + t0, t_step)
        for row in range(rows):
            charge(work, half, size, t0 + row * t_step, 0.0, 2 * cols * eta)


@part
def _fold(work: Any, half: int, a: int, b: int, total: int, rest: int, u: float) -> None:
    """Write a + b and a - b, with their errors."""
    span = row_length(work)
    charge(work, half, span, a, _gamma(1, u), 0.0)
    charge(work, half, span, b, _gamma(1, u), 0.0)
    sum_difference_1(work, a, b, total, rest, -1.0)
    sum_difference_1(work, half + a, half + b, half + total, half + rest, 1.0)


@part
def _around(
    sides: Any, side: int, pair: int, trig: Any, sizes: Any, slots: Any, work: Any, half: int, folded: int,
    points: int, quadrant: int, back: bool, u: float, eta: float,
) -> None:  # fmt: skip
    """Take a ring pair of a side to the points, or back: fold, four classes, butterfly, in either order."""
    span = row_length(work)
    ring, odd, lmax = first_ring(sides, side, pair, work)
    matrix, slot = at(sides, SIDE * side + 7), at(sides, SIDE * side + 9)
    if back:
        _turn(work, half, points, quadrant, u)
    for row in range(2 * (lmax + 1)):
        if row != 1 and not back:  # sin 0: no matrix writes it
            even, place = ring + row * span, folded + 2 * at(slots, slot + row) * span
            _fold(work, half, even, even + odd, place, place + span, u)
    around, inside, step = points, folded, 2 * span
    for kind in range(4):
        count = class_size(lmax, kind)
        source, target = (around, inside) if back else (inside, around)
        rows, cols = (count, quadrant) if back else (quadrant, count)
        charge(work, half, cols * step, source, _gamma(cols + 1, u), eta)
        dense_2(trig, matrix, rows, cols, work, source, step, work, target, step)
        dense_2(sizes, matrix, rows, cols, work, half + source, step, work, half + target, step)
        charge(work, half, rows * step, target, 0.0, 2 * cols * eta)
        around += quadrant * step
        inside += count * step
        matrix += count * quadrant
    for row in range(2 * (lmax + 1)):
        if row != 1 and back:
            even, place = ring + row * span, folded + 2 * at(slots, slot + row) * span
            _fold(work, half, place, place + span, even, even + odd, u)
    if not back:
        _turn(work, half, points, quadrant, u)


@part
def _turn(work: Any, half: int, points: int, quadrant: int, u: float) -> None:
    """Take the four classes of a ring pair to its points, or back: two additions."""
    charge(work, half, 8 * quadrant * row_length(work), points, _gamma(2, u), 0.0)
    butterfly(work, points, quadrant, -1.0)
    butterfly(work, half + points, quadrant, 1.0)


@part
def _combine(
    terms: NDArray[np.int64], functions: int, work: Any, half: int, points: int, size: int, spare: int,
    u: float, eta: float,
) -> None:  # fmt: skip
    """Write the sums of products of a ring pair."""
    latest = -1
    for term in range(terms.shape[0]):
        result, factors, beside = terms[term, 0], terms[term, 2], 0
        for other in range(terms.shape[0]):
            beside += terms[other, 0] == result
        source = points + terms[term, 3] * size
        for k in range(4, 3 + factors):
            times(work, half, size, source, points + terms[term, k] * size, spare, u, eta)
            source = spare
        charge(work, half, size, spare, _gamma(beside - 1, u), 0.0)
        sign = float(terms[term, 1]) if result == latest else 0.0
        add(work, half, size, spare, points + (functions + result) * size, sign)
        latest = result


@compiled
def ring_errors(
    x: Array, errors: Array, samples: int, bound: Array, first: int, last: int, plan: RingPlan,
    sizes: Array, trig_sizes: Array, u: float, eta: float, work: Array,
) -> None:  # fmt: skip
    """Write samples first..last - 1 of the bounds of every result, laid out as in `ring_terms`.

    x, errors          the functions, float64, and bounds on their errors
    plan               float64
    sizes, trig_sizes  absolute values of its matrices and trig, none of the former below the smallest normal
                       number of the arithmetic
    u, eta             unit roundoff and smallest float of the arithmetic
    """
    matrices, program, position, slots, trig, table, terms, functions, heights, ring_pairs, quadrant = plan
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, ms, ts = address(table), address(sizes), address(trig_sizes)
    span = row_length(w)
    half = len(work) // 2
    folded = heights[0] * span
    size = 8 * quadrant * span
    points = folded + heights[1] * span
    spare = points + len(table) * size
    for start in range(first, last, span):
        count = min(span, last - start)
        column = 0
        for side in range(functions):
            dim, tile, places = table[side, 3], table[side, 4] * span, position[table[side, 2] :]
            gather(x[samples * column :], start, count, dim, places, work[tile:], WIDTH)
            gather(errors[samples * column :], start, count, dim, places, work[half + tile :], WIDTH)
            _run(sides, side, steps, m, ms, w, half, u, eta)
            column += dim
        for pair in range(ring_pairs):
            for side in range(len(table)):
                if side == functions:
                    _combine(terms, functions, w, half, points, size, spare, u, eta)
                own, back = points + side * size, side >= functions
                _around(sides, side, pair, t, ts, s, w, half, folded, own, quadrant, back, u, eta)
        column = 0
        for side in range(functions, len(table)):
            dim, tile, places = (
                table[side, 3],
                work[half + table[side, 4] * span :],
                position[table[side, 2] :],
            )
            _run(sides, side, steps, m, ms, w, half, u, eta)
            scatter(tile, places, bound[samples * column :], start, count, dim, 0, dim, WIDTH)
            column += dim
