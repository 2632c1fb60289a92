"""Products copy by copy against e3x's `Tensor`, recorded: kernels carried over, signs of paths by rule."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from reptheory.conversion.path_signs import path_sign
from reptheory.conversion.registry import CONVENTIONS
from reptheory.operations.tensor_product import TensorProduct

ENTRIES = [(parity, degree) for parity in (0, 1) for degree in range(3)]


def test_values_are_those_of_e3x() -> None:
    """Their arrays (parity, order, feature) are ours in "ir_mul"; their coefficients are orthonormal."""
    given = json.loads((Path(__file__).parent / "recorded" / "e3x-1.0.2.json").read_text())
    kernel = np.reshape(given["kernel"], given["kernel_shape"])
    irreps = "+".join(f"1x{degree}{'eo'[parity]}" for parity, degree in ENTRIES)
    paths = [
        (i, j, k)
        for i, (p1, l1) in enumerate(ENTRIES)
        for j, (p2, l2) in enumerate(ENTRIES)
        for k, (p3, l3) in enumerate(ENTRIES)
        if abs(l1 - l2) <= l3 <= l1 + l2 and (p1 + p2) % 2 == p3
    ]
    product = TensorProduct(
        irreps, irreps, irreps, [(*path, "uuu", True) for path in paths], path_normalization="none",
        layout="ir_mul",
    )  # fmt: skip
    weight = np.empty(product.weight_numel)
    for path, view in zip(paths, product.weight_views(weight), strict=True):
        (p1, l1), (p2, l2), (p3, l3) = (ENTRIES[place] for place in path)
        sign = path_sign(CONVENTIONS["e3x/m-order"], "clebsch_gordan", (l1, l2, l3))
        view[...] = sign * kernel[p1, l1, p2, l2, p3, l3]
    assert np.allclose(product(given["x"], given["y"], weight), given["z"], rtol=1e-6, atol=1e-6)
