"""Spherical harmonics of vectors, real, to a degree: what a vector is as a feature, as of an edge of a graph.

    z = harmonics(vectors)
    z, bound = harmonics(vectors, with_bound=True)
    grad_vectors = harmonics.backward(vectors, grad)

    z_lm = f_l Y_lm(v / |v|)

with the real orthonormal Y of docs/conventions.md and, in e3nn's words, f_l = 1 ("integral"), sqrt(4 pi)
("component": sum_m z_lm^2 = 2 l + 1) or sqrt(4 pi / (2 l + 1)) ("norm": sum_m z_lm^2 = 1). The zero vector
counts as the mean over all directions: degree 0 alone, with gradient 0.

Bound: f h, with h the bound of Y, a constant of (l, m) that has room for the rounding of f and of the product
with it (docs/proofs/vector_harmonics.md). A float32 result is rounded once from float64.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.build.size import require_memory
from reptheory.errors import LabelError
from reptheory.exact.normalization import harmonic_factor
from reptheory.exact.rounding import nearest_pair
from reptheory.groups.labels import shown, whole
from reptheory.groups.o3 import Irreps
from reptheory.kernels.bounds import gamma, smallest
from reptheory.operations.certified import Chain, certify, certify_gradients, inputs
from reptheory.operations.exact_harmonics import exact_harmonics
from reptheory.operations.exact_maps import ExactMap, Pairs, constant
from reptheory.operations.operands import delivered, incoming_gradient, one_operand, thread_count
from reptheory.operations.vector_harmonics import (
    Directions,
    harmonics,
    harmonics_bound,
    narrowed,
    vector_gradient,
)

__all__ = ["SphericalHarmonics"]

Array = NDArray[Any]
Bound = NDArray[np.float64]
Normalization = Literal["integral", "component", "norm"]
_OUR_WORDS: Final = {"integral": "orthonormal", "component": "4pi", "norm": "schmidt"}
_SLACK = 1 + 2.0**-40


class SphericalHarmonics:
    """Real spherical harmonics of all degrees to lmax of the directions of vectors.

    lmax            highest degree
    normalization   "integral" (orthonormal), "component" or "norm", as in e3nn
    threads         None: as many as the work is worth; an int: at most that many
    raises          LabelError; TooLarge: the harmonics of one vector do not fit into memory

    Called with (..., 3), components x, y, z; the result is (..., (lmax + 1)^2), (l, m) at l*l + l + m, the
    features of `irreps_out`. Beyond these a call holds the harmonics of all vectors in float64, twice, and
    six numbers a vector. e3nn's order of components: `convert(z, "real", "e3nn@0.6")`.

    >>> SphericalHarmonics(1, "norm")([0.0, 3.0, 4.0]).round(6).tolist()  # 1, then y, z, x of the direction
    [1.0, 0.6, 0.8, 0.0]
    """

    def __init__(
        self, lmax: int, normalization: Normalization = "integral", *, threads: int | None = None
    ) -> None:
        self.lmax, self.threads = whole(lmax, "lmax"), thread_count(threads)
        if normalization not in get_args(Normalization):
            words = ", ".join(get_args(Normalization))
            raise LabelError(f"normalization: got {shown(normalization)}; choose one of {words}")
        self.normalization = normalization
        self.irreps_out = Irreps.spherical_harmonics(self.lmax)
        require_memory(f"lmax: harmonics up to {self.lmax}", 8 * self.irreps_out.dim, "choose a lower one")
        words, degrees = _OUR_WORDS[normalization], range(self.lmax + 1)
        factors = [float(harmonic_factor(degree, 0, "real", words)) for degree in degrees]
        self._factors = np.repeat(factors, [2 * degree + 1 for degree in degrees])

    def _values(self, vectors: ArrayLike) -> tuple[Directions, Array]:
        """Check vectors; return their directions and harmonics, one row each, and them as they came."""
        read = one_operand(vectors, "vectors", (3,), "components x, y, z")
        return harmonics(read.astype(np.float64).reshape(-1, 3), self.lmax, self.threads), read

    @overload
    def __call__(
        self, vectors: ArrayLike, *, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, vectors: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, Bound]: ...

    def __call__(
        self, vectors: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, Bound]:
        """Return the harmonics, and with `with_bound` a bound on their error elementwise.

        vectors   (..., 3) of any length, float32 or float64
        out       array of the result's shape and dtype to write into; may overlap `vectors`
        returns   (..., (lmax + 1)^2) of the same dtype; NaN, with bound inf, where a component is not finite
        raises    OperandError
        """
        (_, _, values), read = self._values(vectors)
        shape = (*read.shape[:-1], self.irreps_out.dim)
        z = delivered((values * self._factors).astype(read.dtype).reshape(shape), out)
        if not with_bound:
            return z
        bound = self._factors * harmonics_bound(self.lmax) * _SLACK
        return z, narrowed(z, np.broadcast_to(bound, shape))

    @overload
    def backward(
        self, vectors: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def backward(
        self, vectors: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[Array, Bound]: ...

    def backward(
        self, vectors: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> Array | tuple[Array, Bound]:
        """Return the gradient with respect to the vectors of a loss whose gradient here is `grad`.

        grad      (..., (lmax + 1)^2), the shape of the result
        returns   (..., 3), 0 for zero vectors; with `with_bound` also a bound on its error
        raises    OperandError
        """
        at, read = self._values(vectors)
        incoming = incoming_gradient(grad, (*read.shape[:-1], self.irreps_out.dim))
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            g = incoming.astype(np.float64).reshape(at.values.shape) * self._factors
            limit = gamma(2, np.float64) * np.abs(g) + smallest(np.float64) if with_bound else None
            wide, bound = vector_gradient(at, g, limit, self.lmax, self.threads)
            result: Array = wide.astype(np.result_type(read, incoming)).reshape(read.shape)
        if bound is None:
            return result
        return result, narrowed(result, bound.reshape(read.shape))

    def certificate(self, vectors: ArrayLike, z: ArrayLike) -> Bound:
        """Bound |z - exact harmonics| elementwise, tightly, for any z.

        vectors   as for the harmonics
        z         (..., (lmax + 1)^2) float32 or float64, a claimed result
        returns   (..., (lmax + 1)^2) float64; inf where z or the result is not finite
        raises    OperandError
        """
        shape = one_operand(vectors, "vectors", (3,), "components x, y, z").shape[:-1]
        return certify(
            self, (vectors,), z, (*shape, self.irreps_out.dim), lambda: self._chain(vectors, shape)
        )

    def backward_certificate(self, vectors: ArrayLike, grad: ArrayLike, gradient: ArrayLike) -> Bound:
        """Bound the error of a gradient elementwise, tightly, for any that `backward` may claim.

        vectors, grad   as for `backward`
        gradient        (..., 3) float32 or float64
        returns         (..., 3) float64; inf where something is not finite
        raises          OperandError
        """
        shape = one_operand(vectors, "vectors", (3,), "components x, y, z").shape[:-1]
        incoming_gradient(grad, (*shape, self.irreps_out.dim))

        def backward(vectors: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]) -> Any:
            value, limit = self.backward(vectors, grad, with_bound=with_bound)
            return (value,), (limit,)

        found = certify_gradients(
            backward, (vectors,), grad, (gradient,), lambda: self._chain(vectors, shape)
        )[0]
        return np.asarray(found)

    def _chain(self, vectors: ArrayLike, shape: tuple[int, ...]) -> Chain:
        """Return the harmonics as exact maps."""
        dim, degrees = self.irreps_out.dim, range(self.lmax + 1)
        factors = [harmonic_factor(degree, 0, "real", _OUR_WORDS[self.normalization]) for degree in degrees]
        column, counts = np.arange(dim), [2 * degree + 1 for degree in degrees]
        high, low = np.repeat(np.array(list(map(nearest_pair, factors))).T, counts, axis=1)
        scale = ExactMap((dim, 1, dim), (column, np.zeros_like(column), column), high, low)

        def scaled(vectors: Pairs) -> Pairs:
            return scale(exact_harmonics(vectors, self.lmax), constant(vectors))

        return Chain(scaled, inputs((vectors,), shape), dim, 8 * dim)

    def __repr__(self) -> str:
        return f"SphericalHarmonics({self.lmax}, {self.normalization!r})"
