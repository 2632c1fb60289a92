"""`reptheory audit`, `reptheory convert`, `reptheory identify`: tables of other packages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from reptheory.cli.options import FILE, KIND, OUTPUT, not_itself

__all__ = ["audit", "convert", "identify"]

_COUPLING = click.Choice(["wigner_3j", "clebsch_gordan", "gaunt"])
_ANGLES = click.option("--angles", nargs=3, type=float, help="FILE holds D matrices of these Euler angles.")
_QUATERNION = click.option(
    "--quaternion", nargs=4, type=float, help="FILE holds D matrices of this rotation, scalar first."
)
_NAMES = "\b\nConventions: reptheory identify --list"


@click.command(epilog=_NAMES)
@click.argument("file", type=FILE)
@click.option("--kind", type=KIND, metavar="KIND", help="As for build. Default: found out.")
@click.option("--convention", "name", help="What the table is meant to follow. Default: found out.")
@click.option(
    "--ulps", type=click.FloatRange(min=0), default=4.0, show_default=True, help="Further off is wrong."
)
@click.option(
    "--degrees",
    nargs=3,
    metavar="D1 D2 D3",
    help="Degrees on each axis of one dense table: 0,1,2 or 0e+1o+2e. Default: by their lengths.",
)
@_ANGLES
@_QUATERNION
@click.option("--formula", help="Of a table of the kind cartesian_tensor: its index symmetry.")
def audit(
    *,
    file: Path,
    kind: str | None,
    name: str | None,
    ulps: float,
    degrees: tuple[str, str, str] | None,
    angles: tuple[float, float, float] | None,
    quaternion: tuple[float, float, float, float] | None,
    formula: str | None,
) -> None:
    """Compare somebody else's table of any kind, or a D matrix, with the exact values.

    FILE is npz, npy, safetensors, JSON or a PyTorch file: dense blocks, for couplings one for each
    (l1, l2, l3) or one array for all; or labels, such as l1, l2, l3, m1, m2, m3, beside their values. Says
    which convention it follows, how many entries are wrong, where, and by how many units of the last place.
    Exit status 1 if any is.
    """
    from reptheory.build.auditing.audit import audit as run  # noqa: PLC0415

    given = [_degrees(axis) for axis in degrees] if degrees else None
    turn = {"angles": angles or None, "quaternion": quaternion or None}
    found = run(file, kind, convention=name, degrees=given, ulps=ulps, formula=formula, **turn)
    click.echo(str(found))
    if not found.holds:
        sys.exit(1)


def _degrees(text: str) -> list[int] | str:
    """Return a list of whole numbers as such; anything else is for Irreps to read."""
    parts = text.split(",")
    return [int(part) for part in parts] if all(part.strip().isdecimal() for part in parts) else text


@click.command(epilog=_NAMES)
@click.argument("file", type=FILE)
@click.option("--from", "source", help="Convention of FILE; our own tables know theirs.")
@click.option("--to", "target", required=True, help="Convention to write.")
@click.option("--kind", help="wigner_3j, clebsch_gordan, gaunt, rotation, features, harmonics, coefficients.")
@click.option("--output", "-o", type=OUTPUT, help="Default: the name of FILE with the new convention.")
def convert(file: Path, source: str | None, target: str, kind: str | None, output: Path | None) -> None:
    """Write the numbers of FILE as another package writes them.

    FILE is a table of this package, which becomes a table: converted exactly, every float proven again;
    `reptheory export` writes it for other programs (JSON: where --output ends in .json). Or FILE holds arrays
    of another package (npz, npy, safetensors, JSON, PyTorch), which need --from and --kind and become an npz
    file under the same names.
    """
    from reptheory.build.convert_files import convert_file  # noqa: PLC0415

    not_itself(file, output)
    path, written = convert_file(file, source, target, kind, output)
    click.echo(f"{path}: {written}")


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option("--kind", type=_COUPLING, help="Default: each is tried.")
@_ANGLES
@_QUATERNION
@click.option("--list", "listing", is_flag=True, help="List every convention of the registry.")
def identify(
    *,
    file: Path | None,
    kind: str | None,
    angles: tuple[float, float, float] | None,
    quaternion: tuple[float, float, float, float] | None,
    listing: bool,
) -> None:
    """Say which conventions reproduce the tensors in FILE, or how they differ from the nearest.

    FILE holds coupling tensors (2l1+1, 2l2+1, 2l3+1), or D matrices with --angles or --quaternion; of a
    whole table, such as one of this package, `reptheory audit` tells more. Exit status 1 if some array
    follows no convention.
    """
    if listing or file is None:
        _list()
        return
    from reptheory.conversion.findings import shared  # noqa: PLC0415
    from reptheory.conversion.foreign_files import read_foreign  # noqa: PLC0415
    from reptheory.conversion.identify import identify as run  # noqa: PLC0415

    options: dict[str, Any] = {"kind": kind, "angles": angles or None, "quaternion": quaternion or None}
    foreign = read_foreign(file)
    if foreign.key is not None and not (angles or quaternion):
        _identify_table(file, kind)
        return
    answers = {name: run(array, **options) for name, array in foreign.arrays.items()}
    for name, found in answers.items():
        click.echo(f"{name or file}: {found}")
    if len(answers) > 1:
        click.echo(f"all of them: {shared(list(answers.values()))}")
    if not all(answers.values()):
        sys.exit(1)


def _identify_table(file: Path, kind: str | None) -> None:
    """Say which conventions a whole table follows; where it follows none, all that audit says."""
    from reptheory.build.auditing.audit import audit as run  # noqa: PLC0415

    found = run(file, kind)
    if not found.holds:
        click.echo(str(found))
        sys.exit(1)
    names = f" of {', '.join(found.conventions)}" if found.conventions else ""
    click.echo(f"{file}: follows {found.kind}{names}")


def _list() -> None:
    """Print the registry, one convention a line."""
    from reptheory.conversion.registry import CONVENTIONS  # noqa: PLC0415

    for one in CONVENTIONS.values():
        what = f"{one.basis}, {one.normalization}, m {one.order}, polar axis {one.polar_axis}"
        click.echo(f"{one.name:<36} {what}" + (f"; {one.note}" if one.note else ""))
