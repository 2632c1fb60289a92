"""Certify: prove a table again, its integers by a fresh exact computation and its floats from its integers.

The hashes of a file show damage; this shows whether the numbers are right, whoever wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.build.pieces import limbs
from reptheory.build.proof import entry_surd, first_unproven
from reptheory.build.rows import exact_rows
from reptheory.build.size import require_room
from reptheory.tables.parts import integers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reptheory.build.rows import Progress
    from reptheory.tables.kinds import TableKey
    from reptheory.tables.table import Table

__all__ = ["Certificate", "certify_table"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What `certify_table` found.

    key      the table
    rows     its rows
    floats   how many floats are proven the nearest to the value of their row's integers
    failure  the first thing that is wrong, in one line; None when everything holds
    """

    key: TableKey
    rows: int
    floats: int
    failure: str | None

    @property
    def holds(self) -> bool:
        """Whether every float is proven and every exact value recomputed alike."""
        return self.failure is None


def certify_table(table: Table, progress: Progress | None = None) -> Certificate:
    """Compare the integers of a table with a fresh exact computation, then prove every float from them.

    progress  called as progress(done, total) while the exact values are computed again
    returns   a certificate, whose `failure` names the first row that is wrong
    raises    TooLarge: the fresh computation does not fit in memory
    """
    require_room(table.key)
    failure, proven = _compare(table, progress), 0
    if failure is None:
        proven, failure = _prove_floats(table)
    return Certificate(table.key, len(table), proven, failure)


def _prove_floats(table: Table) -> tuple[int, str | None]:
    """Apply the integer test to every float; return how many are proven and the first failure."""
    signs, denominators = table.sign.tolist(), integers(table.denominator)
    numerators = [sign * value for sign, value in zip(signs, integers(table.numerator), strict=True)]
    columns: tuple[NDArray[Any], ...] = (table.float64, table.float32)
    for done, values in enumerate(columns):
        wrong = first_unproven(values, numerators, denominators, table.pi_power)
        if wrong is not None:
            return done * len(table), _unproven(table, wrong, float(values[wrong]), values.dtype.name)
    return 2 * len(table), None


def _unproven(table: Table, row: int, value: float, form: str) -> str:
    """Say which float is not the nearest to which exact value."""
    exact = entry_surd(replace(table.row(row), i_power=0))
    return f"row {row} {table.index[row].tolist()}: {value!r} is not the {form} nearest to {exact}"


def _compare(table: Table, progress: Progress | None) -> str | None:
    """Compare the exact columns with a fresh computation; return the first difference."""
    rows = exact_rows(table.key, progress)
    index, i_powers = rows.joined(table.index.shape[1])
    if index.shape != table.index.shape:
        return f"{len(table)} rows where the exact values give {len(index)} nonzero ones"
    stored_i = np.zeros(len(table), np.uint8) if table.i_power is None else table.i_power
    pairs = (
        ("index", table.index, index),
        ("sign", table.sign, np.array([1 if value > 0 else -1 for value in rows.numerators], np.int8)),
        ("numerator", table.numerator, limbs([abs(value) for value in rows.numerators])),
        ("denominator", table.denominator, limbs(rows.denominators)),
        ("i_power", stored_i, i_powers),
    )
    for name, stored, fresh in pairs:
        if stored.shape != fresh.shape:
            return f"{name}: stored with shape {stored.shape}, the exact values need {fresh.shape}"
        if not np.array_equal(stored, fresh):
            differs = (stored != fresh).reshape(len(table), -1).any(axis=1)
            row = int(np.argmax(differs))
            return f"row {row} {table.index[row].tolist()}: {name} differs from the exact value"
    return None
