"""Vector paths engine: Clebsch-Gordan paths, even and odd, rebuilt exactly from products of vector fields.

A path (j1, j2, j3) is taken from the product of two vector harmonics: x stands in (l1 1) j1, y in (l2 1) j2,
and what the product has in (l3 1) j3, or in the function j3, is `vector_path(j1, j2, j3).ratio` times the
path. No path has ratio 0 with the l chosen so. Products are those of `vector_engine`; one serves all paths
that share the operands and their l. The bound is theirs over the ratio (docs/proofs/vector_products.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reptheory.exact.vector_paths import SPINS, VectorKind, VectorPath, vector_path
from reptheory.kernels.bounds import upward
from reptheory.operations.vector_engine import TERMS, TOGETHER, Field, VectorEngine, families

if TYPE_CHECKING:
    from reptheory.groups.o3 import Irrep
    from reptheory.operations.full_tensor_product import Instruction

__all__ = ["VectorPathsEngine"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Shared:
    """One product of fields: an irrep of x in one family, an irrep of y in another.

    first, second   columns of the irreps, copies outside
    left, right     where one copy stands in its field
    outputs         (columns of z, copies outside; where one copy stands in the product; 1 / ratio)
    """

    engine: VectorEngine
    fields: tuple[Field, Field, Field]
    first: slice
    second: slice
    left: slice
    right: slice
    outputs: tuple[tuple[slice, slice, float], ...]


class VectorPathsEngine:
    """The paths of a full tensor product by products of vector fields on the sphere grid."""

    def __init__(
        self,
        instructions: Iterable[Instruction[Irrep]],
        slices1: list[slice],
        slices2: list[slice],
        dim_out: int,
    ) -> None:
        self._dim_out = dim_out
        self._slices = slices1, slices2
        groups: dict[tuple[Any, ...], list[tuple[Instruction[Irrep], VectorPath]]] = {}
        for one in instructions:
            way = vector_path(one.ir1.l, one.ir2.l, one.ir_out.l)
            groups.setdefault((one.i1, one.i2, way.kind, way.l1, way.l2), []).append((one, way))
        self._products = [self._shared(paths) for paths in groups.values()]

    def _shared(self, paths: list[tuple[Instruction[Irrep], VectorPath]]) -> _Shared:
        """Plan the product of paths that differ in their output only."""
        one, way = paths[0]
        kind: VectorKind = way.kind
        lmaxes = way.l1, way.l2, max(other.l3 for _, other in paths)
        fields = tuple(Field(spin, lmax) for spin, lmax in zip(SPINS[kind], lmaxes, strict=True))
        places = [{(j, degree): start for j, degree, start in families(f.spin, f.lmax)} for f in fields]
        outputs = []
        for path, other in paths:
            start = places[2][path.ir_out.l, other.l3]
            factor = float(1 / other.ratio)
            outputs.append((path.columns, slice(start, start + path.ir_out.dim), factor))
        left, right = places[0][one.ir1.l, way.l1], places[1][one.ir2.l, way.l2]
        return _Shared(
            VectorEngine((fields[0], fields[1], fields[2]), TERMS[kind]),
            (fields[0], fields[1], fields[2]),
            self._slices[0][one.i1],
            self._slices[1][one.i2],
            slice(left, left + one.ir1.dim),
            slice(right, right + one.ir2.dim),
            tuple(outputs),
        )

    @cached_property
    def cost(self) -> int:
        """Multiplications a sample."""
        return sum(_copies(one)[0] * _copies(one)[1] * one.engine.cost for one in self._products)

    def run(self, x: Array, y: Array, z: Array, threads: int | None) -> None:
        """Write the product; a float32 z of float64 operands is rounded once at the end."""
        for start in range(0, len(x), TOGETHER):
            rows = slice(start, start + TOGETHER)
            for one in self._products:
                left, right = _placed(one, x[rows], y[rows])
                found = np.empty((len(left), one.fields[2].dim), dtype=x.dtype)
                one.engine.run(left, right, found, threads)
                for columns, place, factor in one.outputs:
                    part = found[:, place] * found.dtype.type(factor)
                    z[rows, columns] = part.reshape(len(x[rows]), -1)

    def bound(self, x: Array, y: Array, dtype: np.dtype[Any], more: int = 0) -> NDArray[np.float64]:
        """Bound: that of the products of fields with three more roundings, over the ratio."""
        result = np.zeros((len(x), self._dim_out))
        eta = float(np.finfo(dtype).smallest_subnormal)
        for start in range(0, len(x), TOGETHER):
            rows = slice(start, start + TOGETHER)
            for one in self._products:
                left, right = _placed(one, x[rows], y[rows])
                limits = one.engine.bound(left, right, dtype, more + 3)
                for columns, place, factor in one.outputs:
                    part = upward(limits[:, place] * abs(factor) + eta, 4)
                    result[rows, columns] = part.reshape(len(x[rows]), -1)
        return result


def _length(part: slice) -> int:
    return int(part.stop - part.start)


def _copies(one: _Shared) -> tuple[int, int]:
    """Return how many copies the irreps of x and of y have."""
    return _length(one.first) // _length(one.left), _length(one.second) // _length(one.right)


def _placed(one: _Shared, x: Array, y: Array) -> tuple[Array, Array]:
    """Return the fields of every sample and pair of copies: (samples * mul1 * mul2, coefficients)."""
    mul1, mul2 = _copies(one)
    left = np.zeros((len(x), mul1, mul2, one.fields[0].dim), dtype=x.dtype)
    right = np.zeros((len(y), mul1, mul2, one.fields[1].dim), dtype=y.dtype)
    left[..., one.left] = x[:, one.first].reshape(len(x), mul1, 1, _length(one.left))
    right[..., one.right] = y[:, one.second].reshape(len(y), 1, mul2, _length(one.right))
    return left.reshape(-1, one.fields[0].dim), right.reshape(-1, one.fields[1].dim)
