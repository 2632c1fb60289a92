"""Integers and floats of whole tables of 6j symbols by the compiled loops of `reptheory.kernels.six_j`."""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.rounding import nearest_pair
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import triad_weight

__all__ = ["ONE_WORD", "TWO_WORDS", "compiled_integers", "compiled_values", "triads_up_to"]

ONE_WORD: Final = 28
"""Largest doubled label whose integers are proven to fit one word: docs/proofs/six_j.md."""
TWO_WORDS: Final = 55
"""Largest doubled label whose integers are proven to fit two words."""
_FIRST_DOUBTS: Final = 1024


def triads_up_to(top: int, step: int) -> NDArray[np.int64]:
    """Return the triads (2 j1, 2 j2, 2 j3) in order."""
    labels = range(0, top + 1, step)
    found = [(a, b, c) for a in labels for b in labels for c in range(abs(a - b), min(a + b, top) + 1, 2)]
    return np.array(found, np.int64)


def compiled_integers(
    triads: NDArray[np.int64], begin: NDArray[np.int64], top: int, step: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64] | None]:
    """Return S of the entries of some triads as words, low and high ones (None where one suffices).

    triads  (T, 3) doubled
    begin   (T + 1,) where the entries of each begin
    """
    from reptheory.kernels.six_j import fill_6j, fill_6j_wide  # noqa: PLC0415

    low, wide = np.empty(int(begin[-1]), np.uint64), top > ONE_WORD
    high = np.empty(len(low), np.uint64) if wide else None
    with np.errstate(over="ignore"):  # words wrap on purpose; the plain twins would warn
        if high is not None:
            fill_6j_wide(triads, begin, top, step, _pascal(2 * top + 2), low, high)
        else:
            fill_6j(triads, begin, top, step, _pascal(2 * top + 2)[:, :, 0].copy(), low)
    return low, high


@lru_cache(maxsize=4)
def _pascal(rows: int) -> NDArray[np.uint64]:
    """Return the binomials C(n, k) of n, k < rows in two words: (rows, rows, 2), zero where k > n."""
    mask = (1 << 64) - 1
    table = np.zeros((rows, rows, 2), np.uint64)
    for n in range(rows):
        line = [comb(n, k) for k in range(n + 1)]
        table[n, : n + 1] = [(number & mask, number >> 64) for number in line]
    return table


@lru_cache(maxsize=4)
def _factors(top: int, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sqrt(T) of each triad and 1/sqrt(T) laid out for `round_6j`, as double-doubles."""
    from reptheory.kernels.six_j import LANES  # noqa: PLC0415

    triads, stride = triads_up_to(top, step), top // 2 + 1
    known: dict[tuple[int, ...], tuple[tuple[float, float], tuple[float, float]]] = {}
    roots = np.empty((2, len(triads)))
    inverse = np.zeros((2, (top + 1) ** 2 * stride + LANES))
    for block, (x, y, z) in enumerate(triads.tolist()):
        triad = tuple(sorted((x, y, z)))
        if triad not in known:
            root = Surd.sqrt(triad_weight(*triad))
            known[triad] = nearest_pair(root), nearest_pair(1 / root)
        roots[:, block], inverse[:, (x * (top + 1) + y) * stride + (z - abs(x - y)) // 2] = known[triad]
    return roots, inverse


def compiled_values(
    layout: tuple[NDArray[np.int64], NDArray[np.int64], int, int],
    integers: NDArray[Any],
    high: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return floats from the compiled kernels, and the places of those not proven to be the nearest.

    layout          doubled triads, where the entries of each begin, the largest doubled label and the step
    integers, high  as a `Wigner6jTable` holds them
    """
    from reptheory.kernels.six_j import SLACK, round_6j, round_6j_wide  # noqa: PLC0415

    roots, inverse = _factors(*layout[2:])
    out, doubtful = np.empty(len(integers)), np.empty(_FIRST_DOUBTS, np.int64)
    while True:
        if high is None:
            found = round_6j(*layout, integers, roots, inverse, SLACK, out, doubtful)
        else:
            words = integers, high.view(np.uint64)
            found = round_6j_wide(*layout, *words, roots, inverse, SLACK, out, doubtful)
        if found <= len(doubtful):
            return out, doubtful[:found]
        doubtful = np.empty(found, np.int64)
