"""Symmetric contractions that tests try, and their operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from reptheory.operations.symmetric_contraction import SymmetricContraction

Array = Any
FEATURES = ("0e+1o+2e", "0e+1o")
LAYOUTS = ("mul_ir", "ir_mul", "mul_irreps")


def made(
    channels: int = 3, correlation: int = 3, features: tuple[str, str] = FEATURES, **options: Any
) -> SymmetricContraction:
    sides = ("+".join(f"{channels}x{ir}" for ir in side.split("+")) for side in features)
    return SymmetricContraction(*sides, correlation, **options)


def draw(
    contraction: SymmetricContraction, samples: int, species: int, dtype: str = "float64", seed: int = 0,
    spread: float = 0.0,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Draw x, weight, species and a gradient."""
    rng = np.random.default_rng(seed)

    def one(*shape: int) -> Array:
        wide = rng.standard_normal(shape) * 10.0 ** rng.uniform(-spread, spread, shape)
        return wide.astype(dtype)

    x, weight = one(samples, contraction.dim_in), one(species, contraction.weight_numel)
    return x, weight, rng.integers(0, species, samples), one(samples, contraction.dim_out)
