"""Operands: every array a caller may pass, turned into what a kernel takes, or refused by name.

Taken as they are: float32 and float64, C-contiguous. Copied: strided, broadcast, byte-swapped and unaligned
arrays; float16 and integers (exactly, to float32 and float64); lists and scalars as NumPy reads them.
Refused: bool, complex, longdouble, object, masked arrays, and integers that float64 cannot hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from reptheory.build.size import require_memory
from reptheory.errors import OperandError
from reptheory.kernels.buffers import LEAST_BYTES, empty, kept_bytes

__all__ = [
    "Accumulate",
    "Operands",
    "Weighted",
    "allocate",
    "claimed_result",
    "common_axes",
    "contiguous",
    "delivered",
    "edge_operands",
    "flat_rows",
    "gradient_rows",
    "incoming_gradient",
    "last_axis",
    "named_last",
    "one_operand",
    "operands",
    "read_accumulate",
    "read_last",
    "read_operand",
    "require_shape",
    "thread_count",
    "weighted_operands",
    "widest",
]

Accumulate = Literal["float64"]

_EXACT_INTEGER = 2**53
_FLOATS = np.dtype(np.float32), np.dtype(np.float64)


class Operands(NamedTuple):
    """Two operands on common leading axes.

    x, y     (samples, dim1), (samples, dim2), C-contiguous, of one dtype
    shape    the leading axes
    """

    x: NDArray[Any]
    y: NDArray[Any]
    shape: tuple[int, ...]


class Weighted(NamedTuple):
    """Two operands and weights.

    x, y     (samples, dim1), (samples, dim2), C-contiguous, of one dtype
    weight   (weights,) shared by all samples, or (samples, weights)
    shape    the leading axes
    """

    x: NDArray[Any]
    y: NDArray[Any]
    weight: NDArray[Any]
    shape: tuple[int, ...]

    @property
    def arrays(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The operands and the weights."""
        return self[:3]

    def widened(self) -> Weighted:
        """Return them in float64."""
        x, y, weight = (array.astype(np.float64, copy=False) for array in self.arrays)
        return Weighted(x, y, weight, self.shape)


def read_operand(value: ArrayLike, name: str) -> NDArray[Any]:
    """Return `value` as a native float32 or float64 array without changing any number."""
    if type(value) is np.ndarray and value.dtype in _FLOATS:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise OperandError(f"{name}: got a masked array; fill or drop the masked samples first")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise OperandError(
            f"{name}: NumPy reads no array from it ({error}); pass one array of floats"
        ) from error
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f" and size in (4, 8):
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    if kind == "f" and size == 2:
        return array.astype(np.float32)
    if kind in "iu":
        if array.size and (int(array.max()) > _EXACT_INTEGER or int(array.min()) < -_EXACT_INTEGER):
            raise OperandError(f"{name}: integers beyond 2^53 are not exact in float64; scale them first")
        return array.astype(np.float64)
    if value is None:
        raise OperandError(f"{name}: got None; pass an array of float32 or float64")
    raise OperandError(f"{name}: got dtype {array.dtype}; convert it to float32 or float64")


def last_axis(array: NDArray[Any], name: str, dim: int, meaning: str) -> None:
    """Refuse an operand whose last axis is not `dim`, which is `meaning`."""
    if array.ndim == 0 or array.shape[-1] != dim:
        got = f"last axis {array.shape[-1]}" if array.ndim else "a scalar"
        raise OperandError(f"{name}: got {got}; the last axis must be {dim} = {meaning}")


def read_last(value: ArrayLike, name: str, dim: int, meaning: str) -> NDArray[Any]:
    """Read an operand whose last axis is `dim`, which is `meaning`."""
    array = read_operand(value, name)
    if array.ndim == 0 or array.shape[-1] != dim:
        last_axis(array, name, dim, meaning)
    return array


def flat_rows(array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Broadcast to the leading axes, convert, and lay out as (samples, dim)."""
    own = array.shape[:-1] == shape
    if own and len(shape) == 1:
        return contiguous(array, dtype)
    dim, samples = array.shape[-1], prod(shape)
    if not own and array.size != samples * dim:
        require_fit("an operand", (*shape, dim), dtype)
        array = np.broadcast_to(array, (*shape, dim))
    return contiguous(array, dtype).reshape(samples, dim)


def named_last(arrays: tuple[Any, ...], **named: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Return operands of which there is any number, and what stands behind them where it is not named.

    >>> named_last(("x", "y", "grad"), grad=None), named_last(("x", "y"), grad="grad")
    ((('x', 'y'), ['grad']), (('x', 'y'), ['grad']))
    """
    missing = [name for name, value in named.items() if value is None]
    if len(arrays) < len(missing):
        raise OperandError(f"{missing[-1]}: got nothing; pass it behind the operands, or by its name")
    count = len(arrays) - len(missing)
    behind = iter(arrays[count:])
    return arrays[:count], [next(behind) if value is None else value for value in named.values()]


def contiguous(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of a dtype, C-contiguous and aligned, the array itself if it is; or raise TooLarge."""
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array
    require_fit("an operand", array.shape, dtype)
    return np.require(array, dtype, ["C", "A"])


def common_axes(
    names: Sequence[str], arrays: Sequence[NDArray[Any]]
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the leading axes and the dtype that named arrays have in common."""
    shape, dtype = arrays[0].shape[:-1], arrays[0].dtype
    for array in arrays:
        if array.shape[:-1] != shape or array.dtype != dtype:
            return _joined_axes(names, arrays), widest(arrays)
    return shape, dtype


def _joined_axes(names: Sequence[str], arrays: Sequence[NDArray[Any]]) -> tuple[int, ...]:
    """Return what the leading axes of named arrays broadcast to."""
    shapes = [array.shape[:-1] for array in arrays]
    several = set(filter(None, shapes))
    if len(several) == 1:  # NumPy takes 2 us
        return several.pop()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise OperandError(
            f"{', '.join(names)}: leading axes {' and '.join(map(str, shapes))} do not broadcast; "
            "give each the same samples, or insert axes of length 1"
        ) from None


def widest(arrays: Sequence[NDArray[Any]]) -> np.dtype[Any]:
    """Return the dtype of the widest array; `np.result_type` is slow, and seldom needed."""
    dtypes = [array.dtype for array in arrays]
    first = dtypes[0]
    return first if dtypes.count(first) == len(dtypes) else np.result_type(*dtypes)


def operands(x: ArrayLike, y: ArrayLike, dims: tuple[int, int], meanings: tuple[str, str]) -> Operands:
    """Check and lay out two operands.

    x, y       (..., dims[0]) and (..., dims[1]); leading axes broadcast
    meanings   what each last axis counts, for the message
    returns    arrays of the wider of the two dtypes
    raises     OperandError
    """
    left, right = read_last(x, "x", dims[0], meanings[0]), read_last(y, "y", dims[1], meanings[1])
    shape, dtype = common_axes(("x", "y"), (left, right))
    return Operands(flat_rows(left, shape, dtype), flat_rows(right, shape, dtype), shape)


def one_operand(value: ArrayLike, name: str, last: tuple[int, ...], meaning: str) -> NDArray[Any]:
    """Check one array (..., *last) of floats; float32 or float64, any layout.

    meaning   what the last axes count, for the message
    raises    OperandError
    """
    array = read_operand(value, name)
    if array.ndim < len(last) or array.shape[array.ndim - len(last) :] != last:
        axes = "axis must be" if len(last) == 1 else "axes must be"
        raise OperandError(f"{name}: got shape {list(array.shape)}; the last {axes} {list(last)}, {meaning}")
    return array


def weighted_operands(
    arrays: tuple[ArrayLike, ArrayLike, ArrayLike],
    dims: tuple[int, int, int],
    meanings: tuple[str, str, str],
    *,
    shared: bool,
) -> Weighted:
    """Check and lay out two operands and weights; shared weights have one axis.

    arrays, dims, meanings   as for `operands`, of x, y and weight
    raises                   OperandError
    """
    x, y, weight = read = _weighted(arrays, dims, meanings, shared)
    if shared:
        shape, dtype = common_axes(("x", "y"), (x, y))
        dtype = dtype if weight.dtype == dtype else widest(read)
        factors = contiguous(weight, dtype)
    else:
        shape, dtype = common_axes(("x", "y", "weight"), read)
        factors = flat_rows(weight, shape, dtype)
    return Weighted(flat_rows(x, shape, dtype), flat_rows(y, shape, dtype), factors, shape)


def edge_operands(
    arrays: tuple[ArrayLike, ArrayLike, ArrayLike],
    dims: tuple[int, int, int],
    meanings: tuple[str, str, str],
    rows: tuple[int, int, int],
    *,
    shared: bool,
) -> Weighted:
    """Check and lay out nodes x, edges y, and weights of all edges or of each.

    rows     how many nodes, edges and receivers there are
    raises   OperandError
    """
    x, y, weight = read = _weighted(arrays, dims, meanings, shared)
    _require_rows(x, "x", rows[0], "node")
    _require_rows(y, "y", rows[1], "edge")
    if not shared:
        _require_rows(weight, "weight", rows[1], "edge")
    dtype = widest(read)
    return Weighted(contiguous(x, dtype), contiguous(y, dtype), contiguous(weight, dtype), rows[2:])


def _require_rows(array: NDArray[Any], name: str, count: int, what: str) -> None:
    """Refuse an operand that has not one row for each of `count`."""
    if array.shape[:-1] != (count,):
        raise OperandError(
            f"{name}: got shape {list(array.shape)}; give one row for each {what}, {[count, array.shape[-1]]}"
        )


def _weighted(
    arrays: tuple[ArrayLike, ArrayLike, ArrayLike],
    dims: tuple[int, int, int],
    meanings: tuple[str, str, str],
    shared: bool,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Read x, y and weight and check their last axes."""
    x = read_last(arrays[0], "x", dims[0], meanings[0])
    y = read_last(arrays[1], "y", dims[1], meanings[1])
    weight = read_last(arrays[2], "weight", dims[2], meanings[2])
    if shared and weight.ndim != 1:
        raise OperandError(
            f"weight: got shape {list(weight.shape)}; shared weights have one axis of length {dims[2]}; "
            "for one set a sample make the product with shared_weights=False"
        )
    return x, y, weight


def allocate(
    out: NDArray[Any] | None, shape: tuple[int, ...], dtype: DTypeLike, inputs: tuple[NDArray[Any], ...]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (result, buffer): what the caller gets and the C-contiguous array a kernel writes.

    The two are one, unless `out` is strided, unaligned or overlaps an input; then the buffer is a fresh array
    that the caller copies into `out`.

    raises   OperandError for an `out` that is not a place for the result, TooLarge: it does not fit
    """
    if out is None:
        result = _room(shape, dtype)
        return result, result
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise OperandError(f"out: got {type(out).__name__}; pass a NumPy array of shape {shape}")
    if out.shape != shape or out.dtype != np.dtype(dtype):
        raise OperandError(
            f"out: got {out.dtype}{list(out.shape)}; the result is {np.dtype(dtype)}{list(shape)}"
        )
    if not out.flags.writeable:
        raise OperandError("out: the array is read-only; pass a writeable one or leave `out` away")
    flags = out.flags
    direct = flags.c_contiguous and flags.aligned
    if direct and not any(np.may_share_memory(out, array) for array in inputs):
        return out, out
    return out, _room(shape, dtype)


def _room(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return memory for a result."""
    if prod(shape) * np.dtype(dtype).itemsize < LEAST_BYTES:
        return np.empty(shape, dtype)
    require_fit("the result", shape, dtype)
    return empty(shape, dtype)


def require_fit(what: str, shape: tuple[int, ...], dtype: DTypeLike) -> None:
    """Raise TooLarge unless an array fits into what is free; small ones do, and what buffers keep."""
    size = prod(shape) * np.dtype(dtype).itemsize
    if size >= LEAST_BYTES and size > kept_bytes():
        way = "compute fewer samples or fewer copies at a time"
        require_memory(f"{what}: {list(shape)} numbers of {np.dtype(dtype)}", size, way)


def delivered(result: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    """Return a finished result, in `out` if there is one; nothing is read any more that it could overlap."""
    if out is None:
        return result
    z, _ = allocate(out, result.shape, result.dtype, ())
    z[...] = result
    return z


def claimed_result(z: ArrayLike, shape: tuple[int, ...], name: str = "z") -> NDArray[Any]:
    """Check what is claimed to be a result of shape `shape`: float16, float32 or float64, any layout."""
    claimed = None if isinstance(z, np.ma.MaskedArray) else np.asarray(z)
    if claimed is None or claimed.shape != shape or claimed.dtype.kind != "f" or claimed.dtype.itemsize > 8:
        got = "a masked array" if claimed is None else f"{claimed.dtype}{list(claimed.shape)}"
        raise OperandError(
            f"{name}: got {got}; pass a result of this product, float32 or float64 with shape {list(shape)}"
        )
    return claimed


def incoming_gradient(grad: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Check the gradient of a loss with respect to a result of shape `shape`; floats of any layout."""
    array = read_operand(grad, "grad")
    require_shape(array, "grad", shape)
    return array


def gradient_rows(grad: ArrayLike, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Check the gradient with respect to a result of shape `shape` and lay it out as (samples, dim)."""
    return flat_rows(incoming_gradient(grad, shape), shape[:-1], dtype)


def require_shape(array: NDArray[Any], name: str, shape: tuple[int, ...]) -> None:
    """Refuse an array that has not the shape of the result."""
    if array.shape != shape:
        raise OperandError(
            f"{name}: got shape {list(array.shape)}; the result, and its gradient, have {list(shape)}"
        )


def read_accumulate(accumulate: Accumulate | None) -> Accumulate | None:
    """Check an `accumulate` argument."""
    if accumulate not in (None, "float64"):
        raise OperandError(f'accumulate: got {accumulate!r}; give "float64" or None')
    return accumulate


def thread_count(threads: int | None) -> int | None:
    """Check a `threads` argument: None, or an int >= 1."""
    if threads is None:
        return None
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer) or threads < 1:
        raise OperandError(f"threads: got {threads!r}; give an int >= 1, or None for as many as are useful")
    return int(threads)
