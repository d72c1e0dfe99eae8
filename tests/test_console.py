"""Does the console show each reader what is theirs, and no more? Real pages over HTTP, by tokens of several kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.world import ORIGIN, Actor, World


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
