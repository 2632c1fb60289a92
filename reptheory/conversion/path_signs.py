"""Signs and norms of coupling tensors, path by path.

Against our tensors of the same kind and basis, turned into the package's order of m:

    clebsch_gordan = s(l1, l2, l3) * ours,    wigner_3j = s(l1, l2, l3) (-1)^(l1 - l2) * ours  (real bases)

so that in packages with a real basis wigner_3j is clebsch_gordan / sqrt(2 l3 + 1), of norm 1, as e3nn has it.
The rule s:

    real, condon-shortley   +1 (for these, wigner_3j is ours too)
    e3nn 0.6                (-1)^floor((l1 + l2 - l3) / 2): the factors (-i)^l of its change of basis
    e3nn 0.4                its tensors for l1 <= l2 <= l3 were found as null vectors and given a sign: the
                            entry m = (0, 0, 0) is positive, or, where it is 0, the first entry that is not.
                            Other orders follow by the symmetry of 3j symbols, (-1)^(l1+l2+l3) for odd
                            permutations.

A turn of the axes changes no coupling tensor: it is invariant under rotations.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.registry import PackageConvention
from reptheory.conversion.registry import convention as convention_of
from reptheory.errors import LabelError
from reptheory.exact.coupling import coupling_block
from reptheory.exact.surd import Surd
from reptheory.exact.three_spins import parity_3j

__all__ = ["path_factor", "path_sign", "path_signs", "require_paths"]


def path_sign(convention: PackageConvention, kind: str, path: tuple[int, int, int]) -> int:
    """Return the sign of a package's coupling tensor of one path against ours of the same kind.

    kind   "wigner_3j", "clebsch_gordan", "gaunt" or "vector" (no sign: the harmonics fix it)

    >>> from reptheory.conversion.registry import CONVENTIONS
    >>> [path_sign(CONVENTIONS[name], "clebsch_gordan", (1, 1, 0)) for name in ("real", "e3nn@0.6")]
    [1, -1]
    """
    if kind in ("gaunt", "vector") or convention.paths in ("real", "condon-shortley"):
        return 1
    l1, l2, l3 = path
    swap = -1 if kind == "wigner_3j" and (l1 - l2) % 2 else 1
    if convention.paths == "e3nn 0.6":
        return swap * (-1 if (l1 + l2 - l3) // 2 % 2 else 1)
    return swap * (-1 if (l1 - l2) % 2 else 1) * _sorted_sign(*sorted(path))


def path_signs(name: str, paths: Iterable[tuple[int, int, int]]) -> NDArray[np.float64]:
    """Return the signs of a package's Clebsch-Gordan tensors against ours, (paths,).

    name     a name of `CONVENTIONS`
    paths    (l1, l2, l3) of each
    raises   LabelError: no such package, or it has no coupling tensors
    """
    found = convention_of(name)
    require_paths(found, "clebsch_gordan")
    return np.array([path_sign(found, "clebsch_gordan", path) for path in paths], dtype=np.float64)


def path_factor(
    source: PackageConvention, target: PackageConvention, kind: str, path: tuple[int, int, int]
) -> Surd:
    """Return sign and phase that take one path from a convention to another.

    The phase is -i from complex to real where l1 + l2 + l3 is odd, and i back; 1 for "gaunt".
    """
    turns = 0
    if kind != "gaunt" and sum(path) % 2 and source.basis != target.basis:
        turns = 3 if target.basis == "real" else 1
    return Surd.sqrt(1, path_sign(source, kind, path) * path_sign(target, kind, path), i_power=turns)


@lru_cache(maxsize=4096)
def _sorted_sign(l1: int, l2: int, l3: int) -> int:
    """Return the sign of e3nn 0.4's tensor against our real 3j symbol, l1 <= l2 <= l3."""
    if (l1 + l2 + l3) % 2 == 0:
        return parity_3j(l1, l2, l3)[0]
    return 1 if coupling_block("wigner_3j", l1, l2, l3, "real").numerators[0] > 0 else -1


def require_paths(convention: PackageConvention, kind: str) -> None:
    """Raise LabelError where a package has no coupling tensors of its own."""
    if kind != "gaunt" and convention.paths == "none":
        raise LabelError(
            f"{kind}: {convention.name} has no coupling tensors, so their signs are unknown; "
            "convert harmonics, coefficients, features, rotations or gaunt, or name one that has them"
        )
