"""Pool: kernels side by side on ranges of samples, under a thread pool of ours.

Kernels release the GIL, so plain threads do; none spins. The pool is made on first use, and again in the
child after a fork (threads do not survive it). Two callers may share it: kernels never wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from ctypes import addressof, c_char
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = ["available_threads", "over_samples", "scratch"]

WORTH_A_THREAD = 3_000_000
"""Multiplications below which handing work to a second thread costs more than it gains."""
HANDOVER = WORTH_A_THREAD // 2
"""Multiplications that the caller does before a worker has begun; its own share is larger by as much."""


class _Pool:
    """The process's one executor: made when first needed, forgotten in a forked child."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """Drop the executor without waiting for threads that are not there."""
        self._executor = None

    def executor(self) -> ThreadPoolExecutor:
        """Return the executor, made for the processors this process may use."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(
                max_workers=available_threads(), thread_name_prefix="reptheory"
            )
        return self._executor


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
    tiles = -(-samples // tile)
    workers = min(tiles, 1 + samples * cost // WORTH_A_THREAD)
    if workers > 1:  # asking the system takes longer than small work
        workers = min(workers, available_threads() if threads is None else threads)
    if workers <= 1:
        if samples:
            task(0, samples)
        return
    late = HANDOVER / (tile * max(cost, 1))  # tiles that the caller does before a worker begins
    own = min(round((tiles + (workers - 1) * late) / workers), tiles - workers + 1)
    rest = [own + (tiles - own) * k // (workers - 1) for k in range(workers)]
    edges = [0, *(tile * edge for edge in rest[:-1]), samples]
    executor = _POOL.executor()
    futures = []
    try:
        for k in range(1, workers):
            try:
                futures.append(executor.submit(task, edges[k], edges[k + 1]))
            except RuntimeError:  # the interpreter is shutting down and starts no more threads
                task(edges[k], edges[k + 1])
        task(edges[0], edges[1])
    finally:
        wait(futures)  # whatever happened, nobody writes to the caller's arrays after this
    for future in futures:
        future.result()
