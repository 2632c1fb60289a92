"""Layouts of arrays: masked ones are refused, as their masks would be lost without a word.

SHTOOLS keeps harmonics and coefficients as [0 for m >= 0 or 1 for m < 0, l, abs(m)].
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.registry import PackageConvention
from reptheory.errors import OperandError

__all__ = ["packed", "refuse_masked", "unpacked"]


def refuse_masked(values: object, name: str) -> None:
    """Raise OperandError for a masked array, also within lists: `np.asarray` would drop its mask."""
    if isinstance(values, np.ma.MaskedArray):
        raise OperandError(f"{name}: got a masked array; fill or drop the masked entries first")
    if isinstance(values, list | tuple):
        for part in values:
            if isinstance(part, list | tuple | np.ma.MaskedArray):
                refuse_masked(part, name)


def _places(lmax: int) -> tuple[list[int], list[int], list[int]]:
    """Return where each (l, m), m ascending, stands in [part, l, m]."""
    labels = [(ell, m) for ell in range(lmax + 1) for m in range(-ell, ell + 1)]
    return [int(m < 0) for _, m in labels], [ell for ell, _ in labels], [abs(m) for _, m in labels]


def unpacked(array: NDArray[Any], convention: PackageConvention) -> NDArray[Any]:
    """Return (..., 2, L+1, L+1) as (..., (L+1)^2), l ascending, m ascending."""
    shape = array.shape[-3:]
    if len(shape) < 3 or shape[0] != 2 or shape[1] != shape[2]:
        raise OperandError(
            f"values: got the shape {array.shape}; {convention.name} keeps harmonics as (..., 2, L+1, L+1)"
        )
    part, degree, order = _places(shape[1] - 1)
    return array[..., part, degree, order]


def packed(array: NDArray[Any], convention: PackageConvention) -> NDArray[Any]:
    """Return (..., (L+1)^2) as (..., 2, L+1, L+1); places that no (l, m) has are 0."""
    count = isqrt(array.shape[-1])
    if count * count != array.shape[-1]:
        raise OperandError(
            f"values: got {array.shape[-1]} entries; {convention.name} keeps degrees 0..L, (L+1)^2 entries"
        )
    result = np.zeros((*array.shape[:-1], 2, count, count), dtype=array.dtype)
    part, degree, order = _places(count - 1)
    result[..., part, degree, order] = array
    return result
