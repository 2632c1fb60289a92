"""Signed permutations: by what orders and signs of its axes, and what factor, one tensor becomes another.

Sought are f, a permutation and signs of each axis with

    found[i, j, ..] = f s1[i] s2[j] .. wanted[p1[i], p2[j], ..]

The size of f follows from the norms. Places of each axis are told apart by the sizes in their slices, and
again by the sizes together with the classes of the other axes, until nothing changes (colour refinement);
what is still alike is tried in turn. Signs are then a linear system over two elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SignedPermutation", "signed_permutation"]

_MOST_TRIES = 200
Classes = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class SignedPermutation:
    """found = factor * signs * wanted[places], axis by axis.

    factor   negative where every sign of an axis would be
    places   per axis: which place of the wanted tensor stands at each place of the found one
    signs    per axis: 1 or -1 at each place of the found tensor
    """

    factor: float
    places: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[int, ...], ...]

    @property
    def moves(self) -> int:
        """How much it changes: the number of axes whose order changes and of minus signs."""
        moved = sum(places != tuple(range(len(places))) for places in self.places)
        return moved + sum(sign < 0 for part in self.signs for sign in part)


def signed_permutation(
    found: NDArray[np.float64],
    wanted: NDArray[np.float64],
    tolerance: float,
    likely: Iterable[Sequence[NDArray[np.int64]]] = (),
) -> SignedPermutation | None:
    """Return a signed permutation that makes `found` of `wanted`, or None. A symmetric tensor has several.

    found, wanted   real arrays of one shape
    tolerance       differences up to tolerance * (largest size) are none
    likely          orders to try first: the one with the fewest minus signs and moved axes wins
    """
    norms = np.linalg.norm(found), np.linalg.norm(wanted)
    if found.shape != wanted.shape or not norms[0] or not norms[1] or not np.isfinite(norms[0]):
        return None
    factor = float(norms[0] / norms[1])
    scaled = found / factor
    sizes = _levels(np.abs(scaled), np.abs(wanted), tolerance * float(np.abs(wanted).max()))
    if sizes is None:
        return None
    width = tolerance * float(np.abs(wanted).max())
    simple = []
    for places in likely:
        if np.array_equal(sizes[0], sizes[1][np.ix_(*places)]):
            signs = _signs(scaled, wanted[np.ix_(*places)], width)
            simple += [] if signs is None else [_result(factor, places, signs)]
    if simple:
        return min(simple, key=lambda one: one.moves)
    for places in _matchings(*sizes):
        signs = _signs(scaled, wanted[np.ix_(*places)], width)
        if signs is not None:
            return _result(factor, places, signs)
    return None


def _result(
    factor: float, places: Sequence[NDArray[np.int64]], signs: tuple[tuple[int, ...], ...]
) -> SignedPermutation:
    whole = [axis for axis, part in enumerate(signs) if set(part) == {-1}]  # the factor takes their signs
    kept = tuple((1,) * len(part) if axis in whole else part for axis, part in enumerate(signs))
    turned = -factor if len(whole) % 2 else factor
    return SignedPermutation(turned, tuple(tuple(part.tolist()) for part in places), kept)


def _levels(
    found: NDArray[np.float64], wanted: NDArray[np.float64], width: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return sizes as levels, those closer than `width` as one; None unless both have the same."""
    both = np.concatenate([found.ravel(), wanted.ravel()])
    order = np.argsort(both, kind="stable")
    steps = np.diff(both[order], prepend=both[order[0]]) > width
    level = np.empty(len(both), np.int64)
    level[order] = np.cumsum(steps)
    left, right = level[: found.size], level[found.size :]
    if not np.array_equal(np.sort(left), np.sort(right)):
        return None
    return left.reshape(found.shape), right.reshape(wanted.shape)


def _matchings(found: NDArray[np.int64], wanted: NDArray[np.int64]) -> Iterator[list[NDArray[np.int64]]]:
    """Yield permutations with found == wanted[np.ix_(*permutations)], as far as a number of tries goes."""
    tries = [_MOST_TRIES]
    start = [np.zeros(length, np.int64) for length in found.shape]
    yield from _search(found, wanted, start, [part.copy() for part in start], tries)


def _search(
    found: NDArray[np.int64], wanted: NDArray[np.int64], left: Classes, right: Classes, tries: list[int]
) -> Iterator[list[NDArray[np.int64]]]:
    """Refine both colourings alike; where a class has several places, try each for its first."""
    tries[0] -= 1
    if tries[0] < 0:
        return
    refined = _refined(found, wanted, left, right)
    if refined is None:
        return
    left, right = refined
    for axis, classes in enumerate(left):
        values, counts = np.unique(classes, return_counts=True)
        if (counts > 1).any():
            shared = values[counts > 1][0]
            place = int(np.flatnonzero(classes == shared)[0])
            others = np.flatnonzero(right[axis] == shared).tolist()
            for other in sorted(others, key=lambda one: one != place):
                ours, theirs = [part.copy() for part in left], [part.copy() for part in right]
                ours[axis][place] = theirs[axis][other] = -1
                yield from _search(found, wanted, ours, theirs, tries)
            return
    places = [
        np.argsort(theirs)[np.argsort(np.argsort(ours))] for ours, theirs in zip(left, right, strict=True)
    ]
    if np.array_equal(found, wanted[np.ix_(*places)]):
        yield places


def _refined(
    found: NDArray[np.int64], wanted: NDArray[np.int64], left: Classes, right: Classes
) -> tuple[Classes, Classes] | None:
    """Return the coarsest stable colourings finer than those given; None where they cannot agree."""
    while True:
        names: dict[bytes, int] = {}
        ours, theirs = _named(found, left, names), _named(wanted, right, names)
        if any(not np.array_equal(np.sort(a), np.sort(b)) for a, b in zip(ours, theirs, strict=True)):
            return None
        if all(len(np.unique(a)) == len(np.unique(b)) for a, b in zip(ours, left, strict=True)):
            return ours, theirs
        left, right = ours, theirs


def _named(tensor: NDArray[np.int64], classes: Classes, names: dict[bytes, int]) -> Classes:
    """Return new classes: of each place its old class and the sorted entries of its slice with theirs."""
    grids = np.meshgrid(*classes, indexing="ij")
    result = []
    for axis, old in enumerate(classes):
        columns = [tensor, *(grid for number, grid in enumerate(grids) if number != axis)]
        stacked = np.stack(
            [np.moveaxis(column, axis, 0).reshape(len(old), -1) for column in columns], axis=-1
        )
        new = np.empty(len(old), np.int64)
        for place in range(len(old)):
            rows = stacked[place]
            rows = rows[np.lexsort(rows.T[::-1])]
            key = bytes([axis]) + int(old[place]).to_bytes(8, "little", signed=True) + rows.tobytes()
            new[place] = names.setdefault(key, len(names))
        result.append(new)
    return result


def _signs(
    found: NDArray[np.float64], moved: NDArray[np.float64], width: float
) -> tuple[tuple[int, ...], ...] | None:
    """Return signs of the places with found = signs * moved, + where free; None if there are none."""
    index = np.argwhere(np.abs(moved) > width)
    offsets = np.cumsum([0, *found.shape])
    bits = (found[tuple(index.T)] * moved[tuple(index.T)] < 0).tolist()
    rows = []
    for places, bit in zip(index.tolist(), bits, strict=True):
        mask = 0
        for axis, place in enumerate(places):
            mask ^= 1 << int(offsets[axis] + place)
        rows.append((mask, int(bit)))
    solution = _solved(rows)
    if solution is None:
        return None
    return _fewest(solution, found.shape)


def _solved(rows: Sequence[tuple[int, int]]) -> int | None:
    """Solve a linear system over two elements, unknowns as bits, free ones 0; None if it has no solution."""
    pivots: dict[int, tuple[int, int]] = {}
    for start, right in rows:
        mask, bit = start, right
        while mask:
            top = mask.bit_length() - 1
            if top not in pivots:
                pivots[top] = mask, bit
                break
            other = pivots[top]
            mask, bit = mask ^ other[0], bit ^ other[1]
        else:
            if bit:
                return None
    solution = 0
    for top in sorted(pivots):
        mask, bit = pivots[top]
        if ((mask & solution & ~(1 << top)).bit_count() + bit) % 2:
            solution |= 1 << top
    return solution


def _fewest(solution: int, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the signs, turned on pairs of whole axes where that leaves fewer minus signs."""
    signs, start = [], 0
    for length in shape:
        signs.append([-1 if solution >> (start + place) & 1 else 1 for place in range(length)])
        start += length
    for first, second in combinations(range(len(shape)), 2):
        if sum(signs[first]) + sum(signs[second]) < 0:
            for axis in (first, second):
                signs[axis] = [-sign for sign in signs[axis]]
    return tuple(tuple(part) for part in signs)
