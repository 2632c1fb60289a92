"""Kinds with orders: rows against scalars, SymPy and polynomials, in every normalisation and phase."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from sympy import S
from sympy.physics import wigner
from table_keys import every_key

import reptheory as rt
from reptheory.build.certify import certify_table
from reptheory.build.library import build_key
from reptheory.build.proof import entry_surd
from reptheory.conventions import harmonic_convention

HALF = Fraction(1, 2)
FAMILIES = [("4pi", None), ("schmidt", "condon-shortley"), ("unnormalized", "none"), ("orthonormal", "none")]


def test_spin_clebsch_gordan_holds_every_coefficient_of_sympy():
    table, found = rt.build_table("spin_clebsch_gordan", 1), 0
    for two_j1, two_j2, two_j3 in product(range(3), range(3), range(5)):
        spans = [range(-two_j, two_j + 1, 2) for two_j in (two_j1, two_j2, two_j3)]
        for two_ms in product(*spans):
            labels = [HALF * label for label in (two_j1, two_j2, two_j3, *two_ms)]
            expected = wigner.clebsch_gordan(*(S(label.numerator) / label.denominator for label in labels))
            assert entry_surd(table.lookup(*labels)).to_sympy() == expected
            found += expected != 0
    assert found == len(table)


@pytest.mark.parametrize("basis", ["real", "complex"])
@pytest.mark.parametrize(("count", "lmax"), [(4, 2), (5, 1)])
def test_integrals_of_products_of_polynomials(basis, count, lmax):
    table = rt.build_table(f"gaunt_{count}", lmax, basis=basis)
    rng = np.random.default_rng(count)
    for row in rng.choice(len(table), 30, replace=False).tolist():
        labels = table.index[row].tolist()
        function = rt.solid_harmonic(labels[0], labels[count], basis)
        for l, m in zip(labels[1:count], labels[count + 1 :], strict=True):  # noqa: E741
            function *= rt.solid_harmonic(l, m, basis)
        assert function.sphere_integral() == entry_surd(table.row(row))


@pytest.mark.parametrize("basis", ["real", "complex"])
def test_every_integral_of_four_is_there(basis):
    table, found = rt.build_table("gaunt_4", 1, basis=basis), 0
    labels = [(l, m) for l in range(2) for m in range(-l, l + 1)]  # noqa: E741
    for harmonics in product(labels, repeat=4):
        ls, ms = zip(*harmonics, strict=True)
        value = rt.gaunt_n(ls, ms, basis)
        assert entry_surd(table.lookup(*ls, *ms)) == value
        found += bool(value)
    assert found == len(table)


@pytest.mark.parametrize("basis", ["complex", "real"])
def test_block_bases_are_orthonormal_and_turn_as_they_must(basis):
    table = rt.build_table("block_basis", 2, basis=basis)
    operators = rt.build_table("generators", 4, basis=basis)
    for j1, j2 in [(1, 2), (2, 2), *([(HALF, 1), (3 * HALF, HALF)] if basis == "complex" else [])]:
        spins = [Fraction(abs(j1 - j2) + k) for k in range(int(2 * min(j1, j2)) + 1)]
        blocks = [table.dense(j1, j2, j) for j in spins]
        matrix = np.concatenate([block.reshape(-1, block.shape[2]) for block in blocks], axis=1)
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-15)
        for j, block in zip(spins, blocks, strict=True):
            for axis in range(3):  # [J, T_m] = sum T_m' <m'|J|m>
                first, second, third = (
                    operators.dense(spin, axis, dtype="complex128") for spin in (j1, j2, j)
                )
                left = np.einsum("ab,bcm->acm", first, block) - np.einsum("abm,bc->acm", block, second)
                np.testing.assert_allclose(left, np.einsum("abn,nm->abm", block, third), atol=1e-14)


def test_a_rotation_is_its_two_parts():
    table = rt.build_table("rotation_matrix", 2, quaternion="2,-1,0,1")
    for two_j in range(5):
        matrix = rt.rotation_matrix(HALF * two_j, (2, -1, 0, 1)).to_numpy()
        found = table.dense(HALF * two_j, dtype="complex128").sum(axis=2)
        np.testing.assert_array_equal(found, matrix)
        np.testing.assert_allclose(found @ found.conj().T, np.eye(two_j + 1), atol=1e-15)
    real = rt.build_table("rotation_matrix", 2, basis="real", quaternion=(2, -1, 0, 1))
    for degree in range(3):
        expected = rt.real_rotation_matrix(degree, (2, -1, 0, 1)).to_numpy()
        np.testing.assert_array_equal(real.dense(degree)[:, :, 0], expected)
        assert not real.dense(degree)[:, :, 1].any()


def test_the_half_turn_of_e3nn_exchanges_two_axes():
    turn = rt.load_table("rotation_matrix", 6, basis="real", quaternion="0,0,1,1")
    operators = rt.build_table("generators", 6, basis="real")
    for degree in range(7):
        matrix = turn.dense(degree)[:, :, 0]
        y, z = (operators.dense(degree, axis, dtype="complex128") for axis in (1, 2))
        np.testing.assert_allclose(matrix @ matrix, np.eye(2 * degree + 1), atol=1e-15)
        np.testing.assert_allclose(matrix @ z @ matrix, y, atol=1e-13)


@pytest.mark.parametrize("beta", [0.7, -2.3])
def test_d_in_the_real_basis_is_the_same_rotation(beta):
    series = rt.build_table("wigner_d_fourier", 3, basis="real")
    powers = rt.build_table("wigner_d_polynomial", 3, basis="real")
    complex_ones = rt.build_table("wigner_d_polynomial", 3)
    for degree in range(4):
        mu, exponents = np.arange(-degree, degree + 1), np.arange(2 * degree + 1)
        waves = np.cos(beta / 2) ** exponents * np.sin(beta / 2) ** (2 * degree - exponents)
        change = rt.real_from_complex(degree).to_numpy()
        expected = change.conj() @ (complex_ones.dense(degree) @ waves) @ change.T
        np.testing.assert_allclose(powers.dense(degree) @ waves, expected, atol=1e-14)
        summed = series.dense(degree, dtype="complex128") @ np.exp(-1j * mu * beta)
        np.testing.assert_allclose(summed, expected, atol=1e-14)
    turned = np.array([[1, 0, 0], [0, np.cos(beta), -np.sin(beta)], [0, np.sin(beta), np.cos(beta)]])
    wave = np.array([np.sin(beta / 2) ** 2, np.cos(beta / 2) * np.sin(beta / 2), np.cos(beta / 2) ** 2])
    np.testing.assert_allclose(powers.dense(1) @ wave, turned, atol=1e-15)  # of (y, z, x)


@pytest.mark.parametrize("basis", ["complex", "real"])
def test_a_quarter_turn_in_both_bases(basis):
    table = rt.build_table("wigner_d_pi_half", 4, basis=basis)
    for degree in range(5):
        np.testing.assert_array_equal(table.dense(degree), rt.wigner_d_pi_half(degree, basis).to_numpy())
        np.testing.assert_allclose(
            table.dense(degree) @ table.dense(degree).T, np.eye(2 * degree + 1), atol=1e-15
        )
    expected = rt.real_rotation_matrix(4, (1, 0, 1, 0))
    assert rt.wigner_d_pi_half(4, "real") == expected


@pytest.mark.parametrize("basis", ["complex", "real"])
@pytest.mark.parametrize(("word", "phase"), FAMILIES)
def test_normalisations_are_those_of_the_functions(basis, word, phase):
    options = {"basis": basis, "normalization": word, "phase": phase}
    convention = harmonic_convention(basis, word, phase)
    factors = rt.build_table("harmonic_factor", 3, **options)
    solid = rt.build_table("solid_harmonics", 3, **options)
    assert factors.convention == solid.convention == convention
    for degree, order in factors.index.tolist():
        factor = rt.harmonic_factor(degree, order, **options)
        assert entry_surd(factors.lookup(degree, order)) == factor
        for powers, value in rt.solid_harmonic(degree, order, **options).terms:
            assert entry_surd(solid.lookup(degree, order, *powers)) == value
    couplings, four = rt.build_table("gaunt", 2, **options), rt.build_table("gaunt_4", 1, **options)
    scalar = rt.gaunt if basis == "complex" else rt.real_gaunt
    for row, labels in enumerate(couplings.index.tolist()):
        assert entry_surd(couplings.row(row)) == scalar(*labels, normalization=word, phase=phase)
    for row, labels in enumerate(four.index.tolist()):
        assert entry_surd(four.row(row)) == rt.gaunt_n(labels[:4], labels[4:], **options)


@pytest.mark.parametrize("basis", ["complex", "real"])
@pytest.mark.parametrize(("word", "phase"), FAMILIES)
def test_matrices_of_other_harmonics(basis, word, phase):
    options = {"basis": basis, "normalization": word, "phase": phase}
    for name, function in (
        ("harmonics_from_monomials", rt.harmonics_from_monomials),
        ("monomials_from_harmonics", rt.monomials_from_harmonics),
    ):
        table = rt.build_table(name, 3, **options)
        expected = {value for _, value in function(3, **options).items()}
        rows = np.flatnonzero(table.index[:, 0] == 3).tolist()
        assert {entry_surd(table.row(row)) for row in rows} == expected
    forward = rt.build_table("fourier_from_harmonics", 3, **options)
    back = rt.build_table("harmonics_from_fourier", 3, band_limit=4, **options)
    for row, (degree, order, u, v) in enumerate(forward.index.tolist()):
        place = degree * degree + degree + order
        assert entry_surd(forward.row(row)) == rt.fourier_from_harmonics(3, **options)[place, u + 3, v + 3]
    series = rt.harmonics_from_fourier(3, 4, **options)
    for row, (degree, order, u, v) in enumerate(back.index.tolist()):
        place = degree * degree + degree + order
        assert entry_surd(back.row(row)) == series[place, u + 4, v + 4]


@pytest.mark.parametrize("key", every_key(1), ids=str)
def test_a_spoilt_value_of_any_kind_is_found(key):
    table = build_key(key)
    assert certify_table(table).holds
    row = len(table) // 2
    columns = {name: getattr(table, name).copy() for name in ("float64", "float32", "sign", "numerator")}
    for name in ("float64", "float32", "sign"):
        columns[name][row] *= -1
    columns["numerator"][row, 0] += 1
    for names in (("float64", "float32", "sign"), ("numerator",)):
        found = certify_table(type(table)(**{**fields(table), **{name: columns[name] for name in names}}))
        assert f"row {row} " in found.failure


def fields(table):
    names = ("key", "index", "float64", "float32", "sign", "numerator", "denominator", "i_power", "generator")
    return {name: getattr(table, name) for name in names}
