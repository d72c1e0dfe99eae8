"""Does the WebSocket speak `graphql-transport-ws`: its messages, its close codes, many operations at once?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from ketenboek_client import Client, Key
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ledger.canonical import b64
from tests.served import ORIGIN, Chain, Nursery, Served
from tests.signer import seed

NAME = {"query": "{ ledger { name } }"}
UNIT = "query($code: Code!) { unit(code: $code) { code } }"
MUTATION = """mutation { submit(statements: ["x"], seen: {size: 1, root: "AA=="}, until: "2026-01-01T00:00:00.000Z",
  signature: "AA==") { __typename } }"""


@contextmanager
def line(served: Served, protocol: str = "graphql-transport-ws", **headers: str) -> Iterator[ClientConnection]:
    """A connection on which nothing was said yet."""
    address = served.url.replace("http://", "ws://") + "/graphql"
    with connect(address, subprotocols=[Subprotocol(protocol)], additional_headers=headers) as made:
        yield made


def say(connection: ClientConnection, kind: str, name: str | None = None, payload: Any = None) -> None:
    message = {"type": kind, "id": name, "payload": payload}
    connection.send(json.dumps({member: value for member, value in message.items() if value is not None}))


def hear(connection: ClientConnection) -> dict[str, Any]:
    heard: dict[str, Any] = json.loads(connection.recv(timeout=60))
    return heard


@contextmanager
def introduced(served: Served, payload: Any = None, **headers: str) -> Iterator[ClientConnection]:
    """A connection that was acknowledged."""
    with line(served, **headers) as connection:
        say(connection, "connection_init", payload=payload)
        assert hear(connection) == {"type": "connection_ack"}
        yield connection


@pytest.fixture
def served(chain: Chain) -> Iterator[Served]:
    """The gateway of a sandbox; nothing that is said to it leaves a traceback behind."""
    yield chain.served
    assert "Traceback" not in chain.served.logged()


def closed(connection: ClientConnection) -> int:
    """The code with which the gateway ends the connection."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            connection.recv(timeout=60)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def test_a_query_is_answered_and_complete(served: Served) -> None:
    with introduced(served) as connection:
        say(connection, "subscribe", "one", NAME)
        assert hear(connection) == {
            "type": "next",
            "id": "one",
            "payload": {"data": {"ledger": {"name": "Test ledger"}}},
        }
        assert hear(connection) == {"type": "complete", "id": "one"}


def test_a_mutation_is_answered_and_complete(served: Served) -> None:
    with introduced(served) as connection:
        say(connection, "subscribe", "m", {"query": MUTATION})
        assert hear(connection)["payload"] == {"data": {"submit": {"__typename": "Rejected"}}}
        assert hear(connection) == {"type": "complete", "id": "m"}


def test_what_cannot_be_executed_is_an_error_and_the_connection_goes_on(served: Served) -> None:
    with introduced(served) as connection:
        for payload in ({"query": "{"}, {"query": UNIT}, {"query": UNIT, "variables": {"code": 1}}):
            say(connection, "subscribe", "bad", payload)
            told = hear(connection)
            assert (told["type"], told["id"]) == ("error", "bad")
            assert told["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
        say(connection, "subscribe", "bad", NAME)
        assert hear(connection)["type"] == "next"


def test_many_operations_share_a_connection(served: Served) -> None:
    names = {str(number) for number in range(50)}
    with introduced(served) as connection:
        for name in names:
            say(connection, "subscribe", name, NAME)
        heard = [hear(connection) for _ in range(100)]
    assert {one["id"] for one in heard if one["type"] == "next"} == names
    assert {one["id"] for one in heard if one["type"] == "complete"} == names


def test_a_ping_is_answered_and_a_pong_is_not(served: Served) -> None:
    with introduced(served) as connection:
        say(connection, "pong")
        say(connection, "ping")
        assert hear(connection) == {"type": "pong"}


def test_what_was_ended_by_its_client_may_be_asked_again(served: Served) -> None:
    with introduced(served) as connection:
        for _ in range(20):
            say(connection, "subscribe", "x", NAME)
            say(connection, "complete", "x")
        say(connection, "complete", "never begun")
        say(connection, "subscribe", "last", NAME)
        while (heard := hear(connection))["id"] != "last":
            assert heard["id"] == "x"
        assert heard["type"] == "next"


def test_a_client_that_leaves_leaves_nothing_behind(served: Served) -> None:
    """Also not a word in the log."""
    for _ in range(5):
        with introduced(served) as connection:
            for number in range(20):
                say(connection, "subscribe", str(number), NAME)
    assert httpx.get(f"{served.url}/health/ready").is_success


WRONG: list[tuple[str, Callable[[ClientConnection], None], int]] = [
    ("no JSON", lambda c: c.send("{"), 4400),
    ("no object", lambda c: c.send("[]"), 4400),
    ("no type", lambda c: c.send("{}"), 4400),
    ("type a number", lambda c: c.send('{"type": 1}'), 4400),
    ("nested without end", lambda c: c.send("[" * 100_000), 4400),
    ("bytes", lambda c: c.send(b'{"type": "ping"}'), 4400),
    ("unknown type", lambda c: say(c, "start"), 4400),
    ("no payload", lambda c: say(c, "subscribe", "x"), 4400),
    ("no id", lambda c: say(c, "subscribe", None, NAME), 4400),
    ("id a number", lambda c: c.send(json.dumps({"type": "subscribe", "id": 1, "payload": NAME})), 4400),
    ("query a number", lambda c: say(c, "subscribe", "x", {"query": 1}), 4400),
    ("variables a list", lambda c: say(c, "subscribe", "x", {**NAME, "variables": [1]}), 4400),
    ("operation a list", lambda c: say(c, "subscribe", "x", {**NAME, "operationName": ["a"]}), 4400),
    ("introduced twice", lambda c: say(c, "connection_init"), 4429),
    ("longer than a body may be", lambda c: c.send("x" * (16_777_216 + 1)), 1009),
]


@pytest.mark.parametrize(("wrong", "code"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_no_message_closes_the_connection(
    served: Served, wrong: Callable[[ClientConnection], None], code: int
) -> None:
    with introduced(served) as connection:
        wrong(connection)
        assert closed(connection) == code


def test_two_operations_cannot_have_one_id(served: Served) -> None:
    with introduced(served) as connection:
        with suppress(ConnectionClosed):
            for _ in range(1_000):  # one of them arrives while the one before it is under way
                say(connection, "subscribe", "x", NAME)
        assert closed(connection) == 4409


def test_first_comes_the_introduction(served: Served) -> None:
    for kind, name, payload in (("subscribe", "x", NAME), ("ping", None, None)):
        with line(served) as connection:
            say(connection, kind, name, payload)
            assert closed(connection) == 4401


@pytest.mark.parametrize("protocol", ["graphql-ws", "chat"])
def test_another_protocol_is_not_spoken(served: Served, protocol: str) -> None:
    with pytest.raises(InvalidHandshake), line(served, protocol):
        pass


def test_a_token_may_come_with_the_first_message_or_with_the_request(nursery: Nursery) -> None:
    token = f"Bearer {Key(seed('founder')).token(ORIGIN)}"
    with nursery.serve() as served:
        with introduced(served, {"authorization": token}) as one, introduced(served, authorization=token) as two:
            for connection in (one, two):
                say(connection, "subscribe", "x", NAME)
                assert hear(connection)["payload"] == {"data": {"ledger": {"name": "Served"}}}
        with introduced(served) as connection:
            say(connection, "subscribe", "x", NAME)
            assert hear(connection)["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        for payload in ({"authorization": "Bearer x"}, {"authorization": {"a": 1}}, {"authorization": token + "A"}):
            with line(served) as connection:
                say(connection, "connection_init", payload=payload)
                assert closed(connection) == 4403
        assert "Traceback" not in served.logged()


def test_a_connection_does_not_outlive_its_token(nursery: Nursery) -> None:
    """What was good when it began is asked again with each operation."""
    [grower, *_] = nursery.growers
    device = Key.generate()
    with nursery.serve() as served, nursery.remote(served) as remote, Client(remote, grower.key_file) as client:
        possession = device.possession(ORIGIN, grower.name)
        client.register_key(
            participant=grower.name, key=b64(device.public), possession=possession, scope=["movePlants"]
        )
        with introduced(served, {"authorization": f"Bearer {device.token(ORIGIN)}"}) as connection:
            say(connection, "subscribe", "x", NAME)
            assert [hear(connection)["type"] for _ in range(2)] == ["next", "complete"]
            client.revoke_key(key=device.id)
            say(connection, "subscribe", "x", NAME)
            told = hear(connection)
            assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
