"""Worker processes: results, errors and deaths come back, and nothing outlives its executor."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from reptheory.build import workers
from reptheory.build.workers import WorkerProcesses
from reptheory.errors import LabelError, WorkerLost
from reptheory.tables.kinds import table_key

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pool():
    with WorkerProcesses(2) as pool:
        yield pool


def alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_tasks_run_in_other_processes(pool):
    futures = [pool.submit(pow, 2, k) for k in range(20)]
    assert [future.result(30) for future in futures] == [2**k for k in range(20)]
    assert pool.submit(os.getpid).result(30) != os.getpid()


def test_what_a_task_prints_is_not_an_answer_and_what_it_reads_no_task(pool):
    assert pool.submit(exec, "print('x' * 100_000)").result(30) is None
    assert pool.submit(exec, "import sys; assert sys.stdin.read() == ''").result(30) is None
    assert pool.submit(abs, -3).result(30) == 3


def test_errors_come_back(pool):
    with pytest.raises(LabelError, match="lmax"):
        pool.submit(table_key, "gaunt", -1).result(30)
    with pytest.raises(RuntimeError, match="Secret"):
        pool.submit(exec, "class Secret(Exception): pass\nraise Secret('gone')").result(30)
    assert pool.submit(abs, -3).result(30) == 3


def test_a_worker_that_dies_is_replaced_and_its_task_repeated(pool, tmp_path):
    # The first try leaves a mark and dies, the second finds it and answers.
    program = (
        "import os, pathlib, signal\n"
        f"mark = pathlib.Path({str(tmp_path / 'mark')!r})\n"
        "if not mark.exists():\n"
        "    mark.touch(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    others = [pool.submit(abs, -k) for k in range(4)]
    assert pool.submit(exec, program).result(60) is None
    assert [future.result(30) for future in others] == [0, 1, 2, 3]


def test_a_task_that_kills_every_worker_is_given_up(pool):
    with pytest.raises(WorkerLost, match=r"died 3 times .* -9"):
        pool.submit(exec, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)").result(60)
    assert pool.submit(abs, -3).result(30) == 3


def test_shutdown_ends_workers_in_the_middle_of_a_task():
    pool = WorkerProcesses(2)
    numbers = [future.result(30) for future in [pool.submit(os.getpid) for _ in range(6)]]
    busy = [pool.submit(time.sleep, 600) for _ in range(4)]
    time.sleep(0.1)
    begin = time.monotonic()
    pool.shutdown(cancel_futures=True)
    assert time.monotonic() - begin < 30
    assert all(future.done() for future in busy)
    assert not any(map(alive, numbers))


def test_workers_of_a_killed_parent_end(tmp_path):
    program = (
        "import os, time\n"
        "from reptheory.build.workers import WorkerProcesses\n"
        "pool = WorkerProcesses(1)\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        number = int(parent.stdout.readline())
        assert alive(number)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    for _ in range(300):
        if not alive(number):
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


def run(*arguments, path=()):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *path])}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=120, check=False)


SCRIPT = """
from reptheory.build import pieces
from reptheory.build.library import build_table
pieces.PIECE_ROWS = 500
print(build_table("gaunt", 3, workers=2).fingerprint)
"""


def test_a_script_without_a_main_guard_runs_once(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(SCRIPT)
    done = run(script)
    assert done.stderr == ""
    assert len(done.stdout.split()) == 1


def from_daemon(queue):
    with WorkerProcesses(1) as pool:
        queue.put(pool.submit(abs, -3).result(30))


def test_a_daemonic_process_may_use_workers():
    # multiprocessing forbids its own children to have children.
    program = (
        "import multiprocessing\n"
        "from test_workers import from_daemon\n"
        "context = multiprocessing.get_context('spawn')\n"
        "queue = context.Queue()\n"
        "process = context.Process(target=from_daemon, args=(queue,), daemon=True)\n"
        "process.start(); print(queue.get(timeout=60)); process.join()\n"
    )
    done = run("-c", program, path=[str(Path(__file__).parent)])
    assert done.stdout == "3\n", done.stderr


def test_without_an_executable_there_are_no_workers(monkeypatch):
    assert workers.can_start()
    monkeypatch.setattr(workers.sys, "executable", "")
    assert not workers.can_start()
    monkeypatch.setattr(workers.sys, "executable", "/nonexistent/python")
    with (
        WorkerProcesses(1) as pool,
        pytest.raises(BrokenExecutor, match="no worker process"),
    ):
        pool.submit(abs, -3).result(30)
