"""Plain HTTP: the checkpoint, hash tiles and entry bundles (C2SP tlog-tiles), health and metrics."""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.access import authenticated, reads_all
from api.gateway import Gateway
from api.tokens import Unauthenticated
from ledger import tiles
from ledger.database import ERRORS
from ledger.errors import Malformed
from ledger.store import Head, Store
from schema.context import Caller

log = logging.getLogger("ketenboek")

FOREVER = "max-age=604800, immutable"
"""Of what never changes: a tile, once it exists, has these bytes for ever."""


def gateway_of(request: Request) -> Gateway:
    """The gateway that answers."""
    found: Gateway = request.app.state.gateway
    return found


async def checkpoint(request: Request) -> Response:
    """The newest issued checkpoint, whichever process issued it."""
    note = await run_in_threadpool(_note, gateway_of(request))
    return PlainTextResponse(note, headers={"cache-control": "no-store"})


def _note(gateway: Gateway) -> str:
    with gateway.readers.read() as store:
        return head_of(store).note


def head_of(store: Store) -> Head:
    """The end of the ledger that a snapshot sees."""
    head = store.head()
    assert head is not None, "a gateway starts on a founded ledger only"
    return head


async def tile(request: Request) -> Response:
    """A hash tile for everyone, or an entry bundle for those who may read all entries."""
    gateway = gateway_of(request)
    try:
        level, number, width = tiles.parse(f"tile/{request.path_params['path']}")
    except Malformed:
        return _missing()
    if level != "entries":
        data = await run_in_threadpool(_hashes, gateway, level, number, width)
        return _forever(data, {"cache-control": f"public, {FOREVER}"})
    caller = await _caller(request, "A bearer token of a supervisor's key is needed for entries.")
    if isinstance(caller, Response):
        return caller
    if not reads_all(caller):
        return _missing()
    data = await run_in_threadpool(_bundle, gateway, number, width)
    # Never on the CDN that serves hash tiles: entries are for supervisors.
    return _forever(data, {"cache-control": f"private, {FOREVER}", "vary": "Authorization"})


def _forever(data: bytes | None, headers: dict[str, str]) -> Response:
    return _missing() if data is None else Response(data, media_type="application/octet-stream", headers=headers)


def _hashes(gateway: Gateway, level: int, number: int, width: int) -> bytes | None:
    """The hashes of a tile; None for one that the ledger has not reached."""
    with gateway.readers.read() as store:
        if number * tiles.WIDTH + width > head_of(store).size // tiles.WIDTH**level:
            return None
        return b"".join(store.tile(level, number, width))


def _bundle(gateway: Gateway, number: int, width: int) -> bytes | None:
    """A bundle of entries; None for one that the ledger has not reached."""
    first = number * tiles.WIDTH
    with gateway.readers.read() as store:
        if first + width > head_of(store).size:
            return None
        chunks = store.entries(first, first + width)
        return tiles.bundle([data for chunk in chunks for _, data, _ in chunk])


async def _caller(request: Request, needed: str) -> Caller | Response:
    """Who asks, or 401 with what is `needed` or wrong."""
    try:
        caller = await run_in_threadpool(authenticated, gateway_of(request), request.headers.get("authorization"))
        why = needed
    except Unauthenticated as error:
        caller, why = None, str(error)
    if caller is not None:
        return caller
    headers = {"www-authenticate": "Bearer", "cache-control": "no-store"}
    return PlainTextResponse(f"{why}\n", status_code=401, headers=headers)


def _missing() -> Response:
    """404, which must not inherit the header of what never changes."""
    return PlainTextResponse("not found\n", status_code=404, headers={"cache-control": "no-store"})


async def live(_: Request) -> Response:
    """The process runs."""
    return PlainTextResponse("live\n")


async def ready(request: Request) -> Response:
    """It can record and read: the writer lives, the database answers, no stop is under way."""
    gateway = gateway_of(request)
    if gateway.draining or gateway.failed:
        return PlainTextResponse("stopping\n", status_code=503, headers={"retry-after": "5"})
    try:
        await run_in_threadpool(_touch, gateway)
    except ERRORS:
        return PlainTextResponse("the database does not answer\n", status_code=503, headers={"retry-after": "5"})
    return PlainTextResponse("ready\n")


def _touch(gateway: Gateway) -> None:
    with gateway.readers.read() as store:
        head_of(store)


async def unavailable(request: Request, error: Exception) -> Response:
    """The database does not answer: nothing is wrong with what was asked."""
    log.error("%s: %s", request.url.path, error)
    headers = {"retry-after": "5", "cache-control": "no-store"}
    return PlainTextResponse("the database does not answer\n", status_code=503, headers=headers)


async def metrics(request: Request) -> Response:
    """Counters and gauges in the text format of Prometheus, for whoever has a key (`interface.md` §3)."""
    caller = await _caller(request, "A bearer token of a registered key is needed.")
    if isinstance(caller, Response):
        return caller
    return PlainTextResponse(gateway_of(request).metrics.text(), media_type="text/plain; version=0.0.4")
