"""Kinds of table: the registry of what exists, and the canonical name of one table.

A kind is data, not code: `KINDS` is what the reader, the builder and the command line share. `table_key`
turns what a caller wrote into a `TableKey`; every default is filled in, so equal keys mean equal bytes.
docs/table-format.md lists the kinds with their formulas; `build.recipes` computes their rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reptheory.conventions import Convention, convention_of
from reptheory.errors import LabelError
from reptheory.groups.labels import shown, whole
from reptheory.tables.rules import Column, Kind, Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["KINDS", "OPTIONS", "TableKey", "kind_of", "table_key"]

OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"lmax": "lmax", "lmax_out": "out", "band_limit": "band", "formula": ""}
)
"""Every parameter beside the basis, and the word before its value in a file name."""
_FORMULA: Final = re.compile(r"[a-z]{1,7}(=-?[a-z]{1,7})*")


def _rank(parameters: Parameters) -> int:
    """Return the number of indices of a formula such as "ijk=ikj"."""
    return len(str(parameters["formula"]).split("=", maxsplit=1)[0])


def _tuples(parameters: Parameters) -> int:
    """Return the last index of a Cartesian tensor, its indices read as digits of one number to the base 3."""
    return int(3 ** _rank(parameters) - 1)


def _one_more(parameters: Parameters) -> int:
    """Return the highest degree that couples with 1 to lmax."""
    return int(parameters["lmax"]) + 1


def _twice(parameters: Parameters) -> int:
    """Return the highest power in d^j(beta)."""
    return 2 * int(parameters["lmax"])


def _spins(*names: str) -> tuple[Column, ...]:
    """Return columns of doubled spins."""
    return tuple(Column(f"two_{name}") for name in names)


def _waves(bound: str) -> tuple[Column, ...]:
    """Return the columns of a harmonic and of a Fourier term."""
    order = Column("m", signed=True, of=0)
    return Column("l"), order, Column("u", bound, signed=True), Column("v", bound, signed=True)


def _same_size(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """|v| = |m|: the Fourier terms of a harmonic."""
    good: NDArray[np.bool_] = abs(columns[3]) == abs(columns[1])
    return good


def _same_degree(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """x^a y^b z^c has the degree, and the harmonics in it have l = degree, degree - 2, ..."""
    degree, harmonic = columns[0], columns[-5] if len(columns) == 6 else columns[0]
    powers = columns[-3] + columns[-2] + columns[-1]
    good: NDArray[np.bool_] = (powers == degree) & (harmonic <= degree) & ((degree - harmonic) % 2 == 0)
    return good


def _vector_field(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """(l 1 j) is a triangle and x^a y^b z^c has the degree l."""
    total, degree = columns[0], columns[1]
    good: NDArray[np.bool_] = (columns[4] + columns[5] + columns[6] == degree) & (abs(total - degree) <= 1)
    return good & (total + degree > 0)


def _whole_degree(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Of j, l and s, doubled, l is whole."""
    good: NDArray[np.bool_] = columns[1] % 2 == 0
    return good


def _lower_degree(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """A derivative of degree l has orders of the degree l - 1."""
    good: NDArray[np.bool_] = abs(columns[3]) < columns[0]
    return good


def _parity(columns: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """The curl form, and no other, is made of the family of degree l."""
    good: NDArray[np.bool_] = (columns[1] == 2) == (columns[2] == 1)
    return good


_TRIPLE: Final = (
    Column("l1"), Column("l2"), Column("l3", "lmax_out"),
    Column("m1", signed=True, of=0), Column("m2", signed=True, of=1),
    Column("m3", "lmax_out", signed=True, of=2),
)  # fmt: skip
_SPIN_TRIPLE: Final = (
    Column("two_j1"), Column("two_j2"), Column("two_j3", "lmax_out"),
    Column("two_m1", signed=True, of=0), Column("two_m2", signed=True, of=1),
    Column("two_m3", "lmax_out", signed=True, of=2),
)  # fmt: skip
_SIDE: Final = "left", "right"
_ROTATION: Final = (Column("two_j"), *(Column(f"two_m_{side}", signed=True, of=0) for side in _SIDE))
_POWERS: Final = Column("x_power"), Column("y_power"), Column("z_power")
_TRIANGLE: Final = ((0, 1, 2),)
_TWELVE: Final = tuple(f"{row}{place}" for row in "jlk" for place in range(1, 5))
_SIDES: Final = ((0, 1, 4), (1, 2, 5), (2, 3, 6), (8, 9, 4), (9, 10, 5), (10, 11, 6))

_ALL: Final = (
    Kind(
        "clebsch_gordan", _TRIPLE, ("real", "complex"), ("lmax", "lmax_out"), 3, 0,
        "Clebsch-Gordan coefficients <l1 m1 l2 m2 | l3 m3>", _TRIANGLE,
    ),
    Kind(
        "gaunt", _TRIPLE, ("real", "complex"), ("lmax", "lmax_out"), 3, -1,
        "integrals of three spherical harmonics over the sphere", _TRIANGLE,
    ),
    Kind(
        "wigner_3j", _SPIN_TRIPLE, ("complex",), ("lmax", "lmax_out"), 3, 0,
        "Wigner 3j symbols, half-integers included", _TRIANGLE,
    ),
    Kind(
        "real_wigner_3j", _TRIPLE, ("real",), ("lmax", "lmax_out"), 3, 0,
        "Wigner 3j symbols in the real basis: blocks of norm 1 that rotations leave alone", _TRIANGLE,
    ),
    Kind(
        "wigner_6j", _spins(*(f"j{place}" for place in range(1, 7))), ("complex",), ("lmax",), 6, 0,
        "Wigner 6j symbols {j1 j2 j3; j4 j5 j6}, half-integers included",
        ((0, 1, 2), (0, 4, 5), (3, 1, 5), (3, 4, 2)),
    ),
    Kind(
        "wigner_9j", _spins(*(f"j{place}" for place in range(1, 10))), ("complex",), ("lmax",), 9, 0,
        "Wigner 9j symbols, row by row, half-integers included",
        ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8)),
    ),
    Kind(
        "wigner_12j_first", _spins(*_TWELVE), ("complex",), ("lmax",), 12, 0,
        "12j symbols of the first kind (the Moebius strip)", (*_SIDES, (3, 8, 7), (11, 0, 7)),
    ),
    Kind(
        "wigner_12j_second", _spins(*_TWELVE), ("complex",), ("lmax",), 12, 0,
        "12j symbols of the second kind (the cube)", (*_SIDES, (3, 0, 7), (11, 8, 7)),
    ),
    Kind(
        "real_from_complex",
        (Column("l"), Column("m", signed=True, of=0), Column("m_complex", signed=True, of=0)),
        ("real",), ("lmax",), 1, 0,
        "the unitary change from complex to real harmonics, degree by degree",
    ),
    Kind(
        "solid_harmonics", (Column("l"), Column("m", signed=True, of=0), *_POWERS),
        ("real", "complex"), ("lmax",), 1, -1,
        "coefficient of x^a y^b z^c in the solid harmonic r^l Y_lm", (), _same_degree,
    ),
    Kind(
        "harmonics_from_monomials",
        (Column("degree"), Column("l"), Column("m", signed=True, of=1), *_POWERS),
        ("real", "complex"), ("lmax",), 1, -1,
        "coefficient of x^a y^b z^c in r^degree Y_lm, l = degree, degree - 2, ...", (), _same_degree,
    ),
    Kind(
        "monomials_from_harmonics",
        (Column("degree"), Column("l"), Column("m", signed=True, of=1), *_POWERS),
        ("real", "complex"), ("lmax",), 1, 1,
        "coefficient of r^degree Y_lm in x^a y^b z^c: the inverse", (), _same_degree,
    ),
    Kind(
        "vector_harmonics",
        (
            Column("j"), Column("l", _one_more), Column("m", signed=True, of=0), Column("axis", 2),
            Column("x_power", _one_more), Column("y_power", _one_more), Column("z_power", _one_more),
        ),
        ("real", "complex"), ("lmax",), 1, -1,
        "coefficient of x^a y^b z^c in a Cartesian component of r^l Y^(l 1)j_m", (), _vector_field,
    ),
    Kind(
        "tensor_harmonics",
        (
            Column("two_j"), Column("two_l"), Column("two_s", "lmax_out"),
            Column("two_m", signed=True, of=0), Column("two_m_l", signed=True, of=1),
            Column("two_sigma", "lmax_out", signed=True, of=2),
        ),
        ("complex", "real"), ("lmax", "lmax_out"), 3, 0,
        "coefficient of Y_l,m_l e_sigma in Y^(l s)j_m of spin s, half-integers included",
        _TRIANGLE, _whole_degree,
    ),
    Kind(
        "forms_from_vector_harmonics", (Column("l"), Column("form", 2), Column("family", 2)),
        ("real", "complex"), ("lmax",), 1, 0,
        "coefficient of Y^(l-1+family 1)l_m in the radial, gradient, curl form of Y_lm",
        (), _parity,
    ),
    Kind(
        "solid_gradient",
        (
            Column("l"), Column("m", signed=True, of=0), Column("axis", 2),
            Column("m_lower", signed=True, of=0),
        ),
        ("real", "complex"), ("lmax",), 1, 0,
        "coefficient of r^(l-1) Y_l-1,m_lower in d/dx, d/dy, d/dz (axis 0, 1, 2) of r^l Y_lm",
        (), _lower_degree,
    ),
    Kind(
        "cartesian_tensor",
        (
            Column("l", _rank), Column("copy", _tuples), Column("m", _rank, signed=True, of=0),
            Column("component", _tuples),
        ),
        ("real",), ("formula",), 0, 0,
        "Cartesian tensors with the index symmetry of a formula, such as ij=ji, as irreps",
    ),
    Kind(
        "fourier_from_harmonics", _waves("lmax"), ("complex", "real"), ("lmax",), 1, -1,
        "coefficient of exp(i u theta) exp(i v phi) in the harmonic l m", (), _same_size,
    ),
    Kind(
        "harmonics_from_fourier", _waves("band_limit"), ("complex", "real"), ("lmax", "band_limit"), 1, 1,
        "coefficient of the Fourier term u v in the component l m, for a product of harmonics",
        (), _same_size,
    ),
    Kind(
        "theta_fourier", (Column("l"), Column("m", of=0), Column("u")), ("complex",), ("lmax",), 1, -1,
        "cosine (m even) or sine (m odd) series in theta of Y_lm exp(-i m phi), m >= 0",
    ),
    Kind(
        "theta_projection", (Column("l"), Column("m", of=0), Column("u", "band_limit")),
        ("complex",), ("lmax", "band_limit"), 1, 1,
        "the inverse of theta_fourier on products of harmonics",
    ),
    Kind(
        "generators",
        (Column("two_j"), Column("axis", 2), *(Column(f"two_m_{side}", signed=True, of=0) for side in _SIDE)),
        ("complex", "real"), ("lmax",), 1, 0,
        "angular momentum operators J_x, J_y, J_z (axis 0, 1, 2)",
    ),
    Kind(
        "wigner_d_pi_half", _ROTATION, ("complex",), ("lmax",), 1, 0,
        "Wigner d at the angle pi/2, half-integers included",
    ),
    Kind(
        "wigner_d_fourier", (*_ROTATION, Column("two_mu", signed=True, of=0)), ("complex",), ("lmax",), 1, 0,
        "coefficient of exp(-i mu beta) in d^j(beta), half-integers included",
    ),
    Kind(
        "wigner_d_polynomial", (*_ROTATION, Column("cos_power", _twice, of=0)), ("complex",), ("lmax",), 1, 0,
        "coefficient of cos(beta/2)^p sin(beta/2)^(2j-p) in d^j(beta), half-integers included",
    ),
)  # fmt: skip

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by its name."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """The canonical name of one table: its kind and every parameter, defaults filled in.

    parameters   pairs (name, value), sorted by name: the basis and the parameters of the kind
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
        words = (f"-{word}{_written(values[name])}" for name, word in OPTIONS.items() if name in values)
        return f"{self.kind}-{values['basis']}{''.join(words)}.npz"

    @property
    def command(self) -> str:
        """The command line that builds this table.

        >>> table_key("theta_projection", 3, band_limit=6).command
        'reptheory build theta_projection --lmax 3 --basis complex --band-limit 6'
        """
        values = dict(self.parameters)
        text = f"reptheory build {self.kind}"
        for name in ("lmax", "basis", "lmax_out", "band_limit", "formula"):
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
) -> TableKey:
    """Name a table canonically.

    kind        one of `KINDS`
    lmax        highest degree l (or spin j) of the inputs, a whole number >= 0
    basis       "real" or "complex"; None takes the kind's first
    lmax_out    couplings only: highest l3 (spin s of tensor harmonics), from 0 to 2 lmax (the default)
    band_limit  inverse changes of basis only: highest |u|, at least lmax (the default)
    formula     Cartesian tensors only, and instead of lmax: their index symmetry, such as "ij=ji"
    returns     the key with every default filled in
    raises      LabelError: an unknown kind, a parameter the kind does not have, or one out of range

    >>> print(table_key("gaunt", 2))
    gaunt(basis=real, lmax=2, lmax_out=4)
    """
    rule = kind_of(kind)
    chosen = rule.bases[0] if basis is None else basis
    if chosen not in rule.bases:
        raise LabelError(f"basis: got {basis!r}; a {kind} table exists in {' or '.join(rule.bases)} only")
    parameters: dict[str, int | str] = {"basis": chosen}
    given = {"lmax": lmax, "lmax_out": lmax_out, "band_limit": band_limit, "formula": formula}
    for name, value in given.items():
        if name in rule.parameters:
            parameters[name] = _parameter(name, value, parameters)
        elif value is not None:
            raise LabelError(f"{name}: got {value!r}, but a {kind} table has no {name}; leave it out")
    return TableKey(kind, tuple(sorted(parameters.items())))


def _parameter(name: str, value: object, known: Parameters) -> int | str:
    """Check one parameter of a key, or return its default."""
    if name == "formula":
        if not isinstance(value, str) or not _FORMULA.fullmatch(value):
            raise LabelError(f'formula: got {value!r}; write index letters, such as "ij=ji" or "ijk=-jik"')
        return value
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
