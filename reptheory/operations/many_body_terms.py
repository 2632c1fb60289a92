"""Terms and features of a many-body product: read from what a caller passes, cut, and differentiated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import LabelError
from reptheory.groups.labels import feature_degree, shown, whole
from reptheory.operations.rows import Rows
from reptheory.operations.term_plan import Term

__all__ = ["Backward", "Features", "read_lmaxs", "read_terms"]

Array = NDArray[Any]


class Features(NamedTuple):
    """Features, and weights if there are some, as rows that samples may share; the result's leading axes."""

    operands: list[Rows]
    shape: tuple[int, ...]

    def block(self, of: slice, dtype: np.dtype[Any]) -> list[Array]:
        """Return the operands of some samples, in a dtype."""
        found = [rows.of(of.start, of.stop) for rows in self.operands]
        return found if found[0].dtype == dtype else [one.astype(dtype) for one in found]


class Backward(NamedTuple):
    """The products whose sums are the gradients: of the features and of incoming gradients, one a weight.

    lmaxs      degrees of the features, then of the incoming gradients
    products   with weights, of which the gradient is a sum over values, also those of the product itself
    ends       degrees of the results
    results    feature -> which result is its gradient
    values     the first result that is a value
    """

    lmaxs: tuple[int, ...]
    products: tuple[Term, ...]
    ends: tuple[int, ...]
    results: dict[int, int]
    values: int

    @classmethod
    def of(cls, lmaxs: tuple[int, ...], lmax_out: int, terms: Sequence[Term], *, weighted: bool) -> Backward:
        """Return those of sums of products: the gradient of x in x^p y is p times x^(p - 1) y g."""
        features = len(lmaxs)
        products: list[Term] = []
        ends: list[int] = []
        results: dict[int, int] = {}
        for place, lmax in enumerate(lmaxs):
            reach = -1
            for term in terms:
                rest = list(term.functions)
                times = rest.count(place)
                if times:
                    rest.remove(place)
                    reach = max(reach, lmax_out + sum(lmaxs[other] for other in rest))
                    products += [Term((*rest, features + term.result), len(results))] * times
            if reach >= 0:
                results[place] = len(results)
                ends.append(min(reach, lmax))
        count = 1 + max(term.result for term in terms)
        if weighted:
            products += [Term(term.functions, len(results) + term.result) for term in terms]
            ends += [lmax_out] * count
        return cls((*lmaxs, *[lmax_out] * count), tuple(products), tuple(ends), results, len(results))


def read_lmaxs(given: object) -> tuple[int, ...]:
    """Return the degrees of the features."""
    if isinstance(given, (list, tuple)):
        if not given:
            raise LabelError("lmaxs: got no degrees; pass one for each feature")
        return tuple(feature_degree(lmax, f"lmaxs[{place}]") for place, lmax in enumerate(given))
    return (feature_degree(given, "lmaxs"),)


def read_terms(given: object, features: int) -> tuple[tuple[int, ...], ...]:
    """Return the terms, each in ascending order."""
    everything = tuple(range(features))
    if given is None or not isinstance(given, (list, tuple)):
        power = 1 if given is None else whole(given, "terms")
        found: list[tuple[int, ...]] = [tuple(sorted(everything * power))]
    else:
        found = [_term(term, place, features) for place, term in enumerate(given)]
    if all(len(term) < 2 for term in found):
        raise LabelError(f"terms: got {shown(given)}; one of them must multiply two features or more")
    if len(set(found)) < len(found):
        raise LabelError(f"terms: got {shown(given)}; pass each product once")
    missing = set(everything) - {place for term in found for place in term}
    if missing:
        raise LabelError(
            f"terms: got {shown(given)}; feature {min(missing)} is in none of them; leave it away"
        )
    return tuple(found)


def _term(given: object, number: int, features: int) -> tuple[int, ...]:
    name = f"terms[{number}]"
    if not isinstance(given, (list, tuple)) or not given:
        raise LabelError(f"{name}: got {shown(given)}; pass the features that are multiplied, as (0, 0, 1)")
    places = sorted(whole(place, name) for place in given)
    if places[-1] >= features:
        raise LabelError(f"{name}: got feature {places[-1]}; there are {features}, counted from 0")
    return tuple(places)
