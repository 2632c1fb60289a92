"""SurdArray: an immutable sparse array of surds, one entry per exact nonzero.

    value[k] = sign(numerators[k]) * i^i_powers[k] * sqrt(|numerators[k]| / denominators[k] * pi^pi_power)

at index indices[k]. The rows of `indices` are in lexicographic order, fractions are in lowest terms, and no
entry is zero, so equal arrays have equal fields.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.conventions import Convention, require_same
from reptheory.errors import NotReal, OperandError, TooLarge
from reptheory.exact.contraction import Axes, contracted
from reptheory.exact.entries import lexicographic_order, lowest_terms
from reptheory.exact.rounding import FloatName, float_format, round_all
from reptheory.exact.surd import Surd
from reptheory.immutable import immutable

__all__ = ["SurdArray", "require_copy"]

Index = int | slice
_COMPLEX_PARTS = {"complex128": "float64", "complex64": "float32"}
_MOST_DENSE_BYTES = 2**36


def require_copy(what: str, copy: bool | None) -> None:
    """Raise OperandError for copy=False of NumPy's array protocol: floats of exact values are always new."""
    if copy is False:
        raise OperandError(f"copy: got False for a {what}; its floats are a new array; pass None or True")


class SurdArray:
    """Immutable sparse array of surds with numpy-like indexing.

    shape         lengths of the axes
    indices       (nnz, ndim) int64, read-only, lexicographic
    numerators    nnz ints: sign of the value times the numerator of |value|^2 / pi^pi_power
    denominators  nnz ints > 0
    i_powers      (nnz,) uint8, read-only: 1 where the entry is imaginary
    pi_power      the power of pi under every root
    convention    what the axes mean
    """

    __slots__ = (
        "_places",
        "convention",
        "denominators",
        "i_powers",
        "indices",
        "numerators",
        "pi_power",
        "shape",
    )

    shape: tuple[int, ...]
    indices: NDArray[np.int64]
    numerators: tuple[int, ...]
    denominators: tuple[int, ...]
    i_powers: NDArray[np.uint8]
    pi_power: int
    convention: Convention
    _places: dict[tuple[int, ...], int] | None
    __array_priority__ = 1.0  # a NumPy number times this array stays exact: NumPy leaves it to `__rmul__`

    def __init__(
        self,
        shape: Sequence[int],
        indices: NDArray[np.int64],
        numerators: Sequence[int],
        denominators: Sequence[int],
        *,
        convention: Convention,
        i_powers: NDArray[np.uint8] | None = None,
        pi_power: int = 0,
    ) -> None:
        """Take the fields as the class lists them; nonzero entries in any order, each index once.

        raises  OperandError: lengths differ, an index is outside or comes twice, an entry is zero
        """
        lengths = tuple(int(length) for length in shape)
        rows = np.array(indices, dtype=np.int64).reshape(len(indices), len(lengths))
        powers = np.zeros(len(rows), np.uint8) if i_powers is None else np.array(i_powers, dtype=np.uint8)
        if not len(rows) == len(numerators) == len(denominators) == len(powers):
            raise OperandError(
                f"SurdArray: got {len(rows)} indices, {len(numerators)} numerators, {len(denominators)} "
                f"denominators and {len(powers)} powers of i; give one of each per nonzero entry"
            )
        order = lexicographic_order(rows, lengths)
        tops, bottoms = lowest_terms(numerators, denominators, order.tolist())
        rows, powers = rows[order], powers[order]
        rows, powers = immutable(rows), immutable(powers)
        fields: dict[str, object] = {
            "shape": lengths,
            "indices": rows,
            "numerators": tops,
            "denominators": bottoms,
            "i_powers": powers,
            "pi_power": int(pi_power) if tops else 0,
            "convention": convention,
            "_places": None,
        }
        for name, field in fields.items():
            object.__setattr__(self, name, field)

    @classmethod
    def from_entries(
        cls, shape: Sequence[int], entries: Mapping[tuple[int, ...], Surd], convention: Convention
    ) -> Self:
        """Build an array from a mapping index -> Surd; zeros are dropped.

        raises  OperandError: the entries hold different powers of pi
        """
        kept = {index: value for index, value in entries.items() if value.sign}
        powers = {value.pi_power for value in kept.values()}
        if len(powers) > 1:
            raise OperandError(
                f"SurdArray: the entries hold the powers {sorted(powers)} of pi; one array holds one power; "
                "use one array per power"
            )
        return cls(
            shape,
            np.array(list(kept), dtype=np.int64).reshape(len(kept), len(shape)),
            [value.sign * value.radicand.numerator for value in kept.values()],
            [value.radicand.denominator for value in kept.values()],
            convention=convention,
            i_powers=np.array([value.i_power for value in kept.values()], dtype=np.uint8),
            pi_power=powers.pop() if powers else 0,
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"SurdArray is immutable; {name} cannot be set (build a new array)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"SurdArray is immutable; {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.shape, self.indices, self.numerators, self.denominators)
        return _rebuilt, (*fields, self.convention, self.i_powers, self.pi_power)

    @property
    def nnz(self) -> int:
        """The number of entries that are not exactly zero."""
        return len(self.numerators)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_real(self) -> bool:
        """Whether no entry is imaginary."""
        return not self.i_powers.any()

    def items(self) -> Iterator[tuple[tuple[int, ...], Surd]]:
        """Yield (index, Surd) for every nonzero, in lexicographic order of the index."""
        for place, row in enumerate(self.indices.tolist()):
            yield tuple(row), self._value(place)

    def _value(self, place: int) -> Surd:
        numerator = self.numerators[place]
        radicand = Fraction(abs(numerator), self.denominators[place])
        return Surd(1 if numerator > 0 else -1, radicand, self.pi_power, int(self.i_powers[place]))

    def __getitem__(self, key: Any) -> Any:
        """Return a Surd for a full integer index; a SurdArray for fewer integers, slices or an Ellipsis."""
        selectors = self._selectors(key if isinstance(key, tuple) else (key,))
        if all(isinstance(selector, int) for selector in selectors):
            place = self._lookup().get(tuple(selectors))  # type: ignore[arg-type]
            return Surd(0, Fraction(0)) if place is None else self._value(place)
        return self._part(selectors)

    def _selectors(self, key: tuple[Any, ...]) -> list[Index]:
        """Return one checked selector per axis: a non-negative int or a slice."""
        if any(part is Ellipsis for part in key):
            first = next(place for place, part in enumerate(key) if part is Ellipsis)
            filler = (slice(None),) * (self.ndim - len(key) + 1)
            key = (*key[:first], *filler, *key[first + 1 :])
        if len(key) > self.ndim:
            raise IndexError(f"index: got {len(key)} indices for the {self.ndim} axes of shape {self.shape}")
        selectors: list[Index] = []
        for axis, part in enumerate((*key, *(slice(None),) * (self.ndim - len(key)))):
            if isinstance(part, slice):
                selectors.append(part)
                continue
            try:
                place = operator.index(part)
            except TypeError as error:
                raise TypeError(f"index: got {part!r} on axis {axis}; use ints, slices or ...") from error
            length = self.shape[axis]
            if not -length <= place < length:
                raise IndexError(f"index: got {place} on axis {axis}, which has length {length}")
            selectors.append(place % length)
        return selectors

    def _lookup(self) -> dict[tuple[int, ...], int]:
        if self._places is None:
            places = {tuple(row): place for place, row in enumerate(self.indices.tolist())}
            object.__setattr__(self, "_places", places)
            return places
        return self._places

    def _part(self, selectors: list[Index]) -> SurdArray:
        """Return the sub-array that ints (dropping their axis) and slices select."""
        keep = np.ones(self.nnz, dtype=bool)
        shape: list[int] = []
        columns: list[NDArray[np.int64]] = []
        for axis, selector in enumerate(selectors):
            column = self.indices[:, axis]
            if isinstance(selector, int):
                keep &= column == selector
                continue
            chosen = range(self.shape[axis])[selector]
            places = np.full(self.shape[axis], -1, dtype=np.int64)
            places[list(chosen)] = np.arange(len(chosen))
            shape.append(len(chosen))
            columns.append(places[column])
            keep &= columns[-1] >= 0
        return self._rearranged(shape, np.stack(columns, axis=1)[keep], np.flatnonzero(keep))

    def _rearranged(
        self, shape: Sequence[int], indices: NDArray[np.int64], places: NDArray[Any]
    ) -> SurdArray:
        """Return the entries at `places`, moved to new indices."""
        chosen = places.tolist()
        return SurdArray(
            shape,
            indices,
            [self.numerators[place] for place in chosen],
            [self.denominators[place] for place in chosen],
            convention=self.convention,
            i_powers=self.i_powers[places],
            pi_power=self.pi_power,
        )

    def values(self, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return the nonzero values, each correctly rounded, in the order of `indices`.

        dtype     float64, float32, complex128 or complex64; None is float64, or complex128 if not all real
        returns   (nnz,)
        raises    NotReal: a float dtype for imaginary entries; OperandError: another dtype
        """
        name = np.dtype(dtype).name if dtype is not None else "float64" if self.is_real else "complex128"
        form: FloatName = float_format(_COMPLEX_PARTS.get(name, name)).name
        rounded = round_all(self.numerators, self.denominators, form, self.pi_power)
        if name not in _COMPLEX_PARTS:
            if not self.is_real:
                raise NotReal(f"dtype: got {name} for an array with imaginary entries; use complex128")
            return rounded
        parts = np.zeros((self.nnz, 2), dtype=form)
        parts[np.arange(self.nnz), self.i_powers] = rounded
        return parts.view(name)[:, 0]

    def to_numpy(self, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return a new dense array, each entry correctly rounded once from its exact value.

        dtype     as for `values`
        raises    TooLarge: the dense array would exceed 64 GiB; otherwise as `values`
        """
        values = self.values(dtype)
        size = math.prod(self.shape) * values.itemsize
        if size > _MOST_DENSE_BYTES:
            raise TooLarge(
                f"to_numpy: the dense array of shape {self.shape} needs {size} bytes; "
                "use .indices and .values()"
            )
        dense = np.zeros(self.shape, dtype=values.dtype)
        if self.nnz:
            dense[tuple(self.indices.T)] = values if self.ndim else values[0]
        return dense

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Return `to_numpy(dtype)` for np.asarray; OperandError (a ValueError) for copy=False."""
        require_copy("SurdArray", copy)
        return self.to_numpy(dtype)

    def to_sympy(self) -> Any:
        """Return a SymPy `ImmutableSparseNDimArray` of the exact values."""
        from reptheory.exact import output  # noqa: PLC0415  (SymPy loads only when asked for)

        return output.array_to_sympy(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SurdArray):
            return NotImplemented
        return (
            self.shape == other.shape
            and self.pi_power == other.pi_power
            and self.convention == other.convention
            and self.numerators == other.numerators
            and self.denominators == other.denominators
            and np.array_equal(self.indices, other.indices)
            and np.array_equal(self.i_powers, other.i_powers)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.pi_power, self.convention, self.numerators, self.denominators))

    def __neg__(self) -> SurdArray:
        return self * -1

    def __mul__(self, factor: object) -> SurdArray:
        """Return the array times one Surd, int or Fraction."""
        scale = factor if isinstance(factor, Surd) else None
        if scale is None:
            scale = Surd.rational(1) * factor  # a TypeError for what Surd does not know
        if not isinstance(scale, Surd):  # NumPy multiplies a Surd with each element of its arrays
            raise TypeError("*: a SurdArray takes one Surd, int or Fraction; for arrays use .to_numpy()")
        entries = {index: value * scale for index, value in self.items()}
        return SurdArray.from_entries(self.shape, entries, self.convention)

    __rmul__ = __mul__

    def transpose(self, axes: Sequence[int] | None = None) -> SurdArray:
        """Return the array with its axes permuted (reversed for None), as numpy.transpose does."""
        order = list(range(self.ndim))[::-1] if axes is None else [operator.index(axis) for axis in axes]
        if sorted(axis % max(self.ndim, 1) for axis in order) != list(range(self.ndim)):
            raise OperandError(f"axes: got {axes!r}; it must be a permutation of 0..{self.ndim - 1}")
        shape = [self.shape[axis] for axis in order]
        return self._rearranged(shape, self.indices[:, order], np.arange(self.nnz))

    def conjugate(self) -> SurdArray:
        """Return the complex conjugate of every entry."""
        signs = np.where(self.i_powers == 1, -1, 1).tolist()
        return SurdArray(
            self.shape,
            self.indices,
            [sign * numerator for sign, numerator in zip(signs, self.numerators, strict=True)],
            self.denominators,
            convention=self.convention,
            i_powers=self.i_powers,
            pi_power=self.pi_power,
        )

    def contract(
        self,
        other: SurdArray,
        axes: Axes,
        convention: Convention | None = None,
    ) -> SurdArray:
        """Sum products over pairs of axes exactly, as numpy.tensordot does.

        axes        n: the last n axes of self with the first n of other; or (axes of self, axes of other)
        convention  of the result; needed if the two conventions differ
        raises      OperandError: lengths differ; IncommensurableSurds: a sum is not one surd
        """
        if convention is None:
            require_same(self.convention, other.convention, "contract")
            convention = self.convention
        shape, sums = contracted(self, other, axes)
        return SurdArray.from_entries(shape, sums, convention)

    def __repr__(self) -> str:
        return f"SurdArray(shape={self.shape}, nnz={self.nnz}, convention={self.convention.name!r})"


def _rebuilt(
    shape: tuple[int, ...],
    indices: NDArray[np.int64],
    numerators: tuple[int, ...],
    denominators: tuple[int, ...],
    convention: Convention,
    i_powers: NDArray[np.uint8],
    pi_power: int,
) -> SurdArray:
    """Unpickle a SurdArray through its checks."""
    return SurdArray(
        shape,
        indices,
        numerators,
        denominators,
        convention=convention,
        i_powers=i_powers,
        pi_power=pi_power,
    )
