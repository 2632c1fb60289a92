"""Weighted products: how every product with weights is called, bounded and differentiated.

    z = product(x, y, weight)
    z, bound = product(x, y, weight, with_bound=True)
    grad_x, grad_y, grad_weight = product.backward(x, y, weight, grad)

The product is linear in each of its three operands: gradients are products with the same coefficients, with
bounds of the same kind. `BilinearProduct` is the same for products without weights, and says what
`accumulate` and `certificate` mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from typing import Any, Generic, Literal, NamedTuple, Protocol, Self, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.operations.broadcast import Bound, Bounded, finite, rounded_gradients, total, write_rounded
from reptheory.operations.certified import Chain, certify, certify_gradients
from reptheory.operations.operands import (
    Accumulate,
    allocate,
    gradient_rows,
    incoming_gradient,
    read_accumulate,
)

__all__ = ["Bound", "Bounded", "Gradients", "WeightedProduct", "bounded", "finite"]

Array = NDArray[Any]
_Three = tuple[Array, Array, Array]


class Gradients(NamedTuple):
    """Gradients of a weighted product, or bounds on their errors; `weight` is None where there are none."""

    x: Array
    y: Array
    weight: Array | None


class Given(Protocol):
    """Operands as `_operands` lays them out."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The leading axes of the result."""

    @property
    def arrays(self) -> tuple[Array, ...]:
        """Every array among them, all of the dtype of the result."""

    def widened(self) -> Self:
        """Return them in float64."""


G = TypeVar("G", bound=Given)


class WeightedProduct(ABC, Generic[G]):
    """A product of x, y and weights, of which a subclass says how to read, run and differentiate it.

    accumulate   "float64": float32 operands are computed in float64 and rounded once at the end

    Beyond operands and result a call holds tiles of samples, bounded a thread, and copies of operands that
    are converted or not C-contiguous. Gradients of operands that samples share are made a sample each first.
    A bound takes float64 copies of everything. Tiles of up to 256 KiB are kept for the next call, those of
    each thread.
    """

    dim1: int
    dim2: int
    dim_out: int
    weight_numel: int

    @abstractmethod
    def _operands(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> G:
        """Check and lay out the operands; `_given_weight` replaces weights that are None."""

    @abstractmethod
    def _product(self, given: G, z: Array, *, with_bound: bool) -> Bound | None:
        """Write the product to z, (samples, dim_out), C-contiguous, and return a bound on its error."""

    @abstractmethod
    def _pulled(self, given: G, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        """Return the gradients of x, y and the weights for a `grad` of (samples, dim_out).

        Each has the shape of its operand, or one row a sample, which the caller sums over what was repeated.
        """

    @abstractmethod
    def _chain(self, operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> Chain:
        """Return the product of operands, which were checked, as exact maps."""

    def __init__(self, accumulate: Accumulate | None) -> None:
        self.accumulate = read_accumulate(accumulate)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engines behind: a copy, or the same product in another process, makes its own."""
        return {
            name: value for name, value in self.__dict__.items() if not name.endswith(("_engine", "_maps"))
        }

    def _given_weight(self, weight: ArrayLike | None) -> ArrayLike:
        """Return the weights, none where there are none to give."""
        if weight is not None:
            return weight
        if self.weight_numel:
            raise OperandError(f"weight: got None; this product has {self.weight_numel} weights; pass them")
        return np.zeros(0, np.float16)

    def _run(self, given: G, z: Array, *, with_bound: bool) -> Bound | None:
        """Write the product to z, computed in float64 where that is asked for."""
        if self.accumulate is None or z.dtype == np.float64:
            return self._product(given, z, with_bound=with_bound)
        wide = np.empty(z.shape)
        bound = self._product(given.widened(), wide, with_bound=with_bound)
        write_rounded(wide, z, bound)
        return bound

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: Literal[True],
    ) -> tuple[Array, Bound]: ...  # fmt: skip

    def __call__(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, out: Array | None = None,
        with_bound: bool = False,
    ) -> Array | tuple[Array, Bound]:  # fmt: skip
        """Return the product, and with `with_bound` a bound on its error elementwise.

        x, y, weight   float32 or float64, the widest operand decides; their shapes stand at the class
                       (weights are not needed where there are none)
        out            array of the result's shape and dtype to write into; may overlap an operand
        returns        (..., dim_out); the bound is float64, >= |z - exact product|, inf where z is not finite
        raises         OperandError
        """
        given = self._operands(x, y, weight)
        shape, arrays = given.shape, given.arrays
        z, buffer = allocate(out, (*shape, self.dim_out), arrays[0].dtype, arrays)
        flat = buffer.reshape(prod(shape), self.dim_out)
        bound = self._run(given, flat, with_bound=with_bound)
        if bound is not None:
            bound = finite(flat, bound).reshape(z.shape)
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, bound)

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[False] = False,
    ) -> Gradients: ...  # fmt: skip

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: Literal[True],
    ) -> tuple[Gradients, Gradients]: ...  # fmt: skip

    def backward(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, *,
        with_bound: bool = False,
    ) -> Gradients | tuple[Gradients, Gradients]:  # fmt: skip
        """Return the gradients of a loss whose gradient with respect to the product is `grad`.

        x, y, weight   as for the product
        grad           the shape of the product
        returns        arrays of the shapes of x, y and weight (None where it was None), summed over axes
                       along which one was broadcast; with `with_bound` also bounds on their errors
        raises         OperandError
        """
        given = self._operands(x, y, weight)
        shape = given.shape
        dtype, wide = given.arrays[0].dtype, given.widened() if self.accumulate else given
        flat = gradient_rows(grad, (*shape, self.dim_out), wide.arrays[0].dtype)
        found = self._pulled(wide, flat, with_bound=with_bound)
        to_x, to_y = total(*found[0], shape, np.shape(x)), total(*found[1], shape, np.shape(y))
        to_weight = (None, None) if weight is None else total(*found[2], shape, np.shape(weight))
        values, limits = Gradients(to_x[0], to_y[0], to_weight[0]), None
        if with_bound:
            limits = Gradients(to_x[1], to_y[1], to_weight[1])  # type: ignore[arg-type]
        if self.accumulate and dtype != np.float64:
            values = Gradients(*rounded_gradients(values, limits, dtype))
        return values if limits is None else (values, limits)

    def certificate(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, z: ArrayLike) -> Bound:
        """Bound |z - exact product| elementwise, tightly, for any z.

        x, y, weight   as for the product
        z              (..., dim_out) float32 or float64, a claimed result
        returns        (..., dim_out) float64; inf where z or the product is not finite
        raises         OperandError
        """
        shape = self._operands(x, y, weight).shape
        operands = x, y, self._given_weight(weight)
        return certify(self, operands, z, (*shape, self.dim_out), lambda: self._chain(operands, shape))

    def backward_certificate(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, grad: ArrayLike, gradients: Gradients
    ) -> Gradients:
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        x, y, weight, grad   as for `backward`
        gradients            of x, y and weight (None where it is None), float32 or float64
        returns              float64 arrays of their shapes; inf where something is not finite
        raises               OperandError
        """
        shape = self._operands(x, y, weight).shape
        incoming_gradient(grad, (*shape, self.dim_out))
        operands = x, y, self._given_weight(weight)
        return Gradients(*certify_gradients(
            self.backward, (x, y, weight), grad, gradients, lambda: self._chain(operands, shape)
        ))  # fmt: skip


def bounded(
    values: _Three, limits: _Three | tuple[None, None, None] = (None, None, None)
) -> tuple[Bounded, Bounded, Bounded]:
    """Return each of three gradients with the bound on its error."""
    return (values[0], limits[0]), (values[1], limits[1]), (values[2], limits[2])
