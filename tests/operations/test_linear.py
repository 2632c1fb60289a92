"""The linear layer: e3nn's normalisation, matrices of weights, gradients, bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.errors import LabelError, OperandError
from reptheory.operations.linear import Linear

Array = Any


def dense(linear: Linear, x: Array, weight: Array, counts: list[float]) -> Array:
    """The definition: one matrix an instruction, divided by the root of `counts`."""
    z = np.zeros((len(x), linear.dim_out))
    starts_in, starts_out = linear.irreps_in.slices(), linear.irreps_out.slices()
    for (i_in, i_out), view, count in zip(
        linear.instructions, linear.weight_views(weight), counts, strict=True
    ):
        left = x[:, starts_in[i_in]].reshape(len(x), view.shape[0], -1)
        z[:, starts_out[i_out]] += (np.einsum("num,uw->nwm", left, view) / np.sqrt(count)).reshape(len(x), -1)
    return z


@pytest.mark.parametrize(
    ("path_normalization", "counts"),
    [("element", [17.0, 17.0, 5.0]), ("path", [20.0, 14.0, 5.0])],
)
def test_equals_its_matrices(path_normalization: Any, counts: list[float]) -> None:
    """Factors recorded from e3nn 0.6: Linear("10x0e+5x1o+7x0e", "3x0e+20x1o"), entry by entry."""
    linear = Linear("10x0e+5x1o+7x0e", "3x0e+20x1o", path_normalization=path_normalization)
    assert linear.instructions == ((0, 0), (1, 1), (2, 0))
    by_entry = [counts[0], counts[2], counts[1]]
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((70, linear.dim_in)), rng.standard_normal(linear.weight_numel)
    z, bound = linear(x, weight, with_bound=True)
    assert (np.abs(z - dense(linear, x, weight, by_entry)) <= bound + 1e-13).all()
    grad = rng.standard_normal(z.shape)
    gradients, bounds = linear.backward(x, weight, grad, with_bound=True)
    for name, step in (("x", rng.standard_normal(x.shape)), ("weight", rng.standard_normal(weight.shape))):
        moved = dense(linear, step, weight, by_entry) if name == "x" else dense(linear, x, step, by_entry)
        expected, found = (moved * grad).sum(), (getattr(gradients, name) * step).sum()
        assert abs(expected - found) <= (getattr(bounds, name) * np.abs(step)).sum() + 1e-11
    assert np.array_equal(linear.backward(x, weight, grad).weight, gradients.weight)


def test_chosen_connections_and_weights_of_each_sample() -> None:
    linear = Linear("2x0e+2x0e", "2x0e+2x0e", instructions=[(0, 0), [1, 1]], shared_weights=False)  # type: ignore[list-item]
    rng = np.random.default_rng(1)
    x, weight = rng.standard_normal((5, 4)), rng.standard_normal((5, 8))
    expected = np.einsum("npu,npuw->npw", x.reshape(5, 2, 2), weight.reshape(5, 2, 2, 2)) / np.sqrt(2)
    assert np.allclose(linear(x, weight), expected.reshape(5, 4), rtol=1e-14, atol=1e-14)


def test_refused() -> None:
    with pytest.raises(LabelError, match="no such path"):
        Linear("1x0e", "1x1o", instructions=[(0, 0)])
    with pytest.raises(LabelError, match=r"^instructions\[0\]: got 5; write"):
        Linear("1x0e", "1x1o", instructions=[5])  # type: ignore[list-item]
    with pytest.raises(LabelError, match=r"^path_normalization"):
        Linear("1x0e", "1x0e", path_normalization="none")  # type: ignore[arg-type]
    with pytest.raises(OperandError, match=r"^x: got last axis 3"):
        Linear("2x0e", "1x0e")(np.zeros(3), np.zeros(2))


def test_nothing_to_connect() -> None:
    linear = Linear("2x0e", "1x1o")
    assert linear.weight_numel == 0
    assert not linear(np.ones((3, 2)), np.zeros(0)).any()
