"""Rows carry the labels that `kinds` promises: against scalars, SciPy and SymPy, never the same code path."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.special
from sympy import S
from sympy.physics.quantum.spin import Rotation

from reptheory.build.library import build_table
from reptheory.build.proof import entry_surd
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.wigner3j import wigner_3j
from reptheory.tables.kinds import KINDS, check_index, kind_of, table_key

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("kind", "basis", "scalar"),
    [
        ("gaunt", "real", real_gaunt),
        ("gaunt", "complex", gaunt),
        ("clebsch_gordan", "complex", clebsch_gordan),
    ],
)
def test_couplings_hold_every_scalar(kind, basis, scalar):
    table = build_table(kind, 2, basis=basis, lmax_out=3)
    found = 0
    for l1, l2, l3 in itertools.product(range(3), range(3), range(4)):
        spans = (range(-l1, l1 + 1), range(-l2, l2 + 1), range(-l3, l3 + 1))
        for orders in itertools.product(*spans):
            value = entry_surd(table.lookup(l1, l2, l3, *orders))
            assert value == scalar(l1, l2, l3, *orders)
            found += bool(value)
    assert found == len(table)


def test_real_clebsch_gordan_couples_to_the_cross_product():
    table = build_table("clebsch_gordan", 1)
    values = {tuple(row[3:]): value for row, value in zip(table.index.tolist(), table.float64, strict=True)
              if row[:3] == [1, 1, 1]}  # fmt: skip
    axes = {-1: 1, 0: 2, 1: 0}  # m ascending is y, z, x
    for m1, m2, m3 in itertools.product(range(-1, 2), repeat=3):
        expected = np.cross(np.eye(3)[axes[m1]], np.eye(3)[axes[m2]])[axes[m3]] / math.sqrt(2)
        assert values.get((m1, m2, m3), 0.0) == pytest.approx(expected, abs=1e-15)


def test_wigner_3j_holds_every_scalar_halves_included():
    table = build_table("wigner_3j", 1)
    found = 0
    spins = [HALF * two_j for two_j in range(3)]
    for j1, j2, j3 in itertools.product(spins, spins, [HALF * two_j for two_j in range(5)]):
        spans = [[k - j for k in range(int(2 * j) + 1)] for j in (j1, j2, j3)]
        for orders in itertools.product(*spans):
            if (j1 + j2 + j3).denominator == 1:
                value = entry_surd(table.lookup(j1, j2, j3, *orders))
                assert value == wigner_3j(j1, j2, j3, *orders)
                found += bool(value)
    assert found == len(table)


def test_wigner_d_is_sympys():
    table = build_table("wigner_d_pi_half", 1)
    for two_j in range(3):
        orders = [HALF * two_m for two_m in range(-two_j, two_j + 1, 2)]
        for left, right in itertools.product(orders, orders):
            sympys = Rotation.d(S(two_j) / 2, S(left.numerator) / left.denominator,
                                S(right.numerator) / right.denominator, S.Pi / 2).doit()  # fmt: skip
            assert float(table.lookup(HALF * two_j, left, right).float64) == pytest.approx(
                float(sympys), abs=1e-15
            )


def harmonic(degree, order, theta, phi, basis="complex"):
    value = scipy.special.sph_harm_y(degree, abs(order), theta, phi)
    if basis == "real":
        scale = (-1) ** order * math.sqrt(2)
        return value.real if order == 0 else scale * (value.real if order > 0 else value.imag)
    return value if order >= 0 else (-1) ** order * np.conj(value)


@pytest.mark.parametrize("basis", ["complex", "real"])
def test_fourier_rows_sum_to_the_harmonics(basis):
    table = build_table("fourier_from_harmonics", 5, basis=basis)
    values = table.values("complex128")
    theta, phi = 0.7, 2.3
    for degree in range(6):
        for order in range(-degree, degree + 1):
            rows = (table.index[:, 0] == degree) & (table.index[:, 1] == order)
            u, v = table.index[rows, 2], table.index[rows, 3]
            total = np.sum(values[rows] * np.exp(1j * (u * theta + v * phi)))
            assert total == pytest.approx(harmonic(degree, order, theta, phi, basis), abs=1e-14)


@pytest.mark.parametrize("basis", ["complex", "real"])
def test_projection_rows_undo_the_fourier_rows(basis):
    forward = build_table("fourier_from_harmonics", 4, basis=basis)
    back = build_table("harmonics_from_fourier", 4, basis=basis, band_limit=6)
    matrices = []
    for table in (forward, back):
        matrix = np.zeros((25, 13, 13), dtype=complex)
        degree, order, u, v = table.index.T.astype(int)
        matrix[degree * degree + degree + order, u + 6, v + 6] = table.values("complex128")
        matrices.append(matrix.reshape(25, -1))
    np.testing.assert_allclose(matrices[1] @ matrices[0].T, np.eye(25), atol=1e-13)


def test_theta_rows_are_those_of_the_harmonics():
    table = build_table("theta_fourier", 5)
    theta = 1.1
    for degree in range(6):
        for order in range(degree + 1):
            rows = (table.index[:, 0] == degree) & (table.index[:, 1] == order)
            angle = table.index[rows, 2] * theta
            wave = np.sin(angle) if order % 2 else np.cos(angle)
            expected = harmonic(degree, order, theta, 0.0).real
            assert np.sum(table.float64[rows] * wave) == pytest.approx(expected, abs=1e-14)


def test_theta_projection_undoes_theta_fourier():
    forward, back = build_table("theta_fourier", 4), build_table("theta_projection", 4, band_limit=5)
    for order in range(5):
        columns = [(table, table.index[:, 1] == order) for table in (forward, back)]
        dense = []
        for table, rows in columns:
            matrix = np.zeros((5, 6))
            matrix[table.index[rows, 0], table.index[rows, 2]] = table.float64[rows]
            dense.append(matrix[order:])
        np.testing.assert_allclose(dense[1] @ dense[0].T, np.eye(5 - order), atol=1e-13)


@pytest.mark.parametrize("name", list(KINDS))
def test_rows_obey_their_kind(name):
    kind = kind_of(name)
    for basis in kind.bases:
        for lmax in range(4):
            table = build_table(name, lmax, basis=basis)
            assert table.key == table_key(name, lmax, basis=basis)
            check_index(kind, table.parameters, table.index)
            assert table.index.dtype == np.int32


def test_progress_reaches_its_end():
    calls = []
    build_table("gaunt", 2, progress=lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == list(range(1, len(calls) + 1))
    assert calls[-1][0] == calls[-1][1]
