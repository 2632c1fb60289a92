"""Paths: a table, or just the blocks a product needs; and the second half of a double-double."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from reptheory.build.library import load_table
from reptheory.build.paths import PathTable, coefficients, remainders


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


def test_few_paths_of_high_degree_are_the_rows_of_the_table() -> None:
    paths = [(7, 2, 6), (2, 7, 9), (7, 7, 0)]
    some = coefficients("clebsch_gordan", paths)
    assert isinstance(some, PathTable)
    table = load_table("clebsch_gordan", 7, basis="real")
    wanted = (table.index[:, None, :3] == np.array(paths)).all(axis=2).any(axis=1)
    np.testing.assert_array_equal(some.index, table.index[wanted])
    np.testing.assert_array_equal(some.values(np.float64), table.float64[wanted])
    np.testing.assert_array_equal(some.values(np.float32), table.float32[wanted])
    np.testing.assert_array_equal(remainders(some), remainders(table)[wanted])


def test_many_paths_and_low_degrees_take_the_table() -> None:
    low = coefficients("gaunt", [(6, 6, 0)])
    assert not isinstance(low, PathTable)
    many = [(l1, l2, l3) for l1 in range(8) for l2 in range(8) for l3 in range(abs(l1 - l2), l1 + l2 + 1)]
    assert not isinstance(coefficients("clebsch_gordan", many), PathTable)
    assert len(coefficients("clebsch_gordan", []).index) == 1
