"""Sphere functions: any function of features, point by point on a grid of the sphere, and back.

    z = FromGrid(lmax_out)(function(ToGrid(lmax)(x), ...))

The result turns with the features up to aliasing: a function that is a polynomial of degree n of features of
degree lmax is exact where grid.degree >= n lmax + lmax_out; any other has a tail of degrees above
grid.degree - lmax_out, and what the grid makes of that tail is the only loss. A finer grid shrinks it, as
fast as the coefficients of the function fall with their degree.

With a Lipschitz constant the rounding error is bounded, against the same quadrature in exact arithmetic, and
with one of the derivative that of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import prod
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.labels import listed, whole
from reptheory.kernels.bounds import smallest, unit_roundoff
from reptheory.operations.activations import named_activation
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.operands import (
    allocate,
    common_axes,
    incoming_gradient,
    named_last,
    one_operand,
    widest,
)
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.sphere_transforms import FromGrid, ToGrid

__all__ = ["SphereActivation", "SphereFunction", "finite_bound", "ulp"]

Array = NDArray[Any]
Bound = NDArray[np.float64]
Bounded = tuple[Array, Bound | None]
_Read = tuple[list[Array], tuple[int, ...], np.dtype[Any]]
"""Features (..., (lmax + 1)^2), with the leading axes and the dtype that they have in common."""
Pointwise = Callable[..., ArrayLike]

BLOCK = 1 << 17
"""Values on the grid that a function sees at a time: with those made of them within a second-level cache."""
_SLACK = 1 + 2.0**-40


class _GridFunction:
    """What `SphereFunction` and `SphereActivation` share: all but how gradients are handed out."""

    def __init__(
        self,
        lmaxs: Sequence[int],
        function: Pointwise,
        derivatives: Callable[..., Sequence[ArrayLike]] | None = None,
        *,
        lmax_out: int | None = None,
        grid: SphereGrid | None = None,
        lipschitz: Sequence[float] | None = None,
        slope_lipschitz: Sequence[Sequence[float]] | None = None,
        ulps: float = 4.0,
        threads: int | None = None,
    ) -> None:
        self.lmaxs = tuple(whole(lmax, "lmaxs") for lmax in listed(lmaxs, "lmaxs"))
        if not self.lmaxs:
            raise LabelError("lmaxs: got no degrees; give one a feature")
        self.lmax_out = max(self.lmaxs) if lmax_out is None else whole(lmax_out, "lmax_out")
        self.grid = SphereGrid(2 * max(self.lmaxs) + self.lmax_out) if grid is None else grid
        self.function, self.derivatives = function, derivatives
        self.lipschitz, self.slope_lipschitz, self.ulps = lipschitz, slope_lipschitz, ulps
        for name, constants in (("lipschitz", lipschitz), ("slope_lipschitz", slope_lipschitz)):
            if constants is not None and len(constants) != len(self.lmaxs):
                raise LabelError(
                    f"{name}: got {len(constants)} constants for {len(self.lmaxs)} features; give one each"
                )
        self.to_grid = tuple(ToGrid(lmax, self.grid, threads=threads) for lmax in self.lmaxs)
        self.from_grid = FromGrid(self.lmax_out, self.grid, threads=threads)

    def _read(self, features: tuple[ArrayLike, ...]) -> _Read:
        """Check the features, whatever their leading axes."""
        if len(features) != len(self.lmaxs):
            raise OperandError(f"features: got {len(features)}; this function takes {len(self.lmaxs)}")
        read = list(map(one_operand, features, *self._wanted))
        return read, *common_axes(self._wanted[0], read)

    @cached_property
    def _wanted(self) -> tuple[list[str], list[tuple[int, ...]], list[str]]:
        """The name of each feature, its last axes, and what they count."""
        count = len(self.lmaxs)
        names = ["x"] if count == 1 else [f"features[{k}]" for k in range(count)]
        return names, [to.shape_in for to in self.to_grid], [to.meaning for to in self.to_grid]

    def _values(self, features: Sequence[Array]) -> list[Array]:
        """Return the features on the grid, each with the leading axes it has."""
        return list(map(ToGrid._forward, self.to_grid, features))

    @cached_property
    def _block(self) -> int:
        """Samples that are on the grid at a time."""
        return max(64, BLOCK // prod(self.grid.shape))

    def _blocks(self, read: _Read, extra: tuple[Any, ...]) -> range | None:
        """Return where blocks of samples begin, None where all must be held at once."""
        features, shape, _ = read
        samples = prod(shape)
        if samples <= self._block or extra or any(one.shape[:-1] != shape for one in features):
            return None
        return range(0, samples, self._block)

    def _on_grid(self, result: ArrayLike, dtype: np.dtype[Any], name: str) -> Array:
        """Check what a function of the user returned, and give it the dtype of the features."""
        array = np.asarray(result)
        if array.dtype.kind != "f" or array.shape[-2:] != self.grid.shape:
            raise OperandError(
                f"{name}: it returned {array.dtype}{list(array.shape)}; it must return floats, one a point, "
                f"with the last axes {list(self.grid.shape)}"
            )
        return array.astype(dtype, copy=False)

    @overload
    def __call__(
        self, *features: ArrayLike, extra: tuple[Any, ...] = (), out: Array | None = None,
        with_bound: Literal[False] = False,
    ) -> Array: ...  # fmt: skip

    @overload
    def __call__(
        self, *features: ArrayLike, extra: tuple[Any, ...] = (), out: Array | None = None,
        with_bound: Literal[True],
    ) -> tuple[Array, NDArray[np.float64]]: ...  # fmt: skip

    def __call__(
        self, *features: ArrayLike, extra: tuple[Any, ...] = (), out: Array | None = None,
        with_bound: bool = False,
    ) -> Array | tuple[Array, NDArray[np.float64]]:  # fmt: skip
        """Return the coefficients of the function, and with `with_bound` a bound on their rounding errors.

        features   (..., (lmax + 1)^2) each; leading axes broadcast
        extra      what the function takes besides, handed on as it is
        out        array of the result's shape and dtype to write into; may overlap a feature
        returns    (..., (lmax_out + 1)^2); the bound assumes `lipschitz` and `ulps` and leaves out aliasing
        raises     OperandError
        """
        read = self._read(features)
        if with_bound:
            return self._with_bound(read, extra, out)
        given, shape, dtype = read
        blocks = self._blocks(read, extra)
        if blocks is None:
            return self._evaluated(given, dtype, extra, out)
        z, buffer = allocate(out, (*shape, *self.from_grid.shape_out), dtype, tuple(given))
        flat = [one.reshape(prod(shape), -1) for one in given]
        rows = buffer.reshape(prod(shape), -1)
        for start in blocks:
            part = slice(start, start + blocks.step)
            self._evaluated([one[part] for one in flat], dtype, (), rows[part])
        if buffer is not z:
            z[...] = buffer
        return z

    def _evaluated(
        self, features: Sequence[Array], dtype: np.dtype[Any], extra: tuple[Any, ...], out: Array | None
    ) -> Array:
        result = self.function(*self._values(features), *extra)
        z: Array = self.from_grid._forward(self._on_grid(result, dtype, "function"), out)
        return z

    def _with_bound(self, read: _Read, extra: tuple[Any, ...], out: Array | None) -> tuple[Array, Bound]:
        if self.lipschitz is None:
            raise OperandError("with_bound: a bound needs Lipschitz constants; pass lipschitz=(...)")
        given, _, dtype = read
        result = self._on_grid(self.function(*self._values(given), *extra), dtype, "function")
        error = self._drift(self.lipschitz, self._value_bounds(given))
        error = error + self.ulps * ulp(np.abs(result.astype(np.float64)), result.dtype)
        z, bound = self.from_grid(result, out=out, with_bound=True)
        return z, finite_bound(z, bound + self.from_grid.sizes(error))

    def _value_bounds(self, features: Sequence[Array]) -> list[Bound]:
        """Bound the errors of the features on the grid."""
        pairs = zip(self.to_grid, features, strict=True)
        return [to(feature, with_bound=True)[1] for to, feature in pairs]

    @staticmethod
    def _drift(constants: Sequence[float], bounds: Sequence[Bound]) -> Bound:
        """Bound how far a function with these Lipschitz constants moves when its arguments do."""
        total = np.zeros(np.broadcast_shapes(*(bound.shape for bound in bounds)))
        for constant, bound in zip(constants, bounds, strict=True):
            if constant:
                total = total + abs(constant) * bound
        return total

    def _pulled(
        self, features: tuple[ArrayLike, ...], grad: ArrayLike, extra: tuple[Any, ...], with_bound: bool
    ) -> tuple[tuple[Array, ...], tuple[Bound, ...]]:
        """Return the gradient of each feature, and with `with_bound` bounds on their errors."""
        if self.derivatives is None:
            raise OperandError("backward: the derivatives of the function are not known; pass derivatives")
        if with_bound and self.slope_lipschitz is None:
            raise OperandError("with_bound: a bound needs Lipschitz constants; pass slope_lipschitz=(...)")
        read = self._read(features)
        given, shape, dtype = read
        incoming = incoming_gradient(grad, (*shape, *self.from_grid.shape_out))
        blocks = None if with_bound else self._blocks(read, extra)
        if blocks is None:
            found = self._gradients(given, incoming, dtype, extra, with_bound=with_bound)
            values = tuple(value for value, _ in found)
            return values, tuple(limit for _, limit in found if limit is not None)
        flat = [one.reshape(prod(shape), -1) for one in (*given, incoming)]
        results = [np.empty(one.shape, widest([*given, incoming])) for one in flat[:-1]]
        for start in blocks:
            *parts, own = (one[start : start + blocks.step] for one in flat)
            found = self._gradients(parts, own, dtype, (), with_bound=False)
            for result, (value, _) in zip(results, found, strict=True):
                result[start : start + blocks.step] = value
        return tuple(result.reshape(one.shape) for result, one in zip(results, given, strict=True)), ()

    def _gradients(
        self,
        features: Sequence[Array],
        grad: Array,
        dtype: np.dtype[Any],
        extra: tuple[Any, ...],
        *,
        with_bound: bool,
    ) -> list[Bounded]:
        values = self._values(features)
        found = self.from_grid._backward(grad, with_bound=with_bound)
        incoming, incoming_bound = found if with_bound else (found, None)
        bounds = self._value_bounds(features) if with_bound else []
        gradients: list[Bounded] = []
        assert self.derivatives is not None  # noqa: S101
        for k, slope in enumerate(self.derivatives(*values, *extra)):
            own = self._on_grid(slope, dtype, "derivatives")
            local, error = own * incoming, None
            if incoming_bound is not None and self.slope_lipschitz is not None:
                drift = self._drift(self.slope_lipschitz[k], bounds)
                error = _product_error(own, drift, incoming, incoming_bound, local, self.ulps)
            gradients.append(self._returned(k, local, error, features[k].shape))
        return gradients

    def _returned(self, k: int, local: Array, error: Bound | None, shape: tuple[int, ...]) -> Bounded:
        """Take a gradient on the grid, with a bound on its error, back to feature k."""
        to = self.to_grid[k]
        if error is None:
            return reduce_broadcast(to._backward(local), None, shape)
        total, limit = to._backward(local, with_bound=True)
        limit = finite_bound(total, limit + to.sizes_backward(np.broadcast_to(error, local.shape)))
        return reduce_broadcast(total, limit, shape)


class SphereFunction(_GridFunction):
    """A function of the values of one or several features at each point of the grid.

    lmaxs         highest degree of each feature
    function      (values, ..., *extra) -> values, elementwise on arrays (..., rings, points)
    derivatives   likewise -> its partial derivative in each feature, a tuple; needed for `backward`
    lmax_out      highest degree of the result; None: the highest of the features
    grid          SphereGrid; None: exact for products of two of the features
    lipschitz     constants L with |f(u) - f(v)| <= sum L_k |u_k - v_k|, one a feature; needed for a bound
    slope_lipschitz   rows M_k with |f_k(u) - f_k(v)| <= sum M_kj |u_j - v_j|, f_k the derivative in feature
                  k; needed for a bound on gradients
    ulps          how many units in the last place of the features' dtype `function` is wrong by at most, and
                  `derivatives` too, or of 1 where theirs are smaller; for a bound
    threads       as `ToGrid`
    raises        LabelError

    Beyond operands and result a call holds blocks of 2^17 values on the grid, one for every feature and what
    the function makes of them; with `extra` inputs, bounds or broadcast features the values of all samples.

    >>> product = SphereFunction((1, 1), lambda f, g: f * g, lmax_out=2)
    >>> product([0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0])[::6].round(6).tolist()  # Y_10 squared
    [0.282095, 0.252313]
    """

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


class SphereActivation(_GridFunction):
    """A nonlinearity of one feature, point by point on the grid; e3nn's `S2Activation`.

    lmax                 highest degree of the feature
    function             values -> values; or a name, "tanh", "sigmoid", "silu", "softplus", "sin", "relu" or
                         "identity", with derivative and constants known
    derivative           values -> values; needed for `backward`
    lmax_out, grid, ...  as `SphereFunction`, and memory; lipschitz and slope_lipschitz are one number each

    >>> square = SphereActivation(1, np.square, lambda f: 2 * f, lmax_out=2)
    >>> square([0.0, 0.0, 1.0, 0.0])[::6].round(6).tolist()
    [0.282095, 0.252313]
    """

    def __init__(
        self,
        lmax: int,
        function: Pointwise | str,
        derivative: Pointwise | None = None,
        *,
        lipschitz: float | None = None,
        slope_lipschitz: float | None = None,
        **options: Any,
    ) -> None:
        if isinstance(function, str):
            function, derivative, lipschitz, slope_lipschitz = named_activation(function, derivative)
        derivatives = None if derivative is None else _Single(derivative)
        constants = None if lipschitz is None else (lipschitz,)
        slopes = None if slope_lipschitz is None else ((slope_lipschitz,),)
        super().__init__(
            (lmax,), function, derivatives, lipschitz=constants, slope_lipschitz=slopes, **options
        )

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


def ulp(size: Bound, dtype: np.dtype[Any]) -> Bound:
    """Bound a unit in the last place of numbers of that size."""
    return np.asarray(size * (2 * unit_roundoff(dtype)) + smallest(dtype))


def _product_error(
    slope: Array, drift: Bound, incoming: Array, incoming_bound: Bound, local: Array, ulps: float
) -> Bound:
    """Bound the error of slope times incoming, from how far the slope has drifted and its ulps."""
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(slope.astype(np.float64))
        drift = drift + ulps * ulp(np.maximum(size, 1.0), slope.dtype)
        rounded = ulp(np.abs(local.astype(np.float64)), local.dtype)
        other = np.abs(incoming.astype(np.float64)) + incoming_bound
        error = (drift * other + size * incoming_bound + rounded) * _SLACK
    return np.where(np.isfinite(error), error, np.inf)


def finite_bound(z: Array, bound: Bound) -> Bound:
    """Return a bound rounded upward; inf where it or the result is not finite."""
    return np.where(np.isfinite(z) & np.isfinite(bound), bound * _SLACK, np.inf)
