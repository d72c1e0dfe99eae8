"""Is every refusal code given, for its reason and in its order? Through the gateway.

What is refused changes nothing: after all of it the ledger is intact. What is wrong in the bytes of a statement
alone is in `tests/test_bad_bytes.py`; the cases of the regulation are in `tests/test_story.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical, instant, keys
from ledger.canonical import b64
from ledger.errors import REFUSALS
from ledger.keys import SigningKey
from tests.hand import Hand, audited_after, codes
from tests.signer import seed
from tests.world import PASSED, World, device, verdicts

VARIETY: dict[str, Any] = {"variety": "bar", "name": "Bar"}
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""The root of no entries."""


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with audited_after(sqlite_template, tmp_path_factory.mktemp("refusals")) as made:
        yield made


# The header, the key and the numbers.


def test_key_unknown(world: World) -> None:
    hand = Hand(world, world.grower)
    hand.key = SigningKey(seed("nobody"))
    assert codes(hand.problems(hand.statement("registerVariety", VARIETY))) == ["KEY_UNKNOWN"]


def test_key_revoked_and_lapsed(world: World) -> None:
    lapsing, _ = device(world, world.shop, "lapsing", notAfter=instant.text(world.now + 10 * instant.MINUTE))
    revoked, _ = device(world, world.shop, "revoked")
    world.shop.does("revokeKey", key=revoked.key.id)
    world.tick(60)
    for actor in (lapsing, revoked):
        hand = Hand(world, actor)
        assert codes(hand.problems(hand.statement("sellPackages", {"packages": world.codes("E", 1)}))) == [
            "KEY_REVOKED"
        ]


def test_signature_invalid_shows_the_text_that_was_verified(world: World) -> None:
    hand = Hand(world, world.grower)
    [problem] = hand.problems(hand.statement("registerVariety", VARIETY), sign=False)
    assert problem["code"] == "SIGNATURE_INVALID"
    assert problem["expected"].startswith(
        f"ketenboek submission v1\n{world.anchor.origin}\n{hand.key.id}\n{hand.next}\n"
    )


def test_sequences(world: World) -> None:
    hand = Hand(world, world.grower)
    used, gap = hand.next - 1, hand.next + 1
    assert codes(hand.problems(hand.statement("registerVariety", VARIETY, sequence=used), first=used)) == [
        "SEQUENCE_USED"
    ]
    assert codes(hand.problems(hand.statement("registerVariety", VARIETY, sequence=gap), first=gap)) == ["SEQUENCE_GAP"]
    torn = [hand.statement("registerVariety", VARIETY), hand.statement("registerVariety", VARIETY, sequence=gap + 1)]
    [problem] = hand.problems(*torn)
    assert (problem["code"], problem["path"], problem["expected"]) == ("SEQUENCE_GAP", ["1", "sequence"], str(gap))
    other = hand.statement("registerVariety", VARIETY, key=keys.thumbprint(bytes(32)), sequence=gap)
    assert codes(hand.problems(torn[0], other)) == ["FIELD_INVALID"]


def test_seen_contradicted(world: World) -> None:
    hand = Hand(world, world.grower)
    head = world.running.gateway.sequencer.head
    act = hand.statement("registerVariety", VARIETY)
    for seen in ((head.size, bytes(32)), (head.size + 1, head.root), (1, bytes(32)), (0, canonical.unb64(EMPTY))):
        assert codes(hand.problems(act, seen=seen)) == ["SEEN_CONTRADICTED"], seen


def test_until(world: World) -> None:
    hand = Hand(world, world.grower)
    act = hand.statement("registerVariety", VARIETY)
    late = instant.text(world.now - instant.MINUTE)
    far = instant.text(world.now + 7 * instant.DAY + 1)
    assert codes(hand.problems(act, until=late)) == ["EXPIRED"]
    assert codes(hand.problems(act, until=far)) == ["UNTIL_TOO_FAR"]


# The rules of the chain.


def test_not_allowed(world: World) -> None:
    grower, shop, ministry = world.grower, world.shop, world.ministry
    assert grower.refused("sellPackages", packages=world.codes("E", 1)).code == "NOT_ALLOWED"
    assert shop.refused("registerVariety", **VARIETY).code == "NOT_ALLOWED"
    assert shop.refused("registerKey", **_registration(world, "grower-1", "x")).code == "NOT_ALLOWED"
    assert shop.refused("revokeKey", key=grower.key.id).code == "NOT_ALLOWED"
    late = world.enrol("grower-3", "GROWER")
    late.does("registerSite", site="hall", address="Laan 3")
    late.does("registerVariety", **VARIETY)
    plants: dict[str, Any] = {
        "plants": world.codes("P", 1),
        "variety": "bar",
        "site": "hall",
        "height": 1,
        "mass": 1,
        "position": "A",
    }
    assert late.refused("intakePlants", **plants).code == "NOT_ALLOWED"
    ministry.does("designateGrower", grower="grower-3", sites=["hall"])
    late.does("registerSite", site="shed", address="Laan 4")
    assert late.refused("intakePlants", **{**plants, "site": "shed"}).path == ("0", "data", "site")
    unadmitted = world.enrol("shop-3", "COFFEESHOP")
    assert unadmitted.refused("recordLoss", units=world.codes("E", 1), reason="OTHER").code == "NOT_ALLOWED"
    packages = world.packages(1)
    problem = grower.refused("readyShipment", shipment=world.code("S"), to="shop-3", packages=packages, position="D")
    assert (problem.code, problem.path) == ("NOT_ALLOWED", ("0", "data", "to"))
    machine, _ = device(world, grower, "machine-1")
    assert machine.refused("registerVariety", variety="bar", name="Bar").code == "NOT_ALLOWED"


def _registration(world: World, participant: str, name: str) -> dict[str, Any]:
    key = SigningKey(seed(name))
    possession = key.sign(keys.possession_text(world.anchor.origin, participant, key.id))
    return {"participant": participant, "key": b64(key.public), "possession": b64(possession), "admin": True}


def test_units_and_codes(world: World) -> None:
    [plant] = world.plants(1)
    taken: dict[str, Any] = {"mother": plant, "height": 1, "mass": 1, "position": "A"}
    unknown = world.grower.refused("takeCuttings", **{**taken, "mother": world.code("P")}, plants=world.codes("P", 1))
    assert (unknown.code, unknown.path) == ("UNIT_UNKNOWN", ("0", "data", "mother"))
    used = world.grower.refused("takeCuttings", **taken, plants=sorted([plant, world.code("P")]))
    assert (used.code, used.unit) == ("CODE_USED", plant)
    foreign = world.rival.refused("movePlants", plants=[plant], height=1, mass=1, position="A")
    assert (foreign.code, foreign.entry, foreign.expected) == ("UNIT_UNKNOWN", None, None)
    inspected = world.inspector.refused("releaseUnits", units=[plant])
    assert inspected.code == "WRONG_STATE"


def test_the_holder_before_is_told_who_holds_not(world: World) -> None:
    packages = world.stocked(1)
    problem = world.grower.refused(
        "readyShipment", shipment=world.code("S"), to="shop-1", packages=packages, position="D"
    )
    assert (problem.code, problem.unit) == ("NOT_HOLDER", packages[0])
    masked = world.other_shop.refused("sellPackages", packages=packages)
    assert masked.code == "UNIT_UNKNOWN"


def test_names(world: World) -> None:
    plants: dict[str, Any] = {"plants": world.codes("P", 1), "height": 1, "mass": 1, "position": "A"}
    assert world.grower.refused("intakePlants", **plants, variety="unknown", site="hall-1").code == "NAME_UNKNOWN"
    assert world.grower.refused("intakePlants", **plants, variety="haze", site="unknown").code == "NAME_UNKNOWN"
    assert world.grower.refused("registerVariety", variety="haze", name="Haze").code == "NAME_USED"
    kinds: dict[str, Any] = {"kind": "CARRIER", "name": "Again"}
    assert world.ministry.refused("registerParticipant", participant="carrier-1", **kinds).code == "NAME_USED"
    site = world.shop.refused("registerSite", site="cellar", address="Markt 2")
    assert (site.code, site.path) == ("FIELD_MISSING", ("0", "data", "municipality"))
    assert world.shop.refused("registerSite", site="b2", municipality="shop-2", address="x").code == "NAME_UNKNOWN"
    assert world.tilburg.refused("admitShop", shop="shop-1", site="counter").code == "NAME_UNKNOWN"
    assert world.breda.refused("admitShop", shop="shop-1", site="counter").code == "WRONG_STATE"
    assert world.ministry.refused("designateGrower", grower="shop-1", sites=["counter"]).code == "NAME_UNKNOWN"
    assert world.ministry.refused("revokeKey", key=keys.thumbprint(bytes(32))).code == "NAME_UNKNOWN"


def test_key_unfit(world: World) -> None:
    ministry = world.ministry
    device = {name: value for name, value in _registration(world, "shop-1", "new").items() if name != "admin"}
    assert ministry.refused("registerKey", **device).code == "NOT_ALLOWED", "a shop registers its devices itself"
    again = ministry.refused("registerKey", **_registration(world, "shop-1", "grower-1"))
    assert again.code == "KEY_UNFIT"
    small: dict[str, Any] = {**_registration(world, "shop-1", "new"), "key": b64(bytes([1]) + bytes(31))}
    assert ministry.refused("registerKey", **small).code == "KEY_UNFIT"
    unproven: dict[str, Any] = {**_registration(world, "shop-1", "new"), "possession": b64(bytes(64))}
    assert ministry.refused("registerKey", **unproven).code == "KEY_UNFIT"
    moved: dict[str, Any] = {**_registration(world, "shop-2", "new"), "participant": "shop-1"}
    assert ministry.refused("registerKey", **moved).code == "KEY_UNFIT"
    checkpoint = ministry.refused("registerKey", **_registration(world, "shop-1", "gateway"))
    assert checkpoint.code == "KEY_UNFIT"
    both = ministry.refused("registerKey", **_registration(world, "shop-1", "new"), scope=["sellPackages"])
    assert both.code == "FIELD_INVALID"


def test_revoking(world: World) -> None:
    ministry = world.ministry
    offline = keys.SigningKey(seed("offline")).id
    seen = ministry.refused("revokeKey", key=offline, suspectedFrom=world.size + 100)
    assert (seen.code, seen.path) == ("FIELD_INVALID", ("0", "data", "suspectedFrom"))
    ministry.does("revokeKey", key=offline)
    assert ministry.refused("revokeKey", key=offline).code == "WRONG_STATE"
    assert ministry.refused("revokeKey", key=ministry.key.id).code == "WRONG_STATE"


def test_time(world: World) -> None:
    [plant] = world.plants(1)
    move: dict[str, Any] = {"plants": [plant], "height": 1, "mass": 1, "position": "A"}
    before = world.now - 300_000
    assert world.grower.refused("movePlants", **move, at=before - 1).code == "AT_BEFORE_UNIT"
    world.grower.does("movePlants", **move, at=before)


def test_limits(world: World) -> None:
    grower = world.grower
    lot, samples = world.sampled_lot()
    dry = world.dry_lot()
    some: dict[str, Any] = {"mass": 300, "position": "B", "laboratory": "laboratory-1"}
    two = grower.refused("takeSamples", lot=dry, samples=world.codes("M", 2), **some)
    assert (two.code, two.expected) == ("LIMIT_EXCEEDED", "SAMPLES_PER_LOT 3")
    much = grower.refused("takeSamples", lot=dry, samples=world.codes("M", 3), **{**some, "mass": 9_000})
    assert much.code == "NOT_ENOUGH"
    pack: dict[str, Any] = {"lot": lot, "packages": world.codes("E", 2), "position": "C"}
    assert grower.refused("packLot", **pack, mass=1_000).code == "RESULT_MISSING"
    world.laboratory.does("recordResult", sample=samples[0], **PASSED)
    heavy = grower.refused("packLot", **pack, mass=5_001)
    assert (heavy.code, heavy.path, heavy.expected) == ("LIMIT_EXCEEDED", ("0", "data", "mass"), "PACKAGE_MAX 5000")
    large = world.dry_lot(3_000)
    assert grower.refused("recordLoss", units=[large], reason="TRIM", mass=3_001).code == "NOT_ENOUGH"
    wet = world.wet_lot(1_000)
    assert grower.refused("dryLot", lot=wet, mass=1_001, moisture=1, position="B").code == "MASS_CREATED"
    packages = world.stocked(3, 2_000)
    sale = world.shop.refused("sellPackages", packages=packages)
    assert (sale.code, sale.expected) == ("LIMIT_EXCEEDED", "SALE_MAX 5000")
    world.ministry.does("setParameter", parameter="SALE_MAX", from_=instant.text(world.now))
    world.shop.does("sellPackages", packages=packages)
    world.ministry.does("setParameter", parameter="SALE_MAX", value=5_000, from_=instant.text(world.now))


def test_states(world: World) -> None:
    grower = world.grower
    one, other = world.plants(1), world.plants(1, variety="kush")
    mixed = grower.refused("harvestPlants", plants=sorted([*one, *other]), lot=world.code("B"), mass=1, position="B")
    assert mixed.code == "WRONG_STATE"
    wet = world.wet_lot()
    grower.does("dryLot", lot=wet, mass=1_000, moisture=1, position="B")
    assert grower.refused("dryLot", lot=wet, mass=1_000, moisture=1, position="B").code == "WRONG_STATE"
    packages = world.packages(1)
    shipment = world.ready(packages)
    early = world.shop.refused("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
    assert early.code == "WRONG_STATE"
    nothing = grower.refused("departShipment", shipment=shipment, carrier="carrier-1", left=packages)
    assert nothing.code == "WRONG_STATE"
    elsewhere = world.packages(1)
    grower.does("departShipment", shipment=shipment, carrier="carrier-1")
    outside = world.shop.refused("receiveShipment", shipment=shipment, packages=verdicts(elsewhere, accepted=True))
    assert outside.code == "UNIT_UNKNOWN"
    world.shop.does("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
    twice = world.shop.refused("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
    assert twice.code == "WRONG_STATE"


def test_phases(world: World) -> None:
    town = world.enrol("heerlen", "MUNICIPALITY")
    shop = world.enrol("shop-4", "COFFEESHOP")
    shop.does("registerSite", site="counter", municipality="heerlen", address="x")
    town.does("admitShop", shop="shop-4", site="counter")
    packages = world.packages(1)
    ready: dict[str, Any] = {"shipment": world.code("S"), "to": "shop-4", "packages": packages, "position": "D"}
    assert world.grower.refused("readyShipment", **ready).code == "WRONG_PHASE"
    for phase, opened in (("PREPARATION", False), ("STARTUP", True), ("STOPPED", False), ("WINDDOWN", True)):
        moment = instant.text(world.tick())
        world.ministry.does("setPhase", municipality="heerlen", product="HEMP", phase=phase, from_=moment)
        if opened:
            world.grower.does("readyShipment", **{**ready, "shipment": world.code("S")})
            world.grower.does("recordLoss", units=packages, reason="OTHER")
            packages = ready["packages"] = world.packages(1)
        else:
            assert world.grower.refused("readyShipment", **ready).code == "WRONG_PHASE", phase


def test_the_first_by_precedence_counts(world: World) -> None:
    """Whatever else is wrong, and wherever it stands in the statement."""
    sold, stock = world.stocked(1), world.stocked(1)
    world.shop.does("sellPackages", packages=sold)
    unknown = world.code("E")
    assert world.shop.refused("sellPackages", packages=sorted([*sold, unknown])).code == "UNIT_UNKNOWN"
    world.inspector.does("holdUnits", units=stock, reason="OTHER")
    both = world.shop.refused("sellPackages", packages=sorted([*sold, *stock]))
    assert (both.code, both.unit) == ("NOT_HOLDER", sold[0])


def test_a_submission_is_refused_whole(world: World) -> None:
    hand = Hand(world, world.grower)
    good = hand.statement("registerVariety", VARIETY)
    bad = hand.statement("registerVariety", {"variety": "haze", "name": "Haze"}, sequence=hand.next + 1)
    [problem] = hand.problems(good, bad)
    assert (problem["code"], problem["path"]) == ("NAME_USED", ["1", "data", "variety"])


def test_every_code_has_a_row() -> None:
    """A code that no test of refusals or stories names would be a rule that nobody checks."""
    folder = Path(__file__).parent
    text = "".join((folder / f"test_{name}.py").read_text() for name in ("bad_bytes", "refusals", "story", "sequencer"))
    missing = [code for code in REFUSALS if f'"{code}"' not in text]
    assert not missing


def test_intake_is_limited_in_number_and_time(world: World) -> None:
    """The last of the file: for everybody the days in which they may begin are over then."""
    rival = world.rival
    rival.does("intakePlants", **_intake(world, 900))
    many = rival.refused("intakePlants", **_intake(world, 101))
    assert (many.code, many.expected) == ("LIMIT_EXCEEDED", "INTAKE_PLANTS_MAX 1000")
    rival.does("intakePlants", **_intake(world, 1))
    world.tick(336 * 60)
    late = rival.refused("intakePlants", **_intake(world, 1))
    assert (late.code, late.expected) == ("LIMIT_EXCEEDED", "INTAKE_HOURS_MAX 336")


def _intake(world: World, count: int) -> dict[str, Any]:
    plants = world.codes("P", count)
    return {"plants": plants, "variety": "haze", "site": "hall-1", "height": 1, "mass": 1, "position": "A"}
