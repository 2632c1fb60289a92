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

from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError
from reptheory.groups.labels import shown
from reptheory.immutable import immutable
from reptheory.kernels.bounds import gamma, smallest, unit_roundoff
from reptheory.kernels.degrees import dot_degrees, scale_degrees
from reptheory.kernels.pool import over_samples, scratch
from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.engines import read_only
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct, Method
from reptheory.operations.operands import Rows, row_operands
from reptheory.operations.weighted_product import Bound, Bounded, WeightedProduct

__all__ = ["GauntInteraction"]

Array = NDArray[Any]

BLOCK = 1 << 16
"""Numbers of an operand that are weighted at a time: with the result within a second-level cache."""
_EACH = (1, 1, 0)
"""The steps of rows of which every sample has its own."""
_SLACK = 1 + 2.0**-40
"""Covers the roundings of evaluating a bound in float64."""


class _Weighed(NamedTuple):
    """An operand and the weights of its degrees, if it has some.

    weight   one weight a coefficient where samples share rows; else one a degree, from column `start` on
    """

    rows: Rows
    weight: Rows
    start: int
    weighted: bool

    def factors(self, first: int, last: int) -> tuple[Rows, int]:
        """Return rows of weights, one a coefficient, and where samples first.. begin among them."""
        if self.weight[1:] != _EACH:
            return self.weight, first
        columns = self.start + _degrees(self.rows.array.shape[1])
        return Rows(self.weight.array[first:last, columns], *_EACH), 0


class _Given(NamedTuple):
    """Operands and weights, with the leading axes of the result."""

    x: Rows
    y: Rows
    weight: Rows
    shape: tuple[int, ...]

    @property
    def arrays(self) -> tuple[Array, ...]:
        return self.x.array, self.y.array, self.weight.array


class GauntInteraction(WeightedProduct[_Given]):
    """z_l3 = c_l3 Gaunt(a_l1 x_l1, b_l2 y_l2)_l3, weights a, b, c for each degree of x, y and z.

    lmax1, lmax2, lmax_out   highest degrees, as for `GauntTensorProduct`
    method                   "auto", "table", "unrolled", "grid", "fourier"
    weighted                 which of x, y and z have weights: "xyz" all; "y" those of y alone; "" none
    threads                  None: as many as the work is worth; an int: at most that many
    raises                   LabelError

    Called with x (..., dim1), y (..., dim2) and weight (..., weight_numel); leading axes broadcast, and the
    result is (..., dim_out). The weights of x, y and z follow one another, each by ascending degree.

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
        threads: int | None = None,
    ) -> None:
        self.product = GauntTensorProduct(lmax1, lmax2, lmax_out, method, threads=threads)
        if weighted not in ("xyz", "xy", "xz", "yz", "x", "y", "z", ""):
            raise LabelError(f'weighted: got {shown(weighted)}; give the letters of "xyz" that have weights')
        self.weighted, self.threads = weighted, self.product.threads
        self.dim1, self.dim2, self.dim_out = self.product.dim1, self.product.dim2, self.product.dim_out
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
        arrays = {"x": x, "y": y, "weight": self._given_weight(weight)}
        dims = (self.dim1, self.dim2, self.weight_numel)
        (left, right, weights), shape = row_operands(arrays, dims, self._meanings)
        return _Given(left, right, weights, shape)

    def _weighed(self, rows: Rows, weight: Rows, place: int) -> _Weighed:
        """Join an operand with the weights of x, y or z: place 0, 1 or 2."""
        start, stop = self._starts[place : place + 2]
        if stop == start:
            return _Weighed(rows, weight, 0, weighted=False)
        if weight[1:] != _EACH:
            columns = start + _degrees((stop - start) ** 2)
            weight = weight._replace(array=np.ascontiguousarray(weight.array[:, columns]))
        return _Weighed(rows, weight, start, weighted=True)

    def _run(self, given: _Given, z: Array, *, with_bound: bool) -> Bound | None:
        one, other = self._weighed(given.x, given.weight, 0), self._weighed(given.y, given.weight, 1)
        scale = self._weighed(given.x, given.weight, 2)
        _multiply(self.product, one, other, scale, z)
        return _scaled_bound(_bound(self.product, one, other, len(z)), scale, z) if with_bound else None

    def _gradients(self, given: _Given, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        rows = (given.x, given.y, Rows(grad, *_EACH))
        operands = [self._weighed(part, given.weight, place) for place, part in enumerate(rows)]
        first, second = self.product.gradients
        products = [(first, 2, 1), (second, 0, 2), (self.product, 0, 1)]
        found: list[Bounded] = []
        pieces: list[Bounded] = []
        for own, (product, one, other) in zip(operands, products, strict=True):
            if own is operands[2] and not own.weighted:
                continue
            value, limit, sums = _gradient(
                product, operands[one], operands[other], own, len(grad), with_bound
            )
            found.append((value, limit))
            pieces.extend([] if sums is None else [sums])
        return found[0], found[1], _joined(pieces, grad, with_bound)

    def __repr__(self) -> str:
        degrees = f"{self.product.lmax1}, {self.product.lmax2}, {self.product.lmax_out}"
        return f"GauntInteraction({degrees}, method={self.product.method!r}, weighted={self.weighted!r})"


def _joined(pieces: list[Bounded], grad: Array, with_bound: bool) -> Bounded:
    """Join the gradients of the weights of x, y and z."""
    none = np.zeros((len(grad), 0), grad.dtype)
    values = np.concatenate([none, *(sums for sums, _ in pieces)], axis=1)
    limits = [limit for _, limit in pieces if limit is not None]
    return values, np.concatenate([none.astype(np.float64), *limits], axis=1) if with_bound else None


@lru_cache(maxsize=64)
def _degrees(dim: int) -> NDArray[np.int64]:
    """Return the degree of each coefficient."""
    return immutable(np.sqrt(np.arange(dim)).astype(np.int64))


def _scale(operand: _Weighed, first: int, last: int, z: Array, sample: int = 0) -> None:
    """Write samples first.. of an operand, times the weights of samples sample + first.., to the flat z."""
    rows = operand.rows
    weight, begin = operand.factors(sample + first, sample + last)
    scale_degrees(
        read_only(rows.array.reshape(-1)), rows[1:], first, read_only(weight.array.reshape(-1)), weight[1:],
        begin, rows.array.shape[1], last - first, z,
    )  # fmt: skip


def _take(operand: _Weighed, first: int, last: int, space: Array | None = None) -> Array:
    """Return samples first..last - 1 of an operand, weighted, (samples, dim), in `space` if there is some."""
    rows = operand.rows
    if not operand.weighted:
        return rows.of(first, last)
    dim = rows.array.shape[1]
    z = scratch((last - first) * dim, rows.array.dtype) if space is None else space[: (last - first) * dim]
    _scale(operand, first, last, z)
    return z.reshape(last - first, dim)


def _multiply(product: BilinearProduct, x: _Weighed, y: _Weighed, scale: _Weighed | None, z: Array) -> None:
    """Write the product of two weighted operands, weighted as `scale` says, block by block."""
    engine = product._engine
    block = max(64, BLOCK // max(product.dim1, product.dim2, product.dim_out) // 64 * 64)

    def task(first: int, last: int) -> None:
        most = min(block, last - first)
        spaces = [scratch(most * rows.array.shape[1], z.dtype) for rows in (x.rows, y.rows)]
        for start in range(first, last, block):
            stop = min(start + block, last)
            left, right = (
                _take(given, start, stop, space) for given, space in zip((x, y), spaces, strict=True)
            )
            part = z[start:stop]
            engine.run(left, right, part, 1)
            if scale is not None and scale.weighted:
                own = scale._replace(rows=Rows(part, *_EACH))
                _scale(own, 0, stop - start, part.reshape(-1), sample=start)

    over_samples(task, len(z), 64, engine.cost, product.threads)


def _norm(array: Array) -> Bound:
    return np.asarray(np.sqrt((array.astype(np.float64) ** 2).sum(axis=1, keepdims=True)))


def _bound(product: BilinearProduct, x: _Weighed, y: _Weighed, samples: int) -> Bound:
    """Bound the error of the product of two weighted operands, the roundings of the weights included."""
    left, right = _take(x, 0, samples), _take(y, 0, samples)
    dtype = left.dtype
    weights = x.weighted + y.weighted
    with np.errstate(over="ignore", invalid="ignore"):
        limit = product._engine.bound(left, right, dtype, weights)
        if not weights:
            return limit
        spread = np.sqrt(product.dim1) * np.sqrt(product.dim2)
        extra = spread * smallest(dtype) * (_norm(left) + _norm(right) + spread)
        return np.asarray((limit + extra) * _SLACK)


def _scaled_bound(limit: Bound, scale: _Weighed, z: Array) -> Bound:
    """Bound the error of weight times a result, from the bound of that and the product z."""
    if scale.weighted:
        own, _ = scale._replace(rows=Rows(z, *_EACH)).factors(0, len(z))
        factor = own.of(0, len(z))
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = 2 * unit_roundoff(z.dtype) * np.abs(z.astype(np.float64)) + smallest(z.dtype)
            limit = (limit * np.abs(factor.astype(np.float64)) + rounded) * _SLACK
    return np.where(np.isfinite(z) & np.isfinite(limit), limit, np.inf)


def _gradient(
    product: BilinearProduct, one: _Weighed, other: _Weighed, own: _Weighed, samples: int, bound: bool
) -> tuple[Array, Bound | None, Bounded | None]:
    """Return the gradient of an operand with its bound, and those of the weights of its degrees."""
    dtype = own.rows.array.dtype
    raw = scratch(samples * product.dim_out, dtype).reshape(samples, product.dim_out)
    _multiply(product, one, other, None, raw)
    limit = _bound(product, one, other, samples) if bound else None
    if not own.weighted:
        return raw, None if limit is None else np.where(np.isfinite(raw), limit, np.inf), None
    degree = _degrees(product.dim_out)
    sums = np.empty((samples, int(degree[-1]) + 1), dtype)
    flat = read_only(own.rows.array.reshape(-1)), own.rows[1:], read_only(raw.reshape(-1))

    def task(first: int, last: int) -> None:
        dot_degrees(*flat, degree, first, last, sums.reshape(-1))

    over_samples(task, samples, 64, product.dim_out, product.threads)
    sums_limit = None if limit is None else _dot_bound(own.rows, raw, limit, sums)
    _scale(own._replace(rows=Rows(raw, *_EACH)), 0, samples, raw.reshape(-1))
    return raw, None if limit is None else _scaled_bound(limit, own, raw), (sums, sums_limit)


def _dot_bound(rows: Rows, g: Array, limit: Bound, sums: Array) -> Bound:
    """Bound sums over the orders of each degree of x g, from the bound of g."""
    starts = np.arange(sums.shape[1]) ** 2
    terms = 2 * np.arange(sums.shape[1]) + 1
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(rows.of(0, len(g)).astype(np.float64))
        inherited = np.add.reduceat(size * limit, starts, axis=1)
        rounded = np.add.reduceat(size * np.abs(g.astype(np.float64)), starts, axis=1)
        total = inherited + gamma(terms, g.dtype) * rounded + terms * smallest(g.dtype)
        total = total * _SLACK
    return np.where(np.isfinite(sums) & np.isfinite(total), total, np.inf)
