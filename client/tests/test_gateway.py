"""The gateway over HTTP: headers, tokens, tiles, errors, lineage in pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from ketenboek_client import Gateway, GatewayError, Malformed, Unauthenticated, Unreachable
from ketenboek_client.canonical import unb64url

from .worked import ADDRESS, ANCHOR, ORIGIN, Ledger, key


def gateway(answer: Callable[[httpx.Request], httpx.Response], **settings: Any) -> Gateway:
    transport = httpx.MockTransport(answer)
    return Gateway(ADDRESS + "/", transport=transport, sleep=lambda _seconds: None, **settings)


def test_a_query_is_asked_with_a_token_for_the_ledger() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/checkpoint":
            return Ledger().answer(request)
        requests.append(request)
        return httpx.Response(200, json={"data": {"x": 1}})

    with gateway(answer) as asked:
        for _ in range(2):
            assert asked.query("{ x }", {"y": 2}, key("grower")) == {"x": 1}
        asked.query("{ x }")
    headers = [request.headers for request in requests]
    claims = json.loads(unb64url(headers[0]["authorization"].split(".")[1]))

    assert str(requests[0].url) == ADDRESS + "/graphql"
    assert json.loads(requests[0].content) == {"query": "{ x }", "variables": {"y": 2}}
    assert headers[0]["accept"] == "application/graphql-response+json"
    assert headers[0]["authorization"] == headers[1]["authorization"]
    assert "authorization" not in headers[2]
    assert claims["aud"] == ORIGIN


def test_with_an_anchor_the_gateway_does_not_choose_for_whom_a_token_is() -> None:
    assert gateway(lambda _: httpx.Response(500), anchor=ANCHOR).origin() == ORIGIN


ERRORS = {
    "in a 400": (httpx.Response(400, json={"errors": [{"message": "m", "extensions": {"code": "DEPTH"}}]}), "DEPTH"),
    "with data": (httpx.Response(200, json={"data": None, "errors": [{"message": "m"}]}), "UNKNOWN"),
    "nothing": (httpx.Response(200, json={"data": None}), "UNKNOWN"),
    "odd": (httpx.Response(200, json={"errors": ["m"]}), "UNKNOWN"),
    "not GraphQL": (httpx.Response(404, text="where?"), "HTTP_404"),
    "not JSON": (httpx.Response(200, text="<html>"), "HTTP_200"),
}


@pytest.mark.parametrize(("response", "code"), ERRORS.values(), ids=ERRORS)
def test_errors_have_a_code(response: httpx.Response, code: str) -> None:
    with pytest.raises(GatewayError) as error:
        gateway(lambda _: response).query("{ x }")

    assert error.value.code == code


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, json={"errors": [{"message": "m", "extensions": {"code": "UNAUTHENTICATED"}}]}),
        httpx.Response(401, text="unknown kid"),
    ],
    ids=["json", "text"],
)
def test_a_token_that_is_not_taken(response: httpx.Response) -> None:
    with pytest.raises(Unauthenticated):
        gateway(lambda _: response).query("{ x }")


def test_reads_are_repeated_too_until_patience_is_spent() -> None:
    count = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        raise httpx.ConnectError("refused")

    with pytest.raises(Unreachable, match="refused"):
        gateway(answer, patience=1).checkpoint()
    assert count > 2


def test_a_partial_tile_that_is_gone_is_cut_from_the_full_one() -> None:
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path.endswith(".p/17"):
            return httpx.Response(404)
        return httpx.Response(200, content=bytes(range(256)) * 32)

    hashes = gateway(answer).tile(0, 1234067, 17)

    assert paths == ["/tile/0/x001/x234/067.p/17", "/tile/0/x001/x234/067"]
    assert hashes == [
        bytes(range(32)) if n % 8 == 0 else bytes(range(32 * (n % 8), 32 * (n % 8) + 32)) for n in range(17)
    ]


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33), bytes(32 * 16)], ids=len)
def test_a_tile_that_is_too_short_is_none(content: bytes) -> None:
    with pytest.raises(Malformed):
        gateway(lambda _: httpx.Response(200, content=content)).tile(0, 0, 17)


def test_a_full_tile_that_is_not_there() -> None:
    with pytest.raises(GatewayError, match="HTTP_404"):
        gateway(lambda _: httpx.Response(404)).tile(1, 0)


def page(units: list[str], flows: list[int], after: str | None, frontier: list[str]) -> dict[str, Any]:
    return {
        "units": [{"code": code} for code in units],
        "flows": [{"mass": mass} for mass in flows],
        "totalUnits": 3,
        "complete": not frontier,
        "frontier": frontier,
        "pageInfo": {"hasNextPage": after is not None, "endCursor": after},
    }


def test_lineage_is_joined_from_its_pages() -> None:
    asked = []
    pages = [page(["E", "B"], [5000], "cursor", ["P"]), page(["P"], [1], None, [])]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["variables"])
        return httpx.Response(200, json={"data": {"unit": {"lineage": pages.pop(0)}}})

    whole = gateway(answer).lineage("E", "TO_SALE", 7)

    assert whole == {
        "units": [{"code": "E"}, {"code": "B"}, {"code": "P"}],
        "flows": [{"mass": 5000}, {"mass": 1}],
        "totalUnits": 3,
        "complete": True,
        "frontier": [],
    }
    assert [(v["direction"], v["depth"], v["after"]) for v in asked] == [("TO_SALE", 7, None), ("TO_SALE", 7, "cursor")]


def test_what_may_not_be_seen_has_no_lineage() -> None:
    assert gateway(lambda _: httpx.Response(200, json={"data": {"unit": None}})).lineage("E") is None
