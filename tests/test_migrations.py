"""The schema: migrated equals declared, and the database itself refuses what is final to change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

import migrations
from ledger.database import UnknownDatabase
from ledger.database import engine as engine_of
from ledger.rows import STATE, Life
from ledger.tables import METADATA

FINAL = {"checkpoint", "entry", "subtree"} | {row.table for row in STATE if row.life is Life.RECORD}
VERSIONS = {row.table for row in STATE if row.life is Life.VERSION}
KEPT = {"head"} | {row.table for row in STATE if row.life is Life.CELL}
REPLACEABLE = {"checkpoint", "entry", "flow", "subtree"}

COLUMNS = """
SELECT table_name, ordinal_position, column_name, data_type, collation_name, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public'"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
CHECKS = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype IN ('c', 'f', 'u', 'p')"


def schema(connection: Connection) -> list[tuple[Any, ...]]:
    """Everything that is declared about tables and indexes, in a form that two databases can be compared by."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index')"))
        rows = [(name, re.sub(r"\s+", " ", sql or "")) for name, sql in found]
    else:
        rows = [tuple(row) for query in (COLUMNS, INDEXES, CHECKS) for row in connection.execute(text(query))]
    return sorted((row for row in rows if "alembic" not in str(row)), key=str)


def triggers(connection: Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    return {row[0] for row in connection.execute(text(query))}


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    made = engine_of(database)
    with made.connect() as opened:
        yield opened
    made.dispose()


def test_the_migrated_schema_is_the_declared_one(
    engine: str, connection: Connection, new_database: Callable[..., str]
) -> None:
    declared = engine_of(new_database(engine, migrated=False), create=True)
    with declared.begin() as other:
        METADATA.create_all(other)
        assert schema(connection) == schema(other)
    declared.dispose()
    assert len(METADATA.tables) == 18


@pytest.mark.parametrize("revision", migrations.revisions())
def test_every_revision_leaves_every_trigger(engine: str, revision: str, new_database: Callable[..., str]) -> None:
    """Alembic's batch mode makes a SQLite table anew, and its triggers are gone."""
    url = new_database(engine, migrated=False)
    migrations.upgrade(url, revision)
    expected = {f"{table}_no_delete" for table in FINAL | VERSIONS | KEPT}
    expected |= {f"{table}_no_update" for table in FINAL | VERSIONS | {"opening"}}
    expected |= {f"{table}_until_once" for table in VERSIONS}
    if engine == "sqlite":
        expected |= {f"{table}_no_replace" for table in REPLACEABLE}
    else:
        expected |= {f"{table}_no_truncate" for table in FINAL | VERSIONS | KEPT}
    made = engine_of(url)
    with made.connect() as opened:
        assert triggers(opened) == expected
    made.dispose()


def filler(table: str, **given: Any) -> dict[str, Any]:
    """Some row of a table."""
    fill = {int: 1, str: "a", bytes: b"\x01", bool: True}
    row = {column.name: fill[column.type.python_type] for column in METADATA.tables[table].columns}
    return {**row, **({"until": None} if "until" in row else {}), **given}


def refused(connection: Connection, statement: str) -> None:
    with pytest.raises(DBAPIError, match="is refused"), connection.begin_nested():
        connection.execute(text(statement))


@pytest.mark.parametrize("table", sorted(FINAL | VERSIONS))
def test_a_final_row_is_neither_changed_nor_removed(connection: Connection, table: str) -> None:
    connection.execute(METADATA.tables[table].insert(), filler(table))
    for column in METADATA.tables[table].columns:
        if column.name != "until":
            refused(connection, f'UPDATE "{table}" SET "{column.name}" = "{column.name}"')
    refused(connection, f'DELETE FROM "{table}"')
    if connection.dialect.name == "postgresql":
        refused(connection, f'TRUNCATE "{table}"')
    elif table in REPLACEABLE:
        refused(connection, f'INSERT OR REPLACE INTO "{table}" SELECT * FROM "{table}"')


@pytest.mark.parametrize("table", sorted(VERSIONS))
def test_a_version_is_ended_once(connection: Connection, table: str) -> None:
    connection.execute(METADATA.tables[table].insert(), filler(table))
    refused(connection, f'UPDATE "{table}" SET until = NULL')
    assert connection.execute(text(f'UPDATE "{table}" SET until = 5')).rowcount == 1
    refused(connection, f'UPDATE "{table}" SET until = 6')
    refused(connection, f'UPDATE "{table}" SET until = NULL')


@pytest.mark.parametrize("table", sorted(VERSIONS))
def test_an_entity_has_one_open_version(connection: Connection, table: str) -> None:
    insert = METADATA.tables[table].insert()
    connection.execute(insert, filler(table))
    with pytest.raises(DBAPIError), connection.begin_nested():
        connection.execute(insert, filler(table, since=2))
    connection.execute(insert, filler(table, since=2, until=3))


@pytest.mark.parametrize("table", sorted(KEPT))
def test_what_is_overwritten_is_never_removed(connection: Connection, table: str) -> None:
    connection.execute(METADATA.tables[table].insert(), filler(table))
    for column in METADATA.tables[table].columns:
        connection.execute(text(f'UPDATE "{table}" SET "{column.name}" = "{column.name}"'))
    refused(connection, f'DELETE FROM "{table}"')


def test_there_is_one_head(connection: Connection) -> None:
    insert = METADATA.tables["head"].insert()
    connection.execute(insert, filler("head"))
    with pytest.raises(DBAPIError), connection.begin_nested():
        connection.execute(insert, filler("head", id=2))


def test_an_opening_can_be_erased_but_not_changed(connection: Connection) -> None:
    connection.execute(METADATA.tables["opening"].insert(), filler("opening"))
    refused(connection, "UPDATE opening SET value = 'b'")
    assert connection.execute(text("DELETE FROM opening")).rowcount == 1


def test_behind_tells_a_migrated_database_from_another(engine: str, new_database: Callable[..., str]) -> None:
    url = new_database(engine, migrated=False)
    if engine == "sqlite":
        with pytest.raises(OperationalError):
            migrations.behind(url)  # asking does not make the file
        made = engine_of(url, create=True)
        made.connect().close()
        made.dispose()
    assert migrations.behind(url)
    migrations.upgrade(url)
    assert not migrations.behind(url)
    migrations.upgrade(url)
    assert not migrations.behind(url)


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://localhost/a", "ledger.db"])
def test_an_address_of_no_known_engine_is_refused(url: str) -> None:
    with pytest.raises(UnknownDatabase):
        engine_of(url)


def test_a_migration_that_fails_leaves_nothing_behind(engine: str, new_database: Callable[..., str]) -> None:
    url = new_database(engine, migrated=False)
    made = engine_of(url, create=True)
    with made.begin() as opened:
        opened.execute(text("CREATE TABLE version (a INTEGER)"))  # the last one that 0001 makes
        before = schema(opened)
    with pytest.raises(DBAPIError):
        migrations.upgrade(url)
    with made.connect() as opened:
        assert schema(opened) == before
    made.dispose()
    assert migrations.behind(url)
