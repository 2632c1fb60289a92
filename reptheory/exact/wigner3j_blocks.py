"""Blocks of 3j symbols: where those of three spins lie in a table, and their integers from the blocks before.

The proofs are in docs/proofs/pascal.md, the loops in `reptheory.kernels.pascal`.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.immutable import sealed
from reptheory.kernels.pascal_plain import CLASSES, PascalPlan, fill_plain, pascal_triangle

if TYPE_CHECKING:
    from reptheory.kernels.pascal_plain import Words

__all__ = ["NARROW_TWO_J", "WIDE_TWO_J", "Blocks", "fill", "room", "word_bytes", "worth_compiling"]

NARROW_TWO_J: Final = 54
"""Largest doubled spin whose integers, and the sums that make them, are proven to fit into 64 bits."""
WIDE_TWO_J: Final = 108
"""The same for 128 bits."""
_WORTH_COMPILING: Final = 2_000_000
"""Entries up to which a process that has not loaded the compiled loops does better without them."""


class Blocks:
    """Where the blocks of consecutive j1 lie.

    two_js    (T, 3) doubled spins in lexicographic order
    a         (T,) j1 + j2 - j3 of each
    starts    (T + 1,) where each block begins
    numbers   (j1s, j2s, j3s) the number of a triple, for spins counted in steps; -1 for none
    """

    def __init__(self, two_j1s: range, two_top: int, step: int) -> None:
        spins = np.arange(0, two_top + 1, step)
        first = np.arange(two_j1s.start, two_j1s.stop, step)[:, None, None]
        second, third = spins[:, None], spins
        inside = (abs(first - second) <= third) & (third <= first + second)
        if step == 1:
            inside &= (first + second + third) & 1 == 0
        self.step, self.offset = step, two_j1s.start // step
        places = inside.reshape(-1).nonzero()[0]
        self.places = np.unravel_index(places, inside.shape)
        self.numbers = np.full(inside.shape, -1)
        self.numbers.reshape(-1)[places] = np.arange(len(places))
        i1, i2, i3 = self.places
        t1, t2, t3 = labels = step * np.array([i1 + self.offset, i2, i3])
        self.two_js = labels.T.copy()
        self.a = a = (t1 + t2 - t3) >> 1
        self.starts = np.zeros(len(a) + 1, dtype=np.int64)
        ((t1 + 1) * (t2 + 1) - a * (a + 1)).cumsum(out=self.starts[1:])
        self.entries = int(self.starts[-1])

    def plan(self, old: Blocks | None) -> PascalPlan:
        """Return the plan to fill these blocks from `old`, which holds the blocks one step before."""
        i1, i2, i3 = self.places
        sources = np.full(len(i1), -1, dtype=np.int64)
        if old is not None:
            has = (self.a >= self.step).nonzero()[0]
            before = i1[has] + self.offset - 1 - old.offset
            sources[has] = old.starts[old.numbers[before, i2[has] - 1, i3[has]]]
        return PascalPlan(self.two_js, self.starts, sources, self.step)


def word_bytes(two_top: int) -> int:
    """Return the bytes of one integer."""
    return 8 if two_top <= NARROW_TWO_J else 16


def room(entries: int, two_top: int) -> tuple[Words, Words]:
    """Return room for integers: low words, and high words where they are needed."""
    high = 0 if two_top <= NARROW_TWO_J else entries
    return np.empty(entries, np.uint64), np.empty(high, np.uint64)


def worth_compiling(entries: int) -> bool:
    """Whether to use compiled loops: they are there already, or the table is worth their start."""
    return entries > _WORTH_COMPILING or "reptheory.kernels.pascal" in sys.modules


def fill(plan: PascalPlan, old: tuple[Words, Words], new: tuple[Words, Words], threads: int | None) -> None:
    """Compute the integers of a plan."""
    binomials, entries = _binomial_words(), len(new[0])
    if not worth_compiling(entries):
        fill_plain(plan, 0, CLASSES, old, new, binomials)
        return
    from reptheory.kernels.pascal import fill_table  # noqa: PLC0415  (Numba loads for large tables only)
    from reptheory.kernels.pool import over_samples  # noqa: PLC0415

    def task(first: int, last: int) -> None:
        fill_table(plan, first, last, old, new, binomials)

    over_samples(task, CLASSES, 1, entries // CLASSES, threads)


@cache
def _binomial_words() -> tuple[Words, Words]:
    low, high = pascal_triangle(WIDE_TWO_J)
    return sealed(low), sealed(high)
