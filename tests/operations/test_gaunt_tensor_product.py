"""Gaunt tensor product: its laws, by every method, within proven bounds or bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn

from reptheory.exact.gaunt import real_gaunt
from reptheory.groups.o3 import Irreps
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct

Array = Any
METHODS = ("table", "grid", "fourier")
PRECISIONS = (("float32", None), ("float64", None), ("float32", "float64"))


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Any:
    return request.param


def pair(
    product: GauntTensorProduct, batch: int = 7, dtype: str = "float64", seed: int = 0
) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x, y = (rng.standard_normal((batch, dim)).astype(dtype) for dim in (product.dim1, product.dim2))
    return x, y


def degree_of(dim: int) -> Array:
    """Return l of every coefficient."""
    return np.sqrt(np.arange(dim)).astype(int)


def test_unit_vectors_return_the_coefficients(method: Any) -> None:
    """x = e_i, y = e_j picks one column of the table: every coefficient with l <= 3, against exact values."""
    product = GauntTensorProduct(2, 1, 3, method)
    x, y = np.repeat(np.eye(9), 4, axis=0), np.tile(np.eye(4), (9, 1))
    z, bound = product(x, y, with_bound=True)
    labels = [(degree, m) for degree in range(4) for m in range(-degree, degree + 1)]
    for i, (l1, m1) in enumerate(labels[:9]):
        for j, (l2, m2) in enumerate(labels[:4]):
            for k, (l3, m3) in enumerate(labels):
                exact = real_gaunt(l1, l2, l3, m1, m2, m3)
                assert abs(z[4 * i + j, k] - float(exact)) <= bound[4 * i + j, k] + 1e-16
                if method == "table":
                    assert z[4 * i + j, k] == float(exact)


@settings(max_examples=60)
@given(
    st.integers(0, 7), st.integers(0, 7), st.data(), st.sampled_from(PRECISIONS), st.integers(0, 2**32)
)  # fmt: skip
def test_methods_agree_within_their_bounds(
    lmax1: int, lmax2: int, data: st.DataObject, precision: Any, seed: int
) -> None:
    lmax_out = data.draw(st.integers(0, lmax1 + lmax2))
    dtype, accumulate = precision
    results = []
    for name in METHODS:
        product = GauntTensorProduct(lmax1, lmax2, lmax_out, name, accumulate=accumulate)
        x, y = pair(product, 2, dtype, seed)
        results.append(product(x, y, with_bound=True))
    for z, bound in results[1:]:
        first, first_bound = results[0]
        gap = np.abs(z.astype(float) - first.astype(float))
        assert (gap <= bound + first_bound).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaling_by_powers_of_two_is_exact(method: Any, dtype: str) -> None:
    """Homogeneous in each operand, bit by bit."""
    product = GauntTensorProduct(3, 2, 5, method)
    x, y = pair(product, 20, dtype)
    z, bound = product(x, y, with_bound=True)
    scaled, scaled_bound = product(-8 * x, y / 4, with_bound=True)
    assert np.array_equal(scaled, -2 * z)
    assert np.allclose(scaled_bound, 2 * bound, rtol=1e-6)


def test_additive_in_each_operand(method: Any) -> None:
    """On integers the sum of two operands is exact; results add up within the three bounds."""
    product = GauntTensorProduct(3, 2, 5, method)
    rng = np.random.default_rng(1)
    a, b = rng.integers(-99, 100, (2, 8, 16)).astype(float)
    c, d = rng.integers(-99, 100, (2, 8, 9)).astype(float)
    for one, two, both in (((a, c), (b, c), (a + b, c)), ((a, c), (a, d), (a, c + d))):
        parts = [product(*operands, with_bound=True) for operands in (one, two, both)]
        (z1, b1), (z2, b2), (z3, b3) = parts
        assert (np.abs(z3 - (z1 + z2)) <= b1 + b2 + b3 + np.spacing(np.abs(z3))).all()


def test_symmetric_in_its_operands(method: Any) -> None:
    """f g = g f: swapping the operands, and their degrees, changes nothing beyond rounding."""
    there, back = GauntTensorProduct(4, 2, 5, method), GauntTensorProduct(2, 4, 5, method)
    x, y = pair(there)
    (z1, b1), (z2, b2) = there(x, y, with_bound=True), back(y, x, with_bound=True)
    assert (np.abs(z1 - z2) <= b1 + b2).all()


@pytest.mark.parametrize("degrees", [(1, 1, 1), (2, 1, 2), (2, 3, 4), (3, 3, 3)])
def test_odd_paths_are_lost(method: Any, degrees: tuple[int, int, int]) -> None:
    """l1 + l2 + l3 odd contributes nothing, for instance the cross product of two vectors."""
    l1, l2, l3 = degrees
    product = GauntTensorProduct(l1, l2, l1 + l2, method)
    x, y = pair(product)
    x[:, degree_of(product.dim1) != l1] = 0
    y[:, degree_of(product.dim2) != l2] = 0
    z, bound = product(x, y, with_bound=True)
    reached = degree_of(product.dim_out)
    odd = (reached + l1 + l2) % 2 == 1
    outside = reached < abs(l1 - l2)
    assert (np.abs(z[:, odd | outside]) <= bound[:, odd | outside]).all()
    if method == "table":
        assert not z[:, odd | outside].any()
    if l3 >= abs(l1 - l2) and (l1 + l2 + l3) % 2 == 0:
        assert np.abs(z[:, reached == l3]).max() > 0.01


@pytest.mark.parametrize("lmax_out", range(7))
def test_lower_degrees_are_a_truncation(method: Any, lmax_out: int) -> None:
    """Projection on fewer degrees: the same coefficients, although the grid is another."""
    whole, part = GauntTensorProduct(4, 2, 6, method), GauntTensorProduct(4, 2, lmax_out, method)
    x, y = pair(whole)
    (z, bound), (short, short_bound) = whole(x, y, with_bound=True), part(x, y, with_bound=True)
    assert short.shape == (7, (lmax_out + 1) ** 2)
    columns = slice(0, part.dim_out)
    assert (np.abs(short - z[:, columns]) <= bound[:, columns] + short_bound).all()
    if method == "table":
        assert np.array_equal(short, z[:, columns])


def test_higher_zeros_change_nothing(method: Any) -> None:
    """Operands padded to higher degrees are the same functions."""
    small, large = GauntTensorProduct(2, 1, 3, method), GauntTensorProduct(4, 3, 3, method)
    x, y = pair(small)
    z, bound = small(x, y, with_bound=True)
    padded, padded_bound = large(np.pad(x, ((0, 0), (0, 16))), np.pad(y, ((0, 0), (0, 12))), with_bound=True)
    assert (np.abs(z - padded) <= bound + padded_bound).all()


def test_a_constant_is_a_unit(method: Any) -> None:
    """sqrt(4 pi) Y_00 = 1 leaves the other factor, up to rounding of the constant itself."""
    product = GauntTensorProduct(0, 5, 5, method)
    _, y = pair(product)
    z, bound = product(np.full((7, 1), np.sqrt(4 * np.pi)), y, with_bound=True)
    assert (np.abs(z - y) <= bound + 4 * np.spacing(np.abs(y))).all()


def test_inversion(method: Any) -> None:
    """x_lm -> (-1)^l x_lm on both operands: the product follows."""
    product = GauntTensorProduct(4, 3, 7, method)
    x, y = pair(product)
    signs = [(-1.0) ** degree_of(dim) for dim in (product.dim1, product.dim2, product.dim_out)]
    (z, bound), (other, other_bound) = (
        product(x, y, with_bound=True),
        product(x * signs[0], y * signs[1], with_bound=True),
    )
    assert (np.abs(other - z * signs[2]) <= bound + other_bound).all()
    if method == "table":
        assert np.array_equal(other, z * signs[2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quarter_turn(method: Any, dtype: str) -> None:
    """Rotation by 90 degrees about z is exact on coefficients: results turn with their operands."""
    product = GauntTensorProduct(4, 3, 6, method)
    x, y = pair(product, dtype=dtype)
    z, bound = product(x, y, with_bound=True)
    turned, turned_bound = product(quarter_turn(x, range(5)), quarter_turn(y, range(4)), with_bound=True)
    allowed = turned_bound + np.abs(quarter_turn(bound, range(7)))
    assert (np.abs(turned.astype(float) - quarter_turn(z, range(7)).astype(float)) <= allowed).all()
    assert not (np.abs(turned.astype(float) - z.astype(float)) <= allowed).all()


def test_threads_do_not_change_a_bit(method: Any) -> None:
    x, y = pair(GauntTensorProduct(3, 3, 4, method), 333, "float32")
    results = [GauntTensorProduct(3, 3, 4, method, threads=threads)(x, y) for threads in (1, 2, 3, None)]
    for other in results[1:]:
        assert np.array_equal(other, results[0])


def test_accumulating_in_float64_rounds_once(method: Any) -> None:
    """float32 in and out, float64 inside: the float64 result, rounded."""
    wide = GauntTensorProduct(3, 2, 4, method, accumulate="float64")
    plain = GauntTensorProduct(3, 2, 4, method)
    x, y = pair(plain, 40, "float32")
    z = wide(x, y)
    assert z.dtype == np.float32
    assert np.array_equal(z, plain(x.astype(float), y.astype(float)).astype(np.float32))


def test_defaults() -> None:
    product = GauntTensorProduct(np.int8(2))
    assert (product.lmax1, product.lmax2, product.lmax_out) == (2, 2, 4)
    assert (product.dim1, product.dim2, product.dim_out) == (9, 9, 25)
    assert product.dim_out == Irreps.spherical_harmonics(4).dim
    assert repr(product).startswith("GauntTensorProduct(2, 2, 4, method=")


def test_automatic_method() -> None:
    assert GauntTensorProduct(1, 1, 2).method == GauntTensorProduct(8, 8, 1).method == "unrolled"
    assert GauntTensorProduct(8, 8, 8).method == GauntTensorProduct(64, 64, 64).method == "grid"
    assert GauntTensorProduct(8, 1, 8).method == "table"
    for name in METHODS:
        assert GauntTensorProduct(1, method=name).method == name


def test_cost_counts_multiplications(method: Any) -> None:
    """The table costs its nonzero entries; grids grow by no more than L^3 and a bit, the table by L^5."""
    costs = [GauntTensorProduct(lmax, lmax, lmax, method).cost for lmax in (2, 4, 8)]
    growth = np.diff(np.log2(costs))
    assert (growth > 1.5).all()
    assert (growth < (5 if method == "table" else 4)).all()
