"""Activations by name, with derivatives and Lipschitz constants: nonlinearities whose errors can be bounded.

    tanh    sigmoid    silu (x sigmoid x)    softplus (log(1 + e^x))    sin    relu    identity

Constants are the largest |f'| and |f''| over all numbers, rounded upward; relu's derivative jumps, so that no
bound on its gradient exists near 0.
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


def _silu(x: Array) -> Array:
    return np.asarray(x * _sigmoid(x))


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
    return np.asarray(there * (1 + x * back))


def _step(x: Array) -> Array:
    return np.asarray((x > 0).astype(x.dtype))


def _ones(x: Array) -> Array:
    return np.ones_like(x)


ACTIVATIONS: Final[dict[str, Activation]] = {
    "tanh": Activation(np.tanh, _tanh_slope, 1.0, 0.7699),  # 4 / sqrt(27)
    "sigmoid": Activation(_sigmoid, _sigmoid_slope, 0.25, 0.0963),  # 1 / sqrt(108)
    "silu": Activation(_silu, _silu_slope, 1.0999, 0.5),
    "softplus": Activation(_softplus, _sigmoid, 1.0, 0.25),
    "sin": Activation(np.sin, np.cos, 1.0, 1.0),
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
