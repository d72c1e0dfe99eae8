"""What is no ledger, or a damaged one: the audit never fails on it, and rebuilds what follows from entries."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

import migrations
from ledger import audit
from ledger.audit import Unreadable, rebuilding
from ledger.errors import Fatal
from tests.conforming import SCHEMA, conforms
from tests.forging import tampered
from tests.ledgers import Made, make_ledger

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    path = tmp_path_factory.mktemp("audit") / "ledger.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path, make_ledger(f"sqlite:///{path}", chains=1)


@pytest.fixture
def made(original: tuple[Path, Made]) -> Made:
    return original[1]


@pytest.fixture
def file(original: tuple[Path, Made], tmp_path: Path) -> Path:
    return Path(shutil.copyfile(original[0], tmp_path / "ledger.db"))


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


# What is no ledger


def test_what_is_no_database_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        audit.audit(f"sqlite:///{tmp_path / 'missing.db'}")
    (tmp_path / "text.db").write_text("This is no database, although it is long enough to look like one. " * 99)
    with pytest.raises(Unreadable):
        audit.audit(f"sqlite:///{tmp_path / 'text.db'}")
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE other (x)").connection.close()
    with pytest.raises(Unreadable):
        audit.audit(f"sqlite:///{tmp_path / 'empty.db'}")


def test_a_database_without_a_ledger_is_undecided(database: str, made: Made) -> None:
    report = audit.audit(database)
    assert (report.verdict, report.size) == ("undecided", 0)
    conforms(report.members(), SCHEMA)
    report = audit.audit(database, anchor=made.anchor, checkpoints=[("kept", made.notes[-1][1])])
    assert (report.faults[0].code, report.faults[0].index) == ("GENESIS_OTHER", 0)


@pytest.mark.parametrize("number", range(12))
def test_damaged_pages_never_stop_the_audit(file: Path, url: str, made: Made, number: int) -> None:
    chance = random.Random(number)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(file.read_bytes())
    for _ in range(1 + number % 4):
        at = chance.randrange(4096, len(data))
        width = chance.choice((1, 30, 4096))
        data[at : at + width] = chance.randbytes(len(data[at : at + width]))
    file.write_bytes(data)
    for side in ("-wal", "-shm"):
        file.with_name(file.name + side).unlink(missing_ok=True)
    try:
        report = audit.audit(url, anchor=made.anchor)
    except Unreadable:
        return
    conforms(report.members(), SCHEMA)
    assert report.text()


ODD = {
    "entry": ("bytes", "hash"), "head": ("size", "hash", "note"), "checkpoint": ("note",),
    "opening": ("salt", "value", "hash"), "subtree": ("hash",), "version": ("status", "mass", "unit"),
    "key": ("id", "public", "since"), "ledger": ("origin", "sandbox"), "cursor": ("next",),
}  # fmt: skip


@pytest.mark.parametrize("table", ODD)
def test_values_of_other_types_are_found(url: str, made: Made, table: str) -> None:
    """SQLite keeps any value in any column."""
    values = ("x'c3'", "cast(x'c328' as text)", "9223372036854775807")
    for column in ODD[table]:
        for value in values:
            connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            connection.execute("BEGIN")
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f'DROP TRIGGER "{name}"')
            key = f'rowid = (SELECT min(rowid) FROM "{table}")'
            if table in ("version", "key", "ledger", "subtree"):
                key = f'"{column}" = (SELECT min("{column}") FROM "{table}")'
            try:
                connection.execute(f'UPDATE "{table}" SET "{column}" = {value} WHERE {key}')
            except sqlite3.IntegrityError:
                continue
            finally:
                if not connection.in_transaction:
                    connection.close()
            changed = connection.execute("SELECT changes()").fetchone()[0]
            report = audit.audit(connection, anchor=made.anchor)
            connection.close()
            assert (report.verdict == "faulty") == bool(changed), (table, column, value, report.text())
            conforms(report.members(), SCHEMA)


def test_a_table_that_is_gone_is_found(file: Path, url: str) -> None:
    for table in ("checkpoint", "subtree", "opening", "flow", "head"):
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN")
        connection.execute(f'DROP TABLE "{table}"')
        report = audit.audit(connection)
        connection.close()
        assert report.verdict == "faulty", table
    assert audit.audit(url).verdict == "intact"


# Projections anew


def test_projections_are_rebuilt_from_the_entries(database: str) -> None:
    made = make_ledger(database, chains=1)
    before = audit.audit(database).state
    assert audit.rebuild(database, check=True).verdict == "intact"
    with tampered(database, "version", "flow", "cursor", "key") as driver:
        driver.run('UPDATE "version" SET "mass" = 1')
        driver.run('DELETE FROM "flow"')
        driver.run('DELETE FROM "cursor"')
        driver.run('UPDATE "key" SET "scope" = NULL')
    compared = audit.rebuild(database, check=True)
    assert (compared.verdict, compared.rows) == ("faulty", 0)
    assert {fault.code for fault in compared.faults} == {"PROJECTION_DIFFERS"}
    done = audit.rebuild(database)
    assert done.verdict == "intact"
    assert done.rows > made.size
    report = audit.audit(database, anchor=made.anchor)
    assert (report.verdict, report.state) == ("intact", before)
    assert json.loads(json.dumps(done.members()))["rows"] == done.rows
    assert f"{done.rows:,} rows written" in done.text()


def test_nothing_is_rebuilt_from_entries_at_fault(url: str) -> None:
    with tampered(url, "entry", "flow") as driver:
        driver.run('UPDATE "entry" SET "hash" = ? WHERE "index" = 9', (bytes(32),))
        driver.run('DELETE FROM "flow"')
    done = audit.rebuild(url)
    assert (done.verdict, done.rows) == ("faulty", 0)
    assert [fault.index for fault in done.faults] == [9]


def test_a_ledger_that_grows_meanwhile_is_not_rebuilt(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write = rebuilding._write
    monkeypatch.setattr(rebuilding, "_write", lambda url, scratch, size: write(url, scratch, size - 1))
    before = audit.audit(url).state
    with pytest.raises(Fatal):
        audit.rebuild(url)
    report = audit.audit(url)
    assert (report.verdict, report.state) == ("intact", before)
