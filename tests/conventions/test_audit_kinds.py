"""audit of every kind of table, of harmonics and of D matrices: right ones hold, each fault is named."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import sph_harm_y
from table_keys import every_key

import reptheory as rt
from reptheory.build.library import build_key
from reptheory.build.recipes import RECIPES
from reptheory.conversion.precision import BFLOAT16, nearest, units
from reptheory.conversion.reference import harmonics_floats, rotation_floats
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.tables.kinds import KINDS, TableKey, kind_of

HALF = Fraction(1, 2)


def formats(table: rt.Table, folder: Path) -> list[Path]:
    """Every file of a table that audit reads; safetensors has no dense complex numbers."""
    paths = [table.save(folder / "t.npz")]
    paths += [rt.export_table(table, folder / f"t.{form}", form) for form in ("json", "safetensors")]
    for dtype in ("float64", "float32")[: 1 if len(table.index_names) == 12 else 2]:  # large, of 12j symbols
        paths.append(rt.export_table(table, folder / f"dense-{dtype}.npz", "npz", dense=dtype))
        if table.i_power is None and len(table.index_names) < 12:
            path = folder / f"dense-{dtype}.safetensors"
            paths.append(rt.export_table(table, path, "safetensors", dense=dtype))
    return paths


@pytest.mark.parametrize("key", every_key(1), ids=str)
def test_every_export_of_every_kind_holds(key: TableKey, tmp_path: Path) -> None:
    table = build_key(key)
    for path in formats(table, tmp_path):
        found = rt.audit(path)
        assert found.holds, str(found)
        assert found.nearest == found.entries >= len(table)
        assert kind_of(key.kind).name in (found.kind, f"real_{found.kind}")
        named = {rt.CONVENTIONS[name.split()[0]].basis for name in found.conventions}
        assert not named or dict(key.parameters)["basis"] in named
        assert found.dtype == ("float32" if "float32" in path.name else "float64")


BARE = [key for key in every_key(1) if not dict(key.parameters).keys() & {"normalization", "quaternion"}]
"""Tables that their labels and values say everything about, but for kind and basis."""


@pytest.mark.parametrize("key", BARE, ids=str)
def test_one_spoilt_entry_of_every_kind_is_named(key: TableKey) -> None:
    """As other people have it: labels and values, and the kind in words."""
    table, kind = build_key(key), kind_of(key.kind)
    values = table.values("complex128" if table.i_power is not None else "float64").copy()
    place = len(values) // 2
    values[place] *= -1
    formula = dict(key.parameters).get("formula")
    options: Any = {"formula": formula} if formula else {"convention": dict(key.parameters)["basis"]}
    if RECIPES[kind.name].value is not None:
        options = {}
    names = dict(zip(kind.index_names, table.index.T, strict=True))
    for rows in ({"index": table.index, "values": values}, {**names, "value": values}):
        (wrong,) = rt.audit(rows, key.kind, **options).wrong
        halves = zip(kind.columns, table.index[place].tolist(), strict=True)
        assert wrong.labels == tuple(Fraction(n, 2) if column.doubled else n for column, n in halves)
        assert wrong.names == tuple(column.label for column in kind.columns)[: len(wrong.names)] or (
            wrong.names == ("l1", "l2", "l3", "m1", "m2", "m3")
        )
        assert wrong.what == "sign"
        assert wrong.found == -wrong.expected == values[place]


@pytest.mark.parametrize("words", [("schmidt", "none"), ("unnormalized", "condon-shortley")])
@pytest.mark.parametrize("basis", ["real", "complex"])
def test_tables_of_other_harmonics_are_told_apart(basis: str, words: tuple[str, str]) -> None:
    table = rt.build_table("solid_harmonics", 2, basis=basis, normalization=words[0], phase=words[1])
    values = table.values("complex128").copy()
    found = rt.audit({"index": table.index, "values": values}, "solid_harmonics")
    assert found.holds, str(found)
    word = {"schmidt": "schmidt", "unnormalized": "unnorm"}[words[0]]
    phase = {"none": 1, "condon-shortley": -1}[words[1]]
    assert f"pyshtools/{basis}/{word}/csphase={phase}" in found.conventions
    values[5] *= -1
    assert len(rt.audit({"index": table.index, "values": values}, "solid_harmonics").wrong) == 1


def test_symbols_are_recognised_by_their_labels() -> None:
    table = rt.build_table("wigner_6j", 2)
    for labels in (table.index, table.index / 2):
        found = rt.audit({"index": labels, "values": table.float64})
        assert (found.kind, found.conventions, found.holds) == ("wigner_6j", (), True)
        assert str(found).startswith("table: wigner_6j\n")
    few = table.index[::7], table.float64[::7] * np.sqrt(3)
    found = rt.audit({"labels": few[0], "data": few[1]}, "wigner_6j")
    assert found.exact_factor == rt.Surd.sqrt(3)
    assert not found.wrong


def test_a_dense_table_of_6j_symbols() -> None:
    table = rt.build_table("wigner_6j", 1).dense()
    assert rt.audit(table, "wigner_6j").holds
    spoilt = table.copy()
    place = tuple(np.argwhere(table)[17].tolist())
    spoilt[place] = 0
    (wrong,) = rt.audit(spoilt, "wigner_6j").wrong
    assert wrong.labels == tuple(Fraction(two_j, 2) for two_j in place)
    assert wrong.what == "zero"


@pytest.mark.parametrize("spin", [HALF, 1, 3 * HALF, 4])
def test_wigner_d_at_a_quarter_turn(spin: Any) -> None:
    matrix = rt.wigner_d_pi_half(spin).to_numpy()
    assert rt.audit(matrix, "wigner_d_pi_half").holds
    assert rt.audit({"d": matrix}).conventions[:2] == ("complex", "sympy")
    turned = rt.audit(matrix.T.copy(), "wigner_d_pi_half")
    assert turned.nearest == turned.entries
    assert "complex, transposed" in turned.conventions
    assert "complex with m descending" in turned.conventions
    spoilt = matrix.astype(np.float32)
    spoilt[0, -1] *= -1
    (wrong,) = rt.audit(spoilt, "wigner_d_pi_half").wrong
    assert (wrong.path, wrong.orders, wrong.what) == ((spin,), (-spin, spin), "sign")


def test_other_orders_of_m_are_named() -> None:
    order = [2, 3, 1, 4, 0]  # m = 0, 1, -1, 2, -2
    matrix = rt.wigner_d_pi_half(2).to_numpy()[np.ix_(order, order)]
    found = rt.audit(matrix, "wigner_d_pi_half")
    assert found.nearest == found.entries
    assert "complex with m zero first" in found.conventions


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, BFLOAT16])
def test_harmonics_at_points(dtype: Any) -> None:
    points = np.random.default_rng(4).normal(size=(6, 3))
    points[0] = (0, 0, 2)
    one = rt.CONVENTIONS["e3nn@0.6/component"]
    values = np.concatenate(harmonics_floats(one, points, range(5)), axis=1).astype(dtype)
    found = rt.audit(values, points=points, ulps=8)
    assert found.holds, str(found)
    assert "e3nn@0.6/component" in found.conventions
    assert found.kind == "harmonics"
    values[3, 7] *= -1
    (wrong,) = rt.audit(values, points=points, ulps=8).wrong
    assert (wrong.names, wrong.labels, wrong.what) == (("point", "l", "m"), (3, 2, 1), "sign")


def test_harmonics_of_scipy_are_as_good_as_they_are() -> None:
    points = np.random.default_rng(4).normal(size=(5, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    theta, phi = np.arccos(points[:, 2]), np.arctan2(points[:, 1], points[:, 0])
    labels = [(ell, m) for ell in range(4) for m in range(-ell, ell + 1)]
    values = np.stack([sph_harm_y(ell, m, theta, phi) for ell, m in labels], axis=1)
    found = rt.audit(values, points=points, ulps=16)
    assert found.holds, str(found)
    assert "scipy" in found.conventions
    single = rt.audit(values.astype(np.complex64).astype(np.complex128), points=points)
    assert single.looks_single


@settings(max_examples=15)
@given(
    two_j=st.integers(0, 5),
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
    name=st.sampled_from(["complex", "sympy/wigner-d", "real", "e3nn@0.6"]),
)
def test_rotations_by_angles(two_j: int, angles: tuple[float, float, float], name: str) -> None:
    spin = Fraction(two_j, 2)
    if two_j % 2 and rt.CONVENTIONS[name].basis == "real":
        return
    matrix = rotation_floats(rt.CONVENTIONS[name], spin, angles)
    found = rt.audit(matrix, convention=name, angles=angles, ulps=16)
    assert found.holds, str(found)
    conventions = rt.audit(matrix, angles=angles, ulps=16).conventions
    assert name in conventions or np.allclose(matrix, np.eye(len(matrix)), atol=1e-3)


@settings(max_examples=15)
@given(parts=st.tuples(*[st.integers(-5, 5)] * 4).filter(any), two_j=st.integers(0, 4))
def test_rotations_by_quaternion(parts: tuple[int, int, int, int], two_j: int) -> None:
    """Against the exact matrices, which are made in another way; spinors keep their sign."""
    matrix = rt.rotation_matrix(Fraction(two_j, 2), parts).to_numpy()
    found = rt.audit(matrix, convention="complex", quaternion=parts, ulps=0)
    assert found.nearest == found.entries, str(found)
    if two_j % 2 == 0:
        real = rt.convert(matrix, "complex", "e3nn@0.6", "rotation")
        assert rt.audit(real, convention="e3nn@0.6", quaternion=parts, ulps=8).holds


def test_an_inverse_rotation_is_said_to_be_one() -> None:
    turn = (1, 2, -1, 3)
    matrix = rt.rotation_matrix(2, turn).to_numpy().conj().T
    found = rt.audit(matrix, quaternion=turn)
    assert found.nearest == found.entries
    assert found.kind == "rotation (inverse rotation)"
    assert "complex" in found.conventions
    spoilt = matrix.copy()
    spoilt[1, 3] = np.nan
    (wrong,) = rt.audit(spoilt, quaternion=turn).wrong
    assert (wrong.labels, wrong.what) == ((2, -1, 1), "not finite")


@pytest.mark.parametrize("name", ["complex", "e3nn@0.6"])
@pytest.mark.parametrize("shape", ["blocks", "whole"])
def test_the_coupled_axis_may_stand_first(name: str, shape: str) -> None:
    lmax, size = 2, 9
    whole = np.zeros((size, size, size))
    table = {}
    for a in range(lmax + 1):
        for b in range(lmax + 1):
            for c in range(abs(a - b), min(a + b, lmax) + 1):
                block = rt.convert(rt.clebsch_gordan_array(a, b, c), None, name, "clebsch_gordan").to_numpy()
                table[f"cg_{a}_{b}_{c}"] = np.moveaxis(block, 2, 0)
                part = [slice(ell * ell, (ell + 1) ** 2) for ell in (c, a, b)]
                whole[tuple(part)] = table[f"cg_{a}_{b}_{c}"]
    found = rt.audit(table if shape == "blocks" else whole)
    assert found.holds, str(found)
    assert f"{name} with the coupled axis first" in found.conventions
    one = whole.copy()
    place = tuple(np.argwhere(whole)[30].tolist())
    one[place] *= -1
    (wrong,) = rt.audit(one).wrong
    l1, l2, l3, m1, m2, m3 = wrong.labels
    assert (l3 * l3 + l3 + m3, l1 * l1 + l1 + m1, l2 * l2 + l2 + m2) == place


def test_half_integer_couplings_of_other_people() -> None:
    cases = [(HALF, HALF, 1), (HALF, 1, HALF), (1, HALF, 3 * HALF), (3 * HALF, 1, HALF)]
    tables: dict[str, Any] = {
        "clebsch_gordan": {str(path): rt.clebsch_gordan_array(*path).to_numpy() for path in cases},
        "wigner_3j": {str(path): rt.wigner_3j_array(*path).to_numpy() for path in cases},
    }
    for kind, table in tables.items():
        found = rt.audit(table)
        assert found.holds, str(found)
        assert found.kind == kind
        assert "sympy" in found.conventions
        assert "sympy/wigner-d" not in found.conventions
    backwards = {name: np.flip(block) for name, block in tables["clebsch_gordan"].items()}
    assert "complex with m descending" in rt.audit(backwards).conventions
    backwards[str(cases[0])] = -backwards[str(cases[0])]
    assert {one.path for one in rt.audit(backwards).wrong} == {cases[0]}


def test_labels_in_other_orders_of_columns() -> None:
    table = rt.build_table("clebsch_gordan", 2)
    interleaved = table.index[:, [0, 3, 1, 4, 2, 5]]
    assert rt.audit(np.column_stack([interleaved, table.float64])).holds
    for order in ([2, 0, 1, 5, 3, 4], [2, 5, 0, 3, 1, 4]):
        found = rt.audit({"index": table.index[:, order], "values": table.float64})
        assert found.holds, str(found)
        assert found.conventions[0] == "real with the coupled axis first"
    columns = dict(zip(("J1", "J2", "J3", "M1", "M2", "M3"), table.index.T / 1.0, strict=True))
    assert rt.audit({**columns, "value": table.float64}).holds


def test_labels_that_stand_twice_are_refused() -> None:
    index = np.array([[1, 1, 2, 0, 0, 0], [1, 1, 2, 0, 0, 0]])
    with pytest.raises(OperandError, match="stand there twice"):
        rt.audit({"index": index, "values": np.ones(2)})
    with pytest.raises(OperandError, match="stand there twice"):
        rt.audit({"index": index[:, :3], "values": np.ones(2)}, "real_from_complex")


def bfloat16(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    """The upper half of a float32, rounded to nearest even: what every framework does."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def test_bfloat16_is_judged_by_its_own_last_place(tmp_path: Path) -> None:
    block = rt.clebsch_gordan_array(2, 2, 3, basis="real").to_numpy()
    bits = bfloat16(block)
    for step in (0, 1):
        bits.flat[np.flatnonzero(block)[4]] += step
        header = {"cg_2_2_3": {"dtype": "BF16", "shape": block.shape, "data_offsets": [0, bits.nbytes]}}
        text = json.dumps(header).encode()
        (tmp_path / "t.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bits.tobytes())
        found = rt.audit(tmp_path / "t.safetensors", "clebsch_gordan", ulps=0.5)
        assert found.dtype == "bfloat16"
        assert [one.ulps for one in found.wrong] == [1.0] * step
        assert found.nearest == found.entries - step
        assert "real" in found.conventions
    for package in ("torch", "ml_dtypes"):
        module = pytest.importorskip(package, reason=f"{package} is not installed")
        given = (
            module.tensor(block).to(module.bfloat16) if package == "torch" else block.astype(module.bfloat16)
        )
        found = rt.audit(given, "clebsch_gordan", ulps=0)
        assert (found.dtype, found.nearest) == ("bfloat16", found.entries)
        assert "real" in rt.identify(given, "clebsch_gordan").names


@given(st.lists(st.floats(2.0**-100, 2.0**100), min_size=1))
def test_rounding_to_bfloat16(numbers: list[float]) -> None:
    values = np.array(numbers).astype(np.float32).astype(np.float64)
    ours = nearest(values, "bfloat16")
    theirs = (bfloat16(values).astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(ours, theirs)
    assert (abs(ours - values) <= units(values, "bfloat16") / 2).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_units_are_those_of_numpy(dtype: Any) -> None:
    values = np.array([1.0, 1.5, 2.0**-14, 2.0**-15, 6e-8, 0.1, 3000.0]).astype(dtype)
    assert np.array_equal(units(values, np.dtype(dtype).name), np.spacing(values).astype(np.float64))


def test_halves_that_couple_to_nothing_are_wrong_in_any_convention() -> None:
    blocks = {
        "a": rt.clebsch_gordan_array(1, 1, 2, basis="real").to_numpy(),
        "1_1_1": np.ones((2, 2, 2)),
    }
    wrong = rt.audit(blocks, "clebsch_gordan", degrees=None, convention="e3nn@0.6").wrong
    assert {(one.path, one.what) for one in wrong if one.path[0] == HALF} == {((HALF,) * 3, "not zero")}


def test_blocks_of_zeros_are_wrong_everywhere() -> None:
    blocks = {"a": rt.wigner_d_pi_half(1).to_numpy(), "b": np.zeros((2, 2))}
    wrong = rt.audit(blocks, "wigner_d_pi_half").wrong
    assert {(one.where, one.path, one.what) for one in wrong} == {("b", (HALF,), "zero")}
    assert len(wrong) == 4


def test_labels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(OperandError, match="found no wigner_6j"):
        rt.audit({"index": np.full((2, 6), np.nan), "values": np.ones(2)}, "wigner_6j")


def test_labels_too_large_to_compute_are_refused() -> None:
    rows = np.array([[1000, 3, 3, 1], [1000, 5, 5, 1]], dtype=np.float64)
    with pytest.raises(TooLarge, match="a wigner_d_fourier table with the label 1000"):
        rt.audit(
            {"index": np.column_stack([rows[:, :3], rows[:, 2]]), "values": rows[:, 3]}, "wigner_d_fourier"
        )
    with pytest.raises(OperandError, match="found no coupling tensors"):
        rt.audit(rows)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(LabelError, match="kind: got '15j'; it must be one of clebsch_gordan"):
        rt.audit(np.eye(3), "15j")
    with pytest.raises(OperandError, match="found no wigner_6j in array"):
        rt.audit(np.eye(3), "wigner_6j")
    with pytest.raises(OperandError, match="is negative"):
        rt.audit({"index": -np.ones((1, 6), int), "values": np.ones(1)}, "wigner_6j")
    with pytest.raises(
        OperandError, match=r"e3nn@0\.6 says nothing of wigner_d_pi_half; those that do: complex"
    ):
        rt.audit(np.eye(3), "wigner_d_pi_half", convention="e3nn@0.6")
    with pytest.raises(OperandError, match="got 2 arrays"):
        rt.audit({"a": np.eye(3), "b": np.eye(3)}, angles=(0, 0, 0))
    with pytest.raises(OperandError, match="one row is one point"):
        rt.audit(np.eye(3), points=np.ones((2, 3)))
    with pytest.raises(LabelError, match="whole degrees only"):
        rt.audit(rt.wigner_3j_array(HALF, HALF, 1).to_numpy(), "wigner_3j", convention="e3nn@0.6")


def test_masked_arrays_in_lists_are_refused() -> None:
    rows = list(np.ma.masked_equal(rt.clebsch_gordan_array(1, 1, 1, basis="real").to_numpy(), 0))
    for one in (rows, [list(row) for row in rows], {"a": rows}):
        with pytest.raises(OperandError, match="got a masked array"):
            rt.audit(one)
    with pytest.raises(OperandError, match="values: got a masked array"):
        rt.identify(rows)


def test_kinds_without_a_test_there_are_none() -> None:
    assert {key.kind for key in every_key(1)} == set(KINDS)


@pytest.mark.parametrize("kind", ["spin_clebsch_gordan", "real_wigner_3j", "gaunt", "solid_harmonics"])
def test_every_convention_that_is_named_has_the_same_numbers(kind: str) -> None:
    for name in (
        "real",
        "e3nn@0.4",
        "mace",
        "cuequivariance",
        "e3x",
        "trexio",
        "pyshtools/real/4pi/csphase=-1",
    ):
        if kind in ("spin_clebsch_gordan", "real_wigner_3j") and rt.convention(name).paths == "none":
            continue
        table = rt.build_table(kind, 2, convention=name)
        named = rt.audit(table).conventions
        assert name in named
        for other in named:
            same = rt.build_table(kind, 2, convention=other)
            assert np.array_equal(same.index, table.index), (name, other)
            assert np.array_equal(same.float64, table.float64), (name, other)
