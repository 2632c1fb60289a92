"""Activations by name, with derivatives and Lipschitz constants: nonlinearities whose errors can be bounded.

    tanh    sigmoid    silu (x sigmoid x)    softplus (log(1 + e^x))    sin    relu    identity

Constants are the largest |f'| and |f''| over all numbers, rounded upward; relu's derivative jumps, so that no
bound on its gradient exists near 0. Functions are right to 4 units in the last place also where results are
below the smallest normal number; at infinities they give their limits, where they have one, else NaN, and no
warning.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import LabelError
from reptheory.groups.labels import shown

__all__ = ["ACTIVATIONS", "Activation", "named_activation"]

Array = NDArray[Any]


class Activation(NamedTuple):
    """A function of one number with its derivative and their Lipschitz constants."""

    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    lipschitz: float
    slope_lipschitz: float


def _sigmoids(x: Array) -> tuple[Array, Array]:
    """Return sigmoid(x) and sigmoid(-x)."""
    small = np.exp(-np.abs(x))
    total = 1 + small
    return np.maximum(x >= 0, small) / total, np.maximum(x <= 0, small) / total


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.asarray(np.maximum(x >= 0, small) / (1 + small))


def _edge(x: Array) -> float:
    """Return a power of 2: e^edge and its inverse are normal in the dtype of x, edge e^(-1.75 edge) is 0."""
    return 512.0 if x.dtype == np.float64 else 64.0


def _silu(x: Array) -> Array:
    edge = _edge(x)
    if np.fmin.reduce(x, axis=None, initial=0) >= -edge:
        return np.asarray(x / (1 + np.exp(-x)))
    x = np.maximum(x, -1.75 * edge)  # 0 there and below, at -inf too
    shift = np.where(x < -edge, x.dtype.type(edge / 2), 0)  # x + shift is exact, and silu x e^x there
    return np.asarray(x / (1 + np.exp(-(x + shift))) * np.exp(-shift))


@np.errstate(invalid="ignore")
def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x.dtype.type(0), x))


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _identity(x: Array) -> Array:
    return x


def _tanh_slope(x: Array) -> Array:
    return np.asarray(1 - np.tanh(x) ** 2)


def _sigmoid_slope(x: Array) -> Array:
    there, back = _sigmoids(x)
    return np.asarray(there * back)


def _silu_slope(x: Array) -> Array:
    there, back = _sigmoids(x)
    far = 2 * _edge(x)  # one of both is 0 there and beyond, at infinities too
    return np.asarray(there * (1 + np.minimum(np.maximum(x, -far), far) * back))


@np.errstate(invalid="ignore")
def _sin(x: Array) -> Array:
    return np.asarray(np.sin(x))


@np.errstate(invalid="ignore")
def _cos(x: Array) -> Array:
    return np.asarray(np.cos(x))


def _step(x: Array) -> Array:
    return np.asarray((x > 0).astype(x.dtype))


def _ones(x: Array) -> Array:
    return np.ones_like(x)


ACTIVATIONS: Final[dict[str, Activation]] = {
    "tanh": Activation(np.tanh, _tanh_slope, 1.0, 0.7699),  # 4 / sqrt(27)
    "sigmoid": Activation(_sigmoid, _sigmoid_slope, 0.25, 0.0963),  # 1 / sqrt(108)
    "silu": Activation(_silu, _silu_slope, 1.0999, 0.5),
    "softplus": Activation(_softplus, _sigmoid, 1.0, 0.25),
    "sin": Activation(_sin, _cos, 1.0, 1.0),
    "relu": Activation(_relu, _step, 1.0, inf),
    "identity": Activation(_identity, _ones, 1.0, 0.0),
}
"""Every activation that `SphereActivation` knows by name."""


def named_activation(name: str, derivative: object = None) -> Activation:
    """Return an activation by its name; its derivative is known and not given."""
    if name not in ACTIVATIONS or derivative is not None:
        raise LabelError(
            f"function: got {shown(name)}; the names are {', '.join(ACTIVATIONS)}; for a derivative of your "
            "own pass a function"
        )
    return ACTIVATIONS[name]
