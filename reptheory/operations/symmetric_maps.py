"""Symmetric maps: a symmetric contraction of one copy as exact maps.

m = monomials of x up to half the degree      c = U w, the mixed coefficients
a_kr = sum over terms of c_krl m_l            z_k = sum over rows of m_r a_kr
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.build.paths import second_words
from reptheory.operations.certified import Chain, Input, inputs
from reptheory.operations.exact_maps import ExactMap, Pairs, constant, joined
from reptheory.operations.species import Species
from reptheory.operations.symmetric_plan import SymmetricSpec

__all__ = ["CopiesChain", "SymmetricMaps"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


class SymmetricMaps:
    """The exact maps of a contraction: x (components) and weights (paths) of one copy to z (components)."""

    def __init__(self, spec: SymmetricSpec) -> None:
        made, terms = spec.structure, spec.terms
        components, out = spec.components
        self._monomials = _levels(made.products, 1 + components)
        count = 1 + components + len(made.products)
        mixed, coefficients, rows = made.mixed, len(made.left_of), len(made.rows)
        each = np.repeat(np.arange(coefficients), np.diff(made.starts))
        self._mix = ExactMap(
            (1, spec.path_starts[-1], coefficients), (np.zeros_like(each), terms.paths[mixed], each),
            terms.float64[mixed], second_words(*terms.exact)[mixed],
        )  # fmt: skip
        row = np.repeat(np.arange(rows), made.rows[:, 1] - made.rows[:, 0])
        self._inner = ExactMap((coefficients, count, rows), (np.arange(coefficients), made.left_of, row))
        column = np.repeat(np.arange(out), np.diff(made.outs))
        self._outer = ExactMap((rows, count, out), (np.arange(rows), made.rows[:, 2], column))

    @property
    def terms(self) -> int:
        """How many terms a copy has."""
        return sum(one.terms for one in (*self._monomials, self._mix, self._inner, self._outer))

    def __call__(self, x: Pairs, weight: Pairs) -> Pairs:
        """Return the contraction."""
        one = constant(x)
        monomials = joined([one, x])
        for level in self._monomials:
            monomials = joined([monomials, level(monomials, monomials)])
        return self._outer(self._inner(self._mix(one, weight), monomials), monomials)


def _levels(products: NDArray[np.int64], first: int) -> list[ExactMap]:
    """Cut the products of monomials, numbered from `first`, where one needs another of the same cut."""
    levels = []
    start = 0
    while start < len(products):
        late = np.flatnonzero(products[start:].max(axis=1) >= first + start)
        stop = start + int(late[0]) if len(late) else len(products)
        left, right = products[start:stop].T
        dim = first + start
        levels.append(ExactMap((dim, dim, stop - start), (left, right, np.arange(stop - start))))
        start = stop
    return levels


class CopiesChain:
    """A contraction of all copies as a `Chain` of which every copy of every sample is a sample."""

    def __init__(
        self, spec: SymmetricSpec, maps: SymmetricMaps, x: ArrayLike, given: Species, threads: int | None
    ) -> None:
        self._places, self._channels, self._paths = spec.places, spec.channels, spec.path_starts[-1]
        own = inputs((x,), given.shape)[0]
        features = Input(self._split(own.rows, 0), self._copies_of(own.places))
        weight = Input(self._by_copy(given.weight), self._copies_of(given.places))
        self.shape = len(given.places), spec.dims[1]
        self._chain = Chain(maps, (features, weight), spec.components[1], maps.terms, threads=threads)

    def off(self, z: Array) -> Bound:
        """Bound |z - exact|, z (samples, dim_out)."""
        return self._joined(self._chain.off(self._split(z, 1)), 1)

    def off_gradients(self, grad: Array, found: Sequence[Any]) -> list[Any]:
        """Bound the errors of gradients of x and of the weights, for `grad` in the result."""
        x, weight = found
        rows = self._split(x.reshape(-1, self._places[0].size), 0), self._by_copy(weight)
        to_x, to_w = map(np.asarray, self._chain.off_gradients(self._split(grad, 1), rows))
        sets = to_w.reshape(-1, self._channels, self._paths).transpose(0, 2, 1)
        return [self._joined(to_x, 0).reshape(x.shape), sets.reshape(weight.shape)]

    def _copies_of(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of all copies of some rows."""
        return (index[:, np.newaxis] * self._channels + np.arange(self._channels)).reshape(-1)

    def _split(self, array: Array, side: int) -> Array:
        """Return features of x, side 0, or z as one row a copy."""
        return array[:, self._places[side]].reshape(-1, self._places[side].shape[1])

    def _joined(self, rows: Array, side: int) -> Array:
        """Return rows of copies as features."""
        places = self._places[side]
        whole = np.empty((len(rows) // self._channels, places.size))
        whole[:, places] = rows.reshape(-1, *places.shape)
        return whole

    def _by_copy(self, weight: Array) -> Array:
        """Return weights (sets, paths * copies) as one row a copy."""
        sets = np.asarray(weight, np.float64).reshape(-1, self._paths, self._channels)
        return np.ascontiguousarray(sets.transpose(0, 2, 1)).reshape(-1, self._paths)
