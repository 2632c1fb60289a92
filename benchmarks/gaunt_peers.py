"""The Gaunt product L x L -> L against the ways others compute it on a CPU, in one run.

    pip install ".[bench]"
    python benchmarks/gaunt_peers.py [--threads 1] [--lmax 2 4 6 8 10] [--batch 10000] [--channels 0]

Batch-first arrays in and out, float32. Contenders, each checked against ours before it is timed:

    torch outer     (x outer y) @ G, the dense Gaunt tensor as one matrix product
    torch bilinear  x @ G, then one batched matrix product with y
    torch fourier   the published way [Luo, Chen, Krishnapriyan 2024]: dense change of basis to the 2D Fourier
                    basis, torch's FFT, product, FFT back, dense change of basis (with exact tables)
    e3x             FusedTensor, jitted, with its weights and its own layout

--channels C adds C to each sample, for the paper's case of 128. Also printed: multiply-adds and bytes of
ours, and which part they are of this machine's matrix products and copies, measured in the same run.
"""

from __future__ import annotations

import argparse
import os


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The Gaunt product against other ways of computing it.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lmax", type=int, nargs="+", default=[2, 4, 6, 8, 10])
    parser.add_argument("--batch", type=int, default=10000)
    parser.add_argument("--channels", type=int, default=0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--e3x", action="store_true", help="its kernels take long to compile")
    return parser.parse_args()


options = parse()
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))

from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from side_by_side import compare, measure_machine  # noqa: E402

import reptheory as rt  # noqa: E402

torch.set_num_threads(options.threads)
DENSE_UP_TO = 8
"""Degree up to which the dense tensor is tried: beyond, its products take gigabytes."""


def dense_tensor(lmax: int) -> np.ndarray:
    """Return G[i, j, k]."""
    dim = (lmax + 1) ** 2
    product = rt.GauntTensorProduct(lmax, lmax, lmax, "table")
    unit = np.eye(dim)
    return product(np.repeat(unit, dim, axis=0), np.tile(unit, (dim, 1))).reshape(dim, dim, dim)


def torch_ways(lmax: int, x: torch.Tensor, y: torch.Tensor) -> dict[str, Callable[[], torch.Tensor]]:
    """Return the ways that torch offers."""
    dim, batch = (lmax + 1) ** 2, len(x)
    ways: dict[str, Callable[[], torch.Tensor]] = {}
    if lmax <= DENSE_UP_TO and batch * dim * dim < 2**30:
        tensor = torch.from_numpy(dense_tensor(lmax).astype(np.float32))
        flat, wide = tensor.reshape(dim * dim, dim), tensor.reshape(dim, dim * dim)
        ways["torch outer"] = lambda: (x[:, :, None] * y[:, None, :]).reshape(batch, -1) @ flat
        ways["torch bilinear"] = lambda: torch.bmm(y[:, None, :], (x @ wide).reshape(batch, dim, dim))[:, 0]
    band = 2 * lmax
    there = rt.fourier_from_harmonics(lmax, "real").to_numpy("complex128")
    size = 2 * band + 1
    padded = np.zeros((dim, size, size), complex)
    padded[:, : 2 * lmax + 1, : 2 * lmax + 1] = there
    back = rt.harmonics_from_fourier(lmax, band, "real").to_numpy("complex128")
    grid = size * size
    to_fourier = torch.from_numpy(padded.reshape(dim, grid).astype(np.complex64))
    from_fourier = torch.from_numpy(back.reshape(dim, grid).T.astype(np.complex64).copy())

    def fourier() -> torch.Tensor:
        f, g = ((a.to(torch.complex64) @ to_fourier).reshape(batch, size, size) for a in (x, y))
        h = torch.fft.ifft2(torch.fft.fft2(f) * torch.fft.fft2(g))
        return (h.reshape(batch, grid) @ from_fourier).real

    if batch * grid < 2**28:
        ways["torch fourier"] = fourier
    return ways


def e3x_way(lmax: int, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    """Return e3x's product, whose weights and paths differ: it is timed, not compared."""
    import e3x  # noqa: PLC0415
    import jax  # noqa: PLC0415

    fused = e3x.nn.FusedTensor(max_degree=lmax, include_pseudotensors=False, dtype="float32")
    jx, jy = (jax.numpy.asarray(array)[:, None, :, None] for array in (x, y))
    weights = fused.init(jax.random.PRNGKey(0), jx, jy)
    jitted = jax.jit(fused.apply)
    return lambda: jitted(weights, jx, jy).block_until_ready()


def main() -> None:
    machine = measure_machine(options.threads)
    print(machine)
    samples = options.batch * max(1, options.channels)
    rng = np.random.default_rng(0)
    for lmax in options.lmax:
        dim = (lmax + 1) ** 2
        x, y = (rng.standard_normal((samples, dim), dtype=np.float32) for _ in "xy")
        ours = rt.GauntTensorProduct(lmax, lmax, lmax, threads=options.threads)
        out = np.empty((samples, dim), np.float32)
        expected = ours(x, y)
        ways: dict[str, Callable[[], object]] = {
            "reptheory": lambda: ours(x, y),  # noqa: B023
            "reptheory, out=": lambda: ours(x, y, out=out),  # noqa: B023
        }
        with torch.no_grad():
            for name, way in torch_ways(lmax, torch.from_numpy(x), torch.from_numpy(y)).items():
                assert np.abs(way().numpy() - expected).max() < 1e-3 * np.abs(expected).max(), name
                ways[name] = way
            if options.e3x:
                ways["e3x FusedTensor"] = e3x_way(lmax, x, y)
            rows = compare(ways, options.turns)
        each = rows[0].seconds / samples
        print(
            f"L = {lmax}, {samples} products, method {ours.method}: "
            + machine.describe(2 * ours.cost, 12 * dim, each)
        )
        for row in rows:
            print(
                f"    {row.name:20s} {1e9 * row.seconds / samples:12.1f} ns a product {row.ratio:9.2f} x ours"
            )


if __name__ == "__main__":
    main()
