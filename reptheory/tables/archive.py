"""Archive: a zip of stored members whose every byte follows from its contents.

The layout is a plain uncompressed zip that `numpy.load` opens, with each field that usually records the
machine (time, system, permissions, extra fields) fixed. A reader can therefore compute the whole skeleton
from the manifest, and refuses any file that differs from it in a single byte: no member is ever unpacked,
nothing is evaluated, and no length is believed before the file's size agrees with it.

An archive of 4 GiB or more has zip64 fields in the headers of its arrays and at its end, a smaller one none.

APPNOTE.TXT 6.3.10 [PKWARE 2022], sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16 (ends),
4.5.3 (zip64 fields).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.errors import TableCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from io import BufferedReader
    from typing import Any, BinaryIO

    from numpy.typing import NDArray

Buffer = bytes | memoryview

__all__ = [
    "MANIFEST",
    "ArraySpec",
    "archive_size",
    "array_digest",
    "read_arrays",
    "read_manifest",
    "write",
    "write_members",
]

MANIFEST: Final = "manifest.json"
MOST_MANIFEST: Final = 1 << 16
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_WIDE_LOCAL: Final = struct.Struct("<2H2Q")
_WIDE_ENTRY: Final = struct.Struct("<2H3Q")
_WIDE_END: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR: Final = struct.Struct("<4sIQI")
_VERSION, _WIDE_VERSION, _UNIX, _STORED = 20, 45, 3 << 8, 0
_TIME, _DATE = 0, (0 << 9) | (1 << 5) | 1  # 1980-01-01 00:00, the earliest a zip can say
_MODE: Final = 0o100644 << 16
_PIECE: Final = 1 << 20
"""Bytes read at once where an array is only passed over."""
_MOST: Final = (1 << 32) - 1
"""The largest archive without zip64 fields."""
_ONES: Final = (1 << 32) - 1
"""What an ordinary field holds where a zip64 field counts."""


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
    size = _END.size + sum(_LOCAL.size + _ENTRY.size + 2 * len(name) + size for name, size in members)
    if size > _MOST:
        size += len(specs) * (_WIDE_LOCAL.size + _WIDE_ENTRY.size) + _WIDE_END.size + _LOCATOR.size
    return size


def _is_wide(manifest: int, specs: Sequence[ArraySpec]) -> bool:
    """Say whether the archive needs zip64 fields."""
    return archive_size(manifest, specs) > _MOST


def array_digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of the array's bytes (C order, as stored), in hexadecimal."""
    return hashlib.sha256(_view(np.ascontiguousarray(array))).hexdigest()


def write(stream: BinaryIO, manifest: bytes, arrays: Sequence[tuple[ArraySpec, NDArray[Any]]]) -> None:
    """Write the archive to `stream`, which is at its start.

    manifest   canonical JSON, at most 65,536 bytes
    arrays     C-ordered arrays of exactly the dtype and shape their spec states
    raises     OSError from the stream
    """
    members = [(spec, lambda array=array: [_view(array)]) for spec, array in arrays]
    write_members(stream, manifest, members)


def write_members(
    stream: BinaryIO, manifest: bytes, members: Sequence[tuple[ArraySpec, Callable[[], Iterable[Buffer]]]]
) -> None:
    """Write the archive as `write` does, each array piece by piece.

    members   a spec, and a function that gives the bytes of the array in order; it is called twice, since a
              checksum stands before them
    """
    wide = _is_wide(len(manifest), [spec for spec, _ in members])
    local, entry = _headers(MANIFEST, zlib.crc32(manifest), len(manifest), 0)
    entries, offset = [entry], len(local) + len(manifest)
    stream.write(local + manifest)
    for spec, pieces in members:
        crc = zlib.crc32(spec.header)
        for piece in pieces():
            crc = zlib.crc32(piece, crc)
        local, entry = _headers(spec.member, crc, spec.size, offset, wide=wide)
        stream.write(local + spec.header)
        for piece in pieces():
            stream.write(piece)
        entries.append(entry)
        offset += len(local) + spec.size
    stream.write(_directory(entries, offset, wide=wide))


def _view(array: NDArray[Any]) -> memoryview:
    """Return the bytes of a C-ordered array; numpy casts an empty one to no bytes."""
    return array.data.cast("B") if array.size else memoryview(b"")


def _headers(name: str, crc: int, size: int, offset: int, *, wide: bool = False) -> tuple[bytes, bytes]:
    """Return the local header and the directory entry of a stored member; `wide` with zip64 fields."""
    raw, version = name.encode("ascii"), _WIDE_VERSION if wide else _VERSION
    short, place = (_ONES, _ONES) if wide else (size, offset)
    fields = (0, _STORED, _TIME, _DATE, crc, short, short, len(raw))
    far_local = _WIDE_LOCAL.pack(1, _WIDE_LOCAL.size - 4, size, size) if wide else b""
    far_entry = _WIDE_ENTRY.pack(1, _WIDE_ENTRY.size - 4, size, size, offset) if wide else b""
    local = _LOCAL.pack(b"PK\x03\x04", version, *fields, len(far_local)) + raw + far_local
    made = (b"PK\x01\x02", _UNIX | version, version, *fields, len(far_entry), 0, 0, 0, _MODE, place)
    return local, _ENTRY.pack(*made) + raw + far_entry


def _directory(entries: Sequence[bytes], offset: int, *, wide: bool = False) -> bytes:
    """Return the central directory that follows `offset` bytes of members, with its end records."""
    body, count = b"".join(entries), len(entries)
    if not wide:
        return body + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(body), offset, 0)
    version = (_UNIX | _WIDE_VERSION, _WIDE_VERSION, 0, 0)
    far = _WIDE_END.pack(b"PK\x06\x06", _WIDE_END.size - 12, *version, count, count, len(body), offset)
    locator = _LOCATOR.pack(b"PK\x06\x07", 0, offset + len(body), 1)
    return body + far + locator + _END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, _ONES, _ONES, 0)


def begins_as_table(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of a table, sound or damaged; not of a dense export."""
    name, contents = head[_LOCAL.size :][: len(MANIFEST)], head[_LOCAL.size + len(MANIFEST) :]
    is_ours = head.startswith(b"PK\x03\x04") and name == MANIFEST.encode()
    return is_ours and not contents.startswith(b'{"command":')


def read_manifest(stream: BufferedReader, size: int) -> bytes:
    """Read the first member of a file of `size` bytes, and require it to be the manifest.

    returns   its bytes, unparsed; the stream stands behind it
    raises    TableCorrupt: no such member, or one that does not fit
    """
    head = _exactly(stream, min(size, _LOCAL.size + len(MANIFEST)), "first header")
    if len(head) < _LOCAL.size + len(MANIFEST) or not head.startswith(b"PK\x03\x04"):
        raise TableCorrupt(
            "not a table: the file does not begin as a zip archive; rebuild or fetch it again, "
            "or ask `reptheory info` and `reptheory audit` about other formats"
        )
    name = head[_LOCAL.size :]
    if name != MANIFEST.encode() and head[26:28] != len(MANIFEST).to_bytes(2, "little"):
        raise TableCorrupt(
            "not a table of this package: its first member is no manifest; see `reptheory audit`"
        )
    length = int.from_bytes(head[18:22], "little")
    if not 0 < length <= MOST_MANIFEST:
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
    arrays: list[NDArray[Any]] = []

    def load(spec: ArraySpec, crc: int) -> tuple[str, int]:
        array = _array(stream, spec)
        arrays.append(array.astype(array.dtype.newbyteorder("="), copy=False))
        return array_digest(array), zlib.crc32(_view(array), crc)

    _check_members(stream, size, manifest, list(zip(specs, digests, strict=True)), load)
    return arrays


def locate_arrays(
    stream: BufferedReader, size: int, manifest: bytes, specs: Sequence[ArraySpec], digests: Sequence[str]
) -> list[int]:
    """Check every byte as `read_arrays` does, in little memory; return where the bytes of each array are."""
    places: list[int] = []

    def pass_over(spec: ArraySpec, crc: int) -> tuple[str, int]:
        places.append(stream.tell())
        digest, left = hashlib.sha256(), spec.nbytes
        while left:
            piece = _exactly(stream, min(left, _PIECE), spec.member)
            digest.update(piece)
            crc, left = zlib.crc32(piece, crc), left - len(piece)
        return digest.hexdigest(), crc

    _check_members(stream, size, manifest, list(zip(specs, digests, strict=True)), pass_over)
    return places


def _check_members(
    stream: BufferedReader,
    size: int,
    manifest: bytes,
    members: Sequence[tuple[ArraySpec, str]],
    take: Callable[[ArraySpec, int], tuple[str, int]],
) -> None:
    """Go over every array behind the manifest, and compare every byte with what `write` would write.

    members   each array with the SHA-256 that the manifest promises
    take      reads one array from the stream; (spec, crc of its header) -> its SHA-256, crc of the member
    """
    specs = [spec for spec, _ in members]
    expected, wide = archive_size(len(manifest), specs), _is_wide(len(manifest), specs)
    if size != expected:
        raise TableCorrupt(f"file has {size} bytes where its manifest promises {expected}; rebuild the table")
    local, entry = _headers(MANIFEST, zlib.crc32(manifest), len(manifest), 0)
    entries, offset = [entry], len(local) + len(manifest)
    for spec, promised in members:
        found = _exactly(stream, _local_size(spec, wide=wide), spec.member)
        header = _exactly(stream, len(spec.header), spec.member)
        if header != spec.header:
            raise TableCorrupt(f"{spec.member}: its npy header differs from the manifest; rebuild the table")
        digest, crc = take(spec, zlib.crc32(header))
        if digest != promised:
            raise TableCorrupt(f"{spec.member}: SHA-256 differs from the manifest; rebuild the table")
        local, entry = _headers(spec.member, crc, spec.size, offset, wide=wide)
        if found != local:
            raise TableCorrupt(f"{spec.member}: its zip header differs from its contents; rebuild the table")
        entries.append(entry)
        offset += len(local) + spec.size
    directory = _directory(entries, offset, wide=wide)
    if _exactly(stream, len(directory), "zip directory") != directory:
        raise TableCorrupt("zip directory differs from the members; rebuild the table")


def _local_size(spec: ArraySpec, *, wide: bool) -> int:
    """Return the bytes of a member's local header."""
    return _LOCAL.size + len(spec.member) + (_WIDE_LOCAL.size if wide else 0)


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
