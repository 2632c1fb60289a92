"""Certify: compare a table with a fresh one, whose every float is proven from its integers.

The hashes of a file show damage; this shows whether the numbers are right, whoever wrote them. It goes piece
by piece, so that a table larger than the memory is proven too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from reptheory.build.compare import differing
from reptheory.build.estimate import estimate, require_memory
from reptheory.build.pieces import cut, prove
from reptheory.exact.surd import Surd
from reptheory.tables.parts import integers

if TYPE_CHECKING:
    from reptheory.build.pieces import Columns
    from reptheory.build.rows import Progress
    from reptheory.tables.kinds import TableKey
    from reptheory.tables.parts import Part, RowSource

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


def certify_table(table: RowSource, progress: Progress | None = None) -> Certificate:
    """Compare the integers of a table with a fresh exact computation, and prove every float from them.

    table     a `Table`, or a file opened by `open_table`: what is held in memory is one piece of either
    progress  called as progress(done, total) while the exact values are computed again
    returns   a certificate, whose `failure` names the first row that is wrong
    raises    TooLarge: the fresh computation of one piece does not fit in memory
    """
    key, done = table.header.key, 0
    require_memory(estimate(key, streamed=True), 1)
    pieces, widest = cut(key), [1, 1]
    for piece in pieces:
        fresh = prove(piece)
        count = len(fresh.sign)
        if done + count > len(table):
            failure: str | None = f"{len(table)} rows where the exact values give more nonzero ones"
            return Certificate(key, len(table), 2 * done, failure)
        failure = _compare(table.part(done, count), fresh)
        if failure is not None:
            return Certificate(key, len(table), 2 * done, failure)
        needed = (fresh.numerator.shape[1], fresh.denominator.shape[1])
        widest = [max(pair) for pair in zip(widest, needed, strict=True)]
        done += count
        if progress is not None:
            progress(piece.number + 1, len(pieces))
    return Certificate(key, len(table), 2 * done, _whole(table, done, widest))


def _whole(table: RowSource, rows: int, widest: list[int]) -> str | None:
    """Say what is wrong with a table whose rows are right: too many of them, or integers stored too wide."""
    if rows != len(table):
        return f"{len(table)} rows where the exact values give {rows} nonzero ones"
    for name, needed in zip(("numerator", "denominator"), widest, strict=True):
        stored = next(spec.shape for spec in table.header.specs if spec.name == name)
        if stored[1] != needed:
            return f"{name}: stored with shape {stored}, the exact values need {(rows, needed)}"
    return None


def _compare(part: Part, fresh: Columns) -> str | None:
    """Compare rows with fresh ones, whose floats are proven the nearest; return the first difference."""
    for name in ("index", "sign", "numerator", "denominator", "i_power", "float64", "float32"):
        stored, true = part.column(name), getattr(fresh, name)
        differs = differing(stored, true)
        if differs.any():
            row = int(np.argmax(differs))
            place = f"row {part.start + row} {part.index[row].tolist()}"
            if not name.startswith("float"):
                return f"{place}: {name} differs from the exact value"
            return f"{place}: {float(stored[row])!r} is not the {name} nearest to {_exact(part, row)}"
    return None


def _exact(part: Part, row: int) -> Surd:
    """Return the value of a row without its factor i, as its floats have it."""
    square = Fraction(
        integers(part.numerator[row : row + 1])[0], integers(part.denominator[row : row + 1])[0]
    )
    return Surd.sqrt(square, sign=int(part.sign[row]), pi_power=part.pi_power)
