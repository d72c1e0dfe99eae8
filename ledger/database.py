"""Where the ledger is stored: one address for both engines, and how their connections are set up.

`sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…` (driver: psycopg 3).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

CACHE_KIBIBYTES = 256 * 1024
"""Pages that one SQLite connection keeps at most: lineage stays flat while what it walks fits in here."""

BUSY_SECONDS = 30
"""How long a SQLite connection waits for another process that writes, before it gives up."""

ERRORS: tuple[type[Exception], ...] = (sqlite3.Error, psycopg.Error)
"""What the drivers raise."""


KNOWN = "the database is sqlite:///path/to/file or postgresql://user@host/name"

TEXT_ERRORS: tuple[type[Exception], ...] = (UnicodeEncodeError, psycopg.DataError)
"""What they raise for texts that cannot be stored: half a character (a lone surrogate), on PostgreSQL NUL."""


class UnknownDatabase(ValueError):
    """The address names no engine that is known here."""


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None for PostgreSQL. Raises UnknownDatabase."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UnknownDatabase(f"{KNOWN}, not {url.partition(':')[0]!r}") from error
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
        return Path(parsed.database)
    if parsed.drivername == "postgresql":
        return None
    raise UnknownDatabase(f"{KNOWN}, not {parsed.drivername}")


def connect_sqlite(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """A connection that begins and commits only when told to; without `create` the file must exist."""
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_SECONDS,
    )
    connection.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not wait for each other
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk before it is answered
    connection.execute("PRAGMA foreign_keys = OFF")  # there are none: the rules are accept()'s
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
    return connection


def connect_postgresql(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection that begins and commits only when told to."""
    connection = psycopg.connect(url, autocommit=True)
    # A plan that is made while the tables are empty reads whole tables, and would be kept: load_many
    # took thirty times as long at 60,000 entries. Planning anew costs 0.1 ms a statement.
    connection.execute("SET plan_cache_mode = force_custom_plan")
    return connection


def engine(url: str, pool_size: int = 10, *, create: bool = False) -> Engine:
    """An SQLAlchemy engine for reads and migrations; `create`: a SQLite file may be made.

    Raises UnknownDatabase. Nothing is connected yet.
    """
    path = sqlite_path(url)
    if path is None:
        with_driver = make_url(url).set(drivername="postgresql+psycopg")
        return create_engine(with_driver, pool_size=pool_size, pool_pre_ping=True)
    made = create_engine(
        "sqlite://",
        creator=lambda: connect_sqlite(path, create=create),
        poolclass=QueuePool,
        pool_size=pool_size,
    )

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        # The driver itself would begin only before the first change, and never before DDL.
        connection.exec_driver_sql("BEGIN")

    return made
