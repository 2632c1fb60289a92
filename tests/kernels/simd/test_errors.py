"""Steps of errors against their twins in NumPy; what stands around the targets survives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import config, njit

from reptheory.kernels.simd import errors

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any
HALF = 128


@njit
def charge(work: Array, count: int, start: int, rate: float, eta: float) -> None:
    errors.charge(work, HALF, count, start, rate, eta)


@njit
def times(work: Array, count: int, a: int, b: int, target: int, u: float, eta: float) -> None:
    errors.times(work, HALF, count, a, b, target, u, eta)


@njit
def add(work: Array, count: int, source: int, target: int, sign: float) -> None:
    errors.add(work, HALF, count, source, target, sign)


STEPS = [
    (charge, errors.charge_plain, (24, 8, 0.25, 1e-3)),
    (times, errors.times_plain, (16, 0, 32, 64, 1e-3, 1e-5)),
    (add, errors.add_plain, (16, 0, 40, -1.0)),
    (add, errors.add_plain, (8, 0, 40, 1.0)),
    (add, errors.add_plain, (8, 0, 40, 0.0)),
]


@pytest.mark.parametrize(("step", "plain", "arguments"), STEPS)
def test_a_step_equals_its_twin(step: Any, plain: Any, arguments: tuple[Any, ...]) -> None:
    rng = np.random.default_rng(0)
    work = rng.standard_normal(2 * HALF)
    work[HALF:] = 1e-3 * np.abs(work[HALF:])
    fast, slow = work.copy(), work.copy()
    step(fast, *arguments)
    plain(slow, HALF, *arguments)
    assert np.allclose(fast, slow, rtol=1e-14, atol=0)
    assert np.array_equal(fast == work, slow == work)
    assert (fast != work).any()


def test_a_first_term_overwrites_what_is_no_number() -> None:
    work = np.ones(2 * HALF)
    work[[40, HALF + 40]] = np.nan
    add(work, 8, 0, 40, 0.0)
    assert (work == 1).all()
