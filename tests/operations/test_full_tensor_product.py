"""Full tensor product: e3nn's layout, exact coefficients, and the laws of a coupling."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from exact_bilinear import reference_of
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn
from strategies import direct_sums

import reptheory.operations.full_tensor_product as module
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.full_tensor_product import FullTensorProduct

Array = Any

RECORDED: list[tuple[str, str, list[str] | None, str]] = [
    ("1x0e+1x1o", "1x0e+1x1o", None, "1x0e+1x0e+1x1o+1x1o+1x1e+1x2e"),
    (
        "2x0e+3x1o+1x2e",
        "1x1o+2x1e",
        None,
        "6x0o+3x0e+2x1o+6x1o+1x1o+4x1e+3x1e+2x1e+6x2o+1x2o+3x2e+2x2e+1x3o+2x3e",
    ),
    ("1x1o+1x1o+2x0e", "3x2o", None, "6x1e+6x2o+6x2e+6x3e"),
    ("2x2e+1x0o+1x2e", "1x1o", None, "2x1o+1x1o+1x1e+2x2o+1x2o+2x3o+1x3o"),
    (
        "1x0e+1x1o+1x2e",
        "1x0e+1x1o+1x2e",
        ["0e", "1o", "2e"],
        "1x0e+1x0e+1x0e+1x1o+1x1o+1x1o+1x1o+1x2e+1x2e+1x2e+1x2e",
    ),
    ("4x3o", "2x1e+1x0e", ["3o", "2o"], "8x2o+8x3o+4x3o"),
]
"""Outputs of e3nn 0.6 (o3.FullTensorProduct, filter_ir_out), whose numbers agree up to the sign of a path."""


@pytest.mark.parametrize(("left", "right", "kept", "out"), RECORDED)
def test_layout_is_that_of_e3nn(left: str, right: str, kept: list[str] | None, out: str) -> None:
    product = FullTensorProduct(left, right, filter_ir_out=kept)
    assert product.irreps_out == Irreps(out)
    assert product.irreps_in1 == Irreps(left).simplify()
    assert product.irreps_in2 == Irreps(right).simplify()
    assert (product.dim1, product.dim2, product.dim_out) == (
        Irreps(left).dim,
        Irreps(right).dim,
        Irreps(out).dim,
    )


def pair(
    product: FullTensorProduct, *leading: int, dtype: str = "float64", seed: int = 0
) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x, y = (rng.standard_normal((*leading, dim)).astype(dtype) for dim in (product.dim1, product.dim2))
    return x, y


@pytest.mark.parametrize("case", range(len(RECORDED)))
def test_equals_the_dense_coupling(case: int) -> None:
    """Every path is C[l1, l2, l3] of the exact array applied to every pair of copies, u first."""
    product = FullTensorProduct(*RECORDED[case][:3])  # filter_ir_out third, as in e3nn
    x, y = pair(product, 5)
    z, bound = product(x, y, with_bound=True)
    slices1, slices2 = product.irreps_in1.slices(), product.irreps_in2.slices()
    seen = np.zeros(product.dim_out, dtype=int)
    for path in product.instructions:
        tensor = clebsch_gordan_array(path.ir1.l, path.ir2.l, path.ir_out.l, basis="real").to_numpy()
        left = x[:, slices1[path.i1]].reshape(5, -1, path.ir1.dim)
        right = y[:, slices2[path.i2]].reshape(5, -1, path.ir2.dim)
        dense = np.einsum("ijk,nui,nvj->nuvk", tensor, left, right).reshape(5, -1)
        assert path.ir_out == product.irreps_out[path.i_out].ir
        assert path.columns == product.irreps_out.slices()[path.i_out]
        assert path.ir_out.p == path.ir1.p * path.ir2.p
        assert (np.abs(z[:, path.columns] - dense) <= bound[:, path.columns] + 1e-14).all()
        seen[path.columns] += 1
    assert (seen == 1).all(), "every output belongs to one path"


@settings(max_examples=25)
@given(direct_sums(2, 3, 2), direct_sums(2, 3, 2), st.integers(0, 2**32))
def test_norms_multiply(left: Irreps, right: Irreps, seed: int) -> None:
    """Clebsch-Gordan coefficients are an orthogonal matrix: |z|^2 = |x|^2 |y|^2, dimensions multiply."""
    product = FullTensorProduct(left, right)
    assert product.dim_out == left.dim * right.dim
    x, y = pair(product, 3, seed=seed)
    z = product(x, y)
    assert np.allclose((z**2).sum(1), (x**2).sum(1) * (y**2).sum(1), rtol=1e-13, atol=0)


def test_scalars_and_vectors() -> None:
    """0e scales; 1o x 1o is the dot product over sqrt(3), the cross product over sqrt(2), and a 2e."""
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 7, 3))
    z = FullTensorProduct("1o", "1o")(a, b)
    xyz = [2, 0, 1]  # m = -1, 0, 1 is y, z, x
    cross = np.empty_like(a)
    cross[:, xyz] = np.cross(a[:, xyz], b[:, xyz])
    assert np.allclose(np.abs(z[:, 0]), np.abs((a * b).sum(1)) / np.sqrt(3), atol=1e-15)
    assert np.allclose(z[:, 1:4], cross / np.sqrt(2), atol=1e-15)
    scaled = FullTensorProduct("1x0e", "1x1o")(a[:, :1], b)
    assert np.array_equal(scaled, a[:, :1] * b)


def test_copies_are_the_single_product() -> None:
    """A product of multiplicities is, bit by bit, the product of every pair of copies."""
    many = FullTensorProduct("3x1o+2x0e", "2x2e")
    one = {1: FullTensorProduct("1o", "2e"), 0: FullTensorProduct("0e", "2e")}
    x, y = pair(many, 4)
    z = many(x, y)
    for path in many.instructions:
        single = one[path.ir1.l]
        mul1 = many.irreps_in1[path.i1].mul
        block = z[:, path.columns].reshape(4, mul1, 2, path.ir_out.dim)
        start = many.irreps_in1.slices()[path.i1].start
        for u, v in np.ndindex(mul1, 2):
            left = x[:, start + u * path.ir1.dim : start + (u + 1) * path.ir1.dim]
            alone = single(left, y[:, 5 * v : 5 * v + 5])
            columns = next(p.columns for p in single.instructions if p.ir_out == path.ir_out)
            assert np.array_equal(block[:, u, v], alone[:, columns])


def test_filter_is_a_selection() -> None:
    """Kept outputs are the same bits as without a filter."""
    whole = FullTensorProduct("1x1o+1x2e", "2x1o")
    kept = FullTensorProduct("1x1o+1x2e", "2x1o", filter_ir_out=["1e", Irrep("3o")])
    x, y = pair(whole, 6)
    everything, some = whole(x, y), kept(x, y)
    assert {path.ir_out for path in kept.instructions} == {Irrep("1e"), Irrep("3o")}
    for path in kept.instructions:
        same = next(
            p for p in whole.instructions if (p.i1, p.i2, p.ir_out) == (path.i1, path.i2, path.ir_out)
        )
        assert np.array_equal(some[:, path.columns], everything[:, same.columns])
    for written in ("1e + 2x3o", Irreps("3o+1e"), [(1, 1), "3o"]):
        assert FullTensorProduct("1x1o+1x2e", "2x1o", written).irreps_out == kept.irreps_out


@pytest.mark.parametrize(
    ("left", "right", "kept"),
    [("", "1o", None), ("1o", "", None), ("0x1o", "2x1o", None), ("1o", "1o", []), ("1o", "1o", ["5e"])],
)
def test_nothing_to_couple(left: str, right: str, kept: list[str] | None) -> None:
    product = FullTensorProduct(left, right, filter_ir_out=kept)
    z, bound = product(np.ones((4, product.dim1)), np.ones((4, product.dim2)), with_bound=True)
    assert z.shape == bound.shape == (4, 0)
    assert product.certificate(np.ones((4, product.dim1)), np.ones((4, product.dim2)), z).shape == (4, 0)
    assert product.cost == 0


@pytest.mark.parametrize("arguments", [("1x1", "1o"), ("1o", "-1x1o"), (3, "1o"), ("1o", "1.5e")])
def test_impossible_irreps(arguments: tuple[Any, Any]) -> None:
    with pytest.raises(LabelError):
        FullTensorProduct(*arguments)


def test_impossible_filter() -> None:
    with pytest.raises(LabelError):
        FullTensorProduct("1o", "1o", filter_ir_out=["1x"])


def test_large_multiplicities_share_their_coefficients() -> None:
    """64 x 64 copies: the plan grows with the outputs by one row each, coefficients stay one table."""
    product = FullTensorProduct("64x0e+64x1o", "64x1o")
    x, y = pair(product, 2, dtype="float32")
    z = product(x, y)
    plan = product._table_engine._plan("float32")
    assert z.shape == (2, 64 * 64 * 12)
    assert len(plan.rows) == product.dim_out
    assert len(plan.values) == len(product._table_engine._table)
    assert plan.largest[1] <= 4096 + 9
    left, right = x[:, 64:].reshape(2, 64, 1, 3), y.reshape(2, 1, 64, 3)
    dots = (left * right).sum(-1).reshape(2, -1) / np.sqrt(3)
    scalars = next(path.columns for path in product.instructions if path.ir_out == Irrep("0e"))
    assert np.allclose(np.abs(z[:, scalars]), np.abs(dots), atol=1e-5)


def test_chunks_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = FullTensorProduct("3x1o+2x2e", "2x1o+1x0e")
    x, y = pair(whole, 20)
    expected, bound = whole(x, y, with_bound=True)
    monkeypatch.setattr("reptheory.operations.engines.CHUNK_ROWS", 30)
    small = FullTensorProduct("3x1o+2x2e", "2x1o+1x0e")
    assert np.array_equal(small(x, y), expected)
    assert np.array_equal(small(x, y, with_bound=True)[1], bound)
    assert np.array_equal(small.certificate(x, y, expected), whole.certificate(x, y, expected))
    assert len(small._table_engine._plan("float64").chunks) > 3


def turned(array: Array, irreps: Irreps) -> Array:
    """Return features in "ir_mul" that are given in "mul_ir"."""
    blocks = zip(irreps, irreps.slices(), strict=True)
    lead = array.shape[:-1]
    parts = [array[..., s].reshape(*lead, mul, ir.dim).swapaxes(-1, -2) for (mul, ir), s in blocks]
    return np.concatenate([part.reshape(*lead, -1) for part in parts], axis=-1)


@pytest.mark.parametrize("method", ["table", "vector"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layouts_differ_by_a_transposition_of_each_entry(method: Any, dtype: str) -> None:
    """Bit by bit: results, bounds, gradients and certificates; more columns than a tile holds as well."""
    irreps, options = ("3x0e+2x1o+20x2e", "2x0e+20x1o"), {"method": method, "filter_ir_out": "1o+1e+2e"}
    plain = FullTensorProduct(*irreps, **options)
    other = FullTensorProduct(*irreps, layout="ir_mul", **options)
    x, y = pair(plain, 33, dtype=dtype)
    x2, y2 = turned(x, plain.irreps_in1), turned(y, plain.irreps_in2)
    (z, bound), (z2, bound2) = plain(x, y, with_bound=True), other(x2, y2, with_bound=True)
    assert np.array_equal(turned(z, plain.irreps_out), z2)
    assert np.array_equal(turned(bound, plain.irreps_out), bound2)
    first, second = plain.certificate(x, y, z), other.certificate(x2, y2, z2)
    assert np.array_equal(turned(first, plain.irreps_out), second)
    pulled, again = plain.backward(x, y, z), other.backward(x2, y2, z2)
    for one, two, side in zip(pulled, again, (plain.irreps_in1, plain.irreps_in2), strict=True):
        assert np.array_equal(turned(one, side), two)


@pytest.mark.parametrize("method", ["table", "vector"])
def test_norm_is_that_of_unit_harmonics(method: Any) -> None:
    """With "norm" the one path to 0e is x . y of harmonics of norm 1: its square is (2 l + 1) / (2 l + 1)."""
    for degree in range(4):
        one = f"1x{degree}e"
        norm = FullTensorProduct(one, one, "0e", method, irrep_normalization="norm")
        none = FullTensorProduct(one, one, "0e", method, irrep_normalization="none")
        x, y = pair(norm, 5)
        dot = (x * y).sum(axis=1, keepdims=True)
        assert np.allclose(np.abs(norm(x, y)), np.abs(dot) * np.sqrt(2 * degree + 1), atol=1e-14)
        assert np.allclose(np.abs(none(x, y)), np.abs(dot) / np.sqrt(2 * degree + 1), atol=1e-14)


@pytest.mark.parametrize("option", ["irrep_normalization", "layout"])
def test_unknown_options_are_refused(option: str) -> None:
    with pytest.raises(LabelError, match=f"^{option}: got 'path'; it must be one of "):
        FullTensorProduct("1o", "1o", **{option: "path"})


def test_signs_of_outputs_are_those_of_their_paths() -> None:
    product = FullTensorProduct("2x1o+1x2e", "3x1o", layout="ir_mul")
    signs, outputs = product.path_signs("e3nn@0.6"), product.output_signs("e3nn@0.6")
    assert set(signs) == {-1.0, 1.0}
    assert all((outputs[one.columns] == s).all() for one, s in zip(product.instructions, signs, strict=True))
    assert (product.output_signs("real") == 1).all()
    with pytest.raises(LabelError, match="s2fft has no coupling tensors"):
        product.output_signs("s2fft")


def test_quarter_turn() -> None:
    """Rotation by 90 degrees about z is exact on coefficients: results turn with their operands."""
    product = FullTensorProduct("2x1o+1x2e+1x3o", "1x1e+1x2o")
    x, y = pair(product, 9)
    left, right, out = (
        [ir.l for mul, ir in irreps for _ in range(mul)]
        for irreps in (product.irreps_in1, product.irreps_in2, product.irreps_out)
    )
    z, bound = product(x, y, with_bound=True)
    turned, turned_bound = product(quarter_turn(x, left), quarter_turn(y, right), with_bound=True)
    allowed = turned_bound + np.abs(quarter_turn(bound, out))
    assert (np.abs(turned - quarter_turn(z, out)) <= allowed).all()
    assert not (np.abs(turned - z) <= allowed).all()


def test_reference_reads_the_same_layout() -> None:
    """The exact reference of the bounds finds no error in a result beyond its certificate."""
    product = FullTensorProduct("2x1o+1x2e", "1x1o+2x0e")
    x, y = pair(product, 2)
    z = product(x, y)
    assert not reference_of(product).violations(x, y, z, product.certificate(x, y, z))
    swapped = z[:, ::-1].copy()
    assert reference_of(product).violations(x, y, swapped, product.certificate(x, y, z))


def test_repr_and_cost() -> None:
    product = FullTensorProduct("1x1o", "1x1o")
    assert repr(product) == "FullTensorProduct('1x1o', '1x1o')"
    other = FullTensorProduct("1o", "1o", irrep_normalization="norm", layout="ir_mul")
    assert repr(other) == "FullTensorProduct('1x1o', '1x1o', irrep_normalization='norm', layout='ir_mul')"
    terms = sum(clebsch_gordan_array(1, 1, degree, basis="real").nnz for degree in range(3))
    assert product.cost == terms
    assert module.Instruction._fields[:3] == ("i1", "i2", "i_out")


@pytest.mark.parametrize("irreps", ["100000x0e", "4000x5o+50000x1e"])
def test_more_copies_than_fit_are_refused(irreps: str) -> None:
    """Before any of them is laid out."""
    with pytest.raises(TooLarge, match=r"pairs of copies may need .* multiply fewer copies"):
        FullTensorProduct(irreps, irreps).cost  # noqa: B018


def test_many_copies_take_little_more_than_their_results() -> None:
    """Pairs of copies are laid out as arrays, not as an object each."""
    product = FullTensorProduct("300x1o", "200x1o")
    tracemalloc.start()
    cost = product.cost
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    terms = sum(clebsch_gordan_array(1, 1, degree, basis="real").nnz for degree in range(3))
    assert cost == 60_000 * terms
    assert peak < 120 * product.dim_out
