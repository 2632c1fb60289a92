"""Broadcast: the gradient of an operand that was repeated is the sum over its repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import gamma, upward
from reptheory.operations.engines import final_rounding

__all__ = ["Bound", "Bounded", "finite", "reduce_broadcast", "rounded_gradients", "total", "write_rounded"]

Bound = NDArray[np.float64]
Bounded = tuple[NDArray[Any], Bound | None]
"""A result and the bound on its error, None where nobody asked for it."""


def reduce_broadcast(gradient: NDArray[Any], bound: Bound | None, shape: tuple[int, ...]) -> Bounded:
    """Sum a gradient, and its bound, over the axes along which an operand of `shape` was broadcast.

    Sums run in float64. Their n terms add gamma_{n-1} sum |term| to the sum of their bounds
    [Higham 2002, (4.4)], and a float32 result adds the last rounding.
    """
    if gradient.shape == shape:
        return gradient, bound
    if gradient.size == prod(shape):  # axes of length 1
        return gradient.reshape(shape), None if bound is None else bound.reshape(shape)
    extra = gradient.ndim - len(shape)
    axes = tuple(
        axis
        for axis, length in enumerate(gradient.shape)
        if axis < extra or (shape[axis - extra] == 1 and length != 1)
    )
    if not axes:
        return gradient, bound
    with np.errstate(over="ignore", invalid="ignore"):
        summed = gradient.sum(axis=axes, dtype=np.float64).reshape(shape).astype(gradient.dtype)
        if bound is None:
            return summed, None
        terms = prod(gradient.shape[axis] for axis in axes)
        size = np.abs(gradient).sum(axis=axes, dtype=np.float64).reshape(shape)
        limit = bound.sum(axis=axes).reshape(shape) + gamma(max(terms - 1, 0), np.float64) * size
        if gradient.dtype != np.float64:
            limit = limit + final_rounding(summed)
        limit = upward(limit, terms + 3)
    return summed, finite(summed, limit)


def total(value: NDArray[Any], limit: Bound | None, shape: tuple[int, ...], own: tuple[int, ...]) -> Bounded:
    """Sum a gradient of one row a sample over the axes along which an operand of shape `own` was repeated."""
    limit = None if limit is None else finite(value, limit)
    if value.shape == own:
        return value, limit
    wide = (*shape, value.shape[-1])
    return reduce_broadcast(value.reshape(wide), None if limit is None else limit.reshape(wide), own)


def finite(result: NDArray[Any], bound: NDArray[Any]) -> Bound:
    """Return a bound, inf where it or the result is not finite."""
    return np.where(np.isfinite(result) & np.isfinite(bound), bound, np.inf)


def write_rounded(wide: NDArray[Any], z: NDArray[Any], bound: Bound | None) -> None:
    """Round a float64 result into z, and add that rounding to the bound on its errors."""
    with np.errstate(over="ignore", invalid="ignore"):
        z[...] = wide
        if bound is not None:
            bound += final_rounding(z)
            bound *= 1 + 2.0**-48


def rounded_gradients(
    wide: Sequence[NDArray[Any] | None], limits: Sequence[Bound | None] | None, dtype: np.dtype[Any]
) -> list[Any]:
    """Return float64 gradients rounded to a dtype, and add that rounding to the bounds on their errors."""
    values = [None if one is None else np.empty(one.shape, dtype) for one in wide]
    for one, value, limit in zip(wide, values, limits or [None] * len(values), strict=True):
        if one is not None and value is not None:
            write_rounded(one, value, limit)
    return values
