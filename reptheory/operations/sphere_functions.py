"""Sphere functions: any function of features, point by point on a grid of the sphere, and back.

    z = FromGrid(lmax_out)(function(ToGrid(lmax)(x), ...))

The result turns with the features up to aliasing: a function that is a polynomial of degree n of features of
degree lmax is exact where grid.degree >= n lmax + lmax_out; any other has a tail of degrees above
grid.degree - lmax_out, and what the grid makes of that tail is the only loss. A finer grid shrinks it, as
fast as the coefficients of the function fall with their degree.

With a Lipschitz constant the rounding error is bounded, against the same quadrature in exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.labels import listed, whole
from reptheory.kernels.bounds import smallest, unit_roundoff
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.sphere_transforms import FromGrid, ToGrid

__all__ = ["SeparableSphereActivation", "SphereActivation", "SphereFunction"]

Array = NDArray[Any]
Pointwise = Callable[..., ArrayLike]


class SphereFunction:
    """A function of the values of one or several features at each point of the grid.

    lmaxs         highest degree of each feature
    function      (values, ..., *extra) -> values, elementwise on arrays (..., rings, points)
    derivatives   likewise -> its partial derivative in each feature, a tuple; needed for `backward`
    lmax_out      highest degree of the result; None: the highest of the features
    grid          SphereGrid; None: exact for products of two of the features
    lipschitz     constants L with |f(u) - f(v)| <= sum L_k |u_k - v_k|, one a feature; needed for a bound
    ulps          how many units in the last place of the features' dtype `function` is wrong by at most, for
                  a bound
    threads       as `ToGrid`
    raises        LabelError

    >>> product = SphereFunction((1, 1), lambda f, g: f * g, lmax_out=2)
    >>> product([0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0])[::6].round(6).tolist()  # Y_10 squared
    [0.282095, 0.252313]
    """

    def __init__(
        self,
        lmaxs: Sequence[int],
        function: Pointwise,
        derivatives: Callable[..., Sequence[ArrayLike]] | None = None,
        *,
        lmax_out: int | None = None,
        grid: SphereGrid | None = None,
        lipschitz: Sequence[float] | None = None,
        ulps: float = 4.0,
        threads: int | None = None,
    ) -> None:
        self.lmaxs = tuple(whole(lmax, "lmaxs") for lmax in listed(lmaxs, "lmaxs"))
        if not self.lmaxs:
            raise LabelError("lmaxs: got no degrees; give one a feature")
        self.lmax_out = max(self.lmaxs) if lmax_out is None else whole(lmax_out, "lmax_out")
        self.grid = SphereGrid(2 * max(self.lmaxs) + self.lmax_out) if grid is None else grid
        self.function, self.derivatives = function, derivatives
        self.lipschitz, self.ulps = lipschitz, ulps
        if lipschitz is not None and len(lipschitz) != len(self.lmaxs):
            raise LabelError(
                f"lipschitz: got {len(lipschitz)} constants for {len(self.lmaxs)} features; give one each"
            )
        self.to_grid = tuple(ToGrid(lmax, self.grid, threads=threads) for lmax in self.lmaxs)
        self.from_grid = FromGrid(self.lmax_out, self.grid, threads=threads)

    def _values(self, features: tuple[ArrayLike, ...]) -> list[Array]:
        """Return the features on the grid, each with the leading axes it has."""
        if len(features) != len(self.lmaxs):
            raise OperandError(f"features: got {len(features)}; this function takes {len(self.lmaxs)}")
        return [to(feature) for to, feature in zip(self.to_grid, features, strict=True)]

    def _on_grid(self, result: ArrayLike, values: list[Array], name: str) -> Array:
        """Check what a function of the user returned, and give it the dtype of the features."""
        array = np.asarray(result)
        if array.dtype.kind != "f" or array.shape[-2:] != self.grid.shape:
            raise OperandError(
                f"{name}: it returned {array.dtype}{list(array.shape)}; it must return floats, one a point, "
                f"with the last axes {list(self.grid.shape)}"
            )
        return array.astype(np.result_type(*values), copy=False)

    @overload
    def __call__(
        self, *features: ArrayLike, extra: tuple[Any, ...] = (), with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, *features: ArrayLike, extra: tuple[Any, ...] = (), with_bound: Literal[True]
    ) -> tuple[Array, NDArray[np.float64]]: ...

    def __call__(
        self, *features: ArrayLike, extra: tuple[Any, ...] = (), with_bound: bool = False
    ) -> Array | tuple[Array, NDArray[np.float64]]:
        """Return the coefficients of the function, and with `with_bound` a bound on their rounding errors.

        features   (..., (lmax + 1)^2) each; leading axes broadcast
        extra      what the function takes besides, handed on as it is
        returns    (..., (lmax_out + 1)^2); the bound assumes `lipschitz` and `ulps` and leaves out aliasing
        raises     OperandError
        """
        values = self._values(features)
        result = self._on_grid(self.function(*values, *extra), values, "function")
        if not with_bound:
            return self.from_grid(result)
        if self.lipschitz is None:
            raise OperandError("with_bound: a bound needs Lipschitz constants; pass lipschitz=(...)")
        error = np.abs(result.astype(np.float64)) * (self.ulps * 2 * unit_roundoff(result.dtype))
        error += self.ulps * smallest(result.dtype)
        for constant, to, feature in zip(self.lipschitz, self.to_grid, features, strict=True):
            error += abs(constant) * to(feature, with_bound=True)[1]
        z, bound = self.from_grid(result, with_bound=True)
        total = (bound + self.from_grid.sizes(error)) * (1 + 2.0**-40)
        return z, np.where(np.isfinite(total), total, np.inf)

    def backward(
        self, *features: ArrayLike, grad: ArrayLike, extra: tuple[Any, ...] = ()
    ) -> tuple[Array, ...]:
        """Return the gradient with respect to each feature of a loss whose gradient in the result is `grad`.

        features, extra   as for the function
        grad              (..., (lmax_out + 1)^2)
        returns           arrays of the shapes of the features; extra inputs have none
        raises            OperandError
        """
        if self.derivatives is None:
            raise OperandError("backward: the derivatives of the function are not known; pass derivatives")
        values = self._values(features)
        incoming = self.from_grid.backward(grad)
        slopes = self.derivatives(*values, *extra)
        gradients = []
        for to, feature, slope in zip(self.to_grid, features, slopes, strict=True):
            local = self._on_grid(slope, values, "derivatives") * incoming
            total, _ = reduce_broadcast(to.backward(local), None, np.shape(feature))
            gradients.append(total)
        return tuple(gradients)


class SphereActivation(SphereFunction):
    """A nonlinearity of one feature, point by point on the grid; e3nn's `S2Activation`.

    lmax                 highest degree of the feature
    function             values -> values
    derivative           values -> values; needed for `backward`
    lmax_out, grid, ...  as `SphereFunction`; lipschitz is one number

    >>> square = SphereActivation(1, np.square, lambda f: 2 * f, lmax_out=2)
    >>> square([0.0, 0.0, 1.0, 0.0])[::6].round(6).tolist()
    [0.282095, 0.252313]
    """

    def __init__(
        self,
        lmax: int,
        function: Pointwise,
        derivative: Pointwise | None = None,
        *,
        lipschitz: float | None = None,
        **options: Any,
    ) -> None:
        derivatives = None if derivative is None else _Single(derivative)
        constants = None if lipschitz is None else (lipschitz,)
        super().__init__((lmax,), function, derivatives, lipschitz=constants, **options)


class _Single:
    """One derivative as a tuple of one; a class, so that it can be pickled."""

    def __init__(self, derivative: Pointwise) -> None:
        self.derivative = derivative

    def __call__(self, *values: Any) -> tuple[ArrayLike]:
        return (self.derivative(*values),)


class SeparableSphereActivation:
    """Scalars through an activation of their own, degrees above 0 from the grid, as in EquiformerV2.

    z_00 = scalar_function(scalars);  z_lm, l > 0, from SphereActivation(lmax, function)(x)
    [Liao, Wood, Das, Smidt 2024, section 4.3]

    >>> act = SeparableSphereActivation(1, np.tanh, np.square, lmax_out=1)
    >>> act(3.0, [0.0, 1.0, 2.0, -1.0])[0].item()
    9.0
    """

    def __init__(
        self,
        lmax: int,
        function: Pointwise,
        scalar_function: Pointwise,
        derivative: Pointwise | None = None,
        scalar_derivative: Pointwise | None = None,
        **options: Any,
    ) -> None:
        self.activation = SphereActivation(lmax, function, derivative, **options)
        self.scalar_function, self.scalar_derivative = scalar_function, scalar_derivative

    def __call__(self, scalars: ArrayLike, x: ArrayLike) -> Array:
        """Return (..., (lmax_out + 1)^2) for scalars (...) and features x (..., (lmax + 1)^2).

        raises   OperandError
        """
        z = self.activation(x)
        own = np.asarray(self.scalar_function(np.asarray(scalars)))
        if own.shape != z.shape[:-1]:
            raise OperandError(
                f"scalars: got shape {list(own.shape)}; one a feature are needed, {list(z.shape[:-1])}"
            )
        z[..., 0] = own
        return z

    def backward(self, scalars: ArrayLike, x: ArrayLike, grad: ArrayLike) -> tuple[Array, Array]:
        """Return the gradients with respect to the scalars and to x.

        raises   OperandError
        """
        if self.scalar_derivative is None:
            raise OperandError(
                "backward: the derivative of scalar_function is not known; pass scalar_derivative"
            )
        rest = np.array(grad)
        own = rest[..., 0] * np.asarray(self.scalar_derivative(np.asarray(scalars)))
        rest[..., 0] = 0
        return own, self.activation.backward(x, grad=rest)[0]
