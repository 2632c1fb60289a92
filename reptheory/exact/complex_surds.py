"""Complex exact values: a pair of real surds, and arrays of them.

A rotation matrix at a rational quaternion has entries (p + i q) sqrt(r), p, q and r rational: both parts are
surds, though the entry itself is none (a `Surd` is real or imaginary). Sums and products
exist where both parts of the result are surds; others raise `IncommensurableSurds`.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from reptheory.errors import LabelError, OperandError
from reptheory.exact.arrays import SurdArray, require_copy
from reptheory.exact.surd import Surd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

    from reptheory.conventions import Convention
    from reptheory.exact.contraction import Axes

__all__ = ["ComplexSurd", "ComplexSurdArray"]

_ZERO = Surd.rational(0)
_I = Surd.sqrt(-1)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ComplexSurd:
    """The exact number real + i imag, both parts real surds.

    >>> ComplexSurd(Surd.rational(1), Surd.sqrt(2)) * ComplexSurd(Surd.rational(1), -Surd.sqrt(2))
    3
    """

    real: Surd
    imag: Surd = _ZERO

    def __post_init__(self) -> None:
        if not (self.real.is_real and self.imag.is_real):
            raise LabelError(
                f"ComplexSurd: got the parts {self.real!r} and {self.imag!r}; both must be real; "
                "build one from an imaginary surd with ComplexSurd.of(surd)"
            )

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return a Surd (real or imaginary), int, Fraction or ComplexSurd as a ComplexSurd."""
        if isinstance(value, ComplexSurd):
            return cls(value.real, value.imag)
        surd = value if isinstance(value, Surd) else Surd.rational(value)
        return cls(surd) if surd.is_real else cls(_ZERO, surd / _I)

    @property
    def abs_square(self) -> Surd:
        """The squared absolute value: real^2 + imag^2."""
        return self.real * self.real + self.imag * self.imag

    def conjugate(self) -> ComplexSurd:
        """Return the complex conjugate."""
        return ComplexSurd(self.real, -self.imag)

    def __add__(self, other: object) -> ComplexSurd:
        right = _operand(other)
        if right is None:
            return NotImplemented
        return ComplexSurd(self.real + right.real, self.imag + right.imag)

    __radd__ = __add__

    def __neg__(self) -> ComplexSurd:
        return ComplexSurd(-self.real, -self.imag)

    def __sub__(self, other: object) -> ComplexSurd:
        right = _operand(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: object) -> ComplexSurd:
        return -self + other

    def __mul__(self, other: object) -> ComplexSurd:
        right = _operand(other)
        if right is None:
            return NotImplemented
        real = self.real * right.real - self.imag * right.imag
        return ComplexSurd(real, self.real * right.imag + self.imag * right.real)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> ComplexSurd:
        right = _operand(other)
        if right is None:
            return NotImplemented
        product, size = self * right.conjugate(), right.abs_square
        return ComplexSurd(product.real / size, product.imag / size)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, complex):
            return self.real == other.real and self.imag == other.imag
        if isinstance(other, float):
            return self.real == other and not self.imag
        right = _operand(other)
        if right is None:
            return NotImplemented
        return self.real == right.real and self.imag == right.imag

    def __hash__(self) -> int:
        if not self.imag:
            return hash(self.real)
        if not self.real:
            return hash(self.imag * _I)
        return hash((self.real, self.imag))

    def __bool__(self) -> bool:
        return bool(self.real) or bool(self.imag)

    def __complex__(self) -> complex:
        return complex(float(self.real), float(self.imag))

    def to_sympy(self) -> Any:
        """Return the exact value as a SymPy expression."""
        return self.real.to_sympy() + (self.imag * _I).to_sympy()

    _sympy_ = to_sympy

    def to_arb(self, prec: int = 53) -> Any:
        """Return a python-flint ball `acb` that holds the value, from a working precision of `prec` bits."""
        import flint  # noqa: PLC0415  (an extension module: loaded when the first ball is needed)

        return flint.acb(self.real.to_arb(prec), self.imag.to_arb(prec))

    def __repr__(self) -> str:
        if not self.imag:
            return repr(self.real)
        imaginary = repr(self.imag * _I)
        if not self.real:
            return imaginary
        return (
            f"{self.real!r} {imaginary[0]} {imaginary[1:]}"
            if imaginary[0] == "-"
            else (f"{self.real!r} + {imaginary}")
        )


@dataclass(frozen=True, slots=True)
class ComplexSurdArray:
    """Immutable array of exact complex values real + i imag: two real `SurdArray` of one shape.

    Indexing with one int per axis gives a ComplexSurd.
    """

    real: SurdArray
    imag: SurdArray

    def __post_init__(self) -> None:
        alike = self.real.shape == self.imag.shape and self.real.convention == self.imag.convention
        if not (alike and self.real.is_real and self.imag.is_real):
            raise LabelError(
                f"ComplexSurdArray: got the parts {self.real!r} and {self.imag!r}; both must be real, of one "
                "shape and convention; build one from a SurdArray with ComplexSurdArray.of(array)"
            )

    @classmethod
    def of(cls, array: SurdArray | ComplexSurdArray) -> Self:
        """Return a SurdArray, its imaginary entries included, as a ComplexSurdArray."""
        if isinstance(array, ComplexSurdArray):
            return cls(array.real, array.imag)
        entries = dict(array.items())
        real = {index: value for index, value in entries.items() if value.is_real}
        imag = {index: value / _I for index, value in entries.items() if not value.is_real}
        parts = [SurdArray.from_entries(array.shape, part, array.convention) for part in (real, imag)]
        return cls(*parts)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.real.shape

    @property
    def convention(self) -> Convention:
        """What the axes mean."""
        return self.real.convention

    def __getitem__(self, index: tuple[int, ...]) -> ComplexSurd:
        real, imag = self.real[index], self.imag[index]
        if not (isinstance(real, Surd) and isinstance(imag, Surd)):
            raise LabelError(f"index: got {index!r}; give one int per axis (slice .real and .imag)")
        return ComplexSurd(real, imag)

    def conjugate(self) -> ComplexSurdArray:
        """Return the complex conjugate of every entry."""
        return ComplexSurdArray(self.real, -self.imag)

    def transpose(self, axes: Sequence[int] | None = None) -> ComplexSurdArray:
        """Return the array with its axes permuted (reversed for None), as numpy.transpose does."""
        return ComplexSurdArray(self.real.transpose(axes), self.imag.transpose(axes))

    def contract(
        self, other: SurdArray | ComplexSurdArray, axes: Axes, convention: Convention | None = None
    ) -> ComplexSurdArray:
        """Sum products over pairs of axes exactly; arguments and errors as for `SurdArray.contract`."""
        right = ComplexSurdArray.of(other)
        real = _sum(
            self.real.contract(right.real, axes, convention),
            -self.imag.contract(right.imag, axes, convention),
        )
        imag = _sum(
            self.real.contract(right.imag, axes, convention), self.imag.contract(right.real, axes, convention)
        )
        return ComplexSurdArray(real, imag)

    def __matmul__(self, other: SurdArray | ComplexSurdArray) -> ComplexSurdArray:
        return self.contract(other, 1)

    def to_numpy(self) -> NDArray[np.complex128]:
        """Return a new dense complex128 array, both parts of each entry correctly rounded."""
        dense = np.empty(self.shape, dtype=np.complex128)
        dense.real, dense.imag = self.real.to_numpy(np.float64), self.imag.to_numpy(np.float64)
        return dense

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[np.complex128]:
        """Return `to_numpy()` for np.asarray; OperandError for copy=False or a dtype but complex128."""
        require_copy("ComplexSurdArray", copy)
        if dtype is not None and np.dtype(dtype) != np.complex128:
            raise OperandError(
                f"dtype: got {np.dtype(dtype).name!r} for complex values; they are rounded to complex128; "
                "take .real or .imag for real ones"
            )
        return self.to_numpy()

    def to_sympy(self) -> Any:
        """Return a SymPy `ImmutableSparseNDimArray` of the exact values."""
        return self.real.to_sympy() + (self.imag * _I).to_sympy()


def _operand(value: object) -> ComplexSurd | None:
    """Return a number as a ComplexSurd; None for a type that it does not know."""
    if isinstance(value, ComplexSurd | Surd):
        return ComplexSurd.of(value)
    if isinstance(value, numbers.Rational):
        return ComplexSurd.of(+value)  # in arithmetic True is 1, as for Python's numbers
    return None


def _sum(left: SurdArray, right: SurdArray) -> SurdArray:
    """Add two arrays of one shape and convention, entry by entry."""
    entries = dict(left.items())
    for index, value in right.items():
        entries[index] = entries[index] + value if index in entries else value
    return SurdArray.from_entries(left.shape, entries, left.convention)
