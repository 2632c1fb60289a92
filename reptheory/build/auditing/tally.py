"""The tally: numbers of a table beside the exact ones, in units of their last place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.build.auditing.report import Label, WrongValue
from reptheory.conversion.precision import units
from reptheory.conversion.reference import tolerance_of

__all__ = ["Explanation", "Piece", "Tally"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a table beside what it should hold.

    where      name of the array in the file
    found      numbers as they stand there, any shape
    expected   the same shape: the exact values, each rounded once to `precision`
    labels     place -> the labels of that entry
    entries    how many entries these are; None for all of `found` (rows leave out zeros that should be)
    by_largest whether differences are measured in units of the largest entry alone
    """

    where: str
    found: NDArray[Any]
    expected: NDArray[Any]
    labels: Callable[[tuple[int, ...]], tuple[Label, ...]]
    entries: int | None = None
    by_largest: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a table seems to hold, and how to compare it with that.

    kind         of table
    conventions  every one that means the same; () where there is none, as for 6j symbols
    factor       values = factor * exact ones
    share        of the entries that were looked at, those that this leaves wrong, and its price
    precision    of the numbers
    names        of the labels; the first `leading` of them name a block
    pieces       the comparison itself, made when asked for
    """

    kind: str
    conventions: tuple[str, ...]
    factor: float
    share: float
    precision: str
    names: tuple[str, ...]
    leading: int
    pieces: Callable[[], Iterator[Piece]]


@dataclass
class Tally:
    """Counts of what has been compared; `allowed` is the distance beyond which an entry is wrong."""

    precision: str
    names: tuple[str, ...]
    leading: int
    allowed: float
    blocks: int = 0
    entries: int = 0
    nearest: int = 0
    noise: int = 0
    worst: float = 0.0
    relative: float = 0.0
    wrong: list[WrongValue] = field(default_factory=list)
    negated: list[tuple[Label, ...]] = field(default_factory=list)

    def add(self, piece: Piece) -> None:
        """Compare one piece."""
        found, expected = piece.found, piece.expected
        largest = float(np.abs(expected).max(initial=0.0))
        sizes = np.abs(expected)
        own = sizes > (largest if piece.by_largest else 0)
        unit = units(np.where(own, sizes, largest or 1.0), self.precision)
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(found.astype(np.clongdouble) - expected).astype(np.float64)
        off = gap / unit
        off[~np.isfinite(found)] = np.inf
        bad = off > self.allowed
        entries = found.size if piece.entries is None else piece.entries
        self.blocks += 1
        self.entries += entries
        self.nearest += int((gap == 0).sum()) + entries - found.size
        self.noise += int(((expected == 0) & (found != 0) & ~bad).sum())
        self.worst = max(self.worst, float(off[np.isfinite(off)].max(initial=0.0)))
        self.relative = max(self.relative, float(gap[np.isfinite(gap)].max(initial=0.0)) / (largest or 1.0))
        wrong = [
            self._wrong(piece, place, float(off[place])) for place in map(tuple, np.argwhere(bad).tolist())
        ]
        self.wrong += wrong
        signs = sum(one.what == "sign" for one in wrong)
        is_block = 0 < self.leading < len(self.names) and not piece.by_largest
        if is_block and signs and signs == np.count_nonzero(expected):
            self.negated.append(wrong[0].path)

    def _wrong(self, piece: Piece, place: tuple[int, ...], ulps: float) -> WrongValue:
        """Describe a wrong entry."""
        value, right = piece.found[place].item(), piece.expected[place].item()
        what = _what(value, right, tolerance_of(piece.found.dtype))
        return WrongValue(
            piece.where, self.names, piece.labels(place), self.leading, value, right, ulps, what
        )


def _what(value: complex, right: complex, tolerance: float) -> str:
    """Say in a word how a value is wrong."""
    if not np.isfinite(value):
        return "not finite"
    if not right:
        return "not zero"
    if not value:
        return "zero"
    return "sign" if abs(value + right) <= tolerance * abs(right) else "value"
