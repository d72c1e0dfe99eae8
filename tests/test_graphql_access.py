"""Who sees what? Each type and each kind of participant, one row each; the rest does not exist for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schema.access import HAS_UNITS, SEES_EVERYTHING
from tests.asking import ROLES, Desk, key_of, opened

EVERYTHING = [name for name, kind in ROLES.items() if kind in SEES_EVERYTHING]
UNIT = """query($c: Code!, $asOf: AsOf) { unit(code: $c, asOf: $asOf) { status mass position holder { participant }
  made { index action } holds { index } history { totalCount nodes { index } } verify { checks { entry detail } }
  up: lineage(direction: TO_SEED) { totalUnits complete frontier units { code } flows { entry { index } } }
  down: lineage(direction: TO_SALE) { totalUnits complete frontier units { code }
    flows { kind entry { index } } } } }"""
ALL = """query($f: EntryFilter, $after: String) { entries(first: 100, filter: $f, after: $after) { totalCount
  nodes { index action participant { participant } } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(sqlite_template, tmp_path_factory.mktemp("access")) as made:
        yield made


def unit(desk: Desk, code: str, by: str, as_of: int | None = None) -> Any:
    return desk.data(UNIT, {"c": code, "asOf": None if as_of is None else {"index": as_of}}, by=by)["unit"]


def named(desk: Desk) -> dict[str, str]:
    """Units in every situation, by what they are."""
    chain = desk.chain
    return {
        "mother": chain.mother,
        "harvested": chain.cuttings[0],
        "wasted": chain.cuttings[3],
        "lot": chain.lot,
        "tested sample": chain.samples[0],
        "sample": chain.samples[1],
        "sold": chain.packages[0],
        "destroyed in the shop": chain.packages[2],
        "returned": chain.packages[3],
        "in the shop": chain.packages[4],
        "refused": chain.packages[6],
        "missing": chain.packages[7],
        "in stock": chain.packages[8],
        "shipment": chain.shipment,
        "waste": chain.waste,
    }


UNITS: dict[str, set[str]] = {
    "grower-1": {
        "mother", "harvested", "wasted", "lot", "tested sample", "sample", "sold", "destroyed in the shop", "returned",
        "in the shop", "refused", "missing", "in stock", "shipment", "waste",
    },
    "grower-2": set(),
    "shop-1": {"sold", "destroyed in the shop", "returned", "in the shop", "refused", "missing", "shipment"},
    "laboratory-1": {"tested sample", "sample"},
    "breda": {"sold", "destroyed in the shop", "returned", "in the shop"},
    "tilburg": set(),
    "shop-2": set(),
    "carrier-1": set(),
    "researcher": set(),
}  # fmt: skip
"""What each may see anything of; `refused` and `missing` were in a shipment to the shop."""


def test_the_table_names_every_kind() -> None:
    assert {ROLES[name] for name in [*EVERYTHING, *UNITS]} == set(ROLES.values())
    assert {kind for name, kind in ROLES.items() if name in UNITS} >= HAS_UNITS


@pytest.mark.parametrize("by", [*EVERYTHING, *UNITS])
def test_units(desk: Desk, by: str) -> None:
    seen = {what for what, code in named(desk).items() if unit(desk, code, by) is not None}
    assert seen == UNITS.get(by, set(named(desk)))


@pytest.mark.parametrize("by", UNITS)
def test_what_one_may_not_see_is_as_what_does_not_exist(desk: Desk, by: str) -> None:
    for what, code in named(desk).items():
        if what in UNITS[by]:
            continue
        fresh = desk.book.code(code[0])
        for one in (code, fresh):
            assert unit(desk, one, by) is None
            assert unit(desk, one, by, 10) is None
            assert desk.data("query($i: ID!) { node(id: $i) { id } }", {"i": f"Unit:{one}"}, by=by)["node"] is None
            page = desk.data(ALL, {"f": {"unit": one}}, by=by)["entries"]
            assert page == {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


def test_what_was_handed_over_is_seen_as_it_was_then(desk: Desk) -> None:
    taken = desk.chain.entries["taken"]
    kept = unit(desk, desk.chain.packages[4], "grower-1")
    assert (kept["status"], kept["holder"], kept["mass"]) == ("UNDERWAY", {"participant": "grower-1"}, 1_000)
    assert all(node["index"] < taken for node in kept["history"]["nodes"])
    sold = unit(desk, desk.chain.packages[0], "grower-1")
    for member in ("status", "holder", "mass", "position", "down", "holds"):
        told, other = (json.dumps(one[member]) for one in (sold, kept))
        assert told.replace(desk.chain.packages[0], "") == other.replace(desk.chain.packages[4], ""), "sold or not"
    assert sold["history"]["totalCount"] == kept["history"]["totalCount"]
    # The shop's own end of it is the shop's to see, and the mayor's.
    for by in ("shop-1", "breda"):
        assert (unit(desk, desk.chain.packages[0], by)["status"], unit(desk, desk.chain.packages[0], by)["mass"]) == (
            "SOLD", 0,
        )  # fmt: skip


def test_before_it_was_theirs_it_does_not_exist(desk: Desk) -> None:
    package, taken = desk.chain.packages[4], desk.chain.entries["taken"]
    assert unit(desk, package, "shop-1", desk.chain.entries["packed"]) is None
    assert unit(desk, package, "breda", taken - 1) is None
    assert unit(desk, package, "breda", taken)["status"] == "STOCK"
    assert unit(desk, package, "breda")["made"] == {"index": taken, "action": "receiveShipment"}
    assert unit(desk, package, "shop-1")["made"]["action"] == "readyShipment", "addressed to it"
    assert unit(desk, package, "ijenv")["made"]["action"] == "packLot"


def test_a_lineage_is_cut_where_sight_ends(desk: Desk) -> None:
    package = desk.chain.packages[4]
    for by in ("shop-1", "breda"):
        up = unit(desk, package, by)["up"]
        assert (up["totalUnits"], up["complete"], up["frontier"]) == (1, False, [package])
        assert up["flows"] == []
    whole = unit(desk, package, "grower-1")["up"]
    assert whole["complete"]
    assert whole["totalUnits"] == 6
    down = unit(desk, desk.chain.lot, "grower-1")["down"]
    assert not down["complete"]
    assert set(down["frontier"]) == {desk.chain.packages[n] for n in (0, 1, 2, 4, 5)}, "what others took over"
    assert "SOLD" not in {flow["kind"] for flow in down["flows"]}
    sample = unit(desk, desk.chain.samples[0], "laboratory-1")["up"]
    assert (sample["totalUnits"], sample["complete"]) == (1, False)


def test_holds_on_a_lot_reach_the_holder_but_no_mayor(desk: Desk) -> None:
    package, held = desk.chain.packages[4], desk.chain.entries["held"]
    for by in ("ijenv", "shop-1"):
        assert unit(desk, package, by, held)["holds"] == [{"index": held}]
    assert unit(desk, package, "breda", held)["holds"] == []
    assert unit(desk, package, "grower-1", held)["holds"] == [], "it was not the grower's any more"
    assert unit(desk, desk.chain.packages[8], "grower-1", held)["holds"] == [{"index": held}]


def test_a_verification_names_no_entry_that_is_not_seen(desk: Desk) -> None:
    for by in UNITS:
        for code in named(desk).values():
            told = unit(desk, code, by)
            for check in told["verify"]["checks"] if told else ():
                assert check["entry"] is None or entry(desk, check["entry"], by) is not None


REGISTRY = {
    "foundLedger", "registerParticipant", "registerSite", "registerKey", "revokeKey", "designateGrower", "admitShop",
    "setPhase", "setParameter", "adoptEdition", "registerVariety",
}  # fmt: skip
ACTORS = {"breda": {"breda", "shop-1"}, "tilburg": {"tilburg", "shop-2"}}
"""Whose acts one sees: one's own, and a mayor those of the shops that it admitted."""


def entry(desk: Desk, index: int, by: str) -> Any:
    return desk.data("query($i: Index!) { entry(index: $i) { index } }", {"i": index}, by=by)["entry"]


def acts(desk: Desk, by: str, **chosen: Any) -> tuple[list[dict[str, Any]], int]:
    """All entries that somebody finds, and how many there are said to be."""
    page = desk.data(ALL, {"f": chosen}, by=by)["entries"]
    assert not page["pageInfo"]["hasNextPage"]
    return page["nodes"], page["totalCount"]


@pytest.mark.parametrize("by", [*EVERYTHING, *UNITS])
def test_entries(desk: Desk, by: str) -> None:
    every, size = acts(desk, "ijenv")
    assert size == len(every) == desk.gateway.sequencer.head.size
    found, total = acts(desk, by)
    expected = [
        act
        for act in every
        if by in EVERYTHING
        or act["action"] in REGISTRY
        or act["participant"]["participant"] in ACTORS.get(by, {by})
    ]  # fmt: skip
    assert found == expected
    assert total == len(expected), "counts tell nothing either"
    for chosen in ({"participant": "grower-1"}, {"action": "sellPackages"}, {"key": key_of("shop-1").id}, {"last": 30}):
        found, total = acts(desk, by, **chosen)
        assert total == len(found)
        assert [act for act in found if act in expected] == found


@pytest.mark.parametrize("by", UNITS)
def test_an_entry_is_found_by_who_saw_what_it_did(desk: Desk, by: str) -> None:
    every, _ = acts(desk, "ijenv")
    listed = {act["index"] for act in acts(desk, by)[0]}
    touching = {
        node["index"]
        for code in named(desk).values()
        for told in [unit(desk, code, by)]
        if told is not None
        for node in told["history"]["nodes"]
    }
    for act in every:
        seen = entry(desk, act["index"], by) is not None
        if act["index"] in listed | touching:
            assert seen, act
        elif not {"receiveShipment", "returnPackages"} & {act["action"]}:  # they touch a second shipment as well
            assert not seen, act
    assert entry(desk, 10**6, by) is None


def test_no_mayor_reads_a_growers_act(desk: Desk) -> None:
    for act in acts(desk, "ijenv")[0]:
        if (
            act["participant"]["participant"] in ("grower-1", "grower-2", "laboratory-1")
            and act["action"] not in REGISTRY
        ):
            assert entry(desk, act["index"], "breda") is None, act


def test_a_history_by_filter_is_the_history_of_the_unit(desk: Desk) -> None:
    for by, seen in UNITS.items():
        for what in seen:
            code = named(desk)[what]
            history = unit(desk, code, by)["history"]
            found, total = acts(desk, by, unit=code)
            assert [act["index"] for act in found] == [node["index"] for node in history["nodes"]]
            assert total == history["totalCount"]


@pytest.mark.parametrize("by", [*EVERYTHING, *UNITS])
def test_the_registry_is_open_to_every_kind(desk: Desk, by: str) -> None:
    document = """query($k: KeyId!) { key(id: $k) { key admin } ledger { size } checkpoint
      participants(first: 100) { totalCount nodes { participant kind sites { site } keys { key } } } }"""
    variables = {"k": key_of("grower-1").id}
    assert desk.data(document, variables, by=by) == desk.data(document, variables, by="ijenv")


def test_a_visitor_of_a_sandbox_sees_what_an_inspector_sees(desk: Desk) -> None:
    for code in named(desk).values():
        variables = {"c": code, "asOf": None}
        assert desk.data(UNIT, variables, by=None) == desk.data(UNIT, variables, by="ijenv")


PREVIEW = "query($a: ActionInput!, $k: KeyId!) { preview(action: $a, key: $k) { sequence problems { code unit } } }"


def test_a_preview_with_anothers_key_tells_nothing(desk: Desk) -> None:
    move = {"movePlants": {"plants": [desk.chain.mother], "height": 1, "mass": 1, "position": "A"}}
    variables = {"a": move, "k": key_of("grower-1").id}
    told = desk.data(PREVIEW, variables, by="grower-2")["preview"]
    assert [problem["code"] for problem in told["problems"]] == ["KEY_UNKNOWN"]
    assert told["sequence"] == 1
    for by in ("grower-1", "ijenv"):
        told = desk.data(PREVIEW, variables, by=by)["preview"]
        assert told["problems"] == []
        assert told["sequence"] > 1


def test_a_preview_is_masked_like_the_real_thing(desk: Desk) -> None:
    fresh = desk.book.code("P")
    for code in (desk.chain.mother, fresh):
        move = {"movePlants": {"plants": [code], "height": 1, "mass": 1, "position": "A"}}
        told = desk.data(PREVIEW, {"a": move, "k": key_of("grower-2").id}, by="grower-2")["preview"]
        assert told["problems"] == [{"code": "UNIT_UNKNOWN", "unit": code}]
