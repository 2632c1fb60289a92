"""Weighted products: how every product with weights is called, bounded and differentiated.

    z = product(x, y, weight)
    z, bound = product(x, y, weight, with_bound=True)
    grad_x, grad_y, grad_weight = product.backward(x, y, weight, grad)

The product is linear in each of its three operands: gradients are products with the same coefficients, with
bounds of the same kind. `BilinearProduct` is the same for products without weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.operations.broadcast import Bound, Bounded, finite, total
from reptheory.operations.operands import allocate, gradient_rows

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


G = TypeVar("G", bound=Given)


class WeightedProduct(ABC, Generic[G]):
    """A product of x, y and weights, of which a subclass says how to read, run and differentiate it.

    Beyond operands and result a call holds tiles of samples, bounded a thread, and copies of operands that
    are converted or not C-contiguous. Gradients of operands that samples share are made a sample each first.
    """

    dim1: int
    dim2: int
    dim_out: int
    weight_numel: int

    @abstractmethod
    def _operands(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> G:
        """Check and lay out the operands; `_given_weight` replaces weights that are None."""

    @abstractmethod
    def _run(self, given: G, z: Array, *, with_bound: bool) -> Bound | None:
        """Write the product to z, (samples, dim_out), C-contiguous, and return a bound on its error."""

    @abstractmethod
    def _gradients(self, given: G, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        """Return the gradients of x, y and the weights for a `grad` of (samples, dim_out).

        Each has the shape of its operand, or one row a sample, which the caller sums over what was repeated.
        """

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engines behind: a copy, or the same product in another process, makes its own."""
        return {name: value for name, value in self.__dict__.items() if not name.endswith("_engine")}

    def _given_weight(self, weight: ArrayLike | None) -> ArrayLike:
        """Return the weights, none where there are none to give."""
        if weight is not None:
            return weight
        if self.weight_numel:
            raise OperandError(f"weight: got None; this product has {self.weight_numel} weights; pass them")
        return np.zeros(0, np.float16)

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
        z, buffer = allocate(out, (*given.shape, self.dim_out), given.arrays[0].dtype, given.arrays)
        flat = buffer.reshape(prod(given.shape), self.dim_out)
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
        flat = gradient_rows(grad, (*shape, self.dim_out), given.arrays[0].dtype)
        found = self._gradients(given, flat, with_bound=with_bound)
        totals = [
            (None, None) if operand is None else total(*one, shape, np.shape(operand))
            for operand, one in zip((x, y, weight), found, strict=True)
        ]
        values, limits = (Gradients(*column) for column in zip(*totals, strict=True))
        return (values, limits) if with_bound else values


def bounded(values: _Three, limits: _Three | None = None) -> tuple[Bounded, Bounded, Bounded]:
    """Return each of three gradients with the bound on its error."""
    first, second, third = zip(values, limits or (None, None, None), strict=True)
    return first, second, third
