"""identify: which conventions reproduce a tensor, values of harmonics, or a D matrix.

Every convention of the registry is compared entry by entry; entries agree within 2^-16 of the largest, so
that tables made in float32 are recognised, float16 within 2^-9 and bfloat16 within 2^-6 (`Match.error` says
how close they really are). If no convention agrees, the nearest is the one from which the fewest entries
differ after one common factor, real or complex; if that leaves more than one entry, a signed permutation of
the axes is sought that leaves none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.angles import zyz_of
from reptheory.conversion.bases import has_spins, orders
from reptheory.conversion.convert_arrays import convert_arrays
from reptheory.conversion.degrees import degrees_of_axis
from reptheory.conversion.findings import Identification, Match
from reptheory.conversion.layouts import fits, refuse_masked, unpacked
from reptheory.conversion.precision import numbers_of
from reptheory.conversion.reference import (
    TOLERANCE,
    candidates,
    coupling_floats,
    harmonics_floats,
    rotation_floats,
    tolerance_of,
)
from reptheory.conversion.registry import CONVENTIONS, PackageConvention
from reptheory.conversion.resemblance import Candidate, resemblance
from reptheory.errors import OperandError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.groups.labels import listed
from reptheory.groups.labels import shown as inspected

__all__ = [
    "harmonics_candidates",
    "identify",
    "points_of",
    "quaternion_angles",
    "rotation_candidates",
]

_LAYOUTS: Final = {2: ("alm", "flat"), 3: ("lm",), 4: ("cilm",)}  # of values at points, by their dimensions


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
                (n, (L+1)^2) or a layout of `layouts`, with points; or a D matrix (2j+1, 2j+1), with angles or
                quaternion. Even lengths are those of half-integer spins
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
    array = values.to_numpy() if exact else numbers_of(values)
    if array.dtype.kind not in "iufc" or not np.isfinite(array).all():
        raise OperandError(
            "values: got entries that are no finite numbers; pass an array of floats or exact values"
        )
    within = tolerance_of(array.dtype)
    array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    if points is not None:
        return _harmonics(array, points_of(points), within)
    if angles is not None or quaternion is not None:
        return _rotation(array, angles, quaternion, within)
    if array.ndim != 3 or not _spins_couple(array.shape):
        raise OperandError(
            f"values: got the shape {array.shape}; a coupling tensor has (2l1+1, 2l2+1, 2l3+1); give points= "
            "for harmonics, angles= or quaternion= for a D matrix, and split a whole table, or use audit"
        )
    return _coupling(array, kind, within)


def _spins_couple(shape: tuple[int, ...]) -> bool:
    """Say whether lengths are those of three degrees, or of spins with a whole sum."""
    return bool(shape) and sum(length - 1 for length in shape) % 2 == 0 and 0 not in shape


def _coupling(array: NDArray[Any], kind: str | None, within: float) -> Identification:
    """Identify a coupling tensor."""
    l1, l2, l3 = (Fraction(length - 1, 2) for length in array.shape)
    if not abs(l1 - l2) <= l3 <= l1 + l2:
        raise OperandError(f"values: got the degrees {l1}, {l2}, {l3}, which do not couple: every entry is 0")
    path: Any = tuple(int(label) if label.denominator == 1 else label for label in (l1, l2, l3))
    halves = any(label % 1 for label in path)

    def compared() -> Iterable[Candidate]:
        for name, one in candidates(kind):
            if name == "gaunt" and (halves or (l1 + l2 + l3) % 2):
                continue
            if not halves or has_spins(one):
                labels = tuple(orders(one, label) for label in path)
                yield Match(name, one.name, 0.0), coupling_floats(name, one, path), labels

    return resemblance(array, list(compared()), within)


def points_of(points: Any) -> NDArray[np.float64]:
    """Return checked directions (n, 3)."""
    try:
        array = np.asarray(points, dtype=np.float64)
    except (OverflowError, TypeError, ValueError):
        raise OperandError("points: got no numbers; give (n, 3) directions (x, y, z)") from None
    if array.ndim != 2 or array.shape[1] != 3 or not len(array) or not np.linalg.norm(array, axis=1).all():
        raise OperandError(
            f"points: got the shape {array.shape}; give (n, 3) directions (x, y, z) that are not 0"
        )
    if not np.isfinite(array).all():
        raise OperandError("points: got entries that are not finite; give (n, 3) directions (x, y, z)")
    return array


def harmonics_candidates(
    array: NDArray[Any], points: NDArray[np.float64]
) -> list[tuple[NDArray[Any], tuple[int, ...], list[Candidate]]]:
    """Return the ways to read values at points: as an array (n, ..), its degrees, and what it may be.

    Where all degrees to L have as many entries as one degree, there are two.
    raises  OperandError: a shape that values at these points do not have
    """
    if array.ndim not in _LAYOUTS or len(array) != len(points):
        raise OperandError(
            f"values: got the shape {array.shape} for {len(points)} points; one row is one point"
        )
    rows, ways = tuple(range(len(points))), []
    for layout, flat, degrees in _laid_out(array):
        options: list[Candidate] = []
        for one in (one for one in CONVENTIONS.values() if one.layout == layout):
            labels = tuple(m for ell in degrees for m in orders(one, ell))
            expected = np.concatenate(harmonics_floats(one, points, degrees), axis=1)
            options.append((Match("harmonics", one.name, 0.0), expected, (rows, labels)))
        ways.append((flat, degrees, options))
    return ways


def _laid_out(array: NDArray[Any]) -> list[tuple[str, NDArray[Any], tuple[int, ...]]]:
    """Return the layouts that values at points may have, the values one after the other, their degrees."""
    found = []
    for layout in _LAYOUTS[array.ndim]:
        one = next(one for one in CONVENTIONS.values() if one.layout == layout)
        if layout != "flat" and (fits(layout, array.shape) or array.ndim > 2):
            flat = unpacked(array, one)
            if layout != "alm" or array.dtype.kind == "c":
                found.append((layout, flat, tuple(range(isqrt(flat.shape[1])))))
        elif layout == "flat" and (not found or array.shape[1] % 2):
            degrees = degrees_of_axis(array.shape[1], None, "values", whole_list=True)
            found.append((layout, array, degrees))
            if len(degrees) > 1 and array.shape[1] % 2:  # (L+1)^2 odd: perhaps one degree instead
                found.append((layout, array, ((array.shape[1] - 1) // 2,)))
    return found


def _harmonics(array: NDArray[Any], points: NDArray[np.float64], within: float) -> Identification:
    """Identify values of harmonics at points."""
    ways = harmonics_candidates(array, points)
    found = [resemblance(part, options, within, turning=(1,)) for part, _, options in ways]
    return min(found, key=_unlikeness)


def _unlikeness(found: Identification) -> tuple[bool, bool, int]:
    """Rank what was found: a match, then something like it with few wrong entries, then nothing."""
    return not found, found.nearest is None, len(found.wrong)


def _rotation(array: NDArray[Any], angles: Any, quaternion: Any, within: float) -> Identification:
    """Identify a D matrix of a known rotation."""
    return resemblance(array, rotation_candidates(array, angles, quaternion), within)


def rotation_candidates(array: NDArray[Any], angles: Any, quaternion: Any) -> list[Candidate]:
    """Return what the D matrix of a known rotation may be, of a spin that the size of the array says.

    raises  OperandError: no square matrix, no angles or quaternion, or both
    """
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise OperandError(f"values: got the shape {array.shape}; a D matrix of spin j has (2j+1, 2j+1)")
    if angles is not None and quaternion is not None:
        raise OperandError("angles, quaternion: got both; give the one that the matrix was made from")
    spin = Fraction(len(array) - 1, 2)
    given = quaternion is None
    matrix_of = _by_angles(spin, angles) if given else _by_quaternion(spin, quaternion)
    known = [
        one
        for one in CONVENTIONS.values()
        if not one.is_variant
        and (one.angles != "none" or (one.paths != "none" and not given))
        and (spin.denominator == 1 or has_spins(one))
    ]
    made = [(one.name, matrix_of(one), (orders(one, spin),) * 2) for one in known]
    whole: list[Candidate] = [(Match("rotation", name, 0.0), matrix, labels) for name, matrix, labels in made]
    whole += [
        (Match("rotation", name, 0.0, inverse=True), matrix.conj().T, labels) for name, matrix, labels in made
    ]
    for name, matrix, labels in made:
        if np.abs(matrix.imag).max() > TOLERANCE:
            whole.append((Match("rotation", name, 0.0, conjugate=True), matrix.conj(), labels))
            whole.append((Match("rotation", name, 0.0, True, True), matrix.T, labels))
    return whole


def _by_angles(spin: Fraction, angles: Any) -> Callable[[PackageConvention], NDArray[Any]]:
    numbers = _floats(angles, "angles")
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        raise OperandError(f"angles: got {numbers}; give (alpha, beta, gamma), three finite numbers")
    return lambda one: rotation_floats(one, spin, numbers)


def _floats(values: Any, name: str) -> list[float]:
    """Return the numbers of a list; raise OperandError where one is none."""
    parts: list[Any] = listed(values, name)
    try:
        return [float(part) for part in parts]
    except (OverflowError, TypeError, ValueError):
        raise OperandError(f"{name}: got {inspected(values)}; give finite numbers") from None


def quaternion_angles(quaternion: Any) -> list[float]:
    """Return angles z, y, z of a quaternion, scalar first: of the same rotation of space and of spinors."""
    numbers = _floats(quaternion, "quaternion")
    if len(numbers) != 4 or not any(numbers) or not np.isfinite(numbers).all():
        raise OperandError(
            f"quaternion: got {numbers}; give (a, b, c, d), finite, not all 0, the scalar first"
        )
    return [float(angle) for angle in zyz_of(np.array(numbers))]


def _by_quaternion(spin: Fraction, quaternion: Any) -> Callable[[PackageConvention], NDArray[Any]]:
    """Return D of the rotation of space itself, by its angles z, y, z."""
    matrix = rotation_floats(CONVENTIONS["complex"], spin, quaternion_angles(quaternion))

    def matrix_of(one: PackageConvention) -> NDArray[Any]:
        if spin.denominator == 2:
            return matrix[::-1, ::-1] if one.order == "descending" else matrix
        values: NDArray[Any] = convert_arrays(matrix, "complex", one, "rotation")
        return values

    return matrix_of
