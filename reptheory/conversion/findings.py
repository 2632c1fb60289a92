"""What `identify` found, as frozen values that print as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isfinite, pi
from typing import Final

from reptheory.exact.surd import Surd

__all__ = ["Identification", "Match", "WrongEntry", "recognized", "shared"]

_SHOWN: Final = 8
_SIGNS: Final = {"the other sign": -1, "a factor i": 1j, "a factor -i": -1j}


@dataclass(frozen=True, slots=True)
class Match:
    """One convention that gives the numbers.

    kind         "wigner_3j", "clebsch_gordan", "gaunt", "harmonics" or "rotation"
    convention   name in `CONVENTIONS`
    inverse      rotations: the matrix is that of the inverse rotation (passive, or acting from the right)
    conjugate    rotations: the matrix is the complex conjugate; with `inverse`, the transposed one
    error        largest difference over the largest entry
    """

    kind: str
    convention: str
    error: float
    inverse: bool = False
    conjugate: bool = False

    @property
    def manner(self) -> str:
        """How the matrix differs from D of the rotation: "" for not at all."""
        words = {"inverse rotation": self.inverse, "complex conjugate": self.conjugate}
        return (
            "transposed"
            if all(words.values())
            else next((word for word, is_so in words.items() if is_so), "")
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.convention}" + (f", {self.manner}" if self.manner else "")


@dataclass(frozen=True, slots=True)
class WrongEntry:
    """One entry that differs: its index, the orders m it stands for, what is there, what should be."""

    index: tuple[int, ...]
    orders: tuple[int | Fraction, ...]
    found: complex
    expected: complex

    def __str__(self) -> str:
        labels = f" (m = {', '.join(map(str, self.orders))})" if self.orders else ""
        return (
            f"[{', '.join(map(str, self.index))}]{labels} is {self.found:.9g}, should be {self.expected:.9g}"
        )


@dataclass(frozen=True, slots=True)
class Identification:
    """The conventions that reproduce an array; if there are none, how it differs from the nearest.

    matches   every convention that gives the numbers
    nearest   the convention compared with below; the first match if there are any
    factor    array = factor * nearest (times the signed permutation); complex where a phase was kept
    places    per axis: the place of the nearest that stands at each place of the array; () for none needed
    signs     per axis: 1 or -1, of complex arrays also 1j or -1j, at each place; () for none needed
    wrong     entries that differ from factor * nearest, in the order of their indices
    """

    matches: tuple[Match, ...]
    nearest: Match | None
    factor: float | complex = 1.0
    places: tuple[tuple[int, ...], ...] = ()
    signs: tuple[tuple[complex, ...], ...] = ()
    wrong: tuple[WrongEntry, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the conventions that reproduce the array, each once."""
        return tuple(dict.fromkeys(match.convention for match in self.matches))

    @property
    def exact_factor(self) -> Surd | None:
        """The factor as a square root of a small fraction and powers of pi and i, where it is one to 1e-6."""
        if isinstance(self.factor, complex):
            size = None if self.factor.real else recognized(self.factor.imag)
            return size and size * Surd.sqrt(1, i_power=1)
        return recognized(self.factor)

    def __bool__(self) -> bool:
        return bool(self.matches)

    def __str__(self) -> str:
        if self.matches:
            return "\n".join(["follows " + _several(self.matches)])
        if self.nearest is None:
            return "follows no convention of the registry, and resembles none"
        lines = [f"follows no convention of the registry; nearest: {self.nearest}"]
        if self.factor != 1.0:
            lines.append(f"times the factor {self.exact_factor or format(self.factor, '.9g')}")
        for axis, places in enumerate(self.places):
            if places != tuple(range(len(places))):
                lines.append(f"axis {axis} holds its places in the order {list(places)}")
        for axis, signs in enumerate(self.signs):
            for what, wanted in _SIGNS.items():
                there = [place for place, sign in enumerate(signs) if sign == wanted]
                if there:
                    lines.append(f"axis {axis} has {what} at {there}")
        if self.wrong:
            lines.append("1 entry differs:" if len(self.wrong) == 1 else f"{len(self.wrong)} entries differ:")
            lines += [f"  {entry}" for entry in self.wrong[:_SHOWN]]
            if len(self.wrong) > _SHOWN:
                lines.append(f"  and {len(self.wrong) - _SHOWN} more")
        return "\n".join(lines)


def shared(found: Sequence[Identification]) -> str:
    """Say which conventions several arrays share, which tell more apart than each alone."""
    alike = [
        replace(match, error=0.0)
        for match in found[0].matches
        if all(any(replace(other, error=match.error) == match for other in one.matches) for one in found)
    ]
    return f"follow {_several(tuple(alike))}" if alike else "follow no one convention of the registry"


def _several(matches: tuple[Match, ...]) -> str:
    """Write matches by kind: gaunt of real, sphericart."""
    groups: dict[str, list[str]] = {}
    for match in matches:
        label = match.kind + (f" ({match.manner})" if match.manner else "")
        groups.setdefault(label, []).append(match.convention)
    return "; ".join(f"{kind} of {', '.join(names)}" for kind, names in groups.items())


_LEVELS: Final = (
    (1e-11, 10**6),
    (1e-7, 500),
    (1e-6, 40),
)  # close and not so small, or less close and smaller


def recognized(value: float) -> Surd | None:
    """Return the square root of a small fraction times a power of pi that a float approximates, or None.

    The closer they must be, the larger numerator times denominator may be, so that chance finds few.

    >>> recognized(0.2820947917738781), recognized(-0.5773502691896258)
    (√(1/(4π)), -√(1/3))
    """
    if not value or not isfinite(value) or not 1e-100 < abs(value) < 1e100:
        return None
    for within, most in _LEVELS:
        found = [one for power in (0, -1, 1) for one in _near(value, power, within, most)]
        if found:
            return min(found, key=lambda one: one.radicand.numerator * one.radicand.denominator)
    return None


def _near(value: float, power: int, within: float, most: int) -> list[Surd]:
    """Return the surd with this power of pi and a fraction n/d, n d <= most, if there is one near enough."""
    square = value * value / pi**power
    largest = int((most / max(square, 1e-300)) ** 0.5) if square < most else 0
    fraction = Fraction(square).limit_denominator(max(largest, 1))
    size = fraction.numerator * fraction.denominator
    if not fraction or size > most or abs(float(fraction) / square - 1) > within:
        return []
    return [Surd.sqrt(fraction, 1 if value > 0 else -1, pi_power=power)]
