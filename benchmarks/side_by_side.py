"""Side by side: time several ways of doing one thing in turns, so that a drifting machine hits all alike.

Quote ratios of one run. Before each timed call everybody rests, so that thread pools of the one before have
stopped spinning, and the contender runs once untimed, so that its own threads and caches are warm. The first
rounds (compilation) are not counted; the figure of a contender is its median over the counted rounds, the
ratio the median of the ratios round by round.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

__all__ = ["Measured", "compare"]

REST = 0.02
"""Seconds: longer than the active waiting of OpenMP runtimes."""


@dataclass(frozen=True)
class Measured:
    """One contender: median seconds a call, and how many times longer it takes than the first one."""

    name: str
    seconds: float
    ratio: float
    fastest: float


def compare(contenders: dict[str, Callable[[], object]], rounds: int = 15, warmup: int = 3) -> list[Measured]:
    """Time every contender once a round; ratios are to the first one, greater than 1 where it is slower."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(warmup + rounds):
        for name, call in contenders.items():
            time.sleep(REST)
            call()
            start = time.perf_counter()
            call()
            elapsed = time.perf_counter() - start
            if turn >= warmup:
                times[name].append(elapsed)
    ours = next(iter(times.values()))
    return [
        Measured(name, median(own), median(a / b for a, b in zip(own, ours, strict=True)), min(own))
        for name, own in times.items()
    ]
