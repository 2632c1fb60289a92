"""SO(3): the label is the degree l = 0, 1, 2, ...; the dimension is 2l + 1.

l1 (x) l2 = |l1 - l2| + ... + (l1 + l2), each once: the whole spins of SU(2). Every irrep is real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reptheory.errors import LabelError
from reptheory.groups.labels import read_half, shown, whole

__all__ = ["SO3", "SO3Group"]


@dataclass(frozen=True, slots=True)
class SO3Group:
    """Selection rules of SO(3) on degrees; use the instance `SO3`.

    >>> SO3.product(1, 2)
    ((1, 1), (2, 1), (3, 1))
    """

    @property
    def name(self) -> str:
        """ "SO(3)"."""
        return "SO(3)"

    @property
    def trivial(self) -> int:
        """Degree 0."""
        return 0

    def dimension(self, label: int) -> int:
        """Return 2l + 1."""
        return 2 * whole(label, "l") + 1

    def dual(self, label: int) -> int:
        """Return the label itself: every irrep of SO(3) is its own dual."""
        return whole(label, "l")

    def product(self, a: int, b: int) -> tuple[tuple[int, int], ...]:
        """Return ((l3, 1), ...) for l3 = |l1-l2|, ..., l1+l2."""
        l1, l2 = whole(a, "l1"), whole(b, "l2")
        return tuple((l3, 1) for l3 in range(abs(l1 - l2), l1 + l2 + 1))

    def contains(self, a: int, b: int, c: int) -> int:
        """Return 1 where |l1-l2| <= l3 <= l1+l2, else 0."""
        l1, l2, l3 = whole(a, "l1"), whole(b, "l2"), whole(c, "l3")
        return int(abs(l1 - l2) <= l3 <= l1 + l2)

    def labels(self, upto: int) -> Iterator[int]:
        """Return l = 0, 1, ..., upto."""
        return iter(range(whole(upto, "upto") + 1))

    def parse(self, text: str) -> int:
        """Return l for a degree as people write it: "2"."""
        two_l = read_half(text, "l")
        if two_l < 0 or two_l % 2:
            raise LabelError(f"l: got {shown(text)}; a degree is 0, 1, 2, ...; write a whole number")
        return two_l // 2

    def write(self, label: int) -> str:
        """Return the degree in digits."""
        return shown(whole(label, "l"))


SO3: Final = SO3Group()
