"""Weighted engine: a product of three operands with its bound, and the gradient of the weights.

Bounds are those of docs/proofs/weighted.md: the same kernel on absolute values, in float64, times gamma of
the most roundings on one way from an input to an output, plus what underflow may cost.
"""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.build.size import require_memory, short
from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.kernels.pool import over_samples, scratch
from reptheory.kernels.simd.tiles import VECTOR_BYTES, lanes_of
from reptheory.kernels.weighted import (
    WIDTH,
    WeightedPlan,
    weighted_product,
    weighted_scratch,
)
from reptheory.kernels.weighted_gradient import weighted_gradient
from reptheory.operations.channel_engine import most
from reptheory.operations.engines import COPYING, float_name, read_only
from reptheory.operations.weighted_plan import FORWARD, TO_Y, Roles, WeightedSpec

__all__ = ["ProductEngine", "SampleEngine", "WeightedEngine"]

Array = NDArray[Any]

BLOCKS = 16
"""Partial sums over the samples of a batch, whatever the threads: a sum has one order."""


class ProductEngine(Protocol):
    """What a weighted product needs to compute itself one way.

    x, y, z are (samples, dim) arrays; weights are (weights,), shared, or (samples, weights).
    """

    @property
    def cost(self) -> int:
        """Multiplications of one sample."""

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None) -> None:
        """Write the product to z."""

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype` elementwise."""

    def gradients(
        self, x: Array, y: Array, weights: Array, grad: Array, threads: int | None
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of x, y and the weights, the last summed over samples if they are shared."""

    def gradient_bounds(
        self, x: Array, y: Array, weights: Array, grad: Array, dtype: np.dtype[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Bound the errors of `gradients`, which computed in `dtype`."""


class WeightedEngine:
    """The product of operands roles[0] and roles[1] to roles[2], every sample in one lane of a tile."""

    def __init__(self, spec: WeightedSpec, roles: Roles = FORWARD) -> None:
        self._spec = spec
        self._roles = roles
        self._plans: dict[str, WeightedPlan] = {}

    def _plan(self, name: str) -> WeightedPlan:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype."""
        plan = self._plans.get(name)
        if plan is None:
            outputs = short(self._spec.dims[self._roles[2]])
            tile = WIDTH * VECTOR_BYTES * sum(self._spec.dims)
            require_memory(f"irreps_out: a tile with {outputs}outputs a sample", tile, "use fewer copies")
            dtype = name.removeprefix("absolute ")
            if name == dtype:
                made = self._spec.plan(self._roles, dtype)
            else:
                made = self._spec.plan(self._roles, "float64", absolute=dtype)
            plan = self._plans.setdefault(name, made)
        return plan

    @cached_property
    def _counts(self) -> tuple[Array, Array, Array]:
        """Return, for each output: roundings on a way, terms, and the pairs of copies that are summed."""
        longest, pairs, terms = (np.zeros(self._spec.dims[self._roles[2]], dtype=np.int64) for _ in range(3))
        for one in self._spec.instructions:
            sizes = self._spec.sizes(one)
            kept = one.letters[self._roles[2]]
            summed = prod(
                sizes[letter]
                for letter in set(one.letters.in1 + one.letters.in2 + one.letters.out) - set(kept)
            )
            rows = np.bincount(self._spec.block(one).index[:, self._roles[2]], minlength=1)
            entry = self._spec.irreps[self._roles[2]].slices()[one.entries[self._roles[2]]]
            longest[entry] = np.maximum(longest[entry], rows.max())
            pairs[entry] += summed
            terms[entry] += summed * int(rows.max())
        return np.where(terms > 0, longest + pairs + 3, 0), terms, pairs

    @cached_property
    def cost(self) -> int:
        """Multiplications of one sample."""
        total = 0
        for one in self._spec.instructions:
            sizes, dims = (
                self._spec.sizes(one),
                [self._spec.irreps[k][one.entries[k]].ir.dim for k in range(3)],
            )
            pairs = prod(sizes[letter] for letter in set(one.letters.in1 + one.letters.in2))
            mixed = dims[2] * sizes.get("w", 1)
            total += pairs * (dims[0] * dims[1] + len(self._spec.block(one).index) + mixed)
        return total

    def _work(self) -> int:
        return self.cost + COPYING * (sum(self._spec.dims) + self._spec.weight_starts[-1])

    def _apply(self, x: Array, y: Array, weights: Array, z: Array, name: str, threads: int | None) -> None:
        plan = self._plan(name)
        left, right, factors = (read_only(array.reshape(-1)) for array in (x, y, weights))
        flat = z.reshape(-1)
        step = 0 if weights.ndim == 1 else weights.shape[1]
        need = weighted_scratch(plan, gradient=False)

        def task(first: int, last: int) -> None:
            work = scratch(need, plan.values.dtype)
            weighted_product(left, right, factors, flat, first, last, plan, step, work)

        over_samples(task, len(x), WIDTH * lanes_of(plan.values.dtype), self._work(), threads)

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None) -> None:
        """Write the product; weights (weights,) are shared, (samples, weights) one set a sample."""
        self._apply(x, y, weights, z, float_name(x.dtype), threads)

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype` elementwise, (samples, dim_out)."""
        left, right, factors = (np.abs(array.astype(np.float64)) for array in (x, y, weights))
        size = np.empty((len(x), self._spec.dims[self._roles[2]]))
        self._apply(left, right, factors, size, f"absolute {dtype.name}", None)
        roundings, terms, _ = self._counts
        later = most(factors) * most(left) if self._roles == TO_Y else most(factors)
        return self._limit(size, roundings, terms, later, dtype)

    def _limit(
        self, size: Array, roundings: Array, terms: Array, later: Array, dtype: DTypeLike
    ) -> NDArray[np.float64]:
        """Return gamma times the absolute sum, with what underflow may cost in it and beside it.

        later   the most that a product which underflows may be multiplied by, besides a coefficient
        """
        events = terms * (1.0 + self._spec.largest()) * (1.0 + later)
        size = upward(size + events * smallest(np.float64), roundings)
        return np.asarray(size * gamma(roundings, dtype) + events * smallest(dtype))

    def weight_gradient(
        self, x: Array, y: Array, grad: Array, gradient: Array, threads: int | None, name: str = ""
    ) -> None:
        """Write the gradient of the weights: (weights,) shared, or (samples, weights)."""
        plan = self._plan(name or float_name(x.dtype))
        left, right, incoming = (read_only(array.reshape(-1)) for array in (x, y, grad))
        tile = WIDTH * lanes_of(plan.values.dtype)
        need = weighted_scratch(plan, gradient=True)
        count = self._spec.weight_starts[-1]
        if gradient.ndim == 2:
            whole = gradient.reshape(-1)

            def task(first: int, last: int) -> None:
                work = scratch(need, plan.values.dtype)
                weighted_gradient(left, right, incoming, whole, first, last, plan, count, 0, work)

            over_samples(task, len(x), tile, self._work(), threads)
            return
        block = tile * max(1, -(-len(x) // (tile * BLOCKS)))
        partial = np.zeros((-(-len(x) // block), count), dtype=gradient.dtype)
        flat_partial = partial.reshape(-1)

        def blocks(first: int, last: int) -> None:
            work = scratch(need, plan.values.dtype)
            for start in range(first, last, block):
                end, place = min(start + block, last), start // block * count
                weighted_gradient(left, right, incoming, flat_partial, start, end, plan, 0, place, work)

        over_samples(blocks, len(x), block, self._work(), threads)
        gradient[...] = partial.sum(axis=0)

    def weight_bound(
        self, x: Array, y: Array, grad: Array, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[np.float64]:
        """Bound the error of `weight_gradient`, which returned an array of that shape and dtype."""
        left, right, incoming = (np.abs(array.astype(np.float64)) for array in (x, y, grad))
        size = np.zeros(shape)
        self.weight_gradient(left, right, incoming, size, None, f"absolute {dtype.name}")
        repeats = len(x) if len(shape) == 1 else 1
        roundings, terms = (np.zeros(shape[-1], dtype=np.int64) for _ in range(2))
        for one, start in zip(self._spec.instructions, self._spec.weight_starts, strict=False):
            place = slice(start, start + one.weight_numel)
            index = self._spec.block(one).index[:, 2]
            n3 = self._spec.irreps[2][one.i_out].ir.dim
            roundings[place] = int(np.bincount(index, minlength=1).max()) + n3 * repeats + 3
            terms[place] = len(index) * repeats
        later = most(incoming.reshape(-1) if len(shape) == 1 else incoming)
        limit = self._limit(size, roundings, terms, later, dtype)
        return limit.reshape(shape)


class SampleEngine:
    """A weighted product and its gradients, every sample in one lane of a tile: any instructions."""

    def __init__(self, spec: WeightedSpec) -> None:
        self._product = WeightedEngine(spec)
        self._to_x = WeightedEngine(spec, (2, 1, 0))
        self._to_y = WeightedEngine(spec, (0, 2, 1))

    @property
    def cost(self) -> int:
        """Multiplications of one sample."""
        return self._product.cost

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None) -> None:
        """Write the product to z."""
        self._product.run(x, y, weights, z, threads)

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype` elementwise."""
        return self._product.bound(x, y, weights, dtype)

    def gradients(
        self, x: Array, y: Array, weights: Array, grad: Array, threads: int | None
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of x, y and the weights, the last summed over samples if they are shared."""
        to_x, to_y, to_weights = np.empty_like(x), np.empty_like(y), np.zeros_like(weights)
        self._to_x.run(grad, y, weights, to_x, threads)
        self._to_y.run(x, grad, weights, to_y, threads)
        if weights.size:
            self._product.weight_gradient(x, y, grad, to_weights, threads)
        return to_x, to_y, to_weights

    def gradient_bounds(
        self, x: Array, y: Array, weights: Array, grad: Array, dtype: np.dtype[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Bound the errors of `gradients`, which computed in `dtype`."""
        return (
            self._to_x.bound(grad, y, weights, dtype),
            self._to_y.bound(x, grad, weights, dtype),
            self._product.weight_bound(x, y, grad, weights.shape, dtype),
        )
