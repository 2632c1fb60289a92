"""Side by side: time several ways of doing one thing in turns, so that a drifting machine hits all alike.

In its turn a contender is called in a loop for a while, as a program would; the first third of the calls is
not counted, in which thread pools of the one before stop spinning and its own threads and caches warm up. Its
figure is the median call of a turn, and then the median over the turns; the ratio is the median of the ratios
turn by turn. Quote ratios of one run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

__all__ = ["Measured", "compare"]

FEWEST_CALLS = 6


@dataclass(frozen=True)
class Measured:
    """One contender: seconds a call, and how many times longer it takes than the first contender."""

    name: str
    seconds: float
    ratio: float


def turn(call: Callable[[], object], seconds: float) -> float:
    """Call for `seconds`, at least a few times; return the median time of the later calls."""
    times: list[float] = []
    start = now = time.perf_counter()
    while now - start < seconds or len(times) < FEWEST_CALLS:
        call()
        before, now = now, time.perf_counter()
        times.append(now - before)
    return median(times[len(times) // 3 :])


def compare(
    contenders: dict[str, Callable[[], object]], turns: int = 7, seconds: float = 0.15
) -> list[Measured]:
    """Give every contender a turn, `turns` times; ratios are to the first one, above 1 where it is slower."""
    for call in contenders.values():
        call()  # compile
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, call in contenders.items():
            times[name].append(turn(call, seconds))
    ours = next(iter(times.values()))
    return [
        Measured(name, median(own), median(a / b for a, b in zip(own, ours, strict=True)))
        for name, own in times.items()
    ]
