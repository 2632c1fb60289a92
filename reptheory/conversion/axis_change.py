"""Change of one axis of an array by one matrix per degree: exact entries, objects, or floats.

    new[.., k', ..] = sum_k M_l[k', k] old[.., k, ..]        within each degree l that the axis holds

Exact sums stay exact: a `SurdSum` where they are no surd. In floating point the matrices are correctly
rounded and sums run in float64 (complex128), so that

    |new - exact| <= gamma_{2l+2} sum_k |M[k', k] old[k]|,   gamma_n = n u / (1 - n u)   [Higham 2002, (3.5)],

times sqrt(2) for complex products; a signed permutation with factor 1 is exact.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import Convention
from reptheory.conversion.bases import Exact, ExactMatrix, plain
from reptheory.conversion.degrees import Degrees, offsets, size
from reptheory.errors import IncommensurableSurds
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurd, ComplexSurdArray
from reptheory.exact.surd import Surd
from reptheory.exact.surd_sums import SurdSum

__all__ = [
    "Entries",
    "MatrixOf",
    "assembled",
    "change_entries",
    "change_floats",
    "changed_objects",
    "dense_objects",
    "entries_of",
]

Entries = dict[tuple[int, ...], Exact]
MatrixOf = Callable[[int], ExactMatrix]
_I = Surd.sqrt(-1)


def entries_of(array: SurdArray | ComplexSurdArray) -> Entries:
    """Return the nonzero entries of an exact array by index."""
    if isinstance(array, SurdArray):
        return dict(array.items())
    found: Entries = dict(array.real.items())
    for index, value in array.imag.items():
        found[index] = plain(ComplexSurd.of(found.get(index, 0)) + ComplexSurd.of(value * _I))
    return found


def change_entries(entries: Entries, axis: int, degrees: Degrees, matrix_of: MatrixOf) -> Entries:
    """Return exact entries with one axis changed."""
    where = [
        (start, ell, k)
        for start, ell in zip(offsets(degrees), degrees, strict=True)
        for k in range(2 * ell + 1)
    ]
    columns = {ell: matrix_of(ell).columns for ell in set(degrees)}
    sums: dict[tuple[int, ...], ComplexSurd] = {}
    for index, value in entries.items():
        start, ell, k = where[index[axis]]
        for row, factor in columns[ell].get(k, ()):
            place = (*index[:axis], start + row, *index[axis + 1 :])
            term = ComplexSurd.of(factor) * ComplexSurd.of(value)
            sums[place] = sums[place] + term if place in sums else term
    return {place: plain(value) for place, value in sums.items() if value}


def assembled(
    shape: tuple[int, ...], entries: Entries, convention: Convention
) -> SurdArray | ComplexSurdArray:
    """Return entries as a SurdArray, or as a ComplexSurdArray where one has two parts."""
    surds = {index: value for index, value in entries.items() if isinstance(value, Surd)}
    if len(surds) == len(entries):
        return SurdArray.from_entries(shape, surds, convention)
    parts: list[dict[tuple[int, ...], Surd]] = [{}, {}]
    for index, value in entries.items():
        both = ComplexSurd.of(value)
        parts[0][index], parts[1][index] = both.real, both.imag
    real, imag = (SurdArray.from_entries(shape, part, convention) for part in parts)
    return ComplexSurdArray(real, imag)


def dense_objects(array: SurdArray | ComplexSurdArray) -> NDArray[Any]:
    """Return an exact array as a dense array of sums of surds."""
    dense = np.full(array.shape, SurdSum(), dtype=object)
    for index, value in entries_of(array).items():
        dense[index] = SurdSum.of(value)
    return dense


def changed_objects(array: NDArray[Any], axes: Sequence[tuple[int, Degrees, MatrixOf]]) -> NDArray[Any]:
    """Return an array of Python numbers (Fraction, Surd, SurdSum, SymPy expressions) with axes changed."""
    try:
        for axis, degrees, matrix_of in axes:
            array = _change_objects(array, axis, degrees, matrix_of)
    except IncommensurableSurds:
        return changed_objects(_each(array, _summed), axes)
    return _each(array, lambda value: value.plain if isinstance(value, SurdSum) else value)


def _summed(value: Any) -> Any:
    exact = isinstance(value, Surd | ComplexSurd | numbers.Rational)
    return SurdSum.of(value) if exact else value


def _each(array: NDArray[Any], function: Callable[[Any], Any]) -> NDArray[Any]:
    """Return an array of objects with a function of each."""
    result = np.empty(array.shape, dtype=object)
    for place, value in np.ndenumerate(array):
        result[place] = function(value)
    return result


def _change_objects(array: NDArray[Any], axis: int, degrees: Degrees, matrix_of: MatrixOf) -> NDArray[Any]:
    """Change one axis, adding and multiplying as the numbers do."""
    moved = np.moveaxis(array, axis, 0)
    result = np.zeros(moved.shape, dtype=object)
    for start, ell in zip(offsets(degrees), degrees, strict=True):
        for (row, column), factor in matrix_of(ell).entries.items():
            result[start + row] = result[start + row] + moved[start + column] * factor
    return np.moveaxis(result, 0, axis)


def change_floats(array: NDArray[Any], axis: int, degrees: Degrees, matrix_of: MatrixOf) -> NDArray[Any]:
    """Return a float64 or complex128 array with one axis changed; equal neighbouring degrees at once."""
    moved = np.moveaxis(array, axis, -1)
    parts, start = [], 0
    for ell, copies in groupby(degrees):
        count = len(list(copies))
        width = size((ell,)) * count
        part = moved[..., start : start + width].reshape(*moved.shape[:-1], count, 2 * ell + 1)
        parts.append(_product(part, matrix_of(ell).floats).reshape(*moved.shape[:-1], width))
        start += width
    joined = np.concatenate(parts, axis=-1) if parts else moved.copy()
    return np.moveaxis(joined, -1, axis)


def _product(part: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return part @ matrix.T; a change of order and sign moves numbers, NaN too."""
    filled = matrix != 0
    if (filled.sum(axis=1) == 1).all():
        places = filled.argmax(axis=1)
        moved: NDArray[Any] = part[..., places] * matrix[np.arange(len(matrix)), places]
        return moved
    product: NDArray[Any] = part @ matrix.T
    return product
