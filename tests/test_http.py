"""Is every request to `/graphql` answered with the status, the media type and the code that it should have?"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ketenboek_client import Key

from api.graphql import LEGACY, MODERN
from api.settings import Settings
from tests.ledgers import ORIGIN
from tests.served import Chain, Served
from tests.signer import seed
from tests.world import Running

LEDGER = "{ ledger { origin } }"
MUTATION = """mutation b { submit(statements: ["x"], seen: {size: 1, root: "AA=="}, until: "2026-01-01T00:00:00.000Z",
  signature: "AA==") { __typename } }"""


@pytest.fixture(scope="module")
def http(chain: Chain) -> Iterator[httpx.Client]:
    """A connection to the gateway; what is answered in this file leaves no traceback behind."""
    with httpx.Client(base_url=chain.served.url) as client:
        yield client
    assert "Traceback" not in chain.served.logged()


@pytest.fixture(scope="module")
def strict(chain: Chain) -> Iterator[httpx.Client]:
    """A gateway on the same ledger with everything switched off and a small body."""
    settings = {"body_bytes_max": 20_000, "introspection": 0, "explorer": 0}
    with Served(chain.database, chain.folder, **settings) as served, httpx.Client(base_url=served.url) as client:
        yield client


def post(http: httpx.Client, query: str = LEDGER, accept: str = MODERN, **members: Any) -> httpx.Response:
    body = json.dumps({"query": query, **members}).encode()  # ASCII: also what is no Unicode arrives
    return http.post("/graphql", content=body, headers={"accept": accept, "content-type": LEGACY})


def refused(response: httpx.Response, status: int, code: str) -> None:
    """Nothing was executed: this status, no `data`, one kind of error."""
    assert response.status_code == status, response.text
    body = response.json()
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {code}
    assert all(error["message"] for error in body["errors"])


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (MODERN, MODERN),
        (LEGACY, LEGACY),
        ("*/*", LEGACY),
        ("application/*", LEGACY),
        (f"{LEGACY}, {MODERN};q=0.9", LEGACY),
        (f"{LEGACY};q=0.5, {MODERN}", MODERN),
        (f"text/html, {MODERN.upper()} ; q=0.1", MODERN),
        (f"{MODERN}; charset=utf-8", MODERN),
    ],
)
def test_the_answer_has_the_media_type_that_was_asked_for(http: httpx.Client, accept: str, media: str) -> None:
    response = post(http, accept=accept)
    assert (response.status_code, response.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert response.json() == {"data": {"ledger": {"origin": "test.example/nl"}}}
    assert response.headers["cache-control"] == "no-store"


def test_without_a_wish_the_answer_is_of_the_older_type(http: httpx.Client) -> None:
    request = http.build_request("POST", "/graphql", json={"query": LEDGER})
    del request.headers["accept"]
    assert http.send(request).headers["content-type"] == f"{LEGACY}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "image/png", f"{MODERN};q=0", f"{LEGACY};q=x"])
def test_a_media_type_that_is_not_to_be_had_is_406(http: httpx.Client, accept: str) -> None:
    refused(post(http, accept=accept), 406, "BAD_REQUEST")


def deep(levels: int) -> str:
    """A document of which the fields are nested so deep."""
    return "{ __schema { types { " + "ofType { " * (levels - 3) + "name" + " }" * (levels - 3) + " } } }"


UNIT = "query($code: Code!) { unit(code: $code) { code } }"
TWICE = "query a { ledger { name } } query b { ledger { name } }"
NEVER: list[tuple[str, dict[str, Any], str]] = [
    ("{", {}, "BAD_REQUEST"),
    ("", {}, "BAD_REQUEST"),
    ("{ \ud800 }", {}, "BAD_REQUEST"),
    ("{ ledger { \u0000 } }", {}, "BAD_REQUEST"),
    ("{ nothing }", {}, "BAD_REQUEST"),
    ("{ ledger }", {}, "BAD_REQUEST"),
    ("subscription { ledger { name } }", {}, "BAD_REQUEST"),
    ("fragment f on Ledger { name }", {}, "BAD_REQUEST"),
    (UNIT, {}, "BAD_REQUEST"),
    (UNIT, {"variables": {"code": 1}}, "BAD_REQUEST"),
    (UNIT, {"variables": {"code": None}}, "BAD_REQUEST"),
    (UNIT, {"variables": {"code": "\ud800"}}, "BAD_REQUEST"),
    (UNIT, {"variables": {"code": "p" * 22}}, "BAD_REQUEST"),
    (UNIT, {"variables": {"code": "P" * 100_000}}, "BAD_REQUEST"),
    ("query($i: Index!) { entry(index: $i) { action } }", {"variables": {"i": 1.0}}, "BAD_REQUEST"),
    ("query($i: Index!) { entry(index: $i) { action } }", {"variables": {"i": True}}, "BAD_REQUEST"),
    ("query($i: Index!) { entry(index: $i) { action } }", {"variables": {"i": "1"}}, "BAD_REQUEST"),
    ("query($i: Index!) { entry(index: $i) { action } }", {"variables": {"i": 2**53}}, "BAD_REQUEST"),
    ("query($i: Index!) { entry(index: $i) { action } }", {"variables": {"i": -1}}, "BAD_REQUEST"),
    ("{ entry(index: 1.0) { action } }", {}, "BAD_REQUEST"),
    (TWICE, {}, "BAD_REQUEST"),
    (TWICE, {"operationName": "c"}, "BAD_REQUEST"),
    (deep(16), {}, "DEPTH"),
    ("{ ledger " * 5_000, {}, "DEPTH"),
    ("{" + "[" * 400 + "}", {}, "BAD_REQUEST"),
    ("{ entries(filter: " + "[" * 900 + "1" + "]" * 900 + ") { totalCount } }", {}, "DEPTH"),
    ("{ ledger { " + " name" * 2_000 + " } }", {}, "TOKENS"),
    ("{ ledger { " + " ".join(f"a{n}: name" for n in range(101)) + " } }", {}, "TOO_MANY"),
    ("query a { ...f } fragment f on Query { ...f }", {}, "BAD_REQUEST"),
]


@pytest.mark.parametrize(("query", "members", "code"), NEVER, ids=range(len(NEVER)))
def test_what_cannot_be_executed_is_400_under_the_newer_type_alone(
    http: httpx.Client, query: str, members: dict[str, Any], code: str
) -> None:
    refused(post(http, query, MODERN, **members), 400, code)
    refused(post(http, query, LEGACY, **members), 200, code)


@pytest.mark.parametrize(
    ("query", "members"),
    [
        (TWICE, {"operationName": "b", "variables": None}),
        (LEDGER, {"operationName": None, "extensions": {"any": 1}}),
        (deep(15), {}),
        ("{ ledger { " + " ".join(f"a{n}: name" for n in range(100)) + " } }", {}),
        (UNIT, {"variables": {"code": "P" * 22, "more": 1}}),
    ],
)
def test_what_is_just_within_the_limits_is_executed(http: httpx.Client, query: str, members: dict[str, Any]) -> None:
    response = post(http, query, **members)
    assert response.status_code == 200
    assert "errors" not in response.json()


def test_an_error_while_executing_is_200_with_data(http: httpx.Client) -> None:
    response = post(http, '{ ledger { name } node(id: "?") { id } entries(first: 101) { totalCount } }')
    assert response.status_code == 200
    assert "data" in response.json()
    assert {error["extensions"]["code"] for error in response.json()["errors"]} >= {"PAGE_TOO_LARGE"}


def test_a_refused_statement_is_an_answer_and_counted(http: httpx.Client) -> None:
    seen = '{size: 1, root: "' + "A" * 43 + '="}'
    query = (
        f'mutation {{ submit(statements: ["{{}}"], seen: {seen}, until: "2026-01-01T00:00:00.000Z", signature: "AAAA")'
        " { ... on Rejected { problems { code } } } }"
    )
    response = post(http, query)
    assert response.status_code == 200
    assert response.json()["data"]["submit"]["problems"][0]["code"] == "FIELD_MISSING"
    assert 'ketenboek_outcomes_total{outcome="FIELD_MISSING"} 1' in http.get("/metrics").text


BODIES = [
    b"",
    b"{",
    b"\xff\xfe",
    b'\xef\xbb\xbf{"query":"{ledger{name}}"}',
    '{"query":"{ledger{name}}"}'.encode("utf-16"),
    b"[" * 200_000,
    b'{"query":' * 50_000,
    b'{"query":"{ledger{name}}","variables":{"a":NaN}}',
    b'{"query":"{ledger{name}}","variables":{"a":-Infinity}}',
    b'{"query":"{ledger{name}}","variables":{"a":' + b"9" * 10_000 + b"}}",
    b'{"query":"\xc3\x28"}',
    b'"text"',
    b"null",
    b"[]",
    b'[{"query":"{ledger{name}}"}]',
    b"{}",
    b'{"query":null}',
    b'{"query":1}',
    b'{"query":["{ledger{name}}"]}',
    b'{"query":"{ledger{name}}","variables":"{}"}',
    b'{"query":"{ledger{name}}","variables":[]}',
    b'{"query":"{ledger{name}}","operationName":1}',
]


@pytest.mark.parametrize("accept", [MODERN, LEGACY])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_what_is_no_request_is_400(http: httpx.Client, body: bytes, accept: str) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    refused(http.post("/graphql", content=body, headers=headers), 400, "BAD_REQUEST")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/graphql", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_415(http: httpx.Client, kind: str | None) -> None:
    """Also what a page elsewhere could send with a visitor's browser without being allowed to."""
    headers = {"accept": MODERN, **({"content-type": kind} if kind else {})}
    refused(http.post("/graphql", content=json.dumps({"query": LEDGER}).encode(), headers=headers), 415, "BAD_REQUEST")


def test_a_body_may_say_its_character_set(http: httpx.Client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert http.post("/graphql", content=json.dumps({"query": LEDGER}).encode(), headers=headers).is_success


def test_a_body_that_is_too_large_is_413_whether_it_says_so_or_not(strict: httpx.Client) -> None:
    body = json.dumps({"query": LEDGER + " " * 20_000}).encode()
    headers = {"content-type": "application/json", "accept": MODERN}
    refused(strict.post("/graphql", content=body, headers=headers), 413, "TOO_LARGE")
    refused(strict.post("/graphql", content=iter([body[:9_000], body[9_000:]]), headers=headers), 413, "TOO_LARGE")
    fits = body[: 20_000 - 2].rstrip() + b'"}'
    assert strict.post("/graphql", content=fits, headers=headers).is_success


def test_a_client_that_leaves_within_its_body_leaves_no_traceback(chain: Chain, http: httpx.Client) -> None:
    address = httpx.URL(chain.served.url)
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n")
        connection.sendall(b'content-length: 1000\r\n\r\n{"query":')
    assert post(http).is_success


def test_a_full_submission_fits_in_a_body(http: httpx.Client) -> None:
    """A thousand statements of the largest size: refused for what they say, not for their length."""
    variables = {"s": ["x" * 8_000] * 1_000, "r": "A" * 43 + "="}
    query = (
        "mutation($s: [CanonicalStatement!]!, $r: Base64!) { submit(statements: $s, seen: {size: 1, root: $r}, "
        'until: "2026-01-01T00:00:00.000Z", signature: "AAAA") { ... on Rejected { problems { code } } } }'
    )
    problems = post(http, query, variables=variables).json()["data"]["submit"]["problems"]
    assert {problem["code"] for problem in problems} == {"NOT_CANONICAL"}
    [error] = post(http, query, variables={**variables, "s": ["x"] * 1_001}).json()["errors"]
    assert error["extensions"]["code"] == "TOO_MANY"


def test_introspection_and_the_explorer_can_be_switched_off(http: httpx.Client, strict: httpx.Client) -> None:
    assert post(http, "{ __schema { queryType { name } } }").is_success
    refused(post(strict, "{ __schema { queryType { name } } }"), 400, "BAD_REQUEST")
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert http.get("/graphql", headers=browser).headers["content-type"] == "text/html; charset=utf-8"
    assert strict.get("/graphql", headers=browser).status_code == 404


def test_a_query_may_stand_in_the_address(http: httpx.Client) -> None:
    asked = {
        "query": UNIT,
        "variables": json.dumps({"code": "P" * 22}),
    }
    response = http.get("/graphql", params=asked, headers={"accept": MODERN})
    assert (response.status_code, response.json()) == (200, {"data": {"unit": None}})


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"variables": "{}"},
        {"query": UNIT, "variables": "{"},
        {"query": UNIT, "variables": "[]"},
        {"query": TWICE, "operationName": "c"},
    ],
)
def test_an_address_without_a_whole_query_is_400(http: httpx.Client, asked: dict[str, str]) -> None:
    refused(http.get("/graphql", params=asked, headers={"accept": MODERN}), 400, "BAD_REQUEST")


def test_no_mutation_is_taken_from_an_address(http: httpx.Client) -> None:
    for query in ("mutation { submit { __typename } }", "query a { ledger { name } } " + MUTATION):
        asked = {"query": query, "operationName": "b"}
        refused(http.get("/graphql", params=asked, headers={"accept": MODERN}), 400, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(http: httpx.Client, method: str) -> None:
    assert http.request(method, "/graphql").status_code == 405


def test_problems_are_told_in_the_language_asked_for(http: httpx.Client) -> None:
    told = {}
    for language in ("nl", "en"):
        response = http.post(
            "/graphql",
            json={"query": MUTATION.replace("__typename", "... on Rejected { problems { code message } }")},
            headers={"accept": MODERN, "accept-language": language},
        )
        [problem] = response.json()["data"]["submit"]["problems"]
        told[language] = problem
    assert told["nl"]["code"] == told["en"]["code"]
    assert told["nl"]["message"] != told["en"]["message"]


def test_while_it_stops_it_says_when_to_come_again(chain: Chain) -> None:
    running = Running(Settings(database=chain.database, pool_size=1))
    with httpx.Client(base_url=running.url) as http:
        assert http.get("/health/ready").is_success
        running.gateway.drain()
        for response in (post(http), http.get("/graphql", params={"query": LEDGER}, headers={"accept": MODERN})):
            refused(response, 503, "INTERNAL")
            assert response.headers["retry-after"] == "5"
        ready = http.get("/health/ready")
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
        assert http.get("/health/live").is_success
        assert http.get("/checkpoint").is_success
    running.stop()


def test_while_the_database_is_away_it_says_so_and_then_goes_on(file: Path, url: str) -> None:
    running = Running(Settings(database=url, pool_size=2))
    with httpx.Client(base_url=running.url) as http:
        newest = http.get("/checkpoint").text
        running.gateway.readers.close()
        away = file.rename(file.with_suffix(".away"))
        for path in ("/checkpoint", "/tile/0/000.p/1", "/console", "/u/" + "E" * 22, "/health/ready"):
            response = http.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "5"), path
        token = f"Bearer {Key(seed('founder')).token(ORIGIN)}"
        refused(http.get("/graphql", params={"query": LEDGER}, headers={"authorization": token}), 503, "INTERNAL")
        away.rename(file)
        assert http.get("/checkpoint").text == newest
    running.stop()
