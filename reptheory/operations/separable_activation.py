"""Separable activation: scalars through a nonlinearity of their own, higher degrees from the grid."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import OperandError
from reptheory.operations.activations import named_activation
from reptheory.operations.operands import incoming_gradient, read_operand
from reptheory.operations.sphere_functions import Pointwise, SphereActivation, finite_bound, ulp

__all__ = ["SeparableSphereActivation"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


class SeparableSphereActivation:
    """Scalars through an activation of their own, degrees above 0 from the grid, as in EquiformerV2.

    z_00 = scalar_function(scalars);  z_lm, l > 0, from SphereActivation(lmax, function)(x)
    [Liao, Wood, Das, Smidt 2024, section 4.3]

    function, scalar_function   functions with their derivatives, or names, as for `SphereActivation`
    options                     as for `SphereActivation`, and memory; `ulps` holds for scalar_function too

    >>> act = SeparableSphereActivation(1, "tanh", np.square, lmax_out=1)
    >>> act(3.0, [0.0, 1.0, 2.0, -1.0])[0].item()
    9.0
    """

    def __init__(
        self,
        lmax: int,
        function: Pointwise | str,
        scalar_function: Pointwise | str,
        derivative: Pointwise | None = None,
        scalar_derivative: Pointwise | None = None,
        **options: Any,
    ) -> None:
        self.activation = SphereActivation(lmax, function, derivative, **options)
        if isinstance(scalar_function, str):
            scalar_function, scalar_derivative, *_ = named_activation(scalar_function, scalar_derivative)
        self.scalar_function, self.scalar_derivative = scalar_function, scalar_derivative

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
        """Return (..., (lmax_out + 1)^2) for scalars (...) and features x (..., (lmax + 1)^2).

        out       array of the result's shape and dtype to write into; may overlap an operand
        returns   with `with_bound` also a bound on the rounding error, as for `SphereFunction`
        raises    OperandError
        """
        own = np.asarray(self.scalar_function(read_operand(scalars, "scalars")))
        own = own.copy() if out is not None and np.may_share_memory(own, out) else own
        z, bound = (
            self.activation(x, out=out, with_bound=True)
            if with_bound
            else (self.activation(x, out=out), None)
        )
        if own.shape != z.shape[:-1]:
            raise OperandError(
                f"scalars: got shape {list(own.shape)}; one a feature are needed, {list(z.shape[:-1])}"
            )
        z[..., 0] = own
        if bound is None:
            return z
        size = np.abs(z[..., 0].astype(np.float64))
        units = self.activation.ulps * ulp(size, own.dtype) + ulp(size, z.dtype)
        bound[..., 0] = finite_bound(z[..., 0], units)
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

        raises   OperandError
        """
        if self.scalar_derivative is None:
            raise OperandError(
                "backward: the derivative of scalar_function is not known; pass scalar_derivative"
            )
        slope = np.asarray(self.scalar_derivative(read_operand(scalars, "scalars")))
        rest = np.array(incoming_gradient(grad, (*slope.shape, (self.activation.lmax_out + 1) ** 2)))
        own = rest[..., 0] * slope
        incoming = np.abs(rest[..., 0].astype(np.float64))
        rest[..., 0] = 0
        if not with_bound:
            return own, self.activation.backward(x, rest)
        size = np.maximum(np.abs(slope.astype(np.float64)), 1.0)
        units = self.activation.ulps * ulp(size, slope.dtype) * incoming
        bound = finite_bound(own, units + ulp(np.abs(own.astype(np.float64)), own.dtype))
        others, limits = self.activation.backward(x, rest, with_bound=True)
        return (own, others), (bound, limits)
