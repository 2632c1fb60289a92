"""Connected ways: in which steps of `kernels.connected` an instruction, or its gradients, take least time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reptheory.kernels.connected import PULL, PUSH

__all__ = ["Sizes", "Way", "cost_of", "ways"]

ORDERS: tuple[tuple[int, int, int], ...] = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
FOLDED = 32
"""Orders of a feature as lanes, those of padding included."""
COUPLING = 3
"""Times that a multiplication outside the large matrix products takes longer than one in them."""


class Sizes(NamedTuple):
    """Copies, orders and padded copies of the three features of an instruction."""

    copies: tuple[int, ...]
    orders: tuple[int, ...]
    padded: tuple[int, ...]


class Way(NamedTuple):
    """One step of an instruction: which features (0 x, 1 y, 2 z) play p, q and r, and what is wanted of it.

    kind       PULL: the result is r, and q if `fold`; PUSH: it is p, if `result`, and the gradient of the
               weights, if `weights`
    """

    kind: int
    roles: tuple[int, int, int]
    result: bool = True
    weights: bool = False
    fold: bool = False

    @property
    def target(self) -> int:
        """The feature that the step adds to, or -1."""
        return (self.roles[2] if self.kind == PULL else self.roles[0]) if self.result else -1

    @property
    def folded(self) -> int:
        """The feature that the step adds to besides, or -1."""
        return self.roles[1] if self.fold else -1


def cost_of(way: Way, sizes: Sizes, coupling: int = 1) -> int:
    """Return the multiplications of a step, those outside the large matrix products times `coupling`."""
    p, q, r = way.roles
    pairs = sizes.orders[p] * sizes.copies[q] * sizes.padded[r]
    couple = sizes.orders[r] * (pairs + sizes.orders[p] * sizes.orders[q] * sizes.padded[q])
    if way.kind == PULL:
        fold = pairs * FOLDED + coupling * couple if way.fold else 0
        return pairs * sizes.copies[p] + coupling * couple + fold
    return pairs * (way.result * sizes.padded[p] + way.weights * sizes.copies[p]) + coupling * couple


def ways(sizes: Sizes, *, gradient: bool, constant: bool = False) -> tuple[Way, ...]:
    """Return the cheapest steps of an instruction, or of its gradients, without that of a constant y."""

    def price(way: Way) -> int:
        return cost_of(way, sizes, COUPLING)

    def least(options: Iterable[Way]) -> Way:
        return min(options, key=price)

    def pushes(p: int, **wanted: bool) -> Iterator[Way]:
        return (Way(PUSH, roles, **wanted) for roles in ORDERS if roles[0] == p)

    def to(target: int) -> Way:
        return least([*pushes(target), *(Way(PULL, roles) for roles in ORDERS if roles[2] == target)])

    if not gradient:
        return (to(2),)
    both = (Way(PULL, (2, q, 1 - q), fold=True) for q in (0, 1))
    alone = least(way for p in range(3) for way in pushes(p, weights=True, result=False))
    if constant:
        options: list[tuple[Way, ...]] = [(least(pushes(0, weights=True)),), (alone, to(0))]
    else:
        options = [
            (least(both), alone),
            (least(pushes(0, weights=True)), to(1)),
            (least(pushes(1, weights=True)), to(0)),
            (alone, to(0), to(1)),
        ]
    return min(options, key=lambda steps: sum(map(price, steps)))
