"""Small tables of every kind, for tests that go over all of them."""

from reptheory.tables.kinds import KINDS, TableKey, table_key

LARGEST = {"wigner_6j": 3, "wigner_9j": 1, "wigner_12j_first": 1, "wigner_12j_second": 1}
"""The lmax up to which a kind with many labels is small."""
FORMULAS = ("i", "ij", "ij=ji", "ij=-ji", "ijk=ikj", "ijkl=jikl=klij")


def keys_of(name: str, lmax: int) -> list[TableKey]:
    """Return a table of the kind in every basis; Cartesian tensors have formulas in place of lmax."""
    kind = KINDS[name]
    if "formula" in kind.parameters:
        return [table_key(name, formula=FORMULAS[lmax % len(FORMULAS)])]
    top = min(lmax, LARGEST.get(name, lmax))
    return [table_key(name, top, basis=basis) for basis in kind.bases]


def every_key(lmax: int) -> list[TableKey]:
    """Return a table of every kind in every basis."""
    return [key for name in KINDS for key in keys_of(name, lmax)]
