"""Recent: the tables a process used last, bounded in bytes; tables are immutable, so sharing them is safe."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reptheory.tables.kinds import TableKey
    from reptheory.tables.table import Table

__all__ = ["Recent"]


class Recent:
    """A least-recently-used cache of tables of at most `capacity` bytes together; safe between threads."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._tables: OrderedDict[TableKey, Table] = OrderedDict()
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def get(self, key: TableKey) -> Table | None:
        """Return the table, if it is kept."""
        with self._lock:
            table = self._tables.get(key)
            if table is not None:
                self._tables.move_to_end(key)
            return table

    def put(self, table: Table) -> None:
        """Keep a table, and let the oldest go; one larger than the capacity is not kept."""
        with self._lock:
            self._tables[table.key] = table
            self._tables.move_to_end(table.key)
            while self._tables and sum(kept.nbytes for kept in self._tables.values()) > self._capacity:
                self._tables.popitem(last=False)

    def clear(self) -> None:
        """Forget every table."""
        with self._lock:
            self._tables.clear()

    def _renew(self) -> None:
        """Start a forked child with a free lock: another thread of the parent may have held it."""
        self._lock = threading.Lock()
