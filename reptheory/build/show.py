"""Show: the exact values that a few labels name, as text for people."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from reptheory.build.proof import ProofError
from reptheory.build.rows import coupling_rows, exact_rows, rotation_rows
from reptheory.build.size import require_room
from reptheory.errors import LabelError
from reptheory.exact.clebsch_gordan import clebsch_gordan
from reptheory.exact.gaunt import gaunt, real_gaunt
from reptheory.exact.rounding import is_nearest
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.groups.labels import projection, read_half, spelled, two_spin, whole
from reptheory.tables.kinds import kind_of, table_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reptheory.build.rows import Rows
    from reptheory.conventions import Basis
    from reptheory.exact.coupling import CouplingKind
    from reptheory.tables.kinds import Kind

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
    title = f"{rule.summary} ({chosen} basis)"
    single = _single(rule, chosen, wanted)
    values = [(wanted, single)] if single is not None else _values(rule, chosen, wanted)
    return Listing(title, names, tuple(_line(rule, row, value) for row, value in values))


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
        kind = cast("CouplingKind", rule.name)
        first, second, third = wanted[:3]
        if not abs(first - second) <= third <= first + second or (rule.doubled and sum(wanted[:3]) % 2):
            return coupling_rows(kind, cast("Basis", basis), [])
        return coupling_rows(kind, cast("Basis", basis), [(first, second, third)])
    key = table_key(rule.name, top, basis=basis)
    require_room(key)
    return exact_rows(key)


def _single(rule: Kind, basis: str, wanted: Sequence[int]) -> Surd | None:
    """Return the one value that six labels of a coupling name, without its block, where it has a formula."""
    if rule.shape != "coupling" or len(wanted) < 6:
        return None
    labels = [Fraction(value, 2 if rule.doubled else 1) for value in wanted]
    scalars: dict[tuple[str, str], Callable[..., Surd]] = {
        ("wigner_3j", "complex"): wigner_3j,
        ("gaunt", "complex"): gaunt,
        ("gaunt", "real"): real_gaunt,
    }
    if (rule.name, basis) in scalars:
        return scalars[rule.name, basis](*labels)
    if basis == "complex":
        return clebsch_gordan(*labels)
    return None


def _values(rule: Kind, basis: str, wanted: Sequence[int]) -> list[tuple[Sequence[int], Surd]]:
    """Return the rows whose labels begin with `wanted`; one zero when a single value was asked for."""
    rows, columns = _rows(rule, basis, wanted), len(rule.index_names)
    index = np.concatenate(rows.index) if rows.index else np.empty((0, columns), np.int32)
    turned = np.concatenate(rows.i_powers) if rows.i_powers else np.empty(0, np.uint8)
    chosen = np.flatnonzero((index[:, : len(wanted)] == np.array(wanted)).all(axis=1)).tolist()
    if not chosen and len(wanted) == columns:
        return [(wanted, Surd.rational(0))]
    values: list[tuple[Sequence[int], Surd]] = []
    for row in chosen:
        square = Fraction(abs(rows.numerators[row]), rows.denominators[row])
        sign = 1 if rows.numerators[row] > 0 else -1
        value = Surd.sqrt(square, sign=sign, pi_power=rule.pi_power, i_power=int(turned[row]))
        values.append((index[row].tolist(), value))
    return values


def _line(rule: Kind, row: Sequence[int], value: Surd) -> tuple[str, ...]:
    """Write the labels of a value, the floats nearest to it, and the value itself."""
    unit, real = ("i", value / Surd.sqrt(-1)) if value.i_power else ("", value)
    double, single = float(real), real.to_float32()
    if not (is_nearest(double, real, "float64") and is_nearest(float(single), real, "float32")):
        raise ProofError(f"{double!r} or {single!r} is not nearest to its value at {row}; please report this")
    return (*(_label(rule, label) for label in row), f"{double!r}{unit}", f"{single!s}{unit}", _exact(value))


def _exact(value: Surd) -> str:
    """Write an exact value; one of more digits than Python writes is described instead."""
    bits = max(value.radicand.numerator.bit_length(), value.radicand.denominator.bit_length())
    if bits > _MOST_BITS:
        return f"√ of a fraction with about {bits * 3 // 10} digits; wigner_3j and its kin return it exactly"
    return repr(value)


def _label(rule: Kind, value: int) -> str:
    """Write an index entry as the label it stands for."""
    return spelled(value if rule.doubled else 2 * value)
