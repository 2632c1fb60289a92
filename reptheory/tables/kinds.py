"""Kinds of table: the registry of what exists, and the canonical name of one table.

A kind is data, not code: `KINDS` is what the reader, the builder and the command line share. `table_key`
turns what a caller wrote into a `TableKey`; every default is filled in, so equal keys mean equal bytes.
docs/table-format.md lists the kinds with their formulas; `build.recipes` computes their rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reptheory.conventions import Convention, convention_of, harmonic_convention
from reptheory.errors import LabelError
from reptheory.groups.labels import shown, whole
from reptheory.tables.catalogue import CATALOGUE
from reptheory.tables.rules import Kind, Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["KINDS", "OPTIONS", "TableKey", "kind_of", "table_key"]

OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lmax": "lmax",
        "lmax_out": "out",
        "band_limit": "band",
        "formula": "",
        "quaternion": "quaternion",
        "normalization": "",
        "phase": "phase-",
        "convention": "",
    }
)
"""Every parameter beside the basis, and the word before its value in a file name."""
_FORMULA: Final = re.compile(r"[a-z]{1,7}(=-?[a-z]{1,7})*")
_QUATERNION: Final = re.compile(r"-?[0-9]{1,9}(,-?[0-9]{1,9}){3}")

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in CATALOGUE})
"""Every kind by its name."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """The canonical name of one table: its kind and every parameter, defaults filled in.

    parameters   pairs (name, value), sorted by name: the basis and the parameters of the kind; normalisation
                 and phase of the harmonics, or the name of a convention, where they are not the basis's own
    stated       the convention of that name; None where the parameters say all
    """

    kind: str
    parameters: tuple[tuple[str, int | str], ...]
    stated: Convention | None = None

    @property
    def convention(self) -> Convention:
        """The convention that the values follow."""
        if self.stated is not None:
            return self.stated
        values = dict(self.parameters)
        words = (str(values[name]) for name in ("normalization", "phase") if name in values)
        return harmonic_convention(str(values["basis"]), *words)

    @property
    def pi_power(self) -> int:
        """Power of pi under every square root."""
        kind = kind_of(self.kind)
        if self.convention.normalization == "orthonormal":
            return kind.pi_power
        return kind.pi_power + sum(power for _, power in kind.harmonics)

    @property
    def file_name(self) -> str:
        """File name that states every parameter, in lower-case ASCII.

        >>> table_key("gaunt", 4).file_name
        'gaunt-real-lmax4-out8.npz'
        """
        values = dict(self.parameters)
        words = (f"-{word}{_written(values[name])}" for name, word in OPTIONS.items() if name in values)
        return f"{self.kind}-{values['basis']}{''.join(words).replace('/', '-')}.npz"

    @property
    def command(self) -> str:
        """The command line that builds this table.

        >>> table_key("theta_projection", 3, band_limit=6).command
        'reptheory build theta_projection --lmax 3 --basis complex --band-limit 6'
        """
        values = dict(self.parameters)
        text = f"reptheory build {self.kind}"
        for name in ("lmax", "basis", *tuple(OPTIONS)[1:]):
            if name in values:
                text += f" --{name.replace('_', '-')} {_written(values[name])}"
        return text

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={_written(value)}" for name, value in self.parameters)
        return f"{self.kind}({inside})"


def _written(value: object) -> str:
    """Return a parameter as text; a number with too many digits for any table is cut."""
    return shown(value) if isinstance(value, int) else str(value)


def kind_of(name: str) -> Kind:
    """Return the kind called `name`; raise LabelError, listing the kinds, when there is none."""
    if not isinstance(name, str) or name not in KINDS:
        raise LabelError(f"kind: got {name!r}; it must be one of {', '.join(KINDS)}")
    return KINDS[name]


def table_key(
    kind: str,
    lmax: int | None = None,
    *,
    basis: str | None = None,
    lmax_out: int | None = None,
    band_limit: int | None = None,
    formula: str | None = None,
    quaternion: str | Sequence[int] | None = None,
    normalization: str | None = None,
    phase: str | None = None,
    convention: Convention | None = None,
) -> TableKey:
    """Name a table canonically.

    kind           one of `KINDS`
    lmax           highest degree l (or spin j) of the inputs, a whole number >= 0
    basis          "real" or "complex"; None takes the kind's first
    lmax_out       couplings only: highest l3 (spin s of tensor harmonics), from 0 to 2 lmax (the default)
    band_limit     inverse changes of basis only: highest |u|, at least lmax (the default)
    formula        Cartesian tensors only, and instead of lmax: their index symmetry, such as "ij=ji"
    quaternion     rotation matrices only: four whole numbers (a, b, c, d), or "a,b,c,d"
    normalization  of the harmonics, and their phase, where a kind has harmonics: words of `harmonic_factor`;
                   None is that of the basis
    convention     of another package, in place of basis, normalization and phase
    returns        the key with every default filled in
    raises         LabelError: an unknown kind, a parameter the kind does not have, or one out of range

    >>> print(table_key("gaunt", 2))
    gaunt(basis=real, lmax=2, lmax_out=4)
    """
    rule = kind_of(kind)
    given = {
        "lmax": lmax,
        "lmax_out": lmax_out,
        "band_limit": band_limit,
        "formula": formula,
        "quaternion": quaternion,
    }
    parameters = _written_in(rule, basis, normalization, phase, convention)
    for name, value in given.items():
        if name in rule.parameters:
            parameters[name] = _parameter(name, value, parameters)
        elif value is not None:
            raise LabelError(f"{name}: got {shown(value)}, but a {kind} table has no {name}; leave it out")
    stated = convention if "convention" in parameters else None
    return TableKey(kind, tuple(sorted(parameters.items())), stated)


def _written_in(
    rule: Kind, basis: str | None, normalization: str | None, phase: str | None, convention: Convention | None
) -> dict[str, int | str]:
    """Return the parameters that say how the values are written: the basis, and what differs from its own."""
    scaled = normalization is not None or phase is not None
    if convention is not None:
        if scaled or basis not in (None, convention.basis):
            raise LabelError(f"basis, normalization, phase: {convention.name} states them; leave them out")
        native = convention == convention_of(convention.basis) and convention.basis in rule.bases
        whole = rule.doubled and convention.basis == "complex"  # of a table with half-integers
        if whole or not native:
            return {"basis": convention.basis, "convention": convention.name}
    chosen = (convention.basis if convention else rule.bases[0]) if basis is None else basis
    if chosen not in rule.bases:
        raise LabelError(
            f"basis: got {shown(basis)}; a {rule.name} table exists in {' or '.join(rule.bases)} only"
        )
    if not scaled:
        return {"basis": chosen}
    if not rule.harmonics:
        raise LabelError(
            f"normalization, phase: a {rule.name} table holds no harmonics to scale; leave them out"
        )
    found = harmonic_convention(chosen, "orthonormal" if normalization is None else normalization, phase)
    if found == convention_of(chosen):
        return {"basis": chosen}
    return {"basis": chosen, "normalization": found.normalization, "phase": found.phase}


def _parameter(name: str, value: object, known: Parameters) -> int | str:
    """Check one parameter of a key, or return its default."""
    if name == "formula":
        if not isinstance(value, str) or not _FORMULA.fullmatch(value):
            raise LabelError(
                f'formula: got {shown(value)}; write index letters, such as "ij=ji" or "ijk=-jik"'
            )
        return value
    if name == "quaternion":
        return _quaternion(value)
    if name == "lmax":
        return whole(value, "lmax")
    lmax = int(known["lmax"])
    if value is None:
        return 2 * lmax if name == "lmax_out" else lmax
    number = whole(value, name)
    if name == "lmax_out" and number > 2 * lmax:
        raise LabelError(f"lmax_out: got {number}; inputs up to l={lmax} couple to at most l={2 * lmax}")
    if name == "band_limit" and number < lmax:
        raise LabelError(f"band_limit: got {number}; degree l={lmax} needs a band limit of at least {lmax}")
    return number


def _quaternion(value: object) -> str:
    """Return the primitive integers along a quaternion as text."""
    text = value if isinstance(value, str) else None
    if text is None and isinstance(value, Sequence):
        text = ",".join(str(whole(part, "quaternion", signed=True)) for part in value)
    if text is None or not _QUATERNION.fullmatch(text):
        raise LabelError(
            f"quaternion: got {shown(value)}; write four whole numbers of at most nine digits, "
            'such as "1,0,1,0"'
        )
    parts = [int(part) for part in text.split(",")]
    common = gcd(*parts)
    if not common:
        raise LabelError("quaternion: got (0, 0, 0, 0), which is no rotation; one component must not be 0")
    return ",".join(str(part // common) for part in parts)
