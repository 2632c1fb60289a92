"""Field products: sums of products of functions on rings, between sparse changes of basis.

    x, y  --changes-->  components  --ring_terms-->  components  --change-->  z

for a list of groups, each of which takes some columns of x and y, on a grid of its own, to some columns of z:
a product of two vector fields is one group, a Clebsch-Gordan product through vector fields has one for each
two families of harmonics. Copies of irreps are the same group on other columns. Proof of the bounds:
docs/proofs/vector_products.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.ring_terms import sums_on_rings
from reptheory.kernels.rings import WIDTH, row_length
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.pointers import address, at
from reptheory.kernels.simd.tiles import gather, scatter, sparse_1

__all__ = ["FieldPlan", "field_products"]

GROUP = 17
"""Columns of `FieldPlan.groups`."""


class FieldPlan(NamedTuple):
    """Groups, the sides and terms of each on rings, and changes of basis.

    matrices, program, slots, trig, sides, terms
              those of `rings.RingPlan`, of all groups; tiles of sides behind that of z
    values, places
              coefficients and rows of tiles, flat: the terms of changes of basis
    changes   (rows, 4) int64: a row of the tile is a sum of others: first term, end, which row, how much
              farther it is for the next copy; places are rows of x or y for functions, of the tile for z
    groups    (groups, 17) int64: first side, first result, end of the sides; first term and their end; ring
              pairs, points a quadrant, row of the folded ring pair, row of the points; first row of the
              changes of x, of y and of z, and their end; copies of x and of y, and how many columns farther
              the next one stands in x and in y
    dims      lengths of the last axes of x, y, z
    orders    (dim1,), (dim2,), (dim_out,)   int32: rows of a tile to which their columns go
    rows      of scratch
    """

    matrices: NDArray[Any]
    program: NDArray[np.int64]
    slots: NDArray[np.int32]
    trig: NDArray[Any]
    sides: NDArray[np.int64]
    terms: NDArray[np.int64]
    values: NDArray[Any]
    places: NDArray[np.int32]
    changes: NDArray[np.int64]
    groups: NDArray[np.int64]
    dims: tuple[int, int, int]
    orders: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
    rows: int


@part
def _change(
    values: Any, places: Any, changes: Any, first: int, last: int, source: Any, work: Any, copy: int
) -> None:  # fmt: skip
    """Write the rows first..last - 1 of a change of basis."""
    span = row_length(work)
    for row in range(4 * first, 4 * last, 4):
        target = (at(changes, row + 2) + copy * at(changes, row + 3)) * span
        sparse_1(values, places, at(changes, row), at(changes, row + 1), source, span, work, target, 1)


@compiled
def field_products(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: FieldPlan,
    work: NDArray[Any],
) -> None:  # fmt: skip
    """Write z[first:last], the sums of all groups; flat (batch, dim) arrays, aligned scratch."""
    # Arrays leave their tuples here, once: taking them out in a loop counts references every time.
    matrices, program, slots, trig, table, terms, values, places, changes, groups, dims, orders, _ = plan
    order_x, order_y, order_z = orders
    (dim1, dim2, dim3), span = dims, row_length(address(work))
    steps, m, t, s, w = address(program), address(matrices), address(trig), address(slots), address(work)
    sides, listed, own = address(table), address(terms), address(groups)
    v, p, c = address(values), address(places), address(changes)
    tile_y, tile_z = work[dim1 * span :], work[(dim1 + dim2) * span :]
    clear(work, (dim1 + dim2) * span, dim3 * span)  # what no group reaches
    for start in range(first, last, span):
        count = min(span, last - start)
        gather(x, start, count, dim1, order_x, work, WIDTH)
        gather(y, start, count, dim2, order_y, tile_y, WIDTH)
        for g in range(0, GROUP * groups.shape[0], GROUP):
            to_x, to_y, to_z, changed = at(own, g + 9), at(own, g + 10), at(own, g + 11), at(own, g + 12)
            copies = at(own, g + 14)
            for copy in range(at(own, g + 13) * copies):
                left = work[copy // copies * at(own, g + 15) * span :]
                right = tile_y[copy % copies * at(own, g + 16) * span :]
                _change(v, p, c, to_x, to_y, address(left), w, 0)
                _change(v, p, c, to_y, to_z, address(right), w, 0)
                sums_on_rings(
                    sides, at(own, g), at(own, g + 1), at(own, g + 2), steps, m, t, s, w, listed,
                    terms.shape[1], at(own, g + 3), at(own, g + 4), at(own, g + 7) * span,
                    at(own, g + 8) * span, at(own, g + 5), at(own, g + 6),
                )  # fmt: skip
                _change(v, p, c, to_z, changed, w, w, copy)
        scatter(tile_z, order_z, z, start, count, dim3, 0, dim3, WIDTH)
