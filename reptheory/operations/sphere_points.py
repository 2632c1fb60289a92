"""Sphere points: a sum of points with weights as a function on the sphere, expanded in harmonics.

    x_lm = sum_p w_p Y_lm(v_p / |v_p|)

the coefficients of sum_p w_p delta(r - v_p / |v_p|), cut at lmax: neighbours of an atom with radial weights.
A smooth density is expanded by quadrature instead, `FromGrid` of its values. Gradients reach the vectors and
the weights. The zero vector counts as the mean over all directions (`operations.vector_harmonics`).

Bound: harmonics of error e give sum |w| e, the sum of n products gamma_n sum |w| (|Y| + e) and n eta, in any
order; a float32 result is rounded once from float64 (docs/proofs/sphere.md).
"""

from __future__ import annotations

from math import prod
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.groups.labels import whole
from reptheory.groups.o3 import Irreps
from reptheory.kernels.bounds import gamma, smallest
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.certified import Chain, Into, certify, certify_gradients, inputs
from reptheory.operations.exact_harmonics import exact_harmonics
from reptheory.operations.exact_maps import ExactMap, Pairs
from reptheory.operations.operands import (
    delivered,
    incoming_gradient,
    one_operand,
    read_operand,
    thread_count,
)
from reptheory.operations.vector_harmonics import (
    Directions,
    harmonics,
    harmonics_bound,
    narrowed,
    vector_gradient,
)

__all__ = ["PointExpansion"]

Array = NDArray[Any]
Bound = NDArray[np.float64]
_SLACK = 1 + 2.0**-40


class PointExpansion:
    """Coefficients of weighted points on the sphere, to degree lmax.

    Beyond operands and result a call holds the harmonics of all points and the operands in float64;
    `backward` as many numbers again, for every sample that shares points.

    lmax      highest degree
    threads   None: as many as the work is worth; an int: at most that many
    raises    LabelError

    >>> expansion = PointExpansion(1)
    >>> expansion([[0.0, 0.0, 2.0], [0.0, 0.0, -1.0]], [1.0, 1.0]).round(6).tolist()  # odd degrees cancel
    [0.56419, 0.0, 0.0, 0.0]
    """

    def __init__(self, lmax: int, *, threads: int | None = None) -> None:
        self.lmax, self.threads = whole(lmax, "lmax"), thread_count(threads)
        self.irreps_out = Irreps.spherical_harmonics(self.lmax)

    def _read(self, vectors: ArrayLike, weights: ArrayLike) -> tuple[Array, Array, np.dtype[Any]]:
        """Check the operands; float64, and the dtype of the result."""
        points = one_operand(vectors, "vectors", (3,), "components x, y, z")
        factors = read_operand(weights, "weights")
        if points.ndim < 2 or factors.ndim < 1 or points.shape[-2] != factors.shape[-1]:
            raise OperandError(
                f"vectors, weights: got shapes {list(points.shape)} and {list(factors.shape)}; give "
                "[..., points, 3] and [..., points]"
            )
        try:
            np.broadcast_shapes(points.shape[:-2], factors.shape[:-1])
        except ValueError:
            raise OperandError(
                f"vectors, weights: leading axes {points.shape[:-2]} and {factors.shape[:-1]} do not "
                "broadcast; insert axes of length 1"
            ) from None
        dtype = np.result_type(points, factors)
        return points.astype(np.float64), factors.astype(np.float64), dtype

    @overload
    def __call__(
        self, vectors: ArrayLike, weights: ArrayLike, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, vectors: ArrayLike, weights: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, NDArray[np.float64]]: ...

    def __call__(
        self, vectors: ArrayLike, weights: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, NDArray[np.float64]]:
        """Return the coefficients, and with `with_bound` a bound on their error elementwise.

        vectors   (..., points, 3) of any length
        weights   (..., points); leading axes broadcast, so that channels share the harmonics of one vector
        out       array of the result's shape and dtype to write into; may overlap an operand
        returns   (..., (lmax + 1)^2) of the wider dtype; the bound is inf where the result is not finite
        raises    OperandError
        """
        points, factors, dtype = self._read(vectors, weights)
        values = self._harmonics(points)[1]
        with np.errstate(over="ignore", invalid="ignore"):
            wide = np.matmul(factors[..., None, :], values)[..., 0, :]
            z = delivered(wide.astype(dtype), out)
            if not with_bound:
                return z
            error = harmonics_bound(self.lmax)
            size = np.matmul(np.abs(factors)[..., None, :], np.abs(values) + error)[..., 0, :]
            terms = factors.shape[-1] + 1
            bound = gamma(2 * terms, np.float64) * size + 2 * terms * smallest(np.float64)
            bound += np.abs(factors).sum(axis=-1)[..., None] * error
        return z, narrowed(z, bound * _SLACK)

    def certificate(self, vectors: ArrayLike, weights: ArrayLike, z: ArrayLike) -> Bound:
        """Bound |z - exact coefficients| elementwise, tightly, for any z.

        vectors, weights   as for the expansion
        z                  (..., (lmax + 1)^2) float32 or float64, a claimed result
        returns            (..., (lmax + 1)^2) float64; inf where z or the result is not finite
        raises             OperandError
        """
        points, factors, _ = self._read(vectors, weights)
        shape = np.broadcast_shapes(points.shape[:-2], factors.shape[:-1])
        return certify(
            self, (vectors, weights), z, (*shape, self.irreps_out.dim), lambda: self._chain(points, factors)
        )

    def backward_certificate(
        self, vectors: ArrayLike, weights: ArrayLike, grad: ArrayLike, gradients: tuple[ArrayLike, ArrayLike]
    ) -> tuple[Any, Any]:
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        vectors, weights, grad   as for `backward`
        gradients                of vectors and weights, float32 or float64
        returns                  float64 arrays of their shapes; inf where something is not finite
        raises                   OperandError
        """
        points, factors, _ = self._read(vectors, weights)
        shape = np.broadcast_shapes(points.shape[:-2], factors.shape[:-1])
        incoming_gradient(grad, (*shape, self.irreps_out.dim))
        first, second = certify_gradients(
            self.backward, (vectors, weights), grad, gradients, lambda: self._chain(points, factors)
        )
        return first, second

    def _chain(self, points: Array, factors: Array) -> Chain:
        """Return the terms of all points as exact maps, and where they add up."""
        shape = np.broadcast_shapes(points.shape[:-1], factors.shape)
        dim, rows = self.irreps_out.dim, prod(shape[:-1])
        column = np.arange(dim)
        scale = ExactMap((dim, 1, dim), (column, np.zeros_like(column), column))

        def term(vectors: Pairs, weight: Pairs) -> Pairs:
            return scale(exact_harmonics(vectors, self.lmax), weight)

        into = Into(np.repeat(np.arange(rows), shape[-1]), rows)
        return Chain(term, inputs((points, factors[..., None]), shape), dim, 8 * dim, into)

    def _harmonics(self, points: Array) -> tuple[Directions, Array]:
        """Return the harmonics of the points, also with their leading axes."""
        at = harmonics(points.reshape(-1, 3), self.lmax, self.threads)
        return at, at.values.reshape(*points.shape[:-1], self.irreps_out.dim)

    @overload
    def backward(
        self, vectors: ArrayLike, weights: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> tuple[Array, Array]: ...

    @overload
    def backward(
        self, vectors: ArrayLike, weights: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[tuple[Array, Array], tuple[Bound, Bound]]: ...

    def backward(
        self, vectors: ArrayLike, weights: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> tuple[Any, Any]:
        """Return the gradients with respect to vectors and weights of a loss whose gradient here is `grad`.

        grad      (..., (lmax + 1)^2), the shape of the result
        returns   arrays of the shapes of vectors and weights; 0 for zero vectors; with `with_bound` also
                  bounds on their errors
        raises    OperandError
        """
        points, factors, dtype = self._read(vectors, weights)
        leading = np.broadcast_shapes(points.shape[:-2], factors.shape[:-1])
        incoming = incoming_gradient(grad, (*leading, self.irreps_out.dim)).astype(np.float64)
        at, values = self._harmonics(points)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            slope, slope_bound = self._to_vectors(at, factors, values, incoming, with_bound)
            own, own_bound = self._to_weights(factors, values, incoming, with_bound)
            narrow = slope.astype(dtype), own.astype(dtype)
            if slope_bound is None or own_bound is None:
                return narrow
            return narrow, (narrowed(narrow[0], slope_bound), narrowed(narrow[1], own_bound))

    def _to_vectors(
        self, at: Directions, factors: Bound, values: Bound, incoming: Bound, bound: bool
    ) -> tuple[Bound, Bound | None]:
        """Return the gradient of the vectors: that of the harmonics is w g, summed over what shares one."""
        shape = (*incoming.shape[:-1], *values.shape[-2:])
        local = np.broadcast_to(factors[..., None] * incoming[..., None, :], shape)
        limit = gamma(1, np.float64) * np.abs(local) + smallest(np.float64) if bound else None
        total, limit = reduce_broadcast(local, limit, values.shape)
        rows = None if limit is None else limit.reshape(at.values.shape)
        found, error = vector_gradient(at, total.reshape(at.values.shape), rows, self.lmax, self.threads)
        own = (*values.shape[:-1], 3)
        return found.reshape(own), None if error is None else error.reshape(own)

    def _to_weights(
        self, factors: Bound, values: Bound, incoming: Bound, bound: bool
    ) -> tuple[Bound, Bound | None]:
        """Return the gradient of the weights, sum over l, m of Y_lm g_lm, with the bound of claim 3."""
        found, limit = np.matmul(values, incoming[..., None]), None
        if bound:
            error, size = harmonics_bound(self.lmax), np.abs(incoming)[..., None]
            terms = values.shape[-1] + 1
            limit = gamma(2 * terms, np.float64) * np.matmul(np.abs(values) + error, size)
            limit += np.matmul(error, size)[..., None, :] + 2 * terms * smallest(np.float64)
        total, limit = reduce_broadcast(found, limit, (*factors.shape, 1))
        return total[..., 0], None if limit is None else limit[..., 0]
