"""How fast acts are recorded: over HTTP against the peer, and without HTTP against `eventsourcing`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import migrations
from bench import events, requests, servers
from bench.engines import Engine
from bench.trade import CLIENTS, Trade
from ledger.sequencer import Recorded, Sequencer
from ledger.statement import Submission
from ledger.store import Store

ROUNDS = 3
TYPED = 120
"""Typed mutations of each client in a round."""
SUBMISSIONS, SIZE = 4, 100
APPENDED = 300
EVENTS = 2_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Acts a second, a figure for each round; rounds of all alternate."""

    typed: list[float]
    submit: list[float]
    peer: list[float]
    plain: list[float]
    append: list[float]
    events: list[float]

    def ratio(self, ours: list[float], theirs: list[float]) -> float:
        """The median of the ratios of each round."""
        return median(one / other for one, other in zip(ours, theirs, strict=True))


def middle(found: list[float]) -> str:
    """The median, for people."""
    return f"{median(found):,.0f}"


def measure(engine: Engine, folder: Path) -> Rates:
    """The rates of all rounds."""
    rates = Rates([], [], [], [], [], [])
    single = Trade(_migrated(engine, "single"), ROUNDS * (TYPED + APPENDED))
    hundred = Trade(_migrated(engine, "hundred"), ROUNDS * SUBMISSIONS * SIZE)
    with (
        servers.gateway(single.url, single.gateway, folder) as typed,
        servers.gateway(hundred.url, hundred.gateway, folder) as submit,
        servers.peer(engine.database("peer"), cached=True) as peer,
        servers.peer(engine.database("plain"), cached=False) as plain,
    ):
        for _ in range(ROUNDS):
            acts = [single.signed(client, TYPED) for client in range(CLIENTS)]
            many = [hundred.signed(client, SUBMISSIONS, SIZE) for client in range(CLIENTS)]
            theirs = [[requests.peer(one) for one in each] for each in acts]
            ours = [[requests.typed(one) for one in each] for each in acts]
            rates.plain.append(CLIENTS * TYPED / servers.load(plain, theirs, "index"))
            rates.typed.append(CLIENTS * TYPED / servers.load(typed, ours, "Recorded"))
            rates.peer.append(CLIENTS * TYPED / servers.load(peer, theirs, "index"))
            ours = [[requests.submit(one) for one in each] for each in many]
            rates.submit.append(CLIENTS * SUBMISSIONS * SIZE / servers.load(submit, ours, "Recorded"))
    writer = Sequencer(Store.open(single.url), single.gateway, clock=lambda: time.time_ns() // 1_000_000)
    writer.start()
    for number in range(ROUNDS):
        rates.append.append(_appended(writer, [single.signed(client, APPENDED) for client in range(CLIENTS)]))
        if engine.name == "sqlite":  # on PostgreSQL it needs psycopg_pool, which nothing else here does
            rates.events.append(events.rate(folder / f"events{number}.db", EVENTS))
    writer.close(30)
    return rates


def _migrated(engine: Engine, name: str) -> str:
    url = engine.database(name)
    migrations.upgrade(url)
    return url


def _appended(writer: Sequencer, clients: Sequence[Sequence[Submission]]) -> float:
    """Entries a second of clients that offer the next submission when the last one is recorded."""
    done = threading.Semaphore(0)
    failed: list[BaseException] = []

    def offer(rest: Iterator[Submission]) -> None:
        submission = next(rest, None)
        if submission is None or failed:
            done.release()
        else:
            writer.offer(submission, proofs=False).add_done_callback(lambda answer: answered(answer, rest))

    def answered(answer: Future[Recorded], rest: Iterator[Submission]) -> None:
        error = answer.exception()
        if error is not None:
            failed.append(error)
        offer(rest)

    begun = time.perf_counter()
    for submissions in clients:
        offer(iter(submissions))
    for _ in clients:
        done.acquire()
    took = time.perf_counter() - begun
    if failed:
        raise failed[0]
    return sum(map(len, clients)) / took
