"""Layouts of arrays: where each (l, m) stands. Masked arrays are refused, as their masks would be lost.

cilm   [0 for m >= 0 or 1 for m < 0, l, abs(m)], as SHTOOLS has it
lm     [l, L + m], as s2fft has it
alm    (0, 0), (1, 0), .., (L, 0), (1, 1), .., (L, L), as healpy and ducc0 have it: of real functions, whose
       a(l, -m) = (-1)^m conj(a(l, m)) need not be kept
"""

from __future__ import annotations

from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.registry import PackageConvention
from reptheory.errors import OperandError

__all__ = ["fits", "packed", "refuse_masked", "unpacked"]

_AXES: Final = {"cilm": 3, "lm": 2, "alm": 1}
_SHAPES: Final = {"cilm": "(..., 2, L+1, L+1)", "lm": "(..., L+1, 2L+1)", "alm": "(..., (L+1)(L+2)/2)"}
_REAL_ENOUGH: Final = 2.0**-16


def refuse_masked(values: object, name: str) -> None:
    """Raise OperandError for a masked array, also within lists: `np.asarray` would drop its mask."""
    if isinstance(values, np.ma.MaskedArray):
        raise OperandError(f"{name}: got a masked array; fill or drop the masked entries first")
    if isinstance(values, list | tuple):
        for part in values:
            if isinstance(part, list | tuple | np.ma.MaskedArray):
                refuse_masked(part, name)


def fits(layout: str, shape: tuple[int, ...]) -> bool:
    """Say whether the last axes of an array have the lengths of a layout."""
    return _lmax(layout, shape) is not None


def _lmax(layout: str, shape: tuple[int, ...]) -> int | None:
    """Return the highest degree in an array, or None where its last axes are not of the layout."""
    last = shape[-_AXES[layout] :]
    if len(last) < _AXES[layout] or 0 in last:
        return None
    if layout == "alm":
        count = (isqrt(8 * last[0] + 1) - 1) // 2
        return count - 1 if count * (count + 1) // 2 == last[0] else None
    good = last == (2, last[1], last[1]) if layout == "cilm" else last[1] == 2 * last[0] - 1
    return (last[1] if layout == "cilm" else last[0]) - 1 if good else None


def _places(layout: str, lmax: int) -> tuple[tuple[int, ...], tuple[NDArray[np.int64], ...]]:
    """Return the last axes of a layout, and where each (l, m), m ascending, stands in them.

    Of "alm" it is the place of (l, abs(m)).
    """
    labels = [(ell, m) for ell in range(lmax + 1) for m in range(-ell, ell + 1)]
    degree, order = np.array(labels, dtype=np.int64).T
    size = abs(order)
    if layout == "cilm":
        return (2, lmax + 1, lmax + 1), ((order < 0).astype(np.int64), degree, size)
    if layout == "lm":
        return (lmax + 1, 2 * lmax + 1), (degree, lmax + order)
    return ((lmax + 1) * (lmax + 2) // 2,), (size * (2 * lmax + 1 - size) // 2 + degree,)


def unpacked(array: NDArray[Any], convention: PackageConvention) -> NDArray[Any]:
    """Return an array in the layout of a convention as (..., (L+1)^2), l ascending, m ascending."""
    layout, lmax = convention.layout, _lmax(convention.layout, array.shape)
    if lmax is None:
        raise OperandError(
            f"values: got the shape {array.shape}; {convention.name} keeps harmonics as {_SHAPES[layout]}"
        )
    places: tuple[Any, ...] = (..., *_places(layout, lmax)[1])
    flat: NDArray[Any] = array[places]
    if layout == "alm":
        negative, signs = _negative(lmax)
        flat[..., negative] = np.conjugate(flat[..., negative]) * signs
    return flat


def packed(array: NDArray[Any], convention: PackageConvention) -> NDArray[Any]:
    """Return (..., (L+1)^2) in the layout of a convention; places that no (l, m) has are 0.

    raises   OperandError: not (L+1)^2 entries; those of a function that is not real, for "alm"
    """
    layout, count = convention.layout, isqrt(array.shape[-1])
    if count * count != array.shape[-1]:
        raise OperandError(
            f"values: got {array.shape[-1]} entries; {convention.name} keeps degrees 0..L, (L+1)^2 entries"
        )
    if layout == "alm":
        _require_real(array, count - 1, convention)
    shape, places = _places(layout, count - 1)
    result = np.zeros((*array.shape[:-1], *shape), dtype=array.dtype)
    kept = np.ones(len(places[0]), bool)
    if layout == "alm":
        kept[_negative(count - 1)[0]] = False
    chosen: tuple[Any, ...] = (..., *(place[kept] for place in places))
    result[chosen] = array[..., kept]
    return result


def _negative(lmax: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where m < 0 stands among (l, m), and (-1)^m there."""
    orders = np.concatenate([np.arange(-ell, ell + 1) for ell in range(lmax + 1)])
    negative = np.flatnonzero(orders < 0)
    return negative, np.where(orders[negative] % 2, -1, 1)


def _require_real(array: NDArray[Any], lmax: int, convention: PackageConvention) -> None:
    """Raise OperandError unless a(l, -m) = (-1)^m conj(a(l, m)), and a(l, 0) is real."""
    numbers = np.vectorize(complex, otypes=[np.complex128])(array) if array.dtype == object else array
    orders = np.concatenate([np.arange(-ell, ell + 1) for ell in range(lmax + 1)])
    mirrored = np.concatenate([np.arange((ell + 1) ** 2 - 1, ell**2 - 1, -1) for ell in range(lmax + 1)])
    gap = np.abs(numbers - np.conjugate(numbers[..., mirrored]) * np.where(orders % 2, -1, 1))
    if (gap > _REAL_ENOUGH * np.abs(numbers).max(initial=0.0)).any():
        raise OperandError(
            f"values: {convention.name} keeps m >= 0 of real functions, and these are of a complex one; "
            "convert its real and imaginary parts, each a real function"
        )
