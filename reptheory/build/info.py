"""Info: where the numbers of a file come from, for tables and for what they were exported to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from reptheory.build.convert_files import stated
from reptheory.build.exporters.provenance import provenance_lines
from reptheory.errors import TableCorrupt
from reptheory.tables.archive import begins_as_table
from reptheory.tables.files import open_regular, shown
from reptheory.tables.format import FORMAT_VERSION
from reptheory.tables.reader import open_table

if TYPE_CHECKING:
    import os

    from reptheory.tables.reader import TableFile

__all__ = ["file_info"]

_HEAD: Final = 1 << 16
"""Bytes at the beginning of a file among which its provenance stands."""
_MOST_CONVERTED: Final = 1 << 28
_KNOWN: Final = b'{"command":'
"""How the JSON text begins that Parquet and dense blocks carry."""
_FIRST: Final = "reptheory table: "
_LAST: Final = "written by: "


def file_info(path: str | os.PathLike[str]) -> list[str]:
    """Return what a file says about itself, as lines `name: value`.

    A table is compared byte by byte with its manifest. Of an exported file only the statements are
    read; that its numbers are those of the table, `reptheory export` shows by writing it again.

    raises   StoreError: it cannot be read; TableCorrupt: a damaged table, or a file that says nothing
    """
    with open_regular(path) as (stream, size):
        head, tail = stream.read(_HEAD), b""
        if size > _HEAD:
            stream.seek(max(_HEAD, size - _HEAD))
            tail = stream.read(_HEAD)
    if begins_as_table(head):
        with open_table(path) as table:
            return _table_lines(table)
    found = _comments(head) or _metadata(head, tail) or _converted(path)
    if not found:
        raise TableCorrupt(
            f"{shown(path)}: neither a table nor a file that `reptheory export` or `convert` wrote"
        )
    return found


def _table_lines(table: TableFile) -> list[str]:
    """Describe a table whose every byte has been checked."""
    specs = {spec.name: spec for spec in table.header.specs}
    limbs = specs["numerator"].shape[1], specs["denominator"].shape[1]
    size = sum(spec.nbytes for spec in specs.values())
    return [
        *provenance_lines(table)[:-1],  # who wrote a table, its file does not say
        f"versions: table format {FORMAT_VERSION}, generator {table.header.generator}",
        f"integers: numerators of {64 * limbs[0]} bits, denominators of {64 * limbs[1]}",
        f"arrays: {', '.join(specs)}, {size} bytes",
        "hashes: every array agrees with the manifest; `reptheory verify` proves the numbers",
    ]


def _converted(path: str | os.PathLike[str]) -> list[str]:
    """Return what arrays say that `reptheory convert` wrote; nothing of other files."""
    with open_regular(path) as (stream, size):
        return stated(stream) if size <= _MOST_CONVERTED else []


def _comments(head: bytes) -> list[str]:
    """Return the provenance that text formats carry as comments; nothing where there is none."""
    lines = head.decode("utf-8", errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if _FIRST in line]
    if not starts:
        return []
    place = lines[starts[0]].index(_FIRST)
    found: list[str] = []
    for line in lines[starts[0] :]:
        found.append(line[place:].removesuffix(" *)").rstrip())
        if found[-1].startswith(_LAST):
            return found
    return []


def _metadata(head: bytes, tail: bytes) -> list[str]:
    """Return the provenance that other formats carry as JSON; nothing where there is none."""
    try:
        known = _known(head, tail)
        manifest = known.pop("manifest")
        rows = f"{manifest['rows']} rows"
        parameters = ", ".join(f"{name}={value}" for name, value in manifest["parameters"].items())
        return [
            f"{_FIRST}{manifest['kind']}({parameters}), {rows}",
            *(f"convention {name}: {value}" for name, value in manifest["convention"].items()),
            *(f"{name.replace('_', ' ')}: {value}" for name, value in sorted(known.items())),
        ]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return []


def _known(head: bytes, tail: bytes) -> dict[str, Any]:
    """Return what `provenance` wrote into a file without comments; raise where it is absent."""
    if head.startswith(b'{"columns":'):
        lines = [json.loads(b"{" + line.rstrip(b",") + b"}") for line in head.splitlines()[1:3]]
        return {**lines[1]["provenance"], "manifest": lines[0]["manifest"]}
    if head.startswith((b"PAR1", b"PK")):
        text = (head + tail).decode("latin-1")
        return dict(json.JSONDecoder().raw_decode(text, text.index(_KNOWN.decode()))[0])
    header = json.loads(head[8 : 8 + int.from_bytes(head[:8], "little")])
    return dict(json.loads(header["__metadata__"]["reptheory"]))
