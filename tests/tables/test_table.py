"""The table object: frozen, equal by content, quick to search."""

import pickle
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest

from reptheory.errors import LabelError, OperandError
from reptheory.tables.table import Table


def test_arrays_cannot_be_written(table):
    for array in table._arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(FrozenInstanceError):
        table.index = None
    with pytest.raises(TypeError):
        table.parameters["lmax"] = 3
    table.manifest["rows"] = 17
    assert table.manifest["rows"] == 3


def test_equality_and_hash_follow_the_contents(table):
    twin = replace(table, float64=table.float64.copy())
    other = replace(table, float64=np.nextafter(table.float64, 1.0))
    assert twin == table
    assert hash(twin) == hash(table)
    assert other != table
    assert table != "table"


def test_pickle_keeps_it_frozen(table):
    copy = pickle.loads(pickle.dumps(table))
    assert copy == table
    assert not copy.index.flags.writeable


def test_values(table):
    assert table.values() is table.float64
    assert table.values("float32") is table.float32
    assert table.values(np.complex64).dtype == np.complex64
    for wrong in ("float16", "int64", ">f8", object):
        with pytest.raises(OperandError, match="dtype"):
            table.values(wrong)


def test_imaginary_values(table):
    turned = replace(table, i_power=np.array([0, 1, 0], dtype=np.uint8))
    np.testing.assert_array_equal(turned.values("complex128"), table.float64 * np.array([1, 1j, 1]))
    with pytest.raises(OperandError, match="complex128"):
        turned.values("float64")
    assert turned.lookup(1, 0, 1).i_power == 1
    assert "i_power" in turned.manifest["arrays"]
    assert turned != table


def test_lookup(table):
    entry = table.lookup(1, 1, 1)
    assert (entry.sign, entry.numerator, entry.denominator, entry.pi_power) == (-1, 3, 8, -1)
    assert entry.float64 == table.float64[2]
    assert table.lookup(1.0, Fraction(1), np.int8(1)) == entry
    assert table.lookup(0, 0, 1).sign == 0
    assert table.lookup(1, 1, 0).float64 == 0.0


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ((2, 0, 0), "l: got 2"),
        ((1, 0, 2), "u: got 2"),
        ((1, 0), "got 2"),
        ((1, 0, 0, 0), "got 4"),
        ((-1, 0, 0), "l: got -1"),
        ((0.5, 0, 0), "l: got 0.5"),
        (("1", 0, 0), "l: got the text"),
        ((True, 0, 0), "l: got True"),
        ((None, 0, 0), "l: got None"),
        ((2**64, 0, 0), "load a larger table"),
    ],
)
def test_lookup_refuses_what_the_table_does_not_cover(table, labels, words):
    with pytest.raises(LabelError, match=words):
        table.lookup(*labels)


def test_lookup_finds_every_row(table):
    for number, labels in enumerate(table.index.tolist()):
        assert table.lookup(*labels) == table.row(number)


def test_properties(table):
    assert len(table) == 3
    assert table.kind == "theta_fourier"
    assert table.parameters == {"lmax": 1, "basis": "complex"}
    assert table.index_names == ("l", "m", "u")
    assert table.convention.basis == "complex"
    assert table.pi_power == -1
    assert table.nbytes == sum(array.nbytes for array in table._arrays)
    assert repr(table) == "<Table theta_fourier(basis=complex, lmax=1): 3 rows>"
    assert isinstance(table, Table)


def test_large_integers_survive(table):
    limbs = np.array([[1, 0, 1 << 63], [3, 0, 0], [2**64 - 1, 2**64 - 1, 0]], dtype=np.uint64)
    wide = replace(table, numerator=limbs)
    assert [wide.row(k).numerator for k in range(3)] == [1 + (1 << 191), 3, (1 << 128) - 1]
