"""Many bodies: products of three features of molecules against exact arithmetic, within proven bounds.

z_l3m3 = sum over l2 m2, l m of G(l2 m2, l3 m3, l m) x_l2m2 (x y)_lm, with the exact Gaunt product x y that
the report has made already: (x y) in full, so that nothing is truncated but z, at the degree of x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from reptheory.verify.checks import Check, judge
from reptheory.verify.enclosure import Enclosure
from reptheory.verify.exact_product import BITS, Coupling, paths_to

if TYPE_CHECKING:
    from reptheory.operations.gaunt_many_body import ManyBodyMethod

__all__ = ["UP_TO", "check_many_body", "exact_product_of_three"]

Array = NDArray[Any]

UP_TO: Final = 3
"""Degree up to which products of three are checked: above it the exact ones take longer than all else."""
SAMPLES: Final = 8
_METHODS: Final[tuple[ManyBodyMethod, ...]] = ("table", "grid", "fourier")


def exact_product_of_three(x: Array, pairs: Enclosure, coupling: Coupling, lmax: int) -> Enclosure:
    """Enclose the product of x and of `pairs`, exact products to degree 2 lmax, up to degree lmax.

    x          (samples, (lmax + 1)^2) floats, taken as exact rationals
    coupling   coefficients to lmax or more
    """
    from flint import arb  # noqa: PLC0415

    from reptheory.exact.arb import working_precision  # noqa: PLC0415

    dim = (lmax + 1) ** 2
    with working_precision(BITS):
        sums = [[arb(0)] * dim for _ in x]
        left = [[arb(float(value)) for value in row] for row in x]
        right = [
            [arb(high) + arb(low, radius) for high, low, radius in zip(*rows, strict=True)]
            for rows in zip(*(part.tolist() for part in (pairs.high, pairs.low, pairs.radius)), strict=True)
        ]
        for path in paths_to(lmax):
            labels = path.l1, path.l2, path.l3
            if path.odd:
                continue
            ratio = coupling.ratios[labels].to_arb(BITS)
            for (i, j, k), value in coupling.blocks[labels].items():
                coefficient = value.to_arb(BITS) * ratio
                a, b, c = path.l1**2 + i, path.l2**2 + j, path.l3**2 + k
                for own, one, other in zip(sums, left, right, strict=True):
                    own[b] += coefficient * one[a] * other[c]
        return Enclosure.of_balls([ball for own in sums for ball in own], (len(x), dim))


def check_many_body(x: Array, y: Array, lmax: int, pairs: Enclosure, coupling: Coupling) -> list[Check]:
    """Check x x y, by every method.

    x, y    (samples, (lmax + 1)^2), float32 or float64
    pairs   their exact Gaunt product, to 2 lmax
    """
    from reptheory.operations.gaunt_many_body import GauntManyBody  # noqa: PLC0415 (loads Numba)

    rows = slice(0, SAMPLES)
    exact = exact_product_of_three(x[rows], pairs[rows], coupling, lmax)
    checks = []
    for method in _METHODS:
        product = GauntManyBody([lmax, lmax], lmax, [(0, 0, 1)], method)
        z, bound = product(x[rows], y[rows], with_bound=True)
        subject = f"x x y, l <= {lmax}, {method} {x.dtype}"
        checks.append(judge("products of three", subject, exact.error(z), bound))
    return checks
