"""Products against e3x's `Tensor` and `FusedTensor`, recorded: kernels carried over, signs by rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reptheory as rt

RECORDED = Path(__file__).parent / "recorded"
FUSED = json.loads((RECORDED / "e3x-fused-1.0.2.json").read_text())
ENTRIES = [(parity, degree) for parity in (0, 1) for degree in range(3)]


def test_values_are_those_of_e3x() -> None:
    """Their arrays (parity, order, feature) are ours in "ir_mul"; their coefficients are orthonormal."""
    given = json.loads((RECORDED / "e3x-1.0.2.json").read_text())
    kernel = np.reshape(given["kernel"], given["kernel_shape"])
    irreps = "+".join(f"1x{degree}{'eo'[parity]}" for parity, degree in ENTRIES)
    paths = [
        (i, j, k)
        for i, (p1, l1) in enumerate(ENTRIES)
        for j, (p2, l2) in enumerate(ENTRIES)
        for k, (p3, l3) in enumerate(ENTRIES)
        if abs(l1 - l2) <= l3 <= l1 + l2 and (p1 + p2) % 2 == p3
    ]
    product = rt.TensorProduct(
        irreps, irreps, irreps, [(*path, "uuu", True) for path in paths], path_normalization="none",
        layout="ir_mul",
    )  # fmt: skip
    weight, signs = np.empty(product.weight_numel), product.path_signs("e3x/m-order")
    for path, view, sign in zip(paths, product.weight_views(weight), signs, strict=True):
        (p1, l1), (p2, l2), (p3, l3) = (ENTRIES[place] for place in path)
        view[...] = sign * kernel[p1, l1, p2, l2, p3, l3]
    assert np.allclose(product(given["x"], given["y"], weight), given["z"], rtol=1e-6, atol=1e-6)


def degrees(array: Any) -> Any:
    """Return the degree of each row of (.., (lmax + 1)^2, features)."""
    return np.sqrt(np.arange(np.shape(array)[-2])).astype(int)


def fused(x: Any, y: Any, kernels: dict[str, Any], lmax_out: int) -> Any:
    """Return e3x's FusedTensor by `MatrixProduct`: weights of each degree before, weights of each after."""
    half = -(-max(degrees(x)[-1], degrees(y)[-1], lmax_out) // 2)
    product = rt.MatrixProduct(f"{half}e")
    sign_x, sign_y, sign_z = product.operand_signs("e3x/m-order")

    def part(array: Any, name: str, parity: int, signs: Any) -> Any:
        degree = degrees(array)
        own = (
            array[..., parity, :, :]
            if array.shape[-3] == 2
            else array[..., 0, :, :] * (degree % 2 == parity)[:, None]
        )
        padded = np.zeros((*own.shape[:-2], own.shape[-1], product.dim1))
        padded[..., : len(degree)] = np.swapaxes(own * kernels[name][degree], -1, -2)
        return padded * signs

    rows = (lmax_out + 1) ** 2
    z = np.zeros((*x.shape[:-3], 2, rows, x.shape[-1]))
    for p, q in np.ndindex(2, 2):
        first, second, out = "eo"[p], "eo"[q], "eo"[p ^ q]
        left = part(x, f"kernel_{first}1", p, sign_x)
        right = part(y, f"kernel_{second}2", q, sign_y)
        own = np.swapaxes((product(left, right) * sign_z)[..., :rows], -1, -2)
        z[..., p ^ q, :, :] += own * kernels[f"kernel_{first}{second}{out}"][degrees(own)]
    return z


@pytest.mark.parametrize("case", FUSED, ids=lambda case: f"{np.shape(case['x'])}")
def test_matrix_products_are_the_fused_tensor_of_e3x(case: Any) -> None:
    arrays = {name: np.array(values) for name, values in case.items()}
    lmax_out = degrees(arrays["z"])[-1]
    z = fused(arrays["x"], arrays["y"], arrays, lmax_out)
    assert np.allclose(z[: len(arrays["z"])], arrays["z"], rtol=1e-12, atol=1e-12)
