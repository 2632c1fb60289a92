"""Sphere maps: transforms to and from a grid as exact maps, first along rings, then from ring to ring.

    F_im = sum_l Theta_lm(theta_i) x_lm      v_ij = sum_m F_im cos m phi_j or sin |m| phi_j

Analysis is the transpose of it on values times the weights of the points.
"""

from __future__ import annotations

import numpy as np

from reptheory.build.ring_matrices import grid_words
from reptheory.operations.exact_maps import ExactMap, Pairs, constant
from reptheory.operations.sphere_grid import SphereGrid

__all__ = ["SphereMaps"]


class SphereMaps:
    """The exact maps between coefficients and values on a grid."""

    def __init__(self, lmax: int, grid: SphereGrid) -> None:
        pairs, points, orders = grid.rings // 2, grid.points, 2 * lmax + 1
        theta, circle, weights = grid_words(lmax, pairs, points // 4, grid.nodes)
        dim, middle, values = (lmax + 1) ** 2, grid.rings * orders, grid.rings * points
        degree = np.sqrt(np.arange(dim)).astype(np.int64)
        order = np.arange(dim) - degree * (degree + 1)
        ring = np.arange(grid.rings)[:, np.newaxis]
        north = np.minimum(ring, grid.rings - 1 - ring)
        sign = np.where((ring >= pairs) & ((degree - order) % 2 == 1), -1.0, 1.0)
        high, low = sign * theta[:, north, degree, np.abs(order)]
        places = [
            np.broadcast_to(one, high.shape) for one in (np.arange(dim), 0, ring * orders + lmax + order)
        ]
        self.rings = ExactMap((dim, 1, middle), places, high.ravel(), low.ravel())
        ring, m, point = np.indices((grid.rings, orders, points))
        around = np.broadcast_to(circle[:, np.newaxis], (2, *ring.shape)).reshape(2, -1)
        places = [ring * orders + m, np.zeros_like(m), ring * points + point]
        self.around = ExactMap((middle, 1, values), places, *around)
        own = np.arange(values)
        each = weights[:, np.minimum(own // points, grid.rings - 1 - own // points)]
        self.weights = ExactMap((values, 1, values), (own, np.zeros_like(own), own), *each)

    @property
    def terms(self) -> int:
        """How many terms a sample has."""
        return self.rings.terms + self.around.terms

    def to_grid(self, x: Pairs) -> Pairs:
        """Return values."""
        one = constant(x)
        return self.around(self.rings(x, one), one)

    def from_grid(self, values: Pairs) -> Pairs:
        """Return coefficients."""
        one = constant(values)
        along = self.around.transposed[0](self.weights(values, one), one)
        return self.rings.transposed[0](along, one)
