"""Sphere plans: lay out the matrices of a transform to or from a grid, or of its transpose, and bound it."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.build.ring_matrices import circle_matrices, legendre_stages
from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.kernels.pool import Prepared
from reptheory.kernels.rings import WIDTH, RingPlan
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.kernels.sphere import SpherePlan, analysis, sphere_scratch, synthesis
from reptheory.operations.engines import COPYING, flat_read_only, float_name
from reptheory.operations.ring_plan import ring_side
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.term_plan import joined, term_multiplications

__all__ = ["SphereEngine"]

Array = NDArray[Any]


@lru_cache(maxsize=64)
def _places(pairs: int, quadrant: int) -> NDArray[np.int32]:
    """Return the tile row of each point of the grid, rings and points ascending."""
    ring, point = np.indices((2 * pairs, 4 * quadrant))
    south = ring >= pairs
    pair = np.where(south, 2 * pairs - 1 - ring, ring)
    quarter, within = point // quadrant, point % quadrant
    pattern = np.array([0, 3, 1, 2])[quarter]  # phi, pi - phi, pi + phi, -phi
    place = np.where(quarter % 2 == 0, within, quadrant - 1 - within)
    rows = ((pair * 4 + pattern) * quadrant + place) * 2 + south
    return np.array(rows.ravel(), dtype=np.int32)


class Transform(NamedTuple):
    """Which linear map an engine computes.

    lmax         of the coefficients
    grid         of the values
    analysis     from the grid to coefficients, with the weights of the quadrature
    transposed   the transpose of that map
    """

    lmax: int
    grid: SphereGrid
    analysis: bool
    transposed: bool

    @property
    def to_coefficients(self) -> bool:
        """Whether the result is coefficients."""
        return self.analysis != self.transposed


def _plan(of: Transform, dtype: str) -> SpherePlan:
    pairs, quadrant = of.grid.rings // 2, of.grid.points // 4
    points = of.grid.points if of.analysis else None
    stages = legendre_stages(of.lmax, pairs, dtype, points, of.grid.nodes)
    if of.transposed:
        stages = {key: tuple(np.ascontiguousarray(one.T) for one in chain) for key, chain in stages.items()}
    trig = circle_matrices(of.lmax, quadrant, dtype, inverse=of.to_coefficients)
    side = ring_side(of.lmax, stages, trig, pairs, analysis=of.to_coefficients)
    return SpherePlan(joined([side], [], pairs, quadrant), _places(pairs, quadrant))


def _norm(plan: RingPlan) -> float:
    """Return the largest sum of absolute entries of a row of the matrix step."""
    return max(
        float(
            np.abs(plan.matrices[start : start + rows * cols])
            .reshape(rows, cols)
            .sum(axis=1)
            .max(initial=0.0)
        )
        for rows, cols, start in plan.program[:, :3].tolist()
    )


class SphereEngine:
    """One transform, with its bound and its cost; a plan a dtype, made on first use."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        dims = (transform.lmax + 1) ** 2, transform.grid.rings * transform.grid.points
        self.dim_in, self.dim_out = dims[::-1] if transform.to_coefficients else dims
        self._plans: dict[str, SpherePlan] = {}
        self._kernels: dict[str, Prepared] = {}

    def _plan(self, name: str) -> SpherePlan:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype."""
        plan = self._plans.get(name)
        if plan is None:
            dtype = name.removeprefix("absolute ")
            made = _plan(self.transform, dtype if name == dtype else "float64")
            if name != dtype:
                least = np.finfo(dtype).smallest_normal
                rings = made.rings
                matrices = np.maximum(np.abs(rings.matrices), least)
                made = made._replace(rings=rings._replace(matrices=matrices, trig=np.abs(rings.trig)))
            plan = self._plans.setdefault(name, made)
        return plan

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        return term_multiplications(self._plan("float64").rings)

    def _apply(self, x: Array, z: Array, name: str, sign: float, threads: int | None) -> None:
        self._prepared(name).run((flat_read_only(x), z.ravel()), x.size // self.dim_in, threads, sign)

    def _prepared(self, name: str) -> Prepared:
        """Return the kernel for a dtype or its bound; two threads may both make it, one is kept."""
        made = self._kernels.get(name)
        if made is None:
            plan, kernel = self._plan(name), analysis if self.transform.to_coefficients else synthesis
            dtype, work = plan.rings.matrices.dtype, self.cost + COPYING * (self.dim_in + self.dim_out)
            made = Prepared(kernel, plan, sphere_scratch(plan), dtype, WIDTH * lanes_of(dtype), work)
            self._kernels[name] = made
        return made

    def run(self, x: Array, z: Array, threads: int | None) -> None:
        """Write the transform of x, C-contiguous, `dim_in` numbers a sample, to z of its dtype."""
        self._apply(x, z, float_name(x.dtype), -1.0, threads)

    def sizes(self, x: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Return upper bounds of sum |A||x| elementwise, A the exact matrix or the rounded one of `dtype`."""
        size = np.empty((len(x), self.dim_out))
        self._apply(np.abs(x.astype(np.float64)), size, f"absolute {dtype.name}", 1.0, None)
        return upward(size + self._lost(smallest(np.float64), dtype), self._depth) * (1 + 2.0**-20)

    def bound(self, x: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype`: gamma_D sum |A||x| + underflow (docs/proofs/sphere.md)."""
        return self.sizes(x, dtype) * gamma(self._depth, dtype) + self._lost(smallest(dtype), dtype)

    @cached_property
    def _terms(self) -> tuple[int, int]:
        """Terms of a sum of the matrix step and of the step around a ring."""
        of = self.transform
        around = of.grid.points // 4 if of.to_coefficients else of.lmax // 2 + 1
        return int(self._plan("float64").rings.program[:, 1].max()), around

    @property
    def _depth(self) -> int:
        """The most roundings on any way: terms and an entry in two steps, the fold, the butterfly."""
        matrix, around = self._terms
        return (matrix + 1) + 1 + (around + 1) + 2

    def _lost(self, eta: float, dtype: np.dtype[Any]) -> float:
        """Bound what underflow adds to any result, eta the smallest float."""
        matrix, around = self._terms
        if self.transform.to_coefficients:
            norm = _norm(self._plan(f"absolute {dtype.name}").rings)
            return norm * 2 * around * eta + matrix * eta
        return 4 * (around * 2 * matrix * eta + around * eta)
