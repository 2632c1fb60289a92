"""Gaunt interactions: exact values within proven bounds, laws, gradients, and arrays of every kind."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from array_layouts import LAYOUTS
from exact_bilinear import gaunt_reference, transposed_reference
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn

from reptheory.errors import LabelError, OperandError
from reptheory.kernels import degrees
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct

Array = Any
METHODS = ("table", "grid", "fourier")
SHAPES = [
    ((5,), (5,), ()),
    ((2, 3), (2, 1), (3,)),
    ((2, 3), (3,), (2, 1)),
    ((1, 3), (2, 1), (2, 3)),
    ((2, 1, 3), (1, 4, 1), (4, 3)),
    ((), (), ()),
]


def degree_of(dim: int) -> Array:
    return np.sqrt(np.arange(dim)).astype(int)


def turned_by(values: Array) -> Array:
    return quarter_turn(values, range(round(values.shape[-1] ** 0.5)))


def draw(
    product: GauntInteraction, shapes: Any, dtype: str = "float64", seed: int = 0, spread: float = 0.0
) -> list[Array]:
    """Draw x, y, weight and a gradient."""
    rng = np.random.default_rng(seed)
    leading = np.broadcast_shapes(*shapes)
    dims = (product.dim1, product.dim2, product.weight_numel, product.dim_out)

    def one(shape: Any, dim: int) -> Array:
        wide = rng.standard_normal((*shape, dim)) * 10.0 ** rng.uniform(-spread, spread, (*shape, dim))
        return wide.astype(dtype)

    return [one(shape, dim) for shape, dim in zip((*shapes, leading), dims, strict=True)]


def exact(product: GauntInteraction, x: Array, y: Array, weight: Array) -> list[Any]:
    """Return the balls of one sample."""
    views = dict(zip(product.weighted, product.weight_views(weight), strict=True))

    def weighed(name: str, values: list[Any]) -> list[Any]:
        if name not in views:
            return values
        places = degree_of(len(values))
        return [arb(float(views[name][k])) * v for v, k in zip(values, places, strict=True)]

    left = weighed("x", [arb(float(v)) for v in x])
    right = weighed("y", [arb(float(v)) for v in y])
    reference = gaunt_reference(product.product.lmax1, product.product.lmax2, product.product.lmax_out)
    sums = [sum((c * (left[i] * right[j]) for i, j, c in terms), arb(0)) for terms in reference.terms]
    return weighed("z", sums)


@settings(max_examples=40)
@given(
    st.sampled_from(METHODS),
    st.sampled_from(["xyz", "y", "xz", ""]),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([0.0, 4.0, 18.0]),
    st.integers(0, 2**32),
)
def test_results_are_exact_within_their_bounds(
    method: Any, weighted: str, dtype: str, spread: float, seed: int
) -> None:
    product = GauntInteraction(3, 2, 4, method, weighted=weighted)
    x, y, weight, _ = draw(product, ((2,), (2,), ()), dtype, seed, spread)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        z, bound = product(x, y, weight, with_bound=True)
        tight = product.certificate(x, y, weight, z)
    for n in range(2):
        with ctx.workprec(400):
            balls = exact(product, x[n], y[n], weight)
        for k, ball in enumerate(balls):
            with ctx.workprec(400):
                error = abs(arb(float(z[n, k])) - ball)
            for most in (bound[n, k], tight[n, k]):
                assert not np.isfinite(most) or error <= arb(float(most))
            if not spread and dtype == "float64":
                assert float(tight[n, k]) <= float(error.mid()) * (1 + 1e-9) + 1e-28
    if not spread:
        assert np.isfinite(bound).all()
        assert bound.max() < (1e-3 if dtype == "float32" else 1e-11)


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_those_of_the_repeated_operands(shapes: Any, dtype: str) -> None:
    """Against float64 with everything repeated, whose gradients finite differences give."""
    product = GauntInteraction(2, 1, 3)
    *operands, g = draw(product, shapes, dtype)
    z, z_bound = product(*operands, with_bound=True)
    values, bounds = product.backward(*operands, g, with_bound=True)
    leading = np.broadcast_shapes(*shapes)
    wide = [
        np.broadcast_to(a, (*leading, a.shape[-1])).astype(np.float64).reshape(-1, a.shape[-1])
        for a in operands
    ]
    flat = g.astype(np.float64).reshape(-1, product.dim_out)
    assert (np.abs(z.reshape(flat.shape) - product(*wide)) <= z_bound.reshape(flat.shape) + 1e-12).all()
    for place, (value, bound, operand) in enumerate(zip(values, bounds, operands, strict=True)):
        full = np.zeros_like(wide[place])
        for column in range(full.shape[1]):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in wide]
                moved[place][:, column] += sign
                ends.append((product(*moved) * flat).sum(axis=1))
            full[:, column] = (ends[0] - ends[1]) / 2
        expected = full.reshape(*leading, -1)
        extra = len(leading) - operand.ndim + 1
        expected = expected.sum(axis=tuple(range(extra)))
        axes = tuple(k for k, n in enumerate(operand.shape[:-1]) if n == 1)
        expected = expected.sum(axis=axes, keepdims=True)
        assert value.shape == bound.shape == operand.shape
        assert value.dtype == np.dtype(dtype)
        assert (np.abs(value - expected) <= bound + 1e-11).all()
        assert np.isfinite(bound).all()


def test_gradient_bounds_hold_against_exact_values() -> None:
    """The gradient of x, by balls: weights folded into the transposed table."""
    product = GauntInteraction(2, 2, 3, "grid")
    x, y, weight, g = draw(product, ((), (), ()), "float32", 5)
    values, bounds = product.backward(x, y, weight, g, with_bound=True)
    a, b, c = product.weight_views(weight)
    reference = transposed_reference(product.product, 1)
    for i, terms in enumerate(reference.terms):
        ctx.prec = 400
        total = arb(0)
        for k, j, value in terms:
            left = arb(float(g[k])) * arb(float(c[degree_of(k + 1)[k]]))
            total += value * left * arb(float(y[j])) * arb(float(b[degree_of(j + 1)[j]]))
        total *= arb(float(a[degree_of(i + 1)[i]]))
        assert abs(arb(float(values.x[i])) - total) <= arb(float(bounds.x[i]))
        ctx.prec = 53


def test_without_weights_it_is_the_gaunt_product() -> None:
    product, plain = GauntInteraction(3, 2, 4, weighted=""), GauntTensorProduct(3, 2, 4)
    x, y, _, g = draw(product, ((6,), (6,), ()))
    assert np.array_equal(product(x, y), plain(x, y))
    values = product.backward(x, y, None, g)
    assert values.weight is None
    for ours, theirs in zip(values[:2], plain.backward(x, y, g), strict=True):
        assert np.array_equal(ours, theirs)
    assert product.backward(x, y, np.zeros(0), g).weight.shape == (0,)  # type: ignore[union-attr]


def test_weights_of_one_degree_pick_a_path() -> None:
    """a, b, c of one degree each: the path (l1, l2, l3) alone."""
    product, plain = GauntInteraction(2, 2, 4), GauntTensorProduct(2, 2, 4)
    x, y, weight, _ = draw(product, ((), (), ()))
    weight[:] = 0
    for view, degree in zip(product.weight_views(weight), (1, 2, 3), strict=True):
        view[degree] = 1
    expected = plain(np.where(degree_of(9) == 1, x, 0), np.where(degree_of(9) == 2, y, 0))
    assert np.array_equal(product(x, y, weight), np.where(degree_of(25) == 3, expected, 0))


@pytest.mark.parametrize("method", METHODS)
def test_turning_the_operands_turns_the_result(method: Any) -> None:
    """A quarter turn about an axis permutes coefficients with signs, which weights of degrees do not see."""
    product = GauntInteraction(3, 2, 4, method)
    x, y, weight, g = draw(product, ((4,), (4,), (4,)))
    z, bound = product(x, y, weight, with_bound=True)
    turned, turned_bound = product(turned_by(x), turned_by(y), weight, with_bound=True)
    expected, limit = turned_by(z), np.abs(turned_by(bound))
    assert (np.abs(turned - expected) <= turned_bound + limit).all()
    back = product.backward(x, y, weight, g)
    again = product.backward(turned_by(x), turned_by(y), weight, turned_by(g))
    assert np.allclose(again.x, turned_by(back.x), atol=1e-12)
    assert np.allclose(again.weight, back.weight, atol=1e-12)


def test_blocks_and_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, weight, g = draw(GauntInteraction(2, 1, 3), ((50, 7), (50, 1), (7,)), "float32")
    results = []
    for threads, block in ((1, 1 << 16), (2, 1 << 16), (1, 1), (None, 1)):
        monkeypatch.setattr("reptheory.operations.gaunt_interaction.BLOCK", block)
        product = GauntInteraction(2, 1, 3, threads=threads)
        results.append((product(x, y, weight), *product.backward(x, y, weight, g)))
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert np.array_equal(ours, theirs)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_arrays_of_every_kind() -> None:
    product = GauntInteraction(2, 1, 3)
    x, y, weight, g = (np.round(8 * a) / 8 for a in draw(product, ((6,), (6,), (6,))))
    expected = (product(x, y, weight), *product.backward(x, y, weight, g))
    for change in LAYOUTS.values():
        operands = [change(a) for a in (x, y, weight, g)]
        found = (product(*operands[:3]), *product.backward(*operands))
        for ours, theirs in zip(found, expected, strict=True):
            assert type(ours) is np.ndarray
            assert np.array_equal(ours, theirs)
    out = np.zeros((6, 32))[:, ::2]
    assert product(x, y, weight, out=out) is out
    assert np.array_equal(out, expected[0])
    square = GauntInteraction(2, 2, 2)
    a, b, w, _ = draw(square, ((3,), (3,), ()))
    kept = square(a, b, w)
    assert np.array_equal(square(a, b, w, out=a), kept)


def test_rows_that_are_not_finite_touch_no_other() -> None:
    product = GauntInteraction(2, 1, 3)
    x, y, weight, g = draw(product, ((5,), (5,), (5,)), "float32")
    clean, limit = product(x, y, weight, with_bound=True)
    x[1], weight[3] = np.nan, np.inf
    with np.errstate(invalid="ignore"):  # the twins in NumPy warn
        z, bound = product(x, y, weight, with_bound=True)
        _, limits = product.backward(x, y, weight, g, with_bound=True)
    sound = [0, 2, 4]
    assert np.array_equal(z[sound], clean[sound])
    assert np.array_equal(bound[sound], limit[sound])
    assert np.isinf(bound[~np.isfinite(z)]).all()
    assert not any(np.isnan(b).any() for b in limits)


@pytest.mark.parametrize("shapes", [((0,), (0,), ()), ((3, 0), (1, 1), (0,)), ((0, 4), (4,), (4,))])
def test_empty_batches(shapes: Any) -> None:
    product = GauntInteraction(2, 1, 3)
    *operands, g = draw(product, shapes)
    assert product(*operands, with_bound=True)[1].shape == g.shape
    for value, operand in zip(product.backward(*operands, g), operands, strict=True):
        assert value.shape == operand.shape
        assert not value.any()


def test_wrong_operands_are_refused_by_name() -> None:
    product = GauntInteraction(2, 1, 3)
    x, y, weight, g = draw(product, ((2,), (2,), (2,)))
    for name, operands in {
        "x": (x[:, 1:], y, weight),
        "y": (x, y.astype(complex), weight),
        "weight": (x, y, weight[:, 1:]),
        "weight: got None": (x, y, None),
        "leading axes": (x, y, np.ones((3, 9))),
        "masked": (np.ma.masked_array(x), y, weight),
    }.items():
        with pytest.raises(OperandError, match=name):
            product(*operands)
    with pytest.raises(OperandError, match="grad"):
        product.backward(x, y, weight, g[:, 1:])
    with pytest.raises(LabelError, match="weighted"):
        GauntInteraction(1, weighted="a")
    with pytest.raises(LabelError, match="lmax_out"):
        GauntInteraction(1, 1, 3)


def test_copies_and_pickles_compute_the_same() -> None:
    product = GauntInteraction(2, 1, 3, weighted="y")
    x, y, weight, _ = draw(product, ((2,), (2,), ()))
    for twin in (copy.deepcopy(product), pickle.loads(pickle.dumps(product))):
        assert np.array_equal(twin(x, y, weight), product(x, y, weight))


EVERY = 1 << 62
STEPS = ((EVERY, 0, 1), (EVERY, 0, 0), (7, 1, 0), (70, 1, 0), (50, 0, 1), (3, 0, 1))


@pytest.mark.parametrize("x_steps", STEPS)
@pytest.mark.parametrize("w_steps", STEPS)
@pytest.mark.parametrize("count", [1, 2, 130])
def test_kernels_agree_with_their_twins(x_steps: Any, w_steps: Any, count: int) -> None:
    """Rows that samples have of their own or share in every way, from any sample on."""
    rng = np.random.default_rng(3)
    degree, places = degree_of(16), degrees.weight_places(16, 9, 3)
    x, weight, g = (rng.standard_normal((200, dim)) for dim in (16, 9, 16))
    sample = np.arange(count)
    rows, own = (
        (sample + first) // inner * outer + (sample + first) % inner * step
        for first, (inner, outer, step) in ((5, x_steps), (8, w_steps))
    )
    every = w_steps[0] == EVERY and w_steps[2] == 1
    for scale in (degrees.scale_each if every else degrees.scale_degrees, degrees._scale_plain):
        z = np.zeros(count * 16)
        scale(x.ravel(), x_steps, 5, weight.ravel(), w_steps, 8, places, 9, 16, count, z)
        assert np.array_equal(z.reshape(count, 16), x[rows] * weight[own][:, 3 + degree])
    for dot in (degrees.dot_degrees, degrees._dot_plain):
        sums = np.zeros((count, 9))
        dot(x.ravel(), x_steps, 5, g[:count].ravel(), places, 9, 16, count, sums.ravel())
        assert np.allclose(
            sums[:, 3:7], np.add.reduceat(x[rows] * g[:count], np.arange(4) ** 2, axis=1), atol=1e-13
        )
        assert not sums[:, [0, 1, 2, 7, 8]].any()
