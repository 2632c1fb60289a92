"""Labels in arrays: numbers, lists and arrays of them become doubled int64 of one shape, exactly.

Whatever `labels` reads as one label is read here as many: integers of any width and byte order, floats that
are exact halves, objects. Refused likewise: truth values, text, complex numbers, dates, NaN, masked values. A
message names the argument and the index of the first element that is no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.groups.labels import projection, shown, two_label, two_spin, whole

__all__ = [
    "MOST_BYTES",
    "broadcast_labels",
    "degree_array",
    "projection_arrays",
    "spin_array",
    "two_label_array",
]

Labels = NDArray[np.int64]

MOST_BYTES: Final = 2**33
_LARGEST: Final = 2**40
"""Doubled labels up to which sums of all labels of a symbol fit an int64 by far."""


def two_label_array(values: object, name: str) -> Labels:
    """Return twice every label of a number, a list or an array, as int64 of the same shape.

    raises  LabelError: an element is no exact multiple of 1/2; TooLarge: it is one, and beyond 2^39

    >>> two_label_array([1, 0.5], "j1").tolist()
    [2, 1]
    """
    array = _as_array(values, name)
    kind = array.dtype.kind
    if kind in "iu":
        inside = (array >= -_LARGEST // 2) & (array <= _LARGEST // 2) if array.dtype.itemsize > 4 else None
        _require_all(array, inside, name)
        return 2 * array.astype(np.int64)
    if kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            doubled = array.astype(np.longdouble if array.dtype.itemsize > 8 else np.float64) * 2
            _require_all(array, (doubled == np.rint(doubled)) & (abs(doubled) <= _LARGEST), name)
        return doubled.astype(np.int64)
    return _each(array, name)


def spin_array(values: object, name: str) -> Labels:
    """Return `two_label_array` of spins; raise LabelError for a negative one."""
    array = two_label_array(values, name)
    if array.size and array.min() < 0:
        index = _first(array < 0)
        two_spin(_half(array[index]), f"{name}{_at(index)}")
    return array


def degree_array(values: object, name: str, *, signed: bool = False) -> Labels:
    """Return twice the degrees l, or with `signed` orders m: whole labels only."""
    array = two_label_array(values, name)
    bad = array % 2 != 0 if signed else (array % 2 != 0) | (array < 0)
    if bad.any():
        index = _first(bad)
        whole(_half(array[index]), f"{name}{_at(index)}", signed=signed)
    return array


def projection_arrays(spin: Labels, order: Labels, name_j: str, name_m: str) -> None:
    """Raise LabelError unless every order is one of -j, ..., j; arrays of one shape."""
    bad = (abs(order) > spin) | ((spin - order) % 2 != 0)
    if bad.any():
        index = _first(bad)
        projection(int(spin[index]), int(order[index]), name_j + _at(index), name_m + _at(index))


def broadcast_labels(arrays: Sequence[Labels], names: Sequence[str]) -> tuple[Labels, ...]:
    """Return views of one shape.

    raises  OperandError: the shapes do not fit together; TooLarge: the result would exceed 8 GiB
    """
    try:
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(names, arrays, strict=True))
        raise OperandError(
            f"labels: got shapes {shapes}; they must broadcast together; insert axes of length 1"
        ) from error
    size = 8 * (len(arrays) + 1) * int(np.prod(shape, dtype=object))
    if size > MOST_BYTES:
        raise TooLarge(
            f"labels: their common shape {shape} needs {size / 2**30:.0f} GiB; the limit is "
            f"{MOST_BYTES >> 30} GiB; take the symbols in parts"
        )
    return tuple(np.broadcast_to(array, shape) for array in arrays)


def _as_array(values: Any, name: str) -> NDArray[Any]:
    """Return an array of numbers or objects; lists keep the type of each element."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        index = _first(np.ma.getmaskarray(values))
        raise LabelError(f"{name}{_at(index)}: a masked value is no label; fill or drop it first")
    if isinstance(values, list | tuple | range):
        return _of_list(values, name)
    if hasattr(values, "__array__") and np.ndim(values):
        array = np.asarray(values)
        if array.dtype.kind in "iufO":
            return array
        raise LabelError(
            f"{name}: got an array of dtype {array.dtype}; labels are integers or exact halves; "
            "pass an array of integers or floats"
        )
    box = np.empty((), dtype=object)
    box[()] = values
    return box


def _of_list(values: Any, name: str) -> NDArray[Any]:
    """Return a list as an array of its elements as they are (NumPy would turn [True, 2] into numbers)."""
    if all(type(value) is int for value in values):
        return np.array(values, dtype=object if any(abs(v) > _LARGEST for v in values) else np.int64)
    rows = [_of_list(value, name) if isinstance(value, list | tuple) else value for value in values]
    shapes = {np.shape(row) if isinstance(row, np.ndarray) else () for row in rows}
    if len(shapes) > 1:
        raise LabelError(f"{name}: got rows of different lengths; pass a regular array")
    array = np.empty((len(rows), *shapes.pop()), dtype=object)
    for place, row in enumerate(rows):
        array[place] = row
    return array


def _each(array: NDArray[Any], name: str) -> Labels:
    """Read every object by itself."""
    doubled = np.empty(array.shape, np.int64)
    for index in np.ndindex(array.shape):
        label = two_label(array[index], f"{name}{_at(index)}")
        if abs(label) > _LARGEST:
            _refuse_large(array[index], f"{name}{_at(index)}")
        doubled[index] = label
    return doubled


def _require_all(array: NDArray[Any], good: NDArray[np.bool_] | None, name: str) -> None:
    """Raise for the first element that is not good."""
    if good is not None and not good.all():
        index = _first(~good)
        two_label(array[index], f"{name}{_at(index)}")
        _refuse_large(array[index], f"{name}{_at(index)}")


def _refuse_large(value: object, name: str) -> None:
    raise TooLarge(
        f"{name}: got {shown(value)}; arrays take labels up to 2^39; use the function of single symbols"
    )


def _first(marks: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the index of the first mark."""
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(marks)), marks.shape))


def _at(index: tuple[int, ...]) -> str:
    """Write an index as people do: [2, 0]; nothing for a single value."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def _half(two_j: Any) -> Any:
    """Return a doubled label as a number."""
    return int(two_j) // 2 if two_j % 2 == 0 else int(two_j) / 2
