"""Library: the table a caller names, from the shipped set, from the cache, or built from exact values.

load_table   shipped -> cache -> built and kept in the cache; the usual way. What is built faster than it is
             read (`estimate.reading_pays`) is built
build_table  always from exact values, nothing read and nothing written

Large tables are built in pieces (`pieces.cut`), over worker processes or an executor of the caller's; those
of an interrupted `load_table` or `reptheory build` are kept and used by the next.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Final, Unpack

from reptheory.build.estimate import estimate, reading_pays, require_disk, require_memory
from reptheory.build.naming import TableOptions, named_key
from reptheory.build.parallel import build_pieces, executor_for, require_executor
from reptheory.build.recent import Recent
from reptheory.build.resume import KeptPieces
from reptheory.errors import StoreError, TableCorrupt, TableMismatch, TableOutdated, TooLarge
from reptheory.tables.files import require_writable
from reptheory.tables.store import locked, read_cached, read_shipped, store

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from reptheory.build.rows import Progress
    from reptheory.tables.kinds import TableKey
    from reptheory.tables.table import Table

__all__ = ["build_key", "build_table", "load_key", "load_table", "write_key"]

_RECENT: Final = Recent(256 << 20)


def build_table(
    kind: str,
    lmax: int | None = None,
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    **options: Unpack[TableOptions],
) -> Table:
    """Build a table from exact values; every float in it is proven the nearest to its exact value.

    kind, lmax  which table: one of `reptheory.tables.kinds.KINDS`, and its highest degree
    options     basis, lmax_out, band_limit, formula, quaternion, normalization, phase, convention: as
                `reptheory.tables.kinds.table_key`; a convention by its name in `CONVENTIONS`
    progress    called as progress(done, total)
    executor    any `concurrent.futures.Executor` (processes, threads, a Dask client's) that builds the pieces
                of a large table; the bytes do not depend on it
    workers     without an executor: processes to use; 1 builds in this one, None lets the size decide
    returns     the table; the same arguments give the same bytes on every machine
    raises      LabelError: no such table; TooLarge: it does not fit in memory; OperandError: no executor;
                WorkerLost: a worker process died again and again

    >>> table = build_table("gaunt", 1)
    >>> len(table), table.lookup(1, 1, 0, 0, 0, 0).float64
    (21, 0.28209479177387814)
    """
    key = named_key(kind, lmax, **options)
    return build_key(key, progress, executor, workers)


def load_table(
    kind: str,
    lmax: int | None = None,
    *,
    progress: Progress | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    **options: Unpack[TableOptions],
) -> Table:
    """Return a table: shipped with the package, else from the user's cache, else built and kept there.

    Arguments and errors are those of `build_table`. A damaged file is replaced, with a RuntimeWarning; a
    cache that cannot be used costs the time to build, nothing else. A table that is built faster than it is
    read is built, and not kept. Tables are immutable and may be shared.
    """
    key = named_key(kind, lmax, **options)
    return load_key(key, progress, executor, workers)


def load_key(
    key: TableKey,
    progress: Progress | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
) -> Table:
    """Return the table that `key` names; see `load_table`."""
    require_executor(executor, workers)
    table = _RECENT.get(key)
    if table is None:
        if reading_pays(key):
            table = _found(read_shipped, key) or _found(read_cached, key)
            table = table or _made(key, progress, executor, workers)
        else:
            table = build_key(key, progress, executor, workers)
        _RECENT.put(table)
    return table


def _found(read: Callable[[TableKey], Table | None], key: TableKey) -> Table | None:
    """Read a table from one place; None, with a warning where that is news, when it has no sound one."""
    try:
        return read(key)
    except TableOutdated:
        pass  # the package was updated
    except (TableCorrupt, TableMismatch) as error:
        warnings.warn(f"{error} (building it afresh)", RuntimeWarning, stacklevel=4)
    except StoreError:
        pass  # unreadable is as good as absent
    return None


def _made(key: TableKey, progress: Progress | None, executor: Executor | None, workers: int | None) -> Table:
    """Build a table and keep it; whoever waited for the lock takes what its holder built."""
    with locked(key):
        with contextlib.suppress(TableCorrupt, TableMismatch, StoreError):
            table = read_cached(key)
            if table is not None:
                return table
        table = build_key(key, progress, executor, workers, keep=True)
        with contextlib.suppress(StoreError, TooLarge):
            store(table)
            KeptPieces(key).forget()
    return table


def write_key(
    key: TableKey,
    path: str | os.PathLike[str],
    progress: Progress | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
) -> tuple[Path, Table]:
    """Build a table and write it to a file, going on from the proven pieces of an interrupted build.

    returns  the path written, and the table
    raises   before the work: StoreError: the file cannot be written, or the disk has no room for it; and
             what `build_table` raises
    """
    require_writable(path)
    require_disk(key, path)
    with locked(key):
        table = build_key(key, progress, executor, workers, keep=True)
        written = table.save(path)
        KeptPieces(key).forget()
    return written, table


def build_key(
    key: TableKey,
    progress: Progress | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    *,
    keep: bool = False,
) -> Table:
    """Build the table that `key` names, see `build_table`; `keep` its pieces until somebody forgets them."""
    require_executor(executor, workers)
    guess = estimate(key)
    kept = KeptPieces(key, keep and guess.pieces > 1)
    try:
        if executor is not None:
            require_memory(guess, 1)
            return build_pieces(key, kept, executor if guess.pieces > 1 else None, progress)
        with executor_for(guess, workers) as own:
            return build_pieces(key, kept, own, progress)
    except TooLarge:
        raise
    except MemoryError:
        raise TooLarge(f"lmax: {key} ran out of memory while it was built; choose a smaller lmax") from None
