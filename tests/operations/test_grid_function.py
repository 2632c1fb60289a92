"""Functions that mix channels on the grid, and what functions of a user may return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.errors import LabelError, OperandError
from reptheory.operations.sphere_functions import SphereActivation, SphereFunction

Array = Any
WEIGHT = np.random.default_rng(0).standard_normal((3, 4))


def drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape)


def normalised(v: Array) -> Array:
    return v / np.sqrt(0.1 + (v**2).mean(axis=-3, keepdims=True))


def normalised_back(v: Array, grad: Array) -> Array:
    size = np.sqrt(0.1 + (v**2).mean(axis=-3, keepdims=True))
    return grad / size - v * (v * grad).mean(axis=-3, keepdims=True) / size**3


def layer(v: Array) -> Array:
    return np.tanh(np.einsum("kc,...crp->...krp", WEIGHT, v))


def layer_back(v: Array, grad: Array) -> Array:
    return np.einsum("kc,...krp->...crp", WEIGHT, grad * (1 - layer(v) ** 2))


def gated(v: Array, gate: Array, extra: Array) -> Array:
    return extra * v.sum(axis=-3, keepdims=True) * gate


def gated_back(v: Array, gate: Array, extra: Array, grad: Array) -> tuple[Array, Array]:
    inner = (gate * extra * grad).sum(axis=-3, keepdims=True)
    return inner + 0 * v, extra * grad * v.sum(axis=-3, keepdims=True)


CASES = [(normalised, normalised_back, 4, 4), (layer, layer_back, (4, 3), 3)]


@pytest.mark.parametrize(("function", "pullback", "channels", "made"), CASES)
def test_batches_of_any_size_give_the_same(function: Any, pullback: Any, channels: Any, made: int) -> None:
    act = SphereActivation(3, function, channels=channels, pullback=pullback)
    x, grad = drawn(1, 2, 1000, 4, 16), drawn(2, 2, 1000, made, 16)
    assert len(act._blocks(act._read((x,)), ())[1]) > 1
    whole, back = act(x), act.backward(x, grad)
    assert whole.shape == grad.shape
    assert back.shape == x.shape
    assert whole[1, :50] == pytest.approx(act(x[1, :50]), abs=1e-12)
    assert back[1, :50] == pytest.approx(act.backward(x[1, :50], grad[1, :50]), abs=1e-12)
    assert act(x[0, 0]) == pytest.approx(whole[0, 0], abs=1e-12)
    out = np.empty_like(whole)
    assert np.array_equal(act(x, out=out), whole)
    assert act(np.zeros((0, 4, 16))).shape == (0, made, 16)
    narrow = act.backward(x.astype("f4"), grad.astype("f4"))
    assert act(x.astype("f4")).dtype == narrow.dtype == "f4"


def test_axes_behind_the_one_that_is_cut_stay_as_they_are() -> None:
    """So that also an undeclared normalisation of a few channels gives the same for any number of samples."""
    act = SphereActivation(3, normalised)
    for shape in ((2000, 4), (3, 1000, 4), (2000, 2, 4)):
        x = drawn(12, *shape, 16)
        last = x.reshape(-1, shape[-1], 16)[-1]
        assert act(x).reshape(-1, shape[-1], 16)[-1] == pytest.approx(act(last), abs=1e-12)


def test_one_sample_of_more_channels_than_a_block() -> None:
    act = SphereActivation(0, normalised, channels=20_000, pullback=normalised_back)
    x = drawn(13, 20_000, 1)
    both = np.stack([x, x])
    assert act(both)[1] == pytest.approx(act(x), abs=1e-12)
    assert act.backward(both, both)[1] == pytest.approx(act.backward(x, x), abs=1e-12)


@pytest.mark.parametrize(("function", "pullback", "channels", "made"), CASES)
def test_pullbacks_are_finite_differences(function: Any, pullback: Any, channels: Any, made: int) -> None:
    act = SphereActivation(1, function, channels=channels, pullback=pullback, lmax_out=2)
    x, grad = drawn(3, 4, 4), drawn(4, made, 9)
    found = act.backward(x, grad)
    for place in np.ndindex(4, 4):
        shift = np.zeros((4, 4))
        shift[place] = 1e-6
        difference = ((act(x + shift) - act(x - shift)) * grad).sum() / 2e-6
        assert found[place] == pytest.approx(difference, abs=1e-7)


def test_several_features_extra_inputs_and_features_shared_by_samples() -> None:
    function = SphereFunction((1, 2), gated, channels=3, pullback=gated_back)
    x, gate, grad, extra = drawn(5, 3, 4), drawn(6, 5, 3, 9), drawn(7, 5, 3, 9), drawn(8, 5, 1, 1, 1)
    first, second = function.backward(x, gate, grad=grad, extra=(extra,))
    z = function(x, gate, extra=(extra,))
    single = [
        function.backward(x, gate[k], grad=grad[k], extra=(float(extra[k, 0, 0, 0]),)) for k in range(5)
    ]
    assert first == pytest.approx(sum(one for one, _ in single), abs=1e-12)
    assert second == pytest.approx(np.stack([one for _, one in single]), abs=1e-12)
    assert (first * x).sum() == pytest.approx((z * grad).sum())  # linear in each
    assert (second * gate).sum() == pytest.approx((z * grad).sum())


@pytest.mark.parametrize("samples", [50, 2000])
def test_a_changed_shape_is_refused_whatever_the_number_of_samples(samples: int) -> None:
    x, grad = drawn(9, samples, 4, 16), drawn(10, samples, 4, 16)
    for wrong in (
        layer,
        lambda v: v.sum(axis=0),
        lambda v: v[0],
        lambda v: v[None],
        lambda v: v.swapaxes(0, 1),
    ):
        with pytest.raises(OperandError, match=r"^function: it returned float64"):
            SphereActivation(3, wrong)(x)
        with pytest.raises(OperandError, match=r"^function: it returned float64"):
            SphereActivation(3, wrong, channels=4)(x)
        with pytest.raises(OperandError, match=r"^derivatives: it returned float64"):
            SphereActivation(3, np.square, lambda v, wrong=wrong: wrong(v)[..., :1]).backward(x, grad)
        with pytest.raises(OperandError, match=r"^pullback: it returned float64"):
            SphereActivation(3, normalised, channels=4, pullback=lambda v, _, wrong=wrong: wrong(v)).backward(
                x, grad
            )
    for wrong in (lambda *v: v[0], lambda *_: (), lambda *v: (v[0], v[0])):
        with pytest.raises(OperandError, match=r"^derivatives: it returned .* one array a feature"):
            SphereFunction((3,), np.square, wrong).backward(x, grad)
    with pytest.raises(OperandError, match=r"^function: it returned float64"):
        SphereActivation(3, lambda v, a: a * v)(x[0], extra=(np.ones((3, 1, 1, 1)),))


def test_channels_are_checked() -> None:
    act = SphereActivation(1, layer, channels=(4, 3))
    for wrong in (np.zeros((5, 3, 4)), np.zeros(4)):
        with pytest.raises(OperandError, match=r"^x: got shape .* must be \[4, 4\], channels and"):
            act(wrong)
    with pytest.raises(OperandError, match="pass pullback"):
        act.backward(np.zeros((4, 4)), np.zeros((3, 4)))
    with pytest.raises(OperandError, match=r"^grad: got shape"):
        act.backward(np.zeros((4, 4)), np.zeros((4, 4)))
    with pytest.raises(LabelError, match=r"^pullback: it is for functions that mix"):
        SphereActivation(1, layer, pullback=layer_back)
    with pytest.raises(LabelError, match=r"^derivatives: .* pass pullback"):
        SphereActivation(1, layer, layer_back, channels=4)
    for bad in (0, (4, 0), (1, 2, 3), (), "4"):
        with pytest.raises(LabelError, match=r"^channels: "):
            SphereActivation(1, layer, channels=bad)
    with pytest.raises(OperandError, match=r"^with_bound: gradients by a pullback"):
        SphereActivation(1, layer, channels=4, pullback=layer_back, slope_lipschitz=1.0).backward(
            np.zeros((4, 4)), np.zeros((4, 4)), with_bound=True
        )


def test_bounds_of_mixed_channels_follow_the_largest_error() -> None:
    """A large channel passes its errors on to where a small one was."""

    def swapped(v: Array) -> Array:
        return np.sin(1024 * v[..., ::-1, :, :])

    act = SphereActivation(2, swapped, channels=2, lipschitz=1024.0)
    x = drawn(11, 300, 2, 9).astype("f4") * np.array([[1.0], [0.01]], "f4")
    z, bound = act(x, with_bound=True)
    wide, small = act(x.astype("f8"), with_bound=True)
    error = np.abs(z - wide)
    assert np.array_equal(z, act(x))
    assert (error <= bound + small).all()
    own = SphereActivation(2, lambda v: np.sin(1024 * v), lipschitz=1024.0)(x, with_bound=True)[1]
    assert (error[:, 1] > own[:, 1]).any(), "the bound of its own channel would not do"
    with pytest.raises(OperandError, match="pass lipschitz"):
        SphereActivation(2, swapped, channels=2)(x, with_bound=True)
