import numpy as np
import pytest

from reptheory.tables.kinds import table_key
from reptheory.tables.table import Table


def make_table() -> Table:
    """Three true values, by hand: Y_00 = 1/sqrt(4 pi), Y_10 and Y_11 with cosine and sine series in theta."""
    square = np.array([1 / 4, 3 / 4, 3 / 8]) / np.pi
    signs = np.array([1, 1, -1], dtype=np.int8)
    return Table(
        key=table_key("theta_fourier", 1),
        index=np.array([[0, 0, 0], [1, 0, 1], [1, 1, 1]], dtype=np.int32),
        float64=signs * np.sqrt(square),
        float32=(signs * np.sqrt(square)).astype(np.float32),
        sign=signs,
        numerator=np.array([[1], [3], [3]], dtype=np.uint64),
        denominator=np.array([[4], [4], [8]], dtype=np.uint64),
        i_power=None,
        generator=1,
    )


@pytest.fixture
def table() -> Table:
    return make_table()
