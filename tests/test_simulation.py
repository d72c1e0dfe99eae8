"""Does a simulated chain behave like the real one, the same by either road, and stay within the rules?"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ketenboek_client import Client
from ketenboek_client import Gateway as Remote

from api import cli, simulation
from api.simulation import Plan, demo, found_sandbox, into_database, keep_keys, through_gateway
from api.simulation.keyring import Keyring
from api.simulation.serving import served
from ledger import audit, codes, instant
from ledger.anchor import Anchor
from ledger.balance import balance, conservation
from ledger.entry import recorded_of, statement_slice
from ledger.rows import Participant
from ledger.store import Store

PLAN: dict[str, Any] = {"seed": 7, "growers": 2, "shops": 5, "days": 8, "entries": None}
LITTLE = {**PLAN, "growers": 1, "shops": 2, "days": 2}


def silent(_: str) -> None:
    """Who hears no progress."""


def entries(url: str) -> list[bytes]:
    """The bytes of all entries."""
    with closing(Store.open(url)) as store:
        return [data for chunk in store.entries() for _, data, _ in chunk]


def statements(url: str) -> list[dict[str, Any]]:
    """All statements, in the order of the ledger."""
    return [json.loads(statement_slice(data)) for data in entries(url)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[str, Path]:
    """A simulated ledger, its address and the folder of its anchor, checkpoint and keys."""
    folder = tmp_path_factory.mktemp("small")
    path = folder / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    into_database(f"sqlite:///{path}", folder, **PLAN, progress=silent)
    return f"sqlite:///{path}", folder


def test_the_same_seed_gives_the_same_ledger(
    small: tuple[str, Path], new_database: Callable[..., str], tmp_path: Path
) -> None:
    url = new_database("sqlite")
    into_database(url, tmp_path, **PLAN, progress=silent)
    assert entries(url) == entries(small[0])
    for name in ("anchor", "checkpoint", "keys/shop-1-till-1.jwk"):
        assert (tmp_path / name).read_bytes() == (small[1] / name).read_bytes()


def test_another_seed_gives_another(small: tuple[str, Path], new_database: Callable[..., str], tmp_path: Path) -> None:
    url = new_database("sqlite")
    into_database(url, tmp_path, **{**LITTLE, "seed": 8}, progress=silent)
    here, there = [set(filter(codes.checks, str(statements(one)).split("'"))) for one in (url, small[0])]
    assert here
    assert not here & there


def test_it_passes_the_audit_on_both_engines(database: str, tmp_path: Path) -> None:
    into_database(database, tmp_path, **{**LITTLE, "growers": 2}, progress=silent)
    anchor = Anchor.parse((tmp_path / "anchor").read_text())
    report = audit.audit(database, anchor=anchor, checkpoints=[("kept", (tmp_path / "checkpoint").read_text())])
    assert report.verdict == "intact", report.faults
    assert report.anchored
    assert set(report.depths) == {"chain", "signatures", "custody", "projections"}


def test_both_roads_state_the_same(new_database: Callable[..., str], tmp_path: Path) -> None:
    bulk, url = new_database("sqlite"), new_database("sqlite")
    into_database(bulk, tmp_path / "bulk", **LITTLE, progress=silent)
    plan = Plan(LITTLE["seed"], LITTLE["growers"], LITTLE["shops"], LITTLE["days"])
    keyring = Keyring(plan.seed, plan.origin)
    found_sandbox(url, plan, keyring)
    keep_keys(keyring, tmp_path)
    with served(url, tmp_path / "gateway.jwk", tmp_path / "log") as address:
        done = through_gateway(address, tmp_path, **LITTLE, progress=silent)
        assert done["entries"] == len(entries(url))
        assert sorted(map(statement_slice, entries(url))) == sorted(map(statement_slice, entries(bulk)))
        with pytest.raises(simulation.Unsuitable):
            through_gateway(address, tmp_path, **LITTLE, progress=silent)
        goes_on_today(url, address, tmp_path)


def goes_on_today(url: str, address: str, keys: Path) -> None:
    """After the last simulated day the keys are good for acts of the wall clock's."""
    stock = (
        "SELECT unit.code FROM version JOIN unit ON unit.id = version.unit "
        "JOIN participant ON participant.participant = version.holder WHERE version.until IS NULL "
        "AND participant.until IS NULL AND participant.name = ? AND version.status = 'STOCK' AND version.mass < 5000"
    )
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        [code, *_] = [code for (code,) in database.execute(stock, ("De Blowboot",))]
    with Remote(address) as gateway:
        with Client(gateway, keys / "shop-1.jwk") as shop:
            assert shop.record("sellPackages", {"packages": [code]}).receipt.index == len(entries(url)) - 1
        with Client(gateway, keys / "grower-1.jwk") as grower:
            grower.record("registerVariety", {"variety": "of-today", "name": "Of today"})


def test_everything_happens_that_happens_in_the_real_one(small: tuple[str, Path]) -> None:
    made = statements(small[0])
    verdicts = [item["verdict"] for s in made if s["action"] == "receiveShipment" for item in s["data"]["packages"]]
    assert {"refused": "DAMAGED"} in verdicts
    assert {"missing": True} in verdicts
    reasons = {s["data"]["reason"] for s in made if s["action"] == "recordLoss"}
    assert reasons >= {"DEAD", "TRIM", "USED", "LIMITS", "DAMAGED"}
    done = {s["action"] for s in made}
    assert done >= {"returnPackages", "destroyWaste", "holdUnits", "releaseUnits", "revokeKey", "collectWaste"}
    scopes = [s["data"].get("scope") for s in made if s["action"] == "registerKey"]
    assert ["sellPackages"] in scopes
    late = [
        recorded_of(data) - instant.millis(s["at"])
        for data, s in zip(entries(small[0]), made, strict=True)
        if s["action"] == "sellPackages"
    ]
    assert max(late) > instant.DAY


def test_it_keeps_the_law(small: tuple[str, Path]) -> None:
    """Drying takes 70 to 80 % (domain §13), packages and sales are at most 5 g, three samples to a lot."""
    made = statements(small[0])
    mass = {}
    for s in made:
        data = s["data"]
        if s["action"] == "harvestPlants":
            mass[data["lot"]] = data["mass"]
        if s["action"] == "dryLot":
            assert 200 <= 1_000 * data["mass"] // mass[data["lot"]] <= 300
        if s["action"] == "takeSamples":
            assert len(data["samples"]) == 3
        if s["action"] == "packLot":
            assert 1_000 <= data["mass"] <= 5_000


def test_the_balances_close_for_everybody(small: tuple[str, Path]) -> None:
    with closing(Store.open(small[0])) as store:
        head = store.head()
        assert head is not None
        everybody = {row.participant for chunk in store.scan(Participant) for row in chunk}
        made = [balance(store, name, 0, head.size - 1) for name in sorted(everybody)]
        assert [one.difference for one in made] == [0] * len(made)
        assert sum(one.total("harvested") > 0 for one in made) == PLAN["growers"]
        assert sum(one.total("sold") > 0 for one in made) == PLAN["shops"]
        whole = conservation(store)
        assert whole.difference == 0
        assert whole.units == []


@pytest.mark.parametrize("wanted", [150, 1_500])
def test_it_stops_at_the_entries_that_were_asked_for(
    wanted: int, new_database: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = new_database("sqlite")
    arguments = [
        "simulate",
        "--seed",
        "3",
        "--entries",
        str(wanted),
        "--database",
        url,
        "--out",
        str(tmp_path),
        "--json",
    ]
    assert cli.main(arguments) == 0
    size = json.loads(capsys.readouterr().out)["entries"]
    assert wanted <= size < wanted + 100
    assert size == len(entries(url))
    assert cli.main(arguments) == 1, "a ledger is there already"


@pytest.mark.parametrize("size", [("0", "1", "1"), ("11", "1", "1"), ("1", "75", "1")])
def test_a_plan_that_cannot_be_played_is_wrong_use(
    size: tuple[str, str, str], new_database: Callable[..., str], tmp_path: Path
) -> None:
    growers, shops, days = size
    plan = ["--seed", "1", "--growers", growers, "--shops", shops, "--days", days]
    assert cli.main(["simulate", *plan, "--database", new_database("sqlite"), "--out", str(tmp_path)]) == 2


def test_the_demonstration_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.main(replace(demo.PLAN, growers=1, shops=2, days=2, customers=6)) == 0
    left = {path.relative_to("demo").as_posix() for path in Path("demo").rglob("*")}
    assert left >= {"ketenboek.db", "tampered.db", "anchor", "checkpoint", "sold", "receipt.json", "report.json"}
    assert left >= {"tampered.json", "tampered-entry", "keys/founder.jwk", "keys/shop-2.jwk", "keys/grower-1.jwk.state"}
    report = json.loads(Path("demo/report.json").read_text())
    assert (report["verdict"], report["anchored"]) == ("intact", True)
    assert report["checkpoints"][-1]["verdict"] == "intact"
    tampered = json.loads(Path("demo/tampered.json").read_text())
    assert tampered["faults"][0]["index"] == int(Path("demo/tampered-entry").read_text())
    assert cli.main(["verify", "demo/receipt.json", "--anchor", "demo/anchor"]) == 0
