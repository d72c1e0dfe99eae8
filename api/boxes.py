"""What stands in a box of a drawn lineage: kind, code, variety, holder, when and by whom, holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from api.drawn import DrawnUnit
from api.grouping import Group
from api.layout import Box
from api.lettering import fit, width
from api.markup import Markup, joined, tag
from api.words import Language, counted, grams, minute, say, short

WIDTH, INDENT, EDGE, SMALL, LARGE = 204, 13, 9, 11, 13
"""Of a box: its width, the room left and right of its text, the sizes of its text, pixels."""
GAP = 8
"""Between what stands left and right on a line."""
BOLD = frozenset(("kind", "count", "hold"))
"""Styles of lines, as the style sheet has them."""
HOLDS_SHOWN = 3
SHADOW = 4
"""How far the second card of a group shows behind the first."""


class Row(NamedTuple):
    """A line of text in a box: its class in the style sheet, its height, what stands left and right."""

    style: str
    height: int
    left: str
    right: str = ""


def rows(group: Group, language: Language, *, frontier: bool) -> list[Row]:
    """The lines of a box, from top to bottom."""
    units, number = group.units, len(group.units)
    states = statuses(units)
    found = [Row("kind", 15, say(group.kind, language).upper(), states[0] if len(states) == 1 else "")]
    if number == 1:
        found.append(Row("code", 18, short(units[0].code), minute(units[0].made_at)))
    else:
        found += [
            Row("count", 18, counted(group.kind, number, language)),
            Row("faint", 15, span(unit.made_at for unit in units)),
        ]
    found += [Row("plain", 15, state) for state in states if len(states) > 1]
    varieties = ", ".join(dict.fromkeys(unit.variety for unit in units if unit.variety is not None))
    maker = shared((unit.made_by for unit in units), language)
    holder = shared((unit.holder for unit in units), language)
    if maker == holder:
        where = [say("made and held", language, who=maker)]
    else:
        where = [say("made by", language, who=maker), say("held at", language, who=holder) if holder else ""]
    found += [Row("plain", 15, text) for text in (varieties, *where) if text]
    held = sum(1 for unit in units if unit.holds)
    if 0 < held < number:
        found.append(Row("hold", 15, say("held of", language, held=held, all=number)))
    for authority, entry in group.holds[:HOLDS_SHOWN]:
        hold = f"{say('hold', language)} · {say('entry', language, n=entry)}"
        beside = width(f"{hold} · {authority}", SMALL, bold=True) <= WIDTH - INDENT - EDGE
        found += [Row("hold", 15, text) for text in ([f"{hold} · {authority}"] if beside else [hold, authority])]
    if len(group.holds) > HOLDS_SHOWN:
        found.append(Row("hold", 15, f"{len(group.holds)} {say('holds', language).lower()} …"))
    found += [Row("more", 16, f"{say('show each', language)} ▸")] if group.opens else []
    found += [Row("more", 16, f"{say('goes on', language)} …")] if frontier else []
    return found


def shared(values: Iterable[str | None], language: Language) -> str:
    """What all have, or how many different ones there are; empty if there is none."""
    different = list(dict.fromkeys(value for value in values if value is not None))
    if len(different) > 1:
        return say("several", language, n=len(different))
    return different[0] if different else ""


def statuses(units: Iterable[DrawnUnit]) -> list[str]:
    """The status of units drawn as one, each with its number if they differ."""
    count = Counter(unit.status for unit in units)
    return list(count) if len(count) == 1 else [f"{n} {status}" for status, n in sorted(count.items())]


def span(times: Iterable[str]) -> str:
    """The minute of timestamps that agree, else their day, else the first and the last day."""
    ordered = sorted(times)
    if not ordered:
        return ""
    if ordered[0][:16] == ordered[-1][:16]:
        return minute(ordered[0])
    return " – ".join(dict.fromkeys([ordered[0][:10], ordered[-1][:10]]))


def size(lines: Iterable[Row], *, several: bool) -> Box:
    """The size of a box with these lines."""
    height = 12 + sum(row.height for row in lines)
    return Box(WIDTH, height + height % 2 + (SHADOW if several else 0))


def title(group: Group, language: Language) -> str:
    """All that is known of the unit of a box, a line for each fact; of many, what they share."""
    if len(group.units) > 1:
        codes = [unit.code for unit in group.units]
        named = ", ".join(codes if len(codes) <= 4 else [*codes[:3], "…", codes[-1]])
        return f"{counted(group.kind, len(codes), language)}: {', '.join(statuses(group.units))}\n{named}"
    unit = group.units[0]
    made = f"{minute(unit.made_at)} UTC, {unit.made_by}, {say('entry', language, n=unit.made_entry)}"
    facts = [
        f"{say(unit.kind, language)} {unit.code}",
        unit.status,
        f"{say('variety', language)}: {unit.variety}" if unit.variety else "",
        f"{say('holder', language)}: {unit.holder or say('nobody', language)}",
        f"{say('mass', language)}: {grams(unit.mass, language)}" if unit.mass is not None else "",
        f"{say('made', language)}: {made}",
        *[f"{say('hold', language)}: {who}, {say('entry', language, n=entry)}" for who, entry in unit.holds],
    ]
    return "\n".join(fact for fact in facts if fact)


def draw(lines: list[Row], x: int, y: int, *, several: bool) -> Markup:
    """The box with these lines: a card with a band at its left, two cards for several units."""
    height = size(lines, several=False).height
    card = tag("rect", class_="card", x=x, y=y, width=WIDTH, height=height, rx=5)
    second = tag("rect", class_="card", x=x + SHADOW, y=y + SHADOW, width=WIDTH, height=height, rx=5)
    band = tag("path", class_="band", d=f"M{x + 6} {y}h-1a5 5 0 0 0 -5 5v{height - 10}a5 5 0 0 0 5 5h1z")
    texts: list[Markup] = []
    baseline = y + 2
    for row in lines:
        baseline += row.height
        room, size_, bold = WIDTH - INDENT - EDGE, LARGE if row.style == "count" else SMALL, row.style in BOLD
        left = row.left if row.style == "code" else fit(row.left, room, size_, bold=bold)
        texts.append(tag("text", left, class_=row.style, x=x + INDENT, y=baseline))
        if row.right:
            taken = width(left, LARGE, mono=True) if row.style == "code" else width(left, size_, bold=bold)
            right = fit(row.right, room - taken - GAP, SMALL)
            texts.append(tag("text", right, class_="status", x=x + WIDTH - EDGE, y=baseline, text_anchor="end"))
    return joined([second if several else None, card, band, *texts])
