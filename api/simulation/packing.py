"""A grower's store: packages out of lots that passed, and shipments of them to shops."""

from __future__ import annotations

from dataclasses import dataclass

from api.simulation.journal import Journal
from api.simulation.nursery import DAY, Crop
from api.simulation.plan import Data
from api.simulation.roster import Grower, Party, Shop, limits
from api.simulation.waste import WasteRoom

SIZES = (
    *[1_000] * 6,
    *[2_000] * 5,
    *[2_500] * 3,
    *[3_500] * 3,
    *[5_000] * 3,
)
"""Packages by what is in them, milligrams, as often as they are asked for."""
SIZE_MEAN = sum(SIZES) // len(SIZES)
RUN_LEAST, RUN_MOST = 6, 14
"""Packages that are filled alike, one after the other."""
SHIPMENT_MAX = 400
"""About what fits into one statement that says of each package whether it came."""


@dataclass(slots=True)
class Package:
    """A sealed package; `mass` in milligrams."""

    code: str
    mass: int
    lot: str


@dataclass(slots=True)
class Shipment:
    """Packages on their way; `sender` and `to` are the ids of participants."""

    code: str
    sender: PackingRoom
    to: str
    packages: list[Package]


class PackingRoom:
    """What one grower has to deliver."""

    def __init__(self, journal: Journal, grower: Grower, carrier: Party, waste: WasteRoom) -> None:
        self.grower = grower
        self.lots: list[Crop] = []
        self._journal = journal
        self._chance = journal.chance
        self._carrier = carrier
        self._waste = waste
        self._shelf: list[Package] = []
        self._departures = 0

    def take_over(self, crop: Crop) -> None:
        """A lot that passed."""
        self.lots.append(crop)

    @property
    def supply(self) -> int:
        """How many packages could be delivered now, about."""
        mass = sum(crop.mass for crop in self.lots if not crop.held)
        return mass * 9 // 10 // SIZE_MEAN + len(self._shelf)

    def fill(self, count: int) -> list[Package]:
        """Pack so many packages, this morning; what came back goes first."""
        packages, self._shelf = self._shelf[:count], self._shelf[count:]
        runs: list[tuple[Crop, list[str], int]] = []
        while len(packages) < count and (crop := self._open_lot()):
            mass = min(self._chance.pick(SIZES), crop.mass // 100 * 100, limits()["PACKAGE_MAX"])
            wanted = min(self._chance.between(RUN_LEAST, RUN_MOST), count - len(packages), crop.mass // mass)
            codes = self._chance.codes("E", wanted)
            crop.mass -= mass * wanted
            runs.append((crop, codes, mass))
            packages += [Package(code, mass, crop.lot) for code in codes]
        journal = self._journal
        begin, end = journal.moment(421), journal.moment(700)
        for (crop, codes, mass), at in zip(runs, self._chance.moments(begin, end, len(runs)), strict=True):
            data: Data = {"lot": crop.lot, "packages": list(codes), "mass": mass, "position": "PACK-1"}
            journal.write(self.grower.key, at, "packLot", data)
        return packages

    def _open_lot(self) -> Crop | None:
        """The lot that is being packed; the crumbs of one that is used up are swept together."""
        for crop in [crop for crop in self.lots if not crop.held]:
            if crop.mass >= min(SIZES):
                return crop
            self.lots.remove(crop)
            if crop.mass:
                self._journal.later(DAY, self._sweep, crop)
        return None

    def _sweep(self, crop: Crop) -> None:
        at = self._journal.moment(self._chance.between(250, 290))
        self._waste.lose_part(crop.lot, crop.mass, "OTHER", at)

    def ship(self, shop: Shop, packages: list[Package]) -> list[Shipment]:
        """Put packages ready for a shop and hand them to the carrier, this afternoon."""
        shipments = []
        for start in range(0, len(packages), SHIPMENT_MAX):
            shipment = Shipment(self._chance.code("S"), self, shop.id, packages[start : start + SHIPMENT_MAX])
            self._send(shipment)
            shipments.append(shipment)
        return shipments

    def _send(self, shipment: Shipment) -> None:
        journal, chance = self._journal, self._chance
        self._departures += 1
        data: Data = {
            "shipment": shipment.code,
            "to": shipment.to,
            "packages": sorted(package.code for package in shipment.packages),
            "position": "GATE",
        }
        journal.write(self.grower.key, journal.moment(chance.between(30, 110)), "readyShipment", data)
        hours = chance.between(1, 3)
        data = {
            "shipment": shipment.code,
            "carrier": self._carrier.id,
            "route": chance.sealed(f"Direct, {hours} h {chance.between(0, 59)} min, delivery tomorrow morning."),
        }
        if self._departures % 40 == 2 and len(shipment.packages) > 1:
            # One package does not go along after all.
            left = shipment.packages.pop()
            data["left"] = [left.code]
            self._shelf.append(left)
        journal.write(self.grower.key, journal.moment(chance.between(150, 240)), "departShipment", data)

    def receive_back(self, shipment: str, package: Package, reason: str) -> None:
        """What a shop refused or returned is back; good packages go out again, others are lost."""
        journal, chance = self._journal, self._chance
        data: Data = {
            "shipment": shipment,
            "packages": [{"package": package.code, "verdict": {"accepted": True}}],
            "position": "RETURNS",
        }
        journal.write(self.grower.key, journal.moment(chance.between(360, 410)), "receiveShipment", data)
        if reason == "UNSOLD":
            self._shelf.append(package)
        else:
            at = journal.moment(chance.between(420, 440))
            journal.write(self.grower.key, at, "recordLoss", {"units": [package.code], "reason": reason})
            self._waste.add(package.code, package.mass, package.lot)

    def give_up(self, package: Package) -> None:
        """A package that a shop never found leaves the books."""
        note = self._chance.sealed("Not in the shipment, not in the vehicle; the carrier was heard.")
        data: Data = {"units": [package.code], "reason": "MISSING", "note": note}
        at = self._journal.moment(self._chance.between(480, 540))
        self._journal.write(self.grower.key, at, "recordLoss", data)
