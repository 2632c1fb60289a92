"""Show: the exact values that a few labels name, as text for people."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.build.proof import ProofError
from reptheory.build.recipes import RECIPES
from reptheory.build.size import require_room
from reptheory.errors import LabelError
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.rounding import is_nearest
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j
from reptheory.exact.wigner9j import wigner_9j
from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second
from reptheory.groups.labels import projection, read_half, spelled, two_spin, whole
from reptheory.tables.kinds import TableKey, kind_of, table_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reptheory.build.recipes import Block
    from reptheory.tables.rules import Kind

__all__ = ["Listing", "block_rows"]

_MOST_BITS: Final = 14_000  # Python refuses to write integers of more than 4,300 digits


@dataclass(frozen=True, slots=True)
class Listing:
    """Values as text.

    title   what they are
    names   of the label columns
    lines   the labels, the nearest float64 and float32, and the exact value
    """

    title: str
    names: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def block_rows(
    kind: str, labels: Sequence[str], basis: str | None = None, formula: str | None = None
) -> Listing:
    """List the values of a kind whose labels begin with `labels`.

    kind     one of `reptheory.tables.kinds.KINDS`
    labels   as text: three degrees of a coupling, the spin of a rotation, the degree of a change of basis,
             every spin of a symbol without orders; or those and the labels behind them, down to a single
             value (listed even when it is zero)
    formula  of a Cartesian tensor, which needs no labels
    raises   LabelError: an impossible label, too few or too many; TooLarge
    """
    rule = kind_of(kind)
    names = tuple(column.label for column in rule.columns)
    if not rule.leading <= len(labels) <= len(names):
        least, most = rule.leading, len(names)
        count = f"{least} to {most}" if least < most else f"{most}"
        raise LabelError(f"labels: got {len(labels)}; {kind} takes {count} of them: {' '.join(names)}")
    wanted = _integers(rule, labels)
    key = _key(rule, wanted, basis, formula)
    chosen = str(dict(key.parameters)["basis"])
    title = f"{rule.summary} ({chosen} basis)" if formula is None else f"{formula}: {rule.summary}"
    single = _single(rule, chosen, wanted)
    values = [(wanted, single)] if single is not None else _values(key, wanted)
    return Listing(title, names, tuple(_line(rule, row, value) for row, value in values))


def _integers(rule: Kind, labels: Sequence[str]) -> tuple[int, ...]:
    """Turn labels into index entries, and check each order against its degree."""
    row: list[int] = []
    for column, text in zip(rule.columns, labels, strict=False):
        value = Fraction(read_half(text, column.label), 2)
        if column.doubled:
            row.append(int(2 * value) if column.signed else two_spin(value, column.label))
        else:
            row.append(whole(value, column.label, signed=column.signed or column.of is not None))
        if column.of is not None and column.doubled == rule.columns[column.of].doubled:
            factor = 1 if column.doubled else 2
            owner = rule.columns[column.of].label
            projection(factor * row[column.of], factor * row[-1], owner, column.label)
    return tuple(row)


def _key(rule: Kind, wanted: Sequence[int], basis: str | None, formula: str | None) -> TableKey:
    """Name the smallest table that holds the labels."""
    if "formula" in rule.parameters:
        return table_key(rule.name, basis=basis, formula=formula)
    top = max(wanted[: rule.leading])
    return table_key(rule.name, -(-top // 2) if rule.doubled else top, basis=basis, formula=formula)


def _block(key: TableKey, wanted: Sequence[int]) -> Block | None:
    """Compute the block that the leading labels name; None where a selection rule forbids it."""
    kind, recipe = kind_of(key.kind), RECIPES[key.kind]
    if kind.triads:
        first, second, third = (wanted[place] for place in kind.triads[0])
        if not abs(first - second) <= third <= first + second or (kind.doubled and sum(wanted[:3]) % 2):
            return None
        return recipe.compute(key, tuple(wanted[:3]))
    require_room(key)
    return recipe.compute(key, tuple(wanted[: kind.leading]))


def _single(rule: Kind, basis: str, wanted: Sequence[int]) -> Surd | None:
    """Return the one value that all labels name, without its block, where it has a formula."""
    if len(wanted) < len(rule.columns):
        return None
    labels = [Fraction(value, 2 if rule.doubled else 1) for value in wanted]
    scalars: dict[tuple[str, str], Callable[..., Surd]] = {
        ("clebsch_gordan", "complex"): clebsch_gordan,
        ("wigner_3j", "complex"): wigner_3j,
        ("wigner_6j", "complex"): wigner_6j,
        ("wigner_9j", "complex"): wigner_9j,
        ("wigner_12j_first", "complex"): wigner_12j_first,
        ("wigner_12j_second", "complex"): wigner_12j_second,
        ("gaunt", "complex"): gaunt,
        ("gaunt", "real"): real_gaunt,
    }
    scalar = scalars.get((rule.name, basis))
    return None if scalar is None else scalar(*labels)


def _values(key: TableKey, wanted: Sequence[int]) -> list[tuple[Sequence[int], Surd]]:
    """Return the rows whose labels begin with `wanted`; one zero when a single value was asked for."""
    block, kind = _block(key, wanted), kind_of(key.kind)
    chosen: list[int] = []
    if block is not None:
        same = block.index[:, : len(wanted)] == np.array(wanted, dtype=np.int64)
        chosen = np.flatnonzero(same.all(axis=1)).tolist()
    if block is None or (not chosen and len(wanted) == len(kind.columns)):
        return [(wanted, Surd.rational(0))] if len(wanted) == len(kind.columns) else []
    values: list[tuple[Sequence[int], Surd]] = []
    for row in chosen:
        square = Fraction(abs(block.numerators[row]), block.denominators[row])
        sign = 1 if block.numerators[row] > 0 else -1
        value = Surd.sqrt(square, sign=sign, pi_power=kind.pi_power, i_power=int(block.i_powers[row]))
        values.append((block.index[row].tolist(), value))
    return values


def _line(rule: Kind, row: Sequence[int], value: Surd) -> tuple[str, ...]:
    """Write the labels of a value, the floats nearest to it, and the value itself."""
    unit, real = ("i", value / Surd.sqrt(-1)) if value.i_power else ("", value)
    double, single = float(real), real.to_float32()
    if not (is_nearest(double, real, "float64") and is_nearest(float(single), real, "float32")):
        raise ProofError(f"{double!r} or {single!r} is not nearest to its value at {row}; please report this")
    labels = [
        spelled(label if column.doubled else 2 * label)
        for column, label in zip(rule.columns, row, strict=True)
    ]
    return (*labels, f"{double!r}{unit}", f"{single!s}{unit}", _exact(value))


def _exact(value: Surd) -> str:
    """Write an exact value; one of more digits than Python writes is described instead."""
    bits = max(value.radicand.numerator.bit_length(), value.radicand.denominator.bit_length())
    if bits > _MOST_BITS:
        return f"√ of a fraction with about {bits * 3 // 10} digits; wigner_3j and its kin return it exactly"
    return repr(value)
