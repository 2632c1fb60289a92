"""Export: JSON that holds every number exactly, and the canonical npz."""

import json
from fractions import Fraction

import numpy as np
import pytest

from reptheory.build.export import export_table
from reptheory.build.library import build_table
from reptheory.errors import LabelError, StoreError


@pytest.mark.parametrize("kind", ["gaunt", "fourier_from_harmonics", "wigner_3j"])
def test_json_holds_every_number(kind, tmp_path):
    table = build_table(kind, 2)
    text = export_table(table, tmp_path / "table.json", "json").read_text("ascii")
    data = json.loads(text)
    assert data["manifest"] == table.manifest
    assert len(data["rows"]) == len(table)
    for number, row in enumerate(data["rows"]):
        named = dict(zip(data["columns"], row, strict=True))
        entry = table.row(number)
        assert [named[name] for name in table.index_names] == table.index[number].tolist()
        assert Fraction(int(named["numerator"]), int(named["denominator"])) == Fraction(
            entry.numerator, entry.denominator
        )
        assert (named["sign"], named["i_power"]) == (entry.sign, entry.i_power)
        assert named["float64"] == table.float64[number]
        assert np.float32(named["float32"]) == table.float32[number]


def test_json_has_one_spelling(tmp_path):
    first, second = (
        export_table(build_table("gaunt", 1), tmp_path / name, "json").read_bytes() for name in "ab"
    )
    assert first == second


def test_npz_is_the_tables_own_file(tmp_path):
    table = build_table("gaunt", 1)
    assert export_table(table, tmp_path / "a", "npz").read_bytes() == table.save(tmp_path / "b").read_bytes()


def test_refusals(tmp_path):
    table = build_table("gaunt", 1)
    with pytest.raises(LabelError, match="format"):
        export_table(table, tmp_path / "x", "hdf5")
    with pytest.raises(StoreError):
        export_table(table, tmp_path / "absent" / "x", "json")
