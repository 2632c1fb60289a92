"""Files in, files out: tables and arrays of one convention as a file of another.

A table of ours becomes a table, an ordinary file of docs/table-format.md or its JSON export. Arrays of other
packages become an npz file that names kind, convention and its fingerprint besides; `stated` reads that back.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.build.convert import convert
from reptheory.build.export import export_table
from reptheory.conversion.foreign_files import BROKEN, read_foreign
from reptheory.conversion.registry import PackageConvention, convention
from reptheory.errors import LabelError, OperandError
from reptheory.tables.archive import begins_as_table
from reptheory.tables.files import open_regular, replace_file
from reptheory.tables.table import Table, read_table

if TYPE_CHECKING:
    from io import BufferedReader

__all__ = ["convert_file", "stated"]

_HEAD: Final = 1 << 8
_MOST_STATED: Final = 1 << 12


def convert_file(
    path: Path, source: str | None, target: str, kind: str | None, output: Path | None
) -> tuple[Path, str]:
    """Convert a table of ours exactly, or foreign arrays in floating point, and write a file.

    source, kind   of foreign arrays; our tables state both
    output         ending in .npz or, for a table of ours, .json; None: the name of the file with the
                   convention's
    returns        the path written, and what it holds
    raises         LabelError: source or kind missing or unknown; otherwise as `convert`, `read_table` and
                   `read_foreign`
    """
    one = convention(target)
    written = output or path.with_name(f"{path.stem}-{re.sub(r'[^a-z0-9.]+', '-', one.name)}.npz")
    as_json = written.suffix == ".json"
    if written.suffix != ".npz" and not as_json:
        raise LabelError(f"output: got {written.name!r}; it must end in .npz or .json")
    table = _ours(path)
    if table is not None:
        changed = convert(table, source, one)
        path = export_table(changed, written, "json") if as_json else changed.save(written)
        return path, f"{changed.key}, {len(changed)} rows, {2 * len(changed)} floats proven"
    if source is None or kind is None:
        raise LabelError(f"{path}: is no table of this package; say what it holds with --from and --kind")
    if as_json:
        raise OperandError(f"{path}: JSON holds exact values, and these are floats; write an npz file")
    word: Any = kind  # convert refuses an unknown one
    arrays = {name: convert(array, source, one, word) for name, array in read_foreign(path).arrays.items()}
    count = f"{len(arrays)} array{'s' * (len(arrays) != 1)}"
    return _npz(written, kind, arrays, one), f"{count} in the convention {one.name}"


def _ours(path: Path) -> Table | None:
    """Return the table in a file, or None where it is no table of this package; raise where it is damaged."""
    with open_regular(path) as (stream, _):
        head = stream.read(_HEAD)
    return read_table(path) if begins_as_table(head) else None


def stated(stream: BufferedReader) -> list[str]:
    """Return what a file that `convert_file` wrote says of itself, as lines `name: value`; none of others."""
    try:
        with zipfile.ZipFile(stream) as archive:
            kind = _words(archive, "kind")[0]
            name, fingerprint = _words(archive, "convention")
            return _lines(kind, name, fingerprint, len(archive.namelist()) - 2)
    except (*BROKEN, OSError):
        return []


def _words(archive: zipfile.ZipFile, name: str) -> list[str]:
    """Return a short array of text from an npz file; raise LookupError, ValueError where it is none."""
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > _MOST_STATED:
        raise ValueError(name)
    array = np.lib.format.read_array(io.BytesIO(archive.read(info)), allow_pickle=False)
    return [str(word) for word in array.ravel()]


def _lines(kind: str, name: str, fingerprint: str, count: int) -> list[str]:
    return [
        f"converted arrays: {kind}, {count} of them",
        f"convention: {name}",
        f"convention fingerprint: {fingerprint}",
        "written by: reptheory convert; `reptheory audit` compares the numbers with the exact ones",
    ]


def _npz(path: Path, kind: str, arrays: dict[str, NDArray[Any]], target: PackageConvention) -> Path:
    """Write arrays to an npz file atomically, with their kind, and the convention's name and fingerprint."""
    named = {one or "values": array for one, array in arrays.items()}
    named["kind"] = np.array([kind])
    named["convention"] = np.array([target.name, target.fingerprint])
    return replace_file(path, lambda stream: np.savez(stream, allow_pickle=False, **named))
