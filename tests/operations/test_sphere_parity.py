"""Parity of functions on the sphere: irreps of results, what inversion does; e3nn's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reptheory.errors import LabelError
from reptheory.groups.irreps import Irreps
from reptheory.operations.separable_activation import SeparableSphereActivation
from reptheory.operations.sphere_functions import SphereActivation, SphereFunction
from reptheory.operations.sphere_grid import SphereGrid

Array = Any


def inverted(x: Array, irreps: Irreps) -> Array:
    return x * np.repeat([ir.p for _, ir in irreps], [ir.dim for _, ir in irreps])


def drawn(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("irreps", ["0e+1o+2e", "0o+1e+2o", "0e+1e+2e", "0o+1o+2o"])
@pytest.mark.parametrize(("function", "p"), [(np.tanh, -1), (np.square, 1), ("sin", -1), (np.abs, 1)])
def test_results_have_the_parity_that_irreps_out_states(irreps: str, function: Any, p: int) -> None:
    act = SphereActivation(irreps, function, lmax_out=3)
    value, turn = (1 if irreps[1] == "e" else p), Irreps(irreps)[1].ir.p * Irreps(irreps)[0].ir.p
    assert act.irreps_out == Irreps([(1, (degree, value * turn**degree)) for degree in range(4)])
    assert (act.irreps_in, act.dim_in, act.dim_out) == (Irreps(irreps), 9, 16)
    x = drawn(1, 5, 9)
    expected = inverted(act(x), act.irreps_out)
    assert act(inverted(x, act.irreps_in)) == pytest.approx(expected, abs=1e-12)


def test_functions_without_parity_are_for_true_signals_alone() -> None:
    """As in e3nn, which raises for an odd signal and silu."""
    for function in ("silu", "softplus", "relu", np.exp, lambda f: f + 1):
        assert SphereActivation("0e+1o", function).irreps_out == Irreps("0e+1o")
        with pytest.raises(LabelError, match="function: it is neither even nor odd"):
            SphereActivation("0o+1e", function)
        with pytest.raises(LabelError, match="function: it is neither"):
            SeparableSphereActivation("0o+1e", function, "tanh")
    for function in (lambda f: f**11 + 1, lambda f: np.sinh(3 * f) + np.cosh(f), np.log):
        with pytest.raises(LabelError, match="function: it is neither even nor odd"):
            SphereActivation("0o+1e", function)  # also where one part is small beside the other
    with pytest.raises(LabelError, match="say parity=1"):
        SphereActivation("0o+1e", lambda f, gate: gate * f)
    gated = SphereActivation("0o+1e", lambda f, gate: gate * f, parity=-1)
    assert gated.irreps_out == Irreps("0o+1e")
    with pytest.raises(LabelError, match="parity: got 0"):
        SphereActivation("0o+1e", "tanh", parity=0)


def test_two_signals() -> None:
    """The product of two pseudo-signals is a true one, of one and a true one a pseudo-signal."""
    for left, right, value in (("0o+1e", "0o+1e", 1), ("0o+1e", "0e+1o", -1), ("0o", "0e+1e", -1)):
        product = SphereFunction((left, right), np.multiply)
        assert product.irreps_out[0].ir.p == value
        assert product.irreps_in == (Irreps(left), Irreps(right))
        assert product.dims == tuple(irreps.dim for irreps in product.irreps_in)
        given = [drawn(seed, irreps.dim) for seed, irreps in enumerate(product.irreps_in)]
        turned = map(inverted, given, product.irreps_in)
        expected = inverted(product(*given), product.irreps_out)
        assert product(*turned) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(LabelError, match="neither even nor odd"):
        SphereFunction(("0o+1e", "0e+1o"), np.add)
    assert SphereFunction(("0o+1e", "0o+1e"), np.add).irreps_out == Irreps("0o+1e")
    with pytest.raises(LabelError, match="of both has no parity"):
        SphereFunction(("0e+1o", "0e+1e"), np.multiply)


def test_scalars_beside_pseudo_signals() -> None:
    act = SeparableSphereActivation("0o+1e", "tanh", "sin")
    assert act.irreps_in == act.irreps_out == Irreps("0o+1e")
    scalars, x = drawn(2, 5), drawn(3, 5, 4)
    expected = inverted(act(scalars, x), act.irreps_out)
    assert act(-scalars, inverted(x, act.irreps_in)) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(LabelError, match="scalar_function: its values are 0e"):
        SeparableSphereActivation("0o+1e", "tanh", np.square)
    assert SeparableSphereActivation(1, "tanh", np.square).irreps_out == Irreps("0e+1o")


@pytest.mark.parametrize(
    "wrong", ["1o", "0e+2e", "2x0e+1o", "0e+1o+2o", "1o+0e", "", "0e+1o+1o", "0e+1e+2e+3o"]
)
def test_what_is_no_signal_is_refused(wrong: str) -> None:
    with pytest.raises(LabelError, match=r"lmaxs: got .* one copy of each degree"):
        SphereActivation(wrong, "tanh")


def test_they_print_as_what_they_do() -> None:
    act = SphereActivation("0o+1e+0x2o", "tanh")
    grid = "<SphereGrid: 2 gauss rings of 4 points, degree 3>"
    assert repr(act) == f"SphereActivation(1x0o+1x1e -> 1x0o+1x1e | tanh on {grid})"
    assert repr(SeparableSphereActivation(1, "silu", "relu")) == (
        f"SeparableSphereActivation(1x0e+1x1o -> 1x0e+1x1o | silu on {grid}, relu of scalars)"
    )
    mixing = SphereFunction((1, 0), np.add, channels=(3, 2))
    assert "channels 3 -> 2 | add on" in repr(mixing)
    transforms = sum(to.cost for to in mixing.to_grid)
    assert mixing.cost == 3 * transforms + 2 * mixing.from_grid.cost
    assert act.cost == act.to_grid[0].cost + act.from_grid.cost


X = [-0.801931425253, -1.324358995628, -0.248361622095, 0.420445238066, 1.13604653249, 0.109706399322,
     -0.552647320536, -0.784780355344, 0.748745770735]  # fmt: skip
E3NN = {
    ("tanh", "component"): [
        -0.889667780005, -1.391897545786, -0.365026304559, 0.373943703805, 1.209731173853, 0.122748560967,
        -0.879489671746, -0.984280972219, 0.73643336908, -0.097238162512, 0.175245396622, 0.030401427881,
        0.12404833024, 0.048029877991, -0.060305130501, 0.435726494164,
    ],
    ("square", "norm"): [
        1.808665052667, 1.235825117378, -0.030827558834, -0.669960538272, -0.659971586387, -0.261146800547,
        -0.236556750438, 0.287545196075, -0.520478687919, -0.275026788283, 0.350977041473, 0.132244085885,
        0.241297240881, 0.160886452954, -0.161932412741, 0.973547514753,
    ],
}  # fmt: skip
"""S2Activation("0o+1e+2o", act, 60, normalization, lmax_out=3)(X) of e3nn 0.6.0."""


@pytest.mark.parametrize(("name", "normalization"), list(E3NN))
def test_the_docstring_says_how_to_have_the_numbers_of_e3nn(name: str, normalization: str) -> None:
    function, constant = {"tanh": (np.tanh, 1.5937334472592695), "square": (np.square, 0.5779851362666192)}[
        name
    ]
    act = SphereActivation("0o+1e+2o", function, lmax_out=3, grid=SphereGrid(60))
    degrees = np.repeat(np.arange(4), [1, 3, 5, 7])
    scale = np.sqrt(4 * np.pi / 3 / (2 * degrees + 1 if normalization == "component" else degrees * 0 + 1))
    found = constant * act(scale[:9] * X) / scale
    assert found == pytest.approx(E3NN[name, normalization], abs=1e-9)
    assert str(act.irreps_out) == ("1x0o+1x1e+1x2o+1x3e" if name == "tanh" else "1x0e+1x1o+1x2e+1x3o")
