"""Products of e3nn and cuEquivariance, recorded: weights carried over, signs of paths by rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reptheory as rt
from reptheory.errors import LabelError

RECORDED = Path(__file__).with_name("recorded")
PACKAGES = {"e3nn-0.6.0": "e3nn@0.6", "cuequivariance-0.13.0": "cuequivariance"}
CASES = [
    pytest.param(convention, case, options, z, id=f"{package}-{place}-{number}")
    for package, convention in PACKAGES.items()
    for place, case in enumerate(json.loads((RECORDED / f"{package}.json").read_text())["cases"])
    for number, (options, z) in enumerate((one["options"], one["z"]) for one in case["results"])
]


def channelwise(first: str, second: str, out: str, **options: Any) -> rt.TensorProduct:
    """Return cuEquivariance's product: each pair of copies to its own; equal irreps by their operands."""
    order = [ir for _, ir in rt.Irreps(out)]
    paths = sorted(rt.FullTensorProduct(first, second).instructions, key=lambda one: order.index(one.ir_out))
    instructions = [(one.i1, one.i2, place, "uvuv", True) for place, one in enumerate(paths)]
    return rt.TensorProduct(first, second, out, instructions, **options)


def values(convention: str, case: Any, options: Any) -> Any:
    """Return our values for the weights of a package: its signs go to weights, or else to outputs."""
    operation, operands = case["operation"], {k: np.array(v) for k, v in case["operands"].items()}
    if operation == "Linear":
        return rt.Linear(*case["arguments"], **options)(*operands.values())
    if operation == "FullTensorProduct":
        full = rt.FullTensorProduct(*case["arguments"], **options)
        return full(*operands.values()) * full.output_signs(convention)
    shared = operands.get("weight", np.zeros(0)).ndim == 1
    make = channelwise if operation == "channelwise" else getattr(rt, operation)
    tp = make(*case["arguments"], shared_weights=shared, **options)
    if isinstance(tp, rt.ElementwiseTensorProduct):
        return tp(*operands.values()) * tp.output_signs(convention)
    signs = tp.path_signs(convention)
    assert all(sign == 1 for sign, one in zip(signs, tp.instructions, strict=True) if not one.has_weight)
    weight = operands["weight"] * np.repeat(signs, [one.weight_numel for one in tp.instructions])
    return tp(operands["x"], operands["y"], weight)


@pytest.mark.parametrize(("convention", "case", "options", "z"), CASES)
def test_values_are_those_of_packages(convention: str, case: Any, options: Any, z: Any) -> None:
    assert np.allclose(values(convention, case, options), z, rtol=0, atol=1e-8)


def test_a_package_without_couplings_has_no_signs() -> None:
    with pytest.raises(LabelError, match="s2fft has no coupling tensors"):
        rt.FullyConnectedTensorProduct("1x1o", "1x1o", "1x0e").path_signs("s2fft")
    with pytest.raises(LabelError, match="s2fft has no coupling tensors"):
        rt.SymmetricContraction("1x1o", "1x0e", 2, basis="mace").path_signs("s2fft")
