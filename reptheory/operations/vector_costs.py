"""Costs of the methods of vector products: counts from the degrees, with the times of `gaunt_costs`."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Final, Literal

from reptheory.exact.vector_paths import SPINS, VectorKind
from reptheory.operations.gaunt_costs import DTYPES, nanoseconds_of, path_terms, ring_nanoseconds
from reptheory.operations.vector_engine import TERMS, families

__all__ = ["cheapest_fields", "field_nanoseconds"]

MANY_PATHS: Final = 1_500
"""Paths beyond which a table is no choice: it was slower wherever there are half as many."""

Degrees = tuple[int, int, int]


def _families(kind: VectorKind, degrees: Degrees) -> list[list[tuple[int, int, int]]]:
    return [families(spin, lmax) for spin, lmax in zip(SPINS[kind], degrees, strict=True)]


def _table_counts(kind: VectorKind, degrees: Degrees) -> dict[str, float]:
    """Count the coefficients, outer products and rows of the sparse table."""
    sides = _families(kind, degrees)
    paths = [
        ((j1, i), (j2, k), j3)
        for j1, l1, i in sides[0]
        for j2, l2, k in sides[1]
        for j3, l3, _ in sides[2]
        if abs(j1 - j2) <= j3 <= j1 + j2 and abs(l1 - l2) <= l3 <= l1 + l2 and (l1 + l2 + l3) % 2 == 0
    ]
    pairs = {(one, other) for one, other, _ in paths}
    return {
        "copied": _copied(kind, degrees),
        "terms": sum(path_terms(j1, j2, j3) for (j1, _), (j2, _), j3 in paths),
        "products": sum((2 * j1 + 1) * (2 * j2 + 1) for (j1, _), (j2, _) in pairs),
        "rows": sum(2 * j3 + 1 for _, _, j3 in paths),
    }


def _copied(kind: VectorKind, degrees: Degrees) -> int:
    return sum((2 * spin + 1) * (lmax + 1) ** 2 for spin, lmax in zip(SPINS[kind], degrees, strict=True))


def field_nanoseconds(method: str, kind: VectorKind, degrees: Degrees, dtype: str) -> float:
    """Return the time of one product of fields in a large batch on one thread."""
    if method == "table":
        return nanoseconds_of("table", _table_counts(kind, degrees), dtype)
    functions = [[lmax] * (2 * spin + 1) for spin, lmax in zip(SPINS[kind], degrees, strict=True)]
    changes = sum(
        path_terms(degree, 1, j)
        for spin, side in zip(SPINS[kind], _families(kind, degrees), strict=True)
        for j, degree, _ in side
        if spin
    )
    band, products = degrees[0] + degrees[1], len(TERMS[kind])
    rings = ring_nanoseconds("grid", functions[0] + functions[1], functions[2], band, products, dtype)
    return rings + nanoseconds_of("grid", {"dense": changes}, dtype)


@lru_cache(maxsize=1024)
def cheapest_fields(kind: VectorKind, degrees: Degrees) -> Literal["table", "grid"]:
    """Return the method with the least time, float32 and float64 taken together.

    >>> cheapest_fields("dot", (2, 2, 4)), cheapest_fields("cross", (4, 4, 4))
    ('table', 'grid')
    """
    if prod(map(len, _families(kind, degrees))) > MANY_PATHS:
        return "grid"
    table, grid = (
        sum(field_nanoseconds(method, kind, degrees, dtype) for dtype in DTYPES)
        for method in ("table", "grid")
    )
    return "table" if table <= grid else "grid"
