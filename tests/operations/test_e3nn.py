"""Weighted products against e3nn 0.6, where it is installed: weights carried over, signs of paths by rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reptheory as rt
from reptheory.operations.linear import Linear
from reptheory.operations.tensor_product import TensorProduct

torch: Any = pytest.importorskip("torch")
o3: Any = pytest.importorskip("e3nn.o3")

IRREPS = ("3x1o+3x2e+20x3o", "3x1o+3x2e", "4x2e+3x1e+3x2o+3x2o+9x2e+5x0e+20x4e+20x2e")
INSTRUCTIONS = [
    (0, 0, 0, "uvw", True),
    (1, 1, 1, "uvu", True),
    (0, 1, 2, "uuu", True, 2.5),
    (1, 0, 3, "uvv", True),
    (1, 1, 4, "uvuv", True),
    (0, 0, 5, "uuw", True),
    (0, 0, 1, "uvu", False),
    (1, 1, 0, "uvw", True, 0.5),
    (2, 0, 6, "uvu", True),
]
CHANNELS = [(2, 0, 6, "uvu", True), (2, 0, 7, "uvu", True)]


@pytest.mark.parametrize("instructions", [INSTRUCTIONS, CHANNELS])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("normalizations", [("component", "element"), ("norm", "path")])
def test_products_and_gradients_are_those_of_e3nn(
    instructions: Any, shared: bool, normalizations: tuple[Any, Any]
) -> None:
    kinds = {"irrep_normalization": normalizations[0], "path_normalization": normalizations[1]}
    ours = TensorProduct(*IRREPS, instructions, shared_weights=shared, **kinds)
    torch.set_default_dtype(torch.float64)
    try:
        theirs = o3.TensorProduct(
            *IRREPS, instructions, shared_weights=shared, internal_weights=False, **kinds
        )
    finally:
        torch.set_default_dtype(torch.float32)
    rng = np.random.default_rng(0)
    sizes = ((7, ours.dim1), (7, ours.dim2), (ours.weight_numel,) if shared else (7, ours.weight_numel))
    x, y, weight = (rng.standard_normal(size) for size in sizes)
    grad = rng.standard_normal((7, ours.dim_out))
    signs = ours.path_signs("e3nn@0.6")
    assert all(sign == 1 for sign, one in zip(signs, ours.instructions, strict=True) if not one.has_weight)
    carried = np.repeat(signs, [one.weight_numel for one in ours.instructions])
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, y, weight)]
    result = theirs(*tensors)
    pulled = torch.autograd.grad(result, tensors, torch.from_numpy(grad))
    assert np.allclose(ours(x, y, weight * carried), result.detach().numpy(), rtol=1e-6, atol=1e-6)
    gradients = ours.backward(x, y, weight * carried, grad)
    assert gradients.weight is not None
    turned = gradients.weight * carried
    for mine, other in zip((gradients.x, gradients.y, turned), pulled, strict=True):
        assert np.allclose(mine, other.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("irrep_normalization", ["component", "norm", "none"])
def test_products_without_weights_are_those_of_e3nn(irrep_normalization: Any) -> None:
    """Whole features: ours converted and times the signs of outputs; l = 2 and 3 as well."""
    rng = np.random.default_rng(3)
    for name, irreps in (
        ("FullTensorProduct", ("2x0e+1x1o+2x3o", "1x1o+2x2e")),
        ("ElementwiseTensorProduct", ("3x1o+2x2e", "1x0e+4x3o")),
    ):
        ours = getattr(rt, name)(*irreps, irrep_normalization=irrep_normalization)
        theirs = getattr(o3, name)(*irreps, irrep_normalization=irrep_normalization)
        assert str(theirs.irreps_out) == str(ours.irreps_out)
        x, y = rng.standard_normal((5, ours.dim1)), rng.standard_normal((5, ours.dim2))
        z = ours(x, y) * ours.output_signs("e3nn@0.6")
        given = [
            rt.convert(array, "real", "e3nn@0.6", degrees=side)
            for array, side in zip(
                (x, y, z), (ours.irreps_in1, ours.irreps_in2, ours.irreps_out), strict=True
            )
        ]
        found = theirs.double()(*map(torch.from_numpy, given[:2])).numpy()
        assert np.allclose(given[2], found, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("path_normalization", ["element", "path"])
def test_linear_is_that_of_e3nn(path_normalization: Any) -> None:
    irreps = "10x0e+5x1o+7x0e", "3x0e+20x1o"
    ours = Linear(*irreps, path_normalization=path_normalization)
    theirs = o3.Linear(
        *irreps, path_normalization=path_normalization, internal_weights=False, shared_weights=True
    )
    rng = np.random.default_rng(1)
    x, weight = rng.standard_normal((4, ours.dim_in)), rng.standard_normal(ours.weight_numel)
    expected = theirs(torch.from_numpy(x), torch.from_numpy(weight)).numpy()
    assert np.allclose(ours(x, weight), expected, rtol=1e-6, atol=1e-6)


def test_biases_are_those_of_e3nn() -> None:
    irreps = "4x0e+5x1o+2x0o", "3x0e+2x1o+2x0e+1x0o"
    ours = Linear(*irreps, biases=True)
    theirs = o3.Linear(*irreps, biases=True)
    assert (ours.weight_numel, ours.bias_numel) == (theirs.weight_numel, theirs.bias_numel)
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal(n) for n in ((4, ours.dim_in), ours.weight_numel, ours.bias_numel)]
    expected = theirs(*map(torch.from_numpy, arrays)).detach().numpy()
    assert np.allclose(ours(*arrays), expected, rtol=1e-6, atol=1e-6)
