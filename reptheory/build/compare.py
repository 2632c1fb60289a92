"""Compare: what differs between two tables, from their names to the last bit of a float."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reptheory.tables.kinds import kind_of
from reptheory.tables.parts import integers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reptheory.tables.table import Table

__all__ = ["TableDifference", "compare_tables"]

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class TableDifference:
    """What `compare_tables` found.

    same   whether the tables have equal fingerprints, hence equal bytes
    lines  what differs, one fact a line, the most general first; empty only when `same`
    """

    same: bool
    lines: tuple[str, ...]


def compare_tables(left: Table, right: Table) -> TableDifference:
    """Say what differs between two tables: name, convention, generator, rows, exact values, floats in ulp.

    Rows are compared by their labels. Tables of different kinds are compared by their names only.

    >>> from reptheory.build.library import build_table
    >>> compare_tables(build_table("gaunt", 1), build_table("gaunt", 1, lmax_out=1)).lines[0]
    'lmax_out: 2 against 1'
    """
    if left.fingerprint == right.fingerprint:
        return TableDifference(True, ())
    lines = list(_names(left, right))
    if left.kind == right.kind:
        lines += _rows(left, right)
    return TableDifference(False, tuple(lines) or ("the same numbers, stored in other bytes",))


def _names(left: Table, right: Table) -> Iterator[str]:
    """Compare kinds, parameters, conventions and generators."""
    if left.kind != right.kind:
        yield f"kind: {left.kind} against {right.kind}"
    ours, theirs = dict(left.parameters), dict(right.parameters)
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            yield f"{name}: {ours.get(name, 'none')} against {theirs.get(name, 'none')}"
    first, second = asdict(left.convention), asdict(right.convention)
    for name, value in first.items():
        if value != second[name]:
            yield f"convention {name}: {value!r} against {second[name]!r}"
    if left.generator != right.generator:
        yield f"generator: version {left.generator} against {right.generator}"


def _rows(left: Table, right: Table) -> Iterator[str]:
    """Compare the rows that both have, and say which only one has."""
    index = np.concatenate([left.index, right.index])
    _, place = np.unique(index, axis=0, return_inverse=True)
    ours, theirs = place.reshape(-1)[: len(left)], place.reshape(-1)[len(left) :]
    for name, table, alone in (
        ("first", left, ~np.isin(ours, theirs)),
        ("second", right, ~np.isin(theirs, ours)),
    ):
        if alone.any():
            yield f"rows only in the {name}: {int(alone.sum())} of {len(table)}{_examples(table, alone)}"
    # rows ascend in both, so the common ones stand in the same order
    common = left.index[np.isin(ours, theirs)]
    pair = _Pair(left, right, np.isin(ours, theirs), np.isin(theirs, ours))
    for name, wrong in pair.exact():
        count = f"{int(wrong.sum())} of {len(common)} common rows"
        yield f"{name}: differs in {count}{_labels(left, common, wrong)}"
    for name, steps in pair.ulps():
        wrong = steps > 0
        if wrong.any():
            yield (
                f"{name}: differs in {int(wrong.sum())} of {len(common)} common rows, by up to "
                f"{int(steps.max())} ulp{_labels(left, common, wrong)}"
            )


@dataclass(frozen=True, slots=True)
class _Pair:
    """The rows that two tables share; `ours` and `theirs` say which those are in each."""

    left: Table
    right: Table
    ours: NDArray[np.bool_]
    theirs: NDArray[np.bool_]

    def exact(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield the exact columns that differ, and where."""
        for name in ("sign", "numerator", "denominator", "i_power"):
            first, second = _exact(self.left, name, self.ours), _exact(self.right, name, self.theirs)
            wrong = np.array([one != other for one, other in zip(first, second, strict=True)], dtype=bool)
            if wrong.any():
                yield name, wrong

    def ulps(self) -> Iterator[tuple[str, NDArray[np.uint64]]]:
        """Yield how many floats lie between the two values of each row, for both formats."""
        for name in ("float64", "float32"):
            first, second = getattr(self.left, name)[self.ours], getattr(self.right, name)[self.theirs]
            yield name, _steps(first, second)


def _exact(table: Table, name: str, rows: NDArray[np.bool_]) -> list[int]:
    """Return an exact column as Python ints."""
    column = getattr(table, name)
    if column is None:  # no value has a factor i
        return [0] * int(rows.sum())
    if column.ndim == 2:
        return integers(column[rows])
    return [int(value) for value in column[rows].tolist()]


def _steps(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.uint64]:
    """Count the floats from one value to the other, those of the other sign included."""
    steps: NDArray[np.uint64] = np.abs(_ordinal(left) - _ordinal(right)).astype(np.uint64)
    return steps


def _ordinal(values: NDArray[Any]) -> NDArray[Any]:
    """Number the finite floats of a format in ascending order, both zeros 0, so that ulps are differences.

    Differences of two float64 can reach 2^64: Python ints.
    """
    bits = values.view(np.int64 if values.dtype == np.float64 else np.int32).astype(np.int64)
    least = np.int64(np.iinfo(np.int64).min) if values.dtype == np.float64 else np.int64(-(1 << 31))
    return np.where(bits < 0, least - bits, bits).astype(object)


def _examples(table: Table, chosen: NDArray[np.bool_]) -> str:
    return _labels(table, table.index, chosen)


def _labels(table: Table, index: NDArray[np.int32], chosen: NDArray[np.bool_]) -> str:
    """Name the first few chosen rows by their labels."""
    names = ", ".join(kind_of(table.kind).index_names)
    rows = [str(tuple(row)) for row in index[chosen][:_SHOWN].tolist()]
    more = ", ..." if int(chosen.sum()) > _SHOWN else ""
    return f"; ({names}) = {', '.join(rows)}{more}"
