"""Shipped structures have the symmetry they claim; foreign files are read or refused with one line."""

import builtins
import itertools

import numpy as np
import pytest

from reptheory.errors import OperandError
from reptheory.verify.molecules import DEFAULT, SHIPPED, Molecule, load, read, resolve, shipped

FORMULAS = {
    "water": "H2O",
    "ammonia": "H3N",
    "methane": "CH4",
    "benzene": "C6H6",
    "hydrogen-peroxide": "H2O2",
    "alanine": "C3H7NO2",
}
CHIRAL = {"hydrogen-peroxide", "alanine"}


def is_symmetric(molecule: Molecule, operation: np.ndarray, tolerance: float = 2e-5) -> bool:
    """Whether the operation about the centroid maps the atoms onto atoms of the same element."""
    places = molecule.positions - molecule.positions.mean(axis=0)
    gaps = np.linalg.norm((places @ operation.T)[:, None] - places[None], axis=2)
    gaps[molecule.numbers[:, None] != molecule.numbers[None]] = np.inf
    return bool((gaps.min(axis=1) < tolerance).all())


def turn(axis: list[float], angle: float) -> np.ndarray:
    """Rotation by `angle` about `axis`, Rodrigues' formula."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def order_of_point_group(molecule: Molecule) -> int:
    """Count orthogonal maps that carry three independent atoms to atoms and the structure to itself."""
    places = molecule.positions - molecule.positions.mean(axis=0)
    frame = next(
        list(triple)
        for triple in itertools.permutations(range(len(places)), 3)
        if abs(np.linalg.det(places[list(triple)])) > 0.1
    )
    found: list[np.ndarray] = []
    for images in itertools.permutations(range(len(places)), 3):
        if (molecule.numbers[frame] != molecule.numbers[list(images)]).any():
            continue
        operation = np.linalg.lstsq(places[frame], places[list(images)], rcond=None)[0].T
        orthogonal = abs(operation @ operation.T - np.eye(3)).max() < 1e-4
        if orthogonal and is_symmetric(molecule, operation, 2e-4):
            found.append(operation)
    return len(found)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_is_whole(name: str) -> None:
    molecule = shipped(name)
    assert molecule.formula == FORMULAS[name]
    assert len(molecule) == len(molecule.positions)
    assert len(molecule.source) > 60
    assert not molecule.positions.flags.writeable
    gaps = np.linalg.norm(molecule.positions[:, None] - molecule.positions[None], axis=2)
    assert 0.9 < gaps[gaps > 0].min() < 1.5  # angstrom


@pytest.mark.parametrize(
    ("name", "order"), [("ammonia", 6), ("methane", 24), ("hydrogen-peroxide", 2), ("alanine", 1)]
)
def test_order_of_the_point_group(name: str, order: int) -> None:
    assert order_of_point_group(shipped(name)) == order


def test_planar_groups() -> None:
    water, benzene = shipped("water"), shipped("benzene")
    assert np.ptp(water.positions[:, 0]) == 0
    assert is_symmetric(water, np.diag([1.0, -1.0, 1.0]))
    assert is_symmetric(benzene, turn([0, 0, 1], np.pi / 3), 2e-4)
    assert is_symmetric(benzene, -np.eye(3))
    assert not is_symmetric(benzene, turn([0, 0, 1], np.pi / 2), 1e-2)


def test_methane_is_a_regular_tetrahedron() -> None:
    methane = shipped("methane")
    hydrogens = methane.positions[1:] - methane.positions[0]
    lengths = np.linalg.norm(hydrogens, axis=1)
    assert np.ptp(lengths) < 1e-12
    cosines = hydrogens @ hydrogens.T / lengths[0] ** 2
    assert np.allclose(cosines[~np.eye(4, dtype=bool)], -1 / 3, atol=1e-9)


def test_alanine_is_the_left_handed_one() -> None:
    alanine = shipped("alanine")
    alpha, amine, acid, methyl = (alanine.positions[at] for at in (1, 2, 3, 0))
    assert alanine.numbers[[1, 2, 3, 0]].tolist() == [6, 7, 6, 6]
    # S: amine -> acid -> methyl turns counterclockwise seen from the side away from the hydrogen
    assert np.dot(amine - alpha, np.cross(acid - alpha, methyl - alpha)) > 2.0
    mirrored = alanine.moved(np.diag([1.0, 1.0, -1.0]), "D-alanine")
    alpha, amine, acid, methyl = (mirrored.positions[at] for at in (1, 2, 3, 0))
    assert np.dot(amine - alpha, np.cross(acid - alpha, methyl - alpha)) < -2.0


def test_resolve_names_paths_and_all(tmp_path) -> None:
    assert [molecule.name for molecule in resolve([])] == [DEFAULT]
    assert [molecule.name for molecule in resolve(None)] == list(SHIPPED)
    assert [molecule.name for molecule in resolve(["water", "methane", "water"])] == ["water", "methane"]
    path = tmp_path / "pair.xyz"
    path.write_text("2\nLiH\nLi 0 0 0\n1 0 0 1.6 extra columns\n")
    assert load(str(path)).formula == "HLi"
    assert load(str(path)).source == "LiH"
    assert load(str(path)).name == "pair.xyz"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1 must be the number"),
        ("two\n\n", "line 1 must be the number"),
        ("-1\n\n", "announces -1"),
        ("3\n\nH 0 0 0\n", "announces 3 atoms, but 1 lines"),
        ("1\n\nXx 0 0 0\n", "no chemical symbol"),
        ("1\n\n119 0 0 0\n", "no chemical symbol"),
        ("1\n\nH 0 0\n", "three coordinates"),
        ("1\n\nH 0 0 zero\n", "three numbers"),
        ("1\n\nH 0 0 nan\n", "not finite"),
        ("1\n\nH 0 0 1e999\n", "not finite"),
    ],
)
def test_broken_xyz_is_refused(tmp_path, text: str, words: str) -> None:
    path = tmp_path / "broken.xyz"
    path.write_text(text)
    with pytest.raises(OperandError, match=words) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_other_paths_are_refused(tmp_path) -> None:
    with pytest.raises(OperandError, match="neither a file nor one of water"):
        load("no-such-thing")
    with pytest.raises(OperandError, match="neither a file"):
        read(tmp_path)
    (tmp_path / "bytes.xyz").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OperandError, match="cannot be read as text"):
        read(tmp_path / "bytes.xyz")
    with pytest.raises(OperandError, match="shipped are"):
        shipped("caffeine")


def test_formats_beyond_xyz_need_ase(tmp_path, monkeypatch) -> None:
    path = tmp_path / "water.pdb"
    path.write_text("nothing")
    plain = builtins.__import__

    def without_ase(name, *rest, **more):
        if name.startswith("ase"):
            raise ImportError(name)
        return plain(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_ase)
    with pytest.raises(OperandError, match=r"pip install 'reptheory\[ase\]'"):
        read(path)


def test_ase_reads_molecules_and_crystals(tmp_path) -> None:
    ase_build = pytest.importorskip("ase.build")
    crystal = ase_build.bulk("NaCl", "rocksalt", a=5.64)
    crystal.write(tmp_path / "salt.xyz", format="extxyz")
    salt = read(tmp_path / "salt.xyz")
    assert salt.lattice.shape == (3, 3)
    assert salt.formula == "ClNa"
    ase_build.molecule("H2O").write(tmp_path / "water.json")
    assert read(tmp_path / "water.json").formula == "H2O"
    (tmp_path / "broken.cif").write_text("data_\n_cell")
    with pytest.raises(OperandError, match=r"ASE cannot read it|holds no atoms"):
        read(tmp_path / "broken.cif")
