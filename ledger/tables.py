"""The tables: what stands in the database, as SQLModel, for migrations and for reads.

The log (entries, checkpoints, the head, openings, roots of full tiles) is written out here; a table
of the state is made from its row class in `ledger.rows`, where its columns are declared.
"""

from __future__ import annotations

import types
from typing import Any, get_args, get_type_hints

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from ledger.rows import STATE, Life, Row

TYPES: dict[type, TypeEngine[Any]] = {
    # On SQLite only a column declared INTEGER is the row's own number.
    int: BigInteger().with_variant(Integer(), "sqlite"),
    # Compared by bytes on both engines: order and equality must not depend on a locale.
    str: Text().with_variant(Text(collation="C"), "postgresql"),
    bytes: LargeBinary(),
    bool: Boolean(),
}
"""How a value of a Python type is stored."""

MORE_INDEXES: dict[str, dict[str, tuple[str, ...]]] = {
    "act": {"participant": ("participant", "entry"), "action": ("action", "entry")},
    "flow": {"source": ("source",), "target": ("target",)},
    "version": {"holder": ("holder",)},
}
"""Indexes that queries need and no rule does, by table."""

UNIQUE = {"act_sequence", "unit_code"}
"""Indexes under whose key there is at most one row."""

CLUSTERED = {"sqlite_with_rowid": False}
"""On SQLite: stored in the order of the primary key, without a second tree."""


def column(name: str, kind: type, *, primary: bool = False, nullable: bool = False) -> Any:
    """A field stored as a plain column: no default and no number of the database's own making."""
    made: Column[Any] = Column(name, TYPES[kind], primary_key=primary, autoincrement=False, nullable=nullable)
    return Field(sa_column=made)


class Entry(SQLModel, table=True):
    """An entry: its exact bytes, and their leaf hash, which is the link and the leaf at once."""

    __tablename__ = "entry"
    index: int = column("index", int, primary=True)
    data: bytes = column("bytes", bytes)
    hash: bytes = column("hash", bytes)


class Checkpoint(SQLModel, table=True):
    """A checkpoint that was kept: the signed note over the first `size` entries."""

    __tablename__ = "checkpoint"
    size: int = column("size", int, primary=True)
    note: str = column("note", str)


class Head(SQLModel, table=True):
    """The end of the ledger, one row: its size, the hash of its last entry, the newest note."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1", name="head_is_one"),)
    id: int = column("id", int, primary=True)
    size: int = column("size", int)
    hash: bytes = column("hash", bytes)
    note: str = column("note", str)


class Opening(SQLModel, table=True):
    """What a sealed value holds, until it is erased; no rule reads it."""

    __tablename__ = "opening"
    hash: bytes = column("hash", bytes, primary=True)
    salt: bytes = column("salt", bytes)
    value: str = column("value", str)


class Subtree(SQLModel, table=True):
    """The root of 256 to the power `level` entries, the `number`-th: a hash of the tiles above level 0."""

    __tablename__ = "subtree"
    __table_args__ = (CLUSTERED,)
    level: int = column("level", int, primary=True)
    number: int = column("number", int, primary=True)
    hash: bytes = column("hash", bytes)


def primary_key(row: type[Row]) -> tuple[str, ...]:
    """The columns of a row class that name one stored row."""
    return (*row.entity, "since") if row.life is Life.VERSION else row.entity


def _indexes(row: type[Row]) -> list[Index]:
    ways = {**row.indexes, **MORE_INDEXES.get(row.table, {})}
    only_open: dict[str, Any] = {}
    if row.life is Life.VERSION:
        # An entity may have thousands of versions: the open one is found, and is one, by this index.
        ways["open"] = row.entity
        only_open = {f"{engine}_where": text("until IS NULL") for engine in ("sqlite", "postgresql")}
    return [
        Index(name, *columns, unique=way == "open" or name in UNIQUE, **only_open)
        for way, columns in ways.items()
        for name in (f"{row.table}_{way}",)
    ]


def _table(row: type[Row]) -> type[SQLModel]:
    key = primary_key(row)
    hints = get_type_hints(row)

    def body(namespace: dict[str, Any]) -> None:
        namespace["__tablename__"] = row.table
        namespace["__doc__"] = row.__doc__
        namespace["__module__"] = __name__
        namespace["__table_args__"] = (*_indexes(row), CLUSTERED if len(key) > 1 else {})
        namespace["__annotations__"] = {name: hints[name] for name in row.columns}
        for name in row.columns:
            kinds = set(get_args(hints[name]) or (hints[name],))
            (kind,) = kinds - {types.NoneType}
            nullable = types.NoneType in kinds
            namespace[name] = column(name, kind, primary=name in key, nullable=nullable)

    return types.new_class(f"{row.__name__}Table", (SQLModel,), {"table": True}, body)


MODELS: dict[type[Row], type[SQLModel]] = {row: _table(row) for row in STATE}
"""The SQLModel table of each row class."""

METADATA = SQLModel.metadata


def table(row: type[Row]) -> Table:
    """The table of a row class, for queries: `table(rows.Unit).c.code`."""
    return METADATA.tables[row.table]
