"""Entries of sparse exact arrays: their order, their lowest terms, and whether they fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import OperandError, TooLarge
from reptheory.groups.labels import shown

__all__ = ["lexicographic_order", "lowest_terms", "require_room"]

_MOST_BYTES: Final = 2**33
_ENTRY_BYTES: Final = 250  # the Python objects of one entry with small integers, measured


def lexicographic_order(rows: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the permutation that sorts index rows; raise OperandError for one outside or repeated."""
    if rows.size and (rows.min() < 0 or (rows >= shape).any()):
        raise OperandError(f"SurdArray: an index lies outside the shape {shape}; indices start at 0")
    if rows.shape[1] == 0:
        return np.arange(len(rows))
    order = np.lexsort(rows.T[::-1])
    if (rows[order[1:]] == rows[order[:-1]]).all(axis=1).any():
        raise OperandError("SurdArray: an index comes twice; give each entry once")
    return order


def lowest_terms(
    numerators: Sequence[int], denominators: Sequence[int], order: list[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the fractions in the given order and in lowest terms; raise OperandError for a zero."""
    tops: list[int] = []
    bottoms: list[int] = []
    for place in order:
        top, bottom = numerators[place], denominators[place]
        if top == 0 or bottom <= 0:
            raise OperandError(
                f"SurdArray: got the entry {top}/{bottom}; leave zeros out, denominators are > 0"
            )
        common = gcd(top, bottom)
        tops.append(top // common)
        bottoms.append(bottom // common)
    return tuple(tops), tuple(bottoms)


def require_room(entries: int, bits: int, what: str) -> None:
    """Raise TooLarge if `entries` exact values, each with about `bits` bits above and below, exceed 8 GiB."""
    size = entries * (_ENTRY_BYTES + bits // 4)
    if size > _MOST_BYTES:
        raise TooLarge(
            f"{what} needs about {shown(size >> 30)} GiB for {shown(entries)} exact entries; the limit is "
            f"{_MOST_BYTES >> 30} GiB; choose smaller labels or single values"
        )
