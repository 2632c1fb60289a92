"""Tensor products against e3nn, e3nn-jax and e3x, in one run.

    pip install ".[bench]"
    python benchmarks/tensor_products.py [--threads 2] [--dtype float32] [--turns 7]

Every contender gets its own kind of array, made beforehand, allocates its own result and uses the same number
of threads. Full Clebsch-Gordan: inputs one copy of each degree 0..L, every path. Gaunt: L x L -> L,
(batch, dim) arrays in and out; e3x's FusedTensor has weights (all that remains of it is fused into its
kernels at compile time) and its own input layout (batch, 1, dim, 1).
"""

from __future__ import annotations

import argparse

from processors import use_threads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tensor products against e3nn, e3nn-jax and e3x.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--batch", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--full", type=int, nargs="*", default=[2, 4, 6])
    parser.add_argument("--gaunt", type=int, nargs="*", default=[6, 8, 10, 14, 20])
    return parser.parse_args()


options = parse()
use_threads(options.threads)

import e3nn_jax  # noqa: E402
import e3x  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from e3nn import o3  # noqa: E402
from e3nn.util.jit import script  # noqa: E402
from side_by_side import Machine, Measured, compare, measure_machine  # noqa: E402

import reptheory as rt  # noqa: E402

torch.set_num_threads(options.threads)
jax.config.update("jax_enable_x64", options.dtype == "float64")
RNG = np.random.default_rng(0)


def samples(batch: int, dim: int) -> np.ndarray:
    return RNG.standard_normal((batch, dim)).astype(options.dtype)


def report(title: str, rows: list[Measured], batch: int) -> None:
    print(title)
    for row in rows:
        print(f"    {row.name:28s} {1e9 * row.seconds / batch:12.1f} ns a product   {row.ratio:8.2f} x ours")


def full(lmax: int, batch: int, machine: Machine) -> None:
    """Compare the full Clebsch-Gordan product on degrees 0..lmax, parity (-1)^l."""
    irreps = "+".join(f"1x{degree}{'eo'[degree % 2]}" for degree in range(lmax + 1))
    ours = rt.FullTensorProduct(irreps, irreps, threads=options.threads)
    x, y = samples(batch, ours.dim1), samples(batch, ours.dim2)
    torch.set_default_dtype(getattr(torch, options.dtype))
    eager = o3.FullTensorProduct(irreps, irreps)
    scripted = script(o3.FullTensorProduct(irreps, irreps))
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    jx, jy = e3nn_jax.IrrepsArray(irreps, x), e3nn_jax.IrrepsArray(irreps, y)
    jitted = jax.jit(lambda a, b: e3nn_jax.tensor_product(a, b).array)
    with torch.no_grad():
        rows = compare(
            {
                "reptheory": lambda: ours(x, y),
                "e3nn scripted": lambda: scripted(tx, ty),
                "e3nn": lambda: eager(tx, ty),
                "e3nn-jax jit": lambda: jitted(jx, jy).block_until_ready(),
            },
            options.turns,
        )
    report(f"full Clebsch-Gordan, L = {lmax}, batch {batch}, {options.dtype}", rows, batch)
    moved = x.itemsize * (ours.dim1 + ours.dim2 + ours.dim_out)
    print(f"    ours: {machine.describe(2 * ours.cost, moved, rows[0].seconds / batch)}")


def gaunt(lmax: int, batch: int) -> float:
    """Compare the Gaunt product L x L -> L; return ours in seconds a product."""
    contenders = {}
    x, y = samples(batch, (lmax + 1) ** 2), samples(batch, (lmax + 1) ** 2)
    for method in ("auto", "fourier"):
        product = rt.GauntTensorProduct(lmax, lmax, lmax, method=method, threads=options.threads)
        contenders[f"reptheory {method}"] = lambda product=product: product(x, y)
    if lmax <= 10:  # its kernels take minutes to build beyond
        fused = e3x.nn.FusedTensor(max_degree=lmax, include_pseudotensors=False, dtype=options.dtype)
        jx, jy = (jax.numpy.asarray(array)[:, None, :, None] for array in (x, y))
        weights = fused.init(jax.random.PRNGKey(0), jx, jy)
        jitted = jax.jit(fused.apply)
        contenders["e3x FusedTensor jit"] = lambda: jitted(weights, jx, jy).block_until_ready()
    rows = compare(contenders, options.turns)
    report(f"Gaunt {lmax} x {lmax} -> {lmax}, batch {batch}, {options.dtype}", rows, batch)
    return rows[0].seconds / batch


def main() -> None:
    machine = measure_machine(options.threads, options.dtype)
    print(f"{options.turns} turns, medians; {machine}")
    for batch in options.batch:
        for lmax in options.full:
            full(lmax, batch, machine)
        seconds = {lmax: gaunt(lmax, batch) for lmax in options.gaunt}
        if len(seconds) > 1:
            low, high = min(seconds), max(seconds)
            exponent = np.log(seconds[high] / seconds[low]) / np.log(high / low)
            print(f"    Gaunt from L = {low} to {high}, batch {batch}: time grows as L^{exponent:.2f}")


if __name__ == "__main__":
    main()
