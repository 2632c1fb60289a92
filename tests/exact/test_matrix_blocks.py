"""Blocks as irreps: orthogonality, the law of their products with its 6j ratios, known matrices, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from reptheory.conventions import Basis
from reptheory.errors import LabelError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.exact.generators import generators
from reptheory.exact.matrix_blocks import block_basis, matrix_path_ratio
from reptheory.exact.surd import Surd

HALF = Fraction(1, 2)
SPINS: list[tuple[Basis, list[Any]]] = [("real", [0, 1, 2]), ("complex", [0, HALF, 1, 3 * HALF])]


def degrees(a: Any, b: Any) -> Iterator[Any]:
    return (abs(a - b) + k for k in range(int(2 * min(a, b)) + 1))


def part(a: Any, b: Any, degree: Any, basis: Basis) -> SurdArray:
    """Return the columns of one degree."""
    start = sum(int(2 * lower + 1) for lower in degrees(a, b) if lower < degree)
    return block_basis(a, b, basis)[:, :, start : start + int(2 * degree + 1)]


@pytest.mark.parametrize(("basis", "spins"), SPINS)
def test_orthonormal_exactly(basis: Basis, spins: list[Any]) -> None:
    for a, b in product(spins, repeat=2):
        square = block_basis(a, b, basis)
        gram = square.contract(square.conjugate(), ([0, 1], [0, 1]))
        assert gram.nnz == square.shape[2]
        assert all(gram[k, k] == 1 for k in range(square.shape[2]))


def coefficients_of(
    a: Any, b: Any, c: Any, l1: Any, l2: Any, basis: Basis
) -> Iterator[tuple[Any, SurdArray]]:
    """Yield l3 and the components of all products T^l1 T^l2 in T^l3: (2 l1 + 1, 2 l2 + 1, 2 l3 + 1)."""
    matrices = part(a, b, l1, basis).contract(part(b, c, l2, basis), ([1], [0]))
    for l3 in degrees(a, c):
        yield l3, matrices.contract(part(a, c, l3, basis).conjugate(), ([0, 2], [0, 1]))


@pytest.mark.parametrize(("basis", "spins"), SPINS)
def test_products_of_blocks_have_the_6j_ratio_exactly(basis: Basis, spins: list[Any]) -> None:
    paths = lost = 0
    for a, b, c in product(spins, repeat=3):
        for l1, l2 in product(degrees(a, b), degrees(b, c)):
            for l3, found in coefficients_of(a, b, c, l1, l2, basis):
                ratio = matrix_path_ratio(l1, l2, l3, a, b, c, basis)
                assert found == clebsch_gordan_array(l1, l2, l3, basis) * ratio
                paths += 1
                lost += not ratio
    assert paths > 400
    assert lost > paths // 20


def test_the_real_ratio_is_the_complex_one_up_to_phases() -> None:
    for labels in product(range(3), repeat=6):
        squares = {matrix_path_ratio(*labels, basis).square for basis in ("real", "complex")}
        assert len(squares) == 1


def test_pauli_matrices_and_angular_momentum() -> None:
    """T^1_0 is J_z over its norm; J x J = i J in every spin: the ratio of (1, 1, 1) is -sqrt(2) / norm."""
    for two_j in range(1, 8):
        j = Fraction(two_j, 2)
        square = j * (j + 1) * (2 * j + 1) / 3  # tr J_z^2
        one, jz = part(j, j, 1, "complex"), generators(j).z
        for m in range(two_j + 1):
            assert one[m, m, 1] * Surd.sqrt(square) == jz[m, m]
        assert matrix_path_ratio(1, 1, 1, j, j, j) == -Surd.sqrt(1 / (2 * square))


def test_an_even_and_an_odd_path_that_one_block_loses() -> None:
    """6j symbols vanish by accident, also where every triangle holds: other blocks then couple that path."""
    assert matrix_path_ratio(2, 2, 2, 1, 1, 1, "real")
    assert matrix_path_ratio(2, 2, 3, 1, 1, 1, "real") == 0  # no degree 3 in 3 x 3 matrices
    zero = [
        (l1, l2, l3, a)
        for a in range(1, 5)
        for l1, l2 in product(range(2 * a + 1), repeat=2)
        for l3 in range(abs(l1 - l2), min(l1 + l2, 2 * a) + 1)
        if not matrix_path_ratio(l1, l2, l3, a, a, a, "real")
    ]
    assert (2, 2, 2, 1) not in zero
    for l1, l2, l3, a in zero:
        assert any(
            matrix_path_ratio(l1, l2, l3, p, q, r, "real") for p, q, r in product(range(2 * a + 1), repeat=3)
        )


def test_impossible_labels_are_refused_by_name() -> None:
    with pytest.raises(LabelError, match="j1"):
        block_basis(-1, 0)
    with pytest.raises(LabelError, match="j2"):
        block_basis(1, HALF, "real")
    with pytest.raises(LabelError, match="c"):
        matrix_path_ratio(0, 0, 0, 0, 0, 0.3)
    with pytest.raises(LabelError, match="basis"):
        matrix_path_ratio(0, 0, 0, 0, 0, 0, "cartesian")  # type: ignore[arg-type]


def test_identity_is_the_scalar_block() -> None:
    for two_j in range(6):
        j = Fraction(two_j, 2)
        scalar = part(j, j, 0, "complex")
        for m in range(two_j + 1):
            assert scalar[m, m, 0] == Surd.sqrt(Fraction(1, two_j + 1))
