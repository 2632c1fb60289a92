"""Foreign tables as blocks: which part of an array is the coupling tensor of which path (l1, l2, l3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.degrees import degrees_of_block, offsets
from reptheory.errors import OperandError

__all__ = ["Block", "blocks_of", "readings_of_axes"]

_NUMBER: Final = re.compile(r"\d+")
_INDEX_NAMES: Final = ("index", "indices", "labels", "lm")
_VALUE_NAMES: Final = ("float64", "values", "value", "data", "float32", "coefficients", "vals")
_COLUMNS: Final = 6


@dataclass(frozen=True, slots=True)
class Block:
    """One path of a foreign table.

    where   name of the array that holds it
    path    (l1, l2, l3)
    values  (2l1+1, 2l2+1, 2l3+1), in the table's own order
    """

    where: str
    path: tuple[int, int, int]
    values: NDArray[Any]

    @property
    def couples(self) -> bool:
        """Whether the triangle rule allows the path; otherwise every entry should be 0."""
        return _couples(*self.path)


def readings_of_axes(arrays: dict[str, NDArray[Any]], degrees: object) -> list[object]:
    """Return what `degrees` may be: where one array reads as one block and as all degrees, both."""
    if degrees is None and len(arrays) == 1:
        array = _three_axes(next(iter(arrays.values())))
        if array is not None and all(length > 1 and isqrt(length) ** 2 == length for length in array.shape):
            return [None, tuple(range(isqrt(length)) for length in array.shape)]
    return [degrees]


def blocks_of(arrays: dict[str, NDArray[Any]], degrees: object = None) -> list[Block]:
    """Return every block of a table.

    arrays    by name: coupling tensors of single paths; or one dense table over (L + 1)^2 entries an axis; or
              "index" with rows (l1, l2, l3, m1, m2, m3) and "values" beside it; or one list of rows of seven
    degrees   of the three axes of a dense table, as for `convert`; None guesses from the lengths
    raises    OperandError: nothing of the kind is there
    """
    sparse = _sparse(arrays)
    if sparse is not None:
        return sparse
    tensors = {name: _three_axes(array) for name, array in arrays.items()}
    blocks = []
    for name, array in tensors.items():
        if array is not None:
            blocks += _dense(name, array, degrees)
    if not blocks:
        found = ", ".join(f"{name or 'array'} {array.shape}" for name, array in list(arrays.items())[:5])
        raise OperandError(
            f"audit: found no coupling tensors in {found or 'no arrays'}; it reads arrays of three axes, or "
            "an index (n, 6) of l1, l2, l3, m1, m2, m3 with n values"
        )
    return blocks


def _three_axes(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return an array without leading axes of length 1, if it has three axes then."""
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    return array if array.ndim == 3 and array.size else None


def _dense(name: str, array: NDArray[Any], degrees: object) -> list[Block]:
    """Cut a dense array into its paths."""
    path = _named_path(name, array.shape) if degrees is None else None
    if path is not None:
        return [Block(name, path, array)]
    parts = degrees_of_block(array.shape, degrees, name or "array")
    spans = [list(zip(part, offsets(part), strict=True)) for part in parts]
    return [
        Block(name, (l1, l2, l3), array[i : i + 2 * l1 + 1, j : j + 2 * l2 + 1, k : k + 2 * l3 + 1])
        for (l1, i), (l2, j), (l3, k) in product(*spans)
    ]


def _named_path(name: str, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return the last three numbers of a name where they fit the shape."""
    numbers = [int(digits) for digits in _NUMBER.findall(name)[-3:]]
    if len(numbers) == 3 and tuple(2 * number + 1 for number in numbers) == shape:
        return numbers[0], numbers[1], numbers[2]
    return None


def _couples(l1: int, l2: int, l3: int) -> bool:
    return abs(l1 - l2) <= l3 <= l1 + l2


def _sparse(arrays: dict[str, NDArray[Any]]) -> list[Block] | None:
    """Return the blocks of a list of labelled values, or None where there is no such list."""
    lower = {name.lower(): array for name, array in arrays.items()}
    index = next((lower[name] for name in _INDEX_NAMES if name in lower), None)
    values = next((lower[name] for name in _VALUE_NAMES if name in lower), None)
    if index is None and len(arrays) == 1:
        rows = next(iter(arrays.values()))
        if rows.ndim == 2 and rows.shape[1] == _COLUMNS + 1:
            index, values = rows[:, :_COLUMNS], rows[:, _COLUMNS]
    if index is None or values is None or index.ndim != 2 or index.shape[1] != _COLUMNS:
        return None
    return _scattered(np.asarray(index), np.asarray(values))


def _scattered(index: NDArray[Any], values: NDArray[Any]) -> list[Block]:
    """Return dense blocks of labelled values."""
    labels = index.astype(np.int64)
    if len(labels) != len(values) or values.ndim != 1 or not np.array_equal(labels, index):
        raise OperandError("audit: the index and the values differ in length, or labels are not whole")
    degrees, orders = labels[:, :3], labels[:, 3:]
    if len(labels) and (degrees.min() < 0 or degrees.max() > 10**3 or (abs(orders) > degrees).any()):
        raise OperandError(
            "audit: the index holds a label with abs(m) > l, l < 0 or l > 1000; audit knows wigner_3j, "
            "clebsch_gordan and gaunt coefficients, with rows of l1, l2, l3, m1, m2, m3"
        )
    blocks = []
    paths, back = np.unique(degrees, axis=0, return_inverse=True)
    for number, (l1, l2, l3) in enumerate(paths.tolist()):
        rows = np.flatnonzero(back.ravel() == number)
        block = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1), values.dtype)
        block[tuple((orders[rows] + degrees[rows]).T)] = values[rows]
        blocks.append(Block("values", (l1, l2, l3), block))
    return blocks
