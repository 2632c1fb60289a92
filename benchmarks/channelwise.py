"""Channelwise products and message passing against e3nn, e3nn-jax and cuEquivariance, in one run.

    pip install ".[bench]"
    python benchmarks/channelwise.py [--threads 1] [--dtype float32] [--turns 5]

x has `channels` copies of each degree up to L, y the spherical harmonics up to L, every path to a degree up
to L whose parity is that of harmonics is one uvu instruction, and every sample (every edge) has its own
weights: the convolution of MACE. Every contender gets its own kind of array, made beforehand, in e3nn's
layout, allocates its own result and uses the same number of threads. Message passing gathers from `nodes`
nodes and sums into them.

Printed for each: time a sample, its ratio to ours, and for ours the multiply-adds that the product needs and
the bytes of operands and results, as GFLOP/s and GB/s, beside what this machine reaches in a matrix product
and in a copy.
"""

from __future__ import annotations

from processors import against_peers, use_threads

parser = against_peers("Channelwise products against e3nn, e3nn-jax, cuEquivariance.")
parser.add_argument("--nodes", type=int, default=500)
parser.add_argument("--channels", type=int, default=128)
parser.add_argument("--plain", type=int, nargs="*", default=[1, 2, 3, 4])
parser.add_argument("--edges", type=int, nargs="*", default=[1, 2, 3])
options = parser.parse_args()
use_threads(options.threads)

from typing import Any  # noqa: E402

import e3nn_jax.legacy  # noqa: E402
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


def instructions(lmax: int) -> tuple[str, str, str, list[tuple[Any, ...]]]:
    """Return MACE's irreps and instructions, outputs sorted."""
    first = rt.Irreps("+".join(f"{options.channels}x{degree}y" for degree in range(lmax + 1)))
    second = rt.Irreps.spherical_harmonics(lmax)
    found = [
        (i, j, ir)
        for i, (_, a) in enumerate(first)
        for j, (_, b) in enumerate(second)
        for ir in a * b
        if ir in first
    ]
    ordered = rt.Irreps([(options.channels, ir) for _, _, ir in found]).sort()
    uvu = sorted(
        ((i, j, place, "uvu", True) for (i, j, _), place in zip(found, ordered.p, strict=True)),
        key=lambda one: one[2],
    )
    return str(first), str(second), str(ordered.irreps), uvu


def jax_product(first: str, second: str, uvu: list[tuple[Any, ...]], out: str) -> Any:
    """Return the product by e3nn-jax."""
    kinds = [e3nn_jax.Irreps(irreps) for irreps in (first, second, out)]
    product = e3nn_jax.legacy.FunctionalTensorProduct(*kinds, uvu)

    def single(x: Any, y: Any, w: Any) -> Any:
        weights = [part.reshape(options.channels, 1) for part in jax.numpy.split(w, len(uvu))]
        left, right = e3nn_jax.IrrepsArray(kinds[0], x), e3nn_jax.IrrepsArray(kinds[1], y)
        return product.left_right(weights, left, right).array

    return jax.vmap(single)


def cue_product(first: str, second: str) -> Any:
    """Return the product by cuEquivariance on the CPU, in its own layout."""
    irreps = cue.Irreps("O3", first), cue.Irreps("O3", second)
    kept = [ir for _, ir in irreps[0]]
    options_of = {"layout": cue.ir_mul, "shared_weights": False, "internal_weights": False, "method": "naive"}
    return cuet.ChannelWiseTensorProduct(*irreps, kept, dtype=getattr(torch, options.dtype), **options_of)


def operations(ours: Any) -> int:
    """Return floating-point operations of a sample; the matrices of y, made once for all copies, left out."""
    pairs = [
        (ours.irreps_in1[one.i_in1].ir.dim, ours.irreps_out[one.i_out].ir.dim) for one in ours.instructions
    ]
    return sum(2 * options.channels * (dim1 + 1) * dim3 for dim1, dim3 in pairs)


def plain(run: Run, lmax: int) -> None:
    first, second, out, uvu = instructions(lmax)
    batch = options.batch
    ours = rt.TensorProduct(first, second, out, uvu, shared_weights=False, threads=options.threads)
    given = tuple(run.samples(batch, dim) for dim in (ours.dim1, ours.dim2, ours.weight_numel))
    grad, z = run.samples(batch, ours.dim_out), ours(*given)
    scripted = script(o3.TensorProduct(first, second, out, uvu, shared_weights=False, internal_weights=False))
    calls: dict[str, Calls] = {
        "reptheory": our_calls(ours, given, grad),
        "reptheory, out given": (lambda: ours(*given, out=z), None),
        "e3nn scripted": torch_calls(scripted, given, grad),
        "e3nn-jax jit": jax_calls(jax_product(first, second, uvu, out), given, grad),
    }
    if "cuEquivariance" not in options.without:
        calls["cuEquivariance CPU"] = torch_calls(cue_product(first, second), given, grad)
    sizes = sum(array.nbytes for array in given), grad.nbytes
    title = f"channelwise, lmax {lmax}, {options.channels} channels"
    run.report(title, calls, batch, batch * operations(ours), sizes)


def graph(run: Run, lmax: int) -> None:
    first, second, out, uvu = instructions(lmax)
    batch, nodes = options.batch, options.nodes
    ours = rt.TensorProduct(first, second, out, uvu, shared_weights=False, threads=options.threads)
    random = np.random.default_rng(1)
    senders, receivers = random.integers(0, nodes, batch), np.sort(random.integers(0, nodes, batch))
    message = rt.MessagePassing(ours, rt.Edges(senders, receivers, nodes))
    counts = (nodes, ours.dim1), (batch, ours.dim2), (batch, ours.weight_numel)
    given, grad = tuple(run.samples(*shape) for shape in counts), run.samples(nodes, ours.dim_out)
    s, r = torch.from_numpy(senders), torch.from_numpy(receivers)
    scripted = script(o3.TensorProduct(first, second, out, uvu, shared_weights=False, internal_weights=False))

    def gathered(x: Any, y: Any, w: Any) -> Any:
        return torch.zeros(nodes, ours.dim_out).index_add(0, r, scripted(x[s], y, w))

    single, js, jr = (
        jax_product(first, second, uvu, out),
        jax.numpy.asarray(senders),
        jax.numpy.asarray(receivers),
    )
    summed = lambda x, y, w: jax.ops.segment_sum(single(x[js], y, w), jr, nodes)  # noqa: E731
    calls = {
        "reptheory": our_calls(message, given, grad),
        "e3nn scripted": torch_calls(gathered, given, grad),
        "e3nn-jax jit": jax_calls(summed, given, grad),
    }
    if "cuEquivariance" not in options.without:
        theirs, ends = cue_product(first, second), {"indices_1": s, "indices_out": r, "size_out": nodes}
        calls["cuEquivariance CPU"] = torch_calls(lambda x, y, w: theirs(x, y, w, **ends), given, grad)
    sizes = sum(array.nbytes for array in given), grad.nbytes
    run.report(f"message passing, lmax {lmax}, {nodes} nodes", calls, batch, batch * operations(ours), sizes)


def main() -> None:
    run = Run(options)
    for lmax in options.plain:
        plain(run, lmax)
    for lmax in options.edges:
        graph(run, lmax)


if __name__ == "__main__":
    main()
