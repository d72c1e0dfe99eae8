"""The pages: whole HTML that loads nothing, escapes everything, and says in two languages what is so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from api.drawing import STYLE as DRAWING_STYLE
from api.markup import Markup, escape, tag
from api.pages import (
    HEADERS,
    CheckRow,
    ConsolePage,
    HistoryRow,
    LabelPage,
    LedgerFacts,
    UnitPage,
    console_page,
    label_page,
    no_page,
    no_unit_page,
    token_page,
    unit_page,
)
from api.pages.frame import STYLE as PAGE_STYLE
from api.pages.frame import source_hash
from api.words import LANGUAGES, WORDS, Language
from tests.lineages import GROWER, LOT, SHOP, code, moment, plain, recall, troubled

ROOT = Path(__file__).parent.parent
VOID = {"br", "input", "link", "meta", "path", "rect"}
HOSTILE = "<script>alert(1)</script>&\"'><img src=//evil.example onerror=x>]]>\x00\x1b\ud800"
LEDGER = LedgerFacts("ketenboek.example/demo", "Demonstration", 20_431, sandbox=True)
CHECKS = (
    CheckRow("BYTES", "Canonical bytes", "HOLDS"),
    CheckRow("SIGNATURES", "Signatures", "BROKEN", 512, "The signature does not hold."),
    CheckRow("CUSTODY", "Custody without gaps", "UNDECIDED"),
)
HISTORY = (
    HistoryRow(400, moment(101), moment(101), "packLot", GROWER, "5tYQKkzmDJ1AJ1b1n5vq7", '{"mass":1000}', "/r/400"),
    HistoryRow(604, moment(110), moment(109), "sellPackages", SHOP, "kkT1n5vq75tYQKkzmDJ1b", '{"packages":["E"]}'),
)
LABEL = LabelPage(
    code("E", 4), "HEMP", "Amnesia Haze", 1_000, 183_400_000, 1_200_000, GROWER, moment(80), moment(101), "FREE",
    "ketenboek.example/demo", 400, 20_431,
)  # fmt: skip


def page_of(lineage: Any, *checks: CheckRow, **more: Any) -> UnitPage:
    focus = next(one for one in lineage.units if one.code == lineage.focus)
    return UnitPage(LEDGER, focus, lineage, "TO_SEED", checks or CHECKS[:1], HISTORY, 2, receipt="/r/400", **more)


CONSOLE = ConsolePage(LEDGER, "E-nonsense", (("PACKAGE", code("E", 4)),))
UNIT = page_of(troubled(), *CHECKS)
PAGES: dict[str, Callable[[Language], str]] = {
    "console": lambda language: console_page(CONSOLE, language),
    "unit": lambda language: unit_page(UNIT, language),
    "opened": lambda language: unit_page(page_of(plain(), opened=(LOT,)), language),
    "recall": lambda language: unit_page(page_of(recall()), language),
    "label": lambda language: label_page(LABEL, language),
    "no page": no_page,
    "no unit": lambda language: no_unit_page(code("E", 9), language),
    "token": lambda language: token_page(LEDGER, f"/console/unit/{LOT}", language),
}


class Seen(HTMLParser):
    """What is in a page: elements in order, attributes, text; fails on what is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value or "" for attribute, value in self.attributes if attribute == name]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_is_whole_and_loads_nothing(page: Callable[[Language], str], language: Language) -> None:
    text = page(language)
    text.encode()
    seen = Seen(text)
    assert text.startswith("<!doctype html>")
    assert seen.values("lang")[0] == language
    assert not {"script", "iframe", "img", "object", "embed"} & set(seen.elements)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name in {"src", "srcset", "style"}]
    assert not re.search(r"https?:|url\(|@import", text)
    for link in seen.values("href") + seen.values("action"):
        assert re.match(r"/(?!/)|[?#]|data:,$", link)
    assert seen.elements.count("h1") == 1
    ids = seen.values("id")
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "aria-describedby", "for"):
        assert set(seen.values(name)) <= set(ids)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_both_languages_have_the_same_shape(page: Callable[[Language], str]) -> None:
    dutch, english = Seen(page("nl")), Seen(page("en"))
    assert dutch.elements == english.elements
    assert dutch.text != english.text


def test_every_word_is_there_twice_with_the_same_places() -> None:
    for dutch, english in WORDS.values():
        assert dutch.strip()
        assert english.strip()
        assert sorted(re.findall(r"{(\w+)}", dutch)) == sorted(re.findall(r"{(\w+)}", english))


def test_no_word_is_unused() -> None:
    """A word that nothing says is dead. Built words: plurals of kinds, products, states of a label."""
    sources = [path for path in (ROOT / "api").rglob("*.py") if path.name != "words.py"]
    code_text = "".join(path.read_text(encoding="utf-8") for path in sources)
    for word in WORDS:
        said = {word, word.removesuffix(" text"), word.removesuffix("S")}
        assert any(f'"{one}"' in code_text or f"'{one}'" in code_text for one in said), word


def hostile(value: Any) -> Any:
    """The same value with every free text in it replaced by an attack."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple):
        return tuple(hostile(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        kept = {"kind", "direction", "outcome", "product", "state", "receipt", "recorded", "at", "made_at", "further"}
        kept |= {"code", "focus", "source", "target", "frontier"}
        changes = {one.name: hostile(getattr(value, one.name)) for one in fields(value) if one.name not in kept}
        return replace(value, **changes)
    return value


def test_nothing_that_is_shown_can_become_markup() -> None:
    pairs: list[tuple[str, str]] = [
        (unit_page(UNIT), unit_page(hostile(UNIT))),
        (console_page(CONSOLE), console_page(replace(hostile(CONSOLE), examples=(("PACKAGE", HOSTILE),)))),
        (label_page(LABEL), label_page(replace(hostile(LABEL), code=HOSTILE))),
        (no_unit_page("E"), no_unit_page(HOSTILE)),
        (token_page(LEDGER, "/a"), token_page(hostile(LEDGER), HOSTILE)),
    ]
    for plain_page, hostile_page in pairs:
        before, after = Seen(plain_page), Seen(hostile_page)
        assert set(after.elements) <= set(before.elements)
        assert {name for name, _ in after.attributes} <= {name for name, _ in before.attributes}
        assert "<script>alert(1)</script>" in after.text
        hostile_page.encode()


@pytest.mark.parametrize(
    "link",
    ["//evil.example", "https://evil.example", "javascript:alert(1)", "/\\evil.example", "/\t/evil.example", "x", "",
     " /a", "data:text/html,x", "/a\n"],
)  # fmt: skip
def test_a_link_that_leaves_this_host_cannot_be_written(link: str) -> None:
    for name in ("href", "src", "action"):
        with pytest.raises(ValueError, match="leaves this host"):
            tag("a", "x", **{name: link})


def test_text_is_escaped_once() -> None:
    assert tag("b", "<", tag("i", "&"), title='"') == '<b title="&quot;">&lt;<i>&amp;</i></b>'
    assert escape(escape("<")) == "&lt;"
    assert escape("\x00\ud800\ufffe") == "\ufffd\ufffd\ufffd"
    assert isinstance(tag("b"), Markup)


def test_the_policy_names_the_style_sheets_of_the_pages_and_allows_no_script() -> None:
    policy = HEADERS["content-security-policy"]
    styles = re.findall(r"<style>(.*?)</style>", PAGES["unit"]("en"), re.DOTALL)
    assert len(styles) == 2
    assert all(source_hash(style) in policy for style in styles)
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy


def test_a_unit_s_page_shows_each_check_with_its_outcome_and_entry() -> None:
    text = Seen(PAGES["unit"]("en")).text
    assert "✗ BROKENSignaturesSIGNATURESentry 512The signature does not hold." in text
    assert "✓ HOLDSCanonical bytesBYTES" in text
    assert "? UNDECIDEDCustody without gapsCUSTODY" in text
    assert "Not everything holds" in text
    assert "Every check holds, over every entry of this unit" in Seen(unit_page(page_of(plain()), "en")).text


def test_one_entry_is_no_entries() -> None:
    single = replace(UNIT, ledger=replace(LEDGER, size=1), history=HISTORY[:1], history_total=1)
    text = Seen(unit_page(single, "en")).text
    assert "1 of 1 entry" in text
    assert not re.search(r"\b1 (entries|units|flows)\b", text)
    assert "20431 entries" in Seen(unit_page(UNIT, "en")).text


def test_no_checks_is_not_every_check() -> None:
    text = Seen(unit_page(replace(UNIT, checks=()), "en")).text
    assert "Every check holds" not in text


def test_a_unit_s_page_shows_its_history_with_data_and_receipts() -> None:
    seen = Seen(PAGES["unit"]("en"))
    assert '{"mass":1000}' in seen.text
    assert "sellPackages" in seen.text
    assert "5tYQ…5vq7" in seen.text
    assert {"entry-400", "entry-604"} <= set(seen.values("id"))
    assert {"#entry-400", "/r/400"} <= set(seen.values("href"))
    assert "receipt-400.json" in seen.values("download")


def test_a_held_unit_says_so_at_the_top() -> None:
    lot = page_of(replace(troubled(), focus=LOT))
    text = Seen(unit_page(lot, "en")).text
    assert "held · Inspectie JenV · entry 530" in text


def test_the_ways_to_turn_open_and_close_keep_one_another() -> None:
    hrefs = Seen(unit_page(page_of(plain(), opened=(LOT,)), "en")).values("href")
    assert "?direction=TO_SALE&lang=en" in hrefs
    assert "?direction=TO_SEED&lang=en" in hrefs
    assert f"?direction=TO_SEED&open={LOT}&lang=nl" in hrefs
    closed = Seen(unit_page(page_of(plain()), "en")).values("href")
    assert f"?direction=TO_SEED&lang=en&open={LOT}" in closed
    further = Seen(unit_page(page_of(plain(), further="after=400"), "en")).values("href")
    assert "?direction=TO_SEED&lang=en&after=400" in further


def test_a_lineage_that_was_cut_says_so() -> None:
    assert "Not complete; units at which the lineage goes on: 1." in Seen(PAGES["recall"]("en")).text
    assert "Not complete" not in Seen(PAGES["unit"]("en")).text


def test_the_label_page_says_what_the_law_asks_and_where_it_stands() -> None:
    text = Seen(label_page(LABEL, "nl")).text
    for words in ("hennep", "Amnesia Haze", "1,000 g", "THC18,34 %", "CBD0,12 %", GROWER, "2025-05-20", "2025-06-10"):
        assert words in text
    assert "Regel 400 van grootboek ketenboek.example/demo onder controlepunt 20431" in text
    assert "Geen terugroepactie" in text
    assert "18.34 %" in label_page(LABEL, "en")


@pytest.mark.parametrize(("state", "words"), [("HELD", "An authority holds this"), ("RECALLED", "is recalled. Do not")])
def test_the_label_page_says_a_recall_or_hold_in_plain_words(state: Any, words: str) -> None:
    text = Seen(label_page(replace(LABEL, state=state), "en")).text
    assert words in text
    assert "No recall" not in text


def test_the_label_page_leads_to_no_other_page() -> None:
    """It is public: what is behind the console is not."""
    seen = Seen(label_page(LABEL, "en"))
    assert set(seen.values("href")) <= {"/console", "?lang=nl", "data:,"}
    assert SHOP not in seen.text


def test_what_was_not_measured_is_not_zero() -> None:
    assert "CBDnot recorded" in Seen(label_page(replace(LABEL, cbd=None), "en")).text


def test_the_token_page_says_how_to_get_one() -> None:
    text = Seen(token_page(replace(LEDGER, sandbox=False), f"/console/unit/{LOT}", "en")).text
    assert "ketenboek token --key FILE --origin ketenboek.example/demo" in text
    assert f"/console/unit/{LOT}" in text
    assert "Sandbox ledger" not in text


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    digits = "".join(2 * digit for digit in colour[1:]) if len(colour) == 4 else colour[1:]
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("style", [PAGE_STYLE, DRAWING_STYLE], ids=["page", "drawing"])
def test_text_is_legible_in_the_light_and_in_the_dark(style: str) -> None:
    """Contrast of 4.5 to 1 (WCAG 2.2, 1.4.3) of every colour of text on every ground."""
    light, dark = style.split("prefers-color-scheme:dark", 1)
    for scheme in (light, dark.split("}}", 1)[0]):
        colours = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", scheme))
        grounds = {name: colours.pop(name) for name in ("paper", "card", "tint") if name in colours}
        assert len(colours) >= 5
        for text in set(colours) - {"rule", "line"}:
            for ground in grounds.values():
                lighter, darker = sorted([luminance(colours[text]), luminance(ground)], reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)
