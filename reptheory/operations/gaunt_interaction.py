"""Gaunt interaction: the Gaunt product of two features with a weight for each degree and channel.

    z = interaction(x, y, weight)
    z, bound = interaction(x, y, weight, with_bound=True)
    grad_x, grad_y, grad_weight = interaction.backward(x, y, weight, grad)

    z_l3 = c_l3 Gaunt(a_l1 x_l1, b_l2 y_l2)_l3

the first of the paper's three classes of products [Luo, Chen, Krishnapriyan 2024, section 3.3]. Channels are
leading axes, as samples are: a weight of shape (channels, weight_numel) is one set a channel. Nothing is
repeated in memory where leading axes broadcast; a block of samples is weighted, multiplied and weighted again
while it is in cache.

Proof of the bounds: docs/proofs/interaction.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError
from reptheory.groups.labels import shown
from reptheory.immutable import immutable
from reptheory.kernels.bounds import gamma, norm, smallest, unit_roundoff
from reptheory.kernels.buffers import empty
from reptheory.kernels.degrees import dot_degrees, scale_degrees, scale_each, weight_places
from reptheory.kernels.pool import over_samples
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.certified import Chain, inputs
from reptheory.operations.engines import flat_read_only
from reptheory.operations.exact_maps import ExactMap, Pairs
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct, Method
from reptheory.operations.rows import EACH, Rows, row_operands
from reptheory.operations.weighted_product import Bound, Bounded, WeightedProduct

__all__ = ["GauntInteraction"]

Array = NDArray[Any]

BLOCK = 1 << 17
"""Numbers of an operand that are weighted at a time: with the result within a second-level cache."""
_NAMES = ("x", "y", "weight")
_SLACK = 1 + 2.0**-40
"""Covers the roundings of evaluating a bound in float64."""


_Weights = tuple[Array, tuple[int, int, int]]
"""Weights as rows, flat, and their steps."""


class _Side(NamedTuple):
    """Where the weights of x, y or z stand in a row of weights.

    places   `weight_places`
    numel    numbers in the row
    dim      coefficients that have a weight: all, or none
    """

    places: Array
    numel: int
    dim: int

    def take(self, rows: Rows, weights: _Weights, first: int, last: int) -> Array:
        """Return samples first..last - 1 of an operand, times their weights if it has some."""
        if not self.dim:
            return rows.of(first, last)
        array, steps = rows
        z = np.empty((last - first, self.dim), array.dtype)
        given = flat_read_only(array), steps, first, *weights, first
        scale = scale_each if weights[1] == EACH else scale_degrees
        scale(*given, *self, last - first, z.ravel())
        return z

    def scale(self, raw: Array, weights: _Weights, first: int, z: Array) -> None:
        """Write rows that belong to samples first.., times their weights, to z."""
        scale = scale_each if weights[1] == EACH else scale_degrees
        scale(flat_read_only(raw), EACH, 0, *weights, first, *self, len(raw), z.ravel())

    def dot(self, rows: Rows, first: int, raw: Array, sums: Array) -> None:
        """Write the gradients of the weights, from that of what was weighted, to their columns of sums."""
        given = flat_read_only(rows.array), rows.steps, first, flat_read_only(raw)
        dot_degrees(*given, *self, len(raw), sums.ravel())


class _Weighed(NamedTuple):
    """All samples of an operand and its weights, for bounds."""

    rows: Rows
    weight: Rows
    side: _Side

    def take(self, samples: int) -> Array:
        """Return the samples, weighted."""
        return self.side.take(self.rows, _flat(self.weight), 0, samples)

    def factors(self, samples: int) -> Array:
        """Return the weights of the coefficients."""
        factors: Array = self.weight.of(0, samples)[:, self.side.places[: self.side.dim]]
        return factors


class _Given(NamedTuple):
    """Operands and weights, with the leading axes of the result."""

    x: Rows
    y: Rows
    weight: Rows
    shape: tuple[int, ...]

    @property
    def arrays(self) -> tuple[Array, ...]:
        return self.x.array, self.y.array, self.weight.array

    def widened(self) -> _Given:
        """Return them in float64."""
        return _Given(self.x.widened(), self.y.widened(), self.weight.widened(), self.shape)


class GauntInteraction(WeightedProduct[_Given]):
    """z_l3 = c_l3 Gaunt(a_l1 x_l1, b_l2 y_l2)_l3, weights a, b, c for each degree of x, y and z.

    lmax1, lmax2, lmax_out   highest degrees, as for `GauntTensorProduct`
    method                   "auto", "table", "unrolled", "grid", "fourier"
    weighted                 which of x, y and z have weights: "xyz" all; "y" those of y alone; "" none
    accumulate               "float64": float32 operands are computed in float64 and rounded once at the end
    threads                  None: as many as the work is worth; an int: at most that many
    raises                   LabelError

    Called with x (..., dim1), y (..., dim2) and weight (..., weight_numel); leading axes broadcast, and the
    result is (..., dim_out). The weights of x, y and z follow one another, each by ascending degree.

    Memory: as `WeightedProduct`, and three blocks of 131,072 numbers a thread, four in `backward`;
    weights that samples share once more as one number a coefficient, a thread.

    >>> interaction = GauntInteraction(1, 0, 1)
    >>> z = interaction([1.0, 1.0, 1.0, 1.0], [2.0], [1.0, 10.0, 1.0, 1.0, 0.5])
    >>> (z / z[0]).round(12).tolist()
    [1.0, 5.0, 5.0, 5.0]
    """

    def __init__(
        self,
        lmax1: int,
        lmax2: int | None = None,
        lmax_out: int | None = None,
        method: Method = "auto",
        *,
        weighted: str = "xyz",
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        super().__init__(accumulate)
        self.product = GauntTensorProduct(lmax1, lmax2, lmax_out, method, threads=threads)
        if weighted not in ("xyz", "xy", "xz", "yz", "x", "y", "z", ""):
            raise LabelError(f'weighted: got {shown(weighted)}; give the letters of "xyz" that have weights')
        self.weighted, self.threads = weighted, self.product.threads
        self.method = self.product.method
        self.dim1, self.dim2, self.dim_out = self.product.dim1, self.product.dim2, self.product.dim_out
        self.irreps_in1, self.irreps_in2 = self.product.irreps_in1, self.product.irreps_in2
        self.irreps_out = self.product.irreps_out
        lmaxs = zip("xyz", (self.product.lmax1, self.product.lmax2, self.product.lmax_out), strict=True)
        counts = [lmax + 1 if name in weighted else 0 for name, lmax in lmaxs]
        self._starts = np.cumsum([0, *counts]).tolist()
        self.weight_numel: int = self._starts[-1]

    def weight_views(self, weight: Array) -> list[Array]:
        """Return the weights of each weighted operand, (..., lmax + 1), as views.

        weight   (..., weight_numel)

        >>> [view.shape for view in GauntInteraction(2, 1, 3).weight_views(np.ones((8, 9)))]
        [(8, 3), (8, 2), (8, 4)]
        """
        return [weight[..., start:stop] for start, stop in pairwise(self._starts) if stop > start]

    @cached_property
    def _meanings(self) -> tuple[str, ...]:
        return *self.product._meanings, f"the weights of {self!r}"

    def _operands(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> _Given:
        arrays, dims = (x, y, self._given_weight(weight)), (self.dim1, self.dim2, self.weight_numel)
        (left, right, weights), shape = row_operands(_NAMES, arrays, dims, self._meanings)
        return _Given(left, right, weights, shape)

    @cached_property
    def _sides(self) -> tuple[_Side, _Side, _Side]:
        """Where the weights of x, y and z stand."""
        numel, dims = self.weight_numel, [(stop - start) ** 2 for start, stop in pairwise(self._starts)]
        x, y, z = (
            _Side(weight_places(dim, numel, start), numel, dim)
            for start, dim in zip(self._starts, dims, strict=False)
        )
        return x, y, z

    def _product(self, given: _Given, z: Array, *, with_bound: bool) -> Bound | None:
        x, y, weight, _ = given
        engine, block, weights = self.product._engine, self._block, _flat(weight)

        def task(first: int, last: int) -> None:
            for start in range(first, last, block):
                self._write(x, y, weights, start, z[start : min(start + block, last)])

        over_samples(task, len(z), 64, engine.cost, self.threads)
        if not with_bound:
            return None
        rows = zip((x, y, Rows(z)), self._sides, strict=True)
        left, right, result = (_Weighed(one, weight, side) for one, side in rows)
        return _scaled_bound(_bound(self.product, left, right, len(z)), result, z)

    def _write(self, x: Rows, y: Rows, weights: _Weights, first: int, z: Array) -> None:
        """Write the products of samples first.. to z."""
        one, other, result = self._sides
        last = first + len(z)
        raw = np.empty(z.shape, z.dtype) if result.dim else z
        self.product._engine.run(
            one.take(x, weights, first, last), other.take(y, weights, first, last), raw, 1
        )
        if result.dim:
            result.scale(raw, weights, first, z)

    @cached_property
    def _block(self) -> int:
        """Samples that are weighted at a time."""
        return max(64, BLOCK // max(self.dim1, self.dim2, self.dim_out) // 64 * 64)

    def _pulled(self, given: _Given, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        values, sums = self._gradient_values(given, grad)
        if not with_bound:
            return (values[0], None), (values[1], None), (sums, None)
        operands = [
            _Weighed(rows, given.weight, side)
            for rows, side in zip((given.x, given.y, Rows(grad)), self._sides, strict=True)
        ]
        limits = [
            _gradient_bound(product, operands[one], operands[other], operands[own], len(grad))
            for own, product, one, other in self._ways
        ]
        weighted = [own for own, *_ in self._ways if operands[own].side.dim]
        none = np.zeros((len(grad), 0))
        joined = np.concatenate([none, *(limits[own][1] for own in weighted)], axis=1)
        return (values[0], limits[0][0]), (values[1], limits[1][0]), (sums, joined)

    @cached_property
    def _ways(self) -> list[tuple[int, BilinearProduct, int, int]]:
        """Which operands, 0 x, 1 y, 2 the gradient of z, each gradient is a product of, and which product."""
        first, second = self.product.gradients
        ways: list[tuple[int, BilinearProduct, int, int]] = [(0, first, 2, 1), (1, second, 0, 2)]
        return [*ways, (2, self.product, 0, 1)] if "z" in self.weighted else ways

    def _gradient_values(self, given: _Given, grad: Array) -> tuple[list[Array], Array]:
        """Return the gradients of x and y and, (samples, weight_numel), those of the weights."""
        samples, dtype, block = len(grad), grad.dtype, self._block
        values = [empty((samples, dim), dtype) for dim in (self.dim1, self.dim2)]
        sums = empty((samples, self.weight_numel), dtype)
        weights = _flat(given.weight)

        def task(first: int, last: int) -> None:
            for start in range(first, last, block):
                part = slice(start, min(start + block, last))
                self._write_gradients(
                    given, weights, grad, part, [value[part] for value in values], sums[part]
                )

        cost = sum(product._engine.cost for _, product, _, _ in self._ways)
        over_samples(task, samples, 64, cost, self.threads)
        return values, sums

    def _write_gradients(
        self, given: _Given, weights: _Weights, grad: Array, part: slice, values: list[Array], sums: Array
    ) -> None:
        """Write the gradients of a range of samples."""
        first, last, sides, operands = part.start, part.stop, self._sides, (given.x, given.y, Rows(grad))
        taken = [side.take(rows, weights, first, last) for side, rows in zip(sides, operands, strict=True)]
        for own, product, one, other in self._ways:
            side = sides[own]
            raw = np.empty((last - first, product.dim_out), grad.dtype) if side.dim else values[own]
            product._engine.run(taken[one], taken[other], raw, 1)
            if side.dim:
                side.dot(operands[own], first, raw, sums)
                if own < 2:
                    side.scale(raw, weights, first, values[own])

    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        terms = self._maps[1].terms
        return Chain(self._exact, inputs(operands, shape), self.dim_out, terms, threads=self.threads)

    @cached_property
    def _maps(self) -> tuple[ExactMap | None, ExactMap, ExactMap | None, ExactMap | None]:
        """The weights of x, the product, and the weights of y and of z, where there are some."""
        scales = []
        for start, stop in pairwise(self._starts):
            dim = (stop - start) ** 2
            places = np.arange(dim), start + _degrees(dim), np.arange(dim)
            scales.append(ExactMap((dim, self.weight_numel, dim), places) if dim else None)
        return scales[0], self.product._table_engine.exact_map, scales[1], scales[2]

    def _exact(self, x: Pairs, y: Pairs, weight: Pairs) -> Pairs:
        """Return the interaction by exact maps."""
        one, product, other, last = self._maps
        z = product(one(x, weight) if one else x, other(y, weight) if other else y)
        return last(z, weight) if last else z

    def __repr__(self) -> str:
        degrees = f"{self.product.lmax1}, {self.product.lmax2}, {self.product.lmax_out}"
        return f"GauntInteraction({degrees}, method={self.product.method!r}, weighted={self.weighted!r})"


def _flat(weight: Rows) -> _Weights:
    return flat_read_only(weight.array), weight.steps


@lru_cache(maxsize=64)
def _degrees(dim: int) -> NDArray[np.int64]:
    """Return the degree of each coefficient."""
    return immutable(np.sqrt(np.arange(dim)).astype(np.int64))


def _bound(product: BilinearProduct, x: _Weighed, y: _Weighed, samples: int) -> Bound:
    """Bound the error of the product of two weighted operands, the roundings of the weights included."""
    left, right = x.take(samples), y.take(samples)
    dtype = left.dtype
    weights = bool(x.side.dim) + bool(y.side.dim)
    with np.errstate(over="ignore", invalid="ignore"):
        limit = product._engine.bound(left, right, dtype, weights)
        if not weights:
            return limit
        spread = np.sqrt(product.dim1) * np.sqrt(product.dim2)
        extra = (spread * smallest(dtype) * (norm(left) + norm(right) + spread))[:, np.newaxis]
        return np.asarray((limit + extra) * _SLACK)


def _scaled_bound(limit: Bound, scale: _Weighed, z: Array) -> Bound:
    """Bound the error of weight times a result, from the bound of that and the product z."""
    if scale.side.dim:
        factor = scale.factors(len(z))
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = 2 * unit_roundoff(z.dtype) * np.abs(z.astype(np.float64)) + smallest(z.dtype)
            limit = (limit * np.abs(factor.astype(np.float64)) + rounded) * _SLACK
    return np.where(np.isfinite(z) & np.isfinite(limit), limit, np.inf)


def _gradient_bound(
    product: BilinearProduct, one: _Weighed, other: _Weighed, own: _Weighed, samples: int
) -> tuple[Bound, Bound]:
    """Bound the gradient of an operand and, one row a sample, those of the weights of its degrees."""
    dtype = own.rows.array.dtype
    raw = np.empty((samples, product.dim_out), dtype)
    left, right = one.take(samples), other.take(samples)
    product._engine.run(left, right, raw, product.threads)
    limit = _bound(product, one, other, samples)
    sums = _dot_bound(own.rows, raw, limit) if own.side.dim else np.zeros((samples, 0))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = raw * own.factors(samples) if own.side.dim else raw
    return _scaled_bound(limit, own, scaled), sums


def _dot_bound(rows: Rows, g: Array, limit: Bound) -> Bound:
    """Bound sums over the orders of each degree of x g, from the bound of g."""
    degrees = np.arange(round(g.shape[1] ** 0.5))
    starts, terms = degrees**2, 2 * degrees + 1
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(rows.of(0, len(g)).astype(np.float64))
        inherited = np.add.reduceat(size * limit, starts, axis=1)
        rounded = np.add.reduceat(size * np.abs(g.astype(np.float64)), starts, axis=1)
        total = inherited + gamma(terms, g.dtype) * rounded + terms * smallest(g.dtype)
        total = total * _SLACK
    return np.where(np.isfinite(total), total, np.inf)
