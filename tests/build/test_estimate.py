"""Estimates: bounds where they promise to be, answered at once, and refused with the figure."""

import os
import shutil
from collections import namedtuple

import pytest
from table_keys import every_key

from reptheory.build import estimate as module
from reptheory.build import library, size
from reptheory.build.estimate import estimate, estimate_table, reading_pays
from reptheory.build.factored import FACTORED
from reptheory.build.library import build_key, load_table, write_key
from reptheory.errors import LabelError, StoreError, TooLarge
from reptheory.tables.kinds import KINDS, table_key

CLOSE = [key for key in every_key(6) if "lmax_out" in dict(key.parameters)]


@pytest.mark.parametrize("key", CLOSE, ids=str)
def test_rows_and_bytes_are_bounds_and_near(key, tmp_path):
    table = build_key(key)
    guess = estimate(key)
    assert len(table) <= guess.rows <= 1.6 * len(table)
    nbytes = table.save(tmp_path / "table").stat().st_size
    assert nbytes <= guess.nbytes + 4096
    assert guess.nbytes <= 2 * nbytes + 4096
    assert guess.memory() > table.nbytes
    assert guess.memory(2) >= guess.memory(1)
    assert guess.seconds > 0


def test_estimates_grow():
    guesses = [estimate(table_key("gaunt", lmax)) for lmax in (4, 8, 12, 16)]
    for name in ("rows", "nbytes", "seconds", "pieces"):
        values = [getattr(guess, name) for guess in guesses]
        assert values == sorted(values)
    assert guesses[-1].memory(2) > guesses[-1].memory(1)


def test_an_estimate_reads_well():
    text = str(estimate_table("gaunt", 14))
    assert "rows" in text
    assert "of memory" in text
    assert "one core" in text
    with pytest.raises(LabelError, match="lmax"):
        estimate_table("gaunt", -1)
    with pytest.raises(TooLarge, match="B of memory"):
        estimate_table("gaunt", 10**30)


def test_memory_is_that_of_the_parts_in_work(monkeypatch):
    # The whole of it as Python integers would be twenty times as much.
    key = table_key("clebsch_gordan", 16)
    guess = estimate(key)
    assert guess.memory() < size.most_bytes(key) / 2
    monkeypatch.setattr(size, "available_memory", lambda: guess.memory(3))
    assert module.require_memory(guess, 8) == 3
    assert module.require_memory(guess, 2) == 2
    monkeypatch.setattr(size, "available_memory", lambda: guess.memory() - 1)
    with pytest.raises(TooLarge, match=r"need .*B of memory, but .*B are free"):
        build_key(key)


def test_a_disk_that_is_too_small_is_refused_before_the_work(tmp_path, monkeypatch):
    key = table_key("gaunt", 4)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(9, 9, estimate(key).nbytes - 1))
    monkeypatch.setattr(library, "build_key", None)
    with pytest.raises(StoreError, match=r"needs about .*B, but .*B are free on that disk") as caught:
        write_key(key, tmp_path / "out.npz")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["absent/out.npz", "", "folder", "pipe", "x" * 300, "nul\0"])
def test_a_path_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch, name):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(library, "build_key", None)
    with pytest.raises(StoreError):
        write_key(table_key("gaunt", 2), tmp_path / name)


def test_what_is_built_faster_than_read_is_built(cache, monkeypatch):
    monkeypatch.setattr(library, "reading_pays", lambda _: False)
    monkeypatch.setattr(library, "read_shipped", None)
    monkeypatch.setattr(library, "read_cached", None)
    assert load_table("gaunt", 6) == build_key(table_key("gaunt", 6))
    assert not cache.exists()


def test_every_kind_has_been_measured():
    assert set(module._COSTS) == set(KINDS)
    assert {name for name, cost in module._COSTS.items() if cost.compiled} == set(FACTORED)


@pytest.mark.parametrize("key", every_key(4), ids=str)
def test_what_is_read_is_estimated_to_take_longer_to_build(key):
    guess = estimate(key)
    reading = module.READ_FIXED + module.READ_BYTE * guess.nbytes
    assert reading_pays(key) == (guess.seconds > module.PAYS * reading)


def test_compiled_loops_are_counted_where_they_are_loaded():
    small, large = table_key("gaunt", 10), table_key("gaunt", 16)
    cost = module._COSTS["gaunt"]
    assert size.most_rows(small) < module.WORTH_COMPILING < size.most_rows(large)
    assert estimate(small).seconds > cost.row * estimate(small).rows
    assert estimate(large).seconds == module.LOADING + cost.compiled * estimate(large).rows


def test_reading_pays_from_some_size_on():
    for key in every_key(0):
        if "lmax" in dict(key.parameters):
            options = dict(key.parameters)
            for name in ("lmax", "lmax_out", "band_limit"):
                options.pop(name, None)
            pays = [reading_pays(table_key(key.kind, lmax, **options)) for lmax in range(30)]
            assert pays == sorted(pays)
            assert pays[-1]
    assert not all(reading_pays(key) for key in every_key(0))
    assert reading_pays(table_key("gaunt", 10**30))
