"""The gateway as seen over HTTP: GraphQL, the newest checkpoint, hash tiles.

Nothing that comes from here is believed: `client` and `receipt` verify it. Requests are
repeated with growing pauses for as long as patience lasts, which is safe for reads and,
since a submission recorded once is answered with its first receipts, for submissions too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from . import instants
from .anchor import Anchor
from .errors import GatewayError, Malformed, Unauthenticated, Unreachable
from .keys import Key
from .lineage import lineage
from .merkle import HASH
from .tree import TILE_WIDTH, Tree, tile_path

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
PAUSE_FIRST, PAUSE_MAX = 0.1, 5.0
TRY_AGAIN = {429, 500, 502, 503, 504}
TOKEN_RENEWED = 4 * instants.MINUTE

R = TypeVar("R")


class Attempts:
    """Iterates over attempts with growing pauses in between, until `patience` seconds of them are spent."""

    def __init__(self, patience: float, sleep: Callable[[float], None]) -> None:
        self.asked = 0.0
        """Seconds that the gateway asked for before the next attempt."""
        self._patience = patience
        self._sleep = sleep

    def __iter__(self) -> Iterator[int]:
        spent, pause, number = 0.0, PAUSE_FIRST, 1
        yield number
        while spent < self._patience:
            wait = max(pause, self.asked)
            self._sleep(wait)
            spent, pause, number = spent + wait, min(2 * pause, PAUSE_MAX), number + 1
            yield number


class Gateway:
    """One gateway. `anchor` names the ledger that it must serve; without it the first use is trusted.

    `patience` is how many seconds of pauses are spent on one request before Unreachable.
    May be shared by all clients of a process: they then also share what is known of the tree.
    """

    def __init__(
        self,
        url: str,
        anchor: Anchor | None = None,
        *,
        patience: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self.anchor = anchor
        self.tree = Tree(self.tile)
        self._patience = patience
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT,
            transport=transport,
            verify=httpx.URL(self.url).scheme != "http",  # to read all certificates takes 0.1 s
            headers={"accept": "application/graphql-response+json", "content-type": "application/json"},
        )
        self._tokens: dict[tuple[str, str], tuple[str, int]] = {}

    def checkpoint(self) -> str:
        """The newest checkpoint as a signed note, unverified."""
        return self._get("/checkpoint").text

    def origin(self) -> str:
        """The ledger's origin: the anchor's, or without an anchor what the gateway says."""
        return self.anchor.origin if self.anchor else self.checkpoint().partition("\n")[0]

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> list[bytes]:
        """The first `width` hashes of a tile. A partial tile that is gone is cut from the full one."""
        response = self._get(tile_path(level, number, width), missing_ok=width < TILE_WIDTH)
        if response.status_code == httpx.codes.NOT_FOUND:
            response = self._get(tile_path(level, number))
        data = response.content
        if len(data) % HASH or len(data) < width * HASH:
            raise Malformed("a tile of another length")
        return [data[place : place + HASH] for place in range(0, width * HASH, HASH)]

    def attempt(
        self, document: str, variables: Mapping[str, Any] | None = None, token: str | None = None
    ) -> dict[str, Any]:
        """The body with which the gateway answers one GraphQL request, errors and all.

        Raises Unreachable where no answer came, GatewayError where it is no GraphQL response.
        """
        body = json.dumps({"query": document, "variables": variables or {}}, ensure_ascii=False).encode()
        response = self._request("POST", "/graphql", body, token)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
            return answer
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise Unauthenticated("UNAUTHENTICATED", response.text[:300], executed=False)
        raise GatewayError(f"HTTP_{response.status_code}", response.text[:300], executed=response.is_success)

    def answer(
        self, document: str, variables: Mapping[str, Any] | None = None, token: str | None = None
    ) -> dict[str, Any]:
        """As `attempt`, repeated while patience lasts."""
        return self._patiently(lambda: self.attempt(document, variables, token))

    def query(
        self, document: str, variables: Mapping[str, Any] | None = None, key: Key | None = None
    ) -> dict[str, Any]:
        """The `data` of a GraphQL request made with a token of `key`, if given. Raises GatewayError for errors."""
        token = None if key is None else self.token(key, self.origin())
        return data_of(self.answer(document, variables, token))

    def lineage(
        self, code: str, direction: str = "TO_SEED", depth: int | None = None, key: Key | None = None
    ) -> dict[str, Any] | None:
        """The whole lineage of a unit, its pages joined; None for what does not exist or may not be seen."""
        return lineage(lambda document, variables: self.query(document, variables, key), code, direction, depth)

    def token(self, key: Key, origin: str) -> str:
        """A bearer token of `key` for `origin`, made anew when the last one is about to end."""
        now = instants.now()
        token, made = self._tokens.get((key.id, origin), ("", 0))
        if not made <= now < made + TOKEN_RENEWED:
            token = key.token(origin, now)
            self._tokens[key.id, origin] = token, now
        return token

    def attempts(self) -> Attempts:
        """As many attempts as patience allows."""
        return Attempts(self._patience, self._sleep)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, *, missing_ok: bool = False) -> httpx.Response:
        response = self._patiently(lambda: self._request("GET", path, None, None))
        if not response.is_success and not (missing_ok and response.status_code == httpx.codes.NOT_FOUND):
            raise GatewayError(f"HTTP_{response.status_code}", path)
        return response

    def _patiently(self, attempt: Callable[[], R]) -> R:
        failure = Unreachable(self.url)
        attempts = self.attempts()
        for _ in attempts:
            try:
                return attempt()
            except Unreachable as error:
                failure = error
                attempts.asked = error.retry_after
        raise failure

    def _request(self, method: str, path: str, body: bytes | None, token: str | None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            response = self._http.request(method, path, content=body, headers=headers)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.url}{path}: {type(error).__name__}: {error}") from None
        if response.status_code in TRY_AGAIN:
            raise Unreachable(f"{self.url}{path}: status {response.status_code}", _retry_after(response))
        return response


def data_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The `data` of a GraphQL response. Raises GatewayError, or Unauthenticated, for the first of its errors."""
    errors = answer.get("errors")
    data = answer.get("data")
    if not errors and isinstance(data, dict):
        return data
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = str((first.get("extensions") or {}).get("code", "UNKNOWN"))
    kind = Unauthenticated if code == "UNAUTHENTICATED" else GatewayError
    raise kind(code, str(first.get("message", "no data and no errors")), executed="data" in answer)


def _retry_after(response: httpx.Response) -> float:
    """Seconds of `Retry-After`; a date or nonsense counts as absent."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0.0
