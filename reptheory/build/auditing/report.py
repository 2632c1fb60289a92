"""What `audit` found, as a frozen value that prints as a page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from reptheory.exact.surd import Surd

__all__ = ["Audit", "Label", "WrongValue"]

Label = int | Fraction
_SHOWN: Final = 10
_NAMED: Final = 4
_SINGLE: Final = (2.0**-28, 2.0**-16)  # relative errors that float32 leaves in a float64 table


@dataclass(frozen=True, slots=True)
class WrongValue:
    """One wrong entry of a table.

    where     name of the array in the file
    names     what its labels are: ("l1", "l2", "l3", "m1", "m2", "m3"), ("j1", .., "j6"), ("l", "m", "point")
    labels    one for each name; halves are Fractions
    leading   how many of them name the block
    found     what is there
    expected  the exact value, correctly rounded
    ulps      their distance in units of the last place of the exact value (of its block's largest, where it
              is 0)
    what      "sign", "zero" (but should not be), "not zero" (but should be), "not finite" or "value"
    """

    where: str
    names: tuple[str, ...]
    labels: tuple[Label, ...]
    leading: int
    found: complex
    expected: complex
    ulps: float
    what: str

    @property
    def path(self) -> tuple[Label, ...]:
        """The labels of the block: (l1, l2, l3) of a coupling, (j,) of a rotation."""
        return self.labels[: self.leading]

    @property
    def orders(self) -> tuple[Label, ...]:
        """The labels within the block: (m1, m2, m3) of a coupling."""
        return self.labels[self.leading :]

    def __str__(self) -> str:
        parts = (slice(None, self.leading), slice(self.leading, None))
        labels = [f"{' '.join(self.names[part])} = {_listed(self.labels[part])}" for part in parts]
        where = "; ".join(text for text in labels if not text.startswith(" ="))
        return f"{where}: {_differing(self.found, self.expected)} ({self.what}, {self.ulps:.3g} ulp)"


def _differing(found: complex, expected: complex) -> str:
    """Write two numbers with nine digits, or with all where nine are the same."""
    short = f"{found:.9g}", f"{expected:.9g}"
    one, other = short if short[0] != short[1] else (f"{found:.17g}", f"{expected:.17g}")
    return f"{one}, should be {other}"


def _listed(labels: tuple[Label, ...]) -> str:
    return ", ".join(map(str, labels))


@dataclass(frozen=True, slots=True)
class Audit:
    """A table compared with exact values.

    kind, conventions  what it holds, as nearly as can be told; every convention that means the same, none
                       where there is nothing to agree on, as for 6j symbols
    factor             values = factor * that; `exact_factor` where it is a root of a small fraction
    blocks, entries    how much was compared
    nearest            entries that are the correctly rounded value
    noise              entries that should be 0, are not, but within `allowed` units of their block's largest
    worst              largest distance in units of the last place
    relative           largest error over the largest entry of its block
    dtype              precision of the table: "float64" of complex128 too
    allowed            distance beyond which an entry is wrong
    wrong              every wrong entry, block by block
    negated            labels of the blocks whose every entry has the other sign
    """

    name: str
    kind: str
    conventions: tuple[str, ...]
    factor: float
    exact_factor: Surd | None
    blocks: int
    entries: int
    nearest: int
    noise: int
    worst: float
    relative: float
    dtype: str
    allowed: float
    wrong: tuple[WrongValue, ...]
    negated: tuple[tuple[Label, ...], ...]

    @property
    def holds(self) -> bool:
        """Whether no entry is wrong, and no factor was needed."""
        return not self.wrong and self.factor == 1.0

    @property
    def counts(self) -> dict[str, int]:
        """How many entries are wrong in which way."""
        return dict(Counter(one.what for one in self.wrong))

    @property
    def looks_single(self) -> bool:
        """Whether a float64 table has the accuracy of float32."""
        return self.dtype == "float64" and _SINGLE[0] < self.relative < _SINGLE[1]

    def __str__(self) -> str:
        times = "" if self.factor == 1.0 else f", times {self.exact_factor or format(self.factor, '.9g')}"
        lines = [
            f"{self.name}: {self.kind}{_few(self.conventions)}{times}",
            f"  {self.blocks} block{'s' * (self.blocks != 1)}, {self.entries} entries, {self.dtype}",
            f"  {self.nearest} are the nearest {self.dtype}; "
            f"worst {self.worst:.3g} ulp, largest error {self.relative:.2g} of the largest entry",
        ]
        if self.looks_single:
            lines.append("  float64 numbers with the accuracy of float32: computed or stored in it once")
        if self.noise:
            lines.append(f"  {self.noise} entries that are exactly 0 hold noise")
        if not self.wrong:
            return "\n".join([*lines, f"  no entry is off by more than {self.allowed:g} ulp"])
        if 2 * len(self.wrong) > self.entries:
            lines.append(
                "  most entries are wrong: perhaps these are no such coefficients, or of no known convention"
            )
        if self.negated:
            blocks = [f"({_listed(path)})" for path in self.negated[:_SHOWN]]
            more = ["..."] if len(self.negated) > _SHOWN else []
            have = "block has" if len(self.negated) == 1 else "blocks have"
            lines.append(
                f"  {len(self.negated)} {have} the other sign throughout: {', '.join(blocks + more)}"
            )
        counts = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        subject = "1 entry is" if len(self.wrong) == 1 else f"{len(self.wrong)} entries are"
        lines.append(f"  {subject} off by more than {self.allowed:g} ulp ({counts}):")
        worst = sorted(self.wrong, key=lambda one: -one.ulps)[:_SHOWN]
        lines += [f"    {one}" for one in worst]
        if len(self.wrong) > len(worst):
            lines.append(f"    and {len(self.wrong) - len(worst)} more")
        return "\n".join(lines)


def _few(names: tuple[str, ...]) -> str:
    """Write the first conventions, and how many more there are."""
    more = len(names) - _NAMED
    return f" of {', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}" if names else ""
