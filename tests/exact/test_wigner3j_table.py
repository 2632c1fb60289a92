"""Tables of 3j symbols: laws, every entry against the scalar function, every float against integers."""

from __future__ import annotations

import copy
import os
import pickle
import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scalars import HALVES as HALF_LABELS
from scalars import NEGATIVES, UNREADABLE

import reptheory as rt
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact import wigner3j_table
from reptheory.exact.rounding import is_nearest
from reptheory.kernels import pascal, pascal_floats  # noqa: F401  (so that tables here take the compiled loops)

HALVES = rt.wigner_3j_table(4, halves=True)


def labels_of(table: rt.Wigner3jTable, place: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(label, 2) for label in table.labels(place, place + 1)[0].tolist())


def test_rows_are_normalised() -> None:
    """The squares of j1, j2, j3, m3 sum to 1 / (2 j3 + 1) over m1 [DLMF 34.3.16]."""
    sums: dict[tuple[int, ...], Fraction] = {}
    for place, row in enumerate(HALVES.labels().tolist()):
        key = (*row[:3], row[5])
        sums[key] = sums.get(key, Fraction(0)) + HALVES[labels_of(HALVES, place)].square
    assert all(total == Fraction(1, key[2] + 1) for key, total in sums.items())


def test_rows_of_different_j3_are_orthogonal() -> None:
    for two_m3 in (-2, 0):
        first, second = (
            [HALVES[2, Fraction(3, 2), j3, Fraction(u1, 2), Fraction(-u1 - two_m3 - 1, 2), Fraction(two_m3 +
            1, 2)]
             for u1 in range(-4, 5, 2) if abs(u1 + two_m3 + 1) <= 3]
            for j3 in (Fraction(3, 2), Fraction(7, 2))
        )  # fmt: skip
        assert sum(x * y for x, y in zip(first, second, strict=True)) == 0
        assert any(x * y != 0 for x, y in zip(first, second, strict=True))


def test_every_entry_up_to_4_is_the_scalar() -> None:
    values, singles = HALVES.values(), HALVES.values("float32")
    assert len(HALVES) == 4451
    assert singles.dtype == np.float32
    assert [tuple(row) for row in HALVES.two_js.tolist()] == sorted(
        {tuple(r) for r in HALVES.two_js.tolist()}
    )
    for place, row in enumerate(HALVES.labels().tolist()):
        labels = tuple(Fraction(label, 2) for label in row)
        exact = rt.wigner_3j(*labels)
        assert HALVES[labels] == exact, labels
        assert is_nearest(values[place], exact), labels
        assert is_nearest(float(singles[place]), exact, "float32"), labels
        assert np.sign(HALVES.integers[place]) == exact.sign


def test_every_block_is_the_array() -> None:
    for two_js in HALVES.two_js.tolist():
        spins = [Fraction(two_j, 2) for two_j in two_js]
        assert HALVES.block(*spins) == rt.wigner_3j_array(*spins)
    assert HALVES.block(1, 1, 3) == rt.wigner_3j_array(1, 1, 3)


def test_the_order_is_that_of_the_comprehension() -> None:
    rows = [
        (t1, t2, t3, u1, -u1 - u3, u3)
        for t1 in range(5) for t2 in range(5) for t3 in range(abs(t1 - t2), min(t1 + t2, 4) + 1, 2)
        for u3 in range(-t3, t3 + 1, 2) for u1 in range(-t1, t1 + 1, 2) if abs(u1 + u3) <= t2
    ]  # fmt: skip
    table = rt.wigner_3j_table(2, halves=True)
    assert [tuple(row) for row in table.labels().tolist()] == rows
    assert [tuple(row) for row in table.labels(7, 100).tolist()] == rows[7:100]
    assert [tuple(row) for row in table.labels(-3).tolist()] == rows[-3:]
    assert table.labels(5, 5).shape == table.labels(9, 3).shape == (0, 6)


def test_radicands_are_made_of_the_binomials() -> None:
    table = rt.wigner_3j_table(5)
    binomials = table.binomials
    for place in random.Random(1).sample(range(len(table)), 300):
        t1, t2, t3, u1, u2, u3 = table.labels(place, place + 1)[0].tolist()
        a, b, c = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2
        p, q, s, total = (t1 + u1) // 2, (t2 - u2) // 2, (t3 - u3) // 2, a + b + c
        bottom = (total + 1) * binomials[total][a] * binomials[t1][p] * binomials[t2][q] * binomials[t3][s]
        square = Fraction(int(table.integers[place]) ** 2 * binomials[t1][c] * binomials[t2][b], bottom)
        assert square == table[labels_of(table, place)].square


def test_random_symbols_of_all_parts_to_42() -> None:
    """Two words; 2 10^7 symbols with j1 = 3, 6, .. 42 pass by, a part at a time."""
    draw, parts = random.Random(2), 0
    for slab in rt.wigner_3j_slabs(42):
        assert slab.high is not None
        assert slab.high.dtype == np.int64
        assert slab.integers.dtype == np.uint64
        parts += 1
        if parts % 14:
            continue
        values, singles = slab.values(), slab.values("float32")
        for place in draw.sample(range(len(slab)), 60):
            labels = labels_of(slab, place)
            exact = rt.wigner_3j(*labels)
            assert slab[labels] == exact
            assert is_nearest(values[place], exact)
            assert is_nearest(float(singles[place]), exact, "float32")
    assert parts == 43


@pytest.mark.parametrize(
    ("lmax", "halves"), [(6, False), (3, True), (Fraction(5, 2), True), (0, False), (28, False)]
)
def test_the_parts_are_the_table(lmax: Any, halves: bool) -> None:
    table = rt.wigner_3j_table(lmax, halves=halves)
    slabs = list(rt.wigner_3j_slabs(lmax, halves=halves))
    np.testing.assert_array_equal(np.concatenate([slab.integers for slab in slabs]), table.integers)
    assert sum(len(slab) for slab in slabs) == len(table)
    if lmax < 10:
        np.testing.assert_array_equal(np.concatenate([slab.labels() for slab in slabs]), table.labels())
        np.testing.assert_array_equal(np.concatenate([slab.values() for slab in slabs]), table.values())


def test_widths() -> None:
    for lmax, words in ((27, 1), (28, 2)):
        slab = next(iter(rt.wigner_3j_slabs(lmax)))
        assert (slab.high is None) == (words == 1)
    table = rt.wigner_3j_table(28)
    labels = (28, 28, 28, 0, 0, 0)
    assert table[labels] == rt.wigner_3j(*labels)
    assert table.block(28, 27, 28) == rt.wigner_3j_array(28, 27, 28)


@pytest.mark.parametrize("form", ["float64", "float32"])
def test_doubtful_roundings_go_through_integers(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """With an enclosure as wide as an ulp most entries are doubtful; the result must not change."""
    table = rt.wigner_3j_table(3, halves=True)
    right = table.values(form)
    out, slack = np.empty_like(right), 2.0**-54 if form == "float64" else 2.0**-25
    assert not table._rounded(out, wigner3j_table._SLACK, None)
    doubtful = table._rounded(out, slack, None)
    assert len(table) // 2 < len(set(doubtful)) == len(doubtful) < len(table)
    assert (out != right).any()
    assert {place for place in range(len(table)) if out[place] != right[place]} <= set(doubtful)
    monkeypatch.setattr(wigner3j_table, "_SLACK", slack)
    np.testing.assert_array_equal(table.values(form), right)


def test_one_ulp_more_is_noticed() -> None:
    table = rt.wigner_3j_table(12)
    values = table.values()
    for place in random.Random(3).sample(range(len(table)), 400):
        exact = table[labels_of(table, place)]
        assert is_nearest(values[place], exact)
        if exact:
            assert not is_nearest(np.nextafter(values[place], 2), exact)
            assert not is_nearest(np.nextafter(values[place], -2), exact)


def test_zeros_are_exactly_zero() -> None:
    """(3 3 2; ..) vanishes by accident, (1 1 1; 0 0 0) by symmetry; labels that do not couple are 0 too."""
    table = rt.wigner_3j_table(3)
    zeros = table.integers == 0
    assert zeros.any()
    assert not table.values()[zeros].any()
    assert not np.signbit(table.values()[zeros]).any()
    assert (
        table[1, 1, 1, 0, 0, 0]
        == table[3, 2, 2, 2, -1, -1] * 0
        == table[1, 1, 3, 0, 0, 0]
        == table[1, 1, 1, 1, 1, 1]
        == 0
    )


def test_threads_change_nothing() -> None:
    one, two = (rt.wigner_3j_table(16, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.integers, two.integers)
    np.testing.assert_array_equal(one.values(threads=1), two.values(threads=2))


def test_nothing_can_be_written_to() -> None:
    table = rt.wigner_3j_table(2)
    for array in (table.integers, table.two_js, table.starts, rt.wigner_3j_table(28).high):
        assert array is not None
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    with pytest.raises(AttributeError, match="immutable"):
        table.integers = None  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="immutable"):
        del table.starts
    assert table.convention is rt.COMPLEX


def test_pickles_and_copies() -> None:
    for table in (rt.wigner_3j_table(3), list(rt.wigner_3j_slabs(28))[2]):
        for again in (pickle.loads(pickle.dumps(table)), copy.deepcopy(table)):
            np.testing.assert_array_equal(again.integers, table.integers)
            np.testing.assert_array_equal(again.labels(), table.labels())
            assert repr(again) == repr(table)
            assert again == table
            assert hash(again) == hash(table)
            with pytest.raises(ValueError, match="WRITEABLE"):
                again.integers.setflags(write=True)


def test_tables_are_equal_if_all_that_makes_them_is() -> None:
    slabs = list(rt.wigner_3j_slabs(2))
    different = [rt.wigner_3j_table(2), rt.wigner_3j_table(3), rt.wigner_3j_table(2, halves=True), *slabs]
    assert len(set(different)) == len(different)
    assert slabs == list(rt.wigner_3j_slabs(2))
    assert slabs[0] != rt.gaunt_table(2)


@pytest.mark.parametrize("make", [rt.wigner_3j_table, rt.wigner_3j_slabs])
def test_impossible_labels(make: Any) -> None:
    for lmax in [1.3, True, "x", None, *HALF_LABELS, *NEGATIVES, *UNREADABLE]:
        with pytest.raises(LabelError, match="lmax"):
            make(lmax)


@pytest.mark.parametrize("make", [rt.wigner_3j_table, rt.wigner_3j_slabs])
@pytest.mark.parametrize("lmax", [55, 2**31, 10**9, 10**400])
def test_too_large_a_table_is_refused_with_its_size(make: Any, lmax: int) -> None:
    with pytest.raises(TooLarge, match=r"lmax: got .* symbols; .*wigner_3j_array"):
        make(lmax)


def test_beyond_memory_the_way_on_is_named() -> None:
    with pytest.raises(TooLarge, match=r"GiB; .* wigner_3j_slabs"):
        rt.wigner_3j_table(54, halves=True)


def test_what_a_table_does_not_reach() -> None:
    table, slab = rt.wigner_3j_table(3), list(rt.wigner_3j_slabs(3))[2]
    for labels in [(4, 1, 3, 0, 0, 0), (0.5, 0.5, 0, 0.5, -0.5, 0), (1, 5, 4, 0, 0, 0)]:
        with pytest.raises(LabelError, match="this table holds the whole spins 0 to 3"):
            table[labels]
    with pytest.raises(LabelError, match="j1: got 1; this table holds the whole spins 2 to 2"):
        slab[1, 1, 1, 0, 0, 0]
    with pytest.raises(LabelError, match="j2: got 7/2"):
        table.block(3, 3.5, 0.5)
    with pytest.raises(LabelError, match="m1"):
        table[1, 1, 1, 2, 0, 0]
    with pytest.raises(LabelError, match="write table"):
        table[1, 1]  # type: ignore[index]
    with pytest.raises(OperandError, match="dtype"):
        table.values("int32")


SCRIPT = """
import hashlib, sys
import reptheory as rt
for lmax, halves in ((6, False), (3, True)):
    table = rt.wigner_3j_table(lmax, halves=halves)
    for array in (table.integers, table.values(), table.values("float32")):
        print(hashlib.sha256(array.tobytes()).hexdigest())
print("numba" in sys.modules)
"""


@pytest.mark.parametrize("switched_off", ["0", "1"])
def test_a_small_table_needs_no_compiler_and_is_the_same(switched_off: str) -> None:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": switched_off}
    cold = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    warm = subprocess.run(
        [sys.executable, "-c", "import reptheory.kernels.pascal\n" + SCRIPT],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert cold.stdout.split()[-1] == "False"
    assert warm.stdout.split()[-1] == "True"
    assert cold.stdout.split()[:-1] == warm.stdout.split()[:-1]
