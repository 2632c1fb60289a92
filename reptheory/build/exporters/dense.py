"""Dense blocks: one array for every block of a table, zeros filled in, as npz or safetensors.

The arrays are those of `Table.dense`, named by the labels that they begin with as the index has them (doubled
in columns "two_..."), joined by "_": "2_1_3". A kind without orders has one array, "values".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from reptheory.build.exporters.binary import safetensors_header
from reptheory.build.exporters.provenance import provenance
from reptheory.errors import LabelError, OperandError
from reptheory.tables.archive import ArraySpec, write_members
from reptheory.tables.format import canonical
from reptheory.tables.kinds import kind_of
from reptheory.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from reptheory.tables.parts import RowSource

__all__ = ["DENSE_FORMATS", "dense_writer"]

DENSE_FORMATS = ("npz", "safetensors")


def dense_writer(source: RowSource, form: str, dtype: str) -> Callable[[BinaryIO], None]:
    """Return what writes the blocks of a table to a stream.

    dtype    "float64" or "float32"; complex numbers of that precision where values have a factor i
    raises   LabelError: a format or dtype that there is not; OperandError: not a table in memory
    """
    if form not in DENSE_FORMATS:
        raise LabelError(f"dense: got the format {form!r}; it must be one of {', '.join(DENSE_FORMATS)}")
    if dtype not in {"float64", "float32"}:
        raise LabelError(f'dense: got {dtype!r}; it must be "float64" or "float32"')
    if not isinstance(source, Table):
        raise OperandError("dense: a block is cut out of a table in memory; read it with read_table")
    table = source
    if table.i_power is not None:
        if form == "safetensors":
            raise LabelError(
                f"dense: {table.key} holds imaginary values, safetensors no complex128; choose npz"
            )
        dtype = {"float64": "complex128", "float32": "complex64"}[dtype]
    specs = _specs(table, np.dtype(dtype).newbyteorder("<").str)
    facts = provenance(table) | {"dense": dtype}
    return lambda stream: (_write_npz if form == "npz" else _write_safetensors)(table, specs, facts, stream)


def _specs(table: Table, dtype: str) -> dict[ArraySpec, tuple[float, ...]]:
    """Return the array of every block, in the table's order, with the labels to ask `Table.dense` for."""
    kind = kind_of(table.kind)
    if not 0 < kind.leading < len(kind.columns):
        return {ArraySpec("values", dtype, table.dense_shape()): ()}
    rows, columns = np.unique(table.index[:, : kind.leading], axis=0), kind.columns[: kind.leading]
    found: dict[ArraySpec, tuple[float, ...]] = {}
    for row in rows.tolist():
        labels = tuple(
            label / 2 if column.doubled else label for label, column in zip(row, columns, strict=True)
        )
        found[ArraySpec("_".join(map(str, row)), dtype, table.dense_shape(*labels))] = labels
    return found


def _block(table: Table, spec: ArraySpec, labels: tuple[float, ...]) -> NDArray[Any]:
    block = table.dense(*labels, dtype=np.dtype(spec.dtype).newbyteorder("="))
    return np.ascontiguousarray(block, dtype=spec.dtype)


def _write_npz(
    table: Table, specs: dict[ArraySpec, tuple[float, ...]], facts: dict[str, Any], stream: BinaryIO
) -> None:
    """Write an archive like a table's own, whose manifest is the provenance."""
    members = [
        (spec, lambda spec=spec, labels=labels: [_block(table, spec, labels).tobytes()])
        for spec, labels in specs.items()
    ]
    write_members(stream, canonical(facts), members)


def _write_safetensors(
    table: Table, specs: dict[ArraySpec, tuple[float, ...]], facts: dict[str, Any], stream: BinaryIO
) -> None:
    """Write the tensors by name, as the usual writer does for one dtype."""
    ordered = dict(sorted(specs.items(), key=lambda item: item[0].name))
    tensors = {spec.name: (spec.dtype, spec.shape, spec.nbytes) for spec in ordered}
    stream.write(safetensors_header(tensors, canonical(facts).decode("ascii").rstrip("\n")))
    for spec, labels in ordered.items():
        stream.write(_block(table, spec, labels).tobytes())
