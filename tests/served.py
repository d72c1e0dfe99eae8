"""A gateway as its own process, the command `ketenboek serve`, and a ledger with growers who keep it busy.

The ledger has a wall clock. What growers state is that they moved a plant, with the number of the statement as its
mass: so a gap, a second booking and a loss can be seen in the entries themselves.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ketenboek_client import Anchor as Anchored
from ketenboek_client import Client, Key, Receipt
from ketenboek_client import Gateway as Remote

from api.gateway import now
from ledger import audit, canonical, codes
from ledger.anchor import Anchor
from ledger.founding import found
from ledger.keys import SigningKey, possession_text
from ledger.receipt import verify
from ledger.sealed import Opening, seal
from ledger.sequencer import Sequencer
from ledger.store import Store
from tests.signer import Signer, seed
from tests.world import World

ORIGIN = "served.example/nl"

# Loading the software takes a second and a half, opening the ledger some milliseconds. A process that has loaded it
# is forked for each gateway; what it runs is the whole command.
_loaded = multiprocessing.get_context("forkserver")
_loaded.set_forkserver_preload(["api.cli", "api.process", "tests.served"])
_numbers = itertools.count(1)


def _command(out: Connection, errors: Path, settings: dict[str, str]) -> None:
    """In the new process: `ketenboek serve --port 0`, its output to a pipe and a file."""
    from api.cli import main

    os.dup2(out.fileno(), 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = errors.open("w", encoding="utf-8", buffering=1)
    for name in [name for name in os.environ if name.startswith("KETENBOEK_")]:
        del os.environ[name]
    os.environ.update(settings)
    threading.Thread(target=_orphaned, daemon=True).start()
    sys.exit(main(["serve", "--port", "0"]))


def _orphaned() -> None:
    """End with the tests, however they end."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class Served:
    """One `ketenboek serve` on a database; `settings` by the names of their fields, as `drain_seconds=1`."""

    def __init__(self, database: str, folder: Path, **settings: Any) -> None:
        self.log = folder / f"gateway-{next(_numbers)}.log"
        key = folder / "gateway.jwk"
        if not key.exists():
            Key(seed("gateway")).save(key)
        chosen = {"database": database, "checkpoint_key": key, "pool_size": 4, **settings}
        environment = {f"KETENBOEK_{name.upper()}": str(value) for name, value in chosen.items()}
        said, out = _loaded.Pipe(duplex=False)
        self._process = _loaded.Process(target=_command, args=(out, self.log, environment), daemon=True)
        self._process.start()
        out.close()
        with said, os.fdopen(os.dup(said.fileno()), encoding="utf-8") as text:
            line = text.readline()
        assert line.startswith("listening on http://"), self.logged()
        self.url = line.removeprefix("listening on ").strip()

    def send(self, number: int) -> None:
        """Send the process a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code, negative for a process that the signal killed."""
        self.send(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        self._process.join(60)
        code = self._process.exitcode
        assert code is not None, "it does not end"
        return code

    def logged(self) -> str:
        """What it wrote to stderr."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.is_alive():
            self.end(signal.SIGKILL if error else signal.SIGTERM)


@dataclass
class Grower:
    """A grower with one plant; `stated` is the number of its last statement, `given` its receipts."""

    name: str
    key_file: Path
    plant: str
    stated: int = 0
    given: list[Receipt] = field(default_factory=list)

    def moves(self, count: int) -> list[tuple[str, dict[str, Any], str | None]]:
        """The next statements; the same ones again until `done`."""
        first = self.stated + 1
        move = {"plants": [self.plant], "height": 10, "position": "A/1"}
        return [("movePlants", {**move, "mass": number}, None) for number in range(first, first + count)]

    def moves_on(self, client: Client) -> int:
        """State the next one to three; the same ones again after an answer that did not come. How many."""
        recorded = client.submit(self.moves(1 + self.stated % 3))
        self.done(recorded.receipts)
        return len(recorded.receipts)

    def done(self, receipts: tuple[Receipt, ...]) -> None:
        """The statements were recorded."""
        self.stated += len(receipts)
        self.given += receipts


class Nursery:
    """A founded ledger on which some growers have a plant each."""

    def __init__(self, database: str, folder: Path, growers: int) -> None:
        self.database = database
        self.folder = folder
        founder, offline, checkpoint = (SigningKey(seed(name)) for name in ("founder", "offline", "gateway"))
        self.anchor: Anchor = found(
            database, origin=ORIGIN, name="Served", authority="ministry", founder=founder, offline=offline,
            checkpoint_key=checkpoint, at=now(),
        )  # fmt: skip
        self.growers = [
            Grower(f"grower-{number}", folder / f"grower-{number}.jwk", codes.mint("P", secrets.token_bytes))
            for number in range(growers)
        ]
        writer = Sequencer(Store.open(database), checkpoint, clock=now)
        writer.start()
        self.ministry = Signer(ORIGIN, founder, sequence=2)
        for grower in self.growers:
            _enrol(writer, self.ministry, grower)
        assert writer.close(60)

    def serve(self, **settings: Any) -> Served:
        """A gateway process on this ledger."""
        return Served(self.database, self.folder, **settings)

    def remote(self, served: Served, patience: float = 0) -> Remote:
        """A gateway as a client sees it, held to the anchor."""
        return Remote(served.url, Anchored(self.anchor.origin, self.anchor.hash), patience=patience)

    def entries(self) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
        """Index, bytes and content of all entries."""
        store = Store.open(self.database)
        try:
            for chunk in store.entries():
                for index, data, _ in chunk:
                    yield index, bytes(data), json.loads(data)
        finally:
            store.close()

    def check(self) -> None:
        """Every receipt proves an entry that is there; each statement is there once; nothing is torn; the audit."""
        stored = {index: (data, content) for index, data, content in self.entries()}
        assert sorted(stored) == list(range(len(stored)))
        for grower in self.growers:
            key = Key.load(grower.key_file).id
            for receipt in grower.given:
                assert verify(receipt.file, self.anchor).index == receipt.index
                assert stored[receipt.index][0].decode() == receipt.entry
            assert len({receipt.index for receipt in grower.given}) == len(grower.given)
            moved = [
                content
                for _, content in stored.values()
                if (content["statement"]["key"], content["statement"]["action"]) == (key, "movePlants")
            ]
            assert [content["statement"]["data"]["mass"] for content in moved] == list(range(1, grower.stated + 1))
        for index, (_, content) in stored.items():
            first, count = content["submission"]["first"], content["submission"]["count"]
            start = index - (content["statement"]["sequence"] - first)
            whole = [stored[place][1]["statement"] for place in range(start, start + count)]
            assert [made["sequence"] for made in whole] == list(range(first, first + count)), f"torn at {index}"
            assert {made["key"] for made in whole} == {content["statement"]["key"]}
        report = audit.audit(self.database, anchor=self.anchor, jobs=1)
        assert report.verdict == "intact", report.text()


class Chain:
    """A sandbox ledger on which `tests.world` brought packages to a shop and sold one, served by its own process."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database = database
        self.folder = folder
        with World(database, folder, checks=False) as world:
            self.packages = world.stocked(3)
            world.shop.does("sellPackages", packages=self.packages[:1])
            self.anchor = world.anchor
            self.size = world.size
            self.names = list(world.actors)
        self.served = Served(database, folder)

    def key(self, name: str) -> Key:
        """The key of a participant."""
        return Key(seed("founder" if name == "ministry" else name))

    def key_file(self, name: str) -> Path:
        """The same as a file; the client's state lies beside it."""
        path = self.folder / f"{name}.jwk"
        if not path.exists():
            self.key(name).save(path)
        return path


def _enrol(writer: Sequencer, ministry: Signer, grower: Grower) -> None:
    """A grower with a key, a designated site, a variety and a plant."""
    key = SigningKey(secrets.token_bytes(32))
    Key.from_jwk(key.jwk()).save(grower.key_file)
    name, holder, address = grower.name, Signer(ORIGIN, key), seal("Kasweg 1", secrets.token_bytes(32))
    possession = canonical.b64(key.sign(possession_text(ORIGIN, name, key.id)))
    public = canonical.b64(key.public)
    intake = {"variety": "haze", "site": "hall", "height": 10, "mass": 1, "position": "A/1"}

    def state(signer: Signer, *acts: tuple[str, dict[str, Any]], openings: tuple[Opening, ...] = ()) -> None:
        made = signer.submission(writer.head, now(), *acts)
        made.openings = openings
        writer.offer(made, proofs=False).result(60)

    state(
        ministry,
        ("registerParticipant", {"participant": name, "kind": "GROWER", "name": name}),
        ("registerKey", {"participant": name, "key": public, "admin": True, "possession": possession}),
    )
    site = {"site": "hall", "address": {"sealed": canonical.b64(address.hash)}}
    state(holder, ("registerSite", site), ("registerVariety", {"variety": "haze", "name": "Haze"}), openings=(address,))
    state(ministry, ("designateGrower", {"grower": name, "sites": ["hall"]}))
    state(holder, ("intakePlants", {"plants": [grower.plant], **intake}))
