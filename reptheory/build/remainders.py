"""Remainders: what a table's float64 column leaves of its exact values, correctly rounded.

value = float64 + remainder + d with |d| <= 2^-106 |value|: the double-double form that certificates need.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.rounding import nearest_pair
from reptheory.exact.surd import Surd
from reptheory.tables.table import Table

__all__ = ["remainders"]


def remainders(table: Table) -> NDArray[np.float64]:
    """Return (rows,) float64: the exact value of each row minus its float64, rounded to nearest."""
    exact = np.hstack([table.numerator, table.denominator])
    _, first, place = np.unique(exact, axis=0, return_index=True, return_inverse=True)
    low = []
    for number in first.tolist():
        entry = table.row(number)
        magnitude = Surd.sqrt(Fraction(entry.numerator, entry.denominator), pi_power=entry.pi_power)
        low.append(nearest_pair(magnitude)[1])
    return np.array(low, dtype=np.float64)[place.reshape(-1)] * table.sign
