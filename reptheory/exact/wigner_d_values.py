"""Floats of Wigner's small d for arrays of labels and angles: every one the nearest float to the exact value.

An angle is taken as the exact number that its float is. Distinct (j, m', m) make one polynomial in
cos(beta/2) and sin(beta/2) each (`half_angles`), and that is evaluated in balls of growing precision until
one float is left: about 0.15 ms a value at j = 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import LabelError
from reptheory.exact.half_angles import HalfAnglePolynomial, wigner_d_polynomial
from reptheory.exact.label_arrays import broadcast_labels, projection_arrays, spin_array, two_label_array
from reptheory.groups.labels import real

__all__ = ["wigner_d_values"]

_KEPT: Final = 1024
"""Polynomials that are kept at a time."""


def wigner_d_values(j: object, m1: object, m2: object, beta: object) -> NDArray[np.float64]:
    """Return d^j_{m1 m2}(beta) for arrays of labels and angles, in the order of SymPy's `Rotation.d`.

    j, m1, m2  spins, and projections (row and column): numbers, lists or arrays
    beta       angles in radians: finite real numbers; all four broadcast together
    returns    float64 of the common shape, each the nearest to the exact value: an error of at most 1/2 ulp
    raises     LabelError: an element is impossible, named with its index; OperandError: shapes; TooLarge

    >>> wigner_d_values(1, [1, 0], 0, 0.5)
    array([-0.33900505,  0.87758256])
    """
    names = ["j", "m1", "m2", "beta"]
    angles = _angle_array(beta)
    labels = spin_array(j, "j"), two_label_array(m1, "m1"), two_label_array(m2, "m2")
    places = np.arange(angles.size, dtype=np.int64).reshape(angles.shape)
    two_j, two_m1, two_m2, place = broadcast_labels((*labels, places), names)
    projection_arrays(two_j, two_m1, "j", "m1")
    projection_arrays(two_j, two_m2, "j", "m2")
    rows = np.stack([two_j.ravel(), two_m1.ravel(), two_m2.ravel(), place.ravel()], axis=1).tolist()
    values = np.fromiter(_each(rows, angles.ravel().tolist()), np.float64, len(rows))
    shaped: NDArray[np.float64] = values.reshape(two_j.shape)[()]
    return shaped


def _angle_array(beta: Any) -> NDArray[Any]:
    """Return angles as an array of Fractions; raise LabelError for an element that is no finite number."""
    array = _boxed(beta) if isinstance(beta, list | tuple) or not np.ndim(beta) else np.asarray(beta)
    if isinstance(beta, np.ma.MaskedArray) and np.ma.getmaskarray(beta).any():
        raise LabelError("beta: an angle is masked; fill or drop it first")
    angles = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        angles[index] = real(array[index], f"beta[{', '.join(map(str, index))}]" if index else "beta")
    return angles


def _boxed(beta: Any) -> NDArray[Any]:
    """Return a number, or a regular list of numbers, as an array of objects."""
    try:
        array = np.array(beta, dtype=object) if isinstance(beta, list | tuple) else None
    except ValueError as error:
        raise LabelError("beta: got rows of different lengths; pass a regular array") from error
    if array is None:
        array = np.empty((), dtype=object)
        array[()] = beta
    return array


def _each(rows: list[list[int]], angles: list[Fraction]) -> Iterator[float]:
    """Yield the values in order; a polynomial serves all its angles, and equal questions are asked once."""
    polynomials: dict[tuple[int, ...], HalfAnglePolynomial] = {}
    known: dict[tuple[int, int, int, Fraction], float] = {}
    for two_j, two_m1, two_m2, place in rows:
        labels, angle = (two_j, two_m1, two_m2), angles[place]
        value = known.get((*labels, angle))
        if value is None:
            polynomial = polynomials.get(labels)
            if polynomial is None:
                if len(polynomials) >= _KEPT:
                    polynomials.clear()
                polynomial = polynomials[labels] = wigner_d_polynomial(*(label / 2 for label in labels))
            value = known[*labels, angle] = polynomial(angle)
        yield value
