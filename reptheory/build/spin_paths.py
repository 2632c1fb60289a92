"""Spin paths: Clebsch-Gordan blocks of SU(2), half-integers included, as a bilinear map of real numbers.

Complex features stand in memory as pairs (real part, imaginary part), so a component k has the coordinates
2k and 2k + 1, and a coefficient C of z_k = C x_i y_j becomes four:

    z[2k]     = C x[2i] y[2j] - C x[2i+1] y[2j+1]
    z[2k + 1] = C x[2i] y[2j+1] + C x[2i+1] y[2j]

The product of complex vectors is then a sparse product of real ones, with its kernels, bounds and proofs.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.paths import PathTable
from reptheory.build.scaled_paths import require_memory, rounded
from reptheory.exact.coupling import coupling_block
from reptheory.exact.rounding import FloatName

__all__ = ["spin_paths"]

_PARTS: Final = np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1]])
"""Parts of x, y and z that one complex product couples."""
_SIGNS: Final = np.array([1, -1, 1, 1])
_FORMS: Final[tuple[FloatName, FloatName]] = ("float64", "float32")


def spin_paths(paths: Iterable[tuple[int, int, int]]) -> PathTable:
    """Return <j1 m1 j2 m2 | j3 m3> of some paths of doubled spins, on real and imaginary parts.

    raises   TooLarge: they would not fit in memory

    >>> spin_paths([(1, 1, 0)]).float64[:4].round(4)  # the singlet: (up down - down up) / sqrt(2)
    array([-0.7071,  0.7071, -0.7071, -0.7071])
    """
    wanted = sorted(set(paths))
    require_memory(4 * wanted, "spins")  # doubled spins: their own half again as a margin
    index: list[NDArray[np.int32]] = [np.zeros((0, 6), dtype=np.int32)]
    dims: list[NDArray[np.int32]] = [np.zeros((0, 3), dtype=np.int32)]
    numerators: list[int] = []
    denominators: list[int] = []
    for path in wanted:
        j1, j2, j3 = (Fraction(two_j, 2) for two_j in path)
        block = coupling_block("clebsch_gordan", j1, j2, j3, "complex")
        places = 2 * block.indices[:, None, :] + _PARTS
        labels = np.broadcast_to(np.array(path), places.shape)
        index.append(np.concatenate([labels, places], axis=2).reshape(-1, 6).astype(np.int32))
        dims.append(np.full((4 * block.nnz, 3), 2 * (np.array(path) + 1), dtype=np.int32))
        numerators.extend(block.numerators)
        denominators.extend(block.denominators)
    signs = np.tile(_SIGNS, len(numerators))
    wide, narrow = (
        np.repeat(rounded(numerators, denominators, 0, form), 4) * signs.astype(form) for form in _FORMS
    )
    exact = [sign * number for number in numerators for sign in _SIGNS.tolist()]
    below = [number for number in denominators for _ in _SIGNS]
    return PathTable(np.concatenate(index), wide, narrow, exact, below, 0, dims=np.concatenate(dims))
