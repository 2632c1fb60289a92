"""Term plans: lay out sums of products of functions on rings for one kernel, and bound what they round.

A plan joins the sides of `ring_plan` one behind the other, functions first, and says which products of
functions add up to which result.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.build.ring_matrices import circle_matrices, fourier_stages, legendre_stages
from reptheory.kernels.bounds import gamma, smallest, unit_roundoff
from reptheory.kernels.pool import Prepared, over_samples, scratch
from reptheory.kernels.ring_errors import error_scratch, ring_errors
from reptheory.kernels.ring_terms import ring_terms
from reptheory.kernels.rings import WIDTH, RingPlan, Side, ring_scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.ring_plan import ring_side

__all__ = [
    "RingBound",
    "Term",
    "apart",
    "joined",
    "one_behind_the_other",
    "prepared_terms",
    "result_degrees",
    "roundings",
    "run_terms",
    "stacked",
    "term_multiplications",
    "term_plan",
]

Array = NDArray[Any]

_FLAT = ("matrices", "program", "position", "slots", "trig")
"""What sides hold as arrays."""


class Term(NamedTuple):
    """One product: the functions that are multiplied, two or more, the result it adds to, and its sign."""

    functions: tuple[int, ...]
    result: int = 0
    sign: int = 1

    def degree(self, lmaxs: Sequence[int]) -> int:
        """Return the degree of the product of functions of degrees `lmaxs`."""
        return sum(lmaxs[place] for place in self.functions)


def result_degrees(lmax_out: int | Sequence[int], terms: Sequence[Term]) -> list[int]:
    """Return the degree of each result, of which one may be given for all."""
    if isinstance(lmax_out, int):
        return [lmax_out] * (1 + max(term.result for term in terms))
    return list(lmax_out)


def term_plan(
    lmaxs: Sequence[int], lmax_out: int | Sequence[int], terms: Sequence[Term], dtype: str, *, fourier: bool
) -> RingPlan:
    """Plan sums of products of functions of degrees `lmaxs`, projected on degrees <= lmax_out.

    lmax_out   of all results, or of each

    Exactness: with B the largest degree of a product and S the largest of a product and its result together,
    the integrand has degree S, so 2 * pairs Gauss-Legendre rings with 4 pairs - 1 >= S and 4 q > S points a
    ring lose nothing. In the Fourier basis the theta frequencies of the product reach B: 2 * pairs > B
    equispaced rings carry them.
    """
    ends = result_degrees(lmax_out, terms)
    band = max(term.degree(lmaxs) for term in terms)
    total = max(term.degree(lmaxs) + ends[term.result] for term in terms)
    quadrant = total // 4 + 1
    pairs = band // 2 + 1 if fourier else (total + 4) // 4

    @cache
    def function(lmax: int) -> Side:
        stages = fourier_stages(lmax, pairs, dtype) if fourier else legendre_stages(lmax, pairs, dtype)
        return ring_side(lmax, stages, circle_matrices(lmax, quadrant, dtype), pairs, analysis=False)

    @cache
    def result(lmax: int) -> Side:
        if fourier:
            stages = fourier_stages(lmax, pairs, dtype, 4 * quadrant, band)
        else:
            stages = legendre_stages(lmax, pairs, dtype, 4 * quadrant)
        trig = circle_matrices(lmax, quadrant, dtype, inverse=True)
        return ring_side(lmax, stages, trig, pairs, analysis=True)

    return joined([*map(function, lmaxs), *map(result, ends)], terms, pairs, quadrant)


def joined(sides: Sequence[Side], terms: Sequence[Term], pairs: int, quadrant: int) -> RingPlan:
    """Join sides, the functions first, to one plan; sides that are one object share their matrices."""
    different = list({id(side): side for side in sides}.values())
    starts = {name: _starts([getattr(one, name) for one in different]) for name in _FLAT}
    tiles = _starts([range(sum(side.heights)) for side in sides])
    rows = []
    for tile, side in zip(tiles, sides, strict=False):
        k = next(k for k, one in enumerate(different) if one is side)
        (step, end), (place, _), (slot, _), (trig, stop) = (starts[name][k : k + 2] for name in _FLAT[1:])
        rows.append((step, end, place, len(side.position), tile, side.rings, side.lmax, trig, stop, slot))
    programs = [side.program.copy() for side in different]
    for program, start in zip(programs, starts["matrices"], strict=False):
        program[:, 2] += start
    flat = {name: np.concatenate([getattr(side, name) for side in different]) for name in _FLAT}
    results = 1 + max((term.result for term in terms), default=-1)
    return RingPlan(
        **{**flat, "program": np.concatenate(programs)},
        sides=np.array(rows, dtype=np.int64),
        terms=_listed(terms),
        functions=len(sides) - results,
        rows=(tiles[-1], 4 * (max(side.lmax for side in sides) + 2)),
        ring_pairs=pairs,
        quadrant=quadrant,
    )


def stacked(plans: Sequence[RingPlan], row: int) -> RingPlan:
    """Return the sides and terms of plans one behind the other, the tiles of each beginning at a row.

    Functions, rows, ring pairs and points are not the same for all, and 0 here.
    """
    starts = {name: _starts([getattr(plan, name) for plan in plans]) for name in _FLAT}
    matrix, step, place, slot, trig = (np.array(starts[name][:-1]) for name in _FLAT)
    none, tile = np.zeros_like(step), np.full_like(step, row)
    moved = np.stack([step, step, place, none, tile, none, none, trig, trig, slot], axis=1)
    flat = {
        name: np.concatenate([getattr(plan, name) for plan in plans]) for name in (*_FLAT, "sides", "terms")
    }
    flat["sides"] += np.repeat(moved, [len(plan.sides) for plan in plans], axis=0)
    flat["program"][:, 2] += np.repeat(matrix, [len(plan.program) for plan in plans])
    return RingPlan(**flat, functions=0, rows=(0, 0), ring_pairs=0, quadrant=0)


def _starts(parts: Sequence[Sized]) -> list[int]:
    """Return where each part begins when they stand one behind the other, and where the last ends."""
    return [0, *accumulate(len(part) for part in parts)]


def _listed(terms: Sequence[Term]) -> NDArray[np.int64]:
    """List terms for the kernel: by result, the positive ones first."""
    most = max((len(term.functions) for term in terms), default=0)
    rows = [
        (term.result, term.sign, len(term.functions), *term.functions, *[0] * (most - len(term.functions)))
        for term in sorted(terms, key=lambda term: (term.result, -term.sign))
    ]
    return np.array(rows, dtype=np.int64).reshape(len(terms), 3 + most)


def term_multiplications(plan: RingPlan) -> int:
    """Return the multiplications a sample of all transforms and of the products at the points."""
    count = 0
    for first, last, _, _, _, _, _, trig, stop, _ in plan.sides.tolist():
        program = plan.program[first:last]
        count += int(program[:, [0, 1, 7]].prod(axis=1).sum()) + 2 * plan.ring_pairs * (stop - trig)
    products = int((plan.terms[:, 2] - 1).sum())
    return count + 8 * plan.ring_pairs * plan.quadrant * products


def prepared_terms(plan: RingPlan, cost: int | None = None) -> Prepared:
    """Return the kernel of a plan; cost: `term_multiplications` of it, or of more."""
    dtype, cost = plan.matrices.dtype, term_multiplications(plan) if cost is None else cost
    return Prepared(ring_terms, plan, ring_scratch(plan), dtype, WIDTH * lanes_of(dtype), cost)


def run_terms(kernel: Prepared, functions: Sequence[Array], threads: int | None) -> list[Array]:
    """Return the results of a plan, (samples, dim) each, for functions of its dtype.

    functions   (samples, dim) each
    """
    samples = len(functions[0])
    given = one_behind_the_other(functions)
    dims = _dims(kernel.plan)
    result = np.empty(samples * sum(dims), given.dtype)
    kernel.run((given, samples, result), samples, threads)
    return apart(result, samples, dims)


def one_behind_the_other(arrays: Sequence[Array]) -> Array:
    """Return the numbers of C-contiguous arrays as one, read-only: one type for the compiler."""
    flat = [one.reshape(-1) for one in arrays]
    given = np.concatenate(flat) if len(flat) > 1 else flat[0]
    given.setflags(write=False)
    return given


def apart(flat: Array, samples: int, dims: Sequence[int]) -> list[Array]:
    """Return the (samples, dim) arrays that stand one behind the other."""
    found, start = [], 0
    for dim in dims:
        found.append(flat[start : start + samples * dim].reshape(samples, dim))
        start += samples * dim
    return found


def _dims(plan: RingPlan) -> list[int]:
    """Return the coefficients of each result."""
    dims: list[int] = plan.sides[plan.functions :, 3].tolist()
    return dims


def roundings(x: Array, count: int, dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """Bound what `count` roundings of x in `dtype` are off, each relative or by underflow."""
    if not count:
        return np.zeros(x.shape)
    return np.asarray(gamma(count, dtype) * np.abs(x.astype(np.float64)) + count * smallest(dtype))


class RingBound:
    """Bounds on the errors of sums of products on rings, in any dtype, from the values on their way.

    plan   float64
    """

    def __init__(self, plan: RingPlan) -> None:
        self._plan = plan
        self._sizes: dict[str, tuple[Array, Array]] = {}

    def __call__(
        self, functions: Sequence[Array], errors: Sequence[Array], dtype: np.dtype[Any]
    ) -> list[NDArray[np.float64]]:
        """Bound the errors of every result computed in `dtype`, (samples, dim) each.

        functions   (samples, dim) each
        errors      bounds on what they are off already
        """
        plan, samples = self._plan, len(functions[0])
        given, off = (
            np.concatenate([one.reshape(-1) for one in part], dtype=np.float64)
            for part in (functions, errors)
        )
        dims = _dims(plan)
        bound = np.empty(samples * sum(dims))
        sizes, trig = self._absolute(dtype.name)
        u, eta, need = unit_roundoff(dtype), smallest(dtype), error_scratch(plan)

        def task(first: int, last: int) -> None:
            work = scratch(need, np.float64)
            ring_errors(given, off, samples, bound, first, last, plan, sizes, trig, u, eta, work)

        over_samples(task, samples, WIDTH * lanes_of(np.float64), 8 * term_multiplications(plan), None)
        bound *= 1 + 8 * gamma(self._depth, dtype)
        return apart(bound, samples, dims)

    def _absolute(self, name: str) -> tuple[Array, Array]:
        """Return what bounds the size of the matrices and of the cosines, for the arithmetic of a dtype."""
        if name not in self._sizes:
            least = np.finfo(name).smallest_normal
            self._sizes[name] = np.maximum(np.abs(self._plan.matrices), least), np.abs(self._plan.trig)
        return self._sizes[name]

    @property
    def _depth(self) -> int:
        """At least the roundings on any way through all steps, four a step more for those of the bound."""
        plan = self._plan
        longest = 2 * (int(plan.program[:, 1].max(initial=0)) + 5)
        around = max(int(plan.sides[:, 6].max()) // 2 + 1, plan.quadrant) + 5
        side = longest + around + 2 * 6
        return int((plan.terms[:, 2].max() + 1) * (side + 6)) + len(plan.terms) + 5
