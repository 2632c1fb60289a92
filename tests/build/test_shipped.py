"""The shipped tables: rebuilt byte for byte, every float proven, every mutant caught.

The test of a float is written here a second time, from neighbouring floats and fractions (Arb where pi is),
so that it shares no line with the library's.
"""

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import flint
import numpy as np
import pytest

from reptheory.build.certify import certify_table
from reptheory.build.proof import entry_surd
from reptheory.build.shipped import SHIPPED, build_shipped
from reptheory.exact.rounding import is_nearest
from reptheory.tables.store import SET_MANIFEST, read_set, read_shipped, shipped_folder
from reptheory.tables.table import read_table

FOLDER = Path(__file__).parents[2] / "tables"
TABLES = {key.file_name: read_table(FOLDER / key.file_name, key) for key in SHIPPED}


def test_the_store_finds_this_set():
    found = shipped_folder()  # this folder, or its copy in an installed package
    assert found is not None
    assert (found / SET_MANIFEST).read_bytes() == (FOLDER / SET_MANIFEST).read_bytes()


def test_rebuilt_byte_for_byte(tmp_path):
    build_shipped(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([*TABLES, SET_MANIFEST])
    for name in names:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_the_set_is_complete_small_and_named_in_its_readme():
    entries = read_set(FOLDER)
    assert [entry.file for entry in entries] == sorted(TABLES)
    assert {path.name for path in FOLDER.glob("*.npz")} == set(TABLES)
    assert sum(entry.size for entry in entries) < 4_000_000
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for key in SHIPPED:
        name = key.file_name
        assert name in readme or name.replace("-real-", "-*-").replace("-complex-", "-*-") in readme
        assert read_shipped(key) == TABLES[name]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_certified(name):
    certificate = certify_table(TABLES[name])
    assert certificate.holds, certificate.failure
    assert certificate.floats == 2 * len(TABLES[name])


def neighbours(value):
    """Return the floats below and above, as fractions."""
    kind = type(value)
    return [Fraction(float(np.nextafter(value, kind(end)))) for end in (-np.inf, np.inf)]


def nearest(value, sign, square, pi_power):
    """Whether a numpy float is the one nearest to sign * sqrt(square * pi^pi_power)."""
    here = Fraction(float(value))
    below, above = ((here + other) / 2 for other in neighbours(value))
    low, high = (below, above) if sign > 0 else (-above, -below)
    if low <= 0:
        return False  # none of these values is so small
    if pi_power == 0:
        return low**2 < square < high**2
    before = flint.ctx.prec
    flint.ctx.prec = 300
    try:
        ball = flint.arb(fmpq(square)) * flint.arb.pi() ** pi_power
        inside = bool(ball > flint.arb(fmpq(low**2))) and bool(ball < flint.arb(fmpq(high**2)))
        outside = bool(ball < flint.arb(fmpq(low**2))) or bool(ball > flint.arb(fmpq(high**2)))
    finally:
        flint.ctx.prec = before
    assert inside != outside  # 300 bits decide
    return inside


def fmpq(value):
    return flint.fmpq(value.numerator, value.denominator)


def entries():
    """Yield each distinct value of the set: column name, numpy float, entry."""
    for table in TABLES.values():
        seen = set()
        for number in range(len(table)):
            entry = table.row(number)
            key = (entry.sign, entry.numerator, entry.denominator, entry.float64, entry.float32)
            if key not in seen:
                seen.add(key)
                for column in ("float64", "float32"):
                    yield column, getattr(table, column)[number], entry


def test_every_float_passes_a_second_test():
    count = 0
    for _, value, entry in entries():
        square = Fraction(entry.numerator, entry.denominator)
        assert nearest(value, entry.sign, square, entry.pi_power)
        count += 1
    assert count > 5_000


def test_a_thousand_mutants_all_fail_both_tests():
    chance = random.Random(20)
    for column, value, entry in chance.sample(list(entries()), 1000):
        mutant = np.nextafter(value, type(value)(chance.choice([-np.inf, np.inf])))
        assert mutant != value
        square = Fraction(entry.numerator, entry.denominator)
        exact = entry_surd(entry)
        assert is_nearest(float(value), exact, column)
        assert not is_nearest(float(mutant), exact, column)
        assert not nearest(mutant, entry.sign, square, entry.pi_power)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_mutant_inside_a_table_is_found(name):
    table, chance = TABLES[name], random.Random(name)
    for column in ("float64", "float32"):
        values = getattr(table, column).copy()
        row = chance.randrange(len(values))
        values[row] = np.nextafter(values[row], values.dtype.type(chance.choice([-np.inf, np.inf])))
        certificate = certify_table(replace(table, **{column: values}))
        assert not certificate.holds
        assert f"row {row} " in certificate.failure
        assert column in certificate.failure
