"""The first schema: the log, the state, and the triggers that refuse to change what is final.

There is no way down: a ledger is never brought back to an older schema.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, LargeBinary, Text, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
WORD = Text().with_variant(Text(collation="C"), "postgresql")


def number(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, NUMBER, nullable=null, autoincrement=False)


def word(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, WORD, nullable=null)


def raw(name: str) -> Column[Any]:
    return Column(name, LargeBinary, nullable=False)


def flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


SPAN = ("since", "until")
"""The columns of a version: true from entry `since` to the one before `until`; NULL is open."""

TABLES: dict[str, tuple[tuple[str, ...], list[Column[Any]]]] = {
    "entry": (("index",), [number("index"), raw("bytes"), raw("hash")]),
    "checkpoint": (("size",), [number("size"), word("note")]),
    "head": (("id",), [number("id"), number("size"), raw("hash"), word("note")]),
    "opening": (("hash",), [raw("hash"), raw("salt"), word("value")]),
    "subtree": (("level", "number"), [number("level"), number("number"), raw("hash")]),
    "act": (
        ("entry",),
        [number("entry"), number("key"), number("sequence"), word("participant"), word("action"), number("at"),
         number("first")],
    ),
    "cursor": (("key",), [number("key"), number("next"), number("seen")]),
    "flow": (
        ("entry", "place"),
        [number("entry"), number("place"), number("source", null=True), number("target", null=True),
         number("mass", null=True), number("pieces", null=True), word("kind")],
    ),
    "hold": (
        ("unit", "authority", "since"),
        [number("unit"), word("authority"), number("since"), number("until", null=True), number("at"),
         word("reason")],
    ),
    "key": (
        ("number", "since"),
        [number("number"), number("since"), number("until", null=True), word("id"), word("participant"),
         raw("public"), flag("admin"), word("scope", null=True), number("not_after", null=True),
         number("registered"), number("revoked", null=True)],
    ),
    "ledger": (
        ("origin", "since"),
        [word("origin"), number("since"), number("until", null=True), word("name"), word("authority"),
         number("edition"), flag("sandbox"), word("checkpoint_key"), number("designations")],
    ),
    "parameter": (("entry",), [number("entry"), word("name"), number("value", null=True), number("begins")]),
    "participant": (
        ("participant", "since"),
        [word("participant"), number("since"), number("until", null=True), word("kind"), word("name"),
         number("designations"), word("site", null=True), word("municipality", null=True),
         number("intake_plants"), number("intake_first", null=True)],
    ),
    "phase": (
        ("entry",),
        [number("entry"), word("municipality"), word("product"), word("phase"), number("begins")],
    ),
    "site": (
        ("participant", "site", "since"),
        [word("participant"), word("site"), number("since"), number("until", null=True),
         word("municipality", null=True), flag("designated")],
    ),
    "unit": (
        ("id",),
        [number("id"), word("code"), word("letter"), number("made"), word("grower", null=True),
         word("variety", null=True), word("site", null=True), word("product", null=True),
         number("source", null=True), word("laboratory", null=True), word("sender", null=True),
         word("addressee", null=True)],
    ),
    "variety": (
        ("participant", "variety"),
        [word("participant"), word("variety"), number("since"), word("name")],
    ),
    "version": (
        ("unit", "since"),
        [number("unit"), number("since"), number("until", null=True), word("status"), word("holder", null=True),
         number("mass"), number("lost"), word("position", null=True), number("at"),
         number("shipment", null=True), word("result", null=True), word("exceeded", null=True),
         number("thc", null=True), number("cbd", null=True), word("carrier", null=True),
         number("departed", null=True), number("underway")],
    ),
}  # fmt: skip
"""Primary key and columns of each table."""

INDEXES: list[tuple[str, str, tuple[str, ...]]] = [
    ("act_action", "act", ("action", "entry")),
    ("act_participant", "act", ("participant", "entry")),
    ("flow_source", "flow", ("source",)),
    ("flow_target", "flow", ("target",)),
    ("parameter_name", "parameter", ("name",)),
    ("phase_place", "phase", ("municipality", "product")),
]

UNIQUE: list[tuple[str, str, tuple[str, ...]]] = [
    ("act_sequence", "act", ("key", "sequence")),
    ("unit_code", "unit", ("code",)),
]

OF_OPEN: list[tuple[str, str, tuple[str, ...]]] = [
    ("hold_unit", "hold", ("unit",)),
    ("key_id", "key", ("id",)),
    ("key_participant", "key", ("participant",)),
    ("version_holder", "version", ("holder",)),
    ("version_shipment", "version", ("shipment",)),
]
"""Indexes over the versions that are open."""

FINAL = ("act", "checkpoint", "entry", "flow", "parameter", "phase", "subtree", "unit", "variety")
"""Tables whose rows are never changed or removed."""

VERSIONS = ("hold", "key", "ledger", "participant", "site", "version")
"""Tables in which only `until` may be set, once."""

KEPT = ("cursor", "head")
"""Tables whose rows are overwritten, and never removed."""

LOGS = ("checkpoint", "entry", "flow", "subtree")
"""On SQLite INSERT OR REPLACE removes a row without asking the triggers; here it is asked before."""

FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE restrict_violation USING MESSAGE = format('%s: %s is refused', TG_TABLE_NAME, lower(TG_OP));
END $$
"""


def refuse(table: str, name: str, event: str, when: str = "") -> None:
    """Make the trigger `<table>_<name>`: the event is an error, under a condition if one is given."""
    if op.get_bind().dialect.name == "postgresql":
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        condition = f" WHEN ({when})" if when else ""
        body = f"FOR EACH {each}{condition} EXECUTE FUNCTION refuse_change()"
    else:
        condition = f" WHEN {when}" if when else ""
        message = f"{table}: {event.split(maxsplit=1)[0].lower()} is refused"
        body = f"FOR EACH ROW{condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
    op.execute(f'CREATE TRIGGER {table}_{name} BEFORE {event} ON "{table}" {body}')


def refuse_changes() -> None:
    """Make all triggers."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(FUNCTION)
    for table in (*FINAL, *VERSIONS, *KEPT):
        refuse(table, "no_delete", "DELETE")
        if postgresql:
            refuse(table, "no_truncate", "TRUNCATE")
    for table in (*FINAL, "opening"):
        refuse(table, "no_update", "UPDATE")
    for table in VERSIONS:
        fixed = ", ".join(f'"{column.name}"' for column in TABLES[table][1] if column.name != "until")
        refuse(table, "no_update", f"UPDATE OF {fixed}")
        refuse(table, "until_once", "UPDATE OF until", "OLD.until IS NOT NULL OR NEW.until IS NULL")
    if not postgresql:
        for table in LOGS:
            same = " AND ".join(f'"{name}" = NEW."{name}"' for name in TABLES[table][0])
            refuse(table, "no_replace", "INSERT", f'EXISTS (SELECT 1 FROM "{table}" WHERE {same})')


def upgrade() -> None:
    """Make the tables, their indexes and their triggers."""
    for table, (key, columns) in TABLES.items():
        for column in columns:
            column.primary_key = column.name in key
        checks = [CheckConstraint("id = 1", name="head_is_one")] if table == "head" else []
        op.create_table(table, *columns, *checks, sqlite_with_rowid=len(key) == 1)
    for name, table, columns_of in INDEXES:
        op.create_index(name, table, list(columns_of))
    for name, table, columns_of in UNIQUE:
        op.create_index(name, table, list(columns_of), unique=True)
    still_open = text("until IS NULL")
    for name, table, columns_of in OF_OPEN:
        op.create_index(name, table, list(columns_of), sqlite_where=still_open, postgresql_where=still_open)
    for table in VERSIONS:
        entity = [name for name in TABLES[table][0] if name not in SPAN]
        op.create_index(
            f"{table}_open", table, entity, unique=True, sqlite_where=still_open, postgresql_where=still_open
        )
    refuse_changes()
