"""The Gaunt product L x L -> L against the ways others compute it on a CPU, in one run.

    pip install ".[bench]"
    python benchmarks/gaunt_peers.py [--threads 1] [--lmax 2 4 6 8 10] [--batch 10000] [--channels 0]
                                     [--dtype float32] [--forward-only] [--without e3x]
    python benchmarks/gaunt_peers.py --lmax 1..12
    python benchmarks/gaunt_peers.py --lmax 13..32 --batch 1000 --turns 1 --forward-only --without e3x

Batch-first arrays in and out. Contenders, all but e3x checked against ours before they are timed:

    torch outer     (x outer y) @ G, the dense Gaunt tensor as one matrix product
    torch bilinear  x @ G, then one batched matrix product with y
    torch fourier   the published way [Luo, Chen, Krishnapriyan 2024]: dense change of basis to the 2D Fourier
                    basis, torch's FFT, product, FFT back, dense change of basis (with exact tables)
    e3x             FusedTensor, jitted, with weights (one a path) and a layout of its own; its kernels take a
                    quarter of a minute to build at L = 10, a minute at 12, more than four at 16

--channels C adds C to each sample, for the paper's case of 128. A way that would take gigabytes is left out:
the dense tensor has (L + 1)^6 entries. Also printed: operations and bytes of ours, and which part they are of
this machine's matrix products and copies, measured in the same run, and at the end the best peer of each L.
"""

from __future__ import annotations

from processors import against_peers, use_threads


def degrees(text: str) -> range:
    """Read "4" or "1..32"."""
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


parser = against_peers("The Gaunt product against other ways of computing it.")
parser.add_argument("--lmax", type=degrees, nargs="+", default=[range(2, 11, 2)], metavar="L or L..L")
parser.add_argument("--channels", type=int, default=0)
options = parser.parse_args()
use_threads(options.threads)

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from peers import Calls, Run, jax_calls, our_calls, torch_calls  # noqa: E402
from side_by_side import Measured  # noqa: E402

import reptheory as rt  # noqa: E402

Way = Callable[[Any, Any], Any]
DENSE_UP_TO = 12
"""Degree up to which the dense tensor is tried: beyond, the published way is faster and takes less memory."""


def dense_tensor(lmax: int) -> np.ndarray:
    """Return G[i, j, k]."""
    dim = (lmax + 1) ** 2
    product = rt.GauntTensorProduct(lmax, lmax, lmax, "table")
    unit = np.eye(dim)
    return product(np.repeat(unit, dim, axis=0), np.tile(unit, (dim, 1))).reshape(dim, dim, dim)


def torch_ways(lmax: int, samples: int) -> dict[str, Way]:
    """Return the ways that torch offers, of two tensors (samples, dim)."""
    dim, size = (lmax + 1) ** 2, 4 * lmax + 1
    ways: dict[str, Way] = {}
    if lmax <= DENSE_UP_TO and samples * dim * dim < 2**29:
        tensor = torch.from_numpy(dense_tensor(lmax).astype(options.dtype))
        flat, row = tensor.reshape(dim * dim, dim), tensor.reshape(dim, dim * dim)
        ways["torch outer"] = lambda x, y: (x[:, :, None] * y[:, None, :]).reshape(samples, -1) @ flat
        ways["torch bilinear"] = lambda x, y: torch.bmm(y[:, None], (x @ row).reshape(samples, dim, dim))[
            :, 0
        ]
    if samples * size * size < 2**28:
        ways["torch fourier"] = fourier_way(lmax, samples)
    return ways


def fourier_way(lmax: int, samples: int) -> Way:
    """Return the published way."""
    dim, size = (lmax + 1) ** 2, 4 * lmax + 1
    wide = "complex64" if options.dtype == "float32" else "complex128"
    padded = np.zeros((dim, size, size), wide)
    padded[:, : 2 * lmax + 1, : 2 * lmax + 1] = rt.fourier_from_harmonics(lmax, "real").to_numpy("complex128")
    back = rt.harmonics_from_fourier(lmax, 2 * lmax, "real").to_numpy("complex128")
    to_fourier = torch.from_numpy(padded.reshape(dim, -1))
    from_fourier = torch.from_numpy(back.reshape(dim, -1).T.astype(wide))

    def fourier(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        f, g = ((one.to(to_fourier.dtype) @ to_fourier).reshape(samples, size, size) for one in (x, y))
        h = torch.fft.ifft2(torch.fft.fft2(f) * torch.fft.fft2(g))
        return (h.reshape(samples, -1) @ from_fourier).real

    return fourier


def e3x_calls(lmax: int, *given: np.ndarray) -> Calls:
    """Return e3x's product, whose weights and paths differ: it is timed, not compared."""
    import e3x  # noqa: PLC0415
    import jax  # noqa: PLC0415

    jax.config.update("jax_enable_x64", options.dtype == "float64")
    fused = e3x.nn.FusedTensor(max_degree=lmax, include_pseudotensors=False, dtype=options.dtype)
    x, y, grad = (array[:, None, :, None] for array in given)
    weights = fused.init(jax.random.PRNGKey(0), x[:1], y[:1])
    return jax_calls(lambda a, b: fused.apply(weights, a, b), (x, y), grad)


def case(run: Run, lmax: int) -> list[str]:
    """Time one degree, print it, and return lines on the best peer."""
    samples, dim = options.batch * max(1, options.channels), (lmax + 1) ** 2
    *given, grad = (run.samples(samples, dim) for _ in range(3))
    product = rt.GauntTensorProduct(lmax, lmax, lmax, threads=options.threads)
    expected = product(*given)
    calls = {f"reptheory, {product.method}": our_calls(product, given, grad)}
    for name, way in torch_ways(lmax, samples).items():
        gap = np.abs(way(*(torch.from_numpy(one) for one in given)).numpy() - expected).max()
        assert gap < 1e-3 * np.abs(expected).max(), name
        calls[name] = torch_calls(way, given, grad)
    if "e3x" not in options.without:
        calls["e3x FusedTensor"] = e3x_calls(lmax, *given, grad)
    sizes = 2 * given[0].nbytes, grad.nbytes
    found = run.report(f"Gaunt, L = {lmax}", calls, samples, 2 * samples * product.cost, sizes)
    return [best(lmax, rows, samples) for rows in found]


def best(lmax: int, rows: list[Measured], samples: int) -> str:
    """Return a line on ours and the best peer."""
    ours, *others = rows
    peer = min(others, key=lambda row: row.seconds)
    each = 1e9 * ours.seconds / samples
    return f"{lmax:3d} {ours.name} {each:9.1f} ns   {peer.name} {peer.ratio:6.1f} x ours"


def main() -> None:
    run = Run(options)
    lines = [line for asked in options.lmax for lmax in asked for line in case(run, lmax)]
    print(*lines, sep="\n")


if __name__ == "__main__":
    main()
