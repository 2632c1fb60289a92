"""Blocks: matrices between two sums of irreps as irreps, and back; the change of basis of matrix products.

The matrix M (dimension of irreps1, dimension of irreps2) and its irreps f are one another's orthogonal image:

    f_{l m} = sum_ab <l1 a l2 b | l m> M_ab,     M_ab = sum_{l m} <l1 a l2 b | l m> f_{l m}

for every pair of copies (l1, l2), in the real basis: Hamiltonian blocks of orbitals l1 and l2. Irreps stand
as in `FullTensorProduct`: of an outer product M = x y^T the irreps are the full tensor product of x and y.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.exact.matrix_blocks import block_basis
from reptheory.groups.o3 import Irreps
from reptheory.immutable import immutable
from reptheory.kernels.bounds import gamma, smallest, unit_roundoff, upward
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.operands import one_operand

__all__ = ["BlockPiece", "BlockTerms", "Blocks", "blocks_from_irreps", "blocks_of", "irreps_from_blocks"]

Array = NDArray[Any]
Bound = NDArray[np.float64]


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

    @property
    def part(self) -> tuple[slice, slice]:
        """Rows and columns of its block."""
        return slice(self.row, self.row + 2 * self.l1 + 1), slice(self.column, self.column + 2 * self.l2 + 1)


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

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.irreps1.dim, self.irreps2.dim

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
    return _blocks(Irreps(irreps1).simplify(), Irreps(irreps2).simplify())


@overload
def blocks_from_irreps(
    features: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, with_bound: Literal[False] = False
) -> Array: ...


@overload
def blocks_from_irreps(
    features: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, with_bound: Literal[True]
) -> tuple[Array, Bound]: ...


def blocks_from_irreps(
    features: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, with_bound: bool = False
) -> Array | tuple[Array, Bound]:
    """Return the matrices M of irreps f (formula: top of this module), and with `with_bound` a bound.

    The change of basis is orthogonal: the gradient of a loss in f is `irreps_from_blocks` of that in M.
    features           (..., dim), irreps as in `FullTensorProduct(irreps1, irreps2).irreps_out`
    irreps1, irreps2   of the rows and of the columns
    returns            (..., rows, columns), float32 or float64, and a bound on the error elementwise,
                       gamma_{n+1} sum |C||f| of n terms; a block of all samples is held twice
    raises             OperandError

    >>> blocks_from_irreps([0.0, 1.0, 0.0, 0.0], "0e+1o", "0e").tolist()
    [[0.0], [1.0], [0.0], [0.0]]
    """
    blocks = blocks_of(irreps1, irreps2)
    given = one_operand(features, "features", (blocks.irreps.dim,), f"the dimension of {blocks.irreps}")
    result = _zeros((*given.shape[:-1], *blocks.shape), given.dtype, with_bound)
    for one, components in blocks.pairs:
        basis = square_basis(one.l1, one.l2, given.dtype.name)
        matrix = basis.reshape(-1, len(components)).T
        for z, block in zip(result, _changed(given[..., components], matrix, with_bound), strict=True):
            z[..., *one.part] = block.reshape(*given.shape[:-1], *basis.shape[:2])
    return _returned(result)


@overload
def irreps_from_blocks(
    matrices: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, with_bound: Literal[False] = False
) -> Array: ...


@overload
def irreps_from_blocks(
    matrices: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, with_bound: Literal[True]
) -> tuple[Array, Bound]: ...


def irreps_from_blocks(
    matrices: ArrayLike, irreps1: str | Irreps, irreps2: str | Irreps, *, with_bound: bool = False
) -> Array | tuple[Array, Bound]:
    """Return the irreps f of matrices M (formula: top of this module), and with `with_bound` a bound.

    matrices           (..., rows, columns)
    irreps1, irreps2   of the rows and of the columns
    returns            (..., dim), float32 or float64; bound, gradient and memory as for `blocks_from_irreps`
    raises             OperandError

    >>> irreps_from_blocks([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], "1o", "1o")[0].round(6)
    np.float64(-1.732051)
    """
    blocks = blocks_of(irreps1, irreps2)
    meaning = f"the dimensions of {blocks.irreps1} and {blocks.irreps2}"
    given = one_operand(matrices, "matrices", blocks.shape, meaning)
    result = _zeros((*given.shape[:-2], blocks.irreps.dim), given.dtype, with_bound)
    for one, components in blocks.pairs:
        basis = square_basis(one.l1, one.l2, given.dtype.name).reshape(-1, len(components))
        flat = given[..., *one.part].reshape(*given.shape[:-2], len(components))
        for z, block in zip(result, _changed(flat, basis, with_bound), strict=True):
            z[..., components] = block
    return _returned(result)


def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any], with_bound: bool) -> list[Array]:
    """Return memory for a result, and for its bound."""
    return [np.zeros(shape, kind) for kind in ((dtype, np.float64) if with_bound else (dtype,))]


def _changed(values: Array, matrix: Array, with_bound: bool) -> list[Array]:
    """Return values @ matrix, and a bound on its error against the exact matrix (docs/proofs/coupling.md)."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = values @ matrix
        if not with_bound:
            return [result]
        terms, dtype = len(matrix), result.dtype
        size = np.abs(values.astype(np.float64)) @ np.abs(matrix.astype(np.float64))
        lost = 2.0 * terms
        size = upward(size + lost * smallest(np.float64), terms + 1) * (1 + 2 * unit_roundoff(dtype))
        bound = gamma(terms + 1, dtype) * size + lost * smallest(dtype)
    return [result, np.where(np.isfinite(result) & np.isfinite(bound), bound, np.inf)]


def _returned(result: list[Array]) -> Array | tuple[Array, Bound]:
    """Return a result alone, or with its bound."""
    return result[0] if len(result) == 1 else (result[0], result[1])
