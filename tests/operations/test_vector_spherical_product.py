"""Products of vector fields: bounds, agreement of methods, laws of vectors, equivariance, the odd paths."""

from __future__ import annotations

from itertools import product as combinations
from typing import Any

import numpy as np
import pytest
from exact_bilinear import reference_of

from reptheory.errors import LabelError
from reptheory.exact.rotation_matrices import real_rotation_matrix
from reptheory.exact.vector_paths import SPINS, VectorKind
from reptheory.groups.o3 import Irreps
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.vector_engine import families
from reptheory.operations.vector_spherical_product import VectorMethod, VectorSphericalProduct

Array = Any
KINDS: tuple[VectorKind, ...] = ("dot", "cross", "scale")
METHODS: tuple[VectorMethod, ...] = ("table", "grid")
PRECISIONS = (("float32", None), ("float64", None), ("float32", "float64"))


def draw(product: VectorSphericalProduct, batch: int = 5, dtype: str = "float64", seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((batch, dim)).astype(dtype) for dim in (product.dim1, product.dim2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("dtype", "accumulate"), PRECISIONS)
def test_error_within_bound_and_certificate(
    kind: VectorKind, method: VectorMethod, dtype: str, accumulate: Any
) -> None:
    product = VectorSphericalProduct(kind, 2, 1, 2, method, accumulate=accumulate)
    x, y = draw(product, 2, dtype)
    z, bound = product(x, y, with_bound=True)
    certificate = product.certificate(x, y, z)
    reference = reference_of(product)
    assert np.isfinite(bound).all()
    assert not reference.violations(x, y, z, bound)
    assert not reference.violations(x, y, z, certificate)
    worst = reference.errors(x, y, z).max()
    assert bound.max() <= 300 * worst, "a bound that says nothing"
    assert certificate.max() <= (3 * worst if dtype == "float64" else worst + 1e-11)
    assert len(reference.violations(x, y, z + np.float32(0.01), bound)) == z.size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "by_hand"),
    [
        # change of basis of one entry: 2; to the points 7; products 1, the sum of three 2, of two 1; back 7
        ("scale", 7 + (2 + 7) + 1 + (7 + 2)),
        ("dot", 2 * (2 + 7) + 1 + 2 + 7),
        ("cross", 2 * (2 + 7) + 1 + 1 + (7 + 2)),
    ],
)
def test_every_rounding_of_constants_is_counted(kind: VectorKind, by_hand: int, dtype: str) -> None:
    """Where nothing cancels the bound is u times the roundings on the way."""
    product = VectorSphericalProduct(kind, 0, 0, 0, "grid")
    x, y = np.eye(1, product.dim1, dtype=dtype), 3 * np.eye(1, product.dim2, kind == "cross", dtype=dtype)
    z, bound = product(x, y, with_bound=True)
    some = z != 0
    assert some.sum() == 1
    assert np.allclose(bound[some], by_hand * np.finfo(dtype).eps / 2 * np.abs(z[some]), rtol=1e-3, atol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1e-155, 1e-162, 1e-310])
def test_bounds_hold_where_products_underflow(kind: VectorKind, scale: float) -> None:
    product = VectorSphericalProduct(kind, 1, 1, 2, "grid")
    x, y = draw(product, 2)
    z, bound = product(scale * x, scale * y, with_bound=True)
    assert not reference_of(product).violations(scale * x, scale * y, z, bound)
    assert (bound < 1e-300).all()


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_hold_where_one_operand_underflows(kind: VectorKind) -> None:
    """Subnormal x loses bits in its change of basis, and a huge y makes them large."""
    product = VectorSphericalProduct(kind, 1, 1, 2, "grid")
    x, y = draw(product, 2)
    z, bound = product(1e-322 * x, 1e290 * y, with_bound=True)
    reference = reference_of(product)
    assert not reference.violations(1e-322 * x, 1e290 * y, z, bound)
    assert reference.violations(1e-322 * x, 1e290 * y, z, bound / 10000)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("degrees", [(0, 0, 0), (0, 2, 1), (3, 2, 5), (4, 4, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_methods_agree(kind: VectorKind, degrees: tuple[int, int, int], dtype: str) -> None:
    one, other = (VectorSphericalProduct(kind, *degrees, method) for method in METHODS)
    x, y = draw(one, 600 if degrees == (0, 2, 1) else 20, dtype)
    (z1, b1), (z2, b2) = one(x, y, with_bound=True), other(x, y, with_bound=True)
    assert (np.abs(z1.astype(float) - z2) <= b1 + b2).all()


def turned(features: Array, irreps: Irreps, quaternion: Any, parity: bool) -> Array:
    """Rotate features, and invert space after it."""
    result = np.empty_like(features)
    for (_, ir), where in zip(irreps, irreps.slices(), strict=True):
        matrix = real_rotation_matrix(ir.l, quaternion).to_numpy() * (ir.p if parity else 1)
        result[..., where] = features[..., where] @ matrix.T
    return result


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("axial", [(False, False), (False, True)])
def test_equivariant_under_rotation_and_inversion(
    kind: VectorKind, method: VectorMethod, parity: bool, axial: tuple[bool, bool]
) -> None:
    product = VectorSphericalProduct(kind, 2, 1, method=method, axial=axial)
    x, y = draw(product, 3, seed=4)
    quaternion = (3, -1, 2, 5)
    there = product(
        turned(x, product.irreps_in1, quaternion, parity), turned(y, product.irreps_in2, quaternion, parity)
    )
    expected = turned(product(x, y), product.irreps_out, quaternion, parity)
    assert np.allclose(there, expected, atol=1e-12)


def test_parities_are_those_of_vectors() -> None:
    cross = VectorSphericalProduct("cross", 1, 0)
    assert str(cross.irreps_in1) == "1x1o+1x0e+1x1e+1x2e"
    assert str(cross.irreps_in2) == "1x1o"
    assert str(cross.irreps_out) == "1x1e+1x0o+1x1o+1x2o"
    assert str(VectorSphericalProduct("dot", 1, 0).irreps_out) == "1x0e+1x1o"
    assert str(VectorSphericalProduct("scale", 0, 1).irreps_out) == str(cross.irreps_in1)


@pytest.mark.parametrize("method", METHODS)
def test_laws_of_vectors(method: VectorMethod) -> None:
    """a x b = -b x a;  a . (b x c) = c . (a x b);  a x (b x c) = b (a . c) - c (a . b), at every point."""
    rng = np.random.default_rng(1)
    a, b, c = rng.standard_normal((3, 12))

    def cross(x: Array, y: Array, lmax1: int = 1, lmax2: int = 1) -> Array:
        return VectorSphericalProduct("cross", lmax1, lmax2, method=method)(x, y)

    def dot(x: Array, y: Array, lmax1: int = 1, lmax2: int = 1) -> Array:
        return VectorSphericalProduct("dot", lmax1, lmax2, method=method)(x, y)

    def scale(x: Array, y: Array) -> Array:
        return VectorSphericalProduct("scale", 2, 1, method=method)(x, y)

    assert np.allclose(cross(a, b), -cross(b, a), atol=1e-13)
    assert np.allclose(dot(a, cross(b, c), 1, 2), dot(c, cross(a, b), 1, 2), atol=1e-13)
    assert np.allclose(cross(a, cross(b, c), 1, 2), scale(dot(a, c), b) - scale(dot(a, b), c), atol=1e-13)
    gaunt = GauntTensorProduct(2, 2)
    left, right = cross(a, b), cross(a, b)
    lagrange = gaunt(dot(a, a), dot(b, b)) - gaunt(dot(a, b), dot(a, b))
    assert np.allclose(dot(left, right, 2, 2), lagrange, atol=1e-13)


@pytest.mark.parametrize("kind", sorted(SPINS))
def test_odd_paths_are_there(kind: VectorKind) -> None:
    """Unit inputs in (j1, l1) and (j2, l2) reach (j3, l3) with j1 + j2 + j3 odd."""
    product = VectorSphericalProduct(kind, 2, 1, 3, "table")
    rng = np.random.default_rng(5)
    odd = 0
    (first, second, out) = (families(field.spin, field.lmax) for field in product._fields)
    for (j1, _, i), (j2, _, j) in combinations(first, second):
        x, y = np.zeros(product.dim1), np.zeros(product.dim2)
        x[i : i + 2 * j1 + 1], y[j : j + 2 * j2 + 1] = (
            rng.standard_normal(2 * j1 + 1),
            rng.standard_normal(2 * j2 + 1),
        )
        z = product(x, y)
        odd += sum(bool(z[k : k + 2 * j3 + 1].any()) for j3, _, k in out if (j1 + j2 + j3) % 2)
    assert odd >= 9


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("curl", 1), "kind"),
        ((["dot"], 1), "kind"),
        (("dot", -1), "lmax1"),
        (("dot", 1, 0.5), "lmax2"),
        (("dot", 1, 1, 3), "lmax_out"),
        (("dot", 1, 1, 2, "fourier"), "method"),
    ],
)
def test_impossible_arguments_are_refused_by_name(arguments: Any, name: str) -> None:
    with pytest.raises(LabelError, match=rf"^{name}: got"):
        VectorSphericalProduct(*arguments)


@pytest.mark.parametrize("axial", [True, (True,), (0, 1), None])
def test_axial_is_two_bools(axial: Any) -> None:
    with pytest.raises(LabelError, match=r"^axial: got"):
        VectorSphericalProduct("dot", 1, axial=axial)
