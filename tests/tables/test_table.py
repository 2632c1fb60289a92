"""The table object: frozen, equal by content, quick to search."""

import itertools
import pickle
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest

from reptheory.build.library import build_table
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact.gaunt import gaunt_array
from reptheory.exact.square_grid import wigner_3j_array
from reptheory.tables.kinds import table_key
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


def test_dense_blocks():
    table = build_table("gaunt", 2)
    block = table.dense(2, 1, 3)
    assert block.shape == (5, 3, 7)
    for m1, m2, m3 in itertools.product(range(-2, 3), range(-1, 2), range(-3, 4)):
        assert block[m1 + 2, m2 + 1, m3 + 3] == table.lookup(2, 1, 3, m1, m2, m3).float64
    np.testing.assert_array_equal(
        table.dense(2, 1, 3, dtype="float32"), gaunt_array(2, 1, 3, "real").to_numpy("float32")
    )
    assert not table.dense(1, 1, 1).any()
    everything = table.dense()
    assert everything.shape == (3, 3, 5, 5, 5, 9)
    assert np.count_nonzero(everything) == len(table)
    assert table.dense(2, 1, 3, 0, 0).tolist() == block[2, 1].tolist()


def test_dense_blocks_of_halves():
    table = build_table("wigner_3j", 1)
    np.testing.assert_array_equal(table.dense(0.5, 1, 1.5), wigner_3j_array(0.5, 1, 1.5).to_numpy())
    assert table.dense(0.5, 1, 1.5).shape == (2, 3, 4)
    assert table.dense(0.5, 1, 1).shape == (2, 3, 3)


def test_dense_exact_blocks():
    table = build_table("fourier_from_harmonics", 2)
    numerators, denominators, turns = table.dense_exact(2)
    shape = (5, 5, 5)
    assert numerators.shape == denominators.shape == turns.shape == shape
    for m, u, v in itertools.product(range(-2, 3), repeat=3):
        entry = table.lookup(2, m, u, v)
        place = m + 2, u + 2, v + 2
        assert (numerators[place], turns[place]) == (entry.sign * entry.numerator, entry.i_power)
        assert denominators[place] == entry.denominator
    with pytest.raises(OperandError, match="complex128"):
        table.dense(2)


@pytest.mark.parametrize(
    ("labels", "words"),
    [((3, 1, 1), "l1: got 3"), ((1, 0.5), "l2"), ((0,) * 6, "lookup"), ((1,) * 7, "7")],
)
def test_dense_refuses_labels_outside(labels, words):
    with pytest.raises(LabelError, match=words):
        build_table("gaunt", 2).dense(*labels)


def test_dense_blocks_beyond_memory_are_refused():
    table = replace(build_table("gaunt", 0), key=table_key("gaunt", 200))
    with pytest.raises(TooLarge, match="4 GiB"):
        table.dense()


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
