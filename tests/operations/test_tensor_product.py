"""Tensor products with instructions: every mode, forward and backward, within bounds."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from exact_weighted import weighted_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from quarter_turn import quarter_turn

from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations import connected_plan
from reptheory.operations.channel_engine import ChannelEngine
from reptheory.operations.connected_engine import ConnectedEngine
from reptheory.operations.connected_ways import Sizes, Way, cost_of, ways
from reptheory.operations.copy_engine import CopyEngine
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.instructions import MODES
from reptheory.operations.tensor_product import (
    ElementwiseTensorProduct,
    FullyConnectedTensorProduct,
    TensorProduct,
)
from reptheory.operations.weighted_engine import SampleEngine

Array = Any

IRREPS = ("3x1o+3x2e", "3x1o+3x2e", "4x2e+3x1e+3x2o+3x2o+9x2e+5x0e+1x3o")
INSTRUCTIONS: list[tuple[Any, ...]] = [
    (0, 0, 0, "uvw", True),
    (1, 1, 1, "uvu", True),
    (0, 1, 2, "uuu", True, 2.5),
    (1, 0, 3, "uvv", True),
    (1, 1, 4, "uvuv", True),
    (0, 0, 5, "uuw", True),
    (0, 0, 1, "uvu", False),
    (0, 0, 4, "uvuv", False),
    (1, 1, 0, "uvw", True, Fraction(1, 2)),
    (0, 1, 6, "uuw", False),
]
E3NN_SQUARES = {
    ("component", "element"): [5 / 18, 0.5, 12.5, 5 / 3, 2.5, 1 / 3, 0.5, 2.5, 5 / 36],
    ("norm", "path"): [0.5, 25 / 6, 37.5, 5.0, 12.5, 3.0, 1.5, 4.5, 25 / 36],
    ("none", "none"): [1.0, 1.0, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5],
}
"""Squares of e3nn 0.6's factors of 3j symbols for the first nine instructions."""


def everything(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    return TensorProduct(*IRREPS, INSTRUCTIONS, layout=layout, shared_weights=shared)


def channels(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    """All uvu: whole vectors of copies and some over, two copies of y, no weights, outputs without a path."""
    instructions = [
        (0, 0, 0, "uvu", True),
        (1, 2, 0, "uvu", True),
        (1, 0, 1, "uvu", False),
        (2, 0, 2, "uvu", True, 0.25),
        (2, 2, 3, "uvu", True),
        (1, 2, 4, "uvu", True),
    ]
    irreps = ("9x0e+9x1o+33x5e", "2x1o+1x0o+1x2e", "9x1o+9x1e+33x5o+33x3e+9x2o+8x0o")
    return TensorProduct(*irreps, instructions, layout=layout, shared_weights=shared)


def copies(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    """All uuu: samples side by side, two paths from a pair, no weights, an output without a path."""
    instructions = [
        (0, 0, 0, "uuu", True),
        (1, 1, 2, "uuu", True),
        (0, 0, 1, "uuu", False),
        (0, 1, 3, "uuu", True, 0.25),
        (2, 2, 4, "uuu", True),
        (0, 0, 0, "uuu", True),
    ]
    irreps = ("9x1o+9x2e+17x0e", "9x1o+9x2e+17x5o", "9x2e+9x0e+9x2e+9x3o+17x5o+8x0o")
    return TensorProduct(*irreps, instructions, layout=layout, shared_weights=shared)


def whole_copies(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    """All uuu, with copies that need no tiles in the layout that has them inside."""
    irreps = "64x0e+64x1o"
    instructions = [(0, 0, 0, "uuu", True), (1, 1, 0, "uuu", True), (0, 1, 1, "uuu", True)]
    return TensorProduct(irreps, irreps, irreps, instructions, layout=layout, shared_weights=shared)


def small(mode: str, layout: Any, shared: bool) -> TensorProduct:
    out = {"uvw": "3x2e", "uvu": "2x2e", "uvv": "2x2e", "uuw": "3x2e", "uuu": "2x2e", "uvuv": "4x2e"}[mode]
    return TensorProduct("2x1o", "2x1o", out, [(0, 0, 0, mode, True)], shared_weights=shared, layout=layout)


class ManyCopies(FullyConnectedTensorProduct):
    """By matrix products with copies as lanes, however few they are."""

    @cached_property
    def _engine(self) -> ConnectedEngine | SampleEngine:
        return ConnectedEngine(self._spec) if self.shared_weights else SampleEngine(self._spec)


def many(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    """All uvw; an output without a path."""
    irreps = "3x0e+2x1o+2x2e", "2x0e+3x1o+1x2e", "2x0e+3x1o+2x2e+1x5o"
    return ManyCopies(*irreps, layout=layout, shared_weights=shared)


def connected(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    """Fully connected with one copy of each irrep of y, whose gradient mixes first."""
    return FullyConnectedTensorProduct(
        "3x0e+4x1o", "1x0e+1x1o", "5x1o+2x0e+1x1e", layout=layout, shared_weights=shared
    )


MAKERS = {
    "connected": connected,
    "every mode": everything,
    "channels": channels,
    "copies": copies,
    "many": many,
    "whole copies": whole_copies,
}


def test_the_engines_are_chosen_by_the_instructions() -> None:
    assert isinstance(channels()._engine, ChannelEngine)
    assert isinstance(copies()._engine, CopyEngine)
    assert [whole_copies(layout)._engine.plan("float32").direct for layout in ("mul_ir", "ir_mul")] == [0, 1]
    assert isinstance(everything()._engine, SampleEngine)
    wide = "32x0e+32x1o"
    assert isinstance(FullyConnectedTensorProduct(wide, wide, wide)._engine, ConnectedEngine)
    assert isinstance(
        FullyConnectedTensorProduct(wide, wide, wide, shared_weights=False)._engine, SampleEngine
    )
    assert isinstance(FullyConnectedTensorProduct(wide, "1x0e+1x1o", wide)._engine, SampleEngine)


def draw(tp: TensorProduct, samples: int, dtype: str = "float64", seed: int = 0) -> tuple[Array, ...]:
    """Draw x, y, weights and a gradient of the product."""
    rng = np.random.default_rng(seed)
    dims = ((samples, tp.dim1), (samples, tp.dim2), (samples, tp.weight_numel), (samples, tp.dim_out))
    x, y, weight, grad = (rng.standard_normal(shape).astype(dtype) for shape in dims)
    return x, y, weight[0] if tp.shared_weights else weight, grad


@pytest.mark.parametrize("make", sorted(MAKERS))
@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_mode_equals_its_definition(make: str, layout: Any, shared: bool, dtype: str) -> None:
    """Product and gradients lie within their bounds of the exact sums, and a smaller bound would not do."""
    tp = MAKERS[make](layout, shared)
    x, y, weight, grad = draw(tp, 2, dtype)
    reference = weighted_reference(tp)
    z, bound = tp(x, y, weight, with_bound=True)
    gradients, bounds = tp.backward(x, y, weight, grad, with_bound=True)
    operands = (x, y, grad, weight)
    tight = tp.certificate(x, y, weight, z)
    tights = tp.backward_certificate(x, y, weight, grad, gradients)
    results = {
        2: (z, bound, tight),
        0: (gradients.x, bounds.x, tights.x),
        1: (gradients.y, bounds.y, tights.y),
        3: (gradients.weight, bounds.weight, tights.weight),
    }
    for axis, (result, limit, tight) in results.items():
        assert not reference.violations(axis, operands, result, tight)
        if dtype == "float64":
            assert reference.violations(axis, operands, result, tight * (1 - 1e-6)), "tight"
            assert (tight <= limit * (1 + 1e-9) + 1e-28).all()
        assert result.dtype == np.dtype(dtype)
        assert np.isfinite(limit).all()
        assert not reference.violations(axis, operands, result, limit)
        assert reference.violations(axis, operands, result, limit / 2000), "a bound must not be idle"
        assert reference.violations(axis, operands, result + 10 * limit.max(), limit)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_float64_inside_rounds_once(make: str) -> None:
    """Results are those of float64, rounded; bounds hold and shrink to one rounding."""
    narrow = MAKERS[make]()
    tp = copy.copy(narrow)
    tp.accumulate = "float64"
    operands = draw(narrow, 5, "float32")
    wide = [array.astype("float64") for array in operands]
    z, bound = tp(*operands[:3], with_bound=True)
    exact, slack = narrow(*wide[:3], with_bound=True)
    assert z.dtype == np.float32
    assert np.array_equal(z, exact.astype("float32"))
    assert (np.abs(z - exact) <= bound + slack).all()
    assert bound.max() < 3 * np.abs(z).max() * 2.0**-24
    found, bounds = tp.backward(*operands, with_bound=True)
    expected = narrow.backward(*wide)
    for one, limit, other in zip(found, bounds, expected, strict=True):
        assert np.array_equal(one, other.astype("float32"))
        assert (np.abs(one - other) <= limit * (1 + 1e-9)).all()
    assert np.array_equal(tp(*wide[:3]), exact)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_certificates_hold_and_are_tight(make: str) -> None:
    tp = MAKERS[make]()
    x, y, weight, _ = draw(tp, 3, "float32")
    claimed = tp(x, y, weight)
    claimed[1] += np.float32(0.5)
    reference = weighted_reference(tp)
    bound = tp.certificate(x, y, weight, claimed)
    operands = (x, y, np.zeros_like(claimed), weight)
    assert not reference.violations(2, operands, claimed, bound)
    assert reference.violations(2, operands, claimed, bound * (1 - 1e-6))
    claimed[0, 0] = np.nan
    assert np.isinf(tp.certificate(x, y, weight, claimed)[0, 0])


def test_squares_are_those_of_e3nn() -> None:
    for (component, path), squares in E3NN_SQUARES.items():
        tp = TensorProduct(*IRREPS, INSTRUCTIONS[:9], irrep_normalization=component, path_normalization=path)  # type: ignore[call-overload]
        dims = [tp.irreps_out[one.i_out].ir.dim for one in tp.instructions]
        found = [float(one.square * dim) for one, dim in zip(tp.instructions, dims, strict=True)]
        assert np.allclose(found, squares, rtol=1e-14)
        assert all(isinstance(one.square, Fraction) for one in tp.instructions)


STYLES = {
    "float32": {"wide": (-12, 12), "subnormal": (-45, -38), "underflow": (-24, -14), "overflow": (12, 13.5)},
    "float64": {
        "wide": (-90, 90),
        "subnormal": (-323, -308),
        "underflow": (-165, -100),
        "overflow": (100, 104),
    },
}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*sorted(MODES), "channels", "many"]),
    st.booleans(),
    st.sampled_from(["mul_ir", "ir_mul"]),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(sorted(STYLES["float32"])),
    st.integers(0, 2**32),
)
def test_bounds_hold_for_every_number(
    mode: str, shared: bool, layout: Any, dtype: str, style: str, seed: int
) -> None:
    made = {"channels": channels, "many": many}.get(mode)
    tp = small(mode, layout, shared) if made is None else made(layout, shared)
    rng = np.random.default_rng(seed)
    arrays = []
    for array in draw(tp, 2, "float64", seed):
        with np.errstate(over="ignore"):
            scale = 10.0 ** rng.uniform(*STYLES[dtype][style], array.shape)
            arrays.append((array * scale * (rng.random(array.shape) > 0.1)).astype(dtype))
    x, y, weight, grad = arrays
    reference = weighted_reference(tp)
    z, bound = tp(x, y, weight, with_bound=True)
    gradients, bounds = tp.backward(x, y, weight, grad, with_bound=True)
    cases = {
        2: (z, bound),
        0: (gradients.x, bounds.x),
        1: (gradients.y, bounds.y),
        3: (gradients.weight, bounds.weight),
    }
    for axis, (result, limit) in cases.items():
        assert np.isinf(limit[~np.isfinite(result)]).all()
        assert not reference.violations(axis, (x, y, grad, weight), result, limit)


@pytest.mark.parametrize("make", sorted(MAKERS))
@pytest.mark.parametrize("shared", [True, False])
def test_gradients_equal_finite_differences(make: str, shared: bool) -> None:
    """The product is linear in each operand: central differences are exact up to rounding."""
    tp = MAKERS[make](shared=shared)
    operands = list(draw(tp, 2)[:3])
    grad = draw(tp, 2, seed=5)[3]
    for place, gradient in enumerate(tp.backward(*operands, grad)):
        rng = np.random.default_rng(place)
        for _ in range(5):
            step = rng.standard_normal(operands[place].shape)
            high, low = ([*operands] for _ in range(2))
            high[place], low[place] = operands[place] + step, operands[place] - step
            assert np.isclose(((tp(*high) - tp(*low)) * grad).sum() / 2, (gradient * step).sum(), rtol=1e-11)


@pytest.mark.parametrize("make", sorted(MAKERS))
def test_layouts_are_transposes(make: str) -> None:
    """The same product in both layouts, bit by bit."""
    inner, outer = MAKERS[make]("mul_ir"), MAKERS[make]("ir_mul")
    x, y, weight, _ = draw(inner, 5)

    def turned(array: Array, irreps: Irreps) -> Array:
        parts = [
            array[:, place].reshape(len(array), mul, ir.dim).swapaxes(1, 2).reshape(len(array), -1)
            for place, (mul, ir) in zip(irreps.slices(), irreps, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    z = outer(turned(x, inner.irreps_in1), turned(y, inner.irreps_in2), weight)
    assert np.array_equal(z, turned(inner(x, y, weight), inner.irreps_out))


@pytest.mark.parametrize("make", sorted(MAKERS))
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sample_does_not_know_its_batch_or_the_threads(make: str, shared: bool, dtype: str) -> None:
    one, two = MAKERS[make](shared=shared), MAKERS[make](shared=shared)
    one.threads, two.threads = 1, 2
    x, y, weight, grad = draw(one, 3000, dtype)
    z, gradients = one(x, y, weight), one.backward(x, y, weight, grad)
    assert np.array_equal(z, two(x, y, weight))
    for first, second in zip(gradients, two.backward(x, y, weight, grad), strict=True):
        assert np.array_equal(first, second)
    for n in (0, 63, 64, 2999):
        own = weight if shared else weight[n]
        assert np.array_equal(z[n], one(x[n], y[n], own))
        alone = one.backward(x[n], y[n], own, grad[n])
        assert np.array_equal(gradients.x[n], alone.x)
        assert np.array_equal(gradients.y[n], alone.y)
        if not shared:
            assert np.array_equal(gradients.weight[n], alone.weight)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_copies_in_pieces_equal_those_of_samples(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies over one block, more than are kept at a time, and those left over, in every role."""
    monkeypatch.setattr(connected_plan, "PAIR_BYTES", 1)
    irreps = "37x0e+40x1o", "33x0e+35x1o", "34x0e+39x1o"
    tp, other = FullyConnectedTensorProduct(*irreps), FullyConnectedTensorProduct(*irreps)
    other._engine = SampleEngine(other._spec)
    assert isinstance(tp._engine, ConnectedEngine)
    x, y, weight, grad = draw(tp, 75, dtype)
    found, expected = (one(x, y, weight, with_bound=True) for one in (tp, other))
    assert (np.abs(found[0] - expected[0]) <= found[1] + expected[1]).all()
    assert (found[1] <= 2 * expected[1]).all()
    gradients, others = (one.backward(x, y, weight, grad, with_bound=True) for one in (tp, other))
    for one, limit, two, bound in zip(*gradients, *others, strict=True):
        assert (np.abs(one - two) <= limit + bound).all()
        assert (limit <= 2 * bound).all()


def test_matrix_products_are_those_with_fewest_columns() -> None:
    """The feature with the fewest orders is contracted with the weights."""
    for orders in [(1, 3, 3), (3, 1, 3), (3, 3, 1), (5, 3, 3), (5, 5, 5)]:
        sizes = Sizes((64, 64, 64), orders, (64, 64, 64))
        (way,) = ways(sizes, gradient=False)
        assert orders[way.roles[0]] == min(orders)
        assert cost_of(way, sizes) >= min(orders) * 64**3
        pulled = ways(sizes, gradient=True)
        assert sum(way.weights for way in pulled) == 1
        assert sorted(k for way in pulled for k in (way.target, way.folded) if k >= 0) == [0, 1]


def test_every_way_gives_the_same_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the ways that a plan may choose, whichever is the cheapest."""
    irreps = "5x1o", "4x1o", "3x1e"
    tp = FullyConnectedTensorProduct(*irreps)
    x, y, weight, grad = draw(tp, 5)
    expected, gradients = tp(x, y, weight), tp.backward(x, y, weight, grad)
    orders = [(p, q, 3 - p - q) for p in range(3) for q in range(3) if p != q]
    for roles in orders:
        pull, push = Way(0, roles), Way(1, roles)
        alone = Way(1, roles, result=False, weights=True)
        both = [Way(0, (2, 0, 1), fold=True), Way(0, (2, 1, 0), fold=True)]
        apart = [Way(0, (2, 1, 0)), Way(1, (1, 0, 2))], [Way(0, (1, 2, 0)), Way(0, (0, 2, 1))]
        for forward in [pull] * (roles[2] == 2) + [push] * (roles[0] == 2):
            for backward in ([both[0]], [both[1]], *apart):
                chosen = {False: [forward], True: [alone, *backward]}
                monkeypatch.setattr(connected_plan, "ways", lambda sizes, gradient, c=chosen: c[gradient])  # noqa: ARG005
                tp._engine = ConnectedEngine(tp._spec)
                assert np.allclose(tp(x, y, weight), expected, rtol=1e-13, atol=1e-13)
                for one, two in zip(tp.backward(x, y, weight, grad), gradients, strict=True):
                    assert np.allclose(one, two, rtol=1e-13, atol=1e-13)


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


def test_unweighted_uvuv_is_the_full_product() -> None:
    """All paths of two sums of irreps, each to its own output: `FullTensorProduct`."""
    full = FullTensorProduct("2x0e+1x1o", "2x1o+1x2e")
    instructions = [(p.i1, p.i2, p.i_out, "uvuv", False) for p in full.instructions]
    tp = TensorProduct(full.irreps_in1, full.irreps_in2, full.irreps_out, instructions)
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


@pytest.mark.parametrize("remake", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_and_pickles(remake: Any) -> None:
    tp = everything()
    x, y, weight, _ = draw(tp, 3)
    expected = tp(x, y, weight)
    other = remake(tp)
    assert repr(other) == repr(tp)
    assert np.array_equal(other(x, y, weight), expected)


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
    product = TensorProduct("100000x0e", "100000x0e", "10000000000x0e", [(0, 0, 0, "uvuv", False)])
    x = np.broadcast_to(np.float32(1), (0, 100_000))
    with pytest.raises(
        TooLarge, match=r"irreps_out: a tile with 10 Goutputs a sample may need .*; use fewer copies"
    ):
        product(x, x)


def test_elementwise_product_of_many_copies() -> None:
    """Entries are cut, not copies."""
    product = ElementwiseTensorProduct("1000000000x0e+2x1o", "1000000001x1o+1x0e")
    assert str(product.irreps_out) == "1000000000x1o+1x0e+1x1e+1x2e+1x1o"
