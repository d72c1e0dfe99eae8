"""Does every question get the ledger's answer: now and as of then, page by page, on both engines?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical, codes, instant, merkle, receipt
from ledger.proof import TlogProof
from tests.asking import Desk, key_of, opened
from tests.ledgers import ORIGIN

UNIT = """query($code: Code!, $asOf: AsOf) { unit(code: $code, asOf: $asOf) {
  id code kind mass pieces variety holder { participant } status position made { index } holds { index } } }"""
LINEAGE = """query($code: Code!, $way: Direction!, $depth: Int, $first: Int, $after: String) { unit(code: $code) {
  lineage(direction: $way, depth: $depth, first: $first, after: $after) { totalUnits complete frontier
    units { code } flows { from to mass pieces kind entry { index } } pageInfo { hasNextPage endCursor } } } }"""
ENTRIES = """query($first: Int, $after: String, $filter: EntryFilter) {
  entries(first: $first, after: $after, filter: $filter) { totalCount nodes { index action }
    edges { cursor node { index } } pageInfo { hasNextPage endCursor } } }"""
PREVIEW = """query($action: ActionInput!, $key: KeyId!, $sequence: Sequence, $at: Timestamp) {
  preview(action: $action, key: $key, sequence: $sequence, at: $at) { statement textToSign sequence salt at seenSize
    seenRoot until problems { code path unit entry } flows { from to mass pieces kind entry { index } } } }"""
PREVIEWS = """query($s: [CanonicalStatement!]!) { previewStatements(statements: $s) { statement textToSign sequence
  problems { code path } flows { from to } } }"""


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(sqlite_template, tmp_path_factory.mktemp("queries")) as made:
        yield made


def unit(desk: Desk, code: str, as_of: dict[str, Any] | None = None) -> Any:
    return desk.data(UNIT, {"code": code, "asOf": as_of})["unit"]


def test_a_unit_is_told_as_it_is(desk: Desk) -> None:
    chain = desk.chain
    lot = unit(desk, chain.lot)
    assert lot["made"]["index"] < chain.entries["packed"]
    assert lot == {
        "id": f"Unit:{chain.lot}", "code": chain.lot, "kind": "LOT", "mass": 86_600, "pieces": None,
        "variety": "Haze", "holder": {"participant": "grower-1"}, "status": "SAMPLED", "position": "B/2",
        "made": lot["made"], "holds": [],
    }  # fmt: skip
    mother, dead = unit(desk, chain.mother), unit(desk, chain.cuttings[3])
    assert (mother["kind"], mother["pieces"], mother["mass"], mother["status"]) == ("PLANT", 1, None, "GROWING")
    assert (dead["pieces"], dead["status"]) == (0, "WASTED")
    shipment = unit(desk, chain.shipment)
    assert (shipment["kind"], shipment["mass"], shipment["pieces"]) == ("SHIPMENT", None, None)
    sold = unit(desk, chain.packages[0])
    assert (sold["status"], sold["holder"], sold["mass"]) == ("SOLD", None, 0)
    assert unit(desk, desk.book.code("E")) is None


def test_a_unit_is_told_as_it_was(desk: Desk) -> None:
    chain, package = desk.chain, desk.chain.packages[0]
    packed, taken, sold = (chain.entries[name] for name in ("packed", "taken", "sold"))
    assert unit(desk, package, {"index": packed - 1}) is None
    for index, status, holder in (
        (packed, "STOCK", "grower-1"), (taken - 1, "UNDERWAY", "grower-1"), (taken, "STOCK", "shop-1"),
        (sold - 1, "STOCK", "shop-1"),
    ):  # fmt: skip
        then = unit(desk, package, {"index": index})
        assert (then["status"], then["holder"]["participant"]) == (status, holder), index
    assert unit(desk, package, {"index": sold})["status"] == "SOLD"
    assert unit(desk, package, {"index": 10**6}) is None, "no such entry yet"
    recorded = instant.millis(
        desk.data("query($i: Index!) { entry(index: $i) { recorded } }", {"i": taken})["entry"]["recorded"]
    )
    assert unit(desk, package, {"time": instant.text(recorded)})["holder"] == {"participant": "shop-1"}
    assert unit(desk, package, {"time": instant.text(recorded - 1)})["holder"] == {"participant": "grower-1"}
    assert unit(desk, package, {"time": "2000-01-01T00:00:00.000Z"}) is None
    assert unit(desk, package, {"time": "9999-01-01T00:00:00.000Z"})["status"] == "SOLD"


def test_holds_are_told_where_they_cover(desk: Desk) -> None:
    chain, held = desk.chain, desk.chain.entries["held"]
    for code in (chain.lot, chain.packages[4], chain.samples[0]):
        assert unit(desk, code, {"index": held})["holds"] == [{"index": held}]
        assert unit(desk, code, {"index": held - 1})["holds"] == []
        assert unit(desk, code, {"index": held + 1})["holds"] == [], "released"
    assert unit(desk, chain.mother, {"index": held})["holds"] == []


def test_a_history_is_paged_by_cursors_that_stay_valid(desk: Desk) -> None:
    document = """query($c: Code!, $first: Int, $after: String) { unit(code: $c) {
      history(first: $first, after: $after) { totalCount nodes { index } pageInfo { hasNextPage endCursor } } } }"""
    whole = desk.data(document, {"c": desk.chain.lot, "first": 100})["unit"]["history"]
    indexes = [node["index"] for node in whole["nodes"]]
    assert whole["totalCount"] == len(indexes) == len(set(indexes))
    assert indexes == sorted(indexes)
    assert desk.chain.entries["held"] in indexes
    found, after = [], None
    while True:
        page = desk.data(document, {"c": desk.chain.lot, "first": 2, "after": after})["unit"]["history"]
        assert page["totalCount"] == len(indexes)
        found += [node["index"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        assert len(page["nodes"]) == 2
    assert found == indexes


def lineage(desk: Desk, code: str, way: str, **more: Any) -> Any:
    return desk.data(LINEAGE, {"code": code, "way": way, **more})["unit"]["lineage"]


@pytest.mark.parametrize(("way", "units"), [("TO_SEED", 6), ("TO_SALE", 20)])
def test_a_lineage_is_one_graph_over_all_pages(desk: Desk, way: str, units: int) -> None:
    start = desk.chain.packages[0] if way == "TO_SEED" else desk.chain.mother
    whole = lineage(desk, start, way)
    codes_ = [one["code"] for one in whole["units"]]
    assert whole["complete"]
    assert whole["totalUnits"] == len(codes_) == len(set(codes_)) == units
    found: list[str] = []
    flows: list[Any] = []
    after = None
    while True:
        page = lineage(desk, start, way, first=4, after=after)
        assert page["totalUnits"] == units
        found += [one["code"] for one in page["units"]]
        flows += page["flows"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["complete"]
            break
        assert not page["complete"]
        assert page["frontier"]
    assert found == codes_
    key = json.dumps
    assert sorted(flows, key=key) == sorted(whole["flows"], key=key)


def test_a_lineage_may_be_cut_by_depth(desk: Desk) -> None:
    near = lineage(desk, desk.chain.packages[0], "TO_SEED", depth=1)
    assert [one["code"][0] for one in near["units"]] == ["B", "E"]
    assert not near["complete"]
    assert near["frontier"] == [desk.chain.lot]
    alone = lineage(desk, desk.chain.packages[0], "TO_SEED", depth=0)
    assert [one["code"] for one in alone["units"]] == [desk.chain.packages[0]]
    document = LINEAGE.replace("depth: $depth", "depth: -1").replace(", $depth: Int", "")
    assert desk.code(document, {"code": desk.chain.lot, "way": "TO_SEED"}) == "BAD_REQUEST"
    document = LINEAGE.replace("first: $first", "first: 10001").replace(", $first: Int", "")
    assert desk.code(document, {"code": desk.chain.lot, "way": "TO_SEED"}) == "PAGE_TOO_LARGE"


FILTERS: dict[str, Callable[[Desk], dict[str, Any]]] = {
    "everything": lambda _: {},
    "a participant": lambda _: {"participant": "shop-1"},
    "a key": lambda _: {"key": key_of("grower-1").id},
    "an action": lambda _: {"action": "packLot"},
    "a unit": lambda desk: {"unit": desk.chain.packages[0]},
    "a unit and a participant": lambda desk: {"unit": desk.chain.packages[0], "participant": "grower-1"},
    "a range": lambda _: {"first": 5, "last": 9},
    "a range and a participant": lambda _: {"first": 40, "participant": "shop-1"},
    "nobody": lambda _: {"participant": "nobody"},
    "no such unit": lambda desk: {"unit": desk.book.code("E")},
    "nulls": lambda _: {"participant": None, "unit": None},
}


@pytest.mark.parametrize("row", FILTERS)
def test_entries_are_filtered_and_counted(desk: Desk, row: str) -> None:
    chosen = FILTERS[row](desk)
    every = desk.data(
        "{ entries(first: 100) { nodes { index action key participant { participant } data } } }"
    )["entries"]["nodes"]  # fmt: skip
    touching = {n["index"] for n in desk.data(
        "query($c: Code!) { unit(code: $c) { history { nodes { index } } } }", {"c": desk.chain.packages[0]}
    )["unit"]["history"]["nodes"]}  # fmt: skip
    expected = [
        node["index"]
        for node in every
        if chosen.get("participant") in (None, node["participant"]["participant"])
        and chosen.get("key") in (None, node["key"])
        and chosen.get("action") in (None, node["action"])
        and (chosen.get("unit") is None or (chosen["unit"] == desk.chain.packages[0] and node["index"] in touching))
        and chosen.get("first", 0) <= node["index"] <= chosen.get("last", 10**6)
    ]
    found, after = [], None
    while True:
        page = desk.data(ENTRIES, {"first": 3, "after": after, "filter": chosen})["entries"]
        assert page["totalCount"] == len(expected)
        assert [edge["node"]["index"] for edge in page["edges"]] == [node["index"] for node in page["nodes"]]
        found += [node["index"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        assert after == page["edges"][-1]["cursor"]
    assert found == expected


def test_an_entry_is_told_with_its_exact_bytes_and_receipt(desk: Desk) -> None:
    index = desk.chain.entries["sold"]
    told = desk.data(
        """query($i: Index!) { entry(index: $i) { id index hash recorded at action participant { participant } key
          sequence data bytes receipt { index entry entryHash recorded proof file } } }""",
        {"i": index},
    )["entry"]
    bytes_ = told["bytes"].encode()
    assert canonical.b64(merkle.leaf_hash(bytes_)) == told["hash"] == told["receipt"]["entryHash"]
    said = json.loads(bytes_)
    assert canonical.encode(said) == bytes_
    assert (said["index"], said["recorded"]) == (told["index"], told["recorded"])
    statement = said["statement"]
    for name in ("at", "action", "key", "sequence"):
        assert statement[name] == told[name]
    assert canonical.encode(statement["data"]).decode() == told["data"]
    assert receipt.verify(told["receipt"]["file"], desk.gateway.anchor).encode() == bytes_
    assert desk.data("{ entry(index: 100000) { id } }") == {"entry": None}


def test_the_registry_is_told(desk: Desk) -> None:
    document = """query($first: Int, $after: String, $filter: ParticipantFilter) {
      participants(first: $first, after: $after, filter: $filter) { totalCount edges { cursor node { participant } }
        nodes { id participant kind name sites { site municipality { participant } }
          keys { id key participant { participant } admin scope notAfter revoked { index } nextSequence seenSize } }
        pageInfo { hasNextPage endCursor } } }"""
    whole = desk.data(document, {"first": 100})["participants"]
    names = [node["participant"] for node in whole["nodes"]]
    assert names[:3] == ["ministry", "ijenv", "nvwa"], "in the order of their registration"
    assert whole["totalCount"] == len(names)
    found, after = [], None
    while True:
        page = desk.data(document, {"first": 3, "after": after})["participants"]
        found += [edge["node"]["participant"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == names
    growers = desk.data(document, {"filter": {"kind": "GROWER", "municipality": None}})["participants"]
    assert [node["participant"] for node in growers["nodes"]] == ["grower-1", "grower-2"]
    [shop] = desk.data(document, {"filter": {"municipality": "breda"}})["participants"]["nodes"]
    assert shop["sites"] == [{"site": "counter", "municipality": {"participant": "breda"}}]
    key, till = shop["keys"]
    assert key["key"] == key_of("shop-1").id
    assert (key["admin"], key["scope"], key["notAfter"], key["revoked"]) == (True, None, None, None)
    assert (till["admin"], till["scope"]) == (False, ["sellPackages"])
    assert key["nextSequence"] > 1
    assert 0 < key["seenSize"] < desk.gateway.sequencer.head.size


def test_a_key_is_found_by_its_id(desk: Desk) -> None:
    document = "query($k: KeyId!) { key(id: $k) { nextSequence seenSize } }"
    assert desk.data(document, {"k": key_of("nobody").id}) == {"key": None}
    before = desk.data(document, {"k": key_of("grower-2").id})["key"]
    desk.does("grower-2", "registerVariety", {"variety": "one-more", "name": "One more"})
    after = desk.data(document, {"k": key_of("grower-2").id})["key"]
    assert after["nextSequence"] == before["nextSequence"] + 1
    assert after["seenSize"] == desk.gateway.sequencer.head.size - 1


def test_the_ledger_and_its_proofs(desk: Desk) -> None:
    told = desk.data("{ checkpoint ledger { origin name anchor edition sandbox size recorded } }")
    head = desk.gateway.sequencer.head
    assert told["checkpoint"] == head.note
    assert told["ledger"] == {
        "origin": ORIGIN, "name": "Audited", "anchor": desk.gateway.anchor.text(), "edition": 1, "sandbox": True,
        "size": head.size, "recorded": instant.text(head.recorded),
    }  # fmt: skip
    proof = TlogProof.decode(desk.data("{ inclusionProof(index: 7) }")["inclusionProof"])
    leaf = canonical.unb64(desk.data("{ entry(index: 7) { hash } }")["entry"]["hash"])
    assert merkle.root_from_path(7, head.size, leaf, list(proof.path)) == head.root
    assert proof.checkpoint == head.note


def test_issued_codes_are_fresh_and_of_their_kind(desk: Desk) -> None:
    for letter, kind in codes.KINDS.items():
        issued = desk.data("query($k: UnitKind!) { issueCodes(kind: $k, count: 3) }", {"k": kind})["issueCodes"]
        assert len(set(issued)) == 3
        assert all(codes.checks(code) and code[0] == letter for code in issued)


def test_a_node_is_found_again_by_its_id(desk: Desk) -> None:
    document = """query($id: ID!) { node(id: $id) { __typename id ... on Unit { code } ... on Entry { index }
      ... on Participant { participant } ... on Key { key } } }"""
    ids = {
        f"Unit:{desk.chain.lot}": ("Unit", "code", desk.chain.lot),
        "Entry:7": ("Entry", "index", 7),
        "Participant:shop-1": ("Participant", "participant", "shop-1"),
        f"Key:{key_of('shop-1').id}": ("Key", "key", key_of("shop-1").id),
    }
    for id_, (kind, name, value) in ids.items():
        assert desk.data(document, {"id": id_})["node"] == {"__typename": kind, "id": id_, name: value}
    for id_ in ("", "x", "Unit:", "Unit:x", "Entry:-1", "Entry:²", "Entry:99999", "Participant:x", "Key:x"):
        assert desk.data(document, {"id": id_})["node"] is None, id_


def previewed(desk: Desk, action: str, data: dict[str, Any], by: str = "grower-1", **more: Any) -> Any:
    variables = {"action": {action: data}, "key": key_of(by).id, **more}
    return desk.data(PREVIEW, variables, by=by)["preview"]


def test_a_preview_can_be_signed_and_recorded(desk: Desk) -> None:
    plants = desk.book.codes("P", 2)
    data = {"mother": desk.chain.mother, "plants": plants, "height": 5, "mass": 10, "position": "A/1", "note": None}
    told = previewed(desk, "takeCuttings", data)
    assert told["problems"] == []
    assert [(flow["from"], flow["to"], flow["pieces"]) for flow in told["flows"]] == [
        (desk.chain.mother, plant, 1) for plant in plants
    ]
    assert {flow["entry"] for flow in told["flows"]} == {None}
    signature = key_of("grower-1").sign(told["textToSign"].encode())
    proof = {
        "key": key_of("grower-1").id, "sequence": told["sequence"], "salt": told["salt"], "at": told["at"],
        "seen": {"size": told["seenSize"], "root": told["seenRoot"]}, "until": told["until"],
        "signature": canonical.b64(signature),
    }  # fmt: skip
    document = "mutation($d: TakeCuttingsData!, $p: Proof!) { takeCuttings(data: $d, proof: $p) { __typename } }"
    answer = desk.answer(document, {"d": data, "p": proof}, by=None)
    assert answer.members["data"]["takeCuttings"] == {"__typename": "Recorded"}


def test_a_preview_tells_the_problems_and_records_nothing(desk: Desk) -> None:
    size = desk.gateway.sequencer.head.size
    assert previewed(desk, "registerVariety", {"variety": "haze", "name": "Haze"})["problems"] == [
        {"code": "NAME_USED", "path": ["0", "data", "variety"], "unit": None, "entry": None}
    ]
    assert previewed(desk, "movePlants", {"plants": [], "height": 1, "mass": 1, "position": "A"})["problems"][0][
        "code"
    ] == "FIELD_INVALID"  # fmt: skip
    lost = {"units": [desk.chain.mother], "reason": "MISSING"}
    assert previewed(desk, "recordLoss", lost, sequence=1)["problems"][0]["code"] == "SEQUENCE_USED"
    late = instant.text(desk.gateway.sequencer.head.recorded - 10**9)
    assert previewed(desk, "recordLoss", lost, at=late)["problems"][0]["code"] == "AT_BEFORE_UNIT"
    sealed = {"sealed": canonical.b64(bytes(32))}
    assert previewed(desk, "recordLoss", {**lost, "note": sealed})["problems"] == [], "openings come later"
    assert previewed(desk, "recordLoss", lost)["flows"][0]["kind"] == "LOSS"
    assert desk.gateway.sequencer.head.size == size


def test_an_unknown_key_is_a_problem_not_an_error(desk: Desk) -> None:
    variables = {"action": {"sellPackages": {"packages": desk.book.codes("E", 1)}}, "key": key_of("nobody").id}
    told = desk.data(PREVIEW, variables)["preview"]
    assert [problem["code"] for problem in told["problems"]] == ["KEY_UNKNOWN"]
    assert told["sequence"] == 1


def test_previewed_statements_are_judged_one_after_the_other(desk: Desk) -> None:
    plant, other = desk.book.codes("P", 2)
    cut = {"mother": desk.chain.mother, "plants": [plant], "height": 5, "mass": 10, "position": "A/1"}
    move = {"plants": [plant], "height": 5, "mass": 10, "position": "A/2"}
    acts = [
        ("takeCuttings", cut), ("movePlants", move), ("movePlants", {**move, "plants": [other]}), ("movePlants", move),
    ]  # fmt: skip
    submission = desk.signed("grower-1", *acts)
    told = desk.data(PREVIEWS, {"s": [raw.decode() for raw in submission.raws]}, by="grower-1")["previewStatements"]
    assert [[problem["code"] for problem in one["problems"]] for one in told] == [[], [], ["UNIT_UNKNOWN"], []]
    assert told[2]["problems"][0]["path"] == ["2", "data", "plants", "0"]
    assert [one["sequence"] for one in told] == [submission.first + n for n in range(4)]
    assert [one["statement"].encode() for one in told] == list(submission.raws)
    text = told[0]["textToSign"]
    assert {one["textToSign"] for one in told} == {text}, "one text for all"
    assert text.split("\n")[:6] == submission.text.decode().split("\n")[:6]
    assert unit(desk, plant) is None, "nothing was recorded"


def test_a_unit_is_verified_check_by_check(desk: Desk) -> None:
    document = "query($c: Code!) { unit(code: $c) { verify { intact size checks { code title outcome entry } } } }"
    told = desk.data(document, {"c": desk.chain.packages[0]})["unit"]["verify"]
    assert told["intact"]
    assert told["size"] == desk.gateway.sequencer.head.size
    assert " ".join(check["code"] for check in told["checks"]) == (
        "BYTES LINKS CHECKPOINT SIGNATURES KEYS ORIGIN MASS RESULTS LIMITS TRANSPORT CUSTODY HOLDS"
    )


EVERYTHING = """query($e: Code!, $b: Code!, $i: Index!) {
  ledger { size recorded anchor } checkpoint inclusionProof(index: $i)
  unit(code: $e) { status holder { name } made { index } history { totalCount nodes { index hash } }
    lineage(direction: TO_SEED) { totalUnits complete frontier units { code mass }
      flows { from to mass kind entry { index } } }
    verify { intact checks { code outcome } } }
  lot: unit(code: $b, asOf: {index: $i}) { mass holds { index } lineage(direction: TO_SALE) { totalUnits frontier } }
  entries(first: 50) { totalCount nodes { index receipt { file } } }
  own: entries(filter: {participant: "grower-1", first: 3}) { totalCount nodes { index } }
  touching: entries(filter: {unit: $e}) { totalCount nodes { index } }
  participants(filter: {municipality: "breda"}) { totalCount nodes { name sites { site } keys { nextSequence } } } }"""


def test_both_engines_answer_alike(new_database: Callable[..., str]) -> None:
    desks = [Desk(new_database(engine)) for engine in ("sqlite", "postgresql")]
    chain = desks[0].chain
    variables = {"e": chain.packages[0], "b": chain.lot, "i": chain.entries["held"]}
    for by in ("ijenv", "grower-1", "shop-1", "breda", "laboratory-1", "carrier-1"):
        first, second = (desk.data(EVERYTHING, variables, by=by) for desk in desks)
        assert first == second
    for desk in desks:
        desk.close()
