"""Rotations: real Wigner matrices of a rational rotation, in Arb balls.

The integer quaternion (w, i, j, k), N = w^2 + i^2 + j^2 + k^2, stands for the rotation R: of spinors by
U / sqrt(N), U = ((w - i k, -j - i i), (j - i i, w + i k)), and of points by a matrix of rational numbers.
On functions (R f)(r) = f(R^-1 r), with coefficients x' = D x, Y(R r) = D Y(r), and in the complex basis

    D[m', m] = sqrt( (l+m')! (l-m')! / ((l+m)! (l-m)!) ) / N^l
               * [t^(l+m')] (U11 t + U21)^(l+m) (U12 t + U22)^(l-m)

[Schwinger, On Angular Momentum, 1952: monomials of two bosons]. No angle
and no coupling coefficient takes part. In the real basis of `conventions.REAL` D is real and orthogonal, and
for l = 1 it is R in the order (y, z, x).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.errors import OperandError
from reptheory.verify.enclosure import Enclosure, rounded_up
from reptheory.verify.exact_product import BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Rotation", "random_rotation"]


@dataclass(frozen=True)
class Rotation:
    """The rotation of an integer quaternion, with Wigner matrices to degree `lmax`.

    quaternion   (w, i, j, k), not all zero
    """

    quaternion: tuple[int, int, int, int]
    lmax: int

    def __post_init__(self) -> None:
        if not any(self.quaternion):
            raise OperandError("quaternion: got (0, 0, 0, 0); at least one component must differ from zero")

    @property
    def matrix(self) -> tuple[tuple[Fraction, ...], ...]:
        """R in the order (x, y, z), exactly.

        >>> Rotation((1, 0, 0, 1), 0).matrix[0]  # a quarter turn about z: x' = -y
        (Fraction(0, 1), Fraction(-1, 1), Fraction(0, 1))
        """
        w, i, j, k = self.quaternion
        norm = w * w + i * i + j * j + k * k
        rows = (
            (w * w + i * i - j * j - k * k, 2 * (i * j - w * k), 2 * (i * k + w * j)),
            (2 * (i * j + w * k), w * w - i * i + j * j - k * k, 2 * (j * k - w * i)),
            (2 * (i * k - w * j), 2 * (j * k + w * i), w * w - i * i - j * j + k * k),
        )
        return tuple(tuple(Fraction(entry, norm) for entry in row) for row in rows)

    @cached_property
    def wigner(self) -> tuple[Any, ...]:
        """D of each degree as an `arb_mat` (2l + 1, 2l + 1), rows and columns m = -l..l."""
        import flint  # noqa: PLC0415

        from reptheory.exact.arb import working_precision  # noqa: PLC0415

        w, i, j, k = self.quaternion
        with working_precision(BITS):
            first = flint.acb_poly([flint.acb(j, -i), flint.acb(w, -k)])
            second = flint.acb_poly([flint.acb(w, k), flint.acb(-j, -i)])
            powers = _powers(first, 2 * self.lmax), _powers(second, 2 * self.lmax)
            norm = flint.arb(w * w + i * i + j * j + k * k)
            return tuple(_real(_complex(degree, *powers, norm)) for degree in range(self.lmax + 1))

    @cached_property
    def magnitudes(self) -> tuple[NDArray[np.float64], ...]:
        """|D| of each degree, rounded up."""
        shapes = [(matrix.nrows(), matrix.ncols()) for matrix in self.wigner]
        return tuple(
            Enclosure.of_balls(matrix.entries(), shape).magnitude()
            for matrix, shape in zip(self.wigner, shapes, strict=True)
        )

    def apply(self, values: NDArray[Any], blocks: Sequence[tuple[int, int]]) -> Enclosure:
        """Rotate coefficients exactly.

        values   (samples, dim) floats, taken as exact
        blocks   (degree, first column) of every irrep; together they cover each column once
        returns  D values: (samples, dim)
        """
        import flint  # noqa: PLC0415

        from reptheory.exact.arb import working_precision  # noqa: PLC0415

        parts = [np.zeros(values.shape) for _ in range(3)]
        with working_precision(BITS):
            for degree, columns in _by_degree(blocks).items():
                vectors = values[:, columns].astype(np.float64)  # (samples, irreps, 2l + 1)
                flat = vectors.transpose(2, 0, 1).reshape(2 * degree + 1, -1)
                balls = flint.arb_mat(*flat.shape, [flint.arb(value) for value in flat.ravel().tolist()])
                turned = Enclosure.of_balls((self.wigner[degree] * balls).entries(), flat.shape)
                shape = (2 * degree + 1, *vectors.shape[:2])
                for part, found in zip(parts, (turned.high, turned.low, turned.radius), strict=True):
                    part[:, columns] = found.reshape(shape).transpose(1, 2, 0)
        return Enclosure(*parts)

    def spread(self, bound: NDArray[np.float64], blocks: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """Bound |D| bound from above: how far rotated coefficients move when each moves by `bound`."""
        result = np.zeros(bound.shape)
        for degree, columns in _by_degree(blocks).items():
            result[:, columns] = rounded_up(bound[:, columns] @ self.magnitudes[degree].T, 2 * degree + 2)
        return result


def random_rotation(generator: np.random.Generator, lmax: int) -> Rotation:
    """Draw a rotation: a normal 4-vector, uniform on the sphere, rounded to integers of about 8 bits."""
    while True:
        draw = np.rint(100 * generator.normal(size=4)).astype(int).tolist()
        if any(draw):
            return Rotation((draw[0], draw[1], draw[2], draw[3]), lmax)


def _by_degree(blocks: Sequence[tuple[int, int]]) -> dict[int, NDArray[np.int64]]:
    """Group irreps by degree: degree -> columns (irreps, 2l + 1)."""
    starts: dict[int, list[int]] = {}
    for degree, start in blocks:
        starts.setdefault(degree, []).append(start)
    return {degree: np.array(found)[:, None] + np.arange(2 * degree + 1) for degree, found in starts.items()}


def _powers(base: Any, most: int) -> list[Any]:
    """Return base^0 .. base^most."""
    powers = [base**0]
    for _ in range(most):
        powers.append(powers[-1] * base)
    return powers


def _complex(degree: int, first: list[Any], second: list[Any], norm: Any) -> list[list[Any]]:
    """Return D of one degree in the complex basis, [l + m'][l + m], as `acb` balls."""
    import flint  # noqa: PLC0415

    weights = [math.factorial(n) * math.factorial(2 * degree - n) for n in range(2 * degree + 1)]
    scale = 1 / norm**degree
    columns = []
    for n, weight in enumerate(weights):
        polynomial = first[n] * second[2 * degree - n]
        columns.append(
            [
                polynomial[p] * (flint.arb(flint.fmpq(other, weight)).sqrt() * scale)
                for p, other in enumerate(weights)
            ]
        )
    return [list(row) for row in zip(*columns, strict=True)]


def _phases(degree: int, row: int) -> list[tuple[int, int]]:
    """Return (column, power of i) of the conjugate of M, real harmonic = M complex, without its sqrt(1/2)."""
    m = row - degree
    if m == 0:
        return [(row, 0)]
    sign = 0 if m % 2 == 0 else 2
    if m > 0:
        return [(degree + m, sign), (degree - m, 0)]
    return [(degree - m, (1 + sign) % 4), (degree + m, 3)]


def _real(matrix: list[list[Any]]) -> Any:
    """Return conj(M) D M^T, which is real: an `arb_mat` of the size of D."""
    import flint  # noqa: PLC0415

    degree = len(matrix) // 2
    root = flint.arb(flint.fmpq(1, 2)).sqrt()
    phases = [_phases(degree, row) for row in range(len(matrix))]
    entries = []
    for left in phases:
        for right in phases:
            total = flint.arb(0)
            for p, power in left:
                for q, other in right:
                    total += _real_part(matrix[p][q], (power - other) % 4)
            entries.append(total * root ** (len(left) + len(right) - 2))
    return flint.arb_mat(len(matrix), len(matrix), entries)


def _real_part(value: Any, power: int) -> Any:
    """Return the real part of i^power value."""
    if power == 0:
        return value.real
    if power == 1:
        return -value.imag
    return -value.real if power == 2 else value.imag
