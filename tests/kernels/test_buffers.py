"""Buffers: memory comes back only when its last view is gone, never twice, never beyond the limit."""

from __future__ import annotations

import gc
import os
import threading

import numpy as np
import pytest

from reptheory.errors import TooLarge
from reptheory.kernels import buffers
from reptheory.kernels.buffers import LEAST_BYTES, empty

COUNT = LEAST_BYTES // 4


def test_memory_is_used_again_after_the_last_view() -> None:
    first = empty((COUNT,), "float32")
    place = first.ctypes.data
    view = first.reshape(2, -1)[1:, ::3]
    del first
    gc.collect()
    other = empty((COUNT,), "float32")
    assert not np.shares_memory(view, other), "a view keeps its memory"
    view[...] = 5
    other[...] = 7
    assert (view == 5).all()
    del view
    gc.collect()
    again = empty((COUNT,), "float32")
    assert again.ctypes.data == place
    assert (other == 7).all()
    assert not np.shares_memory(again, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (5, 7), (1 << 12, 1 << 11)])
def test_shape_dtype_and_place(shape: tuple[int, ...], dtype: str) -> None:
    array = empty(shape, dtype)
    assert array.shape == shape
    assert array.dtype == np.dtype(dtype)
    assert array.flags.c_contiguous
    assert array.flags.writeable
    if array.nbytes >= LEAST_BYTES:
        assert array.ctypes.data % 64 == 0
    array[...] = 3
    assert (array == 3).all()


def test_a_much_larger_buffer_is_not_given_away() -> None:
    large = empty((8 * COUNT,), "float32")
    place = large.ctypes.data
    del large
    gc.collect()
    assert empty((COUNT,), "float32").ctypes.data != place


def test_at_most_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "kept_bytes", lambda: 3 * LEAST_BYTES)
    arrays = [empty((COUNT + k,), "float32") for k in range(6)]
    del arrays
    gc.collect()
    assert sum(map(len, buffers._STORE._free)) <= 3 * LEAST_BYTES


def test_threads_never_share_a_buffer() -> None:
    wrong: list[int] = []

    def work(mark: int) -> None:
        for _ in range(30):
            array = empty((COUNT,), "float32")
            array[...] = mark
            if not (array == mark).all():
                wrong.append(mark)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_its_own_memory() -> None:
    array = empty((COUNT,), "float32")
    array[...] = 1
    child = os.fork()
    if child == 0:
        array[...] = 2
        del array
        os._exit(0)
    os.waitpid(child, 0)
    assert (array == 1).all()


@pytest.mark.parametrize("shape", [(1 << 46,), (1 << 62, 8), (1 << 40, 1 << 40)])
def test_what_the_system_does_not_give_is_refused_with_its_size(shape: tuple[int, ...]) -> None:
    """One that mmap refuses, one beyond all addresses, one beyond int64."""
    with pytest.raises(TooLarge, match=r"the result: .* numbers of float32 need .* GB"):
        empty(shape, "float32")
