"""Sphere grid: rings of latitude with equispaced points, and quadrature that is exact to a stated degree.

    gauss         2 n rings at Gauss-Legendre nodes, exact to degree 4 n - 1
    equiangular   2 n rings at theta = (i + 1/2) pi / (2 n), Fejer's first rule, exact to degree 2 n - 1

Points stand at phi = (k + 1/2) 2 pi / points, points a multiple of 4, exact to degree points - 1. Places and
weights are correctly rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.build.ring_matrices import Nodes, grid_places
from reptheory.errors import LabelError
from reptheory.groups.labels import shown, whole
from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.operations.operands import delivered, one_operand

__all__ = ["SphereGrid"]

Array = NDArray[Any]

_PER_PAIR: Final = {"gauss": 4, "equiangular": 2}
"""Degrees that each pair of rings adds to the exactness of the quadrature."""


@dataclass(frozen=True, init=False)
class SphereGrid:
    """The smallest grid that integrates every harmonic of degree <= `degree` exactly.

    degree   an int >= 0
    nodes    "gauss" or "equiangular"
    raises   LabelError

    >>> grid = SphereGrid(4)
    >>> grid.shape, grid.degree
    ((4, 8), 7)
    >>> grid.integral(grid.directions[..., 2] ** 4).round(12).item()  # 4 pi / 5
    2.513274122872
    """

    rings: int
    points: int
    nodes: Nodes

    def __init__(self, degree: int, nodes: Nodes = "gauss") -> None:
        wanted = whole(degree, "degree")
        if nodes not in _PER_PAIR:
            raise LabelError(f"nodes: got {shown(nodes)}; choose one of {', '.join(get_args(Nodes))}")
        object.__setattr__(self, "rings", 2 * (wanted // _PER_PAIR[nodes] + 1))
        object.__setattr__(self, "points", 4 * (wanted // 4 + 1))
        object.__setattr__(self, "nodes", nodes)

    @classmethod
    def of_shape(cls, rings: int, points: int, nodes: Nodes = "gauss") -> SphereGrid:
        """Return the grid of so many rings and points a ring.

        rings    even, >= 2
        points   a multiple of 4, >= 4
        raises   LabelError

        >>> SphereGrid.of_shape(6, 12, "equiangular").degree
        5
        """
        grid = cls(0, nodes)
        for name, value, step in (("rings", rings, 2), ("points", points, 4)):
            count = whole(value, name)
            if not count or count % step:
                raise LabelError(f"{name}: got {shown(value)}; it must be a positive multiple of {step}")
            object.__setattr__(grid, name, count)
        return grid

    @property
    def shape(self) -> tuple[int, int]:
        """Rings and points a ring: the last axes of values on the grid."""
        return self.rings, self.points

    @property
    def degree(self) -> int:
        """The highest degree whose harmonics are all integrated exactly."""
        return min(self.rings // 2 * _PER_PAIR[self.nodes], self.points) - 1

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weight of each point, (rings, 1); over all points they add up to 4 pi."""
        return grid_places(self.rings // 2, self.points // 4, self.nodes)[2][:, None]

    @property
    def directions(self) -> NDArray[np.float64]:
        """The points as unit vectors (x, y, z), (rings, points, 3), each within two ulp."""
        cosines, sines, _, circle = grid_places(self.rings // 2, self.points // 4, self.nodes)
        axes = [sines[:, None] * circle[0], sines[:, None] * circle[1], np.repeat(cosines, self.points)]
        return np.stack([axis.reshape(self.shape) for axis in axes], axis=-1)

    @overload
    def integral(
        self, values: ArrayLike, *, out: Array | None = None, with_bound: Literal[False] = False
    ) -> Any: ...

    @overload
    def integral(
        self, values: ArrayLike, *, out: Array | None = None, with_bound: Literal[True]
    ) -> tuple[Any, Any]: ...

    def integral(self, values: ArrayLike, *, out: Array | None = None, with_bound: bool = False) -> Any:
        """Return the integral of a function over the sphere, summed in float64; sums over rings are held.

        values    (..., rings, points)
        out       float64 array of the result's shape to write into
        returns   (...), with `with_bound` also a bound on the rounding error, inf where it is not finite
        raises    OperandError
        """
        array = one_operand(values, "values", self.shape, "rings and points of the grid")
        with np.errstate(over="ignore", invalid="ignore"):
            total = (array.sum(axis=-1, dtype=np.float64) * self.weights[:, 0]).sum(axis=-1)
            if out is not None:
                total = delivered(np.asarray(total), out)
            if not with_bound:
                return total
            size = (np.abs(array).sum(axis=-1, dtype=np.float64) * self.weights[:, 0]).sum(axis=-1)
            roundings = self.rings + self.points + 1
            lost = self.rings * smallest(np.float64)
            bound = gamma(roundings, np.float64) * upward(size + lost, roundings) + lost
        return total, np.where(np.isfinite(total) & np.isfinite(bound), bound, np.inf)[()]

    def __repr__(self) -> str:
        return f"<SphereGrid: {self.rings} {self.nodes} rings of {self.points} points, degree {self.degree}>"
