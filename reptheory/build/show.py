"""Show: the exact values that a few labels name, as text for people."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from reptheory.build.proof import proven_floats
from reptheory.build.rows import coupling_rows, exact_rows, rotation_rows
from reptheory.build.size import require_room
from reptheory.errors import LabelError
from reptheory.exact.surd import Surd
from reptheory.groups.labels import projection, read_half, spelled, two_spin, whole
from reptheory.tables.kinds import kind_of, table_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reptheory.build.rows import Rows
    from reptheory.tables.kinds import Kind

__all__ = ["Listing", "block_rows"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Values as text.

    title   what they are
    names   of the label columns
    lines   the labels, the exact value, and the floats nearest to it
    """

    title: str
    names: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def block_rows(kind: str, labels: Sequence[str], basis: str | None = None) -> Listing:
    """List the values of a kind whose labels begin with `labels`.

    kind     one of `reptheory.tables.kinds.KINDS`
    labels   as text: three degrees of a coupling, the spin of a rotation, the degree of a change of basis; or
             those and the labels behind them, down to a single value (listed even when it is zero)
    raises   LabelError: an impossible label, too few or too many; TooLarge
    """
    rule = kind_of(kind)
    names = tuple(name.removeprefix("two_") for name in rule.index_names)
    least = 3 if rule.shape == "coupling" else 1
    if not least <= len(labels) <= len(names):
        raise LabelError(
            f"labels: got {len(labels)}; {kind} takes {least} to {len(names)} of them: {' '.join(names)}"
        )
    wanted = _integers(rule, names, labels)
    key = table_key(kind, 0, basis=basis)  # checks the basis, whatever the labels
    chosen = str(dict(key.parameters)["basis"])
    rows = _rows(rule, chosen, wanted)
    title = f"{rule.summary}  [{chosen} basis]"
    return Listing(title, names, tuple(_lines(rule, rows, wanted)))


def _integers(rule: Kind, names: Sequence[str], labels: Sequence[str]) -> tuple[int, ...]:
    """Turn labels into index entries, and check each order against its degree."""
    degrees = 3 if rule.shape == "coupling" else 1
    doubled: list[int] = []
    for place, (name, text) in enumerate(zip(names, labels, strict=False)):
        value = Fraction(read_half(text, name), 2)
        if place < degrees:
            doubled.append(two_spin(value, name) if rule.doubled else 2 * whole(value, name))
            continue
        doubled.append(int(2 * value) if rule.doubled else 2 * whole(value, name, signed=True))
        owner = place - 3 if rule.shape == "coupling" else 0
        if rule.shape in {"coupling", "rotation"} or place == 1:
            projection(doubled[owner], doubled[place], names[owner], name)
    return tuple(doubled) if rule.doubled else tuple(value // 2 for value in doubled)


def _rows(rule: Kind, basis: str, wanted: Sequence[int]) -> Rows:
    """Compute the block that the leading labels name."""
    top = -(-max(wanted[:3]) // 2) if rule.doubled else wanted[0]
    if rule.shape == "rotation":
        require_room(table_key(rule.name, top))
        return rotation_rows([wanted[0]])
    if rule.shape == "coupling":
        first, second, third = wanted[:3]
        if not abs(first - second) <= third <= first + second or (rule.doubled and sum(wanted[:3]) % 2):
            return coupling_rows(rule.name, basis, [])
        return coupling_rows(rule.name, basis, [(first, second, third)])
    key = table_key(rule.name, top, basis=basis)
    require_room(key)
    return exact_rows(key)


def _lines(rule: Kind, rows: Rows, wanted: Sequence[int]) -> list[tuple[str, ...]]:
    """Write the rows whose labels begin with `wanted`, or one zero when a single value was asked for."""
    columns = len(rule.index_names)
    index = np.concatenate(rows.index) if rows.index else np.empty((0, columns), np.int32)
    imaginary = np.concatenate(rows.i_powers) if rows.i_powers else np.empty(0, np.uint8)
    chosen = np.flatnonzero((index[:, : len(wanted)] == np.array(wanted)).all(axis=1)).tolist()
    if not chosen and len(wanted) == columns:
        return [(*(_label(rule, value) for value in wanted), "0", "0.0", "0.0")]
    numerators = [rows.numerators[row] for row in chosen]
    denominators = [rows.denominators[row] for row in chosen]
    double = proven_floats(numerators, denominators, rule.pi_power, "float64")
    single = proven_floats(numerators, denominators, rule.pi_power, "float32")
    lines = []
    for place, row in enumerate(chosen):
        unit = "i" if imaginary[row] else ""
        square = Fraction(abs(numerators[place]), denominators[place])
        sign = 1 if numerators[place] > 0 else -1
        value = Surd.sqrt(square, sign=sign, pi_power=rule.pi_power, i_power=int(imaginary[row]))
        floats = (f"{float(double[place])!r}{unit}", f"{single[place]!s}{unit}")
        lines.append((*(_label(rule, label) for label in index[row].tolist()), repr(value), *floats))
    return lines


def _label(rule: Kind, value: int) -> str:
    """Write an index entry as the label it stands for."""
    return spelled(value if rule.doubled else 2 * value)
