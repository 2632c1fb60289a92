"""Certificate: a sparse coupling in double-double, to bound the error of any result that claims to equal it.

Coefficients are pairs hi + lo within u^2 of the exact ones; every product and sum keeps its rounding error
(two_product by fused multiply-add, two_sum [Ogita, Rump, Oishi 2005, Accurate sum and dot product]). What is
lost is of order n^2 u^2 sum |C||x||y|: the bound on |z - exact| is the difference that is seen, plus that.

Proof: docs/proofs/certificate.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.coupling import CouplingPlan
from reptheory.kernels.double_double import product_error
from reptheory.kernels.jit import compiled

__all__ = ["certify_coupling"]

U = 2.0**-53
ETA = 2.0**-1074
SMALLEST_COEFFICIENT = 2.0**-900
"""Coefficients below this could lose their remainders to underflow: there the bound is inf."""


@compiled
def _one(
    x: NDArray[Any], y: NDArray[Any], plan: CouplingPlan, low: NDArray[np.float64],
    high: NDArray[np.float64], rest: NDArray[np.float64], size: NDArray[np.float64], terms: NDArray[np.int64],
) -> None:  # fmt: skip
    """Evaluate one sample: value high + rest, size = sum |C||x||y|, terms in each output."""
    high[:] = 0.0
    rest[:] = 0.0
    size[:] = 0.0
    terms[:] = 0
    for chunk in range(plan.chunks.shape[0]):
        first_block, last_block, _, first_run, last_run = plan.chunks[chunk]
        for block in range(first_block, last_block):
            i0, _, j0, n2, first_row, last_row = plan.blocks[block]
            for row in range(first_row, last_row):
                place, first_term, last_term, _ = plan.rows[row]
                column = place
                for run in range(first_run, last_run):
                    tile_row, start, length = plan.runs[run]
                    if tile_row <= place < tile_row + length:
                        column = start + place - tile_row
                total, tail, absolute = high[column], rest[column], size[column]
                for t in range(first_term, last_term):
                    a, b = np.float64(x[i0 + plan.places[t] // n2]), np.float64(y[j0 + plan.places[t] % n2])
                    p = a * b
                    p_low = product_error(a, b, -p)
                    c = plan.values[t]
                    h = c * p
                    h_low = product_error(c, p, -h) + c * p_low + low[t] * p
                    new = total + h
                    back = new - total
                    tail += ((total - (new - back)) + (h - back)) + h_low
                    total = new
                    absolute += abs(h)
                high[column], rest[column], size[column] = total, tail, absolute
                terms[column] += last_term - first_term


@compiled
def certify_coupling(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any], first: int, last: int, plan: CouplingPlan,
    low: NDArray[np.float64], bound: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write bound[first:last] >= |z - C(x, y)| elementwise, from two-dimensional x, y, z, bound.

    plan    float64 coefficients, correctly rounded; low (terms,) their remainders, correctly rounded
    With n terms and c* the largest |C|: |exact - (high + rest)| <= ((2 n + 6) n + 13) u^2 size' +
    16 n (1 + c*) eta, and the difference z - high - rest is evaluated with two roundings.
    """
    dim_out = z.shape[1]
    largest, least = 0.0, np.inf
    for value in plan.values:
        largest, least = max(largest, abs(value)), min(least, abs(value))
    if least < SMALLEST_COEFFICIENT:
        bound[first:last] = np.inf
        return
    high, rest, size = np.empty(dim_out), np.empty(dim_out), np.empty(dim_out)
    terms = np.empty(dim_out, dtype=np.int64)
    for sample in range(first, last):
        _one(x[sample], y[sample], plan, low, high, rest, size, terms)
        for k in range(dim_out):
            n = np.float64(terms[k])
            one = np.float64(z[sample, k]) - high[k]
            two = one - rest[k]
            lost = ((2 * n + 6) * n + 13) * U * U * size[k] * (1 + 4 * (n + 4) * U)
            underflow = 16 * n * (1 + largest) * ETA
            total = (abs(two) + 2 * U * (abs(one) + abs(two)) + lost + underflow) * (1 + 8 * U)
            bound[sample, k] = total if np.isfinite(total) else np.inf
