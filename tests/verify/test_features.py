"""Features transform as they must, and equal the sum they are defined by."""

import numpy as np
import pytest

from reptheory.errors import OperandError
from reptheory.verify.features import neighbour_density, real_harmonics
from reptheory.verify.molecules import SHIPPED, Molecule, shipped


def polynomial_harmonics(direction: np.ndarray) -> np.ndarray:
    """Real harmonics to l = 2 by their textbook polynomials, order m = -l..l, no Condon-Shortley phase."""
    x, y, z = direction / np.linalg.norm(direction)
    a, b, c = np.sqrt(1 / 4 / np.pi), np.sqrt(3 / 4 / np.pi), np.sqrt(15 / 4 / np.pi)
    d2 = [c * x * y, c * y * z, c / np.sqrt(12) * (3 * z * z - 1), c * x * z, c / 2 * (x * x - y * y)]
    return np.array([a, b * y, b * z, b * x, *d2])


def pseudoscalar(molecule: Molecule) -> float:
    """Sum over atoms of v1 . (v2 x v3), the l = 1 parts of three radial channels: odd under inversion."""
    vectors = neighbour_density(molecule, 1)[:, :3, [3, 1, 2]]
    return float(np.linalg.det(vectors).sum())


def test_harmonics_are_the_polynomials() -> None:
    for direction in np.random.default_rng(1).normal(size=(20, 3)):
        assert np.allclose(real_harmonics(direction, 2), polynomial_harmonics(direction), atol=1e-14)


def test_harmonics_are_orthonormal() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(9)
    angles = 2 * np.pi * np.arange(17) / 17
    ring = np.sqrt(1 - nodes**2)
    points = np.stack(
        [np.outer(ring, np.cos(angles)), np.outer(ring, np.sin(angles)), np.outer(nodes, np.ones(17))], -1
    )
    values = real_harmonics(points, 8)
    gram = np.einsum("tpa,tpb,t->ab", values, values, weights) * 2 * np.pi / 17
    assert abs(gram - np.eye(81)).max() < 1e-13


def test_density_is_the_sum_it_states() -> None:
    water = shipped("water")
    expected = np.zeros(9)
    for neighbour in (1, 2):
        offset = water.positions[neighbour] - water.positions[0]
        r = np.linalg.norm(offset)
        radial = np.sqrt(2 / 5) * np.sin(2 * np.pi * r / 5) / r * (1 + np.cos(np.pi * r / 5)) / 2
        expected += radial * polynomial_harmonics(offset)  # nuclear charge 1
    assert np.allclose(neighbour_density(water, 2)[0, 1], expected, atol=1e-14)
    plain = neighbour_density(water, 2, "gaussian", channels=2, cutoff=2.0)
    hydrogen, offset = 0.0, water.positions[0] - water.positions[1]
    for other in (0, 2):
        r = np.linalg.norm(water.positions[other] - water.positions[1])
        hydrogen += np.exp(-(((r - 4 / 3) / (2 / 3)) ** 2) / 2) * (1 + np.cos(np.pi * r / 2)) / 2
    assert plain[1, 1, 0] == pytest.approx(hydrogen * np.sqrt(1 / 4 / np.pi), rel=1e-13)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("kind", ["bessel", "gaussian"])
def test_inversion_and_rotation(name: str, kind) -> None:
    molecule = shipped(name)
    here = neighbour_density(molecule, 4, kind)
    parity = np.repeat([1, -1, 1, -1, 1], [1, 3, 5, 7, 9])
    assert np.allclose(neighbour_density(molecule.moved(-np.eye(3)), 4, kind), parity * here, atol=1e-13)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    there = neighbour_density(molecule.moved(rotation), 4, kind)
    for degree in range(5):
        part = slice(degree**2, (degree + 1) ** 2)
        assert np.allclose((here[..., part] ** 2).sum(-1), (there[..., part] ** 2).sum(-1), atol=1e-12)
    order = [2, 0, 1]  # l = 1 is (y, z, x)
    assert np.allclose(there[..., 1:4][..., order], here[..., 1:4][..., order] @ rotation.T, atol=1e-12)


@pytest.mark.parametrize("name", SHIPPED)
def test_only_chiral_structures_have_a_pseudoscalar(name: str) -> None:
    molecule = shipped(name)
    value = pseudoscalar(molecule)
    mirrored = pseudoscalar(molecule.moved(np.diag([1.0, 1.0, -1.0])))
    assert mirrored == pytest.approx(-value, abs=1e-12)
    if name in {"alanine", "hydrogen-peroxide"}:
        assert abs(value) > 1e-2
    else:
        assert abs(value) < 1e-12


def test_lattice_adds_images() -> None:
    chain = Molecule("chain", np.array([6]), np.zeros((1, 3)), np.array([[2.0, 0.0, 0.0]]), "test")
    value = neighbour_density(chain, 1, "gaussian")[0]
    radii = [2.0, 4.0]
    widths = [np.exp(-((r - 1) ** 2) / 2) * (1 + np.cos(np.pi * r / 5)) for r in radii]
    assert value[0, 0] == pytest.approx(sum(widths) * np.sqrt(1 / 4 / np.pi), rel=1e-13)
    assert abs(value[:, 1:]).max() < 1e-15
    doubled = Molecule(
        "doubled", np.array([6, 6]), np.array([[0.1, 0, 0], [2.1, 0, 0]]), np.array([[4.0, 0, 0]]), ""
    )
    assert np.allclose(neighbour_density(doubled, 3)[1], neighbour_density(chain, 3)[0], atol=1e-13)


def test_impossible_structures_are_refused() -> None:
    none = np.zeros((0, 3))
    twice = Molecule("twice", np.array([1, 1]), np.zeros((2, 3)), none, "")
    with pytest.raises(OperandError, match="atoms 1 and 2 are at one place"):
        neighbour_density(twice, 2)
    lone = Molecule("lone", np.array([1]), np.zeros((1, 3)), none, "")
    with pytest.raises(OperandError, match="no two atoms are within"):
        neighbour_density(lone, 2)
    thin = Molecule("thin", np.array([1]), np.zeros((1, 3)), np.eye(3) * 1e-3, "")
    with pytest.raises(OperandError, match="too many images"):
        neighbour_density(thin, 2)
