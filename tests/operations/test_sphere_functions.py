"""Functions of features on the grid: polynomials are Gaunt products, others converge; gradients, bounds."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest

from reptheory.errors import LabelError, OperandError
from reptheory.exact.rotation_matrices import real_rotation_matrix
from reptheory.operations.activations import ACTIVATIONS
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.separable_activation import SeparableSphereActivation
from reptheory.operations.sphere_functions import SphereActivation, SphereFunction
from reptheory.operations.sphere_grid import SphereGrid

Array = Any

EXACT: dict[str, Any] = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "sin": mpmath.sin,
    "identity": lambda x: +x,
}


def multiply(left: Array, right: Array) -> Array:
    return left * right


def crossed(left: Array, right: Array) -> tuple[Array, Array]:
    return right, left


def slope(values: Array) -> Array:
    return 1 - np.tanh(values) ** 2


def rotation(lmax: int, quaternion: tuple[int, ...] = (1, 2, -3, 5)) -> Array:
    """Return D of a rational rotation on degrees 0..lmax."""
    whole = np.zeros(((lmax + 1) ** 2,) * 2)
    for degree in range(lmax + 1):
        block = slice(degree * degree, (degree + 1) ** 2)
        whole[block, block] = real_rotation_matrix(degree, quaternion).to_numpy()
    return whole


def drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("nodes", ["gauss", "equiangular"])
@pytest.mark.parametrize(("lmax1", "lmax2", "lmax_out"), [(0, 0, 0), (2, 1, 3), (3, 3, 3), (4, 2, 1)])
def test_products_are_gaunt_products(lmax1: int, lmax2: int, lmax_out: int, nodes: Any) -> None:
    grid = SphereGrid(lmax1 + lmax2 + lmax_out, nodes)
    function = SphereFunction((lmax1, lmax2), multiply, crossed, lmax_out=lmax_out, grid=grid)
    gaunt = GauntTensorProduct(lmax1, lmax2, lmax_out)
    x, y = drawn(1, 4, (lmax1 + 1) ** 2), drawn(2, 4, (lmax2 + 1) ** 2)
    assert function(x, y) == pytest.approx(gaunt(x, y), abs=1e-12)
    grad = drawn(3, 4, (lmax_out + 1) ** 2)
    for found, expected in zip(function.backward(x, y, grad=grad), gaunt.backward(x, y, grad), strict=True):
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_grid_that_is_too_coarse_aliases() -> None:
    x = drawn(4, 16)
    coarse = SphereActivation(3, np.square, grid=SphereGrid.of_shape(4, 8))
    assert coarse.grid.degree < 9
    assert np.abs(coarse(x) - GauntTensorProduct(3, 3, 3)(x, x)).max() > 1e-2


def test_operands_broadcast_and_gradients_add_up() -> None:
    function = SphereFunction((1, 2), multiply, crossed)
    x, y = drawn(5, 4), drawn(6, 3, 5, 9)
    grad = drawn(7, 3, 5, 9)
    first, second = function.backward(x, y, grad=grad)
    expected = GauntTensorProduct(1, 2, 2).backward(x, y, grad)
    assert function(x, y).shape == (3, 5, 9)
    assert first == pytest.approx(expected[0], abs=1e-12)
    assert second == pytest.approx(expected[1], abs=1e-12)


def test_activations_become_equivariant_as_the_grid_gets_finer() -> None:
    turn, x = rotation(3), drawn(8, 5, 16)
    errors = []
    for degree in (6, 12, 24, 48, 96):
        act = SphereActivation(3, np.tanh, grid=SphereGrid(degree))
        errors.append(np.abs(act(x @ turn.T) - act(x) @ turn.T).max())
    assert errors[0] > 1e-3
    assert all(finer < coarser for coarser, finer in pairwise(errors))
    assert errors[-1] < 1e-9


def test_polynomials_are_equivariant_already_on_the_smallest_grid() -> None:
    turn, x = rotation(2), drawn(9, 9)
    act = SphereActivation(2, lambda f: f**3 - f, grid=SphereGrid(8))
    assert act(turn @ x) == pytest.approx(turn @ act(x), abs=1e-12)


def test_inversion_goes_through_even_functions() -> None:
    parity = np.concatenate([np.full(2 * degree + 1, (-1) ** degree) for degree in range(4)])
    x = drawn(10, 16)
    for function in (np.tanh, np.exp):
        act = SphereActivation(3, function)
        assert act(parity * x) == pytest.approx(parity * act(x), abs=1e-12)


def test_gradients_are_finite_differences() -> None:
    act = SphereActivation(2, np.tanh, slope, lmax_out=3)
    x, grad = drawn(11, 9), drawn(12, 16)
    found = act.backward(x, grad)
    step = 1e-6
    for k in range(9):
        shift = step * np.eye(9)[k]
        difference = (act(x + shift) - act(x - shift)) @ grad / (2 * step)
        assert found[k] == pytest.approx(difference, abs=1e-8)


def test_extra_inputs_reach_the_function_and_its_derivative() -> None:
    act = SphereActivation(1, lambda f, a: a * f, lambda f, a: a + 0 * f)
    gates = np.array([0.5, -2.0, 3.0])
    x, grad = drawn(13, 3, 4), drawn(14, 3, 4)
    extra = (gates[:, None, None],)
    assert act(x, extra=extra) == pytest.approx(gates[:, None] * x, abs=1e-14)
    assert act.backward(x, grad=grad, extra=extra) == pytest.approx(gates[:, None] * grad, abs=1e-14)


@pytest.mark.parametrize("style", [0, -20, 20])
def test_bounds_of_nonlinearities_hold(style: int) -> None:
    """float32 against float64, and a linear function against its exact result."""
    act = SphereActivation(4, np.tanh, lipschitz=1.0)
    x = (drawn(15, 6, 25) * 10.0**style).astype(np.float32)
    z, bound = act(x, with_bound=True)
    wide, small = act(x.astype(np.float64), with_bound=True)
    assert (np.abs(z - wide) <= bound + small).all()
    assert bound.max() < 1e-3 * max(1, 10.0**style)
    double = SphereActivation(4, lambda f: 2 * f, lipschitz=2.0, ulps=0.0)
    z, bound = double(x, with_bound=True)
    assert (np.abs(z - 2 * x.astype(np.float64)) <= bound).all()


def test_without_its_lipschitz_term_the_bound_would_fail() -> None:
    """A steep function magnifies the errors of the values: the bound must follow."""
    steep = SphereActivation(3, lambda f: np.sin(1000 * f), lipschitz=1000.0)
    x = drawn(16, 200, 16).astype(np.float32)
    z, bound = steep(x, with_bound=True)
    wide, small = steep(x.astype(np.float64), with_bound=True)
    error = np.abs(z - wide)
    assert (error <= bound + small).all()
    assert (
        error > SphereActivation(3, lambda f: np.sin(1000 * f), lipschitz=1.0)(x, with_bound=True)[1]
    ).any()


def test_separable_activation() -> None:
    act = SeparableSphereActivation(2, np.tanh, np.exp, slope, np.exp)
    plain = SphereActivation(2, np.tanh, slope)
    x, scalars, grad = drawn(17, 5, 9), drawn(18, 5), drawn(19, 5, 9)
    z = act(scalars, x)
    assert (z[:, 0] == np.exp(scalars)).all()
    assert (z[:, 1:] == plain(x)[:, 1:]).all()
    own, rest = act.backward(scalars, x, grad)
    assert own == pytest.approx(grad[:, 0] * np.exp(scalars))
    higher = grad * (np.arange(9) > 0)
    assert (rest == plain.backward(x, grad=higher)).all()
    assert grad[0, 0] != 0


def test_dtypes_stay_and_empty_batches_work() -> None:
    act = SphereActivation(2, np.tanh, slope)
    x = drawn(20, 9).astype(np.float32)
    assert act(x).dtype == np.float32
    assert SphereActivation(2, lambda f: np.tanh(f.astype(np.float64)))(x).dtype == np.float32
    assert act.backward(x, grad=x).dtype == np.float32
    assert act(np.zeros((0, 9))).shape == (0, 9)
    copy = pickle.loads(pickle.dumps(act))
    assert (copy(x) == act(x)).all()
    assert (copy.backward(x, grad=x) == act.backward(x, grad=x)).all()


def test_bad_arguments_are_named() -> None:
    act = SphereActivation(1, np.tanh)
    with pytest.raises(OperandError, match="pass derivatives"):
        act.backward(np.zeros(4), grad=np.zeros(4))
    with pytest.raises(OperandError, match="pass lipschitz"):
        act(np.zeros(4), with_bound=True)
    with pytest.raises(OperandError, match="features: got 2"):
        act(np.zeros(4), np.zeros(4))
    for wrong in (np.sum, lambda f: f > 0, lambda f: f[..., :1]):
        with pytest.raises(OperandError, match="function: it returned"):
            SphereActivation(1, wrong)(np.zeros((2, 4)))
    with pytest.raises(LabelError, match="lipschitz: got 1"):
        SphereFunction((1, 1), multiply, lipschitz=(1.0,))
    with pytest.raises(LabelError, match="lmaxs"):
        SphereFunction((), multiply)
    separable = SeparableSphereActivation(1, np.tanh, np.tanh)
    with pytest.raises(OperandError, match=r"^scalars, x: leading axes"):
        separable(np.zeros(3), np.zeros((2, 4)))
    with pytest.raises(OperandError, match="pass scalar_derivative"):
        separable.backward(np.zeros(2), np.zeros((2, 4)), np.zeros((2, 4)))


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "relu"])
def test_known_activations_with_bounds_forward_and_backward(name: str) -> None:
    """float32 against float64: results, gradients, and derivatives that are those of the functions."""
    act = SphereActivation(3, name, lmax_out=2)
    x, grad = drawn(21, 40, 16).astype(np.float32) * 3, drawn(22, 40, 9).astype(np.float32)
    z, bound = act(x, with_bound=True)
    wide, small = act(x.astype(np.float64), with_bound=True)
    assert (np.abs(z - wide) <= bound + small).all()
    assert bound.max() < 1e-4
    value, limit = act.backward(x, grad=grad, with_bound=True)
    true, tiny = act.backward(*(x.astype(np.float64),), grad=grad.astype(np.float64), with_bound=True)
    assert (np.abs(value - true) <= limit + tiny).all()
    assert np.array_equal(value, act.backward(x, grad=grad))
    assert limit.max() < 1e-3
    assert tiny.max() < 1e-11
    known = ACTIVATIONS[name]
    at = np.linspace(-30, 30, 20001)
    slopes = known.derivative(at)
    assert np.gradient(known.function(at), at)[1:-1] == pytest.approx(slopes[1:-1], abs=1e-5)
    assert np.abs(slopes).max() <= known.lipschitz
    assert np.abs(np.diff(slopes) / np.diff(at)).max() <= known.slope_lipschitz + 1e-12
    with mpmath.workdps(30):
        for point in (-700.5, -30.25, -1.25, -1e-3, 0.0, 0.5, 17.0, 700.0):
            exact = EXACT[name](mpmath.mpf(point))
            off = abs(mpmath.mpf(float(known.function(np.array(point)))) - exact)
            assert off <= 4 * 2**-52 * abs(exact)
            steepness = mpmath.mpf(float(known.derivative(np.array(point))))
            assert abs(steepness - mpmath.diff(EXACT[name], point)) <= 4 * 2**-52


def test_relu_has_a_bound_but_its_gradient_none() -> None:
    act = SphereActivation(2, "relu")
    x = drawn(23, 5, 9)
    assert np.isfinite(act(x, with_bound=True)[1]).all()
    value, bound = act.backward(x, grad=x, with_bound=True)
    assert np.isfinite(value).all()
    assert np.isinf(bound).all()


def test_bounds_of_gradients_of_two_features() -> None:
    """A product is linear in each: its slopes drift as the other feature does; features broadcast."""
    function = SphereFunction(
        (1, 2), multiply, crossed, lipschitz=(9.0, 9.0), slope_lipschitz=((0, 1), (1, 0)), ulps=1.0
    )
    x, y, grad = drawn(24, 4).astype("f4"), drawn(25, 30, 9).astype("f4"), drawn(26, 30, 9).astype("f4")
    narrow = function.backward(x, y, grad=grad, with_bound=True)
    exact = GauntTensorProduct(1, 2, 2).backward(x.astype(float), y.astype(float), grad.astype(float))
    for value, bound, true in zip(*narrow, exact, strict=True):
        assert bound.shape == value.shape == true.shape
        assert (np.abs(value - true) <= bound + 1e-12).all()
        assert bound.max() < 1e-3


def test_without_the_drift_of_the_slope_the_bound_would_fail() -> None:
    x, grad = drawn(27, 300, 16).astype(np.float32), drawn(28, 300, 16).astype(np.float32)

    def steep(constant: float) -> SphereActivation:
        return SphereActivation(
            3, lambda f: np.cos(1000 * f) / -1000, lambda f: np.sin(1000 * f), slope_lipschitz=constant
        )

    value, bound = steep(1000.0).backward(x, grad=grad, with_bound=True)
    true = steep(1000.0).backward(x.astype(float), grad=grad.astype(float))
    error = np.abs(value - true)
    assert (error <= bound + 1e-9).all()
    assert (error > steep(1.0).backward(x, grad=grad, with_bound=True)[1]).any()


def test_bounds_of_a_separable_activation() -> None:
    act = SeparableSphereActivation(2, "silu", "sigmoid")
    x, scalars, grad = (one.astype("f4") for one in (drawn(29, 30, 9), drawn(30, 30), drawn(31, 30, 9)))
    wide = [one.astype(float) for one in (scalars, x, grad)]
    z, bound = act(scalars, x, with_bound=True)
    true, small = act(*wide[:2], with_bound=True)
    assert (np.abs(z - true) <= bound + small).all()
    assert np.array_equal(z, act(scalars, x))
    assert bound.max() < 1e-4
    found, plain = act.backward(scalars, x, grad, with_bound=True), act.backward(scalars, x, grad)
    exact = act.backward(*wide, with_bound=True)
    for value, limit, other, tiny, same in zip(*found, *exact, plain, strict=True):
        assert (np.abs(value - other) <= limit + tiny).all()
        assert np.array_equal(value, same)
        assert limit.max() < 1e-4


def test_blocks_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    act = SphereActivation(2, "tanh", lmax_out=3)
    x, grad = drawn(32, 7, 30, 9), drawn(33, 7, 30, 16)
    whole, back = act(x), act.backward(x, grad=grad)
    monkeypatch.setattr("reptheory.operations.grid_function.BLOCK", 1)
    assert np.array_equal(act(x), whole)
    assert np.array_equal(act.backward(x, grad=grad), back)
    assert act(x.astype("f4")).dtype == act.backward(x.astype("f4"), grad=grad.astype("f4")).dtype == "f4"


def test_names_of_activations() -> None:
    with pytest.raises(LabelError, match="function: got 'swish'"):
        SphereActivation(1, "swish")
    with pytest.raises(LabelError, match="derivative of your"):
        SphereActivation(1, "tanh", np.cos)
    with pytest.raises(LabelError, match="slope_lipschitz: got 1"):
        SphereFunction((1, 1), multiply, slope_lipschitz=((1.0, 1.0),))
    with pytest.raises(OperandError, match="pass slope_lipschitz"):
        SphereActivation(1, np.tanh, slope).backward(np.zeros(4), grad=np.zeros(4), with_bound=True)
    with pytest.raises(OperandError, match="do not broadcast"):
        SphereFunction((1, 1), multiply)(np.zeros((2, 4)), np.zeros((3, 4)))
