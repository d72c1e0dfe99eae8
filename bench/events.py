"""The other peer: `eventsourcing` (PyPI), one event a commit, not signed, no rules."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class Package(Aggregate):
    """Something that is moved."""

    @event("Moved")
    def move(self, position: str) -> None:
        self.position = position


class Shop(Application[UUID]):
    """Keeps packages."""


def rate(path: Path, count: int) -> float:
    """Events a second into a fresh SQLite file."""
    # It sets WAL itself, and leaves `synchronous` at SQLite's default, FULL: as we do.
    shop = Shop(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})
    package = Package()
    shop.save(package)
    begun = time.perf_counter()
    for number in range(count):
        package.move(f"C/{number}")
        shop.save(package)
    took = time.perf_counter() - begun
    shop.close()
    return count / took
