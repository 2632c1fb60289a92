"""Parallel: the pieces of a table over any executor, and the same bytes whichever it is.

An executor gets `proven_bytes` with one piece at a time and may run it anywhere; what comes back is checked
against its own hashes before it is used. A piece whose worker is lost (a broken pool, a Dask worker that was
killed) is built again, here if nowhere else, so nothing but time depends on any worker.
"""

from __future__ import annotations

import contextlib
import warnings
from collections import deque
from concurrent.futures import BrokenExecutor, CancelledError, as_completed
from typing import TYPE_CHECKING, Final

from reptheory.build.estimate import WORTH_PROCESSES, require_memory
from reptheory.build.pieces import cut, decode, encode, join, prove, proven_bytes
from reptheory.build.proof import ProofError
from reptheory.build.workers import WorkerProcesses, can_start
from reptheory.errors import OperandError, ReptheoryError, TableCorrupt, TableMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor, Future

    from reptheory.build.estimate import Estimate
    from reptheory.build.pieces import Columns, Piece
    from reptheory.build.resume import KeptPieces
    from reptheory.build.rows import Progress
    from reptheory.tables.kinds import TableKey
    from reptheory.tables.table import Table

__all__ = ["build_pieces", "executor_for", "pieces_in_order", "require_executor"]

_AHEAD: Final = 16
"""Pieces under way or waiting for their turn where they are wanted in order: at ten megabytes each."""


class _Tally:
    """Progress in rows over all pieces: those done, and the one being built here."""

    def __init__(self, pieces: Sequence[Piece], progress: Progress | None) -> None:
        self._total = sum(piece.rows for piece in pieces)
        self._done = 0
        self._progress = progress

    def add(self, piece: Piece) -> None:
        """Count a piece as done."""
        self._done += piece.rows
        if self._progress is not None:
            self._progress(self._done, self._total)

    def within(self, piece: Piece) -> Progress | None:
        """Return the progress to call while a piece is built here, in blocks."""
        if self._progress is None:
            return None
        report = self._progress
        return lambda done, total: report(self._done + piece.rows * done // total, self._total)


def build_pieces(
    key: TableKey, kept: KeptPieces, executor: Executor | None, progress: Progress | None = None
) -> Table:
    """Build every piece that is not kept, and join them all.

    kept       where proven pieces are looked for and put
    executor   any `concurrent.futures.Executor`; None builds in this process, one piece after another
    progress   called as progress(rows done, rows in all), both upper bounds; in blocks for a single piece
    """
    pieces = cut(key)
    if len(pieces) == 1:
        return join(key, [prove(pieces[0], progress)])
    tally, found = _Tally(pieces, progress), {}
    for piece in pieces:
        columns = kept.read(piece)
        if columns is not None:
            found[piece.number] = columns
            tally.add(piece)
    missing = [piece for piece in pieces if piece.number not in found]
    if executor is not None and missing:
        found |= _gather(missing, executor, kept, tally)
    for piece in missing:
        if piece.number not in found:
            found[piece.number] = _here(piece, kept, tally)
    return join(key, [found.pop(piece.number) for piece in pieces])


def pieces_in_order(
    key: TableKey, kept: KeptPieces, executor: Executor | None, progress: Progress | None = None
) -> Iterator[Columns]:
    """Yield every piece in order, as `build_pieces` makes them, with a few under way and none held longer."""
    pieces = cut(key)
    tally, waiting = _Tally(pieces, progress), deque[tuple["Piece", "Future[bytes] | None"]]()
    try:
        for piece in pieces:
            waiting.append((piece, _started(piece, kept, executor)))
            if len(waiting) > (_AHEAD if executor is not None else 0):
                yield _arrived(*waiting.popleft(), kept, tally)
        while waiting:
            yield _arrived(*waiting.popleft(), kept, tally)
    finally:
        for _, future in waiting:
            if future is not None:
                future.cancel()


def _started(piece: Piece, kept: KeptPieces, executor: Executor | None) -> Future[bytes] | None:
    """Send a piece to the executor, unless it is kept, or the executor is broken."""
    if executor is None or kept.has(piece):
        return None
    with contextlib.suppress(BrokenExecutor):
        return executor.submit(proven_bytes, piece)
    return None


def _arrived(piece: Piece, future: Future[bytes] | None, kept: KeptPieces, tally: _Tally) -> Columns:
    """Wait for one piece; build it here where nothing else did."""
    if future is not None:
        try:
            columns = _received(piece, future, kept)
        except _Lost as error:
            message = f"executor: lost {piece} ({error}); building it here"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        else:
            tally.add(piece)
            return columns
    return _here(piece, kept, tally)


def _here(piece: Piece, kept: KeptPieces, tally: _Tally) -> Columns:
    """Build a piece in this process, unless another one that builds the same table has done so meanwhile."""
    columns = kept.read(piece)
    if columns is None:
        columns = prove(piece, tally.within(piece))
        if kept.useful:
            kept.keep(piece, encode(piece, columns))
    tally.add(piece)
    return columns


def _gather(
    pieces: Sequence[Piece], executor: Executor, kept: KeptPieces, tally: _Tally
) -> dict[int, Columns]:
    """Build pieces on an executor; return those that arrived, by number, and warn when some did not."""
    found: dict[int, Columns] = {}
    futures: dict[Future[bytes], Piece] = {}
    lost: Exception | None = None
    try:
        try:
            for piece in pieces:
                futures[executor.submit(proven_bytes, piece)] = piece
        except BrokenExecutor as error:
            lost = error
        for future in as_completed(list(futures)):
            piece = futures.pop(future)  # and with it the bytes
            try:
                found[piece.number] = _received(piece, future, kept)
                tally.add(piece)
            except _Lost as error:
                lost = error
    finally:
        for future in futures:
            future.cancel()
    if lost is not None:
        count = f"{len(pieces) - len(found)} of {len(pieces)}"
        message = f"executor: lost {count} pieces ({lost}); building them here"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    return found


class _Lost(Exception):
    """A piece did not come back, through no fault of its own."""


def _received(piece: Piece, future: Future[bytes], kept: KeptPieces) -> Columns:
    """Check what a worker sent and keep it.

    raises   _Lost: nothing sound arrived; what `proven_bytes` itself raises when it cannot build the piece
    """
    try:
        data = future.result()
    except (ReptheoryError, ProofError, MemoryError):
        raise
    except (Exception, CancelledError) as error:  # executors raise whatever they like for a lost worker
        raise _Lost(f"{type(error).__name__}: {error}") from error
    try:
        columns = decode(piece, data)
    except (TableCorrupt, TableMismatch) as error:
        raise _Lost(str(error)) from error
    kept.keep(piece, data)
    return columns


@contextlib.contextmanager
def executor_for(guess: Estimate, wanted: int | None) -> Iterator[Executor | None]:
    """Yield the executor that serves a build best: worker processes, or None for this process alone.

    wanted    processes asked for; None: as many as there are processors, or this one alone for small work
    raises    TooLarge: not even one fits into memory
    """
    asked = 1 if wanted is None and guess.seconds < WORTH_PROCESSES else wanted or _processors()
    count = require_memory(guess, asked)
    if count < 2 or not can_start():
        yield None
        return
    pool = WorkerProcesses(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _processors() -> int:
    """Return how many processors this process may run on."""
    from reptheory.kernels.pool import available_threads  # noqa: PLC0415 (loads Numba)

    return available_threads()


def require_executor(executor: object, workers: int | None = None) -> None:
    """Raise OperandError for what has no method `submit`, and for a number of workers that is none."""
    if workers is not None and (type(workers) is not int or workers < 1):
        raise OperandError(f"workers: got {workers!r}; pass a whole number of processes from 1, or None")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise OperandError(
            f"executor: got {type(executor).__name__}; pass a concurrent.futures.Executor, or None"
        )
