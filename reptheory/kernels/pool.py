"""Pool: kernels side by side on ranges of samples, under threads of ours.

Kernels release the GIL, so plain threads do; none spins. A range is done by whoever takes it first: a thread
of the pool, or the caller when its own is done. So no call waits for a thread that has other things to do,
that the system does not run or that could not be started. Threads are made on first use, and again in the
child after a fork (they do not survive it). Handing a range over takes 8 microseconds; an executor of
`concurrent.futures` takes 30.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from ctypes import addressof, c_char
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = ["Prepared", "available_threads", "over_samples", "plain_plan", "scratch"]

WORTH_A_THREAD = 1_600_000
"""Multiplications below which handing work to a second thread costs more than it gains."""
HANDOVER = 500_000
"""Multiplications that the caller does before a worker has begun; its own share is larger by as much."""

MOST_KEPT = 2**18
"""Bytes of scratch that a kernel keeps for each thread that runs it: making it costs a microsecond."""

Task = Callable[[int, int], None]


class _Share:
    """One range of a call: whoever takes it first does it."""

    def __init__(self, task: Task, first: int, last: int) -> None:
        self._work = [(task, first, last)]
        self._done = threading.Lock()
        self._done.acquire()
        self._error: BaseException | None = None

    def take(self) -> None:
        """Do the range unless somebody has begun it, and keep what it raises."""
        try:
            task, first, last = self._work.pop()
        except IndexError:
            return
        try:
            task(first, last)
        except BaseException as error:  # the caller's, on whatever thread
            self._error = error
        self._done.release()

    def wait(self) -> BaseException | None:
        """Return, when the range is done, what it raised."""
        self._done.acquire()
        return self._error


def _serve(shares: SimpleQueue[_Share]) -> None:
    """Do what comes, until the process ends."""
    while True:
        shares.get().take()


class _Pool:
    """The process's threads: made when first needed, forgotten in a forked child."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Begin without threads."""
        self._shares: SimpleQueue[_Share] = SimpleQueue()
        self._threads = 0

    def offer(self, shares: list[_Share]) -> None:
        """Offer shares to as many threads, or as there are processors; fewer where none can be started."""
        try:
            while self._threads < len(shares) and self._threads < available_threads():
                threading.Thread(target=_serve, args=(self._shares,), name="reptheory", daemon=True).start()
                self._threads += 1
        except RuntimeError:  # the interpreter is shutting down, or the system has no more of them
            pass
        if self._threads:
            for share in shares:
                self._shares.put(share)


_POOL = _Pool()


def available_threads() -> int:
    """Return how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def scratch(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return `count` uninitialised numbers that start on a vector boundary."""
    size = np.dtype(dtype).itemsize
    raw = np.empty(count + VECTOR_BYTES // size, dtype)
    start = -addressof(c_char.from_buffer(raw.data)) % VECTOR_BYTES // size  # faster than raw.ctypes.data
    return raw[start : start + count]


def over_samples(
    task: Callable[[int, int], None], samples: int, tile: int, cost: int, threads: int | None
) -> None:
    """Run task(first, last) over all samples, in ranges of whole tiles, on up to `threads` threads.

    cost      multiplications of one sample; small work stays on the caller's thread
    threads   most threads to use, the caller's included; None: as many as there are processors
    """
    tiles, workers = -(-samples // tile), 1 + samples * cost // WORTH_A_THREAD
    if workers > 1:  # asking the system takes longer than small work
        workers = min(workers, tiles, available_threads() if threads is None else threads)
    if workers <= 1:
        if samples:
            task(0, samples)
        return
    late = HANDOVER / (tile * max(cost, 1))  # tiles that the caller does before a worker begins
    own = min(round((tiles + (workers - 1) * late) / workers), tiles - workers + 1)
    rest = [own + (tiles - own) * k // (workers - 1) for k in range(workers)]
    edges = [0, *(tile * edge for edge in rest[:-1]), samples]
    shares = [_Share(task, edges[k], edges[k + 1]) for k in range(1, workers)]
    _POOL.offer(shares)
    try:
        task(edges[0], edges[1])
    finally:
        for share in reversed(shares):
            share.take()
        errors = [share.wait() for share in shares]  # now nobody writes to the caller's arrays any more
    for error in filter(None, errors):
        raise error


class Prepared:
    """A compiled function and what it takes besides arrays: made once, so that a small call costs little.

    function   (*arrays, first, last, plan, *more, scratch), which takes the plan apart by position
    need       numbers of scratch a thread, of `dtype`; little scratch is kept for the next call
    tile       samples that belong together
    cost       multiplications of one sample
    """

    def __init__(
        self, function: Callable[..., None], plan: Any, need: int, dtype: np.dtype[Any], tile: int, cost: int
    ) -> None:
        self.plan, self.tile, self.cost = plan, tile, cost
        self._ready = function, plain_plan(plan), need, dtype
        self._keeps = need * dtype.itemsize <= MOST_KEPT
        self._free: list[NDArray[Any]] = []

    def call(self, arrays: tuple[Any, ...], first: int, last: int, *more: Any) -> None:
        """Run over some samples on this thread, with scratch that no other thread has."""
        function, plan, need, dtype = self._ready
        try:
            work = self._free.pop()
        except IndexError:  # as often as ranges run at once
            work = scratch(need, dtype)
        function(*arrays, first, last, plan, *more, work)
        if self._keeps:
            self._free.append(work)

    def run(self, arrays: tuple[Any, ...], samples: int, threads: int | None, *more: Any) -> None:
        """Run over all samples, as `over_samples` does."""

        def task(first: int, last: int) -> None:
            self.call(arrays, first, last, *more)

        over_samples(task, samples, self.tile, self.cost, threads)

    def add_up(
        self, arrays: tuple[Any, ...], samples: int, threads: int | None, rows: tuple[int, int], *more: Any
    ) -> None:
        """Run over blocks of samples, each of which adds up in a row of its own, whatever the threads.

        rows   samples of a block, and numbers of a row, whose place the function takes behind `more`
        """
        block, numbers = rows

        def task(first: int, last: int) -> None:
            for start in range(first, last, block):
                self.call(arrays, start, min(start + block, last), *more, start // block * numbers)

        over_samples(task, samples, block, self.cost, threads)


def plain_plan(plan: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a plan as plain tuples: recognising a named one takes Numba 0.6 us, each time."""
    return tuple(plain_plan(one) if isinstance(one, tuple) else one for one in plan)
