"""A small ledger for tests of what is read: one act after the other, and one chain with all that can happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.drivers import Sqlite
from ledger.editions import EDITIONS
from ledger.keys import SigningKey
from ledger.rows import Unit, Version
from ledger.store import Store
from tests.ledgers import RESULT, Maker, register


class Book:
    """A founded sandbox ledger with its participants; `store` reads it."""

    def __init__(self, database: str) -> None:
        self._maker = Maker(database, 7, 1, EDITIONS)
        self.store = Store.open(database)
        for store in (self._maker._store, self.store):
            if isinstance(store.driver, Sqlite):
                # These tests end no process: they need not wait for the disk.
                store.driver._connection.execute("PRAGMA synchronous = OFF")
        register(self._maker)

    def close(self) -> None:
        self.store.close()
        self._maker.close()

    def forget(self) -> None:
        """Remember no row: somebody changed them."""
        self._maker._rows.forget()

    def key(self, name: str) -> SigningKey:
        return self._maker.signers[name].key

    def code(self, letter: str) -> str:
        return self.codes(letter, 1)[0]

    def codes(self, letter: str, count: int) -> list[str]:
        return self._maker.codes(letter, count)

    def id(self, code: str) -> int:
        [unit] = self.store.load(Unit, "code", (code,))
        return unit.id

    def version(self, code: str) -> Version:
        [version] = self.store.load(Version, "entity", (self.id(code),))
        return version

    @property
    def size(self) -> int:
        return self._maker.made.size

    def does(self, name: str, action: str, /, **data: Any) -> int:
        """Record an act a minute after the last one; its entry."""
        self._maker.do(name, action, **data)
        return self.size - 1

    def passed_lot(self, plants: list[str], wet: int, dry: int, grower: str = "grower-1") -> tuple[str, list[str]]:
        """Harvest plants into a lot, dry it, have it tested; the lot and its samples."""
        lot, samples = self.code("B"), self.codes("M", 3)
        self.does(grower, "harvestPlants", plants=plants, lot=lot, mass=wet, position="B/1")
        self.does(grower, "dryLot", lot=lot, mass=dry, moisture=110_000_000, position="B/2")
        self.does(grower, "takeSamples", lot=lot, samples=samples, mass=300, position="B/2", laboratory="laboratory-1")
        self.does("laboratory-1", "recordResult", sample=samples[0], **RESULT)
        return lot, samples

    def intake(self, count: int, grower: str = "grower-1") -> list[str]:
        plants = self.codes("P", count)
        self.does(
            grower, "intakePlants", plants=plants, variety="haze", site="hall-1", height=12, mass=9_000, position="A/1"
        )
        return plants

    def shipped(self, packages: list[str]) -> str:
        shipment = self.code("S")
        self.does("grower-1", "readyShipment", shipment=shipment, to="shop-1", packages=packages, position="D/1")
        self.does("grower-1", "departShipment", shipment=shipment, carrier="carrier-1")
        return shipment

    def received(self, name: str, shipment: str, verdicts: dict[str, Any], **data: Any) -> int:
        packages = [{"package": code, "verdict": verdict} for code, verdict in sorted(verdicts.items())]
        return self.does(name, "receiveShipment", shipment=shipment, packages=packages, **data)


@dataclass
class Chain:
    """What `play` made, by code."""

    mother: str
    cuttings: list[str]
    lot: str
    samples: list[str]
    packages: list[str]
    shipment: str
    waste: str
    entries: dict[str, int] = field(default_factory=dict)


def play(book: Book) -> Chain:
    """One mother, one lot, ten packages: sold, refused, missing and found, returned, lost, destroyed, recalled."""
    [mother] = book.intake(1)
    cuttings = book.codes("P", 4)
    book.does("grower-1", "takeCuttings", mother=mother, plants=cuttings, height=8, mass=4_000, position="A/2")
    book.does("grower-1", "movePlants", plants=cuttings[:3], height=30, mass=90_000, position="A/3")
    book.does("grower-1", "recordLoss", units=cuttings[3:], reason="DEAD", mass=50_000, height=30)
    lot, samples = book.passed_lot(cuttings[:3], 500_000, 100_000)
    packages = book.codes("E", 10)
    packed = book.does("grower-1", "packLot", lot=lot, packages=packages, mass=1_000, position="C/1")
    book.does("grower-1", "recordLoss", units=[lot], reason="TRIM", mass=2_000)
    book.does("grower-1", "recordLoss", units=[lot], reason="STOLEN", mass=500)
    waste = book.code("W")
    units = sorted([lot, cuttings[3]])
    book.does("grower-1", "collectWaste", waste=waste, units=units, mass=51_000, position="W/1")
    book.does("grower-1", "destroyWaste", units=[waste], method="COMPOSTED")
    shipment = book.shipped(packages[:8])
    verdicts: dict[str, Any] = {code: {"accepted": True} for code in packages[:6]}
    verdicts |= {packages[6]: {"refused": "DAMAGED"}, packages[7]: {"missing": True}}
    taken = book.received("shop-1", shipment, verdicts)
    book.received("grower-1", shipment, {packages[6]: {"accepted": True}}, position="C/2")
    book.does("grower-1", "recordLoss", units=[packages[7]], reason="MISSING")
    held = book.does("ijenv", "holdUnits", units=[lot], reason="RECALL")
    book.does("ijenv", "releaseUnits", units=[lot])
    sold = book.does("shop-1", "sellPackages", packages=packages[:2])
    book.does("shop-1", "recordLoss", units=[packages[2]], reason="SPOILED")
    book.does("shop-1", "destroyWaste", units=[packages[2]], method="BURNED")
    back = book.code("S")
    book.does("shop-1", "returnPackages", shipment=back, packages=[packages[3]], carrier="carrier-1", reason="QUALITY")
    book.received("grower-1", back, {packages[3]: {"accepted": True}}, position="C/2")
    marks = {"packed": packed, "taken": taken, "held": held, "sold": sold}
    return Chain(mother, cuttings, lot, samples, packages, shipment, waste, marks)
