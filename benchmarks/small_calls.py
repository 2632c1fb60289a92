"""Small calls: what one sample costs beyond its arithmetic, and an empty batch, for every operation.

    python benchmarks/small_calls.py [--dtype float32] [--seconds 0.1] [name ...]

The operations are those of `tests/every_operation.py`; names choose those that contain one of them. Times are
processor time, the least of many calls on arrays that are ready, after what is made once. Kernels: the
compiled functions of that call, recorded with their arguments and called again from a compiled loop, where
handing over arguments costs nothing. Overhead is the rest: reading and checking operands, making arrays,
handing arguments over to compiled code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from processors import use_threads

parser = argparse.ArgumentParser(description="The time of one sample and of none, operation by operation.")
parser.add_argument("names", nargs="*", help="parts of names of operations; all of them without one")
parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
parser.add_argument("--seconds", type=float, default=0.1, help="how long each call is repeated")
options = parser.parse_args()
use_threads(1)

import time  # noqa: E402

import numba  # noqa: E402
import numpy as np  # noqa: E402
from numba.core.dispatcher import Dispatcher  # noqa: E402
from side_by_side import fastest  # noqa: E402

from reptheory.kernels.pool import Prepared, scratch  # noqa: E402
from reptheory.operations.unrolled_engine import UnrolledEngine  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from every_operation import CASES, Case, gradients  # noqa: E402

Call = Callable[[], Any]
TOGETHER = 10
"""Calls between two looks at the clock, whose steps are coarser than a call."""


class Recorder:
    """A compiled function that keeps the arguments of its calls, if it takes a plan or is one.

    Others order samples: they may change what they read, cannot be repeated, and count as overhead.
    """

    def __init__(self, function: Any, calls: list[tuple[Any, tuple[Any, ...]]], *, own: bool = False) -> None:
        self.function, self.calls, self.own = function, calls, own

    def __call__(self, *arguments: Any) -> Any:
        if self.own or any(isinstance(one, tuple) for one in arguments):
            self.calls.append((self.function, arguments))
        return self.function(*arguments)


@contextmanager
def recorded() -> Iterator[list[tuple[Any, tuple[Any, ...]]]]:
    """Record the calls of the package's compiled functions from Python."""
    calls: list[tuple[Any, tuple[Any, ...]]] = []
    modules = [module for name, module in sys.modules.items() if name.startswith("reptheory.operations")]
    found = [(m, name, one) for m in modules for name, one in vars(m).items() if isinstance(one, Dispatcher)]

    def call(self: Prepared, arrays: tuple[Any, ...], first: int, last: int, *more: Any) -> None:
        function, plan, need, dtype = self._ready
        Recorder(function, calls)(*arrays, first, last, plan, *more, scratch(need, dtype))

    for module, name, function in found:
        setattr(module, name, Recorder(function, calls))
    plain, Prepared.call = Prepared.call, call  # type: ignore[method-assign]
    kept: Any = vars(UnrolledEngine)["_kernel"]  # a property goes before what an engine keeps
    unrolled = property(lambda self: Recorder(kept.__get__(self), calls, own=True))
    setattr(UnrolledEngine, "_kernel", unrolled)  # noqa: B010
    try:
        yield calls
    finally:
        Prepared.call = plain  # type: ignore[method-assign]
        setattr(UnrolledEngine, "_kernel", kept)  # noqa: B010
        for module, name, function in found:
            setattr(module, name, function)


@cache
def loop(function: Any) -> Any:
    """Return a compiled loop over calls of a compiled function."""

    def repeat(count: int, arguments: Any) -> None:
        for _ in range(count):
            function(*arguments)

    return numba.njit(nogil=True, error_model="numpy")(repeat)


def least(call: Call, together: int) -> float:
    """Return microseconds of one of the `together` calls that `call` makes."""
    call()
    return 1e6 * fastest(call, options.seconds, time.process_time) / together


def times(call: Call) -> tuple[float, float]:
    """Return microseconds of a call, and of the compiled functions in it."""

    def many() -> None:
        for _ in range(TOGETHER):
            call()

    total = least(many, TOGETHER)
    with recorded() as calls:
        call()
    kernels = [least(partial(loop(one), 100, arguments), 100) for one, arguments in calls]
    return total, sum(kernels)


def calls_of(case: Case, samples: int) -> list[Call | None]:
    """Return the call of an operation, and that of its gradients if it has some."""
    operation, operands = case.draw(samples, options.dtype)
    z = operation(*operands)
    if not hasattr(operation, "backward"):
        return [partial(operation, *operands), None]
    return [partial(operation, *operands), partial(gradients, operation, operands, np.ones_like(z))]


def main() -> None:
    """Print the table."""
    print(f"{options.dtype}, microseconds")
    print(f"{'':30}{'one sample':>27}{'':9}{'its gradients':>27}{'':9}")
    print(f"{'':30}" + 2 * f"{'call':>9}{'kernels':>9}{'overhead':>9}{'empty':>9}")
    for name, case in CASES.items():
        if options.names and not any(part in name for part in options.names):
            continue
        line = f"{name:30}"
        for one, none in zip(calls_of(case, 1), calls_of(case, 0), strict=True):
            if one is None or none is None:
                continue
            total, kernels = times(one)
            for value in (total, kernels, total - kernels, times(none)[0]):
                line += f"{value:9.1f}"
        print(line, flush=True)


main()
