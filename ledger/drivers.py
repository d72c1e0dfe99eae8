"""The two engines by their raw drivers: one connection that begins and commits when told, and SQL in bulk.

The writer's few statements go past SQLAlchemy, which would cost a third of its time. Texts are
written with `?` and made once; what differs between the engines is here and nowhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg

from ledger.database import connect_postgresql, connect_sqlite, sqlite_path

if sys.platform != "win32":
    import fcntl

Values = tuple[Any, ...]

ARRAYS = {int: "bigint[]", str: "text[]", bytes: "bytea[]", bool: "boolean[]"}


def quoted(names: Iterable[str]) -> str:
    """Names of columns as SQL."""
    return ", ".join(f'"{name}"' for name in names)


class Driver(Protocol):
    """One connection. `columns` are names with the Python types of their values, in order."""

    remote: bool
    """Whether each query is a round trip; elsewhere it is a function call."""

    def begin(self) -> None:
        """Begin a transaction that writes: it waits for other writers here, and for none later."""

    def begin_reading(self) -> None:
        """Begin a transaction that sees one state of the database, whatever is committed meanwhile."""

    def commit(self) -> None:
        """Make durable what the transaction wrote."""

    def rollback(self) -> None:
        """Forget what the transaction wrote; nothing where there is none."""

    def close(self) -> None:
        """Close the connection; what was not committed is forgotten."""

    def all(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows that a query finds, as tuples."""

    def run(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; the number of rows that it changed."""

    def insert(self, table: str, columns: dict[str, type], conflict: str = "") -> str:
        """The text of an insert, for `many`."""

    def update(self, table: str, columns: dict[str, type], where: str) -> str:
        """The text that sets the first column by all others, for `many`; `where` is asked besides."""

    def many(self, text: str, rows: Sequence[Values]) -> int:
        """Run a text of `insert` or `update` over many rows; the number of rows that it changed."""

    def among(self, select: str, columns: dict[str, type], also: str, keys: Sequence[Values]) -> list[Any]:
        """The rows whose columns are one of the keys, and for which `also` holds."""

    def locked(self, select: str) -> str:
        """The text of a query whose rows nobody else may change before the transaction ends."""

    def mutable(self, tables: Sequence[str]) -> AbstractContextManager[None]:
        """A context in which the triggers of some tables are off, within the transaction."""


class Sqlite:
    """A SQLite file; several processes that write to it take turns on a lock file beside it."""

    remote = False

    def __init__(self, url: str) -> None:
        path = sqlite_path(url)
        assert path is not None
        self._connection = connect_sqlite(path)
        # SQLite's own waiting sleeps and polls, and starves: a lock that the kernel hands on does not.
        # Only the holder of the lock begins to write, so BEGIN IMMEDIATE waits for nobody of ours.
        self._lock = path.with_name(f"{path.name}.lock").open("ab")

    def begin(self) -> None:
        if sys.platform != "win32":
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._unlock()
            raise

    def begin_reading(self) -> None:
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")
        self._unlock()

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._unlock()

    def close(self) -> None:
        self._connection.close()
        self._lock.close()

    def _unlock(self) -> None:
        if sys.platform != "win32":
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def all(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._connection.execute(text, values).fetchall()

    def run(self, text: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(text, values).rowcount

    def insert(self, table: str, columns: dict[str, type], conflict: str = "") -> str:
        marks = ", ".join("?" * len(columns))
        return f'INSERT INTO "{table}" ({quoted(columns)}) VALUES ({marks}) {conflict}'

    def update(self, table: str, columns: dict[str, type], where: str) -> str:
        changed, *by = [f'"{name}" = ?' for name in columns]
        return f'UPDATE "{table}" SET {changed} WHERE {" AND ".join(by)} AND {where}'

    def many(self, text: str, rows: Sequence[Values]) -> int:
        return self._connection.executemany(text, rows).rowcount

    def among(self, select: str, columns: dict[str, type], also: str, keys: Sequence[Values]) -> list[Any]:
        # A query here is a function call: one for each key is as fast as one for all.
        where = " AND ".join(f'"{name}" = ?' for name in columns)
        text = f"{select} WHERE {where} AND {also}"
        execute = self._connection.execute
        return [row for key in dict.fromkeys(keys) for row in execute(text, key)]

    def locked(self, select: str) -> str:
        return select  # the transaction has locked the whole file

    @contextmanager
    def mutable(self, tables: Sequence[str]) -> Iterator[None]:
        kept = self.all("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
        off = [(name, sql) for table, name, sql in kept if table in tables]
        for name, _ in off:
            self.run(f'DROP TRIGGER "{name}"')
        yield
        for _, sql in off:
            self.run(sql)


class Postgresql:
    """A PostgreSQL server; writers take turns on the row of the head."""

    remote = True

    def __init__(self, url: str) -> None:
        self._connection = connect_postgresql(url)

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def begin_reading(self) -> None:
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if not self._connection.closed:
            self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def _execute(self, text: str, values: Sequence[Any]) -> psycopg.Cursor[Values]:
        return self._connection.execute(text.replace("?", "%s"), values)

    def all(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._execute(text, values).fetchall()

    def run(self, text: str, values: Sequence[Any] = ()) -> int:
        return self._execute(text, values).rowcount

    def _arrays(self, columns: dict[str, type]) -> str:
        # %b: sent in binary form; as text a bytea is twice as long and takes twice as long.
        return ", ".join(f"%b::{ARRAYS[kind]}" for kind in columns.values())

    def insert(self, table: str, columns: dict[str, type], conflict: str = "") -> str:
        rows = f"SELECT * FROM unnest({self._arrays(columns)})"
        return f'INSERT INTO "{table}" ({quoted(columns)}) {rows} {conflict}'

    def update(self, table: str, columns: dict[str, type], where: str) -> str:
        changed, *others = columns
        by = " AND ".join(f'"{table}"."{name}" = new."{name}"' for name in others)
        rows = f"unnest({self._arrays(columns)}) AS new ({quoted(columns)})"
        return f'UPDATE "{table}" SET "{changed}" = new."{changed}" FROM {rows} WHERE {by} AND {where}'

    def many(self, text: str, rows: Sequence[Values]) -> int:
        arrays = [list(column) for column in zip(*rows, strict=True)]
        return self._execute(text, arrays).rowcount

    def among(self, select: str, columns: dict[str, type], also: str, keys: Sequence[Values]) -> list[Any]:
        if not keys:
            return []
        # One round trip for all keys.
        where = f"({quoted(columns)}) IN (SELECT * FROM unnest({self._arrays(columns)}))"
        if len(columns) == 1:
            where = f"{quoted(columns)} = ANY({self._arrays(columns)})"
        arrays = [list(column) for column in zip(*keys, strict=True)]
        return self.all(f"{select} WHERE {where} AND {also}", arrays)

    def locked(self, select: str) -> str:
        return f"{select} FOR UPDATE"

    @contextmanager
    def mutable(self, tables: Sequence[str]) -> Iterator[None]:
        for table in tables:
            self.run(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        yield
        for table in tables:
            self.run(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


def connect(url: str) -> Driver:
    """A connection to a database that exists. Raises UnknownDatabase, and what the drivers raise."""
    return Postgresql(url) if sqlite_path(url) is None else Sqlite(url)
