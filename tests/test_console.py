"""Does the console show each reader what is theirs, and no more? Real pages over HTTP, by tokens of several kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api import tracing
from api.access import authenticated
from api.console import sight_in, view_of
from api.drawn import DrawnLineage
from ledger.lineage import Direction
from ledger.rows import Unit
from tests.world import ORIGIN, Actor, World, verdicts


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("console")
    path = folder / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    with World(f"sqlite:///{path}", folder, checks=False) as made:
        yield made


def page(world: World, path: str, reader: Actor | None = None) -> httpx.Response:
    """A page as a reader with a token, or a visitor, gets it."""
    headers = {"accept": "text/html", "accept-language": "en"}
    if reader is not None:
        headers["authorization"] = f"Bearer {reader.key.token(ORIGIN)}"
    return httpx.get(world.running.url + path, headers=headers)


def test_a_visitor_of_a_sandbox_sees_the_whole_chain(world: World) -> None:
    [package] = world.stocked(1)
    world.shop.does("sellPackages", packages=[package])
    shown = page(world, f"/console/unit/{package}").text
    assert "<svg" in shown
    assert "sellPackages" in shown
    assert "Every check holds" in shown
    forward = page(world, f"/console/unit/{package}?direction=TO_SALE").text
    assert "sold" in forward


def test_a_grower_sees_a_package_as_it_was_handed_over(world: World) -> None:
    [package] = world.stocked(1)
    world.shop.does("sellPackages", packages=[package])
    shown = page(world, f"/console/unit/{package}", world.grower).text
    assert "packLot" in shown
    assert "sellPackages" not in shown
    assert "SOLD" not in shown


def test_a_shop_sees_its_package_but_not_the_growers_plants(world: World) -> None:
    [package] = world.stocked(1)
    shown = page(world, f"/console/unit/{package}", world.shop).text
    assert "receiveShipment" in shown
    assert "packLot" not in shown
    assert "harvestPlants" not in shown


def drawn(world: World, code: str, reader: Actor | None, direction: Direction) -> DrawnLineage:
    """What the page of a unit draws for a reader."""
    gateway = world.running.gateway
    caller = authenticated(gateway, None if reader is None else f"Bearer {reader.key.token(ORIGIN)}")
    assert caller is not None
    with gateway.readers.read() as store:
        [unit] = store.load(Unit, "code", (code,))
        view = view_of(gateway, store, caller)
        found = tracing.near(store, unit.id, direction, sight_in(view))
        return tracing.from_view(view, found, code, direction)


@pytest.mark.parametrize("direction", Direction)
def test_a_page_draws_what_a_query_answers(world: World, direction: Direction) -> None:
    first, second, third = packages = world.packages(3)
    shipment = world.ready(packages)
    world.inspector.does("holdUnits", units=[third], reason="QUALITY")
    world.inspector.does("releaseUnits", units=[third])
    world.grower.does("departShipment", shipment=shipment, carrier="carrier-1")
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
    world.shop.does("sellPackages", packages=[first])
    world.inspector.does("holdUnits", units=[second], reason="QUALITY")
    for reader in (None, world.breda, world.shop, world.grower, world.inspector):
        for code in packages:
            key = None if reader is None else reader.key
            answered = tracing.from_gateway(world.remote, code, direction.value, None, key)
            assert answered is not None
            assert drawn(world, code, reader, direction) == answered.drawn


def test_a_page_leads_to_no_receipt_that_its_reader_may_not_have(world: World) -> None:
    [package] = world.stocked(1)
    for reader in (world.breda, world.shop, world.grower, None):
        shown = page(world, f"/console/unit/{package}", reader).text
        receipts = set(re.findall(r"/console/receipt/[0-9]+", shown))
        assert receipts
        assert {page(world, path, reader).status_code for path in receipts} == {200}
    shown = page(world, f"/console/unit/{package}", world.breda).text
    assert "receiveShipment" in shown
    assert "Grower-1" not in shown


def test_of_a_long_lineage_the_part_next_to_the_unit_is_drawn(world: World) -> None:
    [package] = world.packages(1)
    with world.running.gateway.readers.read() as store:
        [unit] = store.load(Unit, "code", (package,))
        whole = tracing.near(store, unit.id, Direction.TO_SEED, None)
        cut = tracing.near(store, unit.id, Direction.TO_SEED, None, most=2)
    assert [row.letter for row in whole.units] == ["P", "P", "B", "E"]
    assert cut.units == whole.units[-2:]
    assert (whole.complete, whole.frontier) == (True, [])
    assert (cut.complete, cut.frontier) == (False, [whole.units[2].code])
    assert {flow.target for flow in cut.flows} >= {unit.id}


@pytest.mark.parametrize("after", ["²", "9" * 26, "9" * 16, "-1", "x", "%00"])
def test_a_place_that_no_page_gave_is_the_beginning(world: World, after: str) -> None:
    [package] = world.packages(1)
    whole = page(world, f"/console/unit/{package}")
    assert page(world, f"/console/unit/{package}?after={after}").text == whole.text
    for index in ("9" * 26, "9" * 5_000, "x"):
        assert page(world, f"/console/receipt/{index}").status_code == 404


def test_what_one_may_not_see_does_not_exist(world: World) -> None:
    [package] = world.stocked(1)
    for reader in (world.other_shop, world.rival, world.tilburg, world.carrier):
        hidden = page(world, f"/console/unit/{package}", reader)
        absent = page(world, f"/console/unit/{world.code('E')}", reader)
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert len(hidden.text) == len(absent.text)


def test_a_code_in_the_field_leads_to_its_page(world: World) -> None:
    [package] = world.stocked(1)
    found = page(world, f"/console?code={package.lower()}")
    assert (found.status_code, found.headers["location"]) == (303, f"/console/unit/{package}")
    assert page(world, "/console?code=nothing").status_code == 200


def test_the_console_of_a_sandbox_names_units_to_begin_with(world: World) -> None:
    [package] = world.stocked(1)
    world.shop.does("sellPackages", packages=[package])
    shown = page(world, "/console").text
    named = re.findall(r'href="/console/unit/(\w+)"', shown)
    assert named[0] == package
    assert [code[0] for code in named] == ["E", "B", "P"]
    assert {page(world, f"/console/unit/{code}").status_code for code in named} == {200}
    assert "/console/unit/" not in page(world, "/console", world.shop).text


def test_a_code_is_found_however_it_is_written(world: World) -> None:
    [package] = world.stocked(1)
    for place in ("/u/", "/console/unit/"):
        moved = page(world, f"{place}%20{package.lower()}?lang=nl")
        assert (moved.status_code, moved.headers["location"]) == (303, f"{place}{package}?lang=nl")
        for code in ("%00", "x", package[:-1], package + "%00", "%F0%9F%8C%BF"):
            assert page(world, f"{place}{code}").status_code == 404
    assert page(world, "/console?code=%00").status_code == 200
    assert page(world, "/").headers["location"] == "/console"


def test_a_receipt_is_a_file_for_those_who_may_read_the_entry(world: World) -> None:
    [package] = world.stocked(1)
    sold = world.shop.does("sellPackages", packages=[package])
    path = f"/console/receipt/{sold}"
    assert page(world, path, world.shop).json()["type"] == "ketenboek/receipt/v1"
    assert page(world, path, world.other_shop).status_code == 404
    assert page(world, "/console/receipt/999999").status_code == 404


def test_the_label_page_is_public_and_says_nothing_of_others(world: World) -> None:
    first, second = world.stocked(2)
    shown = page(world, f"/u/{first}").text
    assert all(word in shown for word in ("Grower-1", "Haze", "1.000 g", "18.00 %", "No recall", first))
    assert second not in shown
    assert "shop" not in shown.lower()
    world.inspector.does("holdUnits", units=[first], reason="RECALL")
    assert "No recall" not in page(world, f"/u/{first}").text
    assert page(world, f"/u/{world.code('E')}").status_code == 404
