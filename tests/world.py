"""The test world: a real gateway over HTTP on a real database, participants with keys, and a full audit.

State is made only by recording actions through `ketenboek_client`. `check()` audits the whole ledger in
four depths under its anchor; the stories call it after every step.
"""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import uvicorn
from ketenboek_client import Client, Key, Rejected
from ketenboek_client import Gateway as Remote

from api.app import application
from api.gateway import Gateway
from api.settings import Settings
from ledger import audit, canonical, codes, instant
from ledger.founding import found
from ledger.keys import SigningKey
from tests.signer import seed

ORIGIN = "test.example/nl"
START = instant.millis("2025-06-01T08:00:00.000Z")
PARAMETERS = {
    "GROWERS_MAX": 10,
    "INTAKE_PLANTS_MAX": 1_000,
    "INTAKE_HOURS_MAX": 336,
    "SAMPLES_PER_LOT": 3,
    "PACKAGE_MAX": 5_000,
    "TRANSPORT_HOURS_MAX": 96,
    "SALE_MAX": 5_000,
    "LEAD_MAX": 5_000,
}
PASSED = {"thc": 180_000_000, "cbd": 2_000_000, "lead": 100}
EXCEEDED = {**PASSED, "lead": 5_001}


class Running:
    """A gateway served by uvicorn in a thread, on a free port."""

    def __init__(self, settings: Settings) -> None:
        self.gateway = Gateway(settings, SigningKey(seed("gateway")))
        self.gateway.start()
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(application(self.gateway), log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End as SIGTERM does."""
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()
        self.gateway.close()


class Actor:
    """A participant's key at work: `does` records, `refused` records nothing and gives the problem."""

    def __init__(self, world: World, name: str, key: Key) -> None:
        self.world = world
        self.name = name
        self.key = key
        self.client = Client(
            world.remote,
            key,
            world.folder / f"{name}.state",
            clock=lambda: world.now,
            random=world.random.randbytes,
        )

    def does(self, action: str, *, at: int | None = None, **data: Any) -> int:
        """Record an action a minute after the last one, or at a time; the entry's index."""
        recorded = self.client.record(action, _data(data), instant.text(self.world.tick() if at is None else at))
        self.world.check()
        return recorded.receipts[0].index

    def submits(self, *acts: tuple[str, dict[str, Any]]) -> list[int]:
        """Record several actions under one signature; their indexes."""
        made = [(action, data, instant.text(self.world.tick())) for action, data in acts]
        receipts = self.client.submit(made).receipts
        self.world.check()
        return [receipt.index for receipt in receipts]

    def refused(self, action: str, *, at: int | None = None, **data: Any) -> Any:
        """The first problem with which an action is refused; nothing changes."""
        size = self.world.size
        try:
            self.client.record(action, _data(data), instant.text(self.world.tick() if at is None else at))
        except Rejected as rejected:
            assert self.world.size == size, "a refused action was recorded"
            return rejected.problems[0]
        raise AssertionError(f"{action} was recorded")


def _data(data: dict[str, Any]) -> dict[str, Any]:
    """`from_` is a keyword's way to say `from`."""
    return {name.rstrip("_"): value for name, value in data.items()}


class World:
    """One sandbox ledger with the whole chain: ministry, inspectorates, two municipalities, two growers,
    two shops, a carrier and a laboratory.
    """

    def __init__(self, database: str, folder: Path, *, checks: bool = True) -> None:
        self.database = database
        self.folder = folder
        self.checks = checks
        self.now = START
        self.random = random.Random(1)
        founder, offline, checkpoint = (SigningKey(seed(name)) for name in ("founder", "offline", "gateway"))
        self.anchor = found(
            database, origin=ORIGIN, name="Test ledger", authority="ministry", founder=founder, offline=offline,
            checkpoint_key=checkpoint, sandbox=True, at=START, random=self.random.randbytes,
        )  # fmt: skip
        self.settings = Settings(database=database, checkpoint_seconds=0, pool_size=4)
        self.running = Running(self.settings)
        self.remote = Remote(self.running.url)
        self.actors: dict[str, Actor] = {}
        self.ministry = self.actor("ministry", Key(seed("founder")))
        self._register()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self.actors.values():
            actor.client.close()
        self.remote.close()
        self.running.stop()

    def restart(self, **settings: Any) -> None:
        """Stop the gateway and start another on the same database and port's successor."""
        self.running.stop()
        self.settings = replace(self.settings, **settings)
        self.running = Running(self.settings)
        self.remote.close()
        self.remote = Remote(self.running.url)
        for name, actor in list(self.actors.items()):
            actor.client.close()
            self.actors[name].client = Actor(self, name, actor.key).client

    def tick(self, minutes: int = 1) -> int:
        """Let time pass; the moment, milliseconds."""
        self.now += minutes * instant.MINUTE
        return self.now

    @property
    def size(self) -> int:
        """Entries of the ledger."""
        return self.running.gateway.sequencer.head.size

    def check(self) -> None:
        """Audit everything."""
        if self.checks:
            report = self.audited()
            assert report.verdict == "intact", report.text()

    def audited(self, **choices: Any) -> audit.Report:
        """The audit's report."""
        return audit.audit(self.database, anchor=self.anchor, jobs=1, **choices)

    def actor(self, name: str, key: Key | None = None) -> Actor:
        """The holder of a key."""
        made = self.actors[name] = Actor(self, name, key or Key(seed(name)))
        return made

    def code(self, letter: str) -> str:
        """A fresh code."""
        return codes.mint(letter, self.random.randbytes)

    def codes(self, letter: str, count: int) -> list[str]:
        """Fresh codes, sorted."""
        return sorted(self.code(letter) for _ in range(count))

    def enrol(self, name: str, kind: str) -> Actor:
        """A new participant with an admin key."""
        actor = self.actor(name)
        self.ministry.submits(
            ("registerParticipant", {"participant": name, "kind": kind, "name": name.capitalize()}),
            ("registerKey", _key(name, actor.key, admin=True)),
        )
        return actor

    def _register(self) -> None:
        checks, self.checks = self.checks, False
        since = "2025-01-01T00:00:00.000Z"
        self.inspector = self.enrol("ijenv", "IJENV")
        self.nvwa = self.enrol("nvwa", "NVWA")
        self.breda = self.enrol("breda", "MUNICIPALITY")
        self.tilburg = self.enrol("tilburg", "MUNICIPALITY")
        self.grower = self.enrol("grower-1", "GROWER")
        self.rival = self.enrol("grower-2", "GROWER")
        self.shop = self.enrol("shop-1", "COFFEESHOP")
        self.other_shop = self.enrol("shop-2", "COFFEESHOP")
        self.laboratory = self.enrol("laboratory-1", "LABORATORY")
        self.carrier = self.enrol("carrier-1", "CARRIER")
        self.auditor = self.enrol("auditor", "AUDITOR")
        for grower in (self.grower, self.rival):
            grower.submits(
                ("registerSite", {"site": "hall-1", "address": "Kasweg 1"}),
                ("registerVariety", {"variety": "haze", "name": "Haze"}),
                ("registerVariety", {"variety": "kush", "name": "Kush"}),
            )
            self.ministry.does("designateGrower", grower=grower.name, sites=["hall-1"])
        for shop, town in ((self.shop, self.breda), (self.other_shop, self.tilburg)):
            shop.does("registerSite", site="counter", municipality=town.name, address="Markt 1")
            town.does("admitShop", shop=shop.name, site="counter")
            self.ministry.does("setPhase", municipality=town.name, product="HEMP", phase="EXPERIMENT", from_=since)
        self.ministry.submits(
            *[
                ("setParameter", {"parameter": name, "value": value, "from": since})
                for name, value in PARAMETERS.items()
            ]
        )
        self.checks = checks
        self.check()

    # Short ways through the chain, for stories that begin further on.

    def plants(self, count: int = 1, grower: Actor | None = None, variety: str = "haze") -> list[str]:
        """Growing plants."""
        plants = self.codes("P", count)
        (grower or self.grower).does(
            "intakePlants", plants=plants, variety=variety, site="hall-1", height=12, mass=9_000, position="A/1"
        )
        return plants

    def wet_lot(self, mass: int = 100_000, grower: Actor | None = None) -> str:
        """A lot just harvested."""
        lot = self.code("B")
        plants = self.plants(2, grower)
        (grower or self.grower).does("harvestPlants", plants=plants, lot=lot, mass=mass, position="B/1")
        return lot

    def dry_lot(self, mass: int = 20_000, grower: Actor | None = None) -> str:
        """A lot dried to a mass."""
        lot = self.wet_lot(5 * mass, grower)
        (grower or self.grower).does("dryLot", lot=lot, mass=mass, moisture=110_000_000, position="B/2")
        return lot

    def sampled_lot(self, mass: int = 20_000, grower: Actor | None = None) -> tuple[str, list[str]]:
        """A lot of which three samples of 300 mg were taken, and the samples."""
        lot, samples = self.dry_lot(mass, grower), self.codes("M", 3)
        (grower or self.grower).does(
            "takeSamples", lot=lot, samples=samples, mass=300, position="B/2", laboratory="laboratory-1"
        )
        return lot, samples

    def passed_lot(self, mass: int = 20_000, grower: Actor | None = None) -> tuple[str, list[str]]:
        """A lot that passed, and its samples."""
        lot, samples = self.sampled_lot(mass, grower)
        self.laboratory.does("recordResult", sample=samples[0], **PASSED)
        return lot, samples

    def packages(self, count: int = 3, mass: int = 1_000, grower: Actor | None = None) -> list[str]:
        """Packages in a grower's stock."""
        lot, _ = self.passed_lot(count * mass + 5_000, grower)
        return self.packed(lot, count, mass, grower)

    def packed(self, lot: str, count: int = 3, mass: int = 1_000, grower: Actor | None = None) -> list[str]:
        """Packages filled from a lot."""
        packages = self.codes("E", count)
        (grower or self.grower).does("packLot", lot=lot, packages=packages, mass=mass, position="C/1")
        return packages

    def ready(self, packages: list[str], shop: Actor | None = None, grower: Actor | None = None) -> str:
        """A shipment that waits for the carrier."""
        shipment = self.code("S")
        to = (shop or self.shop).name
        (grower or self.grower).does("readyShipment", shipment=shipment, to=to, packages=packages, position="D/1")
        return shipment

    def shipped(self, packages: list[str], shop: Actor | None = None, grower: Actor | None = None) -> str:
        """A shipment under way."""
        shipment = self.ready(packages, shop, grower)
        (grower or self.grower).does("departShipment", shipment=shipment, carrier="carrier-1")
        return shipment

    def stocked(self, count: int = 3, mass: int = 1_000, shop: Actor | None = None) -> list[str]:
        """Packages in a shop's stock."""
        packages = self.packages(count, mass)
        shipment = self.shipped(packages, shop)
        (shop or self.shop).does("receiveShipment", shipment=shipment, packages=verdicts(packages, accepted=True))
        return packages


def verdicts(packages: Iterable[str], **verdict: Any) -> list[dict[str, Any]]:
    """The same verdict on some packages."""
    return [{"package": package, "verdict": verdict} for package in sorted(packages)]


def _key(participant: str, key: Key, **more: Any) -> dict[str, Any]:
    return {
        "participant": participant,
        "key": canonical.b64(key.public),
        "possession": key.possession(ORIGIN, participant),
        **more,
    }


def device(world: World, owner: Actor, name: str, **more: Any) -> tuple[Actor, int]:
    """A device key of a participant, registered by its admin key; and the entry of that."""
    actor = world.actor(name)
    return actor, owner.does("registerKey", **_key(owner.name, actor.key, **more))
