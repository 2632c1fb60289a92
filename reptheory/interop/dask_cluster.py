"""Dask: the pieces of a table over a cluster, for tables that outgrow a machine (extra `reptheory[dask]`).

A Dask client's executor is a `concurrent.futures.Executor`, so a Python program passes it to `build_table`:

    with distributed.Client(address) as client, client.get_executor() as executor:
        table = reptheory.build_table("gaunt", 20, executor=executor)

The scheduler gives a piece whose worker was lost to another one. Workers need this package, nothing else;
what they send is checked against its hashes, and a piece of another version is built again here.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from reptheory.errors import OperandError, WorkerLost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

__all__ = ["dask_executor"]

_CONNECT_SECONDS: Final = 15


@contextlib.contextmanager
def dask_executor(address: str, workers: int | None = None) -> Iterator[Executor]:
    """Yield the executor of a Dask cluster while a block runs.

    address   of a running scheduler, such as "tcp://host:8786"; "local" starts a cluster of processes here
    workers   processes of a local cluster; None lets Dask choose
    raises    OperandError: Dask is not installed; WorkerLost: no scheduler answers there
    """
    try:
        import distributed  # noqa: PLC0415 (optional, and slow to import)
    except ImportError:
        raise OperandError(
            "scheduler: this needs Dask; run `pip install 'reptheory[dask]'`, or leave it out"
        ) from None
    with contextlib.ExitStack() as stack:
        target: Any = address
        if address == "local":
            target = stack.enter_context(_local_cluster(distributed, workers))
        client = stack.enter_context(_client(distributed, target, address))
        yield stack.enter_context(client.get_executor(pure=False, retries=3))


def _local_cluster(distributed: Any, workers: int | None) -> Any:
    """Start worker processes on this machine, one thread each since pieces hold the GIL."""
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs=logging.ERROR,
    )


def _client(distributed: Any, target: Any, address: str) -> Any:
    """Connect to a scheduler."""
    try:
        return distributed.Client(target, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkerLost(
            f"scheduler: got {address!r}, where no Dask scheduler answers ({error}); check the address"
        ) from None
