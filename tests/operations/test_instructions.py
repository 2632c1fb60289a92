"""Instructions: what each means, in the words of e3nn, and which are refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from quarter_turn import quarter_turn
from weighted_cases import (
    INSTRUCTIONS,
    IRREPS,
    draw,
    everything,
)

from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.tensor_product import (
    ElementwiseTensorProduct,
    FullyConnectedTensorProduct,
    TensorProduct,
)

Array = Any

E3NN_SQUARES = {
    ("component", "element"): [5 / 18, 0.5, 12.5, 5 / 3, 2.5, 1 / 3, 0.5, 2.5, 5 / 36],
    ("norm", "path"): [0.5, 25 / 6, 37.5, 5.0, 12.5, 3.0, 1.5, 4.5, 25 / 36],
    ("none", "none"): [1.0, 1.0, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5],
}
"""Squares of e3nn 0.6's factors of 3j symbols for the first nine instructions."""


def test_squares_are_those_of_e3nn() -> None:
    for (component, path), squares in E3NN_SQUARES.items():
        tp = TensorProduct(*IRREPS, INSTRUCTIONS[:9], irrep_normalization=component, path_normalization=path)  # type: ignore[call-overload]
        dims = [tp.irreps_out[one.i_out].ir.dim for one in tp.instructions]
        found = [float(one.square * dim) for one, dim in zip(tp.instructions, dims, strict=True)]
        assert np.allclose(found, squares, rtol=1e-14)
        assert all(isinstance(one.square, Fraction) for one in tp.instructions)


def test_quarter_turn_and_inversion() -> None:
    """Rotation by 90 degrees about z and inversion are exact on coefficients: results turn likewise."""
    tp = FullyConnectedTensorProduct("2x1o+1x2e+1x3o", "1x0e+1x1o+1x2e", "2x0e+1x1o+2x1e+1x2e+1x4e+1x3o")
    x, y, weight, _ = draw(tp, 9)

    def degrees(irreps: Irreps) -> list[int]:
        return [ir.l for mul, ir in irreps for _ in range(mul)]

    def signs(irreps: Irreps) -> Array:
        return np.repeat([ir.p for _, ir in irreps], [mul * ir.dim for mul, ir in irreps])

    z, bound = tp(x, y, weight, with_bound=True)
    turned, turned_bound = tp(
        quarter_turn(x, degrees(tp.irreps_in1)),
        quarter_turn(y, degrees(tp.irreps_in2)),
        weight,
        with_bound=True,
    )
    allowed = turned_bound + np.abs(quarter_turn(bound, degrees(tp.irreps_out)))
    assert (np.abs(turned - quarter_turn(z, degrees(tp.irreps_out))) <= allowed).all()
    assert not (np.abs(turned - z) <= allowed).all()
    inverted = tp(x * signs(tp.irreps_in1), y * signs(tp.irreps_in2), weight)
    assert np.array_equal(inverted, z * signs(tp.irreps_out))


@pytest.mark.parametrize("normalization", ["component", "norm", "none"])
@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
def test_unweighted_uvuv_is_the_full_product(normalization: Any, layout: Any) -> None:
    """All paths of two sums of irreps, each to its own output: `FullTensorProduct`."""
    options = {"irrep_normalization": normalization, "layout": layout}
    full = FullTensorProduct("2x0e+2x1o", "2x1o+1x2e", **options)
    instructions = [(p.i1, p.i2, p.i_out, "uvuv", False) for p in full.instructions]
    tp = TensorProduct(full.irreps_in1, full.irreps_in2, full.irreps_out, instructions, **options)
    x, y, _, grad = draw(tp, 7)
    z, bound = tp(x, y, with_bound=True)
    assert tp.weight_numel == 0
    assert (np.abs(z - full(x, y)) <= 2 * bound).all()
    gradients = tp.backward(x, y, None, grad)
    assert gradients.weight is None
    for mine, other in zip(gradients[:2], full.backward(x, y, grad), strict=True):
        assert np.allclose(mine, other, rtol=1e-13, atol=1e-13)


def test_fully_connected_of_scalars_is_a_matrix() -> None:
    tp = FullyConnectedTensorProduct("40x0e", "1x0e", "70x0e", path_normalization="none")
    x, y, weight, _ = draw(tp, 130)
    assert np.allclose(tp(x, y, weight), (x * y) @ weight.reshape(40, 70), rtol=1e-12, atol=1e-12)


def test_elementwise_layout_is_that_of_e3nn() -> None:
    """Outputs recorded from e3nn 0.6."""
    cases = [
        ("5x1o+5x1e", "10x1e", ["0e", "0o"], "5x0o+5x0e"),
        ("2x0e+1x1o", "1x1e+2x2e", None, "1x1e+1x2e+1x1o+1x2o+1x3o"),
        ("", "", None, ""),
    ]
    for left, right, kept, out in cases:
        assert ElementwiseTensorProduct(left, right, kept).irreps_out == Irreps(out)
    tp = ElementwiseTensorProduct("3x1o", "3x1o", [Irrep("0e")])
    assert ElementwiseTensorProduct("3x1o", "3x1o", "0e").irreps_out == tp.irreps_out
    x, y, _, _ = draw(tp, 4)
    dots = -(x * y).reshape(4, 3, 3).sum(-1) / np.sqrt(3)
    assert np.allclose(tp(x, y), dots, rtol=1e-14, atol=1e-14)


def test_weights_of_a_path_weight_zero_do_nothing() -> None:
    tp = TensorProduct("2x1o", "1x1o", "2x1e", [(0, 0, 0, "uvu", True, 0)])
    x, y, weight, grad = draw(tp, 3)
    assert not tp(x, y, weight).any()
    assert not any(gradient.any() for gradient in tp.backward(x, y, weight, grad))


@pytest.mark.parametrize(
    ("instruction", "rule"),
    [
        ((0, 0, 7, "uvw", True), "has 7 entries"),
        ((0, -1, 0, "uvw", True), r"instructions\[0\]\[1\]"),
        ((0, 1, 0, "uvw", True), "no such path"),
        ((0, 0, 0, "uvx", True), "must be one of"),
        ((0, 0, 0, None, True), "must be one of"),
        ((0, 0, 0, "uvu", True), "4 output copies"),
        ((0, 0, 4, "uvuv", 2), "has_weight"),
        ((0, 0, 0, "uvw", False), "set has_weight"),
        ((0, 0, 0, "uvw"), "write"),
        (5, "write"),
        ((0, 0, 0, "uvw", True, -1), "path_weight"),
        ((0, 0, 0, "uvw", True, float("nan")), "path_weight"),
        ((0, 0, 0, "uvw", True, "x"), "path_weight"),
    ],
)
def test_instructions_refused(instruction: Any, rule: str) -> None:
    with pytest.raises(LabelError, match=rule) as caught:
        TensorProduct(*IRREPS, [instruction])
    assert str(caught.value).startswith("instructions[0]")


@pytest.mark.parametrize(
    "options",
    [
        {"irrep_normalization": "Component"},
        {"path_normalization": None},
        {"layout": "ir"},
        {"shared_weights": None},
    ],
)
def test_options_refused(options: dict[str, Any]) -> None:
    with pytest.raises(LabelError, match=rf"^{next(iter(options))}: got .* must be"):
        TensorProduct("1o", "1o", "1e", [(0, 0, 0, "uuu", True)], **options)


def test_equal_copies_and_equal_sums_are_required() -> None:
    with pytest.raises(LabelError, match="u needs equal numbers"):
        TensorProduct("2x1o", "3x1o", "2x1e", [(0, 0, 0, "uuu", True)])
    with pytest.raises(LabelError, match="irreps_in2: got 3 irreps"):
        ElementwiseTensorProduct("2x1o", "3x1o")


def test_weight_views() -> None:
    tp = everything()
    weight = np.arange(float(tp.weight_numel))
    views = tp.weight_views(weight)
    assert [view.shape for view in views] == [one.path_shape for one in tp.instructions if one.has_weight]
    assert np.array_equal(np.concatenate([view.ravel() for view in views]), weight)
    views[0][0, 0, 0] = 7
    assert weight[0] == 7


def test_missing_weights_are_asked_for() -> None:
    tp = everything()
    x, y, _, _ = draw(tp, 3)
    with pytest.raises(OperandError, match=r"^weight: got None; this product has 117 weights"):
        tp(x, y)


def test_copies_that_no_tile_holds_are_refused() -> None:
    """Lanes are samples: a tile has many of them, whatever the batch."""
    product = TensorProduct("1x0e", "10000000000x0e", "10000000000x0e", [(0, 0, 0, "uvv", False)])
    x, y = (np.broadcast_to(np.float32(1), (0, count)) for count in (1, 10**10))
    with pytest.raises(
        TooLarge, match=r"irreps_out: a tile with 10 Goutputs a sample may need .*; use fewer copies"
    ):
        product(x, y)


def test_elementwise_product_of_many_copies() -> None:
    """Entries are cut, not copies."""
    product = ElementwiseTensorProduct("1000000000x0e+2x1o", "1000000001x1o+1x0e")
    assert str(product.irreps_out) == "1000000000x1o+1x0e+1x1e+1x2e+1x1o"
