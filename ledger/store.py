"""The store: every statement that the writer sends to the database, on either engine.

The texts are made once from the tables. Reads outside a transaction see what is committed; nothing
written is durable, or seen by others, before `commit`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Table

from ledger.drivers import Driver, Values, connect, quoted
from ledger.errors import Fatal
from ledger.rows import STATE, Life, Row
from ledger.state import ENTITY
from ledger.tables import METADATA, primary_key, table

R = TypeVar("R", bound=Row)

TILE = 256
"""Hashes in a full tile."""

CHUNK = 1024
"""Rows that a walk over a table holds in memory at once."""


class Head(NamedTuple):
    """The end of the ledger: its size, the hash of its last entry, the newest signed note."""

    size: int
    hash: bytes
    note: str


def _columns(of: Table) -> dict[str, type]:
    return {column.name: column.type.python_type for column in of.columns}


class RowTexts:
    """The texts and the ways between rows and values of one row class."""

    def __init__(self, row: type[Row], driver: Driver) -> None:
        columns = _columns(table(row))
        key = primary_key(row)
        self.row = row
        self.columns = columns
        self.key = key
        self.values = attrgetter(*row.columns)
        self.flags = [place for place, kind in enumerate(columns.values()) if kind is bool]
        self.ways = {ENTITY: row.entity, **row.indexes}
        self.select = f'SELECT {quoted(columns)} FROM "{row.table}"'
        self.also = '"until" IS NULL' if row.life is Life.VERSION else "TRUE"
        overwrite = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
        conflict = f"ON CONFLICT ({quoted(key)}) DO UPDATE SET {overwrite}" if row.life is Life.CELL else ""
        self.insert = driver.insert(row.table, columns, conflict)
        ended = {"until": int, **{name: columns[name] for name in key}}
        self.close = driver.update(row.table, ended, f'"{row.table}"."until" IS NULL')
        marks = ", ".join("?" * len(key))
        self.after = f"WHERE ({quoted(key)}) > ({marks})"
        self.page = f"ORDER BY {quoted(key)} LIMIT {CHUNK}"

    def made(self, stored: Iterable[Values]) -> list[Any]:
        """Rows of stored values; SQLite keeps a flag as 0 or 1."""
        row = self.row
        if not self.flags:
            return [row(*values) for values in stored]
        flags = self.flags
        rows = []
        for values in stored:
            given = list(values)
            for place in flags:
                given[place] = bool(given[place])
            rows.append(row(*given))
        return rows


class Store:
    """One connection to one ledger; of one thread at a time."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.remote = driver.remote
        self.texts = {row: RowTexts(row, driver) for row in STATE}
        self._loads: dict[tuple[type[Row], str], str] = {}
        for row, rows in self.texts.items():
            for way, columns in rows.ways.items():
                where = " AND ".join(f'"{name}" = ?' for name in columns)
                self._loads[row, way] = f"{rows.select} WHERE {where} AND {rows.also}"
        log = {name: _columns(METADATA.tables[name]) for name in ("entry", "subtree", "opening")}
        self._insert_entries = driver.insert("entry", log["entry"])
        self._insert_subtrees = driver.insert("subtree", log["subtree"])
        self._insert_openings = driver.insert("opening", log["opening"], "ON CONFLICT DO NOTHING")
        self._head = 'SELECT "size", "hash", "note" FROM "head"'
        self._head_locked = driver.locked(self._head)

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at an address, which must exist. Raises UnknownDatabase, and what the drivers raise."""
        return cls(connect(url))

    def close(self) -> None:
        """Close the connection; what was not committed is forgotten."""
        self.driver.close()

    # Transactions

    def begin(self) -> None:
        """Begin to write. On SQLite all other writers wait from here; on PostgreSQL from `head(lock=True)`."""
        self.driver.begin()

    def commit(self) -> None:
        """Make durable what was written; after an error here it is not known whether it is."""
        self.driver.commit()

    def rollback(self) -> None:
        """Forget what was written since `begin`; the end of a reading."""
        self.driver.rollback()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin, and commit at the end; roll back on any exception."""
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def begin_reading(self) -> None:
        """From here to `rollback` all reads see one state of the database, whatever others commit."""
        self.driver.begin_reading()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads within see one state of the database."""
        self.begin_reading()
        try:
            yield
        finally:
            self.driver.rollback()

    # The head

    def head(self, *, lock: bool = False) -> Head | None:
        """The end of the ledger, None before its founding; `lock`: nobody else moves it before the commit."""
        rows = self.driver.all(self._head_locked if lock else self._head)
        return Head(*rows[0]) if rows else None

    def swap_head(self, old: Head | None, new: Head) -> None:
        """Move the head if it is still the old one (None: not founded). Raises Fatal if it is not."""
        if old is None:
            moved = self.driver.run(
                'INSERT INTO "head" ("id", "size", "hash", "note") VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING', new
            )
        else:
            moved = self.driver.run(
                'UPDATE "head" SET "size" = ?, "hash" = ?, "note" = ? WHERE "size" = ? AND "hash" = ?',
                (*new, old.size, old.hash),
            )
        if moved != 1:
            message = "the head is not the one that this process left"
            raise Fatal(message)

    # The log

    def append_entries(self, first: int, entries: Sequence[tuple[bytes, bytes]]) -> None:
        """Write entries, (bytes, hash) each, from index `first` on."""
        if entries:
            rows = [(index, *entry) for index, entry in enumerate(entries, start=first)]
            self.driver.many(self._insert_entries, rows)

    def entry_bytes(self, index: int) -> bytes | None:
        """The exact bytes of an entry."""
        rows = self.driver.all('SELECT "bytes" FROM "entry" WHERE "index" = ?', (index,))
        return rows[0][0] if rows else None

    def entries(self, first: int = 0, end: int | None = None) -> Iterator[list[tuple[int, bytes, bytes]]]:
        """All (index, bytes, hash) that are stored with `first` <= index < `end`, in order, in chunks."""
        text = (
            'SELECT "index", "bytes", "hash" FROM "entry" WHERE "index" >= ? AND "index" < ? '
            f'ORDER BY "index" LIMIT {CHUNK}'
        )
        end = 2**63 - 1 if end is None else end
        while chunk := self.driver.all(text, (first, end)):
            yield chunk
            first = chunk[-1][0] + 1

    def hashes(self, first: int, count: int) -> list[bytes]:
        """The stored hashes of `count` entries from `first` on; fewer where fewer are stored."""
        text = 'SELECT "hash" FROM "entry" WHERE "index" >= ? AND "index" < ? ORDER BY "index"'
        return [row[0] for row in self.driver.all(text, (first, first + count))]

    def add_subtrees(self, subtrees: Sequence[tuple[int, int, bytes]]) -> None:
        """Write roots of full tiles: (level >= 1, number, hash) each."""
        if subtrees:
            self.driver.many(self._insert_subtrees, subtrees)

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        """The first `width` hashes of a tile (C2SP tlog-tiles); the reader that `ledger.tree.Tree` takes."""
        first = number * TILE
        if level == 0:
            return self.hashes(first, width)
        text = 'SELECT "hash" FROM "subtree" WHERE "level" = ? AND "number" >= ? AND "number" < ? ORDER BY "number"'
        return [row[0] for row in self.driver.all(text, (level, first, first + width))]

    def put_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed note; the first one that is kept of a size stays."""
        self.driver.run(
            'INSERT INTO "checkpoint" ("size", "note") SELECT ?, ? '
            'WHERE NOT EXISTS (SELECT 1 FROM "checkpoint" WHERE "size" = ?)',
            (size, note, size),
        )

    def checkpoints(self, above: int = 0) -> Iterator[tuple[int, str]]:
        """All (size, note) that were kept with a size above one, smallest first."""
        text = f'SELECT "size", "note" FROM "checkpoint" WHERE "size" > ? ORDER BY "size" LIMIT {CHUNK}'
        while chunk := self.driver.all(text, (above,)):
            yield from chunk
            above = chunk[-1][0]

    def add_openings(self, openings: Sequence[tuple[bytes, bytes, str]]) -> None:
        """Keep openings of sealed values: (hash, salt, value) each; one that is kept already stays."""
        if openings:
            self.driver.many(self._insert_openings, openings)

    def opening(self, hash: bytes) -> tuple[bytes, str] | None:  # noqa: A002 the column's name
        """The (salt, value) of a sealed value, None if it is not kept."""
        rows = self.driver.all('SELECT "salt", "value" FROM "opening" WHERE "hash" = ?', (hash,))
        return rows[0] if rows else None

    # The state

    def load(self, row: type[R], way: str, key: Values) -> list[R]:
        """The rows under a key of `"entity"` or of a declared index; of versions the open ones."""
        return self.texts[row].made(self.driver.all(self._loads[row, way], key))

    def load_many(self, row: type[R], way: str, keys: Sequence[Values]) -> dict[Values, list[R]]:
        """The same for many keys at once; every key is in the answer."""
        rows = self.texts[row]
        names = rows.ways[way]
        found: dict[Values, list[R]] = {key: [] for key in keys}
        kinds = {name: rows.columns[name] for name in names}
        for one in rows.made(self.driver.among(rows.select, kinds, rows.also, keys)):
            found[one.pick(names)].append(one)
        return found

    def scan(self, row: type[R]) -> Iterator[list[R]]:
        """All stored rows of a class in the order of the primary key, in chunks."""
        rows = self.texts[row]
        chunk: list[R] = rows.made(self.driver.all(f"{rows.select} {rows.page}"))
        while chunk:
            yield chunk
            last = chunk[-1].pick(rows.key)
            chunk = rows.made(self.driver.all(f"{rows.select} {rows.after} {rows.page}", last))

    def write(
        self,
        born: Iterable[Row],
        closed: Mapping[tuple[type[Any], Values, int], int],
        cells: Iterable[Row],
    ) -> None:
        """Write what a `State` gathered: rows to insert, versions that ended (class, entity, `since` to
        the entry that ended them), cells to overwrite. Raises Fatal if such a version is not open.
        """
        ended = defaultdict(list)
        for (row, entity, since), until in closed.items():
            ended[row].append((until, *entity, since))
        # Before the new versions: an entity has one open version at most.
        for row, values in ended.items():
            if self.driver.many(self.texts[row].close, values) != len(values):
                message = f"a version in {row.table} is not the one that was read"
                raise Fatal(message)
        made = defaultdict(list)
        for one in (*born, *cells):
            made[type(one)].append(one)
        for row, ones in made.items():
            rows = self.texts[row]
            self.driver.many(rows.insert, list(map(rows.values, ones)))

    def clear_projections(self) -> None:
        """Empty the tables of the state, within a transaction, so that they can be written anew.

        The triggers that forbid it are off until it is done; on PostgreSQL only the owner of the
        tables may do this.
        """
        tables = [row.table for row in STATE]
        with self.mutable(*tables):
            for name in tables:
                self.driver.run(f'DELETE FROM "{name}"')

    def mutable(self, *tables: str) -> AbstractContextManager[None]:
        """The triggers of some tables are off within: for rebuilding, and for tests that tamper."""
        return self.driver.mutable(tables)

    def analyze(self) -> None:
        """Let the database count its rows: after a bulk load PostgreSQL plans badly without."""
        self.driver.run("ANALYZE")
