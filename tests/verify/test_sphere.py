"""Checks of the sphere: they hold on real features, and see what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.operations.sphere_transforms import FromGrid
from reptheory.verify.enclosure import Enclosure
from reptheory.verify.exact_product import exact_products
from reptheory.verify.sphere import check_sphere


def exact(work: Any, dtype: str) -> tuple[Any, Any, Enclosure]:
    x, y = work.x.astype(dtype), work.y.astype(dtype)
    found = exact_products(x.astype(np.float64), y.astype(np.float64), work.coupling)
    return x, y, found.gaunt[work.coupling.lmax]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_hold_with_bounds_that_are_not_idle(work: Any, dtype: str) -> None:
    unit = float(np.finfo(dtype).eps)
    for check in check_sphere(*exact(work, dtype)[:2], work.coupling.lmax, exact(work, dtype)[2]):
        assert check.holds
        assert dtype in check.subject
        assert check.figures["worst_error"] < 100 * unit
        assert check.figures["worst_error"] < check.figures["worst_bound"] < 1e4 * unit


def test_a_wrong_operand_a_small_bound_and_a_wrong_grid_are_found(
    work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y, found = exact(work, "float64")
    assert not check_sphere(x, y[::-1], 2, found)[1].holds
    original = FromGrid.__call__

    def scaled(self: FromGrid, *given: Any, with_bound: bool = False, **options: Any) -> Any:
        answer: Any = original(self, *given, with_bound=with_bound, **options)
        return (answer[0] * (1 + 1e-9), answer[1]) if with_bound else answer * (1 + 1e-9)

    monkeypatch.setattr(FromGrid, "__call__", scaled)
    assert not any(check.holds for check in check_sphere(x, y, 2, found))
