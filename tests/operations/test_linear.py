"""The linear layer: e3nn's normalisation, matrices of weights, gradients, bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exact_weighted import BITS, weighted_reference
from flint import arb, ctx

from reptheory.errors import LabelError, OperandError
from reptheory.operations.connected_engine import ConnectedEngine
from reptheory.operations.linear import Linear
from reptheory.operations.tensor_product import FullyConnectedTensorProduct
from reptheory.operations.weighted_engine import SampleEngine

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


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_biases(shared: bool, dtype: str) -> None:
    """Added to the scalars that ask for them; one rounding more in the bound; gradients sum over samples."""
    irreps = "3x0e+2x1o+2x0o", "2x0e+1x1o+1x0o+3x0e"
    linear = Linear(*irreps, biases=[True, False, False, True], shared_weights=shared)
    plain = Linear(*irreps, shared_weights=shared)
    assert (linear.bias_numel, plain.bias_numel) == (5, 0)
    assert Linear(*irreps, biases=True).bias_numel == 5
    assert repr(Linear(*irreps, biases=True)).endswith("weights, 5 biases)")
    rng = np.random.default_rng(2)
    rows = () if shared else (4,)
    x = rng.standard_normal((4, linear.dim_in)).astype(dtype)
    weight = rng.standard_normal((*rows, linear.weight_numel)).astype(dtype)
    bias = rng.standard_normal((*rows, 5)).astype(dtype)
    z, bound = linear(x, weight, bias, with_bound=True)
    expected = plain(x.astype("float64"), weight.astype("float64"))
    expected[:, [0, 1, 6, 7, 8]] += bias
    assert (np.abs(z - expected) <= bound + 1e-15).all()
    if dtype == "float32":
        assert not (np.abs(z - expected) <= bound / 200).all()
    _, limit = linear(x * 0, weight, bias, with_bound=True)
    assert (limit[:, [0, 1, 6, 7, 8]] >= np.abs(bias) * np.finfo(dtype).eps / 2).all(), "adding rounds"
    grad = rng.standard_normal(z.shape).astype(dtype)
    gradients, bounds = linear.backward(x, weight, grad, with_bound=True)
    columns = grad[:, [0, 1, 6, 7, 8]].astype("float64")
    assert gradients.bias is not None
    assert gradients.bias.shape == bias.shape
    assert (np.abs(gradients.bias - (columns.sum(0) if shared else columns)) <= bounds.bias).all()
    assert plain.backward(x, weight, grad).bias is None
    assert linear(x.astype("float32"), weight.astype("float32"), bias.astype("float64")).dtype == np.float64
    out = np.empty_like(z)
    assert linear(x, weight, bias, out=out) is out
    assert np.array_equal(out, z)


def test_refused_biases() -> None:
    with pytest.raises(LabelError, match=r"^biases\[1\]: got True for 1x1o; biases are for scalars"):
        Linear("1x0e+1x1o", "1x0e+1x1o", biases=[True, True])
    for wrong in ([True], "ab", 2, [True, 3]):
        with pytest.raises(LabelError, match=r"^biases: got "):
            Linear("1x0e+1x1o", "1x0e+1x1o", biases=wrong)  # type: ignore[arg-type]
    linear = Linear("1x0e", "2x0e", biases=True)
    for bias, rule in ((None, "2 biases"), (np.zeros(3), "last axis 3"), (np.zeros((1, 2)), "one axis")):
        with pytest.raises(OperandError, match=rf"^bias: got .*{rule}"):
            linear(np.zeros((4, 1)), np.zeros(2), bias)
    with pytest.raises(OperandError, match="one row a sample"):
        Linear("1x0e", "2x0e", biases=True, shared_weights=False)(
            np.zeros((4, 1)), np.zeros((4, 2)), np.zeros((3, 2))
        )


def test_refused() -> None:
    with pytest.raises(LabelError, match="no such path"):
        Linear("1x0e", "1x1o", instructions=[(0, 0)])
    with pytest.raises(LabelError, match=r"^instructions\[0\]: got 5; write"):
        Linear("1x0e", "1x1o", instructions=[5])  # type: ignore[list-item]
    with pytest.raises(LabelError, match=r"^path_normalization"):
        Linear("1x0e", "1x0e", path_normalization="none")  # type: ignore[arg-type]
    with pytest.raises(OperandError, match=r"^x: got last axis 3"):
        Linear("2x0e", "1x0e")(np.zeros(3), np.zeros(2))


@pytest.mark.parametrize(("mul", "engine"), [(3, SampleEngine), (48, ConnectedEngine)])
def test_gradients_are_those_of_the_product_with_one(mul: int, engine: type) -> None:
    """Without the gradient of that one, which nobody asks for."""
    irreps = f"{mul}x0e+{mul}x1o"
    linear, product = Linear(irreps, irreps), FullyConnectedTensorProduct(irreps, "1x0e", irreps)
    assert isinstance(linear._product._engine, engine)
    rng = np.random.default_rng(mul)
    x, weight, grad = (rng.standard_normal(s) for s in ((5, 4 * mul), linear.weight_numel, (5, 4 * mul)))
    found, bounds = linear.backward(x, weight, grad, with_bound=True)
    expected, limits = product.backward(x, np.ones((5, 1)), weight, grad, with_bound=True)
    assert (np.abs(found.x - expected.x) <= bounds.x + limits.x).all()
    assert (np.abs(found.weight - expected.weight) <= bounds.weight + limits.weight).all()  # type: ignore[operator]
    assert not linear._product.backward(x, np.ones((5, 1)), weight, grad).y.any()
    assert expected.y.all()


def test_nothing_to_connect() -> None:
    linear = Linear("2x0e", "1x1o")
    assert linear.weight_numel == 0
    assert not linear(np.ones((3, 2)), np.zeros(0)).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shared", [True, False])
def test_certificates_with_biases_hold_and_are_tight(shared: bool, dtype: str) -> None:
    linear = Linear("3x0e+2x1o", "2x0e+1x1o", biases=True, shared_weights=shared)
    rng, rows = np.random.default_rng(3), () if shared else (4,)
    shapes = (4, linear.dim_in), (*rows, linear.weight_numel), (*rows, linear.bias_numel), (4, linear.dim_out)
    x, weight, bias, grad = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    z, bound = linear(x, weight, bias, with_bound=True)
    tight = linear.certificate(x, weight, bias, z)
    reference = weighted_reference(linear._product)
    with ctx.workprec(BITS):
        operands = [[[arb(float(v)) for v in row] for row in np.atleast_2d(one)] for one in (x, weight)]
        balls = operands[0], [[arb(1)]] * 4, [[]] * 4, operands[1]
        for k, terms in reference.grouped(2).items():
            for n in range(4):
                exact = reference._total(terms, 2, balls, n)
                if k < 2:
                    exact += arb(float(np.broadcast_to(bias, (4, 2))[n, k]))
                error = abs(arb(float(z[n, k])) - exact)
                assert error <= arb(float(tight[n, k]))
                assert error <= arb(float(bound[n, k]))
                slack = 1e-12 if dtype == "float32" else 1e-28
                assert tight[n, k] <= float(error.mid()) * (1 + 1e-9) + slack
    found, limits = linear.backward(x, weight, grad, with_bound=True)
    for close, limit in zip(linear.backward_certificate(x, weight, grad, found), limits, strict=True):
        assert (close <= limit * (1 + 1e-9) + 1e-28).all()
