"""Products of n features to the degree of one of them, by each method and in torch, in one run.

    python benchmarks/many_body.py [--orders 2 3 4] [--lmax 1 2 3 4 5 6] [--threads 1] [--dtype float32]

Samples of 128 channels, batch-first arrays in and out: powers f^n of one feature, as MACE takes them, and,
with --different, products of n features. Beside the methods of `GauntManyBody`, if torch is there:

    torch fourier   the published way [Luo, Chen, Krishnapriyan 2024]: dense change of basis to the 2D Fourier
                    basis, products of halves by torch's FFT, each on a grid of its own degree, and one dense
                    change of basis back (with exact tables)
    torch grid      dense matrices to and from the smallest exact grid of the sphere

each checked against ours before it is timed. The choice of `method="auto"` is marked *; below it, how near it
comes to the limits of this machine, counted as the multiplications of its method and the bytes of operands
and results.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from processors import use_threads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many-body Gaunt products, side by side.")
    parser.add_argument("--orders", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--lmax", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.03)
    parser.add_argument(
        "--different", action="store_true", help="n features instead of the n-th power of one"
    )
    parser.add_argument("--backward", action="store_true", help="gradients of all features, ours alone")
    return parser.parse_args()


options = parse()
use_threads(options.threads)

import numpy as np  # noqa: E402
from side_by_side import compare, measure_machine  # noqa: E402

import reptheory as rt  # noqa: E402

Array = Any
MACHINE = measure_machine(options.threads, options.dtype)
COMPLEX = {"float32": "complex64", "float64": "complex128"}[options.dtype]


def torch_fourier(lmax: int, order: int) -> Callable[[list[Any]], Any]:
    """Return the published way, of torch tensors (samples, dim): products of halves, each computed once."""
    import torch  # noqa: PLC0415

    there = rt.fourier_from_harmonics(lmax, "real").to_numpy("complex128").astype(COMPLEX)
    back = rt.harmonics_from_fourier(lmax, order * lmax, "real").to_numpy("complex128").astype(COMPLEX)
    side = 2 * lmax + 1
    to_fourier = torch.from_numpy(there.reshape(len(there), side * side))
    from_fourier = torch.from_numpy(np.ascontiguousarray(back.reshape(len(back), -1).T))

    def product(features: list[Any]) -> Any:
        series = {(k,): (one.to(to_fourier.dtype) @ to_fourier).reshape(-1, side, side)
                  for k, one in enumerate(features)}  # fmt: skip

        def multiplied(part: tuple[int, ...]) -> Any:
            if part not in series:
                f, g = multiplied(part[: len(part) // 2]), multiplied(part[len(part) // 2 :])
                size = (f.shape[-1] + g.shape[-1] - 1,) * 2
                f, g = torch.fft.fft2(f, s=size), torch.fft.fft2(g, s=size)
                series[part] = torch.fft.ifft2(f * g)
            return series[part]

        whole = multiplied(tuple(range(order)) if len(features) > 1 else (0,) * order)
        return (whole.reshape(len(whole), -1) @ from_fourier).real

    return product


def torch_grid(lmax: int, order: int, dtype: str) -> Callable[[list[Any]], Any]:
    """Return the product on the smallest exact grid, by dense matrices."""
    import torch  # noqa: PLC0415

    grid = rt.SphereGrid((order + 1) * lmax)
    dim = (lmax + 1) ** 2
    points = rt.ToGrid(lmax, grid)(np.eye(dim)).reshape(dim, -1)
    weights = rt.FromGrid(lmax, grid)(np.eye(points.shape[1]).reshape(-1, *grid.shape))
    to_grid, from_grid = (torch.from_numpy(one.astype(dtype)) for one in (points, weights))

    def product(features: list[Any]) -> Any:
        total = features[0] @ to_grid
        one = total.clone() if len(features) == 1 else None
        for k in range(1, order):
            total = total * (one if one is not None else features[k] @ to_grid)
        return total @ from_grid

    return product


def torch_ways(lmax: int, order: int, features: list[Array]) -> dict[str, Callable[[], Any]]:
    """Return the ways that torch offers, if it is there."""
    if find_spec("torch") is None:
        return {}
    import torch  # noqa: PLC0415

    torch.set_num_threads(options.threads)
    given = [torch.from_numpy(one) for one in features]
    ways = {"torch fourier": torch_fourier(lmax, order), "torch grid": torch_grid(lmax, order, options.dtype)}
    return {name: lambda way=way: way(given) for name, way in ways.items()}


def show(lmax: int, order: int) -> None:
    """Time one order and degree."""
    rng = np.random.default_rng(0)
    count = order if options.different else 1
    rows = options.samples * options.channels
    features = [rng.standard_normal((rows, (lmax + 1) ** 2)).astype(options.dtype) for _ in range(count)]
    arguments = ([lmax] * count, lmax, None if options.different else order)
    products = {
        method: rt.GauntManyBody(*arguments, method, threads=options.threads)
        for method in ("table", "grid", "fourier")
    }
    chosen = rt.GauntManyBody(*arguments).method
    expected = products["table"](*features)
    calls: dict[str, Callable[[], object]] = {}
    for name in [chosen, *(name for name in products if name != chosen)]:
        product = products[name]
        if options.backward:
            calls[name] = lambda product=product: product.backward(*features, grad=expected)
        else:
            calls[name] = lambda product=product: product(*features)
    if not options.backward:
        for name, way in torch_ways(lmax, order, features).items():
            assert np.abs(way().numpy() - expected).max() < 1e-4 * np.abs(expected).max(), name
            calls[name] = way
    measured = compare(calls, options.turns, options.seconds)
    cells = [
        f"{row.name}{'*' if row.name == chosen else ''} {1e9 * row.seconds / rows:.0f} ({row.ratio:.2f})"
        for row in measured
    ]
    print(f"n = {order}, L = {lmax}   " + "   ".join(cells), flush=True)
    if not options.backward:
        moved = (count + 1) * features[0].itemsize * features[0].shape[1]
        print(
            f"    {MACHINE.describe(2 * products[chosen].cost, moved, measured[0].seconds / rows)}",
            flush=True,
        )


def main() -> None:
    print(f"ns a product and channel (times the chosen one); {MACHINE}")
    for order in options.orders:
        for lmax in options.lmax:
            show(lmax, order)


if __name__ == "__main__":
    main()
