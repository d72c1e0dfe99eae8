"""The pages for browsers, filled from the tables: `/console`, `/console/unit/<code>`, `/u/<code>`."""

from __future__ import annotations

import json
import re
import time
from typing import Literal, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from api import pages, tracing
from api.access import authenticated
from api.gateway import Gateway
from api.graphql import limits_of
from api.pages import CheckRow, ConsolePage, HistoryRow, LabelPage, LedgerFacts, UnitPage
from api.pages.console import Outcome
from api.routes import gateway_of, head_of
from api.tokens import Unauthenticated
from api.words import Language
from ledger import instant
from ledger.codes import KINDS, PATTERN
from ledger.entry import recorded_of, statement_slice
from ledger.fields import INTEGER_MAX
from ledger.group import stored_bytes
from ledger.history import Page, history, page
from ledger.lineage import Direction, Sight
from ledger.query import END, tuples
from ledger.receipts import stored
from ledger.rows import Act, Hold, Participant, Unit, Variety, Version
from ledger.state import ENTITY
from ledger.store import Store
from schema.access import last_seen, seen_versions
from schema.context import Caller, Context
from schema.entry import Entry
from schema.verification import Verification
from schema.view import View

HISTORY = 100
"""Entries of a unit's history on one page."""
EXAMPLES = {"sellPackages": "packages", "packLot": "lot", "harvestPlants": "plants"}
"""Actions of which the newest gives an example of a code, and the member in which it stands."""


def language_of(request: Request) -> Language:
    """Dutch unless the reader asks for English first."""
    wanted = request.query_params.get("lang") or request.headers.get("accept-language", "nl")
    return "en" if wanted.strip().lower().startswith("en") else "nl"


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, headers=pages.HEADERS)


def _facts(gateway: Gateway, store: Store) -> LedgerFacts:
    return LedgerFacts(gateway.origin, gateway.sequencer.ledger.name, head_of(store).size, gateway.sandbox)


def _facts_now(gateway: Gateway) -> LedgerFacts:
    with gateway.readers.read() as store:
        return _facts(gateway, store)


async def _reader(request: Request) -> Caller | Response:
    """Who looks, or the page that says how to get a token."""
    gateway = gateway_of(request)
    try:
        caller = await run_in_threadpool(authenticated, gateway, request.headers.get("authorization"))
    except Unauthenticated:
        caller = None
    if caller is None:
        facts = await run_in_threadpool(_facts_now, gateway)
        page = pages.token_page(facts, request.url.path, language_of(request))
        response = _html(page, 401)
        response.headers["www-authenticate"] = "Bearer"
        return response
    return caller


def view_of(gateway: Gateway, store: Store, caller: Caller, language: str = "en") -> View:
    """What a caller sees of one snapshot: the same eyes as a query's."""
    limits = limits_of(gateway)
    context = Context(gateway=gateway, limits=limits, caller=caller, language=language)
    return View(store, context, time.monotonic() + limits.request_seconds)


def sight_in(view: View) -> Sight | None:
    """How a lineage is cut; None: not at all."""
    if view.sight.everything:
        return None
    return lambda units: last_seen(seen_versions(view.store, view.sight, units))


async def console(request: Request) -> Response:
    """A field for a code; a code that exists leads to its page."""
    caller = await _reader(request)
    if isinstance(caller, Response):
        return caller
    gateway, asked = gateway_of(request), request.query_params.get("code", "")
    code = _folded(asked)
    if code is not None and await run_in_threadpool(_exists, gateway, code, caller):
        return RedirectResponse(f"/console/unit/{code}", status_code=303)
    page = await run_in_threadpool(_console_page, gateway, asked, caller)
    return _html(pages.console_page(page, language_of(request)))


def _console_page(gateway: Gateway, asked: str, caller: Caller) -> ConsolePage:
    """The first page; to who sees the whole of a sandbox it names units of the newest acts."""
    with gateway.readers.read() as store:
        facts = _facts(gateway, store)
        everything = facts.sandbox and view_of(gateway, store, caller).sight.everything
        named = [code for act in EXAMPLES.items() for code in _newest(store, *act)] if everything else []
        return ConsolePage(facts, asked, tuple((KINDS[code[0]], code) for code in named))


def _newest(store: Store, action: str, member: str) -> list[str]:
    """The first unit that the newest act of a kind names in a member; none where nobody acted so yet."""
    [(entry,)] = tuples(store, "SELECT MAX(entry) FROM act WHERE action = ?", (action,))
    if entry is None:
        return []
    found = json.loads(statement_slice(stored_bytes(store, entry)))["data"][member]
    return [found] if isinstance(found, str) else found[:1]


def _folded(text: str) -> str | None:
    """A code as the ledger writes it; None for what is none, so that no database is asked for it."""
    code = "".join(text.split()).upper()
    return code if re.fullmatch(PATTERN, code) else None


def _moved(request: Request, address: str) -> Response:
    """To the same page under the address with the code as the ledger writes it."""
    query = request.url.query
    return RedirectResponse(f"{address}?{query}" if query else address, status_code=303)


def _exists(gateway: Gateway, code: str, caller: Caller) -> bool:
    with gateway.readers.read() as store:
        units = store.load(Unit, "code", (code,))
        return bool(units and tracing.seen_of(view_of(gateway, store, caller), units).versions)


async def unit(request: Request) -> Response:
    """A unit's page: lineage, checks, history."""
    caller = await _reader(request)
    if isinstance(caller, Response):
        return caller
    asked = request.path_params["code"]
    code = _folded(asked)
    if code is not None and code != asked:
        return _moved(request, f"/console/unit/{code}")
    page = None if code is None else await run_in_threadpool(_unit_page, gateway_of(request), code, caller, request)
    if page is None:
        return _html(pages.no_unit_page(asked, language_of(request)), 404)
    return _html(pages.unit_page(page, language_of(request)))


def _unit_page(gateway: Gateway, code: str, caller: Caller, request: Request) -> UnitPage | None:
    forward = request.query_params.get("direction") == "TO_SALE"
    with gateway.readers.read() as store:
        units = store.load(Unit, "code", (code,))
        view = view_of(gateway, store, caller)
        if not units or not tracing.seen_of(view, units).versions:
            return None
        number = units[0].id
        direction = Direction.TO_SALE if forward else Direction.TO_SEED
        found = tracing.near(store, number, direction, sight_in(view))
        drawn = tracing.from_view(view, found, code, direction)
        [focus] = [one for one in drawn.units if one.code == code]
        told = _told(view, units[0], _index(request.query_params.get("after", "")))
        checks = tuple(
            CheckRow(check.code, check.title, cast(Outcome, check.outcome), check.entry, check.detail)
            for check in Verification.of(view, number).checks
        )
        return UnitPage(
            ledger=_facts(gateway, store),
            unit=focus,
            lineage=drawn,
            direction="TO_SALE" if forward else "TO_SEED",
            checks=checks,
            history=tuple(_history_row(store, index) for index in told.indexes),
            history_total=told.total,
            opened=tuple(request.query_params.getlist("open")),
            further=None if told.next is None else f"after={told.next}",
            receipt=f"/console/receipt/{focus.made_entry}",
        )


def _index(text: str) -> int:
    """The index of an entry in an address, -1 for what is none."""
    given = int(text) if re.fullmatch("[0-9]{1,16}", text) else -1
    return given if given <= INTEGER_MAX else -1


def _told(view: View, unit: Unit, after: int) -> Page:
    """A page of a unit's history, as far as the caller may see it."""
    if view.sight.everything:
        return history(view.store, unit.id, first=HISTORY, after=after)
    story = view.story(unit, END)
    return page([index for index in story if index > after][: HISTORY + 1], HISTORY, len(story))


def _history_row(store: Store, index: int) -> HistoryRow:
    data = stored_bytes(store, index)
    statement = json.loads(statement_slice(data))
    [act] = store.load(Act, ENTITY, (index,))
    [participant] = store.load(Participant, ENTITY, (act.participant,))
    return HistoryRow(
        index=index,
        recorded=instant.text(recorded_of(data)),
        at=statement["at"],
        action=act.action,
        participant=participant.name,
        key=statement["key"],
        data=json.dumps(statement["data"], indent=1, sort_keys=True),
        receipt=f"/console/receipt/{index}",
    )


async def receipt(request: Request) -> Response:
    """The receipt of an entry as a file, for those who may read the entry."""
    caller = await _reader(request)
    if isinstance(caller, Response):
        return caller
    index = _index(request.path_params["index"])
    text = await run_in_threadpool(_receipt, gateway_of(request), index, caller)
    if text is None:
        return _html(pages.no_page(language_of(request)), 404)
    name = f'attachment; filename="receipt-{index}.json"'
    return Response(text, media_type="application/json", headers={"content-disposition": name})


def _receipt(gateway: Gateway, index: int, caller: Caller) -> str | None:
    with gateway.readers.read() as store:
        if Entry.seen(view_of(gateway, store, caller), index) is None:
            return None
        return stored(store, index).file()


async def label(request: Request) -> Response:
    """The public facts of a package, for everyone, and nothing of other units or shops."""
    asked = request.path_params["code"]
    code = _folded(asked)
    if code is not None and code != asked:
        return _moved(request, f"/u/{code}")
    page = None if code is None else await run_in_threadpool(_label_page, gateway_of(request), code)
    if page is None:
        return _html(pages.no_unit_page(asked, language_of(request)), 404)
    return _html(pages.label_page(page, language_of(request)))


def _label_page(gateway: Gateway, code: str) -> LabelPage | None:
    with gateway.readers.read() as store:
        units = store.load(Unit, "code", (code,))
        if not units or units[0].letter != "E" or units[0].source is None:
            return None
        package = units[0]
        [lot], [now] = store.load(Unit, ENTITY, (package.source,)), store.load(Version, ENTITY, (package.source,))
        [version] = store.load(Version, ENTITY, (package.id,))
        [made], [cut] = store.load(Act, ENTITY, (package.made,)), store.load(Act, ENTITY, (lot.made,))
        [grower] = store.load(Participant, ENTITY, (package.grower,))
        [variety] = store.load(Variety, ENTITY, (package.grower, package.variety))
        holds = [hold for unit in (package.id, lot.id, version.shipment) for hold in store.load(Hold, "unit", (unit,))]
        recalled = any(hold.reason == "RECALL" for hold in holds) or now.result == "EXCEEDED"
        statement = json.loads(statement_slice(stored_bytes(store, package.made)))
        return LabelPage(
            code=code,
            product=cast(Literal["HEMP", "HASHISH"], package.product),
            variety=variety.name,
            mass=statement["data"]["mass"],
            thc=now.thc,
            cbd=now.cbd,
            grower=grower.name,
            harvested=instant.text(cut.at),
            packed=instant.text(made.at),
            state="RECALLED" if recalled else "HELD" if holds else "FREE",
            origin=gateway.origin,
            entry=package.made,
            checkpoint=head_of(store).size,
        )


async def missing(request: Request, _: Exception) -> Response:
    """Any address at which nothing stands."""
    if "text/html" in request.headers.get("accept", ""):
        return _html(pages.no_page(language_of(request)), 404)
    return PlainTextResponse("not found\n", status_code=404)


async def overlong(_: Request, error: Exception) -> Response:
    """A page that took longer than a request may."""
    return PlainTextResponse(f"{error}\n", status_code=503, headers={"retry-after": "5"})
