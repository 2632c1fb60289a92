"""Harmonics at points and D matrices: exact values as balls, in the convention that fits best.

The points and angles are taken as the exact numbers that the floats are. Balls of 128 bits and more hold the
values of our convention; the exact matrices of `bases` take them to the one that is audited, and the middle
of a narrow ball is rounded once. A ball that holds 0 stands for 0. Differences are measured in units of the
last place of the largest value: nobody computes the sine of pi to a last place of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.auditing.coupling_readings import wrong_entries
from reptheory.build.auditing.report import Label
from reptheory.build.auditing.tally import Explanation, Piece
from reptheory.conversion import registry
from reptheory.conversion.angles import zyz_angles
from reptheory.conversion.bases import ExactMatrix, harmonics_matrix, orders
from reptheory.conversion.foreign_files import Foreign
from reptheory.conversion.identify import (
    harmonics_candidates,
    points_of,
    quaternion_angles,
    rotation_candidates,
)
from reptheory.conversion.precision import nearest, precision_of
from reptheory.conversion.registry import CONVENTIONS, PackageConvention
from reptheory.conversion.resemblance import Candidate
from reptheory.errors import OperandError
from reptheory.exact.arb import fraction_ball, working_precision
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.half_angles import wigner_d_polynomial
from reptheory.exact.solid_harmonics import solid_harmonic

__all__ = ["value_explanation"]

_BITS: Final = 192
Balls = list[list[Any]]
_COMPLEX, _REAL = CONVENTIONS["complex"], CONVENTIONS["real"]


def value_explanation(
    foreign: Foreign, named: str | PackageConvention | None, given: Mapping[str, Any]
) -> Explanation:
    """Return the convention that fits values at points or a D matrix best, and the exact values of it.

    given    points, angles or quaternion, as `identify` takes them
    raises   OperandError: a file with several arrays, or a shape that does not fit
    """
    if len(foreign.arrays) != 1:
        raise OperandError(f"audit: got {len(foreign.arrays)} arrays; values and D matrices are one array")
    ((where, array),) = foreign.arrays.items()
    if given["points"] is not None:
        return _harmonics(where, array, points_of(given["points"]), named)
    return _rotation(where, array, given["angles"], given["quaternion"], named)


def _harmonics(
    where: str, array: NDArray[Any], points: NDArray[np.float64], named: str | PackageConvention | None
) -> Explanation:
    """Explain values of harmonics at points, one row a point."""
    ways = harmonics_candidates(array, points)
    chosen = [(*_best(flat, options, named), flat, degrees) for flat, degrees, options in ways]
    share, alike, flat, degrees = min(chosen, key=lambda way: way[0])
    one = CONVENTIONS[alike[0][0].convention]
    labels = [(ell, m) for ell in degrees for m in orders(one, ell)]
    return _explained(
        where, flat, share, alike, ("point", "l", "m"),
        lambda: _harmonic_balls(one, points, degrees), lambda place: (place[0], *labels[place[1]]),
    )  # fmt: skip


def _rotation(
    where: str, array: NDArray[Any], angles: Any, quaternion: Any, named: str | PackageConvention | None
) -> Explanation:
    """Explain a D matrix."""
    share, alike = _best(array, rotation_candidates(array, angles, quaternion), named)
    match, _, (rows, columns) = alike[0]
    one, spin = CONVENTIONS[match.convention], Fraction(len(array) - 1, 2)

    def balls() -> Balls:
        matrix = (
            _by_angles(one, spin, angles) if quaternion is None else _by_quaternion(one, spin, quaternion)
        )
        if match.conjugate:
            matrix = [[ball.conjugate() for ball in row] for row in matrix]
        return (
            [[ball.conjugate() for ball in row] for row in _transposed(matrix)] if match.inverse else matrix
        )

    return _explained(
        where, array, share, alike, ("j", "m_row", "m_column"),
        balls, lambda place: (_label(spin), rows[place[0]], columns[place[1]]),
    )  # fmt: skip


def _label(spin: Fraction) -> Label:
    return int(spin) if spin.denominator == 1 else spin


def _best(
    array: NDArray[Any], options: list[Candidate], named: str | PackageConvention | None
) -> tuple[float, list[Candidate]]:
    """Return the smallest share of wrong entries, and the candidates that have it, of a named one only."""
    if named is not None:
        name = registry.convention(named).name
        options = [option for option in options if option[0].convention == name]
    options = [option for option in options if option[1].shape == array.shape]
    if not options:
        raise OperandError("convention: this one has no values of the kind and shape of these")
    counts = [wrong_entries([(array, expected)], 1.0) for _, expected, _ in options]
    alike = [option for option, count in zip(options, counts, strict=True) if count == min(counts)]
    return min(counts) / (array.size or 1), [one for one in alike if one[0].manner == alike[0][0].manner]


def _explained(
    where: str,
    array: NDArray[Any],
    share: float,
    alike: list[Candidate],
    names: tuple[str, ...],
    balls: Callable[[], Balls],
    labels: Callable[[tuple[int, ...]], tuple[Label, ...]],
) -> Explanation:
    """Return the explanation of one array by candidates that are as good."""
    match, precision = alike[0][0], precision_of(array.dtype)
    manner = f" ({match.manner})" if match.manner else ""
    conventions = tuple(option[0].convention for option in alike)

    def pieces() -> Iterator[Piece]:
        with working_precision(_BITS):
            values: NDArray[Any] = _floats(balls())
        values = values if array.dtype.kind == "c" or values.imag.any() else values.real
        yield Piece(where, array, nearest(values, precision), labels, by_largest=True)

    return Explanation(match.kind + manner, conventions, 1.0, share, precision, names, 1, pieces)


def _floats(balls: Balls) -> NDArray[np.complex128]:
    """Return the middles of balls, rounded to float64; 0 for those that hold it."""

    def middle(ball: Any) -> float:
        return 0.0 if ball.contains(0) else float(ball.mid())

    return np.array([[complex(middle(ball.real), middle(ball.imag)) for ball in row] for row in balls])


def _transposed(balls: Balls) -> Balls:
    return [list(column) for column in zip(*balls, strict=True)]


def _harmonic_balls(one: PackageConvention, points: NDArray[np.float64], degrees: Sequence[int]) -> Balls:
    """Return the harmonics of a convention at the directions of points: one row a point."""
    import flint  # noqa: PLC0415

    rows: Balls = []
    for point in points.tolist():
        x, y, z = (fraction_ball(Fraction(part)) for part in point)
        radius, row = (x * x + y * y + z * z).sqrt(), []
        for ell in degrees:
            ours = []
            for m in range(-ell, ell + 1):
                terms = solid_harmonic(ell, m, "real").terms
                total = sum(
                    (value.to_arb(_BITS) * x**a * y**b * z**c for (a, b, c), value in terms), flint.arb(0)
                )
                ours.append(flint.acb(total / radius**ell))
            row += _times(harmonics_matrix(_REAL, one, ell), [[ball] for ball in ours])
        rows.append([ball for (ball,) in row])
    return rows


def _times(matrix: ExactMatrix, balls: Balls) -> Balls:
    """Multiply an exact matrix with one of balls."""
    import flint  # noqa: PLC0415

    result = [[flint.acb(0)] * len(balls[0]) for _ in balls]
    for (row, column), value in matrix.entries.items():
        both = ComplexSurd.of(value)
        factor = flint.acb(both.real.to_arb(_BITS), both.imag.to_arb(_BITS))
        result[row] = [old + factor * ball for old, ball in zip(result[row], balls[column], strict=True)]
    return result


def _by_angles(one: PackageConvention, spin: Fraction, angles: Any) -> Balls:
    """Return D of three angles, as a convention calls it; the angles turn about its own polar axis."""
    exact = zyz_angles(one, np.array([float(angle) for angle in angles])).tolist()
    upright = replace(one, polar_axis="z") if one.angles == "yxy" else one
    return _in_convention(upright, spin, _balls(spin, [fraction_ball(Fraction(part)) for part in exact]))


def _by_quaternion(one: PackageConvention, spin: Fraction, quaternion: Any) -> Balls:
    """Return D of a rotation of space, in a convention; the quaternion need not have the norm 1."""
    import flint  # noqa: PLC0415

    quaternion_angles(quaternion)  # refuses what is none
    a, b, c, d = (fraction_ball(Fraction(float(part))) for part in quaternion)
    plus, minus = flint.arb.atan2(d, a), flint.arb.atan2(-b, c)
    beta = 2 * flint.arb.atan2((b * b + c * c).sqrt(), (a * a + d * d).sqrt())
    return _in_convention(one, spin, _balls(spin, [plus + minus, beta, plus - minus]))


def _balls(spin: Fraction, angles: list[Any]) -> Balls:
    """Return D(alpha, beta, gamma) = e^(-i m alpha) d(beta) e^(-i m' gamma) of our complex basis."""
    import flint  # noqa: PLC0415

    alpha, beta, gamma = angles
    span = [-spin + step for step in range(int(2 * spin) + 1)]

    def turned(m: Fraction, angle: Any) -> Any:
        return flint.acb(0, -angle * m.numerator / m.denominator).exp()

    return [
        [
            turned(m, alpha) * wigner_d_polynomial(spin, m, n).to_arb(beta, _BITS) * turned(n, gamma)
            for n in span
        ]
        for m in span
    ]


def _in_convention(one: PackageConvention, spin: Fraction, balls: Balls) -> Balls:
    """Return conj(C) D C^T, the same rotation in the basis of a convention."""
    if spin.denominator == 2:
        return [row[::-1] for row in balls[::-1]] if one.order == "descending" else balls
    unit = harmonics_matrix(_COMPLEX, one, int(spin), unit=True)
    half = _times(unit.conjugate, balls)
    return _transposed(_times(unit, _transposed(half)))
