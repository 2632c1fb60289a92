"""Arrays of the same numbers in every layout that a caller may have them in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def backwards(array: Array) -> Array:
    """The same numbers through negative strides."""
    return np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]


def unaligned(array: Array) -> Array:
    """The same numbers, one byte off."""
    raw = np.zeros(array.nbytes + 1, dtype=np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


def spread(array: Array) -> Array:
    """The same numbers, every third column of a wider array."""
    wide = np.full((array.shape[0], 3 * array.shape[1]), 7, dtype=array.dtype)
    wide[:, ::3] = array
    return wide[:, ::3]


def read_only(array: Array) -> Array:
    copy = array.copy()
    copy.setflags(write=False)
    return copy


LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "strided": spread,
    "negative strides": backwards,
    "fortran order": np.asfortranarray,
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "unaligned": unaligned,
    "read-only": read_only,
    "matrix": lambda array: np.asarray(array).view(np.matrix),
    "list": lambda array: array.tolist(),
}
ARRAYS = {name: LAYOUTS[name] for name in LAYOUTS if name not in ("matrix", "list")}
"""Those that keep the dtype and every number of axes."""
