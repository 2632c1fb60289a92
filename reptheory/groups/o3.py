"""O(3): the label is an `Irrep`, a degree l with the parity p = +-1 under inversion; the dimension is 2l + 1.

(l1, p1) (x) (l2, p2) = (|l1-l2|, p1 p2) + ... + (l1+l2, p1 p2), each once. Every irrep is real.
`Irrep` and the direct sum `Irreps` live in groups/irreps.py and are public from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reptheory.groups.irreps import Irrep, Irreps, MulIr, Sorted
from reptheory.groups.labels import whole

__all__ = ["O3", "Irrep", "Irreps", "MulIr", "O3Group", "Sorted"]


@dataclass(frozen=True, slots=True)
class O3Group:
    """Selection rules of O(3) on `Irrep`s, or on anything `Irrep` reads; use the instance `O3`.

    >>> O3.product(Irrep("1o"), Irrep("1o"))
    ((0e, 1), (1e, 1), (2e, 1))
    """

    @property
    def name(self) -> str:
        """ "O(3)"."""
        return "O(3)"

    @property
    def trivial(self) -> Irrep:
        """The even scalar, 0e."""
        return Irrep(0, 1)

    def dimension(self, label: Irrep) -> int:
        """Return 2l + 1."""
        return Irrep(label).dim

    def dual(self, label: Irrep) -> Irrep:
        """Return the label itself: every irrep of O(3) is its own dual."""
        return Irrep(label)

    def product(self, a: Irrep, b: Irrep) -> tuple[tuple[Irrep, int], ...]:
        """Return ((c, 1), ...) for l3 = |l1-l2|, ..., l1+l2, each of parity p1 p2."""
        return tuple((c, 1) for c in Irrep(a) * Irrep(b))

    def contains(self, a: Irrep, b: Irrep, c: Irrep) -> int:
        """Return 1 where |l1-l2| <= l3 <= l1+l2 and p3 = p1 p2, else 0."""
        a, b, c = Irrep(a), Irrep(b), Irrep(c)
        return int(abs(a.l - b.l) <= c.l <= a.l + b.l and c.p == a.p * b.p)

    def labels(self, upto: int) -> Iterator[Irrep]:
        """Return the irreps with l <= upto in sorted order: 0o, 0e, 1o, 1e, ..."""
        return (Irrep(degree, p) for degree in range(whole(upto, "upto") + 1) for p in (-1, 1))

    def parse(self, text: str) -> Irrep:
        """Return the irrep that "2e", "1o" or "1y" (parity (-1)^l) spells."""
        return Irrep(text)

    def write(self, label: Irrep) -> str:
        """Return the irrep as "2e" or "1o"."""
        return repr(Irrep(label))


O3: Final = O3Group()
