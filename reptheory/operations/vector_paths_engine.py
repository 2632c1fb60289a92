"""Vector paths engine: Clebsch-Gordan paths, even and odd, rebuilt exactly from products of vector fields.

A path (j1, j2, j3) is taken from the product of two vector harmonics: x stands in (l1 1) j1, y in (l2 1) j2,
and what the product has in (l3 1) j3, or in the function j3, is `vector_path(j1, j2, j3).ratio` times the
path. No path has ratio 0 with the l chosen so. Products are those of `vector_engine`; one serves all paths
that share the operands and their l. The bound is theirs over the ratio (docs/proofs/vector_products.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.surd import Surd
from reptheory.exact.vector_paths import SPINS, VectorKind, VectorPath, vector_path
from reptheory.kernels.bounds import upward
from reptheory.kernels.pool import Prepared
from reptheory.operations.engines import flat_read_only, float_name
from reptheory.operations.field_plan import Placed, prepared_fields
from reptheory.operations.layouts import Places
from reptheory.operations.vector_engine import TERMS, Field, VectorEngine, families

if TYPE_CHECKING:
    from reptheory.groups.o3 import Irrep
    from reptheory.operations.full_tensor_product import Instruction

__all__ = ["VectorPathsEngine"]

Array = NDArray[Any]

TOGETHER = 512
"""Samples whose bounds are computed at a time: for each pair of copies both fields and the product."""


class VectorPathsEngine:
    """The paths of a full tensor product by products of vector fields on the sphere grid."""

    def __init__(
        self,
        instructions: Iterable[Instruction[Irrep]],
        slices1: list[slice],
        slices2: list[slice],
        places: Places,
        factors: Mapping[tuple[int, int, int], Surd],
    ) -> None:
        """Take paths times `factors`.

        slices1, slices2   the columns of each entry of x and of y in "mul_ir"
        """
        self._slices = slices1, slices2
        self._places, self._factors = places, factors
        groups: dict[tuple[Any, ...], list[tuple[Instruction[Irrep], VectorPath]]] = {}
        for one in instructions:
            way = vector_path(one.ir1.l, one.ir2.l, one.ir_out.l)
            groups.setdefault((one.i1, one.i2, way.kind, way.l1, way.l2), []).append((one, way))
        self._kernels: dict[str, Prepared] = {}
        self._products = [self._shared(paths) for paths in groups.values()]

    def _shared(self, paths: list[tuple[Instruction[Irrep], VectorPath]]) -> Placed:
        """Plan the product of paths that differ in their output only."""
        one, way = paths[0]
        kind: VectorKind = way.kind
        lmaxes = way.l1, way.l2, max(other.l3 for _, other in paths)
        fields = tuple(Field(spin, lmax) for spin, lmax in zip(SPINS[kind], lmaxes, strict=True))
        places = [{(j, degree): start for j, degree, start in families(f.spin, f.lmax)} for f in fields]
        outputs = []
        for path, other in paths:
            start = places[2][path.ir_out.l, other.l3]
            factor = float(self._factors[path.ir1.l, path.ir2.l, path.ir_out.l] / other.ratio)
            outputs.append((path.columns, slice(start, start + path.ir_out.dim), factor))
        left, right = places[0][one.ir1.l, way.l1], places[1][one.ir2.l, way.l2]
        return Placed(
            VectorEngine((fields[0], fields[1], fields[2]), TERMS[kind]),
            self._slices[0][one.i1],
            self._slices[1][one.i2],
            slice(left, left + one.ir1.dim),
            slice(right, right + one.ir2.dim),
            tuple(outputs),
        )

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        return sum(one.cost for one in self._products)

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product; a float32 z of float64 operands is rounded once at the end."""
        if not self._products:
            z[...] = 0
            return
        name = float_name(x.dtype)
        kernel = self._kernels.get(name)
        if kernel is None:
            made = prepared_fields(self._products, self._places, name)
            kernel = self._kernels.setdefault(name, made)
        kernel.run((flat_read_only(x), flat_read_only(y), z.reshape(-1)), len(x), threads)

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound: that of the products of fields with three more roundings, over the ratio."""
        of_x, of_y, of_z = self._places
        x, y, result = x[:, of_x], y[:, of_y], np.zeros((len(x), len(of_z)))
        eta = float(np.finfo(dtype).smallest_subnormal)
        for start in range(0, len(x), TOGETHER):
            rows = slice(start, start + TOGETHER)
            for one in self._products:
                left, right = _placed(one, x[rows], y[rows])
                limits = one.engine.bound(left, right, dtype, more + 3)
                lost = (one.engine.longest(2) + 1) * eta
                for columns, place, factor in one.outputs:
                    part = upward(limits[:, place] * abs(factor) + lost, 4)
                    result[rows, of_z[columns]] = part.reshape(len(x[rows]), -1)
        return result


def _placed(one: Placed, x: Array, y: Array) -> tuple[Array, Array]:
    """Return the fields of every sample and pair of copies: (samples * mul1 * mul2, coefficients)."""
    (mul1, mul2), (first, second, _) = one.copies, one.engine.fields
    left = np.zeros((len(x), mul1, mul2, first.dim), dtype=x.dtype)
    right = np.zeros((len(y), mul1, mul2, second.dim), dtype=y.dtype)
    left[..., one.left] = x[:, one.first].reshape(len(x), mul1, 1, -1)
    right[..., one.right] = y[:, one.second].reshape(len(y), 1, mul2, -1)
    return left.reshape(-1, first.dim), right.reshape(-1, second.dim)
