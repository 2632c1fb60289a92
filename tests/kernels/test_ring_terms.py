"""Sums of products on rings against quadrature and repeated products, and the steps of their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.kernels.pool import scratch
from reptheory.kernels.ring_terms import ring_terms
from reptheory.kernels.rings import RingPlan, ring_scratch
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.term_plan import RingBound, Term, prepared_terms, run_terms, term_plan

Array = Any


def drawn(lmaxs: tuple[int, ...], samples: int = 9, dtype: str = "float64") -> list[Array]:
    rng = np.random.default_rng(sum(lmaxs))
    return [rng.standard_normal((samples, (lmax + 1) ** 2)).astype(dtype) for lmax in lmaxs]


def apply(plan: RingPlan, functions: list[Array]) -> Array:
    """Run the kernel; scratch starts as NaN, so nothing may be read before it is written."""
    given = np.concatenate([one.reshape(-1) for one in functions])
    samples, dtype = len(functions[0]), functions[0].dtype
    z = np.full(samples * int(plan.sides[plan.functions :, 3].sum()), np.nan, dtype)
    work = scratch(ring_scratch(plan), dtype)
    work[:] = np.nan
    ring_terms(given, samples, z, 0, samples, plan, work)
    return z


@pytest.mark.parametrize("fourier", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("samples", [0, 1, 17])
def test_sums_of_products(samples: int, dtype: str, fourier: bool) -> None:
    """Results f g, f^2 - h f, f g h, g^2 - h^2 of one plan, from the kernel and by tables."""
    functions = drawn((2, 1, 2), samples, dtype)
    f, g, h = (one.astype(np.float64) for one in functions)
    terms = [
        Term((0, 1), 0), Term((0, 0), 1), Term((2, 0), 1, -1), Term((0, 1, 2), 2), Term((2, 2), 3, -1),
        Term((1, 1), 3),
    ]  # fmt: skip
    plan = term_plan((2, 1, 2), 4, terms, dtype, fourier=fourier)
    results = apply(plan, functions).reshape(4, samples, 25)

    def times(x: Array, y: Array) -> Array:
        lmax1, lmax2 = (round(one.shape[-1] ** 0.5) - 1 for one in (x, y))
        z = GauntTensorProduct(lmax1, lmax2, method="table")(x, y)
        return np.pad(z, ((0, 0), (0, max(0, 25 - z.shape[-1]))))[:, :25]

    fg = GauntTensorProduct(2, 1)(f, g)
    expected = [times(f, g), times(f, f) - times(h, f), times(fg, h), times(g, g) - times(h, h)]
    assert np.abs(results - np.array(expected)).max(initial=0) < (2e-5 if dtype == "float32" else 2e-14)
    assert np.array_equal(run_terms(prepared_terms(plan), functions, None), results)


@pytest.mark.parametrize("fourier", [False, True])
@pytest.mark.parametrize("power", [2, 3, 4, 5])
def test_a_power_is_the_repeated_product(power: int, fourier: bool) -> None:
    (f,) = drawn((2,))
    expected = f
    for count in range(1, power):
        expected = GauntTensorProduct(2 * count, 2)(expected, f)
    z = apply(term_plan((2,), 3, [Term((0,) * power)], "float64", fourier=fourier), [f])
    assert np.abs(z.reshape(-1, 16) - expected[:, :16]).max() < 1e-13 * np.abs(expected).max()


@pytest.mark.parametrize("fourier", [False, True])
def test_no_smaller_grid_is_exact(fourier: bool) -> None:
    """f^3 planned as if it were of a lower degree is wrong."""
    (f,) = drawn((3,))
    square = GauntTensorProduct(3)(f, f)
    expected = GauntTensorProduct(6, 3, 3)(square, f)
    right = term_plan((3,), 3, [Term((0, 0, 0))], "float64", fourier=fourier)
    smaller = term_plan((3,), 3, [Term((0, 0))], "float64", fourier=fourier)
    short = smaller._replace(terms=right.terms)
    assert np.abs(apply(right, [f]).reshape(-1, 16) - expected).max() < 1e-12
    assert np.abs(apply(short, [f]).reshape(-1, 16) - expected).max() > 1e-3


def test_sides_that_are_one_share_their_matrices() -> None:
    one, two = (
        term_plan(lmaxs, 2, [Term((0, len(lmaxs) - 1))], "float64", fourier=False) for lmaxs in ((2,), (2, 2))
    )
    assert np.array_equal(one.matrices, two.matrices)
    assert two.rows[0] > one.rows[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("power", "fourier", "by_hand"),
    [
        # matrix of n terms: n + 1; fold 1, circle n + 1, butterfly 2 on each way in; products; and back
        (2, False, 2 * (2 + 1 + 2 + 2) + 1 + (2 + 2 + 1 + 2)),
        (2, True, 2 * (2 + 2 + 1 + 2 + 2) + 1 + (2 + 2 + 1 + 2 + 2)),
        (3, False, 3 * (2 + 1 + 2 + 2) + 2 + (2 + 2 + 1 + 2)),
    ],
)
def test_every_rounding_of_constants_is_counted(power: int, fourier: bool, by_hand: int, dtype: str) -> None:
    """Where nothing cancels the bound is u times the roundings on the way, twice that of a sum of two."""
    x, u = np.array([[1.0], [3.0]]), np.finfo(dtype).eps / 2
    for terms, more in (([Term((0,) * power)], 0), ([Term((0,) * power)] * 2, 1)):
        plan = term_plan((0,), 0, terms, "float64", fourier=fourier)
        z = run_terms(prepared_terms(plan), [x], None)[0]
        bound = RingBound(plan)([x], [0 * x], np.dtype(dtype))[0]
        assert np.allclose(bound, (by_hand + more) * u * z, rtol=1e-3, atol=0)


@pytest.mark.parametrize("fourier", [False, True])
def test_errors_of_the_operands_are_carried_along(fourier: bool) -> None:
    """Functions that are off by what was stated give results that are off by no more than the bound."""
    functions = drawn((3, 2), 64)
    rng = np.random.default_rng(1)
    errors = [10.0 ** rng.uniform(-9, -3, one.shape) for one in functions]
    bound = RingBound(term_plan((3, 2), 4, [Term((0, 1, 0))], "float64", fourier=fourier))
    limit = bound(functions, errors, np.dtype(np.float64))[0]
    square = GauntTensorProduct(3)
    product = GauntTensorProduct(6, 2, 4)
    exactly = product(square(functions[0], functions[0]), functions[1])
    closest = 0.0
    for _ in range(20):
        f, g = (one + rng.choice([-1, 1], one.shape) * e for one, e in zip(functions, errors, strict=True))
        found = np.abs(product(square(f, f), g) - exactly)
        assert (found <= limit).all()
        closest = max(closest, float((found / limit).max()))
    assert closest > 0.05
