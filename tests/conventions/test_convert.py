"""convert: exact, invertible, composable, and right for what rotates."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import numpy as np
import pytest
import sympy
from conventions import record
from hypothesis import given
from hypothesis import strategies as st

import reptheory as rt
from reptheory.conversion.axis_change import change_floats
from reptheory.conversion.bases import harmonics_matrix
from reptheory.conversion.reference import harmonics_floats, rotation_floats
from reptheory.errors import ConventionMismatch, LabelError, OperandError
from reptheory.exact.coupling import coupling_block

NAMES = list(rt.CONVENTIONS)
COUPLED = [name for name, one in rt.CONVENTIONS.items() if one.paths != "none" and not one.is_variant]
FLAT = [name for name, one in rt.CONVENTIONS.items() if one.layout == "flat"]
REAL = [name for name, one in rt.CONVENTIONS.items() if one.basis == "real" and one.layout == "flat"]
PATHS = [(0, 1, 1), (1, 1, 0), (1, 1, 1), (1, 2, 2), (2, 1, 3), (2, 2, 2), (3, 2, 2)]
QUATERNION = (1, 2, -2, 4)
TURNING = ["real", "complex", "sympy/wigner-d", "e3nn@0.6", "pyshtools/real/ortho/csphase=1"]
names = st.sampled_from(NAMES)
flat_names = st.sampled_from(FLAT)


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("kind", ["wigner_3j", "clebsch_gordan"])
def test_couplings_there_and_back_exactly(name: str, kind: Any) -> None:
    for path in PATHS:
        block = coupling_block(kind, *path, basis="real")
        there = rt.convert(block, None, name, kind)
        assert there.convention == rt.CONVENTIONS[name].stated
        assert rt.convert(there, None, "real", kind) == block
        floats = rt.convert(block.to_numpy(), "real", name, kind)
        assert np.abs(floats - there.to_numpy()).max() < 1e-15
        assert np.abs(rt.convert(floats, name, rt.REAL, kind) - block.to_numpy()).max() < 1e-15


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLED)
def test_every_block_to_l_6_there_and_back_exactly(name: str) -> None:
    for kind in ("wigner_3j", "clebsch_gordan", "gaunt"):
        for path in record.paths(6):
            block = coupling_block(kind, *path, basis="real")
            there = rt.convert(block, None, name, kind)
            assert rt.convert(there, None, "real", kind) == block


@pytest.mark.parametrize("name", NAMES)
def test_gaunt_there_and_back_exactly(name: str) -> None:
    for path in PATHS:
        block = rt.gaunt_array(*path, basis="real")
        there = rt.convert(block, "real", name, "gaunt")
        assert rt.convert(there, name, "real", "gaunt") == block
        assert np.allclose(rt.convert(block.to_numpy(), "real", name, "gaunt"), there.to_numpy(), rtol=1e-14)


@pytest.mark.parametrize("kind", ["wigner_3j", "clebsch_gordan", "gaunt"])
def test_the_two_own_bases_convert_into_each_other(kind: Any) -> None:
    for path in [*PATHS, (4, 3, 5), (6, 6, 3)]:
        real, complex_ = (coupling_block(kind, *path, basis=basis) for basis in ("real", "complex"))
        assert rt.convert(real, None, rt.COMPLEX, kind) == complex_
        assert rt.convert(complex_, None, rt.REAL, kind) == real
        back = rt.convert(complex_.to_numpy(), rt.COMPLEX, rt.REAL, kind)
        assert back.dtype == np.float64
        assert np.abs(back - real.to_numpy()).max() < 1e-15


def test_gaunt_is_the_integral_of_three_converted_harmonics() -> None:
    """By Gauss and trapezoid, in every convention: normalisation, phase, order and axes at once."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    phi = np.arange(16) * np.pi / 8
    sines = np.sqrt(1 - nodes**2)
    xs, ys = np.outer(sines, np.cos(phi)).ravel(), np.outer(sines, np.sin(phi)).ravel()
    points = np.stack([xs, ys, np.repeat(nodes, 16)], axis=1)
    measure = np.repeat(weights, 16) * np.pi / 8
    exact = rt.gaunt_array(1, 2, 3, basis="real").to_numpy()
    for one in rt.CONVENTIONS.values():
        values = harmonics_floats(one, points, (1, 2, 3))
        integral = np.einsum("pi,pj,pk,p->ijk", *values, measure)
        assert (
            np.abs(integral - rt.convert(exact, "real", one, "gaunt")).max() < 1e-12 * np.abs(integral).max()
        )


@pytest.mark.parametrize("name", NAMES)
def test_rotations_there_and_back_exactly(name: str) -> None:
    for degree in range(4):
        matrix = rt.real_rotation_matrix(degree, QUATERNION)
        there = rt.convert(matrix, None, name, "rotation")
        assert rt.convert(there, None, "real", "rotation") == matrix
        floats = rt.convert(matrix.to_numpy(), "real", name, "rotation")
        assert np.abs(floats - there.to_numpy()).max() < 1e-14


@pytest.mark.parametrize("source", TURNING)
@pytest.mark.parametrize("target", TURNING)
def test_angles_of_the_same_rotation(source: str, target: str) -> None:
    """The D of the converted angles is the converted D."""
    draw = np.random.default_rng(17)
    angles = draw.uniform(-3, 3, size=(4, 3))
    converted = rt.convert(angles, source, target, "angles")
    for degree in (1, 2):
        for ours, theirs in zip(angles, converted, strict=True):
            matrix = rotation_floats(rt.CONVENTIONS[source], degree, ours)
            expected = rotation_floats(rt.CONVENTIONS[target], degree, theirs)
            assert np.allclose(rt.convert(matrix, source, target, "rotation"), expected, atol=1e-13)


def test_angles_need_a_package_that_takes_them() -> None:
    with pytest.raises(LabelError, match="e3x takes no Euler angles"):
        rt.convert(np.zeros(3), "real", "e3x", "angles")
    with pytest.raises(OperandError, match="three"):
        rt.convert(np.zeros(4), "real", "complex", "angles")


def test_rotation_into_the_complex_basis_is_the_exact_one() -> None:
    for degree in range(4):
        matrix = rt.convert(rt.real_rotation_matrix(degree, QUATERNION), None, "complex", "rotation")
        assert rt.ComplexSurdArray.of(matrix) == rt.rotation_matrix(degree, QUATERNION)


@pytest.mark.parametrize("name", FLAT)
def test_harmonics_coefficients_features_and_rotations_belong_together(name: str) -> None:
    """f = sum c B stays the same function, and features turn with the converted D."""
    one, draw = rt.CONVENTIONS[name], np.random.default_rng(5)
    points = draw.normal(size=(4, 3))
    coefficients = draw.normal(size=16)
    ours = np.concatenate(harmonics_floats(rt.CONVENTIONS["real"], points, range(4)), axis=1)
    theirs = rt.convert(ours, "real", one, "harmonics")
    assert np.allclose(theirs, np.concatenate(harmonics_floats(one, points, range(4)), axis=1), atol=1e-13)
    converted = rt.convert(coefficients, "real", one, "coefficients")
    assert np.allclose(theirs @ converted, ours @ coefficients, atol=1e-12)
    for degree in range(4):
        matrix = rt.real_rotation_matrix(degree, QUATERNION).to_numpy()
        x = draw.normal(size=2 * degree + 1)
        turned = rt.convert(matrix @ x, "real", one, "features", degree)
        there = rt.convert(matrix, "real", one, "rotation") @ rt.convert(x, "real", one, "features", degree)
        assert np.allclose(turned, there, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in COUPLED if rt.CONVENTIONS[name].basis == "real"])
def test_converted_couplings_are_equivariant_in_their_package(name: str) -> None:
    for path in PATHS:
        tensor = rt.convert(
            coupling_block("clebsch_gordan", *path, basis="real"), None, name, "clebsch_gordan"
        )
        turns = [
            rt.convert(rt.real_rotation_matrix(degree, QUATERNION).to_numpy(), "real", name, "rotation")
            for degree in path
        ]
        assert np.allclose(np.einsum("abc,ai,bj,ck->ijk", tensor.to_numpy(), *turns), tensor.to_numpy())


@given(source=flat_names, target=flat_names, degree=st.integers(0, 5))
def test_matrices_are_inverse_to_each_other(source: str, target: str, degree: int) -> None:
    one, other = rt.CONVENTIONS[source], rt.CONVENTIONS[target]
    there, back = harmonics_matrix(one, other, degree).floats, harmonics_matrix(other, one, degree).floats
    assert np.allclose(there @ back, np.eye(2 * degree + 1))


@given(
    route=st.lists(names, min_size=1, max_size=4),
    kind=st.sampled_from(["features", "harmonics", "coefficients"]),
    seed=st.integers(0, 99),
)
def test_any_way_round_is_the_identity(route: list[str], kind: Any, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, 16))
    value: Any = x
    for source, target in pairwise(["real", *route, "real"]):
        value = rt.convert(value, source, target, kind)
    assert np.allclose(value, x, atol=1e-9)


def test_exact_features_stay_exact() -> None:
    """SymPy expressions, fractions and surds: there and back is the identity, without a rounding."""
    numbers = np.array([sympy.Rational(place, 7) for place in range(9)], dtype=object)
    there = rt.convert(numbers, "real", "e3nn@0.6", "features")
    back = rt.convert(there, "e3nn@0.6", "real", "features")
    assert all(sympy.expand(left - right) == 0 for left, right in zip(back, numbers, strict=True))
    vector = rt.convert(np.array([Fraction(1, 3), Fraction(2, 3), Fraction(3)], dtype=object), "real", "e3x")
    assert vector.tolist() == [3, Fraction(1, 3), Fraction(2, 3)]
    scaled = rt.convert(np.array([Fraction(1, 3)], dtype=object), "real", "trexio", "harmonics", 0)
    assert scaled[0] == rt.Surd.scaled(Fraction(1, 3), 4, pi_power=1)


def test_exact_sums_that_are_no_surd_are_sums() -> None:
    ones = rt.SurdArray.from_entries((5,), {(k,): rt.Surd.rational(1) for k in range(5)}, rt.REAL)
    there = rt.convert(ones, None, "e3nn@0.6", "features", 2)
    assert there.dtype == object
    assert there[2] == (rt.SurdSum.of(-1) - rt.Surd.sqrt(3)) / 2
    assert rt.convert(there, "e3nn@0.6", "real", "features", 2).tolist() == [1] * 5


def test_float_error_is_within_the_bound() -> None:
    """Against the same conversion of the floats themselves in balls of 200 bits."""
    draw = np.random.default_rng(11)
    one, other = rt.CONVENTIONS["real"], rt.CONVENTIONS["e3nn@0.6"]
    unit = 2.0**-53
    for degree in range(7):
        x = draw.normal(size=2 * degree + 1) * 10.0 ** draw.integers(-3, 4, size=2 * degree + 1)
        found = change_floats(x, 0, (degree,), lambda degree: harmonics_matrix(one, other, degree))
        matrix = harmonics_matrix(one, other, degree)
        bound_of = (2 * degree + 2) * unit / (1 - (2 * degree + 2) * unit)
        for row in range(2 * degree + 1):
            terms = [(value, x[k]) for (i, k), value in matrix.entries.items() if i == row]
            exact = sum((value.to_arb(200) * float(number) for value, number in terms), start=flint.arb(0))
            size = sum(abs(float(value) * float(number)) for value, number in terms)
            assert abs(float(exact - float(found[row]))) <= bound_of * size


def test_precision_in_is_precision_out() -> None:
    x = np.arange(9, dtype=np.float32)
    assert rt.convert(x, "real", "e3nn@0.6").dtype == np.float32
    assert rt.convert(x, "real", "complex").dtype == np.complex64
    assert rt.convert(x.astype(np.complex64), "complex", "scipy").dtype == np.complex64
    assert rt.convert(np.arange(9), "real", "e3x").dtype == np.float64
    permuted = rt.convert(x, "real", "e3x")
    assert sorted(permuted.tolist()) == x.tolist()  # a permutation moves floats unchanged


def test_features_of_irreps_and_lists_of_degrees() -> None:
    x = np.random.default_rng(2).normal(size=(5, 2 + 6 + 5))
    whole = rt.convert(x, "real", "e3nn@0.6", "features", "2x0e+2x1o+1x2e")
    assert np.array_equal(whole[:, :2], x[:, :2])
    assert np.array_equal(whole[:, 2:5], x[:, [4, 2, 3]])
    for degrees in ([0, 0, 1, 1, 2], np.array([0, 0, 1, 1, 2]), rt.Irreps("2x0e+2x1o+1x2e")):
        assert np.array_equal(whole, rt.convert(x, "real", "e3nn@0.6", "features", degrees))
    assert np.array_equal(whole[:, :1], rt.convert(x[:, :1], "real", "e3nn@0.6", "features", np.int64(0)))
    assert np.allclose(whole[:, 8:], rt.convert(x[:, 8:], "real", "e3nn@0.6"))


def test_layout_of_shtools() -> None:
    ours = np.random.default_rng(4).normal(size=(3, 16))
    for name in (name for name in NAMES if name.startswith("pyshtools")):
        cilm = rt.convert(ours, "real", name, "coefficients")
        assert cilm.shape == (3, 2, 4, 4)
        assert np.allclose(rt.convert(cilm, name, "real", "coefficients"), ours)
    plain = rt.convert(ours, "real", "pyshtools/real/ortho/csphase=1", "coefficients")
    assert np.array_equal(plain[:, 1, 3, 2], ours[:, 9 + 3 - 2])
    with pytest.raises(OperandError, match=r"2, L\+1, L\+1"):
        rt.convert(ours, "pyshtools/real/ortho/csphase=1", "real", "coefficients")
    exact = rt.SurdArray.from_entries((4,), {(0,): rt.Surd.rational(1)}, rt.REAL)
    with pytest.raises(OperandError, match="object array"):
        rt.convert(exact, None, "pyshtools/real/4pi/csphase=1", "coefficients")


@pytest.mark.parametrize("lmax", [0, 1, 3])
def test_layout_of_s2fft(lmax: int) -> None:
    draw = np.random.default_rng(4)
    ours = draw.normal(size=(2, (lmax + 1) ** 2)) + 1j * draw.normal(size=(2, (lmax + 1) ** 2))
    flm = rt.convert(ours, "complex", "s2fft", "coefficients")
    assert flm.shape == (2, lmax + 1, 2 * lmax + 1)
    for degree in range(lmax + 1):
        for m in range(-degree, degree + 1):
            assert (flm[:, degree, lmax + m] == ours[:, degree * degree + degree + m]).all()
    assert np.array_equal(rt.convert(flm, "s2fft", "complex", "coefficients"), ours)
    with pytest.raises(OperandError, match=r"L\+1, 2L\+1"):
        rt.convert(np.ones((2, 2)), "s2fft", "complex", "coefficients")


@pytest.mark.parametrize("lmax", [0, 1, 4])
def test_layout_of_healpy_and_ducc0(lmax: int) -> None:
    """A real function has real coefficients of S; of Y those with m >= 0 say everything."""
    ours = np.random.default_rng(5).normal(size=(3, (lmax + 1) ** 2))
    alm = rt.convert(ours, "real", "ducc0", "coefficients")
    assert alm.shape == (3, (lmax + 1) * (lmax + 2) // 2)
    full = rt.convert(ours, "real", "complex", "coefficients")
    labels = [(degree, m) for m in range(lmax + 1) for degree in range(m, lmax + 1)]
    for number, (degree, m) in enumerate(labels):
        assert np.array_equal(alm[:, number], full[:, degree * degree + degree + m])
    assert np.allclose(rt.convert(alm, "ducc0", "real", "coefficients"), ours)
    assert np.array_equal(
        rt.convert(alm, "ducc0", "s2fft", "coefficients").shape, (3, lmax + 1, 2 * lmax + 1)
    )
    exact = np.array([sympy.Integer(number + 1) for number in range((lmax + 1) ** 2)], dtype=object)
    there = rt.convert(exact, "real", "ducc0", "coefficients")
    back = rt.convert(there, "ducc0", "real", "coefficients")
    assert [sympy.expand(value) for value in back.tolist()] == exact.tolist()
    with pytest.raises(OperandError, match="real functions"):
        rt.convert(1j * full, "complex", "ducc0", "coefficients")
    with pytest.raises(OperandError, match=r"\(L\+1\)\(L\+2\)/2"):
        rt.convert(np.ones(5), "ducc0", "real", "coefficients")


@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_angles_in_the_order_in_which_they_act(angles: tuple[float, float, float]) -> None:
    there = rt.convert(np.array(angles), "complex", "ducc0", "angles")
    assert there.tolist() == list(angles[::-1])
    assert rt.convert(there, "ducc0", "s2fft", "angles").tolist() == list(angles)


def test_mappings_of_blocks() -> None:
    blocks = {
        path: rt.clebsch_gordan_array(*path, basis="real") for path in [(1, 1, 1), (1, 2, 2), (0, 2, 2)]
    }
    there = rt.convert(blocks, None, "e3nn@0.4", "clebsch_gordan")
    assert there.keys() == blocks.keys()
    back = {path: rt.convert(block, "e3nn@0.4", "real", "clebsch_gordan") for path, block in there.items()}
    assert all(back[path].to_numpy().tolist() == block.to_numpy().tolist() for path, block in blocks.items())


def test_dense_tables_of_all_degrees() -> None:
    table = np.zeros((9, 9, 25))
    for a, b, c in [path for path in record.paths(4) if max(path[:2]) <= 2]:
        block = rt.clebsch_gordan_array(a, b, c, basis="real").to_numpy()
        table[a * a : (a + 1) ** 2, b * b : (b + 1) ** 2, c * c : (c + 1) ** 2] = block
    degrees = (range(3), range(3), range(5))
    there = rt.convert(table, "real", "e3x", "clebsch_gordan", degrees)
    part = rt.convert(rt.clebsch_gordan_array(2, 1, 2, basis="real"), None, "e3x", "clebsch_gordan")
    assert np.array_equal(there[4:9, 1:4, 4:9], part.to_numpy())
    assert np.array_equal(rt.convert(there, "e3x", "real", "clebsch_gordan", degrees), table)


def test_what_cannot_be_converted_is_refused() -> None:
    x = np.ones(3)
    with pytest.raises(LabelError, match="kind: got 'tensor'"):
        rt.convert(x, "real", "e3x", "tensor")  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="kind: got None"):  # not silently features on the last axis
        rt.convert(rt.clebsch_gordan_array(1, 1, 1, basis="real"), None, "e3x")
    with pytest.raises(LabelError, match="kind: got None"):
        rt.convert({(1, 1, 1): np.ones((3, 3, 3))}, "real", "e3x")
    with pytest.raises(LabelError, match="source: got None"):
        rt.convert(x, None, "e3x")
    with pytest.raises(LabelError, match="sphericart has no coupling tensors"):
        rt.convert(np.ones((1, 1, 1)), "real", "sphericart", "wigner_3j")
    with pytest.raises(ConventionMismatch, match="carry"):
        rt.convert(rt.real_rotation_matrix(1, (1, 0, 0, 1)), "e3nn@0.6", "real", "rotation")
    with pytest.raises(OperandError, match="an axis of 6 entries"):
        rt.convert(np.ones(6), "real", "e3x")
    with pytest.raises(OperandError, match="for degrees that have 5"):
        rt.convert(x, "real", "e3x", "features", 2)
    with pytest.raises(OperandError, match="are square"):
        rt.convert(np.ones((3, 5)), "real", "e3x", "rotation")
    with pytest.raises(OperandError, match="three"):
        rt.convert(np.ones((3, 3)), "real", "e3x", "gaunt")
    with pytest.raises(OperandError, match="single number"):
        rt.convert(np.float64(3), "real", "e3x")
    with pytest.raises(OperandError, match="pass numbers"):
        rt.convert(np.array(["a"]), "real", "e3x")


def test_the_axes_of_vectors() -> None:
    """What people ask first: where x, y and z stand."""
    points = np.array([[1.0, 2.0, 3.0]])
    vectors = {
        name: harmonics_floats(rt.CONVENTIONS[name], points, (1,))[0][0]
        for name in REAL
        if name != "sympy/znm"
    }
    for name, vector in vectors.items():
        order = np.argsort(vector).tolist()  # of x < y < z
        xyz = (
            rt.CONVENTIONS[name].polar_axis == "y"
            or "xyz" in rt.CONVENTIONS[name].order
            or name.startswith("e3x")
        )
        if name.startswith("e3x/m-order"):
            xyz = False
        expected = [0, 1, 2] if xyz else [2, 0, 1]
        if rt.CONVENTIONS[name].order == "zero first":
            expected = [1, 2, 0]
        assert order == expected, name


def test_a_change_of_order_moves_what_is_not_finite() -> None:
    values = np.array([np.inf, np.nan, 3.0])
    assert np.array_equal(rt.convert(values, "real", "pyscf"), values[[2, 0, 1]], equal_nan=True)


def test_foreign_byte_order_keeps_the_precision() -> None:
    values = np.array([1, 2, 3], ">f4")
    found = rt.convert(values, "real", "e3nn@0.6/component")
    assert found.dtype == np.float32
    assert np.array_equal(found, rt.convert(values.astype("f4"), "real", "e3nn@0.6/component"))


def test_masked_arrays_are_refused() -> None:
    masked = np.ma.masked_equal(rt.clebsch_gordan_array(1, 1, 1, basis="real").to_numpy(), 0)
    for values in (masked, {(1, 1, 1): masked}, masked.astype(object)):
        with pytest.raises(OperandError, match=r"^values: got a masked array"):
            rt.convert(values, "real", "e3nn@0.6", "clebsch_gordan")


@pytest.mark.parametrize("target", ["e3nn@0.6", "mace", "e3x"])
@pytest.mark.parametrize("kind", ["features", "harmonics", "coefficients"])
@pytest.mark.parametrize("degree", [1, 2, 4])
def test_exact_features_across_polar_axes(target: str, kind: Any, degree: int) -> None:
    entries = {(k,): rt.Surd.sqrt(Fraction(k + 1, 3)) for k in range(2 * degree + 1)}
    exact = rt.SurdArray.from_entries((2 * degree + 1,), entries, rt.REAL)
    there = rt.convert(exact, None, target, kind, degree)
    floats = rt.convert(exact.to_numpy(), "real", target, kind, degree)
    values = [float(value) for value in exact_objects(there)]
    np.testing.assert_allclose(values, floats, atol=1e-14)
    source = None if isinstance(there, rt.SurdArray) else target
    assert exact_objects(rt.convert(there, source, "real", kind, degree)) == list(entries.values())


def exact_objects(array: Any) -> list[Any]:
    """Return the entries of an array with one axis."""
    return [array[k] for k in range(array.shape[0])]


def test_object_arrays_of_surds_need_no_common_root() -> None:
    ours = np.array([Fraction(1), rt.Surd.sqrt(2), 3, rt.Surd.sqrt(5), Fraction(1, 7)], dtype=object)
    there = rt.convert(ours, "real", "e3nn@0.6", "features", 2)
    assert any(isinstance(value, rt.SurdSum) for value in there.tolist())
    assert rt.convert(there, "e3nn@0.6", "real", "features", 2).tolist() == ours.tolist()
