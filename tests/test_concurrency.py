"""Do several gateway processes and their clients keep one history, whoever stops, leaves or dies in between?"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from ketenboek_client import Client, Gateway, Key, Rejected, Undecided, Unreachable
from ketenboek_client.disk import Disk
from ketenboek_client.documents import SUBMIT_FIRST

from api.gateway import now
from ledger import canonical, checkpoint, note
from ledger.group import Published
from ledger.keys import SigningKey
from ledger.receipt import verify
from ledger.statement import Submission
from ledger.store import Store
from tests.served import ORIGIN, Grower, Nursery, Served
from tests.signer import seed

ROUNDS = 8
VKEY = note.Vkey.parse(note.vkey(ORIGIN, SigningKey(seed("gateway")).public))


@pytest.fixture
def nursery(database: str, tmp_path: Path) -> Nursery:
    return Nursery(database, tmp_path, growers=4)


class Balanced(httpx.BaseTransport):
    """A load balancer: request after request to another gateway."""

    def __init__(self, *gateways: Served) -> None:
        self._ports = itertools.cycle(httpx.URL(served.url).port for served in gateways)
        self._http = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=next(self._ports))
        return self._http.handle_request(request)

    def close(self) -> None:
        self._http.close()


def at_once(growers: list[Grower], remotes: list[Gateway]) -> None:
    """All growers state things at the same time, each at its own gateway or behind the same balancer."""

    def work(grower: Grower, remote: Gateway) -> None:
        with Client(remote, grower.key_file) as client:
            for _ in range(ROUNDS):
                grower.moves_on(client)

    with ThreadPoolExecutor(len(growers)) as pool:
        for ended in [pool.submit(work, *pair) for pair in zip(growers, itertools.cycle(remotes), strict=False)]:
            ended.result()


def test_two_processes_keep_one_history(nursery: Nursery) -> None:
    """Half of the growers at each of two, then all behind a balancer, where each answer comes from another."""
    with nursery.serve() as one, nursery.serve() as two:
        with nursery.remote(one) as first, nursery.remote(two) as second:
            at_once(nursery.growers, [first, second])
            assert second.checkpoint() == first.checkpoint()
        with Gateway(one.url, transport=Balanced(one, two), patience=0) as both:
            at_once(nursery.growers, [both])
        assert (one.end(), two.end()) == (0, 0)
    assert sum(grower.stated for grower in nursery.growers) >= 2 * ROUNDS * len(nursery.growers)
    nursery.check()


def enrolment(nursery: Nursery, seen: str) -> Submission:
    """The ministry enrols a carrier."""
    newest = checkpoint.open(seen, VKEY)
    head = Published(newest.size, b"", 0, newest.root, seen)
    carrier = {"participant": "carrier", "kind": "CARRIER", "name": "Carrier"}
    return nursery.ministry.submission(head, now(), ("registerParticipant", carrier))


def request(submission: Submission) -> dict[str, Any]:
    """The body of `submit`."""
    variables = {
        "statements": [raw.decode() for raw in submission.raws],
        "seen": {"size": submission.seen_size, "root": canonical.b64(submission.seen_root)},
        "until": submission.until,
        "signature": canonical.b64(submission.signature),
    }
    return {"query": SUBMIT_FIRST, "variables": variables}


def outcome(served: Served, submission: Submission) -> dict[str, Any]:
    """What a gateway answers to a submission."""
    answer = httpx.post(f"{served.url}/graphql", json=request(submission)).json()
    told: dict[str, Any] = answer["data"]["submit"]
    return told


def test_a_retry_at_another_process_finds_the_first_receipts(nursery: Nursery) -> None:
    with nursery.serve() as one, nursery.serve() as two, nursery.remote(one) as remote:
        submission = enrolment(nursery, remote.checkpoint())
        first, second = outcome(one, submission), outcome(two, submission)
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert [receipt["entry"] for receipt in first["receipts"]] == [receipt["entry"] for receipt in second["receipts"]]
    for told in (first, second):
        assert verify(told["receipts"][0]["file"], nursery.anchor).statement == submission.raws[0]
    nursery.check()


def test_the_same_submission_at_two_processes_at_once_is_recorded_once(nursery: Nursery) -> None:
    with nursery.serve() as one, nursery.serve() as two, nursery.remote(one) as remote, ThreadPoolExecutor(8) as pool:
        submission = enrolment(nursery, remote.checkpoint())
        told = list(pool.map(lambda served: outcome(served, submission), [one, two] * 4))
    assert sorted(one["replayed"] for one in told) == [False] + [True] * 7
    assert len({one["receipts"][0]["entry"] for one in told}) == 1
    nursery.check()


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come; it may take long on a busy machine, but not for ever."""
    for _ in range(6_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_a_client_that_leaves_finds_its_first_receipts(nursery: Nursery) -> None:
    with nursery.serve() as served, nursery.remote(served) as remote:
        before = remote.checkpoint()
        submission = enrolment(nursery, before)
        address = httpx.URL(served.url)
        with socket.create_connection((address.host, address.port or 0)) as line:
            body = json.dumps(request(submission)).encode()
            line.sendall(head_of("POST", "/graphql", len(body)) + body)
        until(lambda: remote.checkpoint() != before)
        told = outcome(served, submission)
    assert told["replayed"]
    assert verify(told["receipts"][0]["file"], nursery.anchor).statement == submission.raws[0]
    nursery.check()


def head_of(method: str, path: str, length: int) -> bytes:
    """The head of an HTTP request."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: gateway",
        "content-type: application/json",
        f"content-length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_stop_finishes_what_was_taken(nursery: Nursery) -> None:
    """SIGTERM in the middle of work: exit 0, every answer counts, the last checkpoint is kept."""
    answered = threading.Semaphore(0)

    def work(grower: Grower, remote: Gateway) -> None:
        with Client(remote, grower.key_file) as client:
            try:
                while True:
                    grower.moves_on(client)
                    answered.release()
            except Unreachable:
                pass

    with nursery.serve(checkpoint_seconds=3_600) as served, nursery.remote(served) as remote:
        with ThreadPoolExecutor(4) as pool:
            working = [pool.submit(work, grower, remote) for grower in nursery.growers]
            for _ in range(20):
                assert answered.acquire(timeout=60)
            assert served.end(signal.SIGTERM) == 0
            for ended in working:
                ended.result()
        assert "Traceback" not in served.logged()
    store = Store.open(nursery.database)
    head = store.head()
    assert head is not None
    assert list(store.checkpoints())[-1] == (head.size, head.note)
    store.close()
    with nursery.serve() as served, nursery.remote(served) as remote:
        for grower in nursery.growers:
            with Client(remote, grower.key_file) as client:
                grower.moves_on(client)
    nursery.check()


def test_a_request_that_comes_whole_only_while_it_stops_is_told_to_come_again(nursery: Nursery) -> None:
    with nursery.serve() as served, nursery.remote(served) as remote:
        body = json.dumps(request(enrolment(nursery, remote.checkpoint()))).encode()
        address = httpx.URL(served.url)
        with socket.create_connection((address.host, address.port or 0)) as line:
            line.sendall(head_of("POST", "/graphql", len(body)) + body[:-1])
            assert httpx.get(f"{served.url}/health/ready").status_code == 200
            served.send(signal.SIGTERM)
            until(lambda: "Shutting down" in served.logged())
            line.sendall(body[-1:])
            answer = line.makefile("rb").read().decode()
        assert served.ended() == 0
    head, _, told = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 ")
    assert "\r\nretry-after: 5" in head.lower()
    assert json.loads(told)["errors"][0]["extensions"]["code"] == "INTERNAL"


class Crash(BaseException):
    """The client's process is gone: nothing catches this."""


class Dying(Disk):
    """The process dies before or after its n-th durable write of the state file."""

    def __init__(self, write: int, *, after: bool) -> None:
        self._left = write
        self._after = after

    def replace(self, path: Path, data: bytes, before_rename: Callable[[int], None] | None = None) -> int:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        file = super().replace(path, data, before_rename)
        if self._left == 0:
            os.close(file)
            raise Crash
        return file


class Line(httpx.HTTPTransport):
    """The process dies before its submission is sent, or after the answer has come and before it is read."""

    def __init__(self, *, after: bool) -> None:
        super().__init__()
        self._after = after

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if b"mutation" not in request.read():
            return super().handle_request(request)
        if self._after:
            super().handle_request(request).read()
        raise Crash


SIGNED, ANSWERED = 1, 2
"""The durable writes of the state file for one submission, in order."""

TABLE: list[tuple[str, Callable[[], dict[str, Any]], bool, bool | None]] = [
    ("before it is kept what was signed", lambda: {"disk": Dying(SIGNED, after=False)}, False, False),
    ("after it is kept what was signed", lambda: {"disk": Dying(SIGNED, after=True)}, True, False),
    ("before it is sent", lambda: {"transport": Line(after=False)}, True, False),
    ("after it was answered", lambda: {"transport": Line(after=True)}, True, True),
    ("before it is kept what was answered", lambda: {"disk": Dying(ANSWERED, after=False)}, True, True),
    ("after it is kept what was answered", lambda: {"disk": Dying(ANSWERED, after=True)}, False, None),
]
"""When a client dies; whether something is unanswered afterwards; whether the same call then finds first receipts
(None: it was answered, the same call would be another act)."""


@pytest.fixture
def begun(nursery: Nursery) -> Iterator[tuple[Served, Grower]]:
    """A gateway, and a grower whose client has recorded before."""
    [grower, *_] = nursery.growers
    with nursery.serve() as served:
        with nursery.remote(served) as remote, Client(remote, grower.key_file) as client:
            grower.moves_on(client)
        yield served, grower
    nursery.check()


def test_an_act_is_booked_once_whenever_the_client_dies(
    begun: tuple[Served, Grower], subtests: pytest.Subtests
) -> None:
    served, grower = begun
    for when, how, unanswered, replayed in TABLE:
        with subtests.test(when):
            fault = how()
            disk, transport = fault.get("disk"), fault.get("transport")
            with (
                Gateway(served.url, transport=transport, patience=0) as remote,
                Client(remote, grower.key_file, disk=disk) as client,
                pytest.raises(Crash),
            ):
                client.submit(grower.moves(2))
            with Gateway(served.url, patience=0) as remote, Client(remote, grower.key_file) as client:
                assert bool(client.unanswered) == unanswered
                if replayed is None:
                    grower.stated += 2
                else:
                    recorded = client.submit(grower.moves(2))
                    assert recorded.replayed == replayed
                    grower.done(recorded.receipts)


def test_two_clients_with_one_key_cannot_work_at_once(nursery: Nursery) -> None:
    """Not even where the lock does not reach, on two machines: the second finds the number used."""
    [grower, *_] = nursery.growers
    copy = nursery.folder / "copy.jwk"
    Key.load(grower.key_file).save(copy)
    with (
        nursery.serve() as served,
        nursery.remote(served) as remote,
        Client(remote, grower.key_file) as one,
        Client(remote, copy) as two,
    ):
        two.checkpoint()
        grower.moves_on(one)
        with pytest.raises(Rejected, match="SEQUENCE_USED"):
            two.submit([("movePlants", {**grower.moves(1)[0][1], "position": "B/1"}, None)])
    nursery.check()


def test_a_gateway_whose_database_leaves_it_ends_with_4_and_loses_nothing(
    new_database: Callable[..., str], tmp_path: Path
) -> None:
    """What was under way is undecided; reading recovers by itself, and a new start by what is stored."""
    nursery = Nursery(new_database("postgresql"), tmp_path, growers=1)
    [grower] = nursery.growers
    with nursery.serve() as served, nursery.remote(served) as remote, Client(remote, grower.key_file) as client:
        grower.moves_on(client)
        with psycopg.connect(nursery.database, autocommit=True) as server:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())
        until(lambda: httpx.get(f"{served.url}/health/ready").status_code == 200)
        with pytest.raises(Undecided):
            grower.moves_on(client)
        assert served.ended() == 4
    with nursery.serve() as served, nursery.remote(served) as remote, Client(remote, grower.key_file) as client:
        grower.moves_on(client)
    nursery.check()
