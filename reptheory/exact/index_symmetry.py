"""Index symmetry: what a formula such as "ijkl=jikl=klij" says about the entries of a Cartesian tensor.

    formula = letters ("=" ["-"] letters)*        every term the same letters, each once

T[i,j,k,l] = T[j,i,k,l] = T[k,l,i,j] for all indices: e3nn's notation of reduced tensor products.
Entries that the formula makes equal up to sign form an orbit; one whose entry would equal its own negative is
zero. An index (i1, .., in) with values 0, 1, 2 is the number that has them as digits in base 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Final

from reptheory.errors import LabelError
from reptheory.groups.labels import shown

__all__ = ["IndexSymmetry", "Orbit", "index_symmetry"]

Orbit = tuple[tuple[int, int], ...]
"""Pairs (index, sign), the smallest index first, with the sign 1."""

_TERM: Final = re.compile(r"(-?)([A-Za-z]+)")
_WAY_ON: Final = 'write index letters joined by "=", such as "ij=-ji" or "ijkl=jikl=klij"'


@dataclass(frozen=True, slots=True)
class IndexSymmetry:
    """The permutations of `rank` indices under which a tensor keeps or changes its sign.

    generators   pairs (sign, axes): T equals sign times T with its axes permuted so (`numpy.transpose`)
    """

    rank: int
    generators: tuple[tuple[int, tuple[int, ...]], ...]

    def orbits(self) -> tuple[Orbit, ...]:
        """Return the orbits of entries that need not vanish, their smallest indices ascending."""
        found: list[Orbit] = []
        seen: set[int] = set()
        for digits in product(range(3), repeat=self.rank):
            if _number(digits) not in seen:
                signs, vanishes = self._reached(digits)
                seen |= signs.keys()
                if not vanishes:
                    found.append(tuple(sorted(signs.items())))
        return tuple(found)

    def _reached(self, start: tuple[int, ...]) -> tuple[dict[int, int], bool]:
        """Return index -> sign over the orbit of one index, and whether it contradicts itself."""
        signs, waiting, vanishes = {_number(start): 1}, [start], False
        while waiting:
            digits = waiting.pop()
            for sign, axes in self.generators:
                other = tuple(digits[axis] for axis in axes)
                expected = sign * signs[_number(digits)]
                if _number(other) not in signs:
                    waiting.append(other)
                vanishes |= signs.setdefault(_number(other), expected) != expected
        return signs, vanishes


def index_symmetry(formula: object) -> IndexSymmetry:
    """Read a formula.

    raises  LabelError: not text of the grammar, a letter twice, other letters than in the first term

    >>> index_symmetry("ij=-ji")
    IndexSymmetry(rank=2, generators=((-1, (1, 0)),))
    """
    if not isinstance(formula, str):
        raise LabelError(f"formula: got {shown(formula)}; it must be text; {_WAY_ON}")
    terms = [_term(formula, part) for part in formula.split("=")]
    sign, first = terms[0]
    if sign < 0:
        raise LabelError(f'formula: got {shown(formula)}; its first term has no sign; write "ij=-ji"')
    for _, letters in terms[1:]:
        if sorted(letters) != sorted(first):
            raise LabelError(
                f"formula: got {shown(formula)}; {letters} is no permutation of {first}; use the same "
                "letters in every term"
            )
    generators = ((sign, tuple(first.index(letter) for letter in letters)) for sign, letters in terms[1:])
    return IndexSymmetry(len(first), tuple(dict.fromkeys(generators)))


def _term(formula: str, text: str) -> tuple[int, str]:
    """Return (sign, letters) of one term."""
    match = _TERM.fullmatch(text.strip())
    if match is None:
        raise LabelError(
            f"formula: got {shown(formula)}; the term {shown(text)} has no letters only; {_WAY_ON}"
        )
    letters = match[2]
    if len({*letters}) != len(letters):
        raise LabelError(
            f"formula: got {shown(formula)}; {letters} names an index twice; give every index its own letter"
        )
    return -1 if match[1] else 1, letters


def _number(digits: tuple[int, ...]) -> int:
    """Return the number with these digits in base 3."""
    number = 0
    for digit in digits:
        number = 3 * number + digit
    return number
