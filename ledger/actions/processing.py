"""Processing and waste: drying, samples and their results, packing, and the end of what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.actions import Action, action
from ledger.effects import (
    Consume,
    ConsumeLost,
    Create,
    Destroy,
    Effect,
    Observe,
    Touched,
    Transform,
    look_up,
)
from ledger.fields import (
    INTEGER_MAX,
    CfuPerGram,
    Destroyable,
    DestructionMethod,
    Losable,
    Lot,
    MicrogramsPerKilogram,
    Milligrams,
    Packages,
    Position,
    Sample,
    Samples,
    Sealed,
    Slug,
    Waste,
)
from ledger.rows import Version
from ledger.scene import Scene

LIMITS = {
    "lead": "LEAD_MAX",
    "mercury": "MERCURY_MAX",
    "cadmium": "CADMIUM_MAX",
    "arsenic": "ARSENIC_MAX",
    "aflatoxins": "AFLATOXINS_MAX",
    "aerobic": "AEROBIC_MAX",
    "yeasts": "YEASTS_MAX",
    "staphylococcus": "STAPHYLOCOCCUS_MAX",
}
"""Which parameter bounds which value of a result (Regeling annex III)."""


@action("GROWER")
class DryLot(Action):
    """Weigh a lot again when it is dry; what is missing dried away. Growers. Regeling annex IV."""

    lot: Lot
    mass: Milligrams
    moisture: MicrogramsPerKilogram
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The dry mass; the difference is a stated loss."""
        yield Transform(
            units=look_up(scene, "lot", self.lot),
            states=("WET",),
            to="DRY",
            mass=self.mass,
            position=self.position,
        )


@action("GROWER")
class TakeSamples(Action):
    """Take equal samples of a dry lot for a laboratory. Growers. Besluit art. 28, Regeling art. 11."""

    lot: Lot
    samples: Samples
    mass: Milligrams
    position: Position
    laboratory: Slug
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """Samples out of the lot, exactly as many as the parameter says."""
        lots = look_up(scene, "lot", self.lot)
        wanted = scene.parameter("SAMPLES_PER_LOT")
        if wanted is not None and len(self.samples) != wanted:
            scene.refuse("LIMIT_EXCEEDED", "samples", expected=f"SAMPLES_PER_LOT {wanted}")
        yield Consume(units=lots, states=("DRY",), to="SAMPLED", take=self.mass * len(self.samples))
        scene.named("laboratory", self.laboratory, "LABORATORY")
        lot = lots[0].unit if lots else None
        yield Create(
            path="samples",
            codes=self.samples,
            status="TAKEN",
            mass=self.mass,
            position=self.position,
            source=lot.id if lot else None,
            grower=scene.signer.participant,
            variety=lot.variety if lot else None,
            site=lot.site if lot else None,
            product=lot.product if lot else None,
            made_of=lot.id if lot else None,
            laboratory=self.laboratory,
        )


def tester(touched: Touched) -> tuple[str | None, ...]:
    """A result comes from the laboratory named for the sample, or from the grower that holds it."""
    return (touched.now.holder, touched.unit.laboratory)


@action("LABORATORY", "GROWER", custody=False)
class RecordResult(Action):
    """Record what a laboratory found in a sample. The laboratory, or the grower. Regeling art. 12, annex III."""

    sample: Sample
    thc: MicrogramsPerKilogram
    cbd: MicrogramsPerKilogram
    lead: MicrogramsPerKilogram | None = None
    mercury: MicrogramsPerKilogram | None = None
    cadmium: MicrogramsPerKilogram | None = None
    arsenic: MicrogramsPerKilogram | None = None
    aflatoxins: MicrogramsPerKilogram | None = None
    aerobic: CfuPerGram | None = None
    yeasts: CfuPerGram | None = None
    staphylococcus: CfuPerGram | None = None
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """The sample is tested; its lot has passed, is above a limit, or waits for what is missing."""
        samples = look_up(scene, "sample", self.sample)
        yield Observe(units=samples, states=("TAKEN",), by=tester, blocked=False, changes={"status": "TESTED"})
        for touched in samples:
            assert touched.unit.source is not None
            lot = scene.unit_by_id(touched.unit.source)
            now = scene.version(lot.id)
            yield Observe(
                units=[Touched(lot.code, touched.path, lot, now)],
                asks=False,
                changes=self.verdict(scene, now),
            )

    def verdict(self, scene: Scene, lot: Version) -> dict[str, Any]:
        """What changes of the lot, which is not touched itself: only its sample is.

        A value above its limit is recorded, not refused, and EXCEEDED is for ever; PASSED needs
        every value that has a limit in force. The label's THC and CBD are those of the first result
        that passed.
        """
        if lot.result == "EXCEEDED":
            return {}
        complete = True
        for name, parameter in LIMITS.items():
            value, bound = getattr(self, name), scene.parameter(parameter)
            if bound is None:
                continue
            if value is None:
                complete = False
            elif value > bound:
                return {"result": "EXCEEDED", "exceeded": f"{parameter} {bound}"}
        if complete and lot.result is None:
            return {"result": "PASSED", "thc": self.thc, "cbd": self.cbd}
        return {}


@action("GROWER")
class PackLot(Action):
    """Fill sealed packages, each of the same mass, from a lot that passed. Growers. Besluit art. 28, 29."""

    lot: Lot
    packages: Packages
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """Packages out of the lot; not without a result, never above a limit (R 12a)."""
        lots = look_up(scene, "lot", self.lot)
        for lot in lots:
            if lot.now.result is None:
                scene.refuse("RESULT_MISSING", *lot.path, unit=lot.code)
            if lot.now.result == "EXCEEDED":
                scene.refuse("LIMIT_EXCEEDED", *lot.path, unit=lot.code, expected=lot.now.exceeded)
        yield Consume(
            units=lots,
            states=("DRY", "SAMPLED"),
            take=self.mass * len(self.packages),
            to=lots[0].now.status if lots else "",
        )
        scene.limit("PACKAGE_MAX", self.mass, "mass")
        unit = lots[0].unit if lots else None
        yield Create(
            path="packages",
            codes=self.packages,
            status="STOCK",
            mass=self.mass,
            position=self.position,
            source=unit.id if unit else None,
            grower=scene.signer.participant,
            variety=unit.variety if unit else None,
            site=unit.site if unit else None,
            product=unit.product if unit else None,
            made_of=unit.id if unit else None,
        )


@action("GROWER")
class CollectWaste(Action):
    """Bundle what was lost into waste (afval) and weigh it. Growers. Regeling annex IV, Besluit art. 21."""

    waste: Waste
    units: Losable
    mass: Milligrams
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """All that was lost in these units goes into one waste; it may weigh less, never more."""
        units = look_up(scene, "units", self.units)
        lots = [unit for unit in units if unit.code[0] == "B"]
        others = [unit for unit in units if unit.code[0] != "B"]
        put = sum(lot.now.lost for lot in lots) + sum(unit.now.mass for unit in others)
        if put > INTEGER_MAX:  # no flow and no format could say it
            scene.refuse("LIMIT_EXCEEDED", "units", expected=f"{INTEGER_MAX} milligrams")
        yield Create(
            path="waste",
            codes=[self.waste],
            status="COLLECTED",
            mass=self.mass,
            position=self.position,
            flows=False,
            grower=scene.signer.participant,
            out_of=put,
        )
        yield ConsumeLost(units=lots, into=self.waste)
        yield Consume(units=others, states=("LOST",), to="WASTED", into=self.waste, kind="WASTE")


@action("GROWER", "COFFEESHOP")
class DestroyWaste(Action):
    """Destroy (vernietigen) waste, or, in a shop, lost packages. Growers, coffeeshops. Regeling art. 12a."""

    units: Destroyable
    method: DestructionMethod
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """What is in them leaves the books."""
        grower = scene.signer.kind == "GROWER"
        for place, code in enumerate(self.units):
            if (code[0] == "W") != grower:
                scene.refuse("NOT_ALLOWED", "units", place)
        yield Destroy(
            units=look_up(scene, "units", self.units),
            states=("COLLECTED",) if grower else ("LOST",),
            to="DESTROYED",
            kind="DESTROYED",
        )
