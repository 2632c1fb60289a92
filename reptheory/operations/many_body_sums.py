"""Many-body sums: what a many-body product, and its gradients, add up around their products of features.

z_l = sum over terms t of  w_tl P_tl            P_t a feature, or a product of several
h_tl = w_tl g_l                                 what comes in for the gradients of P_t
gradient of w_tl = sum over m of g_lm P_tlm     of a feature: those of its products, and h_t if it is P_t
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.operations.degree_sums import degrees_of
from reptheory.operations.many_body_terms import Backward
from reptheory.operations.term_sums import Sums

__all__ = ["gradient_sums", "product_sums"]

Columns = NDArray[np.int64]
Terms = Sequence[tuple[int, ...]]


def _dim(lmax: int) -> int:
    return (lmax + 1) ** 2


def _entries(parts: Sequence[Sequence[Any]]) -> Columns:
    """Return the rows target, a, b of parts, of which each may be one number for all."""
    rows = [np.stack(np.broadcast_arrays(*part), axis=1) for part in parts]
    return np.concatenate([np.empty((0, 3), np.int64), *rows]).astype(np.int64)


def _weights(place: int, lmax_out: int, dim: int, start: int) -> Columns:
    """Return the columns of the weights of a term, one a coefficient."""
    return start + place * (lmax_out + 1) + degrees_of(dim)


def product_sums(lmaxs: Sequence[int], lmax_out: int, terms: Terms, *, weighted: bool) -> Sums:
    """Return the sum of the terms; the engine's results are the products, one each with weights, else one."""
    features, products = len(lmaxs), [term for term in terms if len(term) > 1]
    weight = (len(terms) * (lmax_out + 1),) if weighted else ()
    operands = (*map(_dim, lmaxs), *weight)
    results = (_dim(lmax_out),) * (len(products) if weighted else 1)
    starts = [0, *accumulate((*operands, 1, *results))]
    ones, first = starts[len(operands)], len(operands) + 1
    parts = []
    for place, term in enumerate(terms):
        source = starts[first + products.index(term) * weighted if len(term) > 1 else term[0]]
        column = np.arange(_dim(min(sum(lmaxs[one] for one in term), lmax_out)))
        factor = _weights(place, lmax_out, len(column), starts[features]) if weighted else ones
        parts.append((column, source + column, factor))
    if not weighted:  # all products are one result
        several = [part for part, term in zip(parts, terms, strict=True) if len(term) > 1]
        alone = [part for part, term in zip(parts, terms, strict=True) if len(term) == 1]
        parts = [max(several, key=lambda part: len(part[0])), *alone]
    before, after = _entries([]), _entries(parts)
    return Sums(operands, tuple(range(features)), (), results, (_dim(lmax_out),), before, after)


def gradient_sums(
    lmaxs: Sequence[int], lmax_out: int, terms: Terms, back: Backward, *, weighted: bool
) -> Sums:
    """Return the gradients of the features and, where there are some, of the weights."""
    features, dim_out = len(lmaxs), _dim(lmax_out)
    products = [term for term in terms if len(term) > 1]
    dims = tuple(map(_dim, lmaxs))
    weight = (len(terms) * (lmax_out + 1),) if weighted else ()
    operands = (*dims, *weight, dim_out)
    made = (dim_out,) * len(products) * weighted
    results = tuple(map(_dim, back.ends))
    starts = [0, *accumulate((*operands, 1, *made, *results))]
    to = [0, *accumulate((*dims, *weight))]
    ones, grad, first = starts[len(operands)], starts[len(operands) - 1], len(operands) + 1 + len(made)
    column = np.arange(dim_out)
    before, after = [], []
    for place, k in back.results.items():
        order = np.arange(results[k])
        after.append((to[place] + order, starts[first + k] + order, ones))
    for place, term in enumerate(terms):
        factor = _weights(place, lmax_out, dim_out, starts[features]) if weighted else np.full(dim_out, ones)
        if len(term) == 1:
            source, order = starts[term[0]], column[: dims[term[0]]]
            after.append((to[term[0]] + order, grad + order, factor[order]))
        elif weighted:
            number = products.index(term)
            source = starts[first + back.values + number]
            before.append((starts[len(operands) + 1 + number] + column, grad + column, factor))
        if weighted:
            order = column[: _dim(min(sum(lmaxs[one] for one in term), lmax_out))]
            after.append((_weights(place, lmax_out, len(order), to[features]), source + order, grad + order))
    functions: tuple[int | None, ...] = tuple(range(features))
    functions += (None,) * len(made) if weighted else (len(operands) - 1,)
    return Sums(operands, functions, made, results, (*dims, *weight), _entries(before), _entries(after))
