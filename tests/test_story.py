"""Does the chain work as the law describes it? Each case of the regulation, from founding to sale, on both engines.

Every step goes through the gateway by the participants' own client; after every step the whole ledger is
audited in four depths (`tests.world`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import instant
from ledger.rows import Unit, Version
from ledger.store import Store
from tests.world import EXCEEDED, PASSED, World, device, verdicts


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    with World(database, tmp_path) as made:
        yield made


def state(world: World, code: str) -> Version:
    """What the tables say of a unit now."""
    store = Store.open(world.database)
    try:
        [unit] = store.load(Unit, "code", (code,))
        [version] = store.load(Version, "entity", (unit.id,))
        return version
    finally:
        store.close()


def status(world: World, code: str) -> tuple[str, str | None, int]:
    """Status, holder, milligrams."""
    version = state(world, code)
    return version.status, version.holder, version.mass


def test_the_plain_way(world: World) -> None:
    """From the intake of a mother plant to the sale of a package, with its mass on every step."""
    [mother] = world.plants(1)
    cuttings, lot, samples = world.codes("P", 4), world.code("B"), world.codes("M", 3)
    grower, shop = world.grower, world.shop
    grower.does("takeCuttings", mother=mother, plants=cuttings, height=8, mass=4_000, position="A/2")
    grower.does("movePlants", plants=cuttings, height=30, mass=90_000, position="A/3")
    grower.does("harvestPlants", plants=cuttings, lot=lot, mass=500_000, position="B/1", note="Derde oogst")
    assert status(world, cuttings[0]) == ("HARVESTED", "grower-1", 0)
    grower.does("dryLot", lot=lot, mass=100_000, moisture=110_000_000, position="B/2")
    grower.does("takeSamples", lot=lot, samples=samples, mass=1_000, position="B/2", laboratory="laboratory-1")
    world.laboratory.does("recordResult", sample=samples[0], **PASSED)
    assert state(world, lot).result == "PASSED"
    packages = world.packed(lot, 10, 1_000)
    assert status(world, lot) == ("SAMPLED", "grower-1", 87_000)
    shipment = world.ready(packages)
    grower.does("departShipment", shipment=shipment, carrier="carrier-1", route="A16, langs Breda")
    assert status(world, packages[0]) == ("UNDERWAY", "grower-1", 1_000)
    shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
    assert status(world, shipment)[0] == "RECEIVED"
    shop.does("sellPackages", packages=packages[:2])
    assert status(world, packages[0]) == ("SOLD", None, 0)
    assert status(world, packages[9]) == ("STOCK", "shop-1", 1_000)


def test_partly_refused(world: World) -> None:
    """One receipt holds both verdicts; what was refused is the sender's again when it is back."""
    packages = world.packages(3)
    shipment = world.shipped(packages)
    mixed = verdicts(packages[:2], accepted=True) + verdicts(packages[2:], refused="DAMAGED")
    world.shop.does("receiveShipment", shipment=shipment, packages=mixed)
    assert status(world, packages[2]) == ("REFUSED", "grower-1", 1_000)
    assert world.shop.refused("sellPackages", packages=[packages[2]]).code == "NOT_HOLDER"
    world.grower.does(
        "receiveShipment", shipment=shipment, packages=verdicts(packages[2:], accepted=True), position="C/1"
    )
    assert status(world, packages[2]) == ("STOCK", "grower-1", 1_000)


def test_missing_then_found_or_gone(world: World) -> None:
    """What is missing can be found by either side, or leaves the books as a loss of its sender."""
    packages = world.packages(3)
    shipment = world.shipped(packages)
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages, missing=True))
    assert status(world, shipment)[0] == "RECEIVED"
    assert status(world, packages[0]) == ("MISSING", "grower-1", 1_000)
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages[:1], accepted=True))
    assert status(world, packages[0]) == ("STOCK", "shop-1", 1_000)
    found = verdicts(packages[1:2], accepted=True)
    world.grower.does("receiveShipment", shipment=shipment, packages=found, position="C/1")
    assert status(world, packages[1]) == ("STOCK", "grower-1", 1_000)
    world.grower.does("recordLoss", units=packages[2:], reason="MISSING")
    assert status(world, packages[2]) == ("GONE", None, 0)


def test_return(world: World) -> None:
    """A shop sends packages back to the grower that packed them; they can be shipped again."""
    packages = world.stocked(2)
    back = world.code("S")
    world.shop.does("returnPackages", shipment=back, packages=packages, carrier="carrier-1", reason="UNSOLD")
    assert status(world, packages[0]) == ("UNDERWAY", "shop-1", 1_000)
    took = verdicts(packages, accepted=True)
    problem = world.grower.refused("receiveShipment", shipment=back, packages=took)
    assert (problem.code, problem.path) == ("FIELD_MISSING", ("0", "data", "position"))
    world.grower.does("receiveShipment", shipment=back, packages=took, position="C/9")
    assert status(world, packages[0]) == ("STOCK", "grower-1", 1_000)
    world.shipped(packages, world.other_shop)
    assert status(world, packages[0])[0] == "UNDERWAY"


def test_loss_at_a_shop(world: World) -> None:
    """What is damaged stays in stock until the shop destroys it, without a waste number."""
    packages = world.stocked(2)
    world.shop.does("recordLoss", units=packages[:1], reason="DAMAGED")
    assert status(world, packages[0]) == ("LOST", "shop-1", 1_000)
    assert world.shop.refused("sellPackages", packages=packages[:1]).code == "WRONG_STATE"
    world.shop.does("destroyWaste", units=packages[:1], method="BURNED")
    assert status(world, packages[0]) == ("DESTROYED", "shop-1", 0)
    assert world.shop.refused("destroyWaste", units=[world.code("W")], method="BURNED").code == "NOT_ALLOWED"


def test_loss_at_a_grower(world: World) -> None:
    """Plants, trim, samples and packages become one waste; what it weighs less left the books."""
    plants = world.plants(2)
    lot, samples = world.passed_lot()
    packages = world.packed(lot, 2)
    grower = world.grower
    grower.does("recordLoss", units=plants, reason="DEAD", mass=4_000, height=20)
    grower.does("recordLoss", units=[lot], reason="TRIM", mass=2_500)
    grower.does("recordLoss", units=samples[1:], reason="USED")
    grower.does("recordLoss", units=packages[:1], reason="SPOILED")
    assert (state(world, lot).mass, state(world, lot).lost) == (20_000 - 900 - 2_000 - 2_500, 2_500)
    waste, units = world.code("W"), sorted([*plants, lot, *samples[1:], packages[0]])
    total = 2 * 4_000 + 2_500 + 2 * 300 + 1_000
    problem = grower.refused("collectWaste", waste=waste, units=units, mass=total + 1, position="W/1")
    assert (problem.code, problem.path) == ("MASS_CREATED", ("0", "data", "mass"))
    grower.does("collectWaste", waste=waste, units=units, mass=total - 100, position="W/1")
    assert status(world, plants[0]) == ("WASTED", "grower-1", 0)
    assert status(world, lot)[0] == "SAMPLED"
    grower.does("destroyWaste", units=[waste], method="CHLORINATED")
    assert status(world, waste) == ("DESTROYED", "grower-1", 0)
    assert (
        grower.refused("collectWaste", waste=world.code("W"), units=[lot], mass=1, position="W").code == "WRONG_STATE"
    )


def test_over_a_limit(world: World) -> None:
    """A lot above a limit is never packed, only lost and destroyed (R 12a)."""
    lot, samples = world.sampled_lot()
    world.laboratory.does("recordResult", sample=samples[0], **EXCEEDED)
    assert state(world, lot).result == "EXCEEDED"
    problem = world.grower.refused("packLot", lot=lot, packages=world.codes("E", 2), mass=1_000, position="C")
    assert (problem.code, problem.expected) == ("LIMIT_EXCEEDED", "LEAD_MAX 5000")
    world.laboratory.does("recordResult", sample=samples[1], **PASSED)
    assert state(world, lot).result == "EXCEEDED"
    mass = state(world, lot).mass
    world.grower.does("recordLoss", units=[lot], reason="LIMITS", mass=mass)
    assert (state(world, lot).status, state(world, lot).lost) == ("EMPTY", mass)
    waste = world.code("W")
    world.grower.does("collectWaste", waste=waste, units=[lot], mass=mass, position="W/1")
    world.grower.does("destroyWaste", units=[waste], method="BURNED")


def test_over_a_limit_after_packing(world: World) -> None:
    """A second sample may exceed after packing: the packages are stopped wherever they are."""
    lot, samples = world.passed_lot()
    at_shop, at_grower, underway = world.packed(lot, 2), world.packed(lot, 1), world.packed(lot, 1)
    shipment = world.shipped(at_shop)
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(at_shop, accepted=True))
    late = world.shipped(underway)
    world.laboratory.does("recordResult", sample=samples[1], **EXCEEDED)
    assert world.shop.refused("sellPackages", packages=at_shop[:1]).code == "LIMIT_EXCEEDED"
    ready = world.grower.refused(
        "readyShipment", shipment=world.code("S"), to="shop-1", packages=at_grower, position="D"
    )
    assert (ready.code, ready.expected) == ("LIMIT_EXCEEDED", "LEAD_MAX 5000")
    accepting = world.shop.refused("receiveShipment", shipment=late, packages=verdicts(underway, accepted=True))
    assert accepting.code == "LIMIT_EXCEEDED"
    world.shop.does("receiveShipment", shipment=late, packages=verdicts(underway, refused="RECALL"))
    back = world.code("S")
    world.shop.does("returnPackages", shipment=back, packages=at_shop[:1], carrier="carrier-1", reason="RECALL")
    world.shop.does("recordLoss", units=at_shop[1:], reason="LIMITS")


def test_hold_across_a_shipment(world: World) -> None:
    """A hold keeps a package back before departure; under way it can be received but not sold."""
    packages = world.packages(3)
    shipment = world.ready(packages)
    held = world.inspector.does("holdUnits", units=packages[:1], reason="INVESTIGATION")
    problem = world.grower.refused("departShipment", shipment=shipment, carrier="carrier-1")
    assert (problem.code, problem.unit, problem.entry) == ("ON_HOLD", packages[0], held)
    world.grower.does("departShipment", shipment=shipment, carrier="carrier-1", left=packages[:1])
    assert status(world, packages[0])[0] == "STOCK"
    again = world.nvwa.does("holdUnits", units=packages[1:2], reason="QUALITY")
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages[1:], accepted=True))
    problem = world.shop.refused("sellPackages", packages=packages[1:])
    assert (problem.code, problem.entry) == ("ON_HOLD", again)
    assert world.inspector.refused("releaseUnits", units=packages[1:2]).code == "WRONG_STATE"
    world.nvwa.does("releaseUnits", units=packages[1:2])
    world.shop.does("sellPackages", packages=packages[1:])


def test_hold_on_a_lot_and_on_a_shipment(world: World) -> None:
    """A hold on a lot covers what was and will be made of it, one on a shipment what is in it."""
    lot, _ = world.passed_lot()
    packages = world.packed(lot, 2)
    held = world.ministry.does("holdUnits", units=[lot], reason="RECALL")
    problem = world.grower.refused(
        "readyShipment", shipment=world.code("S"), to="shop-1", packages=packages, position="D"
    )
    assert (problem.code, problem.entry, problem.unit) == ("ON_HOLD", held, packages[0])
    assert (
        world.grower.refused("packLot", lot=lot, packages=world.codes("E", 1), mass=1, position="C").code == "ON_HOLD"
    )
    world.ministry.does("releaseUnits", units=[lot])
    shipment = world.ready(packages)
    world.ministry.does("holdUnits", units=[shipment], reason="OTHER")
    assert world.grower.refused("departShipment", shipment=shipment, carrier="carrier-1").code == "ON_HOLD"
    world.ministry.does("releaseUnits", units=[shipment])
    world.grower.does("departShipment", shipment=shipment, carrier="carrier-1")


def test_a_mayor_holds_only_in_his_shops(world: World) -> None:
    """A municipality reaches packages that shops in it hold, and no others; each releases its own hold."""
    packages = world.stocked(2)
    assert world.tilburg.refused("holdUnits", units=packages[:1], reason="OTHER").code == "UNIT_UNKNOWN"
    world.breda.does("holdUnits", units=packages[:1], reason="OTHER")
    world.inspector.does("holdUnits", units=packages[:1], reason="OTHER")
    assert world.breda.refused("holdUnits", units=packages[:1], reason="OTHER").code == "WRONG_STATE"
    world.breda.does("releaseUnits", units=packages[:1])
    assert world.shop.refused("sellPackages", packages=packages[:1]).code == "ON_HOLD"
    world.inspector.does("releaseUnits", units=packages[:1])
    world.shop.does("sellPackages", packages=packages[:1])


def test_device_key(world: World) -> None:
    """A till has a key of its own that can sell and nothing else, until it is revoked."""
    packages = world.stocked(3)
    till, registered = device(world, world.shop, "till-1", scope=["sellPackages"])
    till.does("sellPackages", packages=packages[:1])
    assert till.refused("recordLoss", units=packages[1:2], reason="DAMAGED").code == "NOT_ALLOWED"
    world.shop.does("revokeKey", key=till.key.id, suspectedFrom=registered)
    problem = till.refused("sellPackages", packages=packages[1:2])
    assert problem.code == "KEY_REVOKED"


def test_late_record(world: World) -> None:
    """A sale made offline before a hold is recorded after it, and visibly late; one after it is not."""
    packages = world.stocked(2)
    sold_at = world.tick(60)
    world.tick(60)
    world.inspector.does("holdUnits", units=packages, reason="RECALL")
    world.tick(3 * 24 * 60)
    world.shop.does("sellPackages", packages=packages[:1], at=sold_at)
    assert status(world, packages[0])[0] == "SOLD"
    assert world.shop.refused("sellPackages", packages=packages[1:]).code == "ON_HOLD"


def test_stop_order(world: World) -> None:
    """After a stop order (W 6) stock cannot be sold, but returned, lost and destroyed; other towns go on."""
    packages, elsewhere = world.stocked(3), world.stocked(1, shop=world.other_shop)
    underway = world.packages(1)
    shipment = world.shipped(underway)
    stop = instant.text(world.tick())
    world.ministry.does("setPhase", municipality="breda", product="HEMP", phase="STOPPED", from_=stop)
    assert world.shop.refused("sellPackages", packages=packages[:1]).code == "WRONG_PHASE"
    accept = world.shop.refused("receiveShipment", shipment=shipment, packages=verdicts(underway, accepted=True))
    assert accept.code == "WRONG_PHASE"
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(underway, refused="OTHER"))
    world.shop.does(
        "returnPackages", shipment=world.code("S"), packages=packages[:1], carrier="carrier-1", reason="OTHER"
    )
    world.shop.does("recordLoss", units=packages[1:2], reason="OTHER")
    world.shop.does("destroyWaste", units=packages[1:2], method="OTHER")
    world.other_shop.does("sellPackages", packages=elsewhere)
    world.ministry.does("setPhase", municipality="breda", product="HEMP", phase="EXPERIMENT", from_=stop)
    world.shop.does("sellPackages", packages=packages[2:])


def test_transport_takes_at_most_96_hours(world: World) -> None:
    """Late goods are refused or missing, never accepted (B 24); a return has no such limit."""
    packages = world.packages(2)
    shipment = world.shipped(packages)
    world.tick(96 * 60)
    problem = world.shop.refused("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
    assert (problem.code, problem.expected) == ("LIMIT_EXCEEDED", "TRANSPORT_HOURS_MAX 96")
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages, refused="LATE"))
    world.grower.does("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True), position="C")


def test_a_later_edition_is_adopted(world: World) -> None:
    """This software has one edition: the door refuses to adopt another, so that no gateway locks itself out."""
    problem = world.ministry.refused("adoptEdition", edition=2, manifest="A" * 43 + "=")
    assert problem.code == "VERSION_UNKNOWN"
