"""Checks: what must hold of every product, each with a tolerance that is proven, never chosen.

Errors are rounded up and compared elementwise with bounds that are rounded up; a check holds only if no
element exceeds its bound. Z is the exact product, z the computed one, |z - Z| <= b, D rotates coefficients.

error          |z - Z(x, y)| <= b, and <= the certificate of z
rotation       x' = round(D x), y' = round(D y):  |z(x', y') - D z(x, y)| <= b' + |D| b
               + S(dx, |y'|) + S(|x'|, dy) + S(dx, dy),   dx >= |x' - D x|,  S(a, c) = sum |C| a c
inversion      x'_lm = (-1)^l x_lm:  |z(x', y') - P z(x, y)| <= b + b', P the parities of the outputs
agreement      two methods:  |z1 - z2| <= b1 + b2
paths          see `paths`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reptheory.verify.enclosure import Enclosure, added_up
from reptheory.verify.exact_product import degree_slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reptheory.verify.candidates import Candidate
    from reptheory.verify.exact_product import Coupling
    from reptheory.verify.rotations import Rotation

__all__ = [
    "Check",
    "check_agreement",
    "check_certificate",
    "check_error",
    "check_inversion",
    "check_rotation",
    "check_tables",
    "difference",
    "judge",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Check:
    """What one check found.

    name      which check
    subject   what was checked
    holds     whether it holds
    figures   numbers behind it, by name
    """

    name: str
    subject: str
    holds: bool
    figures: Mapping[str, float] = field(default_factory=dict)


def difference(a: Array, b: Array) -> NDArray[np.float64]:
    """Bound |a - b| of two float arrays from above; inf where either is not finite."""
    left, right = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.where(left == right, 0.0, np.nextafter(np.abs(left - right), np.inf))
    return np.where(np.isfinite(left) & np.isfinite(right), gap, np.inf)


def judge(name: str, subject: str, error: Array, bound: Array, **figures: float) -> Check:
    """Compare errors with bounds elementwise.

    figures   worst_error and worst_bound (largest of each), tightness (their quotient; 0 without an error),
              closest (largest error / bound of one element) and exceeded (elements), beside those given
    """
    exceeded = ~(error <= bound)
    worst_error, worst_bound = float(error.max(initial=0.0)), float(bound.max(initial=0.0))
    share = np.divide(error, bound, out=np.zeros(error.shape), where=bound > 0)
    found = {
        "worst_error": worst_error,
        "worst_bound": worst_bound,
        "tightness": worst_bound / worst_error if worst_error else 0.0,
        "closest": float(share.max(initial=0.0)),
        "exceeded": int(exceeded.sum()),
        "elements": int(error.size),
    }
    return Check(name, subject, not exceeded.any(), {**found, **figures})


def check_error(candidate: Candidate, x: Array, y: Array, exact: Enclosure) -> tuple[Check, Array]:
    """Compare a product with the exact one; return the check and the computed product."""
    z, bound = candidate.bounded(x, y)
    return judge("error within its bound", candidate.label, exact.error(z), bound), z


def check_certificate(candidate: Candidate, x: Array, y: Array, z: Array, exact: Enclosure) -> Check:
    """Compare the error of a computed product with its certificate."""
    bound = candidate.certify(x, y, z)
    return judge("error within its certificate", candidate.label, exact.error(z), bound)


def check_rotation(candidate: Candidate, x: Array, y: Array, coupling: Coupling, rotation: Rotation) -> Check:
    """Rotate the operands, multiply, and compare with the rotated product (formula: top of this module)."""
    inputs = [(degree, degree * degree) for degree in range(candidate.lmax + 1)]
    turned, moved = [], []
    for operand in (x, y):
        exact = rotation.apply(operand, inputs)
        turned.append(exact.high.astype(operand.dtype))
        moved.append(exact.error(turned[-1]))
    z, bound = candidate.bounded(x, y)
    there, bound_there = candidate.bounded(turned[0], turned[1])
    error = rotation.apply(z, candidate.blocks).error(there)
    gaunt = candidate.family == "Gaunt"
    sizes = [np.abs(operand).astype(np.float64) for operand in turned]
    # S(dx, |y'|) + S(dx, dy) + S(|x'|, dy) = S(dx, |y'| + dy) + S(|x'|, dy)
    tolerance = added_up(
        bound_there,
        rotation.spread(bound, candidate.blocks),
        coupling.spread(moved[0], added_up(sizes[1], moved[1]), gaunt=gaunt),
        coupling.spread(sizes[0], moved[1], gaunt=gaunt),
    )
    return judge("equivariance under rotation", candidate.label, error, tolerance)


def check_inversion(candidate: Candidate, x: Array, y: Array) -> Check:
    """Invert space: degree l of the operands times (-1)^l must multiply every output by its parity."""
    signs = np.ones(x.shape[-1], dtype=x.dtype)
    for degree in range(1, candidate.lmax + 1, 2):
        signs[degree_slice(degree)] = -1
    z, bound = candidate.bounded(x, y)
    there, bound_there = candidate.bounded(signs * x, signs * y)
    expected = z * candidate.parities.astype(z.dtype)
    error = difference(there, expected)
    identical = float((there == expected).mean()) if there.size else 1.0
    return judge(
        "equivariance under inversion",
        candidate.label,
        error,
        added_up(bound, bound_there),
        identical=identical,
    )


def check_agreement(members: Sequence[Candidate], x: Array, y: Array) -> tuple[Check, ...]:
    """Compare candidates that compute the same product of the same operands, each with each."""
    results = [(candidate, *candidate.bounded(x, y)) for candidate in members]
    checks = []
    for (one, z1, b1), (other, z2, b2) in combinations(results, 2):
        subject = f"{one.family} {one.precision}: {one.method} and {other.method}"
        checks.append(judge("methods agree", subject, difference(z1, z2), added_up(b1, b2)))
    return tuple(checks)


def check_tables(names: Sequence[tuple[str, int]]) -> tuple[Check, ...]:
    """Prove every float of the tables (kind, lmax) from its integers, and those from a fresh computation."""
    from reptheory.build.certify import certify_table  # noqa: PLC0415
    from reptheory.build.library import load_table  # noqa: PLC0415

    checks = []
    for kind, lmax in names:
        certificate = certify_table(load_table(kind, lmax))
        figures = {"rows": certificate.rows, "floats": certificate.floats}
        checks.append(Check("table correctly rounded", str(certificate.key), certificate.holds, figures))
    return tuple(checks)
