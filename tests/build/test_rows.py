"""Rows carry the labels that `kinds` promises: against scalars, SciPy and SymPy, never the same code path."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.special
from sympy import S
from sympy.physics import wigner
from sympy.physics.quantum.spin import Rotation
from table_keys import keys_of

import reptheory
from reptheory.build.certify import certify_table
from reptheory.build.library import build_key, build_table
from reptheory.build.proof import entry_surd
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.wigner3j import wigner_3j
from reptheory.tables.kinds import KINDS, kind_of
from reptheory.tables.rules import check_index

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


def test_wigner_6j_holds_every_symbol_of_sympy():
    table = build_table("wigner_6j", 1)
    found = 0
    for labels in itertools.product([HALF * two_j for two_j in range(3)], repeat=6):
        try:
            expected = wigner.wigner_6j(*(S(label.numerator) / label.denominator for label in labels))
        except ValueError:  # SymPy raises for a triad whose sum is not whole
            expected = S.Zero
        assert entry_surd(table.lookup(*labels)).to_sympy() == expected
        found += expected != 0
    assert found == len(table)


def test_wigner_9j_rows_are_orthogonal():
    table = build_table("wigner_9j", 1)
    two_js = table.index.T.astype(int)
    # sum over j3, j6 of (2j3+1)(2j6+1)(2j7+1)(2j8+1) {9j}^2 = 1 for given j1, j2, j4, j5, j7, j8, j9
    weights = np.prod(two_js[[2, 5, 6, 7]] + 1, axis=0) * table.float64**2
    sums = {}
    for labels, weight in zip(np.delete(table.index, [2, 5], axis=1).tolist(), weights, strict=True):
        sums[tuple(labels)] = sums.get(tuple(labels), 0.0) + weight
    small = {labels: value for labels, value in sums.items() if max(labels[:4]) <= 1}  # j3, j6 <= 1 then
    assert len(small) > 20
    assert all(value == pytest.approx(1.0, abs=1e-14) for value in small.values())


@pytest.mark.parametrize(("name", "first"), [("wigner_12j_first", 1), ("wigner_12j_second", 1)])
def test_wigner_12j_is_the_scalar(name, first):
    table, scalar = build_table(name, first), getattr(reptheory, name)
    for row in range(0, len(table), 97):
        labels = [HALF * label for label in table.index[row].tolist()]
        assert entry_surd(table.row(row)) == scalar(*labels)


def test_real_wigner_3j_is_invariant():
    table = build_table("real_wigner_3j", 2)
    assert np.sum(table.dense(1, 2, 2) ** 2) == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_array_equal(table.dense(2, 0, 2)[:, 0], table.dense(0, 2, 2)[0])
    ratio = build_table("clebsch_gordan", 2).dense(1, 2, 2) / math.sqrt(5)
    np.testing.assert_allclose(np.abs(ratio), np.abs(table.dense(1, 2, 2)), atol=1e-15)


def test_real_from_complex_rows_make_real_harmonics():
    table = build_table("real_from_complex", 3)
    theta, phi = 0.8, 2.1
    for degree in range(4):
        complex_ones = [harmonic(degree, m, theta, phi) for m in range(-degree, degree + 1)]
        real_ones = [harmonic(degree, m, theta, phi, "real") for m in range(-degree, degree + 1)]
        matrix = table.dense(degree, dtype="complex128")
        np.testing.assert_allclose(matrix @ complex_ones, real_ones, atol=1e-14)


@pytest.mark.parametrize("basis", ["real", "complex"])
def test_solid_harmonics_and_monomials(basis):
    solid = build_table("solid_harmonics", 4, basis=basis)
    forward, back = (build_table(f"{a}_from_{b}", 4, basis=basis) for a, b in PAIRS)
    theta, phi = 0.8, 2.1
    point = np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    monomial = np.prod(point ** solid.index[:, 2:], axis=1)
    terms = solid.values("complex128") * monomial
    for degree, order in itertools.product(range(5), range(-4, 5)):
        if abs(order) <= degree:
            rows = (solid.index[:, :2] == (degree, order)).all(axis=1)
            assert np.sum(terms[rows]) == pytest.approx(harmonic(degree, order, theta, phi, basis), abs=1e-14)
    same = (forward.index[:, 0] == forward.index[:, 1]).nonzero()[0]
    np.testing.assert_array_equal(forward.index[same][:, 1:], solid.index)
    np.testing.assert_array_equal(forward.values("complex128")[same], solid.values("complex128"))
    for degree in range(5):
        matrices = [table.dense(degree, dtype="complex128")[: degree + 1] for table in (forward, back)]
        there, again = (matrix.reshape((degree + 1) * 9, -1) for matrix in matrices)
        harmonics = np.abs(there).sum(axis=1) > 0
        assert harmonics.sum() == (degree + 1) * (degree + 2) // 2
        product = (there @ again.T)[harmonics][:, harmonics]
        np.testing.assert_allclose(product, np.eye(harmonics.sum()), atol=1e-13)


@pytest.mark.parametrize("basis", ["real", "complex"])
def test_vector_harmonics_are_orthonormal_and_the_gradients_known(basis):
    table = build_table("vector_harmonics", 2, basis=basis)
    nodes, weights = np.polynomial.legendre.leggauss(6)
    phi = 2 * np.pi * np.arange(12) / 12
    sines = np.sqrt(1 - nodes**2)[:, None]
    points = np.stack([sines * np.cos(phi), sines * np.sin(phi), nodes[:, None] + 0 * phi], axis=-1)
    fields, values = {}, table.values("complex128")
    for row, value in zip(table.index.tolist(), values, strict=True):
        field = fields.setdefault(tuple(row[:3]), np.zeros((*points.shape,), dtype=complex))
        field[..., row[3]] += value * np.prod(points ** np.array(row[4:]), axis=-1)
    assert len(fields) == 1 + 3 * 3 + 3 * 5
    stacked = np.array(list(fields.values()))
    weighted = stacked * (weights[:, None, None] * 2 * np.pi / 12)
    gram = np.einsum("aijk,bijk->ab", stacked.conj(), weighted)
    np.testing.assert_allclose(gram, np.eye(len(fields)), atol=1e-13)
    # j = 1, l = 0 is a constant unit vector times Y_00: along y, z, x for m = -1, 0, 1 in the real basis
    if basis == "real":
        expected = np.array([0.0, 1.0, 0.0]) / math.sqrt(4 * math.pi)
        np.testing.assert_allclose(fields[1, 0, -1].real - expected, 0, atol=1e-15)


def fields_at(table, point, width):
    """Return the value at a point of each polynomial of a table whose last labels are powers."""
    values = {}
    for row, value in zip(table.index.tolist(), table.values("complex128"), strict=True):
        label = tuple(row[:width])
        values[label] = values.get(label, 0) + value * np.prod(np.power(point, row[-3:]))
    return values


@pytest.mark.parametrize("basis", ["real", "complex"])
def test_tensor_harmonics_are_orthonormal_and_turn_as_they_must(basis):
    table, step = build_table("tensor_harmonics", 2, basis=basis), 1 if basis == "complex" else 2
    generators = build_table("generators", 4, basis=basis)
    for two_j, degree in itertools.product(range(0, 5, step), range(3)):
        for two_s in range(abs(two_j - 2 * degree), two_j + 2 * degree + 1, 2):
            block = table.dense(HALF * two_j, degree, HALF * two_s, dtype="complex128")
            gram = np.einsum("aij,bij->ab", block.conj(), block)
            np.testing.assert_allclose(gram, np.eye(two_j + 1), atol=1e-14)
            for axis in range(3):
                whole, orbital, spin = (
                    generators.dense(j, axis, dtype="complex128")
                    for j in (HALF * two_j, degree, HALF * two_s)
                )
                turned = np.einsum("aij,ki->akj", block, orbital) + np.einsum("aij,kj->aik", block, spin)
                np.testing.assert_allclose(np.einsum("ba,bij->aij", whole, block), turned, atol=1e-13)


@pytest.mark.parametrize("basis", ["real", "complex"])
def test_gradients_and_forms_at_a_point(basis):
    point = np.array([2, -1, 2]) / 3
    solid = fields_at(build_table("solid_harmonics", 3, basis=basis), point, 2)
    vectors = fields_at(build_table("vector_harmonics", 3, basis=basis), point, 4)
    gradients, forms = (
        build_table(kind, 3, basis=basis) for kind in ("solid_gradient", "forms_from_vector_harmonics")
    )
    for degree in range(1, 4):
        lower = [solid.get((degree - 1, m), 0) for m in range(-degree, degree + 1)]
        for m, matrix in enumerate(gradients.dense(degree, dtype="complex128"), start=-degree):
            value, gradient = solid.get((degree, m), 0), matrix @ lower
            across = gradient - degree * value * point  # r grad Y_lm on the unit sphere
            families = [
                [vectors.get((degree, other, m, axis), 0) for axis in range(3)]
                for other in range(degree - 1, degree + 2)
            ]
            found = forms.dense(degree, dtype="complex128") @ np.array(families)
            np.testing.assert_allclose(found, [value * point, across, np.cross(point, across)], atol=1e-14)
            np.testing.assert_allclose(point @ gradient, degree * value, atol=1e-14)  # Euler


@pytest.mark.parametrize("basis", ["complex", "real"])
def test_generators_commute_as_they_must(basis):
    table = build_table("generators", 2, basis=basis)
    for two_j in range(0, 5, 1 if basis == "complex" else 2):
        x, y, z = (table.dense(HALF * two_j, axis, dtype="complex128") for axis in range(3))
        for first, second, third in ((x, y, z), (y, z, x), (z, x, y)):
            np.testing.assert_allclose(first @ second - second @ first, 1j * third, atol=1e-14)
            np.testing.assert_array_equal(first, first.conj().T)
        total = two_j / 2 * (two_j / 2 + 1)
        np.testing.assert_allclose(x @ x + y @ y + z @ z, total * np.eye(two_j + 1), atol=1e-14)


PAIRS = (("harmonics", "monomials"), ("monomials", "harmonics"))


@pytest.mark.parametrize("formula", ["ij=ji", "ijk=-jik", "ijkl=jikl=klij"])
def test_cartesian_tensors_are_orthonormal(formula):
    table = build_table("cartesian_tensor", formula=formula)
    tensor = reptheory.cartesian_tensor(formula)
    dense = table.dense()
    rows = [
        dense[irrep.l, copy, m + tensor.rank]
        for multiplicity, irrep in tensor.irreps
        for copy in range(multiplicity)
        for m in range(-irrep.l, irrep.l + 1)
    ]
    np.testing.assert_array_equal(rows, tensor.change_of_basis.to_numpy().reshape(len(rows), -1))
    np.testing.assert_allclose(np.array(rows) @ np.array(rows).T, np.eye(tensor.dim), atol=1e-14)


def test_wigner_d_at_an_angle_by_both_forms():
    series, powers = build_table("wigner_d_fourier", 2), build_table("wigner_d_polynomial", 2)
    beta = 0.7
    for two_j in range(5):
        phases = np.exp(-1j * beta * (np.arange(two_j + 1) - two_j / 2))
        first = series.dense(HALF * two_j, dtype="complex128") @ phases
        exponents = np.arange(two_j + 1)
        waves = np.cos(beta / 2) ** exponents * np.sin(beta / 2) ** (two_j - exponents)
        second = powers.dense(HALF * two_j) @ waves
        np.testing.assert_allclose(first, second, atol=1e-14)
        np.testing.assert_allclose(second @ second.T, np.eye(two_j + 1), atol=1e-14)


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
    for lmax in range(4):
        for key in keys_of(name, lmax):
            table = build_key(key)
            assert table.key == key
            check_index(kind_of(name), table.parameters, table.index)
            assert table.index.dtype == np.int32
            assert certify_table(table).holds


def test_progress_reaches_its_end():
    calls = []
    build_table("gaunt", 2, progress=lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1][0] == calls[-1][1]
