"""Precisions: what numbers were stored in, the unit of their last place, and the nearest number of one.

NumPy has no bfloat16. Such numbers stand in float32, which holds each of them, with the dtype `BFLOAT16`: it
equals float32 and remembers where the numbers come from, through slices and views.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BFLOAT16", "from_bfloat16", "nearest", "numbers_of", "precision_of", "units"]

BFLOAT16: Final = np.dtype(np.float32, metadata={"stored": "bfloat16"})
_FORMATS: Final = {"float16": (11, -14), "bfloat16": (8, -126), "float32": (24, -126), "float64": (53, -1022)}
_NAMES: Final = {"float16": "float16", "float32": "float32", "complex64": "float32"}


def precision_of(dtype: np.dtype[Any]) -> str:
    """Return "float16", "bfloat16", "float32" or "float64": what the numbers of an array were rounded to."""
    stored = None if dtype.metadata is None else dtype.metadata.get("stored")
    return str(stored or _NAMES.get(dtype.name, "float64"))


def from_bfloat16(bits: NDArray[Any]) -> NDArray[np.float32]:
    """Return bfloat16 numbers, given by their 16 bits, as float32 that are known to be such."""
    return (np.asarray(bits).astype(np.uint32) << 16).view(BFLOAT16)


def units(values: NDArray[Any], precision: str) -> NDArray[np.float64]:
    """Return the unit in the last place of every value (of its size, if it is complex).

    >>> units(np.array([1.0, 0.75]), "bfloat16").tolist()
    [0.0078125, 0.00390625]
    """
    digits, lowest = _FORMATS[precision]
    exponents = np.frexp(np.abs(values).astype(np.float64))[1] - 1
    unit: NDArray[np.float64] = np.ldexp(1.0, np.maximum(exponents, lowest) - digits + 1)
    return unit


def nearest(values: NDArray[Any], precision: str) -> NDArray[Any]:
    """Return float64 or complex128 values rounded to a precision, ties to even; the dtype stays."""
    if values.dtype.kind == "c":
        rounded: NDArray[Any] = nearest(values.real, precision) + 1j * nearest(values.imag, precision)
        return rounded
    unit = units(values, precision)
    return np.asarray(np.rint(values / unit) * unit)


def numbers_of(values: Any) -> NDArray[Any]:
    """Return an array, or a tensor of another package, as a NumPy array; bfloat16 keeps its precision."""
    if hasattr(values, "detach"):  # of PyTorch
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":
            singles: NDArray[Any] = values.float().numpy()
            return singles.view(BFLOAT16)
    array = np.asarray(values)
    return from_bfloat16(array.view(np.uint16)) if array.dtype.name == "bfloat16" else array
