"""Store: is a table read or built faster, and does the store choose well? What do processes cost?

    python benchmarks/store.py            every kind at growing sizes: build, read, ratio, choice; exit status
                                          1 if the store chose to read a table that is built faster
    python benchmarks/store.py --fit      the cost model of reptheory/build/estimate.py, measured afresh
    python benchmarks/store.py --workers  worker processes: their start, and from which size they pay

Building starts from exact values with empty caches, in a process that has everything imported and compiled.
Reading finds, opens, hashes and checks a file that the system has in memory. Both are timed in turns, in
seconds of this process's CPU, since other programs would slow down one turn and not the next; medians are
shown. Workers are timed by the clock on the wall.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
from scipy.optimize import nnls

from reptheory.build import compiled
from reptheory.build import estimate as model
from reptheory.build.estimate import estimate, reading_pays
from reptheory.build.factored import FACTORED
from reptheory.build.library import build_key
from reptheory.build.pieces import cut
from reptheory.build.size import most_rows
from reptheory.build.workers import WorkerProcesses
from reptheory.tables.kinds import KINDS, TableKey, table_key
from reptheory.tables.store import read_cached, read_shipped, store
from reptheory.tables.table import Table

LONGEST = 0.3
"""Seconds of a build from which no larger table of the kind is tried, by what the last one took."""
FORMULAS = ("i", "ij=ji", "ijk=ikj", "ijkl=jikl=klij")


def keys(name: str) -> Iterator[TableKey]:
    """Yield tables of one kind at growing sizes, in its default basis."""
    if "formula" in KINDS[name].parameters:
        yield from (table_key(name, formula=formula) for formula in FORMULAS)
        return
    turn = {"quaternion": "2,-1,0,1"} if "quaternion" in KINDS[name].parameters else {}
    for lmax in (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 28, 40):
        yield table_key(name, lmax, **turn)


def forget() -> None:
    """Empty every cache of exact values."""
    for name in [name for name in sys.modules if name.startswith("reptheory.")]:
        for value in list(vars(sys.modules[name]).values()):
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def seconds(call: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Time one call."""
    before = clock()
    call()
    return clock() - before


def measured(key: TableKey) -> tuple[float, float, Table, int]:
    """Build and read a table in turns; return both times, the table and the size of its file."""
    table = build_key(key)
    path = store(table)
    builds: list[float] = []
    reads: list[float] = []
    while len(builds) < 7 and (len(builds) < 3 or builds[0] < 0.02):
        forget()
        builds.append(seconds(lambda: build_key(key, workers=1)))
        reads += [seconds(lambda: read_shipped(key) or read_cached(key)) for _ in range(2)]
    return median(builds), median(reads), table, os.path.getsize(path)


def measure_all(show: bool) -> dict[TableKey, tuple[float, float, int, int]]:
    """Measure every kind; return seconds to build and to read, rows and bytes."""
    found = {}
    compiled.WORTH_COMPILING = 1 << 60  # what the first table of a process takes
    for name in KINDS:
        last = (0.0, 1)
        for key in keys(name):
            if last[0] * most_rows(key) / last[1] > LONGEST:
                break
            build, read, table, size = measured(key)
            found[key], last = (build, read, len(table), size), (build, most_rows(key))
            if show:
                choice = "read" if reading_pays(key) else "build"
                print(
                    f"{key!s:62} {len(table):8d} rows {1e3 * build:9.2f} {1e3 * read:9.2f} "
                    f"{build / read:8.1f}  {choice:6} {'WRONG' if build < read and choice == 'read' else ''}",
                    flush=True,
                )
    return found


def choices() -> int:
    """Show what the store chooses; return how often it reads what would be built faster."""
    print(f"{'table':62} {'':13} build ms   read ms  ratio  choice")
    found = measure_all(show=True)
    wrong = [key for key, (build, read, *_) in found.items() if reading_pays(key) and build < read]
    missed = [key for key, (build, read, *_) in found.items() if not reading_pays(key) and read < build]
    worst = max((found[key][0] - found[key][1] for key in missed), default=0.0)
    print(f"{len(found)} tables; read though building is faster: {len(wrong)}")
    print(f"built though reading is faster: {len(missed)}, by at most {1e3 * worst:.2f} ms")
    return len(wrong)


def fit() -> None:
    """Fit the cost model by least squares of relative errors."""
    found = measure_all(show=False)
    smallest = min(build for build, *_ in found.values())
    reads = np.array([(read, size) for _, read, _, size in found.values()])
    fixed = float(np.median(reads[reads[:, 1] < 10_000, 0]))
    large = reads[reads[:, 1] > 1_000_000]
    print(f"FIXED = {smallest:.2g}, READ_FIXED = {fixed:.2g}", end=", ")
    print(f"READ_BYTE = {float(np.median((large[:, 0] - fixed) / large[:, 1])):.2g}")
    for name in KINDS:
        own = [(key, value) for key, value in found.items() if key.kind == name]
        times = np.array([value[0] for _, value in own])
        blocks = np.array([cut(key)[-1].last for key, _ in own])
        rows = np.array([estimate(key).rows for key, _ in own])
        costs = np.stack([blocks, rows], axis=1) / times[:, None]
        (block, row), _ = nnls(costs, np.maximum(times - smallest, 0) / times)
        guesses = smallest + block * blocks + row * rows
        off = max(max(a / b, b / a) for a, b in zip(guesses, times, strict=True))
        large = f", {loops(name):.2g}" if name in FACTORED else ""
        print(
            f'        "{name}": Cost({block:.2g}, {row:.2g}, {bits(own)}{large}),  # within {off:.1f} times'
        )
    print(f"LOADING = {loading():.2g}")


def loops(name: str) -> float:
    """Return the seconds a row of a large table that compiled loops build."""
    compiled.WORTH_COMPILING, times = -1, []
    lmax = next(lmax for lmax in range(40) if estimate(table_key(name, lmax)).rows > 200_000)
    for _ in range(4):  # the first time loads them
        forget()
        times.append(seconds(lambda: build_key(table_key(name, lmax), workers=1)))
    compiled.WORTH_COMPILING = 1 << 60
    return min(times) / estimate(table_key(name, lmax)).rows


LOADER = """
import time
from reptheory.build import compiled
from reptheory.build.library import build_table
compiled.WORTH_COMPILING = -1
before = time.perf_counter()
build_table("gaunt", 1, workers=1)
print(time.perf_counter() - before)
"""


def loading() -> float:
    """Return the seconds to load compiled loops in a fresh process."""
    runs = [
        subprocess.run([sys.executable, "-c", LOADER], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    return min(float(run.stdout) for run in runs)


def bits(own: list[tuple[TableKey, tuple[float, float, int, int]]]) -> float:
    """Return the bits of the longest integer of the largest table, for each unit of lmax."""
    key = own[-1][0]
    table = build_key(key)
    top = int(dict(key.parameters).get("lmax", 1)) or 1
    most = 0
    for column in (table.numerator, table.denominator):
        if len(column):
            high = column.max(axis=0)
            last = int(np.flatnonzero(high)[-1])
            most = max(most, 64 * last + int(high[last]).bit_length())
    return round(most / top, 1)


def workers() -> None:
    """Time the start of a worker, and builds with one process and with two."""
    starts = []
    for _ in range(5):
        with WorkerProcesses(1) as pool:
            task = (build_key, table_key("gaunt", 1))
            starts.append(
                seconds(lambda pool=pool, task=task: pool.submit(*task).result(), time.perf_counter)
            )
    print(
        f"start of a worker: {median(starts):.2f} s; the store takes them from {model.WORTH_PROCESSES} s on"
    )
    for lmax in (8, 10, 12, 14):
        key = table_key("clebsch_gordan", lmax)
        times: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(3):
            for count, own in times.items():
                forget()
                own.append(
                    seconds(lambda key=key, count=count: build_key(key, workers=count), time.perf_counter)
                )
        alone, both = median(times[1]), median(times[2])
        guess = estimate(key)
        print(
            f"{key!s:55} {guess.pieces:3d} pieces, estimated {guess.seconds:6.2f} s: alone {alone:6.2f} s, "
            f"two workers {both:6.2f} s, ratio {alone / both:.2f}"
        )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", action="store_true", help="measure the cost model afresh")
    parser.add_argument("--workers", action="store_true", help="measure what worker processes cost and gain")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["REPTHEORY_CACHE"] = folder
        if options.fit:
            fit()
        elif options.workers:
            workers()
        else:
            return 1 if choices() else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
