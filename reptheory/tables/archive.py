"""Archive: a zip of stored members whose every byte follows from its contents.

The layout is a plain uncompressed zip that `numpy.load` opens, with each field that usually records the
machine (time, system, permissions, extra fields) fixed. A reader can therefore compute the whole skeleton
from the manifest, and refuses any file that differs from it in a single byte: no member is ever unpacked,
nothing is evaluated, and no length is believed before the file's size agrees with it.

APPNOTE.TXT 6.3.10 [PKWARE 2022], sections 4.3.7 (local header), 4.3.12 (directory), 4.3.16 (end).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.errors import TableCorrupt, TooLarge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import BufferedReader
    from typing import Any, BinaryIO

    from numpy.typing import NDArray

__all__ = ["MANIFEST", "ArraySpec", "archive_size", "array_digest", "read_arrays", "read_manifest", "write"]

MANIFEST: Final = "manifest.json"
MOST_MANIFEST: Final = 1 << 16
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_VERSION, _UNIX, _STORED = 20, 3 << 8, 0
_TIME, _DATE = 0, (0 << 9) | (1 << 5) | 1  # 1980-01-01 00:00, the earliest a zip can say
_MODE: Final = 0o100644 << 16
_MOST: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One array member: its name without ".npy", little-endian dtype such as "<f8", and shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def member(self) -> str:
        """Name of the zip member."""
        return f"{self.name}.npy"

    @property
    def nbytes(self) -> int:
        """Bytes of the array itself."""
        count = 1
        for length in self.shape:
            count *= length
        return count * np.dtype(self.dtype).itemsize

    @property
    def header(self) -> bytes:
        """The npy 1.0 header, padded with blanks to a multiple of 64 bytes."""
        text = f"{{'descr': '{self.dtype}', 'fortran_order': False, 'shape': {self.shape!r}, }}"
        length = -(-(10 + len(text) + 1) // 64) * 64
        return (
            b"\x93NUMPY\x01\x00" + struct.pack("<H", length - 10) + text.ljust(length - 11).encode() + b"\n"
        )

    @property
    def size(self) -> int:
        """Bytes of the member: header and array."""
        return len(self.header) + self.nbytes


def archive_size(manifest: int, specs: Sequence[ArraySpec]) -> int:
    """Return the exact size in bytes of an archive with a manifest of `manifest` bytes and these arrays."""
    members = [(MANIFEST, manifest), *((spec.member, spec.size) for spec in specs)]
    return _END.size + sum(_LOCAL.size + _ENTRY.size + 2 * len(name) + size for name, size in members)


def array_digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of the array's bytes (C order, as stored), in hexadecimal."""
    return hashlib.sha256(_view(np.ascontiguousarray(array))).hexdigest()


def write(stream: BinaryIO, manifest: bytes, arrays: Sequence[tuple[ArraySpec, NDArray[Any]]]) -> None:
    """Write the archive to `stream`, which is at its start.

    manifest   canonical JSON, at most 65,536 bytes
    arrays     C-ordered arrays of exactly the dtype and shape their spec states
    raises     TooLarge: 4 GiB or more, which this format does not hold; OSError from the stream
    """
    total = archive_size(len(manifest), [spec for spec, _ in arrays])
    if total > _MOST:
        raise TooLarge(f"file: {total} bytes; a table file holds less than 4 GiB, so lower lmax or lmax_out")
    members: list[tuple[str, list[bytes | memoryview]]] = [(MANIFEST, [manifest])]
    members += [(spec.member, [spec.header, _view(array)]) for spec, array in arrays]
    entries, offset = [], 0
    for name, parts in members:
        crc = 0
        for part in parts:
            crc = zlib.crc32(part, crc)
        size = sum(len(part) for part in parts)
        local, entry = _headers(name, crc, size, offset)
        for part in (local, *parts):
            stream.write(part)
        entries.append(entry)
        offset += len(local) + size
    stream.write(_directory(entries, offset))


def _view(array: NDArray[Any]) -> memoryview:
    """Return the bytes of a C-ordered array; numpy casts an empty one to no bytes."""
    return array.data.cast("B") if array.size else memoryview(b"")


def _headers(name: str, crc: int, size: int, offset: int) -> tuple[bytes, bytes]:
    """Return the local header and the directory entry of a stored member."""
    raw = name.encode("ascii")
    common = (0, _STORED, _TIME, _DATE, crc, size, size, len(raw), 0)
    local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *common) + raw
    entry = _ENTRY.pack(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *common, 0, 0, 0, _MODE, offset) + raw
    return local, entry


def _directory(entries: Sequence[bytes], offset: int) -> bytes:
    """Return the central directory that follows `offset` bytes of members, with its end record."""
    body = b"".join(entries)
    return body + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(body), offset, 0)


def read_manifest(stream: BufferedReader, size: int) -> bytes:
    """Read the first member of a file of `size` bytes, and require it to be the manifest.

    returns   its bytes, unparsed; the stream stands behind it
    raises    TableCorrupt: no such member, or one that does not fit
    """
    head = _exactly(stream, min(size, _LOCAL.size + len(MANIFEST)), "first header")
    if len(head) < _LOCAL.size + len(MANIFEST) or not head.startswith(b"PK\x03\x04"):
        raise TableCorrupt("not a table: the file does not begin as a zip archive; rebuild or fetch it again")
    length = int.from_bytes(head[18:22], "little")
    if not 0 < length <= min(size, MOST_MANIFEST):
        raise TableCorrupt(
            f"manifest: header claims {length} bytes, the most is {MOST_MANIFEST}; rebuild the table"
        )
    manifest = _exactly(stream, length, MANIFEST)
    if head != _headers(MANIFEST, zlib.crc32(manifest), length, 0)[0]:
        raise TableCorrupt(
            "manifest: header and contents disagree, or it is not the first member; rebuild the table"
        )
    return manifest


def read_arrays(
    stream: BufferedReader, size: int, manifest: bytes, specs: Sequence[ArraySpec], digests: Sequence[str]
) -> list[NDArray[Any]]:
    """Read every array behind the manifest; the file of `size` bytes must be what `write` would write.

    stream    stands behind the manifest
    digests   SHA-256 of each array, from the manifest
    returns   native-endian, aligned arrays in the order of `specs`
    raises    TableCorrupt: any byte differs from what the manifest promises
    """
    expected = archive_size(len(manifest), specs)
    if size != expected:
        raise TableCorrupt(f"file has {size} bytes where its manifest promises {expected}; rebuild the table")
    local, entry = _headers(MANIFEST, zlib.crc32(manifest), len(manifest), 0)
    entries, offset, arrays = [entry], len(local) + len(manifest), []
    for spec, digest in zip(specs, digests, strict=True):
        found = _exactly(stream, _LOCAL.size + len(spec.member), spec.member)
        header = _exactly(stream, len(spec.header), spec.member)
        if header != spec.header:
            raise TableCorrupt(f"{spec.member}: its npy header differs from the manifest; rebuild the table")
        array = _array(stream, spec)
        if array_digest(array) != digest:
            raise TableCorrupt(f"{spec.member}: SHA-256 differs from the manifest; rebuild the table")
        local, entry = _headers(spec.member, zlib.crc32(_view(array), zlib.crc32(header)), spec.size, offset)
        if found != local:
            raise TableCorrupt(f"{spec.member}: its zip header differs from its contents; rebuild the table")
        entries.append(entry)
        offset += len(local) + spec.size
        arrays.append(array.astype(array.dtype.newbyteorder("="), copy=False))
    directory = _directory(entries, offset)
    if _exactly(stream, len(directory), "zip directory") != directory:
        raise TableCorrupt("zip directory differs from the members; rebuild the table")
    return arrays


def _array(stream: BufferedReader, spec: ArraySpec) -> NDArray[Any]:
    """Read one array into fresh, aligned memory."""
    array: NDArray[Any] = np.empty(spec.shape, dtype=spec.dtype)
    view, filled = _view(array), 0
    while filled < len(view):
        count = stream.readinto(view[filled:])
        if not count:
            raise TableCorrupt(f"{spec.member}: the file ends too early; rebuild the table")
        filled += count
    return array


def _exactly(stream: BufferedReader, length: int, what: str) -> bytes:
    """Read `length` bytes or raise TableCorrupt."""
    data = stream.read(length)
    if len(data) != length:
        raise TableCorrupt(f"{what}: the file ends too early; rebuild the table")
    return data
