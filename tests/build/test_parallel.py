"""Executors: the same bytes whichever builds the pieces, and nothing lost with a worker."""

import os
import signal
import threading
import warnings
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
from table_keys import every_key

from reptheory.build import parallel, pieces
from reptheory.build.estimate import estimate
from reptheory.build.library import build_key, build_table, load_table
from reptheory.build.parallel import executor_for
from reptheory.build.proof import ProofError
from reptheory.build.workers import WorkerProcesses
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.tables.kinds import table_key

KEY = table_key("gaunt", 3)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 100)


@pytest.fixture
def expected(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(pieces, "PIECE_ROWS", 1 << 40)
        return build_key(KEY)


class Here(Executor):
    """Runs a task at once, after `spoil` has had its way with it."""

    def __init__(self, spoil=lambda _, result: result):
        self._spoil, self._count = spoil, 0

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(self._spoil(self._count, fn(*args, **kwargs)))
        except BrokenExecutor:
            raise
        except Exception as error:
            future.set_exception(error)
        self._count += 1
        return future


def test_every_executor_gives_the_same_bytes(expected):
    made = [lambda: ThreadPoolExecutor(3), lambda: WorkerProcesses(1), lambda: WorkerProcesses(4), Here]
    made.append(lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")))
    for make in made:
        with make() as executor:
            assert build_key(KEY, executor=executor) == expected
    assert build_key(KEY, workers=2) == build_key(KEY, workers=1) == build_key(KEY) == expected


def test_every_kind_over_threads(monkeypatch):
    keys = every_key(2)
    with ThreadPoolExecutor(2) as executor:
        tables = [build_key(key, executor=executor) for key in keys]
    monkeypatch.undo()
    assert tables == [build_key(key) for key in keys]


def test_load_table_takes_an_executor(cache, expected):
    with ThreadPoolExecutor(2) as executor:
        assert load_table("gaunt", 3, lmax_out=6, executor=executor) == expected


def test_a_broken_pool_loses_nothing(expected, tmp_path):
    # A worker is killed in the middle: concurrent.futures then fails every pending task.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        executor.submit(os.kill, os.getpid(), 0).result()
        numbers = list(executor._processes)
        threading.Timer(0.05, os.kill, (numbers[0], signal.SIGKILL)).start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # none if the build was faster
            for _ in range(5):
                assert build_key(KEY, executor=executor) == expected
        with pytest.warns(RuntimeWarning, match="building them here"):
            assert build_key(KEY, executor=executor) == expected


def fail(error):
    def spoil(number, result):
        if number % 2:
            raise error
        return result

    return spoil


def damage(number, data):
    return data[:-1] if number == 1 else data.replace(b"NUMPY", b"numpy") if number == 2 else data


@pytest.mark.parametrize("spoil", [fail(BrokenExecutor("gone")), fail(OSError("closed")), damage])
def test_lost_and_damaged_parts_are_built_here(expected, spoil):
    with pytest.warns(RuntimeWarning, match=r"lost \d+ of \d+ pieces .* building them here"):
        assert build_key(KEY, executor=Here(spoil)) == expected


@pytest.mark.parametrize(
    ("error", "seen"),
    [(ProofError("wrong"), ProofError), (LabelError("lmax"), LabelError), (MemoryError(), TooLarge)],
)
def test_what_is_wrong_with_a_part_is_raised(error, seen):
    with pytest.raises(seen):
        build_key(KEY, executor=Here(fail(error)))


class OnlyFirst(Executor):
    """Runs its first task, and leaves the others waiting."""

    def __init__(self):
        self.futures = []

    def submit(self, fn, /, *args, **kwargs):
        self.futures.append(Future())
        if len(self.futures) == 1:
            self.futures[0].set_result(fn(*args, **kwargs))
        return self.futures[-1]


def test_an_interrupt_cancels_what_has_not_begun():
    def interrupt(done, total):
        raise KeyboardInterrupt

    executor = OnlyFirst()
    with pytest.raises(KeyboardInterrupt):
        build_key(KEY, interrupt, executor)
    assert len(executor.futures) > 3
    assert all(future.cancelled() for future in executor.futures[1:])


@pytest.mark.parametrize("executor", [3, "processes", object()])
def test_what_is_no_executor_is_refused(executor):
    for call in (build_table, load_table):
        with pytest.raises(OperandError, match=r"^executor: got"):
            call("gaunt", 1, executor=executor)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_what_is_no_number_of_workers_is_refused(workers):
    for call in (build_table, load_table):
        with pytest.raises(OperandError, match=r"^workers: got"):
            call("gaunt", 1, workers=workers)


def test_progress_counts_rows_over_all_parts(expected):
    for executor in (None, Here()):
        seen = []
        build_key(KEY, lambda done, total, seen=seen: seen.append((done, total)), executor, 1)
        done = [value for value, _ in seen]
        assert done == sorted(done)
        assert {total for _, total in seen} == {done[-1]}
        assert len(expected) <= done[-1] < 1.5 * len(expected)


def test_processes_are_for_large_tables_only(monkeypatch):
    large = table_key("gaunt", 26)
    with executor_for(estimate(KEY), None) as executor:
        assert executor is None
    monkeypatch.setattr(parallel, "_processors", lambda: 3)
    with executor_for(estimate(large), None) as executor:
        assert isinstance(executor, WorkerProcesses)
        assert executor._max_workers == 3
    for wanted, count in ((2, 2), (5, 5)):
        with executor_for(estimate(KEY), wanted) as executor:
            assert executor._max_workers == count
    with executor_for(estimate(large), 1) as executor:
        assert executor is None
    monkeypatch.setattr(parallel, "can_start", lambda: False)
    with executor_for(estimate(large), None) as executor:
        assert executor is None
