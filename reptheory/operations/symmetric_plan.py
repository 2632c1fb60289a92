"""Symmetric plans: lay out the polynomials of a symmetric contraction for `kernels.polynomials`.

Every monomial a1 <= ... <= a_nu is cut in two: the first half of them, at most half the correlation, is its
left factor, the rest its right factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.build.scaled_paths import rounded
from reptheory.exact.symmetric_coupling import SymmetricBasis, SymmetricCoupling, symmetric_coupling
from reptheory.groups.o3 import Irreps
from reptheory.kernels.polynomials import PolynomialPlan, Sparse

__all__ = ["ContractionLayout", "SymmetricSpec"]

Array = NDArray[Any]
Monomial = tuple[int, ...]
ContractionLayout = Literal["mul_ir", "ir_mul", "mul_irreps"]


class Terms(NamedTuple):
    """All terms of all paths: component of z, components of x, path; their coefficients.

    exact   numerators and denominators of their squares and the power of pi
    """

    out: list[int]
    monomials: list[Monomial]
    paths: NDArray[np.int32]
    float64: NDArray[np.float64]
    float32: NDArray[np.float32]
    exact: tuple[list[int], list[int], int]


@dataclass(frozen=True, eq=False)
class SymmetricSpec:
    """What a symmetric contraction computes, independent of a dtype.

    irreps_in, irreps_out   one entry an irrep, all of `channels` copies
    layouts                 of x and z
    """

    irreps_in: Irreps
    irreps_out: Irreps
    correlation: int
    basis: SymmetricBasis
    layouts: tuple[ContractionLayout, ContractionLayout]
    channels: int

    @cached_property
    def couplings(self) -> tuple[SymmetricCoupling, ...]:
        """The paths: irrep after irrep of the result, from the highest degree down, as MACE lists weights."""
        single = Irreps([(1, ir) for _, ir in self.irreps_in])
        return tuple(
            symmetric_coupling(single, ir, degree, self.basis)
            for _, ir in self.irreps_out
            for degree in range(self.correlation, 0, -1)
        )

    @cached_property
    def path_starts(self) -> tuple[int, ...]:
        """Where the paths of each coupling begin, and their number."""
        counts = [len(coupling.paths) for coupling in self.couplings]
        return tuple(sum(counts[:k]) for k in range(len(counts) + 1))

    @cached_property
    def dims(self) -> tuple[int, int]:
        """Numbers of a sample of x and of z."""
        return self.irreps_in.dim, self.irreps_out.dim

    @cached_property
    def components(self) -> tuple[int, int]:
        """Components of one copy of x and of z."""
        first, second = (sum(ir.dim for _, ir in irreps) for irreps in (self.irreps_in, self.irreps_out))
        return first, second

    @cached_property
    def terms(self) -> Terms:
        """The terms of all couplings."""
        out: list[int] = []
        monomials: list[Monomial] = []
        paths = [np.zeros(0, np.int32)]
        numerators: list[int] = []
        denominators: list[int] = []
        place = 0
        for number, coupling in enumerate(self.couplings):
            rows = coupling.index
            out.extend((place + rows[:, 1]).tolist())
            monomials.extend(map(tuple, rows[:, 2:].tolist()))
            paths.append((self.path_starts[number] + rows[:, 0]).astype(np.int32))
            numerators.extend(coupling.numerators)
            denominators.extend(coupling.denominators)
            if number % self.correlation == self.correlation - 1:
                place += coupling.irrep_out.dim
        exact = numerators, denominators, 0
        return Terms(
            out,
            monomials,
            np.concatenate(paths),
            rounded(*exact, "float64"),
            rounded(*exact, "float32"),
            exact,
        )

    @cached_property
    def structure(self) -> Structure:
        """The rows of the polynomials, without numbers."""
        return structure(self.terms, *self.components, self.correlation)

    def plan(self, dtype: DTypeLike, *, absolute: DTypeLike | None = None) -> PolynomialPlan:
        """Return the plan for kernels; `absolute` for the bound of that dtype.

        Then coefficients are absolute values, none below the smallest normal number of that dtype.
        """
        made = self.structure
        values = (self.terms.float32 if np.dtype(dtype) == np.float32 else self.terms.float64)[made.mixed]
        if absolute is not None:
            values = np.maximum(np.abs(values), np.finfo(absolute).smallest_normal)
        mix = Sparse(values, self.terms.paths[made.mixed], made.starts)
        sizes = (
            len(made.left_of), self.path_starts[-1], self.components[0],
            len(made.lefts) - 1, self.components[1], len(made.rows),
        )  # fmt: skip
        return PolynomialPlan(
            mix, _transposed(mix, self.path_starts[-1]), made.products, made.left_of, made.rows, made.outs,
            made.lefts, made.row_of, made.term_of, *self._entries(), sizes, (*self.dims, self.channels),
        )  # fmt: skip

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each component of each copy stands in x and in z, (copies, components)."""
        copies = np.arange(self.channels)[:, np.newaxis]
        first, second = (
            np.concatenate(
                [start + copies * step + np.arange(dim) * jump for start, dim, _, step, jump in side], 1
            )
            for side in self._entries()
        )
        return first, second

    def _entries(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        sides = zip((self.irreps_in, self.irreps_out), self.layouts, self.components, strict=True)
        first, second = (_entries(irreps, layout, whole) for irreps, layout, whole in sides)
        return first, second


def _entries(irreps: Irreps, layout: ContractionLayout, components: int) -> NDArray[np.int64]:
    """Return where each entry stands: offset, orders, first component, steps of copies and of orders.

    Copies outside all irreps are one entry, of all components.
    """
    if layout == "mul_irreps":
        return np.array([(0, components, 0, components, 1)], dtype=np.int64)
    rows = []
    place = 0
    for (mul, ir), where in zip(irreps, irreps.slices(), strict=True):
        if layout == "mul_ir":
            rows.append((where.start, ir.dim, place, ir.dim, 1))
        else:
            rows.append((where.start, ir.dim, place, 1, mul))
        place += ir.dim
    return np.array(rows, dtype=np.int64).reshape(-1, 5)


def _transposed(mix: Sparse, columns: int) -> Sparse:
    """Return the transpose of a sparse matrix."""
    order = np.argsort(mix.columns, kind="stable")
    rows = np.repeat(np.arange(len(mix.starts) - 1), np.diff(mix.starts))
    starts = np.searchsorted(mix.columns[order], np.arange(columns + 1))
    return Sparse(mix.values[order], rows[order].astype(np.int32), starts.astype(np.int64))


class Structure(NamedTuple):
    """The fields of a `PolynomialPlan` that have no floats, and the terms that each coefficient mixes.

    mixed, starts   terms one coefficient after another, and where those of each begin
    """

    mixed: NDArray[np.int64]
    starts: NDArray[np.int64]
    products: NDArray[np.int64]
    left_of: NDArray[np.int32]
    rows: NDArray[np.int64]
    outs: NDArray[np.int64]
    lefts: NDArray[np.int64]
    row_of: NDArray[np.int32]
    term_of: NDArray[np.int32]


def structure(terms: Terms, components: int, out: int, correlation: int) -> Structure:
    """Cut every monomial in two, of half the highest degree at most, and order what there is to sum."""
    half = -(-correlation // 2)
    monomials: dict[Monomial, int] = {
        (): 0,
        **{(component,): 1 + component for component in range(components)},
    }
    products: list[tuple[int, int]] = []

    def place(monomial: Monomial) -> int:
        """Return the number of a monomial up to half the degree, made where it is new."""
        if monomial not in monomials:
            factors = place(monomial[:-1]), place(monomial[-1:])
            monomials[monomial] = len(monomials)
            products.append(factors)
        return monomials[monomial]

    rows: dict[tuple[int, int], dict[int, list[int]]] = {}
    for term, (k, monomial) in enumerate(zip(terms.out, terms.monomials, strict=True)):
        cut = min(half, len(monomial))
        right, left = place(monomial[cut:]), place(monomial[:cut])
        rows.setdefault((k, right), {}).setdefault(left, []).append(term)
    ordered = sorted(rows)
    table: list[tuple[int, int, int]] = []
    mixed: list[list[int]] = []
    left_of: list[int] = []
    row_of: list[int] = []
    for number, row in enumerate(ordered):
        first = len(left_of)
        for left, some in sorted(rows[row].items()):
            left_of.append(left)
            row_of.append(number)
            mixed.append(some)
        table.append((first, len(left_of), row[1]))
    by_left = np.argsort(np.array(left_of, dtype=np.int64), kind="stable")
    return Structure(
        np.array([term for some in mixed for term in some], dtype=np.int64),
        np.cumsum([0, *map(len, mixed)], dtype=np.int64),
        np.array(products, dtype=np.int64).reshape(-1, 2),
        np.array(left_of, dtype=np.int32),
        np.array(table, dtype=np.int64).reshape(-1, 3),
        np.searchsorted([k for k, _ in ordered], np.arange(out + 1)).astype(np.int64),
        np.searchsorted(np.array(left_of, dtype=np.int64)[by_left], np.arange(len(monomials) + 1)).astype(
            np.int64
        ),
        np.array(row_of, dtype=np.int32)[by_left],
        by_left.astype(np.int32),
    )
