"""Reading other people's arrays safely: npy, npz, safetensors, JSON, and PyTorch files with weights_only.

Nothing in a file is evaluated, no pickle is opened (PyTorch's own reader takes weights only), and no length
is believed before the file's size agrees with it. What a file unpacks to is limited to `MOST_BYTES`.
"""

from __future__ import annotations

import json
import lzma
import math
import os
import struct
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reptheory.errors import OperandError, StoreError, TooLarge
from reptheory.exact.surd import Surd
from reptheory.tables.files import open_regular, shown

if TYPE_CHECKING:
    from io import BufferedReader
    from typing import IO

__all__ = ["MOST_BYTES", "read_foreign"]

MOST_BYTES: Final = 2**31
_MOST_HEADER: Final = 10**8
_MOST_MEMBERS: Final = 100_000
_SAFE_TYPES: Final = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U8": "|u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "C64": "<c8", "C128": "<c16",
}  # fmt: skip
Arrays = dict[str, NDArray[Any]]


def read_foreign(path: str | os.PathLike[str]) -> Arrays:
    """Return the numeric arrays of a file by name; a file with one unnamed array names it "".

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
            return {name: array for name, array in found.items() if array.dtype.kind in "iufc"}
        except (OperandError, TooLarge) as error:
            raise type(error)(f"{shown(path)}: {error}") from None
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            EOFError,
            RecursionError,
            ArithmeticError,
        ) as error:
            raise OperandError(f"{shown(path)}: is broken ({' '.join(str(error).split())[:200]})") from None
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, struct.error) as error:
            raise OperandError(f"{shown(path)}: is broken ({' '.join(str(error).split())[:200]})") from None
        except MemoryError:
            raise TooLarge(f"{shown(path)}: does not fit in memory") from None


def _limited(size: int) -> int:
    """Return the size of a file; raise TooLarge beyond the limit."""
    if size > MOST_BYTES:
        raise TooLarge(f"{size} bytes; audit reads at most {MOST_BYTES}")
    return size


def _npy(stream: IO[bytes], size: int) -> Arrays:
    """Read one npy file; its header must agree with its size."""
    return {"": _one_npy(stream, size)}


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


def _npz(stream: BufferedReader, size: int) -> Arrays:
    """Read the npy members of a zip file; what they unpack to is limited, names may come once."""
    del size
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        names = [info.filename for info in members]
        if len(set(names)) != len(names) or len(names) > _MOST_MEMBERS:
            raise OperandError("holds a member twice, or too many of them")
        total = sum(info.file_size for info in members)
        if total > MOST_BYTES:
            raise TooLarge(f"unpacks to {total} bytes; audit reads at most {MOST_BYTES}")
        arrays = {}
        for info in members:
            with archive.open(info) as member:
                arrays[info.filename.removesuffix(".npy")] = _one_npy(member, info.file_size)
        return arrays


def _safetensors(stream: BufferedReader, size: int) -> Arrays:
    """Read a safetensors file: a length, a JSON header, then the bytes it points into."""
    length = int.from_bytes(stream.read(8), "little")
    if length > min(size - 8, _MOST_HEADER):
        raise OperandError(f"the header promises {length} bytes of {size}")
    header = _parsed(stream.read(length))
    body = stream.read()
    arrays: Arrays = {}
    labels = _labels_of_ours(header.pop("__metadata__", {}))
    for name, entry in header.items():
        kind, shape, (start, stop) = entry["dtype"], [int(n) for n in entry["shape"]], entry["data_offsets"]
        dtype = np.dtype("<u2" if kind == "BF16" else _SAFE_TYPES.get(kind, "|b1"))
        if min(shape, default=0) < 0 or not 0 <= start <= stop <= len(body):
            raise OperandError(f"{name!r}: its offsets lie outside the file")
        if math.prod(shape) * dtype.itemsize != stop - start:
            raise OperandError(f"{name!r}: its shape and its offsets disagree")
        array = np.frombuffer(body, dtype, math.prod(shape), start).reshape(shape)
        arrays[name] = (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array
    return _whole(arrays, labels)


def _labels_of_ours(metadata: Any) -> list[str]:
    """Return the names of the labels from the metadata that `reptheory export` wrote; none of other files."""
    if "reptheory" not in metadata:
        return []
    return list(_parsed(metadata["reptheory"].encode())["manifest"]["index_names"])


def _whole(arrays: Arrays, labels: list[str]) -> Arrays:
    """Return rows of ours with labels as they are: where they stand doubled, halved, halves left out."""
    index = arrays.get("index")
    if index is None or not labels or not labels[0].startswith("two_"):
        return arrays
    rows = ~(index % 2).any(axis=1)
    return {name: array[rows] // 2 if name == "index" else array[rows] for name, array in arrays.items()}


def _json(stream: BufferedReader, size: int) -> Arrays:
    """Read nested lists of numbers, or an object of them; tables and blocks that this package wrote."""
    del size
    value = _parsed(stream.read())
    if isinstance(value, dict) and {"columns", "manifest", "rows"} <= value.keys():
        return _rows_of_ours(value)
    if isinstance(value, dict) and {"kind", "convention", "blocks"} <= value.keys():
        return {name: _block_of_ours(block) for name, block in value["blocks"].items()}
    entries = value if isinstance(value, dict) else {"": value}
    arrays = {}
    for name, entry in entries.items():
        if isinstance(entry, list):
            array = np.asarray(entry)
            if array.dtype.kind in "iuf":
                arrays[name] = array
    return arrays


def _rows_of_ours(table: dict[str, Any]) -> Arrays:
    """Return labels and floats of the JSON that `reptheory export` writes."""
    columns: dict[str, Any] = dict(zip(table["columns"], zip(*table["rows"], strict=True), strict=False))
    labels = table["manifest"]["index_names"]
    floats = next((name for name in ("float64", "float32") if name in columns), None)
    if floats is None or not set(labels) <= columns.keys():
        raise OperandError("holds no labels and floats; export it with the column float64")
    index = np.array([columns[name] for name in labels], dtype=np.int64).T
    return _whole({"index": index, "values": np.array(columns[floats], dtype=floats)}, labels)


def _block_of_ours(block: dict[str, Any]) -> NDArray[Any]:
    """Return the floats of an exact block of the JSON that `reptheory convert` writes."""
    shape = [int(length) for length in block["shape"]]
    if math.prod(shape) * 16 > MOST_BYTES:
        raise TooLarge(f"a block promises {math.prod(shape)} entries")
    pi_power = int(block["pi_power"])
    values = np.zeros(shape, np.complex128 if any(block["i_power"]) else np.float64)
    parts = block["index"], block["numerator"], block["denominator"], block["i_power"]
    for place, top, bottom, i_power in zip(*parts, strict=True):
        surd = Surd.sqrt(Fraction(abs(top), bottom), -1 if top < 0 else 1, pi_power=pi_power)
        values[tuple(place)] = float(surd) * (1j if i_power else 1)
    return values


def _parsed(data: bytes) -> Any:
    """Parse JSON; infinities and NaN are no JSON."""

    def refuse(word: str) -> NoReturn:
        raise OperandError(f"{word} is no number of JSON")

    return json.loads(data.decode("utf-8"), parse_constant=refuse)


def _torch(stream: BufferedReader, size: int) -> Arrays:
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
    return dict(_tensors("", value))


def _tensors(name: str, value: Any) -> list[tuple[str, NDArray[Any]]]:
    """Return the tensors of nested dicts and lists, named by their keys."""
    if hasattr(value, "detach"):
        tensor = value.detach()
        tensor = tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor
        return [(name, tensor.numpy())]
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list | tuple)
        else ()
    )
    return [pair for key, part in items for pair in _tensors(f"{name}.{key}" if name else str(key), part)]
