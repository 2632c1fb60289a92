"""Operands of many-body products: every shape, layout and kind of number, or an error that names it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from array_layouts import LAYOUTS
from many_body_cases import METHODS, PAPER, draw, given_weight

from reptheory.errors import LabelError, OperandError
from reptheory.operations.gaunt_many_body import GauntManyBody

Array = Any
SHAPES: list[Any] = [
    [(5,), (5,), ()],
    [(2, 3), (2, 1), (3,)],
    [(2, 3), (3,), (2, 1)],
    [(2, 1, 3), (1, 4, 1), (4, 3)],
    [(), (), ()],
]


@pytest.mark.parametrize("method", ["table", "grid"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_gradients_of_operands_that_are_repeated(shapes: Any, method: Any) -> None:
    product = GauntManyBody([1, 2], 2, [(0, 1), (1, 1), (0, 0, 1)], method=method, weighted=True)
    features, weight, g = draw(product, shapes)
    values, bounds = product.backward(*features, *given_weight(weight), grad=g, with_bound=True)
    leading = g.shape[:-1]
    operands = [*features, weight]
    wide = [np.broadcast_to(one, (*leading, one.shape[-1])) for one in operands]
    full, _ = product.backward(*wide, grad=g, with_bound=True)
    found = zip(operands, full, values, bounds, strict=True)
    for operand, whole, ours, limit in found:
        extra = len(leading) - operand.ndim + 1
        summed = whole.sum(axis=tuple(range(extra)))
        axes = tuple(k for k, n in enumerate(operand.shape[:-1]) if n == 1)
        summed = summed.sum(axis=axes, keepdims=True)
        assert ours.shape == limit.shape == operand.shape
        assert (np.abs(ours - summed) <= limit + 1e-12).all()
    z = product(*features, *given_weight(weight))
    assert np.allclose(z, product(*wide), atol=1e-13)


def test_blocks_and_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = GauntManyBody(2, 2, PAPER, weighted=True)
    features, weight, g = draw(layer, [(50, 7), (7,)], "float32")
    results = []
    for threads, block in ((1, 1 << 18), (2, 1 << 18), (1, 1), (None, 1)):
        monkeypatch.setattr("reptheory.operations.gaunt_many_body.BLOCK", block)
        found: list[Any] = []
        for method in METHODS:
            one = GauntManyBody(2, 2, PAPER, method, weighted=True, threads=threads)
            back = one.backward(*features, *given_weight(weight), grad=g)
            found += [one(*features, *given_weight(weight)), *back]
        results.append(found)
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert np.array_equal(ours, theirs)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("method", METHODS)
def test_arrays_of_every_kind(method: Any) -> None:
    product = GauntManyBody([2, 1], 2, [(0, 1), (0,)], method=method, weighted=True)
    drawn, drawn_weight, g = draw(product, (6,))
    x, y, weight, g = (np.round(8 * one) / 8 for one in (*drawn, drawn_weight, g))
    back = product.backward(x, y, weight, grad=g)
    expected = (product(x, y, weight), *back)
    for change in LAYOUTS.values():
        a, b, w, h = (change(one) for one in (x, y, weight, g))
        back = product.backward(a, b, w, grad=h)
        for ours, theirs in zip((product(a, b, w), *back), expected, strict=True):
            assert type(ours) is np.ndarray
            assert np.array_equal(ours, theirs)
    out = np.zeros((6, 18))[:, ::2]
    assert product(x, y, weight, out=out) is out
    assert np.array_equal(out, expected[0])
    square = GauntManyBody(2, 2, 2, method)
    kept = square(x)
    assert np.array_equal(square(x, out=x), kept)


@pytest.mark.parametrize("method", METHODS)
def test_rows_that_are_not_finite_touch_no_other(method: Any) -> None:
    product = GauntManyBody(2, 2, PAPER, method, weighted=True)
    (x,), weight, g = draw(product, (5,), "float32")
    clean, limit = product(x, weight, with_bound=True)
    x[1], weight[3], x[4] = np.nan, np.inf, 1e20
    with np.errstate(invalid="ignore", over="ignore"):
        z, bound = product(x, weight, with_bound=True)
        _, limits = product.backward(x, weight, grad=g, with_bound=True)
    sound = [0, 2]
    assert np.array_equal(z[sound], clean[sound])
    assert np.array_equal(bound[sound], limit[sound])
    assert np.isinf(bound[~np.isfinite(z)]).all()
    assert not any(np.isnan(one).any() for one in (bound, *limits))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shapes", [[(0,), (0,), ()], [(3, 0), (1, 1), (0,)], [(0, 4), (4,), (4,)]])
def test_empty_batches(shapes: Any, method: Any) -> None:
    product = GauntManyBody([2, 1], 2, [(0, 1), (0, 0)], method, weighted=True)
    features, weight, g = draw(product, shapes)
    assert product(*features, *given_weight(weight), with_bound=True)[1].shape == g.shape
    back = product.backward(*features, *given_weight(weight), grad=g)
    for value, operand in zip(back, (*features, weight), strict=True):
        assert value.shape == operand.shape
        assert not value.any()


def test_what_cannot_be_is_refused_by_name() -> None:
    product = GauntManyBody([2, 1], 2, weighted=True)
    (x, y), weight, g = draw(product, (2,))
    for name, operands in {
        "x1": (x[:, 1:], y, weight),
        "x2": (x, y.astype(complex), weight),
        "operands: got 2; this product takes x1, x2, weight": (x, y),
        "weight": (x, y, weight[:, 1:]),
        "leading axes": (x[:1].repeat(3, axis=0), y, weight),
        "masked": (np.ma.masked_array(x), y, weight),
    }.items():
        with pytest.raises(OperandError, match=name):
            product(*operands)
    with pytest.raises(OperandError, match="grad"):
        product.backward(x, y, weight, grad=g[:, 1:])
    with pytest.raises(OperandError, match=r"^grad: got nothing; pass it behind the operands"):
        product.backward()
    with pytest.raises(OperandError, match="threads"):
        GauntManyBody(2, terms=2, threads=0)
    for message, arguments in {
        "lmax_out: got 5": ([2, 1, 1], 5),
        "lmaxs": ([], 2),
        "lmaxs\\[1\\]": ([2, -1], 2),
        "terms: got 1;": (2, 2, 1),
        "terms: got None": (2, 2),
        "terms\\[0\\]: got feature 1": (2, 2, [(0, 1)]),
        "terms\\[1\\]": (2, 2, [(0, 0), ()]),
        "once": (2, 2, [(0, 0), (0, 0)]),
        "feature 1 is in none": ([2, 2], 2, [(0, 0)]),
        "method": (2, 2, 2, "fft"),
        "terms: got 0": (2, 2, 0),
    }.items():
        with pytest.raises(LabelError, match=message):
            GauntManyBody(*arguments)  # type: ignore[arg-type]


def test_copies_and_pickles_compute_the_same() -> None:
    product = GauntManyBody(2, 2, PAPER, weighted=True)
    (x,), weight, _ = draw(product, (2,))
    expected = product(x, weight)
    for twin in (copy.deepcopy(product), pickle.loads(pickle.dumps(product))):
        assert np.array_equal(twin(x, weight), expected)
