"""The registry against the packages: their recorded numbers, and the packages themselves where installed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conventions import record
from numpy.typing import NDArray

import reptheory as rt
from reptheory.conversion.path_signs import path_sign
from reptheory.conversion.reference import coupling_floats, harmonics_floats, rotation_floats
from reptheory.conversion.registry import REGISTRY_VERSION
from reptheory.errors import LabelError

RECORDED = sorted(record.FOLDER.glob("*.json"))
FINGERPRINTS = Path(__file__).parent / "fingerprints.json"


def entries() -> list[Any]:
    """Every convention of every recorded package."""
    return [
        pytest.param(entry, id=f"{path.stem}:{entry['convention']}:{entry.get('kind', '')}")
        for path in RECORDED
        for entry in json.loads(path.read_text())["conventions"]
    ]


def read(values: Any, *, complex_pairs: bool) -> NDArray[Any]:
    array = np.array(values)
    return array[..., 0] + 1j * array[..., 1] if complex_pairs else array


def flat(values: NDArray[Any], layout: str, degree: int) -> NDArray[Any]:
    """Harmonics of one degree from the package's own layout; of m >= 0 alone, where it keeps no others."""
    if layout == "flat":
        return values[:, degree**2 : (degree + 1) ** 2]
    if layout == "lm":
        return values[:, degree, values.shape[1] - 1 - degree : values.shape[1] + degree]
    if layout == "alm":
        top = lmax_of(values, layout)
        return values[:, [m * (2 * top + 1 - m) // 2 + degree for m in range(degree + 1)]]
    return np.stack([values[:, int(m < 0), degree, abs(m)] for m in range(-degree, degree + 1)], axis=1)


def lmax_of(values: NDArray[Any], layout: str) -> int:
    last = values.shape[-1]
    lengths = {"cilm": last, "lm": (last + 1) // 2, "alm": round((2 * last) ** 0.5 - 0.5)}
    return lengths.get(layout, round(last**0.5)) - 1


def check_harmonics(name: str, values: NDArray[Any], points: NDArray[np.float64]) -> None:
    one = rt.CONVENTIONS[name]
    lmax = lmax_of(values, one.layout)
    expected = harmonics_floats(one, points, range(lmax + 1))
    assert lmax >= 4
    for degree, ours in enumerate(expected):
        theirs = flat(values, one.layout, degree)
        assert np.abs(theirs - ours[:, -theirs.shape[1] :]).max() < 1e-13 * np.abs(ours).max()


@pytest.mark.parametrize("entry", entries())
def test_recorded_packages(entry: dict[str, Any]) -> None:
    one = rt.CONVENTIONS[entry["convention"]]
    pairs = one.basis == "complex"
    if "harmonics" in entry:
        points = np.array(entry.get("points", record.POINTS))
        check_harmonics(one.name, read(entry["harmonics"], complex_pairs=pairs), points)
    if "signs" in entry:
        signs = [path_sign(one, "clebsch_gordan", path) for path in record.paths(record.LMAX_SIGNS)]
        assert entry["signs"] == "".join("+" if sign > 0 else "-" for sign in signs)
    for labels, block in entry.get("blocks", {}).items():
        path = tuple(map(int, labels.split(",")))
        expected = coupling_floats(entry["kind"], one, path)
        assert np.abs(np.reshape(block, expected.shape) - expected).max() < 1e-14
    for degree, matrix in enumerate(entry.get("by_angles", ())):
        expected = rotation_floats(one, degree, record.ANGLES)
        assert np.abs(read(matrix, complex_pairs=pairs) - expected).max() < 1e-13
    for degree, matrix in enumerate(entry.get("by_matrix", ())):
        ours = rt.real_rotation_matrix(degree, record.QUATERNION).to_numpy()
        expected = rt.convert(ours, "real", one, "rotation")
        assert np.abs(read(matrix, complex_pairs=pairs) - expected).max() < 1e-13


def measured(name: str) -> list[record.Measured]:
    """Load a package and its measurements, or skip with the reason."""
    distribution, measure = record.PACKAGES[name]
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{distribution} is not installed (extra conventions)")
    if name == "mace" and importlib.metadata.version("e3nn") != "0.4.4":
        pytest.skip("MACE pins e3nn 0.4.4, another one is installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        return measure()


@pytest.mark.slow
@pytest.mark.parametrize("name", record.PACKAGES)
def test_installed_packages(name: str) -> None:
    """Every block up to l = 6 and every harmonic, at points that were not recorded."""
    points = np.random.default_rng(3).normal(size=(3, 3))
    points = np.round(points / np.linalg.norm(points, axis=1, keepdims=True) * 63) / 63  # rational, for SymPy
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in measured(name):
            if one.harmonics:
                where = record.POINTS if name == "sympy" else points if one.at is None else one.at
                check_harmonics(one.convention, np.asarray(one.harmonics(where, 6)), where)
            for path in record.paths(3 if name == "sympy" else 6) if one.block else ():
                expected = coupling_floats(one.kind, rt.CONVENTIONS[one.convention], path)
                assert np.abs(np.asarray(one.block(*path)) - expected).max() < 1e-13
            for degree in range(5) if one.by_angles else ():
                expected = rotation_floats(rt.CONVENTIONS[one.convention], degree, (-2.1, 1.3, 0.4))
                assert np.abs(one.by_angles(degree, -2.1, 1.3, 0.4) - expected).max() < 1e-12


def test_every_entry_is_recorded_or_says_that_it_was_not_checked() -> None:
    recorded = {
        entry["convention"] for path in RECORDED for entry in json.loads(path.read_text())["conventions"]
    }
    unchecked = {name for name, one in rt.CONVENTIONS.items() if not one.checked}
    assert recorded | unchecked == set(rt.CONVENTIONS)
    assert unchecked == {"real", "complex"}


def test_e3nn_changed_the_sign_of_70_of_369_paths() -> None:
    paths = record.paths(8)
    old, new = rt.CONVENTIONS["e3nn@0.4"], rt.CONVENTIONS["e3nn@0.6"]
    changed = [
        path for path in paths if path_sign(old, "wigner_3j", path) != path_sign(new, "wigner_3j", path)
    ]
    assert (len(changed), len(paths)) == (70, 369)
    assert all(sum(path) % 2 for path in changed)  # the even ones agree


def test_fingerprints_are_frozen() -> None:
    """A changed entry must raise REGISTRY_VERSION; then this file is written anew (see the assertion)."""
    found = {name: one.fingerprint for name, one in rt.CONVENTIONS.items()}
    stored = json.loads(FINGERPRINTS.read_text())
    assert {"version": REGISTRY_VERSION, "fingerprints": found} == stored, (
        "python tests/conventions/fingerprints.py"
    )
    assert len(set(found.values())) == len(found)


def test_entries_are_frozen_and_looked_up() -> None:
    one = rt.convention("e3nn@0.6")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.basis = "complex"  # type: ignore[misc]
    with pytest.raises(TypeError):
        rt.CONVENTIONS["mine"] = one  # type: ignore[index]
    assert rt.convention(rt.REAL).stated is rt.REAL
    assert rt.convention(rt.COMPLEX).stated is rt.COMPLEX
    assert rt.convention(one) is one
    with pytest.raises(LabelError, match=r"e3nn@0\.4.*e3nn@0\.6"):
        rt.convention("e3nn")
    with pytest.raises(LabelError, match="one of"):
        rt.convention(3)  # type: ignore[arg-type]


def test_every_entry_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "conventions.md").read_text(encoding="utf-8")
    missing = [name for name in rt.CONVENTIONS if name not in page and not name.startswith("pyshtools/")]
    assert not missing
