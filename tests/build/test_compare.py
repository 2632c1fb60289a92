"""Comparing tables: every way in which two can differ is named, with the rows."""

from dataclasses import replace

import numpy as np
import pytest

from reptheory.build.compare import compare_tables
from reptheory.build.library import build_table
from reptheory.tables.reader import open_table


@pytest.fixture
def table():
    return build_table("gaunt", 2)


def without_row(table, row):
    names = ("index", "float64", "float32", "sign", "numerator", "denominator")
    return replace(table, **{name: np.delete(getattr(table, name), row, axis=0) for name in names})


def test_the_same(table):
    found = compare_tables(table, build_table("gaunt", 2))
    assert found.same
    assert not found.lines


def test_names(table):
    assert compare_tables(table, build_table("wigner_3j", 2)).lines == (
        "kind: gaunt against wigner_3j",
        "basis: real against complex",
        "convention name: 'real' against 'condon-shortley'",
        "convention basis: 'real' against 'complex'",
        "convention phase: 'none' against 'condon-shortley'",
        "convention odd_paths: '1 x 1 -> 1 is + cross product / sqrt(2)' against 'none'",
    )
    lines = compare_tables(table, build_table("gaunt", 3)).lines
    assert lines[:2] == ("lmax: 2 against 3", "lmax_out: 4 against 6")
    assert lines[2].startswith("rows only in the second: 546 of 708; (l1, l2, l3, m1, m2, m3) = (0, 3, 3, 0,")
    assert len(lines) == 3  # the common rows agree
    assert compare_tables(table, replace(table, generator=7)).lines == ("generator: version 1 against 7",)


def test_a_missing_row(table):
    labels = tuple(table.index[17].tolist())
    assert compare_tables(table, without_row(table, 17)).lines == (
        f"rows only in the first: 1 of 162; (l1, l2, l3, m1, m2, m3) = {labels}",
    )
    (line,) = compare_tables(without_row(table, [3, 4]), without_row(table, [4])).lines
    assert line.startswith("rows only in the second: 1 of 161")


def test_floats_in_ulp(table):
    values = table.float64.copy()
    values[5] = np.nextafter(np.nextafter(values[5], 9), 9)
    values[9] = np.nextafter(values[9], -9)
    (line,) = compare_tables(table, replace(table, float64=values)).lines
    rows = ", ".join(str(tuple(table.index[row].tolist())) for row in (5, 9))
    start = "float64: differs in 2 of 162 common rows, by up to 2 ulp; "
    assert line == start + f"(l1, l2, l3, m1, m2, m3) = {rows}"
    singles = -table.float32
    (line,) = compare_tables(table, replace(table, float32=singles)).lines
    steps = int(np.abs(2 * table.float32.view(np.int32).astype(np.int64) & 0xFFFFFFFF).max())
    assert f"by up to {steps} ulp" in line


def test_exact_values(table):
    signs = table.sign.copy()
    signs[[1, 2, 3, 4, 5, 6, 7]] *= -1
    lines = compare_tables(table, replace(table, sign=signs)).lines
    assert lines[0].startswith("sign: differs in 7 of 162 common rows")
    assert lines[0].endswith(", ...")
    wide = np.hstack([table.denominator, np.zeros_like(table.denominator)])
    other = compare_tables(table, replace(table, denominator=wide))
    assert (other.same, other.lines) == (False, ("the same numbers, stored in other bytes",))
    wide[4, 1] = 1
    (line,) = compare_tables(table, replace(table, denominator=wide)).lines
    assert line.startswith("denominator: differs in 1 of 162")
    turned = replace(table, i_power=np.eye(1, 162, 8, dtype=np.uint8)[0])
    assert compare_tables(table, turned).lines[0].startswith("i_power: differs in 1 of 162 common rows")


def test_tables_without_rows_and_rows_of_one_side_alone(table):
    names = ("index", "float64", "float32", "sign", "numerator", "denominator")
    empty = replace(table, **{name: getattr(table, name)[:0] for name in names})
    (line,) = compare_tables(table, empty).lines
    assert line.startswith("rows only in the first: 162 of 162; ")
    (line,) = compare_tables(empty, table).lines
    assert line.startswith("rows only in the second: 162 of 162; ")


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_parts_of_any_size_give_the_same_lines(rows, monkeypatch):
    left, right = build_table("clebsch_gordan", 2), build_table("clebsch_gordan", 3, lmax_out=3)
    values = left.float32.copy()
    values[::5] *= np.float32(1.25)
    left = replace(without_row(left, [0, 7, 8, 50]), float32=np.delete(values, [0, 7, 8, 50]))
    expected = compare_tables(left, right).lines
    assert len(expected) == 5
    for table in (left, right):
        parts = table.parts
        object.__setattr__(table, "parts", lambda parts=parts: parts(rows))
    assert compare_tables(left, right).lines == expected


def test_files_are_compared_as_their_tables(tmp_path):
    left, right = build_table("fourier_from_harmonics", 2), build_table("fourier_from_harmonics", 3)
    with open_table(left.save(tmp_path / "a.npz")) as a, open_table(right.save(tmp_path / "b.npz")) as b:
        assert compare_tables(a, b) == compare_tables(left, right)
