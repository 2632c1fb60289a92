"""Sphere functions: any function of features, point by point on a grid of the sphere, and back.

    z = FromGrid(lmax_out)(function(ToGrid(lmax)(x), ...))

The result turns with the features up to aliasing: a function that is a polynomial of degree n of features of
degree lmax is exact where grid.degree >= n lmax + lmax_out; any other has a tail of degrees above
grid.degree - lmax_out, and what the grid makes of that tail is the only loss. A finer grid shrinks it, as
fast as the coefficients of the function fall with their degree. Inversion it obeys exactly.

With a Lipschitz constant the rounding error is bounded, against the same quadrature in exact arithmetic, and
with one of the derivative that of the gradient.
"""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.groups.o3 import Irreps
from reptheory.operations.activations import named_activation
from reptheory.operations.grid_function import GridFunction, Pointwise
from reptheory.operations.operands import named_last

__all__ = ["SphereActivation", "SphereFunction"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


class SphereFunction(GridFunction):
    """A function of the values of one or several features at each point of the grid.

    lmaxs         highest degree of each feature, or its irreps, one copy of each degree: "0e + 1o + 2e", or
                  of a pseudo-signal "0o + 1e + 2o", which inversion takes to -f(-r)
    function      (values, ..., *extra) -> values, elementwise: arrays (..., rings, points) to one of the
                  same shape, each number from those at its place alone; what `...` counts is not said
    derivatives   likewise -> its partial derivative in each feature, a tuple; needed for `backward`
    channels      of a function that is not elementwise but mixes the last leading axis: how many channels it
                  takes and makes, or one int for both; it is then given arrays (..., channels[0], rings,
                  points), all channels of a sample, and returns (..., channels[1], rings, points)
    pullback      (values, ..., *extra, grad) -> the gradient in the values of each feature, a tuple, of a
                  loss whose gradient in the function's values is grad; needed for `backward` with channels
    lmax_out      highest degree of the result; None: the highest of the features
    grid          SphereGrid; None: exact for products of two of the features
    parity        where features are pseudo-signals: 1 or -1, the factor of the function's value when these
                  change sign; None: found by trying
    lipschitz     constants L with |f(u) - f(v)| <= sum L_k |u_k - v_k|, one a feature; needed for a bound;
                  where channels are mixed of the largest difference among them
    slope_lipschitz   rows M_k with |f_k(u) - f_k(v)| <= sum M_kj |u_j - v_j|, f_k the derivative in feature
                  k; needed for a bound on gradients, of which a pullback has none
    ulps          how many units in the last place of the features' dtype `function` is wrong by at most, and
                  `derivatives` too, or of 1 where theirs are smaller; for a bound
    threads       as `ToGrid`
    raises        LabelError: also a function of pseudo-signals that is neither even nor odd in them

    Beyond operands and result a call holds blocks of 2^17 values on the grid, one for every feature and what
    the function makes of them; with `extra` inputs, bounds or broadcast features the values of all samples.

    >>> product = SphereFunction((1, 1), lambda f, g: f * g, lmax_out=2)
    >>> product([0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0])[::6].round(6).tolist()  # Y_10 squared
    [0.282095, 0.252313]
    """

    @property
    def irreps_in(self) -> tuple[Irreps, ...]:
        """The irreps of each feature, of one channel."""
        return self._signals.irreps

    @property
    def dims(self) -> tuple[int, ...]:
        """The dimension of each feature."""
        return tuple(irreps.dim for irreps in self._signals.irreps)

    @overload
    def backward(
        self, *features: ArrayLike, grad: ArrayLike | None = None, extra: tuple[Any, ...] = (),
        with_bound: Literal[False] = False,
    ) -> tuple[Array, ...]: ...  # fmt: skip

    @overload
    def backward(
        self, *features: ArrayLike, grad: ArrayLike | None = None, extra: tuple[Any, ...] = (),
        with_bound: Literal[True],
    ) -> tuple[tuple[Array, ...], tuple[Bound, ...]]: ...  # fmt: skip

    def backward(
        self, *features: ArrayLike, grad: ArrayLike | None = None, extra: tuple[Any, ...] = (),
        with_bound: bool = False,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Return the gradient with respect to each feature of a loss whose gradient in the result is `grad`.

        features, extra   as for the function
        grad              (..., (lmax_out + 1)^2), the shape of the result; behind the features, or by name
        returns           a tuple of arrays of the shapes of the features; extra inputs have none; with
                          `with_bound` also bounds on their errors, assuming `slope_lipschitz`, `ulps`
        raises            OperandError
        """
        given, (incoming,) = named_last(features, grad=grad)
        values, limits = self._pulled(given, incoming, extra, with_bound)
        return (values, limits) if with_bound else values


class SphereActivation(GridFunction):
    """A nonlinearity of one feature, point by point on the grid; e3nn's `S2Activation`.

    lmax                 highest degree of the feature, or its irreps, as for `SphereFunction`
    function             values -> values; or a name, "tanh", "sigmoid", "silu", "softplus", "sin", "relu" or
                         "identity", with derivative and constants known
    derivative           values -> values; needed for `backward`
    lmax_out, grid, ...  as `SphereFunction`, and memory; lipschitz and slope_lipschitz are one number each,
                         and pullback returns an array

    e3nn multiplies the function by normalize2mom's constant, and degree l on the way to its grid by s_l =
    sqrt(4 pi / ((2 l + 1) (lmax + 1))), "component", or sqrt(4 pi / (lmax + 1)), "norm", and divides by it on
    the way back: its result is `constant * activation(s * x) / s` up to aliasing, as its grid is another.

    >>> square = SphereActivation(1, np.square, lambda f: 2 * f, lmax_out=2)
    >>> square([0.0, 0.0, 1.0, 0.0])[::6].round(6).tolist()
    [0.282095, 0.252313]
    """

    def __init__(
        self,
        lmax: int | Irreps | str,
        function: Pointwise | str,
        derivative: Pointwise | None = None,
        *,
        pullback: Pointwise | None = None,
        lipschitz: float | None = None,
        slope_lipschitz: float | None = None,
        **options: Any,
    ) -> None:
        if isinstance(function, str):
            function, derivative, lipschitz, slope_lipschitz = named_activation(function, derivative)
        constants = None if lipschitz is None else (lipschitz,)
        slopes = None if slope_lipschitz is None else ((slope_lipschitz,),)
        super().__init__(
            (lmax,), function, _single(derivative), pullback=_single(pullback),
            lipschitz=constants, slope_lipschitz=slopes, **options,
        )  # fmt: skip
        (self.irreps_in,) = self._signals.irreps
        self.dim_in = self.irreps_in.dim

    @overload
    def backward(
        self, x: ArrayLike, grad: ArrayLike, *, extra: tuple[Any, ...] = (),
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def backward(
        self, x: ArrayLike, grad: ArrayLike, *, extra: tuple[Any, ...] = (), with_bound: Literal[True]
    ) -> tuple[Array, Bound]: ...

    def backward(
        self, x: ArrayLike, grad: ArrayLike, *, extra: tuple[Any, ...] = (), with_bound: bool = False
    ) -> Array | tuple[Array, Bound]:
        """Return the gradient with respect to x of a loss whose gradient in the result is `grad`.

        x, extra   as for the activation
        grad       (..., (lmax_out + 1)^2), the shape of the result
        returns    an array of the shape of x; with `with_bound` also a bound on its error, assuming
                   `slope_lipschitz`, `ulps`
        raises     OperandError
        """
        values, limits = self._pulled((x,), grad, extra, with_bound)
        return (values[0], limits[0]) if with_bound else values[0]


class _Single:
    """One derivative as a tuple of one; a class, so that it can be pickled."""

    def __init__(self, derivative: Pointwise) -> None:
        self.derivative = derivative

    def __call__(self, *values: Any) -> tuple[ArrayLike]:
        return (self.derivative(*values),)


def _single(derivative: Pointwise | None) -> _Single | None:
    return None if derivative is None else _Single(derivative)
