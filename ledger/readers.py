"""Connections for reading: a bounded pool, each use of one a snapshot of the ledger."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ledger.database import ERRORS
from ledger.store import Store


class Readers:
    """At most `size` connections, opened when they are needed; safe to share between threads."""

    def __init__(self, url: str, size: int = 10) -> None:
        self._url = url
        self._idle: queue.LifoQueue[Store | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    @contextmanager
    def read(self, seconds: float | None = None) -> Iterator[Store]:
        """A store in a snapshot. Raises queue.Empty when none is free in time, and what drivers raise.

        A connection on which a driver failed is closed, and opened anew for the next reader; one that
        did not outlive its idleness (the server was restarted) at once.
        """
        store = self._idle.get(timeout=seconds)
        try:
            store = self._begun(store)
            try:
                yield store
            finally:
                store.rollback()
        except ERRORS:
            if store is not None:
                store.close()
            store = None
            raise
        finally:
            self._idle.put(store)

    def _begun(self, idle: Store | None) -> Store:
        if idle is not None:
            try:
                idle.begin_reading()
            except ERRORS:
                idle.close()
            else:
                return idle
        store = Store.open(self._url)
        store.begin_reading()
        return store

    def close(self) -> None:
        """Close what is idle; who reads afterwards opens anew."""
        idle = []
        with suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())
        for store in idle:
            if store is not None:
                store.close()
            self._idle.put(None)
