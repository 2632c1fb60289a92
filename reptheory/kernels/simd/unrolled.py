"""Unrolled: sparse bilinear maps of few terms as machine code of their own, 64 bytes of samples in registers.

    z[n, k] = sum over the terms (i, j, k) of the map, with coefficient c, of c p_ij

where p_ij = x[n, i] y[n, j], or x[n, i] y[n, j] + x[n, j] y[n, i] for i > j in a symmetric map, which takes
half the terms.

`couple` reads its terms from arrays and its operands from a tile; where a product has a few hundred terms
that takes longer than the terms themselves. Here the places (i, j, k) are part of the code, the coefficients
are not: they are read from an array, so that one code serves the product and its bound. Samples are
transposed in registers on their way in and out. Compiling takes about a millisecond a term: callers bound
their number.

The bound is that of `couple` with all terms of an output in one row, and one more rounding of p_ij in a
symmetric map. Proof: docs/proofs/coupling.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, intrinsic
from reptheory.kernels.simd.columns import read_columns, write_columns
from reptheory.kernels.simd.emit import Vectors, constant, data_of, on_aligned_stack
from reptheory.kernels.simd.plain import unrolled_plain

__all__ = ["Pattern", "unrolled"]

Array = NDArray[Any]
Builder = Any


class Pattern(NamedTuple):
    """What the code of a map is made of.

    dims        lengths of the last axes of x, y and z
    symmetric   whether p_ij is that of a symmetric map; then i >= j in all terms
    places      (i, j, k) of the terms, in order
    """

    dims: tuple[int, int, int]
    symmetric: bool
    places: list[tuple[int, int, int]]

    def write(self) -> str:
        """Write the pattern as a string, which compiled code may hold as a constant."""
        rows = [(*self.dims, int(self.symmetric)), *self.places]
        return ";".join(",".join(map(str, row)) for row in rows)

    @classmethod
    def read(cls, written: str) -> Pattern:
        """Read what `write` has written."""
        header, *places = ([int(number) for number in row.split(",")] for row in written.split(";"))
        dim1, dim2, dim_out, symmetric = header
        return cls((dim1, dim2, dim_out), bool(symmetric), [(i, j, k) for i, j, k in places])


def _groups(v: Vectors, dim: int) -> list[int]:
    """Return the first column of each group that is read or written at once; the last ones may overlap."""
    part = v.lanes // 4
    return [min(start, dim - part) for start in range(0, dim, part)]


def _lane(k: int) -> Any:
    return ir.Constant(ir.IntType(32), k)


def _emit_read(v: Vectors, kind: Any, data: Any, first: Any, dim: int) -> list[Any]:
    """Emit the reading of `lanes` samples from number `first` on, one vector a coefficient."""
    start = v.builder.mul(first, constant(dim))

    def at(column: int, k: int) -> Any:
        return v.pointer(data, v.builder.add(start, constant(k * dim + column)))

    columns = [v.zero()] * dim
    if dim < v.lanes // 4:
        for column in range(dim):
            for k in range(v.lanes):
                value = v.builder.load(at(column, k))
                columns[column] = v.builder.insert_element(columns[column], value, _lane(k))
        return columns
    for d in _groups(v, dim):
        columns[d : d + v.lanes // 4] = read_columns(v, kind.dtype, partial(at, d))
    return columns


def _emit_write(v: Vectors, kind: Any, data: Any, first: Any, columns: list[Any]) -> None:
    """Emit the writing of `lanes` samples from number `first` on, which may narrow them."""
    dim = len(columns)
    start = v.builder.mul(first, constant(dim))

    def at(column: int, k: int) -> Any:
        return v.pointer(data, v.builder.add(start, constant(k * dim + column)))

    if dim < v.lanes // 4:
        for column, k in ((column, k) for column in range(dim) for k in range(v.lanes)):
            value = v.builder.extract_element(columns[column], _lane(k))
            narrow = kind.dtype.bitwidth < 8 * v.bytes
            v.builder.store(v.builder.fptrunc(value, ir.FloatType()) if narrow else value, at(column, k))
        return
    for d in _groups(v, dim):
        write_columns(v, kind.dtype, columns[d : d + v.lanes // 4], partial(at, d))


def _emit_terms(v: Vectors, values: Any, pattern: Pattern, x: list[Any], y: list[Any]) -> list[Any]:
    """Emit the terms in their order; neighbours with the same i and j share the product."""
    sums = [v.zero()] * pattern.dims[2]
    product, pair = v.zero(), None
    for term, (i, j, k) in enumerate(pattern.places):
        if (i, j) != pair:
            product, pair = v.builder.fmul(x[i], y[j]), (i, j)
            if pattern.symmetric and i != j:
                product = v.fma(x[j], y[i], product)
        factor = v.splat(v.builder.load(v.pointer(values, constant(term))))
        sums[k] = v.fma(factor, product, sums[k])
    return sums


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator] # Numba ships no types
def _unrolled(typingctx: Any, x: Any, y: Any, z: Any, first: Any, last: Any, values: Any, pattern: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        kinds = signature.args
        data = [data_of(context, builder, kinds[k], args[k]) for k in (0, 1, 2, 5)]
        made = Pattern.read(pattern.literal_value)
        v = Vectors(builder, values.dtype)
        on_aligned_stack(builder.function)
        lanes = constant(v.lanes)
        count = builder.sub(args[4], args[3])
        groups = builder.udiv(builder.add(count, constant(v.lanes - 1)), lanes)
        latest = builder.sub(args[4], lanes)
        with cgutils.for_range(builder, groups) as loop:
            start = builder.add(args[3], builder.mul(loop.index, lanes))
            start = builder.select(builder.icmp_signed("<", start, latest), start, latest)
            read = [_emit_read(v, kinds[k], data[k], start, made.dims[k]) for k in (0, 1)]
            sums = _emit_terms(v, data[3], made, read[0], read[1])
            _emit_write(v, kinds[2], data[2], start, sums)
        return context.get_dummy_value()

    i = types.int64
    # the literal, not its type: Numba keeps one generator for the types of a signature
    return types.void(x, y, z, i, i, values, pattern), codegen


@lru_cache(maxsize=64)
def unrolled(written: str) -> Callable[[Array, Array, Array, int, int, Array], None]:
    """Return the kernel of a written `Pattern`: kernel(x, y, z, first, last, values) writes z[first:last].

    x, y, z   flat (samples, dim) arrays; z may be narrower
    first     at most last minus the samples of a vector (`lanes_of` the coefficients' dtype): the last vector
              begins that far before the end
    values    (terms,) coefficients in the order of the pattern
    """
    if config.DISABLE_JIT:
        return partial(unrolled_plain, *Pattern.read(written))

    @compiled
    def kernel(x: Array, y: Array, z: Array, first: int, last: int, values: Array) -> None:
        _unrolled(x, y, z, first, last, values, written)

    return kernel
