"""Arrays of every kind through weighted products: the right numbers, or an error that names the array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from array_layouts import ARRAYS, spread

from reptheory.errors import OperandError
from reptheory.operations.tensor_product import FullyConnectedTensorProduct, TensorProduct

Array = Any


def channels() -> TensorProduct:
    return TensorProduct("9x0e+9x1o", "1x1o", "9x1o+9x0e", [(0, 0, 0, "uvu", True), (1, 0, 1, "uvu", True)], shared_weights=False)  # fmt: skip # noqa: E501


PRODUCTS: dict[str, TensorProduct] = {
    "channels": channels(),
    "samples": FullyConnectedTensorProduct("2x0e+1x1o", "2x1o", "3x1o+1x0e", shared_weights=False),
}


@pytest.fixture(params=sorted(PRODUCTS))
def product(request: pytest.FixtureRequest) -> TensorProduct:
    return PRODUCTS[request.param]


def draw(product: TensorProduct, *leading: int, dtype: str = "float64", seed: int = 0) -> list[Array]:
    """Draw small integers over 8, exact in every float type."""
    rng = np.random.default_rng(seed)
    dims = (product.dim1, product.dim2, product.weight_numel, product.dim_out)
    return [(rng.integers(-40, 41, (*leading, dim)) / 8).astype(dtype) for dim in dims]


@pytest.mark.parametrize("layout", sorted(ARRAYS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layout_does_not_change_a_bit(product: TensorProduct, layout: str, dtype: str) -> None:
    x, y, weight, grad = draw(product, 7, dtype=dtype)
    change = ARRAYS[layout]
    changed = [change(array) for array in (x, y, weight, grad)]
    assert np.array_equal(product(*changed[:3]), product(x, y, weight))
    for one, other in zip(product.backward(*changed), product.backward(x, y, weight, grad), strict=True):
        assert np.array_equal(one, other)
    out = spread(np.zeros((7, product.dim_out), dtype))
    assert product(x, y, weight, out=out) is out
    assert np.array_equal(out, product(x, y, weight))


REFUSED: dict[str, Callable[[Array], Any]] = {
    "bool": lambda array: array > 0,
    "complex": lambda array: array.astype(complex),
    "longdouble": lambda array: array.astype(np.longdouble),
    "object": lambda array: array.astype(object),
    "masked": lambda array: np.ma.masked_less(array, 0),
    "None inside": lambda _: [None],
    "too short": lambda array: array[:, :-1],
    "too long": lambda array: np.hstack([array, array]),
    "a scalar": lambda _: 1.5,
}


@pytest.mark.parametrize("fault", sorted(REFUSED))
@pytest.mark.parametrize("place", range(4))
def test_refused_by_name(product: TensorProduct, fault: str, place: int) -> None:
    operands = draw(product, 4)
    operands[place] = REFUSED[fault](operands[place])
    name = ("x", "y", "weight", "grad")[place]
    with pytest.raises(OperandError, match=rf"^{name}: ") as caught:
        product.backward(*operands)
    assert "\n" not in str(caught.value)
    if place < 3:
        with pytest.raises(OperandError, match=rf"^{name}: "):
            product(*operands[:3])


@pytest.mark.parametrize(
    "lengths", [((5, 1), (4,), (5, 4)), ((), (3,), ()), ((0,), (1,), (0,)), ((), (), ())]
)
def test_leading_axes_broadcast_and_gradients_sum_over_them(product: TensorProduct, lengths: Any) -> None:
    x, y, weight = (draw(product, *axes, seed=k)[k] for k, axes in enumerate(lengths))
    both = np.broadcast_shapes(*lengths)
    z = product(x, y, weight)
    assert z.shape == (*both, product.dim_out)
    full = [np.broadcast_to(array, (*both, array.shape[-1])) for array in (x, y, weight)]
    for place in np.ndindex(both):
        assert np.array_equal(z[place], product(*(array[place] for array in full)))
    grad = draw(product, *both, seed=7)[3]
    found = product.backward(x, y, weight, grad)
    each = product.backward(*full, grad)
    for gradient, whole, operand in zip(found, each, (x, y, weight), strict=True):
        assert gradient.shape == operand.shape
        axes = tuple(range(whole.ndim - operand.ndim)) + tuple(
            axis + whole.ndim - operand.ndim for axis, n in enumerate(operand.shape[:-1]) if n == 1
        )
        assert np.allclose(gradient, whole.sum(axis=axes).reshape(operand.shape), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bad_rows_touch_no_other_row(product: TensorProduct, dtype: str) -> None:
    x, y, weight, grad = draw(product, 33, dtype=dtype)
    expected, gradients = product(x, y, weight), product.backward(x, y, weight, grad)
    bad = np.random.default_rng(1).random(33) < 0.4
    for value in (np.nan, np.inf, np.finfo(dtype).max):
        spoilt = [array.copy() for array in (x, y, weight, grad)]
        for array in spoilt:
            array[bad] = value
        z, bound = product(*spoilt[:3], with_bound=True)
        assert np.array_equal(z[~bad], expected[~bad])
        assert np.isinf(bound[~np.isfinite(z)]).all()
        assert not np.isnan(bound).any()
        for one, other in zip(product.backward(*spoilt), gradients, strict=True):
            assert np.array_equal(one[~bad], other[~bad])
