"""The console: a field for a code, and the page of a unit with its drawing, its checks and its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from api.drawing import Links, drawing, told
from api.drawn import DrawnLineage, DrawnUnit
from api.grouping import picture
from api.markup import Markup, quoted, tag
from api.pages.frame import LedgerFacts, document, facts_list, table
from api.words import Language, counted, grams, minute, say, short

Outcome = Literal["HOLDS", "BROKEN", "UNDECIDED"]
Direction = Literal["TO_SEED", "TO_SALE"]
SIGNS: dict[Outcome, str] = {"HOLDS": "✓", "BROKEN": "✗", "UNDECIDED": "?"}


@dataclass(frozen=True)
class ConsolePage:
    """The first page: what was asked for in vain, and codes to begin with."""

    ledger: LedgerFacts
    asked: str = ""
    examples: tuple[tuple[str, str], ...] = ()
    """Kind and code."""


@dataclass(frozen=True)
class CheckRow:
    """A check of `verify`; `entry` is the first that breaks it."""

    code: str
    title: str
    outcome: Outcome
    entry: int | None = None
    detail: str | None = None


@dataclass(frozen=True)
class HistoryRow:
    """An entry about the unit: `data` is the JCS text of its data, `receipt` a path to its receipt as a file."""

    index: int
    recorded: str
    at: str
    action: str
    participant: str
    key: str
    data: str
    receipt: str | None = None


@dataclass(frozen=True)
class UnitPage:
    """A unit: its lineage in one direction, its checks, its history newest or oldest first as given."""

    ledger: LedgerFacts
    unit: DrawnUnit
    lineage: DrawnLineage
    direction: Direction
    checks: tuple[CheckRow, ...]
    history: tuple[HistoryRow, ...]
    history_total: int
    opened: tuple[str, ...] = ()
    further: str | None = None
    """What the query needs besides for the next part of the history."""
    receipt: str | None = None
    """A path to the receipt of the entry that made the unit."""


def console_page(page: ConsolePage, language: Language = "nl") -> str:
    """A field for a code. The form asks for `/console?code=…`."""
    failed = None
    if page.asked:
        failed = tag("p", tag("strong", say("no unit", language)), ": ", tag("code", page.asked), class_="banner held")
    examples = [
        tag("li", f"{say(kind, language)} ", tag("a", tag("code", code), href=Links().to(code)))
        for kind, code in page.examples
    ]
    form = tag(
        "form",
        tag("label", say("find", language), for_="code"),
        tag(
            "div",
            tag(
                "input",
                id="code",
                name="code",
                value=page.asked or None,
                required=True,
                autofocus=True,
                maxlength=64,
                autocomplete="off",
                autocapitalize="characters",
                spellcheck="false",
                aria_describedby="code-help",
            ),
            tag("button", say("show", language)),
            class_="find",
        ),
        tag("p", say("find help", language), class_="note", id="code-help"),
        action="/console",
        role="search",
    )
    body = [
        tag("h1", page.ledger.name),
        failed,
        tag("section", form),
        tag("section", tag("h2", say("try", language)), tag("ul", *examples)) if examples else None,
    ]
    return document(say("console", language), body, language=language, ledger=page.ledger, narrow=True)


def unit_page(page: UnitPage, language: Language = "nl") -> str:
    """The page of a unit, from its facts to its history."""
    title = f"{say(page.unit.kind, language)} {page.unit.code}"
    body = [
        facts_of(page, language),
        drawn(page, language),
        checks(page, language),
        history(page, language),
    ]
    asked = query(page.direction, page.opened)
    return document(title, body, language=language, ledger=page.ledger, query=asked)


def query(direction: Direction, opened: Iterable[str] = ()) -> str:
    """The query of a unit's page, without its language."""
    return "&".join([f"direction={direction}", *(f"open={quoted(code)}" for code in opened)])


def facts_of(page: UnitPage, language: Language) -> Markup:
    """Code, kind, status and what else is known of the unit now."""
    unit = page.unit
    holds = [
        tag(
            "p",
            tag("strong", say("hold", language)),
            f" · {who} · ",
            entry(page, index, language),
            class_="banner held",
        )
        for who, index in unit.holds
    ]
    made = f"{minute(unit.made_at)} UTC · {unit.made_by} · "
    kept = [" · ", receipt(page.receipt, unit.made_entry, language)] if page.receipt else []
    facts = [
        (say("status", language), unit.status),
        (say("variety", language), unit.variety),
        (say("holder", language), unit.holder or say("nobody", language)),
        (say("mass", language), None if unit.mass is None else grams(unit.mass, language)),
        (say("pieces", language), None if unit.pieces is None else counted("PLANT", unit.pieces, language)),
        (say("made", language), tag("span", made, entry(page, unit.made_entry, language), *kept)),
    ]
    heading = tag("h1", f"{say(unit.kind, language)} ".capitalize(), tag("code", unit.code))
    return tag("section", heading, *holds, facts_list(facts))


def entry(page: UnitPage, index: int, language: Language) -> Markup:
    """An entry by its number, leading to it where it stands on the page."""
    words = say("entry", language, n=index)
    here = any(row.index == index for row in page.history)
    return tag("a", words, href=f"#entry-{index}") if here else tag("span", words)


def receipt(path: str | None, index: int, language: Language) -> Markup | None:
    """A link to a receipt, to be kept as a file."""
    if path is None:
        return None
    return tag("a", say("receipt", language), href=path, download=f"receipt-{index}.json")


def drawn(page: UnitPage, language: Language) -> Markup:
    """The drawing in a frame that scrolls, the ways to turn and close it, and its lines as a table."""
    turns: list[tuple[Direction, str]] = [("TO_SEED", "to seed"), ("TO_SALE", "to sale")]
    here = f"lang={language}"
    turn = [
        tag(
            "li",
            tag(
                "a",
                say(word, language),
                href=f"?{query(direction)}&{here}",
                aria_current="page" if direction == page.direction else None,
            ),
        )
        for direction, word in turns
    ]
    links = Links(query=f"{query(page.direction)}&{here}")
    opened = picture(page.lineage, opened=page.opened).opened
    shown = [
        tag("p", f"{say('shown', language)} ", tag("code", short(code)), " ", closing, class_="note")
        for code in opened
        for closing in [tag("a", say("close", language), href=links.opening(one for one in opened if one != code))]
    ]
    jump = tag("a", say("jump", language), href="#focus")
    cut = None
    if not page.lineage.complete:
        cut = tag("p", say("cut", language, n=len(page.lineage.frontier)), class_="banner")
    heads = [say(word, language) for word in ("from", "to", "quantity", "recorded in", "at", "participant")]
    lines = told(page.lineage, language=language, opened=page.opened)
    styles = ["", "", "number", "", "time", ""]
    rows = [(None, list(zip(styles, line, strict=True))) for line in lines]
    return tag(
        "section",
        tag("h2", say("drawing", language), id="drawing"),
        tag("nav", tag("ul", *turn, tag("li", jump)), aria_label=say("direction", language)),
        cut,
        *shown,
        tag(
            "div",
            drawing(page.lineage, language=language, opened=page.opened, links=links),
            class_="scroll",
            tabindex=0,
            role="region",
            aria_labelledby="drawing",
        ),
        tag(
            "details",
            tag("summary", say("as table", language)),
            table(heads, rows, caption=say("as table", language)),
            class_="note",
        ),
    )


def checks(page: UnitPage, language: Language) -> Markup:
    """Each check of `verify` with its outcome and entry."""
    whole = bool(page.checks) and all(check.outcome == "HOLDS" for check in page.checks)
    word = say("intact" if whole else "not intact", language)
    heads = [say(word, language) for word in ("outcome", "check", "code", "entry head", "detail")]
    rows = [
        (
            None,
            [
                (check.outcome, f"{SIGNS[check.outcome]} {check.outcome}"),
                ("", check.title),
                ("", tag("code", check.code)),
                ("number", None if check.entry is None else entry(page, check.entry, language)),
                ("", check.detail),
            ],
        )
        for check in page.checks
    ]
    return tag(
        "section",
        tag("h2", say("checks", language)),
        tag("p", tag("strong", word), class_=f"banner {'good' if whole else 'held'}"),
        table(heads, rows, caption=say("checks", language)),
        tag("p", say("own word", language), class_="note"),
    )


def history(page: UnitPage, language: Language) -> Markup:
    """The entries about the unit, each with its data and its receipt."""
    words = ("entry head", "recorded", "at", "action", "participant", "key", "statement")
    rows = [
        (
            f"entry-{row.index}",
            [
                ("number", str(row.index)),
                ("time", row.recorded[:19].replace("T", " ")),
                ("time", row.at[:19].replace("T", " ")),
                ("", tag("code", row.action)),
                ("", row.participant),
                ("", tag("code", short(row.key))),
                ("", statement(row, language)),
            ],
        )
        for row in page.history
    ]
    further = None
    if page.further is not None:
        here = f"?{query(page.direction, page.opened)}&lang={language}&{page.further}"
        further = tag("p", tag("a", say("earlier", language), href=here))
    count = say("history of", language, n=len(page.history), all=counted("ENTRY", page.history_total, language))
    return tag(
        "section",
        tag("h2", say("history", language)),
        tag("p", count, class_="note"),
        table([say(word, language) for word in words], rows, caption=say("history", language)),
        further,
    )


def statement(row: HistoryRow, language: Language) -> Markup:
    """What was signed, folded away, and the receipt."""
    data = tag("details", tag("summary", say("data", language)), tag("pre", row.data))
    return tag("div", data, receipt(row.receipt, row.index, language), class_="statement")
