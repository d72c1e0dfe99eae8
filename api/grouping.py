"""What of a lineage is drawn as one: a lot's plants, a crowd alike, and where quantity enters or leaves.

Nothing is left out: every unit stands in one box, every flow in one line, and quantities are added up as
integers. Units drawn as one have the same origin or the same single use, so grouping closes no circle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from api.drawn import KINDS, DrawnFlow, DrawnLineage, DrawnUnit, FlowKind, UnitKind
from api.layout import ranks

CROWD_MAX = 12
"""More units of one origin than this are drawn by what became of them."""
DRAWN_MAX = 400
"""Boxes (and three times as many lines) with which a picture stays readable; else one box per kind and column."""
APART_MAX = 4
"""As many losses (or the like) of one unit are drawn apart, each with its time; more are added up."""

StubWord = Literal["harvest", "intake", "weighed", "elsewhere"] | FlowKind


@dataclass(frozen=True)
class Group:
    """One unit, or units drawn as one; `opens` is what to ask for to see them one by one."""

    key: str
    units: tuple[DrawnUnit, ...]
    opens: str | None = None

    @property
    def kind(self) -> UnitKind:
        """The kind of all its units."""
        return self.units[0].kind

    @property
    def holds(self) -> tuple[tuple[str, int], ...]:
        """The open holds on its units, each once, by entry."""
        return tuple(sorted({hold for unit in self.units for hold in unit.holds}, key=lambda hold: hold[::-1]))


@dataclass(frozen=True)
class Stub:
    """Where flows come from or go to outside of what is shown; `code` is the unit that is not shown."""

    key: str
    word: StubWord
    code: str | None = None


class Sum(NamedTuple):
    """Flows of a kind between the same two, added up: milligrams and pieces, None where no flow has any."""

    source: str
    target: str
    kind: FlowKind
    mass: int | None
    pieces: int | None
    flows: tuple[DrawnFlow, ...]


@dataclass(frozen=True)
class Picture:
    """What is drawn, by key; `columns` in the order in which things came about.

    `opened` holds those of the groups asked for that are shown one by one.
    """

    groups: dict[str, Group]
    stubs: dict[str, Stub]
    sums: tuple[Sum, ...]
    columns: dict[str, int]
    opened: tuple[str, ...]

    def counts(self, one: Sum) -> UnitKind:
        """The kind of unit that the pieces of a line count: only what grows is counted in pieces."""
        near = {self.groups[end].kind for end in (one.source, one.target) if end in self.groups}
        return "SEEDLINGS" if "SEEDLINGS" in near and "PLANT" not in near else "PLANT"


def picture(lineage: DrawnLineage, *, opened: Collection[str] = (), grouped: Collection[UnitKind] = KINDS) -> Picture:
    """The boxes and lines of a lineage: `opened` names groups to show one by one, `grouped` the kinds to group."""
    once = {unit.code: unit for unit in lineage.units}
    units = sorted(once.values(), key=unit_order)
    flows = sorted(lineage.flows, key=flow_order)
    groups, shown = crowds(units, flows, lineage.focus, opened, grouped)
    drawn = connected(groups, flows, shown)
    crowded = len(drawn.columns) > DRAWN_MAX or len(drawn.sums) > 3 * DRAWN_MAX
    if crowded and set(grouped) == set(KINDS):
        return connected(by_kind(units, flows, lineage.focus), flows, ())
    return drawn


def unit_order(unit: DrawnUnit) -> tuple[int, int, str, str, str]:
    """An order of units that does not depend on how they were given: as they came about, then by where they are."""
    return (unit.made_entry, KINDS.index(unit.kind), unit.holder or "~", unit.status, unit.code)


def flow_order(flow: DrawnFlow) -> tuple[int, str, str, str, int, int]:
    """An order of flows that does not depend on how they were given."""
    entry = -1 if flow.entry is None else flow.entry
    return (entry, flow.source or "", flow.target or "", flow.kind, flow.mass or 0, flow.pieces or 0)


def ends(flows: Iterable[DrawnFlow], known: Collection[str]) -> list[tuple[str, str]]:
    """The flows between units that are shown."""
    return [
        (flow.source, flow.target)
        for flow in flows
        if flow.source is not None and flow.target is not None and flow.source in known and flow.target in known
    ]


def crowds(
    units: list[DrawnUnit],
    flows: list[DrawnFlow],
    focus: str,
    opened: Collection[str],
    grouped: Collection[UnitKind],
) -> tuple[list[Group], tuple[str, ...]]:
    """The groups of a lineage, and which of `opened` there were.

    A crowd is the plants that went into one lot, or else the units of a kind that have one origin. What is
    drawn as one of it agrees in status, holder, variety, holds and what became of it.
    """
    before, after = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for source, target in ends(flows, {unit.code for unit in units}):
        before[target].add(source)
        after[source].add(target)
    crowd: defaultdict[tuple[str, ...], list[DrawnUnit]] = defaultdict(list)
    used = {unit.code for unit in units if unit.kind == "PLANT" and len(after[unit.code]) == 1}
    for unit in units:
        near = after[unit.code] if unit.code in used else before[unit.code]
        alone = unit.code == focus or unit.kind not in grouped or not near
        side = "used in" if unit.code in used else "made of"
        crowd[(unit.code,) if alone else (unit.kind, side, *sorted(near))].append(unit)
    groups, shown = [], set()
    for members in crowd.values():
        fates: defaultdict[tuple[object, ...], list[DrawnUnit]] = defaultdict(list)
        for unit in members:
            onward = () if unit.code in used else tuple(sorted(after[unit.code]))
            fate = (unit.status, unit.holder, unit.variety, unit.holds, onward)
            fates[fate if len(members) > CROWD_MAX else (unit.code,)].append(unit)
        for alike in fates.values():
            first = alike[0].code
            name = min(after[first]) if first in used else first
            if len(alike) > 1 and name not in opened:
                groups.append(Group(f"group {first}", tuple(alike), name))
                continue
            groups += [Group(unit.code, (unit,)) for unit in alike]
            shown |= {name} if len(alike) > 1 else set()
    return groups, tuple(sorted(shown))


def by_kind(units: list[DrawnUnit], flows: list[DrawnFlow], focus: str) -> list[Group]:
    """One group per kind and column, but the focus by itself."""
    column = ranks([unit.code for unit in units], ends(flows, {unit.code for unit in units}))
    classes: defaultdict[tuple[str, int], list[DrawnUnit]] = defaultdict(list)
    for unit in units:
        classes[unit.code if unit.code == focus else unit.kind, column[unit.code]].append(unit)
    return [
        Group(alike[0].code if len(alike) == 1 else f"group {alike[0].code}", tuple(alike))
        for alike in classes.values()
    ]


def connected(groups: list[Group], flows: list[DrawnFlow], shown: tuple[str, ...]) -> Picture:
    """The picture of these groups: stubs where flows enter and leave, flows between the same two added up."""
    kept = {group.key: group for group in groups}
    home = {unit.code: group.key for group in groups for unit in group.units}
    column = ranks(list(kept), [(home[source], home[target]) for source, target in ends(flows, home)])
    alike = Counter((flow.source, flow.target, flow.kind) for flow in flows)
    stubs: dict[str, Stub] = {}
    added: defaultdict[tuple[str, str, FlowKind], list[DrawnFlow]] = defaultdict(list)
    for flow in flows:
        source, target = home.get(flow.source or ""), home.get(flow.target or "")
        if source and target and column[source] >= column[target]:
            target = None  # it closes a circle, which only a ledger at fault can hold: shown as a way out
        box = kept.get(target or source or "")
        apart = box and len(box.units) == 1 and alike[flow.source, flow.target, flow.kind] <= APART_MAX
        beside = f"{box.key if box else ''} {flow.entry if apart else ''}"
        if source is None:
            stub = entrance(flow, box, beside)
            stubs[stub.key], source = stub, stub.key
            column.setdefault(source, column[target] - 1 if target else -1)
        if target is None:
            stub = way_out(flow, beside)
            stubs[stub.key], target = stub, stub.key
            column.setdefault(target, column[source] + 1)
        added[source, target, flow.kind].append(flow)
    first = {group.key: (group.units[0].made_entry, number) for number, group in enumerate(groups)}
    for way, of in added.items():
        for end in set(way) & set(stubs):
            first.setdefault(end, (of[0].entry or 0, len(groups)))
    order = sorted(column, key=lambda key: (first[key], key))
    place = {key: number for number, key in enumerate(order)}
    sums = [added_up(*way, tuple(of)) for way, of in added.items()]
    sums.sort(key=lambda one: (place[one.source], place[one.target], one.kind))
    lowest = min(column.values(), default=0)
    return Picture(kept, stubs, tuple(sums), {key: column[key] - lowest for key in order}, shown)


def entrance(flow: DrawnFlow, box: Group | None, beside: str) -> Stub:
    """Where a flow comes from that comes from no unit shown."""
    if flow.source is not None:
        return Stub(f"from {flow.source} {beside}", "elsewhere", flow.source)
    if box is not None and box.kind == "LOT":
        return Stub(f"from harvest {beside}", "harvest")
    word: StubWord = "intake" if flow.pieces else "weighed"
    return Stub(f"from {word} {beside}", word)


def way_out(flow: DrawnFlow, beside: str) -> Stub:
    """Where a flow goes to that goes to no unit shown."""
    if flow.target is not None:
        return Stub(f"to {flow.target} {beside}", "elsewhere", flow.target)
    return Stub(f"to {flow.kind} {beside}", flow.kind)


def added_up(source: str, target: str, kind: FlowKind, flows: tuple[DrawnFlow, ...]) -> Sum:
    """Flows of a kind between the same two as one."""
    masses = [flow.mass for flow in flows if flow.mass is not None]
    pieces = [flow.pieces for flow in flows if flow.pieces is not None]
    return Sum(source, target, kind, sum(masses) if masses else None, sum(pieces) if pieces else None, flows)
