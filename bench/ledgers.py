"""Simulated ledgers of given sizes, and their copies on the other engine."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg

import migrations
from bench.engines import Engine
from bench.servers import COMMAND, Failed
from bench.trade import Trade
from ledger.database import sqlite_path
from ledger.keys import SigningKey
from ledger.store import CHUNK
from ledger.tables import METADATA

SIGNED = {1: 40_000, 100: 160_000}
"""Acts by the size of submissions: so many that the start of an audit's processes does not count."""


def simulated(folder: Path, sizes: Sequence[int]) -> list[str]:
    """Ledgers on SQLite by the command `simulate`, the last one beside all others, as there are two cores."""
    *small, large = dict.fromkeys(sizes)
    beside = _begun(folder, large)
    for size in small:
        _ended(_begun(folder, size))
    _ended(beside)
    return [_url(folder, size) for size in sizes]


def signed(folder: Path, most: int) -> list[str]:
    """Ledgers on SQLite of single-action submissions and of hundreds, of at most so many acts."""
    urls = []
    for size, acts in SIGNED.items():
        urls.append(f"sqlite:///{folder}/signed{size}.db")
        migrations.upgrade(urls[-1])
        Trade.done(urls[-1], min(acts, most), size)
    return urls


def _url(folder: Path, size: int) -> str:
    return f"sqlite:///{folder}/{size}.db"


def _begun(folder: Path, size: int) -> subprocess.Popen[bytes]:
    url = _url(folder, size)
    migrations.upgrade(url)
    arguments = ["simulate", "--seed", "1", "--entries", str(size), "--database", url, "--out", f"{folder}/{size}"]
    return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.DEVNULL)


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise Failed("`ketenboek simulate` failed")


def gateway_key(folder: Path, size: int) -> SigningKey:
    """The checkpoint key of a simulated ledger."""
    return SigningKey.from_jwk((folder / str(size) / "keys" / "gateway.jwk").read_text(encoding="utf-8"))


def copied(url: str, engine: Engine) -> str:
    """A ledger on SQLite, row by row on PostgreSQL."""
    target = engine.database("copy")
    migrations.upgrade(target)
    path = sqlite_path(url)
    assert path is not None
    with closing(sqlite3.connect(path)) as source, psycopg.connect(target) as connection:
        for table in METADATA.sorted_tables:
            kinds = [column.type.python_type for column in table.columns]
            flags = [place for place, kind in enumerate(kinds) if kind is bool]
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            found = source.execute(f'SELECT {names} FROM "{table.name}"')
            with connection.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                while chunk := found.fetchmany(CHUNK):
                    for row in chunk:
                        copy.write_row([bool(v) if at in flags else v for at, v in enumerate(row)] if flags else row)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    return target
