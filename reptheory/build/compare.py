"""Compare: what differs between two tables, from their names to the last bit of a float."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reptheory.tables.format import Header
    from reptheory.tables.parts import Part, RowSource

__all__ = ["TableDifference", "compare_tables", "differing"]

_SHOWN: Final = 5
_EXACT: Final = ("sign", "numerator", "denominator", "i_power")
_FLOATS: Final = ("float64", "float32")


@dataclass(frozen=True, slots=True)
class TableDifference:
    """What `compare_tables` found.

    same   whether the tables have equal fingerprints, hence equal bytes
    lines  what differs, one fact a line, the most general first; empty only when `same`
    """

    same: bool
    lines: tuple[str, ...]


def compare_tables(left: RowSource, right: RowSource) -> TableDifference:
    """Say what differs between two tables: name, convention, generator, rows, exact values, floats in ulp.

    left, right   `Table`s, or files opened by `open_table`, which are then never held in memory
    Rows are compared by their labels. Tables of different kinds are compared by their names only.

    >>> from reptheory.build.library import build_table
    >>> compare_tables(build_table("gaunt", 1), build_table("gaunt", 1, lmax_out=1)).lines[0]
    'lmax_out: 2 against 1'
    """
    ours, theirs = left.header, right.header
    if ours.fingerprint == theirs.fingerprint:
        return TableDifference(True, ())
    lines = list(_names(ours, theirs))
    if ours.key.kind == theirs.key.kind:
        lines += _rows(left, right)
    return TableDifference(False, tuple(lines) or ("the same numbers, stored in other bytes",))


def _names(left: Header, right: Header) -> Iterator[str]:
    """Compare kinds, parameters, conventions and generators."""
    if left.key.kind != right.key.kind:
        yield f"kind: {left.key.kind} against {right.key.kind}"
    ours, theirs = dict(left.key.parameters), dict(right.key.parameters)
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            yield f"{name}: {ours.get(name, 'none')} against {theirs.get(name, 'none')}"
    first, second = asdict(left.key.convention), asdict(right.key.convention)
    for name, value in first.items():
        if value != second[name]:
            yield f"convention {name}: {value!r} against {second[name]!r}"
    if left.generator != right.generator:
        yield f"generator: version {left.generator} against {right.generator}"


@dataclass(slots=True)
class _Found:
    """How many rows differ in one respect, the first few of them, and by how much at most."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    most: int = 0

    def add(self, index: NDArray[np.int32], most: int = 0) -> None:
        """Add rows, in the order of the tables."""
        self.count += len(index)
        wanted = _SHOWN + 1 - len(self.examples)  # one more says that there are more
        self.examples += [str(tuple(row)) for row in index[:wanted].tolist()]
        self.most = max(self.most, most)


def _rows(left: RowSource, right: RowSource) -> Iterator[str]:
    """Compare the rows that both have, and say which only one has; a few rows of each are held at a time."""
    found: dict[str, _Found] = {name: _Found() for name in ("first", "second", *_EXACT, *_FLOATS)}
    common = 0
    for ours, theirs in _aligned(left, right):
        _, one, other = np.intersect1d(
            _keys(ours.index), _keys(theirs.index), assume_unique=True, return_indices=True
        )
        found["first"].add(np.delete(ours.index, one, axis=0))
        found["second"].add(np.delete(theirs.index, other, axis=0))
        _compare(ours.chosen(one), theirs.chosen(other), found)
        common += len(one)
    names = ", ".join(kind_of(left.header.key.kind).index_names)
    for name, rows in (("first", len(left)), ("second", len(right))):
        if found[name].count:
            yield f"rows only in the {name}: {found[name].count} of {rows}{_labels(names, found[name])}"
    for name in (*_EXACT, *_FLOATS):
        wrong = found[name]
        by = f", by up to {wrong.most} ulp" if name in _FLOATS else ""
        if wrong.count:
            yield f"{name}: differs in {wrong.count} of {common} common rows{by}{_labels(names, wrong)}"


def _aligned(left: RowSource, right: RowSource) -> Iterator[tuple[Part, Part]]:
    """Yield parts of both tables that cover the same range of labels."""
    sources = left.parts(), right.parts()
    one, other = (
        next(source, table.part(0, 0)) for source, table in zip(sources, (left, right), strict=True)
    )
    while len(one) or len(other):
        last = min(_keys(part.index[-1:])[0] for part in (one, other) if len(part))
        first, second = (int(np.searchsorted(_keys(p.index), last, side="right")) for p in (one, other))
        yield one.chosen(slice(first)), other.chosen(slice(second))
        one, other = _rest(one, first, sources[0]), _rest(other, second, sources[1])


def _rest(part: Part, done: int, source: Iterator[Part]) -> Part:
    """Return the rows of a part that are left, or the next part; an empty one at the end."""
    return part.chosen(slice(done, None)) if done < len(part) else next(source, part.chosen(slice(0)))


def _keys(index: NDArray[np.int32]) -> NDArray[np.bytes_]:
    """Return rows of labels as strings of bytes in the same order."""
    raised = np.ascontiguousarray((index.astype(np.int64) + (1 << 31)).astype(">u4"))
    return raised.view(f"S{4 * index.shape[1]}").reshape(-1)


def _compare(ours: Part, theirs: Part, found: dict[str, _Found]) -> None:
    """Compare rows with the same labels."""
    for name in _EXACT:
        wrong = differing(ours.column(name), theirs.column(name))
        found[name].add(ours.index[wrong])
    for name in _FLOATS:
        first, second = ours.column(name), theirs.column(name)
        wrong = differing(first, second)
        steps = _steps(first[wrong], second[wrong])
        apart = steps > 0  # 0.0 and -0.0 are one number
        found[name].add(ours.index[wrong][apart], int(max(steps, default=0)))


def differing(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which rows of a column differ in a bit, but for leading limbs of zero."""
    if left.dtype.kind == "f":
        word = f"u{left.itemsize}"
        return np.asarray(left.view(word) != right.view(word))
    if left.ndim == 1:
        return np.asarray(left != right)
    width = min(left.shape[1], right.shape[1])
    differs = (left[:, :width] != right[:, :width]).any(axis=1)
    return np.asarray(differs | left[:, width:].any(axis=1) | right[:, width:].any(axis=1))


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


def _labels(names: str, found: _Found) -> str:
    """Name the first few rows by their labels."""
    more = ", ..." if len(found.examples) > _SHOWN else ""
    return f"; ({names}) = {', '.join(found.examples[:_SHOWN])}{more}"
