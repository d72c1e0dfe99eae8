"""The picture of a lineage: SVG, from seed (left) to sale (right), with the quantity on every line.

A pure function of plain values: the same lineage gives the same bytes, in whatever order it is given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from api import boxes
from api.drawn import KINDS, DrawnFlow, DrawnLineage, DrawnUnit
from api.grouping import Group, Picture, Stub, Sum, picture
from api.layout import Box, Line, Route, layout
from api.lettering import fit, width
from api.markup import Markup, joined, quoted, tag
from api.words import Language, counted, grams, say, short

__all__ = ["STYLE", "DrawnFlow", "DrawnLineage", "DrawnUnit", "Links", "drawing", "quantity", "told"]

MARGIN = 16
LEGEND_WIDTH_MIN = 560
STUB_WIDTH_MAX, STUB_ROW = 190, 14
LABEL_ROOM = 8
FITTING = range(1180, 1560)
"""Pixels: around all, for the legend, of a stub, beside a label; of the widths that may shrink to fit a page."""

STYLE = """
.lineage{--paper:#fff;--card:#fff;--ink:#16202a;--faint:#56616c;--rule:#c3cad1;--line:#8b96a1;--way:#16202a;
--held:#c1121f;--link:#0a558c;--PLANT:#24752f;--SEEDLINGS:#5d7600;--LOT:#8d5600;--SAMPLE:#6b46b8;--PACKAGE:#0a62a8;
--CASE:#00717b;--WASTE:#70645c;--SHIPMENT:#4d5a78;font:11px Helvetica,Arial,"Liberation Sans",sans-serif}
@media (prefers-color-scheme:dark){.lineage{--paper:#12171c;--card:#1b2229;--ink:#e6ebf0;--faint:#a3aeb9;
--rule:#46515c;--line:#75818d;--way:#e6ebf0;--held:#ff7b7b;--link:#80bdf2;--PLANT:#6fca7d;--SEEDLINGS:#b7d04f;
--LOT:#e0ac55;--SAMPLE:#bda6f7;--PACKAGE:#76b8f2;--CASE:#5ccbd3;--WASTE:#b9aca2;--SHIPMENT:#a6b4d4}}
.lineage .paper{fill:var(--paper)}
.lineage text{fill:var(--ink)}
.lineage .card{fill:var(--card);stroke:var(--rule)}
.lineage .band,.lineage .kind{fill:var(--kind)}
.lineage .kind{font-weight:bold;letter-spacing:.05em}
.lineage .code{font:bold 13px ui-monospace,Menlo,"Liberation Mono",monospace}
.lineage .count{font-weight:bold;font-size:13px}
.lineage .faint,.lineage .status,.lineage .stub text{fill:var(--faint)}
.lineage .stub .amount,.lineage .stub .word{fill:var(--ink)}
.lineage .stub .amount{font-weight:bold}
.lineage .more{fill:var(--link)}
.lineage .hold{fill:var(--held);font-weight:bold}
.lineage .held .card{stroke:var(--held);stroke-width:2.5}
.lineage .focus .card{stroke:var(--way);stroke-width:2.5}
.lineage .focus.held .card{stroke:var(--held);stroke-width:3.5}
.lineage a:hover .card,.lineage a:focus .card{stroke:var(--link);stroke-width:2.5}
.lineage a:hover .more{text-decoration:underline}
.lineage .line path{fill:none;stroke:var(--line);stroke-width:1.25}
.lineage .line .tip{fill:var(--line);stroke:none}
.lineage .way path{stroke:var(--way);stroke-width:2}
.lineage .way .tip{fill:var(--way)}
.lineage .LOSS path,.lineage .WASTE path,.lineage .DESTROYED path{stroke-dasharray:5 4}
.lineage .line text{text-anchor:middle;stroke:var(--paper);stroke-width:4;paint-order:stroke;stroke-linejoin:round}
.lineage .line.way text{font-weight:bold}
.lineage .legend text{text-anchor:start;font-weight:normal}
""" + "".join(f".lineage .{kind}{{--kind:var(--{kind})}}\n" for kind in KINDS)
"""Of the drawing, in it; every rule under `.lineage`, so that it changes nothing else on a page."""


@dataclass(frozen=True)
class Links:
    """Where boxes lead: to the page of a unit, and to this drawing with a group shown one by one."""

    unit: str = "/console/unit/"
    query: str = ""
    """What else stands in the query of this page."""

    def to(self, code: str) -> str:
        """The page of a unit."""
        return self.unit + quoted(code)

    def opening(self, codes: Iterable[str]) -> str:
        """This page with the groups of these codes shown one by one."""
        asked = [self.query] if self.query else []
        return "?" + "&".join([*asked, *(f"open={quoted(one)}" for one in codes)])


class Told(NamedTuple):
    """A line in words: from, to, how much, in which entries, when, by whom."""

    source: str
    target: str
    quantity: str
    entries: str
    when: str
    who: str


def quantity(drawn: Picture, one: Sum, language: Language) -> str:
    """What stands on a line: `212 plants`, `1.000 g`."""
    pieces = [] if one.pieces is None else [counted(drawn.counts(one), one.pieces, language)]
    return " · ".join([*pieces, *([] if one.mass is None else [grams(one.mass, language)])])


def drawing(
    lineage: DrawnLineage,
    *,
    language: Language = "en",
    opened: Collection[str] = (),
    links: Links | None = None,
    standalone: bool = False,
) -> Markup:
    """The lineage as an SVG element.

    `opened` holds the codes of the groups to show one by one (a lot's, for its plants). Without `links`
    nothing can be followed. `standalone` makes it a file of its own instead of a part of a page, behind
    which an empty element marks where the unit is.
    """
    drawn = picture(lineage, opened=opened)
    sheet = Sheet(drawn, lineage, language, links)
    rows = {key: sheet.rows(group) for key, group in drawn.groups.items()}
    notes = {key: sheet.notes(stub) for key, stub in drawn.stubs.items()}
    starts = {one.source for one in drawn.sums}
    nodes = {
        key: boxes.size(rows[key], several=len(drawn.groups[key].units) > 1)
        if key in rows
        else stub_size(notes[key], enters=key in starts)
        for key in drawn.columns
    }
    between = [one.source in rows and one.target in rows for one in drawn.sums]
    labels = [quantity(drawn, one, language) if own else "" for one, own in zip(drawn.sums, between, strict=True)]
    edges = [
        Line(one.source, one.target, width(label, boxes.SMALL, bold=True) + LABEL_ROOM if label else 0)
        for one, label in zip(drawn.sums, labels, strict=True)
    ]
    placed = layout(nodes, edges, drawn.columns)
    legend, below = sheet.legend(max(placed.width, LEGEND_WIDTH_MIN))
    flows = [sheet.line(*drawn_line) for drawn_line in zip(drawn.sums, labels, placed.routes, strict=True)]
    units = [
        sheet.group(drawn.groups[key], rows[key], x, y)
        if key in rows
        else sheet.stub(notes[key], x, y, room=nodes[key].width, enters=key in starts)
        for key, (x, y) in placed.corners.items()
    ]
    body = tag("g", *flows, *units, transform=f"translate({MARGIN} {MARGIN + below})")
    total = (max(placed.width, LEGEND_WIDTH_MIN) + 2 * MARGIN, placed.height + below + 2 * MARGIN)
    shown = sheet.frame(joined([legend, body]), *total, standalone=standalone)
    if standalone or lineage.focus not in nodes:
        return shown
    x, y = placed.corners[lineage.focus]
    return joined([shown, spot(MARGIN + x, MARGIN + below + y, nodes[lineage.focus], total[0])])


def spot(x: int, y: int, box: Box, total: int) -> Markup:
    """Where a page's frame opens: browsers scroll to boxes of HTML only, and no style may name a place."""
    scale = FITTING.start / total if total in FITTING else 1  # as it is where the frame has to scroll
    ends = [round(length * scale) for length in (x, y + box.height, box.width, box.height)]
    before = tag("svg", width=ends[0], height=ends[1])
    return tag("div", before, tag("svg", width=ends[2], height=ends[3]), class_="spot", aria_hidden="true")


def stub_size(notes: list[str], *, enters: bool) -> Box:
    """The room that the notes of a stub need: at the right of its column if a line begins here."""
    widest = max(width(note, boxes.SMALL, bold=number == 0) for number, note in enumerate(notes))
    return Box(min(widest + 8, STUB_WIDTH_MAX), STUB_ROW * len(notes) + 2, right=enters)


def told(lineage: DrawnLineage, *, language: Language = "en", opened: Collection[str] = ()) -> list[Told]:
    """The lines of the same drawing in words, for those who read a table rather than a picture."""
    sheet = Sheet(picture(lineage, opened=opened), lineage, language, None)
    return [sheet.told(one) for one in sheet.drawn.sums]


def ways(drawn: Picture, focus: str) -> frozenset[tuple[str, str]]:
    """The lines to stand out: those by which the focus came about, and those of what became of it.

    None if that would be all, or if nothing came before the focus.
    """
    before, after = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for one in drawn.sums:
        before[one.target].append(one.source)
        after[one.source].append(one.target)
    if not any(source in drawn.groups for source in before[focus]):
        return frozenset()
    found: set[tuple[str, str]] = set()
    for near, backward in ((before, True), (after, False)):
        seen, waiting = set[str](), [focus]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                found |= {(there, here) if backward else (here, there) for there in near[here]}
                waiting += near[here]
    return frozenset(found) if len(found) < len({(one.source, one.target) for one in drawn.sums}) else frozenset()


class Sheet:
    """A picture on its way to SVG: what its boxes, stubs, lines and legend look like."""

    def __init__(self, drawn: Picture, lineage: DrawnLineage, language: Language, links: Links | None) -> None:
        self.drawn, self.lineage, self.language, self.links = drawn, lineage, language, links
        self.way = ways(drawn, lineage.focus)
        self.frontier = frozenset(lineage.frontier)

    def say(self, what: str, **values: str | int) -> str:
        """The words of the drawing's language."""
        return say(what, self.language, **values)

    def rows(self, group: Group) -> list[boxes.Row]:
        """The lines of text of a box."""
        cut = any(unit.code in self.frontier for unit in group.units)
        return boxes.rows(group, self.language, frontier=cut)

    def group(self, group: Group, lines: list[boxes.Row], x: int, y: int) -> Markup:
        """A box, leading to the page of its unit or to the drawing in which its units are shown."""
        several = len(group.units) > 1
        marks = [
            group.kind,
            "held" if group.holds else "",
            "focus" if group.key == self.lineage.focus else "",
        ]
        box = tag(
            "g",
            tag("title", boxes.title(group, self.language)),
            boxes.draw(lines, x, y, several=several),
            class_=" ".join(["unit", *filter(None, marks)]),
            id="focus" if group.key == self.lineage.focus else None,
        )
        if self.links is None or (several and group.opens is None):
            return box
        if group.opens is None:
            return tag("a", box, href=self.links.to(group.key))
        return tag("a", box, href=self.links.opening([*self.drawn.opened, group.opens]))

    def notes(self, stub: Stub) -> list[str]:
        """What stands where quantity enters or leaves: how much, what that is, when, by whom."""
        sums = [one for one in self.drawn.sums if stub.key in (one.source, one.target)]
        flows = [flow for one in sums for flow in one.flows]
        amounts = [quantity(self.drawn, one, self.language) for one in sums]
        who = boxes.shared((flow.who for flow in flows), self.language)
        word = self.say(stub.word) + (f" {short(stub.code)}" if stub.code else "")
        times = boxes.span(flow.at for flow in flows if flow.at is not None)
        return [*amounts, word, *filter(None, [times, self.say("made by", who=who) if who else ""])]

    def stub(self, notes: list[str], x: int, y: int, *, room: int, enters: bool) -> Markup:
        """Where quantity enters or leaves: no box, the words alone, beside the end of their line."""
        at, anchor = (x + room - 4, "end") if enters else (x + 4, None)
        texts = [
            tag(
                "text",
                fit(note, STUB_WIDTH_MAX - 8, boxes.SMALL, bold=number == 0),
                class_={0: "amount", 1: "word"}.get(number),
                x=at,
                y=y + 11 + STUB_ROW * number,
                text_anchor=anchor,
            )
            for number, note in enumerate(notes)
        ]
        return tag("g", tag("title", "\n".join(notes)), *texts, class_="stub")

    def line(self, one: Sum, label: str, route: Route) -> Markup:
        """A flow: its way, its tip, and its quantity on it."""
        (x, y), *points = route.points
        way, gap = [f"M{x} {y}"], width(label, boxes.SMALL, bold=True) // 2 + 3
        for number, (next_x, next_y) in enumerate(points):
            half = (next_x - x) // 2
            if number == 1 and label:
                way.append(f"H{route.label[0] - gap}M{route.label[0] + gap} {y}")
            level = next_y == y
            way.append(f"H{next_x}" if level else f"C{x + half} {y} {next_x - half} {next_y} {next_x} {next_y}")
            x, y = next_x, next_y
        marks = ["line", one.kind, "way" if (one.source, one.target) in self.way else ""]
        return tag(
            "g",
            tag("title", "{} → {}\n{}\n{}, {}, {}".format(*self.told(one))),
            tag("path", d="".join(way)),
            tag("path", class_="tip", d=f"M{x} {y}l-7 -3.5v7z"),
            tag("text", label, x=route.label[0], y=route.label[1] + 4) if label else None,
            class_=" ".join(filter(None, marks)),
        )

    def told(self, one: Sum) -> Told:
        """A line in words."""
        entries = sorted({flow.entry for flow in one.flows if flow.entry is not None})
        if len(entries) > 1:
            where = self.say("entries", n=entries[0], m=entries[-1])
        else:
            where = self.say("entry", n=entries[0]) if entries else ""
        return Told(
            self.name(one.source),
            self.name(one.target),
            quantity(self.drawn, one, self.language),
            where,
            boxes.span(flow.at for flow in one.flows if flow.at is not None),
            boxes.shared((flow.who for flow in one.flows), self.language),
        )

    def name(self, key: str) -> str:
        """A box or stub in a few words."""
        if key in self.drawn.stubs:
            stub = self.drawn.stubs[key]
            return self.say(stub.word) + (f" {stub.code}" if stub.code else "")
        group = self.drawn.groups[key]
        if len(group.units) > 1:
            return counted(group.kind, len(group.units), self.language)
        return f"{self.say(group.kind)} {group.key}"

    def legend(self, room: int) -> tuple[Markup, int]:
        """What the colours mean, in rows no wider than `room`; and the height of the rows."""
        used = {group.kind for group in self.drawn.groups.values()}
        items = [(f"unit {kind}", self.say(kind)) for kind in KINDS if kind in used]
        held = any(group.holds for group in self.drawn.groups.values())
        items += [("unit held", self.say("hold"))] if held else []
        items += [("line way sign", self.say("the way"))] if self.way else []
        x, y, parts = MARGIN, MARGIN, []
        for style, text in items:
            needed = 22 + width(text, boxes.SMALL) + 22
            if x + needed > room and x > MARGIN:
                x, y = MARGIN, y + 20
            if "sign" in style:
                sign = tag("path", d=f"M{x} {y + 6}h16")
            else:
                look = "card" if "held" in style else "band"
                sign = tag("rect", class_=look, x=x, y=y, width=14, height=12, rx=3)
            parts.append(tag("g", sign, tag("text", text, x=x + 22, y=y + 10), class_=style))
            x += needed
        return tag("g", *parts, class_="legend"), y + 12

    def frame(self, body: Markup, width_: int, height: int, *, standalone: bool) -> Markup:
        """The SVG element around it all, with what it shows in words."""
        focus = next((unit for unit in self.lineage.units if unit.code == self.lineage.focus), None)
        kind = self.say(focus.kind) if focus else ""
        known = {unit.code for unit in self.lineage.units}
        return tag(
            "svg",
            tag("title", self.say("lineage", kind=kind, code=self.lineage.focus), id="lineage-title"),
            tag(
                "desc",
                self.say(
                    "drawn",
                    units=counted("UNIT", len(known), self.language),
                    flows=counted("FLOW", len(self.lineage.flows), self.language),
                ),
                id="lineage-desc",
            ),
            tag("style", Markup(STYLE)),
            tag("rect", class_="paper", width=width_, height=height),
            body,
            xmlns="http://www.w3.org/2000/svg" if standalone else None,
            class_="lineage fitting" if width_ in FITTING else "lineage",
            width=width_,
            height=height,
            viewBox=f"0 0 {width_} {height}",
            role="graphics-document",
            aria_labelledby="lineage-title",
            aria_describedby="lineage-desc",
        )
