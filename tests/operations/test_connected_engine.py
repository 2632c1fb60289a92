"""Fully connected products of many copies by matrix products: every way, in pieces, and which is taken."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from weighted_cases import draw

from reptheory.kernels.connected import PULL, PUSH
from reptheory.operations import connected_plan
from reptheory.operations.connected_engine import ConnectedEngine
from reptheory.operations.connected_ways import COUPLING, Sizes, Way, cost_of, ways
from reptheory.operations.tensor_product import FullyConnectedTensorProduct
from reptheory.operations.weighted_engine import SampleEngine

Array = Any


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_copies_in_pieces_equal_those_of_samples(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies over one block, more than are kept at a time, and those left over, in every role."""
    monkeypatch.setattr(connected_plan, "PAIR_BYTES", 1)
    irreps = "37x0e+40x1o", "33x0e+35x1o", "34x0e+39x1o"
    tp, other = FullyConnectedTensorProduct(*irreps), FullyConnectedTensorProduct(*irreps)
    other._engine = SampleEngine(other._spec)
    assert isinstance(tp._engine, ConnectedEngine)
    x, y, weight, grad = draw(tp, 75, dtype)
    found, expected = (one(x, y, weight, with_bound=True) for one in (tp, other))
    assert (np.abs(found[0] - expected[0]) <= found[1] + expected[1]).all()
    assert (found[1] <= 2 * expected[1]).all()
    gradients, others = (one.backward(x, y, weight, grad, with_bound=True) for one in (tp, other))
    for one, limit, two, bound in zip(*gradients, *others, strict=True):
        assert (np.abs(one - two) <= limit + bound).all()
        assert (limit <= 2 * bound).all()


def test_matrix_products_are_those_with_fewest_columns() -> None:
    """The feature with the fewest orders is contracted with the weights."""
    for orders in [(1, 3, 3), (3, 1, 3), (3, 3, 1), (5, 3, 3), (5, 5, 5)]:
        sizes = Sizes((64, 64, 64), orders, (64, 64, 64))
        (way,) = ways(sizes, gradient=False)
        assert orders[way.roles[0]] == min(orders)
        assert cost_of(way, sizes) >= min(orders) * 64**3
        pulled = ways(sizes, gradient=True)
        assert sum(way.weights for way in pulled) == 1
        assert sorted(k for way in pulled for k in (way.target, way.folded) if k >= 0) == [0, 1]
        alone = ways(sizes, gradient=True, constant=True)
        assert sum(way.weights for way in alone) == 1
        assert [k for way in alone for k in (way.target, way.folded) if k >= 0] == [0]
        assert sum(cost_of(way, sizes) for way in alone) < sum(cost_of(way, sizes) for way in pulled)


def test_the_chosen_steps_are_the_cheapest() -> None:
    """Among all sets of steps that give the product, or every gradient once."""
    chosen = set()
    for copies, orders in product(product((8, 32, 128), repeat=3), product((1, 3, 5), repeat=3)):
        sizes = Sizes(copies, orders, tuple(-(-mul // 32) * 32 for mul in copies))

        def price(*steps: Way, sizes: Sizes = sizes) -> int:
            return sum(cost_of(way, sizes, COUPLING) for way in steps)

        roles = list(permutations(range(3)))
        single = [
            min(price(way) for one in roles for way in (Way(PULL, one), Way(PUSH, one)) if way.target == k)
            for k in range(3)
        ]
        weighted = [
            min(price(Way(PUSH, one, weights=True)) for one in roles if one[0] == k) for k in range(2)
        ]
        alone = min(price(Way(PUSH, one, result=False, weights=True)) for one in roles)
        both = min(price(Way(PULL, (2, q, 1 - q), fold=True)) for q in range(2))
        assert price(*ways(sizes, gradient=False)) == single[2]
        backward = ways(sizes, gradient=True)
        options = [both + alone, weighted[0] + single[1], weighted[1] + single[0], alone + sum(single[:2])]
        assert price(*backward) == min(options)
        chosen.add(options.index(min(options)))
        assert price(Way(PULL, (2, 0, 1), fold=True)) > price(Way(PULL, (2, 0, 1))) > 0
    assert chosen >= {0, 1, 3}


def test_every_way_gives_the_same_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the ways that a plan may choose, whichever is the cheapest."""
    irreps = "5x1o", "4x1o", "3x1e"
    tp = FullyConnectedTensorProduct(*irreps)
    x, y, weight, grad = draw(tp, 5)
    expected, gradients = tp(x, y, weight), tp.backward(x, y, weight, grad)
    orders = [(p, q, 3 - p - q) for p in range(3) for q in range(3) if p != q]
    for roles in orders:
        pull, push = Way(0, roles), Way(1, roles)
        alone = Way(1, roles, result=False, weights=True)
        both = [Way(0, (2, 0, 1), fold=True), Way(0, (2, 1, 0), fold=True)]
        apart = [Way(0, (2, 1, 0)), Way(1, (1, 0, 2))], [Way(0, (1, 2, 0)), Way(0, (0, 2, 1))]
        for forward in [pull] * (roles[2] == 2) + [push] * (roles[0] == 2):
            for backward in ([both[0]], [both[1]], *apart):
                chosen = {False: [forward], True: [alone, *backward]}
                monkeypatch.setattr(connected_plan, "ways", lambda *_, gradient, c=chosen, **__: c[gradient])
                tp._engine = ConnectedEngine(tp._spec)
                assert np.allclose(tp(x, y, weight), expected, rtol=1e-13, atol=1e-13)
                for one, two in zip(tp.backward(x, y, weight, grad), gradients, strict=True):
                    assert np.allclose(one, two, rtol=1e-13, atol=1e-13)


def test_bounds_count_every_rounding() -> None:
    """Sums that round the same way in every addition: over copies of x, and over samples for the weights."""
    tp = FullyConnectedTensorProduct("64x0e", "1x0e", "64x0e", path_normalization="none")
    assert isinstance(tp._engine, ConnectedEngine)
    rising = np.where(np.arange(64) == 0, 1, 1.01 * 2.0**-24).astype(np.float32)
    ones = np.ones((64, 64), np.float32)
    z, bound = tp(np.broadcast_to(rising, (64, 64)), ones[:, :1], ones.reshape(-1), with_bound=True)
    exact = rising.astype(np.float64).sum()
    assert (np.abs(z - exact) > 50 * 2.0**-25).all()
    assert (np.abs(z - exact) <= bound).all()
    grad = np.broadcast_to(rising[:, np.newaxis], (64, 64))
    gradients, bounds = tp.backward(ones, ones[:, :1], ones.reshape(-1), grad, with_bound=True)
    assert (np.abs(gradients.weight - exact) > 50 * 2.0**-25).all()
    assert (np.abs(gradients.weight - exact) <= bounds.weight).all()
    assert (np.abs(gradients.x - 64 * grad.astype(np.float64)) <= bounds.x).all()
