"""Expressivity of many-body products: what n features express between linear layers, counted exactly.

Between layers that scale each degree, of one copy, a product gives the maps

    B(l_1 .. l_n; l) = c_tl a_1,l_1 .. a_n,l_n G(l_1 .. l_n; l)     one for each term t, degrees l_i and l

G the integral of n + 1 harmonics, which is not 0 just where l_1 + .. + l_n + l is even and no degree exceeds
the sum of the others. The counts are those of `operations.expressivity`, of polynomials for bilinear maps:

paths                 dimension of the space of all equivariant maps, symmetric where a feature occurs again:
                      copies of l in products of symmetric powers, by characters
reachable             how many of the B are not 0: a Gaunt product takes one of the ways of coupling
degrees_of_freedom    dimension of the set of all B: the rank of the exponents of its monomials

Of a symmetric contraction, whose paths have weights of their own, layers add nothing: it reaches, and chooses
freely, the span of its paths, all maps in a basis of all of them. MACE's paths leave some maps out, and hold
others twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations_with_replacement
from itertools import product as combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.residues import rank, residue
from reptheory.exact.surd import Surd
from reptheory.exact.symmetric_coupling import SymmetricCoupling, symmetric_coupling
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.gaunt_many_body import GauntManyBody
from reptheory.operations.symmetric_contraction import SymmetricContraction

__all__ = ["ManyBody", "ManyBodyExpressivity", "described", "many_body_expressivity"]

Path = tuple[Irrep, ...]
ManyBody = GauntManyBody | SymmetricContraction


@dataclass(frozen=True)
class ManyBodyExpressivity:
    """What a many-body product can express between layers, see `operations.many_body_expressivity`.

    irreps_in, irreps_out                   one copy of each irrep of every feature, and of their products
    paths, reachable, degrees_of_freedom    dimensions
    weights                                 parameters of the layers and of the product
    interacting, lost                       (ir1, .., irn, ir_out) that contribute, and that never do
    cost                                    multiplications of one product, without the layers
    """

    irreps_in: tuple[Irreps, ...]
    irreps_out: Irreps
    paths: int
    reachable: int
    degrees_of_freedom: int
    weights: int
    interacting: tuple[Path, ...]
    lost: tuple[Path, ...]
    cost: int

    def __str__(self) -> str:
        return described(self.paths, self.reachable, self.degrees_of_freedom, self.weights, self.lost)


def described(paths: int, reachable: int, free: int, weights: int, lost: Sequence[tuple[object, ...]]) -> str:
    """Return counts as a sentence for people, with the first paths that are lost."""
    said = f"{reachable} of {paths} paths reached, {free} weighted freely by {weights} weights"
    if not lost:
        return said
    names = [" x ".join(map(str, path[:-1])) + f" -> {path[-1]}" for path in lost[:4]]
    return f"{said}; lost: {', '.join(names)}" + (f" and {len(lost) - 4} more" if len(lost) > 4 else "")


class _Way(NamedTuple):
    """One choice of degrees: the term, a degree for each occurrence of its features, the result's.

    copies   of the result in the symmetric product
    """

    term: int
    degrees: tuple[int, ...]
    result: int
    copies: int

    @property
    def path(self) -> Path:
        """Its irreps."""
        parity = (-1) ** sum(self.degrees)
        return *(Irrep(degree, (-1) ** degree) for degree in self.degrees), Irrep(self.result, parity)

    @property
    def interacts(self) -> bool:
        """Tell whether the integral of the harmonics is not 0."""
        every = (*self.degrees, self.result)
        return sum(every) % 2 == 0 and 2 * max(every) <= sum(every)


def many_body_expressivity(product: ManyBody) -> ManyBodyExpressivity:
    """Return what `product` expresses between layers that scale each degree of one copy.

    Of a symmetric contraction one copy and species; its cost is that of all copies.

    >>> cubes = many_body_expressivity(GauntManyBody(2, 2, 3))
    >>> cubes.paths, cubes.reachable, cubes.degrees_of_freedom
    (19, 14, 5)
    >>> contraction = SymmetricContraction("0e+1o", "0e+1o", 3, basis="mace")
    >>> found = many_body_expressivity(contraction)  # all that there is, with 7 weights too many
    >>> found.paths, found.reachable, found.weights
    (9, 9, 16)
    """
    if isinstance(product, SymmetricContraction):
        return _of_contraction(product)
    ways = list(_ways(product))
    found = [way for way in ways if way.interacts]
    return ManyBodyExpressivity(
        product.irreps_in,
        Irreps([(1, ir) for ir in sorted({way.path[-1] for way in ways})]),
        paths=sum(way.copies for way in ways),
        reachable=len(found),
        degrees_of_freedom=_rank(product, found),
        weights=sum(lmax + 1 for lmax in (*product.lmaxs, product.lmax_out)) + product.weight_numel,
        interacting=tuple(way.path for way in found),
        lost=tuple(way.path for way in ways if not way.interacts),
        cost=product.cost,
    )


def _ways(product: GauntManyBody) -> Iterator[_Way]:
    """List the choices of degrees that equivariance allows; those of one feature ascend."""
    for number, term in enumerate(product.terms):
        powers = Counter(term)
        chosen = [
            combinations_with_replacement(range(product.lmaxs[place] + 1), count)
            for place, count in powers.items()
        ]
        for degrees in combinations(*chosen):
            counts = _orders(tuple(tuple(sorted(Counter(own).items())) for own in degrees))
            middle = len(counts) // 2
            for result in range(min(middle, product.lmax_out) + 1):
                beyond = counts[middle + result + 1] if result < middle else 0
                copies = int(counts[middle + result] - beyond)
                if copies:
                    yield _Way(number, tuple(degree for own in degrees for degree in own), result, copies)


@lru_cache(maxsize=4096)
def _orders(features: tuple[tuple[tuple[int, int], ...], ...]) -> NDArray[np.int64]:
    """Count the states of products of symmetric powers (degree, power) by their order, -M..M."""
    total = np.ones(1, dtype=np.int64)
    for own in features:
        for degree, power in own:
            total = np.convolve(total, _symmetric(degree, power))
    return total


@lru_cache(maxsize=256)
def _symmetric(degree: int, power: int) -> NDArray[np.int64]:
    """Count the multisets of `power` orders -degree..degree by their sum."""
    counts = np.zeros((power + 1, 2 * degree * power + 1), dtype=np.int64)
    counts[0, 0] = 1
    for order in range(2 * degree + 1):  # counted from the lowest
        for count in range(1, power + 1):
            counts[count, order:] += counts[count - 1, : counts.shape[1] - order]
    return np.array(counts[power])


def _of_contraction(product: SymmetricContraction) -> ManyBodyExpressivity:
    """Return what one copy of a symmetric contraction expresses: the span of its paths."""
    couplings = product.couplings
    every = [symmetric_coupling(one.irreps_in, one.irrep_out, one.degree) for one in couplings]
    possible = {path: None for one in every for path in _choices(one)}
    found = {path: None for one in couplings for path in _choices(one)}
    reachable = sum(_span(one) for one in couplings)
    return ManyBodyExpressivity(
        (couplings[0].irreps_in,) if couplings else (product.irreps_in,),
        product.irreps_out,
        paths=sum(len(one.paths) for one in every),
        reachable=reachable,
        degrees_of_freedom=reachable,
        weights=sum(len(one.paths) for one in couplings),
        interacting=tuple(path for path in possible if path in found),
        lost=tuple(path for path in possible if path not in found),
        cost=product.cost,
    )


def _choices(coupling: SymmetricCoupling) -> list[Path]:
    """List the irreps (ir1, .., irn, ir_out) of the monomials of a coupling, each once, ascending."""
    entries = np.repeat(np.arange(len(coupling.irreps_in)), [entry.dim for entry in coupling.irreps_in])
    chosen = np.unique(entries[coupling.index[:, 2:]], axis=0).tolist()
    return [(*(coupling.irreps_in[entry].ir for entry in row), coupling.irrep_out) for row in chosen]


def _span(coupling: SymmetricCoupling) -> int:
    """Return the dimension of the span of the paths: by Schur's lemma that of their first components."""
    if coupling.basis == "reduced":
        return len(coupling.paths)  # orthonormal
    first = np.flatnonzero(coupling.index[:, 1] == 0)
    if not len(first):
        return 0
    columns = np.unique(coupling.index[first, 2:], axis=0, return_inverse=True)[1]
    pairs = [(coupling.numerators[k], coupling.denominators[k]) for k in first.tolist()]
    values = [residue(Surd.sqrt(Fraction(abs(a), b), sign=1 if a > 0 else -1)) for a, b in pairs]
    return rank(coupling.index[first, 0], columns.reshape(-1), np.array(values, dtype=np.int64).T)


def _rank(product: GauntManyBody, found: list[_Way]) -> int:
    """Return the rank of the exponents of the monomials c_tl a_l1 .. a_ln: the dimension of their image."""
    starts = np.cumsum([0, *(lmax + 1 for lmax in product.lmaxs)])
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    for row, way in enumerate(found):
        term = sorted(product.terms[way.term])
        letters = Counter(
            int(starts[place]) + degree for place, degree in zip(term, way.degrees, strict=True)
        )
        letters[int(starts[-1]) + way.term * product.weighted * (product.lmax_out + 1) + way.result] = 1
        rows += [row] * len(letters)
        columns += letters.keys()
        values += letters.values()
    return rank(np.array(rows), np.array(columns), np.array([values, [0] * len(values)]))
