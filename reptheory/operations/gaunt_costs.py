"""Costs of the Gaunt product's methods: a model in operation counts, with times measured beforehand.

    nanoseconds(method, degrees) = sum over features of count * time

Counts follow from the degrees alone; nothing is measured, loaded or built to choose a method. The times stand
in `gaunt_costs.json`, which `python benchmarks/gaunt_costs.py` measures, fits and writes; they are of one
machine, and what `method="auto"` needs is their ratios only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

__all__ = [
    "DTYPES",
    "FEATURES",
    "MANY_PATHS",
    "MEASURED",
    "MOST_TERMS",
    "cheapest",
    "counts",
    "few_terms",
    "nanoseconds",
    "nanoseconds_of",
    "path_terms",
    "ring_nanoseconds",
]

MEASURED: Final = Path(__file__).with_name("gaunt_costs.json")
"""Nanoseconds of each feature: dtype -> method -> feature -> time."""

MANY_PATHS: Final = 8_000
"""Paths beyond which a table is no choice: counting its terms alone would take longer than a product."""

MOST_TERMS: Final = 640
"""Terms beyond which "unrolled" is no choice: its code would take longer than 0.7 s to compile.

Products of equal degrees are symmetric and take half their terms.
"""

DTYPES: Final = ("float32", "float64")

Degrees = tuple[int, int, int]
MethodName = Literal["table", "unrolled", "grid", "fourier"]


@lru_cache(maxsize=4096)
def path_terms(l1: int, l2: int, l3: int) -> int:
    """Count the (m1, m2, m3) of a path: |m3| = |m1| + |m2| or ||m1| - |m2||, an even number of sines."""
    a, b = np.arange(l1 + 1)[:, None], np.arange(l2 + 1)[None, :]
    signs = np.where(a > 0, 2, 1) * np.where(b > 0, 2, 1)
    difference = (a > 0) & (b > 0) & (np.abs(a - b) <= l3)
    count = signs * ((a + b <= l3).astype(int) + difference) - np.where(difference & (a == b), 2, 0)
    return int(count.sum())


def _table_counts(degrees: Degrees) -> dict[str, int]:
    """Count the coefficients, outer products and rows of the sparse table."""
    lmax1, lmax2, lmax_out = degrees
    paths = [
        (l1, l2, l3)
        for l1 in range(lmax1 + 1)
        for l2 in range(lmax2 + 1)
        for l3 in range(abs(l1 - l2), min(l1 + l2, lmax_out) + 1, 2)
    ]
    pairs = {(l1, l2) for l1, l2, _ in paths}
    return {
        "terms": sum(path_terms(*path) for path in paths),
        "products": sum((2 * l1 + 1) * (2 * l2 + 1) for l1, l2 in pairs),
        "rows": sum(2 * l3 + 1 for _, _, l3 in paths),
    }


def _unrolled_counts(degrees: Degrees) -> dict[str, int]:
    """Count the terms and products of the code."""
    dims = [(degree + 1) ** 2 for degree in degrees]
    terms, products = _table_counts(degrees)["terms"], dims[0] * dims[1]
    return {"terms": (terms + 1) // 2 if degrees[0] == degrees[1] else terms, "products": products}


def _ring_counts(degrees: Degrees, *, fourier: bool) -> dict[str, float]:
    """Count multiplications of the dense steps, folds and points, as `term_plan` lays them out."""
    return ring_counts(degrees[:2], degrees[2:], sum(degrees[:2]), products=1, fourier=fourier)


def ring_counts(
    functions: Sequence[int], results: Sequence[int], band: int, *, products: int, fourier: bool
) -> dict[str, float]:
    """Count what functions and results of some degrees cost on rings, as `term_plan` lays them out.

    band       largest degree of a product
    products   multiplications at each point; a point takes as long as the turns of three sides and one
    """
    total = band + max(results)
    quadrant = total // 4 + 1
    pairs = band // 2 + 1 if fourier else (total + 4) // 4
    dense = steps = folds = 0
    for place, lmax in enumerate((*functions, *results)):
        for m in range(lmax + 1):
            for parity in (0, 1):
                count, width = len(range(m + parity, lmax + 1, 2)), 2 if m else 1
                waves = (lmax if place < len(functions) else band) // 2 + 1
                dense += width * (waves * (count + pairs) if fourier else count * pairs)
                steps += 2 if fourier else 1
        steps += 4 * pairs
        dense += 2 * pairs * quadrant * (2 * lmax + 1)
        folds += 2 * pairs * (lmax + 1)
    points = pairs * quadrant * (2 * (len(functions) + len(results)) + products) / 7
    return {"dense": dense, "steps": steps, "folds": folds, "points": points}


_COUNTERS: Final[dict[str, Callable[[Degrees], Mapping[str, float]]]] = {
    "table": _table_counts,
    "unrolled": _unrolled_counts,
    "grid": lambda degrees: _ring_counts(degrees, fourier=False),
    "fourier": lambda degrees: _ring_counts(degrees, fourier=True),
}

FEATURES: Final = {
    "table": ("copied", "terms", "products", "rows"),
    "unrolled": ("copied", "terms", "products"),
    "grid": ("copied", "dense", "steps", "folds", "points"),
    "fourier": ("copied", "dense", "steps", "folds", "points"),
}


def counts(method: str, degrees: Degrees) -> list[float]:
    """Return how often each of `FEATURES[method]` occurs in one product."""
    found = {"copied": sum((lmax + 1) ** 2 for lmax in degrees), **_COUNTERS[method](degrees)}
    return [found[name] for name in FEATURES[method]]


@cache
def _measured() -> dict[str, Any]:
    times: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))["nanoseconds"]
    return times


def nanoseconds(method: str, degrees: Degrees, dtype: str = "float32") -> float:
    """Return the time of one product in a large batch on one thread, on the machine that was measured."""
    return nanoseconds_of(method, dict(zip(FEATURES[method], counts(method, degrees), strict=True)), dtype)


def nanoseconds_of(method: str, found: Mapping[str, float], dtype: str) -> float:
    """Return the time of what was counted of some of the features of a method."""
    times = _measured()[dtype][method]
    return float(sum(times[name] * count for name, count in found.items()))


def ring_nanoseconds(
    method: str, functions: Sequence[int], results: Sequence[int], band: int, products: int, dtype: str
) -> float:
    """Return the time of a sum of products on rings, with the times of products of two."""
    found = ring_counts(functions, results, band, products=products, fourier=method == "fourier")
    copied = sum((lmax + 1) ** 2 for lmax in (*functions, *results))
    return nanoseconds_of(method, {"copied": copied, **found}, dtype)


def _few_paths(degrees: Degrees) -> bool:
    return (degrees[0] + 1) * (degrees[1] + 1) * (degrees[2] + 1) <= MANY_PATHS


def few_terms(degrees: Degrees) -> bool:
    """Tell whether "unrolled" can compute a product of these degrees."""
    return _few_paths(degrees) and _unrolled_counts(degrees)["terms"] <= MOST_TERMS


@lru_cache(maxsize=1024)
def cheapest(degrees: Degrees) -> MethodName:
    """Return the method with the least time, float32 and float64 taken together.

    >>> cheapest((1, 1, 1)), cheapest((1, 1, 2)), cheapest((9, 9, 9))
    ('unrolled', 'unrolled', 'grid')
    """
    methods: tuple[MethodName, ...] = ("grid", "fourier")
    if _few_paths(degrees):
        methods = ("table", *methods)
    if few_terms(degrees):
        methods = ("unrolled", *methods)

    def both(method: MethodName) -> float:
        return sum(nanoseconds(method, degrees, dtype) for dtype in DTYPES)

    return min(methods, key=both)
