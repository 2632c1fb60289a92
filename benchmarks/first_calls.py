"""First calls: what compiling costs, for every operation, and what is left of it where the code is kept.

    python benchmarks/first_calls.py [--dtype float32] [name ...]

The operations are those of `tests/every_operation.py`; names choose those that contain one of them. Figures
are processor seconds of the first call in a process of its own, plans and Numba's own start included, and of
the first gradients after it; imports and operands are made before. Cold: with an empty folder of compiled
code; warm: with what the cold process left there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba  # noqa: F401 # its import is not what is measured
import numpy as np
from processors import use_threads

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))
from every_operation import CASES, gradients  # noqa: E402


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def measure(name: str, dtype: str) -> None:
    """Print the seconds of the first call and of the first gradients in this process."""
    operation, operands = CASES[name].draw(40, dtype)
    results = []
    print(seconds(lambda: results.append(operation(*operands))))
    if hasattr(operation, "backward"):
        grad = np.ones_like(results[0])
        print(seconds(lambda: gradients(operation, operands, grad)))


def elsewhere(name: str, dtype: str, folder: str) -> list[float]:
    """Return what `measure` prints in a process of its own that keeps compiled code in `folder`."""
    program = f"import first_calls; first_calls.measure({name!r}, {dtype!r})"
    path = os.pathsep.join([str(TESTS), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    settings = {**os.environ, "REPTHEORY_CODE_CACHE": folder, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], env=settings, check=True, capture_output=True)
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Processor seconds of first calls, cold and warm.")
    parser.add_argument("names", nargs="*", help="parts of names of operations; all of them without one")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    options = parser.parse_args()
    use_threads(1)
    print(f"{options.dtype}, processor seconds")
    print(f"{'':30}{'first call':>16}{'first gradients':>18}\n{'':30}" + 2 * f"{'cold':>9}{'warm':>8}")
    for name in CASES:
        if options.names and not any(part in name for part in options.names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o700)
            cold, warm = (elsewhere(name, options.dtype, folder) for _ in range(2))
        times = "".join(f"{one:9.2f}{other:8.2f}" for one, other in zip(cold, warm, strict=True))
        print(f"{name:30}{times}", flush=True)


if __name__ == "__main__":
    main()
