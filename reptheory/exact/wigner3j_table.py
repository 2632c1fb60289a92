"""Whole tables of Wigner 3j symbols: exact integers from a Pascal recursion, radicands from binomials.

    3j = integer sqrt( C(2j1,c) C(2j2,b) / ((J+1) C(J,a) C(2j1,p) C(2j2,q) C(2j3,s)) )

with a = j1+j2-j3, b = j2+j3-j1, c = j1+j3-j2, J = a+b+c, p = j1+m1, q = j2-m2, s = j3-m3. The integer is
(-1)^(2 j1 + j3 + m3) B of `wigner3j`: its sign is the symbol's, and it is what the table stores, one machine
word where that is proven to suffice and two where not. The binomials are shared by all entries.

The proofs (widths, errors of the floats) are in docs/proofs/pascal.md; the loops in
`reptheory.kernels.pascal`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import comb
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.conventions import COMPLEX, Convention
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.factorial_roots import factorial_roots
from reptheory.exact.rounding import float_format, nearest_sqrt
from reptheory.exact.square_grid import block_of_grid, square_grid
from reptheory.exact.surd import Surd
from reptheory.exact.three_spins import admissible
from reptheory.exact.wigner3j import checked_labels
from reptheory.exact.wigner3j_blocks import WIDE_TWO_J, Blocks, fill, room, word_bytes, worth_compiling
from reptheory.groups.labels import shown, spelled, two_spin, whole
from reptheory.immutable import sealed
from reptheory.kernels.pascal_plain import (
    CLASSES,
    PascalPlan,
    block_rows,
    inverse_roots_plain,
    round_plain,
    within,
)

if TYPE_CHECKING:
    from reptheory.kernels.pascal_plain import Words

__all__ = ["Wigner3jTable", "wigner_3j_slabs", "wigner_3j_table"]

_MOST_BYTES: Final = 2**33
_SLACK: Final = 2.0**-97
"""Proven relative error of a value in double-double, and of what its test adds."""


def wigner_3j_table(lmax: object, *, halves: bool = False, threads: int | None = None) -> Wigner3jTable:
    """Return all Wigner 3j symbols with spins up to lmax, exactly.

    lmax     largest spin, at most 54; a multiple of 1/2 with `halves`
    halves   half-integer spins too, not only whole ones
    threads  most threads to use; None: as many as there are processors
    raises   LabelError: lmax is no spin; TooLarge: integers of more than two words, or more than 8 GiB

    >>> table = wigner_3j_table(2)
    >>> table[1, 1, 2, 0, 0, 0], len(table), table.integers[:4].tolist()
    (√(2/15), 117, [1, 1, -2, 1])
    """
    two_top, step = _top(lmax, halves)
    whole_table = Blocks(range(0, two_top + 1, step), two_top, step)
    _require_room(lmax, whole_table.entries * word_bytes(two_top), whole_table.entries)
    words = room(whole_table.entries, two_top)
    fill(whole_table.plan(whole_table), words, words, threads)
    return Wigner3jTable(two_top, step, whole_table, words)


def wigner_3j_slabs(
    lmax: object, *, halves: bool = False, threads: int | None = None
) -> Iterator[Wigner3jTable]:
    """Yield the table of `wigner_3j_table` in parts, one j1 after the other, in the table's order.

    Only two parts are in memory at a time, about 5/lmax of the whole; arguments and errors as there.

    >>> [len(slab) for slab in wigner_3j_slabs(2)]
    [9, 44, 64]
    """
    two_top, step = _top(lmax, halves)
    largest = Blocks(range(two_top, two_top + 1), two_top, step).entries
    _require_room(lmax, 2 * largest * word_bytes(two_top), largest)
    return _slabs(two_top, step, threads)


def _slabs(two_top: int, step: int, threads: int | None) -> Iterator[Wigner3jTable]:
    last, old = None, room(0, two_top)
    for two_j1 in range(0, two_top + 1, step):
        blocks = Blocks(range(two_j1, two_j1 + 1), two_top, step)
        words = room(blocks.entries, two_top)
        fill(blocks.plan(last), old, words, threads)
        last, old = blocks, words
        yield Wigner3jTable(two_top, step, blocks, words)


def _top(lmax: object, halves: bool) -> tuple[int, int]:
    """Return the doubled largest spin and the step of doubled spins; refuse what two words cannot hold."""
    two_top = two_spin(lmax, "lmax") if halves else 2 * whole(lmax, "lmax")
    if two_top > WIDE_TWO_J:
        about = 9 * (two_top // 2 + 1) ** 5 // (5 if halves else 20)
        raise TooLarge(
            f"lmax: got {shown(lmax)}, a table of about {_short(about)} symbols; integers in two words are "
            f"proven to suffice up to lmax = {WIDE_TWO_J // 2}; take blocks one by one from "
            "wigner_3j_array(j1, j2, j3)"
        )
    return two_top, 1 if halves else 2


def _short(number: int) -> str:
    digits = number.bit_length() * 0.30103
    return f"{number:.1e}" if digits < 300 else f"10^{digits:.0f}"


def _require_room(lmax: object, size: int, entries: int) -> None:
    if size > _MOST_BYTES:
        raise TooLarge(
            f"lmax: the integers of {entries} symbols up to {shown(lmax)} need {size / 2**30:.0f} GiB; the "
            f"limit is {_MOST_BYTES >> 30} GiB; take parts from wigner_3j_slabs, or choose a smaller lmax"
        )


@cache
def _pascal_rows(most: int) -> tuple[tuple[int, ...], ...]:
    """Return the rows C(n, 0..n) for n <= most."""
    rows: list[tuple[int, ...]] = [(1,)]
    for _ in range(most):
        last = rows[-1]
        rows.append((1, *(x + y for x, y in itertools.pairwise(last)), 1))
    return tuple(rows)


class Wigner3jTable:
    """All Wigner 3j symbols up to a largest spin, or those of one j1: immutable, exact.

    The order is that of the comprehension

        (j1, j2, j3, m1, m2, m3) for j1 .. for j2 .. for j3 in |j1-j2| .. min(j1+j2, lmax)
                                 for m3 in -j3 .. j3 for m1 ..        with m2 = -m1-m3 allowed

    two_lmax   the largest spin, doubled
    halves     whether half-integer spins are in it
    two_js     (T, 3) int64, read-only: the triples of doubled spins that couple, in lexicographic order
    starts     (T + 1,) int64, read-only: where the block of each triple begins
    integers   (n,) read-only: int64; where these do not suffice (lmax > 27), the low words, uint64
    high       (n,) int64, read-only: high words, integer = integers + 2^64 high; None if one word suffices
    """

    __slots__ = ("_blocks", "_step", "_words", "halves", "high", "integers", "starts", "two_js", "two_lmax")

    two_lmax: int
    halves: bool
    two_js: NDArray[np.int64]
    starts: NDArray[np.int64]
    integers: NDArray[Any]
    high: NDArray[np.int64] | None
    _blocks: Blocks
    _step: int
    _words: tuple[Words, Words]

    def __init__(self, two_top: int, step: int, blocks: Blocks, words: tuple[Words, Words]) -> None:
        """Take what `wigner_3j_table` computed; the arrays belong to the table from now on."""
        low, high = sealed(words[0]), sealed(words[1])
        fields: dict[str, object] = {
            "two_lmax": two_top,
            "halves": step == 1,
            "two_js": sealed(blocks.two_js),
            "starts": sealed(blocks.starts),
            "integers": low if len(high) else low.view(np.int64),
            "high": high.view(np.int64) if len(high) else None,
            "_blocks": blocks,
            "_step": step,
            "_words": (low, high),
        }
        for name, field in fields.items():
            object.__setattr__(self, name, field)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Wigner3jTable is immutable; {name} cannot be set (build a new table)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Wigner3jTable is immutable; {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (*self._name(), *self._words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Wigner3jTable):
            return NotImplemented
        return self._name() == other._name()

    def __hash__(self) -> int:
        return hash(self._name())

    def _name(self) -> tuple[int, int, tuple[int, int]]:
        """Return what determines the entries: the largest spin, the step and the range of j1, doubled."""
        return self.two_lmax, self._step, self._two_j1s

    @property
    def _two_j1s(self) -> tuple[int, int]:
        """The first and the last doubled j1."""
        return int(self.two_js[0, 0]), int(self.two_js[-1, 0])

    @property
    def convention(self) -> Convention:
        """What the labels mean."""
        return COMPLEX

    @property
    def binomials(self) -> tuple[tuple[int, ...], ...]:
        """C(n, k) as binomials[n][k] for n up to 3 lmax: all that the radicands are made of."""
        return _pascal_rows(3 * self.two_lmax // 2)

    def __len__(self) -> int:
        """Return the number of symbols that the selection rules allow; some of them are zero."""
        return len(self.integers)

    def __repr__(self) -> str:
        first, last = self._two_j1s
        part = "" if first == 0 and last == self.two_lmax else f", j1={spelled(first)}"
        return (
            f"Wigner3jTable(lmax={spelled(self.two_lmax)}, halves={self.halves}{part}, {len(self)} symbols)"
        )

    def __getitem__(self, labels: tuple[object, object, object, object, object, object]) -> Surd:
        """Return table[j1, j2, j3, m1, m2, m3], as `wigner_3j`; 0 where a selection rule forbids it.

        raises  LabelError: a label is impossible, or the table does not reach it
        """
        if not isinstance(labels, tuple) or len(labels) != 6:
            raise LabelError(f"index: got {shown(labels)}; write table[j1, j2, j3, m1, m2, m3]")
        t1, t2, t3, u1, u2, u3 = checked_labels(*labels)
        self._require_inside(t1, t2, t3)
        if u1 + u2 + u3 or not admissible(t1, t2, t3):
            return Surd(0, Fraction(0))
        a, b, c = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2
        p, q, s = (t1 + u1) // 2, (t2 - u2) // 2, (t3 - u3) // 2
        place = self._start(t1, t2, t3) + p - max(0, s - b)
        place += sum(a + 1 + min(c, r) - max(0, r - b) for r in range(s + 1, t3 + 1))
        integer = self._integers(place, place + 1)[0]
        if integer == 0:
            return Surd(0, Fraction(0))
        top = integer * integer * comb(t1, c) * comb(t2, b)
        bottom = (a + b + c + 1) * comb(a + b + c, a) * comb(t1, p) * comb(t2, q) * comb(t3, s)
        return Surd(1 if integer > 0 else -1, Fraction(top, bottom))

    def block(self, j1: object, j2: object, j3: object) -> SurdArray:
        """Return all symbols of three spins, equal to `wigner_3j_array`; empty where they do not couple.

        raises  LabelError: a spin is impossible, or the table does not reach it
        """
        t1, t2, t3 = two_spin(j1, "j1"), two_spin(j2, "j2"), two_spin(j3, "j3")
        self._require_inside(t1, t2, t3)
        if not admissible(t1, t2, t3):
            shape = (t1 + 1, t2 + 1, t3 + 1)
            return SurdArray(shape, np.zeros((0, 3), np.int64), (), (), convention=COMPLEX)
        start = self._start(t1, t2, t3)
        labels = self._orders(
            start, start + (t1 + 1) * (t2 + 1) - ((t1 + t2 - t3) // 2) * ((t1 + t2 - t3) // 2 + 1)
        )
        p, q = (t1 + labels[:, 3]) // 2, (t2 - labels[:, 4]) // 2
        odd = (t1 + (t3 + labels[:, 5]) // 2) % 2 == 1
        integers = np.array(self._integers(start, start + len(labels)), dtype=object)
        grid = np.zeros((t1 + 1, t2 + 1), dtype=object)
        grid[p, q] = np.where(odd, -integers, integers)
        return block_of_grid(square_grid(t1, t2, t3, coefficients=grid))

    def labels(self, start: int = 0, stop: int | None = None) -> NDArray[np.int64]:
        """Return (count, 6) doubled labels 2j1, 2j2, 2j3, 2m1, 2m2, 2m3 of the symbols start .. stop-1."""
        first, last, _ = slice(start, stop).indices(len(self))
        return self._orders(first, max(first, last))

    def values(self, dtype: DTypeLike = np.float64, *, threads: int | None = None) -> NDArray[Any]:
        """Return the symbols as floats in the table's order, each proven the nearest to its exact value.

        dtype    float64 or float32
        returns  (n,), a new array; the error is at most half a unit in the last place
        raises   OperandError: another dtype

        >>> wigner_3j_table(1).values()[-3:]
        array([ 0.40824829,  0.40824829, -0.40824829])
        """
        out = np.empty(len(self), dtype=float_format(dtype).name)
        for place in self._rounded(out, _SLACK, threads):
            t1, t2, t3, u1, u2, u3 = (
                Fraction(label, 2) for label in self.labels(place, place + 1)[0].tolist()
            )
            exact = self[t1, t2, t3, u1, u2, u3]
            square = exact.radicand
            form = float_format(dtype).name
            out[place] = exact.sign * nearest_sqrt(square.numerator, square.denominator, form)
        return out

    def _rounded(self, out: NDArray[Any], slack: float, threads: int | None) -> list[int]:
        """Round all values to `out`; return where the relative error `slack` leaves two floats possible."""
        blocks, roots = self._blocks, factorial_roots()
        plan = PascalPlan(blocks.two_js, blocks.starts, blocks.starts, self._step)
        if not worth_compiling(len(self)):
            scales = inverse_roots_plain(roots, self.two_lmax)
            places = round_plain(plan, 0, CLASSES, self._words, roots, scales, slack, out)
            return [int(place) for place in places]
        from reptheory.kernels.pascal_floats import inverse_roots, round_table  # noqa: PLC0415
        from reptheory.kernels.pool import over_samples  # noqa: PLC0415

        compiled_scales = inverse_roots(roots, self.two_lmax)
        doubtful: list[int] = []

        def task(first: int, last: int) -> None:
            places = round_table(plan, first, last, self._words, roots, compiled_scales, slack, out)
            doubtful.extend(places.tolist())

        over_samples(task, CLASSES, 1, 10 * len(self) // CLASSES, threads)
        return doubtful

    def _start(self, t1: int, t2: int, t3: int) -> int:
        """Return where the block of a triple that the table holds begins."""
        blocks = self._blocks
        number = blocks.numbers[t1 // self._step - blocks.offset, t2 // self._step, t3 // self._step]
        return int(blocks.starts[number])

    def _require_inside(self, *two_js: int) -> None:
        """Raise LabelError unless the table holds a block of these spins."""
        first, last = self._two_j1s
        for number, two_j in enumerate(two_js, start=1):
            low, high = (first, last) if number == 1 else (0, self.two_lmax)
            if not low <= two_j <= high or two_j % self._step:
                kind = "spins" if self.halves else "whole spins"
                raise LabelError(
                    f"j{number}: got {spelled(two_j)}; this table holds the {kind} {spelled(low)} to "
                    f"{spelled(high)}; build a larger one (halves=True for half-integers), or call wigner_3j"
                )

    def _integers(self, first: int, last: int) -> list[int]:
        """Return integers as Python ints."""
        low: list[int] = self.integers[first:last].tolist()
        if self.high is None:
            return low
        return [one + (two << 64) for one, two in zip(low, self.high[first:last].tolist(), strict=True)]

    def _orders(self, first: int, last: int) -> NDArray[np.int64]:
        """Return the doubled labels of a range of symbols."""
        begin, end = np.searchsorted(self.starts, [first, last], side="right").tolist()
        triples = np.arange(max(begin - 1, 0), min(end, len(self.two_js)))
        plan = PascalPlan(self.two_js, self.starts, self.starts, self._step)
        rows = block_rows(plan, triples)
        t1, t2, t3 = self.two_js[np.repeat(rows.triple, rows.length)].T
        p = within(rows.length) + np.repeat(rows.first, rows.length)
        q = p - np.repeat(rows.s - rows.b, rows.length)
        s = np.repeat(rows.s, rows.length)
        labels = np.stack([t1, t2, t3, 2 * p - t1, t2 - 2 * q, t3 - 2 * s], axis=1)
        skipped = first - int(self.starts[triples[0]]) if len(triples) else 0
        return labels[skipped : skipped + last - first]


def _rebuilt(two_top: int, step: int, two_j1s: tuple[int, int], low: Words, high: Words) -> Wigner3jTable:
    """Unpickle a table."""
    return Wigner3jTable(two_top, step, Blocks(range(two_j1s[0], two_j1s[1] + 1), two_top, step), (low, high))
