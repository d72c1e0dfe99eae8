"""A lineage as a tree of text, for terminals: from the unit asked for towards seed, or towards sale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from api import boxes
from api.drawing import quantity
from api.drawn import DrawnLineage, UnitKind
from api.grouping import Group, Picture, Sum, picture
from api.words import Language, counted, say

Direction = Literal["TO_SEED", "TO_SALE"]
PLANTS: tuple[UnitKind, ...] = ("PLANT",)


def tree(
    lineage: DrawnLineage,
    *,
    direction: Direction = "TO_SEED",
    language: Language = "en",
    each: bool = False,
) -> list[str]:
    """The lines of the tree: each unit once, each flow with its quantity and date.

    A lot's plants stand on one line, with the number of their mothers, unless `each` asks for every one.
    What the focus does not reach in this direction (waste, on the way to seed) follows as trees of its own.
    """
    drawn = picture(lineage, grouped=() if each else PLANTS)
    grove = Grove(drawn, direction, language)
    home = {unit.code: key for key, group in drawn.groups.items() for unit in group.units}
    lines = list(grove.lines(home[lineage.focus])) if lineage.focus in home else []
    rest = [key for key in drawn.groups if key not in grove.seen]
    if rest:
        lines += ["", say("also", language)]
    starts = [key for key in rest if not any(end in rest for end in grove.above[key])]
    for key in [*starts, *rest]:
        if key not in grove.seen:
            lines += grove.lines(key)
    if not lineage.complete:
        lines += ["", say("cut", language, n=len(lineage.frontier)), *(f"  {code}" for code in lineage.frontier)]
    return lines


class Grove:
    """The trees of a picture, and what has been written of it: a unit is written once and referred to after."""

    def __init__(self, drawn: Picture, direction: Direction, language: Language) -> None:
        self.drawn, self.language = drawn, language
        self.to_seed = direction == "TO_SEED"
        self.seen: set[str] = set()
        self.above = defaultdict[str, list[str]](list)
        self.below = defaultdict[str, list[Sum]](list)
        for one in drawn.sums:
            here, there = (one.target, one.source) if self.to_seed else (one.source, one.target)
            if here in drawn.stubs:
                here, there = there, here
            if there in drawn.groups:
                self.above[there].append(here)
            self.below[here].append(one)
        for sums in self.below.values():
            sums.sort(key=self.rank)

    def rank(self, one: Sum) -> tuple[bool, int]:
        """Flows into and out of the books stand before those between units, each in the order of the ledger."""
        between = one.source in self.drawn.groups and one.target in self.drawn.groups
        return between, one.flows[0].entry or 0

    def lines(self, root: str) -> Iterator[str]:
        """The tree that hangs on a box, its branches depth first."""
        yield self.name(self.drawn.groups[root])
        self.seen.add(root)
        waiting = [(branch, "") for branch in self.branches(root)]
        while waiting:
            (one, there, last), indent = waiting.pop()
            again = there in self.seen
            yield f"{indent}{'└─ ' if last else '├─ '}{self.branch(one, there, again=again)}"
            if there in self.drawn.groups and not again:
                self.seen.add(there)
                deeper = indent + ("   " if last else "│  ")
                waiting += [(branch, deeper) for branch in self.branches(there)]

    def branches(self, key: str) -> list[tuple[Sum, str, bool]]:
        """What hangs on a box, last first: the flow, its other end, whether it is the last."""
        sums = self.below[key]
        ends = [one.source if one.target == key else one.target for one in sums]
        return [(one, end, one is sums[-1]) for one, end in zip(sums, ends, strict=True)][::-1]

    def branch(self, one: Sum, there: str, *, again: bool) -> str:
        """A flow and its other end."""
        arrow = "←" if one.source == there else "→"
        amount = f"{quantity(self.drawn, one, self.language)} {arrow} "
        if there in self.drawn.stubs:
            return amount + self.outside(one, there)
        return amount + self.name(self.drawn.groups[there], again=again)

    def outside(self, one: Sum, key: str) -> str:
        """Where quantity enters or leaves, when, by whom."""
        stub = self.drawn.stubs[key]
        facts = [
            say(stub.word, self.language) + (f" {stub.code}" if stub.code else ""),
            boxes.span(flow.at for flow in one.flows if flow.at is not None),
            boxes.shared((flow.who for flow in one.flows), self.language),
        ]
        return "  ".join(fact for fact in facts if fact)

    def name(self, group: Group, *, again: bool = False) -> str:
        """A box on one line: the full code of a unit, or the number of units."""
        language, units = self.language, group.units
        kind = say(group.kind, language)
        first = f"{kind} {units[0].code}" if len(units) == 1 else self.several(group)
        if again:
            return f"{first} ({say('see above', language)})"
        facts = [
            first,
            ", ".join(boxes.statuses(units)),
            boxes.shared((unit.variety for unit in units), language),
            boxes.shared((unit.holder for unit in units), language),
            boxes.span(unit.made_at for unit in units),
            *(f"! {say('hold', language)}: {who}, {say('entry', language, n=n)}" for who, n in group.holds),
        ]
        return "  ".join(fact for fact in facts if fact)

    def several(self, group: Group) -> str:
        """Units on one line: how many, and of how many mothers."""
        count = counted(group.kind, len(group.units), self.language)
        mothers = {
            flow.source
            for one in self.drawn.sums
            if one.target == group.key and one.source in self.drawn.groups
            for flow in one.flows
        }
        if not mothers:
            return count
        word = "mother" if len(mothers) == 1 else "mothers"
        return f"{count}, {say(word, self.language, n=len(mothers))}"
