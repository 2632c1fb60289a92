"""Streaming: tables that do not fit in memory, built piece by piece straight into a file.

The bytes are those of a build in memory. A piece is proven, appended to the columns on disk and forgotten;
what is held is one piece for each worker, and a few more that wait for their turn.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reptheory.build.estimate import estimate, require_disk, require_memory
from reptheory.build.parallel import executor_for, pieces_in_order, require_executor
from reptheory.build.resume import KeptPieces
from reptheory.build.size import available_memory
from reptheory.errors import StoreError, TooLarge
from reptheory.tables.files import replace_file, require_writable, shown
from reptheory.tables.format import GENERATOR_VERSION
from reptheory.tables.kinds import kind_of
from reptheory.tables.spool import Spool
from reptheory.tables.store import locked

if TYPE_CHECKING:
    import os
    from concurrent.futures import Executor

    from reptheory.build.estimate import Estimate
    from reptheory.build.rows import Progress
    from reptheory.tables.format import Header
    from reptheory.tables.kinds import TableKey

__all__ = ["fits_in_memory", "stream_key"]

_COPIES: Final = 2
"""The columns and the file that they are put together in."""


def fits_in_memory(key: TableKey) -> bool:
    """Say whether the table that `key` names can be built in the memory that is free."""
    try:
        return estimate(key).memory() <= available_memory()
    except TooLarge:
        return False


def stream_key(
    key: TableKey,
    path: str | os.PathLike[str],
    progress: Progress | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
) -> tuple[Path, Header]:
    """Build a table and write it to a file without ever holding it in memory.

    An interrupted build goes on from its proven pieces, as `build.library.write_key`, whose bytes it writes.
    returns  the path written, and the header of its table
    raises   before the work: StoreError: the file cannot be written, or the disk has no room for it;
             TooLarge: a piece of it does not fit in memory, or the file exceeds 1 TiB
    """
    require_executor(executor, workers)
    require_writable(path)
    guess = estimate(key, streamed=True)
    require_disk(key, path, _COPIES)
    kept = KeptPieces(key, guess.pieces > 1)
    try:
        with locked(key), Spool(key, Path(path).resolve().parent) as spool:
            with _executor(guess, workers, executor) as chosen:
                for columns in pieces_in_order(key, kept, chosen, progress):
                    spool.append(*columns.arrays)
            header = spool.header(len(kind_of(key.kind).columns), GENERATOR_VERSION)
            written = replace_file(path, lambda stream: spool.write(stream, header))
            kept.forget()
    except OSError as error:  # of the temporary columns; of the file it is a StoreError already
        raise StoreError(
            f"{shown(path)}: cannot be written ({error.strerror or error}); free space or choose another "
            "folder"
        ) from None
    return written, header


def _executor(
    guess: Estimate, workers: int | None, executor: Executor | None
) -> contextlib.AbstractContextManager[Executor | None]:
    """Return the executor that the caller gave, or the one that serves best."""
    if executor is None:
        return executor_for(guess, workers)
    require_memory(guess, 1)
    return contextlib.nullcontext(executor)
