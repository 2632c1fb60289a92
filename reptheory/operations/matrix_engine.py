"""Matrix engine: operands to small matrices, their product, and back to irreps; with its bound and gradients.

A gradient is again such a product: of z = out(A B) the gradient of A is G B^T and that of B is A^T G, G the
matrix of the incoming gradient. So an engine is three sides, each the blocks of an operand or of the result,
read as they are or transposed. The bound is that of docs/proofs/matrices.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.kernels.matrices import WIDTH, LinearMap, MatrixPlan, matrix_product, matrix_scratch
from reptheory.kernels.pool import Prepared
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.blocks import Blocks
from reptheory.operations.engines import COPYING, flat_read_only, float_name

__all__ = ["MatrixEngine", "Side"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Side:
    """An operand or the result: its blocks, and whether the matrix product takes them transposed."""

    blocks: Blocks
    transposed: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix as the product takes it."""
        rows, columns = self.blocks.shape
        return (columns, rows) if self.transposed else (rows, columns)

    def turned(self) -> Side:
        """Return the same operand transposed."""
        return Side(self.blocks, not self.transposed)

    def linear_map(self, dtype: str, *, to_irreps: bool, absolute: str | None) -> LinearMap:
        """Return `Blocks.linear_map` of the matrix as the product takes it."""
        return self.blocks.linear_map(
            dtype, to_irreps=to_irreps, transposed=self.transposed, absolute=absolute
        )


class MatrixEngine:
    """The product of two operands as matrices."""

    def __init__(self, left: Side, right: Side, out: Side) -> None:
        self._sides = (left, right, out)
        self._plans: dict[str, MatrixPlan] = {}
        self._kernels: dict[str, Prepared] = {}

    def transposed(self, operand: int) -> MatrixEngine:
        """Return the engine of (z, y) -> x for operand 1, of (x, z) -> y for operand 2."""
        left, right, out = self._sides
        if operand == 1:
            return MatrixEngine(out, right.turned(), left)
        return MatrixEngine(left.turned(), out, right)

    def _plan(self, name: str) -> MatrixPlan:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype."""
        plan = self._plans.get(name)
        if plan is None:
            dtype = name.removeprefix("absolute ")
            absolute = None if name == dtype else dtype
            form = dtype if absolute is None else "float64"
            left, right, out = self._sides
            made = MatrixPlan(
                left.linear_map(form, to_irreps=False, absolute=absolute),
                right.linear_map(form, to_irreps=False, absolute=absolute),
                out.linear_map(form, to_irreps=True, absolute=absolute),
                (*left.shape, right.shape[1]),
                self._dims,
                np.arange(max(self._dims), dtype=np.int32),
            )
            plan = self._plans.setdefault(name, made)
        return plan

    @property
    def _dims(self) -> tuple[int, int, int]:
        first, second, third = (side.blocks.irreps.dim for side in self._sides)
        return first, second, third

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        plan = self._plan("float64")
        rows, inner, columns = plan.sizes
        return sum(len(one.values) for one in (plan.left, plan.right, plan.out)) + rows * inner * columns

    @cached_property
    def _terms(self) -> tuple[int, int, int]:
        """The most terms of a row of each linear map."""
        plan = self._plan("float64")
        one, two, three = (int(np.diff(m.starts).max(initial=0)) for m in (plan.left, plan.right, plan.out))
        return one, two, three

    def _apply(self, x: Array, y: Array, z: Array, name: str, threads: int | None) -> None:
        flat = flat_read_only(x), flat_read_only(y), z.ravel()
        self._prepared(name).run(flat, len(x), threads)

    def _prepared(self, name: str) -> Prepared:
        """Return the kernel for a dtype or its bound; two threads may both make it, one is kept."""
        made = self._kernels.get(name)
        if made is None:
            plan = self._plan(name)
            dtype, work = plan.left.values.dtype, self.cost + COPYING * sum(self._dims)
            tile = WIDTH * lanes_of(dtype)
            made = Prepared(matrix_product, plan, matrix_scratch(plan), dtype, tile, work)
            self._kernels[name] = made
        return made

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product; a float32 z of float64 operands is rounded once at the end."""
        self._apply(x, y, z, float_name(x.dtype), threads)

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound: gamma_D times the same program on absolute values + underflow (docs/proofs/matrices.md)."""
        left, right = np.abs(x.astype(np.float64)), np.abs(y.astype(np.float64))
        size = np.empty((len(x), self._dims[2]))
        self._apply(left, right, size, f"absolute {dtype.name}", None)
        first, second, last = self._terms
        roundings = first + second + self._sides[0].shape[1] + last + 4
        size = upward(size + self._underflow(left, right, smallest(np.float64)), roundings)
        return size * gamma(roundings + more, dtype) + self._underflow(left, right, smallest(dtype))

    def _underflow(self, x: Array, y: Array, eta: float) -> NDArray[np.float64]:
        """Bound what underflow can add to any output of a sample, (samples, 1).

        Orthogonal maps: a sum of |C||x| over n terms is at most n max |x|.
        """
        first, second, last = self._terms
        size_x, size_y = (values.max(axis=1, initial=0.0, keepdims=True) for values in (x, y))
        lost_x, lost_y = first * eta, second * eta
        both = lost_x * second * size_y + lost_y * first * size_x + lost_x * lost_y + eta
        return np.asarray(last * (self._sides[0].shape[1] * both + eta))
