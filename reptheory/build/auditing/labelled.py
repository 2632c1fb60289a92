"""Labelled values: rows of labels with a number each, wherever and however a file keeps them.

They stand as "index" (n, columns) with "values" beside it; as one array (n, columns + 1); or as one array for
each column, by its name. Labels of spins may stand doubled, as in our own tables, or as halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import OperandError
from reptheory.tables.kinds import TableKey, kind_of
from reptheory.tables.rules import Kind

__all__ = ["Labelled", "distinct", "labelled"]

_INDEX_NAMES: Final = ("index", "indices", "labels", "lm")
_VALUE_NAMES: Final = ("float64", "values", "value", "data", "float32", "coefficients", "vals")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows as they stand in a file.

    labels   (n, columns), numbers
    values   (n,)
    doubled  by column, whether its labels stand doubled; None where nothing says so
    """

    labels: NDArray[Any]
    values: NDArray[Any]
    doubled: tuple[bool, ...] | None = None

    def in_units(self, kind: Kind, doubled: bool) -> NDArray[np.int64] | None:
        """Return the labels as the columns of a kind hold them, or None where they cannot be such.

        doubled   what is meant where nothing says it
        """
        parts = []
        for place, column in enumerate(kind.columns):
            stands = doubled and column.doubled if self.doubled is None else self.doubled[place]
            factor = 2 if column.doubled and not stands else 1
            found = self.labels[:, place] * factor
            if stands and not column.doubled:
                found = found / 2
            with np.errstate(invalid="ignore"):  # of labels that are not finite
                whole = found.astype(np.int64)
            if not np.array_equal(whole, found):
                return None
            parts.append(whole)
        return np.stack(parts, axis=1)


def labelled(arrays: Mapping[str, NDArray[Any]], key: TableKey | None, kind: Kind) -> Labelled | None:
    """Return the rows that a file holds, read as those of a kind; None where there are none.

    key      the table that the file says it is
    raises   OperandError: labels and values of different lengths
    """
    lower = {name.lower(): array for name, array in arrays.items()}
    values = next((lower[name] for name in _VALUE_NAMES if name in lower), None)
    found = _by_index(lower, values, key, kind) or _by_name(lower, values, kind)
    if found is None and len(arrays) == 1:
        rows = next(iter(arrays.values()))
        if rows.ndim == 2 and rows.shape[1] == len(kind.columns) + 1:
            found = Labelled(rows[:, :-1].real, rows[:, -1])
    if found is not None and (found.values.ndim != 1 or len(found.labels) != len(found.values)):
        raise OperandError("audit: the index and the values differ in length")
    return found


def _by_index(
    lower: Mapping[str, NDArray[Any]], values: NDArray[Any] | None, key: TableKey | None, kind: Kind
) -> Labelled | None:
    """Return the rows of an index and its values; those of this package have a power of i apart."""
    index = next((lower[name] for name in _INDEX_NAMES if name in lower), None)
    if index is None or values is None or index.ndim != 2 or index.shape[1] != len(kind.columns):
        return None
    if key is None:
        return Labelled(index, values)
    powers = lower.get("i_power")
    if powers is not None and powers.any():
        values = values * np.where(powers == 1, 1j, 1).astype(np.result_type(values, np.complex64))
    return Labelled(index, values, tuple(column.doubled for column in kind_of(key.kind).columns))


def _by_name(lower: Mapping[str, NDArray[Any]], values: NDArray[Any] | None, kind: Kind) -> Labelled | None:
    """Return the rows whose labels have an array each: two_j1 or j1, and of whole degrees l1 or j1."""
    chosen, doubled = [], []
    for column in kind.columns:
        label = column.label.lower()
        names = (f"two_{label}", label, label.replace("j", "l"), label.replace("l", "j"))
        name = next((name for name in names if name in lower), None)
        if name is None or lower[name].ndim != 1:
            return None
        chosen.append(lower[name])
        doubled.append(name.startswith("two_"))
    if values is None or len({len(part) for part in chosen}) != 1:
        return None
    return Labelled(np.stack(chosen, axis=1), values, tuple(doubled))


def distinct(labels: NDArray[np.int64]) -> None:
    """Raise OperandError where a label stands twice: then nobody knows which value is meant."""
    rows, counts = np.unique(labels, axis=0, return_counts=True)
    if (counts > 1).any():
        raise OperandError(f"audit: the labels {rows[np.argmax(counts > 1)].tolist()} stand there twice")
