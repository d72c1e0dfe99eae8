"""Transfer and sale: from the grower's door to the customer, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.actions import Action, action
from ledger.effects import Create, Effect, HandOver, Observe, Relocate, Touched, look_up
from ledger.fields import Packages, Position, ReceivedPackages, RefusalReason, Sealed, Shipment, Slug
from ledger.rows import Version
from ledger.scene import HOUR, Scene

NO_STATE = ("",)


def within_limits(scene: Scene, packages: list[Touched]) -> None:
    """Packages of a lot above a limit go nowhere but back, lost or destroyed (`actions-1.md` §2, rule 6)."""
    for package in packages:
        lot = scene.lot_of(package.unit)
        if lot is not None and lot.result == "EXCEEDED":
            scene.refuse("LIMIT_EXCEEDED", *package.path, unit=package.code, expected=lot.exceeded)


def in_phase(scene: Scene, packages: list[Touched], municipality: str | None) -> None:
    """WRONG_PHASE where shops of the municipality may not have the product at `at` (`actions-1.md` §4)."""
    for package in packages:
        if not scene.open_to_trade(municipality, package.unit.product):
            scene.refuse("WRONG_PHASE", *package.path, unit=package.code)


def parties(touched: Touched) -> tuple[str | None, ...]:
    """Sender and addressee use a shipment, whoever holds what is in it."""
    return (touched.unit.sender, touched.unit.addressee)


@action("GROWER")
class ReadyShipment(Action):
    """Put packages ready for a coffeeshop. Growers. Besluit art. 24, Regeling annex IV (VERZENDNUMMER)."""

    shipment: Shipment
    to: Slug
    packages: Packages
    position: Position
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """A shipment, with packages in it that stay with their grower."""
        yield Create(
            path="shipment",
            codes=[self.shipment],
            status="READY",
            addressee=self.to,
            position=self.position,
            flows=False,
        )
        shop = scene.named("to", self.to, "COFFEESHOP")
        if shop is not None and shop.site is None:
            scene.refuse("NOT_ALLOWED", "to")
        packages = look_up(scene, "packages", self.packages)
        yield Relocate(
            units=packages,
            states=("STOCK",),
            changes={
                "status": "READY",
                "shipment": scene.number(self.shipment),
                "position": self.position,
            },
        )
        if shop is not None:
            in_phase(scene, packages, shop.municipality)
        within_limits(scene, packages)


@action("GROWER")
class DepartShipment(Action):
    """Hand a shipment to the carrier (OPHAALACTIE). The grower that sends it. Besluit art. 24."""

    shipment: Shipment
    carrier: Slug
    left: Packages | None = None
    route: Sealed | None = None
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """What is in it is under way, what is left behind is in stock again."""
        shipments = look_up(scene, "shipment", self.shipment)
        scene.named("carrier", self.carrier, "CARRIER")
        left = look_up(scene, "left", self.left or [])
        if not shipments:
            return
        shipment = shipments[0]
        inside = [
            version for version in scene.state.find(Version, "shipment", shipment.unit.id) if version.status == "READY"
        ]
        staying = {package.unit.id for package in left}
        for package in left:
            if package.now.shipment != shipment.unit.id:
                scene.refuse("UNIT_UNKNOWN", *package.path, unit=package.code)
        departing = [self._inside(scene, version) for version in inside if version.unit not in staying]
        if shipment.now.status == "READY" and not departing:
            scene.refuse("WRONG_STATE", "shipment", unit=self.shipment)
        yield Relocate(
            units=shipments,
            states=("READY",),
            changes={
                "status": "UNDERWAY",
                "carrier": self.carrier,
                "departed": scene.at,
                "underway": len(departing),
                "position": None,
            },
        )
        yield Relocate(units=departing, states=("READY",), changes={"status": "UNDERWAY", "position": None})
        yield Relocate(units=left, states=("READY",), blocked=False, changes={"status": "STOCK", "shipment": None})
        shop = scene.participant(shipment.unit.addressee or "")
        in_phase(scene, departing, shop.municipality if shop else None)
        within_limits(scene, departing)

    def _inside(self, scene: Scene, version: Version) -> Touched:
        unit = scene.unit_by_id(version.unit)
        return Touched(unit.code, ("shipment",), unit, version)


@action("GROWER", "COFFEESHOP")
class ReceiveShipment(Action):
    """Take over what a shipment brought: each package accepted, refused or missing.

    The addressee; the sender for what comes back. Besluit art. 5, 24, Regeling annex IV (AFLEVERACTIE).
    """

    shipment: Shipment
    packages: ReceivedPackages
    position: Position | None = None
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """Each package by its verdict; the shipment is received when nothing in it is under way."""
        if self.position is None and scene.signer.kind == "GROWER":
            scene.refuse("FIELD_MISSING", "position")
        shipments = look_up(scene, "shipment", self.shipment)
        codes = [item["package"] for item in self.packages]
        packages = look_up(scene, "packages", codes, "package")
        if not shipments:
            return
        shipment = shipments[0]
        addressed = shipment.unit.addressee == scene.signer.participant
        inside = [package for package in packages if package.now.shipment == shipment.unit.id]
        for package in packages:
            if package.now.shipment != shipment.unit.id:
                scene.refuse("UNIT_UNKNOWN", *package.path, unit=package.code)
        arrived = sum(package.now.status == "UNDERWAY" for package in inside)
        underway = shipment.now.underway - arrived
        yield Relocate(
            units=shipments,
            states=("UNDERWAY", "RECEIVED"),
            by=parties,
            blocked=False,
            changes={"underway": underway, **({} if underway else {"status": "RECEIVED"})},
        )
        verdicts = {item["package"]: item["verdict"] for item in self.packages}
        for package in inside:
            yield self._verdict(package, verdicts[package.code], addressed)
        accepted = [package for package in inside if "accepted" in verdicts[package.code]]
        if addressed and scene.signer.kind == "COFFEESHOP":
            in_phase(scene, accepted, scene.signer.municipality)
            within_limits(scene, accepted)
            if accepted and shipment.now.departed is not None:
                scene.limit("TRANSPORT_HOURS_MAX", scene.at - shipment.now.departed, "shipment", scale=HOUR)

    def _verdict(self, package: Touched, verdict: dict[str, Any], addressed: bool) -> Effect:
        """The state machine of a package in a shipment (`actions-1.md` §3).

        Who may take part is asked of the shipment, not of each package in it.
        """
        if "accepted" in verdict:
            found = ("UNDERWAY", "MISSING") if addressed else ("REFUSED", "MISSING")
            return HandOver(
                units=[package],
                states=found,
                by=None,
                blocked=False,
                to="STOCK",
                position=self.position,
            )
        if "refused" in verdict:
            states, status = (("UNDERWAY",) if addressed else NO_STATE), "REFUSED"
        else:
            states, status = (("UNDERWAY",) if addressed else ("REFUSED",)), "MISSING"
        return Observe(units=[package], states=states, by=None, blocked=False, changes={"status": status})


@action("COFFEESHOP")
class ReturnPackages(Action):
    """Send packages back to the grower that packed them. Coffeeshops. Regeling annex IV (RETOURVERZENDNUMMER)."""

    shipment: Shipment
    packages: Packages
    carrier: Slug
    reason: RefusalReason
    note: Sealed | None = None

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """A shipment under way at once, addressed to their one grower."""
        packages = look_up(scene, "packages", self.packages)
        scene.named("carrier", self.carrier, "CARRIER")
        grower = packages[0].unit.grower if packages else None
        yield Create(
            path="shipment",
            codes=[self.shipment],
            status="UNDERWAY",
            addressee=grower,
            flows=False,
            carrier=self.carrier,
            departed=scene.at,
            underway=len(self.packages),
        )
        yield Relocate(
            units=packages,
            states=("STOCK",),
            changes={
                "status": "UNDERWAY",
                "shipment": scene.number(self.shipment),
                "position": None,
            },
        )
        for package in packages:
            if package.unit.grower != grower:
                scene.refuse("WRONG_STATE", *package.path, unit=package.code)


@action("COFFEESHOP")
class SellPackages(Action):
    """Sell packages in one transaction; nothing about the customer is recorded. Coffeeshops. Besluit art. 4."""

    packages: Packages

    def effects(self, scene: Scene) -> Iterator[Effect]:
        """They leave the chain."""
        packages = look_up(scene, "packages", self.packages)
        yield HandOver(units=packages, states=("STOCK",), to="SOLD", kind="SOLD")
        in_phase(scene, packages, scene.signer.municipality)
        within_limits(scene, packages)
        scene.limit("SALE_MAX", sum(package.now.mass for package in packages), "packages")
