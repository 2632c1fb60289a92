"""Molecules: real structures for the report, shipped as .xyz files or read from the user's own.

Shipped: one structure for each of several point groups, two of them chiral; the second line of each file
names its source. A plain .xyz file is read here; every other format through ASE, when it is installed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reptheory.errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["DEFAULT", "SHIPPED", "Molecule", "load", "read", "resolve", "shipped"]

SHIPPED: Final = ("water", "ammonia", "methane", "benzene", "hydrogen-peroxide", "alanine")
"""Names of the shipped structures: C2v, C3v, Td, D6h, C2 (chiral) and C1 (chiral)."""

DEFAULT: Final = "alanine"
"""What the report takes when nothing is named: no symmetry, so that no feature vanishes."""

_MOST_BYTES: Final = 64 * 2**20
_TABLE: Final = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr "
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu "
    "Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr "
    "Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
_SYMBOLS: Final = tuple(_TABLE.split())
_NUMBER: Final = {symbol: number for number, symbol in enumerate(_SYMBOLS, start=1)}


_FARTHEST: Final = 1e6


@dataclass(frozen=True, eq=False)
class Molecule:
    """A structure: which atoms, where.

    name        short name, or that of the file it came from, without its folder
    numbers     (atoms,) int64, atomic numbers
    positions   (atoms, 3) float64, angstrom, x y z
    lattice     (k, 3) float64, angstrom, the k = 0 to 3 vectors along which it repeats
    source      the comment of its file: where the structure is from
    """

    name: str
    numbers: NDArray[np.int64]
    positions: NDArray[np.float64]
    lattice: NDArray[np.float64]
    source: str

    def __post_init__(self) -> None:
        for array in (self.numbers, self.positions, self.lattice):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def formula(self) -> str:
        """Hill formula: carbon, hydrogen, then the others by letter.

        >>> shipped("alanine").formula
        'C3H7NO2'
        """
        symbols = [_SYMBOLS[number - 1] for number in self.numbers.tolist()]
        first = ("C", "H") if "C" in symbols else ()
        order = [*first, *sorted(set(symbols) - set(first))]
        counts = ((symbol, symbols.count(symbol)) for symbol in order)
        return "".join(symbol + (str(count) if count > 1 else "") for symbol, count in counts if count)

    def moved(self, rotation: NDArray[np.float64], name: str | None = None) -> Molecule:
        """Return the structure with every position r (and lattice vector) replaced by `rotation` r."""
        turned = self.positions @ rotation.T
        return Molecule(name or self.name, self.numbers, turned, self.lattice @ rotation.T, self.source)


def shipped(name: str) -> Molecule:
    """Return a shipped structure by name; raise OperandError, listing the names, for another word."""
    if name not in SHIPPED:
        raise OperandError(f"molecule: got {name!r}; shipped are {', '.join(SHIPPED)}")
    text = files("reptheory.verify").joinpath("molecules", f"{name}.xyz").read_text(encoding="utf-8")
    return _parse_xyz(text, name)


def read(path: str | Path) -> Molecule:
    """Read the first structure of a file.

    path     .xyz without ASE; any other format that ASE reads with the extra `ase`
    raises   OperandError: no such file, not a structure, or ASE is needed and missing
    """
    path = Path(path)
    if not path.is_file():
        raise OperandError(f"molecule: {str(path)!r} is neither a file nor one of {', '.join(SHIPPED)}")
    if path.stat().st_size > _MOST_BYTES:
        raise OperandError(f"{path}: larger than {_MOST_BYTES >> 20} MiB; cut out the atoms you need")
    if path.suffix.lower() == ".xyz":
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OperandError(f"{path}: cannot be read as text ({error}); give a plain .xyz file") from error
        if not _extended(text):
            return replace(_parse_xyz(text, str(path)), name=path.name)
    return replace(_read_with_ase(path), name=path.name)


def load(name: str) -> Molecule:
    """Return the shipped structure called `name`, else read the file at that path."""
    return shipped(name) if name in SHIPPED else read(name)


def resolve(names: Sequence[str] | None) -> tuple[Molecule, ...]:
    """Return the structures of a report.

    names   shipped names or paths, each taken once; none for `DEFAULT`; None for every shipped structure
    """
    wanted = SHIPPED if names is None else tuple(names) or (DEFAULT,)
    return tuple(load(name) for name in dict.fromkeys(wanted))


def _extended(text: str) -> bool:
    """Say whether the comment announces a lattice or columns that a plain reader would misread."""
    lines = text.split("\n", 2)
    comment = lines[1] if len(lines) > 1 else ""
    columns = comment.partition("Properties=")[2].strip('"')
    return "Lattice=" in comment or (columns != "" and not columns.startswith("species:S:1:pos:R:3"))


def _parse_xyz(text: str, name: str) -> Molecule:
    """Read plain xyz: a count, a comment, then lines "symbol x y z", angstrom; more columns are ignored."""
    lines = text.splitlines()
    try:
        count = int(lines[0])
    except (IndexError, ValueError):
        raise OperandError(
            f"{name}: line 1 must be the number of atoms; see https://en.wikipedia.org/wiki/XYZ_file_format"
        ) from None
    if count < 1 or len(lines) < count + 2:
        raise OperandError(
            f"{name}: line 1 announces {count} atoms, but {max(len(lines) - 2, 0)} lines follow the comment"
        )
    rows = [_parse_atom(line, f"{name}: line {at}") for at, line in enumerate(lines[2 : count + 2], start=3)]
    return _checked(name, [row[0] for row in rows], [row[1] for row in rows], (), lines[1].strip())


def _parse_atom(line: str, where: str) -> tuple[int, tuple[float, float, float]]:
    """Return atomic number and position of one line; `where` starts the error message."""
    fields = line.split()
    if len(fields) < 4:
        raise OperandError(f"{where}: got {line!r}; it must be a symbol and three coordinates in angstrom")
    symbol = fields[0].capitalize()
    number = int(symbol) if symbol.isdecimal() else _NUMBER.get(symbol, 0)
    if not 1 <= number <= len(_SYMBOLS):
        raise OperandError(f"{where}: {fields[0]!r} is no chemical symbol or atomic number")
    try:
        x, y, z = (float(field) for field in fields[1:4])
    except ValueError:
        raise OperandError(f"{where}: got {line!r}; the coordinates must be three numbers") from None
    return number, (x, y, z)


def _checked(
    name: str,
    numbers: Iterable[int],
    positions: Sequence[Sequence[float]],
    lattice: Sequence[Sequence[float]],
    source: str,
) -> Molecule:
    """Make a Molecule; raise OperandError unless every coordinate is finite and of a size that atoms have."""
    places = np.array(positions, dtype=np.float64).reshape(-1, 3)
    vectors = np.array(lattice, dtype=np.float64).reshape(-1, 3)
    if not (np.isfinite(places).all() and np.isfinite(vectors).all()):
        raise OperandError(f"{name}: a coordinate is not finite; every position must be a number in angstrom")
    if np.abs(places).max(initial=0.0) > _FARTHEST or np.abs(vectors).max(initial=0.0) > _FARTHEST:
        raise OperandError(
            f"{name}: a coordinate is beyond {_FARTHEST:g} angstrom; check the unit and the file"
        )
    charges = np.array(list(numbers), dtype=np.int64)
    if not ((charges >= 1) & (charges <= len(_SYMBOLS))).all():
        raise OperandError(f"{name}: holds a dummy atom; give every atom a chemical symbol")
    volume = math.sqrt(max(float(np.linalg.det(vectors @ vectors.T)), 0.0)) if len(vectors) else 1.0
    if volume == 0.0:
        raise OperandError(f"{name}: the lattice vectors are linearly dependent; correct the cell")
    return Molecule(name, charges, places, vectors, source)


def _read_with_ase(path: Path) -> Molecule:
    """Read the first structure of a file through ASE."""
    try:
        from ase.io import read as ase_read  # noqa: PLC0415 (optional, and slow to import)
    except ImportError:
        raise OperandError(
            f"{path}: this format needs ASE; run `pip install 'reptheory[ase]'`, or give a plain .xyz file"
        ) from None
    try:
        atoms: Any = ase_read(path, index=0)
    except Exception as error:  # ASE raises whatever its reader of the day raises
        raise OperandError(f"{path}: ASE cannot read it ({type(error).__name__}: {error})") from error
    if len(atoms) == 0:
        raise OperandError(f"{path}: holds no atoms; give a structure with at least two")
    lattice = [vector for vector, repeats in zip(atoms.cell.tolist(), atoms.pbc, strict=True) if repeats]
    numbers = [int(number) for number in atoms.numbers]
    return _checked(str(path), numbers, atoms.positions.tolist(), lattice, f"{path.name}, read by ASE")
