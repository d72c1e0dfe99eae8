"""The 28 actions of edition 1 as methods, one for each mutation, with the fields that it takes.

Masses are integer milligrams and, where units are a list, of each one in it; concentrations
micrograms per kilogram; heights centimetres. Collections of codes may come in any order.
A `note` or another sealed field is given plain: only its salted hash stands on the ledger.
`at` is a timestamp of 24 characters, left out: now. All return the receipt or raise Rejected.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, Literal, TypeAlias, TypedDict

from .documents import Recorded
from .sealed import Opening
from .statement import Data

ParticipantKind: TypeAlias = Literal[
    "MINISTRY", "IJENV", "NVWA", "MUNICIPALITY", "GROWER", "COFFEESHOP", "CARRIER", "LABORATORY", "AUDITOR",
    "RESEARCHER",
]  # fmt: skip
Product: TypeAlias = Literal["HEMP", "HASHISH"]
Phase: TypeAlias = Literal["PREPARATION", "STARTUP", "TRANSITION", "EXPERIMENT", "WINDDOWN", "STOPPED"]
LossReason: TypeAlias = Literal[
    "MISSING", "STOLEN", "DAMAGED", "SPOILED", "QUALITY", "LIMITS", "DEAD", "TRIM", "USED", "OTHER"
]
RefusalReason: TypeAlias = Literal[
    "DAMAGED", "UNSEALED", "MISLABELLED", "SPOILED", "QUALITY", "NOT_ORDERED", "UNSOLD", "LATE", "RECALL", "OTHER"
]
HoldReason: TypeAlias = Literal["RECALL", "QUALITY", "INVESTIGATION", "OTHER"]
DestructionMethod: TypeAlias = Literal["BURNED", "COMPOSTED", "CHLORINATED", "OTHER"]
Codes: TypeAlias = Collection[str]
Sealable: TypeAlias = str | Opening
"""A text to be sealed, or one sealed before."""


class Verdict(TypedDict, total=False):
    """What became of a package: exactly one of the three."""

    accepted: Literal[True]
    refused: RefusalReason
    missing: Literal[True]


class ReceivedPackage(TypedDict):
    """One package of a shipment, by its code."""

    package: str
    verdict: Verdict


class Actions(ABC):
    """Everything that can be recorded; what records it is `record`."""

    @abstractmethod
    def record(self, action: str, data: Data, at: str | None = None) -> Recorded:
        """Record one action by its name and data."""

    def register_participant(
        self,
        *,
        participant: str,
        kind: ParticipantKind,
        name: str,
        kvk: Sealable | None = None,
        contact: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Enrol an organisation. The ministry."""
        data: dict[str, Any] = {"participant": participant, "kind": kind, "name": name, "kvk": kvk, "contact": contact}
        return self.record("registerParticipant", data, at)

    def register_site(
        self, *, site: str, address: Sealable, municipality: str | None = None, at: str | None = None
    ) -> Recorded:
        """Enrol a site of one's own; a coffeeshop names its municipality."""
        data: dict[str, Any] = {"site": site, "address": address, "municipality": municipality}
        return self.record("registerSite", data, at)

    def register_key(
        self,
        *,
        participant: str,
        key: str,
        possession: str,
        admin: Literal[True] | None = None,
        scope: Codes | None = None,
        not_after: str | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Register a key, given as base64, with its possession proof (`Key.possession`)."""
        data: dict[str, Any] = {
            "participant": participant,
            "key": key,
            "possession": possession,
            "admin": admin,
            "scope": scope,
            "notAfter": not_after,
        }
        return self.record("registerKey", data, at)

    def revoke_key(self, *, key: str, suspected_from: int | None = None, at: str | None = None) -> Recorded:
        """Revoke a key by its id; `suspected_from` is the index from which its entries count as disputed."""
        data: dict[str, Any] = {"key": key, "suspectedFrom": suspected_from}
        return self.record("revokeKey", data, at)

    def designate_grower(self, *, grower: str, sites: Codes, at: str | None = None) -> Recorded:
        """Designate a grower with its sites. The ministry."""
        data: dict[str, Any] = {"grower": grower, "sites": sites}
        return self.record("designateGrower", data, at)

    def admit_shop(self, *, shop: str, site: str, at: str | None = None) -> Recorded:
        """Admit a coffeeshop at a site. Its municipality."""
        data: dict[str, Any] = {"shop": shop, "site": site}
        return self.record("admitShop", data, at)

    def set_phase(
        self, *, municipality: str, product: Product, phase: Phase, from_: str, at: str | None = None
    ) -> Recorded:
        """Set the phase of the experiment for a municipality and a product, from a moment on. The ministry."""
        data: dict[str, Any] = {"municipality": municipality, "product": product, "phase": phase, "from": from_}
        return self.record("setPhase", data, at)

    def set_parameter(self, *, parameter: str, from_: str, value: int | None = None, at: str | None = None) -> Recorded:
        """Set a limit of the rules from a moment on; without `value` nothing is limited. The ministry."""
        data: dict[str, Any] = {"parameter": parameter, "from": from_, "value": value}
        return self.record("setParameter", data, at)

    def adopt_edition(self, *, edition: int, manifest: str, at: str | None = None) -> Recorded:
        """Adopt the next edition of the rules, by the hash of its description. The founding authority."""
        data: dict[str, Any] = {"edition": edition, "manifest": manifest}
        return self.record("adoptEdition", data, at)

    def register_variety(self, *, variety: str, name: str, at: str | None = None) -> Recorded:
        """Enrol a variety under a trade name. Growers."""
        data: dict[str, Any] = {"variety": variety, "name": name}
        return self.record("registerVariety", data, at)

    def intake_plants(
        self,
        *,
        plants: Codes,
        variety: str,
        site: str,
        height: int,
        mass: int,
        position: str,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Take in plants from outside the chain: mother plants, cuttings. Growers."""
        data: dict[str, Any] = {
            "plants": plants,
            "variety": variety,
            "site": site,
            "height": height,
            "mass": mass,
            "position": position,
            "note": note,
        }
        return self.record("intakePlants", data, at)

    def take_cuttings(
        self,
        *,
        mother: str,
        plants: Codes,
        height: int,
        mass: int,
        position: str,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Take cuttings of a mother plant, each a plant at once. Growers."""
        data: dict[str, Any] = {
            "mother": mother,
            "plants": plants,
            "height": height,
            "mass": mass,
            "position": position,
            "note": note,
        }
        return self.record("takeCuttings", data, at)

    def move_plants(
        self,
        *,
        plants: Codes,
        height: int,
        mass: int,
        position: str,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Move plants and measure them. Growers."""
        data: dict[str, Any] = {"plants": plants, "height": height, "mass": mass, "position": position, "note": note}
        return self.record("movePlants", data, at)

    def harvest_plants(
        self, *, plants: Codes, lot: str, mass: int, position: str, note: Sealable | None = None, at: str | None = None
    ) -> Recorded:
        """Cut plants and weigh what they gave together, wet, as a lot. Growers."""
        data: dict[str, Any] = {"plants": plants, "lot": lot, "mass": mass, "position": position, "note": note}
        return self.record("harvestPlants", data, at)

    def record_loss(
        self,
        *,
        units: Codes,
        reason: LossReason,
        mass: int | None = None,
        height: int | None = None,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """State what was lost: units of one kind, a lot alone; mass and height where they are weighed."""
        data: dict[str, Any] = {"units": units, "reason": reason, "mass": mass, "height": height, "note": note}
        return self.record("recordLoss", data, at)

    def dry_lot(
        self, *, lot: str, mass: int, moisture: int, position: str, note: Sealable | None = None, at: str | None = None
    ) -> Recorded:
        """Weigh a lot dry; the difference is its loss. Growers."""
        data: dict[str, Any] = {"lot": lot, "mass": mass, "moisture": moisture, "position": position, "note": note}
        return self.record("dryLot", data, at)

    def take_samples(
        self,
        *,
        lot: str,
        samples: Codes,
        mass: int,
        position: str,
        laboratory: str,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Take samples of a lot for a laboratory. Growers."""
        data: dict[str, Any] = {
            "lot": lot,
            "samples": samples,
            "mass": mass,
            "position": position,
            "laboratory": laboratory,
            "note": note,
        }
        return self.record("takeSamples", data, at)

    def record_result(
        self,
        *,
        sample: str,
        thc: int,
        cbd: int,
        lead: int | None = None,
        mercury: int | None = None,
        cadmium: int | None = None,
        arsenic: int | None = None,
        aflatoxins: int | None = None,
        aerobic: int | None = None,
        yeasts: int | None = None,
        staphylococcus: int | None = None,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """State what a laboratory found in a sample; bacteria and yeasts in cfu per gram."""
        data: dict[str, Any] = {
            "sample": sample,
            "thc": thc,
            "cbd": cbd,
            "lead": lead,
            "mercury": mercury,
            "cadmium": cadmium,
            "arsenic": arsenic,
            "aflatoxins": aflatoxins,
            "aerobic": aerobic,
            "yeasts": yeasts,
            "staphylococcus": staphylococcus,
            "note": note,
        }
        return self.record("recordResult", data, at)

    def pack_lot(
        self,
        *,
        lot: str,
        packages: Codes,
        mass: int,
        position: str,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Pack a lot into sealed packages of one mass. Growers."""
        data: dict[str, Any] = {"lot": lot, "packages": packages, "mass": mass, "position": position, "note": note}
        return self.record("packLot", data, at)

    def collect_waste(
        self, *, waste: str, units: Codes, mass: int, position: str, note: Sealable | None = None, at: str | None = None
    ) -> Recorded:
        """Collect what was lost as weighed waste. Growers."""
        data: dict[str, Any] = {"waste": waste, "units": units, "mass": mass, "position": position, "note": note}
        return self.record("collectWaste", data, at)

    def destroy_waste(
        self, *, units: Codes, method: DestructionMethod, note: Sealable | None = None, at: str | None = None
    ) -> Recorded:
        """Destroy waste; a coffeeshop destroys lost packages."""
        data: dict[str, Any] = {"units": units, "method": method, "note": note}
        return self.record("destroyWaste", data, at)

    def ready_shipment(
        self,
        *,
        shipment: str,
        to: str,
        packages: Codes,
        position: str,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Make packages ready for a shop. Growers."""
        data: dict[str, Any] = {
            "shipment": shipment,
            "to": to,
            "packages": packages,
            "position": position,
            "note": note,
        }
        return self.record("readyShipment", data, at)

    def depart_shipment(
        self,
        *,
        shipment: str,
        carrier: str,
        left: Codes | None = None,
        route: Sealable | None = None,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Hand a shipment to its carrier; `left` stays behind. The sender."""
        data: dict[str, Any] = {"shipment": shipment, "carrier": carrier, "left": left, "route": route, "note": note}
        return self.record("departShipment", data, at)

    def receive_shipment(
        self,
        *,
        shipment: str,
        packages: Collection[ReceivedPackage],
        position: str | None = None,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Take over what a shipment brought, package by package. The addressee; the sender for what comes back."""
        data: dict[str, Any] = {"shipment": shipment, "packages": packages, "position": position, "note": note}
        return self.record("receiveShipment", data, at)

    def return_packages(
        self,
        *,
        shipment: str,
        packages: Codes,
        carrier: str,
        reason: RefusalReason,
        note: Sealable | None = None,
        at: str | None = None,
    ) -> Recorded:
        """Send packages back to the grower who packed them. Coffeeshops."""
        data: dict[str, Any] = {
            "shipment": shipment,
            "packages": packages,
            "carrier": carrier,
            "reason": reason,
            "note": note,
        }
        return self.record("returnPackages", data, at)

    def sell_packages(self, *, packages: Codes, at: str | None = None) -> Recorded:
        """Sell packages in one transaction; nothing about the customer. Coffeeshops."""
        data: dict[str, Any] = {"packages": packages}
        return self.record("sellPackages", data, at)

    def hold_units(
        self, *, units: Codes, reason: HoldReason, note: Sealable | None = None, at: str | None = None
    ) -> Recorded:
        """Hold units. Authorities."""
        data: dict[str, Any] = {"units": units, "reason": reason, "note": note}
        return self.record("holdUnits", data, at)

    def release_units(self, *, units: Codes, note: Sealable | None = None, at: str | None = None) -> Recorded:
        """Release units that this authority holds."""
        data: dict[str, Any] = {"units": units, "note": note}
        return self.record("releaseUnits", data, at)
