"""Who is let in to read, and is every token that does not count told why, with 401?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from ketenboek_client import Client, Key

from api.cli.outcome import client_key
from api.gateway import now
from api.graphql import LEGACY, MODERN
from api.tokens import make
from ledger.canonical import b64
from ledger.keys import SigningKey, b64url
from tests.served import ORIGIN, Chain, Nursery, Served
from tests.signer import seed

NAME = {"query": "{ ledger { name } }"}
FOUNDER = SigningKey(seed("founder"))
HEADER = json.dumps({"alg": "EdDSA", "kid": FOUNDER.id}).encode()


@pytest.fixture(scope="module")
def served(nursery: Nursery) -> Iterator[Served]:
    """A gateway on a ledger that is no sandbox; no bad token leaves a traceback behind."""
    with nursery.serve() as made:
        yield made
    assert "Traceback" not in made.logged()


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


def token(key: SigningKey = FOUNDER, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token with some members other than they should be; None leaves one out."""
    seconds = now() // 1000
    head = {"alg": "EdDSA", "kid": key.id, "typ": "JWT", **(header or {})}
    body = {"aud": ORIGIN, "iat": seconds, "exp": seconds + 300, **claims}
    parts = [{name: value for name, value in part.items() if value is not None} for part in (head, body)]
    return signed(key, *[json.dumps(part).encode() for part in parts])


def signed(key: SigningKey, *parts: bytes) -> str:
    text = ".".join(map(b64url, parts))
    return f"{text}.{b64url(key.sign(text.encode()))}"


def later(seconds: int) -> int:
    return now() // 1000 + seconds


def ask(http: httpx.Client, authorization: str | None, accept: str = MODERN) -> httpx.Response:
    headers = {"accept": accept} | ({} if authorization is None else {"authorization": authorization})
    return http.post("/graphql", json=NAME, headers=headers)


def refused(response: httpx.Response) -> str:
    """401 and nothing else; the sentence."""
    assert response.status_code == 401, response.text
    assert response.headers["www-authenticate"] == "Bearer"
    body = response.json()
    assert "data" not in body
    [error] = body["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    return str(error["message"])


GOOD: list[tuple[str, Callable[[], str]]] = [
    ("as the gateway's own code makes it", lambda: make(FOUNDER, ORIGIN, now())),
    ("as a client makes it", lambda: Key(seed("founder")).token(ORIGIN)),
    ("with the algorithm's newer name", lambda: token(header={"alg": "Ed25519"})),
    ("without a type", lambda: token(header={"typ": None})),
    ("from a clock that is nearly a minute ahead", lambda: token(iat=later(55), exp=later(300))),
    ("at its end", lambda: token(iat=later(-200), exp=later(20))),
    ("with claims of its own", lambda: token(sub="me", jti="1")),
]

BAD: list[tuple[str, Callable[[], str], str]] = [
    ("empty", lambda: "", "JWT"),
    ("no token", lambda: "secret", "JWT"),
    ("two parts", lambda: token().rpartition(".")[0], "JWT"),
    ("four parts", lambda: token() + ".AAAA", "JWT"),
    ("padded", lambda: token() + "=", "JWT"),
    ("unsigned", lambda: token().rpartition(".")[0] + ".", "JWT"),
    ("endless", lambda: "A" * 5_000, "JWT"),
    ("header no JSON", lambda: signed(FOUNDER, b"{", b"{}"), "JSON"),
    ("header no object", lambda: signed(FOUNDER, b"[]", b"{}"), "objects"),
    ("header nested without end", lambda: signed(FOUNDER, b"[" * 700, b"{}"), "JSON"),
    ("claims no object", lambda: signed(FOUNDER, HEADER, b"1"), "objects"),
    ("alg none", lambda: token(header={"alg": "none"}), "`alg`"),
    ("alg of a shared secret", lambda: token(header={"alg": "HS256"}), "`alg`"),
    ("alg in other letters", lambda: token(header={"alg": "eddsa"}), "`alg`"),
    ("alg a list", lambda: token(header={"alg": ["EdDSA"]}), "`alg`"),
    ("no alg", lambda: token(header={"alg": None}), "`alg`"),
    ("crit", lambda: token(header={"crit": ["exp"]}), "header"),
    ("jwk", lambda: token(header={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64url(FOUNDER.public)}}), "header"),
    ("jku", lambda: token(header={"jku": "https://attacker.example/keys"}), "header"),
    ("x5u", lambda: token(header={"x5u": "https://attacker.example/keys"}), "header"),
    ("b64", lambda: token(header={"b64": False}), "header"),
    ("no kid", lambda: token(header={"kid": None}), "`kid`"),
    ("kid unknown", lambda: token(SigningKey(seed("stranger"))), "`kid`"),
    ("kid a list", lambda: token(header={"kid": [FOUNDER.id]}), "`kid`"),
    ("kid of another key", lambda: token(header={"kid": SigningKey(seed("offline")).id}), "signature"),
    ("signature changed", lambda: flipped(token()), "signature"),
    ("claims changed", lambda: exchanged(token(), token(sub="ministry")), "signature"),
    ("signature of all zeros", lambda: token().rpartition(".")[0] + "." + b64url(bytes(64)), "signature"),
    ("no aud", lambda: token(aud=None), "`aud`"),
    ("aud another ledger", lambda: token(aud="other.example/nl"), "`aud`"),
    ("aud a list", lambda: token(aud=[ORIGIN]), "`aud`"),
    ("no iat", lambda: token(iat=None), "`iat`"),
    ("no exp", lambda: token(exp=None), "`iat`"),
    ("exp a fraction", lambda: token(exp=later(60) + 0.5), "`iat`"),
    ("exp a text", lambda: token(exp=str(later(60))), "`iat`"),
    ("iat true", lambda: token(iat=True), "`iat`"),
    ("longer than five minutes", lambda: token(exp=later(301), iat=later(0)), "300 s"),
    ("exp before iat", lambda: token(iat=later(10), exp=later(5)), "300 s"),
    ("from the future", lambda: token(iat=later(90), exp=later(200)), "future"),
    ("over", lambda: token(iat=later(-100), exp=later(-1)), "expired"),
    ("just over", lambda: token(iat=later(-100), exp=later(0)), "expired"),
]  # fmt: skip


def flipped(made: str) -> str:
    """Another signature, as well-formed as the right one."""
    text, _, signature = made.rpartition(".")
    return f"{text}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def exchanged(one: str, other: str) -> str:
    """The claims of one token under the signature of another."""
    (head, _, signature), (_, claims, _) = one.split("."), other.split(".")
    return f"{head}.{claims}.{signature}"


@pytest.mark.parametrize(("make_one"), [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_a_good_token_opens(http: httpx.Client, make_one: Callable[[], str]) -> None:
    assert ask(http, f"Bearer {make_one()}".strip()).json() == {"data": {"ledger": {"name": "Served"}}}


@pytest.mark.parametrize(("make_one", "why"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_token_is_401_and_told_why(http: httpx.Client, make_one: Callable[[], str], why: str) -> None:
    assert why in refused(ask(http, f"Bearer {make_one()}".strip()))
    refused(ask(http, f"Bearer {make_one()}".strip(), accept=LEGACY))


@pytest.mark.parametrize("scheme", ["Basic", "bearertoken", "DPoP"])
def test_another_scheme_is_no_token(http: httpx.Client, scheme: str) -> None:
    refused(ask(http, f"{scheme} {token()}"))


def test_the_scheme_may_be_spelled_in_any_letters(http: httpx.Client) -> None:
    assert ask(http, f"bearer  {token()}").is_success


def test_a_bad_token_is_refused_where_none_is_needed(http: httpx.Client, chain: Chain) -> None:
    """Also on a sandbox, and also for a mutation: who shows one means to be somebody."""
    refused(http.post("/graphql", json={"query": "mutation { x }"}, headers={"authorization": "Bearer x"}))
    refused(httpx.post(f"{chain.served.url}/graphql", json=NAME, headers={"authorization": f"Bearer {token()}"}))


@pytest.mark.parametrize("kid", ["\ud800", "\0", "", 7, None, ["x"], "A" * 43])
def test_a_key_id_that_is_none_is_no_registered_key(http: httpx.Client, kid: Any) -> None:
    assert "registered" in refused(ask(http, f"Bearer {token(header={'kid': kid})}"))


def test_without_a_token_only_what_is_public_is_answered(http: httpx.Client) -> None:
    assert "token" in refused(ask(http, None))
    refused(ask(http, None, accept=LEGACY))
    refused(http.get("/graphql", params=NAME))
    refused(http.post("/graphql", json={"query": "{ __schema { queryType { name } } ledger { name } }"}))
    schema = http.post("/graphql", json={"query": "{ __schema { queryType { name } } __typename }"})
    assert schema.json()["data"]["__schema"] == {"queryType": {"name": "Query"}}
    for path in ("/checkpoint", "/tile/0/000.p/1", "/schema.graphql", "/health/live", "/health/ready"):
        assert http.get(path).status_code == 200, path
    assert http.get("/u/" + "E" * 22).status_code == 404
    for path in ("/tile/entries/000.p/1", "/metrics"):
        assert (http.get(path).status_code, http.get(path).headers["www-authenticate"]) == (401, "Bearer"), path


@pytest.mark.parametrize("path", ["/console", "/console/unit/" + "E" * 22, "/console/receipt/0"])
def test_the_console_says_how_to_get_a_token(http: httpx.Client, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer x"}):
        response = http.get(path, headers=headers)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert "ketenboek token" in response.text
        assert ORIGIN in response.text
    assert http.get(path, headers={"authorization": f"Bearer {token()}"}).status_code in (200, 404)


def test_a_mutation_needs_no_token(http: httpx.Client) -> None:
    """The signature says who it is."""
    query = """mutation { submit(statements: ["x"], seen: {size: 1, root: "AA=="}, until: "2026-01-01T00:00:00.000Z",
      signature: "AA==") { ... on Rejected { problems { code } } } }"""
    body = http.post("/graphql", json={"query": query}).json()
    assert body == {"data": {"submit": {"problems": [{"code": "NOT_CANONICAL"}]}}}


def test_a_device_key_reads_what_its_participant_may_until_it_is_revoked(
    http: httpx.Client, nursery: Nursery, served: Served
) -> None:
    """A scope narrows what a key may state, not what it may read."""
    [grower, other] = nursery.growers
    device = Key.generate()
    unit = {"query": "query($c: Code!) { unit(code: $c) { code } }"}

    def sees(key: Key, code: str) -> bool:
        headers = {"authorization": f"Bearer {key.token(ORIGIN)}"}
        body = http.post("/graphql", json={**unit, "variables": {"c": code}}, headers=headers).json()
        return body["data"]["unit"] is not None

    with nursery.remote(served) as remote, Client(remote, grower.key_file) as client:
        possession = device.possession(ORIGIN, grower.name)
        registered = {"participant": grower.name, "key": b64(device.public), "possession": possession}
        assert "`kid`" in refused(ask(http, f"Bearer {device.token(ORIGIN)}"))
        client.record("registerKey", {**registered, "scope": ["harvestPlants"]})
        assert sees(device, grower.plant)
        assert not sees(device, other.plant)
        assert sees(client_key(str(other.key_file), None), other.plant)
        client.record("revokeKey", {"key": device.id})
    assert "revoked" in refused(ask(http, f"Bearer {device.token(ORIGIN)}"))
