"""convert of tables: tables again, those that `build_table` makes, there and back the same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reptheory as rt
from reptheory.build.certify import certify_table
from reptheory.errors import ConventionMismatch, LabelError, OperandError, TableMismatch
from reptheory.tables.kinds import KINDS, table_key

BOTH = (
    "clebsch_gordan", "gaunt", "gaunt_4", "solid_harmonics", "solid_gradient", "harmonics_from_monomials",
    "monomials_from_harmonics", "vector_harmonics", "fourier_from_harmonics", "harmonics_from_fourier",
    "generators", "wigner_d_pi_half", "wigner_d_fourier", "wigner_d_polynomial", "rotation_matrix",
)  # fmt: skip
OTHERS = ("e3nn@0.4", "e3nn@0.6/component", "e3x", "mace", "cuequivariance", "sympy")


def built(kind: str, lmax: int, **options: Any) -> rt.Table:
    if kind == "rotation_matrix":
        options["quaternion"] = "2,-1,0,1"
    return rt.build_table(kind, lmax, **options)


@pytest.mark.parametrize("kind", BOTH)
def test_between_our_bases_conversion_is_the_other_table(kind: str) -> None:
    real, ours = built(kind, 2, basis="real"), built(kind, 2, basis="complex")
    assert rt.convert(ours, None, "real") == real
    back = rt.convert(real, "real", "complex")
    assert back == ours or KINDS[kind].doubled
    assert rt.convert(back, None, "real") == real
    for row, labels in enumerate(back.index.tolist()):
        halves = [
            label / 2 if c.doubled else label for label, c in zip(labels, KINDS[kind].columns, strict=True)
        ]
        assert ours.lookup(*halves) == back.row(row)


def test_3j_symbols_in_a_real_basis_are_another_kind() -> None:
    ours, real = rt.build_table("wigner_3j", 2), rt.build_table("real_wigner_3j", 2)
    assert rt.convert(ours, None, "real") == real
    assert rt.convert(rt.convert(ours, None, "e3nn@0.6"), None, "real") == real
    there = rt.convert(real, None, "complex")
    assert (there.kind, there.convention) == ("real_wigner_3j", rt.COMPLEX)
    assert rt.convert(there, None, "real") == real
    spins = rt.convert(rt.build_table("spin_clebsch_gordan", 1), None, "e3x")
    assert rt.convert(spins, None, "real").float64.tolist() == (
        rt.build_table("clebsch_gordan", 1).float64.tolist()
    )


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("kind", [*BOTH, "real_wigner_3j"])
def test_there_and_back_is_the_identity_and_builds_agree(kind: str, target: str, tmp_path: Path) -> None:
    table = built(kind, 2, basis="real")
    if kind.startswith(("fourier", "harmonics_from_f")) and target != "sympy":
        with pytest.raises(OperandError, match="phi"):
            rt.convert(table, None, target)
        return
    there = rt.convert(table, None, target)
    assert there.convention == rt.convention(target).stated
    assert there.manifest["convention"]["name"] == target
    assert rt.convert(there, target, "real") == table
    assert rt.read_table(there.save(tmp_path / "there.npz")) == there
    assert certify_table(there).holds
    if kind != "rotation_matrix":
        options = {name: value for name, value in there.parameters.items() if name not in ("basis", "lmax")}
        assert rt.build_table(kind, 2, **options) == there
        assert rt.estimate_table(kind, 2, **options).rows >= len(there)


def test_blocks_are_those_of_the_package() -> None:
    couplings = rt.convert(rt.build_table("clebsch_gordan", 2), None, "e3x")
    for path in [(1, 1, 1), (1, 2, 2), (2, 2, 4)]:
        block = rt.clebsch_gordan_array(*path, basis="real")
        expected = rt.convert(block, None, "e3x", "clebsch_gordan").to_numpy()
        np.testing.assert_array_equal(couplings.dense(*path), expected)
    turns = rt.convert(built("rotation_matrix", 3, basis="real"), None, "e3nn@0.6")
    for degree in range(4):
        matrix = rt.real_rotation_matrix(degree, (2, -1, 0, 1))
        expected = rt.convert(matrix, None, "e3nn@0.6", "rotation").to_numpy()
        np.testing.assert_array_equal(turns.dense(degree)[:, :, 0], expected)


@pytest.mark.parametrize(
    ("target", "order"), [("e3nn@0.6/component", "xyz"), ("e3x/4pi", "xyz"), ("real", "yzx")]
)
def test_solid_harmonics_of_others_are_their_polynomials(target: str, order: str) -> None:
    table = rt.convert(rt.build_table("solid_harmonics", 4), None, target)
    names = {name: number for number, name in enumerate("xyz")}
    for place, name in enumerate(order):
        assert np.flatnonzero(table.dense(1, place - 1).ravel()).size == 1
        powers = [int(number == names[name]) for number in range(3)]
        factor = table.lookup(1, place - 1, *powers)
        assert (factor.numerator, factor.denominator) == ((3, 4) if target == "real" else (3, 1))
    values, expected = (degree_four(one) for one in (table, rt.build_table("solid_harmonics", 4)))
    expected = rt.convert(expected, "real", target, "harmonics", degrees=4)
    np.testing.assert_allclose(values, expected, atol=1e-14)


def degree_four(table: rt.Table) -> Any:
    """The harmonics of degree 4 at a point, from a table of solid harmonics."""
    values, point = np.zeros(9), np.array([0.36, -0.48, 0.8])
    rows = np.flatnonzero(table.index[:, 0] == 4)
    terms = table.float64[rows] * np.prod(point ** table.index[rows, 2:], axis=1)
    np.add.at(values, table.index[rows, 1] + 4, terms)
    return values


def test_normalised_tables_convert_too() -> None:
    table = rt.build_table("gaunt", 2, normalization="schmidt", phase="condon-shortley")
    there = rt.convert(table, None, "e3nn@0.6/norm")
    assert there == rt.convert(rt.build_table("gaunt", 2), None, "e3nn@0.6/norm")
    assert there.pi_power == table.pi_power == 2
    scaled = rt.build_table("solid_harmonics", 3, normalization="4pi")
    assert rt.convert(scaled, None, "real") == rt.build_table("solid_harmonics", 3)


def test_what_cannot_be_converted_says_so() -> None:
    table = rt.build_table("gaunt", 1)
    assert rt.convert(table, None, "real") is table
    with pytest.raises(ConventionMismatch, match="carries"):
        rt.convert(table, "e3x", "real")
    with pytest.raises(LabelError, match="leave them out"):
        rt.convert(table, None, "e3x", "gaunt")
    with pytest.raises(LabelError, match="no coupling tensors"):
        rt.convert(rt.build_table("clebsch_gordan", 1), None, "pyscf")
    for kind in ("wigner_6j", "theta_fourier", "real_from_complex", "harmonic_factor"):
        with pytest.raises(OperandError, match="no orders"):
            rt.convert(rt.build_table(kind, 1), None, "sympy/znm")
        with pytest.raises(OperandError, match="no orders"):
            rt.build_table(kind, 1, convention="sympy/znm")
    with pytest.raises(LabelError, match="convention"):
        rt.build_table("gaunt", 1, convention="unheard")
    with pytest.raises(LabelError, match="leave them out"):
        rt.build_table("gaunt", 1, convention="e3x", normalization="4pi")


def test_a_convention_of_the_same_name_is_not_believed() -> None:
    stated = rt.convention("e3x").stated
    forged = rt.Convention(
        **{**{name: getattr(stated, name) for name in stated.__slots__}, "order": "m ascending"}
    )
    key = table_key("gaunt", 1, convention=forged)
    table = rt.convert(rt.build_table("gaunt", 1), None, "e3x")
    spoilt = type(table)(key, table.index, table.float64, table.float32, table.sign, table.numerator,
                         table.denominator, None, table.generator)  # fmt: skip
    with pytest.raises(TableMismatch, match="e3x"):
        certify_table(spoilt)
    with pytest.raises(TableMismatch, match="e3x"):
        rt.convert(spoilt, None, "real")


def test_a_spoilt_value_of_a_converted_table_is_found() -> None:
    table = rt.convert(rt.build_table("solid_harmonics", 2), None, "e3nn@0.6")
    sign = table.sign.copy()
    sign[5] *= -1
    spoilt = type(table)(table.key, table.index, table.float64, table.float32, sign, table.numerator,
                         table.denominator, None, table.generator)  # fmt: skip
    assert "row 5 " in (certify_table(spoilt).failure or "")


def test_audit_reads_a_converted_table(tmp_path: Path) -> None:
    for kind in ("gaunt", "solid_harmonics", "wigner_d_pi_half"):
        table = rt.convert(rt.build_table(kind, 2, basis="real"), None, "e3x")
        found = rt.audit(table.save(tmp_path / "theirs.npz"))
        assert found.holds, str(found)
        assert found.conventions == ("e3x",)
