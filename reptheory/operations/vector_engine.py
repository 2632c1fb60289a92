"""Vector engine: pointwise products of vector fields on the sphere grid.

Coefficients of vector harmonics become those of three functions (components y, z, x), an orthogonal change of
basis; these come to the rings once each, where the terms sign * f_a g_b of a product of vectors add up, and
its components go back, all in one kernel. A gradient is the same with the roles of the components exchanged.
The bound is that of docs/proofs/vector_products.md, a step at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.coupling import coupling_block
from reptheory.exact.vector_paths import VectorKind
from reptheory.kernels.bounds import gamma, upward
from reptheory.kernels.matrices import LinearMap
from reptheory.kernels.pool import Prepared
from reptheory.kernels.rings import RingPlan
from reptheory.operations.engines import flat_read_only, float_name, prepared_change
from reptheory.operations.field_plan import Placed, prepared_fields
from reptheory.operations.layouts import in_order
from reptheory.operations.term_plan import (
    RingBound,
    Term,
    prepared_terms,
    run_terms,
    term_multiplications,
    term_plan,
)

__all__ = ["TERMS", "Field", "VectorEngine", "families"]

Array = NDArray[Any]
VectorTerm = tuple[int, int, int, int]
"""Component of the first and the second operand and of the result, and a sign."""

TERMS: Final[dict[VectorKind, tuple[VectorTerm, ...]]] = {
    "dot": tuple((a, a, 0, 1) for a in range(3)),
    "cross": tuple(
        term
        for a in range(3)
        for term in (((a + 1) % 3, (a + 2) % 3, a, 1), ((a + 2) % 3, (a + 1) % 3, a, -1))
    ),
    "scale": tuple((0, a, a, 1) for a in range(3)),
}
"""Products of components y, z, x, with their signs."""


def families(spin: int, lmax: int) -> list[tuple[int, int, int]]:
    """Return (j, l, first coefficient) of every harmonic (l spin) j with l <= lmax, in order of l, then j."""
    found, start = [], 0
    for degree in range(lmax + 1):
        for j in range(abs(degree - spin), degree + spin + 1):
            found.append((j, degree, start))
            start += 2 * j + 1
    return found


@dataclass(frozen=True)
class Field:
    """A function (spin 0) or a vector field (spin 1) with l <= lmax."""

    spin: int
    lmax: int

    @property
    def components(self) -> int:
        """Functions that make it up."""
        return 2 * self.spin + 1

    @property
    def harmonics(self) -> int:
        """Coefficients of each of these functions."""
        return (self.lmax + 1) ** 2

    @property
    def dim(self) -> int:
        """Coefficients in all."""
        return self.components * self.harmonics

    def change(self, dtype: str, absolute: str | None, *, back: bool) -> LinearMap:
        """Return harmonics (l s) j -> functions, component after component; or the way back.

        absolute   for the bound of that dtype: absolute values, none below its smallest normal number
        """
        fields, functions, values = _entries(self.spin, self.lmax, dtype)
        rows, columns = (fields, functions) if back else (functions, fields)
        order = np.lexsort((columns, rows))
        chosen = values[order]
        if absolute is not None:
            chosen = np.maximum(np.abs(chosen), np.finfo(absolute).smallest_normal)
        starts = np.searchsorted(rows[order], np.arange(self.dim + 1))
        return LinearMap(chosen, columns[order].astype(np.int32), starts.astype(np.int64))


@lru_cache(maxsize=32)
def _entries(spin: int, lmax: int, dtype: str) -> tuple[Array, Array, Array]:
    """Return the change of basis as a list: coefficient of the field, of the functions, value."""
    fields, functions, values = [], [], []
    for j, degree, start in families(spin, lmax):
        block = coupling_block("clebsch_gordan", degree, spin, j)
        m, sigma, order = block.indices.T
        fields.append(start + order)
        functions.append(sigma * (lmax + 1) ** 2 + degree * degree + m)
        values.append(block.values(dtype))
    return np.concatenate(fields), np.concatenate(functions), np.concatenate(values)


class VectorEngine:
    """Pointwise products of fields, summed over `terms`, on the sphere grid."""

    def __init__(self, fields: tuple[Field, Field, Field], terms: Sequence[VectorTerm]) -> None:
        self.fields = fields
        self._terms = tuple(terms)
        self._maps: dict[tuple[int, str], LinearMap] = {}
        self._changes: dict[tuple[int, str], Prepared] = {}
        self._plans: dict[str, RingPlan] = {}
        self._kernels: dict[str, Prepared] = {}

    def transposed(self, operand: int) -> VectorEngine | None:
        """Return the engine of (z, y) -> x for operand 1, of (x, z) -> y for operand 2.

        None where the grid would give rounding errors of 0: some degrees of the operand have gradient 0.
        """
        first, second, third = self.fields
        if operand == 1:
            fields, terms = (third, second, first), [(c, b, a, sign) for a, b, c, sign in self._terms]
        else:
            fields, terms = (first, third, second), [(a, c, b, sign) for a, b, c, sign in self._terms]
        if fields[2].lmax > fields[0].lmax + fields[1].lmax:
            return None
        return VectorEngine(fields, terms)

    def plan(self, name: str) -> RingPlan:
        """Return the plan of the products of components for "float32" or "float64"."""
        if name not in self._plans:
            first, second, third = self.fields
            lmaxs = [first.lmax] * first.components + [second.lmax] * second.components
            terms = [Term((a, first.components + b), c, sign) for a, b, c, sign in self._terms]
            self._plans[name] = term_plan(lmaxs, third.lmax, terms, name, fourier=False)
        return self._plans[name]

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        changes = sum(len(self.change(role, "float64").values) for role in range(3) if self.fields[role].spin)
        return term_multiplications(self.plan("float64")) + changes

    def change(self, role: int, name: str) -> LinearMap:
        """Return the change of basis of a role, for a dtype or "absolute " and a dtype."""
        key = role, name
        if key not in self._maps:
            dtype = name.removeprefix("absolute ")
            absolute = None if name == dtype else dtype
            form = dtype if absolute is None else "float64"
            self._maps[key] = self.fields[role].change(form, absolute, back=role == 2)
        return self._maps[key]

    def _changed(self, role: int, x: Array, name: str) -> Array:
        """Return the change of basis of x, float64."""
        made = self._changes.get((role, name))
        if made is None:
            made = prepared_change(self.change(role, name), self.fields[role].dim)
            self._changes[role, name] = made
        z = np.empty_like(x)
        made.run((flat_read_only(x), z.reshape(-1)), len(x), None)
        return z

    def _functions(self, role: int, x: Array, name: str) -> Array:
        """Return the components of an operand, (components, samples, harmonics), float64."""
        field = self.fields[role]
        if not field.spin:
            return x[np.newaxis]
        return self._changed(role, x, name).reshape(len(x), field.components, field.harmonics).swapaxes(0, 1)

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product; a float32 z of float64 operands is rounded once at the end."""
        name = float_name(x.dtype)
        kernel = self._kernels.get(name)
        if kernel is None:
            places = in_order((x.shape[1], y.shape[1], z.shape[1]))
            kernel = self._kernels.setdefault(name, prepared_fields([Placed.whole(self)], places, name))
        kernel.run((flat_read_only(x), flat_read_only(y), z.reshape(-1)), len(x), threads)

    def _products(self, x: Array, y: Array) -> Array:
        """Return the components of the product side by side, (samples, components * harmonics), float64."""
        functions = (*self._functions(0, x, "float64"), *self._functions(1, y, "float64"))
        return np.concatenate(run_terms(self._components, functions, None), axis=1)

    @cached_property
    def _components(self) -> Prepared:
        """The product of components."""
        return prepared_terms(self.plan("float64"), self.cost)

    @cached_property
    def _bounds(self) -> RingBound:
        return RingBound(self.plan("float64"))

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound: errors of the components through the rings and back (docs/proofs/vector_products.md)."""
        name = f"absolute {dtype.name}"
        functions, errors = [], []
        for role, given in enumerate((x, y)):
            wide, longest = given.astype(np.float64), self.longest(role)
            lost = 2 * longest * np.finfo(dtype).smallest_normal
            sizes = self._functions(role, np.abs(wide), name)
            functions += list(self._functions(role, wide, "float64"))
            count = longest + (longest > 0) + more
            errors += [gamma(count, dtype) * upward(part + lost, longest + 3) for part in sizes]
        limit = np.concatenate(self._bounds(functions, errors, dtype), axis=1)
        if not self.fields[2].spin:
            return limit
        longest = self.longest(2)
        rate = float(gamma(longest + 1, dtype))
        values = self._products(x.astype(np.float64), y.astype(np.float64))
        result = self._changed(2, upward((1 + 2 * rate) * limit + rate * np.abs(values), 4), name)
        eta = float(np.finfo(dtype).smallest_subnormal)
        return upward(result + 2 * longest * eta, longest + 3)

    def longest(self, role: int) -> int:
        """Return the most terms of a row of a change of basis; 0 where there is none."""
        if not self.fields[role].spin:
            return 0
        return int(np.diff(self.change(role, "float64").starts).max(initial=0))
