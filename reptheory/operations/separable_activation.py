"""Separable activation: scalars through a nonlinearity of their own, higher degrees from the grid."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.o3 import Irreps
from reptheory.operations.activations import named_activation
from reptheory.operations.broadcast import Bounded, reduce_broadcast
from reptheory.operations.grid_errors import finite_bound, product_error, value_error
from reptheory.operations.grid_function import Pointwise, checked, shown_function
from reptheory.operations.operands import common_axes, incoming_gradient, read_last, read_operand
from reptheory.operations.sphere_functions import SphereActivation
from reptheory.operations.sphere_parity import tried_parity

__all__ = ["SeparableSphereActivation"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


class SeparableSphereActivation:
    """Scalars through an activation of their own, degrees above 0 from the grid, as in EquiformerV2.

    z_00 = scalar_function(scalars);  z_lm, l > 0, from SphereActivation(lmax, function)(x)
    [Liao, Wood, Das, Smidt 2024, section 4.3]

    function, scalar_function   functions with their derivatives, or names, as for `SphereActivation`; where x
                                is a pseudo-signal, scalars are 0o, and both functions even or both odd
    options                     as for `SphereActivation` without channels, and memory; `ulps` holds for
                                scalar_function too
    raises                      LabelError

    >>> act = SeparableSphereActivation(1, "tanh", np.square, lmax_out=1)
    >>> act(3.0, [0.0, 1.0, 2.0, -1.0])[0].item()
    9.0
    """

    def __init__(
        self,
        lmax: int | Irreps | str,
        function: Pointwise | str,
        scalar_function: Pointwise | str,
        derivative: Pointwise | None = None,
        scalar_derivative: Pointwise | None = None,
        **options: Any,
    ) -> None:
        self.activation = SphereActivation(lmax, function, derivative, **options)
        if self.activation.channels is not None:
            raise LabelError("channels: each has a scalar of its own here; mix them by a SphereActivation")
        if isinstance(scalar_function, str):
            scalar_function, scalar_derivative, *_ = named_activation(scalar_function, scalar_derivative)
        self.scalar_function, self.scalar_derivative = scalar_function, scalar_derivative
        self.irreps_in, self.irreps_out = self.activation.irreps_in, self.activation.irreps_out
        self.dim_in, self.dim_out = self.irreps_in.dim, self.irreps_out.dim
        self._check_parity(self.irreps_in[0].ir.p, self.irreps_out[0].ir.p)

    def _check_parity(self, given: int, made: int) -> None:
        """Refuse a function of scalars whose values are not of the parity that the grid gives."""
        if given == -1 and tried_parity(self.scalar_function, [(256,)], (-1,), "scalar_function") != made:
            raise LabelError(
                f"scalar_function: its values are {'0o' if made == 1 else '0e'}, but degree 0 of the result "
                f"is {self.irreps_out[0].ir}; take two even functions or two odd ones"
            )

    @property
    def cost(self) -> int:
        """Multiplications of the transforms of one sample; those of the functions come on top."""
        return self.activation.cost

    def _read(self, scalars: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
        """Check scalars and features; return them with the leading axes and the dtype they have in common."""
        column = read_operand(scalars, "scalars")[..., None]
        rows = read_last(x, "x", self.dim_in, self.activation.to_grid[0].meaning)
        shape, dtype = common_axes(("scalars", "x"), (column, rows))
        wide = [
            one if one.shape[:-1] == shape else np.broadcast_to(one, (*shape, one.shape[-1]))
            for one in (column.astype(dtype, copy=False), rows.astype(dtype, copy=False))
        ]
        return wide[0][..., 0], wide[1]

    @overload
    def __call__(
        self, scalars: ArrayLike, x: ArrayLike, *, out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, scalars: ArrayLike, x: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, Bound]: ...

    def __call__(
        self, scalars: ArrayLike, x: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, Bound]:
        """Return (..., (lmax_out + 1)^2) for scalars (...) and features x (..., (lmax + 1)^2), broadcast.

        out       array of the result's shape and dtype to write into; may overlap an operand
        returns   with `with_bound` also a bound on the rounding error, as for `SphereFunction`
        raises    OperandError
        """
        given, rows = self._read(scalars, x)
        own = checked(self.scalar_function(given), given.shape, rows.dtype, "scalar_function")
        own = own.copy() if out is not None and np.may_share_memory(own, out) else own
        if not with_bound:
            z = self.activation(rows, out=out)
            z[..., 0] = own
            return z
        z, bound = self.activation(rows, out=out, with_bound=True)
        z[..., 0] = own
        bound[..., 0] = finite_bound(own, value_error(own, np.zeros(()), self.activation.ulps))
        return z, bound

    @overload
    def backward(
        self, scalars: ArrayLike, x: ArrayLike, grad: ArrayLike, *, with_bound: Literal[False] = False
    ) -> tuple[Array, Array]: ...

    @overload
    def backward(
        self, scalars: ArrayLike, x: ArrayLike, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[tuple[Array, Array], tuple[Bound, Bound]]: ...

    def backward(
        self, scalars: ArrayLike, x: ArrayLike, grad: ArrayLike, *, with_bound: bool = False
    ) -> tuple[Any, Any]:
        """Return the gradients with respect to the scalars and to x, and with `with_bound` also bounds.

        returns   arrays of the shapes of scalars and x, summed over axes along which one was broadcast
        raises    OperandError
        """
        if self.scalar_derivative is None:
            raise OperandError(
                "backward: the derivative of scalar_function is not known; pass scalar_derivative"
            )
        given, rows = self._read(scalars, x)
        rest = np.array(incoming_gradient(grad, (*given.shape, self.dim_out)))
        slope = checked(self.scalar_derivative(given), given.shape, rows.dtype, "scalar_derivative")
        incoming = rest[..., 0].copy()
        rest[..., 0] = 0
        with np.errstate(over="ignore", invalid="ignore"):
            own = slope * incoming
        if not with_bound:
            found: list[Bounded] = [(own, None), (self.activation.backward(rows, rest), None)]
        else:
            none = np.zeros(())
            error = product_error(slope, none, incoming, none, own, self.activation.ulps)
            found = [(own, finite_bound(own, error)), self.activation.backward(rows, rest, with_bound=True)]
        shapes = np.shape(scalars), np.shape(x)
        (first, limit), (second, bound) = map(reduce_broadcast, *zip(*found, strict=True), shapes)
        return ((first, second), (limit, bound)) if with_bound else (first, second)

    def __repr__(self) -> str:
        name, inner = shown_function(self.scalar_function), repr(self.activation)
        return f"Separable{inner[:-1]}, {name} of scalars)"
