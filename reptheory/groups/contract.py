"""The contract every group meets: labels, dimensions, duals and tensor-product multiplicities.

a (x) b = direct sum over c of contains(a, b, c) copies of c. A coupling array therefore has four axes,
C[i, j, k, n], i, j, k counting components of a, b, c, and n = 0 .. contains(a, b, c) - 1 the copies of c.
For SU(2), SO(3) and O(3) every multiplicity is 0 or 1 and every label is its own dual, so that arrays drop
the axis n and formulas the dual; code written against this contract may do neither.

The laws that hold for every group stand in tests/laws/test_groups.py and run on each of them.
docs/decisions/0002-groups-contract.md says why, and how SU(3) would come in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

__all__ = ["Group"]

Label = TypeVar("Label")


class Group(Protocol[Label]):
    """Selection rules of one compact group. Labels are hashable, immutable, and ordered by `labels`.

    Every method raises LabelError for what is no label of the group; a coupling that the selection rules
    forbid is no error: its multiplicity is 0.
    """

    @property
    def name(self) -> str:
        """Name for people, such as "SU(2)"."""
        ...

    @property
    def trivial(self) -> Label:
        """Label of the one-dimensional representation on which every element acts as 1."""
        ...

    def dimension(self, label: Label) -> int:
        """Return the dimension of the irrep over the complex numbers."""
        ...

    def dual(self, label: Label) -> Label:
        """Return the label of the dual irrep: the only c with contains(label, c, trivial) = 1."""
        ...

    def product(self, a: Label, b: Label) -> tuple[tuple[Label, int], ...]:
        """Return the irreps c in a (x) b with their multiplicities >= 1, each once, in canonical order."""
        ...

    def contains(self, a: Label, b: Label, c: Label) -> int:
        """Return how often c occurs in a (x) b, without listing the product."""
        ...

    def labels(self, upto: int) -> Iterator[Label]:
        """Return the labels of height <= upto in canonical order, `trivial` among them.

        The height is the group's own integer: 2j for SU(2), l for SO(3) and O(3).
        """
        ...

    def parse(self, text: str) -> Label:
        """Return the label that `text` spells; the inverse of `write`."""
        ...

    def write(self, label: Label) -> str:
        """Return the label as people write it: "3/2", "2", "1o"."""
        ...
