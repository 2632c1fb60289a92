"""Side by side: time several ways of doing one thing in turns, so that a drifting machine hits all alike.

In its turn a contender is called in a loop for a while, as a program would; the first third of the calls is
not counted, in which thread pools of the one before stop spinning and its own threads and caches warm up. Its
figure is the median call of a turn, and then the median over the turns; the ratio is the median of the ratios
turn by turn. Quote ratios of one run.

`measure_machine` measures what the machine can do at most, in the same run, and `Machine.describe` says how
near a contender comes to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import numpy as np

__all__ = ["Machine", "Measured", "compare", "fastest", "measure_machine", "print_times", "turn"]

FEWEST_CALLS = 6

Clock = Callable[[], float]


@dataclass(frozen=True)
class Measured:
    """One contender: seconds a call, and how many times longer it takes than the first contender."""

    name: str
    seconds: float
    ratio: float


def turn(call: Callable[[], object], seconds: float, clock: Clock = time.perf_counter) -> float:
    """Call for `seconds`, at least a few times; return the median time of the later calls."""
    times: list[float] = []
    start = now = clock()
    while now - start < seconds or len(times) < FEWEST_CALLS:
        call()
        before, now = now, clock()
        times.append(now - before)
    return median(times[len(times) // 3 :])


def compare(
    contenders: dict[str, Callable[[], object]],
    turns: int = 7,
    seconds: float = 0.15,
    clock: Clock = time.perf_counter,
) -> list[Measured]:
    """Give every contender a turn, `turns` times; ratios are to the first one, above 1 where it is slower.

    clock   `time.process_time` for one thread on a machine that other programs use too: their time does not
            count, which a long call would otherwise have more of than a short one
    """
    for call in contenders.values():
        call()  # compile
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, call in contenders.items():
            times[name].append(turn(call, seconds, clock))
    ours = next(iter(times.values()))
    return [
        Measured(name, median(own), median(a / b for a, b in zip(own, ours, strict=True)))
        for name, own in times.items()
    ]


@dataclass(frozen=True)
class Machine:
    """The two limits of a machine: operations a second in matrix products, bytes a second in copies.

    A multiply-add is two operations; a byte that is copied is read and written, so it counts twice.
    """

    dtype: str
    threads: int
    operations: float
    bandwidth: float

    def __str__(self) -> str:
        return (
            f"{self.dtype}, {self.threads} thread(s): matrix products {1e-9 * self.operations:.0f} GFLOP/s, "
            f"copies {1e-9 * self.bandwidth:.1f} GB/s"
        )

    def describe(self, operations: float, moved: float, seconds: float) -> str:
        """Say how fast `operations` and `moved` bytes in `seconds` are, and which part of the limits."""
        rate, traffic = operations / seconds, moved / seconds
        return (
            f"{1e-9 * rate:.0f} GFLOP/s ({rate / self.operations:.0%} of peak), "
            f"{moved:.0f} bytes at {1e-9 * traffic:.1f} GB/s ({traffic / self.bandwidth:.0%} of copies)"
        )


def measure_machine(threads: int, dtype: str = "float32") -> Machine:
    """Measure matrix products of NumPy's BLAS, and copies far larger than the caches by `threads` threads.

    Set OMP_NUM_THREADS to `threads`, or the processors of this process, before NumPy is imported.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    size = 2048
    a, b, c = (np.ones((size, size), dtype) for _ in "abc")
    sources, targets = np.ones((threads, 2**27), np.uint8), np.empty((threads, 2**27), np.uint8)
    with ThreadPoolExecutor(threads) as pool:
        product = fastest(lambda: np.matmul(a, b, out=c), clock=clock)
        copy = fastest(lambda: list(pool.map(np.copyto, targets, sources)), clock=clock)
    return Machine(dtype, threads, 2 * size**3 / product, 2 * sources.nbytes / copy)


def fastest(call: Callable[[], object], seconds: float = 1.5, clock: Clock = time.perf_counter) -> float:
    """Call for `seconds` and return the least time: a limit, on a machine that does other things too."""
    least, end = float("inf"), clock() + seconds
    while (start := clock()) < end:
        call()
        least = min(least, clock() - start)
    return least


def print_times(
    title: str, rows: list[Measured], samples: int, machine: Machine, operations: float, moved: float
) -> None:
    """Print times a sample of what `compare` measured, and how near the first comes to the machine's limits.

    operations, moved   of all samples: floating-point operations, bytes of operands and results
    """
    print(title)
    for row in rows:
        print(f"    {row.name:44s} {1e9 * row.seconds / samples:12.1f} ns   {row.ratio:8.2f} x ours")
    each = rows[0].seconds / samples
    print(f"    ours: {machine.describe(operations / samples, moved / samples, each)}", flush=True)
