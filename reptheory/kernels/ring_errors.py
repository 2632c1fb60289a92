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
from numba import config
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.ring_terms import TermPlan, term_scratch
from reptheory.kernels.rings import WIDTH, _class_size
from reptheory.kernels.simd.tiles import VECTOR_BYTES, dense_1, dense_2, gather, scatter, sum_difference_1
from reptheory.kernels.sphere import _butterfly

__all__ = ["error_scratch", "ring_errors"]

Array = NDArray[Any]


def error_scratch(plan: TermPlan) -> int:
    """Return how many numbers of scratch one thread needs for `ring_errors`."""
    return 2 * term_scratch(plan)


@part
def _gamma(n: int, u: float) -> float:
    """Return gamma_n, as `bounds.gamma` does."""
    return n * u / (1.0 - n * u) * (1.0 + 2.0**-48)


def _charge(work: Array, half: int, start: int, count: int, rate: float, eta: float) -> None:
    """Add rate |v| + eta to the errors of `count` values."""
    v, e = np.uint64(start), np.uint64(half + start)
    for k in range(np.uint64(count)):
        work[e + k] += rate * abs(work[v + k]) + eta


def _times(work: Array, half: int, a: int, b: int, target: int, count: int, u: float, eta: float) -> None:
    """Write the products of `count` pairs a and b, with their errors."""
    for k in range(count):
        left, right, e, f = work[a + k], work[b + k], work[half + a + k], work[half + b + k]
        wide, other = abs(left) + 2 * e, abs(right) + 2 * f
        work[target + k] = left * right
        work[half + target + k] = wide * f + other * e + u * wide * other + 4 * eta


def _add(work: Array, half: int, source: int, target: int, count: int, sign: float) -> None:
    """Write (sign 0), add or subtract `count` values, with their errors."""
    for k in range(count):
        v, e = work[source + k], work[half + source + k]
        work[target + k] = v if sign == 0 else work[target + k] + sign * v
        work[half + target + k] = e if sign == 0 else work[half + target + k] + e


def _charge_plain(work: Array, half: int, start: int, count: int, rate: float, eta: float) -> None:
    """Twin of `charge` in NumPy."""
    work[half + start : half + start + count] += rate * np.abs(work[start : start + count]) + eta


def _times_plain(
    work: Array, half: int, a: int, b: int, target: int, count: int, u: float, eta: float
) -> None:
    """Twin of `times` in NumPy."""
    left, right, e, f = (work[k : k + count] for k in (a, b, half + a, half + b))
    wide, other = np.abs(left) + 2 * e, np.abs(right) + 2 * f
    error = wide * f + other * e + u * wide * other + 4 * eta
    work[target : target + count] = left * right
    work[half + target : half + target + count] = error


def _add_plain(work: Array, half: int, source: int, target: int, count: int, sign: float) -> None:
    """Twin of `add` in NumPy."""
    for begin, factor in ((0, sign), (half, 1.0)):
        v, into = work[begin + source : begin + source + count], work[begin + target : begin + target + count]
        into[:] = v if sign == 0 else into + factor * v


charge = _charge_plain if config.DISABLE_JIT else part(_charge)
times = _times_plain if config.DISABLE_JIT else part(_times)
add = _add_plain if config.DISABLE_JIT else part(_add)


@part
def _run(
    program: NDArray[np.int64], matrices: Array, sizes: Array, work: Array, half: int, base: int, span: int,
    u: float, eta: float,
) -> None:  # fmt: skip
    """Run a program on values and errors: each source row is charged, then multiplied."""
    for step in range(program.shape[0]):
        rows, cols, matrix = program[step, 0], program[step, 1], program[step, 2]
        s0, s_step = base + program[step, 3] * span, program[step, 4] * span
        t0, t_step = base + program[step, 5] * span, program[step, 6] * span
        size = program[step, 7] * span
        rate = _gamma(cols + 1, u)
        for col in range(cols):
            charge(work, half, s0 + col * s_step, size, rate, eta)
        if size == 2 * span:
            dense_2(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)
            dense_2(sizes, matrix, rows, cols, work, half + s0, s_step, work, half + t0, t_step)
        else:
            dense_1(matrices, matrix, rows, cols, work, s0, s_step, work, t0, t_step)
            dense_1(sizes, matrix, rows, cols, work, half + s0, s_step, work, half + t0, t_step)
        for row in range(rows):
            charge(work, half, t0 + row * t_step, size, 0.0, 2 * cols * eta)


@part
def _fold(work: Array, half: int, a: int, b: int, total: int, rest: int, u: float, span: int) -> None:
    """Write a + b and a - b, with their errors."""
    charge(work, half, a, span, _gamma(1, u), 0.0)
    charge(work, half, b, span, _gamma(1, u), 0.0)
    sum_difference_1(work, a, b, total, rest, -1.0)
    sum_difference_1(work, half + a, half + b, half + total, half + rest, 1.0)


@part
def _classes(
    lmax: int, trig: Array, sizes: Array, work: Array, half: int, folded: int, points: int, quadrant: int,
    back: bool, span: int, u: float, eta: float,
) -> None:  # fmt: skip
    """Take the rows of a ring pair to the four classes on a quadrant, or back."""
    start = 0
    for kind in range(4):
        count = _class_size(lmax, kind)
        around, ring, matrix = (
            points + kind * quadrant * 2 * span,
            folded + 2 * start * span,
            start * quadrant,
        )
        source, target = (around, ring) if back else (ring, around)
        rows, cols = (count, quadrant) if back else (quadrant, count)
        step = 2 * span
        charge(work, half, source, cols * step, _gamma(cols + 1, u), eta)
        dense_2(trig, matrix, rows, cols, work, source, step, work, target, step)
        dense_2(sizes, matrix, rows, cols, work, half + source, step, work, half + target, step)
        charge(work, half, target, rows * step, 0.0, 2 * cols * eta)
        start += count


@part
def _turn(work: Array, half: int, points: int, quadrant: int, span: int, u: float) -> None:
    """Take the four classes of a ring pair to its points, or back: two additions."""
    charge(work, half, points, 8 * quadrant * span, _gamma(2, u), 0.0)
    _butterfly(work, points, quadrant, -1.0, span)
    _butterfly(work, half + points, quadrant, 1.0, span)


@part
def _combine(
    terms: NDArray[np.int64], functions: int, work: Array, half: int, points: int, size: int, spare: int,
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
            times(work, half, source, points + terms[term, k] * size, spare, size, u, eta)
            source = spare
        charge(work, half, spare, size, _gamma(beside - 1, u), 0.0)
        sign = float(terms[term, 1]) if result == latest else 0.0
        add(work, half, spare, points + (functions + result) * size, size, sign)
        latest = result


@compiled
def ring_errors(
    x: Array, errors: Array, samples: int, bound: Array, first: int, last: int, plan: TermPlan,
    sizes: Array, trig_sizes: Array, u: float, eta: float, work: Array,
) -> None:  # fmt: skip
    """Write samples first..last - 1 of the bounds of every result, laid out as in `ring_terms`.

    x, errors          the functions, float64, and bounds on their errors
    plan               float64
    sizes, trig_sizes  absolute values of its matrices and trig, none of the former below the smallest normal
                       number of the arithmetic
    u, eta             unit roundoff and smallest float of the arithmetic
    """
    matrices, program, position, slots, trig, sides, terms, functions, heights, ring_pairs, quadrant = plan
    span = WIDTH * VECTOR_BYTES // work.itemsize
    half = len(work) // 2
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
            gather(errors[samples * column :], start, count, dim, positions, work[half + tile :], WIDTH)
            own = program[sides[side, 0] : sides[side, 1]]
            _run(own, matrices, sizes, work, half, tile, span, u, eta)
            column += dim
        for i in range(ring_pairs):
            for side in range(functions):
                lmax, target = sides[side, 6], points + side * size
                ring = (sides[side, 4] + sides[side, 5] + 4 * i * (lmax + 1)) * span
                odd = 2 * (lmax + 1) * span
                begin, end, slot = sides[side, 7], sides[side, 8], sides[side, 9]
                for row in range(2 * (lmax + 1)):
                    if row != 1:  # sin 0: no matrix writes it
                        at, place = ring + row * span, folded + 2 * slots[slot + row] * span
                        _fold(work, half, at, at + odd, place, place + span, u, span)
                _classes(
                    lmax, trig[begin:end], trig_sizes[begin:end], work, half, folded, target, quadrant,
                    False, span, u, eta,
                )  # fmt: skip
                _turn(work, half, target, quadrant, span, u)
            _combine(terms, functions, work, half, points, size, spare, u, eta)
            for side in range(functions, len(sides)):
                lmax, source = sides[side, 6], points + side * size
                ring = (sides[side, 4] + sides[side, 5] + 4 * i * (lmax + 1)) * span
                odd = 2 * (lmax + 1) * span
                begin, end, slot = sides[side, 7], sides[side, 8], sides[side, 9]
                _turn(work, half, source, quadrant, span, u)
                _classes(
                    lmax, trig[begin:end], trig_sizes[begin:end], work, half, folded, source, quadrant,
                    True, span, u, eta,
                )  # fmt: skip
                for row in range(2 * (lmax + 1)):
                    if row != 1:
                        at, place = ring + row * span, folded + 2 * slots[slot + row] * span
                        _fold(work, half, place, place + span, at, at + odd, u, span)
        column = 0
        for side in range(functions, len(sides)):
            dim, tile = sides[side, 3], sides[side, 4] * span
            positions = position[sides[side, 2] : sides[side, 2] + dim]
            own = program[sides[side, 0] : sides[side, 1]]
            _run(own, matrices, sizes, work, half, tile, span, u, eta)
            scatter(
                work[half + tile :], positions, bound[samples * column :], start, count, dim, 0, dim, WIDTH
            )
            column += dim
