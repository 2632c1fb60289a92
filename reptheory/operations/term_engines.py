"""Term engines: sums of products of any number of functions on the sphere, with their bounds.

    run(functions, threads)             results (samples, dim) of functions (samples, dim) each
    bound(functions, errors, dtype)     on the errors of `run` in a dtype, functions being off by `errors`

RingTerms brings every function to the points of one grid, exact for the largest product, and multiplies
there. TableTerms multiplies two at a time by tables: a product of n is that of its halves, and what several
products share is computed once. Both truncate nothing but the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Final, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.bounds import gamma
from reptheory.kernels.pool import Prepared
from reptheory.kernels.rings import RingPlan
from reptheory.operations.engines import TableEngine, float_name
from reptheory.operations.gaunt_costs import MANY_PATHS, cheapest, nanoseconds, ring_nanoseconds
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.term_plan import (
    RingBound,
    Term,
    prepared_terms,
    result_degrees,
    run_terms,
    term_multiplications,
    term_plan,
)

__all__ = [
    "Part",
    "RingTerms",
    "TableTerms",
    "TermEngine",
    "TermMethod",
    "cheapest_terms",
    "ordered",
    "pairwise",
    "term_engine",
]

Array = NDArray[Any]
Bound = NDArray[np.float64]

TermMethod = Literal["table", "grid", "fourier"]

_DTYPES: Final = ("float32", "float64")
_SLACK: Final = 1 + 2.0**-40
"""Covers the roundings of evaluating a bound in float64."""


class RingTerms:
    """Sums of products on the sphere grid, or on rings through the 2D Fourier basis."""

    def __init__(
        self, lmaxs: Sequence[int], lmax_out: int | Sequence[int], terms: Sequence[Term], *, fourier: bool
    ) -> None:
        self._arguments = tuple(lmaxs), result_degrees(lmax_out, terms), tuple(terms)
        self._fourier = fourier
        self._plans: dict[str, RingPlan] = {}
        self._kernels: dict[str, Prepared] = {}

    def plan(self, name: str) -> RingPlan:
        """Return the plan for "float32" or "float64"; two threads may both make it, one is kept."""
        plan = self._plans.get(name)
        if plan is None:
            plan = self._plans.setdefault(name, term_plan(*self._arguments, name, fourier=self._fourier))
        return plan

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        return term_multiplications(self.plan("float64"))

    def run(self, functions: Sequence[Array], threads: int | None) -> list[Array]:
        """Return the results."""
        name = float_name(functions[0].dtype)
        kernel = self._kernels.get(name)
        if kernel is None:
            kernel = self._kernels.setdefault(name, prepared_terms(self.plan(name), self.cost))
        return run_terms(kernel, functions, threads)

    @cached_property
    def _bounds(self) -> RingBound:
        return RingBound(self.plan("float64"))

    def bound(self, functions: Sequence[Array], errors: Sequence[Array], dtype: np.dtype[Any]) -> list[Bound]:
        """Bound: the rounding of every step, by the values that it meets (docs/proofs/rings.md)."""
        return self._bounds(functions, errors, dtype)


Part = tuple[int, ...]
"""Which functions are multiplied."""


class Pairing(NamedTuple):
    """One product of two: its halves and itself with their degrees, no more than the results need."""

    halves: tuple[Part, Part]
    part: Part
    degrees: tuple[int, int, int]


def pairwise(lmaxs: Sequence[int], lmax_out: int | Sequence[int], terms: Sequence[Term]) -> list[Pairing]:
    """Return the products of two, in order, that make up the products of all terms.

    A part is kept to the degree from which the functions still to come can reach the result: the rest is 0
    there, so nothing is truncated that the result would see.
    """
    needs: dict[Part, int] = {}

    def need(part: Part, room: int) -> None:
        degrees = [lmaxs[place] for place in part]
        needs[part] = max(needs.get(part, 0), min(sum(degrees), room))
        if len(part) > 1:
            half = len(part) // 2
            need(part[:half], needs[part] + sum(degrees[half:]))
            need(part[half:], needs[part] + sum(degrees[:half]))

    ends = result_degrees(lmax_out, terms)
    for term in terms:
        need(ordered(term, lmaxs), ends[term.result])
    parts = sorted((part for part in needs if len(part) > 1), key=len)
    split = [(part[: len(part) // 2], part[len(part) // 2 :]) for part in parts]
    return [
        Pairing((left, right), part, (_degree(left, lmaxs, needs), _degree(right, lmaxs, needs), needs[part]))
        for part, (left, right) in zip(parts, split, strict=True)
    ]


def _degree(part: Part, lmaxs: Sequence[int], needs: dict[Part, int]) -> int:
    """Return the degree of a part as it is computed; functions come whole."""
    return lmaxs[part[0]] if len(part) == 1 else needs[part]


class TableTerms:
    """Sums of products by exact tables, two factors at a time.

    Values are a list: the functions, then the products in the order of the steps.
    """

    def __init__(self, lmaxs: Sequence[int], lmax_out: int | Sequence[int], terms: Sequence[Term]) -> None:
        self.steps = pairwise(lmaxs, lmax_out, terms)
        self.dims = [(end + 1) ** 2 for end in result_degrees(lmax_out, terms)]
        parts = [*((place,) for place in range(len(lmaxs))), *(step.part for step in self.steps)]
        self._place = {part: place for place, part in enumerate(parts)}
        self.terms = [(self._place[ordered(term, lmaxs)], term.result, term.sign) for term in terms]
        """Which value each adds to which result, and its sign."""

    @cached_property
    def _products(self) -> list[tuple[TableEngine, int, int, int]]:
        """The engine of each step, the values that it multiplies, and the coefficients of their product."""
        return [
            (_table(degrees), self._place[left], self._place[right], (degrees[2] + 1) ** 2)
            for (left, right), _, degrees in self.steps
        ]

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        return sum(engine.cost for engine, *_ in self._products)

    def run(self, functions: Sequence[Array], threads: int | None) -> list[Array]:
        """Return the results."""
        return self._sums(self.values(functions, threads))

    def values(
        self, functions: Sequence[Array], threads: int | None, last: Array | None = None
    ) -> list[Array]:
        """Return the functions and all products on the way; the last one goes to `last`."""
        values, steps = list(functions), self._products
        samples, dtype = len(values[0]), values[0].dtype
        for engine, left, right, dim in steps:
            z = np.empty((samples, dim), dtype) if last is None or engine is not steps[-1][0] else last
            engine.run(values[left], values[right], z, threads)
            values.append(z)
        return values

    def _sums(self, values: Sequence[Array], *, absolute: bool = False) -> list[Array]:
        """Add up the products of each result; a product that ends below the result's degree is 0 above."""
        like = values[-1]
        totals = [np.zeros((len(like), dim), like.dtype) for dim in self.dims]
        with np.errstate(over="ignore", invalid="ignore"):
            for place, result, sign in self.terms:
                total = totals[result]
                product = values[place][:, : total.shape[1]]
                total[:, : product.shape[1]] += np.abs(product) if absolute else sign * product
        return totals

    def bound(self, functions: Sequence[Array], errors: Sequence[Array], dtype: np.dtype[Any]) -> list[Bound]:
        """Bound: errors of the factors through each table, and what it rounds (docs/proofs/many_body.md)."""
        values = self.values([one.astype(np.float64) for one in functions], None)
        off = list(errors)
        for engine, left, right, _ in self._products:
            e, f = off[left], off[right]
            size, other = np.abs(values[left]) + 2 * e, np.abs(values[right]) + 2 * f
            limit = engine.bound(size, other, dtype)
            if e.any() or f.any():
                limit = limit + engine.sizes(size, f, dtype) + engine.sizes(e, other, dtype)
            off.append(limit * _SLACK)
        limits, sizes = (self._sums(kind, absolute=True) for kind in (off, values))
        together = np.bincount([result for _, result, _ in self.terms])
        return [
            (limit + gamma(count - 1, dtype) * (size + 2 * limit)) * _SLACK
            for limit, size, count in zip(limits, sizes, together.tolist(), strict=True)
        ]


TermEngine = RingTerms | TableTerms
"""One way of computing sums of products."""


def ordered(term: Term, lmaxs: Sequence[int]) -> Part:
    """Return the functions of a term, the lowest degrees first: equal halves stand together."""
    return tuple(sorted(term.functions, key=lambda place: (lmaxs[place], place)))


def _table(degrees: tuple[int, int, int]) -> TableEngine:
    """Return the table of a product, by code of its own where that is faster."""
    return cast("TableEngine", GauntTensorProduct(*degrees, _table_method(degrees))._engine)


def _table_method(degrees: tuple[int, int, int]) -> Literal["table", "unrolled"]:
    return "unrolled" if cheapest(degrees) == "unrolled" else "table"


@lru_cache(maxsize=256)
def cheapest_terms(
    lmaxs: tuple[int, ...], lmax_out: int | tuple[int, ...], terms: tuple[Term, ...]
) -> TermMethod:
    """Return the method with the least time by the model of `gaunt_costs`, float32 and float64 together.

    Its times are those of products of two, as a table of n factors is n - 1 of these and points cost the same
    whatever meets there; in `benchmarks/many_body.py` the choice is the fastest, or within 5 % of it.
    """
    results = result_degrees(lmax_out, terms)
    band = max(term.degree(lmaxs) for term in terms)
    products = sum(len(term.functions) - 1 for term in terms)
    steps = [step.degrees for step in pairwise(lmaxs, lmax_out, terms)]

    def time(method: TermMethod) -> float:
        if method == "table":
            tables = [(_table_method(degrees), degrees) for degrees in steps]
            return sum(nanoseconds(*one, dtype) for one in tables for dtype in _DTYPES)
        return sum(ring_nanoseconds(method, lmaxs, results, band, products, dtype) for dtype in _DTYPES)

    methods: tuple[TermMethod, ...] = ("grid", "fourier")
    if all((a + 1) * (b + 1) * (c + 1) <= MANY_PATHS for a, b, c in steps):
        methods = ("table", *methods)
    return min(methods, key=time)


def term_engine(
    lmaxs: Sequence[int], lmax_out: int | Sequence[int], terms: Sequence[Term], method: TermMethod
) -> TermEngine:
    """Return the engine of a method."""
    if method == "table":
        return TableTerms(lmaxs, lmax_out, terms)
    return RingTerms(lmaxs, lmax_out, terms, fourier=method == "fourier")
