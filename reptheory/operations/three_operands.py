"""Three operands: products of plain arrays x, y and weights, in float64 where that is asked for, certified.

`accumulate="float64"` computes float32 operands in float64 and rounds once at the end; a certificate looks at
a float32 result wherever it comes from and bounds its distance to the exact product by that to the product
in float64 (docs/proofs/certificate.md).
"""

from __future__ import annotations

from abc import abstractmethod
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.operations.bilinear import Accumulate
from reptheory.operations.engines import final_rounding
from reptheory.operations.operands import Weighted, claimed_result
from reptheory.operations.weighted_product import Bound, Bounded, WeightedProduct, finite

__all__ = ["ThreeOperands"]

Array = NDArray[Any]


class ThreeOperands(WeightedProduct[Weighted]):
    """A product of x, y and weights, of which a subclass says how to run and differentiate it.

    accumulate   "float64": float32 operands are computed in float64 and rounded once at the end
    """

    def __init__(self, accumulate: Accumulate | None) -> None:
        if accumulate not in (None, "float64"):
            raise OperandError(f'accumulate: got {accumulate!r}; give "float64" or None')
        self.accumulate = accumulate

    @abstractmethod
    def _product(self, given: Weighted, z: Array, *, with_bound: bool) -> Bound | None:
        """Do what `_run` says, in the dtype of the operands."""

    @abstractmethod
    def _pulled(self, given: Weighted, grad: Array, *, with_bound: bool) -> tuple[Bounded, Bounded, Bounded]:
        """Do what `_gradients` says, in the dtype of the operands."""

    def _run(self, given: Weighted, z: Array, *, with_bound: bool) -> Bound | None:
        if self.accumulate is None or z.dtype == np.float64:
            return self._product(given, z, with_bound=with_bound)
        wide = np.empty(z.shape)
        bound = self._product(_widened(given), wide, with_bound=with_bound)
        return _rounded(wide, bound, z)[1]

    def _gradients(
        self, given: Weighted, grad: Array, *, with_bound: bool
    ) -> tuple[Bounded, Bounded, Bounded]:
        if self.accumulate is None or grad.dtype == np.float64:
            return self._pulled(given, grad, with_bound=with_bound)
        found = self._pulled(_widened(given), grad.astype(np.float64), with_bound=with_bound)
        x, y, weight = (_rounded(*one, np.empty(one[0].shape, grad.dtype)) for one in found)
        return x, y, weight

    def certificate(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None, z: ArrayLike) -> Bound:
        """Bound |z - exact product| elementwise, tightly, for a float32 z wherever it comes from.

        x, y, weight   as for the product
        z              (..., dim_out) float32, a claimed result
        returns        (..., dim_out) float64; inf where z or the product is not finite
        raises         OperandError
        """
        given = self._operands(x, y, weight)
        claimed = claimed_result(z, (*given.shape, self.dim_out))
        if claimed.dtype != np.float32:
            raise OperandError(f"z: got {claimed.dtype}; products with weights are certified in float32")
        wide = np.empty((prod(given.shape), self.dim_out))
        bound = self._product(_widened(given), wide, with_bound=True)
        with np.errstate(invalid="ignore", over="ignore"):
            limit = (np.abs(claimed.reshape(wide.shape) - wide) + bound) * (1 + 2.0**-48)
        return finite(wide, limit).reshape(claimed.shape)


def _widened(given: Weighted) -> Weighted:
    """Return operands in float64."""
    x, y, weight = (array.astype(np.float64, copy=False) for array in given[:3])
    return Weighted(x, y, weight, given.shape)


def _rounded(wide: Array, bound: Bound | None, z: Array) -> Bounded:
    """Round a float64 result into z."""
    with np.errstate(over="ignore", invalid="ignore"):
        z[...] = wide
        return z, None if bound is None else (bound + final_rounding(z)) * (1 + 2.0**-48)
