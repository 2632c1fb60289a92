"""Ring functions: the factors of the harmonics on rings of latitude, as Arb balls.

    real Y_lm(theta, phi) = Theta_lm(theta) * {cos m phi (m >= 0), sin |m| phi (m < 0)},
    Theta_lm = sqrt(2 - [m = 0]) Pbar_l|m|(cos theta), orthonormal, without the Condon-Shortley phase.

Gauss-Legendre nodes and weights are Arb's (rigorous); Pbar by the three-term recurrence in l
[DLMF 14.10.3, normalised], whose coefficients are square roots of rationals. Balls carry their radius, so a
caller that rounds them knows whether the precision was enough. Everything here runs at the precision of the
caller's `flint` context.
"""

from __future__ import annotations

from typing import Any

__all__ = ["circle_functions", "equiangular", "gauss_legendre", "theta_functions"]

Ball = Any


def gauss_legendre(pairs: int) -> list[tuple[Ball, Ball]]:
    """Return (cos theta, weight) of the positive half of the 2 * pairs Gauss-Legendre nodes on [-1, 1].

    Both rings theta and pi - theta have the same weight. Exact for degree 4 * pairs - 1.
    """
    from flint import arb  # noqa: PLC0415

    return [arb.legendre_p_root(2 * pairs, k, weight=True) for k in range(pairs)]


def equiangular(pairs: int) -> list[tuple[Ball, Ball]]:
    """Return (cos theta, weight) of the rings theta = (i + 1/2) pi / (2 pairs), i < pairs.

    Fejer's first rule [Waldvogel, BIT 46 (2006) 195, (2.3)], exact for degree 2 * pairs - 1 in cos theta:
    weight = (1 - 2 sum_k cos(2 k theta) / (4 k^2 - 1)) / pairs, k = 1..pairs, the last term at theta being 0.
    """
    from flint import arb, fmpq  # noqa: PLC0415

    found = []
    for i in range(pairs):
        angle = fmpq(2 * i + 1, 4 * pairs)
        total = sum((arb.cos_pi_fmpq(2 * k * angle) / (4 * k * k - 1) for k in range(1, pairs)), arb(0))
        found.append((arb.cos_pi_fmpq(angle), (1 - 2 * total) / pairs))
    return found


def theta_functions(lmax: int, cosine: Ball) -> dict[tuple[int, int], Ball]:
    """Return Theta_lm at one latitude for 0 <= m <= l <= lmax."""
    from flint import arb, fmpq  # noqa: PLC0415

    sine = (1 - cosine * cosine).sqrt()
    value: dict[tuple[int, int], Ball] = {}
    diagonal = 1 / (4 * arb.pi()).sqrt()
    for m in range(lmax + 1):
        if m:
            diagonal *= arb(fmpq(2 * m + 1, 2 * m)).sqrt() * sine
        previous, current = arb(0), diagonal
        for degree in range(m, lmax + 1):
            value[degree, m] = current * arb(2).sqrt() if m else current
            n = degree + 1
            up = arb(fmpq(4 * n * n - 1, n * n - m * m)).sqrt()
            down = arb(fmpq(degree * degree - m * m, 4 * degree * degree - 1)).sqrt() if degree > m else 0
            previous, current = current, up * (cosine * current - down * previous)
    return value


def circle_functions(count: int, order: int, points: int) -> list[tuple[Ball, Ball]]:
    """Return (cos, sin) of order * angle at angle = (k + 1/2) 2 pi / points for k < count."""
    from flint import arb, fmpq  # noqa: PLC0415

    angles = (fmpq(order * (2 * k + 1), points) for k in range(count))
    return [(arb.cos_pi_fmpq(angle), arb.sin_pi_fmpq(angle)) for angle in angles]
