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

import argparse
import time
from typing import Any

from processors import use_threads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Weighted products against e3x, e3nn and cuEquivariance.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.0, help="least time of a turn")
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--uuu", type=int, nargs="*", default=[2, 4])
    parser.add_argument("--parities", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--uvw", type=int, nargs="*", default=[1, 32], help="copies of y")
    parser.add_argument("--linear", type=int, nargs="*", default=[32, 128], help="copies")
    parser.add_argument("--forward-only", action="store_true")
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out")
    return parser.parse_args()


options = parse()
use_threads(options.threads)

import e3x  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from e3nn import o3  # noqa: E402
from e3nn.util.jit import script  # noqa: E402
from side_by_side import compare, measure_machine, print_times  # noqa: E402

import reptheory as rt  # noqa: E402

if "cuEquivariance" not in options.without:
    import cuequivariance as cue
    import cuequivariance_torch as cuet

torch.set_num_threads(options.threads)
torch.set_default_dtype(getattr(torch, options.dtype))
jax.config.update("jax_enable_x64", options.dtype == "float64")
RNG = np.random.default_rng(0)
MACHINE = measure_machine(options.threads, options.dtype)


def samples(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(options.dtype)


def report(title: str, contenders: dict[str, Any], work: float, moved: float) -> None:
    kept = {
        name: call for name, call in contenders.items() if not any(word in name for word in options.without)
    }
    clock = time.process_time if options.threads == 1 else time.perf_counter
    rows = compare(kept, options.turns, options.seconds, clock)
    print_times(title, rows, options.batch, MACHINE, work, moved)


def torch_calls(module: Any, arrays: tuple[Any, ...], grad: Any) -> tuple[Any, Any]:
    """Return calls of a torch module, forward and with gradients."""
    tensors, incoming = [torch.from_numpy(array) for array in arrays], torch.from_numpy(grad)

    def both() -> None:
        leaves = [tensor.detach().requires_grad_() for tensor in tensors]
        torch.autograd.grad(module(*leaves), leaves, incoming)

    return torch.no_grad()(lambda: module(*tensors)), both


def jax_calls(function: Any, given: tuple[Any, ...], grad: Any) -> tuple[Any, Any]:
    """Return calls of a function for JAX, forward and with gradients, compiled."""

    def pulled(given: Any, grad: Any) -> Any:
        value, pull = jax.vjp(function, *given)
        return value, pull(grad)

    forward, both = jax.jit(function), jax.jit(pulled)
    arrays, incoming = jax.tree.map(jax.numpy.asarray, given), jax.numpy.asarray(grad)
    return (
        lambda: jax.block_until_ready(forward(*arrays)),
        lambda: jax.block_until_ready(both(arrays, incoming)),
    )


def measure(title: str, ours: Any, arrays: tuple[Any, ...], calls: dict[str, tuple[Any, Any]]) -> None:
    """Report forward, and forward with gradients."""
    grad = samples(options.batch, ours.dim_out)
    size = sum(array.nbytes for array in (*arrays, grad))
    cost = ours._product.cost if isinstance(ours, rt.Linear) else ours.cost
    mine = (lambda: ours(*arrays)), (lambda: (ours(*arrays), ours.backward(*arrays, grad)))
    for number, mode in enumerate(("forward", "forward + backward")[: 1 if options.forward_only else 2]):
        contenders = {name: pair[number] for name, pair in {"reptheory": mine, **calls}.items()}
        work = 2.0 * cost * options.batch * (1, 4)[number]
        report(
            f"{title}, {mode}, batch {options.batch}, {options.dtype}",
            contenders,
            work,
            size * (1, 3)[number],
        )


def e3x_entries(lmax: int, parities: int) -> list[tuple[int, int, int]]:
    """Return parity axis, degree and parity (0 even) of each entry in e3x's order."""
    degrees = range(lmax + 1)
    if parities == 1:
        return [(0, degree, degree % 2) for degree in degrees]
    return [(parity, degree, parity) for parity in (0, 1) for degree in degrees]


def uuu(lmax: int, parities: int) -> None:
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
    x, y, grad = (samples(batch, ours.dim1) for _ in range(3))
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
    measure(f"uuu, lmax {lmax}, {features} features, {parities} parities", ours, (x, y, weight), calls)


def uvw(copies: int) -> None:
    channels, batch = options.channels, options.batch
    first = f"{channels}x0e+{channels}x1o+{channels}x2e"
    second = f"{copies}x0e+{copies}x1o+{copies}x2e"
    ours = rt.FullyConnectedTensorProduct(first, second, first, threads=options.threads)
    arrays = samples(batch, ours.dim1), samples(batch, ours.dim2), samples(ours.weight_numel)
    grad = samples(batch, ours.dim_out)
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
        weights = samples(1, theirs.weight_numel)
        module = lambda x, y, w: theirs(x, y, weight=w)  # noqa: E731
        calls["cuEquivariance CPU"] = torch_calls(module, (*arrays[:2], weights), grad)
    measure(f"uvw, lmax 2, {channels} x {copies} -> {channels} copies", ours, arrays, calls)


def linear(copies: int) -> None:
    irreps, batch = f"{copies}x0e+{copies}x1o+{copies}x2e", options.batch
    ours, other = (
        rt.Linear(irreps, irreps, layout=layout, threads=options.threads) for layout in ("mul_ir", "ir_mul")
    )
    arrays = samples(batch, ours.dim_in), samples(ours.weight_numel)
    grad = samples(batch, ours.dim_out)
    module = script(o3.Linear(irreps, irreps, internal_weights=False, shared_weights=True))
    calls = {
        "reptheory ir_mul": (
            lambda: other(*arrays),
            lambda: (other(*arrays), other.backward(*arrays, grad)),
        ),
        "e3nn scripted": torch_calls(module, arrays, grad),
    }
    if "cuEquivariance" not in options.without:
        kind = cue.Irreps("O3", irreps)
        theirs = cuet.Linear(
            kind, kind, layout=cue.mul_ir, shared_weights=True, internal_weights=False, method="naive",
            dtype=getattr(torch, options.dtype),
        )  # fmt: skip
        calls["cuEquivariance CPU"] = torch_calls(theirs, (arrays[0], samples(1, theirs.weight_numel)), grad)
    measure(f"linear, lmax 2, {copies} copies", ours, arrays, calls)


def main() -> None:
    print(f"{options.turns} turns, medians; here {MACHINE}")
    for lmax in options.uuu:
        for parities in options.parities:
            uuu(lmax, parities)
    for copies in options.uvw:
        uvw(copies)
    for copies in options.linear:
        linear(copies)


if __name__ == "__main__":
    main()
