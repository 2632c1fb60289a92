"""Tables of every kind but couplings: the reading that leaves the fewest rows wrong.

The exact rows are those of the recipes. A reading is a kind, a basis, and if need be another order of m, the
transposed matrix, or one common factor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.auditing.coupling_readings import common_factor, wrong_entries
from reptheory.build.auditing.foreign_rows import Rows, rows_of
from reptheory.build.auditing.report import Label
from reptheory.build.auditing.tally import Explanation, Piece
from reptheory.build.changes import entry_of
from reptheory.build.naming import TableOptions, named_key
from reptheory.build.recipes import RECIPES, Block, block_of
from reptheory.conversion import registry
from reptheory.conversion.bases import orders
from reptheory.conversion.convert_arrays import COUPLINGS
from reptheory.conversion.findings import recognized
from reptheory.conversion.foreign_files import Foreign
from reptheory.conversion.precision import nearest, precision_of
from reptheory.conversion.reference import candidates, meaning, with_other_orders
from reptheory.conversion.registry import CONVENTIONS, PackageConvention
from reptheory.errors import LabelError, OperandError, TooLarge
from reptheory.exact.rounding import round_all
from reptheory.exact.surd import Surd
from reptheory.tables.kinds import KINDS, TableKey, table_key
from reptheory.tables.rules import Column, Kind

__all__ = ["row_explanation"]

_PROBES, _PROBE_SIZE, _MOST_LABEL = 12, 800, 2000
_MOST_ENTRIES: Final = {True: 2 * 10**6, False: 10**5}  # of a block, where the kind was said or is guessed
_PRICE_OF_ORDER, _PRICE_OF_FACTOR, _PRICE_OF_DOUBLING = 0.01, 0.02, 0.001
_MOST_ARBITRARY: Final = 2  # so few entries have a common factor with anything
_NOTHING_LIKE: Final = 0.5  # of the entries: beyond that a table whose kind nobody said is none of ours
Labels = NDArray[np.int64]
Named = str | PackageConvention | None
Move = Callable[[Labels], Labels]


@dataclass(frozen=True, slots=True)
class _Guess:
    """A reading of rows: `move` takes the labels that they seem to have to those that they have."""

    key: TableKey
    rows: list[Rows]
    manner: str
    move: Move
    price: float
    factor: float = 1.0
    wrong: int = 0
    total: int = 1

    @property
    def share(self) -> float:
        """The share of wrong entries, and what the reading costs."""
        return self.wrong / self.total + self.price

    @property
    def kind(self) -> Kind:
        return KINDS[self.key.kind]


_NEVER_GUESSED: Final = (*COUPLINGS, "harmonic_factor")
"""Couplings are read elsewhere; a few ones are no evidence of factors."""


def row_explanation(
    foreign: Foreign, kind: str | None, named: Named, formula: str | None
) -> Explanation | None:
    """Return the likeliest reading of a table that holds no couplings, or None where it has no such shape."""
    best: list[_Guess] = []
    names = (
        [name for name in KINDS if name.removeprefix("real_") not in _NEVER_GUESSED]
        if kind is None
        else [kind]
    )
    for name in names:
        for guess in _guesses(foreign, KINDS[name], named, formula, sure=kind is not None):
            if not best or guess.share < best[0].share:
                best = [guess]
            elif guess.share == best[0].share:
                best.append(guess)
    if not best or (kind is None and best[0].share > _NOTHING_LIKE):
        return None
    return _explained([guess for guess in best if guess.key == best[0].key])


def _explained(guesses: list[_Guess]) -> Explanation:
    guess = guesses[0]
    kind, precision = guess.kind, precision_of(guess.rows[0].values.dtype)
    factor = Surd.rational(1) if guess.factor == 1.0 else recognized(guess.factor)
    names = tuple(
        name + one.manner for one in guesses if one.factor == guess.factor for name in _alike(one.key)
    )
    return Explanation(
        kind.name, names, guess.factor, guess.share, precision,
        tuple(column.label for column in kind.columns), kind.leading,
        lambda: (_piece(guess, group, precision, factor) for group in _groups(guess)),
    )  # fmt: skip


def _guesses(
    foreign: Foreign, kind: Kind, named: Named, formula: str | None, *, sure: bool
) -> Iterator[_Guess]:
    """Yield the readings of a table as one of a kind."""
    stated = foreign.key is not None or not kind.doubled
    for doubled in (True,) if stated else (True, False):
        rows = rows_of(foreign, kind, doubled, sure=sure)
        filled = [part for part in rows if len(part.labels)]
        if not filled or not _has_room(kind, filled, sure=sure):
            continue
        if not sure and not all(kind.allowed(part.labels.astype(np.int32)).all() for part in filled):
            continue
        for key in _keys(foreign, kind, filled, formula, named, sure=sure):
            for manner, move, price in _manners(kind):
                more = 0.0 if doubled else _PRICE_OF_DOUBLING
                yield from _judged(_Guess(key, rows, manner, move, price + more))


def _has_room(kind: Kind, rows: list[Rows], *, sure: bool) -> bool:
    """Say whether exact blocks with the labels of rows are small enough to be tried.

    raises   TooLarge: they are not, and somebody said that the rows are of this kind
    """
    top = max(int(abs(part.labels).max()) for part in rows)
    free = len(kind.columns) - kind.leading - (kind.rule is not None)
    values = top + 1 if kind.doubled else 2 * top + 1
    if top <= _MOST_LABEL and values ** max(free, 0) <= _MOST_ENTRIES[sure]:
        return True
    if sure:
        raise TooLarge(
            f"audit: a {kind.name} table with the label {top} has blocks beyond what audit computes"
        )
    return False


def _keys(
    foreign: Foreign, kind: Kind, rows: list[Rows], formula: str | None, named: Named, *, sure: bool
) -> list[TableKey]:
    """Return the tables that rows may belong to: one for each basis, or of the harmonics that were named."""
    if foreign.key is not None and foreign.key.kind == kind.name:
        keys = [foreign.key]
    elif "formula" in kind.parameters:
        if formula is None:
            return []
        keys = [table_key(kind.name, formula=formula)]
    elif "quaternion" in kind.parameters:
        return []
    else:
        top = max(int(abs(part.labels).max()) for part in rows)
        band = top if "band_limit" in kind.parameters else None
        words: list[TableOptions] = [{"basis": basis, "band_limit": band} for basis in kind.bases]
        words += _scaled(kind, band) if sure and kind.harmonics else []
        keys = [named_key(kind.name, top, **each) for each in words]
    if named is None:
        return keys
    name = registry.convention(named).name
    kept = [key for key in keys if name in _alike(key)]
    if not kept and sure:
        known = ", ".join(dict.fromkeys(one for key in keys for one in _alike(key))) or "none"
        raise OperandError(f"convention: {name} says nothing of {kind.name}; those that do: {known}")
    return kept


def _scaled(kind: Kind, band: int | None) -> Iterator[TableOptions]:
    """Yield the words of other harmonics that some package has, each once."""
    known = {(one.basis, one.normalization, one.phase) for one in CONVENTIONS.values() if one.phase != "znm"}
    for basis, normalization, phase in sorted(known):
        own = CONVENTIONS[basis]
        if basis in kind.bases and (normalization, phase) != (own.normalization, own.phase):
            yield {"basis": basis, "normalization": normalization, "phase": phase, "band_limit": band}


def _alike(key: TableKey) -> tuple[str, ...]:
    """Return the conventions that give the same table; none for symbols without orders."""
    kind, stated, ours = KINDS[key.kind], key.convention, entry_of(key.convention)
    if RECIPES[kind.name].value is not None:
        return ()
    turns, coupling = kind.name.startswith("wigner_d"), kind.name.removeprefix("real_").removeprefix("spin_")

    def words(one: PackageConvention) -> tuple[str, ...]:
        return one.basis, one.phase, one.order, one.polar_axis, one.normalization, one.angles if turns else ""

    if coupling in COUPLINGS:
        wanted = meaning(coupling, ours)
        same = {one.name for _, one in candidates(coupling) if meaning(coupling, one) == wanted}
    else:
        same = {one.name for one in CONVENTIONS.values() if words(one) == words(ours)}
    return tuple(name for name, one in CONVENTIONS.items() if name in same or one.stated == stated)


def _manners(kind: Kind) -> Iterator[tuple[str, Move, float]]:
    """Yield what may be different: nothing, the order of m on all axes, rows and columns of a matrix."""
    yield "", lambda labels: labels, 0.0
    signed = [place for place, column in enumerate(kind.columns) if column.signed and column.of is not None]
    if not signed:
        return
    for one in with_other_orders(CONVENTIONS["real"]):
        if one.order != "ascending":
            yield f" with m {one.order}", _reordered(kind, signed, one), _PRICE_OF_ORDER
    if len(signed) > 1 and kind.columns[signed[-1]].of == kind.columns[signed[-2]].of:
        swapped = list(range(len(kind.columns)))
        swapped[signed[-2]], swapped[signed[-1]] = signed[-1], signed[-2]
        yield ", transposed", lambda labels: labels[:, swapped], _PRICE_OF_ORDER


def _reordered(kind: Kind, signed: list[int], one: PackageConvention) -> Move:
    """Return what takes the places of orders, counted from -l, to the orders that stand there."""

    def move(labels: Labels) -> Labels:
        moved = labels.copy()
        for place in signed:
            column, owner = kind.columns[place], kind.columns[place].of or 0
            if one.order == "descending":
                moved[:, place] = -labels[:, place]
                continue
            step = 1 + column.doubled
            for label in np.unique(labels[:, owner]).tolist():
                if label % step == 0:  # a half has no other order
                    listed = step * np.array(orders(one, label // step))
                    rows = (labels[:, owner] == label) & (abs(labels[:, place]) <= label)
                    moved[rows, place] = listed[(labels[rows, place] + label) // step]
        return moved

    return move


def _judged(guess: _Guess) -> Iterator[_Guess]:
    """Yield a reading with the number of entries that it leaves wrong, and the same with a common factor."""
    pairs = [_pair(guess, group, "float64", None)[:2] for group in _probes(guess)]
    total = sum(int((found != 0).sum()) for found, _ in pairs) or 1
    yield replace(guess, wrong=wrong_entries(pairs, 1.0), total=total)
    factor = common_factor(pairs)
    if factor != 1.0 and total > _MOST_ARBITRARY:
        price = guess.price + _PRICE_OF_FACTOR
        wrong = wrong_entries(pairs, factor)
        yield replace(guess, wrong=wrong, total=total, factor=factor, price=price)


def _groups(guess: _Guess) -> Iterator[Rows]:
    """Yield the rows of each block, their labels moved to where they belong."""
    leading = guess.kind.leading if guess.kind.leading < len(guess.kind.columns) else 0
    for part in guess.rows:
        yield from replace(part, labels=guess.move(part.labels)).groups(leading)


def _probes(guess: _Guess) -> list[Rows]:
    """Return a few blocks, small ones first, or some rows of a table that is one block."""
    groups = sorted(_groups(guess), key=lambda group: len(group.labels))
    chosen = [group for group in groups if 0 < len(group.labels) <= _PROBE_SIZE][-_PROBES:]
    if chosen:
        return chosen
    group = groups[0]
    some = np.unique(np.linspace(0, len(group.labels) - 1, _PROBE_SIZE).astype(np.int64))
    return [Rows(group.where, group.labels[some], group.values[some])]


def _piece(guess: _Guess, group: Rows, precision: str, factor: Surd | None) -> Piece:
    """Return the rows of a block beside their exact values."""
    found, expected, labels = _pair(guess, group, precision, factor)
    if factor is None:
        expected = expected * guess.factor
    columns = guess.kind.columns

    def names(place: tuple[int, ...]) -> tuple[Label, ...]:
        row = labels[place[0]].tolist()
        return tuple(_label(column, label) for column, label in zip(columns, row, strict=True))

    entries = None if group.entries is None else max(group.entries, len(found))
    return Piece(group.where, found, expected, names, entries)


def _label(column: Column, label: int) -> Label:
    if not column.doubled:
        return label
    return label // 2 if label % 2 == 0 else Fraction(label, 2)


def _pair(
    guess: _Guess, group: Rows, precision: str, factor: Surd | None
) -> tuple[NDArray[Any], NDArray[Any], Labels]:
    """Return the numbers of a block, the exact ones rounded to a precision, and the labels of both.

    What a list leaves out is 0; what the exact block has and the list has not is there as 0 too.
    """
    block = _exact(guess.key, group)
    expected = _rounded(block, guess.key.pi_power, precision, factor)
    labels, back = np.unique(np.concatenate([block.index, group.labels]), axis=0, return_inverse=True)
    back = back.ravel()
    right = np.zeros(len(labels), expected.dtype)
    right[back[: len(expected)]] = expected
    found = np.zeros(len(labels), group.values.dtype)
    found[back[len(expected) :]] = group.values
    return found, right, labels


def _exact(key: TableKey, group: Rows) -> Block:
    """Return the exact rows of a block; of symbols, which know no blocks, those asked for."""
    kind, recipe = KINDS[key.kind], RECIPES[key.kind]
    if recipe.value is None:
        named = group.labels[:1, : kind.leading].ravel().tolist() if group.block is None else group.block
        leading = tuple(named)
        try:
            return _block(key, leading)
        except LabelError:  # no such block: every entry should be 0
            return Block.of_values(len(kind.columns), {})
    good = kind.allowed(group.labels.astype(np.int32))
    if kind.doubled and key.convention.basis == "real":
        good &= (group.labels % 2 == 0).all(axis=1)
    return Block.of_values(
        len(kind.columns),
        {labels: recipe.value(key, labels) for labels in map(tuple, group.labels[good].tolist())},
    )


@lru_cache(maxsize=256)
def _block(key: TableKey, leading: tuple[int, ...]) -> Block:
    return block_of(key, leading)


def _rounded(block: Block, pi_power: int, precision: str, factor: Surd | None) -> NDArray[Any]:
    """Return the values of a block, times a factor, rounded once to a precision."""
    tops, bottoms, turns = block.numerators, block.denominators, block.i_powers
    if factor is not None and factor != 1:
        square = factor.radicand
        tops = [factor.sign * top * square.numerator for top in tops]
        bottoms = [bottom * square.denominator for bottom in bottoms]
        pi_power += factor.pi_power
    form: Any = "float32" if precision == "float32" else "float64"
    values: NDArray[Any] = round_all(tops, bottoms, form, pi_power)
    if precision not in ("float32", "float64"):
        values = nearest(values, precision)
    if not turns.any():
        return values
    phases = np.where(turns == 1, 1j, 1).astype(np.result_type(values, np.complex64))
    return np.asarray(values * phases)
