"""Pages for what cannot be shown: no such page or unit, no token."""

from __future__ import annotations

from api.markup import tag
from api.pages.frame import LedgerFacts, document
from api.words import Language, say


def no_page(language: Language = "nl") -> str:
    """To an address at which nothing stands (404)."""
    title = say("no page", language)
    body = [tag("h1", title), tag("p", say("no page text", language)), tag("p", tag("a", "/console", href="/console"))]
    return document(title, body, language=language, narrow=True)


def no_unit_page(code: str, language: Language = "nl") -> str:
    """For a unit that does not exist or is not for this reader: no difference can be observed (404)."""
    title = say("no unit", language)
    body = [
        tag("h1", title),
        tag("p", tag("code", code)),
        tag("p", say("no unit text", language)),
        tag("p", tag("a", say("find", language), href="/console")),
    ]
    return document(title, body, language=language, narrow=True)


def token_page(ledger: LedgerFacts, path: str, language: Language = "nl") -> str:
    """To a reader without a token on a ledger that is no sandbox (401); `path` is what was asked for."""
    title = say("no token", language)
    make = f"TOKEN=$(ketenboek token --key FILE --origin {ledger.origin})"
    send = f'curl --header "Authorization: Bearer $TOKEN" "$KETENBOEK_GATEWAY{path}"'
    body = [
        tag("h1", title),
        tag("p", say("no token text", language)),
        tag("section", tag("p", say("token make", language)), tag("pre", make)),
        tag("section", tag("p", say("token send", language)), tag("pre", send)),
    ]
    return document(title, body, language=language, ledger=ledger, narrow=True)
