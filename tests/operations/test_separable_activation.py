"""Separable activations: scalars are checked like functions on the grid; dtypes, broadcasting, bounds."""

from __future__ import annotations

import warnings
from typing import Any

import flint
import numpy as np
import pytest

from reptheory.errors import LabelError, OperandError
from reptheory.operations.separable_activation import SeparableSphereActivation

Array = Any
arb = flint.arb


def drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(("dtype", "ends"), [("float32", (-104, -85)), ("float64", (-746, -700))])
def test_bounds_of_silu_hold_where_it_is_denormal(dtype: str, ends: tuple[int, int]) -> None:
    act = SeparableSphereActivation(1, "silu", "silu")
    scalars = np.append(np.random.default_rng(0).uniform(*ends, 300), [-103.96357, -0.5]).astype(dtype)
    z, bound = act(scalars, np.zeros((302, 4), dtype), with_bound=True)
    for value, limit, at in zip(z[:, 0].tolist(), bound[:, 0].tolist(), scalars.tolist(), strict=True):
        assert abs(arb(value) - arb(at) / (1 + (-arb(at)).exp())) <= limit
        assert limit <= 10 * max(abs(value) * np.finfo(dtype).eps, np.finfo(dtype).smallest_subnormal)


@pytest.mark.parametrize(
    "wrong", [lambda v: v > 0, lambda v: v + 1j, np.sum, lambda v: v[..., :1], lambda _: 0]
)
def test_the_function_of_scalars_is_checked(wrong: Any) -> None:
    x, scalars = drawn(1, 3, 4), drawn(2, 3)
    act = SeparableSphereActivation(1, "tanh", wrong, scalar_derivative=wrong)
    out = np.full((3, 4), 7.0)
    for with_bound in (False, True):
        with pytest.raises(OperandError, match=r"^scalar_function: it returned"):
            act(scalars, x, out=out, with_bound=with_bound)
        with pytest.raises(OperandError, match=r"^scalar_derivative: it returned"):
            act.backward(scalars, x, x, with_bound=with_bound)
    assert (out == 7).all()


def test_nothing_is_written_before_operands_are_refused() -> None:
    act, out = SeparableSphereActivation(1, "tanh", "tanh"), np.full((3, 4), 7.0)
    with pytest.raises(OperandError, match=r"^scalars, x: leading axes"):
        act(drawn(3, 2), drawn(4, 3, 4), out=out)
    with pytest.raises(OperandError, match=r"^x: "):
        act(drawn(3, 3), drawn(4, 3, 9), out=out)
    assert (out == 7).all()
    with pytest.raises(LabelError, match=r"^channels: "):
        SeparableSphereActivation(1, np.tanh, "tanh", channels=2)


@pytest.mark.parametrize(("own", "other"), [("f4", "f8"), ("f8", "f4"), ("f4", "f4")])
def test_the_wider_dtype_decides(own: str, other: str) -> None:
    act = SeparableSphereActivation(2, "silu", "tanh")
    scalars, x, grad = drawn(5, 6).astype(own), drawn(6, 6, 9).astype(other), drawn(7, 6, 9).astype("f4")
    wide = max(own, other)
    z, bound = act(scalars, x, with_bound=True)
    assert z.dtype == wide
    assert np.array_equal(z, act(scalars.astype(wide), x.astype(wide)))
    assert (z[:, 0] == np.tanh(scalars.astype(wide))).all()
    assert bound.max() < (1e-5 if wide == "f4" else 1e-13)
    for dtype in ("f4", "f8"):
        found = act.backward(scalars, x, grad.astype(dtype))
        assert [one.dtype for one in found] == [max(wide, dtype)] * 2


def test_scalars_and_features_broadcast() -> None:
    act = SeparableSphereActivation(1, "silu", "tanh", lmax_out=2)
    for shapes in (((), (5, 4)), ((5,), (4,)), ((3, 1), (5, 4)), ((5,), (3, 1, 4))):
        scalars, x = drawn(8, *shapes[0]), drawn(9, *shapes[1])
        leading = np.broadcast_shapes(shapes[0], shapes[1][:-1])
        full = np.broadcast_to(scalars, leading), np.broadcast_to(x, (*leading, 4))
        z, bound = act(scalars, x, with_bound=True)
        assert np.array_equal(z, act(*full))
        assert z.shape == bound.shape == (*leading, 9)
        grad = drawn(10, *leading, 9)
        values, limits = act.backward(scalars, x, grad, with_bound=True)
        wholes = act.backward(*full, grad)
        for value, limit, plain, whole, own in zip(
            values, limits, act.backward(scalars, x, grad), wholes, (scalars, x), strict=True
        ):
            assert value.shape == limit.shape == own.shape
            assert np.array_equal(value, plain)
            assert value.sum() == pytest.approx(whole.sum())


def test_no_warnings_escape_from_huge_and_infinite_numbers() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype in ("f4", "f8"):
            most = np.finfo(dtype).max
            scalars = np.array([np.inf, -np.inf, np.nan, most, -most, 1.0], dtype)
            x = drawn(11, 6, 9).astype(dtype)
            x[:, 3] = scalars[::-1]
            for name in ("silu", "tanh", "sin", "softplus"):
                act = SeparableSphereActivation(2, name, name)
                act(scalars, x)
                act(scalars, x, with_bound=True)
                act.backward(scalars, x, x, with_bound=True)
                act.backward(scalars, x, x)
            assert act(np.array(-np.inf), np.zeros(9))[0] == 0
