"""Matrix products: changes of basis, agreement of methods, laws of matrices, equivariance, bad arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exact_bilinear import basis_balls, reference_of
from flint import arb, ctx

from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact.rotation_matrices import real_rotation_matrix
from reptheory.groups.o3 import Irreps
from reptheory.operations.blocks import blocks_from_irreps, blocks_of, irreps_from_blocks
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.matrix_product import MatrixMethod, MatrixProduct

Array = Any
METHODS: tuple[MatrixMethod, ...] = ("matrix", "table")
PRECISIONS = (("float32", None), ("float64", None), ("float32", "float64"))
SHELLS = [("1o", "1o", "1o"), ("0e+1o", "0e+1o", "0e+1o"), ("2x0e+1o", "1x0o+2x1e", "2e"), ("2e", "2e", "2e")]


def draw(
    product: MatrixProduct, batch: int = 5, dtype: str = "float64", seed: int = 0
) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x, y = (rng.standard_normal((batch, dim)).astype(dtype) for dim in (product.dim1, product.dim2))
    return x, y


@pytest.mark.parametrize("shells", SHELLS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("dtype", "accumulate"), PRECISIONS)
def test_error_within_bound_and_certificate(
    shells: tuple[str, str, str], method: MatrixMethod, dtype: str, accumulate: Any
) -> None:
    product = MatrixProduct(*shells, method, accumulate=accumulate)
    x, y = draw(product, 2, dtype)
    z, bound = product(x, y, with_bound=True)
    certificate = product.certificate(x, y, z)
    reference = reference_of(product)
    assert np.isfinite(bound).all()
    assert not reference.violations(x, y, z, bound)
    assert not reference.violations(x, y, z, certificate)
    worst = reference.errors(x, y, z).max()
    assert bound.max() <= 300 * worst, "a bound that says nothing"
    assert certificate.max() <= (3 * worst if dtype == "float64" else worst + 1e-12)
    spoilt = z + np.float32(1e-3)
    assert len(reference.violations(x, y, spoilt, bound)) == z.size


@pytest.mark.parametrize("scale", [1e-160, 1e-300])
@pytest.mark.parametrize("method", METHODS)
def test_bounds_hold_where_products_underflow(scale: float, method: MatrixMethod) -> None:
    product = MatrixProduct("0e+1o", method=method)
    x, y = draw(product, 2)
    z, bound = product(scale * x, scale * y, with_bound=True)
    reference = reference_of(product)
    assert not reference.violations(scale * x, scale * y, z, bound)
    assert (bound < 1e-300).all()


def test_bounds_hold_where_one_operand_underflows() -> None:
    """Subnormal x loses bits in its change of basis, and a huge y makes them large."""
    product = MatrixProduct("0e+1o")
    x, y = draw(product, 2)
    z, bound = product(1e-322 * x, 1e290 * y, with_bound=True)
    reference = reference_of(product)
    assert not reference.violations(1e-322 * x, 1e290 * y, z, bound)
    assert reference.violations(1e-322 * x, 1e290 * y, z, bound / 1000)


@pytest.mark.parametrize("shells", SHELLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_methods_agree(shells: tuple[str, str, str], dtype: str) -> None:
    one, other = MatrixProduct(*shells, "matrix"), MatrixProduct(*shells, "table")
    x, y = draw(one, 70, dtype)
    (z1, b1), (z2, b2) = one(x, y, with_bound=True), other(x, y, with_bound=True)
    assert (np.abs(z1.astype(float) - z2) <= b1 + b2).all()


@pytest.mark.parametrize("shells", SHELLS)
def test_equals_numpys_product_of_the_matrices(shells: tuple[str, str, str]) -> None:
    product = MatrixProduct(*shells)
    x, y = draw(product)
    left, right = blocks_from_irreps(x, *shells[:2]), blocks_from_irreps(y, *shells[1:])
    expected = irreps_from_blocks(left @ right, shells[0], shells[2])
    assert np.allclose(product(x, y), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("shells", SHELLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_change_of_basis_is_orthogonal(shells: tuple[str, str, str], dtype: str) -> None:
    rng = np.random.default_rng(1)
    matrices = rng.standard_normal((2, 3, Irreps(shells[0]).dim, Irreps(shells[1]).dim)).astype(dtype)
    features = irreps_from_blocks(matrices, *shells[:2])
    assert features.dtype == np.dtype(dtype)
    assert features.shape == (2, 3, matrices[0, 0].size)
    tolerance = 40 * np.finfo(dtype).eps
    assert np.allclose(blocks_from_irreps(features, *shells[:2]), matrices, rtol=0, atol=tolerance)
    norms = [np.linalg.norm(one.reshape(2, 3, -1), axis=-1) for one in (features, matrices)]
    assert np.allclose(*norms, rtol=tolerance)


def test_irreps_of_an_outer_product_are_the_full_tensor_product() -> None:
    irreps1, irreps2 = "2x0e+1x1o+1x2e", "1x0o+2x1o"
    full = FullTensorProduct(irreps1, irreps2)
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((4, full.dim1)), rng.standard_normal((4, full.dim2))
    outer = x[:, :, None] * y[:, None, :]
    assert np.allclose(irreps_from_blocks(outer, irreps1, irreps2), full(x, y), rtol=0, atol=1e-13)
    through = MatrixProduct(irreps1, "0e", irreps2)  # a column times a row
    assert through.irreps_out == full.irreps_out
    assert np.allclose(through(x, y), full(x, y), rtol=0, atol=1e-13)


def test_laws_of_matrices() -> None:
    """The identity is neutral, the product associative and not commutative; a transpose reverses it."""
    product = MatrixProduct("0e+1o")
    rng = np.random.default_rng(3)
    x, y, w = rng.standard_normal((3, product.dim1))
    identity = irreps_from_blocks(np.eye(4), "0e+1o", "0e+1o")
    assert np.allclose(product(identity, x), x, atol=1e-14)
    assert np.allclose(product(product(x, y), w), product(x, product(y, w)), atol=1e-13)
    assert not np.allclose(product(x, y), product(y, x), atol=0.1)

    def transpose(features: Array) -> Array:
        return irreps_from_blocks(blocks_from_irreps(features, "0e+1o", "0e+1o").T, "0e+1o", "0e+1o")

    assert np.allclose(transpose(product(x, y)), product(transpose(y), transpose(x)), atol=1e-14)


def turned(features: Array, irreps: Irreps, quaternion: Any, parity: bool) -> Array:
    """Rotate features, and invert space after it."""
    result = np.empty_like(features)
    for (mul, ir), where in zip(irreps, irreps.slices(), strict=True):
        matrix = real_rotation_matrix(ir.l, quaternion).to_numpy() * (ir.p if parity else 1)
        copies = features[..., where].reshape(*features.shape[:-1], mul, ir.dim)
        result[..., where] = (copies @ matrix.T).reshape(features[..., where].shape)
    return result


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("parity", [False, True])
def test_equivariant_under_rotation_and_inversion(method: MatrixMethod, parity: bool) -> None:
    product = MatrixProduct("1x0e+1x1o", "1x0o+1x1o+1x2e", "1x1e", method)
    x, y = draw(product, 3, seed=4)
    quaternion = (3, -1, 2, 5)
    there = product(
        turned(x, product.irreps_in1, quaternion, parity), turned(y, product.irreps_in2, quaternion, parity)
    )
    assert np.allclose(there, turned(product(x, y), product.irreps_out, quaternion, parity), atol=1e-12)
    if parity:
        assert not np.allclose(there, turned(product(x, y), product.irreps_out, quaternion, False), atol=0.1)


def test_single_block_holds_one_copy_of_every_degree() -> None:
    product = MatrixProduct("2e")
    assert str(product.irreps_in1) == str(product.irreps_out) == "1x0e+1x1e+1x2e+1x3e+1x4e"


def test_impossible_arguments_are_refused_by_name() -> None:
    with pytest.raises(LabelError, match="method"):
        MatrixProduct("1o", method="grid")  # type: ignore[arg-type]
    with pytest.raises(OperandError, match=r"features: .* \[9\]"):
        blocks_from_irreps(np.zeros(8), "1o", "1o")
    with pytest.raises(OperandError, match=r"matrices: .* \[3, 3\]"):
        irreps_from_blocks(np.zeros((3, 2)), "1o", "1o")
    with pytest.raises(OperandError, match="matrices: got a masked array"):
        irreps_from_blocks(np.ma.zeros((3, 3)), "1o", "1o")
    with pytest.raises(LabelError):
        MatrixProduct("1x")


def test_a_table_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reptheory.build.scaled_paths.available_memory", lambda: 1000)
    product = MatrixProduct("1o", method="table")
    with pytest.raises(TooLarge, match=r"MatrixProduct\('1x1o'.* choose lower degrees"):
        product(np.zeros(9), np.zeros(9))


@pytest.mark.parametrize("irreps", [("0e+1o", "2x1o"), ("1x2e+1x0e", "1x3o+2x1e")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_changes_of_basis_are_within_bounds_and_each_others_gradients(irreps: Any, dtype: str) -> None:
    """Against Arb balls of the exact basis, both ways."""
    blocks = blocks_of(*irreps)
    rng = np.random.default_rng(6)
    features = rng.normal(size=(3, blocks.irreps.dim)).astype(dtype)
    matrices, bound = blocks_from_irreps(features, *irreps, with_bound=True)
    back, limit = irreps_from_blocks(matrices, *irreps, with_bound=True)
    assert np.array_equal(matrices, blocks_from_irreps(features, *irreps))
    assert np.array_equal(back, irreps_from_blocks(matrices, *irreps))
    assert bound.shape == matrices.shape
    assert 0 < bound.max() < 100 * np.finfo(dtype).eps
    with ctx.workprec(200):
        sums: dict[int, Any] = {}
        for (a, b), terms in basis_balls(blocks).items():
            exact = sum((c * arb(float(features[0, k])) for k, c in terms), arb(0))
            assert abs(exact - arb(float(matrices[0, a, b]))) <= arb(float(bound[0, a, b]))
            for k, c in terms:
                sums[k] = sums.get(k, arb(0)) + c * arb(float(matrices[0, a, b]))
        for k, exact in sums.items():
            assert abs(exact - arb(float(back[0, k]))) <= arb(float(limit[0, k]))
    grad = rng.normal(size=matrices.shape)
    wide = features.astype(float)
    other = rng.normal(size=wide.shape)
    along = (blocks_from_irreps(other, *irreps) * grad).sum()
    assert np.isclose(along, (irreps_from_blocks(grad, *irreps) * other).sum())
    features[1, 0] = np.inf
    assert np.isinf(blocks_from_irreps(features, *irreps, with_bound=True)[1][1]).any()
    assert np.isfinite(blocks_from_irreps(features, *irreps, with_bound=True)[1][[0, 2]]).all()
