"""Gaunt many-body products: exact values within proven bounds, laws, gradients, and arrays of every kind."""

from __future__ import annotations

from itertools import permutations
from itertools import product as combinations
from typing import Any

import numpy as np
import pytest
from exact_bilinear import gaunt_reference
from flint import arb, arb_poly, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from many_body_cases import CASES, METHODS, degree_of, draw, given_weight, turned

from reptheory.exact.gaunt_n import gaunt_n_array
from reptheory.operations.degree_sums import Part, bound_dots, bound_sum
from reptheory.operations.gaunt_many_body import GauntManyBody
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.term_engines import cheapest_terms, pairwise, term_engine
from reptheory.operations.term_plan import Term

Array = Any


def multiplied(values: list[Any], other: list[Any], lmax_out: int) -> list[Any]:
    """Return the exact product of two functions, numbers or polynomials in a small one."""
    lmaxs = [round(len(one) ** 0.5) - 1 for one in (values, other)]
    reference = gaunt_reference(*lmaxs, lmax_out)
    return [sum((values[i] * other[j] * c for i, j, c in terms), arb(0)) for terms in reference.terms]


def exact(product: GauntManyBody, features: list[list[Any]], weight: Array | None) -> list[Any]:
    """Return the exact result for one sample: repeated products, truncated at the end."""
    total = [arb(0)] * product.dim_out
    for number, term in enumerate(product.terms):
        value, degree = features[term[0]], product.lmaxs[term[0]]
        for place in term[1:]:
            degree += product.lmaxs[place]
            value = multiplied(value, features[place], degree)
        for k, entry in enumerate(value[: product.dim_out]):
            factor = 1.0 if weight is None else weight[number * (product.lmax_out + 1) + degree_of(k + 1)[k]]
            total[k] = total[k] + entry * arb(float(factor))
    return total


def balls(features: list[Array], n: Any = ()) -> list[list[Any]]:
    return [[arb(float(v)) for v in one[n]] for one in features]


@settings(max_examples=40)
@given(
    st.sampled_from(METHODS),
    st.sampled_from(CASES),
    st.booleans(),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([0.0, 4.0, 15.0]),
    st.integers(0, 2**32),
)
def test_results_are_exact_within_their_bounds(
    method: Any, case: Any, weighted: bool, dtype: str, spread: float, seed: int
) -> None:
    product = GauntManyBody(*case, method=method, weighted=weighted)
    features, weight, _ = draw(product, (2,), dtype, seed, spread)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        z, bound = product(*features, *given_weight(weight), with_bound=True)
        tight = product.certificate(*features, *given_weight(weight), z=z)
    with ctx.workprec(400):
        for n in range(2):
            own = None if weight is None else weight[n]
            for k, ball in enumerate(exact(product, balls(features, n), own)):
                error = abs(arb(float(z[n, k])) - ball)
                for most in (bound[n, k], tight[n, k]):
                    assert not np.isfinite(most) or error <= arb(float(most))
                if not spread and dtype == "float64":
                    assert tight[n, k] <= float(error.mid()) * (1 + 1e-9) + 1e-28
    if not spread:
        assert np.isfinite(bound).all()
        assert bound.max() < (2e-3 if dtype == "float32" else 4e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES[1:])
def test_gradients_are_exact_within_their_bounds(case: Any, dtype: str, method: Any) -> None:
    """Derivatives by polynomials in a small number; that of a weight is the term without the others."""
    product = GauntManyBody(*case, method=method, weighted=True)
    features, weight, g = draw(product, (), dtype, 3)
    operands = (*features, *given_weight(weight))
    values, bounds = product.backward(*operands, grad=g, with_bound=True)
    tights = product.backward_certificate(*operands, grad=g, gradients=values)
    with ctx.workprec(300):
        own = balls(features)
        for place, one in enumerate(own):
            for column in range(len(one)):
                moved = [list(each) for each in own]
                moved[place][column] = arb_poly([one[column], 1])
                series = [arb_poly([0]) + entry for entry in exact(product, moved, weight)]
                ball = sum((s[1] * arb(float(v)) for s, v in zip(series, g, strict=True)), arb(0))
                error = abs(arb(float(values[place][column])) - ball)
                assert error <= arb(float(bounds[place][column]))
                assert error <= arb(float(tights[place][column]))
                assert tights[place][column] <= bounds[place][column] * (1 + 1e-9)
        for column in range(product.weight_numel):
            unit = np.eye(product.weight_numel)[column]
            terms = zip(exact(product, own, unit), g, strict=True)
            ball = sum((entry * arb(float(v)) for entry, v in terms), arb(0))
            assert abs(arb(float(values[-1][column])) - ball) <= arb(float(bounds[-1][column]))
            assert abs(arb(float(values[-1][column])) - ball) <= arb(float(tights[-1][column]))
    assert all(np.isfinite(one).all() for one in bounds)


@pytest.mark.parametrize("degrees", [(1, 1, 1, 1), (2, 1, 0, 1), (1, 2, 1), (2, 2, 2, 2)])
def test_coefficients_are_integrals_of_n_harmonics(degrees: tuple[int, ...]) -> None:
    """Unit functions of one degree each: the result has the entries of `gaunt_n_array`."""
    *given, last = degrees
    blocks = gaunt_n_array(list(degrees), "real").to_numpy("float64")
    orders = list(combinations(*(range(2 * l + 1) for l in given)))  # noqa: E741
    features = []
    for place, l in enumerate(given):  # noqa: E741
        one = np.zeros((len(orders), (l + 1) ** 2))
        one[np.arange(len(orders)), l * l + np.array(orders)[:, place]] = 1
        features.append(one)
    expected = np.array([blocks[index] for index in orders])
    for method in METHODS:
        z, bound = GauntManyBody(given, last, method=method)(*features, with_bound=True)  # type: ignore[arg-type]
        assert (np.abs(z[:, last * last :] - expected) <= bound[:, last * last :] + 1e-15).all()


@pytest.mark.parametrize("method", METHODS)
def test_untruncated_products_are_associative_and_symmetric(method: Any) -> None:
    product = GauntManyBody([2, 1, 3], method=method)
    (x, y, w), _, _ = draw(product, (4,))
    z, bound = product(x, y, w, with_bound=True)
    assert product.lmax_out == 6
    first = GauntTensorProduct(3, 3)(GauntTensorProduct(2, 1)(x, y), w)
    second = GauntTensorProduct(2, 4)(x, GauntTensorProduct(1, 3)(y, w))
    assert (np.abs(z - first) <= bound + 1e-13).all()
    assert (np.abs(z - second) <= bound + 1e-13).all()
    for order in permutations(range(3)):
        lmaxs, features = [product.lmaxs[k] for k in order], [(x, y, w)[k] for k in order]
        other, limit = GauntManyBody(lmaxs, method=method)(*features, with_bound=True)
        assert (np.abs(z - other) <= bound + limit).all()


def test_only_the_result_is_truncated() -> None:
    """Truncating every product of two, as repeated products of features of degree L do, is something else."""
    cube = GauntManyBody(2, 2, 3)
    (x,), _, _ = draw(cube, (5,))
    whole = GauntTensorProduct(4, 2, 2)(GauntTensorProduct(2, 2, 4)(x, x), x)
    cut = GauntTensorProduct(2, 2, 2)(GauntTensorProduct(2, 2, 2)(x, x), x)
    assert np.abs(cube(x) - whole).max() < 1e-13
    assert np.abs(cube(x) - cut).max() > 1e-2
    assert np.abs(cube(x) - GauntManyBody(2, 6, 3)(x)[:, :9]).max() < 1e-13


@pytest.mark.parametrize("case", CASES)
def test_methods_agree_and_turn_with_their_operands(case: Any) -> None:
    """Quarter turns permute coefficients with signs; the inversion gives odd degrees a minus."""
    found = []
    for method in METHODS:
        product = GauntManyBody(*case, method=method, weighted=True)
        features, weight, g = draw(product, (4,))
        z, bound = product(*features, *given_weight(weight), with_bound=True)
        found.append((z, bound))
        there, limit = product(*map(turned, features), weight, with_bound=True)
        assert (np.abs(there - turned(z)) <= limit + np.abs(turned(bound))).all()
        signs = [(-1.0) ** degree_of(one.shape[-1]) for one in features]
        inverted = [sign * one for sign, one in zip(signs, features, strict=True)]
        there, limit = product(*inverted, weight, with_bound=True)
        assert (np.abs(there - (-1.0) ** degree_of(product.dim_out) * z) <= limit + bound).all()
        back = product.backward(*features, *given_weight(weight), grad=g)
        again = product.backward(*map(turned, features), weight, grad=turned(g))
        assert np.allclose(again[0], turned(back[0]), atol=1e-10)
    for z, bound in found[1:]:
        assert (np.abs(z - found[0][0]) <= bound + found[0][1]).all()


@pytest.mark.parametrize("method", METHODS)
def test_selection_rules(method: Any) -> None:
    """Three vectors give degrees 1 and 3 only; by table the others are exactly 0."""
    product = GauntManyBody([1, 1, 1], method=method)
    features, _, _ = draw(product, (6,))
    for one in features:
        one[:, 0] = 0
    z, bound = product(*features, with_bound=True)
    forbidden = degree_of(16) % 2 == 0
    assert (np.abs(z[:, forbidden]) <= bound[:, forbidden]).all()
    assert method != "table" or not z[:, forbidden].any()
    assert (np.abs(z[:, ~forbidden]) > 1e-8).any(axis=0).all()


def test_degrees_that_no_term_reaches_are_zero() -> None:
    """x^2 of degree 2 in a result of degree 3, and the gradient of a degree that nothing depends on."""
    for method in METHODS:
        product = GauntManyBody(1, 3, [(0, 0), (0, 0, 0)], method=method, weighted=True)
        (x,), weight, _ = draw(product, (3,))
        weight[:, 4:] = 0  # type: ignore[index]
        z, bound = product(x, weight, with_bound=True)
        assert not z[:, 9:].any()
        assert bound[:, 9:].max() < 1e-14
        high = GauntManyBody([5, 1], 1, method=method)
        operands, _, g = draw(high, (3,))
        gradient = high.backward(*operands, grad=g)[0]
        assert not gradient[:, 9:].any()
        assert gradient[:, :9].all()


@pytest.mark.parametrize("method", METHODS)
def test_errors_of_the_operands_are_carried_along(method: Any) -> None:
    """Functions that are off by what was stated give results that are off by no more than the bound."""
    rng = np.random.default_rng(1)
    functions = [rng.standard_normal((64, 9)), rng.standard_normal((64, 4))]
    terms = [Term((0, 1, 1)), Term((0, 0), 1), Term((1, 0, 1), 1, -1)]
    for place in (0, 1):
        engine = term_engine((2, 1), 3, terms, method)
        errors = [1e-4 * rng.random(one.shape) * (k == place) for k, one in enumerate(functions)]
        limit = np.array(engine.bound(functions, errors, np.dtype(np.float64)))
        clean, closest = np.array(engine.run(functions, None)), 0.0
        for _ in range(20):
            moved = [
                one + rng.choice([-1, 1], one.shape) * e for one, e in zip(functions, errors, strict=True)
            ]
            found = np.abs(engine.run(moved, None) - clean)
            assert (found <= limit + 1e-14).all()
            closest = max(closest, float((found / limit).max()))
        assert closest > 0.3


def test_every_rounding_of_constants_is_counted() -> None:
    """By table: the coefficient, two products and their row; each further term adds one rounding."""
    x, u = np.array([[1.0], [3.0]]), 2.0**-53
    for count, by_hand in ((1, 4), (3, 6)):
        engine = term_engine((0,), 0, [Term((0, 0))] * count, "table")
        bound = engine.bound([x], [0 * x], np.dtype(np.float64))
        assert np.allclose(bound, by_hand * u * engine.run([x], None)[0], rtol=1e-3, atol=0)


@pytest.mark.parametrize(("method", "product_of_two"), [("table", 4), ("grid", 22), ("fourier", 28)])
def test_every_rounding_of_gradients_of_constants_is_counted(method: Any, product_of_two: int) -> None:
    """That of w g is one, also where w g is all there is; a sum of two equal products, one of two terms."""
    layer = GauntManyBody(0, 0, [(0,), (0, 0)], method, weighted=True)
    x, g, u = np.array([[1.0], [3.0]]), np.array([[5.0], [7.0]]), 2.0**-53
    for weight, by_hand in (([0.0, 3.0], 1 + product_of_two + 1 + 1), ([3.0, 0.0], 1 + 1)):
        values, bounds = layer.backward(x, [weight] * 2, grad=g, with_bound=True)
        assert np.allclose(bounds[0], by_hand * u * values[0], rtol=1e-3, atol=0)
        assert np.allclose(bounds[1], [1, product_of_two + 1] * values[1] * u, rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bounds_of_sums_and_weights_by_hand(dtype: str) -> None:
    rng, u = np.random.default_rng(0), np.finfo(dtype).eps / 2
    values = [rng.standard_normal((5, dim)).astype(dtype) for dim in (9, 4)]
    weights = [rng.standard_normal((5, 3)).astype(dtype) for _ in values]
    own = [weight[:, degree_of(one.shape[1])] for weight, one in zip(weights, values, strict=True)]
    z, bound = np.zeros((5, 9), dtype), np.empty((5, 9))
    bound_sum([Part(*one) for one in zip(values, [None] * 2, weights, strict=True)], z, bound)
    size = np.abs(values[0] * own[0]).astype(np.float64)
    size[:, :4] += np.abs(values[1] * own[1])
    assert np.allclose(bound, 2 * u * size, rtol=1e-3, atol=0)
    bound_sum([Part(one, np.full(one.shape, u / 2)) for one in values], z, bound)
    inherited = u * (1 + np.abs(values[0][:, :4]) + np.abs(values[1]))
    assert np.allclose(bound[:, :4], inherited, rtol=1e-3, atol=0)
    sums, limit = np.zeros((5, 3), dtype), np.empty((5, 3))
    bound_dots(Part(values[0]), values[0], sums, limit)
    expected = np.stack([(values[0].astype(float) ** 2)[:, k * k : (k + 1) ** 2].sum(1) for k in range(3)], 1)
    assert np.allclose(limit, (2 * np.arange(3) + 1) * u * expected, rtol=1e-3, atol=0)


def test_shared_products_are_computed_once() -> None:
    """x^2 serves x^3 and x^4; parts go no higher than the result needs."""
    steps = pairwise([3], 3, [Term((0,) * n, n - 2) for n in (2, 3, 4)])
    assert [(step.part, step.degrees) for step in steps] == [
        ((0, 0), (3, 3, 6)),
        ((0, 0, 0), (3, 6, 3)),
        ((0, 0, 0, 0), (6, 6, 3)),
    ]
    assert [step.degrees for step in pairwise([4, 1], 0, [Term((0, 1, 1))])] == [(1, 4, 1), (1, 1, 0)]


def test_low_degrees_go_by_table_and_high_ones_by_grid() -> None:
    assert cheapest_terms((1,), 1, (Term((0, 0, 0)),)) == "table"
    assert cheapest_terms((8, 8, 8), 8, (Term((0, 1, 2)),)) == "grid"
