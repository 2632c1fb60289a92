"""Processors and options of a run. Imported before the libraries, whose thread pools start on import."""

from __future__ import annotations

import argparse
import os

__all__ = ["against_peers", "use_threads"]


def use_threads(count: int) -> None:
    """Keep this process on `count` processors, and every library's pool to as many threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    os.environ.setdefault("OMP_NUM_THREADS", str(count))


def against_peers(description: str, batch: int = 10_000) -> argparse.ArgumentParser:
    """Return a parser of the options that all comparisons with peers have; `peers.Run` goes by them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.15, help="least time of a turn")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--forward-only", action="store_true", help="no gradients")
    parser.add_argument(
        "--without", nargs="*", default=[], help="contenders to leave out: words of their names"
    )
    return parser
