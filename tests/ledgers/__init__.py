"""Whole ledgers as test data: the same seed gives the same bytes, made through `accept()` and the store.

`make_ledger` founds a sandbox ledger and plays chains from seed to sale in which all actions occur, with
sealed notes, submissions of one and of many statements, and checkpoints of several sizes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger import canonical, codes, instant, keys
from ledger.anchor import Anchor
from ledger.editions import EDITIONS, Edition
from ledger.founding import founding
from ledger.group import Group, Published, Rows
from ledger.keys import SigningKey
from ledger.sealed import Opening, seal
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree
from tests.signer import Signer, seed

ORIGIN = "test.example/audit"
START = instant.millis("2025-06-01T08:00:00.000Z")
SINCE = "2025-01-01T00:00:00.000Z"
PARAMETERS = {"GROWERS_MAX": 10, "INTAKE_PLANTS_MAX": 100_000, "SAMPLES_PER_LOT": 3, "PACKAGE_MAX": 5_000,
              "TRANSPORT_HOURS_MAX": 96, "SALE_MAX": 5_000, "LEAD_MAX": 5_000}  # fmt: skip
RESULT = {"thc": 180_000_000, "cbd": 2_000_000, "lead": 100}
PARTIES = {
    "ijenv": "IJENV", "nvwa": "NVWA", "breda": "MUNICIPALITY", "tilburg": "MUNICIPALITY", "grower-1": "GROWER",
    "grower-2": "GROWER", "shop-1": "COFFEESHOP", "shop-2": "COFFEESHOP", "carrier-1": "CARRIER",
    "laboratory-1": "LABORATORY", "auditor": "AUDITOR",
}  # fmt: skip
SHOPS = {"shop-1": "breda", "shop-2": "tilburg"}


@dataclass
class Made:
    """A ledger that was made: its anchor, the keys that signed, the notes that were issued."""

    anchor: Anchor
    keys: dict[str, SigningKey]
    notes: list[tuple[int, str]] = field(default_factory=list)
    head: Published | None = None

    @property
    def size(self) -> int:
        assert self.head is not None
        return self.head.size


class Maker:
    """Appends to a new ledger as the sequencer does: in groups, each with its checkpoint."""

    def __init__(
        self, url: str, number: int, group_size: int, editions: Mapping[int, Edition], *, sandbox: bool = True
    ) -> None:
        self.random = random.Random(number)
        self.now = START
        self.sandbox = sandbox
        self._editions = editions
        self._store = Store.open(url)
        self._rows = Rows()
        self._group_size = group_size
        self._waiting: list[Submission] = []
        self._tree = Tree(self._store.tile)
        self._groups = 0
        self.checkpoint_key = SigningKey(seed("gateway"))
        first, offline = SigningKey(seed("founder")), SigningKey(seed("offline"))
        self.signers = {"ministry": Signer(ORIGIN, first, 2), "offline": Signer(ORIGIN, offline)}
        self._seen: Published | None = None
        self._waiting.append(
            founding(
                origin=ORIGIN,
                name="Audited",
                authority="ministry",
                founder=first,
                offline=offline,
                checkpoint_key=self.checkpoint_key,
                sandbox=sandbox,
                at=START,
                random=self.random.randbytes,
            )
        )
        self.made = Made(Anchor(ORIGIN, b""), {})
        self.flush()
        assert self.made.head is not None
        self.made.anchor = Anchor(ORIGIN, self.made.head.hash)

    def flush(self) -> None:
        """Append what waits, in one transaction."""
        if not self._waiting:
            return
        with self._store.transaction():
            self._rows.begin(self._store)
            group = Group(self._store, self._rows, self._tree, self.made.head, self._editions)
            for submission in self._waiting:
                group.add(submission, self.now)
            head = group.write(ORIGIN, self.checkpoint_key)
            if self._groups % 2 == 0:
                self._store.put_checkpoint(head.size, head.note)
        self._rows.committed(group.state)
        self.made.head = head
        self.made.notes.append((head.size, head.note))
        self._groups += 1
        self._waiting = []

    def close(self) -> Made:
        """Append the rest and keep the last checkpoint."""
        self.flush()
        assert self.made.head is not None
        with self._store.transaction():
            self._store.put_checkpoint(self.made.head.size, self.made.head.note)
        self._store.close()
        self.made.keys = {name: signer.key for name, signer in self.signers.items()}
        return self.made

    def does(self, who: str, *acts: tuple[str, dict[str, Any]]) -> None:
        """One submission, a minute after the last."""
        self.now += instant.MINUTE
        openings: list[Opening] = []
        sealed = [(action, {name: self._sealed(value, openings) for name, value in data.items()})
                  for action, data in acts]  # fmt: skip
        assert self.made.head is not None
        submission = self.signers[who].submission(self.made.head, self.now, *sealed)
        submission.openings = tuple(openings)
        self._waiting.append(submission)
        if sum(waiting.count for waiting in self._waiting) >= self._group_size:
            self.flush()

    def do(self, who: str, action: str, **data: Any) -> None:
        """One action alone; `from_` is a keyword's way to say `from`."""
        self.does(who, (action, {name.rstrip("_"): value for name, value in data.items()}))

    def _sealed(self, value: Any, openings: list[Opening]) -> Any:
        """A `Secret` becomes its commitment."""
        if not isinstance(value, Secret):
            return value
        openings.append(seal(value.text, self.random.randbytes(32)))
        return {"sealed": canonical.b64(openings[-1].hash)}

    def codes(self, letter: str, count: int) -> list[str]:
        """Fresh codes, sorted."""
        return sorted(codes.mint(letter, self.random.randbytes) for _ in range(count))

    def key(self, participant: str, name: str, **more: Any) -> tuple[str, dict[str, Any]]:
        """The registration of a new key, `name`'s."""
        key = SigningKey(seed(name))
        self.signers[name] = Signer(ORIGIN, key)
        possession = key.sign(keys.possession_text(ORIGIN, participant, key.id))
        data = {"participant": participant, "key": canonical.b64(key.public), **more}
        return "registerKey", {**data, "possession": canonical.b64(possession)}


@dataclass(frozen=True)
class Secret:
    """A text to be sealed."""

    text: str


def make_ledger(url: str, number: int = 1, *, chains: int = 3, group_size: int = 7, adopt: bool = True) -> Made:
    """A sandbox ledger of some 120 entries and about 70 for each chain, with all 29 actions.

    `group_size`: entries a group; `adopt`: the last entry is `adoptEdition` of a second edition like the first.
    """
    editions = {**EDITIONS, 2: Edition(2, EDITIONS[1].actions)}
    maker = Maker(url, number, group_size, editions)
    register(maker)
    for chain in range(chains):
        play(maker, f"grower-{chain % 2 + 1}", f"shop-{chain % 2 + 1}", chain)
    if adopt:
        maker.do("ministry", "adoptEdition", edition=2, manifest=canonical.b64(bytes(32)))
    return maker.close()


def register(maker: Maker) -> None:
    """All participants, with keys, sites, varieties, powers, phases and parameters."""
    for name, kind in PARTIES.items():
        data: dict[str, Any] = {"participant": name, "kind": kind, "name": name.capitalize()}
        if kind == "GROWER":
            data |= {"kvk": Secret("12345678"), "contact": Secret("Kas 1\nRond de 'Graanbeurs' é")}
        maker.does("ministry", ("registerParticipant", data), maker.key(name, name, admin=True))
        maker.flush()
    for grower in ("grower-1", "grower-2"):
        maker.does(
            grower,
            ("registerSite", {"site": "hall-1", "address": Secret("Kasweg 1")}),
            ("registerVariety", {"variety": "haze", "name": "Haze"}),
            ("registerVariety", {"variety": "kush", "name": "Kush"}),
        )
        maker.do("ministry", "designateGrower", grower=grower, sites=["hall-1"])
    for shop, town in SHOPS.items():
        maker.do(shop, "registerSite", site="counter", municipality=town, address=Secret("Markt 1"))
        maker.do(town, "admitShop", shop=shop, site="counter")
        for phase in ("PREPARATION", "EXPERIMENT"):
            maker.do("ministry", "setPhase", municipality=town, product="HEMP", phase=phase, from_=SINCE)
        maker.does(shop, maker.key(shop, f"{shop}-till", scope=["sellPackages"]))
        maker.flush()
    parameters = [("setParameter", {"parameter": n, "value": v, "from": SINCE}) for n, v in PARAMETERS.items()]
    maker.does("ministry", *parameters)
    maker.do("ministry", "setParameter", parameter="LEAD_MAX", value=20_000, from_="2024-01-01T00:00:00.000Z")


def play(maker: Maker, grower: str, shop: str, chain: int) -> None:
    """From intake to sale, with everything that can happen on the way."""
    [mother], cuttings, [lot] = maker.codes("P", 1), maker.codes("P", 8), maker.codes("B", 1)
    grown = {"height": 12, "mass": 9_000, "position": "A/1"}
    maker.do(grower, "intakePlants", plants=[mother], variety="haze", site="hall-1", note=Secret("moeder"), **grown)
    maker.do(grower, "takeCuttings", mother=mother, plants=cuttings, **grown)
    maker.does(
        grower,
        ("movePlants", {"plants": cuttings, **grown, "position": "A/2"}),
        ("recordLoss", {"units": cuttings[:1], "reason": "DEAD", "mass": 500, "height": 10}),
        ("recordLoss", {"units": cuttings[1:2], "reason": "STOLEN", "note": Secret("aangifte")}),
        ("harvestPlants", {"plants": cuttings[2:], "lot": lot, "mass": 400_000, "position": "B/1"}),
        ("dryLot", {"lot": lot, "mass": 80_000, "moisture": 110_000_000, "position": "B/2"}),
    )
    samples, packages, [waste, last_waste] = maker.codes("M", 3), maker.codes("E", 12), maker.codes("W", 2)
    sampled = {"lot": lot, "samples": samples, "mass": 300, "position": "B/2", "laboratory": "laboratory-1"}
    maker.do(grower, "takeSamples", **sampled)
    maker.do("laboratory-1", "recordResult", sample=samples[0], **RESULT)
    maker.does(
        grower,
        *[("packLot", {"lot": lot, "packages": packages[at : at + 4], "mass": 1_000 + at, "position": "C/1"})
          for at in (0, 4, 8)],
        ("recordLoss", {"units": [lot], "reason": "TRIM", "mass": 2_000}),
        ("collectWaste", {"waste": waste, "units": [lot], "mass": 1_900, "position": "D/1"}),
        ("collectWaste", {"waste": last_waste, "units": cuttings[:1], "mass": 400, "position": "D/1"}),
        ("destroyWaste", {"units": [waste], "method": "COMPOSTED", "note": Secret("container 7")}),
    )  # fmt: skip
    maker.flush()
    transfer(maker, grower, shop, packages)
    exceeded(maker, grower, chain)


def transfer(maker: Maker, grower: str, shop: str, packages: list[str]) -> None:
    """A shipment with a package left, refused, missing; a return; a loss; sales; a hold."""
    [shipment, back] = maker.codes("S", 2)
    maker.do(grower, "readyShipment", shipment=shipment, to=shop, packages=packages, position="E/1")
    maker.do("nvwa", "holdUnits", units=packages[:1], reason="QUALITY", note=Secret("monster"))
    departure = {"shipment": shipment, "carrier": "carrier-1", "left": packages[:1], "route": Secret("A16")}
    maker.do(grower, "departShipment", **departure)
    maker.do("nvwa", "releaseUnits", units=packages[:1])
    verdicts: list[dict[str, Any]] = [{"accepted": True}] * 9 + [{"refused": "DAMAGED"}, {"missing": True}]
    received = [{"package": p, "verdict": v} for p, v in zip(packages[1:], verdicts, strict=True)]
    maker.do(shop, "receiveShipment", shipment=shipment, packages=received)
    came_back = [{"package": packages[10], "verdict": {"accepted": True}}]
    maker.do(grower, "receiveShipment", shipment=shipment, packages=came_back, position="C/2")
    maker.do(grower, "recordLoss", units=packages[11:], reason="MISSING")
    town = SHOPS[shop]
    maker.do(town, "holdUnits", units=packages[1:2], reason="INVESTIGATION")
    for package in packages[2:6]:
        maker.do(f"{shop}-till", "sellPackages", packages=[package])
    maker.does(
        f"{shop}-till", ("sellPackages", {"packages": packages[6:7]}), ("sellPackages", {"packages": packages[7:8]})
    )
    maker.do(town, "releaseUnits", units=packages[1:2])
    maker.do(shop, "returnPackages", shipment=back, packages=packages[8:9], carrier="carrier-1", reason="UNSOLD")
    came_back = [{"package": packages[8], "verdict": {"accepted": True}}]
    maker.do(grower, "receiveShipment", shipment=back, packages=came_back, position="C/3")
    maker.do(shop, "recordLoss", units=packages[9:10], reason="SPOILED")
    maker.do(shop, "destroyWaste", units=packages[9:10], method="CHLORINATED")


def exceeded(maker: Maker, grower: str, chain: int) -> None:
    """A lot above its limit, and a device key that comes and goes."""
    [plant], [lot], samples = maker.codes("P", 1), maker.codes("B", 1), maker.codes("M", 3)
    grown = {"height": 30, "mass": 9_000, "position": "A/1"}
    device = f"{grower}-scale-{chain}"
    maker.does(grower, maker.key(grower, device, scope=["dryLot", "harvestPlants", "takeSamples"]))
    maker.do(grower, "intakePlants", plants=[plant], variety="kush", site="hall-1", **grown)
    maker.flush()
    maker.does(
        device,
        ("harvestPlants", {"plants": [plant], "lot": lot, "mass": 50_000, "position": "B/1"}),
        ("dryLot", {"lot": lot, "mass": 10_000, "moisture": 110_000_000, "position": "B/2"}),
        ("takeSamples", {"lot": lot, "samples": samples, "mass": 300, "position": "B/2", "laboratory": "laboratory-1"}),
    )
    maker.do("laboratory-1", "recordResult", sample=samples[0], **{**RESULT, "lead": 9_000})
    maker.do(grower, "recordLoss", units=[lot], reason="LIMITS", mass=9_100)
    maker.do(grower, "revokeKey", key=maker.signers[device].key.id, suspectedFrom=3)
