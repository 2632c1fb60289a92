"""Blocks: matrices between two sums of irreps as irreps, and back; the change of basis of matrix products.

The matrix M (dimension of irreps1, dimension of irreps2) and its irreps f are one another's orthogonal image:

    f_{l m} = sum_ab <l1 a l2 b | l m> M_ab,     M_ab = sum_{l m} <l1 a l2 b | l m> f_{l m}

for every pair of copies (l1, l2), in the real basis: Hamiltonian blocks of orbitals l1 and l2. Irreps stand
as in `FullTensorProduct`: of an outer product M = x y^T the irreps are the full tensor product of x and y.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.exact.matrix_blocks import block_basis
from reptheory.groups.o3 import Irreps
from reptheory.immutable import immutable
from reptheory.kernels.bounds import gamma, smallest, upward
from reptheory.kernels.matrices import LinearMap
from reptheory.kernels.pool import Prepared
from reptheory.operations.broadcast import Bound, finite
from reptheory.operations.engines import flat_read_only, float_name, prepared_change
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.operands import allocate, contiguous, one_operand, thread_count

__all__ = ["BlockPiece", "BlockTerms", "Blocks", "blocks_from_irreps", "blocks_of", "irreps_from_blocks"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class BlockPiece:
    """One irrep of one pair of copies.

    row, l1      first row of its block, and the degree there
    column, l2   first column, and the degree there
    degree       of the irrep
    start        its first component
    """

    row: int
    l1: int
    column: int
    l2: int
    degree: int
    start: int


@dataclass(frozen=True, eq=False)
class BlockTerms:
    """The change of basis as a list: each of its terms adds value * f[component] to M[row, column]."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    components: NDArray[np.int64]
    values: NDArray[Any]


@lru_cache(maxsize=256)
def square_basis(l1: int, l2: int, dtype: str) -> NDArray[Any]:
    """Return `block_basis` of the real basis, (2 l1 + 1, 2 l2 + 1, k), correctly rounded and read-only."""
    return immutable(block_basis(l1, l2, "real").to_numpy(dtype))


@dataclass(frozen=True)
class Blocks:
    """Matrices with rows as irreps1 and columns as irreps2.

    irreps   of the matrices: sorted, of the same dimension as they
    pieces   where each of these irreps stands
    """

    irreps1: Irreps
    irreps2: Irreps
    irreps: Irreps
    pieces: tuple[BlockPiece, ...]

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.irreps1.dim, self.irreps2.dim

    @cached_property
    def meanings(self) -> tuple[str, str]:
        """What the last axis of irreps counts, and the last two of matrices."""
        return f"the dimension of {self.irreps}", f"the dimensions of {self.irreps1} and {self.irreps2}"

    @cached_property
    def pairs(self) -> tuple[tuple[BlockPiece, NDArray[np.int64]], ...]:
        """One piece of every pair of copies, and the components of all of its irreps, degrees ascending."""
        found: dict[tuple[int, int], list[BlockPiece]] = {}
        for one in sorted(self.pieces, key=lambda one: one.degree):
            found.setdefault((one.row, one.column), []).append(one)
        return tuple(
            (some[0], np.concatenate([np.arange(one.start, one.start + 2 * one.degree + 1) for one in some]))
            for some in found.values()
        )

    @cached_property
    def dim(self) -> int:
        """Entries of a matrix, and components of its irreps."""
        return self.irreps.dim

    @cached_property
    def _changes(self) -> dict[tuple[str, bool], Prepared]:
        return {}

    def change(self, name: str, *, to_irreps: bool) -> Prepared:
        """Return the kernel of the change of basis, for a dtype or "absolute " and a dtype, for its bound."""
        made = self._changes.get((name, to_irreps))
        if made is None:
            dtype = name.removeprefix("absolute ")
            absolute = None if name == dtype else dtype
            form = dtype if absolute is None else "float64"
            made = prepared_change(self.linear_map(form, to_irreps=to_irreps, absolute=absolute), self.dim)
            self._changes[name, to_irreps] = made
        return made

    def linear_map(
        self, dtype: str, *, to_irreps: bool, transposed: bool = False, absolute: str | None = None
    ) -> LinearMap:
        """Return irreps -> entries of the matrix or of its transpose, row-major, or the way back.

        absolute   for the bound of that dtype: absolute values, none below its smallest normal number
        """
        terms, width = self.terms(dtype), self.shape[0 if transposed else 1]
        i, k = (terms.columns, terms.rows) if transposed else (terms.rows, terms.columns)
        entries = i * width + k
        targets, sources = (terms.components, entries) if to_irreps else (entries, terms.components)
        order = np.lexsort((sources, targets))
        values = terms.values[order]
        if absolute is not None:
            values = np.maximum(np.abs(values), np.finfo(absolute).smallest_normal)
        starts = np.searchsorted(targets[order], np.arange(self.dim + 1))
        return LinearMap(values, sources[order].astype(np.int32), starts.astype(np.int64))

    def terms(self, dtype: str) -> BlockTerms:
        """Return the change of basis, correctly rounded to float32 or float64."""
        rows, columns, components, values = [], [], [], [np.zeros(0, dtype)]
        for one, places in self.pairs:
            basis = square_basis(one.l1, one.l2, dtype)
            a, b, k = np.nonzero(basis)
            rows.append(one.row + a)
            columns.append(one.column + b)
            components.append(places[k])
            values.append(basis[a, b, k])
        none = np.zeros(0, dtype=np.int64)
        i, k, place = (np.concatenate([none, *part]) for part in (rows, columns, components))
        return BlockTerms(i, k, place, np.concatenate(values))


@lru_cache(maxsize=64)
def _blocks(irreps1: Irreps, irreps2: Irreps) -> Blocks:
    full = FullTensorProduct(irreps1, irreps2)
    slices1, slices2 = full.irreps_in1.slices(), full.irreps_in2.slices()
    pieces = []
    for path in full.instructions:
        mul2 = full.irreps_in2[path.i2].mul
        for u, v in np.ndindex(full.irreps_in1[path.i1].mul, mul2):
            row = slices1[path.i1].start + u * path.ir1.dim
            column = slices2[path.i2].start + v * path.ir2.dim
            start = path.columns.start + (u * mul2 + v) * path.ir_out.dim
            pieces.append(BlockPiece(row, path.ir1.l, column, path.ir2.l, path.ir_out.l, start))
    return Blocks(full.irreps_in1, full.irreps_in2, full.irreps_out, tuple(pieces))


def blocks_of(irreps1: str | Irreps, irreps2: str | Irreps) -> Blocks:
    """Return the matrices between two sums of irreps, which are simplified as e3nn does.

    >>> blocks_of("0e+1o", "1o").irreps
    1x0e+1x1o+1x1e+1x2e
    """
    return _blocks(_simplified(irreps1), _simplified(irreps2))


def _simplified(irreps: str | Irreps) -> Irreps:
    return _read(irreps) if isinstance(irreps, str) else Irreps(irreps).simplify()


@lru_cache(maxsize=256)
def _read(text: str) -> Irreps:
    return Irreps(text).simplify()


@overload
def blocks_from_irreps(
    features: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, out: Array | None = None,
    threads: int | None = None, with_bound: Literal[False] = False,
) -> Array: ...  # fmt: skip


@overload
def blocks_from_irreps(
    features: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, out: Array | None = None,
    threads: int | None = None, with_bound: Literal[True],
) -> tuple[Array, Bound]: ...  # fmt: skip


def blocks_from_irreps(
    features: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, out: Array | None = None,
    threads: int | None = None, with_bound: bool = False,
) -> Array | tuple[Array, Bound]:  # fmt: skip
    """Return the matrices M of irreps f (formula: top of this module), and with `with_bound` a bound.

    The change of basis is orthogonal: the gradient of a loss in f is `irreps_from_blocks` of that in M.
    features           (..., dim), irreps as in `FullTensorProduct(irreps1, irreps2).irreps_out`
    irreps1, irreps2   of the rows and of the columns
    out                array of the result's shape and dtype to write into; may overlap `features`
    threads            None: as many as the work is worth; an int: at most that many
    returns            (..., rows, columns), float32 or float64, and a bound on the error elementwise,
                       gamma_{n+1} sum |C||f| of n terms; beyond that one tile of samples a thread is held
    raises             OperandError

    >>> blocks_from_irreps([0.0, 1.0, 0.0, 0.0], "0e+1o", "0e").tolist()
    [[0.0], [1.0], [0.0], [0.0]]
    """
    blocks = blocks_of(irreps1, irreps2)
    given = one_operand(features, "features", (blocks.dim,), blocks.meanings[0])
    shape = (*given.shape[:-1], *blocks.shape)
    return _changed(blocks, given, shape, out, threads, to_irreps=False, with_bound=with_bound)


@overload
def irreps_from_blocks(
    matrices: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, out: Array | None = None,
    threads: int | None = None, with_bound: Literal[False] = False,
) -> Array: ...  # fmt: skip


@overload
def irreps_from_blocks(
    matrices: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, out: Array | None = None,
    threads: int | None = None, with_bound: Literal[True],
) -> tuple[Array, Bound]: ...  # fmt: skip


def irreps_from_blocks(
    matrices: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, out: Array | None = None,
    threads: int | None = None, with_bound: bool = False,
) -> Array | tuple[Array, Bound]:  # fmt: skip
    """Return the irreps f of matrices M (formula: top of this module), and with `with_bound` a bound.

    matrices           (..., rows, columns)
    irreps1, irreps2   of the rows and of the columns
    out, threads       as for `blocks_from_irreps`
    returns            (..., dim), float32 or float64; bound, gradient and memory as for `blocks_from_irreps`
    raises             OperandError

    >>> irreps_from_blocks([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], "1o", "1o")[0].round(6)
    np.float64(-1.732051)
    """
    blocks = blocks_of(irreps1, irreps2)
    given = one_operand(matrices, "matrices", blocks.shape, blocks.meanings[1])
    shape = (*given.shape[:-2], blocks.dim)
    return _changed(blocks, given, shape, out, threads, to_irreps=True, with_bound=with_bound)


def _changed(
    blocks: Blocks, given: Array, shape: tuple[int, ...], out: Array | None, threads: int | None, *,
    to_irreps: bool, with_bound: bool,
) -> Array | tuple[Array, Bound]:  # fmt: skip
    """Return the change of basis of checked operands, and a bound (docs/proofs/coupling.md)."""
    samples, dtype = prod(shape[:-1] if to_irreps else shape[:-2]), given.dtype
    flat = contiguous(given, dtype)
    z, buffer = allocate(out, shape, dtype, (flat,))
    kernel = blocks.change(float_name(dtype), to_irreps=to_irreps)
    kernel.run((flat_read_only(flat), buffer.reshape(-1)), samples, thread_count(threads))
    if buffer is not z:
        z[...] = buffer
    if not with_bound:
        return z
    kernel = blocks.change(f"absolute {dtype.name}", to_irreps=to_irreps)
    size, absolute = np.empty((samples, blocks.dim)), np.abs(flat.astype(np.float64))
    kernel.run((flat_read_only(absolute), size.reshape(-1)), samples, thread_count(threads))
    terms = np.diff(kernel.plan[0].starts)
    with np.errstate(over="ignore", invalid="ignore"):
        size = upward(size + 2 * terms * smallest(np.float64), terms + 2)
        bound = gamma(terms + 1, dtype) * size + 2 * terms * smallest(dtype)
    return z, finite(z, bound.reshape(shape))
