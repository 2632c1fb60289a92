"""What several commands take: names of kinds and bases, paths, and the list of kinds below their help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from reptheory.tables.kinds import KINDS

__all__ = ["EPILOG", "FILE", "KIND", "OUTPUT", "named_table", "not_itself"]


_NAMING: Final = (
    click.option("--normalization", help="Of harmonics: orthonormal, 4pi, schmidt or unnormalized."),
    click.option("--phase", help="Of harmonics: condon-shortley or none. Default: that of the basis."),
    click.option("--convention", metavar="NAME", help="Of another package."),
    click.option("--quaternion", metavar="A,B,C,D", help="Rotation matrices: whole numbers, scalar first."),
    click.option("--formula", help="Cartesian tensors: index symmetry, such as ij=ji."),
    click.option("--basis", type=click.Choice(["real", "complex"]), help="Default: the kind's first."),
)
KIND: Final = click.Choice(list(KINDS))
OUTPUT: Final = click.Path(dir_okay=False, path_type=Path)
FILE: Final = click.Path(path_type=Path)

_KIND_LINES = (f"  {kind.name:<29}{kind.summary}" for kind in KINDS.values())
EPILOG: Final = "\n".join(["\b", "Kinds:", *_KIND_LINES])
"""Every kind with its summary, one a line."""


def named_table(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a table beside its kind and sizes."""
    for option in _NAMING:
        command = option(command)
    return command


def not_itself(file: Path, output: Path | None) -> None:
    """Refuse to write a file over the one that is read: what it held would be lost."""
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise click.UsageError(f"--output: got {str(output)!r}, the file that is read; choose another name")
