"""Symmetric contractions of MACE and cuEquivariance, recorded from them, with their weights carried over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reptheory.operations.symmetric_contraction import SymmetricContraction

RECORDED = Path(__file__).with_name("recorded")
PACKAGES: dict[str, tuple[str, str, Any, Any]] = {
    "mace-torch-0.3.16": ("mace", "mace", "mul_irreps", "mul_ir"),
    "cuequivariance-torch-0.13.0": ("cuequivariance", "cuequivariance", "mul_ir", "mul_ir"),
}


def recorded(package: str) -> list[Any]:
    path = RECORDED / f"{package}.json"
    return list(json.loads(path.read_text(encoding="utf-8"))["cases"])


@pytest.mark.parametrize("package", PACKAGES)
def test_results_of_packages_with_their_weights(package: str) -> None:
    basis, convention, layout_in, layout_out = PACKAGES[package]
    for case in recorded(package):
        contraction = SymmetricContraction(
            case["irreps_in"], case["irreps_out"], case["correlation"],
            basis=basis, layout_in=layout_in, layout_out=layout_out,  # type: ignore[arg-type]
        )  # fmt: skip
        weight = np.array(case["weight"]) * contraction.path_signs(convention)[:, np.newaxis]
        x = np.array(case["x"]).reshape(len(case["species"]), -1)
        z = contraction(x, weight.reshape(len(weight), -1), case["species"])
        assert np.allclose(z, case["z"], rtol=1e-7, atol=1e-7)


def test_e3nn_04_and_06_give_mace_other_signs() -> None:
    contraction = SymmetricContraction("1x0e+1x1o+1x2e", "1x1o", 3, basis="mace")
    old, new = (contraction.path_signs(name) for name in ("e3nn@0.4", "e3nn@0.6"))
    assert np.array_equal(old, contraction.path_signs("mace"))
    assert (old != new).any()
