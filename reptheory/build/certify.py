"""Certify: prove a table again, its integers by a fresh exact computation and its floats from its integers.

The hashes of a file show damage; this shows whether the numbers are right, whoever wrote them. It goes piece
by piece, so that a table larger than the memory is proven too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.build.estimate import estimate, require_memory
from reptheory.build.pieces import cut, exact_rows_of
from reptheory.build.proof import first_unproven
from reptheory.exact.surd import Surd
from reptheory.tables.parts import integers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from reptheory.build.rows import Progress, Rows
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
    key, done, proven = table.header.key, 0, 0
    require_memory(estimate(key, streamed=True), 1)
    pieces, widest = cut(key), [1, 1]
    for piece in pieces:
        rows = exact_rows_of(piece)
        count = len(rows.numerators)
        if done + count > len(table):
            failure: str | None = f"{len(table)} rows where the exact values give more nonzero ones"
            return Certificate(key, len(table), proven, failure)
        part = table.part(done, count)
        failure = _compare(part, rows) or _prove_floats(part)
        if failure is not None:
            return Certificate(key, len(table), proven, failure)
        needed = (_limbs(map(abs, rows.numerators)), _limbs(rows.denominators))
        widest = [max(pair) for pair in zip(widest, needed, strict=True)]
        done, proven = done + count, proven + 2 * count
        if progress is not None:
            progress(piece.number + 1, len(pieces))
    return Certificate(key, len(table), proven, _whole(table, done, widest))


def _limbs(values: Iterable[int]) -> int:
    """Return how many limbs the longest of some integers needs."""
    return max(1, -(-max((value.bit_length() for value in values), default=0) // 64))


def _whole(table: RowSource, rows: int, widest: list[int]) -> str | None:
    """Say what is wrong with a table whose rows are right: too many of them, or integers stored too wide."""
    if rows != len(table):
        return f"{len(table)} rows where the exact values give {rows} nonzero ones"
    for name, needed in zip(("numerator", "denominator"), widest, strict=True):
        stored = next(spec.shape for spec in table.header.specs if spec.name == name)
        if stored[1] != needed:
            return f"{name}: stored with shape {stored}, the exact values need {(rows, needed)}"
    return None


def _compare(part: Part, rows: Rows) -> str | None:
    """Compare the exact columns of some rows with a fresh computation; return the first difference."""
    index, i_powers = rows.joined(part.index.shape[1])
    signs = np.array([1 if value > 0 else -1 for value in rows.numerators], np.int8)
    stored_i = np.zeros(len(part), np.uint8) if part.i_power is None else part.i_power
    numerators = _object([abs(value) for value in rows.numerators])
    pairs: tuple[tuple[str, NDArray[Any], NDArray[Any]], ...] = (
        ("index", part.index, index),
        ("sign", part.sign, signs),
        ("numerator", _object(integers(part.numerator)), numerators),
        ("denominator", _object(integers(part.denominator)), _object(rows.denominators)),
        ("i_power", stored_i, i_powers),
    )
    for name, stored, fresh in pairs:
        differs = stored != fresh
        differs = differs.any(axis=1) if differs.ndim == 2 else differs
        if differs.any():
            row = int(np.argmax(differs))
            return f"row {part.start + row} {part.index[row].tolist()}: {name} differs from the exact value"
    return None


def _object(values: Sequence[int]) -> NDArray[Any]:
    """Return Python integers of any length as an array."""
    return np.array(values, dtype=object)


def _prove_floats(part: Part) -> str | None:
    """Apply the integer test to every float; return the first failure."""
    signs, denominators = part.sign.tolist(), integers(part.denominator)
    numerators = [sign * value for sign, value in zip(signs, integers(part.numerator), strict=True)]
    columns: tuple[NDArray[Any], ...] = (part.float64, part.float32)
    for values in columns:
        row = first_unproven(values, numerators, denominators, part.pi_power)
        if row is not None:
            square = Fraction(abs(numerators[row]), denominators[row])
            exact = Surd.sqrt(square, sign=signs[row], pi_power=part.pi_power)
            place = f"row {part.start + row} {part.index[row].tolist()}"
            return f"{place}: {float(values[row])!r} is not the {values.dtype.name} nearest to {exact}"
    return None
