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


def read_complex(value: ArrayLike, name: str) -> Array:
    """Return `value` as a native, aligned complex64 or complex128 array without changing any number."""
    array = None if isinstance(value, np.ma.MaskedArray) else _read(value)
    if array is None or array.dtype.kind != "c" or array.dtype.itemsize > 16:
        real = read_operand(value, name)
        return real.astype(complex_dtype(real.dtype))
    return np.require(array, array.dtype.newbyteorder("="), ["A"])


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
    """Return the real and imaginary parts (..., 2 dim) of (..., dim), a view where the layout allows."""
    if array.strides[-1] != array.itemsize and array.size:
        array = np.ascontiguousarray(array)
    return array.view(np.float32 if array.dtype == np.complex64 else np.float64)
