"""Processors and threads of a run. Imported before the libraries, whose thread pools start on import."""

from __future__ import annotations

import os

__all__ = ["use_threads"]


def use_threads(count: int) -> None:
    """Keep this process on `count` processors, and every library's pool to as many threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    os.environ.setdefault("OMP_NUM_THREADS", str(count))
