"""Bounds and certificates: never below the true error, whatever the degrees, the method and the numbers.

The true error comes from `exact_bilinear`: Arb balls of the exact coefficients, no kernel and no float table.
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from exact_bilinear import reference_of
from hypothesis import given, settings
from hypothesis import strategies as st

from reptheory.operations.bilinear import BilinearProduct
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.instructions import IrrepNormalization
from reptheory.operations.layouts import Layout

Array = Any

METHODS = ("table", "grid", "fourier")
PRECISIONS = (("float32", None), ("float64", None), ("float32", "float64"))

RANGES = {
    "float32": {
        "ordinary": (0, 0),
        "wide": (-30, 30),
        "subnormal": (-45, -38),
        "products underflow": (-24, -18),
        "near overflow": (16, 19.2),
    },
    "float64": {
        "ordinary": (0, 0),
        "wide": (-30, 30),
        "subnormal": (-323, -308),
        "products underflow": (-165, -150),
        "near overflow": (150, 154),
    },
}
"""Decimal exponents of the numbers in an operand, by what they provoke."""


def operand(rng: np.random.Generator, samples: int, dim: int, dtype: str, style: str) -> Array:
    """Draw an operand: random signs, mantissas and exponents, some exact zeros."""
    low, high = RANGES[dtype][style]
    values = rng.standard_normal((samples, dim)) * 10.0 ** rng.uniform(low, high, (samples, dim))
    values[rng.random((samples, dim)) < 0.1] = 0.0
    with np.errstate(over="ignore"):
        return values.astype(dtype)


@st.composite
def gaunt_products(draw: st.DrawFn, most: int = 6) -> tuple[GauntTensorProduct, str]:
    """Gaunt products of every method and precision, with the dtype of their operands."""
    lmax1, lmax2 = draw(st.integers(0, most)), draw(st.integers(0, most))
    lmax_out = draw(st.integers(0, min(most, lmax1 + lmax2)))
    dtype, accumulate = draw(st.sampled_from(PRECISIONS))
    method = draw(st.sampled_from(METHODS))
    return GauntTensorProduct(lmax1, lmax2, lmax_out, method, accumulate=accumulate), dtype


def full_products() -> st.SearchStrategy[tuple[FullTensorProduct, str]]:
    """Full products of a few shapes in every precision."""
    shapes = [
        ("1x0e+1x1o+1x2e", "1x0e+1x1o+1x2e"),
        ("2x1o+1x0o", "3x1e"),
        ("1x3o", "2x2e+1x0e"),
        ("", "1x1o"),
    ]

    def make(shape: tuple[str, str], precision: Any, **options: Any) -> tuple[FullTensorProduct, str]:
        return FullTensorProduct(*shape, accumulate=precision[1], **options), precision[0]

    return st.builds(
        make,
        st.sampled_from(shapes),
        st.sampled_from(PRECISIONS),
        irrep_normalization=st.sampled_from(get_args(IrrepNormalization)),
        layout=st.sampled_from(get_args(Layout)),
    )


def judged(product: BilinearProduct, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return z, its bound and its certificate, each proven against the exact product."""
    reference = reference_of(product)
    z, bound = product(x, y, with_bound=True)
    certificate = product.certificate(x, y, z)
    assert not reference.violations(x, y, z, bound)
    assert not reference.violations(x, y, z, certificate)
    return z, bound, certificate


STYLES = st.sampled_from(sorted(RANGES["float64"]))


@settings(max_examples=120)
@given(gaunt_products(), STYLES, STYLES, st.integers(0, 2**32))
def test_gaunt_bounds_hold_for_every_number(
    case: tuple[GauntTensorProduct, str], left: str, right: str, seed: int
) -> None:
    product, dtype = case
    rng = np.random.default_rng(seed)
    x, y = operand(rng, 2, product.dim1, dtype, left), operand(rng, 2, product.dim2, dtype, right)
    z, bound, _ = judged(product, x, y)
    assert np.isinf(bound[~np.isfinite(z)]).all()
    if not {left, right} & {"near overflow", "wide"}:
        assert np.isfinite(bound).all()


@settings(max_examples=40)
@given(full_products(), STYLES, STYLES, st.integers(0, 2**32))
def test_full_bounds_hold_for_every_number(
    case: tuple[FullTensorProduct, str], left: str, right: str, seed: int
) -> None:
    product, dtype = case
    rng = np.random.default_rng(seed)
    x, y = operand(rng, 2, product.dim1, dtype, left), operand(rng, 2, product.dim2, dtype, right)
    judged(product, x, y)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("dtype", "accumulate"), PRECISIONS)
@pytest.mark.parametrize("degrees", [(0, 0, 0), (4, 4, 8), (6, 5, 6)])
def test_bounds_and_certificates_are_not_idle(
    degrees: tuple[int, int, int], dtype: str, accumulate: Any, method: Any
) -> None:
    """A bound may be loose, but not by so much that a wrong result would pass as right."""
    product = GauntTensorProduct(*degrees, method, accumulate=accumulate)
    rng = np.random.default_rng(3)
    x, y = (rng.standard_normal((8, dim)).astype(dtype) for dim in (product.dim1, product.dim2))
    z, bound, certificate = judged(product, x, y)
    errors = reference_of(product).errors(x, y, z)
    if dtype == "float32":
        size = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
        assert (certificate <= 3 * errors + 2e-13 * size[:, None]).all()
    else:
        assert (certificate <= 3 * errors + 1e-29).all()
    loosest = {"table": 200, "grid": 250, "fourier": 500}[method]
    assert bound.max() <= (6 if accumulate else loosest) * errors.max()
    if errors.max() > 0 and not accumulate:
        assert reference_of(product).violations(x, y, z, bound / loosest), "a smaller bound must fail"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_certificate_sees_a_spoiled_result(dtype: str, method: Any) -> None:
    """One entry off by 16 float32 ulps: the certificate reports it there, and nothing elsewhere."""
    product = GauntTensorProduct(3, 3, 5, method)
    rng = np.random.default_rng(5)
    x, y = (rng.standard_normal((4, dim)).astype(dtype) for dim in (product.dim1, product.dim2))
    z = product(x, y)
    honest = product.certificate(x, y, z)
    spoiled = z.copy()
    step = 16 * np.spacing(np.abs(z[2, 17]).astype(np.float32))
    spoiled[2, 17] += np.copysign(step, z[2, 17])
    moved = abs(float(spoiled[2, 17]) - float(z[2, 17]))
    found = product.certificate(x, y, spoiled)
    assert not reference_of(product).violations(x, y, spoiled, found)
    assert found[2, 17] >= moved - honest[2, 17] > 0
    others = np.ones(z.shape, dtype=bool)
    others[2, 17] = False
    assert np.array_equal(found[others], honest[others])


def test_certificate_holds_for_any_claim() -> None:
    """Results from elsewhere: another precision, zeros, noise, infinities."""
    product = GauntTensorProduct(2, 2, 4)
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal((2, 5, 9))
    reference = reference_of(product)
    exactly = product(x, y)
    noise = rng.standard_normal(exactly.shape) * 10.0 ** rng.uniform(-30, 300, exactly.shape)
    for claim in (exactly, exactly.astype(np.float16), exactly.astype(np.float32), 0 * exactly, noise):
        certificate = product.certificate(x, y, claim)
        assert not reference.violations(x, y, claim, certificate)
        assert np.isfinite(certificate).all()
    certificate = product.certificate(x, y, np.full(exactly.shape, np.nan))
    assert np.isinf(certificate).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("dtype", "accumulate"), PRECISIONS)
def test_infinite_where_nothing_can_be_said(dtype: str, accumulate: Any, method: Any) -> None:
    """NaN, infinities and overflow: no warning, an infinite bound, and the other samples keep theirs."""
    product = GauntTensorProduct(2, 2, 4, method, accumulate=accumulate)
    rng = np.random.default_rng(11)
    x, y = (rng.standard_normal((6, 9)).astype(dtype) for _ in range(2))
    plain, plain_bound = product(x, y, with_bound=True)
    plain_certificate = product.certificate(x, y, plain)
    x[1], x[3, 4], y[4] = np.nan, np.inf, np.finfo(dtype).max
    x[4] = np.finfo(dtype).max
    z, bound = product(x, y, with_bound=True)
    certificate = product.certificate(x, y, z)
    sound = [0, 2, 5]
    assert np.array_equal(z[sound], plain[sound])
    assert np.array_equal(bound[sound], plain_bound[sound])
    assert np.array_equal(certificate[sound], plain_certificate[sound])
    assert not np.isfinite(z[1]).any()
    for hidden in (bound, certificate):
        assert not np.isnan(hidden).any()
        assert np.isinf(hidden[~np.isfinite(z)]).all()


@settings(max_examples=60)
@given(gaunt_products(5), st.integers(0, 2**32))
def test_bounds_do_not_depend_on_the_company(case: tuple[GauntTensorProduct, str], seed: int) -> None:
    """The bound of a sample is the same alone and in a batch."""
    product, dtype = case
    rng = np.random.default_rng(seed)
    x, y = operand(rng, 9, product.dim1, dtype, "wide"), operand(rng, 9, product.dim2, dtype, "ordinary")
    z, bound = product(x, y, with_bound=True)
    for k in (0, 8):
        alone, alone_bound = product(x[k], y[k], with_bound=True)
        assert np.array_equal(alone, z[k])
        assert np.array_equal(alone_bound, bound[k])
