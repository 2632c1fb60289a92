"""Cartesian tensors of rank n as direct sums of irreps of O(3): orthonormal, exact, with any index symmetry.

    x[k] = sum C[k; i1, .., in] T[i1, .., in],        C = change_of_basis,        T = C^T x

Without symmetry the rows of C are chains of real Clebsch-Gordan blocks, the paths (1, l2, .., l) in
lexicographic order for each l: so l = 0 of "ij" is minus the trace over sqrt(3). With symmetry they are the
paths projected and made orthonormal in that order; see `cartesian_paths`. Every row is one square root times
rational numbers.

Formulas and irreps are those of e3nn's `ReducedTensorProducts`; its choice of copies differs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import OperandError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.cartesian_paths import Fold, Vector, coupling_paths
from reptheory.exact.entries import require_room
from reptheory.exact.index_symmetry import IndexSymmetry, Orbit, index_symmetry
from reptheory.groups.irreps import Irreps

__all__ = ["CartesianTensor", "cartesian_tensor"]

_FLOATS: Final = ("float64", "float32")


@dataclass(frozen=True)
class CartesianTensor:
    """The exact change of basis between Cartesian tensors of one index symmetry and irreps of O(3).

    formula          the symmetry as it was given
    irreps           l ascending, parity (-1)^rank: the indices are polar vectors
    change_of_basis  SurdArray (irreps.dim, 3, .., 3): rows as in `irreps`, m ascending from -l in the real
                     basis; every Cartesian axis is (x, y, z). Rows are orthonormal: the sum of squares
                     over all 3^rank entries of a tensor is kept
    symmetry         the permutations of the indices that the formula states
    """

    formula: str
    irreps: Irreps
    change_of_basis: SurdArray
    symmetry: IndexSymmetry

    @property
    def rank(self) -> int:
        """The number of indices."""
        return self.symmetry.rank

    @property
    def dim(self) -> int:
        """The number of independent components, `irreps.dim`."""
        return self.irreps.dim

    def to_irreps(self, tensor: Any, *, project: bool = False) -> NDArray[Any]:
        """Return the components of tensors: (..., 3, .., 3) to (..., dim).

        tensor   float32, float64 or integers (taken as float64); any leading axes
        project  False: the tensor must have the symmetry exactly; True: its part with the symmetry is taken,
                 the nearest such tensor, and the rest is dropped
        returns  each component within gamma_(t+1) sum |C| |T| of the exact one for t nonzeros C in its row
        raises   OperandError: another shape or dtype; not symmetric, without `project`
        holds    unless a product underflows or overflows
        """
        array = _operand(tensor, (3,) * self.rank, "tensor")
        if not project:
            self._require_symmetry(array)
        flat = array.reshape(*array.shape[: array.ndim - self.rank], 3**self.rank)
        return _product(flat, self._dense[array.dtype.name].T)

    def from_irreps(self, vector: Any) -> NDArray[Any]:
        """Return the tensors with given components: (..., dim) to (..., 3, .., 3), exactly symmetric.

        returns  each entry within gamma_(t+1) sum |C| |x| of the exact one for t nonzeros C in its column
        raises   OperandError: another shape or dtype
        holds    unless a product underflows or overflows
        """
        array = _operand(vector, (self.dim,), "vector")
        firsts = [orbit[0][0] for orbit in self._orbits]
        values = _product(array, self._dense[array.dtype.name][:, firsts])
        flat = np.zeros((*array.shape[:-1], 3**self.rank), dtype=array.dtype)
        for place, orbit in enumerate(self._orbits):
            for index, sign in orbit:  # one number, copied: symmetric to the last bit
                flat[..., index] = sign * values[..., place]
        return flat.reshape(*array.shape[:-1], *(3,) * self.rank)

    @cached_property
    def _orbits(self) -> tuple[Orbit, ...]:
        return self.symmetry.orbits()

    @cached_property
    def _dense(self) -> dict[str, NDArray[Any]]:
        """The correctly rounded change of basis (dim, 3^rank) by dtype."""
        shape = self.dim, 3**self.rank
        return {name: self.change_of_basis.to_numpy(name).reshape(shape) for name in _FLOATS}

    def _require_symmetry(self, tensor: NDArray[Any]) -> None:
        batch = tensor.ndim - self.rank
        for sign, axes in self.symmetry.generators:
            turned = sign * tensor.transpose(*range(batch), *(batch + axis for axis in axes))
            wrong = np.argwhere((tensor != turned) & ~(np.isnan(tensor) & np.isnan(turned)))
            if len(wrong):
                place = tuple(wrong[0].tolist())
                raise OperandError(
                    f"tensor: got {tensor[place]} at {place}, where {self.formula} asks for {turned[place]}; "
                    "pass a tensor with the symmetry, or project=True to take its symmetric part"
                )


def cartesian_tensor(formula: str) -> CartesianTensor:
    """Return the change of basis of tensors whose indices have the symmetry of `formula`.

    formula  index letters, terms joined by "=" with an optional "-": "ij", "ij=ji" (stress, polarisability),
             "ijk=ikj" (piezoelectric), "ijkl=jikl=klij" (elastic), as e3nn's ReducedTensorProducts
    raises   LabelError: no such formula; TooLarge: more than 7 indices

    Rank 4 takes 10 ms, rank 6 about a second, rank 7 about ten; the last 16 are kept.

    >>> cartesian_tensor("ijkl=jikl=klij").irreps
    2x0e+2x2e+1x4e
    >>> cartesian_tensor("ij=ji").change_of_basis[1]  # m = -2 of l = 2
    SurdArray(shape=(3, 3), nnz=2, convention='real')
    >>> cartesian_tensor("ij=ji").change_of_basis[1, 0, 1]  # x y
    √(1/2)
    """
    symmetry = index_symmetry(formula)
    require_room(9**symmetry.rank, 2 * symmetry.rank, f"cartesian_tensor: {symmetry.rank} indices")
    return _built(formula, symmetry)


@lru_cache(maxsize=16)
def _built(formula: str, symmetry: IndexSymmetry) -> CartesianTensor:
    orbits = symmetry.orbits()
    fold = Fold(orbits, math.lcm(*(len(orbit) for orbit in orbits)))
    # a stable sort: lexicographic within each l
    paths = sorted(coupling_paths(symmetry.rank), key=lambda path: path.degrees[-1])
    rows: list[Vector] = []
    entries = []
    for degree, members in groupby(paths, key=lambda path: path.degrees[-1]):
        copies = fold.orthogonal(list(members))
        rows += [row for copy in copies for row in copy]
        entries.append((len(copies), (degree, (-1) ** symmetry.rank)))
    irreps = Irreps(entries).remove_zero_multiplicities()
    return CartesianTensor(formula, irreps, fold.unit_rows(rows, symmetry.rank), symmetry)


def _operand(value: Any, shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Return an array that ends in the axes of `shape`, as native float32 or float64; else OperandError."""
    array = np.asarray(value)
    kind = array.dtype.name if array.dtype.kind == "f" else "float64"
    if isinstance(value, np.ma.MaskedArray) or array.dtype.kind not in "fiu" or kind not in _FLOATS:
        raise OperandError(
            f"{name}: got {type(value).__name__} of dtype {array.dtype}; it must be an array of float64, "
            "float32 or integers without mask; convert it first"
        )
    if array.ndim < len(shape) or array.shape[array.ndim - len(shape) :] != shape:
        raise OperandError(
            f"{name}: got the shape {array.shape}; it must end in {shape}; leading axes count samples"
        )
    return array.astype(kind, copy=False)


def _product(values: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return values @ matrix; what is not finite stays within its own sample."""
    with np.errstate(invalid="ignore"):
        found: NDArray[Any] = values @ matrix
    return found
