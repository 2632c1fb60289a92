"""Channel engine: products with copies as lanes and their gradients; those whose instructions are all uvu.

Bounds are those of docs/proofs/channelwise.md: the same kernels on absolute values, in float64, times gamma
of the most roundings on one way from an input to an output, plus what underflow may cost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.kernels.buffers import empty
from reptheory.kernels.channelwise import ChannelPlan, channel_gradient, channel_product, channel_scratch
from reptheory.kernels.copywise import CopyPlan
from reptheory.kernels.pool import Prepared
from reptheory.kernels.simd.tiles import VECTOR_BYTES, lanes_of
from reptheory.operations.channel_plan import channel_plan
from reptheory.operations.engines import COPYING, flat_read_only, float_name
from reptheory.operations.weighted_plan import WeightedSpec

__all__ = [
    "ChannelEngine",
    "LanesEngine",
    "Roundings",
    "limit",
    "most",
    "summed_gradient",
    "summed_limit",
    "weight_gradient",
]

Array = NDArray[Any]
P = TypeVar("P", ChannelPlan, CopyPlan)

STREAM_BYTES = 2**23
"""Results from here on are written around the caches: they would only push everything else out."""
BLOCKS = 16
"""Partial sums over the samples of a batch, whatever the threads: a sum has one order."""


class Roundings(NamedTuple):
    """Most roundings on a way, paths and terms, for each entry of a result."""

    most: Array
    paths: Array
    terms: Array


class LanesEngine(ABC, Generic[P]):
    """A product of x and y to z with copies as lanes, and its gradients: what both kinds share."""

    def __init__(self, spec: WeightedSpec) -> None:
        self._spec = spec
        self._plans: dict[str, P] = {}
        self._prepared: dict[tuple[str, bool], Prepared] = {}

    @abstractmethod
    def _made(self, dtype: str, absolute: str | None) -> P:
        """Return the plan for a dtype, or that of absolute values for the bound of a dtype."""

    @abstractmethod
    def _kernels(self, name: str) -> tuple[Callable[..., None], Callable[..., None], Callable[..., int]]:
        """Return the product by a plan, its gradients, and how much scratch each needs."""

    @abstractmethod
    def counts(self, operand: int) -> Roundings:
        """Count for z (2) or the gradient of x (0) or y (1), as docs/proofs/channelwise.md does."""

    @abstractmethod
    def weight_counts(self, repeats: int) -> Roundings:
        """Count for the gradient of weights that `repeats` samples share."""

    @property
    @abstractmethod
    def cost(self) -> int:
        """Multiplications of one sample."""

    def plan(self, name: str) -> P:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype."""
        plan = self._plans.get(name)
        if plan is None:
            dtype = name.removeprefix("absolute ")
            made = self._made(dtype, None) if name == dtype else self._made("float64", dtype)
            plan = self._plans.setdefault(name, made)
        return plan

    def _kernel(self, name: str, *, gradient: bool) -> Prepared:
        """Return the product or its gradients for a dtype or its bound; two threads may both make it."""
        made = self._prepared.get((name, gradient))
        if made is None:
            plan = self.plan(name)
            product, pull, scratch_of = self._kernels(name)
            dtype, need = plan.values.dtype, scratch_of(plan, gradient=gradient)
            work = self.cost + COPYING * (sum(self._spec.dims) + self._spec.weight_starts[-1])
            kernel, times = (pull, 3) if gradient else (product, 1)
            made = Prepared(kernel, plan, need, dtype, lanes_of(dtype), times * work)
            self._prepared[name, gradient] = made
        return made

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None, name: str = "") -> None:
        """Write the product; weights (weights,) are shared, (samples, weights) one set a sample."""
        arrays = flat_read_only(x), flat_read_only(y), flat_read_only(weights), z.reshape(-1)
        step = 0 if weights.ndim == 1 else weights.shape[1]
        stream = int(z.nbytes >= STREAM_BYTES and z.ctypes.data % VECTOR_BYTES == 0)
        self._kernel(name or float_name(x.dtype), gradient=False).run(arrays, len(x), threads, step, stream)

    def gradients(
        self, x: Array, y: Array, weights: Array, grad: Array, threads: int | None, name: str = ""
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of x, y and the weights, the last summed over samples if they are shared."""
        kernel = self._kernel(name or float_name(x.dtype), gradient=True)
        to_x, to_y = empty(x.shape, x.dtype), np.empty_like(y)
        arrays = (
            flat_read_only(x), flat_read_only(y), flat_read_only(weights), flat_read_only(grad),
            to_x.reshape(-1), to_y.reshape(-1),
        )  # fmt: skip
        return to_x, to_y, weight_gradient(kernel, arrays, weights.shape, len(x), threads)

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype` elementwise, (samples, dim_out)."""
        left, right, factors = (np.abs(array.astype(np.float64)) for array in (x, y, weights))
        scale = most(left) * most(right) * most(factors)
        size = np.empty((len(x), self._spec.dims[2]))
        self.run(left, right, factors, size, None, f"absolute {dtype.name}")
        return limit(size, self.counts(2), self._spec.largest(), scale, dtype)

    def gradient_bounds(
        self, x: Array, y: Array, weights: Array, grad: Array, dtype: np.dtype[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Bound the errors of `gradients`, which computed in `dtype`."""
        absolutes = [np.abs(array.astype(np.float64)) for array in (x, y, weights, grad)]
        left, right, factors, incoming = (most(array) for array in absolutes)
        name = f"absolute {dtype.name}"
        sizes = self.gradients(absolutes[0], absolutes[1], absolutes[2], absolutes[3], None, name)
        repeats, largest = len(x) if weights.ndim == 1 else 1, self._spec.largest()
        to_x = limit(sizes[0], self.counts(0), largest, incoming * factors * right, dtype)
        to_y = limit(sizes[1], self.counts(1), largest, left * incoming * factors, dtype)
        scale = left * incoming
        if weights.ndim == 1:
            scale = scale.max(axis=0, initial=1.0)
        to_w = limit(sizes[2], self.weight_counts(repeats), largest, scale, dtype)
        return to_x, to_y, to_w


class ChannelEngine(LanesEngine[ChannelPlan]):
    """Products whose instructions are all uvu."""

    def _kernels(self, name: str) -> tuple[Callable[..., None], Callable[..., None], Callable[..., int]]:  # noqa: ARG002
        return channel_product, channel_gradient, channel_scratch

    def _made(self, dtype: str, absolute: str | None) -> ChannelPlan:
        return channel_plan(self._spec, dtype, absolute=absolute)

    @cached_property
    def cost(self) -> int:
        """Multiplications of one sample."""
        plan = self.plan("float64")
        paths = plan.outs[:, 6] - plan.outs[:, 5]
        copies, orders = (np.repeat(plan.outs[:, column], paths) for column in (1, 2))
        return int((copies * (plan.paths[:, 1] + 1) * orders).sum()) + len(plan.values)

    def counts(self, operand: int) -> Roundings:
        """Count for z (2) or the gradient of x (0) or y (1), as docs/proofs/channelwise.md does."""
        roundings, terms, paths = (np.zeros(self._spec.dims[operand], dtype=np.int64) for _ in range(3))
        longest = np.zeros_like(roundings)
        for one in self._spec.instructions:
            dims = [self._spec.irreps[k][one.entries[k]].ir.dim for k in range(3)]
            mul, copies_of_y = (self._spec.irreps[k][one.entries[k]].mul for k in (0, 1))
            entry = self._spec.irreps[operand].slices()[one.entries[operand]]
            block = len(self._spec.block(one).index)
            summed = mul if operand == 1 else copies_of_y
            way = mul + 64 + block if operand == 1 else dims[1] + dims[2 - operand]
            longest[entry] = np.maximum(longest[entry], way)
            paths[entry] += copies_of_y if operand != 1 else 1
            terms[entry] += block * summed
        return Roundings(np.where(paths > 0, longest + paths + 4, 0), paths, terms)

    def weight_counts(self, repeats: int) -> Roundings:
        """Count for the gradient of weights that `repeats` samples share."""
        roundings, terms = (np.zeros(self._spec.weight_starts[-1], dtype=np.int64) for _ in range(2))
        for one, start in zip(self._spec.instructions, self._spec.weight_starts, strict=False):
            dims = [self._spec.irreps[k][one.entries[k]].ir.dim for k in range(3)]
            place = slice(start, start + one.weight_numel)
            roundings[place] = sum(dims) + repeats + 4
            terms[place] = len(self._spec.block(one).index) * repeats
        return Roundings(roundings, np.ones_like(terms), terms)


def weight_gradient(
    kernel: Prepared, arrays: tuple[Array, ...], shape: tuple[int, ...], samples: int, threads: int | None,
    *more: Any,
) -> Array:  # fmt: skip
    """Return the gradient of weights of some shape, summed over samples if they are shared.

    kernel   takes it behind `arrays`, and behind `more` the weights of a sample, or 0, and where a sum begins
    """
    if len(shape) == 1:
        return summed_gradient(kernel, arrays, shape[0], samples, threads, *more, 0)
    gradient = empty(shape, arrays[0].dtype)
    kernel.run((*arrays, gradient.reshape(-1)), samples, threads, *more, shape[1], 0)
    return gradient


def summed_gradient(
    kernel: Prepared, arrays: tuple[Array, ...], count: int, samples: int, threads: int | None, *more: Any,
    fewest: int = 1,
) -> Array:  # fmt: skip
    """Return the gradient of `count` shared weights; partial sums take `fewest` tiles of samples or more."""
    block = kernel.tile * max(fewest, -(-samples // (kernel.tile * BLOCKS)))
    partial = np.zeros((-(-samples // block), count), arrays[0].dtype)
    kernel.add_up((*arrays, partial.reshape(-1)), samples, threads, (block, count), *more)
    total: Array = partial[0] if len(partial) == 1 else partial.sum(axis=0)
    return total


def most(array: Array) -> Array:
    """Return the largest number of each sample, at least 1: (samples, 1), or (1, 1) for shared weights."""
    return np.asarray(np.max(np.atleast_2d(array), axis=1, initial=1.0, keepdims=True))


def summed_limit(
    size: Array, slack: Array, terms: NDArray[np.int64], dtype: np.dtype[Any]
) -> NDArray[np.float64]:
    """Bound a sum of so many terms, of that size together, whose own bounds add up to `slack`."""
    return np.asarray(upward(slack + gamma(terms, dtype) * size, terms + 4))


def limit(
    size: Array, counts: Roundings, largest: float, scale: Array, dtype: np.dtype[Any]
) -> NDArray[np.float64]:
    """Return gamma times the absolute sum, with what underflow may cost in it and beside it."""
    events = 4.0 * (1.0 + largest) * counts.terms * scale
    size = upward(size + events * smallest(np.float64), counts.most)
    return np.asarray(size * gamma(counts.most, dtype) + events * smallest(dtype))
