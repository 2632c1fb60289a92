"""Gaunt convolution: the Gaunt product of a feature with the harmonics of a vector.

    z = convolution(x, vectors, weight)
    z, bound = convolution(x, vectors, weight, with_bound=True)
    grad_x, grad_vectors, grad_weight = convolution.backward(x, vectors, weight, grad)

    z = Gaunt(x, y),    y_lm = w_l Y_lm(v / |v|)

the second of the paper's three classes [Luo, Chen, Krishnapriyan 2024, section 3.3]; w_l are radial
weights, for each edge and channel. Features of E edges and C channels are (E, C, dim), their vectors (E, 1,
3): harmonics are computed once a vector.

The zero vector has no direction and counts as the mean over all: Y_00 alone, with gradient 0. A product in
the frame of the vector (eSCN) would be another way of computing the same, hence another word in `method`.

Proof of the bounds: docs/proofs/vector_harmonics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.kernels.bounds import norm, smallest, times, unit_roundoff
from reptheory.operations.broadcast import rounded_gradients, write_rounded
from reptheory.operations.certified import Chain, certify, certify_gradients, inputs, widened
from reptheory.operations.exact_harmonics import exact_harmonics
from reptheory.operations.exact_maps import Pairs
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.gaunt_tensor_product import Method
from reptheory.operations.operands import (
    Accumulate,
    allocate,
    incoming_gradient,
    read_accumulate,
    read_last,
    read_operand,
    widest,
)
from reptheory.operations.vector_harmonics import (
    Directions,
    harmonics,
    harmonics_bound,
    vector_gradient,
)

__all__ = ["ConvolutionGradients", "GauntConvolution"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

_SLACK = 1 + 2.0**-40


class ConvolutionGradients(NamedTuple):
    """Gradients of a convolution, or bounds on their errors; `weight` is None where there are none."""

    x: Array
    vectors: Array
    weight: Array | None


class _Filter(NamedTuple):
    """Harmonics of vectors, in float64 and rounded to the product's dtype."""

    at: Directions
    narrow: Array

    @property
    def error(self) -> Bound:
        """A bound on the errors of the rounded ones."""
        dtype, wide = self.narrow.dtype, self.at.values
        bound = harmonics_bound(round(wide.shape[1] ** 0.5) - 1)
        error = bound * np.where(self.at.zero[:, None], 0, 1.0)
        error[:, 0] = bound[0]
        if dtype != np.float64:
            error = error + unit_roundoff(dtype) * np.abs(wide) + smallest(dtype)
        return np.asarray(error.reshape(self.narrow.shape))


class GauntConvolution:
    """z = Gaunt(x, w Y(v)): a feature times a function of a direction, with radial weights.

    lmax_in, lmax_filter, lmax_out   highest degrees of x, of the harmonics and of z
    method                           "auto", "table", "unrolled", "grid", "fourier"
    radial                           whether the harmonics of each degree have a weight
    accumulate                       "float64": float32 operands, and harmonics of float32 vectors, are
                                     computed in float64, and the result is rounded once at the end
    threads                          None: as many as the work is worth; an int: at most that many
    raises                           LabelError

    Beyond operands and result a call holds the harmonics of all vectors, in float64 and in the dtype of the
    result, and tiles of samples, bounded a thread.

    >>> convolution = GauntConvolution(0, 1, 1, radial=False)
    >>> z = convolution([1.0], [0.0, 0.0, 2.0])
    >>> (z / z[0]).round(6).tolist()  # Y_00 and Y_10 in the direction z
    [1.0, 0.0, 1.732051, 0.0]
    """

    def __init__(
        self,
        lmax_in: int,
        lmax_filter: int | None = None,
        lmax_out: int | None = None,
        method: Method = "auto",
        *,
        radial: bool = True,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        self.accumulate = read_accumulate(accumulate)
        self.interaction = GauntInteraction(
            lmax_in, lmax_filter, lmax_out, method, weighted="y" if radial else "", threads=threads
        )
        self.dim_in, self.dim_out = self.interaction.dim1, self.interaction.dim_out
        self.irreps_in, self.irreps_out = self.interaction.irreps_in1, self.interaction.irreps_out
        self.method, self.lmax_filter = self.interaction.method, self.interaction.product.lmax2
        self.weight_numel = self.interaction.weight_numel

    @overload
    def __call__(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[True],
    ) -> tuple[Array, Bound]: ...  # fmt: skip

    def __call__(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: bool = False,
    ) -> Array | tuple[Array, Bound]:  # fmt: skip
        """Return the convolution, and with `with_bound` a bound on its error elementwise.

        x         (..., dim_in): float32 or float64, the widest operand decides
        vectors   (..., 3): components x, y, z; of any length
        weight    (..., lmax_filter + 1); not needed with radial=False
        out       (..., dim_out) array of the result's dtype to write into; may overlap an operand
        returns   (..., dim_out); the bound is float64, >= |z - exact result|, inf where z is not finite
        raises    OperandError
        """
        given = self._filter(x, vectors, weight)
        if self.accumulate and given.narrow.dtype != np.float64:
            found: Any = self(*map(widened, (x, vectors, weight)), with_bound=with_bound)  # type: ignore[call-overload]
            wide, bound = found if with_bound else (found, None)
            z, _ = allocate(out, wide.shape, given.narrow.dtype, ())
            write_rounded(wide, z, bound)
            return z if bound is None else (z, bound)
        if not with_bound:
            return self.interaction(x, given.narrow, weight, out=out)
        one = read_operand(x, "x")
        extra = times(self._spread(one), self._filter_error(given, weight))
        z, bound = self.interaction(x, given.narrow, weight, out=out, with_bound=True)
        return z, _sum(bound, extra[..., None])

    @overload
    def backward(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[False] = False,
    ) -> ConvolutionGradients: ...  # fmt: skip

    @overload
    def backward(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[True],
    ) -> tuple[ConvolutionGradients, ConvolutionGradients]: ...  # fmt: skip

    def backward(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: bool = False,
    ) -> ConvolutionGradients | tuple[ConvolutionGradients, ConvolutionGradients]:  # fmt: skip
        """Return the gradients of a loss whose gradient with respect to the result is `grad`.

        x, vectors, weight   as for the convolution
        grad                 (..., dim_out), the shape of the result
        returns              arrays of the shapes of x, vectors and weight, summed over axes along which one
                             was broadcast; with `with_bound` also bounds on their errors
        raises               OperandError
        """
        given = self._filter(x, vectors, weight)
        if self.accumulate and given.narrow.dtype != np.float64:
            found = self.backward(*map(widened, (x, vectors, weight, grad)), with_bound=with_bound)  # type: ignore[call-overload]
            wide, limits = found if with_bound else (found, None)
            values = ConvolutionGradients(*rounded_gradients(wide, limits, given.narrow.dtype))
            return values if limits is None else (values, limits)
        if not with_bound:
            found = self.interaction.backward(x, given.narrow, weight, grad)
            return ConvolutionGradients(found.x, self._back(given, found.y)[0], found.weight)
        found, limits = self.interaction.backward(x, given.narrow, weight, grad, with_bound=True)
        extra_x, extra_weight = self._spread_backward(x, given, weight, grad, limits)
        back, limit = self._back(given, found.y, limits.y)
        values = ConvolutionGradients(found.x, back, found.weight)
        return values, ConvolutionGradients(_sum(limits.x, extra_x), limit, extra_weight)

    def certificate(self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None, z: ArrayLike) -> Bound:
        """Bound |z - exact result| elementwise, tightly, for any z.

        x, vectors, weight   as for the convolution
        z                    (..., dim_out) float32 or float64, a claimed result
        returns              (..., dim_out) float64; inf where z or the result is not finite
        raises               OperandError
        """
        narrow = self._filter(x, vectors, weight).narrow
        shape = self.interaction._operands(x, narrow, weight).shape
        operands = x, vectors, self.interaction._given_weight(weight)
        return certify(self, operands, z, (*shape, self.dim_out), lambda: self._chain(operands, shape))

    def backward_certificate(
        self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None, grad: ArrayLike,
        gradients: ConvolutionGradients,
    ) -> ConvolutionGradients:  # fmt: skip
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        x, vectors, weight, grad   as for `backward`
        gradients                  of x, vectors and weight (None where it is None), float32 or float64
        returns                    float64 arrays of their shapes; inf where something is not finite
        raises                     OperandError
        """
        narrow = self._filter(x, vectors, weight).narrow
        shape = self.interaction._operands(x, narrow, weight).shape
        incoming_gradient(grad, (*shape, self.dim_out))
        operands = x, vectors, self.interaction._given_weight(weight)
        return ConvolutionGradients(*certify_gradients(
            self.backward, (x, vectors, weight), grad, gradients, lambda: self._chain(operands, shape)
        ))  # fmt: skip

    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        """Return the convolution as exact maps."""

        def convolution(x: Pairs, vectors: Pairs, weight: Pairs) -> Pairs:
            return self.interaction._exact(x, exact_harmonics(vectors, self.lmax_filter), weight)

        given, terms = inputs(operands, shape), self.interaction._maps[1].terms
        return Chain(convolution, given, self.dim_out, terms, threads=self.interaction.threads)

    def _filter(self, x: ArrayLike, vectors: ArrayLike, weight: ArrayLike | None) -> _Filter:
        """Return the harmonics of the vectors with their bound, in the dtype that the operands decide."""
        read = read_last(vectors, "vectors", 3, "components x, y, z")
        given = [read, read_operand(x, "x")]
        if weight is not None:
            given.append(read_operand(weight, "weight"))
        wide, flat = read.astype(np.float64), read.ndim == 2
        at = harmonics(wide if flat else wide.reshape(-1, 3), self.lmax_filter, self.interaction.threads)
        narrow = at.values.astype(widest(given), copy=False)
        return _Filter(at, narrow if flat else narrow.reshape(*read.shape[:-1], narrow.shape[1]))

    def _back(self, given: _Filter, g: Array, limit: Bound | None = None) -> tuple[Array, Bound]:
        """Take the gradient of the harmonics back to the vectors; without a limit the bound means nothing."""
        dim = g.shape[-1]
        flat = None if limit is None else limit.reshape(-1, dim)
        lmax, threads = self.lmax_filter, self.interaction.threads
        wide, bound = vector_gradient(given.at, g.reshape(-1, dim).astype(np.float64), flat, lmax, threads)
        with np.errstate(over="ignore", under="ignore"):
            result = wide.astype(g.dtype)
        shape = (*g.shape[:-1], 3)
        if bound is None:
            return result.reshape(shape), np.zeros(0)
        if g.dtype != np.float64:
            bound = (bound + unit_roundoff(g.dtype) * np.abs(wide) + smallest(g.dtype)) * _SLACK
        bound = np.where(np.isfinite(result) & np.isfinite(bound), bound, np.inf)
        return result.reshape(shape), bound.reshape(shape)

    def _spread(self, array: Array) -> Bound:
        """Bound, by c |array|_2, every entry of the product with another operand of norm 1."""
        product = self.interaction.product
        least = min(product.lmax1, product.lmax2, product.lmax_out) + 1
        return times(np.asarray(least / np.sqrt(4 * np.pi) * _SLACK), norm(array))

    def _filter_error(self, given: _Filter, weight: ArrayLike | None) -> Bound:
        """Bound the error of weights times harmonics in the 2-norm."""
        error = given.error
        if weight is not None and self.weight_numel:
            degree = np.sqrt(np.arange(error.shape[-1])).astype(np.int64)
            error = times(error, np.abs(read_operand(weight, "weight").astype(np.float64))[..., degree])
        return norm(error)

    def _spread_backward(
        self, x: ArrayLike, given: _Filter, weight: ArrayLike | None, grad: ArrayLike, limits: Any
    ) -> tuple[Bound, Bound | None]:
        """Return what the error of the harmonics adds to the gradient of x, and the bound of the weights'."""
        one = read_operand(x, "x")
        shape = np.broadcast_shapes(
            one.shape[:-1], given.narrow.shape[:-1], () if weight is None else np.shape(weight)[:-1]
        )
        incoming = incoming_gradient(grad, (*shape, self.dim_out))
        with np.errstate(over="ignore", invalid="ignore"):
            along = np.broadcast_to(times(self._spread(incoming), self._filter_error(given, weight)), shape)
            extra = _total(along[..., None], one.shape)
            if weight is None or not self.weight_numel:
                return extra, limits.weight
            starts = np.arange(self.lmax_filter + 1) ** 2
            degrees = np.sqrt(np.add.reduceat(given.error**2, starts, axis=-1)) * _SLACK
            sizes = times(self._spread(one), norm(incoming))
            each = np.broadcast_to(times(sizes[..., None], degrees), (*shape, len(starts)))
            return extra, _sum(limits.weight, _total(each, np.shape(weight)))

    def __repr__(self) -> str:
        product = self.interaction.product
        degrees = f"{product.lmax1}, {product.lmax2}, {product.lmax_out}"
        return f"GauntConvolution({degrees}, method={product.method!r}, radial={bool(self.weight_numel)})"


def _sum(bound: Bound, extra: Bound) -> Bound:
    """Add to a bound; what is not finite is infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = (bound + extra) * _SLACK
    return np.where(np.isfinite(total), total, np.inf)


def _total(each: Bound, shape: tuple[int, ...]) -> Bound:
    """Sum over the leading axes along which an operand of `shape` was broadcast."""
    extra = each.ndim - len(shape)
    axes = tuple(
        k for k in range(each.ndim - 1) if k < extra or (shape[k - extra] == 1 and each.shape[k] != 1)
    )
    if not axes:
        return each
    return np.asarray(each.sum(axis=axes).reshape(*shape[:-1], each.shape[-1]))
