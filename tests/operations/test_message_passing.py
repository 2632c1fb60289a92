"""Message passing: the sum of products over edges, forward and backward, the same bits, within bounds."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from exact_weighted import BITS, weighted_reference
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.errors import LabelError, OperandError
from reptheory.operations import message_engine
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.message_passing import Edges, MessagePassing
from reptheory.operations.tensor_product import TensorProduct

Array = Any


def product(layout: Any = "mul_ir", shared: bool = False, threads: int | None = None) -> TensorProduct:
    """Whole vectors of copies and some over, two copies of y, no weights, an output without a path."""
    instructions = [
        (0, 0, 0, "uvu", True),
        (1, 0, 4, "uvu", True),
        (1, 0, 2, "uvu", False),
        (0, 1, 1, "uvu", True, 0.5),
    ]
    irreps = ("17x0e+17x1o", "2x1o+1x2e", "17x1o+17x2e+17x1e+3x0o+17x0e")
    return TensorProduct(*irreps, instructions, layout=layout, shared_weights=shared, threads=threads)


def any_modes(layout: Any = "mul_ir", shared: bool = False, threads: int | None = None) -> TensorProduct:
    """Instructions of several modes, with and without weights."""
    instructions = [
        (0, 0, 0, "uvw", True),
        (0, 0, 1, "uuu", True),
        (0, 0, 1, "uvu", False),
        (1, 1, 2, "uvuv", True),
    ]
    irreps = ("2x0e+2x1o", "2x1o+1x2e", "3x1o+2x1o+2x1o")
    return TensorProduct(*irreps, instructions, layout=layout, shared_weights=shared, threads=threads)


def whole_vectors(layout: Any = "mul_ir", shared: bool = False, threads: int | None = None) -> TensorProduct:
    """Weights that are rows of whole vectors as they stand, two paths to one output."""
    instructions = [(0, 0, 0, "uvu", True), (1, 1, 0, "uvu", True), (0, 1, 1, "uvu", True)]
    irreps = ("96x0e+96x1o", "1x0e+1x1o", "96x0e+96x1o")
    return TensorProduct(*irreps, instructions, layout=layout, shared_weights=shared, threads=threads)


def copies_of_y(layout: Any = "mul_ir", shared: bool = False, threads: int | None = None) -> TensorProduct:
    """Whole vectors of copies whose weights do not stand side by side."""
    instructions = [(0, 0, 0, "uvu", True), (1, 0, 1, "uvu", True)]
    irreps = ("32x0e+32x1o", "2x1o", "32x1o+32x0e")
    return TensorProduct(*irreps, instructions, layout=layout, shared_weights=shared, threads=threads)


PRODUCTS = {"uvu": product, "whole": whole_vectors, "copies": copies_of_y, "any": any_modes}


def draw(tp: TensorProduct, edges: Edges, dtype: str = "float64", seed: int = 0) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    count = len(edges)
    weights = (tp.weight_numel,) if tp.shared_weights else (count, tp.weight_numel)
    shapes = ((edges.num_nodes, tp.dim1), (count, tp.dim2), weights, (edges.num_receivers, tp.dim_out))
    x, y, w, g = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return x, y, w, g


def graph(rng: np.random.Generator, nodes: int, count: int, receivers: int | None = None) -> Edges:
    to = rng.integers(0, receivers or nodes, count)
    return Edges(rng.integers(0, nodes, count), to, nodes, receivers)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(PRODUCTS)), st.sampled_from(["mul_ir", "ir_mul"]), st.booleans(),
    st.sampled_from(["float32", "float64"]), st.integers(1, 6), st.sampled_from([None, 1, 2, 9]),
    st.integers(0, 60), st.integers(0, 2**32),
)  # fmt: skip
def test_equals_gather_product_and_sum(
    which: str,
    layout: Any,
    shared: bool,
    dtype: str,
    nodes: int,
    receivers: int | None,
    count: int,
    seed: int,
) -> None:
    """Product and gradients agree with the product on every edge, in float64, within their bounds."""
    tp = PRODUCTS[which](layout, shared)
    edges = graph(np.random.default_rng(seed), nodes, count, receivers)
    x, y, w, g = draw(tp, edges, dtype, seed)
    message = MessagePassing(tp, edges)
    z, bound = message(x, y, w, with_bound=True)
    found, bounds = message.backward(x, y, w, g, with_bound=True)
    wide = [array.astype(np.float64) for array in (x[edges.senders], y, w)]
    expected = np.zeros(z.shape)
    np.add.at(expected, edges.receivers, tp(*wide))
    parts = tp.backward(*wide, g[edges.receivers].astype(np.float64))
    to_x = np.zeros(x.shape)
    np.add.at(to_x, edges.senders, parts.x)
    pairs = [(z, expected, bound)]
    pairs += list(zip(found, (to_x, parts.y, parts.weight), bounds, strict=True))
    for result, exact, limit in pairs:
        assert result.dtype == np.dtype(dtype)
        assert result.shape == exact.shape
        assert np.isfinite(limit).all()
        assert (np.abs(result - exact) <= limit + 1e-13 * max(1.0, np.abs(exact).max(initial=0))).all()
        if count > 10 and dtype == "float32":
            assert not (np.abs(result - exact) <= limit / 3000).all(), "a bound must not be idle"


@pytest.mark.parametrize("which", sorted(PRODUCTS))
@pytest.mark.parametrize("shared", [True, False])
def test_the_same_bits_for_any_number_of_threads(
    which: str, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    edges = graph(np.random.default_rng(3), 97, 4000)
    one, two = (MessagePassing(PRODUCTS[which](shared=shared, threads=threads), edges) for threads in (1, 2))
    x, y, w, g = draw(one.product, edges, "float32")
    whole = one(x, y, w), *one.backward(x, y, w, g)
    monkeypatch.setattr(message_engine, "BLOCK_BYTES", 2**16)
    parts = one(x, y, w), *one.backward(x, y, w, g)
    for first, second in zip(whole, parts, strict=True):
        assert np.allclose(first, second, rtol=1e-4, atol=1e-4 * np.abs(first).max())
    assert np.array_equal(one(x, y, w), two(x, y, w))
    for first, second in zip(one.backward(x, y, w, g), two.backward(x, y, w, g), strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("which", sorted(PRODUCTS))
def test_gradients_equal_finite_differences(which: str) -> None:
    tp = PRODUCTS[which]()
    edges = graph(np.random.default_rng(5), 4, 9)
    *operands, g = draw(tp, edges)
    message = MessagePassing(tp, edges)
    for place, gradient in enumerate(message.backward(*operands, g)):
        step = np.random.default_rng(place).standard_normal(operands[place].shape)
        high, low = [*operands], [*operands]
        high[place], low[place] = operands[place] + step, operands[place] - step
        assert np.isclose(
            ((message(*high) - message(*low)) * g).sum() / 2, (gradient * step).sum(), rtol=1e-11
        )


def test_nodes_without_edges_are_zero_and_out_is_written() -> None:
    tp = product()
    edges = Edges([0, 0], [2, 2], 4)
    x, y, w, _ = draw(tp, edges)
    z = MessagePassing(tp, edges)(x, y, w)
    assert not z[[0, 1, 3]].any()
    assert z[2].any()
    out = np.full((4, 2 * tp.dim_out), np.nan)[:, ::2]
    assert MessagePassing(tp, edges)(x, y, w, out=out) is out
    assert np.array_equal(out, z)


def test_edges_are_checked() -> None:
    with pytest.raises(OperandError, match=r"^senders: got node 3; there are 3 nodes"):
        Edges([3], [0], 3)
    with pytest.raises(OperandError, match=r"^receivers: got node -1"):
        Edges([0], [-1], 3)
    with pytest.raises(OperandError, match=r"^senders: got float64"):
        Edges([0.5], [0], 3)
    with pytest.raises(OperandError, match=r"^receivers: got 1 for 2 senders"):
        Edges([0, 1], [0], 3)
    with pytest.raises(LabelError, match=r"^num_nodes"):
        Edges([0], [0], -1)
    with pytest.raises(LabelError, match=r"^num_receivers"):
        Edges([0], [0], 1, num_receivers=-1)
    with pytest.raises(OperandError, match=r"^receivers: got node 2; there are 2 nodes"):
        Edges([2], [2], 3, num_receivers=2)
    with pytest.raises(OperandError, match=r"^senders: got node 3; there are 3 nodes"):
        Edges([3], [4], 3, num_receivers=5)
    assert len(Edges([], [], 0)) == 0


@pytest.mark.parametrize("which", sorted(PRODUCTS))
def test_own_nodes_before_copies_of_others(which: str) -> None:
    """Own nodes receive as they do in the whole graph, and gradients of copies go back to their owners."""
    tp, own = PRODUCTS[which](), 5
    whole = graph(np.random.default_rng(11), 9, 40)
    x, y, w, g = draw(tp, whole)
    z, found = MessagePassing(tp, whole)(x, y, w), MessagePassing(tp, whole).backward(x, y, w, g)
    to_x = np.zeros_like(x)
    for mine in (np.arange(own), np.arange(own, 9)):
        others = np.setdiff1d(np.arange(9), mine)
        nodes = np.concatenate([mine, others])
        here = np.isin(whole.receivers, mine)
        number = np.argsort(nodes)
        ends = number[whole.senders[here]], number[whole.receivers[here]]
        message = MessagePassing(tp, Edges(*ends, 9, num_receivers=len(mine)))
        given = x[nodes], y[here], w[here]
        assert np.array_equal(message(*given), z[mine])
        part = message.backward(*given, g[mine])
        to_x[nodes] += part.x
        assert np.allclose(part.y, found.y[here], rtol=1e-13, atol=1e-13)
    assert np.allclose(to_x, found.x, rtol=1e-12, atol=1e-12)


def test_operands_are_checked() -> None:
    tp = product()
    edges = Edges([0, 1], [1, 1], 3)
    x, y, w, g = draw(tp, edges)
    message = MessagePassing(tp, edges)
    for name, operands in (("x", (x[:2], y, w)), ("y", (x, y[:1], w)), ("weight", (x, y, w[:1]))):
        with pytest.raises(OperandError, match=rf"^{name}: got shape .*; give one row for each (node|edge)"):
            message(*operands)
    with pytest.raises(OperandError, match=r"^grad: got shape"):
        message.backward(x, y, w, g[:1])
    with pytest.raises(OperandError, match=r"^product: got FullTensorProduct; pass a TensorProduct"):
        MessagePassing(FullTensorProduct("1o", "1o"), edges)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match=r"^edges: got tuple"):
        MessagePassing(tp, ([0], [1]))  # type: ignore[arg-type]


def test_pickles() -> None:
    tp = product()
    edges = Edges([0, 1], [1, 1], 3)
    x, y, w, _ = draw(tp, edges)
    message = MessagePassing(tp, edges)
    expected = message(x, y, w)
    other = pickle.loads(pickle.dumps(message))
    assert repr(other) == repr(message)
    assert np.array_equal(other(x, y, w), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shared", [True, False])
def test_certificates_hold_and_are_tight(shared: bool, dtype: str) -> None:
    """Against exact products on every edge; receiver 3 has no edge and is exactly 0."""
    tp, edges = any_modes(shared=shared), Edges([0, 1, 2, 2, 0], [1, 1, 0, 0, 2], 3, num_receivers=4)
    x, y, w, g = draw(tp, edges, dtype)
    message, reference = MessagePassing(tp, edges), weighted_reference(tp)
    z, bound = message(x, y, w, with_bound=True)
    tight = message.certificate(x, y, w, z)
    assert (tight <= bound).all() or dtype == "float32"
    nodes = x[edges.senders], y, np.zeros((5, tp.dim_out)), w
    with ctx.workprec(BITS):
        balls = [[[arb(float(v)) for v in row] for row in np.atleast_2d(array)] for array in nodes]
        for place, terms in reference.grouped(2).items():
            for node in range(4):
                own = np.flatnonzero(edges.receivers == node).tolist()
                exact = sum((reference._total(terms, 2, balls, n) for n in own), arb(0))
                error = abs(arb(float(z[node, place])) - exact)
                assert error <= arb(float(tight[node, place]))
                slack = 1e-12 if dtype == "float32" else 1e-28
                assert tight[node, place] <= float(error.mid()) * (1 + 1e-9) + slack
    found, limits = message.backward(x, y, w, g, with_bound=True)
    for close, limit in zip(message.backward_certificate(x, y, w, g, found), limits, strict=True):
        assert (close <= limit * (1 + 1e-9)).all()
        assert close.max() > 0


@pytest.mark.parametrize("copies", [9, 16, 17, 33, 96])
def test_weights_of_one_path_stay_out_of_others(copies: int) -> None:
    """Rows that copies do not fill are padded with zeros, not with the weights of the next path."""
    irreps = (f"{copies}x0e", "1x0e+1x1o", f"{copies}x0e+{copies}x1o")
    tp = TensorProduct(*irreps, [(0, 0, 0, "uvu", True), (0, 1, 1, "uvu", True)], shared_weights=False)
    rng = np.random.default_rng(0)
    edges = graph(rng, 5, 12)
    for dtype in ("float32", "float64"):
        x, y, weight, grad = draw(tp, edges, dtype)
        weight[:, copies:] = np.nan
        z = MessagePassing(tp, edges)(x, y, weight)
        _, grad_y, grad_weight = MessagePassing(tp, edges).backward(x, y, weight, grad)
        assert np.isfinite(z[:, :copies]).all()
        assert np.isfinite(grad_y[:, 0]).all()
        assert np.isnan(grad_y[:, 1:]).all()
        assert np.isfinite(grad_weight).all()
        own_y = tp.backward(x[edges.senders], y, weight, grad[edges.receivers])[1]
        assert np.isfinite(own_y[:, 0]).all()
