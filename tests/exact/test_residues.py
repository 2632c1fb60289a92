"""Surds in a finite field: a homomorphism, and ranks that agree with exact rational ranks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from reptheory.errors import TooLarge
from reptheory.exact import residues
from reptheory.exact.residues import PRIME, multiply, rank, residue
from reptheory.exact.surd import Surd

RATIONALS = st.fractions(min_value=-50, max_value=50, max_denominator=60)
SURDS = st.builds(
    lambda radicand, sign, power: Surd.sqrt(abs(radicand), sign=sign, pi_power=power),
    RATIONALS.filter(bool),
    st.sampled_from([1, -1]),
    st.integers(-2, 2),
)


def image(value: Surd) -> np.ndarray:
    return np.array(residue(value))


@given(SURDS, SURDS)
def test_products_go_to_products(left: Surd, right: Surd) -> None:
    assert (image(left * right) == multiply(image(left), image(right))).all()


@given(RATIONALS, RATIONALS, st.integers(1, 100))
def test_commensurable_sums_go_to_sums(left: Fraction, right: Fraction, radicand: int) -> None:
    root = Surd.sqrt(radicand)
    total = image(Surd.rational(left) * root) + image(Surd.rational(right) * root)
    assert (image(Surd.rational(left + right) * root) == total % PRIME).all()


@pytest.mark.parametrize("value", [2, 3, 5, Fraction(7, 11), PRIME - 2])
def test_roots_square_to_their_radicand(value: Fraction) -> None:
    root = image(Surd.sqrt(value))
    exact = Fraction(value)
    assert multiply(root, root).tolist() == [exact.numerator * pow(exact.denominator, -1, PRIME) % PRIME, 0]


def test_the_prime_has_no_root_of_minus_one() -> None:
    assert PRIME % 4 == 3
    assert pow(PRIME - 1, (PRIME - 1) // 2, PRIME) == PRIME - 1


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 5), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_rank_is_the_rational_rank(height: int, width: int, inner: int, density: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left = rng.integers(-3, 4, (height, inner)) * (rng.random((height, inner)) < density)
    right = rng.integers(-3, 4, (inner, width)) * (rng.random((inner, width)) < density)
    matrix = left @ right
    rows, columns = np.nonzero(matrix)
    values = np.stack([matrix[rows, columns], np.zeros(len(rows), dtype=np.int64)])
    flat = [int(entry) for entry in matrix.ravel()]
    assert rank(rows, columns, values) == fmpq_mat(height, width, flat).rank()


def test_entries_at_one_place_are_added() -> None:
    rows, columns = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 1])
    values = np.zeros((2, 5), dtype=np.int64)
    values[0] = [1, 1, 2, 1, 1]
    assert rank(rows, columns, values) == 1


def test_rank_with_roots_sees_relations_between_them() -> None:
    """Rows (sqrt 2, 2), (1, sqrt 2) depend on one another, (sqrt 2, 2), (1, sqrt 3) do not."""
    places = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    for radicand, expected in ((2, 1), (3, 2)):
        entries = [Surd.sqrt(2), Surd.rational(2), Surd.rational(1), Surd.sqrt(radicand)]
        assert rank(*places, np.array([residue(entry) for entry in entries]).T) == expected


def test_too_large_a_matrix_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residues, "_MOST_ELEMENTS", 8)
    rows, columns = np.indices((3, 3)).reshape(2, -1)
    with pytest.raises(TooLarge, match=r"3 x 3 elements; the limit is 8"):
        rank(rows, columns, np.ones((2, 9), dtype=np.int64))
