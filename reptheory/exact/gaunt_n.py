"""Integrals of n spherical harmonics over the unit sphere, by coupling.

    gaunt_n = int Y_{l1 m1} ... Y_{ln mn} dOmega,     or of the real harmonics S of `real_basis`

The product of the first harmonics is kept as a sum of single ones: Y_{LM} Y_{lm} is the sum over L' of
(-1)^M' gaunt(L, l, L', M, m, -M') Y_{L'M'}, M' = M + m, likewise S with `real_gaunt`; the last factor picks
one term. Each coefficient is a rational multiple of one square root (that of all norms, over that of the
term's own), so every sum is exact. For n = 3 these are `gaunt` and `real_gaunt`.
"""

from __future__ import annotations

from reptheory.conventions import Basis
from reptheory.errors import LabelError
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.normalization import harmonic_convention, unchecked_factor
from reptheory.exact.surd import Surd
from reptheory.groups.labels import listed, projection, whole

__all__ = ["gaunt_n"]

Harmonic = tuple[int, int]


def gaunt_n(
    ls: object,
    ms: object,
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> Surd:
    """Return the integral of the product of n harmonics, n >= 1; nothing is conjugated.

    ls, ms         sequences of n degrees >= 0 and n orders, |m| <= l
    basis          "complex" (Condon-Shortley) or "real"
    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    returns        Surd; 0 where a selection rule forbids the integral
    raises         LabelError: a label, a length or a word is impossible

    >>> gaunt_n([1, 1, 1, 1], [0, 0, 0, 0]), gaunt_n([1, 1, 1, 1], [1, 1, -1, -1], "real")
    (√(81/(400π^2)), √(9/(400π^2)))
    """
    convention = harmonic_convention(basis, normalization, phase)
    factors = _checked(ls, ms)
    value = _integral(factors, real=convention.basis == "real")
    for factor in factors:
        value *= unchecked_factor(*factor, convention)
    return value


def _integral(harmonics: list[Harmonic], *, real: bool) -> Surd:
    """Return the integral of the product of orthonormal harmonics, one or more."""
    if sum(degree for degree, _ in harmonics) % 2 or (not real and sum(m for _, m in harmonics)):
        return Surd.rational(0)
    factors = sorted(harmonics)
    last_l, last_m = factors.pop()
    series: dict[Harmonic, Surd] = {(0, 0): Surd.sqrt(4, pi_power=1)}  # the function 1
    room = last_l + sum(degree for degree, _ in factors)
    for factor in factors:
        room -= factor[0]
        series = _times(series, factor, room, real=real)
    picked = series.get((last_l, last_m if real else -last_m), Surd.rational(0))
    return picked if real or last_m % 2 == 0 else -picked


def _checked(ls: object, ms: object) -> list[Harmonic]:
    """Return the pairs (l, m) of ints; raise LabelError for an impossible one."""
    lists = listed(ls, "ls"), listed(ms, "ms")
    if not lists[0] or len(lists[0]) != len(lists[1]):
        raise LabelError(
            f"ms: got {len(lists[1])} orders for {len(lists[0])} degrees; pass as many, and one or more"
        )
    factors = []
    for place, (l, m) in enumerate(zip(*lists, strict=True)):  # noqa: E741
        names = f"ls[{place}]", f"ms[{place}]"
        degree, order = whole(l, names[0]), whole(m, names[1], signed=True)
        projection(2 * degree, 2 * order, *names)
        factors.append((degree, order))
    return factors


def _times(series: dict[Harmonic, Surd], factor: Harmonic, room: int, *, real: bool) -> dict[Harmonic, Surd]:
    """Return a sum of harmonics times one harmonic, as a sum of harmonics.

    room  what the factors to come can couple away: terms of a larger degree cannot end in 0
    """
    degree, order = factor
    result: dict[Harmonic, Surd] = {}
    for (l, m), value in series.items():  # noqa: E741
        targets = _real_orders(m, order) if real else [m + order]
        for total in range(abs(l - degree), min(l + degree, room) + 1, 2):
            for target in targets:
                if abs(target) > total:
                    continue
                if real:
                    term = real_gaunt(l, degree, total, m, order, target)
                else:
                    sign = -1 if target % 2 else 1
                    term = sign * gaunt(l, degree, total, m, order, -target)
                if term:
                    place = total, target
                    result[place] = result[place] + value * term if place in result else value * term
    return result


def _real_orders(m: int, other: int) -> list[int]:
    """List the orders in the product of two real harmonics: ||m| +- |m'||, sines for one sine among two."""
    sign = -1 if (m < 0) != (other < 0) else 1
    sizes = {abs(m) + abs(other), abs(abs(m) - abs(other))}
    return [sign * size for size in sorted(sizes) if size or sign > 0]
