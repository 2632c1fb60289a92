"""Connected engine: products whose instructions are all uvw, with shared weights, and their gradients.

Bounds are those of docs/proofs/connected.md: the same kernel on absolute values, in float64, times gamma of
the most roundings on one way from an input to an output, plus what underflow may cost.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.connected import PULL, SAMPLES, connected, connected_scratch
from reptheory.kernels.pool import Prepared
from reptheory.operations.channel_engine import Roundings, limit, most, summed_gradient
from reptheory.operations.connected_plan import Laid, Packing, connected_plan
from reptheory.operations.engines import COPYING, flat_read_only, float_name
from reptheory.operations.weighted_plan import WeightedSpec

__all__ = ["ConnectedEngine"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

FEWEST = 4
"""Blocks of samples of a partial gradient of the weights: adding up many of them costs as much as they do."""


class ConnectedEngine:
    """Products whose instructions are all uvw, with shared weights."""

    def __init__(self, spec: WeightedSpec) -> None:
        self._spec = spec
        self._plans: dict[tuple[str, bool], Laid] = {}
        self._prepared: dict[tuple[str, bool], Prepared] = {}

    def _plan(self, name: str, *, gradient: bool) -> Laid:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype."""
        plan = self._plans.get((name, gradient))
        if plan is None:
            dtype = name.removeprefix("absolute ")
            limit = None if name == dtype else dtype
            made = connected_plan(
                self._spec, "float64" if limit else dtype, gradient=gradient, absolute=limit
            )
            plan = self._plans.setdefault((name, gradient), made)
        return plan

    @property
    def cost(self) -> int:
        """Multiplications of one sample."""
        return self._plan("float32", gradient=False).cost

    def _kernel(self, name: str, *, gradient: bool) -> tuple[Laid, Prepared]:
        """Return a plan and its kernel; two threads may both make it, one is kept."""
        laid, made = self._plan(name, gradient=gradient), self._prepared.get((name, gradient))
        if made is None:
            plan = laid.plan
            dtype, work = plan.coefficients.dtype, laid.cost + COPYING * sum(plan.dims)
            made = Prepared(connected, plan, connected_scratch(plan), dtype, SAMPLES, work)
            self._prepared[name, gradient] = made
        return laid, made

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None, name: str = "") -> None:
        """Write the product to z."""
        laid, kernel = self._kernel(name or float_name(x.dtype), gradient=False)
        none = np.zeros(0, weights.dtype)
        read = flat_read_only(x), flat_read_only(y), flat_read_only(none)
        arrays = *read, flat_read_only(_packed(laid.given, weights)), z.reshape(-1), none, none
        kernel.run(arrays, len(x), threads, 0)

    def gradients(
        self, x: Array, y: Array, weights: Array, grad: Array, threads: int | None, name: str = ""
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of x, y and the weights, the last summed over samples."""
        to_x, to_y = np.empty_like(x), np.empty_like(y)
        laid, kernel = self._kernel(name or float_name(x.dtype), gradient=True)
        read = flat_read_only(x), flat_read_only(y), flat_read_only(grad)
        arrays = *read, flat_read_only(_packed(laid.given, weights)), to_x.reshape(-1), to_y.reshape(-1)
        packed = summed_gradient(kernel, arrays, _length(laid.found), len(x), threads, fewest=FEWEST)
        return to_x, to_y, _unpacked(laid.found, packed, weights)

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> Bound:
        """Bound the error of `run` in `dtype` elementwise, (samples, dim_out)."""
        left, right, factors = (np.abs(array.astype(np.float64)) for array in (x, y, weights))
        size = np.empty((len(x), self._spec.dims[2]))
        self.run(left, right, factors, size, None, f"absolute {dtype.name}")
        return self._limit(size, self._counts(2, dtype), [left, right, factors], dtype)

    def gradient_bounds(
        self, x: Array, y: Array, weights: Array, grad: Array, dtype: np.dtype[Any]
    ) -> tuple[Bound, Bound, Bound]:
        """Bound the errors of `gradients`, which computed in `dtype`."""
        left, right, factors, incoming = (np.abs(array.astype(np.float64)) for array in (x, y, weights, grad))
        sizes = self.gradients(left, right, factors, incoming, None, f"absolute {dtype.name}")
        return (
            self._limit(sizes[0], self._counts(0, dtype), [right, factors, incoming], dtype),
            self._limit(sizes[1], self._counts(1, dtype), [left, factors, incoming], dtype),
            self._limit(sizes[2], self._weight_counts(len(x), dtype), [left, right, incoming], dtype),
        )

    def _limit(self, size: Array, counts: Roundings, others: list[Array], dtype: np.dtype[Any]) -> Bound:
        """Bound a result from what the other three operands are at most, of a sample or of all."""
        scale = np.asarray(prod(map(most, others)))
        return limit(
            size, counts, self._spec.largest(), scale if size.ndim == 2 else scale.max(initial=1.0), dtype
        )

    def _counts(self, feature: int, dtype: np.dtype[Any]) -> Roundings:
        """Count for z (2) or the gradient of x (0) or y (1), as docs/proofs/connected.md does.

        The plan of the bound may go other ways than that of the result: the larger count of both.
        """
        own, wide = (self._of_feature(feature, name) for name in (dtype.name, "float64"))
        return Roundings(*map(np.maximum, own, wide))

    def _of_feature(self, feature: int, name: str) -> Roundings:
        longest, pieces, terms = (np.zeros(self._spec.dims[feature], dtype=np.int64) for _ in range(3))
        for one, way, sizes, some in self._plan(name, gradient=feature != 2).steps:
            if feature not in (way.target, way.folded):
                continue
            (p, q, r), copies, orders = way.roles, sizes.copies, sizes.orders
            count, parts = copies[p] * copies[r], 1
            if feature == way.folded:
                own = copies[p] + copies[r] + orders[r] * orders[p]
            elif way.kind == PULL:
                own = orders[q] + copies[p] + orders[p] * copies[q]
                count, parts = copies[p] * copies[q], orders[p] * -(-copies[q] // some)
            else:
                own = orders[q] + orders[r] + copies[q] * copies[r]
                count, parts = copies[q] * copies[r], -(-copies[q] // some)
            entry = self._spec.irreps[feature].slices()[one.entries[feature]]
            longest[entry] = np.maximum(longest[entry], own)
            pieces[entry] += parts
            terms[entry] += count * len(self._spec.block(one).index)
        return Roundings(np.where(pieces > 0, longest + pieces + 5, 0), pieces, terms)

    def _weight_counts(self, repeats: int, dtype: np.dtype[Any]) -> Roundings:
        """Count for the gradient of weights that `repeats` samples share."""
        own, wide = (self._of_weights(repeats, name) for name in (dtype.name, "float64"))
        return Roundings(*map(np.maximum, own, wide))

    def _of_weights(self, repeats: int, name: str) -> Roundings:
        roundings, terms = (np.zeros(self._spec.weight_starts[-1], dtype=np.int64) for _ in range(2))
        laid = self._plan(name, gradient=True)
        pushes = [step for step in laid.steps if step.way.weights]
        for (one, way, sizes, _), packing in zip(pushes, laid.found, strict=True):
            (p, q, r), orders = way.roles, sizes.orders
            place = slice(packing.first, packing.first + one.weight_numel)
            roundings[place] = orders[q] + orders[r] + orders[p] * repeats + 5
            terms[place] = len(self._spec.block(one).index) * repeats
        return Roundings(roundings, np.ones_like(terms), terms)


def _length(packings: list[Packing]) -> int:
    """Return how many numbers the packed weights are."""
    return packings[-1].place + prod(packings[-1].padded) if packings else 0


def _packed(packings: list[Packing], weights: Array) -> Array:
    """Return the weights in the orders that the steps of a plan read, padded with 0."""
    if all(one.natural for one in packings):
        return weights
    packed = np.zeros(_length(packings), weights.dtype)
    for one in packings:
        own = weights[one.first : one.first + prod(one.shape)].reshape(one.shape).transpose(one.axes)
        there = packed[one.place : one.place + prod(one.padded)].reshape(one.padded)
        there[tuple(map(slice, own.shape))] = own
    return packed


def _unpacked(packings: list[Packing], packed: Array, weights: Array) -> Array:
    """Return the gradient of the weights as the user has them."""
    gradient = np.zeros_like(weights)
    for one in packings:
        own = gradient[one.first : one.first + prod(one.shape)].reshape(one.shape).transpose(one.axes)
        there = packed[one.place : one.place + prod(one.padded)].reshape(one.padded)
        own[...] = there[tuple(map(slice, own.shape))]
    return gradient
