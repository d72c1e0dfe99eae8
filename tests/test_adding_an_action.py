"""Does `docs/adding-an-action.md` hold? An action of our own, in an edition 2, from the class to the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from strawberry.types.base import StrawberryOptional, get_object_definition

from ledger import canonical, instant, manual
from ledger.actions import Action, action
from ledger.audit import audit
from ledger.editions import EDITIONS, edition
from ledger.effects import Effect, Transform, look_up
from ledger.errors import Problem, Refused
from ledger.fields import Lot, Milligrams, Position, Sealed
from ledger.rows import Flow, Unit, Version
from ledger.scene import Scene
from ledger.sequencer import Recorded, Sequencer
from ledger.store import Store
from schema.inputs import data_type
from tests.ledgers import Made, Maker, register
from tests.signer import Signer


@action("GROWER")
class TrimLot(Action):
    """Weigh a dry lot again when it is trimmed; the trim is a stated loss. Growers. Only a test's rule."""

    lot: Lot
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The mass without the trim."""
        yield Transform(
            units=look_up(scene, "lot", self.lot), states=("DRY",), to="DRY", mass=self.mass, position=self.position
        )


SECOND = edition(2, *EDITIONS[1].actions.values(), TrimLot)
BOTH = {1: EDITIONS[1], 2: SECOND}


class Desk:
    """A ledger of edition 1 with one dry lot, and a writer that knows edition 2 as well."""

    def __init__(self, database: str) -> None:
        self.database = database
        maker = Maker(database, 1, 50, BOTH)
        register(maker)
        plants, [self.lot] = maker.codes("P", 2), maker.codes("B", 1)
        grown = {"variety": "haze", "site": "hall-1", "height": 12, "mass": 9_000, "position": "A/1"}
        maker.do("grower-1", "intakePlants", plants=plants, **grown)
        maker.do("grower-1", "harvestPlants", plants=plants, lot=self.lot, mass=100_000, position="B/1")
        maker.do("grower-1", "dryLot", lot=self.lot, mass=20_000, moisture=110_000_000, position="B/2")
        self.made: Made = maker.close()
        self.signers: dict[str, Signer] = maker.signers
        self.now = maker.now
        store = Store.open(database)
        self.writer = Sequencer(store, maker.checkpoint_key, clock=lambda: self.now, editions=BOTH)
        self.writer.start()

    def does(self, who: str, name: str, **data: Any) -> Recorded:
        """Record an action a minute later. Raises Refused; its number is then still to be used."""
        self.now += instant.MINUTE
        signer = self.signers[who]
        number = signer.sequence
        try:
            return self.writer.offer(signer.submission(self.writer.head, self.now, (name, data))).result(30)
        except Refused:
            signer.sequence = number
            raise

    def refused(self, who: str, name: str, **data: Any) -> Problem:
        """Why an action is refused."""
        with pytest.raises(Refused) as caught:
            self.does(who, name, **data)
        return caught.value.problems[0]

    def adopt(self) -> None:
        """Put edition 2 in force."""
        manifest = sha256(canonical.encode(manual.described(SECOND))).digest()
        self.does("ministry", "adoptEdition", edition=2, manifest=canonical.b64(manifest))


@pytest.fixture
def desk(new_database: Callable[..., str], engine: str) -> Iterator[Desk]:
    made = Desk(new_database(engine))
    yield made
    assert made.writer.close(10)


def test_it_is_unknown_until_its_edition_is_adopted(desk: Desk) -> None:
    trim = {"lot": desk.lot, "mass": 18_000, "position": "B/3"}
    problem = desk.refused("grower-1", "trimLot", **trim)
    assert (problem.code, problem.path) == ("ACTION_UNKNOWN", ("0", "action"))
    desk.adopt()
    assert desk.does("grower-1", "trimLot", **trim).first == desk.writer.head.size - 1


def test_custody_and_mass_come_from_its_effects(desk: Desk) -> None:
    desk.adopt()
    trim = {"lot": desk.lot, "mass": 18_000, "position": "B/3"}
    assert desk.refused("grower-2", "trimLot", **trim).code == "NOT_HOLDER"
    assert desk.refused("shop-1", "trimLot", **trim).code == "NOT_ALLOWED"
    assert desk.refused("grower-1", "trimLot", **{**trim, "mass": 20_001}).code == "MASS_CREATED"
    assert desk.refused("grower-1", "trimLot", **{**trim, "mass": "18"}).code == "FIELD_INVALID"
    index = desk.does("grower-1", "trimLot", **trim).first
    store = Store.open(desk.database)
    try:
        [unit] = store.load(Unit, "code", (desk.lot,))
        [version] = store.load(Version, "entity", (unit.id,))
        flows = [flow for chunk in store.scan(Flow) for flow in chunk if flow.entry == index]
    finally:
        store.close()
    assert (version.mass, version.since, version.position) == (18_000, index, "B/3")
    assert flows == [Flow(index, 0, unit.id, None, 2_000, None, "LOSS")]


def test_it_is_audited_by_who_knows_the_edition(desk: Desk) -> None:
    desk.adopt()
    desk.does("grower-1", "trimLot", lot=desk.lot, mass=18_000, position="B/3")
    desk.does("grower-1", "movePlants", **_another(desk))
    report = audit(desk.database, anchor=desk.made.anchor, jobs=1, editions=BOTH)
    assert report.verdict == "intact", report.text()
    assert report.editions == [1, 2]
    without = audit(desk.database, anchor=desk.made.anchor, jobs=1, editions=EDITIONS)
    assert without.verdict == "undecided"
    assert [fault.code for fault in without.faults] == ["EDITION_UNKNOWN"]


def _another(desk: Desk) -> dict[str, Any]:
    """A plant taken in under edition 2, to be moved: the old actions go on."""
    plant = "P0123456789ABCDEFGHJKQ"
    grown = {"plants": [plant], "height": 12, "mass": 9_000, "position": "A/2"}
    desk.does("grower-1", "intakePlants", variety="haze", site="hall-1", **grown)
    return {**grown, "position": "A/3"}


def test_its_types_come_from_the_class() -> None:
    assert manual.json_schema(TrimLot.struct) == {
        "type": "object",
        "properties": {
            "lot": {"type": "string", "description": "a code B…"},
            "mass": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
            "position": {"type": "string", "description": "[A-Z0-9./-]{1,24}"},
            "note": manual.json_schema(SECOND.actions["dryLot"].struct)["properties"]["note"],
        },
        "required": ["lot", "mass", "position"],
        "additionalProperties": False,
    }
    made = get_object_definition(data_type(TrimLot), strict=True)
    assert made.is_input
    assert made.name == "TrimLotData"
    optional = {field.graphql_name: isinstance(field.type, StrawberryOptional) for field in made.fields}
    assert optional == {"lot": False, "mass": False, "position": False, "note": True}
    assert "## trimLot\n\nWeigh a dry lot again" in manual.page(SECOND)
