"""Symmetric engine: a symmetric contraction, its gradients, and bounds on the errors of both.

Samples are ordered by their set of weights and cut in units of at most `MOST_SAMPLES`; a thread takes some
units and vectors of copies. Bounds are those of docs/proofs/symmetric_contraction.md: the same kernel on
absolute values, in float64, times gamma of the most roundings on one way, plus what underflow may cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.kernels.buffers import empty
from reptheory.kernels.polynomials import (
    PolynomialPlan,
    arrange,
    polynomial_gradients,
    polynomial_scratch,
    polynomial_values,
)
from reptheory.kernels.pool import over_samples, plain_plan, scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.engines import flat_read_only, float_name
from reptheory.operations.symmetric_plan import SymmetricSpec

__all__ = ["SymmetricEngine"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

MOST_SAMPLES = 128
"""Samples of one unit: the sums over them, and what is done once for them, do not depend on threads."""


class _Units(NamedTuple):
    """How samples are cut: their order, (set, first, last + 1) of each unit, and the number of sets."""

    order: NDArray[np.int64]
    table: NDArray[np.int64]
    sets: int

    @property
    def largest(self) -> int:
        """Most samples of a unit."""
        return int((self.table[:, 2] - self.table[:, 1]).max(initial=0))

    @property
    def most(self) -> int:
        """Most units of a set."""
        return int(np.bincount(self.table[:, 0], minlength=1).max())


def _units(places: NDArray[np.int64], sets: int) -> _Units:
    """Cut samples, of which `places` tells the sets."""
    order = np.empty(len(places), dtype=np.int64)
    table = np.empty((min(len(places), sets) + len(places) // MOST_SAMPLES, 3), dtype=np.int64)
    ends = np.zeros(sets + 1, dtype=np.int64)
    count = arrange(flat_read_only(places), MOST_SAMPLES, ends, order, table)
    return _Units(order, table[:count], sets)


class _Ready(NamedTuple):
    """A plan, and what every call needs of it.

    plain    the plan as kernels take it
    needs    numbers of scratch a thread, for the values and for the gradients
    pieces   vectors of copies
    mixing   how many samples take as long as mixing the weights of a unit
    """

    plan: PolynomialPlan
    plain: tuple[Any, ...]
    dtype: np.dtype[Any]
    needs: tuple[int, int]
    pieces: int
    mixing: int


def _ready(plan: PolynomialPlan) -> _Ready:
    dtype, coefficients, copies = plan.mix.values.dtype, plan.sizes[0], plan.dims[2]
    needs = polynomial_scratch(plan), polynomial_scratch(plan, gradient=True)
    mixing = -(-len(plan.mix.values) // coefficients) if coefficients else 1
    return _Ready(plan, plain_plan(plan), dtype, needs, -(-copies // lanes_of(dtype)), mixing)


class SymmetricEngine:
    """A symmetric contraction computed by `kernels.polynomials`.

    x (samples, dim), weights (sets, weights), places (samples,) the set of each sample.
    """

    def __init__(self, spec: SymmetricSpec) -> None:
        self._spec = spec
        self._plans: dict[str, _Ready] = {}

    def _plan(self, name: str) -> _Ready:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype."""
        ready = self._plans.get(name)
        if ready is None:
            dtype = name.removeprefix("absolute ")
            bound = dtype if name != dtype else None
            made = self._spec.plan("float64" if bound else dtype, absolute=bound)
            ready = self._plans.setdefault(name, _ready(made))
        return ready

    @cached_property
    def cost(self) -> int:
        """Multiplications of one sample; those that mix weights are done once for a set."""
        made = self._spec.structure
        return self._spec.channels * (len(made.left_of) + len(made.rows) + len(made.products))

    def _over(
        self, kernel: Callable[..., None], arrays: Sequence[Array], units: _Units, ready: _Ready, passes: int,
        threads: int | None,
    ) -> None:  # fmt: skip
        """Run a kernel over all pieces, one vector of copies of a unit each, in equal shares."""
        _, plain, dtype, needs, pieces, mixing = ready
        table, need = units.table, needs[passes > 1]
        whole = pieces * (len(units.order) + mixing * len(table))

        def share(first: int, last: int) -> None:
            ends = 0, pieces * len(table)
            if (first, last) != (0, whole):
                each = np.repeat(table[:, 2] - table[:, 1] + mixing, pieces)
                begins = np.cumsum(each) - each
                ends = int(np.searchsorted(begins, first)), int(np.searchsorted(begins, last))
            kernel(*arrays, units.order, table, *ends, plain, scratch(need, dtype))

        # arithmetic alone: a second thread does not mend copies, which cross from cache to cache
        over_samples(share, whole, 1, passes * self.cost // pieces, threads)

    def run(
        self, x: Array, weights: Array, places: NDArray[np.int64], z: Array, threads: int | None,
        name: str = "",
    ) -> None:  # fmt: skip
        """Write the contraction to z, (samples, dim_out)."""
        arrays = flat_read_only(x), flat_read_only(weights), z.reshape(-1)
        ready = self._plan(name or float_name(x.dtype))
        self._over(polynomial_values, arrays, _units(places, len(weights)), ready, 1, threads)

    def gradients(
        self, x: Array, weights: Array, places: NDArray[np.int64], grad: Array, threads: int | None,
        name: str = "",
    ) -> tuple[Array, Array]:  # fmt: skip
        """Return the gradients of x and of the weights."""
        units, ready = _units(places, len(weights)), self._plan(name or float_name(x.dtype))
        given = (flat_read_only(array) for array in (x, weights, grad))
        grad_x, partial = empty(x.shape, x.dtype), empty((len(units.table), weights.shape[1]), x.dtype)
        arrays = *given, grad_x.reshape(-1), partial.reshape(-1)
        self._over(polynomial_gradients, arrays, units, ready, 2, threads)
        return grad_x, _summed(partial, units)

    def bound(self, x: Array, weights: Array, places: NDArray[np.int64], dtype: np.dtype[Any]) -> Bound:
        """Bound the error of `run` in `dtype` elementwise."""
        left, factors = np.abs(x.astype(np.float64)), np.abs(weights.astype(np.float64))
        size = np.empty((len(x), self._spec.dims[1]))
        self.run(left, factors, places, size, None, f"absolute {dtype.name}")
        counts = self._counts
        scale = self._scale(factors)[places] * _most(left) ** self._spec.correlation
        return _limit(size, counts.value, counts.terms * scale, dtype)

    def gradient_bounds(
        self, x: Array, weights: Array, places: NDArray[np.int64], grad: Array, dtype: np.dtype[Any]
    ) -> tuple[Bound, Bound]:
        """Bound the errors of `gradients`, which computed in `dtype`."""
        left, factors, incoming = (np.abs(array.astype(np.float64)) for array in (x, weights, grad))
        sizes = self.gradients(left, factors, places, incoming, None, f"absolute {dtype.name}")
        counts, units = self._counts, _units(places, len(weights))
        scale = _most(left) ** self._spec.correlation * _most(incoming)
        to_x = _limit(
            sizes[0], counts.gradient, counts.all_terms * self._scale(factors)[places] * scale, dtype
        )
        largest = np.ones((len(weights), 1))
        np.maximum.at(largest, places, scale)
        numbers = np.bincount(places, minlength=len(weights)).reshape(-1, 1) + 1
        roundings = counts.weights + 2 * units.largest + units.most
        return to_x, _limit(
            sizes[1], roundings, counts.all_terms * numbers * (1 + self._largest) * largest, dtype
        )

    @cached_property
    def _largest(self) -> float:
        """The largest coefficient of a path."""
        return float(np.abs(self._spec.terms.float64).max(initial=0.0))

    def _scale(self, weights: Array) -> Array:
        """Bound mixed coefficients, for each set, (sets, 1)."""
        return 1 + self._counts.mixed * self._largest * _most(weights)

    @cached_property
    def _counts(self) -> _Counts:
        return _counts(self._spec)


class _Counts(NamedTuple):
    """What docs/proofs/symmetric_contraction.md counts, the most over all entries.

    value, gradient, weights   roundings on a way; to weights without those of the sums over samples
    terms, all_terms           products that feed one result, and a gradient
    mixed                      terms of one mixed coefficient
    """

    value: int
    gradient: int
    weights: int
    terms: int
    all_terms: int
    mixed: int


def _counts(spec: SymmetricSpec) -> _Counts:
    made, nu = spec.structure, spec.correlation
    plan = spec.plan("float64")

    def most(starts: Array) -> int:
        return int(np.diff(starts).max(initial=0))

    mixed, unmixed = most(plan.mix.starts), most(plan.unmix.starts)
    in_row = int((made.rows[:, 1] - made.rows[:, 0]).max(initial=0))
    rows, lefts = most(made.outs), most(made.lefts)
    uses = np.bincount(made.products.reshape(-1), minlength=1).max()
    added = int(np.bincount(made.rows[:, 2], minlength=1).max() + 1 + uses)
    value = mixed + in_row + rows + nu + 4
    gradient = mixed + max(lefts, in_row) + 2 * nu + nu * (added + 1) + 6
    terms = len(made.left_of) * (mixed + nu + 6)
    return _Counts(
        value,
        gradient,
        unmixed + 2 * nu + 8,
        terms,
        nu * (terms + 4 * len(made.lefts)) * (1 + unmixed),
        mixed,
    )


def _summed(partial: Array, units: _Units) -> Array:
    """Add up what units give to one set, in their order."""
    total = np.zeros((units.sets, partial.shape[1]), partial.dtype)
    places = units.table[:, 0]
    if units.most <= 1:
        total[places] = partial
        return total
    np.add.at(total, places, partial)
    return total


def _most(array: Array) -> Array:
    """Return the largest number of each row, at least 1."""
    return np.asarray(np.max(array, axis=1, initial=1.0, keepdims=True))


def _limit(size: Array, roundings: int, events: Array, dtype: np.dtype[Any]) -> Bound:
    """Return gamma times the absolute sum, with what underflow may cost in it and beside it."""
    size = upward(size + events * smallest(np.float64), roundings)
    return np.asarray(size * gamma(roundings, dtype) + events * smallest(dtype))
