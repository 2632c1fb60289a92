"""identify: which conventions reproduce a tensor, values of harmonics, or a D matrix.

Every convention of the registry is compared entry by entry; entries agree within 2^-16 of the largest, so
that tables made in float32 are recognised, and float16 within 2^-9 (`Match.error` says how close they really
are). If no convention agrees, the nearest is the one from which the fewest entries differ after one common
factor, real or imaginary; if that leaves more than one entry, a signed permutation of the axes is sought that
leaves none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.angles import zyz_of
from reptheory.conversion.bases import orders
from reptheory.conversion.convert import convert
from reptheory.conversion.degrees import degrees_of_axis
from reptheory.conversion.findings import Identification, Match, WrongEntry
from reptheory.conversion.layouts import refuse_masked, unpacked
from reptheory.conversion.reference import (
    TOLERANCE,
    candidates,
    coupling_floats,
    harmonics_floats,
    rotation_floats,
    tolerance_of,
    with_other_orders,
)
from reptheory.conversion.registry import CONVENTIONS, PackageConvention
from reptheory.conversion.signed_permutations import signed_permutation
from reptheory.errors import OperandError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.groups.labels import listed

__all__ = ["identify"]

_MOST_WRONG: Final = 0.25  # of the nonzero entries: beyond that, "these entries differ" explains nothing
_MOST_UNLIKE: Final = 0.5  # of all entries: beyond that there is no likeness
_COUPLED: Final = 3  # axes of a coupling tensor; harmonics and D matrices have two
Factor = float | complex
Candidate = tuple[Match, NDArray[Any], tuple[tuple[int, ...], ...]]


def identify(
    values: Any,
    kind: str | None = None,
    *,
    points: Any = None,
    angles: Any = None,
    quaternion: Any = None,
) -> Identification:
    """Return the conventions that reproduce an array; if none does, how it differs from the nearest.

    values      a coupling tensor of shape (2l1+1, 2l2+1, 2l3+1); or values of harmonics, shape (n, 2l+1),
                (n, (L+1)^2) or (n, 2, L+1, L+1), with points; or a D matrix (2l+1, 2l+1), with angles or
                quaternion
    kind        couplings only: "wigner_3j", "clebsch_gordan" or "gaunt"; None tries each
    points      (n, 3) directions in (x, y, z), not 0
    angles      (alpha, beta, gamma) as they were given to the package
    quaternion  (a, b, c, d), scalar first: the rotation of (x, y, z)
    raises      OperandError: a shape that none of these has, or numbers that are not finite

    >>> import reptheory as rt
    >>> tensor = rt.clebsch_gordan_array(1, 1, 1, basis="real").to_numpy()
    >>> tensor[0, 1, 2] *= -1
    >>> print(identify(tensor))
    follows no convention of the registry; nearest: clebsch_gordan of real
    1 entry differs:
      [0, 1, 2] (m = -1, 0, 1) is -0.707106781, should be 0.707106781
    """
    given = {"values": values, "points": points, "angles": angles, "quaternion": quaternion}
    for name, one in given.items():
        refuse_masked(one, name)
    exact = isinstance(values, SurdArray | ComplexSurdArray)
    array = np.asarray(values.to_numpy() if exact else values)
    if array.dtype.kind not in "iufc" or not np.isfinite(array).all():
        raise OperandError(
            "values: got entries that are no finite numbers; pass an array of floats or exact values"
        )
    within = tolerance_of(array.dtype)
    array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    if points is not None:
        return _harmonics(array, np.asarray(points, dtype=np.float64), within)
    if angles is not None or quaternion is not None:
        return _rotation(array, angles, quaternion, within)
    if array.ndim != 3 or any(length % 2 == 0 for length in array.shape):
        raise OperandError(
            f"values: got the shape {array.shape}; a coupling tensor has (2l1+1, 2l2+1, 2l3+1); give points= "
            "for harmonics, angles= or quaternion= for a D matrix, and split a whole table, or use audit"
        )
    return _coupling(array, kind, within)


def _coupling(array: NDArray[Any], kind: str | None, within: float) -> Identification:
    """Identify a coupling tensor."""
    l1, l2, l3 = ((length - 1) // 2 for length in array.shape)
    if not abs(l1 - l2) <= l3 <= l1 + l2:
        raise OperandError(f"values: got the degrees {l1}, {l2}, {l3}, which do not couple: every entry is 0")

    def compared() -> Iterable[Candidate]:
        for name, one in candidates(kind):
            if name == "gaunt" and (l1 + l2 + l3) % 2:
                continue
            labels = tuple(orders(one, ell) for ell in (l1, l2, l3))
            yield Match(name, one.name, 0.0), coupling_floats(name, one, (l1, l2, l3)), labels

    return _best(array, list(compared()), within)


def _harmonics(array: NDArray[Any], points: NDArray[np.float64], within: float) -> Identification:
    """Identify values of harmonics at points."""
    if (
        points.ndim != 2
        or points.shape[1] != 3
        or not len(points)
        or not np.linalg.norm(points, axis=1).all()
    ):
        raise OperandError(
            f"points: got the shape {points.shape}; give (n, 3) directions (x, y, z) that are not 0"
        )
    if not np.isfinite(points).all():
        raise OperandError("points: got entries that are not finite; give (n, 3) directions (x, y, z)")
    if array.ndim not in (2, 4) or len(array) != len(points):
        raise OperandError(
            f"values: got the shape {array.shape} for {len(points)} points; one row is one point"
        )
    cilm = array.ndim == 4
    if cilm:
        array = unpacked(array, next(one for one in CONVENTIONS.values() if one.layout == "cilm"))
    degrees = degrees_of_axis(array.shape[1], None, "values", whole_list=True)
    known = [one for one in CONVENTIONS.values() if (one.layout == "cilm") == cilm]

    def compared(list_of: Sequence[int]) -> Iterable[Candidate]:
        for one in known:
            labels = tuple(m for ell in list_of for m in orders(one, ell))
            expected = np.concatenate(harmonics_floats(one, points, list_of), axis=1)
            yield Match("harmonics", one.name, 0.0), expected, (tuple(range(len(points))), labels)

    found = _best(array, list(compared(degrees)), within, turning=(1,))
    if not found and len(degrees) > 1 and array.shape[1] % 2:  # (L+1)^2 odd: perhaps one degree instead
        single = _best(array, list(compared([(array.shape[1] - 1) // 2])), within, turning=(1,))
        return min(found, single, key=_unlikeness)
    return found


def _unlikeness(found: Identification) -> tuple[bool, bool, int]:
    """Rank what was found: a match, then something like it with few wrong entries, then nothing."""
    return not found, found.nearest is None, len(found.wrong)


def _rotation(array: NDArray[Any], angles: Any, quaternion: Any, within: float) -> Identification:
    """Identify a D matrix of a known rotation."""
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] % 2 == 0:
        raise OperandError(f"values: got the shape {array.shape}; a D matrix of degree l has (2l+1, 2l+1)")
    if angles is not None and quaternion is not None:
        raise OperandError("angles, quaternion: got both; give the one that the matrix was made from")
    degree = (array.shape[0] - 1) // 2
    given = quaternion is None
    matrix_of = _by_angles(degree, angles) if given else _by_quaternion(degree, quaternion)
    known = [
        one
        for one in CONVENTIONS.values()
        if not one.is_variant and (one.angles != "none" or (one.paths != "none" and not given))
    ]

    def compared() -> Iterable[Candidate]:
        for one in known:
            matrix, labels = matrix_of(one), orders(one, degree)
            yield Match("rotation", one.name, 0.0), matrix, (labels, labels)
        for one in known:
            matrix, labels = matrix_of(one).conj().T, orders(one, degree)
            yield Match("rotation", one.name, 0.0, inverse=True), matrix, (labels, labels)
        for one in known:
            matrix, labels = matrix_of(one), orders(one, degree)
            if np.abs(matrix.imag).max() > TOLERANCE:
                yield Match("rotation", one.name, 0.0, conjugate=True), matrix.conj(), (labels, labels)
                yield Match("rotation", one.name, 0.0, True, True), matrix.T, (labels, labels)

    return _best(array, list(compared()), within)


def _by_angles(degree: int, angles: Any) -> Callable[[PackageConvention], NDArray[Any]]:
    numbers = [float(angle) for angle in listed(angles, "angles")]  # type: ignore[arg-type]
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        raise OperandError(f"angles: got {numbers}; give (alpha, beta, gamma), three finite numbers")
    return lambda one: rotation_floats(one, degree, numbers)


def _by_quaternion(degree: int, quaternion: Any) -> Callable[[PackageConvention], NDArray[Any]]:
    """Return D of the rotation of space itself, by its angles z, y, z."""
    numbers = [float(part) for part in listed(quaternion, "quaternion")]  # type: ignore[arg-type]
    if len(numbers) != 4 or not any(numbers) or not np.isfinite(numbers).all():
        raise OperandError(
            f"quaternion: got {numbers}; give (a, b, c, d), finite, not all 0, the scalar first"
        )
    angles = zyz_of(np.array(numbers)).tolist()
    matrix = rotation_floats(CONVENTIONS["complex"], degree, angles)

    def matrix_of(one: PackageConvention) -> NDArray[Any]:
        values: NDArray[Any] = convert(matrix, "complex", one, "rotation")
        return values

    return matrix_of


def _best(
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
    nonzero = int((np.abs(array) > within * np.abs(array).max(initial=0.0)).sum())
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
    """Return the factor that most entries share: the median ratio where the expected ones are large.

    It is real; of coupling tensors also imaginary: who makes real ones of complex ones may keep an i.
    """
    large = np.abs(expected) > 0.01 * np.abs(expected).max(initial=0.0)
    quotients = array[large] / expected[large] if large.any() else np.ones(1)
    ratios = np.real(quotients)
    factor = float(np.median(ratios))
    turned = float(np.median(np.imag(quotients)))
    if array.ndim == _COUPLED and abs(turned) > abs(factor):
        return complex(0.0, turned if abs(abs(turned) - 1.0) > within else float(np.sign(turned)))
    if abs(factor) < 1e-300:
        factor = float(ratios[np.argmax(np.abs(ratios))]) or 1.0
    return 1.0 if abs(factor - 1.0) <= within else factor


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
    for match, expected, labels in options:
        known = any(np.allclose(np.abs(expected), np.abs(one), atol=1e-9) for one in tried)
        if known or (np.iscomplexobj(array) != np.iscomplexobj(expected) and turning is None):
            continue
        tried.append(expected)
        found = _search(array, expected, labels, within, turning)
        if found is not None:
            factor, places, signs = found
            factor = 1.0 if abs(factor - 1.0) <= within else factor
            return Identification((), match, factor, places, signs)
    score = _score(array, options[0], within)
    if score[0] > _MOST_UNLIKE * array.size:
        return Identification((), None)
    return _with_wrong(array, options[0], score, within)


def _search(
    array: NDArray[Any],
    expected: NDArray[Any],
    labels: tuple[tuple[int, ...], ...],
    within: float,
    turning: tuple[int, ...] | None,
) -> Any:
    """Return factor, places and signs of a signed permutation of tensors (real ones), or columns, or None."""
    if turning is None:
        if np.iscomplexobj(array):
            return None
        result = signed_permutation(array, expected, within, list(_likely(labels)))
        return None if result is None else (result.factor, result.places, result.signs)
    return _columns(array, expected, within)


def _likely(labels: tuple[tuple[int, ...], ...]) -> Iterable[list[NDArray[np.int64]]]:
    """Yield the orders that people use: on every axis, and on each axis alone."""
    same = [np.arange(len(axis)) for axis in labels]
    yield same
    for one in with_other_orders(CONVENTIONS["real"]):
        lists = [orders(one, (len(axis) - 1) // 2) for axis in labels]
        moved = [np.array([axis.index(m) for m in order]) for axis, order in zip(labels, lists, strict=True)]
        yield moved
        for axis in range(len(labels)):
            yield [*same[:axis], moved[axis], *same[axis + 1 :]]


def _columns(array: NDArray[Any], expected: NDArray[Any], within: float) -> Any:
    """Match the columns of two matrices up to order, sign and one factor: the rows are points."""
    norms = np.linalg.norm(array, axis=0), np.linalg.norm(expected, axis=0)
    if not norms[0].all() or not norms[1].all():
        return None
    overlap = ((array / norms[0]).conj().T @ (expected / norms[1])).real
    places = np.argmax(np.abs(overlap), axis=1)
    if len(set(places.tolist())) != len(places):
        return None
    signs = np.sign(overlap[np.arange(len(places)), places]).astype(int)
    ratios = norms[0] / norms[1][places]
    factor = float(np.median(ratios))
    gap = np.abs(array - factor * signs * expected[:, places]).max()
    if gap > within * factor * np.abs(expected).max():
        return None
    rows = tuple(range(len(array)))
    return factor, (rows, tuple(places.tolist())), ((1,) * len(rows), tuple(signs.tolist()))
