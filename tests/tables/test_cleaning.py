"""The cache: what is in it is said, what is ours is removed, what is not stays."""

import os
import tempfile
from pathlib import Path

import pytest
from privilege import unprivileged

from reptheory.errors import StoreError
from reptheory.tables import store
from reptheory.tables.cleaning import cache_entries, clear_cache
from reptheory.tables.kinds import table_key

OTHERS = ("notes.txt", "gaunt.npz", "table.npz.lock", ".hidden", "pieces.npz")


@pytest.fixture
def cache(table, tmp_path, monkeypatch):
    """A cache with a table, an unfinished build, a temporary, a lock, and things of others."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("REPTHEORY_CACHE", str(folder))
    store.store(table)
    pieces = store.pieces_folder(table_key("gaunt", 3))
    pieces.mkdir(parents=True)
    for name in ("1-of-3.npz", "2-of-3.npz", ".reptheory-12.tmp"):
        (pieces / name).write_bytes(b"12345")
    (folder / ".reptheory-ab.tmp").write_bytes(b"123")
    (folder / ".gaunt-real-lmax9-out18.npz.lock").touch()
    return folder


def test_entries(cache, table):
    entries = cache_entries()
    assert [entry.sort for entry in entries] == ["table", "lock", "temporary", "pieces"]
    assert entries[0].path == store.cached_path(table.key)
    assert entries[0].nbytes == entries[0].path.stat().st_size
    assert (entries[2].nbytes, entries[3].nbytes, entries[3].files) == (3, 15, 3)


def test_clearing_leaves_nothing(cache):
    expected = sum(entry.nbytes for entry in cache_entries())
    assert clear_cache() == (5, expected)
    assert not cache.exists()
    assert cache_entries() == ()
    assert clear_cache() == (0, 0)


def test_clearing_the_unfinished_leaves_tables(cache, table):
    assert clear_cache(unfinished=True) == (4, 18)
    assert os.listdir(cache) == [table.key.file_name]
    assert store.read_cached(table.key) == table


def test_what_is_not_ours_stays(cache, tmp_path):
    for name in OTHERS:
        (cache / name).write_bytes(b"mine")
        (cache / "pieces" / name).write_bytes(b"mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1-of-3.npz").write_bytes(b"mine")
    (cache / "gaunt-real-lmax7-out14.npz").symlink_to(tmp_path / "elsewhere" / "1-of-3.npz")
    (cache / "pieces" / "gaunt-real-lmax7-out14").symlink_to(tmp_path / "elsewhere")
    (cache / "pieces" / "gaunt-real-lmax3-out6" / "notes.txt").write_bytes(b"mine")
    with pytest.raises(StoreError, match="not empty"):
        clear_cache()
    os.unlink(cache / "pieces" / "gaunt-real-lmax3-out6" / "notes.txt")
    clear_cache()
    assert sorted(os.listdir(cache)) == sorted([*OTHERS, "pieces", "gaunt-real-lmax7-out14.npz"])
    assert sorted(os.listdir(cache / "pieces")) == sorted([*OTHERS, "gaunt-real-lmax7-out14"])
    assert os.listdir(tmp_path / "elsewhere") == ["1-of-3.npz"]


def test_a_held_lock_stays(cache):
    key = table_key("gaunt", 3)
    with store.locked(key) as held:
        assert held
        clear_cache()
        assert os.listdir(cache) == [store.lock_path(store.cached_path(key)).name]
    assert os.listdir(cache) == []


def test_locks_of_the_dead_go_with_the_next_holder(cache):
    assert (cache / ".gaunt-real-lmax9-out18.npz.lock").exists()
    with store.locked(table_key("gaunt", 3)), store.locked(table_key("gaunt", 4)):
        locks = [name for name in os.listdir(cache) if store.is_lock(name)]
        assert len(locks) == 2  # those that are held
    assert not [name for name in os.listdir(cache) if store.is_lock(name)]


def test_a_lock_goes_with_its_holder(cache):
    clear_cache()
    with store.locked(table_key("gaunt", 3)) as held:
        assert held
        assert len(os.listdir(cache)) == 1
    assert os.listdir(cache) == []


def test_a_cache_without_permission_is_said(table, monkeypatch):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "cache"
        folder.mkdir()
        table.save(folder / table.key.file_name)
        os.chmod(name, 0o755)
        os.chmod(folder, 0o555)
        monkeypatch.setenv("REPTHEORY_CACHE", str(folder))
        with unprivileged():
            assert len(cache_entries()) == 1
            assert store.read_cached(table.key) == table  # read-only is enough for reading
            with pytest.raises(StoreError, match="cannot be removed"):
                clear_cache()
        os.chmod(folder, 0)
        with unprivileged(), pytest.raises(StoreError, match="cannot be listed"):
            cache_entries()
        os.chmod(folder, 0o755)


@pytest.mark.parametrize("place", ["file", "nowhere", "absent"])
def test_without_a_folder_there_is_nothing(tmp_path, monkeypatch, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("REPTHEORY_CACHE", str(tmp_path / place))
    if place == "nowhere":
        monkeypatch.setattr("reptheory.tables.cleaning.cache_folder", lambda: None)
    if place == "file":
        with pytest.raises(StoreError, match="cannot be listed"):
            cache_entries()
    else:
        assert cache_entries() == ()
        assert clear_cache() == (0, 0)


def test_the_cache_moves(cache, table, tmp_path, monkeypatch):
    os.rename(cache, tmp_path / "moved")
    assert store.read_cached(table.key) is None
    monkeypatch.setenv("REPTHEORY_CACHE", str(tmp_path / "moved"))
    assert store.read_cached(table.key) == table
