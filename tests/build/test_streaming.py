"""Tables streamed to files: the same bytes as from memory, in little memory, resumed, over executors."""

import os
import subprocess
import sys
import tracemalloc
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from table_keys import every_key

from reptheory.build import parallel, pieces, streaming
from reptheory.build.compare import compare_tables
from reptheory.build.export import FORMATS, export_table
from reptheory.build.exporters import dense
from reptheory.build.exporters.dense import DENSE_FORMATS
from reptheory.build.library import build_key, build_table
from reptheory.build.pieces import cut
from reptheory.build.streaming import fits_in_memory, stream_key
from reptheory.errors import StoreError, TooLarge
from reptheory.tables.kinds import table_key
from reptheory.tables.reader import open_table
from reptheory.tables.spool import Spool
from reptheory.tables.table import read_table

ROOT = Path(__file__).parents[2]
KEY = table_key("wigner_3j", 3)


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 100)
    assert len(cut(KEY)) > 20


@pytest.mark.parametrize("key", every_key(2), ids=str)
def test_the_same_bytes_for_every_kind(key, small_pieces, tmp_path):
    path, header = stream_key(key, tmp_path / "streamed.npz")
    assert path.read_bytes() == build_key(key).save(tmp_path / "whole.npz").read_bytes()
    assert header.key == key
    assert sorted(os.listdir(tmp_path)) == ["cache", "streamed.npz", "whole.npz"] or header.rows < 100


def test_the_same_bytes_over_an_executor(small_pieces, tmp_path):
    with ThreadPoolExecutor(3) as executor:
        path, _ = stream_key(KEY, tmp_path / "streamed.npz", executor=executor)
    assert read_table(path) == build_key(KEY)


class Losing(ThreadPoolExecutor):
    """Loses every third piece, then breaks."""

    sent = 0

    def submit(self, work, *arguments):
        self.sent += 1
        if self.sent > 12:
            raise BrokenExecutor("gone")
        if self.sent % 3 == 0:
            return super().submit(int, "lost")
        return super().submit(work, *arguments)


def test_an_executor_that_dies_costs_time_only(small_pieces, tmp_path):
    with Losing(2) as executor, pytest.warns(RuntimeWarning, match="lost piece") as warned:
        path, _ = stream_key(KEY, tmp_path / "streamed.npz", executor=executor)
    assert len(warned) == 4
    assert read_table(path) == build_key(KEY)


def test_an_interrupted_build_goes_on(small_pieces, tmp_path, monkeypatch):
    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    path = tmp_path / "streamed.npz"
    with pytest.raises(KeyboardInterrupt):
        stream_key(KEY, path, interrupt)
    assert not path.exists()
    assert os.listdir(tmp_path) == ["cache"]
    proven, prove = [], parallel.prove

    def counting(piece, progress=None):
        proven.append(piece.number)
        return prove(piece, progress)

    monkeypatch.setattr(parallel, "prove", counting)
    stream_key(KEY, path)
    assert 0 < len(proven) <= len(cut(KEY)) // 2 + 1
    assert read_table(path) == build_key(KEY)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "parquet"])
def test_exports_of_a_file_are_those_of_its_table(form, tmp_path):
    table = build_table("gaunt", 2)
    with open_table(table.save(tmp_path / "x.npz")) as file:
        found = export_table(file, tmp_path / "found", form).read_bytes()
    assert found == export_table(table, tmp_path / "expected", form).read_bytes()


@pytest.mark.parametrize("kind", ["gaunt", "generators", "wigner_6j"])
def test_dense_exports_of_a_file_are_those_of_its_table(kind, tmp_path, monkeypatch):
    table = build_table(kind, 2)
    monkeypatch.setattr(dense, "PART_ROWS", 3)
    with open_table(table.save(tmp_path / "x.npz")) as file:
        for form in DENSE_FORMATS if table.i_power is None else ("npz",):
            found = export_table(file, tmp_path / "found", form, dense="float32").read_bytes()
            assert found == export_table(table, tmp_path / "expected", form, dense="float32").read_bytes()


def test_dense_exports_and_comparisons_take_little_memory(tmp_path):
    large, small = (build_table("gaunt", lmax).save(tmp_path / f"{lmax}.npz") for lmax in (10, 9))
    assert large.stat().st_size > 6 << 20
    with open_table(large) as file, open_table(small) as other:
        tracemalloc.start()
        for form in DENSE_FORMATS:
            export_table(file, tmp_path / "out", form, dense="float64")
        (*_, line) = compare_tables(file, other).lines
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert line.startswith("rows only in the first: 46907 of 122442; ")
    assert most < 6 << 20


def test_exports_take_little_memory(tmp_path):
    part = next(build_table("gaunt", 6).parts())
    arrays = (part.float64, part.float32, part.sign, part.numerator, part.denominator)
    path = tmp_path / "x.npz"
    with Spool(table_key("gaunt", 6), tmp_path) as spool, open(path, "wb") as stream:
        for _ in range(40):  # not a true table, but a large one
            spool.append(part.index, *arrays, part.sign * 0)
        spool.write(stream, spool.header(6, 1))
    assert path.stat().st_size > 20 << 20
    for form in ("npz", "safetensors"):
        tracemalloc.start()
        with open_table(path) as file:
            export_table(file, tmp_path / "out", form)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 4 << 20


LIMITED = """
import resource, sys
from reptheory.build import pieces
from reptheory.cli import main
import reptheory.build.streaming
import reptheory.build.library
pieces.PIECE_ROWS = 2000
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + (32 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
main(["build", "wigner_3j", "--lmax", "6", "--output", sys.argv[1]])
"""


def test_a_table_beyond_the_memory_limit_is_streamed_by_itself(tmp_path):
    path = tmp_path / "x.npz"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], env=environment, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "floats proven" in done.stdout
    assert read_table(path) == build_table("wigner_3j", 6)


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(TooLarge, match="B of memory"):
        stream_key(table_key("gaunt", 10_000), tmp_path / "x.npz")
    with pytest.raises(StoreError, match="no folder"):
        stream_key(KEY, tmp_path / "absent" / "x.npz")
    key = table_key("clebsch_gordan", 60)
    assert not fits_in_memory(key)
    assert fits_in_memory(KEY)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 30}))
    with pytest.raises(StoreError, match="free on that disk"):
        stream_key(key, tmp_path / "x.npz")


def test_a_full_disk_is_one_line(small_pieces, tmp_path, monkeypatch):
    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(streaming.Spool, "append", full)
    with pytest.raises(StoreError, match="No space left") as caught:
        stream_key(KEY, tmp_path / "x.npz")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x.npz").exists()
