"""Direct sums of SU(2) irreps, half-integer spins included, as immutable values.

    irreps = [term ("+" term)*]      term = [mul "x"] j      j = "0" | "1/2" | "1" | "1.5" | ...

A feature vector of `SpinIrreps("2x1/2 + 1")` is complex: [x[entry][copy][m + j]], m = -j .. j ascending,
flattened; `slices` says where each entry lies. A spin has no parity: "1o" is a label of O(3), see `Irreps`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from reptheory.errors import LabelError
from reptheory.groups.direct_sum import DirectSum
from reptheory.groups.labels import doubled, read_half, shown, spelled, two_spin

__all__ = ["Spin", "SpinIrreps"]

_TERM: Final = re.compile(r"\s*(?:([0-9]+)\s*x\s*)?([0-9]+(?:/[0-9]+|\.[0-9]+)?)\s*")
_TERMS: Final = 'write terms such as "2x1/2" or "1" joined by "+"'


@dataclass(frozen=True, slots=True, order=True, init=False, repr=False)
class Spin:
    """One irrep of SU(2): spin j = 0, 1/2, 1, ..., of dimension 2j + 1.

    Written Spin(0.5), Spin("1/2"), Spin(Fraction(1, 2)) or Spin(another).

    >>> list(Spin("1/2") * Spin(1))
    [1/2, 3/2]
    """

    two_j: int

    def __init__(self, j: object) -> None:
        object.__setattr__(self, "two_j", _two_j(j))

    @classmethod
    def of_doubled(cls, two_j: object) -> Spin:
        """Return the spin two_j / 2.

        >>> Spin.of_doubled(3)
        3/2
        """
        spin = cls(0)
        object.__setattr__(spin, "two_j", doubled(two_j, "two_j"))
        return spin

    @property
    def dim(self) -> int:
        """The dimension 2j + 1."""
        return self.two_j + 1

    def __mul__(self, other: object) -> Iterator[Spin]:
        """Iterate over the irreps of the tensor product, j ascending."""
        right = Spin(other).two_j
        spins = range(abs(self.two_j - right), self.two_j + right + 1, 2)
        return map(Spin.of_doubled, spins)

    def __repr__(self) -> str:
        return spelled(self.two_j)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class SpinIrreps(DirectSum[Spin]):
    """Direct sum of SU(2) irreps with multiplicities, in a fixed order.

    Written SpinIrreps("2x1/2 + 1"), SpinIrreps([(2, 0.5), (1, 1)]), SpinIrreps(Spin(1)) or SpinIrreps() for
    none. Otherwise as `Irreps`: len, iteration, indexing and slices work entry by entry.
    raises  LabelError: text outside the grammar, a negative multiplicity, an impossible spin

    >>> SpinIrreps("2x1/2 + 1")
    2x1/2+1x1
    >>> SpinIrreps("2x1/2 + 1").dim
    7
    """

    _GRAMMAR: ClassVar[str] = _TERMS

    @classmethod
    def label(cls, value: object) -> Spin:
        """Return the spin that `value` states."""
        return Spin(value)

    @classmethod
    def _term(cls, text: str) -> tuple[int | None, Spin]:
        match = _TERM.fullmatch(text)
        if match is None:
            raise LabelError(f"irreps: got {shown(text)}; it is outside the grammar of spins; {_TERMS}")
        mul, spin = match.groups()
        try:
            times = None if mul is None else int(mul)
        except ValueError as error:  # more digits than Python converts
            raise LabelError(f"irreps: got {shown(text)}; it has too many digits; write fewer") from error
        return times, Spin(spin)

    @staticmethod
    def _is_label(value: object) -> bool:
        return isinstance(value, Spin)


def _two_j(value: object) -> int:
    """Return 2j of whatever `Spin` reads: a spin, text, or a number."""
    if isinstance(value, Spin):
        return value.two_j
    if isinstance(value, str):
        two_j = read_half(value, "j")
        if two_j < 0:
            raise LabelError(f"j: got {shown(value)}; a spin is 0, 1/2, 1, ...; write a non-negative one")
        return two_j
    return two_spin(value, "j")
