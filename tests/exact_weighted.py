"""Exact values of weighted products: every term of every instruction in Arb balls, without kernels and plans.

Coefficients come from `clebsch_gordan_array`; factors, copies, weights and layouts are spelled out here once
more, letter by letter, from the definition. A float is the rational that it is; sums run at 400 bits.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import product as every
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from reptheory.exact.clebsch_gordan import clebsch_gordan_array
from reptheory.operations.tensor_product import TensorProduct

Array = Any
BITS = 400
NONE = -1
LETTERS = {
    "uvw": "u,v,w,uvw",
    "uvu": "u,v,u,uv",
    "uvv": "u,v,v,uv",
    "uuw": "u,u,w,uw",
    "uuu": "u,u,u,u",
    "uvuv": "u,v,uv,uv",
}


@dataclass(frozen=True)
class WeightedReference:
    """All terms (x index, y index, z index, weight index or NONE, coefficient) of a product."""

    terms: tuple[tuple[int, int, int, int, Any], ...]

    def grouped(self, axis: int) -> dict[int, list[tuple[int, int, int, int, Any]]]:
        """Return the terms by the index of one operand: 0 x, 1 y, 2 z, 3 weight."""
        groups: dict[int, list[Any]] = defaultdict(list)
        for term in self.terms:
            groups[term[axis]].append(term)
        return groups

    def violations(
        self, axis: int, given: tuple[Array, Array, Array, Array], result: Array, bound: Array
    ) -> list[Any]:
        """List the entries of a result where |result - exact| <= bound is not certain.

        axis     which operand the result belongs to: 2 the product, 0, 1, 3 the gradients of x, y, weights
        given    x, y, gradient of z, weights; (samples, dim), weights (dim,) or (samples, dim); the one of
                 the axis itself is not looked at
        """
        arrays = [np.asarray(array, dtype=np.float64) for array in given]
        samples = len(arrays[0])
        balls = [[[arb(float(v)) for v in row] for row in np.atleast_2d(array)] for array in arrays]
        found = []
        summed = result.ndim == 1
        with ctx.workprec(BITS):
            for place, terms in self.grouped(axis).items():
                if place == NONE:
                    continue
                totals = [self._total(terms, axis, balls, n) for n in range(samples)]
                if summed:
                    totals = [sum(totals, arb(0))]
                for n, total in enumerate(totals):
                    value, limit = np.atleast_2d(result)[n, place], np.atleast_2d(bound)[n, place]
                    if np.isfinite(limit) and not abs(arb(float(value)) - total) <= arb(float(limit)):
                        found.append((n, place))
        return found

    @staticmethod
    def _total(terms: list[Any], axis: int, balls: Any, sample: int) -> Any:
        total = arb(0)
        for term in terms:
            value = term[4]
            for operand in range(4):
                if operand != axis and term[operand] != NONE:
                    rows = balls[operand]
                    value = value * rows[sample if len(rows) > 1 else 0][term[operand]]
            total += value
        return total


@lru_cache(maxsize=64)
def weighted_reference(tp: TensorProduct) -> WeightedReference:
    """Spell out a product."""
    terms: list[Any] = []
    all_irreps = (tp.irreps_in1, tp.irreps_in2, tp.irreps_out)
    offset = 0
    with ctx.workprec(BITS):
        for one in tp.instructions:
            entries = [irreps[place] for irreps, place in zip(all_irreps, one[:3], strict=True)]
            starts = [irreps.slices()[place].start for irreps, place in zip(all_irreps, one[:3], strict=True)]
            letters = LETTERS[one.connection_mode].split(",")
            sizes = {letters[0]: entries[0].mul, letters[1]: entries[1].mul}
            if "w" in letters[2]:
                sizes["w"] = entries[2].mul
            factor = arb(fmpq(one.square.numerator, one.square.denominator)).sqrt()
            block = clebsch_gordan_array(*(entry.ir.l for entry in entries), basis="real")
            for copies in every(*(range(size) for size in sizes.values())):
                at = dict(zip(sizes, copies, strict=True))
                weight = offset + _row_major(letters[3], at, sizes) if one.has_weight else NONE
                for index, top, bottom in zip(
                    block.indices.tolist(), block.numerators, block.denominators, strict=True
                ):
                    value = arb(fmpq(abs(top), bottom)).sqrt() * (1 if top > 0 else -1) * factor
                    places = [
                        start + _place(_row_major(names, at, sizes), m, entry, tp.layout)
                        for start, names, m, entry in zip(starts, letters[:3], index, entries, strict=True)
                    ]
                    terms.append((*places, weight, value))
            if one.has_weight:
                offset += one.weight_numel
    return WeightedReference(tuple(terms))


def _row_major(letters: str, at: dict[str, int], sizes: dict[str, int]) -> int:
    index = 0
    for letter in letters:
        index = index * sizes[letter] + at[letter]
    return index


def _place(copy: int, m: int, entry: Any, layout: str) -> int:
    return copy * entry.ir.dim + m if layout == "mul_ir" else m * entry.mul + copy
