"""Tables of couplings: the reading that leaves the fewest entries wrong.

A reading is a kind, a convention of the registry, and if need be another order of m, one axis in another
order, the coupled axis first, or one common factor; each of these has a price, in shares of the entries. An
entry is wrong in it if it is off by more than 2^-16 of its block's largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.auditing.coupling_blocks import Block, Layout, Path, layouts_of
from reptheory.build.auditing.tally import Explanation, Piece
from reptheory.conversion import registry
from reptheory.conversion.bases import has_spins, orders
from reptheory.conversion.convert_arrays import COUPLINGS
from reptheory.conversion.findings import recognized
from reptheory.conversion.foreign_files import Foreign
from reptheory.conversion.precision import nearest, precision_of
from reptheory.conversion.reference import (
    TOLERANCE,
    candidates,
    coupling_floats,
    exact_coupling,
    meaning,
    tolerance_of,
    with_other_orders,
)
from reptheory.conversion.registry import PackageConvention
from reptheory.errors import OperandError
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.exact.surd import Surd

__all__ = ["UNEXPLAINED", "common_factor", "coupling_explanation", "wrong_entries"]

UNEXPLAINED: Final = 0.1  # of the entries: beyond that, less likely readings are tried
_PROBES, _PROBE_SIZE = 16, 800
_PRICE_OF_ORDER, _PRICE_OF_FACTOR, _PRICE_OF_AXIS = 0.01, 0.02, 0.03
_COMPLEX: Final = registry.CONVENTIONS["complex"]
_NAMES: Final = ("l1", "l2", "l3", "m1", "m2", "m3")


@dataclass(frozen=True, slots=True)
class _Guess:
    """A reading of a table: factor * kind in a convention; how many probed entries it leaves wrong."""

    kind: str
    convention: PackageConvention
    factor: float
    wrong: int
    total: int
    price: float
    layout: Layout
    turned: tuple[int, PackageConvention] | None = None  # one axis has the order of m of this one

    @property
    def share(self) -> float:
        """The share of wrong entries, and what the reading costs."""
        return self.wrong / self.total + self.price

    @property
    def manner(self) -> str:
        """What else must be said beside the name of the convention."""
        axis = f" with m {self.turned[1].order} on axis {self.turned[0]}" if self.turned else ""
        return axis + (" with the coupled axis first" if self.layout.coupled_first else "")

    def orders(self, path: Path) -> list[tuple[Any, ...]]:
        """Return the m that stand on each axis of a block."""
        ones = [self.convention] * 3
        if self.turned is not None:
            ones[self.turned[0]] = self.turned[1]
        spins = [has_spins(one) or degree % 1 == 0 for one, degree in zip(ones, path, strict=True)]
        known = [one if good else _COMPLEX for one, good in zip(ones, spins, strict=True)]
        return [orders(one, degree) for one, degree in zip(known, path, strict=True)]

    def floats(self, path: Path) -> NDArray[Any]:
        """Return what a block should hold, without the factor, to a few units of the last place."""
        return self.placed(coupling_floats(self.kind, self.convention, path), path)

    def placed(self, block: NDArray[Any], path: Path) -> NDArray[Any]:
        """Return a block of the convention with its axis in the other order."""
        if self.turned is None:
            return block
        axis = self.turned[0]
        there = orders(self.convention, path[axis])
        return block.take([there.index(m) for m in self.orders(path)[axis]], axis)


def coupling_explanation(
    foreign: Foreign, kind: str | None, named: str | PackageConvention | None, degrees: object
) -> Explanation | None:
    """Return the likeliest reading of a table as couplings, or None where it has no such shape."""
    layouts = layouts_of(foreign, degrees)
    best: list[_Guess] = []
    for layout in layouts:
        first = layout.coupled_first  # which the symmetries of the other kinds make another path
        if layout.is_unlikely and best and best[0].share < UNEXPLAINED:
            break
        if first and kind not in (None, "clebsch_gordan"):
            continue
        found = _guesses(layout, "clebsch_gordan" if first else kind, named)
        if found and (not best or found[0].share < best[0].share):
            best = found
    return _explained(best) if best else None


def _explained(guesses: list[_Guess]) -> Explanation:
    """Return the first of several readings that are as good, with the names of all that mean the same."""
    guess = guesses[0]
    alike = [one for one in guesses if one.factor == guess.factor and one.kind == guess.kind]
    blocks = guess.layout.blocks
    factor = Surd.rational(1) if guess.factor == 1.0 else recognized(guess.factor)
    return Explanation(
        guess.kind, _names(alike), guess.factor, guess.share, precision_of(blocks[0].values.dtype),
        _NAMES, 3, lambda: (_piece(block, guess, factor) for block in blocks),
    )  # fmt: skip


def _guesses(layout: Layout, kind: str | None, named: str | PackageConvention | None) -> list[_Guess]:
    """Return the readings that leave the fewest entries wrong; another order or a factor has a price."""
    probes = _probes(layout.blocks)
    if named is None and not any(_says_something(block) for block in layout.blocks):
        raise OperandError(
            "audit: no entry is a finite number other than 0, so no convention can be told; "
            "name it with convention="
        )
    price = _PRICE_OF_AXIS if layout.is_unlikely else 0.0
    best: list[_Guess] = []
    for readings in (_readings, _turned_readings):
        if best and best[0].share < UNEXPLAINED + price:
            break
        for found in readings(layout, probes, kind, named):
            guess = replace(found, price=found.price + price)
            if not best or guess.share < best[0].share:
                best = [guess]
            elif guess.share == best[0].share:
                best.append(guess)
    if not best and not layout.is_unlikely:
        raise OperandError("convention: this one has no coupling coefficients of its own; give kind='gaunt'")
    return best if len(best) < 2 else _decided(best)


def _says_something(block: Block) -> bool:
    return bool((np.isfinite(block.values) & (block.values != 0)).any())


def _probes(blocks: list[Block]) -> list[Block]:
    """Return a few blocks that tell conventions apart, small ones first."""
    probes = sorted(
        (block for block in blocks if block.couples),
        key=lambda block: (0 in block.path, block.values.size, block.path),
    )
    probes = [block for block in probes if block.values.size <= _PROBE_SIZE][:_PROBES] or probes[:1]
    if not probes:
        raise OperandError("audit: no block obeys the triangle rule, so there is nothing to compare")
    return probes


def _known(layout: Layout, kind: str | None) -> Iterator[tuple[str, PackageConvention]]:
    """Yield the kinds and conventions that a table may follow; halves leave few."""
    whole = all(block.is_whole for block in layout.blocks)
    for name, one in candidates(kind):
        if whole or (has_spins(one) and name != "gaunt"):
            yield name, one


def _readings(
    layout: Layout, probes: list[Block], kind: str | None, named: str | PackageConvention | None
) -> Iterator[_Guess]:
    """Yield every reading: conventions as they are, then with other orders of m; a named one as it is."""
    if named is not None:
        one = registry.convention(named)
        for name in COUPLINGS if kind is None else (kind,):
            if name == "gaunt" or one.paths != "none":
                pairs = [(block.values, coupling_floats(name, one, block.path)) for block in probes]
                yield _Guess(name, one, 1.0, wrong_entries(pairs, 1.0), _nonzero(pairs), 0.0, layout)
        return
    known: dict[tuple[str, ...], tuple[str, PackageConvention]] = {}
    for name, one in _known(layout, kind):
        known.setdefault(meaning(name, one), (name, one))
    for name, one in list(known.values()):
        yield from _with_factor(layout, probes, name, one, 0.0)
    for name, one in list(known.values()):
        for other in _orders_of(layout, one):
            if known.setdefault(meaning(name, other), (name, other))[1] is other:
                yield from _with_factor(layout, probes, name, other, _PRICE_OF_ORDER)


def _orders_of(layout: Layout, one: PackageConvention) -> Iterator[PackageConvention]:
    """Yield a convention with m in each order that its labels can have."""
    whole = all(block.is_whole for block in layout.blocks)
    return (other for other in with_other_orders(one) if whole or has_spins(other))


def _turned_readings(
    layout: Layout, probes: list[Block], kind: str | None, named: str | PackageConvention | None
) -> Iterator[_Guess]:
    """Yield readings that have one axis, and only one, in another order of m; none of a named convention."""
    seen = set()
    for name, one in _known(layout, kind) if named is None else ():
        for other, axis in product(_orders_of(layout, one), range(3)):
            key = (*meaning(name, one), axis, other.order)
            if other.order != one.order and key not in seen:
                seen.add(key)
                guess = _Guess(name, one, 1.0, 0, 1, _PRICE_OF_AXIS, layout, (axis, other))
                pairs = [(block.values, guess.floats(block.path)) for block in probes]
                yield replace(guess, wrong=wrong_entries(pairs, 1.0), total=_nonzero(pairs))


def _with_factor(
    layout: Layout, probes: list[Block], kind: str, one: PackageConvention, price: float
) -> Iterator[_Guess]:
    """Yield a reading as it is, and with the factor that most entries share."""
    pairs = [(block.values, coupling_floats(kind, one, block.path)) for block in probes]
    total = _nonzero(pairs)
    yield _Guess(kind, one, 1.0, wrong_entries(pairs, 1.0), total, price, layout)
    factor = common_factor(pairs)
    if factor != 1.0:
        wrong = wrong_entries(pairs, factor)
        yield _Guess(kind, one, factor, wrong, total, price + _PRICE_OF_FACTOR, layout)


def common_factor(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> float:
    """Return the real factor that most entries share, a root of a small fraction if near one; 1 for none."""
    ratios = [
        np.real(found[large] / expected[large])
        for found, expected in pairs
        for large in [np.isfinite(found) & (np.abs(expected) > 0.1 * np.abs(expected).max(initial=0.0))]
        if large.any()
    ]
    factor = float(np.median(np.concatenate(ratios))) if ratios else 1.0
    if not np.isfinite(factor) or abs(factor) <= 1e-100 or abs(factor - 1.0) <= TOLERANCE:
        return 1.0
    exact = recognized(factor)
    return float(exact) if exact else factor


def _nonzero(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> int:
    """Return how many entries are more than noise beside the largest of all blocks."""
    pairs = list(pairs)
    bar = TOLERANCE * _largest(pairs)
    return sum(int((np.abs(found) > bar).sum()) for found, _ in pairs) or 1


def _largest(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> float:
    """Return the largest finite size that is found in any block."""
    sizes = (float(np.abs(found[np.isfinite(found)]).max(initial=0.0)) for found, _ in pairs)
    return max(sizes, default=0.0)


def wrong_entries(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]], factor: float) -> int:
    """Return how many entries differ by more than the tolerance of their block.

    The scale of a block is its largest expected entry, but no more than the largest that the table has:
    beside the 1e22 of an unnormalised block, whatever a table holds would agree.
    """
    pairs = list(pairs)
    most = _largest(pairs) or np.inf
    wrong = 0
    for found, expected in pairs:
        scale = min(abs(factor) * float(np.abs(expected).max(initial=0.0)) or 1.0, most)
        wrong += int((~(np.abs(found - factor * expected) <= tolerance_of(found.dtype) * scale)).sum())
    return wrong


def _decided(ties: list[_Guess]) -> list[_Guess]:
    """Return those of several readings that are best on the whole table."""
    counts = []
    for guess in ties:
        couple = [block for block in guess.layout.blocks if block.couples]
        pairs = ((block.values, guess.floats(block.path)) for block in couple)
        counts.append(wrong_entries(pairs, guess.factor))
    return [guess for guess, count in zip(ties, counts, strict=True) if count == min(counts)]


def _names(guesses: list[_Guess]) -> tuple[str, ...]:
    """Return every convention of the registry that means the same, or the ones of another order."""
    kind, first = guesses[0].kind, guesses[0]
    if first.turned is not None:
        return tuple(guess.convention.name + guess.manner for guess in guesses)
    means = {meaning(kind, guess.convention) for guess in guesses}
    alike = tuple(one.name for name, one in candidates(kind) if meaning(name, one) in means)
    names = alike or tuple(guess.convention.name for guess in guesses)
    return tuple(name + first.manner for name in names)


def _piece(block: Block, guess: _Guess, factor: Surd | None) -> Piece:
    """Return a block beside its exact values, rounded once to the precision of the table."""
    axes = guess.orders(block.path)

    def labels(place: tuple[int, ...]) -> tuple[Any, ...]:
        ms = (axis[number] for axis, number in zip(axes, place, strict=True))
        return (*block.path, *ms)

    return Piece(block.where, block.values, _expected(block, guess, factor), labels)


def _expected(block: Block, guess: _Guess, factor: Surd | None) -> NDArray[Any]:
    """Return the exact block, rounded once to the precision of the table."""
    if not block.couples:
        return np.zeros(block.values.shape)
    exact = exact_coupling(guess.kind, guess.convention, block.path)
    if factor is not None and guess.factor != 1.0:
        if isinstance(exact, ComplexSurdArray):
            exact = ComplexSurdArray(exact.real * factor, exact.imag * factor)
        else:
            exact = exact * factor
    precision = precision_of(block.values.dtype)
    if isinstance(exact, ComplexSurdArray):
        dense: NDArray[Any] = exact.to_numpy()
    else:
        single, double = ("float32", "float64") if exact.is_real else ("complex64", "complex128")
        dense = exact.to_numpy(single if precision == "float32" else double)
    dense = guess.placed(dense, block.path)
    dense = dense if factor is not None else dense * guess.factor
    return dense if precision in ("float32", "float64") and factor is not None else nearest(dense, precision)
