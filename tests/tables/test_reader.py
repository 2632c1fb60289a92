"""A table's file read a few rows at a time is the table, and a damaged one is noticed."""

from dataclasses import replace

import numpy as np
import pytest

from reptheory.build.library import build_table
from reptheory.errors import StoreError, TableCorrupt, TableMismatch
from reptheory.tables.reader import open_table
from reptheory.tables.spool import Spool
from reptheory.tables.table import Table, read_table

TABLES = {
    "real": lambda: build_table("gaunt", 2),
    "imaginary": lambda: build_table("fourier_from_harmonics", 3),
    "limbs": lambda: build_table("theta_projection", 10, band_limit=20),
    "empty": lambda: build_table("cartesian_tensor", formula="ij=ji=-ij"),
}


@pytest.fixture(params=list(TABLES))
def table(request):
    return TABLES[request.param]()


def together(parts):
    """Join the arrays of parts, by name."""
    names = ("index", "float64", "float32", "sign", "numerator", "denominator", "i_power")
    arrays = {name: [getattr(part, name) for part in parts] for name in names}
    return {name: None if pieces[0] is None else np.concatenate(pieces) for name, pieces in arrays.items()}


@pytest.mark.parametrize("rows", [1, 7, 1 << 14])
def test_parts_are_the_table(table, rows, tmp_path):
    with open_table(table.save(tmp_path / "x.npz")) as file:
        parts = list(file.parts(rows))
        assert file.header == table.header
        assert len(file) == len(table)
        assert [part.start for part in parts] == list(range(0, len(table), rows))
        if parts:
            assert Table(key=table.key, generator=1, **together(parts)) == table
        for spec in file.header.specs:
            found = np.concatenate([getattr(table, spec.name)[:0], *file.column(spec.name, rows)])
            np.testing.assert_array_equal(found, getattr(table, spec.name))


def test_parts_of_a_file_are_those_of_the_table(table, tmp_path):
    with open_table(table.save(tmp_path / "x.npz")) as file:
        for one, other in zip(file.parts(10), table.parts(10), strict=True):
            assert list(one.rows()) == list(other.rows())
        rows = [entry for part in table.parts(10) for _, entry in part.rows()]
        assert rows == [table.row(number) for number in range(len(table))]


def test_copying(table, tmp_path):
    path = table.save(tmp_path / "x.npz")
    with open_table(path) as file, open(tmp_path / "copy", "wb") as stream:
        file.write(stream)
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_every_damaged_byte_is_noticed_before_a_row_is_read(tmp_path):
    data = build_table("gaunt", 1).save(tmp_path / "x.npz").read_bytes()
    for place in range(0, len(data), 17):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        (tmp_path / "y.npz").write_bytes(changed)
        with pytest.raises((TableCorrupt, TableMismatch), match=r"y\.npz"), open_table(tmp_path / "y.npz"):
            pytest.fail("opened")
    for size in range(0, len(data), 97):
        (tmp_path / "y.npz").write_bytes(data[:size])
        with pytest.raises(TableCorrupt), open_table(tmp_path / "y.npz"):
            pytest.fail("opened")
    with pytest.raises(StoreError), open_table(tmp_path / "absent.npz"):
        pytest.fail("opened")


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_impossible_rows_with_sound_hashes_are_noticed_when_they_come(rows, tmp_path):
    table = build_table("gaunt", 1)
    for wrong in (
        replace(table, index=table.index[::-1]),
        replace(table, index=np.roll(table.index, 1, axis=0)),
        replace(table, float64=-table.float64),
    ):
        with open_table(wrong.save(tmp_path / "x.npz")) as file, pytest.raises(TableCorrupt):
            list(file.parts(rows))


def test_a_file_that_shrinks_while_it_is_read(tmp_path):
    path = build_table("gaunt", 2).save(tmp_path / "x.npz")
    with open_table(path) as file:
        with open(path, "r+b") as stream:
            stream.truncate(2000)
        with pytest.raises(TableCorrupt, match="shorter"):
            list(file.parts())
        with pytest.raises(TableCorrupt, match="shorter"), open(tmp_path / "copy", "wb") as stream:
            file.write(stream)


@pytest.mark.parametrize("rows", [1, 5, 1000])
def test_a_spool_writes_the_same_bytes(table, rows, tmp_path):
    expected = table.save(tmp_path / "expected.npz").read_bytes()
    with Spool(table.key, tmp_path) as spool:
        for part in table.parts(rows):
            # each piece with as few limbs as its own integers need
            top, bottom = (narrowed(limbs) for limbs in (part.numerator, part.denominator))
            turned = np.zeros(len(part), np.uint8) if part.i_power is None else part.i_power
            spool.append(part.index, part.float64, part.float32, part.sign, top, bottom, turned)
        header = spool.header(table.index.shape[1], table.generator)
        with open(tmp_path / "found.npz", "wb") as stream:
            spool.write(stream, header)
    assert header == table.header
    assert (tmp_path / "found.npz").read_bytes() == expected
    assert len(list(tmp_path.iterdir())) == 2


def narrowed(limbs):
    used = np.flatnonzero(limbs.any(axis=0))
    return limbs[:, : max(used, default=0) + 1]


def test_a_table_read_whole_and_in_parts_are_equal(tmp_path):
    path = build_table("wigner_3j", 2).save(tmp_path / "x.npz")
    with open_table(path) as file:
        assert Table(key=file.header.key, generator=1, **together(list(file.parts(100)))) == read_table(path)
