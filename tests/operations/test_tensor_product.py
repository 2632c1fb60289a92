"""Tensor products with instructions: every mode, forward and backward, within bounds."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from exact_weighted import weighted_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from weighted_cases import (
    MAKERS,
    channels,
    copies,
    draw,
    everything,
    many,
    whole_copies,
)

from reptheory.groups.o3 import Irreps
from reptheory.operations.channel_engine import ChannelEngine
from reptheory.operations.connected_engine import ConnectedEngine
from reptheory.operations.copy_engine import CopyEngine
from reptheory.operations.instructions import MODES
from reptheory.operations.tensor_product import (
    FullyConnectedTensorProduct,
    TensorProduct,
)
from reptheory.operations.weighted_engine import SampleEngine

Array = Any


def small(mode: str, layout: Any, shared: bool) -> TensorProduct:
    out = {"uvw": "3x2e", "uvu": "2x2e", "uvv": "2x2e", "uuw": "3x2e", "uuu": "2x2e", "uvuv": "4x2e"}[mode]
    return TensorProduct("2x1o", "2x1o", out, [(0, 0, 0, mode, True)], shared_weights=shared, layout=layout)


def test_the_engines_are_chosen_by_the_instructions() -> None:
    assert isinstance(channels()._engine, ChannelEngine)
    assert isinstance(copies()._engine, CopyEngine)
    assert [whole_copies(layout)._engine.plan("float32").direct for layout in ("mul_ir", "ir_mul")] == [0, 1]
    assert isinstance(everything()._engine, SampleEngine)
    wide = "32x0e+32x1o"
    assert isinstance(FullyConnectedTensorProduct(wide, wide, wide)._engine, ConnectedEngine)
    assert isinstance(
        FullyConnectedTensorProduct(wide, wide, wide, shared_weights=False)._engine, SampleEngine
    )
    assert isinstance(FullyConnectedTensorProduct(wide, "1x0e+1x1o", wide)._engine, SampleEngine)


@pytest.mark.parametrize("make", sorted(MAKERS))
@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_mode_equals_its_definition(make: str, layout: Any, shared: bool, dtype: str) -> None:
    """Product and gradients lie within their bounds of the exact sums, and a smaller bound would not do."""
    tp = MAKERS[make](layout, shared)
    x, y, weight, grad = draw(tp, 2, dtype)
    reference = weighted_reference(tp)
    z, bound = tp(x, y, weight, with_bound=True)
    gradients, bounds = tp.backward(x, y, weight, grad, with_bound=True)
    operands = (x, y, grad, weight)
    tight = tp.certificate(x, y, weight, z)
    tights = tp.backward_certificate(x, y, weight, grad, gradients)
    results = {
        2: (z, bound, tight),
        0: (gradients.x, bounds.x, tights.x),
        1: (gradients.y, bounds.y, tights.y),
        3: (gradients.weight, bounds.weight, tights.weight),
    }
    for axis, (result, limit, tight) in results.items():
        assert not reference.violations(axis, operands, result, tight)
        if dtype == "float64":
            assert reference.violations(axis, operands, result, tight * (1 - 1e-6)), "tight"
            assert (tight <= limit * (1 + 1e-9) + 1e-28).all()
        assert result.dtype == np.dtype(dtype)
        assert np.isfinite(limit).all()
        assert not reference.violations(axis, operands, result, limit)
        assert reference.violations(axis, operands, result, limit / 2000), "a bound must not be idle"
        assert reference.violations(axis, operands, result + 10 * limit.max(), limit)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_float64_inside_rounds_once(make: str) -> None:
    """Results are those of float64, rounded; bounds hold and shrink to one rounding."""
    narrow = MAKERS[make]()
    tp = copy.copy(narrow)
    tp.accumulate = "float64"
    operands = draw(narrow, 5, "float32")
    wide = [array.astype("float64") for array in operands]
    z, bound = tp(*operands[:3], with_bound=True)
    exact, slack = narrow(*wide[:3], with_bound=True)
    assert z.dtype == np.float32
    assert np.array_equal(z, exact.astype("float32"))
    assert (np.abs(z - exact) <= bound + slack).all()
    assert bound.max() < 3 * np.abs(z).max() * 2.0**-24
    found, bounds = tp.backward(*operands, with_bound=True)
    expected = narrow.backward(*wide)
    for one, limit, other in zip(found, bounds, expected, strict=True):
        assert np.array_equal(one, other.astype("float32"))
        assert (np.abs(one - other) <= limit * (1 + 1e-9)).all()
    assert np.array_equal(tp(*wide[:3]), exact)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_certificates_hold_and_are_tight(make: str) -> None:
    tp = MAKERS[make]()
    x, y, weight, _ = draw(tp, 3, "float32")
    claimed = tp(x, y, weight)
    claimed[1] += np.float32(0.5)
    reference = weighted_reference(tp)
    bound = tp.certificate(x, y, weight, claimed)
    operands = (x, y, np.zeros_like(claimed), weight)
    assert not reference.violations(2, operands, claimed, bound)
    assert reference.violations(2, operands, claimed, bound * (1 - 1e-6))
    claimed[0, 0] = np.nan
    assert np.isinf(tp.certificate(x, y, weight, claimed)[0, 0])


STYLES = {
    "float32": {"wide": (-12, 12), "subnormal": (-45, -38), "underflow": (-24, -14), "overflow": (12, 13.5)},
    "float64": {
        "wide": (-90, 90),
        "subnormal": (-323, -308),
        "underflow": (-165, -100),
        "overflow": (100, 104),
    },
}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*sorted(MODES), "channels", "many"]),
    st.booleans(),
    st.sampled_from(["mul_ir", "ir_mul"]),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(sorted(STYLES["float32"])),
    st.integers(0, 2**32),
)
def test_bounds_hold_for_every_number(
    mode: str, shared: bool, layout: Any, dtype: str, style: str, seed: int
) -> None:
    made = {"channels": channels, "many": many}.get(mode)
    tp = small(mode, layout, shared) if made is None else made(layout, shared)
    rng = np.random.default_rng(seed)
    arrays = []
    for array in draw(tp, 2, "float64", seed):
        with np.errstate(over="ignore"):
            scale = 10.0 ** rng.uniform(*STYLES[dtype][style], array.shape)
            arrays.append((array * scale * (rng.random(array.shape) > 0.1)).astype(dtype))
    x, y, weight, grad = arrays
    reference = weighted_reference(tp)
    z, bound = tp(x, y, weight, with_bound=True)
    gradients, bounds = tp.backward(x, y, weight, grad, with_bound=True)
    cases = {
        2: (z, bound),
        0: (gradients.x, bounds.x),
        1: (gradients.y, bounds.y),
        3: (gradients.weight, bounds.weight),
    }
    for axis, (result, limit) in cases.items():
        assert np.isinf(limit[~np.isfinite(result)]).all()
        assert not reference.violations(axis, (x, y, grad, weight), result, limit)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_bounds_know_that_large_numbers_follow_an_underflow(make: str) -> None:
    """Weights times the gradient of the product are below all floats, times x they are not."""
    tp = MAKERS[make]()
    x, y, weight, grad = (np.full_like(array, value) for array, value in zip(
        draw(tp, 1, "float32"), (1e15, 1.0, 1e-25, 1e-25), strict=True
    ))  # fmt: skip
    gradients, bounds = tp.backward(x, y, weight, grad, with_bound=True)
    reference = weighted_reference(tp)
    for axis, found, limit in zip((0, 1, 3), gradients, bounds, strict=True):
        assert not reference.violations(axis, (x, y, grad, weight), found, limit)


@pytest.mark.parametrize("make", sorted(MAKERS))
@pytest.mark.parametrize("shared", [True, False])
def test_gradients_equal_finite_differences(make: str, shared: bool) -> None:
    """The product is linear in each operand: central differences are exact up to rounding."""
    tp = MAKERS[make](shared=shared)
    operands = list(draw(tp, 2)[:3])
    grad = draw(tp, 2, seed=5)[3]
    for place, gradient in enumerate(tp.backward(*operands, grad)):
        rng = np.random.default_rng(place)
        for _ in range(5):
            step = rng.standard_normal(operands[place].shape)
            high, low = ([*operands] for _ in range(2))
            high[place], low[place] = operands[place] + step, operands[place] - step
            assert np.isclose(((tp(*high) - tp(*low)) * grad).sum() / 2, (gradient * step).sum(), rtol=1e-11)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_layouts_are_transposes(make: str) -> None:
    """The same product in both layouts, bit by bit."""
    inner, outer = MAKERS[make]("mul_ir"), MAKERS[make]("ir_mul")
    x, y, weight, _ = draw(inner, 5)

    def turned(array: Array, irreps: Irreps) -> Array:
        parts = [
            array[:, place].reshape(len(array), mul, ir.dim).swapaxes(1, 2).reshape(len(array), -1)
            for place, (mul, ir) in zip(irreps.slices(), irreps, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    z = outer(turned(x, inner.irreps_in1), turned(y, inner.irreps_in2), weight)
    assert np.array_equal(z, turned(inner(x, y, weight), inner.irreps_out))


@pytest.mark.parametrize("make", sorted(MAKERS))
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sample_does_not_know_its_batch_or_the_threads(make: str, shared: bool, dtype: str) -> None:
    one, two = MAKERS[make](shared=shared), MAKERS[make](shared=shared)
    one.threads, two.threads = 1, 2
    x, y, weight, grad = draw(one, 3000, dtype)
    z, gradients = one(x, y, weight), one.backward(x, y, weight, grad)
    assert np.array_equal(z, two(x, y, weight))
    for first, second in zip(gradients, two.backward(x, y, weight, grad), strict=True):
        assert np.array_equal(first, second)
    for n in (0, 63, 64, 2999):
        own = weight if shared else weight[n]
        assert np.array_equal(z[n], one(x[n], y[n], own))
        alone = one.backward(x[n], y[n], own, grad[n])
        assert np.array_equal(gradients.x[n], alone.x)
        assert np.array_equal(gradients.y[n], alone.y)
        if not shared:
            assert np.array_equal(gradients.weight[n], alone.weight)


@pytest.mark.parametrize("remake", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_and_pickles(remake: Any) -> None:
    tp = everything()
    x, y, weight, _ = draw(tp, 3)
    expected = tp(x, y, weight)
    other = remake(tp)
    assert repr(other) == repr(tp)
    assert np.array_equal(other(x, y, weight), expected)


def test_copies_of_y_add_up() -> None:
    """Whole vectors of copies of x: two copies of y, with weights of their own, are two products."""
    both, single = (
        TensorProduct("32x1o", f"{n}x1o", "32x0e", [(0, 0, 0, "uvu", True)], path_normalization="none")
        for n in (2, 1)
    )
    rng = np.random.default_rng(0)
    x, y, weight = rng.standard_normal((5, 96)), rng.standard_normal((5, 2, 3)), rng.standard_normal((32, 2))
    expected = sum(single(x, y[:, v], weight[:, v].copy()) for v in range(2))
    assert np.allclose(both(x, y.reshape(5, 6), weight.reshape(-1)), expected, rtol=1e-12, atol=1e-12)
