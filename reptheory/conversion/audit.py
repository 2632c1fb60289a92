"""audit: somebody else's table of coupling coefficients against the exact values.

First the convention: the kind, the convention of the registry, and if need be another order of m or one
common factor, that leave the fewest entries wrong by more than 2^-16 of their block's largest. Then every
entry against the exact value, correctly rounded in the precision of the table, in units of its last place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from numbers import Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion import registry
from reptheory.conversion.audit_report import Audit, WrongValue
from reptheory.conversion.bases import orders
from reptheory.conversion.convert import COUPLINGS
from reptheory.conversion.findings import recognized
from reptheory.conversion.foreign_files import read_foreign
from reptheory.conversion.foreign_tables import Block, blocks_of, readings_of_axes
from reptheory.conversion.layouts import refuse_masked
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
from reptheory.conversion.table_blocks import coupling_in
from reptheory.errors import OperandError, TableCorrupt, TableMismatch
from reptheory.exact.complex_surds import ComplexSurdArray
from reptheory.exact.surd import Surd
from reptheory.groups.labels import shown as inspected
from reptheory.tables.files import shown
from reptheory.tables.table import Table, read_table

__all__ = ["audit"]

_PROBES: Final = 16
_PROBE_SIZE: Final = 800
_UNEXPLAINED: Final = 0.1  # of the entries: beyond that, one axis of another order is tried
_PRICE_OF_ORDER, _PRICE_OF_FACTOR, _PRICE_OF_AXIS = 0.01, 0.02, 0.03
_PRECISIONS: Final = {"complex64": "float32", "complex128": "float64"}


@dataclass(frozen=True, slots=True)
class _Guess:
    """A reading of a table: factor * kind in a convention; how many probed entries it leaves wrong."""

    kind: str
    convention: PackageConvention
    factor: float
    wrong: int
    total: int
    price: float
    turned: tuple[int, PackageConvention] | None = None  # one axis has the order of m of this one

    @property
    def share(self) -> float:
        """The share of wrong entries, and what the reading costs."""
        return self.wrong / self.total + self.price

    @property
    def convention_name(self) -> str:
        """Name of the convention, and which axis has another order."""
        if self.turned is None:
            return self.convention.name
        return f"{self.convention.name} with m {self.turned[1].order} on axis {self.turned[0]}"

    def orders(self, path: tuple[int, int, int]) -> list[tuple[int, ...]]:
        """Return the m that stand on each axis of a block."""
        ones = [self.convention] * 3
        if self.turned is not None:
            ones[self.turned[0]] = self.turned[1]
        return [orders(one, degree) for one, degree in zip(ones, path, strict=True)]

    def floats(self, path: tuple[int, int, int]) -> NDArray[Any]:
        """Return what a block should hold, without the factor, to a few units of the last place."""
        return self.placed(coupling_floats(self.kind, self.convention, path), path)

    def placed(self, block: NDArray[Any], path: tuple[int, int, int]) -> NDArray[Any]:
        """Return a block of the convention with its axis in the other order."""
        if self.turned is None:
            return block
        axis = self.turned[0]
        there = orders(self.convention, path[axis])
        return block.take([there.index(m) for m in self.orders(path)[axis]], axis)


def audit(
    table: Any,
    kind: str | None = None,
    *,
    convention: str | PackageConvention | None = None,
    degrees: object = None,
    ulps: float = 4.0,
) -> Audit:
    """Compare a table of 3j, Clebsch-Gordan or Gaunt coefficients with the exact values, entry by entry.

    table       path of an npy, npz, safetensors, JSON or PyTorch file; an array; a mapping from names or
                (l1, l2, l3) to arrays; or a `Table` of couplings. See `blocks_of` for the layouts
    kind        "wigner_3j", "clebsch_gordan" or "gaunt"; None finds out
    convention  the one it is meant to follow; None finds out
    degrees     of the three axes of a dense table; None guesses from the lengths
    ulps        entries further than this from the exact value are wrong
    raises      StoreError, OperandError, TooLarge: the file; LabelError: kind or convention

    >>> import reptheory as rt
    >>> table = {(1, 1, 1): rt.clebsch_gordan_array(1, 1, 1, basis="real").to_numpy("float32").copy()}
    >>> table[1, 1, 1][0, 2, 1] *= -1
    >>> found = audit(table)
    >>> found.kind, found.conventions[0], [(one.orders, one.what) for one in found.wrong]
    ('clebsch_gordan', 'real', [((-1, 1, 0), 'sign')])
    """
    allowed = _bound(ulps)
    name, arrays = _arrays(table)
    choices = [blocks_of(arrays, part) for part in readings_of_axes(arrays, degrees)]
    guesses = [_guesses(blocks, kind, convention) for blocks in choices]
    best = min(range(len(choices)), key=lambda place: guesses[place][0].share)
    return _compared(name, choices[best], guesses[best], allowed)


def _bound(ulps: object) -> float:
    """Return the distance beyond which an entry is wrong."""
    if not isinstance(ulps, Real) or not float(ulps) >= 0:
        raise OperandError(f"ulps: got {inspected(ulps)}; it must be a number that is not negative")
    return float(ulps)


def _arrays(table: Any) -> tuple[str, dict[str, NDArray[Any]]]:
    """Return what to call a table, and its arrays by name."""
    if isinstance(table, str | os.PathLike):
        return shown(table), _own(table) or read_foreign(table)
    if isinstance(table, Table):
        return "table", _labelled(table, "table")
    entries = table if isinstance(table, Mapping) else {"": table}
    arrays = {}
    for name, values in entries.items():
        refuse_masked(values, f"table[{inspected(name)}]" if entries is table else "table")
        array = np.asarray(values)
        if array.dtype.kind not in "iufc":
            raise OperandError(f"table: got an array of {array.dtype}; pass numbers")
        arrays["_".join(map(str, name)) if isinstance(name, tuple) else str(name)] = array
    return "table", arrays


def _own(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]] | None:
    """Return labels and floats of a table of this package; None for another file."""
    try:
        table = read_table(path) if os.fspath(path).endswith(".npz") else None
    except (TableCorrupt, TableMismatch):
        return None
    return None if table is None else _labelled(table, shown(path))


def _labelled(table: Table, name: str) -> dict[str, NDArray[Any]]:
    """Return labels and floats of a table of couplings, whole labels only; raise OperandError for others."""
    if coupling_in(table) is None:
        raise OperandError(
            f"{name}: is a {table.kind} table; audit knows wigner_3j, clebsch_gordan and gaunt coefficients. "
            "`reptheory verify` checks a table of this package of any kind"
        )
    doubled = table.index_names[0].startswith("two_")
    whole = ~(table.index[:, :3] % 2).any(axis=1) if doubled else np.ones(len(table), dtype=bool)
    return {"index": table.index[whole] // (2 if doubled else 1), "values": table.values()[whole]}


def _guesses(blocks: list[Block], kind: str | None, named: str | PackageConvention | None) -> list[_Guess]:
    """Return the readings that leave the fewest entries wrong; another order or a factor has a price."""
    probes = sorted(
        (block for block in blocks if block.couples),
        key=lambda block: (0 in block.path, block.values.size, block.path),
    )
    probes = [block for block in probes if block.values.size <= _PROBE_SIZE][:_PROBES] or probes[:1]
    if not probes:
        raise OperandError("audit: no block obeys the triangle rule, so there is nothing to compare")
    if named is None and not any((np.isfinite(block.values) & (block.values != 0)).any() for block in blocks):
        raise OperandError(
            "audit: no entry is a finite number other than 0, so no convention can be told; "
            "name it with convention="
        )
    best: _Guess | None = None
    ties: list[_Guess] = []
    for readings in (_readings(probes, kind, named), _turned_readings(probes, kind, named)):
        if best is not None and best.share < _UNEXPLAINED:
            break
        for guess in readings:
            if best is None or guess.share < best.share:
                best, ties = guess, [guess]
            elif guess.share == best.share:
                ties.append(guess)
    if best is None:
        raise OperandError("convention: this one has no coupling coefficients of its own; give kind='gaunt'")
    return ties if len(ties) == 1 else _decided(blocks, ties)


def _readings(
    probes: list[Block], kind: str | None, named: str | PackageConvention | None
) -> Iterator[_Guess]:
    """Yield every reading: conventions as they are, then with other orders of m; a named one as it is."""
    if named is not None:
        one = registry.convention(named)
        for name in COUPLINGS if kind is None else (kind,):
            if name == "gaunt" or one.paths != "none":
                pairs = [(block.values, coupling_floats(name, one, block.path)) for block in probes]
                yield _Guess(name, one, 1.0, _count(pairs, 1.0), _nonzero(pairs), 0.0)
        return
    known: dict[tuple[str, ...], tuple[str, PackageConvention]] = {}
    for name, one in candidates(kind):
        known.setdefault(meaning(name, one), (name, one))
    for name, one in list(known.values()):
        yield from _with_factor(probes, name, one, 0.0)
    for name, one in list(known.values()):
        for other in with_other_orders(one):
            if known.setdefault(meaning(name, other), (name, other))[1] is other:
                yield from _with_factor(probes, name, other, _PRICE_OF_ORDER)


def _turned_readings(
    probes: list[Block], kind: str | None, named: str | PackageConvention | None
) -> Iterator[_Guess]:
    """Yield readings that have one axis, and only one, in another order of m; none of a named convention."""
    seen = set()
    for name, one in candidates(kind) if named is None else ():
        for other, axis in product(with_other_orders(one), range(3)):
            key = (*meaning(name, one), axis, other.order)
            if other.order != one.order and key not in seen:
                seen.add(key)
                guess = _Guess(name, one, 1.0, 0, 1, _PRICE_OF_AXIS, (axis, other))
                pairs = [(block.values, guess.floats(block.path)) for block in probes]
                yield replace(guess, wrong=_count(pairs, 1.0), total=_nonzero(pairs))


def _with_factor(probes: list[Block], kind: str, one: PackageConvention, price: float) -> Iterator[_Guess]:
    """Yield a reading as it is, and with the factor that most entries share."""
    pairs = [(block.values, coupling_floats(kind, one, block.path)) for block in probes]
    total = _nonzero(pairs)
    yield _Guess(kind, one, 1.0, _count(pairs, 1.0), total, price)
    ratios = [
        np.real(found[large] / expected[large])
        for found, expected in pairs
        for large in [np.isfinite(found) & (np.abs(expected) > 0.1 * np.abs(expected).max(initial=0.0))]
        if large.any()
    ]
    factor = float(np.median(np.concatenate(ratios))) if ratios else 1.0
    if np.isfinite(factor) and abs(factor) > 1e-100 and abs(factor - 1.0) > TOLERANCE:
        exact = recognized(factor)
        value = float(exact) if exact else factor
        yield _Guess(kind, one, value, _count(pairs, value), total, price + _PRICE_OF_FACTOR)


def _nonzero(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> int:
    """Return how many entries are more than noise beside the largest of all blocks."""
    pairs = list(pairs)
    bar = TOLERANCE * _largest(pairs)
    return sum(int((np.abs(found) > bar).sum()) for found, _ in pairs) or 1


def _largest(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> float:
    """Return the largest finite size that is found in any block."""
    sizes = (float(np.abs(found[np.isfinite(found)]).max(initial=0.0)) for found, _ in pairs)
    return max(sizes, default=0.0)


def _count(pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]], factor: float) -> int:
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


def _decided(blocks: list[Block], ties: list[_Guess]) -> list[_Guess]:
    """Return those of several readings that are best on the whole table."""
    counts = []
    for guess in ties:
        pairs = ((block.values, guess.floats(block.path)) for block in blocks if block.couples)
        counts.append(_count(pairs, guess.factor))
    return [guess for guess, count in zip(ties, counts, strict=True) if count == min(counts)]


def _compared(name: str, blocks: list[Block], guesses: list[_Guess], ulps: float) -> Audit:
    """Compare every entry with its exact value in the first of the readings."""
    guess = guesses[0]
    guesses = [one for one in guesses if one.factor == guess.factor]
    factor = Surd.rational(1) if guess.factor == 1.0 else recognized(guess.factor)
    wrong: list[WrongValue] = []
    entries = nearest = noise = 0
    worst, relative = 0.0, 0.0
    for block in blocks:
        expected = _expected(block, guess, factor)
        found = block.values.astype(expected.dtype)
        unit = _units(expected)
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(found.astype(np.clongdouble) - expected).astype(np.float64)
            off = gap / unit
        off[~np.isfinite(found)] = np.inf
        entries += found.size
        nearest += int((found == expected).sum())
        bad = off > ulps
        noise += int(((expected == 0) & (found != 0) & ~bad).sum())
        finite = off[np.isfinite(off)]
        worst = max(worst, float(finite.max(initial=0.0)))
        largest = float(np.abs(expected).max(initial=0.0))
        relative = max(relative, float(gap[np.isfinite(gap)].max(initial=0.0)) / (largest or 1.0))
        wrong += _entries(block, guess, found, expected, off, bad)
    return Audit(
        name, guess.kind, _names(guesses), guess.factor, factor, len(blocks), entries, nearest, noise,
        worst, relative, str(blocks[0].values.dtype), ulps, tuple(wrong),
    )  # fmt: skip


def _names(guesses: list[_Guess]) -> tuple[str, ...]:
    """Return every convention of the registry that means the same, or the ones of another order."""
    kind = guesses[0].kind
    if guesses[0].turned is not None:
        return tuple(guess.convention_name for guess in guesses if guess.kind == kind)
    means = {meaning(kind, guess.convention) for guess in guesses if guess.kind == kind}
    alike = tuple(one.name for name, one in candidates(kind) if meaning(name, one) in means)
    return alike or tuple(guess.convention.name for guess in guesses if guess.kind == kind)


def _expected(block: Block, guess: _Guess, factor: Surd | None) -> NDArray[Any]:
    """Return the exact block, correctly rounded in the precision of the table."""
    if not block.couples:
        return np.zeros(
            block.values.shape, block.values.dtype if block.values.dtype.kind in "fc" else np.float64
        )
    exact = exact_coupling(guess.kind, guess.convention, block.path)
    if factor is not None and guess.factor != 1.0:
        if isinstance(exact, ComplexSurdArray):
            exact = ComplexSurdArray(exact.real * factor, exact.imag * factor)
        else:
            exact = exact * factor
    name = block.values.dtype.name
    form = _PRECISIONS.get(name, name if name == "float32" else "float64")
    if isinstance(exact, ComplexSurdArray):
        dense: NDArray[Any] = exact.to_numpy()
    else:
        dense = exact.to_numpy(form if exact.is_real else {"float32": "complex64"}.get(form, "complex128"))
    dense = guess.placed(dense, block.path)
    dense = dense if factor is not None else dense * guess.factor
    return dense.astype(np.float16) if name == "float16" and dense.dtype.kind == "f" else dense


def _units(expected: NDArray[Any]) -> NDArray[np.float64]:
    """Return the unit of the last place of every entry; of the block's largest entry where it is 0."""
    sizes = np.abs(expected)
    units = np.spacing(np.where(sizes > 0, sizes, sizes.max(initial=0.0) or 1.0)).astype(np.float64)
    return np.asarray(units)


def _entries(
    block: Block,
    guess: _Guess,
    found: NDArray[Any],
    expected: NDArray[Any],
    off: NDArray[np.float64],
    bad: NDArray[np.bool_],
) -> Iterator[WrongValue]:
    """Yield the wrong entries of a block."""
    labels = guess.orders(block.path)
    for place in np.argwhere(bad).tolist():
        where = tuple(place)
        value, right = found[where].item(), expected[where].item()
        m1, m2, m3 = (axis[number] for axis, number in zip(labels, place, strict=True))
        yield WrongValue(
            block.where, block.path, (m1, m2, m3), value, right, float(off[where]), _what(value, right)
        )


def _what(value: complex, right: complex) -> str:
    """Say in a word how a value is wrong."""
    if not np.isfinite(value):
        return "not finite"
    if not right:
        return "not zero"
    if not value:
        return "zero"
    return "sign" if abs(value + right) <= TOLERANCE * abs(right) else "value"
