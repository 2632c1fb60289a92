"""Degree sums: bounds of features times a weight a degree, added up, and of the gradients of the weights.

Proof: docs/proofs/many_body.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.immutable import immutable
from reptheory.kernels.bounds import gamma, smallest

__all__ = ["Part", "bound_dots", "bound_sum", "degrees_of"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

_SLACK = 1 + 2.0**-40
"""Covers the roundings of evaluating a bound in float64."""


class Part(NamedTuple):
    """What is added up: values (samples, dim), a bound on their errors, one weight a degree.

    error    None: they are exact, or nobody asks
    weight   None: 1
    """

    value: Array
    error: Bound | None = None
    weight: Array | None = None

    def cut(self, lmax: int) -> Part:
        """Leave away what is above a degree: it is 0, or not asked for."""
        dim = (lmax + 1) ** 2
        value, error, weight = self
        return Part(value[:, :dim], None if error is None else error[:, :dim], weight)


@lru_cache(maxsize=64)
def degrees_of(dim: int) -> NDArray[np.int64]:
    """Return the degree of each coefficient."""
    return immutable(np.sqrt(np.arange(dim)).astype(np.int64))


def bound_sum(parts: Sequence[Part], z: Array, bound: Bound) -> None:
    """Write a bound on the error of z, (samples, dim), the sum of parts, of which some end before dim."""
    bound[...] = 0
    weighted = any(part.weight is not None for part in parts)
    rate = gamma(len(parts) - 1 + weighted, z.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for value, error, weight in parts:
            dim = value.shape[1]
            limit = rate * np.abs(value.astype(np.float64)) + (0 if error is None else error)
            if weight is not None:
                factor = weight.take(degrees_of(dim), axis=1).astype(np.float64)
                limit = limit * np.abs(factor) + smallest(z.dtype)
            bound[:, :dim] += limit * _SLACK
        bound *= _SLACK
    bound[~(np.isfinite(z) & np.isfinite(bound))] = np.inf


def bound_dots(part: Part, g: Array, sums: Array, bound: Bound) -> None:
    """Write a bound on the errors of the sums over the orders of each degree of value * g.

    sums   (samples, degrees), those of no value are 0
    """
    value, dim = part.value, part.value.shape[1]
    starts = np.arange(degrees_of(dim)[-1] + 1) ** 2
    count = len(starts)
    size = np.abs(g[:, :dim].astype(np.float64))
    terms = 2 * np.arange(count) + 1
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.add.reduceat(size * np.abs(value.astype(np.float64)), starts, axis=1)
        inherited = 0 if part.error is None else np.add.reduceat(size * part.error, starts, axis=1)
        bound[...] = 0
        bound[:, :count] = (gamma(terms, g.dtype) * rounded + inherited + terms * smallest(g.dtype)) * _SLACK
    bound[~(np.isfinite(sums) & np.isfinite(bound))] = np.inf
