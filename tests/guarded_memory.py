"""Arrays between pages that nobody may read: what reads or writes past an operand stops the process.

`python tests/guarded_memory.py [name ...]` runs operations on such arrays and says before each which it is.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
from every_operation import CASES, gradients

Array = Any
FORBIDDEN = 0
"""PROT_NONE of <sys/mman.h>."""


def guarded(array: Array, *, last: bool) -> Array:
    """Return a copy that ends just before such a page (`last`), or begins just behind one."""
    page, size = mmap.PAGESIZE, array.nbytes
    inner = -(-max(size, 1) // page) * page
    memory = mmap.mmap(-1, inner + 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    for place in (start, start + page + inner):
        if protect(ctypes.c_void_p(place), ctypes.c_size_t(page), FORBIDDEN):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = page + inner - size if last else page
    copy = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    copy[...] = array
    return copy


def main() -> None:
    """Run every operation and its gradients."""
    for name in sys.argv[1:] or CASES:
        case = CASES[name]
        for dtype in ("float32", "float64"):
            for samples in (1, 37):
                operation, operands = case.draw(samples, dtype, 1)
                expected = operation(*operands)
                for last in (True, False):
                    sys.stdout.write(f"{name}, {dtype}, {samples} samples, {'end' if last else 'start'}\n")
                    sys.stdout.flush()
                    given = [guarded(one, last=last) for one in operands]
                    out = guarded(np.zeros_like(expected), last=last)
                    operation(*given, out=out)
                    assert np.array_equal(out, expected)
                    if hasattr(operation, "backward"):
                        gradients(operation, given, guarded(np.ones_like(expected), last=last))
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
