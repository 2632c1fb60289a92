"""Sphere transforms: features as functions on a grid of the sphere, and back.

    values = ToGrid(lmax, grid)(x)             values_ij = sum_lm Y_lm(point ij) x_lm
    x = FromGrid(lmax, grid)(values)           x_lm = sum_ij weight_ij Y_lm(point ij) values_ij

A function of degree b has its exact coefficients to lmax if b + lmax <= grid.degree; a function of higher
degree, such as most of those of a nonlinearity, is aliased: what quadrature makes of its degrees above
grid.degree - lmax is added. Both are linear, so the gradient is the transpose, with the same floats.
"""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError
from reptheory.groups.labels import whole
from reptheory.groups.o3 import Irreps
from reptheory.operations.broadcast import finite, write_rounded
from reptheory.operations.certified import Chain, certify, certify_gradients, inputs
from reptheory.operations.operands import (
    Accumulate,
    allocate,
    contiguous,
    one_operand,
    read_accumulate,
    thread_count,
)
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.sphere_maps import SphereMaps
from reptheory.operations.sphere_plan import SphereEngine, Transform

__all__ = ["FromGrid", "SphereTransform", "ToGrid"]

Array = NDArray[Any]
_Found = Array | tuple[Array, NDArray[np.float64]]
"""A result, and the bound on its error where that was asked for."""


class SphereTransform:
    """A linear map between coefficients (..., (lmax + 1)^2) and values (..., rings, points).

    Beyond operand and result a call holds tiles of samples, bounded a thread; to accumulate, both in float64.
    """

    _analysis: bool

    def __init__(
        self, lmax: int, grid: SphereGrid | None = None, *, accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:  # fmt: skip
        self.accumulate = read_accumulate(accumulate)
        self.lmax = whole(lmax, "lmax")
        self.grid = SphereGrid(2 * self.lmax) if grid is None else grid
        if not isinstance(self.grid, SphereGrid):
            raise LabelError(f"grid: got {grid!r}; give a SphereGrid, or None for the smallest exact one")
        self.irreps = Irreps.spherical_harmonics(self.lmax)
        self.threads = thread_count(threads)
        self._forward_engine = SphereEngine(Transform(self.lmax, self.grid, self._analysis, transposed=False))
        self._backward_engine = SphereEngine(Transform(self.lmax, self.grid, self._analysis, transposed=True))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engines behind: another process makes its own."""
        return {name: getattr(self, name) for name in ("lmax", "grid", "accumulate", "threads")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @cached_property
    def shape_in(self) -> tuple[int, ...]:
        """The last axes of what is transformed."""
        return self.grid.shape if self._analysis else (self.irreps.dim,)

    @cached_property
    def shape_out(self) -> tuple[int, ...]:
        """The last axes of the result."""
        return (self.irreps.dim,) if self._analysis else self.grid.shape

    @cached_property
    def meaning(self) -> str:
        """What the last axes of what is transformed count, for messages."""
        return "rings and points of the grid" if self._analysis else f"(lmax + 1)^2, lmax = {self.lmax}"

    @property
    def cost(self) -> int:
        """Multiplications of one transform."""
        return self._forward_engine.cost

    @overload
    def __call__(
        self, x: ArrayLike, *, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Array: ...

    @overload
    def __call__(
        self, x: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Array, NDArray[np.float64]]: ...

    def __call__(
        self, x: ArrayLike, *, out: Array | None = None, with_bound: bool = False
    ) -> Array | tuple[Array, NDArray[np.float64]]:
        """Return the transform, and with `with_bound` a bound on its error elementwise.

        x         (..., *shape_in) float32 or float64
        out       (..., *shape_out) array of the result's dtype to write into; may overlap x
        returns   (..., *shape_out); the bound is float64, inf where the result is not finite
        raises    OperandError
        """
        array = one_operand(x, "x", self.shape_in, self.meaning)
        found: _Found = self._forward(array, out, with_bound=with_bound)
        return found

    def _forward(self, x: Array, out: Array | None = None, *, with_bound: bool = False) -> Any:
        """Return what a call returns for an array that was checked."""
        leading = x.shape[: x.ndim - len(self.shape_in)]
        return self._run(self._forward_engine, x, (*leading, *self.shape_out), out, with_bound)

    @overload
    def backward(self, grad: ArrayLike, *, with_bound: Literal[False] = False) -> Array: ...

    @overload
    def backward(
        self, grad: ArrayLike, *, with_bound: Literal[True]
    ) -> tuple[Array, NDArray[np.float64]]: ...

    def backward(
        self, grad: ArrayLike, *, with_bound: bool = False
    ) -> Array | tuple[Array, NDArray[np.float64]]:
        """Return the gradient with respect to x of a loss whose gradient in the result is `grad`.

        grad      (..., *shape_out)
        returns   (..., *shape_in), with `with_bound` also a bound on its error
        raises    OperandError
        """
        array = one_operand(grad, "grad", self.shape_out, "the shape of the result")
        found: _Found = self._backward(array, with_bound=with_bound)
        return found

    def _backward(self, grad: Array, *, with_bound: bool = False) -> Any:
        """Return what `backward` returns for an array that was checked."""
        leading = grad.shape[: grad.ndim - len(self.shape_out)]
        return self._run(self._backward_engine, grad, (*leading, *self.shape_in), None, with_bound)

    def certificate(self, x: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        """Bound |z - exact transform| elementwise, tightly, for any z.

        x         as for the transform
        z         (..., *shape_out) float32 or float64, a claimed result
        returns   (..., *shape_out) float64; inf where z or the result is not finite
        raises    OperandError
        """
        array = one_operand(x, "x", self.shape_in, "the shape of what is transformed")
        leading = array.shape[: array.ndim - len(self.shape_in)]
        return certify(self, (x,), z, (*leading, *self.shape_out), lambda: self._chain(array, leading))

    def backward_certificate(self, grad: ArrayLike, gradient: ArrayLike) -> NDArray[np.float64]:
        """Bound the error of a gradient elementwise, tightly, for any that `backward` may claim.

        grad       as for `backward`
        gradient   (..., *shape_in) float32 or float64
        returns    (..., *shape_in) float64; inf where something is not finite
        raises     OperandError
        """
        array = one_operand(grad, "grad", self.shape_out, "the shape of the result")
        leading = array.shape[: array.ndim - len(self.shape_out)]
        zero = np.zeros((*leading, *self.shape_in))

        def backward(_: object, grad: ArrayLike, *, with_bound: Literal[True]) -> Any:
            value, limit = self.backward(grad, with_bound=with_bound)
            return (value,), (limit,)

        found = certify_gradients(backward, (zero,), array, (gradient,), lambda: self._chain(zero, leading))[
            0
        ]
        return np.asarray(found)

    def _chain(self, x: Array, leading: tuple[int, ...]) -> Chain:
        maps = self._maps
        of = maps.from_grid if self._analysis else maps.to_grid
        rows = x.reshape(*leading, prod(self.shape_in))
        return Chain(of, inputs((rows,), leading), prod(self.shape_out), maps.terms, threads=self.threads)

    @cached_property
    def _maps(self) -> SphereMaps:
        return SphereMaps(self.lmax, self.grid)

    def _run(
        self, engine: SphereEngine, array: Array, shape: tuple[int, ...], out: Array | None, with_bound: bool
    ) -> _Found:
        given = contiguous(array, array.dtype)
        if self.accumulate and given.dtype != np.float64:
            return self._rounded(engine, given, shape, out, with_bound)
        z, buffer = allocate(out, shape, given.dtype, (given,))
        engine.run(given, buffer, self.threads)
        bound = self._bound(engine, given, buffer) if with_bound else None
        if buffer is not z:
            z[...] = buffer
        return z if bound is None else (z, bound)

    @staticmethod
    def _bound(engine: SphereEngine, given: Array, z: Array) -> NDArray[np.float64]:
        """Bound the error of z, what the engine makes of a C-contiguous array."""
        rows = given.reshape(given.size // engine.dim_in, engine.dim_in)
        with np.errstate(over="ignore", invalid="ignore"):
            limit = engine.bound(rows, given.dtype).reshape(z.shape)
        return finite(z, limit)

    def _rounded(
        self, engine: SphereEngine, given: Array, shape: tuple[int, ...], out: Array | None, with_bound: bool
    ) -> _Found:
        """Do what `_run` says in float64, and round once."""
        found = self._run(engine, given.astype(np.float64), shape, None, with_bound)
        wide, bound = found if isinstance(found, tuple) else (found, None)
        z, _ = allocate(out, shape, given.dtype, ())
        write_rounded(wide, z, bound)
        return z if bound is None else (z, bound)

    def sizes(self, errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bound what errors of the input, at most (..., *shape_in), do to each output: sum |A| errors."""
        return self._sizes(self._forward_engine, errors, self.shape_in, self.shape_out)

    def sizes_backward(self, errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bound what errors of a gradient, at most (..., *shape_out), do to the one in x."""
        return self._sizes(self._backward_engine, errors, self.shape_out, self.shape_in)

    @staticmethod
    def _sizes(
        engine: SphereEngine, errors: NDArray[np.float64], given: tuple[int, ...], out: tuple[int, ...]
    ) -> NDArray[np.float64]:
        leading = errors.shape[: errors.ndim - len(given)]
        rows = np.require(errors, np.float64, ["C", "A"]).reshape(prod(leading), engine.dim_in)
        with np.errstate(over="ignore", invalid="ignore"):
            found = engine.sizes(rows, np.dtype(np.float64))
        return found.reshape(*leading, *out)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.lmax}, {self.grid!r})"


class ToGrid(SphereTransform):
    """Values of features at the points of a grid; e3nn's `ToS2Grid`.

    lmax         highest degree, an int >= 0
    grid         SphereGrid; None: the smallest from which `FromGrid` returns every feature
    accumulate   "float64": float32 values are computed in float64 and rounded once at the end
    threads      None: as many as the work is worth; an int: at most that many
    raises       LabelError

    >>> ToGrid(0)([2.0]).round(6).tolist()  # 2 Y_00 = 1 / sqrt(pi)
    [[0.56419, 0.56419, 0.56419, 0.56419], [0.56419, 0.56419, 0.56419, 0.56419]]
    """

    _analysis = False


class FromGrid(SphereTransform):
    """Coefficients of functions given at the points of a grid, by quadrature; e3nn's `FromS2Grid`.

    lmax, grid, accumulate, threads   as `ToGrid`
    raises                            LabelError: not even a constant has its exact coefficients on the grid

    >>> grid = SphereGrid(2)
    >>> FromGrid(1, grid)(grid.directions[..., 2]).round(6).tolist()  # z = sqrt(4 pi / 3) Y_10
    [0.0, 0.0, 2.046653, 0.0]
    """

    _analysis = True

    def __init__(
        self, lmax: int, grid: SphereGrid | None = None, *, accumulate: Accumulate | None = None,
        threads: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(lmax, grid, accumulate=accumulate, threads=threads)
        if self.band_limit < 0:
            raise LabelError(
                f"grid: got {self.grid!r}; coefficients to lmax = {self.lmax} need a grid of degree "
                f"{self.lmax} at least, {2 * self.lmax} for features of that degree"
            )

    @property
    def band_limit(self) -> int:
        """The highest degree of a function whose coefficients come out exactly."""
        return self.grid.degree - self.lmax
