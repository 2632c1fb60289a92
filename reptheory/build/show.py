"""Show: the exact values that a few labels name, as text for people."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Final, Unpack

from reptheory.build.naming import TableOptions, named_key
from reptheory.build.proof import ProofError
from reptheory.build.recipes import block_of
from reptheory.build.size import require_room, short
from reptheory.build.symbol_recipes import SYMBOLS
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.rounding import is_nearest
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.groups.labels import projection, read_half, spelled, two_spin, whole
from reptheory.tables.kinds import TableKey, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reptheory.build.recipes import Block
    from reptheory.tables.rules import Kind

__all__ = ["Listing", "block_rows"]

_MOST_OPEN: Final = 10**6
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


def block_rows(kind: str, labels: Sequence[str], **options: Unpack[TableOptions]) -> Listing:
    """List the values of a kind whose labels begin with `labels`.

    kind     one of `reptheory.tables.kinds.KINDS`
    labels   as text: three degrees of a coupling, the spin of a rotation, the degree of a change of basis,
             every spin of a symbol without orders; or those and the labels behind them, down to a single
             value (listed even when it is zero)
    options  basis, normalization, ... as `reptheory.tables.kinds.table_key`; the formula of a Cartesian
             tensor, which needs no labels
    raises   LabelError: an impossible label, too few or too many; TooLarge
    """
    rule = kind_of(kind)
    names = tuple(column.label for column in rule.columns)
    if not rule.leading <= len(labels) <= len(names):
        least, most = rule.leading, len(names)
        count = f"{least} to {most}" if least < most else f"{most}"
        raise LabelError(f"labels: got {len(labels)}; {kind} takes {count} of them: {' '.join(names)}")
    wanted = _integers(rule, labels)
    key = _key(rule, wanted, options)
    halves = [column.label for column, label in zip(rule.columns, wanted, strict=False) if label % 2]
    if key.stated is not None and rule.doubled and halves:
        raise LabelError(f"{halves[0]}: only our complex basis has half-integers; leave the convention out")
    single = _single(key, wanted)
    values = [(wanted, single)] if single is not None else _values(key, wanted)
    return Listing(_title(key), names, tuple(_line(rule, row, value) for row, value in values))


def _title(key: TableKey) -> str:
    """Return what the values are, and in which basis or convention."""
    values, summary = dict(key.parameters), kind_of(key.kind).summary
    native = not values.keys() & {"normalization", "convention"}
    how = f"{values['basis']} basis" if native else key.convention.name
    words = [str(values[name]) for name in ("formula", "quaternion") if name in values]
    return f"{summary} ({', '.join([*words, how])})"


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


def _key(rule: Kind, wanted: Sequence[int], options: TableOptions) -> TableKey:
    """Name the smallest table that holds the labels."""
    if "formula" in rule.parameters:
        return named_key(rule.name, **options)
    top = max(wanted[: rule.leading])
    return named_key(rule.name, -(-top // 2) if rule.doubled else top, **options)


def _block(key: TableKey, wanted: Sequence[int]) -> Block | None:
    """Compute the block that the leading labels name; None where a selection rule forbids it."""
    kind = kind_of(key.kind)
    if key.kind in SYMBOLS:
        _require_few(key, len(wanted))
        return block_of(key, tuple(wanted))
    if kind.triads and kind.leading == 3:
        first, second, third = (wanted[place] for place in kind.triads[0])
        if not abs(first - second) <= third <= first + second or (kind.doubled and sum(wanted[:3]) % 2):
            return None
        return block_of(key, tuple(wanted[:3]))
    require_room(key)
    return block_of(key, tuple(wanted[: kind.leading]))


def _require_few(key: TableKey, given: int) -> None:
    """Raise TooLarge where the labels of a symbol leave too many others open."""
    columns, parameters = kind_of(key.kind).columns, dict(key.parameters)
    spans = (column.limits(parameters) for column in columns[given:])
    rows = prod(high - low + 1 for low, high in spans)
    if key.kind != "vector_path_ratio" and rows > _MOST_OPEN:
        raise TooLarge(f"labels: {short(rows)}rows may begin with these; give more labels")


def _single(key: TableKey, wanted: Sequence[int]) -> Surd | None:
    """Return the one value that all labels name, without its block, where it has a formula."""
    rule, values = kind_of(key.kind), dict(key.parameters)
    if len(wanted) < len(rule.columns) or values.keys() & {"normalization", "convention"}:
        return None
    labels = [Fraction(value, 2 if rule.doubled else 1) for value in wanted]
    scalars: dict[tuple[str, str], Callable[..., Surd]] = {
        ("clebsch_gordan", "complex"): clebsch_gordan,
        ("wigner_3j", "complex"): wigner_3j,
        ("spin_clebsch_gordan", "complex"): clebsch_gordan,
        ("gaunt", "complex"): gaunt,
        ("gaunt", "real"): real_gaunt,
    }
    scalar = scalars.get((rule.name, str(values["basis"])))
    return None if scalar is None else scalar(*labels)


def _values(key: TableKey, wanted: Sequence[int]) -> list[tuple[Sequence[int], Surd]]:
    """Return the rows whose labels begin with `wanted`; one zero when a single value was asked for."""
    block, chosen = _block(key, wanted), tuple(wanted)
    found: list[tuple[Sequence[int], Surd]] = []
    if block is not None:
        rows = block.values(key.pi_power)
        found.extend((row, value) for row, value in rows if row[: len(chosen)] == chosen)
    if not found and len(wanted) == len(kind_of(key.kind).columns):
        return [(wanted, Surd.rational(0))]
    return found


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
