"""Products of weights within and between copies: e3x's, e3nn's and cuEquivariance's against ours, in one run.

    pip install ".[bench]"
    python benchmarks/weighted_products.py [--threads 1] [--dtype float32] [--turns 5]

uuu    `features` copies of every degree up to L in x, y and z, one weight a path and copy, summed over paths:
       e3x's `Tensor`, whose values ours must reproduce; `FusedTensor` (other, fewer weights, the same irreps)
       and e3nn beside. e3x's arrays, (batch, parity, order, feature), are our "ir_mul" as they are.
uvw    fully connected, `channels` copies of every degree up to 2 to as many, with the harmonics up to 2 (one
       copy each), and with as many copies in y too: e3nn, scripted, and cuEquivariance.
linear equivariant linear layers, as many copies of every degree up to 2 in and out: e3nn's, scripted, and
       cuEquivariance's; ours in "ir_mul" as well.

Printed for each: time a sample and its ratio to ours; for ours the multiply-adds of the plan as GFLOP/s and
the bytes of operands and results as GB/s, beside what this machine reaches in a matrix product and in a copy.
"""

from __future__ import annotations

from processors import against_peers, use_threads

parser = against_peers("Weighted products against e3x, e3nn and cuEquivariance.", batch=1000)
parser.add_argument("--features", type=int, default=64)
parser.add_argument("--channels", type=int, default=32)
parser.add_argument("--uuu", type=int, nargs="*", default=[2, 4])
parser.add_argument("--parities", type=int, nargs="*", default=[1, 2])
parser.add_argument("--uvw", type=int, nargs="*", default=[1, 32], help="copies of y")
parser.add_argument("--linear", type=int, nargs="*", default=[32, 128], help="copies")
options = parser.parse_args()
use_threads(options.threads)

from typing import Any  # noqa: E402

import e3x  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from e3nn import o3  # noqa: E402
from e3nn.util.jit import script  # noqa: E402
from peers import Calls, Run, jax_calls, our_calls, torch_calls  # noqa: E402

import reptheory as rt  # noqa: E402

if "cuEquivariance" not in options.without:
    import cuequivariance as cue
    import cuequivariance_torch as cuet

jax.config.update("jax_enable_x64", options.dtype == "float64")


def measure(
    run: Run, title: str, ours: Any, given: tuple[tuple[Any, ...], Any], peers: dict[str, Calls]
) -> None:
    """Report a product of given arrays and gradient of the result, and its peers."""
    arrays, grad = given
    cost = ours._product.cost if isinstance(ours, rt.Linear) else ours.cost
    calls = {"reptheory": our_calls(ours, arrays, grad), **peers}
    sizes = sum(array.nbytes for array in arrays), grad.nbytes
    run.report(title, calls, options.batch, 2 * options.batch * cost, sizes)


def e3x_entries(lmax: int, parities: int) -> list[tuple[int, int, int]]:
    """Return parity axis, degree and parity (0 even) of each entry in e3x's order."""
    degrees = range(lmax + 1)
    if parities == 1:
        return [(0, degree, degree % 2) for degree in degrees]
    return [(parity, degree, parity) for parity in (0, 1) for degree in degrees]


def uuu(run: Run, lmax: int, parities: int) -> None:
    features, batch = options.features, options.batch
    entries = e3x_entries(lmax, parities)
    irreps = "+".join(f"{features}x{degree}{'eo'[parity]}" for _, degree, parity in entries)
    paths = [
        (i, j, k)
        for i, (_, l1, p1) in enumerate(entries)
        for j, (_, l2, p2) in enumerate(entries)
        for k, (_, l3, p3) in enumerate(entries)
        if abs(l1 - l2) <= l3 <= l1 + l2 and (p1 + p2) % 2 == p3
    ]
    kinds = {"path_normalization": "none", "shared_weights": True}
    instructions = [(*path, "uuu", True) for path in paths]
    ours = rt.TensorProduct(
        irreps, irreps, irreps, instructions, layout="ir_mul", threads=options.threads, **kinds
    )
    x, y, grad = (run.samples(batch, ours.dim1) for _ in range(3))
    shape = (batch, parities, (lmax + 1) ** 2, features)
    left, right = x.reshape(shape), y.reshape(shape)
    choices = {"max_degree": lmax, "include_pseudotensors": parities == 2, "cartesian_order": False}
    calls = {}
    for name, layer in (("Tensor", e3x.nn.Tensor(**choices)), ("FusedTensor", e3x.nn.FusedTensor(**choices))):
        parameters = layer.init(jax.random.key(0), left[:1], right[:1])
        calls[f"e3x {name} jit"] = jax_calls(layer.apply, (parameters, left, right), grad.reshape(shape))
        if name == "Tensor":
            kernel = np.asarray(parameters["params"]["kernel"], options.dtype)
            expected = np.asarray(layer.apply(parameters, left, right)).reshape(batch, -1)
    weight = np.empty(ours.weight_numel, options.dtype)
    for path, view in zip(paths, ours.weight_views(weight), strict=True):
        (a, l1, _), (b, l2, _), (c, l3, _) = (entries[place] for place in path)
        view[...] = kernel[a, l1, b, l2, c, l3] * (-1) ** ((l1 + l2 - l3) // 2)
    assert np.abs(ours(x, y, weight) - expected).max() < 1e-4 * np.abs(expected).max()
    scripted = script(o3.TensorProduct(irreps, irreps, irreps, instructions, internal_weights=False, **kinds))
    calls["e3nn scripted"] = torch_calls(scripted, (x, y, weight), grad)
    title = f"uuu, lmax {lmax}, {features} features, {parities} parities"
    measure(run, title, ours, ((x, y, weight), grad), calls)


def uvw(run: Run, copies: int) -> None:
    channels, batch = options.channels, options.batch
    first = f"{channels}x0e+{channels}x1o+{channels}x2e"
    second = f"{copies}x0e+{copies}x1o+{copies}x2e"
    ours = rt.FullyConnectedTensorProduct(first, second, first, threads=options.threads)
    arrays = run.samples(batch, ours.dim1), run.samples(batch, ours.dim2), run.samples(ours.weight_numel)
    grad = run.samples(batch, ours.dim_out)
    module = script(
        o3.FullyConnectedTensorProduct(first, second, first, internal_weights=False, shared_weights=True)
    )
    calls = {"e3nn scripted": torch_calls(module, arrays, grad)}
    if "cuEquivariance" not in options.without:
        kinds = [cue.Irreps("O3", irreps) for irreps in (first, second, first)]
        theirs = cuet.FullyConnectedTensorProduct(
            *kinds, layout=cue.mul_ir, shared_weights=True, internal_weights=False, method="naive",
            dtype=getattr(torch, options.dtype),
        )  # fmt: skip
        weights = run.samples(1, theirs.weight_numel)
        module = lambda x, y, w: theirs(x, y, weight=w)  # noqa: E731
        calls["cuEquivariance CPU"] = torch_calls(module, (*arrays[:2], weights), grad)
    measure(run, f"uvw, lmax 2, {channels} x {copies} -> {channels} copies", ours, (arrays, grad), calls)


def linear(run: Run, copies: int) -> None:
    irreps, batch = f"{copies}x0e+{copies}x1o+{copies}x2e", options.batch
    ours, other = (
        rt.Linear(irreps, irreps, layout=layout, threads=options.threads) for layout in ("mul_ir", "ir_mul")
    )
    arrays = run.samples(batch, ours.dim_in), run.samples(ours.weight_numel)
    grad = run.samples(batch, ours.dim_out)
    module = script(o3.Linear(irreps, irreps, internal_weights=False, shared_weights=True))
    calls = {
        "reptheory ir_mul": our_calls(other, arrays, grad),
        "e3nn scripted": torch_calls(module, arrays, grad),
    }
    if "cuEquivariance" not in options.without:
        kind = cue.Irreps("O3", irreps)
        theirs = cuet.Linear(
            kind, kind, layout=cue.mul_ir, shared_weights=True, internal_weights=False, method="naive",
            dtype=getattr(torch, options.dtype),
        )  # fmt: skip
        weights = run.samples(1, theirs.weight_numel)
        calls["cuEquivariance CPU"] = torch_calls(theirs, (arrays[0], weights), grad)
    measure(run, f"linear, lmax 2, {copies} copies", ours, (arrays, grad), calls)


def main() -> None:
    run = Run(options)
    for lmax in options.uuu:
        for parities in options.parities:
            uuu(run, lmax, parities)
    for copies in options.uvw:
        uvw(run, copies)
    for copies in options.linear:
        linear(run, copies)


if __name__ == "__main__":
    main()
