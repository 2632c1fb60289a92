"""Complex operands: arrays of complex numbers, as the pairs of real numbers that they are in memory.

Taken as they are: complex64 and complex128, native, the last axis contiguous. Copied: other layouts, and real
numbers of every kind that `operands` takes, which become complex exactly. Refused: what it refuses, and
complex numbers of longdouble.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.operations.operands import read_operand

__all__ = ["complex_dtype", "parts_of", "read_complex"]

Array = NDArray[Any]

_COMPLEX = np.dtype(np.complex64), np.dtype(np.complex128)


def read_complex(value: ArrayLike, name: str) -> Array:
    """Return `value` as a native complex64 or complex128 array without changing any number."""
    if type(value) is np.ndarray and value.dtype in _COMPLEX:
        return value
    array = None if isinstance(value, np.ma.MaskedArray) else _read(value)
    if array is None or array.dtype.kind != "c" or array.dtype.itemsize > 16:
        real = read_operand(value, name)
        return real.astype(complex_dtype(real.dtype))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _read(value: ArrayLike) -> Array | None:
    """Return what NumPy reads; None where it reads nothing, which `read_operand` says better."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None


def complex_dtype(real: np.dtype[Any]) -> np.dtype[Any]:
    """Return complex64 for float32, complex128 for float64."""
    return np.dtype(np.complex64 if real == np.float32 else np.complex128)


def parts_of(array: Array) -> Array:
    """Return the real and imaginary parts (..., 2 dim) of a C-contiguous (..., dim), a view."""
    return array.view(np.float32 if array.itemsize == 8 else np.float64)
