"""Sphere: features of real molecules on a grid and back, and multiplied point by point, within proven bounds.

there and back      |FromGrid(ToGrid(x)) - x| <= bound of FromGrid + |A| (bound of ToGrid), A its matrix
product by points   |FromGrid(f g) - Z| <= bound of the function, Z the exact Gaunt product, on a grid that is
                    exact for it; the Lipschitz constants of f g in f and g are max |g| and max |f|
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reptheory.verify.checks import Check, difference, judge
from reptheory.verify.enclosure import added_up

if TYPE_CHECKING:
    from reptheory.operations.sphere_transforms import ToGrid
    from reptheory.verify.enclosure import Enclosure

__all__ = ["check_sphere"]

Array = NDArray[Any]


def check_sphere(x: Array, y: Array, lmax: int, exact: Enclosure) -> tuple[Check, Check]:
    """Check transforms of x, and the product of x and y point by point.

    x, y    (samples, (lmax + 1)^2), float32 or float64
    exact   their Gaunt product, to 2 lmax
    """
    return _there_and_back(x, lmax), _product(x, y, lmax, exact)


def _there_and_back(x: Array, lmax: int) -> Check:
    from reptheory.operations.sphere_transforms import FromGrid, ToGrid  # noqa: PLC0415 (loads Numba)

    to, back = ToGrid(lmax), FromGrid(lmax)
    values, bound = to(x, with_bound=True)
    found, limit = back(values, with_bound=True)
    tolerance = added_up(limit, back.sizes(bound))
    return judge(
        "features come back from the grid", f"l <= {lmax} {x.dtype}", difference(found, x), tolerance
    )


def _product(x: Array, y: Array, lmax: int, exact: Enclosure) -> Check:
    from reptheory.operations.sphere_functions import SphereFunction  # noqa: PLC0415 (loads Numba)
    from reptheory.operations.sphere_grid import SphereGrid  # noqa: PLC0415
    from reptheory.operations.sphere_transforms import ToGrid  # noqa: PLC0415

    grid = SphereGrid(4 * lmax)
    to = ToGrid(lmax, grid)
    largest = _largest(to, y), _largest(to, x)
    function = SphereFunction(
        (lmax, lmax), np.multiply, lmax_out=2 * lmax, grid=grid, lipschitz=largest, ulps=1.0
    )
    z, bound = function(x, y, with_bound=True)
    return judge("products by points are Gaunt products", f"l <= {lmax} {x.dtype}", exact.error(z), bound)


def _largest(to: ToGrid, x: Array) -> float:
    """Bound the values of the features at the points, the computed and the exact ones."""
    values, bound = to(x, with_bound=True)
    return float(added_up(np.abs(values.astype(np.float64)), bound).max(initial=0.0))
