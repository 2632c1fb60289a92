"""Dense blocks: one array for every block of a table, zeros filled in, as npz or safetensors.

The arrays are those of `Table.dense`, named by the labels that they begin with as the index has them (doubled
in columns "two_..."), joined by "_": "2_1_3". A kind without orders has one array, "values". Only one block
at a time is in memory.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from reptheory.build.exporters.binary import safetensors_header
from reptheory.build.exporters.provenance import provenance
from reptheory.errors import LabelError
from reptheory.tables.archive import ArraySpec, write_members
from reptheory.tables.format import canonical
from reptheory.tables.kinds import kind_of
from reptheory.tables.parts import PART_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from reptheory.tables.parts import RowSource

__all__ = ["DENSE_FORMATS", "dense_writer"]

DENSE_FORMATS = ("npz", "safetensors")


class _Block(NamedTuple):
    """A dense array to be written: which rows are in it, and where.

    start, stop   its rows
    axes          (lowest label, step, length) of each axis
    """

    spec: ArraySpec
    start: int
    stop: int
    axes: tuple[tuple[int, int, int], ...]


def dense_writer(source: RowSource, form: str, dtype: str) -> Callable[[BinaryIO], None]:
    """Return what writes the blocks of a table to a stream.

    dtype    "float64" or "float32"; complex numbers of that precision where values have a factor i
    raises   LabelError: a format or dtype that there is not; TooLarge: a block of 4 GiB or more
    """
    if form not in DENSE_FORMATS:
        raise LabelError(f"dense: got the format {form!r}; it must be one of {', '.join(DENSE_FORMATS)}")
    if dtype not in {"float64", "float32"}:
        raise LabelError(f'dense: got {dtype!r}; it must be "float64" or "float32"')
    if any(spec.name == "i_power" for spec in source.header.specs):
        if form == "safetensors":
            raise LabelError(
                f"dense: {source.header.key} holds imaginary values, safetensors no complex128; choose npz"
            )
        dtype = {"float64": "complex128", "float32": "complex64"}[dtype]
    blocks = _blocks(source, np.dtype(dtype).newbyteorder("<").str)
    facts = provenance(source) | {"dense": dtype}
    return lambda stream: (_write_npz if form == "npz" else _write_safetensors)(source, blocks, facts, stream)


def _blocks(source: RowSource, dtype: str) -> list[_Block]:
    """Return the array of every block, in the table's order."""
    key, edges, last = source.header.key, list[tuple[int, list[int]]](), list[int]()
    kind, start = kind_of(key.kind), 0
    leading = kind.leading if kind.leading < len(kind.columns) else 0
    for index in source.column("index"):
        labels = index[:, :leading]
        changes = np.flatnonzero((labels[1:] != labels[:-1]).any(axis=1)) + 1
        for row in [0, *changes.tolist()]:
            if start + row == 0 or labels[row].tolist() != last:
                last = labels[row].tolist()
                edges.append((start + row, last))
        start += len(index)
    if not leading and not edges:
        edges.append((0, []))
    found = []
    for (first, prefix), (stop, _) in pairwise([*edges, (start, [])]):
        axes = kind.dense_axes(dict(key.parameters), prefix)
        name = "_".join(map(str, prefix)) or "values"
        found.append(_Block(ArraySpec(name, dtype, tuple(length for *_, length in axes)), first, stop, axes))
    return found


def _array(source: RowSource, block: _Block) -> NDArray[Any]:
    """Return one block."""
    spec, axes = block.spec, block.axes
    array = np.zeros(spec.shape, dtype=spec.dtype)
    column = "float64" if array.real.itemsize == 8 else "float32"
    for start in range(block.start, block.stop, PART_ROWS):
        part = source.part(start, min(PART_ROWS, block.stop - start))
        labels = part.index[:, -len(axes) :].astype(np.int64)
        places = tuple((labels[:, axis] - low) // step for axis, (low, step, _) in enumerate(axes))
        values, turned = part.column(column), part.column("i_power") == 1
        array.real[places] = np.where(turned, 0, values)
        if turned.any():
            array.imag[places] = np.where(turned, values, 0)
    return array


def _write_npz(source: RowSource, blocks: Sequence[_Block], facts: dict[str, Any], stream: BinaryIO) -> None:
    """Write an archive like a table's own, whose manifest is the provenance."""
    members = [(block.spec, lambda block=block: [_array(source, block).tobytes()]) for block in blocks]
    write_members(stream, canonical(facts), members)


def _write_safetensors(
    source: RowSource, blocks: Sequence[_Block], facts: dict[str, Any], stream: BinaryIO
) -> None:
    """Write the tensors by name, as the usual writer does for one dtype."""
    ordered = sorted(blocks, key=lambda block: block.spec.name)
    tensors = {block.spec.name: (block.spec.dtype, block.spec.shape, block.spec.nbytes) for block in ordered}
    stream.write(safetensors_header(tensors, canonical(facts).decode("ascii").rstrip("\n")))
    for block in ordered:
        stream.write(_array(source, block).tobytes())
