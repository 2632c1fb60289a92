"""Enclosure: exact real numbers held in three floats, and sums of magnitudes that never come out too small.

    high + low - radius <= value <= high + low + radius

An Arb ball of a few hundred bits becomes two doubles and a radius of about 2^-106 |value|, after which errors
are compared on whole arrays. Every bound made here is rounded upward; an overflow gives inf, never less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["UNIT", "Enclosure", "added_up", "rounded_up"]

UNIT: Final = 2.0**-53
"""Unit roundoff of float64."""

_TINY: Final = 2.0**-1074


@dataclass(frozen=True, eq=False)
class Enclosure:
    """Exact values, each within `radius` of `high` + `low` (all float64, of one shape)."""

    high: NDArray[np.float64]
    low: NDArray[np.float64]
    radius: NDArray[np.float64]

    @classmethod
    def of_balls(cls, balls: Sequence[Any], shape: tuple[int, ...]) -> Self:
        """Enclose Arb balls; call it at the precision that they were computed with."""
        count = len(balls)
        high, low, radius = (np.empty(count) for _ in range(3))
        for at, ball in enumerate(balls):
            first = float(ball)
            rest = ball - first
            second = float(rest)
            high[at], low[at], radius[at] = first, second, float((rest - second).abs_upper())
        radius = np.where(radius == 0, 0.0, np.nextafter(radius, np.inf))
        return cls(high.reshape(shape), low.reshape(shape), radius.reshape(shape))

    @classmethod
    def stack(cls, parts: Sequence[Enclosure], axis: int = -1) -> Self:
        """Join enclosures along an axis."""
        names = ("high", "low", "radius")
        return cls(*(np.concatenate([getattr(part, name) for part in parts], axis) for name in names))

    def __getitem__(self, key: Any) -> Enclosure:
        """Return the part that a NumPy index selects."""
        return Enclosure(self.high[key], self.low[key], self.radius[key])

    def scaled(self, signs: NDArray[np.float64]) -> Enclosure:
        """Return the values times `signs` (1.0 or -1.0), exactly."""
        return Enclosure(self.high * signs, self.low * signs, self.radius)

    def error(self, computed: NDArray[Any]) -> NDArray[np.float64]:
        """Bound |computed - value| from above, elementwise, to within a few ulp of the error itself.

        The difference to `high` is exact as a sum of two floats (Knuth's TwoSum); what follows is rounded up.
        computed   float32 or float64, of this shape
        returns    float64; inf where `computed` is not finite
        """
        z = computed.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            difference = z - self.high
            back = difference - z
            rest = (z - (difference - back)) + (-self.high - back)
            small = rest - self.low
            total = np.abs(difference + small)
            exact = (self.radius == 0) & (small == 0)
            slack = np.nextafter(self.radius + UNIT * np.abs(small), np.inf)
            bound = np.nextafter(np.nextafter(total, np.inf) + slack, np.inf)
        bound = np.where(exact, total, bound)
        return np.where(np.isfinite(bound), bound, np.inf)

    def magnitude(self) -> NDArray[np.float64]:
        """Bound |value| from above."""
        return added_up(np.abs(self.high), np.abs(self.low), self.radius)


def rounded_up(value: NDArray[np.float64], roundings: int) -> NDArray[np.float64]:
    """Return at least the exact value of a nonnegative expression.

    value       the expression in float64: sums and products of nonnegative numbers only
    roundings   the most roundings on any path through it (Higham, ASNA 2e, lemma 3.1)
    """
    return np.where(value == 0, 0.0, value * (1 + (roundings + 3) * 2 * UNIT)) + roundings * _TINY


def added_up(*terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at least the exact sum of nonnegative arrays; zero where all of them are."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return np.where(total == 0, 0.0, total * (1 + 2 * (len(terms) + 2) * UNIT))
