"""Products of vector fields and of matrices by each of their methods, side by side.

    python benchmarks/vector_methods.py [--lmax 8] [--batch 1024] [--dtype float32] [--peers]

Vector fields: cross L x L -> L, what `method="auto"` should choose. Matrices: one shell of degree L with
itself, irreps 0..2L on all three sides; NumPy's is our change of basis around np.matmul, e3x's (--peers: e3x
and jax, ".[bench]") its FusedTensor with weights, degrees 0..2L and without pseudotensors, so about half of
the couplings, on the layout it is made for: (batch / 64, 1, dim, 64 features). One thread: the choice is
about work, not about cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from processors import use_threads

parser = argparse.ArgumentParser(description="Methods of vector and matrix products, side by side.")
parser.add_argument("--lmax", type=int, default=8)
parser.add_argument("--batch", type=int, default=1024, help="a multiple of 64")
parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
parser.add_argument("--peers", action="store_true")
options = parser.parse_args()
use_threads(1)

import numpy as np  # noqa: E402
from side_by_side import compare  # noqa: E402

import reptheory as rt  # noqa: E402

FEATURES = 64
RNG = np.random.default_rng(0)


def samples(dim: int) -> Any:
    return RNG.standard_normal((options.batch, dim)).astype(options.dtype)


def show(title: str, calls: dict[str, Callable[[], object]], chosen: str = "") -> None:
    cells = [
        f"{row.name}{'*' if row.name == chosen else ' '} {1e9 * row.seconds / options.batch:9.1f}"
        for row in compare(calls, turns=5, seconds=0.05)
    ]
    print(f"{title:16}   " + "   ".join(cells), flush=True)


def vectors(lmax: int) -> None:
    products = {
        method: rt.VectorSphericalProduct("cross", lmax, lmax, lmax, method, threads=1)
        for method in ("table", "grid")
    }
    x, y = (samples(3 * (lmax + 1) ** 2) for _ in "xy")
    calls = {method: partial(product, x, y) for method, product in products.items()}
    chosen = rt.VectorSphericalProduct("cross", lmax, lmax, lmax).method
    show(f"cross, L = {lmax}", calls, chosen)


def fused_tensor(lmax: int, x: Any, y: Any) -> Callable[[], object]:
    """Return e3x's product of the same irreps."""
    import e3x  # noqa: PLC0415
    import jax  # noqa: PLC0415

    jax.config.update("jax_enable_x64", options.dtype == "float64")
    fused = e3x.nn.FusedTensor(max_degree=2 * lmax, include_pseudotensors=False, dtype=options.dtype)
    both = (array.reshape(-1, FEATURES, 1, array.shape[1]).transpose(0, 2, 3, 1) for array in (x, y))
    left, right = (jax.numpy.asarray(np.ascontiguousarray(array)) for array in both)
    weights = fused.init(jax.random.PRNGKey(0), left, right)
    jitted = jax.jit(fused.apply)
    return lambda: jitted(weights, left, right).block_until_ready()


def matrices(lmax: int) -> None:
    shell = f"{lmax}e"
    x, y = (samples((2 * lmax + 1) ** 2) for _ in "xy")
    calls: dict[str, Callable[[], object]] = {
        method: partial(rt.MatrixProduct(shell, method=method, threads=1), x, y)
        for method in ("matrix", "table")
    }

    def plain() -> object:
        left, right = (rt.blocks_from_irreps(array, shell, shell) for array in (x, y))
        return rt.irreps_from_blocks(left @ right, shell, shell)

    calls["numpy"] = plain
    if options.peers and lmax <= 4:  # its kernels take minutes to build beyond
        calls["e3x FusedTensor"] = fused_tensor(lmax, x, y)
    show(f"matrices, l = {lmax}", calls, "matrix")


def main() -> None:
    print(f"ns a product, {options.dtype}, batch {options.batch}, one thread; automatic choice marked *")
    for lmax in range(options.lmax + 1):
        vectors(lmax)
    for lmax in range(1, min(options.lmax, 6) + 1):
        matrices(lmax)


if __name__ == "__main__":
    main()
