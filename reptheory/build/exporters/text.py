"""JSON and CSV: every number exact, integers as decimal text, floats in the fewest digits that read back.

json   one object: the names of the columns, the manifest, the provenance, and a row for each nonzero value as
       [labels..., sign, "numerator", "denominator", i_power, float64, float32]
csv    comments that begin with "#", a line of column names, a line for each row
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from reptheory.build.exporters.provenance import provenance, provenance_lines
from reptheory.build.exporters.selection import shortest
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reptheory.tables.parts import Entry, RowSource

__all__ = ["write_csv", "write_json"]

_EXACT = ("sign", "numerator", "denominator", "i_power")


def write_json(source: RowSource, stream: BinaryIO) -> None:
    """Write the JSON row by row, so that a large table needs no second copy in memory."""
    names = kind_of(source.header.key.kind).index_names
    known = provenance(source)
    manifest = known.pop("manifest")
    columns = [*names, *_EXACT, "float64", "float32"]
    head = {"columns": columns, "manifest": manifest, "provenance": known}
    text = ",\n".join(f"{_compact(name)}:{_compact(value)}" for name, value in head.items())
    stream.write(f'{{{text},\n"rows":['.encode("ascii"))
    for number, (labels, entry) in enumerate(_rows(source)):
        exact = [entry.sign, str(entry.numerator), str(entry.denominator), entry.i_power]
        single = float(shortest(entry.float32, "float32"))  # the shortest text that is this float32
        line = _compact([*labels, *exact, entry.float64, single])
        stream.write(f"{',' if number else ''}\n{line}".encode("ascii"))
    stream.write(b"\n]}\n")


def write_csv(source: RowSource, stream: BinaryIO, columns: tuple[str, ...]) -> None:
    """Write comments, the header and the rows, lines ended by one newline."""
    for line in provenance_lines(source):
        stream.write(f"# {line}\n".encode("ascii"))
    names = list(kind_of(source.header.key.kind).index_names)
    names += _EXACT if "exact" in columns else ()
    floats = [name for name in ("float64", "float32") if name in columns]
    stream.write(f"{','.join([*names, *floats])}\n".encode("ascii"))
    for labels, entry in _rows(source):
        cells = [str(label) for label in labels]
        if "exact" in columns:
            cells += [str(getattr(entry, name)) for name in _EXACT]
        cells += [shortest(getattr(entry, name), name) for name in floats]
        stream.write(f"{','.join(cells)}\n".encode("ascii"))


def _rows(source: RowSource) -> Iterator[tuple[list[int], Entry]]:
    for part in source.parts():
        yield from part.rows()


def _compact(value: object) -> str:
    """Encode JSON without blanks, keys sorted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
