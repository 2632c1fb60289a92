"""Loading: shipped, then cached, then built; damage is repaired, and a useless cache costs time only."""

import os
import tempfile
import warnings
from dataclasses import replace

import numpy as np
import pytest
from privilege import unprivileged

from reptheory.build import library
from reptheory.build.library import build_table, load_table
from reptheory.build.rows import limbs
from reptheory.errors import LabelError, StoreError, TooLarge
from reptheory.tables import store
from reptheory.tables.kinds import table_key
from reptheory.tables.table import read_table

KEY = table_key("gaunt", 1)


@pytest.fixture(autouse=True)
def _reading_pays(monkeypatch):
    """Keep and read even the smallest tables, so that these tests take no time."""
    monkeypatch.setattr(library, "reading_pays", lambda _: True)


@pytest.fixture
def builds(monkeypatch):
    """Count the tables that are built."""
    built = []
    original = library.build_key

    def counting(key, *others, **options):
        built.append(key)
        return original(key, *others, **options)

    monkeypatch.setattr(library, "build_key", counting)
    return built


def forget():
    library._RECENT.clear()


def test_built_once_then_read(cache, builds):
    first = load_table("gaunt", 1)
    assert load_table("gaunt", 1) is first
    forget()
    assert load_table("gaunt", 1) == first
    assert builds == [KEY]
    assert read_table(cache / KEY.file_name, KEY) == first == build_table("gaunt", 1)


def test_shipped_tables_are_not_built(cache, builds):
    load_table("gaunt", 6)
    assert not builds
    assert not cache.exists()


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "swap"])
def test_a_damaged_cache_is_repaired_with_a_warning(cache, builds, damage):
    good = load_table("gaunt", 1)
    path = cache / KEY.file_name
    data = bytearray(path.read_bytes())
    if damage == "truncate":
        del data[-1:]
    elif damage == "flip":
        data[len(data) // 2] ^= 4
    elif damage == "empty":
        data.clear()
    else:
        data = bytearray(build_table("gaunt", 2).save(cache / "other.npz").read_bytes())
    path.write_bytes(data)
    forget()
    with pytest.warns(RuntimeWarning, match="building it afresh"):
        assert load_table("gaunt", 1) == good
    assert read_table(path, KEY) == good
    assert builds[-1] == KEY
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_table("gaunt", 1) == good


def test_tables_of_another_version_are_rebuilt_without_a_word(cache, builds, monkeypatch):
    path = cache / KEY.file_name
    old = replace(build_table("gaunt", 1), generator=7)
    store.store(old)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_table("gaunt", 1).generator != 7
        assert builds == [KEY, KEY]
        assert read_table(path, KEY) == build_table("gaunt", 1)
        monkeypatch.setattr("reptheory.tables.format.FORMAT_VERSION", 99)
        store.store(build_table("gaunt", 1))
        monkeypatch.undo()
        monkeypatch.setenv("REPTHEORY_CACHE", str(cache))
        monkeypatch.setattr(library, "reading_pays", lambda _: True)
        forget()
        assert load_table("gaunt", 1) == build_table("gaunt", 1)
    assert read_table(path, KEY) == build_table("gaunt", 1)


def test_a_damaged_shipped_set_is_replaced_by_building(tmp_path, monkeypatch, builds):
    (tmp_path / "shipped").mkdir()
    store.write_set(tmp_path / "shipped", [build_table("gaunt", 1)])
    monkeypatch.setattr(store, "shipped_folder", lambda: tmp_path / "shipped")
    path = tmp_path / "shipped" / KEY.file_name
    path.write_bytes(path.read_bytes()[:-1])
    builds.clear()
    with pytest.warns(RuntimeWarning, match="SHA-256 differs"):
        load_table("gaunt", 1)
    assert builds == [KEY]


@pytest.mark.parametrize("where", ["under a file", "nowhere", "a directory in the way"])
def test_a_cache_that_cannot_be_used_costs_time_only(cache, builds, where, tmp_path, monkeypatch):
    if where == "under a file":
        (tmp_path / "file").write_bytes(b"")
        monkeypatch.setenv("REPTHEORY_CACHE", str(tmp_path / "file" / "x"))
    elif where == "nowhere":
        monkeypatch.setattr(store, "cache_folder", lambda: None)
    else:
        (cache / KEY.file_name).mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            forget()
            assert load_table("gaunt", 1) == build_table("gaunt", 1)


def test_a_read_only_cache_costs_time_only(monkeypatch):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o555)
        monkeypatch.setenv("REPTHEORY_CACHE", name)
        with unprivileged():
            with pytest.raises(StoreError, match="permission denied"):
                store.store(build_table("gaunt", 1))
            assert load_table("gaunt", 1) == build_table("gaunt", 1)
        assert not os.listdir(name)


def test_a_full_disk_costs_time_only(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("reptheory.tables.files.os.fsync", full)
        table = load_table("gaunt", 1)
    assert table == build_table("gaunt", 1)
    assert not [name for name in os.listdir(cache) if name.endswith((".npz", ".tmp"))]


def test_the_cached_object_cannot_be_written_into():
    table = load_table("gaunt", 1)
    with pytest.raises(ValueError, match="read-only"):
        table.values()[0] = 7.0
    assert load_table("gaunt", 1).values()[0] != 7.0


def test_labels_are_checked_first(builds):
    for arguments in (("gaunt", -1), ("gaunt", 0.5), ("nothing", 1)):
        with pytest.raises(LabelError):
            load_table(*arguments)
    assert not builds


def test_running_out_of_memory_is_said(monkeypatch):
    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr(library, "build_pieces", exhausted)
    with pytest.raises(TooLarge, match="ran out of memory"):
        build_table("gaunt", 1)


def test_limbs():
    values = [0, 1, 2**64, 2**130 - 1, 5 << 64]
    packed = limbs(values)
    assert packed.shape == (5, 3)
    assert packed.dtype == np.uint64
    assert [sum(int(limb) << 64 * k for k, limb in enumerate(row)) for row in packed] == values
    assert limbs([]).shape == (0, 1)


@pytest.mark.parametrize(
    ("kind", "labels", "name"),
    [
        ("gaunt", (1, 1, 2, 0, 0, 3), "m3"),
        ("gaunt", (-1, 1, 2, 0, 0, 0), "l1"),
        ("wigner_3j", (0.5, 0.5, 1, 0, 0, 0), "m1"),
        ("wigner_3j", (1, 1, 1, 2, -2, 0), "m1"),
        ("wigner_3j", (-0.5, 0.5, 1, 0, 0, 0), "j1"),
        ("wigner_d_pi_half", (1, 2, 0), "m_left"),
        ("wigner_d_pi_half", (0.5, 0, 0), "m_left"),
        ("theta_fourier", (1, 2, 1), "m"),
        ("fourier_from_harmonics", (1, -2, 1, 1), "m"),
    ],
)
def test_lookup_refuses_labels_that_no_value_has(kind, labels, name):
    with pytest.raises(LabelError, match=f"^{name}: got "):
        build_table(kind, 2).lookup(*labels)
