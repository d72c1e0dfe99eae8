"""Do the commands that speak to a gateway do what they say, exactly once, and end with the right code?"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ketenboek_client import Client, Key

from ledger.canonical import unb64
from ledger.codes import mint
from ledger.store import Store
from tests.command import Done, ketenboek, started
from tests.served import Chain, Grower, Nursery, Served

SECOND = 0.01


@pytest.fixture
def as_grower(chain: Chain) -> dict[str, Any]:
    """The settings of a grower at work on the sandbox."""
    return {"gateway": chain.served.url, "key": chain.key_file("grower-1")}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that is not there is asked once."""
    monkeypatch.setattr("api.cli.outcome.PATIENCE", 0.0)


def variety(name: str) -> str:
    return json.dumps({"variety": name, "name": name.capitalize()})


def test_record_signs_sends_and_prints_the_entry(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    done = ketenboek("record", "registerVariety", variety("amnesia"), **as_grower)
    assert done.code == 0
    assert done.out.startswith("recorded as entry ")
    told = ketenboek("record", "registerVariety", variety("bubba"), "--json", **as_grower).object
    [receipt] = told["receipts"]
    assert (told["outcome"], told["replayed"]) == ("recorded", False)
    assert sorted(receipt) == ["entry", "entryHash", "file", "index", "proof", "recorded"]
    assert receipt["index"] == int(done.out.split()[3]) + 1
    (tmp_path / "receipt.json").write_text(receipt["file"])
    (tmp_path / "anchor").write_text(chain.anchor.text())
    assert ketenboek("verify", tmp_path / "receipt.json", "--anchor", tmp_path / "anchor").code == 0


def test_record_takes_a_time(as_grower: dict[str, Any]) -> None:
    at = "2025-06-20T10:00:00.000Z"
    told = ketenboek("record", "registerVariety", variety("cherry"), "--at", at, "--json", **as_grower).object
    assert json.loads(told["receipts"][0]["entry"])["statement"]["at"] == at
    for wrong in ("2025-06-20", "now", ""):
        assert ketenboek("record", "registerVariety", variety("x"), "--at", wrong, **as_grower).code == 2


def test_record_seals_what_is_given_plain(chain: Chain, as_grower: dict[str, Any]) -> None:
    site = json.dumps({"site": "hall-9", "address": "Geheimweg 9"})
    [receipt] = ketenboek("record", "registerSite", site, "--json", **as_grower).object["receipts"]
    data = json.loads(receipt["entry"])["statement"]["data"]
    assert sorted(data) == ["address", "site"]
    assert list(data["address"]) == ["sealed"]
    store = Store.open(chain.database)
    opening = store.opening(unb64(data["address"]["sealed"]))
    store.close()
    assert opening is not None
    assert '"Geheimweg 9"' in opening


def test_a_refusal_is_1_and_told(as_grower: dict[str, Any]) -> None:
    harvest = {"plants": [mint("P", bytes)], "lot": mint("B", bytes), "mass": 1, "position": "A"}
    done = ketenboek("record", "harvestPlants", json.dumps(harvest), **as_grower)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("UNIT_UNKNOWN at 0.data.plants.0")
    told = ketenboek("record", "harvestPlants", json.dumps(harvest), "--json", **as_grower)
    assert told.code == 1
    assert (told.object["outcome"], told.object["retryAfter"]) == ("rejected", None)
    [problem] = told.object["problems"]
    assert sorted(problem) == ["code", "entry", "expected", "message", "path", "unit"]
    assert (problem["code"], problem["path"]) == ("UNIT_UNKNOWN", ["0", "data", "plants", "0"])
    told = ketenboek("record", "growHemp", "{}", "--json", **as_grower)
    assert (told.code, told.object["problems"][0]["code"]) == (1, "ACTION_UNKNOWN")


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "1", '{"mass": 1.0}', '{"mass": 1e3}', '{"a": NaN}', '{"a": 1' + "0" * 30 + "}"]
)
def test_data_that_cannot_be_signed_is_2(as_grower: dict[str, Any], data: str) -> None:
    done = ketenboek("record", "registerVariety", data, **as_grower)
    assert (done.code, done.out) == (2, "")


def test_preview_records_nothing(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    before = size(chain)
    assert ketenboek("record", "registerVariety", variety("later"), "--preview", **as_grower).code == 0
    told = ketenboek("record", "registerVariety", variety("later"), "--preview", "--json", **as_grower)
    assert (told.code, told.object["outcome"], told.object["preview"]) == (0, "previewed", True)
    told = ketenboek("record", "registerVariety", variety("haze"), "--preview", "--json", **as_grower)
    assert (told.code, told.object["outcome"], told.object["preview"]) == (1, "rejected", True)
    assert told.object["previews"][0]["problems"][0]["code"] == "NAME_USED"
    path = lines(tmp_path, [("registerVariety", {"variety": "later", "name": "Later"})] * 2)
    told = ketenboek("submit", path, "--preview", "--json", **as_grower)
    assert [bool(one["problems"]) for one in told.object["previews"]] == [False, True], "each after those before it"
    assert told.code == 1
    path.write_text("\n" + path.read_text())
    assert f"{path}, line 3: NAME_USED at 1.data.variety" in ketenboek("submit", path, "--preview", **as_grower).err
    assert not path.with_name("acts.jsonl.state").exists()
    assert size(chain) == before


def size(chain: Chain) -> int:
    store = Store.open(chain.database)
    head = store.head()
    store.close()
    assert head is not None
    return head.size


def lines(folder: Path, acts: list[tuple[str, dict[str, Any]]], **more: Any) -> Path:
    """A file of actions, one a line."""
    path = folder / "acts.jsonl"
    path.write_text("".join(json.dumps({"action": action, "data": data, **more}) + "\n" for action, data in acts))
    return path


def test_what_is_not_there_is_4(as_grower: dict[str, Any], tmp_path: Path) -> None:
    record = ["record", "registerVariety", variety("xx")]
    nowhere = {**as_grower, "gateway": "http://127.0.0.1:9"}
    for words in (["query", "-"], ["lineage", "E" * 22], [*record, "--preview"]):
        done = ketenboek(*words, stdin="{ ledger { name } }", **nowhere)
        assert (done.code, done.out) == (4, ""), words
    assert ketenboek(*record, **{**as_grower, "key": tmp_path / "none.jwk"}).code == 4
    assert ketenboek("submit", tmp_path / "none.jsonl", **as_grower).code == 4
    assert ketenboek("query", tmp_path / "none.graphql", **as_grower).code == 4


def test_what_was_not_answered_is_brought_to_an_end_first(chain: Chain, as_grower: dict[str, Any]) -> None:
    """Signed and kept while the gateway is away; told apart from what is asked afterwards."""
    before = size(chain)
    nowhere = {**as_grower, "gateway": "http://127.0.0.1:9"}
    good, bad = (["record", "registerVariety", variety(name)] for name in ("away", "haze"))
    assert ketenboek(*good, **nowhere).code == 4
    assert ketenboek(*good, **as_grower).code == 0
    assert size(chain) == before + 1
    assert ketenboek(*bad, **nowhere).code == 4
    done = ketenboek("record", "registerVariety", variety("back"), **as_grower)
    assert (done.code, "not sent" in done.err, "NAME_USED" in done.err) == (1, True, True)
    assert ketenboek("record", "registerVariety", variety("back"), **as_grower).code == 0
    assert size(chain) == before + 2


def test_without_a_gateway_or_a_key_it_is_2(as_grower: dict[str, Any]) -> None:
    for lacking in ("gateway", "key"):
        some = {name: value for name, value in as_grower.items() if name != lacking}
        assert ketenboek("record", "registerVariety", variety("x"), **some).code == 2
    for wrong in ("127.0.0.1:8000", "ftp://gateway", "http://", "::"):
        assert ketenboek("record", "registerVariety", variety("x"), "--gateway", wrong, **as_grower).code == 2


def test_a_second_process_with_the_key_is_4(chain: Chain, nursery: Nursery) -> None:
    with nursery.serve() as served, nursery.remote(served) as remote:
        [grower, *_] = nursery.growers
        work: dict[str, Any] = {"gateway": served.url, "key": grower.key_file}
        with Client(remote, grower.key_file):
            done = ketenboek("record", "registerVariety", variety("x"), **work)
            assert (done.code, "another process" in done.err) == (4, True)
            assert ketenboek("submit", lines(chain.folder, []), **work).code == 4


def test_submit_records_each_line_once(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    acts = [("registerVariety", {"variety": f"v-{number}", "name": "V"}) for number in range(7)]
    path = lines(tmp_path, acts, at="2025-07-01T08:00:00.000Z")
    before = size(chain)
    told = ketenboek("submit", path, "--size", 3, "--json", **as_grower)
    assert told.code == 0
    assert [receipt["index"] for receipt in told.object["receipts"]] == list(range(before, before + 7))
    assert told.object["outcome"] == "recorded"
    again = ketenboek("submit", path, "--size", 3, **as_grower)
    assert (again.code, size(chain)) == (0, before + 7)
    path.write_text(
        path.read_text() + "\n" + json.dumps({"action": "registerVariety", "data": {"variety": "v-7", "name": "V"}})
    )
    assert ketenboek("submit", path, **as_grower).code == 0
    assert size(chain) == before + 8


def test_submit_stops_at_a_refusal_and_goes_on_when_it_is_mended(
    chain: Chain, as_grower: dict[str, Any], tmp_path: Path
) -> None:
    names = ["w-0", "w-1", "haze", "w-3"]
    path = lines(tmp_path, [("registerVariety", {"variety": name, "name": "W"}) for name in names])
    before = size(chain)
    done = ketenboek("submit", path, "--size", 1, **as_grower)
    assert (done.code, size(chain)) == (1, before + 2)
    assert f"{path}, line 3: NAME_USED at 0.data.variety" in done.err
    assert "2 actions before it are recorded" in done.err
    path.write_text("\n" + path.read_text())
    assert f"{path}, line 4: NAME_USED at 0.data.variety" in ketenboek("submit", path, **as_grower).err
    path.write_text(path.read_text().replace('"haze"', '"w-2"'))
    assert ketenboek("submit", path, "--size", 1, **as_grower).code == 0
    assert size(chain) == before + 4


def test_submit_passes_over_only_what_it_recorded(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    path = lines(tmp_path, [("registerVariety", {"variety": "monday", "name": "M"})])
    assert ketenboek("submit", path, **as_grower).code == 0
    before = size(chain)
    path = lines(tmp_path, [("registerVariety", {"variety": "tuesday", "name": "T"})])
    done = ketenboek("submit", path, **as_grower)
    assert (done.code, done.out, size(chain)) == (2, "", before)
    assert f"remove {path}.state" in done.err
    rival = {**as_grower, "key": chain.key_file("grower-2")}
    assert ketenboek("submit", path, **rival).code == 2
    Path(f"{path}.state").unlink()
    assert ketenboek("submit", path, **as_grower).code == 0
    assert size(chain) == before + 1


def test_a_text_may_hold_what_unicode_takes_for_the_end_of_a_line(
    chain: Chain, as_grower: dict[str, Any], tmp_path: Path
) -> None:
    path, before = tmp_path / "acts.jsonl", size(chain)
    act = {"action": "registerSite", "data": {"site": "hall-8", "address": "Kasweg 8\u2028Venlo"}}
    path.write_text(json.dumps(act, ensure_ascii=False) + "\r\n", encoding="utf-8")
    assert ketenboek("submit", path, **as_grower).code == 0
    assert size(chain) == before + 1


def test_submit_reads_from_stdin(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    before = size(chain)
    text = lines(tmp_path, [("registerVariety", {"variety": "piped", "name": "P"})]).read_text()
    assert ketenboek("submit", "-", stdin=text, **as_grower).code == 0
    assert size(chain) == before + 1


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", '{"action": "sellPackages"}', '{"action": 1, "data": {}}', '{"action": "a", "data": []}',
        '{"action": "a", "data": {}, "at": "yesterday"}', '{"action": "a", "data": {}, "at": 5}',
        '{"action": "a", "data": {}, "key": "k"}', '{"action": "a", "data": {"mass": 0.5}}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_action_is_2_and_nothing_is_sent(
    chain: Chain, as_grower: dict[str, Any], tmp_path: Path, line: str
) -> None:
    path, before = tmp_path / "acts.jsonl", size(chain)
    good = json.dumps({"action": "registerVariety", "data": {"variety": "good", "name": "Good"}})
    path.write_text(f"{good}\n\n{line}\n")
    done = ketenboek("submit", path, **as_grower)
    assert (done.code, "line 3" in done.err, size(chain)) == (2, True, before)
    assert [ketenboek("submit", path, "--size", size_, **as_grower).code for size_ in (0, 1_001)] == [2, 2]


@pytest.fixture
def walled(nursery: Nursery) -> Iterator[tuple[Served, Grower]]:
    """A gateway on a ledger with a wall clock, and a grower."""
    with nursery.serve() as served:
        yield served, nursery.growers[1]


def test_submit_killed_in_the_middle_goes_on_where_it_was(
    nursery: Nursery, walled: tuple[Served, Grower], tmp_path: Path
) -> None:
    served, grower = walled
    count = 150
    path = lines(tmp_path, [(action, data) for action, data, _ in grower.moves(count)])
    words = ["submit", path, "--size", 2, "--gateway", served.url, "--key", grower.key_file]
    with nursery.remote(served) as remote:
        for _ in range(2):
            before = remote.checkpoint()
            process = started(*words)
            while remote.checkpoint() == before and process.poll() is None:
                time.sleep(SECOND)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert process.returncode == -signal.SIGKILL, "it was over before it could be killed"
    done = ketenboek(*words)
    assert done.code == 0
    assert f"of {count} actions recorded now" in done.out
    grower.stated += count
    nursery.check()


def test_a_key_that_the_ledger_does_not_know_is_refused(
    chain: Chain, walled: tuple[Served, Grower], tmp_path: Path
) -> None:
    """On a sandbox, which shows itself to everybody, and on a ledger that does not."""
    stranger = tmp_path / "stranger.jwk"
    ketenboek("keygen", "--out", stranger)
    path = lines(tmp_path, [("registerVariety", {"variety": "x", "name": "X"})])
    for url in (chain.served.url, walled[0].url):
        for words in (["record", "registerVariety", variety("x")], ["submit", path]):
            for more in ([], ["--preview"]):
                told = ketenboek(*words, *more, "--json", gateway=url, key=stranger)
                [problem] = told.object["problems"]
                assert (told.code, told.object["outcome"]) == (1, "rejected")
                assert (problem["code"], problem["path"]) == ("KEY_UNKNOWN", ["0", "key"])
    assert not Path(f"{path}.state").exists()


def test_query_prints_the_body_as_it_came(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "q.graphql"
    path.write_text("query($c: Code!) { unit(code: $c) { code } }")
    variables = json.dumps({"c": chain.packages[0]})
    gateway = {"gateway": chain.served.url}
    body = {"data": {"unit": {"code": chain.packages[0]}}}
    done = ketenboek("query", path, "--variables", variables, **gateway)
    assert (done.code, json.loads(done.out)) == (0, body)
    assert ketenboek("query", path, "--variables", variables, "--json", **gateway).object == body
    assert ketenboek("query", "-", stdin="{ ledger { name } }", **gateway).code == 0
    assert ketenboek("query", path, "--variables", variables, "--json", **as_grower).object == body
    rival = chain.key_file("grower-2")
    hidden = ketenboek("query", path, "--variables", variables, "--json", "--key", rival, **gateway)
    assert hidden.object == {"data": {"unit": None}}
    for wrong in ("{", "[]", "x"):
        assert ketenboek("query", path, "--variables", wrong, **gateway).code == 2


def test_a_query_with_errors_is_1(chain: Chain, walled: tuple[Served, Grower]) -> None:
    served, grower = walled
    done = ketenboek("query", "-", "--json", stdin="{ nothing }", gateway=chain.served.url)
    assert (done.code, done.object["errors"][0]["extensions"]["code"]) == (1, "BAD_REQUEST")
    without = ketenboek("query", "-", "--json", stdin="{ ledger { name } }", gateway=served.url)
    assert (without.code, without.object["errors"][0]["extensions"]["code"]) == (1, "UNAUTHENTICATED")
    assert ketenboek("query", "-", stdin="{ ledger { name } }", gateway=served.url, key=grower.key_file).code == 0


def lineage(chain: Chain, *more: object) -> tuple[Done, Done]:
    """The lineage of the sold package by both roads."""
    words = ["lineage", chain.packages[0], *more]
    return (
        ketenboek(*words, "--gateway", chain.served.url, "--key", chain.key_file("ijenv")),
        ketenboek(*words, "--database", chain.database),
    )


def test_lineage_is_the_same_by_both_roads(chain: Chain) -> None:
    for more in ([], ["--depth", 1], ["--forward"], ["--forward", "--depth", 0]):
        asked, read = lineage(chain, *more)
        assert (asked.code, read.code) == (0, 0)
        assert asked.out == read.out
        assert chain.packages[0] in asked.out
    for more in (["--json"], ["--json", "--depth", 1], ["--json", "--forward"]):
        asked, read = lineage(chain, *more)
        assert asked.object == read.object


def test_lineage_tells_quantities_and_dates_back_to_the_plants(chain: Chain) -> None:
    asked, _ = lineage(chain, "--json")
    found = asked.object
    assert {"units", "flows", "totalUnits", "complete", "frontier"} <= set(found)
    assert found["complete"] is True
    assert {unit["kind"] for unit in found["units"]} == {"PLANT", "LOT", "PACKAGE"}
    packed = [flow for flow in found["flows"] if flow["to"] == chain.packages[0]]
    assert [flow["mass"] for flow in packed] == [1_000]
    tree, _ = lineage(chain)
    for word in ("1.000 g", "2025-06-01", "Grower-1", "Haze"):
        assert word.lower() in tree.out.lower(), tree.out


def test_a_lineage_that_cannot_be_shown(chain: Chain, as_grower: dict[str, Any], tmp_path: Path) -> None:
    unknown = mint("E", bytes)
    assert ketenboek("lineage", unknown, **as_grower).code == 1
    assert ketenboek("lineage", unknown, "--database", chain.database).code == 1
    rival = {**as_grower, "key": chain.key_file("grower-2")}
    assert ketenboek("lineage", chain.packages[0], **rival).code == 1
    assert ketenboek("lineage", chain.packages[0], "--database", f"sqlite:///{tmp_path}/none.db").code == 4
    assert ketenboek("lineage", chain.packages[0], "--depth", -1, **as_grower).code == 2
    assert ketenboek("lineage", chain.packages[0], database=f"sqlite:///{tmp_path}/none.db").code == 4
    assert ketenboek("lineage", chain.packages[0], database=chain.database).code == 0


def test_a_key_under_a_passphrase_records(chain: Chain, tmp_path: Path) -> None:
    secret, key = tmp_path / "secret", tmp_path / "carrier.jwk"
    secret.write_text("open")
    Key(chain.key("carrier-1")._seed).save(key, "open")
    words = ["query", "-", "--gateway", chain.served.url, "--key", key]
    assert ketenboek(*words, "--passphrase-file", secret, stdin="{ ledger { name } }").code == 0
    done = ketenboek(*words, stdin="{ ledger { name } }")
    assert (done.code, "--passphrase-file" in done.err) == (4, True)
    done = ketenboek("record", "registerVariety", variety("x"), "--gateway", chain.served.url, "--key", secret)
    assert (done.code, "not a key" in done.err, "encrypted: " in done.err) == (4, True, False)
