"""Wigner matrices are the representation they claim to be: exact laws, and the harmonics themselves."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest

from reptheory.errors import OperandError
from reptheory.exact.arb import working_precision
from reptheory.verify.enclosure import Enclosure
from reptheory.verify.exact_product import BITS
from reptheory.verify.features import real_harmonics
from reptheory.verify.rotations import Rotation, random_rotation

BLOCKS = [(degree, degree**2) for degree in range(9)]


def floats(matrix) -> np.ndarray:
    return np.array([[float(entry) for entry in row] for row in matrix.tolist()])


def test_degree_one_is_the_rotation_of_points() -> None:
    rotation = Rotation((3, -5, 7, 2), 1)
    points = [[float(entry) for entry in row] for row in rotation.matrix]
    order = [1, 2, 0]  # y, z, x
    assert np.allclose(floats(rotation.wigner[1]), np.array(points)[np.ix_(order, order)], atol=1e-15)


def test_points_turn_by_an_exact_rotation() -> None:
    rows = Rotation((2, 1, -3, 4), 0).matrix
    for a in range(3):
        for b in range(3):
            assert sum(rows[a][k] * rows[b][k] for k in range(3)) == Fraction(int(a == b))


@pytest.mark.parametrize("seed", range(3))
def test_harmonics_of_turned_points(seed: int) -> None:
    generator = np.random.default_rng(seed)
    rotation = random_rotation(generator, 8)
    matrix = np.array([[float(entry) for entry in row] for row in rotation.matrix])
    points = generator.normal(size=(10, 3))
    here, there = real_harmonics(points, 8), real_harmonics(points @ matrix.T, 8)
    turned = rotation.apply(here, BLOCKS)
    assert np.allclose(turned.high, there, atol=1e-13)
    assert turned.radius.max() < 1e-30


def test_matrices_are_orthogonal_and_multiply() -> None:
    left, right = Rotation((1, 2, 3, 4), 5), Rotation((2, -1, 0, 5), 5)
    (w, i, j, k), (a, b, c, d) = left.quaternion, right.quaternion
    both = Rotation(
        (
            w * a - i * b - j * c - k * d,
            w * b + i * a + j * d - k * c,
            w * c - i * d + j * a + k * b,
            w * d + i * c - j * b + k * a,
        ),
        5,
    )
    with working_precision(BITS):
        for degree in range(6):
            product = left.wigner[degree] * right.wigner[degree]
            assert product.overlaps(both.wigner[degree])
            square = left.wigner[degree] * left.wigner[degree].transpose()
            for row, entries in enumerate(square.tolist()):
                for column, entry in enumerate(entries):
                    assert entry.overlaps(type(entry)(int(row == column)))
                    assert float(entry.rad()) < 1e-60


def test_quarter_turn_is_exact() -> None:
    turned = Rotation((1, 0, 0, 1), 2).apply(np.arange(9.0)[None], [(0, 0), (1, 1), (2, 4)])
    # x' = -y, y' = x, z' = z: (y, z, x) = (1, 2, 3) becomes (3, 2, -1)
    assert np.array_equal(turned.high[0, :4], [0, 3, 2, -1])
    assert turned.error(turned.high).max() < 1e-70


def test_spread_bounds_every_move() -> None:
    rotation = Rotation((5, 1, -2, 3), 3)
    blocks = [(2, 0), (3, 5), (2, 12)]
    bound = np.random.default_rng(0).uniform(size=(4, 17))
    moved = rotation.apply(bound * np.random.default_rng(1).choice([-1.0, 1.0], size=bound.shape), blocks)
    spread = rotation.spread(bound, blocks)
    assert (abs(moved.high) <= spread).all()
    assert (spread <= bound.sum(axis=1, keepdims=True) * math.sqrt(7)).all()


def test_zero_quaternion_is_refused() -> None:
    with pytest.raises(OperandError, match="differ from zero"):
        Rotation((0, 0, 0, 0), 2)


def test_enclosures_bound_errors_tightly() -> None:
    values = np.random.default_rng(2).normal(size=200)
    with working_precision(BITS):
        balls = [flint.arb(value) * flint.arb(2).sqrt() for value in values.tolist()]
        enclosed = Enclosure.of_balls(balls, (10, 20))
        computed = (values * np.sqrt(2)).reshape(10, 20)
        errors = enclosed.error(computed)
        for got, ball, z in zip(errors.ravel(), balls, computed.ravel(), strict=True):
            true = abs(ball - float(z))
            assert true <= float(got)
            assert float(got) <= float(true) * (1 + 1e-13)
    assert (enclosed.error(np.full((10, 20), np.nan)) == np.inf).all()
    exact = Enclosure(np.array([1.0, 0.0]), np.zeros(2), np.zeros(2))
    assert exact.error(np.array([1.0, -0.0], dtype=np.float32)).tolist() == [0.0, 0.0]
