"""Direct sums of irreps with multiplicities, for every group: what does not depend on its labels.

A feature vector of a direct sum is [x[entry][copy][m] for entry in irreps for copy in range(mul) for m in
the components of the irrep], flattened: `slices` says where each entry lies. A group's own sum states how its
labels read (`label`, `_term`, `_is_label`, `_GRAMMAR`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import (
    Any,
    ClassVar,
    Generic,
    NamedTuple,
    Protocol,
    Self,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    overload,
)

from reptheory.errors import LabelError
from reptheory.groups.labels import shown, whole

__all__ = ["AnyDirectSum", "AnyLabel", "DirectSum", "MulIr", "Sorted"]


class AnyLabel(Protocol):
    """A label of a direct sum: immutable, hashable, ordered."""

    @property
    def dim(self) -> int:
        """The dimension of the irrep."""

    def __lt__(self, other: Any, /) -> bool: ...


Label = TypeVar("Label", bound=AnyLabel)
Sum = TypeVar("Sum")


class MulIr(NamedTuple, Generic[Label]):
    """One entry of a direct sum: `mul` copies of the irrep `ir`."""

    mul: int
    ir: Label

    @property
    def dim(self) -> int:
        """The dimension of all copies."""
        return self.mul * self.ir.dim

    def __repr__(self) -> str:
        return f"{shown(self.mul)}x{self.ir}"


class Sorted(NamedTuple, Generic[Sum]):
    """What `sort` returns: entry i went to position p[i]; position k holds entry inv[k]."""

    irreps: Sum
    p: tuple[int, ...]
    inv: tuple[int, ...]


@dataclass(frozen=True, slots=True, init=False, repr=False)
class DirectSum(Generic[Label]):
    """Direct sum of irreps of one group with multiplicities, in a fixed order.

    A sequence of `MulIr`: len, iteration, indexing and slices work entry by entry, `in` asks for an irrep.
    """

    entries: tuple[MulIr[Label], ...]
    __array_ufunc__: ClassVar[None] = None  # numpy integers leave products to __rmul__
    _GRAMMAR: ClassVar[str]

    def __init__(self, irreps: object = None) -> None:
        object.__setattr__(self, "entries", self._entries(irreps))

    @classmethod
    @abstractmethod
    def label(cls, value: object) -> Label:
        """Return the label that `value` states, or raise LabelError."""

    @classmethod
    @abstractmethod
    def _term(cls, text: str) -> tuple[int | None, Label]:
        """Return (mul or None, label) of one term of the grammar, or raise LabelError."""

    @staticmethod
    @abstractmethod
    def _is_label(value: object) -> bool:
        """Say whether value is a label by itself."""

    @property
    def dim(self) -> int:
        """The total dimension, the copies of every entry counted."""
        return sum(entry.dim for entry in self.entries)

    @property
    def num_irreps(self) -> int:
        """The number of irreps, copies counted."""
        return sum(entry.mul for entry in self.entries)

    def slices(self) -> list[slice]:
        """Return, entry by entry, where it lies on an axis of length `dim`.

        >>> from reptheory import Irreps
        >>> Irreps("2x0e + 1e").slices()
        [slice(0, 2, None), slice(2, 5, None)]
        """
        slices, start = [], 0
        for entry in self.entries:
            slices.append(slice(start, start + entry.dim))
            start += entry.dim
        return slices

    def count(self, ir: object) -> int:
        """Return the number of copies of `ir` over all entries."""
        wanted = self.label(ir)
        return sum(entry.mul for entry in self.entries if entry.ir == wanted)

    def sort(self) -> Sorted[Self]:
        """Sort by label, of O(3) odd before even; entries of one irrep keep their order and stay apart.

        >>> from reptheory import Irreps
        >>> Irreps("2o + 1e + 0e + 1e").sort()
        Sorted(irreps=1x0e+1x1e+1x1e+1x2o, p=(3, 1, 0, 2), inv=(2, 1, 3, 0))
        """
        inv = tuple(sorted(range(len(self.entries)), key=lambda index: self.entries[index].ir))
        p = tuple(sorted(range(len(inv)), key=inv.__getitem__))
        return Sorted(type(self)(self.entries[index] for index in inv), p, inv)

    def simplify(self) -> Self:
        """Merge neighbouring entries of one irrep and drop empty ones; the order stays.

        >>> from reptheory import Irreps
        >>> Irreps("1e + 1e + 0e + 1e").simplify()
        2x1e+1x0e+1x1e
        """
        merged: list[MulIr[Label]] = []
        for mul, ir in self.entries:
            if merged and merged[-1].ir == ir:
                merged[-1] = MulIr(merged[-1].mul + mul, ir)
            elif mul:
                merged.append(MulIr(mul, ir))
        return type(self)(merged)

    def regroup(self) -> Self:
        """Sort, then simplify: one entry an irrep."""
        return self.sort().irreps.simplify()

    def remove_zero_multiplicities(self) -> Self:
        """Drop the entries with no copy."""
        return type(self)(entry for entry in self.entries if entry.mul)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[MulIr[Label]]:
        return iter(self.entries)

    @overload
    def __getitem__(self, index: SupportsIndex) -> MulIr[Label]: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> MulIr[Label] | Self:
        return type(self)(self.entries[index]) if isinstance(index, slice) else self.entries[index]

    def __contains__(self, ir: object) -> bool:
        wanted = self.label(ir)
        return any(entry.ir == wanted for entry in self.entries)

    def __add__(self, other: object) -> Self:
        return type(self)(self.entries + self._entries(other))

    def __radd__(self, other: object) -> Self:
        return type(self)(self._entries(other) + self.entries)

    def __mul__(self, times: object) -> Self:
        if isinstance(times, DirectSum | str) or self._is_label(times):
            raise LabelError(
                f"irreps: got a factor {shown(times)}; `*` repeats a direct sum an integer number of times; "
                "for the tensor product use FullTensorProduct"
            )
        return type(self)(self.entries * whole(times, "times"))

    def __rmul__(self, times: object) -> Self:
        return self * times

    def __repr__(self) -> str:
        return "+".join(map(repr, self.entries))

    @classmethod
    def _entries(cls, value: Any) -> tuple[MulIr[Label], ...]:
        """Return the entries that `value` states, in any form the class reads."""
        if value is None:
            return ()
        if isinstance(value, cls):
            return value.entries
        if isinstance(value, str):
            return tuple(map(cls._entry, value.split("+"))) if value.strip() else ()
        if _is_mul_ir(value) or cls._is_label(value):
            return (cls._entry(value),)
        if isinstance(value, Iterable) and not isinstance(value, bytes):
            return tuple(map(cls._entry, value))
        raise LabelError(
            f"irreps: got {shown(value)}; it must be irreps or (mul, irrep) pairs; {cls._GRAMMAR}"
        )

    @classmethod
    def _entry(cls, value: Any) -> MulIr[Label]:
        """Return one entry from a term, an irrep, or a pair (mul, irrep)."""
        if _is_mul_ir(value):
            return MulIr(whole(value.mul, "mul"), cls.label(value.ir))
        if isinstance(value, str):
            mul, ir = cls._term(value)
            return MulIr(1 if mul is None else mul, ir)
        if cls._is_label(value):
            return MulIr(1, cls.label(value))
        if isinstance(value, tuple | list) and len(value) == 2:
            return MulIr(whole(value[0], "mul"), cls.label(value[1]))
        raise LabelError(
            f"irreps: got the entry {shown(value)}; it must be an irrep or (mul, irrep); {cls._GRAMMAR}"
        )


AnyDirectSum: TypeAlias = DirectSum[Any]


def _is_mul_ir(value: object) -> bool:
    """Say whether value is an irrep with its multiplicity: ours, e3nn's or e3nn-jax's."""
    return hasattr(value, "mul") and hasattr(value, "ir")
