"""Listings: the right values, and one line of reason for labels that cannot be."""

import pytest

from reptheory.build.show import block_rows
from reptheory.errors import LabelError, TooLarge


def test_a_block():
    listing = block_rows("wigner_3j", ["1", "1", "2"])
    assert listing.names == ("j1", "j2", "j3", "m1", "m2", "m3")
    assert ("1", "1", "2", "0", "0", "0", "0.3651483716701107", "0.36514837", "√(2/15)") in listing.lines
    assert len(listing.lines) == 9


@pytest.mark.parametrize(
    ("kind", "labels", "basis", "exact"),
    [
        ("wigner_3j", "1 1 2 0 0 0", None, "√(2/15)"),
        ("wigner_3j", "1/2 0.5 1 1/2 -1/2 0", None, "√(1/6)"),
        ("gaunt", "1 1 0 0 0 0", None, "√(1/(4π))"),
        ("gaunt", "1 1 2 0 1 -1", "complex", "-√(3/(20π))"),
        ("clebsch_gordan", "1 1 2 0 0 0", "complex", "√(2/3)"),
        ("clebsch_gordan", "1 1 2 0 0 0", "real", "√(2/3)"),
        ("clebsch_gordan", "1 1 2 -1 1 0", "real", "0"),
        ("gaunt", "1 1 1 0 0 0", None, "0"),
        ("gaunt", "1 1 7 0 0 0", None, "0"),
        ("wigner_d_pi_half", "1 0 1", None, "√(1/2)"),
        ("theta_fourier", "1 1 1", None, "-√(3/(8π))"),
        ("theta_fourier", "1 1 0", None, "0"),
        ("fourier_from_harmonics", "1 1 1 1", None, "i·√(3/(32π))"),
        ("wigner_6j", "1/2 1/2 1 1/2 1/2 1", None, "1/6"),
        ("wigner_6j", "1/2 1/2 1/2 1/2 1/2 1", None, "0"),
        ("wigner_9j", "1 1 2 1 1 1 1 1 1", None, "1/18"),
        ("wigner_12j_second", "1 1 1 1 1 1 1 1 1 1 1 2", None, "1/108"),
        ("real_from_complex", "1 1 -1", None, "√(1/2)"),
        ("solid_harmonics", "1 1 1 0 0", None, "√(3/(4π))"),
        ("monomials_from_harmonics", "2 0 0 2 0 0", None, "√(4π/9)"),
        ("tensor_harmonics", "1/2 1 1/2 1/2 0 1/2", None, "-√(1/3)"),
        ("tensor_harmonics", "1 1 2 0 0 0", "real", "-√(2/5)"),
        ("forms_from_vector_harmonics", "1 2 1", "complex", "i·√2"),
        ("solid_gradient", "1 1 0 0", None, "√3"),
        ("wigner_d_fourier", "1/2 1/2 1/2 1/2", None, "1/2"),
        ("wigner_d_polynomial", "1/2 1/2 1/2 1", None, "1"),
    ],
)
def test_a_single_value(kind, labels, basis, exact):
    (line,) = block_rows(kind, labels.split(), basis=basis).lines
    assert line[-1] == exact
    assert len(line) == len(block_rows(kind, labels.split(), basis=basis).names) + 3


@pytest.mark.parametrize(
    ("kind", "labels", "options", "exact"),
    [
        ("solid_harmonics", "1 -1 1 0 0", {"convention": "e3nn@0.6/component"}, "√3"),
        ("solid_harmonics", "1 0 0 0 1", {"normalization": "schmidt"}, "1"),
        ("clebsch_gordan", "1 1 0 0 0 0", {"convention": "e3nn@0.6"}, "√(1/3)"),
        ("harmonic_factor", "2 1", {"basis": "complex", "normalization": "unnormalized"}, "√(24π/5)"),
        ("rotation_matrix", "1 1 1 0", {"basis": "real", "quaternion": "0,0,1,1"}, "-1"),
        ("recoupling_three_spins", "1/2 1/2 1/2 1/2 1 1", {}, "1/2"),
        ("spin_clebsch_gordan", "1/2 1/2 1 1/2 -1/2 0", {}, "√(1/2)"),
        ("vector_path_ratio", "1 1 1 1 0 0 0", {}, "√(1/(2π))"),
    ],
)
def test_other_harmonics_conventions_and_rotations(kind, labels, options, exact):
    (line,) = block_rows(kind, labels.split(), **options).lines
    assert line[-1] == exact


def test_halves_have_no_other_convention():
    with pytest.raises(LabelError, match="j: only our complex basis"):
        block_rows("generators", ["1/2"], convention="sympy")


def test_open_labels_are_bounded():
    assert len(block_rows("recoupling_three_spins", ["20"] * 4).lines) > 1000
    with pytest.raises(TooLarge, match="give more labels"):
        block_rows("recoupling_four_spins", ["1000"] * 5)


def test_a_cartesian_tensor():
    listing = block_rows("cartesian_tensor", [], formula="ij=ji")
    assert ("2", "0", "-2", "1", "0.7071067811865476", "0.70710677", "√(1/2)") in listing.lines
    with pytest.raises(LabelError, match="formula"):
        block_rows("cartesian_tensor", [])
    with pytest.raises(LabelError, match="formula"):
        block_rows("cartesian_tensor", [], formula="ij=jk")


def test_imaginary_values_carry_their_unit():
    (line,) = block_rows("fourier_from_harmonics", ["1", "1", "1", "1"]).lines
    assert line[-3] == "0.17274707473566775i"


def test_a_prefix_selects():
    everything = block_rows("fourier_from_harmonics", ["3"]).lines
    some = block_rows("fourier_from_harmonics", ["3", "-2"]).lines
    assert set(some) < set(everything)
    assert {line[:2] for line in some} == {("3", "-2")}


def test_forbidden_labels_have_no_rows():
    assert block_rows("gaunt", ["1", "1", "5"]).lines == ()
    assert block_rows("wigner_3j", ["1/2", "1", "1"]).lines == ()


def test_a_large_single_value_needs_no_block():
    (line,) = block_rows("wigner_3j", ["20000", "20000", "20000", "0", "0", "0"]).lines
    assert "digits" in line[-1]
    assert 0 < abs(float(line[-3])) < 1


@pytest.mark.parametrize(
    ("kind", "labels", "words"),
    [
        ("magic", "1", "kind"),
        ("gaunt", "1 1", "labels"),
        ("gaunt", "1 1 1 1 1 1 1", "labels"),
        ("gaunt", "1 1 x", "l3"),
        ("gaunt", "1 1 __import__('os')", "l3"),
        ("gaunt", "1 1 1/2", "l3"),
        ("gaunt", "1 1 1/0", "l3"),
        ("gaunt", "1 1 -1", "l3"),
        ("gaunt", "1 1 0 2 0 0", "m1"),
        ("wigner_3j", "1/3 1 1", "j1"),
        ("wigner_3j", "1/2 1/2 1 0 0 0", "m1"),
        ("wigner_3j", "nan 1 1", "j1"),
        ("wigner_3j", "1e3 1 1", "j1"),
        ("wigner_d_pi_half", "1 2", "m_left"),
        ("theta_fourier", "1 2", "m"),
        ("wigner_6j", "1 1 1 1 1", "labels"),
        ("solid_harmonics", "1 2", "m"),
    ],
)
def test_impossible_labels(kind, labels, words):
    with pytest.raises(LabelError, match=words) as caught:
        block_rows(kind, labels.split())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "labels"),
    [("gaunt", "5000 5000 5000"), ("wigner_d_pi_half", "10000000"), ("theta_fourier", "100000")],
)
def test_huge_blocks_are_refused(kind, labels):
    with pytest.raises(TooLarge):
        block_rows(kind, labels.split())
