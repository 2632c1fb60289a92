"""Expressivity: what a bilinear product can express between linear layers, counted exactly.

A product T from X' x Y' to Z' with equivariant linear layers around it gives the bilinear maps

    B = Lin_Z o T o (Lin_X, Lin_Y)     from X x Y to Z

[Xie, Daigavane, Kotak, Smidt 2025, "The Price of Freedom"]. A linear layer mixes copies of one irrep, so with
a, b, c copies in X, Y, Z and T = sum of t_ijk times the Clebsch-Gordan path of the copies i, j -> k,

    B_abc = sum_ijk C_ck t_ijk A_ia B_jb   (times w_ijk, the product's own weights)

paths                 dimension of the space of all equivariant bilinear maps from X x Y to Z
reachable             dimension of the span of all B: what sums of such products express; the paths that
                      interact at all, copies counted
degrees_of_freedom    dimension of the set of all B, the paper's expressivity: how many path weights one
                      product can choose freely. The generic rank of the Jacobian of B, at a random point of a
                      finite field (`exact.residues`): never too large, too small with probability 2^-45
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import LabelError
from reptheory.exact.residues import multiply, random_elements, rank, residue
from reptheory.exact.surd import Surd
from reptheory.groups.labels import whole
from reptheory.operations.gaunt_convolution import GauntConvolution
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.many_body_expressivity import (
    ManyBody,
    ManyBodyExpressivity,
    described,
    many_body_expressivity,
)
from reptheory.operations.product_terms import (
    AnyIrreps,
    Bilinear,
    CoupledPath,
    Path,
    innermost,
    irreps_of,
    path_coefficients,
)

__all__ = ["Expressivity", "expressivity", "measured"]


@dataclass(frozen=True)
class Expressivity:
    """What a product can express between X, Y and Z, see `operations.expressivity`.

    irreps_in1, irreps_in2, irreps_out      X, Y and Z
    paths, reachable, degrees_of_freedom    dimensions
    weights                                 parameters of the linear layers and of the product
    interacting, lost                       paths (ir1, ir2, ir_out) that contribute, and that never do
    cost                                    multiplications of one product, without the layers
    """

    irreps_in1: AnyIrreps
    irreps_in2: AnyIrreps
    irreps_out: AnyIrreps
    paths: int
    reachable: int
    degrees_of_freedom: int
    weights: int
    interacting: tuple[Path, ...]
    lost: tuple[Path, ...]
    cost: int

    def __str__(self) -> str:
        return described(self.paths, self.reachable, self.degrees_of_freedom, self.weights, self.lost)


@overload
def expressivity(product: ManyBody) -> ManyBodyExpressivity: ...


@overload
def expressivity(
    product: Bilinear,
    irreps_in1: str | AnyIrreps | None = None,
    irreps_in2: str | AnyIrreps | None = None,
    irreps_out: str | AnyIrreps | None = None,
    *,
    channels: int = 1,
) -> Expressivity: ...


def expressivity(
    product: Bilinear | ManyBody,
    irreps_in1: str | AnyIrreps | None = None,
    irreps_in2: str | AnyIrreps | None = None,
    irreps_out: str | AnyIrreps | None = None,
    *,
    channels: int = 1,
) -> Expressivity | ManyBodyExpressivity:
    """Return what `product` expresses between linear layers from irreps_in1, irreps_in2 to irreps_out.

    product                  bilinear; of a `GauntConvolution` the second operand are the harmonics, of
                             `MessagePassing` the product of one edge counts, of a `SpinTensorProduct`
                             complex dimensions and labels of SU(2). A `GauntManyBody` or
                             `SymmetricContraction`, alone: see `many_body_expressivity`
    irreps_in1, irreps_in2   X and Y; None: one copy of each irrep of the product's operand
    irreps_out               Z; None: one copy of each irrep in the product of X and Y, of either parity, up
                             to the highest degree or spin of the product's result
    channels                 so many products side by side, each with its own layers, their results added
    raises                   LabelError: no irreps; TooLarge: too many copies

    >>> from reptheory import FullTensorProduct, GauntTensorProduct
    >>> gaunt = expressivity(GauntTensorProduct(2))
    >>> gaunt.paths, gaunt.reachable, gaunt.degrees_of_freedom
    (19, 14, 9)
    >>> gaunt.lost[0]  # two vectors do not give their cross product
    (1o, 1o, 1e)
    >>> print(expressivity(GauntTensorProduct(1)))
    5 of 6 paths reached, 5 weighted freely by 7 weights; lost: 1o x 1o -> 1e
    >>> full = expressivity(FullTensorProduct("0e + 1o + 2e", "0e + 1o + 2e"))
    >>> full.paths, full.reachable, full.degrees_of_freedom
    (19, 19, 19)
    """
    if isinstance(product, ManyBody):
        if not (irreps_in1 is irreps_in2 is irreps_out is None and channels == 1):
            raise LabelError(
                "product: a many-body product is counted with one copy of each irrep; pass it alone"
            )
        return many_body_expressivity(product)
    plain = innermost(product)
    operands = irreps_of(plain)
    kind, terms = type(operands[0]), path_coefficients(product)
    first, second = (
        _one_of_each(operands[side]) if given is None else kind(given).regroup()
        for side, given in enumerate((irreps_in1, irreps_in2))
    )
    largest = max((ir.dim for _, ir in operands[2]), default=1)
    out = _products(first, second, largest) if irreps_out is None else kind(irreps_out).regroup()
    count = whole(channels, "channels")
    if not count:
        raise LabelError("channels: got 0; it must be 1 or more")
    found = measured(_repeated(terms, count), (first, second, out), count * plain.cost)
    own = product.weight_numel if isinstance(product, GauntInteraction | GauntConvolution) else 0
    return replace(found, weights=found.weights + count * own)


def measured(
    terms: list[CoupledPath], sides: tuple[AnyIrreps, AnyIrreps, AnyIrreps], cost: int = 0
) -> Expressivity:
    """Return what terms express between linear layers from sides[0], sides[1] to sides[2].

    sides   X, Y and Z, one entry an irrep
    """
    copies = {path: _copies(path, sides) for path in _paths(sides)}
    kept = [term for term in terms if term.labels in copies and term.coefficient]
    interacting = {term.labels for term in kept}
    layers = _Layers(kept, sides)
    return Expressivity(
        *sides,
        paths=sum(copies.values()),
        reachable=sum(copies[path] for path in interacting),
        degrees_of_freedom=_generic_rank(kept, layers),
        weights=layers.count,
        interacting=tuple(path for path in copies if path in interacting),
        lost=tuple(path for path in copies if path not in interacting),
        cost=cost,
    )


def _one_of_each(irreps: AnyIrreps) -> AnyIrreps:
    """Return one copy of each distinct irrep, sorted."""
    return type(irreps)([(1, ir) for ir in sorted({ir for mul, ir in irreps if mul})])


def _repeated(terms: list[CoupledPath], count: int) -> list[CoupledPath]:
    """Return `count` products side by side, with copies and weights of their own."""
    if count == 1:
        return terms
    steps = [1 + max((term.copies[side] for term in terms), default=0) for side in range(3)]
    weights = 1 + max((term.weight for term in terms), default=-1)
    return [
        term._replace(
            copies=(i + k * steps[0], j + k * steps[1], out + k * steps[2]),
            weight=term.weight + k * weights if term.weight >= 0 else -1,
        )
        for k in range(count)
        for term in terms
        for i, j, out in (term.copies,)
    ]


def _products(first: AnyIrreps, second: AnyIrreps, largest: int) -> AnyIrreps:
    """Return one copy of each irrep of the product of two sums, up to a dimension."""
    found = {ir for _, ir1 in first for _, ir2 in second for ir in ir1 * ir2 if ir.dim <= largest}
    return type(first)([(1, ir) for ir in sorted(found)])


def _paths(sides: tuple[AnyIrreps, AnyIrreps, AnyIrreps]) -> Iterator[Path]:
    """List the paths that the selection rules allow, lexicographically."""
    for _, ir1 in sides[0]:
        for _, ir2 in sides[1]:
            allowed = set(ir1 * ir2)
            for _, ir in sides[2]:
                if ir in allowed:
                    yield ir1, ir2, ir


def _copies(path: Path, sides: tuple[AnyIrreps, AnyIrreps, AnyIrreps]) -> int:
    """Count the triples of copies that a path couples."""
    first, second, out = (irreps.count(ir) for irreps, ir in zip(sides, path, strict=True))
    return first * second * out


class _Layers:
    """Where the parameters of the three linear layers and of the product stand: columns of the Jacobian.

    starts   of each side: copy of X', Y' or Z' -> its first column; one column for each copy in X, Y or Z
    muls     of each side: irrep -> copies in X, Y or Z
    own      weight of the product -> its column
    count    columns
    """

    def __init__(self, terms: list[CoupledPath], sides: tuple[AnyIrreps, AnyIrreps, AnyIrreps]) -> None:
        self.muls = [{ir: mul for mul, ir in irreps} for irreps in sides]
        self.starts: list[dict[int, int]] = [{}, {}, {}]
        self.count = 0
        for side in range(3):
            for copy, ir in sorted({(term.copies[side], term.labels[side]) for term in terms}):
                self.starts[side][copy] = self.count
                self.count += self.muls[side][ir]
        weights = sorted({term.weight for term in terms} - {-1})
        self.own = {weight: self.count + k for k, weight in enumerate(weights)}
        self.count += len(weights)


def _generic_rank(terms: list[CoupledPath], layers: _Layers) -> int:
    """Return the rank of the Jacobian of B with respect to A, B, C and w at a random point."""
    if not terms:
        return 0
    rows, columns, coefficients = _monomials(terms, layers)
    point = np.concatenate([random_elements(layers.count, seed=1), [[1], [0]]], axis=1)
    entries = []
    for held in range(4):
        value = coefficients
        for other in range(4):
            if other != held:
                value = multiply(value, point[:, columns[other]])
        free = columns[held] < layers.count
        entries.append((rows[free], columns[held][free], value[:, free]))
    joined = [np.concatenate(parts, axis=-1) for parts in zip(*entries, strict=True)]
    return rank(joined[0], joined[1], joined[2])


def _monomials(
    terms: list[CoupledPath], layers: _Layers
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """List the monomials t_ijk A_ia B_jb C_ck w of every B_abc: its row, four columns, t_ijk.

    The column of a weight that is not there is `layers.count`, where the point has 1.
    """
    first_row: dict[Path, int] = {}
    known: dict[Surd, tuple[int, int]] = {}
    rows, columns, coefficients = [], [], []
    total = 0
    for term in terms:
        muls = tuple(layers.muls[side][term.labels[side]] for side in range(3))
        if term.labels not in first_row:
            first_row[term.labels] = total
            total += muls[0] * muls[1] * muls[2]
        if term.coefficient not in known:
            known[term.coefficient] = residue(term.coefficient)
        weight = layers.own.get(term.weight, layers.count)
        starts = [layers.starts[side][term.copies[side]] for side in range(3)]
        for number, copies in enumerate(np.ndindex(muls)):
            rows.append(first_row[term.labels] + number)
            columns.append([*(start + copy for start, copy in zip(starts, copies, strict=True)), weight])
            coefficients.append(known[term.coefficient])
    return np.array(rows), np.array(columns).T, np.array(coefficients, dtype=np.int64).T
