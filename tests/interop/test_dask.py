"""Dask: a real cluster of processes gives the same bytes, and loses nothing with its workers."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from table_keys import every_key

from reptheory.build import pieces
from reptheory.build.library import build_key, build_table
from reptheory.cli import main
from reptheory.errors import OperandError, WorkerLost
from reptheory.interop.dask_cluster import dask_executor
from reptheory.tables.kinds import table_key
from reptheory.tables.table import read_table

distributed = pytest.importorskip("distributed")
ROOT = Path(__file__).parents[2]
# Dask's own business: sockets and loops that its threads close a moment after the test.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
]


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers, each a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment["PYTHONPATH"])
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
        ) as cluster:
            yield cluster


def test_every_kind_gives_the_same_bytes(cluster, monkeypatch):
    keys = every_key(2)
    expected = [build_key(key) for key in keys]
    monkeypatch.setattr(pieces, "PIECE_ROWS", 60)
    with dask_executor(cluster.scheduler_address) as executor:
        assert [build_key(key, executor=executor) for key in keys] == expected


def test_a_lost_worker_loses_nothing(cluster, monkeypatch):
    key = table_key("clebsch_gordan", 7)
    expected = build_key(key)
    monkeypatch.setattr(pieces, "PIECE_ROWS", 2000)
    killed = []

    def kill():
        for worker in cluster.workers.values():
            killed.append(worker.process.pid)
            os.kill(killed[-1], signal.SIGKILL)
            return

    begun = threading.Event()

    def progress(done, total):
        if not begun.is_set():
            begun.set()
            kill()

    with dask_executor(cluster.scheduler_address) as executor:
        assert build_key(key, progress, executor) == expected
    assert killed


def test_the_command_builds_on_a_cluster(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPTHEORY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pieces, "PIECE_ROWS", 500)
    arguments = ["build", "gaunt", "--lmax", "4", "--scheduler", cluster.scheduler_address, "-o", "out.npz"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert read_table(tmp_path / "out.npz") == build_table("gaunt", 4)


def test_a_local_cluster(tmp_path):
    command = [sys.executable, "-m", "reptheory", "build", "gaunt", "--lmax", "5", "-o", "out.npz"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REPTHEORY_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*command, "--scheduler", "local", "--workers", "2"],
        cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert read_table(tmp_path / "out.npz") == build_table("gaunt", 5)


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr("reptheory.interop.dask_cluster._CONNECT_SECONDS", 0.5)
    begin = time.monotonic()
    for address in ("tcp://127.0.0.1:1", "nonsense://x", ""):
        with pytest.raises(WorkerLost, match=r"^scheduler: got") as caught, dask_executor(address):
            pass
        assert "\n" not in str(caught.value)
    assert time.monotonic() - begin < 30


def test_without_dask_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(OperandError, match=r"pip install 'reptheory\[dask\]'"), dask_executor("local"):
        pass
