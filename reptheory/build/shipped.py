"""Shipped: which tables come with the package, and the command that writes them again.

    python -m reptheory.build.shipped tables

writes the files of the top-level folder tables/, with their manifest.json, byte for byte as they are in the
repository; tests/build/test_shipped.py does so and compares. The set is what the report needs at its default
lmax, and what a reader of the format needs for trying out every kind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from reptheory.build.library import build_key
from reptheory.tables.kinds import TableKey, table_key
from reptheory.tables.store import write_set

__all__ = ["SHIPPED", "build_shipped"]

SHIPPED: Final[tuple[TableKey, ...]] = (
    table_key("clebsch_gordan", 6, basis="real"),
    table_key("clebsch_gordan", 3, basis="complex"),
    table_key("gaunt", 6, basis="real"),
    table_key("gaunt", 3, basis="complex"),
    table_key("wigner_3j", 2),
    table_key("fourier_from_harmonics", 6),
    table_key("fourier_from_harmonics", 6, basis="real"),
    table_key("harmonics_from_fourier", 6, band_limit=12),
    table_key("harmonics_from_fourier", 6, band_limit=12, basis="real"),
    table_key("theta_fourier", 12),
    table_key("theta_projection", 12, band_limit=24),
    table_key("wigner_d_pi_half", 6),
    table_key("wigner_d_fourier", 3),
    table_key("wigner_d_polynomial", 3),
    table_key("generators", 3),
    table_key("generators", 3, basis="real"),
    table_key("real_wigner_3j", 3),
    table_key("wigner_6j", 2),
    table_key("wigner_9j", 1),
    table_key("wigner_12j_first", 1),
    table_key("wigner_12j_second", 1),
    table_key("real_from_complex", 6),
    table_key("solid_harmonics", 6),
    table_key("solid_harmonics", 6, basis="complex"),
    table_key("harmonics_from_monomials", 4),
    table_key("monomials_from_harmonics", 4),
    table_key("vector_harmonics", 3),
    table_key("tensor_harmonics", 2),
    table_key("tensor_harmonics", 2, basis="real"),
    table_key("forms_from_vector_harmonics", 6),
    table_key("forms_from_vector_harmonics", 6, basis="complex"),
    table_key("solid_gradient", 4),
    table_key("solid_gradient", 4, basis="complex"),
    table_key("spin_clebsch_gordan", 1),
    table_key("gaunt_4", 2),
    table_key("gaunt_5", 1),
    table_key("racah", 1),
    table_key("recoupling_three_spins", 1),
    table_key("recoupling_four_spins", 1),
    table_key("matrix_path_ratio", 1),
    table_key("tensor_path_ratio", 1),
    table_key("vector_path_ratio", 2),
    table_key("block_basis", 1),
    table_key("harmonic_factor", 6, normalization="unnormalized", phase="condon-shortley"),
    table_key("solid_harmonics", 4, normalization="schmidt"),
    table_key("rotation_matrix", 6, basis="real", quaternion="0,0,1,1"),
    table_key("wigner_d_pi_half", 6, basis="real"),
    table_key("cartesian_tensor", formula="ij=ji"),
    table_key("cartesian_tensor", formula="ijk=ikj"),
    table_key("cartesian_tensor", formula="ijkl=jikl=klij"),
)
"""Every shipped table."""


def build_shipped(folder: Path) -> Path:
    """Build every shipped table afresh and write the set into a folder; return the path of its manifest."""
    return write_set(folder, [build_key(key) for key in SHIPPED])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m reptheory.build.shipped FOLDER")
    sys.stdout.write(f"{build_shipped(Path(sys.argv[1]))}\n")
