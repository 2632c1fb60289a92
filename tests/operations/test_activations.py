"""Activations by name: units in the last place against balls, where results are denormal too; no warnings."""

from __future__ import annotations

import warnings
from typing import Any

import flint
import numpy as np
import pytest

from reptheory.operations.activations import ACTIVATIONS
from reptheory.operations.sphere_functions import SphereActivation

Array = Any
arb = flint.arb


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


EXACT: dict[str, tuple[Any, Any]] = {
    "tanh": (arb.tanh, lambda x: 1 - x.tanh() ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x)),
    "silu": (lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x))),
    "softplus": (lambda x: x.exp().log1p(), _sigmoid),
    "sin": (arb.sin, arb.cos),
    "relu": (lambda x: x if x > 0 else arb(0), lambda x: arb(int(x > 0))),
    "identity": (lambda x: x, lambda _: arb(1)),
}
"""Functions and their derivatives."""


def off(found: Array, exact: list[Any], least: float) -> float:
    """Return the largest error in units in the last place of the exact values, or of `least` below it."""
    sizes = np.maximum(np.abs([float(one) for one in exact]), least).astype(found.dtype)
    pairs = zip(found.tolist(), exact, np.spacing(sizes).tolist(), strict=True)
    return max(float(abs(arb(one) - true) / arb(unit)) for one, true, unit in pairs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_four_units_in_the_last_place_hold_down_to_the_smallest_numbers(name: str, dtype: str) -> None:
    lowest, normal = (-110, -85) if dtype == "float32" else (-760, -700)
    rng = np.random.default_rng(0)
    at = np.concatenate(
        [rng.uniform(*ends, 120) for ends in ((lowest, -lowest), (lowest, normal), (-70, -60), (-4, 4))]
    ).astype(dtype)
    known, (function, slope) = ACTIVATIONS[name], EXACT[name]
    exact = [arb(float(one)) for one in at]
    old, flint.ctx.prec = flint.ctx.prec, 160
    try:
        assert off(known.function(at), [function(one) for one in exact], 0.0) <= 4
        assert off(known.derivative(at), [slope(one) for one in exact], 1.0) <= 4
    finally:
        flint.ctx.prec = old


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_huge_and_infinite_values_have_their_limits_without_warnings(name: str, dtype: str) -> None:
    most = np.finfo(dtype).max
    at = np.array([np.inf, -np.inf, np.nan, most, -most, 0.0], dtype)
    known = ACTIVATIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, slopes = known.function(at), known.derivative(at)
        assert values.dtype == slopes.dtype == at.dtype
        for one in (at[1:2], at[:0], np.array(at[1])):
            assert known.function(one).shape == known.derivative(one).shape == one.shape
        if name != "identity":
            assert np.isnan(values[2])
        if name != "sin":
            limits = np.where(values[3:5] == at[3:5], at[:2], values[3:5])
            assert np.array_equal(values[:2], limits)
            assert np.array_equal(slopes[:2], slopes[3:5])
        act = SphereActivation(2, name)
        x = np.random.default_rng(1).standard_normal((5, 9)).astype(dtype)
        x[:, 4] *= np.array([most / 8, -most / 8, np.inf, -np.inf, np.nan])
        _, bound = act(x, with_bound=True)
        act.backward(x, x, with_bound=True)
        act.backward(np.zeros_like(x), x)
        assert np.isinf(bound[2:]).all()


def test_shifted_arguments_are_exact() -> None:
    """What silu adds to very negative numbers rounds nothing, at the ends of where it is added."""
    for dtype, edge in (("float32", 64), ("float64", 512)):
        ends = np.array([-1.75 * edge, np.nextafter(np.array(-edge, dtype), np.array(-np.inf, dtype))], dtype)
        assert (ends + np.array(edge / 2, dtype) - np.array(edge / 2, dtype) == ends).all()
