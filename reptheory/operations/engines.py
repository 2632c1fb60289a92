"""Engines: one way of computing a bilinear product, with its bound and its cost, behind one small contract.

    run(x, y, z, threads)       z = product of x and y; (samples, dim) arrays; z may be narrower than `dtype`
    bound(x, y, dtype)          bound on the error of `run` in that dtype, elementwise, however it sums
    cost                        multiplications a sample

A plan is made per dtype on first use. Bounds are evaluated in float64 and rounded upward;
docs/proofs/ has one proof a kernel. They hold for finite results; where a result overflows the bound is inf.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reptheory.build.paths import PathTable, remainders
from reptheory.kernels.bounds import gamma, smallest, unit_roundoff, upward
from reptheory.kernels.coupling import WIDTH as COUPLING_WIDTH
from reptheory.kernels.coupling import CouplingPlan, couple, couple_scratch
from reptheory.kernels.matrices import WIDTH as CHANGE_WIDTH
from reptheory.kernels.matrices import LinearMap, change_basis
from reptheory.kernels.pool import Prepared
from reptheory.kernels.rings import WIDTH as RING_WIDTH
from reptheory.kernels.rings import RingPlan, ring_product, ring_scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.coupling_plan import CHUNK_ROWS, PathTerms, coupling_plan, term_places
from reptheory.operations.exact_maps import ExactMap
from reptheory.operations.layouts import Places, in_order
from reptheory.operations.term_plan import RingBound, Term, roundings, term_multiplications, term_plan
from reptheory.tables.table import Table

__all__ = [
    "Engine",
    "RingEngine",
    "TableEngine",
    "Transposable",
    "final_rounding",
    "float_name",
    "prepared_change",
]

Array = NDArray[Any]

COPYING = 4
"""Multiplications that take as long as bringing one coefficient into a tile, or out of it."""


def prepared_change(plan: LinearMap, dim: int) -> Prepared:
    """Return the kernel of a change of basis of samples of `dim` numbers."""
    dtype, tile = plan.values.dtype, CHANGE_WIDTH * lanes_of(plan.values.dtype)
    ordered = plan, np.arange(dim, dtype=np.int32)
    return Prepared(change_basis, ordered, 2 * dim * tile, dtype, tile, len(plan.values) + 2 * COPYING * dim)


class Engine(Protocol):
    """What a product needs to compute itself one way."""

    @property
    def cost(self) -> int:
        """Multiplications a sample."""

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product of x and y, computed in their dtype, to z."""

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound the error of `run` in `dtype` elementwise, (samples, dim_out).

        more   roundings of x and y, of both together, before they came here: the bound covers them as well
        """


class Transposable(Engine, Protocol):
    """An engine that computes the gradients of its product by its own method."""

    def transposed(self, operand: int) -> Transposable | None:
        """Return the engine of (z, y) -> x for operand 1, (x, z) -> y for 2; None: the table does."""


def float_name(dtype: np.dtype[Any]) -> str:
    """Return "float32" or "float64", as `dtype.name` does, ten times faster."""
    return "float32" if dtype.itemsize == 4 else "float64"


def flat_read_only(array: Array) -> Array:
    """Return a read-only view of a C-contiguous array with one axis: one type for the compiler."""
    view = array.ravel()
    view.setflags(False)  # type: ignore[call-arg] # by its name it takes twice as long
    return view


class TableEngine:
    """A sparse coefficient table applied term by term."""

    def __init__(
        self,
        table: Table | PathTable,
        products: NDArray[np.int64],
        dims: tuple[int, int, int],
        roles: tuple[int, int, int] = (0, 1, 2),
        columns: Places | None = None,
    ) -> None:
        """Take the labels and components of x, y and z from the columns `roles` of the table's three.

        products   (products, 7), see `coupling_plan.PRODUCT`
        columns    where the columns of x, y and z that `products` counts stand; None: in order
        """
        self._table = table
        self._products = products
        self._dims = dims
        self._roles = roles
        self._columns = in_order(dims) if columns is None else columns
        self._plans: dict[str, CouplingPlan] = {}
        self._kernels: dict[str, Prepared] = {}

    @cached_property
    def _terms(self) -> PathTerms:
        table, columns = self._table, [*self._roles, *(3 + role for role in self._roles)]
        if not isinstance(table, PathTable):
            return PathTerms.of(table.index[:, columns])
        dims = None if table.dims is None else table.dims[:, self._roles]
        return PathTerms.of(table.index[:, columns], table.variants, dims)

    def transposed(self, operand: int) -> TableEngine:
        """Return the engine of (z, y) -> x for operand 1, of (x, z) -> y for operand 2."""
        own = (2, 1, 0) if operand == 1 else (0, 2, 1)
        columns = [2 * role + field for role in own for field in (0, 1)]
        first, second, third = (self._dims[role] for role in own)
        roles = self._roles[own[0]], self._roles[own[1]], self._roles[own[2]]
        products = self._products[:, [*columns, 6]]
        places = self._columns[own[0]], self._columns[own[1]], self._columns[own[2]]
        return TableEngine(self._table, products, (first, second, third), roles, places)

    @cached_property
    def _untouched(self) -> NDArray[np.int64]:
        """Columns of z that no pair reaches: a kernel does not write them, they are 0."""
        product, k, _, _ = self._terms.rows(self._products)
        reached = np.zeros(self._dims[2], dtype=bool)
        reached[self._columns[2][self._products[product, 4] + k]] = True
        return np.flatnonzero(~reached)

    def _plan(self, name: str) -> CouplingPlan:
        """Return the plan for a dtype, or "absolute " and a dtype: float64, for the bound of that dtype.

        Nonzero coefficients below the smallest normal number are raised to it there: what rounding one of
        them loses is at most u times that number. Two threads may both make a plan; one of them is kept.
        """
        plan = self._plans.get(name)
        if plan is None:
            dtype = name.removeprefix("absolute ")
            values = self._table.values(np.float32 if name == "float32" else np.float64)
            if name != dtype:
                values = np.maximum(np.abs(values), np.finfo(dtype).smallest_normal)
            limit = self._dims[2] if self._sums else CHUNK_ROWS
            ordered = values[self._terms.order]
            made = coupling_plan(self._products, self._terms, ordered, self._dims, limit, self._columns)
            plan = self._plans.setdefault(name, made)
        return plan

    @cached_property
    def _sums(self) -> bool:
        """Tell whether several pairs add to one output."""
        columns = self._products[:, 4]
        return len(np.unique(columns)) < len(columns)

    @cached_property
    def _counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (terms, roundings) of each output: rows add up alone, then one to another."""
        product, k, first, last = self._terms.rows(self._products)
        count, column = last - first, self._columns[2][self._products[product, 4] + k]
        terms, longest = (np.zeros(self._dims[2], dtype=np.int64) for _ in range(2))
        np.add.at(terms, column, count)
        np.maximum.at(longest, column, count)
        rows = np.bincount(column, minlength=self._dims[2])
        return terms, np.where(rows > 0, longest + rows + 1, 0)

    @cached_property
    def cost(self) -> int:
        """Terms a sample."""
        return int(self._counts[0].sum())

    def _prepared(self, name: str) -> Prepared:
        """Return the kernel for a dtype or its bound; two threads may both make it, one is kept."""
        made = self._kernels.get(name)
        if made is None:
            plan = self._plan(name)
            dtype, work = plan.values.dtype, self.cost + COPYING * sum(self._dims)
            tile = COUPLING_WIDTH * lanes_of(dtype)
            made = Prepared(couple, plan, couple_scratch(plan), dtype, tile, work)
            self._kernels[name] = made
        return made

    def _apply(self, x: Array, y: Array, z: Array, name: str, threads: int | None) -> None:
        flat = flat_read_only(x), flat_read_only(y), z.ravel()
        self._prepared(name).run(flat, len(x), threads)
        if self._untouched.size:
            z[:, self._untouched] = 0

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product; a float32 z of float64 operands is rounded once at the end."""
        self._apply(x, y, z, float_name(x.dtype), threads)

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound: gamma_D sum |C||x||y| + underflow, D roundings on a way (docs/proofs/coupling.md)."""
        terms, roundings = self._counts
        lost = terms * (2.0 * (1.0 + self._largest)) * smallest(dtype)
        return self.sizes(x, y, dtype) * gamma(roundings + more, dtype) + lost

    def sizes(self, x: Array, y: Array, dtype: np.dtype[Any]) -> NDArray[np.float64]:
        """Return upper bounds of sum |C||x||y| elementwise, each |C| at least the smallest normal number."""
        size = np.empty((len(x), self._dims[2]))
        left, right = np.abs(x.astype(np.float64)), np.abs(y.astype(np.float64))
        self._apply(left, right, size, f"absolute {dtype.name}", None)
        terms, roundings = self._counts
        return upward(size + terms * (2.0 * (1.0 + self._largest)) * smallest(np.float64), roundings)

    @cached_property
    def _largest(self) -> float:
        """The largest coefficient."""
        return float(np.abs(self._table.values(np.float64)).max(initial=0.0))

    @cached_property
    def exact_map(self) -> ExactMap:
        """The same product with every coefficient as a pair of floats (docs/proofs/certificate.md)."""
        i, j, k, term = term_places(self._products, self._terms).T
        rows = self._terms.order[term]
        own = self._columns[0][i], self._columns[1][j], self._columns[2][k]
        return ExactMap(self._dims, own, self._table.values(np.float64)[rows], remainders(self._table)[rows])


class RingEngine:
    """A pointwise product on the sphere grid, or through the 2D Fourier basis."""

    def __init__(self, lmax1: int, lmax2: int, lmax_out: int, *, fourier: bool) -> None:
        self._degrees = (lmax1, lmax2, lmax_out)
        self._fourier = fourier
        self._plans: dict[str, RingPlan] = {}
        self._kernels: dict[str, Prepared] = {}

    def _plan(self, name: str) -> RingPlan:
        """Return the plan for "float32" or "float64"."""
        plan = self._plans.get(name)
        if plan is None:
            made = term_plan(self._degrees[:2], self._degrees[2], [Term((0, 1))], name, fourier=self._fourier)
            plan = self._plans.setdefault(name, made)
        return plan

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        return term_multiplications(self._plan("float64"))

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product; a float32 z of float64 operands is rounded once at the end."""
        flat = flat_read_only(x), flat_read_only(y), z.ravel()
        self._prepared(float_name(x.dtype)).run(flat, len(x), threads)

    def _prepared(self, name: str) -> Prepared:
        """Return the kernel for a dtype; two threads may both make it, one is kept."""
        made = self._kernels.get(name)
        if made is None:
            plan = self._plan(name)
            dtype = plan.matrices.dtype
            work = self.cost + COPYING * sum((degree + 1) ** 2 for degree in self._degrees)
            tile = RING_WIDTH * lanes_of(dtype)
            made = Prepared(ring_product, plan, ring_scratch(plan), dtype, tile, work)
            self._kernels[name] = made
        return made

    @cached_property
    def _bounds(self) -> RingBound:
        return RingBound(self._plan("float64"))

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound: the rounding of every step, by the values that it meets (docs/proofs/rings.md)."""
        off = [roundings(one, more, dtype) for one in (x, y)]
        return np.asarray(self._bounds((x, y), off, dtype)[0])


def final_rounding(z: Array) -> NDArray[np.float64]:
    """Bound the rounding of a float64 result to float32: u |z|, or half the smallest float32."""
    return unit_roundoff(np.float32) * np.abs(z.astype(np.float64)) + smallest(np.float32) / 2
