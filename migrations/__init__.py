"""The history of the schema, by Alembic: `upgrade` brings a database to the newest revision, on either engine."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger.database import engine


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to a revision, in one transaction; a missing SQLite file is made.

    Raises UnknownDatabase, and what the driver raises for a database that cannot be reached.
    """
    made = engine(url, create=True)
    try:
        with made.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        made.dispose()


def behind(url: str) -> bool:
    """Whether the schema is another than this software's. Raises as `upgrade`, also for a missing file."""
    made = engine(url)
    try:
        with made.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    finally:
        made.dispose()
    return current != (revisions()[-1],)
