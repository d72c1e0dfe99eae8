"""A copy of a ledger in which one entry says one gram more, as somebody with the whole database could make it say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ledger.database import connect_sqlite
from ledger.errors import Malformed

GRAM = 1_000

_MASS = re.compile(rb'("data":\{.*?"mass":)([0-9]+)', re.DOTALL)


def tampered_copy(original: Path, copy: Path, index: int) -> None:
    """Copy a SQLite ledger that nobody has open, and add one gram to the mass in one entry of the copy.

    The triggers that refuse it are dropped first; the stored hash stays as it was. Raises Malformed
    for an entry without a mass.
    """
    copy.unlink(missing_ok=True)
    shutil.copyfile(original, copy)
    database = connect_sqlite(copy)
    try:
        database.execute("BEGIN IMMEDIATE")
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entry'")
        for (name,) in triggers.fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        [(data,)] = database.execute('SELECT "bytes" FROM "entry" WHERE "index" = ?', (index,))
        database.execute('UPDATE "entry" SET "bytes" = ? WHERE "index" = ?', (_heavier(data), index))
        database.execute("COMMIT")
    finally:
        database.close()
    settle(copy)


def settle(path: Path) -> None:
    """Bring all of a SQLite ledger that nobody has open into its one file, so that a plain copy of it is complete."""
    database = connect_sqlite(path)
    [(busy, _, _)] = database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert not busy, f"{path} is open elsewhere"


def _heavier(data: bytes) -> bytes:
    """The bytes of an entry with one gram more in its data."""
    changed, count = _MASS.subn(lambda found: found[1] + str(int(found[2]) + GRAM).encode(), data, count=1)
    if not count:
        raise Malformed("the entry holds no mass")
    return changed
