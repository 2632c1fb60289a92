"""Vectors for products copy by copy against their plain twins."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from numba import config, njit

from reptheory.groups.o3 import Irreps
from reptheory.kernels.pool import scratch
from reptheory.kernels.simd import copies
from reptheory.kernels.simd import copies_plain as twins
from reptheory.kernels.simd.copy_code import copy_code
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.copy_plan import copy_plan
from reptheory.operations.tensor_product import TensorProduct

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the twins are the kernels here")

Array = Any


@cache
def kernels(code: str) -> tuple[Any, Any]:
    """Return compiled callers of the two steps."""

    @njit
    def couple(work: Array, tables: Any, count: int, starts: Any) -> None:
        values, index, paths, nodes, exits, groups = tables
        x, y, z, h, f = starts
        copies.couple_4(work, values, index, paths, nodes, exits, groups, count, x, y, z, h, f, code)

    @njit
    def pull(work: Array, tables: Any, count: int, starts: Any, more: Any, pulls: Array) -> None:
        values, index, paths, nodes, exits, groups = tables
        (x, y, z, h, f), (gx, gy, p, t) = starts, more
        copies.pull_4(
            work, values, index, paths, nodes, exits, groups, count, x, y, z, h, f, gx, gy, p, t, pulls
        )

    return couple, pull


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("copies", [9, 70])
def test_couple_and_pull_equal_their_twins(dtype: str, copies: int) -> None:
    """On small integers sums are exact, so tables, code and twins must agree bit by bit."""
    irreps = "+".join(f"{copies}x{ir}" for ir in ("1o", "1e", "2e"))
    kinds = Irreps(irreps)
    instructions = [
        (i, j, k, "uuu", True)
        for (i, (_, x)), (j, (_, y)), (k, (_, z)) in product(*[list(enumerate(kinds))] * 3)
        if z in x * y
    ]
    plan = copy_plan(TensorProduct(irreps, irreps, irreps, instructions)._spec, dtype)
    rng = np.random.default_rng(copies)
    span = 4 * lanes_of(dtype)
    _, x_tile, y_tile, z_tile, weighted, paired, width = plan.sizes
    sizes = (x_tile, y_tile, z_tile, weighted * span, len(plan.paths) * width)
    sizes += (x_tile, y_tile, paired * span, len(plan.paths) * width)
    places = [int(place) for place in np.cumsum((0, *sizes))]
    starts, more = tuple(places[:5]), tuple(places[5:9])
    given = scratch(places[-1], dtype)
    given[:] = rng.integers(-2, 3, len(given))
    values = rng.integers(-2, 3, len(plan.values)).astype(dtype)
    tables = (
        values,
        plan.places,
        *(t.reshape(-1) for t in (plan.paths, plan.nodes, plan.exits, plan.groups)),
    )
    count, pulls = len(plan.groups), plan.pulls.reshape(-1)
    results: list[Array] = []
    for code in (copy_code(plan.groups, plan.paths, plan.exits, plan.nodes, plan.places), ""):
        couple, pull = kernels(code)
        work = given.copy()
        couple(work, tables, count, starts)
        results.append(work[places[2] : places[3]].copy())
    pull(work, tables, count, starts, more, pulls)
    twin = given.copy()
    twins.couple_plain(twin, *tables, count, *starts, "", 4)
    assert all(np.array_equal(result, twin[places[2] : places[3]]) for result in results)
    assert not np.array_equal(twin[places[2] : places[3]], given[places[2] : places[3]])
    twins.copy_pull_plain(twin, *tables, count, *starts, *more, pulls, 4)
    assert np.array_equal(work, twin)
    for place in (5, 6, 8):
        part = slice(places[place], places[place + 1])
        assert not np.array_equal(work[part], given[part])
