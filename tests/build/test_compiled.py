"""Compiled loops give the bytes of Python's integers, and small tables do not pay for their start."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from table_keys import every_key

from reptheory.build import compiled, factored
from reptheory.build.compiled import compiled_squares, worth_compiling
from reptheory.build.library import build_key
from reptheory.build.pieces import _blocks
from reptheory.build.recipes import block_of
from reptheory.build.rows import Rows
from reptheory.tables.kinds import table_key

ROOT = Path(__file__).parents[2]


def written(key):
    stream = io.BytesIO()
    build_key(key).write(stream)
    return stream.getvalue()


@pytest.fixture
def always(monkeypatch):
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setattr(compiled, "WORTH_COMPILING", -1)
    return monkeypatch


@pytest.mark.parametrize("key", every_key(3), ids=str)
def test_the_bytes_of_every_kind(key, always):
    found = written(key)
    always.setenv("NUMBA_DISABLE_JIT", "1")
    assert not worth_compiling(key)
    assert found == written(key)


LARGE = [
    ("wigner_3j", 9, {}), ("clebsch_gordan", 12, {"basis": "complex"}), ("clebsch_gordan", 12, {}),
    ("real_wigner_3j", 11, {}), ("gaunt", 12, {}), ("gaunt", 12, {"basis": "complex"}),
    ("clebsch_gordan", 18, {"lmax_out": 5}), ("gaunt", 21, {"lmax_out": 21}), ("wigner_6j", 6, {}),
    ("racah", 5, {}), ("spin_clebsch_gordan", 8, {}),
    ("wigner_d_pi_half", 40, {}), ("fourier_from_harmonics", 30, {}),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lmax", "options"), LARGE, ids=str)
def test_the_bytes_of_large_tables(kind, lmax, options, always):
    key = table_key(kind, lmax, **options)
    found = written(key)
    always.setenv("NUMBA_DISABLE_JIT", "1")
    assert found == written(key)


WIDE = [
    ("clebsch_gordan", "real", (22, 21, 43)), ("clebsch_gordan", "complex", (24, 24, 48)),
    ("gaunt", "real", (20, 20, 40)), ("gaunt", "complex", (22, 20, 38)),
    ("wigner_3j", "complex", (40, 39, 79)), ("wigner_6j", "complex", (30, 30, 32)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "basis", "labels"), WIDE, ids=str)
def test_integers_of_two_words(kind, basis, labels, always):
    key = table_key(kind, 24, basis=basis) if kind != "wigner_6j" else table_key(kind, 16)
    found, rows = compiled_squares(key, [labels], 8000), Rows()
    rows.append(block_of(key, labels))
    expected = rows.packed(6)
    assert len(expected.sign) > 1000
    for name in ("index", "sign", "numerator", "denominator"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize(
    ("key", "name"),
    [(table_key("clebsch_gordan", 20), "fits_word"), (table_key("wigner_6j", 2), "TWO_WORDS")],
)
def test_integers_of_three_words_are_left_to_python(key, name, always):
    always.setattr(factored, name, (lambda *_, **__: False) if name == "fits_word" else 1)
    assert compiled_squares(key, _blocks(key)[-2:], 10_000) is None


def test_long_squares_are_left_to_python(always):
    key, blocks = table_key("gaunt", 14, basis="complex"), [(14, 14, 26)]
    found = compiled_squares(key, blocks, 2_000)
    assert found is not None
    assert found.denominator.shape[1] == 2
    always.setattr(compiled, "_LIMBS", 1)
    assert compiled_squares(key, blocks, 2_000) is None


def test_what_is_worth_compiling(monkeypatch):
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    small, large = table_key("gaunt", 2), table_key("gaunt", 16)
    assert worth_compiling(large)
    monkeypatch.setattr(compiled, "_KERNELS", "no.kernels.")  # as if nothing had been loaded
    assert not worth_compiling(small)
    assert worth_compiling(large)
    monkeypatch.setattr(compiled, "available_memory", lambda: 1 << 20)
    assert not worth_compiling(large)


def test_small_tables_load_no_loops():
    program = (
        "import sys; from reptheory.build.library import build_table\n"
        "build_table('gaunt', 5); print('numba' in sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
