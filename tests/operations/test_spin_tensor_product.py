"""Spin tensor product: SymPy's coefficients, rotations by SU(2) exactly, bounds against exact balls."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from array_layouts import LAYOUTS, backwards, read_only, spread, unaligned
from flint import acb, arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational
from sympy.physics.quantum.cg import CG

from reptheory.errors import LabelError, OperandError
from reptheory.exact.clebsch_gordan import clebsch_gordan, clebsch_gordan_array
from reptheory.exact.real_basis import real_from_complex
from reptheory.exact.rotation_matrices import rotation_matrix
from reptheory.groups.spins import SpinIrreps
from reptheory.kernels import coupling
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.spin_tensor_product import SpinTensorProduct

Array = Any
BITS = 300
CASES = [("1/2", "1/2"), ("2x1/2+1", "3/2+2x0"), ("0+1/2+1", "1/2+1"), ("3", "5/2"), ("1/2+1+1/2", "2x1")]
DTYPES = ["complex64", "complex128"]


@lru_cache(maxsize=32)
def product_of(case: tuple[str, str]) -> SpinTensorProduct:
    return SpinTensorProduct(*case)


@pytest.fixture(params=CASES, ids=" x ".join)
def product(request: pytest.FixtureRequest) -> SpinTensorProduct:
    return product_of(request.param)


def draw(product: SpinTensorProduct, *leading: int, dtype: str = "complex128", seed: int = 0) -> list[Array]:
    """Draw x, y and a gradient whose parts are small integers over 8: exact in every type."""
    rng = np.random.default_rng(seed)
    dims = product.dim1, product.dim2, product.dim_out
    parts = [rng.integers(-40, 41, (2, *leading, dim)) / 8 for dim in dims]
    return [(real + 1j * imag).astype(dtype) for real, imag in parts]


def copies(irreps: SpinIrreps) -> list[tuple[int, int, int]]:
    """List (entry, 2j, first component) of every copy."""
    found, start = [], 0
    for entry, (mul, ir) in enumerate(irreps):
        for _ in range(mul):
            found.append((entry, ir.two_j, start))
            start += ir.dim
    return found


@lru_cache(maxsize=32)
def terms_of(product: SpinTensorProduct) -> list[list[tuple[int, int, Any]]]:
    """List the terms (i, j, coefficient as a surd) of every output, from single coefficients."""
    outputs: list[list[tuple[int, int, Any]]] = [[] for _ in range(product.dim_out)]
    for path in product.instructions:
        left = [one for one in copies(product.irreps_in1) if one[0] == path.i1]
        right = [one for one in copies(product.irreps_in2) if one[0] == path.i2]
        j1, j2, j3 = (Fraction(ir.two_j, 2) for ir in (path.ir1, path.ir2, path.ir_out))
        for u, (_, two1, first) in enumerate(left):
            for v, (_, two2, second) in enumerate(right):
                start = path.columns.start + (u * len(right) + v) * path.ir_out.dim
                for a, b in np.ndindex(two1 + 1, two2 + 1):
                    m1, m2 = a - j1, b - j2
                    if abs(m1 + m2) <= j3:
                        value = clebsch_gordan(j1, j2, j3, m1, m2, m1 + m2)
                        if value:
                            outputs[start + int(m1 + m2 + j3)].append((first + a, second + b, value))
    return outputs


def ball(value: complex) -> Any:
    return acb(float(value.real), float(value.imag))


def holds(terms: list[list[tuple[int, int, Any]]], x: Array, y: Array, z: Array, bound: Array) -> bool:
    """Say whether |z - exact| <= bound is certain for every output of every sample."""
    with ctx.workprec(BITS):
        for n, k in np.ndindex(z.shape):
            exact = acb(0)
            for i, j, value in terms[k]:
                exact += acb(value.to_arb(BITS)) * ball(x[n, i]) * ball(y[n, j])
            if np.isfinite(bound[n, k]) and not abs(exact - ball(z[n, k])) <= arb(float(bound[n, k])):
                return False
    return True


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_bounds_and_certificates_are_exact(product: SpinTensorProduct, dtype: str) -> None:
    rng = np.random.default_rng(1)
    x, y, _ = (
        one * rng.normal(size=one.shape).astype(one.real.dtype) for one in draw(product, 2, dtype=dtype)
    )
    z, bound = product(x, y, with_bound=True)
    certificate = product.certificate(x, y, z)
    assert z.dtype == dtype
    assert z.shape == bound.shape == (2, product.dim_out)
    assert (certificate <= 2 * bound).all()
    assert bound.max() <= 100 * np.finfo(dtype).eps * np.abs(x).max() * np.abs(y).max()
    terms = terms_of(product)
    assert holds(terms, x, y, z, bound)
    assert holds(terms, x, y, z, certificate)
    spoilt = z + np.array(2j * bound.max() + 1e-6j * np.abs(z).max()).astype(dtype)
    assert not holds(terms, x, y, spoilt, bound)
    assert holds(terms, x, y, spoilt, product.certificate(x, y, spoilt))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_are_those_of_pytorch(product: SpinTensorProduct, dtype: str) -> None:
    """grad_x_i = sum_jk C_ijk conj(y_j) g_k, within the bound."""
    x, y, g = draw(product, 2, dtype=dtype, seed=2)
    (grad_x, grad_y), (bound_x, bound_y) = product.backward(x, y, g, with_bound=True)
    assert grad_x.dtype == grad_y.dtype == dtype
    first: list[Any] = [[] for _ in range(product.dim1)]
    second: list[Any] = [[] for _ in range(product.dim2)]
    for k, terms in enumerate(terms_of(product)):
        for i, j, value in terms:
            first[i].append((k, j, value))
            second[j].append((i, k, value))
    assert holds(first, g, y.conj(), grad_x, bound_x)
    assert holds(second, x.conj(), g, grad_y, bound_y)
    assert not holds(first, g, y, grad_x, bound_x)
    plain = product.backward(x, y, g)
    assert np.array_equal(plain[0], grad_x)
    assert np.array_equal(plain[1], grad_y)


def test_gradients_are_those_of_finite_differences() -> None:
    """F = Re <g, z>: dF/d(real part) and dF/d(imaginary part) are differences, F being linear in each."""
    product = product_of(CASES[2])
    x, y, g = draw(product, seed=3)
    gradients = product.backward(x, y, g)

    def loss(left: Array, right: Array) -> float:
        return float(np.vdot(g, product(left, right)).real)

    for k in range(product.dim1):
        step = np.eye(product.dim1)[k]
        along = [loss(x + s * step, y) - loss(x - s * step, y) for s in (1, 1j)]
        assert np.isclose(gradients[0][k], complex(*along) / 2, atol=1e-11)
    for k in range(product.dim2):
        step = np.eye(product.dim2)[k]
        along = [loss(x, y + s * step) - loss(x, y - s * step) for s in (1, 1j)]
        assert np.isclose(gradients[1][k], complex(*along) / 2, atol=1e-11)


@pytest.mark.parametrize("two_js", [(1, 1, 0), (1, 1, 2), (3, 2, 1), (3, 2, 5), (2, 2, 2), (4, 3, 3)])
def test_sympy_agrees(two_js: tuple[int, int, int]) -> None:
    j1, j2, j3 = (Rational(two, 2) for two in two_js)
    product = SpinTensorProduct(*(str(j) for j in (j1, j2)), filter_ir_out=[str(j3)])
    tensor = product(np.eye(product.dim1)[:, None], np.eye(product.dim2))
    assert tensor.shape == tuple(two + 1 for two in two_js)
    for a, b, c in np.ndindex(tensor.shape):
        exact = CG(j1, a - j1, j2, b - j2, j3, c - j3).doit()
        assert tensor[a, b, c] == complex(float(exact.evalf(30)))


ROTATIONS = [(1, 0, 1, 0), (1, 2, 3, 4), (-1, -2, -3, -4), (0, 0, 0, 1), (5, -1, 2, 1)]


@pytest.mark.parametrize("quaternion", ROTATIONS)
def test_rotations_by_su2(product: SpinTensorProduct, quaternion: tuple[int, ...]) -> None:
    """Spinors turn by exact D matrices, -1 for a full turn on half-integers; results turn with them."""

    def turned(values: Array, irreps: SpinIrreps) -> Array:
        result = np.empty_like(values)
        for _, two_j, start in copies(irreps):
            matrix = rotation_matrix(Fraction(two_j, 2), quaternion).to_numpy()
            result[:, start : start + two_j + 1] = values[:, start : start + two_j + 1] @ matrix.T
        return result

    x, y, _ = draw(product, 4, seed=4)
    z = product(x, y)
    rotated = product(turned(x, product.irreps_in1), turned(y, product.irreps_in2))
    assert np.allclose(rotated, turned(z, product.irreps_out), atol=1e-11)
    assert not np.allclose(rotated, z, atol=1e-3)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from(CASES))
def test_norms_multiply(seed: int, case: tuple[str, str]) -> None:
    product = product_of(case)
    assert product.dim_out == product.dim1 * product.dim2
    x, y, _ = draw(product, 3, seed=seed)
    norm = (np.abs(x) ** 2).sum(1) * (np.abs(y) ** 2).sum(1)
    assert np.allclose((np.abs(product(x, y)) ** 2).sum(1), norm, rtol=1e-13, atol=0)


@pytest.mark.parametrize(("l1", "l2", "l3"), [(1, 1, 0), (1, 1, 1), (2, 1, 2), (2, 2, 3), (3, 2, 4)])
def test_whole_spins_are_the_product_of_so3(l1: int, l2: int, l3: int) -> None:
    """In the real basis the coefficients of `FullTensorProduct`, times -i where l1 + l2 + l3 is odd."""
    spin = SpinTensorProduct(str(l1), str(l2), filter_ir_out=[l3])
    parity = "oe"[(l1 + l2 + 1) % 2]
    real = FullTensorProduct(
        f"{l1}{'oe'[(l1 + 1) % 2]}", f"{l2}{'oe'[(l2 + 1) % 2]}", filter_ir_out=[f"{l3}{parity}"]
    )
    changes = [real_from_complex(degree).to_numpy() for degree in (l1, l2, l3)]
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(4, 2 * l1 + 1)), rng.normal(size=(4, 2 * l2 + 1))
    # a function's coefficients in both bases: x_complex = U^T x_real, rows of U in the complex basis
    z = spin(x @ changes[0], y @ changes[1]) @ changes[2].conj().T
    phase = -1j if (l1 + l2 + l3) % 2 else 1
    assert np.allclose(z, phase * real(x, y), atol=1e-14)
    dense = clebsch_gordan_array(l1, l2, l3).to_numpy()
    left, right = x @ changes[0], y @ changes[1]
    assert np.allclose(spin(left, right), np.einsum("ijk,ni,nj->nk", dense, left, right), atol=1e-14)


def test_two_spins_and_an_orbital() -> None:
    """Two electrons' spins in a p orbital: 12 states, J = 1 of the singlet, J = 0, 1, 2 of the triplet."""
    spins = SpinTensorProduct("1/2", "1/2")
    total = SpinTensorProduct("1", spins.irreps_out)
    assert repr(total.irreps_out) == "1x0+1x1+1x1+1x2"
    assert total.dim_out == 12


# Arrays


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("dtype", DTYPES)
def test_layout_does_not_change_a_bit(layout: str, dtype: str) -> None:
    product = product_of(CASES[1])
    x, y, g = draw(product, 7, dtype=dtype)
    change = LAYOUTS[layout]
    if layout == "list":
        x, y, g = (one.astype(complex) for one in (x, y, g))
    expected = product(x, y)
    assert np.array_equal(product(change(x), change(y)), expected)
    assert type(product(change(x), change(y))) is np.ndarray
    for one, other in zip(product.backward(x, y, g), product.backward(*map(change, (x, y, g))), strict=True):
        assert np.array_equal(one, other)
    if layout != "matrix":
        certificate = product.certificate(x, y, expected)
        assert np.array_equal(product.certificate(x, y, change(expected)), certificate)


@pytest.mark.parametrize("real", ["float16", "float32", "float64", "int8", "int64", "uint64"])
def test_real_numbers_count_as_complex(real: str) -> None:
    product = product_of(CASES[1])
    x, y, _ = draw(product, 3)
    x, y = (np.abs(one.real).astype(real) for one in (x, y))
    z = product(x, y)
    assert z.dtype == ("complex64" if real in ("float16", "float32") else "complex128")
    assert np.array_equal(z, product(x.astype(z.dtype), y.astype(z.dtype)))
    assert product(x.astype("complex64"), y.astype("complex128")).dtype == "complex128"


@pytest.mark.parametrize(
    "fault",
    [
        lambda array: array.real > 0,
        lambda array: array.astype(np.clongdouble),
        lambda array: array.astype(object),
        lambda array: array.astype(str),
        lambda array: np.ma.masked_equal(array, 0),
        lambda array: [*array.tolist(), [1.0]],
        lambda _: None,
        lambda _: 1j,
        lambda array: array[:, :-1],
        lambda array: np.hstack([array, array]),
        lambda array: array[:, :0],
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_refused_by_name(fault: Any, place: int) -> None:
    product = product_of(CASES[1])
    operands = draw(product, 4)
    operands[place] = fault(operands[place])
    x, y, g = operands
    for call in (
        lambda: product(x, y),
        lambda: product.backward(x, y, g),
        lambda: product.certificate(x, y, g),
    ):
        with pytest.raises(OperandError, match=rf"^{'xy'[place]}: .*;"):
            call()


def test_wrong_results_and_gradients_are_refused() -> None:
    product = product_of(CASES[1])
    x, y, g = draw(product, 4)
    with pytest.raises(OperandError, match=r"^grad: got shape"):
        product.backward(x, y, g[:3])
    with pytest.raises(OperandError, match=r"^z: got shape"):
        product.certificate(x, y, g[:, :-1])
    with pytest.raises(OperandError, match=r"^x, y: leading axes"):
        product(x[:3], y)
    for out, rule in (
        (np.zeros((4, product.dim_out)), "the result is complex128"),
        (g[:3], "the result is complex128"),
        (read_only(g), "read-only"),
    ):
        with pytest.raises(OperandError, match=rf"^out: .*{rule}"):
            product(x, y, out=out)


def test_out() -> None:
    product = product_of(CASES[1])
    x, y, direct = draw(product, 150)
    expected = product(x, y)
    for out in (direct, spread(direct), backwards(direct), unaligned(direct), np.asfortranarray(direct)):
        assert product(x, y, out=out) is out
        assert np.array_equal(out, expected)
    store = np.zeros(2 * expected.size + 9, dtype=complex)
    inside = store[: x.size].reshape(x.shape)
    inside[...] = x
    out = store[3 : 3 + expected.size].reshape(expected.shape)
    assert np.array_equal(product(inside, y, out=out), expected)


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        ((), (), ()),
        ((1,), (1,), (1,)),
        ((3,), (), (3,)),
        ((5, 1), (1, 4), (5, 4)),
        ((0,), (1,), (0,)),
        ((0, 5), (), (0, 5)),
    ],
)
def test_leading_axes(left: tuple[int, ...], right: tuple[int, ...], both: tuple[int, ...]) -> None:
    product = product_of(CASES[1])
    x, y = draw(product, *left)[0], draw(product, *right)[1]
    z, bound = product(x, y, with_bound=True)
    assert z.shape == bound.shape == (*both, product.dim_out)
    wide = np.broadcast_to(x, (*both, product.dim1)), np.broadcast_to(y, (*both, product.dim2))
    for place in np.ndindex(both):
        assert np.array_equal(z[place], product(wide[0][place], wide[1][place]))
    grad_x, grad_y = product.backward(x, y, z)
    assert (grad_x.shape, grad_y.shape) == (x.shape, y.shape)
    full_x, full_y = product.backward(*wide, z)
    for summed, whole in ((grad_x, full_x), (grad_y, full_y)):
        assert np.allclose(
            summed.reshape(-1, summed.shape[-1]).sum(0), whole.reshape(-1, whole.shape[-1]).sum(0)
        )


def test_bad_rows_touch_no_other_row() -> None:
    product = product_of(CASES[1])
    x, y, _ = draw(product, 65)
    expected, clean = product(x, y, with_bound=True)
    for value in (np.nan, np.inf, 1e300, complex(0, np.inf)):
        left = x.copy()
        left[7] = value
        with np.errstate(over="ignore", invalid="ignore"):  # the twins in NumPy warn
            z, bound = product(left, y * (1e10 if np.isfinite(value) else 1), with_bound=True)
        if not np.isfinite(value):
            others = np.arange(65) != 7
            assert np.array_equal(z[others], expected[others])
            assert np.array_equal(bound[others], clean[others])
        assert np.isinf(bound[7][~np.isfinite(z[7])]).all()


def test_threads_copies_and_compiling() -> None:
    product = SpinTensorProduct(*CASES[1], threads=2)
    x, y, _ = draw(product, 400)
    expected = product(x, y)
    before = len(getattr(coupling.couple, "signatures", ()))
    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(lambda _: product(x, y), range(20)))
    assert all(np.array_equal(one, expected) for one in found)
    assert len(getattr(coupling.couple, "signatures", ())) == before
    for other in (
        copy.deepcopy(product),
        pickle.loads(pickle.dumps(product)),
        pickle.loads(pickle.dumps(SpinTensorProduct(*CASES[1]))),
    ):
        assert np.array_equal(other(x, y), expected)
    narrow = SpinTensorProduct(*CASES[1], accumulate="float64")
    left, right = x.astype("complex64"), y.astype("complex64")
    assert np.array_equal(narrow(left, right), expected.astype("complex64"))


def test_labels_and_options() -> None:
    assert repr(product_of(CASES[1])) == "SpinTensorProduct('2x1/2+1x1', '1x3/2+2x0')"
    none = SpinTensorProduct("1/2", "1", [])
    assert none(np.ones((4, 2)), np.ones((4, 3))).shape == (4, 0)
    assert none.cost == 0
    for arguments in (("1o", "1"), ("1/2", "1/3"), (3, "1")):
        with pytest.raises(LabelError):
            SpinTensorProduct(*arguments)
    with pytest.raises(LabelError):
        SpinTensorProduct("1", "1", filter_ir_out=["1o"])
    with pytest.raises(OperandError, match=r"^threads: "):
        SpinTensorProduct("1", "1", threads=0)
