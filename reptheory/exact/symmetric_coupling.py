"""Symmetric couplings: nu copies of one feature to an irrep, as polynomials with exact coefficients.

    P[p, k](x) = sum over a1 <= ... <= a_nu of  c[p, k, a1, ..., a_nu] x_a1 ... x_a_nu

x has one copy of each entry of `irreps_in`, all components in one row; for every path p the 2 l + 1
polynomials k turn as the irrep does when x turns. A path couples entries one after another, ((e1 e2) e3) ...,
through intermediate irreps; its coefficients are products of Clebsch-Gordan coefficients of the real basis,
summed over the orders of the intermediates and over all arrangements of a1, ..., a_nu. Bases:

    mace      every sequence of entries and intermediates, in the order of MACE's `U_matrix_real` [Batatia et
              al., NeurIPS 2022, eqs. 10 and 11]; each path has norm 1 before it is symmetrised. Many of them
              are dependent, some zero. As there, at nu = 4 no intermediate has parity other than (-1)^l.
    cuequivariance   the same paths in the order of cuEquivariance's `original_mace`: of equal degree, irreps
              of parity (-1)^l come first there, odd ones in MACE.
    reduced   e1 <= e2 <= ..., made orthonormal one after another; what depends on those before is left out,
              and the first coefficient is positive. These are independent and span all there are.

Orthonormal: the symmetric tensors U, with c = (arrangements of a) U[k, a1, ..., a_nu], have
sum over k, a of U_p U_q = (2 l + 1) [p = q].

Every coefficient is one square root: `coupling_chains`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement, permutations
from math import factorial, gcd, prod
from typing import Any, Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.conventions import REAL
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.coupling_chains import coupling_chain, weights_of
from reptheory.exact.entries import lowest_terms
from reptheory.groups.labels import shown, whole
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.immutable import immutable

__all__ = ["SymmetricBasis", "SymmetricCoupling", "SymmetricPath", "symmetric_coupling"]

SymmetricBasis = Literal["reduced", "mace", "cuequivariance"]

_MOST_INTEGERS: Final = 2**26
"""Of the tensors of all paths, before they are symmetrised: about half a minute."""
_HIGHEST_DEGREE: Final = 16
_HIGHEST_OF_FOUR: Final = 11
"""Degree up to which MACE keeps intermediates at nu = 4."""

Array = NDArray[Any]


class SymmetricPath(NamedTuple):
    """One path: the entries it couples, one after another, and the irrep after each of them.

    entries   places in `irreps_in`
    irreps    irreps[0] that of the first entry, irreps[-1] the result
    """

    entries: tuple[int, ...]
    irreps: tuple[Irrep, ...]


@dataclass(frozen=True, eq=False)
class SymmetricCoupling:
    """All paths from `degree` copies of a feature to one irrep, see `exact.symmetric_coupling`.

    paths        in order; reduced: the sequence that a path was made from
    index        (terms, 2 + degree) int64, read-only, lexicographic: path, order k, components a1 <= a2 ...
    numerators, denominators   ints in lowest terms: c = sign(numerator) sqrt(|numerator| / denominator)
    """

    irreps_in: Irreps
    irrep_out: Irrep
    degree: int
    basis: SymmetricBasis
    paths: tuple[SymmetricPath, ...]
    index: NDArray[np.int64]
    numerators: tuple[int, ...]
    denominators: tuple[int, ...]

    @cached_property
    def arrangements(self) -> NDArray[np.int64]:
        """How many different orders the components of each term have."""
        counts = np.full(len(self.index), factorial(self.degree), dtype=np.int64)
        run = np.ones(len(self.index), dtype=np.int64)
        for left in range(2, 1 + self.degree):
            run = np.where(self.index[:, left] == self.index[:, left + 1], run + 1, 1)
            counts //= run
        return counts

    def array(self) -> SurdArray:
        """Return the symmetric tensors U, shape (2 l + 1, dim, ..., dim, paths): MACE's `U_matrix_real`.

        >>> symmetric_coupling("1o", "0e", 2).array()[0, :, :, 0].to_numpy().round(3)
        array([[0.577, 0.   , 0.   ],
               [0.   , 0.577, 0.   ],
               [0.   , 0.   , 0.577]])
        """
        entries: dict[tuple[int, ...], tuple[int, int]] = {}
        rows = zip(
            self.index.tolist(), self.numerators, self.denominators, self.arrangements.tolist(), strict=True
        )
        for (path, order, *components), top, bottom, count in rows:
            for arranged in permutations(components):
                entries[(order, *arranged, path)] = top, bottom * count**2
        shape = (self.irrep_out.dim, *[self.irreps_in.dim] * self.degree, len(self.paths))
        tops, bottoms = zip(*entries.values(), strict=True) if entries else ((), ())
        index = np.array(list(entries), dtype=np.int64).reshape(len(entries), len(shape))
        return SurdArray(shape, index, tops, bottoms, convention=REAL)

    def coordinates(self, tensors: ArrayLike) -> NDArray[np.float64]:
        """Return coordinates of other equivariant tensors in this reduced basis, so that weights carry over.

        tensors   (2 l + 1, dim, ..., dim, n), symmetric or not, in our basis of real harmonics
        returns   (n, paths); weights v of those are weights v @ coordinates of these
        raises    LabelError: another basis; OperandError: another shape

        >>> mace, reduced = (symmetric_coupling("1o", "1o", 3, basis) for basis in ("mace", "reduced"))
        >>> reduced.coordinates(mace.array().to_numpy()).round(3)
        array([[-0.745],
               [ 0.   ],
               [-0.667]])
        """
        if self.basis != "reduced":
            raise LabelError(f'basis: got "{self.basis}"; only a reduced basis has coordinates')
        own, given = self.array().to_numpy(), np.asarray(tensors, dtype=np.float64)
        if given.shape[:-1] != own.shape[:-1] or given.ndim != own.ndim:
            raise OperandError(f"tensors: got shape {given.shape}; it must be {own.shape[:-1]} + (n,)")
        axes = list(range(own.ndim - 1))
        return np.asarray(np.tensordot(given, own, (axes, axes)) / self.irrep_out.dim)

    def __repr__(self) -> str:
        return (
            f"SymmetricCoupling({self.irreps_in} -> {self.irrep_out}, degree {self.degree}, {self.basis} | "
            f"{len(self.paths)} paths, {len(self.index)} terms)"
        )


def symmetric_coupling(
    irreps_in: str | Irreps, irrep_out: str | Irrep, degree: int, basis: SymmetricBasis = "reduced"
) -> SymmetricCoupling:
    """Return the equivariant polynomials of one degree from a feature to an irrep.

    irreps_in   one copy an entry; entries may repeat
    degree      nu >= 1, MACE's correlation order; 1 is linear
    basis       "reduced", "mace" or "cuequivariance"
    raises      LabelError; TooLarge: more than about a minute

    >>> symmetric_coupling("0e + 1o", "1o", 3)
    SymmetricCoupling(1x0e+1x1o -> 1o, degree 3, reduced | 2 paths, 12 terms)
    >>> len(symmetric_coupling("0e + 1o", "1o", 3, "mace").paths)
    6
    """
    irreps, out, order = Irreps(irreps_in), Irrep(irrep_out), whole(degree, "degree")
    if not order:
        raise LabelError("degree: got 0; it must be 1 or more")
    if order > _HIGHEST_DEGREE:
        raise TooLarge(f"degree: got {shown(order)}; the limit is {_HIGHEST_DEGREE}")
    if basis not in get_args(SymmetricBasis):
        raise LabelError(
            f"basis: got {shown(basis)}; it must be one of {', '.join(get_args(SymmetricBasis))}"
        )
    if any(mul != 1 for mul, _ in irreps):
        raise LabelError(f"irreps_in: got {irreps}; give one copy an entry, such as 1x0e+1x1o")
    return _coupled(irreps, out, order, basis)


@lru_cache(maxsize=64)
def _coupled(irreps: Irreps, out: Irrep, degree: int, basis: SymmetricBasis) -> SymmetricCoupling:
    work, paths = 0, []
    for path in _sorted_paths(irreps, degree) if basis == "reduced" else _all_paths(irreps, degree, basis):
        work += prod(irreps[entry].ir.dim for entry in path.entries) * out.dim
        if work > _MOST_INTEGERS:
            raise TooLarge(
                f"symmetric_coupling: the tensors of degree {degree} from {irreps} to {out} have more than "
                f"{_MOST_INTEGERS} entries; choose fewer or lower degrees"
            )
        if path.irreps[-1] == out:
            paths.append(path)
    polynomials = [_polynomial(path, irreps) for path in paths]
    if basis == "reduced":
        paths, polynomials = _orthonormal(paths, polynomials)
    index = [np.zeros((0, 2 + degree), dtype=np.int64)]
    tops: list[int] = []
    bottoms: list[int] = []
    for number, one in enumerate(polynomials):
        terms = one.exact()
        index.append(np.array([(number, *row) for row in one.terms], dtype=np.int64).reshape(-1, 2 + degree))
        tops.extend(top for top, _ in terms)
        bottoms.extend(bottom for _, bottom in terms)
    rows = immutable(np.concatenate(index))
    return SymmetricCoupling(
        irreps, out, degree, basis, tuple(paths), rows, *lowest_terms(tops, bottoms, list(range(len(tops))))
    )


def _all_paths(irreps: Irreps, degree: int, basis: SymmetricBasis) -> list[SymmetricPath]:
    """List the paths as MACE's `_wigner_nj` does: after each step sorted by the irrep reached, stably."""

    def last(path: SymmetricPath) -> tuple[int, int]:
        reached = path.irreps[-1]
        return reached.l, reached.p if basis == "mace" else -reached.p * (-1) ** reached.l

    paths = [SymmetricPath((entry,), (ir,)) for entry, (_, ir) in enumerate(irreps)]
    for step in range(2, degree + 1):
        further = (
            SymmetricPath((*path.entries, entry), (*path.irreps, reached))
            for path in paths
            for entry, (_, ir) in enumerate(irreps)
            for reached in path.irreps[-1] * ir
        )
        paths = sorted((path for path in further if degree != 4 or _kept_of_four(path.irreps[-1])), key=last)
        if len(paths) > _MOST_INTEGERS // 2**step:
            raise TooLarge(f"symmetric_coupling: more than {len(paths)} paths; choose fewer or lower degrees")
    return paths


def _kept_of_four(ir: Irrep) -> bool:
    return bool(ir.l <= _HIGHEST_OF_FOUR and ir.p == (-1) ** ir.l)


def _sorted_paths(irreps: Irreps, degree: int) -> Iterator[SymmetricPath]:
    """List the paths with e1 <= e2 <= ..., those of the same entries together."""
    for entries in combinations_with_replacement(range(len(irreps)), degree):
        for reached in _reached([irreps[entry].ir for entry in entries]):
            yield SymmetricPath(entries, reached)


def _reached(irs: list[Irrep]) -> Iterator[tuple[Irrep, ...]]:
    """List what irreps can couple to, one after another."""
    if len(irs) == 1:
        yield (irs[0],)
        return
    for before in _reached(irs[:-1]):
        for reached in before[-1] * irs[-1]:
            yield (*before, reached)


Terms = dict[tuple[int, ...], int]


@dataclass(frozen=True, eq=False)
class _Polynomial:
    """One path: sqrt(square) times an integer times sqrt(E of all components / E of the order), a term.

    terms     (order, components a1 <= a2 <= ...) -> integer, lexicographic
    weights   E of each component of the feature
    out       E of each order of the result
    """

    terms: Terms
    square: Fraction
    weights: tuple[int, ...]
    out: tuple[int, ...]

    def exact(self) -> list[tuple[int, int]]:
        """Return signed numerator and denominator of the square of each coefficient."""
        top, bottom = self.square.numerator, self.square.denominator
        return [
            (value * abs(value) * prod(self.weights[a] for a in row[1:]) * top, self.out[row[0]] * bottom)
            for row, value in self.terms.items()
        ]

    def inner(self, other: _Polynomial) -> int:
        """Return the sum over components of the products of two symmetric tensors, for the order 0.

        By Schur's lemma it is the same for every order. In units of both roots, and of 1 / (degree! E).
        """
        middle = len(self.out) // 2
        total = 0
        for row, value in self.terms.items():
            if row[0] == middle and row in other.terms:
                repeats = prod(factorial(row[1:].count(a)) for a in set(row[1:]))
                total += value * other.terms[row] * repeats * prod(self.weights[a] for a in row[1:])
        return total

    def without(self, other: _Polynomial) -> _Polynomial:
        """Return the part orthogonal to another polynomial, times a positive number."""
        own, overlap = other.inner(other), self.inner(other)
        terms = {
            row: self.terms.get(row, 0) * own - other.terms.get(row, 0) * overlap
            for row in sorted({**self.terms, **other.terms})
        }
        shared = gcd(*terms.values()) or 1
        return replace(self, terms={row: value // shared for row, value in terms.items() if value})

    def normalised(self, degree: int) -> _Polynomial:
        """Return the polynomial divided by its norm, its first coefficient positive."""
        units = factorial(degree) * self.out[len(self.out) // 2]
        sign = 1 if next(iter(self.terms.values())) > 0 else -1
        terms = {row: sign * value for row, value in self.terms.items()}
        return replace(self, terms=terms, square=Fraction(units, self.inner(self)))


def _polynomial(path: SymmetricPath, irreps: Irreps) -> _Polynomial:
    """Return a path summed over the arrangements of its components."""
    ls = tuple(irreps[entry].ir.l for entry in path.entries)
    chain = coupling_chain(ls, tuple(ir.l for ir in path.irreps))
    found = np.argwhere(chain.values)
    starts = np.array([irreps.slices()[entry].start for entry in path.entries])
    rows = np.column_stack([found[:, -1], np.sort(found[:, :-1] + starts, axis=1)])
    index, place = np.unique(rows, axis=0, return_inverse=True)
    totals = np.zeros(len(index), dtype=chain.values.dtype)
    np.add.at(totals, place.reshape(-1), chain.values[tuple(found.T)])
    pairs = zip(map(tuple, index.tolist()), totals.tolist(), strict=True)
    weights = tuple(weight for _, ir in irreps for weight in weights_of(ir.l))
    terms = {row: value for row, value in pairs if value}
    return _Polynomial(terms, chain.square, weights, weights_of(path.irreps[-1].l))


def _orthonormal(
    paths: list[SymmetricPath], polynomials: list[_Polynomial]
) -> tuple[list[SymmetricPath], list[_Polynomial]]:
    """Return the paths that do not depend on those before, their polynomials made orthonormal.

    Paths of different entries share no monomial.
    """
    kept: list[SymmetricPath] = []
    found: list[_Polynomial] = []
    for path, one in zip(paths, polynomials, strict=True):
        rest = one
        for other, before in zip(reversed(kept), reversed(found), strict=True):
            if other.entries != path.entries:
                break
            rest = rest.without(before)
        if rest.terms:
            kept.append(path)
            found.append(rest)
    return kept, [one.normalised(len(path.entries)) for path, one in zip(kept, found, strict=True)]
