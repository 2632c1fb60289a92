"""Certificates: every way in which a table can be wrong has its one-line reason."""

from dataclasses import replace

import numpy as np
import pytest

from reptheory.build import pieces
from reptheory.build.certify import certify_table
from reptheory.build.library import build_table
from reptheory.tables.reader import open_table
from reptheory.tables.table import read_table

COLUMNS = ("index", "float64", "float32", "sign", "numerator", "denominator")


@pytest.fixture
def table():
    return build_table("gaunt", 2)


def changed(table, name, row, value):
    array = getattr(table, name).copy()
    array[row] = value
    return replace(table, **{name: array})


def test_a_true_table_holds(table):
    certificate = certify_table(table)
    assert certificate.holds
    assert (certificate.rows, certificate.floats) == (len(table), 2 * len(table))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("float64", 0.25, "float64 nearest"),
        ("float64", -0.0, "float64 nearest"),
        ("float64", np.nan, "float64 nearest"),
        ("float32", 0.25, "float32 nearest"),
        ("sign", -1, "sign differs"),
        ("numerator", 7, "numerator differs"),
        ("denominator", 7, "denominator differs"),
        ("index", 0, "index differs"),
    ],
)
def test_one_wrong_entry_is_named(table, name, value, words):
    row = 3 if name != "index" else 5
    certificate = certify_table(changed(table, name, row, value))
    assert not certificate.holds
    assert words in certificate.failure
    assert f"row {row} " in certificate.failure
    assert "\n" not in certificate.failure


def test_a_table_without_rows_holds():
    for kind, options in (("generators", {"lmax": 0}), ("cartesian_tensor", {"formula": "ij=ji=-ij"})):
        empty = build_table(kind, **options)
        assert len(empty) == 0
        assert certify_table(empty).holds


def test_a_consistent_lie_is_found(table, tmp_path):
    # A file whose floats, hashes and checksums all agree with integers that are wrong.
    one = build_table("gaunt", 0)
    lie = replace(table, **{name: getattr(table, name).copy() for name in COLUMNS})
    row = next(row for row in range(len(table)) if table.numerator[row, 0] != table.numerator[0, 0])
    for name in COLUMNS[1:]:
        values = getattr(lie, name).copy()
        values[row] = getattr(one, name)[0]
        lie = replace(lie, **{name: values})
    read = read_table(lie.save(tmp_path / "lie.npz"))
    certificate = certify_table(read)
    assert not certificate.holds
    assert f"row {row} " in certificate.failure


def test_missing_rows_and_long_integers_are_found(table):
    short = replace(table, **{name: getattr(table, name)[:-1] for name in COLUMNS})
    assert certify_table(short).failure == "161 rows where the exact values give more nonzero ones"
    shifted = replace(table, **{name: np.roll(getattr(table, name), -1, axis=0) for name in COLUMNS})
    assert "row 0 " in certify_table(shifted).failure
    longer = replace(table, **{name: np.concatenate([getattr(table, name)] * 2) for name in COLUMNS})
    assert certify_table(longer).failure == "324 rows where the exact values give 162 nonzero ones"
    wide = np.hstack([table.numerator, np.zeros_like(table.numerator)])
    assert "stored with shape (162, 2)" in certify_table(replace(table, numerator=wide)).failure
    limbs = np.zeros((len(table), 3000), dtype=np.uint64)
    limbs[:, 0] = table.numerator[:, 0]
    limbs[4, -1] = 1
    assert "row 4 " in certify_table(replace(table, numerator=limbs)).failure


def test_pieces_of_a_file_are_proven_one_by_one(table, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 30)
    seen = []
    with open_table(table.save(tmp_path / "x.npz")) as file:
        certificate = certify_table(file, lambda done, total: seen.append((done, total)))
    assert certificate.holds
    assert certificate.floats == 324
    assert len(seen) > 5
    assert seen[-1][0] == seen[-1][1]
    for row in (0, 100, 161):
        wrong = changed(table, "float32", row, np.nextafter(table.float32[row], np.float32(9)))
        with open_table(wrong.save(tmp_path / "y.npz")) as file:
            assert f"row {row} " in certify_table(file).failure


def test_a_wrong_power_of_i_is_found():
    table = build_table("fourier_from_harmonics", 1)
    i_power = table.i_power.copy()
    i_power[0] ^= 1
    assert "i_power differs" in certify_table(replace(table, i_power=i_power)).failure
    assert "i_power differs" in certify_table(replace(table, i_power=None)).failure
