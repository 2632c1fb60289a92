"""Pointers: where the elements of an array stand, for the inner parts of kernels.

    p = address(array)     the elements, flat, whatever the number of axes
    at(p, k)               element k
    put(p, k, value)       set element k
    itemsize(p)            bytes of an element, a constant for the compiler

A compiled function counts references to every array it is handed, by locked additions that cost more than a
small matrix product, and asks of every index whether it is negative. Pointers do neither. Nothing owns the
elements through them: whoever holds the array must hold it as long. Without a JIT a pointer is the flat
array itself.
"""

from __future__ import annotations

from typing import Any

from numba import config, types

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import constant, data_of

__all__ = ["address", "at", "itemsize", "put"]


@intrinsic
def _address(typingctx: Any, array: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return data_of(context, builder, signature.args[0], args[0])

    return types.CPointer(array.dtype)(array), codegen


@intrinsic
def _at(typingctx: Any, pointer: Any, place: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.load(builder.gep(args[0], [args[1]]))

    return pointer.dtype(pointer, types.int64), codegen


@intrinsic
def _put(typingctx: Any, pointer: Any, place: Any, value: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        builder.store(args[2], builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(pointer, types.int64, pointer.dtype), codegen


@intrinsic
def _itemsize(typingctx: Any, pointer: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return constant(pointer.dtype.bitwidth // 8)

    return types.int64(pointer), codegen


def _plain_address(array: Any) -> Any:
    """Return the elements of a C-contiguous array, flat."""
    return array.reshape(-1)


def _plain_at(pointer: Any, place: int) -> Any:
    """Return an element."""
    return pointer[place]


def _plain_put(pointer: Any, place: int, value: Any) -> None:
    """Set an element."""
    pointer[place] = value


def _plain_itemsize(pointer: Any) -> int:
    """Return the bytes of an element."""
    size: int = pointer.itemsize
    return size


address = _plain_address if config.DISABLE_JIT else _address
at = _plain_at if config.DISABLE_JIT else _at
put = _plain_put if config.DISABLE_JIT else _put
itemsize = _plain_itemsize if config.DISABLE_JIT else _itemsize
