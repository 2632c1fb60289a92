"""Linear: the equivariant linear layer, copies of an irrep mixed with one another; e3nn's `o3.Linear`.

    z_w,m = sum over entries and u of w_uw x_u,m / sqrt(n)

with n the terms that one output sums ("element"), or those of the entry times the number of entries ("path").
It is the fully connected product with the number 1, and has the bounds and gradients of one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError
from reptheory.groups.labels import shown
from reptheory.groups.o3 import Irreps
from reptheory.operations.tensor_product import TensorProduct
from reptheory.operations.weighted_plan import Layout

__all__ = ["Linear", "LinearGradients"]

Array = NDArray[Any]


class LinearGradients(NamedTuple):
    """Gradients of a linear layer, or bounds on their errors."""

    x: Array
    weight: Array


class Linear:
    """Copies of each irrep to copies of the same irrep, by matrices of weights.

    irreps_in, irreps_out   strings or Irreps
    instructions            (i_in, i_out) entries to connect; None: all pairs of the same irrep
    path_normalization      "element" or "path"
    layout, shared_weights, threads   as `TensorProduct`
    raises                  LabelError

    Weights of all instructions follow one another, each (copies in, copies out) in row-major order. Memory:
    as `TensorProduct`, and one number a sample.

    >>> linear = Linear("2x0e+1x1o", "1x0e+1x1o")
    >>> linear([3.0, 1.0, 0.0, 2.0, 0.0], [2.0, 0.0, 5.0]).round(6).tolist()
    [4.242641, 0.0, 10.0, 0.0]
    """

    def __init__(
        self,
        irreps_in: str | Irreps,
        irreps_out: str | Irreps,
        *,
        instructions: Iterable[tuple[int, int]] | None = None,
        path_normalization: Literal["element", "path"] = "element",
        layout: Layout = "mul_ir",
        shared_weights: bool = True,
        threads: int | None = None,
    ) -> None:
        self.irreps_in, self.irreps_out = Irreps(irreps_in), Irreps(irreps_out)
        if path_normalization not in ("element", "path"):
            raise LabelError(
                f"path_normalization: got {shown(path_normalization)}; it must be element or path"
            )
        pairs = (
            self._all_pairs()
            if instructions is None
            else [_pair(k, pair) for k, pair in enumerate(instructions)]
        )
        self._product = TensorProduct(
            self.irreps_in,
            "1x0e",
            self.irreps_out,
            [(i_in, 0, i_out, "uvw", True) for i_in, i_out in pairs],
            path_normalization=path_normalization,
            layout=layout,
            shared_weights=shared_weights,
            threads=threads,
        )
        self.dim_in, self.dim_out = self._product.dim1, self._product.dim_out
        self.weight_numel = self._product.weight_numel
        self.instructions = tuple((one.i_in1, one.i_out) for one in self._product.instructions)

    def _all_pairs(self) -> list[tuple[int, int]]:
        return [
            (i_in, i_out)
            for i_in, (_, ir_in) in enumerate(self.irreps_in)
            for i_out, (_, ir_out) in enumerate(self.irreps_out)
            if ir_in == ir_out
        ]

    def weight_views(self, weight: Array) -> list[Array]:
        """Return the matrix (..., copies in, copies out) of each instruction, as views."""
        return [view[..., 0, :] for view in self._product.weight_views(weight)]

    @overload
    def __call__(
        self, x: ArrayLike, weight: ArrayLike, *, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, x: ArrayLike, weight: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, NDArray[np.float64]]: ...

    def __call__(
        self, x: ArrayLike, weight: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, NDArray[np.float64]]:
        """Return the mixed copies, and with `with_bound` a bound on the error elementwise.

        x         (..., dim_in): float32 or float64, the wider operand decides
        weight    (weight_numel,) shared, else (..., weight_numel)
        out       (..., dim_out) array of the result's dtype to write into
        returns   (..., dim_out)
        raises    OperandError
        """
        return self._product(x, _ONE, weight, out=out, with_bound=with_bound)  # type: ignore[call-overload,no-any-return]

    @overload
    def backward(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> LinearGradients: ...

    @overload
    def backward(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[LinearGradients, LinearGradients]: ...

    def backward(
        self, x: ArrayLike, weight: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> LinearGradients | tuple[LinearGradients, LinearGradients]:
        """Return the gradients of a loss whose gradient with respect to the result is `grad`.

        returns   arrays of the shapes of x and weight; with `with_bound` also bounds on their errors
        raises    OperandError
        """
        found = self._product.backward(x, _ONE, weight, grad, with_bound=with_bound)  # type: ignore[call-overload]
        if not with_bound:
            return LinearGradients(found.x, found.weight)
        return tuple(LinearGradients(one.x, one.weight) for one in found)  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Linear({self.irreps_in} -> {self.irreps_out} | {self.weight_numel} weights)"


_ONE = np.ones(1, np.float32)
_ONE.setflags(write=False)


def _pair(number: int, pair: Any) -> tuple[int, int]:
    """Check the form of one instruction; what it says is checked as that of a product."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise LabelError(f"instructions[{number}]: got {shown(pair)}; write (i_in, i_out)")
    return pair[0], pair[1]
