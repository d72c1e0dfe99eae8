"""Cultivation: from the plants that come in, over cuttings, to the harvest; and what is lost."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.actions import Action, action
from ledger.effects import Consume, Create, Destroy, Effect, Empower, Observe, Relocate, look_up
from ledger.errors import Problem
from ledger.fields import (
    Centimetres,
    Losable,
    LossReason,
    Lot,
    Milligrams,
    Plant,
    Plants,
    Position,
    Sealed,
    Slug,
)
from ledger.scene import HOUR, Scene

GONE = ("MISSING", "STOLEN")


@action("GROWER")
class IntakePlants(Action):
    """Bring starting material in from outside the chain, once and counted. Growers. Regeling annex IV."""

    plants: Plants
    variety: Slug
    site: Slug
    height: Centimetres
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """Growing plants that come from nowhere in the books."""
        scene.variety("variety", self.variety)
        site = scene.site("site", scene.signer.participant, self.site)
        if site is not None and not site.designated:
            scene.refuse("NOT_ALLOWED", "site")
        total = scene.signer.intake_plants + len(self.plants)
        first = scene.signer.intake_first
        scene.limit("INTAKE_PLANTS_MAX", total, "plants")
        if first is not None:
            scene.limit("INTAKE_HOURS_MAX", scene.at - first, "plants", scale=HOUR)
        yield Create(
            path="plants",
            codes=self.plants,
            status="GROWING",
            pieces=1,
            position=self.position,
            grower=scene.signer.participant,
            variety=self.variety,
            site=self.site,
        )
        yield Empower(
            row=scene.signer,
            changes={"intake_plants": total, "intake_first": scene.at if first is None else first},
        )


@action("GROWER")
class TakeCuttings(Action):
    """Take cuttings (stekken) from a mother plant; each is a plant at once. Growers. Regeling annex IV."""

    mother: Plant
    plants: Plants
    height: Centimetres
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """Growing plants of the mother's variety and site; the mother goes on growing."""
        mothers = look_up(scene, "mother", self.mother)
        yield Observe(units=mothers, states=("GROWING",))
        mother = mothers[0].unit if mothers else None
        yield Create(
            path="plants",
            codes=self.plants,
            status="GROWING",
            pieces=1,
            position=self.position,
            source=mother.id if mother else None,
            grower=scene.signer.participant,
            variety=mother.variety if mother else None,
            site=mother.site if mother else None,
        )


@action("GROWER")
class MovePlants(Action):
    """Move plants to another position. Growers. Regeling annex IV (PLANTVERPLAATSEN)."""

    plants: Plants
    height: Centimetres
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The new position; height and mass are observations."""
        yield Relocate(
            units=look_up(scene, "plants", self.plants),
            states=("GROWING",),
            changes={"position": self.position},
        )


@action("GROWER")
class HarvestPlants(Action):
    """Cut plants and weigh what they gave, wet. Growers. Regeling art. 15, annex IV."""

    plants: Plants
    lot: Lot
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """A wet lot of one variety and site; its mass enters the books here (R 1)."""
        plants = look_up(scene, "plants", self.plants)
        yield Consume(units=plants, states=("GROWING",), to="HARVESTED", pieces=1, into=self.lot)
        first = plants[0].unit if plants else None
        for plant in plants[1:]:
            assert first is not None
            if (plant.unit.variety, plant.unit.site) != (first.variety, first.site):
                scene.refuse("WRONG_STATE", *plant.path, unit=plant.code)
        yield Create(
            path="lot",
            codes=[self.lot],
            status="WET",
            mass=self.mass,
            position=self.position,
            grower=scene.signer.participant,
            variety=first.variety if first else None,
            site=first.site if first else None,
            product="HEMP",
        )


@action("GROWER", "COFFEESHOP")
class RecordLoss(Action):
    """Say what was lost (derving), and why. Growers, coffeeshops. Regeling art. 6a, annex IV."""

    units: Losable
    reason: LossReason
    mass: Milligrams | None = None
    height: Centimetres | None = None
    note: Sealed | None = None

    def form(self) -> Iterator[Problem]:
        """One kind, a lot alone; weight of a lot, weight and height of plants that are still there."""
        kind = self.units[0][0]
        for place, code in enumerate(self.units):
            if code[0] != kind or (kind == "B" and place):
                yield Problem("FIELD_INVALID", ("units", str(place)), expected="units of one kind, a lot alone")
                return
        weighed = kind == "B" or (kind == "P" and self.reason not in GONE)
        measured = kind == "P" and self.reason not in GONE
        for name, value, wanted in (("mass", self.mass, weighed), ("height", self.height, measured)):
            if wanted and value is None:
                yield Problem("FIELD_MISSING", (name,))
            if not wanted and value is not None:
                yield Problem("FIELD_INVALID", (name,), expected="absent for these units and this reason")

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """What is missing or stolen leaves the books; the rest is lost, but still there."""
        units = look_up(scene, "units", self.units)
        gone = self.reason in GONE
        kind = self.units[0][0]
        if kind == "B":
            assert self.mass is not None
            weighed = ("WET", "DRY", "SAMPLED")
            if gone:
                yield Destroy(units=units, states=weighed, blocked=False, to="EMPTY", kind="LOSS", take=self.mass)
            else:
                yield Observe(units=units, states=weighed, blocked=False, lost=self.mass)
            return
        states = {
            "P": ("GROWING",),
            "M": ("TAKEN", "TESTED"),
            "E": ("STOCK", "READY", "REFUSED", "MISSING"),
        }[kind]
        if gone:
            yield Destroy(
                units=units,
                states=states,
                blocked=False,
                to="GONE",
                kind="LOSS",
                pieces=1 if kind == "P" else 0,
            )
        else:
            yield Observe(
                units=units,
                states=states,
                blocked=False,
                weighed=self.mass or 0,
                changes={"status": "LOST", "shipment": None},
            )
