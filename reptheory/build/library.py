"""Library: the table a caller names, from the shipped set, from the cache, or built from exact values.

load_table   shipped -> cache -> built and kept in the cache; the usual way
build_table  always from exact values, nothing read and nothing written
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.build.proof import proven_floats
from reptheory.build.recent import Recent
from reptheory.build.rows import exact_rows
from reptheory.build.size import require_room
from reptheory.errors import StoreError, TableCorrupt, TableMismatch, TooLarge
from reptheory.tables.format import GENERATOR_VERSION
from reptheory.tables.kinds import kind_of, table_key
from reptheory.tables.store import locked, read_cached, read_shipped, store
from reptheory.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from reptheory.build.rows import Progress
    from reptheory.tables.kinds import TableKey

__all__ = ["build_key", "build_table", "limbs", "load_key", "load_table"]

_RECENT: Final = Recent(256 << 20)


def build_table(
    kind: str,
    lmax: int | None = None,
    *,
    basis: str | None = None,
    lmax_out: int | None = None,
    band_limit: int | None = None,
    formula: str | None = None,
    progress: Progress | None = None,
) -> Table:
    """Build a table from exact values; every float in it is proven the nearest to its exact value.

    kind, lmax, basis, lmax_out, band_limit, formula   as `reptheory.tables.kinds.table_key`
    progress   called as progress(done, total)
    returns    the table; the same arguments give the same bytes on every machine
    raises     LabelError: no such table; TooLarge: it does not fit in memory

    >>> table = build_table("gaunt", 1)
    >>> len(table), table.lookup(1, 1, 0, 0, 0, 0).float64
    (21, 0.28209479177387814)
    """
    key = table_key(kind, lmax, basis=basis, lmax_out=lmax_out, band_limit=band_limit, formula=formula)
    return build_key(key, progress)


def load_table(
    kind: str,
    lmax: int | None = None,
    *,
    basis: str | None = None,
    lmax_out: int | None = None,
    band_limit: int | None = None,
    formula: str | None = None,
    progress: Progress | None = None,
) -> Table:
    """Return a table: shipped with the package, else from the user's cache, else built and kept there.

    Arguments and errors are those of `build_table`. A damaged file is replaced, with a RuntimeWarning; a
    cache that cannot be used costs the time to build, nothing else. Tables are immutable and may be shared.
    """
    key = table_key(kind, lmax, basis=basis, lmax_out=lmax_out, band_limit=band_limit, formula=formula)
    return load_key(key, progress)


def load_key(key: TableKey, progress: Progress | None = None) -> Table:
    """Return the table that `key` names; see `load_table`."""
    table = _RECENT.get(key)
    if table is None:
        table = _found(read_shipped, key) or _found(read_cached, key) or _made(key, progress)
        _RECENT.put(table)
    return table


def _found(read: Callable[[TableKey], Table | None], key: TableKey) -> Table | None:
    """Read a table from one place; None, with a warning where that is news, when it has no sound one."""
    try:
        return read(key)
    except (TableCorrupt, TableMismatch) as error:
        warnings.warn(f"{error} (building it afresh)", RuntimeWarning, stacklevel=4)
    except StoreError:
        pass  # unreadable is as good as absent
    return None


def _made(key: TableKey, progress: Progress | None) -> Table:
    """Build a table and keep it; whoever waited for the lock takes what its holder built."""
    with locked(key):
        with contextlib.suppress(TableCorrupt, TableMismatch, StoreError):
            table = read_cached(key)
            if table is not None:
                return table
        table = build_key(key, progress)
        with contextlib.suppress(StoreError, TooLarge):
            store(table)
    return table


def build_key(key: TableKey, progress: Progress | None = None) -> Table:
    """Build the table that `key` names; see `build_table`."""
    require_room(key)
    try:
        return _build(key, progress)
    except MemoryError:
        raise TooLarge(f"lmax: {key} ran out of memory while it was built; choose a smaller lmax") from None


def _build(key: TableKey, progress: Progress | None) -> Table:
    """Compute, round, prove and pack."""
    rows = exact_rows(key, progress)
    columns = len(kind_of(key.kind).index_names)
    index, i_power = rows.joined(columns)
    exact = (rows.numerators, rows.denominators, kind_of(key.kind).pi_power)
    return Table(
        key=key,
        index=index,
        float64=proven_floats(*exact, "float64"),
        float32=proven_floats(*exact, "float32"),
        sign=np.array([1 if value > 0 else -1 for value in rows.numerators], dtype=np.int8),
        numerator=limbs([abs(value) for value in rows.numerators]),
        denominator=limbs(rows.denominators),
        i_power=i_power if i_power.any() else None,
        generator=GENERATOR_VERSION,
    )


def limbs(values: Sequence[int]) -> NDArray[np.uint64]:
    """Pack integers >= 0 into rows of 64-bit limbs, least significant first; as few limbs as all need."""
    count = max(1, -(-max((value.bit_length() for value in values), default=0) // 64))
    packed = b"".join(value.to_bytes(8 * count, "little") for value in values)
    return np.frombuffer(packed, dtype="<u8").astype(np.uint64).reshape(-1, count)
