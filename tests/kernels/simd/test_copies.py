"""Vectors for products copy by copy against their plain twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import config, njit

from reptheory.kernels.copywise import GROUP
from reptheory.kernels.pool import scratch
from reptheory.kernels.simd import copies
from reptheory.kernels.simd import plain as twins
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.copy_plan import copy_plan
from reptheory.operations.tensor_product import TensorProduct

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any


@njit
def couple_4(
    work: Array, values: Array, index: Array, rows: Array, groups: Array, count: int, x: Array, y: Array,
    z: Array, p: int, f0: int,
) -> None:  # fmt: skip
    copies.couple_4(work, values, index, rows, groups, count, x, 1, y, 2, z, 3, p, f0)


@njit
def pull_4(
    work: Array, values: Array, index: Array, rows: Array, groups: Array, count: int, x: Array, y: Array,
    z: Array, p: int, f0: int, gx: Array, gy: Array, h0: int, t0: int,
) -> None:  # fmt: skip
    copies.pull_4(
        work, values, index, rows, groups, count, x, 1, y, 2, z, 3, p, f0, gx, 4, gy, 5, h0, t0
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("copies", [9, 70])
def test_couple_and_pull_equal_their_twins(dtype: str, copies: int) -> None:
    """On small integers sums are exact, so the two must agree bit by bit."""
    irreps = f"{copies}x0e+{copies}x1o+{copies}x2e"
    instructions = [
        (1, 1, 0, "uuu", True),
        (1, 2, 1, "uuu", True),
        (2, 2, 2, "uuu", True),
        (1, 1, 2, "uuu", True),
    ]
    plan = copy_plan(TensorProduct(irreps, irreps, irreps, instructions)._spec, dtype)
    rng = np.random.default_rng(copies)
    span = 4 * lanes_of(dtype)
    _, x_tile, y_tile, z_tile, outer, longest, width = plan.sizes
    sizes = (x_tile + 1, y_tile + 2, z_tile + 3, x_tile + 4, y_tile + 5)
    arrays = [rng.integers(-3, 4, size).astype(dtype) for size in sizes]
    f0, t0 = 0, len(plan.paths) * width
    p = t0 + t0
    h0 = p + outer * span
    work = scratch(h0 + longest * span, dtype)
    work[:] = rng.integers(-3, 4, len(work))
    values = rng.integers(-3, 4, len(plan.values)).astype(dtype)
    tables = values, plan.places, plan.rows.reshape(-1), plan.groups.reshape(-1), plan.groups.size // GROUP
    results = []
    for couple, pull, starts, more in (
        (couple_4, pull_4, ((), (), ()), ()),
        (twins.couple_plain, twins.copy_pull_plain, ((1,), (2,), (3,)), (4,)),
    ):
        own, (x, y, z, gx, gy) = work.copy(), (array.copy() for array in arrays)
        operands = [part for pair in zip((x, y, z), starts, strict=True) for part in (pair[0], *pair[1])]
        couple(own, *tables, *operands, p, f0, *more)
        targets = (gx, gy) if not more else (gx, 4, gy, 5)
        pull(own, *tables, *operands, p, f0, *targets, h0, t0, *more)
        results.append((own, z, gx, gy))
    assert all(np.array_equal(fast, plain) for fast, plain in zip(*results, strict=True))
    assert not np.array_equal(results[0][1], arrays[2])
    assert not np.array_equal(results[0][2], arrays[3])
