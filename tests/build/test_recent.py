"""Recent tables: bounded in bytes, the least recently used goes first, safe across fork."""

import os
import threading
import warnings

from reptheory.build.library import build_table
from reptheory.build.recent import Recent


def test_the_least_recently_used_goes_first():
    tables = [build_table("theta_fourier", lmax) for lmax in (5, 5, 5)]
    first, second, third = build_table("gaunt", 0), build_table("theta_fourier", 2), tables[0]
    recent = Recent(first.nbytes + second.nbytes + third.nbytes - 1)
    recent.put(first)
    recent.put(second)
    assert recent.get(first.key) is first
    recent.put(third)
    assert recent.get(second.key) is None
    assert recent.get(first.key) is first
    assert recent.get(third.key) is third
    recent.clear()
    assert recent.get(first.key) is None


def test_what_is_too_large_is_not_kept():
    table = build_table("theta_fourier", 2)
    recent = Recent(table.nbytes - 1)
    recent.put(table)
    assert recent.get(table.key) is None


def test_a_child_does_not_inherit_a_held_lock():
    recent = Recent(1 << 20)
    held, done = threading.Event(), threading.Event()

    def hold():
        with recent._lock:
            held.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    child = fork()
    if child == 0:
        recent.clear()  # would wait for ever on the inherited lock
        os._exit(0)
    try:
        assert os.waitpid(child, 0)[1] == 0
    finally:
        done.set()
        holder.join()


def fork():
    """Fork in spite of the warning that Python gives when other threads run: they are the point here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
