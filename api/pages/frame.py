"""What all pages share: the document around them, its style sheet, and the headers under which they are sent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from api.drawing import STYLE as DRAWING_STYLE
from api.markup import Markup, joined, tag
from api.words import LANGUAGES, Language, counted, say

STYLE = """
:root{color-scheme:light dark;--paper:#f5f6f4;--card:#fff;--ink:#16202a;--faint:#56616c;--rule:#d3d8dc;
--link:#0a558c;--held:#b3101d;--good:#1d6b2a;--open:#7a5200;--tint:#eef1f3}
@media (prefers-color-scheme:dark){:root{--paper:#0c1014;--card:#12171c;--ink:#e6ebf0;--faint:#a3aeb9;--rule:#333d47;
--link:#80bdf2;--held:#ff7b7b;--good:#7fd18c;--open:#e6b860;--tint:#1a2129}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 Helvetica,Arial,"Liberation Sans",sans-serif}
a{color:var(--link)}
a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible,.scroll:focus-visible
{outline:3px solid var(--link);outline-offset:2px}
code,pre{font-family:ui-monospace,Menlo,"Liberation Mono",monospace;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}
h1 code{font-weight:bold}
h2{font-size:1.1rem;margin:0 0 .75rem}
header,footer{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:baseline;padding:.75rem 1.5rem;
color:var(--faint);font-size:.875rem}
header{background:var(--card);border-bottom:1px solid var(--rule)}
header .brand{font-weight:bold;font-size:1rem;color:var(--ink);text-decoration:none}
header .language{margin-left:auto}
main{padding:1.5rem;max-width:112rem;margin:0 auto}
main.narrow{max-width:40rem}
section{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:1.25rem;margin:0 0 1.25rem}
.note{color:var(--faint);font-size:.875rem;margin:.5rem 0}
.banner{border-left:6px solid var(--open);background:var(--tint);padding:.6rem 1rem;margin:0 0 1.25rem}
.banner.held{border-color:var(--held)}
.banner.held strong{color:var(--held)}
.banner.good{border-color:var(--good)}
.banner.good strong{color:var(--good)}
section>:first-child{margin-top:0}
section>:last-child{margin-bottom:0}
dl{display:flex;flex-wrap:wrap;gap:.75rem 2.5rem;margin:0}
dt{color:var(--faint);font-size:.8125rem}
dd{margin:0;overflow-wrap:anywhere}
.scroll{position:relative;overflow:auto;max-height:85vh;margin:0 -1.25rem;border-top:1px solid var(--rule);
border-bottom:1px solid var(--rule)}
.scroll svg{display:block}
.scroll svg.fitting{max-width:100%;min-width:1180px;height:auto}
.spot{position:absolute;left:0;top:0;width:max-content;display:flex;align-items:end;pointer-events:none}
.spot svg+svg{scroll-initial-target:nearest;scroll-margin:1rem}
nav ul{list-style:none;display:flex;gap:.5rem;padding:0;margin:0 0 .75rem}
nav a{display:block;padding:.2rem .8rem;border:1px solid var(--rule);border-radius:99px;text-decoration:none}
nav a[aria-current]{background:var(--ink);border-color:var(--ink);color:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--rule)}
th{color:var(--faint);font-size:.8125rem;font-weight:normal}
td.number{white-space:nowrap;font-variant-numeric:tabular-nums}
td.time{white-space:nowrap}
.HOLDS{color:var(--good)}
.BROKEN{color:var(--held);font-weight:bold}
.UNDECIDED{color:var(--open)}
tr:target{background:var(--tint)}
pre{background:var(--tint);padding:.75rem;margin:.5rem 0;white-space:pre-wrap;font-size:.8125rem}
.statement{display:flex;flex-wrap:wrap;gap:0 1rem}
.statement details[open]{flex-basis:100%}
summary{cursor:pointer;color:var(--link)}
label{display:block;font-weight:bold;margin-bottom:.4rem}
.find{display:flex;flex-wrap:wrap;gap:.5rem}
input{flex:1 1 18rem;min-width:0;font:1.0625rem ui-monospace,Menlo,"Liberation Mono",monospace;padding:.6rem .7rem;
color:inherit;background:var(--paper);border:1px solid var(--faint);border-radius:6px}
button{font:bold 1rem Helvetica,Arial,sans-serif;padding:.6rem 1.4rem;border:0;border-radius:6px;cursor:pointer;
background:var(--link);color:var(--card)}
.label dl{display:block}
.label dl div{display:grid;grid-template-columns:9rem 1fr;gap:1rem;padding:.5rem 0;border-bottom:1px solid var(--rule)}
.label dl div:last-child{border:0}
.label dt{font-size:1rem}
.label dd{font-weight:bold}
@media (max-width:600px){
main{padding:.75rem}
section{padding:1rem;border-radius:6px}
header{padding:.6rem .75rem}
h1{font-size:1.25rem}
.scroll{margin:0 -1rem}
table.stacked,.stacked tbody,.stacked tr,.stacked td{display:block}
.stacked thead{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}
.stacked tr{padding:.5rem 0;border-bottom:1px solid var(--rule)}
.stacked td{border:0;padding:.1rem 0;display:grid;grid-template-columns:8.5rem 1fr;gap:.5rem}
.stacked td:empty{display:none}
.stacked td::before{content:attr(data-label);color:var(--faint);font-weight:normal;font-size:.8125rem}
.label dl div{grid-template-columns:7rem 1fr}
}
"""


def source_hash(style: str) -> str:
    """A style sheet as the content security policy names it (CSP 3 §2.3.1)."""
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": (
        f"default-src 'none'; style-src {source_hash(STYLE)} {source_hash(DRAWING_STYLE)}; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Sent with every page: no script runs and nothing is loaded, even if a page were wrong."""


@dataclass(frozen=True)
class LedgerFacts:
    """What stands at the head of a page: which ledger this is and how far it has come."""

    origin: str
    name: str
    size: int
    sandbox: bool


def document(
    title: str,
    body: Iterable[str | None],
    *,
    language: Language,
    ledger: LedgerFacts | None = None,
    query: str = "",
    narrow: bool = False,
) -> str:
    """A whole page. `query` is what else stands in the query of its address, kept when the language changes."""
    other = next(each for each in LANGUAGES if each != language)
    switch = "?" + "&".join([*([query] if query else []), f"lang={other}"])
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{title} · Ketenboek"),
        tag("style", Markup(STYLE)),
    )
    facts = [] if ledger is None else [ledger.origin, counted("ENTRY", ledger.size, language)]
    top = tag(
        "header",
        tag("a", "Ketenboek", class_="brand", href="/console"),
        *(tag("span", fact) for fact in facts),
        tag("a", say("other language", language), class_="language", href=switch, hreflang=other, lang=other),
    )
    sandbox = tag("p", say("sandbox", language), class_="banner") if ledger is not None and ledger.sandbox else None
    main = tag("main", sandbox, *body, class_="narrow" if narrow else None)
    return joined([Markup("<!doctype html>"), tag("html", head, tag("body", top, main), lang=language)])


def facts_list(facts: Iterable[tuple[str, str | None]]) -> Markup:
    """Names and values; what has no value is left out."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts if value))


def table(
    heads: list[str], rows: Iterable[tuple[str | None, Sequence[tuple[str, str | None]]]], *, caption: str
) -> Markup:
    """A table; rows are an id and cells, cells a class and what stands in them.

    On narrow screens a row becomes a block with the heads beside its cells; the roles keep it a table for
    those who have it read to them.
    """
    body = [
        tag(
            "tr",
            *(
                tag("td", cell, class_=style or None, data_label=head, role="cell")
                for head, (style, cell) in zip(heads, cells, strict=True)
            ),
            id=name,
            role="row",
        )
        for name, cells in rows
    ]
    return tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col", role="columnheader") for head in heads), role="row")),
        tag("tbody", *body),
        class_="stacked",
        role="table",
        aria_label=caption,
    )
