"""Immutable arrays: data that is shared between callers and that nobody can make writeable again.

`setflags(write=False)` can be undone by whoever holds the array; an array over `bytes` cannot be written to,
nor can one over a read-only memory view. Cached tables and matrices are kept as such, or one caller's slip
would be every caller's wrong number.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["immutable", "sealed"]

Scalar = TypeVar("Scalar", bound=np.generic)


def immutable(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return an immutable C-contiguous copy of a numeric array; the array itself if it already is one."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, bytes) and array.flags.c_contiguous and not array.flags.writeable:
        return array  # an unpickled array lies over bytes too, but may be written to
    return np.frombuffer(array.tobytes(), dtype=array.dtype).reshape(array.shape)


def sealed(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return an immutable view of a new array, without a copy; whoever made the array forgets it."""
    return np.asarray(array.data.toreadonly())
