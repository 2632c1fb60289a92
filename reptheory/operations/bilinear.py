"""Bilinear products: how every product is called, bounded and certified, whatever computes it.

z = product(x, y)                       float32 or float64, leading axes broadcast
z, bound = product(x, y, with_bound=True)
bound = product.certificate(x, y, z)
grad_x, grad_y = product.backward(x, y, grad_z)

`bound` is proven before anything is known of the result (order-free: it holds for every blocking, with and
without fused multiply-add). `certificate` looks at z: it evaluates the product in a wider arithmetic (float64
for a float32 result, double-double for a float64 one) and bounds the difference, so it is tight, and it holds
for any z, also one computed elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.kernels.buffers import empty
from reptheory.operations.broadcast import Bound, Bounded, finite, total
from reptheory.operations.certified import Chain, certify, certify_gradients, inputs
from reptheory.operations.engines import Engine, TableEngine, Transposable, final_rounding
from reptheory.operations.operands import (
    Accumulate,
    Operands,
    allocate,
    flat_rows,
    incoming_gradient,
    operands,
    read_accumulate,
    thread_count,
    widest,
)

__all__ = ["Accumulate", "BilinearProduct"]

Array = NDArray[Any]


class BilinearProduct(ABC):
    """A bilinear map (..., dim1) x (..., dim2) -> (..., dim_out) with a proven error bound.

    accumulate   "float64": float32 operands are computed in float64 and rounded once at the end
    threads      None: as many as the work is worth; an int: at most that many

    Beyond operands and result a call holds tiles of samples, a number that depends on the product alone, a
    thread; and once more operands that are repeated, converted or not C-contiguous. A bound takes float64
    copies of everything. Tiles of up to 256 KiB are kept for the next call, those of each thread.
    """

    dim1: int
    dim2: int
    dim_out: int

    def __init__(self, accumulate: Accumulate | None, threads: int | None) -> None:
        self.accumulate = read_accumulate(accumulate)
        self.threads = thread_count(threads)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engines behind: a copy, or the same product in another process, makes its own."""
        return {
            name: value for name, value in self.__dict__.items() if not name.endswith(("_engine", "_maps"))
        }

    @property
    @abstractmethod
    def _engine(self) -> Engine:
        """What computes the product."""

    @property
    @abstractmethod
    def _table_engine(self) -> TableEngine:
        """The sparse table of the same product, for certificates."""

    @property
    def _own_engine(self) -> Transposable | None:
        """What computes the gradients as well, if not the table does."""
        return None

    @cached_property
    @abstractmethod
    def _meanings(self) -> tuple[str, str]:
        """What dim1 and dim2 count, for error messages."""

    @abstractmethod
    def _transposed(self, operand: int) -> BilinearProduct:
        """The product (z, y) -> x for operand 1, (x, z) -> y for operand 2, with the same coefficients."""

    @cached_property
    def gradients(self) -> tuple[BilinearProduct, BilinearProduct]:
        """The products that give the gradients: (g, y) -> gradient of x, and (x, g) -> gradient of y.

        Each is a bilinear product itself, with bounds, certificates and gradients of its own.
        """
        return self._transposed(1), self._transposed(2)

    @property
    def cost(self) -> int:
        """Multiplications of one product."""
        return self._engine.cost

    def _operands(self, x: ArrayLike, y: ArrayLike) -> Operands:
        return operands(x, y, (self.dim1, self.dim2), self._meanings)

    def _computes_in(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return np.dtype(self.accumulate) if self.accumulate else dtype

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, *, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, NDArray[np.float64]]: ...

    def __call__(
        self, x: ArrayLike, y: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, NDArray[np.float64]]:
        """Return the product, and with `with_bound` a bound on its error elementwise.

        x, y      (..., dim1), (..., dim2): float32 or float64, the wider of the two decides
        out       (..., dim_out) array of the result's dtype to write into; may overlap x or y
        returns   (..., dim_out); the bound is float64, >= |z - exact product|, inf where z is not finite
        raises    OperandError
        """
        given = self._operands(x, y)
        z, buffer = allocate(out, (*given.shape, self.dim_out), given.x.dtype, (given.x, given.y))
        bound = self._write(given.x, given.y, buffer.reshape(len(given.x), self.dim_out), with_bound)
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, bound.reshape(z.shape))

    def _write(self, x: Array, y: Array, z: Array, with_bound: bool) -> Bound | None:
        """Write the product of (samples, dim) arrays of one dtype, and return a bound on its error."""
        wide = self._computes_in(x.dtype)
        self._engine.run(x.astype(wide, copy=False), y.astype(wide, copy=False), z, self.threads)
        return self._bound(x, y, z) if with_bound else None

    def _bound(self, x: Array, y: Array, z: Array) -> Bound:
        """Bound the error of z, the result of `_engine.run`, before it is known."""
        wide = self._computes_in(x.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            bound = self._engine.bound(x, y, wide)
            if wide != z.dtype:
                bound = (bound + final_rounding(z)) * (1 + 2.0**-48)
        return finite(z, bound)

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> tuple[Array, Array]: ...

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[tuple[Array, Array], tuple[NDArray[np.float64], NDArray[np.float64]]]: ...

    def backward(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> tuple[Any, Any]:
        """Return the gradients with respect to x and y of a loss whose gradient in the product is `grad`.

        x, y      as for the product
        grad      (..., dim_out), the shape of the product
        returns   arrays of the shapes of x and y, summed over axes along which one was broadcast; with
                  `with_bound` also bounds on their errors
        raises    OperandError

        >>> from reptheory import GauntTensorProduct
        >>> product = GauntTensorProduct(1, 0, 1)
        >>> product.backward([1.0, 2.0, 3.0, 4.0], [1.0], [0.0, 0.0, 1.0, 0.0])[1].round(6).tolist()
        [0.846284]
        """
        left, right, shape = self._operands(x, y)
        incoming = incoming_gradient(grad, (*shape, self.dim_out))
        rows = flat_rows(incoming, shape, incoming.dtype)
        found = self._pulled(left, right, rows, with_bound)
        (to_x, limit_x), (to_y, limit_y) = (
            total(*one, shape, np.shape(operand)) for one, operand in zip(found, (x, y), strict=True)
        )
        return ((to_x, to_y), (limit_x, limit_y)) if with_bound else (to_x, to_y)

    def _pulled(self, x: Array, y: Array, grad: Array, with_bound: bool) -> tuple[Bounded, Bounded]:
        """Return the gradients of x and y for a `grad`, all (samples, dim), of the widest dtype."""
        dtype = widest((x, grad))
        x, y, grad = (array.astype(dtype, copy=False) for array in (x, y, grad))
        to_x, to_y = empty(x.shape, dtype), empty(y.shape, dtype)
        first, second = self.gradients
        return (
            (to_x, first._write(grad, y, to_x, with_bound)),
            (to_y, second._write(x, grad, to_y, with_bound)),
        )

    def certificate(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        """Bound |z - exact product of x and y| elementwise, tightly, for any z.

        x, y      as for the product
        z         (..., dim_out) float32 or float64, a claimed result
        returns   (..., dim_out) float64; inf where z or the product is not finite
        raises    OperandError
        """
        shape = self._operands(x, y).shape
        return certify(self, (x, y), z, (*shape, self.dim_out), lambda: self._chain(x, y, shape))

    def backward_certificate(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, gradients: tuple[ArrayLike, ArrayLike]
    ) -> tuple[Any, Any]:
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        x, y, grad   as for `backward`
        gradients    arrays of the shapes of x and y, float32 or float64
        returns      float64 arrays of these shapes; inf where something is not finite
        raises       OperandError
        """
        shape = self._operands(x, y).shape
        incoming_gradient(grad, (*shape, self.dim_out))
        first, second = certify_gradients(
            self.backward, (x, y), grad, gradients, lambda: self._chain(x, y, shape)
        )
        return first, second

    def _chain(self, x: ArrayLike, y: ArrayLike, shape: tuple[int, ...]) -> Chain:
        exact = self._table_engine.exact_map
        return Chain(exact, inputs((x, y), shape), self.dim_out, exact.terms, threads=self.threads)
