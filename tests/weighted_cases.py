"""Products with weights that tests try: one a way of computing, in both layouts, and their operands."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from reptheory.operations.connected_engine import ConnectedEngine
from reptheory.operations.pieces_engine import PiecesEngine
from reptheory.operations.tensor_product import (
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


class Pieces(TensorProduct):
    """All pairs of copies in pieces of two, however few they are."""

    @cached_property
    def _engine(self) -> PiecesEngine:
        return PiecesEngine(self._spec, 10)


def pieces(layout: Any = "mul_ir", shared: bool = True) -> TensorProduct:
    """Pieces of all pairs of copies, of which several add to one entry, and other modes."""
    return Pieces(*IRREPS, INSTRUCTIONS, layout=layout, shared_weights=shared)


MAKERS = {
    "connected": connected,
    "every mode": everything,
    "channels": channels,
    "copies": copies,
    "many": many,
    "pieces": pieces,
    "whole copies": whole_copies,
}


def draw(tp: TensorProduct, samples: int, dtype: str = "float64", seed: int = 0) -> tuple[Array, ...]:
    """Draw x, y, weights and a gradient of the product."""
    rng = np.random.default_rng(seed)
    dims = ((samples, tp.dim1), (samples, tp.dim2), (samples, tp.weight_numel), (samples, tp.dim_out))
    x, y, weight, grad = (rng.standard_normal(shape).astype(dtype) for shape in dims)
    return x, y, weight[0] if tp.shared_weights else weight, grad
