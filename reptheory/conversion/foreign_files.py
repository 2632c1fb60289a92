"""Reading other people's arrays safely: npy, npz, safetensors, JSON, and PyTorch files with weights_only.

Nothing in a file is evaluated, no pickle is opened (PyTorch's own reader takes weights only), and no length
is believed before the file's size agrees with it. What a file unpacks to is limited to `MOST_BYTES`. Files
that this package wrote say which table they hold: of that only what the labels mean is believed.
"""

from __future__ import annotations

import json
import lzma
import math
import os
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reptheory.conversion.precision import from_bfloat16, numbers_of
from reptheory.errors import LabelError, OperandError, StoreError, TooLarge
from reptheory.tables.archive import MANIFEST
from reptheory.tables.files import open_regular, shown
from reptheory.tables.format import key_stated
from reptheory.tables.kinds import TableKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from typing import IO

__all__ = ["BROKEN", "MOST_BYTES", "Arrays", "Foreign", "read_foreign"]

MOST_BYTES: Final = 2**31
_MOST_HEADER: Final = 10**8
_MOST_MEMBERS: Final = 100_000
_SAFE_TYPES: Final = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U8": "|u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "C64": "<c8", "C128": "<c16",
}  # fmt: skip
BROKEN: Final = (
    ArithmeticError, AttributeError, EOFError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError,
    lzma.LZMAError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What readers of broken files raise; NumPy's reads the header of an array as Python."""
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file holds.

    arrays   its numeric arrays by name; a single unnamed one is called ""
    key      the table that it says it is, in files that this package wrote
    """

    arrays: Arrays
    key: TableKey | None = None


def read_foreign(path: str | os.PathLike[str]) -> Foreign:
    """Return the numeric arrays of a file by name.

    path     .npy, .npz, .safetensors, .json, .pt or .pth
    raises   StoreError: it cannot be opened; OperandError: another format, broken, or without numbers;
             TooLarge: more than 2 GiB of numbers
    """
    ending = Path(path).suffix.lower()
    readers = {
        ".npy": _npy, ".npz": _npz, ".safetensors": _safetensors, ".json": _json,
        ".pt": _torch, ".pth": _torch,
    }  # fmt: skip
    if ending not in readers:
        raise OperandError(
            f"{shown(path)}: cannot tell what it is by its name; it must end in {', '.join(readers)}"
        )
    with open_regular(path) as (stream, size):
        try:
            found = readers[ending](stream, _limited(size))
            numbers = {name: array for name, array in found.arrays.items() if array.dtype.kind in "iufc"}
            return Foreign(numbers, found.key)
        except (OperandError, TooLarge) as error:
            raise type(error)(f"{shown(path)}: {error}") from None
        except LabelError as error:
            raise OperandError(f"{shown(path)}: names a table that there is not ({error})") from None
        except BROKEN as error:
            raise OperandError(f"{shown(path)}: is broken ({' '.join(str(error).split())[:200]})") from None
        except MemoryError:
            raise TooLarge(f"{shown(path)}: does not fit in memory") from None


def _limited(size: int) -> int:
    """Return the size of a file; raise TooLarge beyond the limit."""
    if size > MOST_BYTES:
        raise TooLarge(f"{size} bytes; audit reads at most {MOST_BYTES}")
    return size


def _npy(stream: IO[bytes], size: int) -> Foreign:
    """Read one npy file; its header must agree with its size."""
    return Foreign({"": _one_npy(stream, size)})


def _one_npy(stream: IO[bytes], size: int) -> NDArray[Any]:
    """Read an npy array of `size` bytes, header included, without pickles."""
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise OperandError(f"npy version {version}; versions 1 and 2 hold plain numbers")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if dtype.kind not in "biufcUS":
        raise OperandError(f"dtype {dtype}; only plain numbers are read, never pickles")
    length = math.prod(shape) * dtype.itemsize
    if length > size:
        raise OperandError(f"the header promises {length} bytes of numbers in a member of {size}")
    data = stream.read(length)
    if len(data) != length:
        raise OperandError("ends too early")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _npz(stream: BufferedReader, size: int) -> Foreign:
    """Read the npy members of a zip file; what they unpack to is limited, names may come once."""
    del size
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        names = [info.filename for info in members]
        if len(set(names)) != len(names) or len(names) > _MOST_MEMBERS:
            raise OperandError("holds a member twice, or too many of them")
        total = sum(info.file_size for info in archive.infolist())
        if total > MOST_BYTES:
            raise TooLarge(f"unpacks to {total} bytes; audit reads at most {MOST_BYTES}")
        arrays = {}
        for info in members:
            with archive.open(info) as member:
                arrays[info.filename.removesuffix(".npy")] = _one_npy(member, info.file_size)
        ours = archive.read(MANIFEST) if MANIFEST in archive.namelist() else b"{}"
    return Foreign(arrays, _key_in(_parsed(ours)))


def _safetensors(stream: BufferedReader, size: int) -> Foreign:
    """Read a safetensors file: a length, a JSON header, then the bytes it points into."""
    length = int.from_bytes(stream.read(8), "little")
    if length > min(size - 8, _MOST_HEADER):
        raise OperandError(f"the header promises {length} bytes of {size}")
    header = _parsed(stream.read(length))
    body = stream.read()
    arrays: Arrays = {}
    metadata = header.pop("__metadata__", {})
    for name, entry in header.items():
        kind, shape, (start, stop) = entry["dtype"], [int(n) for n in entry["shape"]], entry["data_offsets"]
        dtype = np.dtype("<u2" if kind == "BF16" else _SAFE_TYPES.get(kind, "|b1"))
        if min(shape, default=0) < 0 or not 0 <= start <= stop <= len(body):
            raise OperandError(f"{name!r}: its offsets lie outside the file")
        if math.prod(shape) * dtype.itemsize != stop - start:
            raise OperandError(f"{name!r}: its shape and its offsets disagree")
        array = np.frombuffer(body, dtype, math.prod(shape), start).reshape(shape)
        arrays[name] = from_bfloat16(array) if kind == "BF16" else array
    stated = _parsed(metadata["reptheory"].encode()) if "reptheory" in metadata else {}
    return Foreign(arrays, _key_in(stated))


def _key_in(stated: Any) -> TableKey | None:
    """Return the table that a manifest, or the provenance around one, names; None for other words."""
    manifest = stated.get("manifest", stated) if isinstance(stated, dict) else None
    if not isinstance(manifest, dict) or not {"kind", "parameters", "index_names"} <= manifest.keys():
        return None
    return key_stated(manifest)


def _json(stream: BufferedReader, size: int) -> Foreign:
    """Read nested lists of numbers, objects of them, or records; tables that this package wrote."""
    del size
    value = _parsed(stream.read())
    if isinstance(value, dict) and {"columns", "manifest", "rows"} <= value.keys():
        return _rows_of_ours(value)
    return Foreign(dict(_lists("", value)))


def _lists(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the lists of numbers of nested objects, named by their keys; of records a list for each key."""
    if isinstance(value, list) and value and all(isinstance(record, dict) for record in value):
        if len({frozenset(record) for record in value}) > 1:
            raise OperandError("its records have different names")
        value = {key: [record[key] for record in value] for key in value[0]}
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _lists(f"{name}.{key}" if name else key, part)
    elif isinstance(value, list):
        yield name, np.asarray(value)


def _rows_of_ours(table: dict[str, Any]) -> Foreign:
    """Return labels, floats and powers of i of the JSON that `reptheory export` writes."""
    columns: dict[str, Any] = dict(zip(table["columns"], zip(*table["rows"], strict=True), strict=False))
    labels = table["manifest"]["index_names"]
    floats = [name for name in ("float64", "float32") if name in columns]
    if not floats or not set(labels) <= columns.keys():
        raise OperandError("holds no labels and floats; export it with the column float64")
    arrays: Arrays = {name: np.array(columns[name], dtype=name) for name in floats}
    arrays["index"] = np.array([columns[name] for name in labels], dtype=np.int64).T
    if "i_power" in columns:
        arrays["i_power"] = np.array(columns["i_power"], dtype=np.uint8)
    return Foreign(arrays, _key_in(table["manifest"]))


def _parsed(data: bytes) -> Any:
    """Parse JSON; infinities and NaN are no JSON."""

    def refuse(word: str) -> NoReturn:
        raise OperandError(f"{word} is no number of JSON")

    return json.loads(data.decode("utf-8"), parse_constant=refuse)


def _torch(stream: BufferedReader, size: int) -> Foreign:
    """Read a PyTorch file with weights_only=True, which builds tensors and containers and nothing else."""
    del size
    try:
        import torch  # noqa: PLC0415  (optional, and slow to load)
    except ImportError:
        raise StoreError("a PyTorch file needs PyTorch; install torch, or save the table as npz") from None
    try:
        value = torch.load(stream, map_location="cpu", weights_only=True)
    except Exception as error:  # its unpickler raises what it likes
        raise OperandError(f"PyTorch refuses it: {' '.join(str(error).split())[:200]}") from None
    return Foreign(dict(_tensors("", value)))


def _tensors(name: str, value: Any) -> list[tuple[str, NDArray[Any]]]:
    """Return the tensors of nested dicts and lists, named by their keys."""
    if hasattr(value, "detach"):
        return [(name, numbers_of(value))]
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list | tuple)
        else ()
    )
    return [pair for key, part in items for pair in _tensors(f"{name}.{key}" if name else str(key), part)]
