"""Tables of any kind as rows: labels in the units of the kind's columns, and a number for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.auditing.labelled import distinct, labelled
from reptheory.conversion.foreign_files import Foreign
from reptheory.errors import OperandError
from reptheory.tables.rules import Kind

__all__ = ["Rows", "rows_of"]

_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one array of a file, or of one list.

    where    its name
    labels   (n, columns), as the kind's columns hold them: doubled where they are
    values   (n,)
    entries  of the dense array that they are the nonzero entries of; None for a list
    block    labels of that array; None for a list, whose rows say theirs
    """

    where: str
    labels: NDArray[np.int64]
    values: NDArray[Any]
    entries: int | None = None
    block: tuple[int, ...] | None = None

    def groups(self, leading: int) -> Iterator[Rows]:
        """Yield the rows of each block, whose first labels agree."""
        if not leading or self.block is not None:
            yield self
            return
        _, back = np.unique(self.labels[:, :leading], axis=0, return_inverse=True)
        order = np.argsort(back.ravel(), kind="stable")
        for chosen in np.split(order, np.cumsum(np.bincount(back.ravel()))[:-1]):
            yield Rows(self.where, self.labels[chosen], self.values[chosen])


def rows_of(foreign: Foreign, kind: Kind, doubled: bool, *, sure: bool) -> list[Rows]:
    """Return the rows of a table read as one of a kind; [] where it has no such shape.

    doubled   whether labels of spins, and the axes of dense symbols, stand doubled where nothing says it
    sure      whether somebody said that it is of this kind
    raises    OperandError: a label that stands there twice, or is negative, of a table that is surely of the
              kind; others have no such shape then
    """
    rows = labelled(foreign.arrays, foreign.key, kind)
    labels = None if rows is None else rows.in_units(kind, doubled)
    if rows is not None and labels is not None:
        if sure:
            distinct(labels)
            _require_labels(labels, kind)
        elif len(np.unique(labels, axis=0)) < len(labels):
            return []
        return [Rows("values", labels, rows.values)]
    stands = doubled or foreign.key is not None
    found = [_dense(name, array, kind, stands) for name, array in foreign.arrays.items()]
    return [rows for rows in found if rows is not None]


def _dense(name: str, array: NDArray[Any], kind: Kind, doubled: bool) -> Rows | None:
    """Return the nonzero entries of a dense block; of a dense table of symbols all that are allowed too."""
    symbols = kind.leading == len(kind.columns)
    leading = 0 if symbols else kind.leading
    if array.ndim != len(kind.columns) - leading or not array.size:
        return None
    prefix = _prefix(name, array.shape, kind, leading)
    if prefix is None:
        return None
    places = np.argwhere(np.ones(array.shape, bool) if symbols else ~(array == 0))
    labels = np.empty((len(places), len(kind.columns)), np.int64)
    labels[:, :leading] = prefix
    for axis, column in enumerate(kind.columns[leading:]):
        last = (array.shape[axis] - 1) // 2
        first, step = (-last if column.signed else 0), 1
        if column.of is not None and column.of < leading:
            first, step = (-prefix[column.of] if column.signed else 0), 1 + column.doubled
        elif column.doubled and not doubled:
            step = 2
        labels[:, leading + axis] = first + step * places[:, axis]
    values = array[tuple(places.T)]
    if symbols:
        kept = kind.allowed(labels.astype(np.int32)) | ~(values == 0)
        labels, values = labels[kept], values[kept]
    return Rows(name, labels, values, array.size, prefix)


def _prefix(name: str, shape: tuple[int, ...], kind: Kind, leading: int) -> tuple[int, ...] | None:
    """Return the labels of a block: by the lengths of the axes of its orders, else by its name."""
    numbers = [int(digits) for digits in _NUMBER.findall(name)[-leading:]] if leading else []
    found: list[int] = []
    for place in range(leading):
        column = kind.columns[place]
        axes = [
            axis for axis, other in enumerate(kind.columns[leading:]) if other.of == place and other.signed
        ]
        lengths = {shape[axis] for axis in axes}
        if len(lengths) > 1:
            return None
        if lengths:
            length = lengths.pop()
            if length % 2 == 0 and not column.doubled:
                return None
            found.append(length - 1 if column.doubled else (length - 1) // 2)
        elif len(numbers) == leading:
            found.append(numbers[place])
        else:
            return None
    return tuple(found)


def _require_labels(labels: NDArray[np.int64], kind: Kind) -> None:
    """Raise OperandError for negative degrees, spins and powers."""
    for place, column in enumerate(kind.columns):
        if not column.signed and len(labels) and labels[:, place].min() < 0:
            raise OperandError(f"audit: the label {column.label} of a {kind.name} table is negative")
