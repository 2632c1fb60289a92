"""Resuming: proven pieces are used again, damaged ones are not, and a finished build leaves none."""

import os
import shutil
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from privilege import unprivileged

from reptheory.build import library, parallel, pieces
from reptheory.build.library import build_key, build_table, load_table, write_key
from reptheory.build.pieces import cut
from reptheory.errors import StoreError
from reptheory.tables.kinds import table_key
from reptheory.tables.table import read_table

KEY = table_key("gaunt", 3)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 100)
    monkeypatch.setattr(library, "reading_pays", lambda _: True)


@pytest.fixture
def proven(monkeypatch):
    """Count the pieces that are proven, and stop after as many as the list's attribute says."""

    class Proven(list):
        most = 1 << 40

    seen, original = Proven(), parallel.prove

    def counting(piece, progress=None):
        if len(seen) >= seen.most:
            raise KeyboardInterrupt
        seen.append(piece.number)
        return original(piece, progress)

    monkeypatch.setattr(parallel, "prove", counting)
    return seen


@pytest.fixture
def interrupted(cache, proven):
    """A build of which five pieces were proven."""
    proven.most = 5
    with pytest.raises(KeyboardInterrupt):
        load_table("gaunt", 3)
    assert proven == [0, 1, 2, 3, 4]
    proven.clear()
    proven.most = 1 << 40
    return cache / "pieces" / "gaunt-real-lmax3-out6"


def test_a_build_goes_on_where_it_was(cache, proven, interrupted):
    assert len(os.listdir(interrupted)) == 5
    table = load_table("gaunt", 3)
    assert proven == list(range(5, len(cut(KEY))))
    assert table == build_table("gaunt", 3)
    assert read_table(cache / KEY.file_name, KEY) == table
    assert os.listdir(cache) == [KEY.file_name]  # no pieces, no lock


def test_the_command_goes_on_where_load_table_was(cache, proven, interrupted, tmp_path):
    seen = []
    path, table = write_key(KEY, tmp_path / "out.npz", lambda done, total: seen.append(done / total))
    assert proven == list(range(5, len(cut(KEY))))
    assert seen[0] > 0
    assert read_table(path, KEY) == table
    assert os.listdir(cache) == []


def test_what_workers_proved_is_kept_too(cache, proven):
    def progress(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        build_key(KEY, progress, executor, keep=True)
    kept = {path.name for path in cache.rglob("*-of-*.npz")}
    assert len(kept) > 2
    assert load_table("gaunt", 3) == build_key(KEY)
    assert not kept & {piece.file_name for piece in cut(KEY) if piece.number in proven[: -len(cut(KEY))]}


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "swap", "longer", "folder", "pipe"])
def test_damaged_parts_are_built_again(proven, interrupted, damage):
    path = interrupted / f"2-of-{len(cut(KEY))}.npz"
    data = bytearray(path.read_bytes())
    path.unlink()
    if damage == "truncate":
        path.write_bytes(data[:-1])
    elif damage == "flip":
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
    elif damage == "empty":
        path.touch()
    elif damage == "swap":
        shutil.copy(interrupted / f"3-of-{len(cut(KEY))}.npz", path)
    elif damage == "longer":
        path.write_bytes(data + b"\0")
    elif damage == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_table("gaunt", 3) == build_table("gaunt", 3)
    assert proven[0] == 1
    assert set(range(5, len(cut(KEY)))) <= set(proven)


def test_parts_of_other_rules_are_built_again(proven, interrupted, monkeypatch):
    monkeypatch.setattr(pieces, "GENERATOR_VERSION", pieces.GENERATOR_VERSION + 1)
    load_table("gaunt", 3)
    assert proven == list(range(len(cut(KEY))))


def test_build_table_reads_and_writes_nothing(cache, proven, interrupted):
    before = sorted(os.listdir(interrupted))
    build_table("gaunt", 3)
    assert proven == list(range(len(cut(KEY))))
    assert sorted(os.listdir(interrupted)) == before


def test_small_tables_keep_no_parts(cache, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("REPTHEORY_CACHE", str(cache))
    monkeypatch.setattr(library, "store", None)  # would fail after the build
    with pytest.raises(TypeError):
        load_table("gaunt", 3)
    assert not (cache / "pieces").exists()


def test_what_another_process_proved_meanwhile_is_taken(cache, proven):
    # Whoever waited too long for the lock builds beside its holder, and shares the pieces.
    calls = []

    def progress(done, total):
        if not calls:
            calls.append(1)
            build_key(KEY, keep=True)

    build_key(KEY, progress, keep=True)
    assert len(proven) == len(cut(KEY)) + 1  # the first piece twice


@pytest.mark.parametrize("where", ["read-only", "full", "file in the way", "nowhere"])
def test_where_parts_cannot_be_kept_the_build_goes_on(cache, where, monkeypatch, proven):
    if where == "nowhere":
        monkeypatch.setattr("reptheory.tables.store.cache_folder", lambda: None)
    elif where == "file in the way":
        cache.mkdir()
        (cache / "pieces").touch()
    elif where == "full":
        monkeypatch.setattr("reptheory.build.resume.replace_file", full)
    if where != "read-only":
        assert build_key(KEY, keep=True) == build_key(KEY)
        return
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o555)
        monkeypatch.setenv("REPTHEORY_CACHE", name)
        with unprivileged():
            assert build_key(KEY, keep=True) == build_key(KEY)


def full(*_):
    raise StoreError("no space left on device")
