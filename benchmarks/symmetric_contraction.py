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

import warnings

from processors import against_peers, use_threads

parser = against_peers("Symmetric contractions against MACE and cuEquivariance.", batch=200)
parser.add_argument("--species", type=int, default=5)
parser.add_argument("--channels", type=int, default=128)
parser.add_argument("--correlation", type=int, default=3)
parser.add_argument("--lmax", type=int, nargs="*", default=[1, 2, 3])
parser.add_argument("--compile", action="store_true", help="torch.compile MACE too: minutes")
options = parser.parse_args()
use_threads(options.threads)
warnings.simplefilter("ignore")

from typing import Any  # noqa: E402

import cuequivariance as cue  # noqa: E402
import cuequivariance_torch as cuet  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from e3nn import o3  # noqa: E402
from e3nn.util.jit import script  # noqa: E402
from mace.modules.symmetric_contraction import SymmetricContraction as MaceContraction  # noqa: E402
from peers import Calls, Run, our_calls, torch_calls  # noqa: E402

import reptheory as rt  # noqa: E402


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


def measure(run: Run, lmax: int) -> None:
    """Compare all contenders at one degree."""
    kind, batch = irreps(lmax), options.batch
    species = np.random.default_rng(1).integers(0, options.species, batch)
    calls: dict[str, Calls] = {}
    for layout_in, layout_out in (("ir_mul", "ir_mul"), ("mul_irreps", "mul_ir")):
        ours = rt.SymmetricContraction(
            kind,
            kind,
            options.correlation,
            layout_in=layout_in,
            layout_out=layout_out,
            threads=options.threads,
        )
        x, weight = run.samples(batch, ours.dim_in), run.samples(options.species, ours.weight_numel)
        grad = run.samples(batch, ours.dim_out)
        calls[f"reptheory, {layout_in} to {layout_out}"] = our_calls(ours, (x, weight, species), grad)
    chosen = torch.from_numpy(species)
    onehot = torch.nn.functional.one_hot(chosen, options.species).to(torch.get_default_dtype())
    peers: dict[str, Any] = {}
    if "MACE" not in options.without:
        peers = {name: (one, (batch, options.channels, -1), onehot) for name, one in mace(lmax).items()}
    if "cuEquivariance" not in options.without:
        peers["cuEquivariance CPU"] = cuequivariance(lmax), (batch, -1), chosen
    for name, (module, shape, label) in peers.items():
        weights = [one for one in module.parameters() if one.requires_grad]
        function = lambda x, module=module, label=label: module(x, label)  # noqa: E731
        calls[name] = torch_calls(function, (x.reshape(shape),), grad, weights)
    title = f"lmax {lmax}, degree {options.correlation}, {options.species} species"
    run.report(title, calls, batch, 2 * batch * ours.cost, (x.nbytes + weight.nbytes, grad.nbytes))


if __name__ == "__main__":
    current = Run(options)
    for lmax in options.lmax:
        measure(current, lmax)
