"""Does every command that needs no gateway do what it says, and end with the code that tells how?"""

from __future__ import annotations

import argparse
import json
import re
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from ketenboek_client import Anchor, Key

from api.cli import parser
from api.settings import Settings
from ledger import codes
from ledger.store import Store
from tests.command import ketenboek, started
from tests.served import ORIGIN, Nursery

COMMANDS = [
    "keygen", "migrate", "found", "serve", "token", "record", "submit", "query", "lineage", "audit", "verify",
    "rebuild", "simulate", "schema", "actions", "codes",
]  # fmt: skip


def test_these_are_the_commands() -> None:
    made = parser(Settings())
    [choices] = [action.choices for action in made._actions if isinstance(action, argparse._SubParsersAction)]
    assert sorted(choices) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_takes(command: str) -> None:
    done = ketenboek(command, "--help")
    assert done.code == 0
    assert done.out.startswith(f"usage: ketenboek {command} ")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["plant"],
        ["keygen"],
        ["found", "--name", "N"],
        ["codes", "--kind", "PLANT", "--count", "many"],
        ["audit", "--nothing"],
        ["record", "registerVariety"],
        ["verify", "receipt.json"],
    ],
)
def test_wrong_use_is_2(words: list[str]) -> None:
    done = ketenboek(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: ketenboek")


def test_a_wrong_setting_is_2() -> None:
    for settings in ({"port": "x"}, {"explorer": "yes"}, {"log": "xml"}):
        assert ketenboek("codes", "--kind", "PLANT", **settings).code == 2


def test_keygen_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    done = ketenboek("keygen", "--out", path)
    assert (done.code, done.out) == (0, Key.load(path).id + "\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    jwk = json.loads(path.read_text())
    assert (jwk["kty"], jwk["crv"], sorted(jwk)) == ("OKP", "Ed25519", ["crv", "d", "kty", "x"])


def test_keygen_never_overwrites(tmp_path: Path) -> None:
    path, link = tmp_path / "key.jwk", tmp_path / "link.jwk"
    path.write_text("mine")
    link.symlink_to(tmp_path / "nowhere")
    for taken in (path, link, tmp_path):
        assert ketenboek("keygen", "--out", taken).code == 2
    assert path.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert ketenboek("keygen", "--out", tmp_path / "no" / "key.jwk").code == 4


def test_a_key_can_be_kept_under_a_passphrase(tmp_path: Path) -> None:
    path, right, wrong = tmp_path / "key.jwk", tmp_path / "right", tmp_path / "wrong"
    right.write_text("zeer geheim\n")
    wrong.write_text("geheim\n")
    done = ketenboek("keygen", "--out", path, "--passphrase-file", right, "--json")
    assert done.object == {"key": done.object["key"], "public": done.object["public"], "file": str(path)}
    assert "kty" not in path.read_text()
    assert Key.load(path, "zeer geheim").id == done.object["key"]
    token = ["token", "--key", path, "--origin", ORIGIN]
    assert ketenboek(*token, "--passphrase-file", right).code == 0
    assert [ketenboek(*token, *more).code for more in ([], ["--passphrase-file", wrong])] == [4, 4]
    assert ketenboek("keygen", "--out", tmp_path / "b", "--passphrase-file", tmp_path / "none").code == 4
    assert not (tmp_path / "b").exists()


def test_a_token_opens_the_gateway(nursery: Nursery) -> None:
    key = nursery.growers[0].key_file
    plain = ketenboek("token", "--key", key, "--origin", ORIGIN)
    told = ketenboek("token", "--origin", ORIGIN, "--minutes", 1, "--json", key=key).object
    assert told["key"] == Key.load(key).id
    with nursery.serve() as served:
        for token in (plain.out.strip(), told["token"]):
            headers = {"authorization": f"Bearer {token}"}
            answer = httpx.post(f"{served.url}/graphql", json={"query": "{ ledger { origin } }"}, headers=headers)
            assert answer.json() == {"data": {"ledger": {"origin": ORIGIN}}}


def test_a_token_lasts_five_minutes_at_most(tmp_path: Path, nursery: Nursery) -> None:
    key = nursery.growers[0].key_file
    for minutes in (0, 6):
        assert ketenboek("token", "--key", key, "--origin", ORIGIN, "--minutes", minutes).code == 2
    assert ketenboek("token", "--origin", ORIGIN).code == 2
    (tmp_path / "text").write_text("no key")
    for unreadable in (tmp_path / "none", tmp_path / "text", tmp_path):
        assert ketenboek("token", "--key", unreadable, "--origin", ORIGIN).code == 4


def test_migrate_brings_an_empty_database_up_and_check_only_looks(
    engine: str, new_database: Callable[..., str]
) -> None:
    url = new_database(engine, migrated=False)
    assert ketenboek("migrate", "--database", url, "--check").code == 4
    assert ketenboek("migrate", "--database", url).code == 0
    assert ketenboek("migrate", "--database", url, "--check").code == 0
    assert ketenboek("migrate", database=url).code == 0
    assert ketenboek("migrate", "--json", "--check", database=url).object["revision"]


def test_a_database_that_is_not_there_is_4_and_no_database_2(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    assert ketenboek("migrate", "--database", f"sqlite:///{missing}", "--check").code == 4
    assert not missing.exists()
    (tmp_path / "text.db").write_text("no database" * 1_000)
    assert ketenboek("migrate", "--database", f"sqlite:///{tmp_path}/text.db").code == 4
    assert ketenboek("migrate", "--database", f"sqlite:///{tmp_path}/no/folder.db").code == 4
    nobody = ketenboek("migrate", "--database", "postgresql://u:secret@127.0.0.1:9/x")
    assert nobody.code == 4
    assert "secret" not in nobody.err
    for wrong in ("mysql://localhost/x", "ledger.db", "sqlite://", ""):
        assert ketenboek("migrate", "--database", wrong).code == 2


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    """Key files of a founding."""
    made = {name: tmp_path / f"{name}.jwk" for name in ("founder", "offline", "gateway")}
    for path in made.values():
        Key.generate().save(path)
    return made


def founding(database: str, keys: dict[str, Path], *more: object) -> list[object]:
    """The words of `found`."""
    files = ["--founder", keys["founder"], "--offline", keys["offline"], "--checkpoint-key", keys["gateway"]]
    return ["found", "--database", database, "--origin", "new.example/nl", "--name", "New", *files, *more]


def test_found_makes_entry_0_once_and_prints_the_anchor(
    engine: str, database: str, new_database: Callable[..., str], keys: dict[str, Path]
) -> None:
    done = ketenboek(*founding(database, keys))
    assert done.code == 0
    anchor = Anchor.parse(done.out.removesuffix("\n"))
    store = Store.open(database)
    assert (anchor.origin, anchor.hash) == ("new.example/nl", store.hashes(0, 1)[0])
    statement = json.loads(store.entry_bytes(0) or b"")["statement"]
    store.close()
    assert (statement["action"], statement["data"]["authority"]) == ("foundLedger", "ministry")
    assert "sandbox" not in statement["data"]
    again = ketenboek(*founding(database, keys, "--json"))
    assert again.code == 1
    assert "already" in again.object["error"]
    assert ketenboek(*founding(new_database(engine, migrated=False), keys)).code == 4


def test_found_takes_a_sandbox_at_a_time_and_another_authority(database: str, keys: dict[str, Path]) -> None:
    at = "2025-01-06T08:00:00.000Z"
    done = ketenboek(*founding(database, keys, "--sandbox", "--at", at, "--authority", "vws", "--json"))
    assert done.object == {"anchor": done.object["anchor"], "origin": "new.example/nl"}
    store = Store.open(database)
    entry = json.loads(store.entry_bytes(0) or b"")
    store.close()
    assert entry["recorded"] == at
    assert entry["statement"]["data"]["sandbox"] is True
    assert entry["statement"]["data"]["authority"] == "vws"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--at", "2025-01-06T08:00:00.000Z"], 2),
        (["--sandbox", "--at", "2025-01-06"], 2),
        (["--origin", "https://new.example"], 2),
        (["--authority", "Het Ministerie"], 1),
        (["--name", ""], 1),
        (["--founder", "none.jwk"], 4),
    ],
)
def test_a_founding_that_cannot_be_leaves_nothing(
    more: list[str], code: int, keys: dict[str, Path], new_database: Callable[..., str]
) -> None:
    database = new_database("sqlite")
    done = ketenboek(*founding(database, keys, *more))
    assert (done.code, done.out) == (code, "")
    assert ketenboek(*founding(database, keys)).code == 0


def test_the_two_keys_of_a_founding_are_two(keys: dict[str, Path], new_database: Callable[..., str]) -> None:
    assert ketenboek(*founding(new_database("sqlite"), {**keys, "offline": keys["founder"]})).code == 1


def test_serve_says_what_it_lacks(
    keys: dict[str, Path], engine: str, database: str, new_database: Callable[..., str], tmp_path: Path
) -> None:
    serve = ["serve", "--port", 0, "--database", database]
    (tmp_path / "text.jwk").write_text("no key")
    assert ketenboek(*serve).code == 2
    assert ketenboek(*serve, checkpoint_key=keys["gateway"]).code == 4  # not founded
    assert ketenboek(*founding(database, keys)).code == 0
    for unfit in (keys["founder"], tmp_path / "none.jwk", tmp_path / "text.jwk"):
        assert ketenboek(*serve, checkpoint_key=unfit).code == 4
    unmigrated = new_database(engine, migrated=False)
    assert ketenboek("serve", checkpoint_key=keys["gateway"], database=unmigrated).code == 4
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ketenboek("serve", "--port", port, checkpoint_key=keys["gateway"], database=database).code == 4


def test_serve_prints_where_it_listens_and_ends_with_0(keys: dict[str, Path], new_database: Callable[..., str]) -> None:
    database = new_database("sqlite")
    ketenboek(*founding(database, keys))
    settings = {"checkpoint_key": keys["gateway"], "database": database, "log": "json"}
    process = started("serve", "--port", 0, "--host", "127.0.0.1", **settings)
    assert process.stdout is not None
    line = process.stdout.readline()
    url = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
    assert url, line
    assert httpx.get(f"{url[1]}/health/ready").is_success
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert [json.loads(said)["level"] for said in err.splitlines()]


def test_serve_ends_with_0_when_it_is_interrupted(nursery: Nursery) -> None:
    with nursery.serve() as served:
        assert served.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--database", "sqlite:///a.db", "--gateway", "http://127.0.0.1:9"],
        ["--gateway", "http://127.0.0.1:9"],
        ["--database", "sqlite:///a.db", "--growers", 0],
        ["--database", "sqlite:///a.db", "--entries", 0],
    ],
)
def test_a_simulation_goes_one_road_and_has_somebody_in_it(words: list[object]) -> None:
    assert ketenboek("simulate", "--seed", 1, *words).code == 2


def test_schema_is_the_committed_one() -> None:
    committed = Path(__file__).parent.parent / "schema/schema.graphql"
    assert ketenboek("schema").out == committed.read_text(encoding="utf-8")
    assert ketenboek("schema", "--json").object == {"schema": committed.read_text(encoding="utf-8")}
    done = ketenboek("schema", "--check")
    assert (done.code, done.out) == (0, "")


def test_schema_check_sees_a_difference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "schema.graphql"
    for text in (None, "type Query { nothing: Int }"):
        if text:
            other.write_text(text)
        monkeypatch.setattr("api.cli.asking.SDL", other)
        done = ketenboek("schema", "--check")
        assert (done.code, done.out) == (1, "")
        assert done.err


def test_actions_are_told_all_or_one() -> None:
    every = ketenboek("actions")
    assert (every.code, len(every.out.splitlines())) == (0, 29)
    assert "harvestPlants" in ketenboek("actions", "harvestPlants").out
    told: dict[str, Any] = ketenboek("actions", "--json").object
    assert (told["edition"], len(told["actions"])) == (1, 29)
    assert len(ketenboek("actions", "sellPackages", "--json").object["actions"]) == 1
    assert ketenboek("actions", "growHemp").code == 2


def test_codes_are_fresh_and_check() -> None:
    for kind, letter in (("PLANT", "P"), ("package", "E"), ("S", "S")):
        made = ketenboek("codes", "--kind", kind, "--count", 50).out.split()
        assert len(set(made)) == 50
        assert all(code.startswith(letter) and codes.checks(code) for code in made)
    assert len(ketenboek("codes", "--kind", "LOT", "--json").object["codes"]) == 1
    for wrong in (["--kind", "HEMP"], ["--kind", "PLANT", "--count", 0], ["--kind", "PLANT", "--count", 1_001]):
        assert ketenboek("codes", *wrong).code == 2
