"""Symmetric contractions against MACE's and cuEquivariance's in torch, in one run.

    pip install ".[bench]" && pip install --no-deps mace-torch ase matscipy torch-ema torchmetrics ...
    python benchmarks/symmetric_contraction.py [--threads 1] [--dtype float32] [--turns 5]

x has `channels` copies of each degree up to L, the result too, weights belong to one of `species` species.
Every contender gets its own kind of array, made beforehand, allocates its own result and uses the same
number of threads: MACE (samples, channels, dim) and one-hot species, cuEquivariance "ir_mul" and whole
numbers. MACE is taken as it is and scripted (`--compile`: by torch.compile too; MACE pins e3nn 0.4.4 but runs
with e3nn 0.6); cuEquivariance by its plain path.

Printed for each: time a sample, its ratio to ours, and for ours how near it comes to the limits of this
machine, counted as multiply-adds that the polynomials need (weights mixed once a species, left out) and bytes
of operands and results. To build cuEquivariance's module takes minutes from L = 3 on.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

from processors import use_threads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Symmetric contractions against MACE and cuEquivariance.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--species", type=int, default=5)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--correlation", type=int, default=3)
    parser.add_argument("--lmax", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--compile", action="store_true", help="torch.compile MACE too: minutes")
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out")
    return parser.parse_args()


options = parse()
use_threads(options.threads)
warnings.simplefilter("ignore")

import cuequivariance as cue  # noqa: E402
import cuequivariance_torch as cuet  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from e3nn import o3  # noqa: E402
from e3nn.util.jit import script  # noqa: E402
from mace.modules.symmetric_contraction import SymmetricContraction as MaceContraction  # noqa: E402
from side_by_side import Machine, compare, measure_machine, print_times  # noqa: E402

import reptheory as rt  # noqa: E402

torch.set_num_threads(options.threads)
torch.set_default_dtype(getattr(torch, options.dtype))
RNG = np.random.default_rng(0)


def samples(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(options.dtype)


def irreps(lmax: int) -> str:
    return "+".join(f"{options.channels}x{degree}{'eo'[degree % 2]}" for degree in range(lmax + 1))


def mace(lmax: int) -> dict[str, Any]:
    """Return MACE's modules."""
    kind = o3.Irreps(irreps(lmax))
    module = MaceContraction(kind, kind, options.correlation, num_elements=options.species)
    found = {"MACE": module, "MACE scripted": script(module)}
    return {**found, "MACE compiled": torch.compile(module)} if options.compile else found


def cuequivariance(lmax: int) -> Any:
    """Return cuEquivariance's module, in its own layout and basis."""
    kind = cue.Irreps("O3", irreps(lmax))
    plain = {"layout": cue.ir_mul, "method": "naive", "dtype": getattr(torch, options.dtype)}
    return cuet.SymmetricContraction(kind, kind, options.correlation, options.species, **plain)


def backward(module: Any, x: Any, chosen: Any, grad: Any) -> None:
    leaf = x.detach().requires_grad_()
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    torch.autograd.grad(module(leaf, chosen), [leaf, *weights], grad, allow_unused=True)


def contenders(lmax: int, with_gradients: bool) -> tuple[dict[str, Any], Any]:
    kind, batch = irreps(lmax), options.batch
    species = RNG.integers(0, options.species, batch)
    onehot = torch.nn.functional.one_hot(torch.from_numpy(species), options.species).to(
        torch.get_default_dtype()
    )
    found: dict[str, Any] = {}
    first = None
    for basis, layout_in, layout_out in (
        ("reduced", "ir_mul", "ir_mul"),
        ("reduced", "mul_irreps", "mul_ir"),
        ("mace", "mul_irreps", "mul_ir"),
    ):
        ours: Any = rt.SymmetricContraction(
            kind, kind, options.correlation, basis=basis, layout_in=layout_in, layout_out=layout_out,
            threads=options.threads,
        )  # fmt: skip
        first = first or ours
        x, weight = samples(batch, ours.dim_in), samples(options.species, ours.weight_numel)
        given = x, weight, species
        grad = samples(batch, ours.dim_out)
        call = (
            (lambda ours=ours, given=given, grad=grad: (ours(*given), ours.backward(*given, grad)))
            if with_gradients
            else (lambda ours=ours, given=given: ours(*given))
        )
        found[f"reptheory, {basis}, {layout_in} to {layout_out}"] = call
    peers = {name: (one, (batch, options.channels, -1), onehot) for name, one in mace(lmax).items()}
    if "cuEquivariance" not in options.without:
        peers["cuEquivariance CPU"] = (cuequivariance(lmax), (batch, -1), torch.from_numpy(species))
    for name, (module, shape, chosen) in peers.items():
        tensor, pulled = torch.from_numpy(x).reshape(shape), torch.from_numpy(grad)
        if with_gradients:
            found[name] = lambda m=module, x=tensor, c=chosen, g=pulled: backward(m, x, c, g)
        else:
            found[name] = torch.no_grad()(lambda m=module, x=tensor, c=chosen: m(x, c))
    return {name: call for name, call in found.items() if name not in options.without}, first


def measure(lmax: int, with_gradients: bool, machine: Machine) -> None:
    calls, ours = contenders(lmax, with_gradients)
    rows = compare(calls, options.turns)
    mode = "forward + backward" if with_gradients else "forward"
    title = f"lmax {lmax}, degree {options.correlation}, {mode}, batch {options.batch}, {options.dtype}"
    size = np.dtype(options.dtype).itemsize
    weights = options.species * ours.weight_numel
    moved = size * (options.batch * (ours.dim_in + ours.dim_out) + weights) * (3 if with_gradients else 1)
    work = 2 * options.batch * ours.cost * (4 if with_gradients else 1)
    print_times(title, rows, options.batch, machine, work, moved)


def main() -> None:
    machine = measure_machine(options.threads, options.dtype)
    print(f"{options.turns} turns, {options.species} species; here {machine}")
    for lmax in options.lmax:
        for with_gradients in (False, True):
            measure(lmax, with_gradients, machine)


if __name__ == "__main__":
    main()
