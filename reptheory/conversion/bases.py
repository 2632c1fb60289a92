"""Exact matrices between the harmonics of two conventions, degree by degree.

With S_l the column of our real harmonics, P the turn of the axes x -> y -> z -> x (quaternion (1, 1, 1, 1)),
and U = `real_from_complex`, a convention has

    B_l[k] = f(l, m) (W D)[m, :] S_l,   m = order[k],    W = 1 or U^+ (complex),   D = 1 or D(P) (polar axis
                                        y)

so S at (z, x, y) is D(P) S. Between two conventions every factor that both share drops out:

    B_target = T B_source,   T[k', k] = f'(m') (W' D' D^-1 W^-1)[m', m] / f(m)

Values of harmonics change by T, coefficients of a function by its inverse transposed. What is no function but
transforms under rotations (features, states) changes by the conjugate of T without the factors f, as
docs/conventions.md says for coefficients of unit harmonics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import harmonic_convention
from reptheory.conversion.registry import PackageConvention
from reptheory.errors import LabelError
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.normalization import factors_of_degree
from reptheory.exact.real_basis import real_row
from reptheory.exact.rotation_matrices import real_rotation_matrix
from reptheory.exact.surd import Surd
from reptheory.immutable import immutable

__all__ = [
    "Exact",
    "ExactMatrix",
    "factors",
    "harmonics_matrix",
    "has_spins",
    "orders",
    "plain",
    "require_spins",
]

Exact = Surd | ComplexSurd
Entries = Mapping[tuple[int, int], Exact]
_SMALL, _LARGE = 16, 64  # degrees of which many matrices are kept, and a few
_ONE = Surd.rational(1)
_AXES = (1, 1, 1, 1)  # x -> y -> z -> x


@dataclass(frozen=True, eq=False)
class ExactMatrix:
    """The matrix of one degree by its nonzero entries; what follows from them is made once.

    degree    l; the matrix has 2l + 1 rows and columns
    entries   (row, column) to value
    """

    degree: int
    entries: Entries

    @cached_property
    def floats(self) -> NDArray[Any]:
        """The matrix as an immutable float64 or complex128 array, each part correctly rounded."""
        size = 2 * self.degree + 1
        result = np.zeros((size, size), np.complex128)
        for place, value in self.entries.items():
            result[place] = complex(value)
        return immutable(result if result.imag.any() else np.ascontiguousarray(result.real))

    @cached_property
    def columns(self) -> Mapping[int, list[tuple[int, Exact]]]:
        """The entries (row, value) of each column."""
        found: dict[int, list[tuple[int, Exact]]] = {}
        for (row, column), value in self.entries.items():
            found.setdefault(column, []).append((row, value))
        return MappingProxyType(found)

    @cached_property
    def conjugate(self) -> ExactMatrix:
        """The complex conjugate."""
        return ExactMatrix(self.degree, {place: value.conjugate() for place, value in self.entries.items()})

    @cached_property
    def transposed(self) -> ExactMatrix:
        """The transpose."""
        return ExactMatrix(self.degree, {(i, j): value for (j, i), value in self.entries.items()})


def has_spins(convention: PackageConvention) -> bool:
    """Say whether the words of a convention mean something for half-integer spins."""
    flat = convention.layout == "flat" and convention.polar_axis == "z"
    return flat and convention.basis == "complex" and convention.order in ("ascending", "descending")


def require_spins(convention: PackageConvention) -> None:
    """Raise LabelError where a convention has whole degrees only."""
    if not has_spins(convention):
        raise LabelError(f"{convention.name} has whole degrees only; name a convention of the complex basis")


def orders(convention: PackageConvention, degree: Any) -> tuple[Any, ...]:
    """Return the orders m of one degree as the convention lists them; of a half-integer spin, as Fractions.

    raises  LabelError: a half, where a convention has whole degrees only
    """
    words = convention.order
    if degree % 1:
        require_spins(convention)
        top = int(2 * degree)
        halves = tuple(Fraction(two_m, 2) for two_m in range(-top, top + 1, 2))
        return halves[::-1] if words == "descending" else halves
    degree = int(degree)
    if degree == 1 and "p as xyz" in words:
        return (1, -1, 0)
    if words == "cartesian":
        return (*(sign * m for m in range(degree, 0, -1) for sign in (1, -1)), 0)
    if words.startswith("zero first"):
        signs = (-1, 1) if "minus" in words else (1, -1)
        return (0, *(sign * m for m in range(1, degree + 1) for sign in signs))
    ascending = tuple(range(-degree, degree + 1))
    return ascending[::-1] if words == "descending" else ascending


def factors(convention: PackageConvention, degree: int) -> dict[int, Surd]:
    """Return f(l, m) by m: normalisation and phase, against S_lm or Y_lm."""
    phase = None if convention.phase == "znm" else convention.phase
    stated = harmonic_convention(convention.basis, convention.normalization, phase)
    found = dict(zip(range(-degree, degree + 1), factors_of_degree(degree, stated), strict=True))
    if convention.phase == "znm":
        found = {m: -value if m < 0 or m % 2 else value for m, value in found.items()}
    return found


def harmonics_matrix(
    source: PackageConvention,
    target: PackageConvention,
    degree: int,
    *,
    unit: bool = False,
    axes: bool = True,
) -> ExactMatrix:
    """Return T of the module docstring: B_target = T B_source.

    unit    leave out the normalisation, but not its signs
    axes    False leaves out the turn of the axes: for tensors that no rotation changes
    """
    make = _small if degree <= _SMALL else _large if degree <= _LARGE else _matrix
    return make(source, target, degree, unit, axes)


def _matrix(
    source: PackageConvention, target: PackageConvention, degree: int, unit: bool, axes: bool
) -> ExactMatrix:
    """Return T; see `harmonics_matrix`."""
    core = _core(source, target, degree, axes)
    ours, theirs = factors(target, degree), factors(source, degree)
    if unit:
        ours, theirs = _signs(ours), _signs(theirs)
    rows = {m: k for k, m in enumerate(orders(target, degree))}
    columns = {m: k for k, m in enumerate(orders(source, degree))}
    entries = {(rows[m], columns[n]): value * (ours[m] / theirs[n]) for (m, n), value in core.items()}
    return ExactMatrix(degree, MappingProxyType(entries))


_small = lru_cache(maxsize=512)(_matrix)
_large = lru_cache(maxsize=48)(_matrix)


def _signs(values: dict[int, Surd]) -> dict[int, Surd]:
    return {m: Surd.rational(value.sign) for m, value in values.items()}


def _core(
    source: PackageConvention, target: PackageConvention, degree: int, axes: bool
) -> dict[tuple[int, int], Exact]:
    """Return W' D' D^-1 W^-1, labelled by orders m."""
    turned = axes and source.polar_axis != target.polar_axis
    span = range(-degree, degree + 1)
    if not turned:
        if source.basis == target.basis:
            return {(m, m): _ONE for m in span}
        return _from_complex(degree) if source.basis == "complex" else _to_complex(degree)
    matrix = real_rotation_matrix(degree, _AXES)
    matrix = matrix if target.polar_axis == "y" else matrix.transpose()
    core: dict[tuple[int, int], Exact] = {(i - degree, j - degree): value for (i, j), value in matrix.items()}
    if target.basis == "complex":
        core = _product(_to_complex(degree), core)
    return core if source.basis == "real" else _product(core, _from_complex(degree))


def _from_complex(degree: int) -> dict[tuple[int, int], Exact]:
    """Return U: S = U Y."""
    return {(m, n): value for m in range(-degree, degree + 1) for n, value in real_row(m)}


def _to_complex(degree: int) -> dict[tuple[int, int], Exact]:
    """Return the inverse of U: Y = U^+ S."""
    return {(n, m): value.conjugate() for (m, n), value in _from_complex(degree).items()}


def _product(left: Entries, right: Entries) -> dict[tuple[int, int], Exact]:
    """Multiply two matrices given by their entries; sums of complex values keep both parts."""
    rows: dict[int, list[tuple[int, Exact]]] = {}
    for (i, k), value in right.items():
        rows.setdefault(i, []).append((k, value))
    sums: dict[tuple[int, int], ComplexSurd] = {}
    for (i, j), value in left.items():
        for k, other in rows.get(j, ()):
            term = ComplexSurd.of(value) * ComplexSurd.of(other)
            sums[i, k] = sums[i, k] + term if (i, k) in sums else term
    return {place: plain(value) for place, value in sums.items() if value}


def plain(value: Exact) -> Exact:
    """Return a complex value with one part as the Surd that it is."""
    if isinstance(value, Surd):
        return value
    if not value.imag:
        return value.real
    return value if value.real else value.imag * Surd.sqrt(-1)
