"""A small ledger for tests of what is read: acts through `accept()`, and one chain with all that can happen."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from ledger import canonical, codes, instant, keys
from ledger.anchor import Anchor
from ledger.drivers import Sqlite
from ledger.editions import EDITIONS
from ledger.entry import recorded_of
from ledger.founding import found
from ledger.group import Group, Published, Rows
from ledger.keys import SigningKey
from ledger.rows import Unit, Version
from ledger.sealed import seal
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree

ORIGIN = "test.example/book"
START = instant.millis("2025-06-01T08:00:00.000Z")
DAY = 86_400_000
SINCE = "2025-01-01T00:00:00.000Z"
PARAMETERS = {
    "SAMPLES_PER_LOT": 3,
    "PACKAGE_MAX": 5_000,
    "TRANSPORT_HOURS_MAX": 96,
    "SALE_MAX": 5_000,
    "LEAD_MAX": 5_000,
}
KINDS = {
    "breda": "MUNICIPALITY", "ijenv": "IJENV", "nvwa": "NVWA", "grower": "GROWER", "rival": "GROWER",
    "shop": "COFFEESHOP", "carrier": "CARRIER", "laboratory": "LABORATORY",
}  # fmt: skip
RESULT = {"thc": 180_000_000, "cbd": 2_000_000, "lead": 100}


def key_of(name: str) -> SigningKey:
    return SigningKey(hashlib.sha256(f"ketenboek book {name}".encode()).digest())


class Book:
    """A founded sandbox ledger with its participants; `does` records one act under one signature."""

    def __init__(self, database: str) -> None:
        self.random = random.Random(7)
        self.now = START
        self.anchor: Anchor = found(
            database, origin=ORIGIN, name="Book", authority="ministry", founder=key_of("ministry"),
            offline=key_of("offline"), checkpoint_key=key_of("gateway"), sandbox=True, at=START,
            random=self.random.randbytes,
        )  # fmt: skip
        self.store = Store.open(database)
        if isinstance(self.store._driver, Sqlite):
            # These tests end no process: they need not wait for the disk.
            self.store._driver._connection.execute("PRAGMA synchronous = OFF")
        self._rows = Rows()
        self._next = {"ministry": 2}
        self._register()

    def close(self) -> None:
        self.store.close()

    def forget(self) -> None:
        """Remember no row: somebody changed them."""
        self._rows.forget()

    def code(self, letter: str) -> str:
        return codes.mint(letter, self.random.randbytes)

    def codes(self, letter: str, count: int) -> list[str]:
        return sorted(self.code(letter) for _ in range(count))

    def id(self, code: str) -> int:
        [unit] = self.store.load(Unit, "code", (code,))
        return unit.id

    def version(self, code: str) -> Version:
        [version] = self.store.load(Version, "entity", (self.id(code),))
        return version

    @property
    def size(self) -> int:
        head = self.store.head()
        assert head is not None
        return head.size

    def does(self, name: str, action: str, /, *, at: int | None = None, **data: Any) -> int:
        """Record an act a minute after the last one, or at a time; its entry."""
        return self.submits(name, (action, data), at=at)[0]

    def submits(self, name: str, *acts: tuple[str, dict[str, Any]], at: int | None = None) -> list[int]:
        """Record several acts under one signature; their entries."""
        key, first = key_of(name), self._next.get(name, 1)
        raws, openings = [], []
        for place, (action, data) in enumerate(acts):
            self.now += instant.MINUTE
            plain = {member.rstrip("_"): value for member, value in data.items()}
            if "address" in plain:
                openings.append(seal(plain["address"], self.random.randbytes(32)))
                plain["address"] = {"sealed": canonical.b64(openings[-1].hash)}
            statement = {
                "v": 1, "ledger": ORIGIN, "key": key.id, "sequence": first + place,
                "salt": canonical.b64(self.random.randbytes(18)), "at": instant.text(self.now if at is None else at),
                "action": action, "data": plain,
            }  # fmt: skip
            raws.append(canonical.encode(statement))
        store, head = self.store, self.store.head()
        assert head is not None
        tree = Tree(store.tile, head.size)
        newest = store.entry_bytes(head.size - 1)
        assert newest is not None
        recorded = recorded_of(newest)
        until = instant.text(max(self.now, recorded) + 6 * DAY)
        submission = Submission(ORIGIN, key.id, first, tuple(raws), head.size, tree.root(), until, b"", tuple(openings))
        submission.signature = key.sign(submission.text)
        with store.transaction():
            self._rows.begin(store)
            published = Published(head.size, head.hash, recorded, tree.root(), head.note)
            group = Group(store, self._rows, tree, published, EDITIONS)
            entries = group.add(submission, self.now)
            group.write(ORIGIN, key_of("gateway"))
        self._rows.committed(group.state)
        self._next[name] = first + len(acts)
        return [entry.index for entry in entries]

    def _register(self) -> None:
        for name, kind in KINDS.items():
            key = key_of(name)
            possession = key.sign(keys.possession_text(ORIGIN, name, key.id))
            self.does("ministry", "registerParticipant", participant=name, kind=kind, name=name.capitalize())
            self.does(
                "ministry", "registerKey", participant=name, key=canonical.b64(key.public), admin=True,
                possession=canonical.b64(possession),
            )  # fmt: skip
        for grower in ("grower", "rival"):
            self.does(grower, "registerSite", site="hall", address="Kasweg 1")
            self.does(grower, "registerVariety", variety="haze", name="Haze")
            self.does("ministry", "designateGrower", grower=grower, sites=["hall"])
        self.does("shop", "registerSite", site="counter", municipality="breda", address="Markt 1")
        self.does("breda", "admitShop", shop="shop", site="counter")
        self.does("ministry", "setPhase", municipality="breda", product="HEMP", phase="EXPERIMENT", from_=SINCE)
        for name, value in PARAMETERS.items():
            self.does("ministry", "setParameter", parameter=name, value=value, from_=SINCE)

    def passed_lot(self, plants: list[str], wet: int, dry: int, grower: str = "grower") -> tuple[str, list[str]]:
        """Harvest plants into a lot, dry it, have it tested; the lot and its samples."""
        lot, samples = self.code("B"), self.codes("M", 3)
        self.does(grower, "harvestPlants", plants=plants, lot=lot, mass=wet, position="B/1")
        self.does(grower, "dryLot", lot=lot, mass=dry, moisture=110_000_000, position="B/2")
        self.does(grower, "takeSamples", lot=lot, samples=samples, mass=300, position="B/2", laboratory="laboratory")
        self.does("laboratory", "recordResult", sample=samples[0], **RESULT)
        return lot, samples

    def intake(self, count: int, grower: str = "grower") -> list[str]:
        plants = self.codes("P", count)
        self.does(
            grower, "intakePlants", plants=plants, variety="haze", site="hall", height=12, mass=9_000, position="A/1"
        )
        return plants

    def shipped(self, packages: list[str]) -> str:
        shipment = self.code("S")
        self.does("grower", "readyShipment", shipment=shipment, to="shop", packages=packages, position="D/1")
        self.does("grower", "departShipment", shipment=shipment, carrier="carrier")
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
    book.does("grower", "takeCuttings", mother=mother, plants=cuttings, height=8, mass=4_000, position="A/2")
    book.does("grower", "movePlants", plants=cuttings[:3], height=30, mass=90_000, position="A/3")
    book.does("grower", "recordLoss", units=cuttings[3:], reason="DEAD", mass=50_000, height=30)
    lot, samples = book.passed_lot(cuttings[:3], 500_000, 100_000)
    packages = book.codes("E", 10)
    packed = book.does("grower", "packLot", lot=lot, packages=packages, mass=1_000, position="C/1")
    book.does("grower", "recordLoss", units=[lot], reason="TRIM", mass=2_000)
    book.does("grower", "recordLoss", units=[lot], reason="STOLEN", mass=500)
    waste = book.code("W")
    units = sorted([lot, cuttings[3]])
    book.does("grower", "collectWaste", waste=waste, units=units, mass=51_000, position="W/1")
    book.does("grower", "destroyWaste", units=[waste], method="COMPOSTED")
    shipment = book.shipped(packages[:8])
    verdicts: dict[str, Any] = {code: {"accepted": True} for code in packages[:6]}
    verdicts |= {packages[6]: {"refused": "DAMAGED"}, packages[7]: {"missing": True}}
    taken = book.received("shop", shipment, verdicts)
    book.received("grower", shipment, {packages[6]: {"accepted": True}}, position="C/2")
    book.does("grower", "recordLoss", units=[packages[7]], reason="MISSING")
    held = book.does("ijenv", "holdUnits", units=[lot], reason="RECALL")
    book.does("ijenv", "releaseUnits", units=[lot])
    sold = book.does("shop", "sellPackages", packages=packages[:2])
    book.does("shop", "recordLoss", units=[packages[2]], reason="SPOILED")
    book.does("shop", "destroyWaste", units=[packages[2]], method="BURNED")
    back = book.code("S")
    book.does("shop", "returnPackages", shipment=back, packages=[packages[3]], carrier="carrier", reason="QUALITY")
    book.received("grower", back, {packages[3]: {"accepted": True}}, position="C/2")
    marks = {"packed": packed, "taken": taken, "held": held, "sold": sold}
    return Chain(mother, cuttings, lot, samples, packages, shipment, waste, marks)
