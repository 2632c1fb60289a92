"""Chains of couplings: vectors x .. x vectors -> l, path by path, and what an index symmetry leaves of them.

A path (1, l2, .., l) couples 1 x 1 -> l2, l2 x 1 -> l3, .., l(n-1) x 1 -> l, each by the real block C_real:

    B_path[m; i1, .., in] = sum C_real(1, 1, l2) C_real(l2, 1, l3) .. C_real(l(n-1), 1, l)

The rows of all paths are orthonormal and span all tensors. A symmetry of the indices is an orthogonal
projector P that commutes with rotations, so the P B_path span the tensors that have it; Gram and Schmidt
make them orthonormal in the given order.

Why every row is one root times integers: real harmonics are S_lm = s_lm p_lm with roots s_lm and rational
polynomials p_lm. On the p_lm the generators of rotations are rational matrices, so the map 1 x .. x 1 -> l
of a path is a multiple of a rational one: B_path[m] = c_path s_lm (rational). Permutations of the indices
are rational. Hence the P B_path / c_path, their scalar products and the weights of Gram and Schmidt are
rational, and a row of length 1 is w / |w| with integers w. `combined` finds w, and would raise NotRational
were this false.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from reptheory.conventions import REAL
from reptheory.exact.arrays import SurdArray
from reptheory.exact.coupling import coupling_block
from reptheory.exact.index_symmetry import Orbit
from reptheory.exact.surd import Surd

__all__ = ["Fold", "Path", "Vector", "combined", "coupling_paths", "gram_schmidt"]

_AXES: Final = (1, 2, 0)  # m = -1, 0, 1 is y, z, x

Vector = dict[int, int]
"""Integers by place (index of a tensor, or number of an orbit); zeros are left out."""


@dataclass(frozen=True, slots=True)
class Path:
    """One chain of couplings: its degrees (1, l2, .., l), and a vector along B_path[m] for each m."""

    degrees: tuple[int, ...]
    rows: tuple[Vector, ...]

    def coupled(self, degree: int) -> Path:
        """Return the path with one more index, at the end, coupled to `degree`."""
        norms = [sum(value * value for value in row.values()) for row in self.rows]
        terms: list[list[tuple[int, Fraction, Vector]]] = [[] for _ in range(2 * degree + 1)]
        for (m, axis, m_out), value in coupling_block("clebsch_gordan", self.degrees[-1], 1, degree).items():
            longer = {3 * index + _AXES[axis]: entry for index, entry in self.rows[m].items()}
            terms[m_out].append((value.sign, value.radicand / norms[m], longer))
        return Path((*self.degrees, degree), tuple(map(combined, terms)))


def coupling_paths(rank: int) -> list[Path]:
    """Return the paths of `rank` indices in lexicographic order of their degrees."""
    paths = [Path((1,), tuple({axis: 1} for axis in _AXES))]
    for _ in range(rank - 1):
        paths = [
            path.coupled(degree)
            for path in paths
            for degree in range(abs(path.degrees[-1] - 1), path.degrees[-1] + 2)
        ]
    return paths


def combined(terms: Sequence[tuple[int, Fraction, Vector]]) -> Vector:
    """Return coprime integers along sum sign sqrt(square) vector.

    raises  NotRational: the roots are not rational multiples of one another
    """
    scale = Surd.sqrt(terms[0][1])
    ratios = [(Surd.sqrt(square, sign) / scale).as_fraction() for sign, square, _ in terms]
    common = math.lcm(*(ratio.denominator for ratio in ratios))
    total: Vector = {}
    for ratio, (_, _, vector) in zip(ratios, terms, strict=True):
        weight = ratio.numerator * (common // ratio.denominator)
        for place, value in vector.items():
            total[place] = total.get(place, 0) + weight * value
    divisor = math.gcd(*total.values())
    return {place: value // divisor for place, value in total.items() if value}


def gram_schmidt(gram: Sequence[Sequence[int]]) -> list[list[Fraction]]:
    """Return the weights of orthogonal combinations of vectors with given scalar products, in their order.

    Combination k is a vector with weight 1 minus its projection on the earlier ones; zero ones are left out.
    """
    found: list[tuple[list[Fraction], list[Fraction], Fraction]] = []  # weights, gram weights, square
    for place in range(len(gram)):
        weights = [Fraction(other == place) for other in range(len(gram))]
        for earlier, products, square in found:
            overlap = products[place] / square
            if overlap:
                weights = [mine - overlap * theirs for mine, theirs in zip(weights, earlier, strict=True)]
        products = [sum((w * g for w, g in zip(weights, row, strict=True) if w), Fraction(0)) for row in gram]
        square = products[place]  # orthogonal to the earlier ones, hence the square of its length
        if square:
            found.append((weights, products, square))
    return [weights for weights, _, _ in found]


@dataclass(frozen=True, slots=True)
class Fold:
    """Tensors with an index symmetry, one number an orbit: z_o = sum of sign * entry over orbit o.

    The projection of a tensor has the entries sign * z_o / |o|, and P v . P w = sum z_o z'_o / |o|.
    multiple   a common multiple of all |o|, which keeps scalar products whole
    """

    orbits: tuple[Orbit, ...]
    multiple: int

    def dot(self, left: Vector, right: Vector) -> int:
        """Return `multiple` times the scalar product of two folded tensors."""
        shared = left.keys() & right.keys()
        weights = (self.multiple // len(self.orbits[place]) for place in shared)
        return sum(left[place] * right[place] * weight for place, weight in zip(shared, weights, strict=True))

    def folded(self, path: Path) -> list[Vector]:
        """Return the folded rows of a path; empty ones where the projection is zero."""
        where = {index: (place, sign) for place, orbit in enumerate(self.orbits) for index, sign in orbit}
        folded: list[Vector] = []
        for row in path.rows:
            total: Vector = {}
            for index in row.keys() & where.keys():
                place, sign = where[index]
                total[place] = total.get(place, 0) + sign * row[index]
            folded.append({place: value for place, value in total.items() if value})
        return folded

    def orthogonal(self, paths: Sequence[Path]) -> list[list[Vector]]:
        """Return the rows of each independent copy of one irrep, orthogonal to those of all others.

        Gram and Schmidt run on the rows m = 0, as integers. The same combination of the B_path makes the
        other rows, where the integers along B_path have another length.
        """
        degree = paths[0].degrees[-1]
        rows = [self.folded(path) for path in paths]
        gram = [[self.dot(left[degree], right[degree]) for right in rows] for left in rows]
        norms = [[sum(value * value for value in row.values()) for row in path.rows] for path in paths]
        copies: list[list[Vector]] = []
        for weights in gram_schmidt(gram):
            chosen = [path for path, weight in enumerate(weights) if weight]
            signs = [1 if weights[path] > 0 else -1 for path in chosen]
            copy: list[Vector] = []
            for m in range(2 * degree + 1):
                squares = [weights[path] ** 2 * norms[path][degree] / norms[path][m] for path in chosen]
                parts = [rows[path][m] for path in chosen]
                copy.append(combined(list(zip(signs, squares, parts, strict=True))))
            copies.append(copy)
        return copies

    def unit_rows(self, rows: Sequence[Vector], rank: int) -> SurdArray:
        """Return the unfolded rows, each of length 1: (rows, 3, .., 3)."""
        indices, numerators, denominators = [], [], []
        for number, row in enumerate(rows):
            norm = self.dot(row, row)
            for place, value in row.items():
                orbit = self.orbits[place]
                for index, sign in orbit:
                    indices.append((number, index))
                    numerators.append(sign * value * abs(value) * self.multiple)
                    denominators.append(len(orbit) ** 2 * norm)
        flat = np.array(indices, dtype=np.int64).reshape(len(indices), 2)
        digits = [flat[:, 1] // 3**power % 3 for power in reversed(range(rank))]
        columns = np.stack([flat[:, 0], *digits], axis=1)
        return SurdArray((len(rows), *(3,) * rank), columns, numerators, denominators, convention=REAL)
