"""What each convention says a tensor should be, to compare with, and who is worth comparing with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.angles import zyz_angles
from reptheory.conversion.bases import harmonics_matrix, require_spins
from reptheory.conversion.convert_arrays import COUPLINGS, convert_arrays
from reptheory.conversion.precision import precision_of
from reptheory.conversion.registry import CONVENTIONS, PackageConvention
from reptheory.errors import LabelError
from reptheory.exact.arrays import SurdArray
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.exact.coupling import coupling_block
from reptheory.exact.wigner_d import wigner_d_pi_half
from reptheory.immutable import immutable

__all__ = [
    "TOLERANCE",
    "candidates",
    "coupling_floats",
    "exact_coupling",
    "harmonics_floats",
    "meaning",
    "rotation_floats",
    "tolerance_of",
    "with_other_orders",
]

TOLERANCE: Final = 2.0**-16
"""Entries closer than this, times the largest one, agree: twelve bits are left for the errors of float32."""

_TOLERANCES: Final = {"float16": 2.0**-9, "bfloat16": 2.0**-6}  # of eleven and of eight bits

Path = tuple[Any, Any, Any]
_REAL, _COMPLEX = CONVENTIONS["real"], CONVENTIONS["complex"]


def tolerance_of(dtype: np.dtype[Any]) -> float:
    """Return how close entries of a precision are, over the largest one, where they agree."""
    return _TOLERANCES.get(precision_of(dtype), TOLERANCE)


def candidates(kind: str | None) -> Iterator[tuple[str, PackageConvention]]:
    """Yield every (kind, convention) that a coupling tensor may follow, ours first."""
    kinds = COUPLINGS if kind is None else (kind,)
    if kind is not None and kind not in COUPLINGS:
        raise LabelError(f"kind: got {kind!r}; a tensor with three axes is one of {', '.join(COUPLINGS)}")
    for name in kinds:
        for one in CONVENTIONS.values():
            if name == "gaunt" or (one.paths != "none" and not one.is_variant):
                yield name, one


def with_other_orders(one: PackageConvention) -> Iterator[PackageConvention]:
    """Yield a convention with m in each order that people use."""
    for order in ("ascending", "descending", "cartesian", "zero first", "zero first, minus before plus"):
        yield replace(one, name=f"{one.name} with m {order}", order=order)


def meaning(kind: str, one: PackageConvention) -> tuple[str, ...]:
    """Return what decides the numbers of a coupling tensor; conventions that agree in it give the same."""
    if kind == "gaunt":
        return kind, one.basis, one.order, one.phase, one.normalization
    return kind, one.basis, one.order, one.phase, one.paths


@lru_cache(maxsize=1024)
def _first(kind: str, one: PackageConvention) -> PackageConvention:
    """Return the first convention of the registry with the same coupling tensors, or this one."""
    what = meaning(kind, one)
    return next((other for name, other in candidates(kind) if meaning(name, other) == what), one)


@lru_cache(maxsize=2048)
def exact_coupling(kind: Any, one: PackageConvention, path: Path) -> SurdArray | ComplexSurdArray:
    """Return the exact coupling tensor of one path in a convention; halves where it has spins."""
    halves = any(label % 1 for label in path)
    if halves:
        require_spins(one)
    block = coupling_block(kind, *path, basis=one.basis)
    if halves:
        return block[::-1, ::-1, ::-1] if one.order == "descending" else block
    converted: SurdArray | ComplexSurdArray = convert_arrays(block, None, one, kind, path)
    return converted


def coupling_floats(kind: Any, one: PackageConvention, path: Path) -> NDArray[Any]:
    """Return the coupling tensor of one path in a convention, accurate to a few units of the last place."""
    return _floats(kind, _first(kind, one), path)


@lru_cache(maxsize=4096)
def _floats(kind: Any, one: PackageConvention, path: Path) -> NDArray[Any]:
    if any(label % 1 for label in path):
        return immutable(np.asarray(exact_coupling(kind, one, path).to_numpy()))
    ours = _REAL if one.basis == "real" else _COMPLEX
    values: NDArray[Any] = convert_arrays(_canonical_floats(kind, path, one.basis), ours, one, kind, path)
    return immutable(values)


@lru_cache(maxsize=1024)
def _canonical_floats(kind: Any, path: Path, basis: Any) -> NDArray[Any]:
    return coupling_block(kind, *path, basis=basis).to_numpy()


def real_harmonics(points: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """Return S_lm at unit vectors: (n, 3) to (n, 2l+1), m ascending, by SciPy's sph_harm_y."""
    from scipy.special import sph_harm_y  # noqa: PLC0415  (most calls need no harmonics)

    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    theta, phi = np.arctan2(np.hypot(unit[:, 0], unit[:, 1]), unit[:, 2]), np.arctan2(unit[:, 1], unit[:, 0])
    columns = np.stack([sph_harm_y(degree, m, theta, phi) for m in range(-degree, degree + 1)], axis=1)
    matrix = harmonics_matrix(_COMPLEX, _REAL, degree).floats
    values: NDArray[np.float64] = (columns @ matrix.T).real
    return values


def harmonics_floats(
    one: PackageConvention, points: NDArray[np.float64], degrees: Sequence[int]
) -> list[NDArray[Any]]:
    """Return the harmonics of a convention at points, one array (n, 2l+1) for each degree."""
    return [real_harmonics(points, ell) @ harmonics_matrix(_REAL, one, ell).floats.T for ell in degrees]


def rotation_floats(one: PackageConvention, degree: Any, angles: Sequence[float]) -> NDArray[Any]:
    """Return what a convention calls D(alpha, beta, gamma); degree may be a half where it has spins."""
    alpha, beta, gamma = zyz_angles(one, np.array(angles, dtype=np.float64)).tolist()
    orders = np.arange(-float(degree), float(degree) + 1)
    half = _half_turn(degree)
    small = 1j ** (orders - orders[:, None]) * ((half * np.exp(-1j * orders * beta)) @ half.T)
    matrix: NDArray[Any] = np.exp(-1j * alpha * orders)[:, None] * small * np.exp(-1j * gamma * orders)
    if degree % 1:
        require_spins(one)
        return matrix[::-1, ::-1] if one.order == "descending" else matrix
    upright = replace(one, polar_axis="z") if one.angles == "yxy" else one
    values: NDArray[Any] = convert_arrays(matrix, _COMPLEX, upright, "rotation")
    return values


@lru_cache(maxsize=32)
def _half_turn(degree: Any) -> NDArray[np.float64]:
    return wigner_d_pi_half(degree).to_numpy()
