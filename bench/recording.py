"""How fast acts are recorded: over HTTP against the peer, and without HTTP against `eventsourcing`."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from uuid import UUID

import migrations
from bench import requests, servers
from bench.trade import CLIENTS, Trade
from ledger.sequencer import Sequencer
from ledger.store import Store

TYPED = 150
"""Typed mutations of each client in a round."""
SUBMISSIONS, SIZE = 4, 100
ROUNDS = 3


def typed_and_submitted(database: Callable[[str], str]) -> dict[str, float]:
    """Acts a second: `typed` mutations by 16 clients, `submit` of 100, the `cached` and the `plain` peer.

    `database` gives the address of an empty database by a name. Medians of rounds.
    """
    rates: dict[str, list[float]] = {"typed": [], "submit": [], "cached": [], "plain": []}
    for number in range(ROUNDS):
        url = database(f"ours{number}")
        migrations.upgrade(url)
        trade = Trade(url, TYPED + SUBMISSIONS * SIZE)
        single = [trade.signed(client, TYPED) for client in range(CLIENTS)]
        many = [trade.signed(client, SUBMISSIONS, SIZE) for client in range(CLIENTS)]
        with tempfile.TemporaryDirectory() as folder, servers.gateway(url, trade.gateway, Path(folder)) as port:
            took = servers.load(port, [[requests.typed(one) for one in acts] for acts in single], "Recorded")
            rates["typed"].append(CLIENTS * TYPED / took)
            took = servers.load(port, [[requests.submit(one) for one in acts] for acts in many], "Recorded")
            rates["submit"].append(CLIENTS * SUBMISSIONS * SIZE / took)
        for name in ("cached", "plain"):
            with servers.peer(database(f"{name}{number}"), cached=name == "cached") as port:
                took = servers.load(port, [[requests.peer(one) for one in acts] for acts in single], "index")
                rates[name].append(CLIENTS * TYPED / took)
    return {name: statistics.median(found) for name, found in rates.items()}


def appended(database: Callable[[str], str], flying: int = 16, each: int = 200) -> float:
    """Entries a second without HTTP: one act a submission, so many in flight, signatures checked."""
    url = database("append")
    migrations.upgrade(url)
    trade = Trade(url, each)
    acts = [
        submission for turn in zip(*[trade.signed(c, each) for c in range(CLIENTS)], strict=True) for submission in turn
    ]
    writer = Sequencer(Store.open(url), trade.gateway, clock=lambda: trade.now)
    writer.start()
    begun = time.perf_counter()
    waiting: deque[Future[object]] = deque()
    for submission in acts:
        if len(waiting) >= flying:
            waiting.popleft().result()
        waiting.append(writer.offer(submission, proofs=False))  # type: ignore[arg-type]
    while waiting:
        waiting.popleft().result()
    took = time.perf_counter() - begun
    writer.close(30)
    return len(acts) / took


def sourced(folder: Path, count: int = 2_000) -> float:
    """Events a second of `eventsourcing` on SQLite: one a commit, not signed, no rules."""
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event

    class Package(Aggregate):
        @event("Moved")
        def move(self, position: str) -> None:
            self.position = position

    class Shop(Application[UUID]):
        pass

    environment = {
        **os.environ,
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / "events.db"),
    }
    app = Shop(env=environment)
    package = Package()
    app.save(package)
    begun = time.perf_counter()
    for number in range(count):
        package.move(f"C/{number}")
        app.save(package)
    took = time.perf_counter() - begun
    app.close()
    return count / took
