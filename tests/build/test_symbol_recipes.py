"""Symbols without orders in tables: every row against the scalar function, and the laws they must obey."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from sympy import S
from sympy.physics import wigner

import reptheory as rt
from reptheory.build.proof import entry_surd

HALF = Fraction(1, 2)
SPINS = [HALF * two_j for two_j in range(3)]


def rows(table):
    """Yield the labels of every row, halves as fractions, and its exact value."""
    step = HALF if table.index_names[0].startswith("two_") else Fraction(1)
    for number, labels in enumerate(table.index.tolist()):
        yield [step * label for label in labels], entry_surd(table.row(number))


def test_racah_holds_every_symbol_of_sympy():
    table, found = rt.build_table("racah", 1), 0
    for labels in product(SPINS, repeat=6):
        try:
            expected = wigner.racah(*(S(label.numerator) / label.denominator for label in labels))
        except ValueError:  # SymPy raises for a triad whose sum is not whole
            expected = S.Zero
        value = entry_surd(table.lookup(*labels))
        assert value.to_sympy() == expected
        assert value == rt.racah(*labels)
        found += bool(value)
    assert found == len(table)


def test_three_spins_are_overlaps_of_trees():
    table, found = rt.build_table("recoupling_three_spins", 1), 0
    for j1, j2, j3, j in product(SPINS, repeat=4):
        a, b, c = ("a", j1), ("b", j2), ("c", j3)
        for j12, j23 in product([HALF * two_j for two_j in range(5)], repeat=2):
            expected = rt.recoupling(((a, b, j12), c, j), (a, (b, c, j23), j))
            assert entry_surd(table.lookup(j1, j2, j3, j, j12, j23)) == expected
            found += bool(expected)
    assert found == len(table)


def test_four_spins_are_overlaps_of_trees():
    table = rt.build_table("recoupling_four_spins", 1)
    for labels, value in list(rows(table))[::3]:
        j1, j2, j3, j4, j, j12, j34, j13, j24 = labels
        a, b, c, d = ("a", j1), ("b", j2), ("c", j3), ("d", j4)
        left, right = ((a, b, j12), (c, d, j34), j), ((a, c, j13), (b, d, j24), j)
        assert value == rt.recoupling(left, right)


@pytest.mark.parametrize(
    ("kind", "labels", "axes"),
    [
        ("recoupling_three_spins", (1, 1, 1, 1), 1),
        ("recoupling_three_spins", (1, HALF, 1, HALF), 1),
        ("recoupling_four_spins", (HALF, 1, 1, HALF, 1), 2),
    ],
)
def test_changes_of_coupling_are_orthogonal(kind, labels, axes):
    block = rt.build_table(kind, 1).dense(*labels)
    matrix = block.reshape(int(np.prod(block.shape[:axes])), -1)
    filled = matrix[matrix.any(axis=1)][:, matrix.any(axis=0)]
    assert len(filled) == filled.shape[1] > 1
    np.testing.assert_allclose(filled @ filled.T, np.eye(len(filled)), atol=1e-15)


@pytest.mark.parametrize("basis", ["complex", "real"])
def test_matrix_ratios_are_the_scalar(basis):
    table, found = rt.build_table("matrix_path_ratio", 1, basis=basis), 0
    for labels in product(SPINS if basis == "complex" else range(2), repeat=6):
        expected = rt.matrix_path_ratio(*labels, basis)
        assert entry_surd(table.lookup(*labels)) == expected
        found += bool(expected)
    assert found == len(table)


def test_tensor_ratios_are_the_scalar():
    table, found = rt.build_table("tensor_path_ratio", 1), 0
    for labels in product(range(2), repeat=9):
        expected = rt.tensor_path_ratio(labels[:3], labels[3:6], labels[6:])
        assert entry_surd(table.lookup(*labels)) == expected
        found += bool(expected)
    assert found == len(table)


def test_vector_ratios_are_the_scalar():
    table, found = rt.build_table("vector_path_ratio", 2), 0
    for number, name in enumerate(("dot", "cross", "scale")):
        for j1, j2, j3 in product(range(3), repeat=3):
            for l1, l2, l3 in product(range(4), repeat=3):
                one, two, out = (j1, l1), (j2, l2), (j3, l3)
                functions = {"dot": (out,), "cross": (), "scale": (one,)}[name]
                if any(j != degree for j, degree in functions):
                    continue
                expected = rt.vector_path_ratio(name, one, two, out)
                assert entry_surd(table.lookup(number, j1, j2, j3, l1, l2, l3)) == expected
                found += bool(expected)
    assert found == len(table)
