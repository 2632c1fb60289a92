"""Immutable arrays: no holder can make them writeable, and what is already immutable is not copied."""

import pickle

import numpy as np
import pytest

from reptheory.build.library import load_table
from reptheory.build.ring_matrices import circle_matrices
from reptheory.exact.coupling import coupling_block
from reptheory.immutable import immutable


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6).reshape(2, 3).T,
        np.zeros((0, 4), np.uint64),
        np.ones(3, np.int8),
        np.arange(10_000, dtype=np.int32).reshape(-1, 4),
    ],
)
def test_values_stay_and_writing_is_over(array):
    kept = immutable(array)
    np.testing.assert_array_equal(kept, array)
    assert kept.dtype == array.dtype
    with pytest.raises(ValueError, match="WRITEABLE"):
        kept.setflags(write=True)
    assert immutable(kept) is kept
    again = immutable(pickle.loads(pickle.dumps(kept)))
    assert not again.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        again.setflags(write=True)


def test_a_caller_cannot_spoil_what_is_shared():
    table = load_table("gaunt", 2)
    block = coupling_block("clebsch_gordan", 1, 1, 2)
    shared = [table.index, table.float64, table.float32, table.sign, table.numerator, table.denominator]
    for array in (*shared, block.indices, circle_matrices(2, 2, "float64")):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
