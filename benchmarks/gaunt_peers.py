"""The Gaunt product L x L -> L against the ways others compute it on a CPU, in one run.

    pip install ".[bench]"
    python benchmarks/gaunt_peers.py [--threads 1] [--lmax 2 4 6 8 10] [--batch 10000] [--channels 0]
                                     [--dtype float32] [--backward] [--e3x]
    python benchmarks/gaunt_peers.py --lmax 1..12
    python benchmarks/gaunt_peers.py --lmax 13..32 --batch 1000 --turns 1

Batch-first arrays in and out. One thread is timed by what it uses of its processor, more by the clock.
Contenders, each checked against ours before it is timed:

    torch outer     (x outer y) @ G, the dense Gaunt tensor as one matrix product
    torch bilinear  x @ G, then one batched matrix product with y
    torch fourier   the published way [Luo, Chen, Krishnapriyan 2024]: dense change of basis to the 2D Fourier
                    basis, torch's FFT, product, FFT back, dense change of basis (with exact tables)
    e3x             FusedTensor, jitted, with its weights and its own layout

--channels C adds C to each sample, for the paper's case of 128. --backward times the product and its
gradients in both operands; torch and JAX differentiate theirs. A way that would take gigabytes is left out:
the dense tensor has (L + 1)^6 entries. Also printed: operations and bytes of ours, and which part they are of
this machine's matrix products and copies, measured in the same run, and at the end the best
peer of each L.
"""

from __future__ import annotations

import argparse
import time

from processors import use_threads


def degrees(text: str) -> range:
    """Read "4" or "1..32"."""
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The Gaunt product against other ways of computing it.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lmax", type=degrees, nargs="+", default=[range(2, 11, 2)], metavar="L or L..L")
    parser.add_argument("--batch", type=int, default=10000)
    parser.add_argument("--channels", type=int, default=0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of a turn")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--backward", action="store_true", help="product and both gradients")
    parser.add_argument("--e3x", action="store_true", help="its kernels take long to compile")
    return parser.parse_args()


options = parse()
use_threads(options.threads)

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from side_by_side import Machine, compare, measure_machine  # noqa: E402

import reptheory as rt  # noqa: E402

torch.set_num_threads(options.threads)
DENSE_UP_TO = 12
"""Degree up to which the dense tensor is tried: beyond, the published way is faster and takes less memory."""


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
    if lmax <= DENSE_UP_TO and batch * dim * dim < 2**29:
        tensor = torch.from_numpy(dense_tensor(lmax).astype(options.dtype))
        flat, row = tensor.reshape(dim * dim, dim), tensor.reshape(dim, dim * dim)
        ways["torch outer"] = lambda: (x[:, :, None] * y[:, None, :]).reshape(batch, -1) @ flat
        ways["torch bilinear"] = lambda: torch.bmm(y[:, None, :], (x @ row).reshape(batch, dim, dim))[:, 0]
    band = 2 * lmax
    there = rt.fourier_from_harmonics(lmax, "real").to_numpy("complex128")
    size = 2 * band + 1
    padded = np.zeros((dim, size, size), complex)
    padded[:, : 2 * lmax + 1, : 2 * lmax + 1] = there
    back = rt.harmonics_from_fourier(lmax, band, "real").to_numpy("complex128")
    grid = size * size
    wide = "complex64" if options.dtype == "float32" else "complex128"
    to_fourier = torch.from_numpy(padded.reshape(dim, grid).astype(wide))
    from_fourier = torch.from_numpy(back.reshape(dim, grid).T.astype(wide))

    def fourier() -> torch.Tensor:
        f, g = ((a.to(to_fourier.dtype) @ to_fourier).reshape(batch, size, size) for a in (x, y))
        h = torch.fft.ifft2(torch.fft.fft2(f) * torch.fft.fft2(g))
        return (h.reshape(batch, grid) @ from_fourier).real

    if batch * grid < 2**28:
        ways["torch fourier"] = fourier
    return ways


def with_gradients(way: Callable[[], torch.Tensor], *given: torch.Tensor) -> Callable[[], Any]:
    """Return the way with its gradients in x and y, for a gradient of the result."""
    x, y, grad = given
    return lambda: torch.autograd.grad(way(), (x, y), grad)


def e3x_way(lmax: int, *given: np.ndarray) -> Callable[[], object]:
    """Return e3x's product, whose weights and paths differ: it is timed, not compared."""
    import e3x  # noqa: PLC0415
    import jax  # noqa: PLC0415

    jax.config.update("jax_enable_x64", options.dtype == "float64")
    fused = e3x.nn.FusedTensor(max_degree=lmax, include_pseudotensors=False, dtype=options.dtype)
    x, y, grad = (jax.numpy.asarray(array)[:, None, :, None] for array in given)
    weights = fused.init(jax.random.PRNGKey(0), x, y)

    def both(x: Any, y: Any, grad: Any) -> Any:
        z, back = jax.vjp(lambda a, b: fused.apply(weights, a, b), x, y)
        return z, back(grad)

    if options.backward:
        jitted = jax.jit(both)
        return lambda: jax.block_until_ready(jitted(x, y, grad))
    jitted = jax.jit(fused.apply)
    return lambda: jitted(weights, x, y).block_until_ready()


def ours(lmax: int, x: np.ndarray, y: np.ndarray, grad: np.ndarray) -> tuple[Callable[[], object], Any]:
    """Return our call and our product."""
    product = rt.GauntTensorProduct(lmax, lmax, lmax, threads=options.threads)
    if options.backward:
        return lambda: (product(x, y), product.backward(x, y, grad)), product
    return lambda: product(x, y), product


def case(lmax: int, machine: Machine) -> str:
    """Time one degree, print it, and return a line on the best peer."""
    samples, dim = options.batch * max(1, options.channels), (lmax + 1) ** 2
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((samples, dim)).astype(options.dtype) for _ in range(3)]
    call, product = ours(lmax, *given)
    expected = product(*given[:2])
    ways: dict[str, Callable[[], object]] = {"reptheory": call}
    tensors = [torch.from_numpy(array) for array in given]
    for tensor in tensors[:2]:
        tensor.requires_grad_(options.backward)
    with torch.set_grad_enabled(options.backward):
        for name, way in torch_ways(lmax, *tensors[:2]).items():
            gap = np.abs(way().detach().numpy() - expected).max()
            assert gap < 1e-3 * np.abs(expected).max(), name
            ways[name] = with_gradients(way, *tensors) if options.backward else way
        if options.e3x:
            ways["e3x FusedTensor"] = e3x_way(lmax, *given)
        clock = time.process_time if options.threads == 1 else time.perf_counter
        rows = compare(ways, options.turns, options.seconds, clock)
    each = rows[0].seconds / samples
    cost = product.cost + sum(own.cost for own in product.gradients) if options.backward else product.cost
    moved = (9 if options.backward else 3) * dim * given[0].itemsize
    print(
        f"L = {lmax}, {samples} products, method {product.method}: {machine.describe(2 * cost, moved, each)}"
    )
    for row in rows:
        print(f"    {row.name:20s} {1e9 * row.seconds / samples:12.1f} ns a product {row.ratio:9.2f} x ours")
    best = min(rows[1:], key=lambda row: row.seconds)
    return f"{lmax:3d} {product.method:9s} {1e9 * each:9.1f} ns   {best.name} {best.ratio:6.1f} x ours"


def main() -> None:
    machine = measure_machine(options.threads, options.dtype)
    print(machine, "with gradients" if options.backward else "")
    lines = [case(lmax, machine) for asked in options.lmax for lmax in asked]
    print(*lines, sep="\n")


if __name__ == "__main__":
    main()
