"""Checks of products of three: they hold on real features, and see what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.operations.gaunt_many_body import GauntManyBody
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.verify.exact_product import exact_products
from reptheory.verify.many_body import check_many_body, exact_product_of_three


def exact(work: Any, dtype: str) -> tuple[Any, Any, Any]:
    x, y = work.x.astype(dtype), work.y.astype(dtype)
    found = exact_products(x.astype(np.float64), y.astype(np.float64), work.coupling)
    return x, y, found.gaunt[work.coupling.lmax]


def test_the_exact_product_is_that_of_two_products(work: Any) -> None:
    x, y, pairs = exact(work, "float64")
    lmax = work.coupling.lmax
    z = exact_product_of_three(x[:3], pairs[:3], work.coupling, lmax)
    both = GauntTensorProduct(lmax, lmax, 2 * lmax)(x[:3], y[:3])
    assert np.allclose(z.high, GauntTensorProduct(2 * lmax, lmax, lmax)(both, x[:3]), rtol=0, atol=1e-13)
    assert z.radius.max() < 1e-25


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_methods_hold_with_bounds_that_are_not_idle(work: Any, dtype: str) -> None:
    unit = float(np.finfo(dtype).eps)
    checks = check_many_body(
        *exact(work, dtype)[:2], work.coupling.lmax, exact(work, dtype)[2], work.coupling
    )
    assert len(checks) == 3
    for check in checks:
        assert check.holds
        assert dtype in check.subject
        assert check.figures["worst_error"] < check.figures["worst_bound"] < 1e3 * unit


def test_a_wrong_operand_and_a_wrong_product_are_found(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, pairs = exact(work, "float64")
    assert not any(check.holds for check in check_many_body(x, y[::-1], 2, pairs, work.coupling))
    original = GauntManyBody.__call__

    def scaled(self: GauntManyBody, *given: Any, **options: Any) -> Any:
        z, bound = original(self, *given, **options)
        return z * (1 + 1e-9), bound

    monkeypatch.setattr(GauntManyBody, "__call__", scaled)
    assert not any(check.holds for check in check_many_body(x, y, 2, pairs, work.coupling))
