"""Small tables of every kind, for tests that go over all of them."""

import hashlib
import importlib.util
import sys

from reptheory.build.convert import convert
from reptheory.build.export import FORMATS, export_table
from reptheory.build.library import build_key
from reptheory.tables.kinds import KINDS, TableKey, table_key

LARGEST = {
    "wigner_6j": 3,
    "wigner_9j": 1,
    "wigner_12j_first": 1,
    "wigner_12j_second": 1,
    "racah": 3,
    "recoupling_three_spins": 2,
    "recoupling_four_spins": 1,
    "matrix_path_ratio": 3,
    "tensor_path_ratio": 1,
    "gaunt_4": 2,
    "gaunt_5": 1,
}
"""The lmax up to which a kind with many labels is small."""
FAMILIES = (
    (0, {"normalization": "unnormalized", "phase": "condon-shortley"}),
    (-1, {"normalization": "schmidt", "phase": "none"}),
)
"""Normalisations and phases of harmonics that are tried, with the place of their basis."""
FORMULAS = ("i", "ij", "ij=ji", "ij=-ji", "ijk=ikj", "ijkl=jikl=klij")


def keys_of(name: str, lmax: int) -> list[TableKey]:
    """Return a table of the kind in every basis, and of other harmonics; Cartesian tensors have formulas."""
    kind = KINDS[name]
    if "formula" in kind.parameters:
        return [table_key(name, formula=FORMULAS[lmax % len(FORMULAS)])]
    top = min(lmax, LARGEST.get(name, lmax))
    turn = {"quaternion": "2,-1,0,1"} if "quaternion" in kind.parameters else {}
    keys = [table_key(name, top, basis=basis, **turn) for basis in kind.bases]
    if kind.harmonics:
        keys += [table_key(name, top, basis=kind.bases[place], **words) for place, words in FAMILIES]
    return keys


def every_key(lmax: int) -> list[TableKey]:
    """Return a table of every kind in every basis."""
    return [key for name in KINDS for key in keys_of(name, lmax)]


def installed_formats() -> list[str]:
    """Return every export format whose package is here."""
    return [form for form in FORMATS if form != "parquet" or importlib.util.find_spec("pyarrow")]


def digest_of_everything(path: str) -> str:
    """Return one hash of a table of every kind in every basis, and of one in every format, all at `path`."""
    digest = hashlib.sha256()
    for key in every_key(2):
        digest.update(build_key(key).save(path).read_bytes())
    for name in ("gaunt", "solid_harmonics", "rotation_matrix", "cartesian_tensor"):
        digest.update(convert(build_key(keys_of(name, 2)[0]), None, "e3x").save(path).read_bytes())
    for name in KINDS:
        table = build_key(keys_of(name, 1)[-1])
        for form in installed_formats()[1:]:  # beside npz
            digest.update(export_table(table, path, form).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest_of_everything(sys.argv[1]))
