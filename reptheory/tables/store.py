"""Store: where tables live, and how several processes share them.

Shipped   a small read-only set: beside the package in a wheel (reptheory/shipped_tables), in the top-level
          tables/ folder of a checkout or an editable install. Its manifest.json lists files and hashes.
Cache     the user's own tables: $REPTHEORY_CACHE, or the platform's cache folder. It holds no path, so it may
          be moved, copied, or shared read-only. Whoever builds a table holds its lock, so that a second
          process waits and reads instead of building too. The lock is a courtesy: every write is atomic by
          itself, and a cache that cannot be used costs time only. Beside the tables: `pieces/TABLE/`, the
          proven pieces of a build that has not ended. tables/cleaning.py lists and clears it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import filelock
import platformdirs

from reptheory.errors import StoreError, TableCorrupt, TableMismatch, TableOutdated
from reptheory.tables.files import open_regular, replace_file, sweep
from reptheory.tables.format import GENERATOR_VERSION, canonical, parse_json
from reptheory.tables.table import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reptheory.tables.kinds import TableKey

__all__ = [
    "SET_MANIFEST",
    "SetEntry",
    "cache_folder",
    "cached_path",
    "drop_lock",
    "is_lock",
    "lock_path",
    "locked",
    "make_folder",
    "pieces_folder",
    "read_cached",
    "read_set",
    "read_shipped",
    "shipped_folder",
    "store",
    "write_set",
]

SET_MANIFEST: Final = "manifest.json"
PIECES: Final = "pieces"
_SET_FORMAT: Final = "reptheory-table-set"
_SET_VERSION: Final = 1
_MOST_SET: Final = 1 << 20
_LOCK_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class SetEntry:
    """One file of a set of tables.

    file      its name, without any folder
    sha256    of the whole file, in hexadecimal
    size      in bytes
    command   the command line that rebuilds it
    """

    file: str
    sha256: str
    size: int
    command: str


def shipped_folder() -> Path | None:
    """Return the folder of the shipped tables, or None where the package came without them."""
    package = Path(__file__).resolve().parents[1]
    inside, beside = package / "shipped_tables", package.parent / "tables"
    if os.path.isfile(inside / SET_MANIFEST):  # False also where it cannot be read
        return inside
    # Beside the package only in its own checkout: in site-packages a folder "tables" is somebody else's.
    if os.path.isfile(package.parent / "pyproject.toml") and os.path.isfile(beside / SET_MANIFEST):
        return beside
    return None


def cache_folder() -> Path | None:
    """Return the user's cache folder, which need not exist yet; None where the user has none."""
    chosen = os.environ.get("REPTHEORY_CACHE")
    if chosen:
        return Path(chosen)
    with contextlib.suppress(OSError, RuntimeError, KeyError):
        folder = Path(platformdirs.user_cache_dir("reptheory", appauthor=False))
        return folder if folder.is_absolute() else None
    return None


def cached_path(key: TableKey) -> Path | None:
    """Return where the cache keeps the table, whether or not it is there."""
    folder = cache_folder()
    return None if folder is None else folder / key.file_name


def pieces_folder(key: TableKey) -> Path | None:
    """Return where the proven pieces of an unfinished build are kept, whether or not there are any."""
    path = cached_path(key)
    return None if path is None else path.parent / PIECES / path.stem


def lock_path(path: Path) -> Path:
    """Return the path of the lock on a file of the cache."""
    return path.with_name(f".{path.name}.lock")


def read_set(folder: Path) -> tuple[SetEntry, ...]:
    """Read the manifest of a set of tables.

    raises   StoreError: it cannot be read; TableCorrupt: it is not canonical, or names a file elsewhere;
             TableMismatch: another version
    """
    path = folder / SET_MANIFEST
    with open_regular(path) as (stream, size):
        if size > _MOST_SET:
            raise TableCorrupt(f"{path}: {size} bytes, the most is {_MOST_SET}; reinstall the package")
        manifest = parse_json(stream.read(_MOST_SET), str(path))
    if manifest.get("format") != _SET_FORMAT:
        raise TableCorrupt(
            f"{path}: format is {manifest.get('format')!r}, not {_SET_FORMAT!r}; reinstall the package"
        )
    if manifest.get("version") != _SET_VERSION:
        raise TableMismatch(f"{path}: version {manifest.get('version')!r}, this package reads {_SET_VERSION}")
    try:
        entries = tuple(_entry(item) for item in manifest["tables"])
    except (KeyError, TypeError, ValueError):
        raise TableCorrupt(f"{path}: an entry is broken; reinstall the package") from None
    return entries


def _entry(item: Any) -> SetEntry:
    """Read one entry; raise KeyError, TypeError or ValueError when it is broken."""
    entry = SetEntry(item["file"], item["sha256"], item["bytes"], item["command"])
    texts = (entry.file, entry.sha256, entry.command)
    if not all(isinstance(text, str) for text in texts) or type(entry.size) is not int:
        raise TypeError
    if Path(entry.file).name != entry.file or "\\" in entry.file or entry.file in {"", ".", ".."}:
        raise ValueError
    return entry


def write_set(folder: Path, tables: Sequence[Table]) -> Path:
    """Write tables and their manifest.json into `folder`; the same tables give the same bytes.

    returns  the path of the manifest
    """
    entries = []
    for table in sorted(tables, key=lambda table: table.key.file_name):
        data = table.save(folder / table.key.file_name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        entries.append(
            {"file": table.key.file_name, "sha256": digest, "bytes": len(data), "command": table.key.command}
        )
    manifest = {"format": _SET_FORMAT, "version": _SET_VERSION, "tables": entries}
    return replace_file(folder / SET_MANIFEST, lambda stream: stream.write(canonical(manifest)))


def read_shipped(key: TableKey) -> Table | None:
    """Read a shipped table; None when it is not among them.

    raises   TableCorrupt, TableMismatch, StoreError: it is there, but not as it was shipped
    """
    folder = shipped_folder()
    if folder is None or not os.path.lexists(folder / key.file_name):
        return None
    for entry in read_set(folder):
        if entry.file == key.file_name:
            path = folder / entry.file
            with open_regular(path) as (stream, _):
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != entry.sha256:
                raise TableCorrupt(f"{path}: SHA-256 differs from {SET_MANIFEST}; reinstall the package")
            return _read(path, key)
    return None


def _read(path: Path, key: TableKey) -> Table:
    """Read a table of this version's rules; who asks for a table by its name gets no others."""
    table = read_table(path, key)
    if table.generator != GENERATOR_VERSION:
        raise TableOutdated(
            f"{path}: built by version {table.generator} of the rules, this package has {GENERATOR_VERSION}"
        )
    return table


def read_cached(key: TableKey) -> Table | None:
    """Read a table from the cache; None when it is not there.

    raises   TableCorrupt, TableMismatch: a file is there, but it is not this table, or of another version
    """
    path = cached_path(key)
    if path is None or not os.path.lexists(path):
        return None
    return _read(path, key)


def store(table: Table) -> Path:
    """Keep a table in the cache; return its path.

    raises   StoreError: there is no cache, or it cannot be written
    """
    path = cached_path(table.key)
    if path is None:
        raise StoreError("cache: there is no cache folder; set REPTHEORY_CACHE to a folder you can write to")
    make_folder(path.parent)
    return table.save(path)


@contextlib.contextmanager
def locked(key: TableKey) -> Iterator[bool]:
    """Hold the cache's lock on one table; yield whether it is held.

    Where no lock can be had (no cache, read-only, a file system without locks, a holder that does not let go
    for ten minutes) the block runs all the same, since writes are atomic without it. The system releases
    the lock of a process that dies; the file of a lock goes with its last holder.
    """
    path = cached_path(key)
    if path is None:
        yield False
        return
    lock = filelock.FileLock(lock_path(path), timeout=_LOCK_SECONDS)
    try:
        make_folder(path.parent)
        lock.acquire()
    except (OSError, NotImplementedError, filelock.Timeout):
        yield False
        return
    try:
        _sweep(path)
        yield True
    finally:
        _release(lock)


def _sweep(path: Path) -> None:
    """Remove what killed processes left beside the table at `path`: temporaries, and locks nobody holds."""
    sweep(path.parent)
    with contextlib.suppress(OSError):
        for name in os.listdir(path.parent):
            if is_lock(name) and name != lock_path(path).name:
                drop_lock(path.with_name(name))


def is_lock(name: str) -> bool:
    """Say whether a file of this name is the lock on a table of the cache."""
    return name.startswith(".") and name.endswith(".npz.lock")


def drop_lock(path: Path) -> None:
    """Remove the file of a lock, unless somebody holds it."""
    lock = filelock.FileLock(path, timeout=0)
    with contextlib.suppress(OSError, NotImplementedError, filelock.Timeout):
        lock.acquire()
        _release(lock)


def _release(lock: filelock.BaseFileLock) -> None:
    """Release a held lock and remove its file: who waits for it sees that it is gone, and makes a new one."""
    with contextlib.suppress(OSError):
        os.unlink(lock.lock_file)
    lock.release()


def make_folder(folder: Path) -> None:
    """Create a folder of the cache, for its owner only.

    raises   StoreError: it cannot be created
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be created ({error.strerror}); set REPTHEORY_CACHE to another"
        ) from None
