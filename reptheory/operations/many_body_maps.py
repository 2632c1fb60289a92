"""Many-body maps: a many-body product as exact maps, two factors at a time, then weights and the sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reptheory.operations.degree_sums import degrees_of
from reptheory.operations.exact_maps import ExactMap, Pairs, constant, joined
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.term_engines import ordered, pairwise
from reptheory.operations.term_plan import Term

__all__ = ["ManyBodyMaps"]


class ManyBodyMaps:
    """The exact maps of sums of products of features.

    lmaxs, lmax_out   of the features and of the result
    terms             which features each product multiplies, one or more
    weighted          whether each term has a weight a degree
    """

    def __init__(
        self, lmaxs: Sequence[int], lmax_out: int, terms: Sequence[tuple[int, ...]], *, weighted: bool
    ) -> None:
        self._parts = [ordered(Term(term), lmaxs) for term in terms]
        self._steps = pairwise(lmaxs, lmax_out, [Term(term) for term in terms if len(term) > 1])
        self._products = [
            GauntTensorProduct(*step.degrees, method="table")._table_engine.exact_map for step in self._steps
        ]
        dims: dict[tuple[int, ...], int] = {(place,): (lmax + 1) ** 2 for place, lmax in enumerate(lmaxs)}
        dims |= {step.part: (step.degrees[2] + 1) ** 2 for step in self._steps}
        dim, count, first = (lmax_out + 1) ** 2, lmax_out + 1, 0
        places = []
        for number, part in enumerate(self._parts):
            column = np.arange(min(dims[part], dim))
            factor = number * count + degrees_of(dim)[column] if weighted else np.zeros_like(column)
            places.append(np.stack([first + column, factor, column]))
            first += dims[part]
        weights = len(terms) * count if weighted else 1
        self._weighted = weighted
        self._add = ExactMap((first, weights, dim), np.concatenate(places, axis=1))

    @property
    def terms(self) -> int:
        """How many terms a sample has."""
        return sum(one.terms for one in (*self._products, self._add))

    def __call__(self, *operands: Pairs) -> Pairs:
        """Return the product of the features and, where there are some, the weights."""
        values: dict[tuple[int, ...], Pairs] = {(place,): one for place, one in enumerate(operands)}
        for step, product in zip(self._steps, self._products, strict=True):
            values[step.part] = product(*(values[half] for half in step.halves))
        weight = operands[-1] if self._weighted else constant(operands[0])
        return self._add(joined([values[part] for part in self._parts]), weight)
