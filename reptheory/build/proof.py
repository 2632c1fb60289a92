"""Proof: floats from exact values, each proven to be the nearest by integers that did not produce it.

Rounding takes an integer square root; the proof compares squares of midpoints: see exact/rounding.py.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.exact.rounding import all_nearest, round_all
from reptheory.exact.surd import Surd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reptheory.exact.rounding import FloatName
    from reptheory.tables.table import Entry

__all__ = ["ProofError", "entry_surd", "proven_floats"]


class ProofError(ArithmeticError):
    """A float that is not the nearest to its exact value: a defect of this package, never of its caller."""


def proven_floats(
    numerators: Sequence[int], denominators: Sequence[int], pi_power: int, form: FloatName
) -> NDArray[Any]:
    """Round sign * sqrt(|numerator| / denominator * pi^pi_power), and prove every result.

    numerators    signed, nonzero
    denominators  positive
    form          "float64" or "float32"
    returns       (rows,) of that format, each the nearest to its exact value, ties to even
    raises        ProofError: the integer test contradicts the rounding
    """
    values = round_all(numerators, denominators, form, pi_power)
    proven = all_nearest(values, numerators, denominators, pi_power)
    if not proven.all():
        row = int(np.argmin(proven))
        raise ProofError(
            f"{float(values[row])!r} is not the {form} nearest to sqrt({numerators[row]}/{denominators[row]} "
            f"pi^{pi_power}); please report this defect"
        )
    return values


def entry_surd(entry: Entry) -> Surd:
    """Return the exact value of a row, its factor i included."""
    square = Fraction(entry.numerator, entry.denominator)
    return Surd.sqrt(square, sign=entry.sign, pi_power=entry.pi_power, i_power=entry.i_power)
