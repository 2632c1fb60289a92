"""Buffers: the memory of large results, kept for the next result once nobody looks at it.

A page that a process touches for the first time must be zeroed by the operating system, which costs more
than a kernel takes to fill it (2 to 4 times, measured). A result's memory therefore goes back to a small
store when the last view of it is gone, and the next result of about that size is written there. At most
`kept_bytes()` are kept. Memory is private to the process, also after a fork.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.errors import TooLarge

__all__ = ["LEAST_BYTES", "empty", "kept_bytes"]

LEAST_BYTES = 2**22
"""Smaller results come from NumPy, whose allocator keeps such memory itself."""
MOST_KEPT = 2**31
PAGE = 2**21
"""Size of a huge page, to which buffers are rounded up."""


def kept_bytes() -> int:
    """Return how many bytes may be kept: 2 GiB, or an eighth of the machine's memory if that is less."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0
    return min(MOST_KEPT, memory // 8)


class _Store:
    """Buffers that nobody uses, the oldest first."""

    def __init__(self) -> None:
        self._free: list[mmap.mmap] = []
        self._lock = threading.RLock()  # a finalizer may run in the midst of `take`
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        """Start a forked child with a free lock: another thread of the parent may have held it."""
        self._lock = threading.RLock()

    def take(self, size: int) -> mmap.mmap:
        """Return a buffer of at least `size` bytes, and of not much more."""
        with self._lock:
            fitting = [block for block in self._free if size <= len(block) <= size + size // 4 + PAGE]
            if fitting:
                block = min(fitting, key=len)
                self._free = [other for other in self._free if other is not block]
                return block
        block = mmap.mmap(-1, -(-size // PAGE) * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            block.madvise(mmap.MADV_HUGEPAGE)
        return block

    def give(self, block: mmap.mmap) -> None:
        """Keep a buffer, and let the oldest go."""
        with self._lock:
            self._free.append(block)
            while self._free and sum(map(len, self._free)) > kept_bytes():
                self._free.pop(0)


_STORE = _Store()


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an uninitialised array; a large one begins on a page, often one that is already in memory.

    raises   TooLarge: the system does not give that much memory

    >>> empty((2, 3), "float32").shape
    (2, 3)
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    if size < LEAST_BYTES or not hasattr(mmap, "MAP_PRIVATE"):
        return _plain(shape, dtype, size)
    try:
        block = _STORE.take(size)
    except (OSError, OverflowError):  # no such mapping, for example under a limit
        return _plain(shape, dtype, size)
    raw = np.frombuffer(block, dtype=np.uint8, count=size)
    weakref.finalize(raw, _STORE.give, block).atexit = False
    return raw.view(dtype).reshape(shape)


def _plain(shape: tuple[int, ...], dtype: DTypeLike, size: int) -> NDArray[Any]:
    """Return NumPy's array, or say how large it would be."""
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as error:  # ValueError: more than an address counts
        raise TooLarge(
            f"the result: {list(shape)} numbers of {np.dtype(dtype)} need {size / 1e9:.3g} GB of memory, "
            "which the system does not give; compute fewer samples or fewer copies at a time"
        ) from error
