"""Records symmetric contractions of MACE and cuEquivariance, for test_mace.py.

pip install mace-torch cuequivariance-torch    # in an environment of its own: MACE pins e3nn 0.4.4
python tests/operations/record_contractions.py
"""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # e3nn 0.4.4 pickles its constants

import numpy as np

COPIES, SPECIES, SAMPLES = 2, 2, 3
CASES = [("0e+1o+2e", "0e+1o", 3), ("0e+1o", "1o+2e", 4), ("0e+0o+1o", "0e+1e", 3)]


def decimals(array: Any, digits: int) -> Any:
    return np.round(np.asarray(array, dtype=np.float64), digits).tolist()


def copied(irreps: str) -> str:
    return "+".join(f"{COPIES}x{ir}" for ir in irreps.split("+"))


def mace(case: tuple[str, str, int]) -> Any:
    """Return one contraction of MACE, without the weights that multiply nothing."""
    import torch
    from e3nn import o3
    from mace.modules.symmetric_contraction import SymmetricContraction

    features, out, correlation = case
    rng = np.random.default_rng(0)
    module = SymmetricContraction(
        o3.Irreps(copied(features)), o3.Irreps(copied(out)), correlation, num_elements=SPECIES
    )
    parts = []
    for one in module.contractions:
        for degree, weights in zip(range(correlation, 0, -1), [one.weights_max, *one.weights], strict=True):
            if not torch.any(one.U_tensors(degree)):
                continue
            values = torch.from_numpy(np.round(rng.standard_normal(weights.shape), 3))
            weights.data.copy_(values)
            parts.append(values.numpy())
    x = np.round(rng.standard_normal((SAMPLES, COPIES, o3.Irreps(features).dim)), 3)
    species = rng.integers(0, SPECIES, SAMPLES)
    chosen = torch.nn.functional.one_hot(torch.from_numpy(species), SPECIES).to(torch.float64)
    z = module(torch.from_numpy(x), chosen).detach().numpy()
    return recorded(case, np.concatenate(parts, axis=1), x, species, z)


def cuequivariance(case: tuple[str, str, int]) -> Any:
    """Return one contraction of cuEquivariance, original_mace=True, layout mul_ir."""
    import cuequivariance as cue
    import cuequivariance_torch as cuet
    import torch

    features, out, correlation = case
    rng = np.random.default_rng(0)
    sides = cue.Irreps("O3", copied(features)), cue.Irreps("O3", copied(out))
    options = {"layout": cue.mul_ir, "original_mace": True, "method": "naive", "dtype": torch.float64}
    module = cuet.SymmetricContraction(*sides, correlation, SPECIES, **options)
    weights = np.round(rng.standard_normal(module.weight.shape), 3)
    module.weight.data.copy_(torch.from_numpy(weights))
    x = np.round(rng.standard_normal((SAMPLES, sides[0].dim)), 3)
    species = rng.integers(0, SPECIES, SAMPLES)
    z = module(torch.from_numpy(x), torch.from_numpy(species)).detach().numpy()
    return recorded(case, weights, x, species, z)


def recorded(case: tuple[str, str, int], weights: Any, x: Any, species: Any, z: Any) -> Any:
    features, out, correlation = case
    return {
        "irreps_in": copied(features),
        "irreps_out": copied(out),
        "correlation": correlation,
        "weight": decimals(weights, 3),
        "x": decimals(x, 3),
        "species": species.tolist(),
        "z": decimals(z, 10),
    }


def main() -> None:
    import torch

    torch.set_default_dtype(torch.float64)
    folder = Path(__file__).with_name("recorded")
    for package, record, cases in (
        ("mace-torch", mace, CASES),
        ("cuequivariance-torch", cuequivariance, CASES[::2]),
    ):
        path = folder / f"{package}-{version(package)}.json"
        versions = {name: version(name) for name in ("torch", "e3nn")}
        found = {"versions": versions, "cases": [record(case) for case in cases]}
        path.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
