"""Plain HTTP: the checkpoint, hash tiles and entry bundles (C2SP tlog-tiles), health and metrics."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.access import authenticated, reads_all
from api.gateway import Gateway
from api.tokens import Unauthenticated
from ledger import tiles
from ledger.database import ERRORS
from ledger.errors import Malformed

FOREVER = "max-age=604800, immutable"
"""Of what never changes: a tile, once it exists, has these bytes for ever."""


def gateway_of(request: Request) -> Gateway:
    """The gateway that answers."""
    found: Gateway = request.app.state.gateway
    return found


async def checkpoint(request: Request) -> Response:
    """The newest issued checkpoint."""
    return PlainTextResponse(gateway_of(request).sequencer.head.note, headers={"cache-control": "no-store"})


async def tile(request: Request) -> Response:
    """A hash tile for everyone, or an entry bundle for those who may read all entries."""
    gateway = gateway_of(request)
    try:
        level, number, width = tiles.parse(f"tile/{request.path_params['path']}")
    except Malformed:
        return _missing()
    size = gateway.sequencer.head.size
    leaves = 1 if level == "entries" else tiles.WIDTH**level
    if number * tiles.WIDTH + width > size // leaves:
        return _missing()
    if level != "entries":
        data = await run_in_threadpool(_hashes, gateway, level, number, width)
        return Response(data, media_type="application/octet-stream", headers={"cache-control": f"public, {FOREVER}"})
    try:
        caller = await run_in_threadpool(authenticated, gateway, request.headers.get("authorization"))
    except Unauthenticated as error:
        return PlainTextResponse(f"{error}\n", status_code=401, headers={"www-authenticate": "Bearer"})
    if not reads_all(caller):
        return _missing()
    data = await run_in_threadpool(_bundle, gateway, number, width)
    # Never on the CDN that serves hash tiles: entries are for supervisors.
    private = {"cache-control": f"private, {FOREVER}", "vary": "Authorization"}
    return Response(data, media_type="application/octet-stream", headers=private)


def _hashes(gateway: Gateway, level: int, number: int, width: int) -> bytes:
    with gateway.readers.read() as store:
        return b"".join(store.tile(level, number, width))


def _bundle(gateway: Gateway, number: int, width: int) -> bytes:
    first = number * tiles.WIDTH
    with gateway.readers.read() as store:
        chunks = store.entries(first, first + width)
        return tiles.bundle([data for chunk in chunks for _, data, _ in chunk])


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
        store.head()


async def metrics(request: Request) -> Response:
    """Counters and gauges in the text format of Prometheus."""
    return PlainTextResponse(gateway_of(request).metrics.text(), media_type="text/plain; version=0.0.4")
