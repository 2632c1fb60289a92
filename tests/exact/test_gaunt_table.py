"""Tables of Gaunt coefficients: every entry against the blocks, every float against integers, both bases."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scalars import HALVES, NEGATIVES, UNREADABLE
from sympy.physics.wigner import real_gaunt as sympy_real_gaunt

import reptheory as rt
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact import gaunt_table as module
from reptheory.exact.rounding import is_nearest
from reptheory.kernels import gaunt as kernel
from reptheory.kernels.gaunt_plain import fill_gaunt_plain, lay_out_plain

assert kernel  # loaded, so that tables here take the compiled loops
BOUNDS = [
    (0, None, "real"),
    (3, None, "real"),
    (4, 2, "real"),
    (5, 5, "complex"),
    (2, 9, "complex"),
    (6, 6, "real"),
]


@pytest.mark.parametrize(("lmax", "lmax_out", "basis"), BOUNDS)
def test_blocks_labels_and_values(lmax: int, lmax_out: int | None, basis: Any) -> None:
    table = rt.gaunt_table(lmax, lmax_out, basis)
    top = 2 * lmax if lmax_out is None else min(lmax_out, 2 * lmax)
    expected = [
        (a, b, c)
        for a in range(lmax + 1) for b in range(lmax + 1)
        for c in range(abs(a - b), min(a + b, top) + 1) if (a + b + c) % 2 == 0
    ]  # fmt: skip
    assert [tuple(row) for row in table.ls.tolist()] == expected
    kept, labels = table.integers != 0, table.labels()
    blocks = [rt.gaunt_array(*degrees, basis=basis) for degrees in expected]
    for degrees, block in zip(expected, blocks, strict=True):
        assert table.block(*degrees) == block
    orders = [block.indices - np.array(degrees) for degrees, block in zip(expected, blocks, strict=True)]
    np.testing.assert_array_equal(labels[kept, 3:], np.concatenate(orders))
    assert [tuple(row) for row in labels.tolist()] == sorted({tuple(row) for row in labels.tolist()})
    for form in ("float64", "float32"):
        values = table.values(form)
        np.testing.assert_array_equal(values[kept], np.concatenate([block.values(form) for block in blocks]))
        assert values.dtype == form
        assert not values[~kept].any()
        assert not np.signbit(values[~kept]).any()


def test_the_rows_of_the_table_kind() -> None:
    """The entries that are not zero come in the order of table files, and are theirs."""
    table, file = rt.gaunt_table(4), rt.load_table("gaunt", 4)
    kept = table.integers != 0
    np.testing.assert_array_equal(table.labels()[kept], file.index)
    np.testing.assert_array_equal(table.values()[kept], file.float64)
    np.testing.assert_array_equal(table.values("float32")[kept], file.float32)


def test_single_coefficients_are_sympys() -> None:
    table = rt.gaunt_table(3, 3)
    for row in table.labels()[::7].tolist():
        value = table[tuple(row)]
        assert value.to_sympy() == sympy_real_gaunt(*row)
        assert value == rt.real_gaunt(*row)
    assert table[1, 1, 2, 0, 0, 1] == table[1, 1, 1, 0, 0, 0] == 0


def test_rows_are_normalised() -> None:
    """The sum over m1, m2 of squares does not depend on m3: (2l1+1)(2l2+1)/(4 pi) 3j(000)^2."""
    for basis in ("real", "complex"):
        values, labels = rt.gaunt_table(6, 6, basis).values(), rt.gaunt_table(6, 6, basis).labels()
        for l1, l2, l3 in [(2, 3, 5), (4, 4, 4), (6, 5, 3)]:
            size = (2 * l1 + 1) * (2 * l2 + 1) / (4 * np.pi) * float(rt.wigner_3j(l1, l2, l3, 0, 0, 0)) ** 2
            for m3 in range(-l3, l3 + 1):
                chosen = (labels[:, :3] == [l1, l2, l3]).all(axis=1) & (labels[:, 5] == m3)
                assert np.sum(values[chosen] ** 2) == pytest.approx(size, rel=1e-14)


@pytest.mark.parametrize("lmax", [12, 16])
def test_large_tables_sampled(lmax: int) -> None:
    table = rt.gaunt_table(lmax)
    values = table.values()
    for place in range(0, len(table), len(table) // 150):
        labels = table.labels(place, place + 1)[0].tolist()
        exact = rt.real_gaunt(*labels)
        assert is_nearest(values[place], exact)
        if exact:
            assert not is_nearest(np.nextafter(values[place], 9), exact)


@pytest.mark.parametrize("basis", ["real", "complex"])
@pytest.mark.parametrize(
    ("lmax", "out"), [(0, 0), (1, 1), (7, 0), (7, 1), (4, 8), (7, 9), (12, 12), (10, 20)]
)
def test_the_plain_loops_are_the_compiled_ones(lmax: int, out: int, basis: Any) -> None:
    table = rt.gaunt_table(lmax, out, basis)
    plain = np.empty_like(table.integers)
    fill_gaunt_plain(table._plan, module._binomials(2 * max(lmax, out)), plain)
    np.testing.assert_array_equal(plain, table.integers)


@pytest.mark.parametrize("form", ["float64", "float32"])
def test_doubtful_roundings_go_through_exact_values(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    table = rt.gaunt_table(4)
    right = table.values(form)
    out, slack = np.empty_like(right), 2.0**-54 if form == "float64" else 2.0**-25
    assert not table._rounded(out, module._SLACK)
    doubtful = table._rounded(out, slack)
    assert len(doubtful) > len(table.ls) // 2
    assert (out != right).any()
    monkeypatch.setattr(module, "_SLACK", slack)
    np.testing.assert_array_equal(table.values(form), right)


def test_one_word_is_proven_where_it_is_used() -> None:
    """The bound of docs/proofs/pascal.md, over every table that the first two rules admit at their edges."""
    for top, out in ((27, 27), (16, 32), (20, 24), (24, 16)):
        assert 3 * module._largest_bound(top, out) < 2**63
    assert 3 * module._largest_bound(28, 28) > 2**63
    table = rt.gaunt_table(17, 31)  # l1+l2+l3 to 65: proven by the bound
    assert table.block(17, 17, 30) == rt.gaunt_array(17, 17, 30, basis="real")
    for lmax, lmax_out in ((28, 28), (18, None), (10**9, None), (2**31, 3), (10**400, None)):
        with pytest.raises(TooLarge, match="gaunt_array"):
            rt.gaunt_table(lmax, lmax_out)


def test_impossible_arguments() -> None:
    for value in [1.3, True, "x", None, *HALVES, *NEGATIVES, *UNREADABLE]:
        with pytest.raises(LabelError, match="lmax"):
            rt.gaunt_table(value)
        if value is not None:
            with pytest.raises(LabelError, match="lmax_out"):
                rt.gaunt_table(2, value)
    with pytest.raises(LabelError, match="basis"):
        rt.gaunt_table(2, basis="cubic")  # type: ignore[arg-type]
    table = rt.gaunt_table(2, 3)
    with pytest.raises(LabelError, match="l3: got 4; this table reaches 3"):
        table.block(2, 2, 4)
    with pytest.raises(LabelError, match="m2"):
        table[1, 1, 2, 0, 2, 0]
    with pytest.raises(LabelError, match="write table"):
        table[1, 1]  # type: ignore[index]
    with pytest.raises(OperandError, match="dtype"):
        table.values("int8")


def test_nothing_can_be_written_to() -> None:
    table = rt.gaunt_table(2)
    for array in (table.integers, table.ls, table.starts):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)
    with pytest.raises(AttributeError, match="immutable"):
        table.integers = None  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="immutable"):
        del table.ls
    for again in (pickle.loads(pickle.dumps(table)), copy.deepcopy(table)):
        assert again == table and hash(again) == hash(table)  # noqa: PT018
        np.testing.assert_array_equal(again.integers, table.integers)
    assert table != rt.gaunt_table(2, basis="complex") and table.convention is rt.REAL  # noqa: PT018


SCRIPT = """
import hashlib, sys
import reptheory as rt
for basis in ("real", "complex"):
    table = rt.gaunt_table(4, 5, basis)
    for array in (table.integers, table.values(), table.values("float32")):
        print(hashlib.sha256(array.tobytes()).hexdigest())
print("numba" in sys.modules)
"""


def test_a_small_table_needs_no_compiler_and_is_the_same() -> None:
    outputs = []
    for prefix, switched_off in (
        ("", "0"),
        ("import reptheory.kernels.gaunt", "0"),
        ("import reptheory.kernels.gaunt", "1"),
    ):
        run = subprocess.run(
            [sys.executable, "-c", f"{prefix}\n{SCRIPT}"],
            capture_output=True, text=True, check=True, env={**os.environ, "NUMBA_DISABLE_JIT": switched_off},
        )  # fmt: skip
        outputs.append(run.stdout.split())
    assert [output[-1] for output in outputs] == ["False", "True", "True"]
    assert outputs[0][:-1] == outputs[1][:-1] == outputs[2][:-1]


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize(("top", "out"), [(0, 0), (3, 0), (2, 4), (5, 3), (4, 8), (9, 9)])
def test_the_compiled_layout_is_the_plain_one(top: int, out: int, real: bool) -> None:
    for ours, plain in zip(kernel.lay_out(top, out, real), lay_out_plain(top, out, real), strict=True):
        assert ours.dtype == plain.dtype == np.int64
        assert ours.flags.c_contiguous
        assert np.array_equal(ours, plain)
