"""Files in, files out: arrays of one convention as an npz file of another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.conversion.convert import convert
from reptheory.conversion.foreign_files import read_foreign
from reptheory.conversion.registry import PackageConvention, convention
from reptheory.errors import LabelError, TableCorrupt
from reptheory.tables.files import replace_file
from reptheory.tables.table import Table, read_table

__all__ = ["convert_file"]


def convert_file(
    path: Path, source: str | None, target: str, kind: str | None, output: Path | None
) -> tuple[Path, int]:
    """Convert a table of ours exactly, or foreign arrays in floating point, and write an npz file.

    source, kind   of foreign arrays; our tables carry both
    output         None: the name of the file with the convention's
    returns        the path written and the number of arrays
    raises         LabelError: source or kind missing or unknown; otherwise as `convert` and `read_foreign`
    """
    name = convention(target).name
    table = _ours(path)
    if table is not None:
        blocks = convert(table, source, target)
        arrays = {"_".join(map(str, labels)): block.to_numpy() for labels, block in blocks.items()}
    else:
        if source is None or kind is None:
            raise LabelError(f"{path}: is no table of this package; say what it holds with --from and --kind")
        foreign = read_foreign(path)
        arrays = {one: convert(array, source, target, _checked(kind)) for one, array in foreign.items()}
    written = output or path.with_name(f"{path.stem}-{re.sub(r'[^a-z0-9.]+', '-', name)}.npz")
    return _write(written, arrays, convention(target)), len(arrays)


def _checked(kind: str) -> Any:
    return kind  # convert refuses unknown words


def _ours(path: Path) -> Table | None:
    """Return the table in a file, or None where it is no table of this package."""
    if path.suffix.lower() != ".npz":
        return None
    try:
        return read_table(path)
    except TableCorrupt:
        return None


def _write(path: Path, arrays: dict[str, NDArray[Any]], target: PackageConvention) -> Path:
    """Write arrays to an npz file atomically, with the name and the fingerprint of their convention."""
    named = {one or "values": array for one, array in arrays.items()}
    named["convention"] = np.array([target.name, target.fingerprint])
    return replace_file(path, lambda stream: np.savez(stream, allow_pickle=False, **named))
