"""The temporary database of a replay: the same tables by the same store, on a SQLite file that may be lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ledger.audit.source import CACHE_KIBIBYTES
from ledger.drivers import Driver, Values, connect
from ledger.rows import STATE
from ledger.state import ENTITY, State
from ledger.store import Store
from ledger.tables import MORE_INDEXES, table

SETTINGS = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIBIBYTES}")
"""Nothing here needs to survive, and memory is to stay flat however long the ledger is."""

REMEMBERED_MAX = 30_000
"""Answers of the database that are kept in memory."""


@cache
def _schema() -> tuple[str, ...]:
    """The tables of the state, with the indexes that rules need; those of queries would only cost time."""
    dialect = sqlite.dialect()
    tables = [table(row) for row in STATE]
    unused = {f"{name}_{way}" for name, ways in MORE_INDEXES.items() for way in ways}
    indexes = [index for of in tables for index in of.indexes if index.name not in unused]
    made = [CreateTable(of) for of in tables] + [CreateIndex(index) for index in indexes]
    return tuple([str(statement.compile(dialect=dialect)) for statement in made])


class Scratch:
    """Rows of the state, and the sealed values that entries asked openings for."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.store = Store(driver)
        driver.run('CREATE TABLE "sealed" ("hash" BLOB PRIMARY KEY, "entry" INTEGER NOT NULL) WITHOUT ROWID')
        self._sealed: list[tuple[bytes, int]] = []
        self._loaded: dict[Any, list[Any]] = {}

    @classmethod
    @contextmanager
    def open(cls, workdir: str | Path | None = None) -> Iterator[Scratch]:
        """An empty one in a folder of its own under `workdir`, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="ketenboek-", dir=workdir) as folder:
            file = Path(folder, "replay.db")
            file.touch()
            driver = connect(f"sqlite:///{file}")
            try:
                for setting in SETTINGS:
                    driver.run(f"PRAGMA {setting}")
                for statement in _schema():
                    driver.run(statement)
                yield cls(driver)
            finally:
                driver.close()

    def all(self, text: str, values: Values = ()) -> list[Any]:
        """The rows, as tuples, that a query finds."""
        return self._driver.all(text, values)

    def state(self) -> State:
        """What is written, ready to be changed; rows that were used lately are remembered."""
        return State(self._load)

    def _load(self, cls: type[Any], index: str, key: Values) -> list[Any]:
        mark = (cls, index, key)
        rows = self._loaded.get(mark)
        if rows is None:
            if len(self._loaded) >= REMEMBERED_MAX:
                self._loaded.clear()
            rows = self._loaded[mark] = self.store.load(cls, index, key)
        return rows

    def _remember(self, state: State) -> None:
        """What was written is what would be read."""
        for (cls, entity), row in state.now.items():
            self._loaded[cls, ENTITY, entity] = [] if row is None else [row]
        for mark in state.by:
            self._loaded.pop(mark, None)

    def seal(self, sealed: bytes, entry: int) -> None:
        """An entry asks for the opening of a sealed value."""
        self._sealed.append((sealed, entry))

    def write(self, state: State) -> None:
        """Write what a state gathered."""
        with self.store.transaction():
            self.store.write(state.born.values(), state.closed, state.cells.values())
            self._remember(state)
            if self._sealed:
                insert = self._driver.insert("sealed", {"hash": bytes, "entry": int}, "ON CONFLICT DO NOTHING")
                self._driver.many(insert, self._sealed)
        self._sealed = []
