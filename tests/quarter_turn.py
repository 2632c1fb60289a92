"""Rotation by 90 degrees about z: on real harmonics a permutation with signs, so exact on floats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def quarter_turn(values: Any, degrees: Iterable[int]) -> Any:
    """Turn coefficients, irrep after irrep: (m, -m) by cos(m pi / 2) and sin(m pi / 2).

    values    (..., sum of 2 l + 1 over degrees), m ascending from -l
    returns   the same shape; every entry is one of `values` or its negative
    """
    result = values.copy()
    start = 0
    for degree in degrees:
        centre = start + degree
        for m in range(1, degree + 1):
            cosine, sine = values[..., centre + m], values[..., centre - m]
            turned = (cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)
            result[..., centre + m], result[..., centre - m] = turned[m % 4]
        start += 2 * degree + 1
    assert start == np.shape(values)[-1]
    return result
