"""What lies on the disk: of each table with its indexes, as the engine counts it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg

from ledger.database import sqlite_path
from ledger.query import tuples
from ledger.store import Store


def measure(url: str) -> dict[str, float]:
    """`log`: bytes of entries, hashes and checkpoints for each canonical byte; bytes of each `version` and `flow`."""
    store = Store.open(url)
    counts = {name: tuples(store, f'SELECT COUNT(*) FROM "{name}"')[0][0] for name in ("version", "flow")}
    [[canonical]] = tuples(store, 'SELECT SUM(LENGTH("bytes")) FROM "entry"')
    store.close()
    sizes = _sqlite(url) if sqlite_path(url) else _postgresql(url)
    if not sizes:
        return {}
    return {
        "log": (sizes["entry"] + sizes["subtree"] + sizes["checkpoint"]) / float(canonical),
        "version": (sizes["version"] + sizes["unit"]) / counts["version"],
        "flow": sizes["flow"] / counts["flow"],
    }


def _sqlite(url: str) -> dict[str, int]:
    """Bytes of each table; none where SQLite was built without `dbstat`."""
    path = sqlite_path(url)
    assert path is not None
    text = "SELECT tbl_name, SUM(pgsize) FROM sqlite_master JOIN dbstat USING (name) GROUP BY tbl_name"
    with closing(sqlite3.connect(path)) as connection:
        try:
            return dict(connection.execute(text))
        except sqlite3.OperationalError:
            return {}


def _postgresql(url: str) -> dict[str, int]:
    text = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables WHERE schemaname = %s"
    with psycopg.connect(url) as connection:
        return dict(connection.execute(text, ("public",)).fetchall())
