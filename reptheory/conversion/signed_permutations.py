"""Signed permutations: by what orders and signs of its axes, and what factor, one tensor becomes another.

Sought are f, a permutation and signs of each axis with

    found[i, j, ..] = f s1[i] s2[j] .. wanted[p1[i], p2[j], ..]

Signs of real tensors are 1 and -1, of complex ones also i and -i; f is any number. The size of f follows from
the norms. Places of each axis are told apart by the sizes in their slices, and again by the sizes together
with the classes of the other axes, until nothing changes (colour refinement); what is still alike is tried in
turn. Signs are powers of i: their exponents are a linear system modulo 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SignedPermutation", "plain_signs", "quarter_turns", "signed_permutation"]

_MOST_TRIES = 200
_PHASE = 2.0**-8  # of a fourth power
Classes = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class SignedPermutation:
    """found = factor * signs * wanted[places], axis by axis.

    factor   negative (or complex) where every sign of an axis would be
    places   per axis: which place of the wanted tensor stands at each place of the found one
    signs    per axis: 1 or -1, of complex tensors also 1j or -1j, at each place of the found tensor
    """

    factor: complex
    places: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[complex, ...], ...]

    @property
    def moves(self) -> int:
        """How much it changes: the number of axes whose order changes and of minus signs."""
        moved = sum(places != tuple(range(len(places))) for places in self.places)
        return moved + sum(sign != 1 for part in self.signs for sign in part)


def signed_permutation(
    found: NDArray[Any],
    wanted: NDArray[Any],
    tolerance: float,
    likely: Iterable[Sequence[NDArray[np.int64]]] = (),
) -> SignedPermutation | None:
    """Return a signed permutation that makes `found` of `wanted`, or None. A symmetric tensor has several.

    found, wanted   real or complex arrays of one shape
    tolerance       differences up to tolerance * (largest size) are none
    likely          orders to try first: the one with the fewest minus signs and moved axes wins
    """
    norms = float(np.linalg.norm(found)), float(np.linalg.norm(wanted))
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
            simple += [] if signs is None else [_result(factor, places, *signs)]
    if simple:
        return min(simple, key=lambda one: one.moves)
    for places in _matchings(*sizes):
        signs = _signs(scaled, wanted[np.ix_(*places)], width)
        if signs is not None:
            return _result(factor, places, *signs)
    return None


def _result(
    size: float, places: Sequence[NDArray[np.int64]], phase: complex, turns: list[NDArray[np.int64]]
) -> SignedPermutation:
    """Return the result, with exponents of i turned so that each axis has as few signs as can be."""
    kept = []
    for part in turns:
        commonest = int(np.argmax(np.bincount(part, minlength=4)))
        phase *= (1, 1j, -1, -1j)[commonest]  # the factor takes what most places share
        kept.append(plain_signs((part - commonest) % 4))
    factor = size * phase
    return SignedPermutation(
        factor if factor.imag else factor.real, tuple(tuple(part.tolist()) for part in places), tuple(kept)
    )


def plain_signs(turns: NDArray[np.int64]) -> tuple[complex, ...]:
    """Return powers of i as 1, 1j, -1, -1j; the real ones as ints."""
    return tuple((1, 1j, -1, -1j)[turn] for turn in (turns % 4).tolist())


def quarter_turns(phases: NDArray[Any]) -> tuple[complex, NDArray[np.int64]]:
    """Return a phase and exponents k with phases = phase * i^k * (their size), as nearly as can be.

    The phase is 1 where all are powers of i themselves.
    """
    units = phases / np.abs(phases)
    mean = complex((units**4).mean())
    angle = np.angle(mean) / 4 if abs(mean - 1) > _PHASE else 0.0
    phase = complex(np.exp(1j * angle)) if angle else 1.0 + 0.0j
    return phase, np.rint(np.angle(units / phase) / (np.pi / 2)).astype(np.int64) % 4


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
    found: NDArray[Any], moved: NDArray[Any], width: float
) -> tuple[complex, list[NDArray[np.int64]]] | None:
    """Return a phase, and exponents of i by place, with found = phase * i^(sum of them) * moved, or None."""
    index = np.argwhere(np.abs(moved) > width)
    ratios = found[tuple(index.T)] / moved[tuple(index.T)]
    phase, turns = quarter_turns(ratios)
    offsets = np.cumsum([0, *found.shape])
    rows = np.zeros((len(index), int(offsets[-1])), np.int64)
    for axis, places in enumerate(index.T):
        rows[np.arange(len(index)), offsets[axis] + places] = 1
    solution = _solved(rows, turns)
    if solution is None or not (np.iscomplexobj(ratios) or (solution % 2 == 0).all()):
        return None
    parts = np.split(solution, offsets[1:-1])
    made = moved
    for axis, part in enumerate(parts):
        shape = [-1 if other == axis else 1 for other in range(moved.ndim)]
        made = made * np.array(plain_signs(part)).reshape(shape)
    return None if (np.abs(found - phase * made) > 2 * width).any() else (phase, parts)


def _solved(rows: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Solve rows @ x = right modulo 4, what is free 0; None if it has no solution.

    Pivots are entries 1 or 3, which have an inverse. What is left has even entries only: half of it is a
    linear system over two elements, solved in the same way.
    """
    system = np.column_stack([rows, right]) % 4
    system = np.unique(system, axis=0)
    pivots: list[tuple[int, int]] = []
    for column in range(rows.shape[1]):
        used = [row for row, _ in pivots]
        odd = [row for row in np.flatnonzero(system[:, column] % 2).tolist() if row not in used]
        if not odd:
            continue
        row = odd[0]
        system[row] = system[row] * system[row, column] % 4  # 1 and 3 are their own inverses
        others = np.flatnonzero(system[:, column])
        others = others[others != row]
        system[others] = (system[others] - np.outer(system[others, column], system[row])) % 4
        pivots.append((row, column))
    left = np.delete(system, [row for row, _ in pivots], axis=0)
    free = np.zeros(rows.shape[1], np.int64)
    left = left[left.any(axis=1)]
    if len(left):
        if (left % 2).any():
            return None
        halved = _solved_bits(left[:, :-1] // 2, left[:, -1] // 2)
        if halved is None:
            return None
        free = halved
    solution = free.copy()
    for row, column in pivots:
        solution[column] = (system[row, -1] - system[row, :-1] @ free) % 4
    return solution


def _solved_bits(rows: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Solve a linear system modulo 2, what is free 0; None if it has no solution."""
    system = np.column_stack([rows, right]) % 2
    solution, done = np.zeros(rows.shape[1], np.int64), 0
    for column in range(rows.shape[1]):
        odd = done + np.flatnonzero(system[done:, column])
        if not len(odd):
            continue
        system[[done, odd[0]]] = system[[odd[0], done]]
        others = np.flatnonzero(system[:, column])
        system[others[others != done]] ^= system[done]
        done += 1
    if system[done:, -1].any():
        return None
    for row in system[:done]:
        solution[int(np.argmax(row[:-1]))] = row[-1]
    return solution
