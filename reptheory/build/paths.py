"""Paths: the coefficients that a product needs, from a table, or block by block where a table has many more.

A table of couplings grows with the fifth power of its lmax, so a product of a few irreps of high degree must
not wait for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.build.library import load_table
from reptheory.build.proof import proven_floats
from reptheory.build.rows import coupling_rows
from reptheory.build.size import available_memory
from reptheory.conventions import Basis
from reptheory.errors import TooLarge
from reptheory.exact.coupling import CouplingKind
from reptheory.exact.rounding import nearest_pair
from reptheory.exact.surd import Surd
from reptheory.tables.kinds import kind_of
from reptheory.tables.table import Table

__all__ = ["PathTable", "coefficients", "remainders", "second_words"]

Path = tuple[int, int, int]

_ALWAYS_A_TABLE: Final = 6
"""Degrees up to which the table is shipped with the package."""
_WORTH_A_TABLE: Final = 4
"""Above those, the table is loaded or built if a product needs more than one in so many of its paths."""
_ROW_BYTES: Final = 400
"""Peak memory of a row, see `build.size.most_bytes`."""


@dataclass(frozen=True, slots=True, eq=False)
class PathTable:
    """Some blocks of a coupling table: the same rows, rounded and proven in the same way.

    index                     (rows, 6) int32, columns l1, l2, l3, m1, m2, m3; with `dims` three labels of any
                              group and three components, counted from 0
    float64, float32          (rows,) correctly rounded
    numerators, denominators  of the squares, the numerator with the sign of the value; times pi^pi_power
    variants                  (rows,) which variant of its path a row belongs to, where there are several
    dims                      (rows, 3) dimensions of the three labels; None: 2l + 1
    """

    index: NDArray[np.int32]
    float64: NDArray[np.float64]
    float32: NDArray[np.float32]
    numerators: list[int]
    denominators: list[int]
    pi_power: int
    variants: NDArray[np.int64] | None = None
    dims: NDArray[np.int32] | None = None

    def values(self, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return the column of that dtype, float64 or float32."""
        return self.float32 if np.dtype(dtype) == np.float32 else self.float64


def _path_table(kind: CouplingKind, paths: list[Path], basis: Basis) -> PathTable:
    """Compute, round and prove the blocks of `paths`, which ascend."""
    rows = coupling_rows(kind, basis, paths)
    pi_power = kind_of(kind).pi_power
    index = np.concatenate([np.zeros((0, 6), dtype=np.int32), *rows.index])
    exact = (rows.numerators, rows.denominators, pi_power)
    return PathTable(index, proven_floats(*exact, "float64"), proven_floats(*exact, "float32"), *exact)


def _paths_of_table(kind: CouplingKind, lmax: int) -> int:
    """Count the paths of a table with l1, l2 <= lmax, all l3; a Gaunt table has those of even sum."""
    sides = (lmax + 1) * (lmax + 2) * (2 * lmax + 3) // 6  # sum of min(l1, l2) + 1
    return sides if kind == "gaunt" else 2 * sides - (lmax + 1) ** 2


def _bounded(paths: Iterable[Path]) -> list[Path]:
    """Collect distinct paths in ascending order; stop with TooLarge where their rows outgrow the memory."""
    wanted: set[Path] = set()
    needed, free = 0, available_memory()
    for path in paths:
        if path in wanted:
            continue
        wanted.add(path)
        low, middle, high = sorted(path)
        needed += 2 * (2 * low + 1) * (2 * middle + 1) * (_ROW_BYTES + 8 * high)
        if needed > free:
            raise TooLarge(
                f"lmax: paths up to {path} need more than {needed >> 30} GiB of memory, "
                f"but {free >> 30} GiB are free; choose a smaller lmax"
            )
    return sorted(wanted)


def coefficients(kind: CouplingKind, paths: Iterable[Path], basis: Basis = "real") -> Table | PathTable:
    """Return coefficients that cover `paths` (l1, l2, l3): the table up to their degrees, or just them.

    raises   TooLarge: they would not fit in memory
    """
    wanted = _bounded(paths)
    lmax = max((max(l1, l2) for l1, l2, _ in wanted), default=0)
    few = len(wanted) * _WORTH_A_TABLE < _paths_of_table(kind, lmax)
    if lmax > _ALWAYS_A_TABLE and few:
        return _path_table(kind, wanted, basis)
    return load_table(kind, lmax, basis=basis)


def remainders(table: Table | PathTable) -> NDArray[np.float64]:
    """Return (rows,) float64: the exact value of each row minus its float64, rounded to nearest.

    value = float64 + remainder + d with |d| <= 2^-106 |value|: the double-double form of certificates.
    """
    if isinstance(table, PathTable):
        return second_words(table.numerators, table.denominators, table.pi_power)
    exact = np.hstack([table.numerator, table.denominator])
    _, first, place = np.unique(exact, axis=0, return_index=True, return_inverse=True)
    distinct = [table.row(number) for number in first.tolist()]
    words = second_words(
        [row.numerator for row in distinct], [row.denominator for row in distinct], table.pi_power
    )
    return words[place.reshape(-1)] * table.sign


def second_words(
    numerators: Iterable[int], denominators: Iterable[int], pi_power: int
) -> NDArray[np.float64]:
    """Return what the nearest float64 of each sign sqrt(|n| / d pi^pi_power) leaves, rounded to nearest."""
    known: dict[tuple[int, int], float] = {}

    def word(top: int, bottom: int) -> float:
        key = abs(top), bottom
        if key not in known:
            known[key] = nearest_pair(Surd.sqrt(Fraction(*key), pi_power=pi_power))[1]
        return known[key] if top > 0 else -known[key]

    return np.array([word(*pair) for pair in zip(numerators, denominators, strict=True)], dtype=np.float64)
