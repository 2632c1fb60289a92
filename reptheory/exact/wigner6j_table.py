"""All 6j symbols with labels up to a largest one: one integer an entry, and one weight a triad.

    {j1 j2 j3; j4 j5 j6} = S sqrt( T(j1 j2 j3) / (T(j1 j5 j6) T(j4 j2 j6) T(j4 j5 j3)) )

as in `wigner6j`; S is stored, and T is an integer of each triad. Entries are in lexicographic order of
(j1, ..., j6), and those that a selection rule forbids are left out. `kernels/six_j.py` computes S at one
multiply-add a term, modulo 2^64 or 2^128; docs/proofs/six_j.md shows that S fits: |S| < 2^63 up to labels of
14, |S| < 2^127 up to 27 1/2. Small tables come from plain integers while the loops are not loaded.

Floats are the nearest ones, all proven: products of double-doubles with a test whether the rounding can be
wrong, and exact integers (`rounding`) wherever it can.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.rounding import FloatName, float_format, narrowed, nearest_sqrt
from reptheory.exact.surd import Surd
from reptheory.exact.three_spins import admissible
from reptheory.exact.wigner6j import triad_sum, triad_weight
from reptheory.exact.wigner6j_compiled import (
    ONE_WORD,
    TWO_WORDS,
    compiled_integers,
    compiled_values,
    triads_up_to,
)
from reptheory.groups.labels import shown, spelled, two_spin, whole
from reptheory.immutable import sealed

__all__ = ["Wigner6jTable", "wigner_6j_table"]

_MOST_BYTES: Final = 2**33
_WORTH_COMPILING: Final = 200_000
"""Entries, about, up to which a process that has not loaded the compiled loops does better without them."""
_OFTEN: Final = 3 * _WORTH_COMPILING
"""Entries, about, that plain integers make before who keeps asking gets the compiled loops."""
Row = tuple[int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Wigner6jTable:
    """All 6j symbols with labels up to a largest one, exactly: immutable, made by `wigner_6j_table`.

    two_jmax  the largest label, doubled
    halves    whether half-integers are among the labels
    two_js    (T, 3) int64: the doubled triads (j1, j2, j3) in lexicographic order
    starts    (T + 1,) int64: where the entries of each triad begin
    weights   T of each triad, ints
    integers  (n,) int64 S; where one word does not suffice (jmax > 14), the low words, uint64
    high      (n,) int64, the high words: S = integers + 2^64 high; None where one word suffices
    """

    two_jmax: int
    halves: bool
    two_js: NDArray[np.int64]
    starts: NDArray[np.int64]
    weights: tuple[int, ...]
    integers: NDArray[Any]
    high: NDArray[np.int64] | None
    _lines: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of symbols that the selection rules allow; some of them are zero."""
        return len(self.integers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Wigner6jTable):
            return NotImplemented
        return (self.two_jmax, self.halves) == (other.two_jmax, other.halves)

    def __hash__(self) -> int:
        return hash((self.two_jmax, self.halves))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.two_jmax, self.halves)

    def __repr__(self) -> str:
        return f"Wigner6jTable(jmax={spelled(self.two_jmax)}, halves={self.halves}, {len(self)} symbols)"

    def __getitem__(self, labels: tuple[object, object, object, object, object, object]) -> Surd:
        """Return table[j1, j2, j3, j4, j5, j6], as `wigner_6j`; 0 where a selection rule forbids it.

        raises  LabelError: a label is impossible, or the table does not reach it
        """
        two_js = self._checked(labels)
        place = self._place(*two_js)
        if place is None:
            return Surd.rational(0)
        return Surd.scaled(self._integer(place), Fraction(*_radicand(*two_js)))

    def position(self, j1: object, j2: object, j3: object, j4: object, j5: object, j6: object) -> int:
        """Return where a symbol stands in `integers`, `values()` and `labels()`.

        raises  LabelError: a label is impossible or exceeds the table, or the symbol is forbidden (it is 0)
        """
        labels = (j1, j2, j3, j4, j5, j6)
        place = self._place(*self._checked(labels))
        if place is None:
            raise LabelError(
                f"position: {shown(labels)} is 0 by a selection rule; only allowed ones are kept"
            )
        return place

    def labels(self, start: int = 0, stop: int | None = None) -> NDArray[np.int64]:
        """Return (count, 6) doubled labels 2j1, ..., 2j6 of the symbols start .. stop-1, made anew."""
        first, last, _ = slice(start, stop).indices(len(self))
        blocks, top = self._lines_of(first, max(first, last)), self.two_jmax
        triads = self.two_js[[block for block, _ in blocks]].tolist()
        fourth = (d for _, d in blocks)
        rows = [row for (a, b, c), d in zip(triads, fourth, strict=True) for row in _rows_of(a, b, c, d, top)]
        table = np.array(rows, np.int64).reshape(-1, 7)
        lengths = table[:, 6]
        labels = np.repeat(table[:, :6], lengths, axis=0)
        ends = np.cumsum(lengths)
        labels[:, 5] += 2 * (np.arange(len(labels)) - np.repeat(ends - lengths, lengths))
        skipped = first - int(self._lines[self._line(first)]) if len(labels) else 0
        return labels[skipped : skipped + last - first]

    def values(self, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return the symbols as floats, in the table's order, each proven to be the nearest one.

        dtype    float64 or float32
        returns  (n,), a new array; the error is at most half a unit in the last place
        raises   OperandError: another dtype

        >>> wigner_6j_table(1).values()[-2:]
        array([-0.33333333,  0.16666667])
        """
        form = float_format(dtype).name
        top, step = self._range
        if _plain(top, step):
            _ASKED.entries += _about(top, step)
            return np.array(list(self._all_nearest(form)), form)
        out, doubtful = compiled_values((self.two_js, self.starts, top, step), self.integers, self.high)
        for place in doubtful.tolist():
            out[place] = self._nearest(place, "float64")
        if form == "float64":
            return out
        return narrowed(out, lambda place: self._nearest(place, "float32"))

    def _nearest(self, place: int, form: FloatName) -> float:
        """Return one value rounded by integers alone."""
        above, below = _radicand(*self.labels(place, place + 1)[0].tolist())
        number = self._integer(place)
        nearest = nearest_sqrt(number * number * above, below, form)
        return nearest if number >= 0 else -nearest

    def _all_nearest(self, form: FloatName) -> Iterator[float]:
        """Yield all values of a table of one word, rounded by integers alone, equal ones once."""
        weight = dict(zip(map(tuple, self.two_js.tolist()), self.weights, strict=True))
        known: dict[tuple[int, int, int], float] = {}
        for number, (a, b, c, d, e, f) in zip(self.integers.tolist(), _entries(*self._range), strict=True):
            key = abs(number), weight[a, b, c], weight[a, e, f] * weight[d, b, f] * weight[d, e, c]
            if key not in known:
                size, above, below = key
                known[key] = nearest_sqrt(size * size * above, below, form)
            yield known[key] if number >= 0 else -known[key]

    def _integer(self, place: int) -> int:
        low = int(self.integers[place])
        return low if self.high is None else (int(self.high[place]) << 64) + low

    @property
    def _range(self) -> tuple[int, int]:
        """The largest doubled label and the step of labels."""
        return self.two_jmax, 1 if self.halves else 2

    def _checked(self, labels: object) -> tuple[int, int, int, int, int, int]:
        """Return six doubled labels of this table."""
        if not isinstance(labels, tuple) or len(labels) != 6:
            raise LabelError(f"index: got {shown(labels)}; write table[j1, j2, j3, j4, j5, j6]")
        a, b, c, d, e, f = (two_spin(label, f"j{number}") for number, label in enumerate(labels, start=1))
        for number, two_j in enumerate((a, b, c, d, e, f), start=1):
            if two_j > self.two_jmax or (two_j % 2 and not self.halves):
                kind = "spins" if self.halves else "whole spins"
                raise LabelError(
                    f"j{number}: got {spelled(two_j)}; the table holds {kind} to {spelled(self.two_jmax)}; "
                    "build a larger one (halves=True holds halves too) or call wigner_6j"
                )
        return a, b, c, d, e, f

    def _place(self, a: int, b: int, c: int, d: int, e: int, f: int) -> int | None:
        """Return the place of an entry, None if it is forbidden."""
        if not (admissible(a, b, c) and admissible(a, e, f) and admissible(d, b, f) and admissible(d, e, c)):
            return None
        top, step = self._range
        codes = (self.two_js[:, 0] * (top + 1) + self.two_js[:, 1]) * (top + 1) + self.two_js[:, 2]
        block = int(np.searchsorted(codes, (a * (top + 1) + b) * (top + 1) + c))
        place = int(self._lines[block * (top // step + 1) + d // step])
        for row in _rows_of(a, b, c, d, top):
            if row[4] == e:
                return place + (f - row[5]) // 2
            place += row[6]
        return None

    def _line(self, place: int) -> int:
        """Return the last (j1, j2, j3; j4) that begins at a place or before."""
        return int(np.searchsorted(self._lines, place, side="right")) - 1

    def _lines_of(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return (triad, 2 j4) of the lines that hold the places first .. last-1."""
        if first == last:
            return []
        top, step = self._range
        lines = range(self._line(first), self._line(last - 1) + 1)
        return [(line // (top // step + 1), line % (top // step + 1) * step) for line in lines]


def wigner_6j_table(jmax: object, *, halves: bool = False) -> Wigner6jTable:
    """Return all 6j symbols with labels up to `jmax`, exactly.

    jmax     the largest label: a degree, or with `halves` any spin
    halves   whether labels may be half-integers
    raises   LabelError: an impossible label; TooLarge: labels beyond 27 1/2, or more than 8 GiB

    >>> table = wigner_6j_table(2)
    >>> table, table[1, 1, 1, 1, 1, 2], table.values()[table.position(1, 1, 1, 1, 1, 2)].item()
    (Wigner6jTable(jmax=2, halves=False, 127 symbols), 1/6, 0.16666666666666666)
    """
    if not isinstance(halves, bool | np.bool_):
        raise LabelError(f"halves: got {shown(halves)}; pass True or False")
    top = two_spin(jmax, "jmax") if halves else 2 * whole(jmax, "jmax")
    step = 1 if halves else 2
    if top > TWO_WORDS:
        raise TooLarge(
            f"wigner_6j_table: jmax = {spelled(top)} is about {_about(top, step):.0e} symbols, and beyond "
            f"{spelled(TWO_WORDS)} their integers exceed two words; use wigner_6j or wigner_6j_values"
        )
    two_js = triads_up_to(top, step)
    lines = _begin_of_lines(two_js, top, step)
    entries = int(lines[-1])
    size = entries * (8 if top <= ONE_WORD else 16)
    if size > _MOST_BYTES:
        raise TooLarge(
            f"wigner_6j_table: jmax = {spelled(top)} has {entries} symbols, {size / 2**30:.0f} GiB; "
            f"the limit is {_MOST_BYTES >> 30} GiB; leave out halves, or use wigner_6j_values"
        )
    weights = tuple(triad_weight(*triad) for triad in two_js.tolist())
    begin = lines[:: top // step + 1].copy()
    words = _integers(two_js, begin, top, step)
    return Wigner6jTable(top, step == 1, sealed(two_js), sealed(begin), weights, *words, sealed(lines))


def _again(two_jmax: int, halves: bool) -> Wigner6jTable:
    """Make a table that was pickled by what determines it."""
    return wigner_6j_table(Fraction(two_jmax, 2), halves=halves)


def _about(top: int, step: int) -> float:
    """Return about how many entries a large table has."""
    return (0.02 if step == 1 else 0.16) * float(min(top // step, 10**40)) ** 6


def _plain(top: int, step: int) -> bool:
    """Whether plain integers serve: a small table, and the compiled loops are not there yet."""
    few = _about(top, step) < _WORTH_COMPILING and _ASKED.entries < _OFTEN
    return few and "reptheory.kernels.six_j" not in sys.modules


class _Asked:
    """About how many entries plain integers have made: values do not depend on it, only who compiles."""

    def __init__(self) -> None:
        self.entries = 0.0


_ASKED = _Asked()


def _rows_of(a: int, b: int, c: int, d: int, top: int) -> Iterator[Row]:
    """Yield (j1, ..., j5, lowest j6, number of j6), doubled, for each j5 that has a j6."""
    for e in range(abs(d - c), min(d + c, top) + 1, 2):
        low, high = max(abs(a - e), abs(b - d)), min(a + e, b + d, top)
        if high >= low:
            yield a, b, c, d, e, low, (high - low) // 2 + 1


def _entries(top: int, step: int) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield the doubled labels of all entries in order."""
    for a, b, c in triads_up_to(top, step).tolist():
        for d in range(0, top + 1, step):
            for row in _rows_of(a, b, c, d, top):
                for k in range(row[6]):
                    yield *row[:5], row[5] + 2 * k


def _radicand(a: int, b: int, c: int, d: int, e: int, f: int) -> tuple[int, int]:
    """Return T1 and T2 T3 T4."""
    bottom = triad_weight(a, e, f) * triad_weight(d, b, f) * triad_weight(d, e, c)
    return triad_weight(a, b, c), bottom


def _begin_of_lines(triads: NDArray[np.int64], top: int, step: int) -> NDArray[np.int64]:
    """Return where the entries of each (j1, j2, j3; j4) begin, and the number of all."""
    lines = top // step + 1
    if _plain(top, step):
        rows = ((a, b, c, d) for a, b, c in triads.tolist() for d in range(0, top + 1, step))
        counts = (sum(row[6] for row in _rows_of(*line, top)) for line in rows)
        return np.array(list(accumulate(counts, initial=0)), np.int64)
    from reptheory.kernels.six_j import count_6j  # noqa: PLC0415

    each = np.zeros((len(triads), lines), np.int64)
    count_6j(triads, top, step, each)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(each)])


def _integers(
    triads: NDArray[np.int64], begin: NDArray[np.int64], top: int, step: int
) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """Return S of all entries in one word, or in two: (lower, upper)."""
    if _plain(top, step):
        _ASKED.entries += _about(top, step)
        return sealed(np.array([triad_sum(*label) for label in _entries(top, step)], np.int64)), None
    low, high = compiled_integers(triads, begin, top, step)
    if high is None:
        return sealed(low.view(np.int64)), None
    return sealed(low), sealed(high.view(np.int64))
