"""Changes: rows of a table in the words of another package, exactly.

An order m of a row is its place within the degree, counted from -l; each column of orders changes by a matrix
of `conversion.bases`, in words of `conversion.convert_arrays`:

    harmonics, coefficients    as these do                features    as what turns like coefficients
    dual                       the other side of a linear map: D -> features(D) dual

Couplings are invariant, so that a turn of the axes leaves them alone; they have a sign and a phase a path
besides. x, y, z stay those of space. Half-integers are left out: other packages have none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from reptheory.build.blocks import Block, Labels
from reptheory.conventions import Convention, convention_of, harmonic_convention
from reptheory.conversion.bases import Exact, harmonics_matrix, plain
from reptheory.conversion.path_signs import path_factor, require_paths
from reptheory.conversion.registry import CONVENTIONS, PackageConvention
from reptheory.errors import LabelError, OperandError, TableMismatch
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.surd import Surd
from reptheory.tables.kinds import TableKey, kind_of

if TYPE_CHECKING:
    from reptheory.conversion.bases import ExactMatrix

__all__ = ["Change", "changed_rows", "entry_of", "native_key", "require_change"]

Role = Literal["harmonics", "coefficients", "features", "dual"]
Rows = dict[Labels, Exact]
_PARTED: Final = "rotation_matrix"
"""The kind whose last column says which part of a value a row holds."""
_I: Final = Surd.sqrt(-1)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the columns of orders of a kind are.

    roles      pairs (place, role)
    coupling   the name of the coupling tensor, for its signs; "vector" for harmonics (l 1) j, which have the
               phase of a coupling and no sign of a package; "" for what has none
    invariant  whether no rotation changes the values, and hence no turn of the axes
    lower      places whose degree is one less than that of their column
    on_torus   whether theta and phi are among the labels, which are about the polar axis
    """

    roles: tuple[tuple[int, Role], ...]
    coupling: str = ""
    invariant: bool = False
    lower: tuple[int, ...] = ()
    on_torus: bool = False


def _matrix(first: int) -> Orders:
    """Return the orders of a linear map."""
    return Orders(((first, "features"), (first + 1, "dual")))


def _triple(third: Role, coupling: str) -> Orders:
    return Orders(((3, "features"), (4, "features"), (5, third)), coupling, invariant=True)


_ORDERS: Final[Mapping[str, Orders]] = MappingProxyType(
    {
        "clebsch_gordan": _triple("dual", "clebsch_gordan"),
        "spin_clebsch_gordan": _triple("dual", "clebsch_gordan"),
        "wigner_3j": _triple("features", "wigner_3j"),
        "real_wigner_3j": _triple("features", "wigner_3j"),
        "gaunt": Orders(tuple((place, "harmonics") for place in (3, 4, 5)), "gaunt", invariant=True),
        "gaunt_4": Orders(tuple((place, "harmonics") for place in range(4, 8)), invariant=True),
        "gaunt_5": Orders(tuple((place, "harmonics") for place in range(5, 10)), invariant=True),
        "solid_harmonics": Orders(((1, "harmonics"),)),
        "solid_gradient": Orders(((1, "harmonics"), (3, "coefficients")), lower=(3,)),
        "harmonics_from_monomials": Orders(((2, "harmonics"),)),
        "monomials_from_harmonics": Orders(((2, "coefficients"),)),
        "fourier_from_harmonics": Orders(((1, "harmonics"),), on_torus=True),
        "harmonics_from_fourier": Orders(((1, "coefficients"),), on_torus=True),
        "vector_harmonics": Orders(((2, "dual"),), "vector"),
        "cartesian_tensor": Orders(((2, "features"),)),
        "generators": _matrix(2),
        "rotation_matrix": _matrix(1),
        "wigner_d_pi_half": _matrix(1),
        "wigner_d_fourier": _matrix(1),
        "wigner_d_polynomial": _matrix(1),
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """The rows of one kind in `source`, wanted in `target`."""

    kind: str
    source: PackageConvention
    target: PackageConvention

    def matrix(self, role: Role, degree: int) -> ExactMatrix:
        """Return the matrix of one role and degree."""
        axes = not _ORDERS[self.kind].invariant
        if role == "harmonics":
            return harmonics_matrix(self.source, self.target, degree, axes=axes)
        if role == "coefficients":
            return harmonics_matrix(self.target, self.source, degree, axes=axes).transposed
        unit = harmonics_matrix(self.source, self.target, degree, unit=True, axes=axes)
        return unit if role == "dual" else unit.conjugate


def entry_of(stated: Convention) -> PackageConvention:
    """Return the entry of the registry, or the harmonics of ours in another normalisation, that are stated.

    raises  TableMismatch: the registry has no such convention, or another one of that name
    """
    ours = CONVENTIONS[convention_of(stated.basis).basis]
    for entry in (ours, CONVENTIONS.get(stated.name)):
        if entry is not None and entry.stated == stated:
            return entry
    words: Any = stated.normalization, stated.phase
    with contextlib.suppress(LabelError):
        if stated == harmonic_convention(stated.basis, *words):
            return replace(ours, name=stated.name, normalization=words[0], phase=words[1])
    raise TableMismatch(f"convention: {stated.name} is not what this package calls so; rebuild the table")


def native_key(key: TableKey) -> TableKey:
    """Return the table of ours that a table of another package follows from."""
    bases, parameters = kind_of(key.kind).bases, dict(key.parameters)
    basis = str(parameters["basis"]) if parameters["basis"] in bases else bases[0]
    del parameters["convention"]
    return TableKey(key.kind, tuple(sorted({**parameters, "basis": basis}.items())))


def require_change(change: Change) -> None:
    """Raise OperandError or LabelError where a kind cannot be written in another convention."""
    orders = _ORDERS.get(change.kind)
    if orders is None:
        raise OperandError(
            f"table: a {change.kind} table has no orders that other conventions write otherwise; convert "
            f"takes {', '.join(_ORDERS)}"
        )
    plain_order = change.target.polar_axis == "z" and change.target.order in ("ascending", "descending")
    if orders.on_torus and not plain_order:
        raise OperandError(
            f"table: phi of {change.kind} is about z and goes with |m|, and {change.target.name} has the "
            f"polar axis {change.target.polar_axis} and m {change.target.order}; choose another convention"
        )
    if orders.coupling not in ("", "vector"):
        for one in (change.source, change.target):
            require_paths(one, orders.coupling)


def changed_rows(change: Change, rows: Iterable[tuple[Labels, Surd]]) -> Block:
    """Return exact rows in the target's convention, in lexicographic order.

    rows    of whole blocks; those with half-integers are left out
    raises  OperandError: a value has a real and an imaginary part, and no table of the kind holds those
    """
    kind, orders = kind_of(change.kind), _ORDERS[change.kind]
    step = 2 if kind.doubled else 1
    halves = [place for place, column in enumerate(kind.columns) if column.doubled]
    entries: Rows = {}
    for labels, value in rows:
        if not any(labels[place] % 2 for place in halves):
            _add(entries, (*labels[:-1], 0) if change.kind == _PARTED else labels, value)
    for place, role in orders.roles:
        entries = _changed(entries, change, place, role, step)
    if orders.coupling:
        factors: dict[Labels, Exact | int] = {}
        for row, changed in entries.items():
            if row[:3] not in factors:
                one, two, three = (row[1], 1, row[0]) if orders.coupling == "vector" else row[:3]
                path = (one // step, two // step, three // step)
                factor = path_factor(change.source, change.target, orders.coupling, path)
                factors[row[:3]] = _light(factor)
            entries[row] = _times(changed, factors[row[:3]])
    return Block.of_values(len(kind.columns), dict(_written(change, entries)))


def _changed(entries: Rows, change: Change, place: int, role: Role, step: int) -> Rows:
    """Return rows with one column of orders changed, by the matrix of each degree."""
    owner, less = kind_of(change.kind).columns[place].of or 0, int(place in _ORDERS[change.kind].lower)
    columns: dict[int, dict[int, list[tuple[int, Exact | int]]]] = {}
    found: Rows = {}
    for row, value in entries.items():
        degree = row[owner] // step - less
        if degree not in columns:
            full = change.matrix(role, degree).columns
            columns[degree] = {k: [(n, _light(factor)) for n, factor in full[k]] for k in full}
        for number, factor in columns[degree].get(row[place] // step + degree, ()):
            _add(found, (*row[:place], step * (number - degree), *row[place + 1 :]), _times(value, factor))
    return {row: plain(value) for row, value in found.items() if value}


def _add(entries: Rows, row: Labels, value: Exact) -> None:
    """Add a value to a row."""
    held = entries.get(row)
    if held is None:
        entries[row] = value
    elif isinstance(held, Surd) and isinstance(value, Surd) and held.i_power == value.i_power:
        entries[row] = held + value
    else:
        entries[row] = ComplexSurd.of(held) + ComplexSurd.of(value)


def _light(factor: Exact) -> Exact | int:
    """Return a sign as an int, which costs no product of fractions."""
    return 1 if factor == 1 else -1 if factor == -1 else factor


def _times(value: Exact, factor: Exact | int) -> Exact:
    if isinstance(factor, int):
        return value if factor == 1 else -value
    if isinstance(value, Surd) and isinstance(factor, Surd):
        return value * factor
    return ComplexSurd.of(value) * ComplexSurd.of(factor)


def _written(change: Change, entries: Rows) -> Iterator[tuple[Labels, Surd]]:
    """Yield labels and values as tables hold them: of one part, or in two rows where a column says which."""
    for row, value in entries.items():
        if change.kind == _PARTED:
            both = ComplexSurd.of(value)
            yield row, both.real
            yield (*row[:-1], 1), both.imag * _I
        elif isinstance(value, Surd):
            yield row, value
        else:
            raise OperandError(
                f"table: {change.kind} at {row} has a real and an imaginary part in {change.target.name}, "
                f"and its tables hold one; choose a {change.source.basis} convention"
            )
