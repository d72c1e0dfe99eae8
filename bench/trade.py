"""A ledger on which sixteen keys can act at once for a long time: two pack, fourteen sell.

One statement packs ten packages and one sells one, so in the long run there is about one of the former
for ten of the latter; the simulated chain has one for four to five, with sales of several packages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from ledger import canonical, codes, instant
from ledger.editions import EDITIONS
from ledger.entry import recorded_of
from ledger.founding import found
from ledger.group import Group, Published, Rows, stored_bytes
from ledger.keys import SigningKey, possession_text
from ledger.statement import Submission
from ledger.store import Store
from ledger.tree import Tree

ORIGIN = "ketenboek.example/bench"
SINCE = "2025-01-01T00:00:00.000Z"
UNTIL = 6 * instant.DAY

CLIENTS = 16
PACKERS = 2
PACKED = 10
"""Packages that one `packLot` fills."""
MASS = 1_000
KILOTONNE = 10**12
"""Milligrams in a lot: more than anybody will pack of it here."""
GROUP = 500
"""Acts that are recorded at once in bulk."""
STATED = 1_000
"""Codes in one statement, about as many as fit."""
RECEIVED = 400
"""The same for packages with verdicts."""

Act = tuple[str, dict[str, Any]]


class Signer:
    """A key with its next sequence number."""

    def __init__(self, random: Random, sequence: int = 1) -> None:
        self.key = SigningKey(random.randbytes(32))
        self._sequence = sequence
        self._random = random

    def submission(self, seen: Published, at: int, *acts: Act) -> Submission:
        """Acts as one signed submission; `at` in milliseconds."""
        first = self._sequence
        self._sequence += len(acts)
        raws = [
            canonical.encode(
                {
                    "v": 1,
                    "ledger": ORIGIN,
                    "key": self.key.id,
                    "sequence": sequence,
                    "salt": canonical.b64(self._random.randbytes(18)),
                    "at": instant.text(at),
                    "action": action,
                    "data": data,
                }
            )
            for sequence, (action, data) in enumerate(acts, first)
        ]
        until = instant.text(at + UNTIL)
        made = Submission(ORIGIN, self.key.id, first, tuple(raws), seen.size, seen.root, until, b"")
        made.signature = self.key.sign(made.text)
        return made


@dataclass
class Client:
    """One of the keys that act, and what it will do."""

    signer: Signer
    acts: Iterator[Act]


class Trade:
    """A founded ledger with stock; `clients` act on it without touching each other's units."""

    def __init__(self, url: str, sales: int) -> None:
        """Found the ledger in a migrated database; each seller can sell `sales` packages, one by one."""
        self.url = url
        self.random = Random("ketenboek bench")
        self.gateway = SigningKey(self.random.randbytes(32))
        self.now = time.time_ns() // 1_000_000
        ministry = Signer(self.random, sequence=2)
        self.anchor = found(
            url,
            origin=ORIGIN,
            name="Bench",
            authority="ministry",
            founder=ministry.key,
            offline=SigningKey(self.random.randbytes(32)),
            checkpoint_key=self.gateway,
            at=self.now,
        )
        self._store = store = Store.open(url)
        self._rows = Rows()
        self._tree = Tree(store.tile, 1)
        head = store.head()
        assert head is not None
        self.head = Published(1, head.hash, recorded_of(stored_bytes(store, 0)), self._tree.root(), head.note)
        self._ministry = ministry
        self.clients = list(self._settled(sales))
        store.analyze()
        store.close()

    @classmethod
    def done(cls, url: str, acts: int, size: int) -> None:
        """A ledger on which the clients have done so many acts in submissions of `size`, recorded in bulk."""
        each = acts // CLIENTS
        made = cls(url, each)
        made._store = Store.open(url)
        submissions = [one for client in range(CLIENTS) for one in made.signed(client, each // size, size)]
        step = max(1, GROUP // size)
        for start in range(0, len(submissions), step):
            made._record(submissions[start : start + step])
        made._store.close()

    def signed(self, client: int, submissions: int, size: int = 1) -> list[Submission]:
        """The next submissions of a client, `size` acts each."""
        one = self.clients[client]
        return [one.signer.submission(self.head, self.now, *islice(one.acts, size)) for _ in range(submissions)]

    def _settled(self, sales: int) -> Iterator[Client]:
        grower, shop, _, laboratory = self._registered()
        lots = [self._lot(grower, laboratory) for _ in range(PACKERS)]
        for lot in lots:
            yield Client(self._device(grower, "grower"), self._packing(lot))
        for _ in range(CLIENTS - PACKERS):
            yield Client(self._device(shop, "shop"), self._selling(self._stocked(grower, shop, lots[0], sales)))

    def _does(self, signer: Signer, *acts: Act) -> None:
        self._record([signer.submission(self.head, self.now, *acts)])

    def _record(self, submissions: Sequence[Submission]) -> None:
        store = self._store
        with store.transaction():
            self._rows.begin(store)
            group = Group(store, self._rows, self._tree, self.head, EDITIONS)
            for submission in submissions:
                group.add(submission, self.now)
            self.head = group.write(ORIGIN, self.gateway)
        self._rows.committed(group.state)

    def _registered(self) -> tuple[Signer, Signer, Signer, Signer]:
        """The registry; admin keys of the grower, the shop, its municipality and the laboratory."""
        kinds = {"grower": "GROWER", "shop": "COFFEESHOP", "breda": "MUNICIPALITY", "laboratory": "LABORATORY"}
        kinds |= {"carrier": "CARRIER"}
        signers = {name: Signer(self.random) for name in kinds}
        for name, kind in kinds.items():
            self._does(
                self._ministry,
                ("registerParticipant", {"participant": name, "kind": kind, "name": name}),
                ("registerKey", {**self._key(signers[name].key, name), "admin": True}),
            )
        grower, shop, breda, laboratory, _ = signers.values()
        address = {"sealed": canonical.b64(bytes(32))}
        self._does(
            grower,
            ("registerSite", {"site": "hall", "address": address}),
            ("registerVariety", {"variety": "haze", "name": "Haze"}),
        )
        self._does(shop, ("registerSite", {"site": "counter", "municipality": "breda", "address": address}))
        phase = {"municipality": "breda", "product": "HEMP", "phase": "EXPERIMENT", "from": SINCE}
        self._does(self._ministry, ("designateGrower", {"grower": "grower", "sites": ["hall"]}), ("setPhase", phase))
        self._does(breda, ("admitShop", {"shop": "shop", "site": "counter"}))
        return grower, shop, breda, laboratory

    def _key(self, key: SigningKey, participant: str) -> dict[str, Any]:
        possession = key.sign(possession_text(ORIGIN, participant, key.id))
        return {
            "participant": participant,
            "key": canonical.b64(key.public),
            "possession": canonical.b64(possession),
        }

    def _device(self, admin: Signer, participant: str) -> Signer:
        device = Signer(self.random)
        self._does(admin, ("registerKey", self._key(device.key, participant)))
        return device

    def _codes(self, letter: str, count: int) -> list[str]:
        return sorted(codes.mint(letter, self.random.randbytes) for _ in range(count))

    def _lot(self, grower: Signer, laboratory: Signer) -> str:
        """A dry lot that passed its test."""
        [plant], [lot], [sample] = (self._codes(letter, 1) for letter in "PBM")
        measured = {"height": 30, "mass": 9_000, "position": "A/1"}
        wet = {"plants": [plant], "lot": lot, "mass": KILOTONNE, "position": "B/1"}
        dry = {"lot": lot, "mass": KILOTONNE, "moisture": 110_000_000, "position": "B/1"}
        samples = {"lot": lot, "samples": [sample], "mass": 300, "position": "B/2", "laboratory": "laboratory"}
        self._does(
            grower,
            ("intakePlants", {"plants": [plant], "variety": "haze", "site": "hall", **measured}),
            ("harvestPlants", wet),
            ("dryLot", dry),
            ("takeSamples", samples),
        )
        self._does(laboratory, ("recordResult", {"sample": sample, "thc": 150_000_000, "cbd": 5_000_000}))
        return lot

    def _packing(self, lot: str) -> Iterator[Act]:
        while True:
            packages = self._codes("E", PACKED)
            yield "packLot", {"lot": lot, "packages": packages, "mass": MASS, "position": "C/1"}

    def _selling(self, stock: list[str]) -> Iterator[Act]:
        for code in stock:
            yield "sellPackages", {"packages": [code]}

    def _stocked(self, grower: Signer, shop: Signer, lot: str, count: int) -> list[str]:
        """Packages on the shop's shelf."""
        stock: list[str] = []
        for start in range(0, count, STATED):
            packages = self._codes("E", min(STATED, count - start))
            [shipment] = self._codes("S", 1)
            self._does(
                grower,
                ("packLot", {"lot": lot, "packages": packages, "mass": MASS, "position": "C/1"}),
                ("readyShipment", {"shipment": shipment, "to": "shop", "packages": packages, "position": "D/1"}),
                ("departShipment", {"shipment": shipment, "carrier": "carrier"}),
            )
            for part in range(0, len(packages), RECEIVED):
                taken = [{"package": code, "verdict": {"accepted": True}} for code in packages[part : part + RECEIVED]]
                self._does(shop, ("receiveShipment", {"shipment": shipment, "packages": taken}))
            stock += packages
        return stock
