"""Certificate: sparse bilinear maps in double-double, each number with a bound on its error.

A number is a triple (high, low, error): what it stands for is within `error` of high + low. A chain of maps
evaluates any multilinear operation to some u^2 of its size; what a result that claims to equal it is off is
then seen, to next to nothing. Every product and sum keeps its rounding error (two_product by fused
multiply-add, two_sum [Ogita, Rump, Oishi 2005, Accurate sum and dot product]).

Proof: docs/proofs/certificate.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.double_double import product_error, times
from reptheory.kernels.jit import compiled

__all__ = ["multiply"]

U = 2.0**-53
ETA = 2.0**-1074


@compiled
def multiply(
    a: NDArray[np.float64], b: NDArray[np.float64], z: NDArray[np.float64], starts: NDArray[np.int64],
    places: NDArray[np.int32], high: NDArray[np.float64], low: NDArray[np.float64], work: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write z_k = sum over t from starts[k] to starts[k + 1] of (high + low)_t a_i b_j, i, j = places[:, t].

    a, b, z     (3, dim, samples) high, low, error; |low| <= u |high|
    high, low   (terms,) coefficients, within u^2 of the exact ones
    work        (4, samples)
    """
    samples = a.shape[2]
    total, tail, size, carried = work[0], work[1], work[2], work[3]
    for k in range(len(starts) - 1):
        first, last = starts[k], starts[k + 1]
        total[:] = 0.0
        tail[:] = 0.0
        size[:] = 0.0
        carried[:] = 0.0
        largest = 1.0
        for t in range(first, last):
            i, j, c, rest = places[0, t], places[1, t], high[t], low[t]
            largest = max(largest, abs(c))
            ah, al, ae = a[0, i], a[1, i], a[2, i]
            bh, bl, be = b[0, j], b[1, j], b[2, j]
            for s in range(samples):
                p, q = times(ah[s], al[s], bh[s], bl[s])
                h = c * p
                w = product_error(c, p, -h) + (c * q + rest * p)
                new = total[s] + h
                back = new - total[s]
                tail[s] += ((total[s] - (new - back)) + (h - back)) + w
                total[s] = new
                size[s] += abs(h)
                carried[s] += abs(c) * (abs(ah[s]) * be[s] + ae[s] * (abs(bh[s]) + be[s]))
        n = np.float64(last - first)
        for s in range(samples):
            one = total[s] + tail[s]
            back = one - total[s]
            z[0, k, s] = one
            z[1, k, s] = (total[s] - (one - back)) + (tail[s] - back)
            lost = ((2 * n + 10) * n + 32) * U * U * size[s] + 32 * n * largest * ETA
            z[2, k, s] = (carried[s] + lost) * (1 + 8 * (n + 8) * U)
