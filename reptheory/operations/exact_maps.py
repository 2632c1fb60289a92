"""Exact maps: sparse bilinear maps of numbers that are known as pairs of floats with a bound on their error.

A multilinear operation is a chain of these. What comes out is the exact result to about u^2 of its size, with
a proven bound; it keeps how it was made, so that its gradients come out likewise.

Proof: docs/proofs/certificate.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.certificate import multiply

__all__ = ["ExactMap", "Pairs", "adding", "constant", "exact", "joined", "pulled"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

LEAST = 2.0**-900
"""Coefficients below this could lose their second word to underflow: there is no certificate."""


class Pairs:
    """Numbers (dim, samples) as high + low, each known to `error`, and the pairs that they were made of.

    values   (3, dim, samples) float64: high, low, error
    made     the pairs that these are a function of, and what takes a gradient here to those of them
    """

    def __init__(
        self,
        values: NDArray[np.float64],
        made: tuple[tuple[Pairs, ...], Callable[[Pairs], Sequence[Pairs]]] | None = None,
    ) -> None:
        self.values, self.made = values, made

    @property
    def dim(self) -> int:
        """How many numbers a sample has."""
        return int(self.values.shape[1])

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.values.shape[2])

    def off(self, z: Array) -> Bound:
        """Bound |z - exact| for z (samples, dim); inf where that is not finite."""
        high, low, error = self.values
        with np.errstate(over="ignore", invalid="ignore"):
            first = z.T.astype(np.float64) - high
            second = first - low
            bound = np.abs(second) + 2.0**-52 * (np.abs(first) + np.abs(second)) + error
            bound = (bound * (1 + 2.0**-48)).T
        return np.where(np.isfinite(bound), bound, np.inf)


class ExactMap:
    """A sparse bilinear map z_k = sum C a_i b_j whose coefficients are known as pairs of floats.

    dims        of a, b and z
    places      (3, terms) i, j, k of each term
    high, low   (terms,) the nearest float64 of each coefficient, and of what that leaves; None: 1, or 0
    """

    def __init__(
        self,
        dims: tuple[int, int, int],
        places: Sequence[Array] | Array,
        high: NDArray[np.float64] | None = None,
        low: NDArray[np.float64] | None = None,
    ) -> None:
        i, j, k = (np.asarray(one, dtype=np.int64).reshape(-1) for one in places)
        order = np.argsort(k, kind="stable")
        self.dims = dims
        self._places = np.ascontiguousarray(np.stack([i, j])[:, order], dtype=np.int32)
        self._starts = np.searchsorted(k[order], np.arange(dims[2] + 1)).astype(np.int64)
        self._high = np.ones(len(k)) if high is None else high[order]
        self._low = np.zeros(len(k)) if low is None else low[order]
        if np.abs(self._high[self._high != 0]).min(initial=1.0) < LEAST:
            self._low = np.full(len(k), np.nan)

    def __call__(self, a: Pairs, b: Pairs) -> Pairs:
        """Return the map of two operands of as many samples."""
        z, work = np.empty((3, self.dims[2], a.samples)), np.empty((4, a.samples))
        multiply(a.values, b.values, z, self._starts, self._places, self._high, self._low, work)
        return Pairs(z, ((a, b), lambda g: (self.transposed[0](g, b), self.transposed[1](a, g))))

    @property
    def terms(self) -> int:
        """How many terms there are."""
        return len(self._high)

    @cached_property
    def transposed(self) -> tuple[ExactMap, ExactMap]:
        """The maps (z, b) -> a and (a, z) -> b."""
        (i, j), k = self._places, np.repeat(np.arange(self.dims[2]), np.diff(self._starts))
        first, second, third = self.dims
        coefficients = self._high, self._low
        return (
            ExactMap((third, second, first), (k, j, i), *coefficients),
            ExactMap((first, third, second), (i, k, j), *coefficients),
        )


def exact(rows: Array) -> Pairs:
    """Return floats (samples, dim) as the numbers that they are."""
    values = np.zeros((3, rows.shape[1], rows.shape[0]))
    values[0] = rows.T
    return Pairs(values)


def constant(like: Pairs) -> Pairs:
    """Return the number 1 for every sample of `like`."""
    return exact(np.ones((like.samples, 1)))


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Return numbers one behind the other."""
    ends = np.cumsum([part.dim for part in parts])

    def back(g: Pairs) -> list[Pairs]:
        return [Pairs(part) for part in np.split(g.values, ends[:-1], axis=1)]

    return Pairs(np.concatenate([part.values for part in parts], axis=1), (tuple(parts), back))


@lru_cache(maxsize=16)
def adding(count: int, dim: int) -> ExactMap:
    """Return the map of `count` features behind one another and the number 1 to their sum."""
    places = np.arange(count * dim)
    return ExactMap((count * dim, 1, dim), (places, np.zeros_like(places), places % dim))


def pulled(result: Pairs, grad: Pairs, operands: Sequence[Pairs]) -> list[NDArray[np.float64]]:
    """Return the gradient of every operand of a result, for that of the result."""
    order: list[Pairs] = []
    seen: set[int] = set()

    def visit(node: Pairs) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for parent in node.made[0] if node.made else ():
                visit(parent)
            order.append(node)

    visit(result)
    parts: dict[int, list[Pairs]] = {id(result): [grad]}
    totals: dict[int, Pairs] = {}
    for node in reversed(order):
        given = parts.get(id(node))
        if given is None:
            continue
        total = given[0] if len(given) == 1 else adding(len(given), node.dim)(joined(given), constant(node))
        totals[id(node)] = total
        if node.made:
            for parent, part in zip(node.made[0], node.made[1](total), strict=True):
                parts.setdefault(id(parent), []).append(part)
    return [totals[id(one)].values if id(one) in totals else np.zeros(one.values.shape) for one in operands]
