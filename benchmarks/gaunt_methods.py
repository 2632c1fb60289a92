"""The methods of the Gaunt product L x L -> L side by side: what `method="auto"` should choose.

    python benchmarks/gaunt_methods.py [--lmax 12] [--batch 1024] [--dtype float32]

Needs nothing beyond reptheory. One thread: the choice is about work, not about cores.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
from side_by_side import compare

import reptheory as rt
from reptheory.operations.gaunt_costs import few_terms


def main() -> None:
    parser = argparse.ArgumentParser(description="Methods of the Gaunt product, side by side.")
    parser.add_argument("--lmax", type=int, default=12)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    print(f"ns a product, {options.dtype}, batch {options.batch}, one thread; automatic choice marked *")
    for lmax in range(options.lmax + 1):
        x, y = (rng.standard_normal((options.batch, (lmax + 1) ** 2)).astype(options.dtype) for _ in "xy")
        products = {
            method: rt.GauntTensorProduct(lmax, lmax, lmax, method=method, threads=1)
            for method in ("table", "unrolled", "grid", "fourier")
            if method != "unrolled" or few_terms((lmax, lmax, lmax))
        }
        calls = {method: partial(product, x, y) for method, product in products.items()}
        chosen = rt.GauntTensorProduct(lmax, lmax, lmax).method
        cells = [
            f"{row.name}{'*' if row.name == chosen else ' '} {1e9 * row.seconds / options.batch:9.1f}"
            for row in compare(calls, turns=5, seconds=0.05)
        ]
        print(f"L = {lmax:2d}   " + "   ".join(cells))


if __name__ == "__main__":
    main()
