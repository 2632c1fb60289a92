"""identify names the packages, finds the spoilt entry, and reads signed permutations and factors."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pytest
from conventions import record
from hypothesis import given, settings
from hypothesis import strategies as st

import reptheory as rt
from reptheory.conversion.findings import recognized
from reptheory.conversion.reference import coupling_floats, harmonics_floats, rotation_floats
from reptheory.conversion.signed_permutations import signed_permutation
from reptheory.errors import LabelError, OperandError
from reptheory.exact.coupling import coupling_block

COUPLED = [name for name, one in rt.CONVENTIONS.items() if one.paths != "none" and not one.is_variant]
TENSOR = rt.clebsch_gordan_array(2, 2, 2, basis="real").to_numpy()


def recorded_blocks() -> list[Any]:
    found = []
    for path in sorted(record.FOLDER.glob("*.json")):
        for entry in json.loads(path.read_text())["conventions"]:
            for labels, block in entry.get("blocks", {}).items():
                l1, l2, l3 = map(int, labels.split(","))
                if entry["kind"] != "gaunt" or (l1 + l2 + l3) % 2 == 0:
                    tensor = np.reshape(block, (2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1))
                    found.append((entry["convention"], entry["kind"], tensor))
    return found


def test_recorded_tensors_are_recognised() -> None:
    for name, kind, tensor in recorded_blocks():
        match = rt.identify(tensor)
        assert any(one.convention == name and one.kind == kind for one in match.matches), (name, match)


@pytest.mark.parametrize(
    ("path", "differ"), [((1, 2, 2), True), ((4, 4, 5), True), ((2, 3, 3), False), ((2, 2, 2), False)]
)
def test_both_e3nn_are_told_apart_where_they_differ(path: tuple[int, int, int], differ: bool) -> None:
    for name, other in (("e3nn@0.4", "e3nn@0.6"), ("e3nn@0.6", "e3nn@0.4")):
        tensor = coupling_floats("wigner_3j", rt.CONVENTIONS[name], path)
        found = rt.identify(tensor.astype(np.float32))
        assert name in found.names
        assert (other in found.names) != differ


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("kind", ["wigner_3j", "clebsch_gordan"])
def test_one_spoilt_sign_is_found(name: str, kind: str) -> None:
    tensor = coupling_floats(kind, rt.CONVENTIONS[name], (2, 3, 3)).copy()
    for place in np.argwhere(tensor)[[0, 5, -1]].tolist():
        spoilt = tensor.copy()
        spoilt[tuple(place)] *= -1
        found = rt.identify(spoilt)
        assert not found
        assert found.factor == 1.0
        assert [entry.index for entry in found.wrong] == [tuple(place)]
        assert found.wrong[0].expected == tensor[tuple(place)]
        assert "1 entry differs" in str(found)


@pytest.mark.parametrize("factor", [-1.0, 2.0, float(np.sqrt(7 / 3)), float(np.sqrt(4 * np.pi))])
def test_a_factor_is_found_and_named(factor: float) -> None:
    found = rt.identify(rt.gaunt_array(2, 2, 2, basis="real").to_numpy() * factor, kind="gaunt")
    assert not found
    assert not found.wrong
    assert np.isclose(found.factor, factor, rtol=1e-12)
    assert found.exact_factor is not None
    assert np.isclose(float(found.exact_factor), factor, rtol=1e-12)


@given(kind=st.sampled_from(["cut", "order"]), seed=st.integers(0, 10**6))
def test_any_signed_permutation_is_undone(kind: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    wanted = rt.gaunt_array(2, 2, 2, basis="real").to_numpy() if kind == "cut" else TENSOR
    places = [draw.permutation(5) for _ in range(3)]
    signs = [draw.choice([-1.0, 1.0], 5) for _ in range(3)]
    found = 1.7 * wanted[np.ix_(*places)] * np.einsum("i,j,k->ijk", *signs)
    result = signed_permutation(found, wanted, 1e-6)
    assert result is not None
    rebuilt = wanted[np.ix_(*result.places)] * np.einsum("i,j,k->ijk", *map(np.array, result.signs))
    assert np.allclose(result.factor * rebuilt, found, atol=1e-12)


def test_no_signed_permutation_where_there_is_none() -> None:
    spoilt = TENSOR.copy()
    spoilt[0, 0, 0], spoilt[1, 1, 1] = 0.3, 0.31
    assert signed_permutation(spoilt, TENSOR, 1e-6) is None
    assert signed_permutation(np.zeros((3, 3, 3)), TENSOR[:3, :3, :3], 1e-6) is None


def test_swapped_orders_are_named_simply() -> None:
    backwards = rt.identify(TENSOR[::-1, ::-1, ::-1] * 3)
    assert backwards.places == ((4, 3, 2, 1, 0),) * 3
    first = rt.identify(TENSOR[::-1])
    assert first.places == ((4, 3, 2, 1, 0), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4))
    assert first.factor == pytest.approx(1.0)
    assert "axis 0 holds its places in the order [4, 3, 2, 1, 0]" in str(first)


def test_noise_is_recognised_as_nothing() -> None:
    assert rt.identify(np.random.default_rng(0).normal(size=(5, 5, 5))).nearest is None
    assert rt.identify(np.zeros((3, 3, 3))).nearest is None
    assert "resembles none" in str(rt.identify(np.zeros((3, 3, 3))))


def test_single_precision_is_recognised_with_its_error() -> None:
    found = rt.identify(TENSOR.astype(np.float32), kind="clebsch_gordan")
    assert "real" in found.names
    assert 1e-9 < found.matches[0].error < 1e-7
    exact = rt.identify(rt.clebsch_gordan_array(2, 2, 2, basis="real"))
    assert exact.matches[0].error == 0.0


@pytest.mark.parametrize("name", [name for name, one in rt.CONVENTIONS.items() if one.layout == "flat"])
def test_harmonics_are_recognised(name: str) -> None:
    points = np.random.default_rng(8).normal(size=(7, 3))
    one = rt.CONVENTIONS[name]
    values = np.concatenate(harmonics_floats(one, points, range(4)), axis=1)
    assert name in rt.identify(values, points=points).names
    assert name in rt.identify(values[:, 9:], points=points).names
    if one.basis == "real":
        draw = np.random.default_rng(3)
        order, signs = draw.permutation(7), draw.choice([-1, 1], 7)
        found = rt.identify(2.5 * (values[:, 9:] * signs)[:, order], points=points)
        assert not found
        assert found.places[1]
        rebuilt = harmonics_floats(rt.CONVENTIONS[found.nearest.convention], points, (3,))[0]  # type: ignore[union-attr]
        rebuilt = found.factor * rebuilt[:, list(found.places[1])] * np.array(found.signs[1])
        assert np.allclose(rebuilt, 2.5 * (values[:, 9:] * signs)[:, order])


def test_a_spoilt_harmonic_is_found() -> None:
    points = np.random.default_rng(9).normal(size=(20, 3))
    values = np.concatenate(harmonics_floats(rt.CONVENTIONS["e3nn@0.6/component"], points, range(4)), axis=1)
    values[:, 12] *= -1
    found = rt.identify(values, points=points)
    assert found.nearest is not None
    assert found.nearest.convention == "e3nn@0.4/component"
    assert {entry.index[1] for entry in found.wrong} == {12}


@pytest.mark.parametrize("name", ["complex", "sympy/wigner-d", "e3nn@0.6", "pyshtools/real/ortho/csphase=-1"])
def test_rotations_by_angles_are_recognised(name: str) -> None:
    for degree in (1, 2, 3):
        matrix = rotation_floats(rt.CONVENTIONS[name], degree, record.ANGLES)
        found = rt.identify(matrix, angles=record.ANGLES)
        assert any(one.convention == name and not one.inverse for one in found.matches)
        inverse = rt.identify(matrix.conj().T, angles=record.ANGLES)
        assert any(one.convention == name and one.inverse for one in inverse.matches)


@settings(max_examples=30)
@given(parts=st.tuples(*[st.integers(-5, 5)] * 4).filter(any))
def test_rotations_by_quaternion_are_recognised(parts: tuple[int, int, int, int]) -> None:
    matrix = rt.real_rotation_matrix(2, parts).to_numpy()
    assert "real" in rt.identify(matrix, quaternion=parts).names
    turned = rt.convert(matrix, "real", "e3nn@0.6", "rotation")
    assert "e3nn@0.6" in rt.identify(turned, quaternion=parts).names


def test_conjugate_and_transposed_rotations_are_named() -> None:
    matrix = rotation_floats(rt.CONVENTIONS["complex"], 2, record.ANGLES)
    for values, manner in ((matrix.conj(), "complex conjugate"), (matrix.T, "transposed")):
        found = rt.identify(values, angles=record.ANGLES)
        assert {"sympy", "complex"} <= {one.convention for one in found.matches if one.manner == manner}
        assert f"rotation ({manner}) of complex" in str(found)
    real = rt.identify(rotation_floats(rt.CONVENTIONS["real"], 2, record.ANGLES), angles=record.ANGLES)
    assert not any(one.conjugate for one in real.matches)


def test_phases_of_complex_harmonics_are_named() -> None:
    points = np.random.default_rng(8).normal(size=(7, 3))
    ours = np.concatenate(harmonics_floats(rt.CONVENTIONS["complex"], points, range(4)), axis=1)
    orders = np.concatenate([np.arange(-degree, degree + 1) for degree in range(4)])
    found = rt.identify(ours * (-1.0) ** orders, points=points)
    assert (found.nearest.convention, found.factor, found.wrong) == ("complex", 1.0, ())  # type: ignore[union-attr]
    assert found.signs[1] == tuple((-1) ** abs(orders))
    conjugate = rt.identify(2 * ours.conj(), points=points)
    assert conjugate.factor == pytest.approx(2)
    name = conjugate.nearest.convention  # type: ignore[union-attr]
    rebuilt = np.concatenate(harmonics_floats(rt.CONVENTIONS[name], points, range(4)), axis=1)
    rebuilt = rebuilt[:, list(conjugate.places[1])] * np.array(conjugate.signs[1])
    assert np.allclose(rebuilt, ours.conj())


def test_one_spoilt_degree_whose_length_is_a_square() -> None:
    points = np.random.default_rng(8).normal(size=(7, 3))
    values = harmonics_floats(rt.CONVENTIONS["real"], points, [4])[0].copy()
    values[1, 3] *= -1
    assert [one.index for one in rt.identify(values, points=points).wrong] == [(1, 3)]


def test_noise_beside_unnormalised_blocks_resembles_nothing() -> None:
    noise = np.random.default_rng(0).normal(size=(13, 13, 13))
    assert rt.identify(noise, kind="gaunt").nearest is None


def test_points_and_angles_that_are_no_numbers_are_refused() -> None:
    values, nan = np.ones((2, 9)), float("nan")
    with pytest.raises(OperandError, match="points: got entries that are not finite"):
        rt.identify(values, points=[[nan, 0, 1], [0, 0, 1]])
    with pytest.raises(OperandError, match="points: got the shape"):
        rt.identify(values[:0], points=np.ones((0, 3)))
    with pytest.raises(OperandError, match="finite"):
        rt.identify(np.eye(3), angles=(0, nan, 0))
    with pytest.raises(OperandError, match=r"angles: got .*'a'.*; give finite numbers"):
        rt.identify(np.eye(3), angles=("a", 0, 0))
    with pytest.raises(OperandError, match=r"quaternion: got .*; give finite numbers"):
        rt.identify(np.eye(3), quaternion=(1, 0, None, 0))
    with pytest.raises(OperandError, match="points: got no numbers"):
        rt.identify(np.ones((1, 9)), points=[["x", 0, 0]])
    with pytest.raises(OperandError, match="finite"):
        rt.identify(np.eye(3), quaternion=(1, 0, 0, float("inf")))
    with pytest.raises(OperandError, match="got both"):
        rt.identify(np.eye(3), angles=(0, 0, 0), quaternion=(1, 0, 0, 0))


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(OperandError, match="do not couple"):
        rt.identify(np.ones((1, 1, 5)))
    with pytest.raises(OperandError, match="points="):
        rt.identify(np.ones((4, 4, 4)))
    with pytest.raises(OperandError, match="finite"):
        rt.identify(np.full((3, 3, 3), np.nan))
    with pytest.raises(OperandError, match="points"):
        rt.identify(np.ones((2, 9)), points=np.zeros((2, 3)))
    with pytest.raises(OperandError, match="one row is one point"):
        rt.identify(np.ones((2, 9)), points=np.ones((3, 3)))
    with pytest.raises(OperandError, match="D matrix"):
        rt.identify(np.ones((2, 9)), angles=(0, 0, 0))
    with pytest.raises(OperandError, match="alpha"):
        rt.identify(np.ones((3, 3)), angles=(0, 0))
    with pytest.raises(OperandError, match="scalar first"):
        rt.identify(np.ones((3, 3)), quaternion=(0, 0, 0, 0))
    with pytest.raises(LabelError, match="one of"):
        rt.identify(TENSOR, kind="6j")


def test_factors_are_recognised_as_roots_of_small_fractions() -> None:
    for top, bottom, power in product((1, 2, 15, 105), (1, 4, 7, 64), (-1, 0, 1)):
        value = float(rt.Surd.sqrt(rt.Surd.rational(top).as_fraction() / bottom, pi_power=power))
        assert float(recognized(value)) == pytest.approx(value, rel=1e-12)  # type: ignore[arg-type]
    for value in np.random.default_rng(1).uniform(0.01, 20, 50).tolist():
        assert recognized(value) is None
    assert recognized(0.0) is None
    assert coupling_block("gaunt", 1, 1, 1, "real").nnz == 0


@pytest.mark.parametrize("name", ["values", "points", "angles", "quaternion"])
def test_masked_arrays_are_refused(name: str) -> None:
    passed = {"values": np.eye(3), name: np.ma.masked_equal(np.eye(3), 0)}
    with pytest.raises(OperandError, match=f"^{name}: got a masked array"):
        rt.identify(**passed)


@pytest.mark.parametrize("basis", ["real", "complex"])
@pytest.mark.parametrize("factor", [1j, -1j, 0.5j * np.sqrt(3)])
def test_a_factor_of_i_is_found_and_named(factor: complex, basis: Any) -> None:
    tensor = factor * rt.clebsch_gordan_array(2, 2, 2, basis=basis).to_numpy()
    found = rt.identify(tensor, kind="clebsch_gordan")
    assert not found
    assert found.nearest is not None
    assert found.nearest.convention == basis
    assert not found.wrong
    assert found.factor == pytest.approx(factor, rel=1e-12)
    assert found.exact_factor is not None
    assert complex(found.exact_factor) == pytest.approx(factor, rel=1e-12)
    assert f"times the factor {found.exact_factor}" in str(found)
    tensor[tuple(np.argwhere(tensor)[0])] *= -1
    assert [entry.index for entry in rt.identify(tensor).wrong] == [tuple(np.argwhere(tensor)[0].tolist())]


@pytest.mark.parametrize("kind", ["wigner_3j", "clebsch_gordan", "gaunt"])
def test_half_precision_is_recognised(kind: Any) -> None:
    tensor = coupling_floats(kind, rt.CONVENTIONS["real"], (2, 2, 4))
    assert "real" in rt.identify(tensor.astype(np.float16), kind=kind).names
    spoilt = tensor.astype(np.float16)
    place = tuple(np.argwhere(spoilt)[0].tolist())
    spoilt[place] *= -1
    assert [entry.index for entry in rt.identify(spoilt, kind=kind).wrong] == [place]
    permuted = rt.identify(tensor[::-1].astype(np.float16), kind=kind)
    assert permuted.nearest is not None
    assert not permuted.wrong


def test_harmonics_and_rotations_of_half_precision_are_recognised() -> None:
    points = np.random.default_rng(3).normal(size=(12, 3))
    values = np.concatenate(harmonics_floats(rt.CONVENTIONS["real"], points, [0, 1, 2, 3]), axis=1)
    assert "real" in rt.identify(values.astype(np.float16), points=points).names
    turned = rt.identify(values[:, ::-1].astype(np.float16), points=points)
    assert turned.nearest is not None
    assert not turned.wrong
    matrix = rotation_floats(rt.CONVENTIONS["real"], 2, [0.3, 0.7, -1.1])
    assert "real" in rt.identify(matrix.astype(np.float16), angles=(0.3, 0.7, -1.1)).names


@pytest.mark.parametrize("factor", [1j, -1j])
def test_factors_of_size_one_come_before_others(factor: complex) -> None:
    found = rt.identify(factor * TENSOR)  # wigner_3j times sqrt(5) would do as well
    assert found.nearest is not None
    assert (found.nearest.kind, found.nearest.convention) == ("clebsch_gordan", "real")
    assert found.factor == factor


PHASES = (1.0, -1.0, 1j, -1j, np.exp(0.3j), 0.5 * np.exp(-2j))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    phase=st.sampled_from(PHASES),
    basis=st.sampled_from(["real", "complex"]),
    quarter=st.booleans(),
)
def test_any_phase_and_signed_permutation_is_undone(seed: int, phase: Any, basis: Any, quarter: bool) -> None:
    """Signs may be 1, i, -1 and -i, and the factor any complex number."""
    draw = np.random.default_rng(seed)
    wanted = rt.clebsch_gordan_array(1, 2, 2, basis=basis).to_numpy()
    places = [draw.permutation(length) for length in wanted.shape]
    signs = [draw.choice([1, 1j, -1, -1j] if quarter else [1, -1], length) for length in wanted.shape]
    tensor = phase * wanted[np.ix_(*places)] * np.einsum("i,j,k->ijk", *signs)
    found = rt.identify(tensor, "clebsch_gordan")
    assert found.nearest is not None
    assert not found.wrong
    rebuilt = coupling_floats("clebsch_gordan", rt.CONVENTIONS[found.nearest.convention], (1, 2, 2))
    if found.places:
        rebuilt = rebuilt[np.ix_(*found.places)] * np.einsum("i,j,k->ijk", *map(np.array, found.signs))
    assert np.allclose(found.factor * rebuilt, tensor, atol=1e-12)
    assert abs(found.factor) == pytest.approx(abs(phase))
    assert str(found)


def test_a_permutation_that_i_alone_explains() -> None:
    """All slices of one axis share a phase with no real square root: 1, i, -1, -i in turn."""
    tensor = TENSOR * np.array([1, 1j, -1, -1j, 1])
    found = rt.identify(tensor, "clebsch_gordan")
    assert (abs(found.factor), found.wrong) == (1.0, ())
    signs = found.factor * np.einsum("i,j,k->ijk", *map(np.array, found.signs))
    assert np.allclose(TENSOR[np.ix_(*found.places)] * signs, tensor)
    assert "has a factor i at [" in str(found)


@settings(max_examples=20)
@given(two_j=st.integers(1, 7), parts=st.tuples(*[st.integers(-5, 5)] * 4).filter(any))
def test_half_integer_rotations(two_j: int, parts: tuple[int, int, int, int]) -> None:
    spin = rt.Surd.rational(two_j).as_fraction() / 2
    matrix = rt.rotation_matrix(spin, parts).to_numpy()
    found = rt.identify(matrix, quaternion=parts)
    assert {"complex", "sympy"} <= set(found.names)
    assert "sympy/wigner-d" in rt.identify(matrix[::-1, ::-1], quaternion=parts).names
    if two_j % 2:  # the quaternion knows which of two spinor rotations is meant
        other = rt.identify(-matrix, quaternion=parts)
        ours = [match for match in other.matches if match.convention == "complex"]
        assert all(match.manner for match in ours)  # half a turn is minus its inverse
        assert other or (other.factor, other.wrong) == (-1.0, ())
        assert not {"real", "e3nn@0.6"} & set(found.names)


@pytest.mark.parametrize("name", ["complex", "sympy", "sympy/wigner-d"])
def test_half_integer_rotations_by_angles_and_one_spoilt_entry(name: str) -> None:
    spin = rt.Surd.rational(3).as_fraction() / 2
    matrix = rotation_floats(rt.CONVENTIONS[name], spin, record.ANGLES)
    assert name in rt.identify(matrix, angles=record.ANGLES).names
    spoilt = matrix.copy()
    spoilt[1, 2] *= -1
    found = rt.identify(spoilt, angles=record.ANGLES)
    assert [entry.index for entry in found.wrong] == [(1, 2)]
    assert "m = -1/2, 1/2" in str(found) or "m = 1/2, -1/2" in str(found)


def test_half_integer_couplings() -> None:
    half = rt.Surd.rational(1).as_fraction() / 2
    block = rt.clebsch_gordan_array(half, 1, 3 * half).to_numpy()
    assert rt.identify(block).names == ("complex", "sympy")
    block[0, 1, 1] *= -1
    (wrong,) = rt.identify(block).wrong
    assert (wrong.index, wrong.orders) == ((0, 1, 1), (-half, 0, -half))
    with pytest.raises(OperandError, match="do not couple"):
        rt.identify(np.ones((2, 2, 7)))


def test_phases_of_harmonics_are_named() -> None:
    points = np.random.default_rng(8).normal(size=(7, 3))
    ours = np.concatenate(harmonics_floats(rt.CONVENTIONS["complex"], points, range(4)), axis=1)
    orders = np.concatenate([np.arange(-degree, degree + 1) for degree in range(4)])
    found = rt.identify(np.exp(0.4j) * ours * 1j**orders, points=points)
    assert found.factor == pytest.approx(np.exp(0.4j))
    assert found.signs[1] == tuple((1, 1j, -1, -1j)[m % 4] for m in orders)


@pytest.mark.parametrize("name", ["s2fft", "ducc0", "pyshtools/complex/ortho/csphase=-1"])
def test_harmonics_in_other_layouts_are_recognised(name: str) -> None:
    points = np.random.default_rng(8).normal(size=(5, 3))
    ours = np.concatenate(harmonics_floats(rt.CONVENTIONS["complex"], points, range(4)), axis=1)
    values = rt.convert(ours, "complex", name, "harmonics")
    assert name in rt.identify(values, points=points).names
    place = tuple(np.argwhere(values)[17].tolist())
    values[place] *= -1
    found = rt.identify(values, points=points)
    assert found.nearest is not None
    assert {entry.index[0] for entry in found.wrong} == {place[0]}
