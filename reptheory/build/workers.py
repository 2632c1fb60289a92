"""Workers: processes of our own that build pieces, as an executor.

`concurrent.futures.ProcessPoolExecutor` runs the caller's main script again in each worker (a script without
`if __name__ == "__main__"` then fails), cannot be used from a daemonic process, and loses every pending task
when one worker dies. Here each thread of the executor owns one fresh Python that imports this package and
nothing of the caller's, and answers over pipes; one that dies is replaced and its task repeated.
Functions and results are pickled between processes of one user, as multiprocessing does.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from reptheory.errors import WorkerLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import IO

__all__ = ["WorkerProcesses", "can_start"]

TRIES: Final = 3
"""Workers that one task may take down before it is given up: memory is the usual reason."""
_LENGTH: Final = struct.Struct("<Q")
_PROGRAM: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from reptheory.build.workers import serve; serve()"
)


def can_start() -> bool:
    """Say whether this Python can start another of its kind: not where it is embedded or frozen."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


class WorkerProcesses(ThreadPoolExecutor):
    """An executor over `count` processes, each started when first needed.

    raises   (from futures) WorkerLost: a task's worker died `TRIES` times; BrokenExecutor: none could start
    """

    def __init__(self, count: int) -> None:
        super().__init__(max_workers=count, thread_name_prefix="reptheory-worker")
        self._mine = threading.local()
        self._all: list[_Worker] = []
        self._guard = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run an importable function in a worker."""
        return super().submit(self._repeat, pickle.dumps((fn, args, kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with `cancel_futures` at once, else when their tasks are done."""
        if cancel_futures:
            self._end()
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        if wait:
            self._end()

    def _end(self) -> None:
        """Stop every worker and start no more."""
        with self._guard:
            self._closed = True
            for worker in self._all:
                worker.stop()

    def _repeat(self, task: bytes) -> Any:
        """Give a task to this thread's worker; to a new one if it dies of it."""
        status: int | None = None
        for _ in range(TRIES):
            worker = self._worker()
            answer = worker.ask(task)
            if answer is not None:
                good, result = pickle.loads(answer)  # noqa: S301 (from our own child)
                if good:
                    return result
                raise result
            status = worker.stop()
            self._mine.worker = None
        raise WorkerLost(
            f"build: a worker process died {TRIES} times at the same piece (exit status {status}), perhaps "
            "for want of memory; run it again with fewer workers"
        )

    def _worker(self) -> _Worker:
        """Return this thread's worker, started if it has none."""
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is None:
            with self._guard:
                if self._closed:
                    raise WorkerLost("build: the workers have been stopped")
                worker = self._mine.worker = _Worker()
                self._all = [*(old for old in self._all if old.alive), worker]
        return worker


class _Worker:
    """One process at the other end of two pipes."""

    def __init__(self) -> None:
        # -B: under a limit on the size of files Python leaves bytecode cut short, where others find it.
        command = [sys.executable, "-I", "-B", "-c", _PROGRAM, json.dumps(sys.path)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 (this very Python)
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise BrokenExecutor(f"no worker process could be started: {error.strerror}") from None

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, task: bytes) -> bytes | None:
        """Send a task and wait for the answer; None when the worker died."""
        out, back = self._process.stdin, self._process.stdout
        try:
            if out is None or back is None:
                return None
            _send(out, task)
            return _receive(back)
        except (OSError, ValueError):  # ValueError: `stop` has closed the pipe
            return None

    def stop(self) -> int | None:
        """End the process and return its exit status."""
        self._process.kill()
        status = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()
        return status


def _send(stream: IO[bytes], data: bytes) -> None:
    """Write a message with its length in front."""
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """Read a message; None at the end of the stream, in the middle of a message too."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None


def serve() -> None:
    """Answer tasks until the other end closes its pipe; the main loop of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us
    with os.fdopen(os.dup(0), "rb") as tasks, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a library prints must not be taken for an answer
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        while (task := _receive(tasks)) is not None:
            try:
                function, args, kwargs = pickle.loads(task)  # noqa: S301 (from our own parent)
                answer = pickle.dumps((True, function(*args, **kwargs)))
            except Exception as error:
                answer = _failure(error)
            try:
                _send(answers, answer)
            except OSError:
                return  # the parent is gone


def _failure(error: Exception) -> bytes:
    """Pickle an exception; one that cannot travel is named in a RuntimeError."""
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)  # noqa: S301 (our own bytes)
    except Exception:
        answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
