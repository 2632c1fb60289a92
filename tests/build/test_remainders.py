"""Remainders: the second half of a double-double, from the exact value of each row."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reptheory.build.library import load_table
from reptheory.build.remainders import remainders


@pytest.mark.parametrize(("kind", "lmax"), [("gaunt", 3), ("clebsch_gordan", 2)])
def test_two_floats_hold_106_bits(kind: str, lmax: int) -> None:
    """|value - high - low| <= 2^-106 |value|, low the nearest float to value - high."""
    table = load_table(kind, lmax, basis="real")
    low = remainders(table)
    assert low.shape == (len(table),)
    assert low.dtype == np.float64
    nonzero = 0
    with ctx.workprec(300):
        for number in range(len(table)):
            row = table.row(number)
            square = arb(fmpq(row.numerator, row.denominator)) * arb.pi() ** row.pi_power
            exact = row.sign * square.sqrt()
            rest = exact - arb(row.float64)
            assert abs(rest - arb(float(low[number]))) <= abs(exact) * arb(2) ** -106
            assert abs(rest - arb(float(low[number]))) <= arb(float(np.spacing(abs(low[number])))) / 2
            assert abs(low[number]) <= np.spacing(abs(row.float64)) / 2
            nonzero += low[number] != 0
    assert nonzero > len(table) / 2


def test_a_rational_value_may_leave_nothing() -> None:
    """Coefficients such as 1 and 1/2 are floats; their remainder is exactly 0."""
    table = load_table("clebsch_gordan", 1, basis="real")
    whole = np.isin(np.abs(table.float64), [1.0, 0.5])
    assert whole.any()
    assert not remainders(table)[whole].any()
