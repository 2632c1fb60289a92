"""Grid function: a function of features, point by point on a grid of the sphere, and its gradients.

What `SphereFunction` and `SphereActivation` share: all but how gradients are handed out. Samples pass the
grid in blocks, cut along the leading axes; channels of a function that mixes them stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import prod
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.errors import LabelError, OperandError
from reptheory.groups.labels import count, listed, shown, whole
from reptheory.groups.o3 import Irreps
from reptheory.operations.broadcast import reduce_broadcast
from reptheory.operations.grid_errors import drift, finite_bound, product_error, value_error
from reptheory.operations.operands import allocate, common_axes, incoming_gradient, one_operand, widest
from reptheory.operations.sphere_grid import SphereGrid
from reptheory.operations.sphere_parity import read_signals, tried_parity
from reptheory.operations.sphere_transforms import FromGrid, ToGrid

__all__ = ["GridFunction", "Pointwise", "checked", "shown_function"]

Array = NDArray[Any]
Bound = NDArray[np.float64]
Bounded = tuple[Array, Bound | None]
Shape = tuple[int, ...]
Pointwise = Callable[..., ArrayLike]
Several = Callable[..., Sequence[ArrayLike]]
_Read = tuple[list[Array], Shape, np.dtype[Any]]
"""Features (..., (lmax + 1)^2), with the leading axes and the dtype that they have in common."""

BLOCK = 1 << 17
"""Values on the grid that a function sees at a time: with those made of them within a second-level cache."""


class GridFunction:
    """A function of features on the grid; arguments as for `SphereFunction`."""

    def __init__(
        self,
        lmaxs: Sequence[int | Irreps | str],
        function: Pointwise,
        derivatives: Several | None = None,
        *,
        channels: int | tuple[int, int] | None = None,
        pullback: Several | None = None,
        lmax_out: int | None = None,
        grid: SphereGrid | None = None,
        parity: Literal[1, -1] | None = None,
        lipschitz: Sequence[float] | None = None,
        slope_lipschitz: Sequence[Sequence[float]] | None = None,
        ulps: float = 4.0,
        threads: int | None = None,
    ) -> None:
        self._signals = read_signals(lmaxs, "lmaxs")
        self.lmaxs = self._signals.lmaxs
        self.lmax_out = max(self.lmaxs) if lmax_out is None else whole(lmax_out, "lmax_out")
        self.grid = SphereGrid(2 * max(self.lmaxs) + self.lmax_out) if grid is None else grid
        self.function, self.derivatives, self.pullback = function, derivatives, pullback
        self.channels = _channels(channels, derivatives, pullback)
        self.lipschitz, self.slope_lipschitz, self.ulps = lipschitz, slope_lipschitz, ulps
        for name, constants in (("lipschitz", lipschitz), ("slope_lipschitz", slope_lipschitz)):
            if constants is not None and len(constants) != len(self.lmaxs):
                raise LabelError(
                    f"{name}: got {len(constants)} constants for {len(self.lmaxs)} features; give one each"
                )
        self.to_grid = tuple(ToGrid(lmax, self.grid, threads=threads) for lmax in self.lmaxs)
        self.from_grid = FromGrid(self.lmax_out, self.grid, threads=threads)
        self.irreps_out = self._signals.result(self.lmax_out, self._parity(parity))
        self.dim_out = self.irreps_out.dim

    def _parity(self, given: Literal[1, -1] | None) -> int:
        """Return what inversion does to the value of the result."""
        if given not in (None, 1, -1):
            raise LabelError(f"parity: got {shown(given)}; give 1 (even), -1 (odd), or None to have it tried")
        if -1 not in self._signals.p_vals:
            return 1
        shape = (8, *(self.channels or ())[:1], *self.grid.shape)
        p_vals = self._signals.p_vals
        return given or tried_parity(self.function, [shape] * len(p_vals), p_vals, "function")

    @property
    def cost(self) -> int:
        """Multiplications of the transforms of a sample, all its channels, without those of the function."""
        given, made = self.channels or (1, 1)
        return given * sum(to.cost for to in self.to_grid) + made * self.from_grid.cost

    def _read(self, features: tuple[ArrayLike, ...]) -> _Read:
        """Check the features, whatever their leading axes."""
        if len(features) != len(self.lmaxs):
            raise OperandError(f"features: got {len(features)}; this function takes {len(self.lmaxs)}")
        read = list(map(one_operand, features, *self._wanted))
        return read, *common_axes(self._wanted[0], read)

    @cached_property
    def _wanted(self) -> tuple[list[str], list[Shape], list[str]]:
        """The name of each feature, its last axes, and what they count."""
        number = len(self.lmaxs)
        names = ["x"] if number == 1 else [f"features[{k}]" for k in range(number)]
        own, word = ((), "") if self.channels is None else (self.channels[:1], "channels and ")
        shapes = [(*own, *to.shape_in) for to in self.to_grid]
        return names, shapes, [word + to.meaning for to in self.to_grid]

    def _made(self, shape: Shape) -> Shape:
        """Return the leading axes of the result for those of the features."""
        return shape if self.channels is None else (*shape[:-1], self.channels[1])

    def _values(self, features: Sequence[Array]) -> list[Array]:
        """Return the features on the grid, each with the leading axes it has."""
        return list(map(ToGrid._forward, self.to_grid, features))

    @cached_property
    def _block(self) -> int:
        """Features, or results if there are more, that are on the grid at a time."""
        return max(64, BLOCK // prod(self.grid.shape))

    def _blocks(self, read: _Read, extra: tuple[Any, ...]) -> tuple[int, list[slice]]:
        """Return how many leading axes are joined and cut, and the blocks; none where all are held at once.

        As few as will do: functions see the others as they are, those that mix channels the last one always.
        """
        features, shape, _ = read
        made = self._made(shape)
        if max(prod(shape), prod(made)) <= self._block:
            return 0, []
        if extra or any(one.shape[:-1] != shape for one in features):
            return 0, []
        rests = [max(prod(shape[axis:]), prod(made[axis:])) for axis in range(len(shape) + 1)]
        most = len(shape) if self.channels is None else len(shape) - 1
        joined = next((axis for axis in range(most) if rests[axis] <= self._block), most)
        step = max(1, self._block // rests[joined])
        return joined, [slice(start, start + step) for start in range(0, prod(shape[:joined]), step)]

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

        features   (..., (lmax + 1)^2) each, (..., channels[0], (lmax + 1)^2) where channels are mixed;
                   leading axes broadcast
        extra      what the function takes besides, handed on as it is
        out        array of the result's shape and dtype to write into; may overlap a feature
        returns    (..., (lmax_out + 1)^2), or (..., channels[1], (lmax_out + 1)^2); the bound assumes
                   `lipschitz` and `ulps` and leaves out aliasing
        raises     OperandError
        """
        read = self._read(features)
        if with_bound:
            return self._with_bound(read, extra, out)
        joined, blocks = self._blocks(read, extra)
        if not blocks:
            return self._evaluated(read, extra, out)
        given, shape, dtype = read
        z, buffer = allocate(out, (*self._made(shape), self.dim_out), dtype, tuple(given))
        *flat, rows = _joined([*given, buffer], joined)
        for part in blocks:
            own = [one[part] for one in flat]
            self._evaluated((own, own[0].shape[:-1], dtype), (), rows[part])
        if buffer is not z:
            z[...] = buffer
        return z

    def _evaluated(self, read: _Read, extra: tuple[Any, ...], out: Array | None) -> Array:
        z: Array = self.from_grid._forward(self._result(read, extra), out)
        return z

    def _result(self, read: _Read, extra: tuple[Any, ...]) -> Array:
        """Return the function of the features on the grid, checked."""
        features, shape, dtype = read
        result = self.function(*self._values(features), *extra)
        return checked(result, (*self._made(shape), *self.grid.shape), dtype, "function")

    def _with_bound(self, read: _Read, extra: tuple[Any, ...], out: Array | None) -> tuple[Array, Bound]:
        if self.lipschitz is None:
            raise OperandError("with_bound: a bound needs Lipschitz constants; pass lipschitz=(...)")
        result = self._result(read, extra)
        error = value_error(result, drift(self.lipschitz, self._value_bounds(read[0])), self.ulps)
        z, bound = self.from_grid(result, out=out, with_bound=True)
        return z, finite_bound(z, bound + self.from_grid.sizes(error))

    def _value_bounds(self, features: Sequence[Array]) -> list[Bound]:
        """Bound the errors of the features on the grid; where channels are mixed, the largest of them."""
        pairs = zip(self.to_grid, features, strict=True)
        bounds = [to(feature, with_bound=True)[1] for to, feature in pairs]
        return bounds if self.channels is None else [one.max(axis=-3, keepdims=True) for one in bounds]

    def _pulled(
        self, features: tuple[ArrayLike, ...], grad: ArrayLike, extra: tuple[Any, ...], with_bound: bool
    ) -> tuple[tuple[Array, ...], tuple[Bound, ...]]:
        """Return the gradient of each feature, and with `with_bound` bounds on their errors."""
        if with_bound and self.channels is not None:
            raise OperandError("with_bound: gradients by a pullback have no bound; ask for them without")
        if with_bound and self.slope_lipschitz is None:
            raise OperandError("with_bound: a bound needs Lipschitz constants; pass slope_lipschitz=(...)")
        read = self._read(features)
        given, shape, dtype = read
        incoming = incoming_gradient(grad, (*self._made(shape), self.dim_out))
        joined, blocks = (0, []) if with_bound else self._blocks(read, extra)
        if not blocks:
            found = self._gradients(read, incoming, extra, with_bound=with_bound)
            values = tuple(value for value, _ in found)
            return values, tuple(limit for _, limit in found if limit is not None)
        flat = _joined([*given, incoming], joined)
        results = [np.empty(one.shape, widest([*given, incoming])) for one in flat[:-1]]
        for part in blocks:
            *parts, own = (one[part] for one in flat)
            found = self._gradients((parts, parts[0].shape[:-1], dtype), own, (), with_bound=False)
            for result, (value, _) in zip(results, found, strict=True):
                result[part] = value
        return tuple(result.reshape(one.shape) for result, one in zip(results, given, strict=True)), ()

    def _gradients(
        self, read: _Read, grad: Array, extra: tuple[Any, ...], *, with_bound: bool
    ) -> list[Bounded]:
        features, _, _ = read
        values = self._values(features)
        if with_bound:
            incoming, limit = self.from_grid._backward(grad, with_bound=True)
            found = self._local(read, values, incoming, extra, (limit, self._value_bounds(features)))
        else:
            found = self._local(read, values, self.from_grid._backward(grad), extra, None)
        return [self._returned(k, *one, features[k].shape) for k, one in enumerate(found)]

    def _local(
        self,
        read: _Read,
        values: list[Array],
        incoming: Array,
        extra: tuple[Any, ...],
        bounds: tuple[Bound, list[Bound]] | None,
    ) -> list[Bounded]:
        """Return the gradients in the values of each feature, from that in the values of the result.

        bounds   on the errors of incoming, and of the values of each feature
        """
        shape, dtype = (*read[1], *self.grid.shape), read[2]
        if self.pullback is not None:
            found = self._one_each(self.pullback(*values, *extra, incoming), "pullback")
            wide = widest([*values, incoming])
            return [(checked(one, shape, wide, "pullback"), None) for one in found]
        if self.derivatives is None:
            way = "derivatives" if self.channels is None else "pullback"
            raise OperandError(f"backward: the derivatives of the function are not known; pass {way}")
        gradients: list[Bounded] = []
        for k, one in enumerate(self._one_each(self.derivatives(*values, *extra), "derivatives")):
            own = checked(one, shape, dtype, "derivatives", shared=True)
            with np.errstate(over="ignore", invalid="ignore"):
                local, error = own * incoming, None
            if bounds is not None and self.slope_lipschitz is not None:
                moved = drift(self.slope_lipschitz[k], bounds[1])
                error = product_error(own, moved, incoming, bounds[0], local, self.ulps)
            gradients.append((local, error))
        return gradients

    def _one_each(self, found: Sequence[ArrayLike], name: str) -> Sequence[ArrayLike]:
        """Check that a function of the user returned one array a feature."""
        if not isinstance(found, tuple | list) or len(found) != len(self.lmaxs):
            got = f"{len(found)} arrays" if isinstance(found, tuple | list) else type(found).__name__
            raise OperandError(
                f"{name}: it returned {got}; it must return a tuple of one array a feature, {len(self.lmaxs)}"
            )
        return found

    def _returned(self, k: int, local: Array, error: Bound | None, shape: Shape) -> Bounded:
        """Take a gradient on the grid, with a bound on its error, back to feature k."""
        to = self.to_grid[k]
        if error is None:
            return reduce_broadcast(to._backward(local), None, shape)
        total, limit = to._backward(local, with_bound=True)
        limit = finite_bound(total, limit + to.sizes_backward(np.broadcast_to(error, local.shape)))
        return reduce_broadcast(total, limit, shape)

    def __repr__(self) -> str:
        irreps = ", ".join(map(str, self._signals.irreps))
        mixed = "" if self.channels is None else f", channels {self.channels[0]} -> {self.channels[1]}"
        name = shown_function(self.function)
        return f"{type(self).__name__}({irreps} -> {self.irreps_out}{mixed} | {name} on {self.grid!r})"


def _joined(arrays: Sequence[Array], axes: int) -> list[Array]:
    """Return arrays with so many leading axes as one."""
    return [one.reshape(prod(one.shape[:axes]), *one.shape[axes:]) for one in arrays]


def shown_function(function: object) -> str:
    """Return the name of a function for people."""
    return str(getattr(function, "__name__", type(function).__name__)).lstrip("_")


def checked(
    result: ArrayLike, shape: Shape, dtype: np.dtype[Any], name: str, *, shared: bool = False
) -> Array:
    """Check what a function of the user returned, and give it the dtype of what it was given.

    shared   leading axes may be missing or 1, one value for all
    """
    array = np.asarray(result)
    fits = array.shape == shape or (
        shared
        and array.shape[-2:] == shape[-2:]
        and array.ndim <= len(shape)
        and all(one in (1, length) for one, length in zip(array.shape[::-1], shape[::-1], strict=False))
    )
    if array.dtype.kind != "f" or not fits:
        raise OperandError(
            f"{name}: it returned {array.dtype}{list(array.shape)}; it must return floats of the shape "
            f"{list(shape)}, one for each that it takes; declare a function that mixes channels by channels="
        )
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        return array.astype(dtype)


def _channels(given: object, derivatives: object, pullback: object) -> tuple[int, int] | None:
    """Read how many channels a function takes and makes; None where it treats each alone."""
    if given is None:
        if pullback is not None:
            raise LabelError(
                "pullback: it is for functions that mix channels; pass channels=, or derivatives"
            )
        return None
    if derivatives is not None:
        raise LabelError("derivatives: a function that mixes channels has none; pass pullback")
    pair = listed(given, "channels") if isinstance(given, tuple | list) else [given, given]
    numbers = [count(one, "channels") for one in pair]
    if len(numbers) != 2 or not all(numbers):
        raise LabelError(f"channels: got {shown(given)}; give an int >= 1, or two: taken and made")
    return numbers[0], numbers[1]
