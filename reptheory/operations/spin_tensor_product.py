"""Spin tensor product: every Clebsch-Gordan path of two sums of SU(2) irreps, complex, half-integers too.

    z_{j3 m3} = sum over m1, m2 of <j1 m1 j2 m2 | j3 m3> x_{j1 m1} y_{j2 m2}

in the complex basis with the phases of Condon and Shortley, m = -j .. j ascending: what quantum mechanics
calls the coupling of angular momenta. Layout and order are those of `FullTensorProduct`, which is the same
product of O(3) irreps in the real basis. |z|^2 summed over all paths is |x|^2 |y|^2.

The product is complex bilinear, z_k = sum_ij C_ijk x_i y_j with real C. For a real loss F, gradients are
dF/d(real part) + i dF/d(imaginary part), twice the derivative with respect to the conjugate, as in PyTorch:

    grad_x_i = sum_jk C_ijk conj(y_j) grad_k,      grad_y_j = sum_ik C_ijk conj(x_i) grad_k

Complex numbers are computed as the pairs of real ones that they are in memory.
Proof of the bounds: docs/proofs/coupling.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.build.spin_paths import spin_paths
from reptheory.groups.spins import Spin, SpinIrreps
from reptheory.operations.bilinear import Accumulate, BilinearProduct
from reptheory.operations.broadcast import Bound, total
from reptheory.operations.complex_operands import complex_dtype, parts_of, read_complex
from reptheory.operations.engines import TableEngine
from reptheory.operations.full_paths import Instruction, full_paths, products_of_copies
from reptheory.operations.operands import (
    Operands,
    allocate,
    common_axes,
    flat_rows,
    last_axis,
    require_shape,
)
from reptheory.operations.transposed import TransposedProduct

__all__ = ["SpinTensorProduct"]

Array = NDArray[Any]


class _Parts(BilinearProduct):
    """The product of real and imaginary parts, (..., 2 dim1) x (..., 2 dim2) -> (..., 2 dim_out)."""

    def __init__(
        self, irreps: tuple[SpinIrreps, SpinIrreps, SpinIrreps], paths: tuple[Instruction[Spin], ...],
        accumulate: Accumulate | None, threads: int | None,
    ) -> None:  # fmt: skip
        super().__init__(accumulate, threads)
        self._irreps, self._paths = irreps, paths
        self.dim1, self.dim2, self.dim_out = (2 * one.dim for one in irreps)

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        first, second, _ = self._irreps
        return f"twice the dimension of {first}", f"twice the dimension of {second}"

    @cached_property
    def _table_engine(self) -> TableEngine:
        table = spin_paths((one.ir1.two_j, one.ir2.two_j, one.ir_out.two_j) for one in self._paths)
        products = products_of_copies(*self._irreps[:2], self._paths, lambda spin: spin.two_j, width=2)
        return TableEngine(table, products, (self.dim1, self.dim2, self.dim_out))

    @property
    def _engine(self) -> TableEngine:
        return self._table_engine

    def _transposed(self, operand: int) -> BilinearProduct:
        return TransposedProduct(self, operand)


class SpinTensorProduct:
    """Full tensor product of SU(2) irreps on complex features.

    irreps_in1, irreps_in2   text or SpinIrreps; neighbouring entries of one spin are merged
    filter_ir_out            spins to keep, a list or "1/2 + 1"; None keeps all
    accumulate, threads      as for `GauntTensorProduct`: "float64" computes complex64 operands in complex128

    Called with x (..., dim1) and y (..., dim2), complex64 or complex128 (real numbers count as complex ones);
    the result is (..., dim_out). Beyond operands and results it takes one tile of samples a thread.

    >>> singlet_and_triplet = SpinTensorProduct("1/2", "1/2")
    >>> singlet_and_triplet.irreps_out
    1x0+1x1
    >>> up, down = [0.0, 1.0], [1.0, 0.0]
    >>> singlet_and_triplet(up, down).round(4).tolist()
    [(0.7071+0j), 0j, (0.7071+0j), 0j]
    """

    def __init__(
        self,
        irreps_in1: str | SpinIrreps,
        irreps_in2: str | SpinIrreps,
        filter_ir_out: Iterable[object] | None = None,
        *,
        accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:
        self.irreps_in1 = SpinIrreps(irreps_in1).simplify()
        self.irreps_in2 = SpinIrreps(irreps_in2).simplify()
        self.irreps_out, self.instructions = full_paths(self.irreps_in1, self.irreps_in2, filter_ir_out)
        irreps = self.irreps_in1, self.irreps_in2, self.irreps_out
        self.dim1, self.dim2, self.dim_out = (one.dim for one in irreps)
        self._parts = _Parts(irreps, self.instructions, accumulate, threads)

    @property
    def cost(self) -> int:
        """Multiplications of coefficients with real numbers, a product."""
        return self._parts.cost

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, *, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, x: ArrayLike, y: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, Bound]: ...

    def __call__(
        self, x: ArrayLike, y: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, Bound]:
        """Return the product, and with `with_bound` a bound on its error elementwise.

        x, y      (..., dim1), (..., dim2): complex64 or complex128, the wider of the two decides
        out       (..., dim_out) array of the result's dtype to write into; may overlap x or y
        returns   (..., dim_out); the bound is float64, >= |z - exact product|, inf where z is not finite
        raises    OperandError
        """
        left, right, shape = self._operands(x, y)
        z, buffer = allocate(out, (*shape, self.dim_out), left.dtype, (left, right))
        flat = buffer.reshape(len(left), self.dim_out)
        bound = self._parts._write(parts_of(left), parts_of(right), parts_of(flat), with_bound)
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, _modulus(bound).reshape(z.shape))

    @cached_property
    def _meanings(self) -> tuple[str, str]:
        return f"the dimension of {self.irreps_in1}", f"the dimension of {self.irreps_in2}"

    def _operands(self, x: ArrayLike, y: ArrayLike) -> Operands:
        """Check and lay out the operands, as `operands` does real ones."""
        left, right = read_complex(x, "x"), read_complex(y, "y")
        last_axis(left, "x", self.dim1, self._meanings[0])
        last_axis(right, "y", self.dim2, self._meanings[1])
        shape, dtype = common_axes(("x", "y"), (left, right))
        return Operands(flat_rows(left, shape, dtype), flat_rows(right, shape, dtype), shape)

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> tuple[Array, Array]: ...

    @overload
    def backward(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[tuple[Array, Array], tuple[Bound, Bound]]: ...

    def backward(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> tuple[Any, Any]:
        """Return the gradients in x and y of a real loss whose gradient in the product is `grad`.

        x, y      as for the product
        grad      (..., dim_out), the shape of the product: dF/d(real part) + i dF/d(imaginary part)
        returns   complex arrays of the shapes of x and y, in the same convention, summed over axes along
                  which one was broadcast; with `with_bound` also bounds on their errors
        raises    OperandError

        >>> product = SpinTensorProduct("0", "0")
        >>> product.backward([1.0 + 2.0j], [3.0j], [1.0])[1].tolist()
        [(1-2j)]
        """
        left, right, shape = self._operands(x, y)
        incoming = read_complex(grad, "grad")
        require_shape(incoming, "grad", (*shape, self.dim_out))
        incoming = flat_rows(incoming, shape, incoming.dtype)
        rows = parts_of(left), parts_of(right), parts_of(incoming)
        found = self._parts._pulled(*rows, with_bound)
        (to_x, limit_x), (to_y, limit_y) = (
            total(*one, shape, (*np.shape(operand)[:-1], one[0].shape[-1]))
            for one, operand in zip(found, (x, y), strict=True)
        )
        values = _joined(to_x), _joined(to_y)
        if limit_x is None or limit_y is None:
            return values
        return values, (_modulus(limit_x), _modulus(limit_y))

    def certificate(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Bound:
        """Bound |z - exact product of x and y| elementwise, tightly, for any z.

        x, y      as for the product
        z         (..., dim_out) complex64 or complex128, a claimed result
        returns   (..., dim_out) float64; inf where z or the product is not finite
        raises    OperandError
        """
        left, right, shape = self._operands(x, y)
        claimed = read_complex(z, "z")
        require_shape(claimed, "z", (*shape, self.dim_out))
        rows = parts_of(flat_rows(claimed, shape, claimed.dtype))
        bound = self._parts.certificate(parts_of(left), parts_of(right), rows)
        return _modulus(bound).reshape(claimed.shape)

    def backward_certificate(
        self, x: ArrayLike, y: ArrayLike, grad: ArrayLike, gradients: tuple[ArrayLike, ArrayLike]
    ) -> tuple[Bound, Bound]:
        """Bound the errors of gradients elementwise, tightly, for any that `backward` may claim.

        x, y, grad   as for `backward`
        gradients    of x and y, complex64 or complex128
        returns      float64 arrays of their shapes; inf where something is not finite
        raises       OperandError
        """
        shape = self._operands(x, y).shape
        incoming = read_complex(grad, "grad")
        require_shape(incoming, "grad", (*shape, self.dim_out))
        left, right, g = (parts_of(one) for one in (read_complex(x, "x"), read_complex(y, "y"), incoming))
        first, second = (parts_of(read_complex(one, "gradients")) for one in gradients)
        limit, other = self._parts.backward_certificate(left, right, g, (first, second))
        return _modulus(limit), _modulus(other)

    def __repr__(self) -> str:
        return f"SpinTensorProduct({str(self.irreps_in1)!r}, {str(self.irreps_in2)!r})"


def _joined(parts: Array) -> Array:
    """Return the complex numbers of their parts."""
    return np.ascontiguousarray(parts).view(complex_dtype(parts.dtype))


def _modulus(bound: Bound) -> Bound:
    """Bound the modulus of an error from bounds of its parts; `hypot` errs by less than 2^-50."""
    with np.errstate(over="ignore"):
        return np.asarray(np.hypot(bound[..., 0::2], bound[..., 1::2]) * (1 + 2.0**-48))
