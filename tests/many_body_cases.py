"""Many-body products that tests try, their operands, and a quarter turn of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from quarter_turn import quarter_turn

from reptheory.operations.gaunt_many_body import GauntManyBody

Array = Any
METHODS = ("table", "grid", "fourier")
PAPER = [(0,), (0, 0), (0, 0, 0)]
CASES: list[tuple[Any, ...]] = [
    ((2, 1, 1), 3, None),
    (2, 2, 3),
    (1, 4, 4),
    (2, 3, PAPER),
    ((2, 1), 3, [(0, 1), (1, 1, 0), (0,), (1, 1)]),
]
"""Degrees, degree of the result, terms."""


def degree_of(dim: int) -> Array:
    return np.sqrt(np.arange(dim)).astype(int)


def turned(values: Array) -> Array:
    return quarter_turn(values, range(round(values.shape[-1] ** 0.5)))


def draw(
    product: GauntManyBody, leading: Any = (), dtype: str = "float64", seed: int = 0, spread: float = 0.0
) -> tuple[list[Array], Array | None, Array]:
    """Draw the features, the weights and a gradient, of one shape or one each."""
    rng = np.random.default_rng(seed)
    count = len(product.dims)
    shapes = leading if isinstance(leading, list) else [leading] * (count + 1)

    def one(shape: Any, dim: int) -> Array:
        return (
            rng.standard_normal((*shape, dim)) * 10.0 ** rng.uniform(-spread, spread, (*shape, dim))
        ).astype(dtype)

    features = [one(shape, dim) for shape, dim in zip(shapes, product.dims, strict=False)]
    weight = one(shapes[count], product.weight_numel) if product.weighted else None
    return features, weight, one(np.broadcast_shapes(*shapes), product.dim_out)


def given_weight(weight: Array | None) -> list[Array]:
    return [] if weight is None else [weight]
