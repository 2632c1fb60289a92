"""Many-body bounds: on the errors of a many-body product and of its gradients (docs/proofs/many_body.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.operations.degree_sums import Part, bound_dots, bound_sum, degrees_of
from reptheory.operations.term_engines import TermEngine
from reptheory.operations.term_plan import roundings

__all__ = ["ManyBodyBounds"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


class ManyBodyBounds:
    """Bounds for blocks of samples, (samples, dim) each.

    lmaxs, lmax_out, terms, weighted   as `GauntManyBody`
    engine   of the products: one result each with weights, else their sum
    back     of the gradients of features, with weights also of the products, behind them
    """

    def __init__(
        self,
        lmaxs: Sequence[int],
        lmax_out: int,
        terms: Sequence[tuple[int, ...]],
        engine: TermEngine,
        back: TermEngine,
        *,
        weighted: bool,
    ) -> None:
        self._lmaxs, self._lmax_out, self._weighted = tuple(lmaxs), lmax_out, weighted
        self._terms = tuple(terms)
        self._products = [term for term in self._terms if len(term) > 1]
        self._engine, self._back = engine, back

    def product(self, operands: Sequence[Array], z: Array, limit: Bound) -> None:
        """Write a bound on the error of the product z."""
        functions = operands[: len(self._lmaxs)]
        values, errors = _with_errors(self._engine, functions, 0)
        bound_sum(self._parts(operands, values, errors), z, limit)

    def _end(self, term: Sequence[int]) -> int:
        """Return the highest degree of a term, no more than the result's."""
        return min(sum(self._lmaxs[place] for place in term), self._lmax_out)

    def _weights_of(self, weight: Array, place: int) -> Array:
        """Return the weights of a term, one a degree."""
        count = self._lmax_out + 1
        return weight[:, place * count : (place + 1) * count]

    def _parts(
        self, operands: Sequence[Array], values: Sequence[Array], errors: Sequence[Bound]
    ) -> list[Part]:
        """Return what adds up to the result: products, and features that are a term by themselves."""
        if not self._weighted:
            alone = [Part(operands[term[0]]).cut(self._lmax_out) for term in self._terms if len(term) == 1]
            return [Part(values[0], errors[0]).cut(max(map(self._end, self._products))), *alone]
        products = zip(values, errors, strict=True)
        parts = []
        for place, term in enumerate(self._terms):
            value, error = next(products) if len(term) > 1 else (operands[term[0]], None)
            parts.append(Part(value, error, self._weights_of(operands[-1], place)).cut(self._end(term)))
        return parts

    def gradients(self, operands: Sequence[Array], values: Sequence[Array], limits: Sequence[Bound]) -> None:
        """Write bounds on the errors of gradients.

        operands   the features, the weights if there are some, and the incoming gradient
        """
        count, grad, rounded = len(self._lmaxs), operands[-1], int(self._weighted)
        incoming = dict.fromkeys(self._terms, grad)
        if self._weighted:
            degree = degrees_of(grad.shape[1])
            for place, term in enumerate(self._terms):
                incoming[term] = grad * self._weights_of(operands[-2], place)[:, degree]
        products = self._products if self._weighted else self._products[:1]
        functions = [*operands[:count], *(incoming[term] for term in products)]
        results = zip(*_with_errors(self._back, functions, rounded * len(products)), strict=True)
        for place in range(count):
            parts = [Part(*next(results))] if any(place in term for term in self._products) else []
            if (place,) in incoming:
                alone = incoming[place,]
                parts.append(Part(alone, roundings(alone, rounded, alone.dtype)).cut(self._lmaxs[place]))
            bound_sum(parts, values[place], limits[place])
        if self._weighted:
            found, errors = zip(*results, strict=True)
            for place, part in enumerate(self._parts(operands[:-1], found, errors)):
                own, room = (self._weights_of(one, place) for one in (values[-1], limits[-1]))
                bound_dots(part, grad, own, room)


def _with_errors(
    engine: TermEngine, functions: Sequence[Array], rounded: int
) -> tuple[list[Array], list[Bound]]:
    """Return the results of an engine whose last `rounded` functions carry one rounding, and their errors."""
    dtype, sound = functions[0].dtype, len(functions) - rounded
    off = [roundings(one, int(k >= sound), dtype) for k, one in enumerate(functions)]
    with np.errstate(over="ignore", invalid="ignore"):
        return engine.run(functions, None), engine.bound(functions, off, dtype)
