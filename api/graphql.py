"""GraphQL over HTTP: our own lean road from a request's bytes to an answer's (`interface.md` §3).

Under `application/graphql-response+json` the status says whether anything executed; under
`application/json` it is 200 for every well-formed request. Bad input is answered, never logged with a
traceback.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

import schema
from api import explorer
from api.access import authenticated
from api.gateway import Gateway
from api.routes import gateway_of
from api.tokens import Unauthenticated
from ledger.database import ERRORS
from schema.context import Caller, Context
from schema.execution import Answer, execute
from schema.limits import Limits

MODERN = "application/graphql-response+json"
LEGACY = "application/json"


class Bad(Exception):
    """A request that is no GraphQL request; nothing of it was executed."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.errors = [{"message": message, "extensions": {"code": code}}]


def limits_of(gateway: Gateway) -> Limits:
    """What the settings allow one request."""
    chosen = gateway.settings
    return Limits(
        depth_max=chosen.depth_max,
        tokens_max=chosen.tokens_max,
        request_seconds=chosen.request_seconds,
        introspection=chosen.introspection,
    )


async def post(request: Request) -> Response:
    """A query or mutation in a JSON body."""
    gateway = gateway_of(request)
    media = MODERN
    try:
        media = _media(request.headers.get("accept"))
        members = _members(await _body(request, gateway.settings.body_bytes_max))
        answer = await _answered(request, gateway, members, mutations=True)
    except Bad as bad:
        return _refused(gateway, bad, media)
    return _response(gateway, answer, media)


async def get(request: Request) -> Response:
    """A query in the address; browsers get the explorer."""
    gateway = gateway_of(request)
    asked = request.query_params
    if "query" not in asked and "text/html" in request.headers.get("accept", ""):
        if not gateway.settings.explorer:
            return PlainTextResponse("the explorer is switched off\n", status_code=404)
        return Response(explorer.PAGE, headers=explorer.HEADERS)
    media = MODERN
    try:
        media = _media(request.headers.get("accept"))
        members: dict[str, Any] = {name: asked[name] for name in ("query", "operationName") if name in asked}
        if "variables" in asked:
            members["variables"] = _json(asked["variables"].encode())
        answer = await _answered(request, gateway, checked(members), mutations=False)
    except Bad as bad:
        return _refused(gateway, bad, media)
    return _response(gateway, answer, media)


async def sdl(_: Request) -> Response:
    """The schema as text."""
    return PlainTextResponse(schema.sdl(), headers={"cache-control": "no-cache"})


async def context_of(gateway: Gateway, authorization: str | None, language: str | None) -> Context:
    """Who asks, and how much. Raises Bad for a token that does not count."""
    caller: Caller | None = None
    if authorization is not None:
        try:
            caller = await run_in_threadpool(authenticated, gateway, authorization)
        except Unauthenticated as error:
            raise Bad(401, "UNAUTHENTICATED", str(error), {"www-authenticate": "Bearer"}) from error
        except ERRORS as error:
            raise Bad(503, "INTERNAL", "The database does not answer: try later.", {"retry-after": "5"}) from error
    wanted = "nl" if (language or "").strip().lower().startswith("nl") else "en"
    return Context(gateway=gateway, limits=limits_of(gateway), caller=caller, language=wanted)


async def _answered(request: Request, gateway: Gateway, members: dict[str, Any], *, mutations: bool) -> Answer:
    if gateway.draining:
        raise Bad(503, "INTERNAL", "The gateway is stopping: ask again elsewhere or later.", {"retry-after": "5"})
    headers = request.headers
    context = await context_of(gateway, headers.get("authorization"), headers.get("accept-language"))
    return await execute(
        members["query"], members.get("variables"), members.get("operationName"), context, mutations=mutations
    )


async def _body(request: Request, most: int) -> bytes:
    """The body of a JSON request, as soon as it is longer than allowed no further."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != LEGACY:
        raise Bad(415, "BAD_REQUEST", "The body is `application/json`.")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise _too_large(most)
            parts.append(part)
    except ClientDisconnect as error:
        raise Bad(400, "BAD_REQUEST", "The body broke off.") from error
    return b"".join(parts)


def _too_large(most: int) -> Bad:
    return Bad(413, "TOO_LARGE", f"The body has at most {most} bytes.")


def _members(body: bytes) -> dict[str, Any]:
    return checked(_json(body))


def _json(text: bytes) -> Any:
    try:
        return json.loads(text.decode(), parse_constant=_constant)  # of bytes it would guess at the encoding
    except (ValueError, RecursionError) as error:
        raise Bad(400, "BAD_REQUEST", "The request is not JSON.") from error


def _constant(text: str) -> Any:
    raise ValueError(text)


def checked(members: Any) -> dict[str, Any]:
    """The members of a GraphQL request (GraphQL over HTTP §5.2)."""
    if not isinstance(members, dict) or not isinstance(members.get("query"), str):
        raise Bad(400, "BAD_REQUEST", "The request is an object with a text `query`.")
    if not isinstance(members.get("variables"), dict | None):
        raise Bad(400, "BAD_REQUEST", "`variables` is an object.")
    if not isinstance(members.get("operationName"), str | None):
        raise Bad(400, "BAD_REQUEST", "`operationName` is a text.")
    return members


def _media(accept: str | None) -> str:
    """The media type of the answer; without a wish the older one. Raises Bad(406)."""
    if accept is None or accept == MODERN:
        return LEGACY if accept is None else MODERN
    best, weight = "", 0.0
    for part in accept.split(","):
        kind, _, parameters = part.strip().partition(";")
        media = {MODERN: MODERN, LEGACY: LEGACY, "application/*": LEGACY, "*/*": LEGACY}.get(kind.strip().lower())
        quality = _quality(parameters)
        if media is not None and quality > weight:
            best, weight = media, quality
    if not best:
        raise Bad(406, "BAD_REQUEST", f"Answers are `{MODERN}` or `{LEGACY}`.")
    return best


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _refused(gateway: Gateway, bad: Bad, media: str) -> Response:
    gateway.metrics.request(bad.status)
    body = json.dumps({"errors": bad.errors}, ensure_ascii=False)
    return Response(body, bad.status, headers={**bad.headers, "content-type": f"{media}; charset=utf-8"})


def _response(gateway: Gateway, answer: Answer, media: str) -> Response:
    status, headers = 200, {"content-type": f"{media}; charset=utf-8", "cache-control": "no-store"}
    if answer.unauthenticated:
        status, headers["www-authenticate"] = 401, "Bearer"
    elif answer.unavailable:
        status, headers["retry-after"] = 503, "5"
    elif media == MODERN and not answer.executed:
        status = 400
    gateway.metrics.request(status)
    for code in answer.outcomes:
        gateway.metrics.outcome(code)
    body = json.dumps(answer.members, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, status, headers)
