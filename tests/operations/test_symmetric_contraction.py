"""Symmetric contractions: exact within proven bounds, gradients, laws, weights, arrays of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contraction_cases import LAYOUTS, draw, made
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn

from reptheory.errors import LabelError
from reptheory.operations.symmetric_contraction import SymmetricContraction

Array = Any


def copies(contraction: SymmetricContraction, side: int, values: Array) -> Array:
    """Return features (samples, copies, components) of any layout."""
    irreps = (contraction.irreps_in, contraction.irreps_out)[side]
    layout = (contraction.layout_in, contraction.layout_out)[side]
    if layout == "mul_irreps":
        return values.reshape(len(values), contraction.channels, -1)
    parts = []
    for (mul, ir), place in zip(irreps, irreps.slices(), strict=True):
        shape = (mul, ir.dim) if layout == "mul_ir" else (ir.dim, mul)
        part = values[:, place].reshape(len(values), *shape)
        parts.append(part if layout == "mul_ir" else part.transpose(0, 2, 1))
    return np.concatenate(parts, axis=2)


def reference(contraction: SymmetricContraction, x: Array, weight: Array, species: Array) -> Array:
    """Contract dense tensors in float64: (samples, copies, components of z)."""
    features = copies(contraction, 0, x.astype(np.float64))
    total: dict[int, Array] = {}
    weights = [view.astype(np.float64)[species] for view in contraction.weight_views(weight)]
    for number, (coupling, w) in enumerate(zip(contraction.couplings, weights, strict=True)):
        tensor = coupling.array().to_numpy()
        value = np.einsum("k...p,npu->nuk...", tensor, w)
        for _ in range(coupling.degree):
            value = np.einsum("nuk...a,nua->nuk...", value, features)
        block = number // contraction.correlation
        total[block] = total.get(block, 0) + value
    return np.concatenate(list(total.values()), axis=2)


@pytest.mark.parametrize("layout_in", LAYOUTS)
@pytest.mark.parametrize("layout_out", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 3, 16, 37])
def test_equals_dense_tensors_in_every_layout(layout_in: Any, layout_out: Any, channels: int) -> None:
    for basis in ("reduced", "mace", "cuequivariance"):
        contraction = made(channels, layout_in=layout_in, layout_out=layout_out, basis=basis)
        for dtype in ("float64", "float32"):
            x, weight, species, _ = draw(contraction, 11, 3, dtype)
            z, bound = contraction(x, weight, species, with_bound=True)
            expected = reference(contraction, x, weight, species)
            errors = np.abs(copies(contraction, 1, z) - expected)
            assert (errors <= copies(contraction, 1, bound) + 1e-11).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("irreps", ["0e", "0e+1o", "0e+2e", "0e+1o+1e+2e"])
def test_copies_outside_all_irreps_however_many_components(irreps: str, dtype: str) -> None:
    """1, 4, 6 and 12 components, in whole vectors of copies and in part of one, as in "ir_mul"."""
    inner, outer = (made(37, 2, (irreps, irreps), layout=layout) for layout in ("ir_mul", "mul_irreps"))
    x, weight, species, g = draw(outer, 5, 2, dtype)
    given, grad = (
        np.ascontiguousarray(array.reshape(5, 37, -1).transpose(0, 2, 1)).reshape(5, -1) for array in (x, g)
    )
    expected = [inner(given, weight, species), *inner.backward(given, weight, species, grad)]
    found = [outer(x, weight, species), *outer.backward(x, weight, species, g)]
    for one, other in zip(expected[:2], found[:2], strict=True):
        assert np.array_equal(one.reshape(5, -1, 37).transpose(0, 2, 1).reshape(5, -1), other)
    assert np.array_equal(expected[2], found[2])


@pytest.mark.parametrize("correlation", [1, 2, 3, 4, 5])
def test_every_correlation(correlation: int) -> None:
    contraction = made(2, correlation, ("0e+1o", "0e+1o+2e"))
    x, weight, species, _ = draw(contraction, 9, 2)
    expected = reference(contraction, x, weight, species)
    assert np.allclose(
        copies(contraction, 1, contraction(x, weight, species)), expected, rtol=1e-11, atol=1e-11
    )


def exact(contraction: SymmetricContraction, x: Array, weight: Array, g: Array) -> tuple[Any, Any, Any]:
    """Return balls of z, and of the gradients of x and weight, of one sample of one copy."""
    values = [arb(float(v)) for v in x]
    views = contraction.weight_views(np.arange(contraction.weight_numel))
    z = [arb(0) for _ in range(contraction.dim_out)]
    to_x, to_w = [arb(0) for _ in x], [arb(0) for _ in weight]
    start = 0
    for number, (coupling, view) in enumerate(zip(contraction.couplings, views, strict=True)):
        rows = zip(coupling.index.tolist(), coupling.numerators, coupling.denominators, strict=True)
        for (path, order, *monomial), top, bottom in rows:
            c = (arb(abs(top)) / bottom).sqrt() * (1 if top > 0 else -1)
            place, k = int(view[path, 0]), start + order
            w, incoming = arb(float(weight[place])), arb(float(g[k]))
            product = c
            for a in monomial:
                product *= values[a]
            z[k] += w * product
            to_w[place] += incoming * product
            for left in range(len(monomial)):
                rest = c * w * incoming
                for other, a in enumerate(monomial):
                    rest = rest * values[a] if other != left else rest
                to_x[monomial[left]] += rest
        if number % contraction.correlation == contraction.correlation - 1:
            start += coupling.irrep_out.dim
    return z, to_x, to_w


@settings(max_examples=30)
@given(
    st.sampled_from([("0e+1o", "0e+1o", 3), ("0e+1o+2e", "1o", 2), ("1o+1e", "0o+2e", 2), ("1o", "0e", 4)]),
    st.sampled_from(["reduced", "mace"]),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([0.0, 3.0, 12.0]),
    st.integers(0, 2**32),
)
def test_results_and_gradients_are_exact_within_their_bounds(
    features: Any, basis: Any, dtype: str, spread: float, seed: int
) -> None:
    contraction = made(1, features[2], features[:2], basis=basis)
    x, weight, _, g = draw(contraction, 1, 1, dtype, seed, spread)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        z, bound = contraction(x, weight[0], with_bound=True)
        found, limits = contraction.backward(x, weight[0], None, g, with_bound=True)
        tight = contraction.certificate(x, weight[0], None, z)
        tights = contraction.backward_certificate(x, weight[0], None, g, found)
    with ctx.workprec(400):
        balls = exact(contraction, x[0], weight[0], g[0])
        arrays = [
            (z[0], bound[0], tight[0]),
            (found.x[0], limits.x[0], tights.x[0]),
            (found.weight, limits.weight, tights.weight),
        ]
        for (values, most, closer), one in zip(arrays, balls, strict=True):
            for value, limit, close, ball in zip(values, most, closer, one, strict=True):
                error = abs(arb(float(value)) - ball)
                assert not np.isfinite(limit) or error <= arb(float(limit))
                assert not np.isfinite(close) or error <= arb(float(close))
                if not spread and dtype == "float64":
                    assert close <= float(error.mid()) * (1 + 1e-9) + 1e-27
    if not spread:
        for _, most, _ in arrays:
            assert np.isfinite(most).all()
            assert most.max(initial=0) < (1e-2 if dtype == "float32" else 1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("nu", "q", "p", "b", "e"),
    [
        (1, 1, 1, 1, 2),  # (x) 1
        (2, 1, 2, 2, 2),  # (x) 1 + (x) x
        (3, 2, 2, 2, 4),  # (x + x^2) 1 + (x^2) x, where x occurs twice in x^2 = x x
    ],
)
def test_every_rounding_of_a_polynomial_in_one_number_is_counted(
    nu: int, q: int, p: int, b: int, e: int, dtype: str
) -> None:
    """The bounds of docs/proofs/symmetric_contraction.md with its letters by hand; n = n' = R = V = 1."""
    contraction, u = made(1, nu, ("0e", "0e")), np.finfo(dtype).eps / 2
    x, weight = np.array([[1.5]], dtype), np.ones(contraction.weight_numel, dtype)
    z, bound = contraction(x, weight, with_bound=True)
    found, limits = contraction.backward(x, weight, None, np.ones_like(z), with_bound=True)
    for by_hand, value, limit in (
        (1 + q + p + nu + 4, z, bound),
        (1 + max(b, q) + 2 * nu + nu * (e + 1) + 6, found.x, limits.x),
        (1 + 2 * nu + 2 + 1 + 8, found.weight, limits.weight),
    ):
        assert (value > 0).all()
        assert np.allclose(limit, by_hand * u * value, rtol=1e-3, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("channels", [3, 16])
def test_gradients_are_derivatives_of_many_samples(dtype: str, channels: int) -> None:
    """400 samples of 2 species, so that a species has several units; against float64 finite differences."""
    contraction = made(channels)
    x, weight, species, g = draw(contraction, 400, 2, dtype)
    found, limits = contraction.backward(x, weight, species, g, with_bound=True)
    rng = np.random.default_rng(1)
    wide = [array.astype(np.float64) for array in (x, weight)]
    for place, (value, limit) in enumerate(zip(found, limits, strict=True)):
        direction = rng.standard_normal(wide[place].shape)
        ends = []
        for step in (1e-6, -1e-6):
            moved = list(wide)
            moved[place] = wide[place] + step * direction
            ends.append((contraction(*moved, species) * g).sum())
        slope, error = (value * direction).sum(), (limit * np.abs(direction)).sum()
        assert abs(slope - (ends[0] - ends[1]) / 2e-6) <= error + 1e-7 * np.abs(value * direction).sum()


def test_rotations_inversion_and_permutations() -> None:
    contraction = made(5, 3, ("0e+1o+2e+1e", "0e+0o+1o+1e+2e"), layout="mul_irreps")
    x, weight, species, _ = draw(contraction, 6, 2)
    degrees = [ir.l for _, ir in contraction.irreps_in]
    parities = [np.repeat([ir.p for _, ir in side], [ir.dim for _, ir in side]) for side in (contraction.irreps_in, contraction.irreps_out)]  # fmt: skip # noqa: E501
    z, bound = contraction(x, weight, species, with_bound=True)
    features, result = copies(contraction, 0, x), copies(contraction, 1, z)
    turned = contraction(quarter_turn(features, degrees).reshape(x.shape), weight, species)
    expected = quarter_turn(result, [ir.l for _, ir in contraction.irreps_out])
    assert (np.abs(turned - expected.reshape(z.shape)) <= 2 * bound.max()).all()
    inverted = contraction((features * parities[0]).reshape(x.shape), weight, species)
    assert np.array_equal(inverted, (result * parities[1]).reshape(z.shape))
    order = np.random.default_rng(0).permutation(len(x))
    assert np.array_equal(contraction(x[order], weight, species[order]), z[order])


def test_weights_carry_from_mace_to_the_reduced_basis() -> None:
    mace, reduced = (made(4, basis=basis) for basis in ("mace", "reduced"))
    x, weight, species, _ = draw(mace, 8, 2)
    turned = np.zeros((2, reduced.weight_numel))
    views = zip(mace.weight_views(weight), reduced.weight_views(turned), strict=True)
    for (theirs, ours), first, second in zip(views, mace.couplings, reduced.couplings, strict=True):
        coordinates = second.coordinates(first.array().to_numpy())
        ours[...] = np.einsum("epu,pq->equ", theirs, coordinates)
    assert np.allclose(mace(x, weight, species), reduced(x, turned, species), rtol=1e-12, atol=1e-12)
    assert set(mace.path_signs("mace")) == {-1.0, 1.0}
    with pytest.raises(LabelError, match="path_signs"):
        reduced.path_signs("mace")


def test_zeros_and_what_cannot_be_reached() -> None:
    contraction = made(4, 2, ("1o", "0o+1o+0e"))
    x, weight, species, _ = draw(contraction, 5, 2)
    z = contraction(x, weight, species)
    assert (z[:, :4] == 0).all()
    assert (z[:, 4 + 12 :] != 0).all()
    assert (contraction(np.zeros_like(x), weight, species) == 0).all()
    nothing = made(4, 1, ("1o", "0e"))
    assert nothing.weight_numel == 0
    x = draw(nothing, 3, 1)[0]
    assert (nothing(x, np.zeros(0)) == 0).all()
    assert nothing.backward(x, np.zeros(0), None, np.ones((3, 4))).weight.shape == (0,)
