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
from reptheory.kernels.pool import Prepared
from reptheory.kernels.simd.tiles import VECTOR_BYTES, lanes_of
from reptheory.kernels.weighted import (
    WIDTH,
    WeightedPlan,
    weighted_product,
    weighted_scratch,
)
from reptheory.kernels.weighted_gradient import weighted_gradient
from reptheory.operations.channel_engine import most, weight_gradient
from reptheory.operations.engines import COPYING, flat_read_only, float_name
from reptheory.operations.weighted_plan import FORWARD, TO_Y, Roles, WeightedSpec

__all__ = ["ProductEngine", "SampleEngine", "WeightedEngine"]

Array = NDArray[Any]


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
        self._prepared: dict[tuple[str, bool], Prepared] = {}

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

    def _kernel(self, name: str, *, gradient: bool) -> Prepared:
        """Return the product, or its gradient of the weights; two threads may both make it, one is kept."""
        made = self._prepared.get((name, gradient))
        if made is None:
            plan = self._plan(name)
            kernel, dtype = weighted_gradient if gradient else weighted_product, plan.values.dtype
            work = self.cost + COPYING * (sum(self._spec.dims) + self._spec.weight_starts[-1])
            need = weighted_scratch(plan, gradient=gradient)
            made = Prepared(kernel, plan, need, dtype, WIDTH * lanes_of(dtype), work)
            self._prepared[name, gradient] = made
        return made

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None, name: str = "") -> None:
        """Write the product; weights (weights,) are shared, (samples, weights) one set a sample."""
        arrays = flat_read_only(x), flat_read_only(y), flat_read_only(weights), z.reshape(-1)
        step = 0 if weights.ndim == 1 else weights.shape[1]
        self._kernel(name or float_name(x.dtype), gradient=False).run(arrays, len(x), threads, step)

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype` elementwise, (samples, dim_out)."""
        left, right, factors = (np.abs(array.astype(np.float64)) for array in (x, y, weights))
        size = np.empty((len(x), self._spec.dims[self._roles[2]]))
        self.run(left, right, factors, size, None, f"absolute {dtype.name}")
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
        self, x: Array, y: Array, grad: Array, shape: tuple[int, ...], threads: int | None, name: str = ""
    ) -> Array:
        """Return the gradient of weights of some shape: (weights,) shared, or (samples, weights)."""
        arrays = flat_read_only(x), flat_read_only(y), flat_read_only(grad)
        kernel = self._kernel(name or float_name(x.dtype), gradient=True)
        return weight_gradient(kernel, arrays, shape, len(x), threads)

    def weight_bound(
        self, x: Array, y: Array, grad: Array, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[np.float64]:
        """Bound the error of `weight_gradient`, which returned an array of that shape and dtype."""
        left, right, incoming = (np.abs(array.astype(np.float64)) for array in (x, y, grad))
        size = self.weight_gradient(left, right, incoming, shape, None, f"absolute {dtype.name}")
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
        self._to_y = None if spec.constant else WeightedEngine(spec, TO_Y)

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
        to_x, to_y = np.empty(x.shape, x.dtype), np.zeros(y.shape, y.dtype)
        self._to_x.run(grad, y, weights, to_x, threads)
        if self._to_y:
            self._to_y.run(x, grad, weights, to_y, threads)
        if not weights.size:
            return to_x, to_y, np.zeros_like(weights)
        return to_x, to_y, self._product.weight_gradient(x, y, grad, weights.shape, threads)

    def gradient_bounds(
        self, x: Array, y: Array, weights: Array, grad: Array, dtype: np.dtype[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Bound the errors of `gradients`, which computed in `dtype`."""
        return (
            self._to_x.bound(grad, y, weights, dtype),
            self._to_y.bound(x, grad, weights, dtype) if self._to_y else np.zeros(y.shape),
            self._product.weight_bound(x, y, grad, weights.shape, dtype),
        )
