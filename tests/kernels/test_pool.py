"""The pool: ranges that cover every sample once, errors that arrive, children that work after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reptheory.kernels.pool import (
    _POOL,
    HANDOVER,
    MOST_KEPT,
    WORTH_A_THREAD,
    Prepared,
    _Pool,
    _Share,
    available_threads,
    over_samples,
)

ROOT = Path(__file__).parents[2]


@given(st.integers(0, 1000), st.integers(1, 70), st.integers(1, 9))
def test_every_sample_once_in_whole_tiles(samples: int, tile: int, threads: int) -> None:
    ranges: list[tuple[int, int]] = []
    over_samples(lambda first, last: ranges.append((first, last)), samples, tile, WORTH_A_THREAD, threads)
    ranges.sort()
    assert [n for first, last in ranges for n in range(first, last)] == list(range(samples))
    assert all(first % tile == 0 for first, _ in ranges)
    assert all(first < last for first, last in ranges)
    assert len(ranges) <= threads
    if samples > tile * threads:
        assert len(ranges) == threads


def test_small_work_stays_with_the_caller() -> None:
    here: list[int] = []
    over_samples(lambda *_: here.append(threading.get_ident()), 64, 16, 10, None)
    assert here == [threading.get_ident()]
    here.clear()
    over_samples(lambda *_: here.append(threading.get_ident()), 10**6, 16, 10**6, None)
    assert len(here) == available_threads()


def test_scratch_is_kept_and_never_shared() -> None:
    """Calls that run at once have scratch of their own; the next ones take what those left."""
    together, seen = threading.Barrier(2), []

    def function(_first: int, _last: int, _plan: Any, work: Any) -> None:
        seen.append(work)
        together.wait(10)

    made = Prepared(function, (), 5, np.dtype(np.float32), 16, 1)
    for _ in range(2):
        other = threading.Thread(target=made.run, args=((), 1, None))
        other.start()
        made.run((), 1, None)
        other.join()
    first, second, third, fourth = (work.ctypes.data for work in seen)
    assert first != second
    assert {first, second} == {third, fourth}
    assert all(len(work) == 5 and work.ctypes.data % 64 == 0 for work in seen)


def test_large_scratch_is_not_kept() -> None:
    seen = []
    made = Prepared(lambda *given: seen.append(given[-1]), (), MOST_KEPT, np.dtype(np.float64), 16, 1)
    for _ in range(2):
        made.run((), 1, None)
    assert seen[0].nbytes == 8 * MOST_KEPT
    assert not np.shares_memory(*seen)


@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 3))
def test_blocks_add_up_in_rows_of_their_own(samples: int, block: int, threads: int) -> None:
    total = np.zeros((-(-samples // block), 7), np.int64)

    def function(to: Any, first: int, last: int, _plan: Any, more: int, place: int, _work: Any) -> None:
        to[place : place + 7] += more * np.arange(first, last).sum()

    made = Prepared(function, (), 5, np.dtype(np.float32), 4, WORTH_A_THREAD)
    made.add_up((total.reshape(-1),), samples, threads, (block, 7), 2)
    expected = [2 * np.arange(start, min(start + block, samples)).sum() for start in range(0, samples, block)]
    assert np.array_equal(total, np.repeat(np.array(expected, np.int64)[:, None], 7, axis=1))


def test_the_caller_does_more_by_what_a_thread_takes_to_begin() -> None:
    ranges: list[tuple[int, int]] = []
    cost = HANDOVER // 16
    over_samples(lambda first, last: ranges.append((last - first, first)), 1000, 1, cost, 2)
    own, other = (count for count, _ in sorted(ranges, key=lambda pair: pair[1]))
    assert abs(own - other - 16) <= 2


def test_threads_are_those_of_the_processors_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7}, raising=False)
    assert available_threads() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_threads() == (os.cpu_count() or 1)


def test_a_share_keeps_whatever_its_task_raises() -> None:
    """Also what is no Exception, as Ctrl-C: a thread that died of it would leave the caller waiting."""

    def task(*_: int) -> None:
        raise KeyboardInterrupt

    share = _Share(task, 0, 1)
    share.take()
    assert isinstance(share.wait(), KeyboardInterrupt)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_exception_in_any_task_arrives(place: int) -> None:
    class Broken(Exception):
        pass

    def task(first: int, last: int) -> None:
        if first == 10 * place:
            raise Broken

    with pytest.raises(Broken):
        over_samples(task, 30, 10, WORTH_A_THREAD, 3)
    done: list[int] = []
    over_samples(lambda first, _: done.append(first), 30, 10, WORTH_A_THREAD, 3)
    assert sorted(done) == [0, 10, 20], "the pool works on after an error"


def test_tasks_have_ended_when_an_exception_arrives() -> None:
    """No thread writes to an array that its caller has got back already."""
    running = threading.Event()
    release = threading.Event()
    ended: list[int] = []

    def task(first: int, last: int) -> None:
        if first == 0:
            running.wait(10)
            release.set()
            raise ValueError
        running.set()
        release.wait(10)
        threading.Event().wait(0.05)
        ended.append(first)

    with pytest.raises(ValueError, match=r"^$"):
        over_samples(task, 20, 10, WORTH_A_THREAD, 2)
    assert ended == [10]


def test_callers_may_share_the_pool() -> None:
    totals: list[int] = []

    def call() -> None:
        done: list[int] = []
        for _ in range(20):
            over_samples(lambda first, last: done.append(last - first), 90, 10, WORTH_A_THREAD, 3)
        totals.append(sum(done))

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert totals == [1800] * 6


def test_a_range_that_no_thread_takes_is_done_by_the_caller() -> None:
    """Threads that are busy elsewhere, or that the system does not run, keep nobody waiting."""
    busy, release = threading.Barrier(available_threads() + 1), threading.Event()

    def hold() -> None:
        busy.wait(10)
        release.wait(10)

    holders = [_Share(lambda *_: hold(), 0, 1) for _ in range(available_threads())]
    _POOL.offer(holders)
    busy.wait(10)
    here: list[int] = []
    over_samples(lambda *_: here.append(threading.get_ident()), 30, 10, WORTH_A_THREAD, 3)
    release.set()
    assert here == 3 * [threading.get_ident()]
    assert [holder.wait() for holder in holders] == [None] * len(holders)


def test_a_forgotten_pool_starts_again() -> None:
    _POOL.forget()
    before = threading.active_count()
    over_samples(lambda *_: None, 20, 10, WORTH_A_THREAD, 2)
    assert threading.active_count() == before + 1


def test_a_forgotten_pool_leaves_the_work_of_its_parent() -> None:
    """Shares that were offered before a fork are the parent's."""
    pool, done = _Pool(), list[str]()
    pool._shares.put(_Share(lambda *_: done.append("parent's"), 0, 1))
    pool.forget()
    share = _Share(lambda *_: done.append("own"), 0, 1)
    pool.offer([share])
    assert share.wait() is None
    assert done == ["own"]


def test_without_threads_the_caller_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has no more of them, or the interpreter is shutting down: nothing is lost, nothing kept."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    _POOL.forget()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        here: list[int] = []
        over_samples(lambda *_: here.append(threading.get_ident()), 30, 10, WORTH_A_THREAD, 3)
    assert here == 3 * [threading.get_ident()]
    assert _POOL._shares.empty()


PROCESSES = """
import multiprocessing, os, sys, threading
import numpy as np
from reptheory.kernels import pool
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct

pool.WORTH_A_THREAD = 1
product = GauntTensorProduct(2, method="grid", threads=2)
x = np.random.default_rng(0).standard_normal((100, 9))

def work(expected):
    same = np.array_equal(product(x, x), expected)
    sys.exit(0 if same and threading.active_count() > 1 else 3)  # with threads of its own

if __name__ == "__main__":
    expected = product(x, x)
    assert threading.active_count() > 1, "the pool is running when the process forks"
    for method in sys.argv[1:]:
        child = multiprocessing.get_context(method).Process(target=work, args=(expected,))
        child.start()
        child.join(60)
        if child.exitcode != 0:
            child.kill()
            sys.exit(f"{method}: exit code {child.exitcode}")
    assert np.array_equal(product(x, x), expected)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_children_of_a_running_pool(tmp_path: Path) -> None:
    """fork inherits a pool without its threads, spawn starts afresh: both compute the same, with threads."""
    script = tmp_path / "processes.py"
    script.write_text(PROCESSES)
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script), "fork", "spawn"],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_work_at_interpreter_shutdown_is_done_by_the_caller() -> None:
    """No thread can be started any more in an atexit handler."""
    program = """
import atexit
from reptheory.kernels.pool import WORTH_A_THREAD, over_samples
done = []
over_samples(lambda first, last: None, 30, 10, WORTH_A_THREAD, 3)
def late():
    over_samples(lambda first, last: done.append(first), 30, 10, WORTH_A_THREAD, 3)
    print(sorted(done))
atexit.register(late)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "[0, 10, 20]\n", done.stderr
