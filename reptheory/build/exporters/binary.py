"""safetensors and Parquet: the columns of a table as arrays that other frameworks map or scan.

safetensors   the arrays of the table's file under the same names. The metadata have one key, "reptheory":
              with more than one, the usual writer puts them in another order every time. These are the bytes
              that `safetensors.numpy.save` gives for the same arrays; nothing but NumPy is needed
parquet       labels, sign, i_power and floats as numbers, integers as decimal text, the provenance in the
              schema under "reptheory"; needs pyarrow
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from reptheory.build.exporters.provenance import provenance_json
from reptheory.build.exporters.selection import arrays_of
from reptheory.errors import StoreError
from reptheory.tables.kinds import kind_of
from reptheory.tables.parts import integers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reptheory.tables.parts import Part, RowSource

__all__ = ["safetensors_header", "write_parquet", "write_safetensors"]

_DTYPES: Final = {
    "<u8": "U64", "<f8": "F64", "<f4": "F32", "<i4": "I32", "|i1": "I8", "|u1": "U8",
}  # fmt: skip
"""The names of safetensors, in the order in which it lays tensors out: wide numbers first."""


def write_safetensors(source: RowSource, stream: BinaryIO, columns: tuple[str, ...]) -> None:
    """Write the selected arrays, one after the other, rows by rows."""
    wanted = arrays_of(source.header, columns)
    specs = [spec for spec in source.header.specs if spec.name in wanted]
    specs.sort(key=lambda spec: (list(_DTYPES).index(spec.dtype), spec.name))
    tensors = {spec.name: (spec.dtype, spec.shape, spec.nbytes) for spec in specs}
    stream.write(safetensors_header(tensors, provenance_json(source)))
    for spec in specs:
        for rows in source.column(spec.name):
            stream.write(np.ascontiguousarray(rows, dtype=spec.dtype).tobytes())


def safetensors_header(tensors: Mapping[str, tuple[str, tuple[int, ...], int]], metadata: str) -> bytes:
    """Return the length and the JSON header of a safetensors file.

    tensors   name -> (little-endian dtype, shape, bytes), in file order
    """
    header: dict[str, Any] = {"__metadata__": {"reptheory": metadata}}
    offset = 0
    for name, (dtype, shape, nbytes) in tensors.items():
        header[name] = {
            "dtype": _DTYPES[dtype],
            "shape": list(shape),
            "data_offsets": [offset, offset + nbytes],
        }
        offset += nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    text = text.ljust(-(-len(text) // 8) * 8)
    return len(text).to_bytes(8, "little") + text


def write_parquet(source: RowSource, stream: BinaryIO, columns: tuple[str, ...]) -> None:
    """Write row groups, one a part.

    raises   StoreError: pyarrow is not installed
    """
    try:
        import pyarrow  # noqa: PLC0415  (an extra, and heavy)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise StoreError('parquet: needs the package pyarrow; run pip install "reptheory[parquet]"') from None
    names = kind_of(source.header.key.kind).index_names
    types: dict[str, Any] = dict.fromkeys(names, pyarrow.int32())
    if "exact" in columns:
        types |= {"sign": pyarrow.int8(), "numerator": pyarrow.string(), "denominator": pyarrow.string()}
        types |= {"i_power": pyarrow.uint8()}
    types |= {name: getattr(pyarrow, name)() for name in ("float64", "float32") if name in columns}
    schema = pyarrow.schema(types.items(), metadata={"reptheory": provenance_json(source)})
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for part in source.parts(1 << 16):
            arrays = {**dict(zip(names, part.index.T, strict=True)), **_columns(part)}
            chosen = [pyarrow.array(arrays[name], type=types[name]) for name in types]
            writer.write_batch(pyarrow.record_batch(chosen, schema=schema))


def _columns(part: Part) -> dict[str, Any]:
    """Return the columns behind the labels, integers as text."""
    return {
        "sign": part.sign,
        "numerator": [str(value) for value in integers(part.numerator)],
        "denominator": [str(value) for value in integers(part.denominator)],
        "i_power": np.zeros(len(part), np.uint8) if part.i_power is None else part.i_power,
        "float64": part.float64,
        "float32": part.float32,
    }
