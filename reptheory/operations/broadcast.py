"""Broadcast: the gradient of an operand that was repeated is the sum over its repetitions."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import gamma, upward
from reptheory.operations.engines import final_rounding

__all__ = ["reduce_broadcast"]


def reduce_broadcast(
    gradient: NDArray[Any], bound: NDArray[np.float64] | None, shape: tuple[int, ...]
) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Sum a gradient, and its bound, over the axes along which an operand of `shape` was broadcast.

    Sums run in float64. Their n terms add gamma_{n-1} sum |term| to the sum of their bounds
    [Higham 2002, (4.4)], and a float32 result adds the last rounding.
    """
    extra = gradient.ndim - len(shape)
    axes = tuple(
        axis
        for axis, length in enumerate(gradient.shape)
        if axis < extra or (shape[axis - extra] == 1 and length != 1)
    )
    if not axes:
        return gradient, bound
    with np.errstate(over="ignore", invalid="ignore"):
        total = gradient.sum(axis=axes, dtype=np.float64).reshape(shape).astype(gradient.dtype)
        if bound is None:
            return total, None
        terms = prod(gradient.shape[axis] for axis in axes)
        size = np.abs(gradient).sum(axis=axes, dtype=np.float64).reshape(shape)
        limit = bound.sum(axis=axes).reshape(shape) + gamma(max(terms - 1, 0), np.float64) * size
        if gradient.dtype != np.float64:
            limit = limit + final_rounding(total)
        limit = upward(limit, terms + 3)
    return total, np.where(np.isfinite(total) & np.isfinite(limit), limit, np.inf)
