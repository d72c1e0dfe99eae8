"""PostgreSQL: the gateway's role of docs/storage.md may do all that it must, and no more."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import make_url

import migrations
from ledger.rows import Act, Cursor, Site
from ledger.store import Head, Store

PAGE = Path(__file__).parent.parent / "docs/storage.md"


@pytest.fixture
def gateway(new_database: Callable[..., str]) -> Iterator[str]:
    """The address of a database for the role that the page makes; roles are of the whole server."""
    url = new_database("postgresql")
    role = f"ketenboek_gateway_{os.getpid()}"
    statements = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(statements.replace("ketenboek_gateway", role))
        yield make_url(url).set(username=role).render_as_string(hide_password=False)
        owner.execute(f"DROP OWNED BY {role}")
        owner.execute(f"DROP ROLE {role}")


def test_it_can_write_a_ledger(gateway: str) -> None:
    assert not migrations.behind(gateway)
    store = Store.open(gateway)
    site = Site("grower", "hall", 0, None, None, designated=True)
    first, second = Head(1, b"1", "one"), Head(2, b"2", "two")
    with store.transaction():
        store.append_entries(0, [(b"entry", b"hash")])
        store.add_subtrees([(1, 0, b"root")])
        store.add_openings([(b"hash", b"salt", '"value"')])
        store.put_checkpoint(1, "one")
        store.write([site, Act(0, 1, 1, "grower", "registerSite", 0, 0)], {}, [Cursor(1, 1, 0)])
        store.swap_head(None, first)
    with store.transaction():
        assert store.head(lock=True) == first
        store.write([site.but(since=1)], {(Site, ("grower", "hall"), 0): 1}, [Cursor(1, 2, 0)])
        store.swap_head(first, second)
    assert store.head() == second
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry",
        "UPDATE entry SET hash = hash",
        "TRUNCATE checkpoint",
        "UPDATE version SET mass = 1",
        "UPDATE opening SET value = value",
        "DELETE FROM head",
        "ALTER TABLE entry DISABLE TRIGGER USER",
        "CREATE TABLE another (id INTEGER)",
        "UPDATE alembic_version SET version_num = '0'",
    ],
)
def test_it_can_do_nothing_else(gateway: str, statement: str) -> None:
    with psycopg.connect(gateway, autocommit=True) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement.encode())
