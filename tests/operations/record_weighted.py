"""Records products with weights of e3nn and cuEquivariance, for test_recorded_products.py.

pip install e3nn cuequivariance
python tests/operations/record_weighted.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

Case = dict[str, Any]

SAMPLES = 2
SIDES = "2x1o+2x2e+2x0e", "2x1o+2x2e"
OUT = "2x2e+2x1e+2x2e+2x1o+4x2e+3x0e+2x1o+2x0o"
INSTRUCTIONS = [
    (0, 0, 0, "uvw", True, 0.5),
    (2, 1, 0, "uvw", True),
    (0, 0, 1, "uvu", True),
    (1, 1, 1, "uvu", True),
    (0, 0, 2, "uuu", True, 2.5),
    (0, 0, 2, "uuu", False),
    (1, 0, 3, "uvv", True),
    (1, 1, 4, "uvuv", True),
    (0, 0, 5, "uuw", True),
    (1, 1, 5, "uuw", True),
    (0, 1, 6, "uvu", True),
]
IRREP_NORMALIZATIONS, PATH_NORMALIZATIONS = ("component", "norm", "none"), ("element", "path", "none")
NORMALIZATIONS = [
    {"irrep_normalization": irrep, "path_normalization": path}
    for irrep, path in product(IRREP_NORMALIZATIONS, PATH_NORMALIZATIONS)
]
FULL = "1x0e+2x1o+1x2e", "1x0e+1x1o+2x1e", "2x0e+1x1o+2x2o+1x1e"
ELEMENTWISE = "3x1o+2x2e", "1x0e+4x1o"
LINEAR = "3x0e+2x1o+2x0e+1x2e", "2x0e+1x1o+3x0e+2x0o"


def given(rng: Any, *shape: int) -> Any:
    return np.round(rng.standard_normal(shape), 2)


def case(operation: str, arguments: Any, operands: dict[str, Any], results: list[Any]) -> Case:
    """Lay out one case; results: (options, values)."""
    return {
        "operation": operation,
        "arguments": list(arguments),
        "operands": {name: array.tolist() for name, array in operands.items()},
        "results": [{"options": options, "z": np.round(z, 8).tolist()} for options, z in results],
    }


def e3nn_product(
    operation: str, arguments: Any, choices: list[Any], *, shared: bool = True, **fixed: Any
) -> Case:
    """Ask a product of e3nn with each choice of options, the same operands for all."""
    import torch
    from e3nn import o3

    rng, results, operands = np.random.default_rng(0), [], dict[str, Any]()
    for options in choices:
        module = getattr(o3, operation)(*arguments, **fixed, **options)
        if not operands:
            operands = {"x": given(rng, SAMPLES, module.irreps_in1.dim)}
            operands["y"] = given(rng, SAMPLES, module.irreps_in2.dim)
            if module.weight_numel:
                operands["weight"] = given(rng, *(() if shared else (SAMPLES,)), module.weight_numel)
        results.append((options, module(*map(torch.from_numpy, operands.values())).numpy()))
    return case(operation, arguments, operands, results)


def e3nn_linear(choices: list[Any], *, biases: bool) -> Case:
    """Ask e3nn's linear layer."""
    import torch
    from e3nn import o3

    rng, results, operands = np.random.default_rng(1), [], dict[str, Any]()
    for options in choices:
        outer = {"internal_weights": False, "shared_weights": True}
        module = o3.Linear(*LINEAR, biases=biases, **outer, **options)
        if not operands:
            sizes = (SAMPLES, module.irreps_in.dim), (module.weight_numel,), (module.bias_numel,)
            names = ("x", "weight", "bias")[: 3 if biases else 2]
            operands = {name: given(rng, *size) for name, size in zip(names, sizes, strict=False)}
        z = module(*map(torch.from_numpy, operands.values())).numpy()
        results.append(({**options, "biases": biases}, z))
    return case("Linear", LINEAR, operands, results)


def e3nn() -> list[Case]:
    import torch

    torch.set_default_dtype(torch.float64)
    external = {"internal_weights": False, "shared_weights": True}
    each = {"internal_weights": False, "shared_weights": False}
    paths = [{"path_normalization": name} for name in PATH_NORMALIZATIONS[:2]]
    irreps = [{"irrep_normalization": name} for name in IRREP_NORMALIZATIONS]
    whole = (*SIDES, OUT, INSTRUCTIONS)
    return [
        e3nn_product("TensorProduct", whole, NORMALIZATIONS, **external),
        e3nn_product("TensorProduct", (*SIDES, OUT, INSTRUCTIONS[-1:]), [{}], shared=False, **each),
        e3nn_product("FullyConnectedTensorProduct", FULL, NORMALIZATIONS, **external),
        e3nn_product("ElementwiseTensorProduct", ELEMENTWISE, irreps),
        e3nn_product("FullTensorProduct", FULL[:2], irreps),
        *(e3nn_linear(paths, biases=biases) for biases in (False, True)),
    ]


def cuequivariance_case(operation: str, descriptor: str, arguments: Any) -> Case:
    """Ask one descriptor of cuEquivariance, sample by sample; its arrays are "ir_mul", weights first."""
    import cuequivariance as cue

    rng = np.random.default_rng(2)
    polynomial = getattr(cue.descriptors, descriptor)(*(cue.Irreps("O3", irreps) for irreps in arguments))
    weight, *dims = (one.dim for one in polynomial.inputs)
    arrays = [given(rng, SAMPLES, dim) for dim in dims]
    weights = given(rng, weight)
    z = [polynomial(weights, *rows)[0] for rows in zip(*arrays, strict=True)]
    operands = {**dict(zip("xy", arrays, strict=False)), "weight": weights}
    if operation == "channelwise":
        arguments = (*arguments, str(polynomial.outputs[0].irreps))
    return case(operation, arguments, operands, [({"layout": "ir_mul"}, np.array(z))])


def cuequivariance() -> list[Case]:
    return [
        cuequivariance_case("FullyConnectedTensorProduct", "fully_connected_tensor_product", FULL),
        cuequivariance_case("channelwise", "channelwise_tensor_product", FULL[:2]),
        cuequivariance_case("Linear", "linear", LINEAR),
    ]


def main() -> None:
    folder = Path(__file__).with_name("recorded")
    for package, record, below in (("e3nn", e3nn, "torch"), ("cuequivariance", cuequivariance, "numpy")):
        path = folder / f"{package}-{version(package)}.json"
        found = {"versions": {below: version(below)}, "cases": record()}
        path.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
