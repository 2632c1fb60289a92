"""Grid errors: bounds of what functions on the grid round; proofs: docs/proofs/sphere.md, claims 2 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import smallest, unit_roundoff

__all__ = ["drift", "finite_bound", "product_error", "ulp", "value_error"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

_SLACK = 1 + 2.0**-40


def ulp(size: Bound, dtype: np.dtype[Any]) -> Bound:
    """Bound a unit in the last place of numbers of that size."""
    return np.asarray(size * (2 * unit_roundoff(dtype)) + smallest(dtype))


def drift(constants: Sequence[float], bounds: Sequence[Bound]) -> Bound:
    """Bound how far a function with these Lipschitz constants moves when its arguments do."""
    total = np.zeros(np.broadcast_shapes(*(bound.shape for bound in bounds)))
    with np.errstate(over="ignore"):
        for constant, bound in zip(constants, bounds, strict=True):
            if constant:
                total = total + abs(constant) * bound
    return total


@np.errstate(over="ignore")
def value_error(result: Array, moved: Bound, ulps: float) -> Bound:
    """Bound the error of values that are `ulps` off, of arguments that moved them so far."""
    return np.asarray(moved + ulps * ulp(np.abs(result.astype(np.float64)), result.dtype))


@np.errstate(over="ignore", invalid="ignore")
def product_error(
    slope: Array, moved: Bound, incoming: Array, incoming_bound: Bound, local: Array, ulps: float
) -> Bound:
    """Bound the error of slope times incoming, from how far the slope has moved and its ulps."""
    size = np.abs(slope.astype(np.float64))
    moved = moved + ulps * ulp(np.maximum(size, 1.0), slope.dtype)
    rounded = ulp(np.abs(local.astype(np.float64)), local.dtype)
    other = np.abs(incoming.astype(np.float64)) + incoming_bound
    error = (moved * other + size * incoming_bound + rounded) * _SLACK
    return np.where(np.isfinite(error), error, np.inf)


@np.errstate(over="ignore")
def finite_bound(z: Array, bound: Bound) -> Bound:
    """Return a bound rounded upward; inf where it or the result is not finite."""
    return np.where(np.isfinite(z) & np.isfinite(bound), bound * _SLACK, np.inf)
