"""Resemblance: which of several arrays another one equals, or what must be done to the nearest to make it.

First as they are, then times one common factor, real or complex, with few entries that differ; then by a
signed permutation of the axes (`signed_permutations`), whose signs may be 1, i, -1 and -i.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.bases import orders
from reptheory.conversion.findings import Identification, Match, WrongEntry
from reptheory.conversion.reference import with_other_orders
from reptheory.conversion.registry import CONVENTIONS
from reptheory.conversion.signed_permutations import plain_signs, quarter_turns, signed_permutation

__all__ = ["Candidate", "resemblance"]

_MOST_WRONG: Final = 0.25  # of the nonzero entries: beyond that, "these entries differ" explains nothing
_MOST_UNLIKE: Final = 0.5  # of all entries: beyond that there is no likeness
_MOST_RATIOS: Final = 300
Factor = float | complex
Candidate = tuple[Match, NDArray[Any], tuple[tuple[Any, ...], ...]]


def resemblance(
    array: NDArray[Any], options: list[Candidate], within: float, turning: tuple[int, ...] | None = None
) -> Identification:
    """Return the options that agree, or the one that explains the array best.

    within    entries closer than this, times the largest one, agree
    turning   the axes that a signed permutation may change; None is all
    """
    options = [option for option in options if option[1].shape == array.shape]
    if not options or not array.any():
        return Identification((), None)
    scored = [_score(array, option, within) for option in options]
    matches = tuple(
        replace(option[0], error=error)
        for option, (wrong, error, factor) in zip(options, scored, strict=True)
        if wrong == 0 and factor == 1.0
    )
    if matches:
        return Identification(matches, matches[0])
    nonzero = int((np.abs(array) > within * np.abs(array).max()).sum())
    ranked = sorted(
        range(len(options)), key=lambda place: (scored[place][0], _rank(scored[place][2], within))
    )
    if scored[ranked[0]][0] <= max(1, _MOST_WRONG * nonzero):
        best = ranked[0]
        return _with_wrong(array, options[best], scored[best], within)
    return _permuted(array, [options[place] for place in ranked], within, turning)


def _rank(factor: Factor, within: float) -> int:
    """Rank factors that leave as many entries wrong: none, then a sign or an i, then others."""
    return 0 if factor == 1.0 else 1 if abs(abs(factor) - 1.0) <= within else 2


def _score(array: NDArray[Any], option: Candidate, within: float) -> tuple[int, float, Factor]:
    """Return how many entries differ, the relative error, and the common factor, 1 if that will do."""
    expected = option[1]
    results: list[tuple[int, float, Factor]] = []
    for factor in (1.0, _common_factor(array, expected, within)):
        scale = _scale(array, factor * expected)
        gap = np.abs(array - factor * expected)
        results.append(
            (int((gap > within * scale).sum()), float(gap.max(initial=0.0)) / (scale or 1.0), factor)
        )
    return min(results, key=lambda result: result[0])


def _scale(array: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the smaller of the largest sizes: beside 1e22, whatever an array holds would agree."""
    return min(float(np.abs(part).max(initial=0.0)) for part in (array, expected))


def _common_factor(array: NDArray[Any], expected: NDArray[Any], within: float) -> Factor:
    """Return the factor that most entries share, taken where the expected ones are large.

    Of real numbers it is the median ratio, of complex ones the ratio that most others agree with.
    """
    large = np.abs(expected) > 0.01 * np.abs(expected).max(initial=0.0)
    ratios = array[large] / expected[large] if large.any() else np.ones(1)
    if np.iscomplexobj(ratios) and np.abs(ratios.imag).max() > within * np.abs(ratios).max():
        some = ratios[:: len(ratios) // _MOST_RATIOS + 1]
        agree = np.abs(some[:, None] - some) <= 4 * within * np.abs(some)
        return _simple(complex(some[agree[np.argmax(agree.sum(axis=1))]].mean()), within)
    ratios = ratios.real
    factor = float(np.median(ratios))
    if abs(factor) < 1e-300:
        factor = float(ratios[np.argmax(np.abs(ratios))]) or 1.0
    return _simple(factor, within)


def _simple(factor: Factor, within: float) -> Factor:
    """Return a factor without parts that are noise; 1, -1, i and -i where it is near one."""
    bar = within * abs(factor)
    real, imaginary = (0.0 if abs(part) <= bar else part for part in (factor.real, factor.imag))
    parts = [float(np.sign(part)) if abs(abs(part) - 1.0) <= within else part for part in (real, imaginary)]
    if not imaginary:
        return parts[0]
    return complex(0.0, parts[1]) if not real else complex(real, imaginary)


def _with_wrong(
    array: NDArray[Any], option: Candidate, score: tuple[int, float, Factor], within: float
) -> Identification:
    """Return the nearest convention with the entries that differ from it."""
    match, expected, labels = option
    _, error, factor = score
    scale = _scale(array, factor * expected)
    places = np.argwhere(np.abs(array - factor * expected) > within * scale)
    wrong = tuple(
        WrongEntry(
            tuple(place),
            tuple(axis[number] for axis, number in zip(labels, place, strict=True)),
            array[tuple(place)].item(),
            (expected[tuple(place)] * factor).item(),
        )
        for place in places.tolist()
    )
    return Identification((), replace(match, error=error), factor, wrong=wrong)


def _permuted(
    array: NDArray[Any], options: list[Candidate], within: float, turning: tuple[int, ...] | None
) -> Identification:
    """Return the convention that a signed permutation makes the array; else the nearest and what differs."""
    tried: list[NDArray[Any]] = []
    size = np.linalg.norm(array)
    for match, expected, labels in sorted(
        options, key=lambda option: bool(abs(np.linalg.norm(option[1]) - size) > within * size)
    ):
        if any(np.allclose(np.abs(expected), np.abs(one), atol=1e-9) for one in tried):
            continue
        tried.append(expected)
        if turning is None:
            result = signed_permutation(array, expected, within, list(_likely(labels)))
            found = None if result is None else (result.factor, result.places, result.signs)
        else:
            found = _columns(array, expected, within)
        if found is not None:
            factor, places, signs = found
            return Identification((), match, _simple(factor, within), places, signs)
    score = _score(array, options[0], within)
    if score[0] > _MOST_UNLIKE * array.size:
        return Identification((), None)
    return _with_wrong(array, options[0], score, within)


def _likely(labels: tuple[tuple[Any, ...], ...]) -> Iterable[list[NDArray[np.int64]]]:
    """Yield the orders that people use: on every axis, and on each axis alone."""
    same = [np.arange(len(axis)) for axis in labels]
    yield same
    for one in with_other_orders(CONVENTIONS["complex"]):
        if one.order != "descending" and any(len(axis) % 2 == 0 for axis in labels):
            continue  # of halves
        lists = [orders(one, Fraction(len(axis) - 1, 2)) for axis in labels]
        moved = [np.array([axis.index(m) for m in order]) for axis, order in zip(labels, lists, strict=True)]
        yield moved
        for axis in range(len(labels)):
            yield [*same[:axis], moved[axis], *same[axis + 1 :]]


def _columns(array: NDArray[Any], expected: NDArray[Any], within: float) -> Any:
    """Match the columns of two matrices up to order, sign (or i) and one factor: the rows are points."""
    norms = np.linalg.norm(array, axis=0), np.linalg.norm(expected, axis=0)
    if not norms[0].all() or not norms[1].all():
        return None
    overlap = (expected / norms[1]).conj().T @ (array / norms[0])
    places = np.argmax(np.abs(overlap), axis=0)
    if len(set(places.tolist())) != len(places):
        return None
    phase, turns = quarter_turns(overlap[places, np.arange(len(places))])
    signs = np.array([1, 1j, -1, -1j])[turns]
    factor = complex(phase * np.median(norms[0] / norms[1][places]))
    gap = np.abs(array - factor * signs * expected[:, places]).max()
    if gap > within * abs(factor) * np.abs(expected).max():
        return None
    rows = tuple(range(len(array)))
    return factor, (rows, tuple(places.tolist())), ((1,) * len(rows), plain_signs(turns))
