"""Kinds of table: what the columns of an index mean, which parameters a table has, which rows are possible.

A kind is data, not code: `KINDS` is the registry that the reader, the builder and the command line share.
`table_key` turns what a caller wrote into a `TableKey`, the canonical name of one table; every default is
filled in, so equal keys mean equal bytes. docs/table-format.md lists the kinds with their formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from reptheory.conventions import Convention, convention_of
from reptheory.errors import LabelError, TableCorrupt
from reptheory.groups.labels import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["KINDS", "Kind", "TableKey", "kind_of", "table_key"]

Shape = Literal["coupling", "fourier", "theta", "rotation"]
Option = Literal["lmax_out", "band_limit"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of table.

    name         its name, as `load_table` and the command line take it
    index_names  the columns of the index, in the order that rows are sorted by; names that start with
                 "two_" hold doubled labels, so that halves are integers
    bases        the bases it exists in, the default first
    option       the second parameter beside lmax, if it has one
    shape        which rule its rows obey (see `Kind.allowed`)
    pi_power     value = sign * i^i_power * sqrt(numerator / denominator * pi^pi_power)
    summary      one line for people
    """

    name: str
    index_names: tuple[str, ...]
    bases: tuple[str, ...]
    option: Option | None
    shape: Shape
    pi_power: int
    summary: str

    @property
    def doubled(self) -> bool:
        """Whether the labels are doubled, so that the table covers half-integers."""
        return self.index_names[0].startswith("two_")

    @property
    def orders(self) -> tuple[tuple[int, int], ...]:
        """Index columns that hold an order m, each with the column of the degree that bounds it."""
        if self.shape == "coupling":
            return ((3, 0), (4, 1), (5, 2))
        return ((1, 0), (2, 0)) if self.shape == "rotation" else ((1, 0),)

    def limits(self, parameters: Mapping[str, int | str]) -> tuple[tuple[int, int], ...]:
        """Return the closed range of each index column for the parameters of a table."""
        factor = 2 if self.doubled else 1
        top = factor * int(parameters["lmax"])
        if self.shape == "coupling":
            out = factor * int(parameters["lmax_out"])
            return ((0, top), (0, top), (0, out), (-top, top), (-top, top), (-out, out))
        if self.shape == "rotation":
            return ((0, top), (-top, top), (-top, top))
        band = int(parameters.get("band_limit", top))
        if self.shape == "theta":
            return ((0, top), (0, top), (0, band))
        return ((0, top), (-top, top), (-band, band), (-band, band))

    def allowed(self, index: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Say which rows of `index` (rows, columns) obey the rules that tie their columns together."""
        columns = [index[:, column].astype(np.int64) for column in range(index.shape[1])]
        good: NDArray[np.bool_]
        if self.shape == "coupling":
            j1, j2, j3, m1, m2, m3 = columns
            good = (abs(j1 - j2) <= j3) & (j3 <= j1 + j2)
            good &= (abs(m1) <= j1) & (abs(m2) <= j2) & (abs(m3) <= j3)
            if self.doubled:
                good &= ((j1 + j2 + j3) % 2 == 0) & ((j1 + m1) % 2 == 0)
                good &= ((j2 + m2) % 2 == 0) & ((j3 + m3) % 2 == 0)
            return good
        if self.shape == "rotation":
            j, left, right = columns
            good = (abs(left) <= j) & (abs(right) <= j)
            good &= ((j + left) % 2 == 0) & ((j + right) % 2 == 0)
            return good
        good = abs(columns[1]) <= columns[0]
        if self.shape == "fourier":
            good &= abs(columns[3]) == abs(columns[1])
        return good


_COUPLING: Final = ("l1", "l2", "l3", "m1", "m2", "m3")
_DOUBLED: Final = ("two_j1", "two_j2", "two_j3", "two_m1", "two_m2", "two_m3")
_ALL: Final = (
    Kind(
        "clebsch_gordan", _COUPLING, ("real", "complex"), "lmax_out", "coupling", 0,
        "Clebsch-Gordan coefficients <l1 m1 l2 m2 | l3 m3>",
    ),
    Kind(
        "gaunt", _COUPLING, ("real", "complex"), "lmax_out", "coupling", -1,
        "integrals of three spherical harmonics over the sphere",
    ),
    Kind(
        "wigner_3j", _DOUBLED, ("complex",), "lmax_out", "coupling", 0,
        "Wigner 3j symbols, half-integers included",
    ),
    Kind(
        "fourier_from_harmonics", ("l", "m", "u", "v"), ("complex", "real"), None, "fourier", -1,
        "coefficient of exp(i u theta) exp(i v phi) in the harmonic l m",
    ),
    Kind(
        "harmonics_from_fourier", ("l", "m", "u", "v"), ("complex", "real"), "band_limit", "fourier", 1,
        "coefficient of the Fourier term u v in the component l m, for a product of harmonics",
    ),
    Kind(
        "theta_fourier", ("l", "m", "u"), ("complex",), None, "theta", -1,
        "cosine (m even) or sine (m odd) series in theta of Y_lm exp(-i m phi), m >= 0",
    ),
    Kind(
        "theta_projection", ("l", "m", "u"), ("complex",), "band_limit", "theta", 1,
        "the inverse of theta_fourier on products of harmonics",
    ),
    Kind(
        "wigner_d_pi_half", ("two_j", "two_m_left", "two_m_right"), ("complex",), None, "rotation", 0,
        "Wigner d at the angle pi/2, half-integers included",
    ),
)  # fmt: skip

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by its name."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """The canonical name of one table: its kind and every parameter, defaults filled in.

    parameters   pairs (name, value), sorted by name: lmax, basis and the kind's option
    """

    kind: str
    parameters: tuple[tuple[str, int | str], ...]

    @property
    def convention(self) -> Convention:
        """The convention that the basis names."""
        return convention_of(str(dict(self.parameters)["basis"]))

    @property
    def file_name(self) -> str:
        """File name that states every parameter, in lower-case ASCII.

        >>> table_key("gaunt", 4).file_name
        'gaunt-real-lmax4-out8.npz'
        """
        values = dict(self.parameters)
        text = f"{self.kind}-{values['basis']}-lmax{values['lmax']}"
        for option, word in (("lmax_out", "out"), ("band_limit", "band")):
            if option in values:
                text += f"-{word}{values[option]}"
        return text + ".npz"

    @property
    def command(self) -> str:
        """The command line that builds this table.

        >>> table_key("theta_projection", 3, band_limit=6).command
        'reptheory build theta_projection --lmax 3 --basis complex --band-limit 6'
        """
        values = dict(self.parameters)
        text = f"reptheory build {self.kind} --lmax {values['lmax']} --basis {values['basis']}"
        for option in ("lmax_out", "band_limit"):
            if option in values:
                text += f" --{option.replace('_', '-')} {values[option]}"
        return text

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.kind}({inside})"


def kind_of(name: str) -> Kind:
    """Return the kind called `name`; raise LabelError, listing the kinds, when there is none."""
    if not isinstance(name, str) or name not in KINDS:
        raise LabelError(f"kind: got {name!r}; it must be one of {', '.join(KINDS)}")
    return KINDS[name]


def table_key(
    kind: str,
    lmax: int,
    *,
    basis: str | None = None,
    lmax_out: int | None = None,
    band_limit: int | None = None,
) -> TableKey:
    """Name a table canonically.

    kind        one of `KINDS`
    lmax        highest degree l (or j) of the inputs, a whole number >= 0
    basis       "real" or "complex"; None takes the kind's first
    lmax_out    couplings only: highest l3, from 0 to 2 lmax (the default: every l3)
    band_limit  inverse changes of basis only: highest |u|, at least lmax (the default)
    returns     the key with every default filled in
    raises      LabelError: an unknown kind, a parameter the kind does not have, or one out of range

    >>> print(table_key("gaunt", 2))
    gaunt(basis=real, lmax=2, lmax_out=4)
    """
    rule = kind_of(kind)
    top = whole(lmax, "lmax")
    chosen = rule.bases[0] if basis is None else basis
    if chosen not in rule.bases:
        raise LabelError(f"basis: got {basis!r}; a {kind} table exists in {' or '.join(rule.bases)} only")
    parameters: dict[str, int | str] = {"lmax": top, "basis": chosen}
    for name, value in (("lmax_out", lmax_out), ("band_limit", band_limit)):
        if name == rule.option:
            parameters[name] = _option(name, value, top)
        elif value is not None:
            raise LabelError(f"{name}: got {value!r}, but a {kind} table has no {name}; leave it out")
    return TableKey(kind, tuple(sorted(parameters.items())))


def _option(name: str, value: int | None, lmax: int) -> int:
    """Check `lmax_out` or `band_limit` against lmax, or return its default."""
    if value is None:
        return 2 * lmax if name == "lmax_out" else lmax
    number = whole(value, name)
    if name == "lmax_out" and number > 2 * lmax:
        raise LabelError(f"lmax_out: got {number}; inputs up to l={lmax} couple to at most l={2 * lmax}")
    if name == "band_limit" and number < lmax:
        raise LabelError(f"band_limit: got {number}; degree l={lmax} needs a band limit of at least {lmax}")
    return number


def check_index(kind: Kind, parameters: Mapping[str, int | str], index: NDArray[np.int32]) -> None:
    """Raise TableCorrupt unless every row of `index` is possible and rows ascend strictly.

    index   (rows, columns) int32; kernels trust these rows as offsets, so that nothing unchecked may pass
    """
    if not index.size:
        return
    lows, highs = index.min(axis=0), index.max(axis=0)
    for name, low, high, (least, most) in zip(
        kind.index_names, lows, highs, kind.limits(parameters), strict=True
    ):
        if low < least or high > most:
            worst = int(low) if low < least else int(high)
            raise TableCorrupt(
                f"index column {name} holds {worst}, outside {least}..{most}; rebuild the table"
            )
    good = kind.allowed(index)
    if not good.all():
        row = int(np.argmin(good))
        raise TableCorrupt(
            f"index row {row} {index[row].tolist()} breaks the selection rules; rebuild the table"
        )
    if not _ascends(index):
        raise TableCorrupt("index rows are not in ascending order without repetition; rebuild the table")


def _ascends(index: NDArray[np.int32]) -> bool:
    """Say whether the rows ascend strictly in lexicographic order."""
    later = np.zeros(len(index) - 1, dtype=bool)
    tied = np.ones(len(index) - 1, dtype=bool)
    for column in range(index.shape[1]):
        before, after = index[:-1, column], index[1:, column]
        later |= tied & (after > before)
        tied &= after == before
    return bool(later.all())
