"""Integrals of n spherical harmonics over the unit sphere, by coupling.

    gaunt_n = int Y_{l1 m1} ... Y_{ln mn} dOmega,     or of the real harmonics S of `real_basis`

The product of the first harmonics is kept as a sum of single ones: Y_{LM} Y_{lm} is the sum over L' of
(-1)^M' gaunt(L, l, L', M, m, -M') Y_{L'M'}, M' = M + m, likewise S with `real_gaunt`; the last two factors
close it, with one Gaunt coefficient a term. Each coefficient is a rational multiple of one square root (that
of all norms, over that of the term's own), so every sum is exact. For n = 3 these are `gaunt` and
`real_gaunt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final

from reptheory.conventions import Basis, convention_of, harmonic_convention
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.normalization import (
    factors_of_degree,
    scaled_axes,
    unchecked_factor,
)
from reptheory.exact.surd import Surd
from reptheory.groups.labels import listed, projection, shown, whole

__all__ = ["gaunt_n", "gaunt_n_array"]

Harmonic = tuple[int, int]
Series = dict[Harmonic, Surd]

_MOST_WORK: Final = 10**6


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
    raises         LabelError: a label, a length or a word is impossible; TooLarge: more than about a minute

    >>> gaunt_n([1, 1, 1, 1], [0, 0, 0, 0]), gaunt_n([1, 1, 1, 1], [1, 1, -1, -1], "real")
    (√(81/(400π^2)), √(9/(400π^2)))
    """
    convention = harmonic_convention(basis, normalization, phase)
    factors = _checked(ls, ms)
    _require_small("gaunt_n", [degree for degree, _ in factors], 1, real=convention.basis == "real")
    value = _integral(factors, real=convention.basis == "real")
    for factor in factors:
        value *= unchecked_factor(*factor, convention)
    return value


def _integral(harmonics: list[Harmonic], *, real: bool) -> Surd:
    """Return the integral of the product of orthonormal harmonics, one or more."""
    if sum(degree for degree, _ in harmonics) % 2 or (not real and sum(m for _, m in harmonics)):
        return Surd.rational(0)
    factors = sorted(harmonics)
    series, room = _one(len(factors)), sum(degree for degree, _ in factors)
    for factor in factors[:-2]:
        room -= factor[0]
        series = _times(series, factor, room, real=real)
    return _closed(series, ((0, 0), *factors)[-2:], real=real)


def gaunt_n_array(
    ls: object,
    basis: Basis = "complex",
    *,
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> SurdArray:
    """Return the integrals of n harmonics for all orders: shape (2 l1 + 1, ..., 2 ln + 1), index m + l.

    ls             sequence of n degrees >= 0, n >= 1
    basis          "complex" (Condon-Shortley) or "real"
    normalization  of the harmonics, and their phase: words of `harmonic_factor`
    raises         LabelError: a degree or a word is impossible; TooLarge: memory, or more than about a minute

    >>> gaunt_n_array([1, 1, 1, 1], "real")[2, 2, 0, 0]  # 9 / (16 pi^2) int x x y y
    √(9/(400π^2))
    """
    convention = harmonic_convention(basis, normalization, phase)
    real = convention.basis == "real"
    degrees = [whole(l, f"ls[{place}]") for place, l in enumerate(listed(ls, "ls"))]  # noqa: E741
    if not degrees:
        raise LabelError("ls: got no degrees; pass one or more")
    order = sorted(range(len(degrees)), key=lambda place: degrees[place])
    ordered = [degrees[place] for place in order]
    require_room(prod(2 * l + 1 for l in ordered[:-1]), 4 * sum(degrees), "gaunt_n_array: the array")  # noqa: E741
    _require_small("gaunt_n_array", degrees, prod(2 * l + 1 for l in ordered[:-1]), real=real)  # noqa: E741
    entries: dict[tuple[int, ...], Surd] = {}
    if sum(degrees) % 2 == 0:
        for ms, value in _walk(ordered, _one(len(degrees)), 0, real=real):
            index = [0] * len(degrees)
            for place, m in zip(order, ms, strict=True):
                index[place] = m + degrees[place]
            entries[tuple(index)] = value
    array = SurdArray.from_entries([2 * degree + 1 for degree in degrees], entries, convention_of(basis))
    factors = {axis: factors_of_degree(degree, convention) for axis, degree in enumerate(degrees)}
    return scaled_axes(array, factors, convention)


def _walk(
    degrees: list[int], series: Series, total: int, *, real: bool
) -> Iterator[tuple[tuple[int, ...], Surd]]:
    """Yield the orders of the harmonics and the integral of their product with a sum of harmonics.

    total  the sum of the orders before, in the complex basis
    """
    degree, rest = degrees[0], degrees[1:]
    if rest[1:]:
        for m in range(-degree, degree + 1):
            further = _times(series, (degree, m), sum(rest), real=real)
            for ms, value in _walk(rest, further, total + m, real=real):
                yield (m, *ms), value
        return
    pair = (degree, rest[0]) if rest else (0, degree)
    for m in range(-pair[0], pair[0] + 1):
        for last in range(-pair[1], pair[1] + 1) if real else [-total - m]:
            if abs(last) <= pair[1]:
                value = _closed(series, ((pair[0], m), (pair[1], last)), real=real)
                if value:
                    yield ((m, last) if rest else (last,)), value


def _one(count: int) -> Series:
    """Return the function 1 as a sum of harmonics; times sqrt(4 pi) if Y_00 is to join one harmonic alone."""
    return {(0, 0): Surd.sqrt(4, pi_power=1) ** (2 if count == 1 else 1)}


def _closed(series: Series, pair: tuple[Harmonic, ...], *, real: bool) -> Surd:
    """Return the integral of a sum of harmonics times two harmonics."""
    (l1, m1), (l2, m2) = pair
    total = Surd.rational(0)
    for (l, m), value in series.items():  # noqa: E741
        coefficient = real_gaunt(l, l1, l2, m, m1, m2) if real else gaunt(l, l1, l2, m, m1, m2)
        if coefficient:
            total += value * coefficient
    return total


def _require_small(what: str, degrees: list[int], times: int, *, real: bool) -> None:
    """Raise TooLarge for the work of more than a million small 3j symbols, about a minute.

    times  how often the products are made; a symbol of degree L costs as much as 1 + (L / 200)^2 small ones
    """
    ordered, low, high, room, work = sorted(degrees), 0, 0, sum(degrees), 0
    for step, degree in enumerate(ordered[:-1]):
        room -= degree
        orders = min(2**step, 2 * high + 1) * 4 if real else 1
        pairs = orders * ((high - low) // 2 + 1) * (min(degree, high) + 1 if step < len(ordered) - 2 else 1)
        work += pairs * (1 + ((high + degree) // 200) ** 2)
        low, high = max(0, low - degree, degree - high), min(high + degree, room)
    if work * times > _MOST_WORK:
        raise TooLarge(
            f"{what}: the work of about {shown(work * times)} small 3j symbols for degrees up to "
            f"{shown(max(degrees))}; the limit is {_MOST_WORK}; choose fewer or smaller degrees"
        )


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


def _times(series: Series, factor: Harmonic, room: int, *, real: bool) -> Series:
    """Return a sum of harmonics times one harmonic, as a sum of harmonics.

    room  what the factors to come can couple away: terms of a larger degree cannot end in 0
    """
    degree, order = factor
    result: Series = {}
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
