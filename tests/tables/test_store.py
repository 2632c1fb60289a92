"""The store: found wherever the package lies, shared between processes, and never worse than no store."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import reptheory
from reptheory.errors import StoreError, TableCorrupt, TableMismatch
from reptheory.tables import store
from reptheory.tables.format import canonical, parse_json
from reptheory.tables.kinds import table_key
from reptheory.tables.table import read_table

ROOT = Path(reptheory.__file__).parents[1]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("REPTHEORY_CACHE", str(folder))
    return folder


@pytest.fixture
def shipped(table, tmp_path, monkeypatch):
    """A shipped set of one table."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    store.write_set(folder, [table])
    monkeypatch.setattr(store, "shipped_folder", lambda: folder)
    return folder


def test_store_and_read(table, cache):
    assert store.read_cached(table.key) is None
    path = store.store(table)
    assert path == cache / "theta_fourier-complex-lmax1.npz" == store.cached_path(table.key)
    assert store.read_cached(table.key) == table
    assert cache.stat().st_mode & 0o777 == 0o700


def test_swapped_files_are_refused(table, cache):
    other = table_key("theta_fourier", 2)
    os.rename(store.store(table), cache / other.file_name)
    with pytest.raises(TableMismatch, match="wanted"):
        store.read_cached(other)


def test_no_cache_at_all(table, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("REPTHEORY_CACHE", str(tmp_path / "file" / "cache"))
    assert store.read_cached(table.key) is None
    with pytest.raises(StoreError, match="REPTHEORY_CACHE"):
        store.store(table)
    with store.locked(table.key) as held:
        assert not held
    monkeypatch.setattr(store, "cache_folder", lambda: None)
    assert store.read_cached(table.key) is None
    with pytest.raises(StoreError, match="REPTHEORY_CACHE"):
        store.store(table)
    with store.locked(table.key) as held:
        assert not held


def test_no_home(monkeypatch):
    for name in ("REPTHEORY_CACHE", "HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    folder = store.cache_folder()
    assert folder is None or folder.is_absolute()


def test_locked_is_exclusive_between_threads_and_processes(table, cache):
    program = (
        "import sys; from reptheory.tables.kinds import table_key; from reptheory.tables import store\n"
        "store._LOCK_SECONDS = 0.2\n"
        "with store.locked(table_key('theta_fourier', 1)) as held: print(held)"
    )
    with store.locked(table.key) as held:
        assert held
        assert run(program) == "False\n"
    assert run(program) == "True\n"


def run(program):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, env=environment, text=True, capture_output=True, check=True, timeout=60
    ).stdout


def test_the_lock_of_a_killed_process_is_free(table, cache):
    program = (
        "import time; from reptheory.tables.kinds import table_key; from reptheory.tables import store\n"
        "with store.locked(table_key('theta_fourier', 1)): print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    start = time.monotonic()
    with store.locked(table.key) as held:
        assert held
    assert time.monotonic() - start < 5


def test_a_lock_sweeps_stale_temporaries(table, cache):
    cache.mkdir()
    stale = cache / ".reptheory-0.tmp"
    stale.write_bytes(b"")
    os.utime(stale, (0, 0))
    with store.locked(table.key):
        assert not stale.exists()


def test_shipped_set(table, shipped):
    assert store.read_shipped(table.key) == table
    assert store.read_shipped(table_key("theta_fourier", 2)) is None
    (entry,) = store.read_set(shipped)
    assert entry.command == "reptheory build theta_fourier --lmax 1 --basis complex"
    path = shipped / entry.file
    assert entry.size == path.stat().st_size
    assert entry.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_set_has_one_spelling(table, shipped, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    path = store.write_set(again, [table])
    assert path.read_bytes() == (shipped / store.SET_MANIFEST).read_bytes()


def test_a_shipped_file_that_differs_from_its_set_is_refused(table, shipped):
    path = shipped / table.key.file_name
    replace(table, float64=table.float64 * 2).save(path)
    assert read_table(path) != table  # sound in itself
    with pytest.raises(TableCorrupt, match="SHA-256"):
        store.read_shipped(table.key)
    path.unlink()
    assert store.read_shipped(table.key) is None
    path.mkdir()
    with pytest.raises(StoreError):
        store.read_shipped(table.key)


@pytest.mark.parametrize("name", ["../x.npz", "/etc/passwd", "a\\b.npz", "", "..", "a/b.npz"])
def test_a_set_names_files_beside_it_only(shipped, name):
    rewrite(shipped, lambda manifest: manifest["tables"][0].update(file=name))
    with pytest.raises(TableCorrupt, match="broken"):
        store.read_set(shipped)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda manifest: manifest.update(format="x"), TableCorrupt),
        (lambda manifest: manifest.update(version=2), TableMismatch),
        (lambda manifest: manifest.update(tables=3), TableCorrupt),
        (lambda manifest: manifest["tables"][0].pop("sha256"), TableCorrupt),
        (lambda manifest: manifest["tables"][0].update(bytes="7"), TableCorrupt),
    ],
)
def test_a_broken_set_is_refused(shipped, change, error):
    rewrite(shipped, change)
    with pytest.raises(error):
        store.read_set(shipped)


def rewrite(folder, change):
    path = folder / store.SET_MANIFEST
    manifest = parse_json(path.read_bytes(), "set")
    change(manifest)
    path.write_bytes(canonical(manifest))


def test_a_huge_set_manifest_is_not_read(shipped):
    with open(shipped / store.SET_MANIFEST, "r+b") as stream:
        stream.truncate(1 << 40)  # sparse
    with pytest.raises(TableCorrupt, match="the most is"):
        store.read_set(shipped)


def test_shipped_folder_in_a_checkout_in_a_wheel_and_beside_a_stranger(tmp_path, table):
    # The three layouts that an installer makes; the packaged wheel itself is tried in tests/build.
    program = "from reptheory.tables.store import shipped_folder; print(shipped_folder())"
    ignored = shutil.ignore_patterns("__pycache__", "shipped_tables")
    for layout in ("checkout", "wheel", "stranger"):
        base = tmp_path / layout
        shutil.copytree(ROOT / "reptheory", base / "reptheory", ignore=ignored)
        folder = base / ("reptheory/shipped_tables" if layout == "wheel" else "tables")
        folder.mkdir()
        store.write_set(folder, [table])
        if layout == "checkout":
            (base / "pyproject.toml").write_text("")
        environment = {**os.environ, "PYTHONPATH": str(base)}
        command = [sys.executable, "-B", "-c", program]
        found = subprocess.run(command, env=environment, text=True, capture_output=True, check=True, cwd=base)
        assert found.stdout.strip() == ("None" if layout == "stranger" else str(folder))
