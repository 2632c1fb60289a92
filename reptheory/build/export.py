"""Export: a table in a form that other programs read, every number exact.

json   one object: the manifest, the names of the columns, and a row for each nonzero value as
       [labels..., sign, "numerator", "denominator", i_power, float64, float32]. The integers are decimal
       text, so that no JSON reader rounds them; the floats read back as the same double.
npz    the table's own file, written again from what was read and checked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from reptheory.errors import LabelError
from reptheory.tables.files import replace_file

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from reptheory.tables.table import Table

__all__ = ["FORMATS", "export_table"]

FORMATS = ("npz", "json")


def export_table(table: Table, path: str | os.PathLike[str], form: str) -> Path:
    """Write a table to `path` atomically.

    form     "npz" or "json"
    returns  the path written
    raises   LabelError: another format; StoreError: the path cannot be written
    """
    if form == "npz":
        return table.save(path)
    if form == "json":
        return replace_file(path, lambda stream: _write_json(table, stream))
    raise LabelError(f"format: got {form!r}; it must be one of {', '.join(FORMATS)}")


def _write_json(table: Table, stream: BinaryIO) -> None:
    """Write the JSON row by row, so that a large table needs no second copy in memory."""
    columns = [*table.index_names, "sign", "numerator", "denominator", "i_power", "float64", "float32"]
    head = f'{{"columns":{_compact(columns)},\n"manifest":{_compact(table.manifest)},\n"rows":['
    stream.write(head.encode("ascii"))
    for number, line in enumerate(_lines(table)):
        stream.write((",\n" if number else "\n").encode("ascii") + line.encode("ascii"))
    stream.write(b"\n]}\n")


def _lines(table: Table) -> Iterator[str]:
    """Yield each row as JSON."""
    for number, labels in enumerate(table.index.tolist()):
        entry = table.row(number)
        exact = [entry.sign, str(entry.numerator), str(entry.denominator), entry.i_power]
        yield _compact([*labels, *exact, entry.float64, entry.float32])


def _compact(value: object) -> str:
    """Encode JSON without blanks, keys sorted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
