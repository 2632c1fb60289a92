"""Foreign tables of couplings as blocks: which part of an array is the tensor of which path (l1, l2, l3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.auditing.labelled import Labelled, distinct, labelled
from reptheory.conversion.degrees import degrees_of_block, offsets
from reptheory.conversion.foreign_files import Arrays, Foreign
from reptheory.errors import OperandError
from reptheory.tables.kinds import KINDS, kind_of

__all__ = ["Block", "Layout", "layouts_of"]

Spin = int | Fraction
Path = tuple[Spin, Spin, Spin]
_NUMBER: Final = re.compile(r"\d+")
_MOST: Final = 2000  # twice the highest degree
_COLUMNS: Final = ((0, 1, 2, 3, 4, 5), (0, 2, 4, 1, 3, 5))  # l1 l2 l3 m1 m2 m3, or l1 m1 l2 m2 l3 m3
_COUPLED_FIRST: Final = ((1, 2, 0, 4, 5, 3), (2, 4, 0, 3, 5, 1))  # l3 l1 l2 m3 m1 m2, or l3 m3 l1 m1 l2 m2


@dataclass(frozen=True, slots=True)
class Block:
    """One path of a foreign table.

    where   name of the array that holds it
    path    (l1, l2, l3); halves are Fractions
    values  (2l1+1, 2l2+1, 2l3+1), in the table's own order
    """

    where: str
    path: Path
    values: NDArray[Any]

    @property
    def couples(self) -> bool:
        """Whether the triangle rule allows the path; otherwise every entry should be 0."""
        l1, l2, l3 = map(Fraction, self.path)
        return abs(l1 - l2) <= l3 <= l1 + l2 and (l1 + l2 + l3) % 1 == 0

    @property
    def is_whole(self) -> bool:
        """Whether all three labels are degrees, none a half."""
        return all(label % 1 == 0 for label in self.path)


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to cut a table into blocks.

    coupled_first   the third label stands on the first axis, or in the first column
    doubled         labels stand doubled, though nothing says so
    """

    blocks: list[Block]
    coupled_first: bool = False
    doubled: bool = False

    @property
    def is_unlikely(self) -> bool:
        """Whether it is tried only where the likely ones explain little."""
        return self.coupled_first or self.doubled


def layouts_of(foreign: Foreign, degrees: object = None) -> list[Layout]:
    """Return every way to read a table of couplings, the likeliest first; [] where there is none.

    foreign   coupling tensors of single paths by name; or one dense table over (L + 1)^2 entries an axis; or
              labelled values, see `labelled`
    degrees   of the three axes of a dense table, as for `convert`; None guesses from the lengths
    raises    OperandError, LabelError: degrees that do not fit, labels that contradict one another
    """
    kind = kind_of(foreign.key.kind) if foreign.key else KINDS["wigner_3j"]
    rows = labelled(foreign.arrays, foreign.key, kind)
    if rows is not None:
        return _scattered(rows)
    tensors = {name: _three_axes(array) for name, array in foreign.arrays.items()}
    found = {name: array for name, array in tensors.items() if array is not None}
    if not found:
        return []
    doubled = foreign.key is not None and kind.doubled
    layouts = [Layout(_dense(found, one, doubled)) for one in _readings(found, degrees)]
    return layouts if foreign.key else [*layouts, *_coupled_first(found, degrees)]


def _coupled_first(tensors: Arrays, degrees: object) -> Iterator[Layout]:
    """Yield the readings in which the first axis belongs to the third label."""
    moved = {name: np.moveaxis(array, 0, 2) for name, array in tensors.items()}
    with suppress(OperandError):  # the lengths fit no path in this order
        for one in _readings(moved, None) if degrees is None else [_rotated(degrees)]:
            yield Layout(_dense(moved, one, doubled=False), coupled_first=True)


def _rotated(degrees: object) -> object:
    """Return the degrees of three axes, the first one last."""
    parts = list(degrees) if isinstance(degrees, list | tuple) else [degrees]
    return [*parts[1:], parts[0]]


def _readings(tensors: Arrays, degrees: object) -> list[object]:
    """Return what `degrees` may be: where one array reads as one block and as all degrees, both."""
    if degrees is None and len(tensors) == 1:
        (array,) = tensors.values()
        if all(length > 1 and isqrt(length) ** 2 == length for length in array.shape):
            return [None, tuple(range(isqrt(length)) for length in array.shape)]
    return [degrees]


def _three_axes(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return an array without leading axes of length 1, if it has three axes then."""
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    return array if array.ndim == 3 and array.size else None


def _dense(tensors: Arrays, degrees: object, doubled: bool) -> list[Block]:
    """Cut dense arrays into their paths."""
    return [block for name, array in tensors.items() for block in _cut(name, array, degrees, doubled)]


def _cut(name: str, array: NDArray[Any], degrees: object, doubled: bool) -> Iterator[Block]:
    path = _named_path(name, array.shape, doubled) if degrees is None else None
    if path is not None:
        yield Block(name, path, array)
        return
    if degrees is None and any(length % 2 == 0 for length in array.shape) and _halves(array.shape):
        yield Block(name, _path([length - 1 for length in array.shape]), array)
        return
    parts = degrees_of_block(array.shape, degrees, name or "array")
    spans = [list(zip(part, offsets(part), strict=True)) for part in parts]
    for (l1, i), (l2, j), (l3, k) in product(*spans):
        part = array[i : i + 2 * l1 + 1, j : j + 2 * l2 + 1, k : k + 2 * l3 + 1]
        yield Block(name, (l1, l2, l3), part)


def _halves(shape: tuple[int, ...]) -> bool:
    """Say whether lengths, not all of them odd, are those of spins that couple."""
    first, second, third = (length - 1 for length in shape)
    return (first + second + third) % 2 == 0 and abs(first - second) <= third <= first + second


def _named_path(name: str, shape: tuple[int, ...], doubled: bool) -> Path | None:
    """Return the last three numbers of a name where they fit the shape, as degrees or as doubled spins."""
    numbers = [int(digits) for digits in _NUMBER.findall(name)[-3:]]
    if len(numbers) != 3:
        return None
    for factor in (1,) if doubled else (2, 1):
        if tuple(factor * number + 1 for number in numbers) == shape:
            return _path([factor * number for number in numbers])
    return None


def _path(doubled: list[int]) -> Path:
    """Return doubled labels as whole numbers and halves."""
    first, second, third = (label // 2 if label % 2 == 0 else Fraction(label, 2) for label in doubled)
    return first, second, third


def _scattered(rows: Labelled) -> list[Layout]:
    """Return the ways to read labelled values; [] where the labels are none of couplings."""
    likely = [blocks for columns in _COLUMNS for blocks in _in_columns(rows, columns)][:1]
    if not likely:
        return []
    found = [Layout(likely[0])]
    if rows.doubled is None:
        halved = replace(rows, doubled=(True,) * 6)
        found += [Layout(blocks, doubled=True) for blocks in _in_columns(halved, _COLUMNS[0])]
        for columns in _COUPLED_FIRST:
            found += [Layout(blocks, coupled_first=True) for blocks in _in_columns(rows, columns)]
    return found


def _in_columns(rows: Labelled, columns: tuple[int, ...]) -> Iterator[list[Block]]:
    """Yield the blocks of rows whose columns stand in an order, if they can be couplings."""
    order = list(columns)
    doubled = rows.doubled and tuple(rows.doubled[place] for place in order)
    moved = Labelled(rows.labels[:, order], rows.values, doubled)
    labels = moved.in_units(KINDS["wigner_3j"], doubled=False)
    if labels is not None and _are_couplings(labels):
        distinct(labels)
        yield _filled(labels, rows.values)


def _are_couplings(labels: NDArray[np.int64]) -> bool:
    """Say whether doubled labels have |m| <= l, both whole or both halves."""
    spins, orders = labels[:, :3], labels[:, 3:]
    inside = (spins >= 0) & (spins <= _MOST) & (abs(orders) <= spins) & ((spins + orders) % 2 == 0)
    return bool(inside.all())


def _filled(labels: NDArray[np.int64], values: NDArray[Any]) -> list[Block]:
    """Return dense blocks of values at doubled labels, the places without one 0."""
    spins, orders = labels[:, :3], labels[:, 3:]
    blocks = []
    paths, back = np.unique(spins, axis=0, return_inverse=True)
    order = np.argsort(back.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(back.ravel(), minlength=len(paths)))
    for number, path in enumerate(paths.tolist()):
        rows = order[ends[number - 1] if number else 0 : ends[number]]
        block = np.zeros([label + 1 for label in path], values.dtype)
        block[tuple((orders[rows] + spins[rows]).T // 2)] = values[rows]
        blocks.append(Block("values", _path(path), block))
    return blocks
