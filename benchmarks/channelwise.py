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

import argparse
from typing import Any

from processors import use_threads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Channelwise products against e3nn, e3nn-jax, cuEquivariance."
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.0, help="least time of a turn")
    parser.add_argument("--batch", type=int, default=10000)
    parser.add_argument("--nodes", type=int, default=500)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--plain", type=int, nargs="*", default=[1, 2, 3, 4])
    parser.add_argument("--edges", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--forward-only", action="store_true")
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out")
    return parser.parse_args()


options = parse()
use_threads(options.threads)

import e3nn_jax.legacy  # noqa: E402
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


def report(title: str, contenders: dict[str, Any], work: float, moved: float) -> None:
    kept = {
        name: call for name, call in contenders.items() if not any(word in name for word in options.without)
    }
    rows = compare(kept, options.turns, options.seconds)
    print_times(title, rows, options.batch, MACHINE, work, moved)


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


def plain(lmax: int, with_gradients: bool) -> None:
    first, second, out, uvu = instructions(lmax)
    ours = rt.TensorProduct(first, second, out, uvu, shared_weights=False, threads=options.threads)
    batch = options.batch
    x, y, w = samples(batch, ours.dim1), samples(batch, ours.dim2), samples(batch, ours.weight_numel)
    g = samples(batch, ours.dim_out)
    tensors = [torch.from_numpy(array) for array in (x, y, w)]
    grad = torch.from_numpy(g)
    scripted = script(o3.TensorProduct(first, second, out, uvu, shared_weights=False, internal_weights=False))
    peers: dict[str, Any] = {"e3nn scripted": scripted}
    if "cuEquivariance" not in options.without:
        peers["cuEquivariance CPU"] = cue_product(first, second)
    jitted = jax.jit(jax_product(first, second, uvu, out))
    arrays = [jax.numpy.asarray(array) for array in (x, y, w)]
    mode = "forward + backward" if with_gradients else "forward"
    contenders: dict[str, Any] = {}
    if not with_gradients:
        contenders["reptheory"] = lambda: ours(x, y, w)
        z = ours(x, y, w)
        contenders["reptheory, out given"] = lambda: ours(x, y, w, out=z)
        for name, module in peers.items():
            contenders[name] = torch.no_grad()(lambda module=module: module(*tensors))
        contenders["e3nn-jax jit"] = lambda: jitted(*arrays).block_until_ready()
    else:
        contenders["reptheory"] = lambda: (ours(x, y, w), ours.backward(x, y, w, g))
        for name, module in peers.items():
            contenders[name] = lambda module=module: backward(module, tensors, grad)
        jax_grad = jax.numpy.asarray(g)
        both = jax.jit(lambda *given: pulled(jitted, given, jax_grad))
        contenders["e3nn-jax jit"] = lambda: jax.block_until_ready(both(*arrays))
    work, moved = counted(ours, batch, with_gradients)
    title = f"channelwise, {mode}, lmax {lmax}, {options.channels} channels, batch {batch}, {options.dtype}"
    report(title, contenders, work, moved)


def backward(module: Any, tensors: list[Any], grad: Any) -> None:
    leaves = [tensor.detach().requires_grad_() for tensor in tensors]
    torch.autograd.grad(module(*leaves), leaves, grad)


def pulled(function: Any, given: Any, grad: Any) -> Any:
    value, pull = jax.vjp(function, *given)
    return value, pull(grad)


def counted(ours: Any, batch: int, with_gradients: bool) -> tuple[float, float]:
    """Return floating-point operations (two a multiply-add) and bytes of operands and results."""
    work = 0
    for one in ours.instructions:
        l1, l3 = ours.irreps_in1[one.i_in1].ir, ours.irreps_out[one.i_out].ir
        work += 2 * options.channels * (l1.dim + 1) * l3.dim
    size = np.dtype(options.dtype).itemsize * (ours.dim1 + ours.dim2 + ours.weight_numel)
    out = np.dtype(options.dtype).itemsize * ours.dim_out
    return batch * work * (3 if with_gradients else 1), batch * (
        (3 if with_gradients else 1) * size + (2 if with_gradients else 1) * out
    )


def graph(lmax: int, with_gradients: bool) -> None:
    first, second, out, uvu = instructions(lmax)
    ours = rt.TensorProduct(first, second, out, uvu, shared_weights=False, threads=options.threads)
    batch, nodes = options.batch, options.nodes
    senders, receivers = RNG.integers(0, nodes, batch), np.sort(RNG.integers(0, nodes, batch))
    message = rt.MessagePassing(ours, rt.Edges(senders, receivers, nodes))
    x, y, w = samples(nodes, ours.dim1), samples(batch, ours.dim2), samples(batch, ours.weight_numel)
    g = samples(nodes, ours.dim_out)
    tensors = [torch.from_numpy(array) for array in (x, y, w)]
    s, r, grad = torch.from_numpy(senders), torch.from_numpy(receivers), torch.from_numpy(g)
    scripted = script(o3.TensorProduct(first, second, out, uvu, shared_weights=False, internal_weights=False))

    def through(module: Any) -> Any:
        def call(x: Any, y: Any, w: Any) -> Any:
            result = torch.zeros(nodes, ours.dim_out)
            return result.index_add(0, r, module(x[s], y, w))

        return call

    peers: dict[str, Any] = {"e3nn scripted": through(scripted)}
    if "cuEquivariance" not in options.without:
        cue_module = cue_product(first, second)
        ends = {"indices_1": s, "indices_out": r, "size_out": nodes}
        peers["cuEquivariance CPU"] = lambda x, y, w: cue_module(x, y, w, **ends)
    single = jax_product(first, second, uvu, out)
    js, jr = jax.numpy.asarray(senders), jax.numpy.asarray(receivers)
    jitted = jax.jit(lambda x, y, w: jax.ops.segment_sum(single(x[js], y, w), jr, nodes))
    arrays = [jax.numpy.asarray(array) for array in (x, y, w)]
    mode = "forward + backward" if with_gradients else "forward"
    contenders: dict[str, Any] = {}
    if not with_gradients:
        contenders["reptheory"] = lambda: message(x, y, w)
        for name, module in peers.items():
            contenders[name] = torch.no_grad()(lambda module=module: module(*tensors))
        contenders["e3nn-jax jit"] = lambda: jitted(*arrays).block_until_ready()
    else:
        contenders["reptheory"] = lambda: (message(x, y, w), message.backward(x, y, w, g))
        for name, module in peers.items():
            contenders[name] = lambda module=module: backward(module, tensors, grad)
        jax_grad = jax.numpy.asarray(g)
        both = jax.jit(lambda *given: pulled(jitted, given, jax_grad))
        contenders["e3nn-jax jit"] = lambda: jax.block_until_ready(both(*arrays))
    work, _ = counted(ours, batch, False)
    per_edge = np.dtype(options.dtype).itemsize * (ours.dim2 + ours.weight_numel)
    factor = 4 if with_gradients else 1
    title = f"message passing, {mode}, lmax {lmax}, {nodes} nodes, {batch} edges, {options.dtype}"
    report(title, contenders, factor * work, factor * batch * per_edge)


def main() -> None:
    print(f"{options.turns} turns, medians; here {MACHINE}")
    for lmax in options.plain:
        for with_gradients in (False,) if options.forward_only else (False, True):
            plain(lmax, with_gradients)
    for lmax in options.edges:
        for with_gradients in (False,) if options.forward_only else (False, True):
            graph(lmax, with_gradients)


if __name__ == "__main__":
    main()
