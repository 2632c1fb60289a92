"""Transposed products: the gradient of a bilinear product is a bilinear product of the same kind.

z_k = sum_ij C[i, j, k] x_i y_j and a loss whose gradient in z is g have the gradients

    x:  sum_jk C[i, j, k] g_k y_j,   the product (g, y) -> x
    y:  sum_ik C[i, j, k] x_i g_k,   the product (x, g) -> y

with the same coefficients, hence the same correctly rounded floats, bounds and certificates.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.engines import Engine, TableEngine

if TYPE_CHECKING:
    from reptheory.operations.engines import Transposable

__all__ = ["TransposedProduct"]


class TransposedProduct(BilinearProduct):
    """The gradient of a product, with respect to operand 1 or 2.

    It is computed as the product itself, if its engine knows how, else from the coefficient table.

    operand   1: (g, y) -> gradient of x;  2: (x, g) -> gradient of y
    """

    def __init__(self, product: BilinearProduct, operand: int) -> None:
        super().__init__(product.accumulate, product.threads)
        self.product = product
        self.operand = operand
        dims = (product.dim1, product.dim2, product.dim_out)
        axes = (2, 1, 0) if operand == 1 else (0, 2, 1)
        self.dim1, self.dim2, self.dim_out = (dims[axis] for axis in axes)

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        first, second = self.product._meanings
        result = f"the dimension of the result of {self.product!r}"
        return (result, second) if self.operand == 1 else (first, result)

    @cached_property
    def _table_engine(self) -> TableEngine:
        return self.product._table_engine.transposed(self.operand)

    @cached_property
    def _engine(self) -> Engine:
        own = self._own_engine
        return self._table_engine if own is None else own

    @cached_property
    def _own_engine(self) -> Transposable | None:
        engine = self.product._own_engine
        return None if engine is None else engine.transposed(self.operand)

    def _transposed(self, operand: int) -> BilinearProduct:
        return TransposedProduct(self, operand)

    def __repr__(self) -> str:
        return f"TransposedProduct({self.product!r}, {self.operand})"
