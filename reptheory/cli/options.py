"""What several commands take: names of kinds and bases, paths, and the list of kinds below their help."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from reptheory.tables.kinds import KINDS

__all__ = ["BASIS", "EPILOG", "FILE", "KIND", "OUTPUT", "not_itself"]

KIND: Final = click.Choice(list(KINDS))
BASIS: Final = click.Choice(["real", "complex"])
OUTPUT: Final = click.Path(dir_okay=False, path_type=Path)
FILE: Final = click.Path(path_type=Path)

_KIND_LINES = (f"  {kind.name:<29}{kind.summary}" for kind in KINDS.values())
EPILOG: Final = "\n".join(["\b", "Kinds:", *_KIND_LINES])
"""Every kind with its summary, one a line."""


def not_itself(file: Path, output: Path | None) -> None:
    """Refuse to write a file over the one that is read: what it held would be lost."""
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise click.UsageError(f"--output: got {str(output)!r}, the file that is read; choose another name")
