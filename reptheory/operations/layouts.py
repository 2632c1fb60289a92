"""Layouts: how the copies and orders of each entry of a direct sum stand in the last axis of an array.

mul_ir   copies outside, orders inside: component m of copy u at u (2 l + 1) + m + l, as e3nn has it
ir_mul   the reverse: at (m + l) mul + u, as cuEquivariance has it
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reptheory.groups.o3 import Irreps

__all__ = ["Layout", "Places", "in_order", "layout_places", "tile_rows"]

Layout = Literal["mul_ir", "ir_mul"]
Places = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Where each column of x, of y and of z, counted in "mul_ir", stands in its array."""


def layout_places(irreps: Irreps, layout: Layout) -> NDArray[np.int64]:
    """Return where each column of features in "mul_ir" stands in a layout, (dim,).

    >>> layout_places(Irreps("1x0e+2x1o"), "ir_mul").tolist()
    [0, 1, 3, 5, 2, 4, 6]
    """
    places = np.arange(irreps.dim)
    if layout == "ir_mul":
        for (mul, ir), where in zip(irreps, irreps.slices(), strict=True):
            places[where] = places[where].reshape(ir.dim, mul).T.reshape(-1)
    return places


def in_order(dims: tuple[int, int, int]) -> Places:
    """Return the places of columns that stand as they are counted."""
    return np.arange(dims[0]), np.arange(dims[1]), np.arange(dims[2])


def tile_rows(places: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return which column in "mul_ir" each column of an array is, the row of a tile that it goes to."""
    return np.argsort(places).astype(np.int32)
