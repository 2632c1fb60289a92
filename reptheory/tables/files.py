"""Files: opening without surprises and replacing without a moment in which the file is half written.

A write goes to a fresh temporary beside its target, is flushed to the disk, and takes the target's name in
one `rename`; whoever dies in between leaves the old file. On Linux the temporary has no name until it is
whole, so next to nothing else is left; elsewhere `sweep` removes it later.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reptheory.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader
    from typing import BinaryIO

__all__ = ["is_temporary", "open_regular", "replace_file", "require_writable", "shown", "sweep"]

_PREFIX: Final = ".reptheory-"
_SUFFIX: Final = ".tmp"
_STALE_SECONDS: Final = 3600.0
_OWN_FILES: Final = "/proc/self/fd"


@contextlib.contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[tuple[BufferedReader, int]]:
    """Open a regular file for reading and yield the stream with the file's size in bytes.

    A FIFO or a device at the path is refused without waiting for its other end.
    raises   StoreError: missing, unreadable, or not a regular file
    """
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise StoreError(f"{shown(path)}: cannot be opened ({_reason(error)}); check the path") from None
    try:
        status = os.fstat(descriptor)
        _require_regular(status.st_mode, path)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            yield stream, status.st_size
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{shown(path)}: cannot be read ({_reason(error)}); try again") from None
    finally:
        os.close(descriptor)


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise StoreError, before the work, where a file could not be written after it."""
    try:
        target = os.path.realpath(path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            _require_regular(os.stat(target).st_mode, path)
    except StoreError:
        raise
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{shown(path)}: cannot be written ({_reason(error)}); choose another name"
        ) from None
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise StoreError(f"{shown(path)}: there is no folder {shown(folder)}; make it first")
    if not os.access(folder, os.W_OK):
        raise StoreError(f"{shown(path)}: the folder cannot be written to; choose another one")


def replace_file(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> Path:
    """Write a file so that its path holds either the old contents or all of the new, whatever happens.

    write     called once with a fresh binary stream
    returns   the path written; a symbolic link is followed, as by `open`
    raises    StoreError: no space, no permission, a directory or FIFO in the way; nothing has changed then
    """
    try:
        target = Path(os.path.realpath(path))
        with contextlib.suppress(FileNotFoundError):
            _require_regular(os.stat(target).st_mode, path)
        temporary = target.with_name(f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}")
        try:
            _write_new(target, temporary, write)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_directory(target.parent)
    except StoreError:
        raise
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{shown(path)}: cannot be written ({_reason(error)}); free space or choose another folder"
        ) from None
    return target


def _write_new(target: Path, temporary: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write and flush a new file, which takes its place when it is whole."""
    descriptor = _nameless(target.parent)
    with open(temporary, "xb") if descriptor is None else os.fdopen(descriptor, "wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())
        if descriptor is not None:
            try:
                _name(descriptor, target)
            except FileExistsError:  # a link replaces nothing, a rename does
                _name(descriptor, temporary)
            else:
                return
    os.replace(temporary, target)


def _name(descriptor: int, path: Path) -> None:
    """Give a file without a name one; FileExistsError where the name is taken."""
    # Python follows the link in /proc only when it is given a descriptor, which an absolute path ignores.
    os.link(f"{_OWN_FILES}/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)


def _nameless(folder: Path) -> int | None:
    """Open a new file without a name, which vanishes with its writer; None where none can be had."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir(_OWN_FILES):
        with contextlib.suppress(OSError):
            return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    return None


def _require_regular(mode: int, path: str | os.PathLike[str]) -> None:
    """Raise StoreError when `mode` is not that of a regular file."""
    if stat.S_ISDIR(mode):
        raise StoreError(f"{shown(path)}: is a folder, not a regular file; give the path of a table file")
    if not stat.S_ISREG(mode):
        raise StoreError(f"{shown(path)}: not a regular file; give the path of a table file")


def is_temporary(name: str) -> bool:
    """Say whether a file of this name is a temporary of `replace_file`."""
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def sweep(folder: Path) -> None:
    """Remove temporaries that a killed writer left in `folder` more than an hour ago; ignore what resists."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if is_temporary(entry.name):
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE_SECONDS:
                        os.unlink(entry.path)


def _sync_directory(folder: Path) -> None:
    """Make a rename durable; not every system can flush a directory, and then the rename is only atomic."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: OSError | ValueError) -> str:
    """Say in a few words what went wrong."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def shown(path: str | os.PathLike[str]) -> str:
    """Write a path on one line, whatever it contains."""
    text = os.fspath(path)
    return text if text.isprintable() else repr(text)
