"""Functions on the sphere and spins against e3nn's grids and S2Activation, and dense products in torch.

    python benchmarks/sphere.py [--threads 1] [--dtype float32] [--batch 10000] [--lmax 8]

Grids: our smallest Gauss-Legendre grid from which features come back ("own"), and one of e3nn's number of
rings and at least its points; e3nn's is the smallest that it takes, (2 L + 2, 2 L + 1). Each line has our
time for a sample, which part of the machine's limits that is, and how many times longer the peer takes.
Spins: the full product of spin j with itself on complex features, against a dense matrix of coefficients.
Needs ".[bench]" (e3nn, torch). With two threads on cores that others use, torch's threads spin and wait for
each other: such ratios say nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from processors import use_threads

parser = argparse.ArgumentParser(description="Functions on the sphere and spins, against their peers.")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
parser.add_argument("--batch", type=int, default=10_000)
parser.add_argument("--lmax", type=int, default=8)
options = parser.parse_args()
use_threads(options.threads)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from e3nn.nn import S2Activation  # noqa: E402
from e3nn.o3 import FromS2Grid, Irreps, ToS2Grid  # noqa: E402
from side_by_side import compare, measure_machine  # noqa: E402

import reptheory as rt  # noqa: E402

torch.set_num_threads(options.threads)
RNG = np.random.default_rng(0)
MACHINE = measure_machine(options.threads, options.dtype)
REAL = getattr(torch, options.dtype)


def show(title: str, ours: Callable[[], Any], peer: Callable[[], Any], operations: float, moved: int) -> None:
    """Print one line; operations and bytes are those of one sample."""
    own, other = compare({"ours": ours, "peer": peer}, turns=5, seconds=0.05)
    each = own.seconds / options.batch
    print(
        f"{title:28} {1e9 * each:8.1f} ns, {MACHINE.describe(operations, moved, each)}; "
        f"peer {other.ratio:.1f} times",
        flush=True,
    )


def grids(lmax: int) -> None:
    """Compare transforms and an activation of one feature a sample."""
    shape = 2 * lmax + 2, 2 * lmax + 1
    to_peer = ToS2Grid(lmax, shape, normalization="integral", dtype=REAL)
    from_peer = FromS2Grid(shape, lmax, normalization="integral", dtype=REAL)
    act_peer = S2Activation(Irreps.spherical_harmonics(lmax), torch.tanh, shape[0], normalization="integral")
    act_peer = act_peer.to(REAL)
    x = RNG.standard_normal((options.batch, (lmax + 1) ** 2)).astype(options.dtype)
    x_peer = torch.tensor(x)
    values_peer = to_peer(x_peer)
    like = rt.SphereGrid.of_shape(shape[0], 4 * -(-shape[1] // 4), "equiangular")
    for name, grid in (("own", rt.SphereGrid(2 * lmax)), ("its rings", like)):
        to, back = (kind(lmax, grid, threads=options.threads) for kind in (rt.ToGrid, rt.FromGrid))
        act = rt.SphereActivation(lmax, "tanh", grid=grid, threads=options.threads)
        values = to(x)
        moved = (x.nbytes + values.nbytes) // options.batch
        title, there, here = f"L = {lmax}, {name},", 2 * to.cost, 2 * back.cost
        show(f"{title} to grid", partial(to, x), partial(to_peer, x_peer), there, moved)
        show(f"{title} from grid", partial(back, values), partial(from_peer, values_peer), here, moved)
        own = 2 * x.nbytes // options.batch
        show(f"{title} tanh", partial(act, x), partial(act_peer, x_peer), there + here, own)


def spins(j: str) -> None:
    """Compare the full product of a spin with itself."""
    product = rt.SpinTensorProduct(j, j, threads=options.threads)
    kind = np.complex64 if options.dtype == "float32" else np.complex128
    parts = RNG.standard_normal((4, options.batch, product.dim1))
    x, y = ((parts[k] + 1j * parts[k + 1]).astype(kind) for k in (0, 2))
    dense = product(np.eye(product.dim1)[:, None], np.eye(product.dim1)).reshape(-1, product.dim_out)
    matrix, left, right = (torch.tensor(one.astype(kind)) for one in (dense, x, y))

    def peer() -> torch.Tensor:
        return (left[:, :, None] * right[:, None, :]).flatten(1) @ matrix

    moved = x.itemsize * (2 * product.dim1 + product.dim_out)
    show(f"j = {j}, full product", partial(product, x, y), peer, 2 * product.cost, moved)


def main() -> None:
    """Print a line a case."""
    print(f"batch {options.batch}; {MACHINE}")
    for lmax in range(1, options.lmax + 1):
        grids(lmax)
    for j in ("1/2", "1", "3/2", "2", "4"):
        spins(j)


if __name__ == "__main__":
    main()
