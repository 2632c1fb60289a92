"""Measure what the operations of the Gaunt product cost, and write the model that `method="auto"` reads.

    python benchmarks/gaunt_costs.py [--write] [--turns 3]

Times each method on products of many shapes, one thread, batch 1,024, and fits the time of each feature
of `operations/gaunt_costs.py` by nonnegative least squares of relative errors. Prints how well the model fits
and how much slower its choice is than the fastest method; --write replaces the file in the package.
"""

from __future__ import annotations

import argparse
import json
import platform
from functools import partial

import numpy as np
from scipy.optimize import nnls
from side_by_side import turn

import reptheory as rt
from reptheory.operations.gaunt_costs import FEATURES, MEASURED, counts, few_terms

BATCH = 1024
SHAPES = [
    *((lmax, lmax, lmax) for lmax in range(11)),
    *((lmax, lmax, 2 * lmax) for lmax in range(1, 7)),
    *((lmax, 1, lmax) for lmax in (2, 4, 6, 8, 10)),
    *((lmax, 2, lmax + 2) for lmax in (3, 5, 8)),
    *((lmax, lmax, 1) for lmax in (3, 5, 8)),
    *((2, lmax, 4) for lmax in (4, 6)),
    *((lmax, 3, lmax) for lmax in (4, 6, 9)),
]
BEYOND = [(lmax, lmax, lmax) for lmax in (14, 20, 26)]
"""Shapes for grid and Fourier alone."""


def possible(degrees: tuple[int, int, int]) -> list[str]:
    """Return the methods that `cheapest` may take."""
    return [method for method in FEATURES if method != "unrolled" or few_terms(degrees)]


def measure(dtype: str, turns: int) -> dict[str, dict[tuple[int, int, int], float]]:
    """Return nanoseconds a product: method -> degrees -> time, the least of all turns."""
    rng = np.random.default_rng(0)
    times: dict[str, dict[tuple[int, int, int], float]] = {method: {} for method in FEATURES}
    for degrees in SHAPES + BEYOND:
        x, y = (rng.standard_normal((BATCH, (lmax + 1) ** 2)).astype(dtype) for lmax in degrees[:2])
        methods = possible(degrees) if degrees in SHAPES else ("grid", "fourier")
        products = {name: rt.GauntTensorProduct(*degrees, method=name, threads=1) for name in methods}
        calls = {name: partial(product, x, y) for name, product in products.items()}
        for call in calls.values():
            call()  # compile
        for _ in range(turns):
            for name, call in calls.items():
                least = 1e9 * turn(call, 0.01) / BATCH
                times[name][degrees] = min(least, times[name].get(degrees, least))
    return times


def fit(method: str, times: dict[tuple[int, int, int], float]) -> tuple[dict[str, float], np.ndarray]:
    """Return the time of each feature, and the ratio of model to measurement for each shape."""
    rows = np.array([counts(method, degrees) for degrees in times], dtype=float)
    measured = np.array(list(times.values()))
    solution, _ = nnls(rows / measured[:, None], np.ones(len(measured)))
    names = zip(FEATURES[method], solution.tolist(), strict=True)
    return {name: float(f"{value:.4g}") for name, value in names}, rows @ solution / measured


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure and fit the costs of the Gaunt product.")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    model: dict[str, dict[str, dict[str, float]]] = {}
    measured = {dtype: measure(dtype, options.turns) for dtype in ("float32", "float64")}
    for dtype, times in measured.items():
        model[dtype] = {}
        for method in FEATURES:
            model[dtype][method], ratios = fit(method, times[method])
            print(f"{dtype} {method:8s} model / measured {ratios.min():.2f} to {ratios.max():.2f}", end="   ")
            print(model[dtype][method])
    losses = []
    for degrees in SHAPES:
        methods = possible(degrees)
        real = {m: sum(measured[dtype][m][degrees] for dtype in measured) for m in methods}
        guess = {
            m: sum(
                np.dot(counts(m, degrees), [model[dtype][m][name] for name in FEATURES[m]])
                for dtype in measured
            )
            for m in methods
        }
        chosen = min(guess, key=guess.__getitem__)
        losses.append(real[chosen] / min(real.values()))
        print(degrees, chosen, {m: round(t / 2, 1) for m, t in real.items()}, f"loss {losses[-1]:.2f}")
    print(f"the model's choice is at most {max(losses):.2f} times slower than the fastest")
    if options.write:
        content = {
            "about": "python benchmarks/gaunt_costs.py --write; nanoseconds a feature, batch 1024, 1 thread",
            "machine": platform.machine(),
            "nanoseconds": model,
        }
        MEASURED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
