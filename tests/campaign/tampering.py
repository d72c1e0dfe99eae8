"""Tampering by whoever can write in the database: one random change a time, and what the audit must say of it.

Each is made in a transaction, triggers disabled, and taken back. `make test` plays some, `make campaign` ten thousand.
"""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from ledger import audit
from ledger.anchor import Anchor
from ledger.audit.source import Connection
from ledger.canonical import b64
from ledger.database import connect_postgresql, connect_sqlite, sqlite_path
from ledger.merkle import leaf_hash
from ledger.rows import STATE, Cursor, Row
from ledger.tables import METADATA, primary_key

TABLES = ("act", "checkpoint", "cursor", "entry", "flow", "head", "hold", "key", "ledger", "opening", "parameter",
          "participant", "phase", "site", "subtree", "unit", "variety", "version")  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What was done, and the entries of which the audit must name one first; None: it names no entry."""

    what: str
    at: frozenset[int | None]
    found: bool = True
    """False where nothing commits to what was changed."""
    kind: str = ""
    """The name of the attack."""


class Database:
    """A connection in a transaction in which everything may be changed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.size: int = self.all('SELECT max("index") + 1 FROM "entry"')[0][0]

    def all(self, text: str, values: Sequence[Any] = ()) -> list[Any]:
        if isinstance(self.connection, sqlite3.Connection):
            return self.connection.execute(text, values).fetchall()
        return self.connection.execute(text.replace("?", "%s").encode(), values).fetchall()

    def run(self, text: str, values: Sequence[Any] = ()) -> None:
        if isinstance(self.connection, sqlite3.Connection):
            self.connection.execute(text, values)
        else:
            self.connection.execute(text.replace("?", "%s").encode(), values)

    def entry(self, index: int) -> tuple[bytes, bytes]:
        [(data, stored)] = self.all('SELECT "bytes", "hash" FROM "entry" WHERE "index" = ?', (index,))
        return data, stored

    def put(self, index: int, data: bytes, stored: bytes) -> None:
        self.run('UPDATE "entry" SET "bytes" = ?, "hash" = ? WHERE "index" = ?', (data, stored, index))

    def shift(self, first: int, by: int) -> None:
        """Renumber the rows from `first` on; over negative numbers, since a number may not stand twice."""
        self.run('UPDATE "entry" SET "index" = -1 - "index" WHERE "index" >= ?', (first,))
        self.run(f'UPDATE "entry" SET "index" = -1 - "index" + {by} WHERE "index" < 0')

    def insert(self, index: int, data: bytes, stored: bytes) -> None:
        self.shift(index, 1)
        self.run('INSERT INTO "entry" ("index", "bytes", "hash") VALUES (?, ?, ?)', (index, data, stored))


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A transaction without triggers that is taken back at the end."""
    path = sqlite_path(url)
    connection: Connection = connect_postgresql(url) if path is None else connect_sqlite(path)
    connection.execute("BEGIN")
    try:
        database = Database(connection)
        if path is None:
            for table in TABLES:
                database.run(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        else:
            for (name,) in database.all("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                database.run(f'DROP TRIGGER "{name}"')
        yield database
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def undone(database: Database) -> Iterator[None]:
    """What is changed within is taken back."""
    database.run("SAVEPOINT before")
    try:
        yield
    finally:
        database.run("ROLLBACK TO SAVEPOINT before")


def changed(data: bytes, chance: random.Random) -> bytes:
    """The same bytes but one."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([(data[at] + chance.randrange(1, 256)) % 256]) + data[at + 1 :]


def other_value(value: Any, kind: type, chance: random.Random) -> Any:
    """Another value of a column."""
    if kind is bool:
        return not value
    if value is None:
        return 1 if kind is int else "x"
    if isinstance(value, int):
        return max(0, value + chance.choice((-1, 1, 7, 1000))) if value else 1
    if isinstance(value, bytes):
        return changed(value, chance)
    at = chance.randrange(len(value))
    return value[:at] + ("x" if value[at] != "x" else "y") + value[at + 1 :]


# The log


def entry_byte(database: Database, chance: random.Random) -> Change:
    index = chance.randrange(database.size)
    data, stored = database.entry(index)
    database.put(index, changed(data, chance), stored)
    return Change(f"a byte of entry {index}", frozenset({index}))


def entry_hash(database: Database, chance: random.Random) -> Change:
    index = chance.randrange(database.size)
    data, stored = database.entry(index)
    database.put(index, data, changed(stored, chance))
    return Change(f"a byte of the hash of entry {index}", frozenset({index}))


def entry_and_hash(database: Database, chance: random.Random) -> Change:
    index = chance.randrange(database.size)
    data = changed(database.entry(index)[0], chance)
    database.put(index, data, leaf_hash(data))
    return Change(f"a byte of entry {index}, its hash made anew", frozenset({index}))


def entry_removed(database: Database, chance: random.Random) -> Change:
    index = chance.randrange(database.size)
    database.run('DELETE FROM "entry" WHERE "index" = ?', (index,))
    if renumbered := chance.random() < 0.5:
        database.shift(index + 1, -1)
    return Change(f"entry {index} removed{', the rest renumbered' * renumbered}", frozenset({index}))


def entry_inserted(database: Database, chance: random.Random) -> Change:
    index = chance.randrange(1, database.size + 1)
    data, _ = database.entry(chance.randrange(database.size))
    data = changed(data, chance)
    database.insert(index, data, leaf_hash(data))
    return Change(f"a row inserted at {index}", frozenset({index}))


def entry_forged(database: Database, chance: random.Random) -> Change:
    """Inserted with the right number and the right link."""
    index = chance.randrange(1, database.size)
    data, _ = database.entry(index)
    at = data.index(b'"salt":"') + 10
    data = data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :]
    database.insert(index, data, leaf_hash(data))
    return Change(f"a forged entry inserted at {index}", frozenset({index}))


def entry_duplicated(database: Database, chance: random.Random) -> Change:
    source = chance.randrange(database.size)
    index = source + 1 if chance.random() < 0.5 else chance.randrange(database.size + 1)
    index += index == source
    database.insert(index, *database.entry(source))
    return Change(f"entry {source} repeated at {index}", frozenset({index}))


def entries_reordered(database: Database, chance: random.Random) -> Change:
    first, second = sorted(chance.sample(range(database.size), 2))
    if chance.random() < 0.5:
        second = min(first + 1, database.size - 1)
        first = second - 1
    one, other = database.entry(first), database.entry(second)
    database.put(first, *other)
    database.put(second, *one)
    return Change(f"entries {first} and {second} exchanged", frozenset({first}))


NOBODY: frozenset[int | None] = frozenset({None})


def checkpoint_changed(database: Database, chance: random.Random) -> Change:
    size, note = chance.choice(database.all('SELECT "size", "note" FROM "checkpoint"'))
    data = other_value(note, str, chance)
    database.run('UPDATE "checkpoint" SET "note" = ? WHERE "size" = ?', (data, size))
    return Change(f"a character of checkpoint {size}", NOBODY)


def checkpoint_removed(database: Database, chance: random.Random) -> Change:
    (size,) = chance.choice(database.all('SELECT "size" FROM "checkpoint"'))
    database.run('DELETE FROM "checkpoint" WHERE "size" = ?', (size,))
    return Change(f"checkpoint {size} removed", frozenset(), found=False)


def checkpoint_inserted(database: Database, chance: random.Random) -> Change:
    taken = database.all('SELECT "size", "note" FROM "checkpoint"')
    free = sorted({*range(1, database.size + 9)} - {size for size, _ in taken})
    size = chance.choice(free)
    database.run('INSERT INTO "checkpoint" ("size", "note") VALUES (?, ?)', (size, chance.choice(taken)[1]))
    return Change(f"a copy of a checkpoint as {size}", NOBODY)


def checkpoints_reordered(database: Database, chance: random.Random) -> Change:
    one, other = chance.sample(database.all('SELECT "size", "note" FROM "checkpoint"'), 2)
    for (size, _), (_, note) in ((one, other), (other, one)):
        database.run('UPDATE "checkpoint" SET "note" = ? WHERE "size" = ?', (note, size))
    return Change(f"the notes of {one[0]} and {other[0]} exchanged", NOBODY)


def head_changed(database: Database, chance: random.Random) -> Change:
    [head] = database.all('SELECT "size", "hash", "note" FROM "head"')
    place = chance.randrange(3)
    name = ("size", "hash", "note")[place]
    value = other_value(head[place], type(head[place]), chance)
    database.run(f'UPDATE "head" SET "{name}" = ?', (value,))
    return Change(f"{name} of the head", NOBODY)


def subtree_changed(database: Database, chance: random.Random) -> Change:
    rows = database.all('SELECT "level", "number", "hash" FROM "subtree"')
    level, number, stored = chance.choice(rows)
    where = (level, number)
    if chance.random() < 0.5:
        database.run('DELETE FROM "subtree" WHERE "level" = ? AND "number" = ?', where)
        return Change(f"tile root {where} removed", NOBODY)
    values = (changed(stored, chance), *where)
    database.run('UPDATE "subtree" SET "hash" = ? WHERE "level" = ? AND "number" = ?', values)
    return Change(f"a byte of tile root {where}", NOBODY)


# Beside the log


def opening_changed(database: Database, chance: random.Random) -> Change:
    row = chance.choice(database.all('SELECT "hash", "salt", "value" FROM "opening"'))
    at = asked_by(database, row[0])
    kind = chance.randrange(3)
    if kind == 0:
        database.run('DELETE FROM "opening" WHERE "hash" = ?', (row[0],))
        return Change(f"the opening of entry {at} removed", frozenset({at}))
    if kind == 1:
        values = (changed(row[0], chance), row[1], row[2])
        database.run('INSERT INTO "opening" ("hash", "salt", "value") VALUES (?, ?, ?)', values)
        return Change("an opening that nobody asked for", NOBODY)
    place = chance.randrange(3)
    name = ("hash", "salt", "value")[place]
    value = other_value(row[place], type(row[place]), chance)
    database.run(f'UPDATE "opening" SET "{name}" = ? WHERE "hash" = ?', (value, row[0]))
    return Change(f"{name} of the opening of entry {at}", frozenset({at}))


def asked_by(database: Database, digest: bytes) -> int:
    mark = b64(digest).encode()
    rows = database.all('SELECT "index", "bytes" FROM "entry" ORDER BY "index"')
    found: int = next(index for index, data in rows if mark in data)
    return found


def born(row: type[Row], values: dict[str, Any], database: Database) -> int | None:
    """The entry from which a row follows."""
    if row is Cursor:
        rows = database.all('SELECT max("entry") FROM "act" WHERE "key" = ?', (values["key"],))
        return None if not rows else rows[0][0]
    for name in ("since", "entry", "made"):
        if name in values:
            return values[name]  # type: ignore[no-any-return]
    raise AssertionError(row)


def pick(database: Database, chance: random.Random) -> tuple[type[Row], dict[str, Any]]:
    """A random row of a random state table."""
    row = chance.choice([row for row in STATE if database.all(f'SELECT 1 FROM "{row.table}" LIMIT 1')])
    names = ", ".join(f'"{name}"' for name in row.columns)
    values = chance.choice(database.all(f'SELECT {names} FROM "{row.table}"'))
    return row, dict(zip(row.columns, values, strict=True))


def where(row: type[Row], values: dict[str, Any]) -> tuple[str, list[Any]]:
    key = primary_key(row)
    return " AND ".join(f'"{name}" = ?' for name in key), [values[name] for name in key]


def row_changed(database: Database, chance: random.Random) -> Change:
    row, values = pick(database, chance)
    name = chance.choice(row.columns)
    kind = METADATA.tables[row.table].c[name].type.python_type
    at = {born(row, values, database)}
    text, key = where(row, values)
    value = other_value(values[name], kind, chance)
    database.run(f'UPDATE "{row.table}" SET "{name}" = ? WHERE {text}', (value, *key))
    if name in (*primary_key(row), "made", "since", "entry"):
        at.add(born(row, {**values, name: value}, database))
    return Change(f"{name} of {row.table} {key}: {values[name]!r} to {value!r}", frozenset(at))


def row_removed(database: Database, chance: random.Random) -> Change:
    row, values = pick(database, chance)
    at = born(row, values, database)
    text, key = where(row, values)
    database.run(f'DELETE FROM "{row.table}" WHERE {text}', key)
    return Change(f"{row.table} {key} removed", frozenset({at}))


def row_inserted(database: Database, chance: random.Random) -> Change:
    """A copy of a row under another key."""
    row, values = pick(database, chance)
    for name in primary_key(row):
        values[name] = other_value(values[name], type(values[name]), chance)
    for name in {"code", "sequence"} & set(row.columns):
        values[name] = other_value(values[name], type(values[name]), chance)
    names = ", ".join(f'"{name}"' for name in row.columns)
    marks = ", ".join("?" * len(values))
    database.run(f'INSERT INTO "{row.table}" ({names}) VALUES ({marks})', list(values.values()))
    return Change(f"{row.table} {where(row, values)[1]} inserted", frozenset({born(row, values, database), None}))


def rows_exchanged(database: Database, chance: random.Random) -> Change:
    """Two rows of a table change their contents; the keys stay."""
    while True:
        row, one = pick(database, chance)
        names = [name for name in row.columns if name not in primary_key(row)]
        listed = ", ".join(f'"{name}"' for name in row.columns)
        stored = database.all(f'SELECT {listed} FROM "{row.table}"')
        other = dict(zip(row.columns, chance.choice(stored), strict=True))
        if row.table not in ("unit", "act") and any(one[name] != other[name] for name in names):
            break
    at = {born(row, one, database), born(row, other, database)}
    for target, content in ((one, other), (other, one)):
        text, key = where(row, target)
        sets = ", ".join(f'"{name}" = ?' for name in names)
        database.run(f'UPDATE "{row.table}" SET {sets} WHERE {text}', [*[content[name] for name in names], *key])
    first = frozenset({min(index for index in at if index is not None)})
    return Change(f"{row.table} {where(row, one)[1]} and {where(row, other)[1]} exchanged", first)


ATTACKS: tuple[Callable[[Database, random.Random], Change], ...] = (
    entry_byte, entry_hash, entry_and_hash, entry_removed, entry_inserted, entry_forged, entry_duplicated,
    entries_reordered, checkpoint_changed, checkpoint_removed, checkpoint_inserted, checkpoints_reordered,
    head_changed, subtree_changed, opening_changed, row_changed, row_removed, row_inserted, rows_exchanged,
)  # fmt: skip


class Missed(AssertionError):
    """The audit did not say what it must."""


def attack(database: Database, anchor: Anchor, number: int) -> Change:
    """Make the change of a number and audit. Raises Missed."""
    chance = random.Random(number)
    kind = ATTACKS[number % len(ATTACKS)]
    with undone(database):
        change = _made(database, kind, chance)
        report = audit.audit(database.connection, anchor=anchor)
    named = report.faults[0].index if report.faults else None
    if change.found != (report.verdict == "faulty") or (change.found and named not in change.at):
        expected = f"one of {sorted(map(str, change.at))}" if change.found else "nothing"
        raise Missed(f"attack {number}, {kind.__name__}: {change.what}; expected {expected}\n{report.text()}")
    return replace(change, kind=kind.__name__)


def _made(database: Database, kind: Callable[[Database, random.Random], Change], chance: random.Random) -> Change:
    """The change; where a constraint of the database refuses it, another of its kind."""
    while True:
        database.run("SAVEPOINT attempt")
        try:
            return kind(database, chance)
        except (sqlite3.IntegrityError, psycopg.errors.IntegrityError, psycopg.errors.NumericValueOutOfRange):
            database.run("ROLLBACK TO SAVEPOINT attempt")


def attacks(url: str, anchor: Anchor, numbers: Sequence[int]) -> list[Change]:
    """Play some attacks on the ledger at an address, which is left as it was."""
    with opened(url) as database:
        return [attack(database, anchor, number) for number in numbers]


def side_by_side(urls: Sequence[str], anchor: Anchor, numbers: Sequence[int]) -> list[Change]:
    """Play attacks on copies of one ledger, one process for each copy."""
    with ProcessPoolExecutor(len(urls), multiprocessing.get_context("spawn")) as pool:
        parts = [pool.submit(attacks, url, anchor, numbers[at :: len(urls)]) for at, url in enumerate(urls)]
        return [change for part in parts for change in part.result()]
