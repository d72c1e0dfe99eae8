"""The stored ledger as an audit reads it: read-only, in one snapshot, and trusting nothing of what it finds.

A table may hold anything: rows that are missing, texts where bytes should be, pages that cannot be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias
from urllib.parse import quote

import psycopg
from sqlalchemy import make_url

from ledger.database import ERRORS, connect_postgresql, sqlite_path

CHUNK = 1024
"""Rows read at once; four full tiles of the tree."""

CACHE_KIBIBYTES = 8 * 1024
"""Pages that SQLite keeps: an audit reads every page once, and its memory is to stay flat."""

Connection: TypeAlias = sqlite3.Connection | psycopg.Connection[tuple[Any, ...]]
StoredEntry: TypeAlias = tuple[int, Any, Any]
"""Index, bytes and hash as they are stored, which may be of any type."""


class Unreadable(OSError):
    """The database, or a table of it, cannot be read."""


class Source:
    """One connection that only reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, database: str | Connection) -> Iterator[Source]:
        """A snapshot of the database at an address; an open connection is read as it stands.

        Raises Unreadable for what is no database.
        """
        if not isinstance(database, str):
            yield cls(database)
            return
        source = cls(_connect(database))
        try:
            yield source
        finally:
            source.close()

    @classmethod
    def connect(cls, url: str) -> Source:
        """A snapshot of the database at an address. Raises Unreadable."""
        return cls(_connect(url))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def all(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows, as tuples, that a query with `?` for its values finds. Raises Unreadable."""
        try:
            if isinstance(self._connection, sqlite3.Connection):
                return self._sqlite(self._connection, text, values)
            # In binary form: bytes as texts are twice as long.
            cursor = self._connection.cursor(binary=True)
            return cursor.execute(text.replace("?", "%s").encode(), values).fetchall()
        except (*ERRORS, ValueError, OverflowError) as error:  # type: ignore[misc]
            raise Unreadable(str(error)) from error

    @staticmethod
    def _sqlite(connection: sqlite3.Connection, text: str, values: Sequence[Any]) -> list[Any]:
        try:
            return connection.execute(text, values).fetchall()
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise
        # Texts that are no UTF-8 are kept apart from all that are, and found different.
        kept = connection.text_factory
        connection.text_factory = lambda data: data.decode(errors="surrogateescape")
        try:
            return connection.execute(text, values).fetchall()
        finally:
            connection.text_factory = kept

    def last(self) -> int:
        """The highest index that is stored, -1 where there is none. Raises Unreadable."""
        [(last,)] = self.all('SELECT max("index") FROM "entry"')
        return -1 if last is None else last

    def next(self, first: int) -> int | None:
        """The lowest index of at least `first` that is stored. Raises Unreadable."""
        [(found,)] = self.all('SELECT min("index") FROM "entry" WHERE "index" >= ?', (first,))
        return found  # type: ignore[no-any-return]

    def window(self, first: int, end: int) -> list[StoredEntry]:
        """What is stored with `first` <= index < `end`, in order. Raises Unreadable."""
        text = 'SELECT "index", "bytes", "hash" FROM "entry" WHERE "index" >= ? AND "index" < ? ORDER BY "index"'
        return self.all(text, (first, end))

    def after(self, first: int, limit: int = CHUNK) -> list[StoredEntry]:
        """The first rows with an index of at least `first`, in order. Raises Unreadable."""
        text = 'SELECT "index", "bytes", "hash" FROM "entry" WHERE "index" >= ? ORDER BY "index" LIMIT ?'
        return self.all(text, (first, limit))

    def hashes(self, first: int, end: int) -> dict[int, Any]:
        """The stored hashes with `first` <= index < `end`. Raises Unreadable."""
        text = 'SELECT "index", "hash" FROM "entry" WHERE "index" >= ? AND "index" < ?'
        return dict(self.all(text, (first, end)))


class Rows:
    """The stored entries from an index on, in order, with a look ahead."""

    def __init__(self, source: Source, first: int = 0) -> None:
        self._source = source
        self._next = first
        self._waiting: list[StoredEntry] = []
        self._at = 0
        self.broken: int | None = None
        """The first index that could not be read; nothing comes after it."""

    def ahead(self, count: int) -> list[StoredEntry]:
        """The next rows without taking them, fewer at the end."""
        while len(self._waiting) - self._at < count and self._fill():
            pass
        return self._waiting[self._at : self._at + count]

    def peek(self) -> StoredEntry | None:
        """The next row without taking it."""
        if self._at == len(self._waiting) and not self._fill():
            return None
        return self._waiting[self._at]

    def __iter__(self) -> Iterator[StoredEntry]:
        """Take one row after another."""
        while (row := self.peek()) is not None:
            self._at += 1
            yield row

    def skip(self, count: int) -> None:
        """Take rows that were seen."""
        self._at += count

    def _fill(self) -> bool:
        if self.broken is not None:
            return False
        try:
            more = self._source.after(self._next)
        except Unreadable:
            more = self._one_by_one()
        del self._waiting[: self._at]
        self._at = 0
        if more:
            self._waiting += more
            self._next = more[-1][0] + 1
        return bool(more)

    def _one_by_one(self) -> list[StoredEntry]:
        """The rows before the first that cannot be read."""
        rows: list[StoredEntry] = []
        at = self._next
        while self.broken is None and len(rows) < CHUNK:
            try:
                found = self._source.after(at, 1)
            except Unreadable:
                self.broken = at
                break
            if not found:
                break
            rows += found
            at = found[0][0] + 1
        return rows


def _connect(url: str) -> Connection:
    path = sqlite_path(url)
    try:
        if path is None:
            server = connect_postgresql(url)
            server.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return server
        file = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
        file.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        file.execute("BEGIN")
    except ERRORS as error:
        raise Unreadable(f"{make_url(url).render_as_string(hide_password=True)}: {error}") from error
    return file
