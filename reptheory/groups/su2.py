"""SU(2): the label is the doubled spin two_j = 2j = 0, 1, 2, ...; the dimension is 2j + 1.

j1 (x) j2 = |j1 - j2| + ... + (j1 + j2), each once  [Varshalovich 1988, 8.1.1].
Every irrep is its own dual: real for whole j, quaternionic for half-integer j.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reptheory.errors import LabelError
from reptheory.groups.labels import doubled, read_half, shown, spelled, whole

__all__ = ["SU2", "SU2Group", "triangle"]


def triangle(two_j1: int, two_j2: int, two_j3: int) -> bool:
    """Say whether j3 occurs in j1 (x) j2: |j1-j2| <= j3 <= j1+j2 and j1+j2+j3 whole. Labels are trusted."""
    return abs(two_j1 - two_j2) <= two_j3 <= two_j1 + two_j2 and (two_j1 + two_j2 + two_j3) % 2 == 0


@dataclass(frozen=True, slots=True)
class SU2Group:
    """Selection rules of SU(2) on doubled spins; use the instance `SU2`.

    >>> SU2.product(1, 2)
    ((1, 1), (3, 1))
    """

    @property
    def name(self) -> str:
        """ "SU(2)"."""
        return "SU(2)"

    @property
    def trivial(self) -> int:
        """Spin 0."""
        return 0

    def dimension(self, label: int) -> int:
        """Return 2j + 1."""
        return doubled(label, "two_j") + 1

    def dual(self, label: int) -> int:
        """Return the label itself: every irrep of SU(2) is its own dual."""
        return doubled(label, "two_j")

    def product(self, a: int, b: int) -> tuple[tuple[int, int], ...]:
        """Return ((two_j3, 1), ...) for j3 = |j1-j2|, ..., j1+j2."""
        two_j1, two_j2 = doubled(a, "two_j1"), doubled(b, "two_j2")
        return tuple((two_j3, 1) for two_j3 in range(abs(two_j1 - two_j2), two_j1 + two_j2 + 1, 2))

    def contains(self, a: int, b: int, c: int) -> int:
        """Return 1 where j3 satisfies the triangle with j1 and j2, else 0."""
        return int(triangle(doubled(a, "two_j1"), doubled(b, "two_j2"), doubled(c, "two_j3")))

    def labels(self, upto: int) -> Iterator[int]:
        """Return two_j = 0, 1, ..., upto."""
        return iter(range(whole(upto, "upto") + 1))

    def parse(self, text: str) -> int:
        """Return two_j for a spin as people write it: "2", "3/2" or "1.5"."""
        two_j = read_half(text, "j")
        if two_j < 0:
            raise LabelError(f"j: got {shown(text)}; a spin is 0, 1/2, 1, ...; write a non-negative one")
        return two_j

    def write(self, label: int) -> str:
        """Return the spin, not its double: "3/2" for two_j = 3."""
        return spelled(doubled(label, "two_j"))


SU2: Final = SU2Group()
