"""Export: a table in a form that other programs read, every number exact.

Each format is read back by its own consumer in tests/build/test_exporters.py: the same bits and integers.
docs/table-format.md says what every format holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Final

from reptheory.build.exporters.binary import write_parquet, write_safetensors
from reptheory.build.exporters.dense import dense_writer
from reptheory.build.exporters.formats import FORMATS
from reptheory.build.exporters.people import write_latex, write_markdown, write_mathematica
from reptheory.build.exporters.selection import chosen
from reptheory.build.exporters.source import write_source
from reptheory.build.exporters.text import write_csv, write_json
from reptheory.errors import LabelError
from reptheory.tables.files import replace_file

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from reptheory.tables.parts import RowSource

__all__ = ["FORMATS", "export_table"]

Writer = Callable[..., None]


def _write_npz(source: RowSource, stream: BinaryIO) -> None:
    source.write(stream)


def _code(language: str) -> Writer:
    return partial(write_source, language=language)


_WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "npz": _write_npz,
        "json": write_json,
        "csv": write_csv,
        "parquet": write_parquet,
        "safetensors": write_safetensors,
        "c": _code("c"),
        "cuda": _code("c"),
        "fortran": _code("fortran"),
        "rust": _code("rust"),
        "julia": _code("julia"),
        "mathematica": write_mathematica,
        "latex": write_latex,
        "markdown": write_markdown,
    }
)
"""What writes each of `FORMATS`: (source, stream), and the selected columns where the format selects."""


def export_table(
    table: RowSource,
    path: str | os.PathLike[str],
    form: str,
    columns: Iterable[str] | None = None,
    *,
    dense: str | None = None,
) -> Path:
    """Write a table to `path` atomically; the same table gives the same bytes everywhere.

    table    a `Table`, or a file opened by `open_table`, which is then never held in memory
    form     one of `FORMATS`
    columns  some of "float64", "float32" and "exact" beside the labels; None writes all
    dense    "float64" or "float32": one array for each block, such as "2_1_3", in place of rows (npz,
             safetensors)
    returns  the path written
    raises   LabelError: another format, or columns that it cannot select; StoreError: it cannot be written

    >>> import tempfile, reptheory as rt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_table(rt.build_table("wigner_3j", 1), f"{folder}/3j.csv", "csv", ["exact"])
    ...     print(path.read_text().splitlines()[-1])
    2,2,4,2,2,-4,1,1,5,0
    """
    if form not in FORMATS:
        raise LabelError(f"format: got {form!r}; it must be one of {', '.join(FORMATS)}")
    if dense is not None:
        if columns is not None:
            raise LabelError("columns: a dense block holds one column; leave them out")
        return replace_file(path, dense_writer(table, form, dense))
    write = _WRITERS[form]
    if not FORMATS[form].selects:
        if columns is not None:
            raise LabelError(f"columns: a {form} file holds every column; leave them out")
        return replace_file(path, lambda stream: write(table, stream))
    selected = chosen(columns)
    return replace_file(path, lambda stream: write(table, stream, selected))
